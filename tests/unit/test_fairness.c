/* test_fairness.c - measures of fairness by hand on tables of a few rows, the old mistakes of other
 * tools, and the draws behind the p-values. tests/reference/test_fairness_definitions.py compares
 * every measure with an implementation of its own on drawn tables. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

#include "mlsd/slice.h"
#include "numeric/mathfun.h"
#include "slice/fairness_impl.h"

enum { MOST = 2000 };

/* Rows of a group: so many true and false positives, true and false negatives. */
typedef struct people {
    const char *group[MOST];
    double y[MOST], said[MOST];
    int64_t n;
} people;

static void add(people *p, const char *group, int tp, int fp, int tn, int fn)
{
    const int count[4] = {tp, fp, tn, fn};
    static const double is[4] = {1, 0, 0, 1}, told[4] = {1, 1, 0, 0};
    for (int c = 0; c < 4; c++) {
        for (int i = 0; i < count[c]; i++, p->n++) {
            p->group[p->n] = group;
            p->y[p->n] = is[c];
            p->said[p->n] = told[c];
        }
    }
}

static mlsd_spec *spec_of(int64_t min_support)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "fairness", &spec));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", min_support));
    ASSERT_OK(mlsd_spec_set_i64(spec, "permutations", 99));
    return spec;
}

static mlsd_matrix vector(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

static mlsd_status assess(const mlsd_spec *spec, const people *p, mlsd_result **out)
{
    const mlsd_matrix y = vector(p->y, p->n), said = vector(p->said, p->n);
    mlsd_table *table = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_str(table, "g", p->group, p->n));
    const mlsd_status status = mlsd_slice_run(NULL, spec, table, &y, &said, NULL, out);
    mlsd_table_free(table);
    return status;
}

static mlsd_result *must(mlsd_spec *spec, const people *p)
{
    mlsd_result *r = NULL;
    ASSERT_OK(assess(spec, p, &r));
    mlsd_spec_free(spec);
    return r;
}

static int64_t column_of(const mlsd_table *t, const char *name)
{
    int64_t at = -1;
    ASSERT_OK(mlsd_table_find(t, name, &at));
    return at;
}

static int64_t row_of(const mlsd_result *r, const char *measure)
{
    const mlsd_table *const t = mlsd_result_get_table(r, "measures");
    const int64_t at = column_of(t, "measure");
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (strcmp(mlsd_table_get_str(t, at, i), measure) == 0) return i;
    }
    fail_msg("no measure '%s'", measure);
    return -1;
}

static double number(const mlsd_result *r, const char *measure, const char *column)
{
    const mlsd_table *const t = mlsd_result_get_table(r, "measures");
    double x = 0;
    ASSERT_OK(mlsd_table_get_f64(t, column_of(t, column), row_of(r, measure), 1, &x));
    return x;
}

static const char *word(const mlsd_result *r, const char *measure, const char *column)
{
    const mlsd_table *const t = mlsd_result_get_table(r, "measures");
    return mlsd_table_get_str(t, column_of(t, column), row_of(r, measure));
}

