/* test_metric_values.c - metrics of numbers against textbook formulas in loops over rows; standard
 * errors against derivatives by every row's weight, taken numerically; merges against one pass.
 * tests/reference compares with scikit-learn. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

#include "mlsd/metric.h"
#include "metric/values.h"
#include "numeric/rank.h"

enum { N = 90, K = 3 };

typedef struct sample {
    double y[N * K], f[N * K], w[N];
} sample;

/* A linear congruential generator: the same rows in every run. */
static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Positive numbers, so that every deviance is defined. */
static void make(sample *s, uint64_t seed)
{
    for (int i = 0; i < N * K; i++) {
        s->y[i] = 0.5 + 3 * draw(&seed);
        s->f[i] = fmax(0.3, 0.5 * s->y[i] + 1.5 * draw(&seed));
    }
    for (int i = 0; i < N; i++) s->w[i] = i % 13 == 0 ? 0 : 0.25 + draw(&seed);
}

static mlsd_result *evaluate(const char *json, const sample *s, int64_t cols, bool weighted)
{
    const mlsd_matrix y = {(void *)(uintptr_t)s->y, N, cols, K, 1, MLSD_F64, 0};
    const mlsd_matrix f = {(void *)(uintptr_t)s->f, N, cols, K, 1, MLSD_F64, 0};
    const mlsd_matrix w = {(void *)(uintptr_t)s->w, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, weighted ? &w : NULL, 0.95, &r));
    mlsd_spec_free(spec);
    return r;
}

static double number(const mlsd_result *r, const char *name)
{
    double value = 0;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
}

/* ---- definitions, written out ---- */

typedef double (*formula)(const sample *s, int j, bool weighted);

static double weight(const sample *s, int i, bool weighted)
{
    return weighted ? s->w[i] : 1;
}

static double mean_of(const sample *s, int j, bool weighted,
                      double (*term)(double y, double f, double c), double c)
{
    double sum = 0, total = 0;
    for (int i = 0; i < N; i++) {
        sum += weight(s, i, weighted) * term(s->y[i * K + j], s->f[i * K + j], c);
        total += weight(s, i, weighted);
    }
    return sum / total;
}

static double square(double y, double f, double c)
{
    return pow(y - f - c, 2);
}
static double absolute(double y, double f, double c)
{
    (void)c;
    return fabs(y - f);
}
static double y_of(double y, double f, double c)
{
    (void)f, (void)c;
    return y;
}
static double error_of(double y, double f, double c)
{
    (void)c;
    return y - f;
}
static double about(double y, double f, double c)
{
    (void)f;
    return (y - c) * (y - c);
}
static double relative(double y, double f, double c)
{
    (void)c;
    return fabs(y - f) / y;
}
static double symmetric(double y, double f, double c)
{
    (void)c;
    return 2 * fabs(y - f) / (y + f);
}
static double of_logs(double y, double f, double c)
{
    (void)c;
    return pow(log(1 + y) - log(1 + f), 2);
}
static double pinball_03(double y, double f, double c)
{
    (void)c;
    return y > f ? 0.3 * (y - f) : 0.7 * (f - y);
}
static double poisson(double y, double f, double c)
{
    (void)c;
    return 2 * (y * log(y / f) - y + f);
}
static double gamma_term(double y, double f, double c)
{
    (void)c;
    return 2 * (y / f - 1 - log(y / f));
}
/* Twice the integral of (y - u) / u^1.5 from f to y, which a deviance is. */
static double power_15(double y, double f, double c)
{
    (void)c;
    return 4 * (2 * sqrt(y) - sqrt(f) - y / sqrt(f)) * -1;
}
static double poisson_about(double y, double f, double c)
{
    (void)f;
    return poisson(y, c, 0);
}

static double mse(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, square, 0);
}
static double rmse(const sample *s, int j, bool w)
{
    return sqrt(mse(s, j, w));
}
static double mae(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, absolute, 0);
}
static double r2(const sample *s, int j, bool w)
{
    return 1 - mse(s, j, w) / mean_of(s, j, w, about, mean_of(s, j, w, y_of, 0));
}
static double explained(const sample *s, int j, bool w)
{
    return 1 - mean_of(s, j, w, square, mean_of(s, j, w, error_of, 0)) /
                   mean_of(s, j, w, about, mean_of(s, j, w, y_of, 0));
}
static double mape(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, relative, 0);
}
static double smape(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, symmetric, 0);
}
static double msle(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, of_logs, 0);
}
static double rmsle(const sample *s, int j, bool w)
{
    return sqrt(msle(s, j, w));
}
static double pinball(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, pinball_03, 0);
}
static double poisson_mean(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, poisson, 0);
}
static double gamma_mean(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, gamma_term, 0);
}
static double power_15_mean(const sample *s, int j, bool w)
{
    return mean_of(s, j, w, power_15, 0);
}
static double d2_poisson(const sample *s, int j, bool w)
{
    return 1 - poisson_mean(s, j, w) / mean_of(s, j, w, poisson_about, mean_of(s, j, w, y_of, 0));
}

