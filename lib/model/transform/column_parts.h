/* column_parts.h - transforms side by side, each over some of the columns: what column_transform
 * and on_columns are made of.
 *
 * A part has a transform (a pipeline of them, too), passes its columns on, or drops them. Outputs
 * stand in the order of the parts. */
#ifndef MLSD_MODEL_TRANSFORM_COLUMN_PARTS_H
#define MLSD_MODEL_TRANSFORM_COLUMN_PARTS_H

#include "model/estimator.h"

typedef struct mlsd__column_part {
    const mlsd__estimator_ops *ops; /* NULL: the columns are passed on */
    void *state;
    int64_t n, n_out;        /* columns in and out */
    int64_t *columns;        /* n: numbers of columns of all */
    mlsd__feature *features; /* n: owned copies */
} mlsd__column_part;

typedef struct mlsd__column_parts {
    int64_t p, p_out, n_parts, n_named;
    int64_t width;   /* most columns in and out of a part together */
    int64_t scratch; /* widest scratch of a part's transform */
    mlsd__column_part *parts;
    mlsd__feature *out; /* p_out: owned copies */
} mlsd__column_parts;

/* A state with room for n_parts over p columns; add parts, then finish. Failed or not, free it. */
mlsd_status mlsd__column_parts_new(const mlsd__allocator *a, int64_t p, int64_t n_parts,
                                   mlsd__column_parts **out);
void mlsd__column_parts_free(const mlsd__allocator *a, void *state);

/* The next part: n columns (taken over, also on failure) and their features out of all. */
mlsd_status mlsd__column_parts_add(const mlsd__allocator *a, mlsd__column_parts *state,
                                   const mlsd__feature *features, int64_t *columns, int64_t n,
                                   mlsd__column_part **out);
/* Fit its transform on those columns of the training frame. */
mlsd_status mlsd__column_part_fit(mlsd__scope *scope, const mlsd_spec *transform,
                                  const mlsd__train *train, mlsd__column_part *part);
/* Read its transform back. */
mlsd_status mlsd__column_part_load(mlsd__reader *r, const mlsd_spec *transform,
                                   mlsd__column_part *part);
/* Widths and names, once all parts are there. */
mlsd_status mlsd__column_parts_finish(const mlsd__allocator *a, mlsd__column_parts *state);

/* For the table of functions; saving writes each part's columns and transform. */
mlsd_status mlsd__column_parts_check_block(const void *state, const double *x, int64_t n,
                                           int64_t ld, int64_t first_row, bool has_nan,
                                           double *scratch);
void mlsd__column_parts_block(const void *state, const double *x, int64_t n, int64_t ld,
                              mlsd_output what, double *out, double *scratch);
void mlsd__column_parts_train(const void *state, const int64_t *rows, int64_t first,
                              const double *in, int64_t n, double *out, double *scratch);
int64_t mlsd__column_parts_scratch(const void *state);
bool mlsd__column_parts_make_nan(const void *state);
void mlsd__column_parts_end_training(const mlsd__allocator *a, void *state);
const mlsd__feature *mlsd__column_parts_features(const void *state, int64_t *out_n);
mlsd_status mlsd__column_parts_tell(const void *state, const char *name,
                                    const struct mlsd__selection_sink *sink);
mlsd_status mlsd__column_parts_save(const void *state, mlsd__writer *w);

#endif
