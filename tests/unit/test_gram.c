/* test_gram.c - the centred Gram summary against sums in long double, however the rows are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/scope.h"
#include "failing_allocator.h"
#include "numeric/gram.h"

enum { N = 2500, Q = 7, LD = 9 };

static double rows[N * LD];
static double spoiled[N * LD];
static double weight[N];

/* Columns of different sizes and offsets; column 4 is constant. */
static void draw(double offset)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, 3, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < LD; j++)
            rows[i * LD + j] = offset + (j + 1) * mlsd__stream_normal(&stream);
        rows[i * LD + 4] = 0.1;
        weight[i] = (double)mlsd__stream_below(&stream, 4);
    }
}

static mlsd__gram new_gram(void)
{
    mlsd__gram g;
    assert_int_equal(mlsd__gram_init(&g, &mlsd__libc_allocator, Q), MLSD_OK);
    return g;
}

static void add(mlsd__gram *g, int64_t first, int64_t n, const double *w)
{
    memcpy(spoiled, rows + first * LD, (size_t)(n * LD) * sizeof *rows);
    mlsd__gram_add(g, spoiled, n, LD, w != NULL ? w + first : NULL);
}

/* Relative to the spread of the two columns, which is what the rounding is relative to. */
static void check_against_long_double(const mlsd__gram *g, const double *w, double tolerance)
{
    long double total = 0;
    long double mean[Q] = {0};
    long double scatter[Q][Q] = {{0}};
    for (int i = 0; i < N; i++) total += w != NULL ? w[i] : 1;
    for (int j = 0; j < Q; j++) {
        for (int i = 0; i < N; i++)
            mean[j] += (w != NULL ? w[i] : 1) * (long double)rows[i * LD + j];
        mean[j] /= total;
    }
    for (int i = 0; i < N; i++)
        for (int j = 0; j < Q; j++)
            for (int k = j; k < Q; k++)
                scatter[j][k] += (w != NULL ? w[i] : 1) * (rows[i * LD + j] - mean[j]) *
                                 (rows[i * LD + k] - mean[k]);

    assert_true(fabs(g->weight - (double)total) == 0);
    assert_int_equal(g->n_rows, N);
    for (int j = 0; j < Q; j++) {
        assert_true(fabsl(g->mean[j] - mean[j]) <= tolerance * fabsl(mean[j]) + tolerance);
        for (int k = j; k < Q; k++) {
            const long double spread = sqrtl(scatter[j][j] * scatter[k][k]);
            assert_true(fabsl(g->scatter[j * Q + k] - scatter[j][k]) <=
                        tolerance * spread + 1e-25L);
        }
        assert_true(g->scatter[4 * Q + j] == 0 || j < 4);
        assert_true(g->scatter[j * Q + 4] == 0 || j > 4);
    }
    assert_true(g->mean[4] == 0.1);
}

static void test_gram__blocks_give_the_moments_of_all_rows(void **state)
{
    (void)state;
    const int64_t cuts[] = {1, 5, 64, 1000, 1024, N};
    draw(3);
    for (size_t c = 0; c < sizeof cuts / sizeof *cuts; c++) {
        for (int weighted = 0; weighted < 2; weighted++) {
            const double *const w = weighted ? weight : NULL;
            mlsd__gram g = new_gram();
            for (int64_t first = 0; first < N; first += cuts[c])
                add(&g, first, N - first < cuts[c] ? N - first : cuts[c], w);
            check_against_long_double(&g, w, 1e-13);
            mlsd__gram_free(&g, &mlsd__libc_allocator);
        }
    }
}

/* A sum of squares minus a square of sums would keep no digit here. */
static void test_gram__large_offsets_cost_no_digits(void **state)
{
    (void)state;
    draw(1e9);
    mlsd__gram g = new_gram();
    for (int64_t first = 0; first < N; first += 1024)
        add(&g, first, N - first < 1024 ? N - first : 1024, NULL);
    check_against_long_double(&g, NULL, 1e-12);
    mlsd__gram_free(&g, &mlsd__libc_allocator);
}

static void test_gram__merge_is_adding_the_rows(void **state)
{
    (void)state;
    draw(-2);
    for (int weighted = 0; weighted < 2; weighted++) {
        const double *const w = weighted ? weight : NULL;
        mlsd__gram a = new_gram();
        mlsd__gram b = new_gram();
        mlsd__gram empty = new_gram();
        add(&a, 0, 900, w);
        add(&b, 900, N - 900, w);
        mlsd__gram_merge(&empty, &a);
        mlsd__gram_merge(&empty, &b);
        check_against_long_double(&empty, w, 1e-13);
        mlsd__gram nothing = new_gram();
        mlsd__gram_merge(&empty, &nothing);
        check_against_long_double(&empty, w, 1e-13);
        mlsd__gram_free(&a, &mlsd__libc_allocator);
        mlsd__gram_free(&b, &mlsd__libc_allocator);
        mlsd__gram_free(&empty, &mlsd__libc_allocator);
        mlsd__gram_free(&nothing, &mlsd__libc_allocator);
    }
}

static void test_gram__rows_without_weight_change_nothing(void **state)
{
    (void)state;
    draw(1);
    mlsd__gram g = new_gram();
    add(&g, 0, 10, NULL);
    mlsd__gram before = new_gram();
    mlsd__gram_merge(&before, &g);
    memset(weight, 0, sizeof weight);
    add(&g, 10, 20, weight);
    add(&g, 30, 0, NULL);
    assert_memory_equal(g.mean, before.mean, Q * sizeof *g.mean);
    assert_memory_equal(g.scatter, before.scatter, Q * Q * sizeof *g.scatter);
    assert_int_equal(g.n_rows, 30);
    assert_true(g.weight == 10);
    mlsd__gram_free(&g, &mlsd__libc_allocator);
    mlsd__gram_free(&before, &mlsd__libc_allocator);
}

static void test_gram__init_survives_a_failed_allocation(void **state)
{
    (void)state;
    failing_allocator f;
    failing_allocator_init(&f, 0, 0);
    mlsd_context *const context = failing_context(&f, 1);
    const mlsd__allocator *const a = mlsd__context_allocator(context);
    const long long live = f.live_blocks;
    f.fail_at = f.calls + 1;
    mlsd__gram g;
    assert_int_equal(mlsd__gram_init(&g, a, Q), MLSD_E_NOMEM);
    assert_int_equal(f.live_blocks, live);
    assert_null(g.mean);
    assert_null(g.scatter);
    mlsd_context_free(context);
    assert_int_equal(mlsd__gram_init(&g, &mlsd__libc_allocator, INT64_C(1) << 33), MLSD_E_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gram__blocks_give_the_moments_of_all_rows),
        cmocka_unit_test(test_gram__large_offsets_cost_no_digits),
        cmocka_unit_test(test_gram__merge_is_adding_the_rows),
        cmocka_unit_test(test_gram__rows_without_weight_change_nothing),
        cmocka_unit_test(test_gram__init_survives_a_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
