/* test_exact_kernels.c - linear algebra in a fixed order. Witnesses: the product,
 * bit for bit (test_tile_product.c has its own); the identities that define each factor; LAPACK's
 * values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "failing_allocator.h"
#include "numeric/blas.h"
#include "numeric/exact.h"

enum { MAX = 140, LD = 147, CELLS = LD * LD };

static mlsd__scope scope;
static double a[CELLS], b[CELLS], before[CELLS], got[CELLS], expected[CELLS];
static double square[MAX * MAX], left[MAX * MAX], right[MAX * MAX], values[MAX], lapack[MAX];
static double alone[MAX];

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

static void draw(double *to, int64_t n, uint64_t seed)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < n; i++) to[i] = mlsd__stream_normal(&stream);
}

static void test_exact_kernels__gemm_lets_nan_and_infinity_pass(void **state)
{
    (void)state;
    draw(a, CELLS, 4);
    draw(b, CELLS, 5);
    for (int64_t i = 0; i < CELLS; i++) before[i] = NAN;
    a[3 * LD + 2] = INFINITY;
    mlsd__exact_gemm(false, false, false, 9, 9, 9, 1, a, LD, b, LD, 0, before, LD);
    for (int64_t i = 0; i < 9; i++)
        for (int64_t j = 0; j < 9; j++) assert_int_equal(isinf(before[i * LD + j]) != 0, i == 3);
    b[2 * LD + 4] = 0;
    mlsd__exact_gemm(false, false, false, 9, 9, 9, 1, a, LD, b, LD, 0, before, LD);
    assert_true(isnan(before[3 * LD + 4]));
    assert_false(isnan(before[2 * LD + 4]));
}

static void test_exact_kernels__gemv_has_the_bytes_of_gemm(void **state)
{
    (void)state;
    draw(a, CELLS, 6);
    draw(b, CELLS, 7);
    for (int kind = 0; kind < 2 * 130; kind++) {
        const int64_t n_out = 1 + kind / 2, n_in = (kind * 7) % 131;
        double y[MAX], y_product[MAX];
        draw(y, MAX, 8);
        memcpy(y_product, y, sizeof y);
        mlsd__exact_gemv(kind & 1, kind & 1 ? n_in : n_out, kind & 1 ? n_out : n_in, 2, a, LD, b,
                         -0.5, y);
        mlsd__exact_gemm(false, kind & 1, false, n_out, 1, n_in, 2, a, LD, b, 1, -0.5, y_product,
                         1);
        assert_memory_equal(y, y_product, sizeof y);
    }
    for (int trans = 0; trans < 2; trans++) { /* longer than a stretch of the sums */
        const int64_t n_out = 11, n_in = 600, ld = trans ? n_out : n_in;
        double y[11] = {1, 2, 3}, y_product[11] = {1, 2, 3};
        mlsd__exact_gemv(trans, trans ? n_in : n_out, trans ? n_out : n_in, 1.5, a, ld, b, 1, y);
        mlsd__exact_gemm(false, trans, false, n_out, 1, n_in, 1.5, a, ld, b, 1, 1, y_product, 1);
        assert_memory_equal(y, y_product, sizeof y);
    }
}

/* p x p, ld p, into `square`: a Gram matrix of a sample of 2p rows. */
static void make_definite(int64_t p)
{
    draw(a, CELLS, 9);
    mlsd__exact_gemm(false, true, false, p, p, LD < 2 * p ? LD : 2 * p, 1, a, LD, a, LD, 0, square,
                     p);
    for (int64_t i = 0; i < p; i++) square[i * p + i] += 1;
}

