/* test_quantile_regressor.c - quantile regression, and the simplex method behind it. Witness: the
 * best of all vertices of small problems, quantiles by hand; linear programs of scikit-learn and
 * published values are beside it in tests/reference. */
#include "linear_data.h"

static mlsd_model *fit_data(const mlsd_context *context, const char *json, const linear_data *d,
                            int weighted)
{
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(context, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

/* Sum of the weighted pinball losses, of two columns and an intercept. */
static double pinball(const linear_data *d, const double theta[3], double quantile)
{
    double sum = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const double r = d->y[i] - theta[0] * d->x[2 * i] - theta[1] * d->x[2 * i + 1] - theta[2];
        sum += d->weight[i] * r * (quantile - (r < 0));
    }
    return sum;
}

/* The plane through three rows; false where they lie on a line. */
static int plane(const linear_data *d, const int rows[3], double theta[3])
{
    const double *a = d->x + 2 * rows[0], *b = d->x + 2 * rows[1], *c = d->x + 2 * rows[2];
    const double det = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    const double u = d->y[rows[1]] - d->y[rows[0]], v = d->y[rows[2]] - d->y[rows[0]];
    if (fabs(det) < 1e-9) return 0;
    theta[0] = (u * (c[1] - a[1]) - v * (b[1] - a[1])) / det;
    theta[1] = (v * (b[0] - a[0]) - u * (c[0] - a[0])) / det;
    theta[2] = d->y[rows[0]] - theta[0] * a[0] - theta[1] * a[1];
    return 1;
}

/* A minimum of a linear program is at a vertex: none of them is below the answer. Every second
 * problem has whole numbers, and so ties. */
static void test_quantile__best_of_all_vertices(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        linear_data d = make_linear_data(12, 2, 0, seed);
        for (int i = 0; seed % 2 == 0 && i < 12; i++) {
            d.y[i] = floor(3 * d.y[i]);
            d.x[2 * i] = floor(4 * d.x[2 * i]);
            d.x[2 * i + 1] = floor(4 * d.x[2 * i + 1]);
        }
        const double quantile = 0.1 + 0.2 * (seed % 5);
        double best = INFINITY, theta[3];
        int r[3];
        for (r[0] = 0; r[0] < 12; r[0]++)
            for (r[1] = 0; r[1] < r[0]; r[1]++)
                for (r[2] = 0; r[2] < r[1]; r[2]++)
                    if (plane(&d, r, theta)) best = fmin(best, pinball(&d, theta, quantile));
        char json[128];
        snprintf(json, sizeof json,
                 "{\"kind\":\"quantile_regressor\",\"alpha\":0,\"quantile\":%.17g}", quantile);
        mlsd_model *model = fit_data(NULL, json, &d, 1);
        array_of(model, "coef", theta, 2);
        theta[2] = number_of(model, "intercept");
        const double weight = 24; /* 1 + 2 + 3 four times */
        assert_true(fabs(pinball(&d, theta, quantile) - best) < 1e-12 * (1 + best));
        assert_true(fabs(number_of(model, "objective") - best / weight) < 1e-12);
        assert_true(number_of(model, "converged") == 1);
        assert_true(fabs(number_of(model, "dual_gap")) < 1e-12);
        mlsd_model_free(model);
        free_linear_data(&d);
    }
}

/* A penalty beyond all bounds leaves the weighted quantile, and coefficients of exactly 0. */
static void test_quantile__penalty(void **state)
{
    (void)state;
    double x[] = {5, 3, 1, 4, 2}, y[] = {10, 20, 30, 40, 1e9}, w[] = {1, 1, 4, 1, 2};
    const linear_data d = {.n = 5, .p = 1, .x = x, .y = y, .weight = w};
    mlsd_model *model = fit_data(NULL, "{\"kind\":\"quantile_regressor\",\"alpha\":1e300}", &d, 1);
    assert_true(number_of(model, "coef") == 0 && number_of(model, "intercept") == 30);
    mlsd_model_free(model);
    model = fit_data(NULL, "{\"kind\":\"quantile_regressor\",\"alpha\":1e300,\"quantile\":0.75}",
                     &d, 1);
    assert_true(fabs(number_of(model, "intercept") - 40) < 1e-12);
    mlsd_model_free(model);
}

