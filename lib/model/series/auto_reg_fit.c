/* auto_reg_fit.c - autoregressions by least squares and by autocovariances.
 *
 * The rows [1, t, y[t-1], ..., y[t-p], y[t]] are reduced to a triangle by blocks (TSQR; Demmel et
 * al. 2012): its last column tells the squares that are left for every number of lags at once. */
#include "model/series/auto_reg_fit.h"

#include <math.h>
#include <string.h>

#include "numeric/blas.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

/* Columns that lose so much of their length to those before them depend on them: coefficient 0. */
static const double DEPENDENT = 1e-11;

static int64_t n_trend(const mlsd__auto_reg *f)
{
    return (f->has_constant ? 1 : 0) + (f->has_time ? 1 : 0);
}

/* Row t of the design, with y about `centre`. */
static void fill_row(const mlsd__auto_reg *f, const double *y, double centre, int64_t t,
                     double *out)
{
    int64_t j = 0;
    if (f->has_constant) out[j++] = 1.0;
    if (f->has_time) out[j++] = (double)(t + 1);
    for (int64_t k = 1; k <= f->n_lags; k++) out[j++] = y[t - k] - centre;
    out[j] = y[t] - centre;
}

/* The triangle (w x w) of all rows, block by block onto the one before. */
static mlsd_status find_triangle(mlsd__scope *scope, const mlsd__auto_reg *f, const double *y,
                                 int64_t n, double centre, double *triangle)
{
    const int64_t w = n_trend(f) + f->n_lags + 1, block = MLSD__BLOCK_ROWS;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(block + w, w, &size));
    double *const rows = mlsd__alloc_raw(scope->allocator, size, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    memset(triangle, 0, (size_t)(w * w) * sizeof *triangle);
    for (int64_t t = f->n_lags; status == MLSD_OK && t < n;) {
        int64_t m = w;
        memcpy(rows, triangle, (size_t)(w * w) * sizeof *rows);
        for (; m < block + w && t < n; m++, t++) fill_row(f, y, centre, t, rows + m * w);
        status = mlsd__qr_r(scope, m, w, rows, w, triangle);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, rows);
    return status;
}

/* Back substitution for the first k columns; the last column of the triangle is the right side. */
static void solve_triangle(const double *triangle, int64_t w, int64_t k, double *x)
{
    for (int64_t i = k; i-- > 0;) {
        double rest = triangle[i * w + w - 1], length = 0.0;
        for (int64_t j = 0; j <= i; j++) length += triangle[j * w + i] * triangle[j * w + i];
        for (int64_t j = i + 1; j < k; j++) rest -= triangle[i * w + j] * x[j];
        const bool depends = !(fabs(triangle[i * w + i]) > DEPENDENT * sqrt(length));
        x[i] = depends ? 0.0 : rest / triangle[i * w + i];
    }
}

static double squares_left(const double *triangle, int64_t w, int64_t k)
{
    double sum = 0.0;
    for (int64_t i = k; i < w; i++) sum += triangle[i * w + w - 1] * triangle[i * w + w - 1];
    return sum;
}

/* The number of lags whose criterion is least, the smaller of equal ones. */
static int64_t choose_lags(const mlsd__auto_reg *f, const double *triangle, int64_t n_rows)
{
    const int64_t w = n_trend(f) + f->n_lags + 1;
    const double rows = (double)n_rows, price = f->by_bic ? mlsd__log(rows) : 2.0;
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t lags = 0; lags <= f->n_lags; lags++) {
        const double sse = squares_left(triangle, w, n_trend(f) + lags);
        const double value = rows * mlsd__log(sse / rows) + price * (double)(n_trend(f) + lags + 1);
        if (!(value < least)) continue;
        least = value;
        best = lags;
    }
    return best;
}

mlsd_status mlsd__auto_reg_least_squares(mlsd__scope *scope, const double *y, int64_t n,
                                         mlsd__auto_reg *f)
{
    const int64_t widest = n_trend(f) + f->n_lags + 1;
    const double centre = f->has_constant ? mlsd__sum(y, n) / (double)n : 0.0;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(widest + 1, widest, &size));
    double *const triangle = mlsd__alloc(scope->allocator, size, sizeof *triangle);
    if (triangle == NULL) return MLSD_E_NOMEM;
    double *const x = triangle + widest * widest;
    mlsd_status status = find_triangle(scope, f, y, n, centre, triangle);
    if (status == MLSD_OK && f->chooses) {
        f->n_lags = choose_lags(f, triangle, n - f->n_lags);
        status = find_triangle(scope, f, y, n, centre, triangle);
    }
    if (status == MLSD_OK) {
        const int64_t k = n_trend(f) + f->n_lags;
        solve_triangle(triangle, k + 1, k, x);
        f->sse = squares_left(triangle, k + 1, k);
        f->n_used = n - f->n_lags;
        f->n_numbers = k;
        memcpy(f->coef, x + n_trend(f), (size_t)f->n_lags * sizeof *f->coef);
        f->slope = f->has_time ? x[f->has_constant ? 1 : 0] : 0.0;
        f->constant = f->has_constant ? x[0] + centre * (1.0 - mlsd__sum(f->coef, f->n_lags)) : 0.0;
    }
    mlsd__free(scope->allocator, triangle);
    return status;
}

/* One more lag: coef (k numbers) and the variance left follow. `before` is scratch. */
static void add_lag(const double *covariance, int64_t k, double *coef, double *before,
                    double *variance)
{
    double rest = covariance[k + 1];
    for (int64_t j = 0; j < k; j++) rest -= coef[j] * covariance[k - j];
    const double last = *variance > 0.0 ? rest / *variance : 0.0;
    memcpy(before, coef, (size_t)k * sizeof *coef);
    for (int64_t j = 0; j < k; j++) coef[j] -= last * before[k - 1 - j];
    coef[k] = last;
    *variance *= 1.0 - last * last;
}

mlsd_status mlsd__auto_reg_yule_walker(mlsd__scope *scope, const double *y, int64_t n,
                                       mlsd__auto_reg *f)
{
    const int64_t most = f->n_lags;
    const double rows = (double)n, mean = f->has_constant ? mlsd__sum(y, n) / rows : 0.0;
    double *const room = mlsd__alloc(scope->allocator, n + 3 * most + 1, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const centred = room, *const covariance = room + n;
    double *const coef = covariance + most + 1, *const before = coef + most;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n; i++) centred[i] = y[i] - mean;
    for (int64_t k = 0; status == MLSD_OK && k <= most; k++) {
        covariance[k] = mlsd__dot(centred, centred + k, n - k) / rows;
        status = mlsd__checkpoint(scope);
    }
    const double price = f->by_bic ? mlsd__log(rows) : 2.0;
    double variance = covariance[0], least = INFINITY, left = variance;
    for (int64_t lags = 0; status == MLSD_OK && lags <= most; lags++) {
        const double value = rows * mlsd__log(variance) + price * (double)lags;
        if (f->chooses ? value < least : lags == most) {
            least = value;
            left = variance;
            f->n_lags = lags;
            memcpy(f->coef, coef, (size_t)lags * sizeof *coef);
        }
        if (lags < most) add_lag(covariance, lags, coef, before, &variance);
    }
    f->constant = mean * (1.0 - mlsd__sum(f->coef, f->n_lags));
    f->slope = 0.0;
    f->n_used = n;
    f->n_numbers = f->n_lags + (f->has_constant ? 1 : 0);
    f->sse = left * rows;
    mlsd__free(scope->allocator, room);
    return status;
}
