/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/custom.h - estimators and transforms of your own, by callbacks. They run wherever built-in
 * ones do: in pipelines, cross-validation, leaderboards, experiments, slices and model files.
 *
 * Describe the estimator once (name, abilities, callbacks, parameters), then make specs of it with
 * mlsd_spec_new_custom, or give it to a context, which from then on knows its name: in
 * mlsd_spec_new, in JSON and in model files. Nothing is registered for the process.
 *
 * Callbacks run on the thread that entered mlsd and hold no lock, also where mlsd works with many
 * threads, unless MLSD_CUSTOM_ANY_THREAD allows more. They may call mlsd. They return 0; anything
 * else is a failure. A status of mlsd's (MLSD_E_DATA, ...) or MLSD_E_USER and below is handed on,
 * and another number becomes MLSD_E_CANCELLED. In cross-validation MLSD_E_DATA, MLSD_E_SHAPE and
 * MLSD_E_NUMERIC mean that this fold failed, as for built-in estimators, and others end the call.
 * mlsd_error_set (mlsd/status.h) says why; name and fold are put in front. The same arguments must
 * always give the same result.
 *
 * X holds doubles (MLSD_F64) with col_stride 1: row i begins at (const double *)X->data + i *
 * X->row_stride. It lives until the callback returns.
 */
#ifndef MLSD_CUSTOM_H
#define MLSD_CUSTOM_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/kind.h"
#include "mlsd/matrix.h"
#include "mlsd/model.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_custom mlsd_custom;

/* What it can do, added up. A transform neither regresses nor classifies. */
enum {
    MLSD_CUSTOM_REGRESSES = 1,
    MLSD_CUSTOM_CLASSIFIES = 2,
    MLSD_CUSTOM_TRANSFORMS = 4,
    MLSD_CUSTOM_PROBA = 8,       /* gives MLSD_OUTPUT_PROBA */
    MLSD_CUSTOM_DECISION = 16,   /* gives MLSD_OUTPUT_DECISION */
    MLSD_CUSTOM_CLASSES = 32,    /* gives class numbers itself; otherwise they are made from the
                                    scores or probabilities, where it gives one of them */
    MLSD_CUSTOM_TAKES_NAN = 64,  /* missing values need no imputing */
    MLSD_CUSTOM_ANY_THREAD = 128 /* callbacks may run on any thread, several at once */
};

/* Learn from X and y (NULL for a transform of data without target); weight is NULL for ones. y is
 * the number, or the class number 0 .. n_classes-1 (a fold may lack a class); n_classes is 0 for
 * regression. Parameters are read from spec. *out_state is what was learned. */
typedef int (*mlsd_custom_fit_fn)(const mlsd_spec *spec, const mlsd_matrix *X, const double *y,
                                  const double *weight, int64_t n_classes, void **out_state,
                                  void *user);

/* Fill out, row-major, with X->rows rows: MLSD_OUTPUT_VALUE (1 column: the number, or the class
 * number), PROBA (n_classes columns), DECISION (1 column for two classes, otherwise n_classes) or,
 * of a transform, FEATURES. It must be finite. */
typedef int (*mlsd_custom_predict_fn)(const void *state, const mlsd_matrix *X, mlsd_output what,
                                      double *out, void *user);

/* End what fit or load made. */
typedef void (*mlsd_custom_free_fn)(void *state, void *user);

/* How many columns a transform makes. */
typedef int64_t (*mlsd_custom_width_fn)(const void *state, void *user);

/* The i-th fitted number or array (rows x cols, row-major), which belongs to the state: returns its
 * name, NULL past the end. */
typedef const char *(*mlsd_custom_attribute_fn)(const void *state, int64_t i,
                                                const double **out_data, int64_t *out_rows,
                                                int64_t *out_cols, void *user);

/* Write the state as bytes: *out_size is always set; buf is NULL to ask for it. */
typedef int (*mlsd_custom_save_fn)(const void *state, void *buf, size_t capacity, size_t *out_size,
                                   void *user);

/* Read it again. The bytes are those of save, or anything if a file was forged. */
typedef int (*mlsd_custom_load_fn)(const mlsd_spec *spec, const void *bytes, size_t size,
                                   void **out_state, void *user);

