/* journal.c - see the header. A record is one write() to a file opened for appending, so records of
 * several threads do not mix, and what the system has taken survives the process. */
#include "base/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "base/file.h"
#include "base/hash.h"

static const char HEADER[8] = "MLSDJNL1";
enum { RECORD_MAGIC = 0x726a6c6d, PREFIX = 24, SUFFIX = 8 };

typedef struct entry {
    size_t offset, size; /* of the payload in the map */
} entry;

struct mlsd__journal {
    mlsd__allocator allocator;
    int file;
    bool under_lock;   /* of the same call: no lock of its own */
    bool is_locked;    /* by another process */
    atomic_int failed; /* errno of the first write that failed */
    mlsd__map map;     /* what was there */
    mlsd__dictionary *keys;
    entry *entries; /* by number of the key */
    int64_t capacity;
};

static uint32_t read_u32(const char *bytes)
{
    uint32_t v;
    memcpy(&v, bytes, sizeof v);
    return v;
}

static uint64_t read_u64(const char *bytes)
{
    uint64_t v;
    memcpy(&v, bytes, sizeof v);
    return v;
}

/* Bytes of the record that begins at `bytes`, 0 where none does. */
static size_t record_at(const char *bytes, size_t left)
{
    if (left < PREFIX + SUFFIX || read_u32(bytes) != RECORD_MAGIC) return 0;
    const size_t size = read_u32(bytes + 4);
    if (size > left - PREFIX - SUFFIX) return 0;
    const size_t body = PREFIX + size;
    return read_u64(bytes + body) == mlsd__hash64(bytes, body, 0) ? body + SUFFIX : 0;
}

static mlsd_status note_record(mlsd__journal *j, size_t at, size_t size)
{
    int32_t number;
    const int64_t n_before = mlsd__dictionary_count(j->keys);
    MLSD__TRY(mlsd__dictionary_intern(j->keys, j->map.data + at + 8, 16, &number));
    if (number == n_before) {
        void *entries = j->entries;
        const mlsd_status status =
            mlsd__reserve(&j->allocator, &entries, &j->capacity, n_before + 1, sizeof *j->entries);
        j->entries = entries;
        MLSD__TRY(status);
    }
    j->entries[number] = (entry){at + PREFIX, size - PREFIX - SUFFIX};
    return MLSD_OK;
}

/* Where bytes are no record, the next one is looked for. */
static mlsd_status find_records(mlsd__journal *j)
{
    size_t at = sizeof HEADER;
    while (at < j->map.size) {
        const size_t size = record_at(j->map.data + at, j->map.size - at);
        if (size == 0) {
            at++;
            continue;
        }
        MLSD__TRY(note_record(j, at, size));
        at += size;
    }
    return MLSD_OK;
}

static void write_all(mlsd__journal *j, const void *bytes, size_t size)
{
    const char *from = bytes;
    struct stat about;
    if (fstat(j->file, &about) == 0 && mlsd__exceeds_size_limit((size_t)about.st_size + size))
        atomic_store(&j->failed, EFBIG);
    while (size > 0 && atomic_load(&j->failed) == 0) {
        const ssize_t n = write(j->file, from, size);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            atomic_store(&j->failed, n < 0 ? errno : ENOSPC);
            return;
        }
        from += n;
        size -= (size_t)n;
    }
}

static mlsd_status read_what_is_there(const char *path, mlsd__journal *j)
{
    struct stat about;
    if (fstat(j->file, &about) != 0)
        return mlsd__fail(MLSD_E_IO, "cannot read the journal '%.200s'", path);
    j->is_locked = !j->under_lock && flock(j->file, LOCK_EX | LOCK_NB) != 0;
    if (S_ISREG(about.st_mode)) MLSD__TRY(mlsd__map_open(&j->map, path));
    const size_t n_known = j->map.size < sizeof HEADER ? j->map.size : sizeof HEADER;
    if (n_known > 0 && memcmp(j->map.data, HEADER, n_known) != 0)
        return mlsd__fail(MLSD_E_PARSE, "'%.200s' is no journal of mlsd; nothing is written to it",
                          path);
    if (!j->is_locked && !j->under_lock) write_all(j, HEADER + n_known, sizeof HEADER - n_known);
    return find_records(j);
}

mlsd_status mlsd__journal_open(const mlsd__allocator *a, const char *path, bool under_lock,
                               mlsd__journal **out)
{
    *out = NULL;
    mlsd__journal *const j = mlsd__alloc(a, 1, sizeof *j);
    if (j == NULL) return MLSD_E_NOMEM;
    j->allocator = *a;
    j->under_lock = under_lock;
    atomic_init(&j->failed, 0);
    mlsd_status status = mlsd__dictionary_new(a, &j->keys);
    j->file = status == MLSD_OK ? open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    if (status == MLSD_OK && j->file < 0)
        status = mlsd__fail(MLSD_E_IO,
                            "cannot open the journal '%.200s'; is its directory there, "
                            "and may it be written?",
                            path);
    if (status == MLSD_OK) status = read_what_is_there(path, j);
    if (status != MLSD_OK) {
        mlsd__journal_close(j);
        return status;
    }
    *out = j;
    return MLSD_OK;
}

void mlsd__journal_close(mlsd__journal *j)
{
    if (j == NULL) return;
    if (j->map.data != NULL) mlsd__map_close(&j->map);
    if (j->file >= 0) {
        if (!j->is_locked && !j->under_lock) (void)fsync(j->file);
        (void)close(j->file); /* and with it the lock */
    }
    mlsd__dictionary_free(j->keys);
    mlsd__free(&j->allocator, j->entries);
    const mlsd__allocator a = j->allocator;
    mlsd__free(&a, j);
}

const void *mlsd__journal_find(const mlsd__journal *j, mlsd__journal_key key, size_t *out_size)
{
    const int32_t number = mlsd__dictionary_find(j->keys, (const char *)key.word, sizeof key.word);
    if (number < 0) return NULL;
    *out_size = j->entries[number].size;
    return j->map.data + j->entries[number].offset;
}

void mlsd__journal_append(mlsd__journal *j, mlsd__journal_key key, const void *payload, size_t size)
{
    if (j->is_locked || atomic_load(&j->failed) != 0 || size > UINT32_MAX - PREFIX - SUFFIX) return;
    const size_t body = PREFIX + size;
    char *const record = mlsd__alloc_raw(&j->allocator, (int64_t)(body + SUFFIX), 1);
    if (record == NULL) return; /* it will be done again */
    const uint32_t head[2] = {RECORD_MAGIC, (uint32_t)size};
    memcpy(record, head, sizeof head);
    memcpy(record + 8, key.word, sizeof key.word);
    if (size > 0) memcpy(record + PREFIX, payload, size);
    const uint64_t check = mlsd__hash64(record, body, 0);
    memcpy(record + body, &check, sizeof check);
    write_all(j, record, body + SUFFIX);
    mlsd__free(&j->allocator, record);
}

bool mlsd__journal_is_locked(const mlsd__journal *j)
{
    return j->is_locked;
}

bool mlsd__journal_failed(const mlsd__journal *j, char *reason, size_t capacity)
{
    const int error = atomic_load(&((mlsd__journal *)(uintptr_t)j)->failed);
    if (error == 0) return false;
    char buffer[128];
    (void)snprintf(reason, capacity, "%s", strerror_r(error, buffer, sizeof buffer));
    return true;
}
