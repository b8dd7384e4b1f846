/* test_duration.c - durations and moments as ticks. Witnesses: lengths of units and dates by hand.
 */
#include <math.h>

#include "unit.h"

#include "split/duration.h"

enum { NONE = 0, NS = 1, MS = 3, S = 4, MIN = 5, H = 6, D = 7 };

static const mlsd__time_scale whole = {.per_unit = 1};
static const mlsd__time_scale dates = {.per_second = 1e6};

static void assert_ticks(mlsd__time_scale scale, int64_t unit, const char *text, int64_t expected)
{
    const mlsd__ruler ruler = {scale, unit};
    int64_t ticks = -1;
    ASSERT_OK(mlsd__duration_read(&ruler, "train_window", text, &ticks));
    if (ticks != expected)
        fail_msg("%s: got %lld, wanted %lld", text, (long long)ticks, (long long)expected);
}

static void assert_refused(mlsd__time_scale scale, int64_t unit, const char *text,
                           mlsd_status status, const char *message)
{
    const mlsd__ruler ruler = {scale, unit};
    int64_t ticks = 0;
    ASSERT_FAILS(status, message, mlsd__duration_read(&ruler, "train_window", text, &ticks));
}

static void test_duration__units_have_fixed_lengths(void **state)
{
    (void)state;
    assert_ticks(dates, NONE, "30d", 30 * 86400LL * 1000000);
    assert_ticks(dates, NONE, "12h", 43200LL * 1000000);
    assert_ticks(dates, NONE, "90min", 5400LL * 1000000);
    assert_ticks(dates, NONE, "500ms", 500000);
    assert_ticks(dates, NONE, "1w", 7 * 86400LL * 1000000);
    assert_ticks(dates, NONE, "1.1s", 1100000);
    assert_ticks(dates, NONE, " 2 Days ", 2 * 86400LL * 1000000);
    assert_ticks(dates, NONE, "3 weeks", 21 * 86400LL * 1000000);
    assert_ticks(dates, NONE, "5\xC2\xB5s", 5);
    assert_ticks(dates, NONE, "1e3ns", 1);
    assert_ticks(dates, NONE, "0", 0);
    assert_ticks(dates, D, "30", 30 * 86400LL * 1000000);
}

static void test_duration__numbers_have_the_unit_of_the_times(void **state)
{
    const mlsd__time_scale halves = {.per_unit = 1024};
    (void)state;
    assert_ticks(whole, NONE, "30", 30);
    assert_ticks(whole, D, "30", 30);
    assert_ticks(whole, D, "2w", 14);
    assert_ticks(whole, D, "48h", 2);
    assert_ticks(whole, S, "1.5min", 90);
    assert_ticks(whole, NS, "365d", 365 * 86400LL * 1000000000);
    assert_ticks(whole, NONE, "4611686018427387903", 4611686018427387903); /* beyond doubles */
    assert_ticks(halves, D, "12h", 512);
    assert_ticks(halves, NONE, "0.25", 256);
}

static void test_duration__what_is_none_is_refused_with_a_remedy(void **state)
{
    (void)state;
    assert_refused(
        whole, NONE, "30d", MLSD_E_DATA,
        "train_window '30d' needs to know the unit of the times; set time_unit or give a "
        "plain number");
    assert_refused(dates, NONE, "30", MLSD_E_DATA, "write it with a unit, such as 30d");
    assert_refused(whole, D, "12h", MLSD_E_DATA, "0.5 d, but times are whole");
    assert_refused(dates, NONE, "10ns", MLSD_E_DATA, "0.01 us, but times are whole");
    assert_refused(dates, NONE, "2 months", MLSD_E_PARAM_RANGE, "in days or weeks, such as 30d");
    assert_refused(dates, NONE, "1y", MLSD_E_PARAM_RANGE, "differ in length");
    assert_refused(dates, NONE, "5m", MLSD_E_PARAM_RANGE, "write min for minutes");
    assert_refused(dates, NONE, "5M", MLSD_E_PARAM_RANGE, "months as days");
    assert_refused(dates, NONE, "5 fortnights", MLSD_E_PARAM_RANGE, "has no unit out of ns");
    assert_refused(dates, NONE, "d", MLSD_E_PARAM_RANGE, "is no duration");
    assert_refused(dates, NONE, "", MLSD_E_PARAM_RANGE, "is no duration");
    assert_refused(dates, NONE, "inf", MLSD_E_PARAM_RANGE, "is no duration");
    assert_refused(dates, NONE, "1d2h", MLSD_E_PARAM_RANGE, "is no duration");
    assert_refused(dates, NONE, "-1d", MLSD_E_PARAM_RANGE, "must not be negative");
    assert_refused(dates, NONE, "1e300d", MLSD_E_DATA, "longer than times can be");
    assert_refused(whole, NONE, "9223372036854775807", MLSD_E_DATA, "longer than times can be");
}

