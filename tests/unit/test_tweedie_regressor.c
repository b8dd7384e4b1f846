/* test_tweedie_regressor.c - Poisson, gamma and Tweedie regression, and what they stand on
 * (tweedie_loss.c, score_loss.c, smooth_*.c). Witness: group means by hand, differences for slopes
 * and Hessians; scikit-learn, statsmodels and R are beside it in tests/reference. */
#include "linear_data.h"

#include "model/linear/tweedie_loss.h"
#include "data/dataset_impl.h"
#include "numeric/blas.h"

/* Targets exp(score) of a small data set: above 0. */
static linear_data positive_data(int64_t n, int64_t p, uint32_t seed)
{
    linear_data d = make_linear_data(n, p, 0, seed);
    for (int64_t i = 0; i < n; i++) d.y[i] = exp(0.5 * d.y[i]);
    return d;
}

static mlsd_status status_of(const char *json, const linear_data *d, int weighted)
{
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, weighted);
    mlsd_spec *spec = spec_from(json);
    mlsd_model *model = NULL;
    const mlsd_status status = mlsd_model_fit(NULL, spec, data, NULL, NULL, &model);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    return status;
}

static mlsd_model *fit_data(const mlsd_context *context, const char *json, const linear_data *d,
                            int weighted)
{
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, weighted);
    mlsd_model *model = fit_json(context, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

/* Two groups without a penalty: the logarithms of their weighted means, for every power. */
static void test_tweedie__group_means(void **state)
{
    (void)state;
    double x[] = {0, 0, 1, 1, 1}, y[] = {1, 4, 2, 6, 7}, w[] = {1, 2, 1, 1, 2};
    const linear_data d = {.n = 5, .p = 1, .x = x, .y = y, .weight = w};
    static const char *const specs[] = {
        "{\"kind\":\"poisson_regressor\",\"alpha\":0,\"tol\":1e-10}",
        "{\"kind\":\"gamma_regressor\",\"alpha\":0,\"tol\":1e-10}",
        "{\"kind\":\"tweedie_regressor\",\"alpha\":0,\"tol\":1e-10,\"power\":1.5}",
        "{\"kind\":\"tweedie_regressor\",\"alpha\":0,\"tol\":1e-10,\"power\":3}",
        "{\"kind\":\"tweedie_regressor\",\"alpha\":0,\"tol\":1e-10,\"link\":\"log\"}",
    };
    const double first = log(9.0 / 3), slope = log(22.0 / 4) - first;
    for (int k = 0; k < 5; k++) {
        mlsd_model *model = fit_data(NULL, specs[k], &d, 1);
        double coef = 0, out[2];
        array_of(model, "coef", &coef, 1);
        assert_true(fabs(coef - slope) < 1e-10);
        assert_true(fabs(number_of(model, "intercept") - first) < 1e-10);
        assert_true(number_of(model, "converged") == 1);
        const mlsd_matrix at = {(double[]){0, 1}, 2, 1, 1, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, model, &at, MLSD_OUTPUT_VALUE, out, 2),
                         MLSD_OK);
        assert_close(out, (double[]){3, 5.5}, 2, 1e-9);
        mlsd_model_free(model);
    }
    /* Poisson's deviance by its formula. */
    mlsd_model *model = fit_data(NULL, specs[0], &d, 1);
    const double deviance = 2 * (1 * log(1 / 3.0) + 2 * 4 * log(4 / 3.0) + 2 * log(2 / 5.5) +
                                 6 * log(6 / 5.5) + 2 * 7 * log(7 / 5.5));
    assert_true(fabs(number_of(model, "deviance") - deviance) < 1e-12);
    assert_true(fabs(number_of(model, "d2") - 1 + deviance / number_of(model, "null_deviance")) <
                1e-14);
    mlsd_model_free(model);
}

