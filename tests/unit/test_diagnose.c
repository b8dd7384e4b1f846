/* test_diagnose.c - the door of the diagnosis: curves as programs log them, a result out.
 * Witnesses: the answer does not change when the same losses are logged in another order, twice, or
 * as equal folds; the probe's test is worked by hand; single words of what cannot be judged. What
 * the verdicts are worth is test_diagnosis.c's. */
#include <math.h>

#include "unit.h"

#include "mlsd/diagnose.h"

enum { N_STEPS = 40 };

static double train_loss(int64_t t)
{
    return 0.05 + 0.95 * exp(-(double)t / 4) + 0.002 * (double)(t * 7 % 5);
}

static double valid_loss(int64_t t)
{
    return 0.3 + 0.7 * exp(-(double)t / 4) + (t > 12 ? 0.01 * (double)(t - 12) : 0) +
           0.002 * (double)(t * 3 % 7);
}

static mlsd_curve *new_curve(void)
{
    mlsd_curve *curve = NULL;
    ASSERT_OK(mlsd_curve_new(NULL, NULL, &curve));
    return curve;
}

static void add_both(mlsd_curve *curve, int64_t step, double train, double valid)
{
    ASSERT_OK(mlsd_curve_add(curve, "train", step, train));
    ASSERT_OK(mlsd_curve_add(curve, "valid", step, valid));
}

static mlsd_curve *new_rise(void)
{
    mlsd_curve *const curve = new_curve();
    for (int64_t t = 0; t < N_STEPS; t++) add_both(curve, t, train_loss(t), valid_loss(t));
    return curve;
}

static mlsd_result *diagnose(mlsd_curve *curve, const char *json)
{
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    if (json != NULL) ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_curve_diagnose(NULL, curve, spec, &r));
    mlsd_spec_free(spec);
    return r;
}

static const char *text(const mlsd_result *r, const char *name)
{
    const char *value = NULL;
    ASSERT_OK(mlsd_result_get_str(r, name, &value));
    return value;
}

static double number(const mlsd_result *r, const char *name)
{
    double value = 0;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
}

static void expect_same(const mlsd_result *a, const mlsd_result *b)
{
    static const char *const names[] = {"confidence", "best_step", "rise", "slope", "n_steps"};
    assert_string_equal(text(a, "diagnosis"), text(b, "diagnosis"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_true(number(a, names[i]) == number(b, names[i]));
}

static void test_diagnose__says_what_why_how_sure_and_what_helps(void **state)
{
    (void)state;
    mlsd_curve *curve = new_rise();
    mlsd_result *r = diagnose(curve, NULL);
    assert_string_equal(text(r, "diagnosis"), "overfit");
    assert_string_equal(text(r, "kind"), "rise");
    assert_true(number(r, "confidence") >= 0.99);
    assert_in_range((int64_t)number(r, "best_step"), 10, 16);
    assert_non_null(
        strstr(mlsd_result_verdict(r), "overfit (rise), confidence 1.00: the validation"));
    assert_non_null(strstr(text(r, "remedy"), "early_stopping"));
    const mlsd_table *const shares = mlsd_result_get_table(r, "shares");
    double sum = 0, share;
    for (int64_t i = 0; i < mlsd_table_n_rows(shares); i++) {
        ASSERT_OK(mlsd_table_get_f64(shares, 1, i, 1, &share));
        sum += share;
    }
    ASSERT_NEAR(sum, 1, 1e-12);
    assert_true(mlsd_table_n_rows(mlsd_result_get_table(r, "remedies")) >= 3);
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "curve")), N_STEPS);
    assert_non_null(mlsd_result_get_table(r, "flags"));
    mlsd_result_free(r);
    mlsd_curve_free(curve);
}

