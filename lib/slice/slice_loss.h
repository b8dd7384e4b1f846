/* slice_loss.h - how wrong each row is: the loss that a search for slices looks at. */
#ifndef MLSD_SLICE_SLICE_LOSS_H
#define MLSD_SLICE_SLICE_LOSS_H

#include "slice/slicing.h"

/* Positions in mlsd__slice_losses. */
enum {
    MLSD__LOSS_AUTO,
    MLSD__LOSS_GIVEN,
    MLSD__LOSS_ZERO_ONE,
    MLSD__LOSS_ABSOLUTE,
    MLSD__LOSS_SQUARED,
    MLSD__LOSS_LOG
};
extern const char *const mlsd__slice_losses[];     /* NULL-terminated */
extern const char *const mlsd__slice_loss_words[]; /* what the mean of one is called */

/* The loss of each row, owned, each finite and at least 0. `loss` may be MLSD__LOSS_AUTO: given
 * where there is no y; zero_one where y has class numbers and the prediction class numbers or
 * probabilities; squared otherwise. *out_loss is the one that was taken. */
mlsd_status mlsd__slice_loss_read(mlsd__scope *scope, const mlsd__slicing_input *in, int64_t loss,
                                  int64_t *out_loss, double **out);

/* What is true and what was predicted, as class numbers, owned: predictions are class numbers,
 * probabilities of class 1 of two (above 0.5), or a column of probabilities for each class (the
 * largest, ties to the lower class). MLSD_E_DATA for what is none. */
mlsd_status mlsd__slice_labels_read(mlsd__scope *scope, const mlsd__slicing_input *in, double **y,
                                    double **prediction);

#endif
