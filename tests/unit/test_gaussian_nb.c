/* test_gaussian_nb.c - normal columns. Witness: moments and likelihoods by hand; scikit-learn is
 * beside it in tests/reference. */
#include "linear_data.h"

static mlsd_dataset *rows_of(const double *x, const double *y, int64_t n, int64_t p)
{
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, NULL, MLSD_TASK_AUTO, &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

/* Means of 1e9 and variances of 2/3: sums of squares as they are would have no correct digit. The
 * second column is constant and tells nothing. */
static void test_gaussian_nb__by_hand(void **state)
{
    (void)state;
    const double base = 1e9;
    const double x[] = {base + 1, 7, base + 2, 7, base + 3, 7,
                        base + 5, 7, base + 6, 7, base + 7, 7};
    const double y[] = {0, 0, 0, 1, 1, 1};
    mlsd_dataset *data = rows_of(x, y, 6, 2);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"gaussian_nb\",\"var_smoothing\":0}", data, NULL, NULL);
    double theta[4], var[4], out[12];
    array_of(model, "theta", theta, 4);
    array_of(model, "var", var, 4);
    assert_true(theta[0] == base + 2 && theta[2] == base + 6 && theta[1] == 7);
    assert_true(var[0] == 2.0 / 3 && var[2] == 2.0 / 3 && var[1] == 0);
    const mlsd_matrix at = {(double[]){base + 3, 99}, 1, 2, 2, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &at, MLSD_OUTPUT_PROBA, out, 2),
                     MLSD_OK);
    const double odds = exp((9.0 - 1.0) / 2 / (2.0 / 3)); /* of distances 1 and 3 */
    assert_true(fabs(out[0] - odds / (1 + odds)) < 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_gaussian_nb__one_value_in_a_class(void **state)
{
    (void)state;
    const double x[] = {1, 1, 2, 3}, y[] = {0, 0, 1, 1}, far[] = {1e200};
    mlsd_dataset *data = rows_of(x, y, 4, 1);
    mlsd_spec *spec = spec_from("{\"kind\":\"gaussian_nb\",\"var_smoothing\":0}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "one value only in class 0"));
    assert_null(model);
    mlsd_spec_free(spec);
    /* With smoothing it works, and a row beyond all bounds is no class's, so each has a half. */
    model = fit_json(NULL, "{\"kind\":\"gaussian_nb\"}", data, NULL, NULL);
    const mlsd_matrix at = {far, 1, 1, 1, 1, MLSD_F64, 0};
    double out[2];
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &at, MLSD_OUTPUT_PROBA, out, 2),
                     MLSD_OK);
    assert_true(out[0] == 0.5 && out[1] == 0.5);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* Several blocks of rows: the same bytes for any number of threads, and from the file. */
static void test_gaussian_nb__threads(void **state)
{
    (void)state;
    enum { N = 20000, P = 3 };
    double *x = malloc(sizeof *x * N * P), *y = malloc(sizeof *y * N);
    uint32_t s = 5;
    for (int i = 0; i < N * P; i++) {
        s = s * 1664525u + 1013904223u;
        x[i] = (double)(s >> 8) / 1e5;
    }
    for (int i = 0; i < N; i++) y[i] = (i * 7 + (x[i * P] > 80)) % 3;
    mlsd_dataset *data = rows_of(x, y, N, P);
    static const char *const kinds[] = {"gaussian_nb", "bernoulli_nb", "multinomial_nb"};
    for (int k = 0; k < 3; k++) {
        char json[64];
        snprintf(json, sizeof json, "{\"kind\":\"%s\"}", kinds[k]);
        mlsd_model *first = NULL;
        for (int64_t n_threads = 1; n_threads <= 7; n_threads += 3) {
            mlsd_context *context = context_with_threads(n_threads);
            mlsd_model *model = fit_json(context, json, data, NULL, NULL);
            if (first != NULL) assert_same_model(first, model);
            if (first == NULL)
                first = model;
            else
                mlsd_model_free(model);
            mlsd_context_free(context);
        }
        mlsd_model_free(first);
    }
    mlsd_dataset_free(data);
    free(x);
    free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaussian_nb__by_hand),
        cmocka_unit_test(test_gaussian_nb__one_value_in_a_class),
        cmocka_unit_test(test_gaussian_nb__threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
