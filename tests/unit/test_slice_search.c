/* test_slice_search.c - the search for slices against published values and brute force.
 *
 * Salaries: the table of SystemDS's BuiltinSliceFinderTest (EXPECTED_TOPK), with alpha 0.95 and a
 * support of 4. Scores: the same test's values. Brute force: every slice of every random table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "slice_checks.h"
#include "salaries.h"
#include "slice/against.h"
#include "slice/search_bound.h"

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
        assert_string_equal(cell_text(r, "slices", "status", i), "not confirmed");
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

/* ---- brute force ---- */

enum { MOST_ROWS = 60, MOST_COLUMNS = 4, MOST_LEVELS = 4, MOST_SLICES = 700 };

typedef struct small_table {
    int n, n_columns, n_levels[MOST_COLUMNS];
    int code[MOST_COLUMNS][MOST_ROWS];
    double error[MOST_ROWS], weight[MOST_ROWS];
    int weighted;
} small_table;

typedef struct brute_slice {
    int level[MOST_COLUMNS]; /* -1: any */
    int n_predicates, n_rows;
    double size, error, worst, score;
} brute_slice;

static int below(uint64_t *state, int n)
{
    return (int)(draw(state) % (uint64_t)n);
}

static void draw_table(uint64_t *state, small_table *t)
{
    const int kind = below(state, 3);
    memset(t, 0, sizeof *t);
    t->n = 5 + below(state, MOST_ROWS - 4);
    t->n_columns = 1 + below(state, MOST_COLUMNS);
    t->weighted = below(state, 4) == 0;
    for (int j = 0; j < t->n_columns; j++) {
        t->n_levels[j] = 1 + below(state, MOST_LEVELS);
        for (int i = 0; i < t->n; i++) t->code[j][i] = below(state, t->n_levels[j]);
    }
    for (int i = 0; i < t->n; i++) {
        t->error[i] = kind == 0   ? below(state, 3) == 0
                      : kind == 1 ? below(state, 4)
                                  : (double)below(state, 1 << 20) / (1 << 18);
        t->weight[i] = t->weighted ? below(state, 5) / 2.0 : 1;
    }
    t->error[0] = 1;
    t->weight[0] = 1;
}

static int is_inside(const small_table *t, const brute_slice *s, int i)
{
    for (int j = 0; j < t->n_columns; j++) {
        if (s->level[j] >= 0 && t->code[j][i] != s->level[j]) return 0;
    }
    return t->weight[i] > 0;
}

static void sum_up(const small_table *t, brute_slice *s)
{
    s->n_rows = s->n_predicates = 0;
    s->size = s->error = s->worst = 0;
    for (int j = 0; j < t->n_columns; j++) s->n_predicates += s->level[j] >= 0;
    for (int i = 0; i < t->n; i++) {
        if (!is_inside(t, s, i)) continue;
        s->n_rows++;
        s->size += t->weight[i];
        s->error += t->weight[i] * t->error[i];
        s->worst = fmax(s->worst, t->error[i]);
    }
}

/* Every combination of levels, any standing for -1; the first is that of all rows. */
static int list_slices(const small_table *t, brute_slice *out)
{
    int n = 0, level[MOST_COLUMNS] = {-1, -1, -1, -1};
    for (;;) {
        memcpy(out[n].level, level, sizeof level);
        sum_up(t, &out[n++]);
        int j = 0;
        while (j < t->n_columns && ++level[j] == t->n_levels[j]) level[j++] = -1;
        if (j == t->n_columns) return n;
    }
}

static mlsd__search_whole whole_of(const small_table *t, const brute_slice *all, double alpha,
                                   int min_support)
{
    double least = INFINITY;
    for (int i = 0; i < t->n; i++) {
        if (t->weight[i] > 0) least = fmin(least, t->weight[i]);
    }
    return (mlsd__search_whole){alpha, all->size, all->error / all->size, min_support * least};
}

/* By score, then fewer predicates, then column by column the one that is asked for first, and the
 * lower level. */
static int compare_slices(const void *x, const void *y)
{
    const brute_slice *const a = x, *const b = y;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    if (a->n_predicates != b->n_predicates) return a->n_predicates < b->n_predicates ? -1 : 1;
    for (int j = 0; j < MOST_COLUMNS; j++) {
        if (a->level[j] == b->level[j]) continue;
        if (a->level[j] < 0 || b->level[j] < 0) return a->level[j] < 0 ? 1 : -1;
        return a->level[j] < b->level[j] ? -1 : 1;
    }
    return 0;
}

