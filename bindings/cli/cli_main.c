/* cli_main.c - mlsd, the command-line tool: which command, and the overview. */
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static const cli_command *const commands[] = {
    &cli_run_command,     &cli_split_command, &cli_audit_command,   &cli_validate_command,
    &cli_compare_command, &cli_curve_command, &cli_slicing_command, &cli_predict_command,
    &cli_test_command,    &cli_kinds_command, &cli_env_command,
};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void overview(void)
{
    printf("mlsd %s: is the model any good, for whom, at what cost?\n\n", mlsd_version_string());
    for (int i = 0; i < N_COMMANDS; i++)
        printf("  mlsd %-8s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nStart with: mlsd run FILE.csv --target COLUMN\n"
          "'mlsd COMMAND --help' tells the options of a command.\n",
          stdout);
}

/* Large enough for whatever a command prints, so that a failure to write comes with its reason. */
static char stdout_buffer[1 << 20];

/* A full disk or a closed pipe shows only when the last bytes leave. */
static int finish(int code)
{
    errno = 0;
    const bool failed = ferror(stdout) != 0;
    if ((fflush(stdout) != 0 || failed) && code == CLI_OK)
        return cli_fail(CLI_IO, "standard output cannot be written: %s",
                        errno != 0 ? strerror(errno) : "earlier lines are missing");
    return code;
}

int main(int argc, char **argv)
{
    /* For the terminal's character set alone; numbers stay in the C locale. */
    (void)setlocale(LC_CTYPE, "");
    (void)setvbuf(stdout, stdout_buffer, _IOFBF, sizeof stdout_buffer);
    const char *name = argc > 1 ? argv[1] : "--help";
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        overview();
        return finish(argc > 1 ? CLI_OK : CLI_USAGE);
    }
    if (strcmp(name, "--version") == 0) {
        printf("mlsd %s\n", mlsd_version_string());
        return finish(CLI_OK);
    }
    for (int i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) != 0) continue;
        for (int k = 2; k < argc; k++) {
            if (strcmp(argv[k], "--help") != 0 && strcmp(argv[k], "-h") != 0) continue;
            cli_help(commands[i]);
            return finish(CLI_OK);
        }
        cli_args args;
        const int parsed = cli_parse(commands[i], argc - 2, argv + 2, &args);
        return parsed != CLI_OK ? parsed : finish(commands[i]->run(&args));
    }
    return cli_fail(CLI_USAGE,
                    "no command '%s'; the commands are run, split, audit, validate, compare, "
                    "slices, curve, predict, test, kinds, env",
                    name);
}
