/* frame_pass.h - a pass over all rows of a frame by the scope's threads, and the scale that makes
 * features comparable. */
#ifndef MLSD_SPLIT_FRAME_PASS_H
#define MLSD_SPLIT_FRAME_PASS_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "data/frame.h"

/* Called for rows [first, first + n) of one block as n x n_features doubles, which it may spoil.
 * Rows of a block come in order; blocks come in any order, and `worker` < scope->n_threads picks
 * what a thread keeps to itself. */
typedef mlsd_status (*mlsd__frame_fn)(void *user, int64_t first, int64_t n, double *x,
                                      mlsd__scope *scope);
mlsd_status mlsd__frame_pass(mlsd__scope *scope, const mlsd__frame *f, mlsd__frame_fn fn,
                             void *user);

static inline bool mlsd__is_finite(double x)
{
    return fabs(x) <= DBL_MAX;
}

/* Mean and spread of each feature's finite values, in steps of a power of two so that no size of
 * numbers overflows. Categories have none. */
typedef struct mlsd__feature_scale {
    double *step, *mean, *inverse_sd; /* of each feature; inverse_sd is 0 where all are equal */
} mlsd__feature_scale;

/* End it with _free, also after a failure. */
mlsd_status mlsd__feature_scale_new(mlsd__scope *scope, const mlsd__frame *f,
                                    mlsd__feature_scale *out);
void mlsd__feature_scale_free(mlsd__feature_scale *s, const mlsd__allocator *a);

/* A finite value of feature j with mean 0 and variance 1. */
static inline double mlsd__feature_scaled(const mlsd__feature_scale *s, int64_t j, double x)
{
    return (x * s->step[j] - s->mean[j]) * s->inverse_sd[j];
}

#endif
