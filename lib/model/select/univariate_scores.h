/* univariate_scores.h - how much each column by itself says about the target: a score, larger for
 * more, and its p-value. Values are those of scikit-learn's functions of the same names. */
#ifndef MLSD_MODEL_SELECT_UNIVARIATE_SCORES_H
#define MLSD_MODEL_SELECT_UNIVARIATE_SCORES_H

#include "model/estimator.h"

/* Weights count rows: whole ones as repetitions, others as shares of as many rows as have weight
 * (mlsd__weight_unit). score and p_value have room for n_features. */

/* One-way analysis of variance: F of the classes' means. NaN for a constant column. */
mlsd_status mlsd__score_f_classif(mlsd__scope *scope, const mlsd__train *train, double *score,
                                  double *p_value);

/* Pearson's correlation r with a number, or with is_f the F = r^2 / (1 - r^2) * df of a regression
 * on that column alone, df being the rows less 2; the p-value is of either. Not centred: r is the
 * cosine, and df the rows less 1. A constant column, or target: r and F 0, p 1. */
mlsd_status mlsd__score_correlation(mlsd__scope *scope, const mlsd__train *train, bool is_f,
                                    bool center, double *score, double *p_value);

/* Pearson's chi-square of the sums of a column of counts by class. MLSD_E_DATA for a negative
 * number. NaN for a column of zeros. */
mlsd_status mlsd__score_chi2(mlsd__scope *scope, const mlsd__train *train, double *score,
                             double *p_value);

/* Mutual information (nats) of each column and the target, from distances to the n_neighbors
 * nearest: Kraskov, Stoegbauer & Grassberger (2004, the first estimator) where both are continuous,
 * Ross (2014) where one is discrete, and from the table of counts where both are. Categories are
 * discrete, and so are all columns with is_discrete. As scikit-learn does, continuous columns are
 * brought to deviation 1 and ties parted by noise of 1e-10 from RandomState(seed). There are no
 * p-values, and weights only as 0 and one other value (MLSD_E_UNSUPPORTED). */
typedef struct mlsd__mutual_options {
    int64_t n_neighbors, seed;
    bool is_discrete;
} mlsd__mutual_options;
mlsd_status mlsd__score_mutual_information(mlsd__scope *scope, const mlsd__train *train,
                                           const mlsd__mutual_options *options, double *score);

#endif
