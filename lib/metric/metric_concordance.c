/* metric_concordance.c - do predictions put survival times in the right order? Harrell's C, and
 * Uno's, which weights pairs so that censoring does not matter.
 *
 * y is n x 2: the time, and whether the event happened then (1) or the row was last seen then (0).
 * A pair can be compared where the earlier time is an event's; of equal times only an event beside
 * one last seen, who lived on. Two equal predictions count half. A pair weighs the product of its
 * rows' weights.
 *
 * Each row needs two numbers: the weight of the pairs it is in, and of those in order. Rows enter a
 * Fenwick tree (1994, Softw. Pract. Exper. 24:327) over the ranks of predictions by time, once from
 * the last (pairs where the row is the earlier one) and once from the first: O(n log n). They give
 * the value and, as each row's influence on it, the standard error (infinitesimal jackknife: that
 * of R's survival package). */
#include <math.h>
#include <string.h>

#include "metric/summary.h"
#include "numeric/rank.h"

static const char *const orders[] = {"time", "risk", NULL};
enum { LONGER, RISK };

typedef struct concordance_params {
    int64_t prediction;
    int64_t ipcw;
    double tau;
} concordance_params;

typedef struct survival {
    int64_t n, n_ranks;
    double *time, *weight, *value, *factor; /* by time; factor: of pairs whose earlier row it is */
    double *pairs, *ordered;                /* of each row */
    double *tree, *at;                      /* weights of predictions below, and equal, by rank */
    int32_t *rank;
    int64_t *order;
    bool *event;
    double entered;
} survival;

static void tree_clear(survival *s)
{
    memset(s->tree, 0, (size_t)(s->n_ranks + 1) * sizeof *s->tree);
    memset(s->at, 0, (size_t)s->n_ranks * sizeof *s->at);
    s->entered = 0;
}

static void tree_add(survival *s, int64_t i, double w)
{
    s->at[s->rank[i]] += w;
    s->entered += w;
    for (int64_t k = s->rank[i] + 1; k <= s->n_ranks; k += k & -k) s->tree[k] += w;
}

/* Weight of those that entered with a lower prediction. */
static double tree_below(const survival *s, int64_t i)
{
    double sum = 0;
    for (int64_t k = s->rank[i]; k > 0; k -= k & -k) sum += s->tree[k];
    return sum;
}

/* Rows from i on with the same time. */
static int64_t same_time(const survival *s, int64_t i)
{
    int64_t n = 1;
    while (i + n < s->n && s->time[i + n] == s->time[i]) n++;
    return n;
}

/* Pairs where the row is the earlier one: those that entered live longer. */
static void look_forward(survival *s)
{
    tree_clear(s);
    for (int64_t end = s->n; end > 0;) {
        int64_t first = end - 1;
        while (first > 0 && s->time[first - 1] == s->time[end - 1]) first--;
        for (int64_t i = first; i < end; i++) {
            if (!s->event[i]) tree_add(s, i, s->weight[i]);
        }
        for (int64_t i = first; i < end; i++) {
            if (!s->event[i] || s->factor[i] == 0) continue;
            const double equal = s->at[s->rank[i]], below = tree_below(s, i);
            s->pairs[i] += s->factor[i] * s->entered;
            s->ordered[i] += s->factor[i] * (s->entered - below - equal / 2);
        }
        for (int64_t i = first; i < end; i++) {
            if (s->event[i]) tree_add(s, i, s->weight[i]);
        }
        end = first;
    }
}

/* Pairs where the row is the later one: those that entered had their event before. */
static void look_back(survival *s)
{
    tree_clear(s);
    for (int64_t first = 0, n; first < s->n; first += n) {
        n = same_time(s, first);
        for (int pass = 0; pass < 2; pass++) { /* events of this time enter between the passes */
            for (int64_t i = first; i < first + n; i++) {
                if (s->event[i] != (pass == 0)) continue;
                s->pairs[i] += s->entered;
                s->ordered[i] += tree_below(s, i) + s->at[s->rank[i]] / 2;
            }
            for (int64_t i = first; pass == 0 && i < first + n; i++) {
                if (s->event[i]) tree_add(s, i, s->weight[i] * s->factor[i]);
            }
        }
    }
}

