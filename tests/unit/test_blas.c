/* test_blas.c - the door to BLAS and LAPACK: layouts, triangles and strides against plain loops and
 * the identities that define each factor; and the hold on OpenBLAS's threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "failing_allocator.h"
#include "numeric/blas.h"
#include "numeric/exact.h"

enum { MAX = 40, LD = 47, BIG = 300 };

static mlsd__scope scope;

static int open_scope(void **state)
{
    (void)state;
    return mlsd__numeric_open(&scope, NULL) != MLSD_OK;
}

static int close_scope(void **state)
{
    (void)state;
    mlsd__scope_close(&scope);
    return 0;
}

static void draw(double *values, int64_t n, uint64_t seed)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < n; i++) values[i] = mlsd__stream_normal(&stream);
}

static void check_near(double got, double expected, double absolute)
{
    if (!(fabs(got - expected) <= absolute)) fail_msg("got %.17g, expected %.17g", got, expected);
}

static void test_blas__gemm_is_the_plain_loop_for_every_layout(void **state)
{
    (void)state;
    static double a[MAX * LD];
    static double b[MAX * LD];
    static double c[MAX * LD];
    static double before[MAX * LD];
    const int64_t m = 5;
    const int64_t n = 11;
    const int64_t k = 17;
    draw(a, MAX * LD, 1);
    draw(b, MAX * LD, 2);
    draw(before, MAX * LD, 3);
    for (int kind = 0; kind < 4; kind++) {
        const bool trans_a = kind & 1;
        const bool trans_b = kind & 2;
        memcpy(c, before, sizeof c);
        mlsd__gemm(trans_a, trans_b, m, n, k, 2, a, LD, b, LD, -0.5, c, LD);
        for (int64_t i = 0; i < m; i++) {
            for (int64_t j = 0; j < n; j++) {
                double sum = 0;
                for (int64_t l = 0; l < k; l++)
                    sum += (trans_a ? a[l * LD + i] : a[i * LD + l]) *
                           (trans_b ? b[j * LD + l] : b[l * LD + j]);
                check_near(c[i * LD + j], 2 * sum - 0.5 * before[i * LD + j], 1e-13);
            }
            assert_true(c[i * LD + n] == before[i * LD + n]);
        }
    }
}

/* One row may have any stride, also one that does not fit BLAS's int. */
static void test_blas__sizes_beyond_int_are_computed_too(void **state)
{
    (void)state;
    const int64_t wide = INT64_C(1) << 33;
    const double a[] = {1, 2, 3};
    const double b[] = {4, 5, 6};
    double c[] = {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN};
    mlsd__gemm(false, true, 1, 1, 3, 2, a, wide, b, wide, 0, c, wide);
    assert_true(c[0] == 64);
    mlsd__syrk(1, 3, 1, a, wide, 0, c, 3);
    assert_true(c[0] == 1 && c[1] == 2 && c[2] == 3 && c[4] == 4 && c[5] == 6 && c[8] == 9);
    assert_true(isnan(c[3]) && isnan(c[6]) && isnan(c[7]));
    mlsd__gemv(false, 1, 3, 1, a, wide, b, 0, c);
    assert_true(c[0] == 32);
}

static void test_blas__syrk_writes_the_upper_triangle_only(void **state)
{
    (void)state;
    static double a[MAX * LD];
    static double c[MAX * MAX];
    const int64_t n = 31;
    const int64_t p = 9;
    draw(a, MAX * LD, 4);
    for (int64_t i = 0; i < MAX * MAX; i++) c[i] = 1;
    mlsd__syrk(n, p, 1, a, LD, 3, c, MAX);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = 0; j < p; j++) {
            double sum = 3;
            for (int64_t l = 0; l < n; l++) sum += a[l * LD + i] * a[l * LD + j];
            check_near(c[i * MAX + j], j >= i ? sum : 1, 1e-13);
        }
    }
}

