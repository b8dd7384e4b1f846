/* member.h - one fitted estimator of several whose answers are put together. */
#ifndef MLSD_MODEL_MEMBER_H
#define MLSD_MODEL_MEMBER_H

#include "model/estimator.h"

/* What a state of that spec says of the rows of a frame: its numbers (k is 0), probabilities of k
 * classes, or where it has none 1 for the class that it is for. scope may be NULL for few rows. */
mlsd_status mlsd__member_ask(mlsd__scope *scope, const mlsd__allocator *a, const mlsd_spec *spec,
                             int64_t k, void *state, const mlsd__frame *frame, double *out);

#endif
