/* test_rolling_split.c - rolling_split and panel_split. Witnesses: scikit-learn 1.2.1's
 * TimeSeriesSplit where windows are the same, otherwise windows laid by hand;
 * tests/reference/test_time_sklearn.py compares random ones with plain loops. */
#include "time_folds.h"

#define ROLLING(rest) "{\"kind\":\"rolling_split\"" rest "}"
#define PANEL(rest) "{\"kind\":\"panel_split\"" rest "}"

static const int64_t shuffled[6] = {40, 10, 60, 30, 20, 50};
static const int64_t tied[8] = {1, 2, 3, 3, 3, 4, 5, 5};

static void test_rolling_split__by_default_is_time_series_split(void **state)
{
    (void)state;
    assert_split(ROLLING(",\"n_splits\":3"), 10, NULL,
                 "0 1 2 3|4 5;0 1 2 3 4 5|6 7;0 1 2 3 4 5 6 7|8 9");
    assert_split(ROLLING(",\"n_splits\":2,\"train_size\":3,\"min_train_size\":1,\"test_size\":2,"
                         "\"gap\":1"),
                 10, NULL, "2 3 4|6 7;4 5 6|8 9");
}

static void test_rolling_split__rolls_by_steps_from_either_end(void **state)
{
    (void)state;
    assert_split(ROLLING(",\"n_splits\":null,\"train_size\":3,\"test_size\":2,\"step\":3"), 10,
                 NULL, "2 3 4|5 6;5 6 7|8 9");
    assert_split(
        ROLLING(",\"n_splits\":null,\"train_size\":3,\"test_size\":2,\"step\":3,\"anchor\":"
                "\"start\""),
        10, NULL, "0 1 2|3 4;3 4 5|6 7");
    assert_split(
        ROLLING(",\"n_splits\":null,\"train_size\":3,\"test_size\":2,\"step\":3,\"anchor\":"
                "\"start\",\"allow_incomplete\":true"),
        10, NULL, "0 1 2|3 4;3 4 5|6 7;6 7 8|9");
    assert_split(ROLLING(",\"n_splits\":null,\"min_train_size\":4,\"test_size\":1,\"step\":2,"
                         "\"anchor\":\"start\""),
                 8, NULL, "0 1 2 3|4;0 1 2 3 4 5|6");
    assert_split(
        ROLLING(",\"n_splits\":null,\"train_size\":4,\"min_train_size\":2,\"test_size\":2"), 8,
        NULL, "0 1|2 3;0 1 2 3|4 5;2 3 4 5|6 7");
}

static void test_rolling_split__validates_between(void **state)
{
    (void)state;
    assert_split(ROLLING(",\"n_splits\":1,\"train_size\":2,\"validation_size\":2,\"test_size\":1,"
                         "\"gap\":1"),
                 8, NULL, "1 2|4 5|7");
}

static void test_rolling_split__rows_stand_anyhow(void **state)
{
    (void)state;
    assert_timed_split(ROLLING(",\"n_splits\":2,\"train_size\":2"), timed(6, shuffled),
                       "1 4|0 3;0 3|2 5");
}

static void test_rolling_split__ties_never_straddle(void **state)
{
    (void)state;
    /* The test would begin at the third of three rows of time 3: none of them is trained on. */
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":4"), timed(8, tied), "0 1|4 5 6 7");
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":1,\"train_size\":2"), timed(8, tied),
                       "4 5|7");
    assert_no_timed_split(ROLLING(",\"n_splits\":5,\"test_size\":1"),
                          timed(5, (int64_t[]){7, 7, 7, 7, 7}), MLSD_E_DATA,
                          "need 6 rows, but there are 5");
    assert_no_timed_split(ROLLING(",\"n_splits\":2,\"test_size\":1"),
                          timed(5, (int64_t[]){7, 7, 7, 7, 7}), MLSD_E_DATA,
                          "because rows of one time stay together");
}

