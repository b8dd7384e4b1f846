/* test_distribution_transform.c - quantile_transform and power_transform. Witness: scikit-learn
 * 1.2.1 (QuantileTransformer, PowerTransformer); lambdas by mpmath 1.2.1 at 40 digits: the root of
 * the derivative of the profile log-likelihood. */
#include "numeric/minimize.h"
#include "table_checks.h"

static const double TRAIN[] = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5};
static const double ASKED[] = {0, 1, 3.5, 10, NAN};
enum { N_TRAIN = 11, N_ASKED = 5 };

static void check(const char *json, const double *want, double tolerance)
{
    check_numbers(json, TRAIN, N_TRAIN, ASKED, want, N_ASKED, 1, tolerance);
}

static void test_distribution_transform__quantiles(void **state)
{
    (void)state;
    check("{\"kind\":\"quantile_transform\",\"n_quantiles\":5}",
          (const double[]){0, 0, 0.41666666666666663, 1, NAN}, 1e-15);
    check("{\"kind\":\"quantile_transform\",\"n_quantiles\":5,\"output_distribution\":\"normal\"}",
          (const double[]){-5.199337582605575, -5.199337582605575, -0.21042839424792484,
                           5.19933758270342, NAN},
          1e-8);
    /* The middle of the places of a value with several; constants; no values. */
    const double tied[] = {1, 2, 2, 2, 3}, asked[] = {2, 1.5, 3};
    check_numbers("{\"kind\":\"quantile_transform\"}", tied, 5, asked,
                  (const double[]){0.5, 0.125, 1}, 3, 1, 1e-15);
    const double constant[] = {2, 2}, none[] = {NAN, NAN};
    check_numbers("{\"kind\":\"quantile_transform\"}", constant, 2, asked,
                  (const double[]){0, 0, 1}, 3, 1, 0);
    check_numbers("{\"kind\":\"quantile_transform\"}", none, 2, none, none, 2, 1, 0);
}

static double lambda_of(const char *json, const double *x, int64_t n)
{
    mlsd_table *t = new_table();
    put_numbers(t, "x", x, n);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, json, data, NULL, NULL);
    const double lambda = number_of(model, "lambdas");
    int64_t p;
    double *out = transformed(model, data, &p);
    for (int64_t i = 0; i < n; i++) assert_true(isfinite(out[i]));
    /* Different numbers stay different, whatever the exponent. */
    for (int64_t i = 0; i < n; i++) {
        for (int64_t k = 0; k < n; k++) assert_true(x[i] >= x[k] || out[i] < out[k]);
    }
    free(out);
    mlsd_model_free(model);
    mlsd_dataset_free(data);
    return lambda;
}

static void test_distribution_transform__powers(void **state)
{
    (void)state;
    const char *const yeo_johnson = "{\"kind\":\"power_transform\"}";
    const char *const box_cox = "{\"kind\":\"power_transform\",\"method\":\"box-cox\"}";
    double moved[N_TRAIN], mirrored[N_TRAIN];
    for (int i = 0; i < N_TRAIN; i++) moved[i] = TRAIN[i] - 4, mirrored[i] = -TRAIN[i];
    ASSERT_NEAR(lambda_of(box_cox, TRAIN, N_TRAIN), 0.46495931622573562, 1e-7);
    ASSERT_NEAR(lambda_of(yeo_johnson, TRAIN, N_TRAIN), 0.35114848079145992, 1e-7);
    ASSERT_NEAR(lambda_of(yeo_johnson, moved, N_TRAIN), 0.80794816100705662, 1e-7);
    ASSERT_NEAR(lambda_of(yeo_johnson, mirrored, N_TRAIN), 2 - 0.35114848079145992, 1e-7);
    const double asked[] = {0.5, 1, 3.5, 10};
    check_numbers(yeo_johnson, TRAIN, N_TRAIN, asked,
                  (const double[]){-1.9811504729451308, -1.5507590170951246, -0.07509939043727001,
                                   2.120510483807339},
                  4, 1, 1e-7);
    check_numbers(box_cox, TRAIN, N_TRAIN, asked,
                  (const double[]){-2.101172998125493, -1.573504255603331, -0.059534003167554285,
                                   2.0983321726965225},
                  4, 1, 1e-7);
    const double both[] = {-3, -2, 0.5, 7};
    check_numbers(yeo_johnson, moved, N_TRAIN, both,
                  (const double[]){-1.4821672680426, -0.9067362555071579, 0.3373883940613251,
                                   2.566108197158851},
                  4, 1, 1e-7);
}

