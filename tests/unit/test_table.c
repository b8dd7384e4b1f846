/* test_table.c - tables as mlsd/table.h promises them: filling, reading, sharing, and what is said
 * about a mistake. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "mlsd/table.h"
#include "data/table_impl.h"
#include "failing_allocator.h"

static mlsd_table *small_table(const mlsd_context *context)
{
    const double age[] = {30, 41.5, NAN, 28};
    const int64_t loans[] = {1, 0, INT64_MAX, INT64_MIN};
    const char *const city[] = {"Ulm", "Ahlen", NULL, "Ulm"};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(context, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "age", age, 4));
    ASSERT_OK(mlsd_table_set_i64(t, "loans", loans, 4));
    ASSERT_OK(mlsd_table_set_str(t, "city", city, 4));
    return t;
}

static void test_table__holds_what_was_set(void **state)
{
    (void)state;
    mlsd_table *const t = small_table(NULL);
    assert_int_equal(mlsd_table_n_rows(t), 4);
    assert_int_equal(mlsd_table_n_columns(t), 3);
    assert_string_equal(mlsd_table_name(t, 1), "loans");
    assert_null(mlsd_table_name(t, 3));
    assert_null(mlsd_table_name(t, -1));
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_F64);
    assert_int_equal(mlsd_table_type(t, 1), MLSD_COLUMN_I64);
    assert_int_equal(mlsd_table_type(t, 2), MLSD_COLUMN_CATEGORY);
    assert_int_equal(mlsd_table_type(t, 3), 0);

    double numbers[4];
    int64_t integers[4];
    ASSERT_OK(mlsd_table_get_f64(t, 0, 1, 2, numbers));
    assert_true(numbers[0] == 41.5 && isnan(numbers[1]));
    ASSERT_OK(mlsd_table_get_i64(t, 1, 0, 4, integers));
    assert_true(integers[2] == INT64_MAX && integers[3] == INT64_MIN);
    ASSERT_OK(mlsd_table_get_f64(t, 1, 1, 1, numbers));
    assert_true(numbers[0] == 0.0);
    mlsd_table_free(t);
    mlsd_table_free(NULL);
}

static void test_table__categories_have_codes_in_order_of_code_point(void **state)
{
    (void)state;
    mlsd_table *t;
    /* Z < a < \u00e9 < \u65e5 < \U0001F600, and the empty text before them all. */
    const char *const texts[] = {"\xf0\x9f\x98\x80", "a", NULL, "\xc3\xa9", "Z", "", "ab",
                                 "\xe6\x97\xa5",     "a"};
    const char *const wanted[] = {
        "", "Z", "a", "ab", "\xc3\xa9", "\xe6\x97\xa5", "\xf0\x9f\x98\x80"};
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "x", texts, 9));
    assert_int_equal(mlsd_table_level_count(t, 0), 7);
    for (int i = 0; i < 7; i++) assert_string_equal(mlsd_table_level_at(t, 0, i), wanted[i]);
    assert_null(mlsd_table_level_at(t, 0, 7));
    assert_null(mlsd_table_level_at(t, 0, -1));
    for (int i = 0; i < 9; i++) {
        const char *const text = mlsd_table_get_str(t, 0, i);
        if (texts[i] == NULL)
            assert_null(text);
        else
            assert_string_equal(text, texts[i]);
    }
    int64_t codes[9];
    double numbers[9];
    ASSERT_OK(mlsd_table_get_i64(t, 0, 0, 9, codes));
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 9, numbers));
    assert_true(codes[0] == 6 && codes[2] == -1 && codes[5] == 0);
    assert_true(numbers[0] == 6.0 && isnan(numbers[2]));
    mlsd_table_free(t);
}

