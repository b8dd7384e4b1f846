/* test_many_targets.c - several numbers predicted at once. Witness: the same model fitted to each
 * target alone. */
#include "linear_data.h"

enum { N = 90, P = 4, T = 3 };

static const char RIDGE[] = "{\"kind\":\"ridge\"}", OLS[] = "{\"kind\":\"linear_regression\"}";

/* y n x T: the score, its square, and a column of x. */
static double *targets_of(const linear_data *d)
{
    double *const y = malloc((size_t)(d->n * T) * sizeof *y);
    for (int64_t i = 0; i < d->n; i++) {
        y[i * T] = d->y[i];
        y[i * T + 1] = d->y[i] * d->y[i] + 100;
        y[i * T + 2] = d->x[i * d->p] - 3;
    }
    return y;
}

/* Target k alone, or all of them for k < 0. */
static mlsd_dataset *data_of(const linear_data *d, const double *y, int k, int weighted)
{
    const mlsd_matrix x = {d->x, d->n, d->p, d->p, 1, MLSD_F64, 0};
    const mlsd_matrix w = {d->weight, d->n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix my = {k < 0 ? y : y + k, d->n, k < 0 ? T : 1, T, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &x, &my, weighted ? &w : NULL, MLSD_TASK_REGRESSION,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

static void check_each(const char *json, const linear_data *d, int weighted, double tolerance)
{
    double *const y = targets_of(d), *const found = malloc((size_t)(d->n * T) * sizeof *found);
    double *const alone = malloc((size_t)d->n * sizeof *alone);
    mlsd_dataset *all = data_of(d, y, -1, weighted);
    mlsd_model *model = fit_json(NULL, json, all, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), T);
    assert_int_equal(mlsd_model_predict(NULL, model, all, MLSD_OUTPUT_VALUE, found, d->n * T), 0);
    assert_int_equal(mlsd_model_predict(NULL, model, all, MLSD_OUTPUT_VALUE, found, d->n * T - 1),
                     MLSD_E_BUFFER);
    int64_t rows, cols;
    double coef[T * P], intercept[T];
    assert_int_equal(mlsd_model_get_array(model, "coef", coef, T * P, &rows, &cols), 0);
    assert_true(rows == T && cols == d->p);
    assert_int_equal(mlsd_model_get_array(model, "intercept", intercept, T, &rows, &cols), 0);
    assert_true(rows == 1 && cols == T);
    for (int k = 0; k < T; k++) {
        double coef_alone[P];
        mlsd_dataset *one = data_of(d, y, k, weighted);
        mlsd_model *single = fit_json(NULL, json, one, NULL, NULL);
        array_of(single, "coef", coef_alone, d->p);
        assert_close(coef + k * d->p, coef_alone, d->p, tolerance);
        assert_true(fabs(intercept[k] - number_of(single, "intercept")) <= 100 * tolerance);
        assert_int_equal(mlsd_model_predict(NULL, single, one, MLSD_OUTPUT_VALUE, alone, d->n), 0);
        for (int64_t i = 0; i < d->n; i++)
            assert_true(fabs(found[i * T + k] - alone[i]) <= 100 * tolerance);
        /* One row alone has the bits that it has among many. */
        const mlsd_matrix row = {d->x + d->p, 1, d->p, d->p, 1, MLSD_F64, 0};
        double of_row[T];
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, of_row, T),
                         0);
        assert_memory_equal(of_row, found + T, sizeof of_row);
        mlsd_model_free(single);
        mlsd_dataset_free(one);
    }
    size_t size;
    unsigned char *const bytes = bytes_of(model, &size);
    mlsd_model *again = NULL;
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), 0);
    double *const loaded = malloc((size_t)(d->n * T) * sizeof *loaded);
    assert_int_equal(mlsd_model_predict(NULL, again, all, MLSD_OUTPUT_VALUE, loaded, d->n * T), 0);
    assert_memory_equal(loaded, found, (size_t)(d->n * T) * sizeof *loaded);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_dataset_free(all);
    free(loaded);
    free(bytes);
    free(alone);
    free(found);
    free(y);
}

static void test_many_targets__each_is_fitted_as_if_alone(void **state)
{
    (void)state;
    static const char *const json[] = {
        RIDGE,
        OLS,
        "{\"kind\":\"ridge\",\"fit_intercept\":false,\"alpha\":0}",
        "{\"kind\":\"linear_regression\",\"fit_intercept\":false}",
        "{\"kind\":\"linear_regression\",\"accuracy\":\"fast\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]}"};
    linear_data d = make_linear_data(N, P, 0, 21);
    for (size_t i = 0; i < sizeof json / sizeof *json; i++)
        for (int weighted = 0; weighted < 2; weighted++) check_each(json[i], &d, weighted, 1e-12);
    /* Dependent columns: each of least norm. */
    for (int64_t i = 0; i < N; i++) d.x[i * P + 3] = d.x[i * P + 1] - d.x[i * P];
    check_each(RIDGE, &d, 1, 1e-12);
    check_each(OLS, &d, 1, 1e-11);
    free_linear_data(&d);
    /* More columns than rows: the dual. */
    d = make_linear_data(3, P, 0, 22);
    check_each(RIDGE, &d, 1, 1e-11);
    free_linear_data(&d);
}

