/* test_slice_metrics.c - groups against published values, brute force, and mistakes of other tools.
 *
 * Witnesses: Berkeley's admissions (R's UCBAdmissions: mantelhaen.test, prop.test), denials of the
 * Boston mortgage study (HMDA in R's AER), and mlsd_metric_score on the rows of a group alone. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#include "slice_checks.h"
#include "failing_allocator.h"

enum { ROOM = 5000 };

/* Rows as they are being made. */
typedef struct sample {
    int64_t n;
    double y[ROOM], p[ROOM], w[ROOM];
    const char *a[ROOM], *b[ROOM];
} sample;

static void add(sample *s, int count, const char *a, const char *b, double y, double p)
{
    for (int i = 0; i < count; i++, s->n++) {
        s->a[s->n] = a;
        s->b[s->n] = b;
        s->y[s->n] = y;
        s->p[s->n] = p;
        s->w[s->n] = 1;
    }
}

static mlsd_table *groups_of(const sample *s)
{
    mlsd_table *t = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "a", s->a, s->n));
    ASSERT_OK(mlsd_table_set_str(t, "b", s->b, s->n));
    return t;
}

static mlsd_status try_run(const mlsd_context *context, const sample *s, bool weighted,
                           const char *json, mlsd_result **out)
{
    mlsd_table *const t = groups_of(s);
    mlsd_spec *spec = NULL;
    const mlsd_matrix y = vector(s->y, s->n), p = vector(s->p, s->n), w = vector(s->w, s->n);
    *out = NULL;
    mlsd_status status = mlsd_spec_from_json(context, json, &spec);
    if (status == MLSD_OK)
        status = mlsd_slice_run(context, spec, t, &y, &p, weighted ? &w : NULL, out);
    mlsd_spec_free(spec);
    mlsd_table_free(t);
    return status;
}

static mlsd_result *run(const sample *s, bool weighted, const char *json)
{
    mlsd_result *r = NULL;
    ASSERT_OK(try_run(NULL, s, weighted, json, &r));
    return r;
}

/* The row of a slice and a metric. */
static int64_t row_of(const mlsd_result *r, const char *slice, const char *metric)
{
    const int64_t n = mlsd_table_n_rows(mlsd_result_get_table(r, "slices"));
    for (int64_t i = 0; i < n; i++) {
        if (strcmp(cell_text(r, "slices", "slice", i), slice) == 0 &&
            strcmp(cell_text(r, "slices", "metric", i), metric) == 0)
            return i;
    }
    fail_msg("no slice %s", slice);
    return -1;
}

static double is(const mlsd_result *r, const char *slice, const char *metric, const char *column)
{
    return cell(r, "slices", column, row_of(r, slice, metric));
}

static void make_admissions(sample *s)
{
    static const int counts[6][4] = {{512, 313, 89, 19},   {353, 207, 17, 8},  {120, 205, 202, 391},
                                     {138, 279, 131, 244}, {53, 138, 94, 299}, {22, 351, 24, 317}};
    static const char *const dept[] = {"A", "B", "C", "D", "E", "F"};
    s->n = 0;
    for (int d = 0; d < 6; d++) {
        for (int k = 0; k < 4; k++)
            add(s, counts[d][k], k < 2 ? "male" : "female", dept[d], k % 2 == 0, k % 2 == 0);
    }
}

