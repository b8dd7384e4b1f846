/* file.h - whole files: mapped or read, and written so that there is never half a file.
 *
 * A binary file of mlsd is: 8 bytes magic "MLSD\r\n\x1a\n", u32 format version, u32 content tag,
 * u64 payload size, payload, u64 XXH3 of everything before it. Little-endian. Lengths inside the
 * payload are checked against what is left of it before memory is asked for. */
#ifndef MLSD_BASE_FILE_H
#define MLSD_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fail.h"
#include "base/memory.h"

/* Content tags, pinned. */
enum {
    MLSD__FILE_MODEL = 1,
    MLSD__FILE_FOLDS = 2,
    MLSD__FILE_TRAINING = 3,
    MLSD__FILE_SCORECARD = 4,
    MLSD__FILE_POLICY = 5
};
/* Highest format version this library reads and the one it writes. */
enum { MLSD__FILE_FORMAT = 1 };

/* A read-only mapping of a file (an empty file gives size 0). Errors name the path and the reason:
 * MLSD_E_IO for a missing file, a directory, no permission. */
typedef struct mlsd__map {
    const char *data;
    size_t size;
} mlsd__map;
mlsd_status mlsd__map_open(mlsd__map *map, const char *path);
void mlsd__map_close(mlsd__map *map);

/* Write beside `path`, flush (fsync), rename over it, fsync the directory; on failure the temporary
 * file is removed and what stood at `path` stays. A path that is not a regular file (/dev/full) is
 * written directly. */
mlsd_status mlsd__file_write(const mlsd__allocator *a, const char *path, const void *bytes,
                             size_t size);

/* Would a file of that size be beyond the process's limit? The kernel then sends SIGXFSZ, which
 * ends programs that do not expect it. */
bool mlsd__exceeds_size_limit(size_t size);

/* Put numbers into a growing buffer; the first failure sticks in `status`. */
typedef struct mlsd__writer {
    const mlsd__allocator *allocator;
    unsigned char *data;
    int64_t size, capacity;
    mlsd_status status;
} mlsd__writer;
void mlsd__writer_init(mlsd__writer *w, const mlsd__allocator *a);
void mlsd__writer_free(mlsd__writer *w);
void mlsd__put_u32(mlsd__writer *w, uint32_t v);
void mlsd__put_i64(mlsd__writer *w, int64_t v);
void mlsd__put_f64(mlsd__writer *w, double v);
void mlsd__put_f64s(mlsd__writer *w, const double *v, int64_t n); /* count first */
void mlsd__put_i64s(mlsd__writer *w, const int64_t *v, int64_t n);
void mlsd__put_str(mlsd__writer *w,
                   const char *text); /* length first; NULL is kept apart from "" */
void mlsd__put_bytes(mlsd__writer *w, const void *bytes, size_t n);

/* Take them out again. A reader that runs short or finds a bad length fails once with
 * MLSD_E_CORRUPT
 * ("status"), and gives zeros and NULLs from then on. */
typedef struct mlsd__reader {
    const mlsd__allocator *allocator;
    const unsigned char *data;
    size_t size, position;
    mlsd_status status;
} mlsd__reader;
void mlsd__reader_init(mlsd__reader *r, const mlsd__allocator *a, const void *data, size_t size);
uint32_t mlsd__take_u32(mlsd__reader *r);
int64_t mlsd__take_i64(mlsd__reader *r);
double mlsd__take_f64(mlsd__reader *r);
double *mlsd__take_f64s(mlsd__reader *r, int64_t *n); /* the caller's, by mlsd__free */
int64_t *mlsd__take_i64s(mlsd__reader *r, int64_t *n);
char *mlsd__take_str(mlsd__reader *r); /* the caller's; NULL where NULL was put */
/* A count that must be in [0, max]; otherwise the reader fails. */
int64_t mlsd__take_count(mlsd__reader *r, int64_t max);

/* Wrap a payload into the container, and check and unwrap it: *payload points into `bytes`.
 * Errors of unwrap: MLSD_E_PARSE (not ours, other content), MLSD_E_VERSION, MLSD_E_CORRUPT. */
mlsd_status mlsd__container_wrap(mlsd__writer *payload, uint32_t tag, mlsd__writer *out);
mlsd_status mlsd__container_unwrap(const void *bytes, size_t size, uint32_t tag,
                                   const unsigned char **payload, size_t *payload_size);

#endif
