/* test_random.c - Philox against Random123's vectors; streams against a second transcription and
 * against what their words must satisfy. */
#include "base/random.h"

#include <stdbool.h>

#include "unit.h"

/* kat_vectors of Random123 1.14 (Salmon et al.), rows "philox4x32 10". */
static void test_random__philox_known_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], wanted[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t out[4];
        mlsd__philox4x32(rows[i].counter, rows[i].key, out);
        assert_memory_equal(out, rows[i].wanted, sizeof out);
    }
}

/* First words of some streams, by a transcription in Python of the comment in base/random.h; its
 * mixer gives the published first outputs of splitmix64 from state 0. They may never change:
 * results of a seed would. */
static void test_random__streams_are_pinned(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, a, b, c;
        uint32_t purpose, words[6];
    } rows[] = {
        {42, 1, 2, 3, 4, {0xd1bba6d6, 0x11ed792e, 0x66fecd6e, 0xfc0a3212, 0x978429a6, 0x7a9cf0dd}},
        {0, 0, 0, 0, 1, {0xc45e54c6, 0x480920ac, 0xb1bba098, 0x62b0efaa, 0x3f5eaab4, 0x19d0aee2}},
        {UINT64_MAX,
         UINT64_MAX,
         0,
         7,
         UINT32_MAX,
         {0x37162314, 0xf51e464d, 0x34009618, 0xba27d289, 0x576a3f6, 0xc042a93b}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mlsd__stream s;
        mlsd__stream_init(&s, rows[i].seed, rows[i].a, rows[i].b, rows[i].c, rows[i].purpose);
        for (int k = 0; k < 6; k++) assert_int_equal(mlsd__stream_u32(&s), rows[i].words[k]);
        mlsd__stream_init(&s, rows[i].seed, rows[i].a, rows[i].b, rows[i].c, rows[i].purpose);
        const uint64_t first = (uint64_t)rows[i].words[0] << 32 | rows[i].words[1];
        assert_true(mlsd__stream_u64(&s) == first);
        const uint64_t second = (uint64_t)rows[i].words[2] << 32 | rows[i].words[3];
        assert_true(mlsd__stream_double(&s) == (double)(second >> 11) / 9007199254740992.0);
    }
}

/* Each of the five numbers matters, and so does its place. */
static void test_random__names_lead_to_different_streams(void **state)
{
    (void)state;
    enum { WIDTH = 3, COUNT = WIDTH * WIDTH * WIDTH * WIDTH * WIDTH };
    static uint64_t first[COUNT];
    for (int i = 0; i < COUNT; i++) {
        mlsd__stream s;
        mlsd__stream_init(&s, (uint64_t)(i % 3), (uint64_t)(i / 3 % 3), (uint64_t)(i / 9 % 3),
                          (uint64_t)(i / 27 % 3), (uint32_t)(i / 81));
        first[i] = mlsd__stream_u64(&s);
        for (int k = 0; k < i; k++) assert_true(first[i] != first[k]);
    }
}

/* Pearson's chi-squared against its 1 - 1e-6 quantile (scipy.stats.chi2.ppf); the seed is fixed,
 * so this cannot fail by chance later. */
static void test_random__below_is_even_and_in_range(void **state)
{
    (void)state;
    static const struct {
        uint64_t n;
        double quantile;
    } rows[] = {{2, 23.93}, {3, 27.63}, {7, 38.26}, {10, 44.81}};
    mlsd__stream s;
    mlsd__stream_init(&s, 1, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        const uint64_t n = rows[r].n;
        double counts[10] = {0};
        const int draws = 200000;
        for (int i = 0; i < draws; i++) {
            const uint64_t v = mlsd__stream_below(&s, n);
            assert_true(v < n);
            counts[v]++;
        }
        double chi2 = 0;
        const double expected = (double)draws / (double)n;
        for (uint64_t v = 0; v < n; v++)
            chi2 += (counts[v] - expected) * (counts[v] - expected) / expected;
        assert_true(chi2 < rows[r].quantile);
    }
    assert_int_equal(mlsd__stream_below(&s, 1), 0);
    const uint64_t wide[] = {(UINT64_C(1) << 32) - 1, UINT64_C(1) << 32, (UINT64_C(1) << 32) + 1,
                             (UINT64_C(3) << 61) + 5, UINT64_MAX};
    for (size_t r = 0; r < sizeof wide / sizeof wide[0]; r++) {
        bool upper_half = false, lower_half = false;
        for (int i = 0; i < 200; i++) {
            const uint64_t v = mlsd__stream_below(&s, wide[r]);
            assert_true(v < wide[r]);
            *(v >= wide[r] / 2 ? &upper_half : &lower_half) = true;
        }
        assert_true(upper_half && lower_half);
    }
}

static void test_random__doubles_fill_the_unit_interval(void **state)
{
    (void)state;
    mlsd__stream s;
    mlsd__stream_init(&s, 9, 0, 0, 0, MLSD__PURPOSE_INIT);
    double sum = 0, smallest = 1, largest = 0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        const double u = mlsd__stream_double(&s);
        assert_true(u >= 0.0 && u < 1.0);
        sum += u;
        if (u < smallest) smallest = u;
        if (u > largest) largest = u;
    }
    /* Six standard errors: sqrt(1 / 12 / n) is 0.0009. */
    assert_true(sum / n > 0.5 - 0.0055 && sum / n < 0.5 + 0.0055);
    assert_true(smallest < 2e-4 && largest > 1 - 2e-4);
}

/* All 24 orders of 4 values equally often: chi-squared, 23 degrees of freedom, 1 - 1e-6: 70.5. */
static void test_random__shuffle_reaches_every_order_equally(void **state)
{
    (void)state;
    mlsd__stream s;
    mlsd__stream_init(&s, 3, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    double counts[256] = {0};
    const int draws = 48000;
    for (int i = 0; i < draws; i++) {
        int64_t v[4] = {0, 1, 2, 3};
        mlsd__stream_shuffle(&s, v, 4);
        assert_int_equal(1 << v[0] | 1 << v[1] | 1 << v[2] | 1 << v[3], 15);
        counts[v[0] << 6 | v[1] << 4 | v[2] << 2 | v[3]]++;
    }
    int n_orders = 0;
    double chi2 = 0;
    for (int i = 0; i < 256; i++) {
        if (counts[i] == 0) continue;
        n_orders++;
        chi2 += (counts[i] - draws / 24.0) * (counts[i] - draws / 24.0) / (draws / 24.0);
    }
    assert_int_equal(n_orders, 24);
    assert_true(chi2 < 70.5);
    mlsd__stream_shuffle(&s, NULL, 0);
    int64_t one = 5;
    mlsd__stream_shuffle(&s, &one, 1);
    assert_int_equal(one, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random__philox_known_answers),
        cmocka_unit_test(test_random__streams_are_pinned),
        cmocka_unit_test(test_random__names_lead_to_different_streams),
        cmocka_unit_test(test_random__below_is_even_and_in_range),
        cmocka_unit_test(test_random__doubles_fill_the_unit_interval),
        cmocka_unit_test(test_random__shuffle_reaches_every_order_equally),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
