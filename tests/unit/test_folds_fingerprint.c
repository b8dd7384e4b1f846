/* test_folds_fingerprint.c - the fingerprint follows the content of folds alone: forms do not
 * matter, order and every row do. The pinned values hold it still over releases and machines. */
#include "fold_samples.h"

static uint64_t fingerprint_of(const mlsd_folds *folds)
{
    uint64_t out = 0;
    ASSERT_OK(mlsd_folds_fingerprint(NULL, folds, &out));
    return out;
}

static mlsd_folds *from_rows(int64_t n_rows, int64_t n_splits, const int64_t *offsets,
                             const int64_t *rows)
{
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_folds_from_rows(NULL, n_rows, n_splits, 2, offsets, rows, &folds));
    return folds;
}

static void test_folds_fingerprint__forms_do_not_matter(void **state)
{
    (void)state;
    uint64_t seen[N_FOLD_SAMPLES];
    for (int i = 0; i < N_FOLD_SAMPLES; i++) {
        int64_t *offsets, *rows;
        mlsd_folds *const folds = make_sample(i);
        mlsd_folds *copy = NULL;
        list_rows(folds, &offsets, &rows);
        ASSERT_OK(mlsd_folds_from_rows(NULL, SAMPLE_ROWS, mlsd_folds_n_splits(folds),
                                       mlsd_folds_n_parts(folds), offsets, rows, &copy));
        seen[i] = fingerprint_of(folds);
        if (seen[i] != fingerprint_of(copy)) fail_msg("%s", fold_samples[i].json);
        for (int k = 0; k < i; k++) assert_true(seen[k] != seen[i]);
        free(offsets);
        free(rows);
        mlsd_folds_free(copy);
        mlsd_folds_free(folds);
    }
}

/* Of the same lists, kept as lists because of one split whose rows do not ascend. */
static void test_folds_fingerprint__order_and_every_row_count(void **state)
{
    (void)state;
    const int64_t offsets[] = {0, 2, 4, 6, 8};
    static const int64_t lists[][8] = {
        {0, 1, 2, 3, 2, 3, 0, 1}, {0, 1, 2, 3, 2, 3, 1, 0}, {1, 0, 2, 3, 2, 3, 0, 1},
        {0, 1, 3, 2, 2, 3, 0, 1}, {2, 3, 0, 1, 0, 1, 2, 3}, {0, 1, 2, 2, 2, 3, 0, 1},
    };
    enum { N = sizeof lists / sizeof *lists };
    uint64_t seen[N + 1];
    for (int i = 0; i <= N; i++) {
        mlsd_folds *const folds = from_rows(i < N ? 4 : 5, 2, offsets, lists[i < N ? i : 0]);
        seen[i] = fingerprint_of(folds);
        for (int k = 0; k < i; k++) assert_true(seen[k] != seen[i]);
        mlsd_folds_free(folds);
    }
}

static void test_folds_fingerprint__values_are_pinned(void **state)
{
    (void)state;
    static const struct {
        int sample;
        uint64_t value;
    } pinned[] = {
        {0, UINT64_C(0xff57f9c968dcd42d)},
        {6, UINT64_C(0x1de3d2b10f491a47)},
        {9, UINT64_C(0xcb300ce604ad8474)},
    };
    for (size_t i = 0; i < sizeof pinned / sizeof *pinned; i++) {
        mlsd_folds *const folds = make_sample(pinned[i].sample);
        const uint64_t value = fingerprint_of(folds);
        if (value != pinned[i].value)
            fail_msg("%s: 0x%016llx", fold_samples[pinned[i].sample].json,
                     (unsigned long long)value);
        mlsd_folds_free(folds);
    }
}

/* Parts of many pieces, blocks of many splits, any number of threads. */
static void test_folds_fingerprint__threads_do_not_matter(void **state)
{
    (void)state;
    static const char *const specs[] = {"{\"kind\":\"kfold\",\"n_splits\":7,\"shuffle\":true}",
                                        "{\"kind\":\"time_series_split\",\"n_splits\":50}",
                                        "{\"kind\":\"holdout\"}"};
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
        mlsd_folds *folds = NULL;
        uint64_t values[3];
        ASSERT_OK(split_json(NULL, specs[i], 20011, NULL, &folds));
        for (int k = 0; k < 3; k++) {
            mlsd_context *context = NULL;
            ASSERT_OK(mlsd_context_new(&context));
            ASSERT_OK(mlsd_context_set_i64(context, "n_threads", (int64_t[]){1, 2, 7}[k]));
            ASSERT_OK(mlsd_folds_fingerprint(context, folds, &values[k]));
            mlsd_context_free(context);
        }
        assert_true(values[0] == values[1] && values[1] == values[2]);
        mlsd_folds_free(folds);
    }
}

static void test_folds_fingerprint__arguments_are_checked(void **state)
{
    (void)state;
    uint64_t out = 1;
    mlsd_folds *const folds = make_sample(0);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_fingerprint(NULL, folds, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_fingerprint(NULL, NULL, &out));
    assert_true(out == 0);
    mlsd_folds_free(folds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds_fingerprint__forms_do_not_matter),
        cmocka_unit_test(test_folds_fingerprint__order_and_every_row_count),
        cmocka_unit_test(test_folds_fingerprint__values_are_pinned),
        cmocka_unit_test(test_folds_fingerprint__threads_do_not_matter),
        cmocka_unit_test(test_folds_fingerprint__arguments_are_checked),
    };
    return cmocka_run_group_tests_name("folds_fingerprint", tests, NULL, NULL);
}
