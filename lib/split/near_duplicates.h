/* near_duplicates.h - which rows are the same or nearly the same, as a union-find over rows.
 *
 * Equal: -0 is 0, and missing equals missing. Near: texts, missing and infinite values are equal
 * and the other numbers, each feature with variance 1, are no farther apart than `tolerance` times
 * the median distance of a row to its nearest one (Euclidean, among different rows). */
#ifndef MLSD_SPLIT_NEAR_DUPLICATES_H
#define MLSD_SPLIT_NEAR_DUPLICATES_H

#include <stdint.h>

#include "base/scope.h"
#include "data/frame.h"

/* A forest over rows whose roots are the lowest row of their tree, so that what was joined in which
 * order leaves no trace. */
typedef struct mlsd__row_forest {
    int64_t *parent;
} mlsd__row_forest;

mlsd_status mlsd__row_forest_new(const mlsd__allocator *a, int64_t n_rows, mlsd__row_forest *out);
void mlsd__row_forest_free(mlsd__row_forest *f, const mlsd__allocator *a);
int64_t mlsd__row_forest_find(const mlsd__row_forest *f, int64_t row);
void mlsd__row_forest_join(const mlsd__row_forest *f, int64_t a, int64_t b);

/* Join equal rows into a forest of single rows. */
mlsd_status mlsd__join_equal_rows(mlsd__scope *scope, const mlsd__frame *f,
                                  const mlsd__row_forest *forest);

/* Join near rows into a forest in which equal ones are joined, and nothing else. */
mlsd_status mlsd__join_near_rows(mlsd__scope *scope, const mlsd__frame *f, double tolerance,
                                 const mlsd__row_forest *forest);

#endif
