/* row_loss.c - the metrics' own losses, one number a row of a scoring. The losses themselves stand
 * with the metrics; nothing is computed twice in two ways. */
#include <math.h>

#include "base/fail.h"
#include "validate/row_loss.h"

mlsd_status mlsd__row_loss_find(const char *metric, mlsd_task task, const mlsd__metric_ops **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__metric_check(metric, task));
    const mlsd__metric_ops *ops = NULL;
    MLSD__TRY(mlsd__metric_find(metric, &ops));
    if (ops->row_loss == NULL) {
        return mlsd__fail(MLSD_E_UNSUPPORTED, "'%s' is not a mean over rows; use %s", metric,
                          task == MLSD_TASK_REGRESSION ? "rmse or mae"
                                                       : "log_loss, brier or accuracy");
    }
    *out = ops;
    return MLSD_OK;
}

void mlsd__row_losses(const mlsd__metric_ops *metric, const mlsd__scoring *s, double *out)
{
    mlsd__scored scored;
    mlsd__scoring_view(s, metric, &scored);
    metric->row_loss(&scored, NULL, 0, s->n, out);
}

static double root(double mean)
{
    return mean < 0 ? 0 : sqrt(mean);
}

void mlsd__row_loss_to_metric(const mlsd__metric_ops *metric, mlsd__estimate *e)
{
    if (e->low < 0) e->low = 0;
    if (metric->is_share && e->high > 1) e->high = 1;
    if (!metric->is_root) return;
    e->value = root(e->value);
    e->low = root(e->low);
    e->high = root(e->high);
    /* d sqrt(m) / dm; without any error the mean has no spread either. */
    if (e->value > 0) e->se /= 2 * e->value;
}
