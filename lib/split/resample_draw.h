/* resample_draw.h - rows drawn as scikit-learn's utils.resample draws them. */
#ifndef MLSD_SPLIT_RESAMPLE_DRAW_H
#define MLSD_SPLIT_RESAMPLE_DRAW_H

#include "split/strata.h"

/* n_samples of n things into out, with or without replacement. */
mlsd_status mlsd__resample_draw(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t n, int64_t n_samples,
                                bool replace, const mlsd__row_numbers *out, int64_t first);
/* The same from each stratum in proportion. `shares` has room for one number a stratum. */
mlsd_status mlsd__resample_draw_strata(mlsd__scope *scope, mlsd__mt19937 *mt,
                                       const mlsd__strata *strata, int64_t n_samples, bool replace,
                                       int64_t *shares, const mlsd__row_numbers *out,
                                       int64_t first);

#endif
