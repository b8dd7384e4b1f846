/* test_transform_standardize.c - means and deviations beside scikit-learn's. Witness: scikit-learn
 * 1.2.1, StandardScaler, on linear_data.h's 60 x 4 from seed 11 with NaN in every seventh x1 and
 * all of row 3. */
#include "table_data.h"

static linear_data with_missing(void)
{
    linear_data d = make_linear_data(60, 4, 0, 11);
    for (int64_t i = 0; i < 60; i += 7) d.x[i * 4 + 1] = NAN;
    for (int64_t j = 0; j < 4; j++) d.x[3 * 4 + j] = NAN;
    return d;
}

static void test_transform_standardize__as_scikit_learn(void **state)
{
    (void)state;
    linear_data d = with_missing();
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"standardize\"}", data, NULL, NULL);
    const double mean[] = {0.04312521469693224, 0.007164730884061002, -0.03645694856884099,
                           -0.07379667097780884};
    const double var[] = {0.07650883283856551, 0.3662297035497961, 0.7505774868847732,
                          1.3667806333846315};
    const double scale[] = {0.27660230085551624, 0.6051691528405889, 0.8663587518371204,
                            1.1690939369377602};
    const double row1[] = {1.097249666247791, -1.3829161944221269, 0.7959883813597937,
                           -1.2929885973021429};
    double got[4];
    array_of(model, "mean", got, 4);
    assert_close(got, mean, 4, 1e-15);
    array_of(model, "var", got, 4);
    assert_close(got, var, 4, 1e-14);
    array_of(model, "scale", got, 4);
    assert_close(got, scale, 4, 1e-14);
    int64_t p;
    double *out = transformed(model, data, &p);
    assert_int_equal(p, 4);
    assert_close(out + 4, row1, 4, 1e-14);
    assert_true(isnan(out[1]) && isnan(out[12]) && !isnan(out[0]));
    assert_string_equal(mlsd_model_output_name(model, 2), "x2");
    assert_null(mlsd_model_output_name(model, 4));
    assert_int_equal(mlsd_model_task(model), MLSD_TASK_NONE);
    assert_int_equal(mlsd_model_n_outputs(model, MLSD_OUTPUT_VALUE), 0);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    model = fit_json(NULL, "{\"kind\":\"standardize\"}", data, NULL, NULL);
    const double plain[] = {0.03611676571732861, 0.011921684741973877, -0.0010689254534446586,
                            -0.14752154027001332};
    array_of(model, "mean", got, 4);
    assert_close(got, plain, 4, 1e-15);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A constant is only moved, text goes through, and parts can be turned off. */
static void test_transform_standardize__constants_and_text(void **state)
{
    (void)state;
    const double constant[] = {0.1, 0.1, 0.1}, number[] = {1, 2, 3};
    mlsd_table *t = new_table();
    put_numbers(t, "c", constant, 3);
    put_letters(t, "s", "ab.");
    put_numbers(t, "x", number, 3);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"standardize\"}", data, NULL, NULL);
    int64_t p;
    double *out = transformed(model, data, &p);
    assert_true(p == 3 && out[0] == 0 && out[3] == 0 && out[1] == 0 && out[4] == 1 &&
                isnan(out[7]));
    assert_true(fabs(out[2] + sqrt(1.5)) < 1e-15 && out[5] == 0);
    free(out);
    mlsd_model_free(model);

    model = fit_json(NULL, "{\"kind\":\"standardize\",\"with_mean\":false,\"with_std\":false}",
                     data, NULL, NULL);
    out = transformed(model, data, &p);
    assert_true(out[0] == 0.1 && out[8] == 3);
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_transform_standardize__too_large(void **state)
{
    (void)state;
    const double x[] = {-1e308, 1e308, 5};
    mlsd_table *t = new_table();
    put_numbers(t, "big", x, 3);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    expect_fit_failure("{\"kind\":\"standardize\"}", data, MLSD_E_NUMERIC, "'big'");
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transform_standardize__as_scikit_learn),
        cmocka_unit_test(test_transform_standardize__constants_and_text),
        cmocka_unit_test(test_transform_standardize__too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
