/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/model.h - fit a spec to a data set, and use what comes out.
 *
 * A model never changes once made: any number of threads may predict with one. Kinds are listed by
 * mlsd_kind_at("estimator", i) and mlsd_kind_at("transform", i).
 */
#ifndef MLSD_MODEL_H
#define MLSD_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/curve.h"
#include "mlsd/dataset.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_model mlsd_model;

typedef int32_t mlsd_output;
enum {
    MLSD_OUTPUT_VALUE = 1,         /* n x 1: the number, or the class number; n x (targets) of a
                                      model of several targets */
    MLSD_OUTPUT_PROBA = 2,         /* n x n_classes: probabilities */
    MLSD_OUTPUT_DECISION = 3,      /* n x 1 for two classes, n x n_classes for more: scores */
    MLSD_OUTPUT_FEATURES = 4,      /* n x (features out): what a transform makes */
    MLSD_OUTPUT_TRAIN_FEATURES = 5 /* the same of the rows that it was fitted on, and of no others:
                                      what the next step of a pipeline is fitted on. Transforms that
                                      learn from the target make each row as if its target were not
                                      known (target_encode). Not of a model that was loaded. */
};

/* Fit. `valid` (may be NULL) is watched by estimators that train by epochs, never trained on; it
 * must have the training set's columns. `curve` (may be NULL) receives their "train" and "valid"
 * losses, and its rule decides about stopping instead of the spec's own; logistic_regression tells
 * it the losses after each iteration (step 0: where it starts), and metric "objective" of the mean
 * row, and stops by its own tolerance. "Did not converge" is a
 * result: mlsd_model_get_f64(model, "converged"). Errors: MLSD_E_KIND (not an estimator),
 * MLSD_E_DATA, MLSD_E_SHAPE, MLSD_E_PARAM_CONFLICT, MLSD_E_NUMERIC, MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_model_fit(const mlsd_context *context, const mlsd_spec *spec,
                                    const mlsd_dataset *train, const mlsd_dataset *valid,
                                    mlsd_curve *curve, mlsd_model **out);

/* Train a model further: *out begins where `model` is, with its numbers and what its solver
 * remembers of the way, and goes through the rows of `train` for up to "max_iter" more epochs;
 * `model` stays as it is. Columns are found by name, classes too, and need not all be there. `spec`
 * (NULL: the model's) is of the model's kind and may say other things about training, not about the
 * network. `valid` and `curve` as above. Errors: MLSD_E_UNSUPPORTED for kinds that cannot
 * (mlp_*, sgd_* and passive_aggressive_* can), MLSD_E_KIND, MLSD_E_PARAM_CONFLICT for another
 * network, MLSD_E_DATA for a class or MLSD_E_SHAPE for columns that the model does not know, and
 * those of mlsd_model_fit. Since 0.1. */
MLSD_API mlsd_status mlsd_model_fit_more(const mlsd_context *context, const mlsd_model *model,
                                         const mlsd_spec *spec, const mlsd_dataset *train,
                                         const mlsd_dataset *valid, mlsd_curve *curve,
                                         mlsd_model **out);

/* Hands out the next rows to fit to: *out is a data set, which stays yours and must live until the
 * next call or the end of the fit, or NULL (as it is before the call) when there are no more.
 * Returns 0; anything else ends the fit, as what mlsd/custom.h says of callbacks. Called on the
 * thread that entered mlsd. */
typedef int32_t (*mlsd_chunk_fn)(void *user, const mlsd_dataset **out);

/* Fit to the rows of all chunks, of which one at a time need be in memory: what mlsd_model_fit
 * makes of all rows, to about ten digits (fewer where a column's mean is more than 1e5 of its
 * standard deviations from 0, and what linear_regression does beyond doubles is not done). For
 * kinds that know their rows by sums of squares and products: ridge, linear_regression, lasso,
 * elastic_net, linear_discriminant_analysis, quadratic_discriminant_analysis, gaussian_nb,
 * standardize, and pipelines of them. Chunks have the columns of the first one; columns are found
 * by name where they have names; a chunk may lack classes, and bring new ones. Memory: about the
 * square of the number of columns, for each class. Errors: MLSD_E_UNSUPPORTED for other kinds,
 * before the first chunk; those of mlsd_model_fit, MLSD_E_COLUMN, MLSD_E_TYPE and MLSD_E_SHAPE for
 * a chunk that does not fit the first, with its number (from 0); what `next` returned. Since 0.1.
 */
MLSD_API mlsd_status mlsd_model_fit_chunks(const mlsd_context *context, const mlsd_spec *spec,
                                           mlsd_chunk_fn next, void *user, mlsd_model **out);

