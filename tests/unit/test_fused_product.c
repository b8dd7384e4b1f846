/* test_fused_product.c - products with fused multiply-add. Witness: the definition, a chain of C's
 * fma() over k in stretches of 256, bit for bit and on each instruction set that the machine has.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "numeric/fused.h"
#include "unit.h"

enum { MOST = 60, DEPTHS = 300, PAD = 3, CELLS = (DEPTHS + PAD) * (MOST + PAD) };

static double a[CELLS], b[CELLS], before[CELLS], got[CELLS], expected[CELLS];

static void draw(double *to, uint64_t seed)
{
    mlsd__stream stream;
    mlsd__stream_init(&stream, seed, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int64_t i = 0; i < CELLS; i++) to[i] = mlsd__stream_normal(&stream);
}

static double cell(bool trans_a, bool trans_b, int64_t i, int64_t j, int64_t k, int64_t lda,
                   int64_t ldb, double alpha, double beta, double old)
{
    double value = beta == 0 ? 0 : beta * old;
    for (int64_t first = 0; first < k; first += 256) {
        double sum = 0;
        for (int64_t l = first; l < k && l < first + 256; l++)
            sum = fma(a[trans_a ? l * lda + i : i * lda + l],
                      b[trans_b ? j * ldb + l : l * ldb + j], sum);
        value += alpha * sum;
    }
    return value;
}

static void check(bool upper, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                  double alpha, double beta)
{
    const int64_t lda = (trans_a ? m : k) + PAD, ldb = (trans_b ? k : n) + PAD, ldc = n + PAD;
    memcpy(expected, before, sizeof expected);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = upper ? i : 0; j < n; j++)
            expected[i * ldc + j] =
                cell(trans_a, trans_b, i, j, k, lda, ldb, alpha, beta, before[i * ldc + j]);
    for (int isa = 0; isa < MLSD__FUSED_NONE; isa++) {
        if (!mlsd__fused_has((mlsd__fused_isa)isa)) continue;
        memcpy(got, before, sizeof got);
        mlsd__fused_gemm((mlsd__fused_isa)isa, upper, trans_a, trans_b, m, n, k, alpha, a, lda, b,
                         ldb, beta, got, ldc);
        if (memcmp(got, expected, sizeof got) != 0)
            fail_msg("isa %d, upper %d, trans %d %d, %d x %d x %d", isa, upper, trans_a, trans_b,
                     (int)m, (int)n, (int)k);
    }
}

static void test_fused_product__is_a_chain_of_fma(void **state)
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
static void test_fused_product__nan(void **state)
{
    (void)state;
    const mlsd__fused_isa isa = mlsd__fused_best();
    if (isa == MLSD__FUSED_NONE) skip();
    draw(a, 4);
    draw(b, 5);
    for (int64_t i = 0; i < CELLS; i++) got[i] = NAN;
    a[2 * 7 + 3] = NAN;
    mlsd__fused_gemm(isa, false, false, false, 5, 11, 7, 1, a, 7, b, 11, 0, got, 11);
    for (int64_t i = 0; i < 5; i++)
        for (int64_t j = 0; j < 11; j++) assert_int_equal(isnan(got[i * 11 + j]) != 0, i == 2);
    assert_true(isnan(got[5 * 11]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fused_product__is_a_chain_of_fma),
        cmocka_unit_test(test_fused_product__nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
