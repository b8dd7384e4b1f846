/* test_linear_regression.c - least squares beside certified values, scikit-learn's and its
 * identities. Witnesses: NIST StRD "Longley" and "Wampler1" to "Wampler5" (certified values, 15
 * digits; all of NIST's linear sets: tests/reference/test_nist_linear.py);
 * scikit-learn 1.2.1, LinearRegression, on the data of linear_data.h (60 x 4 from seed 11, 6 x 9
 * from seed 5, weighted); statsmodels 0.13.5, OLS, on the same 60 x 4. */
#include "linear_data.h"

static const char OLS[] = "{\"kind\":\"linear_regression\"}";

/* Correct digits of a number. */
static double digits(double got, double certified)
{
    const double error = fabs(got - certified);
    const double share = certified != 0 ? error / fabs(certified) : error;
    return share > 0 ? -log10(share) : 17;
}

static mlsd_dataset *dataset_of_arrays(const double *x, const double *y, const double *weight,
                                       int64_t n, int64_t p)
{
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {weight, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, weight != NULL ? &mw : NULL, MLSD_TASK_REGRESSION,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

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
    static const double errors[] = {84.9149257747669,  0.0334910077722432, 0.488399681651699,
                                    0.214274163161675, 0.226073200069370,  455.478499142212};
    mlsd_dataset *data = dataset_of_arrays(x[0], y, NULL, 16, 6);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    double coef[6], error[6];
    array_of(model, "coef", coef, 6);
    array_of(model, "std_error", error, 6);
    for (int j = 0; j < 6; j++) {
        assert_true(digits(coef[j], certified[j]) > 14);
        assert_true(digits(error[j], errors[j]) > 14);
    }
    assert_true(digits(number_of(model, "intercept"), -3482258.63459582) > 14);
    assert_true(digits(number_of(model, "intercept_std_error"), 890420.383607373) > 14);
    assert_true(digits(number_of(model, "residual_std_error"), 304.854073561965) > 14);
    assert_true(digits(number_of(model, "r2"), 0.995479004577296) > 14);
    assert_true(digits(number_of(model, "f_value"), 330.285339234588) > 14);
    assert_true(number_of(model, "df_model") == 6);
    assert_true(number_of(model, "df_residual") == 9);
    assert_true(number_of(model, "rank") == 6);
    /* The root of the ratio of the correlation matrix's extreme eigenvalues. */
    assert_true(fabs(number_of(model, "condition") - 110.5) < 0.1);
    assert_true(number_of(model, "n_refinements") >= 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* y = 1 + x + ... + x^5 (Wampler2: with 1 / 10^k before x^k) on 0..20, exact in double, and noise
 * that is orthogonal to it. */
static void test_linear_regression__wampler(void **state)
{
    (void)state;
    static const double noise[] = {759,   -2048, 2048,  -2048, 2523,  -2048, 2048,
                                   -2048, 1838,  -2048, 2048,  -2048, 1838,  -2048,
                                   2048,  -2048, 2523,  -2048, 2048,  -2048, 759};
    static const double sizes[] = {0, 1, 100, 10000};
    static const double errors[] = {2363.55173469681, 779.343524331583, 101.475507550350,
                                    5.64566512170752, 0.112324854679312};
    double x[21][5], y[21];
    for (int set = 0; set < 4; set++) {
        for (int i = 0; i < 21; i++) {
            double power = 1;
            y[i] = 1 + sizes[set] * noise[i];
            for (int j = 0; j < 5; j++) {
                power *= i;
                x[i][j] = power;
                y[i] += power;
            }
        }
        mlsd_dataset *data = dataset_of_arrays(x[0], y, NULL, 21, 5);
        mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
        double coef[5], error[5];
        array_of(model, "coef", coef, 5);
        array_of(model, "std_error", error, 5);
        assert_true(digits(number_of(model, "intercept"), 1) > 15);
        for (int j = 0; j < 5; j++) {
            assert_true(digits(coef[j], 1) > 15);
            assert_true(set == 0 ? error[j] < 1e-15
                                 : digits(error[j], errors[j] * sizes[set]) > 14);
        }
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
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

/* Witness: statsmodels 0.13.5, OLS, on the 60 x 4 of seed 11; for the intervals R 4.2.2, qt(). */
static void test_linear_regression__inference(void **state)
{
    (void)state;
    static const double error[] = {0.24057715463366433, 0.11413226292414337, 0.07696009190983341,
                                   0.05872910355470762};
    static const double t[] = {9.626467820067203, -9.500749272941604, -1.0879475466727881,
                               -2.0330686291517654};
    static const double p[] = {2.1432599867572453e-13, 3.3821028321733195e-13, 0.2813628841832407,
                               0.0468832386770406};
    static const double interval[] = {
        1.9134144863493772, -1.2752891664032255, -0.2124853909220002, -0.21765608305333584,
        2.7184019882992247, -0.8933948615882448, 0.0450283045519691,  -0.02114451305722717};
    static const double intercept_interval[] = {-0.15492588429540577, 0.0727479336797437};
    static const double numbers[] = {0.0680421983948476, -0.603874893479962, 0.5484095771166886,
                                     0.7539772591961088, 0.7360846962285531, 42.139142422652526,
                                     0.5181544516301854};
    static const double covariance[] = {
        0.057877367331630035,   -0.0024656971986064488, -0.001711481293166718,
        -0.001138583292824212,  -0.002341863370890022,  -0.0024656971986064483,
        0.01302617344018579,    0.0008128755697214562,  0.0014390244886177568,
        0.00025383804154076225, -0.0017114812931667178, 0.0008128755697214562,
        0.0059228557467700055,  -0.0004370910077337589, 1.6697953817021716e-05,
        -0.0011385832928242116, 0.0014390244886177568,  -0.000437091007733759,
        0.0034491076043395713,  0.0005000708745905368,  -0.0023418633708900223,
        0.00025383804154076225, 1.6697953817021706e-05, 0.0005000708745905368,
        0.0046297407624038};
    const double f_p_value = 3.8812050721580757e-16;
    linear_data d = make_linear_data(60, 4, 0, 11);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"linear_regression\",\"level\":0.9}", data, NULL, NULL);
    double got[25];
    array_of(model, "std_error", got, 4);
    assert_close(got, error, 4, 1e-13);
    array_of(model, "t_value", got, 4);
    assert_close(got, t, 4, 1e-11);
    array_of(model, "p_value", got, 4);
    assert_close(got, p, 4, 1e-12);
    array_of(model, "interval", got, 8);
    assert_close(got, interval, 8, 1e-12);
    array_of(model, "intercept_interval", got, 2);
    assert_close(got, intercept_interval, 2, 1e-12);
    const double scalars[] = {
        number_of(model, "intercept_std_error"), number_of(model, "intercept_t_value"),
        number_of(model, "intercept_p_value"),   number_of(model, "r2"),
        number_of(model, "adjusted_r2"),         number_of(model, "f_value"),
        number_of(model, "residual_std_error")};
    assert_close(scalars, numbers, 7, 1e-11);
    assert_true(digits(number_of(model, "f_p_value"), f_p_value) > 10);
    array_of(model, "covariance", got, 25);
    assert_close(got, covariance, 25, 1e-13);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void assert_same_numbers(const mlsd_model *a, const mlsd_model *b, int64_t p)
{
    static const char *const arrays[] = {"coef", "std_error", "p_value"};
    static const char *const numbers[] = {
        "intercept",   "intercept_std_error", "r2", "adjusted_r2", "f_value",
        "df_residual", "residual_std_error"};
    double of_a[16], of_b[16];
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        array_of(a, arrays[i], of_a, p);
        array_of(b, arrays[i], of_b, p);
        for (int64_t j = 0; j < p; j++) assert_true(digits(of_a[j], of_b[j]) > 11);
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        assert_true(digits(number_of(a, numbers[i]), number_of(b, numbers[i])) > 11);
}

/* Identity: a row of weight k is k rows, one of weight 0 is none. */
static void test_linear_regression__weights_are_repetition(void **state)
{
    (void)state;
    enum { N = 60, P = 4 };
    linear_data d = make_linear_data(N, P, 0, 11);
    double *const x = malloc(3 * N * P * sizeof *x), *const y = malloc(3 * N * sizeof *y);
    int64_t n = 0;
    for (int i = 0; i < N; i++) {
        d.weight[i] = i % 4;
        for (int k = 0; k < i % 4; k++, n++) {
            memcpy(x + n * P, d.x + i * P, P * sizeof *x);
            y[n] = d.y[i];
        }
    }
    for (int fast = 0; fast < 2; fast++) {
        const char *const json =
            fast ? "{\"kind\":\"linear_regression\",\"accuracy\":\"fast\"}" : OLS;
        mlsd_dataset *weighted = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
        mlsd_dataset *repeated = dataset_of_arrays(x, y, NULL, n, P);
        mlsd_model *a = fit_json(NULL, json, weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, json, repeated, NULL, NULL);
        assert_same_numbers(a, b, P);
        assert_true((number_of(a, "n_refinements") == 0) == (fast == 1));
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
    }
    free(x);
    free(y);
    free_linear_data(&d);
}

/* The refined answer is that of the fast one with more digits, with weights and without intercept.
 */
static void test_linear_regression__fast_agrees(void **state)
{
    (void)state;
    linear_data d = make_linear_data(3000, 13, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *a = fit_json(NULL, "{\"kind\":\"linear_regression\",\"fit_intercept\":false}", data,
                             NULL, NULL);
    mlsd_model *b = fit_json(NULL,
                             "{\"kind\":\"linear_regression\",\"fit_intercept\":false,"
                             "\"accuracy\":\"fast\"}",
                             data, NULL, NULL);
    double of_a[13], of_b[13];
    static const char *const arrays[] = {"coef", "std_error", "t_value"};
    for (int k = 0; k < 3; k++) {
        array_of(a, arrays[k], of_a, 13);
        array_of(b, arrays[k], of_b, 13);
        assert_close(of_a, of_b, 13, 1e-10);
    }
    assert_true(fabs(number_of(a, "f_value") / number_of(b, "f_value") - 1) < 1e-12);
    assert_true(number_of(a, "df_residual") == number_of(b, "df_residual"));
    int64_t rows = -1, cols = -1;
    assert_int_equal(mlsd_model_get_array(a, "intercept_std_error", NULL, 0, &rows, &cols),
                     MLSD_OK);
    assert_int_equal(cols, 0);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Which column depends on which, and what is then known. x2 = 2 x0 - 3 x1 + 5; x4 constant. */
static void test_linear_regression__names_dependences(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 5, 0, 11);
    for (int64_t i = 0; i < 60; i++) {
        d.x[i * 5 + 2] = 2 * d.x[i * 5] - 3 * d.x[i * 5 + 1] + 5;
        d.x[i * 5 + 4] = 0.1;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    const double want[] = {2, -3, -1, 0, 0, 0, 0, 0, 0, -1};
    double got[10], error[5];
    array_of(model, "dependence", got, 10);
    assert_close(got, want, 10, 1e-12);
    array_of(model, "std_error", error, 5);
    for (int j = 0; j < 5; j++) assert_true(isnan(error[j]) == (j != 3));
    assert_true(isnan(number_of(model, "intercept_std_error")));
    assert_true(number_of(model, "df_model") == 3);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    /* Identity: where the column is left out, what is still known does not change. */
    for (int64_t i = 0; i < 60; i++) {
        d.x[i * 5 + 2] = d.x[i * 5 + 3];
        d.x[i * 5 + 3] = d.x[i * 5 + 4] = 0;
    }
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    model = fit_json(NULL, OLS, data, NULL, NULL);
    double without[5];
    array_of(model, "std_error", without, 5);
    assert_true(digits(error[3], without[2]) > 11);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void keep_line(int32_t level, const char *line, void *user)
{
    (void)level;
    char *const log = user;
    const size_t length = strlen(log);
    snprintf(log + length, 2000 - length, "%s\n", line);
}

static void test_linear_regression__logs_dependences(void **state)
{
    (void)state;
    double a[8], b[8], c[8], e[8], y[8];
    for (int i = 0; i < 8; i++) {
        a[i] = i;
        b[i] = i % 3;
        c[i] = a[i] - b[i];
        e[i] = 7;
        y[i] = i * i;
    }
    char log[2000] = "";
    mlsd_context *context = NULL;
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    assert_int_equal(mlsd_context_set_log(context, MLSD_LOG_WARNING, keep_line, log, NULL),
                     MLSD_OK);
    assert_int_equal(mlsd_table_new(NULL, &table), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "a", a, 8), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "b", b, 8), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "c", c, 8), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "e", e, 8), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "y", y, 8), MLSD_OK);
    const char *columns[] = {"y"}, *roles[] = {"target"};
    assert_int_equal(
        mlsd_dataset_from_table(NULL, table, columns, roles, 1, MLSD_TASK_REGRESSION, &data),
        MLSD_OK);
    mlsd_model *model = fit_json(context, OLS, data, NULL, NULL);
    assert_non_null(strstr(log, "column 'c' is a combination of 'a', 'b'\n"));
    assert_non_null(strstr(log, "column 'e' is constant\n"));
    assert_non_null(strstr(log, "2 of 4 columns depend on others"));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
    mlsd_context_free(context);
}

/* As many rows as numbers to fit: an exact fit, and nothing is known of the errors. */
static void test_linear_regression__no_degrees_of_freedom(void **state)
{
    (void)state;
    const double x[] = {1, 2, 4, 3, 5, 9}, y[] = {1, 5, 2};
    mlsd_dataset *data = dataset_of_arrays(x, y, NULL, 3, 2);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    double error[2];
    array_of(model, "std_error", error, 2);
    assert_true(isnan(error[0]) && isnan(error[1]) && isnan(number_of(model, "f_value")));
    assert_true(number_of(model, "df_residual") == 0);
    assert_true(digits(number_of(model, "r2"), 1) > 15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_linear_regression__refuses(void **state)
{
    (void)state;
    mlsd_spec *spec = spec_from(OLS);
    assert_int_equal(mlsd_spec_set_str(spec, "accuracy", "refind"), MLSD_E_PARAM_RANGE);
    assert_non_null(strstr(mlsd_last_error(), "refined"));
    assert_int_equal(mlsd_spec_set_f64(spec, "level", 1), MLSD_E_PARAM_RANGE);
    mlsd_spec_free(spec);
}

/* Columns that are many enough for rows to be turned by strips: the covariance is s^2 times the
 * inverse of Z'WZ. */
static void test_linear_regression__covariance_of_many_columns(void **state)
{
    (void)state;
    enum { ROWS_HERE = 500, COLS_HERE = 60, WIDTH = COLS_HERE + 1 };
    linear_data d = make_linear_data(ROWS_HERE, COLS_HERE, 0, 12);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"linear_regression\"}", data, NULL, NULL);
    double *const cov = malloc(sizeof *cov * WIDTH * WIDTH);
    double *const gram = calloc(WIDTH * WIDTH, sizeof *gram);
    array_of(model, "covariance", cov, WIDTH * WIDTH);
    for (int i = 0; i < ROWS_HERE; i++)
        for (int a = 0; a < WIDTH; a++)
            for (int b = 0; b < WIDTH; b++)
                gram[a * WIDTH + b] += d.weight[i] * (a < COLS_HERE ? d.x[i * COLS_HERE + a] : 1) *
                                       (b < COLS_HERE ? d.x[i * COLS_HERE + b] : 1);
    double square = 0;
    for (int a = 0; a < WIDTH; a++)
        for (int b = 0; b < WIDTH; b++) {
            double sum = 0;
            for (int c = 0; c < WIDTH; c++) sum += cov[a * WIDTH + c] * gram[c * WIDTH + b];
            if (a == 0 && b == 0) square = sum;
            assert_true(fabs(sum - (a == b ? square : 0)) < 1e-10 * square * WIDTH);
        }
    free(cov);
    free(gram);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_regression__longley),
        cmocka_unit_test(test_linear_regression__wampler),
        cmocka_unit_test(test_linear_regression__as_scikit_learn),
        cmocka_unit_test(test_linear_regression__inference),
        cmocka_unit_test(test_linear_regression__weights_are_repetition),
        cmocka_unit_test(test_linear_regression__fast_agrees),
        cmocka_unit_test(test_linear_regression__names_dependences),
        cmocka_unit_test(test_linear_regression__logs_dependences),
        cmocka_unit_test(test_linear_regression__no_degrees_of_freedom),
        cmocka_unit_test(test_linear_regression__refuses),
        cmocka_unit_test(test_linear_regression__dependent_columns),
        cmocka_unit_test(test_linear_regression__units_do_not_matter),
        cmocka_unit_test(test_linear_regression__many_blocks),
        cmocka_unit_test(test_linear_regression__covariance_of_many_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
