/* test_auto_reg.c - autoregressions. Witness: series made by known recursions, normal equations by
 * hand; statsmodels, and R's published values, are in tests/reference. */
#include "linear_data.h"
#include "model/model_impl.h"
#include "numeric/blas.h"

static mlsd_model *fit_series(const mlsd_context *context, const char *json, const double *y,
                              int64_t n)
{
    const linear_data d = {
        .n = n, .p = 1, .x = (double *)(uintptr_t)y, .y = (double *)(uintptr_t)y};
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(context, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

static void next_of(const mlsd_model *model, double *out, int64_t n)
{
    double zero = 0;
    const mlsd_matrix x = {&zero, n, 1, 0, 1, MLSD_F64, 0};
    if (mlsd_model_predict_matrix(NULL, model, &x, MLSD_OUTPUT_VALUE, out, n) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
}

/* A recursion without noise, with a constant and a line, is found and goes on. */
static void test_auto_reg__exact(void **state)
{
    (void)state;
    double y[60], coef[2], next[20];
    y[0] = 3, y[1] = -2;
    for (int t = 2; t < 60; t++) y[t] = 5 + 0.1 * (t + 1) + 0.6 * y[t - 1] - 0.5 * y[t - 2];
    mlsd_model *model =
        fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":2,\"trend\":\"ct\"}", y, 40);
    array_of(model, "coef", coef, 2);
    assert_close(coef, (double[]){0.6, -0.5}, 2, 1e-11);
    assert_true(fabs(number_of(model, "intercept") - 5) < 1e-9);
    assert_true(fabs(number_of(model, "trend") - 0.1) < 1e-11);
    next_of(model, next, 20);
    assert_close(next, y + 40, 20, 1e-9);
    mlsd_model_free(model);
}

/* One lag without a constant: sum y[t] y[t-1] / sum y[t-1]^2; by Yule and Walker over all squares.
 */
static void test_auto_reg__by_hand(void **state)
{
    (void)state;
    const double y[] = {1, 2, -1, 3, 2, -2, 1};
    double top = 0, bottom = 0, all = 0, coef = 0;
    for (int t = 0; t < 7; t++) {
        all += y[t] * y[t];
        if (t == 0) continue;
        top += y[t] * y[t - 1];
        bottom += y[t - 1] * y[t - 1];
    }
    mlsd_model *model =
        fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":1,\"trend\":\"n\"}", y, 7);
    array_of(model, "coef", &coef, 1);
    assert_true(fabs(coef - top / bottom) < 1e-15);
    mlsd_model_free(model);
    model = fit_series(NULL,
                       "{\"kind\":\"auto_reg\",\"lags\":1,\"trend\":\"n\","
                       "\"method\":\"yule_walker\"}",
                       y, 7);
    array_of(model, "coef", &coef, 1);
    assert_true(fabs(coef - top / all) < 1e-15);
    assert_true(fabs(number_of(model, "sse") - all * (1 - coef * coef)) < 1e-13);
    mlsd_model_free(model);
}

/* A constant series is forecast by itself, an explosive one stays finite, no lags give the mean. */
static void test_auto_reg__edges(void **state)
{
    (void)state;
    double y[30], out[3000];
    for (int i = 0; i < 30; i++) y[i] = 1e9;
    mlsd_model *model = fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":3}", y, 30);
    next_of(model, out, 3);
    assert_true(fabs(out[2] - 1e9) < 1e-3);
    mlsd_model_free(model);
    for (int i = 0; i < 30; i++) y[i] = pow(-2, i);
    model = fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":1,\"trend\":\"n\"}", y, 30);
    next_of(model, out, 3000);
    assert_true(fabs(out[0] - pow(2, 30)) < 1 && isfinite(out[2999]));
    mlsd_model_free(model);
    for (int i = 0; i < 30; i++) y[i] = i % 2;
    model = fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":0}", y, 30);
    next_of(model, out, 2);
    assert_true(fabs(out[1] - 0.5) < 1e-15);
    mlsd_model_free(model);
    const linear_data d = {.n = 4, .p = 1, .x = y, .y = y};
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from("{\"kind\":\"auto_reg\",\"lags\":2}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "2 lags need at least 6 rows, got 4; lower 'lags'"));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

/* Many blocks of rows: the same bytes for any number of threads, and the order by either criterion.
 */
static void test_auto_reg__threads_and_files(void **state)
{
    (void)state;
    enum { ROWS = 5000 };
    double *y = malloc(sizeof *y * ROWS), a[50], b[50];
    uint32_t s = 3;
    for (int t = 0; t < ROWS; t++)
        y[t] = next_uniform(&s) + (t > 2 ? 0.5 * y[t - 1] - 0.4 * y[t - 3] : 0);
    mlsd_model *first = fit_series(NULL, "{\"kind\":\"auto_reg\",\"ic\":\"bic\"}", y, ROWS);
    mlsd_model *again = NULL;
    assert_true(number_of(first, "lags") == 3);
    for (int64_t n_threads = 1; n_threads <= 7; n_threads = n_threads * 3 + 1) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_series(context, "{\"kind\":\"auto_reg\",\"ic\":\"bic\"}", y, ROWS);
        assert_same_model(first, model);
        mlsd_model_free(model);
        mlsd_context_free(context);
    }
    size_t size = 0;
    unsigned char *bytes = bytes_of(first, &size);
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
    next_of(first, a, 50);
    next_of(again, b, 50);
    assert_memory_equal(a, b, sizeof a);
    free(bytes);
    mlsd_model_free(again);
    mlsd_model_free(first);
    free(y);
}

/* A far step alone takes long, and stops when it is told to. */
static void test_auto_reg__can_be_cancelled(void **state)
{
    (void)state;
    double y[60], out = 0, scratch[10];
    uint32_t s = 5;
    for (int t = 0; t < 60; t++) y[t] = next_uniform(&s);
    mlsd_model *model = fit_series(NULL, "{\"kind\":\"auto_reg\",\"lags\":10}", y, 60);
    mlsd_context *context = context_with_threads(1);
    mlsd__scope scope;
    assert_int_equal(mlsd__numeric_open(&scope, context), MLSD_OK);
    mlsd_context_cancel(context);
    const double step = 1e6;
    assert_int_equal(mlsd__estimator_predict(&scope, model->ops, model->state, &step, 1, 1,
                                             MLSD_OUTPUT_VALUE, &out, scratch),
                     MLSD_E_CANCELLED);
    mlsd__scope_close(&scope);
    mlsd_context_free(context);
    mlsd_model_free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_reg__exact),
        cmocka_unit_test(test_auto_reg__by_hand),
        cmocka_unit_test(test_auto_reg__edges),
        cmocka_unit_test(test_auto_reg__threads_and_files),
        cmocka_unit_test(test_auto_reg__can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
