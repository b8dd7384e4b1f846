/* test_linear_discriminant.c - normal classes of one covariance. Witness: directions and scores by
 * hand, the equations that define them, and brute force over rows; scikit-learn is beside it in
 * tests/reference. */
#include "transform_checks.h"

static const char *const solvers[] = {
    "{\"kind\":\"linear_discriminant_analysis\"}",
    "{\"kind\":\"linear_discriminant_analysis\",\"solver\":\"lsqr\"}",
    "{\"kind\":\"linear_discriminant_analysis\",\"solver\":\"eigen\"}",
    "{\"kind\":\"linear_discriminant_analysis\",\"solver\":\"eigen\",\"auto_shrinkage\":true}",
};

/* One column, means 1e8 and 1e8 + 4, both classes -1, 0, 1 about them: variance 4 / 4 = 1 over n -
 * k for svd, 4 / 6 over n for the others. score = (x - middle) * 4 / variance. */
static void test_linear_discriminant__by_hand(void **state)
{
    (void)state;
    const double base = 1e8, y[] = {0, 0, 0, 1, 1, 1};
    const double x[] = {base - 1, base, base + 1, base + 3, base + 4, base + 5};
    const double at[] = {base + 2, base + 2.5};
    mlsd_dataset *data = dataset_from(x, y, NULL, 6, 1);
    for (int s = 0; s < 3; s++) {
        mlsd_model *model = fit_json(NULL, solvers[s], data, NULL, NULL);
        const double slope = s == 0 ? 4 : 6;
        double coef, *const scores = output_of(model, at, 2, MLSD_OUTPUT_DECISION);
        double *const proba = output_of(model, at, 2, MLSD_OUTPUT_PROBA);
        array_of(model, "coef", &coef, 1);
        assert_true(fabs(coef - slope) < 1e-14 * slope);
        /* Scores are sums about 0: roundings of coef times 1e8 are left. */
        assert_close(scores, (double[]){0, slope / 2}, 2, 3e-7);
        assert_true(fabs(proba[3] - 1 / (1 + exp(-slope / 2))) < 1e-7);
        free(scores);
        free(proba);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
}

/* Means and covariance within by brute force, k x p and p x p, over n - k. */
static void within(const linear_data *d, int64_t k, double *means, double *covariance)
{
    double count[8] = {0};
    memset(means, 0, (size_t)(k * d->p) * sizeof *means);
    memset(covariance, 0, (size_t)(d->p * d->p) * sizeof *covariance);
    for (int64_t i = 0; i < d->n; i++) {
        const int64_t c = (int64_t)d->y[i];
        count[c]++;
        for (int64_t j = 0; j < d->p; j++) means[c * d->p + j] += d->x[i * d->p + j];
    }
    for (int64_t c = 0; c < k; c++)
        for (int64_t j = 0; j < d->p; j++) means[c * d->p + j] /= count[c];
    for (int64_t i = 0; i < d->n; i++) {
        const double *const m = means + (int64_t)d->y[i] * d->p, *const x = d->x + i * d->p;
        for (int64_t a = 0; a < d->p; a++)
            for (int64_t b = 0; b < d->p; b++)
                covariance[a * d->p + b] += (x[a] - m[a]) * (x[b] - m[b]) / (double)(d->n - k);
    }
}

/* C (coef_a - coef_b) = mean_a - mean_b, and the score's difference is 0 between the means where
 * priors are equal. Directions are of length 1 in C. */
static void test_linear_discriminant__equations(void **state)
{
    (void)state;
    enum { K = 3, P = 4 };
    linear_data d = make_linear_data(400, P, K, 9);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    double means[K * P], c[P * P], coef[K * P], middle[P], scalings[P * 2];
    within(&d, K, means, c);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"linear_discriminant_analysis\",\"priors\":[0.25,0.25,"
                                 "0.5]}",
                                 data, NULL, NULL);
    array_of(model, "coef", coef, K * P);
    for (int a = 0; a < K; a++) {
        for (int i = 0; i < P; i++) {
            double left = 0;
            for (int j = 0; j < P; j++) left += c[i * P + j] * (coef[a * P + j] - coef[j]);
            assert_true(fabs(left - (means[a * P + i] - means[i])) < 1e-13);
        }
    }
    for (int j = 0; j < P; j++) middle[j] = (means[j] + means[P + j]) / 2;
    double *const scores = output_of(model, middle, 1, MLSD_OUTPUT_DECISION);
    assert_true(fabs(scores[0] - scores[1]) < 1e-13);
    free(scores);
    array_of(model, "scalings", scalings, P * 2);
    for (int a = 0; a < 2; a++) {
        for (int b = 0; b < 2; b++) {
            double length = 0;
            for (int i = 0; i < P; i++)
                for (int j = 0; j < P; j++)
                    length += scalings[i * 2 + a] * c[i * P + j] * scalings[j * 2 + b];
            assert_true(fabs(length - (a == b)) < 1e-12);
        }
    }
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_linear_discriminant__threads_and_files(void **state)
{
    (void)state;
    linear_data d = make_linear_data(5000, 5, 4, 2);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
    for (int s = 0; s < 4; s++) {
        mlsd_model_free(fit_and_check(solvers[s], data, d.x, d.n, MLSD_OUTPUT_PROBA));
        if (s == 1) continue;
        mlsd_model *model = fit_and_check(solvers[s], data, d.x, 300, MLSD_OUTPUT_FEATURES);
        assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 3);
        assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), 1);
        assert_string_equal(mlsd_model_output_name(model, 2), "lineardiscriminantanalysis2");
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_linear_discriminant__weights_are_repetition(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 3, 3, 5);
    mlsd_dataset *weighted, *repeated;
    repeat_rows(&d, 1, &weighted, &repeated);
    for (int s = 0; s < 4; s++) {
        mlsd_model *a = fit_json(NULL, solvers[s], weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, solvers[s], repeated, NULL, NULL);
        double *const x = output_of(a, d.x, d.n, MLSD_OUTPUT_PROBA);
        double *const y = output_of(b, d.x, d.n, MLSD_OUTPUT_PROBA);
        assert_close(x, y, d.n * 3, 1e-12);
        free(x);
        free(y);
        mlsd_model_free(a);
        mlsd_model_free(b);
    }
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_linear_data(&d);
}

