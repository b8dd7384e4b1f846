/* fold_solution.c - from the moments of some rows to coefficients, and from those of others to sums
 * of squared errors.
 *
 * With S the scatter of the test rows about their mean m, sum w (y - f)^2 = S_yy - 2 b'S_xy + b'S b
 * + W (m_y - f(m_x))^2: p^2 operations a setting, however many rows. Where the terms cancel, as in
 * a fit that is nearly perfect or with large coefficients of opposite signs, the rows are asked. */
#include "model/linear/fold_solution.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/linear_moments.h"
#include "model/linear/penalty_path.h"
#include "model/row_pass.h"
#include "model/transform/column_state.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

/* Digits that a sum from moments may lose to cancellation, relative to itself. */
static const double MOST_LOSS = 1e-11;
/* Share of the sum of squares of y below which errors are summed over rows. */
static const double NEARLY_PERFECT = 1e-4;
/* Least eigenvalue of the correlations for which normal equations have linear_regression's digits
 * in predictions to 1e-12. */
static const double LEAST_CORRELATION = 1e-6;

/* Share of a target's spread that coefficients may have lost before a fit of the rows is asked. */
static const double MOST_ROUNDING = 1e-10;

/* Columns up to which calling LAPACK costs more than the work. */
enum { LITTLE = 16 };

mlsd_status mlsd__fold_solution_new(const mlsd__allocator *a, int64_t p, int64_t t,
                                    int64_t n_settings, mlsd__fold_solution *out)
{
    *out = (mlsd__fold_solution){.p = p, .t = t, .n_settings = n_settings};
    const int64_t n_origin = 2 * (p + t);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_settings, t * p, &size));
    out->origin = mlsd__alloc_raw(a, n_origin + size, sizeof *out->origin);
    if (out->origin == NULL) return MLSD_E_NOMEM;
    memset(out->origin, 0, (size_t)n_origin * sizeof *out->origin);
    out->low = out->origin + p + t;
    out->coef = out->origin + n_origin;
    return MLSD_OK;
}

void mlsd__fold_solution_free(mlsd__fold_solution *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->origin);
    *s = (mlsd__fold_solution){.p = 0};
}

/* What a step that standardises divides each column by. */
static void find_divisors(const mlsd__gram *train, int64_t p, double *divisor)
{
    for (int64_t j = 0; j < p; j++) {
        const double variance = train->scatter[j * train->q + j] / train->weight;
        divisor[j] = mlsd__standard_scale(train->weight, train->mean[j], variance);
    }
}

static void divide(int64_t p, int64_t t, const double *divisor, double *a, double *b)
{
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) a[i * p + j] /= divisor[i] * divisor[j];
        for (int64_t k = 0; k < t; k++) b[i * t + k] /= divisor[i];
    }
}

/* Least squares of columns brought to one length; false where they are close to dependent. `room`
 * has p * p numbers. */
static bool solve_plain(int64_t p, int64_t t, double *a, double *b, double *length, double *room,
                        double *x)
{
    for (int64_t j = 0; j < p; j++) {
        length[j] = sqrt(a[j * p + j]);
        if (!(length[j] > 0)) return false;
    }
    divide(p, t, length, a, b);
    bool ok;
    memcpy(room, a, (size_t)(p * p) * sizeof *a);
    for (int64_t j = 0; j < p; j++) room[j * p + j] -= LEAST_CORRELATION;
    mlsd__potrf(p, room, p, &ok);
    if (!ok) return false;
    mlsd__posv(p, t, a, p, b, t, &ok);
    for (int64_t j = 0; j < p; j++)
        for (int64_t k = 0; k < t; k++) x[k * p + j] = b[j * t + k] / length[j];
    return ok;
}

/* The largest sum |b_j| |x_j| of a setting and target in units of the target's spread: what
 * rounding is magnified by before the matrix is even looked at. `root` are those of its diagonal.
 */
