/* exact_factor.c - Cholesky and QR in a fixed order of operations, on the products of
 * exact_product.c. Only + - * / and square roots, which IEEE 754 rounds alike everywhere. */
#include "numeric/exact.h"

#include <math.h>
#include <string.h>

/* Part of the results' definition: changing it changes bits. */
enum { BAND = 64 };

/* Rows `first` .. `end`-1 of U, to the last column, once the rows above have been taken off. */
static bool factor_band(int64_t first, int64_t end, int64_t p, double *a, int64_t lda)
{
    for (int64_t k = first; k < end; k++) {
        double *restrict const row = a + k * lda;
        if (!(row[k] > 0) || isinf(row[k])) return false;
        const double pivot = sqrt(row[k]);
        row[k] = pivot;
        for (int64_t j = k + 1; j < p; j++) row[j] /= pivot;
        for (int64_t i = k + 1; i < end; i++) {
            double *restrict const below = a + i * lda;
            const double factor = row[i];
            for (int64_t j = i; j < p; j++) below[j] -= factor * row[j];
        }
    }
    return true;
}

void mlsd__exact_potrf(int64_t p, double *a, int64_t lda, bool *out_ok)
{
    *out_ok = false;
    for (int64_t first = 0; first < p; first += BAND) {
        const int64_t end = first + BAND < p ? first + BAND : p;
        mlsd__exact_gemm(true, true, false, end - first, p - first, first, -1, a + first, lda,
                         a + first, lda, 1, a + first * lda + first, lda);
        if (!factor_band(first, end, p, a, lda)) return;
    }
    *out_ok = true;
}

/* row -= factor * other. */
static void take_off(int64_t n, double factor, const double *restrict other, double *restrict row)
{
    for (int64_t j = 0; j < n; j++) row[j] -= factor * other[j];
}

void mlsd__exact_trsm(bool trans, int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                      int64_t ldb)
{
    if (trans) {
        for (int64_t k = 0; k < p; k++) {
            const double *const row = u + k * ldu;
            for (int64_t j = 0; j < nrhs; j++) b[k * ldb + j] /= row[k];
            for (int64_t i = k + 1; i < p; i++) take_off(nrhs, row[i], b + k * ldb, b + i * ldb);
        }
        return;
    }
    for (int64_t i = p - 1; i >= 0; i--) {
        const double *const row = u + i * ldu;
        for (int64_t k = i + 1; k < p; k++) take_off(nrhs, row[k], b + k * ldb, b + i * ldb);
        for (int64_t j = 0; j < nrhs; j++) b[i * ldb + j] /= row[i];
    }
}

void mlsd__exact_potrs(int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                       int64_t ldb)
{
    mlsd__exact_trsm(true, p, nrhs, u, ldu, b, ldb);
    mlsd__exact_trsm(false, p, nrhs, u, ldu, b, ldb);
}

/* Length of a column, by its largest value so that squares neither overflow nor vanish. */
static double column_norm(int64_t m, const double *a, int64_t lda)
{
    double largest = 0;
    for (int64_t i = 0; i < m; i++) {
        const double size = fabs(a[i * lda]);
        if (!(size <= largest)) largest = size;
        if (isnan(size)) return size;
    }
    if (largest == 0 || isinf(largest)) return largest;
    double sum = 0;
    for (int64_t i = 0; i < m; i++) {
        const double part = a[i * lda] / largest;
        sum += part * part;
    }
    return largest * sqrt(sum);
}

/* One Householder reflection, signs as in LAPACK's dlarfg; v = (1, below) is left in the column.
 * `product` is v'A of the columns to the right. */
static void reflect(int64_t m, int64_t n, double *a, int64_t lda, double *restrict product)
{
    const double head = a[0];
    if (column_norm(m - 1, a + lda, lda) == 0) return;
    const double norm = column_norm(m, a, lda);
    const double diagonal = head > 0 ? -norm : norm;
    const double tau = (diagonal - head) / diagonal;
    for (int64_t i = 1; i < m; i++) a[i * lda] /= head - diagonal;

    for (int64_t j = 1; j < n; j++) product[j] = a[j];
    for (int64_t i = 1; i < m; i++) {
        const double *restrict const row = a + i * lda;
        for (int64_t j = 1; j < n; j++) product[j] += row[0] * row[j];
    }
    for (int64_t j = 1; j < n; j++) product[j] *= tau;
    for (int64_t j = 1; j < n; j++) a[j] -= product[j];
    for (int64_t i = 1; i < m; i++) {
        double *restrict const row = a + i * lda;
        const double factor = row[0];
        for (int64_t j = 1; j < n; j++) row[j] -= factor * product[j];
    }
    a[0] = diagonal;
}

mlsd_status mlsd__exact_qr_r(mlsd__scope *scope, int64_t m, int64_t n, double *a, int64_t lda,
                             double *r)
{
    if (n <= 0) return MLSD_OK;
    memset(r, 0, (size_t)(n * n) * sizeof *r);
    if (m <= 0) return MLSD_OK;
    double *const product = mlsd__alloc_raw(scope->allocator, n, sizeof *product);
    if (product == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    const int64_t n_steps = m < n ? m : n;
    for (int64_t k = 0; k < n_steps && status == MLSD_OK; k++) {
        if (k + 1 < m) reflect(m - k, n - k, a + k * lda + k, lda, product);
        memcpy(r + k * n + k, a + k * lda + k, (size_t)(n - k) * sizeof *r);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, product);
    return status;
}
