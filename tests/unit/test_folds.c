/* test_folds.c - what all folds share: arguments, buffers, classes of data sets, memory that runs
 * out, cancelling. Which rows go where is tested by test_kfold.c and its neighbours. */
#include "fold_text.h"

#include "failing_allocator.h"

static const double y[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};

static const char *const splitters[] = {
    "{\"kind\":\"kfold\",\"n_splits\":2}",
    "{\"kind\":\"kfold\",\"n_splits\":2,\"shuffle\":true}",
    "{\"kind\":\"stratified_kfold\",\"n_splits\":2,\"shuffle\":true}",
    "{\"kind\":\"time_series_split\",\"n_splits\":3}",
    "{\"kind\":\"holdout\"}",
    "{\"kind\":\"holdout\",\"shuffle\":false}",
    "{\"kind\":\"holdout\",\"test_size\":0.4,\"stratify\":true}",
    "{\"kind\":\"holdout\",\"parts\":[0.5,0.3,0.2],\"seed\":3}",
};

static void test_folds__parts_fit_their_sizes(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof splitters / sizeof *splitters; s++) {
        mlsd_folds *folds = NULL;
        int64_t rows[10] = {0};
        ASSERT_OK(split_json(NULL, splitters[s], 10, y, &folds));
        assert_int_equal(mlsd_folds_n_rows(folds), 10);
        for (int64_t k = 0; k < mlsd_folds_n_splits(folds); k++) {
            int seen[10] = {0};
            for (int64_t p = 0; p < mlsd_folds_n_parts(folds); p++) {
                const int64_t n = mlsd_folds_part_size(folds, k, p);
                assert_true(n > 0);
                rows[n < 10 ? n : 9] = -7;
                ASSERT_OK(mlsd_folds_part(folds, k, p, rows, n));
                if (n < 10) assert_int_equal(rows[n], -7);
                for (int64_t i = 0; i < n; i++) assert_int_equal(seen[rows[i]]++, 0);
                ASSERT_FAILS(MLSD_E_BUFFER, "rows", mlsd_folds_part(folds, k, p, rows, n - 1));
            }
        }
        mlsd_folds_free(folds);
    }
}

static void test_folds__arguments_are_checked(void **state)
{
    (void)state;
    mlsd_folds *folds = NULL;
    mlsd_spec *spec = NULL, *metric = NULL;
    int64_t row = 0;
    const mlsd_matrix wide = {y, 5, 2, 2, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &spec));
    ASSERT_OK(mlsd_spec_new(NULL, "early_stopping", &metric));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_split(NULL, spec, 5, NULL, NULL, NULL));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_split(NULL, NULL, 5, NULL, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "negative", mlsd_folds_split(NULL, spec, -5, NULL, NULL, &folds));
    ASSERT_FAILS(MLSD_E_SHAPE, "y must be", mlsd_folds_split(NULL, spec, 5, &wide, NULL, &folds));
    ASSERT_FAILS(MLSD_E_KIND, "early_stopping",
                 mlsd_folds_split(NULL, metric, 5, NULL, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_split_dataset(NULL, spec, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_folds_part(NULL, 0, 0, &row, 1));
    assert_int_equal(mlsd_folds_part_size(NULL, 0, 0), -1);
    assert_int_equal(mlsd_folds_n_splits(NULL), 0);
    mlsd_folds_free(NULL);

    ASSERT_OK(mlsd_folds_split(NULL, spec, 5, NULL, NULL, &folds));
    ASSERT_FAILS(MLSD_E_ARG, "split 5", mlsd_folds_part(folds, 5, 0, &row, 1));
    ASSERT_FAILS(MLSD_E_ARG, "part 2", mlsd_folds_part(folds, 0, 2, &row, 1));
    assert_int_equal(mlsd_folds_part_size(folds, 0, -1), -1);
    mlsd_folds_free(folds);
    mlsd_spec_free(metric);
    mlsd_spec_free(spec);
}

/* Texts are classes in the order of code points, which is NumPy's for a column of strings. */
static void test_folds__data_set_brings_its_classes(void **state)
{
    (void)state;
    static const char *const labels[] = {"low", "high", "low", "low",  "high",
                                         "mid", "low",  "mid", "high", "low"};
    static const double codes[] = {1, 0, 1, 1, 0, 2, 1, 2, 0, 1};
    const char *const column = "label", *const role = "target";
    const char *const json = "{\"kind\":\"holdout\",\"test_size\":0.4,\"stratify\":true}";
    char expected[FOLD_TEXT_CAPACITY], text[FOLD_TEXT_CAPACITY];
    mlsd_table *table = NULL;
    mlsd_dataset *dataset = NULL, *view = NULL;
    mlsd_spec *spec = NULL;
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", codes, 10));
    ASSERT_OK(mlsd_table_set_str(table, "label", labels, 10));
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, &column, &role, 1, MLSD_TASK_AUTO, &dataset));
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));

    ASSERT_OK(split_json(NULL, json, 10, codes, &folds));
    write_folds(folds, expected);
    mlsd_folds_free(folds);
    ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
    write_folds(folds, text);
    assert_string_equal(text, expected);
    mlsd_folds_free(folds);

    const int64_t rows[] = {0, 1, 2, 3, 4, 6, 8, 5};
    ASSERT_OK(mlsd_dataset_rows(dataset, rows, 8, &view));
    ASSERT_FAILS(MLSD_E_DATA, "class 'mid' has 1 row,",
                 mlsd_folds_split_dataset(NULL, spec, view, &folds));
    mlsd_dataset_free(view);
    mlsd_dataset_free(dataset);

    const mlsd_matrix x = {codes, 10, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &x, &x, NULL, MLSD_TASK_REGRESSION, &dataset));
    ASSERT_FAILS(MLSD_E_DATA, "needs a target with classes",
                 mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
    mlsd_dataset_free(dataset);
    mlsd_spec_free(spec);
    mlsd_table_free(table);
}

static void test_folds__memory_that_runs_out_leaks_nothing(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof splitters / sizeof *splitters; s++) {
        for (long long fail_at = 1;; fail_at++) {
            failing_allocator f;
            mlsd_folds *folds = NULL;
            failing_allocator_init(&f, fail_at, 0);
            mlsd_context *const context = failing_context(&f, 1);
            if (context == NULL) continue;
            const mlsd_status status = split_json(context, splitters[s], 10, y, &folds);
            mlsd_context_free(context);
            const int failed = atomic_load(&f.failed) > 0;
            assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
            mlsd_folds_free(folds);
            assert_int_equal(atomic_load(&f.live_blocks), 0);
            if (!failed) break;
        }
    }
}

static void test_folds__cancelled_context_refuses(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    mlsd_folds *folds = NULL;
    ASSERT_OK(mlsd_context_new(&context));
    mlsd_context_cancel(context);
    ASSERT_FAILS(MLSD_E_CANCELLED, "", split_json(context, splitters[1], 10, y, &folds));
    mlsd_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_folds__parts_fit_their_sizes),
        cmocka_unit_test(test_folds__arguments_are_checked),
        cmocka_unit_test(test_folds__data_set_brings_its_classes),
        cmocka_unit_test(test_folds__memory_that_runs_out_leaks_nothing),
        cmocka_unit_test(test_folds__cancelled_context_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
