/* experiment_kind.c - the parameters of an experiment. */
#include <math.h>

#include "experiment/experiment_impl.h"

static const char *const tasks[] = {"auto", "regression", "binary", "multiclass", NULL};

static const char *const audits[] = {"cheap", "full", "off", NULL};

static const mlsd_param experiment_params[] = {
    MLSD__P_STR(mlsd__experiment_params, target, "null", "column to predict; must be given"),
    MLSD__P_CHOICE(mlsd__experiment_params, task, tasks, "\"auto\"",
                   "what kind of target it is; auto: texts and two values are classes, whole "
                   "numbers with at most 20 values are classes, the rest is regression"),
    MLSD__P_STR_LIST(mlsd__experiment_params, slices, "null",
                     "columns whose groups are scored one by one on the test part"),
    MLSD__P_F64_LIST(mlsd__experiment_params, split, 0, INFINITY, MLSD__OPEN_LOWER,
                     "[0.7,0.15,0.15]", NULL,
                     "training, validation and test part, as fractions or in proportion"),
    MLSD__P_I64(mlsd__experiment_params, n_splits, 2, 1000, "10", NULL,
                "folds of the cross-validation on the training part"),
    MLSD__P_I64(mlsd__experiment_params, seed, 0, UINT32_MAX, "0", NULL,
                "seed of every draw: splits, folds, subsamples, order of rows"),
    MLSD__P_BOOL(mlsd__experiment_params, quick, "false",
                 "at most 5 folds, 20,000 rows and the models that are fitted fast"),
    MLSD__P_STR(mlsd__experiment_params, metric, "null",
                "metric that decides; null: rmse for regression, log_loss for classes"),
    MLSD__P_STR_LIST(mlsd__experiment_params, drop, "null",
                     "columns that are not learned from; they may still be slices"),
    MLSD__P_I64(mlsd__experiment_params, max_categories, 2, 100000, "32", "log",
                "columns that a category becomes; its rarer values share one of them"),
    MLSD__P_I64(mlsd__experiment_params, min_support, 1, 1000000000, "20", NULL,
                "rows that a slice needs to be judged"),
    MLSD__P_F64(mlsd__experiment_params, level, 0.5, 1, MLSD__OPEN_UPPER, "0.95", NULL,
                "confidence level of the intervals"),
    MLSD__P_CHOICE(mlsd__experiment_params, audit, audits, "\"cheap\"",
                   "which checks look for leaks between the parts and between the folds: the "
                   "cheap ones, all, or none"),
    MLSD__P_STR(mlsd__experiment_params, group, "null",
                "column whose values say which rows belong together, such as one person's: they "
                "stay in one part and in one fold; not learned from"),
    MLSD__P_STR(mlsd__experiment_params, time, "null",
                "column of times or dates: validation and test are the latest rows, and folds test "
                "on what follows; not learned from"),
    MLSD__P_CHOICE(mlsd__experiment_params, choose, mlsd__choose_names, "\"one_se\"",
                   "which model is taken: the best, or the simplest within one standard error of "
                   "it, within tolerance, or not worse by more than rope"),
    MLSD__P_F64_NULL(mlsd__experiment_params, tolerance, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "part of the best score that choose tolerance gives away"),
    MLSD__P_F64_NULL(mlsd__experiment_params, rope, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "differences of the metric up to it do not matter to choose rope"),
    MLSD__P_F64_NULL(mlsd__experiment_params, max_latency_us, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "microseconds that the prediction of a row may take; the choice then depends "
                     "on the machine"),
    MLSD__P_F64_NULL(mlsd__experiment_params, max_bytes, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null", "bytes that the model may have"),
};

static const mlsd__slot experiment_slots[] = {
    {"models", "estimator,search", 1,
     "models from simple to strong, or searches; without any, a ladder for the task"},
    {"splitter", "splitter", 0,
     "folds of the cross-validation; without one, shuffled folds that keep the classes, and the "
     "groups together, or windows that grow with the time"},
    {"early_stopping", "options", 0, "when training by epochs stops, by the validation loss"},
};

const mlsd_kind mlsd__kind_experiment = {
    .name = "experiment",
    .family = "experiment",
    .doc = "From a table to a verdict: split, cross-validate a ladder of models, choose, test once",
    .params = experiment_params,
    .n_params = MLSD__COUNT(experiment_params),
    .params_size = sizeof(mlsd__experiment_params),
    .slots = experiment_slots,
    .n_slots = MLSD__COUNT(experiment_slots),
};
