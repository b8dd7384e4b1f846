/* fold_report.c - see the header: fits become tables here, and nothing is computed but means. */
#include "validate/fold_report.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/result_rows.h"
#include "validate/words.h"

/* The columns of a table, some of which have names that are put together. */
typedef struct columns {
    const mlsd__allocator *allocator;
    mlsd__row_column *list;
    char **owned;
    int64_t n, n_owned, capacity, owned_capacity;
    mlsd_status status;
} columns;

static void columns_free(columns *c)
{
    for (int64_t i = 0; i < c->n_owned; i++) mlsd__free(c->allocator, c->owned[i]);
    mlsd__free(c->allocator, c->owned);
    mlsd__free(c->allocator, c->list);
}

static void add(columns *c, const char *name, mlsd_column_type type)
{
    if (c->status != MLSD_OK) return;
    void *list = c->list;
    c->status = mlsd__reserve(c->allocator, &list, &c->capacity, c->n + 1, sizeof *c->list);
    c->list = list;
    if (c->status == MLSD_OK) c->list[c->n++] = (mlsd__row_column){name, type};
}

static void add_joined(columns *c, const char *left, const char *right, mlsd_column_type type)
{
    if (c->status != MLSD_OK) return;
    mlsd__text name;
    mlsd__text_init(&name, c->allocator);
    mlsd__text_append(&name, left);
    mlsd__text_append(&name, right);
    void *owned = c->owned;
    c->status = name.status;
    if (c->status == MLSD_OK)
        c->status = mlsd__reserve(c->allocator, &owned, &c->owned_capacity, c->n_owned + 1,
                                  sizeof *c->owned);
    c->owned = owned;
    if (c->status != MLSD_OK) {
        mlsd__text_free(&name);
        return;
    }
    c->owned[c->n_owned++] = name.data;
    add(c, name.data, type);
}

static void begin(columns *c, const mlsd__fold_report *report)
{
    *c = (columns){.allocator = &report->out->allocator};
    if (report->names != NULL) add(c, report->noun, MLSD_COLUMN_CATEGORY);
}

static void put_name(mlsd__rows *rows, const mlsd__fold_report *report, int64_t e)
{
    if (report->names != NULL) mlsd__rows_str(rows, report->names[e]);
}

/* Ends the columns and the rows, also on failure. */
static mlsd_status set_table(mlsd_result *r, columns *c, mlsd__rows *rows, const char *name,
                             bool timing)
{
    mlsd_table *table = NULL;
    if (c->status != MLSD_OK) rows->status = c->status;
    mlsd_status status = mlsd__rows_to_table(rows, &table);
    columns_free(c);
    if (status == MLSD_OK) status = mlsd__result_set_table(r, name, table, timing);
    return status;
}

static mlsd_status put_folds(mlsd_result *r, const mlsd__fold_report *report)
{
    const mlsd__fold_input *const in = report->in;
    const mlsd__fold_output *const out = report->out;
    columns c;
    begin(&c, report);
    add(&c, "fold", MLSD_COLUMN_I64);
    for (int64_t m = 0; m < in->n_metrics; m++) add(&c, in->metrics[m], MLSD_COLUMN_F64);
    for (int64_t m = 0; m < in->n_metrics && in->train_scores; m++)
        add_joined(&c, "train_", in->metrics[m], MLSD_COLUMN_F64);
    add(&c, "n_train", MLSD_COLUMN_I64);
    add(&c, "n_test", MLSD_COLUMN_I64);
    add(&c, "status", MLSD_COLUMN_CATEGORY);
    add(&c, "message", MLSD_COLUMN_CATEGORY);
    mlsd__rows rows;
    mlsd__rows_init(&rows, &out->allocator, c.list, c.n);
    for (int64_t i = 0; c.status == MLSD_OK && i < out->n_estimators * out->n_splits; i++) {
        const int64_t e = i / out->n_splits, k = i % out->n_splits;
        const mlsd__fold_run *const run = mlsd__fold_at(out, e, k);
        put_name(&rows, report, e);
        mlsd__rows_i64(&rows, k);
        for (int64_t m = 0; m < in->n_metrics; m++)
            mlsd__rows_f64(&rows, mlsd__fold_scores(out, e, m)[k]);
        for (int64_t m = 0; m < in->n_metrics && in->train_scores; m++)
            mlsd__rows_f64(&rows, mlsd__fold_train_scores(out, e, m)[k]);
        mlsd__rows_i64(&rows, run->n_train);
        mlsd__rows_i64(&rows, run->n_test);
        mlsd__rows_str(&rows, run->status == MLSD_OK ? "ok" : mlsd_status_name(run->status));
        mlsd__rows_str(&rows, run->message);
    }
    return set_table(r, &c, &rows, "folds", false);
}

