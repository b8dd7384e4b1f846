/* incomplete_beta.c - the regularised incomplete beta function by its continued fraction, with the
 * factor in front in Loader's saddle-point form: it stays accurate for large parameters, where the
 * difference of log-gammas would lose as many digits as the parameters have. */
#include "numeric/incomplete_beta.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "numeric/mathfun.h"

static const double log_two_pi = 1.8378770664093454836;

/* Error of Stirling's formula, log(Gamma(z + 1)) - log(sqrt(2 pi z) (z/e)^z); DLMF 5.11.1. Below
 * `series_from` the difference itself is small enough to be taken directly; from there on eight
 * terms are below an ulp of what they are added to. */
static double stirling_error(double z)
{
    static const double series_from = 12;
    static const double coefficient[] = {
        1.0 / 12,   -1.0 / 360,      1.0 / 1260, -1.0 / 1680,
        1.0 / 1188, -691.0 / 360360, 1.0 / 156,  -3617.0 / 122400,
    };
    enum { N_TERMS = sizeof coefficient / sizeof *coefficient };

    if (z < series_from)
        return mlsd__lgamma(z + 1) - (z + 0.5) * mlsd__log(z) + z - 0.5 * log_two_pi;
    const double inverse_square = 1 / (z * z);
    double sum = 0;
    for (int k = N_TERMS - 1; k >= 0; k--) sum = sum * inverse_square + coefficient[k];
    return sum / z;
}

/* k log(k / m) + m - k given d = k - m, without cancellation near k = m. Loader (2000), "Fast and
 * accurate computation of binomial probabilities", section 4: with v = d / (k + m) the logarithm is
 * 2 (v + v^3/3 + v^5/5 + ...). */
static double deviance(double k, double m, double d)
{
    static const double series_below = 0.1;
    if (fabs(d) >= series_below * (k + m)) return k * mlsd__log(k / m) - d;
    const double v = d / (k + m);
    double sum = d * v;
    double power = 2 * k * v;
    for (int64_t j = 3;; j += 2) {
        power *= v * v;
        const double next = sum + power / (double)j;
        if (next == sum) return sum;
        sum = next;
    }
}

/* Gamma(z) = sqrt(2 pi / z) (z / e)^z exp(stirling_error(z)) for each of the three gammas. */
double mlsd__log_beta(double a, double b)
{
    const double small = a < b ? a : b;
    const double large = a < b ? b : a;
    const double n = a + b;
    const double log_ratio = mlsd__log1p(small / large); /* log(n / large) */
    return 0.5 * (log_two_pi - mlsd__log(small) + log_ratio) + small * mlsd__log(small / n) -
           large * log_ratio + stirling_error(small) + (stirling_error(large) - stirling_error(n));
}

/* Loader (2000), eq. 3, with k = a, n - k = b: Gamma(n + 1) / (Gamma(a + 1) Gamma(b + 1)) x^a y^b
 * is a binomial probability, and ours is a b / n times it. */
double mlsd__beta_kernel(double x, double y, double a, double b)
{
    if (x <= 0 || y <= 0) return 0;
    const double n = a + b;
    /* a - n x = a y - b x: the two products are of one size near the mode only, where it matters.
     */
    const double d = a * y - b * x;
    const double exponent = stirling_error(n) - stirling_error(a) - stirling_error(b) -
                            deviance(a, n * x, d) - deviance(b, n * y, -d);
    return sqrt(a / n * b) * mlsd__exp(exponent - 0.5 * log_two_pi);
}

/* 1 / (1 + d1 / (1 + d2 / (1 + ...))), DLMF 8.17.22, by Lentz's method as Thompson & Barnett
 * (1986), J. Comp. Phys. 64, section 3, state it. Converges fast for x < (a + 1) / (a + b + 2). */
static double continued_fraction(double x, double a, double b)
{
    enum { MAX_TERMS = 1000000 };
    const double tiny = 1e-290;
    double value = 1;
    double c = 1;
    double d = 0;
    for (int64_t j = 1; j < MAX_TERMS; j++) {
        const double m = (double)(j / 2);
        const double term = j % 2 == 0
                                ? m * (b - m) / (a + 2 * m - 1) * (x / (a + 2 * m))
                                : -((a + m) / (a + 2 * m)) * ((a + b + m) / (a + 2 * m + 1)) * x;
        d = 1 + term * d;
        d = 1 / (d == 0 ? tiny : d);
        c = 1 + term / c;
        c = c == 0 ? tiny : c;
        value *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON) break;
    }
    return 1 / value;
}

double mlsd__incomplete_beta(double x, double y, double a, double b)
{
    if (isnan(x) || isnan(y)) return NAN;
    if (x <= 0) return 0;
    if (y <= 0) return 1;
    /* I_x(a, b) = 1 - I_y(b, a), DLMF 8.17.4: each side of the mean has its fast fraction. */
    if (x <= (a + 1) / (a + b + 2))
        return mlsd__beta_kernel(x, y, a, b) / a * continued_fraction(x, a, b);
    return 1 - mlsd__beta_kernel(x, y, a, b) / b * continued_fraction(y, b, a);
}
