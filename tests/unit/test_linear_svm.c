/* test_linear_svm.c - linear_svc and linear_svr: optima known by hand, the duality gap beside one
 * computed here from its definition, the two ways against each other, weights, classes without
 * rows, threads, files and failing memory. Peers: test_svm_sklearn.py. */
#include "linear_data.h"
#include "failing_allocator.h"

static mlsd_dataset *small_data(const double *x, const double *y, int64_t n, mlsd_task task)
{
    const mlsd_matrix mx = {(void *)(uintptr_t)x, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix my = {(void *)(uintptr_t)y, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *out = NULL;
    if (mlsd_dataset_from_matrix(NULL, &mx, &my, NULL, task, &out) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    return out;
}

/* One column, no intercept, rows x = -2, 1, 3 of classes 0, 1, 1. Hinge with C = 10: the margin of
 * x = 1 is 1 at w = 1, where 1/2 w^2 is least without a loss; with C = 0.25 all losses are paid
 * while w < 1/3, and the slope w - 0.25 (2 + 1 + 3) is below 0 until then; from 1/2 on only x = 1
 * pays, w = 0.25 is behind, so w = 1/2 (where x = -2 stops paying). Squared hinge with C = 1/2:
 * only x = 1 pays between 1/2 and 1: w - (1 - w) = 0, w = 1/2. */
static void test_linear_svm__optima_by_hand(void **state)
{
    (void)state;
    const double x[] = {-2.0, 1.0, 3.0}, y[] = {0.0, 1.0, 1.0}, t[] = {-4.0, 2.0, 6.0};
    static const struct {
        const char *json;
        double coef, objective;
    } CASES[] = {
        {"\"linear_svc\",\"loss\":\"hinge\",\"C\":10", 1.0, 0.5},
        {"\"linear_svc\",\"loss\":\"hinge\",\"C\":0.25", 0.5, 0.125 + 0.25 * 0.5},
        {"\"linear_svc\",\"C\":0.5,\"dual\":\"true\"", 0.5, 0.125 + 0.5 * 0.25},
        {"\"linear_svc\",\"C\":0.5,\"dual\":\"false\"", 0.5, 0.125 + 0.5 * 0.25},
        /* |w| + (1 - w)^2, then: slope 1 - 2 (1 - w) = 0 */
        {"\"linear_svc\",\"C\":1,\"penalty\":\"l1\"", 0.5, 0.5 + 0.25},
        /* t = 2 x: w = 2 without a loss where C is large; else C (2 + 1 + 3) = 0.6 is the end of w
         */
        {"\"linear_svr\",\"C\":100", 2.0, 2.0},
        {"\"linear_svr\",\"C\":0.1", 0.6, 0.18 + 0.1 * 6 * 1.4},
        /* w = 2 C 14 (2 - w) with C = 1 / 28: w = 1 */
        {"\"linear_svr\",\"C\":0.03571428571428571,\"loss\":\"squared_epsilon_insensitive\"", 1.0,
         1.0},
        {"\"linear_svr\",\"C\":0.03571428571428571,\"loss\":\"squared_epsilon_insensitive\","
         "\"dual\":\"true\"",
         1.0, 1.0},
        {"\"linear_svr\",\"C\":1,\"epsilon\":7", 0.0, 0.0},
    };
    mlsd_dataset *classes = small_data(x, y, 3, MLSD_TASK_BINARY);
    mlsd_dataset *numbers = small_data(x, t, 3, MLSD_TASK_REGRESSION);
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char json[200];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":%s,\"fit_intercept\":false,\"tol\":1e-14,\"max_iter\":100000}",
                       CASES[i].json);
        const int is_class = strstr(json, "svc") != NULL;
        mlsd_model *model = fit_json(NULL, json, is_class ? classes : numbers, NULL, NULL);
        const double coef = number_of(model, "coef");
        if (!(fabs(coef - CASES[i].coef) < 1e-6)) fail_msg("case %zu: %.15g", i, coef);
        assert_true(fabs(number_of(model, "objective") - CASES[i].objective) < 1e-12);
        assert_true(number_of(model, "intercept") == 0.0);
        assert_true(number_of(model, "converged") == 1.0);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
}

/* The intercept is s times the coefficient of a column of s: with a large s it is free, and a
 * column that tells nothing leaves the weighted median of the target (epsilon 0). */
static void test_linear_svm__scaling_frees_the_intercept(void **state)
{
    (void)state;
    const double x[] = {0, 0, 0, 0, 0}, t[] = {7, 1, 3, 100, 4};
    mlsd_dataset *data = small_data(x, t, 5, MLSD_TASK_REGRESSION);
    mlsd_model *model = fit_json(NULL,
                                 "{\"kind\":\"linear_svr\",\"intercept_scaling\":10,\"tol\":1e-9,"
                                 "\"max_iter\":100000}",
                                 data, NULL, NULL);
    assert_true(fabs(number_of(model, "intercept") - 4.0) < 1e-3);
    assert_true(number_of(model, "coef") == 0.0);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
}

static const char *const WAYS[] = {
    "{\"kind\":\"linear_svc\",\"tol\":1e-10,\"dual\":\"true\",\"max_iter\":100000}",
    "{\"kind\":\"linear_svc\",\"tol\":1e-10,\"dual\":\"false\"}",
    "{\"kind\":\"linear_svc\",\"tol\":1e-10,\"loss\":\"hinge\",\"max_iter\":100000}",
    "{\"kind\":\"linear_svc\",\"tol\":1e-10,\"penalty\":\"l1\"}",
    "{\"kind\":\"linear_svr\",\"tol\":1e-10,\"max_iter\":100000,\"epsilon\":0.1}",
    "{\"kind\":\"linear_svr\",\"tol\":1e-10,\"loss\":\"squared_epsilon_insensitive\"}",
};
enum { N_WAYS = sizeof WAYS / sizeof *WAYS, FIRST_SVR = 4 };

static mlsd_task task_of(int way, int64_t k)
{
    return way >= FIRST_SVR ? MLSD_TASK_REGRESSION
           : k == 2         ? MLSD_TASK_BINARY
                            : MLSD_TASK_MULTICLASS;
}

/* Loss of one row, from the definition. */
static double loss_of(int way, double score, double target)
{
    const double beyond =
        way >= FIRST_SVR ? fabs(score - target) - (way == 4 ? 0.1 : 0.0) : 1.0 - score * target;
    const double loss = fmax(beyond, 0.0);
    return way == 2 || way == 4 ? loss : loss * loss;
}

/* The objective is that of the definition, the gap is small, and no small change of a coefficient
 * goes below the objective less the gap. */
static void test_linear_svm__the_gap_is_a_bound(void **state)
{
    (void)state;
    for (int way = 0; way < N_WAYS; way++) {
        linear_data d = make_linear_data(80, 3, way >= FIRST_SVR ? 0 : 2, 7);
        mlsd_dataset *data = dataset_of(&d, task_of(way, 2), 1);
        mlsd_model *model = fit_json(NULL, WAYS[way], data, NULL, NULL);
        double w[4];
        array_of(model, "coef", w, 3);
        w[3] = number_of(model, "intercept");
        const double told = number_of(model, "objective"), gap = number_of(model, "dual_gap");
        assert_true(gap >= 0.0 && gap <= 1e-8 * told);
        for (int j = -1; j < 8; j++) {
            double moved[4], sum = 0.0, penalty = 0.0;
            memcpy(moved, w, sizeof w);
            if (j >= 0) moved[j / 2] += j % 2 == 0 ? 1e-4 : -1e-4;
            for (int64_t i = 0; i < d.n; i++) {
                const double *x = d.x + 3 * i;
                const double target = way >= FIRST_SVR ? d.y[i] : 2.0 * d.y[i] - 1.0;
                sum += d.weight[i] *
                       loss_of(way, x[0] * moved[0] + x[1] * moved[1] + x[2] * moved[2] + moved[3],
                               target);
            }
            for (int k = 0; k < 4; k++)
                penalty += way == 3 ? fabs(moved[k]) : 0.5 * moved[k] * moved[k];
            if (j < 0)
                assert_true(fabs(penalty + sum - told) <= 1e-11 * told);
            else
                assert_true(penalty + sum >= told - gap - 1e-12);
        }
        mlsd_model_free(model);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

static void test_linear_svm__weight_two_is_a_row_twice_and_zero_none(void **state)
{
    (void)state;
    for (int way = 0; way < N_WAYS; way++) {
        const int64_t k = way >= FIRST_SVR ? 0 : 3;
        linear_data d = make_linear_data(60, 3, k, 7), twice = make_linear_data(60, 3, k, 7);
        int64_t n = 0;
        for (int64_t i = 0; i < 60; i++) {
            d.weight[i] = (double)(i % 3);
            for (int64_t copy = 0; copy < i % 3; copy++, n++) {
                memcpy(twice.x + n * 3, d.x + i * 3, 3 * sizeof(double));
                twice.y[n] = d.y[i];
            }
        }
        assert_int_equal(n, 60);
        mlsd_dataset *weighted = dataset_of(&d, task_of(way, k), 1);
        mlsd_dataset *repeated = dataset_of(&twice, task_of(way, k), 0);
        mlsd_model *a = fit_json(NULL, WAYS[way], weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, WAYS[way], repeated, NULL, NULL);
        double coef_a[9], coef_b[9];
        const int64_t n_coef = k == 0 ? 3 : 9;
        array_of(a, "coef", coef_a, n_coef);
        array_of(b, "coef", coef_b, n_coef);
        assert_close(coef_a, coef_b, n_coef, 2e-4); /* the root of twice the gap, at most */
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
        free_linear_data(&d);
        free_linear_data(&twice);
    }
}

static void test_linear_svm__classes_without_rows(void **state)
{
    (void)state;
    linear_data d = make_linear_data(90, 3, 3, 7);
    mlsd_dataset *all = dataset_of(&d, MLSD_TASK_MULTICLASS, 0), *some = NULL;
    int64_t rows[90], n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.y[i] != 1.0) rows[n++] = i;
    assert_int_equal(mlsd_dataset_rows(all, rows, n, &some), MLSD_OK);
    for (int way = 0; way < FIRST_SVR; way++) {
        mlsd_model *model = fit_json(NULL, WAYS[way], some, NULL, NULL);
        double predicted[90], intercept[3];
        assert_int_equal(mlsd_model_predict(NULL, model, all, MLSD_OUTPUT_VALUE, predicted, d.n),
                         MLSD_OK);
        for (int64_t i = 0; i < d.n; i++) assert_true(predicted[i] != 1.0);
        array_of(model, "intercept", intercept, 3);
        assert_true(isinf(intercept[1]) && isfinite(intercept[0]));
        mlsd_model_free(model);
    }
    mlsd_dataset_free(some);
    n = 0;
    for (int64_t i = 0; i < d.n; i++)
        if (d.y[i] == 2.0) rows[n++] = i;
    assert_int_equal(mlsd_dataset_rows(all, rows, n, &some), MLSD_OK);
    mlsd_spec *spec = spec_from("{\"kind\":\"linear_svc\"}");
    mlsd_model *model = NULL;
    assert_int_equal(mlsd_model_fit(NULL, spec, some, NULL, NULL, &model), MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(),
                        "linear_svc needs rows of at least two classes, got only "
                        "class number 2");
    mlsd_spec_free(spec);
    mlsd_dataset_free(some);
    mlsd_dataset_free(all);
    free_linear_data(&d);
}

/* Separable classes, penalties at both ends, one row of each class, huge columns. */
static void test_linear_svm__odd_data_has_an_answer(void **state)
{
    (void)state;
    const double x[] = {-1e9, 1e9}, y[] = {0, 1}, t[] = {-1, 1};
    static const double Cs[] = {1e-300, 1.0, 1e300};
    mlsd_dataset *classes = small_data(x, y, 2, MLSD_TASK_BINARY);
    mlsd_dataset *numbers = small_data(x, t, 2, MLSD_TASK_REGRESSION);
    for (int way = 0; way < N_WAYS; way++) {
        for (int i = 0; i < 3; i++) {
            char json[200];
            (void)snprintf(json, sizeof json, "%.*s,\"C\":%g,\"max_iter\":200}",
                           (int)(strcspn(WAYS[way], "}") - 0), WAYS[way], Cs[i]);
            char *const twice = strstr(json, "\"max_iter\":100000");
            if (twice != NULL) memmove(twice, twice + 18, strlen(twice + 18) + 1);
            mlsd_spec *spec = spec_from(json);
            mlsd_model *model = NULL;
            const mlsd_status status = mlsd_model_fit(
                NULL, spec, way >= FIRST_SVR ? numbers : classes, NULL, NULL, &model);
            if (status == MLSD_OK) {
                assert_true(isfinite(number_of(model, "coef")));
                assert_true(isfinite(number_of(model, "dual_gap")));
            } else {
                assert_int_equal(status, MLSD_E_NUMERIC);
                assert_non_null(strstr(mlsd_last_error(), "add a standardize step"));
            }
            mlsd_model_free(model);
            mlsd_spec_free(spec);
        }
    }
    mlsd_dataset_free(classes);
    mlsd_dataset_free(numbers);
}

static void test_linear_svm__threads_and_bytes(void **state)
{
    (void)state;
    const int64_t threads[] = {1, 2, 7};
    for (int way = 0; way < N_WAYS; way++) {
        linear_data d = make_linear_data(1100, 3, way >= FIRST_SVR ? 0 : 3, 17);
        mlsd_dataset *data = dataset_of(&d, task_of(way, 3), 1);
        char json[200];
        (void)snprintf(json, sizeof json, "%s", WAYS[way]);
        char *const tight = strstr(json, "1e-10");
        memcpy(tight, "1e-03", 5);
        mlsd_model *models[3], *back = NULL;
        for (int t = 0; t < 3; t++) {
            mlsd_context *context = context_with_threads(threads[t]);
            models[t] = fit_json(context, json, data, NULL, NULL);
            mlsd_context_free(context);
            assert_same_model(models[0], models[t]);
        }
        size_t size = 0;
        unsigned char *const bytes = bytes_of(models[0], &size);
        assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &back), MLSD_OK);
        assert_same_model(models[0], back);
        double a[1100], b[1100];
        assert_int_equal(mlsd_model_predict(NULL, back, data, MLSD_OUTPUT_VALUE, a, 1100), MLSD_OK);
        assert_int_equal(mlsd_model_predict(NULL, models[1], data, MLSD_OUTPUT_VALUE, b, 1100),
                         MLSD_OK);
        assert_memory_equal(a, b, sizeof a);
        free(bytes);
        mlsd_model_free(back);
        for (int t = 0; t < 3; t++) mlsd_model_free(models[t]);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

static void test_linear_svm__every_refused_allocation_is_survived(void **state)
{
    (void)state;
    for (int way = 0; way < N_WAYS; way++) {
        linear_data d = make_linear_data(30, 3, way >= FIRST_SVR ? 0 : 3, 7);
        mlsd_dataset *data = dataset_of(&d, task_of(way, 3), 0);
        mlsd_spec *spec = spec_from(WAYS[way]);
        assert_int_equal(mlsd_spec_set_f64(spec, "tol", 0.1), MLSD_OK);
        assert_refusals_survived(spec, data);
        mlsd_spec_free(spec);
        mlsd_dataset_free(data);
        free_linear_data(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_svm__optima_by_hand),
        cmocka_unit_test(test_linear_svm__scaling_frees_the_intercept),
        cmocka_unit_test(test_linear_svm__the_gap_is_a_bound),
        cmocka_unit_test(test_linear_svm__weight_two_is_a_row_twice_and_zero_none),
        cmocka_unit_test(test_linear_svm__classes_without_rows),
        cmocka_unit_test(test_linear_svm__odd_data_has_an_answer),
        cmocka_unit_test(test_linear_svm__threads_and_bytes),
        cmocka_unit_test(test_linear_svm__every_refused_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
