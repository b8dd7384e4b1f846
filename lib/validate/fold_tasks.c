/* fold_tasks.c - every estimator on every split and once on all rows, in one queue of tasks. A task
 * sees row views of the data set, writes only its own slots, and is numbered by what it is, so that
 * neither the number of threads nor their order changes a score. Seconds are kept apart. */
#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "split/splitter.h"
#include "validate/fold_tasks.h"
#include "validate/validation.h"

typedef struct job {
    const mlsd__fold_input *in;
    mlsd__fold_output *out;
} job;

enum { SINGLE_ROW_TRIES = 15 };
/* Enough of single rows once they took this long together. */
static const double SINGLE_ROW_SECONDS = 0.02;

mlsd__fold_run *mlsd__fold_at(const mlsd__fold_output *out, int64_t estimator, int64_t split)
{
    return &out->runs[estimator * (out->n_splits + 1) + split];
}

double *mlsd__fold_scores(const mlsd__fold_output *out, int64_t estimator, int64_t metric)
{
    return out->scores + (estimator * out->n_metrics + metric) * out->n_splits;
}

int64_t mlsd__fold_n_done(const mlsd__fold_output *out, int64_t estimator)
{
    int64_t n = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        if (mlsd__fold_at(out, estimator, k)->status == MLSD_OK) n++;
    }
    return n;
}

const char *mlsd__fold_first_message(const mlsd__fold_output *out, int64_t estimator)
{
    for (int64_t k = 0; k <= out->n_splits; k++) {
        const mlsd__fold_run *run = mlsd__fold_at(out, estimator, k);
        if (run->status != MLSD_OK) return run->message;
    }
    return NULL;
}

