/* enet_folds.c - lasso and elastic net for many settings, and many folds, at once (model/path.h).
 *
 * What is dear is X'X: it is made once for the training rows of a fold, or once for each part of
 * the rows (fold_moments.h), whose sums are the training moments of every split. Each setting then
 * descends from 0 as it does alone, so that answers do not depend on what else is asked for: from
 * the rows of one fold bit for bit, from moments of parts to their rounding. */
#include <string.h>

#include "model/fold_atoms.h"
#include "model/linear/design.h"
#include "model/linear/elastic_net.h"
#include "model/row_pass.h"
#include "model/transform/column_state.h"
#include "numeric/sum.h"

enum {
    MOST_MOMENT_DOUBLES = 32 * 1024 * 1024, /* of all parts: 256 MB */
    MOST_ATOMS = 1024,
    MOST_UNEVEN_ATOMS = 64 /* where splits do not overlap in folds */
};

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

static bool is_about_data(mlsd_status status)
{
    return status == MLSD_E_DATA || status == MLSD_E_NUMERIC;
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

/* What is wrong with the rows is wrong for every setting. */
static mlsd_status fail_all(const mlsd__path_fold *fold, mlsd_status status)
{
    for (int64_t i = 0; i < fold->n_settings; i++)
        MLSD__TRY(fold->sink->fail(fold->sink->user, fold->split, i, status));
    return MLSD_OK;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = fold->n_settings;
    mlsd__linear_state **const states = mlsd__alloc(a, n, sizeof(mlsd__linear_state *));
    if (states == NULL) return MLSD_E_NOMEM;
    mlsd_status status = fit_fold(scope, fold, states);
    for (int64_t part = 0; status == MLSD_OK && part < fold->n_parts; part++)
        status = mlsd__frame_require_finite(scope, &fold->parts[part], false);
    if (is_about_data(status)) {
        status = fail_all(fold, status);
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
typedef struct folds_job {
    const mlsd__path_folds *folds;
    const mlsd__frame *x; /* all->x, or a copy of it that is at hand */
    bool fit_intercept, with_mean, with_std;
    const mlsd__fold_atoms *atoms;
    const mlsd__fold_moments *moments;
    bool *is_served; /* n_splits */
} folds_job;

/* Rows by number, [X y] less an origin. */
static mlsd_status read_rows(const void *user, mlsd__scope *scope, const int64_t *rows, int64_t n,
                             const double *origin, double *z, int64_t ld)
{
    const folds_job *const job = user;
    const int64_t p = job->x->n_features;
    double *const x =
        mlsd__alloc_raw(scope->allocator, n * p + mlsd__frame_scratch(job->x, n), sizeof *x);
    int64_t *const storage = mlsd__alloc_raw(scope->allocator, n, sizeof *storage);
    const mlsd_status status = x == NULL || storage == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        mlsd__frame some;
        mlsd__frame_select(job->x, rows, n, storage, &some);
        mlsd__frame_read(&some, 0, n, x, x + n * p);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < p; j++) z[i * ld + j] = x[i * p + j] - origin[j];
            z[i * ld + p] = job->folds->all->y[rows[i]] - origin[p];
        }
    }
    mlsd__free(scope->allocator, storage);
    mlsd__free(scope->allocator, x);
    return status;
}

/* Moments of the columns as the step before makes them of the training rows; where it does. */
static void standardise(const folds_job *job, mlsd__gram *train, double *shift, double *divisor)
{
    const int64_t q = train->q, p = q - 1;
    for (int64_t j = 0; j < p; j++) {
        const double variance = train->scatter[j * q + j] / train->weight;
        shift[j] = job->with_mean ? train->mean[j] : 0;
        divisor[j] =
            job->with_std ? mlsd__standard_scale(train->weight, train->mean[j], variance) : 1;
    }
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) train->scatter[i * q + j] /= divisor[i] * divisor[j];
        train->scatter[i * q + p] /= divisor[i];
        train->mean[i] = job->with_mean ? 0 : train->mean[i] / divisor[i];
    }
}

