/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/context.h - threads, memory, log, progress and cancelling for the calls that are given it.
 *
 * Wherever a context is asked for, NULL means: one thread for each allowed CPU, libc's memory,
 * silent. A context is configured by one thread and may then be shared by many. Objects made with a
 * context remember its allocator, not the context, so it may be freed before them.
 *
 * mlsd never prints, never exits, owns no thread and no lock between calls, so a fork between calls
 * is safe. One thing of the process it does touch: while a call runs, OpenBLAS's own threading is
 * held at one (mlsd's threads call it on blocks), and put back after the last call that is under
 * way. The context parameter `hold_blas` = 0 turns that off.
 */
#ifndef MLSD_CONTEXT_H
#define MLSD_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_context mlsd_context;
typedef struct mlsd_event mlsd_event; /* valid during the callback only */

/* Memory callbacks. Sizes are bytes and never 0; alignment as malloc's. `old_size` and `size` are
 * what was asked for. May be called from several threads at once. */
typedef void *(*mlsd_alloc_fn)(size_t size, void *user);
typedef void *(*mlsd_realloc_fn)(void *pointer, size_t old_size, size_t size, void *user);
typedef void (*mlsd_free_fn)(void *pointer, size_t size, void *user);

typedef int32_t mlsd_log_level;
enum { MLSD_LOG_ERROR = 1, MLSD_LOG_WARNING = 2, MLSD_LOG_INFO = 3, MLSD_LOG_DEBUG = 4 };

/* One whole line without newline, UTF-8. Called on the thread that entered mlsd. */
typedef void (*mlsd_log_fn)(mlsd_log_level level, const char *line, void *user);

/* Return 0 to go on. Anything else stops the call with MLSD_E_CANCELLED, or with the value itself
 * where it is MLSD_E_USER or less. Called on the thread that entered mlsd, no lock held, about
 * twenty times a second. */
typedef int (*mlsd_progress_fn)(const mlsd_event *event, void *user);

/* Make a context with the defaults. Since 0.1. */
MLSD_API mlsd_status mlsd_context_new(mlsd_context **out);

/* The same with the caller's allocator; the four are used together and must outlive every object
 * that was made with the context. Errors: MLSD_E_ARG for a NULL function. Since 0.1. */
MLSD_API mlsd_status mlsd_context_new_with_allocator(mlsd_alloc_fn alloc_fn,
                                                     mlsd_realloc_fn realloc_fn,
                                                     mlsd_free_fn free_fn, void *user,
                                                     mlsd_context **out);

/* End a context; NULL is fine. No call may be using it. Since 0.1. */
MLSD_API void mlsd_context_free(mlsd_context *context);

/* Set or get a parameter of kind "context" (mlsd_kind_find("context") lists them): `n_threads`
 * (0: one for each allowed CPU), `hold_blas`; results do not depend on these two. `audit` (0: a
 * cross-validation is not audited, see mlsd/audit.h). `fast_paths` (0: cross-validation fits,
 * predicts and scores one by one, and shares no work between settings and folds; scores are the
 * same to 1e-10 or better, and results say under "plan" what was shared). Errors:
 * MLSD_E_PARAM_UNKNOWN, MLSD_E_PARAM_TYPE, MLSD_E_PARAM_RANGE. Since 0.1. */
MLSD_API mlsd_status mlsd_context_set_i64(mlsd_context *context, const char *name, int64_t value);
MLSD_API mlsd_status mlsd_context_get_i64(const mlsd_context *context, const char *name,
                                          int64_t *out);

/* The same for parameters that are words: `numerics` = "fast" (OpenBLAS and LAPACK: the same bytes
 * for any number of threads on one machine) or "exact" (own kernels in a fixed order: the same
 * bytes on every machine, at up to twice the time). It holds for every call that is given the
 * context, for fitting and for predicting. `journal` = the path of a file that keeps what
 * cross-validations and searches finished, so that the same work, started again, goes on from there
 * (docs/validation.md). `looks` = the path of a file that keeps which experiments looked at which
 * test part, for "test.looks" of mlsd_experiment_run. `checkpoint` = the path of a file that keeps
 * the state of a training by epochs, written (and flushed, and renamed into place) every
 * `checkpoint_every` epochs: mlsd_model_fit with the same spec, data and versions goes on from it
 * and ends in the same bytes, also after the process was killed; a finished one gives its model at
 * once. It is for one fit: those inside cross-validations and searches write none. *out belongs to
 * the library. Errors as above. Since 0.1. */
MLSD_API mlsd_status mlsd_context_set_str(mlsd_context *context, const char *name,
                                          const char *value);
MLSD_API mlsd_status mlsd_context_get_str(const mlsd_context *context, const char *name,
                                          const char **out);

/* Hear messages of `level` and below; fn NULL for silence. user_free (may be NULL) is called once
 * with user when it is replaced or the context ends. Since 0.1. */
MLSD_API mlsd_status mlsd_context_set_log(mlsd_context *context, mlsd_log_level level,
                                          mlsd_log_fn fn, void *user, mlsd_release_fn user_free);

/* Hear how far a long call is, and be able to stop it; fn NULL for none. user_free as above.
 * Since 0.1. */
MLSD_API mlsd_status mlsd_context_set_progress(mlsd_context *context, mlsd_progress_fn fn,
                                               void *user, mlsd_release_fn user_free);

/* Ask every call that uses this context to stop with MLSD_E_CANCELLED, now and later, until
 * mlsd_context_reset. May be called from any thread and from a signal handler. Since 0.1. */
MLSD_API void mlsd_context_cancel(const mlsd_context *context);

/* Forget a cancel. Since 0.1. */
MLSD_API void mlsd_context_reset(mlsd_context *context);

/* What the call is doing, such as "cross-validate"; valid during the callback. Since 0.1. */
MLSD_API const char *mlsd_event_stage(const mlsd_event *event);

/* Units of work done in this stage, and in all; all is 0 while it is not known. Since 0.1. */
MLSD_API int64_t mlsd_event_done(const mlsd_event *event);
MLSD_API int64_t mlsd_event_total(const mlsd_event *event);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_CONTEXT_H */