/* End a model; NULL is fine. Since 0.1. */
MLSD_API void mlsd_model_free(mlsd_model *model);

/* Predict into out[0 .. capacity), row-major, mlsd_model_n_outputs columns. Columns are found by
 * name where the model was fitted with names, otherwise by position; categories that were not seen
 * are treated as the spec says. Errors: MLSD_E_COLUMN, MLSD_E_SHAPE, MLSD_E_TYPE, MLSD_E_DATA (NaN
 * where the model cannot take it, by row and column), MLSD_E_BUFFER, MLSD_E_UNSUPPORTED,
 * MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_model_predict(const mlsd_context *context, const mlsd_model *model,
                                        const mlsd_dataset *data, mlsd_output what, double *out,
                                        int64_t capacity);

/* The same for numbers in a matrix, by position; the short way for single rows. Since 0.1. */
MLSD_API mlsd_status mlsd_model_predict_matrix(const mlsd_context *context, const mlsd_model *model,
                                               const mlsd_matrix *X, mlsd_output what, double *out,
                                               int64_t capacity);

/* The n_neighbors training rows nearest to each row of data, of models that are fitted to neighbors
 * ("k_neighbors_classifier", a pipeline that ends in one, ...): row-major, n_neighbors for each
 * row, nearest first, rows at equal distance by their number. index gets their numbers in the
 * training set, distance (may be NULL) how far they are; each has room for `capacity` numbers.
 * Weights do not count here, but rows of weight 0 are no neighbors. Columns are found as for
 * mlsd_model_predict. Errors: those of mlsd_model_predict; MLSD_E_ARG for n_neighbors below 1 or
 * above the number of training rows; MLSD_E_UNSUPPORTED for other models. Since 0.1. */
MLSD_API mlsd_status mlsd_model_neighbors(const mlsd_context *context, const mlsd_model *model,
                                          const mlsd_dataset *data, int64_t n_neighbors,
                                          int64_t *index, double *distance, int64_t capacity);

/* Columns of an output; 0 where the model does not have it. Since 0.1. */
MLSD_API int64_t mlsd_model_n_outputs(const mlsd_model *model, mlsd_output what);

/* What it was fitted with. Since 0.1. */
MLSD_API const mlsd_spec *mlsd_model_spec(const mlsd_model *model);
MLSD_API mlsd_task mlsd_model_task(const mlsd_model *model);
MLSD_API int64_t mlsd_model_n_features(const mlsd_model *model);
MLSD_API int64_t mlsd_model_n_classes(const mlsd_model *model);

/* Names; NULL when i is out of range. output_name is that of MLSD_OUTPUT_FEATURES. Since 0.1. */
MLSD_API const char *mlsd_model_feature_name(const mlsd_model *model, int64_t i);
MLSD_API const char *mlsd_model_class_name(const mlsd_model *model, int64_t i);
MLSD_API const char *mlsd_model_output_name(const mlsd_model *model, int64_t i);

/* A fitted number by name: "n_iter", "converged", "intercept", "alpha", ... A pipeline passes the
 * question on to its last step; "name.number" asks a step. Errors: MLSD_E_PARAM_UNKNOWN with the
 * names there are; MLSD_E_SHAPE for an array. Since 0.1. */
MLSD_API mlsd_status mlsd_model_get_f64(const mlsd_model *model, const char *name, double *out);

/* A fitted array by name: "coef" (outputs x features), "intercept", "mean", ..., row-major.
 * *out_rows and *out_cols are always set when the name is known; out may be NULL with capacity 0.
 * Errors: MLSD_E_PARAM_UNKNOWN, MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_model_get_array(const mlsd_model *model, const char *name, double *out,
                                          int64_t capacity, int64_t *out_rows, int64_t *out_cols);

/* Write a model file: versioned, checksummed, little-endian; never half a file. Errors: MLSD_E_IO.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_model_save(const mlsd_model *model, const char *path);

/* Read one. Errors: MLSD_E_IO, MLSD_E_PARSE (not a model file), MLSD_E_CORRUPT, MLSD_E_VERSION.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_model_load(const mlsd_context *context, const char *path,
                                     mlsd_model **out);

/* The same bytes in memory: *out_size is always set, buf may be NULL with capacity 0 to ask.
 * Errors: MLSD_E_BUFFER. Since 0.1. */
MLSD_API mlsd_status mlsd_model_to_bytes(const mlsd_model *model, void *buf, size_t capacity,
                                         size_t *out_size);
MLSD_API mlsd_status mlsd_model_from_bytes(const mlsd_context *context, const void *bytes,
                                           size_t size, mlsd_model **out);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_MODEL_H */
