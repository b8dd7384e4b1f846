/* test_robustness.c - a model asked about changed rows. The witness is brute force: the changed
 * table is made by hand, predicted by the public call and scored here; t quantiles are SciPy's. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "result_checks.h"

/* The row of a column's change in the table "features". */
static int64_t find(const mlsd_result *r, const char *feature, const char *change)
{
    for (int64_t i = 0; i < mlsd_table_n_rows(mlsd_result_get_table(r, "features")); i++) {
        if (strcmp(cell_text(r, "features", "feature", i), feature) == 0 &&
            strcmp(cell_text(r, "features", "change", i), change) == 0)
            return i;
    }
    fail_msg("no row %s, %s", feature, change);
    return -1;
}

static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 33) / 2147483648.0;
}

static mlsd_spec *parse(const char *json)
{
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    return spec;
}

enum { N = 40, P = 3 };

/* Numbers: x0 matters most, x2 not at all. */
typedef struct numbers {
    double x[N][P], y[N];
    mlsd_dataset *data;
    mlsd_model *model;
} numbers;

static mlsd_dataset *dataset_of(const double *x, const double *y, const double *weight,
                                mlsd_task task)
{
    mlsd_dataset *data = NULL;
    const mlsd_matrix X = {x, N, P, P, 1, MLSD_F64, 0}, Y = {y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix W = {weight, N, 1, 1, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_dataset_from_matrix(NULL, &X, &Y, weight == NULL ? NULL : &W, task, &data));
    return data;
}

static void make_numbers(numbers *s)
{
    uint64_t random = 5;
    mlsd_spec *const spec = parse("{\"kind\":\"ridge\",\"alpha\":0.1}");
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < P; j++) s->x[i][j] = draw(&random) * 4 - 2;
        s->x[i][2] = 3;
        s->y[i] = 2 * s->x[i][0] - 0.5 * s->x[i][1] + draw(&random);
    }
    s->data = dataset_of(s->x[0], s->y, NULL, MLSD_TASK_REGRESSION);
    ASSERT_OK(mlsd_model_fit(NULL, spec, s->data, NULL, NULL, &s->model));
    mlsd_spec_free(spec);
}

static void end_numbers(numbers *s)
{
    mlsd_model_free(s->model);
    mlsd_dataset_free(s->data);
}

static mlsd_result *run(const char *json, const mlsd_model *model, const mlsd_dataset *data)
{
    mlsd_result *r = NULL;
    mlsd_spec *const spec = parse(json);
    ASSERT_OK(mlsd_robustness(NULL, spec, model, data, &r));
    mlsd_spec_free(spec);
    return r;
}

static void predict(const mlsd_model *model, const double *x, double *out)
{
    double y[N] = {0};
    mlsd_dataset *const data = dataset_of(x, y, NULL, MLSD_TASK_REGRESSION);
    ASSERT_OK(mlsd_model_predict(NULL, model, data, MLSD_OUTPUT_VALUE, out, N));
    mlsd_dataset_free(data);
}

