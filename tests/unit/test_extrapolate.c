/* Power laws of learning curves: exact ones are found again, and weighted least squares is that of
 * scipy.optimize.curve_fit (Levenberg-Marquardt, 1.10). */
#include "unit.h"

#include <math.h>

#include "validate/extrapolate.h"

enum { S = 5, J = 4 };

static const double SIZES[S] = {50, 100, 200, 400, 800};

static void test_extrapolate__finds_a_law_again(void **state)
{
    (void)state;
    static const double exponents[] = {0.1, 0.5, 1, 2.5};
    const double weights[S] = {1, 2, 3, 4, 5};
    for (int i = 0; i < 4; i++) {
        const mlsd__power_law truth = {.a = 0.2, .b = 0.3, .c = exponents[i], .unit = 800};
        double errors[S];
        for (int s = 0; s < S; s++) errors[s] = mlsd__power_law_at(&truth, SIZES[s]);
        mlsd__power_law law;
        mlsd__power_law_fit(SIZES, errors, weights, S, &law);
        ASSERT_NEAR(law.c, exponents[i], 1e-5);
        ASSERT_NEAR(law.a, 0.2, 1e-5);
        const double ahead = mlsd__power_law_at(&truth, 8000);
        ASSERT_NEAR(mlsd__power_law_at(&law, 8000), ahead, 1e-6);
        ASSERT_NEAR(mlsd__power_law_rows(&law, ahead) / 8000, 1, 1e-3);
    }
}

static void test_extrapolate__as_scipy(void **state)
{
    (void)state;
    const double errors[S] = {1.02, 0.83, 0.71, 0.655, 0.61};
    const double se[S] = {0.05, 0.03, 0.02, 0.015, 0.01};
    double weights[S];
    for (int s = 0; s < S; s++) weights[s] = 1 / (se[s] * se[s]);
    mlsd__power_law law;
    mlsd__power_law_fit(SIZES, errors, weights, S, &law);
    ASSERT_NEAR(law.a, 0.55593348, 1e-6);
    ASSERT_NEAR(law.b, 0.05516936, 1e-6);
    ASSERT_NEAR(law.c, 0.76738591, 1e-5);
    ASSERT_NEAR(mlsd__power_law_at(&law, 1600), 0.5883444291653493, 1e-6);
    ASSERT_NEAR(mlsd__power_law_rows(&law, 0.56), 23924.71530146311, 5);
}

static void test_extrapolate__bounds(void **state)
{
    (void)state;
    const double weights[S] = {1, 1, 1, 1, 1};
    const double steep[S] = {8, 4, 1.9, 0.9, 0.3}, flat[S] = {1, 1.01, 1, 1.01, 1};
    mlsd__power_law law;
    mlsd__power_law_fit(SIZES, steep, weights, S, &law);
    ASSERT_NEAR(law.a, 0, 0);
    assert_true(law.b > 0);
    mlsd__power_law_fit(SIZES, flat, weights, S, &law);
    assert_true(law.b >= 0 && law.a > 0.9);
    ASSERT_NEAR(mlsd__power_law_at(&law, 1e6), 1.004, 0.01);
    assert_true(isinf(mlsd__power_law_rows(&law, 0.5)));
}

/* Errors of J splits about a law, some a little above and some below. */
static mlsd__curve_errors make_errors(double *errors, double *test_train, const double *means,
                                      int64_t n_sizes)
{
    for (int k = 0; k < J; k++) {
        for (int64_t s = 0; s < n_sizes; s++) {
            errors[k * n_sizes + s] = means[s] * (1 + 0.02 * cos(5 * k + (double)s));
        }
    }
    for (int64_t s = 0; s < n_sizes; s++) test_train[s] = 0.25;
    return (mlsd__curve_errors){.sizes = SIZES,
                                .errors = errors,
                                .test_train = test_train,
                                .n_sizes = n_sizes,
                                .n_splits = J,
                                .level = 0.9,
                                .n_draws = 100,
                                .seed = 1};
}