static void test_diagnose__order_and_repeats_of_points_do_not_matter(void **state)
{
    (void)state;
    mlsd_curve *plain = new_rise(), *mixed = new_curve();
    for (int64_t i = 0; i < N_STEPS; i++) {
        const int64_t t = i * 17 % N_STEPS;
        ASSERT_OK(mlsd_curve_add(mixed, "valid", t, 99)); /* logged again below: the last counts */
        add_both(mixed, t, train_loss(t), valid_loss(t));
    }
    mlsd_result *a = diagnose(plain, NULL), *b = diagnose(mixed, NULL);
    expect_same(a, b);
    mlsd_result_free(a);
    mlsd_result_free(b);
    mlsd_curve_free(plain);
    mlsd_curve_free(mixed);
}

static void test_diagnose__missing_steps_and_other_lengths(void **state)
{
    (void)state;
    mlsd_curve *curve = new_rise();
    for (int64_t t = N_STEPS; t < N_STEPS + 30; t++)
        ASSERT_OK(mlsd_curve_add(curve, "train", t, train_loss(t)));
    mlsd_curve *plain = new_rise();
    mlsd_result *a = diagnose(plain, NULL), *b = diagnose(curve, NULL);
    expect_same(a, b); /* training went on without validation */
    mlsd_result_free(a);
    mlsd_result_free(b);
    mlsd_curve_free(curve);

    /* Training logged at each of ten batches, validation at the last of them: means are taken. */
    curve = new_curve();
    for (int64_t t = 0; t < N_STEPS; t++) {
        for (int64_t i = 1; i <= 10; i++)
            ASSERT_OK(mlsd_curve_add(curve, "train", 10 * t + i, train_loss(t)));
        ASSERT_OK(mlsd_curve_add(curve, "valid", 10 * t + 11, valid_loss(t)));
    }
    mlsd_result *c = diagnose(curve, NULL);
    assert_string_equal(text(c, "diagnosis"), "overfit");
    assert_int_equal((int)number(c, "n_steps"), N_STEPS);
    mlsd_result_free(c);
    mlsd_curve_free(curve);
    mlsd_curve_free(plain);
}

static void add_folds(mlsd_curve *curve, int n_folds, int64_t shorter)
{
    static const char *const train[] = {"train.0", "train.1", "train.2"};
    static const char *const valid[] = {"valid.0", "valid.1", "valid.2"};
    for (int k = 0; k < n_folds; k++) {
        for (int64_t t = 0; t < N_STEPS - k * shorter; t++) {
            ASSERT_OK(mlsd_curve_add(curve, train[k], t, train_loss(t)));
            ASSERT_OK(mlsd_curve_add(curve, valid[k], t, valid_loss(t)));
        }
    }
}

static void test_diagnose__folds(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve(), *plain = new_rise();
    add_folds(curve, 3, 0);
    mlsd_result *folds = diagnose(curve, NULL), *one = diagnose(plain, NULL);
    assert_int_equal((int)number(folds, "n_folds"), 3);
    assert_string_equal(text(folds, "diagnosis"), "overfit");
    ASSERT_NEAR(number(folds, "rise"), number(one, "rise"), 1e-12);
    mlsd_result_free(folds);
    mlsd_result_free(one);
    mlsd_curve_free(plain);
    mlsd_curve_free(curve);

    curve = new_curve();
    add_folds(curve, 3, 5);
    folds = diagnose(curve, NULL);
    assert_int_equal((int)number(folds, "n_steps"), N_STEPS - 10);
    assert_int_equal((int)number(folds, "n_steps_left_out"), 10);
    mlsd_result_free(folds);
    mlsd_result *none = NULL;
    ASSERT_OK(mlsd_curve_add(curve, "valid.7", 0, 1));
    ASSERT_FAILS(MLSD_E_DATA, "fold 7 of the curve has no series 'train'",
                 mlsd_curve_diagnose(NULL, curve, NULL, &none));
    mlsd_curve_free(curve);
}

static void expect_unknown(mlsd_curve *curve, const char *words)
{
    mlsd_result *r = diagnose(curve, NULL);
    assert_string_equal(text(r, "diagnosis"), "unknown");
    assert_true(isnan(number(r, "confidence")));
    if (strstr(mlsd_result_verdict(r), words) == NULL) fail_msg("%s", mlsd_result_verdict(r));
    mlsd_result_free(r);
    mlsd_curve_free(curve);
}

