/* test_quadratic_discriminant.c - normal classes of covariances of their own. Witness: densities by
 * hand, and of two columns by the inverse written out; scikit-learn is beside it in
 * tests/reference.
 */
#include "transform_checks.h"

static const char qda[] = "{\"kind\":\"quadratic_discriminant_analysis\"}";
static const char drawn[] = "{\"kind\":\"quadratic_discriminant_analysis\",\"reg_param\":0.25}";

/* -1, 0, 1 and 8, 10, 12: means 0 and 10, variances 1 and 4. */
static void test_quadratic_discriminant__by_hand(void **state)
{
    (void)state;
    const double x[] = {-1, 0, 1, 8, 10, 12}, y[] = {0, 0, 0, 1, 1, 1}, at[] = {4};
    mlsd_dataset *data = dataset_from(x, y, NULL, 6, 1);
    mlsd_model *model = fit_json(NULL, qda, data, NULL, NULL);
    double scalings[2], *out = output_of(model, at, 1, MLSD_OUTPUT_DECISION);
    array_of(model, "scalings", scalings, 2);
    assert_close(scalings, (double[]){1, 4}, 2, 1e-14);
    assert_true(fabs(out[0] - ((-36.0 / 4 - log(4)) / 2 + 16.0 / 2)) < 1e-14);
    free(out);
    mlsd_model_free(model);
    model = fit_json(NULL, drawn, data, NULL, NULL); /* variances 0.75 v + 0.25 */
    array_of(model, "scalings", scalings, 2);
    assert_close(scalings, (double[]){1, 3.25}, 2, 1e-14);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Two columns, far from 0 and hardly independent: scores as the inverse of 2 x 2 gives them from
 * moments about the means. */
static void test_quadratic_discriminant__two_columns(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 2, 3, 12);
    double mean[3][2] = {{0}}, cov[3][3] = {{0}}, n[3] = {0};
    for (int64_t i = 0; i < d.n; i++) d.x[2 * i + 1] = 1000 + d.x[2 * i] + d.x[2 * i + 1] / 100;
    for (int64_t i = 0; i < d.n; i++) n[(int)d.y[i]]++;
    for (int64_t i = 0; i < d.n; i++)
        for (int j = 0; j < 2; j++) mean[(int)d.y[i]][j] += d.x[2 * i + j] / n[(int)d.y[i]];
    for (int64_t i = 0; i < d.n; i++) {
        const int c = (int)d.y[i];
        const double a = d.x[2 * i] - mean[c][0], b = d.x[2 * i + 1] - mean[c][1];
        cov[c][0] += a * a / (n[c] - 1);
        cov[c][1] += a * b / (n[c] - 1);
        cov[c][2] += b * b / (n[c] - 1);
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    mlsd_model *model = fit_and_check(qda, data, d.x, d.n, MLSD_OUTPUT_DECISION);
    double *const out = output_of(model, d.x, d.n, MLSD_OUTPUT_DECISION);
    for (int64_t i = 0; i < d.n; i++) {
        for (int c = 0; c < 3; c++) {
            const double a = d.x[2 * i] - mean[c][0], b = d.x[2 * i + 1] - mean[c][1];
            const double det = cov[c][0] * cov[c][2] - cov[c][1] * cov[c][1];
            const double m = (cov[c][2] * a * a - 2 * cov[c][1] * a * b + cov[c][0] * b * b) / det;
            const double want = log(n[c] / (double)d.n) - (m + log(det)) / 2;
            assert_true(fabs(out[3 * i + c] - want) < 1e-7 * (1 + m)); /* det lost 9 digits */
        }
    }
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_quadratic_discriminant__threads_and_weights(void **state)
{
    (void)state;
    linear_data d = make_linear_data(4000, 4, 2, 3);
    mlsd_dataset *weighted, *repeated;
    repeat_rows(&d, 1, &weighted, &repeated);
    mlsd_model *a = fit_and_check("{\"kind\":\"quadratic_discriminant_analysis\",\"reg_param\":0.1,"
                                  "\"store_covariance\":true}",
                                  weighted, d.x, d.n, MLSD_OUTPUT_PROBA);
    mlsd_model *b = fit_json(NULL,
                             "{\"kind\":\"quadratic_discriminant_analysis\",\"reg_param\":0.1,"
                             "\"store_covariance\":true}",
                             repeated, NULL, NULL);
    double *const x = output_of(a, d.x, d.n, MLSD_OUTPUT_PROBA);
    double *const y = output_of(b, d.x, d.n, MLSD_OUTPUT_PROBA);
    assert_close(x, y, d.n * 2, 1e-12);
    double covariance[2 * 4 * 4], other[2 * 4 * 4];
    array_of(a, "covariance", covariance, 32);
    array_of(b, "covariance", other, 32);
    assert_close(covariance, other, 32, 1e-12);
    free(x);
    free(y);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(weighted);
    mlsd_dataset_free(repeated);
    free_linear_data(&d);
}

/* Class 1 has one row; then its columns depend, then one is constant there; reg_param helps. */
static void test_quadratic_discriminant__bad_input(void **state)
{
    (void)state;
    double x[] = {1, 2, 2, 1, 3, 4, 5, 5, 6, 7, 7, 9}, y[] = {0, 0, 0, 0, 0, 1};
    mlsd_dataset *data = dataset_from(x, y, NULL, 6, 2);
    assert_fit_fails(qda, data, MLSD_E_DATA, "class 1 has rows of weight 1; to see how");
    mlsd_dataset_free(data);
    y[4] = 1;
    data = dataset_from(x, y, NULL, 6, 2);
    assert_fit_fails(qda, data, MLSD_E_DATA,
                     "class 1: column 'x1' is constant, or a combination of those before it; set "
                     "'reg_param'");
    mlsd_model *model = fit_json(NULL, drawn, data, NULL, NULL);
    double *const out = output_of(model, x, 6, MLSD_OUTPUT_PROBA);
    for (int i = 0; i < 12; i++) assert_true(out[i] >= 0 && out[i] <= 1);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    y[3] = 1;
    x[6] = x[8] = x[10] = 0.1;
    data = dataset_from(x, y, NULL, 6, 2);
    assert_fit_fails(qda, data, MLSD_E_DATA, "class 1: column 'x0' is constant");
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quadratic_discriminant__by_hand),
        cmocka_unit_test(test_quadratic_discriminant__two_columns),
        cmocka_unit_test(test_quadratic_discriminant__threads_and_weights),
        cmocka_unit_test(test_quadratic_discriminant__bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
