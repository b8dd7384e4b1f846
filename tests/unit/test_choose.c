/* Rules of choosing: the rule of one standard error, tolerance and rope on scores whose intervals
 * are computed by hand and by SciPy, budgets, ranks, the Pareto front against brute force, and the
 * noise of a two-way layout against its residuals. */
#include "unit.h"

#include <math.h>

#include "base/memory.h"
#include "base/random.h"
#include "validate/choose.h"

enum { SPLITS = 5, MODELS = 4 };

/* Losses; from simple to strong. The last is the best by 0.02 with differences that vary. */
static const double LOSSES[MODELS][SPLITS] = {
    {1.50, 1.40, 1.60, 1.55, 1.45},
    {1.04, 0.99, 1.13, 1.05, 0.99},
    {1.02, 0.97, 1.11, 1.02, 0.98},
    {1.00, 0.97, 1.08, 1.01, 0.94},
};

static mlsd__contender models[MODELS];
static mlsd__choice choice;

static mlsd__choice_rule rule_of(int64_t rule)
{
    return (mlsd__choice_rule){
        .rule = rule, .max_latency_us = NAN, .max_bytes = NAN, .level = 0.95, .test_train = 0.25};
}

static void reset(void)
{
    for (int i = 0; i < MODELS; i++)
        models[i] = (mlsd__contender){
            .scores = LOSSES[i], .simplicity = i, .latency_us = 1 + i, .n_bytes = 1000 - 100 * i};
}

static void choose(const mlsd__choice_rule *rule)
{
    ASSERT_OK(mlsd__choose(&mlsd__libc_allocator, rule, models, MODELS, SPLITS, &choice));
}

static void test_choose__rules(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    reset();
    choose(&rule);
    assert_int_equal(choice.best, 3);
    assert_int_equal(choice.chosen, 3);
    /* mean 1.00, s = 0.052440442, se = s sqrt(1/5 + 1/4) = 0.035178 */
    ASSERT_NEAR(models[3].score.se, 0.0351781181986757, 1e-12);
    rule.rule = MLSD__CHOOSE_ONE_SE;
    choose(&rule);
    assert_int_equal(choice.chosen, 2); /* 1.02 <= 1.0352 < 1.04 */
    assert_false(models[1].is_within);
    rule.rule = MLSD__CHOOSE_TOLERANCE;
    rule.tolerance = 0.041;
    choose(&rule);
    assert_int_equal(choice.chosen, 1);
    rule.tolerance = 0;
    choose(&rule);
    assert_int_equal(choice.chosen, 3);
}

/* Differences of model 1 to the best: .04 .02 .05 .04 .05: mean .04, s = .0122474, se =
 * s sqrt(.45) = .00821584, df 4. P(worse by more than rope) by SciPy's t.sf((rope - .04) / se, 4):
 * .0468 at .058, .0552 at .0568. */
static void test_choose__rope(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_ROPE);
    reset();
    rule.rope = 0.058;
    choose(&rule);
    assert_int_equal(choice.chosen, 1);
    rule.rope = 0.0568;
    choose(&rule);
    assert_int_equal(choice.chosen, 2);
    rule.rope = 0;
    choose(&rule);
    assert_int_equal(choice.chosen, 3);
}

/* Of equal scores and equal simplicity the earliest is best and chosen; a constant difference is
 * worse by more than the rope for sure, or for sure not; nothing without a score is eligible. */
static void test_choose__ties_and_constant_differences(void **state)
{
    (void)state;
    static const double missing[SPLITS] = {NAN, NAN, NAN, NAN, NAN};
    double shifted[SPLITS];
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_ONE_SE);
    reset();
    for (int i = 0; i < MODELS; i++) models[i].simplicity = 0;
    for (int i = 1; i < MODELS; i++) models[i].scores = LOSSES[3];
    choose(&rule);
    assert_int_equal(choice.best, 1);
    assert_int_equal(choice.chosen, 1);
    models[0].simplicity = models[1].simplicity = 1; /* the later ones are simpler */
    choose(&rule);
    assert_int_equal(choice.best, 2);
    assert_int_equal(choice.chosen, 2);
    for (int k = 0; k < SPLITS; k++) shifted[k] = LOSSES[3][k] + 0.25;
    rule = rule_of(MLSD__CHOOSE_ROPE);
    reset();
    models[0].scores = shifted;
    rule.rope = 0.2;
    choose(&rule);
    assert_false(models[0].is_within);
    rule.rope = 0.3;
    choose(&rule);
    assert_true(models[0].is_within);
    assert_int_equal(choice.chosen, 0);
    for (int i = 0; i < MODELS; i++) models[i].scores = missing;
    choose(&rule);
    assert_int_equal(choice.n_eligible, 0);
    assert_int_equal(choice.best, -1);
}

