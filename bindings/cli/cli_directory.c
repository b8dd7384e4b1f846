/* cli_directory.c - the output directory of mlsd run. Files are written into a directory beside the
 * final one (inside it where it exists, so that a rename stays on one file system) and renamed when
 * all of them are whole: whatever stops the program, a final name never holds half a report, and an
 * earlier report stays until the new one replaces it. The place also holds the journal of what was
 * finished, for the same command to go on from; it is locked, so that two runs never share it. */
#include "cli_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* hmda.csv -> hmda-report, and where that exists hmda-report-2, ... */
static void name_after(cli_directory *d, const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    const int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    for (int i = 1; i < 10000; i++) {
        struct stat info;
        if (i == 1)
            snprintf(d->path, sizeof d->path, "%.*s-report", length, base);
        else
            snprintf(d->path, sizeof d->path, "%.*s-report-%d", length, base, i);
        if (lstat(d->path, &info) != 0) return;
    }
}

static const char STAGE_INSIDE[] = ".partial";

/* But for what a stopped run left. */
static bool is_empty(const char *path)
{
    DIR *directory = opendir(path);
    if (directory == NULL) return false;
    int n = 0;
    for (const struct dirent *e = readdir(directory); e != NULL; e = readdir(directory))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
             strcmp(e->d_name, STAGE_INSIDE) != 0;
    (void)closedir(directory);
    return n == 0;
}

static int check_existing(const cli_directory *d, const struct stat *info, bool overwrite)
{
    if (!S_ISDIR(info->st_mode))
        return cli_fail(CLI_IO, "'%s' exists and is no directory; name another one with --out",
                        d->path);
    if (access(d->path, W_OK | X_OK) != 0)
        return cli_fail(CLI_IO,
                        "directory '%s' cannot be written into: %s; name another one with "
                        "--out",
                        d->path, strerror(errno));
    if (!overwrite && !is_empty(d->path))
        return cli_fail(CLI_IO,
                        "'%s' exists; name another directory with --out, or give --overwrite to "
                        "replace an earlier report",
                        d->path);
    return CLI_OK;
}

static int check_parent(const cli_directory *d)
{
    char parent[CLI_PATH_CAPACITY];
    snprintf(parent, sizeof parent, "%s", d->path);
    char *slash = strrchr(parent, '/');
    if (slash == NULL)
        snprintf(parent, sizeof parent, ".");
    else
        slash[slash == parent] = '\0';
    struct stat info;
    errno = 0;
    if (stat(parent, &info) == 0 && !S_ISDIR(info.st_mode)) errno = ENOTDIR;
    if (errno == 0 && access(parent, W_OK | X_OK) == 0) return CLI_OK;
    return cli_fail(CLI_IO,
                    "directory '%s' cannot be made in '%s': %s; name another one with --out",
                    d->path, parent, strerror(errno));
}

int cli_directory_choose(cli_directory *d, const char *out, bool overwrite, const char *file)
{
    *d = (cli_directory){.exists = false};
    if (out != NULL && (*out == '\0' || strlen(out) >= sizeof d->path - CLI_NAME_CAPACITY))
        return cli_fail(CLI_USAGE, "'--out' needs the path of a directory, got %s",
                        *out == '\0' ? "nothing" : "one that is too long");
    if (out == NULL)
        name_after(d, file);
    else
        snprintf(d->path, sizeof d->path, "%s", out);
    for (size_t n = strlen(d->path); n > 1 && d->path[n - 1] == '/'; n--) d->path[n - 1] = '\0';
    struct stat info;
    d->exists = stat(d->path, &info) == 0;
    return d->exists ? check_existing(d, &info, overwrite) : check_parent(d);
}

/* What a signal handler needs: the places that a stopped run leaves. */
static struct {
    bool is_open;
    char stage[sizeof((cli_directory *)0)->stage];
    char journal[sizeof((cli_directory *)0)->stage + CLI_NAME_CAPACITY];
    char looks[sizeof((cli_directory *)0)->stage + CLI_NAME_CAPACITY];
} left;

