/* test_file.c - files that are there whole or not at all, devices and refusals, and the container
 * under every truncation and every flipped byte. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/scope.h"
#include "failing_allocator.h"
#include "unit.h"

static const mlsd__allocator *const libc = &mlsd__libc_allocator;
static char folder[256];

static const char *in_folder(const char *name)
{
    static char paths[32][512];
    static int next;
    char *const path = paths[next++ % 32];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    const char *const base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/mlsd-file-XXXXXX", base == NULL ? "/tmp" : base);
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int count_entries(void)
{
    DIR *const directory = opendir(folder);
    int n = 0;
    for (struct dirent *e; (e = readdir(directory)) != NULL;)
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    closedir(directory);
    return n;
}

static int remove_folder(void **state)
{
    (void)state;
    DIR *const directory = opendir(folder);
    for (struct dirent *e; (e = readdir(directory)) != NULL;)
        unlinkat(dirfd(directory), e->d_name, 0);
    closedir(directory);
    return rmdir(folder);
}

static void assert_content(const char *path, const char *wanted)
{
    mlsd__map map;
    ASSERT_OK(mlsd__map_open(&map, path));
    assert_int_equal(map.size, strlen(wanted));
    assert_memory_equal(map.data, wanted, map.size);
    mlsd__map_close(&map);
}

static mlsd_status write_text(const char *path, const char *text)
{
    return mlsd__file_write(libc, path, text, strlen(text));
}

static mlsd_status open_and_close(const char *path)
{
    mlsd__map map;
    const mlsd_status status = mlsd__map_open(&map, path);
    mlsd__map_close(&map);
    return status;
}

static void test_file__what_is_written_is_read(void **state)
{
    (void)state;
    const char *const path = in_folder("plain");
    ASSERT_OK(write_text(path, "first"));
    assert_content(path, "first");
    ASSERT_OK(write_text(path, "second, longer"));
    assert_content(path, "second, longer");
    ASSERT_OK(mlsd__file_write(libc, path, NULL, 0));
    assert_content(path, "");
    assert_int_equal(count_entries(), 1);
    unlink(path);

    const size_t size = 3 * 1000 * 1000 + 7;
    char *const large = malloc(size);
    for (size_t i = 0; i < size; i++) large[i] = (char)(i * 31 >> 3);
    ASSERT_OK(mlsd__file_write(libc, path, large, size));
    mlsd__map map;
    ASSERT_OK(mlsd__map_open(&map, path));
    assert_int_equal(map.size, size);
    assert_memory_equal(map.data, large, size);
    mlsd__map_close(&map);
    mlsd__map_close(&map);
    free(large);
    unlink(path);
}

static void test_file__a_bare_name_is_in_the_current_folder(void **state)
{
    (void)state;
    char before[1024];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    ASSERT_OK(write_text("bare", "x"));
    ASSERT_OK(write_text("./bare", "yz"));
    assert_content("bare", "yz");
    assert_int_equal(unlink("bare"), 0);
    assert_int_equal(chdir(before), 0);
}

static void test_file__refusals_name_path_and_reason(void **state)
{
    (void)state;
    ASSERT_FAILS(MLSD_E_ARG, "NULL", open_and_close(NULL));
    ASSERT_FAILS(MLSD_E_ARG, "empty", open_and_close(""));
    ASSERT_FAILS(MLSD_E_ARG, "NULL", write_text(NULL, "x"));
    ASSERT_FAILS(MLSD_E_ARG, "empty", write_text("", "x"));
    ASSERT_FAILS(MLSD_E_IO, "nowhere': No such file", open_and_close(in_folder("nowhere")));
    ASSERT_FAILS(MLSD_E_IO, "Is a directory", open_and_close(folder));
    ASSERT_FAILS(MLSD_E_IO, "Invalid argument", open_and_close("/dev/zero"));
    ASSERT_FAILS(MLSD_E_IO, "Is a directory", write_text(folder, "x"));
    ASSERT_FAILS(MLSD_E_IO, "Is a directory", write_text(in_folder("new/"), "x"));
    ASSERT_FAILS(MLSD_E_IO, "No such file", write_text(in_folder("no/such/place"), "x"));
    ASSERT_OK(write_text(in_folder("file"), "kept"));
    ASSERT_FAILS(MLSD_E_IO, "Not a directory", write_text(in_folder("file/below"), "x"));
    ASSERT_FAILS(MLSD_E_IO, "Not a directory", open_and_close(in_folder("file/")));
    assert_content(in_folder("file"), "kept");

    /* The reason stands behind a path that alone would fill the message. */
    char longest[3000];
    memset(longest, 'n', sizeof longest);
    for (size_t i = 0; i < sizeof longest; i += 100) longest[i] = '/';
    strcpy(longest + sizeof longest - 5, ".csv");
    ASSERT_FAILS(MLSD_E_IO, "nnn.csv': No such file", open_and_close(longest));
    memset(longest, 'n', sizeof longest - 5);
    ASSERT_FAILS(MLSD_E_IO, "nnn.csv': File name too long", write_text(longest, "x"));
    unlink(in_folder("file"));
    assert_int_equal(count_entries(), 0);
}

