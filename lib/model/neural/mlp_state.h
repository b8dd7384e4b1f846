/* mlp_state.h - a fitted network: what prediction needs, what going on needs, and what it tells. */
#ifndef MLSD_MODEL_NEURAL_MLP_STATE_H
#define MLSD_MODEL_NEURAL_MLP_STATE_H

#include "model/neural/mlp_train.h"

enum { MLSD__MLP_NUMBERS = 10, MLSD__MLP_NAME = 40 };

typedef struct mlsd__mlp_named {
    char name[MLSD__MLP_NAME];
    const double *data;
    int64_t rows, cols;
} mlsd__mlp_named;

struct mlsd__mlp_state {
    mlsd__allocator allocator;
    mlsd__mlp_net net;
    int64_t n_classes; /* 0: regression */
    double *theta, *stats;
    double *center,
        scale; /* of numbers: center + scale * score is predicted; center NULL: classes */
    double *first, *second;             /* the optimiser's memory; second NULL: none */
    int64_t n_steps, n_epochs, n_curve; /* n_epochs: with those of trainings before */
    double *loss_curve;
    double numbers[MLSD__MLP_NUMBERS]; /* of the training, in the order of mlsd__training_number */
    double sparsity;                   /* share of the weights that is 0 */
    int64_t n_named;
    mlsd__mlp_named *named;
};

/* Takes the numbers and the network out of a training. */
mlsd_status mlsd__mlp_state_take(mlsd__mlp_training *t, const mlsd__allocator *a, int64_t n_classes,
                                 const mlsd__training_outcome *outcome, mlsd__mlp_state **out);

/* Begin where a state is. MLSD_E_PARAM_CONFLICT for another network. */
mlsd_status mlsd__mlp_state_start(const mlsd__mlp_state *s, mlsd__mlp_training *t);

#endif
