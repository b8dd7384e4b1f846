/* sliced.h - rows as a search for slices sees them: two halves, and for each level of each column
 * the set of its rows in both.
 *
 * Slices are looked for in the first half (search) and their effect is measured in the second
 * (confirm), which took no part in choosing them. A row's half is drawn by its number and the seed.
 * Rows of a half are numbered anew, in order. Rows that weigh 0 are in neither. */
#ifndef MLSD_SLICE_SLICED_H
#define MLSD_SLICE_SLICED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "slice/slice_impl.h"
#include "slice/slicing.h"

enum { MLSD__SEARCH = 0, MLSD__CONFIRM = 1, MLSD__N_HALVES = 2 };

typedef struct mlsd__half {
    int64_t n_rows, n_words;
    double *error;     /* of each row; NaN where it has none, as a rate that leaves rows out */
    double *weight;    /* NULL: all weigh 1 */
    uint64_t *counted; /* rows with an error; NULL: all */
    bool zero_one;     /* errors are 0 or 1, in all halves */
    uint64_t *wrong;   /* rows with error 1, where errors are 0 or 1 and nothing weighs; or NULL */
} mlsd__half;

/* The rows of one level of one column. */
typedef struct mlsd__item {
    int32_t column; /* among those sliced by */
    int32_t level;  /* of that column's grouping */
    int64_t n_rows[MLSD__N_HALVES];
    uint64_t *bits[MLSD__N_HALVES];
} mlsd__item;

typedef struct mlsd__sliced {
    const mlsd_table *groups;
    int64_t n_columns;
    int64_t *columns;          /* positions in the table */
    mlsd__grouping *groupings; /* labels and levels; their rows are gone */
    mlsd__half half[MLSD__N_HALVES];
    int64_t *n_seen;   /* by column: levels with rows in the search half */
    mlsd__item *items; /* by column, then by level; none where codes were asked for */
    int64_t n_items;
    int32_t *codes[MLSD__N_HALVES]; /* column by column, n_rows each: the row's level; or NULL */
} mlsd__sliced;

typedef struct mlsd__sliced_options {
    const mlsd__str_list *by;
    mlsd__grouping_options bins;
    double confirm; /* share of the rows in the second half; 0: none */
    uint64_t seed;
    int64_t min_rows; /* levels with fewer in the first half are left out; -1: by the paper's rule,
                         mlsd__min_support */
    bool codes;       /* make codes, and no items */
} mlsd__sliced_options;

/* Cut the rows into halves and columns into items. `error` has a number for each of the caller's
 * rows, NaN for none; `weight` may be NULL. The caller ends it by mlsd__sliced_free, also after a
 * failure. */
mlsd_status mlsd__sliced_make(mlsd__scope *scope, const mlsd__slicing_input *in,
                              const mlsd__sliced_options *options, const double *error,
                              const double *weight, mlsd__sliced *out);
void mlsd__sliced_free(mlsd__sliced *s, const mlsd__allocator *a);

/* max(32, n / 100), the paper's choice. */
int64_t mlsd__min_support(int64_t n_rows);

const char *mlsd__sliced_column(const mlsd__sliced *s, const mlsd__item *item);

/* The level's name as people read it after the column's: "= red", "in (3, 7]", "<= 2", "is
 * missing".
 */
void mlsd__sliced_words(const mlsd__sliced *s, const mlsd__item *item, mlsd__text *t);

/* The same for programs: {"column": "age", "above": 3, "at_most": 7}, "equals" or "missing". */
void mlsd__sliced_json(const mlsd__sliced *s, const mlsd__item *item, mlsd__text *t);

#endif
