/* row_bits.c - counting loops, once for each set of instructions. They are plain C: the compiler
 * finds the vectors. Counts are whole numbers, so that all of them give the same. */
#include "slice/row_bits.h"

/* NAME_and and NAME_count as the header says. */
#define DEFINE_LOOPS(NAME, TARGET)                                                             \
    TARGET static int64_t NAME##_and(const uint64_t *a, const uint64_t *b, int64_t n,          \
                                     uint64_t *out)                                            \
    {                                                                                          \
        int64_t count = 0;                                                                     \
        for (int64_t i = 0; i < n; i++) {                                                      \
            out[i] = a[i] & b[i];                                                              \
            count += __builtin_popcountll(out[i]);                                             \
        }                                                                                      \
        return count;                                                                          \
    }                                                                                          \
    TARGET static int64_t NAME##_count(const uint64_t *restrict a, const uint64_t *restrict b, \
                                       const uint64_t *restrict c, int64_t n, int64_t *in_c)   \
    {                                                                                          \
        int64_t count = 0, count_c = 0;                                                        \
        for (int64_t i = 0; i < n; i++) {                                                      \
            const uint64_t both = a[i] & b[i];                                                 \
            count += __builtin_popcountll(both);                                               \
            count_c += __builtin_popcountll(both & c[i]);                                      \
        }                                                                                      \
        *in_c = count_c;                                                                       \
        return count;                                                                          \
    }

DEFINE_LOOPS(plain, )
#if defined(__x86_64__)
DEFINE_LOOPS(popcnt, __attribute__((target("popcnt"))))
DEFINE_LOOPS(avx512, __attribute__((target("avx512f,avx512vpopcntdq"))))
#endif

int64_t mlsd__bits_and(const uint64_t *a, const uint64_t *b, int64_t n_words, uint64_t *out)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vpopcntdq")) return avx512_and(a, b, n_words, out);
    if (__builtin_cpu_supports("popcnt")) return popcnt_and(a, b, n_words, out);
#endif
    return plain_and(a, b, n_words, out);
}

int64_t mlsd__bits_count(const uint64_t *a, const uint64_t *b, const uint64_t *c, int64_t n_words,
                         int64_t *out_in_c)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512vpopcntdq")) return avx512_count(a, b, c, n_words, out_in_c);
    if (__builtin_cpu_supports("popcnt")) return popcnt_count(a, b, c, n_words, out_in_c);
#endif
    return plain_count(a, b, c, n_words, out_in_c);
}
