/* cross_validate.c - one estimator on every split, scored by any number of metrics. The fits are
 * fold_tasks.c's, the intervals corrected.c's; here they become tables and numbers. */
#include <math.h>
#include <string.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "base/text.h"
#include "numeric/blas.h"
#include "split/splitter.h"
#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/fold_tasks.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"
#include "validate/words.h"

static const double LEVEL = 0.95;

static mlsd_status put_folds(mlsd_result *r, const mlsd__fold_input *in,
                             const mlsd__fold_output *out)
{
    const int64_t n_columns = in->n_metrics + 5;
    mlsd__row_column *columns = mlsd__alloc(&out->allocator, n_columns, sizeof *columns);
    if (columns == NULL) return MLSD_E_NOMEM;
    mlsd__row_column *next = columns;
    *next++ = (mlsd__row_column){"fold", MLSD_COLUMN_I64};
    for (int64_t m = 0; m < in->n_metrics; m++) {
        *next++ = (mlsd__row_column){in->metrics[m], MLSD_COLUMN_F64};
    }
    *next++ = (mlsd__row_column){"n_train", MLSD_COLUMN_I64};
    *next++ = (mlsd__row_column){"n_test", MLSD_COLUMN_I64};
    *next++ = (mlsd__row_column){"status", MLSD_COLUMN_CATEGORY};
    *next++ = (mlsd__row_column){"message", MLSD_COLUMN_CATEGORY};

    mlsd__rows rows;
    mlsd__rows_init(&rows, &out->allocator, columns, n_columns);
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__fold_run *run = mlsd__fold_at(out, 0, k);
        mlsd__rows_i64(&rows, k);
        for (int64_t m = 0; m < in->n_metrics; m++) {
            mlsd__rows_f64(&rows, mlsd__fold_scores(out, 0, m)[k]);
        }
        mlsd__rows_i64(&rows, run->n_train);
        mlsd__rows_i64(&rows, run->n_test);
        mlsd__rows_str(&rows, run->status == MLSD_OK ? "ok" : mlsd_status_name(run->status));
        mlsd__rows_str(&rows, run->message);
    }
    mlsd_table *table;
    mlsd_status status = mlsd__rows_to_table(&rows, &table);
    if (status == MLSD_OK) status = mlsd__result_set_table(r, "folds", table, false);
    mlsd__free(&out->allocator, columns);
    return status;
}

static mlsd_status put_timings(mlsd_result *r, const mlsd__fold_output *out)
{
    static const mlsd__row_column columns[] = {{"fold", MLSD_COLUMN_I64},
                                               {"fit_seconds", MLSD_COLUMN_F64},
                                               {"predict_seconds", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &out->allocator, columns, MLSD__COUNT(columns));
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__fold_run *run = mlsd__fold_at(out, 0, k);
        mlsd__rows_i64(&rows, k);
        mlsd__rows_f64(&rows, run->fit_seconds);
        mlsd__rows_f64(&rows, run->predict_seconds);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "folds", table, true);
}

/* Columns of predictions: the value, or one probability a class. */
static mlsd_status put_prediction_column(mlsd_table *t, const mlsd__fold_output *out,
                                         const mlsd_dataset *dataset, int64_t class_number,
                                         double *values, int64_t n)
{
    int64_t at = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__scoring *s = &mlsd__fold_at(out, 0, k)->scoring;
        for (int64_t i = 0; i < s->n; i++, at++) {
            values[at] =
                class_number < 0 ? s->values[i] : s->proba[i * s->n_classes + class_number];
        }
    }
    if (class_number < 0) return mlsd_table_set_f64(t, "value", values, n);
    mlsd__text name;
    mlsd__text_init(&name, &out->allocator);
    mlsd__text_append(&name, "p_");
    mlsd__text_append(&name, mlsd_dataset_class_name(dataset, class_number));
    mlsd_status status = name.status;
    if (status == MLSD_OK) status = mlsd_table_set_f64(t, name.data, values, n);
    mlsd__text_free(&name);
    return status;
}

static mlsd_status put_places(mlsd_table *t, const mlsd__fold_input *in,
                              const mlsd__fold_output *out, int64_t *row, int64_t *fold, int64_t n)
{
    const int64_t last = mlsd_folds_n_parts(in->folds) - 1;
    int64_t at = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const int64_t n_test = mlsd__fold_at(out, 0, k)->scoring.n;
        if (n_test == 0) continue;
        MLSD__TRY(mlsd_folds_part(in->folds, k, last, row + at, n - at));
        for (int64_t i = 0; i < n_test; i++) fold[at + i] = k;
        at += n_test;
    }
    MLSD__TRY(mlsd_table_set_i64(t, "row", row, n));
    return mlsd_table_set_i64(t, "fold", fold, n);
}

static mlsd_status put_predictions(mlsd_result *r, const mlsd__fold_input *in,
                                   const mlsd__fold_output *out)
{
    const mlsd__allocator *a = &out->allocator;
    int64_t n = 0, n_classes = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__scoring *s = &mlsd__fold_at(out, 0, k)->scoring;
        n += s->n;
        if (s->proba != NULL) n_classes = s->n_classes;
    }
    mlsd_table *table = NULL;
    double *values = mlsd__alloc(a, n, sizeof *values);
    int64_t *row = mlsd__alloc(a, n, sizeof *row), *fold = mlsd__alloc(a, n, sizeof *fold);
    mlsd_status status = MLSD_E_NOMEM;
    if (values == NULL || row == NULL || fold == NULL) goto out;
    status = mlsd__table_new(a, &table);
    if (status == MLSD_OK) status = put_places(table, in, out, row, fold, n);
    if (status == MLSD_OK && n_classes == 0) {
        status = put_prediction_column(table, out, in->dataset, -1, values, n);
    }
    for (int64_t c = 0; c < n_classes && status == MLSD_OK; c++) {
        status = put_prediction_column(table, out, in->dataset, c, values, n);
    }
    if (status == MLSD_OK) {
        status = mlsd__result_set_table(r, "predictions", table, false);
        table = NULL;
    }

