/* test_nested.c - nested. Oracle: the same splits composed by hand through the public calls, outer
 * splitter first, then the inner one on each outer training part, with the inner seed reckoned by
 * Debian's python3-xxhash: xxh3_64_intdigest(struct.pack('<QQ', seed, outer)) & 0xffffffff. */
#include <stdlib.h>

#include "failing_allocator.h"
#include "fold_text.h"

enum { N = 48 };

static double y[N], groups[N];
static double features[N][2];

static void fill(void)
{
    for (int i = 0; i < N; i++) {
        y[i] = i * 7 % 3;
        groups[i] = i * 5 % 12;
        features[i][0] = i * 11 % 17;
        features[i][1] = i * 3 % 23;
    }
}

/* Split the given rows (NULL: all) with all that they bring. */
static mlsd_status split_some(const mlsd_context *context, const char *json, const int64_t *rows,
                              int64_t n, mlsd_folds **out)
{
    static const char *const roles[4] = {"target", "group", "id", "features"};
    double some_y[N], some_groups[N], some_features[N][2];
    int64_t ids[N];
    mlsd_spec *spec = NULL;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows != NULL ? rows[i] : i;
        some_y[i] = y[row];
        some_groups[i] = groups[row];
        memcpy(some_features[i], features[row], sizeof some_features[i]);
        ids[i] = row;
    }
    const mlsd_matrix target = {some_y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix group = {some_groups, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix id = {ids, n, 1, 1, 1, MLSD_I64, 0};
    const mlsd_matrix feature = {some_features, n, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix *const columns[4] = {&target, &group, &id, &feature};
    *out = NULL;
    mlsd_status status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK)
        status = mlsd_folds_split_columns(context, spec, n, roles, columns, 4, NULL, out);
    mlsd_spec_free(spec);
    return status;
}

static void nested_json(const char *outer, const char *inner, char *out, size_t capacity)
{
    (void)snprintf(out, capacity,
                   "{\"kind\":\"nested\",\"outer\":{\"kind\":%s},\"inner\":{\"kind\":%s}}", outer,
                   inner);
}

static int compare_rows(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, z = *(const int64_t *)b;
    return (x > z) - (x < z);
}

static int64_t sorted_part(const mlsd_folds *folds, int64_t split, int64_t part, int64_t *rows)
{
    const int64_t n = mlsd_folds_part_size(folds, split, part);
    ASSERT_OK(mlsd_folds_part(folds, split, part, rows, N));
    qsort(rows, (size_t)n, sizeof *rows, compare_rows);
    return n;
}

static void assert_part(const mlsd_folds *folds, int64_t split, int64_t part, const int64_t *rows,
                        int64_t n)
{
    int64_t got[N];
    assert_int_equal(mlsd_folds_part_size(folds, split, part), n);
    ASSERT_OK(mlsd_folds_part(folds, split, part, got, N));
    assert_memory_equal(got, rows, (size_t)n * sizeof *rows);
}

/* Inner splitters of outer splits 0, 1, 2: the same but for their seeds. */
static void check_by_hand(const char *outer, const char *inner, const char *const inner_at[3])
{
    char json[1024], single[512];
    mlsd_folds *nested = NULL, *outside = NULL, *inside = NULL;
    int64_t train[N], test[N], part[N];
    nested_json(outer, inner, json, sizeof json);
    ASSERT_OK(split_some(NULL, json, NULL, N, &nested));
    (void)snprintf(single, sizeof single, "{\"kind\":%s}", outer);
    ASSERT_OK(split_some(NULL, single, NULL, N, &outside));
    assert_int_equal(mlsd_folds_n_parts(nested), 3);
    assert_int_equal(mlsd_folds_n_splits(outside), 3);
    for (int64_t k = 0; k < 3; k++) {
        const int64_t n_train = sorted_part(outside, k, 0, train);
        const int64_t n_test = sorted_part(outside, k, 1, test);
        (void)snprintf(single, sizeof single, "{\"kind\":%s}", inner_at[k]);
        ASSERT_OK(split_some(NULL, single, train, n_train, &inside));
        const int64_t n_inner = mlsd_folds_n_splits(inside);
        assert_int_equal(mlsd_folds_n_splits(nested), 3 * n_inner);
        for (int64_t j = 0; j < n_inner; j++) {
            for (int64_t p = 0; p < 2; p++) {
                const int64_t n = sorted_part(inside, j, p, part);
                for (int64_t i = 0; i < n; i++) part[i] = train[part[i]];
                assert_part(nested, k * n_inner + j, p, part, n);
            }
            assert_part(nested, k * n_inner + j, 2, test, n_test);
        }
        mlsd_folds_free(inside);
    }
    mlsd_folds_free(outside);
    mlsd_folds_free(nested);
}

static void test_nested__equals_the_composition_by_hand(void **state)
{
    static const struct {
        const char *outer, *inner, *inner_at[3];
    } cases[] = {
        {"\"kfold\",\"n_splits\":3",
         "\"kfold\",\"n_splits\":4",
         {"\"kfold\",\"n_splits\":4", "\"kfold\",\"n_splits\":4", "\"kfold\",\"n_splits\":4"}},
        {"\"stratified_kfold\",\"n_splits\":3,\"shuffle\":true,\"seed\":7",
         "\"stratified_kfold\",\"n_splits\":4,\"shuffle\":true,\"seed\":7",
         {"\"stratified_kfold\",\"n_splits\":4,\"shuffle\":true,\"seed\":1487461310",
          "\"stratified_kfold\",\"n_splits\":4,\"shuffle\":true,\"seed\":2582412918",
          "\"stratified_kfold\",\"n_splits\":4,\"shuffle\":true,\"seed\":1345351287"}},
        {"\"group_kfold\",\"n_splits\":3",
         "\"group_kfold\",\"n_splits\":2",
         {"\"group_kfold\",\"n_splits\":2", "\"group_kfold\",\"n_splits\":2",
          "\"group_kfold\",\"n_splits\":2"}},
        {"\"group_kfold\",\"n_splits\":3",
         "\"holdout\",\"seed\":7",
         {"\"holdout\",\"seed\":1487461310", "\"holdout\",\"seed\":2582412918",
          "\"holdout\",\"seed\":1345351287"}},
        {"\"shuffle_split\",\"n_splits\":3,\"seed\":2",
         "\"hash_kfold\",\"n_splits\":2,\"seed\":7",
         {"\"hash_kfold\",\"n_splits\":2,\"seed\":1487461310",
          "\"hash_kfold\",\"n_splits\":2,\"seed\":2582412918",
          "\"hash_kfold\",\"n_splits\":2,\"seed\":1345351287"}},
        {"\"time_series_split\",\"n_splits\":3",
         "\"time_series_split\",\"n_splits\":2",
         {"\"time_series_split\",\"n_splits\":2", "\"time_series_split\",\"n_splits\":2",
          "\"time_series_split\",\"n_splits\":2"}},
        {"\"kfold\",\"n_splits\":3",
         "\"anticlustering_kfold\",\"n_splits\":3,\"seed\":7",
         {"\"anticlustering_kfold\",\"n_splits\":3,\"seed\":1487461310",
          "\"anticlustering_kfold\",\"n_splits\":3,\"seed\":2582412918",
          "\"anticlustering_kfold\",\"n_splits\":3,\"seed\":1345351287"}},
    };
    (void)state;
    fill();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++)
        check_by_hand(cases[k].outer, cases[k].inner, cases[k].inner_at);
}

