/* curve_impl.h - the rule of early stopping, and what fits ask of a curve besides the public calls.
 */
#ifndef MLSD_CURVE_CURVE_IMPL_H
#define MLSD_CURVE_CURVE_IMPL_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/curve.h"
#include "base/memory.h"

/* The parameters of kind "early_stopping". */
typedef struct mlsd__early_stopping {
    int64_t patience;
    double min_delta, min_delta_rel;
    int64_t start_from;
    char *monitor; /* NULL: nothing is watched */
    int64_t maximize;
    double target, divergence; /* NaN: none */
    int64_t check_finite, restore_best;
} mlsd__early_stopping;

/* What watching one series has come to. "best" is any improvement and is what a fit restores;
 * "reference" moves only with progress, an improvement by more than min_delta. */
typedef struct mlsd__stopper {
    int64_t n, wait;        /* points so far, points since the last progress */
    double best, reference; /* NaN before the first finite point */
    int64_t best_step;      /* -1 before it */
    bool improved;          /* the last point is the best so far */
    mlsd_stop_reason reason;
} mlsd__stopper;

void mlsd__stopper_init(mlsd__stopper *s);
void mlsd__stopper_add(mlsd__stopper *s, const mlsd__early_stopping *rule, int64_t step,
                       double value);

/* A curve watched by a rule, which is copied. */
mlsd_status mlsd__curve_new(const mlsd__allocator *a, const mlsd__early_stopping *rule,
                            mlsd_curve **out);

/* Is the series of that name the watched one? */
bool mlsd__curve_watches(const mlsd_curve *curve, const char *series);
/* Is the last point of the watched series its best so far? */
bool mlsd__curve_improved(const mlsd_curve *curve);
/* Should a fit give back the state of the best step? */
bool mlsd__curve_restores_best(const mlsd_curve *curve);
/* Say why a fit ended (MLSD_STOP_CONVERGED, MLSD_STOP_BUDGET, or MLSD_STOP_NONFINITE when its own
 * numbers broke down); the rule's reason stays where it has one. */
void mlsd__curve_end(mlsd_curve *curve, mlsd_stop_reason reason);

#endif
