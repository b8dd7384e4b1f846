/* permuted_squares.h - cross-validated squared errors for many permutations of the target at once,
 * for kinds that solve for several targets with one factorisation a fold: what a permutation test
 * of a linear model costs little more than one cross-validation with (Ojala & Garriga 2010, J.
 * Machine Learning Research 11, for the test). */
#ifndef MLSD_VALIDATE_PERMUTED_SQUARES_H
#define MLSD_VALIDATE_PERMUTED_SQUARES_H

#include <stdbool.h>

#include "mlsd/split.h"
#include "base/scope.h"
#include "data/dataset_impl.h"

typedef struct mlsd__permutations {
    const mlsd_spec *estimator; /* a kind, or a pipeline of a standardize step and a kind */
    const mlsd_dataset *dataset;
    const mlsd_folds *folds;
    int64_t n_permutations;
    /* Row i gets the target of row order[i] (n_rows of them); weights stay where they are. Called
     * once for each permutation, in order, by the calling thread. */
    mlsd_status (*permute)(void *user, int64_t permutation, int64_t *order);
    void *user;
} mlsd__permutations;

/* For each permutation and split (n_permutations x n_splits) the weighted mean of squared errors on
 * the test rows, and the variance of their permuted target (divisor: the weights' sum). *out_served
 * is false, and the numbers mean nothing, where this estimator, this data or these folds are not
 * for it: fit one by one then. */
mlsd_status mlsd__permuted_squares(mlsd__scope *scope, const mlsd__permutations *in,
                                   double *mean_square, double *variance, bool *out_served);

#endif