static int keep_scored(const mlsd__search_whole *all, brute_slice *slices, int n, int min_support,
                       int max_level)
{
    int kept = 0;
    for (int k = 0; k < n; k++) {
        brute_slice s = slices[k];
        if (s.n_predicates == 0 || s.n_predicates > max_level) continue;
        if (s.n_rows < min_support || !(s.error > 0)) continue;
        s.score = mlsd__search_score(all, s.size, s.error);
        if (s.score > 0) slices[kept++] = s;
    }
    qsort(slices, (size_t)kept, sizeof *slices, compare_slices);
    return kept;
}

static void name_slice(const small_table *t, const brute_slice *s, char *out)
{
    int n = 0;
    *out = '\0';
    for (int j = 0; j < t->n_columns; j++) {
        if (s->level[j] < 0) continue;
        out += sprintf(out, "%sc%d = %d", n++ > 0 ? " and " : "", j, s->level[j]);
    }
}

static mlsd_table *groups_of(const small_table *t)
{
    mlsd_table *groups = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    for (int j = 0; j < t->n_columns; j++) {
        char name[16];
        double column[MOST_ROWS];
        (void)snprintf(name, sizeof name, "c%d", j);
        for (int i = 0; i < t->n; i++) column[i] = t->code[j][i];
        ASSERT_OK(mlsd_table_set_f64(groups, name, column, t->n));
    }
    return groups;
}

static void compare_with_brute_force(const mlsd_context *context, uint64_t *state)
{
    static const double alphas[] = {0.5, 0.8, 0.95, 1};
    static brute_slice slices[MOST_SLICES];
    small_table t;
    draw_table(state, &t);
    const int min_support = 1 + below(state, 5), max_level = 1 + below(state, 4);
    const int k = 1 + below(state, 12);
    const double alpha = alphas[below(state, 4)];
    int n = list_slices(&t, slices);
    const mlsd__search_whole all = whole_of(&t, &slices[0], alpha, min_support);
    n = keep_scored(&all, slices, n, min_support, max_level);
    mlsd_table *const groups = groups_of(&t);
    mlsd_spec *const spec = search_spec(alpha, min_support, max_level, 0);
    ASSERT_OK(mlsd_spec_set_i64(spec, "k", k));
    const mlsd_matrix e = vector(t.error, t.n), w = vector(t.weight, t.n);
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_slice_run(context, spec, groups, NULL, &e, t.weighted ? &w : NULL, &r));
    assert_int_equal(n_slices(r), n < k ? n : k);
    for (int i = 0; i < n_slices(r); i++) {
        char name[80];
        name_slice(&t, &slices[i], name);
        assert_string_equal(cell_text(r, "slices", "slice", i), name);
        ASSERT_NEAR(cell(r, "slices", "score", i), slices[i].score, 0);
        ASSERT_NEAR(cell(r, "slices", "search_n", i), slices[i].n_rows, 0);
    }
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

static void test_slice_search__equals_brute_force(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    uint64_t random = 1;
    ASSERT_OK(mlsd_context_new(&context));
    for (int i = 0; i < 4000; i++) compare_with_brute_force(context, &random);
    mlsd_context_free(context);
}

/* Trap T4 of the published implementations: with the number of one-hot columns for n the bound is
 * below scores of slices within, as soon as there are more columns than rows. With rows it never
 * is. */
static void test_slice_search__bound_is_by_rows(void **state)
{
    (void)state;
    static brute_slice slices[MOST_SLICES];
    uint64_t random = 2;
    int n_columns_wrong = 0;
    for (int round = 0; round < 300; round++) {
        small_table t;
        draw_table(&random, &t);
        const int n = list_slices(&t, slices), min_support = 1 + below(&random, 4);
        const mlsd__search_whole all = whole_of(&t, &slices[0], 0.95, min_support);
        mlsd__search_whole by_columns = all;
        by_columns.size = 4 * t.n;
        for (int x = 0; x < n; x++) {
            for (int y = 1; y < n; y++) {
                const brute_slice *const in = &slices[y], *const of = &slices[x];
                int within = in->n_rows >= min_support && in->error > 0;
                for (int j = 0; j < t.n_columns; j++)
                    within &= of->level[j] < 0 || of->level[j] == in->level[j];
                if (!within) continue;
                const double score = mlsd__search_score(&all, in->size, in->error);
                assert_true(mlsd__search_bound(&all, of->size, of->error, of->worst) >= score);
                n_columns_wrong +=
                    mlsd__search_bound(&by_columns, of->size, of->error, of->worst) < score;
            }
        }
    }
    assert_true(n_columns_wrong > 1000);
}

