/* test_univariate_select.c - variance_threshold and univariate_select. Witness: hand values, a
 * step-up procedure by brute force, and scipy 1.10 (f_oneway, pearsonr); scikit-learn's functions
 * stand in tests/reference/test_selection_sklearn.py. */
#include "table_checks.h"
#include "transform_checks.h"

enum { N = 12, P = 4 };

static const double X[N * P] = {5.1, 3, 0, 7, 4.9, 1, 2, 7, 6.2, 4, 1, 7, 5.9, 1, 4, 7,
                                7.7, 5, 1, 7, 6.3, 9, 0, 7, 5.8, 2, 3, 7, 7.1, 6, 0, 7,
                                6.3, 5, 1, 7, 6.5, 3, 2, 7, 7.6, 5, 0, 7, 4.9, 8, 5, 7};
static const double LABELS[N] = {0, 0, 0, 0, 1, 1, 0, 1, 1, 0, 1, 1};
static const double NUMBERS[N] = {1.5, 0.2, 3.1, 1.1, 4.4, 5.9, 1.9, 4.2, 3.3, 2.2, 4.6, 3.7};

static double array_at(const mlsd_model *model, const char *name, int64_t i)
{
    double values[64];
    int64_t rows, cols;
    if (mlsd_model_get_array(model, name, values, 64, &rows, &cols) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return values[i];
}

static void check_support(const mlsd_model *model, const char *want)
{
    for (int64_t j = 0; want[j] != '\0'; j++)
        assert_true((array_at(model, "support", j) != 0) == (want[j] == '1'));
}

static void test_univariate_select__f(void **state)
{
    (void)state;
    mlsd_dataset *data = dataset_for(MLSD_TASK_BINARY, X, LABELS, NULL, N, P);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"univariate_select\",\"k\":1}", data, NULL, NULL);
    double sum[2] = {0}, within = 0, between = 0;
    for (int i = 0; i < N; i++) sum[(int)LABELS[i]] += X[i * P + 1];
    for (int i = 0; i < N; i++) {
        const int c = (int)LABELS[i];
        const double n = 6, mean = sum[c] / n, all = (sum[0] + sum[1]) / N;
        within += (X[i * P + 1] - mean) * (X[i * P + 1] - mean);
        between += (mean - all) * (mean - all);
    }
    ASSERT_NEAR(array_at(model, "scores", 1), between / (within / 10), 1e-12);
    assert_true(isnan(array_at(model, "scores", 3)) && isnan(array_at(model, "pvalues", 3)));
    check_support(model, "0100");
    assert_string_equal(mlsd_model_output_name(model, 0), "x1");
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_univariate_select__correlation(void **state)
{
    (void)state;
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, X, NUMBERS, NULL, N, P);
    mlsd_model *r = fit_json(NULL, "{\"kind\":\"univariate_select\",\"score_func\":\"r\",\"k\":2}",
                             data, NULL, NULL);
    mlsd_model *f = fit_json(NULL, "{\"kind\":\"univariate_select\",\"k\":2}", data, NULL, NULL);
    for (int64_t j = 0; j < 3; j++) {
        const double c = array_at(r, "scores", j);
        ASSERT_NEAR(array_at(f, "scores", j), c * c / (1 - c * c) * 10, 1e-9);
        ASSERT_NEAR(array_at(f, "pvalues", j), array_at(r, "pvalues", j), 1e-12);
    }
    assert_true(array_at(r, "scores", 2) < 0); /* its size counts */
    assert_true(array_at(f, "scores", 3) == 0 && array_at(f, "pvalues", 3) == 1);
    check_support(r, "1100");
    mlsd_model_free(r);
    mlsd_model_free(f);
    mlsd_dataset_free(data);
}

/* The p-values of 30 columns, of which some mean something; every mode against its definition. */
static void test_univariate_select__modes(void **state)
{
    (void)state;
    enum { ROWS = 80, COLS = 30 };
    static const char *const modes[] = {"fpr", "fdr", "by", "fwe"};
    double x[ROWS * COLS], y[ROWS];
    uint32_t seed = 9;
    for (int i = 0; i < ROWS; i++) {
        y[i] = next_uniform(&seed);
        for (int j = 0; j < COLS; j++)
            x[i * COLS + j] = next_uniform(&seed) + (j < 12 ? y[i] * 0.08 * (12 - j) : 0);
    }
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, ROWS, COLS);
    double harmonic = 0;
    for (int i = 1; i <= COLS; i++) harmonic += 1.0 / i;
    int64_t kept[4] = {0};
    for (int m = 0; m < 4; m++) {
        char json[160];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"univariate_select\",\"mode\":\"%s\",\"alpha\":0.1}", modes[m]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        const double level = m == 2 ? 0.1 / harmonic : 0.1;
        double largest = -1;
        for (int j = 0; j < COLS; j++) { /* the rank of a p-value is how many are no larger */
            const double p = array_at(model, "pvalues", j);
            int rank = 0;
            for (int k = 0; k < COLS; k++) rank += array_at(model, "pvalues", k) <= p;
            if (p <= level * rank / COLS && p > largest) largest = p;
        }
        for (int j = 0; j < COLS; j++) {
            const double p = array_at(model, "pvalues", j);
            const int want = m == 0 ? p < 0.1 : m == 3 ? p < 0.1 / COLS : p <= largest;
            assert_int_equal(array_at(model, "support", j) != 0, want);
            kept[m] += want;
        }
        mlsd_model_free(model);
    }
    assert_true(kept[0] > kept[1] && kept[1] > kept[2] && kept[2] >= kept[3] && kept[3] > 0);
    mlsd_dataset_free(data);
}

