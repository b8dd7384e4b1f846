/* metric_impl.h - what a metric must bring, and what metrics share. */
#ifndef MLSD_METRIC_METRIC_IMPL_H
#define MLSD_METRIC_METRIC_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/metric.h"
#include "mlsd/spec.h"
#include "mlsd/dataset.h"
#include "base/kindtable.h"
#include "base/scope.h"

/* Predictions as metrics read them: contiguous doubles. */
typedef struct mlsd__scored {
    int64_t n;
    int64_t n_classes;        /* 0 for regression */
    const double *y;          /* numbers or class numbers */
    const double *prediction; /* n numbers, or n x n_classes probabilities, row-major */
    const double *weight;     /* NULL: ones */
    const void *params;       /* of the metric that reads it; NULL for one without */
    const void *data;         /* of the metric: ops.data */
    int64_t y_cols;           /* labels or outputs; 0 means 1 */
    int64_t prediction_cols;  /* 0: as told above */
} mlsd__scored;

/* A value with its standard error and interval; what is undefined is NaN. */
typedef struct mlsd__estimate {
    double value, se, low, high;
    double df;                     /* of the t interval; infinite for a normal one */
    double n_rows;                 /* effective rows: (sum of weights)^2 / (sum of their squares) */
    double numerator, denominator; /* of a rate, in weights */
    double support; /* rows that weigh more than 0; of a rate those of the denominator */
} mlsd__estimate;

/* The loss of each of rows first .. first + n - 1 of those that count. */
typedef void (*mlsd__loss_fn)(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                              double *out);

struct mlsd__summary_ops;
struct mlsd__shape;
struct mlsd__finish;
struct mlsd__measured;

/* A kind of metric with its parameters. An alias ("f1_macro") is one too. summary.h tells how to
 * write one. */
typedef struct mlsd__metric_ops {
    const void *params; /* the kind's struct: here the defaults, or those of the alias */
    size_t params_size;
    const void *data; /* what a finish that serves many kinds must know of this one */
    bool greater_is_better;
    bool is_usual; /* shown where nobody says which: an experiment's test part */
    bool for_regression, for_classification;
    bool for_binary_only;
    bool needs_proba;    /* n x n_classes probabilities */
    bool any_score;      /* needs_proba, but any number serves as the score of class 1 of two */
    bool any_columns;    /* needs_proba, but any numbers serve as the scores of all classes */
    bool of_decisions;   /* predictions are decision values, which models here do not give */
    bool is_share;       /* a share of rows, whose interval is Wilson's */
    bool is_area;        /* of two classes the area under the ROC curve, or a line of it */
    bool has_no_weights; /* its check refuses them */
    bool is_scaled;      /* its finish divides that mean by a number that the parameters tell */
    /* Of metrics that are the weighted mean of a number for each row, or its square root (is_root);
     * NULL for the others. */
    mlsd__loss_fn row_loss;
    bool is_root;
    /* Of metrics that the mean square error and the variance of the target (both weighted, divisor
     * the sum of weights; NaN where the target does not vary) tell; NULL for the others. */
    double (*of_squares)(double mean_square, double variance);
    bool for_labels;  /* also for many labels a row: y and prediction n x n_labels of 0 and 1 */
    bool for_outputs; /* also for many numbers a row */
    /* The summary it is made of, or a choice by parameters and shape; both NULL: the rows. */
    const struct mlsd__summary_ops *summary;
    const struct mlsd__summary_ops *(*choose)(const void *params, const struct mlsd__shape *shape);
    /* Do the parameters suit the rows? NULL: always. */
    mlsd_status (*check)(const void *params, const struct mlsd__shape *shape);
    mlsd_status (*finish)(mlsd__scope *scope, const struct mlsd__finish *f,
                          struct mlsd__measured *out);
    mlsd__loss_fn summary_loss; /* what the summary row_loss adds up, where row_loss is NULL */
    double lower, upper;        /* of row_loss and its interval; both 0: [0, inf) */
    /* Value and interval at `level` (NaN level: value only). `rows` NULL or the rows that count. A
     * metric brings this, or finish, or both; call it through mlsd__metric_score. */
    mlsd_status (*score)(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                         int64_t n_rows, double level, mlsd__estimate *out);
    /* A faster way from the caller's checked matrices, for cases of its own choice (*out_done);
     * NULL for none. It checks the values itself, with the same messages. */
    mlsd_status (*direct)(mlsd__scope *scope, const struct mlsd__metric_ops *metric,
                          const mlsd_matrix *y, const mlsd_matrix *prediction,
                          const mlsd_matrix *weight, double level, mlsd__estimate *out,
                          bool *out_done);
} mlsd__metric_ops;

