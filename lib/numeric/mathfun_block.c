/* mathfun_block.c - exp, log and log1p of many numbers. The kernels of math_kernel.h without their
 * branches, for the numbers that need none, in loops that the compiler turns into vectors, for each
 * instruction set once: additions, multiplications and look-ups give the same bits at any width.
 * Runs with a number out of range are left to the functions for one. */
#include "numeric/mathfun_block.h"

#include <float.h>
#include <stdbool.h>

#include "numeric/tile_product.h"
#include "numeric/math_kernel.h"
#include "numeric/mathfun.h"

enum { RUN = 64, N_ISAS = 3 }; /* numbers that are looked at for their range together */

/* Every number is in reach of the kernel: |x| < 690. NaN is not. */
static inline bool all_small(const double *x, int64_t n)
{
    int64_t beyond = 0;
    for (int64_t i = 0; i < n; i++) beyond += !(fabs(x[i]) < 690);
    return beyond == 0;
}

/* mlsd__exp_kernel(x, 0) and its last step; the power of 2 times 128 goes to the exponent's place.
 */
static inline __attribute__((always_inline)) double exp_small(double x)
{
    const double shift = 0x1.8p52;
    const double shifted = x * 0x1.71547652b82fep+7 + shift;
    const double k = shifted - shift;
    const double high = x - k * 0x1.62e42fefc0000p-8, low = k * -0x1.c610ca86c3899p-44;
    const double r = high - low, r2 = r * r;
    const uint64_t bits = mlsd__bits(shifted), i = bits & 127;
    const double tail = r2 * (0.5 + r * (1.0 / 6)) + r2 * r2 * (1.0 / 24 + r * (1.0 / 120));
    const double rest = (mlsd__exp_table[i][1] + tail) + r;
    const double scale = mlsd__from_bits(mlsd__bits(mlsd__exp_table[i][0]) + ((bits - i) << 45));
    return scale + scale * rest;
}

/* From 0 to 1: log1p is log of the exact sum u + u_low, or x itself where that is 1. */
static inline __attribute__((always_inline)) double log1p_unit(double x)
{
    const double u = 1 + x, part = u - 1;
    const double u_low = (1 - (u - part)) + (x - part);
    const uint64_t bits = mlsd__bits(u), from = bits - 0x3fe6000000000000;
    const uint64_t is_two = from >> 52; /* k is 0 or 1 */
    const uint64_t z = bits - (is_two << 52), i = (from >> 45) & 127;
    const double inverse = mlsd__log_table[i][0], k = is_two != 0 ? 1.0 : 0.0;
    const double z_high = mlsd__from_bits(z & ~(uint64_t)0x1fff);
    const double z_low = mlsd__from_bits(z) - z_high;
    const double high = z_high * inverse - 1, plain = z_low * inverse;
    const double more = plain + u_low * (is_two != 0 ? 0.5 : 1.0) * inverse;
    const double low = u_low != 0 ? more : plain;
    const double r = high + low, r_low = low - (r - high), r2 = r * r;
    const double whole = k * MLSD__LN2_HIGH + mlsd__log_table[i][1];
    const double top = whole + r;
    const double rest = ((whole - top) + r) + (r_low + (k * MLSD__LN2_LOW + mlsd__log_table[i][2]));
    const double value = top + (rest + r2 * (r * mlsd__log_tail(r, r2) - 0.5));
    return x < 0x1p-54 ? x : value;
}

/* mlsd__log_kernel(x, 0, 0) of a normal positive number; the exponent becomes a double by its place
 * in one, since few machines convert many integers of 64 bits. */