/* Uno, Cai, Pencina, D'Agostino & Wei (2011), Stat. Med. 30:1105: 1 / G(t-)^2, G the Kaplan-Meier
 * curve of being last seen; who has the event at t is no more at risk of it. */
static void weigh_by_censoring(survival *s)
{
    double at_risk = 0, g = 1;
    for (int64_t i = 0; i < s->n; i++) at_risk += s->weight[i];
    for (int64_t first = 0, n; first < s->n; first += n) {
        double events = 0, seen = 0;
        n = same_time(s, first);
        for (int64_t i = first; i < first + n; i++) {
            s->factor[i] = g > 0 ? 1 / (g * g) : 0;
            *(s->event[i] ? &events : &seen) += s->weight[i];
        }
        if (seen > 0) g *= fmax(0, 1 - seen / (at_risk - events));
        at_risk -= events + seen;
    }
}

static mlsd_status open_rows(mlsd__scope *scope, int64_t n, survival *s)
{
    const mlsd__allocator *const a = scope->allocator;
    s->time = mlsd__alloc(a, n, 7 * sizeof *s->time);
    if (s->time == NULL) return MLSD_E_NOMEM;
    s->weight = s->time + n;
    s->value = s->time + 2 * n;
    s->factor = s->time + 3 * n;
    s->pairs = s->time + 4 * n;
    s->ordered = s->time + 5 * n;
    s->at = s->time + 6 * n;
    s->rank = mlsd__alloc_raw(a, n, sizeof *s->rank);
    if (s->rank == NULL) return MLSD_E_NOMEM;
    s->order = mlsd__alloc_raw(a, n, sizeof *s->order);
    if (s->order == NULL) return MLSD_E_NOMEM;
    s->event = mlsd__alloc_raw(a, n, sizeof *s->event);
    if (s->event == NULL) return MLSD_E_NOMEM;
    s->tree = mlsd__alloc_raw(a, n + 1, sizeof *s->tree);
    return s->tree != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static void close_rows(const mlsd__allocator *a, survival *s)
{
    mlsd__free(a, s->time);
    mlsd__free(a, s->rank);
    mlsd__free(a, s->order);
    mlsd__free(a, s->event);
    mlsd__free(a, s->tree);
}

/* Rows that weigh something, by time, with the ranks of their predictions. */
static mlsd_status read_rows(mlsd__scope *scope, const mlsd__scored *r, bool is_risk, survival *s)
{
    double *const times = s->at; /* room that is not in use yet */
    for (int64_t i = 0; i < r->n; i++) {
        const double event = r->y[2 * i + 1];
        times[i] = r->y[2 * i];
        if (event == 0 || event == 1) continue;
        return mlsd__fail(MLSD_E_DATA, "the event of row %lld is %g, not 1 or 0 (last seen)",
                          (long long)i, event);
    }
    MLSD__TRY(mlsd__argsort_rows(scope, times, r->n, s->order));
    for (int64_t k = 0; k < r->n; k++) {
        const int64_t i = s->order[k];
        const double w = r->weight == NULL ? 1 : r->weight[i];
        if (!(w > 0)) continue;
        s->time[s->n] = r->y[2 * i];
        s->event[s->n] = r->y[2 * i + 1] == 1;
        s->weight[s->n] = w;
        s->factor[s->n] = 1;
        s->value[s->n++] = is_risk ? -r->prediction[i] : r->prediction[i];
    }
    if (s->n == 0) return MLSD_OK;
    return mlsd__factorize_rows(scope, s->value, s->n, s->at, &s->n_ranks, s->rank);
}

/* The row's influence is the slope of the ratio by its weight. */
static mlsd_status put_value(mlsd__scope *scope, survival *s, double level, mlsd__estimate *e)
{
    double pairs = 0, ordered = 0, total = 0;
    for (int64_t i = 0; i < s->n; i++) {
        pairs += s->weight[i] * s->pairs[i] / 2; /* each pair has two rows */
        ordered += s->weight[i] * s->ordered[i] / 2;
        total += s->weight[i];
    }
    e->numerator = ordered;
    e->denominator = pairs;
    if (!(pairs > 0)) return MLSD_OK;
    e->value = ordered / pairs;
    for (int64_t i = 0; i < s->n; i++) {
        s->value[i] = total * (s->ordered[i] - e->value * s->pairs[i]) / pairs;
    }
    mlsd__estimate_from_influence(s->value, s->weight, s->n, e);
    /* All pairs in one order: the rows tell no spread, and no interval. */
    if (e->value > 0 && e->value < 1) mlsd__estimate_interval(e, level, 0, 1);
    return mlsd__checkpoint(scope);
}

static mlsd_status concordance(mlsd__scope *scope, const concordance_params *p,
                               const mlsd__scored *rows, double level, survival *s,
                               mlsd__estimate *e)
{
    MLSD__TRY(open_rows(scope, rows->n, s));
    MLSD__TRY(read_rows(scope, rows, p->prediction == RISK, s));
    e->support = (double)s->n;
    if (s->n == 0) return MLSD_OK;
    if (p->ipcw != 0) weigh_by_censoring(s);
    for (int64_t i = 0; i < s->n; i++) {
        if (s->time[i] > p->tau) s->factor[i] = 0;
    }
    look_forward(s);
    MLSD__TRY(mlsd__checkpoint(scope));
    look_back(s);
    MLSD__TRY(mlsd__checkpoint(scope));
    return put_value(scope, s, level, e);
}

static mlsd_status finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    survival s = {0};
    mlsd__scored rows;
    mlsd__rows_read(f->state, f->slot, f->metric, &rows);
    if (rows.n == 0) return MLSD_OK;
    const mlsd_status status = concordance(scope, f->params, &rows, f->level, &s, &out->estimate);
    close_rows(scope->allocator, &s);
    return status;
}

