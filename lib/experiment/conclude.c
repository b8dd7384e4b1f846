/* conclude.c - the verdict of an experiment in sentences a person can act on: which model, how it
 * did on rows it never saw, whether it is more than the baseline, whether something simpler would
 * do, and for whom it is worst. Says "cannot be told apart" where the interval does. */
#include <math.h>
#include <string.h>

#include "experiment/experiment_impl.h"
#include "validate/audit_impl.h"
#include "validate/corrected.h"
#include "validate/words.h"

/* How much better the chosen model is than the first, better being positive. */
static mlsd__estimate improvement(const mlsd__experiment *x)
{
    mlsd__estimate e;
    mlsd__corrected_t_paired(mlsd__fold_scores(&x->runs, x->chosen, 0),
                             mlsd__fold_scores(&x->runs, 0, 0), x->runs.n_splits,
                             x->runs.test_train, x->params->level, &e);
    if (x->metric->greater_is_better) return e;
    const double low = -e.high;
    e.high = -e.low;
    e.low = low;
    e.value = -e.value;
    return e;
}

static void say_test(const mlsd__experiment *x, mlsd__text *t)
{
    const int64_t n_test = mlsd_dataset_n_rows(x->parts[MLSD__TEST]);
    mlsd__text_format(t, "'%s' for '%s': %s on the %lld test rows is ", x->names[x->chosen],
                      x->params->target, x->params->metric, (long long)n_test);
    mlsd__words_estimate(t, &x->test_score, x->params->level);
    if (x->baseline != NULL) {
        mlsd__text_format(t, ", where '%s' has ", x->names[0]);
        mlsd__words_number(t, x->baseline_score.value);
    }
    mlsd__text_append(t, ".");
}

/* The rule of one standard error alone, without a budget, has words of its own. */
static bool has_plain_rule(const mlsd__experiment *x)
{
    const mlsd__experiment_params *p = x->params;
    return p->choose == MLSD__CHOOSE_ONE_SE && isnan(p->max_latency_us) && isnan(p->max_bytes);
}

static void say_comparison(const mlsd__experiment *x, mlsd__text *t)
{
    if (x->chosen == 0 && !has_plain_rule(x)) return;
    if (x->chosen == 0) {
        mlsd__text_format(t,
                          " No model is better than '%s' by more than one standard error in "
                          "cross-validation: these columns do not tell enough about '%s', or the "
                          "rows are too few.",
                          x->names[0], x->params->target);
        return;
    }
    const mlsd__estimate e = improvement(x);
    mlsd__text_format(t, " In cross-validation it is better than '%s' by ", x->names[0]);
    mlsd__words_estimate(t, &e, x->params->level);
    if (isnan(e.low)) {
        mlsd__text_append(t, ".");
    } else if (e.low > 0) {
        mlsd__text_append(t, ", more than chance.");
    } else {
        mlsd__text_append(t, ", which cannot be told from chance.");
    }
}

static mlsd_status say_choice(const mlsd__experiment *x, mlsd__text *t)
{
    const char *best, *because;
    MLSD__TRY(mlsd_result_get_str(x->board, "best", &best));
    MLSD__TRY(mlsd_result_get_str(x->board, "chosen_because", &because));
    if (!has_plain_rule(x)) {
        mlsd__text_format(t, " It is %s.", because);
        return MLSD_OK;
    }
    if (x->chosen == 0) return MLSD_OK;
    if (strcmp(best, x->names[x->chosen]) == 0) {
        mlsd__text_append(t, " It has the best score, and no simpler model comes within one "
                             "standard error of it.");
        return MLSD_OK;
    }
    mlsd__text_format(t,
                      " It is the simplest model within one standard error of the best, '%s', so "
                      "nothing stronger is needed.",
                      best);
    return MLSD_OK;
}

static mlsd_status say_slices(const mlsd__experiment *x, mlsd__text *t)
{
    if (x->params->slices.n == 0) return MLSD_OK;
    const char *verdict;
    MLSD__TRY(mlsd_result_get_str(x->result, "slices.verdict", &verdict));
    if (*verdict == '\0') return MLSD_OK;
    mlsd__text_format(t, " By slice: %s", verdict);
    if (verdict[strlen(verdict) - 1] != '.') mlsd__text_append(t, ".");
    return MLSD_OK;
}

static void say_audit(const mlsd__experiment *x, mlsd__text *t)
{
    const int64_t before = t->length;
    mlsd__audit_say(t, " The audit of the split found ", x->result, MLSD__AUDIT_PREFIX);
    if (t->length > before) mlsd__text_append(t, ".");
    const int64_t between = t->length;
    mlsd__audit_say(t, " The audit of the folds found ", x->result, MLSD__FOLDS_AUDIT_PREFIX);
    if (t->length > between) mlsd__text_append(t, ".");
}

static void say_looks(const mlsd__experiment *x, mlsd__text *t)
{
    if (x->test_looks < 2) return;
    mlsd__text_append(t, " Mind that ");
    mlsd__words_looks(t, "test part", x->test_looks);
    mlsd__text_append(t, ".");
}

mlsd_status mlsd__experiment_conclude(mlsd__experiment *x)
{
    mlsd__text t;
    mlsd__text_init(&t, x->scope->allocator);
    say_test(x, &t);
    say_comparison(x, &t);
    mlsd_status status = say_choice(x, &t);
    if (status == MLSD_OK) status = say_slices(x, &t);
    if (status == MLSD_OK) say_audit(x, &t);
    if (status == MLSD_OK) say_looks(x, &t);
    if (status == MLSD_OK) status = t.status;
    if (status == MLSD_OK) status = mlsd__result_set_verdict(x->result, t.data);
    mlsd__text_free(&t);
    return status;
}
