/* leaderboard.h - the leaderboard within a scope, with the models it refitted. */
#ifndef MLSD_VALIDATE_LEADERBOARD_H
#define MLSD_VALIDATE_LEADERBOARD_H

#include "validate/choose.h"
#include "validate/fold_tasks.h"
#include "validate/result_impl.h"

typedef struct mlsd__leaderboard_input {
    const mlsd_spec *const *estimators; /* from simple to strong */
    const char *const *names;
    int64_t n_estimators;
    const mlsd_dataset *dataset;
    const mlsd_folds *folds;
    const char *metric;
    double level;
    mlsd__choice_rule rule; /* which to take: rule, tolerance, rope and budgets are read */
} mlsd__leaderboard_input;

/* The simplest within one standard error of the best, without budgets. */
extern const mlsd__choice_rule mlsd__leaderboard_rule;

/* *out_chosen is the position of the chosen estimator; `runs` receives every fit, with the models
 * of all rows in the runs of split n_splits, and is freed by the caller, also on failure. */
mlsd_status mlsd__leaderboard(mlsd__scope *scope, const mlsd__leaderboard_input *in,
                              int64_t *out_chosen, mlsd__fold_output *runs, mlsd_result **out);

#endif
