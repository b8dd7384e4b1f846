/* fold_pooled.c - one score of all predictions together (micro average), beside the mean of the
 * folds' scores (macro average): small folds then count by their rows. */
#include <math.h>
#include <string.h>

#include "validate/fold_report.h"

/* All rows that an estimator predicted, in the order of the splits. */
typedef struct pool {
    mlsd__scored scored;
    double *y, *weight, *prediction;
} pool;

static void pool_free(const mlsd__allocator *a, pool *p)
{
    mlsd__free(a, p->y);
    mlsd__free(a, p->weight);
    mlsd__free(a, p->prediction);
}

static mlsd_status pool_make(const mlsd__fold_output *out, int64_t e,
                             const mlsd__metric_ops *metric, pool *p)
{
    const mlsd__allocator *const a = &out->allocator;
    int64_t n = 0, width = 1, n_classes = 0;
    bool has_weight = false;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__scoring *const s = &mlsd__fold_at(out, e, k)->scoring;
        n += s->n;
        if (s->n == 0) continue;
        n_classes = s->n_classes;
        has_weight = s->weight != NULL;
        if (metric->needs_proba) width = s->n_classes;
    }
    p->y = mlsd__alloc_raw(a, n, sizeof *p->y);
    p->prediction = mlsd__alloc_raw(a, n * width, sizeof *p->prediction);
    if (has_weight) p->weight = mlsd__alloc_raw(a, n, sizeof *p->weight);
    if (p->y == NULL || p->prediction == NULL || (has_weight && p->weight == NULL))
        return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; k < out->n_splits; k++) {
        const mlsd__scoring *const s = &mlsd__fold_at(out, e, k)->scoring;
        mlsd__scored part;
        if (s->n == 0) continue;
        mlsd__scoring_view(s, metric, &part);
        memcpy(p->y + at, s->y, (size_t)s->n * sizeof *p->y);
        memcpy(p->prediction + at * width, part.prediction,
               (size_t)(s->n * width) * sizeof *p->prediction);
        if (has_weight) memcpy(p->weight + at, s->weight, (size_t)s->n * sizeof *p->weight);
        at += s->n;
    }
    p->scored = (mlsd__scored){.n = n,
                               .n_classes = n_classes,
                               .y = p->y,
                               .prediction = p->prediction,
                               .weight = p->weight};
    return MLSD_OK;
}

mlsd_status mlsd__report_pooled(const mlsd__fold_report *report, int64_t e, int64_t metric,
                                double *out)
{
    const mlsd__metric_ops *ops;
    *out = NAN;
    if (report->scope == NULL || !report->in->keep_predictions) return MLSD_OK;
    if (mlsd__fold_n_done(report->out, e) == 0) return MLSD_OK;
    MLSD__TRY(mlsd__metric_find(report->in->metrics[metric], &ops));
    pool p = {0};
    mlsd__estimate estimate;
    mlsd_status status = pool_make(report->out, e, ops, &p);
    if (status == MLSD_OK)
        status =
            mlsd__metric_score(report->scope, ops, &p.scored, NULL, p.scored.n, NAN, &estimate);
    if (status == MLSD_OK) *out = estimate.value;
    pool_free(&report->out->allocator, &p);
    return status;
}
