/* suite_edge.c - cases are changed, and the prediction must answer as expected: stay the same
 * (invariance), not fall or not rise (direction; monotonicity along a list of values), or keep
 * limits. Ribeiro, Wu, Guestrin & Singh (2020), "Beyond accuracy: behavioral testing of NLP models
 * with CheckList", ACL 2020, for models of tables.
 *
 * A case that the change leaves as it is tests nothing and is not counted: a misspelt value must
 * not look like a model that never fails. */
#include <math.h>

#include "slice/suite_impl.h"

typedef struct edge {
    mlsd__suite_run *run;
    const mlsd__suite_set *set;
    mlsd__suite_quantity quantity;
    bool has_quantity;
    const mlsd__answers *before; /* all rows of the file */
    int64_t n_copies;
    mlsd_table **tables;    /* NULL where nothing is changed */
    mlsd__answers *answers; /* of each copy */
} edge;

static double of(const edge *e, const mlsd__answers *answers, int64_t i)
{
    return mlsd__suite_quantity_of(&e->run->predictor, e->quantity, answers, i, NAN);
}

static bool is_ordering(const mlsd__suite_set *set)
{
    return set->expect >= MLSD__EXPECT_NOT_LOWER;
}

static double tolerance_of(const mlsd__suite_set *set)
{
    return isnan(set->tolerance) ? 0 : set->tolerance;
}

/* The largest difference of two answers: of numbers, or of the probability of any class. */
static double distance(const mlsd__predictor *p, const mlsd__answers *a, int64_t i,
                       const mlsd__answers *b, int64_t j)
{
    if (p->n_classes == 0) return fabs(a->value[i] - b->value[j]);
    double largest = 0;
    for (int64_t c = 0; c < p->n_classes; c++)
        largest =
            fmax(largest, fabs(a->proba[i * p->n_classes + c] - b->proba[j * p->n_classes + c]));
    return largest;
}

static bool is_same(const edge *e, const mlsd__answers *a, int64_t i, const mlsd__answers *b,
                    int64_t j)
{
    const mlsd__predictor *const p = &e->run->predictor;
    if (p->n_classes > 0 && isnan(e->set->tolerance)) return a->value[i] == b->value[j];
    return distance(p, a, i, b, j) <= tolerance_of(e->set);
}

static bool is_ordered(const mlsd__suite_set *set, double before, double after)
{
    const double by = after - before, tolerance = tolerance_of(set);
    switch (set->expect) {
    case MLSD__EXPECT_NOT_LOWER:
        return by >= -tolerance;
    case MLSD__EXPECT_NOT_HIGHER:
        return by <= tolerance;
    case MLSD__EXPECT_HIGHER:
        return by > tolerance;
    default:
        return by < -tolerance;
    }
}

/* What a copy is compared with: along a list of values the copy before, otherwise the case as it
 * is. NULL for the first of a list. */
static const mlsd__answers *reference(const edge *e, int64_t copy, int64_t i, int64_t *out_i)
{
    if (is_ordering(e->set) && e->n_copies > 1) {
        *out_i = i;
        return copy == 0 ? NULL : &e->answers[copy - 1];
    }
    *out_i = e->set->rows[i];
    return e->before;
}

static bool holds(const edge *e, int64_t copy, int64_t i)
{
    const mlsd__suite_set *const set = e->set;
    const mlsd__answers *const after = &e->answers[copy];
    double low, high;
    mlsd__suite_limits_of(set, set->rows[i], &low, &high);
    if (e->has_quantity && (of(e, after, i) < low || of(e, after, i) > high)) return false;
    int64_t at = 0;
    const mlsd__answers *const before = reference(e, copy, i, &at);
    if (set->expect == MLSD__EXPECT_NOTHING || before == NULL) return true;
    return set->expect == MLSD__EXPECT_SAME ? is_same(e, before, at, after, i)
                                            : is_ordered(set, of(e, before, at), of(e, after, i));
}

