/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/result.h - what an analysis hands out: numbers and texts by name, tables by name, models by
 * name, and a verdict.
 *
 * A result never changes once made. Its JSON has one place for all that differs from run to run
 * (seconds, microseconds, memory, dates), the top-level key "timings"; the rest is the same bytes
 * for the same data, spec and seed. In the names here such an entry is "timings.<name>": the table
 * "leaderboard" has its seconds, row by row, in the table "timings.leaderboard".
 */
#ifndef MLSD_RESULT_H
#define MLSD_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/model.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_result mlsd_result;

/* End a result; NULL is fine. Since 0.1. */
MLSD_API void mlsd_result_free(mlsd_result *result);

/* A number or a text by name. Errors: MLSD_E_PARAM_UNKNOWN, with the nearest name. Since 0.1. */
MLSD_API mlsd_status mlsd_result_get_f64(const mlsd_result *result, const char *name, double *out);
MLSD_API mlsd_status mlsd_result_get_str(const mlsd_result *result, const char *name,
                                         const char **out);

/* A table or a model by name; NULL with a message when there is none. Borrowed. Since 0.1. */
MLSD_API const mlsd_table *mlsd_result_get_table(const mlsd_result *result, const char *name);
MLSD_API const mlsd_model *mlsd_result_get_model(const mlsd_result *result, const char *name);

/* The names of everything in it, in order; NULL when i is out of range. Since 0.1. */
MLSD_API int64_t mlsd_result_count(const mlsd_result *result);
MLSD_API const char *mlsd_result_name(const mlsd_result *result, int64_t i);

/* One sentence or more, for a person; "" without one. Since 0.1. */
MLSD_API const char *mlsd_result_verdict(const mlsd_result *result);

/* Write as JSON: an object with the keys kind, verdict, numbers, texts, tables (each an array of
 * objects, one a row), models (names) and, last, timings, whose keys have no "timings." in front.
 * NaN and infinities are null, "inf", "-inf". Errors: MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_result_to_json(const mlsd_result *result, char *buf, int64_t capacity,
                                         int64_t *out_length);

/* Write that JSON to a file; never half a file. Errors: MLSD_E_IO. Since 0.1. */
MLSD_API mlsd_status mlsd_result_save(const mlsd_result *result, const char *path);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_RESULT_H */
