/* class_grams.h - centred moments of each class in one pass, and covariances made of them. */
#ifndef MLSD_MODEL_CLASS_GRAMS_H
#define MLSD_MODEL_CLASS_GRAMS_H

#include "model/estimator.h"
#include "numeric/gram.h"

/* How a covariance is drawn towards a multiple of the unit matrix: by a share, or (automatic) by
 * the one that Ledoit & Wolf (2004) estimate of columns brought to standard deviation 1. */
typedef struct mlsd__shrinkage {
    double share;
    bool is_automatic;
} mlsd__shrinkage;

/* *out: n_classes moments, the caller's by mlsd__class_grams_free; NaN and infinity are not in x.
 */
mlsd_status mlsd__class_grams(mlsd__scope *scope, const mlsd__train *train, mlsd__gram **out);
void mlsd__class_grams_free(const mlsd__allocator *a, mlsd__gram *grams, int64_t n_classes);

/* within (p x p, whole) = sum over classes of prior times the class's covariance (over its weight),
 * each shrunk by itself; priors count as shares of those of classes with weight. total is the same
 * of all rows as one class; NULL where it is not asked for. */
mlsd_status mlsd__class_covariance(mlsd__scope *scope, const mlsd__train *train,
                                   const mlsd__gram *grams, const double *priors,
                                   const mlsd__shrinkage *shrinkage, double *within, double *total);

#endif
