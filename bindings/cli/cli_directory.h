/* cli_directory.h - the output directory of mlsd run: checked before the work, filled after it, all
 * files or none. */
#ifndef MLSD_CLI_DIRECTORY_H
#define MLSD_CLI_DIRECTORY_H

#include <limits.h>
#include <stdbool.h>

enum { CLI_PATH_CAPACITY = PATH_MAX, CLI_NAME_CAPACITY = 64 };

typedef struct cli_directory {
    char path[CLI_PATH_CAPACITY];                      /* where the files will stand */
    char stage[CLI_PATH_CAPACITY + CLI_NAME_CAPACITY]; /* where they are written first */
    bool exists;
} cli_directory;

/* Settle the path and see whether it can be had; writes nothing. Returns an exit code, having said
 * what is wrong. `out` NULL: beside nothing else, named after `file`. */
int cli_directory_choose(cli_directory *d, const char *out, bool overwrite, const char *file);
/* Make the place to write to, or take over that of a run that was stopped, with what it kept there.
 * It is ours until the program ends. */
int cli_directory_open(cli_directory *d);
/* The path of a file in it; `buffer` has CLI_PATH_CAPACITY + 2 CLI_NAME_CAPACITY bytes. */
const char *cli_directory_file(const cli_directory *d, const char *name, char *buffer);
/* Move the files to their place: at once where the directory is new, one by one where it exists. */
int cli_directory_commit(cli_directory *d, const char *const *names, int n);
/* Remove what is there, the journal too; what stood in the final place before still stands. */
void cli_directory_abandon(cli_directory *d, const char *const *names, int n);

/* What the journal is called there, and whether it has anything in it. */
#define CLI_JOURNAL "journal"
/* Which experiments looked at which test part. */
#define CLI_LOOKS "looks.csv"
bool cli_directory_has_journal(const cli_directory *d);
/* A run is stopped: leave a journal that has something in it, else nothing, and return what to say.
 * May be called from a signal handler. */
const char *cli_directory_cancelled(void);

#endif