static mlsd_status check(const void *params, const mlsd__shape *shape)
{
    (void)params;
    if (shape->y_cols == 2 && shape->prediction_cols == 1) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE,
                      "y must be n x 2 (time, event) and prediction n x 1, got n x %lld and n x "
                      "%lld",
                      (long long)shape->y_cols, (long long)shape->prediction_cols);
}

static const concordance_params defaults = {.prediction = LONGER, .tau = NAN};
static const concordance_params uno = {.prediction = LONGER, .ipcw = 1, .tau = NAN};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(concordance_params, prediction, orders, "\"time\"",
                   "what grows with the prediction: the time until the event, or the risk of it"),
    MLSD__P_BOOL(concordance_params, ipcw, "false",
                 "weight pairs by the chance of not being lost before, squared and inverted (Uno)"),
    MLSD__P_F64_NULL(concordance_params, tau, -INFINITY, INFINITY, 0, "null",
                     "leave out pairs whose earlier time is above; null: none"),
};

#define OPS(params_)                                                                             \
    {                                                                                            \
        .params = params_, .params_size = sizeof(concordance_params), .greater_is_better = true, \
        .for_outputs = true, .summary = &mlsd__summary_rows, .check = check, .finish = finish    \
    }
static const mlsd__metric_ops concordance_ops = OPS(&defaults);
MLSD__METRIC_KIND_WITH(
    concordance, table, concordance_params, "\"survival\"", "1",
    "share of the comparable pairs of survival times (y: time, event) that are predicted in "
    "order, equal predictions half (Harrell); t interval by the infinitesimal jackknife, "
    "which takes Uno's weights as known");

const mlsd__metric_alias mlsd__concordance_aliases[] = {
    {"concordance_uno", "concordance", OPS(&uno)},
    {0},
};
