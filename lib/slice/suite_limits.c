/* suite_limits.c - limits of a prediction: of the number itself, or of the probability of a class.
 */
#include <math.h>

#include "slice/suite_impl.h"

enum { THE_NUMBER = -1, OF_THE_LABEL = -2 };

bool mlsd__suite_has_limits(const mlsd__suite_set *set)
{
    return !isnan(set->low.number) || !isnan(set->high.number) || set->low.column >= 0 ||
           set->high.column >= 0;
}

mlsd_status mlsd__suite_quantity_open(const mlsd__suite_run *run, const mlsd__suite_set *set,
                                      mlsd__suite_quantity *out)
{
    const mlsd__predictor *const p = &run->predictor;
    const char *const path = run->suite->path;
    out->class = THE_NUMBER;
    if (p->n_classes == 0) {
        if (set->class == NULL || set->role->run != mlsd__suite_run_regression) return MLSD_OK;
        return mlsd__suite_fail(path, set->line, MLSD_E_PARAM_CONFLICT,
                                "'class' is '%.60s', and the model predicts numbers", set->class);
    }
    if (!p->has_proba)
        return mlsd__suite_fail(path, set->line, MLSD_E_UNSUPPORTED,
                                "the set '%.60s' is about probabilities, and there are none",
                                set->name);
    if (set->class != NULL) {
        out->class = mlsd__class_number(p, set->class);
        if (out->class >= 0) return MLSD_OK;
        return mlsd__suite_fail(path, set->line, MLSD_E_DATA,
                                "the model has no class '%.60s'; it has %.60s, %.60s%s", set->class,
                                p->classes[0], p->classes[p->n_classes - 1],
                                p->n_classes > 2 ? " and others" : "");
    }
    if (set->label >= 0 && set->role->run == mlsd__suite_run_regression) {
        out->class = OF_THE_LABEL;
        return MLSD_OK;
    }
    out->class = 1;
    if (p->n_classes == 2) return MLSD_OK;
    return mlsd__suite_fail(path, set->line, MLSD_E_PARAM_CONFLICT,
                            "the set '%.60s' needs 'class': the model has %lld", set->name,
                            (long long)p->n_classes);
}

double mlsd__suite_quantity_of(const mlsd__predictor *p, mlsd__suite_quantity q,
                               const mlsd__answers *answers, int64_t i, double label)
{
    if (q.class == THE_NUMBER) return answers->value[i];
    if (q.class == OF_THE_LABEL && isnan(label)) return NAN;
    const int64_t c = q.class == OF_THE_LABEL ? (int64_t)label : q.class;
    return answers->proba[i * p->n_classes + c];
}

static double limit_of(const mlsd__suite_set *set, mlsd__suite_limit limit, int64_t row)
{
    return limit.column < 0 ? limit.number
                            : mlsd__suite_cell_number(set->file->table, limit.column, row);
}

void mlsd__suite_limits_of(const mlsd__suite_set *set, int64_t row, double *low, double *high)
{
    *low = limit_of(set, set->low, row);
    *high = limit_of(set, set->high, row);
}

void mlsd__suite_quantity_text(const mlsd__predictor *p, mlsd__suite_quantity q, double label,
                               mlsd__text *t)
{
    if (q.class == THE_NUMBER || (q.class == OF_THE_LABEL && isnan(label))) return;
    const int64_t c = q.class == OF_THE_LABEL ? (int64_t)label : q.class;
    mlsd__text_format(t, "p(%s) ", p->classes[c]);
}

void mlsd__suite_limits_text(double low, double high, mlsd__text *t)
{
    if (isnan(low) && isnan(high)) return;
    mlsd__text_append(t, isnan(high) ? "at least " : isnan(low) ? "at most " : "in [");
    if (!isnan(low)) mlsd__text_double(t, low);
    if (!isnan(low) && !isnan(high)) mlsd__text_append(t, ", ");
    if (!isnan(high)) mlsd__text_double(t, high);
    if (!isnan(low) && !isnan(high)) mlsd__text_append(t, "]");
}
