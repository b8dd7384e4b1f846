/* test_multilabel_split.c - multilabel_stratified_kfold and multilabel_stratified_shuffle_split
 * against what the Python package iterative-stratification 0.1.9 printed. */
#include <math.h>

#include "failing_allocator.h"
#include "fold_text.h"

static const double labels[] = {1, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 1,
                                0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0};

#define KFOLD "{\"kind\":\"multilabel_stratified_kfold\""
#define SHUFFLE "{\"kind\":\"multilabel_stratified_shuffle_split\""

static mlsd_status split_labels(const mlsd_context *context, const char *json, int64_t n,
                                const double *values, int64_t n_labels, mlsd_folds **out)
{
    const mlsd_matrix view = {values, n, n_labels, n_labels, 1, MLSD_F64, 0};
    const mlsd_matrix *const column = &view;
    const char *const role = "target";
    mlsd_spec *spec = NULL;
    *out = NULL;
    mlsd_status status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK)
        status =
            mlsd_folds_split_columns(context, spec, n, &role, &column, values != NULL, NULL, out);
    mlsd_spec_free(spec);
    return status;
}

static void assert_labels_split(const char *json, const char *expected)
{
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(split_labels(NULL, json, 10, labels, 3, &folds));
    write_folds(folds, text);
    assert_string_equal(text, expected);
    mlsd_folds_free(folds);
}

static void test_multilabel_split__is_the_packages(void **state)
{
    (void)state;
    assert_labels_split(KFOLD ",\"n_splits\":2,\"shuffle\":true,\"seed\":1}",
                        "1 4 5 7 8|0 2 3 6 9;0 2 3 6 9|1 4 5 7 8");
    assert_labels_split(SHUFFLE ",\"n_splits\":2,\"test_size\":0.3,\"seed\":1}",
                        "1 2 3 4 5 6 8|0 7 9;0 1 3 5 6 7 8|2 4 9");
}

/* Labels of half, a fifth and a hundredth of 3000 rows: each fold of five has a fifth of each, give
 * or take one row. */
static void test_multilabel_split__folds_have_their_share_of_each_label(void **state)
{
    (void)state;
    enum { N = 3000, L = 3, K = 5 };
    static double many[N * L];
    static int64_t rows[N];
    int64_t all[L] = {0};
    uint32_t word = 5;
    for (int i = 0; i < N * L; i++) {
        word = word * 1664525u + 1013904223u;
        const double share[L] = {0.5, 0.2, 0.01};
        many[i] = (word >> 8) / 16777216.0 < share[i % L];
        all[i % L] += many[i] > 0;
    }
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_labels(NULL, KFOLD ",\"shuffle\":true,\"seed\":3}", N, many, L, &folds));
    for (int64_t k = 0; k < K; k++) {
        double tested[L] = {0};
        const int64_t n = mlsd_folds_part_size(folds, k, 1);
        assert_in_range(n, N / K - 1, N / K + 1);
        ASSERT_OK(mlsd_folds_part(folds, k, 1, rows, N));
        for (int64_t i = 0; i < n * L; i++) tested[i % L] += many[rows[i / L] * L + i % L];
        for (int j = 0; j < L; j++) assert_true(fabs(tested[j] - (double)all[j] / K) <= 1);
    }
    mlsd_folds_free(folds);
}

static void test_multilabel_split__errors_name_the_numbers(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    const double three[] = {1, 0, 1, 1, 0, 1};
    const double two_of_five[] = {2, 0, 1, 0, 1, 1};
    ASSERT_FAILS(MLSD_E_DATA, "n_splits=5 is more than the 3 rows; use at most 3",
                 split_labels(NULL, KFOLD "}", 3, three, 2, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "label", split_labels(NULL, KFOLD "}", 10, NULL, 0, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "0",
                 split_labels(NULL, KFOLD ",\"n_splits\":2}", 3, two_of_five, 2, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "test_size=3 must be less than the 3 rows",
                 split_labels(NULL, SHUFFLE ",\"test_size\":3}", 3, three, 2, &folds));
}

static void test_multilabel_split__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    static const char *const specs[] = {KFOLD ",\"n_splits\":2,\"shuffle\":true}",
                                        SHUFFLE ",\"n_splits\":2,\"test_size\":0.4}"};
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        for (long long fail_at = 1;; fail_at++) {
            failing_allocator f;
            mlsd_folds *folds = NULL;
            failing_allocator_init(&f, fail_at, 0);
            mlsd_context *const context = failing_context(&f, 1);
            if (context == NULL) continue;
            const mlsd_status status = split_labels(context, specs[s], 10, labels, 3, &folds);
            mlsd_context_free(context);
            const int failed = atomic_load(&f.failed) > 0;
            assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
            mlsd_folds_free(folds);
            assert_int_equal(atomic_load(&f.live_blocks), 0);
            if (!failed) break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multilabel_split__is_the_packages),
        cmocka_unit_test(test_multilabel_split__folds_have_their_share_of_each_label),
        cmocka_unit_test(test_multilabel_split__errors_name_the_numbers),
        cmocka_unit_test(test_multilabel_split__memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
