/* linear_regression.c - ordinary least squares from the triangle of the centred rows
 * (linear_triangle.c). Where the rank is full the answer is refined in double-double
 * (linear_refine.c); otherwise it is the one of least norm, and the columns that depend on others
 * are named (linear_dependence.c). */
#include <math.h>
#include <string.h>

#include "model/linear/leave_rows.h"
#include "model/linear/linear_fit.h"
#include "model/linear/linear_folds.h"
#include "model/linear/linear_moments.h"
#include "numeric/blas.h"
#include "numeric/least_squares.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_linear_regression;

/* Rows times columns up to which `auto` refines; beyond, it would be felt. */
static const int64_t REFINED_SIZE = 10000000;

enum { AUTO, REFINED, FAST };
static const char *const ACCURACIES[] = {"auto", "refined", "fast", NULL};

typedef struct regression_params {
    int64_t fit_intercept, accuracy;
    double level;
} regression_params;

enum { RANK, CONDITION, SINGULAR, N_REFINEMENTS, DEPENDENCE, INFERENCE };
static const char *const extra_names[] = {
    "rank", "condition", "singular", "n_refinements", "dependence", MLSD__LINEAR_INFERENCE_NAMES,
    NULL};

/* x = V diag(1 / s) U' b over the first `rank` singular values, and the length of what they leave
 * of b. */
static double solve_by_svd(const mlsd__linear_fit *fit, const double *u, const double *b,
                           double *right, double *x)
{
    const int64_t p = fit->p;
    double left = 0;
    mlsd__gemv(true, p, p, 1, u, p, b, 0, right);
    for (int64_t j = 0; j < p; j++) {
        if (j >= fit->rank) left += right[j] * right[j];
        right[j] = j < fit->rank ? right[j] / fit->s[j] : 0;
    }
    mlsd__gemv(true, p, p, 1, fit->vt, p, right, 0, x);
    return left;
}

/* Solve R b = r from the joint triangle. Where the rank is full, the answer is unique. Where it is
 * not, the least norm is asked of the columns as they are. `room` has p (2 p + 2) numbers. */
static mlsd_status solve(mlsd__scope *scope, mlsd__linear_fit *fit, double *room,
                         mlsd__linear_state *state)
{
    const int64_t p = fit->p, q = fit->q;
    double *const triangle = room, *const u = room + p * p, *const b = u + p * p;
    double *const right = b + p;
    const bool is_full = fit->rank == p;
    mlsd__linear_copy_triangle(fit, fit->scale, triangle);
    MLSD__TRY(mlsd__svd(scope, p, triangle, is_full ? NULL : u, fit->s, is_full ? NULL : fit->vt));
    for (int64_t i = 0; i < p; i++) b[i] = fit->r[i * q + p];
    fit->squares.hi = fit->r[p * q + p] * fit->r[p * q + p];
    if (!is_full) {
        fit->squares.hi += solve_by_svd(fit, u, b, right, state->coef);
        return MLSD_OK;
    }
    mlsd__solve_upper(p, fit->r, q, b);
    for (int64_t j = 0; j < p; j++) state->coef[j] = b[j] * fit->scale[j];
    return MLSD_OK;
}

static mlsd_status fit_new(mlsd__scope *scope, const mlsd__train *train, bool has_intercept,
                           mlsd__linear_fit *fit)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    int64_t size;
    *fit = (mlsd__linear_fit){
        .train = train, .has_intercept = has_intercept, .p = p, .q = p + 1, .condition = 1};
    MLSD__TRY(mlsd__mul_size(p, p, &size));
    fit->weight = train->weight != NULL ? mlsd__sum(train->weight, train->x->n_rows)
                                        : (double)train->x->n_rows;
    fit->mean = mlsd__alloc(a, p + 1, sizeof *fit->mean);
    fit->scale = mlsd__alloc(a, p, sizeof *fit->scale);
    fit->length = mlsd__alloc(a, p, sizeof *fit->length);
    fit->coef_low = mlsd__alloc(a, p, sizeof *fit->coef_low);
    fit->s = mlsd__alloc(a, p, sizeof *fit->s);
    fit->vt = mlsd__alloc(a, size, sizeof *fit->vt);
    const bool has_all = fit->mean != NULL && fit->scale != NULL && fit->length != NULL &&
                         fit->coef_low != NULL && fit->s != NULL && fit->vt != NULL;
    return has_all ? MLSD_OK : MLSD_E_NOMEM;
}

static void fit_free(const mlsd__allocator *a, mlsd__linear_fit *fit)
{
    mlsd__free(a, fit->mean);
    mlsd__free(a, fit->scale);
    mlsd__free(a, fit->length);
    mlsd__free(a, fit->coef_low);
    mlsd__free(a, fit->s);
    mlsd__free(a, fit->vt);
    mlsd__free(a, fit->r);
    mlsd__free(a, fit->dependences);
}

