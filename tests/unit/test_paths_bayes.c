/* test_paths_bayes.c - many settings and all folds of gaussian_nb from the same sums, beside the
 * plain loop. */
#include "path_checks.h"

#define SETTING(v) "{\"kind\":\"gaussian_nb\",\"var_smoothing\":" v "}"
static const char *const SETTINGS[] = {SETTING("1e-9"), SETTING("0.1"), SETTING("1"),
                                       "{\"kind\":\"gaussian_nb\",\"priors\":[0.2,0.3,0.5]}"};
static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";

static void check_data(const linear_data *d, int64_t k, int weighted, const char *splitter,
                       double tolerance, path_counts want)
{
    const path_question ask = {
        .settings = SETTINGS, .n_settings = k == 3 ? 4 : 3, .what = MLSD_OUTPUT_PROBA};
    path_expect(d, k, weighted, splitter, &ask, tolerance, want);
}

static void compare(int64_t n, int64_t k, int weighted, double offset, const char *splitter,
                    int64_t by_run, int64_t by_folds)
{
    linear_data d = make_linear_data(n, 4, k, 17);
    for (int64_t i = 0; i < n * 4; i++) d.x[i] += offset;
    check_data(&d, k, weighted, splitter, 1e-10, (path_counts){by_run, by_folds});
    free_linear_data(&d);
}

static void test_gaussian_nb_path__as_the_plain_loop(void **state)
{
    (void)state;
    const char *const drawn = "{\"kind\":\"shuffle_split\",\"n_splits\":4,\"test_size\":0.3}";
    compare(300, 2, 0, 0, KFOLD, 15, 15);
    compare(300, 3, 1, 100, KFOLD, 20, 20);
    compare(3000, 4, 1, 0, KFOLD, 15, 15);
    compare(300, 3, 0, 0, drawn, 16, 0);
}

/* The last class has rows in the last fold only; a column is constant; a row is NaN. */
static void test_gaussian_nb_path__odd_folds(void **state)
{
    (void)state;
    linear_data d = make_linear_data(200, 3, 3, 5);
    for (int64_t i = 0; i < 200; i++) {
        d.y[i] = i >= 160 && i % 2 == 0 ? 2 : (double)(i % 2);
        d.x[i * 3 + 1] = 0.1;
    }
    const char *const in_order = "{\"kind\":\"kfold\",\"n_splits\":5}";
    check_data(&d, 3, 0, in_order, 1e-10, (path_counts){20, 20});
    d.x[5] = NAN;
    check_data(&d, 3, 0, in_order, 0, (path_counts){0, 0});
    free_linear_data(&d);
}

/* Counts: the same bits, of weights too where their sums have no rounding. */
static void test_discrete_nb_path__as_the_plain_loop(void **state)
{
    (void)state;
    const char *const settings[] = {
        "{\"kind\":\"multinomial_nb\",\"alpha\":0.5}", "{\"kind\":\"multinomial_nb\",\"alpha\":0}",
        "{\"kind\":\"multinomial_nb\",\"alpha\":2,\"fit_prior\":false}",
        "{\"kind\":\"bernoulli_nb\",\"alpha\":0.5}", "{\"kind\":\"bernoulli_nb\",\"alpha\":3}"};
    linear_data d = make_linear_data(200, 5, 3, 5);
    for (int64_t i = 0; i < 1000; i++) d.x[i] = floor(fabs(d.x[i]) * 2);
    const path_question multinomial = {
        .settings = settings, .n_settings = 3, .what = MLSD_OUTPUT_PROBA};
    const path_question bernoulli = {
        .settings = settings + 3, .n_settings = 2, .what = MLSD_OUTPUT_PROBA};
    path_expect(&d, 3, 1, KFOLD, &multinomial, 1e-10, (path_counts){15, 15});
    path_expect(&d, 3, 1, KFOLD, &bernoulli, 1e-10, (path_counts){10, 10});
    path_setup setup = path_open(&d, 3, 1, KFOLD, &multinomial);
    path_refusals(&setup.q);
    path_close(&setup);
    d.x[3] = -1; /* not a count: every split fails, as its training or test rows hold it */
    path_expect(&d, 3, 0, KFOLD, &multinomial, 0, (path_counts){0, 0});
    free_linear_data(&d);
}

static void test_gaussian_nb_path__refused_allocations(void **state)
{
    (void)state;
    const path_question ask = {.settings = SETTINGS, .n_settings = 2, .what = MLSD_OUTPUT_PROBA};
    path_refusals_made(3, &ask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaussian_nb_path__as_the_plain_loop),
        cmocka_unit_test(test_gaussian_nb_path__odd_folds),
        cmocka_unit_test(test_discrete_nb_path__as_the_plain_loop),
        cmocka_unit_test(test_gaussian_nb_path__refused_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