static void test_table__refuses_mistakes(void **state)
{
    (void)state;
    mlsd_table *const t = small_table(NULL);
    const double values[4] = {0};
    const char *const latin1[] = {"a", "M\xfcnster", "b", "c"};
    double out[4];
    int64_t integers[4], at;
    ASSERT_FAILS(MLSD_E_SHAPE, "has 3 values, the table has 4 rows",
                 mlsd_table_set_f64(t, "x", values, 3));
    ASSERT_FAILS(MLSD_E_SHAPE, "'age'", mlsd_table_set_f64(t, "age", values, 3));
    ASSERT_FAILS(MLSD_E_ARG, "must not be empty", mlsd_table_set_f64(t, "", values, 4));
    ASSERT_FAILS(MLSD_E_ARG, "not UTF-8", mlsd_table_set_f64(t, "\xff", values, 4));
    ASSERT_FAILS(MLSD_E_ARG, "name is NULL", mlsd_table_set_f64(t, NULL, values, 4));
    ASSERT_FAILS(MLSD_E_ARG, "values are NULL", mlsd_table_set_i64(t, "x", NULL, 4));
    ASSERT_FAILS(MLSD_E_ARG, "row 1: the text is not UTF-8 at byte 2",
                 mlsd_table_set_str(t, "x", latin1, 4));
    assert_int_equal(mlsd_table_n_columns(t), 3);

    ASSERT_FAILS(MLSD_E_COLUMN, "did you mean 'loans'?", mlsd_table_find(t, "loan", &at));
    assert_int_equal(at, -1);
    ASSERT_FAILS(MLSD_E_COLUMN, "no column 'qqqqqq' in the table",
                 mlsd_table_find(t, "qqqqqq", &at));
    ASSERT_OK(mlsd_table_find(t, "city", &at));
    assert_int_equal(at, 2);

    ASSERT_FAILS(MLSD_E_ARG, "the table has 4", mlsd_table_get_f64(t, 0, 2, 3, out));
    ASSERT_FAILS(MLSD_E_ARG, "the table has 4", mlsd_table_get_f64(t, 0, INT64_MAX, 3, out));
    ASSERT_FAILS(MLSD_E_ARG, "the table has 4", mlsd_table_get_f64(t, 0, -1, 1, out));
    ASSERT_FAILS(MLSD_E_ARG, "no column 3", mlsd_table_get_f64(t, 3, 0, 1, out));
    ASSERT_FAILS(MLSD_E_TYPE, "'age'", mlsd_table_get_i64(t, 0, 0, 4, integers));
    ASSERT_FAILS(MLSD_E_ARG, "the table is NULL", mlsd_table_get_f64(NULL, 0, 0, 1, out));
    ASSERT_OK(mlsd_table_get_f64(t, 0, 4, 0, NULL));
    mlsd_table_free(t);
}

static void test_table__set_replaces_a_column_of_that_name(void **state)
{
    (void)state;
    mlsd_table *const t = small_table(NULL);
    const int64_t values[] = {4, 3, 2, 1};
    double out;
    ASSERT_OK(mlsd_table_set_i64(t, "age", values, 4));
    assert_int_equal(mlsd_table_n_columns(t), 3);
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_I64);
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 1, &out));
    assert_true(out == 4.0);
    mlsd_table_free(t);
}

static void test_table__from_matrix_reads_any_strides_and_dtypes(void **state)
{
    (void)state;
    const float f32[] = {1.5F, 2, 3, 4, 5, 6};
    const double f64[] = {1, 2, 3, 4, 5, 6};
    const int32_t i32[] = {1, 2, 3, 4, 5, -6};
    const int64_t i64[] = {1, 2, 3, 4, 5, INT64_MAX};
    const char *const names[] = {"a", "b"}, *const repeated[] = {"a", "a"};
    mlsd_table *t;
    double column[3];

    const mlsd_matrix row_major = {f32, 3, 2, 2, 1, MLSD_F32, 0};
    ASSERT_OK(mlsd_table_from_matrix(NULL, &row_major, NULL, &t));
    assert_string_equal(mlsd_table_name(t, 1), "x1");
    ASSERT_OK(mlsd_table_get_f64(t, 0, 0, 3, column));
    assert_memory_equal(column, ((double[]){1.5, 3, 5}), sizeof column);
    mlsd_table_free(t);

    const mlsd_matrix reversed = {f64 + 4, 3, 2, -2, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_table_from_matrix(NULL, &reversed, names, &t));
    ASSERT_OK(mlsd_table_get_f64(t, 1, 0, 3, column));
    assert_memory_equal(column, ((double[]){6, 4, 2}), sizeof column);
    mlsd_table_free(t);

    const mlsd_matrix column_major = {i32, 3, 2, 1, 3, MLSD_I32, 0};
    ASSERT_OK(mlsd_table_from_matrix(NULL, &column_major, names, &t));
    assert_int_equal(mlsd_table_type(t, 0), MLSD_COLUMN_I64);
    ASSERT_OK(mlsd_table_get_f64(t, 1, 0, 3, column));
    assert_memory_equal(column, ((double[]){4, 5, -6}), sizeof column);
    mlsd_table_free(t);

    const mlsd_matrix wide = {i64, 1, 6, 6, 1, MLSD_I64, 0};
    int64_t last;
    ASSERT_OK(mlsd_table_from_matrix(NULL, &wide, NULL, &t));
    ASSERT_OK(mlsd_table_get_i64(t, 5, 0, 1, &last));
    assert_true(last == INT64_MAX);
    mlsd_table_free(t);

    const mlsd_matrix empty = {NULL, 0, 2, 2, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_table_from_matrix(NULL, &empty, names, &t));
    assert_int_equal(mlsd_table_n_rows(t), 0);
    mlsd_table_free(t);

    const mlsd_matrix no_columns = {f64, 3, 0, 0, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_SHAPE, "no columns", mlsd_table_from_matrix(NULL, &no_columns, NULL, &t));
    assert_null(t);
    ASSERT_FAILS(MLSD_E_ARG, "columns 0 and 1 are both called 'a'",
                 mlsd_table_from_matrix(NULL, &row_major, repeated, &t));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_table_from_matrix(NULL, NULL, NULL, &t));
}

