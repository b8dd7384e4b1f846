/* compare_report.c - a comparison as numbers, tables and a sentence: which model is better and by
 * how much, or that they cannot be told apart and what could have been seen. */
#include <math.h>
#include <string.h>

#include "validate/compare_impl.h"
#include "validate/result_rows.h"
#include "validate/words.h"

/* Where a posterior chance tells models apart. */
static double certain(const mlsd__comparison *c)
{
    return c->settings.level;
}

/* Is a greater difference in favour of the second? */
static bool greater_is_second(const mlsd__comparison *c)
{
    return c->ops->is_of_ranks ? false : c->greater_is_better;
}

/* +1: the second of the pair is better, -1: the first, 0: they cannot be told apart. */
static int better(const mlsd__comparison *c, const mlsd__paired *is)
{
    const double alpha = 1 - c->settings.level;
    int sign = 0;
    if (c->ops->is_bayesian) {
        sign = is->p_above >= certain(c) ? 1 : is->p_below >= certain(c) ? -1 : 0;
    } else if (is->p_adjusted <= alpha * (1 + 1e-12)) {
        const double of = is->direction != 0 ? is->direction : is->difference;
        sign = of > 0 ? 1 : of < 0 ? -1 : 0;
    }
    return greater_is_second(c) ? sign : -sign;
}

static const char *better_name(const mlsd__comparison *c, const mlsd__pair *p)
{
    const int sign = better(c, &p->is);
    return sign > 0 ? c->names[p->b] : sign < 0 ? c->names[p->a] : "";
}

/* ---- tables ---- */

static mlsd_status put_pairs(const mlsd__comparison *c, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {
        {"a", MLSD_COLUMN_CATEGORY},
        {"b", MLSD_COLUMN_CATEGORY},
        {"n", MLSD_COLUMN_I64},
        {"difference", MLSD_COLUMN_F64},
        {"low", MLSD_COLUMN_F64},
        {"high", MLSD_COLUMN_F64},
        {"statistic", MLSD_COLUMN_F64},
        {"df", MLSD_COLUMN_F64},
        {"p_value", MLSD_COLUMN_F64},
        {"p_adjusted", MLSD_COLUMN_F64},
        {"effect", MLSD_COLUMN_F64},
        {"min_detectable", MLSD_COLUMN_F64},
        {"p_better", MLSD_COLUMN_F64},
        {"p_equivalent", MLSD_COLUMN_F64},
        {"p_worse", MLSD_COLUMN_F64},
        {"better", MLSD_COLUMN_CATEGORY},
        {"message", MLSD_COLUMN_CATEGORY},
    };
    const bool up = greater_is_second(c);
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t i = 0; i < c->n_pairs; i++) {
        const mlsd__paired *const is = &c->pairs[i].is;
        const double numbers[] = {is->difference,
                                  is->low,
                                  is->high,
                                  is->statistic,
                                  is->df,
                                  is->p_value,
                                  is->p_adjusted,
                                  is->effect,
                                  is->min_detectable,
                                  up ? is->p_above : is->p_below,
                                  is->p_within,
                                  up ? is->p_below : is->p_above};
        mlsd__rows_str(&rows, c->names[c->pairs[i].a]);
        mlsd__rows_str(&rows, c->names[c->pairs[i].b]);
        mlsd__rows_i64(&rows, is->n);
        for (int64_t k = 0; k < MLSD__COUNT(numbers); k++) mlsd__rows_f64(&rows, numbers[k]);
        mlsd__rows_str(&rows, better_name(c, &c->pairs[i]));
        mlsd__rows_str(&rows, is->reason);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "pairs", table, false);
}

static mlsd_status put_ranks(const mlsd__comparison *c, mlsd_result *r)
{
    static const mlsd__row_column columns[] = {{"model", MLSD_COLUMN_CATEGORY},
                                               {"score", MLSD_COLUMN_F64},
                                               {"mean_rank", MLSD_COLUMN_F64}};
    mlsd__rows rows;
    mlsd__rows_init(&rows, &r->allocator, columns, MLSD__COUNT(columns));
    for (int64_t j = 0; j < c->n_models; j++) {
        mlsd__rows_str(&rows, c->names[j]);
        mlsd__rows_f64(&rows, c->rank_score[j]);
        mlsd__rows_f64(&rows, c->mean_rank[j]);
    }
    mlsd_table *table;
    MLSD__TRY(mlsd__rows_to_table(&rows, &table));
    return mlsd__result_set_table(r, "ranks", table, false);
}

/* ---- numbers ---- */

/* The pair that tells most. */
static const mlsd__pair *foremost(const mlsd__comparison *c)
{
    const mlsd__pair *best = &c->pairs[0];
    double least = INFINITY;
    for (int64_t i = 0; i < c->n_pairs; i++) {
        const mlsd__paired *const is = &c->pairs[i].is;
        const double doubt =
            c->ops->is_bayesian ? 1 - fmax(is->p_above, is->p_below) : is->p_adjusted;
        if (!(doubt < least)) continue;
        least = doubt;
        best = &c->pairs[i];
    }
    return best;
}

