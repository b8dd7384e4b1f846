/* test_shuffle_split.c - shuffle_split and stratified_shuffle_split against what scikit-learn 1.2.1
 * printed for ShuffleSplit and StratifiedShuffleSplit. */
#include "drawn_splits.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};

#define STRATIFIED "{\"kind\":\"stratified_shuffle_split\""

static void test_shuffle_split__is_scikit_learns(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"shuffle_split\",\"n_splits\":2,\"seed\":1,\"test_size\":0.3}", 10,
                 NULL, "4 0 3 1 7 8 5|2 9 6;0 8 4 2 1 6 7|9 5 3");
    assert_split("{\"kind\":\"shuffle_split\",\"n_splits\":2,\"seed\":1,\"test_size\":2,"
                 "\"train_size\":0.5}",
                 10, NULL, "6 4 0 3 1|2 9;3 0 8 4 2|9 5");
    assert_split("{\"kind\":\"shuffle_split\",\"n_splits\":1,\"seed\":1,\"train_size\":7}", 10,
                 NULL, "4 0 3 1 7 8 5|2 9 6");
}

static void test_shuffle_split__stratified_is_scikit_learns(void **state)
{
    (void)state;
    assert_split(STRATIFIED ",\"n_splits\":2,\"seed\":1,\"test_size\":0.4}", 10, y,
                 "7 9 8 3 1 2|6 4 5 0;4 2 7 1 6 0|9 8 3 5");
}

/* The lower and the upper half of a number are drawn as two classes are. */
static void test_shuffle_split__bins_of_a_number_are_strata(void **state)
{
    (void)state;
    const double halves[] = {0, 0, 1, 1, 0, 1, 0, 1, 0, 1};
    const double number[] = {-3, 0.5, 7, 8, 1, 9, -2, 10, 2, 11};
    mlsd_folds *folds = NULL;
    char expected[FOLD_TEXT_CAPACITY];
    ASSERT_OK(split_json(NULL, STRATIFIED ",\"n_splits\":3,\"test_size\":4}", 10, halves, &folds));
    write_folds(folds, expected);
    mlsd_folds_free(folds);
    assert_split(STRATIFIED ",\"n_splits\":3,\"test_size\":4,\"strata_bins\":2}", 10, number,
                 expected);
}

static void test_shuffle_split__errors_name_the_numbers(void **state)
{
    (void)state;
    const double rare[] = {0, 0, 0, 0, 0, 1, 1, 1, 7, 0};
    const double different[] = {3, 1, 4, 1.5, 9, 2, 6, 5, 3.5, 8};
    const double same[] = {4, 4, 4, 4, 4, 4, 4, 4, 4, 4};
    assert_no_split("{\"kind\":\"shuffle_split\"}", 1, NULL, MLSD_E_DATA,
                    "part 0 of 2 would have none of the 1 rows");
    assert_no_split("{\"kind\":\"shuffle_split\"}", 0, NULL, MLSD_E_DATA, "no rows");
    assert_no_split("{\"kind\":\"shuffle_split\",\"test_size\":0}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "'test_size' must be in (0, inf), got 0");
    assert_no_split("{\"kind\":\"shuffle_split\",\"test_size\":-0.1}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "got -0.1");
    assert_no_split("{\"kind\":\"shuffle_split\",\"test_size\":11}", 10, NULL, MLSD_E_DATA,
                    "test_size=11 must be less than the 10 rows");
    assert_no_split("{\"kind\":\"shuffle_split\",\"n_splits\":0}", 10, NULL, MLSD_E_PARAM_RANGE,
                    "'n_splits'");
    assert_no_split("{\"kind\":\"shuffle_split\",\"test_size\":0.6,\"train_size\":0.6}", 10, NULL,
                    MLSD_E_PARAM_CONFLICT, "0.6 and 0.6");
    assert_no_split("{\"kind\":\"shuffle_split\",\"strata_bins\":3}", 10, NULL,
                    MLSD_E_PARAM_UNKNOWN, "strata_bins");
    assert_no_split(STRATIFIED "}", 10, NULL, MLSD_E_DATA, "needs a target");
    assert_no_split(STRATIFIED "}", 10, y, MLSD_E_DATA,
                    "part 1 has 1 rows, fewer than the 3 classes");
    assert_no_split(STRATIFIED ",\"test_size\":0.5}", 10, rare, MLSD_E_DATA,
                    "class 7 has 1 row, fewer than the 2");
    assert_no_split(STRATIFIED ",\"test_size\":0.5,\"strata_bins\":2}", 10, same, MLSD_E_DATA,
                    "too few different values");
    assert_no_split(STRATIFIED ",\"test_size\":0.3,\"strata_bins\":4}", 10, different, MLSD_E_DATA,
                    "part 1 has 3 rows, fewer than the 4 strata");
    assert_no_split(STRATIFIED ",\"strata_bins\":1}", 10, y, MLSD_E_PARAM_RANGE, "strata_bins");
}

static void test_shuffle_split__memory_and_threads(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\":\"shuffle_split\",\"n_splits\":3}",
        STRATIFIED ",\"n_splits\":2,\"test_size\":0.4}",
        STRATIFIED ",\"n_splits\":1,\"test_size\":0.4}",
        STRATIFIED ",\"n_splits\":2,\"test_size\":0.4,\"strata_bins\":2}",
    };
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        assert_split_leaks_nothing(specs[s], 10, y, NULL);
        assert_split_is_the_same_with_threads(specs[s], 10, y, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shuffle_split__is_scikit_learns),
        cmocka_unit_test(test_shuffle_split__stratified_is_scikit_learns),
        cmocka_unit_test(test_shuffle_split__bins_of_a_number_are_strata),
        cmocka_unit_test(test_shuffle_split__errors_name_the_numbers),
        cmocka_unit_test(test_shuffle_split__memory_and_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
