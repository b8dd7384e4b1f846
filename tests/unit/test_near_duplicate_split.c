/* test_near_duplicate_split.c - near_duplicate_split. Oracle: every pair of rows compared by the
 * definition (scaled by two plain passes, median distance to the nearest different row, union), so
 * neither a missed pair nor a false one can pass. The wrapped splitter is leave_one_group_out,
 * whose test parts are the groups. MLSD_SWEEP multiplies the number of random cases. */
#include <math.h>
#include <stdlib.h>

#include "mlsd/table.h"
#include "failing_allocator.h"
#include "fold_text.h"

#include "base/random.h"

enum { MAX_FEATURES = 6 };

/* Rows with numbers and codes of texts (-1: missing), and groups where there are any. */
typedef struct rows {
    int64_t n;
    int n_numbers, n_texts;
    double (*numbers)[MAX_FEATURES];
    int32_t (*texts)[2];
    double *groups;
} rows;

static rows rows_new(int64_t n, int n_numbers, int n_texts)
{
    rows r = {.n = n, .n_numbers = n_numbers, .n_texts = n_texts};
    r.numbers = calloc((size_t)n, sizeof *r.numbers);
    r.texts = calloc((size_t)n, sizeof *r.texts);
    assert_non_null(r.numbers);
    assert_non_null(r.texts);
    return r;
}

static void rows_free(rows *r)
{
    free(r->numbers);
    free(r->texts);
    free(r->groups);
}

static mlsd_status split_rows(const mlsd_context *context, const rows *r, const char *json,
                              mlsd_folds **out)
{
    static const char *const levels[] = {"red", "green", "blue", "grey"};
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    const char *const column = "group", *const role = "group";
    double *const values = malloc((size_t)r->n * sizeof *values);
    const char **const texts = malloc((size_t)r->n * sizeof *texts);
    mlsd_table *table = NULL;
    mlsd_dataset *dataset = NULL;
    mlsd_spec *spec = NULL;
    assert_non_null(values);
    assert_non_null(texts);
    *out = NULL;
    mlsd_status status = mlsd_table_new(context, &table);
    for (int j = 0; status == MLSD_OK && j < r->n_numbers; j++) {
        for (int64_t i = 0; i < r->n; i++) values[i] = r->numbers[i][j];
        status = mlsd_table_set_f64(table, names[j], values, r->n);
    }
    for (int j = 0; status == MLSD_OK && j < r->n_texts; j++) {
        for (int64_t i = 0; i < r->n; i++)
            texts[i] = r->texts[i][j] < 0 ? NULL : levels[r->texts[i][j]];
        status = mlsd_table_set_str(table, j == 0 ? "text" : "other", texts, r->n);
    }
    if (status == MLSD_OK && r->groups != NULL)
        status = mlsd_table_set_f64(table, "group", r->groups, r->n);
    if (status == MLSD_OK)
        status = mlsd_dataset_from_table(context, table, &column, &role, r->groups != NULL,
                                         MLSD_TASK_NONE, &dataset);
    if (status == MLSD_OK) status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK) status = mlsd_folds_split_dataset(context, spec, dataset, out);
    mlsd_spec_free(spec);
    mlsd_dataset_free(dataset);
    mlsd_table_free(table);
    free(texts);
    free(values);
    return status;
}

/* The first row of each row's set, of what the library made. */
static void sets_of(const rows *r, double tolerance, int64_t *first)
{
    char json[256];
    mlsd_folds *folds = NULL;
    int64_t *const part = malloc((size_t)r->n * sizeof *part);
    assert_non_null(part);
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"near_duplicate_split\",\"tolerance\":%.17g,"
                   "\"splitter\":{\"kind\":\"leave_one_group_out\"}}",
                   tolerance);
    const mlsd_status status = split_rows(NULL, r, json, &folds);
    if (status == MLSD_E_DATA && strstr(mlsd_last_error(), "are nearly the same") != NULL) {
        for (int64_t i = 0; i < r->n; i++) first[i] = 0;
        free(part);
        return;
    }
    ASSERT_OK(status);
    for (int64_t k = 0; k < mlsd_folds_n_splits(folds); k++) {
        const int64_t n = mlsd_folds_part_size(folds, k, 1);
        ASSERT_OK(mlsd_folds_part(folds, k, 1, part, r->n));
        for (int64_t i = 0; i < n; i++) first[part[i]] = part[0];
    }
    mlsd_folds_free(folds);
    free(part);
}

