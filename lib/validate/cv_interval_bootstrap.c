/* cv_interval_bootstrap.c - the bootstrap samples behind the .632 and .632+ estimates: fits are
 * made some samples at a time, and what they bring is added up in the order of the samples, so that
 * predictions of all of them need not be kept. */
#include <math.h>
#include <string.h>

#include "split/folds_lists.h"
#include "split/splitter.h"
#include "numeric/sum.h"
#include "validate/bootstrap_632.h"
#include "validate/cv_interval.h"

/* Samples whose predictions are in memory at a time. */
enum { CHUNK = 32 };

/* Some splits of the folds as folds of their own. */
static mlsd_status slice(mlsd__scope *scope, const mlsd_folds *folds, int64_t first, int64_t n,
                         mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t last = mlsd_folds_n_parts(folds) - 1;
    int64_t starts[2 * CHUNK], sizes[2 * CHUNK], total = 0;
    for (int64_t k = 0; k < n; k++) {
        for (int64_t part = 0; part < 2; part++) {
            starts[2 * k + part] = total;
            sizes[2 * k + part] = mlsd_folds_part_size(folds, first + k, part == 0 ? 0 : last);
            total += sizes[2 * k + part];
        }
    }
    int64_t *const rows = mlsd__alloc_raw(a, total, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < 2 * n && status == MLSD_OK; i++) {
        status = mlsd_folds_part(folds, first + i / 2, i % 2 == 0 ? 0 : last, rows + starts[i],
                                 sizes[i]);
    }
    const mlsd__fold_lists lists = {.n_rows = mlsd_folds_n_rows(folds),
                                    .n_splits = n,
                                    .n_parts = 2,
                                    .starts = starts,
                                    .sizes = sizes,
                                    .rows = rows};
    if (status == MLSD_OK) status = mlsd__folds_from_lists(scope, &lists, out);
    mlsd__free(a, rows);
    return status;
}

/* Losses as the estimate wants them: the smaller the better. */
static void losses_of(const mlsd__metric_ops *metric, const mlsd__scoring *s, double *out)
{
    mlsd__row_losses(metric, s, out);
    for (int64_t i = 0; metric->greater_is_better && i < s->n; i++) out[i] = 1 - out[i];
}

typedef struct rows_of_split {
    int64_t *drawn, *left_out;
    double *losses;
} rows_of_split;

static mlsd_status add_split(const mlsd__allocator *a, const mlsd__interval_job *job,
                             const mlsd_folds *folds, const mlsd__fold_output *runs, int64_t k,
                             mlsd__bootstrap_sums *sums)
{
    const mlsd__scoring *const s = &mlsd__fold_at(runs, 0, k)->scoring;
    const int64_t n_drawn = mlsd_folds_part_size(folds, k, 0);
    mlsd_status status = MLSD_E_NOMEM;
    if (s->n == 0) return MLSD_OK;
    rows_of_split r = {.drawn = mlsd__alloc_raw(a, n_drawn, sizeof *r.drawn),
                       .left_out = mlsd__alloc_raw(a, s->n, sizeof *r.left_out),
                       .losses = mlsd__alloc_raw(a, s->n, sizeof *r.losses)};
    if (r.drawn == NULL || r.left_out == NULL || r.losses == NULL) goto out;
    status = mlsd_folds_part(folds, k, 0, r.drawn, n_drawn);
    if (status == MLSD_OK) status = mlsd_folds_part(folds, k, 1, r.left_out, s->n);
    if (status != MLSD_OK) goto out;
    losses_of(job->metric, s, r.losses);
    mlsd__bootstrap_add(sums, r.drawn, n_drawn, r.left_out, r.losses, s->n);
out:
    mlsd__free(a, r.losses);
    mlsd__free(a, r.left_out);
    mlsd__free(a, r.drawn);
    return status;
}

static mlsd_status run_chunk(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                             const mlsd_folds *folds, mlsd__bootstrap_sums *sums,
                             mlsd__cv_interval *out)
{
    mlsd__fold_output runs;
    mlsd_status status = mlsd__interval_run(scope, job, folds, model, 1, &runs);
    for (int64_t k = 0; k < runs.n_splits && status == MLSD_OK; k++) {
        status = add_split(scope->allocator, job, folds, &runs, k, sums);
    }
    if (status == MLSD_OK) {
        out->n_done += mlsd__fold_n_done(&runs, 0);
        out->n_failed += runs.n_splits - mlsd__fold_n_done(&runs, 0);
        mlsd__cv_interval_note(out, mlsd__fold_first_message(&runs, 0));
        status = mlsd__cv_interval_plan(out, &runs);
    }
    mlsd__fold_output_free(&runs);
    return status;
}

/* One split that trains and tests on all rows. */
static mlsd_status all_rows(mlsd__scope *scope, int64_t n, mlsd_folds **out)
{
    int64_t *const rows = mlsd__alloc_raw(scope->allocator, n, sizeof *rows);
    if (rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) rows[i] = i;
    const int64_t starts[] = {0, 0}, sizes[] = {n, n};
    const mlsd__fold_lists lists = {
        .n_rows = n, .n_splits = 1, .n_parts = 2, .starts = starts, .sizes = sizes, .rows = rows};
    const mlsd_status status = mlsd__folds_from_lists(scope, &lists, out);
    mlsd__free(scope->allocator, rows);
    return status;
}

