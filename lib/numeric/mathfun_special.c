/* mathfun_special.c - our own erf, erfc and lgamma: no call of libm but exact ones, the same bits
 * on every machine. lgamma keeps its relative accuracy at its zeros 1 and 2, and its absolute
 * accuracy at those between negative integers; signgam is never touched. */
#include <math.h>
#include <stdbool.h>

#include "numeric/math_kernel.h"
#include "numeric/mathfun.h"

/* first (c0 + x (c1 + x (c2 + ...))), the first two constants each as two doubles. */
static mlsd__dd series(const double *c, int n, mlsd__dd x, double first)
{
    double sum = c[n - 1];
    for (int i = n - 2; i >= 4; i--) sum = sum * x.hi + c[i];
    const mlsd__dd second = mlsd__fast_two_sum(c[2], c[3] + x.hi * sum);
    const mlsd__dd tail = mlsd__dd_multiply(second, x);
    const mlsd__dd whole = mlsd__dd_add((mlsd__dd){c[0], c[1]}, tail);
    return mlsd__dd_multiply(whole, (mlsd__dd){first, 0});
}

/* |x| < 1/2 */
static mlsd__dd erf_near_0(double x)
{
    return series(mlsd__erf_series, 12, mlsd__two_product(x, x), x);
}

/* erfc(x) = 2^power value for 1/2 <= x < 32: exp(-x^2) times a polynomial about the centre. */
static mlsd__dd erfc_far(double x, int64_t *power)
{
    const double *const row = mlsd__erfc_table[(mlsd__bits(x) - 0x3fe0000000000000) >> 48];
    const double d = x - row[0];
    double sum = row[12];
    for (int i = 11; i >= 3; i--) sum = sum * d + row[i];
    const mlsd__dd factor = mlsd__fast_two_sum(row[1], row[2] + d * sum);
    const mlsd__dd square = mlsd__two_product(x, x);
    const mlsd__exp_value e = mlsd__exp_kernel(-square.hi, -square.lo);
    *power = e.power;
    return mlsd__dd_multiply(mlsd__fast_two_sum(e.scale, e.scale * e.rest), factor);
}

double mlsd__erf(double x)
{
    const double size = fabs(x);
    if (size < 0x1p-500) { /* no low part may be lost */
        const mlsd__dd factor = {mlsd__erf_series[0], mlsd__erf_series[1]};
        if (size == 0) return x;
        int exponent = 0;
        const double part = frexp(size, &exponent);
        const mlsd__dd value = mlsd__dd_multiply(factor, (mlsd__dd){part, 0});
        return copysign(mlsd__scale(value.hi, value.lo, exponent), x);
    }
    if (size < 0.5) {
        const mlsd__dd value = erf_near_0(x);
        return value.hi + value.lo;
    }
    if (!(size < 6)) return isnan(x) ? x : copysign(1, x);
    int64_t power = 0;
    const mlsd__dd tail = erfc_far(size, &power);
    const double scale = mlsd__power_of_2(power);
    const mlsd__dd value = mlsd__fast_two_sum(1, -tail.hi * scale);
    return copysign(value.hi + (value.lo - tail.lo * scale), x);
}

double mlsd__erfc(double x)
{
    if (fabs(x) < 0x1p-60) return 1;
    if (fabs(x) < 0.5) {
        const mlsd__dd near = erf_near_0(x), value = mlsd__two_sum(1, -near.hi);
        return value.hi + (value.lo - near.lo);
    }
    if (!(x < 28)) return isnan(x) ? x : 0;
    if (x < -6) return 2;
    int64_t power = 0;
    const mlsd__dd tail = erfc_far(fabs(x), &power);
    if (x > 0) return mlsd__scale(tail.hi, tail.lo, power);
    const double scale = mlsd__power_of_2(power);
    const mlsd__dd value = mlsd__fast_two_sum(2, -tail.hi * scale);
    return value.hi + (value.lo - tail.lo * scale);
}

/* log(gamma(2 + t)) for |t| <= 1/2. */
static mlsd__dd lgamma_of_2_plus(double t)
{
    return series(mlsd__lgamma_series, 24, (mlsd__dd){t, 0}, t);
}

static mlsd__dd log_of(double x)
{
    if (x < DBL_MIN) return mlsd__log_precise(x * 0x1p52, 0, 52);
    return mlsd__log_precise(x, 0, 0);
}

static mlsd__dd log_of_1_plus(double x)
{
    const mlsd__dd u = mlsd__two_sum(1, x);
    return mlsd__log_precise(u.hi, u.lo, 0);
}

/* Stirling's series from 10 on; a large x is scaled, so that nothing overflows before the result.
 */
