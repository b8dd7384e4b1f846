/* slice.c - metrics by group: every value of every column asked for, each scored on its own rows
 * and against the rows outside, side by side with what chance would do.
 *
 * Slices are tasks of their own and are put together in the order of columns and levels, so the
 * number of threads changes nothing. What cannot be said is NaN with a status that says so, never
 * 0. */
#include "slice/slice_impl.h"

#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "data/table_impl.h"
#include "metric/adjust.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"
#include "validate/words.h"

/* Below this adjusted p a slice is called worse than chance would make it. */
#define SIGNIFICANCE 0.05

static const char status_ok[] = "ok";
static const char status_low_support[] = "low support";
static const char status_undefined[] = "undefined";

typedef struct slice {
    const char *column;
    const mlsd__grouping *grouping;
    int64_t level;
    int64_t n;
    mlsd__estimate inside, outside;
    mlsd__difference difference;
    const char *status;
} slice;

typedef struct work {
    const mlsd__metric_ops *metric;
    const mlsd__scored *scored;
    int64_t min_support;
    slice *slices;
} work;

/* The rows that are not in `rows`; both ascend. */
static void complement(const int64_t *rows, int64_t n_rows, int64_t n_all, int64_t *out)
{
    int64_t next = 0;
    for (int64_t i = 0; i < n_all; i++) {
        if (next < n_rows && rows[next] == i) {
            next++;
        } else {
            *out++ = i;
        }
    }
}

/* What a difference of shares is told by. */
static void mark_share(mlsd__estimate *e)
{
    e->denominator = e->n_rows;
    e->df = INFINITY;
    e->se = sqrt(e->value * (1 - e->value) / e->n_rows);
}

static mlsd_status score_slice(void *arg, int64_t task, mlsd__scope *scope)
{
    const work *const w = arg;
    slice *const s = &w->slices[task];
    const mlsd__grouping *const g = s->grouping;
    const int64_t *const rows = g->rows + g->starts[s->level];
    const int64_t n_outside = g->n_rows - s->n;

    MLSD__TRY(
        mlsd__metric_score(scope, w->metric, w->scored, rows, s->n, MLSD__SLICE_LEVEL, &s->inside));
    int64_t *const outside = mlsd__alloc_raw(scope->allocator, n_outside, sizeof *outside);
    if (outside == NULL) return MLSD_E_NOMEM;
    complement(rows, s->n, g->n_rows, outside);
    const mlsd_status status = mlsd__metric_score(scope, w->metric, w->scored, outside, n_outside,
                                                  MLSD__SLICE_LEVEL, &s->outside);
    mlsd__free(scope->allocator, outside);
    MLSD__TRY(status);
    if (w->metric->is_share) {
        mark_share(&s->inside);
        mark_share(&s->outside);
    }
    mlsd__slice_difference(&s->inside, &s->outside, MLSD__SLICE_LEVEL, &s->difference);
    s->status = isnan(s->inside.value)  ? status_undefined
                : s->n < w->min_support ? status_low_support
                                        : status_ok;
    mlsd__stage_advance(scope, 1);
    return MLSD_OK;
}

static mlsd_status adjust(const mlsd__allocator *a, slice *slices, int64_t n)
{
    double *const p = mlsd__alloc_raw(a, n, sizeof *p);
    if (p == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) p[i] = slices[i].difference.p_value;
    const mlsd_status status = mlsd__adjust_p_values(a, MLSD__HOLM, p, n, p);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) slices[i].difference.p_value = p[i];
    mlsd__free(a, p);
    return status;
}

static const mlsd__row_column slice_columns[] = {
    {"column", MLSD_COLUMN_CATEGORY},
    {"level", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},
    {"value", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},
    {"difference", MLSD_COLUMN_F64},
    {"difference_low", MLSD_COLUMN_F64},
    {"difference_high", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},
    {"status", MLSD_COLUMN_CATEGORY},
};

