/* test_hash_split.c - hash_split and hash_kfold. Witness: parts of the ids 0, 1, ... and of texts
 * reckoned with Debian's python3-xxhash, u = (xxh3_64_intdigest(struct.pack('<Q', id), seed) >> 11)
 * * 2**-53 with id = xxh3_64_intdigest(struct.pack('<q', i)) or of the UTF-8 bytes; a salted seed
 * is xxh3_64_intdigest(salt, seed). Shares are held to 5 standard deviations of the binomial. */
#include <math.h>
#include <stdlib.h>

#include "mlsd/table.h"
#include "failing_allocator.h"
#include "fold_text.h"

static mlsd_status split_by(const char *json, const char *role, const void *values,
                            mlsd_dtype dtype, int64_t n, mlsd_folds **out)
{
    mlsd_spec *spec = NULL;
    const mlsd_matrix column = {values, n, 1, 1, 1, dtype, 0};
    const mlsd_matrix *const columns[1] = {&column};
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    const mlsd_status status =
        mlsd_folds_split_columns(NULL, spec, n, &role, columns, 1, NULL, out);
    mlsd_spec_free(spec);
    return status;
}

/* The part of each row of the only split. */
static int8_t *parts_of(const char *json, const int64_t *ids, int64_t n)
{
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_by(json, "id", ids, MLSD_I64, n, &folds));
    assert_int_equal(mlsd_folds_n_splits(folds), 1);
    int8_t *const parts = malloc((size_t)n);
    int64_t *const rows = malloc((size_t)n * sizeof *rows);
    assert_non_null(parts);
    assert_non_null(rows);
    memset(parts, -1, (size_t)n);
    for (int64_t k = 0; k < mlsd_folds_n_parts(folds); k++) {
        ASSERT_OK(mlsd_folds_part(folds, 0, k, rows, n));
        for (int64_t i = 0; i < mlsd_folds_part_size(folds, 0, k); i++) {
            assert_int_equal(parts[rows[i]], -1);
            parts[rows[i]] = (int8_t)k;
        }
    }
    for (int64_t i = 0; i < n; i++) assert_true(parts[i] >= 0);
    free(rows);
    mlsd_folds_free(folds);
    return parts;
}

static void test_hash_split__parts_are_those_of_xxhash(void **state)
{
    static const int8_t three[24] = {0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 0,
                                     2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0};
    static const int8_t salted[24] = {0, 0, 1, 0, 0, 1, 0, 1, 1, 1, 0, 1,
                                      0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1};
    int64_t ids[24];
    (void)state;
    for (int64_t i = 0; i < 24; i++) ids[i] = i;
    int8_t *parts = parts_of("{\"kind\":\"hash_split\",\"parts\":[0.6,0.2,0.2]}", ids, 24);
    assert_memory_equal(parts, three, 24);
    free(parts);
    parts = parts_of("{\"kind\":\"hash_split\",\"seed\":7,\"salt\":\"pricing\"}", ids, 24);
    assert_memory_equal(parts, salted, 24);
    free(parts);
}

static void test_hash_split__folds_are_those_of_xxhash(void **state)
{
    static const int32_t folds_of[24] = {0, 0, 3, 3, 1, 0, 2, 3, 2, 0, 2, 1,
                                         1, 0, 0, 0, 3, 0, 1, 2, 0, 3, 1, 0};
    int64_t ids[24], rows[24];
    mlsd_folds *folds = NULL;
    (void)state;
    for (int64_t i = 0; i < 24; i++) ids[i] = i;
    ASSERT_OK(split_by("{\"kind\":\"hash_kfold\",\"n_splits\":4,\"seed\":1}", "id", ids, MLSD_I64,
                       24, &folds));
    for (int64_t f = 0; f < 4; f++) {
        ASSERT_OK(mlsd_folds_part(folds, f, 1, rows, 24));
        int64_t n = 0;
        for (int64_t i = 0; i < 24; i++)
            if (folds_of[i] == f) assert_int_equal(rows[n++], i);
        assert_int_equal(mlsd_folds_part_size(folds, f, 1), n);
    }
    mlsd_folds_free(folds);
}

