/* test_slice_divergence.c - divergences and Shapley values against brute force, the test against
 * the complement, and rates that leave rows out.
 *
 * Brute force: all frequent patterns counted row by row, Shapley values as means over all orders of
 * the items (Shapley 1953), and global ones as the sum of Pastor et al. (2021), eq. 8. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "slice_checks.h"
#include "slice/patterns.h"

enum { ROWS = 240, COLUMNS = 3, LEVELS = 3, ANY = -1 };

typedef struct small_data {
    int code[COLUMNS][ROWS];
    double outcome[ROWS]; /* 0, 1 or NaN */
} small_data;

static void draw_data(uint64_t *state, small_data *d)
{
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) d->code[j][i] = (int)(draw(state) % LEVELS);
        const double chance = 0.2 + 0.2 * (d->code[0][i] == 1) + 0.3 * (d->code[1][i] == 2);
        d->outcome[i] =
            draw(state) % 4 == 0 ? (double)NAN : (double)(draw(state) % 1000) < 1000 * chance;
    }
}

static mlsd_table *groups_of(const small_data *d)
{
    mlsd_table *groups = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    for (int j = 0; j < COLUMNS; j++) {
        char name[16];
        double column[ROWS];
        (void)snprintf(name, sizeof name, "c%d", j);
        for (int i = 0; i < ROWS; i++) column[i] = d->code[j][i];
        ASSERT_OK(mlsd_table_set_f64(groups, name, column, ROWS));
    }
    return groups;
}

static mlsd_result *diverge(const small_data *d, int64_t min_support, double epsilon,
                            double confirm)
{
    mlsd_table *const groups = groups_of(d);
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    const mlsd_matrix outcome = vector(d->outcome, ROWS);
    ASSERT_OK(mlsd_spec_new(NULL, "slice_divergence", &spec));
    ASSERT_OK(mlsd_spec_set_str(spec, "outcome", "given"));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", min_support));
    ASSERT_OK(mlsd_spec_set_i64(spec, "k", 100));
    ASSERT_OK(mlsd_spec_set_f64(spec, "epsilon", epsilon));
    ASSERT_OK(mlsd_spec_set_f64(spec, "confirm", confirm));
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &outcome, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return r;
}

/* ---- by hand ---- */

typedef struct counted {
    int n, n_defined, n_events;
} counted;

static counted count(const small_data *d, const int level[COLUMNS])
{
    counted c = {0};
    for (int i = 0; i < ROWS; i++) {
        int inside = 1;
        for (int j = 0; j < COLUMNS; j++) inside &= level[j] == ANY || d->code[j][i] == level[j];
        if (!inside) continue;
        c.n++;
        if (isnan(d->outcome[i])) continue;
        c.n_defined++;
        c.n_events += d->outcome[i] == 1;
    }
    return c;
}

static double rate_of(const small_data *d, const int level[COLUMNS])
{
    const counted c = count(d, level);
    return (double)c.n_events / c.n_defined;
}

static double divergence_of(const small_data *d, const int level[COLUMNS])
{
    static const int all[COLUMNS] = {ANY, ANY, ANY};
    return rate_of(d, level) - rate_of(d, all);
}

static void name_of(const int level[COLUMNS], char *out)
{
    int n = 0;
    *out = '\0';
    for (int j = 0; j < COLUMNS; j++) {
        if (level[j] != ANY) out += sprintf(out, "%sc%d = %d", n++ > 0 ? " and " : "", j, level[j]);
    }
}

static int64_t find_slice(const mlsd_result *r, const int level[COLUMNS])
{
    char name[80];
    name_of(level, name);
    for (int64_t i = 0; i < n_rows_of(r, "slices"); i++) {
        if (strcmp(cell_text(r, "slices", "slice", i), name) == 0) return i;
    }
    return -1;
}

/* Next combination of levels, any included; 0 after the last. */
static int step(int level[COLUMNS])
{
    int j = 0;
    while (j < COLUMNS && ++level[j] == LEVELS) level[j++] = ANY;
    return j < COLUMNS;
}

/* Of column j in the pattern: its mean gain over all orders in which the items may come. */
static double shapley_by_orders(const small_data *d, const int level[COLUMNS], int j)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    double sum = 0;
    for (int o = 0; o < 6; o++) {
        int some[COLUMNS] = {ANY, ANY, ANY};
        for (int k = 0; k < COLUMNS; k++) {
            const double before = divergence_of(d, some);
            some[orders[o][k]] = level[orders[o][k]];
            if (orders[o][k] == j) sum += divergence_of(d, some) - before;
        }
    }
    return sum / 6;
}

