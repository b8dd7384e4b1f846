/* suite_run.c - running the sets of a suite one after the other, and what is handed out. A set that
 * cannot be evaluated says why and does not stop the others; only what is no property of the suite
 * and its model, memory running out and a cancel, does. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "numeric/blas.h"
#include "slice/suite_impl.h"
#include "validate/result_impl.h"

static const char *const status_names[] = {
    [MLSD__SET_PASSED] = "passed",
    [MLSD__SET_FAILED] = "failed",
    [MLSD__SET_CANNOT_TELL] = "cannot tell",
    [MLSD__SET_ERROR] = "error",
};
enum { N_STATUSES = 4 };

static const mlsd__row_column test_columns[] = {
    {"set", MLSD_COLUMN_CATEGORY}, {"role", MLSD_COLUMN_CATEGORY}, {"status", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},        {"n_failed", MLSD_COLUMN_I64},  {"value", MLSD_COLUMN_F64},
    {"low", MLSD_COLUMN_F64},      {"high", MLSD_COLUMN_F64},      {"wanted", MLSD_COLUMN_F64},
    {"p_value", MLSD_COLUMN_F64},  {"last", MLSD_COLUMN_F64},      {"detail", MLSD_COLUMN_CATEGORY},
    {"line", MLSD_COLUMN_I64},
};
static const mlsd__row_column seconds_columns[] = {
    {"set", MLSD_COLUMN_CATEGORY},
    {"seconds", MLSD_COLUMN_F64},
};
static const mlsd__row_column failure_columns[] = {
    {"set", MLSD_COLUMN_CATEGORY},      {"file", MLSD_COLUMN_CATEGORY},
    {"line", MLSD_COLUMN_I64},          {"change", MLSD_COLUMN_CATEGORY},
    {"expected", MLSD_COLUMN_CATEGORY}, {"got", MLSD_COLUMN_CATEGORY},
};
static const mlsd__row_column group_columns[] = {
    {"set", MLSD_COLUMN_CATEGORY},       {"column", MLSD_COLUMN_CATEGORY},
    {"level", MLSD_COLUMN_CATEGORY},     {"n", MLSD_COLUMN_I64},
    {"value", MLSD_COLUMN_F64},          {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},           {"difference", MLSD_COLUMN_F64},
    {"difference_low", MLSD_COLUMN_F64}, {"difference_high", MLSD_COLUMN_F64},
    {"status", MLSD_COLUMN_CATEGORY},
};
static const mlsd__row_column trend_columns[] = {
    {"set", MLSD_COLUMN_CATEGORY}, {"run", MLSD_COLUMN_I64},   {"name", MLSD_COLUMN_CATEGORY},
    {"n", MLSD_COLUMN_I64},        {"value", MLSD_COLUMN_F64}, {"low", MLSD_COLUMN_F64},
    {"high", MLSD_COLUMN_F64},
};
void mlsd__suite_failure(mlsd__suite_run *run, const mlsd__suite_set *set, int64_t row,
                         const char *change, const char *expected, const char *got)
{
    mlsd__rows *const rows = &run->failures;
    mlsd__rows_str(rows, set->name);
    mlsd__rows_str(rows, set->file->name);
    mlsd__rows_i64(rows, set->file->lines[row]);
    mlsd__rows_str(rows, change != NULL ? change : "");
    mlsd__rows_str(rows, expected);
    mlsd__rows_str(rows, got);
}

/* ---- the sets ---- */

static void clear(mlsd__suite_finding *f, const mlsd__allocator *a)
{
    *f = (mlsd__suite_finding){
        .value = NAN, .low = NAN, .high = NAN, .wanted = NAN, .p_value = NAN, .last = NAN};
    mlsd__text_init(&f->detail, a);
    mlsd__text_append(&f->detail, "");
}

/* Is it a fault of the set, that the others do not share? */
static bool is_of_set(mlsd_status status)
{
    return status != MLSD_OK && status != MLSD_E_NOMEM && status != MLSD_E_CANCELLED &&
           status != MLSD_E_INTERNAL && status != MLSD_E_THREAD;
}

static mlsd_status run_set(mlsd__suite_run *run, const mlsd__suite_set *set,
                           mlsd__suite_finding *out)
{
    if (out->detail.status != MLSD_OK) return out->detail.status;
    mlsd_status status = set->role->run(run, set, out);
    if (is_of_set(status)) {
        char message[MLSD__ERROR_CAPACITY];
        mlsd__error_copy(message);
        mlsd__text_free(&out->detail);
        clear(out, run->scope->allocator);
        out->status = MLSD__SET_ERROR;
        out->n = set->n_rows;
        mlsd__text_append(&out->detail, message);
        status = MLSD_OK;
    }
    return status == MLSD_OK ? out->detail.status : status;
}

