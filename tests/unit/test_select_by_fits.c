/* test_select_by_fits.c - select_from_model, rfe, rfecv and sequential_select. Witness: the models
 * of the columns themselves, fitted and scored one by one through the public calls; scikit-learn's
 * selectors stand in tests/reference/test_selection_sklearn.py. */
#include "table_data.h"
#include "transform_checks.h"
#include "unit.h"

enum { N = 90, P = 6 };

/* Of 6 columns the second and the fifth count, and the third a little. */
static mlsd_dataset *make_data(double *x, double *y)
{
    uint32_t seed = 3;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) x[i * P + j] = next_uniform(&seed);
        y[i] = 3 * x[i * P + 1] - 2 * x[i * P + 4] + 0.4 * x[i * P + 2] + next_uniform(&seed);
    }
    return dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
}

/* Coefficients of ridge on some columns. */
static void ridge_coefs(const double *x, const double *y, const int *columns, int p, double *out)
{
    double few[N * P];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < p; j++) few[i * p + j] = x[i * P + columns[j]];
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, few, y, NULL, N, p);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"ridge\"}", data, NULL, NULL);
    array_of(model, "coef", out, p);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_select_by_fits__from_model(void **state)
{
    (void)state;
    double x[N * P], y[N], coef[P], importance[P], support[P], mean = 0;
    mlsd_dataset *data = make_data(x, y);
    ridge_coefs(x, y, (const int[]){0, 1, 2, 3, 4, 5}, P, coef);
    for (int j = 0; j < P; j++) mean += fabs(coef[j]) / P;
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"select_from_model\",\"estimator\":{\"kind\":\"ridge\"}}", data,
                 NULL, NULL);
    array_of(model, "importances", importance, P);
    array_of(model, "support", support, P);
    for (int j = 0; j < P; j++) {
        assert_true(importance[j] == fabs(coef[j]));
        assert_int_equal(support[j] != 0, fabs(coef[j]) >= mean);
    }
    assert_true(support[1] != 0 && support[4] != 0 && support[0] == 0);
    mlsd_model_free(model);
    model = fit_json(NULL,
                     "{\"kind\":\"select_from_model\",\"threshold\":\"-inf\",\"max_features\":3,"
                     "\"estimator\":{\"kind\":\"ridge\"}}",
                     data, NULL, NULL);
    array_of(model, "support", support, P);
    assert_true(support[1] + support[2] + support[4] == 3 && support[0] + support[3] == 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Drop the smallest coefficient, fit anew: by hand. */
static void test_select_by_fits__elimination(void **state)
{
    (void)state;
    double x[N * P], y[N], coef[P], ranking[P], want[P];
    mlsd_dataset *data = make_data(x, y);
    int left[P] = {0, 1, 2, 3, 4, 5};
    for (int p = P; p > 1; p--) {
        int least = 0;
        ridge_coefs(x, y, left, p, coef);
        for (int j = 1; j < p; j++)
            if (fabs(coef[j]) < fabs(coef[least])) least = j;
        want[left[least]] = p;
        memmove(left + least, left + least + 1, (size_t)(p - 1 - least) * sizeof *left);
    }
    want[left[0]] = 1;
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"rfe\",\"n_features_to_select\":1,\"estimator\":{"
                                 "\"kind\":\"ridge\"}}",
                                 data, NULL, NULL);
    array_of(model, "ranking", ranking, P);
    for (int j = 0; j < P; j++) assert_true(ranking[j] == want[j]);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Mean r2 of ridge on some columns over five folds, by mlsd_cross_validate. */
static double mean_r2(const double *x, const double *y, const int *columns, int p)
{
    static const char *const metrics[] = {"r2"};
    double few[N * P], out = NAN;
    for (int i = 0; i < N; i++)
        for (int j = 0; j < p; j++) few[i * p + j] = x[i * P + columns[j]];
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, few, y, NULL, N, p);
    mlsd_spec *ridge = spec_from("{\"kind\":\"ridge\"}"),
              *kfold = spec_from("{\"kind\":\"kfold\"}");
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    assert_int_equal(mlsd_folds_split_dataset(NULL, kfold, data, &folds), MLSD_OK);
    assert_int_equal(mlsd_cross_validate(NULL, ridge, data, folds, metrics, 1, &result), MLSD_OK);
    assert_int_equal(mlsd_result_get_f64(result, "r2.mean", &out), MLSD_OK);
    mlsd_result_free(result);
    mlsd_folds_free(folds);
    mlsd_spec_free(ridge);
    mlsd_spec_free(kfold);
    mlsd_dataset_free(data);
    return out;
}

static void test_select_by_fits__sequential(void **state)
{
    (void)state;
    double x[N * P], y[N], order[P], scores[P], want[P];
    mlsd_dataset *data = make_data(x, y);
    int chosen[P] = {0};
    memset(want, 0, sizeof want);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"sequential_select\",\"n_features_to_select\":3,"
                                 "\"estimator\":{\"kind\":\"ridge\"}}",
                                 data, NULL, NULL);
    array_of(model, "order", order, P);
    array_of(model, "scores", scores, P);
    for (int step = 0; step < 3; step++) {
        double best = -INFINITY;
        for (int j = 0; j < P; j++) {
            if (want[j] != 0) continue;
            int columns[P], n = 0; /* in the order of the columns */
            for (int k = 0; k < P; k++)
                if (want[k] != 0 || k == j) columns[n++] = k;
            const double r2 = mean_r2(x, y, columns, n);
            if (r2 > best) chosen[step] = j, best = r2;
        }
        want[chosen[step]] = step + 1;
        ASSERT_NEAR(scores[chosen[step]], best, 1e-10);
    }
    for (int j = 0; j < P; j++) assert_true(order[j] == want[j]);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* A pipeline of one_hot and ridge inside: columns of text are chosen as a whole. */
