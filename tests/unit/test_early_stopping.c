/* test_early_stopping.c - the rule: best apart from progress, the order of the checks, and the
 * defaults. Witness: the values follow by hand from the rule as stated in curve.h; the cases of
 * patience without min_delta are those of Keras 3's EarlyStopping (wait >= patience). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mlsd/curve.h"

static mlsd_spec *new_rule(void)
{
    mlsd_spec *rule = NULL;
    assert_int_equal(mlsd_spec_new(NULL, "early_stopping", &rule), MLSD_OK);
    return rule;
}

/* Feed a curve until it says stop; returns the number of points it took, and the curve. */
static int64_t feed(const mlsd_spec *rule, const double *values, int64_t n, mlsd_curve **out)
{
    assert_int_equal(mlsd_curve_new(NULL, rule, out), MLSD_OK);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal(mlsd_curve_add(*out, "valid", i, values[i]), MLSD_OK);
        if (mlsd_curve_should_stop(*out)) return i + 1;
    }
    return n;
}

static void test_early_stopping__patience_counts_steps_without_progress(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 3), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {5, 4, 4.5, 4.4, 3, 3, 3.1, 3.0, 2, 1};
    assert_int_equal(feed(rule, values, 10, &curve), 8);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    assert_string_equal(mlsd_stop_reason_name(mlsd_curve_stop_reason(curve)), "patience");
    assert_int_equal(mlsd_curve_best_step(curve), 4);
    assert_true(mlsd_curve_best_value(curve) == 3.0);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__best_is_kept_although_min_delta_is_not_reached(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 3), MLSD_OK);
    assert_int_equal(mlsd_spec_set_f64(rule, "min_delta", 0.5), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double creep[] = {1.0, 0.9, 0.8, 0.7, 0.6, 0.4};
    assert_int_equal(feed(rule, creep, 6, &curve), 4);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    assert_int_equal(mlsd_curve_best_step(curve), 3);
    assert_true(mlsd_curve_best_value(curve) == 0.7);
    mlsd_curve_free(curve);

    /* Small steps add up to progress: it is measured from the last value that was progress. */
    assert_int_equal(mlsd_spec_set_f64(rule, "min_delta", 0.15), MLSD_OK);
    assert_int_equal(feed(rule, creep, 6, &curve), 6);
    assert_int_equal(mlsd_curve_should_stop(curve), 0);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__exactly_min_delta_is_not_progress(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 1), MLSD_OK);
    assert_int_equal(mlsd_spec_set_f64(rule, "min_delta", 0.25), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {1.0, 0.75};
    assert_int_equal(feed(rule, values, 2, &curve), 2);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    assert_int_equal(mlsd_curve_best_step(curve), 1);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__relative_delta_scales_with_the_reference(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 1), MLSD_OK);
    assert_int_equal(mlsd_spec_set_f64(rule, "min_delta_rel", 0.1), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {1000.0, 899.0, 800.0, 730.0};
    assert_int_equal(feed(rule, values, 4, &curve), 4);
    assert_int_equal(mlsd_curve_best_step(curve), 3);
    mlsd_curve_free(curve);
    const double negative[] = {-10.0, -11.5, -12.0};
    assert_int_equal(feed(rule, negative, 3, &curve), 3);
    assert_int_equal(mlsd_curve_best_step(curve), 2);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__maximize_turns_every_comparison(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 2), MLSD_OK);
    assert_int_equal(mlsd_spec_set_bool(rule, "maximize", 1), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {0.5, 0.7, 0.6, 0.65, 0.9};
    assert_int_equal(feed(rule, values, 5, &curve), 4);
    assert_int_equal(mlsd_curve_best_step(curve), 1);
    mlsd_curve_free(curve);

    assert_int_equal(mlsd_spec_set_f64(rule, "target", 0.7), MLSD_OK);
    assert_int_equal(feed(rule, values, 5, &curve), 2);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_TARGET);
    mlsd_curve_free(curve);

    assert_int_equal(mlsd_spec_reset(rule, "target"), MLSD_OK);
    assert_int_equal(mlsd_spec_set_f64(rule, "divergence", 0.62), MLSD_OK);
    assert_int_equal(feed(rule, values, 5, &curve), 1);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_DIVERGED);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__start_from_holds_back_patience_only(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 2), MLSD_OK);
    assert_int_equal(mlsd_spec_set_i64(rule, "start_from", 6), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {1, 2, 3, 4, 5, 6, 7};
    assert_int_equal(feed(rule, values, 7, &curve), 6);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    mlsd_curve_free(curve);
    assert_int_equal(mlsd_spec_set_f64(rule, "divergence", 3.5), MLSD_OK);
    assert_int_equal(feed(rule, values, 7, &curve), 4);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_DIVERGED);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__nonfinite_stops_unless_told_otherwise(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 3), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {1.0, NAN, 0.5, -INFINITY, NAN, INFINITY, 0.4};
    assert_int_equal(feed(rule, values, 7, &curve), 2);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_NONFINITE);
    assert_int_equal(mlsd_curve_best_step(curve), 0);
    mlsd_curve_free(curve);

    /* Without the check they count as steps without progress, and are never the best. */
    assert_int_equal(mlsd_spec_set_bool(rule, "check_finite", 0), MLSD_OK);
    assert_int_equal(feed(rule, values, 7, &curve), 6);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    assert_int_equal(mlsd_curve_best_step(curve), 2);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__first_reason_stays_and_best_goes_on(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_f64(rule, "target", 0.5), MLSD_OK);
    mlsd_curve *curve = NULL;
    const double values[] = {1.0, 0.5};
    assert_int_equal(feed(rule, values, 2, &curve), 2);
    assert_int_equal(mlsd_curve_add(curve, "valid", 2, NAN), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "valid", 3, 0.25), MLSD_OK);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_TARGET);
    assert_int_equal(mlsd_curve_best_step(curve), 3);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__watches_the_series_it_is_told(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 1), MLSD_OK);
    assert_int_equal(mlsd_spec_set_str(rule, "monitor", "train"), MLSD_OK);
    mlsd_curve *curve = NULL;
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    mlsd_spec_free(rule); /* the curve keeps its own copy */
    assert_int_equal(mlsd_curve_add(curve, "valid", 0, 1.0), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "valid", 1, 2.0), MLSD_OK);
    assert_int_equal(mlsd_curve_should_stop(curve), 0);
    assert_int_equal(mlsd_curve_add(curve, "train", 0, 1.0), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "train", 1, 2.0), MLSD_OK);
    assert_int_equal(mlsd_curve_should_stop(curve), 1);
    mlsd_curve_free(curve);
}

