/* test_augmentation_test.c - "does augmentation help?". Witness: the scores of its folds, compared
 * by mlsd_compare; an augmentation that cannot but harm, one that must help, and one that does
 * nothing.
 */
#include "transform_checks.h"

static mlsd_result *asked(const char *estimator, const char *splitter, const mlsd_dataset *data)
{
    char json[1200];
    snprintf(json, sizeof json,
             "{\"kind\":\"augmentation_test\",\"metrics\":[\"accuracy\",\"log_loss\"],"
             "\"estimator\":%s,\"splitter\":%s}",
             estimator, splitter);
    mlsd_spec *spec = spec_from(json);
    mlsd_result *result = NULL;
    if (mlsd_validate(NULL, spec, data, NULL, &result) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_spec_free(spec);
    return result;
}

static double number(const mlsd_result *result, const char *name)
{
    double out = 0;
    if (mlsd_result_get_f64(result, name, &out) != MLSD_OK) fail_msg("%s", mlsd_last_error());
    return out;
}

static void expect_text(const mlsd_result *result, const char *name, const char *wanted)
{
    const char *text = NULL;
    assert_int_equal(mlsd_result_get_str(result, name, &text), MLSD_OK);
    assert_string_equal(text, wanted);
}

static void column_of(const mlsd_table *table, const char *name, int64_t n, double *out)
{
    int64_t column = 0;
    while (strcmp(mlsd_table_name(table, column), name) != 0) column++;
    assert_int_equal(mlsd_table_get_f64(table, column, 0, n, out), MLSD_OK);
}

/* What the tool for tables of scores says of the accuracies by fold. */
static void expect_as_compared(const mlsd_result *result, int64_t n_splits)
{
    const mlsd_table *folds = mlsd_result_get_table(result, "folds");
    double cells[64], pairs[64];
    assert_int_equal(mlsd_table_n_rows(folds), 2 * n_splits);
    column_of(folds, "accuracy", 2 * n_splits, cells);
    for (int64_t i = 0; i < n_splits; i++) {
        pairs[2 * i] = cells[i];
        pairs[2 * i + 1] = cells[n_splits + i];
    }
    char json[100];
    snprintf(json, sizeof json, "{\"kind\":\"corrected_t\",\"test_train\":%.17g}",
             1 / (double)(n_splits - 1));
    mlsd_spec *test = spec_from(json);
    const mlsd_matrix scores = {pairs, n_splits, 2, 2, 1, MLSD_F64, 0};
    mlsd_result *compared = NULL;
    assert_int_equal(mlsd_compare(NULL, test, &scores, NULL, &compared), MLSD_OK);
    static const char *const names[] = {"difference", "low", "high", "p_value", "min_detectable"};
    for (int i = 0; i < 5; i++)
        assert_true(fabs(number(result, names[i]) - number(compared, names[i])) < 1e-12);
    mlsd_result_free(compared);
    mlsd_spec_free(test);
}

static const char folds10[] = "{\"kind\":\"stratified_kfold\",\"n_splits\":10,\"shuffle\":true}";

static void test_augmentation_test__harms(void **state)
{
    (void)state;
    linear_data d = make_linear_data(400, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    mlsd_result *result = asked(
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"augmented\","
        "\"estimator\":{\"kind\":\"sgd_classifier\",\"max_iter\":10},\"augment\":[{\"kind\":"
        "\"swap_noise\",\"probability\":1}]}]}",
        folds10, data);
    expect_text(result, "conclusion", "harms");
    expect_as_compared(result, 10);
    assert_true(number(result, "difference") < -0.1 && number(result, "p_value") < 0.05);
    assert_true(number(result, "p_better") < 0.05);
    assert_non_null(strstr(mlsd_result_verdict(result), "augmentation makes it worse: accuracy "));
    const mlsd_table *table = mlsd_result_get_table(result, "comparison");
    double difference[2];
    column_of(table, "difference", 2, difference);
    assert_true(difference[0] == number(result, "difference") && difference[1] > 0);
    mlsd_result_free(result);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A bump of two or of four steps, anywhere: a shifted one is of the same class. */
static void test_augmentation_test__helps(void **state)
{
    (void)state;
    enum { N = 120, W = 60 };
    static double x[N * W], y[N];
    uint32_t seed = 11;
    for (int i = 0; i < N; i++) {
        const int width = i % 2 == 0 ? 2 : 4, at = (int)((next_uniform(&seed) + 0.5) * (W - 6));
        y[i] = i % 2;
        for (int j = 0; j < W; j++)
            x[i * W + j] =
                (j >= at && j < at + width ? 6.0 / width : 0) + 1.5 * next_uniform(&seed);
    }
    mlsd_dataset *data = dataset_for(MLSD_TASK_AUTO, x, y, NULL, N, W);
    mlsd_result *result = asked(
        "{\"kind\":\"augmented\",\"n_copies\":10,\"estimator\":{\"kind\":"
        "\"k_neighbors_classifier\",\"n_neighbors\":3},\"augment\":[{\"kind\":\"image_shift\","
        "\"width\":60,\"max_shift\":0.4}]}",
        folds10, data);
    expect_text(result, "conclusion", "helps");
    expect_as_compared(result, 10);
    assert_non_null(strstr(mlsd_result_verdict(result), "augmentation helps: accuracy "));
    mlsd_result_free(result);
    mlsd_dataset_free(data);
}

static void test_augmentation_test__not_shown(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    static const char folds5[] = "{\"kind\":\"stratified_kfold\",\"n_splits\":5}";
    mlsd_result *result = asked("{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"logistic_"
                                "regression\"},\"augment\":[{\"kind\":\"jitter\",\"scale\":0.5}]}",
                                folds5, data);
    expect_text(result, "conclusion", "not shown");
    assert_non_null(strstr(mlsd_result_verdict(result), "augmentation is not shown to help"));
    assert_non_null(
        strstr(mlsd_result_verdict(result), "would have been found with a chance of 80"));
    mlsd_result_free(result);
    result = asked("{\"kind\":\"augmented\",\"estimator\":{\"kind\":\"sgd_classifier\"},"
                   "\"augment\":[{\"kind\":\"jitter\",\"scale\":0}]}",
                   folds5, data);
    expect_text(result, "conclusion", "not shown");
    assert_true(number(result, "difference") == 0 && isnan(number(result, "p_value")));
    assert_non_null(strstr(mlsd_result_verdict(result), "both have the same score on every row"));
    mlsd_result_free(result);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_augmentation_test__says_what_is_wrong(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
    static const char *const cases[][2] = {
        {"{\"kind\":\"augmentation_test\"}", "has no model in its slot 'estimator'"},
        {"{\"kind\":\"augmentation_test\",\"estimator\":{\"kind\":\"gaussian_nb\"}}",
         "gaussian_nb is not augmented"}};
    for (int i = 0; i < 2; i++) {
        mlsd_spec *spec = spec_from(cases[i][0]);
        mlsd_result *result = NULL;
        assert_int_equal(mlsd_validate(NULL, spec, data, NULL, &result), MLSD_E_CHILD);
        assert_non_null(strstr(mlsd_last_error(), cases[i][1]));
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_augmentation_test__harms),
        cmocka_unit_test(test_augmentation_test__helps),
        cmocka_unit_test(test_augmentation_test__not_shown),
        cmocka_unit_test(test_augmentation_test__says_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
