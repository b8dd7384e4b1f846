/* test_csv_write.c - what is written reads back to the same values, and a failure leaves what was.
 */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mlsd/table.h"
#include "data/table_impl.h"
#include "failing_allocator.h"

static void *__attribute__((returns_nonnull)) grab(size_t size)
{
    void *const block = malloc(size);
    if (block == NULL) abort();
    return block;
}

static char directory[] = "/tmp/mlsd-csv-write-XXXXXX", path[64];

static int make_directory(void **state)
{
    (void)state;
    if (mkdtemp(directory) == NULL) return -1;
    snprintf(path, sizeof path, "%s/t.csv", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    return unlink(path) == 0 && rmdir(directory) == 0 ? 0 : -1; /* nothing else was left there */
}

static void assert_file_holds(const char *wanted)
{
    static char found[4096];
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, wanted);
}

static void test_csv_write__writes_rfc_4180(void **state)
{
    (void)state;
    const double x[] = {0.1, NAN, -0.0, 1e300};
    const int64_t i[] = {1, -2, INT64_MIN, INT64_MAX};
    const char *const s[] = {"plain", "a,b", "say \"hi\"\nthere", NULL};
    const char *const u[] = {"NA", " pad", "\xc3\xa9", ""};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 4));
    ASSERT_OK(mlsd_table_set_i64(t, "i,j", i, 4));
    ASSERT_OK(mlsd_table_set_str(t, "s", s, 4));
    ASSERT_OK(mlsd_table_set_str(t, "u", u, 4));
    ASSERT_OK(mlsd_table_write_csv(t, path));
    mlsd_table_free(t);
    assert_file_holds("x,\"i,j\",s,u\n"
                      "0.1,1,plain,\"NA\"\n"
                      ",-2,\"a,b\",\" pad\"\n"
                      "-0,-9223372036854775808,\"say \"\"hi\"\"\nthere\",\xc3\xa9\n"
                      "1e+300,9223372036854775807,,\"\"\n");
}

static void test_csv_write__reads_back_to_the_same_values(void **state)
{
    (void)state;
    enum { N = 20000 };
    double *const x = grab(N * sizeof *x);
    const char **const s = grab(N * sizeof *s);
    static const char *const texts[] = {"NA", "a\r\nb", "\"", ",", " ", "null", "x", NULL};
    uint64_t random = 1;
    for (int k = 0; k < N; k++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&x[k], &random, sizeof *x);
        if (isnan(x[k])) x[k] = (double)NAN;
        s[k] = texts[random >> 61];
    }
    x[0] = DBL_MAX, x[1] = DBL_TRUE_MIN, x[2] = -0.0, x[3] = (double)INFINITY, x[4] = 1.0 / 3;
    mlsd_table *t, *back;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, N));
    ASSERT_OK(mlsd_table_set_str(t, "s", s, N));
    ASSERT_OK(mlsd_table_write_csv(t, path));
    ASSERT_OK(mlsd_table_read_csv(NULL, path, NULL, &back));
    assert_int_equal(mlsd_table_n_rows(back), N);
    const double *const y = back->columns[0]->values;
    for (int k = 0; k < N; k++) {
        assert_true(isnan(x[k]) ? isnan(y[k]) : memcmp(&x[k], &y[k], sizeof *x) == 0);
        const char *const text = mlsd_table_get_str(back, 1, k);
        if (s[k] == NULL)
            assert_null(text);
        else
            assert_string_equal(text, s[k]);
    }
    mlsd_table_free(back);
    mlsd_table_free(t);
    free(x);
    free(s);
}

static void test_csv_write__one_column_of_missing_values_keeps_its_rows(void **state)
{
    (void)state;
    const double x[] = {NAN, 1, NAN};
    mlsd_table *t, *back;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 3));
    ASSERT_OK(mlsd_table_write_csv(t, path));
    assert_file_holds("x\n\"\"\n1\n\"\"\n");
    ASSERT_OK(mlsd_table_read_csv(NULL, path, NULL, &back));
    assert_int_equal(mlsd_table_n_rows(back), 3);
    mlsd_table_free(back);
    mlsd_table_free(t);
}

static void test_csv_write__a_failure_leaves_what_was(void **state)
{
    (void)state;
    const double x[] = {1};
    mlsd_table *t;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, 1));
    ASSERT_OK(mlsd_table_write_csv(t, path));
    ASSERT_FAILS(MLSD_E_IO, directory, mlsd_table_write_csv(t, directory));
    ASSERT_FAILS(MLSD_E_IO, "/nowhere/t.csv", mlsd_table_write_csv(t, "/nowhere/t.csv"));
    ASSERT_FAILS(MLSD_E_IO, "/dev/full", mlsd_table_write_csv(t, "/dev/full"));
    ASSERT_FAILS(MLSD_E_ARG, "path is NULL", mlsd_table_write_csv(t, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "table is NULL", mlsd_table_write_csv(NULL, path));
    assert_file_holds("x\n1\n");
    mlsd_table_free(t);
}

static void test_csv_write__every_failed_allocation_is_handled(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3};
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        mlsd_table *t = NULL;
        mlsd_status status = mlsd_table_new(context, &t);
        if (status == MLSD_OK) status = mlsd_table_set_f64(t, "x", x, 3);
        if (status == MLSD_OK) status = mlsd_table_write_csv(t, path);
        mlsd_table_free(t);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) {
            assert_int_equal(status, MLSD_OK);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    assert_file_holds("x\n1\n2\n3\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_write__writes_rfc_4180),
        cmocka_unit_test(test_csv_write__reads_back_to_the_same_values),
        cmocka_unit_test(test_csv_write__one_column_of_missing_values_keeps_its_rows),
        cmocka_unit_test(test_csv_write__a_failure_leaves_what_was),
        cmocka_unit_test(test_csv_write__every_failed_allocation_is_handled),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
