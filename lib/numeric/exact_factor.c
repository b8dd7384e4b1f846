/* exact_factor.c - Cholesky and QR in a fixed order of operations, on the products of
 * exact_product.c. Only + - * / and square roots, which IEEE 754 rounds alike everywhere. */
#include "numeric/exact.h"

#include <math.h>
#include <string.h>

#include "numeric/sum.h"

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

/* Columns of a panel, which is factorised alone before its reflections are applied to the columns
 * behind it all at once. Part of the results' definition. */
enum { PANEL = 24 };

/* Length of a vector whose largest value is `largest`, so that squares neither overflow nor vanish.
 */
static double length(int64_t n, const double *v, double largest)
{
    double sum = 0;
    for (int64_t first = 0; first < n; first += BAND) {
        double part[BAND];
        const int64_t size = n - first < BAND ? n - first : BAND;
        for (int64_t i = 0; i < size; i++) part[i] = v[first + i] / largest;
        sum += mlsd__dot(part, part, size);
    }
    return largest * sqrt(sum);
}

/* v becomes the reflection (1, below) that turns it into (diagonal, 0, ..), with LAPACK's signs
 * (dlarfg). Returns tau, 0 where nothing is to be done. */
static double make_reflection(int64_t n, double *v, double *diagonal)
{
    const double head = v[0];
    double largest = 0;
    bool has_nan = false;
    for (int64_t i = 1; i < n; i++) {
        const double size = fabs(v[i]);
        has_nan |= isnan(size);
        if (size > largest) largest = size;
    }
    *diagonal = head;
    v[0] = 1;
    if (largest == 0 && !has_nan) return 0;
    v[0] = head;
    const double whole = fabs(head) > largest ? fabs(head) : largest;
    const double norm = has_nan || isnan(head) ? NAN
                        : isinf(whole)         ? INFINITY
                                               : length(n, v, whole);
    *diagonal = head > 0 ? -norm : norm;
    const double divisor = head - *diagonal;
    for (int64_t i = 1; i < n; i++) v[i] /= divisor;
    v[0] = 1;
    return (*diagonal - head) / *diagonal;
}

/* A panel of `width` columns, each of n_rows numbers in a row of v. R's cells go to r; v keeps the
 * reflections, 0 above their 1. Returns how many there are. */
static int64_t factor_panel(int64_t n_rows, int64_t width, double *v, double *tau, double *r,
                            int64_t ldr)
{
    const int64_t n_steps = width < n_rows ? width : n_rows;
    for (int64_t j = 0; j < n_steps; j++) {
        double *const own = v + j * n_rows + j;
        double diagonal = 0;
        tau[j] = make_reflection(n_rows - j, own, &diagonal);
        for (int64_t c = j + 1; c < width && tau[j] != 0; c++) {
            double *const other = v + c * n_rows + j;
            take_off(n_rows - j, tau[j] * mlsd__dot(own, other, n_rows - j), own, other);
        }
        for (int64_t i = 0; i < j; i++) {
            r[i * ldr + j] = v[j * n_rows + i];
            v[j * n_rows + i] = 0;
        }
        r[j * ldr + j] = diagonal;
    }
    for (int64_t j = n_steps; j < width; j++)
        for (int64_t i = 0; i < n_rows; i++) r[i * ldr + j] = v[j * n_rows + i];
    return n_steps;
}

/* The product of k reflections is I - V T V': Schreiber & Van Loan (1989), SIAM J. Sci. Stat.
 * Comput. 10(1). t holds V'V before (upper) and T after, each k x k. */
static void make_block_factor(int64_t k, const double *tau, double *t)
{
    for (int64_t j = 0; j < k; j++) {
        double column[PANEL];
        for (int64_t i = 0; i < j; i++) {
            column[i] = 0;
            for (int64_t l = i; l < j; l++) column[i] += t[i * k + l] * t[l * k + j];
        }
        for (int64_t i = 0; i < j; i++) t[i * k + j] = -tau[j] * column[i];
        t[j * k + j] = tau[j];
    }
}

/* A -= V (T' (V'A)): n_rows x n, w is room for k x n. */
static void apply_block(int64_t n_rows, int64_t n, int64_t k, const double *v, const double *t,
                        double *a, int64_t lda, double *w)
{
    mlsd__exact_gemm(false, false, false, k, n, n_rows, 1, v, n_rows, a, lda, 0, w, n);
    for (int64_t j = k - 1; j >= 0; j--) {
        double *restrict const row = w + j * n;
        for (int64_t c = 0; c < n; c++) row[c] *= t[j * k + j];
        for (int64_t i = 0; i < j; i++) take_off(n, -t[i * k + j], w + i * n, row);
    }
    mlsd__exact_gemm(false, true, false, n_rows, n, k, -1, v, n_rows, w, n, 1, a, lda);
}

/* Columns first .. first + width - 1 of the rows from `first` on, and what they do to the columns
 * behind them. room is for PANEL (m + n + PANEL + 1). */
static void factor_columns(int64_t first, int64_t width, int64_t m, int64_t n, double *a,
                           int64_t lda, double *r, double *room)
{
    const int64_t n_rows = m - first, n_behind = n - first - width;
    double *const v = room, *const w = v + PANEL * m, *const t = w + PANEL * n;
    double *const tau = t + PANEL * PANEL;
    double *const corner = a + first * lda + first, *const out = r + first * n + first;
    for (int64_t i = 0; i < n_rows; i++)
        for (int64_t j = 0; j < width; j++) v[j * n_rows + i] = corner[i * lda + j];
    const int64_t k = factor_panel(n_rows, width, v, tau, out, n);
    if (n_behind <= 0) return;
    mlsd__exact_gemm(true, false, true, k, k, n_rows, 1, v, n_rows, v, n_rows, 0, t, k);
    make_block_factor(k, tau, t);
    apply_block(n_rows, n_behind, k, v, t, corner + width, lda, w);
    for (int64_t i = 0; i < k; i++)
        memcpy(out + i * n + width, corner + i * lda + width, (size_t)n_behind * sizeof *out);
}

mlsd_status mlsd__exact_qr_r(mlsd__scope *scope, int64_t m, int64_t n, double *a, int64_t lda,
                             double *r)
{
    if (n <= 0) return MLSD_OK;
    memset(r, 0, (size_t)(n * n) * sizeof *r);
    if (m <= 0) return MLSD_OK;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(PANEL, m + n + PANEL + 1, &size));
    double *const room = mlsd__alloc_raw(scope->allocator, size, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t first = 0; first < n && first < m && status == MLSD_OK; first += PANEL) {
        const int64_t width = n - first < PANEL ? n - first : PANEL;
        factor_columns(first, width, m, n, a, lda, r, room);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, room);
    return status;
}
