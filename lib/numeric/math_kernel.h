/* math_kernel.h - exp and log without their special values: what exp, expm1, log, log1p, pow, erfc
 * and lgamma share. Only IEEE additions, multiplications and tables, so that the bits depend on
 * neither CPU, compiler nor C library; needs rounding to nearest and no contraction.
 * Argument reduction by tables: Tang (1989), ACM TOMS 15(2), and Tang (1990), ACM TOMS 16(4). */
#ifndef MLSD_NUMERIC_MATH_KERNEL_H
#define MLSD_NUMERIC_MATH_KERNEL_H

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "numeric/double_double.h"
#include "numeric/math_tables.h"

/* 16 is what a processor with half precision has: _Float16 as such, all else as in 0. */
_Static_assert(FLT_EVAL_METHOD == 0 || FLT_EVAL_METHOD == 16,
               "doubles are computed in double: use SSE2, not x87");

static inline uint64_t mlsd__bits(double x)
{
    uint64_t bits = 0;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline double mlsd__from_bits(uint64_t bits)
{
    double x = 0;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 2^k for -1022 <= k <= 1023. */
static inline double mlsd__power_of_2(int64_t k)
{
    return mlsd__from_bits((uint64_t)(k + 1023) << 52);
}

/* x = k log(2) / 128 + r + r_low; the high part of log(2) / 128 has 35 bits, so that k times it is
 * exact. */
typedef struct mlsd__exp_parts {
    int64_t k;
    double r, r_low;
} mlsd__exp_parts;

static inline mlsd__exp_parts mlsd__exp_reduce(double x)
{
    const double shift = 0x1.8p52; /* adding it rounds to an integer, in the lowest bits */
    const double shifted = x * 0x1.71547652b82fep+7 + shift;
    const double k = shifted - shift;
    const double high = x - k * 0x1.62e42fefc0000p-8, low = k * -0x1.c610ca86c3899p-44;
    const double r = high - low;
    return (mlsd__exp_parts){(int32_t)(uint32_t)mlsd__bits(shifted), r, (high - r) - low};
}

/* exp(x + x_low) = 2^power (scale + scale rest), |x| < 2000 and x_low small; |rest| < 2^-8. */
typedef struct mlsd__exp_value {
    int64_t power;
    double scale, rest;
} mlsd__exp_value;

static inline mlsd__exp_value mlsd__exp_kernel(double x, double x_low)
{
    const mlsd__exp_parts parts = mlsd__exp_reduce(x);
    const int64_t i = parts.k & 127;
    const double r = parts.r + x_low, r2 = r * r;
    const double tail = r2 * (0.5 + r * (1.0 / 6)) + r2 * r2 * (1.0 / 24 + r * (1.0 / 120));
    return (mlsd__exp_value){(parts.k - i) / 128, mlsd__exp_table[i][0],
                             (mlsd__exp_table[i][1] + tail) + r};
}

/* (high + low) 2^k rounded once, also where it is subnormal or overflows; 2^-20 < high < 4. */
static inline double mlsd__scale(double high, double low, int64_t k)
{
    if (k > 1026) return (double)INFINITY;
    if (k < -1080) return 0;
    const double value = high + low;
    if (k >= -1000 && k <= 1000) return value * mlsd__power_of_2(k);
    const int64_t half = k > 0 ? 500 : -500;
    const double first = mlsd__power_of_2(half), second = mlsd__power_of_2(k - half);
    const double least_normal = k < 0 ? mlsd__power_of_2(-1022 - k) : 0; /* before scaling */
    if (value >= least_normal) return value * first * second;
    /* Added to it the sum is rounded where the scaled number has its last bit. */
    const mlsd__dd sum = mlsd__fast_two_sum(least_normal, high);
    return ((sum.hi + (sum.lo + low)) - least_normal) * first * second;
}

/* u + u_low = 2^k (1 + r + r_low) / inverse, u normal and positive; r and r_low are exact but for
 * u_low. `extra` is taken from k where a subnormal was scaled by 2^extra. */
typedef struct mlsd__log_parts {
    double k, r, r_low;
    const double *row;
} mlsd__log_parts;

static inline mlsd__log_parts mlsd__log_reduce(double u, double u_low)
{
    const uint64_t bits = mlsd__bits(u), from = bits - 0x3fe6000000000000;
    const int64_t k = (int64_t)((from >> 52) ^ 0x800) - 0x800; /* with its sign */
    const uint64_t z = bits - (from & 0xfff0000000000000);
    const double *const row = mlsd__log_table[(from >> 45) & 127];
    /* The inverse has 11 bits and the high part 40: both products are exact. */
    const double z_high = mlsd__from_bits(z & ~(uint64_t)0x1fff);
    const double z_low = mlsd__from_bits(z) - z_high;
    const double high = z_high * row[0] - 1;
    double low = z_low * row[0];
    if (u_low != 0) low += u_low * mlsd__power_of_2(k > 1022 ? -1022 : -k) * row[0];
    /* Where |high| < |low| both are so small that their sum is exact all the same. */
    const mlsd__dd r = mlsd__fast_two_sum(high, low);
    return (mlsd__log_parts){(double)k, r.hi, r.lo, row};
}

#define MLSD__LN2_HIGH 0x1.62e42fefa3800p-1 /* 42 bits: k times it is exact */
#define MLSD__LN2_LOW 0x1.ef35793c76730p-45

/* log1p(r) = r - r^2 / 2 + r^3 times this; |r| < 2^-6.9 leaves 2^-65 of r. */
static inline double mlsd__log_tail(double r, double r2)
{
    const double even = 1.0 / 3 + r2 * (1.0 / 5 + r2 * (1.0 / 7 + r2 * (1.0 / 9)));
    const double odd = 1.0 / 4 + r2 * (1.0 / 6 + r2 * (1.0 / 8));
    return even - r * odd;
}

static inline double mlsd__log_kernel(double u, double u_low, double extra)
{
    const mlsd__log_parts p = mlsd__log_reduce(u, u_low);
    const double k = p.k - extra, r2 = p.r * p.r;
    const double whole = k * MLSD__LN2_HIGH + p.row[1];
    const double high = whole + p.r;
    const double low = ((whole - high) + p.r) + (p.r_low + (k * MLSD__LN2_LOW + p.row[2]));
    return high + (low + r2 * (p.r * mlsd__log_tail(p.r, r2) - 0.5));
}

/* The same to some 68 bits. */
static inline mlsd__dd mlsd__log_precise(double u, double u_low, double extra)
{
    const mlsd__log_parts p = mlsd__log_reduce(u, u_low);
    const double k = p.k - extra;
    const mlsd__dd r2 = mlsd__two_product(p.r, p.r);
    const mlsd__dd sum = mlsd__two_sum(k * MLSD__LN2_HIGH + p.row[1], p.r);
    const mlsd__dd squared = mlsd__two_sum(sum.hi, -0.5 * r2.hi);
    const double low = (k * MLSD__LN2_LOW + p.row[2]) + (p.r_low - p.r * p.r_low) - 0.5 * r2.lo;
    const double tail = r2.hi * p.r * mlsd__log_tail(p.r, r2.hi);
    const mlsd__dd cubed = mlsd__two_sum(squared.hi, tail);
    return mlsd__fast_two_sum(cubed.hi, cubed.lo + (squared.lo + (sum.lo + low)));
}

#endif
