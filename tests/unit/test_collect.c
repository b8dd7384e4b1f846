/* test_collect.c - rows that are wanted against a plain loop, for every share of them and every
 * length around the blocks, with guards behind the room that is given. */
#include <stdlib.h>

#include "split/collect.h"
#include "unit.h"

enum { MAX_N = 400, GUARD = -77 };

static int32_t ids[MAX_N], units[MAX_N];
static int8_t marks[MAX_N];

static void assert_rows(const int64_t *got, const int64_t *wanted, int64_t n)
{
    assert_memory_equal(got, wanted, (size_t)n * sizeof *got);
    assert_true(got[n] == GUARD);
}

static void fill(uint32_t seed, int64_t n, int32_t n_ids)
{
    uint32_t s = seed * 2654435761u + 1;
    for (int64_t i = 0; i < n; i++) {
        s = s * 1664525u + 1013904223u;
        ids[i] = (int32_t)((s >> 16) % (uint32_t)n_ids) - (seed % 3 == 0);
        marks[i] = (int8_t)ids[i];
        units[i] = (int32_t)((s >> 8) % (uint32_t)n);
    }
}

static void check(int64_t n, int32_t id)
{
    int64_t wanted[2][MAX_N + 1], of_marks[2][MAX_N + 1], n_of[2] = {0, 0}, n_marks[2] = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        const int is_equal = ids[i] == id;
        wanted[is_equal][n_of[is_equal]++] = i;
        if (marks[i] == id) of_marks[0][n_marks[0]++] = i;
        if (marks[units[i]] == id) of_marks[1][n_marks[1]++] = i;
    }
    /* Room on the heap for no more than is wanted and a guard: a sanitizer sees one place too far.
     */
    for (int w = 0; w < 2; w++) {
        int64_t *got = malloc(sizeof *got * (size_t)(n_of[w] + 1));
        got[n_of[w]] = GUARD;
        mlsd__collect_i32(ids, id, w, n_of[w], got);
        assert_rows(got, wanted[w], n_of[w]);
        free(got);
        got = malloc(sizeof *got * (size_t)(n_marks[w] + 1));
        got[n_marks[w]] = GUARD;
        mlsd__collect_i8(marks, w ? units : NULL, (int8_t)id, n_marks[w], got);
        assert_rows(got, of_marks[w], n_marks[w]);
        free(got);
    }
}

static void test_collect__as_a_plain_loop(void **state)
{
    (void)state;
    static const int32_t many[] = {1, 2, 3, 5, 10, 100};
    for (uint32_t seed = 0; seed < 6; seed++) {
        for (size_t m = 0; m < sizeof many / sizeof *many; m++) {
            for (int64_t n = 1; n <= MAX_N; n += n < 140 ? 1 : 37) {
                fill(seed, n, many[m]);
                for (int32_t id = -1; id < 3; id++) check(n, id);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_collect__as_a_plain_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
