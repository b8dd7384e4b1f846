/* Intervals of rates and of what is made of them. Witnesses: R 4.2.2 (mantelhaen.test, prop.test,
 * binom.test, p.adjust), and formulas by brute force. */
#include "unit.h"

#include <math.h>

#include "mlsd/mlsd.h"

static void test_proportions_are_the_published_ones(void **state)
{
    (void)state;
    double low, high;
    ASSERT_OK(mlsd_interval_proportion("wilson", 37, 5000, 0.95, &low, &high));
    ASSERT_NEAR(low, 0.00537360, 5e-9);
    ASSERT_NEAR(high, 0.01018274, 5e-9);
    /* R: binom.test(7, 20)$conf.int */
    ASSERT_OK(mlsd_interval_proportion("clopper_pearson", 7, 20, 0.95, &low, &high));
    ASSERT_NEAR(low, 0.153909205, 5e-10);
    ASSERT_NEAR(high, 0.592188535, 5e-10);
    /* R: qbeta(c(.025, .975), 7.5, 13.5) */
    ASSERT_OK(mlsd_interval_proportion("jeffreys", 7, 20, 0.95, &low, &high));
    ASSERT_NEAR(low, 0.172276214, 5e-10);
    ASSERT_NEAR(high, 0.567766094, 5e-10);
}

static void test_ends_are_exact(void **state)
{
    (void)state;
    static const char *const methods[] = {"wilson", "clopper_pearson", "jeffreys"};
    double low, high;
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(mlsd_interval_proportion(methods[i], 0, 12, 0.95, &low, &high));
        assert_true(low == 0 && high > 0.1 && high < 0.4);
        ASSERT_OK(mlsd_interval_proportion(methods[i], 12, 12, 0.95, &low, &high));
        assert_true(high == 1 && low > 0.6 && low < 0.9);
    }
}

static void test_a_rate_of_nothing_is_not_zero(void **state)
{
    (void)state;
    double value, low, high, p;
    ASSERT_OK(mlsd_interval_proportion("wilson", 0, 0, 0.95, &low, &high));
    assert_true(isnan(low) && isnan(high));
    ASSERT_OK(mlsd_interval_difference("newcombe", 3, 5, 0, 0, 0.95, &value, &low, &high, &p));
    assert_true(isnan(value) && isnan(low) && isnan(high) && isnan(p));
    ASSERT_OK(mlsd_interval_ratio("log", 3, 5, 0, 9, 0.95, &value, &low, &high, &p));
    assert_true(isnan(value) && isnan(low) && isnan(high) && p < 0.05);
    ASSERT_OK(mlsd_interval_ratio("log", 0, 9, 3, 5, 0.95, &value, &low, &high, NULL));
    assert_true(value == 0 && isnan(low) && isnan(high));
    ASSERT_OK(mlsd_interval_ratio("log_adjusted", 3, 5, 0, 9, 0.95, &value, &low, &high, NULL));
    assert_true(isnan(value) && low > 0 && high > low);
}

/* Home Mortgage Disclosure Act, Boston: R's prop.test(c(96, 189), c(339, 2041), correct = FALSE).
 */
static void test_the_difference_of_hmda(void **state)
{
    (void)state;
    double value, low, high, p;
    ASSERT_OK(mlsd_interval_difference("wald", 96, 339, 189, 2041, 0.95, &value, &low, &high, &p));
    ASSERT_NEAR(96.0 / 339, 0.283185841, 5e-10);
    ASSERT_NEAR(189.0 / 2041, 0.092601666, 5e-10);
    ASSERT_NEAR(low, 0.14100194, 5e-9);
    ASSERT_NEAR(high, 0.24016641, 5e-9);
    ASSERT_NEAR(value, 0.190584175, 1e-9);
    /* chi-square 100.176 */
    assert_true(p > 1.3e-23 && p < 1.5e-23);
}

/* Newcombe (1998), Statistics in Medicine 17:873, table II, method 10: 56/70 and 48/80; 9/10 and
 * 3/10; 10/10 and 0/10. */
static void test_newcombes_own_examples(void **state)
{
    (void)state;
    static const double cases[][6] = {{56, 70, 48, 80, 0.0524, 0.3339},
                                      {9, 10, 3, 10, 0.1705, 0.8090},
                                      {10, 10, 0, 10, 0.6075, 1},
                                      {5, 56, 0, 29, -0.0381, 0.1926}};
    double low, high;
    for (int i = 0; i < 4; i++) {
        const double *const c = cases[i];
        ASSERT_OK(mlsd_interval_difference("newcombe", c[0], c[1], c[2], c[3], 0.95, NULL, &low,
                                           &high, NULL));
        ASSERT_NEAR(low, c[4], 5e-5);
        ASSERT_NEAR(high, c[5], 5e-5);
    }
}

