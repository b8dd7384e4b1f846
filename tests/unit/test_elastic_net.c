/* test_elastic_net.c - lasso and elastic net: closed forms, optimality conditions, weights, paths,
 * bad input. Witnesses: the soft threshold of an orthonormal design (Tibshirani 1996, 2.2), the
 * Karush-Kuhn-Tucker conditions computed here from the rows, and linear_regression and ridge;
 * beside scikit-learn in tests/reference/test_lasso_sklearn.py. */
#include "linear_data.h"

#include "failing_allocator.h"
#include "unit.h"

/* A design with correlated columns, a target of the first three, and something for each name. */
typedef struct problem {
    linear_data d;
    mlsd_dataset *data;
} problem;

static problem make_problem(int64_t n, int64_t p, uint32_t seed, int weighted)
{
    problem out = {.d = make_linear_data(n, p, 0, seed)};
    double *const x = out.d.x;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 1; j < p; j++)
            x[i * p + j] =
                x[i * p + j] / (double)(j + 1) * (1 + (double)(j % 3)) + 0.4 * x[i * p + j - 1];
        for (int64_t j = 0; j < p; j++) x[i * p + j] += 3;
        out.d.y[i] += p > 2 ? x[i * p + 2] : 0;
        out.d.weight[i] = weighted ? 0.5 * (double)(i % 4) + (i == 0) : 1;
    }
    out.data = dataset_of(&out.d, MLSD_TASK_REGRESSION, weighted);
    return out;
}

/* After a change of the rows. */
static void renew(problem *p, int weighted)
{
    mlsd_dataset_free(p->data);
    p->data = dataset_of(&p->d, MLSD_TASK_REGRESSION, weighted);
}

static void free_problem(problem *p)
{
    mlsd_dataset_free(p->data);
    free_linear_data(&p->d);
}

/* The largest violation of the conditions: X'(y - Xw - b)/W - l2 w = l1 sign(w), or at most l1. */
static double violation(const linear_data *d, const double *coef, double intercept, double l1,
                        double l2, int positive)
{
    double *const e = malloc((size_t)d->n * sizeof *e), total = 0, worst = 0, sum = 0;
    for (int64_t i = 0; i < d->n; i++) {
        e[i] = d->y[i] - intercept;
        for (int64_t j = 0; j < d->p; j++) e[i] -= d->x[i * d->p + j] * coef[j];
        e[i] *= d->weight[i];
        total += d->weight[i];
        sum += e[i];
    }
    for (int64_t j = 0; j < d->p; j++) {
        double g = 0;
        for (int64_t i = 0; i < d->n; i++) g += d->x[i * d->p + j] * e[i];
        g = g / total - l2 * coef[j];
        const double pull = positive ? g : fabs(g);
        const double here = coef[j] > 0   ? fabs(g - l1)
                            : coef[j] < 0 ? fabs(g + l1)
                                          : fmax(pull - l1, 0);
        worst = fmax(worst, here);
        assert_true(!positive || coef[j] >= 0);
    }
    free(e);
    return intercept == 0 ? worst : fmax(worst, fabs(sum / total));
}

