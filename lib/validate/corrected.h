/* corrected.h - what cross-validated scores say about their mean. */
#ifndef MLSD_VALIDATE_CORRECTED_H
#define MLSD_VALIDATE_CORRECTED_H

#include <stdint.h>

#include "metric/metric_impl.h"

/* Mean of the J scores that are not NaN, its corrected standard error and the interval at `level`.
 * test_train is the average n_test / n_train. J == 0 gives NaN throughout, J == 1 a value alone. */
void mlsd__corrected_t(const double *scores, int64_t n, double test_train, double level,
                       mlsd__estimate *out);

/* The same for the differences a[i] - b[i] where both are known: the paired comparison of two
 * models on the same splits. */
void mlsd__corrected_t_paired(const double *a, const double *b, int64_t n, double test_train,
                              double level, mlsd__estimate *out);

#endif
