/* fused.h - products with fused multiply-add, for numerics = fast: for the tall and narrow matrices
 * that tables are, and for processors that the BLAS does not know: OpenBLAS takes its oldest
 * kernels there. Shapes and meanings are blas.h's. */
#ifndef MLSD_NUMERIC_FUSED_H
#define MLSD_NUMERIC_FUSED_H

#include <stdbool.h>
#include <stdint.h>

/* Instruction sets with the operation; their bits agree. */
typedef enum mlsd__fused_isa {
    MLSD__FUSED_AVX2,
    MLSD__FUSED_AVX512,
    MLSD__FUSED_NONE
} mlsd__fused_isa;
bool mlsd__fused_has(mlsd__fused_isa isa);
/* The best one of this processor, or MLSD__FUSED_NONE. */
mlsd__fused_isa mlsd__fused_best(void);

/* C = alpha op(A) op(B) + beta C; C is not read where beta is 0. `only_upper` leaves the part below
 * C's diagonal as it is. The bits of a cell depend neither on its place nor on the other rows and
 * columns. `isa` is one that mlsd__fused_has. */
void mlsd__fused_gemm(mlsd__fused_isa isa, bool only_upper, bool trans_a, bool trans_b, int64_t m,
                      int64_t n, int64_t k, double alpha, const double *a, int64_t lda,
                      const double *b, int64_t ldb, double beta, double *c, int64_t ldc);

#endif