static bool is_finite_gram(const mlsd__gram *g)
{
    return !mlsd__any_nonfinite(g->mean, g->q);
}

static mlsd_status take_split(const folds_job *job, mlsd__scope *scope, int64_t split,
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
static mlsd_status solve_split(const folds_job *job, mlsd__scope *scope, int64_t split,
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
        if (is_changed) standardise(job, train, shift, divisor);
        status = mlsd__enet_open_moments(scope, train, job->fit_intercept, &problem);
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
    return is_about_data(status) && !job->is_served[split] ? MLSD_OK : status;
}

static mlsd_status run_split(void *arg, int64_t task, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__fold_atoms *const atoms = job->atoms;
    const int64_t n_parts = atoms->parts.n_parts, split = atoms->first_split + task;
    const uint8_t *const is_test = atoms->is_test + task * n_parts;
    bool is_finite = true;
    for (int64_t k = 0; k < n_parts; k++)
        if (is_test[k])
            is_finite = is_finite && is_finite_gram(mlsd__fold_moments_part(job->moments, k));
    if (!is_finite ||
        !mlsd__enet_wants_moments(job->folds->splits[split].n_train, job->x->n_features))
        return MLSD_OK;
    mlsd__gram train;
    MLSD__TRY(mlsd__gram_init(&train, scope->allocator, job->moments->q));
    mlsd__fold_moments_sum(job->moments, atoms->is_train + task * n_parts, &train);
    mlsd_status status = MLSD_OK;
    if (is_finite_gram(&train) && train.weight > 0) status = solve_split(job, scope, split, &train);
    mlsd__gram_free(&train, scope->allocator);
    return status;
}

/* As many splits from `first` on as one pass serves; *out_n of them were cut. */
static mlsd_status run_some(mlsd__scope *scope, folds_job *job, int64_t first, int64_t *out_n)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_folds *const folds = job->folds;
    const int64_t q = job->x->n_features + 1;
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

static bool is_for_folds(const mlsd__path_folds *folds)
{
    const mlsd__train *const all = folds->all;
    bool wants = false;
    if (all->n_more_targets > 0 || all->x->n_features == 0) return false;
    for (int64_t j = 0; j < all->x->n_features; j++)
        if (all->x->features[j].type == MLSD__CATEGORY) return false;
    for (int64_t k = 0; k < folds->n_splits; k++)
        wants = wants || mlsd__enet_wants_moments(folds->splits[k].n_train, all->x->n_features);
    return wants;
}

static mlsd_status read_standardize(folds_job *job)
{
    if (job->folds->standardize == NULL) return MLSD_OK;
    int32_t with_mean, with_std;
    MLSD__TRY(mlsd_spec_get_bool(job->folds->standardize, "with_mean", &with_mean));
    MLSD__TRY(mlsd_spec_get_bool(job->folds->standardize, "with_std", &with_std));
    job->with_mean = with_mean != 0;
    job->with_std = with_std != 0;
    return MLSD_OK;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    folds_job job = {.folds = folds,
                     .fit_intercept = params_of(folds->settings[0])->fit_intercept != 0};
    *out_served = false;
    if (!is_for_folds(folds)) return MLSD_OK;
    MLSD__TRY(read_standardize(&job));
    mlsd__resident resident;
    MLSD__TRY(mlsd__resident_open(&resident, scope, folds->all->x));
    job.x = resident.frame;
    job.is_served = mlsd__alloc(a, folds->n_splits, sizeof *job.is_served);
    mlsd_status status = job.is_served == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < folds->n_splits;) {
        int64_t n;
        status = run_some(scope, &job, first, &n);
        first += n > 0 ? n : 1;
    }
    for (int64_t k = 0; status == MLSD_OK && k < folds->n_splits; k++)
        *out_served = *out_served || job.is_served[k];
    mlsd__free(a, job.is_served);
    mlsd__resident_close(&resident, a);
    return status;
}

const mlsd__path_ops mlsd__enet_path_ops = {
    .run_plan = "one pass over the rows of a fold for all settings",
    .folds_plan = "moments of the folds from one pass over the data",
    .shares = shares,
    .run = run,
    .run_folds = run_folds,
};
