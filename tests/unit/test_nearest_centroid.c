/* test_nearest_centroid.c - the nearest centre. Witness: means, medians and thresholds by hand;
 * scikit-learn is beside it in tests/reference. */
#include "linear_data.h"

enum { N = 8, P = 2 };
/* Class 0 about (1, 10), class 1 about (5, 10), class 2 about (3, 20). */
static const double base[N * P] = {0, 10, 2, 10, 4, 10, 6, 10, 2, 20, 4, 20, 3, 19, 3, 21};
static const double label[N] = {0, 0, 1, 1, 2, 2, 2, 2};

static mlsd_model *fit_base(const char *json, double offset, const double *weight)
{
    double x[N * P];
    for (int i = 0; i < N * P; i++) x[i] = base[i] + offset;
    const mlsd_matrix mx = {x, N, P, P, 1, MLSD_F64, 0}, my = {label, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {weight, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, weight != NULL ? &mw : NULL, MLSD_TASK_MULTICLASS,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

/* Far from 0 as well: numbers of 1e9 and distances of 1. */
static void test_nearest_centroid__means(void **state)
{
    (void)state;
    for (int far = 0; far < 2; far++) {
        const double offset = far ? 1e9 : 0;
        mlsd_model *model = fit_base("{\"kind\":\"nearest_centroid\"}", offset, NULL);
        double got[3 * P], out[3];
        const double want[] = {1, 10, 5, 10, 3, 20};
        array_of(model, "centroids", got, 3 * P);
        for (int i = 0; i < 3 * P; i++) assert_true(got[i] == want[i] + offset);
        const double at[] = {offset + 4, offset + 14};
        const mlsd_matrix row = {at, 1, P, P, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_DECISION, out, 3),
                         MLSD_OK);
        const double near[] = {-5, -sqrt(17), -sqrt(37)};
        assert_close(out, near, 3, 1e-15);
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, out, 1),
                         MLSD_OK);
        assert_true(out[0] == 1);
        mlsd_model_free(model);
    }
}

/* Weights 3, 1 draw a mean and a median towards the first; equal ones give the middle. */
static void test_nearest_centroid__weights(void **state)
{
    (void)state;
    const double weight[N] = {3, 1, 1, 1, 0, 2, 1, 1};
    double got[3 * P];
    mlsd_model *mean = fit_base("{\"kind\":\"nearest_centroid\"}", 0, weight);
    array_of(mean, "centroids", got, 3 * P);
    assert_close(got, (const double[]){0.5, 10, 5, 10, 3.5, 20}, 3 * P, 1e-15);
    mlsd_model *median =
        fit_base("{\"kind\":\"nearest_centroid\",\"metric\":\"manhattan\"}", 0, weight);
    array_of(median, "centroids", got, 3 * P);
    assert_close(got, (const double[]){0, 10, 5, 10, 3.5, 20}, 3 * P, 0);
    size_t size = 0;
    unsigned char *const bytes = bytes_of(median, &size);
    mlsd_model *loaded = NULL;
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &loaded), MLSD_OK);
    assert_same_model(median, loaded);
    free(bytes);
    mlsd_model_free(loaded);
    mlsd_model_free(median);
    mlsd_model_free(mean);
}

/* Column 0: squares within are 2 + 2 + 2 = 6 over 8 - 3, spread sqrt(1.2); column 1: sqrt(0.4);
 * their middle is added to both. Class 0: unit sqrt(1 / 2 - 1 / 8). */
static void test_nearest_centroid__shrunken(void **state)
{
    (void)state;
    mlsd_model *model =
        fit_base("{\"kind\":\"nearest_centroid\",\"shrink_threshold\":0.5}", 0, NULL);
    double got[3 * P];
    array_of(model, "centroids", got, 3 * P);
    const double middle = (sqrt(1.2) + sqrt(0.4)) / 2, half = 0.5 * sqrt(3.0 / 8);
    assert_true(fabs(got[0] - (1 + half * (sqrt(1.2) + middle))) < 1e-14);
    assert_true(fabs(got[1] - (10 + half * (sqrt(0.4) + middle))) < 1e-13);
    mlsd_model_free(model);
    model = fit_base("{\"kind\":\"nearest_centroid\",\"shrink_threshold\":1e6}", 0, NULL);
    array_of(model, "centroids", got, 3 * P);
    for (int i = 0; i < 3 * P; i++) assert_true(fabs(got[i] - (i % 2 ? 15 : 3)) < 1e-14);
    mlsd_model_free(model);
}

static void test_nearest_centroid__missing_class_and_bad_input(void **state)
{
    (void)state;
    const mlsd_matrix mx = {base, N, P, P, 1, MLSD_F64, 0}, my = {label, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL, *part = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &mx, &my, NULL, MLSD_TASK_MULTICLASS, &data),
                     MLSD_OK);
    const int64_t rows[] = {0, 1, 4, 5};
    assert_int_equal(mlsd_dataset_rows(data, rows, 4, &part), MLSD_OK);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"nearest_centroid\"}", part, NULL, NULL);
    double out[N];
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, N), MLSD_OK);
    for (int i = 0; i < N; i++) assert_true(out[i] != 1); /* without rows it is never chosen */
    mlsd_model_free(model);

    static const struct {
        const char *json, *text;
    } cases[] = {
        {"{\"kind\":\"nearest_centroid\",\"metric\":\"manhattan\",\"shrink_threshold\":1}",
         "metric 'manhattan' has medians"},
        {"{\"kind\":\"nearest_centroid\",\"shrink_threshold\":1}",
         "needs more rows than classes, got a weight of 2 and 2 classes"},
    };
    mlsd_dataset_free(part);
    assert_int_equal(mlsd_dataset_rows(data, rows + 1, 2, &part), MLSD_OK);
    for (int i = 0; i < 2; i++) {
        mlsd_spec *spec = spec_from(cases[i].json);
        model = NULL;
        assert_int_not_equal(mlsd_model_fit(NULL, spec, part, NULL, NULL, &model), MLSD_OK);
        if (strstr(mlsd_last_error(), cases[i].text) == NULL) fail_msg("%s", mlsd_last_error());
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(part);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_centroid__means),
        cmocka_unit_test(test_nearest_centroid__weights),
        cmocka_unit_test(test_nearest_centroid__shrunken),
        cmocka_unit_test(test_nearest_centroid__missing_class_and_bad_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
