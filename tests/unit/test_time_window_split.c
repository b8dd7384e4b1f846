/* test_time_window_split.c - windows of a length of time. Witness: windows laid by hand;
 * tests/reference/test_time_sklearn.py compares random ones with plain loops. */
#include "time_folds.h"

#define WINDOW(rest) "{\"kind\":\"time_window_split\"" rest "}"

static const int64_t days[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
static const int64_t irregular[8] = {0, 1, 1, 2, 10, 11, 19, 20};
static const int64_t panel[9] = {3, 1, 2, 2, 1, 3, 1, 3, 2}; /* three entities */

static void test_time_window_split__by_default_expands_over_equal_times(void **state)
{
    (void)state;
    assert_timed_split(WINDOW(",\"n_splits\":3"), timed(10, days),
                       "0 1 2 3|4 5;0 1 2 3 4 5|6 7;0 1 2 3 4 5 6 7|8 9");
}

static void test_time_window_split__windows_are_half_open(void **state)
{
    (void)state;
    assert_timed_split(
        WINDOW(",\"n_splits\":2,\"train_window\":\"3\",\"test_window\":\"2\",\"gap\":"
               "\"1\""),
        timed(10, days), "2 3 4|6 7;4 5 6|8 9");
    assert_timed_split(
        WINDOW(",\"n_splits\":null,\"train_window\":\"4\",\"validation_window\":\"2\","
               "\"test_window\":\"1\",\"step\":\"3\""),
        timed(10, days), "0 1 2 3|4 5|6;3 4 5 6|7 8|9");
    assert_timed_split(WINDOW(",\"n_splits\":null,\"train_window\":\"4\",\"test_window\":\"3\","
                              "\"anchor\":\"start\""),
                       timed(10, days), "0 1 2 3|4 5 6;3 4 5 6|7 8 9");
    assert_timed_split(WINDOW(",\"n_splits\":null,\"train_window\":\"5\",\"test_window\":\"3\","
                              "\"anchor\":\"start\""),
                       timed(10, days), "0 1 2 3 4|5 6 7;3 4 5 6 7|8 9");
    assert_timed_split(WINDOW(",\"n_splits\":null,\"train_window\":\"5\",\"test_window\":\"3\","
                              "\"anchor\":\"start\",\"allow_incomplete\":false"),
                       timed(10, days), "0 1 2 3 4|5 6 7");
}

static void test_time_window_split__cuts_all_entities_at_one_moment(void **state)
{
    (void)state;
    assert_timed_split(WINDOW(",\"n_splits\":2,\"test_window\":\"1\""), timed(9, panel),
                       "1 4 6|2 3 8;1 2 3 4 6 8|0 5 7");
}

static void test_time_window_split__empty_windows_are_refused_or_skipped(void **state)
{
    (void)state;
    assert_no_timed_split(WINDOW(",\"n_splits\":null,\"train_window\":\"2\",\"test_window\":\"2\""),
                          timed(8, irregular), MLSD_E_DATA,
                          "no row to train on from 17 up to 19; use longer windows");
    assert_timed_split(WINDOW(",\"n_splits\":null,\"train_window\":\"2\",\"test_window\":\"2\","
                              "\"step\":\"1\",\"empty_windows\":\"skip\""),
                       timed(8, irregular), "0 1 2|3;4|5");
}

static void test_time_window_split__starts_at_a_moment_or_at_many(void **state)
{
    (void)state;
    assert_timed_split(WINDOW(",\"n_splits\":2,\"test_window\":\"2\",\"first_cutoff\":\"3\""),
                       timed(10, days), "0 1 2|3 4;0 1 2 3 4|5 6");
    assert_timed_split(WINDOW(",\"test_window\":\"1\",\"cutoffs\":[\"2\",\"7\"]"), timed(10, days),
                       "0 1|2;0 1 2 3 4 5 6|7");
    assert_no_timed_split(WINDOW(",\"test_window\":\"1\",\"cutoffs\":[\"7\",\"2\"]"),
                          timed(10, days), MLSD_E_PARAM_RANGE, "'2' is not after '7'");
    assert_no_timed_split(WINDOW(",\"test_window\":\"1\",\"cutoffs\":[\"7\"],\"step\":\"1\""),
                          timed(10, days), MLSD_E_PARAM_CONFLICT, "'cutoffs' and 'step'");
    assert_no_timed_split(WINDOW(",\"test_window\":\"1\",\"cutoffs\":[\"70\"],\"empty_windows\":"
                                 "\"skip\""),
                          timed(10, days), MLSD_E_DATA, "times go from 0 to 9");
    assert_no_timed_split(WINDOW(",\"test_window\":\"1\",\"cutoffs\":[\"0\"]"), timed(10, days),
                          MLSD_E_DATA, "no row to train on from 0 up to 0");
}

static void test_time_window_split__leaves_out_labels_that_reach_the_test(void **state)
{
    (void)state;
    assert_timed_split(WINDOW(",\"n_splits\":1,\"test_window\":\"2\",\"label_horizon\":\"2\""),
                       timed(10, days), "0 1 2 3 4 5|8 9");
    assert_timed_split(WINDOW(",\"n_splits\":1,\"test_window\":\"2\",\"label_horizon\":\"2\","
                              "\"embargo\":\"1\""),
                       timed(10, days), "0 1 2 3 4|8 9");
}

static void test_time_window_split__reads_dates_of_a_data_set(void **state)
{
    static const char *const names[] = {"x", "when", "y"}, *const roles[] = {"feature", "time",
                                                                             "target"};
    static const char *const when[] = {"2024-01-30", "2024-02-01", "2024-02-29", "2024-03-01",
                                       "2024-03-09"};
    static const double x[] = {1, 2, 3, 4, 5};
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    (void)state;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, 5));
    ASSERT_OK(mlsd_table_set_str(table, "when", when, 5));
    ASSERT_OK(mlsd_table_set_f64(table, "y", x, 5));
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, names, roles, 3, MLSD_TASK_REGRESSION, &data));
    ASSERT_OK(mlsd_spec_from_json(NULL,
                                  WINDOW(",\"cutoffs\":[\"2024-02-01\",\"2024-03-01\"],\"test_"
                                         "window\":\"30d\""),
                                  &spec));
    ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, data, &folds));
    write_folds(folds, text);
    assert_string_equal(text, "0|1 2 3;0 1 2|3 4");
    mlsd_folds_free(folds);
    ASSERT_OK(mlsd_spec_set_str(spec, "test_window", "30"));
    ASSERT_FAILS(MLSD_E_DATA, "times are dates; write it with a unit",
                 mlsd_folds_split_dataset(NULL, spec, data, &folds));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
}

