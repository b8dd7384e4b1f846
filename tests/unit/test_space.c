/* Search spaces: what their texts mean, what is wrong with bad ones, and the candidates made of
 * them. Order and number of grids against scikit-learn's ParameterGrid, whose rule is itertools'
 * product (here in the order as listed); draws against their own definition. */
#include "unit.h"

#include <math.h>

#include "mlsd/mlsd.h"
#include "base/scope.h"
#include "validate/space.h"

static mlsd_spec *ridge, *knn, *pipeline;

static int set_up(void **state)
{
    (void)state;
    mlsd_spec *scale = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &ridge));
    ASSERT_OK(mlsd_spec_new(NULL, "k_neighbors_classifier", &knn));
    ASSERT_OK(mlsd_spec_new(NULL, "pipeline", &pipeline));
    ASSERT_OK(mlsd_spec_new(NULL, "standardize", &scale));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, scale));
    ASSERT_OK(mlsd_spec_add(pipeline, "steps", NULL, ridge));
    mlsd_spec_free(scale);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mlsd_spec_free(ridge);
    mlsd_spec_free(knn);
    mlsd_spec_free(pipeline);
    return 0;
}

/* Read up to four entries. */
static mlsd_status read_space(const mlsd_spec *spec, const char *const *texts, int64_t n,
                              mlsd__space *out)
{
    char *entries[4];
    for (int64_t i = 0; i < n; i++) entries[i] = (char *)(uintptr_t)texts[i];
    const mlsd__str_list list = {entries, n};
    return mlsd__space_read(&mlsd__libc_allocator, spec, &list, out);
}

#define READ(spec, space, ...)                                                               \
    read_space((spec), (const char *const[]){__VA_ARGS__},                                   \
               (int64_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)), \
               (space))

#define REFUSES(status, text, spec, ...)                                \
    do {                                                                \
        mlsd__space refused_;                                           \
        ASSERT_FAILS(status, text, READ(spec, &refused_, __VA_ARGS__)); \
    } while (0)

static void assert_texts(const mlsd__candidates *c, int64_t i, const char *const *wanted)
{
    for (int64_t k = 0; k < c->n_names; k++) {
        const char *const text = c->texts[i * c->n_names + k];
        if (wanted[k] == NULL)
            assert_null(text);
        else
            assert_string_equal(text, wanted[k]);
    }
}

static void test_space__grid_in_order(void **state)
{
    (void)state;
    mlsd__space space;
    mlsd__candidates c;
    ASSERT_OK(READ(pipeline, &space, "ridge.alpha = 0.1, 1,10",
                   "standardize.with_mean = true, false", "or", "ridge.fit_intercept=false"));
    assert_int_equal(mlsd__space_size(&space), 7);
    assert_false(mlsd__space_has_range(&space));
    ASSERT_OK(mlsd__space_grid(&space, pipeline, &c));
    assert_int_equal(c.n, 7);
    assert_int_equal(c.n_names, 3);
    static const char *const wanted[7][3] = {
        {"0.1", "true", NULL}, {"0.1", "false", NULL}, {"1", "true", NULL},  {"1", "false", NULL},
        {"10", "true", NULL},  {"10", "false", NULL},  {NULL, NULL, "false"}};
    for (int64_t i = 0; i < 7; i++) assert_texts(&c, i, wanted[i]);
    double alpha = 0;
    int32_t on = 1;
    ASSERT_OK(mlsd_spec_get_f64(c.specs[4], "ridge.alpha", &alpha));
    ASSERT_NEAR(alpha, 10, 0);
    ASSERT_OK(mlsd_spec_get_bool(c.specs[6], "ridge.fit_intercept", &on));
    assert_int_equal(on, 0);
    mlsd__text t;
    mlsd__text_init(&t, &mlsd__libc_allocator);
    mlsd__candidate_say(&c, 3, &t);
    assert_string_equal(t.data, "ridge.alpha = 1, standardize.with_mean = false");
    mlsd__text_free(&t);
    mlsd__candidates_free(&c);
    mlsd__space_free(&space);
}

/* Texts in quotes, and a list that was cut at its commas on the way here. */
static void test_space__quotes_and_cut_lists(void **state)
{
    (void)state;
    mlsd__space space;
    mlsd__candidates c;
    ASSERT_OK(READ(knn, &space, "n_neighbors = 3", "5", " 7 ", "weights = \"distance\", uniform"));
    ASSERT_OK(mlsd__space_grid(&space, knn, &c));
    assert_int_equal(c.n, 6);
    assert_texts(&c, 5, (const char *const[]){"7", "uniform"});
    mlsd__candidates_free(&c);
    mlsd__space_free(&space);
    ASSERT_OK(READ(ridge, &space, "alpha ~ log_uniform(0.001", "1000)"));
    assert_true(mlsd__space_has_range(&space));
    ASSERT_NEAR(space.grids[0].axes[0].high, 1000, 0);
    mlsd__space_free(&space);
}