static void test_exact_kernels__cholesky_solves(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 63, 64, 65, 130};
    for (int s = 0; s < 6; s++) {
        const int64_t p = sizes[s];
        bool ok = false;
        make_definite(p);
        memcpy(left, square, sizeof left);
        for (int64_t i = 0; i < p; i++) /* what is below the diagonal is not read */
            for (int64_t j = 0; j < i; j++) left[i * p + j] = NAN;
        mlsd__exact_potrf(p, left, p, &ok);
        assert_true(ok);
        draw(b, 3 * p, 10);
        memcpy(got, b, sizeof got);
        mlsd__exact_potrs(p, 3, left, p, got, 3);
        mlsd__exact_gemm(false, false, false, p, 3, p, 1, square, p, got, 3, 0, expected, 3);
        for (int64_t i = 0; i < 3 * p; i++) assert_true(fabs(expected[i] - b[i]) < 1e-11);
    }
    bool ok = true;
    double indefinite[] = {1, 2, 2, 1}, with_nan[] = {1, NAN, 0, 1}, zero[] = {0};
    mlsd__exact_potrf(2, indefinite, 2, &ok);
    assert_false(ok);
    mlsd__exact_potrf(2, with_nan, 2, &ok);
    assert_false(ok);
    mlsd__exact_potrf(1, zero, 1, &ok);
    assert_false(ok);
    mlsd__exact_potrf(0, NULL, 0, &ok);
    assert_true(ok);
}

static void test_exact_kernels__qr_agrees_with_lapack(void **state)
{
    (void)state;
    static const int64_t shapes[][2] = {{1, 1}, {1, 5}, {5, 1}, {7, 7}, {130, 20}, {20, 40}};
    for (int s = 0; s < 6; s++) {
        const int64_t m = shapes[s][0], n = shapes[s][1];
        draw(a, CELLS, 11);
        memcpy(b, a, sizeof b);
        assert_int_equal(mlsd__exact_qr_r(&scope, m, n, a, LD, left), MLSD_OK);
        assert_int_equal(mlsd__qr_r(&scope, m, n, b, LD, right), MLSD_OK);
        for (int64_t i = 0; i < n * n; i++) assert_true(fabs(left[i] - right[i]) < 1e-12);
    }
    memset(a, 0, sizeof a);
    a[0] = 1e300;
    a[LD] = 1e300;
    assert_int_equal(mlsd__exact_qr_r(&scope, 2, 2, a, LD, left), MLSD_OK);
    assert_true(fabs(left[0] / -1.4142135623730951e300 - 1) < 1e-15);
    assert_true(left[3] == 0);
}

/* Columns of `q` are orthonormal. */
static void check_orthogonal(int64_t p, const double *q)
{
    mlsd__exact_gemm(false, true, false, p, p, p, 1, q, p, q, p, 0, expected, p);
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) assert_true(fabs(expected[i * p + j] - (i == j)) < 1e-13);
}

static void test_exact_kernels__eigenvectors_rebuild_the_matrix(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 17, 64, 130};
    for (int s = 0; s < 6; s++) {
        const int64_t p = sizes[s];
        make_definite(p);
        memcpy(left, square, sizeof left);
        memcpy(right, square, sizeof right);
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < i; j++) left[i * p + j] = NAN;
        assert_int_equal(mlsd__exact_syev(&scope, p, left, p, values), MLSD_OK);
        assert_int_equal(mlsd__syev(&scope, p, right, p, lapack), MLSD_OK);
        for (int64_t i = 0; i < p; i++)
            assert_true(fabs(values[i] - lapack[i]) < 1e-13 * lapack[p - 1]);
        check_orthogonal(p, left);
        mlsd__exact_gemm(false, false, false, p, p, p, 1, square, p, left, p, 0, got, p);
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++)
                assert_true(fabs(got[i * p + j] - values[j] * left[i * p + j]) <
                            1e-13 * (double)(p + 9) * lapack[p - 1]);
    }
    double tiny[] = {2e-300, 1e-300, 0, 2e-300}, two[2];
    assert_int_equal(mlsd__exact_syev(&scope, 2, tiny, 2, two), MLSD_OK);
    assert_true(fabs(two[0] / 1e-300 - 1) < 1e-14 && fabs(two[1] / 3e-300 - 1) < 1e-14);
    memset(left, 0, sizeof left);
    assert_int_equal(mlsd__exact_syev(&scope, 5, left, 5, values), MLSD_OK);
    assert_true(values[0] == 0 && values[4] == 0);
    check_orthogonal(5, left);
}

