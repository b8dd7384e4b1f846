/* test_strata.c - strata of classes and of quantiles, and how draws are shared among them; witness
 * of the shares: the examples in the documentation of scikit-learn's _approximate_mode. */
#include "split/strata.h"
#include "unit.h"

enum { MAX_N = 64 };

static void assert_bins(const double *y, int64_t n, int64_t n_bins, int64_t fewest,
                        const char *expected)
{
    mlsd__scope scope;
    mlsd__strata_codes codes;
    char text[MAX_N + 1] = {0};
    const mlsd__split_input in = {.kind = "holdout", .n_rows = n, .y = y};
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__strata_codes_new(&scope, &in, n_bins, fewest, &codes));
    assert_true(codes.are_bins);
    for (int64_t i = 0; i < n; i++) {
        assert_true(codes.codes[i] < codes.n);
        text[i] = (char)('0' + codes.codes[i]);
    }
    assert_string_equal(text, expected);
    mlsd__strata_codes_free(&codes, scope.allocator);
    mlsd__scope_close(&scope);
}

static void test_strata__bins_have_equally_many_rows(void **state)
{
    (void)state;
    const double y[] = {9, 1, 8, 2, 7, 3, 6, 4, 5, 10};
    assert_bins(y, 10, 2, 1, "1010101001");
    assert_bins(y, 10, 5, 2, "4030312124");
    assert_bins(y, 10, 3, 2, "2020101012"); /* 4, 3 and 3 rows */
}

static void test_strata__equal_values_share_a_bin(void **state)
{
    (void)state;
    const double zeros[] = {0, 0, 0, 0, 0, 0, 1, 2, 3, 4};
    assert_bins(zeros, 10, 5, 1, "0000001122");
    assert_bins(zeros, 10, 5, 2, "0000001122");
    assert_bins(zeros, 10, 3, 3, "0000001111");
    const double two[] = {5, 1, 5, 1, 5, 1};
    assert_bins(two, 6, 3, 2, "101010");
    const double rare[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    mlsd__scope scope;
    mlsd__strata_codes codes;
    const mlsd__split_input in = {.kind = "holdout", .n_rows = 10, .y = rare};
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_FAILS(MLSD_E_DATA, "y has too few different values for strata: all 10 rows",
                 mlsd__strata_codes_new(&scope, &in, 2, 2, &codes));
    mlsd__strata_codes_free(&codes, scope.allocator);
    ASSERT_FAILS(MLSD_E_DATA,
                 "strata_bins=6 cuts 10 rows into bins with fewer than the 2 rows that each needs; "
                 "use at most 5",
                 mlsd__strata_codes_new(&scope, &in, 6, 2, &codes));
    mlsd__strata_codes_free(&codes, scope.allocator);
    ASSERT_FAILS(MLSD_E_DATA, "10 rows cannot be cut into bins of the 9 rows",
                 mlsd__strata_codes_new(&scope, &in, 2, 9, &codes));
    mlsd__strata_codes_free(&codes, scope.allocator);
    mlsd__scope_close(&scope);
}

static void test_strata__rows_ascend_in_each(void **state)
{
    (void)state;
    const int32_t codes[] = {2, 0, 2, 2, 0, 1, 2, 1, 0, 2};
    const int64_t rows[] = {1, 4, 8, 5, 7, 0, 2, 3, 6, 9}, starts[] = {0, 3, 5, 10};
    mlsd__scope scope;
    mlsd__strata s;
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__strata_new(&scope, codes, 10, 3, &s));
    assert_memory_equal(s.starts, starts, sizeof starts);
    for (int i = 0; i < 10; i++) assert_int_equal(mlsd__row_number(&s.rows, i), rows[i]);
    mlsd__strata_free(&s, scope.allocator);
    mlsd__scope_close(&scope);
}

static void assert_shares(uint32_t seed, const int64_t *counts, int64_t n, int64_t n_draws,
                          const int64_t *expected)
{
    mlsd__scope scope;
    mlsd__mt19937 mt;
    int64_t shares[4];
    mlsd__mt_seed(&mt, seed);
    ASSERT_OK(mlsd__scope_open(&scope, NULL));
    ASSERT_OK(mlsd__strata_share(&scope, &mt, counts, n, n_draws, shares));
    assert_memory_equal(shares, expected, (size_t)n * sizeof *shares);
    mlsd__scope_close(&scope);
}

static void test_strata__shares_are_the_approximate_mode(void **state)
{
    (void)state;
    assert_shares(0, (int64_t[]){4, 2}, 2, 3, (int64_t[]){2, 1});
    assert_shares(0, (int64_t[]){5, 2}, 2, 4, (int64_t[]){3, 1});
    assert_shares(0, (int64_t[]){2, 2, 2, 1}, 4, 2, (int64_t[]){0, 1, 1, 0});
    assert_shares(42, (int64_t[]){2, 2, 2, 1}, 4, 2, (int64_t[]){1, 1, 0, 0});
    assert_shares(7, (int64_t[]){3, 1}, 2, 0, (int64_t[]){0, 0});
    assert_shares(7, (int64_t[]){3, 1}, 2, 8, (int64_t[]){6, 2});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strata__bins_have_equally_many_rows),
        cmocka_unit_test(test_strata__equal_values_share_a_bin),
        cmocka_unit_test(test_strata__rows_ascend_in_each),
        cmocka_unit_test(test_strata__shares_are_the_approximate_mode),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
