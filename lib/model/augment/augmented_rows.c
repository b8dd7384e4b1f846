/* augmented_rows.c - see augmented.h: training sets in memory, made by resamplers and of copies. */
#include <string.h>

#include "model/augment/augmented.h"

void mlsd__row_set_close(mlsd__row_set *set, const mlsd__allocator *a)
{
    mlsd__free(a, set->rows);
    mlsd__free(a, set->storage);
    mlsd__free(a, set->x);
    mlsd__free(a, set->y);
    mlsd__free(a, set->weight);
    *set = (mlsd__row_set){0};
}

/* A frame of n packed rows, with the features of the old one; train, with these rows. */
static void finish_matrix(const mlsd__train *train, int64_t n, mlsd__row_set *set)
{
    const int64_t p = train->x->n_features;
    set->frame = (mlsd__frame){.n_rows = n,
                               .n_features = p,
                               .features = train->x->features,
                               .matrix = {set->x, n, p, p, 1, MLSD_F64, 0},
                               .n_source = p,
                               .max_width = p};
    set->train = *train;
    set->train.x = &set->frame;
    set->train.y = set->y;
    set->train.weight = set->weight;
    set->train.x_is_finite = set->train.x_lacks_infinity = false;
}

/* ---- resamplers ---- */

/* Targets and weights of rows that were kept, then those of new ones. */
static mlsd_status gather_targets(const mlsd__allocator *a, const mlsd__train *train,
                                  const mlsd__resampled *made, mlsd__row_set *set)
{
    const int64_t n = made->n_rows, n_all = n + made->n_new;
    set->y = mlsd__alloc_raw(a, n_all, sizeof *set->y);
    if (train->weight != NULL) set->weight = mlsd__alloc_raw(a, n_all, sizeof *set->weight);
    if (set->y == NULL || (train->weight != NULL && set->weight == NULL)) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_all; i++) {
        set->y[i] = i < n ? train->y[made->rows[i]] : made->y[i - n];
        if (set->weight != NULL)
            set->weight[i] = i < n ? train->weight[made->rows[i]] : made->weight[i - n];
    }
    return MLSD_OK;
}

mlsd_status mlsd__row_set_resampled(mlsd__scope *scope, const mlsd__train *train,
                                    const mlsd__resampled *made, mlsd__row_set *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = made->n_rows, p = train->x->n_features;
    *out = (mlsd__row_set){0};
    MLSD__TRY(gather_targets(a, train, made, out));
    out->storage = mlsd__alloc_raw(a, n, sizeof *out->storage);
    if (out->storage == NULL) return MLSD_E_NOMEM;
    mlsd__frame kept;
    mlsd__frame_select(train->x, made->rows, n, out->storage, &kept);
    if (made->n_new == 0) {
        out->frame = kept;
        out->train = *train;
        out->train.x = &out->frame;
        out->train.y = out->y;
        out->train.weight = out->weight;
        return MLSD_OK;
    }
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n + made->n_new, p, &size));
    out->x = mlsd__alloc_raw(a, size, sizeof *out->x);
    if (out->x == NULL) return MLSD_E_NOMEM;
    double *old = NULL;
    MLSD__TRY(mlsd__frame_materialize(scope, &kept, &old));
    if (n * p > 0) memcpy(out->x, old, (size_t)(n * p) * sizeof *old);
    if (p > 0) memcpy(out->x + n * p, made->x, (size_t)(made->n_new * p) * sizeof *old);
    mlsd__free(a, old);
    finish_matrix(train, n + made->n_new, out);
    return MLSD_OK;
}

/* ---- copies ---- */

typedef struct copy_job {
    const mlsd__train *train;
    const mlsd__augment *augment;
    int64_t n, p, k, n_blocks; /* rows, columns, targets of a row, blocks of a copy */
    const double *old;         /* n x p */
    int64_t *numbers;          /* 0 .. n-1 */
    double *x, *targets;       /* of all copies; targets NULL where nothing mixes */
} copy_job;

static void set_targets(const copy_job *job, int64_t first, int64_t n, double *out)
{
    const int64_t k = job->k;
    for (int64_t i = 0; i < n; i++) {
        const double *const y = job->train->y;
        for (int64_t c = 0; c < k; c++)
            out[i * k + c] = job->train->task == MLSD_TASK_REGRESSION
                                 ? y[(first + i) * k + c]
                                 : (double)(y[first + i] == (double)c);
    }
}

/* A block of rows of one copy. */
static mlsd_status copy_block(void *arg, int64_t task, mlsd__scope *scope)
{
    const copy_job *const job = arg;
    const int64_t copy = task / job->n_blocks, p = job->p;
    int64_t first, n;
    mlsd__block_range(job->n, task % job->n_blocks, &first, &n);
    MLSD__TRY(mlsd__checkpoint(scope));
    double *const x = job->x + (copy * job->n + first) * p;
    double *const targets =
        job->targets != NULL ? job->targets + (copy * job->n + first) * job->k : NULL;
    if (n * p > 0) memcpy(x, job->old + first * p, (size_t)(n * p) * sizeof *x);
    if (targets != NULL) set_targets(job, first, n, targets);
    return mlsd__augment_batch(job->augment, scope, (uint64_t)copy, job->numbers + first, n, x, p,
                               targets, job->k);
}

