/* test_kernel_ridge.c - ridge in the space of a kernel. Witness: its own equations by plain loops;
 * scikit-learn is beside it in tests/reference. */
#include "linear_data.h"

enum { ROWS = 230, COLS = 3 };

static double plain_kernel(int kind, const double *a, const double *b)
{
    double product = 0, square = 0, distance = 0, aa = 0, bb = 0;
    for (int j = 0; j < COLS; j++) {
        product += a[j] * b[j];
        square += (a[j] - b[j]) * (a[j] - b[j]);
        distance += fabs(a[j] - b[j]);
        aa += a[j] * a[j];
        bb += b[j] * b[j];
    }
    switch (kind) {
    case 0:
        return product;
    case 1:
        return exp(-0.2 * square);
    case 2:
        return pow(0.2 * product + 1, 2);
    case 3:
        return exp(-0.2 * distance);
    case 4:
        return tanh(0.2 * product + 1);
    default:
        return product / sqrt(aa * bb);
    }
}

static const char *const kernels[] = {"linear",    "rbf",     "polynomial",
                                      "laplacian", "sigmoid", "cosine"};

/* (K + alpha / w) c = y, for every kernel with every number of threads; predictions are K c. */
static void test_kernel_ridge__equations(void **state)
{
    (void)state;
    linear_data d = make_linear_data(ROWS, COLS, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    const mlsd_matrix x = {d.x, ROWS, COLS, COLS, 1, MLSD_F64, 0};
    double dual[ROWS], out[ROWS], one;
    for (int k = 0; k < 6; k++) {
        char json[160];
        snprintf(json, sizeof json,
                 "{\"kind\":\"kernel_ridge\",\"kernel\":\"%s\",\"gamma\":0.2,\"degree\":2,"
                 "\"alpha\":0.5}",
                 kernels[k]);
        mlsd_model *first = NULL;
        for (int64_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
            mlsd_context *context = context_with_threads(n_threads);
            mlsd_model *model = fit_json(context, json, data, NULL, NULL);
            if (first != NULL) assert_same_model(first, model);
            if (first == NULL)
                first = model;
            else
                mlsd_model_free(model);
            mlsd_context_free(context);
        }
        array_of(first, "dual_coef", dual, ROWS);
        assert_int_equal(mlsd_model_predict_matrix(NULL, first, &x, MLSD_OUTPUT_VALUE, out, ROWS),
                         MLSD_OK);
        for (int i = 0; i < ROWS; i++) {
            double sum = 0, size = fabs(d.y[i]);
            for (int j = 0; j < ROWS; j++) {
                const double part = plain_kernel(k, d.x + i * COLS, d.x + j * COLS) * dual[j];
                sum += part;
                size += fabs(part);
            }
            assert_true(fabs(sum - out[i]) < 1e-13 * size);
            assert_true(fabs(sum + 0.5 / d.weight[i] * dual[i] - d.y[i]) < 1e-11 * size);
        }
        size_t size = 0;
        unsigned char *const bytes = bytes_of(first, &size);
        mlsd_model *loaded = NULL;
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &loaded), MLSD_OK);
        assert_same_model(first, loaded);
        const mlsd_matrix row = {d.x, 1, COLS, COLS, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, loaded, &row, MLSD_OUTPUT_VALUE, &one, 1),
                         MLSD_OK);
        assert_true(fabs(one - out[0]) < 1e-12);
        free(bytes);
        mlsd_model_free(loaded);
        mlsd_model_free(first);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void fit_and_predict(const char *json, const double *x, const double *y, const double *w,
                            int64_t n, const double *at, int64_t n_at, double *out)
{
    linear_data d = {.n = n, .p = COLS, .x = (double *)(uintptr_t)x, .y = (double *)(uintptr_t)y};
    d.weight = (double *)(uintptr_t)w;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, w != NULL);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    const mlsd_matrix rows = {at, n_at, COLS, COLS, 1, MLSD_F64, 0};
    if (mlsd_model_predict_matrix(NULL, model, &rows, MLSD_OUTPUT_VALUE, out, n_at) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static const char rbf[] = "{\"kind\":\"kernel_ridge\",\"kernel\":\"rbf\",\"alpha\":0.1}";

/* Whole weights are repetition, 0 is removal. */
static void test_kernel_ridge__weights(void **state)
{
    (void)state;
    enum { SEEN = 40 };
    linear_data d = make_linear_data(SEEN, COLS, 0, 5);
    double weight[SEEN], x[3 * SEEN * COLS], y[3 * SEEN], a[SEEN], b[SEEN];
    int64_t n = 0;
    for (int i = 0; i < SEEN; i++) {
        weight[i] = i % 3;
        for (int r = 0; r < i % 3; r++, n++) {
            memcpy(x + n * COLS, d.x + i * COLS, COLS * sizeof *x);
            y[n] = d.y[i];
        }
    }
    fit_and_predict(rbf, d.x, d.y, weight, SEEN, d.x, SEEN, a);
    fit_and_predict(rbf, x, y, NULL, n, d.x, SEEN, b);
    assert_close(a, b, SEEN, 1e-12);
    free_linear_data(&d);
}

/* Without penalty: through every point; rows that stand twice with different targets get their
 * mean; and of a linear kernel, whose matrix is singular, least squares. */
static void test_kernel_ridge__no_penalty(void **state)
{
    (void)state;
    linear_data d = make_linear_data(30, COLS, 0, 7);
    double out[30];
    fit_and_predict("{\"kind\":\"kernel_ridge\",\"kernel\":\"laplacian\",\"alpha\":0}", d.x, d.y,
                    NULL, 30, d.x, 30, out);
    assert_close(out, d.y, 30, 1e-12);
    memcpy(d.x + COLS, d.x, COLS * sizeof *d.x);
    fit_and_predict("{\"kind\":\"kernel_ridge\",\"kernel\":\"laplacian\",\"alpha\":0}", d.x, d.y,
                    NULL, 30, d.x, 30, out);
    assert_true(fabs(out[0] - (d.y[0] + d.y[1]) / 2) < 1e-12 && fabs(out[1] - out[0]) < 1e-13);
    for (int i = 0; i < 30; i++) d.y[i] = 3 * d.x[i * COLS] - d.x[i * COLS + 2];
    fit_and_predict("{\"kind\":\"kernel_ridge\",\"alpha\":0}", d.x, d.y, NULL, 30, d.x, 30, out);
    assert_close(out, d.y, 30, 1e-12);
    fit_and_predict("{\"kind\":\"kernel_ridge\",\"alpha\":1e300}", d.x, d.y, NULL, 30, d.x, 30,
                    out);
    for (int i = 0; i < 30; i++) assert_true(fabs(out[i]) < 1e-290);
    fit_and_predict(rbf, d.x, d.y, NULL, 1, d.x, 1, out);
    assert_true(fabs(out[0] - d.y[0] / 1.1) < 1e-15);
    free_linear_data(&d);
}

static void test_kernel_ridge__bad_input(void **state)
{
    (void)state;
    linear_data d = make_linear_data(20, COLS, 0, 9);
    d.x[3 * COLS] = 1e120, d.x[3 * COLS + 1] = 1e200;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{\"kind\":\"kernel_ridge\",\"kernel\":\"polynomial\"}",
         "the kernel of rows 0 and 3 overflows; scale the columns"},
        {"{\"kind\":\"kernel_ridge\",\"kernel\":\"polynomial\",\"degree\":1.5,\"coef0\":0}",
         "a broken power of a negative number"},
        {"{\"kind\":\"kernel_ridge\",\"kernel\":\"rbf\"}",
         "the kernel of rows 0 and 0 overflows; scale the columns"},
    };
    for (int i = 0; i < 3; i++) {
        mlsd_spec *spec = spec_from(cases[i].json);
        mlsd_model *model = NULL;
        assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_NUMERIC);
        if (strstr(mlsd_last_error(), cases[i].text) == NULL) fail_msg("%s", mlsd_last_error());
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(data);
    d.x[3 * COLS] = d.x[3 * COLS + 1] = 1;
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"kernel_ridge\",\"kernel\":\"polynomial\"}", data, NULL, NULL);
    const double far[COLS] = {1e150, 0, 0};
    const mlsd_matrix row = {far, 1, COLS, COLS, 1, MLSD_F64, 0};
    double out;
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, &out, 1),
                     MLSD_E_NUMERIC);
    assert_non_null(strstr(mlsd_last_error(), "overflows; scale the columns"));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Only the direction of a row counts, also where its square over- or underflows. */
