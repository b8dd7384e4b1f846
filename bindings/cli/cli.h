/* cli.h - what the commands of the command-line tool share. The tool stands on the public headers
 * only. */
#ifndef MLSD_CLI_H
#define MLSD_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/mlsd.h"

/* Exit codes, documented in --help and docs/guide.md. */
enum {
    CLI_OK = 0,
    CLI_DATA = 1,        /* the data, the model or the request cannot be used */
    CLI_USAGE = 2,       /* the command line is wrong */
    CLI_IO = 3,          /* a file cannot be read or written */
    CLI_SYSTEM = 4,      /* out of memory, or a defect */
    CLI_FOUND = 5,       /* mlsd audit found errors */
    CLI_CANCELLED = 130, /* Ctrl-C */
};

/* One option of a command; the last row has name NULL. */
typedef struct cli_option {
    const char *name;  /* without dashes */
    const char *value; /* what the value is called in --help; NULL: a flag */
    const char *help;
} cli_option;

struct cli_args;

typedef struct cli_command {
    const char *name;
    const char *usage;      /* after "mlsd NAME " */
    const char *summary;    /* one line */
    const char *details;    /* more lines for --help; NULL for none */
    const char *exit_codes; /* what they mean for --help; NULL for those of all commands */
    const cli_option *options;
    int n_positional_min, n_positional_max;
    int (*run)(const struct cli_args *args);
} cli_command;

enum { CLI_MAX_POSITIONAL = 4, CLI_MAX_OPTIONS = 64 };

typedef struct cli_args {
    const cli_command *command;
    const char *positional[CLI_MAX_POSITIONAL];
    int n_positional;
    struct {
        const char *name, *value;
    } given[CLI_MAX_OPTIONS]; /* in the order given, repeats allowed */
    int n_given;
} cli_args;

extern const cli_command cli_audit_command, cli_compare_command, cli_run_command, cli_split_command,
    cli_validate_command, cli_kinds_command, cli_env_command, cli_predict_command,
    cli_curve_command, cli_slicing_command, cli_test_command;

/* Parse what follows the command's name; on a mistake says so and returns CLI_USAGE. */
int cli_parse(const cli_command *command, int argc, char **argv, cli_args *out);
/* The last value given to an option, NULL when it was not given ("" for a flag). */
const char *cli_get(const cli_args *args, const char *name);
/* The value as a whole number in [low, high]; false after saying what is wrong. */
bool cli_get_i64(const cli_args *args, const char *name, int64_t low, int64_t high, int64_t *out);
void cli_help(const cli_command *command);

/* Turn control characters into '?', so that a text from a file or the command line stays one line
 * and cannot steer the terminal. */
void cli_make_printable(char *text);
/* "mlsd: message" on standard error, one line; returns the exit code. */
int cli_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for mlsd's own last error. */
int cli_fail_status(mlsd_status status);
/* The same, with the file in front where the message does not name it. */
int cli_fail_file(mlsd_status status, const char *path);

/* A context whose calls show progress on standard error and stop at Ctrl-C. `--threads` and
 * `--numerics` are read from the arguments where the command has them. NULL after saying why. */
mlsd_context *cli_context_new(const cli_args *args);
void cli_context_free(mlsd_context *context);
/* Remove the progress bar before something else is printed. */
void cli_progress_clear(void);

#define CLI_CANCELLED_TEXT "cancelled; nothing was written"

/* What to do and say when the work is cancelled, instead of CLI_CANCELLED_TEXT; `leave` is called
 * once, possibly in a signal handler. */
void cli_on_cancel(const char *(*leave)(void));
const char *cli_cancelled(void);

/* The interrupt has been answered, or the work is done: it need not be forced. */
void cli_interrupt_noticed(void);
/* From here on Ctrl-C waits until the program ends: what is nearly written is finished. */
void cli_hold_interrupts(void);

/* Columns of the terminal; 80 where it is not one. */
int cli_width(void);

/* Text of a JSON-producing call, malloc'ed; NULL after a failure. */
typedef mlsd_status (*cli_text_fn)(const void *subject, char *buf, int64_t capacity,
                                   int64_t *out_length);
char *cli_text(cli_text_fn fn, const void *subject);

#endif