static mlsd_status put_timings(mlsd_result *r, const mlsd__fold_report *report)
{
    const mlsd__fold_output *const out = report->out;
    columns c;
    begin(&c, report);
    add(&c, "fold", MLSD_COLUMN_I64);
    add(&c, "fit_seconds", MLSD_COLUMN_F64);
    add(&c, "predict_seconds", MLSD_COLUMN_F64);
    mlsd__rows rows;
    mlsd__rows_init(&rows, &out->allocator, c.list, c.n);
    for (int64_t i = 0; c.status == MLSD_OK && i < out->n_estimators * out->n_splits; i++) {
        const int64_t e = i / out->n_splits, k = i % out->n_splits;
        const mlsd__fold_run *const run = mlsd__fold_at(out, e, k);
        put_name(&rows, report, e);
        mlsd__rows_i64(&rows, k);
        mlsd__rows_f64(&rows, run->fit_seconds);
        mlsd__rows_f64(&rows, run->predict_seconds);
    }
    return set_table(r, &c, &rows, "folds", true);
}

mlsd_status mlsd__report_folds(mlsd_result *r, const mlsd__fold_report *report)
{
    MLSD__TRY(put_folds(r, report));
    return put_timings(r, report);
}

void mlsd__report_estimate(const mlsd__fold_report *report, int64_t e, int64_t metric,
                           mlsd__estimate *out)
{
    const double *const scores = mlsd__fold_scores(report->out, e, metric);
    const int64_t n = report->out->n_splits;
    mlsd__t_memo once = {0}, *const memo = report->memo != NULL ? report->memo : &once;
    mlsd__corrected_t_many(scores, n, report->out->test_train, report->level, memo, out);
}

mlsd_status mlsd__report_plan(mlsd_result *r, const mlsd__fold_output *out)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd_status status = mlsd__fold_say_plans(out, &t);
    if (status == MLSD_OK) status = mlsd__result_set_str(r, "plan", t.data, false);
    mlsd__text_free(&t);
    return status;
}

/* The plan of one estimator, into the column of a table. */
static void put_plan(mlsd__rows *rows, const mlsd__fold_output *out, int64_t e)
{
    mlsd__text t;
    mlsd__text_init(&t, &out->allocator);
    mlsd__fold_say_plan(out, e, &t);
    if (t.status != MLSD_OK && rows->status == MLSD_OK) rows->status = t.status;
    mlsd__rows_str(rows, t.data);
    mlsd__text_free(&t);
}

