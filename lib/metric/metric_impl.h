/* metric_impl.h - what a metric must bring. */
#ifndef MLSD_METRIC_METRIC_IMPL_H
#define MLSD_METRIC_METRIC_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/metric.h"
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
} mlsd__scored;

/* A value with its standard error and interval; what is undefined is NaN. */
typedef struct mlsd__estimate {
    double value, se, low, high;
} mlsd__estimate;

typedef struct mlsd__metric_ops {
    bool greater_is_better;
    bool for_regression, for_classification;
    bool for_binary_only;
    bool needs_proba; /* n x n_classes probabilities */
    /* Value and interval at `level` (NaN level: value only). `rows` NULL or the rows that count. */
    mlsd_status (*score)(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows, int64_t n_rows,
                         double level, mlsd__estimate *out);
} mlsd__metric_ops;

/* Find by name: MLSD_E_KIND with the nearest name. */
mlsd_status mlsd__metric_find(const char *name, const mlsd__metric_ops **out);
/* Does it suit the task? MLSD_E_KIND with the metrics that do. */
mlsd_status mlsd__metric_check(const char *name, mlsd_task task);
/* The metric that decides where none is named: rmse, log_loss. */
const char *mlsd__metric_default(mlsd_task task);

#endif
