/* splitter.h - what a splitter must bring, and what folds are made of. */
#ifndef MLSD_SPLIT_SPLITTER_H
#define MLSD_SPLIT_SPLITTER_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/split.h"
#include "base/kindtable.h"
#include "base/mt19937.h"
#include "base/scope.h"
#include "data/dataset_roles.h"
#include "data/frame.h"

/* Folds store what is smallest. Units are rows, or groups of rows.
 * IDS: one int32 a row and repeat; split k tests the rows with id k % n_ids of repeat k / n_ids and
 * trains on all others. RANGES; explicit ROWS. MARKS: the part of each unit, one byte a split.
 * COMBINATIONS: split k tests the k-th combination of p units in lexicographic order and trains on
 * all others; nothing is stored. */
typedef int32_t mlsd__folds_form;
enum {
    MLSD__FOLDS_IDS = 1,
    MLSD__FOLDS_RANGES = 2,
    MLSD__FOLDS_ROWS = 3,
    MLSD__FOLDS_MARKS = 4,
    MLSD__FOLDS_COMBINATIONS = 5
};

struct mlsd_folds {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__folds_form form;
    int64_t n_rows, n_splits, n_parts;
    int64_t n_ids;       /* IDS: folds of one repeat */
    int32_t *ids;        /* IDS: n_rows for each repeat; -1 is never tested */
    int64_t *sizes;      /* IDS: rows tested by each split; MARKS: n_splits x n_parts */
    int64_t *ranges;     /* RANGES: (first, end) for each split and part: n_splits x n_parts x 2 */
    int64_t *offsets;    /* ROWS: n_splits * n_parts + 1 */
    int64_t *rows;       /* ROWS, where rows32 is NULL */
    int32_t *rows32;     /* ROWS of which every number fits */
    int64_t n_units;     /* MARKS, COMBINATIONS */
    int32_t *units;      /* the unit of each row; NULL: each row is one */
    int8_t *marks;       /* MARKS: part of each unit, -1 for none; n_splits x n_units */
    int64_t p;           /* COMBINATIONS: units that are tested at a time */
    int64_t *unit_sizes; /* COMBINATIONS of groups: rows of each */
};

/* A number a row: doubles, or int64 where they are whole; both NULL where there is none. */
typedef struct mlsd__split_numbers {
    const double *f64;
    const int64_t *i64;
} mlsd__split_numbers;

/* All that rows can bring to a split, borrowed; NULL where there is none. Texts stand by place in y
 * and groups, which are then these places. */
typedef struct mlsd__split_raw {
    int64_t n_rows;
    mlsd__split_numbers y;
    char *const *class_names;
    mlsd__split_numbers groups;
    char *const *group_names;
    const char *group_column;    /* its name, for messages; NULL: it has none */
    const int64_t *times, *ends; /* ticks; ends: where the interval that a label is about ends */
    mlsd__time_scale time_scale;
    const uint64_t *ids;   /* what a row is known by, as mlsd__id_of_* have it */
    const uint8_t *labels; /* n_rows x n_labels of 0 or 1 */
    int64_t n_labels;
    const mlsd__frame *features;
    mlsd__mt19937 *generator; /* the caller's, which goes on; NULL: seeds are in the specs */
} mlsd__split_raw;

/* What was made of the rows for one split. */
typedef struct mlsd__split_arrays {
    int32_t *classes, *groups;
    double *class_values, *group_values, *y;
} mlsd__split_arrays;

/* What a splitter is given, as far as it needs it: what the rows bring, and numbers by ascending
 * value for classes and groups, with the value of each number and, where values are places of
 * texts, those texts. Groups all have rows. */
typedef struct mlsd__split_input {
    const char *kind; /* of the splitter, for messages */
    const mlsd__split_raw *raw;
    mlsd__split_arrays *made; /* owns classes and groups until folds take them for their ids */
    int64_t n_rows;
    const double *y;
    const int32_t *classes;
    int64_t n_classes;
    const double *class_values;
    char *const *class_names; /* or NULL */
    const int32_t *groups;
    int64_t n_groups;
    const double *group_values;
    char *const *group_names; /* or NULL */
    const int64_t *times, *ends;
    mlsd__time_scale time_scale;
    const uint64_t *ids;
    const uint8_t *labels;
    int64_t n_labels;
    const mlsd__frame *features;
} mlsd__split_input;

/* What a splitter asks for. Y are numbers of any kind, CLASSES a target that has classes. What it
 * can use but does without is asked for by MLSD__MAY_USE. */
enum {
    MLSD__NEEDS_Y = 1,
    MLSD__NEEDS_CLASSES = 2,
    MLSD__NEEDS_GROUPS = 4,
    MLSD__NEEDS_TIMES = 8,
    MLSD__NEEDS_ENDS = 16,
    MLSD__NEEDS_IDS = 32,
    MLSD__NEEDS_LABELS = 64,
    MLSD__NEEDS_FEATURES = 128
};
#define MLSD__MAY_USE(needs) ((needs) << 16)

