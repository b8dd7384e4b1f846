/* test_folds_lists.c - folds from fold numbers and from lists of rows: the same rows come out in
 * the same order, in the form that needs least, and what cannot be is refused. The witnesses are
 * the splitters, whose rows scikit-learn confirms, and lists written by hand. */
#include "fold_samples.h"

#include "split/splitter.h"

static mlsd_folds *from_lists_of(const mlsd_folds *folds)
{
    int64_t *offsets, *rows;
    mlsd_folds *copy = NULL;
    list_rows(folds, &offsets, &rows);
    ASSERT_OK(mlsd_folds_from_rows(NULL, mlsd_folds_n_rows(folds), mlsd_folds_n_splits(folds),
                                   mlsd_folds_n_parts(folds), offsets, rows, &copy));
    free(offsets);
    free(rows);
    return copy;
}

static void test_folds_lists__rows_come_back_in_order(void **state)
{
    (void)state;
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        mlsd_folds *const folds = make_sample(i), *const copy = from_lists_of(folds);
        assert_same_rows(folds, copy);
        mlsd_folds_free(copy);
        mlsd_folds_free(folds);
    }
}

static void test_folds_lists__the_smallest_form_is_kept(void **state)
{
    (void)state;
    static const struct {
        int sample;
        mlsd__folds_form form;
    } wanted[] = {
        {1, MLSD__FOLDS_IDS},    {3, MLSD__FOLDS_IDS},  {4, MLSD__FOLDS_IDS},
        {6, MLSD__FOLDS_RANGES}, {8, MLSD__FOLDS_ROWS}, {12, MLSD__FOLDS_MARKS},
        {13, MLSD__FOLDS_IDS},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        mlsd_folds *const folds = make_sample(wanted[i].sample);
        mlsd_folds *const copy = from_lists_of(folds);
        if (copy->form != wanted[i].form)
            fail_msg("%s: form %d", fold_samples[wanted[i].sample].json, (int)copy->form);
        mlsd_folds_free(copy);
        mlsd_folds_free(folds);
    }
}

static void assert_rows(int64_t n_rows, int64_t n_splits, int64_t n_parts, const int64_t *offsets,
                        const int64_t *rows, const char *expected)
{
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(mlsd_folds_from_rows(NULL, n_rows, n_splits, n_parts, offsets, rows, &folds));
    write_folds(folds, text);
    assert_string_equal(text, expected);
    mlsd_folds_free(folds);
}

static void test_folds_lists__any_rows_are_allowed(void **state)
{
    (void)state;
    /* A bootstrap repeats rows, and its order counts; a part may overlap another. */
    assert_rows(5, 1, 2, (int64_t[]){0, 5, 7}, (int64_t[]){4, 0, 0, 3, 0, 2, 1}, "4 0 0 3 0|2 1");
    assert_rows(3, 2, 2, (int64_t[]){0, 2, 3, 5, 6}, (int64_t[]){0, 1, 1, 1, 2, 0}, "0 1|1;1 2|0");
    /* Not all repeats are whole: fold numbers do not say it. */
    assert_rows(4, 3, 2, (int64_t[]){0, 2, 4, 7, 8, 11, 12},
                (int64_t[]){1, 3, 0, 2, 0, 1, 2, 3, 1, 2, 3, 0}, "1 3|0 2;0 1 2|3;1 2 3|0");
    assert_rows(4, 2, 3, (int64_t[]){0, 1, 2, 3, 4, 5, 6}, (int64_t[]){0, 2, 1, 3, 0, 1},
                "0|2|1;3|0|1");
}

static void test_folds_lists__numbers_are_ordered(void **state)
{
    (void)state;
    static const int64_t ids[] = {2021, 2019, -1, 2021, 2020, 2019};
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    ASSERT_OK(mlsd_folds_from_ids(NULL, ids, 6, &folds));
    write_folds(folds, text);
    assert_string_equal(text, "0 2 3 4|1 5;0 1 2 3 5|4;1 2 4 5|0 3");
    mlsd_folds_free(folds);
}

static void test_folds_lists__mistakes_are_named(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    const int64_t offsets[] = {0, 2, 3}, rows[] = {0, 1, 2}, empty[] = {0, 3, 3},
                  back[] = {0, 4, 3}, late[] = {1, 2, 3}, ids[] = {0, 1, -2},
                  wide[] = {0, 1, INT64_C(1) << 53}, none[] = {-1, -1, -1}, one[] = {4, 4, 4};
    ASSERT_FAILS(MLSD_E_DATA, "split 0 lists row 2 in its part 'test'; there are 2 rows",
                 mlsd_folds_from_rows(NULL, 2, 1, 2, offsets, rows, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "split 0 has no row in its part 'test'",
                 mlsd_folds_from_rows(NULL, 4, 1, 2, empty, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "offset 2 is 3 after 4",
                 mlsd_folds_from_rows(NULL, 4, 1, 2, back, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "first offset",
                 mlsd_folds_from_rows(NULL, 4, 1, 2, late, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "row at least",
                 mlsd_folds_from_rows(NULL, 0, 1, 2, offsets, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "split at least",
                 mlsd_folds_from_rows(NULL, 4, 0, 2, offsets, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "two parts",
                 mlsd_folds_from_rows(NULL, 4, 1, 1, offsets, rows, &folds));
    ASSERT_FAILS(MLSD_E_SHAPE, "",
                 mlsd_folds_from_rows(NULL, 4, INT64_MAX, 2, offsets, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_rows(NULL, 4, 1, 2, NULL, rows, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_rows(NULL, 4, 1, 2, offsets, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_rows(NULL, 4, 1, 2, offsets, rows, NULL));
    ASSERT_FAILS(MLSD_E_DATA, "row 2", mlsd_folds_from_ids(NULL, ids, 3, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "2^53", mlsd_folds_from_ids(NULL, wide, 3, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "none of the 3 rows", mlsd_folds_from_ids(NULL, none, 3, &folds));
    ASSERT_FAILS(MLSD_E_DATA, "all 3 rows", mlsd_folds_from_ids(NULL, one, 3, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_ids(NULL, NULL, 3, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_from_ids(NULL, ids, 3, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "row at least", mlsd_folds_from_ids(NULL, ids, 0, &folds));
    assert_null(folds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_lists__rows_come_back_in_order),
        cmocka_unit_test(test_folds_lists__the_smallest_form_is_kept),
        cmocka_unit_test(test_folds_lists__any_rows_are_allowed),
        cmocka_unit_test(test_folds_lists__numbers_are_ordered),
        cmocka_unit_test(test_folds_lists__mistakes_are_named),
    };
    return cmocka_run_group_tests_name("folds_lists", tests, NULL, NULL);
}