/* The error of the model of all rows on them, and what it would be without information. */
static mlsd_status run_apparent(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                mlsd__cv_interval *out, double *apparent, double *no_information)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_folds *folds = NULL;
    double *losses = NULL, variance = 0;
    mlsd__fold_output runs = {0};
    *apparent = *no_information = NAN;
    mlsd_status status = all_rows(scope, mlsd_dataset_n_rows(job->in->dataset), &folds);
    if (status == MLSD_OK) status = mlsd__interval_run(scope, job, folds, model, 1, &runs);
    if (status != MLSD_OK) goto out;
    mlsd__cv_interval_note(out, mlsd__fold_first_message(&runs, 0));
    const mlsd__scoring *const s = &mlsd__fold_at(&runs, 0, 0)->scoring;
    if (s->n == 0) goto out;
    losses = mlsd__alloc_raw(a, s->n, sizeof *losses);
    if (losses == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    losses_of(job->metric, s, losses);
    mlsd__mean_variance(losses, s->weight, s->n, 0, apparent, &variance);
    mlsd__scored scored;
    mlsd__scoring_view(s, job->metric, &scored);
    status = mlsd__no_information(scope, job->metric, &scored, no_information);
out:
    mlsd__free(a, losses);
    mlsd__fold_output_free(&runs);
    mlsd_folds_free(folds);
    return status;
}

/* An error back on the metric's own scale. */
static double as_metric(const mlsd__metric_ops *metric, double error)
{
    mlsd__estimate e = {.value = error, .se = NAN, .low = NAN, .high = NAN};
    mlsd__row_loss_to_metric(metric, &e);
    return metric->greater_is_better ? 1 - e.value : e.value;
}

static void tell(const mlsd__metric_ops *metric, const mlsd__bootstrap_632 *b, bool plus,
                 mlsd__cv_interval *out)
{
    mlsd__estimate *const e = &out->estimate;
    *e = b->estimate;
    if (metric->greater_is_better) {
        e->value = 1 - b->estimate.value;
        e->low = 1 - b->estimate.high;
        e->high = 1 - b->estimate.low;
    }
    mlsd__row_loss_to_metric(metric, e);
    mlsd__cv_interval_number(out, "apparent", as_metric(metric, b->apparent));
    mlsd__cv_interval_number(out, "out_of_bag", as_metric(metric, b->out_of_bag));
    if (!plus) return;
    mlsd__cv_interval_number(out, "no_information", as_metric(metric, b->no_information));
    mlsd__cv_interval_number(out, "overfitting_rate", b->overfitting);
    mlsd__cv_interval_number(out, "weight", b->weight);
}

static mlsd_status run_samples(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                               mlsd__bootstrap_sums *sums, mlsd__cv_interval *out)
{
    const int64_t n_splits = mlsd_folds_n_splits(job->folds);
    mlsd_status status = MLSD_OK;
    for (int64_t first = 0; first < n_splits && status == MLSD_OK; first += CHUNK) {
        const int64_t n = n_splits - first < CHUNK ? n_splits - first : CHUNK;
        mlsd_folds *chunk = NULL;
        status = slice(scope, job->folds, first, n, &chunk);
        if (status == MLSD_OK) status = run_chunk(scope, job, model, chunk, sums, out);
        mlsd_folds_free(chunk);
    }
    return status;
}

static mlsd_status bootstrap(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                             bool plus, mlsd__cv_interval *out)
{
    const mlsd_dataset *const d = job->in->dataset;
    double *weight = NULL, apparent, no_information;
    mlsd__bootstrap_sums sums = {0};
    mlsd__bootstrap_632 b;
    MLSD__TRY(mlsd__dataset_gather_weight(d, &weight));
    mlsd_status status =
        mlsd__bootstrap_open(&sums, scope->allocator, weight, mlsd_dataset_n_rows(d));
    if (status != MLSD_OK) goto out;
    status = run_apparent(scope, job, model, out, &apparent, &no_information);
    if (status == MLSD_OK && isnan(apparent)) {
        out->n_failed = 1;
        goto out;
    }
    if (status == MLSD_OK) status = run_samples(scope, job, model, &sums, out);
    if (status != MLSD_OK || sums.n_samples == 0) goto out;
    mlsd__bootstrap_finish(&sums, apparent, no_information, plus, job->params->level, &b);
    tell(job->metric, &b, plus, out);
out:
    if (sums.allocator != NULL) mlsd__bootstrap_close(&sums);
    mlsd__free(&d->store->allocator, weight);
    return status;
}

mlsd_status mlsd__cv_interval_632(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                  mlsd__cv_interval *out)
{
    return bootstrap(scope, job, model, false, out);
}

mlsd_status mlsd__cv_interval_632_plus(mlsd__scope *scope, const mlsd__interval_job *job,
                                       int64_t model, mlsd__cv_interval *out)
{
    return bootstrap(scope, job, model, true, out);
}
