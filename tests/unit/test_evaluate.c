/* A model on a test set: the scores are mlsd_metric_score's of the model's predictions, classes go
 * by name, and from the second look on it is said. */
#include "result_checks.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 60, P = 2, N_TEST = 20 };

static double X[N * P], Y[N];

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) X[i * P + j] = sin(i * 0.7 * (j + 1));
        Y[i] = floor(1.5 + 1.4 * X[i * P] + 0.1 * cos(i * 1.3)); /* 0, 1, 2 */
    }
}

static mlsd_dataset *make_data(const double *x, const double *y, int64_t n, mlsd_task task)
{
    const mlsd_matrix mx = {x, n, P, P, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &mx, y == NULL ? NULL : &my, NULL, task, &data));
    return data;
}

static mlsd_model *fit(const char *kind, const mlsd_dataset *data)
{
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, kind, &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    mlsd_spec_free(spec);
    return model;
}

static void test_evaluate__is_the_metric_of_the_predictions(void **state)
{
    (void)state;
    static const char *const metrics[] = {"rmse", "r2"};
    mlsd_dataset *data = make_data(X, Y, N - N_TEST, MLSD_TASK_REGRESSION);
    mlsd_dataset *test =
        make_data(X + (N - N_TEST) * P, Y + N - N_TEST, N_TEST, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit("ridge", data);
    mlsd_result *r = NULL;
    double f[N_TEST], value = 0, low = 0, high = 0;
    ASSERT_OK(mlsd_model_predict(NULL, model, test, MLSD_OUTPUT_VALUE, f, N_TEST));
    const mlsd_matrix y = {Y + N - N_TEST, N_TEST, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix prediction = {f, N_TEST, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_evaluate(NULL, model, test, metrics, 2, &r));
    for (int m = 0; m < 2; m++) {
        char name[32];
        ASSERT_OK(
            mlsd_metric_score(NULL, metrics[m], &y, &prediction, NULL, 0.95, &value, &low, &high));
        snprintf(name, sizeof name, "%s.value", metrics[m]);
        ASSERT_NEAR(number(r, name), value, 0);
        snprintf(name, sizeof name, "%s.low", metrics[m]);
        ASSERT_NEAR(number(r, name), low, 0);
        snprintf(name, sizeof name, "%s.high", metrics[m]);
        ASSERT_NEAR(number(r, name), high, 0);
    }
    double first = NAN;
    ASSERT_OK(mlsd_table_get_f64(mlsd_result_get_table(r, "predictions"), 0, 0, 1, &first));
    ASSERT_NEAR(first, f[0], 0);
    ASSERT_NEAR(number(r, "n_test"), N_TEST, 0);
    ASSERT_NEAR(number(r, "looks"), 1, 0);
    assert_null(strstr(mlsd_result_verdict(r), "looked at"));
    mlsd_result_free(r);

    ASSERT_OK(mlsd_evaluate(NULL, model, test, NULL, 0, &r));
    ASSERT_NEAR(number(r, "looks"), 2, 0);
    assert_verdict(r, "rmse on 20 test rows: ");
    assert_verdict(r, "; this test set has been looked at 2 times: its score is no longer "
                      "that of unseen rows");
    mlsd_result_free(r);
    mlsd_model_free(model);
    mlsd_dataset_free(test);
    mlsd_dataset_free(data);
}

/* A test set of its own numbers its classes by itself: without class 0, its 0 is the model's 1. */
static void test_evaluate__classes_go_by_name(void **state)
{
    (void)state;
    double x[N * P], y[N];
    int64_t rows[N], n = 0;
    for (int i = 0; i < N; i++) {
        if (Y[i] < 1) continue;
        rows[n] = i;
        for (int j = 0; j < P; j++) x[n * P + j] = X[i * P + j];
        y[n++] = Y[i];
    }
    mlsd_dataset *data = make_data(X, Y, N, MLSD_TASK_MULTICLASS), *view = NULL;
    mlsd_dataset *alone = make_data(x, y, n, MLSD_TASK_MULTICLASS);
    assert_int_equal(mlsd_dataset_n_classes(data), 3);
    assert_int_equal(mlsd_dataset_n_classes(alone), 2);
    ASSERT_OK(mlsd_dataset_rows(data, rows, n, &view));
    mlsd_model *model = fit("gaussian_nb", data);
    mlsd_result *of_view = NULL, *of_alone = NULL;
    static const char *const metrics[] = {"log_loss", "accuracy"};
    ASSERT_OK(mlsd_evaluate(NULL, model, view, metrics, 2, &of_view));
    ASSERT_OK(mlsd_evaluate(NULL, model, alone, metrics, 2, &of_alone));
    ASSERT_NEAR(number(of_alone, "log_loss.value"), number(of_view, "log_loss.value"), 0);
    ASSERT_NEAR(number(of_alone, "accuracy.value"), number(of_view, "accuracy.value"), 0);
    assert_true(number(of_alone, "accuracy.value") > 0.6);
    assert_int_equal(mlsd_table_n_columns(mlsd_result_get_table(of_alone, "predictions")), 3);
    mlsd_result_free(of_alone);
    mlsd_result_free(of_view);

    mlsd_model *of_two = fit("gaussian_nb", alone);
    ASSERT_FAILS(MLSD_E_DATA, "the test set has class '0', which the training set has not",
                 mlsd_evaluate(NULL, of_two, data, NULL, 0, &of_view));
    assert_int_equal(mlsd_dataset_n_looks(data), 1); /* through the view */
    mlsd_model_free(of_two);
    mlsd_model_free(model);
    mlsd_dataset_free(view);
    mlsd_dataset_free(alone);
    mlsd_dataset_free(data);
}

static void test_evaluate__bad_input(void **state)
{
    (void)state;
    const char *const wrong[] = {"rmse", NULL};
    mlsd_dataset *data = make_data(X, Y, N, MLSD_TASK_MULTICLASS), *empty = NULL;
    mlsd_dataset *numbers = make_data(X, Y, N, MLSD_TASK_REGRESSION);
    mlsd_dataset *bare = make_data(X, NULL, N, MLSD_TASK_NONE);
    ASSERT_OK(mlsd_dataset_rows(data, NULL, 0, &empty));
    mlsd_model *model = fit("gaussian_nb", data), *scaler = fit("standardize", data);
    mlsd_result *r = NULL;
    ASSERT_FAILS(MLSD_E_ARG, "result is NULL", mlsd_evaluate(NULL, model, data, NULL, 0, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "model is NULL", mlsd_evaluate(NULL, NULL, data, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_ARG, "dataset is NULL", mlsd_evaluate(NULL, model, NULL, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_ARG, "metrics", mlsd_evaluate(NULL, model, data, NULL, 1, &r));
    ASSERT_FAILS(MLSD_E_KIND, "rmse", mlsd_evaluate(NULL, model, data, wrong, 1, &r));
    ASSERT_FAILS(MLSD_E_ARG, "metric 0 is NULL",
                 mlsd_evaluate(NULL, model, data, wrong + 1, 1, &r));
    ASSERT_FAILS(MLSD_E_DATA, "no rows", mlsd_evaluate(NULL, model, empty, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_DATA, "the test set has no target",
                 mlsd_evaluate(NULL, model, bare, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_TYPE, "a class in the training set, but a number in the test set",
                 mlsd_evaluate(NULL, model, numbers, NULL, 0, &r));
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "'standardize' predicts no target",
                 mlsd_evaluate(NULL, scaler, data, NULL, 0, &r));
    assert_int_equal(mlsd_dataset_n_looks(data), 0);
    mlsd_model_free(scaler);
    mlsd_model_free(model);
    mlsd_dataset_free(empty);
    mlsd_dataset_free(bare);
    mlsd_dataset_free(numbers);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_evaluate__is_the_metric_of_the_predictions),
        cmocka_unit_test(test_evaluate__classes_go_by_name),
        cmocka_unit_test(test_evaluate__bad_input),
    };
    fill();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