static const struct {
    const char *kind, *params;
    formula value;
    bool many; /* takes many outputs */
} cases[] = {
    {"mse", "", mse, true},
    {"rmse", "", rmse, true},
    {"mae", "", mae, true},
    {"r2", "", r2, true},
    {"explained_variance", "", explained, true},
    {"mape", "", mape, true},
    {"smape", "", smape, true},
    {"msle", "", msle, true},
    {"rmsle", "", rmsle, true},
    {"pinball", ",\"alpha\":0.3", pinball, true},
    {"tweedie_deviance", ",\"power\":0", mse, false},
    {"tweedie_deviance", ",\"power\":1", poisson_mean, false},
    {"tweedie_deviance", ",\"power\":2", gamma_mean, false},
    {"tweedie_deviance", ",\"power\":1.5", power_15_mean, false},
    {"d2_tweedie", ",\"power\":1", d2_poisson, false},
    {"d2_tweedie", "", r2, false},
};
enum { N_CASES = sizeof cases / sizeof cases[0] };

static const char *spec_of(int c, const char *more, char out[160])
{
    snprintf(out, 160, "{\"kind\":\"%s\"%s%s}", cases[c].kind, cases[c].params, more);
    return out;
}

static void test_metric_values__values_are_the_definitions(void **state)
{
    (void)state;
    sample s;
    make(&s, 1);
    for (int run = 0; run < 2 * N_CASES; run++) {
        char json[160];
        const int c = run / 2;
        const bool w = run % 2 == 1;
        mlsd_result *r = evaluate(spec_of(c, "", json), &s, 1, w);
        ASSERT_NEAR(number(r, "value"), cases[c].value(&s, 0, w), 1e-12);
        assert_true(number(r, "low") < number(r, "value"));
        assert_true(number(r, "value") < number(r, "high"));
        mlsd_result_free(r);
        if (!cases[c].many) continue;
        double mean = 0, given = 0;
        for (int j = 0; j < K; j++) {
            mean += cases[c].value(&s, j, w) / K;
            given += cases[c].value(&s, j, w) * (j == 0 ? 0.5 : j == 1 ? 0 : 1.5) / 2;
        }
        r = evaluate(spec_of(c, "", json), &s, K, w);
        ASSERT_NEAR(number(r, "value"), mean, 1e-12);
        for (int j = 0; j < K; j++) {
            double part = 0;
            ASSERT_OK(mlsd_table_get_f64(mlsd_result_get_table(r, "values"), 1, j, 1, &part));
            ASSERT_NEAR(part, cases[c].value(&s, j, w), 1e-12);
        }
        mlsd_result_free(r);
        r = evaluate(spec_of(c, ",\"output_weights\":[0.5,0,1.5]", json), &s, K, w);
        ASSERT_NEAR(number(r, "value"), given, 1e-12);
        mlsd_result_free(r);
        r = evaluate(spec_of(c, ",\"multioutput\":\"raw_values\"", json), &s, K, w);
        assert_true(isnan(number(r, "value")));
        mlsd_result_free(r);
    }
}

static double average_of(int c, const sample *s, int64_t cols, bool by_variance)
{
    double sum = 0, shares = 0;
    for (int j = 0; j < cols; j++) {
        const double share =
            by_variance ? mean_of(s, j, true, about, mean_of(s, j, true, y_of, 0)) : 1;
        sum += share * cases[c].value(s, j, true);
        shares += share;
    }
    return sum / shares;
}

/* Row i moves the value by its weight times the slope by it; the standard error is the root of the
 * sum of squared moves, times n / (n - 1). */
