/* slice_extremes.c - what compares more than two sets of rows: the extremes of a column, and a
 * difference within the strata of another column. */
#include <math.h>

#include "base/random.h"
#include "metric/adjust.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"
#include "slice/slice_metrics.h"

/* ---- extremes ---- */

/* The groups of a view in a control cell that are ok: dealt out anew, or drawn. */
typedef struct spread {
    double value, se;
    int64_t trials;
} spread;

static double range_of(const double *x, int64_t n)
{
    double low = x[0], high = x[0];
    for (int64_t i = 1; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    return high - low;
}

static void deal(const spread *of, int64_t n, int64_t total, int64_t marked, mlsd__stream *stream,
                 double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t k = mlsd__hypergeometric(stream, total, marked, of[i].trials);
        out[i] = (double)k / (double)of[i].trials;
        total -= of[i].trials;
        marked -= k;
    }
}

/* Outcomes of a share are dealt out anew among the groups (a permutation of the rows that the share
 * counts); other metrics are drawn from their standard errors about one value. */
static mlsd_status chance(mlsd__scope *scope, const mlsd__slice_run *r, const spread *of, int64_t n,
                          bool is_share, mlsd__slice_extreme *e)
{
    const int64_t n_draws = r->p->permutations;
    double *const x = mlsd__alloc_raw(scope->allocator, n, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    int64_t total = 0, as_much = 0;
    double marked = 0;
    for (int64_t i = 0; i < n; i++) {
        total += of[i].trials;
        marked += of[i].value * (double)of[i].trials;
    }
    mlsd_status status = MLSD_OK;
    for (int64_t b = 0; b < n_draws && status == MLSD_OK; b++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)r->p->seed, (uint64_t)e->view,
                          (uint64_t)(e->control * r->n_metrics + e->metric), (uint64_t)b,
                          MLSD__PURPOSE_SHUFFLE);
        if (is_share) {
            deal(of, n, total, (int64_t)floor(marked + 0.5), &stream, x);
        } else {
            for (int64_t i = 0; i < n; i++) x[i] = of[i].se * mlsd__stream_normal(&stream);
        }
        as_much += range_of(x, n) >= e->d.value * (1 - 1e-12);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, x);
    if (n_draws == 0) return status;
    e->p_value = (double)(as_much + 1) / (double)(n_draws + 1);
    e->method = is_share ? "permutation" : "normal";
    return status;
}

static mlsd_status find_extreme(mlsd__scope *scope, const mlsd__slice_run *r, spread *of,
                                mlsd__slice_extreme *e)
{
    int64_t n = 0;
    bool is_share = true, is_known = !mlsd__slice_grows_by_chance(r->names[e->metric]);
    e->high = e->low = -1;
    for (int64_t g = 0; g < r->n_groups; g++) {
        const mlsd__view *const view = mlsd__slice_view(r, g);
        if (r->groups[g].view != e->view || view->control[r->groups[g].cell] != e->control)
            continue;
        const mlsd__slice_cell *const c = &r->cells[g * r->n_metrics + e->metric];
        if (c->status != MLSD__SLICE_OK) {
            e->n_skipped++;
            continue;
        }
        is_share = is_share && mlsd__estimate_is_share(&c->is);
        is_known = is_known && isfinite(c->is.se);
        of[n++] = (spread){c->is.value, c->is.se, (int64_t)floor(fmax(1, c->is.n_rows) + 0.5)};
        if (e->high < 0 || c->is.value > r->cells[e->high * r->n_metrics + e->metric].is.value) {
            e->high = g;
        }
        if (e->low < 0 || c->is.value < r->cells[e->low * r->n_metrics + e->metric].is.value) {
            e->low = g;
        }
    }
    e->n_groups = n;
    if (n < 2) return MLSD_OK;
    mlsd__slice_difference(&r->cells[e->high * r->n_metrics + e->metric].is,
                           &r->cells[e->low * r->n_metrics + e->metric].is, r->p->level, &e->d);
    if (mlsd__slice_grows_by_chance(r->names[e->metric]))
        e->d.low = e->d.high = e->d.ratio_low = e->d.ratio_high = NAN;
    return is_share || is_known ? chance(scope, r, of, n, is_share, e) : MLSD_OK;
}

