/* slice_divergence.c - the kind slice_divergence: all frequent patterns, by how far a rate among
 * their rows is from that of all rows (DivExplorer: Pastor, de Alfaro & Baralis 2021, SIGMOD).
 *
 * A rate is of the rows where its outcome is defined: a false positive rate of those that are
 * negative. Patterns are frequent by all their rows, so that all that lies within one is known;
 * they are reported only with enough rows of the rate's own. Unlike the original, the test is
 * against the rows outside the pattern, which share none with it, and not against all. */
#include <math.h>
#include <string.h>

#include "metric/adjust.h"
#include "slice/finder.h"
#include "slice/patterns.h"
#include "slice/slice_loss.h"
#include "numeric/rank.h"
#include "validate/result_rows.h"

/* A rate: among rows where `of` holds, the share where `is` holds. */
typedef enum fact {
    ANY,
    TRUE_POSITIVE,
    TRUE_NEGATIVE,
    SAID_POSITIVE,
    SAID_NEGATIVE,
    RIGHT,
    WRONG
} fact;
typedef struct rate {
    fact of, is;
    const char *words;
} rate;

enum { OUTCOME_GIVEN = 0 };
static const char *const outcomes[] = {"given",
                                       "error_rate",
                                       "accuracy",
                                       "recall",
                                       "fnr",
                                       "fpr",
                                       "specificity",
                                       "precision",
                                       "false_discovery_rate",
                                       "npv",
                                       "false_omission_rate",
                                       "selection_rate",
                                       "prevalence",
                                       NULL};
static const rate rates[] = {
    {ANY, ANY, "rate"},
    {ANY, WRONG, "error rate"},
    {ANY, RIGHT, "accuracy"},
    {TRUE_POSITIVE, RIGHT, "recall (true positive rate)"},
    {TRUE_POSITIVE, WRONG, "false negative rate"},
    {TRUE_NEGATIVE, WRONG, "false positive rate"},
    {TRUE_NEGATIVE, RIGHT, "specificity (true negative rate)"},
    {SAID_POSITIVE, RIGHT, "precision"},
    {SAID_POSITIVE, WRONG, "false discovery rate"},
    {SAID_NEGATIVE, RIGHT, "negative predictive value"},
    {SAID_NEGATIVE, WRONG, "false omission rate"},
    {ANY, SAID_POSITIVE, "selection rate"},
    {ANY, TRUE_POSITIVE, "prevalence"},
};

enum { BOTH_WAYS, ONLY_HIGHER, ONLY_LOWER };
static const char *const directions[] = {"both", "higher", "lower", NULL};

static const mlsd_param params[] = {
    MLSD__FINDER_BY,
    MLSD__P_CHOICE(mlsd__finder_params, outcome, outcomes, "\"error_rate\"",
                   "the rate; given: the prediction says 1, 0 or NaN (not defined) itself"),
    MLSD__P_I64(mlsd__finder_params, positive, 0, INT32_MAX, "1", NULL,
                "the class that rates call positive"),
    MLSD__P_CHOICE(mlsd__finder_params, direction, directions, "\"both\"",
                   "report patterns whose rate is higher than that of all, lower, or both"),
    MLSD__P_I64(mlsd__finder_params, k, 1, 10000, "10", "log", "patterns to report"),
    MLSD__P_F64(mlsd__finder_params, epsilon, 0, 1, 0, "0.01", NULL,
                "leave out patterns of which some item moves the rate by no more"),
    MLSD__P_I64(mlsd__finder_params, max_level, 1, MLSD__MOST_PREDICATES, "3", NULL,
                "items of a pattern at most"),
    MLSD__P_I64(mlsd__finder_params, max_patterns, 1, 1000000000.0, "1000000", "log",
                "frequent patterns above which it gives up"),
    MLSD__FINDER_SUPPORT,
    MLSD__FINDER_HALVES,
};

typedef struct run {
    mlsd__finder finder;
    mlsd__patterns patterns;
    int64_t n_redundant, n_low_support;
    double *q_values;
    int64_t *chosen; /* patterns in the order of their divergence */
    int64_t n_chosen;
} run;

/* ---- outcomes ---- */

