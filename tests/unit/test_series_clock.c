/* test_series_clock.c - forecasters: the order of a series, steps after its end, and naive
 * forecasts. Witness: by hand. */
#include "linear_data.h"

static const double Y[] = {3, 5, 4, 6, 8, 7, 9, 11};

static mlsd_dataset *dataset_of_series(const double *y, int64_t n, const double *weight)
{
    double column[64] = {0};
    const mlsd_matrix mx = {column, n, 1, 1, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {weight, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, weight != NULL ? &mw : NULL, MLSD_TASK_REGRESSION,
                                 &data) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

static void assert_next(const char *json, const mlsd_dataset *train, const mlsd_dataset *at,
                        const double *want, int64_t n)
{
    double out[64];
    mlsd_model *model = fit_json(NULL, json, train, NULL, NULL);
    if (mlsd_model_predict(NULL, model, at, MLSD_OUTPUT_VALUE, out, 64) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    assert_close(out, want, n, 1e-13);
    mlsd_model_free(model);
}

static void assert_fails(const char *json, const mlsd_dataset *train, const mlsd_dataset *at,
                         const char *words)
{
    double out[64];
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    mlsd_status status = mlsd_model_fit(NULL, spec, train, NULL, NULL, &model);
    if (status == MLSD_OK && at != NULL)
        status = mlsd_model_predict(NULL, model, at, MLSD_OUTPUT_VALUE, out, 64);
    assert_true(status != MLSD_OK);
    if (strstr(mlsd_last_error(), words) == NULL) fail_msg("%s", mlsd_last_error());
    mlsd_model_free(model);
    mlsd_spec_free(spec);
}

static void test_naive__strategies(void **state)
{
    (void)state;
    mlsd_dataset *data = dataset_of_series(Y, 8, NULL), *next = dataset_of_series(Y, 4, NULL);
    assert_next("{\"kind\":\"naive_forecaster\"}", data, next, (double[]){11, 11, 11, 11}, 4);
    assert_next("{\"kind\":\"naive_forecaster\",\"sp\":3}", data, next, (double[]){7, 9, 11, 7}, 4);
    assert_next("{\"kind\":\"naive_forecaster\",\"strategy\":\"drift\"}", data, next,
                (double[]){11 + 8.0 / 7, 11 + 16.0 / 7, 11 + 24.0 / 7, 11 + 32.0 / 7}, 4);
    assert_next("{\"kind\":\"naive_forecaster\",\"strategy\":\"mean\",\"sp\":3}", data, next,
                (double[]){(4 + 7) / 2.0, (3 + 6 + 9) / 3.0, (5 + 8 + 11) / 3.0, 5.5}, 4);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"naive_forecaster\",\"strategy\":\"mean\"}", data, NULL, NULL);
    double squares = 0;
    for (int i = 0; i < 8; i++) squares += (Y[i] - 6.625) * (Y[i] - 6.625);
    assert_true(fabs(number_of(model, "residual_sd") - sqrt(squares / 7)) < 1e-15);
    mlsd_model_free(model);
    assert_fails("{\"kind\":\"naive_forecaster\",\"sp\":9}", data, NULL, "at least 9 rows, got 8");
    assert_fails("{\"kind\":\"naive_forecaster\",\"sp\":2,\"strategy\":\"drift\"}", data, NULL,
                 "'sp' is 2");
    mlsd_dataset_free(next);
    mlsd_dataset_free(data);
}

/* Rows chosen from a data set: gaps after the end count, and rows before it are refused. */
static void test_clock__rows(void **state)
{
    (void)state;
    static const char drift[] = "{\"kind\":\"naive_forecaster\",\"strategy\":\"drift\"}";
    const int64_t first[] = {0, 1, 2, 3, 4}, later[] = {7, 5}, holes[] = {0, 1, 3},
                  mixed[] = {2, 6};
    const int64_t turned[] = {4, 2, 0, 1, 3};
    mlsd_dataset *data = dataset_of_series(Y, 8, NULL), *train = NULL, *test = NULL;
    assert_int_equal(mlsd_dataset_rows(data, first, 5, &train), MLSD_OK);
    assert_int_equal(mlsd_dataset_rows(data, later, 2, &test), MLSD_OK);
    assert_next(drift, train, test, (double[]){8 + 3 * 1.25, 8 + 1.25}, 2);
    assert_next(drift, train, data, (double[]){9.25, 10.5}, 2); /* all of it: steps 1, 2, ... */
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    assert_int_equal(mlsd_dataset_rows(data, turned, 5, &train), MLSD_OK);
    assert_int_equal(mlsd_dataset_rows(data, mixed, 2, &test), MLSD_OK);
    assert_next(drift, train, data, (double[]){9.25, 10.5}, 2);
    assert_fails(drift, train, test, "row 2 is not after the end of the training rows");
    mlsd_dataset_free(train);
    assert_int_equal(mlsd_dataset_rows(data, holes, 3, &train), MLSD_OK);
    assert_fails(drift, train, NULL, "skip row 2");
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);
    mlsd_dataset_free(data);
}

/* A data set of dates and values, in any order, and nothing else. */
static mlsd_dataset *dated(const char *const *dates, const double *y, int64_t n)
{
    static const char *const columns[] = {"date", "y"}, *const roles[] = {"time", "target"};
    mlsd_table *table = NULL;
    mlsd_dataset *data = NULL;
    assert_int_equal(mlsd_table_new(NULL, &table), MLSD_OK);
    assert_int_equal(mlsd_table_set_str(table, "date", dates, n), MLSD_OK);
    assert_int_equal(mlsd_table_set_f64(table, "y", y, n), MLSD_OK);
    if (mlsd_dataset_from_table(NULL, table, columns, roles, 2, MLSD_TASK_REGRESSION, &data) !=
        MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    mlsd_table_free(table);
    return data;
}

/* Months, out of order: sorted, evenly spaced but for their lengths, and counted over a gap. */
static void test_clock__times(void **state)
{
    (void)state;
    static const char drift[] = "{\"kind\":\"naive_forecaster\",\"strategy\":\"drift\"}";
    const char *const months[] = {"2021-03-01", "2021-01-01", "2021-02-01", "2021-05-01",
                                  "2021-04-01"};
    const char *const next[] = {"2021-09-01", "2021-06-01"};
    const char *const before[] = {"2021-04-01"};
    mlsd_dataset *train = dated(months, (double[]){3, 1, 2, 5, 4}, 5);
    mlsd_dataset *test = dated(next, Y, 2);
    assert_next(drift, train, test, (double[]){9, 6}, 2);
    mlsd_dataset_free(test);
    test = dated(before, Y, 1);
    assert_fails(drift, train, test, "row 0 is not after the end");
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);

    /* Days without Sundays and Saturdays just follow each other. */
    const char *const days[] = {"2021-03-01", "2021-03-02", "2021-03-03", "2021-03-04",
                                "2021-03-05", "2021-03-08", "2021-03-09", "2021-03-10"};
    const char *const monday[] = {"2021-03-12", "2021-03-15", "2021-03-11"};
    train = dated(days, (double[]){1, 2, 3, 4, 5, 6, 7, 8}, 8);
    test = dated(monday, Y, 3);
    assert_next(drift, train, test, (double[]){10, 11, 9}, 3);
    mlsd_dataset_free(test);
    mlsd_dataset_free(train);

    /* The same day twice; a day that is missing among many. */
    const char *const twice[] = {"2021-03-01", "2021-03-02", "2021-03-02"};
    train = dated(twice, Y, 3);
    assert_fails(drift, train, NULL, "rows 1 and 2 have the same time");
    mlsd_dataset_free(train);
    char texts[30][16];
    const char *many[30];
    double values[30];
    for (int i = 0; i < 30; i++) {
        snprintf(texts[i], sizeof texts[i], "2021-03-%02d", i < 20 ? i + 1 : i + 2);
        many[i] = texts[i];
        values[i] = i;
    }
    train = dated(many, values, 30);
    assert_fails(drift, train, NULL, "time steps are missing between rows 19 and 20");
    mlsd_dataset_free(train);
}

/* Weights, pipelines, and too many steps. */
static void test_clock__refusals(void **state)
{
    (void)state;
    double w[] = {1, 1, 2, 1, 1, 1, 1, 1};
    mlsd_dataset *data = dataset_of_series(Y, 8, w), *plain = NULL;
    assert_fails("{\"kind\":\"naive_forecaster\"}", data, NULL, "row 2 weighs 2");
    mlsd_dataset_free(data);
    w[2] = 1;
    data = dataset_of_series(Y, 8, w);
    plain = dataset_of_series(Y, 2, NULL);
    assert_next("{\"kind\":\"naive_forecaster\"}", data, plain, (double[]){11, 11}, 2);
    assert_fails("{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},"
                 "{\"kind\":\"naive_forecaster\"}]}",
                 data, NULL, "not as a step of a pipeline");
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"naive_forecaster\"}", data, NULL, NULL);
    const mlsd_matrix far = {Y, 1000001, 1, 0, 1, MLSD_F64, 0};
    double *out = malloc(sizeof *out * 1000001);
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &far, MLSD_OUTPUT_VALUE, out, 1000001),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "at most 1000000"));
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(plain);
    mlsd_dataset_free(data);
}

