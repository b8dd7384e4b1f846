/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/spec.h - a spec: a kind, its parameters by name, and its children. What goes in.
 *
 * A spec is cheap and mutable and is used by one thread at a time. A name may be dotted: in a
 * pipeline with a child named "impute", "impute.strategy" is that child's parameter. A set that
 * fails leaves the old value. As JSON: {"kind": "ridge", "alpha": 10.0}; children stand under the
 * name of their slot, one as an object and many as an array of objects with an extra "name".
 */
#ifndef MLSD_SPEC_H
#define MLSD_SPEC_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/kind.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_spec mlsd_spec;

/* Make a spec of a kind with its defaults. Errors: MLSD_E_KIND. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_new(const mlsd_context *context, const char *kind, mlsd_spec **out);

/* A deep copy. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_clone(const mlsd_spec *spec, mlsd_spec **out);

/* End a spec and its children; NULL is fine. Since 0.1. */
MLSD_API void mlsd_spec_free(mlsd_spec *spec);

/* The kind's table. Since 0.1. */
MLSD_API const mlsd_kind *mlsd_spec_kind(const mlsd_spec *spec);

/* Set a parameter. An integer is taken where a number is asked for; nothing else converts. A string
 * serves MLSD_PARAM_STR and MLSD_PARAM_CHOICE; lists are copied. Errors: MLSD_E_PARAM_UNKNOWN,
 * MLSD_E_PARAM_TYPE, MLSD_E_PARAM_RANGE, MLSD_E_CHILD (no child of that name). Since 0.1. */
MLSD_API mlsd_status mlsd_spec_set_f64(mlsd_spec *spec, const char *name, double value);
MLSD_API mlsd_status mlsd_spec_set_i64(mlsd_spec *spec, const char *name, int64_t value);
MLSD_API mlsd_status mlsd_spec_set_bool(mlsd_spec *spec, const char *name, int32_t value);
MLSD_API mlsd_status mlsd_spec_set_str(mlsd_spec *spec, const char *name, const char *value);
MLSD_API mlsd_status mlsd_spec_set_f64_list(mlsd_spec *spec, const char *name, const double *values,
                                            int64_t n);
MLSD_API mlsd_status mlsd_spec_set_str_list(mlsd_spec *spec, const char *name,
                                            const char *const *values, int64_t n);

/* Set from text by the parameter's type, the same in every locale: "0.1", "true", "mean",
 * "0.7,0.15,0.15", "null" where the parameter may be null. Errors as above. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_set_text(mlsd_spec *spec, const char *name, const char *text);

/* Put a parameter back to its default. Errors: MLSD_E_PARAM_UNKNOWN. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_reset(mlsd_spec *spec, const char *name);

/* Get a parameter. A parameter that is null gives NaN as a number, and otherwise
 * MLSD_E_PARAM_TYPE: ask mlsd_spec_is_null first. A string belongs to the spec until it is next
 * set. Errors: MLSD_E_PARAM_UNKNOWN, MLSD_E_PARAM_TYPE; MLSD_E_BUFFER for a list longer than
 * capacity
 * (*out_n tells its length, and values may be NULL with capacity 0). Since 0.1. */
MLSD_API mlsd_status mlsd_spec_get_f64(const mlsd_spec *spec, const char *name, double *out);
MLSD_API mlsd_status mlsd_spec_get_i64(const mlsd_spec *spec, const char *name, int64_t *out);
MLSD_API mlsd_status mlsd_spec_get_bool(const mlsd_spec *spec, const char *name, int32_t *out);
MLSD_API mlsd_status mlsd_spec_get_str(const mlsd_spec *spec, const char *name, const char **out);
MLSD_API mlsd_status mlsd_spec_get_f64_list(const mlsd_spec *spec, const char *name, double *values,
                                            int64_t capacity, int64_t *out_n);
MLSD_API mlsd_status mlsd_spec_get_str_at(const mlsd_spec *spec, const char *name, int64_t i,
                                          const char **out, int64_t *out_n);

/* 1 in *out where the parameter is null (only parameters whose default is null can be).
 * Errors: MLSD_E_PARAM_UNKNOWN. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_is_null(const mlsd_spec *spec, const char *name, int32_t *out);

/* Copy `child` into a slot of the spec ("steps" of a pipeline, "splitter" of an experiment). `name`
 * NULL takes the child's kind. A slot for one child replaces it. Errors: MLSD_E_CHILD (no such
 * slot, the slot takes another family, the name is taken or not a word). Since 0.1. */
MLSD_API mlsd_status mlsd_spec_add(mlsd_spec *spec, const char *slot, const char *name,
                                   const mlsd_spec *child);

/* The children in order, over all slots; NULL when i is out of range. Since 0.1. */
MLSD_API int64_t mlsd_spec_child_count(const mlsd_spec *spec);
MLSD_API const mlsd_spec *mlsd_spec_child_at(const mlsd_spec *spec, int64_t i);
MLSD_API const char *mlsd_spec_child_name(const mlsd_spec *spec, int64_t i);
MLSD_API const char *mlsd_spec_child_slot(const mlsd_spec *spec, int64_t i);

/* Write as JSON: with all == 0 only what differs from the defaults. The same spec gives the same
 * bytes. Errors: MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_to_json(const mlsd_spec *spec, int32_t all, char *buf,
                                       int64_t capacity, int64_t *out_length);

/* Read from JSON; unknown keys are errors. Errors: MLSD_E_PARSE with line and column, and those of
 * _new, _set and _add. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_from_json(const mlsd_context *context, const char *text,
                                         mlsd_spec **out);

/* Write to or read from a file of that JSON. A file is written beside its place, flushed and then
 * renamed, so that there is never half a file. Errors: MLSD_E_IO, and those of the above.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_spec_save(const mlsd_spec *spec, const char *path);
MLSD_API mlsd_status mlsd_spec_load(const mlsd_context *context, const char *path, mlsd_spec **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_SPEC_H */
