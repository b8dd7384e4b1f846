/* test_stratified_group_kfold.c - stratified_group_kfold against what scikit-learn 1.2.1 printed,
 * and its errors and warnings; hundreds of random cases, and the shuffle of 1.8, are compared in
 * tests/reference/test_split_sklearn.py. */
#include "fold_text.h"

/* The example of scikit-learn's documentation. */
static void test_stratified_group_kfold__deals_as_scikit_learn(void **state)
{
    (void)state;
    const double y[] = {0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    const double groups[] = {1, 1, 2, 2, 3, 3, 3, 4, 5, 5, 5, 5, 6, 6, 7, 8, 8};
    assert_group_split("{\"kind\":\"stratified_group_kfold\",\"n_splits\":3}", 17, y, groups,
                       "0 1 2 3 7 8 9 10 11 15 16|4 5 6 12 13 14;"
                       "4 5 6 7 8 9 10 11 12 13 14|0 1 2 3 15 16;"
                       "0 1 2 3 4 5 6 12 13 14 15 16|7 8 9 10 11");
}

static void count_warnings(mlsd_log_level level, const char *line, void *user)
{
    if (level == MLSD_LOG_WARNING && strstr(line, "class 1 has 2 groups") != NULL) ++*(int *)user;
}

static void test_stratified_group_kfold__a_class_of_few_groups_is_a_warning(void **state)
{
    (void)state;
    const double y[] = {0, 0, 0, 1, 1, 1}, groups[] = {1, 2, 3, 1, 1, 2};
    mlsd_context *context = NULL;
    mlsd_folds *folds = NULL;
    int n_warnings = 0;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, count_warnings, &n_warnings, NULL));
    ASSERT_OK(split_groups_json(context, "{\"kind\":\"stratified_group_kfold\",\"n_splits\":3}", 6,
                                y, groups, &folds));
    assert_int_equal(n_warnings, 1);
    mlsd_folds_free(folds);
    mlsd_context_free(context);
}

static void test_stratified_group_kfold__errors_name_the_numbers(void **state)
{
    (void)state;
    const double y[] = {0, 0, 0, 0, 1, 1}, groups[] = {1, 1, 1, 2, 2, 2};
    const char *const three = "{\"kind\":\"stratified_group_kfold\",\"n_splits\":3}";
    assert_no_group_split(three, 6, y, groups, MLSD_E_DATA, "the 2 groups; use at most 2");
    assert_no_group_split("{\"kind\":\"stratified_group_kfold\",\"n_splits\":5}", 6, y, groups,
                          MLSD_E_DATA, "the largest, class 0, has 4");
    assert_no_group_split(three, 6, y, NULL, MLSD_E_DATA, "needs groups");
    assert_no_group_split(three, 6, NULL, groups, MLSD_E_DATA, "needs a target");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stratified_group_kfold__deals_as_scikit_learn),
        cmocka_unit_test(test_stratified_group_kfold__a_class_of_few_groups_is_a_warning),
        cmocka_unit_test(test_stratified_group_kfold__errors_name_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
