/* test_distribution_tails.c - both tails of every distribution against values of mpmath
 * (distribution_values.h says how they were made), quantiles against their inverse and against
 * printed tables. */
#include "numeric/distribution.h"

#include <math.h>
#include <stdbool.h>

#include "distribution_values.h"
#include "unit.h"

#define COUNT(array) ((int64_t)(sizeof(array) / sizeof *(array)))

typedef double (*tail_fn)(const distribution_value *v);

static void assert_near(const char *what, const distribution_value *v, double got, double wanted,
                        double relative)
{
    if (!(fabs(got - wanted) <= relative * fabs(wanted) + 1e-300))
        fail_msg("%s(%g; %g, %g): %.17g, expected %.17g, relative error %.2g", what, v->x, v->a,
                 v->b, got, wanted, fabs(got / wanted - 1));
}

static void assert_tails(const char *what, const distribution_value *values, int64_t n, tail_fn cdf,
                         tail_fn sf)
{
    for (int64_t i = 0; i < n; i++) {
        assert_near(what, &values[i], cdf(&values[i]), values[i].cdf, 1e-12);
        assert_near(what, &values[i], sf(&values[i]), values[i].sf, 1e-12);
    }
}

/* The smaller tail leads back to where it was computed. */
static void assert_inverse(const char *what, const distribution_value *values, int64_t n,
                           double (*invert)(const distribution_value *v, double p, bool is_upper),
                           tail_fn cdf, tail_fn sf)
{
    for (int64_t i = 0; i < n; i++) {
        const bool is_upper = values[i].sf < values[i].cdf;
        const double p = is_upper ? values[i].sf : values[i].cdf;
        if (p < 1e-290) continue;
        distribution_value at = values[i];
        at.x = invert(&values[i], p, is_upper);
        assert_near(what, &at, is_upper ? sf(&at) : cdf(&at), p, 1e-11);
    }
}

#define TAILS(name, cdf_call, sf_call)                       \
    static double name##_cdf_of(const distribution_value *v) \
    {                                                        \
        return cdf_call;                                     \
    }                                                        \
    static double name##_sf_of(const distribution_value *v)  \
    {                                                        \
        return sf_call;                                      \
    }
