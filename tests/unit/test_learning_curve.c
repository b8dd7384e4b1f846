/* Kind learning_curve: sizes, rows that are the latest where there are times, bad input, fits that
 * fail, threads. Its scores are held against scikit-learn's in
 * tests/reference/test_resampling_sklearn.py, the curve carried on in test_extrapolate.c. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 200 };

static mlsd_dataset *make_data(const char *role, mlsd_task task)
{
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    double a[N], b[N], y[N], when[N];
    uint32_t seed = 7;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        a[i] = sin(i * 0.37);
        b[i] = cos(i * 1.3);
        y[i] = task == MLSD_TASK_BINARY ? i >= N / 2 : a[i] + (double)(seed >> 8) / 16777216.0;
        when[i] = i;
    }
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "a", a, N));
    ASSERT_OK(mlsd_table_set_f64(table, "b", b, N));
    ASSERT_OK(mlsd_table_set_f64(table, "y", y, N));
    ASSERT_OK(mlsd_table_set_f64(table, "when", when, N));
    const char *const names[] = {"y", "when"}, *const roles[] = {"target", role};
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, names, roles, 2, task, &data));
    mlsd_table_free(table);
    return data;
}

#define RIDGE "\"estimators\":[{\"kind\":\"ridge\"}]}"

static void test_learning_curve__sizes(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("ignore", MLSD_TASK_REGRESSION);
    mlsd_result *r = NULL;
    ASSERT_OK(validate(
        NULL, "{\"kind\":\"learning_curve\",\"train_sizes\":[1,0.25,0.001,40,0.5,0.999]," RIDGE,
        data, NULL, &r));
    static const double wanted[] = {1, 40, 80, 159, 160};
    assert_int_equal(n_rows_of(r, "learning_curve"), 5);
    for (int s = 0; s < 5; s++)
        ASSERT_NEAR(cell(r, "learning_curve", "train_size", s), wanted[s], 0);
    assert_int_equal(n_rows_of(r, "folds"), 25);
    ASSERT_NEAR(cell(r, "folds", "n_train", 24), 160, 0);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_learning_curve__says_whether_more_data_helps(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("ignore", MLSD_TASK_REGRESSION);
    mlsd_result *r = NULL;
    ASSERT_OK(validate(NULL,
                       "{\"kind\":\"learning_curve\",\"train_sizes\":[0.05,0.1,0.2,0.5,1],"
                       "\"target\":0.2," RIDGE,
                       data, NULL, &r));
    const char *const verdict = mlsd_result_verdict(r);
    assert_non_null(strstr(verdict, "rmse goes from "));
    assert_non_null(strstr(verdict, "; more data helps"));
    assert_non_null(strstr(verdict, "with 400 rows expect "));
    assert_non_null(strstr(verdict, "0.2000 is out of reach of more rows"));
    assert_int_equal(n_rows_of(r, "extrapolation"), 3);
    ASSERT_NEAR(cell(r, "extrapolation", "n_rows", 2), 2000, 0);
    assert_true(cell(r, "extrapolation", "value", 2) <= cell(r, "extrapolation", "value", 0));
    assert_true(cell(r, "limits", "limit", 0) <= cell(r, "extrapolation", "value", 2));
    mlsd_result_free(r);
    ASSERT_OK(validate(NULL, "{\"kind\":\"learning_curve\",\"train_sizes\":[0.5,1]," RIDGE, data,
                       NULL, &r));
    assert_verdict(r, "4 sizes are needed");
    assert_int_equal(n_rows_of(r, "extrapolation"), 0);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

/* With times each size takes the rows just before the test rows: fitting to them by hand. */
static void test_learning_curve__takes_the_latest_rows(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("time", MLSD_TASK_REGRESSION), *part = NULL;
    mlsd_result *r = NULL, *by_hand = NULL;
    mlsd_folds *folds = NULL;
    mlsd_spec *ridge = NULL;
    ASSERT_OK(
        validate(NULL,
                 "{\"kind\":\"learning_curve\",\"train_sizes\":[10,20],\"splitter\":{\"kind\":"
                 "\"rolling_split\",\"n_splits\":2}," RIDGE,
                 data, NULL, &r));
    const int64_t n_test = (int64_t)cell(r, "folds", "n_test", 1);
    /* The last split tests the last rows, and trains on the ten before them. */
    int64_t rows[N], offsets[3] = {0, 10, 10 + n_test};
    for (int64_t i = 0; i < 10 + n_test; i++) rows[i] = N - n_test - 10 + i;
    ASSERT_OK(mlsd_folds_from_rows(NULL, N, 1, 2, offsets, rows, &folds));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
    ASSERT_OK(mlsd_cross_validate(NULL, ridge, data, folds, NULL, 0, &by_hand));
    ASSERT_NEAR(cell(r, "folds", "rmse", 1), cell(by_hand, "folds", "rmse", 0), 1e-12);
    mlsd_result_free(by_hand);
    mlsd_result_free(r);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(part);
    mlsd_dataset_free(data);
}

