/* scope.h - one top-level call: its context, its threads, its progress, its cancelling.
 *
 * A public function opens a scope, works, and closes it. Threads are created at the first parallel
 * region of the scope that has more than one task, are reused by the later ones, and are joined
 * when it closes; so mlsd owns no thread between calls. A task of a parallel region is given a
 * serial scope of its own. Work is cut by data, never by the number of threads, and reductions run
 * in task order: that is why results do not depend on n_threads. */
#ifndef MLSD_BASE_SCOPE_H
#define MLSD_BASE_SCOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "base/fail.h"
#include "base/memory.h"

/* Rows in a block of every blocked loop over rows. Part of the results' definition: changing it
 * changes bits. */
enum { MLSD__BLOCK_ROWS = 1024 };

/* What adds up: OpenBLAS, or own kernels with the same bytes everywhere (numeric/exact.h). */
typedef enum mlsd__numerics { MLSD__FAST, MLSD__EXACT } mlsd__numerics;

typedef struct mlsd__call mlsd__call; /* shared by all scopes of one top-level call */

typedef struct mlsd__scope {
    mlsd__call *call;
    const mlsd__allocator *allocator; /* the context's; thread-safe by contract */
    struct mlsd__team *team;          /* NULL: serial */
    int32_t n_threads;                /* threads that a region may use, >= 1 */
    int32_t worker;                   /* 0 .. n_threads-1 of the region this scope belongs to */
    int32_t stage_depth;              /* 1: the stage that is shown, deeper ones are not */
    bool on_entry_thread;             /* callbacks may run here */
    mlsd__numerics outer;             /* what the thread computed with before */
    void (*on_close)(struct mlsd__scope *scope); /* set by lib/numeric to give OpenBLAS back */
} mlsd__scope;

/* Open and close the scope of a top-level call; context NULL for the defaults. A cancelled context
 * fails with MLSD_E_CANCELLED. On failure there is nothing to close. */
mlsd_status mlsd__scope_open(mlsd__scope *scope, const mlsd_context *context);
void mlsd__scope_close(mlsd__scope *scope);

/* The allocator of a context, NULL for libc's. Valid as long as the context: copy it into objects.
 */
const mlsd__allocator *mlsd__context_allocator(const mlsd_context *context);

/* Whether the context wants OpenBLAS's threads held. */
bool mlsd__scope_holds_blas(const mlsd__scope *scope);

/* Whether the context wants cross-validation to be audited. */
bool mlsd__scope_audits(const mlsd__scope *scope);

/* Whether the context lets work be shared between settings and folds. */
bool mlsd__scope_has_fast_paths(const mlsd__scope *scope);

/* What this thread computes with: its innermost open scope's context says so, and the threads of a
 * parallel region follow the scope that made them. Blocks of rows have no scope, hence by thread.
 */
mlsd__numerics mlsd__thread_numerics(void);
/* For a call so short that it opens no scope: sets what the context wants and returns what was
 * there, to be put back. */
mlsd__numerics mlsd__numerics_enter(const mlsd_context *context);
void mlsd__numerics_leave(mlsd__numerics outer);

/* The file where the context wants finished fits kept; NULL for none. */
const char *mlsd__scope_journal(const mlsd__scope *scope);

/* The file where the state of a training is kept, and after how many epochs; NULL for none. */
const char *mlsd__scope_checkpoint(const mlsd__scope *scope, int64_t *out_every);

/* The file where looks at test parts are kept; NULL for none. */
const char *mlsd__scope_looks(const mlsd__scope *scope);

/* Call it in every loop that may take longer than some milliseconds: MLSD_E_CANCELLED once a
 * cancel was asked for; on the entry thread it also runs the progress callback when it is due.
 * Costs about a nanosecond. */
mlsd_status mlsd__checkpoint(mlsd__scope *scope);

/* Name the stage and its number of units (0: unknown); `done` goes back to 0. `stage` is static.
 * Stages nest, and only the outermost is shown: a fit that names its own stage may be called inside
 * cross-validation without disturbing its count. Every begin has its end, also on failure. */
void mlsd__stage_begin(mlsd__scope *scope, const char *stage, int64_t total);
void mlsd__stage_end(mlsd__scope *scope);
/* One or more units of the stage that this scope began (or whose task it is) are done; any thread.
 */
void mlsd__stage_advance(mlsd__scope *scope, int64_t units);

/* Send a whole line to the context's log when `level` is heard; only on the entry thread, silently
 * dropped elsewhere. */
void mlsd__log_line(mlsd__scope *scope, mlsd_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Run tasks 0 .. n_tasks-1, each exactly once, on the scope's threads; the calling thread works
 * too. Returns the status of the failing task of the lowest number, with its message. `fn` gets a
 * serial scope whose `worker` < scope->n_threads picks per-thread scratch. */
typedef mlsd_status (*mlsd__task_fn)(void *arg, int64_t task, mlsd__scope *scope);
mlsd_status mlsd__parallel_for(mlsd__scope *scope, int64_t n_tasks, mlsd__task_fn fn, void *arg);

/* The scope of work that is done on this thread alone, within a scope: it needs no closing. */
mlsd__scope mlsd__scope_serial(const mlsd__scope *scope);

/* Run fn(arg) on the thread that entered mlsd: at once where the caller is that thread, otherwise
 * (in a task, on a thread of ours) as soon as it reaches a checkpoint or waits for the others. This
 * is how callbacks of the user are called from anywhere. Returns what fn returned, with its
 * message. Once the call is cancelled fn is not run any more, and MLSD_E_CANCELLED returned, unless
 * `always`.
 */
typedef mlsd_status (*mlsd__entry_fn)(void *arg);
mlsd_status mlsd__on_entry_thread(mlsd__entry_fn fn, void *arg, bool always);

/* Number of blocks of MLSD__BLOCK_ROWS rows, and the rows of block b. */
int64_t mlsd__n_blocks(int64_t n_rows);
void mlsd__block_range(int64_t n_rows, int64_t block, int64_t *first, int64_t *n);

/* Monotonic seconds, for timings and nothing else. */
double mlsd__seconds(void);

#endif
