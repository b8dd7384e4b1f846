/* test_mt19937.c - the legacy generator against numpy.random.RandomState, NumPy 1.24.2 (Debian 12).
 * The values were printed by, for r = RandomState(seed):
 *   words      r.randint(0, 2**32, 5, dtype=uint32), and words 1006 and 1007 of the same stream
 *   doubles    r.random_sample(3)
 *   to_9       r.randint(0, 10, 12)          = interval(9)
 *   to_1e6     r.randint(0, 1000001, 4)      = interval(1000000)
 *   to_2_40    r.randint(0, 2**40 + 1, 3)    = interval(2**40), two words a try
 *   ten        r.permutation(10), then one word
 *   large      p = r.permutation(100000): p[:5], p[-3:], sum(p[i] * (i + 1)) mod 2**32, one word */
#include "base/mt19937.h"

#include <stdlib.h>

#include "unit.h"

enum { LARGE = 100000 };

static const struct {
    uint32_t seed, words[5], late[2];
    double doubles[3];
    uint64_t to_9[12], to_1e6[4], to_2_40[3];
    int64_t ten[10];
    uint32_t after_ten;
    int64_t large_first[5], large_last[3];
    uint32_t large_sum, after_large;
} numpy[] = {
    {0,
     {2357136044, 2546248239, 3071714933, 3626093760, 2588848963},
     {113913490, 3223781059},
     {0x1.18fe1565f12a8p-1, 0x1.6e2d4cf608733p-1, 0x1.349d66b6e894bp-1},
     {5, 0, 3, 3, 7, 9, 3, 5, 2, 4, 7, 6},
     {310744, 170584, 839052, 604474},
     {832329121254, 169775310935, 749764042328},
     {2, 8, 4, 9, 1, 6, 7, 3, 0, 5},
     1879422756,
     {3582, 60498, 53227, 21333, 3885},
     {42613, 43567, 68268},
     1046055889,
     2405041426},
    {42,
     {1608637542, 3421126067, 4083286876, 787846414, 3143890026},
     {1766119412, 3495222995},
     {0x1.7f8771e5f51ecp-2, 0x1.e6c4068bbd654p-1, 0x1.76c7e8f1e6751p-1},
     {6, 3, 7, 4, 6, 9, 2, 6, 7, 4, 3, 7},
     {278167, 41090, 329365, 64820},
     {824600269755, 90224662780, 1009416366936},
     {8, 1, 5, 0, 7, 2, 9, 4, 3, 6},
     669991378,
     {75721, 80184, 19864, 76699, 92991},
     {76820, 860, 15795},
     701799819,
     2469033415},
    {4294967295,
     {419326371, 479346978, 3918654476, 2416749639, 3388880820},
     {1417976586, 1867388810},
     {0x1.8fe69a3924820p-4, 0x1.d323d824032b1p-1, 0x1.93fc6f61af3f9p-1},
     {3, 2, 7, 4, 0, 6, 9, 0, 2, 6, 7, 7},
     {430806, 790030, 969929, 525193},
     {383469891628, 923013001745, 1071050786427},
     {6, 9, 5, 1, 8, 0, 7, 4, 2, 3},
     2166321787,
     {85117, 19600, 4648, 56853, 35772},
     {44103, 16674, 27043},
     4165465069,
     4017445081},
};
enum { N_SEEDS = sizeof numpy / sizeof numpy[0] };

static void test_mt19937__words_and_doubles_are_numpys(void **state)
{
    (void)state;
    for (int s = 0; s < N_SEEDS; s++) {
        mlsd__mt19937 mt;
        mlsd__mt_seed(&mt, numpy[s].seed);
        for (int i = 0; i < 1007; i++) {
            const uint32_t word = mlsd__mt_u32(&mt);
            if (i < 5) assert_int_equal(word, numpy[s].words[i]);
            if (i >= 1005) assert_int_equal(word, numpy[s].late[i - 1005]);
        }
        mlsd__mt_seed(&mt, numpy[s].seed);
        for (int i = 0; i < 3; i++) assert_true(mlsd__mt_double(&mt) == numpy[s].doubles[i]);
    }
}

