/* linear_moments.h - what penalised least squares needs to know about its data: the centred moments
 * of [X y], or, with more columns than rows, the centred rows themselves. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_MOMENTS_H
#define MLSD_MODEL_LINEAR_LINEAR_MOMENTS_H

#include "model/estimator.h"
#include "numeric/gram.h"

/* Moments of [X y], in parallel over fixed groups of blocks. Fails for NaN and infinity in X by row
 * and column. *out is the caller's to mlsd__gram_free. */
mlsd_status mlsd__linear_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *out);

/* The same with less memory, and faster, where columns are many (some hundred). */
mlsd_status mlsd__linear_wide_moments(mlsd__scope *scope, const mlsd__train *train,
                                      mlsd__gram *out);

/* Normal equations of the slopes: A (p x p, upper, row stride p) and b (p x targets). With an
 * intercept these are the moments about the means, without one about 0. */
void mlsd__linear_normal_equations(const mlsd__gram *moments, int64_t p, bool fit_intercept,
                                   double *a, double *b);

/* Rows sqrt(w) (x - mean) (n x p) and sqrt(w) (y - mean) (n), without an intercept not centred; *x,
 * *y and *mean (p + 1) are the caller's. Fails for NaN and infinity as above. */
mlsd_status mlsd__linear_centred_rows(mlsd__scope *scope, const mlsd__train *train,
                                      bool fit_intercept, double **x, double **y, double **mean);

/* The k-th target of the rows. */
void mlsd__linear_target(const mlsd__train *train, int64_t k, double *out);

/* X X' of n x p rows into the upper triangle of kernel (n x n), in parallel over fixed bands. */
mlsd_status mlsd__linear_kernel(mlsd__scope *scope, const double *x, int64_t n, int64_t p,
                                double *kernel);

#endif
