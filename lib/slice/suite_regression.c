/* suite_regression.c - sets that must not fail again: each case says what is expected of it, a
 * label, a number within a tolerance, limits, or several of these, and passes when all hold. */
#include <math.h>

#include "slice/suite_impl.h"

typedef struct expectation {
    double label, low, high, quantity;
    bool has_label; /* and it is to be met */
} expectation;

static bool meets_label(const mlsd__suite_run *run, const mlsd__suite_set *set, double value,
                        double label)
{
    return run->predictor.n_classes > 0 ? value == label : fabs(value - label) <= set->tolerance;
}

static void say_failure(mlsd__suite_run *run, const mlsd__suite_set *set,
                        const mlsd__answers *answers, mlsd__suite_quantity q, const expectation *e,
                        int64_t row)
{
    const mlsd__predictor *const p = &run->predictor;
    mlsd__text expected, got;
    mlsd__text_init(&expected, run->scope->allocator);
    mlsd__text_init(&got, run->scope->allocator);
    if (e->has_label && p->n_classes > 0) {
        mlsd__text_append(&expected, p->classes[(int64_t)e->label]);
    } else if (e->has_label) {
        mlsd__short_text(e->label, &expected);
        mlsd__text_append(&expected, " +- ");
        mlsd__short_text(set->tolerance, &expected);
    }
    const bool has_limits = !isnan(e->low) || !isnan(e->high);
    if (has_limits && e->has_label) mlsd__text_append(&expected, ", ");
    if (has_limits) {
        mlsd__suite_quantity_text(p, q, e->label, &expected);
        mlsd__suite_limits_text(e->low, e->high, &expected);
    }
    const double broken = e->quantity < e->low ? e->low : e->high;
    const int digits = mlsd__digits_apart(e->quantity, broken);
    mlsd__answer_text(p, answers, row, digits, &got);
    if (has_limits && p->n_classes > 0 && !e->has_label) {
        mlsd__text_append(&got, ", ");
        mlsd__suite_quantity_text(p, q, e->label, &got);
        mlsd__digits_text(e->quantity, digits, &got);
    }
    if (expected.status == MLSD_OK && got.status == MLSD_OK) {
        mlsd__suite_failure(run, set, row, NULL, expected.data, got.data);
    } else {
        run->failures.status = MLSD_E_NOMEM;
    }
    mlsd__text_free(&got);
    mlsd__text_free(&expected);
}

static mlsd_status judge_cases(mlsd__suite_run *run, const mlsd__suite_set *set,
                               const mlsd__answers *answers, mlsd__suite_quantity q,
                               const double *labels, mlsd__suite_finding *out)
{
    const bool compares = run->predictor.n_classes > 0 || !isnan(set->tolerance);
    for (int64_t i = 0; i < set->n_rows; i++) {
        const int64_t row = set->rows[i];
        expectation e = {.label = labels[i], .quantity = NAN};
        e.has_label = compares && !isnan(e.label);
        mlsd__suite_limits_of(set, row, &e.low, &e.high);
        if (!e.has_label && isnan(e.low) && isnan(e.high))
            return mlsd__suite_fail(set->file->path, set->file->lines[row], MLSD_E_DATA,
                                    "the case expects nothing: its label or limits are empty");
        bool passes = !e.has_label || meets_label(run, set, answers->value[row], e.label);
        if (mlsd__suite_has_limits(set))
            e.quantity = mlsd__suite_quantity_of(&run->predictor, q, answers, row, labels[i]);
        passes = passes && !(e.quantity < e.low) && !(e.quantity > e.high);
        if (isnan(e.quantity) && (!isnan(e.low) || !isnan(e.high)))
            return mlsd__suite_fail(set->file->path, set->file->lines[row], MLSD_E_DATA,
                                    "the limits are of the label's probability, and it is empty");
        if (!passes) say_failure(run, set, answers, q, &e, row);
        out->n++;
        out->n_failed += !passes;
        MLSD__TRY(mlsd__checkpoint(run->scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__suite_run_regression(mlsd__suite_run *run, const mlsd__suite_set *set,
                                       mlsd__suite_finding *out)
{
    const mlsd__answers *answers;
    double *labels = NULL;
    mlsd__suite_quantity q = {-1};
    const bool has_limits = mlsd__suite_has_limits(set);
    if (run->predictor.n_classes == 0 && isnan(set->tolerance) && !has_limits)
        return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_PARAM_CONFLICT,
                                "the set '%.60s' needs 'tolerance', 'low' or 'high': the model "
                                "predicts numbers",
                                set->name);
    if (has_limits) MLSD__TRY(mlsd__suite_quantity_open(run, set, &q));
    MLSD__TRY(mlsd__suite_answers(run, set, &answers));
    MLSD__TRY(mlsd__suite_labels(run, set, has_limits, &labels));
    const mlsd_status status = judge_cases(run, set, answers, q, labels, out);
    mlsd__free(run->scope->allocator, labels);
    MLSD__TRY(status);
    mlsd__suite_judge_rate(set, out);
    return MLSD_OK;
}
