/* frame_pass.c - a pass over all rows of a frame, and the mean and spread of its features. Blocks
 * are of fixed size and their moments are merged in their order, so that no number depends on the
 * threads. */
#include "split/frame_pass.h"

#include "numeric/sum.h"

/* Doubles that a worker's buffer should stay below where rows are wide. */
enum { CHUNK_DOUBLES = 1 << 16 };

typedef struct pass {
    const mlsd__frame *frame;
    mlsd__frame_fn fn;
    void *user;
    int64_t n_chunk;  /* rows read at a time */
    int64_t n_buffer; /* doubles of a worker */
    double *buffers;
} pass;

static mlsd_status pass_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const pass *const p = arg;
    double *const x = p->buffers + scope->worker * p->n_buffer;
    double *const scratch = x + p->n_chunk * p->frame->n_features;
    int64_t first, n;
    mlsd__block_range(p->frame->n_rows, block, &first, &n);
    for (int64_t i = 0; i < n; i += p->n_chunk) {
        const int64_t n_here = n - i < p->n_chunk ? n - i : p->n_chunk;
        MLSD__TRY(mlsd__checkpoint(scope));
        mlsd__frame_read(p->frame, first + i, n_here, x, scratch);
        MLSD__TRY(p->fn(p->user, first + i, n_here, x, scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__frame_pass(mlsd__scope *scope, const mlsd__frame *f, mlsd__frame_fn fn,
                             void *user)
{
    const int64_t n_wanted = CHUNK_DOUBLES / (f->n_features > 0 ? f->n_features : 1);
    pass p = {.frame = f, .fn = fn, .user = user};
    int64_t n_all = 0;
    p.n_chunk = n_wanted < 1 ? 1 : n_wanted > MLSD__BLOCK_ROWS ? MLSD__BLOCK_ROWS : n_wanted;
    p.n_buffer = p.n_chunk * f->n_features + mlsd__frame_scratch(f, p.n_chunk);
    MLSD__TRY(mlsd__mul_size(scope->n_threads, p.n_buffer, &n_all));
    p.buffers = mlsd__alloc_raw(scope->allocator, n_all, sizeof *p.buffers);
    if (p.buffers == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, mlsd__n_blocks(f->n_rows), pass_block, &p);
    mlsd__free(scope->allocator, p.buffers);
    return status;
}

/* Finite values of a feature within a block. */
typedef struct moments {
    double n, mean, m2;
} moments;

typedef struct scale_job {
    const mlsd__frame *frame;
    double *largest;    /* n_threads x n_features */
    const double *step; /* of each feature */
    moments *moments;   /* n_blocks x n_features */
} scale_job;

static mlsd_status find_largest(void *user, int64_t first, int64_t n, double *x, mlsd__scope *scope)
{
    const scale_job *const job = user;
    const int64_t p = job->frame->n_features;
    double *const largest = job->largest + scope->worker * p;
    (void)first;
    for (int64_t i = 0; i < n; i++, x += p) {
        for (int64_t j = 0; j < p; j++) {
            const double size = fabs(x[j]);
            if (size > largest[j] && size <= DBL_MAX) largest[j] = size;
        }
    }
    return MLSD_OK;
}

static mlsd_status add_moments(void *user, int64_t first, int64_t n, double *x, mlsd__scope *scope)
{
    const scale_job *const job = user;
    const int64_t p = job->frame->n_features;
    moments *const block = job->moments + first / MLSD__BLOCK_ROWS * p;
    (void)scope;
    for (int64_t i = 0; i < n; i++, x += p) {
        for (int64_t j = 0; j < p; j++) {
            if (!mlsd__is_finite(x[j])) continue;
            const double value = x[j] * job->step[j], gap = value - block[j].mean;
            block[j].n++;
            block[j].mean += gap / block[j].n;
            block[j].m2 += gap * (value - block[j].mean);
        }
    }
    return MLSD_OK;
}

/* The power of two that brings the largest value to about 1. */
static double step_of(double largest)
{
    enum { FARTHEST = 1000 }; /* beyond it 2^-exponent would not be a normal number */
    int exponent = 0;
    (void)frexp(largest, &exponent);
    if (exponent < -FARTHEST) exponent = -FARTHEST;
    if (exponent > FARTHEST) exponent = FARTHEST;
    return ldexp(1, -exponent);
}

static void finish_feature(const scale_job *job, int64_t j, mlsd__feature_scale *out)
{
    const int64_t p = job->frame->n_features, n_blocks = mlsd__n_blocks(job->frame->n_rows);
    moments all = {0, 0, 0};
    for (int64_t b = 0; b < n_blocks; b++) {
        const moments *const block = job->moments + b * p + j;
        if (block->n > 0)
            mlsd__merge_moments(&all.n, &all.mean, &all.m2, block->n, block->mean, block->m2);
    }
    const double sd = all.n > 0 ? sqrt(all.m2 / all.n) : 0;
    /* Below this the spread is what rounding leaves of equal numbers. */
    const bool is_spread = sd > 8 * DBL_EPSILON * fabs(all.mean);
    out->mean[j] = all.mean;
    out->inverse_sd[j] = is_spread && job->frame->features[j].type == MLSD__NUMERIC ? 1 / sd : 0;
}

mlsd_status mlsd__feature_scale_new(mlsd__scope *scope, const mlsd__frame *f,
                                    mlsd__feature_scale *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = f->n_features;
    scale_job job = {.frame = f};
    int64_t n_moments = 0, n_largest = 0;
    *out = (mlsd__feature_scale){NULL, NULL, NULL};
    MLSD__TRY(mlsd__mul_size(mlsd__n_blocks(f->n_rows), p, &n_moments));
    MLSD__TRY(mlsd__mul_size(scope->n_threads, p, &n_largest));
    mlsd_status status = MLSD_E_NOMEM;
    out->step = mlsd__alloc_raw(a, p, sizeof *out->step);
    if (out->step == NULL) goto out;
    out->mean = mlsd__alloc_raw(a, p, sizeof *out->mean);
    if (out->mean == NULL) goto out;
    out->inverse_sd = mlsd__alloc_raw(a, p, sizeof *out->inverse_sd);
    if (out->inverse_sd == NULL) goto out;
    job.largest = mlsd__alloc(a, n_largest, sizeof *job.largest);
    if (job.largest == NULL) goto out;
    job.moments = mlsd__alloc(a, n_moments, sizeof *job.moments);
    if (job.moments == NULL) goto out;

    status = mlsd__frame_pass(scope, f, find_largest, &job);
    if (status != MLSD_OK) goto out;
    for (int64_t j = 0; j < p; j++) {
        double largest = 0;
        for (int32_t t = 0; t < scope->n_threads; t++)
            largest = fmax(largest, job.largest[t * p + j]);
        out->step[j] = step_of(largest);
    }
    job.step = out->step;
    status = mlsd__frame_pass(scope, f, add_moments, &job);
    if (status != MLSD_OK) goto out;
    for (int64_t j = 0; j < p; j++) finish_feature(&job, j, out);
out:
    mlsd__free(a, job.moments);
    mlsd__free(a, job.largest);
    return status;
}

void mlsd__feature_scale_free(mlsd__feature_scale *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->step);
    mlsd__free(a, s->mean);
    mlsd__free(a, s->inverse_sd);
}
