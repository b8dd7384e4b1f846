/* enet_folds.c - lasso and elastic net for many settings, and many folds, at once (model/path.h).
 *
 * What is dear is X'X: it is made once for the training rows of a fold, or once for each part of
 * the rows (moment_folds.h), whose sums are the training moments of every split. Each setting then
 * descends from 0 as it does alone, so that answers do not depend on what else is asked for: from
 * the rows of one fold bit for bit, from moments of parts to their rounding. */
#include <string.h>

#include "model/linear/elastic_net.h"
#include "model/moment_folds.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "numeric/sum.h"

static const mlsd__enet_params *params_of(const mlsd_spec *spec)
{
    return mlsd__spec_params(spec);
}

/* Nothing but the intercept is in X'X. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    return (params_of(a)->fit_intercept != 0) == (params_of(b)->fit_intercept != 0);
}

/* Fit each setting to a problem; states of those before a failure are the caller's as well. */
typedef struct settings_job {
    const mlsd_spec *const *settings;
    const mlsd__enet_problem *problem;
    mlsd__linear_state **states;
} settings_job;

static mlsd_status fit_setting(void *arg, int64_t i, mlsd__scope *scope)
{
    const settings_job *const job = arg;
    MLSD__TRY(mlsd__enet_state_new(scope->allocator, job->problem->p, &job->states[i]));
    return mlsd__enet_fit_problem(scope, job->settings[i], job->problem, job->states[i]);
}

static void states_free(mlsd__linear_state **states, int64_t n, const mlsd__allocator *a)
{
    for (int64_t i = 0; states != NULL && i < n; i++)
        if (states[i] != NULL) mlsd__linear_free(a, states[i]);
    mlsd__free(a, states);
}

/* Rows to predict, less a shift and divided (NULL: as they are). */
typedef struct taking {
    const mlsd__path_sink *sink;
    const mlsd__frame *rows;
    const double *shift, *divisor;
    int64_t split, part;
    const mlsd__train *all; /* squares are wanted: the rows' targets, by `numbers` */
    const int64_t *numbers;
} taking;

static mlsd_status predict_setting(mlsd__scope *scope, const taking *t,
                                   const mlsd__linear_state *state, double *room, double *out)
{
    mlsd__row_reader reader;
    const int64_t p = state->p;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, t->rows);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(t->rows->n_rows); b++) {
        int64_t first, n, ld;
        const double *x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        for (int64_t i = 0; t->divisor != NULL && i < n; i++)
            for (int64_t j = 0; j < p; j++)
                room[i * p + j] = (x[i * ld + j] - t->shift[j]) / t->divisor[j];
        if (t->divisor != NULL) x = room, ld = p;
        mlsd__linear_predict_block(state, x, n, ld, MLSD_OUTPUT_VALUE, out + first, NULL);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static double squares_of(const taking *t, const double *prediction)
{
    double sum = 0;
    for (int64_t i = 0; i < t->rows->n_rows; i++) {
        const int64_t row = t->numbers[i];
        const double e = t->all->y[row] - prediction[i];
        sum += (t->all->weight != NULL ? t->all->weight[row] : 1) * e * e;
    }
    return sum;
}

static mlsd_status take(mlsd__scope *scope, const taking *t, mlsd__linear_state *const *states,
                        int64_t n_settings)
{
    const int64_t n = t->rows->n_rows, p = t->rows->n_features;
    const int64_t most = n < MLSD__BLOCK_ROWS ? n : MLSD__BLOCK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(most, t->divisor != NULL ? p : 0, &size));
    double *const out = mlsd__alloc_raw(scope->allocator, n + size, sizeof *out);
    mlsd_status status = out == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n_settings; i++) {
        status = predict_setting(scope, t, states[i], out + n, out);
        if (status != MLSD_OK) break;
        if (t->all == NULL) {
            status = t->sink->take(t->sink->user, scope, t->split, i, t->part, out);
        } else {
            const double squares = squares_of(t, out);
            status = t->sink->take_squares(t->sink->user, t->split, i, t->part, &squares);
        }
    }
    mlsd__free(scope->allocator, out);
    return status;
}

static mlsd_status fit_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                            mlsd__linear_state **states)
{
    mlsd__enet_problem problem = {0};
    MLSD__TRY(mlsd__enet_open(scope, fold->train, params_of(fold->settings[0])->fit_intercept != 0,
                              &problem));
    settings_job job = {.settings = fold->settings, .problem = &problem, .states = states};
    const mlsd_status status = mlsd__parallel_for(scope, fold->n_settings, fit_setting, &job);
    mlsd__enet_close(&problem, scope->allocator);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = fold->n_settings;
    mlsd__linear_state **const states = mlsd__alloc(a, n, sizeof(mlsd__linear_state *));
    if (states == NULL) return MLSD_E_NOMEM;
    mlsd_status status = fit_fold(scope, fold, states);
    if (status == MLSD_OK) status = mlsd__path_require_finite(scope, fold);
    if (mlsd__path_is_about_data(status)) {
        status = mlsd__path_fail_all(fold, status);
    } else {
        for (int64_t part = 0; status == MLSD_OK && part < fold->n_parts; part++) {
            const taking t = {
                .sink = fold->sink, .rows = &fold->parts[part], .split = fold->split, .part = part};
            status = take(scope, &t, states, n);
        }
    }
    states_free(states, n, a);
    return status;
}

