/* mt19937.c - the Mersenne Twister as NumPy's RandomState runs it, and shuffles that draw exactly
 * the words RandomState.shuffle draws. Not a source for anything but scikit-learn's indices: all
 * other randomness is base/random.h. */
#include "base/mt19937.h"

#include <stdbool.h>

enum { N = 624, M = 397 };
enum { FAR = 1 << 20 /* so many elements are more than caches near the processor hold */ };

void mlsd__mt_seed(mlsd__mt19937 *mt, uint32_t seed)
{
    uint32_t s = seed;
    for (uint32_t i = 0; i < N; i++) {
        mt->state[i] = s;
        s = 1812433253u * (s ^ (s >> 30)) + i + 1;
    }
    mt->position = N;
}

/* init_by_array of mt19937ar.c (2002). An empty key counts as {0}, as in RandomState([]). */
void mlsd__mt_seed_array(mlsd__mt19937 *mt, const uint32_t *key, int64_t n)
{
    const uint32_t zero = 0;
    if (n <= 0) {
        key = &zero;
        n = 1;
    }
    mlsd__mt_seed(mt, 19650218u);
    uint32_t *const s = mt->state;
    int64_t i = 1, j = 0;
    for (int64_t k = n > N ? n : N; k > 0; k--) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1664525u)) + key[j] + (uint32_t)j;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
        if (++j == n) j = 0;
    }
    for (int64_t k = N - 1; k > 0; k--) {
        s[i] = (s[i] ^ ((s[i - 1] ^ (s[i - 1] >> 30)) * 1566083941u)) - (uint32_t)i;
        if (++i == N) {
            s[0] = s[N - 1];
            i = 1;
        }
    }
    s[0] = 0x80000000u;
    mt->position = N;
}

static inline uint32_t twisted(uint32_t upper, uint32_t lower, uint32_t far)
{
    const uint32_t y = (upper & 0x80000000u) | (lower & 0x7fffffffu);
    return far ^ (y >> 1) ^ ((0u - (y & 1u)) & 0x9908b0dfu);
}

/* All 624 words at once: branch-free, so that compilers make vectors of it. */
static void twist(uint32_t *s)
{
    for (int i = 0; i < N - M; i++) s[i] = twisted(s[i], s[i + 1], s[i + M]);
    for (int i = N - M; i < N - 1; i++) s[i] = twisted(s[i], s[i + 1], s[i + M - N]);
    s[N - 1] = twisted(s[N - 1], s[0], s[M - 1]);
}

