/* logistic_problem.c - a training set of logistic regression: its classes, its objective for a
 * given C, the choice of the solver, and the answer in the columns' own units. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/logistic_regression.h"

static mlsd_status number_classes(mlsd__logistic_problem *p, mlsd__scope *scope, const char *what)
{
    const mlsd__allocator *a = scope->allocator;
    const mlsd__train *t = p->train;
    double *const mass = mlsd__alloc(a, t->n_classes, sizeof *mass);
    p->label = mlsd__alloc_raw(a, t->x->n_rows, sizeof *p->label);
    p->class_of = mlsd__alloc(a, t->n_classes, sizeof *p->class_of);
    mlsd_status status = MLSD_OK;
    if (mass == NULL || p->label == NULL || p->class_of == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    for (int64_t i = 0; i < t->x->n_rows; i++) {
        const double w = t->weight != NULL ? t->weight[i] : 1.0;
        mass[(int64_t)t->y[i]] += w;
        p->weight += w;
    }
    for (int64_t c = 0; c < t->n_classes; c++)
        if (mass[c] > 0.0) p->class_of[p->n_labels++] = c;
    if (p->n_labels < 2) {
        status = mlsd__fail(MLSD_E_DATA,
                            "%s needs rows of at least two classes, got only class number %lld",
                            what, (long long)p->class_of[0]);
        goto out;
    }
    for (int64_t k = 0; k < p->n_labels; k++) mass[p->class_of[k]] = (double)k;
    for (int64_t i = 0; i < t->x->n_rows; i++) {
        const double label = mass[(int64_t)t->y[i]];
        p->label[i] = (int32_t)label; /* 0 for a class without weight: its rows have none */
    }

out:
    mlsd__free(a, mass);
    return status;
}

mlsd_status mlsd__logistic_problem_open(mlsd__logistic_problem *p, mlsd__scope *scope,
                                        const mlsd__train *train, bool fit_intercept,
                                        const char *what)
{
    *p = (mlsd__logistic_problem){.train = train, .is_cold = true};
    mlsd_status status = number_classes(p, scope, what);
    if (status == MLSD_OK) status = mlsd__design_open(&p->design, scope, train->x, fit_intercept);
    const bool is_binary = train->n_classes == 2;
    if (status == MLSD_OK)
        status = mlsd__mul_size(is_binary ? 1 : p->n_labels, p->design.n_columns, &p->n_theta);
    if (status == MLSD_OK) {
        p->theta = mlsd__alloc(scope->allocator, p->n_theta, sizeof *p->theta);
        if (p->theta == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) mlsd__logistic_problem_close(p, scope->allocator);
    return status;
}

void mlsd__logistic_problem_close(mlsd__logistic_problem *p, const mlsd__allocator *a)
{
    mlsd__design_close(&p->design, a);
    mlsd__free(a, p->label);
    mlsd__free(a, p->class_of);
    mlsd__free(a, p->theta);
    *p = (mlsd__logistic_problem){0};
}

static mlsd_status explain_nonfinite(const mlsd__logistic_problem *p, mlsd__scope *scope)
{
    MLSD__TRY(mlsd__frame_require_finite(scope, p->train->x, false));
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the logistic loss overflows: the features or weights are too large; "
                      "add a standardize step");
}

static bool has_l1(const mlsd__logistic_params *params)
{
    return params->penalty == MLSD__PENALTY_L1 ||
           (params->penalty == MLSD__PENALTY_ELASTICNET && params->l1_ratio > 0.0);
}

mlsd_status mlsd__logistic_params_check(const mlsd__logistic_params *params)
{
    if (params->penalty != MLSD__PENALTY_ELASTICNET || !isnan(params->l1_ratio)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'penalty' elasticnet needs 'l1_ratio', from 0 (l2 alone) to 1 (l1 alone)");
}

/* Beside the mean loss. */
static mlsd__logistic_penalty penalty_of(const mlsd__logistic_params *params, double weight)
{
    const double strength = 1.0 / (params->C * weight);
    if (params->penalty == MLSD__PENALTY_NONE) return (mlsd__logistic_penalty){0};
    const double l1_ratio = params->penalty == MLSD__PENALTY_L2   ? 0.0
                            : params->penalty == MLSD__PENALTY_L1 ? 1.0
                                                                  : params->l1_ratio;
    return (mlsd__logistic_penalty){.l1 = l1_ratio * strength, .l2 = (1.0 - l1_ratio) * strength};
}

void mlsd__logistic_problem_warn(const mlsd__logistic_problem *p, mlsd__scope *scope,
                                 const mlsd__logistic_params *params,
                                 const mlsd__logistic_outcome *outcome, const char *what)
{
    if (outcome->converged) return;
    if (params->penalty == MLSD__PENALTY_NONE && outcome->at.min_margin > 0.0)
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "%s: the columns separate the classes, so without a penalty there is no best "
            "fit: coefficients grow for ever, and were stopped after %lld iterations; set "
            "penalty to l2 or l1",
            what, (long long)outcome->n_iter);
    else if (params->penalty == MLSD__PENALTY_NONE)
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "%s: did not converge in %lld iterations; raise max_iter - or, where some rows "
            "of a class can be told for sure, coefficients grow for ever without a "
            "penalty: set penalty to l2 or l1",
            what, (long long)outcome->n_iter);
    else
        mlsd__log_line(scope, MLSD_LOG_WARNING,
                       "%s: did not converge in %lld iterations (%lld rows, %lld columns, C = %g); "
                       "raise max_iter or tol, or scale the columns (a standardize step does)",
                       what, (long long)outcome->n_iter, (long long)p->design.n_rows,
                       (long long)p->design.n_features, params->C);
}