/* One column far above: score, paired difference, interval and shift by hand. */
static void test_robustness__far_is_brute_force(void **state)
{
    (void)state;
    static const double T = 2.0226909200367604; /* scipy.stats.t.ppf(0.975, 39) */
    numbers s;
    make_numbers(&s);
    mlsd_result *const r = run("{\"kind\":\"robustness\",\"metric\":\"mae\"}", s.model, s.data);
    double before[N], after[N];
    predict(s.model, s.x[0], before);
    for (int j = 0; j < P; j++) {
        char name[8];
        double x[N][P], low = INFINITY, high = -INFINITY, clean = 0, score = 0, shift = 0, ss = 0;
        (void)snprintf(name, sizeof name, "x%d", j);
        memcpy(x, s.x, sizeof x);
        for (int i = 0; i < N; i++) {
            low = fmin(low, x[i][j]);
            high = fmax(high, x[i][j]);
        }
        const double far = high + 10 * (high > low ? high - low : 3);
        for (int i = 0; i < N; i++) x[i][j] = far;
        predict(s.model, x[0], after);
        for (int i = 0; i < N; i++) {
            clean += fabs(before[i] - s.y[i]) / N;
            score += fabs(after[i] - s.y[i]) / N;
            shift += fabs(after[i] - before[i]) / N;
        }
        for (int i = 0; i < N; i++) {
            const double d = fabs(after[i] - s.y[i]) - fabs(before[i] - s.y[i]);
            ss += (d - (score - clean)) * (d - (score - clean));
        }
        const int64_t at = find(r, name, "far above");
        ASSERT_NEAR(number(r, "clean"), clean, 1e-12);
        ASSERT_NEAR(cell(r, "features", "amount", at), far, 1e-12);
        ASSERT_NEAR(cell(r, "features", "score", at), score, 1e-10);
        ASSERT_NEAR(cell(r, "features", "difference", at), score - clean, 1e-10);
        ASSERT_NEAR(cell(r, "features", "shift", at), shift, 1e-10);
        if (j == 2) continue; /* nothing changes: it has no interval */
        const double half = T * sqrt(ss / (N - 1) / N);
        ASSERT_NEAR(cell(r, "features", "low", at), score - clean - half, 1e-9);
        ASSERT_NEAR(cell(r, "features", "high", at), score - clean + half, 1e-9);
    }
    mlsd_result_free(r);
    end_numbers(&s);
}

/* The interval of a root by the delta method is about that of 20,000 resamples of the rows. */
static void test_robustness__root_is_bootstrap(void **state)
{
    (void)state;
    enum { B = 20000 };
    numbers s;
    make_numbers(&s);
    mlsd_result *const r = run("{\"kind\":\"robustness\"}", s.model, s.data);
    double before[N], after[N], x[N][P], mean = 0, squares = 0;
    uint64_t random = 3;
    const int64_t at = find(r, "x1", "far below");
    memcpy(x, s.x, sizeof x);
    for (int i = 0; i < N; i++) x[i][1] = cell(r, "features", "amount", at);
    predict(s.model, s.x[0], before);
    predict(s.model, x[0], after);
    for (int b = 0; b < B; b++) {
        double e[2] = {0, 0};
        for (int k = 0; k < N; k++) {
            const int i = (int)(draw(&random) * N);
            e[0] += (before[i] - s.y[i]) * (before[i] - s.y[i]) / N;
            e[1] += (after[i] - s.y[i]) * (after[i] - s.y[i]) / N;
        }
        const double d = sqrt(e[1]) - sqrt(e[0]);
        mean += d / B;
        squares += d * d / B;
    }
    const double se = sqrt(squares - mean * mean);
    const double width = cell(r, "features", "high", at) - cell(r, "features", "low", at);
    ASSERT_NEAR(cell(r, "features", "difference", at), mean, 0.1 * se);
    ASSERT_NEAR(width / (2 * 2.0226909200367604) / se, 1, 0.1);
    mlsd_result_free(r);
    end_numbers(&s);
}

/* What it leans on, what it never reads, what it refuses, how often a metric's name is said. */
static void test_robustness__says_what_it_leans_on(void **state)
{
    (void)state;
    numbers s;
    make_numbers(&s);
    mlsd_result *const r = run("{\"kind\":\"robustness\"}", s.model, s.data);
    const char *leans_on = NULL;
    ASSERT_OK(mlsd_result_get_str(r, "leans_on", &leans_on));
    assert_string_equal(leans_on, "x0");
    assert_non_null(strstr(mlsd_result_verdict(r), "leans most on 'x0'"));
    assert_non_null(strstr(mlsd_result_verdict(r), "missing values are refused in 3 of 3 columns"));
    const int64_t missing = find(r, "x0", "missing"), idle = find(r, "x2", "permuted");
    assert_string_equal(cell_text(r, "features", "status", missing), "refused");
    assert_non_null(strstr(cell_text(r, "features", "message", missing), "'x0' is NaN"));
    assert_true(isnan(cell(r, "features", "score", missing)));
    assert_true(isnan(cell(r, "features", "flips", missing)));
    ASSERT_NEAR(cell(r, "features", "difference", idle), 0, 0);
    ASSERT_NEAR(cell(r, "features", "finding", idle), 0, 0);
    assert_true(isnan(cell(r, "features", "p_value", idle)));
    assert_string_equal(cell_text(r, "missingness", "status", 0), "refused");
    ASSERT_NEAR(number(r, "n_refused"), 5, 0);
    mlsd_result_free(r);
    end_numbers(&s);
}