static void test_elastic_net__soft_threshold_of_orthonormal_columns(void **state)
{
    (void)state;
    /* Hadamard's matrix without its column of ones: columns of mean 0, X'X = 8 I. */
    enum { N = 8, P = 7 };
    double x[N * P], y[N], coef[P];
    for (int i = 0; i < N; i++) {
        for (int j = 1; j <= P; j++) x[i * P + j - 1] = __builtin_popcount(i & j) % 2 ? -1 : 1;
        y[i] = 5 + (i * 13 % 8) - 0.3 * i * i;
    }
    linear_data d = {N, P, x, y, NULL};
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"elastic_net\",\"alpha\":0.8,\"l1_ratio\":0.75,\"tol\":1e-12}",
                 data, NULL, NULL);
    array_of(model, "coef", coef, P);
    for (int j = 0; j < P; j++) {
        double z = 0;
        for (int i = 0; i < N; i++) z += x[i * P + j] * y[i] / N;
        const double want = (z > 0 ? 1 : -1) * fmax(fabs(z) - 0.6, 0) / 1.2;
        ASSERT_NEAR(coef[j], want, 1e-13);
    }
    assert_true(number_of(model, "converged") == 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static void test_elastic_net__from_no_coefficient_on(void **state)
{
    (void)state;
    problem t = make_problem(80, 6, 4, 1);
    double alphas[5], coef[30];
    mlsd_model *model = fit_json(
        NULL, "{\"kind\":\"lasso\",\"alpha\":1e300,\"n_alphas\":5,\"eps\":0.01,\"tol\":1e-10}",
        t.data, NULL, NULL);
    array_of(model, "alphas", alphas, 5);
    array_of(model, "coef_path", coef, 30);
    ASSERT_NEAR(alphas[4] / alphas[0], 0.01, 1e-15);
    for (int j = 0; j < 6; j++) assert_true(coef[j] == 0);
    int n = 0;
    for (int j = 0; j < 6; j++) n += coef[6 + j] != 0;
    assert_true(n > 0);
    /* The model itself has the penalty of 1e300: the mean. */
    array_of(model, "coef", coef, 6);
    for (int j = 0; j < 6; j++) assert_true(coef[j] == 0);
    assert_true(number_of(model, "dual_gap") == 0);
    mlsd_model_free(model);

    char json[120];
    (void)snprintf(json, sizeof json, "{\"kind\":\"lasso\",\"alpha\":%.17g}", alphas[0] * 0.999);
    model = fit_json(NULL, json, t.data, NULL, NULL);
    array_of(model, "coef", coef, 6);
    n = 0;
    for (int j = 0; j < 6; j++) n += coef[j] != 0;
    assert_int_equal(n, 1);
    mlsd_model_free(model);
    free_problem(&t);
}

static void check_conditions(int64_t n, int64_t p, double alpha, double l1_ratio,
                             const char *options)
{
    for (int weighted = 0; weighted < 2; weighted++) {
        problem t = make_problem(n, p, (uint32_t)(n + p), weighted);
        char json[300];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"elastic_net\",\"alpha\":%.17g,\"l1_ratio\":%.17g,\"tol\":1e-13,"
                       "\"max_iter\":100000%s}",
                       alpha, l1_ratio, options);
        mlsd_model *model = fit_json(NULL, json, t.data, NULL, NULL);
        double *const coef = malloc((size_t)p * sizeof *coef);
        array_of(model, "coef", coef, p);
        const double worst = violation(&t.d, coef, number_of(model, "intercept"), alpha * l1_ratio,
                                       alpha * (1 - l1_ratio), strstr(options, "positive") != NULL);
        if (!(worst < 2e-6)) fail_msg("%s: conditions are violated by %g", json, worst);
        if (number_of(model, "converged") != 1) fail_msg("%s: did not converge", json);
        free(coef);
        mlsd_model_free(model);
        free_problem(&t);
    }
}

static void test_elastic_net__meets_the_optimality_conditions(void **state)
{
    (void)state;
    static const char *const options[] = {
        "",
        ",\"fit_intercept\":false",
        ",\"positive\":true",
        ",\"selection\":\"random\",\"seed\":7",
        ",\"fit_intercept\":false,\"positive\":true",
    };
    /* Moments of groups of rows; wide moments; columns themselves, with and without moments of the
     * working set. */
    static const struct {
        int64_t n, p;
    } sizes[] = {{90, 12}, {2500, 230}, {40, 90}, {30, 1200}};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        for (size_t o = 0; o < sizeof options / sizeof options[0]; o++) {
            check_conditions(sizes[s].n, sizes[s].p, 0.05, 1, options[o]);
            check_conditions(sizes[s].n, sizes[s].p, 0.05, 0.3, options[o]);
        }
    }
    check_conditions(30, 1200, 0.5, 0.001, "");
    check_conditions(90, 12, 1e-6, 1, "");
}

