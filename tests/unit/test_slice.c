/* test_slice.c - slices against published values and brute force.
 *
 * Denials of the Boston mortgage study (HMDA, as in R's AER): 96 of 339 Black applicants, 189 of
 * 2,041 others, shares .283185841 and .092601666. Differences of shares: Newcombe (1998),
 * Statistics in Medicine 17:873, table II, method 10. Holm: R's p.adjust(c(.01, .02, .03, .04,
 * .05), "holm"). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "slice_checks.h"
#include "data/table_impl.h"
#include "slice/slice_impl.h"

static mlsd_status score(const mlsd_context *context, const mlsd_table *groups,
                         const char *const *by, int64_t n_by, const char *metric,
                         const mlsd_matrix *y, const mlsd_matrix *f, const mlsd_matrix *weight,
                         int64_t min_support, mlsd_result **out)
{
    mlsd_spec *spec = NULL;
    mlsd_status status = mlsd_spec_new(context, "slice_metrics", &spec);
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(spec, "metrics", &metric, 1);
    if (status == MLSD_OK) status = mlsd_spec_set_str_list(spec, "by", by, n_by);
    if (status == MLSD_OK) status = mlsd_spec_set_i64(spec, "min_support", min_support);
    if (status == MLSD_OK) status = mlsd_spec_set_i64(spec, "permutations", 9);
    if (status == MLSD_OK) status = mlsd_slice_run(context, spec, groups, y, f, weight, out);
    mlsd_spec_free(spec);
    return status;
}

static mlsd_result *slice_by(const mlsd_table *groups, const char *by, const char *metric,
                             int64_t n, const double *y, const double *f, int64_t min_support)
{
    const mlsd_matrix ym = vector(y, n), fm = vector(f, n);
    mlsd_result *r = NULL;
    ASSERT_OK(score(NULL, groups, &by, 1, metric, &ym, &fm, NULL, min_support, &r));
    return r;
}

/* Two groups of n rows of which `hits` are predicted rightly. */
static mlsd_result *two_groups(int hits_a, int n_a, int hits_b, int n_b)
{
    const int n = n_a + n_b;
    const char **group = calloc((size_t)n, sizeof *group);
    double *y = calloc((size_t)n, sizeof *y), *f = calloc((size_t)n, sizeof *f);
    mlsd_table *t = NULL;
    assert_true(group != NULL && y != NULL && f != NULL);
    for (int i = 0; i < n; i++) {
        group[i] = i < n_a ? "black" : "other";
        f[i] = i < n_a ? i >= hits_a : i - n_a >= hits_b;
    }
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "group", group, n));
    mlsd_result *const r = slice_by(t, "group", "accuracy", n, y, f, 5);
    mlsd_table_free(t);
    free(group);
    free(f);
    free(y);
    return r;
}

static void test_slice__mortgage_denials_by_group(void **state)
{
    (void)state;
    mlsd_result *const r = two_groups(96, 339, 189, 2041);
    const char *worst = NULL;
    assert_int_equal(n_slices(r), 2);
    assert_string_equal(cell_text(r, "slices", "level", 0), "black");
    assert_string_equal(cell_text(r, "slices", "status", 0), "ok");
    ASSERT_NEAR(cell(r, "slices", "n", 0), 339, 0);
    ASSERT_NEAR(cell(r, "slices", "value", 0), 0.283185841, 5e-10);
    ASSERT_NEAR(cell(r, "slices", "value", 1), 0.092601666, 5e-10);
    ASSERT_NEAR(cell(r, "slices", "difference", 0), 0.283185841 - 0.092601666, 1e-9);
    ASSERT_NEAR(cell(r, "slices", "difference", 1), -cell(r, "slices", "difference", 0), 1e-16);
    ASSERT_NEAR(cell(r, "slices", "difference_low", 0), -cell(r, "slices", "difference_high", 1),
                1e-15);
    /* The score test squared is the chi-squared of the 2 x 2 table, 100.176: p of scipy's chi2.sf.
     */
    ASSERT_NEAR(cell(r, "slices", "p_value", 0) / 1.3942663248080458e-23, 1, 1e-9);
    /* Two groups are one comparison: Holm has nothing to correct. */
    for (int64_t k = 0; k < 2; k++) {
        ASSERT_NEAR(cell(r, "slices", "p_adjusted", k) / 1.3942663248080458e-23, 1, 1e-9);
        ASSERT_NEAR(cell(r, "slices", "finding", k), 1, 0);
    }
    ASSERT_OK(mlsd_result_get_str(r, "worst", &worst));
    assert_string_equal(worst, "group = other");
    assert_non_null(strstr(mlsd_result_verdict(r),
                           "accuracy is worse where group = other, by more than chance: 0.0926"));
    assert_null(strstr(mlsd_result_verdict(r), "more group"));
    mlsd_result_free(r);
}

