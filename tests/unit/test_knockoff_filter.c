/* test_knockoff_filter.c - copies of columns, the threshold, and the share of false discoveries.
 * Witness: the exchangeability that defines knockoffs (Candes et al. 2018, definition 3.1): equal
 * second moments; the threshold by trying all; simulation of the promise. */
#include "model/select/knockoff_copies.h"
#include "transform_checks.h"
#include "unit.h"

/* Rows of p normal columns, each correlated with the one before. */
static void draw_rows(uint32_t *seed, double *x, int n, int p, double rho)
{
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < p; j++) {
            double sum = 0;
            for (int k = 0; k < 12; k++) sum += next_uniform(seed);
            x[i * p + j] = j == 0 ? sum : rho * x[i * p + j - 1] + sqrt(1 - rho * rho) * sum;
        }
    }
}

static void standardise(double *x, int n, int p)
{
    for (int j = 0; j < p; j++) {
        double mean = 0, square = 0;
        for (int i = 0; i < n; i++) mean += x[i * p + j] / n;
        for (int i = 0; i < n; i++) square += (x[i * p + j] - mean) * (x[i * p + j] - mean) / n;
        for (int i = 0; i < n; i++) x[i * p + j] = (x[i * p + j] - mean) / sqrt(square);
    }
}

static double mean_product(const double *a, int j, const double *b, int k, int n, int p)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += a[i * p + j] * b[i * p + k] / n;
    return sum;
}

static void test_knockoff_filter__copies(void **state)
{
    (void)state;
    enum { N = 20000, P = 4 };
    double *const x = malloc(N * P * sizeof *x), *const copies = malloc(N * P * sizeof *x);
    uint32_t seed = 4;
    mlsd__scope scope;
    assert_true(x != NULL && copies != NULL);
    draw_rows(&seed, x, N, P, 0.5);
    standardise(x, N, P);
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__knockoff_copies(&scope, x, NULL, N, P, 1, copies));
    mlsd__scope_close(&scope);
    for (int j = 0; j < P; j++) {
        for (int k = 0; k < P; k++) {
            const double both = mean_product(x, j, x, k, N, P);
            ASSERT_NEAR(mean_product(copies, j, copies, k, N, P), both, 0.03);
            if (j != k) ASSERT_NEAR(mean_product(x, j, copies, k, N, P), both, 0.03);
        }
        assert_true(mean_product(x, j, copies, j, N, P) < 0.7); /* or they would tell nothing */
    }
    free(x), free(copies);
}

static void test_knockoff_filter__threshold(void **state)
{
    (void)state;
    uint32_t seed = 8;
    int n_found = 0;
    for (int trial = 0; trial < 200; trial++) {
        enum { P = 30 };
        double w[P], got = 0, want = INFINITY;
        for (int j = 0; j < P; j++) {
            w[j] = floor(10 * (next_uniform(&seed) + (j % 3 == 0 ? 0.5 : 0.1))) / 10;
            if (j % 7 == 0) w[j] = 0;
        }
        for (int j = 0; j < P; j++) {
            double above = 0, below = 0;
            const double t = fabs(w[j]);
            for (int k = 0; k < P; k++) above += w[k] >= t, below += w[k] <= -t;
            if (t > 0 && above > 0 && (1 + below) / above <= 0.3 && t < want) want = t;
        }
        ASSERT_OK(mlsd__knockoff_threshold(&mlsd__libc_allocator, w, P, 0.3, &got));
        assert_true(got == want);
        n_found += isfinite(want);
    }
    assert_true(n_found > 20 && n_found < 200);
}

/* 60 data sets of 30 columns, of which 10 count: the mean share of false ones is held, and most of
 * the true ones are found. */
static void test_knockoff_filter__holds_the_share(void **state)
{
    (void)state;
    enum { N = 150, P = 30, TRUE_ONES = 10, TRIALS = 60 };
    double x[N * P], y[N], support[P], mean_fdp = 0, mean_power = 0;
    uint32_t seed = 12;
    for (int trial = 0; trial < TRIALS; trial++) {
        double n_true = 0, n_false = 0;
        draw_rows(&seed, x, N, P, 0.3);
        for (int i = 0; i < N; i++) {
            double noise = 0;
            for (int k = 0; k < 12; k++) noise += next_uniform(&seed);
            y[i] = noise;
            for (int j = 0; j < TRUE_ONES; j++)
                y[i] += (j % 2 == 0 ? 0.4 : -0.4) * x[i * P + 3 * j];
        }
        mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
        char json[100];
        (void)snprintf(json, sizeof json, "{\"kind\":\"knockoff_filter\",\"fdr\":0.2,\"seed\":%d}",
                       trial);
        mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
        array_of(model, "support", support, P);
        for (int j = 0; j < P; j++) {
            const int is_true = j % 3 == 0 && j < 3 * TRUE_ONES;
            n_true += is_true && support[j] != 0;
            n_false += !is_true && support[j] != 0;
        }
        mean_fdp += n_true + n_false > 0 ? n_false / (n_true + n_false) / TRIALS : 0;
        mean_power += n_true / TRUE_ONES / TRIALS;
        mlsd_model_free(model);
        mlsd_dataset_free(data);
    }
    /* 0.2 is promised; the mean of 60 has a standard error of about 0.02. */
    if (!(mean_fdp < 0.25 && mean_fdp > 0.02 && mean_power > 0.6))
        fail_msg("share of false ones %g, power %g", mean_fdp, mean_power);
}

static void test_knockoff_filter__promises(void **state)
{
    (void)state;
    enum { N = 90, P = 12 };
    double x[N * P], y[N], labels[N], support[P];
    uint32_t seed = 2;
    draw_rows(&seed, x, N, P, 0.2);
    for (int i = 0; i < N; i++) {
        y[i] = next_uniform(&seed);
        for (int j = 0; j < 8; j++) y[i] += 2 * x[i * P + j];
        labels[i] = y[i] > 0;
    }
    mlsd_dataset *data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
    mlsd_model *model = fit_and_check("{\"kind\":\"knockoff_filter\",\"fdr\":0.3}", data, x, N,
                                      MLSD_OUTPUT_FEATURES);
    array_of(model, "support", support, P);
    for (int j = 0; j < 8; j++) assert_true(support[j] == 1);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    data = dataset_for(MLSD_TASK_BINARY, x, labels, NULL, N, P);
    mlsd_model_free(fit_and_check("{\"kind\":\"knockoff_filter\",\"fdr\":0.5}", data, x, N,
                                  MLSD_OUTPUT_FEATURES));
    mlsd_dataset_free(data);
    /* Twins: no copy of one can stand apart from both; the correlations of so few rows are drawn
     * to the identity, and so it works. */
    for (int i = 0; i < N; i++) x[i * P + 1] = x[i * P];
    data = dataset_for(MLSD_TASK_REGRESSION, x, y, NULL, N, P);
    mlsd_model_free(fit_json(NULL, "{\"kind\":\"knockoff_filter\"}", data, NULL, NULL));
    mlsd_dataset_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_knockoff_filter__copies),
        cmocka_unit_test(test_knockoff_filter__threshold),
        cmocka_unit_test(test_knockoff_filter__holds_the_share),
        cmocka_unit_test(test_knockoff_filter__promises),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
