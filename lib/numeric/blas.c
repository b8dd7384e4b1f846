/* blas.c - the one place that calls BLAS and LAPACK, or under numerics = exact the kernels of
 * exact.h in their place: every function here asks first. Products take tile_product.h's kernels
 * where those are faster. Matrices are row-major here, so LAPACK
 * sees transposes: the upper triangle of ours is the lower one of its, and no copy is made.
 * LAPACKE's _work functions are used because they take our memory and neither allocate nor look for
 * NaN. Sizes that BLAS's int cannot hold go through a plain loop, which is slow and right. */
#include "numeric/blas.h"

#include <cblas.h>
#include <lapacke.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "numeric/exact.h"
#include "numeric/tile_product.h"

static bool is_exact(void)
{
    return mlsd__thread_numerics() == MLSD__EXACT;
}

static bool fits(int64_t size)
{
    return size >= 0 && size <= INT_MAX;
}

/* Whether OpenBLAS took kernels of before 2013, two to five times slower than what the processor
 * can do: it does so where it does not know the processor. */
static bool blas_is_behind(void)
{
    static const char *const old[] = {"Prescott", "Core2",   "Penryn",    "Dunnington", "Nehalem",
                                      "Atom",     "Generic", "Barcelona", "Bobcat",     "Opteron"};
    const char *const core = mlsd__blas_core();
    for (size_t i = 0; i < sizeof old / sizeof *old; i++)
        if (strcmp(core, old[i]) == 0) return true;
    return false;
}

/* Columns up to which our kernel for X'X beats OpenBLAS's best, which packs X first. */
enum { NARROW = 192 };

/* By tile_product.h where that is faster; false where it is not. */
static bool multiply_fused(bool only_upper, bool trans_a, bool trans_b, int64_t m, int64_t n,
                           int64_t k, double alpha, const double *a, int64_t lda, const double *b,
                           int64_t ldb, double beta, double *c, int64_t ldc)
{
    const mlsd__tile_isa isa = mlsd__tile_best(true);
    if (isa == MLSD__TILE_NONE || !((only_upper && n <= NARROW) || blas_is_behind())) return false;
    mlsd__tile_gemm(isa, only_upper, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c,
                    ldc);
    return true;
}

/* BLAS wants a leading dimension of at least 1, and of the width even where there is one row. */
static int stride(int64_t ld, int64_t width)
{
    const int64_t least = width > 1 ? width : 1;
    return (int)(ld > least ? ld : least);
}

/* A matrix by element strides. */
typedef struct view {
    const double *data;
    int64_t row;
    int64_t col;
} view;

static view make_view(bool transposed, const double *data, int64_t ld)
{
    return transposed ? (view){data, 1, ld} : (view){data, ld, 1};
}

static void plain_gemm(int64_t m, int64_t n, int64_t k, double alpha, view a, view b, double beta,
                       double *c, int64_t ldc, bool only_upper)
{
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = only_upper ? i : 0; j < n; j++) {
            double sum = 0;
            for (int64_t l = 0; l < k; l++)
                sum += a.data[i * a.row + l * a.col] * b.data[l * b.row + j * b.col];
            double *const cell = c + i * ldc + j;
            *cell = alpha * sum + (beta == 0 ? 0 : beta * *cell);
        }
    }
}