static void test_slice__differences_of_shares_are_newcombe_s(void **state)
{
    (void)state;
    static const struct {
        int hits_a, n_a, hits_b, n_b;
        double low, high;
    } published[] = {
        {56, 70, 48, 80, 0.0524, 0.3339}, {9, 10, 3, 10, 0.1705, 0.8090},
        {5, 56, 0, 29, -0.0381, 0.1926},  {0, 10, 0, 20, -0.1611, 0.2775},
        {10, 10, 0, 20, 0.6791, 1.0000},
    };
    for (size_t k = 0; k < sizeof published / sizeof *published; k++) {
        mlsd_result *const r = two_groups(published[k].hits_a, published[k].n_a,
                                          published[k].hits_b, published[k].n_b);
        ASSERT_NEAR(cell(r, "slices", "difference_low", 0), published[k].low, 5e-5);
        ASSERT_NEAR(cell(r, "slices", "difference_high", 0), published[k].high, 5e-5);
        mlsd_result_free(r);
    }
}

/* R's p.adjust(c(p1, p2, p3, p), "holm") of three groups' p and of one for a column of two. */
static void test_slice__a_column_of_two_is_one_comparison(void **state)
{
    (void)state;
    enum { N = 120 };
    double y[N], f[N], two[N], three[N], p[4];
    mlsd_table *t = NULL;
    mlsd_result *r = NULL;
    for (int i = 0; i < N; i++) {
        two[i] = i % 2;
        three[i] = i % 3;
        y[i] = 0;
        f[i] = i % 7 + (i % 2) * 0.5 + (i % 3) * 0.7;
    }
    const mlsd_matrix ym = vector(y, N), fm = vector(f, N);
    const char *const by[] = {"three", "two"};
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "two", two, N));
    ASSERT_OK(mlsd_table_set_f64(t, "three", three, N));
    ASSERT_OK(score(NULL, t, by, 2, "mae", &ym, &fm, NULL, 20, &r));
    assert_int_equal(n_slices(r), 5);
    for (int64_t i = 0; i < 4; i++) p[i] = cell(r, "slices", "p_value", i);
    ASSERT_NEAR(cell(r, "slices", "p_value", 4), p[3], 1e-15);
    for (int64_t i = 0; i < 5; i++) {
        double wanted = 0;
        const double own = p[i < 4 ? i : 3];
        for (int k = 0; k < 4; k++) {
            int n_before = 0; /* of those not larger than own: the step-down maximum */
            for (int j = 0; j < 4; j++) n_before += p[j] < p[k];
            if (p[k] <= own) wanted = fmax(wanted, fmin(1, (4 - n_before) * p[k]));
        }
        ASSERT_NEAR(cell(r, "slices", "p_adjusted", i), wanted, 1e-14);
    }
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* A category that no row has, as in the test part of a table, is shown as undefined. */
static void test_slice__levels_without_rows_are_shown(void **state)
{
    (void)state;
    static const char *const group[] = {"a", "b", "a", "b", "c"};
    const double y[] = {0, 1, 1, 0}, f[] = {0, 1, 0, 0};
    const int64_t rows[] = {0, 1, 2, 3};
    mlsd_table *all = NULL, *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &all));
    ASSERT_OK(mlsd_table_set_str(all, "g", group, 5));
    ASSERT_OK(mlsd__table_rows(all, rows, 4, &t));
    mlsd_result *const r = slice_by(t, "g", "precision", 4, y, f, 1);
    assert_int_equal(n_slices(r), 3);
    assert_string_equal(cell_text(r, "slices", "level", 2), "c");
    assert_string_equal(cell_text(r, "slices", "status", 2), "undefined");
    ASSERT_NEAR(cell(r, "slices", "n", 2), 0, 0);
    assert_true(isnan(cell(r, "slices", "value", 2)) && isnan(cell(r, "slices", "p_value", 2)));
    assert_non_null(strstr(mlsd_result_verdict(r), "g = c"));
    mlsd_result_free(r);
    mlsd_table_free(t);
    mlsd_table_free(all);
}

