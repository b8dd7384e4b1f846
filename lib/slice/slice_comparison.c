/* slice_comparison.c - the kind slice_comparison: two models on the same rows, and for whom the
 * second is worse. The prediction has the columns of the first model and then those of the second.
 */
#include <math.h>

#include "metric/adjust.h"
#include "numeric/rank.h"
#include "slice/finder.h"
#include "slice/paired_slices.h"
#include "slice/slice_loss.h"
#include "validate/result_impl.h"
#include "validate/result_rows.h"
#include "validate/words.h"

typedef struct comparison_params {
    mlsd__str_list by;
    const char *name_a, *name_b;
    int64_t loss, max_level, min_support, test, correction, max_groups, max_values, n_bins, binning;
    double level;
} comparison_params;

static const char *const tests[] = {
    [MLSD__MCNEMAR_MID_P] = "mid_p", [MLSD__MCNEMAR_EXACT] = "exact", NULL};

static const mlsd_param params[] = {
    MLSD__P_STR_LIST(comparison_params, by, "null", "columns to slice by; null: all"),
    MLSD__P_CHOICE(comparison_params, loss, mlsd__slice_losses, "\"auto\"",
                   "loss of a row; auto: given without y, zero_one for classes, else squared"),
    MLSD__P_I64(comparison_params, max_level, 1, 8, "2", NULL,
                "columns whose values are crossed at most"),
    MLSD__P_I64(comparison_params, min_support, 2, 1000000000000.0, "30", "log",
                "rows that a group needs to be judged"),
    MLSD__P_CHOICE(comparison_params, test, tests, "\"mid_p\"",
                   "McNemar's test of losses that are 0 or 1: mid_p, or exact on the safe side"),
    MLSD__P_CHOICE(comparison_params, correction, mlsd__corrections, "\"benjamini_hochberg\"",
                   "correction of the p-values for the number of groups that are judged"),
    MLSD__P_I64(comparison_params, max_groups, 1, 10000000, "10000", "log", "groups at most"),
    MLSD__P_I64(comparison_params, max_values, 0, 100000, "20", "log",
                "columns of numbers with no more values are sliced by value"),
    MLSD__P_I64(comparison_params, n_bins, 1, 10000, "4", "log",
                "bins of other columns of numbers"),
    MLSD__P_CHOICE(comparison_params, binning, mlsd__finder_binnings, "\"quantile\"",
                   "bins of equally many rows, or of equal width"),
    MLSD__P_F64(comparison_params, level, 0, 1, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.95", NULL,
                "level of intervals"),
    MLSD__P_STR(comparison_params, name_a, "\"a\"", "what the verdict calls the first model"),
    MLSD__P_STR(comparison_params, name_b, "\"b\"", "what the verdict calls the second model"),
};

typedef struct comparing {
    const comparison_params *p;
    const char *name[2];
    int64_t loss;
    mlsd__sliced sliced;
    mlsd__paired_rows rows;
    mlsd__paired_options options;
    mlsd__paired_slice overall;
    mlsd__paired_slices slices;
    int64_t *order; /* of the table: judged groups first, the worst of the second model first */
    int64_t n_tested, n_worse, n_better, n_low, n_undefined;
} comparing;

/* ---- what comes in ---- */

/* The columns of one model. */
static mlsd_matrix columns_of(const mlsd_matrix *m, int64_t model)
{
    mlsd_matrix half = *m;
    const int64_t bytes = m->dtype == MLSD_F32 || m->dtype == MLSD_I32 ? 4 : 8;
    half.cols = m->cols / 2;
    half.data = (const char *)m->data + model * half.cols * m->col_stride * bytes;
    return half;
}

static mlsd_status check_columns(const mlsd_matrix *m)
{
    if (m->cols >= 2 && m->cols % 2 == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE,
                      "prediction needs the columns of the first model and then as many of the "
                      "second, got %lld",
                      (long long)m->cols);
}

