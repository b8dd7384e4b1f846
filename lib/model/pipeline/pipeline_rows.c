/* pipeline_rows.c - predicting with a pipeline that holds a step of the user's: step by step over
 * many rows at a time. Steps of the library go block by block as elsewhere, so their numbers are
 * the same as in a pipeline without such a step. */
#include <math.h>

#include "model/pipeline/pipeline_impl.h"

/* n rows through one step of the library, a block a task. */
typedef struct blocks_job {
    const mlsd__step *step;
    const double *x;
    int64_t n, n_block, ld, first_row, width; /* width of out */
    mlsd_output what;
    double *out, *buffers;
    int64_t n_buffer; /* doubles for each worker */
} blocks_job;

static bool has_nan(const double *x, int64_t n, int64_t p, int64_t ld)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            if (isnan(x[i * ld + j])) return true;
        }
    }
    return false;
}

static mlsd_status one_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const blocks_job *const job = arg;
    const mlsd__estimator_ops *const ops = job->step->ops;
    const void *const state = job->step->state;
    const int64_t first = block * job->n_block;
    const int64_t n = job->n - first < job->n_block ? job->n - first : job->n_block;
    double *const scratch = job->buffers + (scope != NULL ? scope->worker : 0) * job->n_buffer;
    const double *const x = job->x + first * job->ld;
    double *const out = job->out + first * job->width;
    if (ops->check_block != NULL)
        MLSD__TRY(ops->check_block(state, x, n, job->ld, job->first_row + first,
                                   has_nan(x, n, job->step->p_in, job->ld), scratch));
    if (job->what != MLSD_OUTPUT_FEATURES)
        return mlsd__estimator_predict(scope, ops, state, x, n, job->ld, job->what, out, scratch);
    mlsd__transform_rows(ops, state, x, n, job->step->p_in, out, scratch);
    return MLSD_OK;
}

static mlsd_status run_blocks(mlsd__scope *scope, const mlsd__allocator *a, blocks_job *job)
{
    const mlsd__estimator_ops *const ops = job->step->ops;
    job->n_block = ops->block_rows != NULL && job->what != MLSD_OUTPUT_FEATURES
                       ? ops->block_rows(job->step->state)
                       : MLSD__BLOCK_ROWS;
    const int64_t n_block = job->n < job->n_block ? job->n : job->n_block;
    const int64_t n_scratch = ops->scratch_width != NULL ? ops->scratch_width(job->step->state) : 0;
    MLSD__TRY(mlsd__mul_size(n_block, n_scratch, &job->n_buffer));
    const int64_t n_workers = scope != NULL ? scope->n_threads : 1;
    job->buffers = mlsd__alloc_raw(a, n_workers * job->n_buffer, sizeof *job->buffers);
    if (job->buffers == NULL) return MLSD_E_NOMEM;
    const int64_t n_blocks = (job->n + job->n_block - 1) / job->n_block;
    mlsd_status status = MLSD_OK;
    if (scope != NULL) {
        status = mlsd__parallel_for(scope, n_blocks, one_block, job);
    } else {
        for (int64_t b = 0; status == MLSD_OK && b < n_blocks; b++)
            status = one_block(job, b, NULL);
    }
    mlsd__free(a, job->buffers);
    return status;
}

/* One step over n rows. */
static mlsd_status run_step(mlsd__scope *scope, const mlsd__allocator *a, const mlsd__step *s,
                            const double *x, int64_t n, int64_t ld, int64_t first_row,
                            mlsd_output what, int64_t width, double *out)
{
    if (!s->ops->takes_nan) MLSD__TRY(mlsd__step_find_nan(s, x, n, ld, first_row));
    if (mlsd__estimator_by_rows(s->ops, s->state))
        return s->ops->predict_rows(scope, s->state, x, n, ld, first_row, what, out);
    blocks_job job = {.step = s,
                      .x = x,
                      .n = n,
                      .ld = ld,
                      .first_row = first_row,
                      .width = width,
                      .what = what,
                      .out = out};
    return run_blocks(scope, a, &job);
}

/* Transforms take rows that lie one after the other. */
static mlsd_status packed(const mlsd__allocator *a, const double *x, int64_t n, int64_t p,
                          int64_t ld, double **out)
{
    *out = mlsd__alloc_raw(a, n * p, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) (*out)[i * p + j] = x[i * ld + j];
    }
    return MLSD_OK;
}

/* Columns of what the last step gives. */
static int64_t final_width(const mlsd__step *last, mlsd_output what, int64_t n_classes)
{
    int64_t width = last->ops->n_targets != NULL ? last->ops->n_targets(last->state) : 1;
    if (what == MLSD_OUTPUT_FEATURES)
        (void)last->ops->features_out(last->state, &width);
    else if (what == MLSD_OUTPUT_PROBA || what == MLSD_OUTPUT_DECISION)
        width = what == MLSD_OUTPUT_DECISION && n_classes <= 2 ? 1 : n_classes;
    return width;
}

mlsd_status mlsd__pipeline_head(mlsd__scope *scope, const mlsd__pipeline_state *state,
                                const double *x, int64_t n, int64_t ld, int64_t first_row,
                                double **out, int64_t *out_ld)
{
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &state->allocator;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    mlsd_status status = packed(a, x, n, state->steps[0].p_in, ld, out);
    for (const mlsd__step *s = state->steps; status == MLSD_OK && s < last; s++) {
        int64_t width, size;
        (void)s->ops->features_out(s->state, &width);
        status = mlsd__mul_size(n, width, &size);
        if (status != MLSD_OK) break;
        double *const next = mlsd__alloc_raw(a, size, sizeof *next);
        status = next == NULL ? MLSD_E_NOMEM
                              : run_step(scope, a, s, *out, n, s->p_in, first_row,
                                         MLSD_OUTPUT_FEATURES, width, next);
        mlsd__free(a, *out);
        *out = next;
    }
    *out_ld = last->p_in;
    return status;
}

mlsd_status mlsd__pipeline_predict_rows(mlsd__scope *scope, const void *state_, const double *x,
                                        int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                        double *out)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__allocator *const a = scope != NULL ? scope->allocator : &state->allocator;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    double *rows = NULL;
    int64_t ld_rows = 0;
    mlsd_status status = mlsd__pipeline_head(scope, state, x, n, ld, first_row, &rows, &ld_rows);
    if (status == MLSD_OK)
        status = run_step(scope, a, last, rows, n, ld_rows, first_row, what,
                          final_width(last, what, state->n_classes), out);
    mlsd__free(a, rows);
    return status;
}