/* As many digits as show that what was got is not what was expected. */
static int digits_of(const edge *e, int64_t copy, int64_t i)
{
    const mlsd__suite_set *const set = e->set;
    const mlsd__predictor *const p = &e->run->predictor;
    const mlsd__answers *const after = &e->answers[copy];
    double low, high;
    int64_t at = 0;
    int digits = MLSD__SHORT_DIGITS;
    const mlsd__answers *const before = reference(e, copy, i, &at);
    mlsd__suite_limits_of(set, set->rows[i], &low, &high);
    if (e->has_quantity) {
        const double now = of(e, after, i);
        if (now < low || now > high) digits = mlsd__digits_apart(now, now < low ? low : high);
        if (is_ordering(set) && before != NULL) {
            const int more = mlsd__digits_apart(now, of(e, before, at));
            digits = more > digits ? more : digits;
        }
    } else if (before != NULL &&
               (p->n_classes == 0 || before->value[at] == after->value[i])) { /* by number alone */
        digits = mlsd__digits_apart(mlsd__answer_number(p, before, at),
                                    mlsd__answer_number(p, after, i));
    }
    return digits;
}

static void say_expected(const edge *e, int64_t copy, int64_t i, int digits, mlsd__text *t)
{
    static const char *const words[] = {
        [MLSD__EXPECT_SAME] = "same as ",
        [MLSD__EXPECT_NOT_LOWER] = "not lower than ",
        [MLSD__EXPECT_NOT_HIGHER] = "not higher than ",
        [MLSD__EXPECT_HIGHER] = "higher than ",
        [MLSD__EXPECT_LOWER] = "lower than ",
    };
    const mlsd__suite_set *const set = e->set;
    const mlsd__predictor *const p = &e->run->predictor;
    double low, high;
    int64_t at = 0;
    const mlsd__answers *const before = reference(e, copy, i, &at);
    if (e->has_quantity) mlsd__suite_quantity_text(p, e->quantity, NAN, t);
    if (set->expect != MLSD__EXPECT_NOTHING && before != NULL) {
        mlsd__text_append(t, words[set->expect]);
        if (is_ordering(set)) {
            mlsd__digits_text(of(e, before, at), digits, t);
        } else {
            mlsd__answer_text(p, before, at, digits, t);
        }
    }
    mlsd__suite_limits_of(set, set->rows[i], &low, &high);
    if (set->expect != MLSD__EXPECT_NOTHING && (!isnan(low) || !isnan(high)))
        mlsd__text_append(t, ", ");
    mlsd__suite_limits_text(low, high, t);
}

static void say_failure(const edge *e, int64_t copy, int64_t i)
{
    const mlsd__allocator *const a = e->run->scope->allocator;
    mlsd__text change, expected, got;
    mlsd__text_init(&change, a);
    mlsd__text_init(&expected, a);
    mlsd__text_init(&got, a);
    mlsd__text_append(&change, "");
    if (e->tables != NULL) mlsd__suite_change_text(e->set, e->tables[copy], i, &change);
    const int digits = digits_of(e, copy, i);
    say_expected(e, copy, i, digits, &expected);
    if (e->has_quantity) {
        mlsd__suite_quantity_text(&e->run->predictor, e->quantity, NAN, &got);
        mlsd__digits_text(of(e, &e->answers[copy], i), digits, &got);
    } else {
        mlsd__answer_text(&e->run->predictor, &e->answers[copy], i, digits, &got);
    }
    if (change.status == MLSD_OK && expected.status == MLSD_OK && got.status == MLSD_OK) {
        mlsd__suite_failure(e->run, e->set, e->set->rows[i], change.data, expected.data, got.data);
    } else {
        e->run->failures.status = MLSD_E_NOMEM;
    }
    mlsd__text_free(&got);
    mlsd__text_free(&expected);
    mlsd__text_free(&change);
}

static bool is_tested(const edge *e, int64_t i)
{
    if (e->tables == NULL) return true;
    for (int64_t copy = 0; copy < e->n_copies; copy++) {
        if (mlsd__suite_is_changed(e->set, e->tables[copy], i)) return true;
    }
    return false;
}

