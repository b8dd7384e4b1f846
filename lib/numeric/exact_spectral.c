/* exact_spectral.c - eigenvalues and singular values in a fixed order of operations: Householder
 * tridiagonalisation and implicit QL (Bowdler, Martin, Reinsch & Wilkinson 1968, Numer. Math. 11),
 * which also finds singular values without vectors, and one-sided Jacobi (Hestenes 1958). Vectors
 * are kept as rows while they are rotated. Only
 * + - * / and square roots; scaling is by powers of two. */
#include "numeric/exact.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "numeric/sum.h"

enum { MAX_SWEEPS = 60 };

static mlsd_status did_not_converge(const char *what, int64_t p)
{
    return mlsd__fail(MLSD_E_NUMERIC, "%s of a %lld x %lld matrix did not converge", what,
                      (long long)p, (long long)p);
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

/* The power of two that brings the largest value to [1/2, 1); its exponent is returned. */
static int scale_down(int64_t p, double *a, int64_t lda)
{
    double largest = 0;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++)
            if (fabs(a[i * lda + j]) > largest) largest = fabs(a[i * lda + j]);
    int exponent = 0;
    (void)frexp(largest, &exponent);
    for (int64_t i = 0; i < p && exponent != 0; i++)
        for (int64_t j = 0; j < p; j++) a[i * lda + j] = ldexp(a[i * lda + j], -exponent);
    return exponent;
}

static void swap_rows(int64_t p, double *restrict a, double *restrict b)
{
    for (int64_t j = 0; j < p; j++) {
        const double kept = a[j];
        a[j] = b[j];
        b[j] = kept;
    }
}

/* (x, y) becomes (c x - s y, s x + c y). */
static void rotate_rows(int64_t p, double c, double s, double *restrict x, double *restrict y)
{
    for (int64_t j = 0; j < p; j++) {
        const double kept = y[j];
        y[j] = s * x[j] + c * kept;
        x[j] = c * x[j] - s * kept;
    }
}

/* row += factor * other. */
static void add_scaled(int64_t n, double factor, const double *restrict other, double *restrict row)
{
    for (int64_t j = 0; j < n; j++) row[j] += factor * other[j];
}

/* Row k's tail v becomes the reflection that turns it into (diagonal, 0, ..): v[0] = 1, returns
 * tau. */
static double make_reflection(int64_t n, double *v, double *diagonal)
{
    const double head = v[0];
    *diagonal = head;
    v[0] = 1;
    if (mlsd__dot(v + 1, v + 1, n - 1) == 0) return 0;
    const double norm = sqrt(head * head + mlsd__dot(v + 1, v + 1, n - 1));
    *diagonal = head > 0 ? -norm : norm;
    for (int64_t j = 1; j < n; j++) v[j] /= head - *diagonal;
    return (*diagonal - head) / *diagonal;
}

/* A full and symmetric: d and e (e[k] couples k and k+1); the reflections stay in A's rows. */
static mlsd_status tridiagonalise(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *d,
                                  double *e, double *tau, double *w)
{
    for (int64_t k = 0; k + 1 < p; k++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n = p - k - 1;
        double *const v = a + k * lda + k + 1;
        double *const rest = a + (k + 1) * lda + k + 1;
        d[k] = a[k * lda + k];
        tau[k] = make_reflection(n, v, &e[k]);
        if (tau[k] == 0) continue;
        memset(w, 0, (size_t)n * sizeof *w);
        for (int64_t i = 0; i < n; i++) add_scaled(n, tau[k] * v[i], rest + i * lda, w);
        add_scaled(n, -(tau[k] / 2) * mlsd__dot(v, w, n), v, w);
        for (int64_t i = 0; i < n; i++) {
            double *restrict const row = rest + i * lda;
            for (int64_t j = 0; j < n; j++) row[j] -= v[i] * w[j] + w[i] * v[j];
        }
    }
    d[p - 1] = a[(p - 1) * lda + p - 1];
    e[p - 1] = 0;
    return MLSD_OK;
}

/* The product of the reflections, in place of them: from the last, each meets an identity before
 * its own rows. */
