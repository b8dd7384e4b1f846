/* The Poisson bootstrap of sums: its counts are Poisson's, its parts agree with the whole. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "mlsd/mlsd.h"
#include "numeric/distribution.h"

enum { N = 500, B = 300 };

static mlsd_poisson_bootstrap *made(const double *values, int64_t cols, int64_t first, int64_t n)
{
    mlsd_poisson_bootstrap *b = NULL;
    const mlsd_matrix part = {(double *)values + first * cols, n, cols, cols, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_poisson_bootstrap_new(NULL, cols, B, 9, &b));
    ASSERT_OK(mlsd_poisson_bootstrap_add(NULL, b, &part, NULL, first));
    return b;
}

/* The state after whole numbers were added tells the sums exactly. */
static double sum_of(const mlsd_poisson_bootstrap *b, int64_t cols, int64_t column,
                     int64_t replicate)
{
    size_t size = 0;
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(b, NULL, 0, &size));
    uint8_t *const bytes = malloc(size);
    double x;
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(b, bytes, size, &size));
    const int64_t at = cols + replicate / 64 * (cols + 1) * 64 + column * 64 + replicate % 64;
    memcpy(&x, bytes + 48 + 8 * at, sizeof x); /* on machines of the usual order */
    free(bytes);
    return x;
}

/* A row by itself: over replicates it counts as often as a Poisson(1) variable, by chi-square. */
static void test_counts_are_poisson(void **state)
{
    (void)state;
    enum { ROWS = 60 };
    double seen[7] = {0}, chi_square = 0;
    for (int64_t row = 0; row < ROWS; row++) {
        double one = 1;
        mlsd_poisson_bootstrap *b = NULL;
        const int64_t number = row * INT64_C(100000000007);
        const mlsd_matrix value = {&one, 1, 1, 1, 1, MLSD_F64, 0};
        ASSERT_OK(mlsd_poisson_bootstrap_new(NULL, 1, B, 9, &b));
        ASSERT_OK(mlsd_poisson_bootstrap_add(NULL, b, &value, &number, 0));
        for (int64_t r = 0; r < B; r++) {
            const double count = sum_of(b, 1, 0, r);
            assert_true(count == floor(count) && count >= 0 && count < 13);
            seen[count < 6 ? (int)count : 6]++;
        }
        mlsd_poisson_bootstrap_free(b);
    }
    for (int c = 0; c < 7; c++) {
        const double p = c == 6
                             ? mlsd__poisson_sf(5, 1)
                             : mlsd__poisson_cdf(c, 1) - (c == 0 ? 0 : mlsd__poisson_cdf(c - 1, 1));
        const double wanted = p * ROWS * B;
        chi_square += (seen[c] - wanted) * (seen[c] - wanted) / wanted;
    }
    assert_true(mlsd__chi_square_sf(chi_square, 6) > 1e-6);
}

