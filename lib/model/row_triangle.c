/* row_triangle.c - see the header. Blocks of rows are reduced to triangles, and triangles of groups
 * to one triangle (TSQR: Demmel, Grigori, Hoemmen & Langou 2012, SIAM J. Sci. Comput. 34(1));
 * groups depend on the data's size alone. */
#include "model/row_triangle.h"

#include <string.h>

#include "model/row_pass.h"
#include "numeric/blas.h"

typedef struct triangle_job {
    const mlsd__frame *x;
    mlsd__fill_rows fill;
    const void *arg;
    int64_t q, n_groups, n_stack;
    double *triangles; /* n_groups x q x q */
} triangle_job;

/* Replace the rows stacked so far by their triangle, which goes on top of the stack. */
static mlsd_status reduce(mlsd__scope *scope, double *stack, int64_t *n_stacked, int64_t q,
                          double *r)
{
    MLSD__TRY(mlsd__qr_r(scope, *n_stacked, q, stack, q, r));
    memcpy(stack, r, (size_t)(q * q) * sizeof *r);
    *n_stacked = q;
    return MLSD_OK;
}

static mlsd_status triangle_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const triangle_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = job->q;
    double *const r = job->triangles + group * q * q;
    mlsd__row_reader reader = {0};
    double *const stack = mlsd__alloc_raw(a, job->n_stack * q, sizeof *stack);
    mlsd_status status = stack == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, job->x);
    int64_t block, last, n_stacked = 0;
    mlsd__row_group(job->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        if (n_stacked + n > job->n_stack) status = reduce(scope, stack, &n_stacked, q, r);
        if (status == MLSD_OK) {
            job->fill(job->arg, x, first, n, ld, stack + n_stacked * q);
            n_stacked += n;
            status = mlsd__checkpoint(scope);
        }
    }
    if (status == MLSD_OK) status = reduce(scope, stack, &n_stacked, q, r);
    mlsd__free(a, stack);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

mlsd_status mlsd__row_triangle(mlsd__scope *scope, const mlsd__frame *x, int64_t width,
                               mlsd__fill_rows fill, const void *arg, double **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = x->n_rows, q = width;
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(q, q, &size));
    triangle_job job = {.x = x, .fill = fill, .arg = arg, .q = q};
    job.n_groups = mlsd__row_groups(n_rows, 2 * size);
    /* A triangle and at least as many rows again, so that half of the work is on new rows. */
    const int64_t n_block = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    job.n_stack = q + n_block * ((q + n_block - 1) / n_block);
    job.triangles = mlsd__alloc(a, job.n_groups, (size_t)size * sizeof(double));
    double *const r = mlsd__alloc_raw(a, size, sizeof *r);
    mlsd_status status = job.triangles == NULL || r == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, job.n_groups, triangle_group, &job);
    if (status == MLSD_OK) status = mlsd__qr_r(scope, job.n_groups * q, q, job.triangles, q, r);
    mlsd__free(a, job.triangles);
    if (status != MLSD_OK) {
        mlsd__free(a, r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}
