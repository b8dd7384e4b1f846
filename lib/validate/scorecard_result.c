/* scorecard_result.c - what a scorecard says, as a result: every metric of every group. */
#include <math.h>

#include "base/handle.h"
#include "metric/metric_name.h"
#include "metric/scorecard.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"

static const mlsd__row_column score_columns[] = {
    {"group", MLSD_COLUMN_I64},       {"metric", MLSD_COLUMN_CATEGORY},
    {"value", MLSD_COLUMN_F64},       {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},        {"se", MLSD_COLUMN_F64},
    {"n", MLSD_COLUMN_I64},           {"numerator", MLSD_COLUMN_F64},
    {"denominator", MLSD_COLUMN_F64}, {"status", MLSD_COLUMN_CATEGORY},
};

static mlsd_status put_row(mlsd__rows *rows, int64_t group, const char *metric,
                           const mlsd__estimate *e, int64_t min_support)
{
    mlsd__rows_i64(rows, group);
    mlsd__rows_str(rows, metric);
    mlsd__rows_f64(rows, e->value);
    mlsd__rows_f64(rows, e->low);
    mlsd__rows_f64(rows, e->high);
    mlsd__rows_f64(rows, e->se);
    mlsd__rows_i64(rows, (int64_t)e->support);
    mlsd__rows_f64(rows, e->numerator);
    mlsd__rows_f64(rows, e->denominator);
    mlsd__rows_str(rows, isnan(e->value)                    ? "undefined"
                         : e->support < (double)min_support ? "low support"
                                                            : "ok");
    return rows->status;
}

static mlsd_status put_metric(mlsd__scope *scope, const mlsd__scorecard_view *v, int64_t group,
                              int64_t m, const char *name, double level, int64_t min_support,
                              mlsd__rows *rows)
{
    mlsd__measured measured;
    mlsd__measured_init(&measured, scope->allocator);
    mlsd_status status = mlsd__scorecard_finish(scope, v, m, group, level, false, &measured);
    if (status == MLSD_OK) status = put_row(rows, group, name, &measured.estimate, min_support);
    mlsd__measured_free(&measured);
    return status;
}

static void names_free(const mlsd__allocator *a, mlsd__text *names, int64_t n)
{
    for (int64_t m = 0; names != NULL && m < n; m++) mlsd__text_free(&names[m]);
    mlsd__free(a, names);
}

/* What the metrics of a card are called: found once, since there may be many groups. */
static mlsd_status names_new(const mlsd__allocator *a, const mlsd_scorecard *card, mlsd__text **out)
{
    mlsd_status status = MLSD_OK;
    *out = mlsd__alloc(a, card->n_metrics, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t m = 0; m < card->n_metrics; m++) mlsd__text_init(&(*out)[m], a);
    for (int64_t m = 0; m < card->n_metrics && status == MLSD_OK; m++) {
        status = mlsd__metric_spec_name(card->specs[m], &(*out)[m]);
    }
    if (status == MLSD_OK) return MLSD_OK;
    names_free(a, *out, card->n_metrics);
    *out = NULL;
    return status;
}

/* All rows first (group -1), then the groups, of each the metrics in their order. */
static mlsd_status put_scores(mlsd__scope *scope, const mlsd__scorecard_view *v, double level,
                              int64_t min_support, mlsd_result *r)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__text *names = NULL;
    mlsd_status status = names_new(scope->allocator, v->card, &names);
    mlsd__rows_init(&rows, scope->allocator, score_columns, MLSD__COUNT(score_columns));
    for (int64_t group = -1; group < v->card->n_groups && status == MLSD_OK; group++) {
        for (int64_t m = 0; m < v->card->n_metrics && status == MLSD_OK; m++) {
            status = put_metric(scope, v, group, m, names[m].data, level, min_support, &rows);
        }
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    names_free(scope->allocator, names, v->card->n_metrics);
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "scores", table, false);
}

static mlsd_status finish(mlsd__scope *scope, const mlsd_scorecard *card, double level,
                          int64_t min_support, mlsd_result *r)
{
    mlsd__scorecard_view view;
    MLSD__TRY(mlsd__scorecard_open_view(scope, card, &view));
    mlsd_status status = put_scores(scope, &view, level, min_support, r);
    if (status == MLSD_OK) {
        status = mlsd__result_set_f64(r, "n_rows", (double)card->n_rows, false);
    }
    mlsd__scorecard_close_view(&view);
    return status;
}

mlsd_status mlsd_scorecard_finish(const mlsd_context *context, const mlsd_scorecard *card,
                                  double level, int64_t min_support, mlsd_result **out)
{
    mlsd__scope scope;
    mlsd_result *r = NULL;
    MLSD__REQUIRE(out != NULL, "the place for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(card, MLSD__MAGIC_SCORECARD, "scorecard");
    MLSD__REQUIRE(isnan(level) || (level > 0 && level < 1),
                  "the level of an interval must be in (0, 1), such as 0.95");
    MLSD__REQUIRE(min_support >= 0, "min_support must be 0 or more, got %lld",
                  (long long)min_support);
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = mlsd__result_new(scope.allocator, "scorecard", &r);
    if (status == MLSD_OK) status = finish(&scope, card, level, min_support, r);
    mlsd__scope_close(&scope);
    if (status != MLSD_OK) {
        mlsd_result_free(r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}
