/* test_paths_bayes.c - many settings and all folds of gaussian_nb from the same sums, beside the
 * plain loop. */
#include "path_checks.h"

#define SETTING(v) "{\"kind\":\"gaussian_nb\",\"var_smoothing\":" v "}"
static const char *const SETTINGS[] = {SETTING("1e-9"), SETTING("0.1"), SETTING("1"),
                                       "{\"kind\":\"gaussian_nb\",\"priors\":[0.2,0.3,0.5]}"};
static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";

static path_counts check_data(linear_data *d, int64_t k, int weighted, const char *splitter,
                              int64_t n_settings, double tolerance)
{
    mlsd_dataset *data = dataset_of(d, k == 2 ? MLSD_TASK_BINARY : MLSD_TASK_MULTICLASS, weighted);
    mlsd_folds *folds = path_split(data, splitter);
    const path_question q = {.settings = SETTINGS,
                             .n_settings = n_settings,
                             .data = data,
                             .folds = folds,
                             .is_partition = strstr(splitter, "\"kfold") != NULL,
                             .what = MLSD_OUTPUT_PROBA};
    const path_counts counts = path_check(&q, tolerance);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    return counts;
}

static path_counts compare(int64_t n, int64_t k, int weighted, double offset, const char *splitter)
{
    linear_data d = make_linear_data(n, 4, k, 17);
    for (int64_t i = 0; i < n * 4; i++) d.x[i] += offset;
    const path_counts counts = check_data(&d, k, weighted, splitter, k == 3 ? 4 : 3, 1e-10);
    free_linear_data(&d);
    return counts;
}

static void expect(path_counts n, int64_t by_run, int64_t by_folds)
{
    assert_int_equal(n.by_run, by_run);
    assert_int_equal(n.by_folds, by_folds);
}

static void test_gaussian_nb_path__as_the_plain_loop(void **state)
{
    (void)state;
    const char *const drawn = "{\"kind\":\"shuffle_split\",\"n_splits\":4,\"test_size\":0.3}";
    expect(compare(300, 2, 0, 0, KFOLD), 15, 15);
    expect(compare(300, 3, 1, 100, KFOLD), 20, 20);
    expect(compare(3000, 4, 1, 0, KFOLD), 15, 15);
    expect(compare(300, 3, 0, 0, drawn), 16, 0);
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
    expect(check_data(&d, 3, 0, in_order, 4, 1e-10), 20, 20);
    d.x[5] = NAN;
    expect(check_data(&d, 3, 0, in_order, 4, 0), 0, 0);
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
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_folds *folds = path_split(data, KFOLD);
    for (int kind = 0; kind < 2; kind++) {
        const path_question q = {.settings = settings + (kind == 0 ? 0 : 3),
                                 .n_settings = kind == 0 ? 3 : 2,
                                 .data = data,
                                 .folds = folds,
                                 .is_partition = true,
                                 .what = MLSD_OUTPUT_PROBA};
        expect(path_check(&q, 1e-10), kind == 0 ? 15 : 10, kind == 0 ? 15 : 10);
        if (kind == 0) path_refusals(&q);
    }
    mlsd_dataset_free(data);
    d.x[3] = -1; /* not a count: every split fails, as its training or test rows hold it */
    data = dataset_of(&d, MLSD_TASK_MULTICLASS, 0);
    const path_question bad = {.settings = settings,
                               .n_settings = 3,
                               .data = data,
                               .folds = folds,
                               .is_partition = true,
                               .what = MLSD_OUTPUT_PROBA};
    expect(path_check(&bad, 0), 0, 0);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
}

static void test_gaussian_nb_path__refused_allocations(void **state)
{
    (void)state;
    linear_data d = make_linear_data(60, 3, 3, 5);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_MULTICLASS, 1);
    mlsd_folds *folds = path_split(data, "{\"kind\":\"kfold\",\"n_splits\":2}");
    const path_question q = {.settings = SETTINGS,
                             .n_settings = 2,
                             .data = data,
                             .folds = folds,
                             .is_partition = true,
                             .what = MLSD_OUTPUT_PROBA};
    path_refusals(&q);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
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
