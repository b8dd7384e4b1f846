/* test_metric_forecast.c - scores of intervals, quantiles, ensembles and normal forecasts against
 * their definitions: the ranked probability score is an integral, done numerically here; the
 * ensemble's is also the mean over pairs of members. Scaled errors against loops. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "unit.h"

#include "mlsd/metric.h"

enum { N = 40, M = 7 };

typedef struct sample {
    double y[N], f[N * M], w[N];
} sample;

static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

static void make(sample *s, uint64_t seed)
{
    for (int i = 0; i < N; i++) {
        s->y[i] = 4 * draw(&seed) - 2;
        s->w[i] = 0.25 + draw(&seed);
    }
    for (int i = 0; i < N * M; i++) s->f[i] = 4 * draw(&seed) - 2;
}

static double value_of(const char *json, const sample *s, int64_t cols)
{
    const mlsd_matrix y = {(void *)(uintptr_t)s->y, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix f = {(void *)(uintptr_t)s->f, N, cols, M, 1, MLSD_F64, 0};
    const mlsd_matrix w = {(void *)(uintptr_t)s->w, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    double value = 0;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, &w, 0.95, &r));
    ASSERT_OK(mlsd_result_get_f64(r, "value", &value));
    mlsd_result_free(r);
    mlsd_spec_free(spec);
    return value;
}

static double mean(const sample *s, const double *x)
{
    double sum = 0, total = 0;
    for (int i = 0; i < N; i++) {
        sum += s->w[i] * x[i];
        total += s->w[i];
    }
    return sum / total;
}

/* Integral of (F - [y <= x])^2, by the midpoint rule on both sides of y, over [-20, 20]. */
static double integral(double (*cdf)(double x, const double *p), const double *p, double y)
{
    double sum = 0;
    for (int side = 0; side < 2; side++) {
        const double low = side == 0 ? -20 : y, high = side == 0 ? y : 20;
        const int steps = 20000;
        const double h = (high - low) / steps;
        for (int k = 0; k < steps; k++) {
            const double d = cdf(low + (k + 0.5) * h, p) - side;
            sum += d * d * h;
        }
    }
    return sum;
}

static double normal_cdf(double x, const double *p)
{
    return erfc(-(x - p[0]) / p[1] / sqrt(2)) / 2;
}

static double step_cdf(double x, const double *p)
{
    int below = 0;
    for (int k = 0; k < M; k++) below += p[k] <= x;
    return (double)below / M;
}

static void test_metric_forecast__crps_is_its_integral(void **state)
{
    (void)state;
    sample s;
    double of_normal[N], of_members[N], of_pairs[N], of_fair[N];
    make(&s, 1);
    for (int i = 0; i < N; i++) s.f[i * M + 1] = 0.3 + fabs(s.f[i * M + 1]); /* deviation */
    for (int i = 0; i < N; i++) {
        const double *const x = s.f + (ptrdiff_t)i * M;
        of_normal[i] = integral(normal_cdf, x, s.y[i]);
        of_members[i] = integral(step_cdf, x, s.y[i]);
        double miss = 0, spread = 0;
        for (int a = 0; a < M; a++) {
            miss += fabs(x[a] - s.y[i]);
            for (int b = 0; b < M; b++) spread += fabs(x[a] - x[b]) / 2;
        }
        of_pairs[i] = miss / M - spread / (M * M);
        of_fair[i] = miss / M - spread / (M * (M - 1));
    }
    ASSERT_NEAR(value_of("{\"kind\":\"crps_gaussian\"}", &s, 2), mean(&s, of_normal), 1e-6);
    const double plain = value_of("{\"kind\":\"crps_ensemble\"}", &s, M);
    ASSERT_NEAR(plain, mean(&s, of_members), 2e-3);
    ASSERT_NEAR(plain, mean(&s, of_pairs), 1e-14);
    ASSERT_NEAR(value_of("{\"kind\":\"crps_ensemble\",\"fair\":true}", &s, M), mean(&s, of_fair),
                1e-14);
    ASSERT_NEAR(value_of("{\"kind\":\"crps_ensemble\"}", &s, 1),
                value_of("{\"kind\":\"mae\"}", &s, 1), 1e-14);
}

/* Members of an ensemble, sorted, are its quantiles (k - 1/2) / M: one score, two ways. */
static void test_metric_forecast__quantiles_of_an_ensemble(void **state)
{
    (void)state;
    sample s;
    make(&s, 2);
    for (int i = 0; i < N; i++) {
        for (int a = 0; a < M; a++) {
            for (int b = a + 1; b < M; b++) {
                double *const x = s.f + (ptrdiff_t)i * M;
                if (x[a] <= x[b]) continue;
                const double swap = x[a];
                x[a] = x[b];
                x[b] = swap;
            }
        }
    }
    char json[256];
    snprintf(json, sizeof json,
             "{\"kind\":\"crps_quantiles\",\"quantiles\":[%.17g,%.17g,%.17g,"
             "%.17g,%.17g,%.17g,%.17g]}",
             1 / 14.0, 3 / 14.0, 5 / 14.0, 7 / 14.0, 9 / 14.0, 11 / 14.0, 13 / 14.0);
    ASSERT_NEAR(value_of(json, &s, M), value_of("{\"kind\":\"crps_ensemble\"}", &s, M), 1e-14);
}

