/* interval_rates.c - intervals of rates, of their differences, ratios and ratios of odds.
 *
 * Rates of nothing are NaN, and so is what is made of them. Limits of rates stay inside [0, 1],
 * those of differences inside [-1, 1]. */
#include "metric/interval_rates.h"

#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"

static double quantile_of(double level)
{
    return mlsd__normal_quantile(0.5 + level / 2);
}

/* Wilson (1927), JASA 22:209. The limits at rates of 0 and 1 are exactly these. */
void mlsd__wilson(double p, double n, double z, double *low, double *high)
{
    const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    const double half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    *low = p == 0 ? 0 : fmax(0, centre - half);
    *high = p == 1 ? 1 : fmin(1, centre + half);
}

static void wald(double p, double n, double z, double *low, double *high)
{
    const double half = z * sqrt(p * (1 - p) / n);
    *low = fmax(0, p - half);
    *high = fmin(1, p + half);
}

/* Clopper & Pearson (1934), Biometrika 26:404, by quantiles of the beta distribution. */
static void clopper_pearson(double x, double n, double level, double *low, double *high)
{
    const double tail = (1 - level) / 2;
    *low = x == 0 ? 0 : mlsd__beta_quantile(tail, x, n - x + 1);
    *high = x == n ? 1 : mlsd__beta_quantile(1 - tail, x + 1, n - x);
}

/* Brown, Cai & DasGupta (2001), Statistical Science 16:101, section 3.1. */
static void jeffreys(double x, double n, double level, double *low, double *high)
{
    const double tail = (1 - level) / 2;
    *low = x == 0 ? 0 : mlsd__beta_quantile(tail, x + 0.5, n - x + 0.5);
    *high = x == n ? 1 : mlsd__beta_quantile(1 - tail, x + 0.5, n - x + 0.5);
}

void mlsd__proportion_interval(mlsd__rate_method method, mlsd__rate rate, double level,
                               double *out_low, double *out_high)
{
    const double x = rate.successes, n = rate.trials;
    *out_low = *out_high = NAN;
    if (!(n > 0)) return;
    const double z = quantile_of(level);
    switch (method) {
    case MLSD__WILSON:
        mlsd__wilson(x / n, n, z, out_low, out_high);
        return;
    case MLSD__CLOPPER_PEARSON:
        clopper_pearson(x, n, level, out_low, out_high);
        return;
    case MLSD__JEFFREYS:
        jeffreys(x, n, level, out_low, out_high);
        return;
    case MLSD__AGRESTI_COULL: /* Agresti & Coull (1998), American Statistician 52:119 */
        wald((x + z * z / 2) / (n + z * z), n + z * z, z, out_low, out_high);
        return;
    case MLSD__RATE_WALD:
        wald(x / n, n, z, out_low, out_high);
        return;
    }
}

double mlsd__pass_rate_bound(double passes, double cases, double level)
{
    if (!(cases > 0)) return NAN;
    return passes == 0 ? 0 : mlsd__beta_quantile(1 - level, passes, cases - passes + 1);
}

/* The variance of the difference is that of no difference; nothing differs by nothing: p is 1. */
static void score_test(mlsd__rate a, mlsd__rate b, mlsd__two_rates *out)
{
    const double difference = a.successes / a.trials - b.successes / b.trials;
    const double pooled = (a.successes + b.successes) / (a.trials + b.trials);
    const double variance = pooled * (1 - pooled) * (1 / a.trials + 1 / b.trials);
    out->statistic = difference == 0 ? 0 : difference * difference / variance;
    out->p_value = mlsd__chi_square_sf(out->statistic, 1);
}

/* False: one of the rates is of nothing. */
static int begin(mlsd__rate a, mlsd__rate b, mlsd__two_rates *out)
{
    *out = (mlsd__two_rates){NAN, NAN, NAN, NAN, NAN};
    if (!(a.trials > 0 && b.trials > 0)) return 0;
    score_test(a, b, out);
    return 1;
}

