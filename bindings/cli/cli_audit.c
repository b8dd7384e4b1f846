/* cli_audit.c - mlsd audit: does a split of a CSV file leak from test into training? What was found
 * is printed worst first, each finding with its remedy; the exit code tells whether a build may go
 * on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_job.h"
#include "cli_print.h"

typedef struct audit_job {
    cli_job all; /* its spec is the splitter, where there are no folds already */
    mlsd_spec *options;
} audit_job;

/* A splitter by its kind ("group_kfold"), as JSON, or the default for what is known of the data. */
static int make_splitter(cli_job *job)
{
    const cli_args *const args = job->args;
    const char *given = cli_get(args, "splitter");
    const char *kind = given != NULL                              ? given
                       : cli_get(args, "group") != NULL           ? "group_kfold"
                       : cli_get(args, "time") != NULL            ? "time_series_split"
                       : mlsd_dataset_n_classes(job->dataset) > 0 ? "stratified_kfold"
                                                                  : "kfold";
    const int code = cli_job_make_spec(job, kind);
    if (code != CLI_OK) return code;
    if (given == NULL && (strcmp(kind, "kfold") == 0 || strcmp(kind, "stratified_kfold") == 0))
        (void)mlsd_spec_set_bool(job->spec, "shuffle", 1);
    return cli_job_set_parameters(job);
}

