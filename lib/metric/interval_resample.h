/* interval_resample.h - the kinds of family "interval": what they bring, and what they are given.
 */
#ifndef MLSD_METRIC_INTERVAL_RESAMPLE_H
#define MLSD_METRIC_INTERVAL_RESAMPLE_H

#include <stdint.h>

#include "mlsd/spec.h"
#include "metric/interval_statistic.h"

typedef struct mlsd__resampled {
    double value, low, high, se, bias;
} mlsd__resampled;

typedef struct mlsd__interval_ops {
    /* A metric by its name, NULL without. */
    const char *(*metric_name)(const mlsd_spec *how);
    bool (*needs_spread)(const mlsd_spec *how);
    /* How many replicates the caller may ask for. */
    int64_t (*n_replicates)(const mlsd_spec *how);
    /* `replicates` is NULL or has room for them. */
    mlsd_status (*run)(mlsd__scope *scope, const mlsd_spec *how, const mlsd__statistic *s,
                       double *replicates, mlsd__resampled *out);
} mlsd__interval_ops;

/* The metric, a child of every kind of the family. */
extern const mlsd__slot mlsd__interval_slots[1];

/* Of n numbers with NaN among them: mean and standard deviation of those that are not. */
int64_t mlsd__drop_undefined(double *x, int64_t n);

#endif
