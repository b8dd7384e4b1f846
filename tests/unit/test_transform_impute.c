/* test_transform_impute.c - fill values beside scikit-learn's. Witness: scikit-learn 1.2.1,
 * SimpleImputer, on linear_data.h's 60 x 4 from seed 11 with NaN in every seventh x1 and all of row
 * 3; weights by the identity with repeated rows. */
#include "table_data.h"

static linear_data with_missing(double factor)
{
    linear_data d = make_linear_data(60, 4, 0, 11);
    for (int64_t i = 0; i < 240 && factor > 0; i++) d.x[i] = rint(d.x[i] * factor);
    for (int64_t i = 0; i < 60; i += 7) d.x[i * 4 + 1] = NAN;
    for (int64_t j = 0; j < 4; j++) d.x[3 * 4 + j] = NAN;
    return d;
}

static void check(const char *json, double factor, const double *want, double tolerance)
{
    linear_data d = with_missing(factor);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double got[4];
    array_of(model, "statistics", got, 4);
    assert_close(got, want, 4, tolerance);
    int64_t p;
    double *out = transformed(model, data, &p);
    assert_int_equal(p, 4);
    assert_true(out[1] == got[1] && out[0] == d.x[0] && out[12] == got[0] && out[15] == got[3]);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_transform_impute__as_scikit_learn(void **state)
{
    (void)state;
    const double mean[] = {0.03611676571732861, 0.011921684741973877, -0.0010689254534446586,
                           -0.14752154027001332};
    const double median[] = {0.015816807746887207, -0.0188673734664917, 0.19915509223937988,
                             -0.1356194019317627};
    const double frequent[] = {0.0, 0.0, 1.0, -3.0}, constant[] = {-9, -9, -9, -9};
    check("{\"kind\":\"impute\"}", 0, mean, 1e-15);
    check("{\"kind\":\"impute\",\"strategy\":\"median\"}", 0, median, 1e-16);
    check("{\"kind\":\"impute\",\"strategy\":\"most_frequent\"}", 2, frequent, 0);
    check("{\"kind\":\"impute\",\"strategy\":\"constant\",\"fill_value\":-9}", 0, constant, 0);
}

static void test_transform_impute__weights_are_repeats(void **state)
{
    (void)state;
    linear_data d = with_missing(4);
    for (int64_t i = 0; i < 60; i++) d.weight[i] = (double)(i % 3);
    mlsd_dataset *weighted = dataset_of(&d, MLSD_TASK_REGRESSION, 1), *repeated = NULL;
    mlsd_dataset *plain = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    int64_t rows[120], n = 0;
    for (int64_t i = 0; i < 60; i++) {
        for (int64_t k = 0; k < i % 3; k++) rows[n++] = i;
    }
    assert_int_equal(mlsd_dataset_rows(plain, rows, n, &repeated), MLSD_OK);
    const char *const strategies[] = {"mean", "median", "most_frequent"};
    for (int s = 0; s < 3; s++) {
        char json[80];
        (void)snprintf(json, sizeof json, "{\"kind\":\"impute\",\"strategy\":\"%s\"}",
                       strategies[s]);
        mlsd_model *a = fit_json(NULL, json, weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, json, repeated, NULL, NULL);
        double fill_a[4], fill_b[4];
        array_of(a, "statistics", fill_a, 4);
        array_of(b, "statistics", fill_b, 4);
        assert_close(fill_a, fill_b, 4, 1e-14);
        mlsd_model_free(a);
        mlsd_model_free(b);
    }
    mlsd_dataset_free(repeated);
    mlsd_dataset_free(plain);
    mlsd_dataset_free(weighted);
    free_linear_data(&d);
}

static void test_transform_impute__indicators(void **state)
{
    (void)state;
    const double x[] = {1, NAN, 3}, full[] = {1, 2, 3}, none[] = {NAN, NAN, NAN};
    mlsd_table *t = new_table();
    put_numbers(t, "x", x, 3);
    put_numbers(t, "full", full, 3);
    put_numbers(t, "none", none, 3);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"impute\",\"add_indicator\":true}", data, NULL, NULL);
    int64_t p;
    double *out = transformed(model, data, &p);
    const double want[] = {1, 1, 0, 0, 1, 2, 2, 0, 1, 1, 3, 3, 0, 0, 1};
    assert_int_equal(p, 5);
    assert_close(out, want, 15, 0);
    assert_string_equal(mlsd_model_output_name(model, 3), "missingindicator_x");
    assert_string_equal(mlsd_model_output_name(model, 4), "missingindicator_none");
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_transform_impute__categories(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_letters(t, "s", "ba.b");
    put_letters(t, "empty", "....");
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"impute\"}", data, NULL, NULL);
    int64_t p;
    double *out = transformed(model, data, &p);
    assert_true(p == 2 && out[0] == out[4] && out[2] != out[4] && out[1] == 0);
    free(out);
    mlsd_model_free(model);

    model = fit_json(NULL,
                     "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"i\",\"kind\":\"impute\","
                     "\"category_strategy\":\"own_level\"},{\"name\":\"o\",\"kind\":\"one_hot\"}]}",
                     data, NULL, NULL);
    out = transformed(model, data, &p);
    assert_int_equal(p, 4);
    assert_string_equal(mlsd_model_output_name(model, 2), "s_missing");
    assert_string_equal(mlsd_model_output_name(model, 3), "empty_missing");
    assert_true(out[2 * 4 + 2] == 1 && out[2] == 0 && out[3] == 1);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_transform_impute__conflict(void **state)
{
    (void)state;
    linear_data d = with_missing(0);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    expect_fit_failure("{\"kind\":\"impute\",\"fill_value\":3}", data, MLSD_E_PARAM_CONFLICT,
                       "'fill_value'");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transform_impute__as_scikit_learn),
        cmocka_unit_test(test_transform_impute__weights_are_repeats),
        cmocka_unit_test(test_transform_impute__indicators),
        cmocka_unit_test(test_transform_impute__categories),
        cmocka_unit_test(test_transform_impute__conflict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
