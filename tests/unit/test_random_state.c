/* test_random_state.c - the caller's generator beside numpy.random.RandomState, NumPy 1.24.2, whose
 * values are those of test_mt19937.c:
 *   r = RandomState(42): r.permutation(10), then r.randint(0, 10, 3);
 *   r = RandomState(0): r.randint(-5, 5, 12). */
#include "mlsd/random.h"

#include "unit.h"

static void test_random_state__draws_are_those_of_numpy(void **state)
{
    static const int64_t ten[10] = {8, 1, 5, 0, 7, 2, 9, 4, 3, 6};
    static const int64_t around[12] = {0, -5, -2, -2, 2, 4, -2, 0, -3, -1, 2, 1};
    mlsd_random_state *random = NULL;
    int64_t values[12];
    (void)state;
    ASSERT_OK(mlsd_random_state_new(NULL, 42, &random));
    for (int64_t i = 0; i < 10; i++) values[i] = i;
    ASSERT_OK(mlsd_random_state_shuffle(random, values, 10));
    assert_memory_equal(values, ten, sizeof ten);
    mlsd_random_state_free(random);

    ASSERT_OK(mlsd_random_state_new(NULL, 0, &random));
    ASSERT_OK(mlsd_random_state_integers(random, -5, 5, values, 12));
    assert_memory_equal(values, around, sizeof around);
    mlsd_random_state_free(random);
}

static void test_random_state__a_copied_state_draws_the_same(void **state)
{
    mlsd_random_state *first = NULL, *second = NULL;
    uint32_t words[624];
    int32_t position = -1;
    int64_t a[700], b[700];
    (void)state;
    ASSERT_OK(mlsd_random_state_new(NULL, 7, &first));
    ASSERT_OK(mlsd_random_state_new(NULL, 8, &second));
    ASSERT_OK(mlsd_random_state_integers(first, 0, 1000, a, 13));
    ASSERT_OK(mlsd_random_state_get(first, words, 624, &position));
    ASSERT_OK(mlsd_random_state_set(second, words, 624, position));
    ASSERT_OK(mlsd_random_state_integers(first, 0, 1000, a, 700));
    ASSERT_OK(mlsd_random_state_integers(second, 0, 1000, b, 700));
    assert_memory_equal(a, b, sizeof a);
    mlsd_random_state_free(first);
    mlsd_random_state_free(second);
}

static void test_random_state__whole_ranges_do_not_overflow(void **state)
{
    mlsd_random_state *random = NULL;
    int64_t values[64];
    int n_negative = 0;
    (void)state;
    ASSERT_OK(mlsd_random_state_new(NULL, 1, &random));
    ASSERT_OK(mlsd_random_state_integers(random, INT64_MIN, INT64_MAX, values, 64));
    for (int i = 0; i < 64; i++) n_negative += values[i] < 0;
    assert_in_range(n_negative, 10, 54);
    ASSERT_OK(mlsd_random_state_integers(random, 3, 4, values, 1));
    assert_int_equal(values[0], 3);
    mlsd_random_state_free(random);
}

static void test_random_state__arguments_are_checked(void **state)
{
    mlsd_random_state *random = NULL;
    uint32_t words[624] = {0};
    int32_t position = 0;
    int64_t value = 0;
    (void)state;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_random_state_new(NULL, 0, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "-1", mlsd_random_state_new(NULL, -1, &random));
    ASSERT_FAILS(MLSD_E_ARG, "4294967296",
                 mlsd_random_state_new(NULL, INT64_C(4294967296), &random));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_random_state_shuffle(NULL, &value, 1));
    ASSERT_OK(mlsd_random_state_new(NULL, 0, &random));
    ASSERT_FAILS(MLSD_E_BUFFER, "624", mlsd_random_state_get(random, words, 10, &position));
    ASSERT_FAILS(MLSD_E_ARG, "624", mlsd_random_state_set(random, words, 10, 0));
    ASSERT_FAILS(MLSD_E_ARG, "625", mlsd_random_state_set(random, words, 624, 625));
    ASSERT_FAILS(MLSD_E_ARG, "-1", mlsd_random_state_shuffle(random, &value, -1));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_random_state_shuffle(random, NULL, 1));
    ASSERT_FAILS(MLSD_E_ARG, "5 and 5", mlsd_random_state_integers(random, 5, 5, &value, 1));
    ASSERT_FAILS(MLSD_E_ARG, "-1", mlsd_random_state_integers(random, 0, 5, &value, -1));
    mlsd_random_state_free(random);
    mlsd_random_state_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_state__draws_are_those_of_numpy),
        cmocka_unit_test(test_random_state__a_copied_state_draws_the_same),
        cmocka_unit_test(test_random_state__whole_ranges_do_not_overflow),
        cmocka_unit_test(test_random_state__arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
