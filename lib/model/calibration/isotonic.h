/* isotonic.h - the nearest curve that never falls (or never rises), by pooling adjacent violators,
 * kept as the points between which it is straight. */
#ifndef MLSD_MODEL_ISOTONIC_H
#define MLSD_MODEL_ISOTONIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

typedef struct mlsd__isotonic {
    int64_t n;
    double *x, *y; /* n each, x ascending; one block that belongs to x */
} mlsd__isotonic;

/* Least squares over n points, weight NULL for ones; equal x share one value. Values are held in
 * [lowest, highest]. Rows of weight 0 count for nothing; some row has weight. */
mlsd_status mlsd__isotonic_fit(mlsd__scope *scope, const double *x, const double *y,
                               const double *weight, int64_t n, bool is_increasing, double lowest,
                               double highest, mlsd__isotonic *out);
void mlsd__isotonic_free(mlsd__isotonic *curve, const mlsd__allocator *a);

/* The curve at x, and beyond its ends the value there; NaN at NaN. */
double mlsd__isotonic_at(const mlsd__isotonic *curve, double x);

/* Does y rise with x: is Spearman's rank correlation, weighted, 0 or more? */
mlsd_status mlsd__isotonic_rises(mlsd__scope *scope, const double *x, const double *y,
                                 const double *weight, int64_t n, bool *out);

#endif
