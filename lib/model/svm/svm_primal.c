/* svm_primal.c - linear support vector machines with squared losses by Newton steps in the primal
 * (Mangasarian 2002, Optim. Methods Softw. 17(5); Keerthi & DeCoste 2005, JMLR 6): the objective is
 * piecewise quadratic, so that they end. The steps, also those for l1, are logistic regression's;
 * the loss of the rows is another. */
#include <math.h>

#include "base/fail.h"
#include "model/linear/logistic_solve.h"
#include "model/svm/svm_solve.h"

/* Steps stop where the slopes are this share of tol: then the gap is far below it. */
static const double SLOPE_SHARE = 1e-2;

bool mlsd__svm_wants_primal(const mlsd__svm_problem *problem)
{
    const double q = (double)problem->frame->n_features + 1.0;
    return problem->has_l1 || (problem->is_squared && 0.5 * q * q <= MLSD__NEWTON_PRODUCTS);
}

void mlsd__svm_warn(mlsd__scope *scope, const char *kind, const mlsd__svm_problem *problem,
                    int64_t n_short, int64_t n)
{
    if (n_short == 0) return;
    mlsd__log_line(scope, MLSD_LOG_WARNING,
                   "%s: %lld of %lld scores did not converge in max_iter = %lld iterations; scale "
                   "the columns (a standardize step does), lower C, or raise max_iter or tol",
                   kind, (long long)n_short, (long long)n, (long long)problem->max_iter);
}

/* Weak duality, from the slopes of the loss alone. The dual numbers are the derivatives of the
 * losses; they are scaled into the dual's box where l1 asks for that. With l2 the gap is half the
 * square of the slope of the objective. */
static double gap_of(const mlsd__svm_problem *t, int64_t m, const double *coef, const double *slope,
                     double loss)
{
    double size = 0.0, square = 0.0, top = 0.0, inner = 0.0;
    for (int64_t j = 0; j < m; j++) {
        const double whole = slope[j] + coef[j];
        size += fabs(coef[j]);
        square += whole * whole;
        top = fmax(top, fabs(slope[j]));
        inner -= coef[j] * slope[j];
    }
    if (!t->has_l1) return 0.5 * square;
    const double share = top > 1.0 ? 1.0 / top : 1.0;
    return fmax(0.0, size + loss - share * (2.0 * loss + inner) + share * share * loss);
}

static mlsd_status fail_overflow(void)
{
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the squared losses overflow: C, the columns, the target or the weights are "
                      "too large; add a standardize step");
}

/* Slopes of C sum c loss by the coefficients in their own units. */
static mlsd_status judge(mlsd__scope *scope, const mlsd__svm_problem *t, mlsd__logistic_loss *loss,
                         double total, const double *theta, double *slope, double *coef,
                         mlsd__svm_outcome *out)
{
    const mlsd__design *d = loss->design;
    mlsd__logistic_value value;
    loss->penalty = (mlsd__logistic_penalty){0};
    MLSD__TRY(mlsd__logistic_loss_at(loss, scope, theta, 1, &value, slope, NULL));
    double square = 0.0, size = 0.0;
    for (int64_t j = 0; j < d->n_features; j++) {
        coef[j] = theta[j] * d->inverse[j];
        slope[j] *= total / d->inverse[j];
        square += coef[j] * coef[j];
        size += fabs(coef[j]);
    }
    const double sum = total * value.mean_loss;
    out->objective = (t->has_l1 ? size : 0.5 * square) + sum;
    out->dual_gap = gap_of(t, d->n_features, coef, slope, sum);
    if (isfinite(out->objective) && isfinite(out->dual_gap)) return MLSD_OK;
    return fail_overflow();
}

static mlsd_status solve(mlsd__scope *scope, const mlsd__svm_problem *t, mlsd__logistic_loss *loss,
                         double *theta, mlsd__logistic_outcome *out)
{
    const mlsd__logistic_limits limits = {.max_iter = t->max_iter, .tol = SLOPE_SHARE * t->tol};
    const double q = (double)loss->n_theta;
    const bool is_narrow = 0.5 * q * q <= MLSD__NEWTON_PRODUCTS;
    if (t->has_l1) return mlsd__logistic_sparse(loss, scope, &limits, theta, out);
    if (is_narrow) return mlsd__logistic_newton(loss, scope, &limits, false, theta, out);
    return mlsd__logistic_lbfgs(loss, scope, &limits, theta, out);
}

static double sum_of_weights(const mlsd__svm_problem *t)
{
    double sum = 0.0;
    if (t->weight == NULL) return (double)t->frame->n_rows;
    for (int64_t i = 0; i < t->frame->n_rows; i++) sum += t->weight[i];
    return sum;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__svm_problem *t, mlsd__design *design,
                       const mlsd__loss_rows *rows, double *room, double *coef,
                       mlsd__svm_outcome *out)
{
    const double total = t->C * sum_of_weights(t), q = (double)design->n_columns;
    const bool needs_hessian = !t->has_l1 && 0.5 * q * q <= MLSD__NEWTON_PRODUCTS;
    const mlsd__logistic_penalty penalty = {.l1 = t->has_l1 ? 1.0 / total : 0.0,
                                            .l2 = t->has_l1 ? 0.0 : 1.0 / total};
    double *const theta = room, *const slope = room + design->n_columns;
    mlsd__logistic_loss loss;
    mlsd__logistic_outcome outcome;
    MLSD__TRY(mlsd__logistic_loss_open(&loss, scope, design, rows, 1, penalty, needs_hessian));
    mlsd_status status = solve(scope, t, &loss, theta, &outcome);
    if (status == MLSD_OK && outcome.nonfinite) status = fail_overflow();
    if (status == MLSD_OK) status = judge(scope, t, &loss, total, theta, slope, coef, out);
    mlsd__logistic_loss_close(&loss, scope->allocator);
    out->n_iter = outcome.n_iter;
    out->converged = outcome.converged || out->dual_gap <= t->tol * out->objective;
    return status;
}

mlsd_status mlsd__svm_primal(mlsd__scope *scope, const mlsd__svm_problem *problem, double *coef,
                             mlsd__svm_outcome *out)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t n = problem->frame->n_rows;
    *out = (mlsd__svm_outcome){0};
    mlsd__design design;
    MLSD__TRY(mlsd__design_open_constant(&design, scope, problem->frame, problem->constant));
    int32_t *const label = mlsd__alloc(a, n, sizeof *label);
    double *const room = mlsd__alloc(a, 2 * design.n_columns, sizeof *room);
    mlsd_status status = label != NULL && room != NULL ? MLSD_OK : MLSD_E_NOMEM;
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) label[i] = problem->target[i] > 0.0;
        const mlsd__loss_rows rows = {.kind = problem->is_regression ? MLSD__LOSS_SQUARED_EPSILON
                                                                     : MLSD__LOSS_SQUARED_HINGE,
                                      .label = label,
                                      .positive = 1,
                                      .target = problem->target,
                                      .weight = problem->weight,
                                      .epsilon = problem->epsilon};
        status = run(scope, problem, &design, &rows, room, coef, out);
    }
    mlsd__free(a, label);
    mlsd__free(a, room);
    mlsd__design_close(&design, a);
    return status;
}
