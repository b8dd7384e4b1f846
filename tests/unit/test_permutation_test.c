/* Kind permutation_test: what it says, groups, bad input, fits that fail, threads. Its scores and p
 * are held against scikit-learn's in tests/reference/test_resampling_sklearn.py. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 60 };

/* target: "y" depends on x, "noise" does not, "label" has two classes, "level" is the group's. */
static mlsd_dataset *make_data(const char *target, const char *role, mlsd_task task)
{
    static const char *const targets[] = {"y", "noise", "label", "level"};
    const char *names[5] = {"who"}, *roles[5] = {role};
    double x[N], who[N], t[4][N];
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    uint32_t seed = 3;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = sin(i * 0.37);
        t[1][i] = (double)(seed >> 8) / 16777216.0;
        t[0][i] = x[i] + t[1][i];
        t[2][i] = x[i] > 0;
        t[3][i] = who[i] = i / 6;
    }
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, N));
    ASSERT_OK(mlsd_table_set_f64(table, "who", who, N));
    for (int i = 0; i < 4; i++) {
        ASSERT_OK(mlsd_table_set_f64(table, targets[i], t[i], N));
        names[i + 1] = targets[i];
        roles[i + 1] = strcmp(targets[i], target) == 0 ? "target" : "ignore";
    }
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, names, roles, 5, task, &data));
    mlsd_table_free(table);
    return data;
}

#define RIDGE "\"estimators\":[{\"kind\":\"ridge\"}]}"

static void test_permutation_test__verdicts(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    mlsd_dataset *noise = make_data("noise", "ignore", MLSD_TASK_REGRESSION);
    mlsd_result *r = NULL;
    ASSERT_OK(validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, data, NULL, &r));
    ASSERT_NEAR(number(r, "p_value"), 1.0 / 101, 1e-15);
    assert_verdict(r, "as good in 0 of 100");
    assert_verdict(r, "the features tell something");
    assert_int_equal(n_rows_of(r, "permutations"), 100);
    mlsd_result_free(r);
    ASSERT_OK(validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, noise, NULL, &r));
    assert_true(number(r, "p_value") > 0.05);
    assert_verdict(r, "no sign that the features tell anything");
    mlsd_result_free(r);
    ASSERT_OK(validate(NULL, "{\"kind\":\"permutation_test\",\"n_permutations\":9," RIDGE, data,
                       NULL, &r));
    assert_verdict(r, "too few permutations to tell");
    mlsd_result_free(r);
    mlsd_dataset_free(noise);
    mlsd_dataset_free(data);
}

static void test_permutation_test__several_models(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("label", "ignore", MLSD_TASK_BINARY);
    mlsd_result *r = NULL;
    ASSERT_OK(
        validate(NULL,
                 "{\"kind\":\"permutation_test\",\"n_permutations\":20,\"metric\":\"accuracy\","
                 "\"estimators\":[{\"kind\":\"dummy_classifier\"},{\"kind\":\"gaussian_nb\"}]}",
                 data, NULL, &r));
    assert_int_equal(n_rows_of(r, "tests"), 2);
    assert_int_equal(n_rows_of(r, "permutations"), 40);
    assert_verdict(r, "; 'gaussian_nb': accuracy ");
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_permutation_test__bad_input(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    ASSERT_FAILS(MLSD_E_CHILD, "no model in its slot 'estimators'",
                 validate(NULL, "{\"kind\":\"permutation_test\"}", data, NULL, &r));
    ASSERT_FAILS(MLSD_E_KIND, "for classes",
                 validate(NULL, "{\"kind\":\"permutation_test\",\"metric\":\"accuracy\"," RIDGE,
                          data, NULL, &r));
    mlsd_dataset_free(data);
    data = make_data("level", "group", MLSD_TASK_REGRESSION);
    ASSERT_FAILS(MLSD_E_DATA, "permuting within groups changes nothing; use within_groups=false",
                 validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, data, NULL, &r));
    ASSERT_OK(validate(NULL,
                       "{\"kind\":\"permutation_test\",\"within_groups\":false,"
                       "\"n_permutations\":20," RIDGE,
                       data, NULL, &r));
    mlsd_result_free(r);
    r = NULL;
    mlsd_dataset_free(data);
    data = make_data("y", "time", MLSD_TASK_REGRESSION);
    ASSERT_FAILS(MLSD_E_DATA, "takes rows as exchangeable, and the data set has times",
                 validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, data, NULL, &r));
    mlsd_dataset_free(data);
    assert_null(r);
}

/* A bootstrap sample: copies of a row cannot have targets of their own. Each row once is fine. */
static void test_permutation_test__repeated_rows(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION), *view = NULL;
    mlsd_result *r = NULL;
    int64_t rows[N];
    for (int i = 0; i < N; i++) rows[i] = N - 1 - i;
    ASSERT_OK(mlsd_dataset_rows(data, rows, N, &view));
    ASSERT_OK(validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, view, NULL, &r));
    mlsd_result_free(r);
    mlsd_dataset_free(view);
    rows[40] = 7;
    ASSERT_OK(mlsd_dataset_rows(data, rows, N, &view));
    ASSERT_FAILS(MLSD_E_DATA,
                 "shows row 7 of its source twice; give permutation_test each row once",
                 validate(NULL, "{\"kind\":\"permutation_test\"," RIDGE, view, NULL, &r));
    assert_null(r);
    mlsd_dataset_free(view);
    mlsd_dataset_free(data);
}

/* A single row of one class: the split that tests it trains on one class only. */
static void test_permutation_test__fits_that_fail(void **state)
{
    (void)state;
    double x[N], y[N] = {0};
    for (int i = 0; i < N; i++) x[i] = sin(i);
    y[7] = 1;
    const mlsd_matrix X = {x, N, 1, 1, 1, MLSD_F64, 0}, Y = {y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_BINARY, &data));
    ASSERT_FAILS(
        MLSD_E_DATA, "the target as it is has no log_loss: ",
        validate(NULL,
                 "{\"kind\":\"permutation_test\",\"n_permutations\":5,\"splitter\":{"
                 "\"kind\":\"kfold\"},\"estimators\":[{\"kind\":\"logistic_regression\"}]}",
                 data, NULL, &r));
    mlsd_dataset_free(data);
}

static void test_permutation_test__threads_change_nothing(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{\"kind\":\"permutation_test\",\"metric\":\"mae\",\"n_permutations\":30," RIDGE,
        "{\"kind\":\"permutation_test\",\"n_permutations\":30," RIDGE};
    mlsd_dataset *data = make_data("y", "group", MLSD_TASK_REGRESSION);
    for (int i = 0; i < 2; i++) assert_threads_change_nothing(json[i], data);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_permutation_test__verdicts),
        cmocka_unit_test(test_permutation_test__several_models),
        cmocka_unit_test(test_permutation_test__bad_input),
        cmocka_unit_test(test_permutation_test__repeated_rows),
        cmocka_unit_test(test_permutation_test__fits_that_fail),
        cmocka_unit_test(test_permutation_test__threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
