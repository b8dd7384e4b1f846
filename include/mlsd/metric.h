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
 * rate), support (rows of the denominator; of areas under curves those of the rarer class), status
 * ("ok", "undefined"); and what tables the metric adds ("confusion", "curve", ...). level NaN: no
 * intervals. Errors: as above, and MLSD_E_PARAM_RANGE where a parameter does not suit the rows.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_metric_evaluate(const mlsd_context *context, const mlsd_spec *metric,
                                          const mlsd_matrix *y, const mlsd_matrix *prediction,
                                          const mlsd_matrix *weight, double level,
                                          mlsd_result **out);

/* A spec of a metric by its name, with the parameters that the name means: "f1_macro" gives f_score
 * with average = macro. Errors: MLSD_E_KIND. Since 0.1. */
MLSD_API mlsd_status mlsd_metric_new(const mlsd_context *context, const char *name,
                                     mlsd_spec **out);

/* A scorecard: many metrics of many groups in one pass over the rows. Add rows as they come, merge
 * cards of other threads, machines or days, and finish as often as wanted.
 *
 * Memory is a few numbers a group for metrics that are sums (all metrics of labels, means of
 * losses); those that must sort (roc_auc, medians) keep the rows. Bits: neither the number of
 * threads nor how rows were cut into calls of add changes any; a merge is exact where all rows
 * weigh 1 and metrics count, otherwise the same to rounding. */
typedef struct mlsd_scorecard mlsd_scorecard;

/* n_metrics specs of the family "metric", copied; n_classes 0 for metrics of numbers; groups are
 * 0 .. n_groups-1, n_groups 0 for none. Errors: MLSD_E_KIND, MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_scorecard_new(const mlsd_context *context,
                                        const mlsd_spec *const *metrics, int64_t n_metrics,
                                        int64_t n_classes, int64_t n_groups, mlsd_scorecard **out);

/* End a scorecard; NULL is fine. Since 0.1. */
MLSD_API void mlsd_scorecard_free(mlsd_scorecard *card);

/* Add rows. Shapes as above, the same in every add; weight NULL for ones; group: y->rows numbers,
 * -1 for a row that counts among all and in no group, NULL where the card has no groups. Errors:
 * MLSD_E_SHAPE, MLSD_E_DATA with the row. A card whose add failed in the midst of many rows says
 * so from then on. Since 0.1. */
MLSD_API mlsd_status mlsd_scorecard_add(const mlsd_context *context, mlsd_scorecard *card,
                                        const mlsd_matrix *y, const mlsd_matrix *prediction,
                                        const mlsd_matrix *weight, const int32_t *group);

/* Add what `other` holds behind what `card` holds. Errors: MLSD_E_ARG where metrics, classes,
 * groups or weights differ. Since 0.1. */
MLSD_API mlsd_status mlsd_scorecard_merge(const mlsd_context *context, mlsd_scorecard *card,
                                          const mlsd_scorecard *other);

/* Rows added so far; 0 for NULL. Since 0.1. */
MLSD_API int64_t mlsd_scorecard_n_rows(const mlsd_scorecard *card);

/* What the card says: the number n_rows, and the table "scores", of all rows (group -1) and then of
 * every group the metrics in their order: group, metric (its name), value, low, high (at `level`,
 * NaN for none), se, n (rows that weigh more than 0; of a rate those of the denominator),
 * numerator, denominator, status ("ok", "low support" where n < min_support, "undefined"). Errors:
 * MLSD_E_ARG without rows. Since 0.1. */
MLSD_API mlsd_status mlsd_scorecard_finish(const mlsd_context *context, const mlsd_scorecard *card,
                                           double level, int64_t min_support, mlsd_result **out);

/* A card as bytes, the same on every machine, and back. *out_size receives the size, also with
 * MLSD_E_BUFFER; buf may be NULL with capacity 0 to ask for it. Errors: MLSD_E_BUFFER;
 * MLSD_E_PARSE, MLSD_E_VERSION, MLSD_E_CORRUPT. Since 0.1. */
MLSD_API mlsd_status mlsd_scorecard_to_bytes(const mlsd_scorecard *card, void *buf, size_t capacity,
                                             size_t *out_size);
MLSD_API mlsd_status mlsd_scorecard_from_bytes(const mlsd_context *context, const void *bytes,
                                               size_t size, mlsd_scorecard **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_METRIC_H */