/* Too few rows are never a finding; rows of weight 0 are as if they were not there. */
static void test_robustness__support_and_weights(void **state)
{
    (void)state;
    numbers s;
    double weight[N];
    int64_t rows[N / 2];
    make_numbers(&s);
    for (int i = 0; i < N; i++) weight[i] = i % 2;
    for (int i = 0; i < N / 2; i++) rows[i] = 2 * i + 1;
    mlsd_dataset *const weighted = dataset_of(s.x[0], s.y, weight, MLSD_TASK_REGRESSION);
    mlsd_dataset *half = NULL;
    ASSERT_OK(mlsd_dataset_rows(s.data, rows, N / 2, &half));
    mlsd_result *const a = run("{\"kind\":\"robustness\"}", s.model, weighted);
    mlsd_result *const b = run("{\"kind\":\"robustness\"}", s.model, half);
    const int64_t at = find(a, "x0", "far above");
    ASSERT_NEAR(cell(a, "features", "score", at), cell(b, "features", "score", at), 1e-10);
    ASSERT_NEAR(cell(a, "features", "low", at), cell(b, "features", "low", at), 1e-9);
    ASSERT_NEAR(cell(a, "dangerous_rows", "row", 0), 2 * cell(b, "dangerous_rows", "row", 0) + 1,
                0);
    assert_string_equal(cell_text(a, "features", "status", at), "low support");
    assert_string_equal(cell_text(a, "features", "effect", at), "not shown");
    ASSERT_NEAR(number(a, "n_worse"), 0, 0);
    assert_non_null(strstr(mlsd_result_verdict(a), "too few rows"));
    mlsd_result_free(b);
    mlsd_result_free(a);
    mlsd_dataset_free(half);
    mlsd_dataset_free(weighted);
    end_numbers(&s);
}

/* ---- metrics that are no mean over rows ---- */

static double r2_without(const double *y, const double *f, int out)
{
    double mean = 0, n = 0, error = 0, all = 0;
    for (int i = 0; i < N; i++) {
        if (i == out) continue;
        mean += y[i];
        n++;
    }
    for (int i = 0; i < N; i++) {
        if (i == out) continue;
        error += (y[i] - f[i]) * (y[i] - f[i]);
        all += (y[i] - mean / n) * (y[i] - mean / n);
    }
    return 1 - error / all;
}

/* Pairs of the two classes in the right order; ties count half. */
static double auc_without(const double *y, const double *f, int out)
{
    double pairs = 0, wins = 0;
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            if (i == out || j == out || y[i] != 1 || y[j] != 0) continue;
            pairs++;
            wins += f[i] > f[j] ? 1 : f[i] == f[j] ? 0.5 : 0;
        }
    }
    return wins / pairs;
}

static double f1_without(const double *y, const double *f, int out)
{
    double hits = 0, sum = 0;
    for (int i = 0; i < N; i++) {
        if (i == out) continue;
        hits += y[i] == 1 && f[i] == 1;
        sum += y[i] + f[i];
    }
    return 2 * hits / sum;
}

typedef double (*without_fn)(const double *y, const double *f, int out);

