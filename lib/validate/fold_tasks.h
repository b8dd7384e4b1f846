/* fold_tasks.h - every estimator on every split, in one queue: what cross-validation and the
 * leaderboard are made of. */
#ifndef MLSD_VALIDATE_FOLD_TASKS_H
#define MLSD_VALIDATE_FOLD_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "metric/metric_impl.h"
#include "model/model_impl.h"
#include "validate/scoring.h"

typedef struct mlsd__fold_input {
    const mlsd_spec *const *estimators;
    int64_t n_estimators;
    const mlsd_dataset *dataset;
    const mlsd_folds *folds;
    const char *const *metrics; /* at least one; suit the data set's task */
    int64_t n_metrics;
    bool keep_predictions;
    bool refit; /* fit each estimator on all rows as well */
} mlsd__fold_input;

/* One fit: estimator e on split k, or (k == n_splits) on all rows. */
typedef struct mlsd__fold_run {
    mlsd_status status;
    char *message; /* NULL for MLSD_OK */
    int64_t n_train, n_test;
    double fit_seconds, predict_seconds; /* of the whole test part; refit: of one row */
    int64_t n_bytes;                     /* refit only */
    mlsd_model *model;                   /* refit only */
    mlsd__scoring scoring;               /* splits, where predictions are kept */
} mlsd__fold_run;

typedef struct mlsd__fold_output {
    mlsd__allocator allocator;
    int64_t n_estimators, n_splits, n_metrics;
    mlsd__fold_run *runs; /* n_estimators x (n_splits + 1) */
    double *scores;       /* n_estimators x n_metrics x n_splits; NaN where not defined */
    double test_train;    /* average n_test / n_train over the splits */
} mlsd__fold_output;

/* Check the arguments of a public call against each other: kinds, sizes, metrics. */
mlsd_status mlsd__fold_check(const mlsd__fold_input *in);

/* Run them all. A fit that fails over its data is recorded; anything else ends the call. Afterwards
 * mlsd__fold_output_free, also on failure. */
mlsd_status mlsd__fold_run_all(mlsd__scope *scope, const mlsd__fold_input *in,
                               mlsd__fold_output *out);
void mlsd__fold_output_free(mlsd__fold_output *out);

/* The scores of one estimator and metric, n_splits of them. */
double *mlsd__fold_scores(const mlsd__fold_output *out, int64_t estimator, int64_t metric);
mlsd__fold_run *mlsd__fold_at(const mlsd__fold_output *out, int64_t estimator, int64_t split);
/* How many of an estimator's splits did not fail, and the message of the first that did (or NULL).
 */
int64_t mlsd__fold_n_done(const mlsd__fold_output *out, int64_t estimator);
const char *mlsd__fold_first_message(const mlsd__fold_output *out, int64_t estimator);

#endif
