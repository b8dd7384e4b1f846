/* sgd_step.h - the updates of stochastic gradient descent: one epoch over the rows. */
#ifndef MLSD_MODEL_SGD_STEP_H
#define MLSD_MODEL_SGD_STEP_H

#include "model/augment/augment.h"
#include "model/linear/sgd.h"
#include "model/row_batches.h"

typedef struct mlsd__sgd_stepper {
    const mlsd__sgd_params *params;
    const mlsd__sgd_loss *loss;
    int64_t n_features, n_scores, n_theta;
    double eta;                     /* the step of constant and adaptive */
    double optimal_start;           /* t0 of optimal */
    const mlsd_spec *schedule;      /* NULL: none */
    mlsd__schedule_state scheduled; /* what it remembers */
    double schedule_factor;         /* of this update */
    double l2, l1;                  /* alpha, by penalty */
    int64_t t;                      /* updates so far */
    double *theta;                  /* coefficients and intercepts */
    double *mean;                   /* of theta over the updates, NULL without average */
    double *truncated,
        l1_total; /* cumulative l1 penalty: applied so far by coefficient, and in all */
    const mlsd__augment *augment; /* NULL: none */
    int64_t n_shares;             /* classes whose shares augmented rows have; 0: none mix */
    double *shares, *mixed;       /* of a batch: rows x n_shares, (rows + 1) x n_scores */
    mlsd__row_batches batches;
    mlsd__tile_isa isa;
    double *slope, *gradient; /* of a batch */
} mlsd__sgd_stepper;

mlsd_status mlsd__sgd_stepper_open(mlsd__sgd_stepper *s, mlsd__scope *scope,
                                   const mlsd__sgd_params *params, const mlsd__sgd_loss *loss,
                                   const mlsd__sgd_rows *rows, int64_t n_scores);
/* Let each batch be augmented, after opening; n_classes is 0 where y are numbers. */
mlsd_status mlsd__sgd_stepper_augment(mlsd__sgd_stepper *s, mlsd__scope *scope,
                                      const mlsd__augment *augment, int64_t n_classes);
void mlsd__sgd_stepper_close(mlsd__sgd_stepper *s, const mlsd__allocator *a);

/* Epoch number `epoch` of this training: every row once. Draws are keyed by first_epoch + epoch. */
mlsd_status mlsd__sgd_stepper_epoch(mlsd__sgd_stepper *s, mlsd__scope *scope, int64_t first_epoch,
                                    int64_t epoch);

/* What the fit would give back now. */
const double *mlsd__sgd_stepper_theta(const mlsd__sgd_stepper *s);

#endif
