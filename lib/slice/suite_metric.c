/* suite_metric.c - a metric over some cases of a set: does it suit what predicts, and what it
 * reads, answers, labels and weights. */
#include <math.h>

#include "metric/metric_impl.h"
#include "slice/suite_impl.h"

static mlsd_task task_of(const mlsd__predictor *p)
{
    return p->n_classes == 0   ? MLSD_TASK_REGRESSION
           : p->n_classes == 2 ? MLSD_TASK_BINARY
                               : MLSD_TASK_MULTICLASS;
}

static mlsd_status check_metric(const mlsd__suite_run *run, const mlsd__suite_set *set)
{
    const mlsd__predictor *const p = &run->predictor;
    const mlsd__metric_ops *ops;
    mlsd_status status = mlsd__metric_check(set->metric, task_of(p));
    if (status != MLSD_OK) return mlsd__suite_refail(run->suite->path, set->line, status);
    MLSD__TRY(mlsd__metric_find(set->metric, &ops));
    if (!ops->needs_proba || p->has_proba || p->n_classes == 0) return MLSD_OK;
    return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_UNSUPPORTED,
                            "'%s' needs probabilities, and there are none", set->metric);
}

mlsd_status mlsd__suite_weights(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                double **out)
{
    const mlsd__suite_file *const file = set->file;
    double total = 0;
    *out = NULL;
    if (set->weight < 0) return MLSD_OK;
    double *const weights = mlsd__alloc_raw(run->scope->allocator, set->n_rows, sizeof *weights);
    if (weights == NULL) return MLSD_E_NOMEM;
    *out = weights;
    for (int64_t i = 0; i < set->n_rows; i++) {
        weights[i] = mlsd__suite_cell_number(file->table, set->weight, set->rows[i]);
        total += weights[i];
        if (weights[i] >= 0 && isfinite(weights[i])) continue;
        return mlsd__suite_fail(file->path, file->lines[set->rows[i]], MLSD_E_DATA,
                                "the weight '%.60s' is %s; it must be 0 or more",
                                mlsd_table_name(file->table, set->weight),
                                isnan(weights[i]) ? "empty"
                                : weights[i] < 0  ? "negative"
                                                  : "infinite");
    }
    if (total > 0) return MLSD_OK;
    return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_DATA,
                            "all cases of the set '%.60s' weigh 0", set->name);
}

mlsd_status mlsd__suite_scored_open(mlsd__suite_run *run, const mlsd__suite_set *set,
                                    mlsd__suite_scored *out)
{
    *out = (mlsd__suite_scored){0};
    MLSD__TRY(check_metric(run, set));
    MLSD__TRY(mlsd__suite_answers(run, set, &out->answers));
    MLSD__TRY(mlsd__suite_labels(run, set, false, &out->labels));
    return mlsd__suite_weights(run, set, &out->weights);
}

void mlsd__suite_scored_free(const mlsd__allocator *a, mlsd__suite_scored *s)
{
    mlsd__free(a, s->labels);
    mlsd__free(a, s->weights);
}

mlsd_status mlsd__suite_gather(const mlsd__suite_run *run, const mlsd__suite_set *set,
                               const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                               mlsd__scored_copy *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const mlsd__metric_ops *ops;
    *out = (mlsd__scored_copy){0};
    MLSD__TRY(mlsd__metric_find(set->metric, &ops));
    const bool is_proba = ops->needs_proba && s->answers->proba != NULL;
    const int64_t k = is_proba ? run->predictor.n_classes : 1;
    const double *const from = is_proba ? s->answers->proba : s->answers->value;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    out->y = mlsd__alloc_raw(a, n, sizeof *out->y);
    out->prediction = mlsd__alloc_raw(a, size, sizeof *out->prediction);
    if (s->weights != NULL) out->weight = mlsd__alloc_raw(a, n, sizeof *out->weight);
    if (out->y == NULL || out->prediction == NULL || (s->weights != NULL && out->weight == NULL)) {
        mlsd__scored_free(out, a);
        return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = which == NULL ? i : which[i];
        out->y[i] = s->labels[at];
        if (s->weights != NULL) out->weight[i] = s->weights[at];
        for (int64_t c = 0; c < k; c++) out->prediction[i * k + c] = from[set->rows[at] * k + c];
    }
    /* All classes of the model, also where a group lacks some. */
    out->view = (mlsd__scored){.n = n,
                               .n_classes = run->predictor.n_classes,
                               .y = out->y,
                               .prediction = out->prediction,
                               .weight = out->weight,
                               .params = ops->params,
                               .data = ops->data};
    return MLSD_OK;
}

mlsd_status mlsd__suite_score_rows(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                   const mlsd__suite_scored *s, const int64_t *which, int64_t n,
                                   double level, mlsd__suite_score *out)
{
    const mlsd__metric_ops *ops;
    mlsd__scored_copy rows;
    mlsd__estimate e;
    *out = (mlsd__suite_score){NAN, NAN, NAN, 0};
    if (n == 0) return MLSD_OK;
    MLSD__TRY(mlsd__metric_find(set->metric, &ops));
    MLSD__TRY(mlsd__suite_gather(run, set, s, which, n, &rows));
    const mlsd_status status = mlsd__metric_score(run->scope, ops, &rows.view, NULL, n, level, &e);
    mlsd__scored_free(&rows, run->scope->allocator);
    if (status != MLSD_OK) return mlsd__suite_refail(run->suite->path, set->line, status);
    *out = (mlsd__suite_score){e.value, e.low, e.high, e.support > 0 ? e.support : (double)n};
    return MLSD_OK;
}
