/* near_filter.c - |q - t|^2 = |q|^2 + |t|^2 - 2 q't in floats, and how wrong that can be.
 *
 * Rows are centred and scaled by a power of two to at most 1. With x^ and y^ the floats of a query
 * and a row, N and Y their squared lengths, and s the sum that a kernel makes of offset + x^'y^:
 *
 * - each float is off by at most eps |x_j| + eta (eps = 2^-24, eta = 2^-60: what is smaller becomes
 *   0, so that products stay normal numbers). Hence |x - y| >= |x^ - y^| - d, with d at most
 *   eps (|x^| + |y^|) + 4 eta sqrt(p), and, as (a + b)^2 <= 2 a^2 + 2 b^2,
 *   |x - y|^2 >= N + Y - 2 x^'y^ - 4 eps (N + Y) - slight;
 * - a sum of p + 1 terms in any order, fused or not, is off by at most g times the sum of their
 *   absolute values, g = (p + 2) 2^-24 / (1 - (p + 2) 2^-24) (Higham 2002, Accuracy and Stability
 *   of Numerical Algorithms, section 3.1): 2 x^'y^ <= 2 (s - offset) + g (2 Y + N).
 *
 * With relative = 4 eps + 2 g and offset = -Y (1 - relative) / 2, rounded up, follows
 *   |x - y|^2 >= N (1 - relative) - slight - 2 s.
 * The error is shared out between query and row, so that a row far from the middle spoils no bound
 * but its own. Constants below are larger than needed, which covers the roundings of this file. */
#include "numeric/near_filter.h"

#include <float.h>
#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum {
    PANEL = MLSD__NEAR_PANEL,
    GROUP = MLSD__NEAR_GROUP,
    MOST_COLUMNS = 1 << 19 /* with more of them the error bound is no bound */
};

static const double ETA = 0x1p-60;
/* Queries beyond are measured against all rows: their products could overflow. */
static const double MOST_SQUARE = 0x1p80;
/* Larger than the rounding of a double to float. */
static const double FLOAT_ROUNDING = 0x1p-22;

/* One instruction set: ROWS queries x 2 vectors of sums stay in registers while the columns run.
 * MULADD(a number, a vector, sums). */
