/* Intervals by resampling. Witnesses: the formulas of the jackknife and of each bootstrap interval
 * worked out here from the replicates, and enumeration of all samples of three rows. */
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"

enum { N = 60, B = 2000 };

typedef struct found {
    double value, low, high, se, bias, replicates[B];
} found;

static mlsd_matrix column(const double *x, int64_t n)
{
    return (mlsd_matrix){(double *)x, n, 1, 1, 1, MLSD_F64, 0};
}

/* `json` names the interval; data are vectors of N or NULL. */
static mlsd_status try_it(const mlsd_context *context, const char *json, int64_t n, const double *y,
                          const double *prediction, const double *weight, const double *cluster,
                          const double *stratum, found *out)
{
    mlsd_spec *how = NULL;
    const mlsd_matrix Y = column(y, n), P = column(prediction, n), W = column(weight, n),
                      C = column(cluster, n), S = column(stratum, n);
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &how));
    const mlsd_status status = mlsd_interval_resample(
        context, how, &Y, prediction == NULL ? NULL : &P, weight == NULL ? NULL : &W,
        cluster == NULL ? NULL : &C, stratum == NULL ? NULL : &S, &out->value, &out->low,
        &out->high, &out->se, &out->bias, out->replicates, B);
    mlsd_spec_free(how);
    return status;
}

static void fill(double *x, double *y, double *weight, double *cluster)
{
    for (int i = 0; i < N; i++) {
        x[i] = (i * 37 % 61) / 10.0 + (i % 7 == 0 ? 8 : 0);
        y[i] = x[i] + (i * 29 % 53) / 20.0;
        weight[i] = 1 + i % 3;
        cluster[i] = i % 11;
    }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, double q)
{
    const double at = q * (B - 1);
    const int k = (int)at;
    return k == B - 1 ? sorted[k] : sorted[k] + (at - k) * (sorted[k + 1] - sorted[k]);
}

static void test_limits_follow_from_replicates(void **state)
{
    (void)state;
    double x[N], y[N], weight[N], cluster[N], sorted[B];
    found f;
    fill(x, y, weight, cluster);
    ASSERT_OK(try_it(NULL, "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000,\"level\":0.9}",
                     N, x, NULL, NULL, NULL, NULL, &f));
    memcpy(sorted, f.replicates, sizeof sorted);
    qsort(sorted, B, sizeof *sorted, ascending);
    ASSERT_NEAR(f.low, quantile(sorted, 0.05), 1e-12);
    ASSERT_NEAR(f.high, quantile(sorted, 0.95), 1e-12);
    double mean = 0, square = 0, plain = 0;
    for (int b = 0; b < B; b++) mean += f.replicates[b] / B;
    for (int b = 0; b < B; b++) square += pow(f.replicates[b] - mean, 2) / (B - 1);
    for (int i = 0; i < N; i++) plain += x[i] / N;
    ASSERT_NEAR(f.value, plain, 1e-12);
    ASSERT_NEAR(f.se, sqrt(square), 1e-12);
    ASSERT_NEAR(f.bias, mean - plain, 1e-12);
    const double low = f.low, high = f.high, se = f.se;
    ASSERT_OK(try_it(NULL,
                     "{\"kind\":\"bootstrap_interval\",\"method\":\"basic\",\"n_resamples\":2000,"
                     "\"level\":0.9}",
                     N, x, NULL, NULL, NULL, NULL, &f));
    ASSERT_NEAR(f.low, 2 * plain - high, 1e-12);
    ASSERT_NEAR(f.high, 2 * plain - low, 1e-12);
    ASSERT_OK(try_it(NULL,
                     "{\"kind\":\"bootstrap_interval\",\"method\":\"normal\",\"n_resamples\":2000,"
                     "\"level\":0.9}",
                     N, x, NULL, NULL, NULL, NULL, &f));
    ASSERT_NEAR(f.low, 2 * plain - mean - 1.6448536269514722 * se, 1e-9);
    ASSERT_NEAR(f.high, 2 * plain - mean + 1.6448536269514722 * se, 1e-9);
}

/* The jackknife of a mean is the textbook's standard error; of weighted and clustered means by
 * brute force over what is left out. */