static void by_hand(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 30, 10, 40, 20); /* selection 0.4, tpr 0.6, fpr 0.2, ppv 0.75, accuracy 0.7 */
    add(&p, "b", 10, 10, 60, 20); /* selection 0.2, tpr 1/3, fpr 1/7, ppv 0.5, accuracy 0.7 */
    mlsd_spec *spec = spec_of(1);
    ASSERT_OK(mlsd_spec_set_str(spec, "privileged", "a"));
    mlsd_result *r = must(spec, &p);
    ASSERT_NEAR(number(r, "demographic_parity_difference", "value"), 0.2, 1e-15);
    ASSERT_NEAR(number(r, "demographic_parity_ratio", "value"), 0.5, 1e-15);
    ASSERT_NEAR(number(r, "statistical_parity_difference", "value"), -0.2, 1e-15);
    ASSERT_NEAR(number(r, "disparate_impact", "value"), 0.5, 1e-15);
    ASSERT_NEAR(number(r, "equalized_odds_difference", "value"), 0.6 - 1. / 3, 1e-15);
    ASSERT_NEAR(number(r, "equalized_odds_ratio", "value"), 5. / 9, 1e-15);
    ASSERT_NEAR(number(r, "average_odds_difference", "value"), (1. / 3 - 0.6 + 1. / 7 - 0.2) / 2,
                1e-15);
    ASSERT_NEAR(number(r, "predictive_parity_difference", "value"), 0.25, 1e-15);
    ASSERT_NEAR(number(r, "accuracy_parity_difference", "value"), 0, 0);
    ASSERT_NEAR(number(r, "accuracy_parity_difference", "p_value"), 1, 0);
    ASSERT_NEAR(number(r, "treatment_equality_difference", "value"), 0, 0);
    assert_string_equal(word(r, "disparate_impact", "passes"), "no");
    assert_string_equal(word(r, "demographic_parity_ratio", "group"), "a");
    assert_string_equal(word(r, "demographic_parity_ratio", "than"), "b");
    ASSERT_NEAR(number(r, "equal_opportunity_ratio", "n_than"), 30, 0);
    /* Newcombe (1998) for 40 of 100 less 20 of 100: statsmodels' confint_proportions_2indep. */
    ASSERT_NEAR(number(r, "demographic_parity_difference", "low"), 0.07311915999619883, 1e-12);
    ASSERT_NEAR(number(r, "demographic_parity_difference", "high"), 0.3185050993390346, 1e-12);
    mlsd_result_free(r);
}

/* The group 'c' has no positives. Fairlearn calls its true positive rate 0, whereby the difference
 * becomes the rate of the other group. */
static void no_positives_is_not_zero(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 30, 10, 40, 20);
    add(&p, "b", 25, 10, 40, 25);
    add(&p, "c", 0, 5, 45, 0);
    mlsd_result *r = must(spec_of(1), &p);
    ASSERT_NEAR(number(r, "equal_opportunity_difference", "value"), 0.1, 1e-15);
    ASSERT_NEAR(number(r, "equal_opportunity_difference", "n_skipped"), 1, 0);
    ASSERT_NEAR(number(r, "equal_opportunity_ratio", "value"), 0.5 / 0.6, 1e-15);
    mlsd_result_free(r);

    people two = {.n = 0};
    add(&two, "a", 30, 10, 40, 20);
    add(&two, "c", 0, 5, 45, 0);
    r = must(spec_of(1), &two);
    assert_true(isnan(number(r, "equal_opportunity_difference", "value")));
    assert_string_equal(word(r, "equal_opportunity_difference", "status"), "undefined");
    assert_true(isnan(number(r, "equalized_odds_difference", "value")));
    assert_true(isnan(number(r, "equalized_odds_ratio", "value")));
    ASSERT_NEAR(number(r, "predictive_equality_difference", "value"), 0.1, 1e-15);
    mlsd_result_free(r);
}

/* AIF360's coefficient of variation is 2 sqrt(GE(2)); it is sqrt(2 GE(2)), the standard deviation
 * of the benefits over their mean. */
static void coefficient_of_variation(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 30, 10, 40, 20);
    add(&p, "b", 10, 30, 60, 20);
    mlsd_result *r = must(spec_of(1), &p);
    const double n = 220, mean = (n - 40 + 40) / n; /* 40 get 2, 40 get 0 */
    const double deviation = sqrt(80 / n - (mean - 1) * (mean - 1));
    ASSERT_NEAR(number(r, "coefficient_of_variation", "value"), deviation / mean, 1e-14);
    ASSERT_NEAR(number(r, "generalized_entropy", "value"), 80 / n / 2, 1e-14);
    assert_true(fabs(2 * sqrt(number(r, "generalized_entropy", "value")) - deviation) > 0.1);
    ASSERT_NEAR(number(r, "theil_index", "value"), 40 * 2 * log(2) / n, 1e-14);
    mlsd_result_free(r);
}