static mlsd_status read_losses(mlsd__scope *scope, const mlsd__slicing_input *in, comparing *c,
                               double *loss[2])
{
    int64_t taken[2] = {0};
    MLSD__TRY(check_columns(in->prediction));
    for (int64_t k = 0; k < 2; k++) {
        const mlsd_matrix half = columns_of(in->prediction, k);
        mlsd__slicing_input of = *in;
        of.prediction = &half;
        MLSD__TRY(mlsd__slice_loss_read(scope, &of, c->p->loss, &taken[k], &loss[k]));
    }
    c->loss = taken[0];
    if (taken[0] == taken[1]) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA,
                      "the first model's predictions look like %s losses and the second's like "
                      "%s; say which by the parameter 'loss'",
                      mlsd__slice_losses[taken[0]], mlsd__slice_losses[taken[1]]);
}

/* Rows that weigh more than 0 close ranks, as those of the groups did. */
static void keep_rows(mlsd__paired_rows *r, int64_t n)
{
    r->n = 0;
    r->zero_one = true;
    for (int64_t i = 0; i < n; i++) {
        if (r->weight != NULL && !(r->weight[i] > 0)) continue;
        for (int k = 0; k < 2; k++) {
            r->loss[k][r->n] = r->loss[k][i];
            r->zero_one = r->zero_one && (r->loss[k][i] == 0 || r->loss[k][i] == 1);
        }
        if (r->weight != NULL) r->weight[r->n] = r->weight[i];
        r->n++;
    }
}

static mlsd_status open_comparing(mlsd__scope *scope, const mlsd__slicing_input *in, comparing *c)
{
    const comparison_params *const p = c->p;
    const mlsd__sliced_options options = {
        .by = &p->by,
        .bins = {.max_values = p->max_values, .n_bins = p->n_bins, .equal_width = p->binning == 1},
        .codes = true};
    c->name[0] = p->name_a == NULL ? "a" : p->name_a;
    c->name[1] = p->name_b == NULL ? "b" : p->name_b;
    c->options = (mlsd__paired_options){.max_level = p->max_level,
                                        .max_groups = p->max_groups,
                                        .min_support = p->min_support,
                                        .test = p->test,
                                        .level = p->level};
    MLSD__TRY(read_losses(scope, in, c, c->rows.loss));
    MLSD__TRY(mlsd__slicing_weights(scope, in, &c->rows.weight));
    MLSD__TRY(mlsd__sliced_make(scope, in, &options, c->rows.loss[0], c->rows.weight, &c->sliced));
    keep_rows(&c->rows, in->n_rows);
    return MLSD_OK;
}

/* ---- judging ---- */

static bool is_finding(const mlsd__paired_slice *s)
{
    return s->status == mlsd__paired_ok && s->q_value <= MLSD__FINDING_LEVEL &&
           s->is.difference != 0;
}

static mlsd_status correct(comparing *c, const mlsd__allocator *a)
{
    mlsd__paired_slices *const s = &c->slices;
    double *const q = mlsd__alloc_raw(a, s->n, sizeof *q);
    if (q == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n; i++) q[i] = s->rows[i].is.p_value;
    c->n_tested = mlsd__count_known(q, s->n);
    const mlsd_status status = mlsd__adjust_p_values(a, c->p->correction, q, s->n, q);
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++) s->rows[i].q_value = q[i];
    mlsd__free(a, q);
    return status;
}

static mlsd_status order_slices(comparing *c, const mlsd__allocator *a)
{
    const mlsd__paired_slices *const s = &c->slices;
    double *const key = mlsd__alloc_raw(a, s->n, sizeof *key);
    c->order = mlsd__alloc_raw(a, s->n, sizeof *c->order);
    mlsd_status status = key == NULL || c->order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; i < s->n && status == MLSD_OK; i++)
        key[i] = s->rows[i].status == mlsd__paired_ok ? -s->rows[i].is.difference : (double)NAN;
    if (status == MLSD_OK) status = mlsd__argsort(a, key, s->n, c->order);
    mlsd__free(a, key);
    return status;
}

