/* test_custom.c - estimators of the user's: they run wherever built-in ones do, on the thread that
 * entered, and what goes wrong in them is told. Witnesses are hand values, the same pipelines
 * without them, and identities between numbers of threads. */
#include "custom_models.h"
#include "failing_allocator.h"
#include "table_data.h"
#include "unit.h"

static mlsd_spec *spec_of(custom_log *log, int transforms, int32_t more)
{
    mlsd_custom *custom = NULL;
    mlsd_spec *spec = NULL;
    ASSERT_OK(custom_describe(NULL, log, transforms, more, &custom));
    ASSERT_OK(mlsd_spec_new_custom(custom, &spec));
    mlsd_custom_free(custom);
    return spec;
}

/* steps: a custom step and one described as JSON, in this order or the other; takes the spec. */
static mlsd_spec *pipeline_with(mlsd_spec *custom, const char *json, int custom_first)
{
    mlsd_spec *pipeline = spec_from("{\"kind\":\"pipeline\"}"), *other = spec_from(json);
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", custom_first ? "own" : "theirs",
                            custom_first ? custom : other));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", custom_first ? "theirs" : "own",
                            custom_first ? other : custom));
    mlsd_spec_free(custom);
    mlsd_spec_free(other);
    return pipeline;
}

static mlsd_model *fit_spec(const mlsd_spec *spec, const mlsd_dataset *data)
{
    mlsd_model *model = NULL;
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    return model;
}

static mlsd_folds *folds_of(const mlsd_dataset *data, int64_t n_splits)
{
    mlsd_spec *spec = spec_from("{\"kind\":\"kfold\",\"shuffle\":true}");
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_splits", n_splits));
    ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, data, &folds));
    mlsd_spec_free(spec);
    return folds;
}

/* All rows given back, released once, everything on this thread. */
static void assert_tidy(const custom_log *log)
{
    assert_int_equal(atomic_load(&log->n_states), 0);
    assert_int_equal(atomic_load(&log->n_released), 1);
    assert_int_equal(atomic_load(&log->n_elsewhere), 0);
}

static void test_custom__by_hand(void **state)
{
    (void)state;
    const double x[] = {0, 0, 2, 0, 10, 4, 12, 8}, y[] = {0, 0, 1, 1};
    const mlsd_matrix X = {x, 4, 2, 2, 1, MLSD_F64, 0}, Y = {y, 4, 1, 1, 1, MLSD_F64, 0};
    const double later[] = {1, 0, 11, 6, 6, 3, 5, 3};
    const mlsd_matrix L = {later, 4, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix rows = {later, 2, 2, 4, 1, MLSD_F64, 0}; /* every second row */
    custom_log log = {0};
    mlsd_spec *spec = spec_of(&log, 0, 0);
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_BINARY, &data));
    mlsd_model *model = fit_spec(spec, data);
    double out[4], mean[4], proba[8];
    ASSERT_OK(mlsd_model_predict_matrix(NULL, model, &L, MLSD_OUTPUT_VALUE, out, 4));
    assert_true(out[0] == 0 && out[1] == 1 && out[2] == 0 && out[3] == 0);
    ASSERT_OK(mlsd_model_predict_matrix(NULL, model, &L, MLSD_OUTPUT_DECISION, out, 4));
    assert_true(out[0] == -136 && out[1] == 136 && out[2] == 0 && out[3] == 25 - 45);
    ASSERT_OK(mlsd_model_predict_matrix(NULL, model, &L, MLSD_OUTPUT_PROBA, proba, 8));
    ASSERT_NEAR(proba[4] + proba[5], 1, 1e-15);
    ASSERT_OK(mlsd_model_predict_matrix(NULL, model, &rows, MLSD_OUTPUT_DECISION, out, 4));
    assert_true(out[0] == -136 && out[1] == 0);
    array_of(model, "mean", mean, 4);
    assert_true(mean[0] == 1 && mean[1] == 0 && mean[2] == 11 && mean[3] == 6);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 0);
    assert_string_equal(mlsd_kind_name(mlsd_spec_kind(mlsd_model_spec(model))), "nearest_mean");
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    assert_int_equal(atomic_load(&log.n_released), 0);
    mlsd_model_free(model);
    assert_tidy(&log);
}

