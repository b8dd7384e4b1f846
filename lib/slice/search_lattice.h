/* search_lattice.h - exact search for the k slices that score highest, level by level: slices of
 * one predicate, of two, and so on. */
#ifndef MLSD_SLICE_SEARCH_LATTICE_H
#define MLSD_SLICE_SEARCH_LATTICE_H

#include "slice/against.h"
#include "slice/search_bound.h"
#include "slice/sliced.h"

enum { MLSD__MOST_PREDICATES = 16 };

typedef struct mlsd__lattice_options {
    double alpha;
    int64_t k, max_level, min_support;
    int64_t confirm_support; /* rows on each side below which a slice is not tested */
} mlsd__lattice_options;

/* A slice that is among the best. */
typedef struct mlsd__best {
    int32_t items[MLSD__MOST_PREDICATES]; /* ascending */
    int32_t n_items;
    int64_t n_rows; /* in the search half */
    double size, error, score;
    int64_t test; /* its place among the p-values */
} mlsd__best;

/* What one level came to. */
typedef struct mlsd__level_counts {
    int64_t n_candidates; /* joins of two slices of the level before */
    int64_t n_no_parent;  /* not looked at, because a slice that holds them was left out */
    int64_t n_by_bound;   /* not looked at, because they could not be among the best */
    int64_t n_looked_at;
    int64_t n_supported; /* of those looked at */
} mlsd__level_counts;

typedef struct mlsd__lattice {
    mlsd__best *best; /* by score, then fewer predicates, then items in order */
    int64_t n_best;
    double *p_values; /* of all with enough support, in the confirm half; NaN where not tested */
    int64_t n_tests, capacity;
    mlsd__level_counts levels[MLSD__MOST_PREDICATES];
    int64_t n_levels;
} mlsd__lattice;

/* Errors must be defined for all rows of the search half, and their mean above 0. The caller ends
 * it by mlsd__lattice_free, also after a failure. */
mlsd_status mlsd__lattice_search(mlsd__scope *scope, const mlsd__sliced *s,
                                 const mlsd__lattice_options *options, mlsd__lattice *out);
void mlsd__lattice_free(mlsd__lattice *l, const mlsd__allocator *a);

#endif