static void check_contributions(const small_data *d, const mlsd_result *r, const int level[COLUMNS])
{
    char name[80], item[32];
    double sum = 0;
    int n = 0;
    name_of(level, name);
    for (int64_t i = 0; i < n_rows_of(r, "contributions"); i++) {
        if (strcmp(cell_text(r, "contributions", "slice", i), name) != 0) continue;
        const double got = cell(r, "contributions", "contribution", i);
        for (int j = 0; j < COLUMNS; j++) {
            if (level[j] == ANY) continue;
            (void)snprintf(item, sizeof item, "c%d = %d", j, level[j]);
            if (strcmp(cell_text(r, "contributions", "item", i), item) != 0) continue;
            ASSERT_NEAR(got, shapley_by_orders(d, level, j), 1e-14);
            n++;
        }
        sum += got;
    }
    assert_true(n > 0);
    ASSERT_NEAR(sum, divergence_of(d, level), 1e-14);
}

static void test_slice_divergence__equals_brute_force(void **state)
{
    (void)state;
    uint64_t random = 3;
    for (int round = 0; round < 40; round++) {
        small_data d;
        int level[COLUMNS] = {ANY, ANY, ANY}, n = 0;
        draw_data(&random, &d);
        mlsd_result *const r = diverge(&d, 5, 0, 0);
        double before = INFINITY;
        while (step(level)) {
            const counted c = count(&d, level);
            const int64_t at = find_slice(r, level);
            int moves = 1; /* does each item move the rate? */
            for (int j = 0; j < COLUMNS; j++) {
                int rest[COLUMNS];
                memcpy(rest, level, sizeof rest);
                rest[j] = ANY;
                moves &= level[j] == ANY || divergence_of(&d, rest) != divergence_of(&d, level);
            }
            assert_int_equal(at >= 0, c.n >= 5 && c.n_defined >= 5 && moves);
            if (at < 0) continue;
            n++;
            ASSERT_NEAR(cell(r, "slices", "search_n", at), c.n_defined, 0);
            ASSERT_NEAR(cell(r, "slices", "search_value", at), rate_of(&d, level), 1e-15);
            ASSERT_NEAR(cell(r, "slices", "score", at), divergence_of(&d, level), 1e-15);
            check_contributions(&d, r, level);
        }
        assert_int_equal(n, n_rows_of(r, "slices"));
        for (int64_t i = 0; i < n_rows_of(r, "slices"); i++) {
            const double now = fabs(cell(r, "slices", "score", i));
            assert_true(now <= before);
            before = now;
        }
        mlsd_result_free(r);
    }
}

/* |B|! (3 - |B| - 1)! / 3! over the numbers of levels, for each pattern that holds the item. */
static double global_by_sum(const small_data *d, int column, int value, int min_support)
{
    static const double weights[3] = {1.0 / 3, 1.0 / 6, 1.0 / 3};
    int level[COLUMNS] = {ANY, ANY, ANY};
    double sum = 0;
    while (step(level)) {
        if (level[column] != value || count(d, level).n < min_support) continue;
        int rest[COLUMNS], n = 0;
        memcpy(rest, level, sizeof rest);
        rest[column] = ANY;
        for (int j = 0; j < COLUMNS; j++) n += rest[j] != ANY;
        sum += weights[n] / pow(LEVELS, n + 1) * (divergence_of(d, level) - divergence_of(d, rest));
    }
    return sum;
}

static void test_slice_divergence__items_have_their_global_share(void **state)
{
    (void)state;
    uint64_t random = 9;
    small_data d;
    draw_data(&random, &d);
    mlsd_result *const r = diverge(&d, 5, 0.01, 0);
    assert_int_equal(n_rows_of(r, "items"), COLUMNS * LEVELS);
    for (int j = 0; j < COLUMNS; j++) {
        for (int k = 0; k < LEVELS; k++) {
            int level[COLUMNS] = {ANY, ANY, ANY};
            level[j] = k;
            const int64_t at = j * LEVELS + k;
            assert_string_equal(cell_text(r, "items", "column", at), j == 0   ? "c0"
                                                                     : j == 1 ? "c1"
                                                                              : "c2");
            ASSERT_NEAR(cell(r, "items", "divergence", at), divergence_of(&d, level), 1e-15);
            ASSERT_NEAR(cell(r, "items", "shapley", at), global_by_sum(&d, j, k, 5), 1e-15);
        }
    }
    mlsd_result_free(r);
}