static void test_space__says_what_is_wrong(void **state)
{
    (void)state;
    REFUSES(MLSD_E_PARAM_UNKNOWN,
            "entry 1 of 'space' ('alhpa = 1'): ridge has no parameter 'alhpa'; "
            "did you mean 'alpha'?",
            ridge, "fit_intercept = true", "alhpa = 1");
    REFUSES(MLSD_E_CHILD, "pipeline has no child 'rigde'; did you mean 'ridge'?", pipeline,
            "rigde.alpha = 1");
    REFUSES(MLSD_E_CHILD, "pipeline has no child 'model'; it has standardize, ridge", pipeline,
            "model.alpha = 1");
    REFUSES(MLSD_E_PARAM_UNKNOWN, "ridge has no parameter 'C'; it has alpha, fit_intercept", ridge,
            "C = 1");
    REFUSES(MLSD_E_PARAM_UNKNOWN,
            "pipeline has no parameter 'step'; a spec goes into its slot 'steps'", pipeline,
            "step = ridge");
    REFUSES(MLSD_E_PARAM_TYPE, "'alpha' is a number, got 'one'", ridge, "alpha = 1, one");
    REFUSES(MLSD_E_PARAM_RANGE, "'alpha' must be in [0", ridge, "alpha = 1, -1");
    REFUSES(MLSD_E_PARAM_RANGE, "weights", knn, "weights = uniform, far");
    REFUSES(MLSD_E_PARAM_CONFLICT, "the value 1.0 of 'alpha' stands there twice", ridge,
            "alpha = 1, 2, 1.0");
    REFUSES(MLSD_E_PARAM_CONFLICT, "'alpha' stands in entry 0 as well", ridge, "alpha = 1",
            "alpha = 2");
    REFUSES(MLSD_E_PARSE, "there is no value for 'alpha'", ridge, "alpha = ");
    REFUSES(MLSD_E_PARSE, "a value is missing", ridge, "alpha = 1,,2");
    REFUSES(MLSD_E_PARSE, "a value is missing", ridge, "alpha = 1,");
    REFUSES(MLSD_E_PARSE, "a quote is open", knn, "weights = \"uniform");
    REFUSES(MLSD_E_PARSE, "there must be a comma", knn, "weights = \"uniform\" x");
    REFUSES(MLSD_E_PARSE, "write \"name = value, value\"", ridge, "alpha");
    REFUSES(MLSD_E_PARSE, "no name in front", ridge, "= 1, 2");
    REFUSES(MLSD_E_PARSE, "on one side of \"or\"", ridge, "or", "alpha = 1");
    REFUSES(MLSD_E_PARSE, "'space' ends with \"or\"", ridge, "alpha = 1", "or");
    REFUSES(MLSD_E_PARSE, "did you mean 'uniform'?", ridge, "alpha ~ unifrom(0, 1)");
    REFUSES(MLSD_E_PARSE, "a range is written as uniform(low, high)", ridge, "alpha ~ uniform(0)");
    REFUSES(MLSD_E_PARSE, "'zero' is no number", ridge, "alpha ~ uniform(zero, 1)");
    REFUSES(MLSD_E_PARAM_RANGE, "low must be below high, got 2 and 1", ridge,
            "alpha ~ uniform(2, 1)");
    REFUSES(MLSD_E_PARAM_RANGE, "low must be above 0 to step by factors, got 0", ridge,
            "alpha ~ log_uniform(0, 1)");
    REFUSES(MLSD_E_PARAM_RANGE, "'alpha' must be in", ridge, "alpha ~ uniform(-1, 1)");
    REFUSES(MLSD_E_PARAM_TYPE, "write integers(1, 9)", knn, "n_neighbors ~ uniform(1, 9)");
    REFUSES(MLSD_E_PARAM_TYPE, "must be whole numbers, got 1 and 9.5", knn,
            "n_neighbors ~ integers(1, 9.5)");
    REFUSES(MLSD_E_PARAM_TYPE, "is no number, so it has no range", knn, "weights ~ uniform(0, 1)");
    mlsd__space space;
    const mlsd__str_list none = {NULL, 0};
    ASSERT_FAILS(MLSD_E_PARSE, "'space' is empty",
                 mlsd__space_read(&mlsd__libc_allocator, ridge, &none, &space));
    mlsd__candidates c;
    ASSERT_OK(READ(ridge, &space, "fit_intercept = true, false", "alpha ~ uniform(0, 1)"));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "entry 1 of 'space' ('alpha ~ uniform(0, 1)') is a range",
                 mlsd__space_grid(&space, ridge, &c));
    mlsd__space_free(&space);
}