static void test_mt19937__array_seeds_are_numpys(void **state)
{
    (void)state;
    static const uint32_t wanted[3][5] = {
        {3626764237, 1654615998, 3255389356, 3823568514, 1806341205}, /* RandomState([0]) */
        {2915706234, 1022996879, 334638762, 769204869, 207138292},    /* [1, 2, 3, 4] */
        {4012946933, 3615799318, 1210851548, 4176431725, 1411233186}, /* list(range(1000)) */
    };
    uint32_t range[1000];
    for (uint32_t i = 0; i < 1000; i++) range[i] = i;
    const uint32_t *const keys[3] = {range, range + 1, range};
    const int64_t lengths[3] = {1, 4, 1000};
    for (int k = 0; k < 3; k++) {
        mlsd__mt19937 mt;
        mlsd__mt_seed_array(&mt, keys[k], lengths[k]);
        for (int i = 0; i < 5; i++) assert_int_equal(mlsd__mt_u32(&mt), wanted[k][i]);
    }
}

static void test_mt19937__intervals_are_numpys(void **state)
{
    (void)state;
    for (int s = 0; s < N_SEEDS; s++) {
        mlsd__mt19937 mt;
        mlsd__mt_seed(&mt, numpy[s].seed);
        for (int i = 0; i < 12; i++) assert_int_equal(mlsd__mt_interval(&mt, 9), numpy[s].to_9[i]);
        mlsd__mt_seed(&mt, numpy[s].seed);
        for (int i = 0; i < 12; i++) mlsd__mt_interval(&mt, 9);
        for (int i = 0; i < 4; i++)
            assert_int_equal(mlsd__mt_interval(&mt, 1000000), numpy[s].to_1e6[i]);
        for (int i = 0; i < 3; i++)
            assert_true(mlsd__mt_interval(&mt, UINT64_C(1) << 40) == numpy[s].to_2_40[i]);

        /* Nothing to choose draws nothing; the full range takes the word as it comes. */
        mlsd__mt_seed(&mt, numpy[s].seed);
        assert_int_equal(mlsd__mt_interval(&mt, 0), 0);
        assert_int_equal(mlsd__mt_interval(&mt, UINT32_MAX), numpy[s].words[0]);
        const uint64_t two = (uint64_t)numpy[s].words[1] << 32 | numpy[s].words[2];
        assert_true(mlsd__mt_interval(&mt, UINT64_MAX) == two);
    }
}

static void test_mt19937__permutations_are_numpys(void **state)
{
    (void)state;
    int64_t *const large = malloc(LARGE * sizeof *large);
    int32_t *const large32 = malloc(LARGE * sizeof *large32);
    for (int s = 0; s < N_SEEDS; s++) {
        mlsd__mt19937 mt;
        int64_t ten[10];
        mlsd__mt_seed(&mt, numpy[s].seed);
        mlsd__mt_permutation(&mt, ten, 10);
        assert_memory_equal(ten, numpy[s].ten, sizeof ten);
        assert_int_equal(mlsd__mt_u32(&mt), numpy[s].after_ten);

        mlsd__mt_seed(&mt, numpy[s].seed);
        mlsd__mt_permutation(&mt, large, LARGE);
        assert_memory_equal(large, numpy[s].large_first, sizeof numpy[s].large_first);
        assert_memory_equal(large + LARGE - 3, numpy[s].large_last, sizeof numpy[s].large_last);
        uint64_t sum = 0;
        for (int64_t i = 0; i < LARGE; i++) sum += (uint64_t)large[i] * (uint64_t)(i + 1);
        assert_int_equal((uint32_t)sum, numpy[s].large_sum);
        assert_int_equal(mlsd__mt_u32(&mt), numpy[s].after_large);

        for (int32_t i = 0; i < LARGE; i++) large32[i] = i;
        mlsd__mt_seed(&mt, numpy[s].seed);
        mlsd__mt_shuffle_i32(&mt, large32, LARGE);
        for (int64_t i = 0; i < LARGE; i++) assert_int_equal(large32[i], large[i]);
        assert_int_equal(mlsd__mt_u32(&mt), numpy[s].after_large);
    }
    free(large);
    free(large32);
}

