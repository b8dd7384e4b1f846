/* test_paths_logistic.c - many C and all folds of logistic_regression at once, beside the plain
 * loop: equal to ten digits where `tol` asks for them, and with the default as near as the plain
 * loop is to the optimum. */
#include "path_checks.h"

#define SETTING(C, rest) "{\"kind\":\"logistic_regression\",\"C\":" C rest "}"
#define EXACT(C) SETTING(C, ",\"tol\":1e-14,\"max_iter\":1000")
static const char *const EXACTLY[] = {EXACT("1"), EXACT("0.001"), EXACT("100"), EXACT("0.03"),
                                      EXACT("5")};
static const char *const DEFAULT[] = {SETTING("10", ""), SETTING("0.01", ""), SETTING("1", "")};
static const char *const BARE[] = {
    SETTING("0.1", ",\"tol\":1e-14,\"max_iter\":1000,\"fit_intercept\":false"),
    SETTING("3", ",\"tol\":1e-14,\"max_iter\":1000,\"fit_intercept\":false")};
static const char *const BALANCED[] = {
    SETTING("0.1", ",\"tol\":1e-14,\"max_iter\":1000,\"class_weight\":\"balanced\""),
    SETTING("3", ",\"tol\":1e-14,\"max_iter\":1000,\"class_weight\":\"balanced\"")};
static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";
static const char *const STANDARDIZE = "{\"kind\":\"standardize\"}";
static const path_question EXACT_PROBA = {
    .settings = EXACTLY, .n_settings = 5, .what = MLSD_OUTPUT_PROBA};

static void compare(int64_t n, int64_t p, int64_t k, int weighted, double offset,
                    const char *splitter, const char *const *settings, int64_t n_settings,
                    const char *standardize, mlsd_output what, double tolerance, int64_t by_run,
                    int64_t by_folds)
{
    linear_data d = make_linear_data(n, p, k, 17);
    for (int64_t i = 0; i < n * p; i++) d.x[i] += offset;
    const path_question ask = {
        .settings = settings, .n_settings = n_settings, .standardize = standardize, .what = what};
    path_expect(&d, k, weighted, splitter, &ask, tolerance, (path_counts){by_run, by_folds});
    free_linear_data(&d);
}

static void test_logistic_path__as_the_plain_loop(void **state)
{
    (void)state;
    compare(400, 4, 2, 0, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-10, 25, 25);
    compare(400, 4, 2, 1, 2, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_DECISION, 1e-10, 25, 25);
    compare(400, 4, 3, 1, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-10, 25, 25);
    compare(400, 4, 4, 0, 1, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_DECISION, 1e-10, 25, 25);
    compare(5000, 12, 2, 0, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-10, 25, 25);
    compare(300, 3, 2, 1, 0, KFOLD, BARE, 2, NULL, MLSD_OUTPUT_PROBA, 1e-10, 10, 10);
}

static void test_logistic_path__with_the_default_tolerance(void **state)
{
    (void)state;
    compare(400, 4, 2, 0, 0, KFOLD, DEFAULT, 3, NULL, MLSD_OUTPUT_PROBA, 1e-5, 15, 15);
    compare(400, 4, 3, 1, 0, KFOLD, DEFAULT, 3, NULL, MLSD_OUTPUT_PROBA, 1e-5, 15, 15);
}

static void test_logistic_path__standardised_in_each_fold(void **state)
{
    (void)state;
    const char *const no_means = "{\"kind\":\"standardize\",\"with_mean\":false}";
    const char *const no_scales = "{\"kind\":\"standardize\",\"with_std\":false}";
    const mlsd_output what = MLSD_OUTPUT_PROBA;
    compare(400, 4, 2, 1, 5, KFOLD, EXACTLY, 5, STANDARDIZE, what, 1e-10, 0, 25);
    compare(400, 4, 3, 0, 5, KFOLD, EXACTLY, 5, no_means, what, 1e-10, 0, 25);
    compare(400, 4, 2, 1, 5, KFOLD, EXACTLY, 5, no_scales, what, 1e-10, 0, 25);
    compare(400, 4, 2, 1, 1, KFOLD, BARE, 2, no_means, what, 1e-10, 0, 10);
    /* Without an intercept centred columns are another model's. */
    compare(400, 4, 2, 1, 1, KFOLD, BARE, 2, STANDARDIZE, what, 0, 0, 0);
}

