/* distribution.c - normal, t and beta: distribution functions and their inverses. Tails keep
 * relative accuracy: nothing small is computed as one minus something large. The other
 * distributions have files of their own. */
#include "numeric/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "numeric/incomplete_beta.h"
#include "numeric/mathfun.h"
#include "numeric/monotone.h"

double mlsd__normal_cdf(double x)
{
    return 0.5 * mlsd__erfc(-x * M_SQRT1_2);
}

enum { N_COEFFICIENTS = 8 };

static double rational(const double numerator[N_COEFFICIENTS],
                       const double denominator[N_COEFFICIENTS], double r)
{
    double top = 0;
    double bottom = 0;
    for (int k = N_COEFFICIENTS - 1; k >= 0; k--) {
        top = top * r + numerator[k];
        bottom = bottom * r + denominator[k];
    }
    return top / bottom;
}

/* Wichura (1988), algorithm AS 241, PPND16, Applied Statistics 37(3): relative accuracy 1e-16. */
double mlsd__normal_quantile(double p)
{
    static const double a[N_COEFFICIENTS] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                             1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                             4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                             3.3430575583588128105e+4, 2.5090809287301226727e+3};
    static const double b[N_COEFFICIENTS] = {1,
                                             4.2313330701600911252e+1,
                                             6.8718700749205790830e+2,
                                             5.3941960214247511077e+3,
                                             2.1213794301586595867e+4,
                                             3.9307895800092710610e+4,
                                             2.8729085735721942674e+4,
                                             5.2264952788528545610e+3};
    static const double c[N_COEFFICIENTS] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                             5.76949722146069140550e0,  3.64784832476320460504e0,
                                             1.27045825245236838258e0,  2.41780725177450611770e-1,
                                             2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[N_COEFFICIENTS] = {1,
                                             2.05319162663775882187e0,
                                             1.67638483018380384940e0,
                                             6.89767334985100004550e-1,
                                             1.48103976427480074590e-1,
                                             1.51986665636164571966e-2,
                                             5.47593808499534494600e-4,
                                             1.05075007164441684324e-9};
    static const double e[N_COEFFICIENTS] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                             1.78482653991729133580e0,  2.96560571828504891230e-1,
                                             2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                             2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[N_COEFFICIENTS] = {1,
                                             5.99832206555887937690e-1,
                                             1.36929880922735805310e-1,
                                             1.48753612908506148525e-2,
                                             7.86869131145613259100e-4,
                                             1.84631831751005468180e-5,
                                             1.42151175831644588870e-7,
                                             2.04426310338993978564e-15};

    if (!(p >= 0 && p <= 1)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    const double q = p - 0.5;
    if (fabs(q) <= 0.425) return q * rational(a, b, 0.180625 - q * q);
    const double r = sqrt(-mlsd__log(q < 0 ? p : 1 - p));
    const double x = r <= 5 ? rational(c, d, r - 1.6) : rational(e, f, r - 5);
    return q < 0 ? -x : x;
}

/* u = df / (df + t^2) and v = 1 - u, for which t f(t) = u^(df/2) v^(1/2) / B(df/2, 1/2). */
static void t_variables(double t, double df, double *out_u, double *out_v)
{
    const double scaled = t / sqrt(df);
    const double square = scaled * scaled;
    *out_u = 1 / (1 + square);
    *out_v = square < 1 ? square / (1 + square) : 1 / (1 + 1 / square);
}

/* Beyond this times sqrt(df) the tail is the power u^(df/2) / (df B) to the last digit. */
static const double power_law_from = 1e9;

static double t_log_constant(double df)
{
    return mlsd__log(df) + mlsd__log_beta(0.5 * df, 0.5);
}

/* From here on t is taken through a normal: the continued fraction needs sqrt(df) terms. */
static const double hill_from_df = 1e4;

/* z with P(Z > z) = P(T > t). Hill (1970), algorithm 395, Comm. ACM 13(10), the expansion of the
 * text; its next term is of relative order z^9 / df^6. */
