/* evaluate.c - a fitted model on a test set: every metric with its own interval, and the look
 * counted. Classes go by their names, so a test set may come from another table than the training
 * set did. */
#include <math.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "base/text.h"
#include "numeric/blas.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"
#include "validate/scoring.h"
#include "validate/words.h"

static const double LEVEL = 0.95;

typedef struct test {
    const mlsd_model *model;
    const mlsd_dataset *data;
    const char *const *metrics;
    int64_t n_metrics;
    mlsd__scoring scoring;
    mlsd__estimate first; /* of the first metric */
} test;

static mlsd_status check(const test *t)
{
    MLSD__REQUIRE_LIVE(t->model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE_LIVE(t->data, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE(t->n_metrics >= 0 && (t->metrics != NULL || t->n_metrics == 0),
                  "the metrics are NULL");
    if (t->model->task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "'%s' predicts no target, so it has no score",
                          mlsd_kind_name(mlsd_spec_kind(t->model->spec)));
    if (t->data->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the test set has no rows");
    for (int64_t m = 0; m < t->n_metrics; m++) {
        MLSD__REQUIRE(t->metrics[m] != NULL, "metric %lld is NULL", (long long)m);
        MLSD__TRY(mlsd__metric_check(t->metrics[m], t->model->task));
    }
    return MLSD_OK;
}

/* Predictions beside the truth, in the model's numbering of the classes. */
static mlsd_status predict(mlsd__scope *scope, test *t)
{
    double *y;
    MLSD__TRY(mlsd__model_gather_target(t->model, t->data, "test set", &y));
    const mlsd_status status =
        mlsd__scoring_make(scope, t->model, t->data, t->metrics, t->n_metrics, true, &t->scoring);
    mlsd__free(&t->data->store->allocator, status == MLSD_OK ? t->scoring.y : y);
    if (status == MLSD_OK) t->scoring.y = y;
    return status;
}

static mlsd_status put_scores(mlsd__scope *scope, test *t, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"metric", MLSD_COLUMN_CATEGORY},
                                               {"value", MLSD_COLUMN_F64},
                                               {"low", MLSD_COLUMN_F64},
                                               {"high", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    mlsd_status status = MLSD_OK;
    for (int64_t m = 0; m < t->n_metrics && status == MLSD_OK; m++) {
        const char *const metric = t->metrics[m];
        mlsd__estimate e;
        status = mlsd__scoring_score(scope, &t->scoring, metric, LEVEL, &e);
        if (status == MLSD_OK) status = mlsd__result_set_metric(r, metric, "value", e.value);
        if (status == MLSD_OK) status = mlsd__result_set_metric(r, metric, "low", e.low);
        if (status == MLSD_OK) status = mlsd__result_set_metric(r, metric, "high", e.high);
        if (status != MLSD_OK) break;
        if (m == 0) t->first = e;
        mlsd__rows_str(&rows, metric);
        mlsd__rows_f64(&rows, e.value);
        mlsd__rows_f64(&rows, e.low);
        mlsd__rows_f64(&rows, e.high);
    }
    if (status != MLSD_OK) {
        mlsd__rows_free(&rows);
        return status;
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "scores", table, false);
}

/* The values, or one column of probabilities for each class that the model knows. */
static mlsd_status fill_predictions(const test *t, double *column, mlsd_table *out)
{
    const mlsd__scoring *const s = &t->scoring;
    if (s->proba == NULL) return mlsd_table_set_f64(out, "value", s->values, s->n);
    mlsd_status status = MLSD_OK;
    for (int64_t c = 0; c < s->n_classes && status == MLSD_OK; c++) {
        mlsd__text name;
        mlsd__text_init(&name, &s->allocator);
        mlsd__text_format(&name, "p_%s", t->model->class_names[c]);
        for (int64_t i = 0; i < s->n; i++) column[i] = s->proba[i * s->n_classes + c];
        status = name.status;
        if (status == MLSD_OK) status = mlsd_table_set_f64(out, name.data, column, s->n);
        mlsd__text_free(&name);
    }
    return status;
}

static mlsd_status put_predictions(const test *t, mlsd_result *r)
{
    mlsd_table *table;
    double *const column = mlsd__alloc(&r->allocator, t->scoring.n, sizeof *column);
    if (column == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__table_new(&r->allocator, &table);
    if (status == MLSD_OK) {
        status = fill_predictions(t, column, table);
        if (status == MLSD_OK)
            status = mlsd__result_set_table(r, "predictions", table, false);
        else
            mlsd_table_free(table);
    }
    mlsd__free(&r->allocator, column);
    return status;
}

static mlsd_status put_verdict(const test *t, int64_t looks, mlsd_result *r)
{
    mlsd__text words;
    mlsd__text_init(&words, &r->allocator);
    mlsd__text_format(&words, "%s on %lld test row%s: ", t->metrics[0], (long long)t->data->n_rows,
                      t->data->n_rows == 1 ? "" : "s");
    mlsd__words_estimate(&words, &t->first, LEVEL);
    if (looks > 1) {
        mlsd__text_append(&words, "; ");
        mlsd__words_looks(&words, "test set", looks);
    }
    return mlsd__result_end_verdict(r, &words);
}

/* The look is counted when the scores are there, and before they are handed over. */
static mlsd_status fill_result(mlsd__scope *scope, test *t, mlsd_result *r)
{
    int64_t looks;
    MLSD__TRY(mlsd__dataset_look_prepare(t->data));
    MLSD__TRY(put_scores(scope, t, r));
    MLSD__TRY(put_predictions(t, r));
    MLSD__TRY(mlsd__result_set_f64(r, "n_test", (double)t->data->n_rows, false));
    MLSD__TRY(mlsd__result_set_f64(r, "predict_seconds", t->scoring.predict_seconds, true));
    MLSD__TRY(mlsd__checkpoint(scope));
    MLSD__TRY(mlsd__dataset_look(t->data, &looks));
    MLSD__TRY(mlsd__result_set_f64(r, "looks", (double)looks, false));
    return put_verdict(t, looks, r);
}

mlsd_status mlsd_evaluate(const mlsd_context *context, const mlsd_model *model,
                          const mlsd_dataset *test_dataset, const char *const *metrics,
                          int64_t n_metrics, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    test t = {.model = model, .data = test_dataset, .metrics = metrics, .n_metrics = n_metrics};
    MLSD__TRY(check(&t));
    const char *const fallback = mlsd__metric_default(model->task);
    if (n_metrics == 0) {
        t.metrics = &fallback;
        t.n_metrics = 1;
    }
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd_result *r = NULL;
    mlsd_status status = predict(&scope, &t);
    if (status == MLSD_OK) status = mlsd__result_new(scope.allocator, "evaluate", &r);
    if (status == MLSD_OK) status = fill_result(&scope, &t, r);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    mlsd__scoring_free(&t.scoring);
    mlsd__scope_close(&scope);
    return status;
}
