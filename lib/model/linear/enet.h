/* enet.h - least squares with an L1 and an L2 penalty along a path of penalties: what the files of
 * lasso and elastic_net hand to each other. enet_problem.c makes of rows or moments what is to be
 * solved, enet_set.c descends along the coordinates of a working set, enet_path.c goes from strong
 * penalties to weak and says how far from the optimum each answer can be.
 *
 * Minimised is, as in scikit-learn, 1/2 mean (y - X w)^2 + alpha (l1_ratio |w|_1 + (1 - l1_ratio) /
 * 2 |w|_2^2), the mean weighted. */
#ifndef MLSD_MODEL_LINEAR_ENET_H
#define MLSD_MODEL_LINEAR_ENET_H

#include "model/estimator.h"
#include "numeric/gram.h"

typedef struct mlsd__enet_options {
    double l1_ratio;
    double tol;       /* of the dual gap, as a share of the mean square of y */
    int64_t max_iter; /* sweeps for each penalty */
    int64_t seed;
    bool positive, is_random;
} mlsd__enet_options;

/* Columns are centred where there is an intercept, and rows weigh 1 together. Either moments or
 * rows are kept. */
typedef struct mlsd__enet_problem {
    int64_t p, n; /* n: rows kept, 0 where moments are */
    double *gram; /* p x p: X'X; or NULL */
    bool borrows_gram;
    double *x, *y;    /* n numbers for each of p columns; n */
    double *right;    /* p: X'y */
    double *diagonal; /* p: of X'X */
    double *mean;     /* p + 1: of [X y]; 0 without an intercept */
    double square;    /* y'y */
} mlsd__enet_problem;

/* Whether moments pay for so many rows and columns. */
bool mlsd__enet_wants_moments(int64_t n_rows, int64_t p);

/* Fails for NaN and infinity by row and column (MLSD_E_DATA) and where squares overflow
 * (MLSD_E_NUMERIC). On failure there is nothing to close. */
mlsd_status mlsd__enet_open(mlsd__scope *scope, const mlsd__train *train, bool fit_intercept,
                            mlsd__enet_problem *out);
/* `gram` is room for p x p numbers that outlives the problem; NULL: its own. */
mlsd_status mlsd__enet_open_moments(mlsd__scope *scope, const mlsd__gram *moments,
                                    bool fit_intercept, double *gram, mlsd__enet_problem *out);
/* Moments of [X y]; *out is the caller's to mlsd__gram_free. */
mlsd_status mlsd__enet_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *out);
void mlsd__enet_close(mlsd__enet_problem *problem, const mlsd__allocator *a);

/* n penalties, falling by equal factors from the least one that leaves no coefficient to eps times
 * that. l1_ratio > 0. */
void mlsd__enet_grid(const mlsd__enet_problem *problem, double l1_ratio, double eps, int64_t n,
                     double *alphas);

/* What became of one penalty. */
typedef struct mlsd__enet_end {
    double dual_gap; /* the objective is at most so much above its minimum */
    int64_t n_iter;
    bool converged;
} mlsd__enet_end;

/* Fit n falling penalties, each from where the last one ended: coef is n x p, ends n. */
mlsd_status mlsd__enet_path(mlsd__scope *scope, const mlsd__enet_problem *problem,
                            const mlsd__enet_options *options, int64_t n, const double *alphas,
                            double *coef, mlsd__enet_end *ends);

/* The intercept that belongs to coefficients. */
double mlsd__enet_intercept(const mlsd__enet_problem *problem, const double *coef);

/* Columns that may have coefficients other than 0, with what their descent needs side by side. */
typedef struct mlsd__enet_set {
    const mlsd__enet_problem *problem;
    int64_t n, capacity;
    int64_t *column;   /* of the problem */
    double *numbers;   /* the one block of the next five, capacity each */
    double *w;         /* coefficients */
    double *gradient;  /* X'(y - X w); not kept up to date while gram is NULL */
    double *diagonal;  /* of X'X */
    double *root;      /* of that */
    double *direction; /* room */
    double *gram;      /* X'X of the set, row stride capacity; NULL: the residual is kept instead */
    double *rows; /* a copy of the set's columns, where the problem keeps rows and gram is here */
    double *residual; /* y - X w, where the problem keeps rows */
    bool is_large;    /* gram was given up */
} mlsd__enet_set;

mlsd_status mlsd__enet_set_open(mlsd__enet_set *set, const mlsd__allocator *a,
                                const mlsd__enet_problem *problem);
void mlsd__enet_set_close(mlsd__enet_set *set, const mlsd__allocator *a);
/* Add n columns, with coefficients of 0 and no gradient yet. */
mlsd_status mlsd__enet_set_add(mlsd__enet_set *set, mlsd__scope *scope, const int64_t *columns,
                               int64_t n);

/* Change the k-th coefficient, and the gradient or residual with it. */
void mlsd__enet_set_move(mlsd__enet_set *set, int64_t k, double after);

/* Sweep over the set, the gradient (or residual) being that of w, until no coefficient moves the
 * fit by more than `still` times the largest effect, or n_iter has reached max_iter. */
typedef struct mlsd__enet_step {
    double l1, l2, still;
    bool positive;
    int64_t max_iter, n_iter;
    struct mlsd__stream *stream; /* NULL: cyclic */
    bool is_still;               /* the last sweep changed nothing at all */
} mlsd__enet_step;
mlsd_status mlsd__enet_descend(mlsd__enet_set *set, mlsd__scope *scope, mlsd__enet_step *step);

/* y += a x. */
static inline void mlsd__enet_axpy(double *restrict y, double a, const double *restrict x,
                                   int64_t n)
{
    for (int64_t i = 0; i < n; i++) y[i] += a * x[i];
}

#endif
