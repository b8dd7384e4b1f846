/* large_pages.h - advice about blocks of many megabytes. */
#ifndef MLSD_BASE_LARGE_PAGES_H
#define MLSD_BASE_LARGE_PAGES_H

#include "base/memory.h"

/* A block of so many bytes, just made, will be written whole: where the system has large pages it
 * may be given them, so that its first writing costs less. Nothing for a caller's own allocator. */
void mlsd__prefer_large_pages(const mlsd__allocator *a, void *pointer, int64_t bytes);

#endif
