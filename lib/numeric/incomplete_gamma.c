/* incomplete_gamma.c - the incomplete gamma functions: below the mean by the power series, above it
 * by the continued fraction, for large parameters, where both need sqrt(a) terms, by quadrature of
 * the tail. The factor in front is in Loader's saddle-point form. */
#include "numeric/incomplete_gamma.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "numeric/line_integral.h"
#include "numeric/mathfun.h"
#include "numeric/saddle_point.h"

enum { MAX_TERMS = 1000000 };

static const double quadrature_from = 1e4;

/* Abramowitz & Stegun 6.1.33: -log(1 + a) + a (1 - gamma) + sum (-1)^k (zeta(k) - 1) a^k / k. */
double mlsd__lgamma1p(double a)
{
    static const double one_minus_euler = 0.42278433509846713939;
    static const double zeta_minus_1[] = {
        0.6449340668482264365,     0.2020569031595942854,     0.08232323371113819152,
        0.03692775514336992633,    0.01734306198444913971,    0.00834927738192282684,
        0.004077356197944339379,   0.002008392826082214418,   0.0009945751278180853371,
        0.0004941886041194645587,  0.0002460865533080482986,  0.0001227133475784891468,
        0.00006124813505870482926, 0.00003058823630702049355, 0.00001528225940865187173,
        7.637197637899762274e-6,   3.817293264999839856e-6,   1.908212716553938926e-6,
        9.539620338727961132e-7,   4.769329867878064631e-7,   2.3845050272773299e-7,
        1.192199259653110731e-7,   5.960818905125947961e-8,   2.980350351465228019e-8,
        1.490155482836504123e-8,   7.450711789835429492e-9,   3.725334024788457055e-9,
        1.862659723513049006e-9,
    };
    enum { N_TERMS = sizeof zeta_minus_1 / sizeof *zeta_minus_1 };
    double sum = 0;
    for (int k = N_TERMS + 1; k >= 2; k--) sum = -a * (sum - zeta_minus_1[k - 2] / k);
    return -mlsd__log1p(a) + a * (one_minus_euler + sum);
}

/* a / (x^a exp(-x)) times the lower function: 1 + x/(a+1) + x^2/((a+1)(a+2)) + ..., DLMF 8.7.1. */
static double power_series(double a, double x)
{
    double sum = 1;
    double term = 1;
    for (int64_t j = 1; j < MAX_TERMS; j++) {
        term *= x / (a + (double)j);
        sum += term;
        if (term <= 0.5 * DBL_EPSILON * sum) break;
    }
    return sum;
}

/* Upper function over x^a exp(-x): 1/(x+1-a - 1(1-a)/(x+3-a - ...)), the even part of DLMF 8.9.2,
 * by Lentz's method as Thompson & Barnett (1986), J. Comp. Phys. 64, section 3, state it. */
static double continued_fraction(double a, double x)
{
    static const double tiny = 1e-290;
    double b = x + 1 - a;
    double value = b == 0 ? tiny : b;
    double c = value;
    double d = 0;
    for (int64_t j = 1; j < MAX_TERMS; j++) {
        const double term = (double)j * (a - (double)j);
        b += 2;
        d = b + term * d;
        d = 1 / (d == 0 ? tiny : d);
        c = b + term / c;
        c = c == 0 ? tiny : c;
        value *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON) break;
    }
    return 1 / value;
}

/* 1 - x^a / Gamma(1 + a) (1 + a sum (-x)^n / ((a + n) n!)) for small a and x, DLMF 8.7.1 without
 * its cancellation: Gautschi (1979), ACM TOMS 5(4), section 4.1. */
static double upper_of_small(double a, double x)
{
    const double exponent = a * mlsd__log(x) - mlsd__lgamma1p(a);
    double sum = 0;
    double term = 1;
    for (int64_t j = 1; j < MAX_TERMS; j++) {
        term *= -x / (double)j;
        sum += term / (a + (double)j);
        if (fabs(term) <= 0.1 * DBL_EPSILON * fabs(sum)) break;
    }
    return -mlsd__expm1(exponent) - mlsd__exp(exponent) * a * sum;
}

typedef struct gamma_tail {
    double a, x, direction;
} gamma_tail;

static double density_beyond(const void *arg, double t)
{
    const gamma_tail *const tail = arg;
    const double x = tail->x + tail->direction * t;
    const double d = (tail->a - tail->x) - tail->direction * t;
    return x > 0 ? mlsd__gamma_kernel(x, tail->a, d) / x : 0;
}

/* The tail from x away from the mean. */
static double quadrature(double a, double x, double direction)
{
    const gamma_tail tail = {.a = a, .x = x, .direction = direction};
    const double deviation = sqrt(a);
    const double scale = deviation / (1 + fabs(x - a) / deviation);
    return mlsd__tail_integral(density_beyond, &tail, scale);
}

static double lower_tail(double a, double x)
{
    if (a >= quadrature_from) return quadrature(a, x, -1);
    return mlsd__gamma_kernel(x, a, a - x) / a * power_series(a, x);
}

static double upper_tail(double a, double x)
{
    if (a >= quadrature_from) return quadrature(a, x, 1);
    return mlsd__gamma_kernel(x, a, a - x) * continued_fraction(a, x);
}

double mlsd__incomplete_gamma_lower(double a, double x)
{
    if (isnan(x) || !(a > 0)) return NAN;
    if (x <= 0) return 0;
    if (isinf(x)) return 1;
    return x <= a + 1 ? lower_tail(a, x) : 1 - upper_tail(a, x);
}

double mlsd__incomplete_gamma_upper(double a, double x)
{
    static const double small_a = 0.5;
    static const double small_x = 1.5;
    if (isnan(x) || !(a > 0)) return NAN;
    if (x <= 0) return 1;
    if (isinf(x)) return 0;
    if (a < small_a && x < small_x) return upper_of_small(a, x);
    return x > a + 1 ? upper_tail(a, x) : 1 - lower_tail(a, x);
}
