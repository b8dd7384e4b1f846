/* test_anticlustering.c - anticlustering_kfold. Oracles: the criterion reckoned by its definition,
 * sum over folds of n_f |mean of f - mean|^2, over all partitions of tiny cases; and shuffled
 * kfold, which it must beat on the largest difference of a fold's mean. */
#include <math.h>
#include <stdlib.h>

#include "mlsd/table.h"
#include "failing_allocator.h"
#include "fold_text.h"

#include "base/random.h"

enum { MAX_ROWS = 2000, MAX_FEATURES = 6, N_LEVELS = 3 };

typedef struct rows {
    int64_t n;
    int n_numbers;
    double numbers[MAX_ROWS][MAX_FEATURES];
    int codes[MAX_ROWS]; /* of a text, -1 for all where there is none */
    double y[MAX_ROWS];
} rows;

static rows data; /* too large for the stack */

static void draw_rows(uint64_t seed, int64_t n, int n_numbers, int has_text)
{
    mlsd__stream s;
    mlsd__stream_init(&s, seed, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    data.n = n;
    data.n_numbers = n_numbers;
    for (int64_t i = 0; i < n; i++) {
        for (int j = 0; j < n_numbers; j++) {
            const double u = mlsd__stream_double(&s);
            data.numbers[i][j] = 100 * j + (1 + j) * u * u; /* skewed, far from 0 */
        }
        data.codes[i] = has_text ? (int)mlsd__stream_below(&s, N_LEVELS) : -1;
        data.y[i] = i == 0 || mlsd__stream_below(&s, 5) == 0;
    }
}

static mlsd_status split_data(const mlsd_context *context, const char *json, mlsd_folds **out)
{
    static const char *const levels[N_LEVELS] = {"red", "green", "blue"};
    static const char *const names[MAX_FEATURES] = {"a", "b", "c", "d", "e", "f"};
    static double values[MAX_ROWS];
    static const char *texts[MAX_ROWS];
    const char *const column = "y", *const role = "target";
    mlsd_table *table = NULL;
    mlsd_dataset *dataset = NULL;
    mlsd_spec *spec = NULL;
    *out = NULL;
    mlsd_status status = mlsd_table_new(context, &table);
    for (int j = 0; status == MLSD_OK && j < data.n_numbers; j++) {
        for (int64_t i = 0; i < data.n; i++) values[i] = data.numbers[i][j];
        status = mlsd_table_set_f64(table, names[j], values, data.n);
    }
    for (int64_t i = 0; i < data.n; i++)
        texts[i] = data.codes[i] < 0 ? NULL : levels[data.codes[i]];
    if (status == MLSD_OK && data.codes[0] >= 0)
        status = mlsd_table_set_str(table, "text", texts, data.n);
    if (status == MLSD_OK) status = mlsd_table_set_f64(table, "y", data.y, data.n);
    if (status == MLSD_OK)
        status =
            mlsd_dataset_from_table(context, table, &column, &role, 1, MLSD_TASK_BINARY, &dataset);
    if (status == MLSD_OK) status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK) status = mlsd_folds_split_dataset(context, spec, dataset, out);
    mlsd_spec_free(spec);
    mlsd_dataset_free(dataset);
    mlsd_table_free(table);
    return status;
}

/* The fold of each row; every row is tested once. */
static void folds_of(const mlsd_context *context, const char *json, int *fold, int *n_folds)
{
    static int64_t part[MAX_ROWS];
    mlsd_folds *folds = NULL;
    ASSERT_OK(split_data(context, json, &folds));
    *n_folds = (int)mlsd_folds_n_splits(folds);
    for (int64_t i = 0; i < data.n; i++) fold[i] = -1;
    for (int f = 0; f < *n_folds; f++) {
        ASSERT_OK(mlsd_folds_part(folds, f, 1, part, MAX_ROWS));
        for (int64_t i = 0; i < mlsd_folds_part_size(folds, f, 1); i++) {
            assert_int_equal(fold[part[i]], -1);
            fold[part[i]] = f;
        }
    }
    for (int64_t i = 0; i < data.n; i++) assert_true(fold[i] >= 0);
    mlsd_folds_free(folds);
}

