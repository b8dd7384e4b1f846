/* test_curve_table.c - curves into tables, files and JSON lines, and back: our own, and what other
 * programs log (Keras's CSVLogger writes "epoch,accuracy,loss,val_accuracy,val_loss"). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "mlsd/curve.h"

static mlsd_curve *parse(const char *csv)
{
    mlsd_table *table = NULL;
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_table_parse_csv(NULL, csv, strlen(csv), NULL, &table), MLSD_OK);
    assert_int_equal(mlsd_curve_from_table(NULL, table, &curve), MLSD_OK);
    mlsd_table_free(table);
    return curve;
}

static void assert_lines(const mlsd_curve *curve, const char *expected)
{
    char text[4096];
    int64_t length = 0;
    assert_int_equal(mlsd_curve_to_jsonl(curve, text, sizeof text, &length), MLSD_OK);
    assert_string_equal(text, expected);
}

static mlsd_curve *sample(void)
{
    mlsd_curve *curve = NULL;
    int64_t series = 0;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    assert_int_equal(mlsd_curve_set_x(curve, "epoch"), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 0, 0.5), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 1, NAN), MLSD_OK);
    assert_int_equal(mlsd_curve_series(curve, "accuracy", "valid", 2, 1, &series), MLSD_OK);
    assert_int_equal(mlsd_curve_add_point(curve, series, 1.0, INFINITY), MLSD_OK);
    return curve;
}

static const char SAMPLE[] =
    "{\"metric\": \"loss\", \"set\": \"train\", \"fold\": -1, \"repeat\": 0, \"epoch\": 0, "
    "\"value\": 0.5}\n"
    "{\"metric\": \"loss\", \"set\": \"train\", \"fold\": -1, \"repeat\": 0, \"epoch\": 1, "
    "\"value\": null}\n"
    "{\"metric\": \"accuracy\", \"set\": \"valid\", \"fold\": 2, \"repeat\": 1, \"epoch\": 1, "
    "\"value\": \"inf\"}\n";

static void test_curve_table__comes_back_from_long_and_wide(void **state)
{
    (void)state;
    mlsd_curve *curve = sample(), *back = NULL;
    mlsd_table *table = NULL;
    assert_lines(curve, SAMPLE);
    assert_int_equal(mlsd_curve_to_points(NULL, curve, &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), 3);
    assert_int_equal(mlsd_curve_from_table(NULL, table, &back), MLSD_OK);
    assert_lines(back, SAMPLE);
    mlsd_curve_free(back);
    mlsd_table_free(table);
    assert_int_equal(mlsd_curve_to_table(NULL, curve, &table), MLSD_OK);
    assert_int_equal(mlsd_curve_from_table(NULL, table, &back), MLSD_OK);
    assert_lines(back, SAMPLE);
    mlsd_curve_free(back);
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve_table__files(void **state)
{
    (void)state;
    char path[] = "/tmp/mlsd_curve_XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    mlsd_curve *curve = sample(), *back = NULL;
    static const char *const LAYOUTS[] = {"long", "wide"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mlsd_curve_write_csv(NULL, curve, LAYOUTS[i], path), MLSD_OK);
        assert_int_equal(mlsd_curve_read_csv(NULL, path, &back), MLSD_OK);
        assert_lines(back, SAMPLE);
        mlsd_curve_free(back);
    }
    assert_int_equal(mlsd_curve_write_csv(NULL, curve, "tall", path), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_read_csv(NULL, "/no/such/file", &back), MLSD_E_IO);
    unlink(path);
    mlsd_curve_free(curve);
}

static void test_curve_table__logs_of_other_programs(void **state)
{
    (void)state;
    static const struct {
        const char *csv, *x, *names;
    } CASES[] = {
        {"step,train,valid\n0,1,2\n1,1,3\n", "step", "train valid "},
        {"epoch,accuracy,loss,val_accuracy,val_loss\n0,.5,1,.4,2\n", "epoch",
         "accuracy/train train accuracy/valid valid "},
        {"Epoch,Training Loss,Validation Loss\n1,2,3\n2,1,2\n", "epoch", "train valid "},
        {"iteration,train-logloss,eval-logloss\n0,1,2\n", "iteration",
         "logloss/train logloss/eval "},
        {"train,valid\n1,2\n3,4\n", "step", "train valid "},
        {"step,run,train/loss,val/loss\n0,a,1,2\n", "step", "train valid "},
        {"step,grad_norm,valid fold 2\n0,1,2\n", "step", "grad_norm valid fold 2 "},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mlsd_curve *curve = parse(CASES[i].csv);
        char names[256] = "";
        assert_string_equal(mlsd_curve_x(curve), CASES[i].x);
        for (int64_t k = 0; k < mlsd_curve_series_count(curve); k++) {
            strcat(names, mlsd_curve_series_name(curve, k));
            strcat(names, " ");
        }
        assert_string_equal(names, CASES[i].names);
        mlsd_curve_free(curve);
    }
}

static void test_curve_table__missing_cells_are_no_points_but_a_broken_end_is_nan(void **state)
{
    (void)state;
    mlsd_curve *curve = parse("step,train,valid\n0,1,5\n1,2,\n2,3,4\n3,,\n4,,\n");
    assert_int_equal(mlsd_curve_point_count(curve, 0), 5); /* diverged at 3 */
    assert_int_equal(mlsd_curve_point_count(curve, 1), 2); /* looked at now and then */
    double x = 0.0, value = 0.0;
    assert_int_equal(mlsd_curve_point(curve, 0, 4, &x, &value), MLSD_OK);
    assert_true(x == 4.0 && isnan(value));
    mlsd_curve_free(curve);
}

static void test_curve_table__tables_without_losses_are_refused(void **state)
{
    (void)state;
    mlsd_table *table = NULL;
    mlsd_curve *curve = NULL;
    const char *csv = "step,name\n0,a\n";
    assert_int_equal(mlsd_table_parse_csv(NULL, csv, strlen(csv), NULL, &table), MLSD_OK);
    assert_int_equal(mlsd_curve_from_table(NULL, table, &curve), MLSD_E_DATA);
    assert_null(curve);
    assert_int_equal(mlsd_curve_from_table(NULL, NULL, &curve), MLSD_E_ARG);
    mlsd_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve_table__comes_back_from_long_and_wide),
        cmocka_unit_test(test_curve_table__files),
        cmocka_unit_test(test_curve_table__logs_of_other_programs),
        cmocka_unit_test(test_curve_table__missing_cells_are_no_points_but_a_broken_end_is_nan),
        cmocka_unit_test(test_curve_table__tables_without_losses_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
