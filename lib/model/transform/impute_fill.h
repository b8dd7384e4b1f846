/* impute_fill.h - what missing values are filled with. */
#ifndef MLSD_MODEL_TRANSFORM_IMPUTE_FILL_H
#define MLSD_MODEL_TRANSFORM_IMPUTE_FILL_H

#include "model/estimator.h"

/* Positions in the lists of choices of impute.c. */
enum { MLSD__IMPUTE_MEAN, MLSD__IMPUTE_MEDIAN, MLSD__IMPUTE_MOST_FREQUENT, MLSD__IMPUTE_CONSTANT };
enum { MLSD__IMPUTE_CATEGORY_MOST_FREQUENT, MLSD__IMPUTE_OWN_LEVEL };

/* For each column the value of the strategy (categories: the code of the most frequent level), and
 * 1 in had_missing where a row lacks it. A column without values gets 0, or `constant`. */
mlsd_status mlsd__impute_fill(mlsd__scope *scope, const mlsd__train *train, int64_t strategy,
                              double constant, double *fill, double *had_missing);

/* Median and most frequent value of n numbers without NaN that are in ascending order, with their
 * weights (NULL for ones): the value with half of the weight on either side, the middle of two
 * where it falls between them; ties of frequency go to the smallest value. 0 without any weight. */
double mlsd__weighted_median(const double *sorted, const double *weight, int64_t n);
double mlsd__weighted_mode(const double *sorted, const double *weight, int64_t n);

#endif
