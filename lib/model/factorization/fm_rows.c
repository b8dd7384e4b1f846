/* fm_rows.c - scores of rows, one by one for predictions, and slopes of batches by BLAS for the
 * training. */
#include <string.h>

#include "base/fail.h"
#include "model/factorization/fm.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

int64_t mlsd__fm_scratch(int64_t n_factors)
{
    return 2 * n_factors;
}

double mlsd__fm_score(const double *x, int64_t p, const double *coef, double intercept,
                      const double *factors, int64_t n_factors, double *scratch)
{
    double *const sum = scratch, *const squares = scratch + n_factors;
    for (int64_t f = 0; f < n_factors; f++) sum[f] = squares[f] = 0.0;
    for (int64_t j = 0; j < p; j++) {
        const double *const v = factors + j * n_factors;
        if (x[j] == 0.0) continue;
        for (int64_t f = 0; f < n_factors; f++) {
            const double part = v[f] * x[j];
            sum[f] += part;
            squares[f] += part * part;
        }
    }
    double pairs = 0.0;
    for (int64_t f = 0; f < n_factors; f++) pairs += sum[f] * sum[f] - squares[f];
    return intercept + mlsd__dot(x, coef, p) + 0.5 * pairs;
}

void mlsd__fm_scores(const mlsd__sgd_scorer *self, const double *x, int64_t n, int64_t ld,
                     double *out, double *scratch)
{
    const int64_t k = self->n_scores, p = self->n_features, f = self->n_factors;
    const double *const intercept = self->theta + k * p, *const factors = intercept + k;
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < k; c++)
            out[i * k + c] = mlsd__fm_score(x + i * ld, p, self->theta + c * p, intercept[c],
                                            factors + c * p * f, f, scratch);
}

mlsd_status mlsd__fm_batch_open(mlsd__fm_batch *b, const mlsd__allocator *a)
{
    int64_t n_squares = 0, n_slope = 0, n_sums = 0;
    MLSD__TRY(mlsd__mul_size(b->n_rows, b->n_features, &n_squares));
    MLSD__TRY(mlsd__mul_size(b->n_rows, b->n_scores, &n_slope));
    MLSD__TRY(mlsd__mul_size(n_slope, b->n_factors, &n_sums));
    b->squares = mlsd__alloc(a, n_squares, sizeof *b->squares);
    b->sums = mlsd__alloc(a, n_sums, sizeof *b->sums);
    b->slope = mlsd__alloc(a, n_slope, sizeof *b->slope);
    b->norms = mlsd__alloc(a, b->n_features, sizeof *b->norms);
    b->pull = mlsd__alloc(a, b->n_features, sizeof *b->pull);
    return b->squares == NULL || b->sums == NULL || b->slope == NULL || b->norms == NULL ||
                   b->pull == NULL
               ? MLSD_E_NOMEM
               : MLSD_OK;
}

void mlsd__fm_batch_close(mlsd__fm_batch *b, const mlsd__allocator *a)
{
    mlsd__free(a, b->squares);
    mlsd__free(a, b->sums);
    mlsd__free(a, b->slope);
    mlsd__free(a, b->norms);
    mlsd__free(a, b->pull);
}

/* Add the pairs' part of score c to n rows of scores; keeps the sums. */
static void add_pairs(mlsd__fm_batch *b, const double *factors, const double *x, int64_t n,
                      int64_t c)
{
    const int64_t k = b->n_scores, p = b->n_features, f = b->n_factors;
    double *const sums = b->sums + c * b->n_rows * f;
    mlsd__gemm(false, false, n, f, p, 1.0, x, p, factors, f, 0.0, sums, f);
    for (int64_t j = 0; j < p; j++) b->norms[j] = mlsd__dot(factors + j * f, factors + j * f, f);
    for (int64_t i = 0; i < n; i++)
        b->slope[i * k + c] += 0.5 * (mlsd__dot(sums + i * f, sums + i * f, f) -
                                      mlsd__dot(b->squares + i * p, b->norms, p));
}

/* d score / d v_jf = x_j sum_l v_lf x_l - v_jf x_j^2 (Rendle 2010, equation 4). */
static void factor_slopes(mlsd__fm_batch *b, const double *factors, const double *x, int64_t n,
                          int64_t c, double *gradient)
{
    const int64_t k = b->n_scores, p = b->n_features, f = b->n_factors;
    const double part = 1.0 / (double)n;
    double *const sums = b->sums + c * b->n_rows * f;
    for (int64_t j = 0; j < p; j++) b->pull[j] = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double slope = b->slope[i * k + c];
        for (int64_t at = 0; at < f; at++) sums[i * f + at] *= slope;
        for (int64_t j = 0; j < p; j++) b->pull[j] += slope * b->squares[i * p + j];
    }
    mlsd__gemm(true, false, p, f, n, part, x, p, sums, f, 0.0, gradient, f);
    for (int64_t j = 0; j < p; j++)
        for (int64_t at = 0; at < f; at++)
            gradient[j * f + at] -= part * b->pull[j] * factors[j * f + at];
}

void mlsd__fm_gradient(mlsd__fm_batch *b, const mlsd__sgd_loss *loss, const double *theta,
                       const double *x, const double *y, const double *weight, int64_t n,
                       double *gradient)
{
    const int64_t k = b->n_scores, p = b->n_features, pf = p * b->n_factors;
    const double *const intercept = theta + k * p, *const factors = intercept + k;
    const double part = 1.0 / (double)n;
    for (int64_t i = 0; i < n * p; i++) b->squares[i] = x[i] * x[i];
    for (int64_t i = 0; i < n; i++)
        memcpy(b->slope + i * k, intercept, (size_t)k * sizeof *intercept);
    mlsd__gemm(false, true, n, k, p, 1.0, x, p, theta, p, 1.0, b->slope, k);
    for (int64_t c = 0; c < k; c++) add_pairs(b, factors + c * pf, x, n, c);
    mlsd__sgd_row_slopes(loss, 0.0, y, weight, n, k, b->slope);
    mlsd__gemm(true, false, k, p, n, part, b->slope, k, x, p, 0.0, gradient, p);
    for (int64_t c = 0; c < k; c++) {
        double sum = 0.0;
        for (int64_t i = 0; i < n; i++) sum += b->slope[i * k + c];
        gradient[k * p + c] = part * sum;
        factor_slopes(b, factors + c * pf, x, n, c, gradient + k * (p + 1) + c * pf);
    }
}