static mlsd_status put_numbers(const mlsd__comparison *c, const mlsd__pair *pair, mlsd_result *r)
{
    const bool has_all = c->ops->all != NULL && c->ops->pair != NULL;
    const bool is_all = has_all || c->ops->is_of_ranks, up = greater_is_second(c);
    const mlsd__paired *const is = &pair->is, *const test = is_all ? &c->all : is;
    const bool is_one = c->n_pairs == 1 || is_all;
    const struct {
        const char *name;
        double value;
        bool is_wanted;
    } numbers[] = {
        {"n_rows", (double)test->n, true},
        {"statistic", test->statistic, !c->ops->is_bayesian},
        {"df", test->df, true},
        {"df_2", test->df_2, !isnan(test->df_2)},
        {"p_value", is_one ? test->p_value : test->p_adjusted, !c->ops->is_bayesian},
        {"difference", is->difference, true},
        {"low", is->low, true},
        {"high", is->high, true},
        {"effect", is_all ? c->all.effect : is->effect, c->ops->effect_is != NULL},
        {"min_detectable", is->min_detectable, !c->ops->is_bayesian},
        {"p_better", up ? is->p_above : is->p_below, !isnan(is->p_above)},
        {"p_equivalent", is->p_within, !isnan(is->p_above)},
        {"p_worse", up ? is->p_below : is->p_above, !isnan(is->p_above)},
        {"chi2", c->chi2, c->ops->is_of_ranks},
        {"chi2_p_value", c->chi2_p_value, c->ops->is_of_ranks},
        {"critical_difference", c->critical_difference, c->ops->is_of_ranks},
    };
    for (int64_t i = 0; i < MLSD__COUNT(numbers); i++) {
        if (!numbers[i].is_wanted) continue;
        MLSD__TRY(mlsd__result_set_f64(r, numbers[i].name, numbers[i].value, false));
    }
    MLSD__TRY(mlsd__result_set_str(r, "test", c->ops->test, false));
    if (c->ops->effect_is != NULL)
        MLSD__TRY(mlsd__result_set_str(r, "effect_is", c->ops->effect_is, false));
    if (test->reason == NULL) return MLSD_OK;
    return mlsd__result_set_str(r, "reason", test->reason, false);
}

/* ---- the verdict ---- */

/* Two digits that count: "p = 0.021", "p < 0.0001". */
static void say_p(mlsd__text *t, double p)
{
    if (p < 1e-4) {
        mlsd__text_append(t, "p < 0.0001");
        return;
    }
    int decimals = 2;
    for (double x = p; x < 0.1 && decimals < 5; x *= 10) decimals++;
    mlsd__text_append(t, "p = ");
    mlsd__text_fixed(t, p, decimals);
}

static void say_interval(mlsd__text *t, const mlsd__comparison *c, double value, double low,
                         double high)
{
    const mlsd__estimate e = {.value = value, .low = low, .high = high};
    mlsd__words_estimate(t, &e, c->settings.level);
}

/* "'b' is better than 'a' by 0.012 (95 % interval 0.002 to 0.022)" */
static void say_better(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *p, int sign)
{
    const mlsd__paired *const is = &p->is;
    mlsd__text_format(t, "'%s' is better than '%s'", c->names[sign > 0 ? p->b : p->a],
                      c->names[sign > 0 ? p->a : p->b]);
    mlsd__text_append(t, c->ops->is_of_ranks ? " by a mean rank of " : " by ");
    if (is->difference > 0) {
        say_interval(t, c, is->difference, is->low, is->high);
    } else {
        say_interval(t, c, -is->difference, -is->high, -is->low);
    }
}

static void say_apart(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *p)
{
    mlsd__text_format(t, "'%s' and '%s' cannot be told apart: ", c->names[p->a], c->names[p->b]);
    if (p->is.reason != NULL) {
        mlsd__text_append(t, p->is.reason);
        return;
    }
    mlsd__text_append(t, c->ops->is_of_ranks ? "difference of mean ranks " : "difference ");
    say_interval(t, c, p->is.difference, p->is.low, p->is.high);
}

static void say_detectable(mlsd__text *t, const mlsd__comparison *c, const mlsd__paired *is)
{
    if (isnan(is->min_detectable)) return;
    mlsd__text_format(t, "; %lld %s could have shown ", (long long)is->n, c->ops->rows);
    mlsd__words_number(t, is->min_detectable);
    mlsd__text_append(t, " or more");
}

static void say_chance(mlsd__text *t, double chance)
{
    mlsd__text_append(t, " ");
    mlsd__text_fixed(t, chance, 3);
}