static void count_slices(comparing *c)
{
    for (int64_t i = 0; i < c->slices.n; i++) {
        const mlsd__paired_slice *const s = &c->slices.rows[i];
        c->n_low += s->status == mlsd__paired_low_support;
        c->n_undefined += s->status == mlsd__paired_undefined;
        if (!is_finding(s)) continue;
        c->n_worse += s->is.difference > 0;
        c->n_better += s->is.difference < 0;
    }
}

static mlsd_status judge(mlsd__scope *scope, comparing *c)
{
    MLSD__TRY(mlsd__paired_overall(scope, &c->rows, &c->options, &c->overall));
    MLSD__TRY(mlsd__paired_slices_make(scope, &c->sliced, &c->rows, &c->options, &c->slices));
    MLSD__TRY(correct(c, scope->allocator));
    MLSD__TRY(order_slices(c, scope->allocator));
    count_slices(c);
    return MLSD_OK;
}

/* The group whose getting worse is the least likely to be chance; NULL for none. */
static const mlsd__paired_slice *find_worst(const comparing *c)
{
    const mlsd__paired_slice *worst = NULL;
    for (int64_t i = 0; i < c->slices.n; i++) {
        const mlsd__paired_slice *const s = &c->slices.rows[c->order[i]];
        if (!is_finding(s) || !(s->is.difference > 0)) continue;
        if (worst == NULL || s->is.p_value < worst->is.p_value) worst = s;
    }
    return worst;
}

/* ---- words ---- */

static void say_losses(mlsd__text *t, const comparing *c, const mlsd__paired_slice *s)
{
    mlsd__words_number(t, s->loss[1].value);
    mlsd__text_append(t, " against ");
    mlsd__words_number(t, s->loss[0].value);
    mlsd__text_append(t, ", a difference of ");
    const mlsd__estimate e = {.value = s->is.difference, .low = s->is.low, .high = s->is.high};
    mlsd__words_estimate(t, &e, c->p->level);
}

static void say_p(mlsd__text *t, const char *name, double p)
{
    if (isnan(p)) {
        mlsd__text_append(t, "; not tested");
        return;
    }
    mlsd__text_format(t, "; %s %s ", name, p < 0.0001 ? "<" : "=");
    mlsd__text_fixed(t, p < 0.0001 ? 0.0001 : p, 4);
}

static void say_flips(mlsd__text *t, const comparing *c, const mlsd__paired_slice *s)
{
    if (c->rows.zero_one) {
        mlsd__text_format(t, "; %lld right only by %s, %lld only by %s", (long long)s->worse,
                          c->name[0], (long long)s->better, c->name[1]);
    } else {
        mlsd__text_format(t, "; %lld rows worse, %lld better", (long long)s->worse,
                          (long long)s->better);
    }
}

static void say_overall(mlsd__text *t, const comparing *c)
{
    const mlsd__paired_slice *const s = &c->overall;
    const bool shown = s->is.p_value <= MLSD__FINDING_LEVEL && s->is.difference != 0;
    if (shown) {
        mlsd__text_format(t, "%s is %s than %s overall: ", c->name[1],
                          s->is.difference < 0 ? "better" : "worse", c->name[0]);
    } else {
        mlsd__text_format(t, "no difference between %s and %s is shown overall: ", c->name[1],
                          c->name[0]);
    }
    mlsd__text_format(t, "%s ", mlsd__slice_loss_words[c->loss]);
    say_losses(t, c, s);
    say_p(t, "p", s->is.p_value);
    say_flips(t, c, s);
}

