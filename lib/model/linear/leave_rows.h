/* leave_rows.h - what each training row's score would be had it not been trained on, from one fit:
 * a Newton step from the optimum of all rows towards that of all others (Rad & Maleki 2020, J. R.
 * Stat. Soc. B 82(4); for least squares the step arrives, Allen 1974). */
#ifndef MLSD_MODEL_LINEAR_LEAVE_ROWS_H
#define MLSD_MODEL_LINEAR_LEAVE_ROWS_H

#include "model/linear/linear_scores.h"
#include "model/linear/linear_state.h"
#include "model/linear/score_loss.h"
#include "model/linear/tweedie_loss.h"

/* A fitted linear model with one score a row, as its kind tells it: it minimises sum w loss + l2
 * |coef|^2 / 2 + (what is not differentiable). Borrowed from the state. */
typedef struct mlsd__leave_out {
    const double *coef;
    double intercept;
    bool has_intercept;
    bool is_sparse; /* an l1 penalty: coefficients that are 0 stay so */
    double l2;
    /* Where the penalty is told beside the mean loss, it goes by the sum of the weights: what a row
     * of weight 1 brings to it, l2_share |coef|^2 / 2 + l1_share |coef|_1. 0 otherwise. */
    double l2_share, l1_share;
    mlsd__score_family rows; /* loss, slope and curvature by the score; y 1 and 0 for classes */
    mlsd__tweedie tweedie;   /* its family, where it is mlsd__tweedie_rows */
    mlsd__link link;         /* from the score to a prediction */
} mlsd__leave_out;

/* The families that are not Tweedie's: (y - score)^2 / 2, and log loss of y 0 or 1. */
void mlsd__squares_rows(const void *family, mlsd__score_rows *rows);
void mlsd__log_loss_rows(const void *family, mlsd__score_rows *rows);

/* Least squares with an L2 penalty beside the sum of squares. */
mlsd_status mlsd__linear_leave_out(const mlsd__train *train, const mlsd__linear_state *state,
                                   bool has_intercept, double alpha, mlsd__leave_out *out);

/* Scores of the rows of a training set, those without each row, and leverages h (what a row
 * decides of its own score, 0 to 1; their sum is the effective number of parameters); n each. What
 * a row decides alone has no score without it: NaN. MLSD_E_SHAPE where columns are too many. */
mlsd_status mlsd__leave_out_rows(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__leave_out *model, double *score, double *without,
                                 double *leverage);

#endif
