/* test_logistic_sparse.c - penalties l1 and elasticnet of logistic_regression: the conditions of
 * optimality from their definition (0 is a subgradient of C sum w loss + r |coef|_1 + (1 - r) / 2
 * |coef|^2), the strength at which the first coefficient leaves 0 (Friedman, Hastie & Tibshirani
 * 2010, section 2.5), weights, threads and failing memory. Peers: test_logistic_sklearn.py. */
#include "linear_data.h"
#include "failing_allocator.h"

/* Errors C w (p - [y = c]) of the rows, n x s. */
static void errors_of(const linear_data *d, const double *coef, const double *intercept, int64_t s,
                      double C, double *out)
{
    for (int64_t i = 0; i < d->n; i++) {
        double sum = s == 1 ? 1.0 : 0.0;
        for (int64_t c = 0; c < s; c++) {
            double score = intercept[c];
            for (int64_t j = 0; j < d->p; j++) score += coef[c * d->p + j] * d->x[i * d->p + j];
            out[i * s + c] = exp(score);
            sum += out[i * s + c];
        }
        for (int64_t c = 0; c < s; c++) {
            const double is_right = (int64_t)d->y[i] == (s == 1 ? 1 : c) ? 1.0 : 0.0;
            out[i * s + c] = C * d->weight[i] * (out[i * s + c] / sum - is_right);
        }
    }
}

/* The largest violation over C times the weights, and the number of coefficients that are not 0. */
static double largest_violation(const linear_data *d, const mlsd_model *model, int64_t k, double C,
                                double l1_ratio, int64_t *out_active)
{
    const int64_t s = k == 2 ? 1 : k, p = d->p;
    double *const coef = calloc((size_t)(s * p), sizeof *coef);
    double *const intercept = calloc((size_t)s, sizeof *intercept);
    double *const error = calloc((size_t)(d->n * s), sizeof *error);
    assert_true(coef != NULL && intercept != NULL && error != NULL);
    array_of(model, "coef", coef, s * p);
    array_of(model, "intercept", intercept, s);
    errors_of(d, coef, intercept, s, C, error);
    double weight = 0.0, top = 0.0;
    for (int64_t i = 0; i < d->n; i++) weight += d->weight[i];
    *out_active = 0;
    for (int64_t c = 0; c < s; c++) {
        double free_slope = 0.0;
        for (int64_t i = 0; i < d->n; i++) free_slope += error[i * s + c];
        top = fmax(top, fabs(free_slope));
        for (int64_t j = 0; j < p; j++) {
            const double w = coef[c * p + j];
            double slope = (1.0 - l1_ratio) * w;
            for (int64_t i = 0; i < d->n; i++) slope += error[i * s + c] * d->x[i * p + j];
            *out_active += w != 0.0;
            const double beyond = w != 0.0 ? fabs(slope + (w > 0.0 ? l1_ratio : -l1_ratio))
                                           : fmax(fabs(slope) - l1_ratio, 0.0);
            top = fmax(top, beyond);
        }
    }
    free(coef);
    free(intercept);
    free(error);
    return top / weight;
}

