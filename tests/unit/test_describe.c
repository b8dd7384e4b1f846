/* test_describe.c - one row for each column, with counts that brute force confirms. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlsd/table.h"
#include "failing_allocator.h"

static void *__attribute__((returns_nonnull)) grab(size_t size)
{
    void *const block = malloc(size);
    if (block == NULL) abort();
    return block;
}

enum { MISSING = 2, UNIQUE = 3, MIN = 4, MAX = 5, NOTE = 6 };

static double number(const mlsd_table *t, int64_t column, int64_t row)
{
    double value;
    ASSERT_OK(mlsd_table_get_f64(t, column, row, 1, &value));
    return value;
}

static void test_describe__counts_and_ranges(void **state)
{
    (void)state;
    const double x[] = {1.5, NAN, -2, INFINITY, 1.5, 0.0, -0.0};
    const double nothing[] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    const int64_t id[] = {7, 6, 5, 4, 3, 2, -1}; /* -1: all bits set */
    const int64_t same[] = {3, 3, 3, 3, 3, 3, 3};
    const char *const city[] = {"a", NULL, NULL, NULL, NULL, "b", "a"};
    mlsd_table *t, *d;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 7));
    ASSERT_OK(mlsd_table_set_f64(t, "nothing", nothing, 7));
    ASSERT_OK(mlsd_table_set_i64(t, "id", id, 7));
    ASSERT_OK(mlsd_table_set_i64(t, "same", same, 7));
    ASSERT_OK(mlsd_table_set_str(t, "city", city, 7));
    ASSERT_OK(mlsd_table_describe(NULL, t, &d));

    static const char *const names[] = {"column", "type", "missing", "unique",
                                        "min",    "max",  "note"};
    assert_int_equal(mlsd_table_n_columns(d), 7);
    assert_int_equal(mlsd_table_n_rows(d), 5);
    for (int i = 0; i < 7; i++) assert_string_equal(mlsd_table_name(d, i), names[i]);
    static const char *const types[] = {"f64", "f64", "i64", "i64", "category"};
    static const char *const notes[] = {"1 infinite", "all missing", "all different", "constant",
                                        "mostly missing"};
    static const double missing[] = {1, 7, 0, 0, 4}, unique[] = {4, 0, 7, 1, 2};
    for (int i = 0; i < 5; i++) {
        assert_string_equal(mlsd_table_get_str(d, 0, i), mlsd_table_name(t, i));
        assert_string_equal(mlsd_table_get_str(d, 1, i), types[i]);
        assert_string_equal(mlsd_table_get_str(d, NOTE, i), notes[i]);
        assert_true(number(d, MISSING, i) == missing[i]);
        assert_true(number(d, UNIQUE, i) == unique[i]);
    }
    assert_true(number(d, MIN, 0) == -2 && isinf(number(d, MAX, 0)));
    assert_true(isnan(number(d, MIN, 1)) && isnan(number(d, MIN, 4)));
    assert_true(number(d, MIN, 2) == -1 && number(d, MAX, 2) == 7);
    mlsd_table_free(d);
    mlsd_table_free(t);
}

static void test_describe__unique_stops_at_its_limit(void **state)
{
    (void)state;
    enum { N = 150000 };
    double *const x = grab(N * sizeof *x);
    int64_t *const i = grab(N * sizeof *i);
    for (int k = 0; k < N; k++) {
        x[k] = k * 0.25;
        i[k] = k % 100000;
    }
    mlsd_table *t, *d;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, N));
    ASSERT_OK(mlsd_table_set_i64(t, "i", i, N));
    ASSERT_OK(mlsd_table_describe(NULL, t, &d));
    assert_true(number(d, UNIQUE, 0) == 100001);
    assert_string_equal(mlsd_table_get_str(d, NOTE, 0), "more than 100,000 different values");
    assert_true(number(d, UNIQUE, 1) == 100000);
    mlsd_table_free(d);
    mlsd_table_free(t);
    free(x);
    free(i);
}

static void test_describe__an_empty_table_and_mistakes(void **state)
{
    (void)state;
    mlsd_table *t, *d;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_describe(NULL, t, &d));
    assert_int_equal(mlsd_table_n_rows(d), 0);
    assert_int_equal(mlsd_table_n_columns(d), 7);
    mlsd_table_free(d);
    ASSERT_OK(mlsd_table_set_f64(t, "x", NULL, 0));
    ASSERT_OK(mlsd_table_describe(NULL, t, &d));
    assert_string_equal(mlsd_table_get_str(d, NOTE, 0), "no rows");
    mlsd_table_free(d);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_describe(NULL, NULL, &d));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_describe(NULL, t, NULL));
    mlsd_table_free(t);
}

static void test_describe__every_failed_allocation_is_handled(void **state)
{
    (void)state;
    const double x[] = {1, 2, INFINITY};
    const char *const y[] = {"a", "b", NULL};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 3));
    ASSERT_OK(mlsd_table_set_str(t, "y", y, 3));
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        mlsd_table *d;
        const mlsd_status status = mlsd_table_describe(context, t, &d);
        mlsd_table_free(d);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    mlsd_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_describe__counts_and_ranges),
        cmocka_unit_test(test_describe__unique_stops_at_its_limit),
        cmocka_unit_test(test_describe__an_empty_table_and_mistakes),
        cmocka_unit_test(test_describe__every_failed_allocation_is_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
