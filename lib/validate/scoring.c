/* scoring.c - predictions of a model gathered once in the form that metrics read: probabilities
 * where one of them needs them, numbers or class numbers for the others. */
#include <string.h>

#include "base/fail.h"
#include "validate/scoring.h"

mlsd_status mlsd__scoring_wants_of(const mlsd_model *model, const char *const *metrics,
                                   int64_t n_metrics, bool all, mlsd__scoring_wants *out)
{
    const int64_t width = mlsd__model_width(model, MLSD_OUTPUT_PROBA);
    *out = (mlsd__scoring_wants){.proba = all && width > 0};
    for (int64_t i = 0; i < n_metrics; i++) {
        const mlsd__metric_ops *metric;
        MLSD__TRY(mlsd__metric_find(metrics[i], &metric));
        if (metric->needs_proba && width == 0) {
            return mlsd__fail(MLSD_E_UNSUPPORTED,
                              "'%s' needs probabilities, which '%s' does not give; use accuracy",
                              metrics[i], mlsd_kind_name(mlsd_spec_kind(model->spec)));
        }
        out->proba |= metric->needs_proba;
        out->values |= !metric->needs_proba;
    }
    if (!out->proba) out->values = true;
    return MLSD_OK;
}

/* The rows are those of a data set, or of a frame. */
typedef struct row_source {
    const mlsd_dataset *data;
    const mlsd__frame *frame;
    int64_t n;
} row_source;

static mlsd_status predict(mlsd__scope *scope, const mlsd_model *model, const row_source *rows,
                           mlsd_output what, double **out)
{
    const int64_t width = mlsd__model_width(model, what);
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(rows->n, width, &size));
    *out = mlsd__alloc_raw(scope->allocator, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    if (rows->data != NULL) return mlsd__model_predict(scope, model, rows->data, what, *out, size);
    return mlsd__model_predict_frame(scope, model, rows->frame, what, *out);
}

static mlsd_status predict_wanted(mlsd__scope *scope, const mlsd_model *model,
                                  const row_source *rows, mlsd__scoring_wants wants,
                                  mlsd__scoring *out)
{
    out->n = rows->n;
    out->n_classes = model->n_classes;
    out->owns_predictions = true;
    out->allocator = *scope->allocator;
    const double start = mlsd__seconds();
    if (wants.proba) {
        MLSD__TRY(predict(scope, model, rows, MLSD_OUTPUT_PROBA, &out->proba));
        out->predict_seconds = mlsd__seconds() - start;
    }
    if (wants.values) {
        MLSD__TRY(predict(scope, model, rows, MLSD_OUTPUT_VALUE, &out->values));
        if (!wants.proba) out->predict_seconds = mlsd__seconds() - start;
    }
    return MLSD_OK;
}

mlsd_status mlsd__scoring_make(mlsd__scope *scope, const mlsd_model *model,
                               const mlsd_dataset *data, const char *const *metrics,
                               int64_t n_metrics, bool all, mlsd__scoring *out)
{
    const row_source rows = {.data = data, .n = mlsd_dataset_n_rows(data)};
    mlsd__scoring_wants wants;
    memset(out, 0, sizeof *out);
    MLSD__TRY(mlsd__scoring_wants_of(model, metrics, n_metrics, all, &wants));
    out->owns_truth = true;
    out->data_allocator = data->store->allocator;
    mlsd_status status = mlsd__dataset_gather_target(data, &out->y);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(data, &out->weight);
    if (status == MLSD_OK) status = predict_wanted(scope, model, &rows, wants, out);
    if (status != MLSD_OK) mlsd__scoring_free(out);
    return status;
}

mlsd_status mlsd__scoring_make_frame(mlsd__scope *scope, const mlsd_model *model,
                                     const mlsd__frame *frame, const double *y,
                                     const double *weight, const char *const *metrics,
                                     int64_t n_metrics, bool all, mlsd__scoring *out)
{
    const row_source rows = {.frame = frame, .n = frame->n_rows};
    mlsd__scoring_wants wants;
    memset(out, 0, sizeof *out);
    MLSD__TRY(mlsd__scoring_wants_of(model, metrics, n_metrics, all, &wants));
    out->y = (double *)(uintptr_t)y;
    out->weight = (double *)(uintptr_t)weight;
    const mlsd_status status = predict_wanted(scope, model, &rows, wants, out);
    if (status != MLSD_OK) mlsd__scoring_free(out);
    return status;
}

static mlsd_status copy(const mlsd__allocator *a, double **numbers, int64_t n)
{
    if (*numbers == NULL) return MLSD_OK;
    double *const copied = mlsd__memdup(a, *numbers, n, sizeof *copied);
    *numbers = copied;
    return copied != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

mlsd_status mlsd__scoring_own(const mlsd__allocator *a, mlsd__scoring *s)
{
    mlsd_status status = MLSD_OK;
    if (!s->owns_truth) {
        s->owns_truth = true;
        s->data_allocator = *a;
        const mlsd_status weights = copy(a, &s->weight, s->n);
        status = copy(a, &s->y, s->n);
        if (status == MLSD_OK) status = weights;
    }
    if (!s->owns_predictions) {
        s->owns_predictions = true;
        s->allocator = *a;
        const mlsd_status values = copy(a, &s->values, s->n);
        const mlsd_status proba = copy(a, &s->proba, s->n * s->n_classes);
        if (status == MLSD_OK) status = values != MLSD_OK ? values : proba;
    }
    return status;
}

void mlsd__scoring_free(mlsd__scoring *s)
{
    if (s->owns_truth) {
        mlsd__free(&s->data_allocator, s->y);
        mlsd__free(&s->data_allocator, s->weight);
    }
    if (s->owns_predictions) {
        mlsd__free(&s->allocator, s->values);
        mlsd__free(&s->allocator, s->proba);
    }
    memset(s, 0, sizeof *s);
}

void mlsd__scoring_view(const mlsd__scoring *s, const mlsd__metric_ops *metric, mlsd__scored *out)
{
    *out = (mlsd__scored){.n = s->n,
                          .n_classes = s->n_classes,
                          .y = s->y,
                          .prediction = metric->needs_proba ? s->proba : s->values,
                          .weight = s->weight};
}

mlsd_status mlsd__scoring_score(mlsd__scope *scope, const mlsd__scoring *s, const char *metric,
                                double level, mlsd__estimate *out)
{
    const mlsd__metric_ops *ops;
    MLSD__TRY(mlsd__metric_find(metric, &ops));
    mlsd__scored scored;
    mlsd__scoring_view(s, ops, &scored);
    return mlsd__metric_score(scope, ops, &scored, NULL, s->n, level, out);
}
