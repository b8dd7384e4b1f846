/* test_holdout.c - holdout against what scikit-learn 1.2.1 printed for train_test_split; more than
 * two parts against the permutation that numpy.random.RandomState(5).permutation(10) gives. */
#include <math.h>

#include "drawn_splits.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};

static void test_holdout__is_train_test_split(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"holdout\",\"seed\":1}", 10, NULL, "4 0 3 1 7 8 5|2 9 6");
    assert_split("{\"kind\":\"holdout\",\"seed\":1,\"test_size\":2,\"train_size\":0.5}", 10, NULL,
                 "6 4 0 3 1|2 9");
    assert_split("{\"kind\":\"holdout\",\"seed\":1,\"test_size\":0.4,\"stratify\":true}", 10, y,
                 "7 9 8 3 1 2|6 4 5 0");
    assert_split("{\"kind\":\"holdout\",\"shuffle\":false}", 10, NULL, "0 1 2 3 4 5 6|7 8 9");
}

static void test_holdout__many_parts_cut_one_permutation(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"holdout\",\"seed\":5,\"parts\":[0.5,0.3,0.2]}", 10, NULL,
                 "1 0 8 6 3|2 4 7|9 5");
    assert_split("{\"kind\":\"holdout\",\"shuffle\":false,\"parts\":[0.5,0.3,0.2]}", 10, NULL,
                 "0 1 2 3 4|5 6 7|8 9");
}

/* Largest remainders of 11 rows: 7.7, 1.65, 1.65 give 7, 1, 1 and two more for the first two. */
static void test_holdout__sizes_by_largest_remainder(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    ASSERT_OK(
        split_json(NULL, "{\"kind\":\"holdout\",\"parts\":[0.7,0.15,0.15]}", 11, NULL, &folds));
    assert_int_equal(mlsd_folds_n_parts(folds), 3);
    assert_int_equal(mlsd_folds_part_size(folds, 0, 0), 8);
    assert_int_equal(mlsd_folds_part_size(folds, 0, 1), 2);
    assert_int_equal(mlsd_folds_part_size(folds, 0, 2), 1);
    mlsd_folds_free(folds);
}

/* Every row once, and class shares within a row of exact: 600 rows of three classes, 6 to 3 to 1.
 */
static void test_holdout__many_stratified_parts_keep_proportions(void **state)
{
    (void)state;
    enum { N = 600 };
    static double classes[N];
    static int64_t rows[N];
    int seen[N] = {0};
    const double share[] = {0.6, 0.3, 0.1};
    mlsd_folds *folds = NULL;
    for (int i = 0; i < N; i++) classes[i] = i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2;
    ASSERT_OK(split_json(NULL,
                         "{\"kind\":\"holdout\",\"parts\":[0.7,0.15,0.15],\"stratify\":true,"
                         "\"seed\":9}",
                         N, classes, &folds));
    for (int64_t p = 0; p < 3; p++) {
        const int64_t n = mlsd_folds_part_size(folds, 0, p);
        double counts[3] = {0};
        ASSERT_OK(mlsd_folds_part(folds, 0, p, rows, N));
        for (int64_t i = 0; i < n; i++) {
            seen[rows[i]]++;
            counts[(int)classes[rows[i]]]++;
        }
        assert_int_equal(n, p == 0 ? 420 : 90);
        for (int c = 0; c < 3; c++) assert_true(fabs(counts[c] - share[c] * (double)n) < 1);
    }
    for (int i = 0; i < N; i++) assert_int_equal(seen[i], 1);
    mlsd_folds_free(folds);
}

/* 40 groups of five rows, whose class changes with the group: parts have their 50, 30 and 20 per
 * cent of both classes to the row, which whole groups allow here, and no group straddles. */
static void test_holdout__many_grouped_parts(void **state)
{
    (void)state;
    enum { N = 200 };
    static double classes[N], group[N];
    static int64_t rows[N];
    const double share[] = {0.5, 0.3, 0.2};
    for (int i = 0; i < N; i++) {
        group[i] = i % 40;
        classes[i] = i % 40 < 20;
    }
    for (int stratify = 0; stratify < 2; stratify++) {
        int part_of[40];
        mlsd_folds *folds = NULL;
        memset(part_of, -1, sizeof part_of);
        ASSERT_OK(split_groups_json(
            NULL,
            stratify ? "{\"kind\":\"holdout\",\"parts\":[0.5,0.3,0.2],\"grouped\":true,"
                       "\"stratify\":true}"
                     : "{\"kind\":\"holdout\",\"parts\":[0.5,0.3,0.2],\"grouped\":true}",
            N, classes, group, &folds));
        for (int p = 0; p < 3; p++) {
            double ones = 0;
            const int64_t n = mlsd_folds_part_size(folds, 0, p);
            ASSERT_NEAR((double)n, share[p] * N, 1e-9);
            ASSERT_OK(mlsd_folds_part(folds, 0, p, rows, N));
            for (int64_t i = 0; i < n; i++) {
                int *const part = &part_of[(int)group[rows[i]]];
                assert_true(*part == -1 || *part == p);
                *part = p;
                ones += classes[rows[i]];
            }
            if (stratify) ASSERT_NEAR(ones, share[p] * 100, 1e-9);
        }
        mlsd_folds_free(folds);
    }
}

