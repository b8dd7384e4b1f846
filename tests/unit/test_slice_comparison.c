/* test_slice_comparison.c - two models by slice: every number against brute force on random tables,
 * McNemar's p against SciPy's binomial test, what was planted, what must never be called a finding.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "slice_checks.h"

static int64_t find_slice(const mlsd_result *r, const char *name)
{
    for (int64_t i = 0; i < n_slices(r); i++) {
        if (strcmp(cell_text(r, "slices", "slice", i), name) == 0) return i;
    }
    fail_msg("no slice '%s'", name);
    return -1;
}

static mlsd_spec *new_spec(int64_t min_support)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_new(NULL, "slice_comparison", &spec));
    ASSERT_OK(mlsd_spec_set_i64(spec, "min_support", min_support));
    return spec;
}

enum { MOST = 4000 };

/* Rows that a test makes: two columns of groups and both models' predictions, side by side. */
typedef struct rows {
    int64_t n;
    const char *g[MOST], *h[MOST];
    double y[MOST], prediction[MOST][2], weight[MOST];
} rows;

static mlsd_result *run_status(const rows *x, const mlsd_spec *spec, const double *weight,
                               mlsd_status *out)
{
    mlsd_table *groups = NULL;
    mlsd_result *r = NULL;
    const mlsd_matrix y = {x->y, x->n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix p = {x->prediction, x->n, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix w = {weight, x->n, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "g", x->g, x->n));
    ASSERT_OK(mlsd_table_set_str(groups, "h", x->h, x->n));
    *out = mlsd_slice_run(NULL, spec, groups, &y, &p, weight == NULL ? NULL : &w, &r);
    mlsd_table_free(groups);
    return r;
}

static mlsd_result *run(const rows *x, const mlsd_spec *spec, const double *weight)
{
    mlsd_status status;
    mlsd_result *const r = run_status(x, spec, weight, &status);
    ASSERT_OK(status);
    return r;
}

/* ---- against brute force ---- */

static const char *const gs[] = {"a", "b", "c"};
static const char *const hs[] = {"u", "v"};

static void random_rows(rows *x, int64_t n, uint64_t *random, bool classes)
{
    x->n = n;
    for (int64_t i = 0; i < n; i++) {
        x->g[i] = gs[draw(random) % 3];
        x->h[i] = hs[draw(random) % 2];
        x->y[i] = (double)(draw(random) % 3);
        x->weight[i] = (double)(draw(random) % 4);
        for (int k = 0; k < 2; k++) {
            x->prediction[i][k] = classes ? (double)(draw(random) % 3)
                                          : x->y[i] + (double)(draw(random) % 1000) / 500 - 1;
        }
    }
}

/* Chance of at most k of n tosses, by multiplying out. */
static double tosses(int64_t k, int64_t n, double *out_last)
{
    double term = pow(0.5, (double)n), sum = 0;
    for (int64_t i = 0; i <= k; i++) {
        sum += term;
        *out_last = term;
        term *= (double)(n - i) / (double)(i + 1);
    }
    return sum;
}

static double mid_p(int64_t first, int64_t second)
{
    const int64_t least = first < second ? first : second;
    double last = 0;
    const double sum = tosses(least, first + second, &last);
    return fmin(1, 2 * (sum - last / 2));
}

/* The rows of a slice by its two letters; '*' is any. */
static void check_classes(const rows *x, const mlsd_result *r, char g, char h, int64_t min_support)
{
    char name[32] = "";
    int64_t n = 0, wrong[2] = {0, 0}, worse = 0, better = 0;
    for (int64_t i = 0; i < x->n; i++) {
        if ((g != '*' && x->g[i][0] != g) || (h != '*' && x->h[i][0] != h)) continue;
        const int a = x->prediction[i][0] != x->y[i], b = x->prediction[i][1] != x->y[i];
        n++;
        wrong[0] += a;
        wrong[1] += b;
        worse += b && !a;
        better += a && !b;
    }
    if (n == 0) return;
    if (g != '*') snprintf(name, sizeof name, "g = %c%s", g, h != '*' ? " and " : "");
    if (h != '*') snprintf(name + strlen(name), sizeof name - strlen(name), "h = %c", h);
    const int64_t at = find_slice(r, name);
    const double size = (double)n;
    ASSERT_NEAR(cell(r, "slices", "n", at), size, 0);
    ASSERT_NEAR(cell(r, "slices", "a_sum", at), (double)wrong[0], 0);
    ASSERT_NEAR(cell(r, "slices", "b", at), (double)wrong[1] / size, 1e-15);
    ASSERT_NEAR(cell(r, "slices", "difference", at), (double)(wrong[1] - wrong[0]) / size, 1e-15);
    ASSERT_NEAR(cell(r, "slices", "negative_flips", at), (double)worse, 0);
    ASSERT_NEAR(cell(r, "slices", "positive_flips", at), (double)better, 0);
    double low, high;
    ASSERT_OK(mlsd_interval_proportion("wilson", (double)wrong[1], size, 0.95, &low, &high));
    ASSERT_NEAR(cell(r, "slices", "b_low", at), low, 1e-12);
    ASSERT_NEAR(cell(r, "slices", "b_high", at), high, 1e-12);
    if (n < min_support) {
        assert_string_equal(cell_text(r, "slices", "status", at), "low support");
        assert_true(isnan(cell(r, "slices", "p_value", at)) &&
                    isnan(cell(r, "slices", "q_value", at)));
        return;
    }
    ASSERT_NEAR(cell(r, "slices", "p_value", at), mid_p(worse, better), 1e-12);
    /* Bonett and Price's interval, by hand. */
    const double up = ((double)worse + 1) / (size + 2), down = ((double)better + 1) / (size + 2);
    const double half =
        1.9599639845400545 * sqrt((up + down - (up - down) * (up - down)) / (size + 2));
    ASSERT_NEAR(cell(r, "slices", "difference_low", at), fmax(-1, up - down - half), 1e-12);
    ASSERT_NEAR(cell(r, "slices", "difference_high", at), fmin(1, up - down + half), 1e-12);
}

static void test_slice_comparison__classes_are_brute_force(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 3;
    for (int round = 0; round < 60; round++) {
        random_rows(&x, 20 + (int64_t)(draw(&random) % 200), &random, true);
        mlsd_spec *const spec = new_spec(20);
        mlsd_result *const r = run(&x, spec, NULL);
        for (int g = 0; g < 3; g++) check_classes(&x, r, gs[g][0], '*', 20);
        for (int h = 0; h < 2; h++) check_classes(&x, r, '*', hs[h][0], 20);
        for (int g = 0; g < 3; g++)
            for (int h = 0; h < 2; h++) {
                if (number(r, "n_redundant") == 0) check_classes(&x, r, gs[g][0], hs[h][0], 20);
            }
        mlsd_result_free(r);
        mlsd_spec_free(spec);
    }
}

/* q-values are Benjamini and Hochberg's over exactly the groups that were judged. */
static void test_slice_comparison__q_counts_the_judged(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 9;
    random_rows(&x, 150, &random, true);
    mlsd_spec *const spec = new_spec(25);
    mlsd_result *const r = run(&x, spec, NULL);
    double p[16], q[16];
    int64_t n = 0, n_low = 0;
    for (int64_t i = 0; i < n_slices(r); i++) {
        n_low += cell(r, "slices", "n", i) < 25;
        if (cell(r, "slices", "n", i) >= 25) p[n++] = cell(r, "slices", "p_value", i);
    }
    assert_true(n > 3 && n_low > 0);
    ASSERT_NEAR(number(r, "n_tested"), (double)n, 0);
    ASSERT_NEAR(number(r, "n_low_support"), (double)n_low, 0);
    ASSERT_OK(mlsd_adjust_p_values("benjamini_hochberg", p, n, q));
    for (int64_t i = 0; i < n; i++) ASSERT_NEAR(cell(r, "slices", "q_value", i), q[i], 1e-15);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

/* Losses of numbers: mean, difference and the paired t statistic of the group, summed plainly. */
static void test_slice_comparison__numbers_are_a_paired_t(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 5;
    random_rows(&x, 400, &random, false);
    mlsd_spec *const spec = new_spec(20);
    ASSERT_OK(mlsd_spec_set_str(spec, "loss", "absolute"));
    mlsd_result *const r = run(&x, spec, NULL);
    for (int g = 0; g < 3; g++) {
        double n = 0, sum = 0, squares = 0, a = 0;
        int64_t worse = 0;
        char name[16];
        for (int64_t i = 0; i < x.n; i++) {
            if (x.g[i][0] != gs[g][0]) continue;
            const double before = fabs(x.prediction[i][0] - x.y[i]);
            const double d = fabs(x.prediction[i][1] - x.y[i]) - before;
            n++;
            a += before;
            sum += d;
            squares += d * d;
            worse += d > 0;
        }
        snprintf(name, sizeof name, "g = %s", gs[g]);
        const int64_t at = find_slice(r, name);
        const double se = sqrt((squares - sum * sum / n) / (n - 1) / n);
        ASSERT_NEAR(cell(r, "slices", "a", at), a / n, 1e-13);
        ASSERT_NEAR(cell(r, "slices", "difference", at), sum / n, 1e-13);
        ASSERT_NEAR(cell(r, "slices", "negative_flips", at), (double)worse, 0);
        /* Half the interval over the standard error is t's quantile, near normal's here. */
        const double t =
            (cell(r, "slices", "difference_high", at) - cell(r, "slices", "difference_low", at)) /
            (2 * se);
        assert_true(t > 1.96 && t < 2.0);
    }
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

/* scipy.stats.binomtest(15, 46).pvalue, and with half of the chance of 15. */
static void test_slice_comparison__p_is_scipys(void **state)
{
    (void)state;
    static rows x;
    const char *by = "g";
    x.n = 100;
    for (int64_t i = 0; i < x.n; i++) {
        x.g[i] = "a";
        x.h[i] = "u";
        x.y[i] = 1;
        x.prediction[i][0] = i < 15 ? 0 : 1;
        x.prediction[i][1] = i >= 15 && i < 46 ? 0 : 1;
    }
    mlsd_spec *const spec = new_spec(30);
    ASSERT_OK(mlsd_spec_set_str_list(spec, "by", &by, 1));
    mlsd_result *r = run(&x, spec, NULL);
    ASSERT_NEAR(number(r, "p_value"), 0.018623836615006453, 1e-14);
    ASSERT_NEAR(cell(r, "slices", "p_value", 0), 0.018623836615006453, 1e-14);
    mlsd_result_free(r);
    ASSERT_OK(mlsd_spec_set_str(spec, "test", "exact"));
    r = run(&x, spec, NULL);
    ASSERT_NEAR(number(r, "p_value"), 0.02589608179323477, 1e-14);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

/* ---- what it says ---- */

/* The second model mends a fifth of all rows, and breaks a fifth of those of group b; of the twelve
 * rows of group c it breaks all. */
static void planted(rows *x)
{
    uint64_t random = 17;
    x->n = 3000;
    for (int64_t i = 0; i < x->n; i++) {
        const bool is_b = draw(&random) % 5 == 0, is_c = i % 250 == 0;
        const bool first = draw(&random) % 10 >= (is_b ? 1 : 3);
        const bool second = is_c ? false : draw(&random) % 10 >= (is_b ? 3 : 1);
        x->g[i] = is_c ? "c" : is_b ? "b" : "a";
        x->h[i] = hs[draw(&random) % 2];
        x->y[i] = (double)(draw(&random) % 2);
        x->prediction[i][0] = first || is_c ? x->y[i] : 1 - x->y[i];
        x->prediction[i][1] = second ? x->y[i] : 1 - x->y[i];
    }
}

static void test_slice_comparison__says_who_got_worse(void **state)
{
    (void)state;
    static rows x;
    char text[4096];
    planted(&x);
    mlsd_spec *const spec = new_spec(30);
    ASSERT_OK(mlsd_spec_set_str(spec, "name_a", "old"));
    ASSERT_OK(mlsd_spec_set_str(spec, "name_b", "new"));
    mlsd_result *const r = run(&x, spec, NULL);
    snprintf(text, sizeof text, "%s", mlsd_result_verdict(r));
    assert_non_null(strstr(text, "new is better than old overall: share of errors "));
    assert_non_null(strstr(text, "; but worse where g = b (n = "));
    assert_non_null(strstr(text, "have too few rows to be judged"));
    const char *worst = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "worst", &worst));
    assert_string_equal(worst, "g = b");
    const int64_t b = find_slice(r, "g = b"), a = find_slice(r, "g = a"),
                  c = find_slice(r, "g = c");
    assert_string_equal(cell_text(r, "slices", "change", b), "worse");
    assert_string_equal(cell_text(r, "slices", "change", a), "better");
    ASSERT_NEAR(cell(r, "slices", "finding", b), 1, 0);
    /* All twelve broken, and yet no finding. */
    ASSERT_NEAR(cell(r, "slices", "negative_flips", c), 12, 0);
    assert_string_equal(cell_text(r, "slices", "status", c), "low support");
    assert_string_equal(cell_text(r, "slices", "change", c), "not shown");
    ASSERT_NEAR(cell(r, "slices", "finding", c), 0, 0);
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

/* Two models that err alike by chance: over 200 tables the share with any finding is near 5 %. */
static void test_slice_comparison__finds_little_in_noise(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 23;
    int n_found = 0;
    mlsd_spec *const spec = new_spec(20);
    for (int round = 0; round < 200; round++) {
        random_rows(&x, 300, &random, true);
        mlsd_result *const r = run(&x, spec, NULL);
        n_found += number(r, "n_worse") + number(r, "n_better") > 0;
        mlsd_result_free(r);
    }
    assert_true(n_found <= 20);
    mlsd_spec_free(spec);
}

/* ---- weights ---- */

static void test_slice_comparison__weights(void **state)
{
    (void)state;
    static rows x, kept;
    uint64_t random = 31;
    static double twice[MOST];
    random_rows(&x, 300, &random, true);
    kept.n = 0;
    for (int64_t i = 0; i < x.n; i++) {
        twice[i] = 2 * x.weight[i];
        if (x.weight[i] == 0) continue;
        const int64_t k = kept.n++;
        kept.g[k] = x.g[i];
        kept.h[k] = x.h[i];
        kept.y[k] = x.y[i];
        kept.weight[k] = x.weight[i];
        for (int m = 0; m < 2; m++) kept.prediction[k][m] = x.prediction[i][m];
    }
    mlsd_spec *const spec = new_spec(20);
    mlsd_result *const once = run(&x, spec, x.weight), *const doubled = run(&x, spec, twice),
                       *const less = run(&kept, spec, kept.weight);
    for (int64_t i = 0; i < n_slices(once); i++) {
        assert_string_equal(cell_text(once, "slices", "slice", i),
                            cell_text(less, "slices", "slice", i));
        ASSERT_NEAR(cell(doubled, "slices", "b", i), cell(once, "slices", "b", i), 1e-14);
        ASSERT_NEAR(cell(less, "slices", "difference", i), cell(once, "slices", "difference", i),
                    0);
        if (isnan(cell(once, "slices", "p_value", i))) continue;
        ASSERT_NEAR(cell(doubled, "slices", "p_value", i), cell(once, "slices", "p_value", i),
                    1e-12);
        ASSERT_NEAR(cell(less, "slices", "p_value", i), cell(once, "slices", "p_value", i), 0);
    }
    mlsd_result_free(once);
    mlsd_result_free(doubled);
    mlsd_result_free(less);
    mlsd_spec_free(spec);
}

/* ---- what is refused, and what is not known ---- */

/* Losses that are the same everywhere are no test, and groups that hold the same rows are one. */
static void test_slice_comparison__alike(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 41;
    random_rows(&x, 100, &random, false);
    for (int64_t i = 0; i < x.n; i++) {
        x.h[i] = "u";
        x.prediction[i][1] = x.prediction[i][0];
    }
    mlsd_spec *const spec = new_spec(10);
    ASSERT_OK(mlsd_spec_set_str(spec, "loss", "squared"));
    mlsd_result *const r = run(&x, spec, NULL);
    assert_int_equal(n_slices(r), 4);
    ASSERT_NEAR(number(r, "n_redundant"), 3, 0);
    assert_true(isnan(number(r, "p_value")));
    ASSERT_NEAR(number(r, "difference"), 0, 0);
    ASSERT_NEAR(number(r, "n_worse") + number(r, "n_better"), 0, 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "no difference between b and a is shown"));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
}

static void test_slice_comparison__names_what_is_wrong(void **state)
{
    (void)state;
    static rows x;
    uint64_t random = 47;
    mlsd_status status;
    mlsd_result *r = NULL;
    mlsd_table *groups = NULL;
    random_rows(&x, 50, &random, true);
    mlsd_spec *const spec = new_spec(10);
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_groups", 4));
    assert_null(run_status(&x, spec, NULL, &status));
    ASSERT_FAILS(MLSD_E_DATA, "more than max_groups 4", status);
    ASSERT_OK(mlsd_spec_set_i64(spec, "max_groups", 100));
    x.prediction[7][1] = 0.25;
    assert_null(run_status(&x, spec, NULL, &status));
    ASSERT_FAILS(MLSD_E_DATA, "say which by the parameter 'loss'", status);
    ASSERT_OK(mlsd_table_new(NULL, &groups));
    ASSERT_OK(mlsd_table_set_str(groups, "g", x.g, x.n));
    const mlsd_matrix y = {x.y, x.n, 1, 1, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_SHAPE, "then as many of the second, got 1",
                 mlsd_slice_run(NULL, spec, groups, &y, &y, NULL, &r));
    assert_null(r);
    mlsd_table_free(groups);
    mlsd_spec_free(spec);
}

static void test_slice_comparison__same_bytes_on_threads(void **state)
{
    (void)state;
    static slice_sample s;
    slice_sample_make(&s);
    const mlsd_matrix y = vector(s.y, SLICE_ROWS), p = {s.both, SLICE_ROWS, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix w = vector(s.weight, SLICE_ROWS);
    assert_slices_same_on_threads("{\"kind\":\"slice_comparison\"}", s.groups, &y, &p, NULL);
    assert_slices_same_on_threads(
        "{\"kind\":\"slice_comparison\",\"loss\":\"absolute\",\"by\":[\"city\",\"age\"]}", s.groups,
        &y, &p, &w);
    mlsd_table_free(s.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_comparison__classes_are_brute_force),
        cmocka_unit_test(test_slice_comparison__q_counts_the_judged),
        cmocka_unit_test(test_slice_comparison__numbers_are_a_paired_t),
        cmocka_unit_test(test_slice_comparison__p_is_scipys),
        cmocka_unit_test(test_slice_comparison__says_who_got_worse),
        cmocka_unit_test(test_slice_comparison__finds_little_in_noise),
        cmocka_unit_test(test_slice_comparison__weights),
        cmocka_unit_test(test_slice_comparison__alike),
        cmocka_unit_test(test_slice_comparison__names_what_is_wrong),
        cmocka_unit_test(test_slice_comparison__same_bytes_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