mlsd_status mlsd__fold_check(const mlsd__fold_input *in)
{
    MLSD__REQUIRE_LIVE(in->dataset, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE_LIVE(in->folds, MLSD__MAGIC_FOLDS, "folds");
    MLSD__REQUIRE(in->n_estimators >= 1 && in->estimators != NULL, "there is no estimator");
    for (int64_t e = 0; e < in->n_estimators; e++) {
        MLSD__REQUIRE_LIVE(in->estimators[e], MLSD__MAGIC_SPEC, "spec");
        MLSD__TRY(mlsd__spec_require(in->estimators[e], "estimator"));
    }
    MLSD__TRY(mlsd__folds_check_dataset(in->folds, in->dataset));
    const mlsd_task task = mlsd_dataset_task(in->dataset);
    if (task == MLSD_TASK_NONE) {
        return mlsd__fail(MLSD_E_DATA, "the data set has no target to cross-validate on");
    }
    for (int64_t m = 0; m < in->n_metrics; m++) {
        MLSD__REQUIRE(in->metrics[m] != NULL, "metric %lld is NULL", (long long)m);
        MLSD__TRY(mlsd__metric_check(in->metrics[m], task));
    }
    return MLSD_OK;
}

static mlsd_status part_view(mlsd__scope *scope, const job *j, int64_t split, int64_t part,
                             mlsd_dataset **out)
{
    *out = NULL;
    const int64_t n = mlsd_folds_part_size(j->in->folds, split, part);
    int64_t *rows = mlsd__alloc_raw(scope->allocator, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_folds_part(j->in->folds, split, part, rows, n);
    if (status == MLSD_OK) status = mlsd_dataset_rows(j->in->dataset, rows, n, out);
    mlsd__free(scope->allocator, rows);
    return status;
}

static mlsd_status run_split(mlsd__scope *scope, const job *j, int64_t e, int64_t k)
{
    const mlsd__fold_input *in = j->in;
    mlsd__fold_run *run = mlsd__fold_at(j->out, e, k);
    mlsd_dataset *train = NULL, *test = NULL;
    mlsd_model *model = NULL;
    mlsd__scoring scoring = {0};

    mlsd_status status = part_view(scope, j, k, 0, &train);
    if (status == MLSD_OK)
        status = part_view(scope, j, k, mlsd_folds_n_parts(in->folds) - 1, &test);
    if (status != MLSD_OK) goto out;
    const double start = mlsd__seconds();
    status = mlsd__model_fit(scope, in->estimators[e], train, NULL, NULL, &model);
    run->fit_seconds = mlsd__seconds() - start;
    if (status != MLSD_OK) goto out;
    status = mlsd__scoring_make(scope, model, test, in->metrics, in->n_metrics,
                                in->keep_predictions, &scoring);
    if (status != MLSD_OK) goto out;
    run->predict_seconds = scoring.predict_seconds;
    for (int64_t m = 0; m < in->n_metrics && status == MLSD_OK; m++) {
        mlsd__estimate estimate;
        status = mlsd__scoring_score(scope, &scoring, in->metrics[m], NAN, &estimate);
        if (status == MLSD_OK) mlsd__fold_scores(j->out, e, m)[k] = estimate.value;
    }
    if (status == MLSD_OK && in->keep_predictions) {
        run->scoring = scoring;
        memset(&scoring, 0, sizeof scoring);
    }

out:
    mlsd__scoring_free(&scoring);
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    return status;
}

/* The median of some predictions of one row, in seconds. */
static mlsd_status time_single_row(mlsd__scope *scope, const job *j, const mlsd_model *model,
                                   double *out_seconds)
{
    const int64_t proba = mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA);
    const mlsd_output what = proba > 0 ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const int64_t width = proba > 0 ? proba : 1, row = 0;
    double seconds[SINGLE_ROW_TRIES], total = 0;
    int64_t n = 0;
    mlsd_dataset *one = NULL;
    double *out = mlsd__alloc(scope->allocator, width, sizeof *out);
    mlsd_status status = out == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_dataset_rows(j->in->dataset, &row, 1, &one);
    while (status == MLSD_OK && n < SINGLE_ROW_TRIES && total < SINGLE_ROW_SECONDS) {
        const double start = mlsd__seconds();
        status = mlsd__model_predict(scope, model, one, what, out, width);
        const double taken = mlsd__seconds() - start;
        int64_t i = n++;
        for (; i > 0 && seconds[i - 1] > taken; i--) seconds[i] = seconds[i - 1];
        seconds[i] = taken;
        total += taken;
    }
    if (status == MLSD_OK) *out_seconds = seconds[n / 2];
    mlsd_dataset_free(one);
    mlsd__free(scope->allocator, out);
    return status;
}

static mlsd_status run_refit(mlsd__scope *scope, const job *j, int64_t e)
{
    mlsd__fold_run *run = mlsd__fold_at(j->out, e, j->out->n_splits);
    const double start = mlsd__seconds();
    MLSD__TRY(
        mlsd__model_fit(scope, j->in->estimators[e], j->in->dataset, NULL, NULL, &run->model));
    run->fit_seconds = mlsd__seconds() - start;
    /* A user's estimator may have no bytes; that is no reason not to compare it. */
    const mlsd_status status = mlsd__model_n_bytes(run->model, &run->n_bytes);
    if (status != MLSD_OK && status != MLSD_E_UNSUPPORTED) return status;
    if (run->model->ops->clock != NULL) return MLSD_OK; /* no row comes after all rows */
    return time_single_row(scope, j, run->model, &run->predict_seconds);
}

/* Does a failure speak of this fold's rows? Anything else would fail everywhere, or differ from run
 * to run. */
static bool is_about_data(mlsd_status status)
{
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC || status == MLSD_E_SHAPE;
}

/* What an estimator of the user's ends the call with says in which fold. */
static mlsd_status fail_of_fold(mlsd_status status, int64_t n_splits, int64_t k)
{
    char message[MLSD__ERROR_CAPACITY];
    mlsd__error_copy(message);
    if (strcmp(message, "cancelled") == 0) return status;
    if (k == n_splits) return mlsd__fail(status, "fit on all rows: %s", message);
    return mlsd__fail(status, "fold %lld of %lld: %s", (long long)k, (long long)n_splits, message);
}

/* Strong estimators take longest and stand last, so they are started first. */
static mlsd_status run_task(void *arg, int64_t task, mlsd__scope *scope)
{
    const job *j = arg;
    const int64_t n_runs = j->out->n_splits + (j->in->refit ? 1 : 0);
    const int64_t e = j->out->n_estimators - 1 - task / n_runs, k = task % n_runs;
    mlsd__fold_run *run = mlsd__fold_at(j->out, e, k);
    mlsd_status status = k < j->out->n_splits ? run_split(scope, j, e, k) : run_refit(scope, j, e);
    if (is_about_data(status)) {
        char message[MLSD__ERROR_CAPACITY];
        mlsd__error_copy(message);
        run->status = status;
        run->message = mlsd__strdup(&j->out->allocator, message);
        status = run->message == NULL ? MLSD_E_NOMEM : MLSD_OK;
    } else if (status != MLSD_OK && status != MLSD_E_NOMEM &&
               mlsd__spec_is_custom(j->in->estimators[e])) {
        status = fail_of_fold(status, j->out->n_splits, k);
    }
    mlsd__stage_advance(scope, 1);
    return status;
}

static mlsd_status prepare(mlsd__scope *scope, const mlsd__fold_input *in, mlsd__fold_output *out)
{
    memset(out, 0, sizeof *out);
    out->allocator = *scope->allocator;
    out->n_estimators = in->n_estimators;
    out->n_splits = mlsd_folds_n_splits(in->folds);
    out->n_metrics = in->n_metrics;
    int64_t n_runs, n_scores;
    MLSD__TRY(mlsd__mul_size(in->n_estimators, out->n_splits + 1, &n_runs));
    MLSD__TRY(mlsd__mul_size(n_runs, in->n_metrics, &n_scores));
    out->runs = mlsd__alloc(&out->allocator, n_runs, sizeof *out->runs);
    out->scores = mlsd__alloc(&out->allocator, n_scores, sizeof *out->scores);
    if (out->runs == NULL || out->scores == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_scores; i++) out->scores[i] = NAN;

    const int64_t last = mlsd_folds_n_parts(in->folds) - 1;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const int64_t n_train = mlsd_folds_part_size(in->folds, k, 0);
        const int64_t n_test = mlsd_folds_part_size(in->folds, k, last);
        out->test_train += (double)n_test / (double)n_train / (double)out->n_splits;
        for (int64_t e = 0; e < in->n_estimators; e++) {
            mlsd__fold_run *run = mlsd__fold_at(out, e, k);
            run->n_train = n_train;
            run->n_test = n_test;
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__fold_run_all(mlsd__scope *scope, const mlsd__fold_input *in,
                               mlsd__fold_output *out)
{
    MLSD__TRY(prepare(scope, in, out));
    const int64_t n_tasks = in->n_estimators * (out->n_splits + (in->refit ? 1 : 0));
    job j = {.in = in, .out = out};
    mlsd_status status = MLSD_OK;
    mlsd__stage_begin(scope, "cross-validate", n_tasks);
    if (n_tasks >= scope->n_threads) {
        status = mlsd__parallel_for(scope, n_tasks, run_task, &j);
    } else {
        for (int64_t t = 0; t < n_tasks && status == MLSD_OK; t++) status = run_task(&j, t, scope);
    }
    mlsd__stage_end(scope);
    return status;
}

void mlsd__fold_output_free(mlsd__fold_output *out)
{
    if (out->runs != NULL) {
        const int64_t n_runs = out->n_estimators * (out->n_splits + 1);
        for (int64_t i = 0; i < n_runs; i++) {
            mlsd__free(&out->allocator, out->runs[i].message);
            mlsd_model_free(out->runs[i].model);
            mlsd__scoring_free(&out->runs[i].scoring);
        }
        mlsd__free(&out->allocator, out->runs);
    }
    if (out->scores != NULL) mlsd__free(&out->allocator, out->scores);
    memset(out, 0, sizeof *out);
}
