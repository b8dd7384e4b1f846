/* intake.h - the caller's matrices as batches that summaries read: shapes, then rows, checked. */
#ifndef MLSD_METRIC_INTAKE_H
#define MLSD_METRIC_INTAKE_H

#include "metric/summary.h"

/* How y and prediction are read by a set of metrics. Buffers hold `capacity` rows. */
typedef struct mlsd__intake {
    mlsd__allocator allocator;
    mlsd__shape shape;
    int64_t cols;        /* of the caller's prediction */
    bool of_classes;     /* one class number a row */
    bool of_labels;      /* 0 or 1 of each of many labels */
    bool is_any_columns; /* nor need those of all classes */
    bool is_any_score;   /* one column of scores of class 1 need not be probabilities */
    bool only_classes;   /* nobody reads y and prediction as doubles: they need not be filled */
    bool one_column;     /* of two classes nobody reads prediction as doubles, nor more of the
                          * probabilities than the column that came */
    int64_t capacity;
    double *y, *raw, *prediction, *proba, *weight;
    const double *score; /* the column of the block that was read last */
    int32_t *y_class, *prediction_class;
} mlsd__intake;

/* What these metrics make of such matrices. n_classes: -1 finds them in the rows, 0 numbers.
 * Errors: MLSD_E_SHAPE, MLSD_E_KIND (metrics of numbers beside metrics of classes), MLSD_E_DATA. */
mlsd_status mlsd__intake_plan(mlsd__scope *scope, const mlsd__metric_ops *metrics,
                              int64_t n_metrics, int64_t n_classes, int64_t n_slots,
                              const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, mlsd__intake *out);
/* Buffers for `capacity` rows. */
mlsd_status mlsd__intake_open(const mlsd__allocator *a, int64_t capacity, mlsd__intake *in);
void mlsd__intake_close(mlsd__intake *in);
/* Read rows first .. first + n - 1 (n <= capacity) and check them; slots are left out. */
mlsd_status mlsd__intake_read(mlsd__intake *in, const mlsd_matrix *y, const mlsd_matrix *prediction,
                              const mlsd_matrix *weight, int64_t first, int64_t n,
                              mlsd__batch *out);

#endif