#define ASSERT_TAILS(name) \
    assert_tails(#name, name##_values, COUNT(name##_values), name##_cdf_of, name##_sf_of)
#define INVERSE(name, lower_call, upper_call)                                         \
    static double name##_invert(const distribution_value *v, double p, bool is_upper) \
    {                                                                                 \
        return is_upper ? upper_call : lower_call;                                    \
    }
#define ASSERT_INVERSE(name)                                                                 \
    assert_inverse(#name, name##_values, COUNT(name##_values), name##_invert, name##_cdf_of, \
                   name##_sf_of)

TAILS(gamma, mlsd__gamma_cdf(v->x, v->a), mlsd__gamma_sf(v->x, v->a))
TAILS(chi_square, mlsd__chi_square_cdf(v->x, v->a), mlsd__chi_square_sf(v->x, v->a))
TAILS(beta, mlsd__beta_cdf(v->x, v->a, v->b), mlsd__beta_sf(v->x, v->a, v->b))
TAILS(f, mlsd__f_cdf(v->x, v->a, v->b), mlsd__f_sf(v->x, v->a, v->b))
TAILS(t, mlsd__t_cdf(v->x, v->a), mlsd__t_cdf(-v->x, v->a))
TAILS(binomial, mlsd__binomial_cdf((int64_t)v->x, (int64_t)v->a, v->b),
      mlsd__binomial_sf((int64_t)v->x, (int64_t)v->a, v->b))
TAILS(poisson, mlsd__poisson_cdf((int64_t)v->x, v->a), mlsd__poisson_sf((int64_t)v->x, v->a))
TAILS(noncentral_t, mlsd__noncentral_t_cdf(v->x, v->a, v->b),
      mlsd__noncentral_t_sf(v->x, v->a, v->b))
TAILS(studentized_range, mlsd__studentized_range_cdf(v->x, (int64_t)v->a, v->b),
      mlsd__studentized_range_sf(v->x, (int64_t)v->a, v->b))

INVERSE(gamma, mlsd__gamma_quantile(p, v->a), mlsd__gamma_upper_quantile(p, v->a))
INVERSE(chi_square, mlsd__chi_square_quantile(p, v->a), mlsd__chi_square_upper_quantile(p, v->a))
INVERSE(f, mlsd__f_quantile(p, v->a, v->b), mlsd__f_upper_quantile(p, v->a, v->b))
INVERSE(t, mlsd__t_quantile(p, v->a), -mlsd__t_quantile(p, v->a))
INVERSE(noncentral_t, mlsd__noncentral_t_quantile(p, v->a, v->b),
        -mlsd__noncentral_t_quantile(p, v->a, -v->b))
INVERSE(studentized_range, mlsd__studentized_range_quantile(p, (int64_t)v->a, v->b),
        mlsd__studentized_range_upper_quantile(p, (int64_t)v->a, v->b))

static void test_distribution_tails__mpmaths_values(void **state)
{
    (void)state;
    ASSERT_TAILS(gamma);
    ASSERT_TAILS(chi_square);
    ASSERT_TAILS(beta);
    ASSERT_TAILS(f);
    ASSERT_TAILS(t);
    ASSERT_TAILS(binomial);
    ASSERT_TAILS(poisson);
    ASSERT_TAILS(noncentral_t);
    ASSERT_TAILS(studentized_range);
}

static void test_distribution_tails__quantiles_lead_back(void **state)
{
    (void)state;
    ASSERT_INVERSE(gamma);
    ASSERT_INVERSE(chi_square);
    ASSERT_INVERSE(f);
    ASSERT_INVERSE(t);
    ASSERT_INVERSE(noncentral_t);
    ASSERT_INVERSE(studentized_range);
}

/* The smallest number that reaches p: the one p was computed at, and the next one for a little
 * more.
 */
static void test_distribution_tails__discrete_quantiles(void **state)
{
    (void)state;
    for (int64_t k = 0; k < 30; k++) {
        const double p = mlsd__binomial_cdf(k, 60, 0.25), q = mlsd__binomial_sf(k, 60, 0.25);
        assert_true(mlsd__binomial_quantile(p, 60, 0.25) == (double)k);
        assert_true(mlsd__binomial_quantile(p * (1 + 1e-12), 60, 0.25) >= (double)k);
        assert_true(mlsd__binomial_upper_quantile(q, 60, 0.25) == (double)k);
        assert_true(mlsd__poisson_quantile(mlsd__poisson_cdf(k, 7.5), 7.5) == (double)k);
        assert_true(mlsd__poisson_upper_quantile(mlsd__poisson_sf(k, 7.5), 7.5) == (double)k);
    }
}

/* Two groups: the range is sqrt(2) |t|. Upper 5 % points as Pearson & Hartley (1966), Biometrika
 * Tables for Statisticians 1, table 29, print them. */
static void test_distribution_tails__studentized_range(void **state)
{
    (void)state;
    static const double dfs[] = {1, 3, 10.5, 200}, at[] = {0.2, 1.5, 4, 15};
    for (size_t i = 0; i < 4; i++) {
        for (size_t j = 0; j < 4; j++) {
            const distribution_value v = {.x = at[j], .a = 2, .b = dfs[i]};
            assert_near("range of two", &v, mlsd__studentized_range_sf(at[j], 2, dfs[i]),
                        2 * mlsd__t_cdf(-at[j] / sqrt(2), dfs[i]), 1e-12);
        }
    }
    static const struct {
        int64_t k;
        double df, point;
    } table[] = {{3, 10, 3.88}, {4, 20, 3.96}, {10, 5, 6.99}, {20, 60, 5.24}, {5, INFINITY, 3.86}};
    for (size_t i = 0; i < 5; i++) {
        const double got = mlsd__studentized_range_upper_quantile(0.05, table[i].k, table[i].df);
        if (!(fabs(got - table[i].point) <= 0.0051))
            fail_msg("%lld groups, %g: %g", (long long)table[i].k, table[i].df, got);
    }
}

static void test_distribution_tails__mistakes_are_nan(void **state)
{
    (void)state;
    assert_true(isnan(mlsd__gamma_cdf(1, 0)) && isnan(mlsd__gamma_quantile(1.5, 1)));
    assert_true(isnan(mlsd__chi_square_sf(NAN, 2)) && isnan(mlsd__f_cdf(1, -1, 2)));
    assert_true(isnan(mlsd__binomial_cdf(1, -1, 0.5)) && isnan(mlsd__binomial_sf(1, 3, 1.5)));
    assert_true(isnan(mlsd__poisson_cdf(1, -1)) && isnan(mlsd__noncentral_t_cdf(1, 0, 0)));
    assert_true(isnan(mlsd__studentized_range_cdf(1, 1, 5)));
    assert_true(mlsd__gamma_quantile(0, 2) == 0 && isinf(mlsd__gamma_quantile(1, 2)));
    assert_true(mlsd__f_sf(INFINITY, 2, 3) == 0 && mlsd__f_cdf(-1, 2, 3) == 0);
    assert_true(mlsd__studentized_range_sf(INFINITY, 3, 4) == 0);
    assert_true(mlsd__poisson_cdf(3, 0) == 1 && mlsd__binomial_sf(-1, 4, 0.5) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distribution_tails__mpmaths_values),
        cmocka_unit_test(test_distribution_tails__quantiles_lead_back),
        cmocka_unit_test(test_distribution_tails__discrete_quantiles),
        cmocka_unit_test(test_distribution_tails__studentized_range),
        cmocka_unit_test(test_distribution_tails__mistakes_are_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