static void test_table__share_and_rows_outlive_the_table(void **state)
{
    (void)state;
    mlsd_table *const t = small_table(NULL);
    mlsd_table *shared, *rows;
    const int64_t wanted[] = {3, 3, 2, 0, 1};
    ASSERT_OK(mlsd__table_share(t, &shared));
    ASSERT_OK(mlsd__table_rows(shared, wanted, 5, &rows));
    assert_ptr_equal(shared->columns[0], t->columns[0]);
    mlsd_table_free(t);
    mlsd_table_free(shared);

    double age[5];
    assert_int_equal(mlsd_table_n_rows(rows), 5);
    ASSERT_OK(mlsd_table_get_f64(rows, 0, 0, 5, age));
    assert_true(age[0] == 28 && age[1] == 28 && isnan(age[2]) && age[3] == 30 && age[4] == 41.5);
    assert_string_equal(mlsd_table_get_str(rows, 2, 0), "Ulm");
    assert_null(mlsd_table_get_str(rows, 2, 2));
    assert_null(mlsd_table_get_str(rows, 0, 0));
    mlsd_table *again;
    ASSERT_OK(mlsd__table_rows(rows, wanted, 2, &again));
    mlsd_table_free(rows);
    assert_string_equal(mlsd_table_get_str(again, 2, 0), "Ulm");
    mlsd_table_free(again);
}

static mlsd_status build_all(const mlsd_context *context)
{
    const double numbers[] = {1, 2, 3};
    const char *const texts[] = {"b", "a", NULL};
    const int64_t rows[] = {2, 0};
    const mlsd_matrix m = {numbers, 3, 1, 1, 1, MLSD_F64, 0};
    mlsd_table *t = NULL, *shared = NULL, *some = NULL, *from = NULL;
    mlsd_status st;
    if ((st = mlsd_table_new(context, &t)) == MLSD_OK &&
        (st = mlsd_table_set_f64(t, "x", numbers, 3)) == MLSD_OK &&
        (st = mlsd_table_set_str(t, "y", texts, 3)) == MLSD_OK &&
        (st = mlsd__table_share(t, &shared)) == MLSD_OK &&
        (st = mlsd__table_rows(t, rows, 2, &some)) == MLSD_OK)
        st = mlsd_table_from_matrix(context, &m, NULL, &from);
    mlsd_table_free(t);
    mlsd_table_free(shared);
    mlsd_table_free(some);
    mlsd_table_free(from);
    return st;
}

static void test_table__every_failed_allocation_is_handled(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = build_all(context);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table__holds_what_was_set),
        cmocka_unit_test(test_table__categories_have_codes_in_order_of_code_point),
        cmocka_unit_test(test_table__refuses_mistakes),
        cmocka_unit_test(test_table__set_replaces_a_column_of_that_name),
        cmocka_unit_test(test_table__from_matrix_reads_any_strides_and_dtypes),
        cmocka_unit_test(test_table__share_and_rows_outlive_the_table),
        cmocka_unit_test(test_table__every_failed_allocation_is_handled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