/* Nobody is predicted positive: AIF360 says 0, Aequitas 10. Here a ratio of nothing by nothing is
 * not defined, and neither is precision. */
static void nothing_by_nothing(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 0, 0, 40, 20);
    add(&p, "b", 0, 0, 60, 20);
    mlsd_spec *spec = spec_of(1);
    ASSERT_OK(mlsd_spec_set_str(spec, "privileged", "g = a"));
    mlsd_result *r = must(spec, &p);
    assert_true(isnan(number(r, "disparate_impact", "value")));
    assert_true(isnan(number(r, "demographic_parity_ratio", "value")));
    assert_true(isnan(number(r, "predictive_parity_difference", "value")));
    assert_true(isnan(number(r, "treatment_equality_difference", "value")));
    assert_null(word(r, "disparate_impact", "passes"));
    ASSERT_NEAR(number(r, "demographic_parity_difference", "value"), 0, 0);
    mlsd_result_free(r);
    people one = {.n = 0};
    add(&one, "a", 0, 0, 40, 20);
    add(&one, "b", 10, 0, 60, 20);
    spec = spec_of(1);
    ASSERT_OK(mlsd_spec_set_str(spec, "privileged", "a"));
    r = must(spec, &one);
    assert_string_equal(word(r, "disparate_impact", "status"), "undefined"); /* by 0 */
    ASSERT_NEAR(number(r, "demographic_parity_ratio", "value"), 0, 0);
    mlsd_result_free(r);
}

static void low_support_is_no_finding(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 30, 10, 40, 20);
    add(&p, "b", 28, 10, 42, 20);
    add(&p, "c", 0, 0, 3, 2);
    mlsd_result *r = must(spec_of(20), &p);
    ASSERT_NEAR(number(r, "demographic_parity_difference", "value"), 0.02, 1e-15);
    ASSERT_NEAR(number(r, "demographic_parity_difference", "n_skipped"), 1, 0);
    mlsd_result_free(r);
    people small = {.n = 0};
    add(&small, "a", 30, 10, 40, 20);
    add(&small, "c", 0, 0, 3, 2);
    r = must(spec_of(20), &small);
    assert_string_equal(word(r, "demographic_parity_ratio", "status"), "low support");
    assert_null(word(r, "demographic_parity_ratio", "passes"));
    assert_true(isnan(number(r, "demographic_parity_ratio", "p_value")));
    assert_non_null(strstr(mlsd_result_verdict(r), "cannot tell"));
    mlsd_result_free(r);
}

static void names_no_group_among_equals(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 0, 0, 40, 20);
    add(&p, "b", 0, 0, 30, 30);
    add(&p, "c", 0, 0, 3, 2);
    mlsd_result *r = must(spec_of(20), &p);
    const char *const verdict = mlsd_result_verdict(r);
    assert_non_null(strstr(verdict, "class 1 is predicted for 0.0 % of every group; the diff"));
    assert_non_null(strstr(verdict, "1 group has fewer than 20 rows and is not judged"));
    mlsd_result_free(r);
}

static void says_what_is_impossible(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 300, 100, 400, 100);
    add(&p, "b", 100, 100, 600, 100);
    mlsd_result *r = must(spec_of(20), &p);
    assert_non_null(strstr(mlsd_result_verdict(r), "Chouldechova"));
    mlsd_result_free(r);
    people equal = {.n = 0};
    add(&equal, "a", 300, 100, 400, 100);
    add(&equal, "b", 250, 100, 400, 150);
    r = must(spec_of(20), &equal);
    assert_null(strstr(mlsd_result_verdict(r), "Chouldechova"));
    mlsd_result_free(r);
}

