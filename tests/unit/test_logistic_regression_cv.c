/* test_logistic_regression_cv.c - losses of the folds beside scikit-learn's, the choice, and the
 * refit. Witness: scikit-learn 1.2.1, LogisticRegressionCV(Cs=[.01, .1, 1, 10], cv=4, tol=1e-11,
 * scoring="neg_log_loss", solver="newton-cg"), on the data of linear_data.h with n = 120, p = 3,
 * seed 7, without weights. */
#include "linear_data.h"
#include "failing_allocator.h"

static const char WITNESS[] = "{\"kind\":\"logistic_regression_cv\",\"Cs\":[10,0.01,1,0.1],"
                              "\"n_splits\":4,\"tol\":1e-11}";

static void test_logistic_regression_cv__losses_are_scikit_learns(void **state)
{
    (void)state;
    const double two[] = {
        0.6717913409901037,  0.6745157496656464,  0.67795050801863,    0.6814999928768912,
        0.5662555454156833,  0.5853646782158529,  0.6056276333413991,  0.6315838750881656,
        0.4159470483313338,  0.46764740491502704, 0.49904746717692017, 0.5612448580217297,
        0.35462096399593307, 0.44532953271162784, 0.4626067348111618,  0.5418822191240565};
    const double three[] = {
        1.0419090845159085, 1.0452877515201342, 1.0693189927443911, 1.064706235590386,
        0.8911029287112764, 0.9071575662241592, 0.9878658818201039, 0.9648910029396919,
        0.6814384678481047, 0.7266786206967243, 0.8700443698422671, 0.8360517574369446,
        0.5718555641192375, 0.6776363835223329, 0.8285977254060055, 0.8236695101390924};
    for (int64_t k = 2; k <= 3; k++) {
        linear_data d = make_linear_data(120, 3, k, 7);
        mlsd_dataset *data = dataset_of(&d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 0);
        mlsd_model *model = fit_json(NULL, WITNESS, data, NULL, NULL);
        double losses[16], Cs[4];
        array_of(model, "losses", losses, 16);
        assert_close(losses, k == 2 ? two : three, 16, 1e-8);
        array_of(model, "Cs", Cs, 4);
        const double sorted[] = {0.01, 0.1, 1, 10};
        assert_memory_equal(Cs, sorted, sizeof sorted);
        assert_true(number_of(model, "C") == 10.0);

        /* The refit is the plain fit with that C, bit for bit. */
        mlsd_model *plain = fit_json(
            NULL, "{\"kind\":\"logistic_regression\",\"C\":10,\"tol\":1e-11}", data, NULL, NULL);
        double got[9], want[9];
        const int64_t n_coef = k == 2 ? 3 : 9;
        array_of(model, "coef", got, n_coef);
        array_of(plain, "coef", want, n_coef);
        assert_memory_equal(got, want, (size_t)n_coef * sizeof(double));
        mlsd_model_free(plain);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* Pure noise: the strongest penalty has the smallest loss. */
static void test_logistic_regression_cv__noise_gets_the_strongest_penalty(void **state)
{
    (void)state;
    linear_data d = make_linear_data(100, 20, 2, 7);
    uint32_t seed = 99;
    for (int64_t i = 0; i < d.n; i++) d.y[i] = next_uniform(&seed) > 0.0 ? 1.0 : 0.0;
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    mlsd_model *model = fit_json(NULL, "{\"kind\":\"logistic_regression_cv\"}", data, NULL, NULL);
    double losses[50];
    array_of(model, "losses", losses, 50);
    assert_true(number_of(model, "C") == 1e-4);
    assert_true(number_of(model, "converged") == 1.0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression_cv__bad_requests_are_named(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model = NULL;
    mlsd_spec *spec = spec_from("{\"kind\":\"logistic_regression_cv\",\"n_splits\":61}");
    assert_int_not_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_OK);
    assert_null(model);
    mlsd_spec_free(spec);
    spec = spec_from("{\"kind\":\"logistic_regression_cv\",\"Cs\":[]}");
    assert_int_equal(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model), MLSD_E_PARAM_CONFLICT);
    const double zero = 0.0;
    assert_int_equal(mlsd_spec_set_f64_list(spec, "Cs", &zero, 1), MLSD_E_PARAM_RANGE);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression_cv__threads_do_not_change_a_byte(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7};
    linear_data d = make_linear_data(3000, 4, 3, 17);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *models[3];
    for (int t = 0; t < 3; t++) {
        mlsd_context *context = context_with_threads(threads[t]);
        models[t] = fit_json(context, "{\"kind\":\"logistic_regression_cv\"}", data, NULL, NULL);
        mlsd_context_free(context);
        assert_same_model(models[0], models[t]);
    }
    size_t size = 0;
    unsigned char *const bytes = bytes_of(models[0], &size);
    mlsd_model *back = NULL;
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &back), MLSD_OK);
    assert_same_model(models[0], back);
    mlsd_model_free(back);
    free(bytes);
    for (int t = 0; t < 3; t++) mlsd_model_free(models[t]);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_logistic_regression_cv__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    mlsd_spec *spec =
        spec_from("{\"kind\":\"logistic_regression_cv\",\"Cs\":[0.1,1],\"n_splits\":2}");
    assert_refusals_survived(spec, data);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_regression_cv__losses_are_scikit_learns),
        cmocka_unit_test(test_logistic_regression_cv__noise_gets_the_strongest_penalty),
        cmocka_unit_test(test_logistic_regression_cv__bad_requests_are_named),
        cmocka_unit_test(test_logistic_regression_cv__threads_do_not_change_a_byte),
        cmocka_unit_test(test_logistic_regression_cv__every_refused_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
