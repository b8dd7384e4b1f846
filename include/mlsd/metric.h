/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/metric.h - how good predictions are, with an interval.
 *
 * Metrics are kinds of the family "metric" (accuracy, recall, f_score, log_loss, roc_auc, rmse,
 * ...) with parameters (average, beta, labels, ...); some parameters have names of their own, such
 * as "f1_macro", which are taken wherever a metric's name is. docs/metrics.md lists both.
 *
 * Values are scikit-learn's, but for what it makes of undefined ones: those are NaN here (recall of
 * a class without rows, r2 of a constant target), and an average leaves them out. Weights are
 * relative: a common factor changes nothing, and a row that weighs 0 is absent.
 *
 * Predictions of classes are n x 1 class numbers, n x 1 probabilities of class 1 of two, or
 * n x n_classes probabilities; metrics of labels take the most probable class (of equal ones the
 * first; of one column class 1 above 1/2). Of many labels y and prediction are n x n_labels of 0
 * and 1.
 */
#ifndef MLSD_METRIC_H
#define MLSD_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/result.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Score predictions by a metric's name. y (n x 1): numbers, or class numbers 0 .. n_classes-1.
 * prediction: n x 1 values for regression and metrics of labels, n x n_classes probabilities for
 * the others (for two classes also n x 1: the probability of class 1, or for roc_auc any score that
 * grows with it). weight: n x 1 or NULL. *out_low and *out_high (may be NULL) receive the interval
 * at `level` (such as 0.95), NaN where it is not defined; the method is named in the metric's doc.
 * A value that is not defined (roc_auc of one class) is NaN and MLSD_OK. Errors: MLSD_E_KIND,
 * MLSD_E_SHAPE, MLSD_E_DATA (NaN, a class or probability out of range). Since 0.1. */
MLSD_API mlsd_status mlsd_metric_score(const mlsd_context *context, const char *metric,
                                       const mlsd_matrix *y, const mlsd_matrix *prediction,
                                       const mlsd_matrix *weight, double level, double *out_value,
                                       double *out_low, double *out_high);

/* 1 where greater is better, -1 where smaller is, 0 when there is no metric of that name.
 * Since 0.1. */
MLSD_API int32_t mlsd_metric_direction(const char *metric);

/* Evaluate one metric with its parameters. *out has the numbers value, low, high, se, n (rows that
 * weigh more than 0) and n_effective; the table "values", where the metric has parts, one row a
 * class, label or output: id, value, low, high, se, numerator, denominator (NaN where it is no
 * rate), support (rows of the denominator), status ("ok", "undefined"); and what tables the metric
 * adds ("confusion", "curve", ...). level NaN: no intervals. Errors: as above, and
 * MLSD_E_PARAM_RANGE where a parameter does not suit the rows. Since 0.1. */
MLSD_API mlsd_status mlsd_metric_evaluate(const mlsd_context *context, const mlsd_spec *metric,
                                          const mlsd_matrix *y, const mlsd_matrix *prediction,
                                          const mlsd_matrix *weight, double level,
                                          mlsd_result **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_METRIC_H */
