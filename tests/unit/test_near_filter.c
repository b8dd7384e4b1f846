/* test_near_filter.c - the bound holds for every way the sums are made. Witness: distances by a
 * plain loop in double. */
#include "linear_data.h"

#include "numeric/near_filter.h"

enum { N = 150, M = 30, MOST_P = 70 };

static double plain_square(const double *a, const double *b, int64_t p)
{
    double sum = 0;
    for (int64_t j = 0; j < p; j++) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

/* Sums of all rows for M queries: whole groups by `group`, others by `row`. */
static void all_sums(const mlsd__near_filter *f, const double *queries, int by_row,
                     const float *bound, float *sums, double *square)
{
    float packed[MLSD__NEAR_GROUP * MOST_P], tile[MLSD__NEAR_GROUP][MLSD__NEAR_PANEL];
    const int64_t step = by_row ? 1 : MLSD__NEAR_GROUP;
    for (int64_t first = 0; first + step <= M; first += step) {
        for (int64_t i = 0; i < step; i++)
            square[first + i] = mlsd__near_query(f, queries + (first + i) * f->p, packed + i, step);
        for (int64_t k = 0; k < f->n_panels; k++) {
            const float *const panel = f->panels + k * f->p * MLSD__NEAR_PANEL;
            const float *const offset = f->offsets + k * MLSD__NEAR_PANEL;
            const bool any = by_row
                                 ? f->isa.row(f->p, panel, offset, packed, bound[first], tile[0])
                                 : f->isa.group(f->p, panel, offset, packed, bound + first, tile);
            bool expected = false;
            for (int64_t i = 0; i < step; i++) {
                for (int64_t c = 0; c < MLSD__NEAR_PANEL; c++) {
                    const int64_t row = k * MLSD__NEAR_PANEL + c;
                    expected |= tile[i][c] >= bound[first + i];
                    if (row < N) sums[(first + i) * N + row] = tile[i][c];
                }
            }
            assert_int_equal(any, expected);
        }
    }
}

/* No row is left out at a bound that is its own distance; on such data as `is_easy` says few are
 * kept at the bound of the fifth nearest. */
static void check_bounds(const double *x, const double *queries, int64_t p, int is_easy)
{
    mlsd__near_filter f;
    assert_int_equal(mlsd__near_filter_init(NULL, &mlsd__libc_allocator, x, N, p, &f), MLSD_OK);
    static float sums[M * N];
    float bound[M];
    double square[M];
    for (int64_t isa = 0; mlsd__near_isa_at(isa, &f.isa); isa++) {
        for (int by_row = 0; by_row < 2; by_row++) {
            for (int i = 0; i < M; i++) bound[i] = i % 2 ? 0.0F : -INFINITY;
            all_sums(&f, queries, by_row, bound, sums, square);
            const int64_t n_queries = by_row ? M : M / MLSD__NEAR_GROUP * MLSD__NEAR_GROUP;
            int64_t n_kept = 0;
            for (int64_t i = 0; i < n_queries; i++) {
                double nearest[5] = {INFINITY, INFINITY, INFINITY, INFINITY, INFINITY};
                for (int64_t r = 0; r < N; r++) {
                    double d = plain_square(queries + i * p, x + r * p, p);
                    assert_true(sums[i * N + r] >= mlsd__near_bound(&f, square[i], d));
                    for (int k = 0; k < 5; k++) {
                        if (d >= nearest[k]) continue;
                        const double kept = nearest[k];
                        nearest[k] = d;
                        d = kept;
                    }
                }
                const float fifth = mlsd__near_bound(&f, square[i], nearest[4]);
                for (int64_t r = 0; r < N; r++) n_kept += sums[i * N + r] >= fifth;
            }
            if (is_easy) assert_in_range(n_kept, 5 * n_queries, 6 * n_queries);
        }
    }
    mlsd__near_filter_free(&f, &mlsd__libc_allocator);
}

static void test_near_filter__bounds_hold(void **state)
{
    (void)state;
    static double x[N * MOST_P], q[M * MOST_P];
    static const int64_t widths[] = {1, 2, 3, 7, 16, 50, MOST_P};
    for (int w = 0; w < 7; w++) {
        const int64_t p = widths[w];
        /* as they are; far from 0; ten powers of ten apart; small; on a grid, many rows the same */
        for (int form = 0; form < 5; form++) {
            uint32_t seed = (uint32_t)(7 + w * 10 + form);
            for (int64_t i = 0; i < (N + M) * p; i++) {
                double *const to = i < N * p ? x + i : q + (i - N * p);
                *to = next_uniform(&seed);
                if (form == 1) *to = 1e8 + *to;
                if (form == 2) *to *= pow(10, (double)(seed % 10));
                if (form == 3) *to *= 1e-120;
                if (form == 4) *to = floor(*to * 3);
            }
            check_bounds(x, q, p, form == 0 || form == 1 || form == 3);
        }
        /* Queries beyond floats, and one that a row is. */
        for (int64_t j = 0; j < p; j++) q[j] = 1e60, q[p + j] = -1e20, q[2 * p + j] = x[j];
        check_bounds(x, q, p, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_near_filter__bounds_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
