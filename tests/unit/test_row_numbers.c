/* test_row_numbers.c - lists of row numbers: both widths hold the same and draw the same, and folds
 * made of them give it back. */
#include "split/row_numbers.h"
#include "unit.h"

#include "base/handle.h"

static void test_row_numbers__both_widths_draw_the_same_words(void **state)
{
    (void)state;
    enum { N = 400 };
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    mlsd__row_numbers narrow, wide;
    ASSERT_OK(mlsd__row_numbers_new(scope.allocator, N, N, &narrow));
    ASSERT_OK(mlsd__row_numbers_new(scope.allocator, (int64_t)INT32_MAX + 1, N, &wide));
    assert_non_null(narrow.narrow);
    assert_non_null(wide.wide);
    mlsd__mt19937 a, b;
    mlsd__mt_seed(&a, 5);
    b = a;
    for (int64_t n = 0; n < N; n += 1 + n / 8) { /* few and many, which are shuffled differently */
        mlsd__row_numbers_count_up(&narrow, N);
        mlsd__row_numbers_count_up(&wide, N);
        ASSERT_OK(mlsd__row_numbers_shuffle(&scope, &a, &narrow, (N - n) / 2, n));
        ASSERT_OK(mlsd__row_numbers_shuffle(&scope, &b, &wide, (N - n) / 2, n));
        for (int64_t i = 0; i < N; i++)
            assert_int_equal(mlsd__row_number(&narrow, i), mlsd__row_number(&wide, i));
    }
    mlsd__row_numbers_copy(&narrow, 0, &narrow, 300, 100);
    mlsd__row_numbers_copy(&wide, 0, &wide, 300, 100);
    mlsd__row_number_set(&narrow, 7, 3);
    mlsd__row_number_set(&wide, 7, 3);
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(mlsd__row_number(&narrow, i), mlsd__row_number(&wide, i));
    mlsd__row_numbers_free(&narrow, scope.allocator);
    mlsd__row_numbers_free(&wide, scope.allocator);
    mlsd__scope_close(&scope);
}

static mlsd_folds *empty_folds(int64_t n_rows)
{
    mlsd_folds *const folds = mlsd__alloc(&mlsd__libc_allocator, 1, sizeof *folds);
    assert_non_null(folds);
    folds->magic = MLSD__MAGIC_FOLDS;
    folds->allocator = mlsd__libc_allocator;
    folds->n_rows = n_rows;
    return folds;
}

static void test_row_numbers__parts_of_folds_grow_one_by_one(void **state)
{
    (void)state;
    const int64_t many = (int64_t)INT32_MAX + 9;
    for (int wide = 0; wide < 2; wide++) {
        mlsd_folds *const folds = empty_folds(wide ? many : 50);
        int64_t capacity = 0, first = 0, rows[40];
        ASSERT_OK(mlsd__folds_begin_row_numbers(folds, 2, 2));
        for (int64_t part = 0; part < 4; part++) {
            ASSERT_OK(mlsd__folds_add_row_numbers(folds, part, 10 * part, &capacity, &first));
            const mlsd__row_numbers to = mlsd__folds_row_numbers(folds);
            for (int64_t i = 0; i < 10 * part; i++)
                mlsd__row_number_set(&to, first + i, wide ? many - i - 1 : 49 - i);
        }
        ASSERT_OK(mlsd__folds_end_row_numbers(folds));
        assert_int_equal(mlsd_folds_part_size(folds, 0, 0), 0);
        assert_int_equal(mlsd_folds_part_size(folds, 1, 1), 30);
        ASSERT_OK(mlsd_folds_part(folds, 1, 1, rows, 40));
        assert_int_equal(rows[29], wide ? many - 30 : 20);
        ASSERT_OK(mlsd_folds_part(folds, 0, 1, rows, 40));
        assert_int_equal(rows[0], wide ? many - 1 : 49);
        mlsd_folds_free(folds);
    }
}

static void test_row_numbers__sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    const int64_t sizes[2] = {INT64_MAX / 2, INT64_MAX / 2};
    mlsd_folds *folds = empty_folds(5);
    ASSERT_FAILS(MLSD_E_NOMEM, "memory", mlsd__folds_make_row_numbers(folds, 3, 2, sizes));
    mlsd_folds_free(folds);
    folds = empty_folds(5);
    ASSERT_FAILS(MLSD_E_SHAPE, "too large",
                 mlsd__folds_make_row_numbers(folds, INT64_MAX, 2, sizes));
    mlsd_folds_free(folds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_row_numbers__both_widths_draw_the_same_words),
        cmocka_unit_test(test_row_numbers__parts_of_folds_grow_one_by_one),
        cmocka_unit_test(test_row_numbers__sizes_that_overflow_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
