/* fairness_limits.c - intervals of what compares groups by their rates.
 *
 * The largest difference of many groups is taken after looking at all of them, so its interval
 * comes from intervals of all pairs that hold together (Bonferroni): the largest of their lower
 * limits, and of their upper ones. Of two groups that is Newcombe's interval, of a ratio Katz's.
 *
 * All pairs of a thousand groups are half a million, for each of thirty measures; but all these
 * limits are of one form, a difference of two values (or logarithms) less or plus the root of two
 * squares, one of each group. The widest is found by bounds that are sums over the two groups, in
 * an order in which few pairs are looked at: about n log n for n groups. */
#include <math.h>

#include "metric/interval_rates.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "slice/fairness_impl.h"

/* Limits of the odds of a share. */
static void odds_limits(const mlsd__fair_rate *r, double level, double *low, double *high)
{
    mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(r), level, low, high);
    *low = *low / (1 - *low);
    *high = *high < 1 ? *high / (1 - *high) : INFINITY;
}

/* a less b. Of odds from the limits of both: the method of variance estimates recovery (Zou &
 * Donner 2008, Statistics in Medicine 27:1693), by which Newcombe's is made too. */
void mlsd__fair_difference_limits(const mlsd__fair_rate *a, const mlsd__fair_rate *b, bool is_odds,
                                  double level, double *low, double *high)
{
    if (!is_odds) {
        mlsd__two_rates is;
        mlsd__rates_difference(MLSD__NEWCOMBE, mlsd__fair_counts(a), mlsd__fair_counts(b), level,
                               &is);
        *low = is.low;
        *high = is.high;
        return;
    }
    double low_a, high_a, low_b, high_b;
    odds_limits(a, level, &low_a, &high_a);
    odds_limits(b, level, &low_b, &high_b);
    const double d = a->value - b->value, below_a = a->value - low_a, above_b = high_b - b->value;
    const double above_a = high_a - a->value, below_b = b->value - low_b;
    *low = d - sqrt(below_a * below_a + above_b * above_b);
    *high = d + sqrt(above_a * above_a + below_b * below_b);
}

/* a by b; where a count is 0, with half a count more. */
void mlsd__fair_ratio_limits(const mlsd__fair_rate *a, const mlsd__fair_rate *b, bool is_odds,
                             double level, double *low, double *high)
{
    mlsd__two_rates is;
    if (is_odds) {
        const bool full = a->successes > 0 && b->successes > 0;
        mlsd__rates_odds_ratio(full ? MLSD__RATIO_LOG : MLSD__RATIO_LOG_ADJUSTED,
                               mlsd__fair_counts(a), mlsd__fair_counts(b), level, &is);
    } else {
        const bool full = a->successes > 0 && b->successes > 0;
        mlsd__rates_ratio(full ? MLSD__RATIO_LOG : MLSD__RATIO_LOG_ADJUSTED, mlsd__fair_counts(a),
                          mlsd__fair_counts(b), level, &is);
    }
    *low = is.low;
    *high = is.high;
}

double mlsd__fair_together(double level, int64_t n)
{
    return n > 1 ? 1 - (1 - level) / (double)n : level;
}

/* One more pair: its limits either way round. */
static void widen(mlsd__fair_form form, double low, double high, mlsd__fair_measure *m)
{
    if (form == MLSD__FAIR_DIFFERENCE) {
        m->low = fmax(m->low, fmax(low, -high));
        m->high = fmax(m->high, fmax(high, -low));
    } else {
        m->low = fmin(m->low, fmin(low, 1 / high));
        m->high = fmin(m->high, fmin(high, 1 / low));
    }
}

/* ---- the widest pair ---- */

static double reach(const mlsd__fair_span *a, const mlsd__fair_span *b, double sign)
{
    return a->value - b->value + sign * sqrt(a->x * a->x + b->y * b->y);
}

/* What a brings to the reach of any pair (a, b), and b takes from it, so that the one less the
 * other is never below the reach. The root is not below (x + y) / sqrt 2, and not above (x^2 + y^2)
 * / 2r + r / 2, whatever r is; both are near where groups are alike. */
