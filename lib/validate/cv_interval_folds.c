/* cv_interval_folds.c - the methods of cv_interval that need one run over the folds: corrected t on
 * their scores, Wald and BBC on the losses of their rows. */
#include <math.h>
#include <string.h>

#include "split/splitter.h"
#include "validate/bbc.h"
#include "validate/corrected.h"
#include "validate/cv_interval.h"
#include "validate/interval.h"

static mlsd_status count_runs(const mlsd__fold_output *runs, mlsd__cv_interval *out)
{
    for (int64_t e = 0; e < runs->n_estimators; e++) {
        const int64_t n_done = mlsd__fold_n_done(runs, e);
        out->n_done += n_done;
        out->n_failed += runs->n_splits - n_done;
        mlsd__cv_interval_note(out, mlsd__fold_first_message(runs, e));
    }
    return mlsd__cv_interval_plan(out, runs);
}

mlsd_status mlsd__interval_run(mlsd__scope *scope, const mlsd__interval_job *job,
                               const mlsd_folds *folds, int64_t first, int64_t n,
                               mlsd__fold_output *runs)
{
    const mlsd__fold_input fits = {.estimators = job->models->specs + first,
                                   .n_estimators = n,
                                   .dataset = job->in->dataset,
                                   .folds = folds,
                                   .metrics = &job->metric_name,
                                   .n_metrics = 1,
                                   .keep_predictions = true};
    memset(runs, 0, sizeof *runs);
    return mlsd__fold_run_all(scope, &fits, runs);
}

mlsd_status mlsd__cv_interval_corrected(mlsd__scope *scope, const mlsd__interval_job *job,
                                        int64_t model, mlsd__cv_interval *out)
{
    mlsd__fold_output runs;
    const mlsd__fold_input fits = {.estimators = job->models->specs + model,
                                   .n_estimators = 1,
                                   .dataset = job->in->dataset,
                                   .folds = job->folds,
                                   .metrics = &job->metric_name,
                                   .n_metrics = 1};
    mlsd_status status = mlsd__fold_run_all(scope, &fits, &runs);
    if (status == MLSD_OK) status = count_runs(&runs, out);
    if (status == MLSD_OK) {
        mlsd__corrected_t(mlsd__fold_scores(&runs, 0, 0), runs.n_splits, runs.test_train,
                          job->params->level, &out->estimate);
    }
    mlsd__fold_output_free(&runs);
    return status;
}

/* Losses of one model's test rows, split by split; those of splits that failed are left out. Ended
 * by _free, also after a failure. */
typedef struct row_losses {
    double *loss, *weight; /* weight NULL: ones */
    int64_t *starts;
    int64_t n_splits; /* that did not fail */
} row_losses;

static void row_losses_free(const mlsd__allocator *a, row_losses *l)
{
    mlsd__free(a, l->loss);
    mlsd__free(a, l->weight);
    mlsd__free(a, l->starts);
}

static mlsd_status row_losses_gather(const mlsd__allocator *a, const mlsd__interval_job *job,
                                     const mlsd__fold_output *runs, row_losses *out)
{
    int64_t n = 0;
    bool has_weight = false;
    for (int64_t k = 0; k < runs->n_splits; k++) {
        n += mlsd__fold_at(runs, 0, k)->scoring.n;
        has_weight |= mlsd__fold_at(runs, 0, k)->scoring.weight != NULL;
    }
    *out = (row_losses){0};
    out->starts = mlsd__alloc(a, runs->n_splits + 1, sizeof *out->starts);
    out->loss = mlsd__alloc_raw(a, n, sizeof *out->loss);
    if (has_weight) out->weight = mlsd__alloc_raw(a, n, sizeof *out->weight);
    if (out->starts == NULL || out->loss == NULL) return MLSD_E_NOMEM;
    if (has_weight && out->weight == NULL) return MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; k < runs->n_splits; k++) {
        const mlsd__scoring *const s = &mlsd__fold_at(runs, 0, k)->scoring;
        if (s->n == 0) continue;
        mlsd__row_losses(job->metric, s, out->loss + at);
        if (has_weight) memcpy(out->weight + at, s->weight, (size_t)s->n * sizeof *s->weight);
        at += s->n;
        out->starts[++out->n_splits] = at;
    }
    return MLSD_OK;
}

static mlsd_status wald(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                        bool within, mlsd__cv_interval *out)
{
    mlsd__fold_output runs;
    row_losses l = {0};
    mlsd_status status = mlsd__interval_run(scope, job, job->folds, model, 1, &runs);
    if (status == MLSD_OK) status = row_losses_gather(scope->allocator, job, &runs, &l);
    if (status == MLSD_OK) status = count_runs(&runs, out);
    if (status == MLSD_OK) {
        mlsd__interval_wald(l.loss, l.weight, l.starts, l.n_splits, within, job->params->level,
                            &out->estimate);
        mlsd__row_loss_to_metric(job->metric, &out->estimate);
    }
    row_losses_free(scope->allocator, &l);
    mlsd__fold_output_free(&runs);
    return status;
}

mlsd_status mlsd__cv_interval_wald(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                   mlsd__cv_interval *out)
{
    return wald(scope, job, model, false, out);
}

