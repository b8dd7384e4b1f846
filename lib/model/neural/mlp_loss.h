/* mlp_loss.h - what a network's scores are held against. */
#ifndef MLSD_MODEL_NEURAL_MLP_LOSS_H
#define MLSD_MODEL_NEURAL_MLP_LOSS_H

#include <stdint.h>

/* Values stand in model files: never renumbered. */
typedef int32_t mlsd__mlp_loss;
enum {
    MLSD__MLP_LOG_LOSS = 1, /* one score: of the second class; more: softmax */
    MLSD__MLP_SQUARED = 2,  /* half the square */
    MLSD__MLP_ABSOLUTE = 3,
    MLSD__MLP_HUBER = 4,   /* half the square up to delta, then a line */
    MLSD__MLP_POISSON = 5, /* the score is the logarithm of the mean; without what y alone adds */
    MLSD__MLP_BRIER = 6    /* half the squared distance of probabilities, as log_loss has them */
};

/* n rows of k scores become the slopes of weight x loss by them, times `scale`; returns the sum of
 * weight x loss. target is n x k: numbers, or probabilities of the classes (of the second one where
 * k is 1), which need not be 0 and 1. weight NULL: ones. */
double mlsd__mlp_loss_rows(mlsd__mlp_loss loss, double delta, const double *target,
                           const double *weight, double scale, int64_t n, int64_t k, double *score);

#endif
