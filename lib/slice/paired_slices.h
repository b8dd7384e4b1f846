/* paired_slices.h - the losses of two models on the same rows, group by group: what each comes to,
 * how far apart they are on these very rows, and how easily chance would do that. */
#ifndef MLSD_SLICE_PAIRED_SLICES_H
#define MLSD_SLICE_PAIRED_SLICES_H

#include "slice/sliced.h"
#include "metric/metric_impl.h"
#include "validate/compare_impl.h"

/* Rows that weigh more than 0, in order. */
typedef struct mlsd__paired_rows {
    int64_t n;
    double *loss[2]; /* of the first and the second model, owned */
    double *weight;  /* owned; NULL: all weigh 1 */
    bool zero_one;   /* losses are 0 for right and 1 for wrong */
} mlsd__paired_rows;
void mlsd__paired_rows_free(mlsd__paired_rows *r, const mlsd__allocator *a);

/* What is asked of each group. */
typedef struct mlsd__paired_options {
    int64_t max_level;  /* columns crossed at most */
    int64_t max_groups; /* more are refused */
    int64_t min_support;
    int64_t test; /* MLSD__MCNEMAR_MID_P or _EXACT, of losses that are 0 or 1 without weights */
    double level; /* of the intervals */
} mlsd__paired_options;

/* A group of rows. */
typedef struct mlsd__paired_slice {
    mlsd__text slice, predicates; /* owned */
    int64_t n_predicates, n;
    mlsd__estimate loss[2]; /* numerator: sum of losses, by weight; denominator: sum of weights */
    mlsd__paired is;        /* the second less the first: above 0 the second is worse */
    int64_t worse, better;  /* rows where the second has the higher, the lower loss */
    double q_value;
    const char *status; /* "ok", "low support", "undefined" */
} mlsd__paired_slice;
typedef struct mlsd__paired_slices {
    mlsd__paired_slice *rows;
    int64_t n, capacity;
    int64_t n_redundant; /* crossed groups of the rows of one of their own columns' groups */
} mlsd__paired_slices;

extern const char mlsd__paired_ok[], mlsd__paired_low_support[], mlsd__paired_undefined[];

/* All rows as one group, without a name: the texts stay empty. */
mlsd_status mlsd__paired_overall(mlsd__scope *scope, const mlsd__paired_rows *r,
                                 const mlsd__paired_options *options, mlsd__paired_slice *out);

/* The groups of each column of `s` (which must have codes, and all rows in its first half) and of
 * crossed columns, in the order of the columns. Same bytes for every number of threads. The caller
 * ends them by mlsd__paired_slices_free, also after a failure. Errors: MLSD_E_DATA (too many). */
mlsd_status mlsd__paired_slices_make(mlsd__scope *scope, const mlsd__sliced *s,
                                     const mlsd__paired_rows *r,
                                     const mlsd__paired_options *options, mlsd__paired_slices *out);
void mlsd__paired_slices_free(mlsd__paired_slices *p, const mlsd__allocator *a);

#endif
