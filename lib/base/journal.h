/* journal.h - a file of records that only grows: each has a key of 128 bits and a checksum.
 *
 * What was torn or damaged is passed over, so that a process may be killed at any moment and loses
 * no more than the record it was writing. One process writes at a time; others read. The file is 8
 * bytes "MLSDJNL1", then records: u32 magic, u32 payload size, key, payload, u64 XXH3 of all that
 * before it, little-endian. */
#ifndef MLSD_BASE_JOURNAL_H
#define MLSD_BASE_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"
#include "base/scope.h"

typedef struct mlsd__journal mlsd__journal;

typedef struct mlsd__journal_key {
    uint64_t word[2];
} mlsd__journal_key;

/* Open or make it, and find the records that are in it. `under_lock`: this call has it open for
 * writing already, and keeps it open for longer. Errors: MLSD_E_IO; MLSD_E_PARSE for a file that is
 * something else. */
mlsd_status mlsd__journal_open(const mlsd__allocator *a, const char *path, bool under_lock,
                               mlsd__journal **out);
void mlsd__journal_close(mlsd__journal *journal); /* NULL is fine */

/* Of one top-level call: what was opened for writing is counted, because work may stand inside work
 * that is kept, as a search in a fold: it writes under the lock of the outer one. */
void mlsd__journal_count(mlsd__scope *scope, int by);
bool mlsd__journal_is_open(const mlsd__scope *scope);

/* The payload of the last record of that key among those that were there when it was opened; NULL
 * without. Any thread. */
const void *mlsd__journal_find(const mlsd__journal *journal, mlsd__journal_key key,
                               size_t *out_size);
/* Add a record; any thread. Nothing where another process writes, or once a write failed. */
void mlsd__journal_append(mlsd__journal *journal, mlsd__journal_key key, const void *payload,
                          size_t size);

/* Why records are not written: another process writes the file, or a write failed; then the reason
 * is put into the buffer. */
bool mlsd__journal_is_locked(const mlsd__journal *journal);
bool mlsd__journal_failed(const mlsd__journal *journal, char *reason, size_t capacity);

#endif