static void open_curve(const mlsd__curve_errors *in, mlsd__extrapolation *x)
{
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    scope.allocator = &mlsd__libc_allocator;
    ASSERT_OK(mlsd__extrapolate_open(&scope, in, x));
    mlsd__scope_close(&scope);
}

static void test_extrapolate__carries_a_curve_on(void **state)
{
    (void)state;
    double means[S], errors[S * J], test_train[S];
    for (int s = 0; s < S; s++) means[s] = 0.5 + 5 / sqrt(SIZES[s]);
    const mlsd__curve_errors in = make_errors(errors, test_train, means, S);
    mlsd__extrapolation x, again;
    mlsd__estimate e, f;
    open_curve(&in, &x);
    open_curve(&in, &again);
    assert_string_equal(x.refusal, "");
    ASSERT_OK(mlsd__extrapolate_at(&x, 8000, &e));
    ASSERT_NEAR(e.value, 0.5 + 5 / sqrt(8000), 0.05);
    assert_true(e.low <= e.value && e.value <= e.high && e.low < e.high);
    ASSERT_OK(mlsd__extrapolate_at(&again, 8000, &f));
    assert_memory_equal(&e, &f, sizeof e);
    ASSERT_OK(mlsd__extrapolate_rows(&x, 0.62, &e));
    ASSERT_NEAR(e.value / (5 / 0.12 * 5 / 0.12), 1, 0.1);
    assert_true(e.low <= e.value && e.value <= e.high);
    ASSERT_OK(mlsd__extrapolate_rows(&x, 0.01, &e));
    assert_true(isinf(e.value) && isinf(e.high));
    mlsd__extrapolate_close(&x);
    mlsd__extrapolate_close(&again);
}

static void test_extrapolate__a_single_split_has_no_band(void **state)
{
    (void)state;
    double means[S], errors[S * J], test_train[S];
    for (int s = 0; s < S; s++) means[s] = 0.5 + 5 / sqrt(SIZES[s]);
    mlsd__curve_errors in = make_errors(errors, test_train, means, S);
    in.errors = means;
    in.n_splits = 1;
    mlsd__extrapolation x;
    mlsd__estimate e;
    open_curve(&in, &x);
    assert_string_equal(x.refusal, "");
    ASSERT_OK(mlsd__extrapolate_at(&x, 8000, &e));
    ASSERT_NEAR(e.value, 0.5 + 5 / sqrt(8000), 1e-6);
    assert_true(isnan(e.low) && isnan(e.high));
    mlsd__extrapolate_close(&x);
}

static void test_extrapolate__refuses(void **state)
{
    (void)state;
    const double bump[S] = {1, 0.8, 1.3, 0.7, 0.6}, fine[S] = {1, 0.8, 0.7, 0.65, 0.6};
    double errors[S * J], test_train[S];
    mlsd__curve_errors in = make_errors(errors, test_train, bump, S);
    mlsd__extrapolation x;
    open_curve(&in, &x);
    assert_non_null(strstr(x.refusal, "gets worse from 50 to 200 rows by more than chance"));
    mlsd__extrapolate_close(&x);
    in = make_errors(errors, test_train, fine, 3);
    open_curve(&in, &x);
    assert_non_null(strstr(x.refusal, "4 sizes are needed to carry the curve on, and there are 3"));
    mlsd__extrapolate_close(&x);
    in = make_errors(errors, test_train, fine, S);
    for (int k = 0; k < J; k++) errors[k * S + 2] = NAN;
    open_curve(&in, &x);
    assert_non_null(strstr(x.refusal, "no score with 200 rows"));
    mlsd__extrapolate_close(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_extrapolate__finds_a_law_again),
        cmocka_unit_test(test_extrapolate__as_scipy),
        cmocka_unit_test(test_extrapolate__bounds),
        cmocka_unit_test(test_extrapolate__carries_a_curve_on),
        cmocka_unit_test(test_extrapolate__a_single_split_has_no_band),
        cmocka_unit_test(test_extrapolate__refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
