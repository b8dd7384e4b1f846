/* exact_product.c - products whose bits depend on nothing but their input: tile_product.c's sums by
 * multiplying, then adding, and products with a vector that have the same bits as those with a
 * matrix of one column, so that a row predicted alone and a row among many agree. */
#include "numeric/exact.h"

#include <string.h>

enum { DEPTH = MLSD__TILE_DEPTH, TILE = 64, LANES = 8 };

const char *mlsd__exact_name(void)
{
#if defined(__aarch64__)
    static const char base[] = "neon";
#elif defined(__x86_64__)
    static const char base[] = "sse2";
#else
    static const char base[] = "plain";
#endif
    const mlsd__tile_isa best = mlsd__tile_best(false);
    return best == MLSD__TILE_AVX512 ? "avx512" : best == MLSD__TILE_AVX2 ? "avx2" : base;
}

void mlsd__exact_gemm(bool only_upper, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                      double alpha, const double *a, int64_t lda, const double *b, int64_t ldb,
                      double beta, double *c, int64_t ldc)
{
    mlsd__tile_gemm(mlsd__tile_best(false), only_upper, trans_a, trans_b, m, n, k, alpha, a, lda, b,
                    ldb, beta, c, ldc);
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void scale(int64_t n, double beta, double *y)
{
    for (int64_t i = 0; i < n && beta != 1; i++) y[i] = beta == 0 ? 0 : beta * y[i];
}

/* Sums of up to TILE columns, row after row. */
static void gemv_columns(int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                         const double *x, double *y)
{
    double sum[TILE];
    for (int64_t first = 0; first < m; first += DEPTH) {
        const int64_t end = least(first + DEPTH, m);
        for (int64_t j = 0; j < n; j += TILE) {
            const int64_t width = least(TILE, n - j);
            memset(sum, 0, sizeof sum);
            for (int64_t i = first; i < end; i++) {
                const double *restrict const row = a + i * lda + j;
                for (int64_t c = 0; c < width; c++) sum[c] += row[c] * x[i];
            }
            for (int64_t c = 0; c < width; c++) y[j + c] += alpha * sum[c];
        }
    }
}

/* Eight rows at a time: sums that do not wait for each other. */
static void gemv_rows(int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                      const double *x, double *y)
{
    for (int64_t i = 0; i < m; i += LANES) {
        const int64_t height = least(LANES, m - i);
        for (int64_t first = 0; first < n; first += DEPTH) {
            const int64_t end = least(first + DEPTH, n);
            double sum[LANES] = {0};
            if (height == LANES) {
                for (int64_t j = first; j < end; j++)
                    for (int r = 0; r < LANES; r++) sum[r] += a[(i + r) * lda + j] * x[j];
            } else {
                for (int64_t r = 0; r < height; r++)
                    for (int64_t j = first; j < end; j++) sum[r] += a[(i + r) * lda + j] * x[j];
            }
            for (int64_t r = 0; r < height; r++) y[i + r] += alpha * sum[r];
        }
    }
}

void mlsd__exact_gemv(bool trans, int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                      const double *x, double beta, double *y)
{
    scale(trans ? n : m, beta, y);
    (trans ? gemv_columns : gemv_rows)(m, n, alpha, a, lda, x, y);
}