static void test_slice_divergence__redundant_ones_are_left_out(void **state)
{
    (void)state;
    uint64_t random = 9;
    small_data d;
    draw_data(&random, &d);
    mlsd_result *const all = diverge(&d, 5, 0, 0), *const some = diverge(&d, 5, 0.05, 0);
    int level[COLUMNS] = {ANY, ANY, ANY};
    assert_true(n_rows_of(some, "slices") < n_rows_of(all, "slices"));
    ASSERT_NEAR(number(some, "n_patterns"), number(all, "n_patterns"), 0);
    while (step(level)) {
        int redundant = 0;
        for (int j = 0; j < COLUMNS; j++) {
            int rest[COLUMNS];
            if (level[j] == ANY) continue;
            memcpy(rest, level, sizeof rest);
            rest[j] = ANY;
            redundant |= fabs(divergence_of(&d, level) - divergence_of(&d, rest)) <= 0.05;
        }
        if (find_slice(all, level) >= 0) {
            assert_int_equal(find_slice(some, level) < 0, redundant);
        }
    }
    mlsd_result_free(some);
    mlsd_result_free(all);
}

/* Trap T5: against all rows, which hold the slice, the distance is too small. Of 400 rows of which
 * the 100 of a slice have 60 events and the others 60: DivExplorer's t against all 400 would be
 * 5.56, and what it is against the 300 is 7.40; a row without an outcome counts on neither side,
 * nor as an event. */
static void test_slice_divergence__against_the_complement(void **state)
{
    (void)state;
    enum { N = 880 };
    double group[N], outcome[N];
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    /* Everything twice, so that whatever goes to which half, t is of what is in the table. */
    for (int i = 0; i < N; i++) {
        const int k = i % 440;
        group[i] = k < 100 || (k >= 400 && k < 430);
        outcome[i] = k < 100 ? k < 60 : k < 400 ? k < 160 : (double)NAN;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", group, N));
    ASSERT_OK(mlsd_spec_new(NULL, "slice_divergence", &spec));
    ASSERT_OK(mlsd_spec_set_str(spec, "outcome", "given"));
    const mlsd_matrix om = vector(outcome, N);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &om, NULL, &r));
    assert_string_equal(cell_text(r, "slices", "slice", 0), "g = 1");
    const double n_1 = cell(r, "slices", "n", 0), k_1 = cell(r, "slices", "value", 0) * n_1;
    const double n_0 = number(r, "n_confirm") - n_1;
    const double k_0 = cell(r, "slices", "outside", 0) * n_0;
    const double m_1 = (k_1 + 1) / (n_1 + 2), m_0 = (k_0 + 1) / (n_0 + 2);
    const double v_1 = m_1 * (1 - m_1) / (n_1 + 3), v_0 = m_0 * (1 - m_0) / (n_0 + 3);
    const double n = n_0 + n_1, m = (k_0 + k_1 + 1) / (n + 2), v = m * (1 - m) / (n + 3);
    ASSERT_NEAR(number(r, "n"), 800, 0);
    ASSERT_NEAR(cell(r, "slices", "t", 0), (m_1 - m_0) / sqrt(v_1 + v_0), 1e-10);
    assert_true(cell(r, "slices", "t", 0) > 1.2 * (m_1 - m) / sqrt(v_1 + v));
    ASSERT_NEAR(cell(r, "slices", "finding", 0), 1, 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "different by more than chance: where g = "));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

/* Each rate of one group by its counts: 40 true positives, 10 false negatives, 20 false positives,
 * 30 true negatives. */