/* All folds at once. */

/* Moments of the columns as the step before makes them of the training rows. */
static void standardise(mlsd__gram *train, bool with_mean, const double *divisor)
{
    const int64_t q = train->q, p = q - 1;
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) train->scatter[i * q + j] /= divisor[i] * divisor[j];
        train->scatter[i * q + p] /= divisor[i];
        train->mean[i] = with_mean ? 0 : train->mean[i] / divisor[i];
    }
}

static bool is_finite_gram(const mlsd__gram *g)
{
    return !mlsd__any_nonfinite(g->mean, g->q);
}

static mlsd_status take_split(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                              mlsd__linear_state *const *states, const double *shift,
                              const double *divisor)
{
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    int64_t *const storage = mlsd__alloc_raw(scope->allocator, rows->n_test, sizeof *storage);
    if (storage == NULL) return MLSD_E_NOMEM;
    mlsd__frame test;
    mlsd__frame_select(job->x, rows->test, rows->n_test, storage, &test);
    const taking t = {.sink = job->folds->sink,
                      .rows = &test,
                      .shift = shift,
                      .divisor = divisor,
                      .split = split,
                      .all = job->folds->wants_squares_only ? job->folds->all : NULL,
                      .numbers = rows->test};
    const mlsd_status status = take(scope, &t, states, job->folds->n_settings);
    mlsd__free(scope->allocator, storage);
    return status;
}

/* All settings on the moments of a split's training rows. */
static mlsd_status solve_moments(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                                 mlsd__gram *train)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->folds->n_settings, p = train->q - 1;
    const bool is_changed = job->folds->standardize != NULL;
    mlsd__enet_problem problem = {0};
    mlsd__linear_state **const states = mlsd__alloc(a, n, sizeof(mlsd__linear_state *));
    double *const shift = mlsd__alloc(a, p, sizeof *shift);
    double *const divisor = mlsd__alloc(a, p, sizeof *divisor);
    mlsd_status status =
        states == NULL || shift == NULL || divisor == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        if (is_changed) {
            mlsd__moment_folds_scales(job, train, shift, divisor);
            standardise(train, job->with_mean, divisor);
        }
        status = mlsd__enet_open_moments(
            scope, train, params_of(job->folds->settings[0])->fit_intercept != 0, NULL, &problem);
    }
    settings_job settings = {
        .settings = job->folds->settings, .problem = &problem, .states = states};
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) status = fit_setting(&settings, i, scope);
    mlsd__enet_close(&problem, a);
    if (status == MLSD_OK) {
        job->is_served[split] = true;
        status = take_split(job, scope, split, states, is_changed ? shift : NULL,
                            is_changed ? divisor : NULL);
    }
    mlsd__free(a, shift);
    mlsd__free(a, divisor);
    states_free(states, n, a);
    return mlsd__path_is_about_data(status) && !job->is_served[split] ? MLSD_OK : status;
}

static mlsd_status solve_split(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                               const uint8_t *is_train, const uint8_t *is_test)
{
    bool is_finite = true;
    for (int64_t k = 0; k < job->moments->n_parts; k++)
        if (is_test[k])
            is_finite = is_finite && is_finite_gram(mlsd__fold_moments_part(job->moments, k));
    if (!is_finite || !mlsd__enet_wants_moments(job->folds->splits[split].n_train, job->p))
        return MLSD_OK;
    mlsd__gram train;
    MLSD__TRY(mlsd__gram_init(&train, scope->allocator, job->moments->q));
    mlsd__fold_moments_sum(job->moments, is_train, &train);
    mlsd_status status = MLSD_OK;
    if (is_finite_gram(&train) && train.weight > 0)
        status = solve_moments(job, scope, split, &train);
    mlsd__gram_free(&train, scope->allocator);
    return status;
}

static bool is_for_folds(const mlsd__path_folds *folds)
{
    const mlsd__train *const all = folds->all;
    const int64_t p = all->x->n_features;
    if (all->n_more_targets > 0 || p == 0 || !mlsd__frame_is_numeric(all->x)) return false;
    for (int64_t k = 0; k < folds->n_splits; k++)
        if (mlsd__enet_wants_moments(folds->splits[k].n_train, p)) return true;
    return false;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    mlsd__moment_folds job = {
        .folds = folds, .p = folds->all->x->n_features, .t = 1, .solve = solve_split};
    *out_served = false;
    if (!is_for_folds(folds)) return MLSD_OK;
    MLSD__TRY(mlsd__moment_folds_open(scope, &job));
    const mlsd_status status = mlsd__moment_folds_run(scope, &job);
    *out_served = status == MLSD_OK && mlsd__moment_folds_served(&job);
    mlsd__moment_folds_close(&job, scope->allocator);
    return status;
}

const mlsd__path_ops mlsd__enet_path_ops = {
    .run_plan = "one pass over the rows of a fold for all settings",
    .folds_plan = "moments of the folds from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};
