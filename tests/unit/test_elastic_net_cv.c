/* test_elastic_net_cv.c - the penalty chosen by folds. Witness: brute force, lasso or elastic_net
 * fitted here to the training rows of each fold and scored on the others; beside scikit-learn in
 * tests/reference/test_lasso_sklearn.py. */
#include "linear_data.h"

#include "failing_allocator.h"
#include "unit.h"

enum { N_SPLITS = 4, N_ALPHAS = 3 };

/* Mean squared error of part k of the rows under a model of the others. */
static double brute_error(const linear_data *d, int k, int weighted, const char *json)
{
    const int64_t n = d->n, p = d->p, begin = n * k / N_SPLITS, end = n * (k + 1) / N_SPLITS;
    linear_data train = make_linear_data(n - (end - begin), p, 0, 1);
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        if (i >= begin && i < end) continue;
        memcpy(train.x + m * p, d->x + i * p, (size_t)p * sizeof *d->x);
        train.y[m] = d->y[i];
        train.weight[m++] = d->weight[i];
    }
    mlsd_dataset *data = dataset_of(&train, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double *const coef = malloc((size_t)p * sizeof *coef);
    array_of(model, "coef", coef, p);
    double sum = 0, total = 0;
    for (int64_t i = begin; i < end; i++) {
        const double w = weighted ? d->weight[i] : 1;
        double e = d->y[i] - number_of(model, "intercept");
        for (int64_t j = 0; j < p; j++) e -= d->x[i * p + j] * coef[j];
        sum += w * e * e;
        total += w;
    }
    free(coef);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&train);
    return sum / total;
}

static void check(int64_t n, int64_t p, int weighted, const char *options)
{
    static const double ratios[] = {0.3, 1}, alphas[] = {0.3, 0.05, 0.002};
    linear_data d = make_linear_data(n, p, 0, (uint32_t)(n + p));
    for (int64_t i = 0; i < n; i++) d.y[i] += 10;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    char json[400];
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"elastic_net_cv\",\"l1_ratio\":[0.3,1],\"alphas\":[0.05,0.3,0.002],"
                   "\"n_splits\":%d,\"tol\":1e-13,\"max_iter\":100000%s}",
                   N_SPLITS, options);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double mse[2 * N_ALPHAS * N_SPLITS], best = INFINITY, alpha = 0, ratio = 0;
    array_of(model, "mse_path", mse, 2 * N_ALPHAS * N_SPLITS);
    for (int m = 0; m < 2 * N_ALPHAS; m++) {
        double mean = 0;
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"elastic_net\",\"alpha\":%g,\"l1_ratio\":%g,\"tol\":1e-13,"
                       "\"max_iter\":100000%s}",
                       alphas[m % N_ALPHAS], ratios[m / N_ALPHAS], options);
        for (int k = 0; k < N_SPLITS; k++) {
            const double want = brute_error(&d, k, weighted, json);
            ASSERT_NEAR(mse[m * N_SPLITS + k], want, 2e-6 * want);
            mean += want / N_SPLITS;
        }
        if (mean >= best) continue;
        best = mean;
        alpha = alphas[m % N_ALPHAS];
        ratio = ratios[m / N_ALPHAS];
    }
    assert_true(number_of(model, "alpha") == alpha);
    assert_true(number_of(model, "l1_ratio") == ratio);

    /* The model is elastic_net's with what was chosen. */
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"elastic_net\",\"alpha\":%g,\"l1_ratio\":%g,\"tol\":1e-13,"
                   "\"max_iter\":100000%s}",
                   alpha, ratio, options);
    mlsd_model *plain = fit_json(NULL, json, data, NULL, NULL);
    double *const a = malloc((size_t)p * sizeof *a), *const b = malloc((size_t)p * sizeof *b);
    array_of(model, "coef", a, p);
    array_of(plain, "coef", b, p);
    assert_close(a, b, p, 1e-5);
    ASSERT_NEAR(number_of(model, "intercept"), number_of(plain, "intercept"), 1e-5);
    free(a);
    free(b);
    mlsd_model_free(plain);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_elastic_net_cv__is_brute_force(void **state)
{
    (void)state;
    check(80, 6, 0, "");
    check(80, 6, 1, "");
    check(84, 6, 1, ",\"fit_intercept\":false,\"positive\":true");
    check(400, 210, 1, "");
    check(24, 30, 1, "");
}

