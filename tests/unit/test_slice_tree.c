/* test_slice_tree.c - slices that are leaves: splits against every possible one, disjoint cover,
 * words and predicates, honesty. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "slice_checks.h"

static mlsd_spec *tree_spec(int64_t min_support, int64_t max_leaves, double confirm)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "slice_tree", &spec));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", min_support));
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_leaves", max_leaves));
    ASSERT_OK(mlsd_spec_set_f64(spec, "confirm", confirm));
    return spec;
}

/* ---- the first split is the best of all ---- */

enum { ROWS = 60, LEVELS = 5 };

/* Squares about the mean that parting the rows by a set of levels saves; -1 where a side has fewer
 * than min_support. */
static double saved(const int *code, const double *error, unsigned set, int min_support)
{
    double sum[2] = {0, 0}, n[2] = {0, 0};
    for (int i = 0; i < ROWS; i++) {
        const int side = set >> code[i] & 1;
        sum[side] += error[i];
        n[side]++;
    }
    if (n[0] < min_support || n[1] < min_support) return -1;
    const double apart = sum[0] / n[0] - sum[1] / n[1];
    return n[0] * n[1] / ROWS * apart * apart;
}

/* All 2^5 sets of categories, and the four cuts of five numbers: neither may be better. */
static void test_slice_tree__first_split_is_the_best(void **state)
{
    (void)state;
    static const char *const names[LEVELS] = {"u", "v", "w", "x", "y"};
    uint64_t random = 4;
    for (int round = 0; round < 200; round++) {
        int code[ROWS], number[ROWS];
        double error[ROWS], column[ROWS], best = 0, squares = 0, mean = 0;
        const char *text[ROWS];
        mlsd_table *groups = NULL;
        mlsd_result *r = NULL;
        for (int i = 0; i < ROWS; i++) {
            code[i] = (int)(draw(&random) % LEVELS);
            number[i] = (int)(draw(&random) % LEVELS);
            text[i] = names[code[i]];
            column[i] = number[i];
            error[i] = (double)(draw(&random) % 1000);
            mean += error[i] / ROWS;
        }
        for (int i = 0; i < ROWS; i++) squares += (error[i] - mean) * (error[i] - mean);
        for (unsigned set = 0; set < 1u << LEVELS; set++)
            best = fmax(best, saved(code, error, set, 1));
        for (int cut = 1; cut < LEVELS; cut++)
            best = fmax(best, saved(number, error, (1u << cut) - 1, 1));
        ASSERT_OK(mlsd_table_new(NULL, &groups));
        ASSERT_OK(mlsd_table_set_str(groups, "c", text, ROWS));
        ASSERT_OK(mlsd_table_set_f64(groups, "x", column, ROWS));
        mlsd_spec *const spec = tree_spec(1, 2, 0);
        const mlsd_matrix e = vector(error, ROWS);
        ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
        assert_int_equal(n_rows_of(r, "slices"), 2);
        ASSERT_NEAR(cell(r, "nodes", "gain", 0), best / squares, 1e-12);
        mlsd_result_free(r);
        mlsd_spec_free(spec);
        mlsd_table_free(groups);
    }
}

/* ---- a tree that is known ---- */

enum { N = 2000 };

/* Wrong: half of those of city b or c and over 50 or of unknown age, a tenth of the others. */
static mlsd_result *known_tree(double confirm)
{
    static double age[N], error[N];
    static const char *city[N];
    static const char *const cities[] = {"a", "b", "c", "d"};
    uint64_t random = 8;
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < N; i++) {
        const int k = (int)(draw(&random) % 4);
        city[i] = cities[k];
        age[i] = draw(&random) % 10 == 0 ? (double)NAN : 20 + (double)(draw(&random) % 60);
        const int bad = (k == 1 || k == 2) && !(age[i] <= 50);
        error[i] = draw(&random) % 10 < (bad ? 5 : 1);
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "city", city, N));
    ASSERT_OK(mlsd_table_set_f64(groups, "age", age, N));
    mlsd_spec *const spec = tree_spec(30, 3, confirm);
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_bins", 12));
    ASSERT_OK(mlsd_spec_set_str(spec, "binning", "equal_width"));
    const mlsd_matrix e = vector(error, N);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return r;
}

static void test_slice_tree__finds_what_was_planted(void **state)
{
    (void)state;
    mlsd_result *const r = known_tree(0.5);
    double n = 0, n_search = 0;
    assert_int_equal(n_rows_of(r, "slices"), 3);
    assert_string_equal(cell_text(r, "slices", "slice", 0),
                        "city in {b, c} and age > 49.5 or missing");
    assert_non_null(strstr(cell_text(r, "slices", "predicates", 0),
                           "{\"column\": \"city\", \"in\": [\"b\", \"c\"]}, "
                           "{\"column\": \"age\", \"above\": 49.5, \"or_missing\": true}"));
    ASSERT_NEAR(cell(r, "slices", "finding", 0), 1, 0);
    assert_true(cell(r, "slices", "difference_low", 0) < 0.4);
    assert_true(cell(r, "slices", "difference_high", 0) > 0.4);
    for (int64_t i = 0; i < 3; i++) {
        n += cell(r, "slices", "n", i);
        n_search += cell(r, "slices", "search_n", i);
        if (i > 0) ASSERT_NEAR(cell(r, "slices", "finding", i), 0, 0);
    }
    ASSERT_NEAR(n + n_search, N, 0);
    mlsd_result_free(r);
}

static void test_slice_tree__one_leaf_is_all_rows(void **state)
{
    (void)state;
    const double g[4] = {0, 0, 1, 1}, e[4] = {1, 1, 1, 1};
    const mlsd_matrix em = vector(e, 4);
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, 4));
    mlsd_spec *const spec = tree_spec(1, 8, 0.5);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &em, NULL, &r));
    assert_int_equal(n_rows_of(r, "slices"), 1);
    assert_string_equal(cell_text(r, "slices", "slice", 0), "all rows");
    assert_string_equal(cell_text(r, "slices", "predicates", 0), "[]");
    assert_string_equal(cell_text(r, "slices", "status", 0), "undefined");
    assert_true(isnan(cell(r, "slices", "difference", 0)));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

static void test_slice_tree__nothing_is_found_in_nothing(void **state)
{
    (void)state;
    assert_true(n_runs_with_findings("{\"kind\":\"slice_tree\",\"min_support\":15}") <= 16);
}

static void test_slice_tree__same_bytes_on_threads(void **state)
{
    (void)state;
    static slice_sample s;
    slice_sample_make(&s);
    const mlsd_matrix y = vector(s.y, SLICE_ROWS), p = vector(s.p, SLICE_ROWS);
    const mlsd_matrix w = vector(s.weight, SLICE_ROWS);
    assert_slices_same_on_threads("{\"kind\":\"slice_tree\"}", s.groups, &y, &p, NULL);
    assert_slices_same_on_threads("{\"kind\":\"slice_tree\",\"max_leaves\":6}", s.groups, &y, &p,
                                  &w);
    mlsd_table_free(s.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_tree__first_split_is_the_best),
        cmocka_unit_test(test_slice_tree__finds_what_was_planted),
        cmocka_unit_test(test_slice_tree__one_leaf_is_all_rows),
        cmocka_unit_test(test_slice_tree__nothing_is_found_in_nothing),
        cmocka_unit_test(test_slice_tree__same_bytes_on_threads),
    };
    return cmocka_run_group_tests_name("slice_tree", tests, NULL, NULL);
}
