/* fold_scores.c - the scores of many estimators on every split, and nothing else: no tables, no
 * predictions, no audit. It is the door for callers whose own call must cost little, such as a
 * binding that makes another library's arrays of scores. The fits are fold_tasks.c's. */
#include <math.h>

#include "mlsd/validate.h"
#include "base/handle.h"
#include "numeric/blas.h"
#include "split/splitter.h"
#include "validate/fold_tasks.h"

/* Scores stand estimator by estimator, metric by metric; those of a fit that failed are NaN. */
static void copy_scores(const mlsd__fold_output *runs, const double *scores, double *out)
{
    for (int64_t e = 0; e < runs->n_estimators; e++) {
        for (int64_t m = 0; m < runs->n_metrics; m++) {
            const int64_t first = (e * runs->n_metrics + m) * runs->n_splits;
            for (int64_t k = 0; k < runs->n_splits; k++) {
                const bool is_fitted = mlsd__fold_at(runs, e, k)->status == MLSD_OK;
                out[first + k] = is_fitted ? scores[first + k] : NAN;
            }
        }
    }
}

static void copy_seconds(const mlsd__fold_output *runs, double *out)
{
    for (int64_t e = 0; e < runs->n_estimators; e++) {
        for (int64_t k = 0; k < runs->n_splits; k++) {
            const mlsd__fold_run *run = mlsd__fold_at(runs, e, k);
            *out++ = run->fit_seconds;
            /* Of shared work, predicting has no time of its own: it is in fit_seconds. */
            *out++ = isnan(run->predict_seconds) ? 0 : run->predict_seconds;
        }
    }
}

static int64_t count_failed(const mlsd__fold_output *runs)
{
    int64_t n = 0;
    for (int64_t e = 0; e < runs->n_estimators; e++) {
        n += runs->n_splits - mlsd__fold_n_done(runs, e);
    }
    return n;
}

static mlsd_status check_capacity(const mlsd__fold_input *in, int64_t capacity)
{
    int64_t n;
    MLSD__TRY(mlsd__mul_size(in->n_estimators, in->n_metrics, &n));
    MLSD__TRY(mlsd__mul_size(n, mlsd_folds_n_splits(in->folds), &n));
    if (capacity >= n) return MLSD_OK;
    return mlsd__fail(MLSD_E_BUFFER,
                      "%lld estimators, %lld metrics and %lld splits make %lld scores, and the "
                      "buffer holds %lld",
                      (long long)in->n_estimators, (long long)in->n_metrics,
                      (long long)mlsd_folds_n_splits(in->folds), (long long)n, (long long)capacity);
}

mlsd_status mlsd_fold_scores(const mlsd_context *context, const mlsd_spec *const *estimators,
                             int64_t n_estimators, const mlsd_dataset *dataset,
                             const mlsd_folds *folds, const char *const *metrics, int64_t n_metrics,
                             double *scores, int64_t capacity, double *train_scores,
                             double *seconds, int64_t *out_n_failed)
{
    MLSD__REQUIRE(scores != NULL, "the buffer for the scores is NULL");
    MLSD__REQUIRE(estimators != NULL && n_estimators > 0, "no estimators");
    MLSD__REQUIRE(n_metrics >= 0 && (metrics != NULL || n_metrics == 0), "the metrics are NULL");
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    const char *const fallback = mlsd__metric_default(mlsd_dataset_task(dataset));
    const mlsd__fold_input in = {.estimators = estimators,
                                 .n_estimators = n_estimators,
                                 .dataset = dataset,
                                 .folds = folds,
                                 .metrics = n_metrics > 0 ? metrics : &fallback,
                                 .n_metrics = n_metrics > 0 ? n_metrics : 1,
                                 .train_scores = train_scores != NULL};
    MLSD__TRY(mlsd__fold_check(&in));
    MLSD__TRY(check_capacity(&in, capacity));

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd__fold_output runs;
    const mlsd_status status = mlsd__fold_run_all(&scope, &in, &runs);
    if (status == MLSD_OK) {
        copy_scores(&runs, runs.scores, scores);
        if (train_scores != NULL) copy_scores(&runs, runs.train_scores, train_scores);
        if (seconds != NULL) copy_seconds(&runs, seconds);
        if (out_n_failed != NULL) *out_n_failed = count_failed(&runs);
    }
    mlsd__fold_output_free(&runs);
    mlsd__scope_close(&scope);
    return status;
}