static void test_jackknife_by_brute_force(void **state)
{
    (void)state;
    double x[N], y[N], weight[N], cluster[N];
    found f;
    fill(x, y, weight, cluster);
    ASSERT_OK(try_it(NULL, "{\"kind\":\"jackknife_interval\"}", N, x, NULL, NULL, NULL, NULL, &f));
    double mean = 0, square = 0;
    for (int i = 0; i < N; i++) mean += x[i] / N;
    for (int i = 0; i < N; i++) square += pow(x[i] - mean, 2) / (N - 1);
    ASSERT_NEAR(f.se, sqrt(square / N), 1e-12);
    ASSERT_NEAR(f.bias, 0, 1e-10);
    ASSERT_NEAR(f.high - f.value, 2.0009953780882679 * f.se, 1e-9); /* R: qt(.975, 59) */
    double left[11], sum = 0, squares = 0;
    for (int c = 0; c < 11; c++) {
        double up = 0, under = 0;
        for (int i = 0; i < N; i++) {
            if (i % 11 == c) continue;
            up += weight[i] * x[i];
            under += weight[i];
        }
        left[c] = up / under;
        sum += left[c] / 11;
    }
    for (int c = 0; c < 11; c++) squares += pow(left[c] - sum, 2) * 10 / 11;
    ASSERT_OK(
        try_it(NULL, "{\"kind\":\"jackknife_interval\"}", N, x, NULL, weight, cluster, NULL, &f));
    ASSERT_NEAR(f.se, sqrt(squares), 1e-12);
    ASSERT_NEAR(f.bias, 10 * (sum - f.value), 1e-10);
}

/* All 27 samples of three rows, each with chance 1 / 27. */
static void test_three_rows_are_enumerated(void **state)
{
    (void)state;
    const double y[3] = {1, 10, 100};
    int64_t seen[112] = {0};
    found f;
    int n_values = 0;
    double chi_square = 0;
    for (int seed = 0; seed < 20; seed++) {
        char json[128];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000,\"seed\":%d}", seed);
        ASSERT_OK(try_it(NULL, json, 3, y, NULL, NULL, NULL, NULL, &f));
        for (int b = 0; b < B; b++) seen[(int)(lround(3 * f.replicates[b]) % 112)]++;
    }
    for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
            for (int k = j; k < 3; k++) {
                const double ways = i == j && j == k ? 1 : i == j || j == k ? 3 : 6;
                const double wanted = 20 * B * ways / 27;
                const double got = (double)seen[(int)(y[i] + y[j] + y[k]) % 112];
                chi_square += (got - wanted) * (got - wanted) / wanted;
                n_values++;
            }
        }
    }
    assert_int_equal(n_values, 10);
    assert_true(chi_square < 38); /* 9 df, once in 50,000 */
}

/* Metrics by sums, by cells and by rows give the metric of the rows drawn: the same replicates for
 * a metric whichever way it is worked out. A weight of 1 for each row, or a cluster for each, takes
 * other ways to the same numbers. */
static void test_ways_agree(void **state)
{
    (void)state;
    double x[N], y[N], weight[N], cluster[N], ones[N], own[N], label[N], guess[N];
    found f, g;
    fill(x, y, weight, cluster);
    for (int i = 0; i < N; i++) {
        ones[i] = 1;
        own[i] = i;
        label[i] = i % 3;
        guess[i] = i * 7 % 5 % 3;
    }
    static const char *const numbers[] = {"mae", "rmse", "r2"};
    for (int m = 0; m < 3; m++) {
        char json[160];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000,\"method\":\"bca\","
                       "\"metric\":{\"kind\":\"%s\"}}",
                       numbers[m]);
        ASSERT_OK(try_it(NULL, json, N, y, x, NULL, NULL, NULL, &f));
        ASSERT_OK(try_it(NULL, json, N, y, x, ones, own, NULL, &g));
        double direct;
        const mlsd_matrix Y = column(y, N), P = column(x, N);
        ASSERT_OK(mlsd_metric_score(NULL, numbers[m], &Y, &P, NULL, 0.95, &direct, NULL, NULL));
        ASSERT_NEAR(f.value, direct, 1e-12);
        ASSERT_NEAR(g.low, f.low, 1e-11);
        ASSERT_NEAR(g.high, f.high, 1e-11);
        for (int b = 0; b < B; b++) ASSERT_NEAR(g.replicates[b], f.replicates[b], 1e-11);
    }
    static const char *const classes[] = {"accuracy", "f1_macro", "precision_weighted"};
    for (int m = 0; m < 3; m++) {
        char json[160];
        (void)snprintf(json, sizeof json,
                       "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000,\"method\":\"bca\","
                       "\"n_groups\":0,\"metric_name\":\"%s\"}",
                       classes[m]);
        ASSERT_OK(try_it(NULL, json, N, label, guess, NULL, NULL, NULL, &f));
        ASSERT_OK(try_it(NULL, json, N, label, guess, ones, NULL, NULL, &g));
        for (int b = 0; b < B; b++) ASSERT_NEAR(g.replicates[b], f.replicates[b], 1e-12);
        ASSERT_NEAR(g.low, f.low, 1e-12);
        ASSERT_NEAR(g.high, f.high, 1e-12);
        assert_true(f.low < f.value && f.value < f.high);
    }
}

