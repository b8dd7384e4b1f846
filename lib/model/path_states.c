/* path_states.c - see the header. */
#include "model/path_states.h"

#include "model/row_pass.h"

static mlsd_status predict(mlsd__scope *scope, const mlsd__estimator_ops *ops, const void *state,
                           const mlsd__frame *rows, mlsd_output what, int64_t width, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = rows->n_rows;
    const int64_t most = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(most, mlsd__scratch_width(ops, state), &size));
    double *const scratch = mlsd__alloc_raw(a, size, sizeof *scratch);
    if (scratch == NULL) return MLSD_E_NOMEM;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, a, rows);
    for (int64_t b = 0; status == MLSD_OK && b < mlsd__n_blocks(n_rows); b++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, b, &first, &n, &ld);
        status = mlsd__estimator_predict(scope, ops, state, x, n, ld, what, out + first * width,
                                         scratch);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    mlsd__free(a, scratch);
    return status;
}

static mlsd_status take_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                             const mlsd__estimator_ops *ops, int64_t setting, const void *state)
{
    for (int64_t part = 0; part < fold->n_parts; part++) {
        const mlsd__frame *const rows = &fold->parts[part];
        int64_t size;
        MLSD__TRY(mlsd__mul_size(rows->n_rows, fold->width, &size));
        double *const out = mlsd__alloc_raw(scope->allocator, size, sizeof *out);
        if (out == NULL) return MLSD_E_NOMEM;
        mlsd_status status = predict(scope, ops, state, rows, fold->what, fold->width, out);
        if (status == MLSD_OK)
            status = fold->sink->take(fold->sink->user, scope, fold->split, setting, part, out);
        mlsd__free(scope->allocator, out);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

mlsd_status mlsd__path_end_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                                const mlsd__estimator_ops *ops, int64_t setting, mlsd_status status,
                                void *state)
{
    if (mlsd__path_is_about_data(status))
        status = fold->sink->fail(fold->sink->user, fold->split, setting, status);
    else if (status == MLSD_OK)
        status = take_fold(scope, fold, ops, setting, state);
    if (state != NULL) ops->free_state(scope->allocator, state);
    return status;
}

mlsd_status mlsd__path_take_split(mlsd__scope *scope, const mlsd__path_folds *folds,
                                  const mlsd__estimator_ops *ops, int64_t split, int64_t setting,
                                  const void *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__path_rows *const rows = &folds->splits[split];
    int64_t size;
    MLSD__TRY(mlsd__mul_size(rows->n_test, folds->width, &size));
    double *const out = mlsd__alloc_raw(a, size, sizeof *out);
    int64_t *const storage = mlsd__alloc_raw(a, rows->n_test, sizeof *storage);
    mlsd_status status = out == NULL || storage == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        mlsd__frame test;
        mlsd__frame_select(folds->all->x, rows->test, rows->n_test, storage, &test);
        status = predict(scope, ops, state, &test, folds->what, folds->width, out);
    }
    if (status == MLSD_OK)
        status = folds->sink->take(folds->sink->user, scope, split, setting, 0, out);
    mlsd__free(a, storage);
    mlsd__free(a, out);
    return status;
}

mlsd_status mlsd__path_require_finite(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    for (int64_t part = 0; part < fold->n_parts; part++)
        MLSD__TRY(mlsd__frame_require_finite(scope, &fold->parts[part], false));
    return MLSD_OK;
}

mlsd_status mlsd__path_fail_all(const mlsd__path_fold *fold, mlsd_status status)
{
    for (int64_t i = 0; i < fold->n_settings; i++)
        MLSD__TRY(fold->sink->fail(fold->sink->user, fold->split, i, status));
    return MLSD_OK;
}
