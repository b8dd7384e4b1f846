/* test_least_squares.c - sums in double-double and triangular systems. Witnesses: whole numbers
 * whose sums are known exactly (128-bit integers), identities of error-free transformations. */
#include <float.h>
#include <math.h>

#include "numeric/least_squares.h"
#include "unit.h"

/* Doubles of all signs and of sizes 2^-40 .. 2^40. */
static double next_number(uint64_t *s)
{
    *s = *s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const double fraction = (double)(int64_t)(*s >> 11) / 9007199254740992.0 - 0.5;
    return ldexp(fraction, (int)(*s >> 33) % 81 - 40);
}

/* Identity: a fused multiply-add gives the error of a product, a subtraction of whole sums that of
 * a sum. */
static void test_least_squares__error_free(void **state)
{
    (void)state;
    uint64_t s = 1;
    for (int i = 0; i < 100000; i++) {
        const double a = next_number(&s), b = next_number(&s);
        const mlsd__dd product = mlsd__two_product(a, b);
        assert_true(product.hi == a * b && product.lo == fma(a, b, -product.hi));
        const mlsd__dd sum = mlsd__two_sum(a, b);
        const double large = fabs(a) > fabs(b) ? a : b, small = fabs(a) > fabs(b) ? b : a;
        assert_true(sum.hi == a + b && sum.lo == small - (sum.hi - large));
    }
}

/* Identity: (a / b) b = a, (a + b) - b = a to some 30 digits. */
static void test_least_squares__double_double(void **state)
{
    (void)state;
    uint64_t s = 2;
    for (int i = 0; i < 10000; i++) {
        const mlsd__dd a = mlsd__two_sum(next_number(&s), next_number(&s) * 0x1p-60);
        const mlsd__dd b = mlsd__two_sum(next_number(&s), next_number(&s) * 0x1p-60);
        const mlsd__dd back = mlsd__dd_multiply(mlsd__dd_divide(a, b), b);
        assert_true(fabs(mlsd__dd_subtract(back, a).hi) <= 0x1p-98 * fabs(a.hi));
        const mlsd__dd same = mlsd__dd_subtract(mlsd__dd_add(a, b), b);
        assert_true(fabs(mlsd__dd_subtract(same, a).hi) <= 0x1p-98 * fmax(fabs(a.hi), fabs(b.hi)));
    }
}

/* Witness: 128-bit integers. Numbers up to 2^30, three rows, every number of columns to 40, so that
 * each sum needs more than a double and all lanes and rests are seen. */
static void test_least_squares__residual_sums_are_exact(void **state)
{
    (void)state;
    enum { N = 3, MOST = 40 };
    double x[N * MOST], y[N], weight[N] = {1, 0, 3}, coef[MOST], low[MOST];
    double gradient[MOST], gradient_low[MOST];
    uint64_t s = 3;
    for (int p = 0; p <= MOST; p++) {
        for (int i = 0; i < N * MOST; i++) x[i] = floor(ldexp(next_number(&s), -10));
        for (int i = 0; i < N; i++) y[i] = floor(next_number(&s));
        for (int j = 0; j < p; j++) coef[j] = floor(ldexp(next_number(&s), -10));
        for (int j = 0; j < p; j++) low[j] = gradient[j] = gradient_low[j] = 0;
        mlsd__residual_sums sums = {.gradient = gradient, .gradient_low = gradient_low};
        mlsd__residual_sums_add(&sums, p, x, N, MOST, y, weight, coef, low, (mlsd__dd){7, 0});
        __int128 total = 0, of_column[MOST] = {0};
        for (int i = 0; i < N; i++) {
            __int128 r = (__int128)y[i] - 7;
            for (int j = 0; j < p; j++) r -= (__int128)x[i * MOST + j] * (__int128)coef[j];
            total += (__int128)weight[i] * r;
            for (int j = 0; j < p; j++)
                of_column[j] += (__int128)weight[i] * r * (__int128)x[i * MOST + j];
        }
        assert_true((__int128)sums.total.hi + (__int128)sums.total.lo == total);
        for (int j = 0; j < p; j++) {
            const __int128 rest = of_column[j] - (__int128)gradient[j] - (__int128)gradient_low[j];
            const double size = fabs((double)of_column[j]);
            assert_true(fabs((double)rest) <= 0x1p-90 * fmax(size, 0x1p90));
        }
    }
}