static double reach_of(const mlsd__gram *train, const mlsd__fold_solution *s, const double *root)
{
    const int64_t p = s->p, t = s->t;
    double largest = 0;
    for (int64_t row = 0; row < s->n_settings * t; row++) {
        const int64_t k = p + row % t;
        double reach = 0;
        for (int64_t j = 0; j < p; j++) reach += fabs(s->coef[row * p + j]) * root[j];
        largest = fmax(largest, reach / sqrt(train->scatter[k * train->q + k]));
    }
    return largest;
}

/* Are all pivots of U'U = A positive? Works in the upper triangle of `a`. */
static bool is_definite(int64_t p, double *a)
{
    bool ok = true;
    if (p > LITTLE) {
        mlsd__potrf(p, a, p, &ok);
        return ok;
    }
    for (int64_t i = 0; i < p; i++) {
        const double *const row = a + i * p;
        if (!(row[i] > 0) || isinf(row[i])) return false;
        for (int64_t k = i + 1; k < p; k++) {
            const double factor = row[k] / row[i];
            for (int64_t j = k; j < p; j++) a[k * p + j] -= factor * row[j];
        }
    }
    return true;
}

/* Have penalised coefficients their digits? With columns of A + alpha I brought to one length and l
 * the least eigenvalue, predictions are off by about eps reach / sqrt(l). That l is large enough is
 * seen from the pivots of the matrix less that much. `room` has p * p + p numbers. */
static bool is_well_solved(const mlsd__linear_problem *problem, const mlsd__gram *train,
                           const mlsd__fold_solution *s, const double *a, double *room)
{
    const int64_t p = s->p;
    double *const length = room + p * p;
    double alpha = INFINITY;
    for (int64_t l = 0; l < problem->n_settings; l++) alpha = fmin(alpha, problem->alphas[l]);
    for (int64_t j = 0; j < p; j++) length[j] = sqrt(a[j * p + j]);
    const double loss = DBL_EPSILON * reach_of(train, s, length) / MOST_ROUNDING;
    const double least = loss * loss;
    if (!(least < 1)) return false;
    for (int64_t j = 0; j < p; j++) {
        length[j] = sqrt(a[j * p + j] + alpha);
        if (!(length[j] > 0)) return false;
    }
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) room[i * p + j] = a[i * p + j] / (length[i] * length[j]);
        room[i * p + i] = 1 - least;
    }
    return is_definite(p, room);
}

/* Where predictions are measured from: mean and low part, 0 where nothing is centred. */
static void set_origin(const mlsd__linear_problem *problem, const mlsd__gram *train,
                       mlsd__fold_solution *s)
{
    const int64_t p = s->p, q = p + s->t;
    const bool x_is_centred = problem->fit_intercept || problem->with_mean;
    for (int64_t j = 0; j < q; j++) {
        const bool is_centred = j < p ? x_is_centred : problem->fit_intercept;
        s->origin[j] = is_centred ? train->mean[j] : 0;
        s->low[j] = is_centred ? train->mean[q + j] : 0;
    }
}

static mlsd_status solve_with(mlsd__scope *scope, const mlsd__linear_problem *problem,
                              const mlsd__gram *train, double *room, mlsd__fold_solution *s,
                              bool *out_ok)
{
    const int64_t p = s->p, t = s->t, n = problem->n_settings;
    double *const a = room, *const b = a + p * p, *const divisor = b + p * t;
    double *const length = divisor + p, *const spare = length + p;
    const bool is_centred = problem->fit_intercept || problem->with_mean;
    mlsd__linear_normal_equations(train, p, is_centred, a, b);
    if (problem->with_std) {
        find_divisors(train, p, divisor);
        divide(p, t, divisor, a, b);
    }
    if (problem->is_least_squares) {
        *out_ok = solve_plain(p, t, a, b, length, spare, s->coef);
        for (int64_t l = 1; *out_ok && l < n; l++)
            memcpy(s->coef + l * t * p, s->coef, (size_t)(t * p) * sizeof *s->coef);
    } else {
        *out_ok = !mlsd__any_nonfinite(a, p * p);
        if (*out_ok) MLSD__TRY(mlsd__penalty_path(scope, p, t, a, b, problem->alphas, n, s->coef));
        if (*out_ok) *out_ok = is_well_solved(problem, train, s, a, length);
    }
    for (int64_t row = 0; problem->with_std && *out_ok && row < n * t; row++)
        for (int64_t j = 0; j < p; j++) s->coef[row * p + j] /= divisor[j];
    if (*out_ok) *out_ok = !mlsd__any_nonfinite(s->coef, n * t * p);
    return MLSD_OK;
}