static void test_slice_metrics__admissions_turn_around(void **state)
{
    (void)state;
    static sample s;
    make_admissions(&s);
    mlsd_result *const r =
        run(&s, false, "{\"kind\":\"slice_metrics\",\"metrics\":[\"selection_rate\"]}");
    ASSERT_NEAR(is(r, "a = male", "selection_rate", "value"), .44518766, 5e-9);
    ASSERT_NEAR(is(r, "a = female", "selection_rate", "value"), .30354223, 5e-9);
    assert_string_equal(cell_text(r, "strata", "within", 0), "b");
    for (int64_t i = 0; i < 2; i++)
        assert_string_equal(cell_text(r, "strata", "alarm", i), "turns around");
    assert_string_equal(cell_text(r, "strata", "level", 1), "male");
    ASSERT_NEAR(cell(r, "strata", "odds_ratio", 1), .90469683, 5e-9);
    ASSERT_NEAR(cell(r, "strata", "low", 1), .77190736, 5e-9);
    ASSERT_NEAR(cell(r, "strata", "high", 1), 1.06032976, 5e-9);
    ASSERT_NEAR(cell(r, "strata", "statistic", 1), 1.42695, 5e-6);
    ASSERT_NEAR(cell(r, "strata", "p_value", 1), .23226, 5e-6);
    ASSERT_NEAR(cell(r, "strata", "homogeneity", 1), 17.901712, 5e-7);
    ASSERT_NEAR(cell(r, "strata", "homogeneity_p", 1), .0030721, 5e-8);
    assert_non_null(strstr(mlsd_result_verdict(r), "its sign flips"));
    assert_non_null(strstr(mlsd_result_verdict(r), "rows of the same b"));
    mlsd_result_free(r);
}

static void make_denials(sample *s)
{
    s->n = 0;
    add(s, 96, "yes", "x", 1, 1);
    add(s, 339 - 96, "yes", "x", 0, 0);
    add(s, 189, "no", "x", 1, 1);
    add(s, 2041 - 189, "no", "x", 0, 0);
}