/* Under equality p-values are about uniform: no more than chance below 0.1. */
static void p_values_hold_their_level(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    enum { TRIALS = 200 };
    int n_small = 0;
    for (int trial = 0; trial < TRIALS; trial++) {
        people p = {.n = 0};
        mlsd__stream s;
        mlsd__stream_init(&s, 7, (uint64_t)trial, 0, 0, MLSD__PURPOSE_SHUFFLE);
        for (; p.n < 200; p.n++) {
            p.group[p.n] = names[mlsd__stream_below(&s, 5)];
            p.y[p.n] = mlsd__stream_below(&s, 2) == 0;
            p.said[p.n] = mlsd__stream_below(&s, 3) == 0;
        }
        mlsd_result *r = must(spec_of(1), &p);
        n_small += number(r, "demographic_parity_difference", "p_value") <= 0.1;
        mlsd_result_free(r);
    }
    assert_in_range(n_small, 6, 36); /* 20 expected, sd 4.2 */
}

/* Frequencies against the distribution itself, by products of choices. */
static void draws_are_hypergeometric(void **state)
{
    (void)state;
    enum { DRAWS = 200000, TOTAL = 12, MARKED = 5, DRAWN = 6 };
    static const double ways[MARKED + 1] = {7, 105, 350, 350, 105, 7}; /* C(5,k) C(7,6-k) */
    double seen[MARKED + 1] = {0};
    mlsd__stream s;
    mlsd__stream_init(&s, 1, 2, 3, 4, MLSD__PURPOSE_SHUFFLE);
    for (int i = 0; i < DRAWS; i++) {
        const int64_t k = mlsd__hypergeometric(&s, TOTAL, MARKED, DRAWN);
        assert_in_range(k, 0, MARKED);
        seen[k]++;
    }
    double chi_square = 0;
    for (int k = 0; k <= MARKED; k++) {
        const double expected = DRAWS * ways[k] / 924;
        chi_square += (seen[k] - expected) * (seen[k] - expected) / expected;
    }
    assert_true(chi_square < 20.5); /* 5 df, p 0.001 */
    assert_int_equal(mlsd__hypergeometric(&s, 10, 10, 4), 4);
    assert_int_equal(mlsd__hypergeometric(&s, 10, 0, 4), 0);
    double sum = 0;
    for (int i = 0; i < 2000; i++) {
        sum += (double)mlsd__hypergeometric(&s, 1000000, 300000, 500000);
    }
    ASSERT_NEAR(sum / 2000, 150000, 30); /* sd of the mean: 5 */
}

/* With the table of factorials the same stream gives the same draws. */
static void tables_change_no_draw(void **state)
{
    (void)state;
    enum { N = 60 };
    double log[N];
    for (int x = 0; x < N; x++) log[x] = mlsd__lgamma(x + 1.0);
    const mlsd__log_factorials whole = {N, log}, half = {N / 2, log};
    for (int i = 0; i < 2000; i++) {
        mlsd__stream s[3];
        for (int k = 0; k < 3; k++) {
            mlsd__stream_init(&s[k], 1, 2, 3, (uint64_t)i, MLSD__PURPOSE_SHUFFLE);
        }
        const int64_t total = 2 + i % 57, marked = i % (total + 1), drawn = 1 + i % total;
        const int64_t k = mlsd__hypergeometric(&s[0], total, marked, drawn);
        assert_int_equal(mlsd__hypergeometric_by(&whole, &s[1], total, marked, drawn), k);
        assert_int_equal(mlsd__hypergeometric_by(&half, &s[2], total, marked, drawn), k);
    }
}

/* The pair that is found without looking at all of them, against looking at all of them; also where
 * values, or spreads, are the same or far apart. */
