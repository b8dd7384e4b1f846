/* frame.h - rows of features as estimators read them: block by block, as doubles, whatever they are
 * stored in. Nothing is copied until a block is read, so folds and pipelines cost no memory.
 *
 * A frame is a source (strided matrix or table columns), optionally a list of rows, and optionally
 * a chain of fitted block transforms through which each block that is read is sent. */
#ifndef MLSD_DATA_FRAME_H
#define MLSD_DATA_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/matrix.h"
#include "base/scope.h"
#include "data/table_impl.h"

typedef int32_t mlsd__feature_type;
enum { MLSD__NUMERIC = 1, MLSD__CATEGORY = 2 };

/* A feature of a frame. A category's value is its code 0 .. n_levels-1 as a double, NaN when
 * missing, and -1 for a level that the model was not fitted with. Borrowed texts. */
typedef struct mlsd__feature {
    const char *name;
    mlsd__feature_type type;
    int64_t n_levels;
    char *const *levels;
} mlsd__feature;

/* Transform n rows: in is n x p_in (row stride p_in), out is n x p_out (row stride p_out). They do
 * not overlap. Must be safe to call from many threads at once. */
typedef void (*mlsd__block_fn)(const void *state, const double *in, int64_t n, double *out);

/* The same for a transform that must know which rows these are, or that needs room to work: row i
 * is row rows[first + i] of the source, first + i where rows is NULL; scratch has n * its width
 * doubles.
 */
typedef void (*mlsd__rows_fn)(const void *state, const int64_t *rows, int64_t first,
                              const double *in, int64_t n, double *out, double *scratch);

/* One column source of a frame over table columns. */
typedef struct mlsd__frame_column {
    const mlsd__column *column;
    const double
        *recode; /* code -> value, for categories whose codes differ from the model's; or NULL */
} mlsd__frame_column;

/* The source and the rows stand in every frame, also behind a chain; `parent` says only which
 * blocks come before `block`. So a selection of rows reaches the source by changing `rows`. */
typedef struct mlsd__frame {
    int64_t n_rows, n_features;    /* after the chain */
    const mlsd__feature *features; /* n_features, borrowed from dataset or transform state */
    const int64_t *rows;           /* NULL: all rows in order; else n_rows rows of the source */

    mlsd_matrix matrix;                /* source 1: where columns == NULL */
    const mlsd__frame_column *columns; /* source 2 */
    int64_t n_source;                  /* columns of the source; needed with a chain only */

    const struct mlsd__frame
        *parent; /* chain: the frame whose blocks go through `block` or `rows_fn`, or NULL */
    mlsd__block_fn block;
    mlsd__rows_fn rows_fn; /* in place of block */
    const void *block_state;
    int64_t max_width;   /* widest stage of the chain: scratch is 2 * n * max_width, */
    int64_t extra_width; /* and n * extra_width for the stages that work in it */
} mlsd__frame;

/* Doubles of scratch that reading n rows at a time needs (0 for sources 1 and 2). */
int64_t mlsd__frame_scratch(const mlsd__frame *f, int64_t n);

/* Read rows [first, first + n) into out (n x n_features, row stride n_features). */
void mlsd__frame_read(const mlsd__frame *f, int64_t first, int64_t n, double *out, double *scratch);

/* Pointer to the rows themselves where they already lie in memory as row-major contiguous doubles
 * with stride *ld, otherwise NULL. */
const double *mlsd__frame_direct(const mlsd__frame *f, int64_t first, int64_t *ld);

/* Rows of a selection that follow each other in a matrix become that piece of the matrix, which may
 * be direct where the selection was not. */
void mlsd__frame_straighten(mlsd__frame *f);

/* The same frame restricted to rows[i] of it; `storage` (n int64) receives composed row numbers and
 * must outlive the result. */
void mlsd__frame_select(const mlsd__frame *f, const int64_t *rows, int64_t n, int64_t *storage,
                        mlsd__frame *out);

/* A frame of f's blocks sent through a fitted transform. f must outlive it. */
void mlsd__frame_chain(const mlsd__frame *f, mlsd__block_fn block, const void *state,
                       const mlsd__feature *features, int64_t n_features, mlsd__frame *out);

/* The same for a transform that is told the rows' numbers, and has room of `scratch_width` doubles
 * for each of them. */
void mlsd__frame_chain_rows(const mlsd__frame *f, mlsd__rows_fn rows_fn, const void *state,
                            int64_t scratch_width, const mlsd__feature *features,
                            int64_t n_features, mlsd__frame *out);

/* What the chain makes of n rows of the source that are given, packed, instead of read; rows are
 * their numbers in the source. out and scratch are as in mlsd__frame_read. */
void mlsd__frame_push(const mlsd__frame *f, const int64_t *rows, const double *in, int64_t n,
                      double *out, double *scratch);

/* All rows as one owned row-major matrix, read in parallel blocks; mlsd__free it. */
mlsd_status mlsd__frame_materialize(mlsd__scope *scope, const mlsd__frame *f, double **out);

/* First NaN or infinity (nan_ok: infinity only): *out_row = -1 when there is none. */
mlsd_status mlsd__frame_find_bad(mlsd__scope *scope, const mlsd__frame *f, bool nan_ok,
                                 int64_t *out_row, int64_t *out_feature);

#endif