/* The jackknife by hand: row by row out of both. */
static void expect_jackknife(const mlsd_result *r, int64_t at, without_fn value, const double *y,
                             const double *before, const double *after)
{
    static const double T = 2.0226909200367604; /* scipy.stats.t.ppf(.975, 39) */
    const double difference = value(y, after, -1) - value(y, before, -1);
    double d[N], mean = 0, ss = 0;
    for (int i = 0; i < N; i++) {
        d[i] = value(y, after, i) - value(y, before, i);
        mean += d[i] / N;
    }
    for (int i = 0; i < N; i++) ss += (d[i] - mean) * (d[i] - mean);
    const double half = T * sqrt(ss * (N - 1) / N);
    ASSERT_NEAR(number(r, "clean"), value(y, before, -1), 1e-12);
    ASSERT_NEAR(cell(r, "features", "difference", at), difference, 1e-9);
    ASSERT_NEAR(cell(r, "features", "low", at), difference - half, 1e-7);
    ASSERT_NEAR(cell(r, "features", "high", at), difference + half, 1e-7);
}

static void test_robustness__r2_is_a_paired_jackknife(void **state)
{
    (void)state;
    numbers s;
    double x[N][P], before[N], after[N];
    make_numbers(&s);
    mlsd_result *const r = run("{\"kind\":\"robustness\",\"metric\":\"r2\"}", s.model, s.data);
    const int64_t at = find(r, "x1", "far above"), idle = find(r, "x2", "permuted");
    memcpy(x, s.x, sizeof x);
    for (int i = 0; i < N; i++) x[i][1] = cell(r, "features", "amount", at);
    predict(s.model, s.x[0], before);
    predict(s.model, x[0], after);
    expect_jackknife(r, at, r2_without, s.y, before, after);
    assert_string_equal(cell_text(r, "features", "effect", at), "worse");
    ASSERT_NEAR(cell(r, "features", "difference", idle), 0, 0);
    assert_true(isnan(cell(r, "features", "p_value", idle)));
    assert_non_null(
        strstr(mlsd_result_verdict(r), "leans most on 'x0': with its values permuted, r2"));
    mlsd_result_free(r);
    end_numbers(&s);
}

/* ---- classes ---- */

/* A column of two categories and one of numbers. */
typedef struct classes {
    const char *g[N], *y[N];
    double x[N];
    mlsd_dataset *data;
    mlsd_model *model;
} classes;

static mlsd_dataset *class_data(const classes *s, const char *const *g, const double *x)
{
    const char *column = "y", *role = "target";
    mlsd_table *t = NULL;
    mlsd_dataset *data = NULL;
    ASSERT_OK(mlsd_table_new(NULL, &t));
    ASSERT_OK(mlsd_table_set_str(t, "g", g, N));
    ASSERT_OK(mlsd_table_set_f64(t, "x", x, N));
    ASSERT_OK(mlsd_table_set_str(t, "y", s->y, N));
    ASSERT_OK(mlsd_dataset_from_table(NULL, t, &column, &role, 1, MLSD_TASK_BINARY, &data));
    mlsd_table_free(t);
    return data;
}

static void make_classes(classes *s, const char *unknown)
{
    uint64_t random = 9;
    char json[400];
    (void)snprintf(json, sizeof json,
                   "{\"kind\":\"pipeline\",\"steps\":[{\"name\":\"a\",\"kind\":\"impute\"},"
                   "{\"name\":\"b\",\"kind\":\"one_hot\",\"handle_unknown\":\"%s\"},"
                   "{\"name\":\"c\",\"kind\":\"logistic_regression\"}]}",
                   unknown);
    mlsd_spec *const spec = parse(json);
    for (int i = 0; i < N; i++) {
        s->g[i] = draw(&random) < 0.5 ? "a" : "b";
        s->x[i] = draw(&random) * 4 - 2;
        s->y[i] = s->x[i] + (s->g[i][0] == 'a') + draw(&random) * 2 - 1 > 0.5 ? "yes" : "no";
    }
    s->data = class_data(s, s->g, s->x);
    ASSERT_OK(mlsd_model_fit(NULL, spec, s->data, NULL, NULL, &s->model));
    mlsd_spec_free(spec);
}

