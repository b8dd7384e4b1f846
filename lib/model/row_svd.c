/* row_svd.c - singular values and right vectors of centred rows, by way of their triangle: singular
 * values are right to some roundings of the largest, where eigenvalues of moments would be right to
 * the square root of that. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "model/row_triangle.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

/* A vector u'z / s is off by roundings of the largest singular value over its own, mostly along the
 * vectors before it; below this share of the largest it is freed of them. */
static const double CLEAR_SHARE = 1e-2;
/* Singular values below so many roundings of the largest have no vector of their own. */
static const double RANK_SLACK = 8;

static void fill_centred(const void *arg, const double *x, int64_t first, int64_t n, int64_t ld,
                         double *z)
{
    const mlsd__centred_rows *const rows = arg;
    const int64_t p = rows->x->n_features;
    for (int64_t i = 0; i < n; i++) {
        const int64_t c = rows->class_of != NULL ? (int64_t)rows->class_of[first + i] : 0;
        const double *const origin = rows->origin + c * p, *const row = x + i * ld;
        const double root = rows->weight != NULL ? sqrt(rows->weight[first + i]) : 1;
        for (int64_t j = 0; j < p; j++) z[i * p + j] = root * (row[j] - origin[j]);
        for (int64_t j = 0; rows->divisor != NULL && j < p; j++) z[i * p + j] /= rows->divisor[j];
    }
}

static void fill_plain(const void *arg, const double *x, int64_t first, int64_t n, int64_t ld,
                       double *z)
{
    const int64_t p = *(const int64_t *)arg;
    (void)first;
    for (int64_t i = 0; i < n; i++) memcpy(z + i * p, x + i * ld, (size_t)p * sizeof *z);
}

static mlsd_status require_finite(const double *r, int64_t n)
{
    if (!mlsd__any_nonfinite(r, n)) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns down (a "
                                      "standardize step does)");
}

mlsd_status mlsd__centred_triangle(mlsd__scope *scope, const mlsd__centred_rows *rows, double **out)
{
    const int64_t p = rows->x->n_features;
    MLSD__TRY(mlsd__row_triangle(scope, rows->x, p, fill_centred, rows, out));
    const mlsd_status status = require_finite(*out, p * p);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(scope->allocator, *out);
    *out = NULL;
    return status;
}

void mlsd__row_svd_free(mlsd__row_svd *svd, const mlsd__allocator *a)
{
    mlsd__free(a, svd->s);
    mlsd__free(a, svd->vt);
    mlsd__free(a, svd->u);
    mlsd__free(a, svd->z);
    *svd = (mlsd__row_svd){0};
}

/* Of a p x p triangle, spoiled. */
static mlsd_status of_triangle(mlsd__scope *scope, int64_t p, double *r, mlsd__row_svd *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, p, &size));
    *out = (mlsd__row_svd){.n = p, .p = p};
    out->s = mlsd__alloc_raw(a, p, sizeof *out->s);
    out->vt = mlsd__alloc_raw(a, size, sizeof *out->vt);
    double *const u = mlsd__alloc_raw(a, size, sizeof *u);
    mlsd_status status = MLSD_E_NOMEM;
    if (out->s != NULL && out->vt != NULL && u != NULL)
        status = mlsd__svd(scope, p, r, u, out->s, out->vt);
    mlsd__free(a, u);
    return status;
}

mlsd_status mlsd__row_svd_reduce(mlsd__scope *scope, int64_t m, int64_t p, double *rows,
                                 mlsd__row_svd *out)
{
    int64_t size;
    *out = (mlsd__row_svd){0};
    MLSD__TRY(mlsd__mul_size(p, p, &size));
    double *const r = mlsd__alloc_raw(scope->allocator, size, sizeof *r);
    if (r == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__qr_r(scope, m, p, rows, p, r);
    if (status == MLSD_OK) status = require_finite(r, size);
    if (status == MLSD_OK) status = of_triangle(scope, p, r, out);
    mlsd__free(scope->allocator, r);
    return status;
}

typedef struct rows_job {
    const mlsd__centred_rows *rows;
    const double *x;
    double *z;
} rows_job;

static mlsd_status centre_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const rows_job *const job = arg;
    const int64_t p = job->rows->x->n_features;
    int64_t first, n;
    (void)scope;
    mlsd__block_range(job->rows->x->n_rows, block, &first, &n);
    fill_centred(job->rows, job->x + first * p, first, n, p, job->z + first * p);
    return MLSD_OK;
}