static void test_select_by_fits__categories(void **state)
{
    (void)state;
    double x[N * P], y[N], noise[N];
    char letters[N + 1] = {0};
    mlsd_dataset *numbers = make_data(x, y);
    mlsd_dataset_free(numbers);
    for (int i = 0; i < N; i++) {
        letters[i] = "abc"[i % 3];
        noise[i] = x[i * P];
        y[i] = (i % 3) + 0.1 * x[i * P + 1];
    }
    mlsd_table *t = new_table();
    put_numbers(t, "noise", noise, N);
    put_letters(t, "g", letters);
    put_numbers(t, "y", y, N);
    mlsd_dataset *data = dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(
        NULL,
        "{\"kind\":\"sequential_select\",\"n_features_to_select\":1,\"estimator\":{\"kind\":"
        "\"pipeline\",\"steps\":[{\"kind\":\"one_hot\"},{\"kind\":\"ridge\"}]}}",
        data, NULL, NULL);
    assert_string_equal(mlsd_model_output_name(model, 0), "g");
    mlsd_model_free(model);
    assert_fit_fails("{\"kind\":\"rfe\",\"estimator\":{\"kind\":\"pipeline\",\"steps\":[{\"kind\":"
                     "\"one_hot\"},{\"kind\":\"ridge\"}]}}",
                     data, MLSD_E_UNSUPPORTED, "are not those of the 2 columns");
    assert_fit_fails("{\"kind\":\"rfe\",\"estimator\":{\"kind\":\"ridge\"}}", data, MLSD_E_DATA,
                     "column 'g' holds text");
    mlsd_dataset_free(data);
}

static void test_select_by_fits__bad_input(void **state)
{
    (void)state;
    double x[N * P], y[N];
    mlsd_dataset *data = make_data(x, y);
    mlsd_dataset *none = dataset_for(MLSD_TASK_NONE, x, NULL, NULL, N, P);
#define AROUND(kind, options) \
    "{\"kind\":\"" kind "\"," options "\"estimator\":{\"kind\":\"ridge\"}}"
    assert_fit_fails("{\"kind\":\"rfe\"}", data, MLSD_E_CHILD, "put one into its slot");
    assert_fit_fails(AROUND("rfe", ""), none, MLSD_E_DATA, "needs a target");
    assert_fit_fails(AROUND("rfe", "\"step\":1.5,"), data, MLSD_E_PARAM_RANGE, "'step' is 1.5");
    assert_fit_fails(AROUND("select_from_model", "\"threshold\":\"2*mode\","), data,
                     MLSD_E_PARAM_RANGE, "2*mode");
    assert_fit_fails("{\"kind\":\"rfe\",\"estimator\":{\"kind\":\"k_neighbors_regressor\"}}", data,
                     MLSD_E_UNSUPPORTED, "neither coef nor feature_importances");
    assert_fit_fails(AROUND("rfecv", "\"scoring\":\"accuracy\","), data, MLSD_E_KIND, "accuracy");
    assert_fit_fails(AROUND("sequential_select", "\"tol\":0.1,\"n_features_to_select\":2,"), data,
                     MLSD_E_PARAM_CONFLICT, "set one of them");
    assert_fit_fails("{\"kind\":\"rfe\",\"estimator\":{\"kind\":\"gaussian_nb\"}}", data,
                     MLSD_E_DATA, "the target is a number");
    x[7] = NAN;
    mlsd_dataset_free(data);
    data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
    assert_fit_fails(AROUND("rfecv", ""), data, MLSD_E_DATA, "row 1, column 'x1' is NaN");
    mlsd_dataset_free(none);
    mlsd_dataset_free(data);
}

static void test_select_by_fits__promises(void **state)
{
    (void)state;
    double x[N * P], y[N];
    mlsd_dataset *data = make_data(x, y);
    const char *const specs[] = {
        AROUND("select_from_model", ""), AROUND("rfe", ""), AROUND("rfecv", "\"step\":2,"),
        AROUND("sequential_select", "\"cv\":{\"kind\":\"shuffle_split\",\"n_splits\":3},"),
        AROUND("sequential_select", "\"direction\":\"backward\",\"tol\":-0.01,")};
    for (int i = 0; i < 5; i++)
        mlsd_model_free(fit_and_check(specs[i], data, x, N, MLSD_OUTPUT_FEATURES));
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select_by_fits__from_model),
        cmocka_unit_test(test_select_by_fits__elimination),
        cmocka_unit_test(test_select_by_fits__sequential),
        cmocka_unit_test(test_select_by_fits__categories),
        cmocka_unit_test(test_select_by_fits__bad_input),
        cmocka_unit_test(test_select_by_fits__promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
