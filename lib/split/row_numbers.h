/* row_numbers.h - lists of row numbers that a draw shuffles: 32 bits wide where every number fits,
 * which halves the memory that a shuffle jumps about in, otherwise 64. */
#ifndef MLSD_SPLIT_ROW_NUMBERS_H
#define MLSD_SPLIT_ROW_NUMBERS_H

#include <stdint.h>

#include "split/splitter.h"

/* One of the two is not NULL. */
typedef struct mlsd__row_numbers {
    int32_t *narrow;
    int64_t *wide;
} mlsd__row_numbers;

/* Room for `count` numbers below n_rows; what is in it is not set. End it with _free, also after a
 * failure and when zeroed. */
mlsd_status mlsd__row_numbers_new(const mlsd__allocator *a, int64_t n_rows, int64_t count,
                                  mlsd__row_numbers *out);
void mlsd__row_numbers_free(mlsd__row_numbers *r, const mlsd__allocator *a);

static inline int64_t mlsd__row_number(const mlsd__row_numbers *r, int64_t at)
{
    return r->narrow != NULL ? r->narrow[at] : r->wide[at];
}

static inline void mlsd__row_number_set(const mlsd__row_numbers *r, int64_t at, int64_t row)
{
    if (r->narrow != NULL)
        r->narrow[at] = (int32_t)row;
    else
        r->wide[at] = row;
}

/* 0, 1, ... n - 1. */
void mlsd__row_numbers_count_up(const mlsd__row_numbers *r, int64_t n);
/* Lists of one width. */
void mlsd__row_numbers_copy(const mlsd__row_numbers *to, int64_t to_first,
                            const mlsd__row_numbers *from, int64_t from_first, int64_t n);
/* RandomState.shuffle of n of them. */
mlsd_status mlsd__row_numbers_shuffle(mlsd__scope *scope, mlsd__mt19937 *mt,
                                      const mlsd__row_numbers *r, int64_t first, int64_t n);

/* The rows of folds of the form ROWS. */
mlsd__row_numbers mlsd__folds_row_numbers(const mlsd_folds *folds);
/* Make empty folds ROWS folds, as narrow as they can be, whose splits all have parts of the same
 * sizes. */
mlsd_status mlsd__folds_make_row_numbers(mlsd_folds *folds, int64_t n_splits, int64_t n_parts,
                                         const int64_t *sizes);
/* The same where sizes differ: parts are then added one by one, split by split, and each call makes
 * room for one more, which starts at *out_first. */
mlsd_status mlsd__folds_begin_row_numbers(mlsd_folds *folds, int64_t n_splits, int64_t n_parts);
mlsd_status mlsd__folds_add_row_numbers(mlsd_folds *folds, int64_t part, int64_t size,
                                        int64_t *capacity, int64_t *out_first);
/* Give back the room that was made ahead. */
mlsd_status mlsd__folds_end_row_numbers(mlsd_folds *folds);

#endif
