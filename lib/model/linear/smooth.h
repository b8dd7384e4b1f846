/* smooth.h - minimise a smooth function: by Newton's method where its Hessian is small, by L-BFGS
 * where it is not. Nothing here knows rows or models. */
#ifndef MLSD_MODEL_LINEAR_SMOOTH_H
#define MLSD_MODEL_LINEAR_SMOOTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

typedef struct mlsd__smooth {
    int64_t n; /* numbers in theta */
    void *user;
    /* The value at theta, its gradient (n) and Hessian (upper triangle, n x n); either may be NULL.
     * Infinite or NaN where theta is out of the function's domain. The Hessian may be any positive
     * semi-definite one that leads downhill, such as Fisher's information. */
    mlsd_status (*at)(void *user, mlsd__scope *scope, const double *theta, double *value,
                      double *gradient, double *hessian);

    /* For L-BFGS; each may be NULL. A rough inverse of the Hessian, symmetric and positive
     * definite: v becomes its product with it; false where there is none. */
    bool (*precondition)(void *user, double *v);
    /* Told of the start, and of every point that a step has led to, n_iter steps so far: `at` was
     * asked about it last. *out_ends set true ends the way there. */
    mlsd_status (*arrived)(void *user, mlsd__scope *scope, const double *theta, int64_t n_iter,
                           bool *out_ends);
} mlsd__smooth;

typedef struct mlsd__smooth_limits {
    int64_t max_iter;
    double tol; /* largest component of the gradient; the value is of the order of one */
    bool
        may_run_away; /* there may be no minimum, only ever flatter slopes on the way to infinity */
    double gain; /* of L-BFGS: no end where a step promises more than this share of the value; 0:
                    the gradient alone decides */
} mlsd__smooth_limits;

typedef struct mlsd__smooth_outcome {
    int64_t n_iter;
    bool converged;
    bool nonfinite; /* the numbers broke down at the start */
    double value;   /* where theta ended */
} mlsd__smooth_outcome;

/* From theta downhill to the minimum, in theta. Cancelled by `at`'s checkpoints. */
mlsd_status mlsd__smooth_newton(const mlsd__smooth *f, mlsd__scope *scope,
                                const mlsd__smooth_limits *limits, double *theta,
                                mlsd__smooth_outcome *out);
mlsd_status mlsd__smooth_lbfgs(const mlsd__smooth *f, mlsd__scope *scope,
                               const mlsd__smooth_limits *limits, double *theta,
                               mlsd__smooth_outcome *out);

/* L-BFGS step by step, for those who look at each point on the way, or go on another time: then
 * room, rho, n_pairs and newest are what it remembers. */
enum { MLSD__LBFGS_MEMORY = 10 };
typedef struct mlsd__lbfgs {
    const mlsd__smooth *f;
    mlsd__scope *scope;
    int64_t n, n_room;
    double *room;             /* all of the following but theta, which is the caller's */
    double *theta, *gradient; /* where it is */
    double *trial, *trial_gradient, *direction;
    double *s, *y;                  /* steps and changes of the gradient, a ring */
    double rho[MLSD__LBFGS_MEMORY]; /* 1 / y's */
    int64_t n_pairs, newest;
    bool is_scaled; /* the direction is of the length of a step */
    bool ends;      /* f asked for it */
} mlsd__lbfgs;

mlsd_status mlsd__lbfgs_open(mlsd__lbfgs *b, const mlsd__allocator *a, const mlsd__smooth *f,
                             double *theta);
void mlsd__lbfgs_close(mlsd__lbfgs *b, const mlsd__allocator *a);
/* The value and gradient at theta; then steps until *out_done: it converged, max_iter or f ended
 * it, or there is no way down. */
mlsd_status mlsd__lbfgs_start(mlsd__lbfgs *b, mlsd__scope *scope, mlsd__smooth_outcome *out);
mlsd_status mlsd__lbfgs_step(mlsd__lbfgs *b, mlsd__scope *scope, const mlsd__smooth_limits *limits,
                             mlsd__smooth_outcome *out, bool *out_done);

#endif
