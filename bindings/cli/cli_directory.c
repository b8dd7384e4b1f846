/* cli_directory.c - the output directory of mlsd run. Files are written into a stage beside the
 * final place (inside it where it exists, so that a rename stays on one file system) and moved when
 * all of them are whole: an earlier report stays until the new one replaces it. The stage is
 * locked, so that two runs never share it, and holds
 *
 *   journal    what was finished, for the same command to go on from
 *   report/    the files
 *   moving     there from when all of these are whole until all of them are in their place
 *   moved      there from then on until the program has printed what it found and ends
 *
 * Both marks hold what the command was asked. A run that finds one was preceded by a run that was
 * stopped with its work done: whatever it is asked, it moves the files that are left; and where it
 * is asked the same, the report is its own, not one that stands in its way. */
#include "cli_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static const char STAGE_INSIDE[] = ".partial", FILES[] = "report", JOURNAL[] = "journal";
static const char MOVING[] = "moving", MOVED[] = "moved";

static const char *const report_files[] = {"experiment.json", "result.json", "model.mlsd",
                                           "report.html", CLI_LOOKS};
enum { N_REPORT_FILES = sizeof report_files / sizeof report_files[0] };

typedef char stage_path[sizeof((cli_directory *)0)->stage + CLI_NAME_CAPACITY];

static const char *in_stage(const cli_directory *d, const char *name, stage_path buffer)
{
    snprintf(buffer, sizeof(stage_path), "%s/%s", d->stage, name);
    return buffer;
}

static bool is_in_stage(const cli_directory *d, const char *name)
{
    stage_path path;
    return access(in_stage(d, name, path), F_OK) == 0;
}

static void place_stage(cli_directory *d, bool is_inside)
{
    d->is_inside = is_inside;
    snprintf(d->stage, sizeof d->stage, is_inside ? "%s/%s" : "%s%s", d->path, STAGE_INSIDE);
}

/* Look for the stage of a run that was stopped when its files were whole. */
static bool find_mark(cli_directory *d)
{
    for (int i = 0; i < 2; i++) {
        place_stage(d, i == 1);
        if (is_in_stage(d, MOVING) || is_in_stage(d, MOVED)) return true;
    }
    return false;
}

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
        if (lstat(d->path, &info) != 0 || find_mark(d)) return;
    }
}

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

static void unlock_stage(cli_directory *d)
{
    if (d->lock >= 0) (void)close(d->lock);
    d->lock = -1;
}

/* The lock ends with the process, however it ends. Where another run has ended and removed the
 * stage meanwhile, `is_gone`, and it is to be looked for again. */
static int lock_stage(cli_directory *d, bool *is_gone)
{
    struct stat ours, theirs;
    *is_gone = false;
    d->lock = open(d->stage, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->lock >= 0 && flock(d->lock, LOCK_EX | LOCK_NB) == 0) {
        *is_gone = fstat(d->lock, &ours) != 0 || stat(d->stage, &theirs) != 0 ||
                   ours.st_ino != theirs.st_ino;
        if (*is_gone) unlock_stage(d);
        return CLI_OK;
    }
    const int reason = errno;
    unlock_stage(d);
    *is_gone = reason == ENOENT;
    if (*is_gone) return CLI_OK;
    if (reason == EWOULDBLOCK)
        return cli_fail(CLI_IO,
                        "another mlsd run is writing to '%s'; wait for it, or name another "
                        "directory with --out",
                        d->path);
    return cli_fail(CLI_IO, "directory '%s' cannot be written into: %s; nothing was written",
                    d->stage, strerror(reason));
}

/* All that stands there: the files, and what is left where one was being written. */
static void remove_files(const cli_directory *d)
{
    stage_path path;
    DIR *const directory = opendir(in_stage(d, FILES, path));
    if (directory == NULL) return;
    for (const struct dirent *e = readdir(directory); e != NULL; e = readdir(directory))
        (void)unlinkat(dirfd(directory), e->d_name, 0);
    (void)closedir(directory);
}