/* A splitter inside the inner splitter gets the outer split's seed too. */
static void test_nested__seeds_reach_splitters_of_splitters(void **state)
{
    static const char *const inner =
        "\"near_duplicate_split\",\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2,"
        "\"shuffle\":true,\"seed\":7}";
    static const char *const inner_at[3] = {
        "\"near_duplicate_split\",\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2,"
        "\"shuffle\":true,\"seed\":1487461310}",
        "\"near_duplicate_split\",\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2,"
        "\"shuffle\":true,\"seed\":2582412918}",
        "\"near_duplicate_split\",\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2,"
        "\"shuffle\":true,\"seed\":1345351287}"};
    (void)state;
    fill();
    check_by_hand("\"kfold\",\"n_splits\":3", inner, inner_at);
}

/* Parts are disjoint; test rows are those of one outer split for all its inner ones. */
static void test_nested__inner_rows_never_meet_the_outer_test(void **state)
{
    char json[512];
    mlsd_folds *folds = NULL;
    (void)state;
    fill();
    nested_json("\"group_kfold\",\"n_splits\":4", "\"stratified_kfold\",\"n_splits\":3", json,
                sizeof json);
    ASSERT_OK(split_some(NULL, json, NULL, N, &folds));
    assert_int_equal(mlsd_folds_n_splits(folds), 12);
    int tested[N] = {0};
    for (int64_t k = 0; k < 12; k++) {
        int seen[N] = {0};
        int64_t rows[N];
        for (int64_t p = 0; p < 3; p++) {
            ASSERT_OK(mlsd_folds_part(folds, k, p, rows, N));
            for (int64_t i = 0; i < mlsd_folds_part_size(folds, k, p); i++) {
                seen[rows[i]]++;
                if (p == 2) tested[rows[i]]++;
            }
        }
        for (int i = 0; i < N; i++) assert_int_equal(seen[i], 1);
    }
    for (int i = 0; i < N; i++) assert_int_equal(tested[i], 3);
    mlsd_folds_free(folds);
}

