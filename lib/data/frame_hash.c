/* frame_hash.c - see the header. */
#include "data/frame_hash.h"

#include "base/hash.h"

typedef struct hash_job {
    const mlsd__frame *x;
    double *buffers;
    int64_t n_buffer;
    uint64_t *out;
} hash_job;

static mlsd_status hash_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const hash_job *const job = arg;
    double *const buffer = job->buffers + scope->worker * job->n_buffer;
    const int64_t p = job->x->n_features;
    int64_t first, n;
    mlsd__block_range(job->x->n_rows, block, &first, &n);
    mlsd__frame_read(job->x, first, n, buffer, buffer + n * p);
    job->out[block] = mlsd__hash64(buffer, (size_t)(n * p) * sizeof *buffer, 0);
    return MLSD_OK;
}

mlsd_status mlsd__frame_put_hash(mlsd__scope *scope, const mlsd__frame *x, mlsd__writer *w)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_blocks = mlsd__n_blocks(x->n_rows);
    hash_job job = {.x = x, .n_buffer = MLSD__BLOCK_ROWS * x->n_features};
    job.n_buffer += mlsd__frame_scratch(x, MLSD__BLOCK_ROWS);
    job.buffers = mlsd__alloc_raw(a, scope->n_threads * job.n_buffer, sizeof *job.buffers);
    job.out = mlsd__alloc(a, n_blocks, sizeof *job.out);
    mlsd_status status = MLSD_E_NOMEM;
    if (job.buffers != NULL && job.out != NULL)
        status = mlsd__parallel_for(scope, n_blocks, hash_block, &job);
    if (status == MLSD_OK) mlsd__put_bytes(w, job.out, (size_t)n_blocks * sizeof *job.out);
    mlsd__free(a, job.out);
    mlsd__free(a, job.buffers);
    for (int64_t j = 0; j < x->n_features; j++) {
        const mlsd__feature *const f = &x->features[j];
        mlsd__put_str(w, f->name);
        mlsd__put_i64(w, f->type == MLSD__CATEGORY ? f->n_levels : -1);
        for (int64_t i = 0; f->type == MLSD__CATEGORY && i < f->n_levels; i++)
            mlsd__put_str(w, f->levels[i]);
    }
    return status;
}
