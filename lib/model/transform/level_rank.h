/* level_rank.h - the levels of a category that training rows have, in the order of their texts, and
 * which of them are rare. */
#ifndef MLSD_MODEL_TRANSFORM_LEVEL_RANK_H
#define MLSD_MODEL_TRANSFORM_LEVEL_RANK_H

#include "model/estimator.h"

/* Columns that a transform may make: a block of 1,024 rows of so many takes half a gigabyte. */
enum { MLSD__MOST_COLUMNS = 65536 };

/* The place of a value: 0 where it is missing, the code + 1 of a level, -1 for a level that the
 * feature does not have. */
static inline int64_t mlsd__level_slot(int64_t n_levels, double code)
{
    if (code != code) return 0;
    return code >= 0 && code < (double)n_levels ? (int64_t)code + 1 : -1;
}

/* Weights of the n_levels + 1 slots of each category, from weights + offset[j]; *out_weights is the
 * caller's, offset has room for all features. */
mlsd_status mlsd__level_weights(mlsd__scope *scope, const mlsd__train *train, int64_t *offset,
                                double **out_weights);

typedef struct mlsd__level {
    const char *text; /* NULL: missing, which comes last */
    double weight;
    int64_t slot;
    int64_t position; /* by text */
    bool is_rare;
} mlsd__level;

/* The levels of positive weight by text; *out is the caller's. Rare are those of less weight than
 * min_frequency (below 1: than that share of all; NaN: none), and, where there would be more than
 * `most` (MLSD__NULL_I64: any number) with the rare ones counted as one, the lightest: of equals
 * those first by text, as in scikit-learn. */
mlsd_status mlsd__levels_rank(const mlsd__allocator *a, const mlsd__feature *feature,
                              const double *weights, double min_frequency, int64_t most,
                              mlsd__level **out, int64_t *out_n);

#endif