/* UCBAdmissions of R by department: admitted and rejected men, then women. */
static const double berkeley[6][4] = {{512, 313, 89, 19},   {353, 207, 17, 8},
                                      {120, 205, 202, 391}, {138, 279, 131, 244},
                                      {53, 138, 94, 299},   {22, 351, 24, 317}};

static void test_berkeley_turns_by_department(void **state)
{
    (void)state;
    double sum[4] = {0}, value, low, high, statistic, p, woolf, woolf_p;
    for (int k = 0; k < 6; k++) {
        for (int j = 0; j < 4; j++) sum[j] += berkeley[k][j];
    }
    const double n_men = sum[0] + sum[1], n_women = sum[2] + sum[3];
    ASSERT_NEAR(sum[0] / n_men, 0.44518766, 5e-9);
    ASSERT_NEAR(sum[2] / n_women, 0.30354223, 5e-9);
    ASSERT_OK(mlsd_interval_odds_ratio("log", sum[0], n_men, sum[2], n_women, 0.95, &value, NULL,
                                       NULL, &p));
    assert_true(value > 1.8); /* pooled: men are admitted more often */
    /* chi-square 92.20528 */
    ASSERT_NEAR(p / 7.81e-22, 1, 0.01);
    const mlsd_matrix tables = {(double *)berkeley, 6, 4, 4, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_common_odds_ratio(&tables, 0.95, &value, &low, &high, &statistic, &p, &woolf,
                                     &woolf_p));
    ASSERT_NEAR(value, 0.90469683, 5e-9);
    ASSERT_NEAR(low, 0.77190736, 1e-8); /* the last digit of the source is cut */
    ASSERT_NEAR(high, 1.06032976, 5e-9);
    ASSERT_NEAR(statistic, 1.42695, 5e-6);
    ASSERT_NEAR(p, 0.23226, 5e-6);
    ASSERT_NEAR(woolf, 17.901712, 5e-7);
    ASSERT_NEAR(woolf_p, 0.0030721, 5e-8);
}

/* R 4.2.2, mantelhaen.test: less than half a row in excess is not corrected. */
static void test_no_correction_beyond_the_excess(void **state)
{
    (void)state;
    double statistic, p;
    static const double near[2][4] = {{5, 6, 4, 5}, {3, 4, 4, 5}};
    const mlsd_matrix tables = {(double *)near, 2, 4, 4, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_common_odds_ratio(&tables, 0.95, NULL, NULL, NULL, &statistic, &p, NULL, NULL));
    ASSERT_NEAR(statistic, 6.72564e-05, 5e-11);
    assert_true(p < 1);
}

static void test_strata_that_say_nothing(void **state)
{
    (void)state;
    double value, statistic, woolf;
    static const double with_empty[3][4] = {{0, 0, 0, 0}, {5, 4, 3, 6}, {7, 0, 2, 5}};
    static const double none[2][4] = {{0, 3, 0, 4}, {0, 0, 0, 0}};
    const mlsd_matrix some = {(double *)with_empty, 3, 4, 4, 1, MLSD_F64, 0};
    ASSERT_OK(
        mlsd_common_odds_ratio(&some, 0.95, &value, NULL, NULL, &statistic, NULL, &woolf, NULL));
    ASSERT_NEAR(value, (5 * 6 / 18.0 + 7 * 5 / 14.0) / (4 * 3 / 18.0 + 0), 1e-12);
    assert_true(statistic > 0 && isnan(woolf));
    const mlsd_matrix nothing = {(double *)none, 2, 4, 4, 1, MLSD_F64, 0};
    ASSERT_OK(
        mlsd_common_odds_ratio(&nothing, 0.95, &value, NULL, NULL, &statistic, NULL, &woolf, NULL));
    assert_true(isnan(value) && isnan(statistic) && isnan(woolf));
}

static void test_pass_rate_contracts(void **state)
{
    (void)state;
    static const double rates[] = {0.9, 0.95, 0.99, 0.999};
    static const int64_t wanted[] = {29, 59, 299, 2995};
    static const double bounds[][3] = {{300, 300, 0.99006392},
                                       {299, 300, 0.98428545},
                                       {995, 1000, 0.98951592},
                                       {48, 50, 0.87938584}};
    double low;
    int64_t n;
    for (int i = 0; i < 4; i++) {
        ASSERT_OK(mlsd_pass_rate_cases(rates[i], 0, 0.95, &n));
        assert_int_equal(n, wanted[i]);
        ASSERT_OK(mlsd_pass_rate_bound(bounds[i][0], bounds[i][1], 0.95, &low));
        ASSERT_NEAR(low, bounds[i][2], 5e-9);
    }
    /* With failures: enough, and one case less is not. */
    ASSERT_OK(mlsd_pass_rate_cases(0.99, 3, 0.95, &n));
    ASSERT_OK(mlsd_pass_rate_bound((double)n - 3, (double)n, 0.95, &low));
    assert_true(low >= 0.99);
    ASSERT_OK(mlsd_pass_rate_bound((double)n - 4, (double)n - 1, 0.95, &low));
    assert_true(low < 0.99);
    ASSERT_OK(mlsd_pass_rate_bound(0, 5, 0.95, &low));
    assert_true(low == 0);
    ASSERT_OK(mlsd_pass_rate_bound(0, 0, 0.95, &low));
    assert_true(isnan(low));
}

