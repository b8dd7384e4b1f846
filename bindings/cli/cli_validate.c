/* cli_validate.c - mlsd validate: a spec of family validation or search, on the rows of a CSV file,
 * and its tables and verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"
#include "cli_table.h"

enum { NAME_CAPACITY = 128, MAX_REMARKS = 100 };

typedef struct validate_job {
    mlsd_context *context;
    mlsd_spec *spec;
    mlsd_table *table;
    mlsd_dataset *dataset;
    mlsd_folds *folds;
    mlsd_result *result;
    char *remarks[MAX_REMARKS];
    int n_remarks;
} validate_job;

static int set_parameter(mlsd_spec *spec, const char *assignment)
{
    char name[NAME_CAPACITY];
    const size_t length = strcspn(assignment, "=");
    if (assignment[length] != '=' || length == 0 || length >= sizeof name)
        return cli_fail(CLI_USAGE, "'--set' needs name=value, got '%s'", assignment);
    memcpy(name, assignment, length);
    name[length] = '\0';
    if (mlsd_spec_set_text(spec, name, assignment + length + 1) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    return CLI_OK;
}

static int make_spec(const cli_args *args, validate_job *job)
{
    const char *path = args->positional[0];
    const mlsd_status status = mlsd_spec_load(job->context, path, &job->spec);
    if (status != MLSD_OK) return cli_fail_file(status, path);
    const mlsd_kind *kind = mlsd_spec_kind(job->spec);
    const char *family = mlsd_kind_family(kind);
    if (strcmp(family, "validation") != 0 && strcmp(family, "search") != 0)
        return cli_fail(CLI_USAGE,
                        "'%s' holds a spec of kind '%s' (%s), not of a validation or a search; "
                        "'mlsd kinds --family validation' lists them",
                        path, mlsd_kind_name(kind), family);
    for (int i = 0; i < args->n_given; i++) {
        if (strcmp(args->given[i].name, "set") != 0) continue;
        const int code = set_parameter(job->spec, args->given[i].value);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

static mlsd_status read_dataset(const cli_args *args, validate_job *job)
{
    static const char *const options[] = {"target", "group", "time", "weight", "drop"};
    static const char *const names[] = {"target", "group", "time", "weight", "ignore"};
    enum { N_OPTIONS = sizeof options / sizeof *options };
    const char *columns[CLI_MAX_OPTIONS], *roles[CLI_MAX_OPTIONS];
    int64_t n = 0;
    for (int i = 0; i < args->n_given; i++) {
        for (int k = 0; k < N_OPTIONS; k++) {
            if (strcmp(args->given[i].name, options[k]) != 0) continue;
            columns[n] = args->given[i].value;
            roles[n++] = names[k];
        }
    }
    return mlsd_dataset_from_table(job->context, job->table, columns, roles, n, MLSD_TASK_AUTO,
                                   &job->dataset);
}

static int check_rows(const cli_args *args, const validate_job *job)
{
    const int64_t n = mlsd_dataset_n_rows(job->dataset), split = mlsd_folds_n_rows(job->folds);
    if (n == split) return CLI_OK;
    return cli_fail(CLI_DATA, "the folds in '%s' split %lld rows, '%s' has %lld",
                    cli_get(args, "folds"), (long long)split, args->positional[1], (long long)n);
}

/* Remarks wait for the result; each is shown once. */
static void on_log(mlsd_log_level level, const char *text, void *user)
{
    validate_job *job = user;
    (void)level;
    for (int i = 0; i < job->n_remarks; i++)
        if (strcmp(job->remarks[i], text) == 0) return;
    if (job->n_remarks == MAX_REMARKS) return;
    char *copy = strdup(text);
    if (copy != NULL) job->remarks[job->n_remarks++] = copy;
}

