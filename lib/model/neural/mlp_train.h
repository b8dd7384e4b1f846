/* mlp_train.h - a network that is being trained: its numbers, its rows, and an epoch over them. */
#ifndef MLSD_MODEL_NEURAL_MLP_TRAIN_H
#define MLSD_MODEL_NEURAL_MLP_TRAIN_H

#include "model/linear/smooth.h"
#include "model/neural/mlp_batch.h"
#include "model/neural/mlp_optimiser.h"
#include "model/trainer.h"

/* Epochs whose training loss a fitted network can tell. */
enum { MLSD__MLP_LOSS_CURVE = 1000 };

/* Numbers that are moved together: all of them weights, or none. */
typedef struct mlsd__mlp_stretch {
    int64_t first, n;
    bool is_weight;
} mlsd__mlp_stretch;

typedef struct mlsd__mlp_training {
    const mlsd__mlp_params *params;
    mlsd__mlp_net net;
    mlsd__mlp_changes changes;
    int64_t n_sets;
    mlsd__mlp_rows *sets;                    /* set 0 is learned from */
    int64_t batch_size, block_rows, n_parts; /* rows of a batch; of a block of it; blocks */
    double *theta, *stats;
    const double *at;   /* where slopes are asked for: theta, or a point that L-BFGS tries */
    bool is_single;     /* slopes are computed in float, */
    float *narrow;      /* of theta; NULL: in double */
    double *gradient;   /* of the batch */
    void *parts;        /* n_parts x n_theta: gradients of blocks, float or double */
    double *losses;     /* sums by block */
    int64_t n_steps;    /* so far */
    double *loss_curve; /* of the first epochs */
    mlsd__mlp_optimiser optimiser;
    const mlsd_spec *schedule;      /* NULL: none */
    mlsd__schedule_state scheduled; /* what it remembers */
    mlsd__smooth smooth;            /* of solver lbfgs, whose step is an epoch */
    mlsd__lbfgs lbfgs;
    mlsd__smooth_outcome outcome;
    bool is_lbfgs, is_done;
    int64_t n_blocks; /* by worker */
    mlsd__mlp_block *blocks;
    int64_t n_stretches;
    mlsd__mlp_stretch *stretches;
    int64_t *order, *partner;   /* rows of an epoch, and those they are mixed with (NULL: none) */
    int64_t epoch, first_epoch; /* of this training; of all before it, for draws */
    double running;             /* mean training loss of the epoch as it went by */
    double *center;             /* of each number that is predicted, and the scale of all of them */
    double scale;
    double loss_unit, delta; /* what a loss of 1 is in the target's unit; delta over the scale */
    bool has_running, is_changed; /* is_changed: what training minimises is not the plain loss */
} mlsd__mlp_training;

/* End it with _close, also after a failure; it must not be moved. */
mlsd_status mlsd__mlp_training_open(mlsd__mlp_training *t, mlsd__scope *scope,
                                    const mlsd__mlp_params *params, mlsd__mlp_loss loss,
                                    const mlsd__training_sets *sets, const mlsd__train *train);
void mlsd__mlp_training_close(mlsd__mlp_training *t, const mlsd__allocator *a);

extern const mlsd__trainee_ops mlsd__mlp_trainee;

/* Take the target's center (of each number that is predicted) and scale. The mean loss is told in
 * the target's unit, everything inside is of a target that is standardised. */
void mlsd__mlp_training_scale(mlsd__mlp_training *t, const double *center, double scale);

/* Mean loss over all training rows with the penalty, and its gradient, at theta; a batch must be
 * all rows. */
mlsd_status mlsd__mlp_training_slopes(mlsd__mlp_training *t, mlsd__scope *scope,
                                      const double *theta, double *out_loss, double *gradient);
double mlsd__mlp_training_penalty(const mlsd__mlp_training *t, const double *theta);

/* After so many epochs: set to 0 what pruning wants. In mlp_prune.c. */
mlsd_status mlsd__mlp_prune(mlsd__mlp_training *t, mlsd__scope *scope, int64_t n_epochs);

/* Solver lbfgs, in mlp_lbfgs.c: made ready by _open, and an epoch. */
mlsd_status mlsd__mlp_lbfgs_open(mlsd__mlp_training *t, const mlsd__allocator *a);
mlsd_status mlsd__mlp_lbfgs_epoch(mlsd__mlp_training *t, mlsd__scope *scope, int64_t epoch);

#endif
