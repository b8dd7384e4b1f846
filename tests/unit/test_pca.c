/* test_pca.c - principal components. Witness: variances and directions by hand, and that
 * coordinates and directions give the rows back; scikit-learn is beside it in tests/reference. */
#include "transform_checks.h"

static void test_pca__by_hand(void **state)
{
    (void)state;
    /* On a line: covariance [1 2; 2 4], of eigenvalues 5 and 0. */
    const double x[] = {1, 12, 2, 14, 3, 16};
    mlsd_dataset *data = dataset_from(x, NULL, NULL, 3, 2);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"pca\"}", data, NULL, NULL);
    double components[4], variance[2], ratio[2], mean[2], singular[2];
    array_of(model, "components", components, 4);
    array_of(model, "explained_variance", variance, 2);
    array_of(model, "explained_variance_ratio", ratio, 2);
    array_of(model, "singular_values", singular, 2);
    array_of(model, "mean", mean, 2);
    const double root = sqrt(5);
    assert_close(components, (double[]){1 / root, 2 / root, 2 / root, -1 / root}, 4, 1e-15);
    assert_close(variance, (double[]){5, 0}, 2, 1e-14);
    assert_close(ratio, (double[]){1, 0}, 2, 1e-15);
    assert_close(singular, (double[]){sqrt(10), 0}, 2, 1e-14);
    assert_close(mean, (double[]){2, 14}, 2, 0);
    assert_true(number_of(model, "noise_variance") == 0);
    double *const out = output_of(model, x, 3, MLSD_OUTPUT_FEATURES);
    assert_close(out, (double[]){-root, 0, 0, 0, root, 0}, 6, 1e-14);
    assert_string_equal(mlsd_model_output_name(model, 1), "pca1");
    free(out);
    mlsd_model_free(model);
    /* What has no variance is 0 when whitened, not rounding blown up. */
    model = fit_json(NULL, "{\"kind\":\"pca\",\"whiten\":true}", data, NULL, NULL);
    double *const white = output_of(model, x, 3, MLSD_OUTPUT_FEATURES);
    assert_close(white, (double[]){-1, 0, 0, 0, 1, 0}, 6, 1e-14);
    assert_true(white[1] == 0 && white[3] == 0 && white[5] == 0);
    free(white);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Orthogonal columns of Hadamard's matrix times 1 and 1e-9, turned by (3/5, 4/5): moments would
 * keep nothing of the second, whose square is 1e-18. What is left is the rounding of the data. */
static void test_pca__small_components_keep_their_digits(void **state)
{
    (void)state;
    static const double h1[] = {1, 1, -1, -1}, h2[] = {1, -1, 1, -1};
    double x[8], singular[2], components[4];
    for (int i = 0; i < 4; i++) {
        x[2 * i] = 0.6 * h1[i] - 0.8e-9 * h2[i];
        x[2 * i + 1] = 0.8 * h1[i] + 0.6e-9 * h2[i];
    }
    mlsd_dataset *data = dataset_from(x, NULL, NULL, 4, 2);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"pca\"}", data, NULL, NULL);
    array_of(model, "singular_values", singular, 2);
    array_of(model, "components", components, 4);
    assert_true(fabs(singular[0] - 2) < 1e-15);
    assert_true(fabs(singular[1] / 2e-9 - 1) < 3e-7);
    assert_close(components, (double[]){0.6, 0.8, 0.8, -0.6}, 4, 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void assert_gives_rows_back(const mlsd_model *model, const double *x, int64_t n, int64_t p,
                                   double tolerance)
{
    const int64_t k = mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES);
    double *const c = malloc((size_t)(k * p) * sizeof *c), *const mean = malloc((size_t)p * 8);
    double *const t = output_of(model, x, n, MLSD_OUTPUT_FEATURES);
    array_of(model, "components", c, k * p);
    array_of(model, "mean", mean, p);
    for (int64_t a = 0; a < k; a++) {
        for (int64_t b = 0; b <= a; b++) {
            double dot = 0;
            for (int64_t j = 0; j < p; j++) dot += c[a * p + j] * c[b * p + j];
            assert_true(fabs(dot - (a == b)) < 1e-14);
        }
    }
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            double back = mean[j];
            for (int64_t a = 0; a < k; a++) back += t[i * k + a] * c[a * p + j];
            assert_true(fabs(back - x[i * p + j]) < tolerance);
        }
    }
    free(c);
    free(mean);
    free(t);
}

/* More columns than rows, one singular value 1e-6 of the others and the last one 0; more rows. */
static void test_pca__gives_rows_back(void **state)
{
    (void)state;
    enum { N = 9, P = 40 };
    linear_data wide = make_linear_data(N, P, 0, 7), tall = make_linear_data(3000, 5, 0, 8);
    for (int j = 0; j < P; j++) { /* the last two rows differ by little */
        const double d = wide.x[8 * P + j];
        wide.x[8 * P + j] = wide.x[7 * P + j] + 1e-6 * d;
    }
    mlsd_dataset *data = dataset_from(wide.x, NULL, NULL, N, P);
    mlsd_model *model = fit_and_check("{\"kind\":\"pca\"}", data, wide.x, N, MLSD_OUTPUT_FEATURES);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), N);
    assert_gives_rows_back(model, wide.x, N, P, 1e-12);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    data = dataset_from(tall.x, NULL, NULL, tall.n, tall.p);
    model = fit_and_check("{\"kind\":\"pca\"}", data, tall.x, tall.n, MLSD_OUTPUT_FEATURES);
    assert_gives_rows_back(model, tall.x, tall.n, tall.p, 1e-13);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&wide);
    free_linear_data(&tall);
}

