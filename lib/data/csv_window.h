/* csv_window.h - sixteen bytes at a time: where a field ends, where its point is, what is a digit.
 * Two versions with the same results; the caller sees to it that the bytes may be read. */
#ifndef MLSD_DATA_CSV_WINDOW_H
#define MLSD_DATA_CSV_WINDOW_H

#include <stdint.h>
#include <string.h>

enum { MLSD__CSV_WINDOW = 16 };

/* Bit i is about byte i. */
typedef struct mlsd__csv_window {
    uint32_t ends; /* delimiter or newline */
    uint32_t points;
    uint32_t digits;
} mlsd__csv_window;

#if defined(__SSE2__)
#include <emmintrin.h>

static inline mlsd__csv_window mlsd__csv_look(const char *p, char delimiter)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i ends = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(delimiter)),
                                      _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
    const __m128i points = _mm_cmpeq_epi8(v, _mm_set1_epi8('.'));
    /* '0'..'9' become -128..-119: one signed comparison. */
    const __m128i shifted = _mm_add_epi8(v, _mm_set1_epi8((char)(-128 - '0')));
    const __m128i digits = _mm_cmplt_epi8(shifted, _mm_set1_epi8(-118));
    return (mlsd__csv_window){.ends = (uint32_t)_mm_movemask_epi8(ends),
                              .points = (uint32_t)_mm_movemask_epi8(points),
                              .digits = (uint32_t)_mm_movemask_epi8(digits)};
}

static inline uint32_t mlsd__csv_look_for(const char *p, char a, char b)
{
    const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i hits =
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(a)), _mm_cmpeq_epi8(v, _mm_set1_epi8(b)));
    return (uint32_t)_mm_movemask_epi8(hits);
}

/* Add the newlines and quotes of 16 * n bytes; n <= 255. */
static inline void mlsd__csv_tally(const char *p, int64_t n, int64_t *newlines, int64_t *quotes)
{
    const __m128i zero = _mm_setzero_si128();
    __m128i found_newlines = zero, found_quotes = zero;
    for (int64_t i = 0; i < n; i++) {
        const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
        found_newlines = _mm_sub_epi8(found_newlines, _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')));
        found_quotes = _mm_sub_epi8(found_quotes, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    }
    uint64_t sums[2];
    _mm_storeu_si128((__m128i *)(void *)sums, _mm_sad_epu8(found_newlines, zero));
    *newlines += (int64_t)(sums[0] + sums[1]);
    _mm_storeu_si128((__m128i *)(void *)sums, _mm_sad_epu8(found_quotes, zero));
    *quotes += (int64_t)(sums[0] + sums[1]);
}

#else

static inline mlsd__csv_window mlsd__csv_look(const char *p, char delimiter)
{
    mlsd__csv_window w = {0, 0, 0};
    for (uint32_t i = 0; i < 16; i++) {
        w.ends |= (uint32_t)(p[i] == delimiter || p[i] == '\n') << i;
        w.points |= (uint32_t)(p[i] == '.') << i;
        w.digits |= (uint32_t)(p[i] >= '0' && p[i] <= '9') << i;
    }
    return w;
}

static inline uint32_t mlsd__csv_look_for(const char *p, char a, char b)
{
    uint32_t hits = 0;
    for (uint32_t i = 0; i < 16; i++) hits |= (uint32_t)(p[i] == a || p[i] == b) << i;
    return hits;
}

static inline void mlsd__csv_tally(const char *p, int64_t n, int64_t *newlines, int64_t *quotes)
{
    for (int64_t i = 0; i < 16 * n; i++) {
        *newlines += p[i] == '\n';
        *quotes += p[i] == '"';
    }
}

#endif

/* The first eight bytes as a number whose lowest byte is the first. */
static inline uint64_t mlsd__csv_load8(const char *p)
{
    uint64_t word;
    memcpy(&word, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* The number that the first n <= 8 digits at p make: the digits are moved to the high end, behind
 * zeros, and then added up in pairs, fours and eights (Lemire 2018, "Quickly parsing eight
 * digits"). */
static inline uint64_t mlsd__csv_digits8(const char *p, uint32_t n)
{
    /* In two steps, so that n == 0 shifts everything out. */
    uint64_t word = mlsd__csv_load8(p) << 4 * (8 - n) << 4 * (8 - n);
    word = (word & UINT64_C(0x0f0f0f0f0f0f0f0f)) * 2561 >> 8;
    word = (word & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
    return (word & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

#endif