/* Those of a file, or of a splitter. */
static int make_folds(cli_job *job)
{
    if (cli_get(job->args, "folds") != NULL)
        return cli_job_load_folds(job, job->args->positional[0]);
    const int code = make_splitter(job);
    if (code != CLI_OK) return code;
    const mlsd_status status =
        mlsd_folds_split_dataset(job->context, job->spec, job->dataset, &job->folds);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static int make_options(const cli_args *args, audit_job *job)
{
    static const char *const passed[] = {"checks", "seed"};
    if (mlsd_spec_new(job->all.context, "leakage_audit", &job->options) != MLSD_OK)
        return cli_fail_status(MLSD_E_NOMEM);
    mlsd_status status = MLSD_OK;
    if (cli_get(args, "full") != NULL) status = mlsd_spec_set_str(job->options, "depth", "full");
    for (size_t i = 0; i < sizeof passed / sizeof passed[0] && status == MLSD_OK; i++) {
        const char *value = cli_get(args, passed[i]);
        if (value != NULL) status = mlsd_spec_set_text(job->options, passed[i], value);
    }
    const char *path = cli_get(args, "estimator");
    if (status == MLSD_OK && path != NULL) {
        mlsd_spec *estimator = NULL;
        status = mlsd_spec_load(job->all.context, path, &estimator);
        if (status == MLSD_OK) status = mlsd_spec_add(job->options, "estimator", NULL, estimator);
        mlsd_spec_free(estimator);
        if (status != MLSD_OK) return cli_fail_file(status, path);
    }
    return status == MLSD_OK ? CLI_OK : cli_fail(CLI_USAGE, "%s", mlsd_last_error());
}

static const cli_role roles[] = {
    {"target", "target", false},
    {"group", "group", false},
    {"time", "time", false},
    {"time-end", "time_end", false},
};
enum { N_ROLES = sizeof roles / sizeof *roles };

static mlsd_status read_data(cli_job *job)
{
    const cli_args *const args = job->args;
    const mlsd_task task = cli_get(args, "target") != NULL ? MLSD_TASK_AUTO : MLSD_TASK_NONE;
    const mlsd_status status =
        mlsd_table_read_csv(job->context, args->positional[0], NULL, &job->table);
    return status == MLSD_OK ? cli_job_make_dataset(job, roles, N_ROLES, task) : status;
}

/* Options that are of no use beside another one. */
static int check_options(const cli_args *args)
{
    if (cli_get(args, "folds") == NULL) return CLI_OK;
    if (cli_get(args, "splitter") != NULL)
        return cli_fail(CLI_USAGE, "give either '--folds' or '--splitter', not both");
    if (cli_get(args, "set") != NULL)
        return cli_fail(CLI_USAGE, "'--set' is for a splitter; '--folds' are made already");
    return CLI_OK;
}

static void print_checks(const mlsd_result *r)
{
    const mlsd_table *checks = cli_result_table(r, "checks");
    for (int pass = 0; pass < 2; pass++) {
        bool is_first = true;
        char line[2048];
        int n = snprintf(line, sizeof line, "%s", pass == 0 ? "checked:" : "skipped:");
        for (int64_t i = 0; checks != NULL && i < mlsd_table_n_rows(checks); i++) {
            const bool is_done = strcmp(cli_cell_text(checks, "status", i), "done") == 0;
            if (is_done != (pass == 0) || n >= (int)sizeof line - 200) continue;
            n += snprintf(line + n, sizeof line - (size_t)n, "%s %.40s", is_first ? "" : ",",
                          cli_cell_text(checks, "check", i));
            if (!is_done)
                n += snprintf(line + n, sizeof line - (size_t)n, " (%.80s)",
                              cli_cell_text(checks, "reason", i));
            is_first = false;
        }
        if (!is_first) cli_print_wrapped(line, 2);
    }
}

static void print_folds(const cli_job *job)
{
    printf("%s: %lld rows, %lld splits %s %s\n", job->args->positional[0],
           (long long)mlsd_dataset_n_rows(job->dataset), (long long)mlsd_folds_n_splits(job->folds),
           job->spec != NULL ? "by" : "of",
           job->spec != NULL ? mlsd_kind_name(mlsd_spec_kind(job->spec))
                             : cli_get(job->args, "folds"));
}

static int audit_file(audit_job *audit)
{
    cli_job *const job = &audit->all;
    const cli_args *const args = job->args;
    int code = check_options(args);
    if (code == CLI_OK) code = make_options(args, audit);
    if (code != CLI_OK) return code;
    mlsd_status status = read_data(job);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = make_folds(job);
    if (code != CLI_OK) return code;
    status = mlsd_folds_audit(job->context, audit->options, job->dataset, job->folds, &job->result);
    const char *out = cli_get(args, "out");
    if (status == MLSD_OK && out != NULL) status = mlsd_result_save(job->result, out);
    if (status != MLSD_OK) return cli_fail_status(status);
    cli_progress_clear();
    print_folds(job);
    print_checks(job->result);
    if (!cli_print_findings(job->result, "", true))
        cli_print_wrapped(mlsd_result_verdict(job->result), 0);
    return cli_result_number(job->result, "n_errors") > 0 ? CLI_FOUND : CLI_OK;
}

static int run_audit(const cli_args *args)
{
    audit_job job = {0};
    int code = cli_job_open(&job.all, args);
    if (code == CLI_OK) code = audit_file(&job);
    mlsd_spec_free(job.options);
    cli_job_close(&job.all);
    return code;
}

static const cli_option audit_options[] = {
    {"target", "COLUMN", "the column to predict"},
    {"group", "COLUMN", "rows of one value belong together"},
    {"time", "COLUMN", "when a row was known: a number or a date"},
    {"time-end", "COLUMN", "when its target was known"},
    {"folds", "FILE", "folds made by mlsd split, or a CSV file with a column 'fold'"},
    {"splitter", "KIND", "splitter, or its JSON (default: by group, time or class)"},
    {"set", "NAME=VALUE", "a parameter of the splitter; may be repeated"},
    {"full", NULL, "the costly checks as well: near duplicates, shift"},
    {"checks", "A,B", "only these checks"},
    {"estimator", "FILE.json", "a model by which effects are estimated"},
    {"out", "FILE.json", "write everything that was found"},
    {"seed", "N", "seed of everything random (default 0)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_audit_command = {
    .name = "audit",
    .usage = "FILE.csv --target COLUMN [--folds FILE | --splitter KIND] [--full] [options]",
    .summary = "look for leaks between training and test",
    .details = "Exit code 0: no error was found (warnings may have been); 5: errors were found,\n"
               "and scores of this split are not to be believed.\n",
    .options = audit_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_audit,
};