out:
    mlsd_table_free(table);
    mlsd__free(a, fold);
    mlsd__free(a, row);
    mlsd__free(a, values);
    return status;
}

static mlsd_status put_metric(mlsd_result *r, const char *metric, const mlsd__estimate *e)
{
    const struct {
        const char *suffix;
        double value;
    } numbers[] = {{"mean", e->value}, {"low", e->low}, {"high", e->high}, {"se", e->se}};
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < MLSD__COUNT(numbers) && status == MLSD_OK; i++) {
        mlsd__text name;
        mlsd__text_init(&name, &r->allocator);
        mlsd__text_format(&name, "%s.%s", metric, numbers[i].suffix);
        status = name.status;
        if (status == MLSD_OK) {
            status = mlsd__result_set_f64(r, name.data, numbers[i].value, false);
        }
        mlsd__text_free(&name);
    }
    return status;
}

/* The cheap checks of the folds, and a line in the log for each that found something to worry
 * about. */
static mlsd_status put_audit(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                             const mlsd__fold_input *in)
{
    mlsd_result *audit;
    MLSD__TRY(mlsd__audit_run(scope, context, NULL, in->dataset, in->folds, &audit));
    mlsd_status status = mlsd__result_absorb(r, MLSD__AUDIT_PREFIX, audit);
    if (status == MLSD_OK) status = mlsd__audit_log(scope, audit);
    mlsd_result_free(audit);
    return status;
}

static mlsd_status put_verdict(mlsd_result *r, const mlsd__fold_input *in,
                               const mlsd__fold_output *out, const mlsd__estimate *first)
{
    const int64_t n_done = mlsd__fold_n_done(out, 0);
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_format(&t, "%s over %lld splits: ", in->metrics[0], (long long)n_done);
    mlsd__words_estimate(&t, first, LEVEL);
    if (n_done < out->n_splits) {
        mlsd__text_format(&t, "; %lld of %lld splits failed, the first with: %s",
                          (long long)(out->n_splits - n_done), (long long)out->n_splits,
                          mlsd__fold_first_message(out, 0));
    }
    mlsd__audit_say(&t, "; the audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    mlsd_status status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(r, t.data);
    mlsd__text_free(&t);
    return status;
}

static mlsd_status make_result(mlsd__scope *scope, const mlsd_context *context,
                               const mlsd__fold_input *in, const mlsd__fold_output *out,
                               mlsd_result **result)
{
    mlsd_result *r;
    MLSD__TRY(mlsd__result_new(&out->allocator, "cross_validate", &r));
    mlsd_status status = put_folds(r, in, out);
    mlsd__estimate first = {0};
    for (int64_t m = 0; m < in->n_metrics && status == MLSD_OK; m++) {
        mlsd__estimate e;
        mlsd__corrected_t(mlsd__fold_scores(out, 0, m), out->n_splits, out->test_train, LEVEL, &e);
        if (m == 0) first = e;
        status = put_metric(r, in->metrics[m], &e);
    }
    if (status == MLSD_OK) status = put_predictions(r, in, out);
    if (status == MLSD_OK) status = put_timings(r, out);
    if (status == MLSD_OK && mlsd__scope_audits(scope)) status = put_audit(r, scope, context, in);
    if (status == MLSD_OK) status = put_verdict(r, in, out, &first);
    if (status == MLSD_OK) {
        *result = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

mlsd_status mlsd_cross_validate(const mlsd_context *context, const mlsd_spec *estimator,
                                const mlsd_dataset *dataset, const mlsd_folds *folds,
                                const char *const *metrics, int64_t n_metrics, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE(n_metrics >= 0 && (metrics != NULL || n_metrics == 0), "the metrics are NULL");
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    const char *const fallback = mlsd__metric_default(mlsd_dataset_task(dataset));
    const mlsd__fold_input in = {.estimators = &estimator,
                                 .n_estimators = 1,
                                 .dataset = dataset,
                                 .folds = folds,
                                 .metrics = n_metrics > 0 ? metrics : &fallback,
                                 .n_metrics = n_metrics > 0 ? n_metrics : 1,
                                 .keep_predictions = true};
    MLSD__TRY(mlsd__fold_check(&in));

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__fold_output runs;
    mlsd_status status = mlsd__fold_run_all(&scope, &in, &runs);
    if (status == MLSD_OK && mlsd__fold_n_done(&runs, 0) == 0) {
        status = mlsd__fail(MLSD_E_DATA, "every one of %lld splits failed, the first with: %s",
                            (long long)runs.n_splits, mlsd__fold_first_message(&runs, 0));
    }
    if (status == MLSD_OK) status = make_result(&scope, context, &in, &runs, out);
    mlsd__fold_output_free(&runs);
    mlsd__scope_close(&scope);
    return status;
}