/* ---- halves and honesty ---- */

enum { NULL_ROWS = 600, NULL_COLUMNS = 4 };

/* Rows of which a share is wrong whatever they are; but for `planted` more where a = 0 and b = 1.
 */
static mlsd_result *simulate(uint64_t *state, double planted, int losses, int64_t seed)
{
    static const char *const names[NULL_COLUMNS] = {"a", "b", "c", "d"};
    double columns[NULL_COLUMNS][NULL_ROWS], error[NULL_ROWS];
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < NULL_ROWS; i++) {
        for (int j = 0; j < NULL_COLUMNS; j++) columns[j][i] = below(state, 3);
        const double more = columns[0][i] == 0 && columns[1][i] == 1 ? planted : 0;
        const double u = below(state, 1 << 20) / (double)(1 << 20);
        error[i] = losses ? (1 + more) * u * u : u < 0.2 + more;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    for (int j = 0; j < NULL_COLUMNS; j++) {
        ASSERT_OK(mlsd_table_set_f64(groups, names[j], columns[j], NULL_ROWS));
    }
    mlsd_spec *const spec = search_spec(0.95, 20, 3, 0.5);
    ASSERT_OK(mlsd_spec_set_i64(spec, "seed", seed));
    const mlsd_matrix e = vector(error, NULL_ROWS);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
    return r;
}

/* Mean and its standard error, in units of the latter. */
static double deviations(const double *x, int n, double about)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) sum += x[i] / n;
    for (int i = 0; i < n; i++) squares += (x[i] - sum) * (x[i] - sum);
    return (sum - about) / sqrt(squares / (n - 1) / n);
}

/* A side whose rows happen to be alike has no variance of its own, which must not make its distance
 * look certain: 30 rows that are wrong among 1,000 of which 95 % are. Welch's t by scipy would be
 * 7.1 with p below 1e-11. Weighted, it is no count for Fisher's test. */
static void test_slice_search__rows_that_are_alike_are_no_proof(void **state)
{
    (void)state;
    static double error[1024], weight[1024];
    uint64_t inside_bits[16] = {0x3fffffff};
    mlsd__half h = {.n_rows = 1000, .n_words = 16, .error = error, .zero_one = true};
    mlsd__half_errors of;
    mlsd__errors inside;
    mlsd__against found;
    for (int i = 0; i < 1000; i++) {
        error[i] = i < 30 || i % 20 != 0;
        weight[i] = 1 + i % 2;
    }
    for (int weighted = 0; weighted < 2; weighted++) {
        h.weight = weighted ? weight : NULL;
        mlsd__half_errors_make(&h, &of);
        mlsd__errors_of(&h, &of, inside_bits, NULL, &inside);
        mlsd__against_make(&of, &inside, false, 0.95, &found);
        ASSERT_NEAR(found.inside, 1, 1e-12);
        assert_true(found.p_value > 0.1 && found.p_value < 0.5);
        assert_true(found.low < 0 && found.high > found.difference);
        assert_true(found.inside_low < 0.95 && found.inside_high <= 1);
    }
    /* All wrong inside, all right outside: that is certain all the same. */
    for (int i = 0; i < 1000; i++) error[i] = i < 30;
    mlsd__half_errors_make(&h, &of);
    mlsd__errors_of(&h, &of, inside_bits, NULL, &inside);
    mlsd__against_make(&of, &inside, false, 0.95, &found);
    assert_true(found.p_value < 1e-100);
    assert_true(found.low > 0.8);
    ASSERT_NEAR(mlsd__against_p(&of, &inside, false, 30, true), found.p_value, 0);
    assert_true(isnan(mlsd__against_p(&of, &inside, false, 31, true)));
}

