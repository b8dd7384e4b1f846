/* handle.h - the magic word that starts every object, so that most misuse from C and ctypes ends in
 * a message instead of a crash. Best effort: memory that was given back may hold anything. */
#ifndef MLSD_BASE_HANDLE_H
#define MLSD_BASE_HANDLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"

/* Written over the magic before an object is given back. */
#define MLSD__DEAD_MAGIC UINT64_C(0xdeaddeaddeaddead)

#define MLSD__MAGIC_CONTEXT UINT64_C(0x6d6c7364636f6e74)
#define MLSD__MAGIC_SPEC UINT64_C(0x6d6c736473706563)
#define MLSD__MAGIC_TABLE UINT64_C(0x6d6c736474626c65)
#define MLSD__MAGIC_DATASET UINT64_C(0x6d6c736464617461)
#define MLSD__MAGIC_FOLDS UINT64_C(0x6d6c7364666f6c64)
#define MLSD__MAGIC_RANDOM_STATE UINT64_C(0x6d6c736472616e64)
#define MLSD__MAGIC_CURVE UINT64_C(0x6d6c736463757276)
#define MLSD__MAGIC_MODEL UINT64_C(0x6d6c73646d6f646c)
#define MLSD__MAGIC_CUSTOM UINT64_C(0x6d6c736463757374)
#define MLSD__MAGIC_SUITE UINT64_C(0x6d6c736473756974)
#define MLSD__MAGIC_RESULT UINT64_C(0x6d6c736472736c74)
#define MLSD__MAGIC_POLICY UINT64_C(0x6d6c7364706f6c69)
#define MLSD__MAGIC_POISSON_BOOTSTRAP UINT64_C(0x6d6c736470627374)
#define MLSD__MAGIC_SCORECARD UINT64_C(0x6d6c736473637264)

/* Is it an object of that type? `handle` points to a struct whose first member is the magic. */
#define MLSD__IS_LIVE(handle, magic_) \
    ((handle) != NULL && *(const uint64_t *)(const void *)(handle) == (magic_))

/* Return MLSD_E_ARG from the calling function unless it is; `noun` is "model", "spec", ... */
#define MLSD__REQUIRE_LIVE(handle, magic_, noun)                                         \
    do {                                                                                 \
        if ((handle) == NULL) return mlsd__fail(MLSD_E_ARG, "the " noun " is NULL");     \
        if (!MLSD__IS_LIVE(handle, magic_))                                              \
            return mlsd__fail(MLSD_E_ARG, "the pointer given is not a live mlsd_" noun); \
    } while (0)

#endif
