/* test_paths_kernel_ridge.c - all penalties of kernel_ridge from one kernel matrix, beside the
 * plain loop. */
#include "path_checks.h"

#define RBF(alpha) "{\"kind\":\"kernel_ridge\",\"kernel\":\"rbf\",\"alpha\":" alpha "}"
#define SIGMOID(alpha) "{\"kind\":\"kernel_ridge\",\"kernel\":\"sigmoid\",\"alpha\":" alpha "}"
static const char *const RBFS[] = {RBF("1"),   RBF("0.1"),  RBF("10"),  RBF("0.01"),
                                   RBF("100"), RBF("1e-9"), RBF("0.5"), RBF("0")};
static const char *const SIGMOIDS[] = {SIGMOID("1"), SIGMOID("0.1"), SIGMOID("10"), SIGMOID("2"),
                                       SIGMOID("3"), SIGMOID("4"),   SIGMOID("5")};
static const char *const KFOLD = "{\"kind\":\"kfold\",\"n_splits\":3,\"shuffle\":true}";

static void compare(int64_t n, int weighted, const char *const *settings, int64_t n_settings,
                    double tolerance)
{
    linear_data d = make_linear_data(n, 3, 0, 17);
    const path_question ask = {
        .settings = settings, .n_settings = n_settings, .what = MLSD_OUTPUT_VALUE};
    path_expect(&d, 0, weighted, KFOLD, &ask, tolerance, (path_counts){3 * n_settings, 0});
    free_linear_data(&d);
}

static void test_kernel_ridge_path__as_the_plain_loop(void **state)
{
    (void)state;
    compare(240, 0, RBFS, 8, 1e-10);
    compare(240, 1, RBFS, 8, 1e-10);
    compare(700, 0, RBFS, 8, 1e-10);
    /* Few penalties, and kernels that need not be positive: as alone, to the last bit. */
    compare(240, 1, RBFS, 3, 0);
    compare(240, 1, SIGMOIDS, 7, 0);
    compare(40, 1, RBFS, 8, 1e-10);
}

static void test_kernel_ridge_path__refused_allocations(void **state)
{
    (void)state;
    linear_data d = make_linear_data(40, 3, 0, 17);
    const path_question ask = {.settings = RBFS, .n_settings = 8, .what = MLSD_OUTPUT_VALUE};
    path_setup setup = path_open(&d, 0, 1, KFOLD, &ask);
    path_refusals_of(&setup.q, 0);
    path_close(&setup);
    free_linear_data(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_ridge_path__as_the_plain_loop),
        cmocka_unit_test(test_kernel_ridge_path__refused_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