/* Witness: 128-bit integers. Products of up to 2^60 cancel to what a double would not have kept. */
static void test_least_squares__multiplied_rows_are_right_to_the_last_digit(void **state)
{
    (void)state;
    enum { N = 3, MOST = 21, LD_OUT = MOST + 1 };
    double x[N * MOST], b[MOST * LD_OUT], shift[MOST], shift_low[MOST], low[MOST];
    double out[N * LD_OUT];
    uint64_t s = 5;
    for (int p = 1; p <= MOST; p++) {
        for (int i = 0; i < N * MOST; i++) x[i] = floor(ldexp(next_number(&s), -10));
        for (int i = 0; i < MOST * LD_OUT; i++) b[i] = floor(ldexp(next_number(&s), -10));
        for (int k = 0; k < p; k++) {
            /* What the first row gives, less something small. */
            __int128 sum = k + 1;
            for (int j = 0; j <= k; j++) sum += (__int128)x[j] * (__int128)b[j * LD_OUT + k];
            shift[k] = (double)sum;
            shift_low[k] = (double)(sum - (__int128)shift[k]);
        }
        mlsd__multiply_rows(p, x, N, MOST, b, shift, shift_low, LD_OUT, out, low);
        for (int k = 0; k < p; k++) assert_true(out[k] == -1 - k);
        for (int i = 1; i < N; i++) {
            for (int k = 0; k < p; k++) {
                __int128 sum = -(__int128)shift[k] - (__int128)shift_low[k];
                for (int j = 0; j <= k; j++)
                    sum += (__int128)x[i * MOST + j] * (__int128)b[j * LD_OUT + k];
                assert_true(fabs(out[i * LD_OUT + k] - (double)sum) <=
                            DBL_EPSILON * fabs((double)sum));
            }
        }
    }
}

/* Identity: adding in two parts and merging is adding at once, to rounding of the low parts. */
static void test_least_squares__merge(void **state)
{
    (void)state;
    enum { N = 10, P = 5 };
    double x[N * P], y[N], coef[P], low[P] = {0}, parts[3][2 * P] = {{0}};
    uint64_t s = 4;
    for (int i = 0; i < N * P; i++) x[i] = next_number(&s);
    for (int i = 0; i < N; i++) y[i] = next_number(&s);
    for (int j = 0; j < P; j++) coef[j] = next_number(&s);
    mlsd__residual_sums sums[3];
    for (int k = 0; k < 3; k++)
        sums[k] = (mlsd__residual_sums){.gradient = parts[k], .gradient_low = parts[k] + P};
    const mlsd__dd none = {0, 0};
    mlsd__residual_sums_add(&sums[0], P, x, N, P, y, NULL, coef, low, none);
    mlsd__residual_sums_add(&sums[1], P, x, 4, P, y, NULL, coef, low, none);
    mlsd__residual_sums_add(&sums[2], P, x + 4 * P, N - 4, P, y + 4, NULL, coef, low, none);
    mlsd__residual_sums_merge(&sums[1], &sums[2], P);
    assert_true(fabs(sums[0].squares.hi / sums[1].squares.hi - 1) < 1e-15);
    for (int j = 0; j < P; j++) {
        const mlsd__dd a = mlsd__two_sum(parts[0][j], parts[0][P + j]);
        assert_true(fabs(a.hi - parts[1][j]) <= 1e-15 * fabs(a.hi));
    }
}

/* Identity: R'(R x) = b, R inverse(R) = I. */
static void test_least_squares__triangles(void **state)
{
    (void)state;
    enum { P = 6, LD = 7 };
    double r[P * LD] = {0}, x[P], b[P], inverse[P * P] = {0};
    for (int i = 0; i < P; i++) {
        for (int j = i; j < P; j++) r[i * LD + j] = i == j ? 2 + i : 1.0 / (1 + i + 2 * j);
        x[i] = i - 2.5;
    }
    double middle[P];
    for (int i = 0; i < P; i++) {
        middle[i] = 0;
        for (int j = i; j < P; j++) middle[i] += r[i * LD + j] * x[j];
    }
    for (int j = 0; j < P; j++) {
        b[j] = 0;
        for (int i = 0; i <= j; i++) b[j] += r[i * LD + j] * middle[i];
    }
    mlsd__solve_transposed_upper(P, r, LD, b);
    mlsd__solve_upper(P, r, LD, b);
    for (int j = 0; j < P; j++) assert_true(fabs(b[j] - x[j]) < 1e-14);
    mlsd__invert_upper(P, r, LD, inverse, P);
    for (int i = 0; i < P; i++) {
        for (int j = 0; j < P; j++) {
            double sum = 0;
            for (int k = i; k < P; k++) sum += r[i * LD + k] * inverse[k * P + j];
            assert_true(fabs(sum - (i == j)) < 1e-15);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_least_squares__error_free),
        cmocka_unit_test(test_least_squares__double_double),
        cmocka_unit_test(test_least_squares__residual_sums_are_exact),
        cmocka_unit_test(test_least_squares__multiplied_rows_are_right_to_the_last_digit),
        cmocka_unit_test(test_least_squares__merge),
        cmocka_unit_test(test_least_squares__triangles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
