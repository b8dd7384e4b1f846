/* splitter.h - what a splitter must bring, and what folds are made of. */
#ifndef MLSD_SPLIT_SPLITTER_H
#define MLSD_SPLIT_SPLITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "base/mt19937.h"
#include "base/scope.h"

/* Folds store what is smallest: fold ids (one int32 a row and repeat; part 1 of split k is the rows
 * with id k, part 0 the others), ranges, or explicit rows. */
typedef int32_t mlsd__folds_form;
enum { MLSD__FOLDS_IDS = 1, MLSD__FOLDS_RANGES = 2, MLSD__FOLDS_ROWS = 3 };

struct mlsd_folds {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__folds_form form;
    int64_t n_rows, n_splits, n_parts;
    int32_t *ids;     /* IDS: n_rows */
    int64_t *sizes;   /* IDS: rows of each fold, n_splits */
    int64_t *ranges;  /* RANGES: (first, end) for each split and part: n_splits x n_parts x 2 */
    int64_t *offsets; /* ROWS: n_splits * n_parts + 1 */
    int64_t *rows;    /* ROWS */
};

/* What a splitter is given. classes: class numbers by ascending label, or NULL without y. */
typedef struct mlsd__split_input {
    int64_t n_rows;
    const int32_t *classes;
    int64_t n_classes;
    const double *class_values; /* the label of each class number, for messages */
    char *const *class_names;   /* texts by label where labels are numbers of texts; or NULL */
} mlsd__split_input;

typedef struct mlsd__splitter_ops {
    bool (*needs_classes)(const mlsd_spec *spec); /* NULL: never */
    mlsd_status (*split)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out); /* zeroed but for magic, allocator and n_rows */
} mlsd__splitter_ops;

/* Inside a scope. y (n_rows numbers, or NULL) is read only by a splitter that needs classes. */
mlsd_status mlsd__folds_split(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, mlsd_folds **out);
mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out);

/* RandomState.shuffle, word for word, that can be cancelled on the way. */
mlsd_status mlsd__split_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *values, int64_t n);
mlsd_status mlsd__split_shuffle_i32(mlsd__scope *scope, mlsd__mt19937 *mt, int32_t *values,
                                    int64_t n);
/* RandomState.permutation(n): 0 .. n-1, shuffled. */
mlsd_status mlsd__split_permutation(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *out, int64_t n);

/* How many rows each class has, *out is the caller's by mlsd__free. */
mlsd_status mlsd__split_class_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out);
/* A class as messages name it: its text or number. */
enum { MLSD__CLASS_TEXT_CAPACITY = 80 };
const char *mlsd__split_class_text(const mlsd__split_input *in, int64_t c,
                                   char out[MLSD__CLASS_TEXT_CAPACITY]);

#endif
