/* early_stopping.c - the rule that watches a series of losses: kind "early_stopping".
 *
 * Two things are kept apart: the best point is any improvement and is what a fit restores; progress
 * is an improvement by more than max(min_delta, min_delta_rel * |reference|), and only progress
 * resets the patience. So a slow creep below min_delta ends the fit, and still its last point is
 * the best. The order of the checks is that of PyTorch Lightning: finite, target, divergence,
 * patience; then the budget. A baseline is Keras's: only progress below it resets the patience. */
#include <math.h>
#include <string.h>

#include "curve/curve_impl.h"

static const char *const REASON_NAMES[] = {
    [MLSD_STOP_NONE] = "none",
    [MLSD_STOP_PATIENCE] = "patience",
    [MLSD_STOP_TARGET] = "target",
    [MLSD_STOP_DIVERGED] = "diverged",
    [MLSD_STOP_NONFINITE] = "nonfinite",
    [MLSD_STOP_CONVERGED] = "converged",
    [MLSD_STOP_BUDGET] = "budget",
    [MLSD_STOP_TIME] = "time",
    [MLSD_STOP_GL] = "gl",
    [MLSD_STOP_PQ] = "pq",
    [MLSD_STOP_UP] = "up",
    [MLSD_STOP_NO_PROGRESS] = "no_progress",
    [MLSD_STOP_CANCELLED] = "cancelled",
};

const char *mlsd_stop_reason_name(mlsd_stop_reason reason)
{
    if (reason < 0 || reason >= MLSD__COUNT(REASON_NAMES)) return "unknown reason";
    return REASON_NAMES[reason];
}

void mlsd__stopper_init(mlsd__stopper *s)
{
    memset(s, 0, sizeof *s);
    s->best = s->reference = s->best_value = s->strip_end = NAN;
    s->best_x = -1.0;
    s->ema_weight = 1.0;
}

/* The debiased moving average (Kingma & Ba 2015, section 3) with one more loss. */
static double next_ema(mlsd__stopper *s, double beta, double loss)
{
    s->ema = beta * s->ema + (1.0 - beta) * loss;
    s->ema_weight *= beta;
    return s->ema / (1.0 - s->ema_weight);
}

/* The median of the last `size` losses with one more; of those there are at the start. */
static double next_median(mlsd__stopper *s, int64_t size, double loss)
{
    double sorted[MLSD__MOST_MEDIAN];
    s->window[s->n_window % size] = loss;
    s->n_window++;
    const int64_t n = s->n_window < size ? s->n_window : size;
    for (int64_t i = 0; i < n; i++) {
        int64_t at = i;
        for (; at > 0 && sorted[at - 1] > s->window[i]; at--) sorted[at] = sorted[at - 1];
        sorted[at] = s->window[i];
    }
    return n % 2 == 1 ? sorted[n / 2] : 0.5 * (sorted[n / 2 - 1] + sorted[n / 2]);
}

static double smooth(mlsd__stopper *s, const mlsd__early_stopping *rule, double loss)
{
    if (rule->smoothing == MLSD__SMOOTH_EMA) return next_ema(s, rule->smoothing_beta, loss);
    if (rule->smoothing == MLSD__SMOOTH_MEDIAN) return next_median(s, rule->smoothing_window, loss);
    return loss;
}

/* Count what a loss is: the best, progress, or waiting. */
static void count_loss(mlsd__stopper *s, const mlsd__early_stopping *rule, double sign, double loss)
{
    const double delta = fmax(rule->min_delta, rule->min_delta_rel * fabs(s->reference));
    const bool progress = isnan(s->reference) ? !isnan(loss) : loss < s->reference - delta;
    if (progress) s->reference = loss;
    const bool counts =
        progress && (isnan(rule->baseline) || loss < sign * rule->baseline - rule->min_delta);
    if (counts) {
        s->wait = 0;
        s->cooldown = rule->cooldown;
    } else if (s->cooldown > 0) {
        s->cooldown--;
    } else {
        s->wait++;
    }
}

static mlsd_stop_reason reason_of(mlsd__stopper *s, const mlsd__early_stopping *rule, double sign,
                                  bool is_finite, double loss)
{
    mlsd_stop_reason by_criterion = MLSD_STOP_NONE;
    if (rule->criterion != MLSD__CRITERION_PATIENCE)
        by_criterion = mlsd__stop_criterion(s, rule, loss);
    else if (s->n >= rule->start_from && s->wait >= rule->patience)
        by_criterion = MLSD_STOP_PATIENCE;
    if (rule->check_finite && !is_finite) return MLSD_STOP_NONFINITE;
    if (loss <= sign * rule->target) return MLSD_STOP_TARGET;
    if (loss > sign * rule->divergence) return MLSD_STOP_DIVERGED;
    if (by_criterion != MLSD_STOP_NONE) return by_criterion;
    const bool has_budget = rule->max_steps != MLSD__NULL_I64 && rule->max_steps > 0;
    return has_budget && s->n >= rule->max_steps ? MLSD_STOP_BUDGET : MLSD_STOP_NONE;
}

