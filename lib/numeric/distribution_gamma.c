/* distribution_gamma.c - gamma and chi-square: distribution functions, upper tails and quantiles. A
 * quantile is sought through whichever tail is the smaller, so neither loses digits. */
#include "numeric/distribution.h"

#include <float.h>
#include <math.h>

#include "numeric/incomplete_gamma.h"
#include "numeric/mathfun.h"
#include "numeric/monotone.h"
#include "numeric/saddle_point.h"

static bool is_shape(double shape)
{
    return shape > 0 && isfinite(shape);
}

double mlsd__gamma_cdf(double x, double shape)
{
    return is_shape(shape) ? mlsd__incomplete_gamma_lower(shape, x) : (double)NAN;
}

double mlsd__gamma_sf(double x, double shape)
{
    return is_shape(shape) ? mlsd__incomplete_gamma_upper(shape, x) : (double)NAN;
}

static double lower_value(const mlsd__monotone *f, double x, double *out_x_density)
{
    *out_x_density = mlsd__gamma_kernel(x, f->a, f->a - x);
    return mlsd__incomplete_gamma_lower(f->a, x);
}

static double upper_value(const mlsd__monotone *f, double x, double *out_x_density)
{
    *out_x_density = mlsd__gamma_kernel(x, f->a, f->a - x);
    return mlsd__incomplete_gamma_upper(f->a, x);
}

static double log_gamma_1p(double a)
{
    return a < 0.5 ? mlsd__lgamma1p(a) : mlsd__lgamma(a + 1);
}

/* Wilson & Hilferty (1931), Proc. Natl. Acad. Sci. 17, z being the normal quantile; or 0. */
static double cube_start(double z, double shape)
{
    const double root = 1 - 1 / (9 * shape) + z / (3 * sqrt(shape));
    return root > 0 ? shape * root * root * root : 0;
}

/* P(shape, x) = p <= 1/2. At the left end P is x^shape / Gamma(shape + 1), a lower bound of x. */
static double quantile_of_lower(double p, double shape)
{
    const double log_power_law = (mlsd__log(p) + log_gamma_1p(shape)) / shape;
    if (log_power_law < mlsd__log(DBL_TRUE_MIN)) return 0;
    const double power_law = mlsd__exp(log_power_law);
    const double cube = cube_start(mlsd__normal_quantile(p), shape);
    const mlsd__monotone f = {.value = lower_value, .a = shape, .highest = DBL_MAX};
    return mlsd__invert(&f, p, cube > power_law ? cube : power_law);
}

/* Q(shape, x) = q <= 1/2. The power law, a lower bound of x too, tells a quantile that underflows.
 */
static double quantile_of_upper(double q, double shape)
{
    const double log_power_law = (mlsd__log1p(-q) + log_gamma_1p(shape)) / shape;
    if (log_power_law < mlsd__log(DBL_TRUE_MIN)) return 0;
    const double power_law = mlsd__exp(log_power_law);
    const double cube = cube_start(-mlsd__normal_quantile(q), shape);
    const mlsd__monotone f = {
        .value = upper_value, .a = shape, .highest = DBL_MAX, .is_decreasing = true};
    return mlsd__invert(&f, q, cube > power_law ? cube : power_law);
}

double mlsd__gamma_quantile(double p, double shape)
{
    if (!(p >= 0 && p <= 1) || !is_shape(shape)) return NAN;
    if (p == 0) return 0;
    if (p == 1) return INFINITY;
    return p <= 0.5 ? quantile_of_lower(p, shape) : quantile_of_upper(1 - p, shape);
}

double mlsd__gamma_upper_quantile(double q, double shape)
{
    if (!(q >= 0 && q <= 1) || !is_shape(shape)) return NAN;
    if (q == 0) return INFINITY;
    if (q == 1) return 0;
    return q <= 0.5 ? quantile_of_upper(q, shape) : quantile_of_lower(1 - q, shape);
}

/* Half of a chi-square variable is gamma of half the degrees of freedom: halving is exact. */
double mlsd__chi_square_cdf(double x, double df)
{
    return mlsd__gamma_cdf(0.5 * x, 0.5 * df);
}

double mlsd__chi_square_sf(double x, double df)
{
    return mlsd__gamma_sf(0.5 * x, 0.5 * df);
}

double mlsd__chi_square_quantile(double p, double df)
{
    return 2 * mlsd__gamma_quantile(p, 0.5 * df);
}

double mlsd__chi_square_upper_quantile(double q, double df)
{
    return 2 * mlsd__gamma_upper_quantile(q, 0.5 * df);
}
