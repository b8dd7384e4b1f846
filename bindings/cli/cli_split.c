/* cli_split.c - mlsd split: the rows of a CSV file into parts or folds, saved, described and drawn.
 * What is printed about folds is in cli_folds.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_folds.h"
#include "cli_job.h"

/* A kind by name, or a whole spec as JSON. */
static int make_spec(cli_job *job)
{
    const cli_args *const args = job->args;
    const char *by = cli_get(args, "by"), *splitter = cli_get(args, "splitter");
    if (by != NULL && splitter != NULL)
        return cli_fail(CLI_USAGE, "'--by' and '--splitter' both name the splitter; give one");
    int code = cli_job_make_spec(job, splitter != NULL ? splitter : by != NULL ? by : "holdout");
    for (int i = 0; i < args->n_given && code == CLI_OK; i++) {
        const char *name = args->given[i].name;
        if (strcmp(name, "set") == 0) code = cli_set_parameter(job->spec, args->given[i].value);
        if (strcmp(name, "seed") == 0 &&
            mlsd_spec_set_text(job->spec, "seed", args->given[i].value) != MLSD_OK)
            code = cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    return code;
}

static int check_options(const cli_args *args)
{
    static const char *const of_splitter[] = {"by", "splitter", "set", "seed"};
    if (cli_get(args, "folds") == NULL) return CLI_OK;
    for (size_t k = 0; k < sizeof of_splitter / sizeof *of_splitter; k++) {
        if (cli_get(args, of_splitter[k]) != NULL)
            return cli_fail(CLI_USAGE,
                            "'--folds' reads folds that are made already; '--%s' is for "
                            "making some",
                            of_splitter[k]);
    }
    return CLI_OK;
}

static const cli_role roles[] = {
    {"target", "target", false},
    {"group", "group", false},
    {"time", "time", false},
    {"id", "id", true},
};
enum { N_ROLES = sizeof roles / sizeof *roles };

/* A data set wants a feature, splitting does not: where every column has another role, one of zeros
 * comes along. */
static mlsd_status add_feature(const cli_job *job)
{
    const char *columns[CLI_MAX_OPTIONS], *names[CLI_MAX_OPTIONS];
    const int64_t n = cli_list_roles(job->args, roles, N_ROLES, columns, names);
    int64_t found = 0, n_named = 0;
    for (int64_t k = 0; k < n; k++) {
        /* A name that is not there is said by who reads the roles. */
        if (mlsd_table_find(job->table, columns[k], &found) != MLSD_OK) return MLSD_OK;
        n_named++;
    }
    if (n_named < mlsd_table_n_columns(job->table)) return MLSD_OK;
    const int64_t n_rows = mlsd_table_n_rows(job->table);
    double *zeros = calloc((size_t)n_rows + 1, sizeof *zeros);
    if (zeros == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_table_set_f64(job->table, "(none)", zeros, n_rows);
    free(zeros);
    return status;
}

static mlsd_status read_dataset(cli_job *job)
{
    const cli_args *const args = job->args;
    const mlsd_task task = cli_get(args, "target") != NULL ? MLSD_TASK_AUTO : MLSD_TASK_NONE;
    mlsd_status status = mlsd_table_read_csv(job->context, args->positional[0], NULL, &job->table);
    if (status == MLSD_OK) status = add_feature(job);
    if (status == MLSD_OK) status = cli_job_make_dataset(job, roles, N_ROLES, task);
    return status;
}

static int make_folds(cli_job *job)
{
    if (cli_get(job->args, "folds") != NULL)
        return cli_job_load_folds(job, job->args->positional[0]);
    const mlsd_status status =
        mlsd_folds_split_dataset(job->context, job->spec, job->dataset, &job->folds);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static int split_file(cli_job *job)
{
    const cli_args *const args = job->args;
    int code = check_options(args);
    if (code == CLI_OK) code = make_spec(job);
    if (code != CLI_OK) return code;
    mlsd_status status = read_dataset(job);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = make_folds(job);
    if (code != CLI_OK) return code;

    const char *path = cli_get(args, "out");
    const bool is_shown = cli_get(args, "describe") != NULL || isatty(STDOUT_FILENO);
    cli_folds_view view = {.context = job->context, .folds = job->folds, .dataset = job->dataset};
    if (is_shown) status = cli_folds_prepare(&view);
    if (status == MLSD_OK) {
        cli_progress_clear();
        if (path != NULL) {
            cli_hold_interrupts();
            status = mlsd_folds_save(NULL, job->folds, path, NULL);
        } else if (!is_shown) {
            status = mlsd_folds_save(job->context, job->folds, "/dev/stdout", "csv");
        }
    }
    if (status == MLSD_OK && is_shown) cli_folds_print(&view, path);
    if (status == MLSD_OK && !is_shown) cli_folds_print_sizes(job->folds);
    cli_folds_release(&view);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static int run_split(const cli_args *args)
{
    cli_job job;
    int code = cli_job_open(&job, args);
    if (code == CLI_OK) code = split_file(&job);
    cli_job_close(&job);
    return code;
}

static const cli_option split_options[] = {
    {"splitter", "SPEC", "a kind (mlsd kinds --family splitter), or JSON"},
    {"by", "KIND", "the same"},
    {"set", "NAME=VALUE", "a parameter of the splitter; may be repeated"},
    {"seed", "N", "seed of the random generator (default 0)"},
    {"target", "COLUMN", "the target, for stratified splits"},
    {"group", "COLUMN", "rows of one value stay together, for splits by group"},
    {"time", "COLUMN", "when a row is from, for splits by time"},
    {"id", "COLUMN", "what a row is known by, for splits by id; may be repeated"},
    {"folds", "FILE", "show or convert folds of a file instead of making some"},
    {"out", "FILE", "where to save: .csv, .txt for text, otherwise binary"},
    {"describe", NULL, "print sizes, classes, groups, times and a picture"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_split_command = {
    .name = "split",
    .usage = "FILE.csv [--splitter SPEC] [--set NAME=VALUE]... [--target COLUMN] "
             "[--out FILE]",
    .summary = "split the rows of a CSV file into parts or folds",
    .details = "Without --out, folds go to standard output as CSV. On a terminal they are\n"
               "described instead, as with --describe.\n",
    .options = split_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_split,
};
