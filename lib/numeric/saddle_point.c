/* saddle_point.c - densities in saddle-point form: the difference of log-gammas, which loses as
 * many digits as the parameters have, is replaced by two quantities that are small where it
 * matters. */
#include "numeric/saddle_point.h"

#include <math.h>
#include <stdint.h>

#include "numeric/mathfun.h"

static const double log_two_pi = 1.8378770664093454836;

/* Error of Stirling's formula, log(Gamma(z + 1)) - log(sqrt(2 pi z) (z/e)^z); DLMF 5.11.1. Below
 * `series_from` the difference itself is small enough to be taken directly; from there on eight
 * terms are below an ulp of what they are added to. */
double mlsd__stirling_error(double z)
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
double mlsd__deviance(double k, double m, double d)
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

/* a times the Poisson probability of a for the mean x, Loader (2000), eq. 4. */
double mlsd__gamma_kernel(double x, double a, double d)
{
    if (!(x > 0) || isinf(x)) return 0;
    const double exponent = -mlsd__stirling_error(a) - mlsd__deviance(a, x, d);
    return sqrt(a) * mlsd__exp(exponent - 0.5 * log_two_pi);
}
