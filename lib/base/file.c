/* file.c - whole files: mapping, replacing, and the checked container of mlsd's binary files.
 * Invariant: until the rename, what stood at the target is untouched; and no length read from a
 * file reaches an allocation before it was held against the bytes that are really there. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"

/* ---- errors ---- */

/* "cannot <verb> '<path>': <reason>". Of a very long path the end is shown, so that the reason
 * still fits into the message. */
static mlsd_status fail_path(const char *verb, const char *path, int error)
{
    enum { LONGEST_SHOWN = 300 };
    const size_t length = strlen(path);
    const char *shown = path;
    if (length > LONGEST_SHOWN) {
        shown = path + length - LONGEST_SHOWN;
        while (((unsigned char)*shown & 0xc0) == 0x80) shown++;
    }
    char buffer[128];
    const char *const reason = strerror_r(error, buffer, sizeof buffer);
    return mlsd__fail(MLSD_E_IO, "cannot %s '%s%s': %s", verb, shown == path ? "" : "...", shown,
                      reason);
}

static mlsd_status check_path(const char *path)
{
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    MLSD__REQUIRE(path[0] != '\0', "the path is empty");
    return MLSD_OK;
}

static int open_again(int directory, const char *path, int flags, mode_t mode)
{
    int fd;
    do fd = openat(directory, path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* ---- mapping ---- */

static size_t page_round_up(size_t size)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

static void *map_anonymous(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Read to the end of a pipe, or of a file that cannot be mapped or does not know its size (/proc),
 * into pages of our own, so that closing is the same for both. Returns an errno. */
static int read_into_map(mlsd__map *map, int fd)
{
    size_t capacity = page_round_up(1 << 20), size = 0;
    char *pages = map_anonymous(capacity);
    if (pages == MAP_FAILED) return errno;
    for (;;) {
        const ssize_t n = read(fd, pages + size, capacity - size);
        if (n == 0) break;
        int error = n < 0 ? errno : 0;
        if (error == EINTR) continue;
        if (n > 0) size += (size_t)n;
        if (error == 0 && size == capacity) {
            char *const larger = mremap(pages, capacity, 2 * capacity, MREMAP_MAYMOVE);
            if (larger == MAP_FAILED) {
                error = errno;
            } else {
                pages = larger;
                capacity *= 2;
            }
        }
        if (error != 0) {
            munmap(pages, capacity);
            return error;
        }
    }
    const size_t kept = page_round_up(size);
    if (kept < capacity) munmap(pages + kept, capacity - kept);
    *map = (mlsd__map){.data = size > 0 ? pages : "", .size = size};
    return 0;
}

static int map_descriptor(mlsd__map *map, int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return errno;
    if (S_ISDIR(st.st_mode)) return EISDIR;
    /* A device may never end. */
    if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode)) return EINVAL;
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        void *const data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (data != MAP_FAILED) {
            *map = (mlsd__map){.data = data, .size = (size_t)st.st_size};
            return 0;
        }
        if (errno != ENODEV) return errno;
    }
    return read_into_map(map, fd);
}

mlsd_status mlsd__map_open(mlsd__map *map, const char *path)
{
    *map = (mlsd__map){.data = "", .size = 0};
    MLSD__TRY(check_path(path));
    const int fd = open_again(AT_FDCWD, path, O_RDONLY, 0);
    if (fd < 0) return fail_path("read", path, errno);
    const int error = map_descriptor(map, fd);
    close(fd);
    return error == 0 ? MLSD_OK : fail_path("read", path, error);
}

void mlsd__map_close(mlsd__map *map)
{
    if (map->size > 0) munmap((void *)(uintptr_t)map->data, map->size);
    *map = (mlsd__map){.data = "", .size = 0};
}

/* ---- writing ---- */

/* Write all of it and push it to the disk; an errno. What cannot be flushed (a pipe, /dev/null)
 * says EINVAL or ENOTSUP, and has nothing to flush. */
