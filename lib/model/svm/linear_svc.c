/* linear_svc.c - kind "linear_svc": linear support vector classification (Cortes & Vapnik 1995)
 * with scikit-learn's LinearSVC's objective: svm_solve.h. More than two classes: each against the
 * rest. A row weighs what its own class does in all scores; liblinear weighs rows of the rest by 1.
 */
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "model/class_weight.h"
#include "model/linear/linear_scores.h"
#include "model/svm/linear_svm.h"

extern const mlsd_kind mlsd__kind_linear_svc;

typedef struct svc_params {
    int64_t penalty, loss;
    double tol, C;
    int64_t fit_intercept;
    double intercept_scaling;
    int64_t dual, max_iter, seed;
    mlsd__class_weight class_weight;
} svc_params;

enum { L1 = 1, SQUARED_HINGE = 0, HINGE = 1 };
static const char *const PENALTIES[] = {"l2", "l1", NULL};
static const char *const LOSSES[] = {"squared_hinge", "hinge", NULL};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const svc_params *const p = mlsd__spec_params(spec);
    if (p->penalty == L1 && p->loss == HINGE)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'penalty' l1 needs 'loss' squared_hinge");
    if (p->penalty == L1 && p->dual == MLSD__SVM_DUAL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'penalty' l1 needs 'dual' false or auto");
    if (p->loss == HINGE && p->dual == MLSD__SVM_PRIMAL)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'loss' hinge needs 'dual' true or auto");
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const svc_params *const p = mlsd__spec_params(spec);
    const mlsd__svm_problem problem = {.frame = train->x,
                                       .weight = train->weight,
                                       .C = p->C,
                                       .constant = p->fit_intercept ? p->intercept_scaling : 0.0,
                                       .is_squared = p->loss == SQUARED_HINGE,
                                       .has_l1 = p->penalty == L1,
                                       .tol = p->tol,
                                       .max_iter = p->max_iter,
                                       .seed = p->seed};
    return mlsd__svm_fit(scope, "linear_svc", &problem, p->dual, train->y, train->n_classes,
                         out_state);
}

static const mlsd__class_weight *class_weight(const mlsd_spec *spec)
{
    return &((const svc_params *)mlsd__spec_params(spec))->class_weight;
}

static const mlsd__estimator_ops OPS = {
    .classifies = true,
    .check = check,
    .class_weight = class_weight,
    .fit = fit,
    .predict_block = mlsd__linear_scores_predict,
    .scratch_width = mlsd__linear_scores_scratch,
    .attribute = mlsd__linear_scores_attribute,
    .save = mlsd__linear_scores_save,
    .load = mlsd__linear_scores_load,
    .free_state = mlsd__linear_scores_free,
};

#define P svc_params
static const mlsd_param PARAMS[] = {
    MLSD__P_CHOICE(P, penalty, PENALTIES, "\"l2\"", "what keeps the coefficients small"),
    MLSD__P_CHOICE(P, loss, LOSSES, "\"squared_hinge\"", "what a row on the wrong side costs"),
    MLSD__SVM_TOL(P),
    MLSD__SVM_C(P),
    MLSD__SVM_PARAMS(P),
    MLSD__CLASS_WEIGHT_PARAMS(P),
};
#undef P

const mlsd_kind mlsd__kind_linear_svc = {
    .name = "linear_svc",
    .family = "estimator",
    .doc = "linear support vector classification; more than two classes each against the rest",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(svc_params),
    .ops = &OPS,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"LinearSVC\"}",
};
