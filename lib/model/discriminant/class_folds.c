/* class_folds.c - see the header. Splits are cut into atoms (model/fold_atoms.h), those by class;
 * the moments of a class in a split's training rows are sums over its atoms, never differences. */
#include "model/discriminant/class_folds.h"

#include <math.h>
#include <string.h>

#include "model/fold_atoms.h"
#include "model/linear/design.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "model/transform/column_state.h"
#include "numeric/blas.h"

enum {
    MOST_MOMENT_DOUBLES = 32 * 1024 * 1024, /* of all atoms and classes: 256 MB */
    MOST_ATOMS = 1024,                      /* and where splits do not overlap in folds: */
    MOST_UNEVEN_ATOMS = 64
};
/* Least eigenvalue of correlations, and least deviation beside a mean. */
static const double LEAST_CORRELATION = 1e-4, LEAST_DEVIATION = 1e-4;

typedef struct folds_job {
    const mlsd__path_folds *folds;
    const mlsd__frame *x;
    mlsd__class_fold_solve solve;
    int64_t p, k;
    bool with_mean, with_std;
    const mlsd__fold_atoms *atoms;
    const mlsd__fold_moments *moments; /* of atom a and class c: part c * atoms + a */
    bool *is_served;                   /* n_splits */
} folds_job;

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

/* ---- moments ---- */

static mlsd_status read_rows(const void *user, mlsd__scope *scope, const int64_t *rows, int64_t n,
                             const double *origin, double *z, int64_t ld)
{
    const folds_job *const job = user;
    const int64_t p = job->p, n_scratch = mlsd__frame_scratch(job->x, n);
    double *const x = mlsd__alloc_raw(scope->allocator, n * p + n_scratch, sizeof *x);
    int64_t *const storage = mlsd__alloc_raw(scope->allocator, n, sizeof *storage);
    const bool has_all = x != NULL && storage != NULL;
    if (has_all) {
        mlsd__frame some;
        mlsd__frame_select(job->x, rows, n, storage, &some);
        mlsd__frame_read(&some, 0, n, x, x + n * p);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < p; j++) z[i * ld + j] = x[i * p + j] - origin[j];
    }
    mlsd__free(scope->allocator, storage);
    mlsd__free(scope->allocator, x);
    return has_all ? MLSD_OK : MLSD_E_NOMEM;
}

/* The rows of each class in each atom; those of weight 0 count for nothing. */
typedef struct class_parts {
    mlsd__part_rows parts;
    int64_t *rows, *first;
} class_parts;

static mlsd_status sort_rows(const mlsd__allocator *a, const folds_job *job, class_parts *out)
{
    const mlsd__part_rows *const atoms = &job->atoms->parts;
    const mlsd__train *const all = job->folds->all;
    const int64_t n_atoms = atoms->n_parts, n_parts = n_atoms * job->k;
    out->first = mlsd__alloc(a, n_parts + 1, sizeof *out->first);
    out->rows = mlsd__alloc_raw(a, atoms->first[n_atoms], sizeof *out->rows);
    if (out->first == NULL || out->rows == NULL) return MLSD_E_NOMEM;
    out->parts = (mlsd__part_rows){.n_parts = n_parts, .rows = out->rows, .first = out->first};
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t atom = 0; atom < n_atoms; atom++) {
            for (int64_t i = atoms->first[atom]; i < atoms->first[atom + 1]; i++) {
                const int64_t row = atoms->rows[i];
                const int64_t part = (int64_t)all->y[row] * n_atoms + atom;
                if (all->weight != NULL && !(all->weight[row] > 0)) continue;
                if (pass == 0)
                    out->first[part + 1]++;
                else
                    out->rows[out->first[part]++] = row;
            }
        }
        for (int64_t part = 0; pass == 0 && part < n_parts; part++)
            out->first[part + 1] += out->first[part];
    }
    memmove(out->first + 1, out->first, (size_t)n_parts * sizeof *out->first);
    out->first[0] = 0;
    return MLSD_OK;
}

static bool are_finite(const mlsd__fold_moments *m)
{
    for (int64_t part = 0; part < m->n_parts; part++) {
        const mlsd__gram *const g = mlsd__fold_moments_part(m, part);
        if (mlsd__any_nonfinite(g->mean, g->q)) return false;
    }
    return true;
}

/* ---- splits ---- */

/* Moments as they are of columns that were standardised by all training rows; `all` has them. */
static void standardise(const folds_job *job, const mlsd__gram *all, mlsd__gram *grams,
                        double *shift, double *divisor)
{
    const int64_t p = job->p;
    for (int64_t j = 0; j < p; j++) {
        const double variance = all->scatter[j * p + j] / all->weight;
        shift[j] = job->with_mean ? all->mean[j] : 0;
        divisor[j] = job->with_std ? mlsd__standard_scale(all->weight, all->mean[j], variance) : 1;
    }
    for (int64_t c = 0; c < job->k; c++) {
        for (int64_t i = 0; i < p; i++) {
            grams[c].mean[i] = (grams[c].mean[i] - shift[i]) / divisor[i];
            for (int64_t j = i; j < p; j++) grams[c].scatter[i * p + j] /= divisor[i] * divisor[j];
        }
    }
}

