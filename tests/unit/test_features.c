/* test_features.c - polynomial_features, spline_features and bin. Witness: scikit-learn 1.2.1
 * (PolynomialFeatures, SplineTransformer, KBinsDiscretizer) and values by hand;
 * tests/reference/test_transform_sklearn.py compares random ones. */
#include "table_checks.h"

/* Names of all outputs for columns "a", "g" (letters) and "b", and the outputs of a = 2, b = 3. */
static void check_mixed(const char *json, const char *names, const double *want, int64_t n_want)
{
    const double a[] = {2, 0, 1}, b[] = {3, 1, 5};
    mlsd_table *t = new_table();
    put_numbers(t, "a", a, 3);
    put_letters(t, "g", "yxy");
    put_numbers(t, "b", b, 3);
    check_first_row(dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE), json, names, want, n_want);
}

static void test_features__polynomial(void **state)
{
    (void)state;
    check_mixed("{\"kind\":\"polynomial_features\"}", "1|a|b|a^2|a b|b^2|g",
                (const double[]){1, 2, 3, 4, 6, 9, 1}, 7);
    check_mixed("{\"kind\":\"polynomial_features\",\"degree\":3,\"include_bias\":false}",
                "a|b|a^2|a b|b^2|a^3|a^2 b|a b^2|b^3|g",
                (const double[]){2, 3, 4, 6, 9, 8, 12, 18, 27, 1}, 10);
    check_mixed("{\"kind\":\"polynomial_features\",\"degree\":9,\"interaction_only\":true}",
                "1|a|b|a b|g", (const double[]){1, 2, 3, 6, 1}, 5);
}

/* Numbers of terms that are whole only if every step of their count is: with 15 columns the sum
 * C(15, 0) + ... + C(15, 4) = 1941 (Pascal's triangle). The last term is that of the last four. */
static void test_features__polynomial_counts(void **state)
{
    (void)state;
    enum { P = 15, WANT = 1 + 15 + 105 + 455 + 1365 };
    linear_data d = make_linear_data(3, P, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"polynomial_features\",\"degree\":4,\"interaction_only\":true}",
                 data, NULL, NULL);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_FEATURES), WANT);
    const mlsd_matrix X = {d.x, 3, P, P, 1, MLSD_F64, 0};
    double *const out = malloc(3 * WANT * sizeof *out);
    assert_non_null(out);
    assert_int_equal(
        mlsd_model_predict_matrix(NULL, model, &X, MLSD_OUTPUT_FEATURES, out, 3 * WANT), MLSD_OK);
    for (int i = 0; i < 3; i++) {
        const double *const last = d.x + i * P + P - 4;
        ASSERT_NEAR(out[i * WANT + WANT - 1], last[0] * last[1] * last[2] * last[3], 1e-14);
    }
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Refused before any memory is asked for, and numbers whose powers overflow. */
static void test_features__polynomial_limits(void **state)
{
    (void)state;
    linear_data d = make_linear_data(5, 100, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    expect_fit_failure("{\"kind\":\"polynomial_features\",\"degree\":5}", data, MLSD_E_SHAPE,
                       "degree 5 of 100 columns makes 96560646 columns, and 65536 is the most");
    expect_fit_failure("{\"kind\":\"polynomial_features\",\"degree\":64}", data, MLSD_E_SHAPE,
                       "lower 'degree' or set 'interaction_only'");
    mlsd_dataset_free(data);
    free_linear_data(&d);
    const double large[] = {1, 1e101, 3};
    check_refused("{\"kind\":\"polynomial_features\",\"degree\":3}", large, 3, MLSD_E_DATA,
                  "row 1, column 'x' is 1e+101: its products overflow");
}

static const double TRAIN[] = {0, 1, 2, 3, 4, 10};
enum { N_TRAIN = 6 };

static void check(const char *json, const double *x, const double *want, int64_t n, int64_t p)
{
    check_numbers(json, TRAIN, N_TRAIN, x, want, n, p, 1e-14);
}

/* Quadratic splines on the knots 0, 5, 10: in the middle of an interval they are 1/8, 3/4, 1/8, at
 * a knot 1/2, 1/2. */
static void test_features__splines(void **state)
{
    (void)state;
    const double x[] = {2.5, 0, 5, 10, 12, NAN};
    check("{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":2}", x,
          (const double[]){0.125, 0.75, 0.125, 0,   0.5, 0.5, 0,   0,   0,   0.5, 0.5, 0,
                           0,     0,    0.5,   0.5, 0,   0,   0.5, 0.5, NAN, NAN, NAN, NAN},
          6, 4);
    /* Beyond 10 with u = 0.4 intervals: the line through 1/2, 1/2 with slopes -1, 1, and the
     * polynomials (1-u)^2/2 and the like of the last interval, followed to 1.4. */
    const double beyond[] = {12};
    check("{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":2,\"extrapolation\":\"linear\"}",
          beyond, (const double[]){0, 0, 0.1, 0.9}, 1, 4);
    check(
        "{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":2,\"extrapolation\":\"continue\"}",
        beyond, (const double[]){0, 0.08, -0.06, 0.98}, 1, 4);
    check(
        "{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":1,\"extrapolation\":\"periodic\"}",
        beyond, (const double[]){0.6, 0.4}, 1, 2);
    check("{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":1,\"include_bias\":false,"
          "\"knots\":\"quantile\"}",
          beyond, (const double[]){0, 0}, 1, 2);
    check("{\"kind\":\"spline_features\",\"n_knots\":3,\"degree\":0}", x,
          (const double[]){1, 0, 1, 0, 0, 1, 0, 1, 0, 1, NAN, NAN}, 6, 2);
    check_mixed("{\"kind\":\"spline_features\",\"n_knots\":2,\"degree\":1}",
                "a_sp_0|a_sp_1|g|b_sp_0|b_sp_1", (const double[]){0, 1, 1, 0.5, 0.5}, 5);
    /* Constant columns and tied quantiles still sum to 1. */
    const double constant[] = {3, 3, 3}, tied[] = {1, 1, 1, 1, 5}, asked[] = {3, 1, 2.5};
    for (int k = 0; k < 2; k++) {
        mlsd_table *t = new_table(), *u = new_table();
        put_numbers(t, "x", k == 0 ? constant : tied, k == 0 ? 3 : 5);
        put_numbers(u, "x", asked, 3);
        mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
        mlsd_dataset *later = dataset_of_table(u, NULL, NULL, MLSD_TASK_NONE);
        mlsd_model *model = fit_json(NULL, "{\"kind\":\"spline_features\",\"knots\":\"quantile\"}",
                                     data, NULL, NULL);
        int64_t p;
        double *out = transformed(model, later, &p);
        for (int i = 0; i < 3; i++) {
            double sum = 0;
            for (int64_t j = 0; j < p; j++) sum += out[i * p + j];
            ASSERT_NEAR(sum, 1, 1e-14);
        }
        free(out);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        mlsd_dataset_free(later);
    }
}

