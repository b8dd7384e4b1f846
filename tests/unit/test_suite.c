/* test_suite.c - suites: the format and its messages, and the verdict of each role.
 *
 * Pass rates: Clopper & Pearson's bound and the sizes of plans without a failure as R's binom.test
 * and log(alpha) / log(p0) give them. Differences of shares: Newcombe (1998), Statistics in
 * Medicine 17:873, table II, method 10. McNemar's mid-p: Fagerland, Lydersen & Laake (2013). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "unit.h"

#include "mlsd/mlsd.h"
#include "slice/suite_impl.h"

static char directory[] = "/tmp/mlsd-suite-XXXXXX";

static const char *path_of(const char *name)
{
    static char paths[4][160];
    static int next;
    char *const out = paths[next++ % 4];
    snprintf(out, sizeof paths[0], "%s/%s", directory, name);
    return out;
}

static void write_file(const char *name, const char *text)
{
    FILE *const file = fopen(path_of(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static mlsd_status parse(const char *text, mlsd_suite **out)
{
    return mlsd_suite_parse(NULL, text, strlen(text), path_of("t.suite.json"), out);
}

/* A model of one column: p(yes) is `p`, or the number is `x`. Fails where `refuse` is there. */
static int32_t predict(void *user, const mlsd_table *cases, double *out)
{
    const int is_proba = user != NULL;
    int64_t column = 0;
    if (mlsd_table_find(cases, "refuse", &column) == MLSD_OK)
        return mlsd_error_set(MLSD_E_DATA, "this model refuses");
    ASSERT_OK(mlsd_table_find(cases, is_proba ? "p" : "x", &column));
    for (int64_t i = 0; i < mlsd_table_n_rows(cases); i++) {
        double value;
        ASSERT_OK(mlsd_table_get_f64(cases, column, i, 1, &value));
        if (!is_proba) out[i] = value;
        if (is_proba) out[2 * i] = 1 - value, out[2 * i + 1] = value;
    }
    return MLSD_OK;
}

static const char *const classes[] = {"no", "yes"};

static mlsd_result *run_loaded(const mlsd_suite *suite, int is_proba)
{
    static int truth = 1;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_suite_run_function(NULL, suite, predict, is_proba ? &truth : NULL,
                                      is_proba ? classes : NULL, is_proba ? 2 : 0, is_proba, &r));
    return r;
}

static mlsd_result *run(const char *text, int is_proba)
{
    mlsd_suite *suite = NULL;
    ASSERT_OK(parse(text, &suite));
    mlsd_result *const r = run_loaded(suite, is_proba);
    mlsd_suite_free(suite);
    return r;
}

static double cell(const mlsd_result *r, const char *table, const char *column, int64_t row)
{
    const mlsd_table *const t = mlsd_result_get_table(r, table);
    int64_t at = 0;
    double x = 0;
    ASSERT_OK(mlsd_table_find(t, column, &at));
    ASSERT_OK(mlsd_table_get_f64(t, at, row, 1, &x));
    return x;
}

static const char *text(const mlsd_result *r, const char *table, const char *column, int64_t row)
{
    const mlsd_table *const t = mlsd_result_get_table(r, table);
    int64_t at = 0;
    ASSERT_OK(mlsd_table_find(t, column, &at));
    return mlsd_table_get_str(t, at, row);
}

static const char *status_of(const mlsd_result *r)
{
    const char *out = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "status", &out));
    return out;
}

static void assert_holds(const char *whole, const char *part)
{
    if (strstr(whole, part) == NULL) fail_msg("\"%s\" lacks \"%s\"", whole, part);
}

/* ---- rates ---- */

/* n cases of which the first `wrong` are predicted wrongly. */
static void write_cases(const char *name, int n, int wrong)
{
    FILE *const file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs("id,p,y\n", file);
    for (int i = 0; i < n; i++) fprintf(file, "%d,%s,yes\n", i, i < wrong ? "0.25" : "0.75");
    assert_int_equal(fclose(file), 0);
}

static void test_regression__rates(void **state)
{
    (void)state;
    static const struct {
        int n, wrong;
        const char *rate, *status, *words;
    } rows[] = {
        {7, 0, "", "passed", "7 of 7 cases pass, which shows a rate of 65.18 % or more"},
        {7, 1, "", "failed", "6 of 7 cases pass; all must"},
        {299, 0, ", \"rate\": 0.99", "passed", "which shows a rate of 99 % or more"},
        {298, 0, ", \"rate\": 0.99", "cannot tell", "99 % would take 299 cases with 0 failures"},
        {300, 1, ", \"rate\": 0.99", "cannot tell",
         "99 % would take 473 cases with no more than 1"},
        {300, 4, ", \"rate\": 0.99", "failed", "296 of 300 cases pass (98.67 %); 99 % must"},
        {300, 4, ", \"rate\": 0.96", "passed", "296 of 300 cases pass"},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char suite[256];
        write_cases("c.csv", rows[k].n, rows[k].wrong);
        snprintf(
            suite, sizeof suite,
            "{\"sets\": [{\"role\": \"regression\", \"cases\": \"c.csv\", \"label\": \"y\"%s}]}",
            rows[k].rate);
        mlsd_result *const r = run(suite, 1);
        assert_string_equal(status_of(r), rows[k].status);
        assert_string_equal(text(r, "tests", "status", 0), rows[k].status);
        assert_holds(text(r, "tests", "detail", 0), rows[k].words);
        assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "failures")), rows[k].wrong);
        mlsd_result_free(r);
    }
}

