/* least_squares.h - what refining a least squares solution asks of the rows: residuals and their
 * products with the columns in double-double, block by block, and triangular systems. */
#ifndef MLSD_NUMERIC_LEAST_SQUARES_H
#define MLSD_NUMERIC_LEAST_SQUARES_H

#include <stdint.h>

#include "numeric/double_double.h"

/* Sums over rows of r = y - intercept - x'coef, weighted. The two parts of `gradient` are kept
 * apart and need not be normalised. */
typedef struct mlsd__residual_sums {
    mlsd__dd squares;     /* sum w r^2 */
    mlsd__dd total;       /* sum w r */
    double *gradient;     /* p: high parts of sum w r x_j */
    double *gradient_low; /* p */
} mlsd__residual_sums;

/* Add n rows of x (n x p, row stride ld). coef_low are the low parts of coef; weight NULL for ones.
 * Rows of weight 0 add nothing. */
void mlsd__residual_sums_add(mlsd__residual_sums *sums, int64_t p, const double *x, int64_t n,
                             int64_t ld, const double *y, const double *weight, const double *coef,
                             const double *coef_low, mlsd__dd intercept);
void mlsd__residual_sums_merge(mlsd__residual_sums *into, const mlsd__residual_sums *from,
                               int64_t p);

/* Rows x B - (shift + shift_low), in double-double and rounded once, for an upper triangle B: B
 * (p x p) and out (n x p) have row stride ld_out. `low` has room for p numbers. */
void mlsd__multiply_rows(int64_t p, const double *x, int64_t n, int64_t ld, const double *b,
                         const double *shift, const double *shift_low, int64_t ld_out, double *out,
                         double *low);

/* Solve R'z = b and R x = z for an upper triangle R (p x p, row stride ld), in place. */
void mlsd__solve_transposed_upper(int64_t p, const double *r, int64_t ld, double *b);
void mlsd__solve_upper(int64_t p, const double *r, int64_t ld, double *b);
/* The inverse of R into the upper triangle of `inverse` (row stride ld_inverse). */
void mlsd__invert_upper(int64_t p, const double *r, int64_t ld, double *inverse,
                        int64_t ld_inverse);

#endif
