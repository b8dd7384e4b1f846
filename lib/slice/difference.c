/* difference.c - a slice against the rows outside it, and what many such comparisons cost.
 *
 * The two sides share no row, so their errors are independent and variances add. Comparing with the
 * rows outside, not with all, is what makes that so. */
#include <math.h>

#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "slice/slice_impl.h"

/* Two-sided p of a statistic with t or normal distribution; nothing differs by nothing: p is 1. */
static double two_sided(double difference, double se, double df)
{
    if (isnan(difference) || isnan(se)) return NAN;
    if (difference == 0) return 1;
    if (!(se > 0)) return NAN;
    const double x = -fabs(difference / se);
    return fmin(1, 2 * (isinf(df) ? mlsd__normal_cdf(x) : mlsd__t_cdf(x, df)));
}

static double root_sum(double x, double y)
{
    return sqrt(x * x + y * y);
}

/* With weights by the effective numbers of rows. */
static void compare_shares(const mlsd__estimate *a, const mlsd__estimate *b, double level,
                           mlsd__difference *out)
{
    mlsd__two_rates r;
    mlsd__rates_difference(MLSD__NEWCOMBE, (mlsd__rate){a->value * a->n_rows, a->n_rows},
                           (mlsd__rate){b->value * b->n_rows, b->n_rows}, level, &r);
    out->low = r.low;
    out->high = r.high;
    out->p_value = r.p_value;
}

/* Degrees of freedom of a difference: Welch (1947), Biometrika 34:28. */
static double welch_df(const mlsd__estimate *a, const mlsd__estimate *b)
{
    if (isinf(a->df) && isinf(b->df)) return INFINITY;
    const double va = a->se * a->se, vb = b->se * b->se;
    const double df = (va + vb) * (va + vb) / (va * va / a->df + vb * vb / b->df);
    return isnan(df) ? fmin(a->df, b->df) : df;
}

void mlsd__slice_difference(const mlsd__metric_ops *metric, const mlsd__estimate *inside,
                            const mlsd__estimate *outside, double level, mlsd__difference *out)
{
    *out = (mlsd__difference){inside->value - outside->value, NAN, NAN, NAN};
    if (isnan(out->value)) return;
    if (metric->is_share) {
        compare_shares(inside, outside, level, out);
        return;
    }
    if (isnan(inside->se) || isnan(outside->se)) return;
    mlsd__estimate difference = {.value = out->value,
                                 .se = root_sum(inside->se, outside->se),
                                 .df = welch_df(inside, outside)};
    mlsd__estimate_interval(&difference, level, -INFINITY, INFINITY);
    out->low = difference.low;
    out->high = difference.high;
    out->p_value = two_sided(difference.value, difference.se, difference.df);
}