static double slopes_error(int c, sample *s, int64_t cols, bool by_variance)
{
    double squares = 0, n = 0;
    for (int i = 0; i < N; i++) {
        const double w = s->w[i], h = 1e-5;
        s->w[i] = w + h;
        const double up = average_of(c, s, cols, by_variance);
        s->w[i] = w - h;
        const double down = average_of(c, s, cols, by_variance);
        s->w[i] = w;
        squares += pow(w * (up - down) / (2 * h), 2);
        n += w > 0;
    }
    return sqrt(squares * n / (n - 1));
}

static void test_metric_values__standard_errors_are_derivatives(void **state)
{
    (void)state;
    sample s;
    char json[160];
    make(&s, 2);
    for (int c = 0; c < N_CASES; c++) {
        mlsd_result *r = evaluate(spec_of(c, "", json), &s, 1, true);
        ASSERT_NEAR(number(r, "se"), slopes_error(c, &s, 1, false), 1e-8);
        mlsd_result_free(r);
        if (!cases[c].many) continue;
        r = evaluate(spec_of(c, "", json), &s, K, true);
        ASSERT_NEAR(number(r, "se"), slopes_error(c, &s, K, false), 1e-8);
        mlsd_result_free(r);
        if (cases[c].value != r2 && cases[c].value != explained) continue;
        r = evaluate(spec_of(c, ",\"multioutput\":\"variance_weighted\"", json), &s, K, true);
        ASSERT_NEAR(number(r, "value"), average_of(c, &s, K, true), 1e-12);
        ASSERT_NEAR(number(r, "se"), slopes_error(c, &s, K, true), 1e-8);
        mlsd_result_free(r);
    }
}

/* Scores from `mlsd_metric_score`, and aliases, are those of kinds. */
static void test_metric_values__names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *json;
    } names[] = {{"rmse", "{\"kind\":\"rmse\"}"},
                 {"mae", "{\"kind\":\"mae\"}"},
                 {"r2", "{\"kind\":\"r2\"}"},
                 {"mean_squared_error", "{\"kind\":\"mse\"}"},
                 {"poisson_deviance", "{\"kind\":\"tweedie_deviance\",\"power\":1}"},
                 {"mean_gamma_deviance", "{\"kind\":\"tweedie_deviance\",\"power\":2}"},
                 {"d2_absolute_error", "{\"kind\":\"d2_pinball\",\"alpha\":0.5}"},
                 {"mean_absolute_percentage_error", "{\"kind\":\"mape\"}"},
                 {"max_error", "{\"kind\":\"max_error\"}"}};
    sample s;
    make(&s, 3);
    const mlsd_matrix y = {s.y, N, 1, K, 1, MLSD_F64, 0}, f = {s.f, N, 1, K, 1, MLSD_F64, 0},
                      w = {s.w, N, 1, 1, 1, MLSD_F64, 0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        double value, low, high;
        ASSERT_OK(mlsd_metric_score(NULL, names[i].name, &y, &f, &w, 0.95, &value, &low, &high));
        mlsd_result *const r = evaluate(names[i].json, &s, 1, true);
        ASSERT_NEAR(value, number(r, "value"), 1e-13);
        if (!isnan(low)) ASSERT_NEAR(low, number(r, "low"), 1e-12);
        if (!isnan(high)) ASSERT_NEAR(high, number(r, "high"), 1e-12);
        assert_true(isnan(high) == isnan(number(r, "high")));
        mlsd_result_free(r);
    }
    assert_int_equal(mlsd_metric_direction("d2_pinball"), 1);
    assert_int_equal(mlsd_metric_direction("mean_pinball_loss"), -1);
}

