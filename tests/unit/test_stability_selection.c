/* test_stability_selection.c - stability_selection, permutation_select and boruta. Witness: the
 * bound of Meinshausen & Buehlmann (2010) by simulation, the importances of a linear model in
 * closed form, hits counted by the binomial distribution. */
#include "transform_checks.h"
#include "unit.h"

enum { N = 120, P = 20 };

/* Columns 0, 4 and 8 count; numbers, or classes. */
static mlsd_dataset *make_data(uint32_t seed, double *x, double *y, int as_classes)
{
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) x[i * P + j] = 3 * next_uniform(&seed);
        y[i] = x[i * P] - x[i * P + 4] + x[i * P + 8] + 2 * next_uniform(&seed);
        if (as_classes) y[i] = y[i] > 0;
    }
    return dataset_for(as_classes ? MLSD_TASK_BINARY : MLSD_TASK_REGRESSION, x, y, NULL, N, P);
}

static int counts(int j)
{
    return j == 0 || j == 4 || j == 8;
}

/* Expected false ones are at most q^2 / ((2 pi - 1) p), in 40 data sets of numbers and of classes;
 * the true ones are found. */
static void test_stability_selection__bound(void **state)
{
    (void)state;
    double x[N * P], y[N], support[P], frequency[P], n_false = 0, n_true = 0;
    for (int trial = 0; trial < 40; trial++) {
        mlsd_dataset *data = make_data(100 + (uint32_t)trial, x, y, trial % 4 == 3);
        mlsd_model *model = fit_json(NULL,
                                     "{\"kind\":\"stability_selection\",\"threshold\":0.75,"
                                     "\"n_subsamples\":50,\"max_false\":1}",
                                     data, NULL, NULL);
        array_of(model, "support", support, P);
        array_of(model, "frequencies", frequency, P);
        const double q = number_of(model, "n_chosen");
        assert_true(q > 0 && q <= 3 + 1e-9); /* the whole part of sqrt(0.5 * 1 * 20) */
        ASSERT_NEAR(number_of(model, "false_bound"), q * q / (0.5 * P), 1e-12);
        for (int j = 0; j < P; j++) {
            assert_int_equal(support[j] != 0, frequency[j] >= 0.75);
            n_true += counts(j) && support[j] != 0;
            n_false += !counts(j) && support[j] != 0;
        }
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
    if (!(n_false / 40 <= 1 && n_true / 40 > 2.5))
        fail_msg("%g false and %g true columns", n_false / 40, n_true / 40);
}

/* With an estimator: what has a coefficient. */
static void test_stability_selection__estimator(void **state)
{
    (void)state;
    double x[N * P], y[N], support[P];
    mlsd_dataset *data = make_data(5, x, y, 0);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"stability_selection\",\"threshold\":0.9,"
                                 "\"n_subsamples\":40,\"estimator\":{\"kind\":\"lasso\",\"alpha\":"
                                 "0.25}}",
                                 data, NULL, NULL);
    array_of(model, "support", support, P);
    for (int j = 0; j < P; j++) assert_int_equal(support[j] != 0, counts(j));
    mlsd_model_free(model);
    model =
        fit_json(NULL,
                 "{\"kind\":\"stability_selection\",\"n_subsamples\":10,\"estimator\":{"
                 "\"kind\":\"ridge\"}}",
                 data, NULL, NULL); /* nothing is ever 0: the bound says that it is worth nothing */
    ASSERT_NEAR(number_of(model, "false_bound"), 2 * P, 1e-9);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Permuting a column of a linear model raises the mean square error by 2 b^2 var(x), about. */
static void test_stability_selection__permutation(void **state)
{
    (void)state;
    double x[N * P], y[N], support[P], importance[P], p_value[P];
    mlsd_dataset *data = make_data(7, x, y, 0);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"permutation_select\",\"n_repeats\":30,\"alpha\":0.05,"
                                 "\"estimator\":{\"kind\":\"ridge\"}}",
                                 data, NULL, NULL);
    double variance = 0, mean = 0;
    for (int i = 0; i < N; i++) mean += y[i] / N;
    for (int i = 0; i < N; i++) variance += (y[i] - mean) * (y[i] - mean) / N;
    array_of(model, "support", support, P);
    array_of(model, "importances", importance, P);
    array_of(model, "pvalues", p_value, P);
    for (int j = 0; j < P; j++) {
        if (counts(j)) ASSERT_NEAR(importance[j], 2 * (9 / 12.0) / variance, 0.25); /* of r2 */
        if (!counts(j)) ASSERT_NEAR(importance[j], 0, 0.1);
        if (counts(j)) assert_true(support[j] != 0 && p_value[j] < 0.05);
        assert_int_equal(support[j] != 0, importance[j] > 0 && p_value[j] < 0.05);
    }
    mlsd_model_free(model);
    /* It needs no coefficients. */
    model = fit_json(NULL,
                     "{\"kind\":\"permutation_select\",\"estimator\":{\"kind\":"
                     "\"k_neighbors_regressor\",\"n_neighbors\":8}}",
                     data, NULL, NULL);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_stability_selection__boruta(void **state)
{
    (void)state;
    double x[N * P], y[N], support[P], hits[P], ranking[P];
    for (int as_classes = 0; as_classes < 2; as_classes++) {
        mlsd_dataset *data = make_data(31, x, y, as_classes);
        mlsd_model *model = fit_json(NULL, "{\"kind\":\"boruta\"}", data, NULL, NULL);
        array_of(model, "support", support, P);
        array_of(model, "hits", hits, P);
        array_of(model, "ranking", ranking, P);
        const double rounds = number_of(model, "n_iter");
        for (int j = 0; j < P; j++) {
            if (counts(j)) assert_true(support[j] == 1 && ranking[j] == 1);
            assert_true(hits[j] <= rounds);
            assert_int_equal(support[j] != 0, ranking[j] == 1);
        }
        /* 0.01 / 20 is met by 11 hits of 11 (2^-11), not by 10 of 10. */
        assert_true(rounds >= 11);
        mlsd_model_free(model);
        model = fit_json(NULL, "{\"kind\":\"boruta\",\"max_iter\":10}", data, NULL, NULL);
        array_of(model, "ranking", ranking, P);
        for (int j = 0; j < P; j++) assert_true(ranking[j] == 2);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
}

static void test_stability_selection__promises(void **state)
{
    (void)state;
    double x[N * P], y[N];
    const char *const specs[] = {
        "{\"kind\":\"stability_selection\",\"n_subsamples\":20}",
        "{\"kind\":\"permutation_select\",\"estimator\":{\"kind\":\"linear_discriminant_analysis\"}"
        ","
        "\"scoring\":\"log_loss\"}",
        "{\"kind\":\"boruta\",\"max_iter\":30,\"percentile\":90,\"keep_tentative\":true}"};
    mlsd_dataset *data = make_data(3, x, y, 1);
    for (int i = 0; i < 3; i++)
        mlsd_model_free(fit_and_check(specs[i], data, x, N, MLSD_OUTPUT_FEATURES));
    mlsd_dataset *none = dataset_for(MLSD_TASK_NONE, x, NULL, NULL, N, P);
    for (int i = 0; i < 3; i++) assert_fit_fails(specs[i], none, MLSD_E_DATA, "needs a target");
    mlsd_dataset_free(none);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stability_selection__bound),
        cmocka_unit_test(test_stability_selection__estimator),
        cmocka_unit_test(test_stability_selection__permutation),
        cmocka_unit_test(test_stability_selection__boruta),
        cmocka_unit_test(test_stability_selection__promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