static void test_logistic_path__few_rows_and_many_columns(void **state)
{
    (void)state;
    /* Optima of the folds lie far apart: Hessians of their own. */
    compare(60, 12, 2, 0, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-10, 25, 25);
    compare(40, 60, 2, 0, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-9, 25, 25);
    compare(60, 8, 3, 1, 0, KFOLD, EXACTLY, 5, NULL, MLSD_OUTPUT_PROBA, 1e-9, 25, 25);
}

static void test_logistic_path__class_weights_and_other_splits(void **state)
{
    (void)state;
    const char *const drawn = "{\"kind\":\"shuffle_split\",\"n_splits\":4,\"test_size\":0.3}";
    const mlsd_output what = MLSD_OUTPUT_PROBA;
    compare(300, 3, 3, 1, 0, KFOLD, BALANCED, 2, NULL, what, 1e-10, 10, 0);
    compare(300, 3, 3, 1, 0, drawn, EXACTLY, 5, NULL, what, 1e-10, 20, 0);
}

/* The last class has rows in the last fold only, so that its training rows have none. */
static void test_logistic_path__a_fold_without_a_class(void **state)
{
    (void)state;
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(200, 3, 3, 5);
        for (int64_t i = 0; i < 200; i++)
            d.y[i] = k == 2 ? (i >= 160 ? 1 : 0) : i >= 160 && i % 2 == 0 ? 2 : (double)(i % 2);
        path_expect(&d, k, 0, "{\"kind\":\"kfold\",\"n_splits\":5}", &EXACT_PROBA, 1e-10,
                    (path_counts){k == 2 ? 20 : 25, 20});
        free_linear_data(&d);
    }
}

/* NaN in one fold: the plain ways say where. */
static void test_logistic_path__bad_rows_are_left_to_the_plain_way(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 3, 2, 5);
    d.x[7] = NAN;
    path_expect(&d, 2, 0, KFOLD, &EXACT_PROBA, 0, (path_counts){0, 0});
    free_linear_data(&d);
}

static void test_logistic_path__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    const path_question ask = {.settings = DEFAULT,
                               .n_settings = 2,
                               .standardize = STANDARDIZE,
                               .what = MLSD_OUTPUT_PROBA};
    path_refusals_made(3, &ask);
}

static void test_logistic_path__what_shares(void **state)
{
    (void)state;
    const char *const others[] = {
        SETTING("1", ",\"tol\":0.01"), SETTING("1", ",\"fit_intercept\":false"),
        SETTING("1", ",\"penalty\":\"l1\""), SETTING("1", ",\"class_weights\":[1,2]")};
    mlsd_spec *a = spec_from(SETTING("1", "")), *b = spec_from(SETTING("2", ""));
    const mlsd__path_ops *const path = path_of(a);
    assert_true(path->shares(a, b));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        mlsd_spec *other = spec_from(others[i]);
        assert_false(path->shares(a, other));
        mlsd_spec_free(other);
    }
    mlsd_spec_free(a);
    mlsd_spec_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_path__as_the_plain_loop),
        cmocka_unit_test(test_logistic_path__with_the_default_tolerance),
        cmocka_unit_test(test_logistic_path__standardised_in_each_fold),
        cmocka_unit_test(test_logistic_path__few_rows_and_many_columns),
        cmocka_unit_test(test_logistic_path__class_weights_and_other_splits),
        cmocka_unit_test(test_logistic_path__a_fold_without_a_class),
        cmocka_unit_test(test_logistic_path__bad_rows_are_left_to_the_plain_way),
        cmocka_unit_test(test_logistic_path__every_refused_allocation_is_survived),
        cmocka_unit_test(test_logistic_path__what_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
