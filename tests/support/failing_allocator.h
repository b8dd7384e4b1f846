/* failing_allocator.h - an allocator that counts, fails on command, and knows what is still live.
 */
#ifndef MLSD_TESTS_FAILING_ALLOCATOR_H
#define MLSD_TESTS_FAILING_ALLOCATOR_H

#include <stdatomic.h>
#include <stdint.h>

#include "mlsd/mlsd.h"

typedef struct failing_allocator {
    atomic_llong calls;      /* allocations and growths so far */
    atomic_llong live_bytes; /* not yet given back */
    atomic_llong live_blocks;
    long long fail_at;   /* the call (1-based) that fails; 0 for none */
    int fail_after;      /* 1: every later call fails too */
    atomic_llong failed; /* how many were refused */
} failing_allocator;

void failing_allocator_init(failing_allocator *f, long long fail_at, int fail_after);

/* A context with that allocator, and n_threads threads. Fails the test if it cannot be made while
 * fail_at is 0; otherwise returns NULL when its own allocation was refused. */
mlsd_context *failing_context(failing_allocator *f, int64_t n_threads);

/* Fit a spec on two threads with the first, the second, ... allocation refused, until none is: each
 * fit must say that memory ran out, and give all of it back. */
void assert_refusals_survived(const mlsd_spec *spec, const mlsd_dataset *data);

#endif
