/* memory.h - the one door to memory. Nothing else in lib/ calls malloc, calloc, realloc or free.
 *
 * Every block carries its size in front (so callers need not remember it) and is aligned to 16
 * bytes. Sizes are multiplied here, checked for overflow. */
#ifndef MLSD_BASE_MEMORY_H
#define MLSD_BASE_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"

typedef struct mlsd__allocator {
    mlsd_alloc_fn alloc;
    mlsd_realloc_fn realloc;
    mlsd_free_fn free;
    void *user;
} mlsd__allocator;

/* libc's. */
extern const mlsd__allocator mlsd__libc_allocator;

/* count * size bytes, zeroed; NULL with the message set when memory runs out, sizes overflow or
 * count is negative. count * size == 0 gives a valid, distinct pointer. */
void *mlsd__alloc(const mlsd__allocator *a, int64_t count, size_t size);

/* The same, not zeroed: only where every byte is written before it is read. */
void *mlsd__alloc_raw(const mlsd__allocator *a, int64_t count, size_t size);

/* Grow or shrink to count * size bytes, new bytes not zeroed; NULL leaves the old block. pointer
 * may be NULL. */
void *mlsd__realloc(const mlsd__allocator *a, void *pointer, int64_t count, size_t size);

/* NULL is fine. */
void mlsd__free(const mlsd__allocator *a, void *pointer);

/* A copy of a text or of bytes. */
char *mlsd__strdup(const mlsd__allocator *a, const char *text);
char *mlsd__strndup(const mlsd__allocator *a, const char *text, size_t length);
void *mlsd__memdup(const mlsd__allocator *a, const void *bytes, int64_t count, size_t size);

/* Make room for at least `needed` elements in a growing array: *pointer and *capacity are updated,
 * growth is geometric. */
mlsd_status mlsd__reserve(const mlsd__allocator *a, void **pointer, int64_t *capacity,
                          int64_t needed, size_t size);

/* a * b in *out; MLSD_E_SHAPE with the message where it overflows int64. */
mlsd_status mlsd__mul_size(int64_t a, int64_t b, int64_t *out);

#endif
