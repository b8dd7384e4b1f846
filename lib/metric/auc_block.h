/* auc_block.h - the inner loops of auc_count.c, several numbers at a time; the same results for
 * every instruction set. */
#ifndef MLSD_METRIC_AUC_BLOCK_H
#define MLSD_METRIC_AUC_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { MLSD__AUC_WINDOW = 4 }; /* numbers of a bin that are compared at once */

/* Which of n_cells equal parts, from `low` on, a number lies in; those beyond are in the first or
 * the last. False where one is not finite (its cell is one of them all the same). */
bool mlsd__auc_cells(const double *x, int64_t n, double low, double scale, int32_t n_cells,
                     int32_t *out);

/* How many of the ascending n_parts - 1 numbers in `begin` are at most x; n_parts is a power of 2.
 * False as above. */
bool mlsd__auc_search(const double *x, int64_t n, const double *begin, int32_t n_parts,
                      int32_t *out);

/* Numbers by ascending bin: bin k stands in sorted[start[k]] .. sorted[start[k + 1] - 1], and
 * behind all of them MLSD__AUC_WINDOW infinities. A bin of more numbers than MLSD__AUC_WINDOW is in
 * order. */
typedef struct mlsd__auc_bins {
    const int32_t *start;
    const double *sorted;
} mlsd__auc_bins;
/* Twice the numbers below x, of bin `bin`, with an equal one counted once. */
int64_t mlsd__auc_beaten_twice(const mlsd__auc_bins *b, double x, int32_t bin);
/* The sum of that over n numbers. */
int64_t mlsd__auc_wins_twice(const mlsd__auc_bins *b, const double *x, const int32_t *bin,
                             int64_t n);

#endif
