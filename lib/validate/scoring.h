/* scoring.h - a model's predictions beside the truth, ready for any metric. */
#ifndef MLSD_VALIDATE_SCORING_H
#define MLSD_VALIDATE_SCORING_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"
#include "model/model_impl.h"

typedef struct mlsd__scoring {
    int64_t n, n_classes;
    double *y;      /* n */
    double *weight; /* n, or NULL for ones */
    double *values; /* n numbers or class numbers, or NULL where nobody wants them */
    double *proba;  /* n x n_classes, or NULL */
    double predict_seconds;
    mlsd__allocator allocator, data_allocator; /* of predictions, and of what the data set gave */
} mlsd__scoring;

/* Predict the rows of `data` with what `metrics` need; `all` takes probabilities wherever the model
 * has them. MLSD_E_UNSUPPORTED where a metric needs probabilities that the model cannot give. */
mlsd_status mlsd__scoring_make(mlsd__scope *scope, const mlsd_model *model,
                               const mlsd_dataset *data, const char *const *metrics,
                               int64_t n_metrics, bool all, mlsd__scoring *out);
void mlsd__scoring_free(mlsd__scoring *s); /* all zero is fine */

/* What a metric reads of it; borrowed. */
void mlsd__scoring_view(const mlsd__scoring *s, const mlsd__metric_ops *metric, mlsd__scored *out);

/* Score with one metric; level NaN for the value alone. */
mlsd_status mlsd__scoring_score(mlsd__scope *scope, const mlsd__scoring *s, const char *metric,
                                double level, mlsd__estimate *out);

#endif