/* Rows as points: numbers of variance 1, and indicators of levels whose variances sum to 1. */
static int to_points(double (*points)[MAX_FEATURES + N_LEVELS])
{
    const double n = (double)data.n;
    int width = data.n_numbers;
    for (int j = 0; j < data.n_numbers; j++) {
        double mean = 0, squares = 0;
        for (int64_t i = 0; i < data.n; i++) mean += data.numbers[i][j] / n;
        for (int64_t i = 0; i < data.n; i++)
            squares += (data.numbers[i][j] - mean) * (data.numbers[i][j] - mean);
        for (int64_t i = 0; i < data.n; i++)
            points[i][j] = (data.numbers[i][j] - mean) / sqrt(squares / n);
    }
    if (data.codes[0] < 0) return width;
    double variance = 0, share[N_LEVELS] = {0};
    for (int64_t i = 0; i < data.n; i++) share[data.codes[i]] += 1 / n;
    for (int l = 0; l < N_LEVELS; l++) variance += share[l] * (1 - share[l]);
    for (int l = 0; l < N_LEVELS; l++, width++)
        for (int64_t i = 0; i < data.n; i++)
            points[i][width] = ((data.codes[i] == l) - share[l]) / sqrt(variance);
    return width;
}

static double criterion(double (*points)[MAX_FEATURES + N_LEVELS], int width, const int *fold,
                        int n_folds)
{
    double total = 0;
    for (int f = 0; f < n_folds; f++) {
        double n = 0, sums[MAX_FEATURES + N_LEVELS] = {0};
        for (int64_t i = 0; i < data.n; i++) {
            if (fold[i] != f) continue;
            n++;
            for (int j = 0; j < width; j++) sums[j] += points[i][j];
        }
        for (int j = 0; j < width; j++) total += sums[j] * sums[j] / n;
    }
    return total;
}

/* The least criterion over all ways to give rows i and on a fold with room left. */
static double least(double (*points)[MAX_FEATURES + N_LEVELS], int width, int *fold, int *room,
                    int n_folds, int64_t i)
{
    if (i == data.n) return criterion(points, width, fold, n_folds);
    double best = INFINITY;
    for (int f = 0; f < n_folds; f++) {
        if (room[f] == 0) continue;
        room[f]--;
        fold[i] = f;
        best = fmin(best, least(points, width, fold, room, n_folds, i + 1));
        room[f]++;
    }
    return best;
}

static void test_anticlustering__tiny_cases_are_the_best_there_are(void **state)
{
    double points[10][MAX_FEATURES + N_LEVELS];
    (void)state;
    for (uint64_t c = 0; c < 24; c++) {
        const int n_folds = 2 + (int)(c % 2);
        int fold[10], room[3] = {0}, n_made;
        char json[128];
        draw_rows(c, 6 + (int64_t)(c % 4), 1 + (int)(c % 3), c % 4 == 3);
        const int width = to_points(points);
        (void)snprintf(
            json, sizeof json,
            "{\"kind\":\"anticlustering_kfold\",\"n_splits\":%d,\"n_init\":40,\"tol\":0}", n_folds);
        folds_of(NULL, json, fold, &n_made);
        const double got = criterion(points, width, fold, n_folds);
        for (int64_t i = 0; i < data.n; i++) room[i % n_folds]++;
        const double wanted = least(points, width, fold, room, n_folds, 0);
        ASSERT_NEAR(got, wanted, 1e-9);
    }
}

/* The largest difference of a fold's mean from the mean of all, in standard deviations. */
static double largest_shift(const int *fold, int n_folds)
{
    static double points[MAX_ROWS][MAX_FEATURES + N_LEVELS];
    const int width = to_points(points);
    double largest = 0;
    for (int f = 0; f < n_folds; f++) {
        for (int j = 0; j < width; j++) {
            double n = 0, sum = 0;
            for (int64_t i = 0; i < data.n; i++)
                if (fold[i] == f) n++, sum += points[i][j];
            largest = fmax(largest, fabs(sum / n));
        }
    }
    return largest;
}

static void test_anticlustering__folds_are_more_alike_than_random_ones(void **state)
{
    static int fold[MAX_ROWS];
    int n_folds;
    (void)state;
    for (int has_text = 0; has_text < 2; has_text++) {
        draw_rows(77, 1003, 6, has_text);
        folds_of(NULL, "{\"kind\":\"anticlustering_kfold\"}", fold, &n_folds);
        const double shift = largest_shift(fold, n_folds);
        int sizes[5] = {0};
        for (int64_t i = 0; i < data.n; i++) sizes[fold[i]]++;
        for (int f = 0; f < 5; f++) assert_int_equal(sizes[f], f < 3 ? 201 : 200);
        double least_random = INFINITY;
        for (int seed = 0; seed < 20; seed++) {
            char json[128];
            (void)snprintf(json, sizeof json, "{\"kind\":\"kfold\",\"shuffle\":true,\"seed\":%d}",
                           seed);
            folds_of(NULL, json, fold, &n_folds);
            least_random = fmin(least_random, largest_shift(fold, n_folds));
        }
        if (!(shift < least_random / 10))
            fail_msg("shift %g, of the best of 20 random splits %g", shift, least_random);
    }
}