static inline uint32_t tempered(uint32_t y)
{
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint32_t mlsd__mt_u32(mlsd__mt19937 *mt)
{
    if (mt->position == N) {
        twist(mt->state);
        mt->position = 0;
    }
    return tempered(mt->state[mt->position++]);
}

double mlsd__mt_double(mlsd__mt19937 *mt)
{
    const uint32_t a = mlsd__mt_u32(mt) >> 5;
    const uint32_t b = mlsd__mt_u32(mt) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}

static uint64_t mask_for(uint64_t max)
{
    uint64_t mask = max;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    return mask;
}

uint64_t mlsd__mt_interval(mlsd__mt19937 *mt, uint64_t max)
{
    if (max == 0) return 0;
    const uint64_t mask = mask_for(max);
    for (;;) {
        uint64_t value = mlsd__mt_u32(mt);
        if (max > UINT32_MAX) value = value << 32 | mlsd__mt_u32(mt);
        if ((value & mask) <= max) return value & mask;
    }
}

/* A rejected word is written too, and then over it. */
void mlsd__mt_integers_i32(mlsd__mt19937 *mt, int32_t max, int32_t *out, int64_t n)
{
    const uint32_t mask = (uint32_t)mask_for((uint64_t)max);
    int64_t i = 0;
    if (max == 0) {
        for (; i < n; i++) out[i] = 0;
    }
    while (i < n) {
        if (mt->position == N) {
            twist(mt->state);
            mt->position = 0;
        }
        int32_t k = mt->position;
        for (; k < N && i < n; k++) {
            out[i] = (int32_t)(tempered(mt->state[k]) & mask);
            i += out[i] <= max;
        }
        mt->position = k;
    }
}

/* The places that elements left, left - 1, ... change with, as far as the words of one block reach:
 * how many, and *left is moved down. A third of the words are rejected at random, and a branch on
 * that would be mispredicted as often: a rejected word is written too, and then over it. */
static int32_t draw_places(mlsd__mt19937 *mt, uint32_t *left, uint32_t *mask, uint32_t places[N])
{
    uint32_t words[N];
    if (mt->position == N) {
        twist(mt->state);
        mt->position = 0;
    }
    int32_t k = mt->position, n = 0;
    for (int32_t w = k; w < N; w++) words[w] = tempered(mt->state[w]);
    uint32_t i = *left, m = *mask;
    while (k < N && i > 0) {
        for (; k < N && i > m >> 1; k++) {
            const uint32_t place = words[k] & m, accepted = place <= i;
            places[n] = place;
            n += (int32_t)accepted;
            i -= accepted;
        }
        if (i <= m >> 1) m >>= 1;
    }
    mt->position = k;
    *left = i;
    *mask = m;
    return n;
}

/* Places are known before they are needed, so what is far away is asked for in time. */
#define SHUFFLE(mt, values, n, n_swaps, type)                               \
    do {                                                                    \
        int64_t i = (n)-1;                                                  \
        const int64_t stop = i > (n_swaps) ? i - (n_swaps) : 0;             \
        for (; i > stop && i > (int64_t)UINT32_MAX; i--) {                  \
            const int64_t j = (int64_t)mlsd__mt_interval(mt, (uint64_t)i);  \
            const type swapped = (values)[i];                               \
            (values)[i] = (values)[j];                                      \
            (values)[j] = swapped;                                          \
        }                                                                   \
        if (i > (int64_t)UINT32_MAX) return i + 1;                          \
        uint32_t left = i > 0 ? (uint32_t)i : 0;                            \
        uint32_t mask = (uint32_t)mask_for(left);                           \
        uint32_t places[N];                                                 \
        while (left > stop) {                                               \
            type *const last = (values) + left;                             \
            const bool is_far = left >= FAR;                                \
            const int32_t n_places = draw_places(mt, &left, &mask, places); \
            for (int32_t k = 0; is_far && k < n_places; k++)                \
                __builtin_prefetch((values) + places[k], 1);                \
            for (int32_t k = 0; k < n_places; k++) {                        \
                const type swapped = last[-k];                              \
                last[-k] = (values)[places[k]];                             \
                (values)[places[k]] = swapped;                              \
            }                                                               \
        }                                                                   \
        return left > 0 ? (int64_t)left + 1 : 0;                            \
    } while (0)

int64_t mlsd__mt_shuffle_some(mlsd__mt19937 *mt, int64_t *values, int64_t n, int64_t n_swaps)
{
    SHUFFLE(mt, values, n, n_swaps, int64_t);
}

int64_t mlsd__mt_shuffle_some_i32(mlsd__mt19937 *mt, int32_t *values, int64_t n, int64_t n_swaps)
{
    SHUFFLE(mt, values, n, n_swaps, int32_t);
}

void mlsd__mt_shuffle(mlsd__mt19937 *mt, int64_t *values, int64_t n)
{
    (void)mlsd__mt_shuffle_some(mt, values, n, n);
}

void mlsd__mt_shuffle_i32(mlsd__mt19937 *mt, int32_t *values, int64_t n)
{
    (void)mlsd__mt_shuffle_some_i32(mt, values, n, n);
}

void mlsd__mt_permutation(mlsd__mt19937 *mt, int64_t *out, int64_t n)
{
    for (int64_t i = 0; i < n; i++) out[i] = i;
    mlsd__mt_shuffle(mt, out, n);
}
