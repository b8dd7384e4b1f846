/* mlp_lbfgs.c - solver lbfgs: all rows at once, a step an epoch. What draws has no place here: the
 * function must be the same wherever it is asked for. */
#include <math.h>

#include "model/neural/mlp_train.h"

static mlsd_status at(void *user, mlsd__scope *scope, const double *theta, double *value,
                      double *gradient, double *hessian)
{
    (void)hessian;
    return mlsd__mlp_training_slopes(user, scope, theta, value, gradient);
}

mlsd_status mlsd__mlp_lbfgs_open(mlsd__mlp_training *t, const mlsd__allocator *a)
{
    t->smooth = (mlsd__smooth){.n = t->net.n_theta, .user = t, .at = at};
    return mlsd__lbfgs_open(&t->lbfgs, a, &t->smooth, t->theta);
}

mlsd_status mlsd__mlp_lbfgs_epoch(mlsd__mlp_training *t, mlsd__scope *scope, int64_t epoch)
{
    const mlsd__smooth_limits limits = {.max_iter = INT64_MAX, .tol = t->params->tol};
    if (epoch == 0) {
        MLSD__TRY(mlsd__lbfgs_start(&t->lbfgs, scope, &t->outcome));
        if (t->outcome.nonfinite) t->outcome.value = NAN;
    }
    MLSD__TRY(mlsd__lbfgs_step(&t->lbfgs, scope, &limits, &t->outcome, &t->is_done));
    t->n_steps++;
    t->running = t->outcome.value - mlsd__mlp_training_penalty(t, t->theta);
    t->has_running = !t->is_changed;
    return MLSD_OK;
}
