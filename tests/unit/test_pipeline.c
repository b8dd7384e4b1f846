/* test_pipeline.c - steps fitted together. Witness: the identity with fitting the steps one by one,
 * and with other ways to write the same steps. */
#include "table_data.h"

static const char SCALED[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"scale\",\"kind\":\"standardize\"},"
    "{\"name\":\"fit\",\"kind\":\"ridge\",\"alpha\":3}]}";

/* The pipeline's ridge is the ridge of what standardize makes. */
static void test_pipeline__steps_one_by_one(void **state)
{
    (void)state;
    enum { N = 3000, P = 3 };
    linear_data d = make_linear_data(N, P, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *whole = fit_json(NULL, SCALED, data, NULL, NULL);
    mlsd_model *scale = fit_json(NULL, "{\"kind\":\"standardize\"}", data, NULL, NULL);
    int64_t p;
    double *z = transformed(scale, data, &p);
    linear_data scaled = d;
    scaled.x = z;
    mlsd_dataset *second = dataset_of(&scaled, MLSD_TASK_REGRESSION, 1);
    mlsd_model *ridge = fit_json(NULL, "{\"kind\":\"ridge\",\"alpha\":3}", second, NULL, NULL);
    double a[P], b[P];
    array_of(whole, "coef", a, P);
    array_of(ridge, "coef", b, P);
    assert_memory_equal(a, b, sizeof a);
    array_of(whole, "fit.coef", b, P);
    assert_memory_equal(a, b, sizeof a);
    array_of(whole, "scale.mean", a, P);
    array_of(scale, "mean", b, P);
    assert_memory_equal(a, b, sizeof a);

    double *fitted = malloc(2 * N * sizeof *fitted);
    assert_int_equal(mlsd_model_predict(NULL, whole, data, MLSD_OUTPUT_VALUE, fitted, N), MLSD_OK);
    assert_int_equal(mlsd_model_predict(NULL, ridge, second, MLSD_OUTPUT_VALUE, fitted + N, N),
                     MLSD_OK);
    assert_memory_equal(fitted, fitted + N, N * sizeof *fitted);
    assert_int_equal(mlsd_model_get_f64(whole, "scal.mean", a), MLSD_E_PARAM_UNKNOWN);
    assert_non_null(strstr(mlsd_last_error(), "scale.mean"));
    free(fitted);
    mlsd_model_free(ridge);
    mlsd_dataset_free(second);
    free(z);
    mlsd_model_free(scale);
    mlsd_model_free(whole);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static mlsd_dataset *mixed_data(void)
{
    enum { N = 2500 };
    static char letters[N + 1];
    double *x = malloc(N * sizeof *x), *y = malloc(N * sizeof *y);
    uint32_t s = 17;
    for (int i = 0; i < N; i++) {
        const double u = next_uniform(&s);
        x[i] = u < -0.4 ? NAN : u;
        const int level = (int)((next_uniform(&s) + 0.5) * 4);
        letters[i] = level == 3 ? '.' : (char)('a' + level);
        y[i] = (u < -0.4 ? 1 : u) + level + next_uniform(&s);
    }
    mlsd_table *t = new_table();
    put_letters(t, "g", letters);
    put_numbers(t, "x", x, N);
    put_numbers(t, "y", y, N);
    free(x);
    free(y);
    return dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
}

static const char FLAT[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"i\",\"kind\":\"impute\",\"add_indicator\":true},"
    "{\"name\":\"o\",\"kind\":\"one_hot\"},{\"name\":\"s\",\"kind\":\"standardize\"},"
    "{\"name\":\"r\",\"kind\":\"linear_regression\"}]}";
static const char NESTED[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"prep\",\"kind\":\"pipeline\",\"steps\":["
    "{\"name\":\"i\",\"kind\":\"impute\",\"add_indicator\":true},"
    "{\"name\":\"o\",\"kind\":\"one_hot\"}]},"
    "{\"name\":\"end\",\"kind\":\"pipeline\",\"steps\":["
    "{\"name\":\"s\",\"kind\":\"standardize\"},{\"name\":\"r\",\"kind\":\"linear_regression\"}]}]}";

static void test_pipeline__nested_is_flat(void **state)
{
    (void)state;
    mlsd_dataset *data = mixed_data();
    mlsd_model *flat = fit_json(NULL, FLAT, data, NULL, NULL);
    mlsd_model *nested = fit_json(NULL, NESTED, data, NULL, NULL);
    double a[2500], b[2500];
    assert_int_equal(mlsd_model_predict(NULL, flat, data, MLSD_OUTPUT_VALUE, a, 2500), MLSD_OK);
    assert_int_equal(mlsd_model_predict(NULL, nested, data, MLSD_OUTPUT_VALUE, b, 2500), MLSD_OK);
    assert_memory_equal(a, b, sizeof a);
    assert_true(number_of(flat, "rank") == number_of(nested, "end.r.rank"));
    array_of(nested, "prep.i.statistics", a, 2);
    mlsd_model_free(flat);
    mlsd_model_free(nested);
    mlsd_dataset_free(data);
}

static void test_pipeline__threads_change_no_bit(void **state)
{
    (void)state;
    mlsd_dataset *data = mixed_data();
    mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
    mlsd_model *a = fit_json(one, FLAT, data, NULL, NULL);
    mlsd_model *b = fit_json(seven, FLAT, data, NULL, NULL);
    assert_same_model(a, b);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_context_free(one);
    mlsd_context_free(seven);
    mlsd_dataset_free(data);
}

/* Rows that lie apart, some columns of a wider matrix, give what the same rows give packed: of one
 * row, of a block, of several. */
static void test_pipeline__rows_that_lie_apart(void **state)
{
    (void)state;
    enum { N = 2500, P = 3, WIDE = 5, MOST = 10 };
    static const char *const steps[] = {
        "{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}",
        "{\"kind\":\"impute\"},{\"kind\":\"polynomial_features\"},{\"kind\":\"ridge\"}",
        "{\"kind\":\"min_max_scale\"}",
        "{\"kind\":\"polynomial_features\"},{\"kind\":\"standardize\"}"};
    linear_data d = make_linear_data(N, P, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    double *wide = malloc(N * WIDE * sizeof *wide), *out = malloc(2 * N * MOST * sizeof *out);
    assert_true(wide != NULL && out != NULL);
    for (int i = 0; i < N * WIDE; i++) wide[i] = i % WIDE < P ? d.x[i / WIDE * P + i % WIDE] : -7;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
        char json[256];
        (void)snprintf(json, sizeof json, "{\"kind\":\"pipeline\",\"steps\":[%s]}", steps[s]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        const mlsd_output what = s < 2 ? MLSD_OUTPUT_VALUE : MLSD_OUTPUT_FEATURES;
        const int64_t width = mlsd_model_n_outputs(model, what);
        assert_true(width > 0 && width <= MOST);
        const int64_t sizes[] = {1, 100, N};
        for (int k = 0; k < 3; k++) {
            const int64_t n = sizes[k];
            const mlsd_matrix packed = {d.x, n, P, P, 1, MLSD_F64, 0};
            const mlsd_matrix apart = {wide, n, P, WIDE, 1, MLSD_F64, 0};
            assert_int_equal(mlsd_model_predict_matrix(NULL, model, &packed, what, out, n * width),
                             MLSD_OK);
            double *const other = out + N * MOST;
            assert_int_equal(mlsd_model_predict_matrix(NULL, model, &apart, what, other, n * width),
                             MLSD_OK);
            assert_memory_equal(out, other, (size_t)(n * width) * sizeof *out);
        }
        mlsd_model_free(model);
    }
    free(out);
    free(wide);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Transforms alone make a transform. */
static void test_pipeline__transforms_only(void **state)
{
    (void)state;
    mlsd_dataset *data = mixed_data();
    mlsd_model *model =
        fit_json(NULL,
                 "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"o\",\"kind\":\"one_hot\"},"
                 "{\"name\":\"i\",\"kind\":\"impute\"}]}",
                 data, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), 0);
    int64_t p;
    double *out = transformed(model, data, &p);
    assert_int_equal(p, 5);
    assert_string_equal(mlsd_model_output_name(model, 3), "g_nan");
    for (int64_t i = 0; i < 2500; i++) {
        const double *row = out + i * 5;
        assert_true(row[0] + row[1] + row[2] + row[3] == 1 && !isnan(row[4]));
    }
    double value;
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, &value, 1),
                     MLSD_E_UNSUPPORTED);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* NaN that no step fills is named by the row and column it is in, when fitting and when predicting.
 */
static void test_pipeline__nan_is_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, SCALED, data, NULL, NULL);
    mlsd_dataset_free(data);
    d.x[2 * 30 + 1] = NAN;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    double out[40];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, 40),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 30, column 'x1' is NaN"));
    expect_fit_failure(SCALED, data, MLSD_E_DATA, "row 30, column 'x1' is NaN; add an impute step");
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_pipeline__misplaced_steps(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    expect_fit_failure("{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"r\",\"kind\":\"ridge\"},"
                       "{\"name\":\"s\",\"kind\":\"standardize\"}]}",
                       data, MLSD_E_CHILD, "step 'r'");
    expect_fit_failure("{\"kind\":\"pipeline\"}", data, MLSD_E_CHILD, "no steps");
    expect_fit_failure("{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"p\",\"kind\":\"pipeline\"}]}",
                       data, MLSD_E_CHILD, "no steps");
    expect_fit_failure(
        "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"s\",\"kind\":\"standardize\"},"
        "{\"name\":\"c\",\"kind\":\"dummy_classifier\"}]}",
        data, MLSD_E_DATA, "tells classes");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Folds are row views: what is fitted on one knows nothing of the other rows. */
static void test_pipeline__fitted_on_its_rows_only(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0), *half = NULL;
    int64_t rows[20];
    for (int64_t i = 0; i < 20; i++) rows[i] = i;
    assert_int_equal(mlsd_dataset_rows(data, rows, 20, &half), MLSD_OK);
    linear_data first = d;
    first.n = 20;
    mlsd_dataset *alone = dataset_of(&first, MLSD_TASK_REGRESSION, 0);
    mlsd_model *a = fit_json(NULL, SCALED, half, NULL, NULL);
    mlsd_model *b = fit_json(NULL, SCALED, alone, NULL, NULL);
    assert_same_model(a, b);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(alone);
    mlsd_dataset_free(half);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipeline__steps_one_by_one),
        cmocka_unit_test(test_pipeline__nested_is_flat),
        cmocka_unit_test(test_pipeline__threads_change_no_bit),
        cmocka_unit_test(test_pipeline__rows_that_lie_apart),
        cmocka_unit_test(test_pipeline__transforms_only),
        cmocka_unit_test(test_pipeline__nan_is_named),
        cmocka_unit_test(test_pipeline__misplaced_steps),
        cmocka_unit_test(test_pipeline__fitted_on_its_rows_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
