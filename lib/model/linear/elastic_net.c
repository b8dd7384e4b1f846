/* elastic_net.c - kinds "lasso" and "elastic_net": least squares whose coefficients are penalised
 * by their sizes (Tibshirani 1996, J. R. Stat. Soc. B 58(1)), and by their squares as well (Zou &
 * Hastie 2005, 67(2)). The model is that of `alpha`; with `alphas` or `n_alphas` it also keeps what
 * a whole path of penalties gives. */
#include <math.h>
#include <string.h>

#include "model/linear/elastic_net.h"
#include "model/linear/leave_rows.h"
#include "model/linear/linear_state.h"
#include "model/path.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_lasso;
extern const mlsd_kind mlsd__kind_elastic_net;

typedef mlsd__enet_params enet_params;

enum { DUAL_GAP, N_ITER, CONVERGED, ALPHAS, COEF_PATH, INTERCEPT_PATH, DUAL_GAPS, N_ITERS };
static const char *const extra_names[] = {"dual_gap",  "n_iter",    "converged",
                                          "alphas",    "coef_path", "intercept_path",
                                          "dual_gaps", "n_iters",   NULL};

const char *const mlsd__enet_selections[] = {"cyclic", "random", NULL};

/* The path, and `alpha` in its place. */
typedef struct enet_plan {
    int64_t n, own; /* penalties with `alpha`, and where that stands */
    double *alphas; /* n, falling */
    double *coef;   /* n x p */
    mlsd__enet_end *ends;
} enet_plan;

static void plan_free(enet_plan *plan, const mlsd__allocator *a)
{
    mlsd__free(a, plan->alphas);
    mlsd__free(a, plan->coef);
    mlsd__free(a, plan->ends);
}

void mlsd__enet_sort_falling(double *values, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const double value = values[i];
        int64_t j = i;
        for (; j > 0 && values[j - 1] < value; j--) values[j] = values[j - 1];
        values[j] = value;
    }
}

static mlsd_status plan_make(enet_plan *plan, const mlsd__allocator *a, const enet_params *params,
                             double l1_ratio, const mlsd__enet_problem *problem)
{
    const bool is_given = params->alphas.n > 0;
    const int64_t n = is_given ? params->alphas.n : params->n_alphas;
    plan->n = n + 1;
    plan->alphas = mlsd__alloc(a, n + 1, sizeof *plan->alphas);
    plan->ends = mlsd__alloc(a, n + 1, sizeof *plan->ends);
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n + 1, problem->p, &size));
    plan->coef = mlsd__alloc(a, size, sizeof *plan->coef);
    if (plan->alphas == NULL || plan->ends == NULL || plan->coef == NULL) return MLSD_E_NOMEM;
    if (is_given) {
        memcpy(plan->alphas, params->alphas.values, (size_t)n * sizeof *plan->alphas);
        mlsd__enet_sort_falling(plan->alphas, n);
    } else {
        mlsd__enet_grid(problem, l1_ratio, params->eps, n, plan->alphas);
    }
    int64_t at = n;
    for (; at > 0 && plan->alphas[at - 1] < params->alpha; at--)
        plan->alphas[at] = plan->alphas[at - 1];
    plan->alphas[at] = params->alpha;
    plan->own = at;
    return MLSD_OK;
}

mlsd_status mlsd__enet_keep_path(const mlsd__allocator *a, const mlsd__enet_problem *problem,
                                 int64_t n, const double *coef, const mlsd__enet_end *ends,
                                 int64_t first_extra, mlsd__linear_state *state)
{
    enum { COEF, INTERCEPT, GAPS, ITERS };
    const int64_t p = problem->p;
    double *const kept = mlsd__linear_state_extra(a, state, first_extra + COEF, n, p);
    double *const intercept = mlsd__linear_state_extra(a, state, first_extra + INTERCEPT, 1, n);
    double *const gaps = mlsd__linear_state_extra(a, state, first_extra + GAPS, 1, n);
    double *const iters = mlsd__linear_state_extra(a, state, first_extra + ITERS, 1, n);
    if (kept == NULL || intercept == NULL || gaps == NULL || iters == NULL) return MLSD_E_NOMEM;
    memcpy(kept, coef, (size_t)(n * p) * sizeof *kept);
    for (int64_t i = 0; i < n; i++) {
        intercept[i] = mlsd__enet_intercept(problem, coef + i * p);
        gaps[i] = ends[i].dual_gap;
        iters[i] = (double)ends[i].n_iter;
    }
    return MLSD_OK;
}

