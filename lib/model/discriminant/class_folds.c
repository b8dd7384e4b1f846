/* class_folds.c - see the header. Atoms of the splits are cut by class (model/moment_folds.h); the
 * moments of a class in a split's training rows are sums over its atoms, never differences. */
#include "model/discriminant/class_folds.h"

#include <math.h>
#include <string.h>

#include "model/moment_folds.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "numeric/blas.h"

/* Least eigenvalue of correlations, and least deviation beside a mean. */
static const double LEAST_CORRELATION = 1e-4, LEAST_DEVIATION = 1e-4;

bool mlsd__class_factor(int64_t p, const double *a, const double *mean, double weight, double *room,
                        double *u)
{
    bool ok;
    for (int64_t j = 0; j < p; j++) {
        const double variance = a[j * p + j] / weight;
        if (!(variance > 0) || !(sqrt(variance) > LEAST_DEVIATION * fabs(mean[j]))) return false;
    }
    for (int64_t i = 0; i < p; i++) {
        const double length = sqrt(a[i * p + i]);
        for (int64_t j = i; j < p; j++)
            room[i * p + j] = a[i * p + j] / length / sqrt(a[j * p + j]);
        room[i * p + i] -= LEAST_CORRELATION;
    }
    mlsd__potrf(p, room, p, &ok);
    if (!ok) return false;
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) u[i * p + j] = j < i ? 0 : a[i * p + j];
    mlsd__potrf(p, u, p, &ok);
    for (int64_t i = 0; i < p; i++) memset(u + i * p, 0, (size_t)i * sizeof *u);
    return ok;
}

/* A function behind a pointer to data. */
typedef struct class_solver {
    mlsd__class_fold_solve solve;
} class_solver;

/* ---- predictions ---- */

/* A state behind a step that standardises. */
typedef struct standardised {
    const mlsd__class_fold *fold;
    const mlsd__estimator_ops *ops;
    const void *state;
    int64_t p;
} standardised;

static int64_t standardised_scratch(const void *state)
{
    const standardised *const s = state;
    return s->p + mlsd__scratch_width(s->ops, s->state);
}

static void standardised_predict(const void *state, const double *x, int64_t n, int64_t ld,
                                 mlsd_output what, double *out, double *scratch)
{
    const standardised *const s = state;
    const double *const shift = s->fold->shift, *const divisor = s->fold->divisor;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < s->p; j++)
            scratch[i * s->p + j] = (x[i * ld + j] - shift[j]) / divisor[j];
    s->ops->predict_block(s->state, scratch, n, s->p, what, out, scratch + n * s->p);
}

static const mlsd__estimator_ops standardised_ops = {.predict_block = standardised_predict,
                                                     .scratch_width = standardised_scratch};

mlsd_status mlsd__class_fold_take(mlsd__scope *scope, const mlsd__class_fold *fold,
                                  const mlsd__estimator_ops *ops, int64_t setting,
                                  const void *state)
{
    const standardised s = {fold, ops, state, fold->x->n_features};
    if (fold->shift == NULL)
        return mlsd__path_take_split(scope, fold->folds, ops, fold->split, setting, state);
    return mlsd__path_take_split(scope, fold->folds, &standardised_ops, fold->split, setting, &s);
}

/* ---- splits ---- */

/* Moments as they are of columns that were standardised by all training rows. */
static void standardise(int64_t p, int64_t k, const double *shift, const double *divisor,
                        mlsd__gram *grams)
{
    for (int64_t c = 0; c < k; c++) {
        for (int64_t i = 0; i < p; i++) {
            grams[c].mean[i] = (grams[c].mean[i] - shift[i]) / divisor[i];
            for (int64_t j = i; j < p; j++) grams[c].scatter[i * p + j] /= divisor[i] * divisor[j];
        }
    }
}

static mlsd_status solve_classes(const mlsd__moment_folds *job, mlsd__scope *scope,
                                 mlsd__gram *grams, int64_t split)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = job->p;
    const class_solver *const solver = job->user;
    mlsd__class_fold fold = {.folds = job->folds, .split = split, .grams = grams, .x = job->x};
    double *const shift = mlsd__alloc(a, 2 * p, sizeof *shift);
    if (shift == NULL) return MLSD_E_NOMEM;
    mlsd__gram all;
    mlsd_status status = mlsd__gram_init(&all, a, p);
    for (int64_t c = 0; status == MLSD_OK && c < job->n_classes; c++)
        mlsd__gram_merge(&all, &grams[c]);
    if (status == MLSD_OK && all.weight > 0 && !mlsd__any_nonfinite(all.mean, p)) {
        if (job->folds->standardize != NULL) {
            mlsd__moment_folds_scales(job, &all, shift, shift + p);
            standardise(p, job->n_classes, shift, shift + p, grams);
            fold.shift = shift;
            fold.divisor = shift + p;
        }
        status = solver->solve(scope, &fold, &job->is_served[split]);
    }
    mlsd__gram_free(&all, a);
    mlsd__free(a, shift);
    return status;
}

static mlsd_status solve_split(const mlsd__moment_folds *job, mlsd__scope *scope, int64_t split,
                               const uint8_t *is_train, const uint8_t *is_test)
{
    (void)is_test;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_atoms = job->atoms->parts.n_parts, k = job->n_classes;
    uint8_t *const take = mlsd__alloc(a, n_atoms * k, sizeof *take);
    mlsd__gram *const grams = mlsd__alloc(a, k, sizeof *grams);
    mlsd_status status = take == NULL || grams == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t c = 0; status == MLSD_OK && c < k; c++) {
        status = mlsd__gram_init(&grams[c], a, job->p);
        if (status != MLSD_OK) break;
        memset(take, 0, (size_t)(n_atoms * k));
        memcpy(take + c * n_atoms, is_train, (size_t)n_atoms);
        mlsd__fold_moments_sum(job->moments, take, &grams[c]);
    }
    if (status == MLSD_OK) status = solve_classes(job, scope, grams, split);
    for (int64_t c = 0; grams != NULL && c < k; c++) mlsd__gram_free(&grams[c], a);
    mlsd__free(a, grams);
    mlsd__free(a, take);
    return status;
}

static bool is_for_folds(const mlsd__path_folds *folds)
{
    const mlsd__train *const all = folds->all;
    if (all->n_classes < 2 || all->x->n_features == 0 || !mlsd__frame_is_numeric(all->x))
        return false;
    const double doubles = (double)mlsd__fold_moments_doubles(all->x->n_features, 1);
    return folds->n_splits > 1 && doubles * (double)all->n_classes < MLSD__MOST_MOMENT_DOUBLES;
}

mlsd_status mlsd__class_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                  mlsd__class_fold_solve solve, bool *out_served)
{
    const class_solver solver = {solve};
    mlsd__moment_folds job = {.folds = folds,
                              .p = folds->all->x->n_features,
                              .n_classes = folds->all->n_classes,
                              .solve = solve_split,
                              .user = &solver};
    *out_served = false;
    if (!is_for_folds(folds)) return MLSD_OK;
    if (!folds->all->x_is_finite) {
        const mlsd_status looked = mlsd__frame_require_finite(scope, folds->all->x, false);
        if (looked != MLSD_OK) return looked == MLSD_E_DATA ? MLSD_OK : looked;
    }
    MLSD__TRY(mlsd__moment_folds_open(scope, &job));
    const mlsd_status status = mlsd__moment_folds_run(scope, &job);
    *out_served = status == MLSD_OK && mlsd__moment_folds_served(&job);
    mlsd__moment_folds_close(&job, scope->allocator);
    return status;
}