/* All columns at once, and a working set. */
static void test_logistic_sparse__conditions_of_optimality(void **state)
{
    (void)state;
    static const struct {
        int64_t n, p, k;
        double C, l1_ratio, tol, most;
        int64_t least_active, most_active;
    } CASES[] = {
        {200, 6, 2, 0.05, 1.0, 1e-12, 1e-11, 1, 5},    {200, 6, 3, 0.05, 1.0, 1e-12, 1e-11, 1, 15},
        {200, 6, 2, 0.05, 0.5, 1e-12, 1e-11, 1, 6},    {200, 6, 3, 5.0, 0.2, 1e-12, 1e-11, 10, 18},
        {120, 150, 2, 0.02, 1.0, 1e-11, 1e-8, 1, 119}, {80, 90, 3, 0.02, 0.7, 1e-11, 1e-8, 1, 269},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        linear_data d = make_linear_data(CASES[i].n, CASES[i].p, CASES[i].k, 11);
        mlsd_dataset *data =
            dataset_of(&d, CASES[i].k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 1);
        char json[192];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"logistic_regression\",\"penalty\":\"elasticnet\",\"C\":%g,"
                       "\"l1_ratio\":%g,\"max_iter\":1000,\"tol\":%g}",
                       CASES[i].C, CASES[i].l1_ratio, CASES[i].tol);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        if (number_of(model, "converged") != 1.0) fail_msg("case %zu: not converged", i);
        assert_true(number_of(model, "violation") <= CASES[i].tol);
        int64_t active = 0;
        const double top =
            largest_violation(&d, model, CASES[i].k, CASES[i].C, CASES[i].l1_ratio, &active);
        if (!(top <= CASES[i].most)) fail_msg("case %zu: violation %g", i, top);
        if (active < CASES[i].least_active || active > CASES[i].most_active)
            fail_msg("case %zu: %lld coefficients are not 0", i, (long long)active);
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

/* No coefficient until C times the largest |sum w (y - mean) x| reaches 1; the intercept is then
 * the logarithm of the odds. */
static void test_logistic_sparse__first_coefficient(void **state)
{
    (void)state;
    linear_data d = make_linear_data(120, 5, 2, 3);
    double weight = 0, ones = 0, top = 0;
    for (int64_t i = 0; i < d.n; i++) {
        weight += d.weight[i];
        ones += d.weight[i] * d.y[i];
    }
    for (int64_t j = 0; j < d.p; j++) {
        double slope = 0;
        for (int64_t i = 0; i < d.n; i++)
            slope += d.weight[i] * (d.y[i] - ones / weight) * d.x[i * d.p + j];
        top = fmax(top, fabs(slope));
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 1);
    for (int above = 0; above < 2; above++) {
        char json[160];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\",\"C\":%.17g,"
                       "\"tol\":1e-12}",
                       (above ? 1.001 : 0.999) / top);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        double coef[5];
        int active = 0;
        array_of(model, "coef", coef, 5);
        for (int j = 0; j < 5; j++) active += coef[j] != 0.0;
        assert_int_equal(active, above);
        if (!above)
            assert_true(fabs(number_of(model, "intercept") - log(ones / (weight - ones))) < 1e-11);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static const char *const SPARSE_JSON[] = {
    "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\",\"C\":0.1}",
    "{\"kind\":\"logistic_regression\",\"penalty\":\"elasticnet\",\"l1_ratio\":0.5,\"C\":0.1}",
};

static void test_logistic_sparse__threads_do_not_change_a_byte(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7}, columns[] = {4, 70};
    for (int64_t k = 2; k <= 3; k++) {
        for (int j = 0; j < 2; j++) {
            linear_data d = make_linear_data(2100, columns[j], k, 17);
            mlsd_dataset *data =
                dataset_of(&d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, 1);
            mlsd_model *models[3];
            for (int t = 0; t < 3; t++) {
                mlsd_context *context = context_with_threads(threads[t]);
                models[t] = fit_json(context, SPARSE_JSON[j], data, NULL, NULL);
                mlsd_context_free(context);
                assert_same_model(models[0], models[t]);
            }
            for (int t = 0; t < 3; t++) mlsd_model_free(models[t]);
            mlsd_dataset_free(data);
            free_linear_data(&d);
        }
    }
}

static void test_logistic_sparse__comes_back_from_bytes(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 7);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_model *model = fit_json(NULL, SPARSE_JSON[1], data, NULL, NULL), *back = NULL;
    size_t size = 0;
    unsigned char *const bytes = bytes_of(model, &size);
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &back), MLSD_OK);
    assert_same_model(model, back);
    assert_true(number_of(back, "violation") == number_of(model, "violation"));
    mlsd_model_free(back);
    free(bytes);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* Constant, equal and huge columns, a row alone of its class, and penalties at their ends. */