static void test_slice_metrics__mortgage_denials(void **state)
{
    (void)state;
    static sample s;
    make_denials(&s);
    mlsd_result *const r = run(&s, false,
                               "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":["
                               "\"prevalence\"],\"correction\":\"none\"}");
    ASSERT_NEAR(is(r, "a = yes", "prevalence", "value"), .283185841, 5e-10);
    ASSERT_NEAR(is(r, "a = yes", "prevalence", "other"), .092601666, 5e-10);
    /* The square of the score test is the chi-square, 100.176: p of scipy's chi2.sf. */
    ASSERT_NEAR(is(r, "a = yes", "prevalence", "p_value") / 1.3942663248080458e-23, 1, 1e-9);
    /* Newcombe's limits lie within half a per cent of Wald's published [.14100194, .24016641]. */
    ASSERT_NEAR(is(r, "a = yes", "prevalence", "difference_low"), .14100194, 5e-3);
    ASSERT_NEAR(is(r, "a = yes", "prevalence", "difference_high"), .24016641, 5e-3);
    ASSERT_NEAR(cell(r, "extremes", "difference", 0), .283185841 - .092601666, 1e-9);
    ASSERT_NEAR(cell(r, "extremes", "p_value", 0), 0.001, 1e-12);
    assert_non_null(strstr(mlsd_result_verdict(r), "by more than chance"));
    mlsd_result_free(r);
}

/* T1, T3: recall of a group without positives is undefined and no group of the extremes; a ratio to
 * a rate of 0 is undefined, not 0 and not capped. */
static void test_slice_metrics__undefined_is_not_zero(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    add(&s, 60, "none", "x", 0, 0);
    add(&s, 30, "some", "x", 1, 1);
    add(&s, 30, "some", "x", 0, 1);
    add(&s, 40, "zero", "x", 1, 0);
    mlsd_result *const r =
        run(&s, false,
            "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"recall\"],"
            "\"reference\":\"zero\"}");
    const int64_t none = row_of(r, "a = none", "recall");
    assert_true(isnan(cell(r, "slices", "value", none)));
    ASSERT_NEAR(cell(r, "slices", "denominator", none), 0, 0);
    assert_string_equal(cell_text(r, "slices", "status", none), "undefined");
    assert_true(isnan(cell(r, "slices", "difference", none)));
    assert_true(isnan(cell(r, "slices", "p_value", none)));
    ASSERT_NEAR(cell(r, "slices", "finding", none), 0, 0);
    ASSERT_NEAR(is(r, "a = some", "recall", "difference"), 1, 0);
    assert_true(isnan(is(r, "a = some", "recall", "ratio")));
    ASSERT_NEAR(cell(r, "extremes", "difference", 0), 1, 0); /* of "some" and "zero" */
    ASSERT_NEAR(cell(r, "extremes", "groups", 0), 2, 0);
    ASSERT_NEAR(cell(r, "extremes", "not_judged", 0), 1, 0);
    mlsd_result_free(r);
}

/* T5: against the rows outside, also where it is compared with all rows that hold it. T6: each
 * metric is tested on the rows that it counts. Witness of the p-values: the score test by hand. */
static double score_p(double x1, double n1, double x2, double n2)
{
    const double p = (x1 + x2) / (n1 + n2);
    const double z = (x1 / n1 - x2 / n2) / sqrt(p * (1 - p) * (1 / n1 + 1 / n2));
    return erfc(fabs(z) / sqrt(2));
}

static void test_slice_metrics__each_metric_tests_its_own_rows(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    /* tp, fp, fn, tn */
    static const int counts[2][4] = {{70, 20, 30, 80}, {150, 30, 40, 180}};
    for (int g = 0; g < 2; g++) {
        const char *const name = g == 0 ? "u" : "v";
        add(&s, counts[g][0], name, "x", 1, 1);
        add(&s, counts[g][1], name, "x", 0, 1);
        add(&s, counts[g][2], name, "x", 1, 0);
        add(&s, counts[g][3], name, "x", 0, 0);
    }
    mlsd_result *const r =
        run(&s, false,
            "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"recall\",\"fpr\","
            "\"precision\",\"fdr\",\"specificity\"],\"comparisons\":[\"overall\"]}");
    ASSERT_NEAR(is(r, "a = u", "recall", "p_value"), score_p(70, 100, 150, 190), 1e-12);
    ASSERT_NEAR(is(r, "a = u", "fpr", "p_value"), score_p(20, 100, 30, 210), 1e-12);
    ASSERT_NEAR(is(r, "a = u", "specificity", "p_value"), score_p(80, 100, 180, 210), 1e-12);
    ASSERT_NEAR(is(r, "a = u", "precision", "p_value"), score_p(70, 90, 150, 180), 1e-12);
    ASSERT_NEAR(is(r, "a = u", "fdr", "p_value"), score_p(20, 90, 30, 180), 1e-12);
    /* To all rows: the same p; the difference is the part that is outside, 190 of 290. */
    const int64_t n = mlsd_table_n_rows(mlsd_result_get_table(r, "slices"));
    assert_string_equal(cell_text(r, "comparisons", "against", n), "overall");
    ASSERT_NEAR(cell(r, "comparisons", "p_value", n), score_p(70, 100, 150, 190), 1e-12);
    ASSERT_NEAR(cell(r, "comparisons", "difference", n), 70. / 100 - 220. / 290, 1e-15);
    ASSERT_NEAR(cell(r, "comparisons", "difference_low", n),
                is(r, "a = u", "recall", "difference_low") * 190 / 290, 1e-14);
    mlsd_result_free(r);
}

/* A lucky group of four rows is no finding, and says how many it needs. */
static void test_slice_metrics__few_rows_are_no_finding(void **state)
{
    (void)state;
    static sample s;
    s.n = 0;
    add(&s, 4, "few", "x", 1, 0);
    add(&s, 380, "many", "x", 1, 1);
    add(&s, 20, "many", "x", 1, 0);
    mlsd_result *const r =
        run(&s, false, "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"accuracy\"]}");
    const int64_t few = row_of(r, "a = few", "accuracy");
    assert_string_equal(cell_text(r, "slices", "status", few), "low support");
    assert_true(cell(r, "slices", "p_value", few) < 0.001);
    assert_true(isnan(cell(r, "slices", "p_adjusted", few)));
    for (int64_t i = 0; i < 2; i++) ASSERT_NEAR(cell(r, "slices", "finding", i), 0, 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "Too few rows to judge"));
    assert_non_null(strstr(mlsd_result_verdict(r), "a = few"));
    assert_null(strstr(mlsd_result_verdict(r), "worse"));
    mlsd_result_free(r);
}

/* T6: what counts as chance is the caller's to say, not 0.05 inside. T11: all metrics and groups
 * are corrected together: with Holm's method the smaller of two p-values is doubled. */