/* Change training rows, as an augmentation does: fill out, row-major, with what becomes of the rows
 * of X, which are rows rows[0 ..] of the training set in that epoch (or copy), counted from 0. What
 * a row becomes must follow from the row, seed, epoch and rows[i] alone, because batches are of any
 * size and order. *inout_cols is X->cols: say there if your rows have another number of columns,
 * which is an error. out must be finite where X is. */
typedef int (*mlsd_custom_augment_fn)(const mlsd_spec *spec, uint64_t seed, int64_t epoch,
                                      const int64_t *rows, const mlsd_matrix *X, double *out,
                                      int64_t *inout_cols, void *user);

/* Describe an estimator. `name` is what JSON and messages call it: letters, digits, '_', '-' and
 * ':', at most 63 bytes, not the name of a built-in kind. `abilities` are MLSD_CUSTOM_*; fit and
 * predict must be given. state_free and release may be NULL. `user` is handed to every callback,
 * and release(user) is called exactly once, when this handle and all specs, models and contexts
 * that refer to it are gone; on failure it is not called. Errors: MLSD_E_ARG, MLSD_E_KIND (the name
 * is taken). Since 0.1. */
MLSD_API mlsd_status mlsd_custom_new(const mlsd_context *context, const char *name,
                                     int32_t abilities, mlsd_custom_fit_fn fit,
                                     mlsd_custom_predict_fn predict, mlsd_custom_free_fn state_free,
                                     void *user, mlsd_release_fn release, mlsd_custom **out);

/* Describe an augmentation of family "augmentation", for the slot "augment" of kind "augmented".
 * abilities are 0 or MLSD_CUSTOM_ANY_THREAD. All else as in mlsd_custom_new. Since 0.1. */
MLSD_API mlsd_status mlsd_custom_new_augmentation(const mlsd_context *context, const char *name,
                                                  int32_t abilities, mlsd_custom_augment_fn augment,
                                                  void *user, mlsd_release_fn release,
                                                  mlsd_custom **out);

/* End the handle; NULL is fine. What was made of it goes on. Since 0.1. */
MLSD_API void mlsd_custom_free(mlsd_custom *custom);

/* Add a parameter of type MLSD_PARAM_F64, _I64, _BOOL or _STR. `fallback` is the default as text
 * ("0.5", "true", "mean"); "null" makes a number or text that may be null. Bounds of numbers are
 * inclusive, infinite for none. The parameter is then set, read, written and searched as any other.
 * All of these must come before the first spec is made. Errors: MLSD_E_ARG (it is in use; a bad or
 * taken name), MLSD_E_PARAM_TYPE, MLSD_E_PARAM_RANGE (the default). Since 0.1. */
MLSD_API mlsd_status mlsd_custom_add_param(mlsd_custom *custom, const char *name,
                                           mlsd_param_type type, const char *fallback, double lower,
                                           double upper, const char *doc);

/* A transform whose columns are not as many as it is given. They are called after it, with numbers;
 * otherwise they keep their names. Errors: MLSD_E_ARG (it is in use). Since 0.1. */
MLSD_API mlsd_status mlsd_custom_set_width(mlsd_custom *custom, mlsd_custom_width_fn width);

/* Fitted numbers and arrays by name, for mlsd_model_get_f64 and mlsd_model_get_array. Errors as
 * above. Since 0.1. */
MLSD_API mlsd_status mlsd_custom_set_attribute(mlsd_custom *custom,
                                               mlsd_custom_attribute_fn attribute);

/* Saving and loading; without them saving its models is MLSD_E_UNSUPPORTED. Errors as above.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_custom_set_save(mlsd_custom *custom, mlsd_custom_save_fn save,
                                          mlsd_custom_load_fn load);

/* A spec of it, with its defaults, to be freed by mlsd_spec_free. From now on the description
 * cannot change. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_spec_new_custom(const mlsd_custom *custom, mlsd_spec **out);

/* Let the context know it by name, in place of another of that name: mlsd_spec_new,
 * mlsd_spec_from_json, mlsd_spec_load, mlsd_model_load and mlsd_model_from_bytes then find it. The
 * context refers to it until it is replaced or the context ends. Errors: MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_context_add_custom(mlsd_context *context, const mlsd_custom *custom);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_CUSTOM_H */
