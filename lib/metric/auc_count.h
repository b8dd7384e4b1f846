/* auc_count.h - roc_auc of two classes and many rows, without a full sort. */
#ifndef MLSD_METRIC_AUC_COUNT_H
#define MLSD_METRIC_AUC_COUNT_H

#include "mlsd/matrix.h"
#include "metric/metric_impl.h"

/* Is it the whole area without a curve? (metric_ranking.c, whose parameters they are.) */
bool mlsd__auc_is_plain(const void *params);

/* DeLong's interval from value, se and df; where nothing is out of order, or nothing in order, that
 * of n_pairs pairs that share no row: the rows of the rarer class, of weighted ones (sum w)^2 /
 * sum w^2. */
void mlsd__area_interval(mlsd__estimate *e, double n_pairs, double level);

/* The way of metric_impl.h's `direct`: value and DeLong's interval of one column of scores of two
 * classes, straight from the caller's matrices. *out_done stays false where it is not such a case
 * or not worth it. */
mlsd_status mlsd__auc_direct(mlsd__scope *scope, const mlsd__metric_ops *metric,
                             const mlsd_matrix *y, const mlsd_matrix *prediction,
                             const mlsd_matrix *weight, double level, mlsd__estimate *out,
                             bool *out_done);

#endif
