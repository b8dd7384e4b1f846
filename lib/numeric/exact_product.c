/* exact_product.c - products of matrices whose bits depend on nothing but their input. Each cell is
 * a sum over k in order, multiply then add, carried on from block to block of k; vectors run across
 * cells, so that the width of a vector changes no bit. The build forbids contraction to fused
 * multiply-add, without which none of this would hold. */
#include "numeric/exact.h"

#include <string.h>

/* A tile of C and its strips of A and B lie on the stack, 96 KiB together. Rows of the strips are
 * padded: with a power of two they would compete for the same few sets of the cache. */
enum { TILE = 64, DEPTH = 64, PADDED = 72, GROUP = 16, LANES = 8 };

typedef struct strip {
    const double *data;
    int64_t k_stride, stride; /* between terms of a sum, between cells */
} strip;

/* packed[l][i] for terms first .. first + depth - 1; cells from `width` on become 0. */
static void pack(strip s, int64_t origin, int64_t width, int64_t first, int64_t depth,
                 double packed[DEPTH][PADDED])
{
    const double *const from = s.data + origin * s.stride + first * s.k_stride;
    if (s.stride == 1) {
        for (int64_t l = 0; l < depth; l++)
            memcpy(packed[l], from + l * s.k_stride, (size_t)width * sizeof(double));
    } else {
        for (int64_t i = 0; i < width; i++)
            for (int64_t l = 0; l < depth; l++) packed[l][i] = from[i * s.stride + l * s.k_stride];
    }
    const int64_t padded = (width + GROUP - 1) / GROUP * GROUP;
    for (int64_t l = 0; l < depth; l++)
        for (int64_t i = width; i < padded; i++) packed[l][i] = 0;
}

typedef void (*tile_fn)(int64_t m, int64_t n, int64_t depth, const double a[DEPTH][PADDED],
                        const double b[DEPTH][PADDED], double sums[TILE][TILE]);

/* For one instruction set: ROWS x 2 vectors of `BYTES` bytes stay in registers while k runs. The
 * compiler splits vectors wider than its registers badly, hence one type for each. The tile is
 * walked through in whole groups of cells; those beyond m and n are 0 and never stored. */