static void end_classes(classes *s)
{
    mlsd_model_free(s->model);
    mlsd_dataset_free(s->data);
}

/* Score and flips of a table that was made by hand. */
static void expect_changed(const mlsd_result *r, const classes *s, const char *feature,
                           const char *change, const char *const *g, const double *x)
{
    double before[N], after[N], proba[N][2], loss = 0, flips = 0;
    mlsd_dataset *const data = class_data(s, g, x);
    ASSERT_OK(mlsd_model_predict(NULL, s->model, s->data, MLSD_OUTPUT_VALUE, before, N));
    ASSERT_OK(mlsd_model_predict(NULL, s->model, data, MLSD_OUTPUT_VALUE, after, N));
    ASSERT_OK(mlsd_model_predict(NULL, s->model, data, MLSD_OUTPUT_PROBA, proba[0], 2 * N));
    for (int i = 0; i < N; i++) {
        loss -= log(proba[i][s->y[i][0] == 'y']) / N;
        flips += before[i] != after[i];
    }
    const int64_t at = find(r, feature, change);
    ASSERT_NEAR(cell(r, "features", "score", at), loss, 1e-10);
    ASSERT_NEAR(cell(r, "features", "difference", at), loss - number(r, "clean"), 1e-10);
    ASSERT_NEAR(cell(r, "features", "flips", at), flips / N, 1e-15);
    ASSERT_NEAR(cell(r, "features", "flips_n", at) / cell(r, "features", "flips_of", at), flips / N,
                1e-15);
    mlsd_dataset_free(data);
}

static void test_robustness__categories_are_brute_force(void **state)
{
    (void)state;
    classes s;
    make_classes(&s, "ignore");
    mlsd_result *const r = run("{\"kind\":\"robustness\"}", s.model, s.data);
    const char *swapped[N], *unseen[N], *none[N];
    double nan[N];
    for (int i = 0; i < N; i++) {
        swapped[i] = s.g[i][0] == 'a' ? "b" : "a";
        unseen[i] = "c";
        none[i] = NULL;
        nan[i] = NAN;
    }
    expect_changed(r, &s, "g", "swapped", swapped, s.x);
    expect_changed(r, &s, "g", "unseen", unseen, s.x);
    expect_changed(r, &s, "g", "missing", none, s.x);
    expect_changed(r, &s, "x", "missing", s.g, nan);
    mlsd_result_free(r);
    end_classes(&s);
}

static void test_robustness__keeps_what_a_model_says(void **state)
{
    (void)state;
    classes s;
    make_classes(&s, "error");
    mlsd_result *const r = run("{\"kind\":\"robustness\"}", s.model, s.data);
    const int64_t at = find(r, "g", "unseen");
    assert_string_equal(cell_text(r, "features", "status", at), "refused");
    assert_non_null(strstr(cell_text(r, "features", "message", at), "'g'"));
    assert_non_null(strstr(mlsd_result_verdict(r), "never seen are refused in 1 column"));
    mlsd_result_free(r);
    end_classes(&s);
}