static void test_slice_metrics__level_and_correction_are_of_all(void **state)
{
    (void)state;
    static sample s;
    static const char *const specs[] = {
        "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"recall\"]}",
        "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"recall\"],\"level\":0.99}",
        "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"metrics\":[\"recall\",\"fpr\"]}",
    };
    static const double findings[] = {2, 0, 0};
    const double p = score_p(40, 100, 55, 100);
    s.n = 0;
    for (int g = 0; g < 2; g++) {
        const char *const name = g == 0 ? "u" : "v";
        add(&s, g == 0 ? 40 : 55, name, "x", 1, 1);
        add(&s, g == 0 ? 60 : 45, name, "x", 1, 0);
        add(&s, 50, name, "x", 0, 0);
        add(&s, 50, name, "x", 0, 1);
    }
    assert_true(p > 0.025 && p < 0.05);
    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        mlsd_result *const r = run(&s, false, specs[k]);
        ASSERT_NEAR(is(r, "a = u", "recall", "p_value"), p, 1e-12);
        ASSERT_NEAR(is(r, "a = u", "recall", "p_adjusted"), k < 2 ? p : 2 * p, 1e-12);
        ASSERT_NEAR(number(r, "n_findings"), findings[k], 0);
        mlsd_result_free(r);
    }
}

static void make_mixed(sample *s)
{
    static const char *const a[] = {"p", "q", "r"}, *const b[] = {"u", "v"};
    s->n = 0;
    for (int i = 0; i < 400; i++) {
        add(s, 1, a[i % 3], b[i * i % 7 % 2], i * 5 % 11 % 2, (double)(i * 31 % 97) / 97);
        s->w[s->n - 1] = 1 + i % 4;
    }
}

/* Every group of every view and its complement, each alone through mlsd_metric_score. */
static void test_slice_metrics__equals_the_rows_alone(void **state)
{
    (void)state;
    static sample s;
    static double y[ROOM], p[ROOM], w[ROOM];
    static const char *const metrics[] = {"accuracy", "recall", "f1", "log_loss", "roc_auc"};
    make_mixed(&s);
    mlsd_result *const r =
        run(&s, true,
            "{\"kind\":\"slice_metrics\",\"intersections\":2,\"metrics\":[\"accuracy\",\"recall\","
            "\"f1\",\"log_loss\",\"roc_auc\"],\"min_support\":1}");
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "slices")), 5 * (3 + 2 + 6));
    for (int64_t row = 0; row < 55; row++) {
        double value[2];
        const char *const slice = cell_text(r, "slices", "slice", row);
        for (int outside = 0; outside < 2; outside++) {
            int64_t n = 0;
            for (int64_t i = 0; i < s.n; i++) {
                char of_a[16], of_b[16], both[40];
                snprintf(of_a, sizeof of_a, "a = %s", s.a[i]);
                snprintf(of_b, sizeof of_b, "b = %s", s.b[i]);
                snprintf(both, sizeof both, "%s and %s", of_a, of_b);
                const bool is_in = strcmp(slice, of_a) == 0 || strcmp(slice, of_b) == 0 ||
                                   strcmp(slice, both) == 0;
                if (is_in == (outside == 1)) continue;
                y[n] = s.y[i];
                /* the first three are of classes */
                p[n] = row / 11 < 3 ? s.p[i] > 0.5 : s.p[i];
                w[n++] = s.w[i];
            }
            const mlsd_matrix ym = vector(y, n), pm = vector(p, n), wm = vector(w, n);
            ASSERT_OK(mlsd_metric_score(NULL, metrics[row / 11], &ym, &pm, &wm, 0.95,
                                        &value[outside], NULL, NULL));
            if (outside == 0) ASSERT_NEAR(cell(r, "slices", "n", row), (double)n, 0);
        }
        ASSERT_NEAR(cell(r, "slices", "value", row), value[0], 1e-13);
        ASSERT_NEAR(cell(r, "slices", "other", row), value[1], 1e-13);
        ASSERT_NEAR(cell(r, "slices", "difference", row), value[0] - value[1], 1e-13);
    }
    mlsd_result_free(r);
}

