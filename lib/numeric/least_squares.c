/* least_squares.c - residuals in twice the working precision, and the triangular systems that turn
 * them into corrections. Products are accumulated as in Dot2 of Ogita, Rump & Oishi (2005), SIAM J.
 * Sci. Comput. 26(6): errors of products and sums are collected in a low part, which makes the
 * result as good as if it were computed in double-double and rounded. Eight lanes over the columns,
 * in a fixed order. A processor with fused multiply-add finds the error of a product in one
 * instruction; both ways are exact and their bits agree but where a product or its error leaves the
 * range of normal numbers, so exact numerics keeps to the one that every processor has. */
#include "numeric/least_squares.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/scope.h"

#define INLINE static inline __attribute__((always_inline))

enum { N_LANES = 8 };

INLINE double product_error(double a, double b, double product, bool has_fma)
{
    return has_fma ? __builtin_fma(a, b, -product) : mlsd__two_product(a, b).lo;
}

/* high + low += a (b + b_low). */
INLINE void accumulate(double a, double b, double b_low, double *high, double *low, bool has_fma)
{
    const double product = a * b;
    const double error = product_error(a, b, product, has_fma);
    const mlsd__dd sum = mlsd__two_sum(*high, product);
    *high = sum.hi;
    *low += sum.lo + (error + a * b_low);
}

/* x'b for one row. */
INLINE mlsd__dd row_product(const double *restrict x, const double *restrict b,
                            const double *restrict b_low, int64_t p, bool has_fma)
{
    double high[N_LANES] = {0}, low[N_LANES] = {0};
    int64_t j = 0;
    for (; j + N_LANES <= p; j += N_LANES)
        for (int k = 0; k < N_LANES; k++)
            accumulate(x[j + k], b[j + k], b_low[j + k], &high[k], &low[k], has_fma);
    for (int k = 0; j < p; j++, k++) accumulate(x[j], b[j], b_low[j], &high[k], &low[k], has_fma);
    mlsd__dd total = mlsd__two_sum(high[0], low[0]);
    for (int k = 1; k < (p < N_LANES ? (int)p : N_LANES); k++)
        total = mlsd__dd_add(total, mlsd__two_sum(high[k], low[k]));
    return total;
}

INLINE void add_rows(mlsd__residual_sums *sums, int64_t p, const double *x, int64_t n, int64_t ld,
                     const double *y, const double *weight, const double *coef,
                     const double *coef_low, mlsd__dd intercept, bool has_fma)
{
    double *restrict const gradient = sums->gradient, *restrict const low = sums->gradient_low;
    for (int64_t i = 0; i < n; i++) {
        const double w = weight != NULL ? weight[i] : 1;
        if (w == 0) continue;
        const double *restrict const row = x + i * ld;
        const mlsd__dd fitted =
            mlsd__dd_add(intercept, row_product(row, coef, coef_low, p, has_fma));
        const mlsd__dd r = mlsd__dd_subtract((mlsd__dd){y[i], 0}, fitted);
        const mlsd__dd wr = w == 1 ? r : mlsd__dd_multiply((mlsd__dd){w, 0}, r);
        sums->total = mlsd__dd_add(sums->total, wr);
        sums->squares = mlsd__dd_add(sums->squares, mlsd__dd_multiply(wr, r));
        for (int64_t j = 0; j < p; j++)
            accumulate(row[j], wr.hi, wr.lo, &gradient[j], &low[j], has_fma);
    }
}

INLINE void multiply_rows(int64_t p, const double *x, int64_t n, int64_t ld, const double *b,
                          const double *shift, const double *shift_low, int64_t ld_out, double *out,
                          double *restrict low, bool has_fma)
{
    for (int64_t i = 0; i < n; i++) {
        double *restrict const high = out + i * ld_out;
        for (int64_t k = 0; k < p; k++) high[k] = -shift[k];
        for (int64_t k = 0; k < p; k++) low[k] = -shift_low[k];
        for (int64_t j = 0; j < p; j++) {
            const double factor = x[i * ld + j];
            const double *restrict const row = b + j * ld_out;
            for (int64_t k = j; k < p; k++)
                accumulate(row[k], factor, 0, &high[k], &low[k], has_fma);
        }
        for (int64_t k = 0; k < p; k++) high[k] += low[k];
    }
}

/* The two loops for one instruction set. */
typedef struct loops {
    void (*add_rows)(mlsd__residual_sums *sums, int64_t p, const double *x, int64_t n, int64_t ld,
                     const double *y, const double *weight, const double *coef,
                     const double *coef_low, mlsd__dd intercept);
    void (*multiply_rows)(int64_t p, const double *x, int64_t n, int64_t ld, const double *b,
                          const double *shift, const double *shift_low, int64_t ld_out, double *out,
                          double *low);
} loops;

