/* test_kfold.c - kfold against what scikit-learn 1.2.1 printed for KFold; thousands of random cases
 * are compared in tests/reference/test_split_sklearn.py. */
#include "fold_text.h"

static void test_kfold__cuts_in_order(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"kfold\",\"n_splits\":3}", 7, NULL,
                 "3 4 5 6|0 1 2;0 1 2 5 6|3 4;0 1 2 3 4|5 6");
}

static void test_kfold__shuffles_as_scikit_learn(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"kfold\",\"n_splits\":3,\"shuffle\":true,\"seed\":42}", 7, NULL,
                 "2 3 4 6|0 1 5;0 1 3 5 6|2 4;0 1 2 4 5|3 6");
    assert_split("{\"kind\":\"kfold\",\"n_splits\":2,\"shuffle\":true,\"seed\":4294967295}", 7,
                 NULL, "2 3 4|0 1 5 6;0 1 5 6|2 3 4");
}

static void test_kfold__leaves_one_out(void **state)
{
    (void)state;
    assert_split("{\"kind\":\"kfold\",\"n_splits\":3}", 3, NULL, "1 2|0;0 2|1;0 1|2");
}

static void test_kfold__too_many_folds_says_what_would_work(void **state)
{
    (void)state;
    assert_no_split("{\"kind\":\"kfold\",\"n_splits\":10}", 7, NULL, MLSD_E_DATA,
                    "n_splits=10 is more than the 7 rows; use at most 7");
    assert_no_split("{\"kind\":\"kfold\"}", 1, NULL, MLSD_E_DATA, "at least 2 rows");
    assert_no_split("{\"kind\":\"kfold\"}", 0, NULL, MLSD_E_DATA, "no rows");
    assert_no_split("{\"kind\":\"kfold\",\"n_splits\":1}", 7, NULL, MLSD_E_PARAM_RANGE, "n_splits");
    assert_no_split("{\"kind\":\"kfold\",\"seed\":4294967296}", 7, NULL, MLSD_E_PARAM_RANGE,
                    "seed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kfold__cuts_in_order),
        cmocka_unit_test(test_kfold__shuffles_as_scikit_learn),
        cmocka_unit_test(test_kfold__leaves_one_out),
        cmocka_unit_test(test_kfold__too_many_folds_says_what_would_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
