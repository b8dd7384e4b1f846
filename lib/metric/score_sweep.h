/* score_sweep.h - what happens to two classes as the threshold of a score falls. */
#ifndef MLSD_METRIC_SCORE_SWEEP_H
#define MLSD_METRIC_SCORE_SWEEP_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/table.h"
#include "base/scope.h"

/* Point k: the rows scored threshold[k] or more, those of class 1 (hits) and of class 0 (alarms)
 * in weights. Thresholds fall, each value once; rows that weigh 0 are left out. */
typedef struct mlsd__sweep {
    const mlsd__allocator *allocator;
    int64_t n;
    double *threshold, *hits, *alarms;
    double positives, negatives; /* the last of hits and alarms; 0 where there is no point */
    double n_rows, n_positive, n_negative;
    double positive_squares, negative_squares; /* sums of squared weights */
} mlsd__sweep;

/* `is_positive`: not 0 is class 1; weight NULL: ones. */
mlsd_status mlsd__sweep_new(mlsd__scope *scope, const double *score, const double *is_positive,
                            const double *weight, int64_t n, mlsd__sweep *out);
void mlsd__sweep_free(mlsd__sweep *s);

/* Sum of (gain of recall) x precision; NaN without a row of class 1. */
double mlsd__sweep_precision(const mlsd__sweep *s);
/* Shares of either class at or above a threshold. */
typedef struct mlsd__sweep_shares {
    double hits, alarms;
} mlsd__sweep_shares;
/* Largest distance of the classes' distribution functions (Kolmogorov and Smirnov), and the shares
 * where it is reached first. NaN where a class is absent. */
double mlsd__sweep_distance(const mlsd__sweep *s, mlsd__sweep_shares *out);
/* Where the shares of false alarms and of misses are equal, between points by a line. */
double mlsd__sweep_equal_error(const mlsd__sweep *s);
/* How steep the curve is there: of the alarms and hits that come with the thresholds at which
 * alarms and misses differ by no more than `reach`, the part of the alarms, in shares; NaN where
 * none come. */
double mlsd__sweep_alarm_share(const mlsd__sweep *s, double reach);
/* Columns threshold, hits, alarms, all points or those that are no inner points of a straight
 * piece. */
mlsd_status mlsd__sweep_table(const mlsd__sweep *s, bool corners_only, mlsd_table **out);

#endif