static double brings(const mlsd__fair_span *a, double sign, double r)
{
    if (sign < 0) return a->value - sqrt(0.5) * a->x;
    return r > 0 ? a->value + a->x * a->x / (2 * r) + r / 4 : a->value;
}

static double takes(const mlsd__fair_span *b, double sign, double r)
{
    if (sign < 0) return b->value + sqrt(0.5) * b->y;
    return r > 0 ? b->value - b->y * b->y / (2 * r) - r / 4 : b->value;
}

typedef struct ranking {
    double *key;
    int64_t *order; /* key ascending */
} ranking;

static void ranking_free(ranking *k, const mlsd__allocator *a)
{
    mlsd__free(a, k->key);
    mlsd__free(a, k->order);
}

static mlsd_status ranking_new(const mlsd__allocator *a, int64_t n, ranking *k)
{
    k->key = mlsd__alloc_raw(a, n, sizeof *k->key);
    if (k->key == NULL) return MLSD_E_NOMEM;
    k->order = mlsd__alloc_raw(a, n, sizeof *k->order);
    return k->order == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

/* Pairs in the order of what they can reach at most, until none can reach more. */
static void search_pairs(const mlsd__fair_spans *first, const mlsd__fair_spans *second, double sign,
                         const ranking *from, const ranking *to, mlsd__fair_pair *best)
{
    for (int64_t i = 0; i < first->n; i++) {
        const mlsd__fair_span *const a = &first->spans[from->order[i]];
        const double brought = -from->key[from->order[i]];
        if (brought - to->key[to->order[0]] <= best->reach) return;
        for (int64_t j = 0; j < second->n; j++) {
            const mlsd__fair_span *const b = &second->spans[to->order[j]];
            if (brought - to->key[to->order[j]] <= best->reach) break;
            if (a->group == b->group) continue;
            const double is = reach(a, b, sign);
            if (is > best->reach) *best = (mlsd__fair_pair){is, a->group, b->group};
        }
    }
}

mlsd_status mlsd__fair_widest(mlsd__scope *scope, const mlsd__fair_spans *first,
                              const mlsd__fair_spans *second, double sign, mlsd__fair_pair *best)
{
    const mlsd__allocator *const a = scope->allocator;
    ranking from = {NULL, NULL}, to = {NULL, NULL};
    double x = 0, y = 0;
    *best = (mlsd__fair_pair){-INFINITY, -1, -1};
    if (first->n == 0 || second->n == 0) return MLSD_OK;
    for (int64_t i = 0; i < first->n; i++) x = fmax(x, first->spans[i].x);
    for (int64_t j = 0; j < second->n; j++) y = fmax(y, second->spans[j].y);
    const double r = sqrt(x * x + y * y);
    mlsd_status status = ranking_new(a, first->n, &from);
    if (status == MLSD_OK) status = ranking_new(a, second->n, &to);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < first->n; i++) from.key[i] = -brings(&first->spans[i], sign, r);
    for (int64_t j = 0; j < second->n; j++) to.key[j] = takes(&second->spans[j], sign, r);
    status = mlsd__argsort_rows(scope, from.key, first->n, from.order);
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, to.key, second->n, to.order);
    if (status == MLSD_OK) search_pairs(first, second, sign, &from, &to, best);
out:
    ranking_free(&from, a);
    ranking_free(&to, a);
    return status;
}

/* ---- between all groups ---- */

/* One pair's limits. */
static void add_pair(const mlsd__fair_gap_of *of, double each, int64_t a, int64_t b,
                     mlsd__fair_measure *m)
{
    double low, high;
    if (a < 0) return;
    if (of->form == MLSD__FAIR_DIFFERENCE) {
        mlsd__fair_difference_limits(&of->rates[a], &of->rates[b], of->is_odds, each, &low, &high);
    } else {
        mlsd__fair_ratio_limits(&of->rates[a], &of->rates[b], of->is_odds, each, &low, &high);
    }
    widen(of->form, low, high, m);
}

