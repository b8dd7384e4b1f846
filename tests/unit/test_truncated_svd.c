/* test_truncated_svd.c - singular vectors of rows that are not centred. Witness: values by hand,
 * and the variance of the coordinates themselves. */
#include "transform_checks.h"

static void test_truncated_svd__by_hand(void **state)
{
    (void)state;
    /* [3 0; 4 5]: singular values sqrt 45 and sqrt 5, right vectors (1, 1) and (1, -1) / sqrt 2. */
    const double x[] = {3, 0, 4, 5}, root = sqrt(0.5);
    mlsd_dataset *data = dataset_from(x, NULL, NULL, 2, 2);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"truncated_svd\"}", data, NULL, NULL);
    double components[4], singular[2], variance[2];
    array_of(model, "components", components, 4);
    array_of(model, "singular_values", singular, 2);
    array_of(model, "explained_variance", variance, 2);
    assert_close(components, (double[]){root, root, root, -root}, 4, 1e-15);
    assert_close(singular, (double[]){sqrt(45), sqrt(5)}, 2, 1e-14);
    /* Coordinates are (3, 9) and (3, -1) / sqrt 2: variances 9 / 2 and 4 / 2. */
    assert_close(variance, (double[]){4.5, 2}, 2, 1e-14);
    assert_string_equal(mlsd_model_output_name(model, 0), "truncatedsvd0");
    assert_fit_fails("{\"kind\":\"truncated_svd\",\"n_components\":3}", data, MLSD_E_PARAM_CONFLICT,
                     "is 3, but the data have 2");
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void check_shape(int64_t n, int64_t p, double offset)
{
    linear_data d = make_linear_data(n, p, 0, 11);
    for (int64_t i = 0; i < n * p; i++) d.x[i] += offset;
    mlsd_dataset *data = dataset_from(d.x, NULL, d.weight, n, p);
    mlsd_model *model = fit_and_check("{\"kind\":\"truncated_svd\",\"n_components\":4}", data, d.x,
                                      n, MLSD_OUTPUT_FEATURES);
    double variance[4], singular[4], ratio[4], whole = 0;
    double *const out = output_of(model, d.x, n, MLSD_OUTPUT_FEATURES);
    array_of(model, "explained_variance", variance, 4);
    array_of(model, "explained_variance_ratio", ratio, 4);
    array_of(model, "singular_values", singular, 4);
    for (int64_t j = 0; j < p + 4; j++) {
        const int64_t ld = j < p ? p : 4;
        const double *const from = j < p ? d.x + j : out + (j - p);
        double total = 0, mean = 0, squares = 0, about_0 = 0;
        for (int64_t i = 0; i < n; i++) {
            total += d.weight[i];
            mean += d.weight[i] * from[i * ld];
        }
        mean /= total;
        for (int64_t i = 0; i < n; i++) {
            squares += d.weight[i] * (from[i * ld] - mean) * (from[i * ld] - mean);
            about_0 += d.weight[i] * from[i * ld] * from[i * ld];
        }
        if (j < p) {
            whole += squares / total;
            continue;
        }
        assert_true(fabs(variance[j - p] / (squares / total) - 1) < 1e-9);
        assert_true(fabs(ratio[j - p] / (squares / total / whole) - 1) < 1e-9);
        assert_true(fabs(singular[j - p] / sqrt(about_0) - 1) < 1e-12);
    }
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Far from 0 the first vector is near the mean's, and its variance small beside its square. */
static void test_truncated_svd__variances_are_those_of_coordinates(void **state)
{
    (void)state;
    check_shape(2500, 6, 0);
    check_shape(2500, 6, 1e4);
    check_shape(12, 30, 0);
    check_shape(12, 30, 1e3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_truncated_svd__by_hand),
        cmocka_unit_test(test_truncated_svd__variances_are_those_of_coordinates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