static void test_early_stopping__defaults_and_bounds(void **state)
{
    (void)state;
    mlsd_spec *rule = new_rule();
    int64_t patience = 0;
    double target = 0.0;
    int32_t restore = 0;
    assert_int_equal(mlsd_spec_get_i64(rule, "patience", &patience), MLSD_OK);
    assert_int_equal(patience, 10);
    assert_int_equal(mlsd_spec_get_f64(rule, "target", &target), MLSD_OK);
    assert_true(isnan(target));
    assert_int_equal(mlsd_spec_get_bool(rule, "restore_best", &restore), MLSD_OK);
    assert_int_equal(restore, 1);
    assert_int_equal(mlsd_spec_set_i64(rule, "patience", 0), MLSD_E_PARAM_RANGE);
    assert_int_equal(mlsd_spec_set_f64(rule, "min_delta", -1.0), MLSD_E_PARAM_RANGE);
    mlsd_spec_free(rule);
    assert_string_equal(mlsd_stop_reason_name(99), "unknown reason");
    assert_string_equal(mlsd_stop_reason_name(-1), "unknown reason");
    assert_string_equal(mlsd_stop_reason_name(MLSD_STOP_BUDGET), "budget");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_early_stopping__patience_counts_steps_without_progress),
        cmocka_unit_test(test_early_stopping__best_is_kept_although_min_delta_is_not_reached),
        cmocka_unit_test(test_early_stopping__exactly_min_delta_is_not_progress),
        cmocka_unit_test(test_early_stopping__relative_delta_scales_with_the_reference),
        cmocka_unit_test(test_early_stopping__maximize_turns_every_comparison),
        cmocka_unit_test(test_early_stopping__start_from_holds_back_patience_only),
        cmocka_unit_test(test_early_stopping__nonfinite_stops_unless_told_otherwise),
        cmocka_unit_test(test_early_stopping__first_reason_stays_and_best_goes_on),
        cmocka_unit_test(test_early_stopping__watches_the_series_it_is_told),
        cmocka_unit_test(test_early_stopping__defaults_and_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