static mlsd_status put_table(mlsd_result *r, const mlsd__allocator *a, const slice *slices,
                             int64_t n)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, slice_columns, MLSD__COUNT(slice_columns));
    for (int64_t i = 0; i < n; i++) {
        const slice *const s = &slices[i];
        mlsd__rows_str(&rows, s->column);
        mlsd__rows_str(&rows, s->grouping->labels[s->level]);
        mlsd__rows_i64(&rows, s->n);
        mlsd__rows_f64(&rows, s->inside.value);
        mlsd__rows_f64(&rows, s->inside.low);
        mlsd__rows_f64(&rows, s->inside.high);
        mlsd__rows_f64(&rows, s->difference.value);
        mlsd__rows_f64(&rows, s->difference.low);
        mlsd__rows_f64(&rows, s->difference.high);
        mlsd__rows_f64(&rows, s->difference.p_value);
        mlsd__rows_str(&rows, s->status);
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "slices", table, false);
}

/* The first of the worst; NULL when none is ok. */
static const slice *find_worst(const slice *slices, int64_t n, bool greater_is_better)
{
    const slice *worst = NULL;
    for (int64_t i = 0; i < n; i++) {
        const slice *const s = &slices[i];
        if (s->status != status_ok) continue;
        if (worst == NULL || (greater_is_better ? s->inside.value < worst->inside.value
                                                : s->inside.value > worst->inside.value)) {
            worst = s;
        }
    }
    return worst;
}

static void say_chance(mlsd__text *t, const slice *worst, int64_t n_tests, bool is_worse)
{
    const double p = worst->difference.p_value;
    if (isnan(p)) {
        mlsd__text_append(t, "whether that is more than chance cannot be told");
        return;
    }
    mlsd__text_append(t, is_worse && p < SIGNIFICANCE ? "worse by more than chance (p "
                                                      : "not worse by more than chance (p ");
    if (p < 0.0001) {
        mlsd__text_append(t, "< 0.0001");
    } else {
        mlsd__text_append(t, "= ");
        mlsd__text_fixed(t, p, 4);
    }
    mlsd__text_format(t, " after Holm over %lld slice%s)", (long long)n_tests,
                      n_tests == 1 ? "" : "s");
}

static void say(mlsd__text *t, const char *metric, const mlsd__metric_ops *ops, const slice *worst,
                int64_t n_tests)
{
    if (worst == NULL) {
        mlsd__text_append(t, "no slice has rows enough to judge");
        return;
    }
    const double difference = worst->difference.value;
    const bool is_worse = ops->greater_is_better ? difference < 0 : difference > 0;
    mlsd__text_format(t, "%s is worst where %s = %s: ", metric, worst->column,
                      worst->grouping->labels[worst->level]);
    mlsd__words_estimate(t, &worst->inside, MLSD__SLICE_LEVEL);
    if (!isnan(difference)) {
        mlsd__text_append(t, " against ");
        mlsd__words_number(t, worst->outside.value);
        mlsd__text_append(t, " outside");
    }
    mlsd__text_append(t, "; ");
    say_chance(t, worst, n_tests, is_worse);
}

