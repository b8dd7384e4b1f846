/* fold_tasks.h - every estimator on every split, in one queue: what cross-validation, the
 * leaderboard and searches are made of. Work that several estimators, or all splits, can share is
 * done once where a kind says how (model/path.h); what was done is told in words. */
#ifndef MLSD_VALIDATE_FOLD_TASKS_H
#define MLSD_VALIDATE_FOLD_TASKS_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "base/text.h"
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
    bool keep_choices;  /* of columns, by steps that choose (fold_choices.h) */
    bool keep_curves;   /* of models that tell one (fold_curves.h) */
    bool train_scores;  /* score the training rows of each split as well */
    bool refit;         /* fit each estimator on all rows as well */
    bool is_plain_loop; /* share nothing: as with the context's fast_paths = 0 */
    void **progress;    /* NULL, or for each estimator (which has a budget) and split where training
                           goes on from (estimator.h); with is_plain_loop */
} mlsd__fold_input;

/* How a fit was done. */
typedef int8_t mlsd__fold_way;
enum {
    MLSD__WAY_LOOP = 0,     /* fit, predict, score */
    MLSD__WAY_SHARED = 1,   /* the same, behind steps that were fitted once for several */
    MLSD__WAY_SETTINGS = 2, /* all settings of a split at once */
    MLSD__WAY_FOLDS = 3     /* all splits at once */
};

/* One fit: estimator e on split k, or (k == n_splits) on all rows. */
typedef struct mlsd__fold_run {
    mlsd_status status;
    bool is_done; /* it was fitted, or failed */
    mlsd__fold_way way;
    char *message;     /* NULL for MLSD_OK */
    char *choices;     /* which columns were chosen, see fold_choices.h; or NULL */
    mlsd_curve *curve; /* what its training came to, or NULL */
    int64_t n_train, n_test;
    double fit_seconds;     /* of work that is shared, its part */
    double predict_seconds; /* of the whole test part; NaN where it is not known by itself. Refit:
                               of one row */
    double us_per_row;      /* refit only: of many rows */
    int64_t n_bytes;        /* refit only */
    mlsd_model *model;      /* refit only */
    mlsd__scoring scoring;  /* splits, where predictions are kept */
} mlsd__fold_run;

typedef struct mlsd__fold_output {
    mlsd__allocator allocator;
    int64_t n_estimators, n_splits, n_metrics;
    mlsd__fold_run *runs;  /* n_estimators x (n_splits + 1) */
    double *scores;        /* n_estimators x n_metrics x n_splits; NaN where not defined */
    double *train_scores;  /* the same of the training rows; NULL where nobody asked */
    double test_train;     /* average n_test / n_train over the splits */
    const char **plans;    /* for each estimator: what the kind says of settings and of folds, */
    bool *has_shared_plan; /* and whether it stood behind steps fitted for several */
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
double *mlsd__fold_train_scores(const mlsd__fold_output *out, int64_t estimator, int64_t metric);
mlsd__fold_run *mlsd__fold_at(const mlsd__fold_output *out, int64_t estimator, int64_t split);
/* How many of an estimator's splits did not fail, and the message of the first that did (or NULL).
 */
int64_t mlsd__fold_n_done(const mlsd__fold_output *out, int64_t estimator);
const char *mlsd__fold_first_message(const mlsd__fold_output *out, int64_t estimator);

/* What was done for an estimator, in words: "plain loop", or what its kind says of the work that
 * was shared, and how many splits went the plain way. Two estimators of one plan have one text. */
void mlsd__fold_say_plan(const mlsd__fold_output *out, int64_t estimator, mlsd__text *t);
/* All different plans, each with the number of its estimators. */
mlsd_status mlsd__fold_say_plans(const mlsd__fold_output *out, mlsd__text *t);

#endif