static mlsd_status adjust_extremes(mlsd__slice_run *r)
{
    const int64_t n = r->n_extremes;
    double *const p = mlsd__alloc_raw(r->allocator, n, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) p[i] = r->extremes[i].p_value;
    const mlsd_status status = mlsd__adjust_p_values(r->allocator, r->p->correction, p, n, p);
    for (int64_t i = 0; i < n; i++) r->extremes[i].p_adjusted = p[i];
    mlsd__free(r->allocator, p);
    return status;
}

mlsd_status mlsd__slice_find_extremes(mlsd__scope *scope, mlsd__slice_run *r)
{
    spread *const of = mlsd__alloc_raw(r->allocator, r->n_groups, sizeof *of);
    if (of == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t v = 0; v < r->views.n_views; v++) {
        if (r->views.views[v].is_hidden) continue;
        for (int64_t c = 0; c < r->views.control.n_cells; c++) {
            for (int64_t m = 0; m < r->n_metrics && status == MLSD_OK; m++) {
                mlsd__slice_extreme e = {.view = v, .control = c, .metric = m, .method = ""};
                e.d = (mlsd__difference){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
                e.p_value = e.p_adjusted = NAN;
                status = mlsd__reserve(r->allocator, (void **)&r->extremes, &r->extreme_capacity,
                                       r->n_extremes + 1, sizeof *r->extremes);
                if (status == MLSD_OK) status = find_extreme(scope, r, of, &e);
                if (status == MLSD_OK) r->extremes[r->n_extremes++] = e;
            }
        }
    }
    mlsd__free(r->allocator, of);
    return status == MLSD_OK ? adjust_extremes(r) : status;
}

/* ---- strata ---- */

/* The view that crosses two columns. */
static const mlsd__view *find_pair(const mlsd__slice_run *r, int32_t a, int32_t b)
{
    for (int64_t v = 0; v < r->views.n_views; v++) {
        const mlsd__view *const view = &r->views.views[v];
        if (view->n_columns == 2 && view->columns[0] == (a < b ? a : b) &&
            view->columns[1] == (a < b ? b : a)) {
            return view->n_cells > 0 ? view : NULL;
        }
    }
    return NULL;
}

/* Add the rows of a cell to its stratum: successes and failures inside, then outside. With weights
 * as many as are effective. */
static bool add_cell(double table[4], const mlsd__estimate *e, bool is_inside)
{
    if (isnan(e->value)) return true; /* no row that the rate counts */
    if (!mlsd__estimate_is_share(e)) return false;
    double *const at = table + (is_inside ? 0 : 2);
    at[0] += e->value * e->n_rows;
    at[1] += (1 - e->value) * e->n_rows;
    return true;
}

static double pooled_odds(const mlsd__slice_cell *c)
{
    const double p = c->is.value, q = c->outside.value;
    return p / (1 - p) * (1 - q) / q;
}

static const char *alarm_of(const mlsd__slice_run *r, const mlsd__slice_stratum *s)
{
    const mlsd__slice_against *const pooled = mlsd__slice_compared(r, 0, s->group, s->metric);
    const double common = s->common.value;
    if (!pooled->is_finding || isnan(common) || s->n_strata < 2) return "";
    if ((s->pooled_odds > 1 && common < 1) || (s->pooled_odds < 1 && common > 1)) {
        return "turns around";
    }
    /* Rows that are too few within to tell are no reason: most of the difference must be gone. */
    const bool is_gone = 2 * fabs(mlsd__log(common)) < fabs(mlsd__log(s->pooled_odds));
    return is_gone && s->common.p_value > 1 - r->p->level ? "vanishes" : "";
}

/* `tables` has a row for each level of the other column; estimates of the pair's cells. */
static mlsd_status stratify(mlsd__slice_run *r, int64_t group, int64_t metric,
                            const mlsd__view *pair, const mlsd__estimate *of, double (*tables)[4])
{
    const mlsd__view *const own = mlsd__slice_view(r, group);
    const int32_t level = own->levels[r->groups[group].cell];
    const int side = pair->columns[0] == own->columns[0] ? 0 : 1;
    const int64_t n_levels = r->views.columns[pair->columns[1 - side]].n_levels;
    mlsd__slice_stratum s = {.group = group, .metric = metric, .within = pair->columns[1 - side]};
    for (int64_t k = 0; k < n_levels; k++) {
        for (int j = 0; j < 4; j++) tables[k][j] = 0;
    }
    for (int64_t c = 0; c < pair->n_cells; c++) {
        const int32_t *const at = pair->levels + 2 * c;
        if (!add_cell(tables[at[1 - side]], &of[c * r->n_metrics + metric], at[side] == level)) {
            return MLSD_OK;
        }
    }
    for (int64_t k = 0; k < n_levels; k++) {
        s.n_strata += tables[k][0] + tables[k][1] > 0 && tables[k][2] + tables[k][3] > 0;
    }
    mlsd__common_odds_ratio((const double(*)[4])tables, n_levels, r->p->level, &s.common);
    s.pooled_odds = pooled_odds(&r->cells[group * r->n_metrics + metric]);
    s.alarm = alarm_of(r, &s);
    MLSD__TRY(mlsd__reserve(r->allocator, (void **)&r->strata, &r->stratum_capacity,
                            r->n_strata + 1, sizeof *r->strata));
    r->strata[r->n_strata++] = s;
    return MLSD_OK;
}

static mlsd_status stratify_pair(mlsd__scope *scope, mlsd__slice_run *r, int32_t column,
                                 const mlsd__view *pair)
{
    const int64_t n = pair->n_cells * r->n_metrics;
    const int32_t other = pair->columns[pair->columns[0] == column ? 1 : 0];
    mlsd__estimate *const of = mlsd__alloc_raw(r->allocator, n, sizeof *of);
    double(*const tables)[4] =
        mlsd__alloc_raw(r->allocator, r->views.columns[other].n_levels, sizeof *tables);
    mlsd_status status = of == NULL || tables == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; c < pair->n_cells && status == MLSD_OK; c++) {
        status = mlsd__views_finish(scope, &r->views, pair, c, NAN, of + c * r->n_metrics, NULL);
    }
    for (int64_t g = 0; g < r->n_groups && status == MLSD_OK; g++) {
        const mlsd__view *const own = mlsd__slice_view(r, g);
        if (own->n_columns != 1 || own->columns[0] != column) continue;
        for (int64_t m = 0; m < r->n_metrics && status == MLSD_OK; m++) {
            const mlsd__slice_cell *const c = &r->cells[g * r->n_metrics + m];
            if (c->status != MLSD__SLICE_OK || !mlsd__estimate_is_share(&c->is)) continue;
            status = stratify(r, g, m, pair, of, tables);
        }
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__free(r->allocator, tables);
    mlsd__free(r->allocator, of);
    return status;
}

mlsd_status mlsd__slice_find_strata(mlsd__scope *scope, mlsd__slice_run *r)
{
    if (!r->p->strata || r->views.n_by != r->views.n_columns) return MLSD_OK;
    for (int32_t a = 0; a < r->views.n_by; a++) {
        for (int32_t b = 0; b < r->views.n_by; b++) {
            const mlsd__view *const pair = a == b ? NULL : find_pair(r, a, b);
            if (pair != NULL) MLSD__TRY(stratify_pair(scope, r, a, pair));
        }
    }
    return MLSD_OK;
}
