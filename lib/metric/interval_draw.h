/* interval_draw.h - the draws of a bootstrap: how often each unit (a row, or a cluster of rows)
 * counts in a replicate, and sums over what was drawn without the counts being kept.
 *
 * Of each stratum as many units are drawn with replacement as it has. What a replicate draws
 * depends on the seed, the sizes of the strata and its number alone. */
#ifndef MLSD_METRIC_INTERVAL_DRAW_H
#define MLSD_METRIC_INTERVAL_DRAW_H

#include <stdint.h>

#include "base/memory.h"

typedef struct mlsd__draw_stratum mlsd__draw_stratum;

/* Units stand stratum after stratum. */
typedef struct mlsd__draws {
    int64_t n_units, n_strata;
    mlsd__draw_stratum *strata;
} mlsd__draws;

/* sizes[h] units in stratum h, less than 2^32 each. */
mlsd_status mlsd__draws_new(const mlsd__allocator *a, uint64_t seed, const int64_t *sizes,
                            int64_t n_strata, mlsd__draws *out);
void mlsd__draws_free(mlsd__draws *d, const mlsd__allocator *a);

/* Sums of n_columns numbers (1, 2, 4 or 6) for each unit, columns[unit * n_columns + j], over what
 * the replicate draws. */
void mlsd__draws_sums(const mlsd__draws *d, int64_t replicate, const double *columns,
                      int64_t n_columns, double *sums);

/* Add to counts[codes[unit]] (codes NULL: counts[unit]) how often the replicate draws the unit. */
void mlsd__draws_counts(const mlsd__draws *d, int64_t replicate, const int32_t *codes,
                        int32_t *counts);

#endif