static int write_all(int fd, const void *bytes, size_t size)
{
    enum { LARGEST_WRITE = 1 << 30 };
    const char *const data = bytes;
    size_t done = 0;
    while (done < size) {
        const size_t left = size - done;
        const ssize_t n = write(fd, data + done, left < LARGEST_WRITE ? left : LARGEST_WRITE);
        if (n < 0 && errno != EINTR) return errno;
        if (n == 0) return EIO;
        if (n > 0) done += (size_t)n;
    }
    while (fsync(fd) != 0) {
        if (errno == EINTR) continue;
        return errno == EINVAL || errno == ENOTSUP || errno == ENOSYS || errno == EROFS ? 0 : errno;
    }
    return 0;
}

/* A late error of close (quota on a network disk) is an error of writing; after EINTR the
 * descriptor is gone all the same. */
static int close_written(int fd, int error)
{
    const int closed = close(fd);
    if (error != 0) return error;
    return closed != 0 && errno != EINTR ? errno : 0;
}

static int write_directly(const char *path, const void *bytes, size_t size)
{
    const int fd = open_again(AT_FDCWD, path, O_WRONLY, 0);
    if (fd < 0) return errno;
    return close_written(fd, write_all(fd, bytes, size));
}

bool mlsd__exceeds_size_limit(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
           size > limit.rlim_cur;
}

enum { TEMPORARY_CAPACITY = 32 };

/* Make a file that is nobody else's in the directory. O_EXCL makes the name unique; process, thread
 * (by its stack), time and attempt only make a second try unlikely. */
static int open_temporary(int directory, mode_t mode, char name[TEMPORARY_CAPACITY])
{
    for (uint64_t attempt = 0; attempt < 100; attempt++) {
        struct timespec now = {0};
        clock_gettime(CLOCK_MONOTONIC, &now);
        const uint64_t parts[] = {(uint64_t)getpid(), (uint64_t)(uintptr_t)&now,
                                  (uint64_t)now.tv_sec, (uint64_t)now.tv_nsec, attempt};
        snprintf(name, TEMPORARY_CAPACITY, ".mlsd-%016llx.tmp",
                 (unsigned long long)mlsd__hash64(parts, sizeof parts, 0));
        const int fd = open_again(directory, name, O_WRONLY | O_CREAT | O_EXCL, mode);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    errno = EEXIST;
    return -1;
}

/* The directory of the target, by a descriptor of its own: renaming it meanwhile does no harm. One
 * that may not be listed is still good for writing, but cannot be flushed. */
static int open_directory_of(const char *target, const char **base, bool *can_flush)
{
    char parent[PATH_MAX];
    const char *const slash = strrchr(target, '/');
    *base = slash == NULL ? target : slash + 1;
    size_t length = slash == NULL ? 0 : (size_t)(slash - target);
    if (length >= sizeof parent) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(parent, target, length);
    if (length == 0) parent[length++] = slash == NULL ? '.' : '/';
    parent[length] = '\0';
    *can_flush = true;
    const int fd = open_again(AT_FDCWD, parent, O_RDONLY | O_DIRECTORY, 0);
    if (fd >= 0 || errno != EACCES) return fd;
    *can_flush = false;
    return open_again(AT_FDCWD, parent, O_PATH | O_DIRECTORY, 0);
}

/* `old` is what stands at the target, NULL for nothing. Only the flush of the directory can fail
 * after the rename: then the new file stands, but may not survive a power cut. */
static int replace_file(const char *target, const struct stat *old, const void *bytes, size_t size)
{
    const char *base;
    bool can_flush;
    const int directory = open_directory_of(target, &base, &can_flush);
    if (directory < 0) return errno;

    char name[TEMPORARY_CAPACITY];
    int error = 0;
    const int fd = open_temporary(directory, 0666, name);
    if (fd < 0) {
        error = errno;
        goto out;
    }
    error = write_all(fd, bytes, size);
    /* The new file stays as private or as public as the old one; file systems without modes refuse.
     */
    if (error == 0 && old != NULL && fchmod(fd, old->st_mode & 0777) != 0 && errno != EPERM)
        error = errno;
    error = close_written(fd, error);
    if (error == 0 && renameat(directory, name, directory, base) != 0) error = errno;
    if (error != 0) {
        unlinkat(directory, name, 0);
        goto out;
    }
    if (can_flush && fsync(directory) != 0 && errno == EIO) error = EIO;
out:
    close(directory);
    return error;
}

/* Follow links by hand, so that a link stays one and the file it points to, which need not exist
 * yet, is replaced; an errno. */
static int resolve_links(const char *path, char target[PATH_MAX])
{
    enum { MOST_LINKS = 40 };
    if (strlen(path) >= PATH_MAX) return ENAMETOOLONG;
    strcpy(target, path);
    for (int i = 0; i < MOST_LINKS; i++) {
        char link[PATH_MAX];
        const ssize_t n = readlink(target, link, sizeof link - 1);
        if (n < 0) return errno == EINVAL || errno == ENOENT ? 0 : errno;
        link[n] = '\0';
        char *const slash = strrchr(target, '/');
        const size_t kept = link[0] == '/' || slash == NULL ? 0 : (size_t)(slash - target) + 1;
        if (kept + (size_t)n >= PATH_MAX) return ENAMETOOLONG;
        memcpy(target + kept, link, (size_t)n + 1);
    }
    return ELOOP;
}

static int write_file(const char *path, const void *bytes, size_t size)
{
    struct stat st;
    const bool exists = stat(path, &st) == 0;
    if (!exists && errno != ENOENT) return errno;
    if (exists && S_ISDIR(st.st_mode)) return EISDIR;
    if (exists && !S_ISREG(st.st_mode)) return write_directly(path, bytes, size);
    /* A rename would get round the write protection of the file. */
    if (exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) return errno;
    if (path[strlen(path) - 1] == '/') return EISDIR;
    if (mlsd__exceeds_size_limit(size)) return EFBIG;
    char target[PATH_MAX];
    const int error = resolve_links(path, target);
    return error != 0 ? error : replace_file(target, exists ? &st : NULL, bytes, size);
}

mlsd_status mlsd__file_write(const mlsd__allocator *a, const char *path, const void *bytes,
                             size_t size)
{
    (void)a; /* paths are resolved on the stack */
    MLSD__TRY(check_path(path));
    const int error = write_file(path, bytes, size);
    return error == 0 ? MLSD_OK : fail_path("write", path, error);
}

/* ---- numbers into bytes ---- */

static void store_u32(unsigned char *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) p[i] = (unsigned char)(v >> 8 * i);
}

