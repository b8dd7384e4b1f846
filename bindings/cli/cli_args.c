/* cli_args.c - the command line: options by name, help, errors in one line. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

enum { MESSAGE_CAPACITY = 6000 };

void cli_make_printable(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) *text = '?';
    }
}

int cli_fail(int code, const char *format, ...)
{
    char message[MESSAGE_CAPACITY];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    cli_make_printable(message);
    cli_progress_clear();
    fprintf(stderr, "mlsd: %s\n", message);
    return code;
}

int cli_fail_file(mlsd_status status, const char *path)
{
    if (status == MLSD_E_CANCELLED) {
        cli_interrupt_noticed();
        return cli_fail(CLI_CANCELLED, "%s", cli_cancelled());
    }
    if (status == MLSD_E_NOMEM)
        return cli_fail(CLI_SYSTEM,
                        "memory ran out; use fewer rows or columns, or a larger machine");
    const int code = status == MLSD_E_INTERNAL || status == MLSD_E_THREAD ? CLI_SYSTEM
                     : status == MLSD_E_IO                                ? CLI_IO
                                                                          : CLI_DATA;
    const char *message = mlsd_last_error();
    if (path == NULL || strstr(message, path) != NULL) return cli_fail(code, "%s", message);
    return cli_fail(code, "'%s': %s", path, message);
}

int cli_fail_status(mlsd_status status)
{
    return cli_fail_file(status, NULL);
}

static const cli_option *find_option(const cli_command *command, const char *name, size_t length)
{
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        if (strlen(o->name) == length && memcmp(o->name, name, length) == 0) return o;
    }
    return NULL;
}

/* The option that shares the longest beginning, at least two letters. */
static const char *similar_option(const cli_command *command, const char *name)
{
    const char *best = NULL;
    size_t best_length = 1;
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        size_t n = 0;
        while (name[n] != '\0' && name[n] == o->name[n]) n++;
        if (n > best_length) {
            best_length = n;
            best = o->name;
        }
    }
    return best;
}

static int unknown_option(const cli_command *command, const char *text)
{
    const char *near = similar_option(command, text + strspn(text, "-"));
    if (near != NULL)
        return cli_fail(CLI_USAGE, "'mlsd %s' has no option '%s'; did you mean '--%s'?",
                        command->name, text, near);
    return cli_fail(CLI_USAGE, "'mlsd %s' has no option '%s'; see 'mlsd %s --help'", command->name,
                    text, command->name);
}

int cli_parse(const cli_command *command, int argc, char **argv, cli_args *out)
{
    *out = (cli_args){.command = command};
    for (int i = 0; i < argc; i++) {
        const char *text = argv[i];
        if (text[0] == '-' && text[1] != '\0' && text[1] != '-')
            return unknown_option(command, text);
        if (strncmp(text, "--", 2) != 0 || text[2] == '\0') {
            if (out->n_positional == command->n_positional_max)
                return cli_fail(CLI_USAGE, "'%s' is one argument too many; usage: mlsd %s %s", text,
                                command->name, command->usage);
            out->positional[out->n_positional++] = text;
            continue;
        }
        const size_t length = strcspn(text + 2, "=");
        const cli_option *option = find_option(command, text + 2, length);
        if (option == NULL) return unknown_option(command, text);
        if (out->n_given == CLI_MAX_OPTIONS)
            return cli_fail(CLI_USAGE, "more than %d options", CLI_MAX_OPTIONS);
        const char *value = "";
        if (text[2 + length] == '=') value = text + 3 + length;
        if (option->value == NULL && *value != '\0')
            return cli_fail(CLI_USAGE, "'--%s' takes no value", option->name);
        if (option->value != NULL && text[2 + length] != '=') {
            if (++i == argc)
                return cli_fail(CLI_USAGE, "'--%s' needs a value: %s", option->name, option->value);
            value = argv[i];
        }
        out->given[out->n_given].name = option->name;
        out->given[out->n_given++].value = value;
    }
    if (out->n_positional < command->n_positional_min)
        return cli_fail(CLI_USAGE, "'mlsd %s' needs %s; usage: mlsd %s %s", command->name,
                        command->n_positional_min == 1           ? "a file"
                        : strcmp(command->name, "validate") == 0 ? "a spec and a file"
                                                                 : "a model and a file",
                        command->name, command->usage);
    return CLI_OK;
}

const char *cli_get(const cli_args *args, const char *name)
{
    for (int i = args->n_given - 1; i >= 0; i--) {
        if (strcmp(args->given[i].name, name) == 0) return args->given[i].value;
    }
    return NULL;
}

bool cli_get_i64(const cli_args *args, const char *name, int64_t low, int64_t high, int64_t *out)
{
    const char *text = cli_get(args, name);
    char *end = NULL;
    const long long value = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || value < low || value > high) {
        (void)cli_fail(CLI_USAGE, "'--%s' must be a whole number from %lld to %lld, got '%s'", name,
                       (long long)low, (long long)high, text);
        return false;
    }
    *out = value;
    return true;
}

static const char usual_exit_codes[] =
    "  0    done\n"
    "  1    the data, the model or the request cannot be used\n"
    "  2    the command line is wrong\n"
    "  3    a file cannot be read or written\n"
    "  4    memory ran out, or a defect of mlsd\n"
    "  5    mlsd audit, or mlsd slices --check, found something\n";

void cli_help(const cli_command *command)
{
    printf("usage: mlsd %s %s\n\n%s\n", command->name, command->usage, command->summary);
    if (command->details != NULL) printf("\n%s", command->details);
    if (command->options->name != NULL) puts("\noptions:");
    for (const cli_option *o = command->options; o->name != NULL; o++) {
        char left[64];
        snprintf(left, sizeof left, "--%s %s", o->name, o->value != NULL ? o->value : "");
        printf("  %-20s %s\n", left, o->help);
    }
    printf("\nexit codes:\n%s  130  stopped by Ctrl-C or SIGTERM\n"
           "An error is one line on standard error that says what to do about it.\n",
           command->exit_codes != NULL ? command->exit_codes : usual_exit_codes);
}

char *cli_text(cli_text_fn fn, const void *subject)
{
    int64_t length = 0;
    if (fn(subject, NULL, 0, &length) != MLSD_OK) return NULL;
    char *text = malloc((size_t)length + 1);
    if (text == NULL || fn(subject, text, length + 1, NULL) != MLSD_OK) {
        free(text);
        return NULL;
    }
    return text;
}