mlsd_status mlsd__fold_solution_solve(mlsd__scope *scope, const mlsd__linear_problem *problem,
                                      const mlsd__gram *train, mlsd__fold_solution *s, bool *out_ok)
{
    const int64_t p = s->p, t = s->t;
    /* With more columns than rows a fit solves the dual. */
    *out_ok =
        train->n_rows >= p && train->weight > 0 && !mlsd__any_nonfinite(train->mean, train->q);
    if (!*out_ok) return MLSD_OK;
    set_origin(problem, train, s);
    double *const room = mlsd__alloc_raw(scope->allocator, 2 * p * p + p * t + 2 * p, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = solve_with(scope, problem, train, room, s, out_ok);
    mlsd__free(scope->allocator, room);
    return status;
}

/* Both triangles of the features' scatter, and of each column the root of its diagonal. */
static void unpack_scatter(const mlsd__gram *test, int64_t p, double *full, double *length)
{
    for (int64_t i = 0; i < p; i++) {
        const double *const row = test->scatter + i * test->q;
        for (int64_t j = i; j < p; j++) full[i * p + j] = full[j * p + i] = row[j];
        length[i] = sqrt(row[i]);
    }
}

/* Rows of B (n x p) times the symmetric S. */
static void multiply_scatter(int64_t n, int64_t p, const double *b, const double *s, double *out)
{
    if (n * p * p > LITTLE * LITTLE) {
        mlsd__gemm(false, false, n, p, p, 1, b, p, s, p, 0, out, p);
        return;
    }
    memset(out, 0, (size_t)(n * p) * sizeof *out);
    for (int64_t row = 0; row < n; row++)
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++) out[row * p + j] += b[row * p + i] * s[i * p + j];
}

/* One setting and target: coefficients b, S b, and S_xy in `against`. `apart` are the distances of
 * the means. */
static double squares_of(const mlsd__gram *test, int64_t p, int64_t k, const double *b,
                         const double *product, const double *against, const double *length,
                         const double *apart, double centre_apart, bool *out_is_lost)
{
    const int64_t q = test->q;
    double cross = 0, quadratic = 0, reach = 0, shift = 0, shift_size = fabs(centre_apart);
    for (int64_t j = 0; j < p; j++) {
        cross += b[j] * against[j];
        quadratic += b[j] * product[j];
        reach += fabs(b[j]) * length[j];
        shift += b[j] * apart[j];
        shift_size += fabs(b[j] * apart[j]);
    }
    const double spread = test->scatter[(p + k) * q + p + k];
    const double miss = centre_apart - shift;
    const double sum = (spread - 2 * cross + quadratic) + test->weight * miss * miss;
    /* By Cauchy and Schwarz no term is larger. */
    const double largest = (sqrt(spread) + reach) * (sqrt(spread) + reach) +
                           2 * test->weight * fabs(miss) * shift_size;
    *out_is_lost = !(DBL_EPSILON * largest <= MOST_LOSS * sum) || sum < NEARLY_PERFECT * spread;
    return sum;
}

