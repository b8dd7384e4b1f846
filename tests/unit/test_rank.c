/* test_rank.c - orders against a plain stable insertion sort, ranks and quantiles against SciPy's
 * and NumPy's values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdbool.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/scope.h"
#include "failing_allocator.h"
#include "numeric/rank.h"

enum { N_MAX = 3000 };

static double x[N_MAX];
static int64_t order[N_MAX];
static int64_t expected[N_MAX];

static bool comes_after(double a, double b)
{
    return a > b || (isnan(a) && !isnan(b));
}

static void plain_argsort(int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i;
        for (; k > 0 && comes_after(x[expected[k - 1]], x[i]); k--) expected[k] = expected[k - 1];
        expected[k] = i;
    }
}

static double special(mlsd__stream *stream)
{
    const double values[] = {0.0, -0.0, INFINITY, -INFINITY, NAN, -NAN, 1, -1, 4.9e-324, -4.9e-324};
    return values[mlsd__stream_below(stream, sizeof values / sizeof *values)];
}

static void draw(int64_t n, int shape)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, (uint64_t)n, (uint64_t)shape, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < n; i++) {
        switch (shape) {
        case 0:
            x[i] = mlsd__stream_normal(&stream);
            break;
        case 1:
            x[i] = (double)mlsd__stream_below(&stream, 5) - 2;
            break;
        case 2:
            x[i] = special(&stream);
            break;
        case 3:
            x[i] = (double)i;
            break;
        case 5:
            x[i] = mlsd__stream_below(&stream, 9) == 0 ? NAN
                                                       : -0.0 * (double)(i % 2) - (double)(i % 3);
            break;
        default:
            x[i] = -(double)(i / 3);
            break;
        }
    }
}

static void test_rank__argsort_is_the_stable_order(void **state)
{
    (void)state;
    const int64_t sizes[] = {0, 1, 2, 15, 16, 17, 33, 255, 256, 257, 1000, N_MAX};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int shape = 0; shape < 5; shape++) {
            const int64_t n = sizes[s];
            draw(n, shape);
            plain_argsort(n);
            assert_int_equal(mlsd__argsort(&mlsd__libc_allocator, x, n, order), MLSD_OK);
            assert_memory_equal(order, expected, (size_t)n * sizeof *order);
        }
    }
}

/* scipy.stats.rankdata([0, 2, 3, 2, -1, -0.0]) of SciPy 1.10. */
static void test_rank__midranks_are_scipys(void **state)
{
    (void)state;
    const double values[] = {0, 2, 3, 2, -1, -0.0};
    const double ranks[] = {2.5, 4.5, 6, 4.5, 1, 2.5};
    double got[6];
    assert_int_equal(mlsd__midranks(&mlsd__libc_allocator, values, 6, got), MLSD_OK);
    for (int i = 0; i < 6; i++) assert_true(got[i] == ranks[i]);
}

static void test_rank__factorize_codes_lead_back_to_the_values(void **state)
{
    (void)state;
    static double values[N_MAX];
    static int32_t code[N_MAX];
    const int64_t sizes[] = {0, 1, 100, 700};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (int shape = 0; shape < 6; shape++) {
            const int64_t n = sizes[s];
            int64_t n_values = -1;
            int64_t n_again = -1;
            draw(n, shape);
            assert_int_equal(mlsd__factorize(&mlsd__libc_allocator, x, n, values, &n_values, code),
                             MLSD_OK);
            for (int64_t k = 1; k < n_values; k++) assert_true(values[k - 1] < values[k]);
            for (int64_t k = 0; k < n_values; k++)
                assert_false(values[k] == 0 && signbit(values[k]));
            for (int64_t i = 0; i < n; i++) {
                assert_int_equal(code[i] == -1, isnan(x[i]) != 0);
                if (code[i] >= 0) assert_true(values[code[i]] == x[i]);
            }
            assert_int_equal(mlsd__factorize(&mlsd__libc_allocator, x, n, values, &n_again, NULL),
                             MLSD_OK);
            assert_int_equal(n_again, n_values);
        }
    }
}