static void test_choose__greater_is_better(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_ONE_SE);
    rule.greater_is_better = true;
    reset();
    choose(&rule);
    assert_int_equal(choice.best, 0);
    assert_int_equal(choice.chosen, 0);
    rule.rule = MLSD__CHOOSE_ROPE;
    rule.rope = 1;
    models[3].simplicity = -1;
    choose(&rule);
    assert_int_equal(choice.chosen, 3);
}

static void test_choose__budgets(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    rule.max_latency_us = 2.5;
    reset();
    choose(&rule);
    assert_int_equal(choice.best, 1);
    assert_int_equal(choice.n_affordable, 2);
    assert_int_equal(choice.chosen, 1);
    assert_false(mlsd__choice_misses(&choice));
}

static void assert_says(const mlsd__choice_rule *rule, const char *wanted)
{
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__choice_say(rule, models, &choice, "model", "best of all", &t);
    ASSERT_OK(t.status);
    assert_string_equal(t.data, wanted);
    mlsd__text_free(&t);
}

/* The nearest by how many times a budget is exceeded, by the worse of two: with 1 us and 450 bytes
 * that is 2.2 for 1 us and 1000 bytes, 2 for 2 us and 900 bytes, 3 and 4 for the others. */
static void test_choose__nearest_to_a_budget_that_nobody_meets(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_ONE_SE);
    reset();
    rule.max_latency_us = 0.5;
    choose(&rule);
    assert_true(mlsd__choice_misses(&choice));
    assert_int_equal(choice.n_affordable, 0);
    assert_int_equal(choice.chosen, 0);
    assert_int_equal(choice.best, 3);
    assert_false(models[0].is_within);
    ASSERT_OK(mlsd__choice_require(&choice, "model", "rmse", NULL));
    assert_says(&rule,
                ", the nearest to the budget, which no model meets (1 us a row where "
                "'max_latency_us' is 0.5000); the best without it is 'best of all' (1.0000)");
    rule.max_latency_us = NAN;
    rule.max_bytes = 10;
    choose(&rule);
    assert_int_equal(choice.chosen, 3);
    assert_says(&rule, ", the nearest to the budget, which no model meets (700 bytes where "
                       "'max_bytes' is 10)");
    rule.max_latency_us = 1;
    rule.max_bytes = 450;
    choose(&rule);
    assert_int_equal(choice.chosen, 1);
}

/* Whose cost is not known comes last; equal ones are told apart by score, then by simplicity. */
static void test_choose__nearest_by_score_where_costs_are_alike(void **state)
{
    (void)state;
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    rule.max_bytes = 10;
    reset();
    for (int i = 0; i < MODELS; i++) models[i].n_bytes = 500;
    models[3].n_bytes = NAN;
    choose(&rule);
    assert_int_equal(choice.chosen, 2);
    assert_int_equal(choice.best, 3);
    models[1].scores = LOSSES[2];
    choose(&rule);
    assert_int_equal(choice.chosen, 1);
    for (int i = 0; i < MODELS; i++) models[i].n_bytes = NAN;
    choose(&rule);
    assert_int_equal(choice.chosen, 3);
    models[3].is_out = true;
    choose(&rule);
    assert_int_equal(choice.chosen, 1);
}