mlsd_status mlsd__fold_squares(mlsd__scope *scope, const mlsd__fold_solution *s,
                               const mlsd__gram *test, double *squares, uint8_t *is_lost,
                               int64_t *out_n_lost)
{
    const int64_t p = s->p, t = s->t, q = p + t, n = s->n_settings * t;
    const mlsd__allocator *const a = scope->allocator;
    double *const full = mlsd__alloc_raw(a, p * p + (2 + t + n) * p, sizeof *full);
    if (full == NULL) return MLSD_E_NOMEM;
    double *const length = full + p * p, *const apart = length + p;
    double *const against = apart + p, *const product = against + t * p;
    unpack_scatter(test, p, full, length);
    for (int64_t k = 0; k < t; k++)
        for (int64_t j = 0; j < p; j++) against[k * p + j] = test->scatter[j * q + p + k];
    for (int64_t j = 0; j < p; j++)
        apart[j] = (test->mean[j] - s->origin[j]) + (test->mean[q + j] - s->low[j]);
    multiply_scatter(n, p, s->coef, full, product);
    *out_n_lost = 0;
    for (int64_t row = 0; row < n; row++) {
        const int64_t k = row % t;
        const double centre_apart =
            (test->mean[p + k] - s->origin[p + k]) + (test->mean[q + p + k] - s->low[p + k]);
        bool lost;
        squares[row] = squares_of(test, p, k, s->coef + row * p, product + row * p, against + k * p,
                                  length, apart, centre_apart, &lost);
        is_lost[row] = lost;
        *out_n_lost += lost;
    }
    mlsd__free(a, full);
    return MLSD_OK;
}

/* What the origin's rounding left. */
static void finish_centring(const mlsd__fold_solution *s, double *restrict z, int64_t n, int64_t ld,
                            int64_t width)
{
    const double *restrict const low = s->low;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < width; j++) z[i * ld + j] -= low[j];
}

void mlsd__fold_squares_of_rows(const mlsd__fold_solution *s, double *z, int64_t n,
                                const double *weight, const uint8_t *is_lost, double *room,
                                double *squares)
{
    const int64_t p = s->p, t = s->t, q = p + t, n_sums = s->n_settings * t;
    finish_centring(s, z, n, q, q);
    mlsd__gemm(false, true, n_sums, n, p, 1, s->coef, p, z, q, 0, room, n);
    for (int64_t row = 0; row < n_sums; row++) {
        const int64_t k = row % t;
        double *const fitted = room + row * n;
        if (!is_lost[row]) continue;
        for (int64_t i = 0; i < n; i++) {
            const double root = weight != NULL ? sqrt(weight[i]) : 1;
            fitted[i] = root * (z[i * q + p + k] - fitted[i]);
        }
        squares[row] += mlsd__dot(fitted, fitted, n);
    }
}

static void add_centre(const mlsd__fold_solution *s, int64_t n, double *restrict out)
{
    const int64_t p = s->p, t = s->t;
    const double centre = s->origin[p], low = s->low[p];
    if (t == 1) {
        for (int64_t i = 0; i < n; i++) out[i] = centre + (out[i] + low);
        return;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < t; k++)
            out[i * t + k] = s->origin[p + k] + (out[i * t + k] + s->low[p + k]);
}

void mlsd__fold_predict(const mlsd__fold_solution *s, int64_t first, int64_t n_settings, double *z,
                        int64_t n, int64_t ld, int64_t at, int64_t n_rows, double *out)
{
    const int64_t p = s->p, t = s->t;
    const double *const coef = s->coef + first * t * p;
    finish_centring(s, z, n, ld, p);
    if (t == 1) {
        mlsd__gemm(false, true, n_settings, n, p, 1, coef, p, z, ld, 0, out + at, n_rows);
    } else {
        for (int64_t l = 0; l < n_settings; l++)
            mlsd__gemm(false, true, n, t, p, 1, z, ld, coef + l * t * p, p, 0,
                       out + (l * n_rows + at) * t, t);
    }
    for (int64_t l = 0; l < n_settings; l++) add_centre(s, n, out + (l * n_rows + at) * t);
}