static mlsd_status solve_split(const folds_job *job, mlsd__scope *scope, mlsd__gram *grams,
                               int64_t split)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool is_changed = job->folds->standardize != NULL;
    mlsd__class_fold fold = {.folds = job->folds, .split = split, .grams = grams, .x = job->x};
    double *const shift = mlsd__alloc(a, 2 * job->p, sizeof *shift);
    if (shift == NULL) return MLSD_E_NOMEM;
    mlsd__gram all;
    mlsd_status status = mlsd__gram_init(&all, a, job->p);
    for (int64_t c = 0; status == MLSD_OK && c < job->k; c++) mlsd__gram_merge(&all, &grams[c]);
    if (status == MLSD_OK && all.weight > 0) {
        if (is_changed) {
            standardise(job, &all, grams, shift, shift + job->p);
            fold.shift = shift;
            fold.divisor = shift + job->p;
        }
        status = job->solve(scope, &fold, &job->is_served[split]);
    }
    mlsd__gram_free(&all, a);
    mlsd__free(a, shift);
    return status;
}

static mlsd_status run_split(void *arg, int64_t task, mlsd__scope *scope)
{
    const folds_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_atoms = job->atoms->parts.n_parts, k = job->k;
    const uint8_t *const is_train = job->atoms->is_train + task * n_atoms;
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
    if (status == MLSD_OK) status = solve_split(job, scope, grams, job->atoms->first_split + task);
    for (int64_t c = 0; grams != NULL && c < k; c++) mlsd__gram_free(&grams[c], a);
    mlsd__free(a, grams);
    mlsd__free(a, take);
    return status;
}

/* As many splits from `first` on as one pass serves; *out_n of them were cut. */
static mlsd_status run_some(mlsd__scope *scope, folds_job *job, int64_t first, int64_t *out_n)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_folds *const folds = job->folds;
    const int64_t fitting = MOST_MOMENT_DOUBLES / mlsd__fold_moments_doubles(job->p, job->k);
    const int64_t wanted = folds->is_partition ? MOST_ATOMS : MOST_UNEVEN_ATOMS;
    mlsd__fold_atoms atoms;
    mlsd__fold_moments moments = {.q = 0};
    class_parts parts = {.rows = NULL};
    const mlsd__moment_source source = {
        .q = job->p, .weight = folds->all->weight, .read = read_rows, .user = job};
    mlsd_status status = mlsd__fold_atoms_cut(scope, job->x->n_rows, folds->splits, folds->n_splits,
                                              folds->is_partition, first,
                                              fitting < wanted ? fitting : wanted, &atoms);
    *out_n = atoms.n_splits;
    if (status == MLSD_OK && atoms.n_splits > 0) {
        job->atoms = &atoms;
        job->moments = &moments;
        status = sort_rows(a, job, &parts);
        if (status == MLSD_OK)
            status = mlsd__fold_moments_new(scope, &source, &parts.parts, &moments);
        if (status == MLSD_OK && are_finite(&moments))
            status = mlsd__parallel_for(scope, atoms.n_splits, run_split, job);
    }
    mlsd__free(a, parts.rows);
    mlsd__free(a, parts.first);
    mlsd__fold_moments_free(&moments, a);
    mlsd__fold_atoms_free(&atoms, a);
    return status;
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

static bool is_for_folds(const mlsd__path_folds *folds)
{
    const mlsd__train *const all = folds->all;
    if (all->n_classes < 2 || all->x->n_features == 0 || !mlsd__frame_is_numeric(all->x))
        return false;
    const double doubles = (double)mlsd__fold_moments_doubles(all->x->n_features, 1);
    return folds->n_splits > 1 && doubles * (double)all->n_classes < MOST_MOMENT_DOUBLES;
}

mlsd_status mlsd__class_run_folds(mlsd__scope *scope, const mlsd__path_folds *folds,
                                  mlsd__class_fold_solve solve, bool *out_served)
{
    const mlsd__allocator *const a = scope->allocator;
    folds_job job = {
        .folds = folds, .solve = solve, .p = folds->all->x->n_features, .k = folds->all->n_classes};
    *out_served = false;
    if (!is_for_folds(folds)) return MLSD_OK;
    if (!folds->all->x_is_finite) {
        const mlsd_status looked = mlsd__frame_require_finite(scope, folds->all->x, false);
        if (looked != MLSD_OK) return looked == MLSD_E_DATA ? MLSD_OK : looked;
    }
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