/* So many that places are asked for before they are used, in steps of any length. */
static void test_mt19937__many_are_shuffled_as_by_the_plain_loop(void **state)
{
    (void)state;
    const int64_t n = (1 << 20) + 4000, step = 300000;
    int32_t *const a = malloc((size_t)n * sizeof *a), *const b = malloc((size_t)n * sizeof *b);
    mlsd__mt19937 fast, plain;
    mlsd__mt_seed(&fast, 8);
    plain = fast;
    for (int64_t i = 0; i < n; i++) a[i] = b[i] = (int32_t)i;
    int64_t left = n, n_steps = 0;
    for (; left > 1; n_steps++) {
        const int64_t before = left;
        left = mlsd__mt_shuffle_some_i32(&fast, a, left, step);
        assert_true(left == 0 || (before - left >= step && before - left < step + 624));
    }
    assert_int_equal(n_steps, 4);
    for (int64_t i = n - 1; i > 0; i--) {
        const uint64_t j = mlsd__mt_interval(&plain, (uint64_t)i);
        const int32_t swapped = b[i];
        b[i] = b[j];
        b[j] = swapped;
    }
    assert_memory_equal(a, b, (size_t)n * sizeof *a);
    assert_int_equal(mlsd__mt_u32(&fast), mlsd__mt_u32(&plain));
    free(a);
    free(b);
}

/* The fast shuffle against the textbook loop over interval(), for every small size, from wherever
 * the generator stands. */
static void test_mt19937__shuffle_draws_what_the_plain_loop_draws(void **state)
{
    (void)state;
    mlsd__mt19937 fast, plain;
    mlsd__mt_seed(&fast, 7);
    plain = fast;
    for (int64_t n = 0; n < 700; n++) {
        int64_t a[700], b[700];
        for (int64_t i = 0; i < n; i++) a[i] = b[i] = 3 * i;
        mlsd__mt_shuffle(&fast, a, n);
        for (int64_t i = n - 1; i > 0; i--) {
            const uint64_t j = mlsd__mt_interval(&plain, (uint64_t)i);
            const int64_t swapped = b[i];
            b[i] = b[j];
            b[j] = swapped;
        }
        assert_memory_equal(a, b, (size_t)n * sizeof a[0]);
    }
    assert_int_equal(mlsd__mt_u32(&fast), mlsd__mt_u32(&plain));

    /* RandomState(7).permutation(arange(0, 24, 3)) */
    static const int64_t wanted[8] = {6, 15, 0, 18, 9, 3, 12, 21};
    int64_t values[8] = {0, 3, 6, 9, 12, 15, 18, 21};
    mlsd__mt_seed(&fast, 7);
    mlsd__mt_shuffle(&fast, values, 8);
    assert_memory_equal(values, wanted, sizeof values);
}

/* RandomState(7).randint(0, 10, 20), and far on of randint(0, 2**31 - 1, 1500). */
static void test_mt19937__integers_are_numpys(void **state)
{
    (void)state;
    static const int32_t wanted[20] = {4, 9, 6, 3, 3, 7, 7, 9, 7, 8, 9, 8, 7, 6, 4, 0, 7, 0, 7, 6};
    int32_t values[1500];
    mlsd__mt19937 mt;
    mlsd__mt_seed(&mt, 7);
    mlsd__mt_integers_i32(&mt, 9, values, 12);
    mlsd__mt_integers_i32(&mt, 0, values + 12, 1);
    assert_int_equal(values[12], 0);
    mlsd__mt_integers_i32(&mt, 9, values + 12, 8);
    assert_memory_equal(values, wanted, sizeof wanted);

    mlsd__mt_seed(&mt, 7);
    mlsd__mt_integers_i32(&mt, INT32_MAX - 1, values, 1500);
    assert_int_equal(values[0], 327741615);
    assert_int_equal(values[700], 1033569830);
    assert_int_equal(values[1499], 1348715286);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mt19937__words_and_doubles_are_numpys),
        cmocka_unit_test(test_mt19937__array_seeds_are_numpys),
        cmocka_unit_test(test_mt19937__intervals_are_numpys),
        cmocka_unit_test(test_mt19937__permutations_are_numpys),
        cmocka_unit_test(test_mt19937__integers_are_numpys),
        cmocka_unit_test(test_mt19937__shuffle_draws_what_the_plain_loop_draws),
        cmocka_unit_test(test_mt19937__many_are_shuffled_as_by_the_plain_loop),
    };
    return cmocka_run_group_tests_name("mt19937", tests, NULL, NULL);
}
