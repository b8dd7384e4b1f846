/* fold_moments.h - centred weighted moments of [X y] of every part of a data set (the test rows of
 * each fold, the blocks between two times, ...) from one pass, and of any union of parts.
 *
 * A union is a sum of few summaries, never the difference of two: the moments of all folds but one
 * have the digits that a pass over those rows would give, whatever the folds' sizes. */
#ifndef MLSD_NUMERIC_FOLD_MOMENTS_H
#define MLSD_NUMERIC_FOLD_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "numeric/gram.h"

/* The rows of part k are rows[first[k]] .. rows[first[k + 1] - 1], by their numbers. */
typedef struct mlsd__part_rows {
    int64_t n_parts;
    const int64_t *rows;
    const int64_t *first; /* n_parts + 1 */
} mlsd__part_rows;

/* Where rows come from. `read` writes n of them [X y], less `origin` (q numbers), to z (row stride
 * ld); it is called from many tasks at once, with the task's scope. */
typedef struct mlsd__moment_source {
    int64_t q;
    const double *weight; /* of a row by its number; NULL for ones */
    mlsd_status (*read)(const void *user, mlsd__scope *scope, const int64_t *rows, int64_t n,
                        const double *origin, double *z, int64_t ld);
    const void *user;
} mlsd__moment_source;

/* A binary tree over the parts: the leaves are theirs, a node is the sum of the two below it. */
typedef struct mlsd__fold_moments {
    int64_t q, n_parts, n_nodes;
    mlsd__gram *nodes;
} mlsd__fold_moments;

/* How many doubles the tree of so many parts takes, about. */
int64_t mlsd__fold_moments_doubles(int64_t q, int64_t n_parts);

/* One pass, in parallel over fixed stretches of rows: the same bits for any number of threads. End
 * it with _free, also after a failure. A NaN or an infinity shows in the mean of its column. */
mlsd_status mlsd__fold_moments_new(mlsd__scope *scope, const mlsd__moment_source *source,
                                   const mlsd__part_rows *parts, mlsd__fold_moments *out);
void mlsd__fold_moments_free(mlsd__fold_moments *m, const mlsd__allocator *a);

/* The moments of one part; borrowed. */
const mlsd__gram *mlsd__fold_moments_part(const mlsd__fold_moments *m, int64_t part);
/* The same of the one part whose take[k] is not 0; NULL where there is not exactly one. */
const mlsd__gram *mlsd__fold_moments_only(const mlsd__fold_moments *m, const uint8_t *take);
/* The moments of the parts k whose take[k] is not 0, into a fresh `out` (mlsd__gram_init with q).
 * Merges at most 2 log2(n_parts) nodes for each stretch of parts that are taken. */
void mlsd__fold_moments_sum(const mlsd__fold_moments *m, const uint8_t *take, mlsd__gram *out);

#endif
