/* log_loss_direct.h - log_loss of two classes and many rows, in parallel. */
#ifndef MLSD_METRIC_LOG_LOSS_DIRECT_H
#define MLSD_METRIC_LOG_LOSS_DIRECT_H

#include "mlsd/matrix.h"
#include "metric/metric_impl.h"

/* The way of metric_impl.h's `direct`, for one column of probabilities. */
mlsd_status mlsd__log_loss_direct(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                  const mlsd_matrix *y, const mlsd_matrix *prediction,
                                  const mlsd_matrix *weight, double level, mlsd__estimate *out,
                                  bool *out_done);

#endif