/* A row that weighs nothing is absent: the rest of the draws are those of the rest. */
static void test_rows_without_weight_are_absent(void **state)
{
    (void)state;
    double x[N], y[N], weight[N], cluster[N], ones[N - 20];
    found f, g;
    fill(x, y, weight, cluster);
    for (int i = 0; i < N; i++) weight[i] = i >= 20;
    for (int i = 0; i < N - 20; i++) ones[i] = 1;
    const char *const json = "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000}";
    ASSERT_OK(try_it(NULL, json, N, x, NULL, weight, NULL, NULL, &f));
    ASSERT_OK(try_it(NULL, json, N - 20, x + 20, NULL, ones, NULL, NULL, &g));
    for (int b = 0; b < B; b++) ASSERT_NEAR(f.replicates[b], g.replicates[b], 1e-12);
}

/* With one row in each stratum there is nothing to draw. */
static void test_strata_keep_their_sizes(void **state)
{
    (void)state;
    double x[N], y[N], weight[N], cluster[N], own[N], side[N];
    found f;
    fill(x, y, weight, cluster);
    for (int i = 0; i < N; i++) own[i] = i;
    const char *const json = "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000}";
    ASSERT_OK(try_it(NULL, json, N, x, NULL, NULL, NULL, own, &f));
    for (int b = 0; b < B; b++) ASSERT_NEAR(f.replicates[b], f.value, 1e-12);
    /* y is the stratum: its mean never changes; roc_auc is defined in every replicate. */
    for (int i = 0; i < N; i++) side[i] = i < 3;
    ASSERT_OK(try_it(NULL, json, N, side, NULL, NULL, NULL, side, &f));
    ASSERT_NEAR(f.se, 0, 1e-15);
    const char *const auc = "{\"kind\":\"bootstrap_interval\",\"n_resamples\":2000,\"method\":"
                            "\"bca\",\"metric\":{\"kind\":\"roc_auc\"}}";
    ASSERT_OK(try_it(NULL, auc, N, side, x, NULL, NULL, side, &f));
    for (int b = 0; b < B; b++) assert_false(isnan(f.replicates[b]));
    assert_true(f.low < f.value && f.value < f.high);
    /* Without strata a row in twenty of three positives draws none of them: limits are not known.
     */
    ASSERT_OK(try_it(NULL, auc, N, side, x, NULL, NULL, NULL, &f));
    int n_undefined = 0;
    for (int b = 0; b < B; b++) n_undefined += isnan(f.replicates[b]) != 0;
    assert_true(n_undefined > 50 && n_undefined < 150);
    assert_true(isnan(f.low) && isnan(f.high) && f.se > 0);
}

static void test_threads_change_no_byte(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static double y[MANY], p[MANY];
    static found one, more;
    static const char *const specs[] = {
        "{\"kind\":\"bootstrap_interval\",\"n_resamples\":500,\"method\":\"studentized\"}",
        ("{\"kind\":\"bootstrap_interval\",\"n_resamples\":20,\"method\":\"bca\",\"n_groups\":30,"
         "\"metric\":{\"kind\":\"roc_auc\"}}"),
        "{\"kind\":\"jackknife_interval\",\"n_groups\":25,\"metric\":{\"kind\":\"roc_auc\"}}"};
    for (int i = 0; i < MANY; i++) {
        y[i] = i * 7 % 10 < 3;
        p[i] = (i * 31 % 101) / 101.0 + 0.3 * y[i];
    }
    for (int s = 0; s < 3; s++) {
        memset(&one, 0, sizeof one);
        for (int n_threads = 1; n_threads <= 7; n_threads += 3) {
            mlsd_context *context = NULL;
            ASSERT_OK(mlsd_context_new(&context));
            ASSERT_OK(mlsd_context_set_i64(context, "n_threads", n_threads));
            memset(&more, 0, sizeof more);
            ASSERT_OK(try_it(context, specs[s], MANY, y, s == 0 ? NULL : p, NULL, NULL, NULL,
                             n_threads == 1 ? &one : &more));
            if (n_threads > 1) assert_memory_equal(&one, &more, sizeof one);
            mlsd_context_free(context);
        }
        assert_true(one.low < one.value && one.value < one.high);
    }
}

