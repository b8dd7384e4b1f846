/* folds_bins.h - folds as shares of parts in bins of rows: what a picture of them needs. */
#ifndef MLSD_SPLIT_FOLDS_BINS_H
#define MLSD_SPLIT_FOLDS_BINS_H

#include <stdint.h>

#include "base/scope.h"
#include "split/splitter.h"

/* Bin b has the rows from b * n_rows / n_bins on. */
typedef struct mlsd__fold_bins {
    int64_t n_rows, n_bins, n_strips, n_parts;
    float *shares; /* n_strips x n_bins x n_parts, of the bin's rows; what a row is in more often
                      than once counts each time, and then shares are of that */
} mlsd__fold_bins;

/* The first n_strips splits in at most `most_bins` bins. Rows of the folds are rows[i] of n_rows;
 * NULL: they are those. */
mlsd_status mlsd__fold_bins_make(mlsd__scope *scope, const mlsd_folds *folds, int64_t n_strips,
                                 const int64_t *rows, int64_t n_rows, int64_t most_bins,
                                 mlsd__fold_bins *out);
void mlsd__fold_bins_free(const mlsd__allocator *a, mlsd__fold_bins *b);

/* The bin of a row, and the first row of a bin (n_rows for the bin past the last). */
int64_t mlsd__bin_of_row(int64_t row, int64_t n_rows, int64_t n_bins);
int64_t mlsd__bin_start(int64_t bin, int64_t n_rows, int64_t n_bins);

/* A share as a letter, '0' to 'g' for sixteenths (0 and 1 only where it is that), and back; -1 for
 * another letter. */
char mlsd__share_letter(double share);
double mlsd__share_of_letter(char letter);

#endif
