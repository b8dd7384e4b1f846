/* test_smoothing_fit.c - exponential smoothing. Witness: differences for slopes, exact series, the
 * weighted mean that simple smoothing is; statsmodels and published values are in tests/reference.
 */
#include "linear_data.h"

#include "model/series/smoothing_fit.h"
#include "numeric/blas.h"

enum { N = 40, M = 4 };

static void make_series(double *y, int n)
{
    uint32_t s = 11;
    for (int i = 0; i < n; i++) y[i] = 50 + 0.4 * i + 6 * ((i % M) - 1.5) + 4 * next_uniform(&s);
}

/* Slopes and the Gauss-Newton matrix of every form beside central differences of the errors. */
static void test_smoothing__slopes(void **state)
{
    (void)state;
    double y[N], season[M], last[M];
    mlsd__scope scope;
    make_series(y, N);
    assert_int_equal(mlsd__numeric_open(&scope, NULL), MLSD_OK);
    for (int form = 0; form < 18; form++) {
        mlsd__smoothing s = {.has_trend = form % 3 > 0,
                             .is_damped = form % 3 == 2,
                             .seasons = form / 3 % 3,
                             .period = form / 3 % 3 > 0 ? M : 1,
                             .gamma = form >= 9 ? 0.3 : NAN, /* given or not */
                             .season = season,
                             .final_season = last};
        const double smooth[] = {0.4, 0.2, 0.35, 0.9}, level = 52, trend = 0.3;
        const bool there[] = {true, s.has_trend, s.seasons > 0, s.is_damped};
        double theta[4 + 2 + M], g[4 + 2 + M], h[(4 + 2 + M) * (4 + 2 + M)];
        int64_t d = 0;
        for (int i = 0; i < 4; i++)
            if (there[i]) theta[d++] = smooth[i];
        theta[d++] = level;
        if (s.has_trend) theta[d++] = trend;
        for (int i = 0; s.seasons > 0 && i < M - 1; i++)
            theta[d++] = s.seasons == 1 ? 3 * i - 4 : 0.9 + 0.05 * i;
        assert_int_equal(d, mlsd__smoothing_width(&s));
        double sse, above, below;
        assert_int_equal(mlsd__smoothing_errors(&scope, &s, theta, y, N, &sse, g, h), MLSD_OK);
        for (int64_t j = 0; j < d; j++) {
            const double kept = theta[j], step = 1e-6;
            theta[j] = kept + step;
            assert_int_equal(mlsd__smoothing_errors(&scope, &s, theta, y, N, &above, NULL, NULL),
                             MLSD_OK);
            theta[j] = kept - step;
            assert_int_equal(mlsd__smoothing_errors(&scope, &s, theta, y, N, &below, NULL, NULL),
                             MLSD_OK);
            theta[j] = kept;
            /* the gradient is that of half the sum */
            assert_true(fabs((above - below) / (4 * step) - g[j]) < 1e-5 * (1 + fabs(g[j])));
            assert_true(h[j * d + j] >= 0);
        }
    }
    mlsd__scope_close(&scope);
}

static mlsd_model *fit_series(const mlsd_context *context, const char *json, const double *y,
                              int64_t n)
{
    const linear_data d = {
        .n = n, .p = 1, .x = (double *)(uintptr_t)y, .y = (double *)(uintptr_t)y};
    mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
    mlsd_model *model = fit_json(context, json, data, NULL, NULL);
    mlsd_dataset_free(data);
    return model;
}

static void next_of(const mlsd_model *model, double *out, int64_t n)
{
    const mlsd_matrix x = {out, n, 1, 1, 1, MLSD_F64, 0};
    double *values = malloc((size_t)n * sizeof *values);
    if (mlsd_model_predict_matrix(NULL, model, &x, MLSD_OUTPUT_VALUE, values, n) != MLSD_OK)
        fail_msg("%s", mlsd_last_error());
    memcpy(out, values, (size_t)n * sizeof *values);
    free(values);
}

/* Series without noise go on as they were: lines, seasons that add and that multiply. */
static void test_smoothing__exact_series(void **state)
{
    (void)state;
    static const double add[] = {5, -3, -4, 2}, mul[] = {1.2, 0.7, 0.9, 1.2};
    double y[24], next[6] = {0};
    for (int i = 0; i < 24; i++) y[i] = 10 + 2 * i;
    mlsd_model *model =
        fit_series(NULL, "{\"kind\":\"exponential_smoothing\",\"trend\":\"add\"}", y, 24);
    next_of(model, next, 6);
    for (int i = 0; i < 6; i++) assert_true(fabs(next[i] - (10 + 2 * (24 + i))) < 1e-9);
    mlsd_model_free(model);
    for (int i = 0; i < 24; i++) y[i] = 10 + 2 * i + add[i % 4];
    model = fit_series(NULL,
                       "{\"kind\":\"exponential_smoothing\",\"trend\":\"add\",\"seasonal\":\"add\","
                       "\"seasonal_periods\":4}",
                       y, 24);
    next_of(model, next, 6);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(next[i] - (10 + 2 * (24 + i) + add[(24 + i) % 4])) < 1e-7);
    mlsd_model_free(model);
    for (int i = 0; i < 24; i++) y[i] = (10 + 2 * i) * mul[i % 4];
    model = fit_series(NULL,
                       "{\"kind\":\"exponential_smoothing\",\"trend\":\"add\",\"seasonal\":\"mul\","
                       "\"seasonal_periods\":4}",
                       y, 24);
    next_of(model, next, 6);
    for (int i = 0; i < 6; i++)
        assert_true(fabs(next[i] - (10 + 2 * (24 + i)) * mul[(24 + i) % 4]) < 1e-5);
    mlsd_model_free(model);
    /* A constant, and two rows. */
    for (int i = 0; i < 24; i++) y[i] = 7;
    model = fit_series(NULL, "{\"kind\":\"exponential_smoothing\"}", y, 24);
    next_of(model, next, 2);
    assert_true(next[0] == 7 && number_of(model, "sse") == 0);
    mlsd_model_free(model);
    model = fit_series(NULL, "{\"kind\":\"exponential_smoothing\"}", y, 2);
    mlsd_model_free(model);
}