/* Newcombe (1998), Statistics in Medicine 17:873, method 10. */
static void newcombe(mlsd__rate a, mlsd__rate b, double z, mlsd__two_rates *out)
{
    const double p_a = a.successes / a.trials, p_b = b.successes / b.trials;
    double low_a, high_a, low_b, high_b;
    mlsd__wilson(p_a, a.trials, z, &low_a, &high_a);
    mlsd__wilson(p_b, b.trials, z, &low_b, &high_b);
    const double down_a = p_a - low_a, up_a = high_a - p_a;
    const double down_b = p_b - low_b, up_b = high_b - p_b;
    out->low = out->value - sqrt(down_a * down_a + up_b * up_b);
    out->high = out->value + sqrt(up_a * up_a + down_b * down_b);
}

static void wald_difference(mlsd__rate a, mlsd__rate b, double z, mlsd__two_rates *out)
{
    const double p_a = a.successes / a.trials, p_b = b.successes / b.trials;
    const double half = z * sqrt(p_a * (1 - p_a) / a.trials + p_b * (1 - p_b) / b.trials);
    out->low = p_a - p_b - half;
    out->high = p_a - p_b + half;
}

void mlsd__rates_difference(mlsd__difference_method method, mlsd__rate a, mlsd__rate b,
                            double level, mlsd__two_rates *out)
{
    if (!begin(a, b, out)) return;
    const double z = quantile_of(level);
    out->value = a.successes / a.trials - b.successes / b.trials;
    if (method == MLSD__NEWCOMBE) {
        newcombe(a, b, z, out);
    } else if (method == MLSD__AGRESTI_CAFFO) { /* (2000), American Statistician 54:280 */
        wald_difference((mlsd__rate){a.successes + 1, a.trials + 2},
                        (mlsd__rate){b.successes + 1, b.trials + 2}, z, out);
    } else {
        wald_difference(a, b, z, out);
    }
    out->low = fmax(-1, out->low);
    out->high = fmin(1, out->high);
}

/* Limits from a ratio whose logarithm is normal with that variance. */
static void log_limits(double ratio, double variance, double level, mlsd__two_rates *out)
{
    if (!(ratio > 0 && isfinite(ratio) && isfinite(variance))) return;
    const double half = quantile_of(level) * sqrt(fmax(0, variance));
    out->low = ratio * mlsd__exp(-half);
    out->high = ratio * mlsd__exp(half);
}

void mlsd__rates_ratio(mlsd__ratio_method method, mlsd__rate a, mlsd__rate b, double level,
                       mlsd__two_rates *out)
{
    if (!begin(a, b, out)) return;
    if (b.successes > 0) out->value = a.successes / a.trials / (b.successes / b.trials);
    const double more = method == MLSD__RATIO_LOG_ADJUSTED ? 0.5 : 0;
    const double x_a = a.successes + more, n_a = a.trials + more;
    const double x_b = b.successes + more, n_b = b.trials + more;
    log_limits(x_a / n_a / (x_b / n_b), 1 / x_a - 1 / n_a + 1 / x_b - 1 / n_b, level, out);
}

void mlsd__rates_odds_ratio(mlsd__ratio_method method, mlsd__rate a, mlsd__rate b, double level,
                            mlsd__two_rates *out)
{
    if (!begin(a, b, out)) return;
    const double not_a = a.trials - a.successes, not_b = b.trials - b.successes;
    if (b.successes > 0 && not_a > 0) out->value = a.successes * not_b / (not_a * b.successes);
    const double more = method == MLSD__RATIO_LOG_ADJUSTED ? 0.5 : 0;
    const double x_a = a.successes + more, y_a = not_a + more;
    const double x_b = b.successes + more, y_b = not_b + more;
    log_limits(x_a * y_b / (y_a * x_b), 1 / x_a + 1 / y_a + 1 / x_b + 1 / y_b, level, out);
}