/* A copy of a column, a constant one, one that is constant in each class: decisions are those
 * without them; solver eigen says which. */
static void test_linear_discriminant__columns_that_depend(void **state)
{
    (void)state;
    enum { N = 60 };
    linear_data d = make_linear_data(N, 2, 2, 4);
    double x[N * 5], *proba[3];
    for (int i = 0; i < N; i++) {
        const double row[] = {d.x[2 * i], d.x[2 * i + 1], d.x[2 * i] * 3, 0.1, 5.3 + d.y[i]};
        memcpy(x + 5 * i, row, sizeof row);
    }
    mlsd_dataset *plain = dataset_from(d.x, d.y, NULL, N, 2);
    mlsd_dataset *data = dataset_from(x, d.y, NULL, N, 5);
    mlsd_model *models[] = {fit_json(NULL, solvers[0], plain, NULL, NULL),
                            fit_json(NULL, solvers[0], data, NULL, NULL),
                            fit_json(NULL, solvers[1], data, NULL, NULL)};
    for (int m = 0; m < 3; m++)
        proba[m] = output_of(models[m], m == 0 ? d.x : x, N, MLSD_OUTPUT_PROBA);
    assert_close(proba[1], proba[0], 2 * N, 1e-12);
    for (int i = 0; i < 2 * N; i++) assert_true(proba[2][i] >= 0 && proba[2][i] <= 1);
    for (int m = 0; m < 3; m++) {
        free(proba[m]);
        mlsd_model_free(models[m]);
    }
    assert_fit_fails(solvers[2], data, MLSD_E_DATA,
                     "column 'x2' is a combination of those before it; set 'shrinkage'");
    mlsd_dataset_free(plain);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_linear_discriminant__bad_input(void **state)
{
    (void)state;
    const double x[] = {1, 1, 3, 3}, y[] = {0, 0, 1, 1}, apart[] = {0, 1, 2, 3};
    mlsd_dataset *data = dataset_from(x, y, NULL, 4, 1);
    assert_fit_fails(solvers[0], data, MLSD_E_DATA, "no column varies within the classes");
    assert_fit_fails("{\"kind\":\"linear_discriminant_analysis\",\"shrinkage\":0.1}", data,
                     MLSD_E_PARAM_CONFLICT, "set 'solver' to lsqr or eigen");
    assert_fit_fails("{\"kind\":\"linear_discriminant_analysis\",\"priors\":[0.5,0.6]}", data,
                     MLSD_E_PARAM_CONFLICT, "sum to 1.1");
    assert_fit_fails("{\"kind\":\"linear_discriminant_analysis\",\"n_components\":2}", data,
                     MLSD_E_PARAM_CONFLICT, "'n_components' is 2, but 2 classes");
    mlsd_dataset_free(data);
    data = dataset_from(apart, y, NULL, 4, 1);
    assert_fit_fails("{\"kind\":\"linear_discriminant_analysis\",\"tol\":1e300}", data,
                     MLSD_E_PARAM_CONFLICT, "'tol' is 1e+300, which no singular value is above");
    mlsd_dataset_free(data);
    data = dataset_from(x, apart, NULL, 4, 1);
    assert_fit_fails(solvers[0], data, MLSD_E_DATA, "there must be more rows than classes");
    mlsd_dataset_free(data);
}

/* A class that weights of 0 take away is never told, with every solver. */
static void test_linear_discriminant__a_class_without_rows(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 3, 3, 6);
    for (int64_t i = 0; i < d.n; i++) d.weight[i] = d.y[i] == 1 ? 0 : 1;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 1);
    for (int s = 0; s < 4; s++) {
        mlsd_model *model = fit_json(NULL, solvers[s], data, NULL, NULL);
        double *const proba = output_of(model, d.x, d.n, MLSD_OUTPUT_PROBA);
        for (int64_t i = 0; i < d.n; i++) {
            assert_true(proba[3 * i + 1] == 0);
            assert_true(fabs(proba[3 * i] + proba[3 * i + 2] - 1) < 1e-15);
        }
        free(proba);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* As a step: before an estimator, and before another transform, where the model has no classes. */
static void test_linear_discriminant__as_a_step(void **state)
{
    (void)state;
    static const char *const before[] = {
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"linear_discriminant_analysis\"},"
        "{\"kind\":\"logistic_regression\"}]}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"linear_discriminant_analysis\"},"
        "{\"kind\":\"pca\"}]}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
        "{\"kind\":\"linear_discriminant_analysis\"}]}"};
    linear_data d = make_linear_data(300, 4, 3, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    mlsd_model *model = fit_and_check(before[0], data, d.x, d.n, MLSD_OUTPUT_PROBA);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 0);
    mlsd_model_free(model);
    model = fit_and_check(before[1], data, d.x, d.n, MLSD_OUTPUT_FEATURES);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 2);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), 0);
    assert_int_equal(mlsd_model_task(model), MLSD_TASK_NONE);
    mlsd_model_free(model);
    model = fit_and_check(before[2], data, d.x, d.n, MLSD_OUTPUT_FEATURES);
    assert_string_equal(mlsd_model_output_name(model, 0), "lineardiscriminantanalysis0");
    mlsd_model_free(fit_and_check(before[2], data, d.x, d.n, MLSD_OUTPUT_VALUE));
    mlsd_model_free(model);
    assert_fit_fails("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":"
                     "\"linear_discriminant_analysis\",\"solver\":\"lsqr\"},{\"kind\":\"pca\"}]}",
                     data, MLSD_E_CHILD, "is no transform");
    mlsd_dataset_free(data);
    data = dataset_from(d.x, NULL, NULL, d.n, 4);
    assert_fit_fails(before[1], data, MLSD_E_DATA, "linear_discriminant_analysis needs a target");
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_discriminant__by_hand),
        cmocka_unit_test(test_linear_discriminant__equations),
        cmocka_unit_test(test_linear_discriminant__threads_and_files),
        cmocka_unit_test(test_linear_discriminant__weights_are_repetition),
        cmocka_unit_test(test_linear_discriminant__columns_that_depend),
        cmocka_unit_test(test_linear_discriminant__bad_input),
        cmocka_unit_test(test_linear_discriminant__as_a_step),
        cmocka_unit_test(test_linear_discriminant__a_class_without_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
