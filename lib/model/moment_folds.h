/* moment_folds.h - all splits of a cross-validation from the moments of their atoms: the walk that
 * kinds share whose fit needs nothing else (model/path.h, run_folds).
 *
 * Splits are cut into atoms (fold_atoms.h), as many at a time as memory holds; one pass finds the
 * moments of the atoms, and a task solves each split. Splits with a row twice have no atoms and are
 * passed over: they are neither taken nor failed. */
#ifndef MLSD_MODEL_MOMENT_FOLDS_H
#define MLSD_MODEL_MOMENT_FOLDS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/fold_atoms.h"
#include "model/linear/design.h"
#include "model/path.h"
#include "numeric/fold_moments.h"

typedef struct mlsd__moment_folds mlsd__moment_folds;

/* One split, in a task of its own: is_train and is_test say which atoms its rows are. Sets
 * is_served[split] where predictions were taken. */
typedef mlsd_status (*mlsd__split_solve_fn)(const mlsd__moment_folds *job, mlsd__scope *scope,
                                            int64_t split, const uint8_t *is_train,
                                            const uint8_t *is_test);

struct mlsd__moment_folds {
    /* The caller's. */
    const mlsd__path_folds *folds;
    int64_t p, t;      /* features, and targets that stand behind them in the moments */
    int64_t n_classes; /* above 0, atoms are cut by class: atom a of class c is part
                          c * (number of atoms) + a of the moments, without rows of weight 0 */
    mlsd__split_solve_fn solve;
    const void *user;
    /* Set by open. */
    bool with_mean, with_std; /* of the step before that standardises; false without one */
    const mlsd__frame *x;     /* all->x, or a copy of it that is at hand */
    bool *is_served;          /* n_splits */
    mlsd__resident resident;
    /* Set while a run of splits is solved. */
    const mlsd__fold_atoms *atoms;
    const mlsd__fold_moments *moments;
};

/* Doubles that the moments of a run of splits may take: 256 MB. */
enum { MLSD__MOST_MOMENT_DOUBLES = 32 * 1024 * 1024 };

mlsd_status mlsd__moment_folds_open(mlsd__scope *scope, mlsd__moment_folds *job);
mlsd_status mlsd__moment_folds_run(mlsd__scope *scope, mlsd__moment_folds *job);
/* Was any split served? */
bool mlsd__moment_folds_served(const mlsd__moment_folds *job);
void mlsd__moment_folds_close(mlsd__moment_folds *job, const mlsd__allocator *a);

/* Rows [x y] by number, less an origin: the `read` of a mlsd__moment_source whose user is the job.
 */
mlsd_status mlsd__moment_folds_read(const void *job, mlsd__scope *scope, const int64_t *rows,
                                    int64_t n, const double *origin, double *z, int64_t ld);

/* What the step before subtracts from and divides the columns by, from the moments (row stride q)
 * of a split's training rows; 0 and 1 where it does not. */
void mlsd__moment_folds_scales(const mlsd__moment_folds *job, const mlsd__gram *train,
                               double *shift, double *divisor);

#endif