/* 10, 20, 30, 40, 50 are in parts 0 0 1 1 1. */
static void test_hash_split__groups_are_hashed_by_value(void **state)
{
    static const double groups[8] = {10, 20, 30, 10, 20, 30, 40, 50};
    (void)state;
    assert_group_split("{\"kind\":\"hash_split\",\"parts\":[0.5,0.5],\"by\":\"group\"}", 8, NULL,
                       groups, "0 1 3 4|2 5 6 7");
}

/* A text's place among the others changes when rows are added; its part does not. */
static void test_hash_split__texts_keep_their_part_among_others(void **state)
{
    static const char *const all[] = {"kilo", "b", "zulu", "a", "b", "mike", "kilo", "echo",
                                      "golf", "x", "y",    "z", "d", "e",    "f",    "g"};
    const char *const column = "town", *const role = "group";
    int8_t seen[2][16];
    (void)state;
    for (int some = 0; some < 2; some++) {
        const int64_t n = some ? 16 : 12;
        double x[16] = {0};
        int64_t rows[16];
        mlsd_table *table = NULL;
        mlsd_dataset *dataset = NULL;
        mlsd_spec *spec = NULL;
        mlsd_folds *folds = NULL;
        ASSERT_OK(mlsd_table_new(NULL, &table));
        ASSERT_OK(mlsd_table_set_f64(table, "x", x, n));
        ASSERT_OK(mlsd_table_set_str(table, "town", all, n));
        ASSERT_OK(
            mlsd_dataset_from_table(NULL, table, &column, &role, 1, MLSD_TASK_NONE, &dataset));
        ASSERT_OK(mlsd_spec_from_json(
            NULL, "{\"kind\":\"hash_split\",\"parts\":[0.5,0.5],\"by\":\"group\",\"seed\":3}",
            &spec));
        ASSERT_OK(mlsd_folds_split_dataset(NULL, spec, dataset, &folds));
        for (int64_t k = 0; k < 2; k++) {
            ASSERT_OK(mlsd_folds_part(folds, 0, k, rows, 16));
            for (int64_t i = 0; i < mlsd_folds_part_size(folds, 0, k); i++)
                seen[some][rows[i]] = (int8_t)k;
        }
        mlsd_folds_free(folds);
        mlsd_spec_free(spec);
        mlsd_dataset_free(dataset);
        mlsd_table_free(table);
    }
    assert_memory_equal(seen[0], seen[1], 12);
    assert_int_equal(seen[0][1], seen[0][4]);
    assert_int_equal(seen[0][0], seen[0][6]);
}

enum { N_IDS = 100000 };

static void test_hash_split__parts_survive_shuffling_and_growth(void **state)
{
    static const char *const json = "{\"kind\":\"hash_split\",\"parts\":[0.7,0.2,0.1],\"seed\":5}";
    int64_t *const ids = malloc(N_IDS * sizeof *ids), *const mixed = malloc(N_IDS * sizeof *mixed);
    (void)state;
    assert_non_null(ids);
    assert_non_null(mixed);
    for (int64_t i = 0; i < N_IDS; i++) ids[i] = i * 37 - 1000000;
    /* 7919 is prime to the number of rows, so this is a permutation. */
    for (int64_t i = 0; i < N_IDS; i++) mixed[i] = ids[i * 7919 % N_IDS];
    int8_t *const all = parts_of(json, ids, N_IDS), *const shuffled = parts_of(json, mixed, N_IDS);
    int8_t *const few = parts_of(json, ids, N_IDS / 10);
    int64_t counts[3] = {0, 0, 0};
    for (int64_t i = 0; i < N_IDS; i++) {
        assert_int_equal(shuffled[i], all[i * 7919 % N_IDS]);
        counts[all[i]]++;
    }
    assert_memory_equal(few, all, N_IDS / 10);
    static const double shares[3] = {0.7, 0.2, 0.1};
    for (int k = 0; k < 3; k++)
        ASSERT_NEAR((double)counts[k], shares[k] * N_IDS,
                    5 * sqrt(shares[k] * (1 - shares[k]) * N_IDS));
    free(few);
    free(shuffled);
    free(all);
    free(mixed);
    free(ids);
}