static void test_blas__gemv_forgets_old_nan_where_beta_is_zero(void **state)
{
    (void)state;
    static double a[MAX * LD];
    static double x[MAX];
    draw(a, MAX * LD, 5);
    draw(x, MAX, 6);
    for (int trans = 0; trans < 2; trans++) {
        const int64_t m = 6;
        const int64_t n = 13;
        const int64_t n_out = trans ? n : m;
        double y[13];
        for (int64_t i = 0; i < n_out; i++) y[i] = NAN;
        mlsd__gemv(trans, m, n, 1.5, a, LD, x, 0, y);
        for (int64_t i = 0; i < n_out; i++) {
            double sum = 0;
            for (int64_t l = 0; l < (trans ? m : n); l++)
                sum += (trans ? a[l * LD + i] : a[i * LD + l]) * x[l];
            check_near(y[i], 1.5 * sum, 1e-13);
        }
        mlsd__gemv(trans, trans ? 0 : m, trans ? n : 0, 1, a, LD, x, 2, y);
        assert_true(isfinite(y[0]));
    }
}

/* A'A + I, upper triangle; the lower one is NaN to show that nobody reads it. */
static void make_positive(int64_t p, double *a, double *full)
{
    static double x[MAX * MAX];
    draw(x, p * p, 8);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = 0; j < p; j++) {
            double sum = i == j;
            for (int64_t l = 0; l < p; l++) sum += x[l * p + i] * x[l * p + j];
            full[i * p + j] = sum;
            a[i * LD + j] = j >= i ? sum : NAN;
        }
    }
}

static void test_blas__posv_solves(void **state)
{
    (void)state;
    static double a[MAX * LD];
    static double full[MAX * MAX];
    static double b[MAX * LD];
    static double before[MAX * LD];
    const int64_t p = 23;
    const int64_t n_rhs = 4;
    make_positive(p, a, full);
    draw(before, MAX * LD, 9);
    memcpy(b, before, sizeof b);
    bool ok = false;
    mlsd__posv(p, n_rhs, a, LD, b, LD, &ok);
    assert_true(ok);
    for (int64_t i = 0; i < p; i++) {
        for (int64_t r = 0; r < n_rhs; r++) {
            double sum = 0;
            for (int64_t j = 0; j < p; j++) sum += full[i * p + j] * b[j * LD + r];
            check_near(sum, before[i * LD + r], 1e-11);
        }
        assert_true(b[i * LD + n_rhs] == before[i * LD + n_rhs]);
    }
}

static void test_blas__potrf_refuses_what_is_not_positive_definite(void **state)
{
    (void)state;
    bool ok = true;
    double indefinite[] = {1, 2, NAN, 1};
    mlsd__potrf(2, indefinite, 2, &ok);
    assert_false(ok);
    double with_nan[] = {4, NAN, NAN, 1};
    mlsd__potrf(2, with_nan, 2, &ok);
    assert_false(ok);
    double zero[] = {0};
    mlsd__potrf(1, zero, 1, &ok);
    assert_false(ok);
    double infinite[] = {INFINITY};
    mlsd__potrf(1, infinite, 1, &ok);
    assert_false(ok);
    mlsd__potrf(0, NULL, 0, &ok);
    assert_true(ok);
}

/* The second difference matrix has eigenvalues 2 - 2 cos(k pi / (p + 1)); p on both sides of where
 * LAPACK starts to divide and conquer. */
static void test_blas__syev_finds_known_eigenvalues(void **state)
{
    (void)state;
    static double a[MAX * LD];
    static double values[MAX];
    for (int64_t p = 1; p <= MAX; p += 13) {
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++)
                a[i * LD + j] = j < i ? NAN : j == i ? 2 : j == i + 1 ? -1 : 0;
        assert_int_equal(mlsd__syev(&scope, p, a, LD, values), MLSD_OK);
        for (int64_t k = 0; k < p; k++) {
            check_near(values[k], 2 - 2 * cos((double)(k + 1) * M_PI / (double)(p + 1)), 1e-13);
            double norm = 0;
            for (int64_t i = 0; i < p; i++) {
                const double v = a[i * LD + k];
                const double above = i > 0 ? a[(i - 1) * LD + k] : 0;
                const double below = i + 1 < p ? a[(i + 1) * LD + k] : 0;
                check_near(2 * v - above - below, values[k] * v, 1e-13);
                norm += v * v;
            }
            check_near(norm, 1, 1e-13);
        }
    }
    a[1] = NAN;
    assert_int_equal(mlsd__syev(&scope, 2, a, LD, values), MLSD_E_NUMERIC);
}

/* A = Q T Q': rows are turned by Q', multiplied with T, turned back, and are the rows times A. Both
 * kinds of numerics; there and back is nothing. */
