/* svm_solve.h - one score of a linear support vector machine, for classes and for numbers:
 *
 *   |w|_1 or |w|_2^2 / 2  +  C sum c_i loss(z_i),  z_i = x_i' w + s w_p,
 *
 * where the last coefficient w_p is the intercept over intercept_scaling s, penalised like all
 * others: liblinear's objective (Fan et al. 2008, JMLR 9) and so scikit-learn's. The loss is max(0,
 * 1 - y z) or max(0, |z - t| - epsilon), or the square of it. */
#ifndef MLSD_MODEL_SVM_SVM_SOLVE_H
#define MLSD_MODEL_SVM_SVM_SOLVE_H

#include "model/estimator.h"

typedef struct mlsd__svm_problem {
    const mlsd__frame *frame;
    const double *target;        /* +1 and -1, or numbers */
    const double *weight;        /* NULL: ones */
    double C, epsilon, constant; /* intercept_scaling; 0: no intercept */
    bool is_regression, is_squared, has_l1;
    double tol;
    int64_t max_iter, seed;
} mlsd__svm_problem;

typedef struct mlsd__svm_outcome {
    double objective, dual_gap; /* the objective is at most so much above its minimum */
    int64_t n_iter;
    bool converged;
} mlsd__svm_outcome;

/* Coefficients (columns, then the last one where there is a constant) from 0. The dual way is for
 * l2 only, and uses one thread; the primal one is for squared losses. Errors: MLSD_E_NUMERIC where
 * sums overflow. */
mlsd_status mlsd__svm_dual(mlsd__scope *scope, const mlsd__svm_problem *problem, double *coef,
                           mlsd__svm_outcome *out);
mlsd_status mlsd__svm_primal(mlsd__scope *scope, const mlsd__svm_problem *problem, double *coef,
                             mlsd__svm_outcome *out);

/* Whether the primal way is the faster one for so many columns. */
bool mlsd__svm_wants_primal(const mlsd__svm_problem *problem);

/* Say in the log that n_short of n scores did not converge, and what to do. */
void mlsd__svm_warn(mlsd__scope *scope, const char *kind, const mlsd__svm_problem *problem,
                    int64_t n_short, int64_t n);

#endif
