/* simulated_curves.h - loss curves whose truth is known, for holding a diagnosis against. */
#ifndef MLSD_TESTS_SIMULATED_CURVES_H
#define MLSD_TESTS_SIMULATED_CURVES_H

#include "curve/diagnosis.h"

enum { SIMULATED_MOST_STEPS = 150, SIMULATED_MOST_FOLDS = 5 };

typedef struct simulated {
    mlsd__fit_curves curves; /* points into the arrays below */
    mlsd__fit_verdict truth;
    mlsd__fit_kind kind;
    double best_value; /* of the curve without noise */
    double clean_valid[SIMULATED_MOST_STEPS];
    double train[SIMULATED_MOST_FOLDS * SIMULATED_MOST_STEPS];
    double valid[SIMULATED_MOST_FOLDS * SIMULATED_MOST_STEPS];
} simulated;

/* The i-th of a seed; classes take turns. Depends on (seed, i) alone. */
void simulate_curves(uint64_t seed, int64_t i, simulated *out);

#endif
