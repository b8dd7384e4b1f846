/* permuted_squares.c - permuted targets stand in the columns of one matrix, a chunk at a time, and
 * the kind's way through all folds (model/path.h) serves them as several targets of one fit. */
#include "validate/permuted_squares.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "model/path.h"
#include "numeric/sum.h"

enum {
    CHUNK_DOUBLES = 4 * 1024 * 1024, /* of permuted targets: 32 MB */
    MOST_TARGETS = 64,               /* of a chunk; their products with each other are waste */
    LEAST_TARGETS = 8
};

typedef struct permuted_job {
    const mlsd__permutations *in;
    const mlsd_spec *last, *standardize;
    const mlsd__estimator_ops *ops;
    int64_t n_rows, n_splits, n_targets, first; /* of the chunk at hand */
    mlsd__frame x;
    double *y, *weight; /* as the data set has them */
    double *targets;    /* n_rows x n_targets */
    int64_t *order, *rows;
    mlsd__path_rows *splits;
    double *totals; /* n_splits: weights of the test rows */
    double *mean_square;
    atomic_llong n_taken;
} permuted_job;

/* The kind and the step before it; false where the estimator is something else. */
static bool take_apart(const mlsd_spec *estimator, permuted_job *job)
{
    const mlsd_spec *const first = mlsd__spec_slot_at(estimator, "steps", 0);
    job->last = estimator;
    if (first != NULL) {
        job->standardize = first;
        job->last = mlsd__spec_slot_at(estimator, "steps", 1);
        if (job->last == NULL || mlsd__spec_slot_at(estimator, "steps", 2) != NULL ||
            strcmp(mlsd_spec_kind(first)->name, "standardize") != 0)
            return false;
    }
    if (mlsd__spec_require(job->last, "estimator") != MLSD_OK) return false;
    job->ops = mlsd__spec_ops(job->last);
    return job->ops->takes_targets && job->ops->path != NULL && job->ops->path->run_folds != NULL;
}

static mlsd_status take(void *user, mlsd__scope *scope, int64_t split, int64_t setting,
                        int64_t part, const double *prediction)
{
    (void)user, (void)scope, (void)split, (void)setting, (void)part, (void)prediction;
    return MLSD_OK;
}

static mlsd_status take_squares(void *user, int64_t split, int64_t setting, int64_t part,
                                const double *squares)
{
    permuted_job *const job = user;
    (void)setting, (void)part;
    for (int64_t k = 0; k < job->n_targets; k++)
        job->mean_square[(job->first + k) * job->n_splits + split] =
            squares[k] / job->totals[split];
    atomic_fetch_add(&job->n_taken, 1);
    return MLSD_OK;
}

/* What fails for one target may do for another: the plain way tells. */
static mlsd_status leave(void *user, int64_t split, int64_t setting, mlsd_status status)
{
    (void)user, (void)split, (void)setting, (void)status;
    return MLSD_OK;
}

static mlsd_status list_rows(const mlsd_folds *folds, permuted_job *job)
{
    const int64_t last_part = mlsd_folds_n_parts(folds) - 1;
    int64_t at = 0;
    for (int64_t k = 0; k < job->n_splits; k++) {
        const int64_t n_train = mlsd_folds_part_size(folds, k, 0);
        const int64_t n_test = mlsd_folds_part_size(folds, k, last_part);
        int64_t *const train = job->rows + at, *const test = train + n_train;
        MLSD__TRY(mlsd_folds_part(folds, k, 0, train, n_train));
        MLSD__TRY(mlsd_folds_part(folds, k, last_part, test, n_test));
        job->splits[k] = (mlsd__path_rows){train, test, n_train, n_test};
        job->totals[k] = job->weight == NULL ? (double)n_test : 0;
        for (int64_t i = 0; job->weight != NULL && i < n_test; i++)
            job->totals[k] += job->weight[test[i]];
        at += n_train + n_test;
    }
    return MLSD_OK;
}

