/* test_folds_describe.c - the table about folds. The witness is a count row by row, part by part,
 * as a person would make it; tests/reference/test_folds_reference.py has numpy's. */
#include "fold_samples.h"

#include <math.h>

#include "table_data.h"

static const double amount[SAMPLE_ROWS] = {3, -1, 4.5, 1e16, 5, 9, 2, -6, 5, 1, -1e16, 0.25};
static const int64_t when[SAMPLE_ROWS] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21};

static mlsd_table *sample_table(void)
{
    mlsd_table *const t = new_table();
    put_numbers(t, "x", amount, SAMPLE_ROWS);
    put_numbers(t, "amount", amount, SAMPLE_ROWS);
    put_letters(t, "class", "babbaabaabab");
    put_letters(t, "group", "uuvvvwwzz.zu");
    put_letters(t, "day", "cabdefghijk.");
    ASSERT_OK(mlsd_table_set_i64(t, "when", when, SAMPLE_ROWS));
    return t;
}

static mlsd_dataset *sample_data(const char *target, const char *time, mlsd_task task)
{
    mlsd_table *const t = sample_table();
    const char *columns[] = {target, "group", time}, *roles[] = {"target", "group", "time"};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, columns, roles, 3, task, &data));
    mlsd_table_free(t);
    return data;
}

static double cell(const mlsd_table *t, const char *name, int64_t row)
{
    int64_t column = 0;
    double value = 0;
    ASSERT_OK(mlsd_table_find(t, name, &column));
    ASSERT_OK(mlsd_table_get_f64(t, column, row, 1, &value));
    return value;
}

static const char *text_cell(const mlsd_table *t, const char *name, int64_t row)
{
    int64_t column = 0;
    ASSERT_OK(mlsd_table_find(t, name, &column));
    return mlsd_table_get_str(t, column, row);
}

static void check_part(const mlsd_table *t, int64_t at, const int64_t *rows, int64_t n)
{
    static const char classes[] = "babbaabaabab", groups[] = "uuvvvwwzz.zu";
    double sum = 0, low = INFINITY, high = -INFINITY, n_a = 0;
    int64_t first = INT64_MAX, last = INT64_MIN;
    char seen[256] = {0};
    int n_groups = 0;
    /* 1e16 and -1e16 leave exactly nothing behind only when the others are added apart. */
    double large = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows[i];
        if (fabs(amount[row]) > 1e9)
            large += amount[row];
        else
            sum += amount[row];
        low = amount[row] < low ? amount[row] : low;
        high = amount[row] > high ? amount[row] : high;
        n_a += classes[row] == 'a';
        n_groups += groups[row] != '.' && !seen[(int)groups[row]];
        seen[(int)groups[row]] = 1;
        first = when[row] < first ? when[row] : first;
        last = when[row] > last ? when[row] : last;
    }
    assert_int_equal((int64_t)cell(t, "rows", at), n);
    ASSERT_NEAR(cell(t, "share", at), (double)n / SAMPLE_ROWS, 0);
    assert_int_equal((int)cell(t, "groups", at), n_groups);
    if (mlsd_table_n_columns(t) == 9) { /* with class a and class b */
        ASSERT_NEAR(cell(t, "class a", at), n_a / (double)n, 0);
        ASSERT_NEAR(cell(t, "class b", at), ((double)n - n_a) / (double)n, 0);
        return;
    }
    ASSERT_NEAR(cell(t, "target_mean", at), (large + sum) / (double)n, 0);
    ASSERT_NEAR(cell(t, "target_min", at), low, 0);
    ASSERT_NEAR(cell(t, "target_max", at), high, 0);
    assert_int_equal((int64_t)cell(t, "time_first", at), first);
    assert_int_equal((int64_t)cell(t, "time_last", at), last);
}

static void check_folds(const mlsd_folds *folds, const mlsd_dataset *data)
{
    mlsd_table *t = NULL;
    const int64_t n_parts = mlsd_folds_n_parts(folds);
    ASSERT_OK(mlsd_folds_describe(NULL, folds, data, &t));
    assert_int_equal(mlsd_table_n_rows(t), mlsd_folds_n_splits(folds) * n_parts);
    for (int64_t at = 0; at < mlsd_table_n_rows(t); at++) {
        int64_t rows[SAMPLE_ROWS];
        const int64_t split = at / n_parts, part = at % n_parts;
        ASSERT_OK(mlsd_folds_part(folds, split, part, rows, SAMPLE_ROWS));
        assert_int_equal((int64_t)cell(t, "split", at), split);
        assert_string_equal(text_cell(t, "part", at), part == 0             ? "train"
                                                      : part == n_parts - 1 ? "test"
                                                      : n_parts == 3        ? "validation"
                                                      : part == 1           ? "part1"
                                                                            : "part2");
        check_part(t, at, rows, mlsd_folds_part_size(folds, split, part));
    }
    mlsd_table_free(t);
}

static void test_folds_describe__every_form_is_counted(void **state)
{
    (void)state;
    mlsd_dataset *const numbers = sample_data("amount", "when", MLSD_TASK_REGRESSION);
    mlsd_dataset *const classes = sample_data("class", "day", MLSD_TASK_BINARY);
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        mlsd_folds *const folds = make_sample(i);
        check_folds(folds, numbers);
        check_folds(folds, classes);
        mlsd_folds_free(folds);
    }
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
}

static void test_folds_describe__times_may_be_texts(void **state)
{
    (void)state;
    mlsd_dataset *const data = sample_data("class", "day", MLSD_TASK_BINARY);
    mlsd_table *t = NULL;
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"kfold\",\"n_splits\":12}", SAMPLE_ROWS, NULL, &folds));
    ASSERT_OK(mlsd_folds_describe(NULL, folds, data, &t));
    assert_string_equal(text_cell(t, "time_first", 0), "a");
    assert_string_equal(text_cell(t, "time_last", 0), "k");
    assert_string_equal(text_cell(t, "time_first", 1), "c");
    assert_string_equal(text_cell(t, "time_first", 2), "b");
    assert_null(text_cell(t, "time_last", 23));
    mlsd_table_free(t);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static void test_folds_describe__it_needs_no_data(void **state)
{
    (void)state;
    mlsd_folds *const folds = make_sample(9);
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_folds_describe(NULL, folds, NULL, &t));
    assert_int_equal(mlsd_table_n_columns(t), 4);
    assert_int_equal((int)cell(t, "rows", 0), 6);
    assert_string_equal(text_cell(t, "part", 1), "validation");
    mlsd_table_free(t);
    mlsd_folds_free(folds);
}

static void test_folds_describe__arguments_are_checked(void **state)
{
    (void)state;
    mlsd_dataset *const data = sample_data("class", "day", MLSD_TASK_BINARY);
    mlsd_folds *folds = NULL;
    mlsd_table *t = NULL;
    ASSERT_OK(split_json(NULL, "{\"kind\":\"kfold\"}", 11, NULL, &folds));
    ASSERT_FAILS(MLSD_E_SHAPE, "11 rows, the data set has 12",
                 mlsd_folds_describe(NULL, folds, data, &t));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_describe(NULL, NULL, data, &t));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_describe(NULL, folds, NULL, NULL));
    assert_null(t);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_describe__every_form_is_counted),
        cmocka_unit_test(test_folds_describe__times_may_be_texts),
        cmocka_unit_test(test_folds_describe__it_needs_no_data),
        cmocka_unit_test(test_folds_describe__arguments_are_checked),
    };
    return cmocka_run_group_tests_name("folds_describe", tests, NULL, NULL);
}