static void test_kernel_ridge__cosine_of_any_length(void **state)
{
    (void)state;
    static const char json[] = "{\"kind\":\"kernel_ridge\",\"kernel\":\"cosine\"}";
    linear_data d = make_linear_data(20, COLS, 0, 11);
    double want[20], out[20];
    fit_and_predict(json, d.x, d.y, NULL, 20, d.x, 20, want);
    for (int i = 0; i < 20; i++)
        for (int j = 0; j < COLS; j++) d.x[i * COLS + j] = ldexp(d.x[i * COLS + j], 50 * i - 500);
    d.x[0] = ldexp(d.x[0], -400), d.x[1] = ldexp(d.x[1], -400), d.x[2] = ldexp(d.x[2], -400);
    for (int j = 0; j < COLS; j++) d.x[19 * COLS + j] = ldexp(d.x[19 * COLS + j], 500);
    fit_and_predict(json, d.x, d.y, NULL, 20, d.x, 20, out);
    assert_close(out, want, 20, 1e-13);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_ridge__equations),
        cmocka_unit_test(test_kernel_ridge__weights),
        cmocka_unit_test(test_kernel_ridge__no_penalty),
        cmocka_unit_test(test_kernel_ridge__bad_input),
        cmocka_unit_test(test_kernel_ridge__cosine_of_any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
