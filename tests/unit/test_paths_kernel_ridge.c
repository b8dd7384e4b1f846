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

static path_counts compare(int64_t n, int weighted, const char *const *settings, int64_t n_settings,
                           double tolerance)
{
    linear_data d = make_linear_data(n, 3, 0, 17);
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, weighted);
    mlsd_folds *folds = path_split(data, KFOLD);
    const path_question q = {.settings = settings,
                             .n_settings = n_settings,
                             .data = data,
                             .folds = folds,
                             .what = MLSD_OUTPUT_VALUE};
    const path_counts counts = path_check(&q, tolerance);
    if (n < 50) path_refusals_of(&q, 0);
    mlsd_folds_free(folds);
    mlsd_dataset_free(data);
    free_linear_data(&d);
    return counts;
}

static void test_kernel_ridge_path__as_the_plain_loop(void **state)
{
    (void)state;
    assert_int_equal(compare(240, 0, RBFS, 8, 1e-10).by_run, 24);
    assert_int_equal(compare(240, 1, RBFS, 8, 1e-10).by_run, 24);
    assert_int_equal(compare(700, 0, RBFS, 8, 1e-10).by_run, 24);
    /* Few penalties, and kernels that need not be positive: as alone, to the last bit. */
    assert_int_equal(compare(240, 1, RBFS, 3, 0).by_run, 9);
    assert_int_equal(compare(240, 1, SIGMOIDS, 7, 0).by_run, 21);
    assert_int_equal(compare(40, 1, RBFS, 8, 1e-10).by_run, 24);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kernel_ridge_path__as_the_plain_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
