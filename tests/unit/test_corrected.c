/* The corrected resampled t interval, against numbers worked out by hand and by NumPy 1.24 and
 * SciPy (scipy.stats.t.ppf, which has ten digits) from Nadeau & Bengio (2003), eq. 8. */
#include "unit.h"

#include <math.h>

#include "validate/corrected.h"

static const double A[] = {0.81, 0.79, 0.84, 0.80, 0.77, 0.83, 0.82, 0.78, 0.85, 0.76};
static const double B[] = {0.80, 0.80, 0.81, 0.79, 0.78, 0.80, 0.81, 0.77, 0.82, 0.77};

static void test_corrected__by_hand(void **state)
{
    (void)state;
    /* s^2 = 5/3, (1/4 + 1/3) * 5/3 = 35/36, t(0.975; 3) = 3.18244630528 (any table of t). */
    const double x[] = {1, 2, 3, 4};
    mlsd__estimate e;
    mlsd__corrected_t(x, 4, 1.0 / 3, 0.95, &e);
    ASSERT_NEAR(e.value, 2.5, 0);
    ASSERT_NEAR(e.se, sqrt(35.0 / 36), 1e-15);
    ASSERT_NEAR(e.high, 2.5 + 3.18244630528 * sqrt(35.0 / 36), 1e-9);
    ASSERT_NEAR(e.low, 5 - e.high, 1e-10);
}

static void test_corrected__as_scipy(void **state)
{
    (void)state;
    mlsd__estimate e;
    mlsd__corrected_t(A, 10, 1.0 / 9, 0.95, &e);
    ASSERT_NEAR(e.value, 0.805, 1e-15);
    ASSERT_NEAR(e.se, 0.013911093361721007, 1e-15);
    ASSERT_NEAR(e.low, 0.7735309205102242, 1e-10);
    ASSERT_NEAR(e.high, 0.8364690794897759, 1e-10);
}

static void test_corrected__paired(void **state)
{
    (void)state;
    mlsd__estimate e;
    mlsd__corrected_t_paired(A, B, 10, 1.0 / 9, 0.9, &e);
    ASSERT_NEAR(e.value, 0.01, 1e-15);
    ASSERT_NEAR(e.se, 0.007503085784948496, 1e-14);
    ASSERT_NEAR(e.low, -0.0037540035871987502, 1e-10);
    ASSERT_NEAR(e.high, 0.023754003587198702, 1e-10);
}

static void test_corrected__one_or_no_score(void **state)
{
    (void)state;
    const double x[] = {NAN, 3, NAN};
    mlsd__estimate e;
    mlsd__corrected_t(x, 3, 0.5, 0.95, &e);
    ASSERT_NEAR(e.value, 3, 0);
    assert_true(isnan(e.se) && isnan(e.low) && isnan(e.high));
    mlsd__corrected_t(x, 1, 0.5, 0.95, &e);
    assert_true(isnan(e.value) && isnan(e.se) && isnan(e.low) && isnan(e.high));
}

static void test_corrected__missing_scores_do_not_count(void **state)
{
    (void)state;
    const double x[] = {1, NAN, 2, 3, NAN, 4}, full[] = {1, 2, 3, 4};
    mlsd__estimate e, f;
    mlsd__corrected_t(x, 6, 1.0 / 3, 0.95, &e);
    mlsd__corrected_t(full, 4, 1.0 / 3, 0.95, &f);
    assert_memory_equal(&e, &f, sizeof e);
}

static void test_corrected__equal_scores_have_no_spread(void **state)
{
    (void)state;
    const double x[] = {0.1, 0.1, 0.1};
    mlsd__estimate e;
    mlsd__corrected_t(x, 3, 0.5, 0.95, &e);
    ASSERT_NEAR(e.se, 0, 0);
    ASSERT_NEAR(e.low, 0.1, 0);
}

/* What the test can find: the power integrated by mpmath 1.2 to 20 digits and solved; then
 * scipy.stats.nct (Boost, some nine digits) solved by scipy.optimize.brentq. */
static void test_corrected__detectable_difference(void **state)
{
    (void)state;
    mlsd__estimate e = {.se = 1, .df = 9};
    ASSERT_NEAR(mlsd__detectable_difference(&e, 0.95, 0.8), 3.1496328864506175, 1e-11);
    e.df = 4;
    ASSERT_NEAR(mlsd__detectable_difference(&e, 0.9, 0.5), 1.9853264520855334, 1e-9);
    e.df = 1;
    ASSERT_NEAR(mlsd__detectable_difference(&e, 0.95, 0.8), 16.3340088702498, 1e-7);
    mlsd__corrected_t_paired(A, B, 10, 1.0 / 9, 0.9, &e);
    const double least = mlsd__detectable_difference(&e, 0.9, 0.8);
    ASSERT_NEAR(least, 0.020234679394280797, 1e-11);
    ASSERT_NEAR(mlsd__rows_factor_for(&e, -least / 3, 0.9, 0.8), 9, 1e-12);
    ASSERT_NEAR(mlsd__splits_for(&e, 10, 1.0 / 9, 0.02, 0.9, 0.8), 11, 0);
    ASSERT_NEAR(mlsd__splits_for(&e, 10, 1.0 / 9, -0.0155, 0.9, 0.8), 35, 0);
    assert_true(isinf(mlsd__splits_for(&e, 10, 1.0 / 9, 0.001, 0.9, 0.8)));
    e.se = NAN;
    assert_true(isnan(mlsd__detectable_difference(&e, 0.9, 0.8)));
    assert_true(isnan(mlsd__splits_for(&e, 10, 1.0 / 9, 0.02, 0.9, 0.8)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corrected__by_hand),
        cmocka_unit_test(test_corrected__as_scipy),
        cmocka_unit_test(test_corrected__paired),
        cmocka_unit_test(test_corrected__one_or_no_score),
        cmocka_unit_test(test_corrected__missing_scores_do_not_count),
        cmocka_unit_test(test_corrected__equal_scores_have_no_spread),
        cmocka_unit_test(test_corrected__detectable_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