static double half_width(double rate, int64_t n)
{
    double low, high;
    ASSERT_OK(mlsd_interval_proportion("wilson", rate * (double)n, (double)n, 0.95, &low, &high));
    return (high - low) / 2;
}

static void test_rows_needed_are_the_fewest(void **state)
{
    (void)state;
    static const double rates[] = {0, 0.03, 0.5, 1};
    int64_t n;
    double low, high;
    for (int i = 0; i < 4; i++) {
        ASSERT_OK(mlsd_rows_needed("wilson", rates[i], 0.02, 0.95, &n));
        assert_true(half_width(rates[i], n) <= 0.02 && half_width(rates[i], n - 1) > 0.02);
    }
    ASSERT_OK(mlsd_rows_needed("wald", 0.5, 0.01, 0.95, &n));
    assert_int_equal(n, 9604); /* z^2 / 4 h^2 */
    ASSERT_OK(mlsd_rows_needed_difference("newcombe", 0.2, 0.3, 0.05, 0.95, &n));
    for (int64_t m = n - 1; m <= n; m++) {
        ASSERT_OK(mlsd_interval_difference("newcombe", 0.2 * (double)m, (double)m, 0.3 * (double)m,
                                           (double)m, 0.95, NULL, &low, &high, NULL));
        assert_true(((high - low) / 2 <= 0.05) == (m == n));
    }
}

static void test_what_is_refused(void **state)
{
    (void)state;
    double low, high;
    int64_t n;
    ASSERT_FAILS(MLSD_E_ARG, "did you mean 'wilson'?",
                 mlsd_interval_proportion("wilsn", 1, 2, 0.95, &low, &high));
    ASSERT_FAILS(MLSD_E_ARG,
                 "no method 'zz'; there are wilson, clopper_pearson, jeffreys, agresti_coull, wald",
                 mlsd_interval_proportion("zz", 1, 2, 0.95, &low, &high));
    ASSERT_FAILS(MLSD_E_ARG, "no method 'zz'; there are newcombe, agresti_caffo, wald",
                 mlsd_rows_needed_difference("zz", 0.5, 0.5, 0.1, 0.95, &n));
    ASSERT_FAILS(MLSD_E_ARG, "got 3 of 2",
                 mlsd_interval_proportion("wilson", 3, 2, 0.95, &low, &high));
    ASSERT_FAILS(MLSD_E_ARG, "got nan of 2",
                 mlsd_interval_proportion("wilson", NAN, 2, 0.95, &low, &high));
    ASSERT_FAILS(MLSD_E_ARG, "level", mlsd_interval_proportion("wilson", 1, 2, 95, &low, &high));
    ASSERT_FAILS(MLSD_E_ARG, "'half_width' must be in (0, 0.5), got 0",
                 mlsd_rows_needed("wilson", 0.5, 0, 0.95, &n));
    ASSERT_FAILS(MLSD_E_ARG, "'rate' must be in (0, 1), got 1",
                 mlsd_pass_rate_cases(1, 0, 0.95, &n));
    const double negative[4] = {1, 2, -3, 4};
    const mlsd_matrix tables = {(double *)negative, 1, 4, 4, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_ARG, "tables[0, 2] is -3",
                 mlsd_common_odds_ratio(&tables, 0.95, &low, NULL, NULL, NULL, NULL, NULL, NULL));
    const mlsd_matrix narrow = {(double *)negative, 1, 3, 4, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_SHAPE, "4 columns",
                 mlsd_common_odds_ratio(&narrow, 0.95, &low, NULL, NULL, NULL, NULL, NULL, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proportions_are_the_published_ones),
        cmocka_unit_test(test_ends_are_exact),
        cmocka_unit_test(test_a_rate_of_nothing_is_not_zero),
        cmocka_unit_test(test_the_difference_of_hmda),
        cmocka_unit_test(test_newcombes_own_examples),
        cmocka_unit_test(test_berkeley_turns_by_department),
        cmocka_unit_test(test_no_correction_beyond_the_excess),
        cmocka_unit_test(test_strata_that_say_nothing),
        cmocka_unit_test(test_pass_rate_contracts),
        cmocka_unit_test(test_rows_needed_are_the_fewest),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
