/* gram.h - centred weighted moments of [X y]: the mergeable summary behind linear models. */
#ifndef MLSD_NUMERIC_GRAM_H
#define MLSD_NUMERIC_GRAM_H

#include <stdint.h>

#include "base/scope.h"

/* q columns (features, then targets). scatter is the upper triangle of sum w (z - mean)(z - mean)'.
 */
typedef struct mlsd__gram {
    int64_t q;
    double weight; /* sum of weights (rows without weights) */
    int64_t n_rows;
    double *mean;    /* q, and behind them what gram.c needs: made by init only */
    double *scatter; /* q x q, row-major, upper; in the block of `mean` */
} mlsd__gram;

mlsd_status mlsd__gram_init(mlsd__gram *g, const mlsd__allocator *a, int64_t q);
void mlsd__gram_free(mlsd__gram *g, const mlsd__allocator *a);
/* Add n rows of `z` (n x q, row stride ld; spoiled: centred in place), weight NULL for ones. */
void mlsd__gram_add(mlsd__gram *g, double *z, int64_t n, int64_t ld, const double *weight);
/* The same of rows that are summed up about an origin near their mean: `sums` of w (z - origin),
 * and `product`, the upper triangle (q x q, row stride ld) of w (z - origin)(z - origin)'. g is
 * fresh.
 */
void mlsd__gram_set(mlsd__gram *g, int64_t n_rows, double weight, const double *origin,
                    const double *sums, const double *product, int64_t ld);
/* Merge b into a (Chan, Golub & LeVeque 1983, pairwise update). */
void mlsd__gram_merge(mlsd__gram *a, const mlsd__gram *b);
/* Set out to n summaries merged in their order: the bits of merging each into a fresh one, at one
 * pass over out. `room` has n * (q + 1) numbers. */
void mlsd__gram_unite(mlsd__gram *out, const mlsd__gram *const *parts, int64_t n, double *room);

#endif
