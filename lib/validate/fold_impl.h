/* fold_impl.h - what the files behind fold_tasks.h share: the data of one call, the groups of
 * estimators that share work, and the places where fits put what came of them. */
#ifndef MLSD_VALIDATE_FOLD_IMPL_H
#define MLSD_VALIDATE_FOLD_IMPL_H

#include "model/path.h"
#include "model/train_part.h"
#include "validate/fold_tasks.h"

/* The estimators and their data, looked at once. */
typedef struct mlsd__fold_set {
    const mlsd__fold_input *in;
    mlsd__fold_output *out;
    int64_t last_part;
    mlsd__frame x;      /* all rows */
    double *y, *weight; /* gathered where the data set is a view, otherwise borrowed */
    bool owns_y;        /* and weight */
    mlsd__train all;    /* all rows, as a training set */
    bool has_several_targets;
    bool wants_squares_only; /* squared errors are all that the metrics ask for */
    bool wants_proba, wants_values;
    const mlsd__metric_ops **metrics;
    struct mlsd__fold_journal *journal; /* NULL: nothing is kept */
} mlsd__fold_set;

mlsd_status mlsd__fold_set_open(mlsd__scope *scope, const mlsd__fold_input *in,
                                mlsd__fold_output *out, mlsd__fold_set *set);
void mlsd__fold_set_close(const mlsd__allocator *a, mlsd__fold_set *set);

/* The rows of a split's training part or of its test part as a training set; end it with
 * mlsd__train_part_close. */
mlsd_status mlsd__fold_side(mlsd__scope *scope, const mlsd__fold_set *set, int64_t split,
                            bool is_test, mlsd__train_part *out);

/* Estimators that share: their steps before the last, or settings of one kind, or both. */
typedef struct mlsd__fold_group {
    int64_t *members; /* numbers of estimators, ascending */
    int64_t n_members;
    const mlsd_spec **lasts; /* the last step of each; the estimator itself where it is alone */
    const mlsd_spec *const *steps; /* before the last, those that do something; shared by all */
    const char *const *names;
    int64_t n_steps;
    const mlsd__estimator_ops
        *ops; /* of the kind of all lasts, whose settings share by its path; */
    bool runs_settings, tries_folds; /* neither: only the steps are shared */
} mlsd__fold_group;

/* An estimator as a list of steps. */
typedef struct mlsd__fold_member {
    const mlsd_spec *const *steps;
    const char *const *names;
    int64_t n_steps;
    const mlsd_spec *last;
    const mlsd__estimator_ops *ops;
    int64_t group; /* -1: alone, by the plain loop */
} mlsd__fold_member;

typedef struct mlsd__fold_plan {
    mlsd__fold_member *members; /* one for each estimator */
    mlsd__fold_group *groups;
    int64_t n_groups;
    const mlsd_spec **leaves; /* what steps, names, lasts and the groups' members point to */
    const char **names;
    const mlsd_spec **lasts;
    int64_t *numbers;
} mlsd__fold_plan;

mlsd_status mlsd__fold_plan_make(mlsd__scope *scope, const mlsd__fold_set *set,
                                 mlsd__fold_plan *out);
void mlsd__fold_plan_free(const mlsd__allocator *a, mlsd__fold_plan *plan);

/* Is it fitted through a data set of its own: forecasters, several targets, searches? */
bool mlsd__fold_by_model(const mlsd__fold_set *set, const mlsd_spec *spec);

/* One fit the plain way, with its score or failure. */
mlsd_status mlsd__fold_fit_plain(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                                 int64_t split);
/* The fit on all rows, timed. */
mlsd_status mlsd__fold_refit(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e);

/* The members of a group that are not done yet, on one split. */
mlsd_status mlsd__fold_fit_group(mlsd__scope *scope, const mlsd__fold_set *set,
                                 const mlsd__fold_group *group, int64_t first, int64_t n,
                                 int64_t split);
/* All splits of a group at once, where its kind can; afterwards some may not be done. */
mlsd_status mlsd__fold_fit_folds(mlsd__scope *scope, const mlsd__fold_set *set,
                                 const mlsd__fold_group *group);

/* Score what a model of estimator e says of the rows of a part of a split. `scoring` is the
 * caller's; what is kept of it is copied or taken over. */
mlsd_status mlsd__fold_score(mlsd__scope *scope, const mlsd__fold_set *set, int64_t e,
                             int64_t split, bool is_train, mlsd__scoring *scoring);
/* The same where the mean square error is all that is known. */
void mlsd__fold_score_squares(const mlsd__fold_set *set, int64_t e, int64_t split, bool is_train,
                              double mean_square, double variance);

/* Record a failure that is about data: *status is then MLSD_OK, and otherwise as it was, with the
 * fold's number in the message of a user's estimator. */
mlsd_status mlsd__fold_failed(const mlsd__fold_set *set, int64_t e, int64_t split,
                              mlsd_status status);
bool mlsd__fold_is_about_data(mlsd_status status);

#endif
