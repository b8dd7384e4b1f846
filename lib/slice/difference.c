/* difference.c - a slice against the rows outside it, and what many such comparisons cost.
 *
 * The two sides share no row, so their errors are independent and variances add. Comparing with the
 * rows outside, not with all, is what makes that so. */
#include <math.h>

#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "slice/against.h"
#include "slice/slice_impl.h"

/* The score test is trusted from here on (Cochran 1952). */
#define LEAST_EXPECTED 5

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

bool mlsd__estimate_is_share(const mlsd__estimate *e)
{
    if (!(e->value >= 0 && e->value <= 1 && e->denominator > 0 && isinf(e->df))) return false;
    /* F1 is a ratio of counts too, but its error is another. */
    return fabs(e->se - sqrt(e->value * (1 - e->value) / e->n_rows)) <= 1e-9;
}

/* Fewest rows that a cell of the two by two table has if nothing differs. */
static double fewest_expected(mlsd__rate a, mlsd__rate b)
{
    const double n = a.trials + b.trials, hits = a.successes + b.successes;
    return fmin(a.trials, b.trials) * fmin(hits, n - hits) / n;
}

/* With weights by the effective numbers of rows. */
static void compare_shares(const mlsd__estimate *a, const mlsd__estimate *b, double level,
                           mlsd__difference *out)
{
    mlsd__two_rates r;
    const mlsd__rate x = {a->value * a->n_rows, a->n_rows}, y = {b->value * b->n_rows, b->n_rows};
    mlsd__rates_difference(MLSD__NEWCOMBE, x, y, level, &r);
    out->low = r.low;
    out->high = r.high;
    out->p_value = r.p_value;
    if (fewest_expected(x, y) < LEAST_EXPECTED) {
        const double is_near = 0.5;
        out->p_value =
            mlsd__fisher_p((int64_t)(x.successes + is_near), (int64_t)(x.trials + is_near),
                           (int64_t)(y.successes + is_near), (int64_t)(y.trials + is_near));
    }
    if (b->value == 0) return;
    mlsd__rates_ratio(MLSD__RATIO_LOG_ADJUSTED, x, y, level, &r);
    out->ratio_low = r.low;
    out->ratio_high = r.high;
}

static void compare_ratio(const mlsd__estimate *a, const mlsd__estimate *b, double level,
                          mlsd__difference *out)
{
    if (!(a->value > 0 && b->value > 0)) return;
    const double half =
        mlsd__normal_quantile(0.5 + level / 2) * root_sum(a->se / a->value, b->se / b->value);
    out->ratio_low = out->ratio * mlsd__exp(-half);
    out->ratio_high = out->ratio * mlsd__exp(half);
}

/* Degrees of freedom of a difference: Welch (1947), Biometrika 34:28. */
static double welch_df(const mlsd__estimate *a, const mlsd__estimate *b)
{
    if (isinf(a->df) && isinf(b->df)) return INFINITY;
    const double va = a->se * a->se, vb = b->se * b->se;
    const double df = (va + vb) * (va + vb) / (va * va / a->df + vb * vb / b->df);
    return isnan(df) ? fmin(a->df, b->df) : df;
}

void mlsd__slice_difference(const mlsd__estimate *inside, const mlsd__estimate *outside,
                            double level, mlsd__difference *out)
{
    *out = (mlsd__difference){inside->value - outside->value, NAN, NAN, NAN, NAN, NAN, NAN};
    if (isnan(out->value)) return;
    if (outside->value != 0) out->ratio = inside->value / outside->value;
    if (mlsd__estimate_is_share(inside) && mlsd__estimate_is_share(outside)) {
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
    compare_ratio(inside, outside, level, out);
}