static void assert_same_answer(const mlsd_dataset *a, const mlsd_dataset *b, int64_t p)
{
    static const char json[] = "{\"kind\":\"elastic_net\",\"alpha\":0.1,\"l1_ratio\":0.7,\"tol\":"
                               "1e-14,\"max_iter\":100000,"
                               "\"n_alphas\":4}";
    double *const one = malloc((size_t)p * sizeof *one), *const two =
                                                             malloc((size_t)p * sizeof *two);
    mlsd_model *left = fit_json(NULL, json, a, NULL, NULL);
    mlsd_model *right = fit_json(NULL, json, b, NULL, NULL);
    array_of(left, "coef", one, p);
    array_of(right, "coef", two, p);
    assert_close(one, two, p, 1e-7);
    array_of(left, "alphas", one, 4);
    array_of(right, "alphas", two, 4);
    assert_close(one, two, 4, 1e-12);
    ASSERT_NEAR(number_of(left, "intercept"), number_of(right, "intercept"), 1e-6);
    mlsd_model_free(left);
    mlsd_model_free(right);
    free(one);
    free(two);
}

static void test_elastic_net__weights_are_repetitions(void **state)
{
    (void)state;
    static const int64_t widths[] = {5, 60};
    for (int k = 0; k < 2; k++) {
        const int64_t n = 50, p = widths[k];
        problem t = make_problem(n, p, 8, 0);
        linear_data often = make_linear_data(3 * n, p, 0, 1);
        int64_t n_often = 0;
        for (int64_t i = 0; i < n; i++) {
            t.d.weight[i] = (double)(i % 3);
            for (int64_t r = 0; r < i % 3; r++, n_often++) {
                memcpy(often.x + n_often * p, t.d.x + i * p, (size_t)p * sizeof *often.x);
                often.y[n_often] = t.d.y[i];
            }
        }
        often.n = n_often;
        mlsd_dataset *weighted = dataset_of(&t.d, MLSD_TASK_REGRESSION, 1);
        mlsd_dataset *repeated = dataset_of(&often, MLSD_TASK_REGRESSION, 0);
        assert_same_answer(weighted, repeated, p);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
        free_linear_data(&often);
        free_problem(&t);
    }
}

static void test_elastic_net__a_path_is_its_fits(void **state)
{
    (void)state;
    problem t = make_problem(120, 8, 6, 0);
    double path[3 * 8], coef[8], intercepts[3], alphas[3];
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"lasso\",\"alpha\":0.07,\"alphas\":[0.01,0.5,0.1],"
                                 "\"tol\":1e-13,\"max_iter\":100000}",
                                 t.data, NULL, NULL);
    array_of(model, "alphas", alphas, 3);
    assert_true(alphas[0] == 0.5 && alphas[1] == 0.1 && alphas[2] == 0.01);
    array_of(model, "coef_path", path, 24);
    array_of(model, "intercept_path", intercepts, 3);
    array_of(model, "coef", coef, 8);
    assert_true(violation(&t.d, coef, number_of(model, "intercept"), 0.07, 0, 0) < 1e-6);
    mlsd_model_free(model);
    for (int k = 0; k < 3; k++) {
        char json[120];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"lasso\",\"alpha\":%g,\"tol\":1e-13,\"max_iter\":100000}",
                       alphas[k]);
        model = fit_json(NULL, json, t.data, NULL, NULL);
        array_of(model, "coef", coef, 8);
        assert_close(path + 8 * k, coef, 8, 1e-6);
        ASSERT_NEAR(intercepts[k], number_of(model, "intercept"), 1e-5);
        mlsd_model_free(model);
    }
    free_problem(&t);
}

