/* distribution_f.c - Fisher's F: distribution function, upper tail and quantiles, through the
 * incomplete beta function with both u = df_1 f / (df_1 f + df_2) and 1 - u at hand. The upper tail
 * is the lower one of 1 / f with the degrees of freedom exchanged. */
#include "numeric/distribution.h"

#include <float.h>
#include <math.h>

#include "numeric/incomplete_beta.h"
#include "numeric/mathfun.h"
#include "numeric/monotone.h"

/* From here on degrees of freedom are as good as infinitely many: tails differ by about x^2 / df, x
 * being the chi-square variable. */
static double or_infinite(double df)
{
    static const double infinite_from = 1e17;
    return df >= infinite_from ? (double)INFINITY : df;
}

/* u / (1 - u) = df_1 f / df_2, without overflow. */
static void beta_variables(double f, double df_1, double df_2, double *out_u, double *out_v)
{
    const double odds = df_1 / df_2 * f;
    *out_u = odds < 1 ? odds / (1 + odds) : 1 / (1 + 1 / odds);
    *out_v = 1 / (1 + odds);
}

/* P(F <= f), f > 0: Abramowitz & Stegun 26.6.2. With infinitely many degrees of freedom below, df_1
 * F is chi-square; with infinitely many above, df_2 / F is. */
static double lower(double f, double df_1, double df_2)
{
    if (isinf(df_1) && isinf(df_2)) return f < 1 ? 0 : 1;
    if (isinf(df_2)) return mlsd__chi_square_cdf(df_1 * f, df_1);
    if (isinf(df_1)) return mlsd__chi_square_sf(df_2 / f, df_2);
    double u = 0;
    double v = 0;
    beta_variables(f, df_1, df_2, &u, &v);
    return mlsd__incomplete_beta(u, v, 0.5 * df_1, 0.5 * df_2);
}

double mlsd__f_cdf(double f, double df_1, double df_2)
{
    if (isnan(f) || !(df_1 > 0 && df_2 > 0)) return NAN;
    if (f <= 0) return 0;
    return isinf(f) ? 1 : lower(f, or_infinite(df_1), or_infinite(df_2));
}

double mlsd__f_sf(double f, double df_1, double df_2)
{
    if (isnan(f) || !(df_1 > 0 && df_2 > 0)) return NAN;
    if (f <= 0) return 1;
    if (isinf(f)) return 0;
    const double above = or_infinite(df_1);
    const double below = or_infinite(df_2);
    return isinf(above) && isinf(below) ? 1 - lower(f, above, below) : lower(1 / f, below, above);
}

static double lower_value(const mlsd__monotone *m, double f, double *out_f_density)
{
    double u = 0;
    double v = 0;
    beta_variables(f, m->a, m->b, &u, &v);
    *out_f_density = mlsd__beta_kernel(u, v, 0.5 * m->a, 0.5 * m->b);
    return mlsd__incomplete_beta(u, v, 0.5 * m->a, 0.5 * m->b);
}

/* Abramowitz & Stegun 26.6.15 by 26.5.22, for two degrees of freedom or more on both sides. */
static double normal_start(double p, double df_1, double df_2)
{
    const double z = mlsd__normal_quantile(p);
    const double inverse_1 = 1 / (df_1 - 1);
    const double inverse_2 = 1 / (df_2 - 1);
    const double h = 2 / (inverse_1 + inverse_2);
    const double lambda = (z * z - 3) / 6;
    const double w =
        z * sqrt(h + lambda) / h - (inverse_1 - inverse_2) * (lambda + 5.0 / 6 - 2 / (3 * h));
    return mlsd__exp(2 * w);
}

/* f with P(F <= f) = p <= 1/2, both degrees of freedom finite. At the left end the function is
 * u^a / (a B), a = df_1 / 2. */
static double quantile_of_lower(double p, double df_1, double df_2)
{
    const double a = 0.5 * df_1;
    const double b = 0.5 * df_2;
    const double log_power_law =
        (mlsd__log(p) + mlsd__log(a) + mlsd__log_beta(a, b)) / a + mlsd__log(b) - mlsd__log(a);
    if (log_power_law < mlsd__log(DBL_TRUE_MIN)) return 0;
    const double power_law = mlsd__exp(log_power_law);
    const double normal = df_1 >= 2 && df_2 >= 2 ? normal_start(p, df_1, df_2) : 0;
    const mlsd__monotone f = {.value = lower_value, .a = df_1, .b = df_2, .highest = DBL_MAX};
    return mlsd__invert(&f, p, normal > power_law ? normal : power_law);
}

/* One of p and q is given as it is and is at most 1/2; it names the tail. */
static double quantile(double p, double q, double df_1, double df_2)
{
    if (!(p >= 0 && p <= 1) || !(df_1 > 0 && df_2 > 0)) return NAN;
    if (p == 0) return 0;
    if (q == 0) return INFINITY;
    if (isinf(df_1) && isinf(df_2)) return 1;
    if (isinf(df_2))
        return (p < q ? mlsd__chi_square_quantile(p, df_1)
                      : mlsd__chi_square_upper_quantile(q, df_1)) /
               df_1;
    if (isinf(df_1))
        return df_2 / (p < q ? mlsd__chi_square_upper_quantile(p, df_2)
                             : mlsd__chi_square_quantile(q, df_2));
    return p < q ? quantile_of_lower(p, df_1, df_2) : 1 / quantile_of_lower(q, df_2, df_1);
}

double mlsd__f_quantile(double p, double df_1, double df_2)
{
    return quantile(p, 1 - p, or_infinite(df_1), or_infinite(df_2));
}

double mlsd__f_upper_quantile(double q, double df_1, double df_2)
{
    return quantile(1 - q, q, or_infinite(df_1), or_infinite(df_2));
}
