/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/metric.h - how good predictions are, with an interval.
 *
 * Metrics are kinds of the family "metric": rmse, mae, r2, accuracy, log_loss, roc_auc, brier.
 * Values are scikit-learn's, but for what it makes of undefined ones: those are NaN here (r2 of a
 * constant target, roc_auc of one class). brier of more than two classes is the mean of the squared
 * errors summed over classes. Weights are relative: a common factor changes nothing, and a row that
 * weighs 0 is absent.
 */
#ifndef MLSD_METRIC_H
#define MLSD_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Score predictions. y (n x 1): numbers, or class numbers 0 .. n_classes-1. prediction: n x 1
 * values for regression and accuracy, n x n_classes probabilities for the others (for two classes
 * also n x 1: the probability of class 1, or for roc_auc any score that grows with it). weight: n x
 * 1 or NULL. *out_low and *out_high (may be NULL) receive the interval at `level` (such as 0.95),
 * NaN where it is not defined; the method is named in the metric's doc. A value that is not defined
 * (roc_auc of one class) is NaN and MLSD_OK. Errors: MLSD_E_KIND, MLSD_E_SHAPE, MLSD_E_DATA (NaN, a
 * class or probability out of range). Since 0.1. */
MLSD_API mlsd_status mlsd_metric_score(const mlsd_context *context, const char *metric,
                                       const mlsd_matrix *y, const mlsd_matrix *prediction,
                                       const mlsd_matrix *weight, double level, double *out_value,
                                       double *out_low, double *out_high);

/* 1 where greater is better, -1 where smaller is, 0 when there is no metric of that name.
 * Since 0.1. */
MLSD_API int32_t mlsd_metric_direction(const char *metric);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_METRIC_H */