/* Whole numbers add up without rounding: parts in another order are the same bytes. */
static void test_parts_are_the_whole(void **state)
{
    (void)state;
    static double values[N * 2], backwards[N * 2];
    static int64_t numbers[N];
    for (int i = 0; i < N * 2; i++) values[i] = i * 31 % 17;
    for (int i = 0; i < N; i++) {
        numbers[i] = N - 1 - i;
        memcpy(backwards + 2 * i, values + 2 * (N - 1 - i), 2 * sizeof *values);
    }
    mlsd_poisson_bootstrap *const whole = made(values, 2, 0, N),
                                  *const head = made(values, 2, 0, 100),
                                  *const tail = made(values, 2, 100, N - 100);
    mlsd_poisson_bootstrap *other = NULL, *again = NULL;
    const mlsd_matrix reversed = {backwards, N, 2, 2, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_poisson_bootstrap_new(NULL, 2, B, 9, &other));
    ASSERT_OK(mlsd_poisson_bootstrap_add(NULL, other, &reversed, numbers, 0));
    ASSERT_OK(mlsd_poisson_bootstrap_merge(tail, head));
    size_t size = 0, n = 0;
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(whole, NULL, 0, &size));
    uint8_t *const a = malloc(size), *const b = malloc(size);
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(whole, a, size, &n));
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(tail, b, size, &n));
    assert_memory_equal(a, b, size);
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(other, b, size, &n));
    assert_memory_equal(a, b, size);
    ASSERT_OK(mlsd_poisson_bootstrap_from_bytes(NULL, a, size, &again));
    ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(again, b, size, &n));
    assert_memory_equal(a, b, size);
    mlsd_poisson_bootstrap_free(again);
    /* Every byte counts. */
    for (size_t i = 0; i < size; i += i < 60 ? 1 : 997) {
        mlsd_poisson_bootstrap *bad = NULL;
        b[i] ^= 4;
        assert_true(mlsd_poisson_bootstrap_from_bytes(NULL, b, size, &bad) != MLSD_OK &&
                    bad == NULL);
        b[i] ^= 4;
    }
    ASSERT_FAILS(MLSD_E_CORRUPT, "damaged",
                 mlsd_poisson_bootstrap_from_bytes(NULL, b, size - 8, &again));
    ASSERT_FAILS(MLSD_E_PARSE, "no bytes of",
                 mlsd_poisson_bootstrap_from_bytes(NULL, b, 3, &again));
    free(a);
    free(b);
    mlsd_poisson_bootstrap_free(whole);
    mlsd_poisson_bootstrap_free(head);
    mlsd_poisson_bootstrap_free(tail);
    mlsd_poisson_bootstrap_free(other);
}

static void test_threads_change_no_byte(void **state)
{
    (void)state;
    static double values[N];
    for (int i = 0; i < N; i++) values[i] = sqrt(i);
    uint8_t *bytes[2] = {NULL, NULL};
    size_t size = 0;
    for (int i = 0; i < 2; i++) {
        mlsd_context *context = NULL;
        mlsd_poisson_bootstrap *b = NULL;
        const mlsd_matrix all = {values, N, 1, 1, 1, MLSD_F64, 0};
        ASSERT_OK(mlsd_context_new(&context));
        ASSERT_OK(mlsd_context_set_i64(context, "n_threads", i == 0 ? 1 : 5));
        ASSERT_OK(mlsd_poisson_bootstrap_new(context, 1, B, 9, &b));
        ASSERT_OK(mlsd_poisson_bootstrap_add(context, b, &all, NULL, 7));
        ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(b, NULL, 0, &size));
        bytes[i] = malloc(size);
        ASSERT_OK(mlsd_poisson_bootstrap_to_bytes(b, bytes[i], size, &size));
        mlsd_poisson_bootstrap_free(b);
        mlsd_context_free(context);
    }
    assert_memory_equal(bytes[0], bytes[1], size);
    free(bytes[0]);
    free(bytes[1]);
}

/* The spread of a mean is near the textbook's: within 4 of its own standard errors. */
static void test_intervals_are_near_the_normal_ones(void **state)
{
    (void)state;
    static double values[N * 2];
    double mean = 0, square = 0, value, low, high, se;
    int64_t rows;
    for (int i = 0; i < N; i++) {
        values[2 * i] = i * 137 % 101 / 10.0;
        values[2 * i + 1] = 2;
        mean += values[2 * i] / N;
    }
    for (int i = 0; i < N; i++) square += pow(values[2 * i] - mean, 2) / N;
    const double wanted = sqrt(square / N);
    mlsd_poisson_bootstrap *const b = made(values, 2, 0, N);
    ASSERT_OK(mlsd_poisson_bootstrap_interval(b, 0, -1, "percentile", 0.9, &value, &low, &high, &se,
                                              &rows));
    assert_int_equal(rows, N);
    ASSERT_NEAR(value, mean, 1e-12);
    ASSERT_NEAR(se / wanted, 1, 4 / sqrt(2.0 * B));
    assert_true(low < mean - wanted && low > mean - 2.5 * wanted);
    assert_true(high > mean + wanted && high < mean + 2.5 * wanted);
    double half, half_low, half_high, half_se, mirrored_low, mirrored_high;
    ASSERT_OK(mlsd_poisson_bootstrap_interval(b, 0, 1, "percentile", 0.9, &half, &half_low,
                                              &half_high, &half_se, NULL));
    ASSERT_NEAR(half, mean / 2, 1e-12);
    ASSERT_NEAR(half_se, se / 2, 1e-12);
    ASSERT_NEAR(half_low, low / 2, 1e-12);
    ASSERT_OK(mlsd_poisson_bootstrap_interval(b, 0, -1, "basic", 0.9, NULL, &mirrored_low,
                                              &mirrored_high, NULL, NULL));
    ASSERT_NEAR(mirrored_low, 2 * mean - high, 1e-12);
    ASSERT_NEAR(mirrored_high, 2 * mean - low, 1e-12);
    mlsd_poisson_bootstrap_free(b);
}

