/* linear_loo.h - penalised least squares with each row left out in turn. */
#ifndef MLSD_MODEL_LINEAR_LINEAR_LOO_H
#define MLSD_MODEL_LINEAR_LINEAR_LOO_H

#include "model/linear/fold_solution.h"
#include "model/path.h"
#include "numeric/fold_moments.h"

/* Targets at most: predictions of a row lie on the stack. */
enum { MLSD__LOO_TARGETS = 64 };

/* Do the splits leave out one row each, all rows in turn, and can this be served? */
bool mlsd__linear_is_loo(const mlsd__path_folds *folds, const mlsd__linear_problem *problem);

/* Hand over what can be served from the moments of all rows: is_served (n_splits) tells which
 * splits; single settings of them may be left. Rows are read from `source`. */
mlsd_status mlsd__linear_run_loo(mlsd__scope *scope, const mlsd__path_folds *folds,
                                 const mlsd__linear_problem *problem,
                                 const mlsd__moment_source *source, const mlsd__gram *all,
                                 bool *is_served);

#endif
