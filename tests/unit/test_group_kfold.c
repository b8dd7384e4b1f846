/* test_group_kfold.c - group_kfold: ties as scikit-learn 1.9 breaks them (by hand from its
 * description), groups of a data set, errors. Thousands of random cases are compared in
 * tests/reference/test_split_sklearn.py. */
#include <math.h>

#include "fold_text.h"

/* Sizes 2, 2, 2, 1: the last of equal groups goes first, so 7 -> fold 0, 5 -> fold 1, 3 -> fold 0
 * (the lower of two equal folds), and 9 to the lighter fold 1. */
static void test_group_kfold__the_last_of_equal_groups_goes_first(void **state)
{
    (void)state;
    const double groups[] = {3, 5, 7, 3, 5, 7, 9};
    assert_group_split("{\"kind\":\"group_kfold\",\"n_splits\":2}", 7, NULL, groups,
                       "1 4 6|0 2 3 5;0 2 3 5|1 4 6");
}

/* RandomState(0).permutation(4) is 2 3 1 0: groups 7 and 9, then 5 and 3. */
static void test_group_kfold__shuffled_folds_have_equally_many_groups(void **state)
{
    (void)state;
    const double groups[] = {3, 5, 7, 3, 5, 7, 9};
    assert_group_split("{\"kind\":\"group_kfold\",\"n_splits\":2,\"shuffle\":true}", 7, NULL,
                       groups, "0 1 3 4|2 5 6;2 5 6|0 1 3 4");
}

static void test_group_kfold__a_data_set_brings_its_groups(void **state)
{
    (void)state;
    static const char *const towns[] = {"b", "\xc3\xa9", "a", "b", "\xc3\xa9", "a", "Z"};
    const double x[] = {1, 2, 3, 4, 5, 6, 7};
    const int64_t huge[] = {1, 2, 3, 4, 5, 6, INT64_C(9007199254740993)};
    const char *const column = "town", *const role = "group", *const id = "id";
    mlsd_table *table = NULL;
    mlsd_dataset *dataset = NULL;
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, 7));
    ASSERT_OK(mlsd_table_set_str(table, "town", towns, 7));
    ASSERT_OK(mlsd_table_set_i64(table, "id", huge, 7));
    ASSERT_OK(mlsd_spec_new(NULL, "group_kfold", &spec));
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_splits", 2));
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, &column, &role, 1, MLSD_TASK_NONE, &dataset));
    ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
    write_folds(folds, text);
    assert_string_equal(text, "0 3 6|1 2 4 5;1 2 4 5|0 3 6");
    mlsd_folds_free(folds);
    mlsd_dataset_free(dataset);

    ASSERT_OK(mlsd_dataset_from_table(NULL, table, &id, &role, 1, MLSD_TASK_NONE, &dataset));
    ASSERT_FAILS(MLSD_E_DATA, "'id' of row 6 is not below 2^53",
                 mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
    mlsd_dataset_free(dataset);
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, NULL, NULL, 0, MLSD_TASK_NONE, &dataset));
    ASSERT_FAILS(MLSD_E_DATA, "needs groups",
                 mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
    mlsd_dataset_free(dataset);
    const mlsd_matrix ids = {huge, 7, 1, 1, 1, MLSD_I64, 0};
    ASSERT_FAILS(MLSD_E_DATA, "row 6 is not below 2^53",
                 mlsd_folds_split(NULL, spec, 7, NULL, &ids, &folds));
    mlsd_spec_free(spec);
    mlsd_table_free(table);
}

static void test_group_kfold__errors_name_the_numbers(void **state)
{
    (void)state;
    const double groups[] = {1, 1, 2, 2}, one[] = {4, 4, 4, 4}, missing[] = {1, 2, (double)NAN, 3};
    assert_no_group_split("{\"kind\":\"group_kfold\",\"n_splits\":3}", 4, NULL, groups, MLSD_E_DATA,
                          "more than the 2 groups; use at most 2");
    assert_no_group_split("{\"kind\":\"group_kfold\",\"n_splits\":2}", 4, NULL, one, MLSD_E_DATA,
                          "one group");
    assert_no_group_split("{\"kind\":\"group_kfold\",\"n_splits\":2}", 4, NULL, missing,
                          MLSD_E_DATA, "missing in row 2");
    assert_no_group_split("{\"kind\":\"group_kfold\"}", 4, NULL, NULL, MLSD_E_DATA, "needs groups");
    assert_no_group_split(
        "{\"kind\":\"group_kfold\",\"n_splits\":2,\"shuffle\":true,\"compat\":\"1.2\"}", 4, NULL,
        groups, MLSD_E_PARAM_CONFLICT, "'compat'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_group_kfold__the_last_of_equal_groups_goes_first),
        cmocka_unit_test(test_group_kfold__shuffled_folds_have_equally_many_groups),
        cmocka_unit_test(test_group_kfold__a_data_set_brings_its_groups),
        cmocka_unit_test(test_group_kfold__errors_name_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
