/* test_ridge.c - ridge beside scikit-learn's, and the identities that weights, layouts and threads
 * keep. Witness: scikit-learn 1.2.1, Ridge, on the data of linear_data.h: 60 x 4 from seed 11 and 6
 * x 9 from seed 5, with their weights where it says so. */
#include "linear_data.h"

static mlsd_model *fit_ridge(const char *json, int64_t n, int64_t p, uint32_t seed, int weighted)
{
    linear_data d = make_linear_data(n, p, 0, seed);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    free_linear_data(&d);
    return model;
}

static void check(const char *json, int64_t n, int64_t p, uint32_t seed, int weighted,
                  const double *coef, double intercept, double tolerance)
{
    mlsd_model *model = fit_ridge(json, n, p, seed, weighted);
    double got[16];
    array_of(model, "coef", got, p);
    assert_close(got, coef, p, tolerance);
    const double b = number_of(model, "intercept");
    assert_close(&b, &intercept, 1, tolerance);
    mlsd_model_free(model);
}

static void test_ridge__as_scikit_learn(void **state)
{
    (void)state;
    const double weighted[] = {1.6613046846830646, -0.9890443070698743, -0.05557782924528329,
                               -0.10881610339318412};
    check("{\"kind\":\"ridge\",\"alpha\":2.5}", 60, 4, 11, 1, weighted, 0.01846516033388622, 1e-13);
    const double plain[] = {1.489801028228112, -0.9351428649694907, -0.05048379865521762,
                            -0.08844008302187296};
    check("{\"kind\":\"ridge\",\"alpha\":2.5}", 60, 4, 11, 0, plain, -0.005971854035824266, 1e-13);
    const double bare[] = {1.6701150966925746, -0.988916546485726, -0.056739757601905555,
                           -0.10977864507360291};
    check("{\"kind\":\"ridge\",\"alpha\":2.5,\"fit_intercept\":false}", 60, 4, 11, 1, bare, 0,
          1e-13);
    const double free_of_penalty[] = {2.141335663040074, -1.0646275937987908, -0.08281320144516975,
                                      -0.12369255195198287};
    check("{\"kind\":\"ridge\",\"alpha\":0}", 60, 4, 11, 1, free_of_penalty, -0.0035008606869393194,
          1e-12);
}

static void test_ridge__more_columns_than_rows_as_scikit_learn(void **state)
{
    (void)state;
    const double coef[] = {0.42725869807684114,   -0.11503443023193537, 0.4833623782939762,
                           -0.016069370689639595, -0.5524121630323011,  -0.3585112692466521,
                           0.10425428964441351,   0.20478948494220944,  -0.26675064118647057};
    check("{\"kind\":\"ridge\",\"alpha\":0.3}", 6, 9, 5, 1, coef, 0.011246311732525993, 1e-12);
    const double least[] = {0.45355727178486366,  -0.12154112001448664, 0.5102292173467138,
                            -0.02623357057079123, -0.5923072463304004,  -0.3784301764966527,
                            0.1112797860413178,   0.21995433988391572,  -0.28439585648337673};
    check("{\"kind\":\"ridge\",\"alpha\":0}", 6, 9, 5, 1, least, 0.02311502797936374, 1e-12);
}

static void test_ridge__huge_penalty_leaves_the_mean(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 4, 0, 11);
    double mean = 0;
    for (int64_t i = 0; i < 60; i++) mean += d.y[i] / 60;
    mlsd_model *model = fit_ridge("{\"kind\":\"ridge\",\"alpha\":1e300}", 60, 4, 11, 0);
    const double zeros[4] = {0}, b = number_of(model, "intercept");
    double got[4];
    array_of(model, "coef", got, 4);
    assert_close(got, zeros, 4, 1e-290);
    assert_close(&b, &mean, 1, 1e-15);
    mlsd_model_free(model);
    free_linear_data(&d);
}

/* Identity: a weight of 2 is a repeated row, a weight of 0 is no row. */
static void test_ridge__weights_are_repeats(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 3, 0, 3);
    for (int64_t i = 0; i < 40; i++) d.weight[i] = (double)(i % 3);
    mlsd_dataset *weighted = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_dataset *plain = dataset_of(&d, MLSD_TASK_REGRESSION, 0), *repeated = NULL;
    int64_t rows[80], n = 0;
    for (int64_t i = 0; i < 40; i++) {
        for (int64_t k = 0; k < i % 3; k++) rows[n++] = i;
    }
    assert_int_equal(mlsd_dataset_rows(plain, rows, n, &repeated), MLSD_OK);
    mlsd_model *a = fit_json(NULL, "{\"kind\":\"ridge\"}", weighted, NULL, NULL);
    mlsd_model *b = fit_json(NULL, "{\"kind\":\"ridge\"}", repeated, NULL, NULL);
    double coef_a[3], coef_b[3];
    array_of(a, "coef", coef_a, 3);
    array_of(b, "coef", coef_b, 3);
    assert_close(coef_a, coef_b, 3, 1e-14);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(repeated);
    mlsd_dataset_free(plain);
    mlsd_dataset_free(weighted);
    free_linear_data(&d);
}