static void put_set(mlsd__rows *rows, const mlsd__suite_set *set, const mlsd__suite_finding *f)
{
    mlsd__rows_str(rows, set->name);
    mlsd__rows_str(rows, set->role->name);
    mlsd__rows_str(rows, status_names[f->status]);
    mlsd__rows_i64(rows, f->n);
    mlsd__rows_i64(rows, f->n_failed);
    mlsd__rows_f64(rows, f->value);
    mlsd__rows_f64(rows, f->low);
    mlsd__rows_f64(rows, f->high);
    mlsd__rows_f64(rows, f->wanted);
    mlsd__rows_f64(rows, f->p_value);
    mlsd__rows_f64(rows, f->last);
    mlsd__rows_str(rows, f->detail.data);
    mlsd__rows_i64(rows, set->line);
}

/* ---- what is handed out ---- */

typedef struct tally {
    int64_t n[N_STATUSES];
    const mlsd__suite_set *first[N_STATUSES]; /* set of that status */
} tally;

static void say_count(mlsd__text *t, const tally *found, mlsd__suite_status status,
                      const char *words)
{
    if (found->n[status] == 0) return;
    mlsd__text_format(t, "%s%lld %s ('%s'%s)", t->length > 0 ? ", " : "",
                      (long long)found->n[status], words, found->first[status]->name,
                      found->n[status] > 1 ? ", ..." : "");
}

static mlsd_status put_verdict(mlsd_result *r, const mlsd__suite_run *run, const tally *found)
{
    mlsd__text t;
    mlsd__text_init(&t, run->scope->allocator);
    say_count(&t, found, MLSD__SET_FAILED, "failed");
    say_count(&t, found, MLSD__SET_CANNOT_TELL, "cannot be judged yet");
    say_count(&t, found, MLSD__SET_ERROR, "could not be evaluated");
    if (t.length > 0) mlsd__text_append(&t, ", ");
    mlsd__text_format(&t, "%lld of %lld set%s passed", (long long)found->n[MLSD__SET_PASSED],
                      (long long)run->suite->n_sets, run->suite->n_sets == 1 ? "" : "s");
    return mlsd__result_end_verdict(r, &t);
}

static mlsd_status put_summary(mlsd_result *r, const mlsd__suite_run *run, const tally *found)
{
    const mlsd__suite_status status =
        found->n[MLSD__SET_FAILED] > 0                                    ? MLSD__SET_FAILED
        : found->n[MLSD__SET_CANNOT_TELL] + found->n[MLSD__SET_ERROR] > 0 ? MLSD__SET_CANNOT_TELL
                                                                          : MLSD__SET_PASSED;
    MLSD__TRY(mlsd__result_set_str(r, "suite", run->suite->name, false));
    MLSD__TRY(mlsd__result_set_str(r, "path", run->suite->path, false));
    MLSD__TRY(mlsd__result_set_str(r, "status", status_names[status], false));
    static const char *const names[] = {"n_passed", "n_failed", "n_cannot_tell", "n_error"};
    MLSD__TRY(mlsd__result_set_f64(r, "n_sets", (double)run->suite->n_sets, false));
    for (int k = 0; k < N_STATUSES; k++)
        MLSD__TRY(mlsd__result_set_f64(r, names[k], (double)found->n[k], false));
    return put_verdict(r, run, found);
}

static mlsd_status put_table(mlsd_result *r, const char *name, mlsd__rows *rows, bool timing)
{
    mlsd_table *table = NULL;
    MLSD__TRY(mlsd__rows_to_table(rows, &table));
    return mlsd__result_set_table(r, name, table, timing);
}

static mlsd_status run_sets(mlsd__suite_run *run, mlsd__rows *tests, mlsd__rows *seconds,
                            tally *found)
{
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(run->scope, "test sets", run->suite->n_sets);
    for (int64_t k = 0; k < run->suite->n_sets && status == MLSD_OK; k++) {
        const mlsd__suite_set *const set = &run->suite->sets[k];
        const double start = mlsd__seconds();
        mlsd__suite_finding f;
        clear(&f, run->scope->allocator);
        status = run_set(run, set, &f);
        if (status == MLSD_OK) {
            put_set(tests, set, &f);
            mlsd__rows_str(seconds, set->name);
            mlsd__rows_f64(seconds, mlsd__seconds() - start);
            if (found->n[f.status]++ == 0) found->first[f.status] = set;
            status = mlsd__checkpoint(run->scope);
        }
        mlsd__text_free(&f.detail);
        mlsd__stage_advance(run->scope, 1);
    }
    mlsd__stage_end(run->scope);
    return status;
}

static mlsd_status fill(mlsd__suite_run *run, mlsd__rows *tests, mlsd__rows *seconds,
                        mlsd_result *r)
{
    tally found = {0};
    MLSD__TRY(run_sets(run, tests, seconds, &found));
    MLSD__TRY(put_summary(r, run, &found));
    MLSD__TRY(put_table(r, "tests", tests, false));
    MLSD__TRY(put_table(r, "failures", &run->failures, false));
    MLSD__TRY(put_table(r, "groups", &run->groups, false));
    MLSD__TRY(put_table(r, "trend", &run->trend, false));
    MLSD__TRY(put_table(r, "outcomes", &run->outcomes, false));
    return put_table(r, "tests", seconds, true);
}