#define DEFINE_TILE(NAME, TARGET, BYTES, ROWS)                                                  \
    typedef double NAME##_vec __attribute__((vector_size(BYTES), aligned(8), may_alias));       \
    TARGET static void NAME(int64_t m, int64_t n, int64_t depth, const double a[DEPTH][PADDED], \
                            const double b[DEPTH][PADDED], double sums[TILE][TILE])             \
    {                                                                                           \
        enum { WIDTH = BYTES / 8 };                                                             \
        for (int64_t j = 0; j < n; j += 2 * WIDTH) {                                            \
            for (int64_t i = 0; i < m; i += ROWS) {                                             \
                NAME##_vec s[ROWS], t[ROWS];                                                    \
                for (int r = 0; r < ROWS; r++) {                                                \
                    s[r] = *(const NAME##_vec *)&sums[i + r][j];                                \
                    t[r] = *(const NAME##_vec *)&sums[i + r][j + WIDTH];                        \
                }                                                                               \
                for (int64_t l = 0; l < depth; l++) {                                           \
                    const NAME##_vec x = *(const NAME##_vec *)&b[l][j];                         \
                    const NAME##_vec y = *(const NAME##_vec *)&b[l][j + WIDTH];                 \
                    _Pragma("GCC unroll 8") for (int r = 0; r < ROWS; r++)                      \
                    {                                                                           \
                        s[r] += a[l][i + r] * x;                                                \
                        t[r] += a[l][i + r] * y;                                                \
                    }                                                                           \
                }                                                                               \
                for (int r = 0; r < ROWS; r++) {                                                \
                    *(NAME##_vec *)&sums[i + r][j] = s[r];                                      \
                    *(NAME##_vec *)&sums[i + r][j + WIDTH] = t[r];                              \
                }                                                                               \
            }                                                                                   \
        }                                                                                       \
    }

DEFINE_TILE(tile_base, , 16, 4)

#if defined(__x86_64__)
#define BASE_NAME "sse2"
#elif defined(__aarch64__)
#define BASE_NAME "neon"
#else
#define BASE_NAME "plain"
#endif

#if defined(__x86_64__)
DEFINE_TILE(tile_avx2, __attribute__((target("avx2"))), 32, 4)
DEFINE_TILE(tile_avx512, __attribute__((target("avx512f"))), 64, 8)

bool mlsd__exact_has(mlsd__exact_isa isa)
{
    if (isa == MLSD__EXACT_AVX512) return __builtin_cpu_supports("avx512f");
    if (isa == MLSD__EXACT_AVX2) return __builtin_cpu_supports("avx2");
    return isa == MLSD__EXACT_BASE;
}
#else
#define tile_avx2 tile_base
#define tile_avx512 tile_base

bool mlsd__exact_has(mlsd__exact_isa isa)
{
    return isa == MLSD__EXACT_BASE;
}
#endif

static const tile_fn tiles[MLSD__EXACT_N_ISAS] = {tile_base, tile_avx2, tile_avx512};

mlsd__exact_isa mlsd__exact_best(void)
{
    if (mlsd__exact_has(MLSD__EXACT_AVX512)) return MLSD__EXACT_AVX512;
    return mlsd__exact_has(MLSD__EXACT_AVX2) ? MLSD__EXACT_AVX2 : MLSD__EXACT_BASE;
}

const char *mlsd__exact_name(mlsd__exact_isa isa)
{
    static const char *const names[MLSD__EXACT_N_ISAS] = {BASE_NAME, "avx2", "avx512"};
    return names[isa];
}

static void store(int64_t m, int64_t n, int64_t first_of_row, double alpha,
                  const double sums[TILE][TILE], double beta, double *c, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        const int64_t from = first_of_row + i > 0 ? first_of_row + i : 0;
        double *const row = c + i * ldc;
        if (beta == 0)
            for (int64_t j = from; j < n; j++) row[j] = alpha * sums[i][j];
        else
            for (int64_t j = from; j < n; j++) row[j] = alpha * sums[i][j] + beta * row[j];
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void mlsd__exact_gemm_on(mlsd__exact_isa isa, bool only_upper, bool trans_a, bool trans_b,
                         int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                         int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                         int64_t ldc)
{
    const strip of_a = trans_a ? (strip){a, lda, 1} : (strip){a, 1, lda};
    const strip of_b = trans_b ? (strip){b, 1, ldb} : (strip){b, ldb, 1};
    double sums[TILE][TILE], packed_a[DEPTH][PADDED], packed_b[DEPTH][PADDED];
    for (int64_t i = 0; i < m; i += TILE) {
        const int64_t height = least(TILE, m - i);
        for (int64_t j = only_upper ? i : 0; j < n; j += TILE) {
            const int64_t width = least(TILE, n - j);
            memset(sums, 0, sizeof sums);
            for (int64_t l = 0; l < k; l += DEPTH) {
                const int64_t depth = least(DEPTH, k - l);
                pack(of_a, i, height, l, depth, packed_a);
                pack(of_b, j, width, l, depth, packed_b);
                tiles[isa](height, width, depth, (const double(*)[PADDED])packed_a,
                           (const double(*)[PADDED])packed_b, sums);
            }
            store(height, width, only_upper ? i - j : -TILE, alpha, (const double(*)[TILE])sums,
                  beta, c + i * ldc + j, ldc);
        }
    }
}

void mlsd__exact_gemm(bool only_upper, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                      double alpha, const double *a, int64_t lda, const double *b, int64_t ldb,
                      double beta, double *c, int64_t ldc)
{
    mlsd__exact_gemm_on(mlsd__exact_best(), only_upper, trans_a, trans_b, m, n, k, alpha, a, lda, b,
                        ldb, beta, c, ldc);
}

static void scale_into(int64_t n, double alpha, const double *sum, double beta, double *y)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = beta == 0 ? alpha * sum[i] : alpha * sum[i] + beta * y[i];
}

/* Sums of up to TILE columns, row after row. */
static void gemv_columns(int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                         const double *x, double beta, double *y)
{
    double sum[TILE];
    for (int64_t j = 0; j < n; j += TILE) {
        const int64_t width = least(TILE, n - j);
        memset(sum, 0, sizeof sum);
        for (int64_t i = 0; i < m; i++) {
            const double *restrict const row = a + i * lda + j;
            for (int64_t c = 0; c < width; c++) sum[c] += row[c] * x[i];
        }
        scale_into(width, alpha, sum, beta, y + j);
    }
}

/* Eight rows at a time: sums that do not wait for each other. */
static void gemv_rows(int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                      const double *x, double beta, double *y)
{
    for (int64_t i = 0; i < m; i += LANES) {
        const int64_t height = least(LANES, m - i);
        double sum[LANES] = {0};
        if (height == LANES) {
            for (int64_t j = 0; j < n; j++)
                for (int r = 0; r < LANES; r++) sum[r] += a[(i + r) * lda + j] * x[j];
        } else {
            for (int64_t r = 0; r < height; r++)
                for (int64_t j = 0; j < n; j++) sum[r] += a[(i + r) * lda + j] * x[j];
        }
        scale_into(height, alpha, sum, beta, y + i);
    }
}

void mlsd__exact_gemv(bool trans, int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                      const double *x, double beta, double *y)
{
    (trans ? gemv_columns : gemv_rows)(m, n, alpha, a, lda, x, beta, y);
}
