/* test_model.c - what every model keeps: columns by name, categories by text, one row like many,
 * and messages that name row and column. Witnesses are identities. */
#include "failing_allocator.h"
#include "table_data.h"
#include "unit.h"

static const char RIDGE[] = "{\"kind\":\"ridge\"}";
static const char ENCODED[] =
    "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"hot\",\"kind\":\"one_hot\"},"
    "{\"name\":\"fit\",\"kind\":\"ridge\"}]}";

static const double X[] = {1, 2, 3, 4, 5, 6}, Z[] = {2, 1, 4, 3, 6, 5}, Y[] = {1, 3, 2, 5, 4, 6};

static void test_model__columns_are_found_by_name(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_numbers(t, "x", X, 6);
    put_numbers(t, "z", Z, 6);
    put_numbers(t, "y", Y, 6);
    mlsd_dataset *train = dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL, RIDGE, train, NULL, NULL);
    assert_int_equal(mlsd_model_n_features(model), 2);
    assert_string_equal(mlsd_model_feature_name(model, 1), "z");
    assert_null(mlsd_model_feature_name(model, 2));
    assert_string_equal(mlsd_kind_name(mlsd_spec_kind(mlsd_model_spec(model))), "ridge");

    t = new_table();
    put_numbers(t, "other", Y, 6);
    put_numbers(t, "z", Z, 6);
    put_numbers(t, "x", X, 6);
    mlsd_dataset *moved = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    double a[6], b[6];
    assert_int_equal(mlsd_model_predict(NULL, model, train, MLSD_OUTPUT_VALUE, a, 6), MLSD_OK);
    assert_int_equal(mlsd_model_predict(NULL, model, moved, MLSD_OUTPUT_VALUE, b, 6), MLSD_OK);
    assert_memory_equal(a, b, sizeof a);
    mlsd_dataset_free(moved);

    t = new_table();
    put_numbers(t, "x", X, 6);
    put_numbers(t, "zz", Z, 6);
    moved = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    assert_int_equal(mlsd_model_predict(NULL, model, moved, MLSD_OUTPUT_VALUE, b, 6),
                     MLSD_E_COLUMN);
    assert_non_null(
        strstr(mlsd_last_error(), "no column 'z', which the model was fitted with (its column 1)"));
    mlsd_dataset_free(moved);

    t = new_table();
    put_numbers(t, "q", X, 6);
    moved = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    ASSERT_FAILS(MLSD_E_COLUMN, "'x', which the model was fitted with (its column 0), nor 1 others",
                 mlsd_model_predict(NULL, model, moved, MLSD_OUTPUT_VALUE, b, 6));
    mlsd_dataset_free(moved);
    const mlsd_matrix narrow = {X, 6, 1, 1, 1, MLSD_F64, 0}, wide = {X, 1, 4, 4, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_SHAPE, "2 features, the data has 1: column 1, 'z', is missing",
                 mlsd_model_predict_matrix(NULL, model, &narrow, MLSD_OUTPUT_VALUE, b, 6));
    ASSERT_FAILS(MLSD_E_SHAPE, "has 4: column 2 and what follows it is too much",
                 mlsd_model_predict_matrix(NULL, model, &wide, MLSD_OUTPUT_VALUE, b, 6));

    t = new_table();
    put_numbers(t, "x", X, 6);
    put_letters(t, "z", "abcabc");
    moved = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    assert_int_equal(mlsd_model_predict(NULL, model, moved, MLSD_OUTPUT_VALUE, b, 6), MLSD_E_TYPE);
    assert_non_null(strstr(mlsd_last_error(),
                           "column 'z' holds text, but the model was fitted with numbers (its "
                           "column 1)"));
    mlsd_dataset_free(moved);
    mlsd_model_free(model);
    mlsd_dataset_free(train);
}

/* The same texts with other codes, and a text that is new: as a row without any level. */
static void test_model__categories_are_found_by_text(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_letters(t, "g", "aabbcc");
    put_numbers(t, "y", Y, 6);
    mlsd_dataset *train = dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL, ENCODED, train, NULL, NULL);
    double a[6], b[4], coef[3];
    assert_int_equal(mlsd_model_predict(NULL, model, train, MLSD_OUTPUT_VALUE, a, 6), MLSD_OK);
    array_of(model, "coef", coef, 3);
    t = new_table();
    put_letters(t, "g", "cbqa");
    mlsd_dataset *later = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    assert_int_equal(mlsd_model_predict(NULL, model, later, MLSD_OUTPUT_VALUE, b, 4), MLSD_OK);
    assert_true(b[0] == a[4] && b[1] == a[2] && b[3] == a[0]);
    assert_true(b[2] == number_of(model, "intercept"));
    mlsd_dataset_free(later);

    const mlsd_matrix codes = {X, 2, 1, 1, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &codes, MLSD_OUTPUT_VALUE, b, 4),
                     MLSD_E_TYPE);
    expect_fit_failure(RIDGE, train, MLSD_E_DATA,
                       "column 'g' holds text; add a one_hot step to the pipeline");
    mlsd_model_free(model);
    mlsd_dataset_free(train);
}