static void test_diagnose__what_cannot_be_judged_is_unknown_with_the_reason(void **state)
{
    (void)state;
    expect_unknown(new_curve(), "there is no series 'train' in these curves");
    mlsd_curve *curve = new_curve();
    for (int64_t t = 0; t < 20; t++) ASSERT_OK(mlsd_curve_add(curve, "train", t, 1));
    expect_unknown(curve, "there is no series 'valid' in these curves");

    curve = new_curve();
    add_both(curve, 0, 1, 1);
    expect_unknown(curve,
                   "1 step with finite losses of training and validation are too few, 8 are");

    curve = new_curve();
    for (int64_t t = 0; t < 20; t++) add_both(curve, t, 0.5, 0.6);
    expect_unknown(curve, "the losses never change; look whether anything is trained");

    curve = new_curve();
    for (int64_t t = 0; t < 20; t++) add_both(curve, t, -(double)t, -(double)t);
    expect_unknown(curve, "there are losses below the lowest loss that there can be, 0");

    curve = new_curve(); /* no step in common */
    for (int64_t t = 0; t < 20; t++) {
        ASSERT_OK(mlsd_curve_add(curve, "train", 100 + t, 1));
        ASSERT_OK(mlsd_curve_add(curve, "valid", t, 1));
    }
    expect_unknown(curve, "0 steps with finite losses");
}

static void test_diagnose__nan_and_infinity_are_divergence(void **state)
{
    (void)state;
    const double bad[] = {NAN, INFINITY};
    for (int i = 0; i < 2; i++) {
        mlsd_curve *curve = new_rise();
        for (int64_t t = N_STEPS; t < N_STEPS + 3; t++) add_both(curve, t, bad[i], bad[i]);
        mlsd_result *r = diagnose(curve, NULL);
        assert_string_equal(text(r, "diagnosis"), "diverged");
        assert_int_equal((int)number(r, "first_broken_step"), N_STEPS);
        assert_in_range((int64_t)number(r, "best_step"), 10, 16);
        assert_non_null(
            strstr(mlsd_result_verdict(r), "from step 40 on losses are NaN or infinite"));
        mlsd_result_free(r);
        mlsd_curve_free(curve);
    }
}

static mlsd_curve *new_optimal_folds(void)
{
    mlsd_curve *const curve = new_curve();
    for (int k = 0; k < 5; k++) {
        char train[] = "train.0", valid[] = "valid.0";
        train[6] = valid[6] = (char)('0' + k);
        for (int64_t t = 0; t < N_STEPS; t++) {
            const double down = 0.7 * exp(-(double)t / 4);
            ASSERT_OK(mlsd_curve_add(curve, train, t, 0.3 + down));
            ASSERT_OK(mlsd_curve_add(curve, valid, t, 0.31 + 0.002 * k + down));
        }
    }
    return curve;
}

static void test_diagnose__a_probe_tells_underfit(void **state)
{
    (void)state;
    mlsd_curve *curve = new_optimal_folds();
    mlsd_result *r = diagnose(curve, NULL);
    assert_string_equal(text(r, "diagnosis"), "optimal");
    mlsd_result_free(r);

    r = diagnose(curve,
                 "{\"kind\":\"diagnosis\",\"losses\":[0.32,0.31,0.33,0.3,0.34],"
                 "\"probe_losses\":[0.25,0.26,0.24,0.25,0.25],\"n_train\":80,\"n_valid\":20}");
    assert_string_equal(text(r, "diagnosis"), "underfit");
    /* Differences 0.07 0.05 0.09 0.05 0.09: mean 0.07, s = 0.02; t = 0.07 / sqrt((1/5 + 1/4) s^2)
     * = 5.2175, 4 degrees of freedom: one-sided p = 0.0032193 (scipy.stats.t.sf). */
    ASSERT_NEAR(number(r, "probe_difference"), 0.07, 1e-12);
    ASSERT_NEAR(number(r, "probe_p_value"), 0.0032193, 1e-7);
    /* Better by 2 % of the mean loss of 0.32: (0.07 - 0.0064) / 0.013416, scipy.stats.t.cdf. */
    ASSERT_NEAR(number(r, "confidence"), 0.995482946, 1e-7);
    assert_non_null(strstr(mlsd_result_verdict(r), "another model on the same folds has a loss"));
    mlsd_result_free(r);

    /* A probe that is no better leaves it at optimal. */
    r = diagnose(curve, "{\"kind\":\"diagnosis\",\"probe_losses\":[0.32,0.31,0.31,0.32,0.31]}");
    assert_string_equal(text(r, "diagnosis"), "optimal");
    mlsd_result_free(r);

    mlsd_spec *spec = NULL;
    mlsd_result *none = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, "{\"kind\":\"diagnosis\",\"probe_losses\":[1,2]}", &spec));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "'probe_losses' has 2 losses for the 5 folds",
                 mlsd_curve_diagnose(NULL, curve, spec, &none));
    mlsd_spec_free(spec);
    mlsd_curve_free(curve);
}