/* Where only worse slices are looked for, one that is better counts as 1. */
static void test_slice_search__better_slices_do_not_count(void **state)
{
    (void)state;
    double error[64];
    uint64_t bits[1] = {0xffffffff};
    const mlsd__half h = {.n_rows = 64, .n_words = 1, .error = error};
    mlsd__half_errors of;
    mlsd__errors inside;
    for (int i = 0; i < 64; i++) error[i] = i < 32 ? i % 3 : 5 + i % 3;
    mlsd__half_errors_make(&h, &of);
    mlsd__errors_of(&h, &of, bits, NULL, &inside);
    ASSERT_NEAR(mlsd__against_p(&of, &inside, false, 5, true), 1, 0);
    assert_true(mlsd__against_p(&of, &inside, false, 5, false) < 1e-10);
}

/* Where nothing is to be found: at most one run in twenty finds something (chance of more than
 * 30 of 300 when it is one in twenty: 0.0002), the effect of the first slice is nothing on
 * average, while in the half that chose it, it is far from that. */
static void check_null(int losses)
{
    enum { N_RUNS = 300 };
    double confirmed[N_RUNS], seen[N_RUNS];
    uint64_t random = losses ? 11 : 12;
    int n_with = 0, n = 0;
    for (int run = 0; run < N_RUNS; run++) {
        mlsd_result *const r = simulate(&random, 0, losses, run);
        n_with += number(r, "n_findings") > 0;
        if (n_slices(r) > 0 && !isnan(cell(r, "slices", "difference", 0))) {
            confirmed[n] = cell(r, "slices", "difference", 0);
            seen[n++] = cell(r, "slices", "search_difference", 0);
        }
        mlsd_result_free(r);
    }
    assert_true(n > N_RUNS / 2);
    assert_true(n_with <= 30);
    assert_true(fabs(deviations(confirmed, n, 0)) < 4);
    assert_true(deviations(seen, n, 0) > 20);
}

static void test_slice_search__nothing_is_found_in_nothing(void **state)
{
    (void)state;
    check_null(0);
    check_null(1);
}

/* What is there is found, and its effect is what it is: 0.4 more than 0.2. */
static void test_slice_search__planted_slice_is_found_with_its_effect(void **state)
{
    (void)state;
    enum { N_RUNS = 60 };
    double confirmed[N_RUNS];
    uint64_t random = 5;
    int n_found = 0, n = 0;
    for (int run = 0; run < N_RUNS; run++) {
        mlsd_result *const r = simulate(&random, 0.4, 0, run);
        for (int64_t i = 0; i < n_slices(r); i++) {
            if (strcmp(cell_text(r, "slices", "slice", i), "a = 0 and b = 1") != 0) continue;
            n_found += cell(r, "slices", "finding", i) == 1;
            confirmed[n++] = cell(r, "slices", "difference", i);
        }
        mlsd_result_free(r);
    }
    assert_true(n_found > N_RUNS * 2 / 3);
    assert_true(fabs(deviations(confirmed, n, 0.4)) < 4);
}

/* A level that ten rows have, all of them wrong: with min_support 3 it is seen, and said to have
 * too few rows, whatever its effect. */
static void test_slice_search__low_support_is_said_and_is_no_finding(void **state)
{
    (void)state;
    enum { ROWS = 400 };
    const char *group[ROWS];
    double error[ROWS];
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < ROWS; i++) {
        group[i] = i < 10 ? "rare" : i % 2 ? "odd" : "even";
        error[i] = i < 10 || i % 20 == 0;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "g", group, ROWS));
    mlsd_spec *const spec = search_spec(0.95, 3, 1, 0.5);
    ASSERT_OK(mlsd_spec_set_i64(spec, "confirm_support", 30));
    const mlsd_matrix e = vector(error, ROWS);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    assert_string_equal(cell_text(r, "slices", "slice", 0), "g = rare");
    assert_string_equal(cell_text(r, "slices", "status", 0), "low support");
    ASSERT_NEAR(cell(r, "slices", "value", 0), 1, 0);
    ASSERT_NEAR(cell(r, "slices", "finding", 0), 0, 0);
    assert_true(isnan(cell(r, "slices", "q_value", 0)));
    ASSERT_NEAR(number(r, "n_findings"), 0, 0);
    ASSERT_NEAR(number(r, "n_low_support"), 1, 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "no slice is worse by more than chance"));
    assert_non_null(strstr(mlsd_result_verdict(r), "too few rows to be judged"));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

