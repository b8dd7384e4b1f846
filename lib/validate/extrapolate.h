/* extrapolate.h - a learning curve carried on: the error at more rows, and the rows that an error
 * needs. Errors are the smaller the better, and not below 0. */
#ifndef MLSD_VALIDATE_EXTRAPOLATE_H
#define MLSD_VALIDATE_EXTRAPOLATE_H

#include <stdint.h>

#include "metric/metric_impl.h"

/* e(n) = a + b (n / unit)^-c with a, b >= 0. */
typedef struct mlsd__power_law {
    double a, b, c, unit;
} mlsd__power_law;
double mlsd__power_law_at(const mlsd__power_law *law, double n_rows);
/* Rows at which the error is `error`; infinite where it never falls so far. */
double mlsd__power_law_rows(const mlsd__power_law *law, double error);
/* Weighted least squares on n >= 3 points; their sizes differ. */
void mlsd__power_law_fit(const double *sizes, const double *errors, const double *weights,
                         int64_t n, mlsd__power_law *out);

typedef struct mlsd__curve_errors {
    const double *sizes;      /* n_sizes numbers of training rows, ascending */
    const double *errors;     /* n_splits x n_sizes; NaN where a fit failed */
    const double *test_train; /* for each size the average n_test / n_train */
    int64_t n_sizes, n_splits;
    double level;
    int64_t n_draws, seed;
} mlsd__curve_errors;

enum { MLSD__REFUSAL_CAPACITY = 160 };

typedef struct mlsd__extrapolation {
    const mlsd__allocator *allocator;
    mlsd__power_law law;
    mlsd__power_law *draws; /* of the bootstrap over splits; none for a single split */
    int64_t n_draws;
    double level;
    double *scratch;
    int64_t *order;
    char refusal[MLSD__REFUSAL_CAPACITY]; /* why the curve is not carried on; empty otherwise */
} mlsd__extrapolation;

/* Fewer than four sizes, and a curve that rises by more than chance, are refused, which is no
 * failure. End it with _close, also after a failure. */
mlsd_status mlsd__extrapolate_open(mlsd__scope *scope, const mlsd__curve_errors *in,
                                   mlsd__extrapolation *out);
/* The error at that many rows, and rows for an error, with percentile intervals of the draws. */
mlsd_status mlsd__extrapolate_at(const mlsd__extrapolation *x, double n_rows, mlsd__estimate *out);
mlsd_status mlsd__extrapolate_rows(const mlsd__extrapolation *x, double error, mlsd__estimate *out);
void mlsd__extrapolate_close(mlsd__extrapolation *x);

#endif
