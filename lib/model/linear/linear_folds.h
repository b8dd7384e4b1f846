/* linear_folds.h - penalised least squares for many penalties and folds at once: what ridge and
 * linear_regression hand to model/path.h. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_FOLDS_H
#define MLSD_MODEL_LINEAR_LINEAR_FOLDS_H

#include "model/path.h"

/* alphas of the n_settings; ignored for least squares, which leaves to the plain way what would not
 * have its digits. */
mlsd_status mlsd__linear_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                   const double *alphas, bool fit_intercept, bool is_least_squares,
                                   bool *out_served);

/* All penalties of ridge on the rows of one fold. */
mlsd_status mlsd__linear_run_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                                  const double *alphas, bool fit_intercept);

#endif
