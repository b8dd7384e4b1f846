/* strata.h - rows sorted into strata, which are the classes of y or bins of its quantiles, and the
 * draws of scikit-learn's stratified splits. */
#ifndef MLSD_SPLIT_STRATA_H
#define MLSD_SPLIT_STRATA_H

#include <stdbool.h>
#include <stdint.h>

#include "split/row_numbers.h"

/* The parameter of kinds whose strata may be bins, and what they need of the rows. */
#define MLSD__P_STRATA_BINS(S)                                                          \
    MLSD__P_I64_NULL(                                                                   \
        S, strata_bins, 2, 1000000, "null",                                             \
        "y is a number, and its strata are this many bins of equally many rows; null: " \
        "y has classes")
int32_t mlsd__strata_needs(int64_t strata_bins);

/* The stratum of each row. */
typedef struct mlsd__strata_codes {
    const int32_t *codes;
    int64_t n;
    bool are_bins;
    int32_t *made; /* what is behind codes where they are bins */
} mlsd__strata_codes;

/* Classes as they are, or as many bins of y as asked for, each with at least `fewest` rows: rows of
 * one value are in one bin, and a bin that ties make smaller is joined to its neighbour, which is
 * logged. Errors: MLSD_E_DATA where rows or values are too few. End it with _free, also after a
 * failure. */
mlsd_status mlsd__strata_codes_new(mlsd__scope *scope, const mlsd__split_input *in,
                                   int64_t strata_bins, int64_t fewest, mlsd__strata_codes *out);
void mlsd__strata_codes_free(mlsd__strata_codes *s, const mlsd__allocator *a);

/* Rows by stratum. */
typedef struct mlsd__strata {
    int64_t n, n_rows;
    int64_t *counts;        /* rows of each */
    int64_t *starts;        /* n + 1: where each starts in rows */
    mlsd__row_numbers rows; /* ascending in each */
} mlsd__strata;

/* End it with _free, also after a failure. */
mlsd_status mlsd__strata_new(mlsd__scope *scope, const int32_t *codes, int64_t n_rows, int64_t n,
                             mlsd__strata *out);
void mlsd__strata_free(mlsd__strata *s, const mlsd__allocator *a);

/* Every stratum has a row for every part, and every part one for every stratum. */
mlsd_status mlsd__strata_check(const mlsd__split_input *in, const mlsd__strata_codes *codes,
                               const mlsd__strata *strata, const int64_t *sizes, int64_t n_parts);

/* scikit-learn's _approximate_mode: n_draws shared out in proportion to counts, with draws where
 * remainders are equal. */
mlsd_status mlsd__strata_share(mlsd__scope *scope, mlsd__mt19937 *mt, const int64_t *counts,
                               int64_t n, int64_t n_draws, int64_t *shares);

/* One after another, the splits of StratifiedShuffleSplit, into folds made with these sizes. The
 * strata's rows are mixed up in the end. */
mlsd_status mlsd__strata_draw_splits(mlsd__scope *scope, mlsd__mt19937 *mt, mlsd__strata *strata,
                                     const int64_t *sizes, mlsd_folds *folds);

#endif
