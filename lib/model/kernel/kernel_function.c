/* kernel_function.c - products of rows, and what becomes of them. Definitions are scikit-learn's.
 */
#include "model/kernel/kernel_function.h"

#include <math.h>
#include <stdbool.h>

#include "model/neighbors/measure.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"

enum { MOST_FACTORS = 16 }; /* whole degrees up to here are products */

/* Squares of rows beyond have over- or underflowed, or lost digits. */
static const double LEAST_SQUARE = 0x1p-900, MOST_SQUARE = 0x1p1000;

/* Rounding may leave a squared distance below 0; NaN, where squares overflow, stays to be found. */
static double squared_distance(double product, double squares)
{
    const double distance = squares - 2 * product;
    return distance < 0 ? 0 : distance;
}

/* A row, given its square, at length 1; rows of zeros stay. The new square is given back. */
static double to_length_1(int64_t p, double square, double *row)
{
    if (!(square > LEAST_SQUARE && square < MOST_SQUARE)) {
        double largest = 0;
        for (int64_t j = 0; j < p; j++) largest = fmax(largest, fabs(row[j]));
        square = 0;
        for (int64_t j = 0; j < p && largest > 0; j++) {
            row[j] /= largest;
            square += row[j] * row[j];
        }
    }
    const double length = sqrt(square);
    for (int64_t j = 0; j < p; j++) row[j] = length > 0 ? row[j] / length : 0;
    return length > 0 ? 1 : 0;
}

double mlsd__kernel_row(const mlsd__kernel *k, int64_t p, const double *origin, const double *row,
                        double *out)
{
    /* Products of rows far from 0 have no digits left for their distances. */
    const bool moves = k->kind == MLSD__KERNEL_RBF;
    double square = 0;
    for (int64_t j = 0; j < p; j++) {
        out[j] = moves ? row[j] - origin[j] : row[j];
        square += out[j] * out[j];
    }
    return k->kind == MLSD__KERNEL_COSINE ? to_length_1(p, square, out) : square;
}

static double power_of(double base, double degree)
{
    if (degree != floor(degree) || degree > MOST_FACTORS) return mlsd__pow(base, degree);
    double power = 1;
    for (int i = 0; i < (int)degree; i++) power *= base;
    return power;
}

static double from_product(const mlsd__kernel *k, double product, double squares)
{
    switch (k->kind) {
    case MLSD__KERNEL_RBF:
        return mlsd__exp(-k->gamma * squared_distance(product, squares));
    case MLSD__KERNEL_POLYNOMIAL:
        return power_of(k->gamma * product + k->coef0, k->degree);
    case MLSD__KERNEL_SIGMOID:
        return mlsd__tanh(k->gamma * product + k->coef0);
    default:
        return product;
    }
}

static void laplacian(const mlsd__kernel *k, int64_t p, const double *a, int64_t m, const double *b,
                      int64_t n, double *out, int64_t ld)
{
    const mlsd__measure manhattan = {.metric = MLSD__MANHATTAN};
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j += 4) {
            const double *rows[4];
            double sums[4];
            for (int64_t r = 0; r < 4; r++) rows[r] = b + (j + r < n ? j + r : n - 1) * p;
            mlsd__measure_four(&manhattan, p, a + i * p, rows, sums);
            for (int64_t r = 0; r < 4 && j + r < n; r++)
                out[i * ld + j + r] = mlsd__exp(-k->gamma * sums[r]);
        }
    }
}

void mlsd__kernel_block(const mlsd__kernel *k, int64_t p, const double *a, const double *a_squares,
                        int64_t m, const double *b, const double *b_squares, int64_t n, double *out,
                        int64_t ld)
{
    if (k->kind == MLSD__KERNEL_LAPLACIAN) {
        laplacian(k, p, a, m, b, n, out, ld);
        return;
    }
    mlsd__gemm(false, true, m, n, p, 1, a, p, b, p, 0, out, ld);
    if (k->kind == MLSD__KERNEL_LINEAR || k->kind == MLSD__KERNEL_COSINE) return;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            out[i * ld + j] = from_product(k, out[i * ld + j], a_squares[i] + b_squares[j]);
}

double mlsd__kernel_diagonal(const mlsd__kernel *k, double square)
{
    if (k->kind == MLSD__KERNEL_LAPLACIAN) return 1;
    return from_product(k, square, 2 * square);
}
