/* test_group_shuffle_split.c - group_shuffle_split against what scikit-learn 1.2.1 printed for
 * GroupShuffleSplit; stratified_group_shuffle_split against what must hold. */
#include <math.h>

#include "drawn_splits.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};
static const double groups[] = {5, 5, 1, 1, 3, 3, 3, 7, 9, 9};

#define STRATIFIED "{\"kind\":\"stratified_group_shuffle_split\""

static void test_group_shuffle_split__is_scikit_learns(void **state)
{
    (void)state;
    assert_group_split(
        "{\"kind\":\"group_shuffle_split\",\"n_splits\":2,\"seed\":1,\"test_size\":0.4}", 10, NULL,
        groups, "2 3 7 8 9|0 1 4 5 6;4 5 6 7 8 9|0 1 2 3");
    assert_group_split(
        "{\"kind\":\"group_shuffle_split\",\"n_splits\":1,\"seed\":2,\"test_size\":1,"
        "\"train_size\":2}",
        10, NULL, groups, "4 5 6 8 9|0 1");
}

/* 60 groups of 1 to 7 rows, two thirds of class 0: every test part has a quarter of each class,
 * within the two rows that whole groups cost, and no group straddles. */
static void test_group_shuffle_split__keeps_classes_and_groups(void **state)
{
    (void)state;
    enum { G = 60 };
    static double group[7 * G], class[7 * G];
    static int64_t rows[7 * G];
    int64_t n = 0, n_of[2] = {0, 0};
    for (int g = 0; g < G; g++) {
        for (int i = 0; i < 1 + g * 5 % 7; i++, n++) {
            group[n] = g;
            class[n] = (g + i) % 3 == 0;
            n_of[(int)class[n]]++;
        }
    }
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_groups_json(NULL, STRATIFIED ",\"n_splits\":5,\"test_size\":0.25}", n, class,
                                group, &folds));
    assert_int_equal(mlsd_folds_n_splits(folds), 5);
    for (int64_t k = 0; k < 5; k++) {
        int part_of[G], seen = 0;
        double tested[2] = {0, 0};
        memset(part_of, -1, sizeof part_of);
        for (int p = 0; p < 2; p++) {
            const int64_t size = mlsd_folds_part_size(folds, k, p);
            ASSERT_OK(mlsd_folds_part(folds, k, p, rows, n));
            for (int64_t i = 0; i < size; i++, seen++) {
                int *const part = &part_of[(int)group[rows[i]]];
                assert_true(i == 0 || rows[i] > rows[i - 1]);
                assert_true(*part == -1 || *part == p);
                *part = p;
                if (p == 1) tested[(int)class[rows[i]]]++;
            }
        }
        assert_int_equal(seen, n);
        for (int c = 0; c < 2; c++) assert_true(fabs(tested[c] - 0.25 * (double)n_of[c]) <= 2);
    }
    mlsd_folds_free(folds);
}

static void test_group_shuffle_split__errors_name_the_numbers(void **state)
{
    (void)state;
    const double one[] = {4, 4, 4, 4};
    assert_no_group_split("{\"kind\":\"group_shuffle_split\"}", 10, NULL, NULL, MLSD_E_DATA,
                          "needs groups");
    assert_no_group_split("{\"kind\":\"group_shuffle_split\"}", 4, NULL, one, MLSD_E_DATA,
                          "all 4 rows are of one group, which cannot be cut");
    assert_no_group_split("{\"kind\":\"group_shuffle_split\",\"test_size\":5}", 10, NULL, groups,
                          MLSD_E_DATA, "test_size=5 must be less than the 5 groups; use at most 4");
    assert_no_group_split("{\"kind\":\"group_shuffle_split\",\"test_size\":0.99}", 10, NULL, groups,
                          MLSD_E_DATA, "part 0 of 2 would have none of the 5 groups");
    assert_no_group_split(STRATIFIED "}", 4, one, one, MLSD_E_DATA,
                          "1 group cannot be dealt to 2 parts without cutting one");
    assert_no_group_split(STRATIFIED "}", 10, y, NULL, MLSD_E_DATA, "needs groups");
    assert_no_group_split(STRATIFIED "}", 10, NULL, groups, MLSD_E_DATA, "needs a target");
}

static void test_group_shuffle_split__memory_and_threads(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\":\"group_shuffle_split\",\"n_splits\":3}",
        STRATIFIED ",\"n_splits\":2,\"test_size\":0.4}",
        STRATIFIED ",\"n_splits\":2,\"test_size\":0.4,\"train_size\":0.3,\"strata_bins\":2}",
    };
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        assert_split_leaks_nothing(specs[s], 10, y, groups);
        assert_split_is_the_same_with_threads(specs[s], 10, y, groups);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_shuffle_split__is_scikit_learns),
        cmocka_unit_test(test_group_shuffle_split__keeps_classes_and_groups),
        cmocka_unit_test(test_group_shuffle_split__errors_name_the_numbers),
        cmocka_unit_test(test_group_shuffle_split__memory_and_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
