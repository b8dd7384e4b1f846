/* interval_statistic.h - what is resampled: a metric, or a mean, as a function of how often each
 * unit counts. Units are rows, or clusters of rows, that weigh anything, stratum after stratum.
 *
 * Where a metric is a function of sums over rows, a unit is its part of these sums, and a replicate
 * costs a few additions a draw. Of labels, rows of one true and one predicted class are one cell,
 * and a metric is asked about the cells. Any other metric is asked about all rows with other
 * weights. */
#ifndef MLSD_METRIC_INTERVAL_STATISTIC_H
#define MLSD_METRIC_INTERVAL_STATISTIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "metric/interval_draw.h"
#include "metric/metric_impl.h"

typedef enum mlsd__statistic_form {
    MLSD__OF_MEAN,    /* columns: loss less its mean [, its square] */
    MLSD__OF_RATIO,   /* the same and the weight, each times the weight [, three products] */
    MLSD__OF_SQUARES, /* weight, loss, target, target^2, about their means, times the weight */
    MLSD__OF_CELLS,
    MLSD__OF_ROWS
} mlsd__statistic_form;

typedef struct mlsd__statistic {
    const mlsd__metric_ops *metric; /* NULL: the mean of y */
    const mlsd__scored *scored;
    mlsd__statistic_form form;
    int64_t n_units, n_strata;
    int64_t *sizes;    /* units by stratum */
    int64_t *position; /* by row: its unit, -1 for a row that weighs nothing; NULL: its number */
    int64_t n_columns;
    double *columns; /* by unit, where the form has columns */
    double centre, target_centre;
    bool is_root;
    int32_t *cell_of_unit;
    int64_t n_cells;
    double *cell_y, *cell_prediction;
} mlsd__statistic;

/* cluster and stratum: a number for each row, or NULL. with_spread: columns for the standard error
 * of each replicate too, where there are columns and no strata. */
mlsd_status mlsd__statistic_new(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                const mlsd__scored *scored, const mlsd_matrix *cluster,
                                const mlsd_matrix *stratum, bool with_spread, mlsd__statistic *out);
void mlsd__statistic_free(mlsd__statistic *s, const mlsd__allocator *a);

bool mlsd__statistic_has_columns(const mlsd__statistic *s);
/* From sums of the columns; out_se (may be NULL) is that of a mean before its root. */
double mlsd__statistic_of_sums(const mlsd__statistic *s, const double *sums, double *out_mean,
                               double *out_se);
/* From how often each cell, or each unit, counts; `weight` is room for as many doubles as there are
 * cells or rows. */
mlsd_status mlsd__statistic_of_counts(mlsd__scope *scope, const mlsd__statistic *s,
                                      const int32_t *counts, double *weight, double *out);
/* Of all units once. */
mlsd_status mlsd__statistic_value(mlsd__scope *scope, const mlsd__statistic *s, double *out_value,
                                  double *out_mean, double *out_se);

/* Estimates with a unit, or a group of them, left out. */
typedef struct mlsd__left_out {
    double se, acceleration, bias;
    double df;
    int64_t n;
} mlsd__left_out;
/* At most n_groups groups, drawn by the seed, where the form has no cheaper way; 0: each unit. */
mlsd_status mlsd__leave_out(mlsd__scope *scope, const mlsd__statistic *s, double value,
                            int64_t n_groups, uint64_t seed, mlsd__left_out *out);
/* The estimates themselves, out_n of them (no more than units): statistics of as many units leave
 * out the same ones, in the same order, for the same seed. */
mlsd_status mlsd__leave_each(mlsd__scope *scope, const mlsd__statistic *s, int64_t n_groups,
                             uint64_t seed, double *out, int64_t *out_n);

#endif