/* Exponents that would overflow, or make all values one; values on the other side of 0. */
static void test_distribution_transform__powers_at_the_edge(void **state)
{
    (void)state;
    const double near[] = {1000, 1000.5, 1001, 1001.2, 1002, 1003.5}, big[] = {1e90, 2e90, 5e98};
    const double small[] = {1e-5, 1.1e-5, 1.15e-5, 1.2e-5}, wide[] = {-1e99, -1e98, 3e98, 1e99};
    const char *const kinds[] = {"{\"kind\":\"power_transform\"}",
                                 "{\"kind\":\"power_transform\",\"method\":\"box-cox\"}"};
    for (int k = 0; k < 2; k++) {
        assert_true(isfinite(lambda_of(kinds[k], near, 6)));
        assert_true(isfinite(lambda_of(kinds[k], big, 3)));
        assert_true(isfinite(lambda_of(kinds[k], small, 4)));
    }
    assert_true(isfinite(lambda_of(kinds[0], wide, 4)));
    /* The shifted form is the same function as the definition: other side of 0 included. */
    const double asked[] = {-2, -0.5, 0, 3, 12};
    mlsd_table *t = new_table(), *u = new_table();
    put_numbers(t, "x", TRAIN, N_TRAIN);
    put_numbers(u, "x", asked, 5);
    mlsd_dataset *data = dataset_of_table(t, NULL, NULL, MLSD_TASK_NONE);
    mlsd_dataset *later = dataset_of_table(u, NULL, NULL, MLSD_TASK_NONE);
    mlsd_model *model = fit_json(NULL, kinds[0], data, NULL, NULL);
    mlsd_model *plain =
        fit_json(NULL, "{\"kind\":\"power_transform\",\"standardize\":false}", data, NULL, NULL);
    int64_t p;
    double *a = transformed(model, later, &p), *b = transformed(plain, later, &p);
    const double slope = (a[3] - a[2]) / (b[3] - b[2]);
    for (int i = 0; i < 5; i++) ASSERT_NEAR(a[i], a[2] + slope * (b[i] - b[2]), 1e-12);
    ASSERT_NEAR(b[2], 0, 0);
    free(a);
    free(b);
    mlsd_model_free(model);
    mlsd_model_free(plain);
    mlsd_dataset_free(data);
    mlsd_dataset_free(later);
    const double constant[] = {4, 4, 4};
    check_numbers(kinds[0], constant, 3, constant, (const double[]){0, 0, 0}, 3, 1, 0);
}

static void test_distribution_transform__bad_input(void **state)
{
    (void)state;
    const double zero[] = {1, 2, 0, 4, -1}, large[] = {1, 2e100};
    check_refused("{\"kind\":\"power_transform\",\"method\":\"box-cox\"}", zero, 5, MLSD_E_DATA,
                  "row 2, column 'x' is 0, and box-cox takes numbers above 0; use yeo-johnson");
    check_refused("{\"kind\":\"power_transform\"}", large, 2, MLSD_E_NUMERIC,
                  "'x' reaches 2e+100: too large");
}

static void test_distribution_transform__promises(void **state)
{
    (void)state;
    check_transform("{\"kind\":\"quantile_transform\",\"n_quantiles\":30}", 0, 1);
    check_transform(
        "{\"kind\":\"quantile_transform\",\"n_quantiles\":7,\"output_distribution\":\"normal\"}", 0,
        1);
    check_transform("{\"kind\":\"power_transform\"}", 0, 1);
    check_transform("{\"kind\":\"power_transform\",\"standardize\":false}", 0, 1);
}

/* Minima in the open, at an end, of a kink, and where the start already is. */
static double well(void *arg, double x)
{
    const double d = x - *(const double *)arg;
    return d * d * (1 + 0.1 * d * d);
}

static double kink(void *arg, double x)
{
    return fabs(x - *(const double *)arg);
}

static void test_distribution_transform__minimum(void **state)
{
    (void)state;
    const double places[] = {0.3, -41, 1e6, -2, 0};
    for (int i = 0; i < 5; i++) {
        double at = places[i];
        ASSERT_NEAR(mlsd__minimize(well, &at, -2, 2, -INFINITY, INFINITY), at,
                    3e-8 * fabs(at) + 1e-8);
        ASSERT_NEAR(mlsd__minimize(kink, &at, -2, 2, -1e9, 1e9), at, 3e-8 * fabs(at) + 1e-8);
    }
    double at = 7;
    ASSERT_NEAR(mlsd__minimize(well, &at, -2, 2, -3, 5), 5, 1e-6);
    at = -7;
    ASSERT_NEAR(mlsd__minimize(kink, &at, -2, 2, -3, 5), -3, 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distribution_transform__quantiles),
        cmocka_unit_test(test_distribution_transform__powers),
        cmocka_unit_test(test_distribution_transform__powers_at_the_edge),
        cmocka_unit_test(test_distribution_transform__bad_input),
        cmocka_unit_test(test_distribution_transform__promises),
        cmocka_unit_test(test_distribution_transform__minimum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