/* Z' = Q R, so that Z = R'Q' has the singular values and left vectors of R'. */
static mlsd_status of_wide_rows(mlsd__scope *scope, const mlsd__centred_rows *rows,
                                mlsd__row_svd *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = rows->x->n_rows, p = rows->x->n_features;
    double *r = NULL, *vt = NULL;
    *out = (mlsd__row_svd){.n = n, .p = p};
    MLSD__TRY(mlsd__frame_materialize(scope, rows->x, &out->z));
    rows_job job = {.rows = rows, .x = out->z, .z = out->z};
    mlsd_status status = mlsd__parallel_for(scope, mlsd__n_blocks(n), centre_block, &job);
    const mlsd__frame columns = {.n_rows = p,
                                 .n_features = n,
                                 .matrix = {out->z, p, n, 1, p, MLSD_F64, 0},
                                 .n_source = n,
                                 .max_width = n};
    if (status == MLSD_OK) status = mlsd__row_triangle(scope, &columns, n, fill_plain, &n, &r);
    if (status == MLSD_OK) status = require_finite(r, n * n);
    if (status == MLSD_OK) {
        out->s = mlsd__alloc_raw(a, n, sizeof *out->s);
        out->u = mlsd__alloc_raw(a, n * n, sizeof *out->u);
        vt = mlsd__alloc_raw(a, n * n, sizeof *vt);
        if (out->s == NULL || out->u == NULL || vt == NULL) status = MLSD_E_NOMEM;
    }
    /* R = vt' s u', so of R itself the right vectors are our left ones: rows of u. */
    if (status == MLSD_OK) status = mlsd__svd(scope, n, r, vt, out->s, out->u);
    mlsd__free(a, vt);
    mlsd__free(a, r);
    return status;
}

mlsd_status mlsd__row_svd_new(mlsd__scope *scope, const mlsd__centred_rows *rows,
                              mlsd__row_svd *out)
{
    *out = (mlsd__row_svd){0};
    if (rows->x->n_rows < rows->x->n_features) return of_wide_rows(scope, rows, out);
    double *r = NULL;
    MLSD__TRY(mlsd__centred_triangle(scope, rows, &r));
    const mlsd_status status = of_triangle(scope, rows->x->n_features, r, out);
    mlsd__free(scope->allocator, r);
    return status;
}

static double length_of(const double *v, int64_t p)
{
    return sqrt(mlsd__dot(v, v, p));
}

/* Free row i of what it has of the rows before it, twice because once leaves roundings of what was
 * taken away (Giraud, Langou & Rozloznik 2005). Returns what is left of its length. */
static double clear_row(int64_t i, int64_t p, double *rows)
{
    double *const v = rows + i * p;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t k = 0; k < i; k++) {
            const double *const other = rows + k * p;
            const double part = mlsd__dot(other, v, p);
            for (int64_t j = 0; j < p; j++) v[j] -= part * other[j];
        }
    }
    return length_of(v, p);
}

/* A vector that is at right angles to those before it: from the axis that they leave most of. */
static void fill_row(int64_t i, int64_t p, double *rows)
{
    double *const v = rows + i * p;
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t j = 0; j < p; j++) {
        double taken = 0;
        for (int64_t k = 0; k < i; k++) taken += rows[k * p + j] * rows[k * p + j];
        if (taken < least) {
            least = taken;
            best = j;
        }
    }
    memset(v, 0, (size_t)p * sizeof *v);
    v[best] = 1;
}

void mlsd__flip_signs(int64_t n, int64_t p, double *rows)
{
    for (int64_t i = 0; i < n; i++) {
        double *const row = rows + i * p;
        int64_t top = 0;
        for (int64_t j = 1; j < p; j++)
            if (fabs(row[j]) > fabs(row[top])) top = j;
        const bool is_negative = row[top] < 0;
        for (int64_t j = 0; is_negative && j < p; j++) row[j] = -row[j];
    }
}

mlsd_status mlsd__row_svd_vectors(mlsd__scope *scope, const mlsd__row_svd *svd, int64_t k,
                                  double *out)
{
    const int64_t n = svd->n, p = svd->p;
    if (k <= 0) return MLSD_OK;
    if (svd->vt != NULL) {
        memcpy(out, svd->vt, (size_t)(k * p) * sizeof *out);
        mlsd__flip_signs(k, p, out);
        return MLSD_OK;
    }
    mlsd__gemm(false, false, k, p, n, 1, svd->u, n, svd->z, p, 0, out, p);
    const double least = RANK_SLACK * DBL_EPSILON * (double)p * svd->s[0];
    for (int64_t i = 0; i < k; i++) {
        double *const v = out + i * p;
        double length = length_of(v, p);
        if (!(svd->s[i] > least) || !(length > 0)) {
            fill_row(i, p, out);
            length = clear_row(i, p, out);
        } else if (svd->s[i] < CLEAR_SHARE * svd->s[0]) {
            length = clear_row(i, p, out);
        }
        for (int64_t j = 0; j < p; j++) v[j] /= length;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    mlsd__flip_signs(k, p, out);
    return MLSD_OK;
}
