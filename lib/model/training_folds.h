/* training_folds.h - which fold each training row belongs to, for fits that must not see a row's
 * own target: cross-fitted encodings, out-of-fold predictions.
 *
 * Folds are kept by the rows' numbers in the source, so that they hold through any selection of
 * training rows, and copies of a row (of a bootstrap) share theirs. */
#ifndef MLSD_MODEL_TRAINING_FOLDS_H
#define MLSD_MODEL_TRAINING_FOLDS_H

#include "model/estimator.h"

enum { MLSD__MOST_TRAINING_FOLDS = 1000 };

typedef struct mlsd__training_folds {
    int64_t n_splits; /* 0: fewer than two rows of positive weight */
    int64_t n_source;
    int16_t *fold; /* n_source: -1 for rows without weight, and those that are no training rows */
} mlsd__training_folds;

/* Cut the rows of positive weight: by class where there are classes (stratified_kfold; kfold where
 * no class has n_splits rows), with scikit-learn's folds of that seed. Fewer folds where there are
 * fewer rows. */
mlsd_status mlsd__training_folds_new(mlsd__scope *scope, const mlsd__train *train, int64_t n_splits,
                                     bool shuffle, int64_t seed, mlsd__training_folds *out);
void mlsd__training_folds_free(const mlsd__allocator *a, mlsd__training_folds *folds);

/* The fold of row first + i as an mlsd__rows_fn is told it; -1 for none. */
static inline int64_t mlsd__training_fold(const mlsd__training_folds *folds, const int64_t *rows,
                                          int64_t row)
{
    const int64_t number = rows != NULL ? rows[row] : row;
    return number < folds->n_source ? folds->fold[number] : -1;
}

#endif
