/* test_part_sizes.c - sizes of parts. Two parts against scikit-learn's _validate_shuffle_split,
 * worked out by hand; many parts by Hamilton's method. */
#include <math.h>

#include "split/part_sizes.h"
#include "unit.h"

static void assert_two(double test, double train, int64_t n, int64_t n_train, int64_t n_test)
{
    int64_t sizes[2] = {-1, -1};
    ASSERT_OK(mlsd__part_sizes_two("rows", test, train, 0.1, n, sizes));
    assert_int_equal(sizes[0], n_train);
    assert_int_equal(sizes[1], n_test);
}

static void test_part_sizes__two_round_as_scikit_learn(void **state)
{
    (void)state;
    assert_two(NAN, NAN, 25, 22, 3);
    assert_two(0.3, NAN, 10, 7, 3);
    assert_two(0.34, NAN, 10, 6, 4);
    assert_two(NAN, 0.34, 10, 3, 7);
    assert_two(0.34, 0.34, 10, 3, 4);
    assert_two(3, 0.5, 10, 5, 3);
    assert_two(NAN, 9, 10, 9, 1);
    assert_two(0.01, NAN, 3, 2, 1);
    assert_two(0.7, 0.3, 10, 3, 7);
}

static void test_part_sizes__impossible_sizes_say_why(void **state)
{
    (void)state;
    int64_t sizes[2];
    ASSERT_FAILS(MLSD_E_DATA, "test_size=10 must be less than the 10 rows; use at most 9",
                 mlsd__part_sizes_two("rows", 10, NAN, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_DATA, "train_size=1e+300 must be less than the 10 groups",
                 mlsd__part_sizes_two("groups", NAN, 1e300, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE,
                 "'test_size' must be a fraction below 1 or a whole number of "
                 "rows, got 2.5",
                 mlsd__part_sizes_two("rows", 2.5, NAN, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "sum to more than 1: 0.6 and 0.5; lower one",
                 mlsd__part_sizes_two("rows", 0.6, 0.5, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_DATA, "7 rows to train on and 4 to test on are more than the 10",
                 mlsd__part_sizes_two("rows", 4, 7, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_DATA, "part 0 of 2 would have none of the 10 rows",
                 mlsd__part_sizes_two("rows", NAN, 0.05, 0.1, 10, sizes));
    ASSERT_FAILS(MLSD_E_DATA, "part 0 of 2 would have none of the 1 groups",
                 mlsd__part_sizes_two("groups", NAN, NAN, 0.1, 1, sizes));
}

static void test_part_sizes__many_by_largest_remainder(void **state)
{
    (void)state;
    double values[] = {0.7, 0.15, 0.15};
    const mlsd__f64_list parts = {values, 3};
    int64_t sizes[3];
    ASSERT_OK(mlsd__part_sizes_many(&mlsd__libc_allocator, &parts, "rows", 11, sizes));
    assert_int_equal(sizes[0], 8); /* 7.7, 1.65, 1.65 */
    assert_int_equal(sizes[1], 2);
    assert_int_equal(sizes[2], 1);
    ASSERT_FAILS(MLSD_E_DATA, "part 1 of 3 would have none of the 1 rows",
                 mlsd__part_sizes_many(&mlsd__libc_allocator, &parts, "rows", 1, sizes));
    for (int64_t n = 7; n < 2000; n++) {
        ASSERT_OK(mlsd__part_sizes_many(&mlsd__libc_allocator, &parts, "rows", n, sizes));
        assert_int_equal(sizes[0] + sizes[1] + sizes[2], n);
        for (int k = 0; k < 3; k++) assert_true(fabs((double)sizes[k] - values[k] * (double)n) < 1);
    }
}

static void test_part_sizes__fractions_sum_to_one(void **state)
{
    (void)state;
    double values[] = {0.7, 0.2, 0.1};
    ASSERT_OK(mlsd__part_sizes_check_fractions(&(mlsd__f64_list){values, 3}));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "at least two fractions, got 1",
                 mlsd__part_sizes_check_fractions(&(mlsd__f64_list){values, 1}));
    values[0] = 0.5;
    values[1] = 0.25;
    values[2] = 0.5;
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "must sum to 1, got 1.25",
                 mlsd__part_sizes_check_fractions(&(mlsd__f64_list){values, 3}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_part_sizes__two_round_as_scikit_learn),
        cmocka_unit_test(test_part_sizes__impossible_sizes_say_why),
        cmocka_unit_test(test_part_sizes__many_by_largest_remainder),
        cmocka_unit_test(test_part_sizes__fractions_sum_to_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