/* Welch's test on the absolute errors 1 2 3 4 5 and 2 4 6 8 13 (scipy.stats.ttest_ind with
 * equal_var=False: t = -1.78665, df = 5.10186, p = .13287256). */
static void test_slice__differences_of_means_are_welch_s(void **state)
{
    (void)state;
    const double y[10] = {0}, f[] = {1, 2, 3, 4, 5, 2, 4, 6, 8, 13};
    const double group[] = {0, 0, 0, 0, 0, 1, 1, 1, 1, 1};
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "g", group, 10));
    mlsd_result *const r = slice_by(t, "g", "mae", 10, y, f, 5);
    assert_string_equal(cell_text(r, "slices", "level", 1), "1");
    ASSERT_NEAR(cell(r, "slices", "value", 0), 3, 0);
    ASSERT_NEAR(cell(r, "slices", "difference", 0), -3.6, 1e-15);
    ASSERT_NEAR(cell(r, "slices", "p_value", 0), 0.1328725622611948, 1e-12);
    ASSERT_NEAR(cell(r, "slices", "p_adjusted", 1), 0.1328725622611948, 1e-12);
    ASSERT_NEAR(cell(r, "slices", "difference_low", 0), -8.748628957023872, 1e-11);
    assert_non_null(strstr(mlsd_result_verdict(r), "no group differs"));
    mlsd_result_free(r);
    mlsd_table_free(t);
}

static void test_slice__numbers_are_cut_at_quartiles(void **state)
{
    (void)state;
    enum { N = 41 };
    double x[N], y[N] = {0};
    mlsd_table *t = NULL;
    for (int i = 0; i < N; i++) x[i] = i < 40 ? (i * 7) % 40 + 1 : (double)NAN;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "age", x, N));
    mlsd_result *const r = slice_by(t, "age", "mae", N, y, y, 5);
    static const char *const labels[] = {"<= 10", "(10, 20]", "(20, 30]", "> 30", "(missing)"};
    assert_int_equal(n_slices(r), 5);
    for (int64_t k = 0; k < 5; k++) {
        assert_string_equal(cell_text(r, "slices", "level", k), labels[k]);
        ASSERT_NEAR(cell(r, "slices", "n", k), k < 4 ? 10 : 1, 0);
        assert_string_equal(cell_text(r, "slices", "status", k), k < 4 ? "ok" : "low support");
    }
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* People read the cuts: the fewest decimals that put the same rows on the same side. Witness: the
 * counts are those of the cuts in full (numpy.quantile of method "inverted_cdf"). */
