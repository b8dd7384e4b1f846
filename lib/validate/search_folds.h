/* search_folds.h - folds that a search makes of the folds it was given: fewer splits, or fewer rows
 * to train on. */
#ifndef MLSD_VALIDATE_SEARCH_FOLDS_H
#define MLSD_VALIDATE_SEARCH_FOLDS_H

#include "validate/search_impl.h"

/* Some splits, in the order given. */
mlsd_status mlsd__folds_of_splits(mlsd__scope *scope, const mlsd_folds *folds,
                                  const int64_t *splits, int64_t n, mlsd_folds **out);

/* For each split an order of its training rows, of which every beginning has about the shares of
 * classes of the whole: a shuffle by (seed, split). */
typedef struct mlsd__prefixes {
    const mlsd_folds *folds;
    int64_t n_splits;
    int64_t **rows;  /* training rows as the splitter gave them */
    int64_t **order; /* positions in rows */
} mlsd__prefixes;
mlsd_status mlsd__prefixes_new(mlsd__scope *scope, const mlsd_dataset *dataset,
                               const mlsd_folds *folds, int64_t seed, mlsd__prefixes *out);
void mlsd__prefixes_free(const mlsd__allocator *a, mlsd__prefixes *p);

/* The same splits with the first share of each order to train on (floor(share * rows), one at
 * least), in the splitter's order; tested on the same rows. */
mlsd_status mlsd__prefixes_folds(mlsd__scope *scope, const mlsd__prefixes *p, double share,
                                 mlsd_folds **out);

#endif
