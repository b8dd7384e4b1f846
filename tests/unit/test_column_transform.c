/* test_column_transform.c - transforms of some columns: order, names, remainders, nesting,
 * messages. Witness: by hand; tests/reference/test_encoder_sklearn.py compares with
 * ColumnTransformer. */
#include "table_checks.h"

static mlsd_dataset *table_of(double shift)
{
    const double a[] = {1 + shift, 2, 3}, b[] = {10, 20, 40}, y[] = {0, 1, 5};
    mlsd_table *t = new_table();
    put_numbers(t, "a", a, 3);
    put_letters(t, "g", "xyx");
    put_numbers(t, "b", b, 3);
    put_numbers(t, "y", y, 3);
    return dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
}

/* Names, and the first row. */
static void check(const char *json, const char *names, const double *want, int64_t n)
{
    check_first_row(table_of(0), json, names, want, n);
}

#define MIN_MAX "\"transform\":{\"kind\":\"min_max_scale\"}"

static void test_column_transform__columns(void **state)
{
    (void)state;
    check("{\"kind\":\"on_columns\",\"columns\":[\"b\"]," MIN_MAX "}", "b|a|g",
          (const double[]){0, 1, 0}, 3);
    check("{\"kind\":\"on_columns\",\"columns\":[\"b\",\"a\"],\"remainder\":\"drop\"," MIN_MAX "}",
          "b|a", (const double[]){0, 0}, 2);
    check("{\"kind\":\"on_columns\",\"columns\":[\"a\"],\"drop\":true}", "g|b",
          (const double[]){0, 10}, 2);
    check("{\"kind\":\"on_columns\",\"type\":\"category\",\"transform\":{\"kind\":\"one_hot\"}}",
          "g_x|g_y|a|b", (const double[]){1, 0, 1, 10}, 4);
    check("{\"kind\":\"on_columns\",\"columns\":[]," MIN_MAX "}", "a|g|b",
          (const double[]){1, 0, 10}, 3);
    check("{\"kind\":\"column_transform\",\"transforms\":["
          "{\"name\":\"p1\",\"kind\":\"on_columns\",\"columns\":[\"b\"]," MIN_MAX "},"
          "{\"name\":\"p2\",\"kind\":\"on_columns\",\"type\":\"category\",\"transform\":{\"kind\":"
          "\"one_hot\"}},"
          "{\"name\":\"p3\",\"kind\":\"on_columns\",\"columns\":[\"b\"]}]}",
          "b|g_x|g_y|b", (const double[]){0, 1, 0, 10}, 4);
    check("{\"kind\":\"column_transform\",\"remainder\":\"passthrough\",\"transforms\":["
          "{\"name\":\"p4\",\"kind\":\"on_columns\",\"columns\":[\"g\"],\"drop\":true},"
          "{\"name\":\"p5\",\"kind\":\"on_columns\",\"columns\":[\"b\"],\"transform\":{\"kind\":"
          "\"pipeline\","
          "\"steps\":[{\"kind\":\"min_max_scale\",\"feature_range\":[1,2]},"
          "{\"kind\":\"polynomial_features\"}]}}]}",
          "1|b|b^2|a", (const double[]){1, 1, 1, 1}, 4);
    /* Transforms of all columns side by side. */
    check("{\"kind\":\"column_transform\",\"transforms\":[{\"kind\":\"min_max_scale\"},"
          "{\"kind\":\"binarize\",\"threshold\":5}]}",
          "a|g|b|a|g|b", (const double[]){0, 0, 0, 0, 0, 1}, 6);
}

static void refuse(const char *json, mlsd_status status, const char *words)
{
    mlsd_dataset *data = table_of(0);
    expect_fit_failure(json, data, status, words);
    mlsd_dataset_free(data);
}

static void test_column_transform__bad_input(void **state)
{
    (void)state;
    refuse("{\"kind\":\"on_columns\",\"columns\":[\"aa\"]}", MLSD_E_COLUMN,
           "there is no column 'aa'; there is 'a'");
    refuse("{\"kind\":\"on_columns\",\"columns\":[\"a\"],\"type\":\"numeric\"}",
           MLSD_E_PARAM_CONFLICT, "'columns' or 'type'");
    refuse("{\"kind\":\"on_columns\",\"drop\":true," MIN_MAX "}", MLSD_E_PARAM_CONFLICT,
           "needs no transform");
    refuse("{\"kind\":\"on_columns\",\"transform\":{\"kind\":\"ridge\"}}", MLSD_E_CHILD,
           "ridge is no transform");
    refuse("{\"kind\":\"column_transform\"}", MLSD_E_CHILD, "has no transforms");
    refuse("{\"kind\":\"column_transform\",\"transforms\":[{\"name\":\"p6\",\"kind\":\"on_"
           "columns\",\"transform\":"
           "{\"kind\":\"robust_scale\",\"quantile_range\":[3]}}]}",
           MLSD_E_PARAM_CONFLICT, "'quantile_range'");
}

