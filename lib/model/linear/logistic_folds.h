/* logistic_folds.h - logistic regressions of nearly the same rows, solved together: the training
 * rows of all folds, whose optima lie close to that of all rows, along a path of penalties.
 *
 * logistic_folds.c puts the rows in the order of their folds, logistic_folds_pass.c takes slopes of
 * all problems in one pass over them, logistic_folds_solve.c takes the steps. */
#ifndef MLSD_MODEL_LOGISTIC_FOLDS_H
#define MLSD_MODEL_LOGISTIC_FOLDS_H

#include "model/linear/logistic_regression.h"

/* Rows of a part that one task of a pass adds up. */
typedef struct mlsd__logistic_slice {
    int64_t part, first, n;
} mlsd__logistic_slice;

/* Problem j < n_parts leaves out the rows of part j, the last one (the centre) has all rows.
 * Minimised is, of each, sum w loss + sum (scale_jk coef_k)^2 / (2 C). */
typedef struct mlsd__logistic_folds {
    const mlsd__logistic_problem *problem;
    int64_t n_parts, n_problems, n_scores, n_columns, n_theta;
    const double *scale; /* n_parts x n_features; NULL: ones */

    /* rows in the order of their parts */
    int64_t n_rows;
    int64_t *order, *storage;
    mlsd__frame frame;
    int32_t *label;
    double *weight; /* NULL: ones */
    double *z;      /* n_rows x n_columns, shifted and scaled; NULL: made anew in each pass */
    mlsd__logistic_slice *slices;
    int64_t n_slices;

    /* of a pass */
    int64_t scratch_size, summary_size;
    double *scratch, *summaries;
    int64_t *active; /* problems of the pass */
    double *packed;  /* n_problems x n_theta: where it is taken */

    /* of each problem */
    double *theta, *step, *gradient; /* n_problems x n_theta */
    double *loss;                    /* n_problems */
    double *hessian;                 /* of each part, and of all rows: n_theta^2 each */
    double *factor;                  /* of each problem */
    double *expanded_at;             /* n_theta: where `hessian` was taken */
    bool is_expanded;
    double C; /* that theta is the answer to; 0: none yet */
    uint8_t *is_solved;
    uint8_t *is_left_out; /* set by the caller: problems not to be solved; never the centre */
    struct mlsd__logistic_walk *walks; /* n_problems: of a solution under way */
} mlsd__logistic_folds;

/* Whether it would pay and fit: so many problems at once need a Hessian each. */
bool mlsd__logistic_folds_fit(const mlsd__logistic_problem *problem, int64_t n_parts);

/* part: of each row, or NULL where n_parts is 0, which makes one problem of all rows. The problem
 * and scale are borrowed. On failure there is nothing to close. */
mlsd_status mlsd__logistic_folds_open(mlsd__logistic_folds *f, mlsd__scope *scope,
                                      const mlsd__logistic_problem *problem, const int32_t *part,
                                      int64_t n_parts, const double *scale);
void mlsd__logistic_folds_close(mlsd__logistic_folds *f, const mlsd__allocator *a);

/* From where theta is to the optima for C: no number is further from its optimum than about `goal`
 * times (1 + the largest). is_solved says for which problems that was reached. The first call of a
 * path finds out *out_finite: false where numbers broke down at the start. */
mlsd_status mlsd__logistic_folds_solve(mlsd__logistic_folds *f, mlsd__scope *scope, double C,
                                       double goal, bool *out_finite);

/* Add up loss and gradient of the n active problems, each at its theta, into f->loss and
 * f->gradient, without penalties; and the Hessian of problem `curved` (-1: none): of the centre by
 * parts, into f->hessian, of another one's rows into its factor. The curved one is active. */
mlsd_status mlsd__logistic_folds_pass(mlsd__logistic_folds *f, mlsd__scope *scope, int64_t n_active,
                                      int64_t curved);

/* Bytes of a struct mlsd__logistic_walk. */
size_t mlsd__logistic_walk_size(void);

/* All of the above for ascending C: theta of path k (part k left out; one path where n_parts is 0)
 * and setting c stands at (k * n_Cs + c) * n_theta. What is_solved does not tell of is the caller's
 * to solve: paths whose training rows lack a class, and everything where the whole does not fit. */
typedef struct mlsd__logistic_paths {
    int64_t n_paths, n_Cs;
    double *theta;
    uint8_t *is_solved; /* n_paths x n_Cs */
} mlsd__logistic_paths;
mlsd_status mlsd__logistic_paths_solve(mlsd__scope *scope, const mlsd__logistic_problem *problem,
                                       const int32_t *part, int64_t n_parts, const double *scale,
                                       const double *Cs, int64_t n_Cs, double goal,
                                       mlsd__logistic_paths *out);
void mlsd__logistic_paths_free(mlsd__logistic_paths *paths, const mlsd__allocator *a);

#endif
