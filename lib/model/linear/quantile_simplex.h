/* quantile_simplex.h - quantile regression with weights and an L1 penalty, solved exactly: the
 * answer is a vertex, and comes with the dual numbers that prove it. Nothing here knows frames. */
#ifndef MLSD_MODEL_LINEAR_QUANTILE_SIMPLEX_H
#define MLSD_MODEL_LINEAR_QUANTILE_SIMPLEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* Minimise sum w (y - z'theta) (quantile - [y < z'theta]) + sum penalty |theta|. Columns should be
 * of the order of one, and y too. */
typedef struct mlsd__quantile_problem {
    int64_t n, q;          /* rows, columns */
    const double *z;       /* n x q */
    const double *y;       /* n */
    const double *weight;  /* n, all above 0; NULL: ones */
    const double *penalty; /* q, 0 for none */
    double quantile;
} mlsd__quantile_problem;

typedef struct mlsd__quantile_outcome {
    int64_t n_pivots;
    bool converged;
    double objective, gap; /* at most so far above the minimum; rounding where converged */
} mlsd__quantile_outcome;

/* theta (q): start and answer. */
mlsd_status mlsd__quantile_solve(mlsd__scope *scope, const mlsd__quantile_problem *problem,
                                 double *theta, mlsd__quantile_outcome *out);

/* Inside: a basis is q rows whose residuals are 0. Row i of the data is i; below 0
 * are rows of one column j: "theta_j = 0" of a penalty is -1 - j, and "theta_j = what it was at the
 * start" is -1 - q - j. */
typedef struct mlsd__quantile_basis {
    int64_t q;
    int64_t *row;     /* q */
    double *inverse;  /* q x q: along row k of it only the k-th basic row changes, by one */
    double *sums;     /* q: of the absolute numbers in each row of it */
    double *squares;  /* q: of them squared */
    double *products; /* q, scratch */
    int64_t *used;    /* q, scratch */
} mlsd__quantile_basis;

/* A row's numbers, from the data or of one column. */
void mlsd__quantile_row(const mlsd__quantile_problem *p, int64_t row, double *out);
double mlsd__quantile_row_dot(const mlsd__quantile_problem *p, int64_t row, const double *x);
/* The column of a row that is not the data's. */
int64_t mlsd__quantile_unit(int64_t row, int64_t q);
bool mlsd__quantile_is_hold(int64_t row, int64_t q);

/* Put a row (its numbers) in the k-th place. */
void mlsd__quantile_basis_exchange(mlsd__quantile_basis *b, int64_t k, int64_t row,
                                   const double *numbers);
/* Invert again, from the rows; keeps what is there where they are singular to working precision. */
mlsd_status mlsd__quantile_basis_refresh(mlsd__scope *scope, mlsd__quantile_basis *b,
                                         const mlsd__quantile_problem *p);

#endif