static mlsd__dd lgamma_stirling(double x)
{
    static const double c[] = {1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
                               1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400};
    const mlsd__dd half_log_2_pi = {0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55};
    const mlsd__dd log_x = log_of(x), less_1 = mlsd__dd_subtract(log_x, (mlsd__dd){1, 0});
    if (x > 0x1p100) {
        const mlsd__dd scaled = mlsd__dd_multiply(less_1, (mlsd__dd){x * 0x1p-200, 0});
        return (mlsd__dd){(scaled.hi + scaled.lo) * 0x1p200, 0};
    }
    const double inverse = 1 / x, square = inverse * inverse;
    double sum = c[7];
    for (int i = 6; i >= 0; i--) sum = sum * square + c[i];
    /* (x - 1/2) (log(x) - 1) + (log(2 pi) - 1) / 2 */
    const mlsd__dd main = mlsd__dd_multiply(less_1, mlsd__two_sum(x, -0.5));
    const mlsd__dd rest = mlsd__dd_add(half_log_2_pi, (mlsd__dd){-0.5, 0});
    return mlsd__dd_add(main, mlsd__dd_add(rest, (mlsd__dd){sum * inverse, 0}));
}

/* x > 0 and finite. The steps by one that bring x to [3/2, 5/2] are exact. */
static mlsd__dd lgamma_positive(double x)
{
    if (x >= 10) return lgamma_stirling(x);
    if (x < 0.5) {
        const mlsd__dd logs = mlsd__dd_add(log_of_1_plus(x), log_of(x));
        return mlsd__dd_subtract(lgamma_of_2_plus(x), logs);
    }
    if (x < 1.5) return mlsd__dd_subtract(lgamma_of_2_plus(x - 1), log_of_1_plus(x - 1));
    mlsd__dd product = {1, 0};
    for (; x > 2.5; x -= 1) product = mlsd__dd_multiply(product, (mlsd__dd){x - 1, 0});
    const mlsd__dd base = lgamma_of_2_plus(x - 2);
    if (product.hi == 1) return base;
    return mlsd__dd_add(base, mlsd__log_precise(product.hi, product.lo, 0));
}

/* sin(pi f) for 0 < f <= 1/2, by Taylor's series of sine or cosine. */
static double sine_of_pi_times(double f)
{
    static const double sine[] = {
        0x1.921fb54442d18p+1, -0x1.4abbce625be53p+2, 0x1.466bc6775aae2p+1,  -0x1.32d2cce62bd86p-1,
        0x1.50783487ee782p-4, -0x1.e3074fde8871fp-8, 0x1.e8f434d018d63p-12, -0x1.6fadb9f155744p-16};
    static const double cosine[] = {1,
                                    -0x1.3bd3cc9be45dep+2,
                                    0x1.03c1f081b5ac4p+2,
                                    -0x1.55d3c7e3cbffap+0,
                                    0x1.e1f506891babbp-3,
                                    -0x1.a6d1f2a204a8cp-6,
                                    0x1.f9d38a3763cc3p-10,
                                    -0x1.b6e24f44b128fp-14,
                                    0x1.20c62c2f2d7f5p-18};
    const bool is_low = f <= 0.25;
    const double t = is_low ? f : 0.5 - f, *const c = is_low ? sine : cosine;
    double sum = 0;
    for (int i = is_low ? 7 : 8; i >= 0; i--) sum = sum * (t * t) + c[i];
    return is_low ? t * sum : sum;
}

/* Reflection: gamma(x) gamma(-x) = -pi / (x sin(pi x)). */
static double lgamma_negative(double size)
{
    const mlsd__dd log_pi = {0x1.250d048e7a1bdp+0, 0x1.7abf2ad8d5088p-57};
    if (size == floor(size)) return INFINITY;
    if (size < 0x1p-60) {
        const mlsd__dd log_size = log_of(size);
        return -(log_size.hi + log_size.lo);
    }
    const double part = size - floor(size);
    const mlsd__dd sine = log_of(sine_of_pi_times(part > 0.5 ? 1 - part : part));
    const mlsd__dd logs = mlsd__dd_add(sine, log_of(size));
    const mlsd__dd value =
        mlsd__dd_subtract(mlsd__dd_subtract(log_pi, logs), lgamma_positive(size));
    return value.hi + value.lo;
}

double mlsd__lgamma(double x)
{
    if (isnan(x)) return x;
    if (x == 0 || isinf(x)) return INFINITY;
    if (x < 0) return lgamma_negative(-x);
    const mlsd__dd value = lgamma_positive(x);
    return value.hi + value.lo;
}
