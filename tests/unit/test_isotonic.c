/* test_isotonic.c - the nearest rising curve. Witness: the max-min formula of its values (Barlow,
 * Bartholomew, Bremner & Brunk 1972, theorem 1.10), g(i) = max over a <= i of the min over b >= i
 * of the mean of y[a .. b]. */
#include "transform_checks.h"

#include "base/scope.h"
#include "model/calibration/isotonic.h"

enum { N = 40 };

static double by_formula(const double *y, const double *w, int i, int n)
{
    double best = -INFINITY;
    for (int a = 0; a <= i; a++) {
        double least = INFINITY;
        for (int b = i; b < n; b++) {
            double sum = 0, total = 0;
            for (int k = a; k <= b; k++) sum += w[k] * y[k], total += w[k];
            least = fmin(least, sum / total);
        }
        best = fmax(best, least);
    }
    return best;
}

/* x is given shuffled, in pairs of equal ones, with weights. */
static void test_isotonic__is_the_nearest_rising_curve(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int round = 0; round < 50; round++) {
        double x[2 * N], y[2 * N], w[2 * N], mean[N], total[N];
        for (int i = 0; i < N; i++) {
            mean[i] = total[i] = 0;
            for (int r = 0; r < 2; r++) {
                const int at = (i * 2 + r) * 37 % (2 * N);
                x[at] = i * 0.5;
                y[at] = 0.05 * i + 3 * next_uniform(&seed);
                w[at] = 1 + floor(4 * (next_uniform(&seed) + 0.5));
                mean[i] += w[at] * y[at];
                total[i] += w[at];
            }
            mean[i] /= total[i];
        }
        mlsd__scope scope;
        mlsd__isotonic rising, falling;
        assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
        assert_int_equal(
            mlsd__isotonic_fit(&scope, x, y, w, 2 * N, true, -INFINITY, INFINITY, &rising),
            MLSD_OK);
        for (int i = 0; i < 2 * N; i++) x[i] = -x[i];
        assert_int_equal(
            mlsd__isotonic_fit(&scope, x, y, w, 2 * N, false, -INFINITY, INFINITY, &falling),
            MLSD_OK);
        for (int i = 0; i < N; i++) {
            const double want = by_formula(mean, total, i, N);
            assert_true(fabs(mlsd__isotonic_at(&rising, i * 0.5) - want) < 1e-13);
            assert_true(fabs(mlsd__isotonic_at(&falling, -i * 0.5) - want) < 1e-13);
        }
        mlsd__isotonic_free(&rising, scope.allocator);
        mlsd__isotonic_free(&falling, scope.allocator);
        mlsd__scope_close(&scope);
    }
}

/* 1 3 2 4 pools to 1 2.5 2.5 4; between points straight, beyond them as asked. */
static void test_isotonic__regression(void **state)
{
    (void)state;
    const double x[] = {0, 1, 2, 3}, y[] = {1, 3, 2, 4}, at[] = {-1, 0.5, 1.5, 2.5, 9};
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, 4, 1);
    mlsd_model *model =
        fit_and_check("{\"kind\":\"isotonic_regression\"}", data, x, 4, MLSD_OUTPUT_VALUE);
    double *out = output_of(model, at, 5, MLSD_OUTPUT_VALUE);
    assert_close(out, (double[]){1, 1.75, 2.5, 3.25, 4}, 5, 0);
    free(out);
    mlsd_model_free(model);
    model = fit_json(NULL,
                     "{\"kind\":\"isotonic_regression\",\"out_of_bounds\":\"nan\",\"y_max\":3,"
                     "\"y_min\":2}",
                     data, NULL, NULL);
    out = output_of(model, at, 5, MLSD_OUTPUT_VALUE);
    assert_true(isnan(out[0]) && isnan(out[4]));
    assert_close(out + 1, (double[]){2.25, 2.5, 2.75}, 3, 0);
    free(out);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"isotonic_regression\",\"out_of_bounds\":\"raise\"}", data,
                     NULL, NULL);
    const mlsd_matrix beyond = {at, 5, 1, 1, 1, MLSD_F64, 0};
    double room[5];
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &beyond, MLSD_OUTPUT_VALUE, room, 5),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(),
                           "row 0: column 'x0' is -1, which is beyond the training rows, 0 to 3"));
    mlsd_model_free(model);
    assert_fit_fails("{\"kind\":\"isotonic_regression\",\"y_min\":2,\"y_max\":1}", data,
                     MLSD_E_PARAM_CONFLICT, "'y_min' is 2, which is above 'y_max', 1");
    mlsd_dataset_free(data);
    data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, 2, 2);
    assert_fit_fails("{\"kind\":\"isotonic_regression\"}", data, MLSD_E_DATA, "the data have 2");
    mlsd_dataset_free(data);
}

