/* test_diagnosis.c - the diagnosis of loss curves. Witnesses: simulated curves whose truth is known
 * (support/simulated_curves.c; no constant was set on this seed), on which the promised figures are
 * held; curves drawn by hand whose answer anyone would give; and identities: another unit, curves
 * that are looked at again. bench/diagnosis_accuracy prints the figures of more curves. */
#include <math.h>

#include "unit.h"

#include "curve/diagnosis.h"
#include "curve/diagnosis_measure.h"
#include "simulated_curves.h"

enum { HELD_OUT_SEED = 2026, N_CURVES = 1440, N_STEPS = 60, N_RESAMPLES = 100 };

static void diagnose(const mlsd__fit_curves *c, mlsd__fit_diagnosis *out)
{
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__diagnose_fit(&scope, c, N_RESAMPLES, 0, NULL, out));
    mlsd__scope_close(&scope);
}

static void test_diagnosis__is_right_and_as_sure_as_it_says(void **state)
{
    (void)state;
    static simulated s;
    double n_right = 0, n_sure = 0, n_sure_right = 0, sum_confidence = 0;
    double n_of[MLSD__N_FIT_VERDICTS] = {0}, n_right_of[MLSD__N_FIT_VERDICTS] = {0};
    for (int64_t i = 0; i < N_CURVES; i++) {
        mlsd__fit_diagnosis d;
        simulate_curves(HELD_OUT_SEED, i, &s);
        diagnose(&s.curves, &d);
        const bool is_right = d.verdict == s.truth;
        n_right += is_right;
        n_of[s.truth]++;
        n_right_of[s.truth] += is_right;
        sum_confidence += d.confidence;
        if (d.confidence < 0.95) continue;
        n_sure++;
        n_sure_right += is_right;
    }
    assert_true(n_right >= 0.95 * N_CURVES);
    assert_true(n_sure_right >= 0.99 * n_sure);
    assert_true(n_sure >= 0.5 * N_CURVES);
    for (int v = MLSD__FIT_UNDERFIT; v < MLSD__N_FIT_VERDICTS; v++) {
        assert_true(n_of[v] >= 120);
        assert_true(n_right_of[v] >= 0.9 * n_of[v]);
    }
    /* Neither over- nor underconfident by much. */
    assert_true(fabs(sum_confidence - n_right) < 0.03 * N_CURVES);
}

/* Curves by formula: wiggles of 0.5 % that no random number is needed for. */
typedef struct drawn {
    double train[N_STEPS], valid[N_STEPS];
    mlsd__fit_curves curves;
} drawn;

static double wiggle(int t, int phase)
{
    static const double of[] = {0.3, -0.8, 1, -0.2, 0.6, -1, 0.1};
    return 1 + 0.005 * of[(t * 3 + phase) % 7];
}

static void draw(drawn *d, double (*train)(double t), double (*valid)(double t))
{
    for (int t = 0; t < N_STEPS; t++) {
        d->train[t] = train(t) * wiggle(t, 0);
        d->valid[t] = valid(t) * wiggle(t, 2);
    }
    d->curves = (mlsd__fit_curves){.train = d->train,
                                   .valid = d->valid,
                                   .n_folds = 1,
                                   .n_steps = N_STEPS,
                                   .base = NAN,
                                   .target = NAN,
                                   .n_train = NAN,
                                   .n_valid = NAN};
}

static double to_low(double t)
{
    return 0.2 + 0.8 * exp(-t / 5);
}
static double to_zero(double t)
{
    return 0.01 + 0.99 * exp(-t / 5);
}
static double to_high(double t)
{
    return 0.8 + 0.2 * exp(-t / 5);
}
static double slowly(double t)
{
    return 0.1 + 0.9 * exp(-t / 60);
}
static double down_and_up(double t)
{
    return 0.3 + 0.7 * exp(-t / 5) + (t > 15 ? 0.005 * (t - 15) : 0);
}
static double away(double t)
{
    return 0.5 + 0.5 * exp(-t / 5) + exp((t - 45) / 2);
}
static double twice_down(double t)
{
    return 0.15 + 0.85 * exp(-t / 6) + 0.5 * exp(-(t - 22) * (t - 22) / 30);
}
static double ragged(double t)
{
    return to_low(t) * ((int)t % 2 == 0 ? 1.3 : 0.7);
}