enum { LARGE_BLOCKS = 8 };
static const double SMALL_PRODUCTS = 300.0 * 300.0, LARGE_PRODUCTS = 64.0 * 64.0;

/* Newton's steps on all columns at once pay up to so many; working sets beyond. */
static const double SPARSE_COLUMNS = 64.0;

static mlsd_status solve_with_l1(const mlsd__logistic_problem *p, mlsd__logistic_loss *loss,
                                 mlsd__scope *scope, const mlsd__logistic_limits *limits,
                                 bool has_hessian, mlsd__logistic_outcome *out)
{
    return has_hessian ? mlsd__logistic_proximal(loss, scope, limits, p->theta, out)
                       : mlsd__logistic_sparse(loss, scope, limits, p->theta, out);
}

/* Of several scores the Hessian is as dear as many gradients, which the rows of a large frame are
 * better looked at with. */
static double most_products(const mlsd__logistic_problem *p, int64_t k)
{
    if (k == 1) return MLSD__NEWTON_PRODUCTS;
    return mlsd__n_blocks(p->design.n_rows) < LARGE_BLOCKS ? SMALL_PRODUCTS : LARGE_PRODUCTS;
}

mlsd_status mlsd__logistic_tell(const mlsd__logistic_limits *limits, mlsd__scope *scope,
                                const double *theta, int64_t n_iter,
                                const mlsd__logistic_value *value)
{
    const mlsd__logistic_watch *const w = limits->watch;
    return w != NULL ? w->arrived(w->user, scope, theta, n_iter, value) : MLSD_OK;
}

bool mlsd__logistic_is_newton(const mlsd__logistic_problem *p, int64_t n_scores)
{
    const double k = (double)n_scores, q = (double)p->design.n_columns;
    return 0.5 * k * (k + 1) * q * q <= most_products(p, n_scores);
}

mlsd_status mlsd__logistic_problem_solve(mlsd__logistic_problem *p, mlsd__scope *scope,
                                         const mlsd__logistic_params *params,
                                         mlsd__logistic_outcome *out)
{
    const bool has_penalty = params->penalty != MLSD__PENALTY_NONE, is_sparse = has_l1(params);
    const int64_t k = p->train->n_classes == 2 ? 1 : p->n_labels;
    const double q = (double)p->design.n_columns;
    const bool is_newton =
        is_sparse ? (double)k * q <= SPARSE_COLUMNS : mlsd__logistic_is_newton(p, k);
    const mlsd__logistic_limits limits = {.max_iter = params->max_iter,
                                          .tol = params->tol,
                                          .stops_separated = !has_penalty,
                                          .watch = p->watch};
    mlsd__logistic_loss loss;
    const mlsd__loss_rows rows = {
        .kind = MLSD__LOSS_LOG, .label = p->label, .positive = 1, .weight = p->train->weight};
    MLSD__TRY(mlsd__logistic_loss_open(&loss, scope, &p->design, &rows, k,
                                       penalty_of(params, p->weight), is_newton));
    mlsd_status status =
        is_sparse   ? solve_with_l1(p, &loss, scope, &limits, is_newton, out)
        : is_newton ? mlsd__logistic_newton(&loss, scope, &limits, p->is_cold, p->theta, out)
                    : mlsd__logistic_lbfgs(&loss, scope, &limits, p->theta, out);
    mlsd__logistic_loss_close(&loss, scope->allocator);
    p->is_cold = false;
    if (status == MLSD_OK && out->nonfinite) status = explain_nonfinite(p, scope);
    return status;
}

/* Where two classes are, the one score speaks for the second. */
void mlsd__logistic_fill_scores(const mlsd__logistic_problem *p, const double *theta,
                                mlsd__linear_scores *s)
{
    const int64_t q = p->design.n_columns;
    if (s->n_scores == 1) {
        mlsd__design_from_scaled(&p->design, theta, s->coef, s->intercept);
        return;
    }
    for (int64_t c = 0; c < s->n_scores; c++) s->intercept[c] = -INFINITY;
    for (int64_t k = 0; k < p->n_labels; k++) {
        const int64_t c = p->class_of[k];
        mlsd__design_from_scaled(&p->design, theta + k * q, s->coef + c * s->n_features,
                                 &s->intercept[c]);
    }
}

mlsd_status mlsd__logistic_problem_scores(const mlsd__logistic_problem *p, const mlsd__allocator *a,
                                          const mlsd__logistic_params *params,
                                          const mlsd__logistic_outcome *outcome,
                                          mlsd__linear_scores **out)
{
    mlsd__linear_scores *s = NULL;
    MLSD__TRY(mlsd__linear_scores_new(a, MLSD__LINK_LOGISTIC, p->design.n_features,
                                      p->train->n_classes, &s));
    mlsd__logistic_fill_scores(p, p->theta, s);
    const double C = params->penalty != MLSD__PENALTY_NONE ? params->C : 1.0;
    mlsd_status status = mlsd__linear_scores_number(s, "n_iter", (double)outcome->n_iter);
    if (status == MLSD_OK)
        status = mlsd__linear_scores_number(s, "converged", outcome->converged ? 1.0 : 0.0);
    if (status == MLSD_OK) status = mlsd__linear_scores_number(s, "loss", outcome->at.mean_loss);
    if (status == MLSD_OK)
        status = mlsd__linear_scores_number(s, "objective", C * p->weight * outcome->at.objective);
    if (status == MLSD_OK && has_l1(params))
        status = mlsd__linear_scores_number(s, "violation", outcome->violation);
    if (status != MLSD_OK) {
        mlsd__linear_scores_free(a, s);
        return status;
    }
    *out = s;
    return MLSD_OK;
}