/* What a row expects: label, limits of its probability, a number within a tolerance. */
static void test_regression__expectations(void **state)
{
    (void)state;
    write_file("e.csv", "p,y,least\n0.9,yes,0.8\n0.75,yes,0.8\n\n0.75,,0.5\n0.2,no,\n");
    mlsd_result *r =
        run("{\"sets\": [{\"role\": \"regression\", \"cases\": \"e.csv\", \"label\": \"y\","
            " \"low\": \"least\", \"class\": \"yes\"}]}",
            1);
    assert_string_equal(status_of(r), "failed");
    assert_true(cell(r, "tests", "n", 0) == 4 && cell(r, "tests", "n_failed", 0) == 1);
    assert_true(cell(r, "failures", "line", 0) == 3);
    assert_string_equal(text(r, "failures", "expected", 0), "yes, p(yes) at least 0.8");
    assert_string_equal(text(r, "failures", "got", 0), "yes (0.75)");
    mlsd_result_free(r);

    write_file("n.csv", "x,y\n1,1.05\n\"2\",2.5\n");
    r = run("{\"cases\": \"n.csv\", \"sets\": [{\"role\": \"regression\", \"label\": \"y\", "
            "\"tolerance\": 0.1}, {\"role\": \"regression\", \"low\": 1, \"high\": 1.5, \"where\": "
            "{\"x\": 1}}, {\"role\": \"regression\", \"label\": \"y\"}]}",
            0);
    assert_string_equal(text(r, "tests", "status", 0), "failed");
    assert_string_equal(text(r, "failures", "expected", 0), "2.5 +- 0.1");
    assert_true(cell(r, "failures", "line", 0) == 3);
    assert_string_equal(text(r, "tests", "status", 1), "passed");
    assert_true(cell(r, "tests", "n", 1) == 1);
    assert_string_equal(text(r, "tests", "status", 2), "error");
    assert_holds(text(r, "tests", "detail", 2), "needs 'tolerance'");
    mlsd_result_free(r);
}

/* ---- uniformity ---- */

/* Two groups of which so many are right; of 0/1 labels nobody else is wrong. */
static void write_groups(int right_a, int n_a, int right_b, int n_b)
{
    FILE *const file = fopen(path_of("g.csv"), "w");
    assert_non_null(file);
    fputs("g,p,y\n", file);
    for (int i = 0; i < n_a + n_b; i++) {
        const int is_right = i < n_a ? i < right_a : i - n_a < right_b;
        fprintf(file, "%s,%s,yes\n", i < n_a ? "a" : "b", is_right ? "0.9" : "0.1");
    }
    assert_int_equal(fclose(file), 0);
}

#define UNIFORM(level, margin)                                                                \
    "{\"sets\": [{\"role\": \"uniformity\", \"cases\": \"g.csv\", \"label\": \"y\", \"by\": " \
    "\"g\", "                                                                                 \
    "\"metric\": \"accuracy\", \"level\": " level ", \"margin\": " margin "}]}"

static void test_uniformity__newcombe(void **state)
{
    (void)state;
    write_groups(56, 70, 48, 80);
    mlsd_result *r = run(UNIFORM("0.975", "0.35"), 1);
    ASSERT_NEAR(cell(r, "groups", "difference", 0), 0.2, 1e-12);
    ASSERT_NEAR(cell(r, "groups", "difference_low", 0), .0524, 5e-5);
    ASSERT_NEAR(cell(r, "groups", "difference_high", 0), .3339, 5e-5);
    ASSERT_NEAR(cell(r, "groups", "difference_low", 1), -.3339, 5e-5);
    assert_string_equal(status_of(r), "passed");
    mlsd_result_free(r);
}

static void test_uniformity__verdicts(void **state)
{
    (void)state;
    static const struct {
        int right_a, n_a, right_b, n_b;
        const char *status, *group, *words;
    } rows[] = {
        {900, 1000, 905, 1000, "passed", "within margin", "margin 0.05"},
        {900, 1000, 600, 1000, "failed", "outside margin", "accuracy differs by"},
        {90, 100, 88, 100, "cannot tell", "cannot tell", "times as many cases would tell"},
        {20, 20, 900, 1000, "cannot tell", "low support", "30 of each that the metric is about"},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        write_groups(rows[k].right_a, rows[k].n_a, rows[k].right_b, rows[k].n_b);
        mlsd_result *const r = run(UNIFORM("0.95", "0.05"), 1);
        assert_string_equal(status_of(r), rows[k].status);
        assert_string_equal(text(r, "groups", "status", 0), rows[k].group);
        assert_holds(text(r, "tests", "detail", 0), rows[k].words);
        mlsd_result_free(r);
    }
    write_file("g.csv", "g,p,y\na,0.9,yes\na,0.9,no\n");
    mlsd_result *const r = run(UNIFORM("0.95", "0.05"), 1);
    assert_string_equal(text(r, "tests", "status", 0), "error");
    assert_holds(text(r, "tests", "detail", 0), "one value");
    mlsd_result_free(r);
}