static void test_file__devices_are_written_directly(void **state)
{
    (void)state;
    ASSERT_OK(write_text("/dev/null", "gone"));
    struct stat st;
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    if (access("/dev/full", W_OK) == 0)
        ASSERT_FAILS(MLSD_E_IO, "cannot write '/dev/full': No space left on device",
                     write_text("/dev/full", "x"));
}

/* RLIMIT_FSIZE stands for a full disk: it is the write that fails. A file as large as the limit
 * passes. SIGXFSZ keeps its default, which would end this program. */
static void test_file__a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    const char *const path = in_folder("limited");
    ASSERT_OK(write_text(path, "old"));
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit tight = {.rlim_cur = 4096, .rlim_max = before.rlim_max};
    char bytes[8192] = {0};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    const mlsd_status fits = mlsd__file_write(libc, in_folder("fits"), bytes, 4096);
    const mlsd_status status = mlsd__file_write(libc, path, bytes, 4097);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    ASSERT_FAILS(MLSD_E_IO, "limited': File too large", status);
    assert_int_equal(fits, MLSD_OK);
    assert_content(path, "old");
    unlink(in_folder("fits"));
    assert_int_equal(count_entries(), 1);
    unlink(path);
}

static void test_file__mode_and_links_stay(void **state)
{
    (void)state;
    const char *const path = in_folder("secret");
    ASSERT_OK(write_text(path, "a"));
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(symlink("secret", in_folder("link")), 0);
    assert_int_equal(symlink(path, in_folder("absolute")), 0);
    assert_int_equal(symlink("later", in_folder("dangling")), 0);
    assert_int_equal(symlink("loop", in_folder("loop")), 0);
    ASSERT_OK(write_text(in_folder("link"), "b"));
    assert_content(path, "b");
    ASSERT_OK(write_text(in_folder("absolute"), "c"));
    assert_content(path, "c");
    ASSERT_OK(write_text(in_folder("dangling"), "d"));
    assert_content(in_folder("later"), "d");
    ASSERT_FAILS(MLSD_E_IO, "loop", write_text(in_folder("loop"), "e"));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(lstat(in_folder("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(count_entries(), 6);
    const char *const names[] = {"secret", "link", "absolute", "dangling", "loop", "later"};
    for (size_t i = 0; i < 6; i++) unlink(in_folder(names[i]));
}

/* Root may do everything, so it steps down for the length of the test. */
static void test_file__a_protected_file_is_not_replaced(void **state)
{
    (void)state;
    const bool is_root = geteuid() == 0;
    const char *const path = in_folder("protected");
    ASSERT_OK(write_text(path, "old"));
    assert_int_equal(chmod(path, 0400), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    if (is_root && seteuid(65534) != 0) skip();
    const mlsd_status status = write_text(path, "new");
    char message[512];
    snprintf(message, sizeof message, "%s", mlsd_last_error());
    if (is_root) assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(status, MLSD_E_IO);
    assert_non_null(strstr(message, "protected': Permission denied"));
    assert_content(path, "old");
    assert_int_equal(count_entries(), 1);
    unlink(path);
}

/* In a sticky folder one may write somebody else's file, but not rename over it: what fails is the
 * very last step, and the temporary file must go. Needs root to make somebody else. */
static void test_file__a_failed_rename_leaves_no_rest(void **state)
{
    (void)state;
    if (geteuid() != 0) skip();
    const char *const path = in_folder("sticky");
    ASSERT_OK(write_text(path, "old"));
    assert_int_equal(chmod(path, 0666), 0);
    assert_int_equal(chmod(folder, 01777), 0);
    if (seteuid(65534) != 0) skip();
    const mlsd_status status = write_text(path, "new");
    assert_int_equal(seteuid(0), 0);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(status, MLSD_E_IO);
    assert_content(path, "old");
    assert_int_equal(count_entries(), 1);
    unlink(path);
}

/* A pipe has no size, and gives its bytes in pieces. */
static void test_file__a_pipe_is_read_to_its_end(void **state)
{
    (void)state;
    enum { SIZE = 5 * 1000 * 1000 };
    const char *const path = in_folder("pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    const pid_t child = fork();
    if (child == 0) {
        const int fd = open(path, O_WRONLY);
        static unsigned char bytes[SIZE];
        for (int i = 0; i < SIZE; i++) bytes[i] = (unsigned char)(i >> 4);
        for (ssize_t done = 0, n = 1; done < SIZE && n > 0; done += n)
            n = write(fd, bytes + done, (size_t)(SIZE - done));
        _exit(0);
    }
    mlsd__map map;
    ASSERT_OK(mlsd__map_open(&map, path));
    assert_int_equal(map.size, SIZE);
    for (int i = 0; i < SIZE; i++)
        if ((unsigned char)map.data[i] != (unsigned char)(i >> 4)) fail_msg("byte %d differs", i);
    mlsd__map_close(&map);
    assert_int_equal(waitpid(child, NULL, 0), child);
    unlink(path);
    /* A file that says 0 and has content. */
    ASSERT_OK(mlsd__map_open(&map, "/proc/self/status"));
    assert_true(map.size > 10);
    mlsd__map_close(&map);
}

enum { WRITER_SIZE = 20000, WRITER_ROUNDS = 25, N_WRITERS = 4 };

static char shared_path[512];

static void *write_shared(void *arg)
{
    char bytes[WRITER_SIZE];
    memset(bytes, *(const char *)arg, sizeof bytes);
    for (int i = 0; i < WRITER_ROUNDS; i++)
        if (mlsd__file_write(libc, shared_path, bytes, sizeof bytes) != MLSD_OK) return arg;
    return NULL;
}

/* Threads that write the same file at once: every look at it shows one writer's whole file. */
static void test_file__writers_at_once_never_mix(void **state)
{
    (void)state;
    snprintf(shared_path, sizeof shared_path, "%s", in_folder("shared"));
    char letters[N_WRITERS] = {'a', 'b', 'c', 'd'};
    ASSERT_OK(write_text(shared_path, ""));
    pthread_t threads[N_WRITERS];
    for (int t = 0; t < N_WRITERS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, write_shared, &letters[t]), 0);
    for (int look = 0; look < 200; look++) {
        mlsd__map map;
        ASSERT_OK(mlsd__map_open(&map, shared_path));
        assert_true(map.size == 0 || map.size == WRITER_SIZE);
        for (size_t i = 1; i < map.size; i++)
            if (map.data[i] != map.data[0]) fail_msg("byte %zu is from another writer", i);
        mlsd__map_close(&map);
    }
    for (int t = 0; t < N_WRITERS; t++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[t], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(count_entries(), 1);
    unlink(shared_path);
}

/* ---- the container ---- */

static const double some_f64[3] = {1.5, -0.0, 1e300};
static const int64_t some_i64[2] = {INT64_MIN, 7};

static mlsd_status put_everything(mlsd__writer *w)
{
    mlsd__put_u32(w, 0xdeadbeef);
    mlsd__put_i64(w, -5);
    mlsd__put_f64(w, (double)INFINITY);
    mlsd__put_f64s(w, some_f64, 3);
    mlsd__put_f64s(w, NULL, 0);
    mlsd__put_i64s(w, some_i64, 2);
    mlsd__put_str(w, "t\xc3\xa4xt");
    mlsd__put_str(w, "");
    mlsd__put_str(w, NULL);
    mlsd__put_i64(w, 4);
    mlsd__put_bytes(w, NULL, 0);
    return w->status;
}

/* Take it all; when the reader is whole the values must be those that were put. */
static mlsd_status take_everything(mlsd__reader *r, bool is_intact)
{
    int64_t n_f64 = -1, n_none = -1, n_i64 = -1;
    const uint32_t word = mlsd__take_u32(r);
    const int64_t whole = mlsd__take_i64(r);
    const double infinite = mlsd__take_f64(r);
    double *const f64s = mlsd__take_f64s(r, &n_f64);
    double *const none = mlsd__take_f64s(r, &n_none);
    int64_t *const i64s = mlsd__take_i64s(r, &n_i64);
    char *const text = mlsd__take_str(r), *const empty = mlsd__take_str(r);
    char *const null = mlsd__take_str(r);
    const int64_t count = mlsd__take_count(r, 4);
    if (is_intact && r->status == MLSD_OK) {
        assert_int_equal(word, 0xdeadbeef);
        assert_int_equal(whole, -5);
        assert_true(infinite == (double)INFINITY);
        assert_int_equal(n_f64, 3);
        assert_memory_equal(f64s, some_f64, sizeof some_f64);
        assert_int_equal(n_none, 0);
        assert_non_null(none);
        assert_int_equal(n_i64, 2);
        assert_memory_equal(i64s, some_i64, sizeof some_i64);
        assert_string_equal(text, "t\xc3\xa4xt");
        assert_string_equal(empty, "");
        assert_null(null);
        assert_int_equal(count, 4);
        assert_int_equal(r->position, r->size);
    }
    mlsd__free(r->allocator, f64s);
    mlsd__free(r->allocator, none);
    mlsd__free(r->allocator, i64s);
    mlsd__free(r->allocator, text);
    mlsd__free(r->allocator, empty);
    mlsd__free(r->allocator, null);
    return r->status;
}

/* A wrapped payload in memory of exactly its size, so that the sanitizer sees a read beyond it. */
static unsigned char *wrapped(uint32_t tag, size_t *size)
{
    mlsd__writer payload, file;
    mlsd__writer_init(&payload, libc);
    mlsd__writer_init(&file, libc);
    ASSERT_OK(put_everything(&payload));
    ASSERT_OK(mlsd__container_wrap(&payload, tag, &file));
    *size = (size_t)file.size;
    unsigned char *const bytes = malloc(*size);
    memcpy(bytes, file.data, *size);
    mlsd__writer_free(&payload);
    mlsd__writer_free(&file);
    return bytes;
}

/* The layout that base/file.h documents, written out by hand. */
static void test_file__container_layout_is_pinned(void **state)
{
    (void)state;
    mlsd__writer payload, file;
    mlsd__writer_init(&payload, libc);
    mlsd__writer_init(&file, libc);
    mlsd__put_u32(&payload, 0x04030201);
    mlsd__put_i64(&payload, -2);
    mlsd__put_f64(&payload, 1.0);
    mlsd__put_str(&payload, "hi");
    ASSERT_OK(mlsd__container_wrap(&payload, MLSD__FILE_FOLDS, &file));
    static const unsigned char wanted[] = {
        'M',  'L',  'S',  'D',  '\r', '\n', 0x1a, '\n',           /* magic */
        1,    0,    0,    0,    2,    0,    0,    0,              /* version, tag */
        30,   0,    0,    0,    0,    0,    0,    0,              /* payload size */
        1,    2,    3,    4,                                      /* u32 */
        0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,           /* i64 */
        0,    0,    0,    0,    0,    0,    0xf0, 0x3f,           /* f64 */
        2,    0,    0,    0,    0,    0,    0,    0,    'h', 'i', /* text */
    };
    assert_int_equal(file.size, sizeof wanted + 8);
    assert_memory_equal(file.data, wanted, sizeof wanted);
    const uint64_t checksum = mlsd__hash64(wanted, sizeof wanted, 0);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(file.data[sizeof wanted + i], checksum >> 8 * i & 0xff);
    mlsd__writer_free(&payload);
    mlsd__writer_free(&file);
}

static void test_file__container_comes_back(void **state)
{
    (void)state;
    size_t size, payload_size;
    const unsigned char *payload;
    unsigned char *const bytes = wrapped(MLSD__FILE_MODEL, &size);
    ASSERT_OK(mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &payload_size));
    assert_ptr_equal(payload, bytes + 24);
    mlsd__reader r;
    mlsd__reader_init(&r, libc, payload, payload_size);
    ASSERT_OK(take_everything(&r, true));
    ASSERT_FAILS(MLSD_E_PARSE, "holds a model, not folds",
                 mlsd__container_unwrap(bytes, size, MLSD__FILE_FOLDS, &payload, &payload_size));
    assert_null(payload);
    ASSERT_FAILS(
        MLSD_E_PARSE, "not one of mlsd",
        mlsd__container_unwrap("a,b\n1,2\n", 8, MLSD__FILE_MODEL, &payload, &payload_size));
    ASSERT_FAILS(MLSD_E_PARSE, "not one of mlsd",
                 mlsd__container_unwrap(NULL, 0, MLSD__FILE_MODEL, &payload, &payload_size));
    bytes[8] = 2;
    ASSERT_FAILS(MLSD_E_VERSION, "format 2",
                 mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &payload_size));
    free(bytes);
}

static void test_file__every_truncation_is_noticed(void **state)
{
    (void)state;
    size_t size, payload_size;
    const unsigned char *payload;
    unsigned char *const bytes = wrapped(MLSD__FILE_MODEL, &size);
    for (size_t n = 0; n < size; n++) {
        unsigned char *const part = malloc(n > 0 ? n : 1);
        memcpy(part, bytes, n);
        const mlsd_status status =
            mlsd__container_unwrap(part, n, MLSD__FILE_MODEL, &payload, &payload_size);
        assert_int_equal(status, n < 8 ? MLSD_E_PARSE : MLSD_E_CORRUPT);
        assert_null(payload);
        free(part);
        if (n > size - 32) continue;

        /* A payload alone, as after a collision of the checksum. */
        unsigned char *const exact = malloc(n > 0 ? n : 1);
        memcpy(exact, bytes + 24, n);
        mlsd__reader r;
        mlsd__reader_init(&r, libc, exact, n);
        assert_int_equal(take_everything(&r, true), n < size - 32 ? MLSD_E_CORRUPT : MLSD_OK);
        free(exact);
    }
    unsigned char *const longer = calloc(1, size + 1);
    memcpy(longer, bytes, size);
    ASSERT_FAILS(
        MLSD_E_CORRUPT, "damaged",
        mlsd__container_unwrap(longer, size + 1, MLSD__FILE_MODEL, &payload, &payload_size));
    free(longer);
    free(bytes);
}

static void test_file__every_changed_byte_is_noticed(void **state)
{
    (void)state;
    size_t size, payload_size;
    const unsigned char *payload;
    unsigned char *const bytes = wrapped(MLSD__FILE_MODEL, &size);
    for (size_t i = 0; i < size; i++) {
        for (int change = 1; change < 256; change++) {
            bytes[i] ^= (unsigned char)change;
            const mlsd_status status =
                mlsd__container_unwrap(bytes, size, MLSD__FILE_MODEL, &payload, &payload_size);
            const bool in_magic = i < 8, in_version = i >= 8 && i < 12;
            if (in_version)
                assert_true(status == MLSD_E_VERSION || status == MLSD_E_CORRUPT);
            else
                assert_int_equal(status, in_magic ? MLSD_E_PARSE : MLSD_E_CORRUPT);
            if (i >= 24 && i < size - 8) {
                mlsd__reader r;
                mlsd__reader_init(&r, libc, bytes + 24, size - 32);
                const mlsd_status taken = take_everything(&r, false);
                assert_true(taken == MLSD_OK || taken == MLSD_E_CORRUPT);
            }
            bytes[i] ^= (unsigned char)change;
        }
    }
    free(bytes);
}

/* Lengths that would ask for all memory, or overflow when multiplied, and the stickiness of it. */
static void test_file__lengths_are_checked_before_memory(void **state)
{
    (void)state;
    const int64_t lengths[] = {-1, -2, 2, INT64_MAX, INT64_MAX / 8 + 1, INT64_MIN, 1 << 30};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        mlsd__writer w;
        mlsd__writer_init(&w, libc);
        mlsd__put_i64(&w, lengths[i]);
        mlsd__put_i64(&w, 99);
        mlsd__reader r;
        int64_t n = 77;
        mlsd__reader_init(&r, libc, w.data, (size_t)w.size);
        assert_null(mlsd__take_f64s(&r, &n));
        assert_int_equal(n, 0);
        assert_int_equal(r.status, MLSD_E_CORRUPT);
        assert_non_null(strstr(mlsd_last_error(), "damaged"));
        assert_int_equal(mlsd__take_i64(&r), 0);
        assert_int_equal(mlsd__take_u32(&r), 0);
        assert_true(mlsd__take_f64(&r) == 0.0);
        assert_null(mlsd__take_str(&r));
        assert_null(mlsd__take_i64s(&r, &n));
        assert_int_equal(mlsd__take_count(&r, 100), 0);
        assert_int_equal(r.status, MLSD_E_CORRUPT);

        mlsd__reader_init(&r, libc, w.data, (size_t)w.size);
        char *const text = mlsd__take_str(&r);
        assert_null(text);
        assert_int_equal(r.status, lengths[i] == -1 ? MLSD_OK : MLSD_E_CORRUPT);
        mlsd__reader_init(&r, libc, w.data, (size_t)w.size);
        assert_int_equal(mlsd__take_count(&r, 5), lengths[i] == 2 ? 2 : 0);
        assert_int_equal(r.status, lengths[i] == 2 ? MLSD_OK : MLSD_E_CORRUPT);
        mlsd__writer_free(&w);
    }
}

static void test_file__refused_memory_sticks(void **state)
{
    (void)state;
    for (long long k = 1;; k++) {
        failing_allocator f;
        failing_allocator_init(&f, 0, 0);
        mlsd_context *const context = failing_context(&f, 1);
        const mlsd__allocator *const a = mlsd__context_allocator(context);
        const long long before = f.live_blocks;
        f.fail_at = f.calls + k;
        mlsd__writer payload, file;
        mlsd__writer_init(&payload, a);
        mlsd__writer_init(&file, a);
        put_everything(&payload);
        mlsd_status status = mlsd__container_wrap(&payload, MLSD__FILE_MODEL, &file);
        if (status == MLSD_OK) {
            const unsigned char *bytes;
            size_t size;
            ASSERT_OK(mlsd__container_unwrap(file.data, (size_t)file.size, MLSD__FILE_MODEL, &bytes,
                                             &size));
            mlsd__reader r;
            mlsd__reader_init(&r, a, bytes, size);
            status = take_everything(&r, true);
        }
        const bool failed = f.failed > 0;
        assert_int_equal(status, failed ? MLSD_E_NOMEM : MLSD_OK);
        mlsd__writer_free(&payload);
        mlsd__writer_free(&file);
        assert_int_equal(f.live_blocks, before);
        mlsd_context_free(context);
        if (!failed) {
            assert_true(k > 6);
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file__what_is_written_is_read),
        cmocka_unit_test(test_file__a_bare_name_is_in_the_current_folder),
        cmocka_unit_test(test_file__refusals_name_path_and_reason),
        cmocka_unit_test(test_file__devices_are_written_directly),
        cmocka_unit_test(test_file__a_failed_write_leaves_the_old_file),
        cmocka_unit_test(test_file__mode_and_links_stay),
        cmocka_unit_test(test_file__a_protected_file_is_not_replaced),
        cmocka_unit_test(test_file__a_failed_rename_leaves_no_rest),
        cmocka_unit_test(test_file__a_pipe_is_read_to_its_end),
        cmocka_unit_test(test_file__writers_at_once_never_mix),
        cmocka_unit_test(test_file__container_layout_is_pinned),
        cmocka_unit_test(test_file__container_comes_back),
        cmocka_unit_test(test_file__every_truncation_is_noticed),
        cmocka_unit_test(test_file__every_changed_byte_is_noticed),
        cmocka_unit_test(test_file__lengths_are_checked_before_memory),
        cmocka_unit_test(test_file__refused_memory_sticks),
    };
    return cmocka_run_group_tests_name("file", tests, make_folder, remove_folder);
}