/* A transform of the user's before a model, and after a transform, of the library. */
static void test_custom__in_pipelines(void **state)
{
    (void)state;
    linear_data d = make_linear_data(3000, 4, 0, 3), moved = make_linear_data(3000, 4, 0, 3);
    for (int64_t j = 0; j < 4; j++) {
        double mean = 0;
        for (int64_t i = 0; i < d.n; i++) mean += d.weight[i] * d.x[i * 4 + j];
        double sum = 0;
        for (int64_t i = 0; i < d.n; i++) sum += d.weight[i];
        for (int64_t i = 0; i < d.n; i++) moved.x[i * 4 + j] -= mean / sum;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_dataset *by_hand = dataset_of(&moved, MLSD_TASK_REGRESSION, 1);
    const char *const models[] = {
        "{\"kind\":\"ridge\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"kind\":\"standardize\"},{\"kind\":\"ridge\"}]}"};
    double *a = malloc(3000 * sizeof *a), *b = malloc(3000 * sizeof *b), one;
    for (int m = 0; m < 2; m++) {
        custom_log log = {0};
        mlsd_spec *spec = pipeline_with(spec_of(&log, 1, 0), models[m], 1);
        mlsd_model *model = fit_spec(spec, data),
                   *witness = fit_json(NULL, models[m], by_hand, NULL, NULL);
        ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, a, 3000));
        ASSERT_OK(mlsd_model_predict(NULL, witness, by_hand, MLSD_OUTPUT_VALUE, b, 3000));
        assert_memory_equal(a, b, 3000 * sizeof *a);
        for (int64_t i = 0; i < 3000; i += 331) {
            const mlsd_matrix row = {d.x + i * 4, 1, 4, 4, 1, MLSD_F64, 0};
            ASSERT_OK(mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, &one, 1));
            assert_true(one == a[i]);
        }
        mlsd_model_free(witness);
        mlsd_model_free(model);
        mlsd_spec_free(spec);
        assert_tidy(&log);
    }
    custom_log log = {0};
    mlsd_spec *spec = pipeline_with(spec_of(&log, 1, 0), "{\"kind\":\"standardize\"}", 0);
    mlsd_model *model = fit_spec(spec, data);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 4);
    assert_string_equal(mlsd_model_output_name(model, 2), "x2");
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    assert_tidy(&log);
    mlsd_dataset_free(data);
    mlsd_dataset_free(by_hand);
    free(a);
    free(b);
    free_linear_data(&d);
    free_linear_data(&moved);
}

/* "folds" and "predictions" of a cross-validation as text, without seconds. */
static char *cross_validated(const mlsd_context *context, const mlsd_spec *spec,
                             const mlsd_dataset *data, const mlsd_folds *folds)
{
    const char *const metrics[] = {"accuracy", "log_loss"};
    mlsd_result *result = NULL;
    int64_t length = 0;
    ASSERT_OK(mlsd_cross_validate(context, spec, data, folds, metrics, 2, &result));
    ASSERT_OK(mlsd_result_to_json(result, NULL, 0, &length));
    char *const text = malloc((size_t)length + 1);
    ASSERT_OK(mlsd_result_to_json(result, text, length + 1, NULL));
    char *const timings = strstr(text, "\"timings\"");
    if (timings != NULL) *timings = '\0';
    mlsd_result_free(result);
    return text;
}

/* Inside a calibrated classifier, alone and at the end of a pipeline. */
static void test_custom__calibrated(void **state)
{
    (void)state;
    linear_data d = make_linear_data(400, 3, 3, 9);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    const int64_t counts[] = {1, 2, 7};
    double *first = malloc(1200 * sizeof *first), *out = malloc(1200 * sizeof *out), row[3];
    for (int i = 0; i < 6; i++) {
        custom_log log = {0};
        mlsd_context *context = context_with_threads(counts[i % 3]);
        mlsd_spec *own = spec_of(&log, 0, 0);
        if (i >= 3) own = pipeline_with(own, "{\"kind\":\"standardize\"}", 0);
        mlsd_spec *spec = spec_from("{\"kind\":\"calibrated_classifier\",\"n_splits\":3}");
        mlsd_model *model = NULL;
        ASSERT_OK(mlsd_spec_add(spec, "estimator", NULL, own));
        ASSERT_OK(mlsd_model_fit(context, spec, data, NULL, NULL, &model));
        ASSERT_OK(mlsd_model_predict(context, model, data, MLSD_OUTPUT_PROBA, out, 1200));
        if (i % 3 == 0) memcpy(first, out, 1200 * sizeof *out);
        assert_memory_equal(first, out, 1200 * sizeof *out);
        const mlsd_matrix at = {d.x + 30, 1, 3, 3, 1, MLSD_F64, 0};
        ASSERT_OK(mlsd_model_predict_matrix(context, model, &at, MLSD_OUTPUT_PROBA, row, 3));
        assert_memory_equal(row, out + 30, sizeof row);
        mlsd_model_free(model);
        mlsd_spec_free(spec);
        mlsd_spec_free(own);
        mlsd_context_free(context);
        assert_tidy(&log);
    }
    mlsd_dataset_free(data);
    free(first);
    free(out);
    free_linear_data(&d);
}