/* A group without positives has no recall: that is not 0, and no equal treatment either. */
static void test_uniformity__undefined(void **state)
{
    (void)state;
    FILE *const file = fopen(path_of("g.csv"), "w");
    assert_non_null(file);
    fputs("g,p,y\n", file);
    for (int i = 0; i < 80; i++)
        fprintf(file, "%s,%s,%s\n", i % 2 ? "a" : "b", i % 3 ? "0.1" : "0.9",
                i % 2 && i % 3 ? "yes" : "no");
    assert_int_equal(fclose(file), 0);
    mlsd_result *const r =
        run("{\"sets\": [{\"role\": \"uniformity\", \"cases\": \"g.csv\", \"label\": \"y\", "
            "\"by\": \"g\", \"metric\": \"recall\", \"margin\": 0.1}]}",
            1);
    assert_string_equal(status_of(r), "cannot tell");
    assert_string_equal(text(r, "groups", "status", 0), "undefined");
    assert_true(isnan(cell(r, "groups", "value", 0)));
    assert_true(cell(r, "groups", "value", 1) == 0); /* of a: 27 positives, none found */
    mlsd_result_free(r);
}

/* ---- goals ---- */

/* 100 cases, of which those numbered from..to-1 are wrong, written from the last to the first where
 * `reversed`. */
static void write_goal(int from, int to, int reversed)
{
    FILE *const file = fopen(path_of("goal.csv"), "w");
    assert_non_null(file);
    fputs("id,p,y\n", file);
    for (int k = 0; k < 100; k++) {
        const int i = reversed ? 99 - k : k;
        fprintf(file, "%d,%s,yes\n", i, i >= from && i < to ? "0.25" : "0.75");
    }
    assert_int_equal(fclose(file), 0);
}

static const char goal_suite[] =
    "{\"sets\": [{\"role\": \"goal\", \"name\": \"g\", \"cases\": \"goal.csv\", \"label\": \"y\", "
    "\"id\": \"id\", \"metric\": \"accuracy\", \"goal\": 0.95}]}";

static void forget(void)
{
    (void)remove(path_of("t.suite.last.csv"));
    (void)remove(path_of("t.suite.history.csv"));
}

/* Last time cases 0-2 were wrong and now 3-12 are: only the last had 10 right, only now 3. */
static void test_goal__paired_with_last_time(void **state)
{
    (void)state;
    mlsd_suite *suite = NULL;
    forget();
    write_goal(0, 3, 0);
    ASSERT_OK(parse(goal_suite, &suite));
    mlsd_result *r = run_loaded(suite, 1);
    assert_string_equal(status_of(r), "passed");
    assert_holds(text(r, "tests", "detail", 0), "goal 0.95 reached; nothing was kept");
    ASSERT_OK(mlsd_suite_keep(NULL, suite, r, "v1"));
    mlsd_result_free(r);
    mlsd_suite_free(suite);

    write_goal(3, 13, 1);
    ASSERT_OK(parse(goal_suite, &suite));
    r = run_loaded(suite, 1);
    ASSERT_NEAR(cell(r, "tests", "p_value", 0), .057373047 / 2, 1e-9);
    ASSERT_NEAR(cell(r, "tests", "last", 0), 0.97, 1e-12);
    assert_string_equal(status_of(r), "failed");
    assert_holds(text(r, "tests", "detail", 0),
                 "worse than last time by more than chance (p = 0.029");
    assert_string_equal(text(r, "trend", "name", 0), "v1");
    assert_string_equal(text(r, "trend", "name", 1), "now");
    ASSERT_OK(mlsd_suite_keep(NULL, suite, r, "v2"));
    mlsd_result_free(r);
    mlsd_suite_free(suite);

    ASSERT_OK(parse(goal_suite, &suite)); /* the same again is not worse */
    r = run_loaded(suite, 1);
    assert_string_equal(status_of(r), "passed");
    assert_int_equal(mlsd_table_n_rows(mlsd_result_get_table(r, "trend")), 3);
    mlsd_result_free(r);
    mlsd_suite_free(suite);
}

/* Right of 100 cases: 97, then 92, then 87, each losing 5 that the one before had right. McNemar's
 * mid-p of 5 : 0 is (1/2)^6, of 10 : 0 (1/2)^11. */
static void test_goal__baseline(void **state)
{
    (void)state;
    forget();
    for (int k = 0; k < 5; k++) {
        static const int wrong[] = {3, 8, 13, 13, 13};
        static const char *const statuses[] = {"passed", "failed", "failed", "failed", "passed"};
        static const double p[] = {NAN, 0x1p-6, 2 * 0x1p-11, 2 * 0x1p-11, 1};
        static const char *const words[] = {
            "nothing was kept", "worse than last time by", "than the baseline, run 1 'v0' by",
            "than the baseline, run 1 'v0' by", "not worse than last time by"};
        mlsd_suite *suite = NULL;
        write_goal(0, wrong[k], 0);
        ASSERT_OK(parse(goal_suite, &suite));
        mlsd_result *const r = run_loaded(suite, 1);
        assert_string_equal(status_of(r), statuses[k]);
        if (k > 0) ASSERT_NEAR(cell(r, "tests", "p_value", 0), p[k], 1e-12);
        assert_holds(text(r, "tests", "detail", 0), words[k]);
        char name[8];
        snprintf(name, sizeof name, "v%d", k);
        if (k == 3) {
            ASSERT_OK(mlsd_suite_keep_baseline(NULL, suite, r, name));
            ASSERT_OK(mlsd_suite_junit_save(r, path_of("c.csv")));
            ASSERT_FAILS(MLSD_E_IO, "none", mlsd_suite_junit_save(r, path_of("none/c.xml")));
            ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_suite_junit_save(r, NULL));
        } else {
            ASSERT_OK(mlsd_suite_keep(NULL, suite, r, name));
        }
        mlsd_result_free(r);
        mlsd_suite_free(suite);
    }
    forget();
}