/* The run's scope is open and its predictor known. */
static mlsd_status run_suite(mlsd__suite_run *run, mlsd_result **out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    mlsd__rows tests, seconds;
    mlsd_result *r = NULL;
    mlsd__rows_init(&tests, a, test_columns, MLSD__COUNT(test_columns));
    mlsd__rows_init(&seconds, a, seconds_columns, MLSD__COUNT(seconds_columns));
    mlsd__rows_init(&run->failures, a, failure_columns, MLSD__COUNT(failure_columns));
    mlsd__rows_init(&run->groups, a, group_columns, MLSD__COUNT(group_columns));
    mlsd__rows_init(&run->trend, a, trend_columns, MLSD__COUNT(trend_columns));
    mlsd__rows_init(&run->outcomes, a, mlsd__outcome_columns, MLSD__N_OUTCOME_COLUMNS);
    run->answers = mlsd__alloc(a, run->suite->n_files, sizeof *run->answers);
    mlsd_status status = run->answers == NULL ? MLSD_E_NOMEM : mlsd__result_new(a, "suite", &r);
    if (status == MLSD_OK) status = fill(run, &tests, &seconds, r);
    for (int64_t k = 0; run->answers != NULL && k < run->suite->n_files; k++)
        mlsd__answers_free(a, &run->answers[k]);
    mlsd__free(a, run->answers);
    mlsd__rows_free(&tests);
    mlsd__rows_free(&seconds);
    mlsd__rows_free(&run->failures);
    mlsd__rows_free(&run->groups);
    mlsd__rows_free(&run->trend);
    mlsd__rows_free(&run->outcomes);
    if (status == MLSD_OK) {
        *out = r;
    } else {
        mlsd_result_free(r);
    }
    return status;
}

/* What all three calls check. */
static mlsd_status check(const mlsd_suite *suite, mlsd_result **out)
{
    MLSD__REQUIRE(out != NULL, "the pointer for the result is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(suite, MLSD__MAGIC_SUITE, "suite");
    return MLSD_OK;
}

mlsd_status mlsd_suite_run(const mlsd_context *context, const mlsd_suite *suite,
                           const mlsd_model *model, mlsd_result **out)
{
    MLSD__TRY(check(suite, out));
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    const int64_t width = mlsd__model_width(model, MLSD_OUTPUT_VALUE);
    if (width != 1)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a suite needs a model that predicts one value, "
                          "this one predicts %lld",
                          (long long)width);
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__suite_run run = {.context = context, .scope = &scope, .suite = suite};
    run.predictor.model = model;
    run.predictor.n_classes = model->n_classes;
    run.predictor.classes = (const char *const *)model->class_names;
    run.predictor.has_proba =
        model->n_classes > 0 && mlsd__model_width(model, MLSD_OUTPUT_PROBA) == model->n_classes;
    const mlsd_status status = run_suite(&run, out);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_suite_run_predictions(const mlsd_context *context, const mlsd_suite *suite,
                                       const mlsd_table *predictions, mlsd_result **out)
{
    MLSD__TRY(check(suite, out));
    MLSD__REQUIRE_LIVE(predictions, MLSD__MAGIC_TABLE, "table");
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__suite_run run = {.context = context, .scope = &scope, .suite = suite};
    mlsd_status status = mlsd__predictions_open(&run, predictions);
    if (status == MLSD_OK) status = run_suite(&run, out);
    mlsd__predictions_close(&run);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_suite_run_function(const mlsd_context *context, const mlsd_suite *suite,
                                    mlsd_suite_predict_fn predict, void *user,
                                    const char *const *classes, int64_t n_classes,
                                    int32_t has_proba, mlsd_result **out)
{
    MLSD__TRY(check(suite, out));
    MLSD__REQUIRE(predict != NULL, "the function is NULL");
    MLSD__REQUIRE(n_classes == 0 || (n_classes >= 2 && classes != NULL),
                  "there must be names of two classes or more, or none, got %lld",
                  (long long)n_classes);
    for (int64_t c = 0; c < n_classes; c++)
        MLSD__REQUIRE(classes[c] != NULL, "the name of class %lld is NULL", (long long)c);
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__suite_run run = {.context = context, .scope = &scope, .suite = suite};
    run.predictor.function = predict;
    run.predictor.user = user;
    run.predictor.classes = classes;
    run.predictor.n_classes = n_classes;
    run.predictor.has_proba = n_classes > 0 && has_proba != 0;
    const mlsd_status status = run_suite(&run, out);
    mlsd__scope_close(&scope);
    return status;
}
