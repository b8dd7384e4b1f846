/* splitter.h - what a splitter must bring, and what folds are made of. */
#ifndef MLSD_SPLIT_SPLITTER_H
#define MLSD_SPLIT_SPLITTER_H

#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "base/scope.h"

/* Folds store what is smallest: fold ids (one int32 a row and repeat; part 1 of split k is the rows with
 * id k, part 0 the others), ranges, or explicit rows. */
typedef int32_t mlsd__folds_form;
enum { MLSD__FOLDS_IDS = 1, MLSD__FOLDS_RANGES = 2, MLSD__FOLDS_ROWS = 3 };

struct mlsd_folds {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__folds_form form;
    int64_t n_rows, n_splits, n_parts;
    int32_t *ids;        /* IDS: n_rows */
    int64_t *sizes;      /* IDS: rows of each fold, n_splits */
    int64_t *ranges;     /* RANGES: (first, end) for each split and part: n_splits x n_parts x 2 */
    int64_t *offsets;    /* ROWS: n_splits * n_parts + 1 */
    int64_t *rows;       /* ROWS */
};

/* What a splitter is given. classes: class numbers by ascending label, or NULL without y. */
typedef struct mlsd__split_input {
    int64_t n_rows;
    const int32_t *classes;
    int64_t n_classes;
} mlsd__split_input;

typedef struct mlsd__splitter_ops {
    bool needs_classes;
    mlsd_status (*split)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out); /* zeroed but for magic, allocator and n_rows */
} mlsd__splitter_ops;

/* Inside a scope. */
mlsd_status mlsd__folds_split(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, mlsd_folds **out);
mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out);

#endif