static void test_goal__what_cannot_be_compared(void **state)
{
    (void)state;
    static const struct {
        const char *last, *words;
    } rows[] = {
        {"set,run,what,case,outcome\ng,1,accuracy,x1,1\n", "none of the cases was there last time"},
        {"set,run,what,case,outcome\ng,1,log_loss,1,0.5\n", "of another metric"},
        {"set,run,what,case,outcome\ng,1,p(yes),x1,0.5\n", "of another metric"},
    };
    write_goal(0, 3, 0);
    for (int k = 0; k < 3; k++) {
        forget();
        write_file("t.suite.last.csv", rows[k].last);
        mlsd_result *const r = run(goal_suite, 1);
        assert_string_equal(status_of(r), "cannot tell");
        assert_holds(text(r, "tests", "detail", 0), rows[k].words);
        mlsd_result_free(r);
    }
    mlsd_suite *suite = NULL;
    static const struct {
        mlsd_status status;
        const char *last, *words;
    } faults[] = {
        {MLSD_E_COLUMN, "set,run,what,case\ng,1,accuracy,1\n", "t.suite.last.csv:1: "},
        {MLSD_E_DATA, "set,run,what,case,outcome\ng,0,accuracy,1,1\n",
         "row 1 has no number of a run"},
        {MLSD_E_DATA, "set,run,what,case,outcome\ng,1.5,accuracy,1,1\n", "has no number of a run"},
        {MLSD_E_DATA, "set,run,what,case,outcome\ng,1,accuracy,1,\n", "row 1 has an empty cell"},
        {MLSD_E_DATA, "set,run,what,case,outcome\ng,1,accuracy,1,inf\n", "t.suite.last.csv"},
        {MLSD_E_PARSE, "set,run,what,case,outcome\ng,1,acc", "t.suite.last.csv"},
    };
    for (size_t k = 0; k < sizeof faults / sizeof *faults; k++) {
        write_file("t.suite.last.csv", faults[k].last);
        ASSERT_FAILS(faults[k].status, faults[k].words, parse(goal_suite, &suite));
        assert_null(suite);
    }
    forget();
}

/* Losses: each case is a little worse, which intervals side by side would not see. Of roc_auc each
 * positive loses as much, half a pair to a tie, so that DeLong's variance is 0 and says nothing. */
static void test_goal__losses(void **state)
{
    (void)state;
    static const char suite_text[] = "{\"sets\": [{\"role\": \"stretch\", \"name\": \"s\", "
                                     "\"cases\": \"l.csv\", \"label\": \"y\", "
                                     "\"id\": \"id\", \"metric\": \"%s\"}]}";
    static const char *const metrics[] = {"log_loss", "brier", "roc_auc"};
    for (int m = 0; m < 3; m++) {
        forget();
        for (int pass = 0; pass < 2; pass++) {
            char suite[256];
            mlsd_suite *s = NULL;
            FILE *const file = fopen(path_of("l.csv"), "w");
            assert_non_null(file);
            fputs("id,p,y\n", file);
            for (int i = 0; i < 40; i++) {
                const double p = 0.05 + 0.02 * i - (pass && i % 2 ? 0.01 : 0);
                fprintf(file, "%d,%.4f,%s\n", i, i % 2 ? p : p + (pass ? 0.01 : 0),
                        i % 2 ? "yes" : "no");
            }
            assert_int_equal(fclose(file), 0);
            snprintf(suite, sizeof suite, suite_text, metrics[m]);
            ASSERT_OK(parse(suite, &s));
            mlsd_result *const r = run_loaded(s, 1);
            assert_string_equal(status_of(r), pass ? "failed" : "passed");
            if (pass) assert_true(cell(r, "tests", "p_value", 0) <= 0.001);
            ASSERT_OK(mlsd_suite_keep(NULL, s, r, NULL));
            mlsd_result_free(r);
            mlsd_suite_free(s);
        }
    }
    forget();
}

/* ---- edges ---- */

