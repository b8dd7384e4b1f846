/* target_sums.h - what the targets of each level of each category add up to, by fold, and the
 * encodings that follow. */
#ifndef MLSD_MODEL_TRANSFORM_TARGET_SUMS_H
#define MLSD_MODEL_TRANSFORM_TARGET_SUMS_H

#include "model/training_folds.h"

/* A cell is the weight, mean and sum of squares about it of a number as the target, or the weights
 * of the classes. Slot s of a category stands at first[j] + s (see mlsd__level_slot), and all rows
 * together at n_slots. */
typedef struct mlsd__target_sums {
    int64_t n_slots, n_folds, n_cell;
    bool is_number;
    double *cells; /* (n_slots + 1) x n_folds x n_cell */
} mlsd__target_sums;

/* Sum the rows of positive weight; folds without splits are one fold. */
mlsd_status mlsd__target_sums_new(mlsd__scope *scope, const mlsd__train *train,
                                  const mlsd__training_folds *folds, const int64_t *first,
                                  int64_t n_slots, mlsd__target_sums *out);
void mlsd__target_sums_free(const mlsd__allocator *a, mlsd__target_sums *sums);

/* The encodings of all slots and of all rows, (n_slots + 1) x n_out: by the rows of all folds into
 * `all`, and by those of every fold but k into but + k * (n_slots + 1) * n_out (NULL: not wanted).
 * n_out is 1 for a number and for two classes (the second one's), else the number of classes.
 * `smooth` as target_encode has it, NaN for automatic. */
mlsd_status mlsd__target_encodings(mlsd__scope *scope, const mlsd__target_sums *sums, double smooth,
                                   int64_t n_out, double *all, double *but);

#endif
