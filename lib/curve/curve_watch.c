/* curve_watch.c - what the rule makes of the points of its monitors: each has a stopper of its own
 * (early_stopping.c); any of them may end the training, or all together. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/handle.h"
#include "base/scope.h"
#include "curve/curve_impl.h"

/* Reasons that do not wait for the other monitors. */
static bool is_final(int64_t reason)
{
    return reason == MLSD_STOP_NONFINITE || reason == MLSD_STOP_DIVERGED ||
           reason == MLSD_STOP_BUDGET || reason == MLSD_STOP_TIME;
}

/* The rule's reason after a point of monitor `last`. */
static mlsd_stop_reason reason_now(const mlsd_curve *curve, int64_t last)
{
    const int64_t now = curve->stoppers[last].now;
    if (now == MLSD_STOP_NONE || is_final(now) || curve->rule->stop_when == MLSD__STOP_ANY)
        return (mlsd_stop_reason)now;
    for (int64_t i = 0; i < curve->rule->monitor.n; i++)
        if (curve->stoppers[i].now == MLSD_STOP_NONE) return MLSD_STOP_NONE;
    return (mlsd_stop_reason)now;
}

static bool maximizes(const mlsd__early_stopping *rule, int64_t monitor)
{
    for (int64_t i = 0; i < rule->maximize_monitors.n; i++)
        if (strcmp(rule->maximize_monitors.values[i], rule->monitor.values[monitor]) == 0)
            return true;
    return rule->maximize != 0;
}

static mlsd_status check_ratio(const mlsd_curve *curve, const mlsd__curve_series *s, double x,
                               double value)
{
    static const char *const NAMES[] = {"patience", "gl", "pq", "up"};
    const int64_t criterion = curve->rule->criterion;
    if ((criterion != MLSD__CRITERION_GL && criterion != MLSD__CRITERION_PQ) || !(value < 0.0))
        return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "early stopping by '%s' compares losses by their ratio, and series '%.60s' "
                      "is below 0 at %s %lld; use criterion patience or up",
                      NAMES[criterion], s->name, curve->x, (long long)x);
}

mlsd_status mlsd__curve_watch(mlsd_curve *curve, const mlsd__curve_series *s, double x,
                              double value)
{
    const mlsd__early_stopping *const rule = curve->rule;
    if (isnan(curve->start)) curve->start = mlsd__seconds();
    if (s->monitor < 0 && !s->is_training) return MLSD_OK;
    MLSD__TRY(check_ratio(curve, s, x, value));
    for (int64_t i = 0; s->is_training && i < rule->monitor.n; i++)
        mlsd__stopper_train(&curve->stoppers[i], value);
    if (s->monitor < 0) return MLSD_OK;
    mlsd__stopper *const stopper = &curve->stoppers[s->monitor];
    mlsd__stopper_add(stopper, rule, maximizes(rule, s->monitor), x, value);
    if (stopper->now == MLSD_STOP_NONE && mlsd__seconds() - curve->start >= rule->max_seconds)
        stopper->now = MLSD_STOP_TIME;
    if (curve->reason == MLSD_STOP_NONE) curve->reason = reason_now(curve, s->monitor);
    return MLSD_OK;
}

/* The stopper that tells what is best: of the first monitor that has points; NULL without. */
static const mlsd__stopper *leader(const mlsd_curve *curve)
{
    if (!MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE)) return NULL;
    for (int64_t i = 0; i < curve->rule->monitor.n; i++)
        if (curve->stoppers[i].n > 0) return &curve->stoppers[i];
    return NULL;
}

int32_t mlsd_curve_should_stop(const mlsd_curve *curve)
{
    return MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE) && curve->reason != MLSD_STOP_NONE;
}

mlsd_stop_reason mlsd_curve_stop_reason(const mlsd_curve *curve)
{
    if (!MLSD__IS_LIVE(curve, MLSD__MAGIC_CURVE)) return MLSD_STOP_NONE;
    return curve->reason != MLSD_STOP_NONE ? curve->reason : curve->end;
}

int64_t mlsd_curve_best_step(const mlsd_curve *curve)
{
    const mlsd__stopper *const s = leader(curve);
    if (s == NULL || !s->has_best || !(fabs(s->best_x) < 0x1p62)) return -1;
    return (int64_t)s->best_x;
}

double mlsd_curve_best_value(const mlsd_curve *curve)
{
    const mlsd__stopper *const s = leader(curve);
    return s != NULL ? s->best_value : NAN;
}

bool mlsd__curve_watches(const mlsd_curve *curve, const char *series)
{
    for (int64_t i = 0; i < curve->rule->monitor.n; i++)
        if (strcmp(curve->rule->monitor.values[i], series) == 0) return true;
    return false;
}

bool mlsd__curve_improved(const mlsd_curve *curve)
{
    const mlsd__stopper *const s = leader(curve);
    return s != NULL && s->improved != 0;
}

bool mlsd__curve_restores_best(const mlsd_curve *curve)
{
    return curve->rule->restore_best != 0;
}

void mlsd__curve_begin(mlsd_curve *curve)
{
    curve->start = mlsd__seconds();
}

void mlsd__curve_end(mlsd_curve *curve, mlsd_stop_reason reason)
{
    curve->end = reason;
}
