/* fm.h - factorization machines of second order (Rendle 2010, "Factorization machines", ICDM,
 * equation 1): score = w0 + sum_j w_j x_j + sum_{j < l} <v_j, v_l> x_j x_l. What the classifier and
 * the regressor share.
 *
 * theta holds, for n_scores = k, n_features = p and n_factors = f: k x p coefficients, k
 * intercepts, and k x p x f factors. Nothing is of the order of p^2: by the identity of section
 * III.B the pairs' sum is 1/2 sum_f ((sum_j v_jf x_j)^2 - sum_j (v_jf x_j)^2). */
#ifndef MLSD_MODEL_FM_H
#define MLSD_MODEL_FM_H

#include "base/kindtable.h"
#include "model/linear/linear_scores.h"
#include "model/linear/sgd.h"

typedef struct mlsd__fm_params {
    int64_t n_factors;
    double l2_reg_w, l2_reg_V, init_stdev;
    int64_t solver; /* index of sgd, adam */
    double learning_rate_init;
    int64_t batch_size, max_iter;
    double tol;
    int64_t n_iter_no_change, early_stopping;
    double validation_fraction;
    int64_t shuffle, seed;
} mlsd__fm_params;

/* Doubles that a row's score takes as scratch. */
int64_t mlsd__fm_scratch(int64_t n_factors);
/* One score of a row; factors are those of the score. Bits do not depend on other rows. */
double mlsd__fm_score(const double *x, int64_t p, const double *coef, double intercept,
                      const double *factors, int64_t n_factors, double *scratch);
/* Of mlsd__sgd_scorer. */
void mlsd__fm_scores(const mlsd__sgd_scorer *self, const double *x, int64_t n, int64_t ld,
                     double *out, double *scratch);

/* A batch's mean slope by theta, and its room. */
typedef struct mlsd__fm_batch {
    int64_t n_rows, n_features, n_scores, n_factors; /* n_rows: at most */
    double *squares;                                 /* of x */
    double *sums;         /* n_scores x n_rows x n_factors: sum_j v_jf x_j */
    double *slope;        /* n_rows x n_scores */
    double *norms, *pull; /* n_features */
} mlsd__fm_batch;
/* The numbers are set already. End it with _close, also after a failure. */
mlsd_status mlsd__fm_batch_open(mlsd__fm_batch *b, const mlsd__allocator *a);
void mlsd__fm_batch_close(mlsd__fm_batch *b, const mlsd__allocator *a);
/* n rows of x (packed), y and weights: the mean slope, without the penalty. */
void mlsd__fm_gradient(mlsd__fm_batch *b, const mlsd__sgd_loss *loss, const double *theta,
                       const double *x, const double *y, const double *weight, int64_t n,
                       double *gradient);

mlsd_status mlsd__fm_fit(mlsd__scope *scope, const mlsd__fm_params *params,
                         const mlsd__sgd_loss *loss, const mlsd__train *train, void **out_state);

#endif