static mlsd_status open_job(mlsd__scope *scope, permuted_job *job)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_folds *const folds = job->in->folds;
    const int64_t last_part = mlsd_folds_n_parts(folds) - 1;
    int64_t n_numbers = 0;
    for (int64_t k = 0; k < job->n_splits; k++)
        n_numbers += mlsd_folds_part_size(folds, k, 0) + mlsd_folds_part_size(folds, k, last_part);
    const int64_t fitting = CHUNK_DOUBLES / (job->n_rows > 0 ? job->n_rows : 1);
    job->n_targets = fitting > MOST_TARGETS    ? MOST_TARGETS
                     : fitting < LEAST_TARGETS ? LEAST_TARGETS
                                               : fitting;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(job->n_rows, job->n_targets, &size));
    mlsd__dataset_frame(job->in->dataset, &job->x);
    MLSD__TRY(mlsd__dataset_gather_target(job->in->dataset, &job->y));
    MLSD__TRY(mlsd__dataset_gather_weight(job->in->dataset, &job->weight));
    job->targets = mlsd__alloc_raw(a, size, sizeof *job->targets);
    job->order = mlsd__alloc_raw(a, job->n_rows, sizeof *job->order);
    job->rows = mlsd__alloc_raw(a, n_numbers, sizeof *job->rows);
    job->splits = mlsd__alloc(a, job->n_splits, sizeof *job->splits);
    job->totals = mlsd__alloc(a, job->n_splits, sizeof *job->totals);
    const bool has_all = job->targets != NULL && job->order != NULL && job->rows != NULL &&
                         job->splits != NULL && job->totals != NULL;
    return has_all ? list_rows(folds, job) : MLSD_E_NOMEM;
}

static void close_job(mlsd__scope *scope, permuted_job *job)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd__free(&job->in->dataset->store->allocator, job->y);
    mlsd__free(&job->in->dataset->store->allocator, job->weight);
    mlsd__free(a, job->targets);
    mlsd__free(a, job->order);
    mlsd__free(a, job->rows);
    mlsd__free(a, job->splits);
    mlsd__free(a, job->totals);
}

/* The next targets, column by column, and how much they vary in each split's test rows. */
static mlsd_status permute_some(permuted_job *job, double *variance)
{
    const int64_t t = job->n_targets;
    for (int64_t k = 0; k < t; k++) {
        MLSD__TRY(job->in->permute(job->in->user, job->first + k, job->order));
        for (int64_t i = 0; i < job->n_rows; i++) job->targets[i * t + k] = job->y[job->order[i]];
    }
    for (int64_t split = 0; split < job->n_splits; split++) {
        const mlsd__path_rows *const rows = &job->splits[split];
        for (int64_t k = 0; k < t; k++) {
            double weight = 0, mean = 0, squares = 0;
            for (int64_t i = 0; i < rows->n_test; i++) {
                const int64_t row = rows->test[i];
                mlsd__merge_moments(&weight, &mean, &squares,
                                    job->weight != NULL ? job->weight[row] : 1,
                                    job->targets[row * t + k], 0);
            }
            variance[(job->first + k) * job->n_splits + split] = squares / weight;
        }
    }
    return MLSD_OK;
}

static mlsd_status run_some(mlsd__scope *scope, permuted_job *job, bool *out_served)
{
    const mlsd__path_sink sink = {
        .take = take, .take_squares = take_squares, .fail = leave, .user = job};
    const mlsd__train all = {.x = &job->x,
                             .y = job->targets,
                             .n_more_targets = job->n_targets - 1,
                             .weight = job->weight,
                             .task = MLSD_TASK_REGRESSION};
    const mlsd__path_folds folds = {.settings = &job->last,
                                    .n_settings = 1,
                                    .standardize = job->standardize,
                                    .all = &all,
                                    .splits = job->splits,
                                    .n_splits = job->n_splits,
                                    .what = MLSD_OUTPUT_VALUE,
                                    .width = job->n_targets,
                                    .wants_squares_only = true,
                                    .sink = &sink};
    atomic_store(&job->n_taken, 0);
    MLSD__TRY(job->ops->path->run_folds(scope, &folds, out_served));
    *out_served = atomic_load(&job->n_taken) == job->n_splits;
    return MLSD_OK;
}

mlsd_status mlsd__permuted_squares(mlsd__scope *scope, const mlsd__permutations *in,
                                   double *mean_square, double *variance, bool *out_served)
{
    permuted_job job = {.in = in,
                        .n_rows = mlsd_dataset_n_rows(in->dataset),
                        .n_splits = mlsd_folds_n_splits(in->folds),
                        .mean_square = mean_square};
    *out_served = false;
    if (mlsd_dataset_task(in->dataset) != MLSD_TASK_REGRESSION ||
        in->dataset->store->n_targets != 1 || !take_apart(in->estimator, &job))
        return MLSD_OK;
    atomic_init(&job.n_taken, 0);
    mlsd_status status = open_job(scope, &job);
    const int64_t most = job.n_targets;
    *out_served = true;
    while (status == MLSD_OK && *out_served && job.first < in->n_permutations) {
        const int64_t left = in->n_permutations - job.first;
        job.n_targets = left < most ? left : most;
        status = permute_some(&job, variance);
        if (status == MLSD_OK) status = run_some(scope, &job, out_served);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
        job.first += job.n_targets;
    }
    close_job(scope, &job);
    return status;
}
