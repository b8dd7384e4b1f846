/* binary_block.h - rows of two classes with one column of scores, read a block at a time by the
 * metrics that go over them in parallel: the caller's own numbers where they are neighbours. */
#ifndef MLSD_METRIC_BINARY_BLOCK_H
#define MLSD_METRIC_BINARY_BLOCK_H

#include <stdbool.h>

#include "mlsd/matrix.h"
#include "base/fail.h"
#include "base/scope.h"

typedef struct mlsd__binary_block {
    int64_t first, n;
    const double *score, *w; /* w NULL: ones */
    double y_room[MLSD__BLOCK_ROWS], score_room[MLSD__BLOCK_ROWS], w_room[MLSD__BLOCK_ROWS];
} mlsd__binary_block;

/* n numbers of a vector of any dtype and stride, in `room` where they are not doubles side by side.
 */
const double *mlsd__doubles_at(const mlsd_matrix *m, int64_t first, int64_t n, double *room);

/* Scores and weights (NULL: ones) of rows first .. first + n - 1. */
void mlsd__binary_read(const mlsd_matrix *score, const mlsd_matrix *weight, int64_t first,
                       int64_t n, mlsd__binary_block *b);

/* Which row of a block was it that did not fit, and why? MLSD_E_DATA. */
mlsd_status mlsd__binary_name_bad(const mlsd_matrix *y, bool needs_proba, mlsd__binary_block *b);

#endif