static void test_logistic_sparse__odd_data_has_an_answer(void **state)
{
    (void)state;
    static const double Cs[] = {1e-300, 1e-3, 1.0, 1e300};
    linear_data d = make_linear_data(80, 4, 2, 9);
    for (int64_t i = 0; i < d.n; i++) {
        d.x[4 * i + 1] = 3.0;
        d.x[4 * i + 2] = d.x[4 * i];
        d.x[4 * i + 3] *= 1e9;
        d.weight[i] = 1.0;
    }
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    for (int i = 0; i < 4; i++) {
        char json[160];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\",\"C\":%g,"
                       "\"tol\":1e-9}",
                       Cs[i]);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        double coef[4];
        array_of(model, "coef", coef, 4);
        for (int j = 0; j < 4; j++) assert_true(isfinite(coef[j]));
        assert_true(number_of(model, "converged") == 1.0);
        assert_true(coef[1] == 0.0);
        assert_true(coef[0] * coef[2] >= 0.0);
        if (i == 0)
            for (int j = 0; j < 4; j++) assert_true(coef[j] == 0.0);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void hear(mlsd_log_level level, const char *line, void *user)
{
    (void)level;
    (void)snprintf(user, 400, "%s", line);
}

static void test_logistic_sparse__what_did_not_converge_is_said(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 2, 2, 5);
    char said[400] = "";
    mlsd_context *context = context_with_threads(1);
    assert_int_equal(mlsd_context_set_log(context, MLSD_LOG_WARNING, hear, said, NULL), MLSD_OK);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    mlsd_model *model = fit_json(context,
                                 "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\","
                                 "\"max_iter\":1,\"tol\":1e-12}",
                                 data, NULL, NULL);
    assert_true(number_of(model, "converged") == 0.0);
    assert_true(number_of(model, "violation") > 1e-12);
    assert_string_equal(said, "logistic_regression: did not converge in 1 iterations (60 rows, 2 "
                              "columns, C = 1); raise max_iter or tol, or scale the columns (a "
                              "standardize step does)");
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    for (int64_t i = 0; i < d.n; i++) d.x[2 * i] = d.y[i] * 2.0 - 1.0 + 0.1 * d.x[2 * i];
    data = dataset_of(&d, MLSD_TASK_BINARY, 0);
    model = fit_json(context, "{\"kind\":\"logistic_regression\",\"penalty\":\"none\"}", data, NULL,
                     NULL);
    assert_true(number_of(model, "converged") == 0.0);
    assert_non_null(strstr(said, "the columns separate the classes"));
    assert_non_null(strstr(said, "set penalty to l2 or l1"));
    mlsd_model_free(model);
    said[0] = '\0';
    model = fit_json(context, "{\"kind\":\"logistic_regression\",\"penalty\":\"l1\"}", data, NULL,
                     NULL);
    assert_true(number_of(model, "converged") == 1.0);
    assert_string_equal(said, "");
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    mlsd_context_free(context);
    free_linear_data(&d);
}

static void test_logistic_sparse__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        linear_data d = make_linear_data(40, wide ? 80 : 3, 2, 7);
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_BINARY, 0);
        mlsd_spec *spec = spec_from(SPARSE_JSON[wide]);
        assert_refusals_survived(spec, data);
        mlsd_spec_free(spec);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_logistic_sparse__conditions_of_optimality),
        cmocka_unit_test(test_logistic_sparse__first_coefficient),
        cmocka_unit_test(test_logistic_sparse__threads_do_not_change_a_byte),
        cmocka_unit_test(test_logistic_sparse__comes_back_from_bytes),
        cmocka_unit_test(test_logistic_sparse__odd_data_has_an_answer),
        cmocka_unit_test(test_logistic_sparse__what_did_not_converge_is_said),
        cmocka_unit_test(test_logistic_sparse__every_refused_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