/* Names of kinds with other parameters than the defaults: "f1_macro". */
typedef struct mlsd__metric_alias {
    const char *name, *kind;
    mlsd__metric_ops ops;
} mlsd__metric_alias;
/* Aliases in order, those of all files; NULL when i is out of range. */
const mlsd__metric_alias *mlsd__metric_alias_at(int64_t i);

/* Find a kind or an alias by name: MLSD_E_KIND with the nearest name. */
mlsd_status mlsd__metric_find(const char *name, const mlsd__metric_ops **out);
/* Score rows that are at hand: value and interval at `level` (NaN: the value alone); `rows` NULL or
 * the rows that count. */
mlsd_status mlsd__metric_score(mlsd__scope *scope, const mlsd__metric_ops *metric,
                               const mlsd__scored *s, const int64_t *rows, int64_t n_rows,
                               double level, mlsd__estimate *out);
/* The kind of a spec with the spec's parameters, which are borrowed. */
mlsd_status mlsd__metric_of_spec(const mlsd_spec *spec, mlsd__metric_ops *out);
/* Does it suit the task? MLSD_E_KIND with the metrics that do. */
mlsd_status mlsd__metric_check(const char *name, mlsd_task task);
/* The same of one with parameters, which messages call `name`. */
mlsd_status mlsd__metric_ops_check(const mlsd__metric_ops *ops, const char *name, mlsd_task task);
/* The metric that decides where none is named: rmse, log_loss. */
const char *mlsd__metric_default(mlsd_task task);

/* The caller's matrices as a metric reads them, checked: shapes, NaN, classes, probabilities,
 * weights. */
typedef struct mlsd__scored_copy {
    mlsd__scored view;
    double *y, *prediction, *weight; /* owned */
} mlsd__scored_copy;
mlsd_status mlsd__scored_read(mlsd__scope *scope, const mlsd__metric_ops *metric,
                              const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, mlsd__scored_copy *out);
void mlsd__scored_free(mlsd__scored_copy *s, const mlsd__allocator *a);

/* For the metrics themselves. Every value is NaN. */
void mlsd__estimate_undefined(mlsd__estimate *out);
/* low and high from value, se and df, kept inside [lower, upper]. */
void mlsd__estimate_interval(mlsd__estimate *e, double level, double lower, double upper);
/* Gather the weights of the rows that count: *out NULL where all weigh 1, else owned. */
mlsd_status mlsd__scored_weights(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                                 int64_t n_rows, double **out);
/* Standard error of a weighted mean of `influence` (sum w * influence == 0), NaN below two rows. */
void mlsd__estimate_from_influence(const double *influence, const double *weight, int64_t n,
                                   mlsd__estimate *out);

/* The weighted mean of losses with its standard error and df; no interval yet. */
mlsd_status mlsd__mean_loss(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                            int64_t n_rows, mlsd__loss_fn loss, double level, mlsd__estimate *out);

static inline int64_t mlsd__scored_row(const int64_t *rows, int64_t i)
{
    return rows == NULL ? i : rows[i];
}

#endif
