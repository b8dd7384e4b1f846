/* augment.h - training rows changed a little each time they are seen, for estimators that train by
 * epochs: they gather a batch, have it changed, and learn from that. Kinds of changes are in
 * augmentation.h; who hands them to an estimator is augmented.c.
 *
 * What a row becomes depends on the seed, the epoch and the row alone, so batches may be of any
 * size and order. Rows that are not in the training set play no part: whoever hands train->augment
 * to a fit has held the validation rows out before, and the fit holds none out itself. */
#ifndef MLSD_MODEL_AUGMENT_H
#define MLSD_MODEL_AUGMENT_H

#include "model/estimator.h"

typedef struct mlsd__augment mlsd__augment;

/* The augmentations in slot "augment" of a spec, in their order, without the resamplers, made ready
 * for the rows of train->x and train->y, which it borrows. MLSD_E_DATA where they do not suit the
 * columns or the task. *out is the caller's by mlsd__augment_close; NULL where there are none. */
mlsd_status mlsd__augment_open(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed,
                               const mlsd__train *train, mlsd__augment **out);
void mlsd__augment_close(const mlsd__allocator *a, mlsd__augment *augment);

/* The same for rows that go through the steps of a pipeline afterwards: `chained` is the frame of
 * train->x behind these steps, and a batch's x are rows of it. Both must outlive *out. */
mlsd_status mlsd__augment_through(mlsd__scope *scope, const mlsd__augment *augment,
                                  const mlsd__frame *chained, mlsd__augment **out);

/* Do targets change too (mixup, cutmix)? A batch must then have them. */
bool mlsd__augment_mixes(const mlsd__augment *augment);

/* Change n rows of a batch in place: x (row stride ld) holds rows rows[i] of train->x as they are.
 * targets are n x k: numbers as in train->y (k of them a row), or the shares of the classes, of two
 * classes also that of the second alone (k = 1); NULL where nothing mixes. Epochs count from 0. Any
 * thread; memory comes from the scope's allocator. */
mlsd_status mlsd__augment_batch(const mlsd__augment *augment, mlsd__scope *scope, uint64_t epoch,
                                const int64_t *rows, int64_t n, double *x, int64_t ld,
                                double *targets, int64_t k);

#endif