static void test_what_is_undefined_or_refused(void **state)
{
    (void)state;
    double value, low, bad[2] = {1, NAN}, zeros[4] = {1, 0, 2, 0};
    mlsd_poisson_bootstrap *b = NULL, *other = NULL;
    ASSERT_FAILS(MLSD_E_ARG, "n_columns", mlsd_poisson_bootstrap_new(NULL, 0, B, 9, &b));
    ASSERT_OK(mlsd_poisson_bootstrap_new(NULL, 2, B, 9, &b));
    ASSERT_OK(mlsd_poisson_bootstrap_interval(b, 0, -1, "percentile", 0.9, &value, &low, NULL, NULL,
                                              NULL));
    assert_true(isnan(value) && isnan(low)); /* of no row */
    const mlsd_matrix rows = {zeros, 2, 2, 2, 1, MLSD_F64, 0}, one = {bad, 1, 2, 2, 1, MLSD_F64, 0};
    ASSERT_OK(mlsd_poisson_bootstrap_add(NULL, b, &rows, NULL, 0));
    ASSERT_OK(mlsd_poisson_bootstrap_interval(b, 0, 1, "percentile", 0.9, &value, &low, NULL, NULL,
                                              NULL));
    assert_true(isnan(value) && isnan(low)); /* over 0 */
    ASSERT_FAILS(MLSD_E_DATA, "values[0, 1]", mlsd_poisson_bootstrap_add(NULL, b, &one, NULL, 2));
    const int64_t negative[2] = {3, -4};
    ASSERT_FAILS(MLSD_E_DATA, "row_numbers[1] is -4",
                 mlsd_poisson_bootstrap_add(NULL, b, &rows, negative, 0));
    const mlsd_matrix narrow = {zeros, 2, 1, 2, 1, MLSD_F64, 0};
    ASSERT_FAILS(MLSD_E_SHAPE, "2 columns", mlsd_poisson_bootstrap_add(NULL, b, &narrow, NULL, 0));
    ASSERT_FAILS(
        MLSD_E_ARG, "no method 'bca' of a stream",
        mlsd_poisson_bootstrap_interval(b, 0, -1, "bca", 0.9, &value, NULL, NULL, NULL, NULL));
    ASSERT_OK(mlsd_poisson_bootstrap_new(NULL, 2, B, 8, &other));
    ASSERT_FAILS(MLSD_E_ARG, "seed 9 cannot be merged with seed 8",
                 mlsd_poisson_bootstrap_merge(b, other));
    mlsd_poisson_bootstrap_free(other);
    mlsd_poisson_bootstrap_free(b);
    mlsd_poisson_bootstrap_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_are_poisson),
        cmocka_unit_test(test_parts_are_the_whole),
        cmocka_unit_test(test_threads_change_no_byte),
        cmocka_unit_test(test_intervals_are_near_the_normal_ones),
        cmocka_unit_test(test_what_is_undefined_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
