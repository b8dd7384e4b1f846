/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/curve.h - loss curves by epoch, and stopping early by one of them.
 *
 * A curve holds any number of named series ("train", "valid", ...) of (step, value). One of them is
 * watched by the rule of a spec of kind "early_stopping": best is any improvement, progress is an
 * improvement by more than min_delta; without progress for `patience` steps the rule says stop.
 */
#ifndef MLSD_CURVE_H
#define MLSD_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_curve mlsd_curve;

typedef int32_t mlsd_stop_reason;
enum {
    MLSD_STOP_NONE = 0,      /* still running, or ended at its budget */
    MLSD_STOP_PATIENCE = 1,  /* no progress for `patience` steps */
    MLSD_STOP_TARGET = 2,    /* the watched value reached `target` */
    MLSD_STOP_DIVERGED = 3,  /* the watched value passed `divergence` */
    MLSD_STOP_NONFINITE = 4, /* the watched value is NaN or infinite */
    MLSD_STOP_CONVERGED = 5, /* the fit's own tolerance was met */
    MLSD_STOP_BUDGET = 6     /* max_iter was used up */
};

/* Make a curve that is watched by `early_stopping` (NULL: the kind's defaults, lower is better).
 * Errors: MLSD_E_KIND when the spec is of another kind. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_new(const mlsd_context *context, const mlsd_spec *early_stopping,
                                    mlsd_curve **out);

/* End a curve; NULL is fine. Since 0.1. */
MLSD_API void mlsd_curve_free(mlsd_curve *curve);

/* Add a point to a series, which is made where there is none of that name. NaN and infinities are
 * kept; steps may come in any order. Points of the watched series count for stopping in the order
 * they come. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_add(mlsd_curve *curve, const char *series, int64_t step,
                                    double value);

/* The series in the order they were made; NULL and 0 when out of range. Since 0.1. */
MLSD_API int64_t mlsd_curve_series_count(const mlsd_curve *curve);
MLSD_API const char *mlsd_curve_series_name(const mlsd_curve *curve, int64_t series);
MLSD_API int64_t mlsd_curve_point_count(const mlsd_curve *curve, int64_t series);

/* The i-th point of a series. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_point(const mlsd_curve *curve, int64_t series, int64_t i,
                                      int64_t *out_step, double *out_value);

/* 1 once the rule says stop. Since 0.1. */
MLSD_API int32_t mlsd_curve_should_stop(const mlsd_curve *curve);

/* Why; MLSD_STOP_NONE before. The name is static, such as "patience". Since 0.1. */
MLSD_API mlsd_stop_reason mlsd_curve_stop_reason(const mlsd_curve *curve);
MLSD_API const char *mlsd_stop_reason_name(mlsd_stop_reason reason);

/* Step and value of the best point of the watched series; step -1 and NaN without one.
 * Since 0.1. */
MLSD_API int64_t mlsd_curve_best_step(const mlsd_curve *curve);
MLSD_API double mlsd_curve_best_value(const mlsd_curve *curve);

/* Columns step and one for each series, a row for each step, missing where a series has no point.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_curve_to_table(const mlsd_context *context, const mlsd_curve *curve,
                                         mlsd_table **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_CURVE_H */
