/* logistic_curve.c - see the header. Validation sets are gone through once an iteration, with the
 * coefficients in the columns' own units. */
#include "model/linear/logistic_curve.h"

#include <string.h>

#include "curve/curve_impl.h"
#include "model/linear/sgd.h"

typedef struct watcher {
    const mlsd__logistic_problem *problem;
    mlsd_curve *curve;
    mlsd__training_sets sets;
    mlsd__sgd_rows *rows;        /* of each set */
    mlsd__linear_scores *scores; /* where it is, in the columns' own units, */
    double *theta;               /* and in one array */
    int64_t objective;           /* number of its series */
} watcher;

static mlsd_status tell_sets(const watcher *w, mlsd__scope *scope, const double *theta,
                             int64_t step)
{
    const mlsd__linear_scores *const s = w->scores;
    const int64_t n_coef = s->n_scores * s->n_features;
    if (w->sets.n == 1) return MLSD_OK;
    mlsd__logistic_fill_scores(w->problem, theta, w->scores);
    memcpy(w->theta, s->coef, (size_t)n_coef * sizeof *w->theta);
    memcpy(w->theta + n_coef, s->intercept, (size_t)s->n_scores * sizeof *w->theta);
    for (int64_t set = 1; set < w->sets.n; set++) {
        double loss = 0.0;
        MLSD__TRY(mlsd__sgd_mean_loss(scope, &mlsd__sgd_log_loss, 0.0, &w->rows[set], s->n_scores,
                                      w->theta, &loss));
        MLSD__TRY(mlsd_curve_add(w->curve, w->sets.sets[set].name, step, loss));
    }
    return MLSD_OK;
}

static mlsd_status arrived(void *user, mlsd__scope *scope, const double *theta, int64_t n_iter,
                           const mlsd__logistic_value *value)
{
    const watcher *const w = user;
    MLSD__TRY(mlsd_curve_add(w->curve, "train", n_iter, value->mean_loss));
    MLSD__TRY(mlsd_curve_add_point(w->curve, w->objective, (double)n_iter, value->objective));
    return tell_sets(w, scope, theta, n_iter);
}

static mlsd_status watcher_open(watcher *w, mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__train *const train = w->problem->train;
    const mlsd__hold_out nothing = {0};
    MLSD__TRY(mlsd__training_sets_open(&w->sets, scope, train, &nothing));
    MLSD__TRY(mlsd__sgd_rows_open(scope, &w->sets, &w->rows));
    MLSD__TRY(mlsd__linear_scores_new(a, MLSD__LINK_LOGISTIC, w->problem->design.n_features,
                                      train->n_classes, &w->scores));
    w->theta = mlsd__alloc(a, w->scores->n_scores * (w->scores->n_features + 1), sizeof *w->theta);
    if (w->theta == NULL) return MLSD_E_NOMEM;
    return mlsd_curve_series(w->curve, "objective", "train", -1, 0, &w->objective);
}

static void watcher_close(watcher *w, const mlsd__allocator *a)
{
    mlsd__free(a, w->theta);
    mlsd__linear_scores_free(a, w->scores);
    mlsd__sgd_rows_close(a, &w->sets, w->rows);
    mlsd__training_sets_close(&w->sets, a);
}

mlsd_status mlsd__logistic_problem_solve_watched(mlsd__logistic_problem *p, mlsd__scope *scope,
                                                 const mlsd__logistic_params *params,
                                                 mlsd__logistic_outcome *out)
{
    if (p->train->curve == NULL) return mlsd__logistic_problem_solve(p, scope, params, out);
    watcher w = {.problem = p, .curve = p->train->curve};
    const mlsd__logistic_watch watch = {.user = &w, .arrived = arrived};
    mlsd__curve_begin(w.curve);
    mlsd_status status = watcher_open(&w, scope);
    p->watch = &watch;
    if (status == MLSD_OK) status = mlsd__logistic_problem_solve(p, scope, params, out);
    p->watch = NULL;
    if (status == MLSD_OK)
        mlsd__curve_end(w.curve, out->converged ? MLSD_STOP_CONVERGED : MLSD_STOP_BUDGET);
    watcher_close(&w, scope->allocator);
    return status;
}