static void say_worst(mlsd__text *t, const comparing *c, const mlsd__paired_slice *worst)
{
    const bool against = !(c->overall.is.difference > 0);
    mlsd__text_format(t, "; %s worse where %s (n = %lld): ", against ? "but" : "most surely",
                      worst->slice.data, (long long)worst->n);
    say_losses(t, c, worst);
    say_p(t, "q", worst->q_value);
    mlsd__text_format(t, " over %lld groups", (long long)c->n_tested);
    say_flips(t, c, worst);
    if (c->n_worse > 1)
        mlsd__text_format(t, "; %lld other group%s got worse too", (long long)(c->n_worse - 1),
                          c->n_worse > 2 ? "s" : "");
}

static void say(mlsd__text *t, const comparing *c)
{
    const mlsd__paired_slice *const worst = find_worst(c);
    const int64_t n_unjudged = c->n_low + c->n_undefined;
    say_overall(t, c);
    if (worst != NULL) {
        say_worst(t, c, worst);
    } else {
        mlsd__text_format(t, "; of %lld group%s tested none got worse by more than chance",
                          (long long)c->n_tested, c->n_tested == 1 ? "" : "s");
    }
    if (n_unjudged > 0)
        mlsd__text_format(t, "; %lld group%s too few rows to be judged", (long long)n_unjudged,
                          n_unjudged == 1 ? " has" : "s have");
}

/* ---- the result ---- */

static const mlsd__row_column slice_columns[] = {
    {"slice", MLSD_COLUMN_CATEGORY},     {"predicates", MLSD_COLUMN_CATEGORY},
    {"n_predicates", MLSD_COLUMN_I64},   {"n", MLSD_COLUMN_I64},
    {"weight", MLSD_COLUMN_F64},         {"a", MLSD_COLUMN_F64},
    {"a_low", MLSD_COLUMN_F64},          {"a_high", MLSD_COLUMN_F64},
    {"a_sum", MLSD_COLUMN_F64},          {"b", MLSD_COLUMN_F64},
    {"b_low", MLSD_COLUMN_F64},          {"b_high", MLSD_COLUMN_F64},
    {"b_sum", MLSD_COLUMN_F64},          {"difference", MLSD_COLUMN_F64},
    {"difference_low", MLSD_COLUMN_F64}, {"difference_high", MLSD_COLUMN_F64},
    {"min_detectable", MLSD_COLUMN_F64}, {"negative_flips", MLSD_COLUMN_I64},
    {"positive_flips", MLSD_COLUMN_I64}, {"p_value", MLSD_COLUMN_F64},
    {"q_value", MLSD_COLUMN_F64},        {"status", MLSD_COLUMN_CATEGORY},
    {"change", MLSD_COLUMN_CATEGORY},    {"finding", MLSD_COLUMN_I64},
};

static void put_loss(mlsd__rows *rows, const mlsd__estimate *e)
{
    mlsd__rows_f64(rows, e->value);
    mlsd__rows_f64(rows, e->low);
    mlsd__rows_f64(rows, e->high);
    mlsd__rows_f64(rows, e->numerator);
}

static void put_row(mlsd__rows *rows, const mlsd__paired_slice *s)
{
    mlsd__rows_str(rows, s->slice.data);
    mlsd__rows_str(rows, s->predicates.data);
    mlsd__rows_i64(rows, s->n_predicates);
    mlsd__rows_i64(rows, s->n);
    mlsd__rows_f64(rows, s->loss[0].denominator);
    put_loss(rows, &s->loss[0]);
    put_loss(rows, &s->loss[1]);
    mlsd__rows_f64(rows, s->is.difference);
    mlsd__rows_f64(rows, s->is.low);
    mlsd__rows_f64(rows, s->is.high);
    mlsd__rows_f64(rows, s->is.min_detectable);
    mlsd__rows_i64(rows, s->worse);
    mlsd__rows_i64(rows, s->better);
    mlsd__rows_f64(rows, s->is.p_value);
    mlsd__rows_f64(rows, s->q_value);
    mlsd__rows_str(rows, s->status);
    mlsd__rows_str(rows, !is_finding(s) ? "not shown" : s->is.difference > 0 ? "worse" : "better");
    mlsd__rows_i64(rows, is_finding(s));
}

