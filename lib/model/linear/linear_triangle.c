/* linear_triangle.c - the triangle R of a least squares fit, its rank and its condition.
 *
 * From the rows by orthogonal transformations (row_triangle.c), which leave the condition as it is;
 * or, for half of the work and less, from X'X by Cholesky. That squares the condition, which does
 * no harm where it is small: one step of refinement leaves condition^2 x rounding of the error, and
 * there always is one (linear_refine.c). So large tables try X'X first, and go on to the rows if
 * its triangle shows a condition above GOOD_CONDITION. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/linear_fit.h"
#include "model/linear/linear_moments.h"
#include "model/row_pass.h"
#include "model/row_triangle.h"
#include "numeric/blas.h"
#include "numeric/least_squares.h"
#include "numeric/sum.h"

/* Singular values below this many roundings of the largest are 0, for columns of like size. */
static const double RANK_SLACK = 8;
/* Up to here R from X'X has ten digits, and standard errors from it nine. */
static const double GOOD_CONDITION = 1000;
/* n p^2 from which X'X is tried: below, nobody feels the difference. */
static const double GRAM_WORK = 2e6;

/* Rows sqrt(w) [(x - mean) scale, y - mean]. */
static void fill_rows(const void *arg, const double *x, int64_t first, int64_t n, int64_t ld,
                      double *z)
{
    const mlsd__linear_fit *const fit = arg;
    const mlsd__train *const train = fit->train;
    const int64_t p = fit->p, q = fit->q;
    for (int64_t i = 0; i < n; i++) {
        const double root = train->weight != NULL ? sqrt(train->weight[first + i]) : 1;
        for (int64_t j = 0; j < p; j++)
            z[i * q + j] = root * ((x[i * ld + j] - fit->mean[j]) * fit->scale[j]);
        z[i * q + p] = root * (train->y[first + i] - fit->mean[p]);
    }
}

/* R of all rows into fit->r. */
static mlsd_status triangle_of_rows(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    MLSD__TRY(mlsd__row_triangle(scope, fit->train->x, fit->q, fill_rows, fit, &fit->r));
    if (!mlsd__any_nonfinite(fit->r, fit->q * fit->q)) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or the "
                                      "target down (a standardize step does)");
}

void mlsd__linear_copy_triangle(const mlsd__linear_fit *fit, const double *divisor, double *out)
{
    const int64_t p = fit->p;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++)
            out[i * p + j] = j < i ? 0 : fit->r[i * fit->q + j] / divisor[j];
}

static void find_lengths(mlsd__linear_fit *fit)
{
    for (int64_t j = 0; j < fit->p; j++) {
        double largest = 0, sum = 0;
        for (int64_t i = 0; i <= j; i++) largest = fmax(largest, fabs(fit->r[i * fit->q + j]));
        for (int64_t i = 0; i <= j && largest > 0; i++) {
            const double part = fit->r[i * fit->q + j] / largest;
            sum += part * part;
        }
        fit->length[j] = largest > 0 ? largest * sqrt(sum) : 1;
    }
}

static int64_t numerical_rank(const double *s, int64_t p)
{
    int64_t rank = 0;
    while (rank < p && s[rank] > RANK_SLACK * DBL_EPSILON * (double)p * s[0]) rank++;
    return rank;
}

/* That brings a length to about 1. */
static double power_of_two(double length)
{
    int exponent = 0;
    if (length > 0 && isfinite(length)) (void)frexp(length, &exponent);
    return ldexp(1, exponent > 1000 ? -1000 : exponent < -1000 ? 1000 : -exponent);
}

/* Means of [X y], 0 without an intercept, and the powers of two that bring the columns to about one
 * length. NaN and infinity show in the means. */
static mlsd_status find_means(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    const mlsd__train *const train = fit->train;
    const int64_t p = fit->p;
    double variance;
    double *const weight = mlsd__alloc_raw(scope->allocator, p, 3 * sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    double *const missing = weight + p, *const m2 = missing + p;
    mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, weight, fit->mean, m2, missing);
    bool is_finite = true;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        is_finite = is_finite && missing[j] == 0 && isfinite(fit->mean[j]);
    if (status == MLSD_OK && !is_finite && !train->x_is_finite)
        status = mlsd__frame_require_finite(scope, train->x, false);
    mlsd__mean_variance(train->y, train->weight, train->x->n_rows, 0, &fit->mean[p], &variance);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        const double about_0 = fit->has_intercept ? 0 : fit->weight * fit->mean[j] * fit->mean[j];
        fit->scale[j] = power_of_two(sqrt(m2[j] + about_0));
    }
    double total = variance * fit->weight;
    if (!fit->has_intercept) {
        total += fit->weight * fit->mean[p] * fit->mean[p];
        memset(fit->mean, 0, (size_t)fit->q * sizeof *fit->mean);
    }
    fit->total = (mlsd__dd){total, 0};
    mlsd__free(scope->allocator, weight);
    return status;
}