static int same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static int are_equal(const rows *r, int64_t i, int64_t k)
{
    for (int j = 0; j < r->n_numbers; j++)
        if (!same_number(r->numbers[i][j], r->numbers[k][j])) return 0;
    for (int j = 0; j < r->n_texts; j++)
        if (r->texts[i][j] != r->texts[k][j]) return 0;
    return 1;
}

/* Distance by the definition, infinite where something other than numbers differs. */
static double distance(const rows *r, const double *sd, int64_t i, int64_t k)
{
    double sum = 0;
    for (int j = 0; j < r->n_texts; j++)
        if (r->texts[i][j] != r->texts[k][j]) return INFINITY;
    for (int j = 0; j < r->n_numbers; j++) {
        const double x = r->numbers[i][j], z = r->numbers[k][j];
        if (!isfinite(x) || !isfinite(z)) {
            if (!same_number(x, z)) return INFINITY;
        } else if (sd[j] > 0) {
            sum += (x - z) / sd[j] * ((x - z) / sd[j]);
        }
    }
    return sqrt(sum);
}

/* In long double, whose exponents have room for the squares. */
static void find_spreads(const rows *r, double *sd)
{
    for (int j = 0; j < r->n_numbers; j++) {
        long double n = 0, mean = 0, squares = 0;
        for (int64_t i = 0; i < r->n; i++)
            if (isfinite(r->numbers[i][j])) n++, mean += r->numbers[i][j];
        mean /= n;
        for (int64_t i = 0; i < r->n; i++) {
            const long double gap = r->numbers[i][j] - mean;
            if (isfinite(r->numbers[i][j])) squares += gap * gap;
        }
        sd[j] = n > 0 ? (double)sqrtl(squares / n) : 0;
        if (sd[j] < 1e-12 * (double)fabsl(mean)) sd[j] = 0;
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, z = *(const double *)b;
    return (x > z) - (x < z);
}

static double find_radius(const rows *r, const double *sd, double tolerance)
{
    double *const nearest = malloc((size_t)r->n * sizeof *nearest);
    int64_t n = 0;
    assert_non_null(nearest);
    for (int64_t i = 0; i < r->n; i++) {
        double least = INFINITY;
        int is_first = 1;
        for (int64_t k = 0; k < r->n && is_first; k++) {
            if (k == i) continue;
            if (are_equal(r, i, k)) {
                is_first = k > i;
            } else {
                least = fmin(least, distance(r, sd, i, k));
            }
        }
        if (is_first && isfinite(least)) nearest[n++] = least;
    }
    qsort(nearest, (size_t)n, sizeof *nearest, compare_numbers);
    const double median = n == 0       ? 0
                          : n % 2 == 1 ? nearest[n / 2]
                                       : (nearest[n / 2 - 1] + nearest[n / 2]) / 2;
    free(nearest);
    return tolerance * median;
}

/* Lower all of two sets to one first row; slow, and nothing to get wrong. */
static void unite(int64_t *first, int64_t n, int64_t i, int64_t k)
{
    const int64_t from = first[i] > first[k] ? first[i] : first[k];
    const int64_t to = first[i] > first[k] ? first[k] : first[i];
    if (from == to) return;
    for (int64_t m = 0; m < n; m++)
        if (first[m] == from) first[m] = to;
}

static void brute_force(const rows *r, double radius, const double *sd, int64_t *first)
{
    for (int64_t i = 0; i < r->n; i++) first[i] = i;
    for (int64_t i = 0; i < r->n; i++) {
        for (int64_t k = 0; k < i; k++) {
            const int is_near =
                are_equal(r, i, k) || (radius > 0 && distance(r, sd, i, k) <= radius);
            const int is_mate = r->groups != NULL && r->groups[i] == r->groups[k];
            if (is_near || is_mate) unite(first, r->n, i, k);
        }
    }
}

static void assert_sets(const rows *r, double tolerance, const int64_t *wanted)
{
    int64_t *const got = malloc((size_t)r->n * sizeof *got);
    assert_non_null(got);
    sets_of(r, tolerance, got);
    for (int64_t i = 0; i < r->n; i++)
        if (got[i] != wanted[i])
            fail_msg(
                "row %lld of %lld, tolerance %g, %d numbers, %d texts: with row %lld, not %lld",
                (long long)i, (long long)r->n, tolerance, r->n_numbers, r->n_texts,
                (long long)got[i], (long long)wanted[i]);
    free(got);
}

static double draw_number(mlsd__stream *s, int style)
{
    static const double odd[] = {(double)NAN, (double)INFINITY, -(double)INFINITY, 0.0, -0.0};
    if (mlsd__stream_below(s, 12) == 0 && style == 2) return odd[mlsd__stream_below(s, 5)];
    if (style == 1) return (double)mlsd__stream_below(s, 7);
    return mlsd__stream_double(s);
}

/* Random rows, of which a third are copies of others, moved by nothing or by a hair. */
static rows draw_rows(mlsd__stream *s)
{
    static const double sizes[] = {1, 1e-300, 1e300, 1e9};
    const int64_t n = 2 + (int64_t)mlsd__stream_below(s, 120);
    const int n_texts = (int)mlsd__stream_below(s, 3);
    const int n_numbers = (int)mlsd__stream_below(s, MAX_FEATURES) + (n_texts == 0);
    rows r = rows_new(n, n_numbers, n_texts);
    const int style = (int)mlsd__stream_below(s, 3);
    const double size = sizes[mlsd__stream_below(s, 4)];
    for (int64_t i = 0; i < n; i++) {
        const int64_t from = i > 0 ? (int64_t)mlsd__stream_below(s, (uint64_t)i) : 0;
        const int is_copy = i > 0 && mlsd__stream_below(s, 3) == 0;
        const double hair = mlsd__stream_below(s, 2) == 0 ? 0 : 1e-3 * size;
        for (int j = 0; j < n_numbers; j++)
            r.numbers[i][j] = is_copy ? r.numbers[from][j] + hair * (mlsd__stream_double(s) - 0.5)
                                      : size * draw_number(s, style);
        for (int j = 0; j < n_texts; j++)
            r.texts[i][j] = is_copy ? r.texts[from][j] : (int32_t)mlsd__stream_below(s, 5) - 1;
    }
    if (mlsd__stream_below(s, 3) != 0) return r;
    r.groups = calloc((size_t)n, sizeof *r.groups);
    assert_non_null(r.groups);
    for (int64_t i = 0; i < n; i++) r.groups[i] = (double)mlsd__stream_below(s, (uint64_t)(2 * n));
    return r;
}

static void test_near_duplicate_split__sets_are_those_of_all_pairs(void **state)
{
    static const double tolerances[] = {0, 0.001, 0.0137, 0.131, 0.77};
    const char *const sweep = getenv("MLSD_SWEEP");
    const int n_cases = 300 * (sweep != NULL && atoi(sweep) > 1 ? atoi(sweep) : 1);
    (void)state;
    for (int c = 0; c < n_cases; c++) {
        mlsd__stream s;
        mlsd__stream_init(&s, 1, (uint64_t)c, 0, 0, MLSD__PURPOSE_SPLIT);
        rows r = draw_rows(&s);
        const double tolerance = tolerances[mlsd__stream_below(&s, 5)];
        double sd[MAX_FEATURES];
        int64_t *const first = malloc((size_t)r.n * sizeof *first);
        assert_non_null(first);
        find_spreads(&r, sd);
        brute_force(&r, find_radius(&r, sd, tolerance), sd, first);
        assert_sets(&r, tolerance, first);
        free(first);
        rows_free(&r);
    }
}

/* A lattice whose spacing is the median, though only some rows are measured, and near copies of
 * some of its points on both sides of the radius. */
static void test_near_duplicate_split__many_rows_miss_no_pair(void **state)
{
    enum { SIDE = 64, COPIES = 200 };
    const double tolerance = 0.2;
    rows r = rows_new(SIDE * SIDE + COPIES, 2, 1);
    mlsd__stream s;
    double sd[MAX_FEATURES];
    (void)state;
    mlsd__stream_init(&s, 2, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    for (int64_t i = 0; i < SIDE * SIDE; i++) {
        r.numbers[i][0] = (double)(i % SIDE);
        r.numbers[i][1] = (double)(i / SIDE);
        r.texts[i][0] = (int32_t)(i / SIDE / 16);
    }
    for (int64_t i = SIDE * SIDE; i < r.n; i++) {
        const int64_t from = (int64_t)mlsd__stream_below(&s, SIDE * SIDE);
        r.numbers[i][0] = r.numbers[from][0] + 0.4 * (mlsd__stream_double(&s) - 0.5);
        r.numbers[i][1] = r.numbers[from][1] + 0.4 * (mlsd__stream_double(&s) - 0.5);
        r.texts[i][0] = r.texts[from][0];
    }
    int64_t *const first = malloc((size_t)r.n * sizeof *first);
    assert_non_null(first);
    find_spreads(&r, sd);
    brute_force(&r, tolerance * fmin(1 / sd[0], 1 / sd[1]), sd, first);
    int64_t n_joined = 0;
    for (int64_t i = SIDE * SIDE; i < r.n; i++) n_joined += first[i] != i;
    assert_true(n_joined > COPIES / 4 && n_joined < COPIES);
    assert_sets(&r, tolerance, first);
    free(first);
    rows_free(&r);
}

/* Whatever the wrapped splitter, both of two rows of a set are in one part of every split, or in
 * none. */
static void assert_whole(const mlsd_folds *folds, const int64_t *first, int64_t n)
{
    int8_t *const part_of = malloc((size_t)n);
    int64_t *const part = malloc((size_t)n * sizeof *part);
    assert_non_null(part_of);
    assert_non_null(part);
    for (int64_t k = 0; k < mlsd_folds_n_splits(folds); k++) {
        memset(part_of, -1, (size_t)n);
        for (int64_t p = 0; p < mlsd_folds_n_parts(folds); p++) {
            ASSERT_OK(mlsd_folds_part(folds, k, p, part, n));
            for (int64_t i = 0; i < mlsd_folds_part_size(folds, k, p); i++)
                part_of[part[i]] = (int8_t)p;
        }
        for (int64_t i = 0; i < n; i++) assert_int_equal(part_of[i], part_of[first[i]]);
    }
    free(part);
    free(part_of);
}

static void test_near_duplicate_split__no_splitter_cuts_a_set(void **state)
{
    static const char *const splitters[] = {
        "{\"kind\":\"group_kfold\",\"n_splits\":2}",
        "{\"kind\":\"group_kfold\",\"n_splits\":3,\"shuffle\":true}",
        "{\"kind\":\"group_shuffle_split\",\"n_splits\":4,\"test_size\":0.4}",
        "{\"kind\":\"holdout\",\"parts\":[0.5,0.2,0.3],\"grouped\":true}",
        "{\"kind\":\"leave_p_groups_out\",\"n_groups\":1}",
    };
    int n_made = 0;
    (void)state;
    for (int c = 0; c < 100; c++) {
        mlsd__stream s;
        double sd[MAX_FEATURES];
        char json[512];
        mlsd_folds *folds = NULL;
        mlsd__stream_init(&s, 4, (uint64_t)c, 0, 0, MLSD__PURPOSE_SPLIT);
        rows r = draw_rows(&s);
        int64_t *const first = malloc((size_t)r.n * sizeof *first);
        assert_non_null(first);
        find_spreads(&r, sd);
        brute_force(&r, find_radius(&r, sd, 0.05), sd, first);
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"near_duplicate_split\",\"tolerance\":0.05,\"splitter\":%s}",
                       splitters[c % 5]);
        const mlsd_status status = split_rows(NULL, &r, json, &folds);
        if (status == MLSD_OK) assert_whole(folds, first, r.n);
        if (status != MLSD_OK) assert_int_equal(status, MLSD_E_DATA); /* too few sets */
        n_made += status == MLSD_OK;
        mlsd_folds_free(folds);
        free(first);
        rows_free(&r);
    }
    assert_true(n_made > 70);
}

static const char *const two_folds = "{\"kind\":\"near_duplicate_split\","
                                     "\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2}}";

/* Rows 0, 3 and 6 are equal, 1 and 4 nearly: sets of 3, 2, 1, 1 and 1 rows, by first row. The
 * largest goes to fold 0, the next to fold 1, rows 7 and 5 to the lighter one each, row 2 to 0. */
static rows eight_rows(void)
{
    static const double x[8] = {1, 20, 300, 1, 20 + 1e-9, 77, 1, 150};
    rows r = rows_new(8, 1, 0);
    for (int i = 0; i < 8; i++) r.numbers[i][0] = x[i];
    return r;
}

static void test_near_duplicate_split__sets_are_dealt_by_the_splitter(void **state)
{
    rows r = eight_rows();
    mlsd_folds *folds = NULL;
    char text[FOLD_TEXT_CAPACITY];
    (void)state;
    ASSERT_OK(split_rows(NULL, &r, two_folds, &folds));
    write_folds(folds, text);
    assert_string_equal(text, "1 2 4 7|0 3 5 6;0 3 5 6|1 2 4 7");
    mlsd_folds_free(folds);
    rows_free(&r);
}

static void test_near_duplicate_split__threads_do_not_matter(void **state)
{
    enum { N_ROWS = 3000 };
    static const int64_t n_threads[3] = {1, 2, 7};
    static int64_t part[3][N_ROWS];
    mlsd__stream s;
    rows r = rows_new(N_ROWS, 4, 1);
    (void)state;
    mlsd__stream_init(&s, 3, 0, 0, 0, MLSD__PURPOSE_SPLIT);
    for (int64_t i = 0; i < r.n; i++) {
        for (int j = 0; j < 4; j++) r.numbers[i][j] = mlsd__stream_double(&s);
        r.texts[i][0] = (int32_t)mlsd__stream_below(&s, 3);
    }
    for (int t = 0; t < 3; t++) {
        mlsd_context *context = NULL;
        mlsd_folds *folds = NULL;
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads[t]));
        ASSERT_OK(split_rows(context, &r,
                             "{\"kind\":\"near_duplicate_split\",\"tolerance\":0.4,"
                             "\"splitter\":{\"kind\":\"group_kfold\",\"n_splits\":2}}",
                             &folds));
        const int64_t n_test = mlsd_folds_part_size(folds, 0, 1);
        ASSERT_OK(mlsd_folds_part(folds, 0, 1, part[t], N_ROWS));
        part[t][n_test] = -1;
        assert_memory_equal(part[t], part[0], (size_t)(n_test + 1) * sizeof **part);
        mlsd_folds_free(folds);
        mlsd_context_free(context);
    }
    rows_free(&r);
}

