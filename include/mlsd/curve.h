/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/curve.h - loss curves: what training came to epoch by epoch, and stopping early by it.
 *
 * A curve holds any number of series. A series is told by its metric ("loss", "accuracy"), its set
 * ("train", "valid", ...), and the fold and repeat of a cross-validation that it is of; its points
 * are (x, value) by ascending x, a number of the epoch or the step, seconds or rows. Every value is
 * kept, NaN and infinities too; points may come in any order, and of two at one x the later counts.
 *
 * Some of them are watched by the rule of a spec of kind "early_stopping": best is any improvement,
 * progress is an improvement by more than min_delta; without progress for `patience` steps the rule
 * says stop.
 */
#ifndef MLSD_CURVE_H
#define MLSD_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/dataset.h"
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
    MLSD_STOP_NONE = 0,         /* still running */
    MLSD_STOP_PATIENCE = 1,     /* no progress for `patience` steps */
    MLSD_STOP_TARGET = 2,       /* the watched value reached `target` */
    MLSD_STOP_DIVERGED = 3,     /* the watched value passed `divergence` */
    MLSD_STOP_NONFINITE = 4,    /* the watched value is NaN or infinite */
    MLSD_STOP_CONVERGED = 5,    /* the fit's own tolerance was met */
    MLSD_STOP_BUDGET = 6,       /* max_iter, or the rule's max_steps, was used up */
    MLSD_STOP_TIME = 7,         /* the rule's max_seconds were used up */
    MLSD_STOP_GL = 8,           /* generalization loss above alpha (Prechelt 1998) */
    MLSD_STOP_PQ = 9,           /* generalization loss against training progress above alpha */
    MLSD_STOP_UP = 10,          /* the watched value rose over n_strips strips in a row */
    MLSD_STOP_NO_PROGRESS = 11, /* the training series does not fall any more */
    MLSD_STOP_CANCELLED = 12    /* the context was cancelled */
};

/* Make a curve that is watched by `early_stopping`, which is copied (NULL: the kind's defaults,
 * lower is better). Errors: MLSD_E_KIND when the spec is of another kind; MLSD_E_PARAM_CONFLICT for
 * a criterion of ratios with values whose higher ones are better. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_new(const mlsd_context *context, const mlsd_spec *early_stopping,
                                    mlsd_curve **out);

/* End a curve; NULL is fine. Since 0.1. */
MLSD_API void mlsd_curve_free(mlsd_curve *curve);

/* ---- points ---- */

/* Add a point to the series of metric "loss" of a set, outside folds; it is made where there is
 * none. Points of watched series count for stopping in the order they come. Errors: MLSD_E_DATA
 * where the rule's criterion is one of ratios, and the value is below 0. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_add(mlsd_curve *curve, const char *set, int64_t step, double value);

/* The number of a series, which is made where there is none; fold -1 for none. A metric has no '/'
 * in its name. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_series(mlsd_curve *curve, const char *metric, const char *set,
                                       int64_t fold, int64_t repeat, int64_t *out);

/* Add a point to a series by its number. Errors: MLSD_E_ARG for an x that is not finite; as
 * mlsd_curve_add. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_add_point(mlsd_curve *curve, int64_t series, double x,
                                          double value);

/* What x counts: "epoch", "seconds", "rows", ...; "step" from the start. It is the name of a
 * column. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_set_x(mlsd_curve *curve, const char *name);
MLSD_API const char *mlsd_curve_x(const mlsd_curve *curve);

/* The series in the order they were made; NULL, 0 and -1 when out of range. The name is that of its
 * column in mlsd_curve_to_table: the set, "metric/set" for another metric than loss, followed by "
 * fold 3" and " repeat 1" in folds. Since 0.1. */
MLSD_API int64_t mlsd_curve_series_count(const mlsd_curve *curve);
MLSD_API const char *mlsd_curve_series_name(const mlsd_curve *curve, int64_t series);
MLSD_API const char *mlsd_curve_series_metric(const mlsd_curve *curve, int64_t series);
MLSD_API const char *mlsd_curve_series_set(const mlsd_curve *curve, int64_t series);
MLSD_API int64_t mlsd_curve_series_fold(const mlsd_curve *curve, int64_t series);
MLSD_API int64_t mlsd_curve_series_repeat(const mlsd_curve *curve, int64_t series);
MLSD_API int64_t mlsd_curve_point_count(const mlsd_curve *curve, int64_t series);

/* The i-th point of a series by ascending x. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_point(const mlsd_curve *curve, int64_t series, int64_t i,
                                      double *out_x, double *out_value);

/* A further validation set, borrowed as long as the curve lives: every fit by epochs that is given
 * this curve looks at its loss after each epoch, and never learns from it. It needs the training
 * set's columns and a target. Errors: MLSD_E_ARG for a name that is taken. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_add_set(mlsd_curve *curve, const char *name,
                                        const mlsd_dataset *data);

/* Put the series of another curve that are outside folds under (fold, repeat) of this one, and
 * those in folds as they are: how the curves of a cross-validation come together. They do not count
 * for stopping. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_merge(mlsd_curve *curve, const mlsd_curve *other, int64_t fold,
                                      int64_t repeat);

/* ---- stopping ---- */

