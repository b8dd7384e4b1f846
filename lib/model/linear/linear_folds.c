/* linear_folds.c - all folds of penalised least squares from one pass over the data.
 *
 * The training and the test moments of a split are sums of the moments of atoms (moment_folds.h),
 * and a task solves one split for all penalties (fold_solution.h). Training means, and standard
 * deviations where there is a step that standardises, are those of the split's own training rows.
 * Splits that this does not suit are neither taken nor failed. */
#include "model/linear/linear_folds.h"

#include "model/linear/fold_solution.h"
#include "model/linear/linear_loo.h"
#include "model/linear/linear_moments.h"
#include "model/moment_folds.h"
#include "model/row_pass.h"

enum {
    PREDICT_ROWS = 512,                /* that are read at a time */
    MOST_OUT_DOUBLES = 4 * 1024 * 1024 /* of predictions that wait to be taken: 32 MB */
};
static const double LITTLE_WORK = 5e5; /* operations: some tenths of a millisecond */

static const mlsd__linear_problem *problem_of(const mlsd__moment_folds *job)
{
    return job->user;
}

/* Predictions for the test rows, some settings at a time. */
static mlsd_status take_predictions(const mlsd__moment_folds *job, mlsd__scope *scope,
                                    int64_t split, const mlsd__fold_solution *s)
{
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    const mlsd__path_sink *const sink = job->folds->sink;
    const int64_t q = s->p + s->t, m = rows->n_test, size = m * s->t;
    const int64_t fitting = MOST_OUT_DOUBLES / (size > 0 ? size : 1);
    const int64_t most = fitting < 1 ? 1 : fitting < s->n_settings ? fitting : s->n_settings;
    double *const out = mlsd__alloc_raw(scope->allocator, most * size, sizeof *out);
    double *const z = mlsd__alloc_raw(scope->allocator, PREDICT_ROWS * q, sizeof *z);
    mlsd_status status = out == NULL || z == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < s->n_settings; first += most) {
        const int64_t n_here = s->n_settings - first < most ? s->n_settings - first : most;
        for (int64_t at = 0; status == MLSD_OK && at < m; at += PREDICT_ROWS) {
            const int64_t n = m - at < PREDICT_ROWS ? m - at : PREDICT_ROWS;
            status = mlsd__moment_folds_read(job, scope, rows->test + at, n, s->origin, z, q);
            if (status == MLSD_OK) mlsd__fold_predict(s, first, n_here, z, n, q, at, m, out);
            if (status == MLSD_OK) status = mlsd__checkpoint(scope);
        }
        for (int64_t l = 0; status == MLSD_OK && l < n_here; l++)
            status = sink->take(sink->user, scope, split, first + l, 0, out + l * size);
    }
    mlsd__free(scope->allocator, z);
    mlsd__free(scope->allocator, out);
    return status;
}

/* The sums that moments lost, over the rows. */
static mlsd_status add_squares_of_rows(const mlsd__moment_folds *job, mlsd__scope *scope,
                                       int64_t split, const mlsd__fold_solution *s,
                                       const uint8_t *is_lost, double *squares)
{
    const mlsd__path_rows *const rows = &job->folds->splits[split];
    const double *const all_weights = job->folds->all->weight;
    const int64_t q = s->p + s->t, n_sums = s->n_settings * s->t;
    double *const z = mlsd__alloc_raw(scope->allocator, PREDICT_ROWS * (q + 1 + n_sums), sizeof *z);
    if (z == NULL) return MLSD_E_NOMEM;
    double *const weight = z + PREDICT_ROWS * q, *const room = weight + PREDICT_ROWS;
    for (int64_t row = 0; row < n_sums; row++) squares[row] = is_lost[row] ? 0 : squares[row];
    mlsd_status status = MLSD_OK;
    for (int64_t at = 0; status == MLSD_OK && at < rows->n_test; at += PREDICT_ROWS) {
        const int64_t left = rows->n_test - at, n = left < PREDICT_ROWS ? left : PREDICT_ROWS;
        status = mlsd__moment_folds_read(job, scope, rows->test + at, n, s->origin, z, q);
        if (status != MLSD_OK) break;
        for (int64_t i = 0; all_weights != NULL && i < n; i++)
            weight[i] = all_weights[rows->test[at + i]];
        mlsd__fold_squares_of_rows(s, z, n, all_weights != NULL ? weight : NULL, is_lost, room,
                                   squares);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, z);
    return status;
}

/* Sums of squares from the moments of the test rows. A fit of least squares that is nearly perfect
 * has digits that only linear_regression itself finds: *out_ok is then false. */
static mlsd_status take_squares(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                                const mlsd__gram *test, const mlsd__fold_solution *s, bool *out_ok)
{
    const mlsd__path_sink *const sink = job->folds->sink;
    const int64_t t = s->t, n = s->n_settings * t;
    int64_t n_lost = 0;
    double *const squares = mlsd__alloc_raw(scope->allocator, n, sizeof *squares + 1);
    if (squares == NULL) return MLSD_E_NOMEM;
    uint8_t *const is_lost = (uint8_t *)(squares + n);
    mlsd_status status = mlsd__fold_squares(scope, s, test, squares, is_lost, &n_lost);
    *out_ok = n_lost == 0 || !problem_of(job)->is_least_squares;
    if (status == MLSD_OK && n_lost > 0 && *out_ok)
        status = add_squares_of_rows(job, scope, split, s, is_lost, squares);
    for (int64_t l = 0; status == MLSD_OK && *out_ok && l < s->n_settings; l++)
        status = sink->take_squares(sink->user, split, l, 0, squares + l * t);
    mlsd__free(scope->allocator, squares);
    return status;
}

