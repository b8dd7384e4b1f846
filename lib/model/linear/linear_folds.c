/* linear_folds.c - all folds of penalised least squares from one pass over the data.
 *
 * Splits are cut into atoms (fold_atoms.h), whose moments one pass finds (fold_moments.h); the
 * training and the test moments of a split are sums of atoms, and a task solves one split for all
 * penalties (fold_solution.h). Training means, and standard deviations where there is a step that
 * standardises, are those of the split's own training rows. Splits that this does not suit are
 * neither taken nor failed. */
#include "model/linear/linear_folds.h"

#include <string.h>

#include "model/fold_atoms.h"
#include "model/linear/design.h"
#include "model/linear/fold_solution.h"
#include "model/linear/linear_loo.h"
#include "model/linear/linear_moments.h"
#include "model/row_pass.h"

enum {
    MOST_MOMENT_DOUBLES = 32 * 1024 * 1024, /* of all atoms of a run of splits: 256 MB */
    MOST_ATOMS = 1024,                      /* and where splits do not overlap in folds: */
    MOST_UNEVEN_ATOMS = 64,
    PREDICT_ROWS = 512,                /* that are read at a time */
    MOST_OUT_DOUBLES = 4 * 1024 * 1024 /* of predictions that wait to be taken: 32 MB */
};
static const double LITTLE_WORK = 5e5; /* operations: some tenths of a millisecond */

typedef struct folds_job {
    const mlsd__path_folds *folds;
    const mlsd__frame *x; /* all->x, or a copy of it that is at hand */
    mlsd__linear_problem problem;
    int64_t p, t;
    const mlsd__fold_atoms *atoms;
    const mlsd__fold_moments *moments;
    bool *is_served; /* n_splits */
} folds_job;

/* Rows of the frame by number. */
static mlsd_status read_frame_rows(const folds_job *job, mlsd__scope *scope, const int64_t *rows,
                                   int64_t n, const double *origin, double *z, int64_t ld)
{
    const int64_t p = job->p;
    const int64_t n_scratch = mlsd__frame_scratch(job->x, n);
    double *const x = mlsd__alloc_raw(scope->allocator, n * p + n_scratch, sizeof *x);
    int64_t *const storage = mlsd__alloc_raw(scope->allocator, n, sizeof *storage);
    mlsd_status status = x == NULL || storage == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        mlsd__frame some;
        mlsd__frame_select(job->x, rows, n, storage, &some);
        mlsd__frame_read(&some, 0, n, x, x + n * p);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < p; j++) z[i * ld + j] = x[i * p + j] - origin[j];
    }
    mlsd__free(scope->allocator, storage);
    mlsd__free(scope->allocator, x);
    return status;
}

/* Rows that lie far apart in memory come late: the next ones are asked for early. */
static void gather_rows(const double *x, int64_t ld_x, int64_t p, const int64_t *rows, int64_t n,
                        const double *restrict origin, double *z, int64_t ld)
{
    enum { AHEAD = 8, LINE = 8 };
    for (int64_t i = 0; i < n; i++) {
        if (i + AHEAD < n) {
            const double *const next = x + rows[i + AHEAD] * ld_x;
            for (int64_t j = 0; j < p; j += LINE) __builtin_prefetch(next + j);
        }
        const double *restrict const from = x + rows[i] * ld_x;
        double *restrict const to = z + i * ld;
        for (int64_t j = 0; j < p; j++) to[j] = from[j] - origin[j];
    }
}

/* Rows [X y] less an origin. */
static mlsd_status read_rows(const void *user, mlsd__scope *scope, const int64_t *rows, int64_t n,
                             const double *origin, double *z, int64_t ld)
{
    const folds_job *const job = user;
    const int64_t p = job->p, t = job->t;
    int64_t ld_x;
    const double *const x = mlsd__frame_direct(job->x, 0, &ld_x);
    if (x != NULL)
        gather_rows(x, ld_x, p, rows, n, origin, z, ld);
    else
        MLSD__TRY(read_frame_rows(job, scope, rows, n, origin, z, ld));
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < t; k++)
            z[i * ld + p + k] = job->folds->all->y[rows[i] * t + k] - origin[p + k];
    return MLSD_OK;
}

