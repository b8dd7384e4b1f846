/* moment_folds.c - see the header. */
#include "model/moment_folds.h"

#include <string.h>

#include "model/transform/column_state.h"

enum {
    MOST_ATOMS = 1024, /* and where splits do not overlap in folds: */
    MOST_UNEVEN_ATOMS = 64
};

static mlsd_status read_standardize(mlsd__moment_folds *job)
{
    const mlsd_spec *const step = job->folds->standardize;
    int32_t with_mean = 0, with_std = 0;
    if (step != NULL) {
        MLSD__TRY(mlsd_spec_get_bool(step, "with_mean", &with_mean));
        MLSD__TRY(mlsd_spec_get_bool(step, "with_std", &with_std));
    }
    job->with_mean = with_mean != 0;
    job->with_std = with_std != 0;
    return MLSD_OK;
}

mlsd_status mlsd__moment_folds_open(mlsd__scope *scope, mlsd__moment_folds *job)
{
    MLSD__TRY(read_standardize(job));
    MLSD__TRY(mlsd__resident_open(&job->resident, scope, job->folds->all->x));
    job->x = job->resident.frame;
    job->is_served = mlsd__alloc(scope->allocator, job->folds->n_splits, sizeof *job->is_served);
    if (job->is_served != NULL) return MLSD_OK;
    mlsd__resident_close(&job->resident, scope->allocator);
    return MLSD_E_NOMEM;
}

void mlsd__moment_folds_close(mlsd__moment_folds *job, const mlsd__allocator *a)
{
    mlsd__free(a, job->is_served);
    mlsd__resident_close(&job->resident, a);
}

bool mlsd__moment_folds_served(const mlsd__moment_folds *job)
{
    for (int64_t k = 0; k < job->folds->n_splits; k++)
        if (job->is_served[k]) return true;
    return false;
}

void mlsd__moment_folds_scales(const mlsd__moment_folds *job, const mlsd__gram *train,
                               double *shift, double *divisor)
{
    for (int64_t j = 0; j < job->p; j++) {
        const double variance = train->scatter[j * train->q + j] / train->weight;
        shift[j] = job->with_mean ? train->mean[j] : 0;
        divisor[j] =
            job->with_std ? mlsd__standard_scale(train->weight, train->mean[j], variance) : 1;
    }
}

/* Rows of the frame by number. */
static mlsd_status read_frame_rows(const mlsd__moment_folds *job, mlsd__scope *scope,
                                   const int64_t *rows, int64_t n, const double *origin, double *z,
                                   int64_t ld)
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

mlsd_status mlsd__moment_folds_read(const void *user, mlsd__scope *scope, const int64_t *rows,
                                    int64_t n, const double *origin, double *z, int64_t ld)
{
    const mlsd__moment_folds *const job = user;
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

/* Atoms cut by class. */
typedef struct class_parts {
    mlsd__part_rows parts;
    int64_t *rows, *first;
} class_parts;

static mlsd_status cut_by_class(const mlsd__allocator *a, const mlsd__moment_folds *job,
                                const mlsd__part_rows *atoms, class_parts *out)
{
    const mlsd__train *const all = job->folds->all;
    const int64_t n_atoms = atoms->n_parts, n_parts = n_atoms * job->n_classes;
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

static mlsd_status solve_split(void *arg, int64_t task, mlsd__scope *scope)
{
    const mlsd__moment_folds *const job = arg;
    const mlsd__fold_atoms *const atoms = job->atoms;
    const int64_t at = task * atoms->parts.n_parts;
    return job->solve(job, scope, atoms->first_split + task, atoms->is_train + at,
                      atoms->is_test + at);
}

/* One pass over the rows of atoms, and all their splits. */
static mlsd_status solve_atoms(mlsd__scope *scope, mlsd__moment_folds *job,
                               const mlsd__fold_atoms *atoms)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__moment_source source = {.q = job->p + job->t,
                                        .weight = job->folds->all->weight,
                                        .read = mlsd__moment_folds_read,
                                        .user = job};
    mlsd__fold_moments moments = {.q = 0};
    class_parts by_class = {.parts = atoms->parts};
    mlsd_status status = MLSD_OK;
    if (job->n_classes > 0) status = cut_by_class(a, job, &atoms->parts, &by_class);
    if (status == MLSD_OK)
        status = mlsd__fold_moments_new(scope, &source, &by_class.parts, &moments);
    if (status == MLSD_OK) {
        job->atoms = atoms;
        job->moments = &moments;
        status = mlsd__parallel_for(scope, atoms->n_splits, solve_split, job);
    }
    mlsd__fold_moments_free(&moments, a);
    mlsd__free(a, by_class.rows);
    mlsd__free(a, by_class.first);
    return status;
}

mlsd_status mlsd__moment_folds_run(mlsd__scope *scope, mlsd__moment_folds *job)
{
    const mlsd__path_folds *const folds = job->folds;
    const int64_t n_cuts = job->n_classes > 0 ? job->n_classes : 1;
    const int64_t fitting =
        MLSD__MOST_MOMENT_DOUBLES / mlsd__fold_moments_doubles(job->p + job->t, n_cuts);
    const int64_t wanted = folds->is_partition ? MOST_ATOMS : MOST_UNEVEN_ATOMS;
    for (int64_t first = 0; first < folds->n_splits;) {
        mlsd__fold_atoms atoms;
        mlsd_status status = mlsd__fold_atoms_cut(scope, job->x->n_rows, folds->splits,
                                                  folds->n_splits, folds->is_partition, first,
                                                  fitting < wanted ? fitting : wanted, &atoms);
        const int64_t n = atoms.n_splits;
        if (status == MLSD_OK && n > 0) status = solve_atoms(scope, job, &atoms);
        mlsd__fold_atoms_free(&atoms, scope->allocator);
        MLSD__TRY(status);
        first += n > 0 ? n : 1;
    }
    return MLSD_OK;
}
