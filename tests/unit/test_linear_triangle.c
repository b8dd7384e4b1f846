/* test_linear_triangle.c - least squares of tables large enough for X'X to be tried. Witnesses: the
 * normal equations solved in long double; what the same data gives row by row where X'X is no way;
 * repetition for weights. */
#include "linear_data.h"

enum { N = 3000, P = 30 };

static const char OLS[] = "{\"kind\":\"linear_regression\"}";

static mlsd_dataset *dataset_with(const double *x, const double *y, const double *weight, int64_t n,
                                  int64_t p)
{
    linear_data d = {.n = n, .p = p};
    d.x = (double *)(uintptr_t)x;
    d.y = (double *)(uintptr_t)y;
    d.weight = (double *)(uintptr_t)weight;
    return dataset_of(&d, MLSD_TASK_REGRESSION, weight != NULL);
}

/* Coefficients (intercept last) and their standard errors, by Gauss and Jordan on [X 1]'[X 1]. */
static void solve_in_long_double(const linear_data *d, double *coef, double *error)
{
    enum { Q = P + 1 };
    static long double a[Q][2 * Q + 1];
    memset(a, 0, sizeof a);
    long double squares = 0;
    for (int64_t i = 0; i < d->n; i++)
        for (int64_t j = 0; j < Q; j++) {
            const long double xj = j < P ? d->x[i * P + j] : 1;
            for (int64_t k = 0; k < Q; k++) a[j][k] += xj * (k < P ? d->x[i * P + k] : 1);
            a[j][2 * Q] += xj * d->y[i];
        }
    for (int j = 0; j < Q; j++) a[j][Q + j] = 1;
    for (int j = 0; j < Q; j++) {
        const long double pivot = a[j][j];
        for (int k = 0; k <= 2 * Q; k++) a[j][k] /= pivot;
        for (int i = 0; i < Q; i++) {
            const long double factor = a[i][j];
            for (int k = 0; i != j && k <= 2 * Q; k++) a[i][k] -= factor * a[j][k];
        }
    }
    for (int64_t i = 0; i < d->n; i++) {
        long double rest = d->y[i] - a[P][2 * Q];
        for (int64_t j = 0; j < P; j++) rest -= d->x[i * P + j] * a[j][2 * Q];
        squares += rest * rest;
    }
    for (int j = 0; j < Q; j++) {
        coef[j] = (double)a[j][2 * Q];
        error[j] = sqrt((double)(squares / (long double)(d->n - Q) * a[j][Q + j]));
    }
}

static void check_against(const mlsd_model *model, const double *coef, const double *error,
                          double tolerance)
{
    double got[P], got_error[P];
    array_of(model, "coef", got, P);
    array_of(model, "std_error", got_error, P);
    for (int j = 0; j < P; j++) {
        assert_true(fabs(got[j] / coef[j] - 1) < tolerance);
        assert_true(fabs(got_error[j] / error[j] - 1) < tolerance);
    }
    assert_true(fabs(number_of(model, "intercept") / coef[P] - 1) < tolerance);
    assert_true(fabs(number_of(model, "intercept_std_error") / error[P] - 1) < tolerance);
}

/* Long double leaves some 1e-17; coefficients near 0 lose a digit or two to their size. */
static void test_linear_triangle__has_the_digits_of_long_double(void **state)
{
    (void)state;
    static const char *const json[] = {OLS,
                                       "{\"kind\":\"linear_regression\",\"accuracy\":\"refined\"}",
                                       "{\"kind\":\"linear_regression\",\"accuracy\":\"fast\"}"};
    linear_data d = make_linear_data(N, P, 0, 7);
    for (int64_t i = 0; i < N * P; i++) d.x[i] += (double)(i % P);
    double coef[P + 1], error[P + 1];
    solve_in_long_double(&d, coef, error);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    for (int k = 0; k < 3; k++) {
        mlsd_model *model = fit_json(NULL, json[k], data, NULL, NULL);
        check_against(model, coef, error, 1e-13);
        assert_true(number_of(model, "n_refinements") >= 1);
        assert_true(number_of(model, "condition") < 2);
        mlsd_model_free(model);
    }
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_linear_triangle__threads_change_no_bit(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 8);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
    mlsd_model *one = NULL;
    for (int64_t n_threads = 1; n_threads <= 7; n_threads += n_threads == 1 ? 1 : 5) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_json(context, OLS, data, NULL, NULL);
        if (one == NULL) {
            one = model;
        } else {
            assert_same_model(one, model);
            mlsd_model_free(model);
        }
        mlsd_context_free(context);
    }
    mlsd_model_free(one);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

