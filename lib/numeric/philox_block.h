/* philox_block.h - many blocks of the generator of base/random.h at once: the words of
 * mlsd__philox4x32, several counters at a time. */
#ifndef MLSD_NUMERIC_PHILOX_BLOCK_H
#define MLSD_NUMERIC_PHILOX_BLOCK_H

#include <stdint.h>

/* Counters that are worked on together. */
enum { MLSD__PHILOX_LANES = 16 };

/* The blocks of the counters {counter[0] + j, counter[1], counter[2], counter[3]} for j from 0 to
 * n_lanes * MLSD__PHILOX_LANES - 1. Word w of block j goes to out[64 * (j / 16) + 16 * w + j % 16].
 */
void mlsd__philox_block(const uint32_t key[2], const uint32_t counter[4], int64_t n_lanes,
                        uint32_t *out);

#endif
