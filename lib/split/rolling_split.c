/* rolling_split.c - rolling_split and panel_split: windows of a number of rows that roll or grow
 * over time.
 *
 * rolling_split counts all rows as one series; panel_split counts those of each group, so that each
 * entity is cut at its own moment. To cut all entities at one moment there is time_window_split.
 * With train_size as scikit-learn's max_train_size and min_train_size 1, windows are those of
 * TimeSeriesSplit. Rows without times stand in order; with times they may stand anyhow. */
#include "split/rolling_windows.h"

#include <stdio.h>
#include <string.h>

/* Above any number of rows, below where a bound is no longer exact as a double. */
#define MAX_COUNT 9007199254740991.0

enum { CHECK_ROWS = 1 << 16 };

typedef mlsd__rolling_params params;

enum { SHORT_REFUSE = 0, SHORT_SKIP = 1 };
static const char *const short_choices[] = {"refuse", "skip", NULL};

#define ROLLING_PARAMS                                                                             \
    MLSD__P_I64_NULL(params, n_splits, 1, INT32_MAX - 1, "5",                                      \
                     "number of splits; null for as many as fit"),                                 \
        MLSD__P_I64_NULL(params, train_size, 1, MAX_COUNT, "null",                                 \
                         "rows to train on, the latest; null for all, a window that expands"),     \
        MLSD__P_I64_NULL(params, min_train_size, 1, MAX_COUNT, "null",                             \
                         "fewest rows to train on; null for train_size, or 1 where the window "    \
                         "expands"),                                                               \
        MLSD__P_I64(params, validation_size, 0, MAX_COUNT, "0", NULL,                              \
                    "rows to validate on between training and test; 0 for no such part"),          \
        MLSD__P_I64_NULL(params, test_size, 1, MAX_COUNT, "null",                                  \
                         "rows in each test set; null for rows / (n_splits + 1)"),                 \
        MLSD__P_I64(params, gap, 0, MAX_COUNT, "0", NULL, "rows left out before each later part"), \
        MLSD__P_I64_NULL(params, step, 1, MAX_COUNT, "null",                                       \
                         "rows from one test set to the next; null for test_size"),                \
        MLSD__P_CHOICE(params, anchor, mlsd__anchors, "\"end\"",                                   \
                       "end: the last test set ends with the rows; start: the first window "       \
                       "starts with them"),                                                        \
        MLSD__P_BOOL(params, allow_incomplete, "false",                                            \
                     "with anchor start: the last test set may be cut by the end of the rows"),    \
        MLSD__P_BOOL(params, purge, "true",                                                        \
                     "leave out rows whose label ends when the next part has begun"),              \
        MLSD__P_STR(params, label_horizon, "null",                                                 \
                    "how long after its time a row's label ends, such as 5d; instead of a "        \
                    "time_end"),                                                                   \
        MLSD__P_STR(params, embargo, "null",                                                       \
                    "how long before the next part a label must have ended, such as 1d"),          \
        MLSD__P_TIME_UNIT(params)

static const mlsd_param rolling_params[] = {ROLLING_PARAMS};

static const mlsd_param panel_params[] = {
    ROLLING_PARAMS,
    MLSD__P_CHOICE(params, short_series, short_choices, "\"refuse\"",
                   "groups with too few rows: refuse them, or skip them in the splits that they "
                   "are too short for"),
};

static mlsd_status read_labels(mlsd__scope *scope, const params *p, const mlsd__split_input *in,
                               mlsd__labels *out)
{
    const mlsd__ruler ruler = {.scale = in->time_scale, .time_unit = p->time_unit};
    const mlsd__purge_params purge = {.label_horizon = p->label_horizon, .embargo = p->embargo};
    if (!p->purge) return MLSD_OK;
    return mlsd__labels_read(scope, in, &ruler, &purge, out);
}

static int32_t needs_rolling(const mlsd_spec *spec)
{
    (void)spec;
    return MLSD__MAY_USE(MLSD__NEEDS_TIMES | MLSD__NEEDS_ENDS);
}

static int32_t needs_panel(const mlsd_spec *spec)
{
    return needs_rolling(spec) | MLSD__NEEDS_GROUPS;
}

