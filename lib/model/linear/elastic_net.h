/* elastic_net.h - what lasso and elastic_net share with their cross-validated sisters: parameters,
 * and how a fit is kept in the model. */
#ifndef MLSD_MODEL_LINEAR_ELASTIC_NET_H
#define MLSD_MODEL_LINEAR_ELASTIC_NET_H

#include "model/linear/enet.h"
#include "model/linear/linear_state.h"

extern const char *const mlsd__enet_selections[];

typedef struct mlsd__enet_params {
    double alpha, l1_ratio; /* l1_ratio of elastic_net only: ask mlsd__enet_ratio */
    int64_t fit_intercept, max_iter;
    double tol;
    int64_t positive, selection, seed;
    mlsd__f64_list alphas;
    int64_t n_alphas;
    double eps;
} mlsd__enet_params;

/* What lasso and elastic_net bring to model/path.h. */
extern const struct mlsd__path_ops mlsd__enet_path_ops;

/* The share of l1 of a spec of either kind. */
double mlsd__enet_ratio(const mlsd_spec *spec);
/* Solve for one spec of either kind, and keep what its model keeps; problem is that of the rows. */
mlsd_status mlsd__enet_fit_problem(mlsd__scope *scope, const mlsd_spec *spec,
                                   const mlsd__enet_problem *problem, mlsd__linear_state *state);
/* An empty state of either kind. */
mlsd_status mlsd__enet_state_new(const mlsd__allocator *a, int64_t p, mlsd__linear_state **out);

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
