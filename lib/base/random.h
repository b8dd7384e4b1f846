/* random.h - counter-based random streams: Philox4x32-10.
 *
 * A stream is named by (seed, a, b, c, purpose), so what a task draws depends on what it is, never
 * on when or where it runs. Source: Salmon, Moraes, Dror & Shaw (2011), "Parallel random numbers:
 * as easy as 1, 2, 3", SC'11, section 3.3. Checked against Random123's known-answer vectors. */
#ifndef MLSD_BASE_RANDOM_H
#define MLSD_BASE_RANDOM_H

#include <stdint.h>

/* Purposes keep streams of one fit apart. Values are part of the results' definition. */
enum {
    MLSD__PURPOSE_SHUFFLE = 1,
    MLSD__PURPOSE_INIT = 2,
    MLSD__PURPOSE_BOOTSTRAP = 3,
    MLSD__PURPOSE_SPLIT = 4,
    MLSD__PURPOSE_SUBSAMPLE = 5,
    MLSD__PURPOSE_SEARCH = 6,
    MLSD__PURPOSE_RESAMPLE = 7,
    MLSD__PURPOSE_AUGMENT = 16,
    MLSD__PURPOSE_DROPOUT = 20,
    MLSD__PURPOSE_NOISE = 21,
    MLSD__PURPOSE_MIXUP = 22
};

typedef struct mlsd__stream {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int32_t n_left; /* unread words of block */
} mlsd__stream;

/* One block: the bare generator. */
void mlsd__philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Start a stream: the five numbers are mixed (splitmix64 finaliser) into key and counter. */
void mlsd__stream_init(mlsd__stream *stream, uint64_t seed, uint64_t a, uint64_t b, uint64_t c,
                       uint32_t purpose);

uint32_t mlsd__stream_u32(mlsd__stream *stream);
uint64_t mlsd__stream_u64(mlsd__stream *stream);  /* first word is the high half */
double mlsd__stream_double(mlsd__stream *stream); /* [0, 1), 53 bits */
double mlsd__stream_normal(mlsd__stream *stream); /* polar method, without libm but log/sqrt:
                                                     implemented in numeric/normal_stream.c */
uint64_t mlsd__stream_below(mlsd__stream *stream, uint64_t n); /* [0, n), unbiased, n >= 1 */

/* Fisher-Yates from the end down. */
void mlsd__stream_shuffle(mlsd__stream *stream, int64_t *values, int64_t n);

#endif