/* Tables of single rows or fits, and of times, are for the file. */
static bool is_shown(const char *name)
{
    static const char *const hidden[] = {"timings.", "audit.",      "predictions", "folds",
                                         "plan",     "fold_scores", "repeats",     "rung_folds"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (strncmp(name, hidden[i], strlen(hidden[i])) == 0) return false;
    return true;
}

static void print_result(const validate_job *job)
{
    char line[4096];
    const mlsd_result *r = job->result;
    for (int i = 0; i < job->n_remarks; i++) {
        snprintf(line, sizeof line, "note: %s", job->remarks[i]);
        cli_print_wrapped(line, 6);
    }
    for (int64_t i = 0; i < mlsd_result_count(r); i++) {
        const char *name = mlsd_result_name(r, i);
        const mlsd_table *t = is_shown(name) ? cli_result_table(r, name) : NULL;
        if (t != NULL) cli_table_print(name, t);
    }
    const char *plan = cli_result_text(r, "plan");
    putchar('\n');
    if (*plan != '\0') {
        snprintf(line, sizeof line, "plan: %s", plan);
        cli_print_wrapped(line, 6);
    }
    cli_print_wrapped(mlsd_result_verdict(r), 0);
}

/* Files first, so that what is printed is not said too early. */
static int save(const cli_args *args, validate_job *job)
{
    const char *path = cli_get(args, "out"), *model_path = cli_get(args, "model");
    const char *report = cli_get(args, "report");
    const mlsd_model *model = mlsd_result_get_model(job->result, "chosen");
    cli_hold_interrupts();
    if (path != NULL) {
        const mlsd_status status = mlsd_result_save(job->result, path);
        if (status != MLSD_OK) return cli_fail_file(status, path);
    }
    if (report != NULL) {
        const mlsd_status status =
            mlsd_report_save(job->context, job->result, args->positional[1], report);
        if (status != MLSD_OK) return cli_fail_file(status, report);
    }
    if (model_path == NULL) return CLI_OK;
    if (model == NULL)
        return cli_fail(CLI_DATA, "'%s' chooses no model that '--model' could save",
                        mlsd_kind_name(mlsd_spec_kind(job->spec)));
    const mlsd_status status = mlsd_model_save(model, model_path);
    return status == MLSD_OK ? CLI_OK : cli_fail_file(status, model_path);
}

static int validate_file(const cli_args *args, validate_job *job)
{
    if (cli_get(args, "target") == NULL)
        return cli_fail(CLI_USAGE, "which column is to be predicted? give it with --target COLUMN");
    int code = make_spec(args, job);
    if (code != CLI_OK) return code;
    const char *file = args->positional[1], *folds = cli_get(args, "folds");
    const char *journal = cli_get(args, "journal");
    (void)mlsd_context_set_log(job->context, MLSD_LOG_WARNING, on_log, job, NULL);
    mlsd_status status = MLSD_OK;
    if (journal != NULL) status = mlsd_context_set_str(job->context, "journal", journal);
    if (status == MLSD_OK) status = mlsd_table_read_csv(job->context, file, NULL, &job->table);
    if (status == MLSD_OK) status = read_dataset(args, job);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (folds != NULL) {
        status = mlsd_folds_load(job->context, folds, &job->folds);
        if (status != MLSD_OK) return cli_fail_file(status, folds);
        code = check_rows(args, job);
        if (code != CLI_OK) return code;
    }
    status = mlsd_validate(job->context, job->spec, job->dataset, job->folds, &job->result);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = save(args, job);
    cli_progress_clear();
    printf("%s: %lld rows, %lld features\n", file, (long long)mlsd_dataset_n_rows(job->dataset),
           (long long)mlsd_dataset_n_features(job->dataset));
    print_result(job);
    return code;
}

static int run_validate(const cli_args *args)
{
    validate_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const int code = validate_file(args, &job);
    for (int i = 0; i < job.n_remarks; i++) free(job.remarks[i]);
    mlsd_result_free(job.result);
    mlsd_folds_free(job.folds);
    mlsd_dataset_free(job.dataset);
    mlsd_table_free(job.table);
    mlsd_spec_free(job.spec);
    cli_context_free(job.context);
    return code;
}

static const cli_option validate_options[] = {
    {"target", "COLUMN", "the column to predict"},
    {"set", "NAME=VALUE", "a parameter of the spec; may be repeated"},
    {"folds", "FILE", "folds made by mlsd split (default: the spec's splitter)"},
    {"group", "COLUMN", "rows with the same value stay together"},
    {"time", "COLUMN", "when a row is from; folds test on what follows"},
    {"weight", "COLUMN", "what each row weighs"},
    {"drop", "COLUMN", "a column to leave out; may be repeated"},
    {"out", "FILE.json", "save everything, predictions and single folds too"},
    {"report", "FILE.html", "save it as a page with pictures"},
    {"model", "FILE.mlsd", "save the model that a search chose, for mlsd predict"},
    {"journal", "FILE", "keep what is finished there, and go on from it"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_validate_command = {
    .name = "validate",
    .usage = "SPEC.json FILE.csv --target COLUMN [--folds FILE] [--out FILE.json]",
    .summary = "cross-validate, search, draw learning curves: what a spec says",
    .details =
        "SPEC.json holds a spec of family validation or search (mlsd kinds --family\n"
        "search), such as {\"kind\":\"grid_search\",\"estimator\":{\"kind\":\"ridge\"},\n"
        "\"space\":[\"alpha = 0.1, 1, 10\"]}. Prints its tables, the plan and the verdict.\n",
    .options = validate_options,
    .n_positional_min = 2,
    .n_positional_max = 2,
    .run = run_validate,
};
