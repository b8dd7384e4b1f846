/* Corrections for many looks. Witnesses: R's p.adjust, the example of Benjamini & Hochberg (1995),
 * and e-BH by its own words. */
#include "unit.h"

#include <math.h>

#include "mlsd/mlsd.h"

static void check(const char *correction, const double *p, int64_t n, const double *wanted,
                  double tolerance)
{
    double out[16];
    ASSERT_OK(mlsd_adjust_p_values(correction, p, n, out));
    for (int64_t i = 0; i < n; i++) ASSERT_NEAR(out[i], wanted[i], tolerance);
}

/* R: p.adjust(1:5 / 100, method); Sidak by its formula. */
static void test_five_even_p_values(void **state)
{
    (void)state;
    const double p[] = {0.03, 0.01, 0.05, 0.02, 0.04};
    const double holm[] = {0.09, 0.05, 0.09, 0.08, 0.09};
    const double flat[] = {0.05, 0.05, 0.05, 0.05, 0.05};
    double by[5], sidak[5];
    for (int i = 0; i < 5; i++) by[i] = 0.11416667;
    for (int i = 0; i < 5; i++) sidak[i] = 1 - pow(1 - p[i], 5);
    check("holm", p, 5, holm, 1e-15);
    check("hochberg", p, 5, flat, 1e-15);
    check("benjamini_hochberg", p, 5, flat, 1e-15);
    check("benjamini_yekutieli", p, 5, by, 5e-9);
    check("sidak", p, 5, sidak, 1e-15);
    check("none", p, 5, p, 0);
    const double holm_sidak[] = {1 - pow(0.97, 3), 1 - pow(0.99, 5), 1 - pow(0.97, 3),
                                 1 - pow(0.98, 4), 1 - pow(0.97, 3)};
    check("holm_sidak", p, 5, holm_sidak, 1e-15);
}

/* Benjamini & Hochberg (1995), JRSS B 57:289, section 3.2: thrombolysis. */
static const double thrombolysis[15] = {0.0001, 0.0004, 0.0019, 0.0095, 0.0201,
                                        0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                                        0.4262, 0.5719, 0.6528, 0.7590, 1.000};

static void test_benjamini_and_hochbergs_example(void **state)
{
    (void)state;
    const double wanted[10] = {0.0015,      0.003,       0.0095, 0.035625, 0.0603,
                               0.063857143, 0.063857143, 0.0645, 0.0765,   0.486};
    double out[15];
    ASSERT_OK(mlsd_adjust_p_values("benjamini_hochberg", thrombolysis, 15, out));
    int n_found = 0;
    for (int i = 0; i < 10; i++) ASSERT_NEAR(out[i], wanted[i], 5e-10);
    for (int i = 0; i < 15; i++) n_found += out[i] <= 0.05;
    assert_int_equal(n_found, 4);
    ASSERT_OK(mlsd_adjust_p_values("holm", thrombolysis, 15, out));
    n_found = 0;
    for (int i = 0; i < 15; i++) n_found += out[i] <= 0.05;
    assert_int_equal(n_found, 3);
}

static void test_no_test_does_not_count(void **state)
{
    (void)state;
    double p[] = {0.04, NAN, 0.01, 0.05, 0.02, 0.03};
    const double wanted[] = {0.09, NAN, 0.05, 0.09, 0.08, 0.09};
    ASSERT_OK(mlsd_adjust_p_values("holm", p, 6, p));
    for (int i = 0; i < 6; i++) {
        if (i == 1) {
            assert_true(isnan(p[i]));
        } else {
            ASSERT_NEAR(p[i], wanted[i], 1e-15);
        }
    }
    ASSERT_OK(mlsd_adjust_p_values("holm", NULL, 0, NULL));
}

/* e-BH by its definition: the largest k with e_[k] >= n / (k alpha), for one alpha after another.
 */
static void test_e_values_by_the_definition(void **state)
{
    (void)state;
    const double e[] = {120, 0.2, 45, 0, 31, 7, 500, 30};
    enum { N = 8 };
    double sorted[N], adjusted[N];
    memcpy(sorted, e, sizeof e);
    for (int i = 0; i < N; i++) {
        for (int j = i + 1; j < N; j++) {
            if (sorted[j] > sorted[i]) {
                const double larger = sorted[j];
                sorted[j] = sorted[i];
                sorted[i] = larger;
            }
        }
    }
    ASSERT_OK(mlsd_adjust_e_values(e, N, adjusted));
    int n_seen = 0;
    for (double alpha = 0.004; alpha < 1; alpha *= 1.07) {
        int k = 0;
        for (int j = 1; j <= N; j++) {
            if (sorted[j - 1] >= N / (j * alpha)) k = j;
        }
        const double least = k == 0 ? INFINITY : sorted[k - 1];
        for (int i = 0; i < N; i++) assert_true((adjusted[i] <= alpha) == (e[i] >= least));
        n_seen |= 1 << k;
    }
    assert_true((n_seen & (n_seen - 1)) != 0); /* more than one k was met */
    assert_true(adjusted[3] == 1);             /* an e-value of 0 says nothing */
}

static void test_what_is_refused(void **state)
{
    (void)state;
    double p[] = {0.5, 1.5};
    ASSERT_FAILS(MLSD_E_ARG, "p_values[1] is 1.5, outside of [0, 1]",
                 mlsd_adjust_p_values("holm", p, 2, p));
    ASSERT_FAILS(MLSD_E_ARG, "did you mean 'sidak'?", mlsd_adjust_p_values("sidac", p, 1, p));
    p[0] = -1;
    ASSERT_FAILS(MLSD_E_ARG, "e_values[0] is -1, below 0", mlsd_adjust_e_values(p, 1, p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_five_even_p_values),
        cmocka_unit_test(test_benjamini_and_hochbergs_example),
        cmocka_unit_test(test_no_test_does_not_count),
        cmocka_unit_test(test_e_values_by_the_definition),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
