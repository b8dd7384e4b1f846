/* test_distribution.c - distribution functions against values of 40 digits, and quantiles against
 * their inverse. All stored values: mpmath 1.2.1 at 40 digits (ncdf, and the incomplete beta
 * function as DLMF 8.17.8 with hyp2f1), at the double nearest to the argument as written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "numeric/distribution.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check_close(double got, double expected, double relative)
{
    if (!(fabs(got - expected) <= relative * fabs(expected)))
        fail_msg("got %.17g, expected %.17g, relative error %.2g", got, expected,
                 fabs(got / expected - 1));
}

/* The rounding of x / sqrt(2) is multiplied by x^2 in the tail. */
static void test_distribution__normal_cdf_has_mpmaths_values(void **state)
{
    (void)state;
    const double table[][2] = {
        {-37, 5.7255712225245768227e-300},
        {-20, 2.7536241186062336951e-89},
        {-8, 6.2209605742717841235e-16},
        {-3, 1.3498980316300945267e-3},
        {-1, 1.5865525393145705141e-1},
        {-0.001, 4.9960105778608893741e-1},
        {0, 5.0e-1},
        {0.5, 6.9146246127401310364e-1},
        {1.96, 9.7500210485177956379e-1},
        {6, 9.9999999901341235496e-1},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        check_close(mlsd__normal_cdf(table[i][0]), table[i][1],
                    1e-15 + 2.3e-16 * table[i][0] * table[i][0]);
    assert_true(mlsd__normal_cdf(INFINITY) == 1);
    assert_true(mlsd__normal_cdf(-INFINITY) == 0);
    assert_true(isnan(mlsd__normal_cdf(NAN)));
}

static void test_distribution__normal_quantile_has_mpmaths_values(void **state)
{
    (void)state;
    const double table[][2] = {
        {1e-300, -3.7047096299361199237e+1},
        {1e-100, -2.1273453560965324294e+1},
        {1e-20, -9.2623400897984075796},
        {1e-05, -4.2648907939228246102},
        {0.025, -1.9599639845400542118},
        {0.2, -8.4162123357291416552e-1},
        {0.5, 0},
        {0.6, 2.5334710313579974132e-1},
        {0.975, 1.9599639845400538556},
        {0.999, 3.0902323061678132778},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        check_close(mlsd__normal_quantile(table[i][0]), table[i][1], 1e-15);
    assert_true(mlsd__normal_quantile(0) == -INFINITY);
    assert_true(mlsd__normal_quantile(1) == INFINITY);
    assert_true(isnan(mlsd__normal_quantile(1.5)));
    assert_true(isnan(mlsd__normal_quantile(-0.1)));
    assert_true(isnan(mlsd__normal_quantile(NAN)));
}

static void test_distribution__t_cdf_has_mpmaths_values(void **state)
{
    (void)state;
    const double table[][3] = {
        {-1, 1, 2.5e-1},
        {-10000000000.0, 1, 3.1830988618379067154e-11},
        {-100, 0.5, 3.2069857021536655403e-2},
        {-2, 3, 6.9662984279421588424e-2},
        {-37, 10, 2.4749454826985565306e-12},
        {2.5, 7, 9.7950389070712355156e-1},
        {-0.001, 29.5, 4.9960442372807785734e-1},
        {-3, 100, 1.7039576716647247685e-3},
        {-20, 1000.0, 2.0311442497623856569e-75},
        {-5, 9999, 2.9151682051141596226e-7},
        {-5, 20000.0, 2.8907570738290255962e-7},
        {1, 3000000.0, 8.4134470574009222277e-1},
        {-20, 100000000.0, 2.7547312883288967452e-89},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        check_close(mlsd__t_cdf(table[i][0], table[i][1]), table[i][2], 1e-12);
    assert_true(mlsd__t_cdf(0, 5) == 0.5);
    assert_true(mlsd__t_cdf(INFINITY, 5) == 1);
    assert_true(mlsd__t_cdf(-INFINITY, 5) == 0);
    assert_true(isnan(mlsd__t_cdf(1, 0)));
    assert_true(isnan(mlsd__t_cdf(NAN, 3)));
}

static void test_distribution__beta_cdf_has_mpmaths_values(void **state)
{
    (void)state;
    const double table[][4] = {
        {0.5, 0.5, 0.5, 5.0e-1},
        {0.1, 2, 3, 5.2300000000000005396e-2},
        {1e-300, 0.1, 0.1, 5.072372743896294856e-31},
        {0.01, 0.001, 50, 9.9943690102102228719e-1},
        {0.25, 1000, 1000, 2.0510950898128058058e-127},
        {0.9, 10, 0.5, 1.5164090963470996856e-1},
        {0.75, 5, 1, 2.373046875e-1},
        {0.001, 1, 1000.0, 6.3230457522903596304e-1},
        {0.3, 33.5, 67.5, 2.5375154991779417278e-1},
        {0.999, 50, 0.1, 2.2509281639047805683e-1},
        {0.5, 20000.0, 20100.0, 6.9124471646846349729e-1},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        check_close(mlsd__beta_cdf(table[i][0], table[i][1], table[i][2]), table[i][3], 1e-12);
    assert_true(mlsd__beta_cdf(0, 2, 3) == 0);
    assert_true(mlsd__beta_cdf(1, 2, 3) == 1);
    assert_true(mlsd__beta_cdf(-1, 2, 3) == 0);
    assert_true(isnan(mlsd__beta_cdf(0.5, 0, 3)));
    assert_true(isnan(mlsd__beta_cdf(0.5, 2, -1)));
    assert_true(isnan(mlsd__beta_cdf(NAN, 2, 3)));
}

/* Closed forms: df = 1 is Cauchy's, df = 2 is t = (2p - 1) / sqrt(2p(1 - p)), infinity is normal.
 */
static void test_distribution__t_quantile_meets_its_closed_forms(void **state)
{
    (void)state;
    const double p[] = {1e-300, 1e-100, 1e-12, 1e-4, 0.025, 0.2, 0.25, 0.3, 0.49, 0.4999999};
    for (size_t i = 0; i < COUNT(p); i++) {
        check_close(mlsd__t_quantile(p[i], 1), -1 / tan(M_PI * p[i]), 1e-13 / (1 - 2 * p[i]));
        check_close(mlsd__t_quantile(p[i], 2), (2 * p[i] - 1) / sqrt(2 * p[i] * (1 - p[i])), 1e-13);
        check_close(mlsd__t_quantile(p[i], INFINITY), mlsd__normal_quantile(p[i]), 0);
    }
    assert_true(mlsd__t_quantile(0.5, 7) == 0);
    assert_true(mlsd__t_quantile(0.975, 7) == -mlsd__t_quantile(1 - 0.975, 7));
    assert_true(mlsd__t_quantile(0, 7) == -INFINITY);
    assert_true(mlsd__t_quantile(1, 7) == INFINITY);
    assert_true(isnan(mlsd__t_quantile(0.5, 0)));
    assert_true(isnan(mlsd__t_quantile(2, 7)));
}

static void test_distribution__t_quantile_inverts_the_cdf(void **state)
{
    (void)state;
    const double df[] = {0.5, 1.5, 3, 9, 29.5, 200, 9999, 10001, 1e7, 1e12};
    const double p[] = {1e-200, 1e-50, 1e-10, 0.001, 0.025, 0.25, 0.26, 0.4, 0.6, 0.975};
    for (size_t i = 0; i < COUNT(df); i++) {
        double previous = -INFINITY;
        for (size_t k = 0; k < COUNT(p); k++) {
            const double t = mlsd__t_quantile(p[k], df[i]);
            assert_true(t > previous || isinf(t));
            previous = t;
            if (isfinite(t)) check_close(mlsd__t_cdf(t, df[i]), p[k], 1e-12);
        }
    }
}

/* beta(a, 1) has the quantile p^(1/a), beta(1, b) has 1 - (1 - p)^(1/b). */
static void test_distribution__beta_quantile_meets_its_closed_forms(void **state)
{
    (void)state;
    const double a[] = {0.3, 1, 2.5, 80, 5000};
    const double p[] = {1e-60, 1e-9, 0.025, 0.5, 0.8, 0.975};
    for (size_t i = 0; i < COUNT(a); i++) {
        for (size_t k = 0; k < COUNT(p); k++) {
            check_close(mlsd__beta_quantile(p[k], a[i], 1), pow(p[k], 1 / a[i]), 1e-12);
            check_close(mlsd__beta_quantile(p[k], 1, a[i]), -expm1(log1p(-p[k]) / a[i]), 1e-12);
        }
    }
    assert_true(mlsd__beta_quantile(0, 2, 3) == 0);
    assert_true(mlsd__beta_quantile(1, 2, 3) == 1);
    assert_true(mlsd__beta_quantile(0.5, 1e-5, 1) == 0);
    assert_true(isnan(mlsd__beta_quantile(0.5, 0, 1)));
    assert_true(isnan(mlsd__beta_quantile(-0.5, 1, 1)));
}

/* The step from x to its neighbour moves the cdf by the tolerance at most. */
static void test_distribution__beta_quantile_inverts_the_cdf(void **state)
{
    (void)state;
    const double shape[] = {0.01, 0.5, 1, 3.5, 40, 900.5, 1e5};
    const double p[] = {1e-100, 1e-10, 0.025, 0.5, 0.7, 0.975, 0.9999};
    for (size_t i = 0; i < COUNT(shape); i++) {
        for (size_t j = 0; j < COUNT(shape); j++) {
            for (size_t k = 0; k < COUNT(p); k++) {
                const double a = shape[i];
                const double b = shape[j];
                const double x = mlsd__beta_quantile(p[k], a, b);
                assert_true(x >= 0 && x <= 1);
                const double below = mlsd__beta_cdf(x * (1 - 1e-12), a, b);
                const double above = mlsd__beta_cdf(fmin(x * (1 + 1e-12), 1), a, b);
                assert_true(x == 0 || below <= p[k] * (1 + 1e-12));
                assert_true(x == 0 || above >= p[k] * (1 - 1e-12));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distribution__normal_cdf_has_mpmaths_values),
        cmocka_unit_test(test_distribution__normal_quantile_has_mpmaths_values),
        cmocka_unit_test(test_distribution__t_cdf_has_mpmaths_values),
        cmocka_unit_test(test_distribution__beta_cdf_has_mpmaths_values),
        cmocka_unit_test(test_distribution__t_quantile_meets_its_closed_forms),
        cmocka_unit_test(test_distribution__t_quantile_inverts_the_cdf),
        cmocka_unit_test(test_distribution__beta_quantile_meets_its_closed_forms),
        cmocka_unit_test(test_distribution__beta_quantile_inverts_the_cdf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
