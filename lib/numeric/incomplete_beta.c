/* incomplete_beta.c - the regularised incomplete beta function by its continued fraction, for large
 * parameters by quadrature of the tail, with the factor in front in Loader's saddle-point form: it
 * stays accurate for large parameters, where the difference of log-gammas would lose as many digits
 * as the parameters have. */
#include "numeric/incomplete_beta.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "numeric/line_integral.h"
#include "numeric/mathfun.h"
#include "numeric/saddle_point.h"

static const double log_two_pi = 1.8378770664093454836;

/* Gamma(z) = sqrt(2 pi / z) (z / e)^z exp(mlsd__stirling_error(z)) for each of the three gammas. */
double mlsd__log_beta(double a, double b)
{
    const double small = a < b ? a : b;
    const double large = a < b ? b : a;
    const double n = a + b;
    const double log_ratio = mlsd__log1p(small / large); /* log(n / large) */
    return 0.5 * (log_two_pi - mlsd__log(small) + log_ratio) + small * mlsd__log(small / n) -
           large * log_ratio + mlsd__stirling_error(small) +
           (mlsd__stirling_error(large) - mlsd__stirling_error(n));
}

/* Loader (2000), eq. 3, with k = a, n - k = b: Gamma(n + 1) / (Gamma(a + 1) Gamma(b + 1)) x^a y^b
 * is a binomial probability, and ours is a b / n times it. d = a - n x. */
static double kernel(double x, double y, double a, double b, double d)
{
    if (x <= 0 || y <= 0) return 0;
    const double n = a + b;
    const double exponent = mlsd__stirling_error(n) - mlsd__stirling_error(a) -
                            mlsd__stirling_error(b) - mlsd__deviance(a, n * x, d) -
                            mlsd__deviance(b, n * y, -d);
    return sqrt(a / n * b) * mlsd__exp(exponent - 0.5 * log_two_pi);
}

/* a - n x = a y - b x: the two products are of one size near the mode only, where it matters. */
double mlsd__beta_kernel(double x, double y, double a, double b)
{
    return kernel(x, y, a, b, a * y - b * x);
}

/* I_x(a, b) over x^a y^b / B(a, b): 1 / (b1 + a2 / (b2 + a3 / (b3 + ...))) of Didonato & Morris
 * (1992), algorithm 708, ACM TOMS 18(3), eq. 9, the even part of DLMF 8.17.22. Written with y and
 * with a - (a + b) x = a y - b x it does not cancel where x is close to 1 because a is large.
 * Lentz's method as Thompson & Barnett (1986), J. Comp. Phys. 64, section 3, state it. Converges
 * fast for x < (a + 1) / (a + b + 2). */
static double continued_fraction(double x, double y, double a, double b)
{
    enum { MAX_TERMS = 1000000 };
    const double tiny = 1e-290;
    const double distance = a * y - b * x + 1;
    double value = distance == 0 ? tiny : a / (a + 1) * distance;
    double c = value;
    double d = 0;
    for (int64_t j = 1; j < MAX_TERMS; j++) {
        const double n = (double)j;
        const double odd = a + 2 * n - 1;
        const double share = n * (b - n) / odd * x;
        const double above = (a + n - 1) / odd * (a + b + n - 1) * share * x;
        const double below = n + share + (a + n) / (odd + 2) * (distance + n * (1 + y));
        d = below + above * d;
        d = 1 / (d == 0 ? tiny : d);
        c = below + above / c;
        c = c == 0 ? tiny : c;
        value *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON) break;
    }
    return 1 / value;
}

typedef struct beta_tail {
    double x, y, a, b;
} beta_tail;

static double density_below(const void *arg, double t)
{
    const beta_tail *const tail = arg;
    const double x = tail->x - t;
    const double y = tail->y + t;
    const double d = tail->a * tail->y - tail->b * tail->x + (tail->a + tail->b) * t;
    return x > 0 ? kernel(x, y, tail->a, tail->b, d) / (x * y) : 0;
}

/* I_x(a, b) for x up to the mean. The fraction needs about sqrt(min(a, b)) terms: for large ones
 * the tail is integrated. */
static double lower_tail(double x, double y, double a, double b)
{
    static const double quadrature_from = 1e4;
    if (a < quadrature_from || b < quadrature_from)
        return mlsd__beta_kernel(x, y, a, b) * continued_fraction(x, y, a, b);
    const double n = a + b;
    const double deviation = sqrt(a / n * (b / n) / n);
    const double scale = deviation / (1 + fabs(a / n - x) / deviation);
    const beta_tail tail = {.x = x, .y = y, .a = a, .b = b};
    return mlsd__tail_integral(density_below, &tail, scale);
}

double mlsd__incomplete_beta(double x, double y, double a, double b)
{
    if (isnan(x) || isnan(y)) return NAN;
    if (x <= 0) return 0;
    if (y <= 0) return 1;
    /* I_x(a, b) = 1 - I_y(b, a), DLMF 8.17.4: each side of the mean has its fast fraction. */
    if (x <= (a + 1) / (a + b + 2)) return lower_tail(x, y, a, b);
    return 1 - lower_tail(y, x, b, a);
}