static void test_time_window_split__errors_say_what_would_work(void **state)
{
    const timed_rows rows = timed(10, days);
    (void)state;
    assert_no_split(WINDOW(""), 10, NULL, MLSD_E_DATA, "needs times");
    assert_no_timed_split(WINDOW(",\"test_window\":\"1w\""), rows, MLSD_E_DATA,
                          "test_window '1w' needs to know the unit of the times; set time_unit");
    assert_no_timed_split(WINDOW(",\"test_window\":\"2w\",\"time_unit\":\"d\""), rows, MLSD_E_DATA,
                          "test_window is 14d, longer than all times, which span 10d");
    assert_no_timed_split(WINDOW(",\"test_window\":\"0\""), rows, MLSD_E_PARAM_RANGE,
                          "longer than nothing");
    assert_no_timed_split(WINDOW(",\"n_splits\":null"), rows, MLSD_E_PARAM_CONFLICT, "set it");
    assert_no_timed_split(WINDOW(",\"n_splits\":20"), rows, MLSD_E_DATA, "use fewer splits");
    assert_no_timed_split(WINDOW(",\"train_window\":\"4\",\"test_window\":\"2\""), rows,
                          MLSD_E_DATA, "only 3 of n_splits=5 fit in times that span 10");
    assert_no_timed_split(WINDOW(",\"train_window\":\"9\",\"test_window\":\"2\""), rows,
                          MLSD_E_DATA, "no window fits: at least 9 to train on");
    assert_no_timed_split(WINDOW(",\"train_window\":\"2\",\"min_train_window\":\"3\""), rows,
                          MLSD_E_PARAM_CONFLICT, "longer than 'train_window'");
    assert_no_timed_split(WINDOW(",\"n_splits\":null,\"test_window\":\"4\",\"step\":\"1\""),
                          timed(3, (int64_t[]){0, 1, 20000000}), MLSD_E_DATA, "no row to test on");
}

static void test_time_window_split__times_at_the_ends_of_int64(void **state)
{
    static const int64_t far[4] = {INT64_MIN, -1, 1, INT64_MAX - 1};
    (void)state;
    assert_timed_split(WINDOW(",\"n_splits\":null,\"test_window\":\"2\",\"step\":\"1\","
                              "\"empty_windows\":\"skip\""),
                       timed(4, far), "0|1;0|1;0 1|2;0 1|2;0 1 2|3");
}

static void test_time_window_split__threads_do_not_matter(void **state)
{
    (void)state;
    assert_threads_do_not_matter(WINDOW(",\"n_splits\":2,\"test_window\":\"1\""),
                                 labelled(9, panel, panel));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_window_split__by_default_expands_over_equal_times),
        cmocka_unit_test(test_time_window_split__windows_are_half_open),
        cmocka_unit_test(test_time_window_split__cuts_all_entities_at_one_moment),
        cmocka_unit_test(test_time_window_split__empty_windows_are_refused_or_skipped),
        cmocka_unit_test(test_time_window_split__starts_at_a_moment_or_at_many),
        cmocka_unit_test(test_time_window_split__leaves_out_labels_that_reach_the_test),
        cmocka_unit_test(test_time_window_split__reads_dates_of_a_data_set),
        cmocka_unit_test(test_time_window_split__errors_say_what_would_work),
        cmocka_unit_test(test_time_window_split__times_at_the_ends_of_int64),
        cmocka_unit_test(test_time_window_split__threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