static inline __attribute__((always_inline)) double log_normal(double x)
{
    const uint64_t bits = mlsd__bits(x), from = bits - 0x3fe6000000000000;
    const double k =
        mlsd__from_bits(0x4330000000000000 | ((from >> 52) ^ 0x800)) - 0x1.00000000008p52;
    const uint64_t z = bits - (from & 0xfff0000000000000), i = (from >> 45) & 127;
    const double inverse = mlsd__log_table[i][0];
    const double z_high = mlsd__from_bits(z & ~(uint64_t)0x1fff);
    const double z_low = mlsd__from_bits(z) - z_high;
    const double high = z_high * inverse - 1, low = z_low * inverse;
    const double r = high + low, r_low = low - (r - high), r2 = r * r;
    const double whole = k * MLSD__LN2_HIGH + mlsd__log_table[i][1];
    const double top = whole + r;
    const double rest = ((whole - top) + r) + (r_low + (k * MLSD__LN2_LOW + mlsd__log_table[i][2]));
    return top + (rest + r2 * (r * mlsd__log_tail(r, r2) - 0.5));
}

typedef void (*exp_fn)(double *x, int64_t n);
typedef bool (*log_fn)(double *x, int64_t n); /* false: not all are normal and positive */
typedef void (*log1p_fn)(const double *x, int64_t n, double *out);

#define DEFINE_BLOCK(NAME, TARGET)                                                             \
    TARGET static void exp_##NAME(double *x, int64_t n)                                        \
    {                                                                                          \
        for (int64_t i = 0; i < n; i++) x[i] = exp_small(x[i]);                                \
    }                                                                                          \
    TARGET static bool log_##NAME(double *x, int64_t n)                                        \
    {                                                                                          \
        int64_t beyond = 0;                                                                    \
        for (int64_t i = 0; i < n; i++) beyond += !((x[i] >= DBL_MIN) & (x[i] <= DBL_MAX));    \
        if (beyond > 0) return false;                                                          \
        for (int64_t i = 0; i < n; i++) x[i] = log_normal(x[i]);                               \
        return true;                                                                           \
    }                                                                                          \
    TARGET static void log1p_##NAME(const double *restrict x, int64_t n, double *restrict out) \
    {                                                                                          \
        for (int64_t i = 0; i < n; i++) out[i] = log1p_unit(x[i]);                             \
    }

DEFINE_BLOCK(base, )

#if defined(__x86_64__)
DEFINE_BLOCK(avx2, __attribute__((target("avx2"))))
DEFINE_BLOCK(avx512, __attribute__((target("avx512f"))))
#else
#define exp_avx2 exp_base
#define exp_avx512 exp_base
#define log_avx2 log_base
#define log_avx512 log_base
#define log1p_avx2 log1p_base
#define log1p_avx512 log1p_base
#endif

static const exp_fn exp_fns[N_ISAS] = {exp_base, exp_avx2, exp_avx512};
static const log_fn log_fns[N_ISAS] = {log_base, log_avx2, log_avx512};
static const log1p_fn log1p_fns[N_ISAS] = {log1p_base, log1p_avx2, log1p_avx512};

void mlsd__exp_block(double *x, int64_t n)
{
    const exp_fn run = exp_fns[mlsd__tile_best(false)];
    for (int64_t first = 0; first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        double *const here = x + first;
        if (all_small(here, m))
            run(here, m);
        else
            for (int64_t i = 0; i < m; i++) here[i] = mlsd__exp(here[i]);
    }
}

void mlsd__log_block(double *x, int64_t n)
{
    const log_fn run = log_fns[mlsd__tile_best(false)];
    for (int64_t first = 0; first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        double *const here = x + first;
        if (run(here, m)) continue;
        for (int64_t i = 0; i < m; i++) here[i] = mlsd__log(here[i]);
    }
}

void mlsd__log1p_block(const double *x, int64_t n, double *out)
{
    const log1p_fn run = log1p_fns[mlsd__tile_best(false)];
    for (int64_t first = 0; first < n; first += RUN) {
        const int64_t m = n - first < RUN ? n - first : RUN;
        int64_t beyond = 0;
        for (int64_t i = 0; i < m; i++) beyond += !(x[first + i] >= 0 && x[first + i] <= 1);
        if (beyond == 0)
            run(x + first, m, out + first);
        else
            for (int64_t i = 0; i < m; i++) out[first + i] = mlsd__log1p(x[first + i]);
    }
}