static mlsd_status add_series(mlsd__scope *scope, const params *p, const mlsd__time_order *order,
                              mlsd__spans *spans)
{
    const mlsd__rolling r = mlsd__rolling_plan(p, order->times, order->n);
    const int64_t n_splits = p->n_splits != MLSD__NULL_I64 ? p->n_splits : r.n_fit;
    if (r.n_fit < r.n_wanted) return mlsd__rolling_fail(&r, "");
    const int64_t skipped = p->anchor == MLSD__ANCHOR_END ? r.n_fit - n_splits : 0;
    for (int64_t k = 0; k < n_splits; k++) {
        const mlsd__window w = mlsd__rolling_window(&r, skipped + k);
        MLSD__TRY(mlsd__spans_add_window(scope, spans, k, &w));
    }
    return MLSD_OK;
}

static mlsd_status split_rolling(mlsd__scope *scope, const mlsd_spec *spec,
                                 const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    mlsd__time_order order = {0};
    mlsd__labels labels = {0};
    mlsd__spans spans = {
        .order = &order, .labels = &labels, .n_parts = p->validation_size > 0 ? 3 : 2};
    mlsd_status status = mlsd__rolling_check(p);
    if (status == MLSD_OK) status = read_labels(scope, p, in, &labels);
    if (status == MLSD_OK) status = mlsd__time_order_make(scope, in->times, in->n_rows, &order);
    if (status == MLSD_OK) status = add_series(scope, p, &order, &spans);
    if (status == MLSD_OK) status = mlsd__spans_store(scope, &spans, out);
    mlsd__spans_free(&spans, scope->allocator);
    mlsd__labels_free(&labels, scope->allocator);
    mlsd__time_order_free(&order, scope->allocator);
    return status;
}

/* Rows by group, each group's in time order; first[g] is the place of its first. */
typedef struct panel_rows {
    mlsd__time_order order;
    int64_t *first;
    int64_t n_groups;
    int64_t n_splits;
} panel_rows;

static mlsd_status make_panel(mlsd__scope *scope, const mlsd__split_input *in,
                              const mlsd__time_order *by_time, panel_rows *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = in->n_rows;
    out->n_groups = in->n_groups;
    out->order.n = n;
    out->first = mlsd__alloc(a, in->n_groups + 2, sizeof *out->first);
    out->order.own_rows = mlsd__alloc_raw(a, n, sizeof *out->order.own_rows);
    if (in->times != NULL)
        out->order.own_times = mlsd__alloc_raw(a, n, sizeof *out->order.own_times);
    if (out->first == NULL || out->order.own_rows == NULL ||
        (in->times != NULL && out->order.own_times == NULL))
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) out->first[in->groups[i] + 2]++;
    MLSD__TRY(mlsd__checkpoint(scope));
    for (int64_t g = 1; g <= in->n_groups + 1; g++) out->first[g] += out->first[g - 1];
    for (int64_t p = 0; p < n; p++) {
        const int64_t row = mlsd__row_at(by_time, p);
        if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t place = out->first[in->groups[row] + 1]++;
        out->order.own_rows[place] = row;
        if (in->times != NULL) out->order.own_times[place] = in->times[row];
    }
    out->order.rows = out->order.own_rows;
    out->order.times = out->order.own_times;
    return MLSD_OK;
}

static mlsd__rolling plan_of_group(const params *p, const panel_rows *panel, int64_t g)
{
    const int64_t first = panel->first[g], n = panel->first[g + 1] - first;
    return mlsd__rolling_plan(p, panel->order.times != NULL ? panel->order.times + first : NULL, n);
}

static mlsd_status fail_group(const mlsd__split_input *in, const mlsd__rolling *r, int64_t g)
{
    char name[MLSD__CLASS_TEXT_CAPACITY], series[MLSD__CLASS_TEXT_CAPACITY + 16];
    (void)snprintf(series, sizeof series, " of group %s", mlsd__split_group_text(in, g, name));
    return mlsd__rolling_fail(r, series);
}

/* How many splits there are: those asked for, those that fit in every group, or, where short groups
 * are skipped, those that fit in the longest. */