static bool holds(fact f, double y, double prediction, double positive)
{
    switch (f) {
    case TRUE_POSITIVE:
        return y == positive;
    case TRUE_NEGATIVE:
        return y != positive;
    case SAID_POSITIVE:
        return prediction == positive;
    case SAID_NEGATIVE:
        return prediction != positive;
    case RIGHT:
    case WRONG:
        return ((y == positive) == (prediction == positive)) == (f == RIGHT);
    default:
        return true;
    }
}

/* Accuracy and error rate are of the class itself, others of positive or not. */
static double outcome_of(int64_t outcome, double y, double prediction, double positive)
{
    const rate *const r = &rates[outcome];
    if (!holds(r->of, y, prediction, positive)) return NAN;
    if (r->of == ANY && (r->is == RIGHT || r->is == WRONG)) {
        return (y == prediction) == (r->is == RIGHT);
    }
    return holds(r->is, y, prediction, positive);
}

static mlsd_status read_given(mlsd__scope *scope, const mlsd__slicing_input *in, double **out)
{
    if (in->y != NULL) {
        return mlsd__fail(MLSD_E_ARG,
                          "with outcome = given there is no y: the prediction is the outcome");
    }
    MLSD__TRY(mlsd__slicing_column(scope, in, in->prediction, "prediction", out));
    for (int64_t i = 0; i < in->n_rows; i++) {
        const double x = (*out)[i];
        if (x == 0 || x == 1 || isnan(x)) continue;
        mlsd__free(scope->allocator, *out);
        *out = NULL;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(x, text);
        return mlsd__fail(MLSD_E_DATA, "the outcome of row %lld is %s, not 0, 1 or NaN",
                          (long long)i, text);
    }
    return MLSD_OK;
}

static mlsd_status read_outcomes(mlsd__scope *scope, const mlsd__slicing_input *in,
                                 const mlsd__finder_params *p, double **out)
{
    double *prediction = NULL;
    *out = NULL;
    if (p->outcome == OUTCOME_GIVEN) return read_given(scope, in, out);
    if (in->y == NULL) {
        return mlsd__fail(MLSD_E_ARG, "outcome = %s needs y; without it only 'given' has a meaning",
                          outcomes[p->outcome]);
    }
    MLSD__TRY(mlsd__slice_labels_read(scope, in, out, &prediction));
    for (int64_t i = 0; i < in->n_rows; i++) {
        (*out)[i] = outcome_of(p->outcome, (*out)[i], prediction[i], (double)p->positive);
    }
    mlsd__free(scope->allocator, prediction);
    return MLSD_OK;
}

/* ---- which patterns ---- */

static double divergence_at(const run *r, int64_t i)
{
    return r->patterns.all[i].value - r->patterns.whole;
}

/* Does some item of it move the rate by no more than epsilon? */
static bool is_redundant(const run *r, int64_t i)
{
    const mlsd__patterns *const p = &r->patterns;
    const int32_t n = p->all[i].n_items;
    const int32_t *const items = mlsd__pattern_items(p, i);
    for (int32_t left_out = 0; left_out < n; left_out++) {
        int32_t rest[MLSD__MOST_PREDICATES], m = 0;
        for (int32_t j = 0; j < n; j++) {
            if (j != left_out) rest[m++] = items[j];
        }
        const double moved = divergence_at(r, i) - mlsd__divergence(p, rest, m);
        if (fabs(moved) <= r->finder.p->epsilon) return true;
    }
    return false;
}

static bool is_wanted(run *r, int64_t i)
{
    const int64_t direction = r->finder.p->direction;
    const double d = divergence_at(r, i);
    if (r->patterns.all[i].n < r->finder.min_support) {
        r->n_low_support++;
        return false;
    }
    if (isnan(d) || (direction == ONLY_HIGHER && !(d > 0)) || (direction == ONLY_LOWER && !(d < 0)))
        return false;
    if (!is_redundant(r, i)) return true;
    r->n_redundant++;
    return false;
}

/* Fewer items first, then items in order. */
static bool goes_before(const mlsd__patterns *p, int64_t x, int64_t y)
{
    const int32_t *const a = mlsd__pattern_items(p, x), *const b = mlsd__pattern_items(p, y);
    if (p->all[x].n_items != p->all[y].n_items) return p->all[x].n_items < p->all[y].n_items;
    for (int32_t j = 0; j < p->all[x].n_items; j++) {
        if (a[j] != b[j]) return a[j] < b[j];
    }
    return false;
}