static void test_edge__changes(void **state)
{
    (void)state;
    static const struct {
        const char *set, *status, *words;
    } rows[] = {
        {"\"change\": {\"x\": {\"times\": 2}}, \"expect\": \"higher\"", "failed", "2 of 3"},
        {"\"change\": {\"x\": {\"add\": 0.5}}, \"expect\": \"higher\"", "passed", "3 of 3"},
        {"\"change\": {\"x\": {\"add\": 0.5}}, \"expect\": \"same\"", "failed", "0 of 3"},
        {"\"change\": {\"x\": {\"add\": 0.5}}, \"expect\": \"same\", \"tolerance\": 0.5", "passed",
         "3 of 3"},
        {"\"change\": {\"x\": {\"add\": 0.5}}, \"expect\": \"not higher\"", "failed", "0 of 3"},
        {"\"change\": {\"x\": {\"noise\": 0.01}}, \"expect\": \"same\", \"tolerance\": 0.1",
         "passed", "3 of 3"},
        {"\"change\": {\"g\": {\"swap\": [\"a\", \"b\"]}}, \"expect\": \"same\"", "passed",
         "2 of 2"},
        {"\"change\": {\"g\": {\"swap\": [\"a\", \"z\"]}}, \"expect\": \"same\"", "passed",
         "1 of 1"},
        {"\"change\": {\"g\": {\"swap\": [\"y\", \"z\"]}}, \"expect\": \"same\"", "error",
         "t.suite.json:1: the set 'edge 1' changes none of its 3 cases"},
        {"\"change\": {\"g\": null}, \"expect\": \"same\"", "passed", "3 of 3"},
        {"\"change\": {\"x\": [1, 2, 4]}, \"expect\": \"higher\"", "passed", "3 of 3"},
        {"\"change\": {\"x\": [1, 3, 2]}, \"expect\": \"not lower\"", "failed", "0 of 3"},
        {"\"change\": {\"x\": [5, -5]}, \"low\": -5, \"high\": 5", "passed", "3 of 3"},
        {"\"change\": {\"x\": [5, -5]}, \"low\": -4", "failed", "0 of 3"},
        {"\"low\": -1, \"high\": 1.5", "failed", "2 of 3"},
    };
    write_file("x.csv", "x,g\n-1,a\n1,b\n2,c\n");
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        char suite[256];
        snprintf(suite, sizeof suite,
                 "{\"sets\": [{\"role\": \"edge\", \"cases\": \"x.csv\", %s}]}", rows[k].set);
        mlsd_result *const r = run(suite, 0);
        assert_string_equal(text(r, "tests", "status", 0), rows[k].status);
        assert_holds(text(r, "tests", "detail", 0), rows[k].words);
        mlsd_result_free(r);
    }
}

static void test_edge__says_what_it_did(void **state)
{
    (void)state;
    write_file("q.csv", "p,g\n0.4,a\n0.6,b\n");
    mlsd_result *r =
        run("{\"sets\": [{\"role\": \"edge\", \"cases\": \"q.csv\", \"change\": {\"p\": "
            "{\"add\": 0.2}, \"g\": \"b\"}, \"expect\": \"same\"}]}",
            1);
    assert_string_equal(text(r, "failures", "change", 0),
                        "p: 0.4 -> 0.6000000000000001, g: a -> b");
    assert_string_equal(text(r, "failures", "expected", 0), "same as no (0.6)");
    assert_string_equal(text(r, "failures", "got", 0), "yes (0.6)");
    mlsd_result_free(r);
    r = run(
        "{\"sets\": [{\"role\": \"edge\", \"cases\": \"q.csv\", \"change\": {\"p\": {\"times\": "
        "0.5}}, \"class\": \"yes\", \"expect\": \"not lower\"}]}",
        1);
    assert_string_equal(text(r, "failures", "expected", 1), "p(yes) not lower than 0.6");
    assert_string_equal(text(r, "failures", "got", 1), "p(yes) 0.3");
    mlsd_result_free(r);
}

/* What is told does not round away what is wrong. */
static void test_what_is_told_is_no_contradiction(void **state)
{
    (void)state;
    write_cases("c.csv", 298, 0); /* of 298 clean cases the bound is 0.98999766 */
    mlsd_result *r = run("{\"sets\": [{\"role\": \"regression\", \"cases\": \"c.csv\", "
                         "\"label\": \"y\", \"rate\": 0.99}]}",
                         1);
    assert_holds(text(r, "tests", "detail", 0), "which shows a rate of 98.99 % or more");
    mlsd_result_free(r);
    write_file("q.csv", "p,y\n0.499996,no\n0.5,yes\n");
    r = run(
        "{\"cases\": \"q.csv\", \"class\": \"yes\", \"sets\": ["
        "{\"role\": \"edge\", \"low\": 0.5},"
        "{\"role\": \"edge\", \"change\": {\"p\": {\"times\": 0.999999}}, \"expect\": \"higher\"},"
        "{\"role\": \"edge\", \"change\": {\"p\": {\"times\": 0.99999}}, \"expect\": \"same\", "
        "\"tolerance\": 0}]}",
        1);
    assert_string_equal(text(r, "failures", "expected", 0), "p(yes) at least 0.5");
    assert_string_equal(text(r, "failures", "got", 0), "p(yes) 0.499996");
    assert_string_equal(text(r, "failures", "expected", 1), "p(yes) higher than 0.499996");
    assert_string_equal(text(r, "failures", "got", 1), "p(yes) 0.4999955");
    assert_string_equal(text(r, "failures", "expected", 3), "same as no (0.5)");
    assert_string_equal(text(r, "failures", "got", 3), "no (0.50001)");
    mlsd_result_free(r);
}

/* ---- the format ---- */

#define GOAL \
    "{\"sets\": [{\"role\": \"goal\", \"cases\": \"a.csv\", \"label\": \"y\",\n\"metric\": "