/* How far below and above a value its limits are: differences are reached by these. */
static mlsd__fair_span difference_span(const mlsd__fair_gap_of *of, int64_t g, double each,
                                       bool upper)
{
    const mlsd__fair_rate *const r = &of->rates[g];
    double low, high;
    if (of->is_odds) {
        odds_limits(r, each, &low, &high);
    } else {
        mlsd__proportion_interval(MLSD__WILSON, mlsd__fair_counts(r), each, &low, &high);
    }
    const double below = r->value - low, above = high - r->value;
    return upper ? (mlsd__fair_span){g, r->value, above, below}
                 : (mlsd__fair_span){g, r->value, below, above};
}

/* Less the logarithm, so that the largest reach is the smallest ratio; `more` is added to counts.
 */
static mlsd__fair_span ratio_span(const mlsd__fair_gap_of *of, int64_t g, double z, double more)
{
    const mlsd__fair_rate *const r = &of->rates[g];
    const double x = r->successes + more, n = r->trials + more;
    const double not_x = r->trials - r->successes + more;
    const double variance = of->is_odds ? 1 / x + 1 / not_x : 1 / x - 1 / n;
    const double half = z * sqrt(fmax(0, variance));
    return (mlsd__fair_span){g, mlsd__log(of->is_odds ? not_x / x : n / x), half, half};
}

typedef struct pairs {
    mlsd__fair_spans all, some; /* every group that counts; those with (or without) a count of 0 */
} pairs;

static mlsd_status widest_differences(mlsd__scope *scope, const mlsd__fair_gap_of *of,
                                      const bool *counts, double each, pairs *p,
                                      mlsd__fair_measure *m)
{
    for (int upper = 0; upper < 2; upper++) {
        mlsd__fair_pair best;
        p->all.n = 0;
        for (int64_t g = 0; g < of->n; g++) {
            if (counts[g]) p->all.spans[p->all.n++] = difference_span(of, g, each, upper);
        }
        MLSD__TRY(mlsd__fair_widest(scope, &p->all, &p->all, upper ? 1 : -1, &best));
        add_pair(of, each, best.a, best.b, m);
    }
    return MLSD_OK;
}

/* Both limits of the pairs (first, second). */
static mlsd_status widest_ratios_of(mlsd__scope *scope, const mlsd__fair_gap_of *of, double each,
                                    const mlsd__fair_spans *first, const mlsd__fair_spans *second,
                                    mlsd__fair_measure *m)
{
    for (int sign = -1; sign < 2; sign += 2) {
        mlsd__fair_pair best;
        MLSD__TRY(mlsd__fair_widest(scope, first, second, sign, &best));
        add_pair(of, each, best.a, best.b, m);
    }
    return MLSD_OK;
}

/* Pairs with a count of 0 are computed with half a count more, others without: as ratio_limits. */
static mlsd_status widest_ratios(mlsd__scope *scope, const mlsd__fair_gap_of *of,
                                 const bool *counts, double each, pairs *p, mlsd__fair_measure *m)
{
    const double z = mlsd__normal_quantile(0.5 + each / 2);
    p->some.n = p->all.n = 0;
    for (int64_t g = 0; g < of->n; g++) {
        if (!counts[g] || !(of->rates[g].successes > 0)) continue;
        p->some.spans[p->some.n++] = ratio_span(of, g, z, 0);
    }
    MLSD__TRY(widest_ratios_of(scope, of, each, &p->some, &p->some, m));
    if (p->some.n == m->n_groups) return MLSD_OK;
    p->some.n = 0;
    for (int64_t g = 0; g < of->n; g++) {
        if (!counts[g]) continue;
        const mlsd__fair_span span = ratio_span(of, g, z, 0.5);
        p->all.spans[p->all.n++] = span;
        if (!(of->rates[g].successes > 0)) p->some.spans[p->some.n++] = span;
    }
    MLSD__TRY(widest_ratios_of(scope, of, each, &p->all, &p->some, m));
    return widest_ratios_of(scope, of, each, &p->some, &p->all, m);
}

