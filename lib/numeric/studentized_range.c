/* studentized_range.c - the distribution of the range of k normals over an independent estimate of
 * their standard deviation (Tukey's honest significant differences). A double integral of positive
 * terms, for either tail: the range given the estimate, inside; the estimate, outside. Copenhaver &
 * Holland (1988), J. Stat. Comput. Simul. 30, whose sums of Gaussian rules have an absolute error.
 */
#include "numeric/distribution.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "numeric/line_integral.h"
#include "numeric/mathfun.h"
#include "numeric/monotone.h"
#include "numeric/saddle_point.h"

/* From here on the estimate is the truth for doubles. */
static const double normal_from_df = 1e20;

static const double inverse_sqrt_two_pi = 0.39894228040143267794;

static double normal_density(double z)
{
    return inverse_sqrt_two_pi * mlsd__exp(-0.5 * z * z);
}

/* normal_cdf(z + w) - normal_cdf(z), also where the difference would cancel: the 8-point rule of
 * Gauss is exact to the last digit over up to a quarter of a standard deviation. Abramowitz &
 * Stegun, table 25.4. */
static double normal_between(double z, double w)
{
    static const double short_interval = 0.5;
    static const double node[] = {0.183434642495649805, 0.525532409916328986, 0.796666477413626740,
                                  0.960289856497536232};
    static const double weight[] = {0.362683783378361983, 0.313706645877887287,
                                    0.222381034453374471, 0.101228536290376259};
    if (w >= short_interval)
        return z + 0.5 * w > 0 ? mlsd__normal_cdf(-z) - mlsd__normal_cdf(-z - w)
                               : mlsd__normal_cdf(z + w) - mlsd__normal_cdf(z);
    const double middle = z + 0.5 * w;
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += weight[i] * (normal_density(middle - 0.5 * w * node[i]) +
                            normal_density(middle + 0.5 * w * node[i]));
    return 0.5 * w * sum;
}

typedef struct range {
    double n_groups;
    double w;
    bool is_upper;
} range;

/* Given the smallest value z: with A = P(Z > z) and B = P(Z > z + w), all others lie below z + w
 * with chance ((A - B) / A)^(k - 1). The second integral is the derivative by log(w) without its
 * sign. */
static void given_smallest(const void *arg, double z, double out[MLSD__N_INTEGRALS])
{
    const range *const r = arg;
    const double others = r->n_groups - 1;
    const double a = mlsd__normal_cdf(-z);
    const double between = normal_between(z, r->w);
    out[0] = 0;
    out[1] = 0;
    if (!(a > 0)) return;
    const double outside = mlsd__normal_cdf(-z - r->w) / a;
    const double density = r->n_groups * normal_density(z);
    const double log_inside =
        outside < 0.5 ? mlsd__log1p(-outside) : mlsd__log(between) - mlsd__log(a);
    const double smallest_is_z = density * mlsd__exp(others * mlsd__log(a));
    out[0] = smallest_is_z *
             (r->is_upper ? -mlsd__expm1(others * log_inside) : mlsd__exp(others * log_inside));
    if (between > 0)
        out[1] = density * others * mlsd__exp((others - 1) * mlsd__log(between)) *
                 normal_density(z + r->w) * r->w;
}

/* P(range <= w) or P(range > w): for short ranges and the far tail the peak is at -w / 2, for long
 * ranges where the smallest of k values is. */
static void range_integral(const range *r, double out[MLSD__N_INTEGRALS])
{
    static const double first_step = 0.5;
    const double farthest = sqrt(2 * mlsd__log(r->n_groups));
    const double middle = 0.5 * r->w;
    const bool is_bulk = !r->is_upper && middle > farthest;
    mlsd__line_integral(given_smallest, r, -(is_bulk ? farthest : middle), first_step, out);
}

typedef struct studentized {
    double q, df;
    range range;
} studentized;