static void test_what_is_undefined_or_refused(void **state)
{
    (void)state;
    double y[4] = {0, 0, 1, 1}, nothing[4] = {0}, cluster[4] = {1, 1, 2, 2},
           cross[4] = {0, 1, 0, 1};
    found f;
    const char *const json = "{\"kind\":\"bootstrap_interval\",\"n_resamples\":20}";
    ASSERT_OK(try_it(NULL, json, 4, y, NULL, nothing, NULL, NULL, &f));
    assert_true(isnan(f.value) && isnan(f.low) && isnan(f.se) && isnan(f.replicates[19]));
    ASSERT_OK(try_it(NULL, json, 1, y, NULL, NULL, NULL, NULL, &f));
    /* one row, one cluster, or one row a stratum: every draw is the same, which is no certainty */
    assert_true(f.value == 0 && isnan(f.se) && isnan(f.low) && isnan(f.high));
    ASSERT_OK(try_it(NULL, json, 4, y, NULL, NULL, nothing, NULL, &f));
    assert_true(f.value == 0.5 && isnan(f.se) && isnan(f.low) && f.replicates[19] == 0.5);
    const double apart[4] = {0, 1, 2, 3};
    ASSERT_OK(try_it(NULL, json, 4, y, NULL, NULL, NULL, apart, &f));
    assert_true(f.value == 0.5 && isnan(f.se) && isnan(f.low));
    ASSERT_OK(try_it(NULL, "{\"kind\":\"jackknife_interval\"}", 1, y, NULL, NULL, NULL, NULL, &f));
    assert_true(f.value == 0 && isnan(f.se) && isnan(f.low));
    ASSERT_FAILS(MLSD_E_DATA, "lies in two strata",
                 try_it(NULL, json, 4, y, NULL, NULL, cluster, cross, &f));
    ASSERT_FAILS(MLSD_E_ARG, "no metric to score",
                 try_it(NULL, json, 4, y, y, NULL, NULL, NULL, &f));
    y[2] = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "y[2] is nan", try_it(NULL, json, 4, y, NULL, NULL, NULL, NULL, &f));
    y[2] = 1;
    cluster[3] = NAN;
    ASSERT_FAILS(MLSD_E_DATA, "cluster[3] is nan",
                 try_it(NULL, json, 4, y, NULL, NULL, cluster, NULL, &f));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "'studentized' is for means",
                 try_it(NULL,
                        "{\"kind\":\"bootstrap_interval\",\"n_resamples\":20,\"method\":"
                        "\"studentized\",\"metric\":{"
                        "\"kind\":\"roc_auc\"}}",
                        4, y, y, NULL, NULL, NULL, &f));
    ASSERT_FAILS(
        MLSD_E_BUFFER, "room for 2000 replicates of 9999",
        try_it(NULL, "{\"kind\":\"bootstrap_interval\"}", 4, y, NULL, NULL, NULL, NULL, &f));
    ASSERT_FAILS(MLSD_E_KIND, "did you mean 'accuracy'?",
                 try_it(NULL, "{\"kind\":\"jackknife_interval\",\"metric_name\":\"acuracy\"}", 4, y,
                        y, NULL, NULL, NULL, &f));
    ASSERT_FAILS(MLSD_E_PARAM_CONFLICT, "give one",
                 try_it(NULL,
                        "{\"kind\":\"jackknife_interval\",\"metric_name\":\"mae\",\"metric\":{"
                        "\"kind\":\"mae\"}}",
                        4, y, y, NULL, NULL, NULL, &f));
    mlsd_spec *other = NULL;
    const mlsd_matrix Y = column(y, 4);
    ASSERT_OK(mlsd_spec_new(NULL, "kfold", &other));
    ASSERT_FAILS(MLSD_E_KIND, "kfold",
                 mlsd_interval_resample(NULL, other, &Y, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                        NULL, NULL, NULL, 0));
    mlsd_spec_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits_follow_from_replicates),
        cmocka_unit_test(test_jackknife_by_brute_force),
        cmocka_unit_test(test_three_rows_are_enumerated),
        cmocka_unit_test(test_ways_agree),
        cmocka_unit_test(test_rows_without_weight_are_absent),
        cmocka_unit_test(test_strata_keep_their_sizes),
        cmocka_unit_test(test_threads_change_no_byte),
        cmocka_unit_test(test_what_is_undefined_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
