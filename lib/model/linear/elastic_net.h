/* elastic_net.h - what lasso and elastic_net share with their cross-validated sisters: parameters,
 * and how a fit is kept in the model. */
#ifndef MLSD_MODEL_LINEAR_ELASTIC_NET_H
#define MLSD_MODEL_LINEAR_ELASTIC_NET_H

#include "model/linear/enet.h"
#include "model/linear/linear_state.h"

extern const char *const mlsd__enet_selections[];

/* Rows of a parameter table, for a struct with these fields. */
#define MLSD__ENET_PARAMS(P)                                                                  \
    MLSD__P_BOOL(P, fit_intercept, "true", "Whether there is an intercept"),                  \
        MLSD__P_I64(P, max_iter, 1, INFINITY, "1000", "log", "Most sweeps for a penalty"),    \
        MLSD__P_F64(P, tol, 0, INFINITY, MLSD__OPEN_UPPER, "0.0001", "log",                   \
                    "Stop where the dual gap is at most so many mean squares of the target"), \
        MLSD__P_BOOL(P, positive, "false", "Whether no coefficient may be negative"),         \
        MLSD__P_CHOICE(P, selection, mlsd__enet_selections, "\"cyclic\"",                     \
                       "Order in which a sweep takes the coefficients"),                      \
        MLSD__P_I64(P, seed, 0, INFINITY, "0", NULL, "Seed of a random selection")

void mlsd__enet_sort_falling(double *values, int64_t n);

/* Coefficients, intercept, and from extra array first_extra on: dual gap, n_iter, converged. */
mlsd_status mlsd__enet_keep_model(const mlsd__allocator *a, const mlsd__enet_problem *problem,
                                  const double *coef, const mlsd__enet_end *end,
                                  int64_t first_extra, mlsd__linear_state *state);
/* From extra array first_extra on: coefficients of n penalties, intercepts, dual gaps, n_iters. */
mlsd_status mlsd__enet_keep_path(const mlsd__allocator *a, const mlsd__enet_problem *problem,
                                 int64_t n, const double *coef, const mlsd__enet_end *ends,
                                 int64_t first_extra, mlsd__linear_state *state);

/* Say in the log which penalties did not converge, and what to do. */
void mlsd__enet_warn(mlsd__scope *scope, const char *kind, const mlsd__enet_problem *problem,
                     const mlsd__enet_options *options, int64_t n, const double *alphas,
                     const mlsd__enet_end *ends);

#endif
