/* fold_sink.h - how predictions that a path hands over become scores. */
#ifndef MLSD_VALIDATE_FOLD_SINK_H
#define MLSD_VALIDATE_FOLD_SINK_H

#include "validate/fold_impl.h"

/* What a path is asked for, and what the metrics read of it. Classes come from the same scores that
 * probabilities do, so a path runs once for both. */
typedef struct mlsd__fold_shape {
    mlsd_output what;
    int64_t width;
    mlsd__scoring_wants wants;
} mlsd__fold_shape;

/* `last` is given rows of x. MLSD_E_UNSUPPORTED as mlsd__scoring_wants_of. */
mlsd_status mlsd__fold_shape_of(const mlsd__scope *scope, const mlsd__fold_set *set,
                                const mlsd_spec *last, const mlsd__frame *x, mlsd__fold_shape *out);

typedef struct mlsd__fold_truth {
    int64_t n;
    const double *y, *weight; /* weight NULL: ones */
} mlsd__fold_truth;

mlsd_status mlsd__fold_take(mlsd__scope *scope, const mlsd__fold_set *set,
                            const mlsd__fold_shape *shape, const mlsd__fold_truth *truth, int64_t e,
                            int64_t split, bool is_train, const double *prediction);

#endif