/* Whole numbers of a short table, of a long one, of none; as int64 and as doubles. */
static void test_rank__whole_numbers_are_numbered_as_doubles_are(void **state)
{
    (void)state;
    enum { N = 6000 };
    static int64_t whole[N];
    static double same[N];
    static int32_t codes[N], of_doubles[N];
    static const struct {
        int64_t factor, offset;
    } shapes[] = {{1, -3}, {9, 1000}, {INT64_C(1) << 40, -5}, {0, 4}, {1, (INT64_C(1) << 52) - 10}};
    mlsd__scope scope;
    assert_int_equal(mlsd__scope_open(&scope, NULL), MLSD_OK);
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (int64_t n = 1; n <= N; n = n * 7 + 1) {
            double *values = NULL, *again = NULL;
            int64_t n_values = 0, n_again = 0;
            for (int64_t i = 0; i < n; i++) {
                whole[i] = i * i % 601 * shapes[s].factor + shapes[s].offset;
                same[i] = (double)whole[i];
            }
            assert_int_equal(mlsd__factorize_new_i64(&scope, whole, n, &values, &n_values, codes),
                             MLSD_OK);
            assert_int_equal(mlsd__factorize_new(&scope, same, n, &again, &n_again, of_doubles),
                             MLSD_OK);
            assert_int_equal(n_values, n_again);
            assert_memory_equal(values, again, (size_t)n_values * sizeof *values);
            assert_memory_equal(codes, of_doubles, (size_t)n * sizeof *codes);
            for (int64_t i = 0; i < n; i++) assert_true(values[codes[i]] == same[i]);
            for (int64_t k = 1; k < n_values; k++) assert_true(values[k - 1] < values[k]);
            mlsd__free(scope.allocator, values);
            mlsd__free(scope.allocator, again);
        }
    }
    mlsd__scope_close(&scope);
}

/* numpy.quantile([1, 2, 4, 8, 16.5], q) of NumPy 1.24. */
static void test_rank__quantiles_are_numpys(void **state)
{
    (void)state;
    const double sorted[] = {1, 2, 4, 8, 16.5};
    const double q[] = {0, 0.1, 0.25, 0.33, 0.5, 0.9, 1};
    const double quantile[] = {1, 1.4, 2, 2.64, 4, 13.100000000000001, 16.5};
    for (int i = 0; i < 7; i++) assert_true(mlsd__quantile_sorted(sorted, 5, q[i]) == quantile[i]);
    assert_true(mlsd__quantile_sorted(sorted, 1, 0.7) == 1);
    assert_true(isnan(mlsd__quantile_sorted(sorted, 0, 0.5)));
    assert_true(isnan(mlsd__quantile_sorted(sorted, 5, 1.1)));
    assert_true(isnan(mlsd__quantile_sorted(sorted, 5, NAN)));
    const double infinite[] = {-INFINITY, -INFINITY, 0, INFINITY};
    assert_true(mlsd__quantile_sorted(infinite, 4, 0.2) == -INFINITY);
}

static mlsd_status run_all(const mlsd__allocator *a)
{
    static double values[N_MAX];
    static int32_t code[N_MAX];
    int64_t n_values = 0;
    MLSD__TRY(mlsd__argsort(a, x, N_MAX, order));
    MLSD__TRY(mlsd__midranks(a, x, N_MAX, values));
    return mlsd__factorize(a, x, N_MAX, values, &n_values, code);
}

static void test_rank__any_failed_allocation_leaks_nothing(void **state)
{
    (void)state;
    draw(N_MAX, 0);
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *const context = failing_context(&f, 1);
        const long long live = f.live_blocks;
        f.fail_at = f.calls + k;
        const mlsd_status st = run_all(mlsd__context_allocator(context));
        assert_int_equal(f.live_blocks, live);
        mlsd_context_free(context);
        if (st == MLSD_OK) {
            assert_true(k > 6);
            break;
        }
        assert_int_equal(st, MLSD_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rank__argsort_is_the_stable_order),
        cmocka_unit_test(test_rank__midranks_are_scipys),
        cmocka_unit_test(test_rank__factorize_codes_lead_back_to_the_values),
        cmocka_unit_test(test_rank__whole_numbers_are_numbered_as_doubles_are),
        cmocka_unit_test(test_rank__quantiles_are_numpys),
        cmocka_unit_test(test_rank__any_failed_allocation_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
