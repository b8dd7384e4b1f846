/* test_class_weight.c - class weights are weights of rows: each classifier that has them gives the
 * same bytes as with the weights multiplied here, by the definition W / (K W_c) (King & Zeng 2001,
 * Political Analysis 9(2), section 4; scikit-learn's "balanced"). */
#include "linear_data.h"

static const char *const KINDS[] = {"logistic_regression", "logistic_regression_cv",
                                    "sgd_classifier"};
enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

/* What a model says, without its own spec, which differs. */
static void assert_same_fit(const mlsd_model *a, const mlsd_model *b, int64_t n_coef)
{
    double coef_a[16], coef_b[16];
    array_of(a, "coef", coef_a, n_coef);
    array_of(b, "coef", coef_b, n_coef);
    assert_memory_equal(coef_a, coef_b, (size_t)n_coef * sizeof *coef_a);
}

static mlsd_model *fit_kind(const char *kind, const char *params, const mlsd_dataset *data)
{
    char json[160];
    (void)snprintf(json, sizeof json, "{\"kind\":\"%s\"%s}", kind, params);
    return fit_json(NULL, json, data, NULL, NULL);
}

static void test_class_weight__balanced_is_total_over_classes_times_own(void **state)
{
    (void)state;
    for (int kind = 0; kind < N_KINDS; kind++) {
        for (int64_t k = 2; k <= 3; k++) {
            for (int weighted = 0; weighted < 2; weighted++) {
                linear_data d = make_linear_data(90, 3, k, 7);
                const mlsd_task task = k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS;
                mlsd_dataset *plain = dataset_of(&d, task, weighted);
                double own[3] = {0}, total = 0;
                for (int64_t i = 0; i < d.n; i++) {
                    if (!weighted) d.weight[i] = 1;
                    own[(int)d.y[i]] += d.weight[i];
                    total += d.weight[i];
                }
                for (int64_t i = 0; i < d.n; i++)
                    d.weight[i] *= total / ((double)k * own[(int)d.y[i]]);
                mlsd_dataset *multiplied = dataset_of(&d, task, 1);
                mlsd_model *a = fit_kind(KINDS[kind], ",\"class_weight\":\"balanced\"", plain);
                mlsd_model *b = fit_kind(KINDS[kind], "", multiplied);
                assert_same_fit(a, b, k == 2 ? 3 : 9);
                mlsd_model_free(a);
                mlsd_model_free(b);
                mlsd_dataset_free(plain);
                mlsd_dataset_free(multiplied);
                free_linear_data(&d);
            }
        }
    }
}

static void test_class_weight__a_list_multiplies(void **state)
{
    (void)state;
    const double factor[] = {0.5, 3, 1.25};
    for (int kind = 0; kind < N_KINDS; kind++) {
        linear_data d = make_linear_data(90, 3, 3, 7);
        mlsd_dataset *plain = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
        for (int64_t i = 0; i < d.n; i++) d.weight[i] *= factor[(int)d.y[i]];
        mlsd_dataset *multiplied = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
        mlsd_model *a = fit_kind(KINDS[kind], ",\"class_weights\":[0.5,3,1.25]", plain);
        mlsd_model *b = fit_kind(KINDS[kind], "", multiplied);
        assert_same_fit(a, b, 9);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(plain);
        mlsd_dataset_free(multiplied);
        free_linear_data(&d);
    }
}

/* Balanced counts the classes that are there: a class whose rows weigh nothing is not one. */
static void test_class_weight__weight_zero_is_removal(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 3, 3, 7);
    for (int64_t i = 0; i < d.n; i++) d.weight[i] = d.y[i] == 1 || i % 5 == 0 ? 0 : 1;
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_MULTICLASS, 1), *kept = NULL;
    int64_t rows[90], n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.weight[i] > 0) rows[n++] = i;
    assert_int_equal(mlsd_dataset_rows(all, rows, n, &kept), MLSD_OK);
    const char *params = ",\"class_weight\":\"balanced\",\"tol\":1e-12";
    mlsd_model *a = fit_kind("logistic_regression", params, all);
    mlsd_model *b = fit_kind("logistic_regression", params, kept);
    double coef_a[9], coef_b[9];
    array_of(a, "coef", coef_a, 9);
    array_of(b, "coef", coef_b, 9);
    assert_close(coef_a, coef_b, 9, 1e-10);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_dataset_free(all);
    mlsd_dataset_free(kept);
    free_linear_data(&d);
}

static void test_class_weight__mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        mlsd_status status;
        const char *message;
    } CASES[] = {
        {"{\"kind\":\"logistic_regression\",\"class_weights\":[1,2,3]}", MLSD_E_DATA,
         "'class_weights' has 3 values for 2 classes"},
        {"{\"kind\":\"logistic_regression\",\"class_weights\":[1,2],\"class_weight\":\"balanced\"}",
         MLSD_E_PARAM_CONFLICT,
         "'class_weights' are given and 'class_weight' is balanced: set one"},
        {"{\"kind\":\"sgd_classifier\",\"class_weights\":[0,0]}", MLSD_E_DATA,
         "'class_weights' leaves no row with a weight above 0"},
        {"{\"kind\":\"logistic_regression\",\"class_weights\":[1e308,1e308]}", MLSD_E_DATA,
         "the weights times 'class_weights' overflow"},
        {"{\"kind\":\"logistic_regression\",\"class_weights\":[1,0]}", MLSD_E_DATA,
         "logistic_regression needs rows of at least two classes, got only class number 0"},
    };
    linear_data d = make_linear_data(60, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        mlsd_spec *spec = spec_from(CASES[i].json);
        mlsd_model *model = NULL;
        assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), CASES[i].status);
        assert_string_equal(mlsd_last_error(), CASES[i].message);
        assert_null(model);
        mlsd_spec_free(spec);
    }
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression\"}");
    const double negative[] = {1, -1};
    assert_int_equal(mlsd_spec_set_f64_list(spec, "class_weights", negative, 2),
                     MLSD_E_PARAM_RANGE);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_class_weight__balanced_is_total_over_classes_times_own),
        cmocka_unit_test(test_class_weight__a_list_multiplies),
        cmocka_unit_test(test_class_weight__weight_zero_is_removal),
        cmocka_unit_test(test_class_weight__mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
