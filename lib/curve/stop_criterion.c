/* stop_criterion.c - Prechelt's criteria of early stopping (1998, "Early stopping - but when?", in
 * Neural Networks: Tricks of the Trade, LNCS 1524), in its letters:
 *
 *   E_opt(t) = min_{u <= t} E_va(u)                     GL(t) = 100 (E_va(t) / E_opt(t) - 1)
 *   P_k(t) = 1000 (sum_{strip} E_tr / (k min_{strip} E_tr) - 1),     strips of k points
 *   GL_a: stop at the first t with GL(t) > a.     PQ_a: at the end of a strip with GL / P_k > a.
 *   UP_s: at the end of the s-th strip in a row whose last E_va is above that of the strip before.
 *
 * All of them also end where training progress P_k falls below min_training_progress (0.1 in the
 * paper, per mille). Nothing here looks at patience. */
#include <math.h>

#include "curve/curve_impl.h"

static const double GL_ALPHA = 2.0, PQ_ALPHA = 0.75; /* where alpha is null */

void mlsd__stopper_train(mlsd__stopper *s, double value)
{
    s->strip_sum = s->n_strip == 0 ? value : s->strip_sum + value;
    s->strip_least = s->n_strip == 0 || value < s->strip_least ? value : s->strip_least;
    s->n_strip++;
}

/* Ratios of losses, where both may be 0. */
static double ratio(double a, double b)
{
    return a == b ? 1.0 : a / b;
}

/* P_k at the end of a strip, which ends; NaN without training points. */
static double end_strip(mlsd__stopper *s)
{
    if (s->n_strip == 0) return NAN;
    const double mean = s->strip_sum / (double)s->n_strip;
    s->n_strip = 0;
    return 1000.0 * (ratio(mean, s->strip_least) - 1.0);
}

mlsd_stop_reason mlsd__stop_criterion(mlsd__stopper *s, const mlsd__early_stopping *rule, double e)
{
    const bool is_end = s->n % rule->strip == 0;
    const double progress = is_end ? end_strip(s) : NAN;
    const double gl = 100.0 * (ratio(e, s->best) - 1.0);
    const double before = s->strip_end;
    if (is_end) {
        s->n_rises = e > before ? s->n_rises + 1 : 0; /* false before the first end: NaN */
        s->strip_end = e;
    }
    if (s->n < rule->start_from) return MLSD_STOP_NONE;
    if (rule->criterion == MLSD__CRITERION_GL && gl > (isnan(rule->alpha) ? GL_ALPHA : rule->alpha))
        return MLSD_STOP_GL;
    if (!is_end) return MLSD_STOP_NONE;
    if (rule->criterion == MLSD__CRITERION_PQ &&
        gl > (isnan(rule->alpha) ? PQ_ALPHA : rule->alpha) * progress)
        return MLSD_STOP_PQ;
    if (rule->criterion == MLSD__CRITERION_UP && s->n_rises >= rule->n_strips) return MLSD_STOP_UP;
    return progress < rule->min_training_progress ? MLSD_STOP_NO_PROGRESS : MLSD_STOP_NONE;
}