static void test_choose__ranks_share_and_missing_come_last(void **state)
{
    (void)state;
    static const double GAP[SPLITS] = {0.1, NAN, 0.1, 0.1, 0.1};
    mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    reset();
    models[0].scores = GAP;
    models[2].scores = LOSSES[3];
    choose(&rule);
    assert_int_equal(models[0].rank, 4);
    assert_int_equal(models[1].rank, 3);
    assert_int_equal(models[2].rank, 1);
    assert_int_equal(models[3].rank, 1);
    assert_int_equal(choice.best, 2); /* the simpler of the two */
    assert_false(models[0].is_eligible);
    models[1].is_out = models[2].is_out = models[3].is_out = true;
    choose(&rule);
    assert_int_equal(choice.best, 0); /* nobody has more scores now */
    models[0].is_out = true;
    choose(&rule);
    ASSERT_FAILS(MLSD_E_DATA, "no model has a rmse on any split: it burned",
                 mlsd__choice_require(&choice, "model", "rmse", "it burned"));
}

/* 200 models of whole numbers, so that there are ties of all kinds. */
static void test_choose__front_as_brute_force(void **state)
{
    (void)state;
    enum { N = 200 };
    static double scores[N];
    static mlsd__contender many[N];
    mlsd__stream stream;
    mlsd__stream_init(&stream, 5, 0, 0, 0, 1);
    for (int i = 0; i < N; i++) {
        scores[i] = (double)mlsd__stream_below(&stream, 12);
        many[i] = (mlsd__contender){.scores = &scores[i],
                                    .latency_us = (double)mlsd__stream_below(&stream, 12),
                                    .n_bytes = (double)mlsd__stream_below(&stream, 12)};
    }
    const mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    ASSERT_OK(mlsd__choose(&mlsd__libc_allocator, &rule, many, N, 1, &choice));
    int n_front = 0;
    for (int i = 0; i < N; i++) {
        bool is_dominated = false;
        for (int j = 0; j < N && !is_dominated; j++) {
            const bool no_worse = scores[j] <= scores[i] &&
                                  many[j].latency_us <= many[i].latency_us &&
                                  many[j].n_bytes <= many[i].n_bytes;
            is_dominated =
                no_worse && (scores[j] < scores[i] || many[j].latency_us < many[i].latency_us ||
                             many[j].n_bytes < many[i].n_bytes);
        }
        assert_int_equal(many[i].on_front, !is_dominated);
        n_front += many[i].on_front;
    }
    assert_in_range(n_front, 3, N / 2);
}

static void test_choose__noise_is_the_residual_of_the_layout(void **state)
{
    (void)state;
    const mlsd__choice_rule rule = rule_of(MLSD__CHOOSE_BEST);
    reset();
    choose(&rule);
    double sum = 0, total = 0, row[MODELS] = {0}, column[SPLITS] = {0};
    for (int i = 0; i < MODELS; i++) {
        for (int k = 0; k < SPLITS; k++) {
            row[i] += LOSSES[i][k] / SPLITS;
            column[k] += LOSSES[i][k] / MODELS;
            total += LOSSES[i][k] / SPLITS / MODELS;
        }
    }
    for (int i = 0; i < MODELS; i++) {
        for (int k = 0; k < SPLITS; k++) {
            const double r = LOSSES[i][k] - row[i] - column[k] + total;
            sum += r * r;
        }
    }
    const double wanted = sqrt((1.0 / SPLITS + 0.25) * sum / (MODELS - 1) / (SPLITS - 1));
    ASSERT_NEAR(mlsd__choice_noise(&rule, models, MODELS, SPLITS), wanted, 1e-14);
    models[0].is_eligible = models[1].is_eligible = models[2].is_eligible = false;
    assert_true(isnan(mlsd__choice_noise(&rule, models, MODELS, SPLITS)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choose__rules),
        cmocka_unit_test(test_choose__rope),
        cmocka_unit_test(test_choose__ties_and_constant_differences),
        cmocka_unit_test(test_choose__greater_is_better),
        cmocka_unit_test(test_choose__budgets),
        cmocka_unit_test(test_choose__nearest_to_a_budget_that_nobody_meets),
        cmocka_unit_test(test_choose__nearest_by_score_where_costs_are_alike),
        cmocka_unit_test(test_choose__ranks_share_and_missing_come_last),
        cmocka_unit_test(test_choose__front_as_brute_force),
        cmocka_unit_test(test_choose__noise_is_the_residual_of_the_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