/* Weights are repetitions: the minimum is the same, and a row of weight 0 is none. */
static void test_quantile__weights(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 0, 7), repeated = {.p = 2};
    repeated.x = malloc(sizeof(double) * 40 * 3 * 2);
    repeated.y = malloc(sizeof(double) * 40 * 3);
    for (int64_t i = 0; i < d.n; i++) {
        if (i % 4 == 0) d.weight[i] = 0;
        for (int k = 0; k < (int)d.weight[i]; k++, repeated.n++) {
            memcpy(repeated.x + repeated.n * 2, d.x + i * 2, 2 * sizeof(double));
            repeated.y[repeated.n] = d.y[i];
        }
    }
    static const char json[] = "{\"kind\":\"quantile_regressor\",\"alpha\":0.01,\"quantile\":0.37}";
    mlsd_model *weighted = fit_data(NULL, json, &d, 1), *plain = fit_data(NULL, json, &repeated, 0);
    double a[2], b[2];
    array_of(weighted, "coef", a, 2);
    array_of(plain, "coef", b, 2);
    assert_close(a, b, 2, 1e-12);
    assert_true(fabs(number_of(weighted, "objective") - number_of(plain, "objective")) < 1e-14);
    mlsd_model_free(weighted);
    mlsd_model_free(plain);
    free(repeated.x);
    free(repeated.y);
    free_linear_data(&d);
}

/* 20,000 rows are solved on a part of them first. */
static void test_quantile__threads_and_files(void **state)
{
    (void)state;
    static const char json[] = "{\"kind\":\"quantile_regressor\",\"alpha\":0.001,\"quantile\":0.7}";
    linear_data d = make_linear_data(20000, 3, 0, 4);
    mlsd_model *first = fit_data(NULL, json, &d, 1), *again = NULL;
    assert_true(number_of(first, "converged") == 1 && fabs(number_of(first, "dual_gap")) < 1e-12);
    for (int64_t n_threads = 1; n_threads <= 7; n_threads = n_threads * 3 + 1) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_data(context, json, &d, 1);
        assert_same_model(first, model);
        mlsd_model_free(model);
        mlsd_context_free(context);
    }
    size_t size = 0;
    unsigned char *bytes = bytes_of(first, &size);
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
    assert_same_model(first, again);
    free(bytes);
    mlsd_model_free(again);
    mlsd_model_free(first);
    free_linear_data(&d);
}

/* More columns than rows, a constant column and two that depend on each other: rows are met
 * exactly, nothing is NaN. One row; NaN in a column. */
static void test_quantile__edges(void **state)
{
    (void)state;
    double x[] = {1, 2, 7, 2, 4, 7, 3, 6, 7, 5, 10, 7}, y[] = {3, 5, 7, 11}, coef[3], out[4];
    linear_data d = {.n = 4, .p = 3, .x = x, .y = y};
    const mlsd_matrix at = {x, 4, 3, 3, 1, MLSD_F64, 0};
    mlsd_model *model = fit_data(NULL, "{\"kind\":\"quantile_regressor\",\"alpha\":0}", &d, 0);
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &at, MLSD_OUTPUT_VALUE, out, 4),
                     MLSD_OK);
    assert_close(out, y, 4, 1e-12);
    assert_true(number_of(model, "converged") == 1);
    mlsd_model_free(model);
    d.n = 1;
    model = fit_data(NULL, "{\"kind\":\"quantile_regressor\"}", &d, 0);
    array_of(model, "coef", coef, 3);
    assert_true(coef[0] == 0 && coef[1] == 0 && number_of(model, "intercept") == 3);
    mlsd_model_free(model);
    d.n = 4;
    x[7] = NAN;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"quantile_regressor\"}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 2"));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

/* Coefficients that no number holds are refused, not infinite. */
static void test_quantile__overflow(void **state)
{
    (void)state;
    double x[] = {1e-100, 3e-100, 4e-100, 7e-100}, y[] = {1e250, 3e250, 4e250, 7e250};
    linear_data d = {.n = 4, .p = 1, .x = x, .y = y};
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"quantile_regressor\",\"alpha\":0}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_NUMERIC);
    assert_non_null(strstr(mlsd_last_error(), "the coefficients overflow; scale"));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantile__best_of_all_vertices),
        cmocka_unit_test(test_quantile__penalty),
        cmocka_unit_test(test_quantile__weights),
        cmocka_unit_test(test_quantile__threads_and_files),
        cmocka_unit_test(test_quantile__edges),
        cmocka_unit_test(test_quantile__overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
