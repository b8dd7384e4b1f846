/* test_resample.c - mlsd_resample_rows against what scikit-learn 1.2.1's utils.resample and
 * utils.shuffle printed. */
#include <math.h>

#include "failing_allocator.h"
#include "mlsd/split.h"
#include "unit.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};
static const mlsd_matrix strata = {y, 10, 1, 1, 1, MLSD_F64, 0};

static void assert_rows(int64_t n_samples, int32_t replace, const mlsd_matrix *by,
                        const int64_t *expected)
{
    int64_t rows[11];
    rows[n_samples] = -7;
    ASSERT_OK(mlsd_resample_rows(NULL, 10, n_samples, replace, by, 3, rows, 10));
    assert_memory_equal(rows, expected, (size_t)n_samples * sizeof *rows);
    assert_int_equal(rows[n_samples], -7);
}

static void test_resample__is_scikit_learns(void **state)
{
    (void)state;
    assert_rows(10, 1, NULL, (int64_t[]){8, 9, 3, 8, 8, 0, 5, 3, 9, 9});
    assert_rows(4, 0, NULL, (int64_t[]){5, 4, 1, 2});
    assert_rows(10, 0, NULL, (int64_t[]){5, 4, 1, 2, 9, 6, 7, 0, 3, 8});
    assert_rows(10, 1, &strata, (int64_t[]){7, 4, 1, 3, 5, 8, 0, 6, 0, 6});
    assert_rows(6, 0, &strata, (int64_t[]){4, 3, 1, 5, 2, 9});
    assert_rows(0, 1, &strata, (int64_t[]){0});
}

static void test_resample__arguments_are_checked(void **state)
{
    (void)state;
    int64_t rows[10];
    const double missing[] = {1, 2, NAN, 4};
    const mlsd_matrix with_missing = {missing, 4, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_resample_rows(NULL, 0, 0, 1, NULL, 0, NULL, 0));
    ASSERT_FAILS(MLSD_E_DATA, "no rows to draw 3 from",
                 mlsd_resample_rows(NULL, 0, 3, 1, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_DATA, "6 rows cannot be drawn from 5 without replacement; draw at most 5",
                 mlsd_resample_rows(NULL, 5, 6, 0, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_BUFFER, "11 rows are to be drawn, room is for 10",
                 mlsd_resample_rows(NULL, 5, 11, 1, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "-1", mlsd_resample_rows(NULL, -1, 1, 1, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "-2", mlsd_resample_rows(NULL, 5, -2, 1, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "'replace'", mlsd_resample_rows(NULL, 5, 2, 2, NULL, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "'seed' must be in [0, 4294967295], got -1",
                 mlsd_resample_rows(NULL, 5, 2, 1, NULL, -1, rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "4294967296",
                 mlsd_resample_rows(NULL, 5, 2, 1, NULL, INT64_C(4294967296), rows, 10));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_resample_rows(NULL, 5, 2, 1, NULL, 0, NULL, 10));
    ASSERT_FAILS(MLSD_E_SHAPE, "y", mlsd_resample_rows(NULL, 5, 2, 1, &strata, 0, rows, 10));
    ASSERT_FAILS(MLSD_E_DATA, "y is missing in row 2",
                 mlsd_resample_rows(NULL, 4, 2, 1, &with_missing, 0, rows, 10));
}

static void test_resample__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    for (int stratified = 0; stratified < 2; stratified++) {
        for (long long fail_at = 1;; fail_at++) {
            failing_allocator f;
            int64_t rows[5];
            failing_allocator_init(&f, fail_at, 0);
            mlsd_context *const context = failing_context(&f, 1);
            if (context == NULL) continue;
            const mlsd_status status =
                mlsd_resample_rows(context, 10, 5, 0, stratified ? &strata : NULL, 1, rows, 5);
            mlsd_context_free(context);
            const int failed = atomic_load(&f.failed) > 0;
            assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
            assert_int_equal(atomic_load(&f.live_blocks), 0);
            if (!failed) break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resample__is_scikit_learns),
        cmocka_unit_test(test_resample__arguments_are_checked),
        cmocka_unit_test(test_resample__memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
