/* tile_product.h - products of matrices by kernels of our own. Multiply, then add: the same bits on
 * every processor, for numerics = exact. Fused multiply-add: for numerics = fast, for the tall and
 * narrow matrices that tables are, and for processors that OpenBLAS does not know, where it takes
 * its oldest kernels. Shapes and meanings are blas.h's. */
#ifndef MLSD_NUMERIC_TILE_PRODUCT_H
#define MLSD_NUMERIC_TILE_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

/* Instruction sets. The bits of the first three agree with each other, and so do those of the fused
 * ones. */
typedef enum mlsd__tile_isa {
    MLSD__TILE_BASE,
    MLSD__TILE_AVX2,
    MLSD__TILE_AVX512,
    MLSD__TILE_FUSED_AVX2,
    MLSD__TILE_FUSED_AVX512,
    MLSD__TILE_NONE
} mlsd__tile_isa;
bool mlsd__tile_has(mlsd__tile_isa isa);
/* The best one of this processor; without fused operations MLSD__TILE_NONE for fused. */
mlsd__tile_isa mlsd__tile_best(bool fused);

/* Terms of a sum that are added up before they are added to the result. Part of the results'
 * definition: changing it changes bits. */
enum { MLSD__TILE_DEPTH = 256 };

/* C = alpha op(A) op(B) + beta C; C is not read where beta is 0. `only_upper` leaves the part below
 * C's diagonal as it is. A cell becomes beta C, to which alpha times the sum of each stretch of
 * MLSD__TILE_DEPTH terms, in order from 0, is added in order: its bits depend neither on its place
 * nor on the other rows and columns. `isa` is one that mlsd__tile_has. */
void mlsd__tile_gemm(mlsd__tile_isa isa, bool only_upper, bool trans_a, bool trans_b, int64_t m,
                     int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
                     const double *b, int64_t ldb, double beta, double *c, int64_t ldc);
/* The same of float. */
void mlsd__tile_gemm_f32(mlsd__tile_isa isa, bool only_upper, bool trans_a, bool trans_b, int64_t m,
                         int64_t n, int64_t k, float alpha, const float *a, int64_t lda,
                         const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

#endif