/* Slopes and Hessians beside central differences, for every power and link. */
static void test_tweedie__slopes_and_hessian(void **state)
{
    (void)state;
    enum { N = 40, P = 3, Q = P + 1 };
    static const struct {
        double power;
        bool is_log, is_exact; /* the Hessian is the second derivative */
    } cases[] = {{0, false, true},  {0, true, false},  {1, true, true},    {1.3, true, true},
                 {2, true, true},   {3, true, false},  {1, false, false},  {2, false, false},
                 {3, false, false}, {-1, true, false}, {1.5, false, false}};
    linear_data d = positive_data(N, P, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd__frame frame;
    mlsd__scope scope;
    mlsd__design design;
    mlsd__dataset_frame(data, &frame);
    assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__design_open(&design, &scope, &frame, true), MLSD_OK);
    for (int c = 0; c < 11; c++) {
        const mlsd__tweedie family = {cases[c].power, cases[c].is_log};
        mlsd__score_loss l = {.design = &design,
                              .y = d.y,
                              .weight = d.weight,
                              .rows = mlsd__tweedie_rows,
                              .family = &family,
                              .penalty = 0.3,
                              .unit = 2.0};
        assert_int_equal(mlsd__score_loss_open(&l, &scope, true), MLSD_OK);
        double theta[Q] = {0.1, -0.05, 0.08, 1.1}, g[Q], h[Q * Q], value, above, below;
        double g_above[Q], g_below[Q];
        assert_int_equal(mlsd__score_loss_at(&l, &scope, theta, &value, g, h), MLSD_OK);
        for (int j = 0; j < Q; j++) {
            const double kept = theta[j], step = 1e-5;
            theta[j] = kept + step;
            assert_int_equal(mlsd__score_loss_at(&l, &scope, theta, &above, g_above, NULL),
                             MLSD_OK);
            theta[j] = kept - step;
            assert_int_equal(mlsd__score_loss_at(&l, &scope, theta, &below, g_below, NULL),
                             MLSD_OK);
            theta[j] = kept;
            assert_true(fabs((above - below) / (2 * step) - g[j]) < 1e-8);
            for (int i = 0; cases[c].is_exact && i <= j; i++)
                assert_true(fabs((g_above[i] - g_below[i]) / (2 * step) - h[i * Q + j]) < 1e-8);
        }
        mlsd__score_loss_close(&l, scope.allocator);
    }
    mlsd__design_close(&design, scope.allocator);
    mlsd__scope_close(&scope);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* The half deviance is 0 at the mean, and its difference from the loss depends on y alone. */
static void test_tweedie__deviance(void **state)
{
    (void)state;
    const double powers[] = {-1, 0, 1, 1.2, 1.9, 2, 2.5, 3};
    for (int k = 0; k < 8; k++) {
        const mlsd__tweedie family = {powers[k], true};
        const double y = 2.5, score[] = {0.3, 1.4};
        double slope[2], curvature[2];
        mlsd__score_rows rows = {.n = 1, .y = &y, .slope = slope, .curvature = curvature};
        rows.score = &score[0];
        mlsd__tweedie_rows(&family, &rows);
        const double left = rows.loss - mlsd__tweedie_half_deviance(powers[k], y, exp(score[0]));
        rows.score = &score[1];
        mlsd__tweedie_rows(&family, &rows);
        const double right = rows.loss - mlsd__tweedie_half_deviance(powers[k], y, exp(score[1]));
        assert_true(fabs(left - right) < 1e-13 * (1 + fabs(left)));
        assert_true(fabs(mlsd__tweedie_half_deviance(powers[k], y, y)) < 1e-15);
        assert_true(mlsd__tweedie_half_deviance(powers[k], y, 2.6) > 0);
    }
    assert_true(mlsd__tweedie_half_deviance(1, 0, 3) == 3);
}

/* A weight is a number of repetitions, and a row of weight 0, even one that could not be, is none.
 */
static void test_tweedie__weights(void **state)
{
    (void)state;
    linear_data d = positive_data(30, 2, 9);
    linear_data repeated = {.n = 0, .p = 2};
    repeated.x = malloc(sizeof(double) * 30 * 3 * 2);
    repeated.y = malloc(sizeof(double) * 30 * 3);
    for (int64_t i = 0; i < d.n; i++) {
        if (i % 5 == 0) {
            d.weight[i] = 0;
            d.y[i] = -7;
        }
        for (int k = 0; k < (int)d.weight[i]; k++, repeated.n++) {
            memcpy(repeated.x + repeated.n * 2, d.x + i * 2, 2 * sizeof(double));
            repeated.y[repeated.n] = d.y[i];
        }
    }
    static const char *const kinds[] = {"poisson_regressor", "gamma_regressor"};
    for (int k = 0; k < 2; k++) {
        char json[128];
        snprintf(json, sizeof json, "{\"kind\":\"%s\",\"alpha\":0.1,\"tol\":1e-11}", kinds[k]);
        mlsd_model *weighted = fit_data(NULL, json, &d, 1);
        mlsd_model *plain = fit_data(NULL, json, &repeated, 0);
        double a[2], b[2];
        array_of(weighted, "coef", a, 2);
        array_of(plain, "coef", b, 2);
        assert_close(a, b, 2, 1e-11);
        assert_true(fabs(number_of(weighted, "deviance") - number_of(plain, "deviance")) < 1e-10);
        mlsd_model_free(weighted);
        mlsd_model_free(plain);
    }
    free(repeated.x);
    free(repeated.y);
    free_linear_data(&d);
}

static void test_tweedie__threads_and_files(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\":\"poisson_regressor\"}", "{\"kind\":\"gamma_regressor\",\"alpha\":0.01}",
        "{\"kind\":\"tweedie_regressor\",\"power\":1.7,\"alpha\":0.1}"};
    linear_data d = positive_data(5000, 3, 4);
    const mlsd_matrix x = {d.x, d.n, d.p, d.p, 1, MLSD_F64, 0};
    double *a = malloc(sizeof *a * 5000), *b = malloc(sizeof *b * 5000);
    for (int k = 0; k < 3; k++) {
        mlsd_model *first = fit_data(NULL, specs[k], &d, 1);
        for (int64_t n_threads = 1; n_threads <= 7; n_threads = n_threads * 3 + 1) {
            mlsd_context *context = context_with_threads(n_threads);
            mlsd_model *model = fit_data(context, specs[k], &d, 1);
            assert_same_model(first, model);
            mlsd_model_free(model);
            mlsd_context_free(context);
        }
        size_t size = 0;
        unsigned char *bytes = bytes_of(first, &size);
        mlsd_model *again = NULL;
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
        assert_int_equal(mlsd_model_predict_matrix(NULL, first, &x, MLSD_OUTPUT_VALUE, a, d.n),
                         MLSD_OK);
        assert_int_equal(mlsd_model_predict_matrix(NULL, again, &x, MLSD_OUTPUT_VALUE, b, d.n),
                         MLSD_OK);
        assert_memory_equal(a, b, sizeof *a * 5000);
        mlsd_matrix one = {d.x + 77 * d.p, 1, d.p, d.p, 1, MLSD_F64, 0};
        assert_int_equal(mlsd_model_predict_matrix(NULL, first, &one, MLSD_OUTPUT_VALUE, b, 1),
                         MLSD_OK);
        assert_true(a[77] == b[0]);
        free(bytes);
        mlsd_model_free(again);
        mlsd_model_free(first);
    }
    free(a);
    free(b);
    free_linear_data(&d);
}

