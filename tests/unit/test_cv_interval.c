/* Kind cv_interval: what it asks of parameters, data and folds, what it says, what fails, and that
 * threads change nothing. Its numbers are held against NumPy and scikit-learn in
 * tests/reference/test_intervals.py, and against mlsd_cross_validate here. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 60, P = 3 };

static mlsd_table *make_table(void)
{
    mlsd_table *table = NULL;
    double x[N];
    ASSERT_OK(mlsd_table_new(NULL, &table));
    for (int j = 0; j < P; j++) {
        char name[8];
        snprintf(name, sizeof name, "x%d", j);
        for (int i = 0; i < N; i++) x[i] = sin(i * 0.37 * (j + 1));
        ASSERT_OK(mlsd_table_set_f64(table, name, x, N));
    }
    for (int i = 0; i < N; i++) x[i] = 2 * sin(i * 0.37) + cos(i * 1.7);
    ASSERT_OK(mlsd_table_set_f64(table, "y", x, N));
    for (int i = 0; i < N; i++) x[i] = i % 3 == 0;
    ASSERT_OK(mlsd_table_set_f64(table, "label", x, N));
    for (int i = 0; i < N; i++) x[i] = i / 4;
    ASSERT_OK(mlsd_table_set_f64(table, "who", x, N));
    return table;
}

/* role: "group", "time" or "ignore" for the column who; the target is y or label. */
static mlsd_dataset *make_data(const char *target, const char *role, mlsd_task task)
{
    mlsd_table *table = make_table();
    mlsd_dataset *data = NULL;
    const char *const other = strcmp(target, "y") == 0 ? "label" : "y";
    const char *const names[] = {target, other, "who"}, *const roles[] = {"target", "ignore", role};
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, names, roles, 3, task, &data));
    mlsd_table_free(table);
    return data;
}

static mlsd_spec *parse(const char *json)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    return spec;
}

static mlsd_folds *split(const mlsd_dataset *data, const char *json)
{
    mlsd_folds *folds = NULL;
    mlsd_spec *splitter = parse(json);
    ASSERT_OK(mlsd_folds_split_dataset(NULL, splitter, data, &folds));
    mlsd_spec_free(splitter);
    return folds;
}

#define RIDGE "\"estimators\":[{\"kind\":\"ridge\"}]}"