static void test_ridge__threads_change_no_bit(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40000, 7, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    const int64_t counts[] = {1, 2, 7};
    mlsd_model *models[3];
    for (int i = 0; i < 3; i++) {
        mlsd_context *context = context_with_threads(counts[i]);
        models[i] = fit_json(context, "{\"kind\":\"ridge\"}", data, NULL, NULL);
        mlsd_context_free(context);
        assert_same_model(models[0], models[i]);
    }
    for (int i = 0; i < 3; i++) mlsd_model_free(models[i]);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* The same numbers as rows, as columns, reversed, with gaps and (where exact) as floats. */
static void test_ridge__layouts_change_no_bit(void **state)
{
    (void)state;
    enum { N = 3000, P = 3 };
    linear_data d = make_linear_data(N, P, 0, 9);
    double *by_column = malloc(N * P * sizeof *by_column);
    double *reversed = malloc(N * P * sizeof *reversed);
    double *gaps = malloc(N * P * 2 * sizeof *gaps);
    float *floats = malloc(N * P * sizeof *floats);
    assert_true(by_column != NULL && reversed != NULL && gaps != NULL && floats != NULL);
    for (int64_t i = 0; i < N; i++) {
        for (int64_t j = 0; j < P; j++) {
            const double value = (double)(float)d.x[i * P + j];
            d.x[i * P + j] = value;
            by_column[j * N + i] = value;
            reversed[(N - 1 - i) * P + (P - 1 - j)] = value;
            gaps[2 * (i * P + j)] = value;
            gaps[2 * (i * P + j) + 1] = NAN;
            floats[i * P + j] = (float)value;
        }
    }
    const mlsd_matrix y = {d.y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix views[] = {
        {d.x, N, P, P, 1, MLSD_F64, 0},
        {by_column, N, P, 1, N, MLSD_F64, 0},
        {reversed + N * P - 1, N, P, -P, -1, MLSD_F64, 0},
        {gaps, N, P, 2 * P, 2, MLSD_F64, 0},
        {floats, N, P, P, 1, MLSD_F32, 0},
    };
    mlsd_model *first = NULL;
    for (int v = 0; v < 5; v++) {
        mlsd_dataset *data = NULL;
        assert_int_equal(
            mlsd_dataset_adopt(NULL, &views[v], &y, NULL, MLSD_TASK_REGRESSION, NULL, NULL, &data),
            MLSD_OK);
        mlsd_model *model = fit_json(NULL, "{\"kind\":\"ridge\"}", data, NULL, NULL);
        if (first == NULL) first = model;
        assert_same_model(first, model);
        double one, other;
        mlsd_matrix row = views[v];
        row.rows = 1;
        assert_int_equal(
            mlsd_model_predict_matrix(NULL, first, &views[0], MLSD_OUTPUT_VALUE, &one, 0),
            MLSD_E_BUFFER);
        const mlsd_matrix row0 = {d.x, 1, P, P, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, first, &row0, MLSD_OUTPUT_VALUE, &one, 1),
                         MLSD_OK);
        assert_int_equal(mlsd_model_predict_matrix(NULL, first, &row, MLSD_OUTPUT_VALUE, &other, 1),
                         MLSD_OK);
        assert_true(one == other);
        if (model != first) mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
    mlsd_model_free(first);
    free(by_column);
    free(reversed);
    free(gaps);
    free(floats);
    free_linear_data(&d);
}

static void test_ridge__constant_and_repeated_columns(void **state)
{
    (void)state;
    linear_data d = make_linear_data(50, 3, 0, 2);
    for (int64_t i = 0; i < 50; i++) {
        d.x[i * 3 + 1] = 0.1;
        d.x[i * 3 + 2] = d.x[i * 3];
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"ridge\",\"alpha\":0}", data, NULL, NULL);
    double got[3];
    array_of(model, "coef", got, 3);
    assert_true(fabs(got[1]) < 1e-12 && fabs(got[0] - got[2]) < 1e-12 && fabs(got[0]) < 10);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void expect_failure(linear_data *d, mlsd_status want, const char *words)
{
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"ridge\"}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), want);
    assert_null(model);
    if (strstr(mlsd_last_error(), words) == NULL) fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

static void test_ridge__bad_numbers_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(3000, 3, 0, 2);
    d.x[1717 * 3 + 1] = NAN;
    expect_failure(&d, MLSD_E_DATA, "row 1717, column 'x1' is NaN; add an impute step");
    d.x[1717 * 3 + 1] = INFINITY;
    expect_failure(&d, MLSD_E_DATA, "row 1717, column 'x1' is infinite");
    d.x[1717 * 3 + 1] = 1e308;
    expect_failure(&d, MLSD_E_NUMERIC, "standardize");
    free_linear_data(&d);
}

static void test_ridge__no_features_is_the_mean(void **state)
{
    (void)state;
    const double y_values[] = {1, 2, 6};
    const mlsd_matrix x = {NULL, 3, 0, 0, 1, MLSD_F64, 0};
    const mlsd_matrix y = {y_values, 3, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &x, &y, NULL, MLSD_TASK_REGRESSION, &data) == MLSD_OK) {
        mlsd_model *model = fit_json(NULL, "{\"kind\":\"ridge\"}", data, NULL, NULL);
        assert_true(number_of(model, "intercept") == 3);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ridge__as_scikit_learn),
        cmocka_unit_test(test_ridge__more_columns_than_rows_as_scikit_learn),
        cmocka_unit_test(test_ridge__huge_penalty_leaves_the_mean),
        cmocka_unit_test(test_ridge__weights_are_repeats),
        cmocka_unit_test(test_ridge__threads_change_no_bit),
        cmocka_unit_test(test_ridge__layouts_change_no_bit),
        cmocka_unit_test(test_ridge__constant_and_repeated_columns),
        cmocka_unit_test(test_ridge__bad_numbers_are_named),
        cmocka_unit_test(test_ridge__no_features_is_the_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