static double hill_normal(double t, double df)
{
    const double a = df - 0.5;
    const double b = 48 * a * a;
    const double w = a * mlsd__log1p(t / df * t);
    const double z = sqrt(w);
    const double first = w + 3;
    const double second = ((4 * w + 33) * w + 240) * w + 855;
    return z + z * (first - second / (10 * b)) / b;
}

/* P(T > t), t > 0: I_u(df/2, 1/2) / 2, Abramowitz & Stegun 26.7.1 with 26.5. */
static double t_upper(double t, double df, double *out_t_density)
{
    const double scaled = t / sqrt(df);
    if (scaled > power_law_from) {
        const double tail = mlsd__exp(-df * mlsd__log(scaled) - t_log_constant(df));
        *out_t_density = df * tail;
        return tail;
    }
    double u = 0;
    double v = 0;
    t_variables(t, df, &u, &v);
    *out_t_density = mlsd__beta_kernel(u, v, 0.5 * df, 0.5);
    if (df >= hill_from_df) return mlsd__normal_cdf(-hill_normal(t, df));
    return 0.5 * mlsd__incomplete_beta(u, v, 0.5 * df, 0.5);
}

/* P(0 < T < t) = I_v(1/2, df/2) / 2. */
static double t_middle(double t, double df, double *out_t_density)
{
    double u = 0;
    double v = 0;
    t_variables(t, df, &u, &v);
    *out_t_density = mlsd__beta_kernel(u, v, 0.5 * df, 0.5);
    if (df >= hill_from_df) return 0.5 * mlsd__erf(hill_normal(t, df) * M_SQRT1_2);
    return 0.5 * mlsd__incomplete_beta(v, u, 0.5, 0.5 * df);
}

static double t_upper_value(const mlsd__monotone *f, double t, double *out_t_density)
{
    return t_upper(t, f->a, out_t_density);
}

static double t_middle_value(const mlsd__monotone *f, double t, double *out_t_density)
{
    return t_middle(t, f->a, out_t_density);
}

/* From here on t is normal: tails differ by the factor 1 + t^4 / (4 df), Abramowitz &
 * Stegun 26.7.8. */
static const double normal_from_df = 1e20;

double mlsd__t_cdf(double t, double df)
{
    if (isnan(t) || !(df > 0)) return NAN;
    if (df >= normal_from_df) return mlsd__normal_cdf(t);
    if (isinf(t)) return t > 0 ? 1 : 0;
    if (t == 0) return 0.5;
    double unused = 0;
    const double upper = t_upper(fabs(t), df, &unused);
    return t > 0 ? 1 - upper : upper;
}

/* t > 0 with P(T > t) = p, p <= 1/4: from the power law in the far tail, else from the normal with
 * the first term of Cornish and Fisher, Abramowitz & Stegun 26.7.5. */
static double t_quantile_tail(double p, double df)
{
    static const double far = 3;
    const double log_scaled = -(mlsd__log(p) + t_log_constant(df)) / df;
    if (log_scaled + 0.5 * mlsd__log(df) > mlsd__log(DBL_MAX)) return INFINITY;
    const double z = -mlsd__normal_quantile(p);
    const double start =
        log_scaled > far ? sqrt(df) * mlsd__exp(log_scaled) : z + z * (z * z + 1) / (4 * df);
    const mlsd__monotone tail = {
        .value = t_upper_value, .a = df, .highest = DBL_MAX, .is_decreasing = true};
    return mlsd__invert(&tail, p, start);
}

/* t > 0 with P(0 < T < t) = p: from the density at 0. */
static double t_quantile_middle(double p, double df)
{
    const mlsd__monotone middle = {.value = t_middle_value, .a = df, .highest = DBL_MAX};
    return mlsd__invert(&middle, p, p * sqrt(df) * mlsd__exp(mlsd__log_beta(0.5 * df, 0.5)));
}

