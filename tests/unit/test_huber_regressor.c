/* test_huber_regressor.c - Huber's regression. Witness: an exact plane under outliers, the
 * objective by its formula about the answer; scikit-learn is beside it in tests/reference. */
#include "linear_data.h"

static mlsd_model *fit_data(const mlsd_context *context, const char *json, const linear_data *d,
                            int weighted)
{
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(context, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

static double objective(const linear_data *d, const double *coef, double intercept, double scale,
                        double epsilon, double alpha)
{
    double sum = 0;
    for (int64_t j = 0; j < d->p; j++) sum += alpha * coef[j] * coef[j];
    for (int64_t i = 0; i < d->n; i++) {
        double r = d->y[i] - intercept;
        for (int64_t j = 0; j < d->p; j++) r -= d->x[i * d->p + j] * coef[j];
        r = fabs(r);
        sum += d->weight[i] * (r <= epsilon * scale
                                   ? scale + r * r / scale
                                   : 2 * epsilon * r + scale * (1 - epsilon * epsilon));
    }
    return sum;
}

/* No step in any direction goes down, and the formula gives the value that is told. */
static void test_huber__minimum(void **state)
{
    (void)state;
    enum { N = 200, P = 3 };
    linear_data d = make_linear_data(N, P, 0, 5);
    for (int i = 0; i < N; i += 11) d.y[i] += 30;
    mlsd_model *model =
        fit_data(NULL, "{\"kind\":\"huber_regressor\",\"alpha\":0.5,\"tol\":1e-9}", &d, 1);
    double at[P + 2];
    array_of(model, "coef", at, P);
    at[P] = number_of(model, "intercept");
    at[P + 1] = number_of(model, "scale");
    const double best = objective(&d, at, at[P], at[P + 1], 1.35, 0.5);
    assert_true(fabs(number_of(model, "objective") - best) < 1e-12 * best);
    assert_true(number_of(model, "converged") == 1 && number_of(model, "n_iter") < 15);
    for (int j = 0; j < P + 2; j++) {
        const double kept = at[j], step = 1e-4;
        at[j] = kept + step;
        const double above = objective(&d, at, at[P], at[P + 1], 1.35, 0.5);
        at[j] = kept - step;
        const double below = objective(&d, at, at[P], at[P + 1], 1.35, 0.5);
        at[j] = kept;
        assert_true(above > best && below > best);
        assert_true(fabs(above - below) / (2 * step) < 1e-6 * best);
    }
    mlsd_model_free(model);
    free_linear_data(&d);
}

/* Rows on a line but for three: the line, a scale of nothing, and the three. */
static void test_huber__exact_line(void **state)
{
    (void)state;
    double x[20], y[20], rows[3];
    for (int i = 0; i < 20; i++) {
        x[i] = i;
        y[i] = 1e6 + 3 * i + (i % 7 == 5 ? 1000.0 * (i - 9) : 0);
    }
    const linear_data d = {.n = 20, .p = 1, .x = x, .y = y};
    mlsd_model *model = fit_data(NULL, "{\"kind\":\"huber_regressor\",\"alpha\":0}", &d, 0);
    assert_true(fabs(number_of(model, "coef") - 3) < 1e-6);
    assert_true(fabs(number_of(model, "intercept") - 1e6) < 1e-5);
    assert_true(number_of(model, "scale") < 1e-6 && number_of(model, "converged") == 1);
    array_of(model, "outlier_rows", rows, 3);
    assert_true(rows[0] == 5 && rows[1] == 12 && rows[2] == 19);
    mlsd_model_free(model);
}

static void test_huber__weights(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 0, 6), repeated = {.p = 2};
    repeated.x = malloc(sizeof(double) * 40 * 3 * 2);
    repeated.y = malloc(sizeof(double) * 40 * 3);
    for (int64_t i = 0; i < d.n; i++) {
        if (i % 4 == 0) d.weight[i] = 0;
        if (i % 8 == 0) d.y[i] = 1e9;
        for (int k = 0; k < (int)d.weight[i]; k++, repeated.n++) {
            memcpy(repeated.x + repeated.n * 2, d.x + i * 2, 2 * sizeof(double));
            repeated.y[repeated.n] = d.y[i];
        }
    }
    static const char json[] = "{\"kind\":\"huber_regressor\",\"alpha\":1,\"tol\":1e-11}";
    mlsd_model *weighted = fit_data(NULL, json, &d, 1), *plain = fit_data(NULL, json, &repeated, 0);
    double a[2], b[2];
    array_of(weighted, "coef", a, 2);
    array_of(plain, "coef", b, 2);
    assert_close(a, b, 2, 1e-10);
    assert_true(fabs(number_of(weighted, "scale") - number_of(plain, "scale")) < 1e-10);
    mlsd_model_free(weighted);
    mlsd_model_free(plain);
    free(repeated.x);
    free(repeated.y);
    free_linear_data(&d);
}

static void test_huber__threads_and_files(void **state)
{
    (void)state;
    static const char json[] = "{\"kind\":\"huber_regressor\"}";
    linear_data d = make_linear_data(5000, 3, 0, 4);
    mlsd_model *first = fit_data(NULL, json, &d, 1), *again = NULL;
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

/* One row, equal targets, more columns than rows, a penalty beyond all bounds, NaN. */
static void test_huber__edges(void **state)
{
    (void)state;
    double x[] = {1, 2, 3, 4, 5, 6}, y[] = {7, 7, 7}, coef[3];
    linear_data d = {.n = 1, .p = 2, .x = x, .y = y};
    mlsd_model *model = fit_data(NULL, "{\"kind\":\"huber_regressor\"}", &d, 0);
    assert_true(number_of(model, "intercept") == 7);
    mlsd_model_free(model);
    d = (linear_data){.n = 3, .p = 2, .x = x, .y = y};
    model = fit_data(NULL, "{\"kind\":\"huber_regressor\"}", &d, 0);
    array_of(model, "coef", coef, 2);
    assert_true(coef[0] == 0 && coef[1] == 0 && number_of(model, "intercept") == 7);
    mlsd_model_free(model);
    y[1] = 9;
    d = (linear_data){.n = 2, .p = 3, .x = x, .y = y};
    model = fit_data(NULL, "{\"kind\":\"huber_regressor\",\"max_iter\":1000}", &d, 0);
    array_of(model, "coef", coef, 3);
    const double second = number_of(model, "intercept") + 4 * coef[0] + 5 * coef[1] + 6 * coef[2];
    assert_true(fabs(second - 9) < 1e-3);
    mlsd_model_free(model);
    model = fit_data(NULL, "{\"kind\":\"huber_regressor\",\"alpha\":1e300}", &d, 0);
    array_of(model, "coef", coef, 3);
    assert_true(fabs(coef[0]) < 1e-250);
    mlsd_model_free(model);
    x[4] = NAN;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"huber_regressor\"}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 1"));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

/* Rows of weight 0 are none, also where there are more of them and their targets are far away. */
static void test_huber__ignored_targets(void **state)
{
    (void)state;
    enum { USED = 30 };
    linear_data d = make_linear_data(3 * USED, 2, 0, 6);
    for (int64_t i = 0; i < d.n; i++) {
        d.weight[i] = i < USED;
        if (i >= USED) d.y[i] = 1e15 + 1e14 * (double)(i % 3);
    }
    static const char json[] = "{\"kind\":\"huber_regressor\",\"tol\":1e-11}";
    linear_data used = d;
    used.n = USED;
    mlsd_model *weighted = fit_data(NULL, json, &d, 1), *plain = fit_data(NULL, json, &used, 0);
    double a[2], b[2];
    array_of(weighted, "coef", a, 2);
    array_of(plain, "coef", b, 2);
    assert_close(a, b, 2, 1e-9);
    assert_true(fabs(number_of(weighted, "scale") - number_of(plain, "scale")) < 1e-9);
    mlsd_model_free(weighted);
    mlsd_model_free(plain);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_huber__minimum), cmocka_unit_test(test_huber__exact_line),
        cmocka_unit_test(test_huber__weights), cmocka_unit_test(test_huber__threads_and_files),
        cmocka_unit_test(test_huber__edges),   cmocka_unit_test(test_huber__ignored_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
