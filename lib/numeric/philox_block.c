/* philox_block.c - Philox4x32-10 (base/random.h) for sixteen counters at a time, in loops that the
 * compiler turns into vectors, for each instruction set once. Whole numbers: the same words
 * everywhere. */
#include "numeric/philox_block.h"

#include "numeric/tile_product.h"

enum { LANES = MLSD__PHILOX_LANES, ROUNDS = 10, N_ISAS = 3 };

/* Constants: Salmon et al. (2011), as in base/random.c. */
static inline __attribute__((always_inline)) void
sixteen(const uint32_t key[2], const uint32_t counter[4], uint32_t *restrict out)
{
    uint32_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    uint32_t k0 = key[0], k1 = key[1];
    for (int l = 0; l < LANES; l++) {
        c0[l] = counter[0] + (uint32_t)l;
        c1[l] = counter[1];
        c2[l] = counter[2];
        c3[l] = counter[3];
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int l = 0; l < LANES; l++) {
            const uint64_t product0 = UINT64_C(0xd2511f53) * c0[l];
            const uint64_t product1 = UINT64_C(0xcd9e8d57) * c2[l];
            c0[l] = (uint32_t)(product1 >> 32) ^ c1[l] ^ k0;
            c1[l] = (uint32_t)product1;
            c2[l] = (uint32_t)(product0 >> 32) ^ c3[l] ^ k1;
            c3[l] = (uint32_t)product0;
        }
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    for (int l = 0; l < LANES; l++) {
        out[l] = c0[l];
        out[LANES + l] = c1[l];
        out[2 * LANES + l] = c2[l];
        out[3 * LANES + l] = c3[l];
    }
}

typedef void (*block_fn)(const uint32_t key[2], const uint32_t counter[4], int64_t n_lanes,
                         uint32_t *out);

#define DEFINE_BLOCK(NAME, TARGET)                                                                \
    TARGET static void block_##NAME(const uint32_t key[2], const uint32_t counter[4],             \
                                    int64_t n_lanes, uint32_t *out)                               \
    {                                                                                             \
        uint32_t here[4] = {counter[0], counter[1], counter[2], counter[3]};                      \
        for (int64_t i = 0; i < n_lanes; i++, here[0] += LANES) sixteen(key, here, out + 64 * i); \
    }

DEFINE_BLOCK(base, )
#if defined(__x86_64__)
DEFINE_BLOCK(avx2, __attribute__((target("avx2"))))
DEFINE_BLOCK(avx512, __attribute__((target("avx512f"))))
#else
#define block_avx2 block_base
#define block_avx512 block_base
#endif

static const block_fn block_fns[N_ISAS] = {block_base, block_avx2, block_avx512};

void mlsd__philox_block(const uint32_t key[2], const uint32_t counter[4], int64_t n_lanes,
                        uint32_t *out)
{
    block_fns[mlsd__tile_best(false)](key, counter, n_lanes, out);
}
