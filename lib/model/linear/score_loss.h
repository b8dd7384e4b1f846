/* score_loss.h - the objective of a linear model with one score x'b + b0 a row, whatever the loss:
 * value, gradient and Hessian over a design in one pass. */
#ifndef MLSD_MODEL_LINEAR_SCORE_LOSS_H
#define MLSD_MODEL_LINEAR_SCORE_LOSS_H

#include "model/linear/design.h"
#include "model/linear/smooth.h"

/* Rows of a block, and what a family says about each. All of it counts the weight. */
typedef struct mlsd__score_rows {
    int64_t n;
    const double *score, *y;
    const double *weight;      /* NULL: ones */
    double nuisance;           /* theta's last number, with has_nuisance */
    double loss;               /* out: sum */
    double nuisance_slope;     /* out: sum of the slopes by the nuisance number */
    double *slope, *curvature; /* out: by the score, for each row; curvature >= 0 */
    /* out, with has_nuisance: the second derivatives of the i-th row are curvature * (x, c)(x, c)'
     * with c = column[i * stride] */
    double *column;
    int64_t stride;
} mlsd__score_rows;

typedef void (*mlsd__score_family)(const void *family, mlsd__score_rows *rows);

/* (sum w loss / sum w + penalty |b|^2 / 2) / unit, b in the columns' own units, b0 free. theta has
 * design->n_columns numbers in the design's units, and one more for a nuisance number. */
typedef struct mlsd__score_loss {
    const mlsd__design *design;
    const double *y, *weight;
    mlsd__score_family rows;
    const void *family;
    bool has_nuisance;
    double penalty, unit;
    int64_t n_theta;

    /* of a pass */
    int64_t stride;            /* every so many-th block is read */
    mlsd__row_reader *readers; /* one for each thread */
    double *scratch;           /* scratch_size for each thread */
    double *summaries;         /* summary_size for each group */
    int64_t n_threads, scratch_size, summary_size, n_groups;
} mlsd__score_loss;

/* Room for the passes. Set before: design, y, weight, rows, family, has_nuisance, penalty, unit;
 * all but the first three and has_nuisance may be changed between passes. */
mlsd_status mlsd__score_loss_open(mlsd__score_loss *l, mlsd__scope *scope, bool has_hessian);
void mlsd__score_loss_close(mlsd__score_loss *l, const mlsd__allocator *a);

/* mlsd__smooth's `at`; who wants a Hessian asks for the gradient too. */
mlsd_status mlsd__score_loss_at(void *loss, mlsd__scope *scope, const double *theta, double *value,
                                double *gradient, double *hessian);

/* Newton's method, or L-BFGS where the Hessian is too large; theta is start and answer. Large data
 * are minimised on a part of the rows first. */
bool mlsd__score_loss_is_newton(const mlsd__design *design);
mlsd_status mlsd__score_loss_minimise(mlsd__score_loss *l, mlsd__scope *scope,
                                      const mlsd__smooth_limits *limits, double *theta,
                                      mlsd__smooth_outcome *out);

#endif