static void test_near_duplicate_split__errors_say_what_would_work(void **state)
{
    rows r = eight_rows();
    mlsd_folds *folds = NULL;
    (void)state;
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "slot 'splitter'",
                 split_rows(NULL, &r, "{\"kind\":\"near_duplicate_split\"}", &folds));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "cannot use kfold",
                 split_rows(NULL, &r,
                            "{\"kind\":\"near_duplicate_split\",\"splitter\":{\"kind\":\"kfold\"}}",
                            &folds));
    ASSERT_FAILS(MLSD_E_DATA, "more than the 5 groups; use at most 5",
                 split_rows(NULL, &r,
                            "{\"kind\":\"near_duplicate_split\",\"splitter\":"
                            "{\"kind\":\"group_kfold\",\"n_splits\":6}}",
                            &folds));
    for (int i = 0; i < 8; i++) r.numbers[i][0] = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "all 8 rows are nearly the same",
                 split_rows(NULL, &r, two_folds, &folds));
    assert_no_split(two_folds, 8, NULL, MLSD_E_DATA, "needs features");
    assert_null(folds);
    rows_free(&r);
}

/* The k-th allocation fails, for every k: nothing leaks, the status says so. */
static void test_near_duplicate_split__running_out_of_memory_leaks_nothing(void **state)
{
    rows r = eight_rows();
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        mlsd_folds *folds = NULL;
        failing_allocator_init(&f, k, 0);
        mlsd_context *const context = failing_context(&f, 1);
        if (context == NULL) continue;
        const mlsd_status status = split_rows(context, &r, two_folds, &folds);
        assert_int_equal(status, f.failed > 0 ? MLSD_E_NOMEM : MLSD_OK);
        mlsd_folds_free(folds);
        mlsd_context_free(context);
        assert_int_equal(f.live_blocks, 0);
        if (f.failed == 0) break;
    }
    rows_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_duplicate_split__sets_are_those_of_all_pairs),
        cmocka_unit_test(test_near_duplicate_split__many_rows_miss_no_pair),
        cmocka_unit_test(test_near_duplicate_split__no_splitter_cuts_a_set),
        cmocka_unit_test(test_near_duplicate_split__sets_are_dealt_by_the_splitter),
        cmocka_unit_test(test_near_duplicate_split__threads_do_not_matter),
        cmocka_unit_test(test_near_duplicate_split__errors_say_what_would_work),
        cmocka_unit_test(test_near_duplicate_split__running_out_of_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