static void test_duration__moments_are_dates_or_numbers(void **state)
{
    const mlsd__ruler by_date = {dates, NONE}, by_number = {whole, NONE}, seconds = {whole, S};
    const mlsd__ruler halves = {{.per_unit = 1024}, NONE};
    int64_t t = 0;
    (void)state;
    ASSERT_OK(mlsd__moment_read(&by_date, "cutoffs", "1970-01-02", &t));
    assert_int_equal(t, 86400LL * 1000000);
    ASSERT_OK(mlsd__moment_read(&by_number, "cutoffs", "-9223372036854775808", &t));
    assert_true(t == INT64_MIN);
    ASSERT_OK(mlsd__moment_read(&by_number, "cutoffs", "2.5", &t));
    assert_int_equal(t, 3); /* what is before 2.5 is before 3 */
    ASSERT_OK(mlsd__moment_read(&halves, "cutoffs", "2.5", &t));
    assert_int_equal(t, 2560);
    ASSERT_OK(mlsd__moment_read(&seconds, "cutoffs", "2000-01-01", &t));
    assert_int_equal(t, 946684800);
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "such as 2024-05-31",
                 mlsd__moment_read(&by_date, "cutoffs", "soon", &t));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "a number, as the times are",
                 mlsd__moment_read(&by_number, "cutoffs", "soon", &t));
    ASSERT_FAILS(MLSD_E_DATA, "set time_unit",
                 mlsd__moment_read(&by_number, "cutoffs", "2000-01-01", &t));
    ASSERT_FAILS(MLSD_E_DATA, "beyond all times",
                 mlsd__moment_read(&by_number, "cutoffs", "1e40", &t));
    const mlsd__ruler nanoseconds = {whole, NS};
    ASSERT_FAILS(MLSD_E_DATA, "beyond all times",
                 mlsd__moment_read(&nanoseconds, "cutoffs", "9999-01-01", &t));
}

static void assert_duration_text(mlsd__ruler ruler, int64_t ticks, const char *expected)
{
    char out[MLSD__TIME_CAPACITY];
    assert_string_equal(mlsd__duration_text(&ruler, ticks, out), expected);
}

static void test_duration__texts_are_for_people(void **state)
{
    const mlsd__ruler by_date = {dates, NONE}, by_day = {whole, D}, plain = {whole, NONE};
    char out[MLSD__TIME_CAPACITY];
    (void)state;
    assert_duration_text(by_date, 0, "0s");
    assert_duration_text(by_date, 36 * 3600LL * 1000000, "1.5d");
    assert_duration_text(by_date, 1500, "1.5ms");
    assert_duration_text(by_day, 14, "14d");
    assert_duration_text(plain, 14, "14");
    assert_duration_text((mlsd__ruler){{.per_unit = 1024}, NONE}, 256, "0.25");
    assert_string_equal(mlsd__moment_text(&by_date, 951782400LL * 1000000, out), "2000-02-29");
    assert_string_equal(mlsd__moment_text(&by_date, -1, out), "1969-12-31T23:59:59.999999");
    assert_string_equal(mlsd__moment_text(&by_date, 3661LL * 1000000, out), "1970-01-01T01:01:01");
    assert_string_equal(mlsd__moment_text(&plain, INT64_MIN, out), "-9223372036854775808");
    assert_string_equal(mlsd__moment_text(&(mlsd__ruler){{.per_unit = 1024}, NONE}, 256, out),
                        "0.25");
}

static void test_duration__every_date_comes_back(void **state)
{
    const mlsd__ruler ruler = {dates, NONE};
    (void)state;
    for (int64_t day = -700000; day < 2900000; day += 37) {
        const int64_t ticks = day * 86400LL * 1000000 + (day % 7 == 0 ? 86399999999 : 0);
        char out[MLSD__TIME_CAPACITY];
        int64_t back = 0;
        ASSERT_OK(
            mlsd__moment_read(&ruler, "cutoffs", mlsd__moment_text(&ruler, ticks, out), &back));
        assert_true(back == ticks);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration__units_have_fixed_lengths),
        cmocka_unit_test(test_duration__numbers_have_the_unit_of_the_times),
        cmocka_unit_test(test_duration__what_is_none_is_refused_with_a_remedy),
        cmocka_unit_test(test_duration__moments_are_dates_or_numbers),
        cmocka_unit_test(test_duration__texts_are_for_people),
        cmocka_unit_test(test_duration__every_date_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