/* Fisher's exact test by scipy 1.10: fisher_exact(table, "greater" / "less"), the smaller doubled.
 */
static void test_slice_search__shares_by_fisher_s_exact_test(void **state)
{
    (void)state;
    ASSERT_NEAR(mlsd__fisher_p(8, 10, 2, 20) / 0.0005825259198572541, 1, 1e-10);
    ASSERT_NEAR(mlsd__fisher_p(0, 30, 12, 60) / 0.010218117941069796, 1, 1e-10);
    ASSERT_NEAR(mlsd__fisher_p(96, 339, 189, 2041) / 4.51911625658419e-19, 1, 1e-9);
    ASSERT_NEAR(mlsd__fisher_p(2600, 25000, 20000, 225000) / 9.410018062833107e-15, 1, 1e-7);
    ASSERT_NEAR(mlsd__fisher_p(3, 10, 6, 20), 1, 0);
    assert_true(isnan(mlsd__fisher_p(0, 0, 1, 10)));
}

/* Welch's t of two samples: scipy.stats.ttest_ind(equal_var=False). Newcombe's interval and z are
 * those of Boston's mortgage denials: 96 of 339 against 189 of 2,041. */
static void test_slice_search__welch_and_newcombe(void **state)
{
    (void)state;
    double error[10] = {1, 2, 4, 8, 3, 1, 1.5, 2, 0.5, 1};
    uint64_t inside_bits = 0x1f;
    const mlsd__half h = {.n_rows = 10, .n_words = 1, .error = error};
    mlsd__half_errors of;
    mlsd__errors inside;
    mlsd__against found;
    mlsd__half_errors_make(&h, &of);
    mlsd__errors_of(&h, &of, &inside_bits, NULL, &inside);
    mlsd__against_make(&of, &inside, false, 0.95, &found);
    ASSERT_NEAR(found.difference, 2.4, 1e-14);
    ASSERT_NEAR(found.statistic, 1.9434631924293988, 1e-12);
    ASSERT_NEAR(found.p_value, 0.11807131277451006, 1e-12);
    ASSERT_NEAR(found.low, -0.9210707999728425, 1e-10);
    ASSERT_NEAR(found.high, 5.721070799972843, 1e-10);
    ASSERT_NEAR(found.effect, 1.2291540473558016, 1e-12);

    const mlsd__half_errors boston = {.mean = 285.0 / 2380, .all = {.n = 2380, .w = 2380}};
    const mlsd__errors black = {.n = 339, .w = 339, .wd = 96 - 339 * 285.0 / 2380};
    mlsd__against_make(&boston, &black, true, 0.95, &found);
    ASSERT_NEAR(found.inside, 0.283185841, 5e-10);
    ASSERT_NEAR(found.outside, 0.092601666, 5e-10);
    ASSERT_NEAR(found.statistic * found.statistic, 100.176, 5e-4);
    ASSERT_NEAR(found.low, 0.1442, 1e-2);
    ASSERT_NEAR(found.high, 0.2415, 1e-2);
}

/* ---- the rest ---- */

static void test_slice_search__predicates_of_bins(void **state)
{
    (void)state;
    enum { ROWS = 100 };
    double x[ROWS], error[ROWS];
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < ROWS; i++) {
        x[i] = i < 4 ? (double)NAN : i;
        error[i] = i < 4 ? 0.5 : i >= 50 && i < 70;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "x", x, ROWS));
    mlsd_spec *const spec = search_spec(0.95, 4, 1, 0);
    ASSERT_OK(mlsd_spec_set_str(spec, "binning", "equal_width"));
    ASSERT_OK(mlsd_spec_set_i64(spec, "n_bins", 5)); /* 4 .. 99: 23, 42, 61, 80 */
    const mlsd_matrix e = vector(error, ROWS);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    assert_int_equal(n_slices(r), 3);
    assert_string_equal(cell_text(r, "slices", "slice", 0), "x in (42, 61]");
    assert_string_equal(cell_text(r, "slices", "predicates", 0),
                        "[{\"column\": \"x\", \"above\": 42, \"at_most\": 61}]");
    assert_string_equal(cell_text(r, "slices", "slice", 1), "x in (61, 80]");
    assert_string_equal(cell_text(r, "slices", "slice", 2), "x is missing");
    assert_string_equal(cell_text(r, "slices", "predicates", 2),
                        "[{\"column\": \"x\", \"missing\": true}]");
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

