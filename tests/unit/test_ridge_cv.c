/* test_ridge_cv.c - the chosen penalty and its losses, beside scikit-learn's and brute force.
 * Witness: scikit-learn 1.2.1, RidgeCV(store_cv_values=True), weighted losses divided by the sum of
 * the weights, on the data of linear_data.h (60 x 4 from seed 11, 6 x 9 from seed 5); the losses
 * agree there with leaving out each row in turn and fitting Ridge. */
#include "linear_data.h"

static const char WITH[] = "{\"kind\":\"ridge_cv\",\"alphas\":[0.01,0.1,1,10,100]}";
static const char WITHOUT[] =
    "{\"kind\":\"ridge_cv\",\"alphas\":[0.01,0.1,1,10,100],\"fit_intercept\":false}";

static void check(const char *json, int64_t n, int64_t p, uint32_t seed, int weighted, double alpha,
                  const double *losses)
{
    linear_data d = make_linear_data(n, p, 0, seed);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    assert_true(number_of(model, "alpha") == alpha);
    double table[10];
    array_of(model, "losses", table, 10);
    for (int i = 0; i < 5; i++) {
        /* 1 - h is some 1e-3 for the smallest penalty and more columns than rows. */
        if (!(fabs(table[2 * i + 1] - losses[i]) < 1e-11))
            fail_msg("loss %d is %.17g, expected %.17g", i, table[2 * i + 1], losses[i]);
    }

    /* Identity: the answer is ridge's with that penalty. */
    char ridge[100];
    (void)snprintf(ridge, sizeof ridge,
                   "{\"kind\":\"ridge\",\"alpha\":%d.%02d,\"fit_intercept\":%s}", (int)alpha,
                   (int)lround(alpha * 100) % 100, json == WITH ? "true" : "false");
    mlsd_model *plain = fit_json(NULL, ridge, data, NULL, NULL);
    double a[9], b[9];
    array_of(model, "coef", a, p);
    array_of(plain, "coef", b, p);
    assert_close(a, b, p, 1e-12);
    const double c = number_of(model, "intercept"), e = number_of(plain, "intercept");
    assert_close(&c, &e, 1, 1e-12);
    mlsd_model_free(plain);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_ridge_cv__as_scikit_learn(void **state)
{
    (void)state;
    const double weighted[] = {0.3248799728965885, 0.32458019000966093, 0.3261296342948799,
                               0.44034825192824, 0.7986248823396748};
    check(WITH, 60, 4, 11, 1, 0.1, weighted);
    const double plain[] = {0.29770435280527796, 0.29768308245626307, 0.3126161641595557,
                            0.5572106838411806, 0.9253558345642414};
    check(WITH, 60, 4, 11, 0, 0.1, plain);
    const double bare[] = {0.3105542266550725, 0.3103466421948317, 0.31242487793601526,
                           0.4245280400963246, 0.7757202863596828};
    check(WITHOUT, 60, 4, 11, 1, 0.1, bare);
}

static void test_ridge_cv__more_columns_than_rows(void **state)
{
    (void)state;
    const double with[] = {3.042507260599218, 3.020788453963021, 2.835189360242554,
                           2.050857382137435, 1.0792725379273722};
    check(WITH, 6, 9, 5, 1, 100, with);
    const double without[] = {2.465851352449327, 2.4409834673828144, 2.2294043335422637,
                              1.396926084079415, 0.6830475406330718};
    check(WITHOUT, 6, 9, 5, 1, 100, without);
}

static void test_ridge_cv__threads_change_no_bit(void **state)
{
    (void)state;
    linear_data d = make_linear_data(20000, 4, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
    mlsd_model *a = fit_json(one, WITH, data, NULL, NULL);
    mlsd_model *b = fit_json(seven, WITH, data, NULL, NULL);
    assert_same_model(a, b);
    mlsd_model_free(a);
    mlsd_model_free(b);
    mlsd_context_free(one);
    mlsd_context_free(seven);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_ridge_cv__one_row_and_no_penalties(void **state)
{
    (void)state;
    linear_data d = make_linear_data(1, 2, 0, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, WITH, data, NULL, NULL);
    assert_true(number_of(model, "intercept") == d.y[0]);
    mlsd_model_free(model);
    mlsd_spec *spec = spec_from("{\"kind\":\"ridge_cv\"}");
    if (mlsd_spec_set_f64_list(spec, "alphas", NULL, 0) == MLSD_OK) {
        assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model),
                         MLSD_E_PARAM_CONFLICT);
    }
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ridge_cv__as_scikit_learn),
        cmocka_unit_test(test_ridge_cv__more_columns_than_rows),
        cmocka_unit_test(test_ridge_cv__threads_change_no_bit),
        cmocka_unit_test(test_ridge_cv__one_row_and_no_penalties),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
