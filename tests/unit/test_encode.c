/* test_encode.c - ordinal_encode, target_encode and its cross-fitting. Witness: the formulas by
 * hand on small tables; tests/reference/test_encoder_sklearn.py compares random ones. */
#include "table_checks.h"

enum { N = 8 };
static const char LETTERS[] = "aabbbc.a";
static const double Y[N] = {1, 3, 2, 2, 5, 9, 4, 6};

static mlsd_dataset *letters_and(const char *letters, const double *y, mlsd_task task)
{
    const int64_t n = (int64_t)strlen(letters);
    mlsd_table *t = new_table();
    put_letters(t, "g", letters);
    put_numbers(t, "y", y, n);
    return dataset_of_table(t, "y", NULL, task);
}

/* Outputs of the only column. */
static void check_outputs(const mlsd_model *model, const mlsd_dataset *data, const double *want,
                          double tolerance)
{
    int64_t p;
    double *out = transformed(model, data, &p);
    for (int64_t i = 0; i < mlsd_dataset_n_rows(data) * p; i++) {
        if (isnan(want[i]) ? !isnan(out[i]) : !(fabs(out[i] - want[i]) <= tolerance))
            fail_msg("number %lld is %.17g, expected %.17g", (long long)i, out[i], want[i]);
    }
    free(out);
}

static void test_encode__ordinal(void **state)
{
    (void)state;
    mlsd_dataset *data = letters_and("cabb.cc", Y, MLSD_TASK_REGRESSION);
    mlsd_dataset *later = letters_and("az.", Y, MLSD_TASK_REGRESSION);
    const struct {
        const char *json;
        double train[7], later[3];
    } cases[] = {
        {"{\"kind\":\"ordinal_encode\"}", {2, 0, 1, 1, NAN, 2, 2}, {0, -1, NAN}},
        {"{\"kind\":\"ordinal_encode\",\"unknown_value\":null,\"encoded_missing_value\":-2}",
         {2, 0, 1, 1, -2, 2, 2},
         {0, NAN, -2}},
        {"{\"kind\":\"ordinal_encode\",\"min_frequency\":2}",
         {1, 2, 0, 0, NAN, 1, 1},
         {2, -1, NAN}},
        {"{\"kind\":\"ordinal_encode\",\"max_categories\":2}",
         {0, 1, 1, 1, NAN, 0, 0},
         {1, -1, NAN}},
    };
    for (int k = 0; k < 4; k++) {
        mlsd_model *model = fit_json(NULL, cases[k].json, data, NULL, NULL);
        check_outputs(model, data, cases[k].train, 0);
        check_outputs(model, later, cases[k].later, 0);
        assert_string_equal(mlsd_model_output_name(model, 0), "g");
        mlsd_model_free(model);
    }
    expect_fit_failure("{\"kind\":\"ordinal_encode\",\"unknown_value\":1}", data,
                       MLSD_E_PARAM_CONFLICT, "'unknown_value' 1 is the number of a level");
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"ordinal_encode\",\"handle_unknown\":\"error\"}",
                                 data, NULL, NULL);
    double out[3];
    ASSERT_FAILS(MLSD_E_DATA, "row 1, column 'g' has a level that no training row has",
                 mlsd_model_predict(NULL, model, later, MLSD_OUTPUT_FEATURES, out, 3));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
}