/* ---- losses and bad input ---- */

static void test_slice_search__losses(void **state)
{
    (void)state;
    static const char *const losses[] = {"zero_one", "squared", "absolute", "log_loss"};
    const double g[4] = {0, 0, 1, 1}, y[4] = {0, 1, 1, 0}, p[4] = {0.25, 0.75, 0.25, 0.75};
    const double wanted[4] = {1, 0.5625, 0.75, log(4)};
    const mlsd_matrix ym = vector(y, 4), pm = vector(p, 4);
    mlsd_table *groups = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, 4));
    for (int k = -1; k < 4; k++) {
        mlsd_spec *const spec = search_spec(1, 1, 1, 0);
        mlsd_result *r = NULL;
        const char *loss = NULL;
        if (k >= 0) ASSERT_OK(mlsd_spec_set_str(spec, "loss", losses[k]));
        ASSERT_OK(mlsd_slice_run(NULL, spec, groups, &ym, &pm, NULL, &r));
        ASSERT_OK(mlsd_result_get_str(r, "loss", &loss));
        assert_string_equal(loss, losses[k < 0 ? 0 : k]);
        assert_string_equal(cell_text(r, "slices", "slice", 0), "g = 1");
        ASSERT_NEAR(cell(r, "slices", "search_value", 0), wanted[k < 0 ? 0 : k], 1e-15);
        mlsd_result_free(r);
        mlsd_spec_free(spec);
    }
    mlsd_table_free(groups);
}

/* A column of identifiers: no level has rows enough, which is said; asked to use them all the same,
 * it refuses. */
static void test_slice_search__column_of_many_values(void **state)
{
    (void)state;
    enum { ROWS = 20010 };
    static double id[ROWS], g[ROWS], error[ROWS];
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < ROWS; i++) {
        id[i] = i;
        g[i] = i % 2;
        error[i] = i % 4 == 0;
    }
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "id", id, ROWS));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, ROWS));
    mlsd_spec *const spec = search_spec(0.95, 32, 1, 0);
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_values", 100000));
    const mlsd_matrix e = vector(error, ROWS);
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    ASSERT_NEAR(cell(r, "columns", "levels", 0), ROWS, 0);
    ASSERT_NEAR(cell(r, "columns", "used", 0), 0, 0);
    ASSERT_NEAR(cell(r, "columns", "used", 1), 2, 0);
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", 1));
    ASSERT_FAILS(MLSD_E_DATA, "column 'id' has more than 20000 values with at least 1 rows each",
                 mlsd_slice_run(NULL, spec, groups, NULL, &e, NULL, &r));
    mlsd_spec_free(spec);
    mlsd_table_free(groups);
}

