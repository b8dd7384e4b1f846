/* mlp_optimiser.h - steps of stochastic gradient descent with momentum, Adam and AdamW. */
#ifndef MLSD_MODEL_NEURAL_MLP_OPTIMISER_H
#define MLSD_MODEL_NEURAL_MLP_OPTIMISER_H

#include "model/neural/mlp.h"

typedef struct mlsd__mlp_optimiser {
    const mlsd__mlp_params *params;
    int64_t n;
    double *first, *second; /* memory: of steps or slopes, and of squares (Adam; NULL otherwise) */
    double weight_decay;
    double length, shrink; /* of the step that is being made */
} mlsd__mlp_optimiser;

/* Slopes of a step: the sum over n_parts arrays, of double or (is_single) of float, and penalty
 * times the number where it is a weight. */
typedef struct mlsd__mlp_slopes {
    const void *parts;
    bool is_single;
    int64_t n_parts, stride; /* from one part to the next */
    double penalty;
} mlsd__mlp_slopes;

/* Memory of nothing. End it with _close, also after a failure. */
mlsd_status mlsd__mlp_optimiser_open(mlsd__mlp_optimiser *o, const mlsd__allocator *a,
                                     const mlsd__mlp_params *params, int64_t n);
void mlsd__mlp_optimiser_close(mlsd__mlp_optimiser *o, const mlsd__allocator *a);

/* Step number t (from 1) at a rate begins. */
void mlsd__mlp_optimiser_begin(mlsd__mlp_optimiser *o, int64_t t, double rate);
/* Sum up the slopes of numbers [first, first + n); then move the numbers by that sum. A number
 * is a weight, or none. Disjoint stretches may be done at the same time. */
void mlsd__mlp_slopes_sum(const mlsd__mlp_slopes *s, double *sum, const double *theta,
                          int64_t first, int64_t n, bool is_weight);
void mlsd__mlp_optimiser_move(const mlsd__mlp_optimiser *o, double factor, const double *slope,
                              double *theta, int64_t first, int64_t n, bool is_weight);

/* Remember no steps of numbers that are 0: they are to stay it. */
void mlsd__mlp_optimiser_forget(mlsd__mlp_optimiser *o, const double *theta);

#endif
