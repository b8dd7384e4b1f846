/* fold_solution.h - penalised least squares on the training rows of one split for many penalties,
 * and its scores on the test rows, both from moments; predictions and scores from rows where they
 * are asked for or where moments would lose digits. What linear_folds.c is made of. */
#ifndef MLSD_MODEL_LINEAR_FOLD_SOLUTION_H
#define MLSD_MODEL_LINEAR_FOLD_SOLUTION_H

#include <stdbool.h>

#include "model/estimator.h"
#include "numeric/gram.h"

/* What is to be solved. */
typedef struct mlsd__linear_problem {
    bool fit_intercept;
    bool with_mean, with_std; /* the step before, in each split anew */
    bool is_least_squares;    /* no penalty, and the digits of linear_regression or nothing */
    const double *alphas;     /* n_settings */
    int64_t n_settings;
} mlsd__linear_problem;

/* f(x) = centre + (x - origin)'coef, in the columns' own units; [origin centre] is one vector of
 * p + t numbers, and there is another with what its rounding left. */
typedef struct mlsd__fold_solution {
    int64_t p, t, n_settings;
    double *coef;   /* n_settings x t x p */
    double *origin; /* p + t: origin, then centre */
    double *low;    /* p + t */
} mlsd__fold_solution;

/* Room for a solution; end it with _free, also after a failure. */
mlsd_status mlsd__fold_solution_new(const mlsd__allocator *a, int64_t p, int64_t t,
                                    int64_t n_settings, mlsd__fold_solution *out);
void mlsd__fold_solution_free(mlsd__fold_solution *s, const mlsd__allocator *a);

/* Solve from the moments of the training rows. *out_ok false: not by moments, as the digits or the
 * data want it; or what came out is not finite. */
mlsd_status mlsd__fold_solution_solve(mlsd__scope *scope, const mlsd__linear_problem *problem,
                                      const mlsd__gram *train, mlsd__fold_solution *s,
                                      bool *out_ok);

/* The sum of w (y - f)^2 of each setting and target from the moments of the test rows, into squares
 * (n_settings x t). is_lost says which of them have fewer than eleven digits; *out_n_lost counts
 * them. */
mlsd_status mlsd__fold_squares(mlsd__scope *scope, const mlsd__fold_solution *s,
                               const mlsd__gram *test, double *squares, uint8_t *is_lost,
                               int64_t *out_n_lost);

/* n rows [X y] less the origin and the centre (n x (p + t), spoiled): the sums of w (y - f)^2 of
 * those settings and targets that are lost are added to. weight NULL for ones; room has n x
 * n_settings x t numbers. */
void mlsd__fold_squares_of_rows(const mlsd__fold_solution *s, double *z, int64_t n,
                                const double *weight, const uint8_t *is_lost, double *room,
                                double *squares);

/* Predictions of settings first .. first + n_settings - 1 for n rows less the origin (row stride
 * ld, spoiled) into rows at .. at + n - 1 of `out` (n_settings x n_rows x t). */
void mlsd__fold_predict(const mlsd__fold_solution *s, int64_t first, int64_t n_settings, double *z,
                        int64_t n, int64_t ld, int64_t at, int64_t n_rows, double *out);

#endif
