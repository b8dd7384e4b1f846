/* test_metric_calibration.c - calibration errors and Brier's parts by hand and by their identities.
 */
#include <math.h>
#include <stdio.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "mlsd/result.h"
#include "mlsd/table.h"

static void assert_near(double got, double wanted, double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance)) fail_msg("got %.17g, wanted %.17g", got, wanted);
}

static mlsd_result *evaluate_columns(const char *json, int64_t n, const double *y, const double *p,
                                     int64_t k)
{
    const mlsd_matrix ym = {y, n, 1, 1, 1, MLSD_F64, 0}, pm = {p, n, k, k, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &ym, &pm, NULL, 0.95, &r));
    mlsd_spec_free(spec);
    return r;
}

static mlsd_result *evaluate(const char *json, int64_t n, const double *y, const double *p)
{
    return evaluate_columns(json, n, y, p, 1);
}

static double number(const mlsd_result *r, const char *name)
{
    double x = 0;
    ASSERT_OK(mlsd_result_get_f64(r, name, &x));
    return x;
}

static void column(const mlsd_result *r, const char *table, const char *name, int64_t n, double *x)
{
    const mlsd_table *const t = mlsd_result_get_table(r, table);
    int64_t c = 0;
    ASSERT_OK(mlsd_table_find(t, name, &c));
    ASSERT_OK(mlsd_table_get_f64(t, c, 0, n, x));
}

static const double y[] = {0, 1, 0, 1, 1, 1, 0, 1}, p[] = {.1, .1, .1, .1, .9, .9, .9, .9};

/* Two bins of four: rates .5 and .75, gaps .4 and -.15. */
static void test_metric_calibration__by_hand(void **state)
{
    (void)state;
    double rate[2], value[5], corrected[5];
    mlsd_result *r = evaluate("{\"kind\":\"calibration_error\",\"n_bins\":2}", 8, y, p);
    assert_near(number(r, "value"), (0.4 + 0.15) / 2, 1e-15);
    column(r, "bins", "rate", 2, rate);
    assert_near(rate[0], 0.5, 0);
    assert_near(rate[1], 0.75, 0);
    column(r, "brier", "value", 5, value);
    column(r, "brier", "corrected", 5, corrected);
    assert_near(value[0], (0.16 + 0.0225) / 2, 1e-15);
    assert_near(value[1], 0.125 * 0.125, 1e-15);
    assert_near(value[2], 0.625 * 0.375, 1e-15);
    assert_near(value[0] - value[1] + value[2] + value[3], value[4], 1e-15);
    /* Ferro & Fricker: y (1 - y) / 3 of each bin, 15/64 / 7 of all. */
    assert_near(corrected[0], value[0] - (0.25 + 0.1875) / 6, 1e-15);
    assert_near(corrected[2], 0.625 * 0.375 * 8 / 7, 1e-15);
    assert_near(corrected[0] - corrected[1] + corrected[2] + corrected[3], value[4], 1e-15);
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"calibration_error\",\"n_bins\":2,\"norm\":\"max\"}", 8, y, p);
    assert_near(number(r, "value"), 0.4, 1e-15);
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"calibration_error\",\"n_bins\":2,\"norm\":\"l2\"}", 8, y, p);
    assert_near(number(r, "value"), sqrt((0.16 + 0.0225) / 2), 1e-15);
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"calibration_error\",\"n_bins\":2,\"norm\":\"l2\",\"debiased\":true}",
                 8, y, p);
    const double chance = (0.25 / 3 + 0.1875 / 3) / 2;
    assert_near(number(r, "value"), sqrt((0.16 + 0.0225) / 2 - chance), 1e-15);
    mlsd_result_free(r);
}

/* Three classes, four rows. Confidences .5, .5, .8, .8, of which the first and the last are right;
 * by class the gaps of the two bins are those written out. */
