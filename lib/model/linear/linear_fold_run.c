/* linear_fold_run.c - all penalties of ridge on the training rows of one fold: one pass for the
 * moments and one factorisation; with more columns than rows those of the dual, (XX' + alpha I) d =
 * y and b = X'd, as ridge.c has it for one penalty. */
#include <string.h>

#include "model/linear/fold_solution.h"
#include "model/linear/linear_folds.h"
#include "model/linear/linear_moments.h"
#include "model/linear/penalty_path.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "numeric/blas.h"

enum { MOST_OUT_DOUBLES = 4 * 1024 * 1024 }; /* of predictions that wait to be taken: 32 MB */

static mlsd_status solve_primal(mlsd__scope *scope, const mlsd__train *train,
                                const mlsd__linear_problem *problem, mlsd__fold_solution *s,
                                bool *out_ok)
{
    mlsd__gram moments;
    MLSD__TRY(mlsd__linear_moments(scope, train, &moments));
    const mlsd_status status = mlsd__fold_solution_solve(scope, problem, &moments, s, out_ok);
    mlsd__gram_free(&moments, scope->allocator);
    return status;
}

static mlsd_status solve_dual(mlsd__scope *scope, const mlsd__train *train,
                              const mlsd__linear_problem *problem, mlsd__fold_solution *s,
                              bool *out_ok)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = s->p, t = s->t, n_rows = s->n_settings * t;
    double *x, *y, *mean;
    MLSD__TRY(mlsd__linear_centred_rows(scope, train, problem->fit_intercept, &x, &y, &mean));
    double *const kernel = mlsd__alloc_raw(a, n * n, sizeof *kernel);
    double *const dual = mlsd__alloc_raw(a, n_rows * n, sizeof *dual);
    mlsd_status status = kernel == NULL || dual == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__linear_kernel(scope, x, n, p, kernel);
    *out_ok = status == MLSD_OK && !mlsd__any_nonfinite(mean, p + t);
    for (int64_t i = 0; *out_ok && i < n; i++)
        *out_ok = !mlsd__any_nonfinite(&kernel[i * n + i], 1);
    if (status == MLSD_OK && *out_ok)
        status = mlsd__penalty_path(scope, n, t, kernel, y, problem->alphas, s->n_settings, dual);
    if (status == MLSD_OK && *out_ok) {
        mlsd__gemm(false, false, n_rows, p, n, 1, dual, n, x, p, 0, s->coef, p);
        *out_ok = !mlsd__any_nonfinite(s->coef, n_rows * p);
        memcpy(s->origin, mean, (size_t)(p + t) * sizeof *mean);
    }
    mlsd__free(a, dual);
    mlsd__free(a, kernel);
    mlsd__free(a, x);
    mlsd__free(a, y);
    mlsd__free(a, mean);
    return status;
}

/* Predictions of settings first .. first + n_settings - 1 for all rows of a part. */
static mlsd_status predict_part(mlsd__scope *scope, const mlsd__frame *part,
                                const mlsd__fold_solution *s, int64_t first, int64_t n_settings,
                                double *z, double *out)
{
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, part);
    for (int64_t block = 0; status == MLSD_OK && block < mlsd__n_blocks(part->n_rows); block++) {
        int64_t at, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &at, &n, &ld);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < s->p; j++) z[i * s->p + j] = x[i * ld + j] - s->origin[j];
        mlsd__fold_predict(s, first, n_settings, z, n, s->p, at, part->n_rows, out);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status take_part(mlsd__scope *scope, const mlsd__path_fold *fold,
                             const mlsd__fold_solution *s, int64_t part)
{
    const mlsd__path_sink *const sink = fold->sink;
    const mlsd__frame *const rows = &fold->parts[part];
    const int64_t size = rows->n_rows * s->t;
    const int64_t fitting = MOST_OUT_DOUBLES / (size > 0 ? size : 1);
    const int64_t most = fitting < 1 ? 1 : fitting < s->n_settings ? fitting : s->n_settings;
    double *const out = mlsd__alloc_raw(scope->allocator, most * size, sizeof *out);
    double *const z = mlsd__alloc_raw(scope->allocator, MLSD__BLOCK_ROWS * s->p, sizeof *z);
    mlsd_status status = out == NULL || z == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && first < s->n_settings; first += most) {
        const int64_t n_here = s->n_settings - first < most ? s->n_settings - first : most;
        status = predict_part(scope, rows, s, first, n_here, z, out);
        for (int64_t l = 0; status == MLSD_OK && l < n_here; l++)
            status = sink->take(sink->user, scope, fold->split, first + l, part, out + l * size);
    }
    mlsd__free(scope->allocator, z);
    mlsd__free(scope->allocator, out);
    return status;
}

mlsd_status mlsd__linear_run_fold(mlsd__scope *scope, const mlsd__path_fold *fold,
                                  const double *alphas, bool fit_intercept)
{
    const mlsd__train *const train = fold->train;
    const int64_t p = train->x->n_features, t = 1 + train->n_more_targets;
    const mlsd__linear_problem problem = {
        .fit_intercept = fit_intercept, .alphas = alphas, .n_settings = fold->n_settings};
    mlsd__fold_solution s;
    bool ok = true;
    mlsd_status status = mlsd__fold_solution_new(scope->allocator, p, t, fold->n_settings, &s);
    if (status != MLSD_OK) goto out;
    status = (p > train->x->n_rows ? solve_dual : solve_primal)(scope, train, &problem, &s, &ok);
    if (status == MLSD_OK && !ok)
        status = mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or "
                                            "the target down (a standardize step does)");
    if (status == MLSD_OK) status = mlsd__path_require_finite(scope, fold);
    if (mlsd__path_is_about_data(status)) {
        status = mlsd__path_fail_all(fold, status);
        goto out;
    }
    for (int64_t part = 0; status == MLSD_OK && part < fold->n_parts; part++)
        status = take_part(scope, fold, &s, part);
out:
    mlsd__fold_solution_free(&s, scope->allocator);
    return status;
}
