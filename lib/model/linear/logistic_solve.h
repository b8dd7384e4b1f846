/* logistic_solve.h - minimise the logistic objective, by Newton's method or L-BFGS. */
#ifndef MLSD_MODEL_LOGISTIC_SOLVE_H
#define MLSD_MODEL_LOGISTIC_SOLVE_H

#include "model/linear/logistic_loss.h"

typedef struct mlsd__logistic_limits {
    int64_t max_iter;
    double tol; /* largest component of the gradient, in the design's units */
    bool
        stops_separated; /* no penalty: separated classes have no optimum, so do not run after it */
} mlsd__logistic_limits;

typedef struct mlsd__logistic_outcome {
    int64_t n_iter;
    bool converged;
    bool nonfinite; /* the numbers broke down at the start: NaN or infinity in x, or overflow */
    mlsd__logistic_value at; /* where theta ended */
} mlsd__logistic_outcome;

/* From theta to the optimum in theta. Newton needs a loss with a Hessian. `is_cold`: theta is zero,
 * and a start may be found on part of the rows first. */
mlsd_status mlsd__logistic_newton(mlsd__logistic_loss *l, mlsd__scope *scope,
                                  const mlsd__logistic_limits *limits, bool is_cold, double *theta,
                                  mlsd__logistic_outcome *out);
mlsd_status mlsd__logistic_lbfgs(mlsd__logistic_loss *l, mlsd__scope *scope,
                                 const mlsd__logistic_limits *limits, double *theta,
                                 mlsd__logistic_outcome *out);

#endif