/* The smallest value that half of the weight does not exceed, and the middle of equal weights. */
static void test_metric_values__medians_and_largest(void **state)
{
    (void)state;
    sample s = {{0}, {0}, {0}};
    for (int i = 0; i < N; i++) {
        s.f[i * K] = i;
        s.w[i] = i < 30 ? 2 : 1; /* 60 of 120 at or below 29 */
    }
    mlsd_result *r = evaluate("{\"kind\":\"median_absolute_error\"}", &s, 1, false);
    ASSERT_NEAR(number(r, "value"), 44.5, 0);
    /* Wilson's interval of a share 1/2 of n rows is 1/2 -+ z / 2 / sqrt(n + z^2). */
    const double z = 1.959963984540054, half = z / 2 / sqrt(90 + z * z);
    ASSERT_NEAR(number(r, "low"), 89 * (0.5 - half), 1e-9);
    ASSERT_NEAR(number(r, "high"), 89 * (0.5 + half), 1e-9);
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"median_absolute_error\"}", &s, 1, true);
    ASSERT_NEAR(number(r, "value"), 29, 0);
    mlsd_result_free(r);
    r = evaluate("{\"kind\":\"max_error\"}", &s, 1, true);
    ASSERT_NEAR(number(r, "value"), 89, 0);
    assert_true(isnan(number(r, "low")));
    mlsd_result_free(r);
    /* Of y = 0 .. : the quantile 0.2 saves nothing over itself. */
    for (int i = 0; i < N; i++) {
        s.y[i * K] = i;
        s.f[i * K] = 0.2 * 89;
    }
    r = evaluate("{\"kind\":\"d2_pinball\",\"alpha\":0.2}", &s, 1, false);
    ASSERT_NEAR(number(r, "value"), 0, 1e-15);
    mlsd_result_free(r);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Selection finds what sorting does: in order, in reverse, alike, few values, organ pipes. */
static void test_metric_values__quantiles_are_those_of_sorting(void **state)
{
    (void)state;
    enum { MOST = 300 };
    static const double q[] = {0, 0.01, 0.3, 0.5, 0.77, 1};
    double x[MOST], sorted[MOST], found[6];
    uint64_t seed = 11;
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    for (int n = 1; n <= MOST; n += n < 20 ? 1 : 40) {
        for (int way = 0; way < 6; way++) {
            for (int i = 0; i < n; i++) {
                x[i] = way == 0   ? i
                       : way == 1 ? -i
                       : way == 2 ? 3
                       : way == 3 ? floor(4 * draw(&seed))
                       : way == 4 ? (i < n / 2 ? i : n - i)
                                  : draw(&seed);
            }
            memcpy(sorted, x, sizeof x);
            qsort(sorted, (size_t)n, sizeof *sorted, ascending);
            const mlsd__column c = {.n = n, .total = n};
            ASSERT_OK(mlsd__weighted_quantile(&scope, x, &c, q, 6, found));
            for (int k = 0; k < 6; k++) {
                ASSERT_NEAR(found[k], mlsd__quantile_sorted(sorted, n, q[k]), 0);
            }
        }
    }
    mlsd__scope_close(&scope);
}

static void test_metric_values__quantiles_in_columns(void **state)
{
    (void)state;
    sample s;
    make(&s, 5);
    const mlsd_matrix y = {s.y, N, 1, K, 1, MLSD_F64, 0}, f = {s.f, N, K, K, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(
        NULL, "{\"kind\":\"pinball\",\"quantiles\":[0.1,0.5,0.9],\"output_weights\":[1,1,2]}",
        &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, NULL, 0.95, &r));
    double sum = 0;
    for (int k = 0; k < K; k++) {
        const double alpha = 0.1 + 0.4 * k;
        double mean = 0, part = 0;
        for (int i = 0; i < N; i++) {
            const double e = s.y[i * K] - s.f[i * K + k];
            mean += fmax(alpha * e, (alpha - 1) * e) / N;
        }
        ASSERT_OK(mlsd_table_get_f64(mlsd_result_get_table(r, "values"), 1, k, 1, &part));
        ASSERT_NEAR(part, mean, 1e-14);
        sum += mean * (k == 2 ? 2 : 1) / 4;
    }
    ASSERT_NEAR(number(r, "value"), sum, 1e-14);
    assert_true(number(r, "low") < sum && sum < number(r, "high"));
    mlsd_result_free(r);
    r = NULL;
    ASSERT_FAILS(MLSD_E_SHAPE, "a column a quantile",
                 mlsd_metric_evaluate(NULL, spec, &y, &y, NULL, 0.95, &r));
    mlsd_spec_free(spec);
}

