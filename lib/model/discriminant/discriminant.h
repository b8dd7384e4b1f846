/* discriminant.h - a linear discriminant analysis in the making: what linear_discriminant.c hands
 * to the solvers of discriminant_solve.c. */
#ifndef MLSD_MODEL_DISCRIMINANT_H
#define MLSD_MODEL_DISCRIMINANT_H

#include "model/discriminant/class_grams.h"

/* Classes without weight have priors and means that nobody reads. C is the covariance within
 * classes as the solver sees it. */
typedef struct mlsd__discriminant {
    const mlsd__train *train;
    const mlsd__gram *grams; /* of each class, borrowed; NULL: not found yet */
    int64_t p, k, n_present; /* columns, classes, classes with weight */
    double weight;
    double *count, *prior;   /* k */
    double *mean, *variance; /* k x p */
    double *centre;          /* p: the mean of the means, by priors */
    int64_t n_scores;        /* 1 for two classes */
    double *between;         /* n_scores x p: means - centre, or the second mean - the first */

    /* What a solver finds. */
    double *coef;       /* n_scores x p: between C^-1 */
    double *directions; /* n_directions x p, or NULL */
    double *ratio;      /* n_ratio: shares of the variance between classes; behind coef */
    int64_t n_directions, n_ratio;
    double *covariance; /* p x p, or NULL */
} mlsd__discriminant;

/* Through the singular values of the rows; what is below tol of columns brought to standard
 * deviation 1 is left out. Fills coef, directions, ratio. */
mlsd_status mlsd__discriminant_by_svd(mlsd__scope *scope, mlsd__discriminant *d, double tol);
/* The same from grams alone; *out_ok is false where they have lost digits that the rows have. */
mlsd_status mlsd__discriminant_by_moments(mlsd__scope *scope, mlsd__discriminant *d, double tol,
                                          bool *out_ok);
/* By the covariance: of least norm where it is singular. Fills coef and covariance. */
mlsd_status mlsd__discriminant_by_covariance(mlsd__scope *scope, mlsd__discriminant *d,
                                             const mlsd__shrinkage *shrinkage);
/* By the eigenvalues of the covariance between classes, seen from that within. Fills all. */
mlsd_status mlsd__discriminant_by_eigen(mlsd__scope *scope, mlsd__discriminant *d,
                                        const mlsd__shrinkage *shrinkage);

#endif
