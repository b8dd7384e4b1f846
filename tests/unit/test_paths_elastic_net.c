/* test_paths_elastic_net.c - many settings and all folds of lasso and elastic_net at once, beside
 * the plain loop: from the rows of one fold to the last bit, from moments of parts to ten digits.
 */
#include "path_checks.h"

static const char *const LASSO[] = {
    "{\"kind\":\"lasso\",\"alpha\":0.1}",
    "{\"kind\":\"lasso\",\"alpha\":0.001}",
    "{\"kind\":\"lasso\",\"alpha\":1,\"tol\":1e-9}",
    "{\"kind\":\"lasso\",\"alpha\":50}",
    "{\"kind\":\"lasso\",\"alpha\":0.05,\"positive\":true}",
    "{\"kind\":\"lasso\",\"alpha\":0.05,\"selection\":\"random\",\"seed\":3}"};
static const char *const NETS[] = {
    "{\"kind\":\"elastic_net\",\"alpha\":0.1,\"l1_ratio\":0.2}",
    "{\"kind\":\"elastic_net\",\"alpha\":0.1,\"l1_ratio\":0.9}",
    "{\"kind\":\"elastic_net\",\"alpha\":0.01,\"l1_ratio\":0}",
    "{\"kind\":\"elastic_net\",\"alpha\":0.02,\"alphas\":[1,0.1,0.01]}"};
static const char *const BARE[] = {"{\"kind\":\"lasso\",\"alpha\":0.1,\"fit_intercept\":false}",
                                   "{\"kind\":\"lasso\",\"alpha\":0.01,\"fit_intercept\":false}"};
static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";
static const char *const STANDARDIZE = "{\"kind\":\"standardize\"}";

static void compare(int64_t n, int64_t p, int weighted, double offset, const char *splitter,
                    const char *const *settings, int64_t n_settings, const char *standardize,
                    double tolerance, int64_t by_run, int64_t by_folds)
{
    linear_data d = make_linear_data(n, p, 0, 17);
    for (int64_t i = 0; i < n * p; i++) d.x[i] += offset;
    const path_question ask = {.settings = settings,
                               .n_settings = n_settings,
                               .standardize = standardize,
                               .what = MLSD_OUTPUT_VALUE};
    path_expect(&d, 0, weighted, splitter, &ask, tolerance, (path_counts){by_run, by_folds});
    free_linear_data(&d);
}

static void test_enet_path__as_the_plain_loop(void **state)
{
    (void)state;
    compare(300, 8, 0, 0, KFOLD, LASSO, 6, NULL, 1e-11, 30, 30);
    compare(300, 8, 1, 2, KFOLD, LASSO, 6, NULL, 1e-11, 30, 30);
    compare(300, 8, 1, 0, KFOLD, NETS, 4, NULL, 1e-11, 20, 20);
    compare(300, 8, 1, 1, KFOLD, BARE, 2, NULL, 1e-11, 10, 10);
    compare(2000, 40, 0, 0, KFOLD, LASSO, 6, NULL, 1e-10, 30, 30);
}

static void test_enet_path__standardised_in_each_fold(void **state)
{
    (void)state;
    const char *const no_means = "{\"kind\":\"standardize\",\"with_mean\":false}";
    const char *const no_scales = "{\"kind\":\"standardize\",\"with_std\":false}";
    compare(300, 8, 1, 5, KFOLD, LASSO, 6, STANDARDIZE, 1e-11, 0, 30);
    compare(300, 8, 0, 5, KFOLD, NETS, 4, no_means, 1e-11, 0, 20);
    compare(300, 8, 0, 5, KFOLD, NETS, 4, no_scales, 1e-11, 0, 20);
    compare(300, 8, 1, 5, KFOLD, BARE, 2, STANDARDIZE, 1e-11, 0, 10);
    compare(300, 8, 1, 5, KFOLD, BARE, 2, no_means, 1e-11, 0, 10);
}

static void test_enet_path__other_splits_and_wide_rows(void **state)
{
    (void)state;
    const char *const drawn = "{\"kind\":\"shuffle_split\",\"n_splits\":4,\"test_size\":0.3}";
    const char *const times = "{\"kind\":\"time_series_split\",\"n_splits\":4}";
    compare(200, 5, 1, 0, drawn, LASSO, 6, NULL, 1e-11, 24, 24);
    compare(200, 5, 0, 0, times, LASSO, 6, STANDARDIZE, 1e-11, 0, 24);
    /* More columns than rows: there are no moments. */
    compare(40, 60, 0, 0, KFOLD, LASSO, 6, NULL, 0, 30, 0);
}

static void test_enet_path__run_gives_the_same_bits(void **state)
{
    (void)state;
    linear_data d = make_linear_data(150, 6, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_folds *folds = path_split(data, KFOLD);
    const path_question q = {.settings = LASSO,
                             .n_settings = 6,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE};
    mlsd_status status;
    path_answer plain = path_plain(&q), fast = path_run(&q, NULL, &status);
    assert_int_equal(status, MLSD_OK);
    path_assert_same(&plain, &fast);
    path_answer_free(&plain);
    path_answer_free(&fast);
    path_refusals(&q);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_enet_path__sums_of_squares(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 4, 0, 3);
    const path_question ask = {.settings = NETS,
                               .n_settings = 4,
                               .standardize = STANDARDIZE,
                               .squares = true,
                               .what = MLSD_OUTPUT_VALUE};
    path_expect(&d, 0, 1, KFOLD, &ask, 1e-11, (path_counts){0, 20});
    free_linear_data(&d);
}

static void test_enet_path__bad_rows_are_left_to_the_plain_way(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 3, 0, 5);
    d.x[7] = NAN;
    const path_question ask = {.settings = LASSO, .n_settings = 6, .what = MLSD_OUTPUT_VALUE};
    path_expect(&d, 0, 0, KFOLD, &ask, 0, (path_counts){0, 0});
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enet_path__as_the_plain_loop),
        cmocka_unit_test(test_enet_path__standardised_in_each_fold),
        cmocka_unit_test(test_enet_path__other_splits_and_wide_rows),
        cmocka_unit_test(test_enet_path__run_gives_the_same_bits),
        cmocka_unit_test(test_enet_path__sums_of_squares),
        cmocka_unit_test(test_enet_path__bad_rows_are_left_to_the_plain_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