/* Cut into pieces, dealt to slots and merged, the moments are those of one pass. */
static void test_metric_values__errors_merge(void **state)
{
    (void)state;
    sample s;
    make(&s, 7);
    for (int i = 0; i < N; i++) s.y[i] += 1e6; /* far from 0, where squares would cancel */
    for (int i = 0; i < N; i++) s.f[i] += 1e6;
    const mlsd__summary_ops *const ops = &mlsd__summary_errors;
    const mlsd__shape shape = {
        .y_cols = 1, .prediction_cols = 1, .n_slots = 2, .is_weighted = true};
    mlsd__scope scope;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    void *whole = NULL, *parts = NULL, *more = NULL;
    ASSERT_OK(ops->open(scope.allocator, &shape, NULL, &whole));
    ASSERT_OK(ops->open(scope.allocator, &shape, NULL, &parts));
    ASSERT_OK(ops->open(scope.allocator, &shape, NULL, &more));
    int32_t slot[N];
    for (int i = 0; i < N; i++) slot[i] = i % 2;
    const mlsd__batch all = {.n = N, .y = s.y, .prediction = s.f, .weight = s.w};
    ASSERT_OK(ops->add(&scope, whole, &all));
    const mlsd__batch first = {.n = 40, .y = s.y, .prediction = s.f, .weight = s.w, .slot = slot};
    const mlsd__batch second = {
        .n = N - 40, .y = s.y + 40, .prediction = s.f + 40, .weight = s.w + 40, .slot = slot + 40};
    ASSERT_OK(ops->add(&scope, parts, &first));
    ASSERT_OK(ops->add(&scope, more, &second));
    const int32_t to_zero[2] = {0, 0};
    ASSERT_OK(ops->merge(parts, more, to_zero));
    /* Slot 1 of `parts` into slot 0 of itself, by way of `more` emptied. */
    void *joined = NULL;
    ASSERT_OK(ops->open(scope.allocator, &shape, NULL, &joined));
    ASSERT_OK(ops->merge(joined, parts, to_zero));
    mlsd__errors a, b;
    mlsd__errors_read(whole, 0, &a);
    mlsd__errors_read(joined, 0, &b);
    const double *const x = &a.count, *const z = &b.count;
    for (size_t k = 0; k < sizeof a / sizeof(double); k++) {
        ASSERT_NEAR(z[k] / x[k], 1, 1e-9);
    }
    ops->close(whole);
    ops->close(parts);
    ops->close(more);
    ops->close(joined);
    mlsd__scope_close(&scope);
}

static void test_metric_values__undefined_and_wrong(void **state)
{
    (void)state;
    sample s;
    make(&s, 9);
    for (int i = 0; i < N; i++) s.y[i * K] = 0.1; /* a mean of which is not 0.1 exactly */
    const char *const kinds[] = {"{\"kind\":\"r2\"}", "{\"kind\":\"explained_variance\"}",
                                 "{\"kind\":\"d2_tweedie\",\"power\":1}",
                                 "{\"kind\":\"d2_pinball\"}"};
    for (int k = 0; k < 4; k++) {
        mlsd_result *const r = evaluate(kinds[k], &s, 1, true);
        assert_true(isnan(number(r, "value")) && isnan(number(r, "low")));
        mlsd_result_free(r);
    }
    mlsd_result *const r = evaluate("{\"kind\":\"r2\"}", &s, 2, true); /* leaves output 0 out */
    ASSERT_NEAR(number(r, "value"), r2(&s, 1, true), 1e-12);
    assert_string_equal(mlsd_table_get_str(mlsd_result_get_table(r, "values"), 8, 0), "undefined");
    mlsd_result_free(r);

    const mlsd_matrix y = {s.y, N, 1, K, 1, MLSD_F64, 0}, f = {s.f, N, 1, K, 1, MLSD_F64, 0};
    double value;
    s.f[0] = -1;
    ASSERT_FAILS(MLSD_E_DATA, "at least 0",
                 mlsd_metric_score(NULL, "msle", &y, &f, NULL, 0.95, &value, NULL, NULL));
    ASSERT_FAILS(MLSD_E_DATA, "prediction > 0",
                 mlsd_metric_score(NULL, "gamma_deviance", &y, &f, NULL, 0.95, &value, NULL, NULL));
    mlsd_spec *spec = NULL;
    mlsd_result *none = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, "{\"kind\":\"tweedie_deviance\",\"power\":0.5}", &spec));
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'power'",
                 mlsd_metric_evaluate(NULL, spec, &y, &f, NULL, 0.95, &none));
    mlsd_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_values__values_are_the_definitions),
        cmocka_unit_test(test_metric_values__standard_errors_are_derivatives),
        cmocka_unit_test(test_metric_values__names),
        cmocka_unit_test(test_metric_values__medians_and_largest),
        cmocka_unit_test(test_metric_values__quantiles_are_those_of_sorting),
        cmocka_unit_test(test_metric_values__quantiles_in_columns),
        cmocka_unit_test(test_metric_values__errors_merge),
        cmocka_unit_test(test_metric_values__undefined_and_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