static void test_custom__folds_on_any_number_of_threads(void **state)
{
    (void)state;
    linear_data d = make_linear_data(2500, 3, 3, 9);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_folds *folds = folds_of(data, 9);
    const int64_t counts[] = {1, 2, 7};
    const int32_t more[] = {0, MLSD_CUSTOM_ANY_THREAD};
    char *texts[6];
    for (int i = 0; i < 6; i++) {
        custom_log log = {0};
        mlsd_context *context = context_with_threads(counts[i % 3]);
        mlsd_spec *spec =
            pipeline_with(spec_of(&log, 0, more[i / 3]), "{\"kind\":\"standardize\"}", 0);
        texts[i] = cross_validated(context, spec, data, folds);
        assert_string_equal(texts[i], texts[0]);
        assert_int_equal(atomic_load(&log.n_fits), 9);
        mlsd_spec_free(spec);
        mlsd_context_free(context);
        if (more[i / 3] == 0) assert_tidy(&log);
        assert_int_equal(atomic_load(&log.n_states), 0);
        assert_int_equal(atomic_load(&log.n_released), 1);
    }
    for (int i = 0; i < 6; i++) free(texts[i]);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__beside_built_in_models(void **state)
{
    (void)state;
    linear_data d = make_linear_data(400, 3, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_folds *folds = folds_of(data, 5);
    for (int saves = 0; saves < 2; saves++) {
        custom_log log = {.entry = pthread_self()};
        mlsd_custom *custom = NULL;
        mlsd_spec *own = NULL;
        if (saves) {
            own = spec_of(&log, 0, 0);
        } else {
            ASSERT_OK(mlsd_custom_new(NULL, "no_bytes", MLSD_CUSTOM_CLASSIFIES | MLSD_CUSTOM_PROBA,
                                      custom_fit, custom_score, custom_end, &log, custom_release,
                                      &custom));
            ASSERT_OK(mlsd_custom_add_param(custom, "scale", MLSD_PARAM_F64, "2", 0, 9, "factor"));
            ASSERT_OK(mlsd_spec_new_custom(custom, &own));
            mlsd_custom_free(custom);
        }
        mlsd_spec *constant = spec_from("{\"kind\":\"dummy_classifier\"}");
        mlsd_spec *logistic = spec_from("{\"kind\":\"logistic_regression\"}");
        const mlsd_spec *const specs[] = {constant, own, logistic};
        const char *const names[] = {"constant", "own", "logistic"};
        mlsd_result *result = NULL;
        ASSERT_OK(mlsd_leaderboard(NULL, specs, names, 3, data, folds, "log_loss", &result));
        const mlsd_table *board = mlsd_result_get_table(result, "leaderboard");
        int64_t column = -1, bytes = -1;
        double scores[3];
        ASSERT_OK(mlsd_table_find(board, "score", &column));
        ASSERT_OK(mlsd_table_get_f64(board, column, 0, 3, scores));
        assert_true(scores[1] < scores[0]);
        ASSERT_OK(mlsd_table_find(board, "model_bytes", &column));
        ASSERT_OK(mlsd_table_get_i64(board, column, 1, 1, &bytes));
        assert_int_equal(bytes > 0, saves);
        mlsd_result_free(result);
        mlsd_spec_free(logistic);
        mlsd_spec_free(constant);
        mlsd_spec_free(own);
        assert_tidy(&log);
    }
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__in_an_experiment(void **state)
{
    (void)state;
    linear_data d = make_linear_data(300, 2, 2, 4);
    mlsd_table *t = new_table();
    double column[300];
    char letters[301] = "";
    for (int j = 0; j < 2; j++) {
        for (int i = 0; i < 300; i++) column[i] = d.x[i * 2 + j];
        put_numbers(t, j == 0 ? "a" : "b", column, 300);
    }
    for (int i = 0; i < 300; i++) letters[i] = "uvw"[i % 3];
    put_letters(t, "group", letters);
    put_numbers(t, "y", d.y, 300);
    custom_log log = {0};
    mlsd_spec *experiment = spec_from("{\"kind\":\"experiment\",\"target\":\"y\",\"n_splits\":3,"
                                      "\"slices\":[\"group\"],\"drop\":[\"group\"]}");
    mlsd_spec *constant = spec_from("{\"kind\":\"dummy_classifier\"}"), *own = spec_of(&log, 0, 0);
    ASSERT_OK(mlsd_spec_add(experiment, "models", "constant", constant));
    ASSERT_OK(mlsd_spec_add(experiment, "models", "own", own));
    mlsd_result *result = NULL;
    const char *chosen = NULL;
    ASSERT_OK(mlsd_experiment_run(NULL, experiment, t, &result));
    ASSERT_OK(mlsd_result_get_str(result, "chosen", &chosen));
    assert_string_equal(chosen, "own");
    assert_non_null(mlsd_result_get_table(result, "slices"));
    mlsd_spec_free(own);
    mlsd_spec_free(constant);
    mlsd_spec_free(experiment);
    mlsd_result_free(result);
    mlsd_table_free(t);
    free_linear_data(&d);
    assert_tidy(&log);
}

static void test_custom__what_fails_is_told(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_folds *folds = folds_of(data, 5);
    const char *metric = "accuracy";
    static const struct {
        int status;
        const char *message;
        mlsd_status want;
        const char *words;
    } cases[] = {
        {MLSD_E_USER - 7, "the moon is full", MLSD_E_USER - 7,
         "of 5: nearest_mean: fit: the moon is full"},
        {1, NULL, MLSD_E_CANCELLED, "nearest_mean: fit returned 1 and gave no reason"},
        {MLSD_E_IO, "no disk", MLSD_E_IO, "nearest_mean: fit: no disk"},
        {-12345, "beyond", -12345, "beyond"},
        {-55, "no status", MLSD_E_CANCELLED, "no status"},
    };
    for (int64_t n_threads = 1; n_threads <= 3; n_threads += 2) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_result *result = NULL;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
            custom_log log = {
                .fail_at_fit = 3, .status = cases[i].status, .message = cases[i].message};
            mlsd_spec *spec = spec_of(&log, 0, 0);
            ASSERT_FAILS(cases[i].want, cases[i].words,
                         mlsd_cross_validate(context, spec, data, folds, &metric, 1, &result));
            assert_non_null(strstr(mlsd_last_error(), "fold "));
            mlsd_spec_free(spec);
            assert_tidy(&log);
        }
        /* A fold whose data will not do is told of in the table, and the others count. */
        custom_log log = {.fail_at_fit = 2, .status = MLSD_E_DATA, .message = "too few rows"};
        mlsd_spec *spec = spec_of(&log, 0, 0);
        ASSERT_OK(mlsd_cross_validate(context, spec, data, folds, &metric, 1, &result));
        const mlsd_table *table = mlsd_result_get_table(result, "folds");
        int64_t column = -1;
        int n_told = 0;
        ASSERT_OK(mlsd_table_find(table, "message", &column));
        for (int64_t k = 0; k < 5; k++) {
            const char *text = mlsd_table_get_str(table, column, k);
            if (text == NULL) continue;
            assert_string_equal(text, "nearest_mean: fit: too few rows");
            n_told++;
        }
        assert_int_equal(n_told, 1);
        mlsd_result_free(result);
        mlsd_spec_free(spec);
        assert_tidy(&log);
        mlsd_context_free(context);
    }
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__wrong_outputs_are_refused(void **state)
{
    (void)state;
    linear_data d = make_linear_data(50, 3, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    double out[200];
    custom_log log = {0};
    mlsd_spec *spec = spec_of(&log, 0, 0);
    mlsd_model *model = fit_spec(spec, data);
    log.bad_value = 2;
    ASSERT_FAILS(MLSD_E_DATA, "nearest_mean: predict gave 2 for row 0, which is no probability",
                 mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, out, 200));
    log.bad_value = 1;
    ASSERT_FAILS(MLSD_E_DATA, "the sum of the probabilities, which is not 1",
                 mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, out, 200));
    log.bad_value = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "for row 0, which is not finite",
                 mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_DECISION, out, 200));
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    assert_tidy(&log);

    memset(&log, 0, sizeof log);
    spec = pipeline_with(spec_of(&log, 1, 0), "{\"kind\":\"logistic_regression\"}", 1);
    log.bad_value = INFINITY;
    ASSERT_FAILS(MLSD_E_DATA, "centre: predict gave inf for row 0, which is not finite",
                 mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    mlsd_spec_free(spec);
    assert_tidy(&log);

    memset(&log, 0, sizeof log);
    spec = spec_of(&log, 0, MLSD_CUSTOM_CLASSES);
    model = fit_spec(spec, data);
    log.bad_value = 2; /* the callback fills nothing else: it must not pass for a class either */
    ASSERT_FAILS(MLSD_E_DATA, "predict gave 2 for row 0, which is no class number",
                 mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, 200));
    log.bad_value = 1;
    ASSERT_FAILS(MLSD_E_DATA, "for row 1, which is no class number",
                 mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, 200));
    d.x[7] = NAN;
    const mlsd_matrix X = {d.x, 50, 3, 3, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_DATA, "row 2, column 'x1' is NaN; add an impute step",
                 mlsd_model_predict_matrix(NULL, model, &X, MLSD_OUTPUT_VALUE, out, 200));
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__parameters_and_json(void **state)
{
    (void)state;
    custom_log log = {0};
    mlsd_custom *custom = NULL;
    mlsd_spec *spec = NULL, *copy = NULL;
    ASSERT_OK(custom_describe(NULL, &log, 0, 0, &custom));
    ASSERT_OK(mlsd_custom_add_param(custom, "k", MLSD_PARAM_I64, "null", 1, INFINITY, ""));
    ASSERT_OK(mlsd_custom_add_param(custom, "fast", MLSD_PARAM_BOOL, "true", 0, 0, ""));
    ASSERT_OK(mlsd_custom_add_param(custom, "way", MLSD_PARAM_STR, "plain", 0, 0, ""));
    ASSERT_OK(mlsd_spec_new_custom(custom, &spec));
    double number = 0;
    int32_t flag = 0;
    const char *word = NULL;
    ASSERT_OK(mlsd_spec_get_f64(spec, "scale", &number));
    ASSERT_OK(mlsd_spec_get_bool(spec, "fast", &flag));
    ASSERT_OK(mlsd_spec_get_str(spec, "way", &word));
    assert_true(number == 1 && flag == 1 && strcmp(word, "plain") == 0);
    ASSERT_OK(mlsd_spec_is_null(spec, "k", &flag));
    assert_int_equal(flag, 1);
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'k' must be in [1, inf", mlsd_spec_set_i64(spec, "k", 0));
    ASSERT_FAILS(MLSD_E_PARAM_UNKNOWN,
                 "nearest_mean has no parameter 'scael'; did you mean 'scale'",
                 mlsd_spec_set_f64(spec, "scael", 1));
    ASSERT_OK(mlsd_spec_set_f64(spec, "scale", 2.5));
    ASSERT_OK(mlsd_spec_set_str(spec, "way", "other"));
    char json[2048], again[2048];
    ASSERT_OK(mlsd_spec_to_json(spec, 0, json, sizeof json, NULL));
    assert_string_equal(json, "{\"kind\": \"nearest_mean\",\n  \"scale\": 2.5,\n  \"way\": "
                              "\"other\"\n}\n");
    ASSERT_OK(mlsd_spec_clone(spec, &copy));
    ASSERT_OK(mlsd_spec_to_json(copy, 0, again, sizeof again, NULL));
    assert_string_equal(again, json);
    mlsd_spec_free(copy);
    mlsd_spec_free(spec);

    ASSERT_FAILS(MLSD_E_KIND, "no kind 'nearest_mean'; ", mlsd_spec_from_json(NULL, json, &spec));
    assert_non_null(strstr(mlsd_last_error(), "context must be given an estimator of your own"));
    mlsd_context *context = context_with_threads(1);
    ASSERT_OK(mlsd_context_add_custom(context, custom));
    ASSERT_OK(mlsd_context_add_custom(context, custom)); /* in its own place */
    ASSERT_OK(mlsd_spec_from_json(context, json, &spec));
    ASSERT_OK(mlsd_spec_to_json(spec, 0, again, sizeof again, NULL));
    assert_string_equal(again, json);
    mlsd_spec_free(spec);
    ASSERT_OK(mlsd_spec_new(context, "nearest_mean", &spec));
    mlsd_custom_free(custom);
    mlsd_context_free(context);
    assert_null(mlsd_kind_find("nearest_mean"));
    int64_t length = 0;
    ASSERT_OK(mlsd_kind_json(mlsd_spec_kind(spec), json, sizeof json, &length));
    assert_non_null(strstr(json, "\"custom\":true"));
    assert_int_equal(atomic_load(&log.n_released), 0);
    mlsd_spec_free(spec);
    assert_tidy(&log);
}

/* Replaced in a context, an estimator is released when the context has the new one already. */
typedef struct replacement {
    mlsd_context *context;
    mlsd_spec *spec;
} replacement;

static void look_it_up(void *user)
{
    replacement *const r = user;
    (void)mlsd_spec_new(r->context, "nearest_mean", &r->spec);
}

static void test_custom__replaced_in_a_context(void **state)
{
    (void)state;
    custom_log log = {0};
    replacement r = {.context = context_with_threads(1)};
    mlsd_custom *before = NULL, *after = NULL;
    ASSERT_OK(mlsd_custom_new(NULL, "nearest_mean", MLSD_CUSTOM_CLASSIFIES, custom_fit,
                              custom_score, NULL, &r, look_it_up, &before));
    ASSERT_OK(mlsd_context_add_custom(r.context, before));
    mlsd_custom_free(before);
    assert_null(r.spec);
    ASSERT_OK(custom_describe(NULL, &log, 0, 0, &after));
    ASSERT_OK(mlsd_context_add_custom(r.context, after));
    mlsd_custom_free(after);
    mlsd_context_free(r.context);
    ASSERT_OK(mlsd_spec_set_f64(r.spec, "scale", 2)); /* which only the new one has */
    mlsd_spec_free(r.spec);
    assert_tidy(&log);
}

static void test_custom__models_are_saved_and_loaded(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    custom_log log = {0}, of_transform = {0};
    mlsd_custom *classifier = NULL, *transform = NULL;
    mlsd_spec *centre = NULL, *nearest = NULL, *pipeline = spec_from("{\"kind\":\"pipeline\"}");
    ASSERT_OK(custom_describe(NULL, &log, 0, 0, &classifier));
    ASSERT_OK(custom_describe(NULL, &of_transform, 1, 0, &transform));
    ASSERT_OK(mlsd_spec_new_custom(classifier, &nearest));
    ASSERT_OK(mlsd_spec_new_custom(transform, &centre));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, centre));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, nearest));
    mlsd_model *model = fit_spec(pipeline, data), *copy = NULL;
    size_t size = 0;
    unsigned char *bytes = bytes_of(model, &size);
    ASSERT_FAILS(MLSD_E_KIND, "no kind 'centre'", mlsd_model_from_bytes(NULL, bytes, size, &copy));
    mlsd_context *context = context_with_threads(1);
    ASSERT_OK(mlsd_context_add_custom(context, transform));
    ASSERT_FAILS(MLSD_E_KIND, "no kind 'nearest_mean'",
                 mlsd_model_from_bytes(context, bytes, size, &copy));
    ASSERT_OK(mlsd_context_add_custom(context, classifier));
    ASSERT_OK(mlsd_model_from_bytes(context, bytes, size, &copy));
    mlsd_context_free(context);
    double a[180], b[180];
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, a, 180));
    ASSERT_OK(mlsd_model_predict(NULL, copy, data, MLSD_OUTPUT_PROBA, b, 180));
    assert_memory_equal(a, b, sizeof a);
    assert_same_model(model, copy);
    free(bytes);
    mlsd_model_free(copy);
    mlsd_model_free(model);
    mlsd_spec_free(pipeline);
    mlsd_spec_free(centre);
    mlsd_spec_free(nearest);
    mlsd_custom_free(transform);
    mlsd_custom_free(classifier);
    assert_tidy(&log);
    assert_tidy(&of_transform);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Nearest rows behind a transform of the user's are those of the transformed rows. */