void mlsd__stopper_add(mlsd__stopper *s, const mlsd__early_stopping *rule, bool maximize, double x,
                       double value)
{
    const double sign = maximize ? -1.0 : 1.0;
    const bool is_finite = isfinite(value) != 0;
    const double loss = is_finite ? smooth(s, rule, sign * value) : sign * value;

    s->n++;
    s->improved = is_finite && (!s->has_best || loss < s->best);
    if (s->improved) {
        s->has_best = 1;
        s->best = loss;
        s->best_value = value;
        s->best_x = x;
    }
    count_loss(s, rule, sign, is_finite ? loss : NAN);
    s->now = reason_of(s, rule, sign, is_finite, loss);
    if (s->reason == MLSD_STOP_NONE) s->reason = s->now;
}

static const char *const STOP_WHEN[] = {"any", "all", NULL};
static const char *const SMOOTHINGS[] = {"none", "ema", "median", NULL};
static const char *const CRITERIA[] = {"patience", "gl", "pq", "up", NULL};

#define P mlsd__early_stopping
static const mlsd_param PARAMS[] = {
    MLSD__P_I64(P, patience, 1, INFINITY, "10", "log", "stop after so many steps without progress"),
    MLSD__P_F64(P, min_delta, 0, INFINITY, MLSD__OPEN_UPPER, "0.0", "log",
                "progress is an improvement by more than this"),
    MLSD__P_F64(P, min_delta_rel, 0, 1, 0, "0.0", "log",
                "and by more than this part of the last value that was progress"),
    MLSD__P_I64(P, start_from, 0, INFINITY, "0", NULL,
                "do not stop for lack of progress before so many steps"),
    MLSD__P_I64(P, cooldown, 0, INFINITY, "0", NULL,
                "so many steps after progress do not count as waiting"),
    MLSD__P_STR_LIST(P, monitor, "[\"valid\"]",
                     "names of the series that are watched; the first decides what is best"),
    MLSD__P_CHOICE(P, stop_when, STOP_WHEN, "\"any\"",
                   "with several monitors: when the first says stop, or when all do"),
    MLSD__P_BOOL(P, maximize, "false", "higher values are better"),
    MLSD__P_STR_LIST(P, maximize_monitors, "null",
                     "those of several monitors whose higher values are better"),
    MLSD__P_F64_NULL(P, baseline, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "only values better than this count as progress"),
    MLSD__P_F64_NULL(P, target, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "stop once the value is this good"),
    MLSD__P_F64_NULL(P, divergence, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null", "stop once the value is worse than this"),
    MLSD__P_BOOL(P, check_finite, "true", "stop at a value that is NaN or infinite"),
    MLSD__P_CHOICE(P, smoothing, SMOOTHINGS, "\"none\"",
                   "watch the values, their moving average, or their running median"),
    MLSD__P_F64(P, smoothing_beta, 0, 1, MLSD__OPEN_UPPER, "0.6", NULL,
                "of ema: what the past counts"),
    MLSD__P_I64(P, smoothing_window, 1, MLSD__MOST_MEDIAN, "5", NULL,
                "of median: the last so many points, an odd number"),
    MLSD__P_CHOICE(P, criterion, CRITERIA, "\"patience\"",
                   "what ends the training: steps without progress, or one of Prechelt's: "
                   "generalization loss, that against training progress, rises in a row"),
    MLSD__P_F64_NULL(P, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "of gl (null: 2 percent) and pq (null: 0.75): above this it stops"),
    MLSD__P_I64(P, strip, 1, INFINITY, "5", NULL, "of pq and up: points of a strip"),
    MLSD__P_I64(P, n_strips, 1, INFINITY, "2", NULL, "of up: rises in so many strips in a row"),
    MLSD__P_F64(P, min_training_progress, 0, INFINITY, MLSD__OPEN_UPPER, "0.1", NULL,
                "of gl, pq and up: stop where the training series falls by less, per mille over a "
                "strip"),
    MLSD__P_STR(P, training, "\"train\"", "of gl, pq and up: name of the training series"),
    MLSD__P_F64_NULL(P, max_seconds, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "stop after so much time; where that is differs from run to run"),
    MLSD__P_I64_NULL(P, max_steps, 1, INFINITY, "null", "stop after so many steps"),
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
