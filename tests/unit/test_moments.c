/* test_moments.c - mean, standard deviation, autocorrelation and analysis of variance. Witness:
 * certified values of NIST's Statistical Reference Datasets (https://www.itl.nist.gov/div898/strd).
 * The digits asked for are the ceiling: what exact arithmetic on the doubles nearest to the
 * decimals has, as bench/nist_digits.py prints it. */
#include "numeric/moments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "nist_univariate.h"
#include "unit.h"

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

/* Correct digits, 15 at most. */
static double digits(double got, double certified)
{
    if (got == certified) return 15;
    const double wrong = -log10(fabs(got - certified) / fabs(certified));
    return wrong > 15 ? 15 : wrong;
}

static void assert_digits(const char *name, double got, double certified, double least)
{
    if (!(digits(got, certified) >= least - 0.11))
        fail_msg("%s: %.17g has %.1f digits of %.15g", name, got, digits(got, certified),
                 certified);
}

static void assert_moments(const char *name, const double *x, int64_t n, const double certified[3],
                           const double least[3])
{
    assert_digits(name, mlsd__mean(x, n), certified[0], least[0]);
    assert_digits(name, sqrt(mlsd__variance(x, n, 1)), certified[1], least[1]);
    assert_digits(name, mlsd__autocorrelation(x, n), certified[2], least[2]);
}

#define STORED(name, ...) \
    assert_moments(#name, name, COUNT(name), (const double[3]){__VA_ARGS__}

static void test_moments__nist_univariate(void **state)
{
    (void)state;
    STORED(nist_lottery, 518.958715596330, 291.699727470969, -0.120948622967393),
           (const double[3]){15, 15, 15});
    STORED(nist_lew, -177.435, 277.332168044316, -0.307304800605679),
           (const double[3]){15, 15, 14.8});
    STORED(nist_mavro, 2.001856, 0.000429123454003053, 0.937989183438248),
           (const double[3]){15, 13.1, 13.9});
    STORED(nist_michelso, 299.8524, 0.0790105478190518, 0.535199668621283),
           (const double[3]){15, 13.8, 13.4});
    const double accurate[] = {10000001, 10000003, 10000002};
    STORED(accurate, 10000002, 1, -0.5), (const double[3]){15, 15, 15});
}

/* base + 0.2, then + 0.1 and + 0.3 in turn. strtod makes the nearest doubles. */
static void alternate(long long base, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++) {
        char text[40];
        (void)snprintf(text, sizeof text, "%lld.%d", base, i == 0 ? 2 : i % 2 == 1 ? 1 : 3);
        x[i] = strtod(text, NULL);
    }
}

static void test_moments__nist_accuracy(void **state)
{
    (void)state;
    static double x[1001];
    alternate(1, 1001, x);
    STORED(x, 1.2, 0.1, -0.999), (const double[3]){15, 15, 15});
    alternate(1000000, 1001, x);
    STORED(x, 1000000.2, 0.1, -0.999), (const double[3]){15, 9.5, 12.2});
    alternate(10000000, 1001, x);
    STORED(x, 10000000.2, 0.1, -0.999), (const double[3]){15, 8.3, 11.0});
}

static void assert_f(const char *name, const double *x, const int32_t *code, int64_t n,
                     int64_t n_groups, double certified, double least)
{
    mlsd__group_moments groups[9];
    mlsd__anova anova;
    mlsd__anova_oneway(x, code, n, n_groups, groups, &anova);
    assert_int_equal(anova.df_between, n_groups - 1);
    assert_int_equal(anova.df_within, n - n_groups);
    assert_digits(name, anova.f, certified, least);
    assert_true(anova.p_value >= 0 && anova.p_value <= 1 && anova.r2 >= 0 && anova.r2 <= 1);
}

static void test_moments__nist_anova(void **state)
{
    (void)state;
    static int32_t code[9 * 2001];
    static double x[9 * 2001];
    for (int32_t i = 0; i < 25; i++) code[i] = i / 5;
    assert_f("SiRstv", nist_sirstv, code, 25, 5, 1.18046237440255, 13.1);
    for (int32_t i = 0; i < 48; i++) code[i] = i / 24;
    assert_f("AtmWtAg", nist_atmwtag, code, 48, 2, 15.9467335677930, 10.2);

    /* Simon & Lesage (1989): nine groups of first + 0.4, 0.3, 0.5, ... and neighbours. */
    static const int first[9] = {4, 3, 5, 3, 5, 3, 5, 3, 5};
    static const int64_t sizes[3] = {21, 201, 2001};
    static const long long bases[3] = {1, 1000000, 1000000000000};
    static const double least[9] = {15, 15, 15, 10.4, 10.2, 10.2, 4.4, 4.2, 4.2};
    for (int set = 0; set < 9; set++) {
        const int64_t n = sizes[set % 3];
        for (int64_t i = 0; i < 9 * n; i++) {
            const int64_t k = i % n;
            char text[40], name[16];
            (void)snprintf(text, sizeof text, "%lld.%d", bases[set / 3],
                           first[i / n] + (k == 0       ? 0
                                           : k % 2 == 1 ? -1
                                                        : 1));
            x[i] = strtod(text, NULL);
            code[i] = (int32_t)(i / n);
            if (i < 9 * n - 1) continue;
            (void)snprintf(name, sizeof name, "SmLs0%d", set + 1);
            assert_f(name, x, code, 9 * n, 9, (double)n, least[set]);
        }
    }
}

static void test_moments__edges(void **state)
{
    (void)state;
    const double x[] = {3, 3, 3, 5};
    assert_true(isnan(mlsd__mean(x, 0)) && isnan(mlsd__variance(x, 1, 1)));
    assert_true(mlsd__mean(x, 1) == 3 && mlsd__variance(x, 1, 0) == 0);
    assert_true(mlsd__variance(x, 3, 1) == 0 && isnan(mlsd__autocorrelation(x, 3)));
    const double mixed[] = {1, NAN, 2}, endless[] = {1, INFINITY};
    assert_true(isnan(mlsd__mean(mixed, 3)) && isinf(mlsd__mean(endless, 2)));

    /* Group 1 has no row; then nothing varies within, then nothing at all. */
    const int32_t code[] = {0, 0, 2, 2};
    mlsd__group_moments groups[3];
    mlsd__anova a;
    mlsd__anova_oneway((const double[]){1, 1, 2, 2}, code, 4, 3, groups, &a);
    assert_true(a.df_between == 1 && a.df_within == 2 && isinf(a.f) && a.p_value == 0 && a.r2 == 1);
    assert_int_equal(groups[1].n, 0);
    mlsd__anova_oneway((const double[]){1, 1, 1, 1}, code, 4, 3, groups, &a);
    assert_true(isnan(a.f) && isnan(a.p_value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moments__nist_univariate),
        cmocka_unit_test(test_moments__nist_accuracy),
        cmocka_unit_test(test_moments__nist_anova),
        cmocka_unit_test(test_moments__edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
