/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/dataset.h - a table with roles: which columns are features, which is the target.
 *
 * A data set never changes once made; row views share its storage. Features are numbers or
 * categories. The target is a number (regression) or a class: classes are numbered 0, 1, ... in
 * ascending order of value (numbers) or of code point (texts).
 */
#ifndef MLSD_DATASET_H
#define MLSD_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_dataset mlsd_dataset;

typedef int32_t mlsd_task;
enum {
    MLSD_TASK_AUTO = 0, /* texts and two values: classification; whole numbers with at most 20
                           values: multiclass; otherwise regression; no target: none */
    MLSD_TASK_REGRESSION = 1,
    MLSD_TASK_BINARY = 2,
    MLSD_TASK_MULTICLASS = 3,
    MLSD_TASK_NONE = 4 /* no target: for transforms and prediction */
};

/* Give columns roles: columns[i] gets roles[i] out of "feature", "target", "weight", "group",
 * "time", "time_end", "id", "slice", "ignore" ("slice" columns are features too; several columns
 * can be "id" together). Times are numbers or dates of ISO 8601. Columns that are not named are
 * features; where there is none, as in a bare series, the time is one. Storage is shared with the
 * table, which may be freed. Errors: MLSD_E_COLUMN, with the nearest name; MLSD_E_ARG for an
 * unknown or repeated role; MLSD_E_TYPE for weights that are texts; MLSD_E_DATA when no column is a
 * feature, when the target is missing somewhere, is infinite, or does not suit the task (three
 * values for binary, texts for regression, a single class), or when a weight is missing or negative
 * or all are 0. With MLSD_TASK_NONE the target is not looked at. Since 0.1. */
MLSD_API mlsd_status mlsd_dataset_from_table(const mlsd_context *context, const mlsd_table *table,
                                             const char *const *columns, const char *const *roles,
                                             int64_t n, mlsd_task task, mlsd_dataset **out);

/* Copy X (n x p), y (n x 1 or NULL) and weight (n x 1 or NULL). Features are called "x0", "x1", ...
 * y may have several columns: then each is a number to be predicted, for models that take several
 * targets ("ridge", "linear_regression"); splits, scores and audits take one.
 * Errors: MLSD_E_SHAPE, MLSD_E_DATA as above. Since 0.1. */
MLSD_API mlsd_status mlsd_dataset_from_matrix(const mlsd_context *context, const mlsd_matrix *X,
                                              const mlsd_matrix *y, const mlsd_matrix *weight,
                                              mlsd_task task, mlsd_dataset **out);

/* The same without copying X: mlsd keeps the pointer and calls release(user) exactly once, when the
 * last data set that uses it ends. X must not change until then. On failure release is not called.
 * release may be NULL. Since 0.1. */
MLSD_API mlsd_status mlsd_dataset_adopt(const mlsd_context *context, const mlsd_matrix *X,
                                        const mlsd_matrix *y, const mlsd_matrix *weight,
                                        mlsd_task task, mlsd_release_fn release, void *user,
                                        mlsd_dataset **out);

/* A view of some rows, in the order given, repeats allowed; classes keep their numbers.
 * Errors: MLSD_E_ARG for a row that is not there. Since 0.1. */
MLSD_API mlsd_status mlsd_dataset_rows(const mlsd_dataset *dataset, const int64_t *rows, int64_t n,
                                       mlsd_dataset **out);

/* End a data set; NULL is fine. Views of it live on. Since 0.1. */
MLSD_API void mlsd_dataset_free(mlsd_dataset *dataset);

/* Sizes and task. n_classes is 0 without classes. Since 0.1. */
MLSD_API int64_t mlsd_dataset_n_rows(const mlsd_dataset *dataset);
MLSD_API int64_t mlsd_dataset_n_features(const mlsd_dataset *dataset);
MLSD_API mlsd_task mlsd_dataset_task(const mlsd_dataset *dataset);
MLSD_API int64_t mlsd_dataset_n_classes(const mlsd_dataset *dataset);

/* Names; NULL when i is out of range. A class that is a number has its shortest decimal text.
 * Since 0.1. */
MLSD_API const char *mlsd_dataset_feature_name(const mlsd_dataset *dataset, int64_t i);
MLSD_API const char *mlsd_dataset_class_name(const mlsd_dataset *dataset, int64_t i);

/* Copy the target, one value a row: numbers, or class numbers. Of several targets, all of a row one
 * after the other. Errors: MLSD_E_BUFFER;
 * MLSD_E_UNSUPPORTED without a target. Since 0.1. */
MLSD_API mlsd_status mlsd_dataset_target(const mlsd_dataset *dataset, double *out,
                                         int64_t capacity);

/* How often the rows of a data set were looked at: the largest count among its rows. What counts is
 * a call that scores a model on them as a test set (mlsd_evaluate), once for all of its metrics.
 * Cross-validation, searches and leaderboards choose by their rows and do not count, nor do
 * predictions. Views share the counts of their rows with the data set they come from, so another
 * view of the same rows is no way around; a data set made anew from the same table or matrix
 * begins at 0. Counting is atomic: the handle stays const, any threads may look and ask at once,
 * and of looks at the same rows at the same time one at most is told that it is the first. 0 for
 * NULL. Since 0.1. */
MLSD_API int64_t mlsd_dataset_n_looks(const mlsd_dataset *dataset);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_DATASET_H */
