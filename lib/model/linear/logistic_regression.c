/* logistic_regression.c - kind "logistic_regression": scikit-learn's objective,
 * C sum w_i loss_i + r |coef|_1 + (1 - r) ||coef||^2 / 2 with free intercepts, one score for two
 * classes and softmax for more. Separated classes have an optimum with a penalty; without one the
 * fit stops with converged = 0 and finite coefficients. */
#include "model/linear/logistic_regression.h"

#include <math.h>

#include "base/kindtable.h"
#include "model/linear/logistic_curve.h"
#include "model/linear/leave_rows.h"
#include "model/linear/logistic_path.h"

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__logistic_params *params = mlsd__spec_params(spec);
    mlsd__logistic_problem problem;
    mlsd__logistic_outcome outcome;
    mlsd__linear_scores *scores = NULL;
    MLSD__TRY(mlsd__logistic_problem_open(&problem, scope, train, params->fit_intercept != 0,
                                          "logistic_regression"));
    mlsd_status status = mlsd__logistic_problem_solve_watched(&problem, scope, params, &outcome);
    if (status == MLSD_OK)
        status =
            mlsd__logistic_problem_scores(&problem, scope->allocator, params, &outcome, &scores);
    if (status == MLSD_OK)
        mlsd__logistic_problem_warn(&problem, scope, params, &outcome, "logistic_regression");
    mlsd__logistic_problem_close(&problem, scope->allocator);
    *out_state = scores;
    return status;
}

static mlsd_status leave_out(const mlsd_spec *spec, const mlsd__train *train, const void *state,
                             mlsd__leave_out *out)
{
    const mlsd__logistic_params *const p = mlsd__spec_params(spec);
    const mlsd__linear_scores *const s = state;
    if (s->n_scores != 1)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "logistic_regression leaves out rows of two classes, there are %lld",
                          (long long)train->n_classes);
    const bool has_l1 = p->penalty == MLSD__PENALTY_L1 || p->penalty == MLSD__PENALTY_ELASTICNET;
    const double r = p->penalty == MLSD__PENALTY_L1           ? 1.0
                     : p->penalty == MLSD__PENALTY_ELASTICNET ? p->l1_ratio
                                                              : 0.0;
    *out = (mlsd__leave_out){.coef = s->coef,
                             .intercept = s->intercept[0],
                             .has_intercept = p->fit_intercept != 0,
                             .is_sparse = has_l1 && r > 0.0,
                             .l2 = p->penalty == MLSD__PENALTY_NONE ? 0.0 : (1.0 - r) / p->C,
                             .rows = mlsd__log_loss_rows,
                             .link = MLSD__LINK_LOGISTIC};
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    return mlsd__logistic_params_check(mlsd__spec_params(spec));
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const mlsd__logistic_params *)mlsd__spec_params(spec))->class_weight;
}

static const mlsd__estimator_ops OPS = {
    .classifies = true,
    .fills_curve = true,
    .has_proba = true,
    .checks_x = true,
    .check = check,
    .class_weight = class_weight,
    .path = &mlsd__logistic_path,
    .leave_out = leave_out,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

static const char *const PENALTIES[] = {"l2", "none", "l1", "elasticnet", NULL};

#define P mlsd__logistic_params
static const mlsd_param PARAMS[] = {
    MLSD__P_F64(P, C, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", "log",
                "inverse of the penalty's strength: smaller is stronger"),
    MLSD__P_CHOICE(P, penalty, PENALTIES, "\"l2\"", "what keeps the coefficients small"),
    MLSD__P_F64_NULL(P, l1_ratio, 0, 1, 0, "null",
                     "part of l1 in penalty elasticnet; the rest is l2"),
    MLSD__P_BOOL(P, fit_intercept, "true", "fit an intercept, which is never penalised"),
    MLSD__P_I64(P, max_iter, 1, INFINITY, "100", "log", "most iterations"),
    MLSD__P_F64(
        P, tol, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0001", "log",
        "stop where no slope of the mean loss, by standard deviation of a column, is larger"),
    MLSD__CLASS_WEIGHT_PARAMS(P),
};
#undef P

extern const mlsd_kind mlsd__kind_logistic_regression;
const mlsd_kind mlsd__kind_logistic_regression = {
    .name = "logistic_regression",
    .family = "estimator",
    .doc = "logistic regression for two or more classes, by Newton's method or L-BFGS",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(mlsd__logistic_params),
    .ops = &OPS,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"sklearn\":\"LogisticRegression\"}",
};
