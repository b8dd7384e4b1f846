/* tile_product_f32.c - products of matrices of float, as tile_product.c has them of double: vectors
 * hold twice as many. */
#include "numeric/tile_product.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FUSED_AVX2(x, y, s) \
    ((fused_avx2_vec)_mm256_fmadd_ps(_mm256_set1_ps(x), (__m256)(y), (__m256)(s)))
#define FUSED_AVX512(x, y, s) \
    ((fused_avx512_vec)_mm512_fmadd_ps(_mm512_set1_ps(x), (__m512)(y), (__m512)(s)))
#endif

#define REAL float
#define GEMM mlsd__tile_gemm_f32
#include "numeric/tile_product_body.h"