mlsd_status mlsd__enet_keep_model(const mlsd__allocator *a, const mlsd__enet_problem *problem,
                                  const double *coef, const mlsd__enet_end *end,
                                  int64_t first_extra, mlsd__linear_state *state)
{
    const double numbers[] = {end->dual_gap, (double)end->n_iter, end->converged ? 1 : 0};
    for (int64_t i = 0; i < 3; i++) {
        double *const number = mlsd__linear_state_extra(a, state, first_extra + i, 1, 1);
        if (number == NULL) return MLSD_E_NOMEM;
        *number = numbers[i];
    }
    memcpy(state->coef, coef, (size_t)problem->p * sizeof *coef);
    state->intercept = mlsd__enet_intercept(problem, coef);
    return mlsd__linear_state_check(state);
}

void mlsd__enet_warn(mlsd__scope *scope, const char *kind, const mlsd__enet_problem *problem,
                     const mlsd__enet_options *options, int64_t n, const double *alphas,
                     const mlsd__enet_end *ends)
{
    int64_t n_short = 0, first = 0;
    for (int64_t i = n - 1; i >= 0; i--) {
        if (ends[i].converged) continue;
        n_short++;
        first = i;
    }
    if (alphas[n - 1] == 0)
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "%s: alpha = 0 is least squares, which coordinate descent is slow and rough "
                       "at; linear_regression is exact",
                       kind);
    if (n_short == 0) return;
    mlsd__log_line(
        scope, MLSD_LOG_WARNING,
        "%s: %lld of %lld penalties did not converge, the first at alpha = %g after %lld "
        "sweeps with a dual gap of %.3g where tol allows %.3g; raise max_iter or tol, or "
        "scale the columns (a standardize step does)",
        kind, (long long)n_short, (long long)n, alphas[first], (long long)ends[first].n_iter,
        ends[first].dual_gap, options->tol * problem->square);
}

static mlsd_status keep(const mlsd__allocator *a, const mlsd__enet_problem *problem,
                        const enet_plan *plan, mlsd__linear_state *state)
{
    const int64_t n = plan->n - 1, p = problem->p, own = plan->own;
    MLSD__TRY(
        mlsd__enet_keep_model(a, problem, plan->coef + own * p, &plan->ends[own], DUAL_GAP, state));
    if (n == 0) return MLSD_OK;
    double *const alphas = mlsd__linear_state_extra(a, state, ALPHAS, 1, n);
    if (alphas == NULL) return MLSD_E_NOMEM;
    /* The others move up: `alpha` itself is no part of the path. */
    memmove(plan->coef + own * p, plan->coef + (own + 1) * p,
            (size_t)((n - own) * p) * sizeof *plan->coef);
    memmove(plan->ends + own, plan->ends + own + 1, (size_t)(n - own) * sizeof *plan->ends);
    memmove(plan->alphas + own, plan->alphas + own + 1, (size_t)(n - own) * sizeof *alphas);
    memcpy(alphas, plan->alphas, (size_t)n * sizeof *alphas);
    return mlsd__enet_keep_path(a, problem, n, plan->coef, plan->ends, COEF_PATH, state);
}

double mlsd__enet_ratio(const mlsd_spec *spec)
{
    const enet_params *const params = mlsd__spec_params(spec);
    return mlsd_spec_kind(spec) == &mlsd__kind_lasso ? 1 : params->l1_ratio;
}

mlsd_status mlsd__enet_state_new(const mlsd__allocator *a, int64_t p, mlsd__linear_state **out)
{
    return mlsd__linear_state_new(a, p, extra_names, out);
}