/* Predictions for the test rows, some settings at a time. */
static mlsd_status take_predictions(const folds_job *job, mlsd__scope *scope, int64_t split,
                                    const mlsd__fold_solution *s)
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
            status = read_rows(job, scope, rows->test + at, n, s->origin, z, q);
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
static mlsd_status add_squares_of_rows(const folds_job *job, mlsd__scope *scope, int64_t split,
                                       const mlsd__fold_solution *s, const uint8_t *is_lost,
                                       double *squares)
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
        status = read_rows(job, scope, rows->test + at, n, s->origin, z, q);
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
static mlsd_status take_squares(const folds_job *job, mlsd__scope *scope, int64_t split,
                                const mlsd__gram *test, const mlsd__fold_solution *s, bool *out_ok)
{
    const mlsd__path_sink *const sink = job->folds->sink;
    const int64_t t = s->t, n = s->n_settings * t;
    int64_t n_lost = 0;
    double *const squares = mlsd__alloc_raw(scope->allocator, n, sizeof *squares + 1);
    if (squares == NULL) return MLSD_E_NOMEM;
    uint8_t *const is_lost = (uint8_t *)(squares + n);
    mlsd_status status = mlsd__fold_squares(scope, s, test, squares, is_lost, &n_lost);
    *out_ok = n_lost == 0 || !job->problem.is_least_squares;
    if (status == MLSD_OK && n_lost > 0 && *out_ok)
        status = add_squares_of_rows(job, scope, split, s, is_lost, squares);
    for (int64_t l = 0; status == MLSD_OK && *out_ok && l < s->n_settings; l++)
        status = sink->take_squares(sink->user, split, l, 0, squares + l * t);
    mlsd__free(scope->allocator, squares);
    return status;
}

static mlsd_status solve_split(const folds_job *job, mlsd__scope *scope, int64_t split,
                               const mlsd__gram *train, const mlsd__gram *test)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__fold_solution s;
    bool ok = !mlsd__any_nonfinite(test->mean, test->q);
    mlsd_status status = mlsd__fold_solution_new(a, job->p, job->t, job->problem.n_settings, &s);
    if (status == MLSD_OK && ok)
        status = mlsd__fold_solution_solve(scope, &job->problem, train, &s, &ok);
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

static mlsd_status run_split(void *arg, int64_t task, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__fold_atoms *const atoms = job->atoms;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = job->p + job->t, at = task * atoms->parts.n_parts;
    mlsd__gram train, test = {.q = 0};
    mlsd_status status = mlsd__gram_init(&train, a, q);
    if (status == MLSD_OK) status = mlsd__gram_init(&test, a, q);
    if (status == MLSD_OK) {
        mlsd__fold_moments_sum(job->moments, atoms->is_train + at, &train);
        mlsd__fold_moments_sum(job->moments, atoms->is_test + at, &test);
        status = solve_split(job, scope, atoms->first_split + task, &train, &test);
    }
    mlsd__gram_free(&train, a);
    mlsd__gram_free(&test, a);
    return status;
}

/* As many splits from `first` on as one pass serves; *out_n of them were cut. */
static mlsd_status run_some(mlsd__scope *scope, folds_job *job, int64_t first, int64_t *out_n)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_folds *const folds = job->folds;
    const int64_t q = job->p + job->t;
    const int64_t fitting = MOST_MOMENT_DOUBLES / mlsd__fold_moments_doubles(q, 1);
    const int64_t wanted = folds->is_partition ? MOST_ATOMS : MOST_UNEVEN_ATOMS;
    mlsd__fold_atoms atoms;
    mlsd__fold_moments moments = {.q = 0};
    const mlsd__moment_source source = {
        .q = q, .weight = folds->all->weight, .read = read_rows, .user = job};
    mlsd_status status = mlsd__fold_atoms_cut(scope, job->x->n_rows, folds->splits, folds->n_splits,
                                              folds->is_partition, first,
                                              fitting < wanted ? fitting : wanted, &atoms);
    *out_n = atoms.n_splits;
    if (status == MLSD_OK && atoms.n_splits > 0) {
        job->atoms = &atoms;
        job->moments = &moments;
        status = mlsd__fold_moments_new(scope, &source, &atoms.parts, &moments);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, atoms.n_splits, run_split, job);
    }
    mlsd__fold_moments_free(&moments, a);
    mlsd__fold_atoms_free(&atoms, a);
    return status;
}

