/* pipeline_impl.h - what a fitted pipeline is made of. */
#ifndef MLSD_MODEL_PIPELINE_PIPELINE_IMPL_H
#define MLSD_MODEL_PIPELINE_PIPELINE_IMPL_H

#include "model/estimator.h"

typedef struct mlsd__step {
    char *name; /* "scale", nested ones "prep.scale" */
    const mlsd__estimator_ops *ops;
    void *state;
    int64_t p_in;
    mlsd__feature *features_in; /* owned: names for messages */
} mlsd__step;

/* A fitted number or array that can be asked for: step i's k-th. */
typedef struct mlsd__step_attribute {
    char *name;
    int64_t step, index;
} mlsd__step_attribute;

typedef struct mlsd__pipeline_state {
    mlsd__allocator allocator;
    int64_t n_steps;
    mlsd__step *steps;
    int64_t max_width;    /* of any step's input or output but an estimator's output */
    int64_t step_scratch; /* widest scratch of any step */
    int64_t n_classes;    /* 0 where it tells none */
    bool by_rows;         /* one of the steps is predicted by rows, and so is the whole */
    int64_t n_attributes, attribute_capacity;
    mlsd__step_attribute *attributes;
} mlsd__pipeline_state;

/* MLSD_E_DATA for the first NaN among rows that a step is given and cannot take. */
mlsd_status mlsd__step_find_nan(const mlsd__step *s, const double *rows, int64_t n, int64_t ld,
                                int64_t first_row);

/* A step that is no estimator at the end, as a stage of a frame (mlsd__rows_fn): for any rows, and
 * for those of the fit. `step` is an mlsd__step. */
void mlsd__step_rows(const void *step, const int64_t *rows, int64_t first, const double *in,
                     int64_t n, double *out, double *scratch);
void mlsd__step_train(const void *step, const int64_t *rows, int64_t first, const double *in,
                      int64_t n, double *out, double *scratch);

/* Of mlsd__estimator_ops, for a pipeline: pipeline_walk.c. */
mlsd_status mlsd__pipeline_predict_long(mlsd__scope *scope, const void *state, const double *x,
                                        int64_t n, int64_t ld, mlsd_output what, double *out,
                                        double *scratch);
void mlsd__pipeline_transform_train(const void *state, const int64_t *rows, int64_t first,
                                    const double *in, int64_t n, double *out, double *scratch);
int64_t mlsd__pipeline_scratch_width(const void *state);
int64_t mlsd__pipeline_block_rows(const void *state);
mlsd_status mlsd__pipeline_neighbors(mlsd__scope *scope, const void *state, const double *x,
                                     int64_t n, int64_t ld, int64_t k, double *distance,
                                     double *number);
mlsd_status mlsd__pipeline_tell_selections(const void *state, const char *name,
                                           const struct mlsd__selection_sink *sink);
mlsd_status mlsd__pipeline_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                       int64_t first_row, bool has_nan, double *scratch);

/* pipeline_rows.c: what n rows become before the last step, one after the other (also on failure
 * the caller's, by mlsd__free). */
mlsd_status mlsd__pipeline_head(mlsd__scope *scope, const mlsd__pipeline_state *state,
                                const double *x, int64_t n, int64_t ld, int64_t first_row,
                                double **out, int64_t *out_ld);
/* mlsd__estimator_ops.predict_rows of a pipeline. */
mlsd_status mlsd__pipeline_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                        int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                        double *out);

#endif
