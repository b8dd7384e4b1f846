/* test_dummy.c - constant baselines. Witness: shares, means and medians by hand; the weighted
 * median of {1, 2, 6} with weights {1, 1, 2} lies between 2 and 6. */
#include "linear_data.h"

static mlsd_dataset *small(const double *y, const double *w, int64_t n, mlsd_task task)
{
    static const double x[] = {NAN, 1, 2, 3, 4, 5, 6, 7};
    const mlsd_matrix mx = {x, n, 1, 1, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {w, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, w != NULL ? &mw : NULL, task, &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

static void test_dummy__classes(void **state)
{
    (void)state;
    const double y[] = {0, 1, 2, 1}, w[] = {5, 1, 1, 1};
    mlsd_dataset *data = small(y, NULL, 4, MLSD_TASK_MULTICLASS);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"dummy_classifier\"}", data, NULL, NULL);
    double out[12];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, out, 12), MLSD_OK);
    assert_true(out[0] == 0.25 && out[1] == 0.5 && out[2] == 0.25 && out[11] == 0.25);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, 4), MLSD_OK);
    assert_true(out[0] == 1 && out[3] == 1);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_DECISION, out, 12),
                     MLSD_E_UNSUPPORTED);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_DECISION), 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    data = small(y, w, 4, MLSD_TASK_MULTICLASS);
    model = fit_json(NULL, "{\"kind\":\"dummy_classifier\",\"strategy\":\"most_frequent\"}", data,
                     NULL, NULL);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, out, 12), MLSD_OK);
    assert_true(out[0] == 1 && out[1] == 0 && out[2] == 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Ties go to the lowest class number. */
static void test_dummy__tie(void **state)
{
    (void)state;
    const double y[] = {1, 0, 1, 0};
    mlsd_dataset *data = small(y, NULL, 4, MLSD_TASK_BINARY);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"dummy_classifier\"}", data, NULL, NULL);
    double out[4];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, 4), MLSD_OK);
    assert_true(out[0] == 0 && out[3] == 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static double predicted(const char *json, const double *y, const double *w, int64_t n)
{
    mlsd_dataset *data = small(y, w, n, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double out[8];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, n), MLSD_OK);
    assert_true(out[0] == out[n - 1] && out[0] == number_of(model, "constant"));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    return out[0];
}

static void test_dummy__numbers(void **state)
{
    (void)state;
    const double y[] = {6, 1, 2}, w[] = {2, 1, 1}, w0[] = {0, 1, 1};
    static const char median[] = "{\"kind\":\"dummy_regressor\",\"strategy\":\"median\"}";
    assert_true(predicted("{\"kind\":\"dummy_regressor\"}", y, NULL, 3) == 3);
    assert_true(predicted("{\"kind\":\"dummy_regressor\"}", y, w, 3) == 3.75);
    assert_true(predicted(median, y, NULL, 3) == 2);
    assert_true(predicted(median, y, w, 3) == 4);
    assert_true(predicted(median, y, w0, 3) == 1.5);
    assert_true(
        predicted("{\"kind\":\"dummy_regressor\",\"strategy\":\"constant\",\"constant\":-7}", y,
                  NULL, 3) == -7);
}

static void test_dummy__wrong_tasks(void **state)
{
    (void)state;
    const double y[] = {1, 0, 1, 0};
    mlsd_dataset *classes = small(y, NULL, 4, MLSD_TASK_BINARY);
    mlsd_dataset *numbers = small(y, NULL, 4, MLSD_TASK_REGRESSION);
    mlsd_spec *regressor = spec_from("{\"kind\":\"dummy_regressor\"}");
    mlsd_spec *classifier = spec_from("{\"kind\":\"dummy_classifier\"}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, regressor, classes, NULL, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "the target has 2 classes"));
    assert_int_equal(mlsd_model_fit(NULL, classifier, numbers, NULL, NULL, &model), MLSD_E_DATA);
    assert_int_equal(mlsd_spec_set_str(regressor, "strategy", "constant"), MLSD_OK);
    assert_int_equal(mlsd_model_fit(NULL, regressor, numbers, NULL, NULL, &model),
                     MLSD_E_PARAM_CONFLICT);
    assert_null(model);
    mlsd_spec_free(regressor);
    mlsd_spec_free(classifier);
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dummy__classes),
        cmocka_unit_test(test_dummy__tie),
        cmocka_unit_test(test_dummy__numbers),
        cmocka_unit_test(test_dummy__wrong_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