void mlsd__gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha,
                const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                int64_t ldc)
{
    if (m <= 0 || n <= 0) return;
    if (is_exact()) {
        mlsd__exact_gemm(false, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
        return;
    }
    if (multiply_fused(false, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc))
        return;
    if (!(fits(m) && fits(n) && fits(k) && fits(lda) && fits(ldb) && fits(ldc))) {
        plain_gemm(m, n, k, alpha, make_view(trans_a, a, lda), make_view(trans_b, b, ldb), beta, c,
                   ldc, false);
        return;
    }
    cblas_dgemm(CblasRowMajor, trans_a ? CblasTrans : CblasNoTrans,
                trans_b ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, alpha, a,
                stride(lda, trans_a ? m : k), b, stride(ldb, trans_b ? k : n), beta, c,
                stride(ldc, n));
}

void mlsd__syrk(int64_t n, int64_t p, double alpha, const double *a, int64_t lda, double beta,
                double *c, int64_t ldc)
{
    if (p <= 0) return;
    if (is_exact()) {
        mlsd__exact_gemm(true, true, false, p, p, n, alpha, a, lda, a, lda, beta, c, ldc);
        return;
    }
    if (multiply_fused(true, true, false, p, p, n, alpha, a, lda, a, lda, beta, c, ldc)) return;
    if (!(fits(n) && fits(p) && fits(lda) && fits(ldc))) {
        plain_gemm(p, p, n, alpha, make_view(true, a, lda), make_view(false, a, lda), beta, c, ldc,
                   true);
        return;
    }
    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, (int)p, (int)n, alpha, a, stride(lda, p),
                beta, c, stride(ldc, p));
}

void mlsd__gemv(bool trans, int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                const double *x, double beta, double *y)
{
    const int64_t n_out = trans ? n : m;
    const int64_t n_in = trans ? m : n;
    if (n_out <= 0) return;
    if (is_exact()) {
        mlsd__exact_gemv(trans, m, n, alpha, a, lda, x, beta, y);
        return;
    }
    /* Some OpenBLAS multiply y by beta = 0, which keeps its NaN. */
    if (beta == 0) memset(y, 0, (size_t)n_out * sizeof *y);
    if (n_in <= 0 && beta == 0) return;
    if (n_in <= 0 || !(fits(m) && fits(n) && fits(lda))) {
        plain_gemm(n_out, 1, n_in, alpha, make_view(trans, a, lda), (view){x, 1, 1}, beta, y, 1,
                   false);
        return;
    }
    cblas_dgemv(CblasRowMajor, trans ? CblasTrans : CblasNoTrans, (int)m, (int)n, alpha, a,
                stride(lda, n), x, 1, beta, y, 1);
}

void mlsd__potrf(int64_t p, double *a, int64_t lda, bool *out_ok)
{
    *out_ok = p <= 0;
    if (p > 0 && is_exact()) {
        mlsd__exact_potrf(p, a, lda, out_ok);
        return;
    }
    if (p <= 0 || !fits(p) || !fits(lda)) return;
    if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (int)p, a, stride(lda, p)) != 0) return;
    /* OpenBLAS's own dpotrf lets NaN pass. */
    for (int64_t i = 0; i < p; i++)
        if (!(a[i * lda + i] > 0) || isinf(a[i * lda + i])) return;
    *out_ok = true;
}

/* p and nrhs beyond int cannot have been factorised or held in memory; NaN says so if they were. */
void mlsd__trsm(bool trans, int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                int64_t ldb)
{
    if (p <= 0 || nrhs <= 0) return;
    if (is_exact()) {
        mlsd__exact_trsm(trans, p, nrhs, u, ldu, b, ldb);
        return;
    }
    if (!(fits(p) && fits(nrhs) && fits(ldu) && fits(ldb))) {
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < nrhs; j++) b[i * ldb + j] = NAN;
        return;
    }
    cblas_dtrsm(CblasRowMajor, CblasLeft, CblasUpper, trans ? CblasTrans : CblasNoTrans,
                CblasNonUnit, (int)p, (int)nrhs, 1, u, stride(ldu, p), b, stride(ldb, nrhs));
}

void mlsd__potrs(int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b, int64_t ldb)
{
    mlsd__trsm(true, p, nrhs, u, ldu, b, ldb);
    mlsd__trsm(false, p, nrhs, u, ldu, b, ldb);
}

void mlsd__posv(int64_t p, int64_t nrhs, double *a, int64_t lda, double *b, int64_t ldb,
                bool *out_ok)
{
    mlsd__potrf(p, a, lda, out_ok);
    if (*out_ok) mlsd__potrs(p, nrhs, a, lda, b, ldb);
}

static mlsd_status check_sizes(const char *what, int64_t m, int64_t n, int64_t ld)
{
    if (fits(m) && fits(n) && fits(ld)) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "%s of a %lld x %lld matrix exceeds LAPACK's 32-bit sizes",
                      what, (long long)m, (long long)n);
}

