/* test_sum.c - the order of summation, to the bit, against a recursive statement of it; and moments
 * against NIST's certified values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "numeric/sum.h"

enum { N_MAX = 9000 };

static double x[N_MAX];
static double y[N_MAX];
static double product[N_MAX];

static void draw(void)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, 7, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int i = 0; i < N_MAX; i++) {
        x[i] = ldexp(mlsd__stream_double(&stream) - 0.5, (int)mlsd__stream_below(&stream, 40));
        y[i] = mlsd__stream_double(&stream);
        product[i] = x[i] * y[i];
    }
}

/* What the header promises, said recursively: a span of blocks splits at the largest power of two
 * below its length. */
static double recursive_sum(const double *values, int64_t n)
{
    const int64_t n_blocks = (n + 511) / 512;
    if (n_blocks <= 1) {
        double lane[8] = {0};
        for (int64_t i = 0; i < n; i++) lane[i % 8] += values[i];
        return ((lane[0] + lane[4]) + (lane[2] + lane[6])) +
               ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    }
    int64_t left = 1;
    while (2 * left < n_blocks) left *= 2;
    return recursive_sum(values, left * 512) + recursive_sum(values + left * 512, n - left * 512);
}

static void test_sum__order_is_the_documented_tree(void **state)
{
    (void)state;
    draw();
    for (int64_t n = 0; n <= N_MAX; n += n < 600 ? 1 : 37) {
        assert_true(mlsd__sum(x, n) == recursive_sum(x, n));
        assert_true(mlsd__dot(x, y, n) == recursive_sum(product, n));
    }
}

static void check_close(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g", got, expected);
}

/* NIST StRD, univariate summary statistics, NumAcc3 and NumAcc4: certified mean and standard
 * deviation 0.1. The data, rounded to double, carry an error of their own of about 1e-9 and 1e-8.
 */
static void test_sum__variance_reaches_nist_certified_values(void **state)
{
    (void)state;
    const double base[] = {1000000.2, 10000000.2};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < 1001; i++) x[i] = base[k] + (i == 0 ? 0 : i % 2 == 1 ? -0.1 : 0.1);
        double mean = 0;
        double variance = 0;
        mlsd__mean_variance(x, NULL, 1001, 1, &mean, &variance);
        check_close(mean, base[k], 1e-15);
        check_close(sqrt(variance), 0.1, 1e-7);
    }
}

static void test_sum__whole_weights_count_rows(void **state)
{
    (void)state;
    const double values[] = {1.5, -2, 7, 0.25};
    const double weight[] = {2, 0, 3, 1};
    const double repeated[] = {1.5, 1.5, 7, 7, 7, 0.25};
    double mean = 0;
    double variance = 0;
    double mean_repeated = 0;
    double variance_repeated = 0;
    mlsd__mean_variance(values, weight, 4, 1, &mean, &variance);
    mlsd__mean_variance(repeated, NULL, 6, 1, &mean_repeated, &variance_repeated);
    check_close(mean, mean_repeated, 1e-15);
    check_close(variance, variance_repeated, 1e-14);
}

static void test_sum__constant_has_exactly_no_variance(void **state)
{
    (void)state;
    for (int i = 0; i < N_MAX; i++) x[i] = 0.1;
    double mean = 0;
    double variance = 1;
    mlsd__mean_variance(x, NULL, N_MAX, 0, &mean, &variance);
    assert_true(mean == 0.1);
    assert_true(variance == 0);
}

static void test_sum__empty_and_short_samples_are_nan(void **state)
{
    (void)state;
    double mean = 0;
    double variance = 0;
    mlsd__mean_variance(NULL, NULL, 0, 0, &mean, &variance);
    assert_true(isnan(mean) && isnan(variance));
    const double one = 3;
    mlsd__mean_variance(&one, NULL, 1, 1, &mean, &variance);
    assert_true(mean == 3 && isnan(variance));
    const double with_nan[] = {1, NAN, 2};
    mlsd__mean_variance(with_nan, NULL, 3, 0, &mean, &variance);
    assert_true(isnan(mean) && isnan(variance));
    const double zero[] = {0, 0, 0};
    mlsd__mean_variance(with_nan, zero, 3, 0, &mean, &variance);
    assert_true(isnan(mean) && isnan(variance));
}

static void test_sum__merged_moments_are_those_of_all_rows(void **state)
{
    (void)state;
    draw();
    double w = 0;
    double mean = 0;
    double m2 = 0;
    mlsd__merge_moments(&w, &mean, &m2, 0, NAN, NAN);
    for (int64_t first = 0; first < N_MAX; first += 700) {
        const int64_t n = N_MAX - first < 700 ? N_MAX - first : 700;
        double part_mean = 0;
        double part_variance = 0;
        mlsd__mean_variance(x + first, NULL, n, 0, &part_mean, &part_variance);
        mlsd__merge_moments(&w, &mean, &m2, (double)n, part_mean, part_variance * (double)n);
    }
    double all_mean = 0;
    double all_variance = 0;
    mlsd__mean_variance(x, NULL, N_MAX, 0, &all_mean, &all_variance);
    assert_true(w == N_MAX);
    check_close(mean, all_mean, 1e-12);
    check_close(m2 / N_MAX, all_variance, 1e-13);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum__order_is_the_documented_tree),
        cmocka_unit_test(test_sum__variance_reaches_nist_certified_values),
        cmocka_unit_test(test_sum__whole_weights_count_rows),
        cmocka_unit_test(test_sum__constant_has_exactly_no_variance),
        cmocka_unit_test(test_sum__empty_and_short_samples_are_nan),
        cmocka_unit_test(test_sum__merged_moments_are_those_of_all_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