/* Within control cells: counts of both, and the complement is of the same cell. */
static void test_slice_metrics__control_and_reference(void **state)
{
    (void)state;
    static sample s;
    make_admissions(&s);
    mlsd_result *const r =
        run(&s, false,
            "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"control\":[\"b\"],\"metrics\":["
            "\"selection_rate\"],\"reference\":\"male\"}");
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "slices")), 12);
    for (int64_t i = 0; i < 12; i++) {
        if (strcmp(cell_text(r, "slices", "level", i), "female") != 0 ||
            strcmp(cell_text(r, "slices", "control", i), "b = A") != 0)
            continue;
        ASSERT_NEAR(cell(r, "slices", "value", i), 89. / 108, 1e-15);
        ASSERT_NEAR(cell(r, "slices", "other", i), 512. / 825, 1e-15);
    }
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "overall")), 6);
    mlsd_result_free(r);
}

/* A value that nobody has within a control value, or a crossing, is there: with no rows, undefined,
 * and no finding. Where there are more cells than max_levels those with rows are. */
static void test_slice_metrics__cells_without_rows_are_there(void **state)
{
    (void)state;
    static const char *const specs[] = {
        "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"control\":[\"b\"],\"metrics\":[\"accuracy\"]"
        "}",
        "{\"kind\":\"slice_metrics\",\"intersections\":2,\"metrics\":[\"accuracy\"]}",
        "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"control\":[\"b\"],\"metrics\":[\"accuracy\"],"
        "\"max_levels\":5}",
    };
    static const int64_t n_slices[] = {6, 3 + 2 + 6, 5};
    static sample s;
    s.n = 0;
    for (int k = 0; k < 3; k++) {
        add(&s, 30, k == 0 ? "p" : k == 1 ? "q" : "r", "u", k == 2, 1);
        if (k < 2) add(&s, 40, k == 0 ? "p" : "q", "v", k, 1);
    }
    for (size_t k = 0; k < 3; k++) {
        mlsd_result *const r = run(&s, false, specs[k]);
        int64_t n_empty = 0;
        assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "slices")), n_slices[k]);
        for (int64_t i = 0; i < n_slices[k]; i++) {
            if (cell(r, "slices", "n", i) > 0) continue;
            assert_string_equal(cell_text(r, "slices", k == 1 ? "slice" : "level", i),
                                k == 1 ? "a = r and b = v" : "r");
            assert_string_equal(cell_text(r, "slices", "control", i), k == 1 ? "" : "b = v");
            assert_string_equal(cell_text(r, "slices", "status", i), "undefined");
            assert_true(isnan(cell(r, "slices", "value", i)));
            assert_true(isnan(cell(r, "slices", "p_value", i)));
            ASSERT_NEAR(cell(r, "slices", "finding", i), 0, 0);
            n_empty++;
        }
        assert_int_equal(n_empty, k < 2);
        mlsd_result_free(r);
    }
}

static void test_slice_metrics__rare_values_and_too_many(void **state)
{
    (void)state;
    static sample s;
    static char names[ROOM][16];
    mlsd_result *r = NULL;
    s.n = 0;
    for (int i = 0; i < 3000; i++) {
        snprintf(names[i], sizeof names[i], "id%d", i < 500 ? 0 : i);
        add(&s, 1, names[i], "x", i % 2, i % 3 == 0);
    }
    ASSERT_FAILS(MLSD_E_DATA, "column 'a' has 2501 values, more than max_levels 1000",
                 try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"by\":[\"a\"]}", &r));
    r = run(&s, false, "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"merge_rare\":100}");
    ASSERT_NEAR(is(r, "a = id0", "accuracy", "n"), 500, 0);
    ASSERT_NEAR(is(r, "a = (other)", "accuracy", "n"), 2500, 0);
    mlsd_result_free(r);
}