static mlsd_status solve_moments(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                                 const mlsd__gram *train, const mlsd__gram *test)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__fold_solution s;
    bool ok = !mlsd__any_nonfinite(test->mean, test->q);
    mlsd_status status =
        mlsd__fold_solution_new(a, job->p, job->t, problem_of(job)->n_settings, &s);
    if (status == MLSD_OK && ok)
        status = mlsd__fold_solution_solve(scope, problem_of(job), train, &s, &ok);
    if (status == MLSD_OK && ok) {
        if (job->folds->wants_squares_only)
            status = take_squares(job, scope, split, test, &s, &ok);
        else
            status = take_predictions(job, scope, split, &s);
    }
    if (status == MLSD_OK) job->is_served[split] = ok;
    mlsd__fold_solution_free(&s, a);
    return status;
}

static mlsd_status solve_split(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                               const uint8_t *is_train, const uint8_t *is_test)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = job->p + job->t;
    const mlsd__gram *const part = mlsd__fold_moments_only(job->moments, is_test);
    mlsd__gram train, test = {.q = 0};
    mlsd_status status = mlsd__gram_init(&train, a, q);
    if (status == MLSD_OK && part == NULL) status = mlsd__gram_init(&test, a, q);
    if (status == MLSD_OK) {
        mlsd__fold_moments_sum(job->moments, is_train, &train);
        if (part == NULL) mlsd__fold_moments_sum(job->moments, is_test, &test);
        status = solve_moments(job, scope, split, &train, part != NULL ? part : &test);
    }
    mlsd__gram_free(&train, a);
    mlsd__gram_free(&test, a);
    return status;
}

/* Each row left out in turn: the moments of all rows are enough. */
static mlsd_status run_loo(mlsd__scope *scope, mlsd__moment_folds *job)
{
    const mlsd__path_folds *const folds = job->folds;
    const mlsd__moment_source source = {.q = job->p + job->t,
                                        .weight = folds->all->weight,
                                        .read = mlsd__moment_folds_read,
                                        .user = job};
    mlsd__gram all;
    mlsd_status status = mlsd__linear_moments(scope, folds->all, &all);
    if (status == MLSD_E_DATA) return MLSD_OK; /* NaN: the plain way says where, fold by fold */
    if (status != MLSD_OK) return status;
    status = mlsd__linear_run_loo(scope, folds, problem_of(job), &source, &all, job->is_served);
    mlsd__gram_free(&all, scope->allocator);
    return status;
}

/* Is the work over before another thread would have started? */
static bool is_little(const mlsd__moment_folds *job)
{
    const double n = (double)job->folds->all->x->n_rows, p = (double)job->p;
    const double q = p + (double)job->t, n_sums = (double)(problem_of(job)->n_settings * job->t);
    return n * q * q + (double)job->folds->n_splits * p * p * (p + n_sums) < LITTLE_WORK;
}

/* Where every split has more columns than rows there is nothing to do here. */
static bool is_wide(const mlsd__path_folds *folds, int64_t p)
{
    for (int64_t k = 0; k < folds->n_splits; k++)
        if (folds->splits[k].n_train >= p) return false;
    return true;
}

mlsd_status mlsd__linear_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                   const double *alphas, bool fit_intercept, bool is_least_squares,
                                   bool *out_served)
{
    const mlsd__train *const all = folds->all;
    mlsd__linear_problem problem = {.fit_intercept = fit_intercept,
                                    .is_least_squares = is_least_squares,
                                    .alphas = alphas,
                                    .n_settings = folds->n_settings};
    mlsd__moment_folds job = {.folds = folds,
                              .p = all->x->n_features,
                              .t = 1 + all->n_more_targets,
                              .solve = solve_split,
                              .user = &problem};
    *out_served = false;
    if (job.p == 0 || !mlsd__frame_is_numeric(all->x) || is_wide(folds, job.p)) return MLSD_OK;
    mlsd__scope alone = *scope;
    alone.n_threads = 1;
    alone.team = NULL;
    alone.on_close = NULL;
    if (is_little(&job)) scope = &alone;
    MLSD__TRY(mlsd__moment_folds_open(scope, &job));
    problem.with_mean = job.with_mean;
    problem.with_std = job.with_std;
    const bool is_loo = job.t <= MLSD__LOO_TARGETS && mlsd__linear_is_loo(folds, &problem);
    const mlsd_status status = is_loo ? run_loo(scope, &job) : mlsd__moment_folds_run(scope, &job);
    *out_served = status == MLSD_OK && mlsd__moment_folds_served(&job);
    mlsd__moment_folds_close(&job, scope->allocator);
    return status;
}
