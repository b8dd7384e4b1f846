/* values.h - what metrics of numbers share: parameters, columns of many outputs, and their ways to
 * be put together.
 *
 * A metric of one output is finished from a summary that is small (`errors`, `row_loss`) where
 * there is one; many outputs, and what must be sorted, are finished from the rows, an output at a
 * time. */
#ifndef MLSD_METRIC_VALUES_H
#define MLSD_METRIC_VALUES_H

#include "metric/summary.h"

/* How outputs are put together; the order of `multioutput` in the tables. */
typedef enum mlsd__multioutput {
    MLSD__UNIFORM_AVERAGE,
    MLSD__VARIANCE_WEIGHTED,
    MLSD__RAW_VALUES
} mlsd__multioutput;

/* Each kind has some of these in its table. */
typedef struct mlsd__value_params {
    int64_t multioutput;
    mlsd__f64_list output_weights;
    double alpha;
    double power;
    mlsd__f64_list quantiles;
    int64_t season;
    mlsd__f64_list training;
    double scale;
    int64_t fair;
} mlsd__value_params;

extern const char *const mlsd__mean_choices[]; /* without variance_weighted */
extern const char *const mlsd__multioutput_choices[];

#define MLSD__P_OUTPUTS(choices_)                                                               \
    MLSD__P_CHOICE(mlsd__value_params, multioutput, choices_, "\"uniform_average\"",            \
                   "how many outputs are put together; raw_values: not at all, each stands in " \
                   "table values"),                                                             \
        MLSD__P_F64_LIST(mlsd__value_params, output_weights, 0, INFINITY, MLSD__OPEN_UPPER,     \
                         "null", NULL, "weights of the outputs in uniform_average; null: equal")

/* One output, without the rows that weigh 0. weight is NULL where all weigh the same. */
typedef struct mlsd__column {
    int64_t n;
    const double *y, *prediction, *weight;
    double total; /* of the weights */
    mlsd__value_params params;
} mlsd__column;

/* What a kind brings as ops.data. */
typedef struct mlsd__value_metric {
    mlsd__loss_fn loss;
    bool is_root;
    /* Fill l0 with the loss of the best constant: the metric is then 1 - mean loss / mean l0, of
     * which 1 is the best. NULL: the mean of the loss itself. */
    mlsd_status (*reference)(mlsd__scope *scope, const mlsd__column *c, double *l0);
    bool centres;       /* errors are taken less their mean first */
    const char *domain; /* what y and prediction must be where a loss is not a number */
    /* Instead of a mean: value and interval from the column; influence on it into `influence`
     * unless *out_known stays false. */
    mlsd_status (*measure)(mlsd__scope *scope, const mlsd__column *c, double level,
                           mlsd__estimate *out, double *influence, bool *out_known);
} mlsd__value_metric;

/* Errors of one output, absolute and squared. */
void mlsd__absolute_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                         double *out);
void mlsd__squared_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                        double *out);

/* finish of a metric whose ops.data is a mlsd__value_metric, from the rows. */
mlsd_status mlsd__values_finish_rows(mlsd__scope *scope, const mlsd__finish *f,
                                     mlsd__measured *out);
/* The same with the summary `row_loss` where there is one column. */
mlsd_status mlsd__values_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out);
const mlsd__summary_ops *mlsd__values_choose(const void *params, const mlsd__shape *shape);
/* prediction like y, and as many output_weights. */
mlsd_status mlsd__values_check(const void *params, const mlsd__shape *shape);
mlsd_status mlsd__values_check_columns(const mlsd__shape *shape, int64_t cols, const char *what);

/* Quantile of a column's values: of equal weights with linear interpolation (Hyndman & Fan 1996,
 * type 7), of others the smallest value that has a share q of the weight at or below it. */
mlsd_status mlsd__weighted_quantile(mlsd__scope *scope, const double *x, const mlsd__column *c,
                                    const double *q, int64_t n_q, double *out);

/* ---- the summary `errors`: moments of y and of y - prediction, of one output ---- */
extern const mlsd__summary_ops mlsd__summary_errors;
typedef struct mlsd__errors {
    double count, weight, squares;              /* rows, sums of weights and of their squares */
    double mean_square, mean_absolute, largest; /* of the errors */
    double variance_y, variance_error;          /* divisor: the sum of weights */
    /* Sums of squared weight x influence on mean_square, mean_absolute, and on
     * 1 - mean_square / variance_y, 1 - variance_error / variance_y. */
    double spread_square, spread_absolute, spread_r2, spread_explained;
} mlsd__errors;
void mlsd__errors_read(const void *state, int64_t slot, mlsd__errors *out);

#endif