static void test_model__one_row_is_like_many(void **state)
{
    (void)state;
    enum { N = 5000, P = 13 };
    linear_data d = make_linear_data(N, P, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    static const char steps[] =
        "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"s\",\"kind\":\"standardize\"},"
        "{\"name\":\"r\",\"kind\":\"ridge\"}]}";
    const char *const specs[] = {RIDGE, steps};
    double *many = malloc(N * sizeof *many), one;
    assert_non_null(many);
    for (int s = 0; s < 2; s++) {
        mlsd_model *model = fit_json(NULL, specs[s], data, NULL, NULL);
        assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, many, N),
                         MLSD_OK);
        for (int64_t i = 0; i < N; i += 37) {
            const mlsd_matrix row = {d.x + i * P, 1, P, P, 1, MLSD_F64, 0};
            assert_int_equal(
                mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_VALUE, &one, 1), MLSD_OK);
            assert_true(one == many[i]);
        }
        /* A wide row has a stride where only some columns are the model's. */
        const mlsd_matrix narrow = {d.x, 10, P - 1, P, 1, MLSD_F64, 0};
        assert_int_equal(
            mlsd_model_predict_matrix(NULL, model, &narrow, MLSD_OUTPUT_VALUE, many, N),
            MLSD_E_SHAPE);
        const mlsd_matrix none = {NULL, 0, P, P, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &none, MLSD_OUTPUT_VALUE, NULL, 0),
                         MLSD_OK);
        mlsd_model_free(model);
    }
    free(many);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* BLAS adds up a row in another order when other rows stand beside it. */
static void test_model__one_row_of_classes_is_like_many(void **state)
{
    (void)state;
    enum { N = 1500, P = 13 };
    static const char *const specs[] = {
        "{\"kind\":\"logistic_regression\",\"max_iter\":5}",
        "{\"kind\":\"sgd_classifier\",\"max_iter\":3,\"loss\":\"log_loss\"}"};
    linear_data d = make_linear_data(N, P, 0, 4);
    double *many = malloc(4 * N * sizeof *many), one[4];
    assert_non_null(many);
    for (int n_classes = 2; n_classes <= 4; n_classes += 2) {
        for (int64_t i = 0; i < N; i++) d.y[i] = (double)(i % n_classes);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_AUTO, 0);
        for (int s = 0; s < 2; s++) {
            mlsd_model *model = fit_json(NULL, specs[s], data, NULL, NULL);
            assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, many, 4 * N),
                             MLSD_OK);
            for (int64_t i = 0; i < N; i++) {
                const mlsd_matrix row = {d.x + i * P, 1, P, P, 1, MLSD_F64, 0};
                assert_int_equal(
                    mlsd_model_predict_matrix(NULL, model, &row, MLSD_OUTPUT_PROBA, one, 4),
                    MLSD_OK);
                assert_memory_equal(one, many + i * n_classes, (size_t)n_classes * sizeof *one);
            }
            mlsd_model_free(model);
        }
        mlsd_dataset_free(data);
    }
    free(many);
    free_linear_data(&d);
}