static void test_elastic_net_cv__lasso_of_an_automatic_path(void **state)
{
    (void)state;
    linear_data d = make_linear_data(150, 7, 0, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"lasso_cv\",\"n_alphas\":20}", data, NULL, NULL);
    double alphas[20], mse[100], path[140], coef[7], sums[20] = {0};
    array_of(model, "alphas", alphas, 20);
    array_of(model, "mse_path", mse, 100);
    array_of(model, "coef_path", path, 140);
    array_of(model, "coef", coef, 7);
    int best = 0;
    for (int k = 0; k < 20; k++) {
        for (int s = 0; s < 5; s++) sums[k] += mse[5 * k + s];
        if (sums[k] < sums[best]) best = k;
        assert_true(k == 0 || alphas[k] < alphas[k - 1]);
    }
    assert_true(number_of(model, "alpha") == alphas[best]);
    assert_memory_equal(coef, path + 7 * best, sizeof coef);
    ASSERT_NEAR(alphas[19] / alphas[0], 1e-3, 1e-16);
    assert_true(number_of(model, "l1_ratio") == 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Folds whose rows weigh nothing tell nothing. */
static void test_elastic_net_cv__folds_without_weight(void **state)
{
    (void)state;
    linear_data d = make_linear_data(50, 3, 0, 5);
    for (int i = 0; i < 10; i++) d.weight[i] = 0;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"lasso_cv\",\"n_alphas\":4}", data, NULL, NULL);
    double mse[20];
    array_of(model, "mse_path", mse, 20);
    for (int k = 0; k < 4; k++)
        for (int s = 0; s < 5; s++) assert_true(isnan(mse[5 * k + s]) == (s == 0));
    assert_true(number_of(model, "alpha") > 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_elastic_net_cv__bad_input(void **state)
{
    (void)state;
    linear_data d = make_linear_data(12, 3, 0, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = NULL;
    mlsd_spec *spec = spec_from("{\"kind\":\"elastic_net_cv\",\"l1_ratio\":[0,0.5]}");
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "'alphas'",
                 mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    mlsd_spec_free(spec);
    spec = spec_from("{\"kind\":\"lasso_cv\",\"n_splits\":13}");
    assert_int_not_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_OK);
    assert_non_null(strstr(mlsd_last_error(), "13"));
    mlsd_spec_free(spec);
    spec = spec_from("{\"kind\":\"lasso_cv\"}");
    d.x[7 * 3 + 2] = NAN;
    mlsd_dataset_free(data);
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    ASSERT_FAILS(MLSD_E_DATA, "row 7, column 'x2' is NaN",
                 mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_elastic_net_cv__threads_change_no_bit(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{3000, 6}, {900, 210}, {40, 60}};
    for (int k = 0; k < 3; k++) {
        linear_data d = make_linear_data(sizes[k][0], sizes[k][1], 0, 3);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
        mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
        static const char json[] = "{\"kind\":\"elastic_net_cv\",\"n_alphas\":10}";
        mlsd_model *a = fit_json(one, json, data, NULL, NULL);
        mlsd_model *b = fit_json(seven, json, data, NULL, NULL);
        assert_same_model(a, b);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_context_free(one);
        mlsd_context_free(seven);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

static void test_elastic_net_cv__survives_each_failed_allocation(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{30, 4}, {12, 30}};
    for (int s = 0; s < 2; s++) {
        linear_data d = make_linear_data(sizes[s][0], sizes[s][1], 0, 3);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
        mlsd_status status = MLSD_E_NOMEM;
        for (long long k = 1; status == MLSD_E_NOMEM && k < 10000; k += 1 + k / 100) {
            failing_allocator f;
            mlsd_model *model = NULL;
            failing_allocator_init(&f, 0, 0);
            mlsd_context *context = failing_context(&f, 1);
            mlsd_spec *spec = spec_from("{\"kind\":\"lasso_cv\",\"n_alphas\":3,\"n_splits\":3}");
            f.fail_at = f.calls + k;
            status = mlsd_model_fit(context, spec, data, NULL, NULL, &model);
            assert_true(status == MLSD_OK || (status == MLSD_E_NOMEM && model == NULL));
            mlsd_model_free(model);
            mlsd_spec_free(spec);
            mlsd_context_free(context);
            assert_int_equal(f.live_blocks, 0);
        }
        assert_int_equal(status, MLSD_OK);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elastic_net_cv__is_brute_force),
        cmocka_unit_test(test_elastic_net_cv__lasso_of_an_automatic_path),
        cmocka_unit_test(test_elastic_net_cv__folds_without_weight),
        cmocka_unit_test(test_elastic_net_cv__bad_input),
        cmocka_unit_test(test_elastic_net_cv__threads_change_no_bit),
        cmocka_unit_test(test_elastic_net_cv__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
