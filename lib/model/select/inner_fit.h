/* inner_fit.h - fits of an estimator inside the fit of a selection: on some of the columns, on the
 * parts of inner splits, scored on rows it has not seen. */
#ifndef MLSD_MODEL_SELECT_INNER_FIT_H
#define MLSD_MODEL_SELECT_INNER_FIT_H

#include "metric/metric_impl.h"
#include "model/select/selection.h"
#include "model/train_part.h"

/* The training rows that have weight, looked through once and read into memory once. */
typedef struct mlsd__inner_data {
    mlsd__train_part rows;
    double *x;
    mlsd__frame frame;
    mlsd__train train; /* over frame */
} mlsd__inner_data;

/* MLSD_E_DATA without a target (the kind is named), for infinity, and for NaN unless takes_nan.
 * End it with _close, also after a failure; it must not be moved. */
mlsd_status mlsd__inner_data_open(mlsd__scope *scope, const char *kind, const mlsd__train *train,
                                  bool takes_nan, mlsd__inner_data *out);
void mlsd__inner_data_close(mlsd__inner_data *data, const mlsd__allocator *a);

/* The slot "estimator" of a selection: MLSD_E_CHILD where it is empty or holds no estimator for the
 * task; its own check is made. */
mlsd_status mlsd__inner_child(const mlsd_spec *spec, mlsd_task task, const mlsd_spec **out);

/* The fit of a selection by inner fits: data and state are opened, `choose` fills the state's
 * arrays and support, and all is closed. `child` is what the slot holds, otherwise one of the kind
 * given for numbers or for classes (with_l1: logistic_regression_cv with that penalty); NULL where
 * those are NULL, too. */
typedef struct mlsd__inner_kind {
    const char *const *names;
    const char *for_numbers, *for_classes;
    bool with_l1;
    bool finite_only; /* no NaN, whatever the child takes */
    mlsd_status (*choose)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_spec *child,
                          mlsd__inner_data *data, mlsd__selection *s);
} mlsd__inner_kind;
mlsd_status mlsd__inner_selection(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__train *train, const mlsd__inner_kind *kind,
                                  void **out_state);

/* What decides on a held-out part, and the parts. */
typedef struct mlsd__inner_splits {
    const char *metric_name;
    const mlsd__metric_ops *metric;
    double sign;             /* times a score: greater is better */
    int64_t n;               /* splits */
    mlsd__train_part *parts; /* 2 n: for each split those to fit and those to score */
} mlsd__inner_splits;

/* Splits by the spec's slot "cv" or, where it is empty, n_splits folds, by class where there are
 * classes. scoring NULL: r2 for numbers, accuracy for classes, as scikit-learn has it. */
mlsd_status mlsd__inner_splits_open(mlsd__scope *scope, const mlsd_spec *spec, int64_t n_splits,
                                    const char *scoring, const mlsd__train *train,
                                    mlsd__inner_splits *out);
void mlsd__inner_splits_close(mlsd__inner_splits *splits, const mlsd__allocator *a);

/* What decides where `scoring` is NULL. */
const char *mlsd__inner_metric(const char *scoring, mlsd_task task);

/* A fit on n of the columns of a training set; *out_state is the child's. Where the state is used,
 * `some` and `frame` must live. */
mlsd_status mlsd__inner_fit(mlsd__scope *scope, const mlsd_spec *child, const mlsd__train *train,
                            mlsd__some_columns *some, mlsd__frame *frame, void **out_state);

/* Score a fitted child on those columns of other rows; NaN where it is undefined there. */
mlsd_status mlsd__inner_score(mlsd__scope *scope, const mlsd_spec *child, const void *state,
                              const mlsd__train *test, const mlsd__frame *frame,
                              const mlsd__inner_splits *splits, double *out);

/* Fit on the columns of a split's training part, score on the other. */
mlsd_status mlsd__inner_fit_score(mlsd__scope *scope, const mlsd_spec *child,
                                  const mlsd__inner_splits *splits, int64_t split,
                                  const int64_t *columns, int64_t n, double *out);

/* How much each of p columns counts in a fitted model: the sizes of "coef" (summed over scores; as
 * squares with `square`) or "feature_importances". MLSD_E_UNSUPPORTED where it has neither, or not
 * for these columns. */
mlsd_status mlsd__importance_of(const mlsd_spec *child, const void *state,
                                const mlsd__feature *features, int64_t p, bool square, double *out);

/* The mean of n numbers that are defined, and their standard deviation (divisor n); NaN without. */
void mlsd__mean_of_defined(const double *x, int64_t n, double *mean, double *deviation);

/* Rows of a parameter table, for a struct with these fields. */
#define MLSD__INNER_CV_PARAMS(P)                                                             \
    MLSD__P_STR(P, scoring, "null",                                                          \
                "Metric of the held-out parts; null: accuracy for classes, r2 for numbers"), \
        MLSD__P_I64(                                                                         \
            P, n_splits, 2, 1000000, "5", NULL,                                              \
            "Inner folds, by class where there are classes, unless there is a splitter in "  \
            "the slot cv")

extern const mlsd__slot mlsd__inner_slots[]; /* estimator, cv */

#endif