static void test_format__one_line_of_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        mlsd_status status;
        const char *text, *words;
    } rows[] = {
        {MLSD_E_PARSE, "{\n\"sets\": [\n}", "t.suite.json:3: "},
        {MLSD_E_PARSE, "", "t.suite.json:1: "},
        {MLSD_E_PARSE, "{\"sets\": [], \"sets\": []}", "t.suite.json:1: duplicate"},
        {MLSD_E_PARAM_TYPE, "[]", "t.suite.json:1: a suite must be an object, got a list"},
        {MLSD_E_DATA, "{\n \"sets\":\n []}", "t.suite.json:2: the suite has no set"},
        {MLSD_E_PARAM_UNKNOWN, "{\"sets\": [],\n\n\"lable\": \"y\"}",
         "t.suite.json:3: a suite has no key 'lable'; did you mean 'label'?"},
        {MLSD_E_PARAM_CONFLICT, "{\"sets\": [], \"margin\": 1}",
         "a suite itself has no use for 'margin'"},
        {MLSD_E_PARAM_TYPE, "{\"sets\": [\n3]}",
         "t.suite.json:2: a set must be an object, got a number"},
        {MLSD_E_PARAM_RANGE, "{\"sets\": [\n{\"role\":\n\"regresion\"}]}",
         "t.suite.json:2: no role 'regresion'; did you mean 'regression'?"},
        {MLSD_E_PARAM_UNKNOWN,
         "{\"sets\": [{\"role\": \"regression\",\n\"cases\": \"a.csv\",\n\"tolerence\": 1}]}",
         "t.suite.json:3: regression has no key 'tolerence'; did you mean 'tolerance'?"},
        {MLSD_E_PARAM_CONFLICT, "{\"sets\": [{\"role\": \"edge\",\n\"margin\": 1}]}",
         "t.suite.json:2: edge sets have no use for 'margin'"},
        {MLSD_E_PARAM_CONFLICT, "{\"sets\": [{\"role\": \"edge\"}]}", ":1: a set needs 'cases'"},
        {MLSD_E_PARAM_CONFLICT,
         "{\"sets\": [{\"role\": \"uniformity\", \"cases\": \"a.csv\", \"metric\": \"accuracy\", "
         "\"label\": \"y\",\n\"by\": [\"y\",\n\"y\"], \"margin\": 1}]}",
         "t.suite.json:3: 'by' names the column 'y' twice"},
        {MLSD_E_IO, "{\"sets\": [{\"role\": \"edge\",\n\"cases\": \"none.csv\"}]}",
         "t.suite.json:2: "},
        {MLSD_E_COLUMN,
         "{\"sets\": [{\"role\": \"regression\", \"cases\": \"a.csv\",\n\"label\": \"yy\"}]}",
         "t.suite.json:2: 'a.csv': "},
        {MLSD_E_PARAM_RANGE,
         "{\"sets\": [{\"role\": \"regression\", \"cases\": \"a.csv\", \"label\": \"y\", \"rate\": "
         "1.5}]}",
         ":1: 'rate' must be above 0 and at most 1, got 1.5"},
        {MLSD_E_PARAM_TYPE,
         "{\"sets\": [{\"role\": \"regression\", \"cases\": \"a.csv\", \"label\": \"y\", \"rate\": "
         "\"all\"}]}",
         "'rate' must be a number, got a text"},
        {MLSD_E_PARAM_CONFLICT, "{\"sets\": [{\"role\": \"regression\", \"cases\": \"a.csv\"}]}",
         "expects nothing; it needs 'label', 'low' or 'high'"},
        {MLSD_E_KIND,
         "{\"sets\": [{\"role\": \"goal\", \"cases\": \"a.csv\", \"label\": \"y\",\n\"metric\": "
         "\"acuracy\"}]}",
         "t.suite.json:2: no metric 'acuracy'; did you mean 'accuracy'?"},
        {MLSD_E_PARAM_TYPE, GOAL "[1]}]}", "t.suite.json:2: 'metric' must be the name of a metric"},
        {MLSD_E_PARAM_CONFLICT, GOAL "{\"beta\": 2}}]}", "t.suite.json:2: 'metric' needs 'kind'"},
        {MLSD_E_KIND, GOAL "{\"kind\":\n\"f_scor\"}}]}", "t.suite.json:2: no kind 'f_scor'"},
        {MLSD_E_KIND, GOAL "{\"kind\": \"ridge\"}}]}", "t.suite.json:2: "},
        {MLSD_E_PARAM_UNKNOWN, GOAL "{\"kind\": \"f_score\",\n\"bata\": 2}}]}",
         "t.suite.json:3: f_score has no parameter 'bata'; did you mean 'beta'?"},
        {MLSD_E_PARAM_RANGE, GOAL "{\"kind\": \"f_score\",\n\"beta\": -2}}]}", "t.suite.json:3: "},
        {MLSD_E_PARAM_TYPE, GOAL "{\"kind\": \"f_score\",\n\"beta\": {}}}]}",
         "t.suite.json:3: 'beta' must not be an object"},
        {MLSD_E_PARAM_TYPE, GOAL "{\"kind\": \"crps_quantiles\",\n\"quantiles\": [[1]]}}]}",
         "t.suite.json:3: 'quantiles' holds a list"},
        {MLSD_E_PARAM_CONFLICT,
         "{\"sets\": [{\"role\": \"uniformity\", \"cases\": \"a.csv\", \"label\": \"y\", \"by\": "
         "\"g\", \"metric\": \"accuracy\"}]}",
         "needs 'margin'"},
        {MLSD_E_DATA,
         "{\"sets\": [{\"role\": \"regression\", \"cases\": \"a.csv\", \"label\": "
         "\"y\",\n\"where\": "
         "{\"g\": \"q\"}}]}",
         "t.suite.json:2: no case of 'a.csv' is so"},
        {MLSD_E_PARAM_UNKNOWN,
         "{\"sets\": [{\"role\": \"edge\", \"cases\": \"a.csv\", \"expect\": \"same\", \"change\": "
         "{\n\"p\": {\"time\": 2}}}]}",
         "t.suite.json:2: 'change': 'p' takes one of 'times', 'add', 'noise' and 'swap', got time"},
        {MLSD_E_TYPE,
         "{\"sets\": [{\"role\": \"edge\", \"cases\": \"a.csv\", \"expect\": \"same\", \"change\": "
         "{\"p\": \"x\"}}]}",
         "column 'p' of 'a.csv' holds numbers, got a text"},
        {MLSD_E_PARAM_CONFLICT,
         "{\"sets\": [{\"role\": \"edge\", \"cases\": \"a.csv\", \"expect\": \"same\"}]}",
         "has 'expect' and changes nothing"},
        {MLSD_E_PARSE, "{\"sets\": [{\"role\": \"edge\", \"cases\": \"ragged.csv\"}]}",
         "ragged.csv"},
        {MLSD_E_PARAM_CONFLICT,
         "{\"cases\": \"a.csv\", \"sets\": [{\"role\": \"edge\", \"name\": \"n\", \"low\": 0},\n"
         "{\"role\": \"edge\", \"name\": \"n\", \"low\": 0}]}",
         "t.suite.json:2: two sets are called 'n'"},
    };
    write_file("a.csv", "p,g,y\n0.1,a,no\n0.9,b,yes\n");
    write_file("ragged.csv", "p,g\n1\n");
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        mlsd_suite *suite = NULL;
        ASSERT_FAILS(rows[k].status, rows[k].words, parse(rows[k].text, &suite));
        assert_null(suite);
        assert_null(strchr(mlsd_last_error(), '\n'));
    }
}