static void the_widest_pair_is_that_of_all(void **state)
{
    (void)state;
    enum { N = 40 };
    mlsd__scope scope;
    mlsd__stream s;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    mlsd__stream_init(&s, 5, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    for (int round = 0; round < 4000; round++) {
        mlsd__fair_span of[2][N];
        const int64_t n[2] = {1 + mlsd__stream_below(&s, N), 1 + mlsd__stream_below(&s, N)};
        for (int k = 0; k < 2; k++) {
            for (int64_t i = 0; i < n[k]; i++) {
                const double wide = round % 3 == 0 ? 0 : round % 3 == 1 ? 1 : 100;
                const double x = round % 2 ? 1 : mlsd__stream_double(&s) * wide;
                const double y = mlsd__stream_double(&s) * wide;
                of[k][i] = (mlsd__fair_span){i, round % 7 ? mlsd__stream_double(&s) : 0.5, x, y};
            }
        }
        const mlsd__fair_spans first = {n[0], of[0]}, second = {n[1], of[1]};
        for (int sign = -1; sign < 2; sign += 2) {
            mlsd__fair_pair found;
            double most = -INFINITY;
            for (int64_t a = 0; a < n[0]; a++) {
                for (int64_t b = 0; b < n[1]; b++) {
                    if (a == b) continue;
                    const double x = of[0][a].x, y = of[1][b].y;
                    most = fmax(most, of[0][a].value - of[1][b].value + sign * sqrt(x * x + y * y));
                }
            }
            ASSERT_OK(mlsd__fair_widest(&scope, &first, &second, sign, &found));
            if (isinf(most)) {
                assert_int_equal(found.a, -1);
                continue;
            }
            assert_true(found.a != found.b);
            ASSERT_NEAR(found.reach, most, 1e-13 * (1 + fabs(most)));
        }
    }
    mlsd__scope_close(&scope);
}

static void refuses(const char *param, const char *value, const people *p, const char *message)
{
    mlsd_spec *spec = spec_of(1);
    mlsd_result *r = NULL;
    if (param != NULL) ASSERT_OK(mlsd_spec_set_str(spec, param, value));
    assert_true(assess(spec, p, &r) != MLSD_OK);
    assert_null(r);
    if (strstr(mlsd_last_error(), message) == NULL) fail_msg("'%s'", mlsd_last_error());
    mlsd_spec_free(spec);
}

static void names_the_culprit(void **state)
{
    (void)state;
    people p = {.n = 0};
    add(&p, "a", 3, 1, 4, 2);
    add(&p, "b", 3, 1, 4, 2);
    refuses("privileged", "x", &p, "privileged is 'x', which no group is called");
    refuses("unprivileged", "a", &p, "'unprivileged' is given without 'privileged'");
    people bad = p;
    bad.y[3] = NAN;
    refuses(NULL, NULL, &bad, "y[3] is nan, not a class number");
    bad = p;
    bad.said[2] = 1.5;
    refuses(NULL, NULL, &bad, "prediction[2] is 1.5, not a probability in [0, 1]");
    bad = p;
    bad.y[0] = 2;
    bad.said[0] = 0.5;
    refuses(NULL, NULL, &bad, "one column of probabilities, but y has 3 classes");
    people many = {.n = 0};
    char names[MOST][8];
    for (int i = 0; i < MOST; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d", i);
        add(&many, names[i], 1, 0, 0, 0);
    }
    refuses(NULL, NULL, &many, "'by' makes 2000 groups at column 'g', more than max_groups 1000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(no_positives_is_not_zero),
        cmocka_unit_test(coefficient_of_variation),
        cmocka_unit_test(nothing_by_nothing),
        cmocka_unit_test(low_support_is_no_finding),
        cmocka_unit_test(names_no_group_among_equals),
        cmocka_unit_test(says_what_is_impossible),
        cmocka_unit_test(p_values_hold_their_level),
        cmocka_unit_test(draws_are_hypergeometric),
        cmocka_unit_test(tables_change_no_draw),
        cmocka_unit_test(the_widest_pair_is_that_of_all),
        cmocka_unit_test(names_the_culprit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