static void test_tweedie__targets_that_cannot_be(void **state)
{
    (void)state;
    linear_data d = positive_data(10, 1, 2);
    d.y[7] = -2.5;
    assert_int_equal(status_of("{\"kind\":\"poisson_regressor\"}", &d, 0), MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(),
                        "poisson_regressor: the target of row 7 is -2.5, it must not be below 0");
    d.y[7] = 0;
    assert_int_equal(status_of("{\"kind\":\"poisson_regressor\"}", &d, 0), MLSD_OK);
    assert_int_equal(status_of("{\"kind\":\"gamma_regressor\"}", &d, 0), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "the target of row 7 is 0, it must be above 0"));
    assert_int_equal(status_of("{\"kind\":\"tweedie_regressor\",\"power\":0.5}", &d, 0),
                     MLSD_E_PARAM_RANGE);
    assert_non_null(strstr(mlsd_last_error(), "between 0 and 1, where no distribution is"));
    d.x[3] = NAN;
    assert_int_equal(status_of("{\"kind\":\"poisson_regressor\"}", &d, 0), MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "row 3"));
    free_linear_data(&d);
    double x[] = {-1, 0.5, 1}, y[] = {1, 2, 3};
    const linear_data sides = {.n = 3, .p = 1, .x = x, .y = y};
    assert_int_equal(status_of("{\"kind\":\"tweedie_regressor\",\"power\":1,\"link\":\"identity\","
                               "\"fit_intercept\":false}",
                               &sides, 0),
                     MLSD_E_DATA);
    assert_non_null(strstr(mlsd_last_error(), "predict above 0 in every row"));
}