/* What is only known when the model is: it names file and line, and stops no other set. */
static void test_run__faults_of_one_set(void **state)
{
    (void)state;
    write_file("ok.csv", "p,y\n0.9,yes\n");
    write_file("maybe.csv", "p,y\n0.9,yes\n0.9,\"may\nbe\"\n0.9,maybe\n");
    write_file("empty.csv", "p,y\n0.9,yes\n\n0.9,\n");
    write_file("refuse.csv", "p,y,refuse\n0.9,yes,1\n");
    mlsd_result *const r =
        run("{\"label\": \"y\", \"sets\": [{\"role\": \"regression\", \"cases\": \"maybe.csv\", "
            "\"where\": {\"y\": [\"yes\", \"maybe\"]}},"
            "{\"role\": \"regression\", \"cases\": \"empty.csv\"},"
            "{\"role\": \"regression\", \"cases\": \"refuse.csv\"},"
            "{\"role\": \"goal\", \"cases\": \"ok.csv\", \"metric\": \"rmse\"},"
            "{\"role\": \"regression\", \"cases\": \"ok.csv\"}]}",
            1);
    static const char *const words[] = {
        "maybe.csv:5: the label 'y' is 'maybe', no class of the model (no, yes)",
        "empty.csv:4: the label 'y' is empty", "refuse.csv: this model refuses", "rmse"};
    for (int k = 0; k < 4; k++) {
        assert_string_equal(text(r, "tests", "status", k), "error");
        assert_holds(text(r, "tests", "detail", k), words[k]);
    }
    assert_string_equal(text(r, "tests", "status", 4), "passed");
    assert_string_equal(status_of(r), "cannot tell");
    assert_holds(mlsd_result_verdict(r), "4 could not be evaluated");
    mlsd_result_free(r);
}

/* A model's own predictions, written as a table, give what the model gives. */
static void test_run__model_and_its_predictions(void **state)
{
    (void)state;
    double x[40], y[40];
    for (int i = 0; i < 40; i++) x[i] = i % 10, y[i] = (i * 7) % 10 < i % 10;
    mlsd_table *table = NULL, *predictions = NULL;
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_suite *suite = NULL;
    mlsd_result *by_model = NULL, *by_table = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &table));
    ASSERT_OK(mlsd_table_set_f64(table, "x", x, 40));
    ASSERT_OK(mlsd_table_set_f64(table, "y", y, 40));
    ASSERT_OK(mlsd_table_write_csv(table, path_of("m.csv")));
    const char *const columns[] = {"y"}, *const roles[] = {"target"};
    ASSERT_OK(mlsd_dataset_from_table(NULL, table, columns, roles, 1, MLSD_TASK_BINARY, &data));
    ASSERT_OK(mlsd_spec_new(NULL, "logistic_regression", &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    double p[80], p0[40], p1[40];
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_PROBA, p, 80));
    for (int i = 0; i < 40; i++) p0[i] = p[2 * i], p1[i] = p[2 * i + 1];
    ASSERT_OK(mlsd_table_new(NULL, &predictions));
    ASSERT_OK(mlsd_table_set_f64(predictions, "p_0", p0, 40));
    ASSERT_OK(mlsd_table_set_f64(predictions, "p_1", p1, 40));
    ASSERT_OK(
        parse("{\"cases\": \"m.csv\", \"label\": \"y\", \"sets\": [{\"role\": \"regression\", "
              "\"rate\": 0.5}, {\"role\": \"goal\", \"metric\": \"log_loss\"}, {\"role\": "
              "\"edge\", \"change\": {\"x\": {\"add\": 1}}, \"class\": \"1\", \"expect\": "
              "\"higher\"}]}",
              &suite));
    ASSERT_OK(mlsd_suite_run(NULL, suite, model, &by_model));
    ASSERT_OK(mlsd_suite_run_predictions(NULL, suite, predictions, &by_table));
    for (int k = 0; k < 2; k++) {
        assert_string_equal(text(by_model, "tests", "detail", k),
                            text(by_table, "tests", "detail", k));
        assert_true(cell(by_model, "tests", "value", k) == cell(by_table, "tests", "value", k));
    }
    assert_string_equal(text(by_model, "tests", "status", 2), "passed");
    assert_string_equal(text(by_table, "tests", "status", 2), "error");
    assert_holds(text(by_table, "tests", "detail", 2), "needs a model");
    mlsd_table_free(predictions);
    predictions = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &predictions));
    ASSERT_OK(mlsd_table_set_f64(predictions, "p_0", p0, 39));
    mlsd_result *none = NULL;
    ASSERT_FAILS(MLSD_E_SHAPE, "39 predictions for the 40 cases of 'm.csv'",
                 mlsd_suite_run_predictions(NULL, suite, predictions, &none));
    mlsd_result_free(by_table);
    mlsd_result_free(by_model);
    mlsd_table_free(predictions);
    mlsd_suite_free(suite);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
    mlsd_table_free(table);
}

