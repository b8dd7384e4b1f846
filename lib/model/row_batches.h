/* row_batches.h - the rows of an epoch in another order each time, gathered batch by batch. */
#ifndef MLSD_MODEL_ROW_BATCHES_H
#define MLSD_MODEL_ROW_BATCHES_H

#include "data/frame.h"
#include "numeric/row_dots.h"

typedef struct mlsd__row_batches {
    const mlsd__frame *frame;
    const double *from_y, *from_weight; /* of the frame's rows; weight NULL: ones */
    double weight_scale;                /* every weight is multiplied by it */
    int64_t size;                       /* most rows of a batch */
    int64_t *order, *storage;
    double *x, *y, *weight; /* of the batch: n x n_features, n, n */
} mlsd__row_batches;

/* frame, from_y, from_weight, weight_scale and size are set already. End it with _close, also after
 * a failure. */
mlsd_status mlsd__row_batches_open(mlsd__row_batches *b, const mlsd__allocator *a);
void mlsd__row_batches_close(mlsd__row_batches *b, const mlsd__allocator *a);

/* The order of an epoch: the rows' own, or drawn from (seed, epoch), so that an epoch does not
 * depend on who runs it. */
mlsd_status mlsd__row_batches_begin(mlsd__row_batches *b, mlsd__scope *scope, bool shuffles,
                                    int64_t seed, int64_t epoch);
/* Gather the batch that starts at place `first` of the order; returns its rows, 0 past the end. */
int64_t mlsd__row_batches_gather(mlsd__row_batches *b, int64_t first);
/* The same, but rows in memory stay where they are: *out says where the batch's rows can be read.
 */
int64_t mlsd__row_batches_find(mlsd__row_batches *b, int64_t first, mlsd__rows_at *out);

#endif
