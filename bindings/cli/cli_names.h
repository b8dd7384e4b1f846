/* cli_names.h - options that name several things: repeated, or with commas between the names. */
#ifndef MLSD_CLI_NAMES_H
#define MLSD_CLI_NAMES_H

#include "cli.h"

enum { CLI_MOST_NAMES = 256 };

typedef struct cli_names {
    char *values[CLI_MOST_NAMES];
    int64_t n;
} cli_names;

/* The names that all uses of an option give, in their order: "a,b" or "\"a,b\",c", in quotes where
 * a name holds a comma. Where `t` (or NULL) has a column of the whole text it is that one name. */
int cli_names_list(const cli_args *args, const char *option, const mlsd_table *t, cli_names *out);
void cli_names_free(cli_names *n); /* all zero is fine */

#endif
