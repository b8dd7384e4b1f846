/* trainer.h - training by epochs, whatever is trained: losses by epoch into the curve, when to
 * stop, which state is given back, going on from where a smaller budget ended.
 *
 * A model brings its passes, its losses and the list of all that changes from epoch to epoch. After
 * a run its model arrays hold what is to be given back: the best epoch by the watched set, whatever
 * ended the training, or the last finite state where the curve's rule asks not to restore. A
 * caller's curve decides alone where its rule watches a series that this fit fills; otherwise tol
 * and n_iter_no_change do, on the validation set's loss if there is one, or else on the training
 * loss and penalty together. Numbers that break down end the fit with the best finite state. */
#ifndef MLSD_MODEL_TRAINER_H
#define MLSD_MODEL_TRAINER_H

#include "mlsd/matrix.h"
#include "model/training_sets.h"

/* n numbers that change from epoch to epoch: MLSD_F64, F32, I64 or I32 (counters). Those of the
 * model are kept for the best epoch; coefficients, weights, means. All others (momenta, counts of
 * steps, a step length) are what training needs to go on. */
typedef struct mlsd__trainee_array {
    void *data;
    int64_t n;
    mlsd_dtype dtype;
    bool is_model;
} mlsd__trainee_array;

/* The letters NULL-able may be NULL. `set` counts as in mlsd__training_sets. */
typedef struct mlsd__trainee_ops {
    /* One pass over the rows of set 0. Random draws are keyed by the epoch, so that an epoch does
     * not depend on who runs it. Numbers may break down: that is looked at here. */
    mlsd_status (*epoch)(void *self, mlsd__scope *scope, int64_t epoch);
    /* Mean loss of a set by the model arrays as they are. For set 0 it may be what the epoch summed
     * up on its way. */
    mlsd_status (*mean_loss)(void *self, mlsd__scope *scope, int64_t set, double *out);
    /* What training adds to the mean loss; NULL-able: 0. */
    double (*penalty)(const void *self);
    /* The list; returns how many there are, whatever the capacity. It is asked once, before the
     * first epoch, and the arrays must stay where they are. */
    int64_t (*arrays)(void *self, mlsd__trainee_array *out, int64_t capacity);
    /* The epoch's watched loss, for rates that follow it; NULL-able. */
    void (*watched)(void *self, int64_t epoch, double loss);
    /* n_iter_no_change epochs without progress: true where it goes on by smaller steps; NULL-able.
     */
    bool (*goes_on)(void *self);
    /* An end that only the model knows of (MLSD_STOP_CONVERGED), or MLSD_STOP_NONE; NULL-able. */
    mlsd_stop_reason (*end)(const void *self);
} mlsd__trainee_ops;

/* The fit's own rule. */
typedef struct mlsd__trainer_rule {
    int64_t max_iter, n_iter_no_change;
    double tol;
    int64_t best_from; /* epochs before it are on record, but never the best, and no end by tol */
} mlsd__trainer_rule;

typedef struct mlsd__training_outcome {
    int64_t n_epochs;
    int64_t best_epoch; /* of the state given back; -1: it is the last finite one */
    double loss, valid_loss;
    mlsd_stop_reason reason;
} mlsd__training_outcome;

/* train->cycle: this fit is a part of a longer training, whose epochs it counts on in the curve.
 * All of its epochs are run, unless numbers break down or the curve's rule wants an end, and the
 * state after the last finite one is given back: tol, n_iter_no_change and the best epoch are
 * nothing to it. */
typedef struct mlsd__cycle {
    int64_t first_epoch; /* given */
    bool is_last;        /* told: the curve's rule, or numbers, ended the training */
    mlsd__training_outcome outcome;
    int64_t n_sets;  /* told: train, valid where outcome has one, and the curve's further sets */
    double *history; /* n_epochs x n_sets losses, to be freed by who gave the cycle */
} mlsd__cycle;

mlsd_status mlsd__trainer_run(mlsd__scope *scope, const mlsd__trainer_rule *rule,
                              const mlsd__trainee_ops *ops, void *self,
                              const mlsd__training_sets *sets, const mlsd__train *train,
                              mlsd__training_outcome *out);

/* The numbers that every such model tells of its fit (n_iter, converged, loss, valid_loss,
 * best_iter, stop_reason): the i-th name and value; NULL past the end. */
const char *mlsd__training_number(const mlsd__training_outcome *outcome, int64_t i, double *value);

#endif
