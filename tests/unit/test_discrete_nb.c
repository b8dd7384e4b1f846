/* test_discrete_nb.c - counts and presence. Witness: the worked examples 13.1 and 13.2 of Manning,
 * Raghavan & Schuetze (2008), Introduction to Information Retrieval; scikit-learn is beside it in
 * tests/reference. */
#include "linear_data.h"

/* Chinese, Beijing, Shanghai, Macao, Tokyo, Japan; is it about China? The last is the question. */
static const double words[5 * 6] = {2, 1, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0,
                                    1, 0, 0, 1, 0, 0, 0, 1, 1, 3, 0, 0, 0, 1, 1};
static const double about_china[4] = {1, 1, 1, 0};

static mlsd_dataset *documents(const double *x, const double *y, const double *w, int64_t n,
                               int64_t p)
{
    const mlsd_matrix mx = {x, n, p, p, 1, MLSD_F64, 0}, my = {y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix mw = {w, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, w != NULL ? &mw : NULL, MLSD_TASK_BINARY, &data) !=
        MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return data;
}

static double share_of_china(const char *json, const double *x, int64_t p)
{
    mlsd_dataset *data = documents(words, about_china, NULL, 4, 6);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    const mlsd_matrix question = {x, 1, p, p, 1, MLSD_F64, 0};
    double out[2] = {0, 0}, decision = 0;
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &question, MLSD_OUTPUT_PROBA, out, 2),
                     MLSD_OK);
    assert_int_equal(
        mlsd_model_predict_matrix(NULL, model, &question, MLSD_OUTPUT_DECISION, &decision, 1),
        MLSD_OK);
    assert_true(fabs(out[0] + out[1] - 1) < 1e-15);
    assert_true((decision > 0) == (out[1] > 0.5));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    return out[1];
}

static void test_discrete_nb__worked_examples(void **state)
{
    (void)state;
    double yes = 3.0 / 4 * pow(3.0 / 7, 3) / (14 * 14);
    double no = 1.0 / 4 * pow(2.0 / 9, 5);
    assert_true(fabs(share_of_china("{\"kind\":\"multinomial_nb\"}", words + 24, 6) -
                     yes / (yes + no)) < 1e-15);
    yes = 3.0 / 4 * 4 / 5 / 25 * pow(3.0 / 5, 3);
    no = 1.0 / 4 * pow(2.0 / 3, 6);
    assert_true(fabs(share_of_china("{\"kind\":\"bernoulli_nb\"}", words + 24, 6) -
                     yes / (yes + no)) < 1e-15);
}

/* What a class never showed is impossible there without smoothing, and nowhere NaN. */
static void test_discrete_nb__no_smoothing(void **state)
{
    (void)state;
    static const double beijing[6] = {0, 1, 0, 0, 0, 0}, tokyo[6] = {0, 0, 0, 0, 1, 0};
    static const double both[6] = {0, 1, 0, 0, 1, 0};
    static const char *const json[] = {"{\"kind\":\"multinomial_nb\",\"alpha\":0}",
                                       "{\"kind\":\"bernoulli_nb\",\"alpha\":0}"};
    assert_true(share_of_china(json[0], beijing, 6) == 1);
    assert_true(share_of_china(json[0], tokyo, 6) == 0);
    for (int k = 0; k < 2; k++) assert_true(isfinite(share_of_china(json[k], both, 6)));
}

static void test_discrete_nb__weights_and_priors(void **state)
{
    (void)state;
    /* Rows 0 and 3 twice, row 1 not at all, by weights and by hand. */
    const double w[4] = {2, 0, 1, 2};
    const double again[5] = {1, 1, 1, 0, 0};
    double rows[5 * 6];
    const int of[5] = {0, 0, 2, 3, 3};
    for (int i = 0; i < 5; i++) memcpy(rows + i * 6, words + of[i] * 6, 6 * sizeof *rows);
    static const char *const json[] = {"{\"kind\":\"multinomial_nb\",\"fit_prior\":false}",
                                       "{\"kind\":\"bernoulli_nb\",\"class_prior\":[0.25,0.75]}",
                                       "{\"kind\":\"gaussian_nb\"}"};
    for (int k = 0; k < 3; k++) {
        mlsd_dataset *weighted = documents(words, about_china, w, 4, 6);
        mlsd_dataset *repeated = documents(rows, again, NULL, 5, 6);
        mlsd_model *a = fit_json(NULL, json[k], weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, json[k], repeated, NULL, NULL);
        double of_a[10], of_b[10];
        assert_int_equal(mlsd_model_predict(NULL, a, repeated, MLSD_OUTPUT_PROBA, of_a, 10),
                         MLSD_OK);
        assert_int_equal(mlsd_model_predict(NULL, b, repeated, MLSD_OUTPUT_PROBA, of_b, 10),
                         MLSD_OK);
        assert_close(of_a, of_b, 10, 1e-12);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
    }
}

static void fails(const char *json, const mlsd_dataset *data, mlsd_status status, const char *text)
{
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), status);
    if (strstr(mlsd_last_error(), text) == NULL) fail_msg("%s", mlsd_last_error());
    assert_null(model);
    mlsd_spec_free(spec);
}

static void test_discrete_nb__mistakes(void **state)
{
    (void)state;
    double x[5 * 6];
    memcpy(x, words, sizeof x);
    x[2 * 6 + 3] = -1;
    mlsd_dataset *data = documents(x, about_china, NULL, 4, 6);
    fails("{\"kind\":\"multinomial_nb\"}", data, MLSD_E_DATA, "is -1 in row 2");
    fails("{\"kind\":\"bernoulli_nb\",\"class_prior\":[1]}", data, MLSD_E_PARAM_CONFLICT,
          "1 prior probabilities are given for 2 classes");
    fails("{\"kind\":\"gaussian_nb\",\"priors\":[0.5,0.4]}", data, MLSD_E_PARAM_CONFLICT,
          "sum to 0.9");
    mlsd_dataset_free(data);

    data = documents(words, about_china, NULL, 4, 6);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"multinomial_nb\"}", data, NULL, NULL);
    const mlsd_matrix bad = {x, 4, 6, 6, 1, MLSD_F64, 0};
    double out[8];
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &bad, MLSD_OUTPUT_PROBA, out, 8),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "column 3 is -1 in row 2"));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_discrete_nb__worked_examples),
        cmocka_unit_test(test_discrete_nb__no_smoothing),
        cmocka_unit_test(test_discrete_nb__weights_and_priors),
        cmocka_unit_test(test_discrete_nb__mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
