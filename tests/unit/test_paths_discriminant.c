/* test_paths_discriminant.c - many settings and all folds of the discriminant analyses from the
 * moments of the classes, beside the plain loop. */
#include "path_checks.h"

#define LDA(more) "{\"kind\":\"linear_discriminant_analysis\"" more "}"
static const char *const LINEAR[] = {
    LDA(),
    LDA(",\"priors\":[0.2,0.3,0.5]"),
    LDA(",\"solver\":\"lsqr\""),
    LDA(",\"solver\":\"lsqr\",\"shrinkage\":0.3"),
    LDA(",\"solver\":\"eigen\",\"shrinkage\":0.01"),
    LDA(",\"solver\":\"lsqr\",\"auto_shrinkage\":true"),
};
#define QDA(more) "{\"kind\":\"quadratic_discriminant_analysis\"" more "}"
static const char *const QUADRATIC[] = {
    QDA(),
    QDA(",\"reg_param\":0.2"),
    QDA(",\"reg_param\":1,\"priors\":[0.2,0.3,0.5]"),
    QDA(",\"store_covariance\":true"),
};
enum { N_LINEAR = MLSD__COUNT(LINEAR), N_QUADRATIC = MLSD__COUNT(QUADRATIC), P = 4 };

static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":5,\"shuffle\":true}";
static const char *const DRAWN = "{\"kind\":\"shuffle_split\",\"n_splits\":4,\"test_size\":0.3}";
static const char *const SCALED = "{\"kind\":\"standardize\"}";

typedef struct asked {
    const char *const *settings;
    int64_t n_settings;
    const char *splitter, *standardize;
    int weighted;
    double tolerance;
} asked;

static void check_data(const linear_data *d, const asked *ask, int64_t by_run, int64_t by_folds)
{
    const path_question q = {.settings = ask->settings,
                             .n_settings = ask->n_settings,
                             .standardize = ask->standardize,
                             .what = MLSD_OUTPUT_PROBA};
    path_expect(d, 3, ask->weighted, ask->splitter, &q, ask->tolerance,
                (path_counts){by_run, by_folds});
}

static void compare(double offset, double scale, const asked *ask, int64_t by_run, int64_t by_folds)
{
    enum { N = 300 };
    linear_data d = make_linear_data(N, P, 3, 17);
    for (int64_t i = 0; i < N * P; i++) d.x[i] = d.x[i] * (i % P == 1 ? scale : 1) + offset;
    check_data(&d, ask, by_run, by_folds);
    free_linear_data(&d);
}

static void check_kind(const char *const *settings, int64_t n, int64_t n_scaled)
{
    const asked folds = {settings, n, KFOLD, NULL, 0, 1e-10};
    const asked weighted = {settings, n, KFOLD, NULL, 1, 1e-10};
    const asked drawn = {settings, n, DRAWN, NULL, 0, 1e-10};
    const asked scaled = {settings, n, KFOLD, SCALED, 1, 1e-10};
    compare(0, 1, &folds, 5 * n, 5 * n);
    compare(100, 50, &weighted, 5 * n, 5 * n);
    compare(100, 1e-3, &weighted, 5 * n, 0); /* too far from 0 */
    compare(0, 50, &drawn, 4 * n, 4 * n);
    compare(10, 50, &scaled, 0, 5 * n_scaled);
}

/* Shrinkage that the data choose looks at the rows, which a step before changes. */
static void test_linear_discriminant_path__as_the_plain_loop(void **state)
{
    (void)state;
    check_kind(LINEAR, N_LINEAR, N_LINEAR - 1);
}

static void test_quadratic_discriminant_path__as_the_plain_loop(void **state)
{
    (void)state;
    check_kind(QUADRATIC, N_QUADRATIC, N_QUADRATIC);
}

/* The last class has rows in the last fold only; then a column that is constant, which moments
 * leave alone; then a row that is NaN. */
static void check_odd(const char *const *settings, int64_t n, int64_t by_run_constant)
{
    const asked ask = {settings, n, "{\"kind\":\"kfold\",\"n_splits\":5}", NULL, 0, 1e-10};
    linear_data d = make_linear_data(200, 3, 3, 5);
    for (int64_t i = 0; i < 200; i++) d.y[i] = i >= 160 && i % 2 == 0 ? 2 : (double)(i % 2);
    check_data(&d, &ask, 5 * n, 5 * n);
    for (int64_t i = 0; i < 200; i++) d.x[i * 3 + 1] = 0.1;
    check_data(&d, &ask, by_run_constant, 0);
    d.x[5] = NAN;
    check_data(&d, &ask, 0, 0);
    free_linear_data(&d);
}

static void test_discriminant_path__odd_folds(void **state)
{
    (void)state;
    check_odd(LINEAR, 4, 5 * 4);
    check_odd(QUADRATIC, 2, 5);
}

static void test_discriminant_path__refused_allocations(void **state)
{
    (void)state;
    const char *const linear[] = {LINEAR[0], LINEAR[5]};
    for (int kind = 0; kind < 2; kind++) {
        const path_question ask = {
            .settings = kind == 0 ? linear : QUADRATIC, .n_settings = 2, .what = MLSD_OUTPUT_PROBA};
        path_refusals_made(3, &ask);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_linear_discriminant_path__as_the_plain_loop),
        cmocka_unit_test(test_quadratic_discriminant_path__as_the_plain_loop),
        cmocka_unit_test(test_discriminant_path__odd_folds),
        cmocka_unit_test(test_discriminant_path__refused_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
