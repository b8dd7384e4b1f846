/* class_sums.h - weight, sums and squares of the columns of each class, in one pass. */
#ifndef MLSD_MODEL_CLASS_SUMS_H
#define MLSD_MODEL_CLASS_SUMS_H

#include "model/estimator.h"

typedef struct mlsd__class_sums {
    const double *origin; /* n_classes x p: values are taken from there; NULL: from 0 */
    const double *cut;    /* a value above *cut counts 1, any other 0; NULL: as it is */
    double *weight;       /* n_classes */
    double *sum, *square; /* n_classes x p; square may be NULL */
} mlsd__class_sums;

/* Fill weight, sum and square. The same bits for any number of threads. */
mlsd_status mlsd__class_sums_add(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__class_sums *sums);

/* Weight, mean and variance (over the weight) of the columns in each class, 0 for classes without
 * weight; scratch has n_classes x p. MLSD_E_NUMERIC where a square overflows. */
mlsd_status mlsd__class_moments(mlsd__scope *scope, const mlsd__train *train, double *weight,
                                double *mean, double *variance, double *scratch);

/* Zeroed room for a header and 3 * n_classes * (p + 1) doubles behind it, the caller's by
 * mlsd__free.
 */
mlsd_status mlsd__bayes_alloc(const mlsd__allocator *a, size_t header, int64_t n_classes, int64_t p,
                              void **out);

/* The 2 * n_classes * (p + 1) numbers that such a model saves, the caller's by mlsd__free. */
mlsd_status mlsd__bayes_take(mlsd__reader *r, int64_t n_classes, int64_t p, double **out);

/* Prior probabilities: those given (as many as classes, summing to 1), or the classes' shares of
 * the weight, or equal ones. */
mlsd_status mlsd__class_priors(const mlsd__f64_list *given, bool from_data, const double *weight,
                               int64_t n_classes, double *out);

/* Logarithm of a prior that may be 0: finite, so that no infinity meets another. */
double mlsd__log_prior(double prior);

/* Joint log likelihoods (n x n_classes) to what is asked for. out may be joint for PROBA. */
void mlsd__joint_to_output(const double *joint, int64_t n, int64_t n_classes, mlsd_output what,
                           double *out);

#endif
