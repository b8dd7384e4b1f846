/* kill_at.c - preloaded into the tool by test_killed.py: ends the process by SIGKILL right after
 * call number KILL_AT of those that change what stands on the disk, in the middle of it where it is
 * a write to a file. Each call leaves a line in the file KILL_LOG where that is given. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `next` is the libc's own function of that name. */
#define NEXT(name)                                   \
    static __typeof__(name) *next = NULL;            \
    if (next == NULL) {                              \
        void *const found = dlsym(RTLD_NEXT, #name); \
        if (found == NULL) abort();                  \
        memcpy(&next, &found, sizeof next);          \
    }

static atomic_int n_calls;

static int count_call(void)
{
    return atomic_fetch_add(&n_calls, 1) + 1;
}

static int is_last(int number)
{
    const char *const at = getenv("KILL_AT");
    return at != NULL && atoi(at) == number;
}

static void write_log(int number, const char *call, const char *path)
{
    const char *const log = getenv("KILL_LOG");
    char line[4300];
    if (log == NULL) return;
    const int n = snprintf(line, sizeof line, "%d %s %s\n", number, call, path);
    NEXT(open)
    const int file = next(log, O_WRONLY | O_APPEND | O_CREAT, 0666);
    /* Not by write(): that one is counted. */
    if (file < 0 || pwrite(file, line, (size_t)n, 0) != n) abort();
    (void)close(file);
}

static void done(const char *call, const char *path)
{
    const int number = count_call();
    write_log(number, call, path);
    if (is_last(number)) (void)kill(getpid(), SIGKILL);
}

int mkdir(const char *path, mode_t mode)
{
    NEXT(mkdir)
    const int result = next(path, mode);
    done("mkdir", path);
    return result;
}

int rmdir(const char *path)
{
    NEXT(rmdir)
    const int result = next(path);
    done("rmdir", path);
    return result;
}

int unlink(const char *path)
{
    NEXT(unlink)
    const int result = next(path);
    done("unlink", path);
    return result;
}

int rename(const char *from, const char *to)
{
    NEXT(rename)
    const int result = next(from, to);
    done("rename", to);
    return result;
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    NEXT(renameat)
    const int result = next(from_directory, from, to_directory, to);
    done("renameat", to);
    return result;
}

int open(const char *path, int flags, ...)
{
    NEXT(open)
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    const int result = next(path, flags, mode);
    if ((flags & O_CREAT) != 0) done("open", path);
    return result;
}

int openat(int directory, const char *path, int flags, ...)
{
    NEXT(openat)
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    const int result = next(directory, path, flags, mode);
    if ((flags & O_CREAT) != 0) done("openat", path);
    return result;
}

ssize_t write(int file, const void *bytes, size_t size)
{
    NEXT(write)
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) return next(file, bytes, size);
    const int number = count_call();
    write_log(number, "write", "");
    if (!is_last(number)) return next(file, bytes, size);
    const ssize_t half = next(file, bytes, size / 2);
    (void)kill(getpid(), SIGKILL);
    return half;
}