static mlsd_status check_finite(const char *what, int64_t m, int64_t n, const double *a, int64_t ld,
                                bool only_upper)
{
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = only_upper ? i : 0; j < n; j++)
            if (!isfinite(a[i * ld + j]))
                return mlsd__fail(MLSD_E_NUMERIC,
                                  "%s of a matrix with a non-finite value at "
                                  "[%lld,%lld]",
                                  what, (long long)i, (long long)j);
    return MLSD_OK;
}

static mlsd_status did_not_converge(const char *what, int64_t p)
{
    return mlsd__fail(MLSD_E_NUMERIC, "%s of a %lld x %lld matrix did not converge", what,
                      (long long)p, (long long)p);
}

/* LAPACK answers a workspace query with a double, which may have been rounded down. */
static int workspace(double answer)
{
    const double size = ceil(nextafter(answer, INFINITY));
    return size < INT_MAX ? (int)size : INT_MAX;
}

static void transpose_square(int64_t p, double *a, int64_t lda)
{
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i + 1; j < p; j++) {
            const double upper = a[i * lda + j];
            a[i * lda + j] = a[j * lda + i];
            a[j * lda + i] = upper;
        }
    }
}

mlsd_status mlsd__syev(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *values)
{
    if (p <= 0) return MLSD_OK;
    MLSD__TRY(check_sizes("eigenvalues", p, p, lda));
    MLSD__TRY(check_finite("eigenvalues", p, p, a, lda, true));
    if (is_exact()) return mlsd__exact_syev(scope, p, a, lda, values);

    const int ld = stride(lda, p);
    double work_size = 0;
    int int_size = 0;
    if (LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', (int)p, a, ld, values, &work_size, -1,
                            &int_size, -1) != 0)
        return did_not_converge("eigenvalues", p);

    const int n_work = workspace(work_size);
    mlsd_status st = MLSD_E_NOMEM;
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    int *const int_work = mlsd__alloc_raw(scope->allocator, int_size, sizeof *int_work);
    if (work == NULL || int_work == NULL) goto out;
    st = MLSD_OK;
    if (LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'L', (int)p, a, ld, values, work, n_work,
                            int_work, int_size) != 0)
        st = did_not_converge("eigenvalues", p);
    else
        transpose_square(p, a, lda);
out:
    mlsd__free(scope->allocator, work);
    mlsd__free(scope->allocator, int_work);
    return st;
}

mlsd_status mlsd__tridiagonal(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *d,
                              double *e, double *tau)
{
    if (p <= 0) return MLSD_OK;
    MLSD__TRY(check_sizes("a tridiagonal form", p, p, lda));
    MLSD__TRY(check_finite("a tridiagonal form", p, p, a, lda, true));
    if (is_exact()) return mlsd__exact_tridiagonal(scope, p, a, lda, d, e, tau);
    double work_size = 0;
    (void)LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', (int)p, a, stride(lda, p), d, e, tau,
                              &work_size, -1);
    const int n_work = workspace(work_size);
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    if (work == NULL) return MLSD_E_NOMEM;
    (void)LAPACKE_dsytrd_work(LAPACK_COL_MAJOR, 'L', (int)p, a, stride(lda, p), d, e, tau, work,
                              n_work);
    mlsd__free(scope->allocator, work);
    return MLSD_OK;
}

mlsd_status mlsd__tridiagonal_turn(mlsd__scope *scope, bool trans, int64_t p, const double *a,
                                   int64_t lda, const double *tau, int64_t m, double *rows)
{
    if (p <= 0 || m <= 0) return MLSD_OK;
    if (is_exact()) {
        mlsd__exact_tridiagonal_turn(trans, p, a, lda, tau, m, rows);
        return MLSD_OK;
    }
    MLSD__TRY(check_sizes("turning rows", m, p, lda));
    const char side = 'L', op = trans ? 'T' : 'N';
    const int ld = stride(p, p);
    double work_size = 0;
    (void)LAPACKE_dormtr_work(LAPACK_COL_MAJOR, side, 'L', op, (int)p, (int)m, a, stride(lda, p),
                              tau, rows, ld, &work_size, -1);
    const int n_work = workspace(work_size);
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    if (work == NULL) return MLSD_E_NOMEM;
    (void)LAPACKE_dormtr_work(LAPACK_COL_MAJOR, side, 'L', op, (int)p, (int)m, a, stride(lda, p),
                              tau, rows, ld, work, n_work);
    mlsd__free(scope->allocator, work);
    return MLSD_OK;
}

