/* mathfun.c - our own exp, log and what is near to them, behind one door, and the few stable
 * combinations that models share. No call of libm but exact ones, so that the bits are the same on
 * every machine; errors are below 0.6 units in the last place (docs/numerics.md). No state. */
#include "numeric/mathfun.h"

#include <math.h>
#include <stdbool.h>

#include "numeric/math_kernel.h"

static double exp_at_ends(double x)
{
    if (!(x < 1000)) return x > 0 ? INFINITY : x; /* or NaN */
    if (x < -1000) return 0;
    const mlsd__exp_value e = mlsd__exp_kernel(x, 0);
    return mlsd__scale(e.scale, e.scale * e.rest, e.power);
}

static inline double exp_inline(double x)
{
    if (!(fabs(x) < 690)) return exp_at_ends(x); /* beyond, the low part may be subnormal */
    const mlsd__exp_value e = mlsd__exp_kernel(x, 0);
    const double scale =
        mlsd__from_bits(mlsd__bits(e.scale) + ((uint64_t)e.power << 52)); /* e.scale 2^power */
    return scale + scale * e.rest;
}

double mlsd__exp(double x)
{
    return exp_inline(x);
}

/* expm1 for |x| < 60. */
static mlsd__dd expm1_precise(double x)
{
    const mlsd__exp_parts p = mlsd__exp_reduce(x);
    const double r = p.r, r2 = r * r;
    const double tail = r2 * (0.5 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r / 720))));
    if (p.k == 0) return mlsd__fast_two_sum(r, tail);
    const int64_t i = p.k & 127;
    const double scale = mlsd__exp_table[i][0] * mlsd__power_of_2((p.k - i) / 128);
    const mlsd__dd first = mlsd__two_product(scale, r), whole = mlsd__two_sum(scale, -1);
    const double rest = scale * (tail + p.r_low + mlsd__exp_table[i][1] * (1 + r));
    const mlsd__dd sum = mlsd__two_sum(whole.hi, first.hi);
    return mlsd__fast_two_sum(sum.hi, sum.lo + (whole.lo + first.lo + rest));
}

double mlsd__expm1(double x)
{
    if (fabs(x) < 0x1p-54) return x;
    if (!(fabs(x) < 50)) return x < 0 ? -1 : exp_inline(x);
    const mlsd__dd e = expm1_precise(x);
    return e.hi + e.lo;
}

double mlsd__tanh(double x)
{
    const double size = fabs(x);
    if (size < 0x1p-28 || isnan(x)) return x;
    if (size > 20) return copysign(1, x);
    const mlsd__dd e = expm1_precise(-2 * size); /* tanh(x) = -e / (2 + e) */
    const mlsd__dd two = mlsd__fast_two_sum(2, e.hi);
    const mlsd__dd below = mlsd__fast_two_sum(two.hi, two.lo + e.lo);
    const mlsd__dd ratio = mlsd__dd_divide(e, below);
    return copysign(ratio.hi + ratio.lo, x);
}

static double log_at_ends(double x)
{
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    if (!(x <= DBL_MAX)) return x;
    return mlsd__log_kernel(x * 0x1p52, 0, 52);
}

double mlsd__log(double x)
{
    if (!(x >= DBL_MIN && x <= DBL_MAX)) return log_at_ends(x);
    return mlsd__log_kernel(x, 0, 0);
}

static inline double log1p_inline(double x)
{
    if (!(x > -1 && x < 0x1p60)) return x == -1 ? -INFINITY : x < -1 ? NAN : mlsd__log(x);
    if (fabs(x) < 0x1p-54) return x;
    const mlsd__dd u = mlsd__two_sum(1, x);
    return mlsd__log_kernel(u.hi, u.lo, 0);
}

double mlsd__log1p(double x)
{
    return log1p_inline(x);
}

/* 0: no integer, 1: odd, 2: even. */
static int parity(double y)
{
    if (y != floor(y)) return 0;
    return fabs(y) < 0x1p53 && ((int64_t)y & 1) != 0 ? 1 : 2;
}

/* x or y is zero, infinite or NaN; C99, annex F.9.4.4. */
static double pow_special(double x, double y)
{
    if (y == 0 || x == 1) return 1;
    if (isnan(x) || isnan(y)) return x + y;
    if (isinf(y)) {
        if (fabs(x) == 1) return 1;
        return (fabs(x) > 1) == (y > 0) ? INFINITY : 0;
    }
    const double size = (x == 0) == (y < 0) ? INFINITY : 0;
    return parity(y) == 1 ? copysign(size, x) : size;
}

double mlsd__pow(double x, double y)
{
    if (x == 0 || y == 0 || !isfinite(x) || !isfinite(y) || x == 1) return pow_special(x, y);
    const int kind = x < 0 ? parity(y) : 2;
    if (kind == 0) return NAN;
    const double sign = kind == 1 ? -1 : 1, size = fabs(x);
    const bool is_subnormal = size < DBL_MIN;
    const mlsd__dd log_x =
        mlsd__log_precise(is_subnormal ? size * 0x1p52 : size, 0, is_subnormal ? 52 : 0);
    const double rough = y * log_x.hi;
    if (!(fabs(rough) < 800)) return sign * (rough > 0 ? INFINITY : 0);
    if (fabs(rough) < 0x1p-60) return sign; /* 1 + rough */
    const mlsd__dd product = mlsd__two_product(y, log_x.hi);
    const mlsd__exp_value e = mlsd__exp_kernel(product.hi, product.lo + y * log_x.lo);
    return sign * mlsd__scale(e.scale, e.scale * e.rest, e.power);
}

/* exp of a non-positive number only, so neither end overflows. */
double mlsd__sigmoid(double x)
{
    const double e = exp_inline(-fabs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

double mlsd__log1pexp(double x)
{
    return (x > 0 ? x : 0) + log1p_inline(exp_inline(-fabs(x)));
}

double mlsd__softmax(double *scores, int64_t n)
{
    double top = -INFINITY;
    for (int64_t i = 0; i < n; i++) top = scores[i] > top ? scores[i] : top;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        scores[i] = exp_inline(scores[i] - top);
        sum += scores[i];
    }
    for (int64_t i = 0; i < n; i++) scores[i] /= sum;
    return n == 0 ? -INFINITY : top + mlsd__log(sum);
}
