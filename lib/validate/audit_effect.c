/* audit_effect.c - what a leak is worth in points of score, by an estimator that the caller gives:
 * for flagged rows, the scores of all splits with and without them; and the check "preprocessing",
 * the scores where transforms are fitted outside of the folds beside those where they are fitted
 * inside. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/fold_tasks.h"

static const double LEVEL = 0.95;

static const char *metric_of(const mlsd__audit *a)
{
    return a->params->metric != NULL ? a->params->metric : mlsd__metric_default(a->task);
}

static mlsd_status run_estimator(mlsd__audit *a, const mlsd_spec *estimator,
                                 const mlsd_dataset *dataset, const char *const *metric,
                                 mlsd__fold_output *out)
{
    memset(out, 0, sizeof *out);
    const mlsd__fold_input in = {.estimators = &estimator,
                                 .n_estimators = 1,
                                 .dataset = dataset,
                                 .folds = a->folds,
                                 .metrics = metric,
                                 .n_metrics = 1,
                                 .keep_predictions = true};
    MLSD__TRY(mlsd__fold_check(&in));
    MLSD__TRY(mlsd__fold_run_all(a->scope, &in, out));
    if (mlsd__fold_n_done(out, 0) > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "the audit's estimator failed on every one of %lld splits: %s",
                      (long long)out->n_splits, mlsd__fold_first_message(out, 0));
}

/* ---- effects ---- */

/* Score a split without its flagged rows; NaN where too few are left. */
static mlsd_status score_without(mlsd__audit *a, const mlsd__scoring *s,
                                 const mlsd__metric_ops *metric, int64_t split,
                                 const uint8_t *flagged, double *out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t last = mlsd_folds_n_parts(a->folds) - 1;
    int64_t *const rows = mlsd__alloc_raw(al, s->n, sizeof *rows);
    int64_t n = 0;
    mlsd_status status = rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd_folds_part(a->folds, split, last, rows, s->n);
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) {
        if (!flagged[rows[i]]) rows[n++] = i;
    }
    *out = NAN;
    if (status == MLSD_OK && n > 0) {
        mlsd__estimate e;
        mlsd__scored scored;
        mlsd__scoring_view(s, metric, &scored);
        status = mlsd__metric_score(a->scope, metric, &scored, rows, n, NAN, &e);
        if (status == MLSD_OK) *out = e.value;
    }
    mlsd__free(al, rows);
    return status;
}

/* The mean over splits of the score without minus the score with. */
static mlsd_status estimate(mlsd__audit *a, mlsd__audit_finding *f, const mlsd__fold_output *runs,
                            const mlsd__metric_ops *metric, uint8_t *flagged)
{
    const mlsd__audit_hits *const h = &f->hits;
    double sum = 0;
    int64_t n = 0, at = 0;
    for (int64_t k = 0; k < runs->n_splits; k++) {
        const mlsd__fold_run *const run = mlsd__fold_at(runs, 0, k);
        const int64_t first = at;
        for (; at < h->n_items && h->items[at].split == k; at++) flagged[h->items[at].row] = 1;
        mlsd_status status = MLSD_OK;
        double without = NAN;
        if (run->status == MLSD_OK && at > first) {
            status = score_without(a, &run->scoring, metric, k, flagged, &without);
        } else if (run->status == MLSD_OK) {
            without = mlsd__fold_scores(runs, 0, 0)[k];
        }
        for (int64_t i = first; i < at; i++) flagged[h->items[i].row] = 0;
        MLSD__TRY(status);
        const double gap = without - mlsd__fold_scores(runs, 0, 0)[k];
        if (isnan(gap)) continue;
        sum += gap;
        n++;
    }
    f->effect = n > 0 ? sum / (double)n : (double)NAN;
    return MLSD_OK;
}

mlsd_status mlsd__audit_effects(mlsd__audit *a)
{
    bool is_wanted = false;
    for (int64_t i = 0; i < a->n_findings; i++)
        is_wanted = is_wanted || a->findings[i].hits.n_items > 0;
    if (!a->keeps_all_hits || !is_wanted) return MLSD_OK;
    const char *const name = metric_of(a);
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(name, &metric));
    mlsd__fold_output runs;
    mlsd_status status = run_estimator(a, a->estimator, a->dataset, &name, &runs);
    uint8_t *const flagged = mlsd__alloc(a->scope->allocator, a->n_rows, 1);
    if (flagged == NULL && status == MLSD_OK) status = MLSD_E_NOMEM;
    for (int64_t i = 0; i < a->n_findings && status == MLSD_OK; i++) {
        if (a->findings[i].hits.n_items > 0)
            status = estimate(a, &a->findings[i], &runs, metric, flagged);
    }
    mlsd__free(a->scope->allocator, flagged);
    mlsd__fold_output_free(&runs);
    return status;
}

/* ---- preprocessing ---- */

/* The transforms of a pipeline as a pipeline of their own, and its last step. */
static mlsd_status cut_pipeline(mlsd__audit *a, mlsd_spec **out_head, const mlsd_spec **out_last)
{
    int64_t n = 0;
    *out_head = NULL;
    while (mlsd__spec_slot_at(a->estimator, "steps", n) != NULL) n++;
    if (n < 2) return MLSD_OK;
    *out_last = mlsd__spec_slot_at(a->estimator, "steps", n - 1);
    MLSD__TRY(mlsd__spec_new(a->scope->allocator, "pipeline", out_head));
    for (int64_t i = 0; i < n - 1; i++) {
        MLSD__TRY(mlsd_spec_add(*out_head, "steps",
                                mlsd__spec_slot_name_at(a->estimator, "steps", i),
                                mlsd__spec_slot_at(a->estimator, "steps", i)));
    }
    return MLSD_OK;
}