static void store_u64(unsigned char *p, uint64_t v)
{
    for (int i = 0; i < 8; i++) p[i] = (unsigned char)(v >> 8 * i);
}

static uint32_t load_u32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t load_u64(const unsigned char *p)
{
    return (uint64_t)load_u32(p + 4) << 32 | load_u32(p);
}

/* NaN is one value in files: the sign of one that was computed differs between processors. */
static uint64_t bits_of(double v)
{
    uint64_t bits;
    if (isnan(v)) return UINT64_C(0x7ff8000000000000);
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

void mlsd__writer_init(mlsd__writer *w, const mlsd__allocator *a)
{
    *w = (mlsd__writer){.allocator = a};
}

void mlsd__writer_free(mlsd__writer *w)
{
    mlsd__free(w->allocator, w->data);
    *w = (mlsd__writer){.allocator = w->allocator};
}

/* Room for n elements more, counted as written; NULL, with the status kept, when there is none. */
static unsigned char *put_room(mlsd__writer *w, int64_t n, int64_t element_size)
{
    if (w->status != MLSD_OK) return NULL;
    if (n < 0 || n > (INT64_MAX - w->size) / element_size) {
        w->status = mlsd__fail_nomem();
        return NULL;
    }
    const int64_t size = w->size + n * element_size;
    void *data = w->data;
    w->status = mlsd__reserve(w->allocator, &data, &w->capacity, size, 1);
    w->data = data;
    if (w->status != MLSD_OK) return NULL;
    unsigned char *const room = w->data + w->size;
    w->size = size;
    return room;
}

void mlsd__put_u32(mlsd__writer *w, uint32_t v)
{
    unsigned char *const p = put_room(w, 1, 4);
    if (p != NULL) store_u32(p, v);
}

void mlsd__put_i64(mlsd__writer *w, int64_t v)
{
    unsigned char *const p = put_room(w, 1, 8);
    if (p != NULL) store_u64(p, (uint64_t)v);
}

void mlsd__put_f64(mlsd__writer *w, double v)
{
    unsigned char *const p = put_room(w, 1, 8);
    if (p != NULL) store_u64(p, bits_of(v));
}

void mlsd__put_f64s(mlsd__writer *w, const double *v, int64_t n)
{
    mlsd__put_i64(w, n);
    unsigned char *const p = put_room(w, n, 8);
    if (p == NULL) return;
    for (int64_t i = 0; i < n; i++) store_u64(p + 8 * i, bits_of(v[i]));
}

void mlsd__put_i64s(mlsd__writer *w, const int64_t *v, int64_t n)
{
    mlsd__put_i64(w, n);
    unsigned char *const p = put_room(w, n, 8);
    if (p == NULL) return;
    for (int64_t i = 0; i < n; i++) store_u64(p + 8 * i, (uint64_t)v[i]);
}

/* Length -1 stands for NULL. */
void mlsd__put_str(mlsd__writer *w, const char *text)
{
    if (text == NULL) {
        mlsd__put_i64(w, -1);
        return;
    }
    const size_t length = strlen(text);
    mlsd__put_i64(w, (int64_t)length);
    mlsd__put_bytes(w, text, length);
}

void mlsd__put_bytes(mlsd__writer *w, const void *bytes, size_t n)
{
    unsigned char *const p = put_room(w, n > INT64_MAX ? -1 : (int64_t)n, 1);
    if (p != NULL && n > 0) memcpy(p, bytes, n);
}

/* ---- bytes into numbers ---- */

void mlsd__reader_init(mlsd__reader *r, const mlsd__allocator *a, const void *data, size_t size)
{
    *r = (mlsd__reader){.allocator = a, .data = data, .size = size};
}

static const unsigned char *take_bytes(mlsd__reader *r, size_t n)
{
    if (r->status != MLSD_OK) return NULL;
    if (n > r->size - r->position) {
        r->status = mlsd__fail(MLSD_E_CORRUPT,
                               "the file is damaged: %zu bytes are needed at offset %zu of the "
                               "payload, %zu are left",
                               n, r->position, r->size - r->position);
        return NULL;
    }
    const unsigned char *const p = r->data + r->position;
    r->position += n;
    return p;
}

uint32_t mlsd__take_u32(mlsd__reader *r)
{
    const unsigned char *const p = take_bytes(r, 4);
    return p == NULL ? 0 : load_u32(p);
}

int64_t mlsd__take_i64(mlsd__reader *r)
{
    const unsigned char *const p = take_bytes(r, 8);
    return p == NULL ? 0 : (int64_t)load_u64(p);
}

double mlsd__take_f64(mlsd__reader *r)
{
    const unsigned char *const p = take_bytes(r, 8);
    return p == NULL ? 0.0 : double_of(load_u64(p));
}

int64_t mlsd__take_count(mlsd__reader *r, int64_t max)
{
    const int64_t count = mlsd__take_i64(r);
    if (r->status == MLSD_OK && (count < 0 || count > max))
        r->status = mlsd__fail(MLSD_E_CORRUPT,
                               "the file is damaged: a count must be in [0, %lld], got %lld",
                               (long long)max, (long long)count);
    return r->status == MLSD_OK ? count : 0;
}

/* The bytes of an array of 8-byte numbers, and memory of the same size for them; *n is 0 on
 * failure.
 */
static void *take_array(mlsd__reader *r, int64_t *n, const unsigned char **bytes)
{
    *n = 0;
    const int64_t count = mlsd__take_count(r, (int64_t)((r->size - r->position) / 8));
    *bytes = take_bytes(r, (size_t)count * 8);
    if (*bytes == NULL) return NULL;
    void *const values = mlsd__alloc_raw(r->allocator, count, 8);
    if (values == NULL) {
        r->status = MLSD_E_NOMEM;
        return NULL;
    }
    *n = count;
    return values;
}

double *mlsd__take_f64s(mlsd__reader *r, int64_t *n)
{
    const unsigned char *bytes;
    double *const values = take_array(r, n, &bytes);
    for (int64_t i = 0; i < *n; i++) values[i] = double_of(load_u64(bytes + 8 * i));
    return values;
}

int64_t *mlsd__take_i64s(mlsd__reader *r, int64_t *n)
{
    const unsigned char *bytes;
    int64_t *const values = take_array(r, n, &bytes);
    for (int64_t i = 0; i < *n; i++) values[i] = (int64_t)load_u64(bytes + 8 * i);
    return values;
}

char *mlsd__take_str(mlsd__reader *r)
{
    const int64_t length = mlsd__take_i64(r);
    if (r->status != MLSD_OK || length == -1) return NULL;
    if (length < 0) {
        r->status = mlsd__fail(MLSD_E_CORRUPT, "the file is damaged: a text of length %lld",
                               (long long)length);
        return NULL;
    }
    const unsigned char *const bytes = take_bytes(r, (size_t)length);
    if (bytes == NULL) return NULL;
    if (memchr(bytes, '\0', (size_t)length) != NULL) {
        r->status = mlsd__fail(MLSD_E_CORRUPT, "the file is damaged: a NUL inside of a text");
        return NULL;
    }
    char *const text = mlsd__strndup(r->allocator, (const char *)bytes, (size_t)length);
    if (text == NULL) r->status = MLSD_E_NOMEM;
    return text;
}

/* ---- the container ---- */

/* The carriage return, line feeds and Ctrl-Z catch transfers that took the file for text. */
static const unsigned char container_magic[8] = {'M', 'L', 'S', 'D', '\r', '\n', 0x1a, '\n'};

enum { HEADER_SIZE = 8 + 4 + 4 + 8, CHECKSUM_SIZE = 8 };

mlsd_status mlsd__container_wrap(mlsd__writer *payload, uint32_t tag, mlsd__writer *out)
{
    if (payload->status != MLSD_OK) return payload->status;
    const int64_t start = out->size;
    mlsd__put_bytes(out, container_magic, sizeof container_magic);
    mlsd__put_u32(out, MLSD__FILE_FORMAT);
    mlsd__put_u32(out, tag);
    mlsd__put_i64(out, payload->size);
    mlsd__put_bytes(out, payload->data, (size_t)payload->size);
    if (out->status != MLSD_OK) return out->status;
    const uint64_t checksum = mlsd__hash64(out->data + start, (size_t)(out->size - start), 0);
    mlsd__put_i64(out, (int64_t)checksum);
    return out->status;
}

static const char *content_name(uint32_t tag)
{
    static const char *const names[] = {[MLSD__FILE_MODEL] = "a model",
                                        [MLSD__FILE_FOLDS] = "folds",
                                        [MLSD__FILE_TRAINING] = "a training"};
    const bool known = tag < sizeof names / sizeof names[0] && names[tag] != NULL;
    return known ? names[tag] : "something this version does not know";
}

/* The version comes before the checksum, because a later format may have another one; the content
 * after it, because only then is the tag to be believed. */
mlsd_status mlsd__container_unwrap(const void *bytes, size_t size, uint32_t tag,
                                   const unsigned char **payload, size_t *payload_size)
{
    *payload = NULL;
    *payload_size = 0;
    const unsigned char *const data = bytes;
    if (size < sizeof container_magic || memcmp(data, container_magic, sizeof container_magic) != 0)
        return mlsd__fail(MLSD_E_PARSE, "the file is not one of mlsd: it does not begin with "
                                        "mlsd's signature");
    if (size < HEADER_SIZE + CHECKSUM_SIZE)
        return mlsd__fail(MLSD_E_CORRUPT, "the file is cut short: %zu bytes are no whole header",
                          size);
    const uint32_t version = load_u32(data + 8);
    if (version > MLSD__FILE_FORMAT)
        return mlsd__fail(MLSD_E_VERSION,
                          "the file has format %lu, this library reads formats up to %d: use a "
                          "newer mlsd",
                          (unsigned long)version, MLSD__FILE_FORMAT);
    const uint64_t stated = load_u64(data + 16);
    const size_t present = size - HEADER_SIZE - CHECKSUM_SIZE;
    if (version == 0 || stated != present)
        return mlsd__fail(MLSD_E_CORRUPT,
                          "the file is damaged: its header speaks of %llu bytes, %zu are there",
                          (unsigned long long)stated, present);
    if (mlsd__hash64(data, HEADER_SIZE + present, 0) != load_u64(data + HEADER_SIZE + present))
        return mlsd__fail(MLSD_E_CORRUPT, "the file is damaged: its checksum is wrong");
    const uint32_t content = load_u32(data + 12);
    if (content != tag)
        return mlsd__fail(MLSD_E_PARSE, "the file holds %s, not %s", content_name(content),
                          content_name(tag));
    *payload = data + HEADER_SIZE;
    *payload_size = present;
    return MLSD_OK;
}