#define DEFINE_TILE(NAME, TARGET, BYTES, ROWS, MULADD)                                            \
    typedef float NAME##_vec __attribute__((vector_size(BYTES), aligned(4), may_alias));          \
    typedef int32_t NAME##_hit __attribute__((vector_size(BYTES)));                               \
    TARGET static inline bool NAME##_any(NAME##_hit hits)                                         \
    {                                                                                             \
        int32_t any = 0;                                                                          \
        for (int c = 0; c < BYTES / 4; c++) any |= hits[c];                                       \
        return any != 0;                                                                          \
    }                                                                                             \
    TARGET static bool NAME##_group(int64_t p, const float *panel, const float *offset,           \
                                    const mlsd__near_float *queries,                              \
                                    const mlsd__near_float *bound, float sums[GROUP][PANEL])      \
    {                                                                                             \
        enum { WIDTH = BYTES / 4 };                                                               \
        const NAME##_vec zero = {0};                                                              \
        NAME##_hit hits = {0};                                                                    \
        for (int c = 0; c < PANEL; c += 2 * WIDTH) {                                              \
            for (int i = 0; i < GROUP; i += ROWS) {                                               \
                NAME##_vec s[ROWS], t[ROWS];                                                      \
                for (int r = 0; r < ROWS; r++) {                                                  \
                    s[r] = *(const NAME##_vec *)(offset + c);                                     \
                    t[r] = *(const NAME##_vec *)(offset + c + WIDTH);                             \
                }                                                                                 \
                for (int64_t j = 0; j < p; j++) {                                                 \
                    const NAME##_vec x = *(const NAME##_vec *)(panel + j * PANEL + c);            \
                    const NAME##_vec y = *(const NAME##_vec *)(panel + j * PANEL + c + WIDTH);    \
                    const mlsd__near_float *const q = queries + j * GROUP + i;                    \
                    _Pragma("GCC unroll 12") for (int r = 0; r < ROWS; r++)                       \
                    {                                                                             \
                        s[r] = MULADD(q[r], x, s[r]);                                             \
                        t[r] = MULADD(q[r], y, t[r]);                                             \
                    }                                                                             \
                }                                                                                 \
                for (int r = 0; r < ROWS; r++) {                                                  \
                    const NAME##_vec least = bound[i + r] - zero;                                 \
                    *(NAME##_vec *)&sums[i + r][c] = s[r];                                        \
                    *(NAME##_vec *)&sums[i + r][c + WIDTH] = t[r];                                \
                    hits |= (s[r] >= least) | (t[r] >= least);                                    \
                }                                                                                 \
            }                                                                                     \
        }                                                                                         \
        return NAME##_any(hits);                                                                  \
    }                                                                                             \
    TARGET static bool NAME##_row(int64_t p, const float *panel, const float *offset,             \
                                  const mlsd__near_float *query, float bound, float sums[PANEL])  \
    {                                                                                             \
        enum { WIDTH = BYTES / 4, VECTORS = PANEL / WIDTH };                                      \
        const NAME##_vec zero = {0}, least = bound - zero;                                        \
        NAME##_hit hits = {0};                                                                    \
        NAME##_vec s[VECTORS];                                                                    \
        for (int v = 0; v < VECTORS; v++) s[v] = *(const NAME##_vec *)(offset + v * WIDTH);       \
        for (int64_t j = 0; j < p; j++) {                                                         \
            _Pragma("GCC unroll 8") for (int v = 0; v < VECTORS; v++)                             \
            {                                                                                     \
                s[v] =                                                                            \
                    MULADD(query[j], *(const NAME##_vec *)(panel + j * PANEL + v * WIDTH), s[v]); \
            }                                                                                     \
        }                                                                                         \
        for (int v = 0; v < VECTORS; v++) {                                                       \
            *(NAME##_vec *)(sums + v * WIDTH) = s[v];                                             \
            hits |= s[v] >= least;                                                                \
        }                                                                                         \
        return NAME##_any(hits);                                                                  \
    }

#define PLAIN_MULADD(a, x, s) ((a) * (x) + (s))
DEFINE_TILE(base, , 16, 6, PLAIN_MULADD)

#if defined(__x86_64__)
/* Fused by hand, as the build forbids the compiler to do it. */
#define AVX2_MULADD(a, x, s) \
    ((avx2_vec)_mm256_fmadd_ps(_mm256_set1_ps(a), (__m256)(x), (__m256)(s)))
#define AVX512_MULADD(a, x, s) \
    ((avx512_vec)_mm512_fmadd_ps(_mm512_set1_ps(a), (__m512)(x), (__m512)(s)))
DEFINE_TILE(avx2, __attribute__((target("avx2,fma"))), 32, 6, AVX2_MULADD)
DEFINE_TILE(avx512, __attribute__((target("avx512f,avx512dq,avx512vl,avx512bw"))), 64, 12,
            AVX512_MULADD)

static bool has(int isa)
{
    if (isa == 2)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    return isa == 0 || (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
}

static const mlsd__near_isa isas[] = {
    {base_group, base_row}, {avx2_group, avx2_row}, {avx512_group, avx512_row}};
enum { N_ISAS = 3 };
#else
static bool has(int isa)
{
    return isa == 0;
}

static const mlsd__near_isa isas[] = {{base_group, base_row}};
enum { N_ISAS = 1 };
#endif

bool mlsd__near_isa_at(int64_t i, mlsd__near_isa *out)
{
    for (int isa = N_ISAS - 1; isa >= 0; isa--) {
        if (!has(isa) || i-- > 0) continue;
        *out = isas[isa];
        return true;
    }
    return false;
}

/* Between looks whether to go on; a whole number of panels. */
enum { STRIDE = 1024 };

static mlsd_status look_up(mlsd__scope *scope, int64_t i)
{
    return scope != NULL && i % STRIDE == 0 ? mlsd__checkpoint(scope) : MLSD_OK;
}

/* Any point near the middle will do: no result depends on it. */
static mlsd_status find_origin(mlsd__scope *scope, mlsd__near_filter *f, const double *x)
{
    const double share = 1 / (double)f->n_rows;
    for (int64_t j = 0; j < f->p; j++) f->origin[j] = 0;
    for (int64_t i = 0; i < f->n_rows; i++) {
        MLSD__TRY(look_up(scope, i));
        for (int64_t j = 0; j < f->p; j++) f->origin[j] += share * (x[i * f->p + j] - x[j]);
    }
    for (int64_t j = 0; j < f->p; j++) f->origin[j] += x[j];
    double largest = 0;
    for (int64_t i = 0; i < f->n_rows; i++) {
        MLSD__TRY(look_up(scope, i));
        for (int64_t j = 0; j < f->p; j++)
            largest = fmax(largest, fabs(x[i * f->p + j] - f->origin[j]));
    }
    int exponent = 0;
    (void)frexp(largest, &exponent);
    f->scale = ldexp(1, largest > 0 ? -exponent : 0);
    return MLSD_OK;
}

double mlsd__near_query(const mlsd__near_filter *f, const double *query, mlsd__near_float *out,
                        int64_t stride)
{
    double square = 0;
    for (int64_t j = 0; j < f->p; j++) {
        double v = (query[j] - f->origin[j]) * f->scale;
        if (!(fabs(v) >= ETA)) v = 0;
        if (fabs(v) > FLT_MAX) v = FLT_MAX;
        out[j * stride] = (float)v;
        square += (double)out[j * stride] * (double)out[j * stride];
    }
    if (square <= MOST_SQUARE && f->p <= MOST_COLUMNS) return square;
    for (int64_t j = 0; j < f->p; j++) out[j * stride] = 0;
    return INFINITY;
}

float mlsd__near_bound(const mlsd__near_filter *f, double query_square, double worst)
{
    const double scaled = worst * f->scale * f->scale;
    if (!(query_square <= MOST_SQUARE) || !(scaled <= MOST_SQUARE)) return -INFINITY;
    const double far = scaled * (1 + (double)(f->p + 8) * 0x1p-52);
    const double bound = 0.5 * (query_square * (1 - f->relative) - f->slight - far);
    return (float)(bound - (fabs(bound) + query_square * 0x1p-20) * FLOAT_ROUNDING);
}

static mlsd_status fill_panels(mlsd__scope *scope, mlsd__near_filter *f, const double *x)
{
    for (int64_t i = 0; i < f->n_panels * PANEL; i++) {
        MLSD__TRY(look_up(scope, i));
        float *const panel = f->panels + i / PANEL * f->p * PANEL + i % PANEL;
        if (i < f->n_rows) {
            const double square = mlsd__near_query(f, x + i * f->p, panel, PANEL);
            const double offset = isinf(square) ? 0 : -0.5 * square * (1 - f->relative);
            f->offsets[i] = (float)(offset + fabs(offset) * FLOAT_ROUNDING);
        } else {
            for (int64_t j = 0; j < f->p; j++) panel[j * PANEL] = 0;
            f->offsets[i] = -INFINITY;
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__near_filter_init(mlsd__scope *scope, const mlsd__allocator *a, const double *x,
                                   int64_t n, int64_t p, mlsd__near_filter *f)
{
    const double rounding = (double)(p + 4) * 0x1p-24;
    *f = (mlsd__near_filter){.n_rows = n, .p = p, .n_panels = (n + PANEL - 1) / PANEL};
    (void)mlsd__near_isa_at(0, &f->isa);
    f->relative = 1.001 * (0x1p-22 + 2 * rounding / (1 - fmin(rounding, 0.5)));
    f->slight = 0x1p-54 * sqrt((double)p);
    int64_t n_floats = 0;
    MLSD__TRY(mlsd__mul_size(f->n_panels * PANEL, p + 1, &n_floats));
    f->origin = mlsd__alloc_raw(a, p, sizeof *f->origin);
    f->panels = mlsd__alloc_raw(a, n_floats, sizeof *f->panels);
    mlsd_status status = f->origin == NULL || f->panels == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        f->offsets = f->panels + f->n_panels * PANEL * p;
        status = find_origin(scope, f, x);
    }
    if (status == MLSD_OK) status = fill_panels(scope, f, x);
    if (status != MLSD_OK) mlsd__near_filter_free(f, a);
    return status;
}

void mlsd__near_filter_free(mlsd__near_filter *f, const mlsd__allocator *a)
{
    mlsd__free(a, f->origin);
    mlsd__free(a, f->panels);
    f->origin = NULL;
    f->panels = NULL;
}
