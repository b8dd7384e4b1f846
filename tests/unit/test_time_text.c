/* test_time_text.c - dates and times. Witness: Python's datetime.fromisoformat(...).timestamp() in
 * UTC. */
#include "data/dataset_roles.h"

#include "unit.h"

static void test_time_text__dates_are_those_of_python(void **state)
{
    static const struct {
        const char *text;
        int64_t microseconds;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"2024-02-29", INT64_C(1709164800000000)},
        {"2024-02-29T12:34:56.789012Z", INT64_C(1709210096789012)},
        {"2024-02-29 12:34:56,5", INT64_C(1709210096500000)},
        {"20240229T123456", INT64_C(1709210096000000)},
        {"2024-02-29T12:34+05:30", INT64_C(1709190240000000)},
        {"2024-02-29T12:34:56-0800", INT64_C(1709238896000000)},
        {"2024-02-29T12:34:56+02", INT64_C(1709202896000000)},
        {"1969-12-31T23:59:59", -1000000},
        {"0001-01-01", INT64_C(-62135596800000000)},
        {"9999-12-31", INT64_C(253402214400000000)},
        {"2000-03-01", INT64_C(951868800000000)},
        {"1900-03-01", INT64_C(-2203891200000000)},
    };
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        int64_t got = 0;
        if (!mlsd__parse_time(cases[k].text, &got)) fail_msg("'%s' was not read", cases[k].text);
        if (got != cases[k].microseconds) fail_msg("'%s' is %lld", cases[k].text, (long long)got);
    }
}

static void test_time_text__what_is_no_date_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "2024",
        "2024-13-01",
        "2024-00-01",
        "2023-02-29",
        "1900-02-29",
        "2024-04-31",
        "2024-1-1",
        "2024-01-01x",
        "2024-01-01T",
        "2024-01-01T24:00",
        "2024-01-01T12:60",
        "2024-01-01T12:00:61",
        "2024-01-01T12:00:00.",
        "2024-01-01T12:00:00+",
        "2024-01-01T12:00:00+25:00",
        "2024-0101",
        "01/02/2024",
        " 2024-01-01",
        "2024-01-01T12:00:00Z ",
    };
    (void)state;
    for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
        int64_t got = 0;
        if (mlsd__parse_time(texts[k], &got)) fail_msg("'%s' was taken for a date", texts[k]);
    }
}

/* Identity: each day is one day after the day before, over 400 years of the calendar. */
static void test_time_text__days_follow_each_other(void **state)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t before = 0;
    (void)state;
    assert_true(mlsd__parse_time("1799-12-31", &before));
    for (int year = 1800; year < 2200; year++) {
        const int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days[month - 1] + (month == 2 && leap); day++) {
                const char text[] = {(char)('0' + year / 1000),
                                     (char)('0' + year / 100 % 10),
                                     (char)('0' + year / 10 % 10),
                                     (char)('0' + year % 10),
                                     '-',
                                     (char)('0' + month / 10),
                                     (char)('0' + month % 10),
                                     '-',
                                     (char)('0' + day / 10),
                                     (char)('0' + day % 10),
                                     '\0'};
                int64_t now = 0;
                assert_true(mlsd__parse_time(text, &now));
                assert_int_equal(now - before, INT64_C(86400000000));
                before = now;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_text__dates_are_those_of_python),
        cmocka_unit_test(test_time_text__what_is_no_date_is_refused),
        cmocka_unit_test(test_time_text__days_follow_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