double mlsd__t_quantile(double p, double df)
{
    if (!(p >= 0 && p <= 1) || !(df > 0)) return NAN;
    if (df >= normal_from_df) return mlsd__normal_quantile(p);
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (p == 0.5) return 0;
    const double outer = p < 0.5 ? p : 1 - p;
    const double t =
        outer <= 0.25 ? t_quantile_tail(outer, df) : t_quantile_middle(0.5 - outer, df);
    return p < 0.5 ? -t : t;
}

double mlsd__beta_cdf(double x, double a, double b)
{
    if (isnan(x) || !(a > 0 && b > 0 && isfinite(a) && isfinite(b))) return NAN;
    if (x <= 0) return 0;
    if (x >= 1) return 1;
    return mlsd__incomplete_beta(x, 1 - x, a, b);
}

double mlsd__beta_sf(double x, double a, double b)
{
    if (isnan(x) || !(a > 0 && b > 0 && isfinite(a) && isfinite(b))) return NAN;
    if (x <= 0) return 1;
    if (x >= 1) return 0;
    return mlsd__incomplete_beta(1 - x, x, b, a);
}

static double beta_lower_value(const mlsd__monotone *f, double x, double *out_x_density)
{
    const double y = 1 - x;
    *out_x_density = mlsd__beta_kernel(x, y, f->a, f->b) / y;
    return mlsd__incomplete_beta(x, y, f->a, f->b);
}

static double beta_upper_value(const mlsd__monotone *f, double x, double *out_x_density)
{
    const double y = 1 - x;
    *out_x_density = mlsd__beta_kernel(x, y, f->a, f->b) / y;
    return mlsd__incomplete_beta(y, x, f->b, f->a);
}

/* Abramowitz & Stegun 26.5.22, for a, b >= 1. */
static double beta_normal_start(double p, double a, double b)
{
    const double z = -mlsd__normal_quantile(p);
    const double inverse_a = 1 / (2 * a - 1);
    const double inverse_b = 1 / (2 * b - 1);
    const double h = 2 / (inverse_a + inverse_b);
    const double lambda = (z * z - 3) / 6;
    const double w =
        z * sqrt(h + lambda) / h - (inverse_b - inverse_a) * (lambda + 5.0 / 6 - 2 / (3 * h));
    return a / (a + b * mlsd__exp(2 * w));
}

/* x with I_x(a, b) = p = 1 - q, known to be at most 1/2: the smaller of x and 1 - x is the unknown
 * and the smaller of p and q the target, so neither loses digits. */
static double beta_quantile_half(double p, double q, double a, double b)
{
    /* At the left end I_x is x^a / (a B), a lower bound of x for b >= 1. */
    const double log_power_law = (mlsd__log(p) + mlsd__log(a) + mlsd__log_beta(a, b)) / a;
    if (log_power_law < mlsd__log(DBL_TRUE_MIN)) return 0;
    const double power_law = mlsd__exp(log_power_law);
    const double normal = a >= 1 && b >= 1 ? beta_normal_start(p, a, b) : 0;
    const double start = normal > power_law ? normal : power_law;
    const double highest = 0.5 + 1e-6; /* the bracket is open */
    const mlsd__monotone f = {.value = p <= 0.5 ? beta_lower_value : beta_upper_value,
                              .a = a,
                              .b = b,
                              .highest = highest,
                              .is_decreasing = p > 0.5};
    return mlsd__invert(&f, p <= 0.5 ? p : q, start < highest ? start : 0.25);
}

double mlsd__beta_quantile(double p, double a, double b)
{
    if (!(p >= 0 && p <= 1) || !(a > 0 && b > 0 && isfinite(a) && isfinite(b))) return NAN;
    if (p == 0 || p == 1) return p;
    if (p <= mlsd__beta_cdf(0.5, a, b)) return beta_quantile_half(p, 1 - p, a, b);
    return 1 - beta_quantile_half(1 - p, p, b, a);
}
