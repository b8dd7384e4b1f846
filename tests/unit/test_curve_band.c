/* test_curve_band.c - means, gaps, smoothing and the number of epochs over folds. Witness: the
 * definitions, worked out by hand; Student's quantile of 2 degrees of freedom is (2 p - 1) sqrt(2 /
 * (1
 * - (2 p - 1)^2)). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mlsd/curve.h"

enum { N = 5, K = 3 };

static const double VALID[K][N] = {{6, 4, 2, 3, 5}, {6, 3, 3, 4, 5}, {6, 5, 4, 2, 5}};

static mlsd_curve *folded(void)
{
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    for (int64_t fold = 0; fold < K; fold++) {
        int64_t train = 0, valid = 0;
        assert_int_equal(mlsd_curve_series(curve, "loss", "train", fold, 0, &train), MLSD_OK);
        assert_int_equal(mlsd_curve_series(curve, "loss", "valid", fold, 0, &valid), MLSD_OK);
        for (int64_t i = 0; i < N; i++) {
            assert_int_equal(mlsd_curve_add_point(curve, train, (double)i, 1.0), MLSD_OK);
            assert_int_equal(mlsd_curve_add_point(curve, valid, (double)i, VALID[fold][i]),
                             MLSD_OK);
        }
    }
    return curve;
}

static double cell(const mlsd_table *table, int64_t column, int64_t row)
{
    double value = 0.0;
    assert_int_equal(mlsd_table_get_f64(table, column, row, 1, &value), MLSD_OK);
    return value;
}

static void test_curve_band__mean_has_its_band(void **state)
{
    (void)state;
    const double t = 0.95 * sqrt(2.0 / (1.0 - 0.95 * 0.95));
    mlsd_curve *curve = folded();
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_mean(NULL, curve, "loss", "valid", &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), N);
    assert_string_equal(mlsd_table_name(table, 1), "mean");
    assert_true(fabs(cell(table, 1, 1) - 4.0) < 1e-14);
    assert_true(fabs(cell(table, 2, 1) - 1.0) < 1e-14);
    assert_true(fabs(cell(table, 3, 1) - 1.0 / sqrt(3.0)) < 1e-14);
    assert_true(fabs(cell(table, 4, 1) - (4.0 - t / sqrt(3.0))) < 1e-12);
    assert_true(fabs(cell(table, 5, 1) - (4.0 + t / sqrt(3.0))) < 1e-12);
    assert_true(cell(table, 6, 1) == 3.0);
    mlsd_table_free(table);

    assert_int_equal(mlsd_curve_gap(NULL, curve, "loss", "valid", "train", &table), MLSD_OK);
    assert_true(fabs(cell(table, 1, 1) - 3.0) < 1e-14);
    mlsd_table_free(table);
    assert_int_equal(mlsd_curve_mean(NULL, curve, "loss", "test", &table), MLSD_E_DATA);
    assert_int_equal(mlsd_curve_gap(NULL, curve, "loss", "valid", "test", &table), MLSD_E_DATA);
    mlsd_curve_free(curve);
}

static void test_curve_band__folds_of_other_lengths_and_a_diverged_one(void **state)
{
    (void)state;
    mlsd_curve *curve = folded();
    int64_t valid = 0;
    assert_int_equal(mlsd_curve_series(curve, "loss", "valid", 1, 0, &valid), MLSD_OK);
    assert_int_equal(mlsd_curve_add_point(curve, valid, 9.0, 7.0), MLSD_OK);
    assert_int_equal(mlsd_curve_add_point(curve, valid, 2.0, INFINITY), MLSD_OK);
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_mean(NULL, curve, "loss", "valid", &table), MLSD_OK);
    assert_int_equal(mlsd_table_n_rows(table), N + 1);
    assert_true(isinf(cell(table, 1, 2)) && isnan(cell(table, 2, 2)));
    assert_true(cell(table, 0, N) == 9.0 && cell(table, 1, N) == 7.0);
    assert_true(cell(table, 6, N) == 1.0 && isnan(cell(table, 3, N)));
    mlsd_table_free(table);
    mlsd_curve_free(curve);
}

static void test_curve_band__epochs_to_train_for(void **state)
{
    (void)state;
    mlsd_curve *curve = folded();
    int64_t best = 0, one_se = 0, refit = 0;
    /* Means 6, 4, 3, 3, 5; at the first 3 the standard error is 1/sqrt(3): 4 is beyond it. The
     * folds' best are epochs 2, 1 (the first of two) and 3: numbers 3, 2 and 4. */
    assert_int_equal(mlsd_curve_refit_steps(curve, "loss", "valid", 1.5, &best, &one_se, &refit),
                     MLSD_OK);
    assert_true(best == 3 && one_se == 3 && refit == 5);
    int64_t series = 0;
    assert_int_equal(mlsd_curve_series(curve, "loss", "valid", 2, 0, &series), MLSD_OK);
    assert_int_equal(mlsd_curve_add_point(curve, series, 1.0, 3.5), MLSD_OK);
    assert_int_equal(mlsd_curve_refit_steps(curve, "loss", "valid", 1.0, &best, &one_se, NULL),
                     MLSD_OK);
    assert_true(best == 3 && one_se == 2); /* mean 3.5 */
    assert_int_equal(mlsd_curve_refit_steps(curve, "loss", "no", 1.0, &best, NULL, NULL),
                     MLSD_E_DATA);
    assert_int_equal(mlsd_curve_refit_steps(curve, "loss", "valid", 0.0, &best, NULL, NULL),
                     MLSD_E_ARG);
    mlsd_curve_free(curve);
}

static void test_curve_band__smoothing_follows_its_definition(void **state)
{
    (void)state;
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, NULL, &curve), MLSD_OK);
    const double values[] = {8, NAN, 4, 100, 2};
    for (int64_t i = 0; i < 5; i++)
        assert_int_equal(mlsd_curve_add(curve, "train", i, values[i]), MLSD_OK);
    mlsd_table *table = NULL;
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 0, "ema", 0.5, &table), MLSD_OK);
    /* m = 4, 4, then (4 + 4) / 2 = 4; over 1 - 1/2, 1 - 1/2, 1 - 1/4. */
    assert_true(cell(table, 2, 0) == 8.0 && cell(table, 2, 1) == 8.0);
    assert_true(fabs(cell(table, 2, 2) - 4.0 / 0.75) < 1e-15);
    assert_true(isnan(cell(table, 1, 1)) && cell(table, 0, 4) == 4.0);
    mlsd_table_free(table);
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 0, "median", 3, &table), MLSD_OK);
    assert_true(cell(table, 2, 0) == 8.0 && cell(table, 2, 1) == 6.0);
    assert_true(cell(table, 2, 2) == 52.0 && cell(table, 2, 3) == 4.0 && cell(table, 2, 4) == 51.0);
    mlsd_table_free(table);
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 0, "median", 4, &table), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 0, "ema", 1.0, &table), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 0, "mean", 1.0, &table), MLSD_E_ARG);
    assert_int_equal(mlsd_curve_smooth(NULL, curve, 3, "ema", 0.5, &table), MLSD_E_ARG);
    mlsd_curve_free(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_curve_band__mean_has_its_band),
        cmocka_unit_test(test_curve_band__folds_of_other_lengths_and_a_diverged_one),
        cmocka_unit_test(test_curve_band__epochs_to_train_for),
        cmocka_unit_test(test_curve_band__smoothing_follows_its_definition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