/* Zeros alone are predicted as 0; counts that are 0 in one group have no finite slope; a penalty
 * beyond all bounds leaves the mean; equal columns share; one row is its own mean. */
static void test_tweedie__edges(void **state)
{
    (void)state;
    double x[] = {0, 0, 0, 1, 1, 1}, y[] = {0, 0, 0, 0, 0, 0}, out[6];
    linear_data d = {.n = 6, .p = 1, .x = x, .y = y};
    const mlsd_matrix at = {x, 6, 1, 1, 1, MLSD_F64, 0};
    mlsd_model *model = fit_data(NULL, "{\"kind\":\"poisson_regressor\"}", &d, 0);
    assert_int_equal(mlsd_model_predict_matrix(NULL, model, &at, MLSD_OUTPUT_VALUE, out, 6),
                     MLSD_OK);
    for (int i = 0; i < 6; i++) assert_true(out[i] == 0);
    assert_true(number_of(model, "deviance") == 0 && isnan(number_of(model, "d2")));
    mlsd_model_free(model);

    y[0] = 2, y[1] = 3, y[2] = 4;
    model = fit_data(NULL, "{\"kind\":\"poisson_regressor\",\"alpha\":0}", &d, 0);
    assert_true(number_of(model, "converged") == 0 && isfinite(number_of(model, "coef")));
    assert_true(fabs(number_of(model, "intercept") - log(3)) < 1e-6);
    mlsd_model_free(model);

    model = fit_data(NULL, "{\"kind\":\"poisson_regressor\",\"alpha\":1e300}", &d, 0);
    assert_true(fabs(number_of(model, "coef")) < 1e-280 && number_of(model, "converged") == 1);
    assert_true(fabs(number_of(model, "intercept") - log(1.5)) < 1e-12);
    mlsd_model_free(model);

    d.n = 1;
    model = fit_data(NULL, "{\"kind\":\"gamma_regressor\"}", &d, 0);
    assert_true(fabs(number_of(model, "intercept") - log(2)) < 1e-15);
    mlsd_model_free(model);

    double twice[] = {0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}, coef[2], counts[] = {2, 3, 4, 5, 6, 7};
    d = (linear_data){.n = 6, .p = 2, .x = twice, .y = counts};
    model = fit_data(NULL, "{\"kind\":\"poisson_regressor\",\"alpha\":0,\"tol\":1e-9}", &d, 0);
    array_of(model, "coef", coef, 2);
    assert_true(fabs(coef[0] - coef[1]) < 1e-5 && fabs(coef[0] + coef[1] - log(2)) < 1e-9);
    assert_true(number_of(model, "converged") == 1);
    mlsd_model_free(model);
}

