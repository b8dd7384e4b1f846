/* elimination.h - recursive feature elimination (Guyon et al. 2002): fit, drop the columns that
 * count least, and again. */
#ifndef MLSD_MODEL_SELECT_ELIMINATION_H
#define MLSD_MODEL_SELECT_ELIMINATION_H

#include "model/select/inner_fit.h"

/* Called with each model on its way down, and the columns it was fitted to. */
typedef mlsd_status (*mlsd__elimination_fn)(void *user, mlsd__scope *scope, const void *state,
                                            mlsd__some_columns *some);

typedef struct mlsd__elimination {
    const mlsd_spec *child;
    const mlsd__train *train;
    int64_t n_keep;           /* columns in the end */
    int64_t step;             /* columns dropped at a time, the last time fewer */
    mlsd__elimination_fn see; /* NULL: nobody; otherwise the last columns are fitted, too */
    void *user;
} mlsd__elimination;

/* support: 1 for what is left; ranking: 1 for those, 2 for the last ones dropped, and so on. */
mlsd_status mlsd__eliminate(mlsd__scope *scope, const mlsd__elimination *e, double *support,
                            double *ranking);

/* Columns that a step drops: a share of all below 1, otherwise a number. */
int64_t mlsd__elimination_step(double step, int64_t p);

#endif