/* NaN that a curve makes of rows beyond it must not go into a later step in silence: not when
 * predicting, not within column_transform, and not in a fit whose rows of weight 0 lie beyond. */
static void test_isotonic__nan_meets_the_next_step(void **state)
{
    (void)state;
    static const char curve[] = "{\"kind\":\"isotonic_regression\",\"out_of_bounds\":\"nan\"}";
    static const char *const befores[] = {
        "%s", "{\"kind\":\"on_columns\",\"transform\":%s}",
        "{\"kind\":\"on_columns\",\"transform\":{\"kind\":\"pipeline\",\"steps\":[%s]}}"};
    const double x[] = {0, 1, 2, 3, 9}, y[] = {1, 3, 2, 4, 5}, w[] = {1, 1, 1, 1, 0};
    const double at[] = {1, 9};
    const mlsd_matrix beyond = {at, 2, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, 4, 1),
                 *light = dataset_for(MLSD_TASK_REGRESSION, x, y, w, 5, 1);
    for (size_t i = 0; i < sizeof befores / sizeof *befores; i++) {
        char before[256], json[512];
        double out[2];
        (void)snprintf(before, sizeof before, befores[i], curve);
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"pipeline\",\"steps\":[%s,{\"kind\":\"ridge\"}]}", before);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &beyond, MLSD_OUTPUT_VALUE, out, 2),
                         MLSD_E_DATA);
        assert_non_null(strstr(mlsd_last_error(), "row 1"));
        assert_non_null(strstr(mlsd_last_error(), "is NaN at step 'ridge'"));
        mlsd_model_free(model);
        assert_fit_fails(json, light, MLSD_E_DATA, "NaN");
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"pipeline\",\"steps\":[%s,{\"kind\":\"impute\"},"
                       "{\"kind\":\"ridge\"}]}",
                       before);
        model = fit_json(NULL, json, data, NULL, NULL);
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &beyond, MLSD_OUTPUT_VALUE, out, 2),
                         MLSD_OK);
        assert_true(isfinite(out[0]) && isfinite(out[1]));
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    mlsd_dataset_free(light);
}

/* auto_increasing follows the ranks, weighted: one heavy row turns it round. Weights are
 * repetition.
 */
static void test_isotonic__direction_and_weights(void **state)
{
    (void)state;
    static const char json[] = "{\"kind\":\"isotonic_regression\",\"auto_increasing\":true}";
    const double x[] = {0, 1, 2, 3, 4}, y[] = {1, 2, 3, 4, -9}, w[] = {1, 1, 1, 1, 20};
    mlsd_dataset *plain = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, 4, 1),
                 *heavy = dataset_for(MLSD_TASK_REGRESSION, x, y, w, 5, 1);
    mlsd_model *model = fit_json(NULL, json, plain, NULL, NULL);
    assert_true(number_of(model, "increasing") == 1);
    mlsd_model_free(model);
    model = fit_json(NULL, json, heavy, NULL, NULL);
    assert_true(number_of(model, "increasing") == 0);
    mlsd_model_free(model);
    mlsd_dataset_free(plain);
    mlsd_dataset_free(heavy);
    linear_data d = make_linear_data(300, 1, 0, 4);
    mlsd_dataset *weighted, *repeated;
    repeat_rows(&d, 1, &weighted, &repeated);
    mlsd_model *a = fit_json(NULL, json, weighted, NULL, NULL);
    mlsd_model *b = fit_json(NULL, json, repeated, NULL, NULL);
    double *const out_a = output_of(a, d.x, d.n, MLSD_OUTPUT_VALUE);
    double *const out_b = output_of(b, d.x, d.n, MLSD_OUTPUT_VALUE);
    assert_close(out_a, out_b, d.n, 1e-13);
    free(out_a);
    free(out_b);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_isotonic__is_the_nearest_rising_curve),
        cmocka_unit_test(test_isotonic__regression),
        cmocka_unit_test(test_isotonic__nan_meets_the_next_step),
        cmocka_unit_test(test_isotonic__direction_and_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
