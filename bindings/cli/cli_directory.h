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
    bool is_inside; /* the stage, of a directory that exists */
    bool is_done;   /* by a run that was stopped before it ended: the report stands */
    int lock;
} cli_directory;

/* Settle the path and see whether it can be had; writes nothing, but that it ends what a run that
 * was stopped had begun to move there. Returns an exit code, having said what is wrong. `out` NULL:
 * beside nothing else, named after `file`. `asked`: whatever makes two runs the same. */
int cli_directory_choose(cli_directory *d, const char *out, bool overwrite, const char *file,
                         const char *asked);
/* Make the place to write to, or take over that of a run that was stopped, with what it kept there.
 * It is ours until the program ends. */
int cli_directory_open(cli_directory *d);
/* Whether a run that was stopped had finished something of this one. */
bool cli_directory_goes_on(const cli_directory *d);
/* The path of a file of the report in it, and of the journal; `buffer` has CLI_PATH_CAPACITY + 2
 * CLI_NAME_CAPACITY bytes. */
const char *cli_directory_file(const cli_directory *d, const char *name, char *buffer);
const char *cli_directory_journal(const cli_directory *d, char *buffer);
/* Move the files to their place: at once where the directory is new, one by one where it exists.
 * What is left beside them goes when the program ends. Where the report stands already, only that.
 */
int cli_directory_commit(cli_directory *d, const char *asked);
/* Remove what is there, the journal too; what stood in the final place before still stands. */
void cli_directory_abandon(cli_directory *d);

/* Which experiments looked at which test part. */
#define CLI_LOOKS "looks.csv"
/* A run is stopped: leave a journal that has something in it, else nothing, and return what to say.
 * May be called from a signal handler. */
const char *cli_directory_cancelled(void);

#endif