static void test_slice_divergence__rates(void **state)
{
    (void)state;
    enum { N = 200 };
    static const struct {
        const char *outcome;
        double events, rows;
    } rates[] = {
        {"error_rate", 30, 100},
        {"accuracy", 70, 100},
        {"recall", 40, 50},
        {"fnr", 10, 50},
        {"fpr", 20, 50},
        {"specificity", 30, 50},
        {"precision", 40, 60},
        {"false_discovery_rate", 20, 60},
        {"npv", 30, 40},
        {"false_omission_rate", 10, 40},
        {"selection_rate", 60, 100},
        {"prevalence", 50, 100},
    };
    double group[N], y[N], p[N];
    mlsd_table *groups = NULL;
    for (int i = 0; i < N; i++) {
        const int k = i / 2;
        group[i] = i % 2;
        y[i] = k < 50;
        p[i] = i % 2 == 0 ? k < 40 || (k >= 50 && k < 70) : 1 - y[i];
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", group, N));
    const mlsd_matrix ym = vector(y, N), pm = vector(p, N);
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        mlsd_spec *spec = NULL;
        mlsd_result *r = NULL;
        ASSERT_OK(mlsd_spec_new(NULL, "slice_divergence", &spec));
        ASSERT_OK(mlsd_spec_set_str(spec, "outcome", rates[k].outcome));
        ASSERT_OK(mlsd_spec_set_f64(spec, "confirm", 0));
        ASSERT_OK(mlsd_slice_run(NULL, spec, groups, &ym, &pm, NULL, &r));
        ASSERT_NEAR(cell(r, "items", "n", 0), rates[k].rows, 0);
        ASSERT_NEAR(cell(r, "items", "value", 0), rates[k].events / rates[k].rows, 1e-15);
        mlsd_result_free(r);
        mlsd_spec_free(spec);
    }
    mlsd_table_free(groups);
}

static void test_slice_divergence__bad_input_is_named(void **state)
{
    (void)state;
    const double g[3] = {0, 1, 1}, bad[3] = {0, 2, 1};
    const mlsd_matrix bm = vector(bad, 3), gm = vector(g, 3);
    mlsd_table *groups = NULL;
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, 3));
    ASSERT_OK(mlsd_spec_new(NULL, "slice_divergence", &spec));
    ASSERT_FAILS(MLSD_E_ARG, "needs y", mlsd_slice_run(NULL, spec, groups, NULL, &gm, NULL, &r));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", 1));
    ASSERT_OK(mlsd_spec_set_f64(spec, "confirm", 0));
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_patterns", 1));
    ASSERT_FAILS(MLSD_E_DATA, "more than 1 frequent patterns",
                 mlsd_slice_run(NULL, spec, groups, &gm, &gm, NULL, &r));
    ASSERT_OK(mlsd_spec_set_str(spec, "outcome", "given"));
    ASSERT_FAILS(MLSD_E_DATA, "the outcome of row 1 is 2",
                 mlsd_slice_run(NULL, spec, groups, NULL, &bm, NULL, &r));
    ASSERT_FAILS(MLSD_E_ARG, "no y", mlsd_slice_run(NULL, spec, groups, &gm, &gm, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

static void test_slice_divergence__nothing_is_found_in_nothing(void **state)
{
    (void)state;
    assert_true(
        n_runs_with_findings(
            "{\"kind\":\"slice_divergence\",\"min_support\":15,\"outcome\":\"given\",\"k\":200}") <=
        16);
}

static void test_slice_divergence__same_bytes_on_threads(void **state)
{
    (void)state;
    static slice_sample s;
    slice_sample_make(&s);
    const mlsd_matrix y = vector(s.y, SLICE_ROWS), p = vector(s.p, SLICE_ROWS);
    const mlsd_matrix w = vector(s.weight, SLICE_ROWS);
    assert_slices_same_on_threads("{\"kind\":\"slice_divergence\",\"outcome\":\"fnr\"}", s.groups,
                                  &y, &p, NULL);
    assert_slices_same_on_threads(
        "{\"kind\":\"slice_divergence\",\"outcome\":\"error_rate\",\"max_level\":2}", s.groups, &y,
        &p, &w);
    mlsd_table_free(s.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_divergence__equals_brute_force),
        cmocka_unit_test(test_slice_divergence__items_have_their_global_share),
        cmocka_unit_test(test_slice_divergence__redundant_ones_are_left_out),
        cmocka_unit_test(test_slice_divergence__against_the_complement),
        cmocka_unit_test(test_slice_divergence__rates),
        cmocka_unit_test(test_slice_divergence__bad_input_is_named),
        cmocka_unit_test(test_slice_divergence__nothing_is_found_in_nothing),
        cmocka_unit_test(test_slice_divergence__same_bytes_on_threads),
    };
    return cmocka_run_group_tests_name("slice_divergence", tests, NULL, NULL);
}