static void test_slice__cuts_have_few_decimals(void **state)
{
    (void)state;
    enum { N = 40 };
    double x[N], y[N] = {0};
    mlsd_table *t = NULL;
    for (int i = 0; i < N; i++) x[i] = -0.3712345678 + i * 0.0391234567;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "ratio", x, N));
    mlsd_result *const r = slice_by(t, "ratio", "mae", N, y, y, 5);
    static const char *const labels[] = {"<= 0", "(0, 0.4]", "(0.4, 0.8]", "> 0.8"};
    assert_int_equal(n_slices(r), 4);
    for (int64_t k = 0; k < 4; k++) {
        assert_string_equal(cell_text(r, "slices", "level", k), labels[k]);
        ASSERT_NEAR(cell(r, "slices", "n", k), 10, 0);
    }
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* A pile of equal values is one interval, never an empty one. */
static void test_slice__equal_quartiles_are_one(void **state)
{
    (void)state;
    enum { N = 100 };
    double x[N], y[N] = {0};
    mlsd_table *t = NULL;
    for (int i = 0; i < N; i++) x[i] = i < 70 ? 0 : i;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, N));
    mlsd_result *const r = slice_by(t, "x", "mae", N, y, y, 5);
    assert_int_equal(n_slices(r), 3);
    assert_string_equal(cell_text(r, "slices", "level", 0), "<= 0");
    assert_string_equal(cell_text(r, "slices", "level", 1), "(0, 74]");
    ASSERT_NEAR(cell(r, "slices", "n", 0), 70, 0);
    ASSERT_NEAR(cell(r, "slices", "n", 2), 25, 0);
    mlsd_result_free(r);
    mlsd_table_free(t);
}

static void test_slice__undefined_is_never_zero(void **state)
{
    (void)state;
    static const char *const group[] = {"a", "a", "a", "a", "b", "b", NULL, "c"};
    const double y[] = {0, 1, 0, 1, 1, 1, 0, 1}, p[] = {.1, .9, .4, .3, .5, .6, .2, .7};
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "g", group, 8));
    mlsd_result *const r = slice_by(t, "g", "roc_auc", 8, y, p, 2); /* two of each class in a */
    assert_int_equal(n_slices(r), 4);
    assert_string_equal(cell_text(r, "slices", "status", 0), "ok");
    for (int64_t k = 1; k < 4; k++) {
        assert_string_equal(cell_text(r, "slices", "status", k), "undefined");
        assert_true(isnan(cell(r, "slices", "value", k)) &&
                    isnan(cell(r, "slices", "difference", k)));
        assert_true(isnan(cell(r, "slices", "p_value", k)));
    }
    assert_string_equal(cell_text(r, "slices", "level", 3), "(missing)");
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* An area is known from the rarer class: of 100 rows with 3 positives it is not judged. Were all
 * rows counted, a quarter of such groups would be findings where nothing differs, as DeLong's error
 * of so few is often far too small. */
static void test_slice__an_area_needs_rows_of_both_classes(void **state)
{
    (void)state;
    enum { N = 1000, SMALL = 100 };
    static const char *group[N];
    static double y[N], p[N];
    mlsd_table *t = NULL;
    for (int i = 0; i < N; i++) {
        group[i] = i < SMALL ? "small" : "large";
        y[i] = i < SMALL ? i < 3 : i % 3 == 0;
        p[i] = i < 3 ? 0.5 + 1e-4 * i : (double)(i * 37 % 101) / 101; /* three alike */
    }
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "g", group, N));
    mlsd_result *const r = slice_by(t, "g", "roc_auc", N, y, p, 20);
    const int64_t small = strcmp(cell_text(r, "slices", "level", 0), "small") != 0;
    assert_string_equal(cell_text(r, "slices", "level", small), "small");
    ASSERT_NEAR(cell(r, "slices", "n", small), SMALL, 0);
    ASSERT_NEAR(cell(r, "slices", "support", small), 3, 0);
    assert_string_equal(cell_text(r, "slices", "status", small), "low support");
    ASSERT_NEAR(cell(r, "slices", "support", 1 - small), 300, 0);
    for (int64_t k = 0; k < 2; k++) ASSERT_NEAR(cell(r, "slices", "finding", k), 0, 0);
    mlsd_result_free(r);
    mlsd_table_free(t);
}

