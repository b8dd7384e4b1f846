/* sum.h - sums over rows in a fixed order: 8 lanes inside blocks of 512, blocks by a binary tree.
 * The same bits for any number of threads and any width of SIMD registers. */
#ifndef MLSD_NUMERIC_SUM_H
#define MLSD_NUMERIC_SUM_H

#include <stdint.h>

double mlsd__sum(const double *x, int64_t n);
double mlsd__dot(const double *x, const double *y, int64_t n);
/* Mean, and variance with `ddof`, by two passes about the mean with the correction term (Chan,
 * Golub & LeVeque 1983, eq. 1.7). weight NULL for ones: with weights the divisor is their sum -
 * ddof. NaN when the divisor is not positive. */
void mlsd__mean_variance(const double *x, const double *weight, int64_t n, int64_t ddof,
                         double *out_mean, double *out_variance);
/* Merge two (weight, mean, sum of squares about the mean) summaries into the first (Chan et al.
 * 1983). */
void mlsd__merge_moments(double *w_a, double *mean_a, double *m2_a, double w_b, double mean_b,
                         double m2_b);

#endif