/* The marks go last: until then the same command still finds its own. */
static void remove_stage(cli_directory *d)
{
    stage_path path;
    remove_files(d);
    (void)rmdir(in_stage(d, FILES, path));
    (void)unlink(in_stage(d, JOURNAL, path));
    (void)unlink(in_stage(d, MOVING, path));
    (void)unlink(in_stage(d, MOVED, path));
    (void)rmdir(d->stage);
    unlock_stage(d);
}

/* Move what has not been moved; an errno. */
static int move_files(const cli_directory *d)
{
    stage_path files, from, to;
    if (access(in_stage(d, FILES, files), F_OK) != 0) return 0;
    if (!d->is_inside) return rename(files, d->path) == 0 ? 0 : errno;
    for (int i = 0; i < N_REPORT_FILES; i++) {
        snprintf(to, sizeof to, "%s/%s", d->path, report_files[i]);
        if (access(cli_directory_file(d, report_files[i], from), F_OK) != 0 && errno == ENOENT)
            continue; /* it has been moved, or is a record of looks that could not be kept */
        if (rename(from, to) != 0) return errno;
    }
    (void)rmdir(files);
    return 0;
}

/* Move the files under a mark that stands, and put the other mark in its place. */
static int move_marked(cli_directory *d)
{
    stage_path moving, moved;
    int error = move_files(d);
    if (error == 0 && rename(in_stage(d, MOVING, moving), in_stage(d, MOVED, moved)) != 0)
        error = errno;
    if (error == 0) return CLI_OK;
    remove_stage(d);
    return cli_fail(CLI_IO, "the report cannot be moved to '%s': %s", d->path, strerror(error));
}

/* Whether the mark holds this text. */
static bool is_asked(const cli_directory *d, const char *asked)
{
    stage_path path;
    char buffer[4096];
    bool is_same = true;
    FILE *const file = fopen(in_stage(d, MOVED, path), "rb");
    if (file == NULL) return false;
    size_t n;
    while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) {
        is_same = is_same && strlen(asked) >= n && memcmp(asked, buffer, n) == 0;
        if (is_same) asked += n;
    }
    is_same = is_same && ferror(file) == 0 && *asked == '\0';
    (void)fclose(file);
    return is_same;
}

static bool has_report(const cli_directory *d)
{
    stage_path path;
    int n = 0;
    for (int i = 0; i < N_REPORT_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", d->path, report_files[i]);
        n += access(path, F_OK) == 0 || strcmp(report_files[i], CLI_LOOKS) == 0;
    }
    return n == N_REPORT_FILES;
}

/* A run was stopped when its files were whole: move those that are left. `is_done` where it was
 * asked the same and its report stands; else nothing of it is left but the report. */
static int end_stopped_run(cli_directory *d, const char *asked)
{
    bool is_gone;
    int code = lock_stage(d, &is_gone);
    if (code != CLI_OK || is_gone) return code;
    if (is_in_stage(d, MOVING)) code = move_marked(d);
    if (code != CLI_OK) return code;
    d->is_done = is_asked(d, asked) && has_report(d);
    if (!d->is_done) remove_stage(d);
    return CLI_OK;
}

static int fail_to_make(const cli_directory *d)
{
    return cli_fail(CLI_IO, "directory '%s' cannot be made: %s; nothing was written", d->path,
                    strerror(errno));
}

static int settle_path(cli_directory *d, const char *out, const char *file)
{
    struct stat info;
    if (out != NULL && (*out == '\0' || strlen(out) >= sizeof d->path - CLI_NAME_CAPACITY))
        return cli_fail(CLI_USAGE, "'--out' needs the path of a directory, got %s",
                        *out == '\0' ? "nothing" : "one that is too long");
    if (out == NULL)
        name_after(d, file);
    else
        snprintf(d->path, sizeof d->path, "%s", out);
    for (size_t n = strlen(d->path); n > 1 && d->path[n - 1] == '/'; n--) d->path[n - 1] = '\0';
    d->exists = stat(d->path, &info) == 0;
    return CLI_OK;
}

static int check_place(const cli_directory *d, bool overwrite)
{
    struct stat info;
    return stat(d->path, &info) == 0 ? check_existing(d, &info, overwrite) : check_parent(d);
}