static mlsd_status put_table(const comparing *c, mlsd_result *r, const mlsd__allocator *a)
{
    mlsd__rows rows;
    mlsd_table *table = NULL;
    mlsd__rows_init(&rows, a, slice_columns, MLSD__COUNT(slice_columns));
    for (int64_t i = 0; i < c->slices.n; i++) put_row(&rows, &c->slices.rows[c->order[i]]);
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "slices", table, false);
}

static mlsd_status put_numbers(const comparing *c, mlsd_result *r)
{
    const mlsd__paired_slice *const all = &c->overall;
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"n", (double)all->n},
        {"a", all->loss[0].value},
        {"a_low", all->loss[0].low},
        {"a_high", all->loss[0].high},
        {"b", all->loss[1].value},
        {"b_low", all->loss[1].low},
        {"b_high", all->loss[1].high},
        {"difference", all->is.difference},
        {"difference_low", all->is.low},
        {"difference_high", all->is.high},
        {"min_detectable", all->is.min_detectable},
        {"p_value", all->is.p_value},
        {"negative_flips", (double)all->worse},
        {"positive_flips", (double)all->better},
        {"n_groups", (double)c->slices.n},
        {"n_redundant", (double)c->slices.n_redundant},
        {"n_tested", (double)c->n_tested},
        {"n_worse", (double)c->n_worse},
        {"n_better", (double)c->n_better},
        {"n_low_support", (double)c->n_low},
        {"n_undefined", (double)c->n_undefined},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    return MLSD_OK;
}

static mlsd_status fill_result(const comparing *c, mlsd_result *r, const mlsd__allocator *a)
{
    const mlsd__paired_slice *const worst = find_worst(c);
    mlsd__text verdict;
    MLSD__TRY(put_numbers(c, r));
    MLSD__TRY(mlsd__result_set_str(r, "loss", mlsd__slice_losses[c->loss], false));
    MLSD__TRY(mlsd__result_set_str(r, "name_a", c->name[0], false));
    MLSD__TRY(mlsd__result_set_str(r, "name_b", c->name[1], false));
    MLSD__TRY(mlsd__result_set_str(r, "worst", worst == NULL ? "" : worst->slice.data, false));
    MLSD__TRY(put_table(c, r, a));
    mlsd__text_init(&verdict, a);
    say(&verdict, c);
    return mlsd__result_end_verdict(r, &verdict);
}

static mlsd_status run_comparison(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__slicing_input *in, mlsd_result **out)
{
    const mlsd__allocator *const a = scope->allocator;
    comparing c = {.p = mlsd__spec_params(spec)};
    mlsd_result *result = NULL;
    mlsd_status status = open_comparing(scope, in, &c);
    if (status == MLSD_OK) status = judge(scope, &c);
    if (status == MLSD_OK) status = mlsd__result_new(a, "slice_comparison", &result);
    if (status == MLSD_OK) status = fill_result(&c, result, a);
    mlsd__free(a, c.order);
    mlsd__paired_slices_free(&c.slices, a);
    mlsd__paired_rows_free(&c.rows, a);
    mlsd__sliced_free(&c.sliced, a);
    if (status == MLSD_OK) {
        *out = result;
    } else {
        mlsd_result_free(result);
    }
    return status;
}

static const mlsd__slicing_ops ops = {.needs_prediction = true, .run = run_comparison};

const mlsd_kind mlsd__kind_slice_comparison = {
    .name = "slice_comparison",
    .family = "slicing",
    .doc = "Two models on the same rows: for whom the second is worse, and for whom better",
    .params = params,
    .n_params = MLSD__COUNT(params),
    .params_size = sizeof(comparison_params),
    .ops = &ops,
};