typedef struct mlsd__splitter_ops {
    int32_t (*needs)(const mlsd_spec *spec); /* NULL: nothing */
    mlsd_status (*split)(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__split_input *in,
                         mlsd_folds *out); /* zeroed but for magic, allocator and n_rows */
} mlsd__splitter_ops;

/* Needs of kinds whose parameters do not matter. */
int32_t mlsd__needs_classes(const mlsd_spec *spec);
int32_t mlsd__needs_groups(const mlsd_spec *spec);
int32_t mlsd__needs_classes_and_groups(const mlsd_spec *spec);

/* Inside a scope. y (n_rows numbers, or NULL) is read only by a splitter that needs it. */
mlsd_status mlsd__folds_split(mlsd__scope *scope, const mlsd_spec *splitter, int64_t n_rows,
                              const double *y, mlsd_folds **out);
mlsd_status mlsd__folds_split_dataset(mlsd__scope *scope, const mlsd_spec *splitter,
                                      const mlsd_dataset *dataset, mlsd_folds **out);

/* The same of whatever the rows bring; for splitters that are made of splitters. */
mlsd_status mlsd__folds_split_raw(mlsd__scope *scope, const mlsd_spec *splitter,
                                  const mlsd__split_raw *raw, mlsd_folds **out);

/* What a splitter asks for. */
int32_t mlsd__splitter_needs(const mlsd_spec *splitter);
/* Whether it trains on what was before and tests on what came after, or at least looks at times. */
bool mlsd__splitter_is_by_time(const mlsd_spec *splitter);

/* The generator that a split draws from: the caller's, which goes on, or `own`, seeded anew. */
mlsd__mt19937 *mlsd__split_generator(const mlsd__split_input *in, int64_t seed, mlsd__mt19937 *own);

/* RandomState.shuffle, word for word, that can be cancelled on the way. */
mlsd_status mlsd__split_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *values, int64_t n);
mlsd_status mlsd__split_shuffle_i32(mlsd__scope *scope, mlsd__mt19937 *mt, int32_t *values,
                                    int64_t n);
/* RandomState.permutation(n): 0 .. n-1, shuffled. */
mlsd_status mlsd__split_permutation(mlsd__scope *scope, mlsd__mt19937 *mt, int64_t *out, int64_t n);

/* How many rows each class has, *out is the caller's by mlsd__free. */
mlsd_status mlsd__split_class_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out);
/* The same of groups. */
mlsd_status mlsd__split_group_counts(const mlsd__allocator *a, const mlsd__split_input *in,
                                     int64_t **out);
/* A class or group as messages name it: its text or number. */
enum { MLSD__CLASS_TEXT_CAPACITY = 80 };
const char *mlsd__split_class_text(const mlsd__split_input *in, int64_t c,
                                   char out[MLSD__CLASS_TEXT_CAPACITY]);
const char *mlsd__split_group_text(const mlsd__split_input *in, int64_t g,
                                   char out[MLSD__CLASS_TEXT_CAPACITY]);

/* Check what the splitter needs and number it into `in` (kind is set); the arrays behind it are
 * kept in `made` and freed together, also after a failure. */
mlsd_status mlsd__split_read_input(mlsd__scope *scope, int32_t needs, const mlsd__split_raw *raw,
                                   mlsd__split_input *in, mlsd__split_arrays *made);
void mlsd__split_arrays_free(mlsd__split_arrays *made, const mlsd__allocator *a);

/* Make room in empty folds for one of the forms; what the splitter then fills in is not set. ids
 * come with sizes of 0, marks with -1 everywhere, and count_marks adds up the sizes once they are
 * set. Units NULL: the rows. Units are copied. */
mlsd_status mlsd__folds_make_ids(mlsd_folds *folds, int64_t n_ids, int64_t n_repeats);
/* The same of one repeat, in an array with an int32 a row that the folds take over: what is in it
 * can be read until the ids are written over it. */
mlsd_status mlsd__folds_take_ids(mlsd_folds *folds, int64_t n_ids, int32_t **numbers);
mlsd_status mlsd__folds_make_marks(mlsd_folds *folds, const int32_t *units, int64_t n_units,
                                   int64_t n_splits, int64_t n_parts);
void mlsd__folds_count_marks(mlsd_folds *folds);
/* Every split has parts of the same sizes. */
mlsd_status mlsd__folds_make_rows(mlsd_folds *folds, int64_t n_splits, int64_t n_parts,
                                  const int64_t *sizes);
/* Refuses more than INT32_MAX splits. */
mlsd_status mlsd__folds_make_combinations(mlsd_folds *folds, const int32_t *units, int64_t n_units,
                                          int64_t p, const char *noun);

#endif