/* Large enough for X'X: the triangle of the first target serves all. */
static void test_many_targets__large_tables_and_threads(void **state)
{
    (void)state;
    linear_data d = make_linear_data(130000, P, 0, 23);
    check_each(OLS, &d, 0, 1e-12);
    double *const y = targets_of(&d);
    mlsd_dataset *data = data_of(&d, y, -1, 1);
    static const char *const json[] = {RIDGE, OLS};
    for (int k = 0; k < 2; k++) {
        mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
        mlsd_model *a = fit_json(one, json[k], data, NULL, NULL);
        mlsd_model *b = fit_json(seven, json[k], data, NULL, NULL);
        assert_same_model(a, b);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_context_free(one);
        mlsd_context_free(seven);
    }
    mlsd_dataset_free(data);
    free(y);
    free_linear_data(&d);
}

static void test_many_targets__inference_of_each(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 24);
    double *const y = targets_of(&d);
    mlsd_dataset *all = data_of(&d, y, -1, 0);
    mlsd_model *model = fit_json(NULL, OLS, all, NULL, NULL);
    double error[T * P], r2[T];
    array_of(model, "std_error", error, T * P);
    array_of(model, "r2", r2, T);
    assert_true(number_of(model, "rank") == P);
    for (int k = 0; k < T; k++) {
        double alone[P];
        mlsd_dataset *one = data_of(&d, y, k, 0);
        mlsd_model *single = fit_json(NULL, OLS, one, NULL, NULL);
        array_of(single, "std_error", alone, P);
        assert_close(error + k * P, alone, P, 1e-13);
        assert_true(fabs(r2[k] - number_of(single, "r2")) < 1e-13);
        mlsd_model_free(single);
        mlsd_dataset_free(one);
    }
    mlsd_model_free(model);
    mlsd_dataset_free(all);
    free(y);
    free_linear_data(&d);
}

static void assert_fails(const char *json, const mlsd_dataset *data, const char *words)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    assert_int_not_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_OK);
    if (strstr(mlsd_last_error(), words) == NULL) fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
}

static void test_many_targets__what_does_not_go_is_said(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 25);
    double *const y = targets_of(&d);
    mlsd_dataset *data = data_of(&d, y, -1, 0);
    assert_fails("{\"kind\":\"lasso\"}", data,
                 "lasso predicts one number, but there are 3 targets");
    assert_fails(
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"lasso\"}]}", data,
        "there are 3 targets");
    double out[N * T];
    assert_int_equal(mlsd_dataset_target(data, out, N), MLSD_E_BUFFER);
    assert_int_equal(mlsd_dataset_target(data, out, N * T), MLSD_OK);
    assert_memory_equal(out, y, sizeof out);
    const int64_t some[] = {5, 2, 5};
    mlsd_dataset *view = NULL;
    assert_int_equal(mlsd_dataset_rows(data, some, 3, &view), MLSD_OK);
    assert_int_equal(mlsd_dataset_target(view, out, 3 * T), MLSD_OK);
    assert_memory_equal(out, y + 5 * T, T * sizeof *out);
    mlsd_dataset_free(view);

    mlsd_spec *spec = spec_from(RIDGE), *kfold = spec_from("{\"kind\":\"kfold\",\"n_splits\":3}");
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    assert_int_equal(mlsd_folds_split_dataset(NULL, kfold, data, &folds), MLSD_OK);
    const char *const metric = "rmse";
    assert_int_not_equal(mlsd_cross_validate(NULL, spec, data, folds, &metric, 1, &result),
                         MLSD_OK);
    if (strstr(mlsd_last_error(), "the data set has 3 targets") == NULL)
        fail_msg("%s", mlsd_last_error());
    mlsd_folds_free(folds);
    mlsd_spec_free(kfold);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);

    const mlsd_matrix x = {d.x, N, P, P, 1, MLSD_F64, 0}, my = {y, N, T, T, 1, MLSD_F64, 0};
    data = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &x, &my, NULL, MLSD_TASK_BINARY, &data),
                     MLSD_E_SHAPE);
    assert_string_equal(mlsd_last_error(), "y has 3 columns; task 'binary' takes one target");
    y[4 * T + 1] = NAN;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &x, &my, NULL, MLSD_TASK_AUTO, &data),
                     MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(),
                        "column 1 of y is missing (NaN) in row 4; drop this row");
    free(y);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_targets__each_is_fitted_as_if_alone),
        cmocka_unit_test(test_many_targets__large_tables_and_threads),
        cmocka_unit_test(test_many_targets__inference_of_each),
        cmocka_unit_test(test_many_targets__what_does_not_go_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
