/* target_scale.h - a target brought to the order of one by its median and median deviation, which a
 * few far rows do not move. */
#ifndef MLSD_MODEL_LINEAR_TARGET_SCALE_H
#define MLSD_MODEL_LINEAR_TARGET_SCALE_H

#include <stdbool.h>

#include "model/estimator.h"

/* out (n_rows) = (y - centre) / scale; the centre is 0 without an intercept. Any values give the
 * same fit, good ones keep digits and iterations. */
mlsd_status mlsd__target_scale(mlsd__scope *scope, const mlsd__train *train, bool has_intercept,
                               double *out, double *out_centre, double *out_scale);

#endif
