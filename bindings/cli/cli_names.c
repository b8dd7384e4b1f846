/* cli_names.c - lists of names from the command line. */
#include "cli_names.h"

#include <stdlib.h>
#include <string.h>

void cli_names_free(cli_names *n)
{
    for (int64_t i = 0; i < n->n; i++) free(n->values[i]);
}

static int add_name(cli_names *n, const char *from, size_t length)
{
    if (n->n == CLI_MOST_NAMES) return cli_fail(CLI_USAGE, "more than %d names", CLI_MOST_NAMES);
    char *const copy = malloc(length + 1);
    if (copy == NULL) return cli_fail_status(MLSD_E_NOMEM);
    memcpy(copy, from, length);
    copy[length] = '\0';
    n->values[n->n++] = copy;
    return CLI_OK;
}

/* A text that is a column's whole name is that column. */
static int split_names(cli_names *n, const mlsd_table *t, const char *text)
{
    int64_t column;
    if (t != NULL && strchr(text, ',') != NULL && mlsd_table_find(t, text, &column) == MLSD_OK)
        return add_name(n, text, strlen(text));
    while (true) {
        const bool is_quoted = *text == '"' && strchr(text + 1, '"') != NULL;
        const char *const from = is_quoted ? text + 1 : text;
        const char *end = is_quoted ? strchr(from, '"') : strchr(from, ',');
        if (end == NULL) end = from + strlen(from);
        const int code = add_name(n, from, (size_t)(end - from));
        if (code != CLI_OK) return code;
        text = is_quoted ? end + 1 : end;
        if (*text == '\0') return CLI_OK;
        text++;
    }
}

int cli_names_list(const cli_args *args, const char *option, const mlsd_table *t, cli_names *out)
{
    for (int i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].name, option) != 0) continue;
        const int code = split_names(out, t, args->given[i].value);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}
