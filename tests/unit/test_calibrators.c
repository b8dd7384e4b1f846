/* test_calibrators.c - Platt's sigmoid and the temperature. Witness: the slopes of their losses,
 * summed here in long double, are 0 at what is found; losses beside it are larger; hand values. */
#include "transform_checks.h"

#include "base/scope.h"
#include "model/calibration/calibrators.h"

enum { N = 300 };

/* Platt (1999), section 2.2: slopes of the loss in A and B by weight, and the loss. */
static long double platt_loss(const double *f, const double *y, const double *w, int n, double a,
                              double b, long double slopes[2])
{
    long double plus = 0, minus = 0, loss = 0;
    for (int i = 0; i < n; i++) *(y[i] > 0 ? &plus : &minus) += w[i];
    slopes[0] = slopes[1] = 0;
    for (int i = 0; i < n; i++) {
        const long double t = y[i] > 0 ? (plus + 1) / (plus + 2) : 1 / (minus + 2);
        const long double p = 1 / (1 + expl((long double)a * f[i] + b));
        loss -= w[i] * (t * logl(p) + (1 - t) * logl(1 - p));
        slopes[0] += w[i] * (t - p) * f[i];
        slopes[1] += w[i] * (t - p);
    }
    return loss;
}

static void test_calibrators__sigmoid_is_at_the_minimum(void **state)
{
    (void)state;
    uint32_t seed = 11;
    for (int round = 0; round < 40; round++) {
        double f[N], y[N], w[N];
        const double scale = pow(10, round % 7 - 3), shift = scale * (round % 5) * 10;
        const int n = round % 2 ? N : 12;
        for (int i = 0; i < n; i++) {
            const double u = 4 * next_uniform(&seed);
            f[i] = shift + scale * u;
            y[i] = u + 3 * next_uniform(&seed) > 0.5;
            if (round % 4 == 3) y[i] = u > 0; /* parted without error */
            w[i] = 1 + i % 3;
        }
        mlsd__scope scope;
        mlsd__sigmoid_fit fit;
        assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
        assert_int_equal(mlsd__fit_sigmoid(&scope, f, y, 1, w, n, &fit), MLSD_OK);
        mlsd__scope_close(&scope);
        assert_true(fit.has_converged);
        long double slopes[2], other[2];
        const long double loss = platt_loss(f, y, w, n, fit.slope, fit.offset, slopes);
        /* Slopes are 0 up to the rounding of scores that stand far from 0. */
        assert_true(fabsl(slopes[1]) < 1e-10L * n * (1 + fabsl((long double)shift / scale)));
        assert_true(fabsl(slopes[0] - shift * slopes[1]) <
                    1e-10L * n * scale * (1 + fabsl((long double)shift / scale)));
        for (int d = 0; d < 4; d++) {
            const double a = fit.slope * (1 + (d == 0 ? 1e-4 : d == 1 ? -1e-4 : 0));
            const double b = fit.offset + (d == 2 ? 1e-4 : d == 3 ? -1e-4 : 0);
            assert_true(platt_loss(f, y, w, n, a, b, other) > loss);
        }
    }
}

/* Scores that say nothing: the share of the smoothed targets. Scores near the largest double. */
static void test_calibrators__sigmoid_of_odd_scores(void **state)
{
    (void)state;
    const double same[] = {7, 7, 7, 7}, y[] = {1, 0, 1, 1}, huge[] = {1e308, -1e308, 9e307, 1e308};
    mlsd__scope scope;
    mlsd__sigmoid_fit fit;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__fit_sigmoid(&scope, same, y, 1, NULL, 4, &fit), MLSD_OK);
    assert_true(fit.slope == 0 && fit.has_converged);
    /* (3 * 4/5 + 1/3) / 4 */
    assert_true(fabs(mlsd__sigmoid_at(fit.slope, fit.offset, 7) - 41.0 / 60) < 1e-15);
    assert_int_equal(mlsd__fit_sigmoid(&scope, huge, y, 1, NULL, 4, &fit), MLSD_OK);
    assert_true(fit.has_converged && fit.slope < 0 && isfinite(fit.offset));
    assert_true(mlsd__sigmoid_at(fit.slope, fit.offset, 1e308) > 0.6);
    mlsd__scope_close(&scope);
}

