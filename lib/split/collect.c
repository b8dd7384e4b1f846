/* collect.c - see the header. 64 rows are compared at once, in a loop that compilers make vectors
 * of; eight of the answers are gathered into the bits of a byte, and a table says which places
 * those bits are. So no branch depends on the rows, which no processor can foresee. */
#include "split/collect.h"

#include <string.h>

enum { BLOCK = 64, GROUP = 8 };

/* For each byte: the places of its set bits, one a byte from the lowest up; and how many. */
#define BELOW(bits, k) __builtin_popcount((bits) & ((1u << (k)) - 1u))
#define PLACE(bits, k) ((uint64_t)((bits) >> (k)&1u) * (uint64_t)(k) << (8 * BELOW(bits, k) & 63))
#define ROW(b)                                                                           \
    (PLACE(b, 1) | PLACE(b, 2) | PLACE(b, 3) | PLACE(b, 4) | PLACE(b, 5) | PLACE(b, 6) | \
     PLACE(b, 7))
#define ROWS_4(b) ROW(b), ROW((b) + 1u), ROW((b) + 2u), ROW((b) + 3u)
#define ROWS_16(b) ROWS_4(b), ROWS_4((b) + 4u), ROWS_4((b) + 8u), ROWS_4((b) + 12u)
#define ROWS_64(b) ROWS_16(b), ROWS_16((b) + 16u), ROWS_16((b) + 32u), ROWS_16((b) + 48u)
static const uint64_t places_of[256] = {ROWS_64(0u), ROWS_64(64u), ROWS_64(128u), ROWS_64(192u)};

#define COUNT_4(b)                                                                     \
    __builtin_popcount(b), __builtin_popcount((b) + 1u), __builtin_popcount((b) + 2u), \
        __builtin_popcount((b) + 3u)
#define COUNT_16(b) COUNT_4(b), COUNT_4((b) + 4u), COUNT_4((b) + 8u), COUNT_4((b) + 12u)
#define COUNT_64(b) COUNT_16(b), COUNT_16((b) + 16u), COUNT_16((b) + 32u), COUNT_16((b) + 48u)
static const uint8_t count_of[256] = {COUNT_64(0u), COUNT_64(64u), COUNT_64(128u), COUNT_64(192u)};

/* Bit k is byte k of eight that are 0 or 1. */
static unsigned bits_of(const uint8_t *is_wanted)
{
    uint64_t word = 0;
    memcpy(&word, is_wanted, sizeof word);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return (unsigned)(word * UINT64_C(0x0102040810204080) >> 56);
}

/* Up to seven places past the end are written: there must be room for a whole block. */
static int64_t list_block(const uint8_t *is_wanted, int64_t first, int64_t *out)
{
    int64_t n = 0;
    for (int64_t g = 0; g < BLOCK; g += GROUP) {
        const unsigned bits = bits_of(is_wanted + g);
        const uint64_t places = places_of[bits];
        for (int k = 0; k < GROUP; k++) out[n + k] = first + g + (int64_t)(places >> (8 * k) & 255);
        n += count_of[bits];
    }
    return n;
}

void mlsd__collect_i32(const int32_t *ids, int32_t id, bool wanted, int64_t n_wanted, int64_t *out)
{
    uint8_t is_wanted[BLOCK];
    int64_t n = 0, i = 0;
    for (; n_wanted - n >= BLOCK; i += BLOCK) {
        for (int64_t k = 0; k < BLOCK; k++) is_wanted[k] = (ids[i + k] == id) == wanted;
        n += list_block(is_wanted, i, out + n);
    }
    for (; n < n_wanted; i++) {
        out[n] = i;
        n += (ids[i] == id) == wanted;
    }
}

void mlsd__collect_i8(const int8_t *marks, const int32_t *units, int8_t mark, int64_t n_wanted,
                      int64_t *out)
{
    uint8_t is_wanted[BLOCK];
    int64_t n = 0, i = 0;
    for (; n_wanted - n >= BLOCK; i += BLOCK) {
        for (int64_t k = 0; units == NULL && k < BLOCK; k++) is_wanted[k] = marks[i + k] == mark;
        for (int64_t k = 0; units != NULL && k < BLOCK; k++)
            is_wanted[k] = marks[units[i + k]] == mark;
        n += list_block(is_wanted, i, out + n);
    }
    for (; n < n_wanted; i++) {
        out[n] = i;
        n += marks[units != NULL ? units[i] : i] == mark;
    }
}
