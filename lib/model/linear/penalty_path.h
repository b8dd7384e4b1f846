/* penalty_path.h - one symmetric system for many penalties. */
#ifndef MLSD_MODEL_LINEAR_PENALTY_PATH_H
#define MLSD_MODEL_LINEAR_PENALTY_PATH_H

#include "base/scope.h"

/* Solve (A + alphas[l] I) X = B for each of n penalties: A p x p, positive semi-definite, upper
 * triangle given (kept); B p x t. x is n x t x p: the solution of a penalty and a column of B is
 * one row. What mlsd__linear_solve gives, but for many penalties from one factorisation. */
mlsd_status mlsd__penalty_path(mlsd__scope *scope, int64_t p, int64_t t, const double *a,
                               const double *b, const double *alphas, int64_t n, double *x);

#endif