/* Keep the k farthest from the rate of all, in order. */
static void offer(run *r, int64_t i)
{
    const int64_t k = r->finder.p->k;
    const double d = fabs(divergence_at(r, i));
    int64_t at = r->n_chosen;
    for (; at > 0; at--) {
        const double other = fabs(divergence_at(r, r->chosen[at - 1]));
        if (other > d || (other == d && !goes_before(&r->patterns, i, r->chosen[at - 1]))) break;
    }
    if (at >= k) return;
    if (r->n_chosen < k) r->n_chosen++;
    memmove(r->chosen + at + 1, r->chosen + at, (size_t)(r->n_chosen - at - 1) * sizeof *r->chosen);
    r->chosen[at] = i;
}

static mlsd_status choose(mlsd__scope *scope, run *r)
{
    r->chosen = mlsd__alloc_raw(scope->allocator, r->finder.p->k, sizeof *r->chosen);
    if (r->chosen == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < r->patterns.n; i++) {
        if (is_wanted(r, i)) offer(r, i);
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- the work ---- */

static mlsd_status open_run(mlsd__scope *scope, const mlsd__finder_params *p,
                            const mlsd__slicing_input *in, run *r)
{
    double *outcome = NULL;
    mlsd_status status = read_outcomes(scope, in, p, &outcome);
    if (status == MLSD_OK) status = mlsd__finder_open(scope, p, in, outcome, false, &r->finder);
    mlsd__free(scope->allocator, outcome);
    return status;
}

static mlsd_status mine(mlsd__scope *scope, run *r)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__finder *const f = &r->finder;
    const mlsd__patterns_options options = {.max_level = f->p->max_level,
                                            .min_support = f->min_support,
                                            .confirm_support = f->confirm_support,
                                            .max_patterns = f->p->max_patterns};
    MLSD__TRY(mlsd__patterns_make(scope, &f->sliced, f->halves, &options, &r->patterns));
    const int64_t n = r->patterns.n;
    r->q_values = mlsd__alloc_raw(a, n, sizeof *r->q_values);
    if (r->q_values == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) r->q_values[i] = r->patterns.all[i].p_value;
    r->finder.findings.n_tested = mlsd__count_known(r->q_values, n);
    r->finder.findings.n_looked_at = r->patterns.n_looked_at;
    MLSD__TRY(mlsd__adjust_p_values(a, MLSD__BENJAMINI_HOCHBERG, r->q_values, n, r->q_values));
    return choose(scope, r);
}

static mlsd_status judge_all(mlsd__scope *scope, run *r)
{
    mlsd__findings *const found = &r->finder.findings;
    MLSD__TRY(mlsd__findings_make(scope->allocator, r->n_chosen, found));
    found->what = rates[r->finder.p->outcome].words;
    found->claim = "different";
    for (int64_t i = 0; i < found->n; i++) {
        const int64_t at = r->chosen[i];
        found->rows[i].score = divergence_at(r, at);
        found->rows[i].q_value = r->q_values[at];
        MLSD__TRY(mlsd__finder_judge(&r->finder, i, mlsd__pattern_items(&r->patterns, at),
                                     r->patterns.all[at].n_items, true));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- tables of items ---- */

/* Words of an item as a cell. */
static mlsd_status put_item(mlsd__rows *rows, const run *r, int32_t item)
{
    const mlsd__sliced *const s = &r->finder.sliced;
    mlsd__text t;
    mlsd__text_init(&t, rows->allocator);
    mlsd__sliced_words(s, &s->items[item], &t);
    mlsd__rows_str(rows, t.data);
    const mlsd_status status = t.status;
    mlsd__text_free(&t);
    return status;
}

static const mlsd__row_column item_columns[] = {
    {"column", MLSD_COLUMN_CATEGORY}, {"item", MLSD_COLUMN_CATEGORY},  {"n", MLSD_COLUMN_I64},
    {"value", MLSD_COLUMN_F64},       {"divergence", MLSD_COLUMN_F64}, {"shapley", MLSD_COLUMN_F64},
};

static mlsd_status put_items(const run *r, mlsd_result *out, const mlsd__allocator *a)
{
    const mlsd__sliced *const s = &r->finder.sliced;
    mlsd__rows rows;
    mlsd_table *table = NULL;
    double *const shapley = mlsd__alloc_raw(a, s->n_items, sizeof *shapley);
    if (shapley == NULL) return MLSD_E_NOMEM;
    mlsd__shapley_of_items(&r->patterns, s, shapley);
    mlsd__rows_init(&rows, a, item_columns, MLSD__COUNT(item_columns));
    mlsd_status status = MLSD_OK;
    for (int32_t k = 0; k < s->n_items && status == MLSD_OK; k++) {
        const int64_t at = mlsd__patterns_find(&r->patterns, &k, 1);
        if (at < 0) continue;
        const mlsd__pattern *const p = &r->patterns.all[at];
        mlsd__rows_str(&rows, mlsd__sliced_column(s, &s->items[k]));
        status = put_item(&rows, r, k);
        mlsd__rows_i64(&rows, p->n);
        mlsd__rows_f64(&rows, p->value);
        mlsd__rows_f64(&rows, p->value - r->patterns.whole);
        mlsd__rows_f64(&rows, shapley[k]);
    }
    mlsd__free(a, shapley);
    const mlsd_status made = mlsd__rows_to_table(&rows, &table);
    if (status == MLSD_OK) status = made;
    if (status != MLSD_OK) {
        mlsd_table_free(table);
        return status;
    }
    return mlsd__result_set_table(out, "items", table, false);
}

static const mlsd__row_column contribution_columns[] = {
    {"slice", MLSD_COLUMN_CATEGORY},
    {"item", MLSD_COLUMN_CATEGORY},
    {"contribution", MLSD_COLUMN_F64},
};

static mlsd_status put_contributions(const run *r, mlsd_result *out, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd_status status = MLSD_OK;
    mlsd__rows_init(&rows, a, contribution_columns, MLSD__COUNT(contribution_columns));
    for (int64_t i = 0; i < r->n_chosen; i++) {
        const int64_t at = r->chosen[i];
        double shapley[MLSD__MOST_PREDICATES];
        mlsd__shapley_of_pattern(&r->patterns, at, shapley);
        for (int32_t j = 0; j < r->patterns.all[at].n_items && status == MLSD_OK; j++) {
            mlsd__rows_str(&rows, r->finder.findings.rows[i].slice.data);
            status = put_item(&rows, r, mlsd__pattern_items(&r->patterns, at)[j]);
            mlsd__rows_f64(&rows, shapley[j]);
        }
    }
    const mlsd_status made = mlsd__rows_to_table(&rows, &table);
    if (status == MLSD_OK) status = made;
    if (status != MLSD_OK) {
        mlsd_table_free(table);
        return status;
    }
    return mlsd__result_set_table(out, "contributions", table, false);
}

static mlsd_status add_tables(const run *r, mlsd_result *out, const mlsd__allocator *a)
{
    MLSD__TRY(mlsd__result_set_str(out, "outcome", outcomes[r->finder.p->outcome], false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_patterns", (double)r->patterns.n, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_redundant", (double)r->n_redundant, false));
    MLSD__TRY(mlsd__result_set_f64(out, "n_unsupported", (double)r->n_low_support, false));
    MLSD__TRY(put_items(r, out, a));
    return put_contributions(r, out, a);
}

static mlsd_status run_divergence(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__slicing_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    run r = {0};
    mlsd_result *result = NULL;
    mlsd_status status = open_run(scope, mlsd__spec_params(spec), in, &r);
    if (status == MLSD_OK) status = mine(scope, &r);
    if (status == MLSD_OK) status = judge_all(scope, &r);
    if (status == MLSD_OK) status = mlsd__finder_result(&r.finder, "slice_divergence", a, &result);
    if (status == MLSD_OK) status = add_tables(&r, result, a);
    mlsd__free(a, r.chosen);
    mlsd__free(a, r.q_values);
    mlsd__patterns_free(&r.patterns, a);
    mlsd__finder_close(&r.finder, a);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_prediction = true, .run = run_divergence};

const mlsd_kind mlsd__kind_slice_divergence = {
    .name = "slice_divergence",
    .family = "slicing",
    .doc =
        "All frequent patterns by how far a rate among their rows is from elsewhere (DivExplorer, "
        "Pastor et al. 2021), with what each item contributes",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(mlsd__finder_params),
    .ops = &ops,
};