static long double temperature_slope(const double *z, const double *y, int n, int k, double b,
                                     long double *loss)
{
    long double slope = 0;
    *loss = 0;
    for (int i = 0; i < n; i++) {
        long double total = 0, mean = 0;
        const int own = (int)y[i];
        for (int c = 0; c < k; c++) {
            const long double e = expl((long double)b * (z[i * k + c] - z[i * k + own]));
            total += e;
            mean += e * z[i * k + c];
        }
        *loss += logl(total);
        slope += mean / total - z[i * k + own];
    }
    return slope;
}

static void test_calibrators__temperature_is_at_the_minimum(void **state)
{
    (void)state;
    uint32_t seed = 5;
    for (int round = 0; round < 40; round++) {
        enum { K = 3 };
        double z[N * K], y[N];
        const double scale = pow(10, round % 7 - 3);
        for (int i = 0; i < N; i++) {
            int best = 0;
            double noisy[K];
            for (int c = 0; c < K; c++) {
                z[i * K + c] = scale * 2 * next_uniform(&seed);
                noisy[c] = z[i * K + c] + 2 * scale * next_uniform(&seed);
                if (noisy[c] > noisy[best]) best = c;
            }
            y[i] = best;
        }
        mlsd__scope scope;
        mlsd__temperature_fit fit;
        long double loss, other;
        assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
        assert_int_equal(mlsd__fit_temperature(&scope, z, y, NULL, N, K, &fit), MLSD_OK);
        mlsd__scope_close(&scope);
        assert_true(fit.has_converged);
        const double b = fit.inverse_temperature;
        assert_true(fabsl(temperature_slope(z, y, N, K, b, &loss)) < 1e-12L * N * scale);
        (void)temperature_slope(z, y, N, K, b * 1.01, &other);
        assert_true(other > loss);
        (void)temperature_slope(z, y, N, K, b / 1.01, &other);
        assert_true(other > loss);
    }
}

/* Logits (0, 1) in front of class 1 three times in four: sigmoid(b) = 3/4, b = log 3. And bounds.
 */
static void test_calibrators__temperature_by_hand(void **state)
{
    (void)state;
    const double z[] = {0, 1, 0, 1, 0, 1, 0, 1}, y[] = {1, 1, 1, 0}, all[] = {1, 1, 1, 1};
    const double none[] = {0, 0, 0, 0};
    mlsd__scope scope;
    mlsd__temperature_fit fit;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    assert_int_equal(mlsd__fit_temperature(&scope, z, y, NULL, 4, 2, &fit), MLSD_OK);
    assert_true(fit.has_converged && fabs(fit.inverse_temperature - log(3)) < 1e-15);
    assert_int_equal(mlsd__fit_temperature(&scope, z, all, NULL, 4, 2, &fit), MLSD_OK);
    assert_true(!fit.has_converged && fabs(log(fit.inverse_temperature) - 10) < 1e-12);
    assert_int_equal(mlsd__fit_temperature(&scope, z, none, NULL, 4, 2, &fit), MLSD_OK);
    assert_true(!fit.has_converged && fabs(log(fit.inverse_temperature) + 10) < 1e-12);
    mlsd__scope_close(&scope);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calibrators__sigmoid_is_at_the_minimum),
        cmocka_unit_test(test_calibrators__sigmoid_of_odd_scores),
        cmocka_unit_test(test_calibrators__temperature_is_at_the_minimum),
        cmocka_unit_test(test_calibrators__temperature_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