static void test_run__a_column_that_the_model_needs(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, y[] = {1, 2, 3, 5};
    const mlsd_matrix X = {x, 4, 1, 1, 1, MLSD_F64, 0}, Y = {y, 4, 1, 1, 1, MLSD_F64, 0};
    mlsd_dataset *data = NULL;
    mlsd_spec *spec = NULL;
    mlsd_model *model = NULL;
    mlsd_suite *suite = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, NULL, MLSD_TASK_REGRESSION, &data));
    ASSERT_OK(mlsd_spec_new(NULL, "ridge", &spec));
    ASSERT_OK(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model));
    write_file("w.csv", "x1,y\n1,1\n");
    ASSERT_OK(
        parse("{\"cases\": \"w.csv\", \"label\": \"y\", \"sets\": [{\"role\": \"regression\", "
              "\"tolerance\": 1}]}",
              &suite));
    ASSERT_OK(mlsd_suite_run(NULL, suite, model, &r));
    assert_holds(text(r, "tests", "detail", 0),
                 "w.csv:1: no column 'x0', which the model needs; did you mean 'x1'?");
    assert_string_equal(status_of(r), "cannot tell");
    mlsd_result_free(r);
    mlsd_suite_free(suite);
    mlsd_model_free(model);
    mlsd_spec_free(spec);
    mlsd_dataset_free(data);
}

static void test_handles(void **state)
{
    (void)state;
    mlsd_suite *suite = NULL;
    write_file("a.csv", "p,y\n0.1,no\n");
    write_file(
        "h.suite.json",
        "\xef\xbb\xbf{\"cases\": \"a.csv\",\n \"sets\": [\n  {\"role\": \"edge\", \"low\": 0}]}");
    ASSERT_OK(mlsd_suite_load(NULL, path_of("h.suite.json"), &suite));
    assert_int_equal(mlsd_suite_count(suite), 1);
    assert_string_equal(mlsd_suite_set_name(suite, 0), "edge 1");
    assert_string_equal(mlsd_suite_set_role(suite, 0), "edge");
    assert_int_equal(mlsd_suite_set_line(suite, 0), 3);
    assert_int_equal(mlsd_suite_case_count(suite, 0), 1);
    assert_string_equal(mlsd_suite_case_file(suite, 0), "a.csv");
    assert_int_equal(mlsd_suite_case_line(suite, 0, 0), 2);
    assert_int_equal(mlsd_suite_case_line(suite, 0, 1), 0);
    assert_int_equal(mlsd_suite_case_count(suite, 1), 0);
    assert_null(mlsd_suite_case_file(NULL, 0));
    assert_null(mlsd_suite_set_name(suite, 1));
    assert_int_equal(mlsd_suite_count(NULL), 0);
    mlsd_suite_free(suite);
    mlsd_suite_free(NULL);
    ASSERT_FAILS(MLSD_E_IO, "none.json", mlsd_suite_load(NULL, path_of("none.json"), &suite));
    assert_null(suite);
    ASSERT_FAILS(MLSD_E_ARG, "NULL", mlsd_suite_load(NULL, NULL, &suite));
}

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
    static const char *const names[] = {
        "a.csv",     "c.csv",      "e.csv", "n.csv",      "g.csv",       "goal.csv",
        "l.csv",     "x.csv",      "q.csv", "ragged.csv", "ok.csv",      "maybe.csv",
        "empty.csv", "refuse.csv", "m.csv", "w.csv",      "h.suite.json"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) (void)remove(path_of(names[i]));
    forget();
    return rmdir(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regression__rates),
        cmocka_unit_test(test_regression__expectations),
        cmocka_unit_test(test_uniformity__newcombe),
        cmocka_unit_test(test_uniformity__verdicts),
        cmocka_unit_test(test_uniformity__undefined),
        cmocka_unit_test(test_goal__paired_with_last_time),
        cmocka_unit_test(test_goal__baseline),
        cmocka_unit_test(test_goal__what_cannot_be_compared),
        cmocka_unit_test(test_goal__losses),
        cmocka_unit_test(test_edge__changes),
        cmocka_unit_test(test_edge__says_what_it_did),
        cmocka_unit_test(test_what_is_told_is_no_contradiction),
        cmocka_unit_test(test_format__one_line_of_what_is_wrong),
        cmocka_unit_test(test_run__faults_of_one_set),
        cmocka_unit_test(test_run__model_and_its_predictions),
        cmocka_unit_test(test_run__a_column_that_the_model_needs),
        cmocka_unit_test(test_handles),
    };
    return cmocka_run_group_tests_name("suite", tests, make_directory, remove_directory);
}
