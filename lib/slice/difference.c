/* difference.c - a slice against the rows outside it, and what many such comparisons cost.
 *
 * The two sides share no row, so their errors are independent and variances add. Comparing with the
 * rows outside, not with all, is what makes that so. */
#include <math.h>

#include "numeric/distribution.h"
#include "numeric/rank.h"
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

/* Newcombe (1998), Statistics in Medicine 17:873, method 10, from the two Wilson intervals; p from
 * the score test, whose variance is that of no difference. */
static void compare_shares(const mlsd__estimate *a, const mlsd__estimate *b, mlsd__difference *out)
{
    const double below = root_sum(a->value - a->low, b->high - b->value);
    const double above = root_sum(a->high - a->value, b->value - b->low);
    out->low = out->value - below;
    out->high = out->value + above;
    const double n = a->n_rows + b->n_rows;
    const double pooled = (a->value * a->n_rows + b->value * b->n_rows) / n;
    const double se = sqrt(pooled * (1 - pooled) * (1 / a->n_rows + 1 / b->n_rows));
    out->p_value = two_sided(out->value, se, INFINITY);
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
        compare_shares(inside, outside, out);
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

/* Holm (1979), Scandinavian Journal of Statistics 6:65. */
mlsd_status mlsd__holm(const mlsd__allocator *a, double *p_values, int64_t n)
{
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, p_values, n, order);
    int64_t n_tests = 0;
    for (int64_t i = 0; i < n; i++) n_tests += !isnan(p_values[i]);
    double worst = 0;
    for (int64_t k = 0; status == MLSD_OK && k < n_tests; k++) {
        const double adjusted = (double)(n_tests - k) * p_values[order[k]];
        worst = fmax(worst, fmin(1, adjusted));
        p_values[order[k]] = worst;
    }
    mlsd__free(a, order);
    return status;
}
