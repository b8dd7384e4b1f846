/* row_loss.h - metrics that are means over rows, row by row: what intervals of a score and the
 * bootstrap of a search are made of.
 *
 * A row's number is on the scale that is averaged: the squared error for rmse, whose value is the
 * root of the mean; 1 or 0 for accuracy, which is better the greater it is; the loss for mae,
 * log_loss and brier. */
#ifndef MLSD_VALIDATE_ROW_LOSS_H
#define MLSD_VALIDATE_ROW_LOSS_H

#include "validate/scoring.h"

/* Find a metric that has row losses and suits the task. Errors: MLSD_E_KIND; MLSD_E_UNSUPPORTED for
 * one that is no mean over rows (r2, roc_auc), with those that are. */
mlsd_status mlsd__row_loss_find(const char *metric, mlsd_task task, const mlsd__metric_ops **out);

/* The numbers of all s->n rows. The scoring was made for this metric. */
void mlsd__row_losses(const mlsd__metric_ops *metric, const mlsd__scoring *s, double *out);

/* Bring a mean over rows with its standard error and interval to the metric's own scale: for rmse
 * roots, and the standard error by the delta method. An interval stays where the metric can be: not
 * below 0, and for accuracy not above 1. */
void mlsd__row_loss_to_metric(const mlsd__metric_ops *metric, mlsd__estimate *e);

#endif
