/* logistic_solve.h - minimise the logistic objective: by Newton's method or L-BFGS where it is
 * smooth, by proximal Newton steps on a working set of columns where it has an l1 penalty. */
#ifndef MLSD_MODEL_LOGISTIC_SOLVE_H
#define MLSD_MODEL_LOGISTIC_SOLVE_H

#include "model/linear/logistic_loss.h"

/* Newton's work on a block is the square of the columns for each pair of scores; beyond this many
 * products a block would take longer than a cancel may, and other ways are faster. */
#define MLSD__NEWTON_PRODUCTS (400.0 * 400.0)

/* Who is told of the start, and of every point on the way over all rows and columns. */
typedef struct mlsd__logistic_watch {
    void *user;
    mlsd_status (*arrived)(void *user, mlsd__scope *scope, const double *theta, int64_t n_iter,
                           const mlsd__logistic_value *value);
} mlsd__logistic_watch;

typedef struct mlsd__logistic_limits {
    int64_t max_iter;
    double tol; /* largest component of the gradient, in the design's units */
    bool
        stops_separated; /* no penalty: separated classes have no optimum, so do not run after it */
    int64_t max_columns; /* of a working set; 0: as many as a Hessian pays for */
    const mlsd__logistic_watch *watch; /* NULL: nobody */
} mlsd__logistic_limits;

typedef struct mlsd__logistic_outcome {
    int64_t n_iter;
    bool converged;
    bool nonfinite; /* the numbers broke down at the start: NaN or infinity in x, or overflow */
    mlsd__logistic_value at; /* where theta ended */
    double violation; /* with l1: how far the worst coefficient is from its condition of optimality,
                         in the units of tol; otherwise not set */
} mlsd__logistic_outcome;

/* Tell the watch, where there is one. */
mlsd_status mlsd__logistic_tell(const mlsd__logistic_limits *limits, mlsd__scope *scope,
                                const double *theta, int64_t n_iter,
                                const mlsd__logistic_value *value);

/* From theta to the optimum in theta. Newton needs a loss with a Hessian. `is_cold`: theta is zero,
 * and a start may be found on part of the rows first. */
mlsd_status mlsd__logistic_newton(mlsd__logistic_loss *l, mlsd__scope *scope,
                                  const mlsd__logistic_limits *limits, bool is_cold, double *theta,
                                  mlsd__logistic_outcome *out);
/* With l1 (and l2). theta's coefficients that are 0 are exactly 0. mlsd__logistic_proximal needs a
 * loss with a Hessian; mlsd__logistic_sparse is over all columns of a design and needs none. */
mlsd_status mlsd__logistic_proximal(mlsd__logistic_loss *l, mlsd__scope *scope,
                                    const mlsd__logistic_limits *limits, double *theta,
                                    mlsd__logistic_outcome *out);
mlsd_status mlsd__logistic_sparse(mlsd__logistic_loss *l, mlsd__scope *scope,
                                  const mlsd__logistic_limits *limits, double *theta,
                                  mlsd__logistic_outcome *out);
/* How far coefficient i is from its condition of optimality, given the gradient without l1. */
double mlsd__logistic_violation(const mlsd__logistic_loss *l, int64_t i, double theta,
                                double gradient);
mlsd_status mlsd__logistic_lbfgs(mlsd__logistic_loss *l, mlsd__scope *scope,
                                 const mlsd__logistic_limits *limits, double *theta,
                                 mlsd__logistic_outcome *out);

#endif
