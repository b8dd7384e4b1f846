/* test_scale.c - transforms that scale: min_max_scale, max_abs_scale, robust_scale, normalize, and
 * the plain ones, log_transform and binarize. Witness: hand values, and scikit-learn 1.2.1
 * (RobustScaler). */
#include "table_checks.h"

static const double TRAIN[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
static const double ASKED[] = {0, 1, 3.5, 10};
enum { N_TRAIN = 11, N_ASKED = 4 };

static void check(const char *json, const double *want)
{
    check_numbers(json, TRAIN, N_TRAIN, ASKED, want, N_ASKED, 1, 1e-14);
}

static void test_scale__values(void **state)
{
    (void)state;
    const double unit[] = {-0.125, 0, 0.3125, 1.125}, around[] = {-1, -1, -0.375, 1};
    const double largest[] = {0, 1 / 9.0, 3.5 / 9, 10 / 9.0}, robust[] = {-1.6, -1.2, -0.2, 2.4};
    const double normal[] = {-2.050482504871361, -1.5378618786535205, -0.2563103131089201,
                             3.075723757307041};
    check("{\"kind\":\"min_max_scale\"}", unit);
    check("{\"kind\":\"min_max_scale\",\"feature_range\":[-1,1],\"clip\":true}", around);
    check("{\"kind\":\"max_abs_scale\"}", largest);
    check("{\"kind\":\"robust_scale\"}", robust);
    check("{\"kind\":\"robust_scale\",\"quantile_range\":[10,90],\"unit_variance\":true}", normal);
    check("{\"kind\":\"robust_scale\",\"quantile_range\":[0,25],\"with_centering\":false}",
          (const double[]){0, 1 / 1.5, 3.5 / 1.5, 10 / 1.5});
    check("{\"kind\":\"robust_scale\",\"with_scaling\":false}", (const double[]){-4, -3, -0.5, 6});
    check("{\"kind\":\"binarize\",\"threshold\":1}", (const double[]){0, 0, 1, 1});
    check("{\"kind\":\"log_transform\"}",
          (const double[]){0, 0.6931471805599453, 1.5040773967762742, 2.3978952727983707});
    check("{\"kind\":\"log_transform\",\"offset\":2}",
          (const double[]){0.6931471805599453, 1.0986122886681098, 1.7047480922384253,
                           2.4849066497880004});
    check("{\"kind\":\"normalize\",\"norm\":\"max\"}", (const double[]){0, 1, 1, 1});
}

/* Rows of several numbers: norms 5, 0, and of sizes whose squares overflow. */
static void test_scale__rows(void **state)
{
    (void)state;
    const double a[] = {3, 0, 3e200, NAN}, b[] = {-4, 0, 4e200, 1};
    const char *const kinds[] = {"{\"kind\":\"normalize\"}",
                                 "{\"kind\":\"normalize\",\"norm\":\"l1\"}",
                                 "{\"kind\":\"normalize\",\"norm\":\"max\"}"};
    const double norms[] = {5, 7, 4};
    for (int k = 0; k < 3; k++) {
        mlsd_table *t = new_table();
        put_numbers(t, "a", a, 4);
        put_letters(t, "g", "cabc");
        put_numbers(t, "b", b, 4);
        mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
        mlsd_model *model = fit_json(NULL, kinds[k], data, NULL, NULL);
        int64_t p;
        double *out = transformed(model, data, &p);
        assert_int_equal(p, 3);
        assert_close(out, (const double[]){3 / norms[k], 2, -4 / norms[k], 0}, 4, 1e-15);
        assert_true(out[4] == 0 && out[5] == 0);
        assert_true(fabs(out[6] - 3 / norms[k]) < 1e-15 && fabs(out[8] - 4 / norms[k]) < 1e-15);
        assert_true(isnan(out[9]) && isnan(out[11]) && !isnan(out[10]));
        free(out);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
    const double x[] = {-5, 5, 0, NAN},
                 signed_log[] = {-1.791759469228055, 1.791759469228055, 0, NAN};
    check_numbers("{\"kind\":\"log_transform\",\"signed\":true}", x, 4, x, signed_log, 4, 1, 1e-15);
}

/* Constant columns, columns without values, tiny and large ranges. */
static void test_scale__edges(void **state)
{
    (void)state;
    const double constant[] = {7, 7, NAN}, none[] = {NAN, NAN}, tiny[] = {1e-30, 3e-30};
    check_numbers("{\"kind\":\"min_max_scale\"}", constant, 3, constant,
                  (const double[]){0, 0, NAN}, 3, 1, 0);
    check_numbers("{\"kind\":\"robust_scale\"}", constant, 3, constant, (const double[]){0, 0, NAN},
                  3, 1, 0);
    check_numbers("{\"kind\":\"max_abs_scale\"}", none, 2, constant, constant, 3, 1, 0);
    check_numbers("{\"kind\":\"min_max_scale\"}", none, 2, constant, constant, 3, 1, 0);
    check_numbers("{\"kind\":\"robust_scale\"}", none, 2, constant, constant, 3, 1, 0);
    check_numbers("{\"kind\":\"min_max_scale\"}", tiny, 2, tiny, (const double[]){0, 1}, 2, 1,
                  1e-15);
    const double wide[] = {-1e308, 1e308}, far[] = {1e300, 1e300 * (1 + 1e-15)};
    check_refused("{\"kind\":\"min_max_scale\"}", wide, 2, MLSD_E_NUMERIC, "'x' is too large");
    check_refused("{\"kind\":\"robust_scale\",\"quantile_range\":[0,100]}", wide, 2, MLSD_E_NUMERIC,
                  "'x' lie too far apart");
    check_numbers("{\"kind\":\"min_max_scale\"}", far, 2, far, (const double[]){0, 1}, 2, 1, 0.5);
    const double narrow[] = {5e-324, 0};
    check_numbers("{\"kind\":\"min_max_scale\"}", narrow, 2, narrow, (const double[]){0, 0}, 2, 1,
                  1e-300);
}

static void test_scale__bad_input(void **state)
{
    (void)state;
    check_refused("{\"kind\":\"min_max_scale\",\"feature_range\":[1,1]}", TRAIN, N_TRAIN,
                  MLSD_E_PARAM_CONFLICT, "'feature_range'");
    check_refused("{\"kind\":\"robust_scale\",\"quantile_range\":[25]}", TRAIN, N_TRAIN,
                  MLSD_E_PARAM_CONFLICT, "'quantile_range'");
    check_refused("{\"kind\":\"robust_scale\",\"quantile_range\":[0,50],\"unit_variance\":true}",
                  TRAIN, N_TRAIN, MLSD_E_PARAM_CONFLICT, "'unit_variance' needs");
    check_refused("{\"kind\":\"log_transform\",\"offset\":-2}", TRAIN, N_TRAIN, MLSD_E_DATA,
                  "row 1, column 'x' is 1, which has no logarithm with offset -2");
    check_refused("{\"kind\":\"log_transform\",\"offset\":0,\"signed\":true}", TRAIN, N_TRAIN,
                  MLSD_E_PARAM_CONFLICT, "'signed' needs");
    mlsd_table *t = new_table(), *u = new_table();
    const double later[] = {2, 0, -1};
    put_numbers(t, "x", TRAIN, N_TRAIN);
    put_numbers(u, "x", later, 3);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_dataset *asked = dataset_of_table(u, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"log_transform\"}", data, NULL, NULL);
    double out[3];
    assert_int_equal(mlsd_model_predict(NULL, model, asked, MLSD_OUTPUT_FEATURES, out, 3),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 2, column 'x' is -1"));
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_dataset_free(asked);
}

static void test_scale__promises(void **state)
{
    (void)state;
    check_transform("{\"kind\":\"standardize\"}", 0, 1);
    check_transform("{\"kind\":\"min_max_scale\",\"clip\":true}", 0, 1);
    check_transform("{\"kind\":\"max_abs_scale\"}", 0, 1);
    check_transform("{\"kind\":\"robust_scale\"}", 0, 1);
    check_transform("{\"kind\":\"normalize\"}", 0, 1);
    check_transform("{\"kind\":\"binarize\"}", 0, 1);
    check_transform("{\"kind\":\"log_transform\",\"offset\":10}", 0, 1);
}

static void test_scale__weights_as_shares(void **state)
{
    (void)state;
    const double weight[] = {0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3};
    mlsd_table *t = new_table();
    put_numbers(t, "x", TRAIN, N_TRAIN);
    put_numbers(t, "w", weight, N_TRAIN);
    mlsd_dataset *data = dataset_of_table(t, NULL, "w", MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"robust_scale\"}", data, NULL, NULL);
    ASSERT_NEAR(number_of(model, "center"), 4, 1e-12);
    ASSERT_NEAR(number_of(model, "scale"), 2.5, 1e-12);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scale__values),   cmocka_unit_test(test_scale__rows),
        cmocka_unit_test(test_scale__edges),    cmocka_unit_test(test_scale__bad_input),
        cmocka_unit_test(test_scale__promises), cmocka_unit_test(test_scale__weights_as_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