/* coef and intercept from the triangle. */
static mlsd_status fit_coefficients(mlsd__scope *scope, mlsd__linear_fit *fit,
                                    mlsd__linear_state *state)
{
    const int64_t p = fit->p;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, 2 * p + 2, &size));
    double *const room = mlsd__alloc(scope->allocator, size, sizeof *room);
    mlsd_status status = room == NULL ? MLSD_E_NOMEM : solve(scope, fit, room, state);
    mlsd__free(scope->allocator, room);
    if (status == MLSD_OK && fit->has_intercept)
        state->intercept = fit->mean[p] - mlsd__dot(fit->mean, state->coef, p);
    if (status == MLSD_OK) status = mlsd__linear_state_check(state);
    if (status != MLSD_OK || fit->rank == p) return status;
    MLSD__TRY(mlsd__linear_dependence(scope, fit));
    mlsd__linear_dependence_log(scope, fit);
    return MLSD_OK;
}

/* How many passes of refinement there may be; says where the size decides against them. */
static int64_t most_passes(mlsd__scope *scope, const mlsd__linear_fit *fit, int64_t accuracy)
{
    const int64_t n = fit->train->x->n_rows, if_fast = fit->from_moments ? 1 : 0;
    if (fit->rank < fit->p) return 0;
    if (accuracy == FAST) return if_fast;
    if (accuracy == REFINED || fit->p == 0 || n <= REFINED_SIZE / fit->p)
        return MLSD__LINEAR_PASSES;
    mlsd__log_line(scope, MLSD_LOG_INFO,
                   "linear_regression: %lld rows x %lld columns are more than %lld numbers: "
                   "accuracy is 'fast'",
                   (long long)n, (long long)fit->p, (long long)REFINED_SIZE);
    return if_fast;
}

static mlsd_status tell(mlsd__scope *scope, const mlsd__linear_fit *fit, double level,
                        mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->p, n = fit->n_dependences;
    const int64_t cols[] = {1, 1, p, 1, n > 0 ? p : 0};
    for (int64_t i = 0; i < INFERENCE; i++)
        if (mlsd__linear_state_extra(a, state, i, i == DEPENDENCE ? n : 1, cols[i]) == NULL)
            return MLSD_E_NOMEM;
    state->extras[RANK].data[0] = (double)fit->rank;
    state->extras[CONDITION].data[0] = fit->condition;
    state->extras[N_REFINEMENTS].data[0] = (double)fit->n_passes;
    memcpy(state->extras[SINGULAR].data, fit->s, (size_t)p * sizeof *fit->s);
    if (n > 0)
        memcpy(state->extras[DEPENDENCE].data, fit->dependences, (size_t)(n * p) * sizeof(double));
    return mlsd__linear_inference(scope, fit, level, INFERENCE, state);
}

static mlsd_status fit_one(mlsd__scope *scope, const regression_params *params,
                           mlsd__linear_fit *fit, mlsd__linear_state *state)
{
    MLSD__TRY(mlsd__linear_triangle(scope, fit));
    MLSD__TRY(fit_coefficients(scope, fit, state));
    const int64_t passes = most_passes(scope, fit, params->accuracy);
    if (passes > 0) MLSD__TRY(mlsd__linear_refine(scope, fit, passes, state));
    MLSD__TRY(tell(scope, fit, params->level, state));
    return mlsd__linear_state_check(state);
}

static mlsd_status fit_state(mlsd__scope *scope, const regression_params *params,
                             const mlsd__train *train, mlsd__linear_state *state)
{
    mlsd__linear_fit fit;
    mlsd_status status = fit_new(scope, train, params->fit_intercept != 0, &fit);
    if (status == MLSD_OK) status = fit_one(scope, params, &fit, state);
    fit_free(scope->allocator, &fit);
    return status;
}

/* Another target for the triangle of a fit of full rank: refinement from nothing, of which the
 * first pass finds the answer and the second corrects it. */
static mlsd_status fit_next(mlsd__scope *scope, const regression_params *params,
                            mlsd__linear_fit *fit, mlsd__linear_state *state)
{
    const mlsd__train *const train = fit->train;
    const int64_t passes = most_passes(scope, fit, params->accuracy);
    double mean, variance;
    mlsd__mean_variance(train->y, train->weight, train->x->n_rows, 0, &mean, &variance);
    fit->mean[fit->p] = state->intercept = fit->has_intercept ? mean : 0;
    memset(fit->coef_low, 0, (size_t)fit->p * sizeof *fit->coef_low);
    fit->intercept_low = 0;
    MLSD__TRY(mlsd__linear_refine(scope, fit, passes > 2 ? passes : 2, state));
    /* Sums that overflow: the long way says so. */
    if (fit->n_passes == 0) return fit_state(scope, params, train, state);
    MLSD__TRY(tell(scope, fit, params->level, state));
    return mlsd__linear_state_check(state);
}

