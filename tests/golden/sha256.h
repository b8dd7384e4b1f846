/* sha256.h - SHA-256 (FIPS 180-4), for the golden table: a sum that people can check with any tool.
 * The library does not need it. */
#ifndef MLSD_TESTS_SHA256_H
#define MLSD_TESTS_SHA256_H

#include <stddef.h>
#include <stdint.h>

typedef struct sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    unsigned char block[64];
} sha256;

void sha256_init(sha256 *s);
void sha256_add(sha256 *s, const void *bytes, size_t n);
/* 64 hexadecimal digits and a NUL. */
void sha256_finish(sha256 *s, char out[65]);

/* 1 when the examples of FIPS 180-4 come out right. */
int sha256_works(void);

#endif
