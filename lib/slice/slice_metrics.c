/* slice_metrics.c - the kind slice_metrics: any metrics by any columns in one pass, each group with
 * its support and interval, against the rows outside it, all rows, or a group of reference. */
#include "slice/slice_metrics.h"

#include <math.h>
#include <string.h>

#include "metric/adjust.h"
#include "numeric/distribution.h"

const char *const mlsd__slice_statuses[] = {"ok", "low support", "undefined"};

static const char *const binnings[] = {"quantile", "equal_width", NULL};

#define P mlsd__slice_metrics_params
static const mlsd_param params[] = {
    MLSD__P_STR_LIST(P, by, "null", "columns to group by; null: all"),
    MLSD__P_I64(P, intersections, 1, MLSD__VIEW_COLUMNS, "1", NULL,
                "columns that are crossed at most; 1: each column alone"),
    MLSD__P_STR_LIST(P, control, "null", "columns within whose values groups are compared"),
    MLSD__P_STR_LIST(
        P, metrics, "null",
        "names of metrics; null: of probabilities accuracy, recall, fpr, selection_rate and brier, "
        "of two classes all of those but brier, of more accuracy, of numbers mae and rmse"),
    MLSD__P_STR(P, reference, "\"complement\"",
                "what a group is compared with: complement (the rows outside it), overall, largest "
                "(the largest group), or a group (\"male\", \"sex = male\")"),
    MLSD__P_STR_LIST(P, comparisons, "null", "further comparisons, named like reference"),
    MLSD__P_I64(P, min_support, 1, 1000000000000.0, "20", "log",
                "rows that a metric must count in a group to be judged"),
    MLSD__P_F64(P, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "level of intervals; 1 - level is the corrected p below which a difference counts"),
    MLSD__P_CHOICE(P, correction, mlsd__corrections, "\"holm\"",
                   "correction of p-values for all groups and metrics"),
    MLSD__P_I64(P, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are grouped by value"),
    MLSD__P_I64(P, n_bins, 1, 10000, "4", "log", "bins of other columns of numbers"),
    MLSD__P_CHOICE(P, binning, binnings, "\"quantile\"",
                   "bins of equally many rows, or of equal width"),
    MLSD__P_F64_LIST(P, cuts, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     NULL, "upper ends of the bins of all columns of numbers, ascending"),
    MLSD__P_F64(P, merge_rare, 0, 1000000000000.0, 0, "0.0", NULL,
                "values with fewer rows (below 1: a smaller share) become \"(other)\""),
    MLSD__P_I64(P, max_levels, 1, 100000000, "1000", "log", "groups that a column may have"),
    MLSD__P_BOOL(P, strata, "true",
                 "compare within the values of each other column too (Mantel-Haenszel)"),
    MLSD__P_I64(P, permutations, 0, 1000000, "999", "log",
                "draws for the p-value of the largest difference"),
    MLSD__P_I64(P, seed, 0, UINT32_MAX, "0", NULL, "seed of these draws"),
};
#undef P

/* ---- metrics ---- */

enum { MOST_CLASSES = 1000 };

static bool is_class(double x)
{
    return x >= 0 && x < MOST_CLASSES && x == floor(x);
}

/* Which metrics are usual for such rows? NULL-terminated. */
static mlsd_status usual_metrics(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 const char *const **out)
{
    static const char *const numbers[] = {"mae", "rmse", NULL};
    static const char *const classes[] = {"accuracy", NULL};
    static const char *const two[] = {"accuracy", "recall", "fpr", "selection_rate", NULL};
    static const char *const shares[] = {"accuracy",       "recall", "fpr",
                                         "selection_rate", "brier",  NULL};
    double *y = NULL, *p = NULL;
    double most = in->prediction->cols > 1 ? (double)(in->prediction->cols - 1) : 1;
    MLSD__TRY(mlsd__slicing_column(scope, in, in->y, "y", &y));
    bool is_of_classes = true, all_shares = true, all_classes = true;
    for (int64_t i = 0; i < in->n_rows; i++) {
        is_of_classes = is_of_classes && is_class(y[i]);
        most = fmax(most, y[i]);
    }
    mlsd_status status = MLSD_OK;
    if (is_of_classes && in->prediction->cols == 1) {
        status = mlsd__slicing_column(scope, in, in->prediction, "prediction", &p);
        for (int64_t i = 0; status == MLSD_OK && i < in->n_rows; i++) {
            all_shares = all_shares && p[i] >= 0 && p[i] <= 1;
            all_classes = all_classes && is_class(p[i]);
            most = fmax(most, p[i]);
        }
        is_of_classes = all_classes || (all_shares && most <= 1);
    }
    *out = !is_of_classes ? numbers : most > 1 ? classes : all_classes ? two : shares;
    mlsd__free(scope->allocator, p);
    mlsd__free(scope->allocator, y);
    return status;
}

static mlsd_status find_metrics(mlsd__scope *scope, mlsd__slice_run *r,
                                const mlsd__slicing_input *in)
{
    const char *const *names = (const char *const *)r->p->metrics.values;
    r->n_metrics = r->p->metrics.n;
    if (r->n_metrics == 0) {
        MLSD__TRY(usual_metrics(scope, in, &names));
        while (names[r->n_metrics] != NULL) r->n_metrics++;
    }
    r->names = mlsd__alloc(r->allocator, r->n_metrics, sizeof *r->names);
    if (r->names == NULL) return MLSD_E_NOMEM;
    r->metrics = mlsd__alloc(r->allocator, r->n_metrics, sizeof *r->metrics);
    if (r->metrics == NULL) return MLSD_E_NOMEM;
    for (int64_t m = 0; m < r->n_metrics; m++) {
        const mlsd__metric_ops *ops = NULL;
        MLSD__TRY(mlsd__metric_find(names[m], &ops));
        r->names[m] = names[m];
        r->metrics[m] = *ops;
    }
    return MLSD_OK;
}

/* ---- groups ---- */

static mlsd_status list_groups(mlsd__slice_run *r)
{
    for (int64_t v = 0; v < r->views.n_views; v++) {
        if (!r->views.views[v].is_hidden) r->n_groups += r->views.views[v].n_cells;
    }
    r->groups = mlsd__alloc(r->allocator, r->n_groups, sizeof *r->groups);
    if (r->groups == NULL) return MLSD_E_NOMEM;
    r->cells = mlsd__alloc(r->allocator, r->n_groups * r->n_metrics, sizeof *r->cells);
    if (r->cells == NULL) return MLSD_E_NOMEM;
    int64_t g = 0;
    for (int64_t v = 0; v < r->views.n_views; v++) {
        if (r->views.views[v].is_hidden) continue;
        for (int64_t c = 0; c < r->views.views[v].n_cells; c++) {
            r->groups[g++] = (mlsd__slice_group){v, c};
        }
    }
    return MLSD_OK;
}

static double support_of(const mlsd__estimate *e, double n)
{
    return isnan(e->support) ? n : e->support;
}

/* A level without rows is shown, and nothing of it is defined: not even what a metric says of no
 * rows. */
static mlsd_status leave_empty(const mlsd__slice_run *r, mlsd__scope *scope, int64_t g)
{
    for (int64_t m = 0; m < r->n_metrics; m++) {
        mlsd__slice_cell *const c = &r->cells[g * r->n_metrics + m];
        *c = (mlsd__slice_cell){.status = MLSD__SLICE_UNDEFINED, .twin = -1};
        mlsd__estimate_undefined(&c->is);
        mlsd__estimate_undefined(&c->outside);
    }
    mlsd__stage_advance(scope, 1);
    return MLSD_OK;
}

static mlsd_status score_group(void *arg, int64_t task, mlsd__scope *scope)
{
    const mlsd__slice_run *const r = arg;
    const mlsd__view *const view = mlsd__slice_view(r, task);
    const int64_t cell = r->groups[task].cell, n = 2 * r->n_metrics;
    if (!(view->n[cell] > 0)) return leave_empty(r, scope, task);
    mlsd__estimate *const of = mlsd__alloc_raw(scope->allocator, n, sizeof *of);
    if (of == NULL) return MLSD_E_NOMEM;
    const mlsd_status status =
        mlsd__views_finish(scope, &r->views, view, cell, r->p->level, of, of + r->n_metrics);
    for (int64_t m = 0; status == MLSD_OK && m < r->n_metrics; m++) {
        mlsd__slice_cell *const c = &r->cells[task * r->n_metrics + m];
        *c = (mlsd__slice_cell){.is = of[m], .outside = of[r->n_metrics + m], .twin = -1};
        c->support = support_of(&c->is, view->n[cell]);
        c->status = isnan(c->is.value)                       ? MLSD__SLICE_UNDEFINED
                    : c->support < (double)r->p->min_support ? MLSD__SLICE_LOW_SUPPORT
                                                             : MLSD__SLICE_OK;
    }
    mlsd__free(scope->allocator, of);
    mlsd__stage_advance(scope, 1);
    return status;
}

/* Where only two of the groups first .. end - 1 have rows that the metric counts, each is the
 * complement of the other. */
static void pair_up(mlsd__slice_run *r, int64_t first, int64_t end, int64_t metric)
{
    int64_t n = 0, with_rows[2] = {-1, -1};
    for (int64_t g = first; g < end; g++) {
        const mlsd__slice_cell *const c = &r->cells[g * r->n_metrics + metric];
        const double n_rows =
            r->metrics[metric].is_share ? c->support : mlsd__slice_view(r, g)->n[r->groups[g].cell];
        if (!(n_rows > 0)) continue;
        if (n < 2) with_rows[n] = g;
        n++;
    }
    if (n == 2) r->cells[with_rows[1] * r->n_metrics + metric].twin = with_rows[0];
}

/* Groups of one view and control cell stand next to each other. */
static void find_twins(mlsd__slice_run *r)
{
    for (int64_t first = 0, end = 0; first < r->n_groups; first = end) {
        const int64_t v = r->groups[first].view;
        const int32_t *const control = r->views.views[v].control;
        while (end < r->n_groups && r->groups[end].view == v &&
               control[r->groups[end].cell] == control[r->groups[first].cell]) {
            end++;
        }
        for (int64_t m = 0; m < r->n_metrics; m++) pair_up(r, first, end, m);
    }
}

static mlsd_status score_all(mlsd__scope *scope, mlsd__slice_run *r)
{
    const mlsd__view *const control = &r->views.control;
    r->overall = mlsd__alloc(r->allocator, control->n_cells * r->n_metrics, sizeof *r->overall);
    if (r->overall == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < control->n_cells; c++) {
        MLSD__TRY(mlsd__views_finish(scope, &r->views, control, c, r->p->level,
                                     r->overall + c * r->n_metrics, NULL));
    }
    MLSD__TRY(mlsd__parallel_for(scope, r->n_groups, score_group, r));
    find_twins(r);
    return MLSD_OK;
}

/* ---- comparisons ---- */

static mlsd_status list_comparisons(mlsd__slice_run *r)
{
    const mlsd__str_list *const more = &r->p->comparisons;
    const char *const first = r->p->reference == NULL ? "complement" : r->p->reference;
    int64_t n = 0;
    r->against = mlsd__alloc(r->allocator, more->n + 1, sizeof *r->against);
    if (r->against == NULL) return MLSD_E_NOMEM;
    r->against[r->n_against++] = first;
    for (int64_t i = 0; i < more->n; i++) {
        bool is_new = true;
        for (int64_t k = 0; k < r->n_against; k++) {
            is_new = is_new && strcmp(more->values[i], r->against[k]) != 0;
        }
        if (is_new) r->against[r->n_against++] = more->values[i];
    }
    MLSD__TRY(mlsd__mul_size(r->n_against * r->n_metrics, r->n_groups, &n));
    r->compared = mlsd__alloc(r->allocator, n, sizeof *r->compared);
    return r->compared == NULL ? MLSD_E_NOMEM : MLSD_OK;
}

static bool is_named(const mlsd__slice_run *r, int64_t g, const char *name, mlsd__text *t)
{
    const mlsd__view *const view = mlsd__slice_view(r, g);
    t->length = 0;
    mlsd__views_words(&r->views, view, r->groups[g].cell, t);
    if (t->status == MLSD_OK && strcmp(t->data, name) == 0) return true;
    t->length = 0;
    mlsd__views_levels(&r->views, view, r->groups[g].cell, t);
    return t->status == MLSD_OK && strcmp(t->data, name) == 0;
}

/* The group of reference of each group, -1 for none: of the same columns and control cell. */
static mlsd_status find_references(const mlsd__slice_run *r, const char *name, int64_t *out)
{
    const bool is_largest = strcmp(name, "largest") == 0;
    bool is_found = false;
    mlsd__text t;
    mlsd__text_init(&t, r->allocator);
    for (int64_t g = 0; g < r->n_groups; g++) out[g] = -1;
    for (int64_t h = 0; h < r->n_groups; h++) {
        if (!is_largest && !is_named(r, h, name, &t)) continue;
        const mlsd__view *const view = mlsd__slice_view(r, h);
        is_found = true;
        for (int64_t g = 0; g < r->n_groups; g++) {
            if (r->groups[g].view != r->groups[h].view ||
                view->control[r->groups[g].cell] != view->control[r->groups[h].cell]) {
                continue;
            }
            if (out[g] < 0 || view->n[r->groups[h].cell] > view->n[r->groups[out[g]].cell])
                out[g] = h;
        }
    }
    const mlsd_status status = t.status;
    mlsd__text_free(&t);
    if (status == MLSD_OK && !is_found) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "there is no group '%.100s' to compare with; name one (\"sex = male\"), "
                          "or complement, overall or largest",
                          name);
    }
    return status;
}

