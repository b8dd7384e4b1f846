/* linear_svr.c - kind "linear_svr": a line that does not mind errors up to epsilon (Vapnik 1995;
 * Ho & Lin 2012, JMLR 13), with scikit-learn's LinearSVR's objective: svm_solve.h. */
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "model/linear/linear_scores.h"
#include "model/svm/linear_svm.h"

extern const mlsd_kind mlsd__kind_linear_svr;

typedef struct svr_params {
    double epsilon, tol, C;
    int64_t loss, fit_intercept;
    double intercept_scaling;
    int64_t dual, max_iter, seed;
} svr_params;

static const char *const LOSSES[] = {"epsilon_insensitive", "squared_epsilon_insensitive", NULL};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const svr_params *const p = mlsd__spec_params(spec);
    if (p->dual != MLSD__SVM_PRIMAL || p->loss == 1) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'dual' false needs 'loss' squared_epsilon_insensitive");
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const svr_params *const p = mlsd__spec_params(spec);
    const mlsd__svm_problem problem = {.frame = train->x,
                                       .target = train->y,
                                       .weight = train->weight,
                                       .C = p->C,
                                       .epsilon = p->epsilon,
                                       .constant = p->fit_intercept ? p->intercept_scaling : 0.0,
                                       .is_regression = true,
                                       .is_squared = p->loss == 1,
                                       .tol = p->tol,
                                       .max_iter = p->max_iter,
                                       .seed = p->seed};
    return mlsd__svm_fit(scope, "linear_svr", &problem, p->dual, NULL, 0, out_state);
}

static const mlsd__estimator_ops OPS = {
    .regresses = true,
    .check = check,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

#define P svr_params
static const mlsd_param PARAMS[] = {
    MLSD__P_F64(P, epsilon, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", NULL,
                "errors up to this cost nothing"),
    MLSD__SVM_TOL(P),
    MLSD__SVM_C(P),
    MLSD__P_CHOICE(P, loss, LOSSES, "\"epsilon_insensitive\"", "what an error costs"),
    MLSD__SVM_PARAMS(P),
};
#undef P

const mlsd_kind mlsd__kind_linear_svr = {
    .name = "linear_svr",
    .family = "estimator",
    .doc = "linear support vector regression",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(svr_params),
    .ops = &OPS,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"sklearn\":\"LinearSVR\"}",
};
