/* scoring.c - predictions of a model gathered once in the form that metrics read: probabilities
 * where one of them needs them, numbers or class numbers for the others. */
#include <string.h>

#include "base/fail.h"
#include "validate/scoring.h"

static mlsd_status predict(mlsd__scope *scope, const mlsd_model *model, const mlsd_dataset *data,
                           mlsd_output what, int64_t width, double **out)
{
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(mlsd_dataset_n_rows(data), width, &size));
    *out = mlsd__alloc_raw(scope->allocator, size, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    return mlsd__model_predict(scope, model, data, what, *out, size);
}

mlsd_status mlsd__scoring_make(mlsd__scope *scope, const mlsd_model *model,
                               const mlsd_dataset *data, const char *const *metrics,
                               int64_t n_metrics, bool all, mlsd__scoring *out)
{
    memset(out, 0, sizeof *out);
    out->n = mlsd_dataset_n_rows(data);
    out->n_classes = model->n_classes;
    out->allocator = *scope->allocator;
    out->data_allocator = data->store->allocator;
    const int64_t width = mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA);
    bool want_proba = all && width > 0, want_values = false;
    for (int64_t i = 0; i < n_metrics; i++) {
        const mlsd__metric_ops *metric;
        MLSD__TRY(mlsd__metric_find(metrics[i], &metric));
        if (metric->needs_proba && width == 0) {
            return mlsd__fail(MLSD_E_UNSUPPORTED,
                              "'%s' needs probabilities, which '%s' does not give; use accuracy",
                              metrics[i], mlsd_kind_name(mlsd_spec_kind(model->spec)));
        }
        if (metric->needs_proba) {
            want_proba = true;
        } else {
            want_values = true;
        }
    }
    if (!want_proba) want_values = true;

    mlsd_status status = mlsd__dataset_gather_target(data, &out->y);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(data, &out->weight);
    const double start = mlsd__seconds();
    if (status == MLSD_OK && want_proba) {
        status = predict(scope, model, data, MLSD_OUTPUT_PROBA, width, &out->proba);
        out->predict_seconds = mlsd__seconds() - start;
    }
    if (status == MLSD_OK && want_values) {
        status = predict(scope, model, data, MLSD_OUTPUT_VALUE, 1, &out->values);
        if (!want_proba) out->predict_seconds = mlsd__seconds() - start;
    }
    if (status != MLSD_OK) mlsd__scoring_free(out);
    return status;
}

void mlsd__scoring_free(mlsd__scoring *s)
{
    if (s->y != NULL) mlsd__free(&s->data_allocator, s->y);
    if (s->weight != NULL) mlsd__free(&s->data_allocator, s->weight);
    if (s->values != NULL) mlsd__free(&s->allocator, s->values);
    if (s->proba != NULL) mlsd__free(&s->allocator, s->proba);
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
    return ops->score(scope, &scored, NULL, s->n, level, out);
}