static void test_rolling_split__leaves_out_labels_that_reach_the_test(void **state)
{
    static const int64_t times[6] = {0, 10, 20, 30, 40, 50};
    static const int64_t ends[6] = {0, 40, 20, 39, 40, 50};
    (void)state;
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":2"), labelled(6, times, ends),
                       "0 2 3|4 5");
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":2,\"embargo\":\"1\""),
                       labelled(6, times, ends), "0 2|4 5");
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":2,\"purge\":false"),
                       labelled(6, times, ends), "0 1 2 3|4 5");
    assert_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":2,\"label_horizon\":\"19\""),
                       timed(6, times), "0 1 2|4 5");
    assert_no_timed_split(ROLLING(",\"n_splits\":1,\"test_size\":2,\"label_horizon\":\"50\""),
                          timed(6, times), MLSD_E_DATA, "nothing left to train on");
    assert_no_timed_split(ROLLING(",\"label_horizon\":\"5\""), labelled(6, times, ends),
                          MLSD_E_PARAM_CONFLICT, "one of the two");
    assert_no_timed_split(ROLLING(",\"embargo\":\"5\""), timed(6, times), MLSD_E_DATA,
                          "set label_horizon");
    assert_no_timed_split(ROLLING(""), (timed_rows){.n = 6, .ends = ends}, MLSD_E_DATA,
                          "needs times where labels have an end");
}

static void test_rolling_split__errors_say_what_would_work(void **state)
{
    (void)state;
    assert_no_split(ROLLING(""), 5, NULL, MLSD_E_DATA,
                    "n_splits=5 needs at least 6 rows, but there are 5");
    assert_no_split(ROLLING(",\"test_size\":3"), 12, NULL, MLSD_E_DATA,
                    "needs 16 rows, but there are 12; use n_splits of at most 3");
    assert_no_split(ROLLING(",\"n_splits\":1,\"train_size\":8,\"test_size\":3,\"gap\":2"), 12, NULL,
                    MLSD_E_DATA, "need 13 rows, but there are 12; use smaller windows");
    assert_no_split(ROLLING(",\"n_splits\":null"), 12, NULL, MLSD_E_PARAM_CONFLICT,
                    "'test_size' are both null");
    assert_no_split(ROLLING(",\"train_size\":2,\"min_train_size\":3"), 12, NULL,
                    MLSD_E_PARAM_CONFLICT, "'min_train_size' is 3");
    assert_no_split(ROLLING(",\"gap\":9007199254740991,\"step\":9007199254740991"), 12, NULL,
                    MLSD_E_DATA, "use smaller windows");
}

static void test_panel_split__cuts_each_group_by_its_own_rows(void **state)
{
    static const double groups[9] = {1, 2, 1, 2, 1, 2, 1, 1, 1};
    static const int64_t times[9] = {6, 3, 5, 2, 4, 1, 3, 2, 1};
    (void)state;
    assert_group_split(PANEL(",\"n_splits\":1,\"test_size\":1"), 9, NULL, groups,
                       "0 1 2 3 4 6 7|5 8");
    assert_timed_split(PANEL(",\"n_splits\":2,\"test_size\":1"),
                       (timed_rows){9, times, NULL, groups}, "4 5 6 7 8|2 3;2 3 4 5 6 7 8|0 1");
    assert_no_timed_split(PANEL(",\"n_splits\":3,\"test_size\":1"),
                          (timed_rows){9, times, NULL, groups}, MLSD_E_DATA,
                          "needs 4 rows of group 2, but there are 3");
    assert_timed_split(PANEL(",\"n_splits\":3,\"test_size\":1,\"short_series\":\"skip\""),
                       (timed_rows){9, times, NULL, groups},
                       "6 7 8|4;4 5 6 7 8|2 3;2 3 4 5 6 7 8|0 1");
    assert_no_timed_split(PANEL(",\"n_splits\":7,\"test_size\":1,\"short_series\":\"skip\""),
                          (timed_rows){9, times, NULL, groups}, MLSD_E_DATA, "of group 1");
    assert_no_split(PANEL(""), 9, NULL, MLSD_E_DATA, "needs groups");
}

static void test_rolling_split__threads_do_not_matter(void **state)
{
    (void)state;
    assert_threads_do_not_matter(ROLLING(",\"n_splits\":2"), labelled(6, shuffled, shuffled));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rolling_split__by_default_is_time_series_split),
        cmocka_unit_test(test_rolling_split__rolls_by_steps_from_either_end),
        cmocka_unit_test(test_rolling_split__validates_between),
        cmocka_unit_test(test_rolling_split__rows_stand_anyhow),
        cmocka_unit_test(test_rolling_split__ties_never_straddle),
        cmocka_unit_test(test_rolling_split__leaves_out_labels_that_reach_the_test),
        cmocka_unit_test(test_rolling_split__errors_say_what_would_work),
        cmocka_unit_test(test_panel_split__cuts_each_group_by_its_own_rows),
        cmocka_unit_test(test_rolling_split__threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