static mlsd_status accumulate_reflections(mlsd__scope *scope, int64_t p, double *a, int64_t lda,
                                          const double *tau, double *v, double *w)
{
    for (int64_t k = p - 1; k >= 0; k--) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n = p - k - 1;
        double *const rest = a + (k + 1) * lda + k + 1;
        memcpy(v, a + k * lda + k + 1, (size_t)n * sizeof *v);
        for (int64_t j = k; j < p; j++) a[k * lda + j] = a[j * lda + k] = j == k;
        if (n == 0 || tau[k] == 0) continue;
        memset(w, 0, (size_t)n * sizeof *w);
        for (int64_t i = 0; i < n; i++) add_scaled(n, v[i], rest + i * lda, w);
        for (int64_t i = 0; i < n; i++) add_scaled(n, -(tau[k] * v[i]), w, rest + i * lda);
    }
    return MLSD_OK;
}

static double length(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* One implicit QL step on l .. m; the rows of z, of `width` numbers, turn with it. */
static void ql_step(int64_t l, int64_t m, double *d, double *e, int64_t width, double *z,
                    int64_t ldz)
{
    const double g0 = (d[l + 1] - d[l]) / (2 * e[l]);
    /* Beyond 1e150 the square would overflow and the 1 is lost anyway. */
    const double r0 = fabs(g0) < 1e150 ? length(g0, 1) : fabs(g0);
    double g = d[m] - d[l] + e[l] / (g0 + copysign(r0, g0));
    double s = 1, c = 1, shift = 0;
    for (int64_t i = m - 1; i >= l; i--) {
        const double f = s * e[i], b = c * e[i];
        const double r = length(f, g);
        e[i + 1] = r;
        if (r == 0) {
            d[i + 1] -= shift;
            e[m] = 0;
            return;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - shift;
        const double t = (d[i] - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
        if (width > 0) rotate_rows(width, c, s, z + i * ldz, z + (i + 1) * ldz);
    }
    d[l] -= shift;
    e[l] = g;
    e[m] = 0;
}

static mlsd_status ql(mlsd__scope *scope, const char *what, int64_t p, double *d, double *e,
                      int64_t width, double *z, int64_t ldz)
{
    for (int64_t l = 0; l < p; l++) {
        for (int sweep = 0;; sweep++) {
            int64_t m = l;
            while (m + 1 < p && fabs(e[m]) > DBL_EPSILON / 2 * (fabs(d[m]) + fabs(d[m + 1])) &&
                   fabs(e[m]) > DBL_MIN)
                m++;
            if (m == l) break;
            if (sweep == MAX_SWEEPS) return did_not_converge(what, p);
            MLSD__TRY(mlsd__checkpoint(scope));
            ql_step(l, m, d, e, width, z, ldz);
        }
    }
    return MLSD_OK;
}

/* By selection: p swaps at the most, ties stay in place. `sign` -1 for descending. */
static void sort_rows(int64_t p, double sign, double *values, double *a, int64_t lda, double *b)
{
    for (int64_t i = 0; i + 1 < p; i++) {
        int64_t best = i;
        for (int64_t j = i + 1; j < p; j++)
            if (sign * values[j] < sign * values[best]) best = j;
        if (best == i) continue;
        const double kept = values[i];
        values[i] = values[best];
        values[best] = kept;
        swap_rows(p, a + i * lda, a + best * lda);
        if (b != NULL) swap_rows(p, b + i * p, b + best * p);
    }
}

mlsd_status mlsd__exact_syev(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *values)
{
    if (p <= 0) return MLSD_OK;
    int64_t n_work = 0;
    MLSD__TRY(mlsd__mul_size(p, 4, &n_work));
    double *const work = mlsd__alloc_raw(scope->allocator, n_work, sizeof *work);
    if (work == NULL) return MLSD_E_NOMEM;
    double *const e = work, *const tau = e + p, *const v = tau + p, *const w = v + p;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = i + 1; j < p; j++) a[j * lda + i] = a[i * lda + j];
    const int exponent = scale_down(p, a, lda);
    tau[p - 1] = 0;
    mlsd_status status = tridiagonalise(scope, p, a, lda, values, e, tau, w);
    if (status == MLSD_OK) status = accumulate_reflections(scope, p, a, lda, tau, v, w);
    if (status == MLSD_OK) {
        transpose_square(p, a, lda);
        status = ql(scope, "eigenvalues", p, values, e, p, a, lda);
    }
    if (status == MLSD_OK) {
        sort_rows(p, 1, values, a, lda, NULL);
        transpose_square(p, a, lda);
        for (int64_t i = 0; i < p; i++) values[i] = ldexp(values[i], exponent);
    }
    mlsd__free(scope->allocator, work);
    return status;
}

mlsd_status mlsd__exact_tridiagonal(mlsd__scope *scope, int64_t p, double *a, int64_t lda,
                                    double *d, double *e, double *tau)
{
    double *const work = mlsd__alloc_raw(scope->allocator, 2 * p, sizeof *work);
    if (work == NULL) return MLSD_E_NOMEM;
    double *const beside = work + p;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = i + 1; j < p; j++) a[j * lda + i] = a[i * lda + j];
    const int exponent = scale_down(p, a, lda);
    tau[p - 1] = 0;
    const mlsd_status status = tridiagonalise(scope, p, a, lda, d, beside, tau, work);
    for (int64_t i = 0; status == MLSD_OK && i < p; i++) {
        d[i] = ldexp(d[i], exponent);
        if (i + 1 < p) e[i] = ldexp(beside[i], exponent);
    }
    mlsd__free(scope->allocator, work);
    return status;
}

/* Q is the product of the reflections in their order: Q'x meets the first one first. */
void mlsd__exact_tridiagonal_turn(bool trans, int64_t p, const double *a, int64_t lda,
                                  const double *tau, int64_t m, double *rows)
{
    for (int64_t i = 0; i < m; i++) {
        double *const row = rows + i * p;
        for (int64_t step = 0; step + 1 < p; step++) {
            const int64_t k = trans ? step : p - 2 - step, n = p - k - 1;
            const double *const v = a + k * lda + k + 1;
            if (tau[k] != 0)
                add_scaled(n, -(tau[k] * mlsd__dot(v, row + k + 1, n)), v, row + k + 1);
        }
    }
}

/* Householder reflections from both sides (Golub & Kahan 1965, SIAM J. Numer. Anal. 2): what stays
 * are the diagonal and the one above it, in turns in b. */
static mlsd_status bidiagonalise(mlsd__scope *scope, int64_t p, double *a, double *b, double *v,
                                 double *w)
{
    for (int64_t k = 0; k < p; k++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n_right = p - k - 1;
        for (int64_t i = k; i < p; i++) v[i - k] = a[i * p + k];
        double tau = make_reflection(p - k, v, &b[2 * k]);
        if (n_right == 0) break;
        memset(w, 0, (size_t)n_right * sizeof *w);
        for (int64_t i = k; i < p && tau != 0; i++)
            add_scaled(n_right, v[i - k], a + i * p + k + 1, w);
        for (int64_t i = k; i < p && tau != 0; i++)
            add_scaled(n_right, -(tau * v[i - k]), w, a + i * p + k + 1);
        double *const above = a + k * p + k + 1;
        tau = make_reflection(n_right, above, &b[2 * k + 1]);
        for (int64_t i = k + 1; i < p && tau != 0; i++) {
            double *const row = a + i * p + k + 1;
            add_scaled(n_right, -(tau * mlsd__dot(row, above, n_right)), above, row);
        }
    }
    return MLSD_OK;
}

/* The singular values of a bidiagonal matrix are the eigenvalues above 0 of the tridiagonal one
 * with diagonal 0 that has its numbers in turns (Golub & Kahan 1965, section 3). */
mlsd_status mlsd__exact_singular_values(mlsd__scope *scope, int64_t p, double *a, double *s)
{
    int64_t n_work = 0;
    MLSD__TRY(mlsd__mul_size(p, 6, &n_work));
    double *const work = mlsd__alloc(scope->allocator, n_work, sizeof *work);
    if (work == NULL) return MLSD_E_NOMEM;
    double *const d = work, *const e = d + 2 * p, *const v = e + 2 * p, *const w = v + p;
    const int exponent = scale_down(p, a, p);
    mlsd_status status = bidiagonalise(scope, p, a, e, v, w);
    if (status == MLSD_OK) {
        e[2 * p - 1] = 0;
        status = ql(scope, "SVD", 2 * p, d, e, 0, NULL, 0);
    }
    for (int64_t i = 0; status == MLSD_OK && i < p; i++) {
        int64_t best = i;
        for (int64_t j = i + 1; j < 2 * p; j++)
            if (d[j] > d[best]) best = j;
        s[i] = d[best] > 0 ? ldexp(d[best], exponent) : 0;
        d[best] = d[i];
    }
    mlsd__free(scope->allocator, work);
    return status;
}

/* Squared length beside a largest value of 1/2 to 1 from which on a column is noise: with more
 * columns than rank there is no other way to be orthogonal than to vanish. */
static const double NOISE = 0x1p-140;

/* Rows i and j of W (columns of A) become orthogonal; false when they were. */
static bool orthogonalise(int64_t p, double *wi, double *wj, double *vi, double *vj)
{
    const double ii = mlsd__dot(wi, wi, p), jj = mlsd__dot(wj, wj, p), ij = mlsd__dot(wi, wj, p);
    if (ii < NOISE) memset(wi, 0, (size_t)p * sizeof *wi);
    if (jj < NOISE) memset(wj, 0, (size_t)p * sizeof *wj);
    if (ii < NOISE || jj < NOISE) return false;
    if (ij == 0 || fabs(ij) <= DBL_EPSILON * sqrt((double)p) * sqrt(ii) * sqrt(jj)) return false;
    const double zeta = (jj - ii) / (2 * ij);
    const double root = fabs(zeta) < 1e150 ? length(zeta, 1) : fabs(zeta);
    const double t = copysign(1, zeta) / (fabs(zeta) + root);
    const double c = 1 / length(t, 1);
    rotate_rows(p, c, c * t, wi, wj);
    rotate_rows(p, c, c * t, vi, vj);
    return true;
}

/* Rows from `rank` on: the unit vectors' parts that are orthogonal to what is there. */
static void complete_rows(int64_t p, int64_t rank, double *rows)
{
    for (int64_t unit = 0; rank < p && unit < p; unit++) {
        double *const row = rows + rank * p;
        memset(row, 0, (size_t)p * sizeof *row);
        row[unit] = 1;
        for (int pass = 0; pass < 2; pass++)
            for (int64_t i = 0; i < rank; i++)
                add_scaled(p, -mlsd__dot(rows + i * p, row, p), rows + i * p, row);
        const double norm = sqrt(mlsd__dot(row, row, p));
        if (norm * norm * 2 * (double)p < 1) continue;
        for (int64_t j = 0; j < p; j++) row[j] /= norm;
        rank++;
    }
}

mlsd_status mlsd__exact_svd(mlsd__scope *scope, int64_t p, double *a, double *u, double *s,
                            double *vt)
{
    const int exponent = scale_down(p, a, p);
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) {
            u[j * p + i] = a[i * p + j];
            vt[i * p + j] = i == j;
        }
    bool moved = true;
    for (int sweep = 0; moved; sweep++) {
        if (sweep == MAX_SWEEPS) return did_not_converge("SVD", p);
        moved = false;
        for (int64_t i = 0; i < p; i++) {
            MLSD__TRY(mlsd__checkpoint(scope));
            for (int64_t j = i + 1; j < p; j++)
                if (orthogonalise(p, u + i * p, u + j * p, vt + i * p, vt + j * p)) moved = true;
        }
    }
    for (int64_t i = 0; i < p; i++) s[i] = sqrt(mlsd__dot(u + i * p, u + i * p, p));
    sort_rows(p, -1, s, u, p, vt);
    int64_t rank = 0;
    while (rank < p && s[rank] > 0) rank++;
    for (int64_t i = 0; i < rank; i++)
        for (int64_t j = 0; j < p; j++) u[i * p + j] /= s[i];
    complete_rows(p, rank, u);
    transpose_square(p, u, p);
    for (int64_t i = 0; i < p; i++) s[i] = ldexp(s[i], exponent);
    return MLSD_OK;
}
