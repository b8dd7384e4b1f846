/* bbc.c - bootstrap bias corrected cross-validation: Tsamardinos, Greasidou & Borboudakis (2018),
 * "Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation",
 * Machine Learning 107:1895, algorithm 2.
 *
 * Rows are drawn with replacement; the candidate that is best on the drawn rows is scored on those
 * that were not drawn, and so on: no row that took part in a choice is asked about it. No model is
 * fitted. Draw b comes from a stream of its own, so draws may run in any order. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/bbc.h"

/* Rows between two looks at the cancel flag. */
enum { CHECK_ROWS = 4096 };

typedef struct job {
    const mlsd__bbc_input *in;
    const bool *takes_part; /* by candidate */
    double *errors;         /* by draw; NaN where every row was drawn */
} job;

static mlsd_status find_candidates(mlsd__scope *scope, const mlsd__bbc_input *in, bool *takes_part)
{
    for (int64_t c = 0; c < in->n_candidates; c++) takes_part[c] = true;
    for (int64_t i = 0; i < in->n_rows; i++) {
        const double *const row = in->losses + i * in->n_candidates;
        for (int64_t c = 0; c < in->n_candidates; c++) takes_part[c] &= !isnan(row[c]);
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* The best by sums over the same rows, ties to the first; -1 for none. */
static int64_t find_best(const job *j, const double *sums)
{
    int64_t best = -1;
    for (int64_t c = 0; c < j->in->n_candidates; c++) {
        if (!j->takes_part[c]) continue;
        if (best < 0 || (j->in->greater_is_better ? sums[c] > sums[best] : sums[c] < sums[best])) {
            best = c;
        }
    }
    return best;
}

/* Weighted sums of each candidate's losses over rows that count `counts` times (NULL: once). */
static mlsd_status add_up(mlsd__scope *scope, const mlsd__bbc_input *in, const int32_t *counts,
                          double *sums)
{
    memset(sums, 0, (size_t)in->n_candidates * sizeof *sums);
    for (int64_t i = 0; i < in->n_rows; i++) {
        if (i % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        const double count = counts == NULL ? 1 : counts[i];
        const double w = in->weight == NULL ? count : count * in->weight[i];
        if (!(w > 0)) continue;
        const double *const row = in->losses + i * in->n_candidates;
        for (int64_t c = 0; c < in->n_candidates; c++) sums[c] += w * row[c];
    }
    return MLSD_OK;
}

/* Mean loss of a candidate over the rows that were not drawn (counts NULL: over all). */
static double mean_left_out(const mlsd__bbc_input *in, const int32_t *counts, int64_t candidate)
{
    double sum = 0, total = 0;
    for (int64_t i = 0; i < in->n_rows; i++) {
        if (counts != NULL && counts[i] > 0) continue;
        const double w = in->weight == NULL ? 1 : in->weight[i];
        if (!(w > 0)) continue;
        sum += w * in->losses[i * in->n_candidates + candidate];
        total += w;
    }
    return total > 0 ? sum / total : NAN;
}

static mlsd_status run_draw(void *arg, int64_t draw, mlsd__scope *scope)
{
    const job *const j = arg;
    const mlsd__bbc_input *const in = j->in;
    mlsd__stream stream;
    mlsd_status status = MLSD_E_NOMEM;
    double *sums = NULL;
    int32_t *const counts = mlsd__alloc(scope->allocator, in->n_rows, sizeof *counts);
    if (counts == NULL) goto out;
    sums = mlsd__alloc_raw(scope->allocator, in->n_candidates, sizeof *sums);
    if (sums == NULL) goto out;
    mlsd__stream_init(&stream, (uint64_t)in->seed, (uint64_t)draw, 0, 0, MLSD__PURPOSE_BOOTSTRAP);
    for (int64_t i = 0; i < in->n_rows; i++) {
        counts[mlsd__stream_below(&stream, (uint64_t)in->n_rows)]++;
    }
    status = add_up(scope, in, counts, sums);
    if (status == MLSD_OK) j->errors[draw] = mean_left_out(in, counts, find_best(j, sums));
out:
    mlsd__free(scope->allocator, sums);
    mlsd__free(scope->allocator, counts);
    return status;
}

/* Mean and percentiles of what the draws gave. */
static mlsd_status conclude(mlsd__scope *scope, const mlsd__bbc_input *in, const double *errors,
                            mlsd__estimate *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_status status = MLSD_E_NOMEM;
    double *const sorted = mlsd__alloc_raw(a, in->n_draws, sizeof *sorted);
    int64_t *const order = mlsd__alloc_raw(a, in->n_draws, sizeof *order);
    if (sorted == NULL || order == NULL) goto out;
    status = mlsd__argsort(a, errors, in->n_draws, order);
    if (status != MLSD_OK) goto out;
    int64_t n = 0; /* NaN stand last */
    while (n < in->n_draws && !isnan(errors[order[n]])) {
        sorted[n] = errors[order[n]];
        n++;
    }
    if (n == 0) goto out;
    double variance = NAN;
    mlsd__mean_variance(sorted, NULL, n, 0, &out->value, &variance);
    out->se = sqrt(variance);
    out->low = mlsd__quantile_sorted(sorted, n, 0.5 - in->level / 2);
    out->high = mlsd__quantile_sorted(sorted, n, 0.5 + in->level / 2);
out:
    mlsd__free(a, order);
    mlsd__free(a, sorted);
    return status;
}

mlsd_status mlsd__bbc_estimate(mlsd__scope *scope, const mlsd__bbc_input *in, mlsd__bbc *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__bbc){.chosen = -1, .selected = NAN};
    mlsd__estimate_undefined(&out->estimate);
    mlsd_status status = MLSD_E_NOMEM;
    bool *const takes_part = mlsd__alloc(a, in->n_candidates, sizeof *takes_part);
    double *const sums = mlsd__alloc_raw(a, in->n_candidates, sizeof *sums);
    double *const errors = mlsd__alloc_raw(a, in->n_draws, sizeof *errors);
    job j = {.in = in, .takes_part = takes_part, .errors = errors};
    if (takes_part == NULL || sums == NULL || errors == NULL) goto out;
    status = find_candidates(scope, in, takes_part);
    if (status == MLSD_OK) status = add_up(scope, in, NULL, sums);
    if (status != MLSD_OK) goto out;
    out->chosen = find_best(&j, sums);
    if (out->chosen < 0) goto out;
    out->selected = mean_left_out(in, NULL, out->chosen);
    mlsd__stage_begin(scope, "bootstrap", in->n_draws);
    status = mlsd__parallel_for(scope, in->n_draws, run_draw, &j);
    mlsd__stage_end(scope);
    if (status == MLSD_OK) status = conclude(scope, in, errors, &out->estimate);
    out->estimate.n_rows = (double)in->n_rows;
out:
    mlsd__free(a, errors);
    mlsd__free(a, sums);
    mlsd__free(a, takes_part);
    return status;
}
