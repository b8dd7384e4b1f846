/* cli_audit.c - mlsd audit: does a split of a CSV file leak from test into training? What was found
 * is printed worst first, each finding with its remedy; the exit code tells whether a build may go
 * on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

enum { MAX_ROLES = 8 };

typedef struct audit_job {
    mlsd_context *context;
    mlsd_table *table;
    mlsd_spec *splitter, *options;
    mlsd_dataset *dataset;
    mlsd_folds *folds;
    mlsd_result *result;
} audit_job;

/* A splitter by its kind ("group_kfold"), as JSON, or the default for what is known of the data. */
static int make_splitter(const cli_args *args, audit_job *job)
{
    const char *given = cli_get(args, "splitter");
    const bool is_json = given != NULL && *given == '{';
    const char *kind = given != NULL                              ? given
                       : cli_get(args, "folds") != NULL           ? "predefined_split"
                       : cli_get(args, "group") != NULL           ? "group_kfold"
                       : cli_get(args, "time") != NULL            ? "time_series_split"
                       : mlsd_dataset_n_classes(job->dataset) > 0 ? "stratified_kfold"
                                                                  : "kfold";
    const mlsd_status status = is_json ? mlsd_spec_from_json(job->context, given, &job->splitter)
                                       : mlsd_spec_new(job->context, kind, &job->splitter);
    if (status != MLSD_OK) return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    if (given == NULL && (strcmp(kind, "kfold") == 0 || strcmp(kind, "stratified_kfold") == 0))
        (void)mlsd_spec_set_bool(job->splitter, "shuffle", 1);
    for (int i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].name, "set") != 0) continue;
        char name[128];
        const char *text = args->given[i].value;
        const size_t length = strcspn(text, "=");
        if (text[length] != '=' || length == 0 || length >= sizeof name)
            return cli_fail(CLI_USAGE, "'--set' needs name=value, got '%s'", text);
        memcpy(name, text, length);
        name[length] = '\0';
        if (mlsd_spec_set_text(job->splitter, name, text + length + 1) != MLSD_OK)
            return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    return CLI_OK;
}

static int make_options(const cli_args *args, audit_job *job)
{
    static const char *const passed[] = {"checks", "seed"};
    if (mlsd_spec_new(job->context, "leakage_audit", &job->options) != MLSD_OK)
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
        status = mlsd_spec_load(job->context, path, &estimator);
        if (status == MLSD_OK) status = mlsd_spec_add(job->options, "estimator", NULL, estimator);
        mlsd_spec_free(estimator);
        if (status != MLSD_OK) return cli_fail_file(status, path);
    }
    return status == MLSD_OK ? CLI_OK : cli_fail(CLI_USAGE, "%s", mlsd_last_error());
}

static mlsd_status read_data(const cli_args *args, audit_job *job)
{
    static const char *const options[] = {"target", "group", "time", "time-end"};
    static const char *const names[] = {"target", "group", "time", "time_end"};
    const char *columns[MAX_ROLES], *roles[MAX_ROLES];
    int64_t n = 0;
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const char *column = cli_get(args, options[i]);
        if (column == NULL) continue;
        columns[n] = column;
        roles[n++] = names[i];
    }
    const bool has_target = cli_get(args, "target") != NULL;
    return mlsd_dataset_from_table(job->context, job->table, columns, roles, n,
                                   has_target ? MLSD_TASK_AUTO : MLSD_TASK_NONE, &job->dataset);
}

/* A column "fold" of the rows in their order, as mlsd split writes it: the split that tests each
 * row. */
static int read_folds(const char *path, audit_job *job)
{
    mlsd_table *table = NULL;
    int64_t column = -1;
    const int64_t n_rows = mlsd_dataset_n_rows(job->dataset);
    mlsd_status status = mlsd_table_read_csv(job->context, path, NULL, &table);
    if (status == MLSD_OK) status = mlsd_table_find(table, "fold", &column);
    const int64_t n = status == MLSD_OK ? mlsd_table_n_rows(table) : 0;
    if (status == MLSD_OK && n != n_rows) {
        mlsd_table_free(table);
        return cli_fail(CLI_DATA, "'%s' has the folds of %lld rows, the data %lld", path,
                        (long long)n, (long long)n_rows);
    }
    double *fold = malloc((size_t)(n + 1) * sizeof *fold);
    if (fold == NULL) status = MLSD_E_NOMEM;
    if (status == MLSD_OK) status = mlsd_table_get_f64(table, column, 0, n, fold);
    if (status == MLSD_OK) {
        const mlsd_matrix groups = {fold, n, 1, 1, 1, MLSD_F64, 0};
        status = mlsd_folds_split(job->context, job->splitter, n, NULL, &groups, &job->folds);
    }
    free(fold);
    mlsd_table_free(table);
    return status == MLSD_OK ? CLI_OK : cli_fail_file(status, path);
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

static int audit_file(const cli_args *args, audit_job *job)
{
    const char *file = args->positional[0], *folds = cli_get(args, "folds");
    if (folds != NULL && cli_get(args, "splitter") != NULL)
        return cli_fail(CLI_USAGE, "give either '--folds' or '--splitter', not both");
    int code = make_options(args, job);
    if (code != CLI_OK) return code;
    mlsd_status status = mlsd_table_read_csv(job->context, file, NULL, &job->table);
    if (status == MLSD_OK) status = read_data(args, job);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = make_splitter(args, job);
    if (code == CLI_OK && folds != NULL) code = read_folds(folds, job);
    if (code != CLI_OK) return code;
    if (folds == NULL)
        status = mlsd_folds_split_dataset(job->context, job->splitter, job->dataset, &job->folds);
    if (status == MLSD_OK)
        status =
            mlsd_folds_audit(job->context, job->options, job->dataset, job->folds, &job->result);
    const char *out = cli_get(args, "out");
    if (status == MLSD_OK && out != NULL) status = mlsd_result_save(job->result, out);
    if (status != MLSD_OK) return cli_fail_status(status);
    cli_progress_clear();
    printf("%s: %lld rows, %lld splits by %s\n", file, (long long)mlsd_dataset_n_rows(job->dataset),
           (long long)mlsd_folds_n_splits(job->folds),
           mlsd_kind_name(mlsd_spec_kind(job->splitter)));
    print_checks(job->result);
    if (!cli_print_findings(job->result, "", true))
        cli_print_wrapped(mlsd_result_verdict(job->result), 0);
    return cli_result_number(job->result, "n_errors") > 0 ? CLI_FOUND : CLI_OK;
}

static int run_audit(const cli_args *args)
{
    audit_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const int code = audit_file(args, &job);
    mlsd_result_free(job.result);
    mlsd_folds_free(job.folds);
    mlsd_dataset_free(job.dataset);
    mlsd_spec_free(job.options);
    mlsd_spec_free(job.splitter);
    mlsd_table_free(job.table);
    cli_context_free(job.context);
    return code;
}

static const cli_option audit_options[] = {
    {"target", "COLUMN", "the column to predict"},
    {"group", "COLUMN", "rows of one value belong together"},
    {"time", "COLUMN", "when a row was known: a number or a date"},
    {"time-end", "COLUMN", "when its target was known"},
    {"folds", "FILE.csv", "a column 'fold' for each row, as mlsd split writes it"},
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
    .usage = "FILE.csv --target COLUMN [--folds FILE.csv | --splitter KIND] [--full] [options]",
    .summary = "look for leaks between training and test",
    .details = "Exit code 0: no error was found (warnings may have been); 5: errors were found,\n"
               "and scores of this split are not to be believed.\n",
    .options = audit_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_audit,
};