/* The rows as they are and their copies, with room for n_more rows behind. */
static mlsd_status run_copies(mlsd__scope *scope, copy_job *job, int64_t n_copies,
                              mlsd__row_set *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_all, size;
    MLSD__TRY(mlsd__mul_size(job->n, n_copies + 1, &n_all));
    MLSD__TRY(mlsd__mul_size(n_all, job->p, &size));
    out->x = mlsd__alloc_raw(a, size, sizeof *out->x);
    job->numbers = mlsd__alloc_raw(a, job->n, sizeof *job->numbers);
    if (out->x == NULL || job->numbers == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < job->n; i++) job->numbers[i] = i;
    if (mlsd__augment_mixes(job->augment)) {
        MLSD__TRY(mlsd__mul_size(job->n * n_copies, job->k, &size));
        job->targets = mlsd__alloc_raw(a, size, sizeof *job->targets);
        if (job->targets == NULL) return MLSD_E_NOMEM;
    }
    if (job->n * job->p > 0) memcpy(out->x, job->old, (size_t)(job->n * job->p) * sizeof *job->old);
    job->x = out->x + job->n * job->p;
    job->n_blocks = mlsd__n_blocks(job->n);
    return mlsd__parallel_for(scope, n_copies * job->n_blocks, copy_block, job);
}

/* Each copy has the target and the weight of its row, or a mixed number. */
static mlsd_status repeat_targets(const mlsd__allocator *a, const copy_job *job, int64_t n_copies,
                                  mlsd__row_set *out)
{
    const mlsd__train *const train = job->train;
    const int64_t n = job->n, k = 1 + train->n_more_targets, n_all = n * (n_copies + 1);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_all, k, &size));
    out->y = mlsd__alloc_raw(a, size, sizeof *out->y);
    if (train->weight != NULL) out->weight = mlsd__alloc_raw(a, n_all, sizeof *out->weight);
    if (out->y == NULL || (train->weight != NULL && out->weight == NULL)) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_all; i++) {
        const double *const y =
            job->targets != NULL && i >= n ? job->targets + (i - n) * k : train->y + i % n * k;
        memcpy(out->y + i * k, y, (size_t)k * sizeof *y);
        if (out->weight != NULL) out->weight[i] = train->weight[i % n];
    }
    finish_matrix(train, n_all, out);
    return MLSD_OK;
}

/* Room for so many rows, in which the first are those as they are. */
static mlsd_status parts_open(const mlsd__allocator *a, const copy_job *job, int64_t n_all,
                              double **x, mlsd__row_set *out)
{
    const int64_t n = job->n, p = job->p;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_all, p, &size));
    *x = mlsd__alloc_raw(a, size, sizeof **x);
    out->y = mlsd__alloc_raw(a, n_all, sizeof *out->y);
    out->weight = mlsd__alloc_raw(a, n_all, sizeof *out->weight);
    if (*x == NULL || out->y == NULL || out->weight == NULL) return MLSD_E_NOMEM;
    if (n * p > 0) memcpy(*x, out->x, (size_t)(n * p) * sizeof **x);
    for (int64_t i = 0; i < n; i++) {
        out->y[i] = job->train->y[i];
        out->weight[i] = job->train->weight != NULL ? job->train->weight[i] : 1;
    }
    return MLSD_OK;
}

/* A copy of two classes becomes two rows, which have their shares of its weight: the loss of both
 * together is that of the mixed target. */
static mlsd_status part_targets(const mlsd__allocator *a, const copy_job *job, int64_t n_copies,
                                mlsd__row_set *out)
{
    const int64_t n = job->n, p = job->p, k = job->k, n_mixed = n * n_copies;
    int64_t n_all = n;
    for (int64_t i = 0; i < n_mixed * k; i++) n_all += job->targets[i] > 0;
    double *x = NULL;
    const mlsd_status status = parts_open(a, job, n_all, &x, out);
    if (status != MLSD_OK) {
        mlsd__free(a, x);
        return status;
    }
    int64_t to = n;
    for (int64_t i = 0; i < n_mixed; i++) {
        const double weight = job->train->weight != NULL ? job->train->weight[i % n] : 1;
        for (int64_t c = 0; c < k; c++) {
            if (!(job->targets[i * k + c] > 0)) continue;
            if (p > 0) memcpy(x + to * p, job->x + i * p, (size_t)p * sizeof *x);
            out->y[to] = (double)c;
            out->weight[to++] = weight * job->targets[i * k + c];
        }
    }
    mlsd__free(a, out->x);
    out->x = x;
    finish_matrix(job->train, n_all, out);
    return MLSD_OK;
}

mlsd_status mlsd__row_set_copies(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__augment *augment, int64_t n_copies, mlsd__row_set *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    copy_job job = {.train = train,
                    .augment = augment,
                    .n = train->x->n_rows,
                    .p = train->x->n_features,
                    .k = is_number ? 1 + train->n_more_targets : train->n_classes};
    double *old = NULL;
    *out = (mlsd__row_set){0};
    mlsd_status status = mlsd__frame_materialize(scope, train->x, &old);
    job.old = old;
    if (status == MLSD_OK) status = run_copies(scope, &job, n_copies, out);
    if (status == MLSD_OK)
        status = job.targets != NULL && !is_number ? part_targets(a, &job, n_copies, out)
                                                   : repeat_targets(a, &job, n_copies, out);
    mlsd__free(a, old);
    mlsd__free(a, job.numbers);
    mlsd__free(a, job.targets);
    return status;
}