/* Chi-square of a table of counts, and mutual information of a category that is the class. */
static void test_univariate_select__counts(void **state)
{
    (void)state;
    const double x[] = {1, 0, 1, 0, 0, 1, 0, 1}, y[] = {0, 0, 1, 1};
    mlsd_dataset *data = dataset_for(MLSD_TASK_BINARY, x, y, NULL, 4, 2);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"univariate_select\",\"score_func\":\"chi2\"}",
                                 data, NULL, NULL);
    ASSERT_NEAR(array_at(model, "scores", 0), 2, 1e-15); /* 2 and 0, where 1 and 1 are expected */
    ASSERT_NEAR(array_at(model, "pvalues", 0), 0.15729920705028513, 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    const double noise[] = {0, 1, 2, 3, 4, 5, 6, 7};
    mlsd_table *t = new_table();
    put_letters(t, "g", "abababab");
    put_numbers(t, "noise", noise, 8);
    put_letters(t, "y", "nononono");
    data = dataset_of_table(t, "y", NULL, MLSD_TASK_BINARY);
    model =
        fit_json(NULL, "{\"kind\":\"univariate_select\",\"score_func\":\"mutual_info\",\"k\":1}",
                 data, NULL, NULL);
    ASSERT_NEAR(array_at(model, "scores", 0), 0.6931471805599453, 1e-15); /* log 2 */
    assert_string_equal(mlsd_model_output_name(model, 0), "g");
    mlsd_model_free(model);
    expect_fit_failure("{\"kind\":\"univariate_select\"}", data, MLSD_E_DATA,
                       "column 'g' holds text; add a one_hot step");
    mlsd_dataset_free(data);
}

static void test_univariate_select__variance(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_numbers(t, "a", (const double[]){0.1, 0.1, 0.1, 0.1}, 4);
    put_numbers(t, "b", (const double[]){0, 1, NAN, 1}, 4);
    put_letters(t, "g", "zzzz");
    put_numbers(t, "c", (const double[]){2, 4, 6, 8}, 4);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"variance_threshold\"}", data, NULL, NULL);
    check_support(model, "0111");
    assert_true(array_at(model, "variances", 0) == 0);
    ASSERT_NEAR(array_at(model, "variances", 1), 2 / 9.0, 1e-15);
    ASSERT_NEAR(array_at(model, "variances", 3), 5, 1e-15);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"variance_threshold\",\"threshold\":1}", data, NULL, NULL);
    check_support(model, "0011");
    assert_string_equal(mlsd_model_output_name(model, 0), "g");
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    check_refused("{\"kind\":\"variance_threshold\",\"threshold\":9}", NUMBERS, N, MLSD_E_DATA,
                  "no column has a variance above 9; lower 'threshold'");
}

static void test_univariate_select__bad_input(void **state)
{
    (void)state;
    const double half[N] = {0.5, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    mlsd_dataset *classes = dataset_for(MLSD_TASK_BINARY, X, LABELS, half, N, P);
    mlsd_dataset *numbers = dataset_for(MLSD_TASK_REGRESSION, X, NUMBERS, NULL, N, P);
    mlsd_dataset *none = dataset_for(MLSD_TASK_NONE, X, NULL, NULL, N, P);
#define SELECT(options) "{\"kind\":\"univariate_select\"," options "}"
    assert_fit_fails(SELECT("\"score_func\":\"chi2\""), numbers, MLSD_E_DATA,
                     "chi2 compares classes, but the target is a number");
    assert_fit_fails(SELECT("\"score_func\":\"mutual_info\",\"mode\":\"fdr\""), numbers,
                     MLSD_E_PARAM_CONFLICT, "mutual_info has no p-values");
    assert_fit_fails(SELECT("\"score_func\":\"mutual_info\""), classes, MLSD_E_UNSUPPORTED,
                     "weights cannot tell");
    assert_fit_fails(SELECT("\"score_func\":\"mutual_info\",\"n_neighbors\":12"), numbers,
                     MLSD_E_DATA, "lower 'n_neighbors'");
    assert_fit_fails(SELECT("\"k\":2"), none, MLSD_E_DATA, "needs a target");
    double negative[N * P];
    memcpy(negative, X, sizeof X);
    negative[6] = -1;
    mlsd_dataset *below = dataset_for(MLSD_TASK_BINARY, negative, LABELS, NULL, N, P);
    assert_fit_fails(SELECT("\"score_func\":\"chi2\""), below, MLSD_E_DATA, "column 'x2' has -1");
    mlsd_dataset_free(below);
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
    mlsd_dataset_free(none);
}

#define ENCODED(options)                                                              \
    "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"impute\"},{\"kind\":\"one_hot\"}," \
    "{\"kind\":\"univariate_select\"," options "}]}"

static void test_univariate_select__promises(void **state)
{
    (void)state;
    check_transform("{\"kind\":\"variance_threshold\",\"threshold\":3}", 0, 1);
    check_transform(ENCODED("\"k\":3"), 3, 1);
    check_transform(ENCODED("\"mode\":\"percentile\",\"percentile\":60"), 0, 1);
    check_transform(ENCODED("\"mode\":\"fdr\",\"alpha\":0.001"), 0, 1);
    mlsd_dataset *data = check_data(0, 0, 0, NULL, 0);
    check_threads("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"impute\"},{\"kind\":"
                  "\"univariate_select\",\"score_func\":\"mutual_info\",\"k\":2}]}",
                  data);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_univariate_select__f),
        cmocka_unit_test(test_univariate_select__correlation),
        cmocka_unit_test(test_univariate_select__modes),
        cmocka_unit_test(test_univariate_select__counts),
        cmocka_unit_test(test_univariate_select__variance),
        cmocka_unit_test(test_univariate_select__bad_input),
        cmocka_unit_test(test_univariate_select__promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
