/* random.c - the Philox4x32-10 generator and the streams made of it. Normal deviates need a
 * logarithm and live in numeric/normal_stream.c. Invariant: a stream's words depend on the five
 * numbers that name it and on nothing else. */
#include "base/random.h"

enum { PHILOX_ROUNDS = 10 };

/* 2^64 / golden ratio: the step of splitmix64. */
static const uint64_t golden_gamma = UINT64_C(0x9e3779b97f4a7c15);

/* Salmon et al. (2011), table 2 and section 3.3: multipliers and Weyl constants of Philox4x32. */
void mlsd__philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < PHILOX_ROUNDS; round++) {
        const uint64_t product0 = UINT64_C(0xd2511f53) * c0;
        const uint64_t product1 = UINT64_C(0xcd9e8d57) * c2;
        c0 = (uint32_t)(product1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)product1;
        c2 = (uint32_t)(product0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)product0;
        k0 += 0x9e3779b9u;
        k1 += 0xbb67ae85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

/* The finaliser of splitmix64: Steele, Lea & Flood (2014), "Fast splittable pseudorandom number
 * generators", OOPSLA'14, with Stafford's mix 13. A bijection. */
static uint64_t mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Bijective in each part while the others are held, so that names which differ in one number never
 * share a stream. */
static uint64_t mix_name(uint64_t start, const uint64_t parts[5])
{
    uint64_t h = start;
    for (int i = 0; i < 5; i++) h = mix((h ^ mix(parts[i] + golden_gamma)) + golden_gamma);
    return h;
}

void mlsd__stream_init(mlsd__stream *stream, uint64_t seed, uint64_t a, uint64_t b, uint64_t c,
                       uint32_t purpose)
{
    const uint64_t parts[5] = {seed, a, b, c, purpose};
    const uint64_t key = mix_name(0, parts);
    const uint64_t high = mix_name(golden_gamma, parts);
    /* The lower half of the counter numbers the blocks of the stream. */
    *stream = (mlsd__stream){
        .key = {(uint32_t)key, (uint32_t)(key >> 32)},
        .counter = {0, 0, (uint32_t)high, (uint32_t)(high >> 32)},
    };
}

uint32_t mlsd__stream_u32(mlsd__stream *stream)
{
    if (stream->n_left == 0) {
        mlsd__philox4x32(stream->counter, stream->key, stream->block);
        if (++stream->counter[0] == 0) stream->counter[1]++;
        stream->n_left = 4;
    }
    return stream->block[4 - stream->n_left--];
}

uint64_t mlsd__stream_u64(mlsd__stream *stream)
{
    const uint64_t high = mlsd__stream_u32(stream);
    return high << 32 | mlsd__stream_u32(stream);
}

double mlsd__stream_double(mlsd__stream *stream)
{
    return (double)(mlsd__stream_u64(stream) >> 11) * 0x1p-53;
}

/* Up to 2^32: Lemire (2019), "Fast random integer generation in an interval", ACM TOMACS 29(1),
 * algorithm 5. Above: masked rejection. */
uint64_t mlsd__stream_below(mlsd__stream *stream, uint64_t n)
{
    if (n <= 1) return 0;
    if (n <= UINT64_C(1) << 32) {
        uint64_t product = mlsd__stream_u32(stream) * n;
        if ((uint32_t)product < n) {
            const uint32_t n_rejected = (uint32_t)((UINT64_C(1) << 32) % n);
            while ((uint32_t)product < n_rejected) product = mlsd__stream_u32(stream) * n;
        }
        return product >> 32;
    }
    uint64_t mask = n - 1;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    uint64_t value = mlsd__stream_u64(stream) & mask;
    while (value >= n) value = mlsd__stream_u64(stream) & mask;
    return value;
}

void mlsd__stream_shuffle(mlsd__stream *stream, int64_t *values, int64_t n)
{
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)mlsd__stream_below(stream, (uint64_t)i + 1);
        const int64_t swapped = values[i];
        values[i] = values[j];
        values[j] = swapped;
    }
}
