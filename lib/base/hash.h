/* hash.h - hashing (xxHash) and a small open-addressing map from texts to numbers. */
#ifndef MLSD_BASE_HASH_H
#define MLSD_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

/* XXH3, 64 bits. The value is part of file formats: never change the function. */
uint64_t mlsd__hash64(const void *bytes, size_t size, uint64_t seed);

/* A map from texts (any bytes) to their number in order of first appearance: 0, 1, 2, ... Texts are
 * copied into one arena, NUL-terminated, so that at() is a C string. */
typedef struct mlsd__dictionary mlsd__dictionary;

mlsd_status mlsd__dictionary_new(const mlsd__allocator *a, mlsd__dictionary **out);
void mlsd__dictionary_free(mlsd__dictionary *d);
/* Find or add. */
mlsd_status mlsd__dictionary_intern(mlsd__dictionary *d, const char *text, size_t length,
                                    int32_t *out);
/* Find; -1 when it is not there. */
int32_t mlsd__dictionary_find(const mlsd__dictionary *d, const char *text, size_t length);
int64_t mlsd__dictionary_count(const mlsd__dictionary *d);
const char *mlsd__dictionary_at(const mlsd__dictionary *d, int64_t i, size_t *out_length);

#endif
