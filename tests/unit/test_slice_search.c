/* test_slice_search.c - the search for slices against published values and brute force.
 *
 * Salaries: the table of SystemDS's BuiltinSliceFinderTest (EXPECTED_TOPK), with alpha 0.95 and a
 * support of 4. Scores: the same test's values. Brute force: every slice of every random table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "mlsd/slice.h"
#include "salaries.h"
#include "slice/search_bound.h"

static mlsd_matrix vector(const double *x, int64_t n)
{
    return (mlsd_matrix){x, n, 1, 1, 1, MLSD_F64, 0};
}

static double cell(const mlsd_result *r, const char *table, const char *column, int64_t row)
{
    const mlsd_table *const t = mlsd_result_get_table(r, table);
    int64_t at = 0;
    double x = 0;
    assert_non_null(t);
    ASSERT_OK(mlsd_table_find(t, column, &at));
    ASSERT_OK(mlsd_table_get_f64(t, at, row, 1, &x));
    return x;
}

static const char *cell_text(const mlsd_result *r, const char *column, int64_t row)
{
    const mlsd_table *const t = mlsd_result_get_table(r, "slices");
    int64_t at = 0;
    ASSERT_OK(mlsd_table_find(t, column, &at));
    return mlsd_table_get_str(t, at, row);
}

static int64_t n_slices(const mlsd_result *r)
{
    return mlsd_table_n_rows(mlsd_result_get_table(r, "slices"));
}

static mlsd_spec *search_spec(double alpha, int64_t min_support, int64_t max_level, double confirm)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "slice_search", &spec));
    ASSERT_OK(mlsd_spec_set_f64(spec, "alpha", alpha));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", min_support));
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_level", max_level));
    ASSERT_OK(mlsd_spec_set_f64(spec, "confirm", confirm));
    return spec;
}

/* ---- Salaries ---- */

/* ceil((x - least) / width), the least in bin 1. */
static void bin(int column, int n_bins, double *out)
{
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < N_SALARIES; i++) {
        least = fmin(least, salaries[i][column]);
        most = fmax(most, salaries[i][column]);
    }
    for (int i = 0; i < N_SALARIES; i++) {
        out[i] = fmax(1, ceil((salaries[i][column] - least) / ((most - least) / n_bins)));
    }
}

/* The five columns as SystemDS's script makes them, and the squared errors of its regression. */
static void prepare_salaries(double columns[5][N_SALARIES], double *error)
{
    static const double b[5] = {4148.479224, 5203.418908, 9391.477577, -3080.031210, 47471.854703};
    for (int i = 0; i < N_SALARIES; i++) {
        columns[0][i] = salaries[i][0];
        columns[1][i] = salaries[i][1];
        columns[4][i] = salaries[i][4];
    }
    bin(2, 14, columns[2]);
    bin(3, 12, columns[3]);
    for (int i = 0; i < N_SALARIES; i++) {
        double guess = 0;
        for (int j = 0; j < 5; j++) guess += b[j] * columns[j][i];
        error[i] = (salaries[i][5] - guess) * (salaries[i][5] - guess);
    }
}

static void test_slice_search__salaries_of_systemds(void **state)
{
    (void)state;
    static const double scores[10] = {1.041617, .478237, .315775, .262000, .223548,
                                      .218448,  .164242, .122121, .097776, .092433};
    static const double sizes[10] = {18, 39, 10, 29, 125, 31, 135, 34, 266, 39};
    static const char *const names[5] = {"rank", "discipline", "phd", "service", "sex"};
    static double columns[5][N_SALARIES], error[N_SALARIES];
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    double sum = 0;
    prepare_salaries(columns, error);
    for (int i = 0; i < N_SALARIES; i++) sum += error[i];
    ASSERT_NEAR(sum / 476336455802.256, 1, 1e-9);
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    for (int j = 0; j < 5; j++) {
        ASSERT_OK(mlsd_table_set_f64(groups, names[j], columns[j], N_SALARIES));
    }
    mlsd_spec *const spec = search_spec(0.95, 4, 5, 0);
    const mlsd_matrix e = vector(error, N_SALARIES);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    assert_int_equal(n_slices(r), 10);
    for (int64_t i = 0; i < 10; i++) {
        ASSERT_NEAR(cell(r, "slices", "score", i), scores[i], 5e-7);
        ASSERT_NEAR(cell(r, "slices", "search_n", i), sizes[i], 0);
        assert_string_equal(cell_text(r, "status", i), "not confirmed");
        ASSERT_NEAR(cell(r, "slices", "finding", i), 0, 0);
    }
    /* The bound by one-hot columns leaves 307 and 237 candidates (SystemDS), by rows 145 and 32. */
    assert_true(cell(r, "levels", "looked_at", 1) <= 145);
    assert_true(cell(r, "levels", "looked_at", 2) <= 32);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

static void test_slice_search__scores_of_systemds(void **state)
{
    (void)state;
    const mlsd__search_whole all = {.alpha = 0.95, .size = 8, .mean = 0.5, .least = 1};
    ASSERT_NEAR(mlsd__search_score(&all, 3, 3), 0.8666667, 5e-8);
    ASSERT_NEAR(mlsd__search_score(&all, 4, 3), 0.425, 1e-12);
    ASSERT_NEAR(mlsd__search_score(&all, 4, 4), 0.9, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_search__salaries_of_systemds),
        cmocka_unit_test(test_slice_search__scores_of_systemds),
    };
    return cmocka_run_group_tests_name("slice_search", tests, NULL, NULL);
}
