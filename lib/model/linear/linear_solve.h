/* linear_solve.h - symmetric systems of penalised least squares. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_SOLVE_H
#define MLSD_MODEL_LINEAR_LINEAR_SOLVE_H

#include "base/scope.h"

/* Solve (A + alpha I) X = B, B and X p x t, A p x p positive semi-definite, upper triangle given
 * (spoiled). Where that is singular to working precision: the X of least norm. */
mlsd_status mlsd__linear_solve(mlsd__scope *scope, int64_t p, int64_t t, double *a, const double *b,
                               double alpha, double *x);

#endif