/* Parameters that do not go together are found before the first fit, with the candidate. */
static void test_space__checks_candidates(void **state)
{
    (void)state;
    mlsd__space space;
    mlsd__candidates c;
    mlsd_spec *sgd = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "sgd_classifier", &sgd));
    ASSERT_OK(READ(sgd, &space, "alpha = 1, 0", "learning_rate = optimal"));
    ASSERT_OK(mlsd__space_grid(&space, sgd, &c));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT,
                 "candidate 1 (alpha = 0, learning_rate = optimal): 'alpha' must",
                 mlsd__candidates_check(&c, MLSD_TASK_BINARY));
    mlsd__candidates_free(&c);
    mlsd__space_free(&space);
    mlsd_spec_free(sgd);
}

/* Without a range: combinations without replacement, the first ones of a longer draw, and no more
 * than there are. */
static void test_space__draws_combinations(void **state)
{
    (void)state;
    mlsd__space space;
    mlsd__candidates few, all;
    ASSERT_OK(
        READ(knn, &space, "n_neighbors = 1,2,3,4,5,6,7,8,9,10", "weights = uniform, distance"));
    ASSERT_OK(mlsd__space_draw(&space, knn, 6, 42, &few));
    ASSERT_OK(mlsd__space_draw(&space, knn, 1000, 42, &all));
    assert_int_equal(few.n, 6);
    assert_int_equal(all.n, 20);
    bool seen[20] = {false};
    int64_t in_place = 0;
    for (int64_t i = 0; i < 20; i++) {
        assert_false(seen[all.place[i]]);
        seen[all.place[i]] = true;
        in_place += all.place[i] == i;
        if (i < 6) assert_int_equal(few.place[i], all.place[i]);
    }
    assert_true(in_place < 8);
    mlsd__candidates_free(&all);
    ASSERT_OK(mlsd__space_draw(&space, knn, 6, 43, &all));
    int64_t same = 0;
    for (int64_t i = 0; i < 6; i++) same += few.place[i] == all.place[i];
    assert_true(same < 6);
    mlsd__candidates_free(&all);
    mlsd__candidates_free(&few);
    mlsd__space_free(&space);
}

/* Ranges have the distribution they are called by: means and ends over 4,000 draws, the limits
 * being five standard errors. */
static void test_space__draws_from_ranges(void **state)
{
    (void)state;
    enum { N = 4000 };
    mlsd__space space;
    mlsd__candidates c;
    ASSERT_OK(READ(knn, &space, "n_neighbors ~ integers(1, 4)", "p ~ log_uniform(1, 100)", "or",
                   "n_neighbors ~ log_uniform(1, 99)"));
    ASSERT_OK(mlsd__space_draw(&space, knn, N, 7, &c));
    int64_t counts[5] = {0}, n_first = 0, n_ones = 0;
    double sum_logs = 0;
    for (int64_t i = 0; i < N; i++) {
        const bool is_first = c.texts[i * c.n_names + 1] != NULL;
        int64_t k = 0;
        double p = 0;
        ASSERT_OK(mlsd_spec_get_i64(c.specs[i], "n_neighbors", &k));
        ASSERT_OK(mlsd_spec_get_f64(c.specs[i], "p", &p));
        assert_int_equal(c.place[i], -1);
        n_first += is_first;
        n_ones += !is_first && k == 1;
        if (!is_first) continue;
        assert_in_range(k, 1, 4);
        counts[k]++;
        assert_true(p > 1 && p < 100);
        sum_logs += log10(p);
    }
    ASSERT_NEAR((double)n_first / N, 0.5, 5 * 0.5 / sqrt(N));
    for (int64_t k = 1; k <= 4; k++)
        ASSERT_NEAR((double)counts[k] / (double)n_first, 0.25, 5 * 0.433 / sqrt(N / 2.0));
    ASSERT_NEAR(sum_logs / (double)n_first, 1, 5 * 2 / sqrt(12.0) / sqrt(N / 2.0));
    /* [1, 2) is log 2 / log 100 of [1, 100). */
    ASSERT_NEAR((double)n_ones / (double)(N - n_first), log(2) / log(100),
                5 * 0.36 / sqrt(N / 2.0));
    mlsd__candidates_free(&c);
    ASSERT_OK(mlsd__space_draw(&space, knn, 3, 7, &c));
    mlsd__candidates again;
    ASSERT_OK(mlsd__space_draw(&space, knn, 9, 7, &again));
    for (int64_t i = 0; i < 3 * c.n_names; i++) {
        assert_true((c.texts[i] == NULL) == (again.texts[i] == NULL));
        if (c.texts[i] != NULL) assert_string_equal(c.texts[i], again.texts[i]);
    }
    mlsd__candidates_free(&again);
    mlsd__candidates_free(&c);
    mlsd__space_free(&space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_space__grid_in_order),
        cmocka_unit_test(test_space__quotes_and_cut_lists),
        cmocka_unit_test(test_space__says_what_is_wrong),
        cmocka_unit_test(test_space__checks_candidates),
        cmocka_unit_test(test_space__draws_combinations),
        cmocka_unit_test(test_space__draws_from_ranges),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