/* Given its parameter and no more, simple smoothing is a mean with weights that fall from the end,
 * and the initial level is the one that leaves least. */
static void test_smoothing__is_a_weighted_mean(void **state)
{
    (void)state;
    double y[N], next = 0;
    make_series(y, N);
    mlsd_model *model =
        fit_series(NULL, "{\"kind\":\"exponential_smoothing\",\"smoothing_level\":0.3}", y, N);
    double want = number_of(model, "initial_level");
    for (int i = 0; i < N; i++) want = 0.3 * y[i] + 0.7 * want;
    next_of(model, &next, 1);
    assert_true(fabs(next - want) < 1e-11);
    /* errors are linear in the initial level: e_i = a_i - 0.7^i l */
    double top = 0, bottom = 0, level = 0, share = 1;
    for (int i = 0; i < N; i++) {
        top += (y[i] - level) * share;
        bottom += share * share;
        level = 0.3 * y[i] + 0.7 * level;
        share *= 0.7;
    }
    assert_true(fabs(number_of(model, "initial_level") - top / bottom) < 1e-8);
    assert_true(number_of(model, "smoothing_level") == 0.3);
    mlsd_model_free(model);
}

static void test_smoothing__threads_and_files(void **state)
{
    (void)state;
    static const char json[] =
        "{\"kind\":\"exponential_smoothing\",\"trend\":\"add\",\"damped_trend\":true,"
        "\"seasonal\":\"mul\",\"seasonal_periods\":4}";
    double y[N], a[30] = {0}, b[30] = {0};
    make_series(y, N);
    mlsd_model *first = fit_series(NULL, json, y, N), *again = NULL;
    for (int64_t n_threads = 1; n_threads <= 7; n_threads = n_threads * 3 + 1) {
        mlsd_context *context = context_with_threads(n_threads);
        mlsd_model *model = fit_series(context, json, y, N);
        assert_same_model(first, model);
        mlsd_model_free(model);
        mlsd_context_free(context);
    }
    size_t size = 0;
    unsigned char *bytes = bytes_of(first, &size);
    assert_int_equal(mlsd_model_from_bytes(NULL, bytes, size, &again), MLSD_OK);
    next_of(first, a, 30);
    next_of(again, b, 30);
    assert_memory_equal(a, b, sizeof a);
    free(bytes);
    mlsd_model_free(again);
    mlsd_model_free(first);
}

static void test_smoothing__refusals(void **state)
{
    (void)state;
    static const struct {
        const char *json, *words;
        int64_t n;
    } cases[] = {
        {"{\"kind\":\"exponential_smoothing\"}", "at least 2 rows", 1},
        {"{\"kind\":\"exponential_smoothing\",\"seasonal\":\"add\"}", "'seasonal_periods' is 1", 9},
        {"{\"kind\":\"exponential_smoothing\",\"damped_trend\":true}", "needs a trend", 9},
        {"{\"kind\":\"exponential_smoothing\",\"seasonal\":\"add\",\"seasonal_periods\":5}",
         "at least 10 rows for these parameters, got 9", 9},
        {"{\"kind\":\"exponential_smoothing\",\"seasonal\":\"mul\",\"seasonal_periods\":2}",
         "the target of row 3 in time is -1", 9},
    };
    double y[] = {1, 2, 3, -1, 5, 6, 7, 8, 9};
    for (int c = 0; c < 5; c++) {
        const linear_data d = {.n = cases[c].n, .p = 1, .x = y, .y = y};
        mlsd_dataset *data = dataset_of(&d, MLSD_TASK_REGRESSION, 0);
        mlsd_spec *spec = spec_from(cases[c].json);
        mlsd_model *model = NULL;
        assert_true(mlsd_model_fit(NULL, spec, data, NULL, NULL, &model) != MLSD_OK);
        if (strstr(mlsd_last_error(), cases[c].words) == NULL) fail_msg("%s", mlsd_last_error());
        mlsd_spec_free(spec);
        mlsd_dataset_free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_smoothing__slopes),
        cmocka_unit_test(test_smoothing__exact_series),
        cmocka_unit_test(test_smoothing__is_a_weighted_mean),
        cmocka_unit_test(test_smoothing__threads_and_files),
        cmocka_unit_test(test_smoothing__refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