static void test_features__spline_limits(void **state)
{
    (void)state;
    check_refused("{\"kind\":\"spline_features\",\"degree\":5,\"extrapolation\":\"periodic\"}",
                  TRAIN, N_TRAIN, MLSD_E_PARAM_CONFLICT,
                  "more knots than their degree, got 5 for 5");
    const double large[] = {-1.5e308, 1.5e308};
    check_refused("{\"kind\":\"spline_features\"}", large, 2, MLSD_E_NUMERIC,
                  "'x' is too large for splines");
    mlsd_table *t = new_table(), *u = new_table();
    const double far[] = {1, 1e200};
    put_numbers(t, "x", TRAIN, N_TRAIN);
    put_numbers(u, "x", far, 2);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_dataset *later = dataset_of_table(u, NULL, NULL, MLSD_TASK_NONE);
    const char *const kinds[] = {"error", "continue"}, *const words[] = {
                                                           "1e+200, beyond the knots;",
                                                           "beyond the knots by far;"};
    for (int k = 0; k < 2; k++) {
        char json[120];
        (void)snprintf(json, sizeof json, "{\"kind\":\"spline_features\",\"extrapolation\":\"%s\"}",
                       kinds[k]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        double out[14];
        ASSERT_FAILS(MLSD_E_DATA, words[k],
                     mlsd_model_predict(NULL, model, later, MLSD_OUTPUT_FEATURES, out, 14));
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
}

static void test_features__bins(void **state)
{
    (void)state;
    const double x[] = {-1, 2, 2.5, 5, 11, NAN};
    check("{\"kind\":\"bin\",\"n_bins\":2,\"encode\":\"ordinal\",\"strategy\":\"uniform\"}", x,
          (const double[]){0, 0, 0, 1, 1, NAN}, 6, 1);
    check("{\"kind\":\"bin\",\"n_bins\":2,\"encode\":\"ordinal\"}", x,
          (const double[]){0, 0, 1, 1, 1, NAN}, 6, 1);
    check("{\"kind\":\"bin\",\"n_bins\":2,\"strategy\":\"kmeans\"}", x,
          (const double[]){1, 0, 1, 0, 1, 0, 1, 0, 0, 1, NAN, NAN}, 6, 2);
    check_mixed("{\"kind\":\"bin\",\"n_bins\":2,\"strategy\":\"uniform\"}",
                "a_0.0|a_1.0|g|b_0.0|b_1.0", (const double[]){0, 1, 1, 0, 1}, 5);
    /* Equal edges are one; a constant is one bin. */
    const double tied[] = {1, 1, 1, 1, 5, 6}, constant[] = {4, 4};
    check_numbers("{\"kind\":\"bin\",\"n_bins\":4,\"encode\":\"ordinal\"}", tied, 6, x,
                  (const double[]){0, 0, 0, 1, 1, NAN}, 6, 1, 0);
    check_numbers("{\"kind\":\"bin\"}", constant, 2, x, (const double[]){1, 1, 1, 1, 1, NAN}, 6, 1,
                  0);
}

static void test_features__promises(void **state)
{
    (void)state;
    check_transform("{\"kind\":\"polynomial_features\",\"degree\":3}", 0, 1);
    check_transform("{\"kind\":\"spline_features\",\"extrapolation\":\"linear\"}", 0, 1);
    check_transform("{\"kind\":\"spline_features\",\"knots\":\"quantile\",\"include_bias\":false}",
                    0, 1);
    check_transform("{\"kind\":\"spline_features\",\"extrapolation\":\"periodic\",\"degree\":2}", 0,
                    1);
    check_transform("{\"kind\":\"bin\"}", 0, 1);
    check_transform("{\"kind\":\"bin\",\"strategy\":\"kmeans\",\"encode\":\"ordinal\"}", 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_features__polynomial),
        cmocka_unit_test(test_features__polynomial_counts),
        cmocka_unit_test(test_features__polynomial_limits),
        cmocka_unit_test(test_features__splines),
        cmocka_unit_test(test_features__spline_limits),
        cmocka_unit_test(test_features__bins),
        cmocka_unit_test(test_features__promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