static mlsd_status put_words(mlsd_result *r, const mlsd__allocator *a, const char *metric,
                             const mlsd__metric_ops *ops, const slice *slices, int64_t n)
{
    int64_t n_tests = 0;
    for (int64_t i = 0; i < n; i++) n_tests += !isnan(slices[i].difference.p_value);
    const slice *const worst = find_worst(slices, n, ops->greater_is_better);
    mlsd__text name, verdict;
    mlsd__text_init(&name, a);
    mlsd__text_init(&verdict, a);
    mlsd__text_append(&name, "");
    if (worst != NULL) {
        mlsd__text_format(&name, "%s = %s", worst->column, worst->grouping->labels[worst->level]);
    }
    say(&verdict, metric, ops, worst, n_tests);
    mlsd_status status = name.status != MLSD_OK ? name.status : verdict.status;
    if (status == MLSD_OK) {
        status = mlsd__result_set_str(r, "worst", name.data == NULL ? "" : name.data, false);
    }
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, verdict.data);
    mlsd__text_free(&verdict);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status make_result(mlsd__scope *scope, const char *metric, const work *w, int64_t n,
                               mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__estimate all;
    mlsd_result *r = NULL;
    MLSD__TRY(mlsd__metric_score(scope, w->metric, w->scored, NULL, w->scored->n, MLSD__SLICE_LEVEL,
                                 &all));
    MLSD__TRY(mlsd__result_new(a, "slices", &r));
    mlsd_status status;
    if ((status = mlsd__result_set_str(r, "metric", metric, false)) != MLSD_OK ||
        (status = mlsd__result_set_f64(r, "value", all.value, false)) != MLSD_OK ||
        (status = mlsd__result_set_f64(r, "low", all.low, false)) != MLSD_OK ||
        (status = mlsd__result_set_f64(r, "high", all.high, false)) != MLSD_OK ||
        (status = put_table(r, a, w->slices, n)) != MLSD_OK ||
        (status = put_words(r, a, metric, w->metric, w->slices, n)) != MLSD_OK) {
        mlsd_result_free(r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}

static mlsd_status make_groupings(mlsd__scope *scope, const mlsd_table *groups,
                                  const char *const *by, int64_t n_by, mlsd__grouping *groupings,
                                  int64_t *out_n_slices)
{
    *out_n_slices = 0;
    for (int64_t j = 0; j < n_by; j++) {
        int64_t column = 0;
        MLSD__TRY(mlsd_table_find(groups, by[j], &column));
        MLSD__TRY(
            mlsd__grouping_make(scope, groups, column, &MLSD__GROUPING_DEFAULTS, &groupings[j]));
        *out_n_slices += groupings[j].n_levels;
    }
    return MLSD_OK;
}

mlsd_status mlsd__slice_score(mlsd__scope *scope, const mlsd_table *groups, const char *const *by,
                              int64_t n_by, const char *metric, const mlsd__scored *scored,
                              int64_t min_support, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    work w = {.scored = scored, .min_support = min_support};
    int64_t n = 0;

    *out = NULL;
    MLSD__TRY(mlsd__metric_find(metric, &w.metric));
    mlsd__grouping *const groupings = mlsd__alloc(a, n_by, sizeof *groupings);
    if (groupings == NULL) return MLSD_E_NOMEM;
    mlsd_status status = make_groupings(scope, groups, by, n_by, groupings, &n);
    if (status != MLSD_OK) goto out;
    w.slices = mlsd__alloc(a, n, sizeof *w.slices);
    if (w.slices == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    for (int64_t j = 0, i = 0; j < n_by; j++) {
        for (int64_t level = 0; level < groupings[j].n_levels; level++, i++) {
            const int64_t *const starts = groupings[j].starts + level;
            w.slices[i] = (slice){.column = by[j],
                                  .grouping = &groupings[j],
                                  .level = level,
                                  .n = starts[1] - starts[0]};
        }
    }
    mlsd__stage_begin(scope, "slices", n);
    status = mlsd__parallel_for(scope, n, score_slice, &w);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = adjust(a, w.slices, n);
    if (status == MLSD_OK) status = make_result(scope, metric, &w, n, out);
out:
    mlsd__free(a, w.slices);
    for (int64_t j = 0; j < n_by; j++) mlsd__grouping_free(&groupings[j], a);
    mlsd__free(a, groupings);
    return status;
}

mlsd_status mlsd_slice_score(const mlsd_context *context, const mlsd_table *groups,
                             const char *const *by, int64_t n_by, const char *metric,
                             const mlsd_matrix *y, const mlsd_matrix *prediction,
                             const mlsd_matrix *weight, int64_t min_support, mlsd_result **out)
{
    const mlsd__metric_ops *ops = NULL;
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(groups, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(y != NULL, "y is NULL");
    MLSD__REQUIRE(prediction != NULL, "prediction is NULL");
    MLSD__REQUIRE(by != NULL && n_by > 0, "there is no column to slice by");
    MLSD__REQUIRE(min_support >= 0, "min_support must be 0 or more, got %lld",
                  (long long)min_support);
    for (int64_t j = 0; j < n_by; j++) MLSD__REQUIRE(by[j] != NULL, "a column's name is NULL");
    MLSD__TRY(mlsd__metric_find(metric, &ops));
    if (mlsd_table_n_rows(groups) != y->rows) {
        return mlsd__fail(MLSD_E_SHAPE, "the table of groups has %lld rows, y has %lld",
                          (long long)mlsd_table_n_rows(groups), (long long)y->rows);
    }

    mlsd__scope scope;
    mlsd__scored_copy scored = {0};
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = mlsd__scored_read(&scope, ops, y, prediction, weight, &scored);
    if (status == MLSD_OK) {
        status =
            mlsd__slice_score(&scope, groups, by, n_by, metric, &scored.view, min_support, out);
    }
    mlsd__scored_free(&scored, scope.allocator);
    mlsd__scope_close(&scope);
    return status;
}