/* A weight counts how often a row was seen; without an intercept too. */
static void test_linear_triangle__weights_equal_repetition(void **state)
{
    (void)state;
    static const char *const json[] = {OLS,
                                       "{\"kind\":\"linear_regression\",\"fit_intercept\":false}"};
    linear_data d = make_linear_data(N, P, 0, 9);
    double *const x = malloc(3 * N * P * sizeof *x), *const y = malloc(3 * N * sizeof *y);
    int64_t n = 0;
    for (int64_t i = 0; i < N; i++) {
        d.weight[i] = (double)(i % 4);
        for (int64_t k = 0; k < i % 4 && n < 3 * N; k++, n++) {
            memcpy(x + n * P, d.x + i * P, P * sizeof *x);
            y[n] = d.y[i];
        }
    }
    for (int k = 0; k < 2; k++) {
        mlsd_dataset *weighted = dataset_of(&d, MLSD_TASK_REGRESSION, 1);
        mlsd_dataset *repeated = dataset_with(x, y, NULL, n, P);
        mlsd_model *a = fit_json(NULL, json[k], weighted, NULL, NULL);
        mlsd_model *b = fit_json(NULL, json[k], repeated, NULL, NULL);
        static const char *const arrays[] = {"coef", "std_error"};
        for (int i = 0; i < 2; i++) {
            double of_a[P], of_b[P];
            array_of(a, arrays[i], of_a, P);
            array_of(b, arrays[i], of_b, P);
            for (int j = 0; j < P; j++) assert_true(fabs(of_a[j] / of_b[j] - 1) < 1e-12);
        }
        assert_true(fabs(number_of(a, "r2") / number_of(b, "r2") - 1) < 1e-13);
        mlsd_model_free(a);
        mlsd_model_free(b);
        mlsd_dataset_free(weighted);
        mlsd_dataset_free(repeated);
    }
    free(x);
    free(y);
    free_linear_data(&d);
}

/* A column that is nearly another (condition 1e7: X'X keeps two digits) goes row by row and keeps
 * its digits; one that is another is named. */
static void test_linear_triangle__goes_row_by_row_where_the_condition_asks(void **state)
{
    (void)state;
    linear_data d = make_linear_data(N, P, 0, 10);
    for (int64_t i = 0; i < N; i++)
        d.x[i * P + 4] = d.x[i * P + 3] + 1e-7 * d.x[i * P + 5] * d.x[i * P + 5];
    double coef[P + 1], error[P + 1];
    solve_in_long_double(&d, coef, error);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(NULL, OLS, data, NULL, NULL);
    assert_true(number_of(model, "condition") > 1e6);
    /* The witness itself has 19 digits less twice seven. */
    check_against(model, coef, error, 1e-3);
    mlsd_model_free(model);
    mlsd_dataset_free(data);

    for (int64_t i = 0; i < N; i++) d.x[i * P + 4] = d.x[i * P + 3] - 2 * d.x[i * P];
    data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    model = fit_json(NULL, OLS, data, NULL, NULL);
    assert_true(number_of(model, "rank") == P - 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_triangle__has_the_digits_of_long_double),
        cmocka_unit_test(test_linear_triangle__threads_change_no_bit),
        cmocka_unit_test(test_linear_triangle__weights_equal_repetition),
        cmocka_unit_test(test_linear_triangle__goes_row_by_row_where_the_condition_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