/* With the estimate exp(y), df exp(2y) / 2 being a gamma variable. */
static void given_estimate(const void *arg, double y, double out[MLSD__N_INTEGRALS])
{
    const studentized *const x = arg;
    const double shape = 0.5 * x->df;
    const double weight =
        2 * mlsd__gamma_kernel(shape * mlsd__exp(2 * y), shape, -shape * mlsd__expm1(2 * y));
    range r = x->range;
    r.w = x->q * mlsd__exp(y);
    out[0] = 0;
    out[1] = 0;
    if (!(weight > 0)) return;
    range_integral(&r, out);
    out[0] *= weight;
    out[1] *= weight;
}

/* The tail at q > 0, and its derivative by log(q) without its sign. */
static double tail(double q, double n_groups, double df, bool is_upper, double *out_q_density)
{
    static const double largest_step = 0.25; /* exp(-df exp(2y) / 2) has its saddles at i pi / 2 */
    const studentized x = {
        .q = q, .df = df, .range = {.n_groups = n_groups, .w = q, .is_upper = is_upper}};
    double out[MLSD__N_INTEGRALS] = {0};
    if (df >= normal_from_df) {
        range_integral(&x.range, out);
    } else {
        /* The far upper tail falls as exp(-w^2 / 4), the far lower one as w^(k - 1). */
        const double square = is_upper ? df / (df + 0.5 * q * q) : 1;
        const double width = 1 / sqrt(2 * df + (is_upper ? 0 : n_groups - 1));
        mlsd__line_integral(given_estimate, &x, 0.5 * mlsd__log(square),
                            width < largest_step ? width : largest_step, out);
    }
    *out_q_density = out[1];
    return out[0] < 1 ? out[0] : 1;
}

static bool is_valid(int64_t n_groups, double df)
{
    return n_groups >= 2 && df > 0;
}

double mlsd__studentized_range_cdf(double q, int64_t n_groups, double df)
{
    if (isnan(q) || !is_valid(n_groups, df)) return NAN;
    if (q <= 0) return 0;
    if (isinf(q)) return 1;
    double unused = 0;
    return tail(q, (double)n_groups, df, false, &unused);
}

double mlsd__studentized_range_sf(double q, int64_t n_groups, double df)
{
    if (isnan(q) || !is_valid(n_groups, df)) return NAN;
    if (q <= 0) return 1;
    if (isinf(q)) return 0;
    double unused = 0;
    return tail(q, (double)n_groups, df, true, &unused);
}

static double lower_value(const mlsd__monotone *f, double q, double *out_q_density)
{
    return tail(q, f->a, f->b, false, out_q_density);
}

static double upper_value(const mlsd__monotone *f, double q, double *out_q_density)
{
    return tail(q, f->a, f->b, true, out_q_density);
}

/* One of p and q is given as it is and is at most 1/2; it names the tail. Two groups differ by
 * sqrt(2) times a t variable, and k of them in about k (k - 1) / 2 ways. */
static double quantile(double p, double q, int64_t n_groups, double df)
{
    if (!(p >= 0 && p <= 1) || !is_valid(n_groups, df)) return NAN;
    if (p == 0) return 0;
    if (q == 0) return INFINITY;
    const bool is_lower = p < q;
    const double k = (double)n_groups;
    const double ways = k * (k - 1);
    const double start =
        is_lower ? mlsd__pow(p, 1 / (k - 1)) * M_SQRT2 : -M_SQRT2 * mlsd__t_quantile(q / ways, df);
    const mlsd__monotone f = {.value = is_lower ? lower_value : upper_value,
                              .a = k,
                              .b = df,
                              .highest = DBL_MAX,
                              .is_decreasing = !is_lower};
    return mlsd__invert(&f, is_lower ? p : q, start);
}

double mlsd__studentized_range_quantile(double p, int64_t n_groups, double df)
{
    return quantile(p, 1 - p, n_groups, df);
}

double mlsd__studentized_range_upper_quantile(double q, int64_t n_groups, double df)
{
    return quantile(1 - q, q, n_groups, df);
}
