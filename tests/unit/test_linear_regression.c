/* test_linear_regression.c - least squares beside certified values, scikit-learn's and its
 * identities. Witnesses: NIST StRD "Longley" (certified coefficients, 15 digits);
 * scikit-learn 1.2.1, LinearRegression, on the data of linear_data.h (60 x 4 from seed 11, 6 x 9
 * from seed 5, weighted). */
#include "linear_data.h"

static const char OLS[] = "{\"kind\":\"linear_regression\"}";

static void test_linear_regression__longley(void **state)
{
    (void)state;
    static const double x[16][6] = {
        {83.0, 234289, 2356, 1590, 107608, 1947},  {88.5, 259426, 2325, 1456, 108632, 1948},
        {88.2, 258054, 3682, 1616, 109773, 1949},  {89.5, 284599, 3351, 1650, 110929, 1950},
        {96.2, 328975, 2099, 3099, 112075, 1951},  {98.1, 346999, 1932, 3594, 113270, 1952},
        {99.0, 365385, 1870, 3547, 115094, 1953},  {100.0, 363112, 3578, 3350, 116219, 1954},
        {101.2, 397469, 2904, 3048, 117388, 1955}, {104.6, 419180, 2822, 2857, 118734, 1956},
        {108.4, 442769, 2936, 2798, 120445, 1957}, {110.8, 444546, 4681, 2637, 121950, 1958},
        {112.6, 482704, 3813, 2552, 123366, 1959}, {114.2, 502601, 3931, 2514, 125368, 1960},
        {115.7, 518173, 4806, 2572, 127852, 1961}, {116.9, 554894, 4007, 2827, 130081, 1962}};
    static const double y[16] = {60323, 61122, 60171, 61187, 63221, 63639, 64989, 63761,
                                 66019, 67857, 68169, 66513, 68655, 69564, 69331, 70551};
    static const double certified[] = {15.0618722713733,  -0.0358191792925910, -2.02022980381683,
                                       -1.03322686717359, -0.0511041056535807, 1829.15146461355};
    const mlsd_matrix mx = {x, 16, 6, 6, 1, MLSD_F64, 0}, my = {y, 16, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    assert_int_equal(mlsd_dataset_from_matrix(NULL, &mx, &my, NULL, MLSD_TASK_REGRESSION, &data),
                     MLSD_OK);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    double coef[6];
    array_of(model, "coef", coef, 6);
    /* About 11 of the 15 digits: the condition of the scaled columns is some thousands. */
    for (int j = 0; j < 6; j++) assert_true(fabs(coef[j] / certified[j] - 1) < 1e-11);
    assert_true(fabs(number_of(model, "intercept") / -3482258.63459582 - 1) < 1e-11);
    assert_true(number_of(model, "rank") == 6);
    assert_true(number_of(model, "condition") > 1e3);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static mlsd_model *fit_made(const char *json, int64_t n, int64_t p, uint32_t seed)
{
    linear_data d = make_linear_data(n, p, 0, seed);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    free_linear_data(&d);
    return model;
}

static void test_linear_regression__as_scikit_learn(void **state)
{
    (void)state;
    const double coef[] = {2.1413356630400733, -1.0646275937987912, -0.08281320144516902,
                           -0.12369255195198259};
    const double singular[] = {12.878084144971963, 9.42144882404755, 6.39776834950502,
                               2.966834438390849};
    double got[9];
    mlsd_model *model = fit_made(OLS, 60, 4, 11);
    array_of(model, "coef", got, 4);
    assert_close(got, coef, 4, 1e-14);
    array_of(model, "singular", got, 4);
    assert_close(got, singular, 4, 1e-13);
    const double intercept = number_of(model, "intercept"), want = -0.003500860686939236;
    assert_close(&intercept, &want, 1, 1e-15);
    mlsd_model_free(model);

    const double bare[] = {2.1392028501769373, -1.0646366169749453, -0.08256619604921622,
                           -0.12350028120537371};
    model = fit_made("{\"kind\":\"linear_regression\",\"fit_intercept\":false}", 60, 4, 11);
    array_of(model, "coef", got, 4);
    assert_close(got, bare, 4, 1e-14);
    assert_true(number_of(model, "intercept") == 0);
    mlsd_model_free(model);

    const double least[] = {0.45355727178486444,  -0.1215411200144851, 0.5102292173467118,
                            -0.02623357057079001, -0.5923072463303998, -0.3784301764966522,
                            0.11127978604131779,  0.21995433988391644, -0.2843958564833762};
    model = fit_made(OLS, 6, 9, 5);
    array_of(model, "coef", got, 9);
    assert_close(got, least, 9, 1e-13);
    assert_true(number_of(model, "rank") == 5);
    mlsd_model_free(model);
}

/* x2 = x0 + x1, and a constant: the least norm, as scikit-learn's. */
static void test_linear_regression__dependent_columns(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 4, 0, 11);
    for (int64_t i = 0; i < 60; i++) {
        d.x[i * 4 + 2] = d.x[i * 4] + d.x[i * 4 + 1];
        d.x[i * 4 + 3] = 0.1;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    const double coef[] = {1.7106808779622187, -1.3624482580752046, 0.3482326198870149, 0};
    double got[4];
    array_of(model, "coef", got, 4);
    assert_close(got, coef, 4, 1e-13);
    assert_true(number_of(model, "rank") == 2);
    assert_true(isinf(number_of(model, "condition")));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Identity: units do not change the fit; columns 1e-9 and 1e9 times as large keep their full rank.
 */
static void test_linear_regression__units_do_not_matter(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 0, 11);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *plain = fit_json(NULL, OLS, data, NULL, NULL);
    mlsd_dataset_free(data);
    const double unit[] = {1e-9, 1, 1e9};
    for (int64_t i = 0; i < 180; i++) d.x[i] *= unit[i % 3];
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *scaled = fit_json(NULL, OLS, data, NULL, NULL);
    double a[3], b[3];
    array_of(plain, "coef", a, 3);
    array_of(scaled, "coef", b, 3);
    for (int j = 0; j < 3; j++) b[j] *= unit[j];
    assert_close(b, a, 3, 1e-13);
    assert_true(number_of(scaled, "rank") == 3);
    mlsd_model_free(plain);
    mlsd_model_free(scaled);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Identity: residuals are orthogonal to the columns; threads change no bit; many blocks and groups.
 */
static void test_linear_regression__many_blocks(void **state)
{
    (void)state;
    enum { N = 40000, P = 5 };
    linear_data d = make_linear_data(N, P, 0, 21);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
    mlsd_model *a = fit_json(one, OLS, data, NULL, NULL);
    mlsd_model *b = fit_json(seven, OLS, data, NULL, NULL);
    assert_same_model(a, b);
    double *fitted = malloc(N * sizeof *fitted);
    assert_int_equal(mlsd_model_predict(seven, a, data, MLSD_OUTPUT_VALUE, fitted, N), MLSD_OK);
    for (int64_t j = 0; j < P; j++) {
        double dot = 0;
        for (int64_t i = 0; i < N; i++) dot += d.weight[i] * (d.y[i] - fitted[i]) * d.x[i * P + j];
        assert_true(fabs(dot) < 1e-8);
    }
    free(fitted);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_context_free(one);
    mlsd_context_free(seven);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_regression__longley),
        cmocka_unit_test(test_linear_regression__as_scikit_learn),
        cmocka_unit_test(test_linear_regression__dependent_columns),
        cmocka_unit_test(test_linear_regression__units_do_not_matter),
        cmocka_unit_test(test_linear_regression__many_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
