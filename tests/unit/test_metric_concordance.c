/* test_metric_concordance.c - concordance of survival times against all pairs, with ties of times
 * and predictions, weights and censoring; standard errors against numerical derivatives.
 * tests/reference compares with R's survival package. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "unit.h"

#include "mlsd/metric.h"

enum { N = 70 };

typedef struct sample {
    double y[2 * N], f[N], w[N];
} sample;

static double draw(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Few distinct times and predictions, so that many are equal. */
static void make(sample *s, uint64_t seed)
{
    for (int i = 0; i < N; i++) {
        s->y[2 * i] = floor(12 * draw(&seed));
        s->y[2 * i + 1] = draw(&seed) < 0.6;
        s->f[i] = floor(0.5 * s->y[2 * i] + 6 * draw(&seed));
        s->w[i] = i % 11 == 0 ? 0 : 0.25 + draw(&seed);
    }
}

/* Chance of not being last seen before t: Kaplan-Meier, events before those last seen. */
static double seen_before(const sample *s, double t)
{
    double g = 1;
    for (double u = 0; u < t; u++) {
        double at_risk = 0, seen = 0;
        for (int i = 0; i < N; i++) {
            const double time = s->y[2 * i], event = s->y[2 * i + 1];
            if (time > u || (time == u && event == 0)) at_risk += s->w[i];
            if (time == u && event == 0) seen += s->w[i];
        }
        if (seen > 0) g *= 1 - seen / at_risk;
    }
    return g;
}

static double concordance(const sample *s, bool uno, double tau, const double *factors)
{
    double pairs = 0, ordered = 0;
    for (int i = 0; i < N; i++) {
        if (s->y[2 * i + 1] == 0 || s->y[2 * i] > tau) continue;
        for (int j = 0; j < N; j++) {
            const double a = s->y[2 * i], b = s->y[2 * j];
            if (!(a < b || (a == b && s->y[2 * j + 1] == 0))) continue;
            const double w = s->w[i] * s->w[j] * (uno ? factors[i] : 1);
            pairs += w;
            ordered += w * (s->f[i] < s->f[j] ? 1 : s->f[i] == s->f[j] ? 0.5 : 0);
        }
    }
    return ordered / pairs;
}

static mlsd_result *evaluate(const char *json, const sample *s)
{
    const mlsd_matrix y = {(void *)(uintptr_t)s->y, N, 2, 2, 1, MLSD_F64, 0};
    const mlsd_matrix f = {(void *)(uintptr_t)s->f, N, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix w = {(void *)(uintptr_t)s->w, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    mlsd_result *r = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, json, &spec));
    ASSERT_OK(mlsd_metric_evaluate(NULL, spec, &y, &f, &w, 0.95, &r));
    mlsd_spec_free(spec);
    return r;
}

static double number(const mlsd_result *r, const char *name)
{
    double value = 0;
    ASSERT_OK(mlsd_result_get_f64(r, name, &value));
    return value;
}

static const struct {
    const char *json;
    bool uno;
    double tau;
} cases[] = {{"{\"kind\":\"concordance\"}", false, INFINITY},
             {"{\"kind\":\"concordance\",\"tau\":7}", false, 7},
             {"{\"kind\":\"concordance\",\"ipcw\":true,\"tau\":9}", true, 9},
             {"{\"kind\":\"concordance\",\"ipcw\":true}", true, INFINITY}};

static void test_metric_concordance__is_that_of_all_pairs(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        sample s;
        make(&s, seed);
        double factors[N];
        for (int i = 0; i < N; i++) {
            const double g = seen_before(&s, s.y[2 * i]);
            factors[i] = 1 / (g * g);
        }
        for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
            mlsd_result *const r = evaluate(cases[c].json, &s);
            ASSERT_NEAR(number(r, "value"), concordance(&s, cases[c].uno, cases[c].tau, factors),
                        1e-12);
            double squares = 0, n = 0;
            for (int i = 0; i < N; i++) {
                const double w = s.w[i], h = 1e-5;
                s.w[i] = w + h;
                const double up = concordance(&s, cases[c].uno, cases[c].tau, factors);
                s.w[i] = w - h;
                const double down = concordance(&s, cases[c].uno, cases[c].tau, factors);
                s.w[i] = w;
                squares += pow(w * (up - down) / (2 * h), 2);
                n += w > 0;
            }
            ASSERT_NEAR(number(r, "se"), sqrt(squares * n / (n - 1)), 1e-8);
            mlsd_result_free(r);
        }
    }
}

static void test_metric_concordance__risk_turns_it_round(void **state)
{
    (void)state;
    sample s;
    make(&s, 30);
    mlsd_result *const time = evaluate("{\"kind\":\"concordance\"}", &s);
    mlsd_result *const risk = evaluate("{\"kind\":\"concordance\",\"prediction\":\"risk\"}", &s);
    ASSERT_NEAR(number(risk, "value"), 1 - number(time, "value"), 1e-14);
    ASSERT_NEAR(number(risk, "low"), 1 - number(time, "high"), 1e-14);
    mlsd_result_free(time);
    mlsd_result_free(risk);
}

static void test_metric_concordance__undefined_and_wrong(void **state)
{
    (void)state;
    sample s;
    make(&s, 31);
    for (int i = 0; i < N; i++) s.y[2 * i + 1] = 0; /* nobody had the event */
    mlsd_result *r = evaluate("{\"kind\":\"concordance\"}", &s);
    assert_true(isnan(number(r, "value")));
    mlsd_result_free(r);
    for (int i = 0; i < N; i++) {
        s.y[2 * i + 1] = 1;
        s.f[i] = s.y[2 * i];
    }
    r = evaluate("{\"kind\":\"concordance\"}", &s); /* in order: certain only of these rows */
    ASSERT_NEAR(number(r, "value"), 1, 0);
    assert_true(isnan(number(r, "low")));
    mlsd_result_free(r);

    s.y[7] = 0.5;
    const mlsd_matrix y = {s.y, N, 2, 2, 1, MLSD_F64, 0}, f = {s.f, N, 1, 1, 1, MLSD_F64, 0};
    mlsd_spec *spec = NULL;
    ASSERT_OK(mlsd_spec_from_json(NULL, "{\"kind\":\"concordance\"}", &spec));
    ASSERT_FAILS(MLSD_E_DATA, "row 3", mlsd_metric_evaluate(NULL, spec, &y, &f, NULL, 0.9, &r));
    ASSERT_FAILS(MLSD_E_SHAPE, "time, event",
                 mlsd_metric_evaluate(NULL, spec, &f, &f, NULL, 0.9, &r));
    mlsd_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_metric_concordance__is_that_of_all_pairs),
        cmocka_unit_test(test_metric_concordance__risk_turns_it_round),
        cmocka_unit_test(test_metric_concordance__undefined_and_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
