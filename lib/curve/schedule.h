/* schedule.h - how the step of a training by epochs goes down (and up) as it runs: kinds of family
 * "schedule", whose factor multiplies the step that the model has otherwise. */
#ifndef MLSD_CURVE_SCHEDULE_H
#define MLSD_CURVE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kindtable.h"

/* What reduce_on_plateau remembers, three numbers that a trainee lists among its arrays; no other
 * kind needs it. */
typedef struct mlsd__schedule_state {
    double factor, best, wait, cooldown;
} mlsd__schedule_state;
void mlsd__schedule_init(mlsd__schedule_state *state);

/* The factor after t of n_epochs epochs (batches are parts of one): 1 without a schedule. */
double mlsd__schedule_factor(const mlsd_spec *schedule, double t, int64_t n_epochs,
                             const mlsd__schedule_state *state);

/* The watched loss of an epoch that ended. */
void mlsd__schedule_watch(const mlsd_spec *schedule, double loss, mlsd__schedule_state *state);

/* The families table of a schedule kind. */
typedef struct mlsd__schedule_ops {
    double (*factor)(const void *params, double t, double n_epochs,
                     const mlsd__schedule_state *state);
    void (*watch)(const void *params, double loss, mlsd__schedule_state *state); /* or NULL */
} mlsd__schedule_ops;

#endif
