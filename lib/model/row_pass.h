/* row_pass.h - passes over the rows of a frame in fixed groups of blocks.
 *
 * A pass makes one summary for each group, in parallel, and merges them in the order of the groups.
 * The groups depend on the data's size alone, so neither do the results depend on the threads. */
#ifndef MLSD_MODEL_ROW_PASS_H
#define MLSD_MODEL_ROW_PASS_H

#include <stdbool.h>
#include <stdint.h>

#include "data/frame.h"

/* How many groups to make of n_rows when each keeps a summary of so many doubles: at most 32, fewer
 * where the summaries would take more than 256 MB together. */
int64_t mlsd__row_groups(int64_t n_rows, int64_t summary_doubles);

/* The blocks [*first, *last) of a group. */
void mlsd__row_group(int64_t n_rows, int64_t n_groups, int64_t group, int64_t *first,
                     int64_t *last);

/* Reads the blocks of a frame one after the other: the rows themselves where they lie in memory as
 * they are needed, otherwise a buffer of its own. */
typedef struct mlsd__row_reader {
    const mlsd__frame *frame;
    const mlsd__allocator *allocator;
    double *buffer, *scratch;
} mlsd__row_reader;
mlsd_status mlsd__row_reader_open(mlsd__row_reader *reader, const mlsd__allocator *a,
                                  const mlsd__frame *frame);
void mlsd__row_reader_close(mlsd__row_reader *reader);
/* Rows of a block (MLSD__BLOCK_ROWS but for the last); valid until the next read. */
const double *mlsd__row_reader_block(mlsd__row_reader *reader, int64_t block, int64_t *out_first,
                                     int64_t *out_n, int64_t *out_ld);

/* Weight, mean and sum of squares about the mean of each column, without its NaN; each has room for
 * n_features. missing counts its NaN in rows of positive weight; m2 and missing may be NULL.
 * Welford's and Chan's updates. */
mlsd_status mlsd__column_moments(mlsd__scope *scope, const mlsd__frame *frame, const double *weight,
                                 double *out_weight, double *out_mean, double *out_m2,
                                 double *out_missing);

/* Is a column's variance no more than the rounding of its own sum? n: its weight. */
bool mlsd__is_constant(double n, double mean, double variance);

/* Is there a NaN or an infinity among n values? */
bool mlsd__any_nonfinite(const double *x, int64_t n);

#endif