static void test_metric_forecast__intervals(void **state)
{
    (void)state;
    sample s;
    double score[N], inside[N], width[N];
    make(&s, 3);
    for (int i = 0; i < N; i++) {
        const double low = s.f[i * M], high = low + 1.5, y = s.y[i];
        s.f[i * M + 1] = high;
        inside[i] = low <= y && y <= high;
        width[i] = high - low;
        score[i] = width[i] + (y < low ? 2 / 0.2 * (low - y) : y > high ? 2 / 0.2 * (y - high) : 0);
    }
    ASSERT_NEAR(value_of("{\"kind\":\"interval_score\",\"alpha\":0.2}", &s, 2), mean(&s, score),
                1e-13);
    ASSERT_NEAR(value_of("{\"kind\":\"interval_coverage\"}", &s, 2), mean(&s, inside), 1e-14);
    ASSERT_NEAR(value_of("{\"kind\":\"interval_width\"}", &s, 2), mean(&s, width), 1e-14);

    /* 29 of 40: Wilson's interval by R 4.2.2, prop.test(29, 40, correct = FALSE). */
    for (int i = 0; i < N; i++) s.y[i] = s.f[i * M] + (i < 29 ? 1 : 9);
    const mlsd_matrix y = {s.y, N, 1, 1, 1, MLSD_F64, 0}, f = {s.f, N, 2, M, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    double low = 0, high = 0;
    ASSERT_OK(mlsd_spec_new(NULL, "interval_coverage", &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, NULL, 0.95, &r));
    ASSERT_OK(mlsd_result_get_f64(r, "low", &low));
    ASSERT_OK(mlsd_result_get_f64(r, "high", &high));
    ASSERT_NEAR(low, 0.571650441938, 1e-7);
    ASSERT_NEAR(high, 0.838919837523, 1e-7);
    mlsd_result_free(r);
    r = NULL;
    s.f[1] = s.f[0] - 1;
    ASSERT_FAILS(MLSD_E_DATA, "low bounds",
                 mlsd_metric_evaluate(NULL, spec, &y, &f, NULL, 0.95, &r));
    ASSERT_FAILS(MLSD_E_SHAPE, "low and high",
                 mlsd_metric_evaluate(NULL, spec, &y, &y, NULL, 0.95, &r));
    mlsd_spec_free(spec);
}

static void test_metric_forecast__scaled_errors(void **state)
{
    (void)state;
    sample s;
    double absolute[N], squared[N];
    make(&s, 4);
    for (int i = 0; i < N; i++) {
        absolute[i] = fabs(s.y[i] - s.f[i * M]);
        squared[i] = absolute[i] * absolute[i];
    }
    /* Season 2 of 1 4 2 8 5 7: differences 1, 4, 3, -1. */
    const double mase =
        value_of("{\"kind\":\"mase\",\"season\":2,\"training\":[1,4,2,8,5,7]}", &s, 1);
    ASSERT_NEAR(mase, mean(&s, absolute) / (9.0 / 4), 1e-14);
    const double rmsse =
        value_of("{\"kind\":\"rmsse\",\"season\":2,\"training\":[1,4,2,8,5,7]}", &s, 1);
    ASSERT_NEAR(rmsse, sqrt(mean(&s, squared) / (27.0 / 4)), 1e-14);
    ASSERT_NEAR(value_of("{\"kind\":\"mase\",\"scale\":0.5}", &s, 1), mean(&s, absolute) / 0.5,
                1e-14);
    assert_true(isnan(value_of("{\"kind\":\"mase\",\"training\":[3,3,3]}", &s, 1)));

    const mlsd_matrix y = {s.y, N, 1, 1, 1, MLSD_F64, 0};
    double value;
    ASSERT_FAILS(MLSD_E_PARAM_RANGE, "'training'",
                 mlsd_metric_score(NULL, "mase", &y, &y, NULL, 0.9, &value, NULL, NULL));
}

static void test_metric_forecast__directions(void **state)
{
    (void)state;
    sample s;
    make(&s, 5);
    for (int i = 0; i < N; i++) {
        s.y[i] = floor(2 * s.y[i]); /* some stay where they are */
        s.f[i * M] = floor(2 * s.f[i * M]);
    }
    double hit = 0, total = 0;
    for (int i = 1; i < N; i++) {
        const double went = s.y[i] - s.y[i - 1], said = s.f[i * M] - s.y[i - 1];
        const bool same =
            (went > 0 && said > 0) || (went < 0 && said < 0) || (went == 0 && said == 0);
        hit += same ? s.w[i] : 0;
        total += s.w[i];
    }
    ASSERT_NEAR(value_of("{\"kind\":\"directional_accuracy\"}", &s, 1), hit / total, 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_forecast__crps_is_its_integral),
        cmocka_unit_test(test_metric_forecast__quantiles_of_an_ensemble),
        cmocka_unit_test(test_metric_forecast__intervals),
        cmocka_unit_test(test_metric_forecast__scaled_errors),
        cmocka_unit_test(test_metric_forecast__directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