/* The lock ends with the process, however it ends. */
static int lock_stage(const cli_directory *d)
{
    const int fd = open(d->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) return CLI_OK;
    const int reason = errno;
    if (fd >= 0) (void)close(fd);
    if (reason == EWOULDBLOCK)
        return cli_fail(CLI_IO,
                        "another mlsd run is writing to '%s'; wait for it, or name another "
                        "directory with --out",
                        d->path);
    return cli_fail(CLI_IO, "directory '%s' cannot be written into: %s; nothing was written",
                    d->stage, strerror(reason));
}

int cli_directory_open(cli_directory *d)
{
    snprintf(d->stage, sizeof d->stage, d->exists ? "%s/%s" : "%s%s", d->path, STAGE_INSIDE);
    if (mkdir(d->stage, 0777) != 0 && errno != EEXIST)
        return cli_fail(CLI_IO, "directory '%s' cannot be made: %s; nothing was written", d->path,
                        strerror(errno));
    const int code = lock_stage(d);
    if (code != CLI_OK) return code;
    snprintf(left.stage, sizeof left.stage, "%s", d->stage);
    (void)cli_directory_file(d, CLI_JOURNAL, left.journal);
    (void)cli_directory_file(d, CLI_LOOKS, left.looks);
    left.is_open = true;
    return CLI_OK;
}

/* A journal without a record is a heading of eight bytes. */
static bool has_records(const char *journal)
{
    enum { HEADING = 8 };
    struct stat info;
    return stat(journal, &info) == 0 && info.st_size > HEADING;
}

bool cli_directory_has_journal(const cli_directory *d)
{
    char path[sizeof d->stage + CLI_NAME_CAPACITY];
    return has_records(cli_directory_file(d, CLI_JOURNAL, path));
}

const char *cli_directory_cancelled(void)
{
    if (left.is_open && has_records(left.journal))
        return "cancelled; the same command goes on from what was finished";
    if (left.is_open) {
        (void)unlink(left.journal);
        (void)unlink(left.looks);
        (void)rmdir(left.stage);
    }
    return CLI_CANCELLED_TEXT;
}

const char *cli_directory_file(const cli_directory *d, const char *name, char *buffer)
{
    snprintf(buffer, sizeof d->stage + CLI_NAME_CAPACITY, "%s/%s", d->stage, name);
    return buffer;
}

void cli_directory_abandon(cli_directory *d, const char *const *names, int n)
{
    char path[sizeof d->stage + CLI_NAME_CAPACITY];
    if (!left.is_open) return;
    for (int i = 0; i < n; i++) (void)unlink(cli_directory_file(d, names[i], path));
    (void)unlink(cli_directory_file(d, CLI_JOURNAL, path));
    (void)rmdir(d->stage);
    left.is_open = false;
}

static int move_files(const cli_directory *d, const char *const *names, int n)
{
    char from[sizeof d->stage + CLI_NAME_CAPACITY], to[sizeof d->stage + CLI_NAME_CAPACITY];
    for (int i = 0; i < n; i++) {
        snprintf(to, sizeof to, "%s/%s", d->path, names[i]);
        if (rename(cli_directory_file(d, names[i], from), to) == 0) continue;
        if (errno != ENOENT || strcmp(names[i], CLI_LOOKS) != 0)
            return errno; /* it may be missing */
    }
    (void)rmdir(d->stage);
    return 0;
}

int cli_directory_commit(cli_directory *d, const char *const *names, int n)
{
    char journal[sizeof d->stage + CLI_NAME_CAPACITY];
    int error = 0;
    (void)unlink(cli_directory_file(d, CLI_JOURNAL, journal));
    left.is_open = false;
    if (d->exists)
        error = move_files(d, names, n);
    else if (rename(d->stage, d->path) != 0)
        error = errno;
    if (error == 0) return CLI_OK;
    left.is_open = true;
    cli_directory_abandon(d, names, n);
    return cli_fail(CLI_IO, "the report cannot be moved to '%s': %s", d->path, strerror(error));
}