static void test_diagnosis__curves_that_anyone_can_read(void **state)
{
    (void)state;
    static const struct {
        double (*train)(double), (*valid)(double);
        mlsd__fit_verdict verdict;
        mlsd__fit_kind kind;
    } cases[] = {
        {to_low, to_low, MLSD__FIT_OPTIMAL, MLSD__FIT_PLAIN},
        {to_zero, to_low, MLSD__FIT_OVERFIT, MLSD__FIT_GAP},
        {to_zero, down_and_up, MLSD__FIT_OVERFIT, MLSD__FIT_RISE},
        {down_and_up, down_and_up, MLSD__FIT_UNSTABLE, MLSD__FIT_BOTH_RISE},
        {to_high, to_high, MLSD__FIT_UNDERFIT, MLSD__FIT_PLAIN},
        {slowly, slowly, MLSD__FIT_IMPROVING, MLSD__FIT_PLAIN},
        {away, away, MLSD__FIT_DIVERGED, MLSD__FIT_PLAIN},
        {ragged, ragged, MLSD__FIT_UNSTABLE, MLSD__FIT_JITTER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        drawn d;
        mlsd__fit_diagnosis found;
        draw(&d, cases[i].train, cases[i].valid);
        diagnose(&d.curves, &found);
        if (found.verdict != cases[i].verdict || found.kind != cases[i].kind)
            fail_msg("case %zu: %s %s at %g", i, mlsd__fit_verdict_name(found.verdict),
                     mlsd__fit_kind_name(found.kind), found.confidence);
        assert_true(found.confidence >= 0.9);
    }
}

static void test_diagnosis__best_step_and_numbers_of_a_rise(void **state)
{
    (void)state;
    drawn d;
    mlsd__fit_diagnosis found;
    draw(&d, to_zero, down_and_up);
    diagnose(&d.curves, &found);
    /* 0.3 + 0.7 exp(-t / 5) + 0.005 (t - 15) is lowest at 5 log(28) = 16.7. */
    assert_in_range(found.best_step, 13, 21);
    ASSERT_NEAR(found.rise, down_and_up(59) - down_and_up(17), 0.02);
    assert_true(found.rise_se > 0 && found.rise_se < 0.01);
    assert_true(found.flags & MLSD__FLAG_DOUBLE_DESCENT ? 0 : 1);
}

static void test_diagnosis__the_unit_of_the_losses_does_not_matter(void **state)
{
    (void)state;
    static simulated s;
    for (int64_t i = 0; i < 48; i++) {
        mlsd__fit_diagnosis a, b;
        simulate_curves(7, i, &s);
        diagnose(&s.curves, &a);
        const int64_t n = s.curves.n_folds * s.curves.n_steps;
        for (int64_t k = 0; k < n; k++) {
            s.train[k] *= 0x1p100;
            s.valid[k] *= 0x1p100;
        }
        s.curves.base *= 0x1p100;
        diagnose(&s.curves, &b);
        assert_int_equal(a.verdict, b.verdict);
        assert_int_equal(a.best_step, b.best_step);
        assert_true(a.confidence == b.confidence);
        assert_true(a.flags == b.flags);
        if (!isnan(a.rise)) assert_true(a.rise * 0x1p100 == b.rise);
    }
}

static void test_diagnosis__a_known_target_decides_underfit(void **state)
{
    (void)state;
    drawn d;
    mlsd__fit_diagnosis found;
    draw(&d, to_low, to_low);
    d.curves.target = 0.1;
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_UNDERFIT);
    draw(&d, to_high, to_high);
    d.curves.target = 0.78;
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_OPTIMAL);
}

static void test_diagnosis__flags(void **state)
{
    (void)state;
    drawn d;
    mlsd__fit_diagnosis found;
    draw(&d, to_zero, twice_down);
    diagnose(&d.curves, &found);
    assert_true(found.flags & MLSD__FLAG_DOUBLE_DESCENT);

    draw(&d, to_low, to_low);
    diagnose(&d.curves, &found);
    assert_int_equal(found.flags, MLSD__FLAG_PLATEAU);
    assert_in_range(found.plateau_step, 10, 35);

    draw(&d, to_low, to_low);
    for (int t = 0; t < N_STEPS; t++) d.valid[t] *= 0.9;
    diagnose(&d.curves, &found);
    assert_true(found.flags & MLSD__FLAG_VALIDATION_EASIER);
    for (int t = 0; t < N_STEPS; t++) d.valid[t] *= 0.3;
    diagnose(&d.curves, &found);
    assert_true(found.flags & MLSD__FLAG_LEAK);

    draw(&d, to_low, to_low);
    d.curves.n_train = 90;
    d.curves.n_valid = 10;
    diagnose(&d.curves, &found);
    assert_true(found.flags & MLSD__FLAG_FEW_VALIDATION_ROWS);
    d.curves.n_valid = 10000;
    diagnose(&d.curves, &found);
    assert_false(found.flags & MLSD__FLAG_FEW_VALIDATION_ROWS);
}