static void test_elastic_net__no_penalty_and_only_squares(void **state)
{
    (void)state;
    problem t = make_problem(200, 6, 3, 0);
    double one[6], two[6];
    mlsd_model *a =
        fit_json(NULL, "{\"kind\":\"lasso\",\"alpha\":0,\"tol\":1e-15,\"max_iter\":100000}", t.data,
                 NULL, NULL);
    mlsd_model *b = fit_json(NULL, "{\"kind\":\"linear_regression\"}", t.data, NULL, NULL);
    array_of(a, "coef", one, 6);
    array_of(b, "coef", two, 6);
    assert_close(one, two, 6, 1e-6);
    mlsd_model_free(a);
    mlsd_model_free(b);
    /* 1/2 mean e^2 + 0.2 / 2 |w|^2 is ridge's with alpha = 0.2 n. */
    a = fit_json(NULL,
                 "{\"kind\":\"elastic_net\",\"alpha\":0.2,\"l1_ratio\":0,\"tol\":1e-14,"
                 "\"max_iter\":100000}",
                 t.data, NULL, NULL);
    b = fit_json(NULL, "{\"kind\":\"ridge\",\"alpha\":40}", t.data, NULL, NULL);
    array_of(a, "coef", one, 6);
    array_of(b, "coef", two, 6);
    assert_close(one, two, 6, 1e-6);
    assert_true(number_of(a, "converged") == 1);
    mlsd_model_free(a);
    mlsd_model_free(b);
    free_problem(&t);
}

static void test_elastic_net__constant_and_equal_columns(void **state)
{
    (void)state;
    problem t = make_problem(60, 5, 9, 0);
    for (int i = 0; i < 60; i++) {
        t.d.x[i * 5 + 1] = 0.1;
        t.d.x[i * 5 + 4] = t.d.x[i * 5 + 3];
    }
    renew(&t, 0);
    double coef[5];
    mlsd_model *model =
        fit_json(NULL, "{\"kind\":\"lasso\",\"alpha\":0.001,\"tol\":1e-12}", t.data, NULL, NULL);
    array_of(model, "coef", coef, 5);
    assert_true(coef[1] == 0);
    assert_true(violation(&t.d, coef, number_of(model, "intercept"), 0.001, 0, 0) < 1e-5);
    mlsd_model_free(model);
    for (int i = 0; i < 60; i++) t.d.y[i] = 7;
    renew(&t, 0);
    model = fit_json(NULL, "{\"kind\":\"lasso\",\"n_alphas\":3}", t.data, NULL, NULL);
    array_of(model, "coef", coef, 5);
    for (int j = 0; j < 5; j++) assert_true(coef[j] == 0);
    assert_true(number_of(model, "intercept") == 7);
    assert_true(number_of(model, "converged") == 1);
    mlsd_model_free(model);
    free_problem(&t);
}

typedef struct heard {
    char text[600];
} heard;

static void hear(mlsd_log_level level, const char *line, void *user)
{
    (void)level;
    (void)snprintf(((heard *)user)->text, sizeof((heard *)user)->text, "%s", line);
}

static void test_elastic_net__says_that_it_did_not_converge(void **state)
{
    (void)state;
    problem t = make_problem(200, 8, 3, 0);
    heard said = {""};
    mlsd_context *context = context_with_threads(1);
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, hear, &said, NULL));
    mlsd_model *model =
        fit_json(context, "{\"kind\":\"lasso\",\"alpha\":1e-5,\"max_iter\":2,\"tol\":1e-14}",
                 t.data, NULL, NULL);
    assert_true(number_of(model, "converged") == 0);
    assert_true(number_of(model, "n_iter") == 2);
    assert_true(number_of(model, "dual_gap") > 0);
    assert_non_null(strstr(said.text, "raise max_iter or tol"));
    mlsd_model_free(model);
    model = fit_json(context, "{\"kind\":\"lasso\",\"alpha\":0}", t.data, NULL, NULL);
    assert_non_null(strstr(said.text, "linear_regression is exact"));
    mlsd_model_free(model);
    mlsd_context_free(context);
    free_problem(&t);
}