/* What depends on X alone, and so is the same for all targets. */
static bool is_common(const char *name)
{
    static const char *const common[] = {"rank",       "condition", "singular",    "n_refinements",
                                         "dependence", "df_model",  "df_residual", "mean",
                                         "weight_sum", "t_quantile"};
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp(name, common[i]) == 0) return true;
    return false;
}

/* What the k-th target gave, below what those before gave. */
static mlsd_status append(const mlsd__allocator *a, const mlsd__linear_state *one, int64_t k,
                          mlsd__linear_state *all)
{
    memcpy(all->coef + k * all->p, one->coef, (size_t)all->p * sizeof *all->coef);
    mlsd__linear_set_intercept(all, k, one->intercept);
    for (int64_t i = 0; i < all->n_extras; i++) {
        const int64_t rows = one->extras[i].rows, cols = one->extras[i].cols;
        const int64_t n_times = is_common(all->extra_names[i]) ? 1 : all->n_targets;
        if (k == 0 && mlsd__linear_state_extra(a, all, i, n_times * rows, cols) == NULL)
            return MLSD_E_NOMEM;
        if (k < n_times && rows * cols > 0)
            memcpy(all->extras[i].data + k * rows * cols, one->extras[i].data,
                   (size_t)(rows * cols) * sizeof(double));
    }
    return MLSD_OK;
}

/* One after the other; the triangle of the first serves all where the rank is full. */
static mlsd_status fit_targets(mlsd__scope *scope, const regression_params *params,
                               const mlsd__train *train, mlsd__linear_state *all)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const y = mlsd__alloc_raw(a, train->x->n_rows, sizeof *y);
    if (y == NULL) return MLSD_E_NOMEM;
    mlsd__train one_target = *train;
    one_target.y = y;
    one_target.n_more_targets = 0;
    mlsd__linear_fit fit;
    mlsd_status status = fit_new(scope, &one_target, params->fit_intercept != 0, &fit);
    for (int64_t k = 0; status == MLSD_OK && k < all->n_targets; k++) {
        mlsd__linear_state *one;
        status = mlsd__linear_state_new(a, all->p, extra_names, &one);
        if (status != MLSD_OK) break;
        mlsd__linear_target(train, k, y);
        status = k == 0               ? fit_one(scope, params, &fit, one)
                 : fit.rank == all->p ? fit_next(scope, params, &fit, one)
                                      : fit_state(scope, params, &one_target, one);
        if (status == MLSD_OK) status = append(a, one, k, all);
        mlsd__linear_free(a, one);
    }
    fit_free(a, &fit);
    mlsd__free(a, y);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const regression_params *const params = mlsd__spec_params(spec);
    const int64_t n_targets = 1 + train->n_more_targets;
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__linear_state_new_many(scope->allocator, train->x->n_features, n_targets,
                                          extra_names, &state));
    const mlsd_status status =
        (n_targets > 1 ? fit_targets : fit_state)(scope, params, train, state);
    if (status != MLSD_OK) {
        mlsd__linear_free(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* Predictions are the same to 1e-12 however accurate. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const regression_params *const one = mlsd__spec_params(a), *const other = mlsd__spec_params(b);
    return one->fit_intercept == other->fit_intercept;
}

static mlsd_status run_folds(mlsd__scope *scope, const mlsd__path_folds *folds, bool *out_served)
{
    const regression_params *const params = mlsd__spec_params(folds->settings[0]);
    return mlsd__linear_run_folds(scope, folds, NULL, params->fit_intercept != 0, true, out_served);
}

static const mlsd__path_ops path = {
    .folds_plan = "moments of all folds from one pass, one factorisation a fold",
    .shares = shares,
    .run_folds = run_folds,
};

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    return mlsd__linear_load_many(r, n_features, extra_names, out_state);
}

static mlsd_status leave_out(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             mlsd__leave_out *out)
{
    const regression_params *const params = mlsd__spec_params(spec);
    return mlsd__linear_leave_out(train, state, params->fit_intercept != 0, 0, out);
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
    MLSD__P_BOOL(regression_params, fit_intercept, "true", "Whether there is an intercept"),
    MLSD__P_CHOICE(regression_params, accuracy, ACCURACIES, "\"auto\"",
                   "refined: to the last digit; fast: what doubles give; auto: refined up to 10 "
                   "million numbers, then fast"),
    MLSD__P_F64(regression_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "Confidence level of the coefficients' intervals"),
};

const mlsd_kind mlsd__kind_linear_regression = {
    .name = "linear_regression",
    .family = "estimator",
    .doc = "Ordinary least squares; of least norm where columns depend on each other",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(regression_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"LinearRegression\"}",
};
