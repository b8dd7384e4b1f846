/* test_hash.c - XXH3 against the published vectors; the dictionary against a linear search, under
 * refusal of every allocation. */
#include "base/hash.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/fail.h"
#include "base/scope.h"
#include "failing_allocator.h"
#include "unit.h"

/* xxHash 0.8, tests/sanity_test_vectors.h: XXH3_64bits_withSeed over the sanity buffer, one row for
 * each way the function goes by length. They pin the file formats. */
static void test_hash__xxh3_published_vectors(void **state)
{
    (void)state;
    const uint64_t prime32 = 2654435761u, prime64 = UINT64_C(11400714785074694797);
    static unsigned char buffer[2400];
    uint64_t generator = prime32;
    for (size_t i = 0; i < sizeof buffer; i++) {
        buffer[i] = (unsigned char)(generator >> 56);
        generator *= prime64;
    }
    const struct {
        size_t size;
        uint64_t seed, wanted;
    } rows[] = {
        {0, 0, UINT64_C(0x2d06800538d394c2)},       {1, 0, UINT64_C(0xc44bdff4074eecdb)},
        {6, 0, UINT64_C(0x27b56a84cd2d7325)},       {12, 0, UINT64_C(0xa713daf0dfbb77e7)},
        {24, 0, UINT64_C(0xa3fe70bf9d3510eb)},      {48, 0, UINT64_C(0x397da259ecba1f11)},
        {80, 0, UINT64_C(0xbcdefbbb2c47c90a)},      {195, 0, UINT64_C(0xcd94217ee362ec3a)},
        {403, 0, UINT64_C(0xcdeb804d65c6dea4)},     {512, 0, UINT64_C(0x617e49599013cb6b)},
        {2048, 0, UINT64_C(0xdd59e2c3a5f038e0)},    {2240, 0, UINT64_C(0x6e73a90539cf2948)},
        {2367, 0, UINT64_C(0xcb37aeb9e5d361ed)},    {0, prime64, UINT64_C(0xa8a6b918b2f0364a)},
        {1, prime64, UINT64_C(0x032be332dd766ef8)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(mlsd__hash64(buffer, rows[i].size, rows[i].seed) == rows[i].wanted);
    assert_true(mlsd__hash64(NULL, 0, 0) == rows[0].wanted);
}

static void test_hash__numbers_follow_first_appearance(void **state)
{
    (void)state;
    mlsd__dictionary *d = NULL;
    ASSERT_OK(mlsd__dictionary_new(&mlsd__libc_allocator, &d));
    const struct {
        const char *text;
        size_t length;
        int32_t number;
    } rows[] = {{"b", 1, 0},      {"a", 1, 1},      {"b", 1, 0},   {"", 0, 2},     {NULL, 0, 2},
                {"a\0b", 3, 3},   {"a\0c", 3, 4},   {"a", 1, 1},   {"ab", 2, 5},   {"abc", 2, 5},
                {"\xff\0", 2, 6}, {"\xff\0", 1, 7}, {"a\0", 2, 8}, {"a\0b", 3, 3}, {"A", 1, 9}};
    assert_int_equal(mlsd__dictionary_find(d, "b", 1), -1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int32_t number = -1;
        ASSERT_OK(mlsd__dictionary_intern(d, rows[i].text, rows[i].length, &number));
        assert_int_equal(number, rows[i].number);
        size_t length = 99;
        const char *const text = mlsd__dictionary_at(d, number, &length);
        assert_int_equal(length, rows[i].length);
        if (length > 0) assert_memory_equal(text, rows[i].text, length);
        assert_int_equal(text[length], 0);
        assert_int_equal(mlsd__dictionary_find(d, rows[i].text, rows[i].length), number);
    }
    assert_int_equal(mlsd__dictionary_count(d), 10);
    assert_int_equal(mlsd__dictionary_find(d, "nowhere", 7), -1);
    assert_null(mlsd__dictionary_at(d, 10, NULL));
    assert_null(mlsd__dictionary_at(d, -1, NULL));
    assert_string_equal(mlsd__dictionary_at(d, 5, NULL), "ab");
    mlsd__dictionary_free(d);
    mlsd__dictionary_free(NULL);
}

/* What at() returned stays where it is, while the tables grow and long texts come between. */
static void test_hash__pointers_survive_growth(void **state)
{
    (void)state;
    enum { COUNT = 60000 };
    static const char *seen[COUNT];
    static char filler[200000];
    memset(filler, 'x', sizeof filler);
    mlsd__dictionary *d = NULL;
    ASSERT_OK(mlsd__dictionary_new(&mlsd__libc_allocator, &d));
    char text[32];
    for (int32_t i = 0; i < COUNT; i++) {
        int32_t number = -1;
        const int n = snprintf(text, sizeof text, "text %d", i);
        const bool is_long = i % 9973 == 0;
        const size_t length = is_long ? sizeof filler - (size_t)i : (size_t)n;
        ASSERT_OK(mlsd__dictionary_intern(d, is_long ? filler : text, length, &number));
        assert_int_equal(number, i);
        seen[i] = mlsd__dictionary_at(d, i, NULL);
    }
    for (int32_t i = 0; i < COUNT; i++) {
        const int n = snprintf(text, sizeof text, "text %d", i);
        assert_ptr_equal(mlsd__dictionary_at(d, i, NULL), seen[i]);
        if (i % 9973 == 0) {
            assert_int_equal(strlen(seen[i]), sizeof filler - (size_t)i);
            continue;
        }
        assert_string_equal(seen[i], text);
        assert_int_equal(mlsd__dictionary_find(d, text, (size_t)n), i);
    }
    mlsd__dictionary_free(d);
}

/* Refuse the k-th allocation, for every k: the dictionary stays as it was, the text can be added
 * once memory is back, and nothing leaks. */
static void test_hash__refused_memory_changes_nothing(void **state)
{
    (void)state;
    enum { COUNT = 400 };
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *const context = failing_context(&f, 1);
        const mlsd__allocator *const a = mlsd__context_allocator(context);
        const long long before = f.live_blocks;
        f.fail_at = f.calls + k;
        mlsd__dictionary *d = NULL;
        if (mlsd__dictionary_new(a, &d) != MLSD_OK) {
            assert_null(d);
            ASSERT_OK(mlsd__dictionary_new(a, &d));
        }
        for (int32_t i = 0; i < COUNT; i++) {
            char text[64];
            const int n = snprintf(text, sizeof text, "a text that takes some room: %d", i);
            int32_t number = -1;
            const mlsd_status status = mlsd__dictionary_intern(d, text, (size_t)n, &number);
            if (status != MLSD_OK) {
                assert_int_equal(status, MLSD_E_NOMEM);
                assert_string_equal(mlsd_last_error(), "out of memory");
                assert_int_equal(mlsd__dictionary_count(d), i);
                assert_int_equal(mlsd__dictionary_find(d, text, (size_t)n), -1);
                ASSERT_OK(mlsd__dictionary_intern(d, text, (size_t)n, &number));
            }
            assert_int_equal(number, i);
        }
        mlsd__dictionary_free(d);
        assert_int_equal(f.live_blocks, before);
        const bool is_done = f.failed == 0;
        mlsd_context_free(context);
        if (is_done) {
            assert_true(k > 8);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash__xxh3_published_vectors),
        cmocka_unit_test(test_hash__numbers_follow_first_appearance),
        cmocka_unit_test(test_hash__pointers_survive_growth),
        cmocka_unit_test(test_hash__refused_memory_changes_nothing),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