static void test_custom__before_neighbors(void **state)
{
    (void)state;
    linear_data d = make_linear_data(700, 3, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    static const char KNN[] = "{\"kind\":\"k_neighbors_classifier\"}";
    custom_log log = {0};
    mlsd_spec *spec = pipeline_with(spec_of(&log, 1, 0), KNN, 1);
    mlsd_model *model = fit_spec(spec, data), *plain = fit_json(NULL, KNN, data, NULL, NULL);
    static int64_t a[2100], b[2100];
    static double x[1400], y[1400];
    ASSERT_OK(mlsd_model_neighbors(NULL, model, data, 3, a, NULL, 2100));
    ASSERT_OK(mlsd_model_neighbors(NULL, plain, data, 3, b, NULL, 2100));
    assert_memory_equal(a, b, sizeof a); /* moving all rows alike moves no neighbor */
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, x, 1400));
    ASSERT_OK(mlsd_model_predict(NULL, plain, data, MLSD_OUTPUT_PROBA, y, 1400));
    assert_memory_equal(x, y, sizeof x);
    mlsd_model_free(plain);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    assert_tidy(&log);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static int64_t two_columns(const void *state, void *user)
{
    (void)state, (void)user;
    return 2;
}

/* The sum and the sum of squares of a row, without anything learned. */
static int nothing_to_fit(const mlsd_spec *spec, const mlsd_matrix *X, const double *y,
                          const double *weight, int64_t n_classes, void **out_state, void *user)
{
    (void)spec, (void)X, (void)y, (void)weight, (void)n_classes, (void)user;
    *out_state = NULL;
    return 0;
}

