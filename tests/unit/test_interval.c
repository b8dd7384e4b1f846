/* Wald and nested cross-validation intervals of row losses, against the formulas of Bayle et al.
 * (2020) and Bates et al. (2023) in NumPy 1.24 and scipy.stats.norm.ppf. */
#include "unit.h"

#include <math.h>

#include "validate/interval.h"

static const double LOSS[] = {1.039, 1.995, 1.112, 1.67,  1.597, 1.164,
                              1.979, 1.015, 1.852, 1.382, 1.351, 1.874};
static const int64_t STARTS[] = {0, 4, 8, 12};

static void test_interval__wald_of_all_losses(void **state)
{
    (void)state;
    mlsd__estimate e;
    mlsd__interval_wald(LOSS, NULL, STARTS, 3, false, 0.9, &e);
    ASSERT_NEAR(e.value, 1.5024999999999997, 1e-15);
    ASSERT_NEAR(e.se, 0.10286827472279511, 1e-15);
    ASSERT_NEAR(e.low, 1.3332967452239697, 1e-12);
    ASSERT_NEAR(e.high, 1.6717032547760298, 1e-12);
}

static void test_interval__wald_within_folds(void **state)
{
    (void)state;
    mlsd__estimate e;
    mlsd__interval_wald(LOSS, NULL, STARTS, 3, true, 0.9, &e);
    ASSERT_NEAR(e.value, 1.5024999999999997, 1e-15);
    ASSERT_NEAR(e.se, 0.11577938391933491, 1e-15);
    const int64_t single[] = {0, 1, 8, 12};
    mlsd__interval_wald(LOSS, NULL, single, 3, true, 0.9, &e);
    assert_true(isnan(e.se) && isnan(e.low));
}

static void test_interval__wald_with_weights(void **state)
{
    (void)state;
    double weight[12], ten[12];
    for (int i = 0; i < 12; i++) {
        weight[i] = i % 3 + 1;
        ten[i] = 10 * weight[i];
    }
    mlsd__estimate e, f;
    mlsd__interval_wald(LOSS, weight, STARTS, 3, false, 0.9, &e);
    ASSERT_NEAR(e.value, 1.499666666666667, 1e-15);
    ASSERT_NEAR(e.se, 0.11240087368130637, 1e-15);
    ASSERT_NEAR(e.n_rows, 10.285714285714286, 1e-14);
    mlsd__interval_wald(LOSS, ten, STARTS, 3, false, 0.9, &f);
    ASSERT_NEAR(f.se, e.se, 1e-15);
    /* A row that weighs nothing is as good as absent. */
    for (int i = 0; i < 12; i++) weight[i] = i < 8;
    mlsd__interval_wald(LOSS, weight, STARTS, 3, false, 0.9, &e);
    mlsd__interval_wald(LOSS, NULL, STARTS, 2, false, 0.9, &f);
    ASSERT_NEAR(e.value, f.value, 1e-15);
    ASSERT_NEAR(e.se, f.se, 1e-15);
}

/* Losses of outer fold k in repeat r, and the inner ones: three folds of 12 rows, by i % 3. */
static void add_fold(mlsd__nested_sums *s, int r, int k, double offset)
{
    double outer[4], inner[8];
    int n_outer = 0, n_inner = 0;
    for (int i = 0; i < 12; i++) {
        const double o = cos(1.1 * i + 1.5 * r), q = cos(0.7 * i + r);
        if (i % 3 == k) outer[n_outer++] = floor(1000 * (1 + o * o) + 0.5) / 1000;
        if (i % 3 != k) inner[n_inner++] = floor(1000 * (offset + 2 * q * q) + 0.5) / 1000;
    }
    mlsd__loss_moments of_outer, of_inner, half;
    mlsd__loss_moments_of(outer, NULL, n_outer, &of_outer);
    mlsd__loss_moments_of(inner, NULL, 3, &of_inner);
    mlsd__loss_moments_of(inner + 3, NULL, n_inner - 3, &half);
    mlsd__loss_moments_merge(&of_inner, &half);
    mlsd__nested_add(s, &of_outer, mlsd__loss_mean_variance(outer, NULL, n_outer), &of_inner);
}

static void run_nested(double offset, mlsd__nested_estimate *out)
{
    mlsd__nested_sums all = {0};
    for (int r = 0; r < 2; r++) {
        mlsd__nested_sums one = {0};
        for (int k = 0; k < 3; k++) add_fold(&one, r, k, offset);
        mlsd__nested_merge(&all, &one);
    }
    mlsd__nested_finish(&all, 3, 12, 0.9, out);
}

static void test_interval__nested(void **state)
{
    (void)state;
    mlsd__nested_estimate e;
    run_nested(0.7, &e);
    ASSERT_NEAR(e.inner, 1.6553333333333333, 1e-14);
    ASSERT_NEAR(e.outer, 1.5010000000000001, 1e-14);
    ASSERT_NEAR(e.mse, 0.09713590972222219, 1e-14);
    ASSERT_NEAR(e.bias, 0.20577777777777762, 1e-14);
    ASSERT_NEAR(e.estimate.value, 1.4495555555555557, 1e-14);
    ASSERT_NEAR(e.estimate.se, 0.3116663435827202, 1e-14);
    ASSERT_NEAR(e.estimate.low, 0.9369100399148147, 1e-12);
    ASSERT_NEAR(e.estimate.high, 1.9622010711962967, 1e-12);
}

/* The standard error stays between that of independent folds and that of folds all alike. */
static void test_interval__nested_is_bounded(void **state)
{
    (void)state;
    mlsd__nested_estimate e;
    run_nested(9, &e);
    double sum = 0, squares = 0;
    for (int at = 0; at < 2 * 3 * 12; at++) {
        const int r = at / 36, k = at / 12 % 3, i = at % 12;
        const double q = cos(0.7 * i + r);
        const double loss = i % 3 != k ? floor(1000 * 2 * q * q + 0.5) / 1000 : 0;
        sum += loss;
        squares += loss * loss;
    }
    const double variance = (squares - sum * sum / 48) / 47; /* of 48 inner losses */
    ASSERT_NEAR(e.estimate.se, sqrt(variance * 3 / 12), 1e-13);
    assert_true(e.mse > e.estimate.se * e.estimate.se);
    mlsd__nested_sums equal = {0};
    mlsd__loss_moments m;
    mlsd__loss_moments_of(LOSS, NULL, 12, &m);
    mlsd__nested_add(&equal, &m, 1, &m);
    mlsd__nested_finish(&equal, 3, 12, 0.9, &e);
    assert_true(e.mse < 0);
    ASSERT_NEAR(e.bias, 0, 0);
    ASSERT_NEAR(e.estimate.se, sqrt(m.m2 / 11 / 12), 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interval__wald_of_all_losses),
        cmocka_unit_test(test_interval__wald_within_folds),
        cmocka_unit_test(test_interval__wald_with_weights),
        cmocka_unit_test(test_interval__nested),
        cmocka_unit_test(test_interval__nested_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
