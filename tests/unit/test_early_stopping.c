/* test_early_stopping.c - the rule: best apart from progress, the order of the checks, and the
 * defaults. Witness: the values follow by hand from the rule as stated in curve.h; the cases of
 * patience without min_delta are those of Keras 3's EarlyStopping (wait >= patience); the criteria
 * are Prechelt's (1998) formulas, worked out by hand on short curves. */
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

static mlsd_spec *rule_of(const char *json)
{
    mlsd_spec *rule = NULL;
    assert_int_equal(mlsd_spec_from_json(NULL, json, &rule), MLSD_OK);
    return rule;
}

/* Feed train and valid step by step; the number of steps until it stops, and the reason. */
static int64_t stops(const char *json, const double *train, const double *valid, int64_t n,
                     mlsd_stop_reason *reason)
{
    mlsd_spec *rule = rule_of(json);
    mlsd_curve *curve = NULL;
    int64_t i = 0;
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    for (; i < n && !mlsd_curve_should_stop(curve); i++) {
        assert_int_equal(mlsd_curve_add(curve, "train", i, train[i]), MLSD_OK);
        assert_int_equal(mlsd_curve_add(curve, "valid", i, valid[i]), MLSD_OK);
    }
    *reason = mlsd_curve_stop_reason(curve);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
    return i;
}

static void test_early_stopping__generalization_loss(void **state)
{
    (void)state;
    mlsd_stop_reason reason = 0;
    const double train[] = {9, 8, 7, 6, 5, 4}, valid[] = {2.0, 1.0, 1.01, 1.04, 1.06, 1.06};
    const char *json = "{\"kind\":\"early_stopping\",\"criterion\":\"gl\",\"alpha\":5,\"strip\":2}";
    assert_int_equal(stops(json, train, valid, 6, &reason), 5); /* GL = 6 > 5 */
    assert_int_equal(reason, MLSD_STOP_GL);
    json = "{\"kind\":\"early_stopping\",\"criterion\":\"gl\"}"; /* alpha 2: GL = 4 */
    assert_int_equal(stops(json, train, valid, 6, &reason), 4);
    /* A best of 0 is no reason until the loss rises from it. */
    const double zero[] = {1.0, 0.0, 0.0, 0.5};
    assert_int_equal(stops(json, train, zero, 4, &reason), 4);
    assert_int_equal(reason, MLSD_STOP_GL);
}

static void test_early_stopping__quotient_of_loss_and_progress(void **state)
{
    (void)state;
    mlsd_stop_reason reason = 0;
    /* Strips of two: P_2 = 1000 ((1 + .9) / (2 .9) - 1) = 55.6, then 1000 ((.90 + .89) / 1.78 - 1)
     * = 5.6. GL at the ends: 0 and 8: 8 / 5.6 = 1.42. */
    const double train[] = {1.0, 0.9, 0.9, 0.89}, valid[] = {1.1, 1.0, 1.05, 1.08};
    assert_int_equal(
        stops("{\"kind\":\"early_stopping\",\"criterion\":\"pq\",\"alpha\":1.4,\"strip\":2}", train,
              valid, 4, &reason),
        4);
    assert_int_equal(reason, MLSD_STOP_PQ);
    assert_int_equal(
        stops("{\"kind\":\"early_stopping\",\"criterion\":\"pq\",\"alpha\":1.5,\"strip\":2}", train,
              valid, 4, &reason),
        4);
    assert_int_equal(reason, MLSD_STOP_NONE);
    /* Training stands still: 1000 (1.00002 - 1) = 0.02 per mille. */
    const double still[] = {0.50002, 0.5, 0.49999, 0.49999};
    assert_int_equal(
        stops("{\"kind\":\"early_stopping\",\"criterion\":\"pq\",\"alpha\":99,\"strip\":2}", still,
              valid, 4, &reason),
        2);
    assert_int_equal(reason, MLSD_STOP_NO_PROGRESS);
}