static void test_slice_metrics__arguments_are_checked(void **state)
{
    (void)state;
    static sample s;
    mlsd_result *r = NULL;
    make_mixed(&s);
    ASSERT_FAILS(MLSD_E_COLUMN, "'aa'",
                 try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"by\":[\"aa\"]}", &r));
    ASSERT_FAILS(MLSD_E_COLUMN, "in 'by' and in 'control'",
                 try_run(NULL, &s, false,
                         "{\"kind\":\"slice_metrics\",\"by\":[\"a\"],\"control\":[\"a\"]}", &r));
    ASSERT_FAILS(
        MLSD_E_KIND, "'recall'",
        try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"metrics\":[\"recal\"]}", &r));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "no group 'z'",
                 try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"reference\":\"z\"}", &r));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "ascend",
                 try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"cuts\":[2,1]}", &r));
    for (int i = 0; i < s.n; i++) s.w[i] = 0;
    ASSERT_FAILS(MLSD_E_DATA, "all weights are 0",
                 try_run(NULL, &s, true, "{\"kind\":\"slice_metrics\"}", &r));
    s.y[3] = NAN;
    ASSERT_FAILS(
        MLSD_E_DATA, "y[3] is nan",
        try_run(NULL, &s, false, "{\"kind\":\"slice_metrics\",\"metrics\":[\"accuracy\"]}", &r));
    assert_null(r);
}

static void test_slice_metrics__failing_memory(void **state)
{
    (void)state;
    static sample s;
    static const char spec[] = "{\"kind\":\"slice_metrics\",\"metrics\":[\"recall\",\"roc_auc\"],"
                               "\"permutations\":20,\"merge_rare\":140,\"comparisons\":"
                               "[\"overall\",\"largest\"]}";
    make_mixed(&s);
    for (long long fail_at = 1;; fail_at++) {
        failing_allocator fa;
        mlsd_result *r = NULL;
        failing_allocator_init(&fa, fail_at, 0);
        mlsd_context *const context = failing_context(&fa, 1);
        if (context == NULL) continue;
        const mlsd_status status = try_run(context, &s, true, spec, &r);
        mlsd_context_free(context);
        const int failed = atomic_load(&fa.failed) > 0;
        if (status != (failed ? MLSD_E_NOMEM : MLSD_OK)) fail_msg("at %lld: %d", fail_at, status);
        mlsd_result_free(r);
        assert_int_equal(atomic_load(&fa.live_blocks), 0);
        if (!failed) break;
    }
}

static void test_slice_metrics__same_bytes_on_threads(void **state)
{
    (void)state;
    static slice_sample s;
    slice_sample_make(&s);
    const mlsd_matrix y = vector(s.y, SLICE_ROWS), p = vector(s.p, SLICE_ROWS);
    const mlsd_matrix w = vector(s.weight, SLICE_ROWS);
    assert_slices_same_on_threads(
        "{\"kind\":\"slice_metrics\",\"intersections\":2,\"metrics\":[\"recall\",\"roc_auc\",\"log_"
        "loss\"],\"permutations\":50,\"comparisons\":[\"overall\",\"largest\"]}",
        s.groups, &y, &p, NULL);
    assert_slices_same_on_threads(
        "{\"kind\":\"slice_metrics\",\"by\":[\"age\"],\"control\":[\"city\"],\"metrics\":["
        "\"accuracy\",\"brier\"],\"permutations\":50}",
        s.groups, &y, &p, &w);
    mlsd_table_free(s.groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slice_metrics__admissions_turn_around),
        cmocka_unit_test(test_slice_metrics__mortgage_denials),
        cmocka_unit_test(test_slice_metrics__undefined_is_not_zero),
        cmocka_unit_test(test_slice_metrics__each_metric_tests_its_own_rows),
        cmocka_unit_test(test_slice_metrics__few_rows_are_no_finding),
        cmocka_unit_test(test_slice_metrics__level_and_correction_are_of_all),
        cmocka_unit_test(test_slice_metrics__equals_the_rows_alone),
        cmocka_unit_test(test_slice_metrics__control_and_reference),
        cmocka_unit_test(test_slice_metrics__cells_without_rows_are_there),
        cmocka_unit_test(test_slice_metrics__rare_values_and_too_many),
        cmocka_unit_test(test_slice_metrics__arguments_are_checked),
        cmocka_unit_test(test_slice_metrics__failing_memory),
        cmocka_unit_test(test_slice_metrics__same_bytes_on_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
