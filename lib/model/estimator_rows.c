/* estimator_rows.c - outputs of states that are predicted by many rows at a time and may fail while
 * they are (mlsd__estimator_ops.predict_rows): the user's own estimators, and pipelines that hold
 * one. They are asked for large chunks, because each is a call of somebody else's. */
#include "model/estimator.h"

/* Doubles of a chunk of rows: 32 MB. */
enum { CHUNK_DOUBLES = 1 << 22 };

bool mlsd__estimator_by_rows(const mlsd__estimator_ops *ops, const void *state)
{
    return ops->predicts_rows != NULL && ops->predicts_rows(state);
}

static mlsd_status one_chunk(mlsd__scope *scope, const mlsd__rows_job *job, int64_t first,
                             int64_t n, double *buffer)
{
    const mlsd__frame *const f = job->frame;
    int64_t ld = f->n_features;
    const double *x = mlsd__frame_direct(f, first, &ld);
    if (x == NULL) {
        const int64_t block = n < MLSD__BLOCK_ROWS ? n : MLSD__BLOCK_ROWS;
        double *const scratch = buffer + n * f->n_features;
        for (int64_t i = 0; i < n; i += block) {
            const int64_t n_here = n - i < block ? n - i : block;
            mlsd__frame_read(f, first + i, n_here, buffer + i * f->n_features, scratch);
        }
        x = buffer;
        ld = f->n_features;
    }
    if (job->check != NULL) MLSD__TRY(job->check(job->check_user, x, n, ld, first));
    return job->ops->predict_rows(scope, job->state, x, n, ld, first, job->what,
                                  job->out + first * job->width);
}

mlsd_status mlsd__estimator_predict_rows(mlsd__scope *scope, const mlsd__allocator *a,
                                         const mlsd__rows_job *job)
{
    const mlsd__frame *const f = job->frame;
    const int64_t p = f->n_features > 0 ? f->n_features : 1;
    int64_t n_chunk = CHUNK_DOUBLES / p;
    if (n_chunk < MLSD__BLOCK_ROWS) n_chunk = MLSD__BLOCK_ROWS;
    if (n_chunk > f->n_rows) n_chunk = f->n_rows;
    const int64_t n_block = n_chunk < MLSD__BLOCK_ROWS ? n_chunk : MLSD__BLOCK_ROWS;
    int64_t size, ld;
    MLSD__TRY(mlsd__mul_size(n_chunk, f->n_features, &size));
    size += mlsd__frame_scratch(f, n_block);
    if (f->n_rows > 0 && mlsd__frame_direct(f, 0, &ld) != NULL) size = 0;
    double *const buffer = mlsd__alloc_raw(a, size, sizeof *buffer);
    if (buffer == NULL) return MLSD_E_NOMEM;
    mlsd_status status = MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < f->n_rows; first += n_chunk) {
        const int64_t n = f->n_rows - first < n_chunk ? f->n_rows - first : n_chunk;
        status = one_chunk(scope, job, first, n, buffer);
    }
    mlsd__free(a, buffer);
    return status;
}