#define DEFINE_LOOPS(NAME, TARGET, HAS_FMA)                                                       \
    TARGET static void NAME##_add(mlsd__residual_sums *sums, int64_t p, const double *x,          \
                                  int64_t n, int64_t ld, const double *y, const double *weight,   \
                                  const double *coef, const double *coef_low, mlsd__dd intercept) \
    {                                                                                             \
        add_rows(sums, p, x, n, ld, y, weight, coef, coef_low, intercept, HAS_FMA);               \
    }                                                                                             \
    TARGET static void NAME##_multiply(                                                           \
        int64_t p, const double *x, int64_t n, int64_t ld, const double *b, const double *shift,  \
        const double *shift_low, int64_t ld_out, double *out, double *low)                        \
    {                                                                                             \
        multiply_rows(p, x, n, ld, b, shift, shift_low, ld_out, out, low, HAS_FMA);               \
    }                                                                                             \
    static const loops NAME = {NAME##_add, NAME##_multiply};

DEFINE_LOOPS(plain, , false)

#if defined(__x86_64__)
DEFINE_LOOPS(with_avx2, __attribute__((target("avx2"))), false)
DEFINE_LOOPS(with_fma, __attribute__((target("avx2,fma"))), true)

static const loops *best_loops(void)
{
    if (!__builtin_cpu_supports("avx2")) return &plain;
    if (mlsd__thread_numerics() == MLSD__EXACT) return &with_avx2;
    return __builtin_cpu_supports("fma") ? &with_fma : &with_avx2;
}
#else
static const loops *best_loops(void)
{
    return &plain;
}
#endif

void mlsd__residual_sums_add(mlsd__residual_sums *sums, int64_t p, const double *x, int64_t n,
                             int64_t ld, const double *y, const double *weight, const double *coef,
                             const double *coef_low, mlsd__dd intercept)
{
    best_loops()->add_rows(sums, p, x, n, ld, y, weight, coef, coef_low, intercept);
}

void mlsd__multiply_rows(int64_t p, const double *x, int64_t n, int64_t ld, const double *b,
                         const double *shift, const double *shift_low, int64_t ld_out, double *out,
                         double *low)
{
    best_loops()->multiply_rows(p, x, n, ld, b, shift, shift_low, ld_out, out, low);
}

void mlsd__residual_sums_merge(mlsd__residual_sums *into, const mlsd__residual_sums *from,
                               int64_t p)
{
    into->squares = mlsd__dd_add(into->squares, from->squares);
    into->total = mlsd__dd_add(into->total, from->total);
    for (int64_t j = 0; j < p; j++) {
        const mlsd__dd sum = mlsd__dd_add(mlsd__two_sum(into->gradient[j], into->gradient_low[j]),
                                          mlsd__two_sum(from->gradient[j], from->gradient_low[j]));
        into->gradient[j] = sum.hi;
        into->gradient_low[j] = sum.lo;
    }
}

/* By rows of R: what is known of z is subtracted from the rest of b. */
void mlsd__solve_transposed_upper(int64_t p, const double *r, int64_t ld, double *b)
{
    for (int64_t i = 0; i < p; i++) {
        b[i] /= r[i * ld + i];
        for (int64_t j = i + 1; j < p; j++) b[j] -= r[i * ld + j] * b[i];
    }
}

void mlsd__solve_upper(int64_t p, const double *r, int64_t ld, double *b)
{
    for (int64_t i = p - 1; i >= 0; i--) {
        double sum = b[i];
        for (int64_t j = i + 1; j < p; j++) sum -= r[i * ld + j] * b[j];
        b[i] = sum / r[i * ld + i];
    }
}

/* Row i of the inverse from the rows below it: R X = I, last row first. */
void mlsd__invert_upper(int64_t p, const double *r, int64_t ld, double *inverse, int64_t ld_inverse)
{
    for (int64_t i = p - 1; i >= 0; i--) {
        double *restrict const row = inverse + i * ld_inverse;
        for (int64_t j = i; j < p; j++) row[j] = j == i;
        for (int64_t k = i + 1; k < p; k++) {
            const double factor = r[i * ld + k];
            const double *restrict const known = inverse + k * ld_inverse;
            for (int64_t j = k; j < p; j++) row[j] -= factor * known[j];
        }
        const double pivot = r[i * ld + i];
        for (int64_t j = i; j < p; j++) row[j] /= pivot;
    }
}
