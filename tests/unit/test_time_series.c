/* test_time_series.c - time_series_split against what scikit-learn 1.2.1 printed for
 * TimeSeriesSplit. */
#include "time_folds.h"

static void test_time_series__trains_on_the_past(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"time_series_split\",\"n_splits\":3}", 10, NULL,
                 "0 1 2 3|4 5;0 1 2 3 4 5|6 7;0 1 2 3 4 5 6 7|8 9");
    assert_split("{\"kind\":\"time_series_split\",\"n_splits\":2,\"max_train_size\":3,"
                 "\"test_size\":2,\"gap\":1}",
                 10, NULL, "2 3 4|6 7;4 5 6|8 9");
}

static void test_time_series__errors_say_what_would_work(void **state)
{
    (void)state;
    assert_no_split("{\"kind\":\"time_series_split\"}", 5, NULL, MLSD_E_DATA, "use at most 4");
    assert_no_split("{\"kind\":\"time_series_split\"}", 2, NULL, MLSD_E_DATA, "at least 3 rows");
    assert_no_split("{\"kind\":\"time_series_split\",\"test_size\":3}", 12, NULL, MLSD_E_DATA,
                    "test_size of at most 2");
    assert_no_split("{\"kind\":\"time_series_split\",\"gap\":9007199254740991}", 12, NULL,
                    MLSD_E_DATA, "smaller gap");
    assert_no_split("{\"kind\":\"time_series_split\",\"test_size\":9007199254740991}", 12, NULL,
                    MLSD_E_DATA, "at most 2");
}

static void test_time_series__refuses_rows_that_run_backwards(void **state)
{
    static const int64_t times[6] = {1, 2, 2, 4, 3, 6}, in_order[6] = {1, 2, 2, 3, 4, 6};
    (void)state;
    assert_no_timed_split("{\"kind\":\"time_series_split\",\"n_splits\":2}", timed(6, times),
                          MLSD_E_DATA,
                          "row 4 is earlier than row 3; sort the rows or use rolling_split");
    assert_timed_split("{\"kind\":\"time_series_split\",\"n_splits\":2}", timed(6, in_order),
                       "0 1|2 3;0 1 2 3|4 5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_series__trains_on_the_past),
        cmocka_unit_test(test_time_series__errors_say_what_would_work),
        cmocka_unit_test(test_time_series__refuses_rows_that_run_backwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