/* Of two classes, all labels wrong turn accuracy over; all cells lost are every column missing. */
static void test_robustness__rates(void **state)
{
    (void)state;
    classes s;
    double before[N];
    make_classes(&s, "ignore");
    mlsd_result *const r = run("{\"kind\":\"robustness\",\"metric\":\"accuracy\",\"label_noise\":["
                               "1],\"missing_rate\":[1],\"n_rows\":3}",
                               s.model, s.data);
    const char *none[N];
    double nan[N], after[N], right = 0;
    for (int i = 0; i < N; i++) {
        none[i] = NULL;
        nan[i] = NAN;
    }
    mlsd_dataset *const lost = class_data(&s, none, nan);
    ASSERT_OK(mlsd_model_predict(NULL, s.model, lost, MLSD_OUTPUT_VALUE, after, N));
    ASSERT_OK(mlsd_model_predict(NULL, s.model, s.data, MLSD_OUTPUT_VALUE, before, N));
    for (int i = 0; i < N; i++) right += (after[i] == 1) == (s.y[i][0] == 'y');
    ASSERT_NEAR(cell(r, "label_noise", "score", 0), 1 - number(r, "clean"), 1e-14);
    ASSERT_NEAR(cell(r, "label_noise", "sd", 0), 0, 1e-14);
    ASSERT_NEAR(cell(r, "missingness", "score", 0), right / N, 1e-14);
    for (int64_t i = 0; i < mlsd_table_n_rows(mlsd_result_get_table(r, "dangerous_rows")); i++) {
        if (strcmp(cell_text(r, "dangerous_rows", "reason", i), "confident and wrong") != 0)
            continue;
        const int row = (int)cell(r, "dangerous_rows", "row", i);
        assert_true((before[row] == 1) != (s.y[row][0] == 'y'));
        assert_true(cell(r, "dangerous_rows", "size", i) >= 0.5);
    }
    mlsd_dataset_free(lost);
    mlsd_result_free(r);
    end_classes(&s);
}

/* What the model says of rows that lack x. */
static void test_robustness__areas_and_f1_are_a_paired_jackknife(void **state)
{
    (void)state;
    classes s;
    double nan[N], y[N], before[N], after[N], proba[2][N][2];
    make_classes(&s, "ignore");
    for (int i = 0; i < N; i++) {
        nan[i] = NAN;
        y[i] = s.y[i][0] == 'y';
    }
    mlsd_dataset *const lost = class_data(&s, s.g, nan);
    mlsd_result *r =
        run("{\"kind\":\"robustness\",\"metric\":\"f1\",\"min_support\":2}", s.model, s.data);
    ASSERT_OK(mlsd_model_predict(NULL, s.model, s.data, MLSD_OUTPUT_VALUE, before, N));
    ASSERT_OK(mlsd_model_predict(NULL, s.model, lost, MLSD_OUTPUT_VALUE, after, N));
    expect_jackknife(r, find(r, "x", "missing"), f1_without, y, before, after);
    mlsd_result_free(r);
    r = run("{\"kind\":\"robustness\",\"metric\":\"roc_auc\",\"min_support\":2}", s.model, s.data);
    ASSERT_OK(mlsd_model_predict(NULL, s.model, s.data, MLSD_OUTPUT_PROBA, proba[0][0], 2 * N));
    ASSERT_OK(mlsd_model_predict(NULL, s.model, lost, MLSD_OUTPUT_PROBA, proba[1][0], 2 * N));
    for (int i = 0; i < N; i++) {
        before[i] = proba[0][i][1];
        after[i] = proba[1][i][1];
    }
    expect_jackknife(r, find(r, "x", "missing"), auc_without, y, before, after);
    mlsd_result_free(r);
    /* The rarer class has fewer than 30 of 40 rows. */
    r = run("{\"kind\":\"robustness\",\"metric\":\"roc_auc\"}", s.model, s.data);
    assert_string_equal(cell_text(r, "features", "status", find(r, "x", "missing")), "low support");
    ASSERT_NEAR(number(r, "n_worse"), 0, 0);
    assert_non_null(strstr(mlsd_result_verdict(r), "that roc_auc counts, 30 are needed"));
    mlsd_result_free(r);
    mlsd_dataset_free(lost);
    end_classes(&s);
}

/* ---- rows, threads, bad input ---- */

