/* ridge.c - linear least squares with an L2 penalty on the slopes: minimise
 * sum w (y - X b - b0)^2 + alpha |b|^2 (Hoerl & Kennard 1970, Technometrics 12(1)), the intercept
 * not penalised.
 *
 * The normal equations come from centred moments and are solved by Cholesky; with more columns than
 * rows their dual, X'(XX' + alpha)^-1 y, is the smaller system. Where the equations are singular
 * (alpha is 0 or drowns) the answer is the one of least norm. */
#include <math.h>
#include <string.h>

#include "model/linear/leave_rows.h"
#include "model/linear/linear_folds.h"
#include "model/linear/linear_moments.h"
#include "model/linear/linear_solve.h"
#include "model/linear/linear_state.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_ridge;

typedef struct ridge_params {
    double alpha;
    int64_t fit_intercept;
} ridge_params;

/* Slopes (p x t) and means into the state. */
static void keep(const double *slopes, const double *mean, bool fit_intercept,
                 mlsd__linear_state *state)
{
    const int64_t p = state->p, t = state->n_targets;
    for (int64_t k = 0; k < t; k++) {
        double *const coef = state->coef + k * p;
        for (int64_t j = 0; j < p; j++) coef[j] = slopes[j * t + k];
        if (fit_intercept)
            mlsd__linear_set_intercept(state, k, mean[p + k] - mlsd__dot(mean, coef, p));
    }
}

static mlsd_status fit_primal(mlsd__scope *scope, const ridge_params *params,
                              const mlsd__train *train, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = state->p, t = state->n_targets;
    mlsd__gram moments;
    MLSD__TRY(mlsd__linear_moments(scope, train, &moments));
    double *const matrix = mlsd__alloc_raw(a, p * p, sizeof *matrix);
    double *const right = mlsd__alloc_raw(a, 2 * p * t, sizeof *right);
    mlsd_status status = matrix == NULL || right == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        mlsd__linear_normal_equations(&moments, p, params->fit_intercept != 0, matrix, right);
        status = mlsd__linear_solve(scope, p, t, matrix, right, params->alpha, right + p * t);
    }
    if (status == MLSD_OK) keep(right + p * t, moments.mean, params->fit_intercept != 0, state);
    mlsd__free(a, right);
    mlsd__free(a, matrix);
    mlsd__gram_free(&moments, a);
    return status;
}

static mlsd_status fit_dual(mlsd__scope *scope, const ridge_params *params,
                            const mlsd__train *train, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = state->p, t = state->n_targets;
    double *x, *y, *mean;
    MLSD__TRY(mlsd__linear_centred_rows(scope, train, params->fit_intercept != 0, &x, &y, &mean));
    double *const kernel = mlsd__alloc_raw(a, n * n, sizeof *kernel);
    double *const dual = mlsd__alloc_raw(a, (n + p) * t, sizeof *dual);
    mlsd_status status = kernel == NULL || dual == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__linear_kernel(scope, x, n, p, kernel);
    if (status == MLSD_OK) status = mlsd__linear_solve(scope, n, t, kernel, y, params->alpha, dual);
    if (status == MLSD_OK) {
        double *const slopes = dual + n * t;
        if (t == 1)
            mlsd__gemv(true, n, p, 1, x, p, dual, 0, slopes);
        else
            mlsd__gemm(true, false, p, t, n, 1, x, p, dual, t, 0, slopes, t);
        keep(slopes, mean, params->fit_intercept != 0, state);
    }
    mlsd__free(a, dual);
    mlsd__free(a, kernel);
    mlsd__free(a, x);
    mlsd__free(a, y);
    mlsd__free(a, mean);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const ridge_params *const params = mlsd__spec_params(spec);
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__linear_state_new_many(scope->allocator, train->x->n_features,
                                          1 + train->n_more_targets, NULL, &state));
    mlsd_status status = train->x->n_features > train->x->n_rows
                             ? fit_dual(scope, params, train, state)
                             : fit_primal(scope, params, train, state);
    if (status == MLSD_OK) status = mlsd__linear_state_check(state);
    if (status != MLSD_OK) {
        mlsd__linear_free(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* Settings that differ in their penalties have the same moments. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const ridge_params *const one = mlsd__spec_params(a), *const other = mlsd__spec_params(b);
    return one->fit_intercept == other->fit_intercept;
}

static double *alphas_of(const mlsd__allocator *a, const mlsd_spec *const *settings, int64_t n)
{
    double *const alphas = mlsd__alloc_raw(a, n, sizeof *alphas);
    for (int64_t l = 0; alphas != NULL && l < n; l++)
        alphas[l] = ((const ridge_params *)mlsd__spec_params(settings[l]))->alpha;
    return alphas;
}

static mlsd_status run_fold(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const ridge_params *const params = mlsd__spec_params(fold->settings[0]);
    double *const alphas = alphas_of(scope->allocator, fold->settings, fold->n_settings);
    if (alphas == NULL) return MLSD_E_NOMEM;
    const mlsd_status status =
        mlsd__linear_run_fold(scope, fold, alphas, params->fit_intercept != 0);
    mlsd__free(scope->allocator, alphas);
    return status;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const ridge_params *const params = mlsd__spec_params(folds->settings[0]);
    double *const alphas = alphas_of(scope->allocator, folds->settings, folds->n_settings);
    if (alphas == NULL) return MLSD_E_NOMEM;
    const mlsd_status status =
        mlsd__linear_run_folds(scope, folds, alphas, params->fit_intercept != 0, false, out_served);
    mlsd__free(scope->allocator, alphas);
    return status;
}

static const mlsd__path_ops path = {
    .run_plan = "one factorisation a fold for all penalties",
    .folds_plan = "moments of all folds from one pass, one factorisation a fold for all penalties",
    .shares = shares,
    .run = run_fold,
    .run_folds = run_folds,
};

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    return mlsd__linear_load_many(r, n_features, NULL, out_state);
}

static mlsd_status leave_out(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             mlsd__leave_out *out)
{
    const ridge_params *const params = mlsd__spec_params(spec);
    return mlsd__linear_leave_out(train, state, params->fit_intercept != 0, params->alpha, out);
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .takes_targets = true,
    .path = &path,
    .checks_x = true,
    .fits_moments = true,
    .fit = fit,
    .leave_out = leave_out,
    .predict_block = mlsd__linear_predict_block,
    .n_targets = mlsd__linear_n_targets,
    .attribute = mlsd__linear_attribute,
    .save = mlsd__linear_save,
    .load = load,
    .free_state = mlsd__linear_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64(ridge_params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log",
                "Strength of the penalty on the squared slopes"),
    MLSD__P_BOOL(ridge_params, fit_intercept, "true", "Whether there is an intercept"),
};

const mlsd_kind mlsd__kind_ridge = {
    .name = "ridge",
    .family = "estimator",
    .doc = "Linear least squares with an L2 penalty on the slopes",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(ridge_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"Ridge\"}",
};