/* Means a: 10/3, b: 3, c: 9, missing: 4, all: 4; variances 38/9, 2, 0, 0, all: 6. */
static void test_encode__target_values(void **state)
{
    (void)state;
    mlsd_dataset *data = letters_and(LETTERS, Y, MLSD_TASK_REGRESSION);
    mlsd_dataset *later = letters_and("abc.z", Y, MLSD_TASK_REGRESSION);
    const double share_a = 3 * 6 / (3 * 6 + 38 / 9.0), share_b = 3 * 6 / (3 * 6 + 2.0);
    const double automatic[] = {4 + share_a * (10 / 3.0 - 4), 4 - share_b, 9, 4, 4};
    const double given[] = {(10 + 2 * 4) / 5.0, (9 + 2 * 4) / 5.0, (9 + 2 * 4) / 3.0, 4, 4};
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
    check_outputs(model, later, automatic, 1e-14);
    ASSERT_NEAR(number_of(model, "target_mean"), 4, 1e-15);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"target_encode\",\"smooth\":2}", data, NULL, NULL);
    check_outputs(model, later, given, 1e-14);
    mlsd_model_free(model);
    model = fit_json(NULL, "{\"kind\":\"target_encode\",\"smooth\":0}", data, NULL, NULL);
    check_outputs(model, later, (const double[]){10 / 3.0, 3, 9, 4, 4}, 1e-14);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);

    /* Classes: a column for each of three, of two that of the second. */
    const double of_three[] = {0, 1, 2, 2, 0, 1, 2, 0}, of_two[] = {0, 1, 1, 1, 0, 1, 0, 0};
    data = letters_and(LETTERS, of_three, MLSD_TASK_MULTICLASS);
    model = fit_json(NULL, "{\"kind\":\"target_encode\",\"smooth\":0}", data, NULL, NULL);
    assert_string_equal(mlsd_model_output_name(model, 2), "g_2");
    later = letters_and("abz", of_three, MLSD_TASK_MULTICLASS);
    check_outputs(model, later,
                  (const double[]){2 / 3.0, 1 / 3.0, 0, 1 / 3.0, 0, 2 / 3.0, 0.375, 0.25, 0.375},
                  1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    data = letters_and(LETTERS, of_two, MLSD_TASK_BINARY);
    model = fit_json(NULL, "{\"kind\":\"target_encode\",\"smooth\":0}", data, NULL, NULL);
    check_outputs(model, later, (const double[]){1 / 3.0, 2 / 3.0, 0.5}, 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
}

/* What the training rows become, by hand: folds in their order, two of four rows. */
static void test_encode__cross_fitting(void **state)
{
    (void)state;
    mlsd_dataset *data = letters_and(LETTERS, Y, MLSD_TASK_REGRESSION);
    const char *const json = "{\"kind\":\"target_encode\",\"smooth\":0,\"cv\":2,\"shuffle\":false}";
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    double out[N];
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_TRAIN_FEATURES, out, N));
    /* Rows 0-3 by rows 4-7 (b 5, c 9, missing 4, a 6), rows 4-7 by rows 0-3 (a, b 2, all 2). */
    assert_close(out, (const double[]){6, 6, 5, 5, 2, 2, 2, 2}, N, 1e-14);

    mlsd_dataset *fewer = NULL;
    const int64_t rows[] = {1, 2, 3};
    ASSERT_OK(mlsd_dataset_rows(data, rows, 3, &fewer));
    ASSERT_FAILS(MLSD_E_SHAPE, "fitted on 8 rows, the data has 3",
                 mlsd_model_predict(NULL, model, fewer, MLSD_OUTPUT_TRAIN_FEATURES, out, N));
    size_t size;
    unsigned char *bytes = bytes_of(model, &size);
    mlsd_model *loaded = NULL;
    ASSERT_OK(mlsd_model_from_bytes(NULL, bytes, size, &loaded));
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "training rows are not known any more",
                 mlsd_model_predict(NULL, loaded, data, MLSD_OUTPUT_TRAIN_FEATURES, out, N));
    mlsd_model_free(loaded);
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(fewer);
    mlsd_dataset_free(data);
}

/* A step after it sees cross-fitted rows; through a view of the rows, also one that takes rows
 * twice, copies are in one fold; and a pipeline of transforms gives the same. */
static void test_encode__later_steps(void **state)
{
    (void)state;
    mlsd_dataset *all = check_data(0, 0, 0, NULL, 0);
    enum { N_VIEW = 600 };
    int64_t rows[N_VIEW];
    for (int64_t i = 0; i < N_VIEW; i++)
        rows[i] = 3000 - 7 * (i / 2 * 2) / 2 - (i % 2 == 1 && i % 3 == 0);
    mlsd_dataset *view = NULL;
    ASSERT_OK(mlsd_dataset_rows(all, rows, N_VIEW, &view));
    const char *const encode = "{\"kind\":\"target_encode\",\"cv\":4,\"seed\":3}";
    mlsd_model *encoder = fit_json(NULL, encode, view, NULL, NULL);
    double *crossed = malloc(3 * N_VIEW * sizeof *crossed);
    double *piped = malloc(3 * N_VIEW * sizeof *piped);
    assert_true(crossed != NULL && piped != NULL);
    ASSERT_OK(
        mlsd_model_predict(NULL, encoder, view, MLSD_OUTPUT_TRAIN_FEATURES, crossed, 3 * N_VIEW));
    int n_copies = 0;
    for (int i = 0; i + 1 < N_VIEW; i += 2) {
        if (rows[i] != rows[i + 1]) continue;
        n_copies++;
        assert_memory_equal(crossed + 3 * i, crossed + 3 * (i + 1), 3 * sizeof *crossed);
    }
    assert_true(n_copies > 100);

    mlsd_model *scaled = fit_json(
        NULL,
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"target_encode\",\"cv\":4,\"seed\":3},"
        "{\"kind\":\"min_max_scale\"}]}",
        view, NULL, NULL);
    ASSERT_OK(
        mlsd_model_predict(NULL, scaled, view, MLSD_OUTPUT_TRAIN_FEATURES, piped, 3 * N_VIEW));
    double low[3], high[3];
    array_of(scaled, "data_min", low, 3);
    array_of(scaled, "data_max", high, 3);
    double lowest = INFINITY;
    for (int i = 0; i < N_VIEW; i++) {
        ASSERT_NEAR(piped[3 * i + 1], (crossed[3 * i + 1] - low[1]) / (high[1] - low[1]), 1e-12);
        lowest = fmin(lowest, crossed[3 * i + 1]);
    }
    ASSERT_NEAR(low[1], lowest, 0); /* the scaler was fitted on what is cross-fitted */
    free(crossed);
    free(piped);
    mlsd_model_free(scaled);
    mlsd_model_free(encoder);
    mlsd_dataset_free(view);
    mlsd_dataset_free(all);
}

