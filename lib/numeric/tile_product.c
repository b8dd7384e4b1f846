/* tile_product.c - products of matrices. A tile of the result stays in registers while a stretch of
 * k streams by from the second cache. Operands are read where they lie: there are no edges to
 * treat, because the last tile of a row or a column overlaps the one before it and stores only what
 * is new. Packed are columns of B that are rows in memory, and matrices that are smaller than a
 * tile. Vectors run across cells, so each cell is the same chain of operations over k whatever tile
 * and whatever width of vector it stands in. The build forbids the compiler to fuse; where fusing
 * is wanted it is written out. */
#include "numeric/tile_product.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define FUSED_AVX2(x, y, s) \
    ((fused_avx2_vec)_mm256_fmadd_pd(_mm256_set1_pd(x), (__m256d)(y), (__m256d)(s)))
#define FUSED_AVX512(x, y, s) \
    ((fused_avx512_vec)_mm512_fmadd_pd(_mm512_set1_pd(x), (__m512d)(y), (__m512d)(s)))
#endif

#define REAL double
#define GEMM mlsd__tile_gemm
#include "numeric/tile_product_body.h"

#if defined(__x86_64__)
bool mlsd__tile_has(mlsd__tile_isa isa)
{
    switch (isa) {
    case MLSD__TILE_BASE:
        return true;
    case MLSD__TILE_AVX2:
        return __builtin_cpu_supports("avx2");
    case MLSD__TILE_FUSED_AVX2:
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    case MLSD__TILE_AVX512:
    case MLSD__TILE_FUSED_AVX512:
        return __builtin_cpu_supports("avx512f");
    default:
        return false;
    }
}
#else
bool mlsd__tile_has(mlsd__tile_isa isa)
{
    return isa == MLSD__TILE_BASE;
}
#endif

mlsd__tile_isa mlsd__tile_best(bool fused)
{
    static const mlsd__tile_isa plain_ones[] = {MLSD__TILE_AVX512, MLSD__TILE_AVX2,
                                                MLSD__TILE_BASE};
    static const mlsd__tile_isa fused_ones[] = {MLSD__TILE_FUSED_AVX512, MLSD__TILE_FUSED_AVX2,
                                                MLSD__TILE_NONE};
    const mlsd__tile_isa *best = fused ? fused_ones : plain_ones;
    while (*best != MLSD__TILE_NONE && !mlsd__tile_has(*best)) best++;
    return *best;
}