mlsd_status mlsd__enet_fit_problem(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__enet_problem *problem, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const enet_params *const params = mlsd__spec_params(spec);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(spec));
    const double l1_ratio = mlsd__enet_ratio(spec);
    const mlsd__enet_options options = {.l1_ratio = l1_ratio,
                                        .tol = params->tol,
                                        .max_iter = params->max_iter,
                                        .seed = params->seed,
                                        .positive = params->positive != 0,
                                        .is_random = params->selection != 0};
    enet_plan plan = {0};
    mlsd_status status = plan_make(&plan, a, params, l1_ratio, problem);
    if (status == MLSD_OK)
        status =
            mlsd__enet_path(scope, problem, &options, plan.n, plan.alphas, plan.coef, plan.ends);
    if (status == MLSD_OK) {
        mlsd__enet_warn(scope, kind, problem, &options, plan.n, plan.alphas, plan.ends);
        status = keep(a, problem, &plan, state);
    }
    plan_free(&plan, a);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const enet_params *const params = mlsd__spec_params(spec);
    mlsd__enet_problem problem = {0};
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__enet_state_new(a, train->x->n_features, &state));
    mlsd_status status = mlsd__enet_open(scope, train, params->fit_intercept != 0, &problem);
    if (status == MLSD_OK) status = mlsd__enet_fit_problem(scope, spec, &problem, state);
    mlsd__enet_close(&problem, a);
    if (status != MLSD_OK) {
        mlsd__linear_free(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* The penalty goes by the sum of the weights, as the squares do. */
static mlsd_status leave_out(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             mlsd__leave_out *out)
{
    const enet_params *const params = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows;
    const double weight = train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
    const double l1_ratio = mlsd__enet_ratio(spec), l2 = params->alpha * (1 - l1_ratio);
    MLSD__TRY(mlsd__linear_leave_out(train, state, params->fit_intercept != 0, l2 * weight, out));
    out->is_sparse = true; /* coefficients held at 0 by 'positive' stay there as well */
    out->l2_share = l2;
    out->l1_share = params->alpha * l1_ratio;
    return MLSD_OK;
}

static mlsd_status check_elastic_net(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const enet_params *const params = mlsd__spec_params(spec);
    if (params->l1_ratio > 0 || params->n_alphas == 0 || params->alphas.n > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'n_alphas' is %lld, but no penalty is strong enough to start from where "
                      "'l1_ratio' is 0; give 'alphas'",
                      (long long)params->n_alphas);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    return mlsd__linear_load(r, n_features, extra_names, out_state);
}

#define ENET_OPS(check_)                                                                          \
    {                                                                                             \
        .regresses = true, .fits_moments = true, .checks_x = true, .check = (check_), .fit = fit, \
        .leave_out = leave_out, .path = &mlsd__enet_path_ops,                                     \
        .predict_block = mlsd__linear_predict_block, .attribute = mlsd__linear_attribute,         \
        .save = mlsd__linear_save, .load = load, .free_state = mlsd__linear_free                  \
    }
static const mlsd__estimator_ops lasso_ops = ENET_OPS(NULL);
static const mlsd__estimator_ops elastic_net_ops = ENET_OPS(check_elastic_net);

#define P enet_params
#define ALPHA_PARAM                                            \
    MLSD__P_F64(                                               \
        P, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log", \
        "Strength of the penalty; 0 is least squares, which linear_regression does better")
#define PATH_PARAMS                                                                                \
    MLSD__P_F64_LIST(P, alphas, 0, INFINITY, MLSD__OPEN_UPPER, "null", "log",                      \
                     "Penalties of a path that the model keeps besides"),                          \
        MLSD__P_I64(P, n_alphas, 0, 10000, "0", NULL,                                              \
                    "Length of the path where 'alphas' is null: penalties falling from the least " \
                    "one that leaves no coefficient; 0 is no path"),                               \
        MLSD__P_F64(P, eps, 0, 1, MLSD__OPEN_LOWER, "0.001", "log",                                \
                    "The last penalty of that path as a share of the first")
static const mlsd_param lasso_table[] = {ALPHA_PARAM, MLSD__ENET_PARAMS(P), PATH_PARAMS};
static const mlsd_param elastic_net_table[] = {
    ALPHA_PARAM,
    MLSD__P_F64(P, l1_ratio, 0, 1, 0, "0.5", "linear",
                "Share of the penalty on sizes; the rest is on squares"),
    MLSD__ENET_PARAMS(P), PATH_PARAMS};
#undef P

const mlsd_kind mlsd__kind_lasso = {
    .name = "lasso",
    .family = "estimator",
    .doc = "Linear least squares with an L1 penalty, which leaves out columns",
    .params = lasso_table,
    .n_params = MLSD__COUNT(lasso_table),
    .params_size = sizeof(enet_params),
    .ops = &lasso_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"Lasso\"}",
};

const mlsd_kind mlsd__kind_elastic_net = {
    .name = "elastic_net",
    .family = "estimator",
    .doc = "Linear least squares with an L1 and an L2 penalty",
    .params = elastic_net_table,
    .n_params = MLSD__COUNT(elastic_net_table),
    .params_size = sizeof(enet_params),
    .ops = &elastic_net_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"ElasticNet\"}",
};