static void test_anticlustering__strata_stay_even(void **state)
{
    static int fold[MAX_ROWS];
    int n_folds, counts[2][5] = {{0}};
    double ones = 0;
    (void)state;
    draw_rows(5, 501, 4, 1);
    folds_of(NULL, "{\"kind\":\"anticlustering_kfold\",\"stratify\":true}", fold, &n_folds);
    for (int64_t i = 0; i < data.n; i++) {
        counts[data.y[i] == 1][fold[i]]++;
        ones += data.y[i];
    }
    for (int f = 0; f < 5; f++) {
        assert_true(fabs(counts[1][f] - ones / 5) < 1);
        assert_true(fabs(counts[0][f] - (501 - ones) / 5) < 1);
    }
    assert_true(largest_shift(fold, n_folds) < 0.02);
}

static void test_anticlustering__threads_do_not_matter(void **state)
{
    static const int64_t n_threads[3] = {1, 2, 7};
    static int fold[3][MAX_ROWS];
    int n_folds;
    (void)state;
    draw_rows(9, 2000, 3, 1);
    for (int t = 0; t < 3; t++) {
        mlsd_context *context = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads[t]));
        folds_of(context, "{\"kind\":\"anticlustering_kfold\",\"n_init\":5,\"seed\":3}", fold[t],
                 &n_folds);
        mlsd_context_free(context);
        assert_memory_equal(fold[t], fold[0], 2000 * sizeof **fold);
    }
    folds_of(NULL, "{\"kind\":\"anticlustering_kfold\",\"n_init\":5,\"seed\":4}", fold[1],
             &n_folds);
    assert_memory_not_equal(fold[1], fold[0], 2000 * sizeof **fold);
}

/* A missing number counts as the mean, a constant feature and a text of one level as nothing. */
static void test_anticlustering__missing_and_constant_features_are_fine(void **state)
{
    int fold[10], n_folds;
    (void)state;
    draw_rows(1, 6, 2, 1);
    for (int i = 0; i < 6; i++) {
        data.numbers[i][0] = i % 2 == 0 ? (double)NAN : i; /* 1 3 5 */
        data.numbers[i][1] = 4;
        data.codes[i] = 1;
    }
    folds_of(NULL, "{\"kind\":\"anticlustering_kfold\",\"n_splits\":3,\"n_init\":20,\"tol\":0}",
             fold, &n_folds);
    /* -1 0 1 and three times 0: sums of 0 and at best two of 1, or -1 and 1 together. */
    assert_int_equal(fold[1], fold[5]);
}

static void test_anticlustering__errors_name_the_numbers(void **state)
{
    mlsd_folds *folds = NULL;
    (void)state;
    draw_rows(1, 9, 2, 0);
    for (int i = 0; i < 9; i++) data.y[i] = i < 2;
    ASSERT_FAILS(MLSD_E_DATA, "n_splits=10 is more than the 9 rows; use at most 9",
                 split_data(NULL, "{\"kind\":\"anticlustering_kfold\",\"n_splits\":10}", &folds));
    ASSERT_FAILS(MLSD_E_DATA, "class '1' has 2 rows, fewer than 3 folds",
                 split_data(NULL,
                            "{\"kind\":\"anticlustering_kfold\",\"n_splits\":3,\"stratify\":true}",
                            &folds));
    data.numbers[4][1] = -INFINITY;
    ASSERT_FAILS(MLSD_E_DATA, "feature 'b' is infinite in row 4",
                 split_data(NULL, "{\"kind\":\"anticlustering_kfold\",\"n_splits\":3}", &folds));
    assert_no_split("{\"kind\":\"anticlustering_kfold\"}", 9, NULL, MLSD_E_DATA, "needs features");
    assert_null(folds);
}

/* The k-th allocation fails, for every k: nothing leaks, the status says so. */
static void test_anticlustering__running_out_of_memory_leaks_nothing(void **state)
{
    (void)state;
    draw_rows(1, 20, 2, 1);
    for (int i = 0; i < 20; i++) data.y[i] = i % 2;
    for (long long k = 1;; k++) {
        failing_allocator f;
        mlsd_folds *folds = NULL;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = split_data(context,
                                              "{\"kind\":\"anticlustering_kfold\",\"n_splits\":2,"
                                              "\"n_init\":3,\"stratify\":true}",
                                              &folds);
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
        cmocka_unit_test(test_anticlustering__tiny_cases_are_the_best_there_are),
        cmocka_unit_test(test_anticlustering__folds_are_more_alike_than_random_ones),
        cmocka_unit_test(test_anticlustering__strata_stay_even),
        cmocka_unit_test(test_anticlustering__threads_do_not_matter),
        cmocka_unit_test(test_anticlustering__missing_and_constant_features_are_fine),
        cmocka_unit_test(test_anticlustering__errors_name_the_numbers),
        cmocka_unit_test(test_anticlustering__running_out_of_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
