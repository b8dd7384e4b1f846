/* linear_fit.h - a least squares fit in the making: what the files of linear_regression hand to
 * each other. linear_triangle.c reduces the rows, linear_regression.c solves, linear_refine.c takes
 * the answer to the last digit, linear_dependence.c finds which columns depend on which,
 * linear_root.c and linear_inference.c say how sure the answer is. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_FIT_H
#define MLSD_MODEL_LINEAR_LINEAR_FIT_H

#include "model/linear/linear_state.h"
#include "numeric/double_double.h"

/* Most rows of the dependence table: beyond them the columns are not told one by one. */
enum { MLSD__LINEAR_DEPENDENCES = 64 };
/* Most columns whose covariance is kept in the model. */
enum { MLSD__LINEAR_COVARIANCE = 512 };

typedef struct mlsd__linear_fit {
    const mlsd__train *train;
    bool has_intercept;
    int64_t p, q;         /* columns, and p + 1 */
    double *mean;         /* q: of [X y]; 0 without an intercept */
    double *scale;        /* p: powers of two */
    double *r;            /* q x q: triangle of the rows sqrt(w) [(x - mean) scale, y - mean] */
    double *length;       /* p: lengths of the columns of r, 1 where that is 0 */
    double *coef_low;     /* p: low parts of state->coef */
    double intercept_low; /* of state->intercept */
    double weight;        /* sum of weights */
    mlsd__dd squares;     /* sum w (y - fitted)^2 */
    mlsd__dd total;       /* sum w (y - mean)^2 */
    double condition;     /* of the centred columns brought to one length */
    int64_t rank;
    bool from_moments; /* R comes from X'X: one refinement at least must follow */
    int64_t n_passes;  /* of the refinement */
    int64_t n_dependences;
    double *dependences; /* n_dependences x p: -1 at a column, the last that is not 0, and what
                            makes it of columns before it */
    double *vt, *s;      /* of the centred columns as they are: p x p, p */
} mlsd__linear_fit;

/* Find mean, scale, r, length, total, rank and condition. */
mlsd_status mlsd__linear_triangle(mlsd__scope *scope, mlsd__linear_fit *fit);
/* The p x p part of R with its columns divided: by their lengths, or by their scales, which makes
 * them the columns as they are. */
void mlsd__linear_copy_triangle(const mlsd__linear_fit *fit, const double *divisor, double *out);

/* Refine coef and intercept of a fit of full rank in at most so many passes, and set `squares` and
 * `total`. */
enum { MLSD__LINEAR_PASSES = 12 };
mlsd_status mlsd__linear_refine(mlsd__scope *scope, mlsd__linear_fit *fit, int64_t most_passes,
                                mlsd__linear_state *state);

/* Find the dependences of a fit whose rank is below p. */
mlsd_status mlsd__linear_dependence(mlsd__scope *scope, mlsd__linear_fit *fit);
/* Say them as warnings in the log. */
void mlsd__linear_dependence_log(mlsd__scope *scope, const mlsd__linear_fit *fit);

/* A root of the inverse of Z'Z, Z the rows sqrt(w) [x - mean, 1]: covariance = sigma^2 root root'
 * of the coefficients and, in the last row, of the intercept about 0. width x width, width = p + 1,
 * or p without an intercept; zeros on entry. */
mlsd_status mlsd__linear_root(mlsd__scope *scope, const mlsd__linear_fit *fit, double *root);

/* Names of the arrays that inference fills, to be appended to a kind's own. With them a prediction
 * at x has, for d = x - mean and C the covariance of the coefficients, the variance d'C d +
 * residual_std_error^2 / weight_sum (the last term with an intercept only), and a new observation
 * residual_std_error^2 more. */
#define MLSD__LINEAR_INFERENCE_NAMES                                                             \
    "std_error", "t_value", "p_value", "interval", "intercept_std_error", "intercept_t_value",   \
        "intercept_p_value", "intercept_interval", "covariance", "r2", "adjusted_r2", "f_value", \
        "f_p_value", "df_model", "df_residual", "residual_std_error", "mean", "weight_sum",      \
        "t_quantile"
enum { MLSD__LINEAR_INFERENCES = 19 };

/* Fill the arrays from extras[first] on. level: of the intervals. */
mlsd_status mlsd__linear_inference(mlsd__scope *scope, const mlsd__linear_fit *fit, double level,
                                   int64_t first, mlsd__linear_state *state);

#endif