static void test_hash_split__a_growing_test_part_keeps_its_rows(void **state)
{
    int64_t ids[2000];
    (void)state;
    for (int64_t i = 0; i < 2000; i++) ids[i] = i;
    int8_t *const small = parts_of("{\"kind\":\"hash_split\",\"parts\":[0.8,0.1,0.1]}", ids, 2000);
    int8_t *const large = parts_of("{\"kind\":\"hash_split\",\"parts\":[0.7,0.1,0.2]}", ids, 2000);
    int8_t *const wide = parts_of("{\"kind\":\"hash_split\",\"parts\":[0.6,0.3,0.1]}", ids, 2000);
    int64_t n_moved = 0;
    for (int64_t i = 0; i < 2000; i++) {
        if (small[i] == 2) assert_int_equal(large[i], 2);
        assert_int_equal(small[i] == 2, wide[i] == 2);
        if (small[i] == 1) assert_int_equal(wide[i], 1);
        assert_true(large[i] >= small[i]); /* rows go to the end only */
        n_moved += large[i] != small[i];
    }
    assert_true(n_moved > 0);
    free(wide);
    free(large);
    free(small);
}

static void test_hash_split__errors_name_the_numbers(void **state)
{
    static const double groups[4] = {1, 1, 2, 2};
    static const int64_t ids[3] = {1, 2, 3};
    mlsd_folds *folds = NULL;
    (void)state;
    assert_no_split("{\"kind\":\"hash_split\"}", 4, NULL, MLSD_E_DATA, "needs ids");
    assert_no_split("{\"kind\":\"hash_split\",\"by\":\"group\"}", 4, NULL, MLSD_E_DATA,
                    "needs groups");
    assert_no_group_split("{\"kind\":\"hash_kfold\",\"by\":\"group\",\"n_splits\":3}", 4, NULL,
                          groups, MLSD_E_DATA, "more than the 2 groups; use at most 2");
    ASSERT_FAILS(MLSD_E_DATA, "part 1 (0.01) has none of the 3 rows",
                 split_by("{\"kind\":\"hash_split\",\"parts\":[0.99,0.01]}", "id", ids, MLSD_I64, 3,
                          &folds));
    ASSERT_FAILS(MLSD_E_DATA, "has none of the 3 rows",
                 split_by("{\"kind\":\"hash_kfold\",\"n_splits\":3,\"seed\":1}", "id", ids,
                          MLSD_I64, 3, &folds));
    ASSERT_FAILS(
        MLSD_E_PARAM_RANGE, "sum to 1",
        split_by("{\"kind\":\"hash_split\",\"parts\":[0.9,0.2]}", "id", ids, MLSD_I64, 3, &folds));
    char json[4096] = "{\"kind\":\"hash_split\",\"parts\":[0.005";
    for (int k = 1; k < 200; k++) (void)strcat(json, ",0.005");
    (void)strcat(json, "]}");
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "at most 127", split_by(json, "id", ids, MLSD_I64, 3, &folds));
    assert_null(folds);
}

/* The k-th allocation fails, for every k: nothing leaks, the status says so. */
static void test_hash_split__running_out_of_memory_leaks_nothing(void **state)
{
    static const char *const json = "{\"kind\":\"hash_split\",\"parts\":[0.5,0.5],\"by\":"
                                    "\"group\",\"salt\":\"a\",\"seed\":1}";
    static const double groups[6] = {1, 2, 3, 4, 5, 6};
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        mlsd_folds *folds = NULL;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = split_groups_json(context, json, 6, NULL, groups, &folds);
        assert_int_equal(status, f.failed > 0 ? MLSD_E_NOMEM : MLSD_OK);
        mlsd_folds_free(folds);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) break;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hash_split__parts_are_those_of_xxhash),
        cmocka_unit_test(test_hash_split__folds_are_those_of_xxhash),
        cmocka_unit_test(test_hash_split__groups_are_hashed_by_value),
        cmocka_unit_test(test_hash_split__texts_keep_their_part_among_others),
        cmocka_unit_test(test_hash_split__parts_survive_shuffling_and_growth),
        cmocka_unit_test(test_hash_split__a_growing_test_part_keeps_its_rows),
        cmocka_unit_test(test_hash_split__errors_name_the_numbers),
        cmocka_unit_test(test_hash_split__running_out_of_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
