/* mlp_batch.h - rows of a training set as a network sees them in an epoch: gathered, mixed, with
 * noise, their targets, and which units they do not see. */
#ifndef MLSD_MODEL_NEURAL_MLP_BATCH_H
#define MLSD_MODEL_NEURAL_MLP_BATCH_H

#include "model/augment/augment.h"
#include "model/neural/mlp.h"
#include "model/linear/design.h"

/* Rows to learn from or to look at. */
typedef struct mlsd__mlp_rows {
    mlsd__resident rows;
    const double *y, *weight; /* y: n x n_targets, or class numbers; weight NULL: ones */
    int64_t n_classes;        /* 0: regression */
    double total_weight;
    int64_t n_used;       /* rows of positive weight: the others are not learned from */
    const double *center; /* numbers: a network's targets are (y - center) / scale, a center for */
    double scale;         /* each; NULL: they are y */
} mlsd__mlp_rows;

/* What is done to training rows. */
typedef struct mlsd__mlp_changes {
    double dropout, label_smoothing, mixup, input_noise;
    const mlsd__augment *augment; /* NULL: none */
    uint64_t seed, epoch;
} mlsd__mlp_changes;

/* Rows of a block, by their numbers, and room for them. */
typedef struct mlsd__mlp_block {
    mlsd__mlp_pass pass;
    double *target, *weight;              /* capacity x n_out, capacity */
    double *other, *other_target, *share; /* of rows to mix with; NULL: none are */
    double *scratch, *score_scratch;      /* of reading rows, and of mlsd__mlp_scores */
    int64_t *storage;
} mlsd__mlp_block;

/* End it with _close, also after a failure. frame_scratch: what reading `capacity` rows of any set
 * needs. */
mlsd_status mlsd__mlp_block_open(mlsd__mlp_block *b, const mlsd__allocator *a,
                                 const mlsd__mlp_net *net, int64_t frame_scratch, int64_t capacity,
                                 bool is_single, const mlsd__mlp_changes *changes);
void mlsd__mlp_block_close(mlsd__mlp_block *b, const mlsd__allocator *a);

/* Fill pass.features and what is made of them, pass.mask, target and weight with rows[i];
 * partners[i] are those to mix with. Each draw is keyed by (seed, epoch, row): cutting a batch
 * elsewhere changes nothing. */
mlsd_status mlsd__mlp_block_fill(mlsd__mlp_block *b, mlsd__scope *scope, const mlsd__mlp_net *net,
                                 const void *theta, const mlsd__mlp_rows *rows, const int64_t *row,
                                 const int64_t *partner, int64_t n,
                                 const mlsd__mlp_changes *changes);

/* The sum of weight x loss of rows [first, first + n) as they are, and as they are predicted. */
double mlsd__mlp_block_loss(mlsd__mlp_block *b, const mlsd__mlp_net *net, const double *theta,
                            const double *stats, double delta, const mlsd__mlp_rows *rows,
                            int64_t first, int64_t n);

/* Targets of rows [first, first + n) (n x n_out). smoothing: share that is dealt out evenly over
 * the classes. */
void mlsd__mlp_targets(const mlsd__mlp_net *net, const mlsd__mlp_rows *rows, const int64_t *row,
                       int64_t first, int64_t n, double smoothing, double *target);

#endif
