/* large_pages.c - advice about blocks of many megabytes. A page is zeroed when it is first written,
 * and asking for it takes longer than that: of 80 MB there are 20,000 small ones and 40 large. */
#include "base/large_pages.h"

#include <sys/mman.h>

void mlsd__prefer_large_pages(const mlsd__allocator *a, void *pointer, int64_t bytes)
{
#ifdef MADV_HUGEPAGE
    const uintptr_t large = (uintptr_t)1 << 21, from = (uintptr_t)pointer;
    const uintptr_t first = (from + large - 1) / large * large;
    const uintptr_t end = (from + (uintptr_t)bytes) / large * large;
    if (a->alloc == mlsd__libc_allocator.alloc && first < end) {
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE);
    }
#else
    (void)a;
    (void)pointer;
    (void)bytes;
#endif
}