/* Both ways to the minimum end in one place. */
static void test_tweedie__newton_and_lbfgs_agree(void **state)
{
    (void)state;
    enum { N = 200, P = 4, Q = P + 1 };
    linear_data d = positive_data(N, P, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd__frame frame;
    mlsd__scope scope;
    mlsd__design design;
    mlsd__dataset_frame(data, &frame);
    assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__design_open(&design, &scope, &frame, true), MLSD_OK);
    const mlsd__tweedie family = {1.5, true};
    mlsd__score_loss l = {.design = &design,
                          .y = d.y,
                          .rows = mlsd__tweedie_rows,
                          .family = &family,
                          .penalty = 0.1,
                          .unit = 1.0};
    const mlsd__smooth_limits limits = {.max_iter = 1000, .tol = 1e-10};
    const mlsd__smooth f = {.n = Q, .user = &l, .at = mlsd__score_loss_at};
    double newton[Q] = {0}, lbfgs[Q] = {0};
    mlsd__smooth_outcome a, b;
    assert_int_equal(mlsd__score_loss_open(&l, &scope, true), MLSD_OK);
    assert_int_equal(mlsd__smooth_newton(&f, &scope, &limits, newton, &a), MLSD_OK);
    assert_int_equal(mlsd__smooth_lbfgs(&f, &scope, &limits, lbfgs, &b), MLSD_OK);
    assert_true(a.converged && b.converged && a.n_iter < 12);
    assert_close(newton, lbfgs, Q, 1e-9);
    assert_true(fabs(a.value - b.value) < 1e-14);
    mlsd__score_loss_close(&l, scope.allocator);
    mlsd__design_close(&design, scope.allocator);
    mlsd__scope_close(&scope);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Data of many blocks are fitted on a part of them first. Two groups one after the other, and then
 * with weights on a few rows only, so that the part has none: the means all the same. */
static void test_tweedie__many_blocks(void **state)
{
    (void)state;
    enum { ROWS = 70 * 1024 };
    linear_data d = {.n = ROWS, .p = 1};
    d.x = malloc(sizeof *d.x * ROWS);
    d.y = malloc(sizeof *d.y * ROWS);
    d.weight = calloc(ROWS, sizeof *d.weight);
    for (int i = 0; i < ROWS; i++) {
        d.x[i] = i > ROWS / 3;
        d.y[i] = d.x[i] > 0 ? 5 + i % 3 : 1 + i % 2;
    }
    for (int i = 1500; i < ROWS; i += 20 * 1024) d.weight[i] = 1;
    for (int weighted = 0; weighted < 2; weighted++) {
        double mean[2] = {0}, count[2] = {0}, coef;
        for (int i = 0; i < ROWS; i++) {
            const double w = weighted ? d.weight[i] : 1;
            mean[d.x[i] > 0] += w * d.y[i];
            count[d.x[i] > 0] += w;
        }
        mlsd_model *first = fit_data(
            NULL, "{\"kind\":\"poisson_regressor\",\"alpha\":0,\"tol\":1e-10}", &d, weighted);
        mlsd_context *context = context_with_threads(7);
        mlsd_model *again = fit_data(
            context, "{\"kind\":\"poisson_regressor\",\"alpha\":0,\"tol\":1e-10}", &d, weighted);
        array_of(first, "coef", &coef, 1);
        assert_true(fabs(coef - log(mean[1] / count[1] * count[0] / mean[0])) < 1e-10);
        assert_true(fabs(number_of(first, "intercept") - log(mean[0] / count[0])) < 1e-10);
        assert_same_model(first, again);
        mlsd_context_free(context);
        mlsd_model_free(again);
        mlsd_model_free(first);
    }
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tweedie__group_means),
        cmocka_unit_test(test_tweedie__slopes_and_hessian),
        cmocka_unit_test(test_tweedie__deviance),
        cmocka_unit_test(test_tweedie__weights),
        cmocka_unit_test(test_tweedie__threads_and_files),
        cmocka_unit_test(test_tweedie__targets_that_cannot_be),
        cmocka_unit_test(test_tweedie__edges),
        cmocka_unit_test(test_tweedie__newton_and_lbfgs_agree),
        cmocka_unit_test(test_tweedie__many_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