static mlsd_status judge_cases(const edge *e, mlsd__suite_finding *out)
{
    const mlsd__suite_set *const set = e->set;
    for (int64_t i = 0; i < set->n_rows; i++) {
        if (!is_tested(e, i)) continue;
        int64_t copy = 0;
        while (copy < e->n_copies && holds(e, copy, i)) copy++;
        if (copy < e->n_copies) say_failure(e, copy, i);
        out->n++;
        out->n_failed += copy < e->n_copies;
        MLSD__TRY(mlsd__checkpoint(e->run->scope));
    }
    if (out->n > 0) return MLSD_OK;
    return mlsd__suite_fail(e->run->suite->path, set->line, MLSD_E_DATA,
                            "the set '%.60s' changes none of its %lld cases", set->name,
                            (long long)set->n_rows);
}

/* Some rows of a file's answers, so that all copies look alike. */
static mlsd_status pick(const mlsd__suite_run *run, const mlsd__suite_set *set,
                        const mlsd__answers *all, mlsd__answers *out)
{
    const mlsd__allocator *const a = run->scope->allocator;
    const int64_t n = set->n_rows, k = run->predictor.n_classes;
    int64_t size = 0;
    out->n = n;
    out->value = mlsd__alloc_raw(a, n, sizeof *out->value);
    if (out->value == NULL) return MLSD_E_NOMEM;
    if (all->proba != NULL) {
        MLSD__TRY(mlsd__mul_size(n, k, &size));
        out->proba = mlsd__alloc_raw(a, size, sizeof *out->proba);
        if (out->proba == NULL) return MLSD_E_NOMEM;
    }
    for (int64_t i = 0; i < n; i++) {
        out->value[i] = all->value[set->rows[i]];
        for (int64_t c = 0; all->proba != NULL && c < k; c++)
            out->proba[i * k + c] = all->proba[set->rows[i] * k + c];
    }
    return MLSD_OK;
}

static mlsd_status make_copies(edge *e)
{
    const mlsd__allocator *const a = e->run->scope->allocator;
    e->answers = mlsd__alloc(a, e->n_copies, sizeof *e->answers);
    if (e->answers == NULL) return MLSD_E_NOMEM;
    if (e->set->n_changes == 0) return pick(e->run, e->set, e->before, &e->answers[0]);
    e->tables = mlsd__alloc(a, e->n_copies, sizeof *e->tables);
    if (e->tables == NULL) return MLSD_E_NOMEM;
    for (int64_t copy = 0; copy < e->n_copies; copy++) {
        MLSD__TRY(mlsd__suite_change_cases(e->run, e->set, copy, &e->tables[copy]));
        MLSD__TRY(mlsd__suite_predict(e->run, e->tables[copy], e->set->file, &e->answers[copy]));
    }
    return MLSD_OK;
}

static void free_copies(edge *e)
{
    const mlsd__allocator *const a = e->run->scope->allocator;
    for (int64_t k = 0; k < e->n_copies; k++) {
        if (e->tables != NULL) mlsd_table_free(e->tables[k]);
        if (e->answers != NULL) mlsd__answers_free(a, &e->answers[k]);
    }
    mlsd__free(a, e->tables);
    mlsd__free(a, e->answers);
}

mlsd_status mlsd__suite_run_edge(mlsd__suite_run *run, const mlsd__suite_set *set,
                                 mlsd__suite_finding *out)
{
    edge e = {.run = run, .set = set, .n_copies = set->n_copies};
    const mlsd__predictor *const p = &run->predictor;
    if (p->predictions != NULL && set->n_changes > 0)
        return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_UNSUPPORTED,
                                "the set '%.60s' changes its cases, which needs a model, not "
                                "predictions",
                                set->name);
    if (p->n_classes > 0 && !p->has_proba && set->expect == MLSD__EXPECT_SAME &&
        !isnan(set->tolerance))
        return mlsd__suite_fail(run->suite->path, set->line, MLSD_E_UNSUPPORTED,
                                "'tolerance' of the set '%.60s' is about probabilities, and "
                                "there are none",
                                set->name);
    e.has_quantity = is_ordering(set) || mlsd__suite_has_limits(set);
    if (e.has_quantity) MLSD__TRY(mlsd__suite_quantity_open(run, set, &e.quantity));
    MLSD__TRY(mlsd__suite_answers(run, set, &e.before));
    mlsd_status status = make_copies(&e);
    if (status == MLSD_OK) status = judge_cases(&e, out);
    free_copies(&e);
    if (status == MLSD_OK) mlsd__suite_judge_rate(set, out);
    return status;
}