mlsd_status mlsd__cv_interval_wald_within(mlsd__scope *scope, const mlsd__interval_job *job,
                                          int64_t model, mlsd__cv_interval *out)
{
    return wald(scope, job, model, true, out);
}

/* Losses row by row, a column a model; of rows that are tested several times their mean. */
typedef struct loss_matrix {
    double *losses, *weight; /* n_rows x n_models; weight NULL: ones */
    double *n_tested;        /* by row and model */
    int64_t n_rows;          /* those that are tested, first in order */
} loss_matrix;

static void loss_matrix_free(const mlsd__allocator *a, loss_matrix *m)
{
    mlsd__free(a, m->losses);
    mlsd__free(a, m->weight);
    mlsd__free(a, m->n_tested);
}

static mlsd_status add_split(const mlsd__allocator *a, const mlsd__interval_job *job,
                             const mlsd__fold_output *runs, int64_t k, loss_matrix *m)
{
    const int64_t n = mlsd__fold_at(runs, 0, k)->n_test, C = runs->n_estimators;
    mlsd_status status = MLSD_E_NOMEM;
    int64_t *const rows = mlsd__alloc_raw(a, n, sizeof *rows);
    double *const losses = mlsd__alloc_raw(a, n, sizeof *losses);
    if (rows == NULL || losses == NULL) goto out;
    status = mlsd_folds_part(job->folds, k, mlsd_folds_n_parts(job->folds) - 1, rows, n);
    for (int64_t e = 0; e < C && status == MLSD_OK; e++) {
        const mlsd__scoring *const s = &mlsd__fold_at(runs, e, k)->scoring;
        if (s->n > 0) mlsd__row_losses(job->metric, s, losses);
        for (int64_t i = 0; i < n; i++) {
            m->losses[rows[i] * C + e] += s->n > 0 ? losses[i] : NAN;
            m->n_tested[rows[i] * C + e] += 1;
        }
    }
out:
    mlsd__free(a, losses);
    mlsd__free(a, rows);
    return status;
}

/* Means in place of sums, and rows that no split tests out of the way. */
static void compact(loss_matrix *m, int64_t n_rows, int64_t C)
{
    for (int64_t i = 0; i < n_rows; i++) {
        if (!(m->n_tested[i * C] > 0)) continue;
        for (int64_t e = 0; e < C; e++) {
            m->losses[m->n_rows * C + e] = m->losses[i * C + e] / m->n_tested[i * C + e];
        }
        if (m->weight != NULL) m->weight[m->n_rows] = m->weight[i];
        m->n_rows++;
    }
}

static mlsd_status loss_matrix_make(const mlsd__interval_job *job, const mlsd__fold_output *runs,
                                    const mlsd__allocator *a, loss_matrix *m)
{
    const mlsd_dataset *const d = job->in->dataset;
    const int64_t n = mlsd_dataset_n_rows(d), C = runs->n_estimators;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(n, C, &size));
    m->losses = mlsd__alloc(a, size, sizeof *m->losses);
    m->n_tested = mlsd__alloc(a, size, sizeof *m->n_tested);
    if (m->losses == NULL || m->n_tested == NULL) return MLSD_E_NOMEM;
    double *weight = NULL;
    MLSD__TRY(mlsd__dataset_gather_weight(d, &weight));
    if (weight != NULL) {
        m->weight = mlsd__memdup(a, weight, n, sizeof *weight);
        mlsd__free(&d->store->allocator, weight);
        if (m->weight == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t k = 0; k < runs->n_splits; k++) MLSD__TRY(add_split(a, job, runs, k, m));
    compact(m, n, C);
    return MLSD_OK;
}

mlsd_status mlsd__cv_interval_bbc(mlsd__scope *scope, const mlsd__interval_job *job, int64_t model,
                                  mlsd__cv_interval *out)
{
    (void)model; /* the best of all */
    const mlsd__allocator *const a = scope->allocator;
    mlsd__fold_output runs;
    loss_matrix m = {0};
    mlsd__bbc bbc;
    mlsd_status status = mlsd__interval_run(scope, job, job->folds, 0, job->models->n, &runs);
    if (status == MLSD_OK) status = loss_matrix_make(job, &runs, a, &m);
    if (status == MLSD_OK) status = count_runs(&runs, out);
    if (status != MLSD_OK) goto out;
    const mlsd__bbc_input in = {.losses = m.losses,
                                .weight = m.weight,
                                .n_rows = m.n_rows,
                                .n_candidates = job->models->n,
                                .greater_is_better = job->metric->greater_is_better,
                                .n_draws = job->n_repeats,
                                .seed = job->params->seed,
                                .level = job->params->level};
    status = mlsd__bbc_estimate(scope, &in, &bbc);
    if (status != MLSD_OK) goto out;
    mlsd__estimate selected = {.value = bbc.selected, .low = NAN, .high = NAN, .se = NAN};
    out->chosen = bbc.chosen;
    out->estimate = bbc.estimate;
    mlsd__row_loss_to_metric(job->metric, &out->estimate);
    mlsd__row_loss_to_metric(job->metric, &selected);
    mlsd__cv_interval_number(out, "selected", selected.value);
    mlsd__cv_interval_number(out, "optimism", out->estimate.value - selected.value);
out:
    loss_matrix_free(a, &m);
    mlsd__fold_output_free(&runs);
    return status;
}
