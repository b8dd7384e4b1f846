/* Numbers for sentences, against texts written by hand: four significant digits of any size, whole
 * numbers whole, and values of parameters as they were typed, unless they were drawn. */
#include "unit.h"

#include <math.h>

#include "base/memory.h"
#include "validate/words.h"

static void assert_number(double value, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__words_number(&t, value);
    assert_string_equal(t.data, wanted);
    mlsd__text_free(&t);
}

static void test_words__numbers(void **state)
{
    (void)state;
    assert_number(0.123456789, "0.1235");
    assert_number(12.3456, "12.35");
    assert_number(123456, "123456");
    assert_number(123456.7, "123457");
    assert_number(3.5938136638046257e-7, "3.594e-07");
    assert_number(-1.23456789e12 - 0.25, "-1235000000000");
    assert_number(0, "0");
    assert_number((double)NAN, "not known");
    assert_number(-(double)INFINITY, "-inf");
}

static void assert_value(const char *value, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__words_value(&t, value);
    assert_string_equal(t.data, wanted);
    mlsd__text_free(&t);
}

static void test_words__values(void **state)
{
    (void)state;
    assert_value("0.00035938136638046257", "0.0003594");
    assert_value("1.4142135623730951", "1.414");
    assert_value("-3.5938136638046257e-07", "-3.594e-07");
    assert_value("0.30000000000000004", "0.3");
    assert_value("0.012345678", "0.012345678");
    assert_value("12345678901234", "12345678901234");
    assert_value("0.000000000001", "0.000000000001");
    assert_value("balanced", "balanced");
    assert_value("null", "null");
    assert_value("1.4142135623730951, 2", "1.4142135623730951, 2");
    assert_value("inf", "inf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words__numbers),
        cmocka_unit_test(test_words__values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