static void test_pca__how_many(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 5, 0, 3); /* variances as 1, 4, 9, 16, 25 */
    mlsd_dataset *data = dataset_from(d.x, NULL, NULL, d.n, d.p);
    mlsd_model *all = fit_json(NULL, "{\"kind\":\"pca\"}", data, NULL, NULL);
    double ratio[5], variance[5];
    array_of(all, "explained_variance_ratio", ratio, 5);
    array_of(all, "explained_variance", variance, 5);
    for (int k = 1; k < 5; k++) {
        double sum = 0;
        for (int i = 0; i < k; i++) sum += ratio[i];
        char json[80];
        snprintf(json, sizeof json, "{\"kind\":\"pca\",\"n_components\":%.17g}", sum - 1e-9);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), k);
        double noise = 0;
        for (int i = k; i < 5; i++) noise += variance[i] / (5 - k);
        assert_true(fabs(number_of(model, "noise_variance") / noise - 1) < 1e-14);
        mlsd_model_free(model);
        snprintf(json, sizeof json, "{\"kind\":\"pca\",\"n_components\":%d}", k);
        model = fit_json(NULL, json, data, NULL, NULL);
        assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), k);
        mlsd_model_free(model);
    }
    mlsd_model_free(all);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void assert_close_arrays(const mlsd_model *a, const mlsd_model *b, const char *name,
                                int64_t n, double tolerance)
{
    double *const x = malloc((size_t)n * 8), *const y = malloc((size_t)n * 8);
    array_of(a, name, x, n);
    array_of(b, name, y, n);
    assert_close(x, y, n, tolerance);
    free(x);
    free(y);
}

static void test_pca__weights_are_repetition(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 4, 0, 5);
    mlsd_dataset *weighted, *repeated;
    repeat_rows(&d, 0, &weighted, &repeated);
    mlsd_model *a = fit_json(NULL, "{\"kind\":\"pca\",\"n_components\":3}", weighted, NULL, NULL);
    mlsd_model *b = fit_json(NULL, "{\"kind\":\"pca\",\"n_components\":3}", repeated, NULL, NULL);
    assert_close_arrays(a, b, "components", 12, 1e-13);
    assert_close_arrays(a, b, "explained_variance", 3, 1e-13);
    assert_close_arrays(a, b, "noise_variance", 1, 1e-13);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_linear_data(&d);
}

static void test_pca__bad_input(void **state)
{
    (void)state;
    const double one[] = {1, 2}, far[] = {1e200, 0, -1e200, 1, 3, 2}, lost[] = {1, 2, NAN, 4, 5, 6};
    const double same[] = {3, 3, 3, 3, 3, 3};
    mlsd_dataset *data = dataset_from(one, NULL, NULL, 1, 2);
    assert_fit_fails("{\"kind\":\"pca\"}", data, MLSD_E_DATA, "more than one row");
    mlsd_dataset_free(data);
    data = dataset_from(far, NULL, NULL, 3, 2);
    assert_fit_fails("{\"kind\":\"pca\"}", data, MLSD_E_NUMERIC, "overflow; scale the columns");
    assert_fit_fails("{\"kind\":\"pca\",\"n_components\":2.5}", data, MLSD_E_PARAM_CONFLICT,
                     "'n_components' is 2.5");
    mlsd_dataset_free(data);
    data = dataset_from(lost, NULL, NULL, 3, 2);
    assert_fit_fails("{\"kind\":\"pca\"}", data, MLSD_E_DATA, "row 1, column 'x0' is NaN");
    mlsd_dataset_free(data);
    data = dataset_from(same, NULL, NULL, 3, 2);
    assert_fit_fails("{\"kind\":\"pca\",\"n_components\":3}", data, MLSD_E_PARAM_CONFLICT,
                     "is 3, but the data have 2");
    /* Nothing varies: no share is anybody's. */
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"pca\",\"n_components\":0.5}", data, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 1);
    double ratio, *const out = output_of(model, same, 3, MLSD_OUTPUT_FEATURES);
    array_of(model, "explained_variance_ratio", &ratio, 1);
    assert_true(ratio == 0 && out[0] == 0);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pca__by_hand),
        cmocka_unit_test(test_pca__small_components_keep_their_digits),
        cmocka_unit_test(test_pca__gives_rows_back),
        cmocka_unit_test(test_pca__how_many),
        cmocka_unit_test(test_pca__weights_are_repetition),
        cmocka_unit_test(test_pca__bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