/* The slice and the rows outside it, each alone through mlsd_metric_score. */
static void test_slice__values_are_those_of_the_rows_alone(void **state)
{
    (void)state;
    enum { N = 200 };
    static double y[N], p[N], w[N], g[N], y1[N], p1[N], w1[N];
    for (int i = 0; i < N; i++) {
        y[i] = (i * i % 7) % 2;
        p[i] = (double)(i * 31 % 97) / 97;
        w[i] = 1 + i % 3;
        g[i] = i % 5;
    }
    const char *const by = "g";
    const mlsd_matrix ym = vector(y, N), pm = vector(p, N), wm = vector(w, N);
    static const char *const metrics[] = {"brier", "log_loss", "roc_auc", "rmse", "r2"};
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "g", g, N));
    for (size_t m = 0; m < 5; m++) {
        mlsd_result *r = NULL;
        ASSERT_OK(score(NULL, t, &by, 1, metrics[m], &ym, &pm, &wm, 10, &r));
        for (int level = 0; level < 5; level++) {
            double value[2], low[2], high[2];
            for (int outside = 0; outside < 2; outside++) {
                int64_t n = 0;
                for (int i = 0; i < N; i++) {
                    if ((g[i] == level) == outside) continue;
                    y1[n] = y[i];
                    p1[n] = p[i];
                    w1[n++] = w[i];
                }
                const mlsd_matrix a = vector(y1, n), b = vector(p1, n), c = vector(w1, n);
                ASSERT_OK(mlsd_metric_score(NULL, metrics[m], &a, &b, &c, 0.95, &value[outside],
                                            &low[outside], &high[outside]));
            }
            ASSERT_NEAR(cell(r, "slices", "value", level), value[0], 1e-13);
            ASSERT_NEAR(cell(r, "slices", "low", level), low[0], 1e-13);
            ASSERT_NEAR(cell(r, "slices", "high", level), high[0], 1e-13);
            ASSERT_NEAR(cell(r, "slices", "difference", level), value[0] - value[1], 1e-13);
        }
        mlsd_result_free(r);
    }
    mlsd_table_free(t);
}

static void test_slice__arguments_are_checked(void **state)
{
    (void)state;
    const double y[] = {0, 1, 1, 0};
    const mlsd_matrix ym = vector(y, 4), three = vector(y, 3);
    const char *const by = "g", *const wrong = "gg";
    mlsd_table *t = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_f64(t, "g", y, 4));
    ASSERT_FAILS(MLSD_E_COLUMN, "'g'", score(NULL, t, &wrong, 1, "mae", &ym, &ym, NULL, 5, &r));
    ASSERT_FAILS(MLSD_E_SHAPE, "4 rows, y has 3",
                 score(NULL, t, &by, 1, "mae", &three, &three, NULL, 5, &r));
    ASSERT_FAILS(MLSD_E_KIND, "'mae'", score(NULL, t, &by, 1, "mea", &ym, &ym, NULL, 5, &r));
    ASSERT_FAILS(MLSD_E_COLUMN, "no column", score(NULL, t, &by, 0, "mae", &ym, &ym, NULL, 5, &r));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "min_support",
                 score(NULL, t, &by, 1, "mae", &ym, &ym, NULL, -5, &r));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", score(NULL, NULL, &by, 1, "mae", &ym, &ym, NULL, 5, &r));
    ASSERT_FAILS(MLSD_E_ARG, "needs y", score(NULL, t, &by, 1, "mae", NULL, &ym, NULL, 5, &r));
    assert_null(r);
    mlsd_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice__mortgage_denials_by_group),
        cmocka_unit_test(test_slice__differences_of_shares_are_newcombe_s),
        cmocka_unit_test(test_slice__differences_of_means_are_welch_s),
        cmocka_unit_test(test_slice__a_column_of_two_is_one_comparison),
        cmocka_unit_test(test_slice__levels_without_rows_are_shown),
        cmocka_unit_test(test_slice__numbers_are_cut_at_quartiles),
        cmocka_unit_test(test_slice__cuts_have_few_decimals),
        cmocka_unit_test(test_slice__equal_quartiles_are_one),
        cmocka_unit_test(test_slice__undefined_is_never_zero),
        cmocka_unit_test(test_slice__an_area_needs_rows_of_both_classes),
        cmocka_unit_test(test_slice__values_are_those_of_the_rows_alone),
        cmocka_unit_test(test_slice__arguments_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
