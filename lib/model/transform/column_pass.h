/* column_pass.h - what transforms learn from whole columns: ranges, values in order, quantiles; and
 * the check of training rows. */
#ifndef MLSD_MODEL_TRANSFORM_COLUMN_PASS_H
#define MLSD_MODEL_TRANSFORM_COLUMN_PASS_H

#include "model/estimator.h"

/* Smallest and largest value of each column over the rows of positive weight, without its NaN;
 * infinity and -infinity for a column without values. */
mlsd_status mlsd__column_ranges(mlsd__scope *scope, const mlsd__train *train, double *min,
                                double *max);

/* One column's values in ascending order, without NaN and rows of weight 0. */
typedef struct mlsd__sorted_column {
    int64_t column, n;
    const double *values;
    const double *weight; /* NULL: ones */
    double unit;          /* the weight that counts as one row, see mlsd__weight_unit */
    bool has_missing;     /* a row of positive weight lacks the value */
} mlsd__sorted_column;

/* Call fn for each of those columns, several at a time on the scope's threads; a limited number of
 * columns is gathered at a time. */
typedef mlsd_status (*mlsd__sorted_fn)(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope);
mlsd_status mlsd__each_sorted_column(mlsd__scope *scope, const mlsd__train *train,
                                     const int64_t *columns, int64_t n_columns, mlsd__sorted_fn fn,
                                     void *arg);
/* The same for all columns of numbers. */
mlsd_status mlsd__each_sorted_number(mlsd__scope *scope, const mlsd__train *train,
                                     mlsd__sorted_fn fn, void *arg);

/* Whole weights count rows: the unit is 1. Others are a share of importance: the unit is their
 * mean. *out_rows is how many rows they stand for. */
double mlsd__weight_unit(const double *weight, int64_t n, double *out_rows);

/* Quantiles (type 7: linear interpolation) for ascending q; a row of weight w counts as w / unit
 * rows. NaN for a column without values. */
void mlsd__column_quantiles(const mlsd__sorted_column *c, const double *q, int64_t n_q,
                            double *out);

/* The same for q = 0, 1 / (n_q - 1), ..., 1, exact where they fall on rows. */
void mlsd__column_quantile_grid(const mlsd__sorted_column *c, int64_t n_q, double *out);

/* The error of the first training row that `check` (an estimator's check_block) refuses. */
typedef mlsd_status (*mlsd__check_fn)(const void *state, const double *x, int64_t n, int64_t ld,
                                      int64_t first_row, bool has_nan, double *scratch);
mlsd_status mlsd__check_rows(mlsd__scope *scope, const mlsd__frame *frame, mlsd__check_fn check,
                             const void *state);

#endif