/* Each row left out in turn: the moments of all rows are enough. */
static mlsd_status run_loo(mlsd__scope *scope, folds_job *job)
{
    const mlsd__path_folds *const folds = job->folds;
    const mlsd__moment_source source = {
        .q = job->p + job->t, .weight = folds->all->weight, .read = read_rows, .user = job};
    mlsd__gram all;
    mlsd_status status = mlsd__linear_moments(scope, folds->all, &all);
    if (status == MLSD_E_DATA) return MLSD_OK; /* NaN: the plain way says where, fold by fold */
    if (status != MLSD_OK) return status;
    status = mlsd__linear_run_loo(scope, folds, &job->problem, &source, &all, job->is_served);
    mlsd__gram_free(&all, scope->allocator);
    return status;
}

/* Is the work over before another thread would have started? */
static bool is_little(const folds_job *job)
{
    const double n = (double)job->folds->all->x->n_rows, p = (double)job->p;
    const double q = p + (double)job->t, n_sums = (double)(job->problem.n_settings * job->t);
    return n * q * q + (double)job->folds->n_splits * p * p * (p + n_sums) < LITTLE_WORK;
}

/* All splits, run after run. */
static mlsd_status run_all(mlsd__scope *scope, folds_job *job)
{
    if (job->t <= MLSD__LOO_TARGETS && mlsd__linear_is_loo(job->folds, &job->problem))
        return run_loo(scope, job);
    for (int64_t first = 0; first < job->folds->n_splits;) {
        int64_t n;
        MLSD__TRY(run_some(scope, job, first, &n));
        first += n > 0 ? n : 1;
    }
    return MLSD_OK;
}

static bool has_category(const mlsd__frame *x)
{
    for (int64_t j = 0; j < x->n_features; j++)
        if (x->features[j].type == MLSD__CATEGORY) return true;
    return false;
}

/* Where every split has more columns than rows there is nothing to do here. */
static bool is_wide(const mlsd__path_folds *folds, int64_t p)
{
    for (int64_t k = 0; k < folds->n_splits; k++)
        if (folds->splits[k].n_train >= p) return false;
    return true;
}

static mlsd_status read_problem(const mlsd__path_folds *folds, mlsd__linear_problem *problem)
{
    if (folds->standardize == NULL) return MLSD_OK;
    int32_t with_mean, with_std;
    MLSD__TRY(mlsd_spec_get_bool(folds->standardize, "with_mean", &with_mean));
    MLSD__TRY(mlsd_spec_get_bool(folds->standardize, "with_std", &with_std));
    problem->with_mean = with_mean != 0;
    problem->with_std = with_std != 0;
    return MLSD_OK;
}

mlsd_status mlsd__linear_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                   const double *alphas, bool fit_intercept, bool is_least_squares,
                                   bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__train *const all = folds->all;
    folds_job job = {.folds = folds,
                     .problem = {.fit_intercept = fit_intercept,
                                 .is_least_squares = is_least_squares,
                                 .alphas = alphas,
                                 .n_settings = folds->n_settings},
                     .p = all->x->n_features,
                     .t = 1 + all->n_more_targets};
    *out_served = false;
    if (job.p == 0 || has_category(all->x) || is_wide(folds, job.p)) return MLSD_OK;
    MLSD__TRY(read_problem(folds, &job.problem));
    mlsd__scope alone = *scope;
    alone.n_threads = 1;
    alone.team = NULL;
    alone.on_close = NULL;
    if (is_little(&job)) scope = &alone;
    mlsd__resident resident;
    MLSD__TRY(mlsd__resident_open(&resident, scope, all->x));
    job.x = resident.frame;
    job.is_served = mlsd__alloc(a, folds->n_splits, sizeof *job.is_served);
    mlsd_status status = job.is_served == NULL ? MLSD_E_NOMEM : run_all(scope, &job);
    for (int64_t k = 0; status == MLSD_OK && k < folds->n_splits; k++)
        *out_served = *out_served || job.is_served[k];
    mlsd__free(a, job.is_served);
    mlsd__resident_close(&resident, a);
    return status;
}