static void test_learning_curve__bad_input(void **state)
{
    (void)state;
    static const refused_case cases[] = {
        {"{\"kind\":\"learning_curve\"}", MLSD_E_CHILD, "no model in its slot 'estimators'"},
        {"{\"kind\":\"learning_curve\",\"train_sizes\":[1.5]," RIDGE, MLSD_E_PARAM_RANGE,
         "fractions up to 1 or whole numbers of rows, got 1.5"},
        {"{\"kind\":\"learning_curve\",\"train_sizes\":[161]," RIDGE, MLSD_E_PARAM_RANGE,
         "got 161, and the first split trains on fewer rows"},
        {"{\"kind\":\"learning_curve\",\"train_sizes\":[]," RIDGE, MLSD_E_PARAM_RANGE, "is empty"},
        {"{\"kind\":\"learning_curve\",\"metrics\":[\"accuracy\"]," RIDGE, MLSD_E_KIND,
         "for classes"},
    };
    mlsd_dataset *data = make_data("ignore", MLSD_TASK_REGRESSION);
    assert_refused(cases, sizeof cases / sizeof cases[0], data);
    mlsd_dataset_free(data);
}

/* Few training rows in the order of the classes: some have one class, and say so. */
static void test_learning_curve__fits_that_fail(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("ignore", MLSD_TASK_BINARY);
    mlsd_result *r = NULL;
    ASSERT_OK(validate(NULL,
                       "{\"kind\":\"learning_curve\",\"shuffle\":false,\"train_sizes\":[5,160],"
                       "\"estimators\":[{\"kind\":\"logistic_regression\"}]}",
                       data, NULL, &r));
    ASSERT_NEAR(cell(r, "learning_curve", "n_failed", 0), 5, 0);
    ASSERT_NEAR(cell(r, "learning_curve", "n_failed", 1), 0, 0);
    assert_true(isnan(cell(r, "learning_curve", "log_loss.mean", 0)));
    mlsd_result_free(r);
    r = NULL;
    ASSERT_FAILS(MLSD_E_DATA, "every one of 5 fits failed, the first with: ",
                 validate(NULL,
                          "{\"kind\":\"learning_curve\",\"shuffle\":false,\"train_sizes\":[5],"
                          "\"estimators\":[{\"kind\":\"logistic_regression\"}]}",
                          data, NULL, &r));
    mlsd_dataset_free(data);
}

static void test_learning_curve__threads_change_nothing(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("ignore", MLSD_TASK_REGRESSION);
    assert_threads_change_nothing("{\"kind\":\"learning_curve\"," RIDGE, data);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learning_curve__sizes),
        cmocka_unit_test(test_learning_curve__says_whether_more_data_helps),
        cmocka_unit_test(test_learning_curve__takes_the_latest_rows),
        cmocka_unit_test(test_learning_curve__bad_input),
        cmocka_unit_test(test_learning_curve__fits_that_fail),
        cmocka_unit_test(test_learning_curve__threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
