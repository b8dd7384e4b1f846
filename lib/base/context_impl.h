/* context_impl.h - what a context is made of. */
#ifndef MLSD_BASE_CONTEXT_IMPL_H
#define MLSD_BASE_CONTEXT_IMPL_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/kindtable.h"
#include "base/memory.h"
#include "mlsd/context.h"

/* The parameters of kind "context". */
typedef struct mlsd__context_params {
    int64_t n_threads, hold_blas, audit, numerics, fast_paths;
    char *journal, *looks, *checkpoint;
    int64_t checkpoint_every;
} mlsd__context_params;

struct mlsd_context {
    uint64_t magic;
    mlsd__allocator allocator;
    atomic_int cancelled; /* the one member that is written behind a const pointer */
    mlsd_spec *params;
    const mlsd_kind **kinds; /* estimators of the user's, by name; retained */
    int64_t n_kinds, kinds_capacity;
    mlsd_log_level log_level;
    mlsd_log_fn log_fn;
    void *log_user;
    mlsd_release_fn log_user_free;
    mlsd_progress_fn progress_fn;
    void *progress_user;
    mlsd_release_fn progress_user_free;
};

/* A kind of the table, or one that the context was given; NULL with the message without. */
const mlsd_kind *mlsd__context_find_kind(const mlsd_context *context, const char *name);
/* Let the context know a kind by name; in place of another one of that name. */
mlsd_status mlsd__context_add_kind(mlsd_context *context, const mlsd_kind *kind);

struct mlsd_event {
    const char *stage;
    int64_t done, total;
};

#endif