static void test_robustness__finds_the_row_that_was_planted(void **state)
{
    (void)state;
    numbers s;
    double x[N][P], y[N];
    bool seen = false;
    make_numbers(&s);
    memcpy(x, s.x, sizeof x);
    memcpy(y, s.y, sizeof y);
    x[11][1] = 500;
    y[17] = 1e6;
    mlsd_dataset *const data = dataset_of(x[0], y, NULL, MLSD_TASK_REGRESSION);
    mlsd_result *const r = run("{\"kind\":\"robustness\"}", s.model, data);
    assert_string_equal(cell_text(r, "dangerous_rows", "reason", 0), "far off");
    ASSERT_NEAR(cell(r, "dangerous_rows", "row", 0), 17, 0);
    for (int64_t i = 0; i < mlsd_table_n_rows(mlsd_result_get_table(r, "dangerous_rows")); i++) {
        if (strcmp(cell_text(r, "dangerous_rows", "reason", i), "outside") != 0) continue;
        if (cell(r, "dangerous_rows", "row", i) != 11) continue;
        assert_string_equal(cell_text(r, "dangerous_rows", "feature", i), "x1");
        ASSERT_NEAR(cell(r, "dangerous_rows", "value", i), 500, 0);
        seen = true;
    }
    assert_true(seen);
    mlsd_result_free(r);
    mlsd_dataset_free(data);
    end_numbers(&s);
}

/* Means, the area, metrics of classes, and one that is asked about groups of rows. */
static void test_robustness__threads_make_no_difference(void **state)
{
    (void)state;
    static const int64_t threads[3] = {1, 2, 7};
    static const char *const metrics[] = {"log_loss", "roc_auc", "f1", "average_precision"};
    classes s;
    make_classes(&s, "ignore");
    for (size_t m = 0; m < sizeof metrics / sizeof *metrics; m++) {
        char *text[3], json[100];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"robustness\",\"seed\":7,\"min_support\":2,\"metric\":\"%s\"}",
                       metrics[m]);
        mlsd_spec *const spec = parse(json);
        for (int k = 0; k < 3; k++) {
            mlsd_context *context = NULL;
            mlsd_result *r = NULL;
            ASSERT_OK(mlsd_context_new(&context));
            ASSERT_OK(mlsd_context_set_i64(context, "n_threads", threads[k]));
            ASSERT_OK(mlsd_robustness(context, spec, s.model, s.data, &r));
            text[k] = json_of(r);
            mlsd_result_free(r);
            mlsd_context_free(context);
        }
        for (int k = 1; k < 3; k++) assert_string_equal(text[0], text[k]);
        for (int k = 0; k < 3; k++) free(text[k]);
        mlsd_spec_free(spec);
    }
    end_classes(&s);
}

static void test_robustness__names_what_is_wrong(void **state)
{
    (void)state;
    numbers s;
    mlsd_result *r = NULL;
    make_numbers(&s);
    mlsd_spec *const right = parse("{\"kind\":\"robustness\",\"metric\":\"accuracy\"}");
    mlsd_spec *const other = parse("{\"kind\":\"ridge\"}");
    ASSERT_FAILS(MLSD_E_KIND, "'accuracy' is for classes",
                 mlsd_robustness(NULL, right, s.model, s.data, &r));
    ASSERT_FAILS(MLSD_E_KIND, "robustness", mlsd_robustness(NULL, other, s.model, s.data, &r));
    ASSERT_FAILS(MLSD_E_ARG, "model", mlsd_robustness(NULL, right, NULL, s.data, &r));
    assert_null(r);
    mlsd_spec_free(other);
    mlsd_spec_free(right);
    end_numbers(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_robustness__far_is_brute_force),
        cmocka_unit_test(test_robustness__root_is_bootstrap),
        cmocka_unit_test(test_robustness__r2_is_a_paired_jackknife),
        cmocka_unit_test(test_robustness__areas_and_f1_are_a_paired_jackknife),
        cmocka_unit_test(test_robustness__says_what_it_leans_on),
        cmocka_unit_test(test_robustness__support_and_weights),
        cmocka_unit_test(test_robustness__categories_are_brute_force),
        cmocka_unit_test(test_robustness__keeps_what_a_model_says),
        cmocka_unit_test(test_robustness__rates),
        cmocka_unit_test(test_robustness__finds_the_row_that_was_planted),
        cmocka_unit_test(test_robustness__threads_make_no_difference),
        cmocka_unit_test(test_robustness__names_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