static mlsd_status count_splits(const params *p, const mlsd__split_input *in, panel_rows *panel)
{
    const bool skips = p->short_series == SHORT_SKIP;
    int64_t fewest = INT64_MAX, most = 0, longest = 0;
    for (int64_t g = 0; g < panel->n_groups; g++) {
        const mlsd__rolling r = plan_of_group(p, panel, g);
        if (!skips && r.n_fit < r.n_wanted) return fail_group(in, &r, g);
        if (r.n_fit < fewest) fewest = r.n_fit;
        if (r.n_fit > most) {
            most = r.n_fit;
            longest = g;
        }
    }
    panel->n_splits = p->n_splits != MLSD__NULL_I64 ? p->n_splits : skips ? most : fewest;
    const mlsd__rolling r = plan_of_group(p, panel, longest);
    return most < r.n_wanted ? fail_group(in, &r, longest) : MLSD_OK;
}

/* Windows that a short group lacks are those farthest from the anchor. */
static mlsd_status add_group(mlsd__scope *scope, const params *p, const panel_rows *panel,
                             int64_t g, mlsd__spans *spans)
{
    const mlsd__rolling r = plan_of_group(p, panel, g);
    const int64_t first = panel->first[g];
    const int64_t n = r.n_fit < panel->n_splits ? r.n_fit : panel->n_splits;
    const bool at_end = p->anchor == MLSD__ANCHOR_END;
    for (int64_t k = 0; k < n; k++) {
        mlsd__window w = mlsd__rolling_window(&r, at_end ? r.n_fit - n + k : k);
        w.train_first += first;
        w.train_end += first;
        w.validation_first += first;
        w.validation_end += first;
        w.test_first += first;
        w.test_end += first;
        MLSD__TRY(mlsd__spans_add_window(scope, spans, at_end ? panel->n_splits - n + k : k, &w));
    }
    return MLSD_OK;
}

static mlsd_status split_panel(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__split_input *in, mlsd_folds *out)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    mlsd__time_order by_time = {0};
    panel_rows panel = {0};
    mlsd__labels labels = {0};
    mlsd__spans spans = {
        .order = &panel.order, .labels = &labels, .n_parts = p->validation_size > 0 ? 3 : 2};
    mlsd_status status = mlsd__rolling_check(p);
    if (status == MLSD_OK) status = read_labels(scope, p, in, &labels);
    if (status == MLSD_OK) status = mlsd__time_order_make(scope, in->times, in->n_rows, &by_time);
    if (status == MLSD_OK) status = make_panel(scope, in, &by_time, &panel);
    mlsd__time_order_free(&by_time, a);
    if (status == MLSD_OK) status = count_splits(p, in, &panel);
    for (int64_t g = 0; status == MLSD_OK && g < panel.n_groups; g++)
        status = add_group(scope, p, &panel, g, &spans);
    if (status == MLSD_OK) status = mlsd__spans_store(scope, &spans, out);
    mlsd__spans_free(&spans, a);
    mlsd__labels_free(&labels, a);
    mlsd__time_order_free(&panel.order, a);
    mlsd__free(a, panel.first);
    return status;
}

static const mlsd__splitter_ops rolling_ops = {.needs = needs_rolling, .split = split_rolling};
static const mlsd__splitter_ops panel_ops = {.needs = needs_panel, .split = split_panel};

const mlsd_kind mlsd__kind_rolling_split = {
    .name = "rolling_split",
    .family = "splitter",
    .doc = "train on a number of rows that rolls or grows over time, test on those that follow",
    .params = rolling_params,
    .n_params = MLSD__COUNT(rolling_params),
    .params_size = sizeof(params),
    .ops = &rolling_ops,
};

const mlsd_kind mlsd__kind_panel_split = {
    .name = "panel_split",
    .family = "splitter",
    .doc = "windows as in rolling_split, of each group's own rows; time_window_split cuts all "
           "groups at "
           "one moment",
    .params = panel_params,
    .n_params = MLSD__COUNT(panel_params),
    .params_size = sizeof(params),
    .ops = &panel_ops,
};