static void test_diagnose__high_losses_are_no_underfit_where_a_probe_has_them_too(void **state)
{
    (void)state;
    mlsd_curve *curve = new_curve();
    for (int k = 0; k < 3; k++) {
        char train[] = "train.0", valid[] = "valid.0";
        train[6] = valid[6] = (char)('0' + k);
        for (int64_t t = 0; t < N_STEPS; t++) {
            const double loss = 0.8 + 0.2 * exp(-(double)t / 4) + 0.001 * (double)(t * (k + 3) % 5);
            ASSERT_OK(mlsd_curve_add(curve, train, t, loss));
            ASSERT_OK(mlsd_curve_add(curve, valid, t, loss));
        }
    }
    mlsd_result *r = diagnose(curve, NULL);
    const mlsd_table *const flags = mlsd_result_get_table(r, "flags");
    assert_string_equal(text(r, "diagnosis"), "underfit");
    const int64_t n_flags = mlsd_table_n_rows(flags);
    assert_string_equal(mlsd_table_get_str(flags, 0, n_flags - 2), "base_not_known");
    assert_string_equal(mlsd_table_get_str(flags, 0, n_flags - 1), "not_tested");
    mlsd_result_free(r);
    r = diagnose(curve, "{\"kind\":\"diagnosis\",\"base\":1}");
    assert_string_equal(text(r, "diagnosis"), "underfit");
    mlsd_result_free(r);
    r = diagnose(curve, "{\"kind\":\"diagnosis\",\"probe_losses\":[0.81,0.8,0.805]}");
    assert_string_equal(text(r, "diagnosis"), "optimal");
    assert_non_null(
        strstr(mlsd_result_verdict(r), "another model on the same folds is not better"));
    mlsd_result_free(r);
    mlsd_curve_free(curve);
}

static void test_diagnose__arguments(void **state)
{
    (void)state;
    mlsd_result *r = NULL;
    mlsd_curve *curve = new_rise();
    mlsd_spec *spec = NULL;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_curve_diagnose(NULL, curve, NULL, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "the curve is NULL", mlsd_curve_diagnose(NULL, NULL, NULL, &r));
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &spec));
    ASSERT_FAILS(MLSD_E_KIND, "a spec of kind 'diagnosis', got 'kfold'",
                 mlsd_curve_diagnose(NULL, curve, spec, &r));
    assert_null(r);
    mlsd_spec_free(spec);
    mlsd_curve_free(curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diagnose__says_what_why_how_sure_and_what_helps),
        cmocka_unit_test(test_diagnose__order_and_repeats_of_points_do_not_matter),
        cmocka_unit_test(test_diagnose__missing_steps_and_other_lengths),
        cmocka_unit_test(test_diagnose__folds),
        cmocka_unit_test(test_diagnose__what_cannot_be_judged_is_unknown_with_the_reason),
        cmocka_unit_test(test_diagnose__nan_and_infinity_are_divergence),
        cmocka_unit_test(test_diagnose__a_probe_tells_underfit),
        cmocka_unit_test(test_diagnose__high_losses_are_no_underfit_where_a_probe_has_them_too),
        cmocka_unit_test(test_diagnose__arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
