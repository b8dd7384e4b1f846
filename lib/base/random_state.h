/* random_state.h - what the caller's generator is made of. */
#ifndef MLSD_BASE_RANDOM_STATE_H
#define MLSD_BASE_RANDOM_STATE_H

#include "mlsd/random.h"
#include "base/memory.h"
#include "base/mt19937.h"

struct mlsd_random_state {
    uint64_t magic;
    mlsd__allocator allocator;
    mlsd__mt19937 mt;
};

#endif
