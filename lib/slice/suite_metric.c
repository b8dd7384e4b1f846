/* suite_metric.c - a metric over some cases of a set. The one place of the suites that knows what
 * metrics read. */
#include <math.h>

#include "metric/metric_impl.h"
#include "slice/suite_impl.h"

static mlsd_task task_of(const mlsd__predictor *p)
{
    return p->n_classes == 0   ? MLSD_TASK_REGRESSION
           : p->n_classes == 2 ? MLSD_TASK_BINARY
                               : MLSD_TASK_MULTICLASS;
}

mlsd_status mlsd__suite_metric_check(const mlsd__suite_run *run, const mlsd__suite_set *set)
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

mlsd_status mlsd__suite_score_rows(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                   const mlsd__answers *answers, const double *labels,
                                   const int64_t *which, int64_t n, double level,
                                   mlsd__suite_score *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const mlsd__metric_ops *ops;
    *out = (mlsd__suite_score){NAN, NAN, NAN, 0};
    if (n == 0) return MLSD_OK;
    MLSD__TRY(mlsd__metric_find(set->metric, &ops));
    const bool is_proba = ops->needs_proba && answers->proba != NULL;
    const int64_t k = is_proba ? run->predictor.n_classes : 1;
    const double *const from = is_proba ? answers->proba : answers->value;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, k, &size));
    double *const y = mlsd__alloc_raw(a, n, sizeof *y);
    double *const prediction = mlsd__alloc_raw(a, size, sizeof *prediction);
    mlsd_status status = y == NULL || prediction == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const int64_t at = which == NULL ? i : which[i];
        y[i] = labels[at];
        for (int64_t c = 0; c < k; c++) prediction[i * k + c] = from[set->rows[at] * k + c];
    }
    if (status == MLSD_OK) {
        /* All classes of the model, also where a group lacks some. */
        const mlsd__scored scored = {
            .n = n, .n_classes = run->predictor.n_classes, .y = y, .prediction = prediction};
        mlsd__estimate e;
        status = mlsd__metric_score(run->scope, ops, &scored, NULL, n, level, &e);
        if (status == MLSD_OK)
            *out =
                (mlsd__suite_score){e.value, e.low, e.high, e.support > 0 ? e.support : (double)n};
        if (status != MLSD_OK) status = mlsd__suite_refail(run->suite->path, set->line, status);
    }
    mlsd__free(a, prediction);
    mlsd__free(a, y);
    return status;
}
