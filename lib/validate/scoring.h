/* scoring.h - a model's predictions beside the truth, ready for any metric. */
#ifndef MLSD_VALIDATE_SCORING_H
#define MLSD_VALIDATE_SCORING_H

#include <stdbool.h>
#include <stdint.h>

#include "metric/metric_impl.h"
#include "model/model_impl.h"

/* Truth and predictions are each owned or borrowed. */
typedef struct mlsd__scoring {
    int64_t n, n_classes;
    double *y;      /* n */
    double *weight; /* n, or NULL for ones */
    double *values; /* n numbers or class numbers, or NULL where nobody wants them */
    double *proba;  /* n x n_classes, or NULL */
    double predict_seconds;
    bool owns_truth, owns_predictions;
    mlsd__allocator allocator, data_allocator; /* of predictions, and of y and weight */
} mlsd__scoring;

/* What some metrics ask of a model. MLSD_E_UNSUPPORTED where one needs probabilities that the model
 * cannot give; `all` takes them wherever the model has them. */
typedef struct mlsd__scoring_wants {
    bool proba, values;
} mlsd__scoring_wants;
mlsd_status mlsd__scoring_wants_of(const mlsd_model *model, const char *const *metrics,
                                   int64_t n_metrics, bool all, mlsd__scoring_wants *out);

/* Predict the rows of `data` with what `metrics` need; errors as above. */
mlsd_status mlsd__scoring_make(mlsd__scope *scope, const mlsd_model *model,
                               const mlsd_dataset *data, const char *const *metrics,
                               int64_t n_metrics, bool all, mlsd__scoring *out);
/* The same of a frame's rows, whose truth is borrowed. */
mlsd_status mlsd__scoring_make_frame(mlsd__scope *scope, const mlsd_model *model,
                                     const mlsd__frame *frame, const double *y,
                                     const double *weight, const char *const *metrics,
                                     int64_t n_metrics, bool all, mlsd__scoring *out);
/* Copy what is borrowed, so that it may be kept. */
mlsd_status mlsd__scoring_own(const mlsd__allocator *a, mlsd__scoring *s);
void mlsd__scoring_free(mlsd__scoring *s); /* all zero is fine */

/* What a metric reads of it; borrowed. */
void mlsd__scoring_view(const mlsd__scoring *s, const mlsd__metric_ops *metric, mlsd__scored *out);

/* Score with one metric; level NaN for the value alone. */
mlsd_status mlsd__scoring_score(mlsd__scope *scope, const mlsd__scoring *s, const char *metric,
                                double level, mlsd__estimate *out);

#endif