/* A number whose strata are its halves is drawn as two classes are. */
static void test_holdout__bins_of_a_number_are_strata(void **state)
{
    (void)state;
    const double halves[] = {0, 0, 1, 1, 0, 1, 0, 1, 0, 1};
    const double number[] = {-3, 0.5, 7, 8, 1, 9, -2, 10, 2, 11};
    char expected[FOLD_TEXT_CAPACITY];
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"holdout\",\"stratify\":true}", 10, halves, &folds));
    write_folds(folds, expected);
    mlsd_folds_free(folds);
    assert_split("{\"kind\":\"holdout\",\"stratify\":true,\"strata_bins\":2}", 10, number,
                 expected);
}

static void test_holdout__memory_and_threads(void **state)
{
    (void)state;
    const double groups[] = {5, 5, 1, 1, 3, 3, 3, 7, 9, 9};
    static const char *const specs[] = {
        "{\"kind\":\"holdout\",\"grouped\":true,\"parts\":[0.5,0.3,0.2]}",
        "{\"kind\":\"holdout\",\"grouped\":true,\"stratify\":true}",
        "{\"kind\":\"holdout\",\"stratify\":true,\"strata_bins\":2}",
    };
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        assert_split_leaks_nothing(specs[s], 10, y, groups);
        assert_split_is_the_same_with_threads(specs[s], 10, y, groups);
    }
}

static void test_holdout__errors_name_the_numbers(void **state)
{
    (void)state;
    const double rare[] = {0, 0, 0, 0, 0, 1, 1, 1, 7, 0};
    assert_no_split("{\"kind\":\"holdout\",\"stratify\":true}", 10, rare, MLSD_E_DATA,
                    "class 7 has 1 row, fewer than the 2 that a stratified split needs");
    assert_no_split("{\"kind\":\"holdout\",\"stratify\":true,\"test_size\":2}", 10, y, MLSD_E_DATA,
                    "part 1 has 2 rows, fewer than the 3 classes");
    assert_no_split("{\"kind\":\"holdout\",\"stratify\":true,\"shuffle\":false}", 10, y,
                    MLSD_E_PARAM_CONFLICT, "shuffle=false");
    assert_no_split("{\"kind\":\"holdout\",\"stratify\":true}", 10, NULL, MLSD_E_DATA,
                    "needs a target");
    assert_no_split("{\"kind\":\"holdout\"}", 1, NULL, MLSD_E_DATA, "part 0 of 2");
    assert_no_split("{\"kind\":\"holdout\",\"parts\":[0.5,0.3,0.2]}", 2, NULL, MLSD_E_DATA,
                    "part 2 of 3 would have none of the 2 rows");
    assert_no_split("{\"kind\":\"holdout\",\"parts\":[0.5,0.25]}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "must sum to 1, got 0.75");
    assert_no_split("{\"kind\":\"holdout\",\"parts\":[0.5,0.25,0.25],\"test_size\":0.5}", 10, NULL,
                    MLSD_E_PARAM_CONFLICT, "'parts' and 'test_size'");
    assert_no_split("{\"kind\":\"holdout\",\"test_size\":1.5}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "1.5");
    assert_no_split("{\"kind\":\"holdout\",\"test_size\":10}", 10, NULL, MLSD_E_DATA,
                    "test_size=10 must be less than the 10 rows");
    assert_no_split("{\"kind\":\"holdout\",\"test_size\":0.7,\"train_size\":0.7}", 10, NULL,
                    MLSD_E_PARAM_CONFLICT, "more than 1");
    assert_no_split("{\"kind\":\"holdout\",\"test_size\":6,\"train_size\":6}", 10, NULL,
                    MLSD_E_DATA, "6 rows to train on and 6 to test on");
    assert_no_split("{\"kind\":\"holdout\",\"strata_bins\":2}", 10, y, MLSD_E_PARAM_CONFLICT,
                    "'strata_bins' needs stratify=true");
    assert_no_split("{\"kind\":\"holdout\",\"grouped\":true}", 10, y, MLSD_E_DATA, "needs groups");
    assert_no_group_split("{\"kind\":\"holdout\",\"grouped\":true,\"shuffle\":false}", 10, y, y,
                          MLSD_E_PARAM_CONFLICT, "'grouped' draws groups");
    assert_no_group_split("{\"kind\":\"holdout\",\"grouped\":true,\"parts\":[0.25,0.25,0.25,0.25]}",
                          10, NULL, y, MLSD_E_DATA,
                          "3 groups cannot be dealt to 4 parts without cutting one");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_holdout__is_train_test_split),
        cmocka_unit_test(test_holdout__many_parts_cut_one_permutation),
        cmocka_unit_test(test_holdout__sizes_by_largest_remainder),
        cmocka_unit_test(test_holdout__many_stratified_parts_keep_proportions),
        cmocka_unit_test(test_holdout__many_grouped_parts),
        cmocka_unit_test(test_holdout__bins_of_a_number_are_strata),
        cmocka_unit_test(test_holdout__memory_and_threads),
        cmocka_unit_test(test_holdout__errors_name_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