/* Column-major copy of a row-major matrix, a few rows at a time so that both stay in the cache. */
static void to_columns(int64_t m, int64_t n, const double *a, int64_t lda, double *columns)
{
    enum { STRIP = 16 };
    for (int64_t first = 0; first < m; first += STRIP) {
        const int64_t end = first + STRIP < m ? first + STRIP : m;
        for (int64_t j = 0; j < n; j++)
            for (int64_t i = first; i < end; i++) columns[j * m + i] = a[i * lda + j];
    }
}

/* dgelqf would take A as it stands, but is up to three times slower than a transpose and dgeqrf:
 * its reflectors are strided. */
mlsd_status mlsd__qr_r(mlsd__scope *scope, int64_t m, int64_t n, double *a, int64_t lda, double *r)
{
    if (n <= 0) return MLSD_OK;
    if (is_exact()) return mlsd__exact_qr_r(scope, m, n, a, lda, r);
    memset(r, 0, (size_t)(n * n) * sizeof *r);
    if (m <= 0) return MLSD_OK;
    MLSD__TRY(check_sizes("QR", m, n, lda));
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(m, n, &n_cells));

    const int64_t k = m < n ? m : n;
    double work_size = 0;
    (void)LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (int)m, (int)n, NULL, (int)m, NULL, &work_size, -1);
    const int n_work = workspace(work_size);
    mlsd_status st = MLSD_E_NOMEM;
    double *const columns = mlsd__alloc_raw(scope->allocator, n_cells, sizeof *columns);
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    double *const tau = mlsd__alloc_raw(scope->allocator, k, sizeof *tau);
    if (columns == NULL || work == NULL || tau == NULL) goto out;
    st = MLSD_OK;
    to_columns(m, n, a, lda, columns);
    (void)LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, (int)m, (int)n, columns, (int)m, tau, work, n_work);
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = i; j < n; j++) r[i * n + j] = columns[j * m + i];
out:
    mlsd__free(scope->allocator, columns);
    mlsd__free(scope->allocator, work);
    mlsd__free(scope->allocator, tau);
    return st;
}

/* LAPACK sees A' = V S U': its U is our V, so the two outputs change places. */
mlsd_status mlsd__svd(mlsd__scope *scope, int64_t p, double *a, double *u, double *s, double *vt)
{
    if (p <= 0) return MLSD_OK;
    MLSD__TRY(check_sizes("SVD", p, p, p));
    MLSD__TRY(check_finite("SVD", p, p, a, p, false));
    if (is_exact())
        return u != NULL ? mlsd__exact_svd(scope, p, a, u, s, vt)
                         : mlsd__exact_singular_values(scope, p, a, s);
    const char job = u == NULL ? 'N' : 'A';

    const int ld = (int)p;
    double work_size = 0;
    (void)LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, ld, ld, a, ld, s, vt, ld, u, ld, &work_size,
                              -1, NULL);
    const int n_work = workspace(work_size);
    mlsd_status st = MLSD_E_NOMEM;
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    int *const int_work = mlsd__alloc_raw(scope->allocator, 8 * p, sizeof *int_work);
    if (work == NULL || int_work == NULL) goto out;
    st = MLSD_OK;
    if (LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, ld, ld, a, ld, s, vt, ld, u, ld, work, n_work,
                            int_work) != 0)
        st = did_not_converge("SVD", p);
out:
    mlsd__free(scope->allocator, work);
    mlsd__free(scope->allocator, int_work);
    return st;
}