static void check_tridiagonal(mlsd__scope *in, int64_t p)
{
    static double a[MAX * MAX], kept[MAX * MAX], rows[2 * MAX], turned[2 * MAX];
    static double d[MAX], e[MAX], tau[MAX];
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = 0; j < p; j++) {
            kept[i * p + j] = cos((double)(i * j)) + (i == j ? 3 : 0);
            a[i * p + j] = j < i ? NAN : kept[i * p + j];
        }
        rows[i] = (double)(i % 5) - 1;
        rows[p + i] = sin((double)i);
    }
    memcpy(turned, rows, sizeof rows);
    assert_int_equal(mlsd__tridiagonal(in, p, a, p, d, e, tau), MLSD_OK);
    assert_int_equal(mlsd__tridiagonal_turn(in, true, p, a, p, tau, 2, turned), MLSD_OK);
    for (int64_t r = 0; r < 2; r++) {
        double before = 0;
        for (int64_t j = 0; j < p; j++) {
            const double here = turned[r * p + j];
            turned[r * p + j] = d[j] * here + (j > 0 ? e[j - 1] * before : 0) +
                                (j + 1 < p ? e[j] * turned[r * p + j + 1] : 0);
            before = here;
        }
    }
    assert_int_equal(mlsd__tridiagonal_turn(in, false, p, a, p, tau, 2, turned), MLSD_OK);
    for (int64_t r = 0; r < 2; r++) {
        for (int64_t j = 0; j < p; j++) {
            double want = 0;
            for (int64_t i = 0; i < p; i++) want += rows[r * p + i] * kept[i * p + j];
            check_near(turned[r * p + j], want, 1e-12);
        }
    }
}

static void test_blas__tridiagonal_multiplies_back(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    mlsd__scope exact;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    assert_int_equal(mlsd_context_set_str(context, "numerics", "exact"), MLSD_OK);
    for (int64_t p = 1; p <= MAX; p += 11) check_tridiagonal(&scope, p);
    assert_int_equal(mlsd__numeric_open(&exact, context), MLSD_OK);
    for (int64_t p = 1; p <= MAX; p += 11) check_tridiagonal(&exact, p);
    mlsd__scope_close(&exact);
    mlsd_context_free(context);
    double a[] = {1, NAN, 0, 2}, d[2], e[2], tau[2];
    assert_int_equal(mlsd__tridiagonal(&scope, 2, a, 2, d, e, tau), MLSD_E_NUMERIC);
}

/* R'R = A'A defines R but for the signs of its rows. */
static void test_blas__qr_r_keeps_the_cross_products(void **state)
{
    (void)state;
    static double a[BIG * LD];
    static double before[BIG * LD];
    static double r[MAX * MAX];
    const int64_t sizes[][2] = {{BIG, 33}, {BIG, MAX}, {40, 40}, {5, 12}, {1, 1}, {1, 7}, {0, 3}};
    draw(before, BIG * LD, 10);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        const int64_t m = sizes[s][0];
        const int64_t n = sizes[s][1];
        memcpy(a, before, sizeof a);
        for (int64_t i = 0; i < MAX * MAX; i++) r[i] = NAN;
        assert_int_equal(mlsd__qr_r(&scope, m, n, a, LD, r), MLSD_OK);
        for (int64_t i = 0; i < n; i++) {
            for (int64_t j = 0; j < n; j++) {
                if (j < i || i >= m) assert_true(r[i * n + j] == 0);
                double ours = 0;
                double theirs = 0;
                for (int64_t l = 0; l < n; l++) ours += r[l * n + i] * r[l * n + j];
                for (int64_t l = 0; l < m; l++) theirs += before[l * LD + i] * before[l * LD + j];
                check_near(ours, theirs, 1e-11);
            }
        }
    }
}

