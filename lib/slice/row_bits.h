/* row_bits.h - sets of rows as bits, 64 to a word, and how many rows two of them share. */
#ifndef MLSD_SLICE_ROW_BITS_H
#define MLSD_SLICE_ROW_BITS_H

#include <stdint.h>

static inline int64_t mlsd__bit_words(int64_t n_rows)
{
    return (n_rows + 63) / 64;
}

static inline void mlsd__bit_set(uint64_t *bits, int64_t row)
{
    bits[row >> 6] |= UINT64_C(1) << (row & 63);
}

/* out = a & b, where out may be a or b; returns how many rows are left. */
int64_t mlsd__bits_and(const uint64_t *a, const uint64_t *b, int64_t n_words, uint64_t *out);

/* Rows of a & b, and of a & b & c. */
int64_t mlsd__bits_count(const uint64_t *a, const uint64_t *b, const uint64_t *c, int64_t n_words,
                         int64_t *out_in_c);

#endif
