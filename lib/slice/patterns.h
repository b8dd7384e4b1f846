/* patterns.h - all frequent patterns of a table: sets of items, one a column at most, that enough
 * rows of the search half have, with the rate of an outcome among them. */
#ifndef MLSD_SLICE_PATTERNS_H
#define MLSD_SLICE_PATTERNS_H

#include "slice/against.h"
#include "slice/search_lattice.h"
#include "slice/sliced.h"

typedef struct mlsd__pattern {
    int32_t n_items;
    int64_t n_rows; /* in the search half */
    int64_t n;      /* of them, those where the outcome is defined */
    double value;   /* its rate there; NaN where it never is */
    double p_value; /* against the rest, in the confirm half; NaN where not tested */
} mlsd__pattern;

typedef struct mlsd__patterns_options {
    int64_t max_level, min_support, confirm_support;
    int64_t max_patterns; /* more are an error */
} mlsd__patterns_options;

typedef struct mlsd__patterns {
    int64_t n, stride;
    mlsd__pattern *all;
    int32_t *items; /* n x stride, ascending; the rest is -1 */
    int64_t *slots; /* of the hash table */
    int64_t n_slots;
    int64_t n_looked_at;
    double whole; /* rate of all rows of the search half */
} mlsd__patterns;

/* The caller ends it by mlsd__patterns_free, also after a failure. MLSD_E_DATA where there are more
 * than options->max_patterns. */
mlsd_status mlsd__patterns_make(mlsd__scope *scope, const mlsd__sliced *s,
                                const mlsd__half_errors halves[MLSD__N_HALVES],
                                const mlsd__patterns_options *options, mlsd__patterns *out);
void mlsd__patterns_free(mlsd__patterns *p, const mlsd__allocator *a);

/* Position of a pattern, by its ascending items; -1 where it is not frequent. */
int64_t mlsd__patterns_find(const mlsd__patterns *p, const int32_t *items, int32_t n_items);

static inline const int32_t *mlsd__pattern_items(const mlsd__patterns *p, int64_t i)
{
    return p->items + i * p->stride;
}

/* Its rate less that of all rows; 0 for no items at all, NaN where it is not frequent or not
 * defined. */
double mlsd__divergence(const mlsd__patterns *p, const int32_t *items, int32_t n_items);

/* What each item of a pattern contributes to its divergence: Shapley values of the game whose
 * players are the items and whose gain is the divergence (Pastor, de Alfaro & Baralis 2021,
 * "Looking for trouble: analyzing classifier behavior via pattern divergence", SIGMOD, eq. 5). They
 * sum to it. */
void mlsd__shapley_of_pattern(const mlsd__patterns *p, int64_t i, double *out);

/* What each of the table's items contributes over all frequent patterns (the same, eq. 8, over
 * those of at most max_level items). `out` has a place for each item. */
void mlsd__shapley_of_items(const mlsd__patterns *p, const mlsd__sliced *s, double *out);

#endif