static void test_blas__svd_multiplies_back(void **state)
{
    (void)state;
    static double a[MAX * MAX];
    static double before[MAX * MAX];
    static double u[MAX * MAX];
    static double vt[MAX * MAX];
    static double s[MAX];
    for (int64_t p = 1; p <= MAX; p += 13) {
        draw(before, p * p, 11);
        memcpy(a, before, sizeof a);
        assert_int_equal(mlsd__svd(&scope, p, a, u, s, vt), MLSD_OK);
        for (int64_t i = 0; i < p; i++) {
            assert_true(s[i] >= 0 && (i == 0 || s[i] <= s[i - 1]));
            for (int64_t j = 0; j < p; j++) {
                double product = 0;
                double u_gram = 0;
                double v_gram = 0;
                for (int64_t l = 0; l < p; l++) {
                    product += u[i * p + l] * s[l] * vt[l * p + j];
                    u_gram += u[l * p + i] * u[l * p + j];
                    v_gram += vt[i * p + l] * vt[j * p + l];
                }
                check_near(product, before[i * p + j], 1e-13);
                check_near(u_gram, i == j, 1e-13);
                check_near(v_gram, i == j, 1e-13);
            }
        }
    }
    a[0] = INFINITY;
    assert_int_equal(mlsd__svd(&scope, 1, a, u, s, vt), MLSD_E_NUMERIC);
}

static mlsd_status run_factorisations(mlsd__scope *s)
{
    static double a[MAX * MAX];
    static double out[3][MAX * MAX];
    draw(a, MAX * MAX, 12);
    MLSD__TRY(mlsd__qr_r(s, MAX, 8, a, MAX, out[0]));
    draw(a, MAX * MAX, 13);
    MLSD__TRY(mlsd__syev(s, MAX, a, MAX, out[0]));
    draw(a, MAX * MAX, 14);
    return mlsd__svd(s, MAX, a, out[0], out[1], out[2]);
}

static void test_blas__any_failed_allocation_leaks_nothing(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *const context = failing_context(&f, 1);
        mlsd__scope failing;
        assert_int_equal(mlsd__numeric_open(&failing, context), MLSD_OK);
        const long long live = f.live_blocks;
        f.fail_at = f.calls + k;
        const mlsd_status st = run_factorisations(&failing);
        assert_int_equal(f.live_blocks, live);
        f.fail_at = 0;
        mlsd__scope_close(&failing);
        mlsd_context_free(context);
        if (st == MLSD_OK) {
            assert_true(k > 7);
            break;
        }
        assert_int_equal(st, MLSD_E_NOMEM);
    }
}

static void test_blas__threads_of_openblas_are_held_and_given_back(void **state)
{
    (void)state;
    mlsd_context *context = NULL;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    mlsd__scope outer;
    mlsd__scope inner;
    openblas_set_num_threads(2);
    if (openblas_get_num_threads() != 2) skip();

    assert_int_equal(mlsd__numeric_open(&outer, context), MLSD_OK);
    assert_int_equal(openblas_get_num_threads(), 1);
    assert_int_equal(mlsd__numeric_open(&inner, NULL), MLSD_OK);
    mlsd__scope_close(&outer);
    assert_int_equal(openblas_get_num_threads(), 1);
    mlsd__scope_close(&inner);
    assert_int_equal(openblas_get_num_threads(), 2);

    assert_int_equal(mlsd_context_set_i64(context, "hold_blas", 0), MLSD_OK);
    assert_int_equal(mlsd__numeric_open(&outer, context), MLSD_OK);
    assert_int_equal(openblas_get_num_threads(), 2);
    mlsd__scope_close(&outer);

    mlsd_context_cancel(context);
    assert_int_equal(mlsd__numeric_open(&outer, context), MLSD_E_CANCELLED);
    assert_int_equal(openblas_get_num_threads(), 2);
    mlsd_context_free(context);
}

static void test_blas__says_what_it_is(void **state)
{
    (void)state;
    assert_non_null(strstr(mlsd__blas_config(), "OpenBLAS"));
    assert_true(strlen(mlsd__blas_core()) > 0);
}

