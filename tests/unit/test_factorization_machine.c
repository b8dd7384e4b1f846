/* test_factorization_machine.c - factorization machines. Witness: the double sum over all pairs of
 * columns (Rendle 2010, equation 1), differences of the loss, and a target that is a product of two
 * columns, of which a linear model sees nothing. */
#include "linear_data.h"
#include "model/factorization/fm.h"

/* Equation 1 as it stands. */
static double by_pairs(const double *x, int64_t p, const double *w, double w0, const double *v,
                       int64_t f)
{
    double sum = w0;
    for (int64_t j = 0; j < p; j++) sum += w[j] * x[j];
    for (int64_t j = 0; j < p; j++) {
        for (int64_t l = j + 1; l < p; l++) {
            double product = 0.0;
            for (int64_t i = 0; i < f; i++) product += v[j * f + i] * v[l * f + i];
            sum += product * x[j] * x[l];
        }
    }
    return sum;
}

static void test_factorization_machine__scores_are_sums_over_pairs(void **state)
{
    (void)state;
    enum { N = 40, P = 5, F = 3, K = 3 };
    linear_data d = make_linear_data(N, P, K, 3);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"factorization_machine_classifier\",\"n_factors\":3,"
                                 "\"init_stdev\":1,\"max_iter\":3}",
                                 data, NULL, NULL);
    double w[K * P], w0[K], v[K * P * F], got[N * K];
    array_of(model, "coef", w, K * P);
    array_of(model, "intercept", w0, K);
    array_of(model, "factors", v, K * P * F);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_DECISION, got, N * K),
                     MLSD_OK);
    for (int64_t i = 0; i < N; i++) {
        for (int64_t c = 0; c < K; c++) {
            const double want = by_pairs(d.x + i * P, P, w + c * P, w0[c], v + c * P * F, F);
            assert_close(got + i * K + c, &want, 1, 1e-13 * (1.0 + fabs(want)));
        }
    }
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Mean loss of some rows by the scores of prediction. */
static double loss_at(const mlsd__sgd_loss *loss, const mlsd__sgd_scorer *scorer,
                      const linear_data *d)
{
    double scores[64], scratch[16];
    scorer->scores(scorer, d->x, d->n, d->p, scores, scratch);
    return mlsd__sgd_row_sum(loss, 0.0, d->y, d->weight, d->n, scorer->n_scores, scores) /
           (double)d->n;
}

static void check_slopes(const mlsd__sgd_loss *loss, int64_t n_classes, int64_t n_scores)
{
    enum { N = 9, P = 4, F = 2, MOST = 3 * (P + 1 + P * F) };
    const int64_t n_theta = n_scores * (P + 1 + P * F);
    double theta[MOST], gradient[MOST];
    uint32_t seed = 5;
    linear_data d = make_linear_data(N, P, n_classes, 11);
    mlsd__fm_batch batch = {.n_rows = N, .n_features = P, .n_scores = n_scores, .n_factors = F};
    const mlsd__sgd_scorer scorer = {.scores = mlsd__fm_scores,
                                     .theta = theta,
                                     .n_features = P,
                                     .n_scores = n_scores,
                                     .n_factors = F};
    for (int64_t j = 0; j < n_theta; j++) theta[j] = next_uniform(&seed);
    assert_int_equal(mlsd__fm_batch_open(&batch, &mlsd__libc_allocator), MLSD_OK);
    mlsd__fm_gradient(&batch, loss, theta, d.x, d.y, d.weight, N, gradient);
    for (int64_t j = 0; j < n_theta; j++) {
        const double step = 1e-6, at = theta[j];
        theta[j] = at + step;
        const double above = loss_at(loss, &scorer, &d);
        theta[j] = at - step;
        const double want = (above - loss_at(loss, &scorer, &d)) / (2.0 * step);
        theta[j] = at;
        assert_close(gradient + j, &want, 1, 1e-7 * (1.0 + fabs(want)));
    }
    mlsd__fm_batch_close(&batch, &mlsd__libc_allocator);
    free_linear_data(&d);
}

static void test_factorization_machine__slopes_are_differences_of_the_loss(void **state)
{
    (void)state;
    check_slopes(&mlsd__sgd_squared_error, 0, 1);
    check_slopes(&mlsd__sgd_log_loss, 2, 1);
    check_slopes(&mlsd__sgd_log_loss, 3, 3);
}

/* Share of the variance that a model explains on its own rows. */
static double explained(const char *json, const linear_data *d)
{
    enum { N = 400 };
    double got[N], mean = 0.0, error = 0.0, variance = 0.0;
    mlsd_dataset *data = dataset_of(d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    assert_int_equal(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, got, N), MLSD_OK);
    for (int64_t i = 0; i < N; i++) mean += d->y[i] / N;
    for (int64_t i = 0; i < N; i++) {
        error += (d->y[i] - got[i]) * (d->y[i] - got[i]);
        variance += (d->y[i] - mean) * (d->y[i] - mean);
    }
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    return 1.0 - error / variance;
}

static void test_factorization_machine__finds_products_of_columns(void **state)
{
    (void)state;
    linear_data d = make_linear_data(400, 4, 0, 9);
    for (int64_t i = 0; i < d.n; i++)
        d.y[i] = 3.0 + 2.0 * d.x[i * 4] * d.x[i * 4 + 1] - d.x[i * 4 + 2] * d.x[i * 4 + 3];
    assert_true(explained("{\"kind\":\"linear_regression\"}", &d) < 0.1);
    assert_true(explained("{\"kind\":\"factorization_machine_regressor\",\"n_factors\":4,"
                          "\"l2_reg_V\":0,\"max_iter\":300,\"tol\":0}",
                          &d) > 0.99);
    free_linear_data(&d);
}

static void test_factorization_machine__goes_through_a_file(void **state)
{
    (void)state;
    linear_data d = make_linear_data(50, 3, 2, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"factorization_machine_classifier\",\"early_stopping\":true}",
                 data, NULL, NULL);
    size_t size = 0, again_size = 0;
    unsigned char *bytes = bytes_of(model, &size);
    mlsd_model *again = NULL;
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
    unsigned char *again_bytes = bytes_of(again, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(bytes, again_bytes, size);
    free(bytes);
    free(again_bytes);
    mlsd_model_free(again);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_factorization_machine__scores_are_sums_over_pairs),
        cmocka_unit_test(test_factorization_machine__slopes_are_differences_of_the_loss),
        cmocka_unit_test(test_factorization_machine__finds_products_of_columns),
        cmocka_unit_test(test_factorization_machine__goes_through_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