/* Each fold of a rolling split is forecast from its own rows. */
static void test_clock__cross_validation(void **state)
{
    (void)state;
    mlsd_dataset *data = dataset_of_series(Y, 8, NULL);
    mlsd_spec *split = spec_from("{\"kind\":\"time_series_split\",\"n_splits\":2,\"test_size\":2,"
                                 "\"gap\":1}");
    mlsd_spec *naive = spec_from("{\"kind\":\"naive_forecaster\",\"strategy\":\"drift\"}");
    mlsd_folds *folds = NULL;
    mlsd_result *result = NULL;
    const char *metric = "mae";
    assert_int_equal(mlsd_folds_split(NULL, split, 8, NULL, NULL, &folds), MLSD_OK);
    if (mlsd_cross_validate(NULL, naive, data, folds, &metric, 1, &result) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    const mlsd_table *table = mlsd_result_get_table(result, "folds");
    double got[2];
    int64_t column = -1;
    assert_int_equal(mlsd_table_find(table, "mae", &column), MLSD_OK);
    assert_int_equal(mlsd_table_get_f64(table, column, 0, 2, got), MLSD_OK);
    /* rows 0..2 forecast 4 and 5, rows 0..4 forecast 6 and 7 */
    const double first = (fabs(8 - (4 + 2 * 0.5)) + fabs(7 - (4 + 3 * 0.5))) / 2;
    const double second = (fabs(9 - (8 + 2 * 1.25)) + fabs(11 - (8 + 3 * 1.25))) / 2;
    assert_close(got, (double[]){first, second}, 2, 1e-14);
    mlsd_result_free(result);
    mlsd_folds_free(folds);
    mlsd_spec_free(naive);
    mlsd_spec_free(split);
    mlsd_dataset_free(data);
}

/* Forecasts are finite, or there is no forecaster. */
static void test_naive__overflow(void **state)
{
    (void)state;
    mlsd_dataset *data = dataset_of_series((double[]){-1.7e308, 1.7e308, 1.7e308}, 3, NULL);
    assert_fails("{\"kind\":\"naive_forecaster\",\"strategy\":\"drift\"}", data, NULL,
                 "scale the target down");
    mlsd_dataset_free(data);
    data = dataset_of_series((double[]){1.7e308, 1.7e308}, 2, NULL);
    assert_fails("{\"kind\":\"naive_forecaster\",\"strategy\":\"mean\"}", data, NULL,
                 "scale the target down");
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_naive__strategies),
        cmocka_unit_test(test_clock__rows),
        cmocka_unit_test(test_clock__times),
        cmocka_unit_test(test_clock__refusals),
        cmocka_unit_test(test_clock__cross_validation),
        cmocka_unit_test(test_naive__overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