/* Through the door of a context with exact numerics, each function has the bytes of its kernel. */
static void test_blas__exact_numerics_takes_the_exact_kernels(void **state)
{
    (void)state;
    enum { P = 23, N = 37 };
    static double a[N * P], b[N * P], got[P * P], expected[P * P], x[P], y[N], z[N], left[N * P];
    static double u[P * P], vt[P * P], s[P], square[P * P], factor[P * P];
    mlsd_context *context = NULL;
    assert_int_equal(mlsd_context_new(&context), MLSD_OK);
    assert_int_equal(mlsd_context_set_str(context, "numerics", "exact"), MLSD_OK);
    mlsd__scope exact;
    const int n_threads = openblas_get_num_threads();
    openblas_set_num_threads(2);
    assert_int_equal(mlsd__numeric_open(&exact, context), MLSD_OK);
    assert_int_equal(openblas_get_num_threads(), 2); /* there is nothing to hold */
    openblas_set_num_threads(n_threads);

    draw(a, N * P, 21);
    draw(b, N * P, 22);
    draw(x, P, 23);
    mlsd__gemm(true, false, P, P, N, 2, a, P, b, P, 0, got, P);
    mlsd__exact_gemm(false, true, false, P, P, N, 2, a, P, b, P, 0, expected, P);
    assert_memory_equal(got, expected, sizeof got);
    mlsd__syrk(N, P, 1, a, P, 1, got, P);
    mlsd__exact_gemm(true, true, false, P, P, N, 1, a, P, a, P, 1, expected, P);
    assert_memory_equal(got, expected, sizeof got);
    mlsd__gemv(false, N, P, 1, a, P, x, 0, y);
    mlsd__exact_gemv(false, N, P, 1, a, P, x, 0, z);
    assert_memory_equal(y, z, sizeof y);

    mlsd__syrk(N, P, 1, a, P, 0, square, P);
    memcpy(got, square, sizeof got);
    memcpy(factor, square, sizeof factor);
    bool ok = false, exact_ok = false;
    memcpy(y, x, sizeof x);
    memcpy(z, x, sizeof x);
    mlsd__posv(P, 1, got, P, y, 1, &ok);
    mlsd__exact_potrf(P, factor, P, &exact_ok);
    mlsd__exact_potrs(P, 1, factor, P, z, 1);
    assert_true(ok && exact_ok);
    assert_memory_equal(got, factor, sizeof got);
    assert_memory_equal(y, z, sizeof x);

    memcpy(got, square, sizeof got);
    memcpy(expected, square, sizeof expected);
    assert_int_equal(mlsd__syev(&exact, P, got, P, x), MLSD_OK);
    assert_int_equal(mlsd__exact_syev(&exact, P, expected, P, s), MLSD_OK);
    assert_memory_equal(got, expected, sizeof got);
    assert_memory_equal(x, s, sizeof x);

    memcpy(left, a, sizeof left);
    assert_int_equal(mlsd__qr_r(&exact, N, P, left, P, got), MLSD_OK);
    memcpy(left, a, sizeof left);
    assert_int_equal(mlsd__exact_qr_r(&exact, N, P, left, P, expected), MLSD_OK);
    assert_memory_equal(got, expected, sizeof got);

    memcpy(square, a, sizeof square);
    assert_int_equal(mlsd__svd(&exact, P, square, got, x, factor), MLSD_OK);
    memcpy(square, a, sizeof square);
    assert_int_equal(mlsd__exact_svd(&exact, P, square, u, s, vt), MLSD_OK);
    assert_memory_equal(got, u, sizeof got);
    assert_memory_equal(factor, vt, sizeof got);
    assert_memory_equal(x, s, sizeof x);

    mlsd__scope_close(&exact);
    mlsd_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blas__exact_numerics_takes_the_exact_kernels),
        cmocka_unit_test(test_blas__gemm_is_the_plain_loop_for_every_layout),
        cmocka_unit_test(test_blas__sizes_beyond_int_are_computed_too),
        cmocka_unit_test(test_blas__syrk_writes_the_upper_triangle_only),
        cmocka_unit_test(test_blas__gemv_forgets_old_nan_where_beta_is_zero),
        cmocka_unit_test(test_blas__posv_solves),
        cmocka_unit_test(test_blas__potrf_refuses_what_is_not_positive_definite),
        cmocka_unit_test_setup_teardown(test_blas__syev_finds_known_eigenvalues, open_scope,
                                        close_scope),
        cmocka_unit_test_setup_teardown(test_blas__tridiagonal_multiplies_back, open_scope,
                                        close_scope),
        cmocka_unit_test_setup_teardown(test_blas__qr_r_keeps_the_cross_products, open_scope,
                                        close_scope),
        cmocka_unit_test_setup_teardown(test_blas__svd_multiplies_back, open_scope, close_scope),
        cmocka_unit_test(test_blas__any_failed_allocation_leaks_nothing),
        cmocka_unit_test(test_blas__threads_of_openblas_are_held_and_given_back),
        cmocka_unit_test(test_blas__says_what_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
