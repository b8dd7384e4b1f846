/* memory.c - the one door to memory. The size of a block stands in front of it, so that the
 * caller's allocator is told on free and realloc what it was asked for. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/fail.h"

/* Up to this size malloc has blocks of the thread's at hand, which glibc's calloc passes by. */
enum { SMALL_BYTES = 1024 };

typedef struct block_header {
    size_t size; /* of the whole block, header included */
    size_t unused;
} block_header;

_Static_assert(sizeof(block_header) == 16, "blocks keep malloc's alignment");

static void *libc_alloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void *libc_realloc(void *pointer, size_t old_size, size_t size, void *user)
{
    (void)old_size;
    (void)user;
    return realloc(pointer, size);
}

static void libc_free(void *pointer, size_t size, void *user)
{
    (void)size;
    (void)user;
    free(pointer);
}

const mlsd__allocator mlsd__libc_allocator = {libc_alloc, libc_realloc, libc_free, NULL};

/* Bytes of a block for count * size, 0 when they cannot be expressed. */
static size_t block_bytes(int64_t count, size_t size)
{
    size_t bytes;
    if (count < 0 || __builtin_mul_overflow((size_t)count, size, &bytes)) return 0;
    if (bytes > (size_t)PTRDIFF_MAX - sizeof(block_header)) return 0;
    return bytes + sizeof(block_header);
}

static void *fail_null(void)
{
    (void)mlsd__fail_nomem();
    return NULL;
}

static void *open_block(block_header *header, size_t bytes)
{
    if (header == NULL) return fail_null();
    header->size = bytes;
    return header + 1;
}

void *mlsd__alloc_raw(const mlsd__allocator *a, int64_t count, size_t size)
{
    const size_t bytes = block_bytes(count, size);
    return bytes == 0 ? fail_null() : open_block(a->alloc(bytes, a->user), bytes);
}

void *mlsd__alloc(const mlsd__allocator *a, int64_t count, size_t size)
{
    const size_t bytes = block_bytes(count, size);
    if (bytes == 0) return fail_null();
    /* The system gives large blocks zeroed already; calloc knows. */
    if (a->alloc == libc_alloc && bytes > SMALL_BYTES) return open_block(calloc(1, bytes), bytes);
    void *pointer = open_block(a->alloc(bytes, a->user), bytes);
    if (pointer != NULL) memset(pointer, 0, bytes - sizeof(block_header));
    return pointer;
}

void *mlsd__realloc(const mlsd__allocator *a, void *pointer, int64_t count, size_t size)
{
    if (pointer == NULL) return mlsd__alloc_raw(a, count, size);
    const size_t bytes = block_bytes(count, size);
    if (bytes == 0) return fail_null();
    block_header *header = (block_header *)pointer - 1;
    return open_block(a->realloc(header, header->size, bytes, a->user), bytes);
}

void mlsd__free(const mlsd__allocator *a, void *pointer)
{
    if (pointer == NULL) return;
    block_header *header = (block_header *)pointer - 1;
    a->free(header, header->size, a->user);
}

char *mlsd__strndup(const mlsd__allocator *a, const char *text, size_t length)
{
    char *copy = mlsd__alloc_raw(a, (int64_t)length + 1, 1);
    if (copy == NULL) return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *mlsd__strdup(const mlsd__allocator *a, const char *text)
{
    return mlsd__strndup(a, text, strlen(text));
}

void *mlsd__memdup(const mlsd__allocator *a, const void *bytes, int64_t count, size_t size)
{
    void *copy = mlsd__alloc_raw(a, count, size);
    if (copy != NULL && count > 0) memcpy(copy, bytes, (size_t)count * size);
    return copy;
}

mlsd_status mlsd__reserve(const mlsd__allocator *a, void **pointer, int64_t *capacity,
                          int64_t needed, size_t size)
{
    if (needed <= *capacity) return MLSD_OK;
    int64_t wanted = *capacity < 8 ? 8 : *capacity;
    while (wanted < needed) {
        if (wanted > INT64_MAX / 2) return mlsd__fail_nomem();
        wanted += wanted / 2;
    }
    void *grown = mlsd__realloc(a, *pointer, wanted, size);
    if (grown == NULL) return MLSD_E_NOMEM;
    *pointer = grown;
    *capacity = wanted;
    return MLSD_OK;
}

mlsd_status mlsd__mul_size(int64_t a, int64_t b, int64_t *out)
{
    if (a < 0 || b < 0 || __builtin_mul_overflow(a, b, out)) {
        *out = 0;
        return mlsd__fail(MLSD_E_SHAPE, "a size of %lld x %lld is too large", (long long)a,
                          (long long)b);
    }
    return MLSD_OK;
}
