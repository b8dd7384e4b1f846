/* test_schedule.c - the factors of each kind. Witness: the formulas of PyTorch's StepLR,
 * ExponentialLR, CosineAnnealingWarmRestarts and OneCycleLR with libm's cosine; the cuts on a
 * plateau are worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "mlsd/spec.h"
#include "curve/schedule.h"

static const double PI = 3.14159265358979323846;

static mlsd_spec *schedule_of(const char *json)
{
    mlsd_spec *spec = NULL;
    assert_int_equal(mlsd_spec_from_json(NULL, json, &spec), MLSD_OK);
    return spec;
}

static double factor(const char *json, double t, int64_t n_epochs)
{
    mlsd__schedule_state state;
    mlsd__schedule_init(&state);
    mlsd_spec *spec = schedule_of(json);
    const double value = mlsd__schedule_factor(spec, t, n_epochs, &state);
    mlsd_spec_free(spec);
    return value;
}

static void assert_near(double got, double expected)
{
    assert_true(fabs(got - expected) <= 4e-16 * (1.0 + fabs(expected)));
}

static void test_schedule__follows_its_formula(void **state)
{
    (void)state;
    assert_true(mlsd__schedule_factor(NULL, 3.0, 10, NULL) == 1.0);
    assert_true(factor("{\"kind\":\"constant_rate\"}", 3.5, 10) == 1.0);
    const char *step = "{\"kind\":\"step_decay\",\"step_size\":3,\"gamma\":0.5}";
    assert_near(factor(step, 2.9, 10), 1.0);
    assert_near(factor(step, 3.0, 10), 0.5);
    assert_near(factor(step, 8.0, 10), 0.25);
    assert_near(factor("{\"kind\":\"exponential_decay\",\"gamma\":0.9}", 2.5, 10), 0.81);
    for (int i = 0; i <= 40; i++) {
        const double t = i / 4.0;
        assert_near(factor("{\"kind\":\"cosine_annealing\",\"min_factor\":0.1}", t, 10),
                    0.1 + 0.9 * (1.0 + cos(PI * t / 10.0)) / 2.0);
    }
    const char *restarts = "{\"kind\":\"cosine_annealing\",\"t_0\":2,\"t_mult\":2.0}";
    assert_near(factor(restarts, 0.0, 99), 1.0);
    assert_near(factor(restarts, 2.0, 99), 1.0);
    assert_near(factor(restarts, 4.0, 99), 0.5);
    assert_near(factor(restarts, 6.0, 99), 1.0);
    const char *cycle = "{\"kind\":\"one_cycle\"}";
    assert_near(factor(cycle, 0.0, 10), 1.0 / 25.0);
    assert_near(factor(cycle, 1.5, 10), 0.5 * (1.0 + 1.0 / 25.0));
    assert_near(factor(cycle, 3.0, 10), 1.0);
    assert_near(factor(cycle, 10.0, 10), 1.0 / 25.0 / 1e4);
}

static void test_schedule__warms_up(void **state)
{
    (void)state;
    const char *json = "{\"kind\":\"step_decay\",\"step_size\":2,\"gamma\":0.5,"
                       "\"warmup_epochs\":4,\"warmup_start\":0.2}";
    assert_near(factor(json, 0.0, 10), 0.2);
    assert_near(factor(json, 2.0, 10), 0.6);
    assert_near(factor(json, 4.0, 10), 1.0);
    assert_near(factor(json, 6.0, 10), 0.5);
}

static void test_schedule__plateau_cuts(void **state)
{
    (void)state;
    mlsd_spec *spec = schedule_of("{\"kind\":\"reduce_on_plateau\",\"gamma\":0.5,\"patience\":2,"
                                  "\"cooldown\":1,\"min_factor\":0.2}");
    const double losses[] = {1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5};
    const double expected[] = {1, 1, .5, .5, .5, .25, .25, .25, .2, .2, .2, .2};
    mlsd__schedule_state s;
    mlsd__schedule_init(&s);
    for (int i = 0; i < 12; i++) {
        mlsd__schedule_watch(spec, losses[i], &s);
        assert_near(mlsd__schedule_factor(spec, i + 1.0, 99, &s), expected[i]);
    }
    mlsd__schedule_watch(spec, NAN, &s);
    assert_true(isfinite(s.factor) && isfinite(s.best));
    mlsd_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule__follows_its_formula),
        cmocka_unit_test(test_schedule__warms_up),
        cmocka_unit_test(test_schedule__plateau_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