static void test_encode__edges(void **state)
{
    (void)state;
    /* One row, one level, a constant target, fewer rows than folds, rare classes. */
    const double constant[] = {2, 2, 2, 2}, rare[] = {0, 1, 0, 0};
    mlsd_dataset *data = letters_and("a", Y, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
    double out[4];
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_TRAIN_FEATURES, out, 4));
    ASSERT_NEAR(out[0], 1, 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    data = letters_and("abab", constant, MLSD_TASK_REGRESSION);
    model = fit_json(NULL, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_TRAIN_FEATURES, out, 4));
    assert_close(out, constant, 4, 0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    data = letters_and("abab", rare, MLSD_TASK_BINARY);
    model = fit_json(NULL, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_TRAIN_FEATURES, out, 4));
    assert_close(out + 1, (const double[]){0}, 1, 0); /* its class is in no other row */
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    const double large[] = {1e300, -1e300, 5, 4};
    data = letters_and("abab", large, MLSD_TASK_REGRESSION);
    expect_fit_failure("{\"kind\":\"target_encode\"}", data, MLSD_E_NUMERIC, "target is too large");
    mlsd_dataset_free(data);
    mlsd_table *t = new_table();
    put_letters(t, "g", LETTERS);
    data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    expect_fit_failure("{\"kind\":\"target_encode\"}", data, MLSD_E_DATA, "needs a target");
    mlsd_dataset_free(data);
}

static void test_encode__promises(void **state)
{
    (void)state;
    check_transform("{\"kind\":\"ordinal_encode\",\"min_frequency\":0.16}", 0, 1);
    check_transform("{\"kind\":\"one_hot\",\"max_categories\":4}", 0, 1);
    check_transform("{\"kind\":\"impute\",\"add_indicator\":true}", 0, 1);
    check_transform("{\"kind\":\"target_encode\",\"cv\":3}", 0, 1);
    check_transform("{\"kind\":\"target_encode\",\"smooth\":4}", 2, 0);
    check_transform("{\"kind\":\"target_encode\"}", 4, 0);
    check_transform("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"target_encode\"},"
                    "{\"kind\":\"standardize\",\"with_mean\":false,\"with_std\":false}]}",
                    0, 1);
}

/* Threads do not change what the training rows become either. */
static void test_encode__training_rows_with_threads(void **state)
{
    (void)state;
    mlsd_dataset *data = check_data(3, 1, 1, NULL, 0);
    double *first = calloc(CHECK_ROWS * 5, sizeof *first);
    double *again = calloc(CHECK_ROWS * 5, sizeof *again);
    assert_true(first != NULL && again != NULL);
    for (int n_threads = 1; n_threads < 8; n_threads += 3) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_json(context, "{\"kind\":\"target_encode\"}", data, NULL, NULL);
        ASSERT_OK(mlsd_model_predict(context, model, data, MLSD_OUTPUT_TRAIN_FEATURES,
                                     n_threads == 1 ? first : again, CHECK_ROWS * 5));
        if (n_threads > 1) assert_memory_equal(first, again, CHECK_ROWS * 5 * sizeof *first);
        mlsd_model_free(model);
        mlsd_context_free(context);
    }
    free(first);
    free(again);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode__ordinal),
        cmocka_unit_test(test_encode__target_values),
        cmocka_unit_test(test_encode__cross_fitting),
        cmocka_unit_test(test_encode__later_steps),
        cmocka_unit_test(test_encode__edges),
        cmocka_unit_test(test_encode__promises),
        cmocka_unit_test(test_encode__training_rows_with_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
