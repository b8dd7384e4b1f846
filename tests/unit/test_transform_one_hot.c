/* test_transform_one_hot.c - columns of 0 and 1 beside scikit-learn's. Witness: scikit-learn 1.2.1,
 * OneHotEncoder, on the letters "bacabbadbaeb". */
#include "table_data.h"

static const char LETTERS[] = "bacabbadbaeb";

/* The codes of rows 0, 1, 2, 7 and 10, and the names. */
static void check(const char *options, const char *names, const char *codes)
{
    char json[160];
    (void)snprintf(json, sizeof json, "{\"kind\":\"one_hot\"%s}", options);
    mlsd_table *t = new_table();
    put_letters(t, "g", LETTERS);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    int64_t p;
    double *out = transformed(model, data, &p);
    char got[200] = "";
    for (int64_t j = 0; j < p; j++) {
        strcat(got, j > 0 ? " " : "");
        strcat(got, mlsd_model_output_name(model, j));
    }
    assert_string_equal(got, names);
    const int rows[] = {0, 1, 2, 7, 10};
    char *at = got;
    for (int i = 0; i < 5; i++) {
        *at = ' ';
        at += i > 0;
        for (int64_t j = 0; j < p; j++) *at++ = out[rows[i] * p + j] == 1 ? '1' : '0';
    }
    *at = '\0';
    assert_string_equal(got, codes);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_transform_one_hot__as_scikit_learn(void **state)
{
    (void)state;
    check("", "g_a g_b g_c g_d g_e", "01000 10000 00100 00010 00001");
    check(",\"drop\":\"first\"", "g_b g_c g_d g_e", "1000 0000 0100 0010 0001");
    check(",\"drop\":\"if_binary\"", "g_a g_b g_c g_d g_e", "01000 10000 00100 00010 00001");
    check(",\"max_categories\":3", "g_a g_b g_infrequent", "010 100 001 001 001");
    check(",\"max_categories\":2,\"drop\":\"first\"", "g_infrequent", "0 1 1 1 1");
}

static mlsd_dataset *mixed(const char *letters, const double *x, int64_t n)
{
    mlsd_table *t = new_table();
    put_numbers(t, "x", x, n);
    put_letters(t, "g", letters);
    put_numbers(t, "z", x, n);
    return dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
}

/* Numbers go through in their place; missing is a level; levels that are new get zeros or an error.
 */
static void test_transform_one_hot__missing_and_unknown(void **state)
{
    (void)state;
    const double x[] = {5, NAN, 7};
    mlsd_dataset *train = mixed("b.a", x, 3), *later = mixed("cab", x, 3);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"one_hot\"}", train, NULL, NULL);
    int64_t p;
    double *out = transformed(model, train, &p);
    assert_int_equal(p, 5);
    assert_string_equal(mlsd_model_output_name(model, 0), "x");
    assert_string_equal(mlsd_model_output_name(model, 3), "g_nan");
    assert_string_equal(mlsd_model_output_name(model, 4), "z");
    assert_true(out[0] == 5 && out[2] == 1 && out[4] == 5 && isnan(out[5]) && out[5 + 3] == 1);
    free(out);
    out = transformed(model, later, &p);
    assert_true(out[1] == 0 && out[2] == 0 && out[3] == 0);
    assert_true(out[5 + 1] == 1 && out[10 + 2] == 1);
    free(out);
    mlsd_model_free(model);

    model =
        fit_json(NULL, "{\"kind\":\"one_hot\",\"handle_unknown\":\"error\"}", train, NULL, NULL);
    double buffer[15];
    assert_int_equal(mlsd_model_predict(NULL, model, later, MLSD_OUTPUT_FEATURES, buffer, 15),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 0, column 'g'"));
    assert_int_equal(mlsd_model_predict(NULL, model, train, MLSD_OUTPUT_FEATURES, buffer, 15),
                     MLSD_OK);
    mlsd_model_free(model);
    mlsd_dataset_free(later);
    mlsd_dataset_free(train);

    const double y[12] = {0};
    train = mixed(LETTERS, y, 12);
    later = mixed("zzzzzzzzzzzz", y, 12);
    model = fit_json(NULL,
                     "{\"kind\":\"one_hot\",\"handle_unknown\":\"infrequent_if_exist\","
                     "\"max_categories\":3}",
                     train, NULL, NULL);
    out = transformed(model, later, &p);
    assert_true(p == 5 && out[1] == 0 && out[2] == 0 && out[3] == 1);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(later);
    mlsd_dataset_free(train);
}

/* Only levels of rows that are trained on get a column: a fold knows nothing of the others. */
static void test_transform_one_hot__levels_of_the_training_rows(void **state)
{
    (void)state;
    const double y[12] = {0};
    mlsd_dataset *all = mixed(LETTERS, y, 12), *some = NULL;
    const int64_t rows[] = {0, 1, 3};
    assert_int_equal(mlsd_dataset_rows(all, rows, 3, &some), MLSD_OK);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"one_hot\"}", some, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), 4);
    mlsd_model_free(model);
    mlsd_dataset_free(some);
    mlsd_dataset_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transform_one_hot__as_scikit_learn),
        cmocka_unit_test(test_transform_one_hot__missing_and_unknown),
        cmocka_unit_test(test_transform_one_hot__levels_of_the_training_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