static void test_diagnosis__losses_that_cannot_be_judged(void **state)
{
    (void)state;
    drawn d;
    mlsd__fit_diagnosis found;
    draw(&d, to_low, to_low);
    d.valid[N_STEPS - 1] = NAN;
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_DIVERGED);
    assert_int_equal(found.broken, N_STEPS - 1);
    assert_true(found.confidence == 1);

    draw(&d, to_low, to_low);
    d.train[20] = INFINITY; /* once, and training went on */
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_OPTIMAL);

    for (int t = 0; t < N_STEPS; t++) d.train[t] = d.valid[t] = NAN;
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_DIVERGED);
    assert_int_equal(found.best_step, -1);

    for (int t = 0; t < N_STEPS; t++) d.train[t] = d.valid[t] = 0.7;
    diagnose(&d.curves, &found);
    assert_int_equal(found.verdict, MLSD__FIT_UNKNOWN);
    assert_int_equal(found.kind, MLSD__FIT_CONSTANT);

    draw(&d, to_low, to_low);
    for (int t = 0; t < N_STEPS; t++) d.train[t] -= 0.5;
    diagnose(&d.curves, &found);
    assert_int_equal(found.kind, MLSD__FIT_NEGATIVE);
    d.curves.floor = -1; /* and with the lowest loss there can be it is judged again */
    diagnose(&d.curves, &found);
    assert_int_not_equal(found.verdict, MLSD__FIT_UNKNOWN);

    draw(&d, to_low, to_low);
    for (int64_t n = 0; n < MLSD__FIT_LEAST_STEPS; n++) {
        d.curves.n_steps = n;
        diagnose(&d.curves, &found);
        assert_int_equal(found.verdict, MLSD__FIT_UNKNOWN);
        assert_int_equal(found.kind, MLSD__FIT_FEW_STEPS);
    }
    d.curves.n_steps = MLSD__FIT_LEAST_STEPS;
    diagnose(&d.curves, &found);
    assert_int_not_equal(found.verdict, MLSD__FIT_UNKNOWN);

    /* The largest and smallest numbers there are. */
    draw(&d, to_low, to_low);
    for (int t = 0; t < N_STEPS; t++) {
        d.train[t] *= 1e308;
        d.valid[t] *= 1e-320;
    }
    diagnose(&d.curves, &found);
    for (int t = 0; t < N_STEPS; t++) d.train[t] = d.valid[t] = t == 0 ? 0 : 1e300;
    diagnose(&d.curves, &found);
}

static void test_diagnosis__long_curves_are_put_together(void **state)
{
    (void)state;
    enum { LONG = 20000 };
    static double train[LONG], valid[LONG], smooth[4 * LONG];
    for (int t = 0; t < LONG; t++) {
        const double x = t * 60.0 / LONG;
        train[t] = to_zero(x) * wiggle(t, 0);
        valid[t] = down_and_up(x) * wiggle(t, 2);
    }
    const mlsd__fit_curves c = {.train = train,
                                .valid = valid,
                                .n_folds = 1,
                                .n_steps = LONG,
                                .base = NAN,
                                .target = NAN,
                                .n_train = NAN,
                                .n_valid = NAN};
    mlsd__scope scope;
    mlsd__fit_diagnosis d;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__diagnose_fit(&scope, &c, N_RESAMPLES, 0, smooth, &d));
    mlsd__scope_close(&scope);
    assert_int_equal(d.verdict, MLSD__FIT_OVERFIT);
    assert_in_range(d.best_step, LONG * 13 / 60, LONG * 21 / 60);
    assert_true(valid[d.best_step] < 1.01 * down_and_up(16.7));
    ASSERT_NEAR(smooth[3 * LONG], 1, 0.05);
}

/* A local line reproduces a line, whatever the window and at both ends. */
static void test_diagnosis__smoothing_keeps_lines(void **state)
{
    (void)state;
    for (int64_t n = 3; n < 200; n += 7) {
        mlsd__smoother s;
        double y[200], out[200], room[200];
        ASSERT_OK(mlsd__smoother_make(&mlsd__libc_allocator, n, &s));
        for (int64_t t = 0; t < n; t++) y[t] = 5 - 0.25 * (double)t;
        mlsd__smooth(&s, y, out);
        for (int64_t t = 0; t < n; t++) ASSERT_NEAR(out[t], y[t], 1e-12 * (double)n);
        ASSERT_NEAR(mlsd__step_noise(y, NULL, n, room), 0, 1e-13);
        double norm;
        ASSERT_NEAR(mlsd__end_slope(y, n / 2, n, &norm), n > 1 ? -0.25 : 0, 1e-13);
        mlsd__smoother_free(&mlsd__libc_allocator, &s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diagnosis__is_right_and_as_sure_as_it_says),
        cmocka_unit_test(test_diagnosis__curves_that_anyone_can_read),
        cmocka_unit_test(test_diagnosis__best_step_and_numbers_of_a_rise),
        cmocka_unit_test(test_diagnosis__the_unit_of_the_losses_does_not_matter),
        cmocka_unit_test(test_diagnosis__a_known_target_decides_underfit),
        cmocka_unit_test(test_diagnosis__flags),
        cmocka_unit_test(test_diagnosis__losses_that_cannot_be_judged),
        cmocka_unit_test(test_diagnosis__long_curves_are_put_together),
        cmocka_unit_test(test_diagnosis__smoothing_keeps_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
