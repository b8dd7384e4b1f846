/* linear_svm.h - what linear_svc and linear_svr share: parameters, and all scores of a model. */
#ifndef MLSD_MODEL_SVM_LINEAR_SVM_H
#define MLSD_MODEL_SVM_LINEAR_SVM_H

#include "model/svm/svm_solve.h"

enum { MLSD__SVM_AUTO = 0, MLSD__SVM_DUAL = 1, MLSD__SVM_PRIMAL = 2 };
extern const char *const mlsd__svm_duals[];

#define MLSD__SVM_TOL(S)                                                                   \
    MLSD__P_F64(S, tol, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0001", "log", \
                "stop where the duality gap is at most this share of the objective")
#define MLSD__SVM_C(S)                                                                \
    MLSD__P_F64(S, C, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", "log", \
                "inverse of the penalty's strength: smaller is stronger")
#define MLSD__SVM_PARAMS(S)                                                                        \
    MLSD__P_BOOL(S, fit_intercept, "true", "fit an intercept"),                                    \
        MLSD__P_F64(S, intercept_scaling, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0", \
                    "log",                                                                         \
                    "the intercept is a coefficient of a column of this value, penalised like "    \
                    "the others: larger is penalised less"),                                       \
        MLSD__P_CHOICE(S, dual, mlsd__svm_duals, "\"auto\"",                                       \
                       "how the same optimum is found: coordinate descent in the dual, or "        \
                       "Newton's method in the primal, or which of them suits the data"),          \
        MLSD__P_I64(S, max_iter, 1, INFINITY, "1000", "log", "most epochs or Newton steps"),       \
        MLSD__P_I64(S, seed, 0, INFINITY, "0", NULL, "of the order of the rows in the dual")

/* Fit the scores of a model: of numbers (n_classes 0, the problem has the target), of two classes,
 * or of each class against the rest; `y` are class numbers. Classes without a row of positive
 * weight get coefficients 0 and intercept -infinity. Errors: MLSD_E_DATA (one class),
 * MLSD_E_NUMERIC. */
mlsd_status mlsd__svm_fit(mlsd__scope *scope, const char *kind, const mlsd__svm_problem *problem,
                          int64_t dual, const double *y, int64_t n_classes, void **out_state);

#endif
