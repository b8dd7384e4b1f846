/* augmented.h - the kind "augmented": its training set on the way to the estimator
 * (augmented_rows.c), and the fitted state, which hands everything on to the estimator's
 * (augmented_state.c). */
#ifndef MLSD_MODEL_AUGMENTED_H
#define MLSD_MODEL_AUGMENTED_H

#include "model/augment/augment.h"
#include "model/augment/augmentation.h"

/* A training set made of another. `train` borrows from the rest, so it must not be moved. */
typedef struct mlsd__row_set {
    int64_t *rows, *storage;
    double *x, *y, *weight;
    mlsd__frame frame;
    mlsd__train train;
} mlsd__row_set;
void mlsd__row_set_close(mlsd__row_set *set, const mlsd__allocator *a);

/* What a resampler made of a training set. */
mlsd_status mlsd__row_set_resampled(mlsd__scope *scope, const mlsd__train *train,
                                    const mlsd__resampled *made, mlsd__row_set *out);

/* All rows as they are, then n_copies changed copies of each. A row whose target mixes classes
 * becomes one for each of them, which has its share of the weight. */
mlsd_status mlsd__row_set_copies(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__augment *augment, int64_t n_copies,
                                 mlsd__row_set *out);

typedef struct mlsd__augmented {
    mlsd__allocator allocator;
    const mlsd__estimator_ops *child; /* the estimator's table of functions */
    void *state;                      /* its state */
    double n_rows_augmented;          /* rows that it was fitted to */
    int64_t p;
    mlsd__feature *features; /* p */
} mlsd__augmented;

mlsd_status mlsd__augmented_new(const mlsd__allocator *a, const mlsd_spec *child,
                                const mlsd__feature *features, int64_t p, mlsd__augmented **out);
void mlsd__augmented_free(const mlsd__allocator *a, void *state);

/* Members of the ops table. */
mlsd_status mlsd__augmented_check_block(const void *state, const double *x, int64_t n, int64_t ld,
                                        int64_t first_row, bool has_nan, double *scratch);
mlsd_status mlsd__augmented_predict(mlsd__scope *scope, const void *state, const double *x,
                                    int64_t n, int64_t ld, mlsd_output what, double *out,
                                    double *scratch);
int64_t mlsd__augmented_scratch(const void *state);
int64_t mlsd__augmented_n_targets(const void *state);
int64_t mlsd__augmented_block_rows(const void *state);
bool mlsd__augmented_by_rows(const void *state);
mlsd_status mlsd__augmented_predict_rows(mlsd__scope *scope, const void *state, const double *x,
                                         int64_t n, int64_t ld, int64_t first_row, mlsd_output what,
                                         double *out);
const mlsd__feature *mlsd__augmented_features_seen(const void *state, int64_t *out_n);
mlsd_status mlsd__augmented_tell_selections(const void *state, const char *name,
                                            const struct mlsd__selection_sink *sink);
const char *mlsd__augmented_attribute(const void *state, int64_t i, const double **data,
                                      int64_t *rows, int64_t *cols);
mlsd_status mlsd__augmented_save(const void *state, mlsd__writer *w);
mlsd_status mlsd__augmented_load(mlsd__reader *r, const mlsd_spec *spec,
                                 const mlsd__feature *features, int64_t n_features,
                                 int64_t n_classes, void **out_state);

#endif