/* The whole data set as the transforms, fitted on all of it, make it. */
static mlsd_status transform_all(mlsd__audit *a, const mlsd_spec *head, mlsd_dataset **out)
{
    const mlsd__allocator *const al = a->scope->allocator;
    mlsd_model *model = NULL;
    double *x = NULL, *weight = NULL;
    int64_t size = 0;
    mlsd_status status = mlsd__model_fit(a->scope, head, a->dataset, NULL, NULL, &model);
    const int64_t width = status == MLSD_OK ? mlsd__model_width(model, MLSD_OUTPUT_FEATURES) : 0;
    if (status == MLSD_OK) status = mlsd__mul_size(a->n_rows, width, &size);
    if (status == MLSD_OK) {
        x = mlsd__alloc_raw(al, size, sizeof *x);
        status = x == NULL ? MLSD_E_NOMEM
                           : mlsd__model_predict(a->scope, model, a->dataset, MLSD_OUTPUT_FEATURES,
                                                 x, size);
    }
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(a->dataset, &weight);
    if (status == MLSD_OK) {
        const mlsd_matrix features = {x, a->n_rows, width, width, 1, MLSD_F64, 0};
        const mlsd_matrix y = {a->y, a->n_rows, 1, 1, 1, MLSD_F64, 0};
        const mlsd_matrix w = {weight, a->n_rows, 1, 1, 1, MLSD_F64, 0};
        status = mlsd_dataset_from_matrix(a->context, &features, &y, weight != NULL ? &w : NULL,
                                          a->task, out);
    }
    mlsd__free(&a->dataset->store->allocator, weight);
    mlsd__free(al, x);
    mlsd_model_free(model);
    return status;
}

static mlsd_status compare(mlsd__audit *a, const mlsd_spec *head, const mlsd_spec *last,
                           mlsd__estimate *out, double *out_inside)
{
    const char *const name = metric_of(a);
    mlsd_dataset *outside = NULL;
    mlsd__fold_output in_folds = {0}, out_folds = {0};
    mlsd_status status = transform_all(a, head, &outside);
    if (status == MLSD_OK) status = run_estimator(a, a->estimator, a->dataset, &name, &in_folds);
    if (status == MLSD_OK) status = run_estimator(a, last, outside, &name, &out_folds);
    if (status == MLSD_OK) {
        mlsd__estimate inside;
        mlsd__corrected_t(mlsd__fold_scores(&in_folds, 0, 0), in_folds.n_splits,
                          in_folds.test_train, LEVEL, &inside);
        *out_inside = inside.value;
        mlsd__corrected_t_paired(mlsd__fold_scores(&out_folds, 0, 0),
                                 mlsd__fold_scores(&in_folds, 0, 0), in_folds.n_splits,
                                 in_folds.test_train, LEVEL, out);
    }
    mlsd__fold_output_free(&out_folds);
    mlsd__fold_output_free(&in_folds);
    mlsd_dataset_free(outside);
    return status;
}

static mlsd_status preprocessing_open(mlsd__audit *a, void **out_state)
{
    (void)out_state;
    if (a->estimator == NULL) {
        mlsd__audit_skip(a, "no estimator is given");
    } else if (a->y == NULL) {
        mlsd__audit_skip(a, "the data set has no target");
    } else if (mlsd__spec_slot_at(a->estimator, "steps", 1) == NULL) {
        mlsd__audit_skip(a, "the estimator has no preprocessing steps");
    }
    return MLSD_OK;
}

static mlsd_status preprocessing_close(mlsd__audit *a, void *state)
{
    (void)state;
    mlsd_spec *head = NULL;
    const mlsd_spec *last = NULL;
    mlsd__estimate gap = {.value = NAN};
    double inside = NAN;
    mlsd_status status = cut_pipeline(a, &head, &last);
    if (status == MLSD_OK) status = compare(a, head, last, &gap, &inside);
    mlsd_spec_free(head);
    MLSD__TRY(status);
    mlsd__audit_measure(a, "score outside minus inside of the folds", gap.value);
    const mlsd__metric_ops *metric;
    MLSD__TRY(mlsd__metric_find(metric_of(a), &metric));
    const bool is_better = metric->greater_is_better ? gap.low > 0 : gap.high < 0;
    if (!is_better) return MLSD_OK;
    char from[MLSD__AUDIT_NUMBER], to[MLSD__AUDIT_NUMBER];
    MLSD__TRY(mlsd__audit_report(
        a, "preprocessing_leak", MLSD__WARNING, -1, 0, NULL, NULL,
        "fitting the preprocessing on all rows before they are split would turn %s %s into %s: "
        "keep it inside the folds, as a pipeline does, and hand in data that were not prepared "
        "before",
        metric_of(a), mlsd__audit_decimal(inside, 4, from),
        mlsd__audit_decimal(inside + gap.value, 4, to)));
    a->findings[a->n_findings - 1].effect = -gap.value;
    return MLSD_OK;
}

static void preprocessing_free(mlsd__audit *a, void *state)
{
    (void)a;
    (void)state;
}

const mlsd__audit_check mlsd__audit_preprocessing = {.name = "preprocessing",
                                                     .open = preprocessing_open,
                                                     .close = preprocessing_close,
                                                     .free_state = preprocessing_free};
