/* distribution_discrete.c - binomial and Poisson: exact tails through the incomplete beta and gamma
 * functions, and quantiles by search over whole numbers, so that the quantile of a cdf is the
 * number it was computed at. */
#include "numeric/distribution.h"

#include <math.h>
#include <stdbool.h>

#include "numeric/incomplete_beta.h"
#include "numeric/incomplete_gamma.h"

static bool is_binomial(int64_t n, double chance)
{
    return n >= 0 && chance >= 0 && chance <= 1;
}

/* P(X <= k) = I_{1 - chance}(n - k, k + 1), DLMF 8.17.5. */
double mlsd__binomial_cdf(int64_t k, int64_t n, double chance)
{
    if (!is_binomial(n, chance)) return NAN;
    if (k < 0) return 0;
    if (k >= n) return 1;
    return mlsd__incomplete_beta(1 - chance, chance, (double)(n - k), (double)k + 1);
}

double mlsd__binomial_sf(int64_t k, int64_t n, double chance)
{
    if (!is_binomial(n, chance)) return NAN;
    if (k < 0) return 1;
    if (k >= n) return 0;
    return mlsd__incomplete_beta(chance, 1 - chance, (double)k + 1, (double)(n - k));
}

static bool is_poisson(double mean)
{
    return mean >= 0 && isfinite(mean);
}

/* P(X <= k) = Q(k + 1, mean), DLMF 8.4.10. */
double mlsd__poisson_cdf(int64_t k, double mean)
{
    if (!is_poisson(mean)) return NAN;
    return k < 0 ? 0 : mlsd__incomplete_gamma_upper((double)k + 1, mean);
}

double mlsd__poisson_sf(int64_t k, double mean)
{
    if (!is_poisson(mean)) return NAN;
    return k < 0 ? 1 : mlsd__incomplete_gamma_lower((double)k + 1, mean);
}

/* What a quantile is sought in: binomial, or Poisson with n < 0. */
typedef struct search {
    double target; /* of the cdf, or of the upper tail */
    bool is_upper;
    int64_t n;
    double parameter;
} search;

static bool is_enough(const search *s, int64_t k)
{
    if (s->is_upper)
        return (s->n < 0 ? mlsd__poisson_sf(k, s->parameter)
                         : mlsd__binomial_sf(k, s->n, s->parameter)) <= s->target;
    return (s->n < 0 ? mlsd__poisson_cdf(k, s->parameter)
                     : mlsd__binomial_cdf(k, s->n, s->parameter)) >= s->target;
}

/* The smallest k in [0, highest] that is enough; highest is. Steps double away from the start till
 * the answer lies between two of them, then they halve. */
static double smallest(const search *s, double start, int64_t highest)
{
    int64_t high = start > 0 ? (start < (double)highest ? (int64_t)start : highest) : 0;
    int64_t low = -1;
    if (is_enough(s, high)) {
        for (int64_t step = 1; step <= high; step *= 2) {
            if (!is_enough(s, high - step)) {
                low = high - step;
                break;
            }
            high -= step;
        }
    } else {
        low = high;
        for (int64_t step = 1;; step *= 2) {
            high = highest - low > step ? low + step : highest;
            if (high == highest || is_enough(s, high)) break;
            low = high;
        }
    }
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (is_enough(s, middle))
            high = middle;
        else
            low = middle;
    }
    return (double)high;
}

static double normal_start(double target, bool is_upper, double mean, double variance)
{
    const double z = mlsd__normal_quantile(target);
    return floor(mean + (is_upper ? -z : z) * sqrt(variance));
}

static double binomial_quantile(double target, bool is_upper, int64_t n, double chance)
{
    if (!(target >= 0 && target <= 1) || !is_binomial(n, chance)) return NAN;
    if (target == (is_upper ? 1 : 0) || chance == 0) return 0;
    if (target == (is_upper ? 0 : 1)) return (double)n;
    const search s = {.target = target, .is_upper = is_upper, .n = n, .parameter = chance};
    const double mean = (double)n * chance;
    return smallest(&s, normal_start(target, is_upper, mean, mean * (1 - chance)), n);
}

double mlsd__binomial_quantile(double p, int64_t n, double chance)
{
    return binomial_quantile(p, false, n, chance);
}

double mlsd__binomial_upper_quantile(double q, int64_t n, double chance)
{
    return binomial_quantile(q, true, n, chance);
}

static double poisson_quantile(double target, bool is_upper, double mean)
{
    static const double largest_mean = 1e15; /* counts must be whole numbers among doubles */
    if (!(target >= 0 && target <= 1) || !is_poisson(mean) || mean > largest_mean) return NAN;
    if (target == (is_upper ? 1 : 0) || mean == 0) return 0;
    if (target == (is_upper ? 0 : 1)) return INFINITY;
    const search s = {.target = target, .is_upper = is_upper, .n = -1, .parameter = mean};
    return smallest(&s, normal_start(target, is_upper, mean, mean), INT64_MAX / 2);
}

double mlsd__poisson_quantile(double p, double mean)
{
    return poisson_quantile(p, false, mean);
}

double mlsd__poisson_upper_quantile(double q, double mean)
{
    return poisson_quantile(q, true, mean);
}