static void test_metric_calibration__many_classes(void **state)
{
    (void)state;
    static const double classes[] = {0, 1, 2, 1};
    static const double q[] = {.5, .3, .2, .5, .2, .3, .8, .1, .1, .1, .8, .1};
    mlsd_result *r =
        evaluate_columns("{\"kind\":\"calibration_error\",\"n_bins\":2}", 4, classes, q, 3);
    double rate[2], of_class[3];
    column(r, "bins", "rate", 2, rate);
    assert_near(rate[0], 0.5, 0);
    assert_near(rate[1], 0.5, 0);
    assert_near(number(r, "value"), (0 + 0.3) / 2, 1e-15);
    assert_null(mlsd_result_get_table(r, "brier"));
    mlsd_result_free(r);
    r = evaluate_columns("{\"kind\":\"calibration_error\",\"n_bins\":2,\"multi_class\":"
                         "\"classwise\"}",
                         4, classes, q, 3);
    column(r, "values", "value", 3, of_class);
    /* Class 0: rows of .5 .5 .1 with one event, and .8 without; class 1: .3 .2 .1 with one, .8 with
     * one; class 2: .2 .3 .1 .1 with one. */
    const double wanted[3] = {(3 * fabs(1. / 3 - 1.1 / 3) + 0.8) / 4,
                              (3 * fabs(1. / 3 - 0.6 / 3) + 0.2) / 4, fabs(0.25 - 0.7 / 4)};
    for (int c = 0; c < 3; c++) assert_near(of_class[c], wanted[c], 1e-15);
    assert_near(number(r, "value"), (wanted[0] + wanted[1] + wanted[2]) / 3, 1e-15);
    mlsd_result_free(r);
}

/* The parts as metrics of their own, of one bin: by Murphy's formulas there is no resolution. */
static void test_metric_calibration__parts_of_the_brier_score(void **state)
{
    (void)state;
    static const char *const names[] = {"reliability", "resolution", "uncertainty", "within"};
    double part[4], score = 0;
    char json[96];
    for (int i = 0; i < 8; i++) score += (y[i] - p[i]) * (y[i] - p[i]) / 8;
    for (int k = 0; k < 4; k++) {
        snprintf(json, sizeof json, "{\"kind\":\"brier_%s\",\"n_bins\":1}", names[k]);
        mlsd_result *const r = evaluate(json, 8, y, p);
        part[k] = number(r, "value");
        assert_true(number(r, "low") <= part[k] && part[k] <= number(r, "high"));
        mlsd_result_free(r);
    }
    assert_near(part[0], 0.125 * 0.125, 1e-15);
    assert_near(part[1], 0, 0);
    assert_near(part[2], 0.625 * 0.375, 1e-15);
    assert_near(part[3], 0.16 - 2 * 0.4 * 0.125, 1e-15); /* variance and covariance of p */
    assert_near(part[0] - part[1] + part[2] + part[3], score, 1e-15);
}

/* Outcomes drawn by the probabilities: the plug-in says they are off, the debiased that they are
 * not, and the interval of l2 holds 0. */
static void test_metric_calibration__chance_is_taken_off(void **state)
{
    (void)state;
    enum { N = 4000 };
    static double outcome[N], probability[N];
    uint32_t seed = 1;
    for (int i = 0; i < N; i++) {
        seed = seed * 1664525u + 1013904223u;
        probability[i] = (double)(seed >> 8) / 0x1p24;
        seed = seed * 1664525u + 1013904223u;
        outcome[i] = (double)(seed >> 8) / 0x1p24 < probability[i];
    }
    static const char *const specs[] = {
        "{\"kind\":\"calibration_error\",\"n_bins\":50,\"strategy\":\"quantile\"}",
        ("{\"kind\":\"calibration_error\",\"n_bins\":50,\"strategy\":\"quantile\","
         "\"debiased\":true}"),
        "{\"kind\":\"calibration_error\",\"n_bins\":50,\"norm\":\"l2\",\"debiased\":true}"};
    double value[3], low = 1;
    for (int k = 0; k < 3; k++) {
        mlsd_result *const r = evaluate(specs[k], N, outcome, probability);
        value[k] = number(r, "value");
        if (k == 2) low = number(r, "low");
        mlsd_result_free(r);
    }
    assert_true(value[0] > 0.025);
    assert_true(value[1] < value[0] / 2);
    assert_true(low == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_calibration__by_hand),
        cmocka_unit_test(test_metric_calibration__many_classes),
        cmocka_unit_test(test_metric_calibration__parts_of_the_brier_score),
        cmocka_unit_test(test_metric_calibration__chance_is_taken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