static mlsd_status widest_of_many(mlsd__scope *scope, const mlsd__fair_gap_of *of,
                                  const bool *counts, double each, mlsd__fair_measure *m)
{
    const mlsd__allocator *const a = scope->allocator;
    pairs p = {{0, NULL}, {0, NULL}};
    p.all.spans = mlsd__alloc_raw(a, of->n, sizeof *p.all.spans);
    p.some.spans = mlsd__alloc_raw(a, of->n, sizeof *p.some.spans);
    mlsd_status status = p.all.spans == NULL || p.some.spans == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        status = of->form == MLSD__FAIR_DIFFERENCE
                     ? widest_differences(scope, of, counts, each, &p, m)
                     : widest_ratios(scope, of, counts, each, &p, m);
    }
    mlsd__free(a, p.some.spans);
    mlsd__free(a, p.all.spans);
    return status;
}

mlsd_status mlsd__fair_limits_between(mlsd__scope *scope, const mlsd__fair_gap_of *of,
                                      const bool *counts, double level, mlsd__fair_measure *m)
{
    enum { FEW = 16 }; /* groups that it costs less to pair than to rank */
    const int64_t n_pairs = m->n_groups * (m->n_groups - 1) / 2;
    const double each = mlsd__fair_together(level, n_pairs);
    m->low = m->high = of->form == MLSD__FAIR_DIFFERENCE ? 0 : 1;
    MLSD__TRY(mlsd__checkpoint(scope));
    if (m->n_groups > FEW) return widest_of_many(scope, of, counts, each, m);
    for (int64_t a = 0; a < of->n; a++) {
        for (int64_t b = a + 1; b < of->n; b++) {
            if (counts[a] && counts[b]) add_pair(of, each, a, b, m);
        }
    }
    return MLSD_OK;
}

/* ---- against all rows ---- */

/* What is left of all rows without a group. */
static mlsd__fair_rate rest_of(const mlsd__fair_rate *all, const mlsd__fair_rate *r)
{
    mlsd__fair_rate rest = {.numerator = fmax(0, all->numerator - r->numerator),
                            .denominator = all->denominator - r->denominator,
                            .trials = fmax(0, all->trials - r->trials)};
    rest.value = rest.numerator / rest.denominator;
    rest.successes = fmin(fmax(0, all->successes - r->successes), rest.trials);
    return rest;
}

/* All rows hold the group, and the rate (or odds) of all is share times the group's plus (1 -
 * share) times that of the others, whose rows are not its own: a group less all is (1 - share)
 * times the group less the others, and all by the group is share plus (1 - share) times the others
 * by the group. */
void mlsd__fair_limits_overall(const mlsd__fair_gap_of *of, const bool *counts, double level,
                               mlsd__fair_measure *m)
{
    const double each = mlsd__fair_together(level, m->n_groups);
    mlsd__fair_rate all = {.numerator = 0};
    for (int64_t g = 0; g < of->n; g++) {
        if (!counts[g]) continue;
        all.numerator += of->rates[g].numerator;
        all.denominator += of->rates[g].denominator;
        all.successes += of->rates[g].successes;
        all.trials += of->rates[g].trials;
    }
    m->low = m->high = of->form == MLSD__FAIR_DIFFERENCE ? 0 : 1;
    for (int64_t g = 0; g < of->n; g++) {
        if (!counts[g]) continue;
        const mlsd__fair_rate *const r = &of->rates[g], rest = rest_of(&all, r);
        const double share = r->denominator / all.denominator;
        double low, high;
        if (of->form == MLSD__FAIR_DIFFERENCE) {
            mlsd__fair_difference_limits(r, &rest, of->is_odds, each, &low, &high);
            widen(of->form, (1 - share) * low, (1 - share) * high, m);
        } else {
            mlsd__fair_ratio_limits(&rest, r, of->is_odds, each, &low, &high);
            widen(of->form, share + (1 - share) * low, share + (1 - share) * high, m);
        }
    }
}
