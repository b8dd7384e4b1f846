/* test_stratified.c - stratified_kfold against what scikit-learn 1.2.1 printed for StratifiedKFold;
 * thousands of random cases are compared in tests/reference/test_split_sklearn.py. */
#include <math.h>

#include "fold_text.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};

static void test_stratified__deals_as_scikit_learn(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"stratified_kfold\",\"n_splits\":2}", 10, y,
                 "4 6 7 8 9|0 1 2 3 5;0 1 2 3 5|4 6 7 8 9");
    assert_split("{\"kind\":\"stratified_kfold\",\"n_splits\":3,\"shuffle\":true,\"seed\":7}", 10,
                 y, "1 2 3 4 5 9|0 6 7 8;0 1 5 6 7 8 9|2 3 4;0 2 3 4 6 7 8|1 5 9");
}

static void test_stratified__labels_only_tell_classes_apart(void **state)
{
    (void)state;
    double other[10];
    char expected[FOLD_TEXT_CAPACITY];
    mlsd_folds *folds = NULL;
    const char *const json = "{\"kind\":\"stratified_kfold\",\"n_splits\":2,\"shuffle\":true}";
    for (int i = 0; i < 10; i++) other[i] = -1e300 * y[i];
    ASSERT_OK(split_json(NULL, json, 10, y, &folds));
    write_folds(folds, expected);
    mlsd_folds_free(folds);
    assert_split(json, 10, other, expected);
}

/* By arithmetic: with 6 rows of a and 3 of b in 3 folds, each tests 2 and 1. */
static void test_stratified__every_fold_has_the_proportions(void **state)
{
    (void)state;
    const double classes[] = {0, 0, 1, 0, 0, 1, 0, 0, 1};
    mlsd_folds *folds = NULL;
    int64_t rows[9];
    ASSERT_OK(split_json(
        NULL, "{\"kind\":\"stratified_kfold\",\"n_splits\":3,\"shuffle\":true,\"seed\":5}", 9,
        classes, &folds));
    for (int64_t k = 0; k < 3; k++) {
        assert_int_equal(mlsd_folds_part_size(folds, k, 1), 3);
        ASSERT_OK(mlsd_folds_part(folds, k, 1, rows, 3));
        assert_true(classes[rows[0]] + classes[rows[1]] + classes[rows[2]] == 1);
    }
    mlsd_folds_free(folds);
}

static void count_warnings(mlsd_log_level level, const char *line, void *user)
{
    if (level == MLSD_LOG_WARNING && strstr(line, "class 1 has 2 rows") != NULL) ++*(int *)user;
}

static void test_stratified__a_class_too_small_is_a_warning(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    mlsd_folds *folds = NULL;
    int n_warnings = 0;
    ASSERT_OK(mlsd_context_new(&context));
    ASSERT_OK(mlsd_context_set_log(context, MLSD_LOG_WARNING, count_warnings, &n_warnings, NULL));
    ASSERT_OK(split_json(context, "{\"kind\":\"stratified_kfold\",\"n_splits\":3}", 10, y, &folds));
    assert_int_equal(n_warnings, 1);
    mlsd_folds_free(folds);
    mlsd_context_free(context);
}

static void test_stratified__errors_name_the_numbers(void **state)
{
    (void)state;
    const double rare[] = {0, 0, 0, 1, 1, 2};
    const double distinct[] = {5, 3, 1, 2};
    const double missing[] = {0, 1, (double)NAN, 1};
    assert_no_split("{\"kind\":\"stratified_kfold\",\"n_splits\":5}", 6, rare, MLSD_E_DATA,
                    "the largest, class 0, has 3; use at most 3");
    assert_no_split("{\"kind\":\"stratified_kfold\",\"n_splits\":2}", 4, distinct, MLSD_E_DATA,
                    "use kfold");
    assert_no_split("{\"kind\":\"stratified_kfold\",\"n_splits\":2}", 4, missing, MLSD_E_DATA,
                    "missing in row 2");
    assert_no_split("{\"kind\":\"stratified_kfold\"}", 10, NULL, MLSD_E_DATA, "needs a target");
    assert_no_split("{\"kind\":\"stratified_kfold\",\"n_splits\":20}", 10, y, MLSD_E_DATA,
                    "n_splits=20 is more than the 10 rows");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stratified__deals_as_scikit_learn),
        cmocka_unit_test(test_stratified__labels_only_tell_classes_apart),
        cmocka_unit_test(test_stratified__every_fold_has_the_proportions),
        cmocka_unit_test(test_stratified__a_class_too_small_is_a_warning),
        cmocka_unit_test(test_stratified__errors_name_the_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
