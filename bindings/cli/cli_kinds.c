/* cli_kinds.c - mlsd kinds and mlsd env: what the library knows, and what it runs on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static mlsd_status kind_text(const void *kind, char *buf, int64_t capacity, int64_t *out_length)
{
    return mlsd_kind_json(kind, buf, capacity, out_length);
}

static mlsd_status build_text(const void *unused, char *buf, int64_t capacity, int64_t *out_length)
{
    (void)unused;
    return mlsd_build_info(buf, capacity, out_length);
}

static int print_json(cli_text_fn fn, const void *subject)
{
    char *text = cli_text(fn, subject);
    if (text == NULL) return cli_fail_status(MLSD_E_NOMEM);
    puts(text);
    free(text);
    return CLI_OK;
}

/* Print `text` from column `left` on, broken at blanks. */
static void print_wrapped(const char *text, int left)
{
    const int width = cli_width() - left;
    while (*text != '\0') {
        int n = (int)strlen(text);
        if (n > width) {
            n = width;
            while (n > 0 && text[n] != ' ') n--;
            if (n == 0) n = width;
        }
        printf("%.*s\n", n, text);
        text += n;
        while (*text == ' ') text++;
        if (*text != '\0') printf("%*s", left, "");
    }
}

static void print_values(const mlsd_param *param)
{
    double lower, upper;
    int32_t open;
    mlsd_param_bounds(param, &lower, &upper, &open);
    printf("  %s = %s", mlsd_param_name(param), mlsd_param_default(param));
    if (mlsd_param_choice_count(param) > 0) {
        for (int64_t i = 0; i < mlsd_param_choice_count(param); i++)
            printf("%s%s", i == 0 ? "   (" : ", ", mlsd_param_choice_at(param, i));
        putchar(')');
    } else if (isfinite(lower) || isfinite(upper)) {
        printf("   %c%.10g, %.10g%c", open & 1 || isinf(lower) ? '(' : '[', lower, upper,
               open & 2 || isinf(upper) ? ')' : ']');
    }
    printf("\n      ");
    print_wrapped(mlsd_param_doc(param), 6);
}

static int print_kind(const mlsd_kind *kind)
{
    printf("%s (%s)\n", mlsd_kind_name(kind), mlsd_kind_family(kind));
    print_wrapped(mlsd_kind_doc(kind), 0);
    if (mlsd_kind_param_count(kind) > 0) putchar('\n');
    for (int64_t i = 0; i < mlsd_kind_param_count(kind); i++)
        print_values(mlsd_kind_param_at(kind, i));
    return CLI_OK;
}

static int run_kinds(const cli_args *args)
{
    const mlsd_kind *kind = NULL;
    if (args->n_positional == 1) {
        kind = mlsd_kind_find(args->positional[0]);
        if (kind == NULL) return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    if (cli_get(args, "json") != NULL) return print_json(kind_text, kind);
    if (kind != NULL) return print_kind(kind);
    const char *family = cli_get(args, "family");
    if (family != NULL && mlsd_kind_count(family) == 0)
        return cli_fail(CLI_USAGE, "no kind is of family '%s'; 'mlsd kinds' shows all", family);
    for (int64_t i = 0; i < mlsd_kind_count(family); i++) {
        const mlsd_kind *row = mlsd_kind_at(family, i);
        const char *name = mlsd_kind_name(row);
        printf("%-24s %-12s ", name, mlsd_kind_family(row));
        if (strlen(name) > 24) printf("\n%38s", ""); /* a long name has a line to itself */
        print_wrapped(mlsd_kind_doc(row), 38);
    }
    return CLI_OK;
}

static const cli_option kinds_options[] = {
    {"family", "NAME", "only kinds of one family (estimator, splitter, metric, ...)"},
    {"json", NULL, "everything as JSON"},
    {NULL, NULL, NULL},
};

const cli_command cli_kinds_command = {
    .name = "kinds",
    .usage = "[KIND] [--family NAME] [--json]",
    .summary = "list models, splitters and metrics, and the parameters of one",
    .options = kinds_options,
    .n_positional_max = 1,
    .run = run_kinds,
};

static int run_env(const cli_args *args)
{
    (void)args;
    return print_json(build_text, NULL);
}

static const cli_option env_options[] = {{NULL, NULL, NULL}};

const cli_command cli_env_command = {
    .name = "env",
    .usage = "",
    .summary = "show version, compiler, BLAS and CPU as JSON",
    .options = env_options,
    .run = run_env,
};