static void test_slice_search__bad_input_is_named(void **state)
{
    (void)state;
    const double g[3] = {0, 1, 1}, e[3] = {0, -1, 1}, nan[3] = {0, NAN, 1}, zero[3] = {0, 0, 0};
    const double y[3] = {0, 1, 2}, half[3] = {0, 0.5, 1};
    const mlsd_matrix em = vector(e, 3), nm = vector(nan, 3), zm = vector(zero, 3),
                      ym = vector(y, 3), hm = vector(half, 3), short_one = vector(e, 2);
    mlsd_table *groups = NULL, *empty = NULL;
    mlsd_result *r = NULL;
    mlsd_spec *other = NULL;
    const char *const twice[2] = {"g", "g"}, *const none[1] = {"h"};
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_f64(groups, "g", g, 3));
    ASSERT_OK(mlsd_table_new(NULL, &empty));
    mlsd_spec *const spec = search_spec(0.95, 1, 1, 0);
    ASSERT_FAILS(MLSD_E_ARG, "needs a prediction",
                 mlsd_slice_run(NULL, spec, groups, NULL, NULL, NULL, &r));
    ASSERT_FAILS(MLSD_E_DATA, "the loss[1] is -1",
                 mlsd_slice_run(NULL, spec, groups, NULL, &em, NULL, &r));
    ASSERT_FAILS(MLSD_E_DATA, "the loss[1] is nan",
                 mlsd_slice_run(NULL, spec, groups, NULL, &nm, NULL, &r));
    ASSERT_FAILS(MLSD_E_DATA, "y[1] is nan",
                 mlsd_slice_run(NULL, spec, groups, &nm, &zm, NULL, &r));
    ASSERT_FAILS(MLSD_E_SHAPE, "the table of groups has 3 rows, prediction has 2",
                 mlsd_slice_run(NULL, spec, groups, NULL, &short_one, NULL, &r));
    ASSERT_FAILS(MLSD_E_DATA, "weight[1] is -1",
                 mlsd_slice_run(NULL, spec, groups, NULL, &zm, &em, &r));
    ASSERT_FAILS(MLSD_E_DATA, "all weights are 0",
                 mlsd_slice_run(NULL, spec, groups, NULL, &zm, &zm, &r));
    ASSERT_FAILS(MLSD_E_SHAPE, "rows", mlsd_slice_run(NULL, spec, empty, NULL, &zm, NULL, &r));
    ASSERT_OK(mlsd_spec_set_str(spec, "loss", "zero_one"));
    ASSERT_FAILS(MLSD_E_DATA, "prediction[1] is 0.5",
                 mlsd_slice_run(NULL, spec, groups, &ym, &hm, NULL, &r));
    ASSERT_FAILS(MLSD_E_ARG, "needs y", mlsd_slice_run(NULL, spec, groups, NULL, &zm, NULL, &r));
    ASSERT_OK(mlsd_spec_set_str_list(spec, "by", none, 1));
    ASSERT_FAILS(MLSD_E_COLUMN, "'h'", mlsd_slice_run(NULL, spec, groups, &ym, &ym, NULL, &r));
    ASSERT_OK(mlsd_spec_set_str_list(spec, "by", twice, 2));
    ASSERT_FAILS(MLSD_E_COLUMN, "twice", mlsd_slice_run(NULL, spec, groups, &ym, &ym, NULL, &r));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &other));
    ASSERT_FAILS(MLSD_E_KIND, "slicing", mlsd_slice_run(NULL, other, groups, &ym, &ym, NULL, &r));
    /* No error anywhere is no failure: there is nothing to find. */
    ASSERT_OK(mlsd_spec_reset(spec, "by"));
    ASSERT_OK(mlsd_slice_run(NULL, spec, groups, &ym, &ym, NULL, &r));
    assert_int_equal(n_slices(r), 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "no slice stands out"));
    mlsd_result_free(r);
    mlsd_spec_free(other);
    mlsd_spec_free(spec);
    mlsd_table_free(empty);
    mlsd_table_free(groups);
}

static void test_slice_search__same_bytes_on_threads(void **state)
{
    (void)state;
    static slice_sample s;
    slice_sample_make(&s);
    const mlsd_matrix y = vector(s.y, SLICE_ROWS), p = vector(s.p, SLICE_ROWS);
    const mlsd_matrix w = vector(s.weight, SLICE_ROWS);
    assert_slices_same_on_threads("{\"kind\":\"slice_search\",\"k\":20}", s.groups, &y, &p, NULL);
    assert_slices_same_on_threads(
        "{\"kind\":\"slice_search\",\"loss\":\"squared\",\"confirm\":0.3}", s.groups, &y, &p, &w);
    mlsd_table_free(s.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_search__salaries_of_systemds),
        cmocka_unit_test(test_slice_search__scores_of_systemds),
        cmocka_unit_test(test_slice_search__equals_brute_force),
        cmocka_unit_test(test_slice_search__bound_is_by_rows),
        cmocka_unit_test(test_slice_search__rows_that_are_alike_are_no_proof),
        cmocka_unit_test(test_slice_search__better_slices_do_not_count),
        cmocka_unit_test(test_slice_search__nothing_is_found_in_nothing),
        cmocka_unit_test(test_slice_search__planted_slice_is_found_with_its_effect),
        cmocka_unit_test(test_slice_search__low_support_is_said_and_is_no_finding),
        cmocka_unit_test(test_slice_search__shares_by_fisher_s_exact_test),
        cmocka_unit_test(test_slice_search__welch_and_newcombe),
        cmocka_unit_test(test_slice_search__predicates_of_bins),
        cmocka_unit_test(test_slice_search__losses),
        cmocka_unit_test(test_slice_search__column_of_many_values),
        cmocka_unit_test(test_slice_search__bad_input_is_named),
        cmocka_unit_test(test_slice_search__same_bytes_on_threads),
    };
    return cmocka_run_group_tests_name("slice_search", tests, NULL, NULL);
}
