/* test_leave_out.c - leave_one_out and its kin, predefined_split and the repeated splitters, as
 * scikit-learn's documentation shows them; thousands of random cases are compared in
 * tests/reference/test_split_sklearn.py. */
#include "failing_allocator.h"
#include "fold_text.h"

static void test_leave_out__rows(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"leave_one_out\"}", 3, NULL, "1 2|0;0 2|1;0 1|2");
    assert_split("{\"kind\":\"leave_p_out\",\"p\":2}", 4, NULL,
                 "2 3|0 1;1 3|0 2;1 2|0 3;0 3|1 2;0 2|1 3;0 1|2 3");
}

static void test_leave_out__groups(void **state)
{
    (void)state;
    const double groups[] = {9, 2, 9, 5};
    assert_group_split("{\"kind\":\"leave_one_group_out\"}", 4, NULL, groups,
                       "0 2 3|1;0 1 2|3;1 3|0 2");
    assert_group_split("{\"kind\":\"leave_p_groups_out\",\"n_groups\":2}", 4, NULL, groups,
                       "0 2|1 3;3|0 1 2;1|0 2 3");
}

static void test_leave_out__predefined(void **state)
{
    (void)state;
    const double folds[] = {0, 1, -1, 1}, half[] = {0, 0.5, 1, 1}, never[] = {-1, -1, -1, -1};
    const char *const json = "{\"kind\":\"predefined_split\"}";
    assert_group_split(json, 4, NULL, folds, "1 2 3|0;0 2|1 3");
    assert_no_group_split(json, 4, NULL, half, MLSD_E_DATA, "whole number, got 0.5");
    assert_no_group_split(json, 4, NULL, never, MLSD_E_DATA, "never tested");
}

static void test_leave_out__errors_name_the_numbers(void **state)
{
    (void)state;
    const double groups[] = {1, 1, 1};
    assert_no_split("{\"kind\":\"leave_one_out\"}", 1, NULL, MLSD_E_DATA, "1 of 1 rows");
    assert_no_split("{\"kind\":\"leave_p_out\",\"p\":30}", 60, NULL, MLSD_E_DATA,
                    "more than 2147483647 splits");
    assert_no_group_split("{\"kind\":\"leave_one_group_out\"}", 3, NULL, groups, MLSD_E_DATA,
                          "1 of 1 groups");
}

/* The k-th allocation fails, of making folds and of reading a part. */
static void test_leave_out__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    static const char *const kinds[] = {
        "{\"kind\":\"leave_p_out\"}",
        "{\"kind\":\"leave_p_groups_out\"}",
        "{\"kind\":\"predefined_split\"}",
        "{\"kind\":\"group_kfold\",\"n_splits\":2}",
        "{\"kind\":\"group_kfold\",\"n_splits\":2,\"shuffle\":true}",
        "{\"kind\":\"stratified_group_kfold\",\"n_splits\":2}",
        "{\"kind\":\"repeated_kfold\",\"n_splits\":2}",
        "{\"kind\":\"repeated_stratified_kfold\",\"n_splits\":2}",
    };
    const double y[] = {0, 1, 0, 1, 0, 1}, groups[] = {1, 1, 2, 2, 3, 3};
    for (size_t s = 0; s < sizeof kinds / sizeof *kinds; s++) {
        for (long long k = 1, done = 0; !done; k++) {
            failing_allocator f;
            failing_allocator_init(&f, k, 0);
            mlsd_context *const context = failing_context(&f, 1);
            mlsd_folds *folds = NULL;
            int64_t rows[6];
            mlsd_status status = MLSD_E_NOMEM;
            if (context != NULL)
                status = split_groups_json(context, kinds[s], 6, y, groups, &folds);
            if (status == MLSD_OK) status = mlsd_folds_part(folds, 0, 0, rows, 6);
            done = f.failed == 0;
            assert_int_equal(status, done ? MLSD_OK : MLSD_E_NOMEM);
            mlsd_folds_free(folds);
            mlsd_context_free(context);
            assert_int_equal(f.live_blocks, 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leave_out__rows),
        cmocka_unit_test(test_leave_out__groups),
        cmocka_unit_test(test_leave_out__predefined),
        cmocka_unit_test(test_leave_out__errors_name_the_numbers),
        cmocka_unit_test(test_leave_out__memory_that_runs_out_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