static void test_cv_interval__corrected_t_is_cross_validation(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    mlsd_folds *folds = split(data, "{\"kind\":\"kfold\",\"shuffle\":true,\"seed\":3}");
    mlsd_spec *ridge = parse("{\"kind\":\"ridge\"}");
    const char *const metric = "r2";
    mlsd_result *theirs = NULL, *ours = NULL;
    ASSERT_OK(mlsd_cross_validate(NULL, ridge, data, folds, &metric, 1, &theirs));
    ASSERT_OK(validate(NULL, "{\"kind\":\"cv_interval\",\"metric\":\"r2\",\"seed\":3," RIDGE, data,
                       NULL, &ours));
    ASSERT_NEAR(number(ours, "value"), number(theirs, "r2.mean"), 1e-14);
    ASSERT_NEAR(number(ours, "se"), number(theirs, "r2.se"), 1e-14);
    ASSERT_NEAR(number(ours, "low"), number(theirs, "r2.low"), 1e-13);
    ASSERT_NEAR(number(ours, "high"), number(theirs, "r2.high"), 1e-13);
    const char *covers = NULL;
    ASSERT_OK(mlsd_result_get_str(ours, "covers", &covers));
    assert_string_equal(covers, "risk");
    assert_verdict(ours, "by corrected resampled t, for the mean");
    mlsd_result_free(ours);
    mlsd_result_free(theirs);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static void test_cv_interval__several_models(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    mlsd_result *r = NULL;
    const char *const models =
        "\"estimators\":[{\"kind\":\"dummy_regressor\",\"name\":\"mean\"},{\"kind\":\"ridge\"}]}";
    char json[256];
    snprintf(json, sizeof json, "{\"kind\":\"cv_interval\",\"method\":\"wald\",%s", models);
    ASSERT_OK(validate(NULL, json, data, NULL, &r));
    assert_int_equal(n_rows_of(r, "intervals"), 2);
    assert_verdict(r, "'mean': rmse");
    assert_verdict(r, "; 'ridge': rmse");
    mlsd_result_free(r);
    snprintf(json, sizeof json, "{\"kind\":\"cv_interval\",\"method\":\"bbc\",%s", models);
    ASSERT_OK(validate(NULL, json, data, NULL, &r));
    assert_int_equal(n_rows_of(r, "intervals"), 1);
    assert_verdict(r, "where 'ridge', the best of 2, shows");
    ASSERT_NEAR(number(r, "optimism"), number(r, "value") - number(r, "selected"), 1e-15);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
}

static void test_cv_interval__threads_change_nothing(void **state)
{
    (void)state;
    static const char *const json[] = {
        "{\"kind\":\"cv_interval\",\"method\":\"nested\",\"n_repeats\":3," RIDGE,
        "{\"kind\":\"cv_interval\",\"method\":\"bootstrap_632\",\"n_repeats\":40," RIDGE,
        "{\"kind\":\"cv_interval\",\"method\":\"bbc\",\"n_repeats\":40," RIDGE,
        "{\"kind\":\"cv_interval\",\"method\":\"wald_within\"," RIDGE};
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    for (int i = 0; i < 4; i++) assert_threads_change_nothing(json[i], data);
    mlsd_dataset_free(data);
}

/* A splitter of the slot is drawn, and folds that are handed over are used. */
static void test_cv_interval__whose_folds(void **state)
{
    (void)state;
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    mlsd_folds *folds = split(data, "{\"kind\":\"kfold\",\"n_splits\":6}");
    mlsd_result *given = NULL, *drawn = NULL;
    ASSERT_OK(validate(NULL, "{\"kind\":\"cv_interval\",\"method\":\"nested\"," RIDGE, data, folds,
                       &given));
    ASSERT_OK(validate(NULL,
                       "{\"kind\":\"cv_interval\",\"method\":\"nested\",\"splitter\":{\"kind\":"
                       "\"kfold\",\"n_splits\":6}," RIDGE,
                       data, NULL, &drawn));
    ASSERT_NEAR(number(given, "value"), number(drawn, "value"), 0);
    ASSERT_NEAR(number(given, "se"), number(drawn, "se"), 0);
    assert_int_equal(n_rows_of(given, "repeats"), 1);
    mlsd_result_free(given);
    mlsd_result_free(drawn);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
}

static void test_cv_interval__bad_parameters(void **state)
{
    (void)state;
    static const refused_case cases[] = {
        {"{\"kind\":\"cv_interval\"}", MLSD_E_CHILD, "no model in its slot 'estimators'"},
        {"{\"kind\":\"cv_interval\",\"metric\":\"accuracy\"," RIDGE, MLSD_E_KIND, "for classes"},
        {"{\"kind\":\"cv_interval\",\"method\":\"wald\",\"metric\":\"r2\"," RIDGE,
         MLSD_E_UNSUPPORTED, "'r2' is not a mean over rows; use rmse or mae"},
        {"{\"kind\":\"cv_interval\",\"method\":\"wald\",\"n_repeats\":3," RIDGE,
         MLSD_E_PARAM_CONFLICT, "'n_repeats' must be 1, got 3"},
        {"{\"kind\":\"cv_interval\",\"method\":\"nested\",\"n_splits\":2," RIDGE,
         MLSD_E_PARAM_CONFLICT, "must be at least 3, got 2"},
        {"{\"kind\":\"cv_interval\",\"method\":\"nested\",\"splitter\":{\"kind\":\"shuffle_split\"}"
         "," RIDGE,
         MLSD_E_DATA, "needs k-fold splits"},
        {"{\"kind\":\"cv_interval\",\"method\":\"wald\",\"splitter\":{\"kind\":\"repeated_kfold\"}"
         "," RIDGE,
         MLSD_E_DATA, "tests some again"},
        {"{\"kind\":\"cv_interval\",\"method\":\"bootstrap_632\",\"splitter\":{\"kind\":\"kfold\"}"
         "," RIDGE,
         MLSD_E_DATA, "needs samples of all 60 rows"},
    };
    mlsd_dataset *data = make_data("y", "ignore", MLSD_TASK_REGRESSION);
    assert_refused(cases, sizeof cases / sizeof cases[0], data);
    mlsd_dataset_free(data);
}

static void test_cv_interval__rows_that_belong_together(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_dataset *groups = make_data("y", "group", MLSD_TASK_REGRESSION);
    ASSERT_FAILS(
        MLSD_E_DATA, "the data set has groups; use method=corrected_t",
        validate(NULL, "{\"kind\":\"cv_interval\",\"method\":\"wald\"," RIDGE, groups, NULL, &r));
    ASSERT_FAILS(
        MLSD_E_PARAM_CONFLICT, "the data set has groups; use n_repeats=1",
        validate(NULL, "{\"kind\":\"cv_interval\",\"n_repeats\":2," RIDGE, groups, NULL, &r));
    ASSERT_OK(validate(NULL, "{\"kind\":\"cv_interval\"," RIDGE, groups, NULL, &r));
    mlsd_result_free(r);
    mlsd_dataset_free(groups);
    mlsd_dataset *times = make_data("y", "time", MLSD_TASK_REGRESSION);
    ASSERT_FAILS(
        MLSD_E_DATA, "the data set has times",
        validate(NULL, "{\"kind\":\"cv_interval\",\"method\":\"nested\"," RIDGE, times, NULL, &r));
    mlsd_dataset_free(times);
}

/* Rows sorted by class: a fold's training rows may lack one, which logistic regression refuses. */
static void test_cv_interval__fits_that_fail(void **state)
{
    (void)state;
    double x[N], y[N];
    for (int i = 0; i < N; i++) {
        x[i] = sin(i);
        y[i] = i < 20;
    }
    const mlsd_matrix X = {x, N, 1, 1, 1, MLSD_F64, 0}, Y = {y, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_BINARY, &data));
    const char *const logistic = "\"splitter\":{\"kind\":\"kfold\",\"n_splits\":3},\"estimators\":["
                                 "{\"kind\":\"logistic_regression\"}]}";
    char json[256];
    snprintf(json, sizeof json, "{\"kind\":\"cv_interval\",\"method\":\"wald\",%s", logistic);
    ASSERT_OK(validate(NULL, json, data, NULL, &r));
    assert_verdict(r, "; 1 of 3 fits failed, see");
    assert_true(isfinite(number(r, "value")));
    mlsd_result_free(r);
    r = NULL;
    snprintf(json, sizeof json, "{\"kind\":\"cv_interval\",\"method\":\"nested\",%s", logistic);
    ASSERT_FAILS(MLSD_E_DATA,
                 "no log_loss could be estimated: ", validate(NULL, json, data, NULL, &r));
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cv_interval__corrected_t_is_cross_validation),
        cmocka_unit_test(test_cv_interval__several_models),
        cmocka_unit_test(test_cv_interval__threads_change_nothing),
        cmocka_unit_test(test_cv_interval__whose_folds),
        cmocka_unit_test(test_cv_interval__bad_parameters),
        cmocka_unit_test(test_cv_interval__rows_that_belong_together),
        cmocka_unit_test(test_cv_interval__fits_that_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