mlsd_status mlsd__report_models(mlsd_result *r, const mlsd__fold_report *report)
{
    static const char *const suffixes[] = {".mean", ".se", ".low", ".high", ".pooled"};
    const mlsd__fold_input *const in = report->in;
    const mlsd__fold_output *const out = report->out;
    columns c;
    begin(&c, report);
    for (int64_t m = 0; m < in->n_metrics; m++) {
        for (int64_t i = 0; i < MLSD__COUNT(suffixes); i++)
            add_joined(&c, in->metrics[m], suffixes[i], MLSD_COLUMN_F64);
    }
    add(&c, "n_splits", MLSD_COLUMN_I64);
    add(&c, "n_failed", MLSD_COLUMN_I64);
    add(&c, "message", MLSD_COLUMN_CATEGORY);
    add(&c, "plan", MLSD_COLUMN_CATEGORY);
    mlsd__rows rows;
    mlsd__rows_init(&rows, &out->allocator, c.list, c.n);
    for (int64_t e = 0; c.status == MLSD_OK && e < out->n_estimators; e++) {
        const int64_t n_done = mlsd__fold_n_done(out, e);
        put_name(&rows, report, e);
        for (int64_t m = 0; m < in->n_metrics; m++) {
            mlsd__estimate s;
            double pooled;
            mlsd__report_estimate(report, e, m, &s);
            const mlsd_status status = mlsd__report_pooled(report, e, m, &pooled);
            if (status != MLSD_OK && rows.status == MLSD_OK) rows.status = status;
            const double values[] = {s.value, s.se, s.low, s.high, pooled};
            for (int64_t i = 0; i < MLSD__COUNT(values); i++) mlsd__rows_f64(&rows, values[i]);
        }
        mlsd__rows_i64(&rows, n_done);
        mlsd__rows_i64(&rows, out->n_splits - n_done);
        mlsd__rows_str(&rows, mlsd__fold_first_message(out, e));
        put_plan(&rows, out, e);
    }
    return set_table(r, &c, &rows, "models", false);
}

mlsd_status mlsd__report_numbers(mlsd_result *r, const mlsd__fold_report *report, int64_t e)
{
    mlsd_status status = MLSD_OK;
    for (int64_t m = 0; m < report->in->n_metrics; m++) {
        mlsd__estimate s;
        mlsd__report_estimate(report, e, m, &s);
        const struct {
            const char *suffix;
            double value;
        } numbers[] = {{"mean", s.value}, {"low", s.low}, {"high", s.high}, {"se", s.se}};
        for (int64_t i = 0; i < MLSD__COUNT(numbers) && status == MLSD_OK; i++)
            status = mlsd__result_set_metric(r, report->in->metrics[m], numbers[i].suffix,
                                             numbers[i].value);
    }
    return status;
}

mlsd_status mlsd__report_require_one(const mlsd__fold_output *out)
{
    const char *message = NULL;
    for (int64_t e = 0; e < out->n_estimators; e++) {
        if (mlsd__fold_n_done(out, e) > 0) return MLSD_OK;
        if (message == NULL) message = mlsd__fold_first_message(out, e);
    }
    if (out->n_estimators == 1)
        return mlsd__fail(MLSD_E_DATA, "every one of %lld splits failed, the first with: %s",
                          (long long)out->n_splits, message != NULL ? message : "no split");
    return mlsd__fail(MLSD_E_DATA,
                      "every model failed on every one of %lld splits, the first "
                      "with: %s",
                      (long long)out->n_splits, message != NULL ? message : "no split");
}

mlsd_status mlsd__report_audit(mlsd_result *r, mlsd__scope *scope, const mlsd_context *context,
                               const mlsd__fold_input *in)
{
    if (!mlsd__scope_audits(scope)) return MLSD_OK;
    mlsd_result *audit;
    MLSD__TRY(mlsd__audit_run(scope, context, NULL, in->dataset, in->folds, &audit));
    mlsd_status status = mlsd__result_absorb(r, MLSD__AUDIT_PREFIX, audit);
    if (status == MLSD_OK) status = mlsd__audit_log(scope, audit);
    mlsd_result_free(audit);
    return status;
}

mlsd_status mlsd__report_say(mlsd_result *r, const mlsd__fold_report *report)
{
    const mlsd__fold_output *const out = report->out;
    const int64_t n_done = mlsd__fold_n_done(out, 0);
    mlsd__estimate first;
    mlsd__report_estimate(report, 0, 0, &first);
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    mlsd__text_format(&t, "%s over %lld splits: ", report->in->metrics[0], (long long)n_done);
    mlsd__words_estimate(&t, &first, report->level);
    if (n_done < out->n_splits) {
        mlsd__text_format(&t, "; %lld of %lld splits failed, the first with: %s",
                          (long long)(out->n_splits - n_done), (long long)out->n_splits,
                          mlsd__fold_first_message(out, 0));
    }
    mlsd__audit_say(&t, "; the audit of the folds: ", r, MLSD__AUDIT_PREFIX);
    return mlsd__result_end_verdict(r, &t);
}
