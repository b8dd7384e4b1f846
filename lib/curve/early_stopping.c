/* early_stopping.c - the rule that watches one series of losses: kind "early_stopping".
 *
 * Two things are kept apart: the best point is any improvement and is what a fit restores; progress
 * is an improvement by more than max(min_delta, min_delta_rel * |reference|), and only progress
 * resets the patience. So a slow creep below min_delta ends the fit, and still its last point is
 * the best. The order of the checks is that of PyTorch Lightning: finite, target, divergence,
 * patience. */
#include <math.h>

#include "base/kindtable.h"
#include "curve/curve_impl.h"

static const char *const REASON_NAMES[] = {
    [MLSD_STOP_NONE] = "none",           [MLSD_STOP_PATIENCE] = "patience",
    [MLSD_STOP_TARGET] = "target",       [MLSD_STOP_DIVERGED] = "diverged",
    [MLSD_STOP_NONFINITE] = "nonfinite", [MLSD_STOP_CONVERGED] = "converged",
    [MLSD_STOP_BUDGET] = "budget",
};

const char *mlsd_stop_reason_name(mlsd_stop_reason reason)
{
    if (reason < 0 || reason >= MLSD__COUNT(REASON_NAMES)) return "unknown reason";
    return REASON_NAMES[reason];
}

void mlsd__stopper_init(mlsd__stopper *s)
{
    *s = (mlsd__stopper){.best = NAN, .reference = NAN, .best_step = -1};
}

void mlsd__stopper_add(mlsd__stopper *s, const mlsd__early_stopping *rule, int64_t step,
                       double value)
{
    const double sign = rule->maximize ? -1.0 : 1.0;
    const double loss = sign * value;
    const bool is_finite = isfinite(value) != 0;

    s->n++;
    s->improved = is_finite && (s->best_step < 0 || loss < sign * s->best);
    if (s->improved) {
        s->best = value;
        s->best_step = step;
    }
    const double reference = sign * s->reference;
    const double delta = fmax(rule->min_delta, rule->min_delta_rel * fabs(reference));
    const bool progress = is_finite && (isnan(reference) || loss < reference - delta);
    if (progress) s->reference = value;
    s->wait = progress ? 0 : s->wait + 1;

    if (s->reason != MLSD_STOP_NONE) return;
    if (rule->check_finite && !is_finite)
        s->reason = MLSD_STOP_NONFINITE;
    else if (loss <= sign * rule->target)
        s->reason = MLSD_STOP_TARGET;
    else if (loss > sign * rule->divergence)
        s->reason = MLSD_STOP_DIVERGED;
    else if (s->n >= rule->start_from && s->wait >= rule->patience)
        s->reason = MLSD_STOP_PATIENCE;
}

#define P mlsd__early_stopping
static const mlsd_param PARAMS[] = {
    MLSD__P_I64(P, patience, 1, INFINITY, "10", "log", "stop after so many steps without progress"),
    MLSD__P_F64(P, min_delta, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", "log",
                "progress is an improvement by more than this"),
    MLSD__P_F64(P, min_delta_rel, 0, 1, 0, "0.0", "log",
                "and by more than this part of the last value that was progress"),
    MLSD__P_I64(P, start_from, 0, INFINITY, "0", NULL,
                "do not stop for lack of progress before so many steps"),
    MLSD__P_STR(P, monitor, "\"valid\"", "name of the series that is watched"),
    MLSD__P_BOOL(P, maximize, "false", "higher values are better"),
    MLSD__P_F64_NULL(P, target, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "stop once the value is this good"),
    MLSD__P_F64_NULL(P, divergence, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null", "stop once the value is worse than this"),
    MLSD__P_BOOL(P, check_finite, "true", "stop at a value that is NaN or infinite"),
    MLSD__P_BOOL(P, restore_best, "true",
                 "give back the model of the best step, whatever ended the training"),
};
#undef P

extern const mlsd_kind mlsd__kind_early_stopping;
const mlsd_kind mlsd__kind_early_stopping = {
    .name = "early_stopping",
    .family = "options",
    .doc = "when to stop training by epochs: patience, target, divergence; and keeping the best",
    .params = PARAMS,
    .n_params = MLSD__COUNT(PARAMS),
    .params_size = sizeof(mlsd__early_stopping),
};
