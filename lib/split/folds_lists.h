/* folds_lists.h - rows listed part by part, as callers and files have them, on their way to
 * folds. */
#ifndef MLSD_SPLIT_FOLDS_LISTS_H
#define MLSD_SPLIT_FOLDS_LISTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "split/splitter.h"

typedef struct mlsd__fold_lists {
    int64_t n_rows, n_splits, n_parts;
    const int64_t *starts, *sizes; /* of each part of each split in `rows` */
    const int64_t *rows;
    const int32_t *rest; /* of each split: the part that is all rows in no other, ascending, and
                            lists none; -1 without. NULL: none has one */
    bool allows_empty;
} mlsd__fold_lists;

/* Check the rows and make folds of them, in the form that needs least. */
mlsd_status mlsd__folds_from_lists(mlsd__scope *scope, const mlsd__fold_lists *lists,
                                   mlsd_folds **out);

/* Fold numbers, -1 for rows that are never tested; those that occur are numbered by value. `names`
 * are the texts by place (then ids are places), for messages; or NULL. */
mlsd_status mlsd__folds_from_numbers(mlsd__scope *scope, const double *ids, int64_t n,
                                     mlsd_folds **out);

/* Empty folds of n_rows rows. */
mlsd_status mlsd__folds_new(const mlsd__allocator *a, int64_t n_rows, mlsd_folds **out);

#endif
