/* test_bootstrap.c - bootstrap against what scikit-learn 1.2.1's utils.resample drew from one
 * RandomState, call after call; groups against randint(0, 5, 5) of RandomState(1). */
#include "drawn_splits.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};
static const double groups[] = {5, 5, 1, 1, 3, 3, 3, 7, 9, 9};

static void test_bootstrap__draws_what_resample_draws(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"bootstrap\",\"n_splits\":2,\"seed\":3}", 10, NULL,
                 "8 9 3 8 8 0 5 3 9 9|1 2 4 6 7;5 7 6 0 4 7 8 1 6 2|3 9");
    assert_split("{\"kind\":\"bootstrap\",\"n_splits\":2,\"seed\":3,\"stratify\":true}", 10, y,
                 "7 4 1 3 5 8 0 6 0 6|2 9;7 9 5 8 8 6 1 3 2 3|0 4");
    assert_split("{\"kind\":\"bootstrap\",\"n_splits\":2,\"seed\":3,\"sample_size\":4}", 10, NULL,
                 "8 9 3 8|0 1 2 4 5 6 7;8 0 5 3|1 2 4 6 7 9");
    assert_split("{\"kind\":\"bootstrap\",\"n_splits\":2,\"seed\":3,\"sample_size\":0.45}", 10,
                 NULL, "8 9 3 8|0 1 2 4 5 6 7;8 0 5 3|1 2 4 6 7 9");
}

/* Groups 7, 9, 1, 3, 7 are drawn; 5 is left out. */
static void test_bootstrap__draws_whole_groups(void **state)
{
    (void)state;
    assert_group_split("{\"kind\":\"bootstrap\",\"n_splits\":1,\"seed\":1,\"grouped\":true}", 10,
                       NULL, groups, "7 8 9 2 3 4 5 6 7|0 1");
}

/* Two rows: every other draw takes both and is drawn again. The .632 of Efron: rows left out of a
 * bag are about exp(-1) of all. */
static void test_bootstrap__always_leaves_rows_out(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"bootstrap\",\"n_splits\":64}", 2, NULL, &folds));
    for (int64_t k = 0; k < 64; k++) {
        assert_int_equal(mlsd_folds_part_size(folds, k, 0), 2);
        assert_int_equal(mlsd_folds_part_size(folds, k, 1), 1);
    }
    mlsd_folds_free(folds);

    int64_t n_left_out = 0;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"bootstrap\",\"n_splits\":10}", 2000, NULL, &folds));
    for (int64_t k = 0; k < 10; k++) n_left_out += mlsd_folds_part_size(folds, k, 1);
    mlsd_folds_free(folds);
    assert_in_range(n_left_out, 7200, 7500); /* 7358 expected, standard deviation 44 */
}

/* Whole groups of one class each: three of the six groups of class 0, one of the two of class 1. */
static void test_bootstrap__stratifies_groups(void **state)
{
    (void)state;
    const double class[] = {0, 0, 0, 0, 0, 0, 0, 1, 1, 1};
    const double group[] = {0, 1, 2, 3, 4, 5, 5, 6, 7, 7};
    int64_t rows[20];
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_groups_json(NULL,
                                "{\"kind\":\"bootstrap\",\"n_splits\":9,\"sample_size\":4,"
                                "\"grouped\":true,\"stratify\":true}",
                                10, class, group, &folds));
    for (int64_t k = 0; k < 9; k++) {
        const int64_t n = mlsd_folds_part_size(folds, k, 0);
        int64_t ones = 0, zeros = 0;
        ASSERT_OK(mlsd_folds_part(folds, k, 0, rows, 20));
        for (int64_t i = 0; i < n; i++) {
            ones += rows[i] == 7 || rows[i] == 8;
            zeros += rows[i] <= 5;
        }
        assert_int_equal(ones, 1);
        assert_int_equal(zeros, 3);
    }
    mlsd_folds_free(folds);
}

static void test_bootstrap__errors_name_the_numbers(void **state)
{
    (void)state;
    const double one[] = {4, 4, 4};
    const double all_rare[] = {1, 2, 3};
    assert_no_split("{\"kind\":\"bootstrap\"}", 1, NULL, MLSD_E_DATA,
                    "of a single row leaves nothing to test on; it needs at least 2");
    assert_no_group_split("{\"kind\":\"bootstrap\",\"grouped\":true}", 3, NULL, one, MLSD_E_DATA,
                          "of a single group leaves nothing");
    assert_no_split("{\"kind\":\"bootstrap\",\"sample_size\":0.05}", 10, NULL, MLSD_E_DATA,
                    "sample_size=0.05 of 10 rows draws none");
    assert_no_split("{\"kind\":\"bootstrap\",\"sample_size\":2.5}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "got 2.5");
    assert_no_split("{\"kind\":\"bootstrap\",\"sample_size\":1e12}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "'sample_size'");
    assert_no_split("{\"kind\":\"bootstrap\",\"sample_size\":200}", 10, NULL, MLSD_E_DATA,
                    "drawing 200 of 10 rows left none out to test on, 1000 times");
    assert_no_split("{\"kind\":\"bootstrap\",\"stratify\":true}", 3, all_rare, MLSD_E_DATA,
                    "use more rows of a class");
    assert_no_split("{\"kind\":\"bootstrap\",\"strata_bins\":2}", 10, y, MLSD_E_PARAM_CONFLICT,
                    "stratify=true");
    assert_no_group_split("{\"kind\":\"bootstrap\",\"stratify\":true,\"grouped\":true}", 10, y,
                          groups, MLSD_E_DATA, "group 5 has rows of two classes");
}

static void test_bootstrap__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    const double class[] = {1, 1, 0, 0, 1, 1, 1, 0, 0, 0};
    static const char *const specs[] = {
        "{\"kind\":\"bootstrap\",\"n_splits\":3}",
        "{\"kind\":\"bootstrap\",\"n_splits\":3,\"grouped\":true}",
        "{\"kind\":\"bootstrap\",\"n_splits\":2,\"stratify\":true,\"strata_bins\":2}",
        "{\"kind\":\"bootstrap\",\"n_splits\":2,\"stratify\":true,\"grouped\":true}",
    };
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        assert_split_leaks_nothing(specs[s], 10, class, groups);
        mlsd_folds *folds = NULL;
        int64_t rows[64];
        ASSERT_OK(split_groups_json(NULL, specs[s], 10, class, groups, &folds));
        ASSERT_OK(mlsd_folds_part(folds, 0, 0, rows, 64));
        mlsd_folds_free(folds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bootstrap__draws_what_resample_draws),
        cmocka_unit_test(test_bootstrap__draws_whole_groups),
        cmocka_unit_test(test_bootstrap__always_leaves_rows_out),
        cmocka_unit_test(test_bootstrap__stratifies_groups),
        cmocka_unit_test(test_bootstrap__errors_name_the_numbers),
        cmocka_unit_test(test_bootstrap__memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
