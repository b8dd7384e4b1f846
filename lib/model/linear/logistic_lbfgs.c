/* logistic_lbfgs.c - the logistic objective by L-BFGS, where a Hessian would be too large: a rough
 * inverse of it guides the steps. */
#include <math.h>

#include "base/fail.h"
#include "model/linear/logistic_precondition.h"
#include "model/linear/logistic_solve.h"
#include "model/linear/smooth.h"

/* Where a step promises less than this share of the objective, it is what the tolerance is for. */
static const double GAIN = 1e-9;

typedef struct way {
    mlsd__logistic_loss *loss;
    const mlsd__logistic_limits *limits;
    mlsd__precondition rough;
    mlsd__logistic_value last, here; /* of the point asked about, and of where it is */
    bool is_separated;
} way;

static mlsd_status at(void *user, mlsd__scope *scope, const double *theta, double *value,
                      double *gradient, double *hessian)
{
    way *const w = user;
    MLSD__TRY(mlsd__logistic_loss_at(w->loss, scope, theta, 1, &w->last, gradient, hessian));
    *value = w->last.objective;
    return MLSD_OK;
}

static bool precondition(void *user, double *v)
{
    const way *const w = user;
    mlsd__precondition_apply(&w->rough, v);
    return w->rough.k > 0;
}

/* The rough inverse is that of where it was made: at the start, anew after the first far steps, and
 * now and then. */
static bool is_refreshed(int64_t n_iter)
{
    enum { REFRESH = 20 };
    return n_iter == 2 || n_iter == 5 || n_iter % REFRESH == 0;
}

static mlsd_status arrived(void *user, mlsd__scope *scope, const double *theta, int64_t n_iter,
                           bool *out_ends)
{
    way *const w = user;
    w->here = w->last;
    w->is_separated = w->limits->stops_separated && w->here.min_margin > 0.0;
    *out_ends = w->is_separated && w->here.mean_loss <= w->limits->tol;
    MLSD__TRY(mlsd__logistic_tell(w->limits, scope, theta, n_iter, &w->here));
    if (!is_refreshed(n_iter)) return MLSD_OK;
    return mlsd__precondition_make(&w->rough, scope, w->loss, theta);
}

mlsd_status mlsd__logistic_lbfgs(mlsd__logistic_loss *l, mlsd__scope *scope,
                                 const mlsd__logistic_limits *limits, double *theta,
                                 mlsd__logistic_outcome *out)
{
    way w = {.loss = l, .limits = limits};
    const mlsd__smooth f = {
        .n = l->n_theta, .user = &w, .at = at, .precondition = precondition, .arrived = arrived};
    const mlsd__smooth_limits smooth = {
        .max_iter = limits->max_iter, .tol = limits->tol, .gain = GAIN};
    mlsd__smooth_outcome end = {0};
    *out = (mlsd__logistic_outcome){0};
    mlsd_status status = mlsd__precondition_open(&w.rough, l, scope->allocator);
    if (status == MLSD_OK) status = mlsd__smooth_lbfgs(&f, scope, &smooth, theta, &end);
    mlsd__precondition_close(&w.rough, scope->allocator);
    out->n_iter = end.n_iter;
    out->converged = end.converged && !w.is_separated;
    out->nonfinite = end.nonfinite;
    out->at = end.nonfinite ? w.last : w.here;
    return status;
}