static int two_sums(const void *state, const mlsd_matrix *X, mlsd_output what, double *out,
                    void *user)
{
    (void)state, (void)what, (void)user;
    for (int64_t i = 0; i < X->rows; i++) {
        const double *const x = (const double *)X->data + i * X->row_stride;
        out[2 * i] = out[2 * i + 1] = 0;
        for (int64_t j = 0; j < X->cols; j++) out[2 * i] += x[j], out[2 * i + 1] += x[j] * x[j];
    }
    return 0;
}

static void test_custom__a_transform_may_change_the_width(void **state)
{
    (void)state;
    mlsd_custom *custom = NULL;
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_custom_new(NULL, "sums", MLSD_CUSTOM_TRANSFORMS, nothing_to_fit, two_sums, NULL,
                              NULL, NULL, &custom));
    ASSERT_OK(mlsd_custom_set_width(custom, two_columns));
    ASSERT_OK(mlsd_spec_new_custom(custom, &spec));
    linear_data d = make_linear_data(1500, 5, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_spec(spec, data);
    int64_t p = 0;
    double *out = transformed(model, data, &p), sum = 0;
    assert_int_equal(p, 2);
    for (int j = 0; j < 5; j++) sum += d.x[1400 * 5 + j];
    assert_true(out[2 * 1400] == sum);
    assert_string_equal(mlsd_model_output_name(model, 1), "sums1");
    ASSERT_FAILS(MLSD_E_UNSUPPORTED, "a model of 'sums' cannot be saved",
                 mlsd_model_to_bytes(model, NULL, 0, &(size_t){0}));
    free(out);
    mlsd_model_free(model);
    spec = pipeline_with(spec, "{\"kind\":\"ridge\"}", 1);
    model = fit_spec(spec, data);
    double coef[2];
    array_of(model, "coef", coef, 2);
    assert_true(isfinite(coef[0]) && isfinite(coef[1]));
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_custom_free(custom);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__cancel_within_a_callback(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_folds *folds = folds_of(data, 8);
    const char *metric = "accuracy";
    for (int64_t n_threads = 1; n_threads <= 4; n_threads++) {
        mlsd_context *context = context_with_threads(n_threads);
        custom_log log = {.cancels = context};
        mlsd_spec *spec = spec_of(&log, 0, 0);
        mlsd_result *result = NULL;
        ASSERT_FAILS(MLSD_E_CANCELLED, "cancelled",
                     mlsd_cross_validate(context, spec, data, folds, &metric, 1, &result));
        assert_int_equal(atomic_load(&log.n_fits), 1);
        mlsd_spec_free(spec);
        mlsd_context_free(context);
        assert_tidy(&log);
    }
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A fit that fits a model of the library, with its own threads. */
static int fit_ridge(const mlsd_spec *spec, const mlsd_matrix *X, const double *y,
                     const double *weight, int64_t n_classes, void **out_state, void *user)
{
    const mlsd_matrix Y = {y, X->rows, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_spec *ridge = NULL;
    (void)spec, (void)weight, (void)n_classes, (void)user;
    mlsd_status status = mlsd_dataset_from_matrix(NULL, X, &Y, NULL, MLSD_TASK_REGRESSION, &data);
    if (status == MLSD_OK) status = mlsd_spec_new(NULL, "ridge", &ridge);
    if (status == MLSD_OK)
        status = mlsd_model_fit(NULL, ridge, data, NULL, NULL, (mlsd_model **)out_state);
    mlsd_spec_free(ridge);
    mlsd_dataset_free(data);
    return status;
}

static int predict_ridge(const void *state, const mlsd_matrix *X, mlsd_output what, double *out,
                         void *user)
{
    (void)user;
    return mlsd_model_predict_matrix(NULL, state, X, what, out, X->rows);
}

static void free_ridge(void *state, void *user)
{
    (void)user;
    mlsd_model_free(state);
}

static void test_custom__callbacks_may_call_mlsd(void **state)
{
    (void)state;
    linear_data d = make_linear_data(2100, 3, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_folds *folds = folds_of(data, 6);
    mlsd_spec *ridge = spec_from("{\"kind\":\"ridge\"}"), *own = NULL;
    mlsd_custom *custom = NULL;
    const char *metric = "rmse";
    double a = 0, b = 1;
    ASSERT_OK(mlsd_custom_new(NULL, "my-ridge", MLSD_CUSTOM_REGRESSES, fit_ridge, predict_ridge,
                              free_ridge, NULL, NULL, &custom));
    ASSERT_OK(mlsd_spec_new_custom(custom, &own));
    mlsd_custom_free(custom);
    mlsd_context *context = context_with_threads(3);
    mlsd_result *ours = NULL, *theirs = NULL;
    ASSERT_OK(mlsd_cross_validate(context, own, data, folds, &metric, 1, &ours));
    ASSERT_OK(mlsd_cross_validate(context, ridge, data, folds, &metric, 1, &theirs));
    ASSERT_OK(mlsd_result_get_f64(ours, "rmse.mean", &a));
    ASSERT_OK(mlsd_result_get_f64(theirs, "rmse.mean", &b));
    assert_true(a == b);
    mlsd_result_free(ours);
    mlsd_result_free(theirs);
    mlsd_context_free(context);
    mlsd_spec_free(own);
    mlsd_spec_free(ridge);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_custom__arguments(void **state)
{
    (void)state;
    custom_log log = {0};
    mlsd_custom *c = NULL;
    mlsd_spec *spec = NULL;
    const int32_t both = MLSD_CUSTOM_REGRESSES | MLSD_CUSTOM_CLASSIFIES;
#define NEW(name, abilities, fit) \
    mlsd_custom_new(NULL, name, abilities, fit, custom_score, NULL, &log, custom_release, &c)
    ASSERT_FAILS(MLSD_E_KIND, "'ridge' is a built-in kind", NEW("ridge", both, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "cannot be the name", NEW("a.b", both, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "cannot be the name", NEW("", both, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "is NULL", NEW(NULL, both, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "or it transforms", NEW("a", 0, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "or it transforms",
                 NEW("a", both | MLSD_CUSTOM_TRANSFORMS, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "only what classifies", NEW("a", 1 | MLSD_CUSTOM_PROBA, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "no sum of", NEW("a", 1 << 20, custom_fit));
    ASSERT_FAILS(MLSD_E_ARG, "needs fit and predict", NEW("a", both, NULL));
    ASSERT_FAILS(
        MLSD_E_ARG, "'out' is NULL",
        mlsd_custom_new(NULL, "a", both, custom_fit, custom_score, NULL, NULL, NULL, NULL));
    assert_int_equal(atomic_load(&log.n_released), 0);

    ASSERT_OK(NEW("a", both, custom_fit));
#undef NEW
#define ADD(name, type, fallback, low, high) \
    mlsd_custom_add_param(c, name, type, fallback, low, high, "")
    ASSERT_OK(ADD("alpha", MLSD_PARAM_F64, "1", 0, 9));
    ASSERT_FAILS(MLSD_E_ARG, "has a parameter 'alpha'", ADD("alpha", MLSD_PARAM_F64, "1", 0, 9));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'beta' must be in [0, 9]",
                 ADD("beta", MLSD_PARAM_F64, "10", 0, 9));
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "'beta' is a number", ADD("beta", MLSD_PARAM_F64, "ten", 0, 9));
    ASSERT_FAILS(MLSD_E_PARAM_TYPE, "cannot be null", ADD("beta", MLSD_PARAM_BOOL, "null", 0, 9));
    ASSERT_FAILS(MLSD_E_ARG, "not in order", ADD("beta", MLSD_PARAM_F64, "1", 9, 0));
    ASSERT_FAILS(MLSD_E_ARG, "a quote", ADD("beta", MLSD_PARAM_STR, "a\"b", 0, 0));
    ASSERT_FAILS(MLSD_E_ARG, "must be a number", ADD("beta", MLSD_PARAM_CHOICE, "a", 0, 0));
    ASSERT_FAILS(MLSD_E_ARG, "cannot be called 'kind'", ADD("kind", MLSD_PARAM_STR, "a", 0, 0));
    ASSERT_FAILS(MLSD_E_ARG, "the default of 'beta' is NULL", ADD("beta", 1, NULL, 0, 0));
    ASSERT_FAILS(MLSD_E_ARG, "has no width", mlsd_custom_set_width(c, two_columns));
    ASSERT_FAILS(MLSD_E_ARG, "go together", mlsd_custom_set_save(c, custom_save, NULL));
    ASSERT_OK(mlsd_spec_new_custom(c, &spec));
    ASSERT_FAILS(MLSD_E_ARG, "'a' has specs", ADD("beta", MLSD_PARAM_F64, "1", 0, 9));
    ASSERT_FAILS(MLSD_E_ARG, "'a' has specs", mlsd_custom_set_attribute(c, NULL));
#undef ADD
    mlsd_spec_free(spec);
    mlsd_custom_free(c);
    mlsd_custom_free(NULL);
    assert_int_equal(atomic_load(&log.n_released), 1);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_spec_new_custom(NULL, &spec));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_context_add_custom(NULL, NULL));
    ASSERT_FAILS(MLSD_E_DATA, "one line", mlsd_error_set(MLSD_E_DATA, "one\nline"));
    assert_int_equal(mlsd_error_set(MLSD_E_USER, NULL), MLSD_E_USER);
    assert_string_equal(mlsd_last_error(), "");
}

static mlsd_status use_all(const mlsd_context *context, custom_log *log, const mlsd_dataset *data)
{
    mlsd_custom *custom = NULL;
    mlsd_spec *spec = NULL, *scale = NULL, *pipeline = NULL;
    mlsd_model *model = NULL;
    double out[80];
    mlsd_status status = custom_describe(context, log, 1, 0, &custom);
    if (status == MLSD_OK) status = mlsd_spec_new_custom(custom, &spec);
    mlsd_custom_free(custom);
    if (status == MLSD_OK) status = mlsd_spec_new(context, "standardize", &scale);
    if (status == MLSD_OK) status = mlsd_spec_new(context, "pipeline", &pipeline);
    if (status == MLSD_OK) status = mlsd_spec_add(pipeline, "steps", NULL, spec);
    if (status == MLSD_OK) status = mlsd_spec_add(pipeline, "steps", NULL, scale);
    if (status == MLSD_OK) status = mlsd_model_fit(context, pipeline, data, data, NULL, &model);
    if (status == MLSD_OK)
        status = mlsd_model_predict(context, model, data, MLSD_OUTPUT_FEATURES, out, 80);
    mlsd_model_free(model);
    mlsd_spec_free(pipeline);
    mlsd_spec_free(scale);
    mlsd_spec_free(spec);
    return status;
}

static void test_custom__every_allocation_may_fail(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 2, 2, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    for (long long k = 1;; k++) {
        failing_allocator memory;
        custom_log log = {0};
        failing_allocator_init(&memory, k, 0);
        mlsd_context *context = failing_context(&memory, 1);
        if (context == NULL) continue;
        const mlsd_status status = use_all(context, &log, data);
        mlsd_context_free(context);
        assert_int_equal(atomic_load(&memory.live_blocks), 0);
        assert_int_equal(atomic_load(&log.n_states), 0);
        if (status == MLSD_OK) {
            assert_int_equal(atomic_load(&memory.failed), 0);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_custom__by_hand),
        cmocka_unit_test(test_custom__in_pipelines),
        cmocka_unit_test(test_custom__calibrated),
        cmocka_unit_test(test_custom__folds_on_any_number_of_threads),
        cmocka_unit_test(test_custom__beside_built_in_models),
        cmocka_unit_test(test_custom__in_an_experiment),
        cmocka_unit_test(test_custom__what_fails_is_told),
        cmocka_unit_test(test_custom__wrong_outputs_are_refused),
        cmocka_unit_test(test_custom__parameters_and_json),
        cmocka_unit_test(test_custom__replaced_in_a_context),
        cmocka_unit_test(test_custom__models_are_saved_and_loaded),
        cmocka_unit_test(test_custom__before_neighbors),
        cmocka_unit_test(test_custom__a_transform_may_change_the_width),
        cmocka_unit_test(test_custom__cancel_within_a_callback),
        cmocka_unit_test(test_custom__callbacks_may_call_mlsd),
        cmocka_unit_test(test_custom__arguments),
        cmocka_unit_test(test_custom__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