static void test_nested__errors_say_what_would_work(void **state)
{
    static const struct {
        const char *outer, *inner;
        mlsd_status status;
        const char *message;
    } cases[] = {
        {"\"holdout\",\"parts\":[0.6,0.2,0.2]", "\"kfold\"", MLSD_E_PARAM_CONFLICT,
         "the outer splitter makes 3 parts"},
        {"\"kfold\"", "\"holdout\",\"parts\":[0.6,0.2,0.2]", MLSD_E_PARAM_CONFLICT,
         "the inner splitter makes 3 parts"},
        {"\"bootstrap\",\"n_splits\":3", "\"kfold\"", MLSD_E_DATA, "takes row"},
        {"\"kfold\",\"n_splits\":5", "\"leave_one_out\"", MLSD_E_DATA,
         "38 splits of outer split 0 but 39 of outer split 3"},
        {"\"group_kfold\",\"n_splits\":2", "\"group_kfold\",\"n_splits\":7", MLSD_E_DATA,
         "more than the 6 groups"},
    };
    mlsd_folds *folds = NULL;
    (void)state;
    fill();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        char json[512];
        nested_json(cases[k].outer, cases[k].inner, json, sizeof json);
        ASSERT_FAILS(cases[k].status, cases[k].message, split_some(NULL, json, NULL, N, &folds));
        assert_null(folds);
    }
    assert_no_split("{\"kind\":\"nested\"}", 4, NULL, MLSD_E_PARAM_CONFLICT, "slot 'outer'");
    assert_no_split("{\"kind\":\"nested\",\"outer\":{\"kind\":\"kfold\"}}", 4, NULL,
                    MLSD_E_PARAM_CONFLICT, "slot 'inner'");
    assert_no_split("{\"kind\":\"nested\",\"outer\":{\"kind\":\"kfold\"},"
                    "\"inner\":{\"kind\":\"group_kfold\"}}",
                    40, NULL, MLSD_E_DATA, "nested needs groups");
}

/* The k-th allocation fails, for every k: nothing leaks, the status says so. */
static void test_nested__running_out_of_memory_leaks_nothing(void **state)
{
    char json[512];
    (void)state;
    fill();
    nested_json("\"stratified_kfold\",\"n_splits\":2", "\"group_kfold\",\"n_splits\":2", json,
                sizeof json);
    for (long long k = 1;; k++) {
        failing_allocator f;
        mlsd_folds *folds = NULL;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = split_some(context, json, NULL, N, &folds);
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
        cmocka_unit_test(test_nested__equals_the_composition_by_hand),
        cmocka_unit_test(test_nested__seeds_reach_splitters_of_splitters),
        cmocka_unit_test(test_nested__inner_rows_never_meet_the_outer_test),
        cmocka_unit_test(test_nested__errors_say_what_would_work),
        cmocka_unit_test(test_nested__running_out_of_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
