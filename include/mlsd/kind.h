/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/kind.h - what mlsd knows: every kind of estimator, splitter, metric, ... and the parameters
 * of each, listed from the same tables that check and document them.
 *
 * Everything here is static: never freed, the same for every thread. Only the kind of an estimator
 * of your own (mlsd/custom.h) ends, with the last spec, model or context that has it; it is in none
 * of the lists.
 */
#ifndef MLSD_KIND_H
#define MLSD_KIND_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/export.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_kind mlsd_kind;
typedef struct mlsd_param mlsd_param;

typedef int32_t mlsd_param_type;
enum {
    MLSD_PARAM_F64 = 1,
    MLSD_PARAM_I64 = 2,
    MLSD_PARAM_BOOL = 3,
    MLSD_PARAM_STR = 4,
    MLSD_PARAM_CHOICE = 5,   /* a string out of a closed list */
    MLSD_PARAM_F64_LIST = 6, /* numbers */
    MLSD_PARAM_STR_LIST = 7
};

/* How many kinds a family has ("estimator", "transform", "splitter", "metric", ...); NULL for all.
 * Since 0.1. */
MLSD_API int64_t mlsd_kind_count(const char *family);

/* The i-th kind of a family, or of all with NULL; NULL when i is out of range. Since 0.1. */
MLSD_API const mlsd_kind *mlsd_kind_at(const char *family, int64_t i);

/* The kind of that name; NULL with a message that suggests the nearest name. Since 0.1. */
MLSD_API const mlsd_kind *mlsd_kind_find(const char *name);

/* Its name, its family and one line about it. Since 0.1. */
MLSD_API const char *mlsd_kind_name(const mlsd_kind *kind);
MLSD_API const char *mlsd_kind_family(const mlsd_kind *kind);
MLSD_API const char *mlsd_kind_doc(const mlsd_kind *kind);

/* Its parameters, in the order of the table; NULL when i is out of range. Since 0.1. */
MLSD_API int64_t mlsd_kind_param_count(const mlsd_kind *kind);
MLSD_API const mlsd_param *mlsd_kind_param_at(const mlsd_kind *kind, int64_t i);

/* A parameter's name, type and one line about it. Since 0.1. */
MLSD_API const char *mlsd_param_name(const mlsd_param *param);
MLSD_API mlsd_param_type mlsd_param_get_type(const mlsd_param *param);
MLSD_API const char *mlsd_param_doc(const mlsd_param *param);

/* The default as JSON text, such as 1.0, "mean", true, null or [0.7,0.15,0.15]. Since 0.1. */
MLSD_API const char *mlsd_param_default(const mlsd_param *param);

/* The bounds, inclusive unless *out_open has bit 1 (lower) or bit 2 (upper); infinite where there
 * is none and for types without. Since 0.1. */
MLSD_API void mlsd_param_bounds(const mlsd_param *param, double *out_lower, double *out_upper,
                                int32_t *out_open);

/* "log" where a search should step by factors, otherwise "linear". Since 0.1. */
MLSD_API const char *mlsd_param_scale(const mlsd_param *param);

/* The choices of a MLSD_PARAM_CHOICE; NULL when i is out of range. Since 0.1. */
MLSD_API int64_t mlsd_param_choice_count(const mlsd_param *param);
MLSD_API const char *mlsd_param_choice_at(const mlsd_param *param, int64_t i);

/* Everything above as JSON: one kind as an object, or every kind as an array where kind is NULL.
 * Errors: MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_kind_json(const mlsd_kind *kind, char *buf, int64_t capacity,
                                    int64_t *out_length);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_KIND_H */