/* What a part refuses in prediction has the row and column of the whole table. */
static void test_column_transform__bad_rows(void **state)
{
    (void)state;
    mlsd_dataset *data = table_of(0), *later = table_of(-3), *missing = table_of(NAN);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"column_transform\",\"transforms\":[{\"name\":\"p7\","
                                 "\"kind\":\"on_columns\",\"columns\":"
                                 "[\"b\",\"a\"],\"transform\":{\"kind\":\"log_transform\"}}]}",
                                 data, NULL, NULL);
    double out[9];
    ASSERT_FAILS(MLSD_E_DATA, "row 0, column 'a' is -2",
                 mlsd_model_predict(NULL, model, later, MLSD_OUTPUT_FEATURES, out, 9));
    mlsd_model_free(model);
    const char *const pca = "{\"kind\":\"on_columns\",\"columns\":[\"a\"],\"transform\":{\"kind\":"
                            "\"pca\"}}";
    model = fit_json(NULL, pca, data, NULL, NULL);
    ASSERT_FAILS(MLSD_E_DATA, "row 0, column 'a' is NaN",
                 mlsd_model_predict(NULL, model, missing, MLSD_OUTPUT_FEATURES, out, 9));
    mlsd_model_free(model);
    expect_fit_failure(pca, missing, MLSD_E_DATA, "row 0, column 'a' is NaN");
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
    mlsd_dataset_free(missing);
}

/* Nothing after the encoding that learns from it: its folds are not those of repeated rows. */
#define CROSSED                                                                             \
    "{\"kind\":\"column_transform\",\"remainder\":\"passthrough\",\"transforms\":["         \
    "{\"name\":\"p8\",\"kind\":\"on_columns\",\"columns\":[\"g\"],\"transform\":{\"kind\":" \
    "\"pipeline\",\"steps\":"                                                               \
    "["                                                                                     \
    "{\"kind\":\"target_encode\"},{\"kind\":\"log_transform\",\"signed\":true}]}},"         \
    "{\"name\":\"p9\",\"kind\":\"on_columns\",\"columns\":[\"b\"],\"transform\":{\"kind\":" \
    "\"spline_features\"}}]}"

static void test_column_transform__promises(void **state)
{
    (void)state;
    check_transform(CROSSED, 0, 1);
    check_transform("{\"kind\":\"on_columns\",\"type\":\"numeric\",\"transform\":{\"kind\":"
                    "\"quantile_transform\",\"n_quantiles\":9}}",
                    0, 1);
}

/* Cross-fitting goes through it: training rows are as those of the bare pipeline. */
static void test_column_transform__cross_fitting(void **state)
{
    (void)state;
    mlsd_dataset *data = check_data(0, 1, 0, NULL, 0);
    mlsd_model *bare = fit_json(NULL, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
    mlsd_model *inside =
        fit_json(NULL,
                 "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"on_columns\",\"columns\":[\"g\"],"
                 "\"transform\":{\"kind\":\"target_encode\"}},{\"kind\":\"max_abs_scale\"}]}",
                 data, NULL, NULL);
    double *a = calloc(3 * CHECK_ROWS, sizeof *a), *b = calloc(3 * CHECK_ROWS, sizeof *b);
    assert_true(a != NULL && b != NULL);
    ASSERT_OK(mlsd_model_predict(NULL, bare, data, MLSD_OUTPUT_TRAIN_FEATURES, a, 3 * CHECK_ROWS));
    ASSERT_OK(
        mlsd_model_predict(NULL, inside, data, MLSD_OUTPUT_TRAIN_FEATURES, b, 3 * CHECK_ROWS));
    double scale[3];
    array_of(inside, "scale", scale, 3);
    for (int64_t i = 0; i < CHECK_ROWS; i++) ASSERT_NEAR(b[3 * i] * scale[0], a[3 * i + 1], 1e-14);
    free(a);
    free(b);
    mlsd_model_free(bare);
    mlsd_model_free(inside);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_column_transform__columns),
        cmocka_unit_test(test_column_transform__bad_input),
        cmocka_unit_test(test_column_transform__bad_rows),
        cmocka_unit_test(test_column_transform__promises),
        cmocka_unit_test(test_column_transform__cross_fitting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
