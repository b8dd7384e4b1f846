/* train_part.h - some rows of a training set as a training set: one side of a fold, the rows of a
 * class, those that have weight. Features are not copied. */
#ifndef MLSD_MODEL_TRAIN_PART_H
#define MLSD_MODEL_TRAIN_PART_H

#include "mlsd/split.h"
#include "model/estimator.h"

typedef struct mlsd__train_part {
    int64_t n;
    int64_t *rows, *storage;
    double *y, *weight; /* weight NULL where the training set has none */
    double total;       /* of the weights */
    mlsd__frame frame;
    mlsd__train train; /* as the whole, of these rows, without a curve */
} mlsd__train_part;

/* Room for n rows: the caller sets rows, and then gathers. End it with _close, also after a
 * failure; it must not be moved once gathered. */
mlsd_status mlsd__train_part_open(mlsd__train_part *part, const mlsd__allocator *a, int64_t n);
void mlsd__train_part_gather(mlsd__train_part *part, const mlsd__train *train);
void mlsd__train_part_close(mlsd__train_part *part, const mlsd__allocator *a);

/* Part `number` of a split, opened and gathered. */
mlsd_status mlsd__train_part_of_fold(mlsd__train_part *part, const mlsd__allocator *a,
                                     const mlsd__train *train, const mlsd_folds *folds,
                                     int64_t split, int64_t number);

/* The rows that have weight, looked through once: row numbers in messages are then those of all.
 * MLSD_E_DATA for infinity, and for NaN unless takes_nan. Opened and gathered;
 * close it also after a failure. */
mlsd_status mlsd__train_part_of_weight(mlsd__scope *scope, const mlsd__train *train, bool takes_nan,
                                       mlsd__train_part *out);

/* Folds of the training rows by a splitter of that kind ("kfold", "stratified_kfold"), for choices
 * inside a fit; the caller's by mlsd_folds_free. */
mlsd_status mlsd__inner_folds(mlsd__scope *scope, const char *kind, int64_t n_splits,
                              const mlsd__train *train, mlsd_folds **out);

#endif