/* Rank and condition, of the columns brought to one length so that units do not matter. */
static mlsd_status judge(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    const int64_t p = fit->p;
    double *const triangle = mlsd__alloc_raw(scope->allocator, p * p, sizeof *triangle);
    if (triangle == NULL) return MLSD_E_NOMEM;
    find_lengths(fit);
    mlsd__linear_copy_triangle(fit, fit->length, triangle);
    const mlsd_status status = mlsd__svd(scope, p, triangle, NULL, fit->s, NULL);
    mlsd__free(scope->allocator, triangle);
    fit->rank = status == MLSD_OK ? numerical_rank(fit->s, p) : 0;
    fit->condition = fit->rank < p ? INFINITY : p > 0 ? fit->s[0] / fit->s[p - 1] : 1;
    return status;
}

/* Mean, scale and R from the moments; false where X'X is not definite or overflows. */
static bool factorize_moments(mlsd__linear_fit *fit, const mlsd__gram *moments, double *matrix)
{
    const int64_t p = fit->p, q = fit->q;
    const bool centred = fit->has_intercept;
    double *const r = fit->r, *const right = matrix + p * p;
    mlsd__linear_normal_equations(moments, p, centred, matrix, right);
    const double about_0 = moments->weight * moments->mean[p] * moments->mean[p];
    const double total = moments->scatter[p * q + p] + (centred ? 0 : about_0);
    for (int64_t j = 0; j < q; j++) fit->mean[j] = centred ? moments->mean[j] : 0;
    for (int64_t j = 0; j < p; j++) fit->scale[j] = power_of_two(sqrt(matrix[j * p + j]));
    memset(r, 0, (size_t)(q * q) * sizeof *r);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++)
            r[i * q + j] = matrix[i * p + j] * fit->scale[i] * fit->scale[j];
        right[i] *= fit->scale[i];
    }
    bool is_definite;
    mlsd__potrf(p, r, q, &is_definite);
    if (!is_definite || !isfinite(total)) return false;
    mlsd__solve_transposed_upper(p, r, q, right);
    for (int64_t i = 0; i < p; i++) r[i * q + p] = right[i];
    r[p * q + p] = sqrt(fmax(0, total - mlsd__dot(right, right, p)));
    fit->total = (mlsd__dd){total, 0};
    return !mlsd__any_nonfinite(r, q * q);
}

/* fit->from_moments tells whether it went well. */
static mlsd_status triangle_of_moments(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = fit->train->x->n_rows, p = fit->p;
    mlsd__gram moments;
    int64_t size;
    if (n <= p || (double)n * (double)p * (double)p < GRAM_WORK) return MLSD_OK;
    MLSD__TRY(mlsd__mul_size(fit->q, fit->q, &size));
    MLSD__TRY(mlsd__linear_moments(scope, fit->train, &moments));
    double *const matrix = mlsd__alloc_raw(a, size, sizeof *matrix);
    fit->r = mlsd__alloc_raw(a, size, sizeof *fit->r);
    mlsd_status status = matrix == NULL || fit->r == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK && factorize_moments(fit, &moments, matrix)) {
        status = judge(scope, fit);
        fit->from_moments = fit->condition <= GOOD_CONDITION;
    }
    mlsd__free(a, matrix);
    mlsd__gram_free(&moments, a);
    if (status == MLSD_OK && !fit->from_moments) {
        mlsd__free(a, fit->r);
        fit->r = NULL;
    }
    return status;
}

mlsd_status mlsd__linear_triangle(mlsd__scope *scope, mlsd__linear_fit *fit)
{
    MLSD__TRY(triangle_of_moments(scope, fit));
    if (fit->from_moments) return MLSD_OK;
    MLSD__TRY(find_means(scope, fit));
    MLSD__TRY(triangle_of_rows(scope, fit));
    return judge(scope, fit);
}
