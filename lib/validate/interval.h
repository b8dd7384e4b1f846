/* interval.h - intervals of a cross-validated mean of row losses: the mathematics alone.
 *
 * All of them are on the scale of the losses (mlsd__row_loss_to_metric follows) and normal, with df
 * infinite. Weights say how much a row counts; NULL for ones. What cannot be known is NaN. */
#ifndef MLSD_VALIDATE_INTERVAL_H
#define MLSD_VALIDATE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"

/* Wald's interval of k-fold cross-validation. Losses stand fold by fold: those of fold k at
 * starts[k] .. starts[k + 1] - 1. The variance is that of all losses, or with `within` the mean of
 * the variances in the folds (NaN where a fold has a single row). Covers the mean test error of the
 * models that were fitted in the folds. */
void mlsd__interval_wald(const double *loss, const double *weight, const int64_t *starts,
                         int64_t n_folds, bool within, double level, mlsd__estimate *out);

/* Mean and spread of some losses; all zero for none. */
typedef struct mlsd__loss_moments {
    double n, weight, mean, m2; /* rows that weigh, sum of weights, sum of w (x - mean)^2 */
} mlsd__loss_moments;
void mlsd__loss_moments_of(const double *loss, const double *weight, int64_t n,
                           mlsd__loss_moments *out);
void mlsd__loss_moments_merge(mlsd__loss_moments *a, const mlsd__loss_moments *b);
/* Variance of the mean of such losses about its expectation, s^2 / n without weights. */
double mlsd__loss_mean_variance(const double *loss, const double *weight, int64_t n);

/* Nested cross-validation: what one outer fold brings, added up over folds and repeats in order. */
typedef struct mlsd__nested_sums {
    mlsd__loss_moments outer, inner;
    double excess; /* sum of (mean_inner - mean_outer)^2 - var(mean_outer) */
    int64_t n;     /* outer folds */
} mlsd__nested_sums;
void mlsd__nested_add(mlsd__nested_sums *s, const mlsd__loss_moments *outer,
                      double outer_mean_variance, const mlsd__loss_moments *inner);
void mlsd__nested_merge(mlsd__nested_sums *a, const mlsd__nested_sums *b);

typedef struct mlsd__nested_estimate {
    mlsd__estimate estimate;
    double bias, mse; /* subtracted from the inner mean; of the estimate, before it is bounded */
    double inner, outer;
} mlsd__nested_estimate;
/* n_rows: effective rows of the data set. */
void mlsd__nested_finish(const mlsd__nested_sums *s, int64_t n_folds, double n_rows, double level,
                         mlsd__nested_estimate *out);

/* Effective rows: (sum of weights)^2 / (sum of their squares). */
double mlsd__effective_rows(const double *weight, int64_t n);

#endif
