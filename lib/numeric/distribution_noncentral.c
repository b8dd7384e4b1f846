/* distribution_noncentral.c - noncentral t: both tails as the mean of a normal tail over the chi
 * distribution below the fraction bar, and the quantile. Series in beta functions (Lenth 1989,
 * algorithm AS 243) have an absolute error only; here all terms are positive, so that either tail
 * keeps relative accuracy. */
#include "numeric/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "numeric/line_integral.h"
#include "numeric/mathfun.h"
#include "numeric/monotone.h"
#include "numeric/saddle_point.h"

/* From here on the chi distribution is a point for doubles. */
static const double normal_from_df = 1e20;

static const double inverse_sqrt_two_pi = 0.39894228040143267794;

typedef struct noncentral_t {
    double t, df, shift;
} noncentral_t;

/* With s = exp(y): normal_cdf(t s - shift) and its derivative by log(t), times the density of y,
 * where df s^2 / 2 is a gamma variable. Johnson, Kotz & Balakrishnan (1995), Continuous Univariate
 * Distributions 2, eq. 31.9. */
static void integrand(const void *arg, double y, double out[MLSD__N_INTEGRALS])
{
    const noncentral_t *const x = arg;
    const double shape = 0.5 * x->df;
    const double s = mlsd__exp(y);
    const double square = mlsd__exp(2 * y);
    const double weight =
        2 * mlsd__gamma_kernel(shape * square, shape, -shape * mlsd__expm1(2 * y));
    const double z = x->t * s - x->shift;
    out[0] = weight > 0 ? weight * mlsd__normal_cdf(z) : 0;
    out[1] = weight * inverse_sqrt_two_pi * mlsd__exp(-0.5 * z * z) * x->t * s;
}

/* P(T <= t). If the normal factor is in its tail at s = 1, the peak is near that of its exponent,
 * where (df + t^2) s^2 - t shift s - df = 0. */
static double lower(const noncentral_t *x, double *out_t_density)
{
    static const double largest_step = 0.25; /* exp(-df exp(2y) / 2) has its saddles at i pi / 2 */
    const double t = x->t;
    const double df = x->df;
    const double sum = df + t * t;
    const double half = 0.5 * t * x->shift;
    const double root = sqrt(half * half + df * sum);
    /* The positive root, without cancellation. */
    const double peak = half >= 0 ? (half + root) / sum : df / (root - half);
    const double s = t - x->shift >= 0 ? 1 : peak;
    const double width = 1 / sqrt(df + sum * s * s);
    double out[MLSD__N_INTEGRALS] = {0};
    mlsd__line_integral(integrand, x, mlsd__log(s), width < largest_step ? width : largest_step,
                        out);
    *out_t_density = out[1];
    return out[0];
}

/* Beyond `far` either tail is the power |t|^-df to the last digit: t then matters through small
 * values of s only, where the density of y is s^df. */
static double tail_or_lower(const noncentral_t *x, double *out_t_density)
{
    const double far = 1e9 * sqrt(1 + x->df + x->shift * x->shift);
    if (fabs(x->t) <= far) return lower(x, out_t_density);
    const double sign = x->t < 0 ? -1 : 1;
    const noncentral_t at_far = {.t = -far, .df = x->df, .shift = -sign * x->shift};
    const double power = mlsd__exp(x->df * (mlsd__log(far) - mlsd__log(fabs(x->t))));
    const double tail = lower(&at_far, out_t_density) * power;
    *out_t_density = sign * x->df * tail;
    return sign < 0 ? tail : 1 - tail;
}

static bool is_valid(double df, double shift)
{
    return df > 0 && isfinite(shift);
}

double mlsd__noncentral_t_cdf(double t, double df, double shift)
{
    if (isnan(t) || !is_valid(df, shift)) return NAN;
    if (isinf(t)) return t > 0 ? 1 : 0;
    if (df >= normal_from_df) return mlsd__normal_cdf(t - shift);
    if (t == 0) return mlsd__normal_cdf(-shift);
    const noncentral_t x = {.t = t, .df = df, .shift = shift};
    double unused = 0;
    const double p = tail_or_lower(&x, &unused);
    return p < 1 ? p : 1;
}

double mlsd__noncentral_t_sf(double t, double df, double shift)
{
    return mlsd__noncentral_t_cdf(-t, df, -shift);
}

static double lower_value(const mlsd__monotone *f, double t, double *out_t_density)
{
    const noncentral_t x = {.t = t, .df = f->a, .shift = f->b};
    return tail_or_lower(&x, out_t_density);
}

static double upper_value(const mlsd__monotone *f, double t, double *out_t_density)
{
    const noncentral_t x = {.t = -t, .df = f->a, .shift = -f->b};
    const double q = tail_or_lower(&x, out_t_density);
    *out_t_density = -*out_t_density;
    return q;
}

/* t > 0 with P(T <= t) = p = 1 - q; through the smaller of them. */
static double positive_quantile(double p, double q, double df, double shift)
{
    const double z = p < q ? mlsd__normal_quantile(p) : -mlsd__normal_quantile(q);
    const mlsd__monotone f = {.value = p < q ? lower_value : upper_value,
                              .a = df,
                              .b = shift,
                              .highest = DBL_MAX,
                              .is_decreasing = !(p < q)};
    const double start = shift + z;
    return mlsd__invert(&f, p < q ? p : q, start > 0 ? start : 1);
}

double mlsd__noncentral_t_quantile(double p, double df, double shift)
{
    if (!(p >= 0 && p <= 1) || !is_valid(df, shift)) return NAN;
    if (p == 0) return -INFINITY;
    if (p == 1) return INFINITY;
    if (df >= normal_from_df) return mlsd__normal_quantile(p) + shift;
    const double at_0 = mlsd__normal_cdf(-shift);
    if (p == at_0) return 0;
    return p > at_0 ? positive_quantile(p, 1 - p, df, shift)
                    : -positive_quantile(1 - p, p, df, -shift);
}
