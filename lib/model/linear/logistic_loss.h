/* logistic_loss.h - the objective of logistic regression over a design: value, gradient, Hessian;
 * and, with another loss of the rows, that of linear support vector machines. */
#ifndef MLSD_MODEL_LOGISTIC_LOSS_H
#define MLSD_MODEL_LOGISTIC_LOSS_H

#include "model/linear/design.h"
#include "model/linear/loss_rows.h"

/* The mean over the weights of the loss, plus l1 times the sizes and l2 / 2 times the squares
 * of the coefficients in the columns' own units (intercepts are free). One score for two classes,
 * otherwise a score for each class: `theta` is n_scores x design->n_columns in the design's units.
 */
typedef struct mlsd__logistic_penalty {
    double l1, l2;
} mlsd__logistic_penalty;

typedef struct mlsd__logistic_loss {
    const mlsd__design *design;
    mlsd__loss_rows rows;
    int64_t n_scores; /* 1, or the number of labels, which are then 0 .. n_scores - 1 */
    mlsd__logistic_penalty penalty;
    int64_t n_theta;
    const double *offset; /* n_rows x n_scores, added to the scores; NULL: nothing */
    double *kept_scores;  /* n_rows x n_scores that a pass fills with its scores; NULL: none */

    /* of a pass */
    mlsd__row_reader *readers; /* one for each thread */
    double *scratch;           /* scratch_size for each thread */
    double *summaries;         /* summary_size for each group */
    int64_t n_threads, scratch_size, summary_size, n_groups_max;
} mlsd__logistic_loss;

typedef struct mlsd__logistic_value {
    double objective;
    double mean_loss;  /* without the penalty */
    double weight;     /* sum of the weights that were read */
    double min_margin; /* smallest lead of the right class; > 0: the classes are separated */
} mlsd__logistic_value;

/* has_hessian makes room for it. */
mlsd_status mlsd__logistic_loss_open(mlsd__logistic_loss *l, mlsd__scope *scope,
                                     const mlsd__design *design, const mlsd__loss_rows *rows,
                                     int64_t n_scores, mlsd__logistic_penalty penalty,
                                     bool has_hessian);
void mlsd__logistic_loss_close(mlsd__logistic_loss *l, const mlsd__allocator *a);

/* Evaluate at theta over every `stride`-th block (1: all rows). gradient has n_theta numbers,
 * hessian (upper triangle) n_theta x n_theta; either may be NULL. Both are without l1, which has
 * neither where a coefficient is 0. */
mlsd_status mlsd__logistic_loss_at(mlsd__logistic_loss *l, mlsd__scope *scope, const double *theta,
                                   int64_t stride, mlsd__logistic_value *out, double *gradient,
                                   double *hessian);

/* One block of rows at theta, in the scratch of the entry thread: their probabilities (one number
 * for one score) and what the design makes of them; valid until the next use of the loss. Log loss
 * only.
 */
typedef struct mlsd__loss_block {
    int64_t first, n;
    double *z, *proba;
} mlsd__loss_block;
void mlsd__logistic_loss_block(mlsd__logistic_loss *l, const double *theta, int64_t block,
                               mlsd__loss_block *out);

/* n rows of a block (n x q, with k probabilities each) and room: n numbers, n x q. */
typedef struct mlsd__pair_curvature {
    int64_t n, q, k;
    const double *z, *proba;
    const double *weight; /* NULL: ones */
    double *curvature, *weighted;
} mlsd__pair_curvature;
/* Add the Hessian of the log loss of k scores, row stride k * q: for pairs a <= b of scores, block
 * (a, b) gets Z' diag(w p_a ([a = b] - p_b)) Z. */
void mlsd__logistic_add_pairs(const mlsd__pair_curvature *c, double *hessian);

#endif