static void test_early_stopping__rises_in_a_row(void **state)
{
    (void)state;
    mlsd_stop_reason reason = 0;
    const double train[] = {9, 8, 7, 6, 5, 4, 3, 2, 1, .5};
    const double valid[] = {5, 4, 9, 4.5, 4, 4.4, 9, 4.6, 9, 4.7}; /* ends: 4, 4.5, 4.4, 4.6, 4.7 */
    const char *json =
        "{\"kind\":\"early_stopping\",\"criterion\":\"up\",\"n_strips\":1,\"strip\":2}";
    assert_int_equal(stops(json, train, valid, 10, &reason), 4);
    assert_int_equal(reason, MLSD_STOP_UP);
    json = "{\"kind\":\"early_stopping\",\"criterion\":\"up\",\"strip\":2}";
    assert_int_equal(stops(json, train, valid, 10, &reason), 10);
    assert_int_equal(reason, MLSD_STOP_UP);
}

static void test_early_stopping__ratios_need_losses(void **state)
{
    (void)state;
    mlsd_curve *curve = NULL;
    mlsd_spec *rule = rule_of("{\"kind\":\"early_stopping\",\"criterion\":\"gl\"}");
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
    assert_int_equal(mlsd_curve_add(curve, "valid", 3, -0.5), MLSD_E_DATA);
    assert_string_equal(mlsd_last_error(),
                        "early stopping by 'gl' compares losses by their ratio, and series 'valid' "
                        "is below 0 at step 3; use criterion patience or up");
    mlsd_curve_free(curve);
    assert_int_equal(mlsd_spec_set_bool(rule, "maximize", 1), MLSD_OK);
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_E_PARAM_CONFLICT);
    assert_null(curve);
    mlsd_spec_free(rule);
    rule = rule_of("{\"kind\":\"early_stopping\",\"smoothing\":\"median\",\"smoothing_window\":4}");
    assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_E_PARAM_CONFLICT);
    mlsd_spec_free(rule);
}

static void test_early_stopping__baseline_must_be_beaten(void **state)
{
    (void)state;
    mlsd_curve *curve = NULL;
    mlsd_spec *rule = rule_of("{\"kind\":\"early_stopping\",\"patience\":3,\"baseline\":1.0}");
    const double above[] = {4, 3, 2, 1.5, 1.2};
    assert_int_equal(feed(rule, above, 5, &curve), 3);
    assert_int_equal(mlsd_curve_best_step(curve), 2);
    mlsd_curve_free(curve);
    const double below[] = {4, 3, 0.9, 0.8, 2, 2, 2};
    assert_int_equal(feed(rule, below, 7, &curve), 7);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_PATIENCE);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__cooldown_and_budgets(void **state)
{
    (void)state;
    mlsd_curve *curve = NULL;
    const double values[] = {1, 2, 2, 2, 2, 2, 2};
    mlsd_spec *rule = rule_of("{\"kind\":\"early_stopping\",\"patience\":2,\"cooldown\":3}");
    assert_int_equal(feed(rule, values, 7, &curve), 6);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
    rule = rule_of("{\"kind\":\"early_stopping\",\"max_steps\":4}");
    assert_int_equal(feed(rule, values, 7, &curve), 4);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_BUDGET);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
    rule = rule_of("{\"kind\":\"early_stopping\",\"max_seconds\":0}");
    assert_int_equal(feed(rule, values, 7, &curve), 1);
    assert_int_equal(mlsd_curve_stop_reason(curve), MLSD_STOP_TIME);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

