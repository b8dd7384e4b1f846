/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/status.h - what a call returns, and the message of the last failure.
 *
 * Conventions of every header of mlsd, said once:
 *  - A function that can fail returns an mlsd_status: 0 is the only success, failures are negative.
 *  - `const T *` arguments are borrowed for the call. `T **out` receives an object that the caller
 *    ends with T's _free; on failure *out is NULL. A `const T *` that is returned belongs to the
 *    receiver and lives as long as it does.
 *  - Text into a caller's buffer, `(char *buf, int64_t capacity, int64_t *out_length)`: *out_length
 *    (may be NULL) becomes the length without the terminating NUL. With buf NULL and capacity 0
 *    only the length is asked for. A buffer that is too small is MLSD_E_BUFFER, and is left empty.
 *  - A `const` handle may be used by any number of threads at once, another by one at a time.
 *  - Counts and indices are int64_t and start at 0. Missing values are NaN.
 *  - Besides the errors that are listed, every call that allocates may return MLSD_E_NOMEM, and
 *    every call that takes a pointer MLSD_E_ARG when it is NULL or not a live handle.
 */
#ifndef MLSD_STATUS_H
#define MLSD_STATUS_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Values are pinned for ever: never reused, never renumbered. */
typedef int32_t mlsd_status;
enum {
    MLSD_OK = 0,

    MLSD_E_NOMEM = -1,       /* memory ran out; nothing was changed */
    MLSD_E_ARG = -2,         /* the caller's mistake: NULL, dead handle, bad size or index */
    MLSD_E_CANCELLED = -3,   /* mlsd_context_cancel or a callback asked to stop */
    MLSD_E_BUFFER = -4,      /* the caller's buffer is too small */
    MLSD_E_UNSUPPORTED = -5, /* this kind of object cannot do that */
    MLSD_E_INTERNAL = -6,    /* a defect of mlsd: please report it */
    MLSD_E_THREAD = -7,      /* the system refuses a lock or a thread */

    MLSD_E_KIND = -20,           /* no kind of that name */
    MLSD_E_PARAM_UNKNOWN = -21,  /* no parameter of that name */
    MLSD_E_PARAM_TYPE = -22,     /* the parameter has another type */
    MLSD_E_PARAM_RANGE = -23,    /* the value is out of bounds or not a choice */
    MLSD_E_PARAM_CONFLICT = -24, /* two parameters contradict each other */
    MLSD_E_CHILD = -25,          /* a child spec is missing, misplaced or named twice */

    MLSD_E_DATA = -40,   /* the values cannot be used: NaN, one class, an empty fold, ... */
    MLSD_E_SHAPE = -41,  /* sizes do not fit together */
    MLSD_E_COLUMN = -42, /* no column of that name */
    MLSD_E_TYPE = -43,   /* the column or matrix has another type */

    MLSD_E_NUMERIC = -60, /* the computation broke down: not positive definite, overflow */

    MLSD_E_IO = -80,      /* the system refuses to read or write */
    MLSD_E_PARSE = -81,   /* the text or file is not well formed */
    MLSD_E_CORRUPT = -82, /* the checksum or a length inside the file is wrong */
    MLSD_E_VERSION = -83, /* the file is newer than this library */

    MLSD_E_USER = -1000 /* never made by mlsd; a callback may return it (or less) to get it back */
};

/* The message of the last failure on the calling thread, "" before the first. One line, lower case,
 * names the culprit. Valid until the next failing call on this thread. Since 0.1. */
MLSD_API const char *mlsd_last_error(void);

/* For callbacks: make `message` (UTF-8, one line) the calling thread's last error, and return
 * `status`. NULL is "". Since 0.1. */
MLSD_API mlsd_status mlsd_error_set(mlsd_status status, const char *message);

/* The constant's name, such as "MLSD_E_DATA"; "MLSD_E_USER" at and below -1000, "unknown status"
 * otherwise. Static. Since 0.1. */
MLSD_API const char *mlsd_status_name(mlsd_status status);

/* What the status means, in a few words. Static. Since 0.1. */
MLSD_API const char *mlsd_status_doc(mlsd_status status);

/* How many statuses there are, MLSD_OK and MLSD_E_USER included. Since 0.1. */
MLSD_API int64_t mlsd_status_count(void);

/* The i-th status, i in [0, mlsd_status_count()); MLSD_E_ARG for another i. Since 0.1. */
MLSD_API mlsd_status mlsd_status_at(int64_t i);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_STATUS_H */
