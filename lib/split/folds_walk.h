/* folds_walk.h - reading the rows of folds of any form in pieces, and all test parts of dealt folds
 * in one pass. */
#ifndef MLSD_SPLIT_FOLDS_WALK_H
#define MLSD_SPLIT_FOLDS_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "split/splitter.h"

/* The data set is one and has as many rows as were split. */
mlsd_status mlsd__folds_fit_dataset(const mlsd_folds *folds, const mlsd_dataset *dataset);

/* Rows in a piece. */
enum { MLSD__PIECE_ROWS = 4096 };

/* Reads the rows of one part, in their order, at most MLSD__PIECE_ROWS at a time. */
typedef struct mlsd__fold_cursor {
    const mlsd_folds *folds;
    int64_t split, part;
    int64_t position, left;
    int64_t *owned; /* COMBINATIONS: the whole part */
    int64_t rows[MLSD__PIECE_ROWS];
} mlsd__fold_cursor;

/* The split and the part are there. On failure there is nothing to close. */
mlsd_status mlsd__fold_cursor_open(mlsd__fold_cursor *c, const mlsd_folds *folds, int64_t split,
                                   int64_t part);
void mlsd__fold_cursor_close(mlsd__fold_cursor *c);
/* Fill `rows`; 0 at the end. */
int64_t mlsd__fold_cursor_read(mlsd__fold_cursor *c);

/* Folds are dealt where each row is in at most one test part of a repeat and all other rows are
 * trained on, ascending. */
bool mlsd__folds_are_dealt(const mlsd_folds *folds);
/* Repeats of dealt folds, and splits of one. */
int64_t mlsd__folds_n_dealt(const mlsd_folds *folds);

/* The rows of a repeat of dealt folds by test part, ascending in each: those of part k stand at
 * starts[k] .. starts[k + 1] - 1; the last bucket has those that are never tested. */
typedef struct mlsd__fold_buckets {
    int64_t n; /* test parts; there is one bucket more */
    int64_t *starts;
    int64_t *rows;
} mlsd__fold_buckets;
mlsd_status mlsd__fold_buckets_make(mlsd__scope *scope, const mlsd_folds *folds, int64_t repeat,
                                    mlsd__fold_buckets *out);
void mlsd__fold_buckets_free(const mlsd__allocator *a, mlsd__fold_buckets *b);

/* What a part is called: train, validation, test; between more than three part1, part2, ... */
enum { MLSD__PART_NAME_CAPACITY = 32 };
const char *mlsd__part_name(int64_t part, int64_t n_parts, char out[MLSD__PART_NAME_CAPACITY]);

/* Is the first part of a split all rows that are in no other part, ascending, and do the others not
 * overlap? `bits` has room for n_rows bits. */
mlsd_status mlsd__fold_trains_on_rest(mlsd__scope *scope, const mlsd_folds *folds, int64_t split,
                                      uint64_t *bits, bool *out);
/* Words of such bits. */
int64_t mlsd__fold_bit_words(int64_t n_rows);

#endif
