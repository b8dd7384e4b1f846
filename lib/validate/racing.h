/* racing.h - which runners of a race over folds fall behind. */
#ifndef MLSD_VALIDATE_RACING_H
#define MLSD_VALIDATE_RACING_H

#include <stdbool.h>
#include <stdint.h>

/* Losses (n_runners x n_blocks, smaller is better, no NaN) of runners on the same blocks:
 * *out_margin is how much worse than the best a mean must be to be left behind, and out_behind[i]
 * says whether it is. Fewer than two runners or blocks: nobody. */
void mlsd__race_anova(const double *losses, int64_t n_runners, int64_t n_blocks, double alpha,
                      double *out_margin, bool *out_behind);

#endif