static void test_model__matrices_are_checked(void **state)
{
    (void)state;
    const double numbers[9] = {0};
    const void *const askew = (const char *)numbers + 1;
    linear_data d = make_linear_data(30, 2, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, RIDGE, data, NULL, NULL);
    double out[4];
    const struct {
        mlsd_matrix x;
        mlsd_status status;
    } cases[] = {
        {{numbers, 1, 2, INT64_MAX, 1, MLSD_F64, 0}, MLSD_OK},
        {{numbers, 2, 2, INT64_MAX, 1, MLSD_F64, 0}, MLSD_E_SHAPE},
        {{numbers, 2, 2, INT64_MIN, 1, MLSD_F64, 0}, MLSD_E_SHAPE},
        {{numbers, INT64_MAX, 2, 0, 0, MLSD_F64, 0}, MLSD_E_SHAPE},
        {{numbers, -1, 2, 2, 1, MLSD_F64, 0}, MLSD_E_SHAPE},
        {{askew, 2, 2, 2, 1, MLSD_F64, 0}, MLSD_E_ARG},
        {{numbers, 2, 2, 2, 1, 5, 0}, MLSD_E_ARG},
        {{numbers, 2, 2, 2, 1, MLSD_F64, 1}, MLSD_E_ARG},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(
            mlsd_model_predict_matrix(NULL, model, &cases[i].x, MLSD_OUTPUT_VALUE, out, 4),
            cases[i].status);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_model__bad_values_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(3000, 2, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, RIDGE, data, NULL, NULL);
    double *out = malloc(3000 * sizeof *out);
    d.x[2 * 2017 + 1] = NAN;
    const mlsd_matrix x = {d.x, 3000, 2, 2, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &x, MLSD_OUTPUT_VALUE, out, 3000),
                     MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(), "row 2017, column 'x1' is NaN; add an impute step");
    d.x[2 * 2017 + 1] = -INFINITY;
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &x, MLSD_OUTPUT_VALUE, out, 3000),
                     MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(), "row 2017, column 'x1' is infinite");
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_model__arguments(void **state)
{
    (void)state;
    linear_data d = make_linear_data(20, 2, 0, 4);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_spec *spec = spec_from(RIDGE), *kfold = spec_from("{\"kind\":\"kfold\"}");
    mlsd_spec *pipeline = spec_from("{\"kind\":\"pipeline\"}");
    mlsd_model *model = NULL;
    double value;
    int64_t rows, cols;
    assert_int_equal(mlsd_model_fit(NULL, NULL, data, NULL, NULL, &model), MLSD_E_ARG);
    assert_int_equal(mlsd_model_fit(NULL, spec, NULL, NULL, NULL, &model), MLSD_E_ARG);
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, NULL), MLSD_E_ARG);
    assert_int_equal(mlsd_model_fit(NULL, kfold, data, NULL, NULL, &model), MLSD_E_KIND);
    assert_int_equal(mlsd_model_fit(NULL, pipeline, data, NULL, NULL, &model), MLSD_E_CHILD);
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_OK);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, &value, 1),
                     MLSD_E_BUFFER);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, &value, 1),
                     MLSD_E_UNSUPPORTED);
    assert_int_equal(mlsd_model_predict(NULL, model, data, 9, &value, 1), MLSD_E_ARG);
    assert_int_equal(mlsd_model_get_f64(model, "interept", &value), MLSD_E_PARAM_UNKNOWN);
    assert_non_null(strstr(mlsd_last_error(), "coef, intercept"));
    assert_int_equal(mlsd_model_get_f64(model, "coef", &value), MLSD_E_SHAPE);
    assert_int_equal(mlsd_model_get_array(model, "coef", NULL, 0, &rows, &cols), MLSD_OK);
    assert_true(rows == 1 && cols == 2);
    assert_int_equal(mlsd_model_get_array(model, "coef", &value, 1, &rows, &cols), MLSD_E_BUFFER);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), 1);
    assert_int_equal(mlsd_model_n_classes(model), 0);
    assert_int_equal(mlsd_model_task(model), MLSD_TASK_REGRESSION);
    assert_null(mlsd_model_class_name(model, 0));

    mlsd_context *context = context_with_threads(2);
    mlsd_context_cancel(context);
    const mlsd_matrix row = {d.x, 1, 2, 2, 1, MLSD_F64, 0};
    assert_int_equal(mlsd_model_predict_matrix(context, model, &row, MLSD_OUTPUT_VALUE, &value, 1),
                     MLSD_E_CANCELLED);
    mlsd_model *cancelled = NULL;
    assert_int_equal(mlsd_model_fit(context, spec, data, NULL, NULL, &cancelled), MLSD_E_CANCELLED);
    mlsd_context_free(context);
    mlsd_model_free(model);
    mlsd_model_free(NULL);
    mlsd_spec_free(pipeline);
    mlsd_spec_free(kfold);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_model__classes_keep_their_names(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_numbers(t, "x", X, 6);
    put_letters(t, "y", "yynnny");
    mlsd_dataset *data = dataset_of_table(t, "y", NULL, MLSD_TASK_BINARY);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"dummy_classifier\"}", data, NULL, NULL);
    assert_int_equal(mlsd_model_n_classes(model), 2);
    assert_string_equal(mlsd_model_class_name(model, 0), "n");
    assert_string_equal(mlsd_model_class_name(model, 1), "y");
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_PROBA), 2);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

