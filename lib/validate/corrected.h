/* corrected.h - what cross-validated scores say about their mean. */
#ifndef MLSD_VALIDATE_CORRECTED_H
#define MLSD_VALIDATE_CORRECTED_H

#include <stdint.h>

#include "metric/metric_impl.h"

/* Mean of the J scores that are not NaN, its corrected standard error and the interval at `level`,
 * df is J - 1. test_train is the average n_test / n_train. J == 0 gives NaN throughout, J == 1 a
 * value alone. */
void mlsd__corrected_t(const double *scores, int64_t n, double test_train, double level,
                       mlsd__estimate *out);

/* The same for many: the quantile of the last df and level is kept, for it costs more than a small
 * fit. All zero at first. */
typedef struct mlsd__t_memo {
    double df, level, quantile;
} mlsd__t_memo;
void mlsd__corrected_t_many(const double *scores, int64_t n, double test_train, double level,
                            mlsd__t_memo *memo, mlsd__estimate *out);

/* The same for the differences a[i] - b[i] where both are known: the paired comparison of two
 * models on the same splits. */
void mlsd__corrected_t_paired(const double *a, const double *b, int64_t n, double test_train,
                              double level, mlsd__estimate *out);

/* How often a comparison is to find a difference that is there. */
#define MLSD__POWER 0.8

/* The smallest difference between two models that their comparison finds with probability `power`:
 * the two-sided test at 1 - level of an estimate from above, with its standard error and df. NaN
 * where it has none. */
double mlsd__detectable_difference(const mlsd__estimate *difference, double level, double power);

/* What the comparison would need to find a difference of size `wanted` that often, from what it
 * can find as above. Rows: how many times those of the data set, for the variance of scores goes
 * with 1 / n_rows. Splits: how many of the same sizes in place of n_splits; infinite where no
 * number of them helps, since scores of overlapping training sets share their errors. */
double mlsd__rows_factor_for(const mlsd__estimate *difference, double wanted, double level,
                             double power);
double mlsd__splits_for(const mlsd__estimate *difference, int64_t n_splits, double test_train,
                        double wanted, double level, double power);

#endif
