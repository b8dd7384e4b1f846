/* test_mathfun.c - the stable combinations of libm's functions, at their ends and against
 * identities; and the normal draws that are made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/random.h"
#include "numeric/mathfun.h"

static void check_close(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_mathfun__sigmoid_has_no_overflow_and_is_symmetric(void **state)
{
    (void)state;
    assert_true(mlsd__sigmoid(0) == 0.5);
    assert_true(mlsd__sigmoid(1e4) == 1);
    assert_true(mlsd__sigmoid(-1e4) == 0);
    check_close(mlsd__sigmoid(-700), exp(-700), 1e-15);
    for (double x = -30; x < 30; x += 0.37)
        check_close(mlsd__sigmoid(x) + mlsd__sigmoid(-x), 1, 1e-15);
    assert_true(isnan(mlsd__sigmoid(NAN)));
}

/* exp(log1pexp(x)) - 1 = exp(x), and the two ends differ by x. */
static void test_mathfun__log1pexp_keeps_its_identities(void **state)
{
    (void)state;
    check_close(mlsd__log1pexp(0), M_LN2, 1e-15);
    assert_true(mlsd__log1pexp(1e6) == 1e6);
    check_close(mlsd__log1pexp(-600), exp(-600), 1e-15);
    for (double x = -40; x < 20; x += 0.41) check_close(expm1(mlsd__log1pexp(x)), exp(x), 1e-14);
    for (double x = 1; x < 40; x += 0.41)
        check_close(mlsd__log1pexp(x) - mlsd__log1pexp(-x), x, 1e-15);
}

static void test_mathfun__softmax_survives_large_scores(void **state)
{
    (void)state;
    double scores[] = {1e4, 1e4 + log(2.0), -1e4};
    check_close(mlsd__softmax(scores, 3), 1e4 + log(3.0), 1e-15);
    check_close(scores[0], 1.0 / 3, 1e-12);
    check_close(scores[1], 2.0 / 3, 1e-12);
    assert_true(scores[2] == 0);
}

/* Gamma(1/2) = sqrt(pi), and Gamma(-1/2) < 0, which would show in signgam. */
static void test_mathfun__lgamma_leaves_signgam_alone(void **state)
{
    (void)state;
    signgam = 77;
    check_close(mlsd__lgamma(0.5), 0.5 * log(M_PI), 1e-15);
    check_close(mlsd__lgamma(-0.5), log(2 * sqrt(M_PI)), 1e-14);
    assert_int_equal(signgam, 77);
}

/* Moments 0, 1, 0, 3 of the normal distribution; five standard errors. */
static void test_mathfun__normal_stream_has_normal_moments(void **state)
{
    (void)state;
    enum { N = 200000 };
    mlsd__stream stream;
    mlsd__stream_init(&stream, 42, 1, 2, 3, MLSD__PURPOSE_INIT);
    double sum[5] = {0};
    for (int i = 0; i < N; i++) {
        const double z = mlsd__stream_normal(&stream);
        sum[1] += z;
        sum[2] += z * z;
        sum[3] += z * z * z;
        sum[4] += z * z * z * z;
    }
    const double root_n = sqrt((double)N);
    assert_true(fabs(sum[1] / N) < 5 / root_n);
    assert_true(fabs(sum[2] / N - 1) < 5 * sqrt(2) / root_n);
    assert_true(fabs(sum[3] / N) < 5 * sqrt(15) / root_n);
    assert_true(fabs(sum[4] / N - 3) < 5 * sqrt(96) / root_n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mathfun__sigmoid_has_no_overflow_and_is_symmetric),
        cmocka_unit_test(test_mathfun__log1pexp_keeps_its_identities),
        cmocka_unit_test(test_mathfun__softmax_survives_large_scores),
        cmocka_unit_test(test_mathfun__lgamma_leaves_signgam_alone),
        cmocka_unit_test(test_mathfun__normal_stream_has_normal_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
