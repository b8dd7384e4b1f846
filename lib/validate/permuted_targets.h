/* permuted_targets.h - cross-validated scores of a model on permutations of the target. */
#ifndef MLSD_VALIDATE_PERMUTED_TARGETS_H
#define MLSD_VALIDATE_PERMUTED_TARGETS_H

#include "base/mt19937.h"
#include "metric/metric_impl.h"
#include "split/splitter.h"

/* Permutations one after the other, as scikit-learn's permutation_test_score draws them: of all
 * rows, or in each group, by ascending value, of its rows. */
typedef struct mlsd__permuter {
    mlsd__mt19937 mt;
    int64_t n_rows, n_groups;         /* n_groups 0: of all rows */
    int64_t *starts, *rows, *scratch; /* rows of each group */
} mlsd__permuter;
mlsd_status mlsd__permuter_open(mlsd__permuter *p, mlsd__scope *scope, const mlsd_dataset *dataset,
                                bool within_groups, int64_t seed);
void mlsd__permuter_close(mlsd__permuter *p, const mlsd__allocator *a);
/* Row i gets the target of row order[i]. */
mlsd_status mlsd__permuter_next(mlsd__permuter *p, mlsd__scope *scope, int64_t *order);

typedef struct mlsd__permuted_input {
    const mlsd_spec *estimator;
    const mlsd_dataset *dataset;
    const mlsd_folds *folds;   /* for every permutation; NULL: */
    const mlsd_spec *splitter; /* drawn anew for each, for a splitter that looks at the target */
    const char *metric;
    int64_t n_permutations, seed;
    bool within_groups;
} mlsd__permuted_input;

/* The mean score over the splits on the target as it is, and on each permutation; NaN where a split
 * failed or its score is not defined. A permutation whose fits fail is no failure; *out_message is
 * then that of the first (the caller's by mlsd__free), and NULL otherwise. *out_plan says what was
 * done; borrowed. */
mlsd_status mlsd__permuted_scores(mlsd__scope *scope, const mlsd__permuted_input *in,
                                  double *out_score, double *out_permuted, char **out_message,
                                  const char **out_plan);

#endif
