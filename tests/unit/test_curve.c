/* test_curve.c - series of points, the table made of them, and what misuse is answered with. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "mlsd/curve.h"
#include "failing_allocator.h"

static mlsd_curve *new_curve(void)
{
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    return curve;
}

static void assert_point(const mlsd_curve *curve, int64_t series, int64_t i, double x, double value)
{
    double got_x = 0.0, got = 0.0;
    assert_int_equal(mlsd_curve_point(curve, series, i, &got_x, &got), MLSD_OK);
    assert_true(got_x == x && (got == value || (isnan(got) && isnan(value))));
}

static void test_curve__keeps_every_point_in_its_place(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    assert_int_equal(mlsd_curve_series_count(curve), 0);
    assert_int_equal(mlsd_curve_add(curve, "train", 3, 0.5), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 1, NAN), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "custom", -2, INFINITY), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 2, 0.75), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 3, 0.25), MLSD_OK);
    assert_int_equal(mlsd_curve_series_count(curve), 2);
    assert_string_equal(mlsd_curve_series_name(curve, 0), "train");
    assert_string_equal(mlsd_curve_series_name(curve, 1), "custom");
    assert_null(mlsd_curve_series_name(curve, 2));
    assert_null(mlsd_curve_series_name(curve, -1));
    assert_int_equal(mlsd_curve_point_count(curve, 0), 3);
    assert_int_equal(mlsd_curve_point_count(curve, 7), 0);
    assert_point(curve, 0, 0, 1.0, NAN);
    assert_point(curve, 0, 1, 2.0, 0.75);
    assert_point(curve, 0, 2, 3.0, 0.25);
    assert_point(curve, 1, 0, -2.0, INFINITY);
    mlsd_curve_free(curve);
}

static void test_curve__series_are_told_by_metric_set_fold_and_repeat(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    int64_t a = -1, b = -1, c = -1, again = -1;
    assert_int_equal(mlsd_curve_series(curve, "loss", "valid", -1, 0, &a), MLSD_OK);
    assert_int_equal(mlsd_curve_series(curve, "accuracy", "valid", 3, 0, &b), MLSD_OK);
    assert_int_equal(mlsd_curve_series(curve, "loss", "valid", 3, 2, &c), MLSD_OK);
    assert_int_equal(mlsd_curve_series(curve, "accuracy", "valid", 3, 0, &again), MLSD_OK);
    assert_true(a == 0 && b == 1 && c == 2 && again == 1);
    assert_string_equal(mlsd_curve_series_name(curve, 0), "valid");
    assert_string_equal(mlsd_curve_series_name(curve, 1), "accuracy/valid fold 3");
    assert_string_equal(mlsd_curve_series_name(curve, 2), "valid fold 3 repeat 2");
    assert_string_equal(mlsd_curve_series_metric(curve, 1), "accuracy");
    assert_string_equal(mlsd_curve_series_set(curve, 1), "valid");
    assert_int_equal(mlsd_curve_series_fold(curve, 0), -1);
    assert_int_equal(mlsd_curve_series_fold(curve, 2), 3);
    assert_int_equal(mlsd_curve_series_repeat(curve, 2), 2);
    assert_null(mlsd_curve_series_set(curve, 9));
    assert_int_equal(mlsd_curve_add_point(curve, b, 0.5, 0.9), MLSD_OK);
    assert_point(curve, b, 0, 0.5, 0.9);
    assert_string_equal(mlsd_curve_x(curve), "step");
    assert_int_equal(mlsd_curve_set_x(curve, "seconds"), MLSD_OK);
    assert_string_equal(mlsd_curve_x(curve), "seconds");
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_to_table(NULL, curve, &table), MLSD_OK);
    assert_string_equal(mlsd_table_name(table, 0), "seconds");
    assert_int_equal(mlsd_table_type(table, 0), MLSD_COLUMN_F64);
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve__merged_ones_come_under_their_fold(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve(), *fold = new_curve();
    assert_int_equal(mlsd_curve_add(fold, "valid", 0, 2.0), MLSD_OK);
    for (int64_t k = 0; k < 3; k++) assert_int_equal(mlsd_curve_merge(curve, fold, k, 1), MLSD_OK);
    assert_int_equal(mlsd_curve_series_count(curve), 3);
    assert_string_equal(mlsd_curve_series_name(curve, 2), "valid fold 2 repeat 1");
    assert_int_equal(mlsd_curve_best_step(curve), -1);
    assert_int_equal(mlsd_curve_merge(curve, curve, 0, 0), MLSD_E_ARG);
    mlsd_curve_free(fold);
    mlsd_curve_free(curve);
}

static void test_curve__series_that_is_not_watched_never_stops(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    for (int64_t step = 0; step < 50; step++)
        assert_int_equal(mlsd_curve_add(curve, "train", step, NAN), MLSD_OK);
    assert_int_equal(mlsd_curve_should_stop(curve), 0);
    assert_int_equal(mlsd_curve_best_step(curve), -1);
    assert_true(isnan(mlsd_curve_best_value(curve)));
    mlsd_curve_free(curve);
}

static void test_curve__table_joins_the_series_by_step(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    const int64_t steps[] = {4, 0, 2, 0};
    const double values[] = {0.4, 9.0, 0.2, 0.1};
    for (int i = 0; i < 4; i++)
        assert_int_equal(mlsd_curve_add(curve, "train", steps[i], values[i]), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "valid", 3, 0.3), MLSD_OK);

    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_to_table(NULL, curve, &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), 4);
    assert_int_equal(mlsd_table_n_columns(table), 3);
    assert_string_equal(mlsd_table_name(table, 0), "step");
    assert_int_equal(mlsd_table_type(table, 0), MLSD_COLUMN_I64);
    int64_t got[4];
    assert_int_equal(mlsd_table_get_i64(table, 0, 0, 4, got), MLSD_OK);
    const int64_t sorted[] = {0, 2, 3, 4};
    assert_memory_equal(got, sorted, sizeof sorted);
    double train[4], valid[4];
    assert_int_equal(mlsd_table_get_f64(table, 1, 0, 4, train), MLSD_OK);
    assert_int_equal(mlsd_table_get_f64(table, 2, 0, 4, valid), MLSD_OK);
    assert_true(train[0] == 0.1 && train[1] == 0.2 && isnan(train[2]) && train[3] == 0.4);
    assert_true(isnan(valid[0]) && isnan(valid[1]) && valid[2] == 0.3 && isnan(valid[3]));
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve__table_of_many_unordered_steps_is_sorted(void **state)
{
    (void)state;
    enum { N = 1000 };
    mlsd_curve *curve = new_curve();
    for (int64_t i = 0; i < N; i++)
        assert_int_equal(mlsd_curve_add(curve, "train", (i * 377) % N, (double)((i * 377) % N)),
                         MLSD_OK);
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_to_table(NULL, curve, &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), N);
    int64_t step[N];
    double value[N];
    assert_int_equal(mlsd_table_get_i64(table, 0, 0, N, step), MLSD_OK);
    assert_int_equal(mlsd_table_get_f64(table, 1, 0, N, value), MLSD_OK);
    for (int64_t i = 0; i < N; i++) assert_true(step[i] == i && value[i] == (double)i);
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve__empty_one_gives_an_empty_table(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_to_table(NULL, curve, &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), 0);
    assert_int_equal(mlsd_table_n_columns(table), 1);
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve__misuse_is_answered(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    double step = 0.0, value = 0.0;
    int64_t n = 0;
    assert_int_equal(mlsd_curve_add(curve, "step", 0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add(curve, "", 0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add(curve, "\xff", 0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add(curve, NULL, 0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add(NULL, "train", 0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_series_count(curve), 0);
    assert_int_equal(mlsd_curve_point(curve, 0, 0, &step, &value), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add(curve, "train", 0, 1.0), MLSD_OK);
    assert_int_equal(mlsd_curve_point(curve, 0, 1, &step, &value), MLSD_E_ARG);
    assert_string_equal(mlsd_last_error(), "there is no point 1: series 'train' has 1");
    assert_int_equal(mlsd_curve_series(curve, "a/b", "valid", -1, 0, &n), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_series(curve, "loss", "valid", -2, 0, &n), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add_point(curve, 5, 0.0, 1.0), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add_point(curve, 0, NAN, 1.0), MLSD_E_ARG);
    assert_string_equal(mlsd_last_error(),
                        "a point of series 'train' has a step that is not finite");
    assert_int_equal(mlsd_curve_set_x(curve, "train"), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_add_set(curve, "more", NULL), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_new(NULL, NULL, NULL), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_to_table(NULL, NULL, NULL), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_should_stop(NULL), 0);
    assert_int_equal(mlsd_curve_best_step(NULL), -1);
    mlsd_curve_free(curve);
    mlsd_curve_free(NULL);
}

static void test_curve__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *context = failing_context(&f, 1);
        mlsd_curve *curve = NULL;
        mlsd_table *table = NULL;
        mlsd_status status = context != NULL ? mlsd_curve_new(context, NULL, &curve) : MLSD_E_NOMEM;
        for (int64_t step = 0; status == MLSD_OK && step < 40; step++) {
            status = mlsd_curve_add(curve, "train", step, 1.0);
            if (status == MLSD_OK) status = mlsd_curve_add(curve, "valid", step, 2.0);
        }
        if (status == MLSD_OK) status = mlsd_curve_to_table(context, curve, &table);
        mlsd_table_free(table);
        mlsd_curve_free(curve);
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
        cmocka_unit_test(test_curve__keeps_every_point_in_its_place),
        cmocka_unit_test(test_curve__series_are_told_by_metric_set_fold_and_repeat),
        cmocka_unit_test(test_curve__merged_ones_come_under_their_fold),
        cmocka_unit_test(test_curve__series_that_is_not_watched_never_stops),
        cmocka_unit_test(test_curve__table_joins_the_series_by_step),
        cmocka_unit_test(test_curve__table_of_many_unordered_steps_is_sorted),
        cmocka_unit_test(test_curve__empty_one_gives_an_empty_table),
        cmocka_unit_test(test_curve__misuse_is_answered),
        cmocka_unit_test(test_curve__every_refused_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
