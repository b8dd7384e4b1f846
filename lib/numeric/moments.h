/* moments.h - mean, variance, lag-1 autocorrelation and one-way analysis of variance as if computed
 * in about 32 digits and rounded once: what is left is the rounding of the data. Three to six times
 * the price of sum.h, whose sums are right to a few units of rounding of the largest term. */
#ifndef MLSD_NUMERIC_MOMENTS_H
#define MLSD_NUMERIC_MOMENTS_H

#include <stdint.h>

#include "numeric/double_double.h"

/* NaN for no values; infinite values give what adding them gives. */
double mlsd__mean(const double *x, int64_t n);

/* Sum of squares about the mean over n - ddof; NaN where that is not positive. */
double mlsd__variance(const double *x, int64_t n, int64_t ddof);

/* Sum of products of neighbours' deviations from the mean over the sum of squared deviations (NIST
 * Handbook 1.3.5.12); NaN for a constant. */
double mlsd__autocorrelation(const double *x, int64_t n);

typedef struct mlsd__group_moments {
    int64_t n;
    mlsd__dd mean;    /* NaN for no rows */
    mlsd__dd squares; /* about it */
} mlsd__group_moments;

typedef struct mlsd__anova {
    double squares_between, squares_within;
    int64_t df_between, df_within;
    double f, p_value; /* NaN where a degree of freedom is missing, or nothing varies at all */
    double r2;
    double residual_sd;
} mlsd__anova;

/* One-way analysis of variance of x in the groups 0 <= code < n_groups. `groups` gets the moments
 * of each group; groups without rows do not count. */
void mlsd__anova_oneway(const double *x, const int32_t *code, int64_t n, int64_t n_groups,
                        mlsd__group_moments *groups, mlsd__anova *out);

#endif
