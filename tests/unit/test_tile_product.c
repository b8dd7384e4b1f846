/* test_tile_product.c - products by our own kernels. Witness: the definition, a chain over k in
 * stretches of 256 of multiplications and additions or of C's fma(), bit for bit and on each
 * instruction set that the machine has. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "numeric/tile_product.h"
#include "unit.h"

enum { MOST = 60, DEPTHS = 300, PAD = 3, CELLS = (DEPTHS + PAD) * (MOST + PAD) };

static double a[CELLS], b[CELLS], before[CELLS], got[CELLS], expected[CELLS];

static void draw(double *to, uint64_t seed)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < CELLS; i++) to[i] = mlsd__stream_normal(&stream);
}

static double cell(bool fused, bool trans_a, bool trans_b, int64_t i, int64_t j, int64_t k,
                   int64_t lda, int64_t ldb, double alpha, double beta, double old)
{
    double value = beta == 0 ? 0 : beta * old;
    for (int64_t first = 0; first < k; first += 256) {
        double sum = 0;
        for (int64_t l = first; l < k && l < first + 256; l++) {
            const double x = a[trans_a ? l * lda + i : i * lda + l];
            const double y = b[trans_b ? j * ldb + l : l * ldb + j];
            sum = fused ? fma(x, y, sum) : sum + x * y;
        }
        value += alpha * sum;
    }
    return value;
}

static void check_one(mlsd__tile_isa isa, bool upper, bool trans_a, bool trans_b, int64_t m,
                      int64_t n, int64_t k, double alpha, double beta)
{
    const int64_t lda = (trans_a ? m : k) + PAD, ldb = (trans_b ? k : n) + PAD, ldc = n + PAD;
    const bool fused = isa == MLSD__TILE_FUSED_AVX2 || isa == MLSD__TILE_FUSED_AVX512;
    memcpy(expected, before, sizeof expected);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = upper ? i : 0; j < n; j++)
            expected[i * ldc + j] =
                cell(fused, trans_a, trans_b, i, j, k, lda, ldb, alpha, beta, before[i * ldc + j]);
    memcpy(got, before, sizeof got);
    mlsd__tile_gemm(isa, upper, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, got, ldc);
    if (memcmp(got, expected, sizeof got) != 0)
        fail_msg("isa %d, upper %d, trans %d %d, %d x %d x %d", (int)isa, upper, trans_a, trans_b,
                 (int)m, (int)n, (int)k);
}

static void check(bool upper, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                  double alpha, double beta)
{
    for (int isa = 0; isa < MLSD__TILE_NONE; isa++)
        if (mlsd__tile_has((mlsd__tile_isa)isa))
            check_one((mlsd__tile_isa)isa, upper, trans_a, trans_b, m, n, k, alpha, beta);
}

static void test_tile_product__is_a_chain_over_k(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1,  2,  3,  4,  5,  7,  8,  9,  12,
                                    15, 16, 17, 20, 23, 24, 25, 33, MOST};
    enum { N_SIZES = sizeof sizes / sizeof *sizes };
    draw(a, 1);
    draw(b, 2);
    draw(before, 3);
    for (int i = 0; i < N_SIZES; i++)
        for (int j = 0; j < N_SIZES; j++)
            for (int kind = 0; kind < 4; kind++)
                check(false, kind & 1, kind & 2, sizes[i], sizes[j], (i + j + kind) % 8, 1,
                      kind % 2);
    for (int kind = 0; kind < 4; kind++)
        check(false, kind & 1, kind & 2, 13, 29, DEPTHS, -1.5, 0.3);
    memcpy(b, a, sizeof b);
    for (int i = 0; i < N_SIZES; i++)
        check(true, true, false, sizes[i], sizes[i], 1 + i * 16, 2, 1);
}

/* NaN in C is not read where beta is 0; in A it stays in its row. */
static void test_tile_product__nan(void **state)
{
    (void)state;
    for (int isa = 0; isa < MLSD__TILE_NONE; isa++) {
        if (!mlsd__tile_has((mlsd__tile_isa)isa)) continue;
        draw(a, 4);
        draw(b, 5);
        for (int64_t i = 0; i < CELLS; i++) got[i] = NAN;
        a[2 * 7 + 3] = NAN;
        mlsd__tile_gemm((mlsd__tile_isa)isa, false, false, false, 5, 11, 7, 1, a, 7, b, 11, 0, got,
                        11);
        for (int64_t i = 0; i < 5; i++)
            for (int64_t j = 0; j < 11; j++) assert_int_equal(isnan(got[i * 11 + j]) != 0, i == 2);
        assert_true(isnan(got[5 * 11]));
    }
}

/* Plain kernels there are everywhere. */
static void test_tile_product__best(void **state)
{
    (void)state;
    assert_true(mlsd__tile_best(false) <= MLSD__TILE_AVX512);
    assert_true(mlsd__tile_best(true) >= MLSD__TILE_FUSED_AVX2);
    assert_true(mlsd__tile_has(MLSD__TILE_BASE) && !mlsd__tile_has(MLSD__TILE_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tile_product__is_a_chain_over_k),
        cmocka_unit_test(test_tile_product__nan),
        cmocka_unit_test(test_tile_product__best),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