/* A group is part of all rows: its distance to them is a share of that to the rows outside it, and
 * so are its limits. Only of means and shares; of others the value alone. */
static void compare_overall(const mlsd__slice_run *r, int64_t g, int64_t m, mlsd__slice_against *c)
{
    const mlsd__view *const view = mlsd__slice_view(r, g);
    const mlsd__slice_cell *const is = &r->cells[g * r->n_metrics + m];
    const mlsd__estimate all = r->overall[view->control[r->groups[g].cell] * r->n_metrics + m];
    mlsd__slice_difference(&is->is, &is->outside, r->p->level, &c->d);
    const double apart = c->d.value, distance = is->is.value - all.value;
    const double share = apart != 0 ? distance / apart : NAN;
    const bool is_mean = mlsd__estimate_is_share(&is->is) ||
                         (r->metrics[m].row_loss != NULL && !r->metrics[m].is_root);
    c->other = all;
    c->d.value = distance;
    c->d.ratio = all.value != 0 ? is->is.value / all.value : NAN;
    c->d.ratio_low = c->d.ratio_high = NAN;
    c->d.low = is_mean ? c->d.low * share : NAN;
    c->d.high = is_mean ? c->d.high * share : NAN;
}

/* Rows of the group for an 80 % chance to tell a difference as large as this: errors shrink with
 * the root of the rows. All tests count, after Bonferroni. */