static void test_elastic_net__refuses_what_has_no_answer(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{60, 5}, {300, 210}, {8, 12}};
    for (int k = 0; k < 3; k++) {
        problem t = make_problem(sizes[k][0], sizes[k][1], 2, 0);
        const int64_t at = 5 * t.d.p + 3;
        mlsd_spec *spec = spec_from("{\"kind\":\"lasso\"}");
        mlsd_model *model = NULL;
        t.d.x[at] = NAN;
        renew(&t, 0);
        ASSERT_FAILS(MLSD_E_DATA, "row 5, column 'x3' is NaN",
                     mlsd_model_fit(NULL, spec, t.data, NULL, NULL, &model));
        t.d.x[at] = INFINITY;
        renew(&t, 0);
        ASSERT_FAILS(MLSD_E_DATA, "row 5, column 'x3' is infinite",
                     mlsd_model_fit(NULL, spec, t.data, NULL, NULL, &model));
        t.d.x[at] = 1e200;
        renew(&t, 0);
        ASSERT_FAILS(MLSD_E_NUMERIC, "scale the columns",
                     mlsd_model_fit(NULL, spec, t.data, NULL, NULL, &model));
        mlsd_spec_free(spec);
        free_problem(&t);
    }
    problem t = make_problem(20, 3, 2, 0);
    mlsd_model *model = NULL;
    mlsd_spec *spec = spec_from("{\"kind\":\"elastic_net\",\"l1_ratio\":0,\"n_alphas\":3}");
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "'alphas'",
                 mlsd_model_fit(NULL, spec, t.data, NULL, NULL, &model));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "alpha", mlsd_spec_set_f64(spec, "alpha", -1));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "l1_ratio", mlsd_spec_set_f64(spec, "l1_ratio", 1.5));
    mlsd_spec_free(spec);
    free_problem(&t);
}

static void test_elastic_net__threads_change_no_bit(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{5000, 6}, {3000, 220}, {60, 700}};
    for (int k = 0; k < 3; k++) {
        problem t = make_problem(sizes[k][0], sizes[k][1], 3, 1);
        mlsd_context *one = context_with_threads(1), *seven = context_with_threads(7);
        static const char json[] = "{\"kind\":\"lasso\",\"alpha\":0.01,\"n_alphas\":10}";
        mlsd_model *a = fit_json(one, json, t.data, NULL, NULL);
        mlsd_model *b = fit_json(seven, json, t.data, NULL, NULL);
        assert_same_model(a, b);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_context_free(one);
        mlsd_context_free(seven);
        free_problem(&t);
    }
}

static void test_elastic_net__survives_each_failed_allocation(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{30, 4}, {260, 205}, {10, 300}};
    for (int s = 0; s < 3; s++) {
        problem t = make_problem(sizes[s][0], sizes[s][1], 3, 1);
        mlsd_status status = MLSD_E_NOMEM;
        for (long long k = 1; status == MLSD_E_NOMEM && k < 10000; k += 1 + k / 100) {
            failing_allocator f;
            mlsd_model *model = NULL;
            failing_allocator_init(&f, 0, 0);
            mlsd_context *context = failing_context(&f, 1);
            mlsd_spec *spec = spec_from("{\"kind\":\"lasso\",\"alpha\":1e-4,\"n_alphas\":3}");
            f.fail_at = f.calls + k;
            status = mlsd_model_fit(context, spec, t.data, NULL, NULL, &model);
            assert_true(status == MLSD_OK || (status == MLSD_E_NOMEM && model == NULL));
            mlsd_model_free(model);
            mlsd_spec_free(spec);
            mlsd_context_free(context);
            assert_int_equal(f.live_blocks, 0);
        }
        assert_int_equal(status, MLSD_OK);
        free_problem(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elastic_net__soft_threshold_of_orthonormal_columns),
        cmocka_unit_test(test_elastic_net__from_no_coefficient_on),
        cmocka_unit_test(test_elastic_net__meets_the_optimality_conditions),
        cmocka_unit_test(test_elastic_net__weights_are_repetitions),
        cmocka_unit_test(test_elastic_net__a_path_is_its_fits),
        cmocka_unit_test(test_elastic_net__no_penalty_and_only_squares),
        cmocka_unit_test(test_elastic_net__constant_and_equal_columns),
        cmocka_unit_test(test_elastic_net__says_that_it_did_not_converge),
        cmocka_unit_test(test_elastic_net__refuses_what_has_no_answer),
        cmocka_unit_test(test_elastic_net__threads_change_no_bit),
        cmocka_unit_test(test_elastic_net__survives_each_failed_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
