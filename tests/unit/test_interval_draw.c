/* Draws of a bootstrap against what drawing n of n with replacement must be. Thresholds of
 * chi-square tests leave one run in a million out, and seeds are fixed. */
#include "unit.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "metric/interval_draw.h"
#include "numeric/distribution.h"
#include "numeric/philox_block.h"

static void test_many_blocks_are_the_generators_own(void **state)
{
    (void)state;
    uint32_t words[2 * 64], wanted[4];
    const uint32_t key[2] = {7, 0xffffffffu}, counter[4] = {0xfffffff8u, 3, 0x80000000u, 9};
    mlsd__philox_block(key, counter, 2, words);
    for (uint32_t j = 0; j < 32; j++) {
        const uint32_t here[4] = {counter[0] + j, counter[1], counter[2], counter[3]};
        mlsd__philox4x32(here, key, wanted);
        for (uint32_t w = 0; w < 4; w++) {
            assert_int_equal(words[64 * (j / 16) + 16 * w + j % 16], wanted[w]);
        }
    }
}

/* Sizes: by words only, exactly at the border, with and without a last part of a block. */
static const int64_t sizes[] = {1, 2, 300, 2047, 2048, 2049, 2303, 5000};
enum { N_SIZES = 8 };

static void test_n_units_are_drawn_of_n(void **state)
{
    (void)state;
    int32_t counts[5000];
    for (int k = 0; k < N_SIZES; k++) {
        mlsd__draws d;
        ASSERT_OK(mlsd__draws_new(&mlsd__libc_allocator, 1, &sizes[k], 1, &d));
        /* A thousand replicates meet the start over of one that drew too many. */
        for (int64_t b = 0; b < 3000; b++) {
            int64_t sum = 0;
            memset(counts, 0, sizeof counts);
            mlsd__draws_counts(&d, b, NULL, counts);
            for (int64_t u = 0; u < sizes[k]; u++) {
                assert_true(counts[u] >= 0);
                sum += counts[u];
            }
            if (sum != sizes[k]) fail_msg("%lld of %lld", (long long)sum, (long long)sizes[k]);
        }
        mlsd__draws_free(&d, &mlsd__libc_allocator);
    }
}

/* Sums over draws are the counts times the columns: whole numbers, so exactly. */
static void test_sums_and_counts_draw_the_same(void **state)
{
    (void)state;
    static const int64_t strata[] = {700, 2500, 1, 4099};
    enum { N = 700 + 2500 + 1 + 4099 };
    static double columns[N * 6];
    static int32_t counts[N], by_code[3], codes[N];
    for (int i = 0; i < N * 6; i++) columns[i] = i * 7919 % 1000;
    for (int i = 0; i < N; i++) codes[i] = i % 3;
    static const int64_t widths[] = {1, 2, 4, 6};
    mlsd__draws d;
    ASSERT_OK(mlsd__draws_new(&mlsd__libc_allocator, 5, strata, 4, &d));
    assert_int_equal(d.n_units, N);
    for (int64_t b = 0; b < 1500; b += b < 20 ? 1 : 37) {
        memset(counts, 0, sizeof counts);
        memset(by_code, 0, sizeof by_code);
        mlsd__draws_counts(&d, b, NULL, counts);
        mlsd__draws_counts(&d, b, codes, by_code);
        int64_t sum[4] = {0}, coded[3] = {0};
        for (int u = 0; u < N; u++) {
            sum[u < 700 ? 0 : u < 3200 ? 1 : u < 3201 ? 2 : 3] += counts[u];
            coded[u % 3] += counts[u];
        }
        for (int h = 0; h < 4; h++) assert_int_equal(sum[h], strata[h]);
        for (int c = 0; c < 3; c++) assert_int_equal(by_code[c], coded[c]);
        for (int w = 0; w < 4; w++) {
            const int64_t k = widths[w];
            double sums[6], wanted[6] = {0};
            mlsd__draws_sums(&d, b, columns, k, sums);
            for (int u = 0; u < N; u++) {
                for (int64_t j = 0; j < k; j++) wanted[j] += counts[u] * columns[u * k + j];
            }
            for (int64_t j = 0; j < k; j++) assert_true(sums[j] == wanted[j]);
        }
    }
    mlsd__draws_free(&d, &mlsd__libc_allocator);
}

/* Over replicates: each unit as often as the others (chi-square over units), counts as binomial
 * (n, 1 / n) ones (chi-square over 0, 1, .., 5 and more), units of one block as little together as
 * those of two (variance of sums over halves of a block and over blocks). */
static void check_law(int64_t n, int64_t n_replicates)
{
    int64_t *const total = calloc((size_t)n, sizeof *total);
    int32_t *const counts = calloc((size_t)n, sizeof *counts);
    double seen[6] = {0}, in_first[2] = {0};
    mlsd__draws d;
    ASSERT_OK(mlsd__draws_new(&mlsd__libc_allocator, 11, &n, 1, &d));
    for (int64_t b = 0; b < n_replicates; b++) {
        double part[2] = {0};
        memset(counts, 0, (size_t)n * sizeof *counts);
        mlsd__draws_counts(&d, b, NULL, counts);
        for (int64_t u = 0; u < n; u++) {
            total[u] += counts[u];
            seen[counts[u] < 5 ? counts[u] : 5]++;
            if (u < 128) part[0] += counts[u];
            if (u < n / 2) part[1] += counts[u];
        }
        const double off[2] = {part[0] - 128, part[1] - (double)(n / 2)};
        for (int i = 0; i < 2; i++) in_first[i] += off[i] * off[i];
    }
    double of_units = 0, of_counts = 0, left = 1;
    for (int64_t u = 0; u < n; u++) {
        const double off = (double)total[u] - (double)n_replicates;
        of_units += off * off / (double)n_replicates;
    }
    for (int c = 0; c < 6; c++) {
        const double p = c == 5 ? left
                                : mlsd__binomial_cdf(c, n, 1 / (double)n) -
                                      (c == 0 ? 0 : mlsd__binomial_cdf(c - 1, n, 1 / (double)n));
        const double wanted = p * (double)n * (double)n_replicates, off = seen[c] - wanted;
        of_counts += off * off / wanted;
        left -= p;
    }
    assert_true(mlsd__chi_square_sf(of_units, (double)(n - 1)) > 1e-6);
    assert_true(mlsd__chi_square_cdf(of_units, (double)(n - 1)) > 1e-6);
    assert_true(mlsd__chi_square_sf(of_counts, 5) > 1e-6);
    const double size[2] = {128, (double)(n / 2)};
    for (int i = 0; i < 2; i++) {
        const double variance = size[i] * (1 - size[i] / (double)n);
        const double x = in_first[i] / variance; /* near chi-square of n_replicates */
        assert_true(mlsd__chi_square_sf(x, (double)n_replicates) > 1e-6);
        assert_true(mlsd__chi_square_cdf(x, (double)n_replicates) > 1e-6);
    }
    mlsd__draws_free(&d, &mlsd__libc_allocator);
    free(total);
    free(counts);
}

static void test_the_law_of_few_units(void **state)
{
    (void)state;
    check_law(1000, 3000);
}

static void test_the_law_of_blocks(void **state)
{
    (void)state;
    check_law(2560, 3000);
    check_law(5003, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_blocks_are_the_generators_own),
        cmocka_unit_test(test_n_units_are_drawn_of_n),
        cmocka_unit_test(test_sums_and_counts_draw_the_same),
        cmocka_unit_test(test_the_law_of_few_units),
        cmocka_unit_test(test_the_law_of_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