/* The validation set is checked against the training set before any work. */
static void test_model__validation_set(void **state)
{
    (void)state;
    mlsd_table *t = new_table();
    put_numbers(t, "x", X, 6);
    put_letters(t, "y", "abbaab");
    mlsd_dataset *train = dataset_of_table(t, "y", NULL, MLSD_TASK_BINARY);
    t = new_table();
    put_numbers(t, "x", X, 6);
    put_letters(t, "y", "cbcbcb");
    mlsd_dataset *other = dataset_of_table(t, "y", NULL, MLSD_TASK_BINARY);
    t = new_table();
    put_numbers(t, "q", X, 6);
    put_letters(t, "y", "abbaab");
    mlsd_dataset *renamed = dataset_of_table(t, "y", NULL, MLSD_TASK_BINARY);
    mlsd_spec *spec = spec_from("{\"kind\":\"dummy_classifier\"}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, train, other, NULL, &model), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "class 'c'"));
    assert_int_equal(mlsd_model_fit(NULL, spec, train, renamed, NULL, &model), MLSD_E_COLUMN);
    assert_int_equal(mlsd_model_fit(NULL, spec, train, train, NULL, &model), MLSD_OK);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(renamed);
    mlsd_dataset_free(other);
    mlsd_dataset_free(train);
}

/* Fit, predict and save with the k-th allocation refused, for every k: a status, and nothing lost.
 */
static void test_model__every_allocation_may_fail(void **state)
{
    (void)state;
    const char *const specs[] = {
        RIDGE, "{\"kind\":\"ridge_cv\"}", "{\"kind\":\"linear_regression\"}",
        "{\"kind\":\"dummy_regressor\",\"strategy\":\"median\"}",
        "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"i\",\"kind\":\"impute\",\"strategy\":"
        "\"median\","
        "\"add_indicator\":true,\"category_strategy\":\"own_level\"},"
        "{\"name\":\"p\",\"kind\":\"pipeline\",\"steps\":[{\"name\":\"o\",\"kind\":\"one_hot\","
        "\"max_categories\":2},{\"name\":\"s\",\"kind\":\"standardize\"}]},"
        "{\"name\":\"r\",\"kind\":\"ridge\"}]}"};
    const double x[] = {1, NAN, 3, 4, 5, 6};
    mlsd_table *t = new_table();
    put_numbers(t, "x", Z, 6);
    put_numbers(t, "y", Y, 6);
    mlsd_dataset *plain = dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
    t = new_table();
    put_numbers(t, "x", x, 6);
    put_letters(t, "g", "abc.ca");
    put_numbers(t, "y", Y, 6);
    mlsd_dataset *mixed = dataset_of_table(t, "y", NULL, MLSD_TASK_REGRESSION);
    for (int s = 0; s < 5; s++) {
        const mlsd_dataset *data = s == 4 ? mixed : plain;
        mlsd_spec *spec = spec_from(specs[s]);
        for (long long k = 1;; k++) {
            failing_allocator memory;
            failing_allocator_init(&memory, k, 0);
            mlsd_context *context = failing_context(&memory, 1);
            if (context == NULL) continue;
            mlsd_model *model = NULL, *copy = NULL;
            double out[6];
            mlsd_status status = mlsd_model_fit(context, spec, data, data, NULL, &model);
            if (status == MLSD_OK)
                status = mlsd_model_predict(context, model, data, MLSD_OUTPUT_VALUE, out, 6);
            unsigned char bytes[8192];
            size_t size;
            if (status == MLSD_OK) status = mlsd_model_to_bytes(model, bytes, sizeof bytes, &size);
            if (status == MLSD_OK) status = mlsd_model_from_bytes(context, bytes, size, &copy);
            mlsd_model_free(copy);
            mlsd_model_free(model);
            mlsd_context_free(context);
            assert_int_equal(memory.live_blocks, 0);
            if (memory.failed == 0) {
                if (status != MLSD_OK) fail_msg("%s", mlsd_last_error());
                assert_true(k > 10);
                break;
            }
            /* The spec and the data set have an allocator of their own. */
            if (status != MLSD_OK) assert_int_equal(status, MLSD_E_NOMEM);
        }
        mlsd_spec_free(spec);
    }
    mlsd_dataset_free(mixed);
    mlsd_dataset_free(plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_model__columns_are_found_by_name),
        cmocka_unit_test(test_model__categories_are_found_by_text),
        cmocka_unit_test(test_model__one_row_is_like_many),
        cmocka_unit_test(test_model__one_row_of_classes_is_like_many),
        cmocka_unit_test(test_model__matrices_are_checked),
        cmocka_unit_test(test_model__bad_values_are_named),
        cmocka_unit_test(test_model__arguments),
        cmocka_unit_test(test_model__classes_keep_their_names),
        cmocka_unit_test(test_model__validation_set),
        cmocka_unit_test(test_model__every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