static void test_exact_kernels__svd_rebuilds_the_matrix(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 17, 65, 65, 9};
    for (int s = 0; s < 7; s++) {
        const int64_t p = sizes[s];
        draw(square, p * p, 12);
        if (s >= 5) /* column 1 depends on column 0, the last is 0 */
            for (int64_t i = 0; i < p; i++) {
                square[i * p + 1] = square[i * p] * 3;
                square[i * p + p - 1] = 0;
            }
        if (s == 6) /* fewer rows than columns */
            memset(square + 5 * p, 0, (size_t)(4 * p) * sizeof *square);
        memcpy(a, square, sizeof square);
        assert_int_equal(mlsd__exact_svd(&scope, p, a, left, values, right), MLSD_OK);
        memcpy(a, square, sizeof square);
        assert_int_equal(mlsd__svd(&scope, p, a, before, lapack, b), MLSD_OK);
        for (int64_t i = 0; i < p; i++)
            assert_true(fabs(values[i] - lapack[i]) < 1e-13 * lapack[0]);
        memcpy(a, square, sizeof square);
        assert_int_equal(mlsd__exact_singular_values(&scope, p, a, alone), MLSD_OK);
        for (int64_t i = 0; i < p; i++) assert_true(fabs(alone[i] - lapack[i]) < 1e-13 * lapack[0]);
        check_orthogonal(p, left);
        check_orthogonal(p, right);
        for (int64_t i = 0; i < p; i++)
            for (int64_t j = 0; j < p; j++) before[i * p + j] = left[i * p + j] * values[j];
        mlsd__exact_gemm(false, false, false, p, p, p, 1, before, p, right, p, 0, got, p);
        for (int64_t i = 0; i < p * p; i++)
            assert_true(fabs(got[i] - square[i]) < 1e-13 * lapack[0]);
    }
}

/* Diagonal, all 0, and of sizes whose squares are no doubles. */
static void test_exact_kernels__singular_values_alone(void **state)
{
    (void)state;
    double diagonal[] = {3, 0, 0, 0, -7, 0, 0, 0, 1e-3};
    assert_int_equal(mlsd__exact_singular_values(&scope, 3, diagonal, alone), MLSD_OK);
    assert_true(fabs(alone[0] - 7) < 1e-14 && fabs(alone[1] - 3) < 1e-14);
    assert_true(fabs(alone[2] - 1e-3) < 1e-14);
    double nothing[9] = {0};
    assert_int_equal(mlsd__exact_singular_values(&scope, 3, nothing, alone), MLSD_OK);
    assert_true(alone[0] == 0 && alone[1] == 0 && alone[2] == 0);
    double huge[] = {3e300, 0, 4e300, 0};
    assert_int_equal(mlsd__exact_singular_values(&scope, 2, huge, alone), MLSD_OK);
    assert_true(fabs(alone[0] / 5e300 - 1) < 1e-15 && alone[1] <= 1e285);
    double one[] = {-2};
    assert_int_equal(mlsd__exact_singular_values(&scope, 1, one, alone), MLSD_OK);
    assert_true(fabs(alone[0] - 2) < 1e-14);
}

static mlsd_status run_factorisations(mlsd__scope *s)
{
    draw(a, CELLS, 13);
    MLSD__TRY(mlsd__exact_qr_r(s, 20, 8, a, LD, left));
    draw(a, CELLS, 14);
    return mlsd__exact_syev(s, 20, a, LD, values);
}

static void test_exact_kernels__any_failed_allocation_leaks_nothing(void **state)
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
        const mlsd_status status = run_factorisations(&failing);
        assert_int_equal(f.live_blocks, live);
        f.fail_at = 0;
        mlsd__scope_close(&failing);
        mlsd_context_free(context);
        if (status == MLSD_OK) {
            assert_true(k > 2);
            break;
        }
        assert_int_equal(status, MLSD_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_kernels__gemm_lets_nan_and_infinity_pass),
        cmocka_unit_test(test_exact_kernels__gemv_has_the_bytes_of_gemm),
        cmocka_unit_test(test_exact_kernels__cholesky_solves),
        cmocka_unit_test(test_exact_kernels__qr_agrees_with_lapack),
        cmocka_unit_test(test_exact_kernels__eigenvectors_rebuild_the_matrix),
        cmocka_unit_test(test_exact_kernels__svd_rebuilds_the_matrix),
        cmocka_unit_test(test_exact_kernels__singular_values_alone),
        cmocka_unit_test(test_exact_kernels__any_failed_allocation_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, open_scope, close_scope);
}