/* The best of what is smoothed, told as it came. */
static void test_early_stopping__smoothed_monitors_pass_over_spikes(void **state)
{
    (void)state;
    mlsd_curve *curve = NULL;
    const double values[] = {5, 4, 0.1, 3.5, 3, 2.5, 2, 2};
    mlsd_spec *rule = rule_of("{\"kind\":\"early_stopping\",\"patience\":3}");
    assert_int_equal(feed(rule, values, 8, &curve), 6);
    mlsd_curve_free(curve);
    assert_int_equal(mlsd_spec_set_str(rule, "smoothing", "median"), MLSD_OK);
    assert_int_equal(mlsd_spec_set_i64(rule, "smoothing_window", 3), MLSD_OK);
    assert_int_equal(feed(rule, values, 8, &curve), 8); /* medians 5 4.5 4 3.5 3 3 2.5 2 */
    assert_int_equal(mlsd_curve_should_stop(curve), 0);
    assert_int_equal(mlsd_curve_best_step(curve), 7);
    mlsd_curve_free(curve);
    assert_int_equal(mlsd_spec_set_str(rule, "smoothing", "ema"), MLSD_OK);
    assert_int_equal(mlsd_spec_set_f64(rule, "smoothing_beta", 0.5), MLSD_OK);
    const double spike[] = {4, 1, 4};
    assert_int_equal(feed(rule, spike, 3, &curve), 3); /* 4, 2, (.5 1.5 + .5 4) / .875 = 3.14 */
    assert_int_equal(mlsd_curve_best_step(curve), 1);
    assert_true(mlsd_curve_best_value(curve) == 1.0);
    mlsd_curve_free(curve);
    mlsd_spec_free(rule);
}

static void test_early_stopping__several_monitors(void **state)
{
    (void)state;
    static const char *const WHEN[] = {"any", "all"};
    static const int64_t EXPECTED[] = {4, 6};
    for (int w = 0; w < 2; w++) {
        mlsd_spec *rule =
            rule_of("{\"kind\":\"early_stopping\",\"patience\":2,\"monitor\":[\"valid\","
                    "\"accuracy/valid\"],\"maximize_monitors\":[\"accuracy/valid\"]}");
        mlsd_curve *curve = NULL;
        int64_t accuracy = 0, i = 0;
        const double loss[] = {3, 2, 2, 2, 2, 2, 2}, share[] = {.1, .2, .3, .4, .4, .3, .2};
        assert_int_equal(mlsd_spec_set_str(rule, "stop_when", WHEN[w]), MLSD_OK);
        assert_int_equal(mlsd_curve_new(NULL, rule, &curve), MLSD_OK);
        assert_int_equal(mlsd_curve_series(curve, "accuracy", "valid", -1, 0, &accuracy), MLSD_OK);
        for (; i < 7 && !mlsd_curve_should_stop(curve); i++) {
            assert_int_equal(mlsd_curve_add(curve, "valid", i, loss[i]), MLSD_OK);
            assert_int_equal(mlsd_curve_add_point(curve, accuracy, (double)i, share[i]), MLSD_OK);
        }
        assert_int_equal(i, EXPECTED[w]);
        assert_int_equal(mlsd_curve_best_step(curve), 1); /* the first monitor's */
        mlsd_curve_free(curve);
        mlsd_spec_free(rule);
    }
}

static void test_early_stopping__every_reason_has_a_name(void **state)
{
    (void)state;
    for (mlsd_stop_reason reason = 0; reason <= MLSD_STOP_CANCELLED; reason++)
        assert_string_not_equal(mlsd_stop_reason_name(reason), "unknown reason");
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
        cmocka_unit_test(test_early_stopping__generalization_loss),
        cmocka_unit_test(test_early_stopping__quotient_of_loss_and_progress),
        cmocka_unit_test(test_early_stopping__rises_in_a_row),
        cmocka_unit_test(test_early_stopping__ratios_need_losses),
        cmocka_unit_test(test_early_stopping__baseline_must_be_beaten),
        cmocka_unit_test(test_early_stopping__cooldown_and_budgets),
        cmocka_unit_test(test_early_stopping__smoothed_monitors_pass_over_spikes),
        cmocka_unit_test(test_early_stopping__several_monitors),
        cmocka_unit_test(test_early_stopping__every_reason_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