static double rows_needed(const mlsd__slice_against *c, double support, double level,
                          int64_t n_tests)
{
    const double se = (c->d.high - c->d.low) / (2 * mlsd__normal_quantile(0.5 + level / 2));
    if (!(c->d.value != 0) || !isfinite(se)) return NAN;
    const double z = -mlsd__normal_quantile((1 - level) / (2 * (double)n_tests));
    const double wanted = (z + mlsd__normal_quantile(0.8)) * se / fabs(c->d.value);
    return fmax(1, ceil(support * wanted * wanted));
}

/* Distances of bins from the diagonal are never below 0: of 30 rows that are calibrated perfectly
 * the error is that of 1,000 rows which are not. */
bool mlsd__slice_grows_by_chance(const char *metric)
{
    return strcmp(metric, "calibration_error") == 0;
}

static void compare_group(const mlsd__slice_run *r, const char *name, int64_t g, int64_t h,
                          int64_t m, mlsd__slice_against *c)
{
    const mlsd__slice_cell *const is = &r->cells[g * r->n_metrics + m];
    mlsd__estimate_undefined(&c->other);
    c->d = (mlsd__difference){NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    c->p_adjusted = c->rows_needed = NAN;
    c->is_judged = c->is_finding = c->is_mirror = false;
    mlsd__estimate across = is->outside;
    if (strcmp(name, "overall") == 0) {
        compare_overall(r, g, m, c);
    } else if (strcmp(name, "complement") == 0) {
        c->other = is->outside;
        mlsd__slice_difference(&is->is, &is->outside, r->p->level, &c->d);
    } else if (h >= 0 && h != g) {
        across = c->other = r->cells[h * r->n_metrics + m].is;
        mlsd__slice_difference(&is->is, &c->other, r->p->level, &c->d);
    } else {
        return;
    }
    if (mlsd__slice_grows_by_chance(r->names[m]))
        c->d.low = c->d.high = c->d.ratio_low = c->d.ratio_high = c->d.p_value = NAN;
    const double least = (double)r->p->min_support;
    const bool has_rows = isnan(across.support) || across.support >= least;
    c->is_judged = is->status == MLSD__SLICE_OK && has_rows && !isnan(c->d.p_value);
}

static void plan_rows(mlsd__slice_run *r)
{
    const int64_t size = r->n_groups * r->n_metrics;
    for (int64_t k = 0; k < r->n_against; k++) {
        int64_t n_tests = 0;
        for (int64_t i = 0; i < size; i++) {
            const mlsd__slice_against *const c = &r->compared[k * size + i];
            n_tests += c->is_judged && !c->is_mirror;
        }
        for (int64_t i = 0; i < size; i++) {
            mlsd__slice_against *const c = &r->compared[k * size + i];
            c->rows_needed =
                rows_needed(c, r->cells[i].support, r->p->level, n_tests > 0 ? n_tests : 1);
        }
    }
}

/* Of two groups a comparison with the rest of the rows is one comparison, whichever of them is
 * asked. */
static void mark_mirrors(mlsd__slice_run *r, int64_t k)
{
    const char *const name = r->against[k];
    if (strcmp(name, "complement") != 0 && strcmp(name, "overall") != 0) return;
    for (int64_t g = 0; g < r->n_groups; g++) {
        for (int64_t m = 0; m < r->n_metrics; m++) {
            const int64_t twin = r->cells[g * r->n_metrics + m].twin;
            if (twin < 0 || !mlsd__slice_compared(r, k, twin, m)->is_judged) continue;
            mlsd__slice_against *const c = mlsd__slice_compared(r, k, g, m);
            c->is_mirror = c->is_judged;
        }
    }
}

/* Only what is judged is tested, and all of that counts, once. */
static mlsd_status adjust(mlsd__slice_run *r)
{
    const int64_t n = r->n_against * r->n_groups * r->n_metrics;
    double *const p = mlsd__alloc_raw(r->allocator, n, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < r->n_against; k++) mark_mirrors(r, k);
    for (int64_t i = 0; i < n; i++) {
        const mlsd__slice_against *const c = &r->compared[i];
        p[i] = c->is_judged && !c->is_mirror ? c->d.p_value : (double)NAN;
    }
    mlsd_status status = MLSD_OK;
    const int64_t size = r->n_groups * r->n_metrics;
    for (int64_t k = 0; k < r->n_against && status == MLSD_OK; k++) {
        status =
            mlsd__adjust_p_values(r->allocator, r->p->correction, p + k * size, size, p + k * size);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (r->compared[i].is_mirror) {
            const int64_t m = i % r->n_metrics;
            p[i] = p[i - i % size + r->cells[i % size].twin * r->n_metrics + m];
        }
        r->compared[i].p_adjusted = p[i];
        r->compared[i].is_finding = r->compared[i].is_judged && p[i] <= 1 - r->p->level;
    }
    mlsd__free(r->allocator, p);
    if (status == MLSD_OK) plan_rows(r);
    return status;
}

static mlsd_status compare(mlsd__scope *scope, mlsd__slice_run *r)
{
    MLSD__TRY(list_comparisons(r));
    int64_t *const of = mlsd__alloc_raw(r->allocator, r->n_groups, sizeof *of);
    if (of == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; k < r->n_against && status == MLSD_OK; k++) {
        const char *const name = r->against[k];
        if (strcmp(name, "complement") != 0 && strcmp(name, "overall") != 0) {
            status = find_references(r, name, of);
        }
        for (int64_t g = 0; g < r->n_groups && status == MLSD_OK; g++) {
            for (int64_t m = 0; m < r->n_metrics; m++) {
                compare_group(r, name, g, of[g], m, mlsd__slice_compared(r, k, g, m));
            }
            status = mlsd__checkpoint(scope);
        }
    }
    mlsd__free(r->allocator, of);
    return status == MLSD_OK ? adjust(r) : status;
}

/* ---- report ---- */

typedef void (*words_fn)(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t);

static void put_words(mlsd__rows *rows, const mlsd__slice_run *r, words_fn words,
                      const mlsd__view *view, int64_t cell)
{
    mlsd__text t;
    mlsd__text_init(&t, r->allocator);
    words(&r->views, view, cell, &t);
    if (t.status == MLSD_OK) {
        mlsd__rows_str(rows, t.data == NULL ? "" : t.data);
    } else {
        rows->status = t.status;
        mlsd__rows_str(rows, "");
    }
    mlsd__text_free(&t);
}

static void columns_words(const mlsd__views *v, const mlsd__view *view, int64_t cell, mlsd__text *t)
{
    (void)cell;
    mlsd__views_columns(v, view, t);
}

static void put_control(mlsd__rows *rows, const mlsd__slice_run *r, int64_t cell)
{
    put_words(rows, r, mlsd__views_words, &r->views.control, cell);
}

static void put_difference(mlsd__rows *rows, const mlsd__difference *d)
{
    mlsd__rows_f64(rows, d->value);
    mlsd__rows_f64(rows, d->low);
    mlsd__rows_f64(rows, d->high);
    mlsd__rows_f64(rows, d->ratio);
    mlsd__rows_f64(rows, d->ratio_low);
    mlsd__rows_f64(rows, d->ratio_high);
}

/* What put_estimate and put_difference write. */
#define F64(name)               \
    {                           \
        (name), MLSD_COLUMN_F64 \
    }
#define ESTIMATE_COLUMNS \
    F64("support"), F64("numerator"), F64("denominator"), F64("value"), F64("low"), F64("high")
#define DIFFERENCE_COLUMNS                                                          \
    F64("difference"), F64("difference_low"), F64("difference_high"), F64("ratio"), \
        F64("ratio_low"), F64("ratio_high")

static const mlsd__row_column slice_columns[] = {
    {"column", MLSD_COLUMN_CATEGORY},
    {"level", MLSD_COLUMN_CATEGORY},
    {"control", MLSD_COLUMN_CATEGORY},
    {"metric", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},
    ESTIMATE_COLUMNS,
    {"status", MLSD_COLUMN_CATEGORY},
    {"against", MLSD_COLUMN_CATEGORY},
    {"other", MLSD_COLUMN_F64},
    DIFFERENCE_COLUMNS,
    {"p_value", MLSD_COLUMN_F64},
    {"p_adjusted", MLSD_COLUMN_F64},
    {"rows_needed", MLSD_COLUMN_F64},
    {"finding", MLSD_COLUMN_I64},
    {"slice", MLSD_COLUMN_CATEGORY},
    {"predicates", MLSD_COLUMN_CATEGORY},
};

static void put_estimate(mlsd__rows *rows, const mlsd__estimate *e, double support)
{
    mlsd__rows_f64(rows, support);
    mlsd__rows_f64(rows, e->numerator);
    mlsd__rows_f64(rows, e->denominator);
    mlsd__rows_f64(rows, e->value);
    mlsd__rows_f64(rows, e->low);
    mlsd__rows_f64(rows, e->high);
}

static void put_slice(mlsd__rows *rows, const mlsd__slice_run *r, int64_t k, int64_t g, int64_t m)
{
    const mlsd__view *const view = mlsd__slice_view(r, g);
    const int64_t cell = r->groups[g].cell;
    const mlsd__slice_cell *const is = &r->cells[g * r->n_metrics + m];
    const mlsd__slice_against *const c = mlsd__slice_compared(r, k, g, m);
    put_words(rows, r, columns_words, view, cell);
    put_words(rows, r, mlsd__views_levels, view, cell);
    put_control(rows, r, view->control[cell]);
    mlsd__rows_str(rows, r->names[m]);
    mlsd__rows_i64(rows, (int64_t)view->n[cell]);
    put_estimate(rows, &is->is, is->support);
    mlsd__rows_str(rows, mlsd__slice_statuses[is->status]);
    mlsd__rows_str(rows, r->against[k]);
    mlsd__rows_f64(rows, c->other.value);
    put_difference(rows, &c->d);
    mlsd__rows_f64(rows, c->d.p_value);
    mlsd__rows_f64(rows, c->p_adjusted);
    mlsd__rows_f64(rows, c->rows_needed);
    mlsd__rows_i64(rows, c->is_finding);
    put_words(rows, r, mlsd__views_words, view, cell);
    put_words(rows, r, mlsd__views_json, view, cell);
}

static mlsd_status put_rows(mlsd_result *out, const char *name, mlsd__rows *rows)
{
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    return mlsd__result_set_table(out, name, table, false);
}

static mlsd_status put_slices(mlsd_result *out, const mlsd__slice_run *r, const char *name,
                              int64_t n_against)
{
    mlsd__rows rows;
    mlsd__rows_init(&rows, r->allocator, slice_columns, MLSD__COUNT(slice_columns));
    for (int64_t k = 0; k < n_against; k++) {
        for (int64_t m = 0; m < r->n_metrics; m++) {
            for (int64_t g = 0; g < r->n_groups; g++) put_slice(&rows, r, k, g, m);
        }
    }
    return put_rows(out, name, &rows);
}

static mlsd_status put_overall(mlsd_result *out, const mlsd__slice_run *r)
{
    static const mlsd__row_column columns[] = {
        {"control", MLSD_COLUMN_CATEGORY},
        {"metric", MLSD_COLUMN_CATEGORY},
        {"n", MLSD_COLUMN_I64},
        ESTIMATE_COLUMNS,
        {"status", MLSD_COLUMN_CATEGORY},
    };
    const mlsd__view *const control = &r->views.control;
    mlsd__rows rows;
    mlsd__rows_init(&rows, r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t c = 0; c < control->n_cells; c++) {
        for (int64_t m = 0; m < r->n_metrics; m++) {
            const mlsd__estimate *const e = &r->overall[c * r->n_metrics + m];
            const double support = support_of(e, control->n[c]);
            put_control(&rows, r, c);
            mlsd__rows_str(&rows, r->names[m]);
            mlsd__rows_i64(&rows, (int64_t)control->n[c]);
            put_estimate(&rows, e, support);
            mlsd__rows_str(
                &rows,
                mlsd__slice_statuses[isnan(e->value)                       ? MLSD__SLICE_UNDEFINED
                                     : support < (double)r->p->min_support ? MLSD__SLICE_LOW_SUPPORT
                                                                           : MLSD__SLICE_OK]);
        }
    }
    return put_rows(out, "overall", &rows);
}

static void put_group(mlsd__rows *rows, const mlsd__slice_run *r, int64_t g)
{
    if (g < 0) {
        mlsd__rows_str(rows, "");
    } else {
        put_words(rows, r, mlsd__views_levels, mlsd__slice_view(r, g), r->groups[g].cell);
    }
}

static mlsd_status put_extremes(mlsd_result *out, const mlsd__slice_run *r)
{
    static const mlsd__row_column columns[] = {
        {"column", MLSD_COLUMN_CATEGORY}, {"control", MLSD_COLUMN_CATEGORY},
        {"metric", MLSD_COLUMN_CATEGORY}, {"highest", MLSD_COLUMN_CATEGORY},
        {"lowest", MLSD_COLUMN_CATEGORY}, DIFFERENCE_COLUMNS,
        {"p_value", MLSD_COLUMN_F64},     {"p_adjusted", MLSD_COLUMN_F64},
        {"method", MLSD_COLUMN_CATEGORY}, {"groups", MLSD_COLUMN_I64},
        {"not_judged", MLSD_COLUMN_I64},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < r->n_extremes; i++) {
        const mlsd__slice_extreme *const e = &r->extremes[i];
        put_words(&rows, r, columns_words, &r->views.views[e->view], 0);
        put_control(&rows, r, e->control);
        mlsd__rows_str(&rows, r->names[e->metric]);
        put_group(&rows, r, e->high);
        put_group(&rows, r, e->low);
        /* The ratio of the smaller to the larger, as fairness has it, is its inverse. */
        put_difference(&rows, &e->d);
        mlsd__rows_f64(&rows, e->p_value);
        mlsd__rows_f64(&rows, e->p_adjusted);
        mlsd__rows_str(&rows, e->method);
        mlsd__rows_i64(&rows, e->n_groups);
        mlsd__rows_i64(&rows, e->n_skipped);
    }
    return put_rows(out, "extremes", &rows);
}

static mlsd_status put_strata(mlsd_result *out, const mlsd__slice_run *r)
{
    static const mlsd__row_column columns[] = {
        {"column", MLSD_COLUMN_CATEGORY},   {"level", MLSD_COLUMN_CATEGORY},
        {"metric", MLSD_COLUMN_CATEGORY},   {"within", MLSD_COLUMN_CATEGORY},
        {"strata", MLSD_COLUMN_I64},        {"pooled_odds_ratio", MLSD_COLUMN_F64},
        {"odds_ratio", MLSD_COLUMN_F64},    {"low", MLSD_COLUMN_F64},
        {"high", MLSD_COLUMN_F64},          {"statistic", MLSD_COLUMN_F64},
        {"p_value", MLSD_COLUMN_F64},       {"homogeneity", MLSD_COLUMN_F64},
        {"homogeneity_p", MLSD_COLUMN_F64}, {"alarm", MLSD_COLUMN_CATEGORY},
    };
    mlsd__rows rows;
    mlsd__rows_init(&rows, r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < r->n_strata; i++) {
        const mlsd__slice_stratum *const s = &r->strata[i];
        put_words(&rows, r, columns_words, mlsd__slice_view(r, s->group), 0);
        put_group(&rows, r, s->group);
        mlsd__rows_str(&rows, r->names[s->metric]);
        mlsd__rows_str(&rows, r->views.columns[s->within].name);
        mlsd__rows_i64(&rows, s->n_strata);
        mlsd__rows_f64(&rows, s->pooled_odds);
        mlsd__put_odds(&rows, &s->common);
        mlsd__rows_str(&rows, s->alarm);
    }
    return put_rows(out, "strata", &rows);
}

static mlsd_status put_numbers(mlsd_result *out, const mlsd__slice_run *r)
{
    int64_t n_findings = 0, n_unjudged = 0;
    for (int64_t i = 0; i < r->n_groups * r->n_metrics; i++) {
        n_findings += r->compared[i].is_finding;
        n_unjudged += r->cells[i].status != MLSD__SLICE_OK;
    }
    MLSD__TRY(mlsd__result_set_str(out, "metric", r->names[0], false));
    MLSD__TRY(
        mlsd__result_set_f64(out, "direction", r->metrics[0].greater_is_better ? 1 : -1, false));
    MLSD__TRY(mlsd__result_set_f64(out, "value", r->overall[0].value, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_groups", (double)r->n_groups, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_findings", (double)n_findings, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_not_judged", (double)n_unjudged, false));
    MLSD__TRY(mlsd__result_set_f64(out, "level", r->p->level, false));
    return mlsd__result_set_str(out, "correction", mlsd__corrections[r->p->correction], false);
}

static mlsd_status report(const mlsd__slice_run *r, mlsd_result *out)
{
    MLSD__TRY(put_numbers(out, r));
    MLSD__TRY(put_slices(out, r, "slices", 1));
    if (r->n_against > 1) MLSD__TRY(put_slices(out, r, "comparisons", r->n_against));
    MLSD__TRY(put_extremes(out, r));
    MLSD__TRY(put_overall(out, r));
    MLSD__TRY(put_strata(out, r));
    return mlsd__slice_say(r, out);
}

/* ---- the run ---- */

static mlsd_status check_cuts(const mlsd__f64_list *cuts)
{
    for (int64_t i = 1; i < cuts->n; i++) {
        if (cuts->values[i] > cuts->values[i - 1]) continue;
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'cuts' must ascend: number %lld is not above the one "
                          "before it",
                          (long long)i);
    }
    return MLSD_OK;
}

static mlsd_status work(mlsd__scope *scope, mlsd__slice_run *r, const mlsd__slicing_input *in)
{
    const mlsd__slice_metrics_params *const p = r->p;
    const mlsd__views_options options = {.by = &p->by,
                                         .control = &p->control,
                                         .intersections = p->intersections,
                                         .strata = p->strata != 0,
                                         .bins = {.max_values = p->max_values,
                                                  .n_bins = p->n_bins,
                                                  .equal_width = p->binning == 1,
                                                  .cuts = p->cuts.n > 0 ? p->cuts.values : NULL,
                                                  .n_cuts = p->cuts.n},
                                         .merge_rare = p->merge_rare,
                                         .max_levels = p->max_levels};
    if (in->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "there are no rows to score");
    MLSD__TRY(check_cuts(&p->cuts));
    MLSD__TRY(find_metrics(scope, r, in));
    MLSD__TRY(mlsd__views_make(scope, in, &options, &r->views));
    MLSD__TRY(list_groups(r));
    MLSD__TRY(mlsd__views_add(scope, &r->views, in, r->metrics, r->n_metrics));
    MLSD__TRY(score_all(scope, r));
    MLSD__TRY(compare(scope, r));
    MLSD__TRY(mlsd__slice_find_extremes(scope, r));
    return mlsd__slice_find_strata(scope, r);
}

static void run_free(mlsd__slice_run *r)
{
    const mlsd__allocator *const a = r->allocator;
    mlsd__views_free(&r->views);
    mlsd__free(a, r->strata);
    mlsd__free(a, r->extremes);
    mlsd__free(a, r->compared);
    mlsd__free(a, r->against);
    mlsd__free(a, r->overall);
    mlsd__free(a, r->cells);
    mlsd__free(a, r->groups);
    mlsd__free(a, r->metrics);
    mlsd__free(a, r->names);
}

static mlsd_status run_metrics(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__slicing_input *in, mlsd_result **out)
{
    mlsd__slice_run r = {.p = mlsd__spec_params(spec), .allocator = scope->allocator};
    mlsd_result *result = NULL;
    mlsd_status status = work(scope, &r, in);
    if (status == MLSD_OK) status = mlsd__result_new(scope->allocator, "slice_metrics", &result);
    if (status == MLSD_OK) status = report(&r, result);
    run_free(&r);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {
    .needs_y = true, .needs_prediction = true, .run = run_metrics};

const mlsd_kind mlsd__kind_slice_metrics = {
    .name = "slice_metrics",
    .family = "slicing",
    .doc = "Any metrics for the groups of columns and their intersections in one pass, each group "
           "with support, interval and status, and against the rows outside it",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__slice_metrics_params),
    .ops = &ops,
};
