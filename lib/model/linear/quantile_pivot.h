/* quantile_pivot.h - inside the simplex method for quantile regression: its state, and the steps
 * that quantile_solve.c puts together. */
#ifndef MLSD_MODEL_LINEAR_QUANTILE_PIVOT_H
#define MLSD_MODEL_LINEAR_QUANTILE_PIVOT_H

#include "model/linear/quantile_simplex.h"

/* Row "theta_j = 0" of a penalty is MLSD__KINK - j, "theta_j = what it was" is q further down. */
enum { MLSD__KINK = -1 };

typedef struct mlsd__simplex {
    mlsd__scope *scope;
    mlsd__quantile_problem p; /* of this level; its y has noise, and lies in `target` */
    mlsd__quantile_basis basis;
    double *theta, *held;                          /* q; `held` is theta at the start */
    double *target, *residual, *change;            /* n */
    double *kink_target;                           /* q */
    int8_t *side, *kink_side;                      /* sign of the residual; 0: in the basis */
    double *gradient, *dual, *direction, *numbers; /* q */
    bool *is_idle;                                 /* q: basic rows that cannot move */
    double *heap_length;                           /* n + q: kinks ahead by distance */
    int64_t *heap_row, n_heap;
    double mean_weight;
    int64_t n_pivots, most_pivots;
} mlsd__simplex;

/* The dual number of a row on that side of 0, and what the row's number should be. */
double mlsd__quantile_bound(const mlsd__simplex *s, int64_t row, int side);
double mlsd__quantile_target(const mlsd__simplex *s, int64_t row);

/* theta from the basis. */
void mlsd__quantile_theta(mlsd__simplex *s);
/* Residuals of all rows at theta; signs of rows off the basis follow them where `sets_sides`. */
mlsd_status mlsd__quantile_residuals(mlsd__simplex *s, bool sets_sides);
/* Sum of dual numbers times rows off the basis. `change` is scratch. */
mlsd_status mlsd__quantile_gradient(mlsd__simplex *s);
/* The basic row to leave: the steepest way down. -1 where all dual numbers, corrected so many times
 * for the inverse's rounding, are in their bounds. */
int64_t mlsd__quantile_leaving(mlsd__simplex *s, int n_corrections);

/* Downhill from the vertex that the basis is, until none of its rows can leave. */
mlsd_status mlsd__quantile_descend(mlsd__simplex *s, bool sets_sides);

#endif