/* 1 once the rule says stop. Since 0.1. */
MLSD_API int32_t mlsd_curve_should_stop(const mlsd_curve *curve);

/* Why; MLSD_STOP_NONE before. The name is static, such as "patience". Since 0.1. */
MLSD_API mlsd_stop_reason mlsd_curve_stop_reason(const mlsd_curve *curve);
MLSD_API const char *mlsd_stop_reason_name(mlsd_stop_reason reason);

/* Step and value of the best point of the watched series (of the first of several); step -1 and NaN
 * without one. Where the rule smooths, best is the smoothed value's, and the value is as it came.
 * Since 0.1. */
MLSD_API int64_t mlsd_curve_best_step(const mlsd_curve *curve);
MLSD_API double mlsd_curve_best_value(const mlsd_curve *curve);

/* ---- over folds ---- */

/* The mean of a metric and set over folds and repeats (over all that are outside folds where none
 * is in one) at every x: columns x (by its name), mean, sd, se, lower and upper (95 % by Student's
 * t; folds share training rows, so it is somewhat too narrow), n. A value that is not finite makes
 * the mean so. Errors: MLSD_E_DATA without such a series. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_mean(const mlsd_context *context, const mlsd_curve *curve,
                                     const char *metric, const char *set, mlsd_table **out);

/* The same of the differences set - reference ("valid" - "train": the gap of generalization), fold
 * by fold, where both have a point. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_gap(const mlsd_context *context, const mlsd_curve *curve,
                                    const char *metric, const char *set, const char *reference,
                                    mlsd_table **out);

/* A series smoothed: columns x (by its name), value, smoothed. "ema": exponential moving average
 * without the pull to its start, m_t = b m_(t-1) + (1 - b) v_t, over 1 - b^t, of parameter b in
 * [0, 1); "median": of the `parameter` points (odd) around each, fewer at the ends. Values that are
 * not finite are passed over. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_smooth(const mlsd_context *context, const mlsd_curve *curve,
                                       int64_t series, const char *method, double parameter,
                                       mlsd_table **out);

/* How many epochs to train for, by the curves of folds whose x counts epochs from 0: out_best, by
 * the least mean; out_one_se, the fewest whose mean is within one standard error of that (Breiman
 * et al. 1984, section 3.4.3); out_refit, for a fit on all rows, the median of the folds' best
 * times rows_ratio = rows of that fit / rows of a fold's training part (1: the median itself). Any
 * of them may be NULL. Least is greatest where the curve's rule maximizes. Errors: MLSD_E_DATA
 * without a series or a finite value. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_refit_steps(const mlsd_curve *curve, const char *metric,
                                            const char *set, double rows_ratio, int64_t *out_best,
                                            int64_t *out_one_se, int64_t *out_refit);

/* ---- tables and files ---- */

/* Wide: x (by its name) and a column for each series, a row for each x, missing where a series has
 * no point. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_to_table(const mlsd_context *context, const mlsd_curve *curve,
                                         mlsd_table **out);

/* Long: metric, set, fold, repeat, x (by its name), value; a row for each point, so that a value
 * that is NaN is told from none. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_to_points(const mlsd_context *context, const mlsd_curve *curve,
                                          mlsd_table **out);

/* A curve of a table: long, as above (metric, fold and repeat may be lacking), or wide: one column
 * step, epoch, iteration, round, x, seconds or rows (none: the number of the row), every other
 * column of numbers a series, called as above or as other programs do ("loss", "val_loss",
 * "train_accuracy"). In a wide table a missing value is no point, but for those at the end of a
 * series that has no other: these are NaN. Errors: MLSD_E_DATA where there is no series. Since 0.1.
 */
MLSD_API mlsd_status mlsd_curve_from_table(const mlsd_context *context, const mlsd_table *table,
                                           mlsd_curve **out);

/* The same from a CSV file; and to one, layout "wide" or "long". Since 0.1. */
MLSD_API mlsd_status mlsd_curve_read_csv(const mlsd_context *context, const char *path,
                                         mlsd_curve **out);
MLSD_API mlsd_status mlsd_curve_write_csv(const mlsd_context *context, const mlsd_curve *curve,
                                          const char *layout, const char *path);

/* JSON lines, an object with the names of the long table for each point; NaN is null, infinities
 * are "inf" and "-inf". The buffer is filled by the convention of mlsd/status.h. Since 0.1. */
MLSD_API mlsd_status mlsd_curve_to_jsonl(const mlsd_curve *curve, char *buf, int64_t capacity,
                                         int64_t *out_length);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_CURVE_H */