/* "; chance that 'b' is better by more than 0.01 0.97, that 'a' is 0.01, neither 0.02" */
static void say_chances(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *p)
{
    const mlsd__paired *const is = &p->is;
    if (isnan(is->p_above)) return;
    const bool up = greater_is_second(c);
    mlsd__text_format(t, "; chance that '%s' is better", c->names[p->b]);
    if (c->settings.rope > 0) {
        mlsd__text_append(t, " by more than ");
        mlsd__words_number(t, c->settings.rope);
        mlsd__text_append(t, ":");
    }
    say_chance(t, up ? is->p_above : is->p_below);
    mlsd__text_format(t, ", that '%s' is", c->names[p->a]);
    say_chance(t, up ? is->p_below : is->p_above);
    if (!(c->settings.rope > 0)) return;
    mlsd__text_append(t, ", neither");
    say_chance(t, is->p_within);
}

static void say_bayesian(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *p)
{
    const int sign = better(c, &p->is);
    if (sign != 0) {
        say_better(t, c, p, sign);
    } else if (p->is.p_within >= certain(c)) {
        mlsd__text_format(t, "'%s' and '%s' are practically the same: difference ", c->names[p->a],
                          c->names[p->b]);
        say_interval(t, c, p->is.difference, p->is.low, p->is.high);
    } else {
        say_apart(t, c, p);
    }
    say_chances(t, c, p);
}

static void say_pair(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *p)
{
    if (c->ops->is_bayesian) {
        say_bayesian(t, c, p);
        return;
    }
    const int sign = better(c, &p->is);
    if (sign != 0) {
        say_better(t, c, p, sign);
    } else {
        say_apart(t, c, p);
    }
    if (!isnan(p->is.p_adjusted)) {
        mlsd__text_append(t, c->n_pairs > 1 ? "; corrected " : "; ");
        say_p(t, p->is.p_adjusted);
    }
    if (sign == 0) say_detectable(t, c, &p->is);
}

/* "the models differ (Friedman F = 3.69, p = 0.02)" */
static void say_all(mlsd__text *t, const mlsd__comparison *c)
{
    const bool differ = c->all.p_value <= 1 - c->settings.level;
    if (c->all.reason != NULL) {
        mlsd__text_format(t, "the models cannot be told apart: %s", c->all.reason);
        return;
    }
    mlsd__text_format(t, "the models %s (%s: ", differ ? "differ" : "cannot be told apart",
                      c->ops->test);
    say_p(t, c->all.p_value);
    mlsd__text_append(t, ")");
    if (!c->ops->is_of_ranks) return;
    int64_t first = 0;
    for (int64_t j = 1; j < c->n_models; j++) {
        if (c->mean_rank[j] < c->mean_rank[first]) first = j;
    }
    mlsd__text_format(t, "; '%s' ranks first, on average ", c->names[first]);
    mlsd__words_number(t, c->mean_rank[first]);
}

/* Several pairs: how many differ, and the first few. */
static void say_pairs(mlsd__text *t, const mlsd__comparison *c, const mlsd__pair *best)
{
    enum { SHOWN = 3 };
    int64_t n = 0, shown = 0;
    for (int64_t i = 0; i < c->n_pairs; i++) n += better(c, &c->pairs[i].is) != 0;
    if (n == 0) {
        mlsd__text_format(
            t, "none of %lld pairs can be told apart; the nearest to it: ", (long long)c->n_pairs);
        say_pair(t, c, best);
        return;
    }
    mlsd__text_format(t, "%lld of %lld pairs can be told apart: ", (long long)n,
                      (long long)c->n_pairs);
    for (int64_t i = 0; i < c->n_pairs && shown < SHOWN; i++) {
        if (better(c, &c->pairs[i].is) == 0) continue;
        if (shown++ > 0) mlsd__text_append(t, "; ");
        say_pair(t, c, &c->pairs[i]);
    }
    if (n > SHOWN) mlsd__text_append(t, "; ...");
}

static mlsd_status put_verdict(const mlsd__comparison *c, const mlsd__pair *best, mlsd_result *r)
{
    mlsd__text t;
    mlsd__text_init(&t, &r->allocator);
    const bool has_all = c->ops->is_of_ranks || (c->ops->all != NULL && c->ops->pair != NULL);
    if (has_all) {
        say_all(&t, c);
        if (c->all.reason == NULL) mlsd__text_append(&t, "; ");
    }
    if (!has_all || c->all.reason == NULL) {
        if (c->n_pairs == 1) {
            say_pair(&t, c, best);
        } else {
            say_pairs(&t, c, best);
        }
    }
    return mlsd__result_end_verdict(r, &t);
}

mlsd_status mlsd__comparison_report(const mlsd__comparison *c, mlsd_result *r)
{
    const mlsd__pair *const best = foremost(c);
    MLSD__TRY(put_numbers(c, best, r));
    MLSD__TRY(put_pairs(c, r));
    MLSD__TRY(put_ranks(c, r));
    return put_verdict(c, best, r);
}