int cli_directory_choose(cli_directory *d, const char *out, bool overwrite, const char *file,
                         const char *asked)
{
    *d = (cli_directory){.lock = -1};
    for (;;) {
        int code = settle_path(d, out, file);
        if (code != CLI_OK) return code;
        if (!find_mark(d)) {
            place_stage(d, d->exists);
            return check_place(d, overwrite);
        }
        code = end_stopped_run(d, asked);
        if (code != CLI_OK || d->is_done) return code;
    }
}

/* What a signal handler needs, and the end of the program: the places that this run leaves. */
static struct {
    bool is_open;
    stage_path stage, journal, files, looks, moving, moved;
} left;

static void note_places(const cli_directory *d)
{
    snprintf(left.stage, sizeof left.stage, "%s", d->stage);
    (void)in_stage(d, JOURNAL, left.journal);
    (void)in_stage(d, FILES, left.files);
    (void)in_stage(d, MOVING, left.moving);
    (void)in_stage(d, MOVED, left.moved);
    (void)cli_directory_file(d, CLI_LOOKS, left.looks);
    left.is_open = true;
}

int cli_directory_open(cli_directory *d)
{
    stage_path files;
    bool is_gone = true;
    while (is_gone && d->lock < 0) {
        if (mkdir(d->stage, 0777) != 0 && errno != EEXIST) return fail_to_make(d);
        const int code = lock_stage(d, &is_gone);
        if (code != CLI_OK) return code;
    }
    if (mkdir(in_stage(d, FILES, files), 0777) != 0 && errno != EEXIST) return fail_to_make(d);
    remove_files(d); /* halves, where a run was stopped as it wrote them */
    note_places(d);
    return CLI_OK;
}

/* A journal without a record is a heading of eight bytes. */
static bool has_records(const char *journal)
{
    enum { HEADING = 8 };
    struct stat info;
    return stat(journal, &info) == 0 && info.st_size > HEADING;
}

bool cli_directory_goes_on(const cli_directory *d)
{
    stage_path path;
    return d->is_done || has_records(in_stage(d, JOURNAL, path));
}

const char *cli_directory_cancelled(void)
{
    if (left.is_open && has_records(left.journal))
        return "cancelled; the same command goes on from what was finished";
    if (left.is_open) {
        (void)unlink(left.journal);
        (void)unlink(left.looks);
        (void)rmdir(left.files);
        (void)rmdir(left.stage);
    }
    return CLI_CANCELLED_TEXT;
}

const char *cli_directory_file(const cli_directory *d, const char *name, char *buffer)
{
    snprintf(buffer, sizeof(stage_path), "%s/%s/%s", d->stage, FILES, name);
    return buffer;
}

const char *cli_directory_journal(const cli_directory *d, char *buffer)
{
    return in_stage(d, JOURNAL, buffer);
}

void cli_directory_abandon(cli_directory *d)
{
    if (left.is_open) remove_stage(d);
    left.is_open = false;
}

/* At once under its name, so that there is never half a mark; an errno. */
static int make_mark(const cli_directory *d, const char *asked)
{
    stage_path draft, mark;
    FILE *const file = fopen(cli_directory_file(d, MOVING, draft), "wb");
    if (file == NULL) return errno;
    const bool failed = fputs(asked, file) == EOF;
    if (fclose(file) != 0 || failed) return errno != 0 ? errno : EIO;
    return rename(draft, in_stage(d, MOVING, mark)) == 0 ? 0 : errno;
}

/* When the program ends, all that it prints has left: nothing of it is needed any more. The mark
 * goes after the journal, for a run that finds it to be quick. */
static void tidy(void)
{
    (void)unlink(left.looks);
    (void)rmdir(left.files);
    (void)unlink(left.journal);
    (void)unlink(left.moved);
    (void)rmdir(left.stage);
}

int cli_directory_commit(cli_directory *d, const char *asked)
{
    left.is_open = false;
    (void)atexit(tidy);
    if (d->is_done) return CLI_OK;
    errno = 0;
    const int error = make_mark(d, asked);
    if (error == 0) return move_marked(d);
    remove_stage(d);
    return cli_fail(CLI_IO, "the report cannot be moved to '%s': %s", d->path, strerror(error));
}
