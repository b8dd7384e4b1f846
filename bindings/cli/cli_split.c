/* cli_split.c - mlsd split: the rows of a CSV file into parts or folds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

typedef struct split_job {
    mlsd_context *context;
    mlsd_table *table;
    mlsd_spec *spec;
    mlsd_dataset *dataset;
    mlsd_folds *folds;
    mlsd_table *out;
} split_job;

/* "name=value" given by --set. */
static int set_parameter(mlsd_spec *spec, const char *assignment)
{
    char name[128];
    const size_t length = strcspn(assignment, "=");
    if (assignment[length] != '=' || length == 0 || length >= sizeof name)
        return cli_fail(CLI_USAGE, "'--set' needs name=value, got '%s'", assignment);
    memcpy(name, assignment, length);
    name[length] = '\0';
    if (mlsd_spec_set_text(spec, name, assignment + length + 1) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    return CLI_OK;
}

static int make_spec(const cli_args *args, split_job *job)
{
    const char *kind = cli_get(args, "by");
    if (mlsd_spec_new(job->context, kind != NULL ? kind : "holdout", &job->spec) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    for (int i = 0; i < args->n_given; i++) {
        const char *name = args->given[i].name;
        int code = CLI_OK;
        if (strcmp(name, "set") == 0) code = set_parameter(job->spec, args->given[i].value);
        if (strcmp(name, "seed") == 0 &&
            mlsd_spec_set_text(job->spec, "seed", args->given[i].value) != MLSD_OK)
            code = cli_fail(CLI_USAGE, "%s", mlsd_last_error());
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

static const char *part_name(int64_t part, int64_t n_parts)
{
    if (part == 0) return "train";
    if (part == n_parts - 1) return "test";
    return n_parts == 3 ? "validation" : "part";
}

/* Is every row in exactly one test part? Then one column of fold numbers says it all. */
static bool is_partition(const split_job *job, int64_t n, int64_t *fold)
{
    const int64_t n_splits = mlsd_folds_n_splits(job->folds);
    const int64_t test = mlsd_folds_n_parts(job->folds) - 1;
    int64_t *rows = malloc((size_t)(n + 1) * sizeof *rows);
    for (int64_t i = 0; i < n; i++) fold[i] = -1;
    bool whole = rows != NULL && n_splits > 1;
    for (int64_t k = 0; whole && k < n_splits; k++) {
        const int64_t size = mlsd_folds_part_size(job->folds, k, test);
        whole = mlsd_folds_part(job->folds, k, test, rows, n) == MLSD_OK &&
                mlsd_folds_part_size(job->folds, k, 0) + size == n;
        for (int64_t i = 0; whole && i < size; i++) {
            whole = fold[rows[i]] == -1;
            fold[rows[i]] = k;
        }
    }
    for (int64_t i = 0; whole && i < n; i++) whole = fold[i] >= 0;
    free(rows);
    return whole;
}

/* Long form: split, row, part. */
static mlsd_status long_table(split_job *job)
{
    const int64_t n_splits = mlsd_folds_n_splits(job->folds),
                  n_parts = mlsd_folds_n_parts(job->folds);
    int64_t total = 0;
    for (int64_t k = 0; k < n_splits; k++)
        for (int64_t p = 0; p < n_parts; p++) total += mlsd_folds_part_size(job->folds, k, p);
    int64_t *split = malloc((size_t)(total + 1) * sizeof *split);
    int64_t *row = malloc((size_t)(total + 1) * sizeof *row);
    const char **part = malloc((size_t)(total + 1) * sizeof *part);
    mlsd_status status = split && row && part ? MLSD_OK : MLSD_E_NOMEM;
    int64_t at = 0;
    for (int64_t k = 0; status == MLSD_OK && k < n_splits; k++) {
        for (int64_t p = 0; status == MLSD_OK && p < n_parts; p++) {
            const int64_t size = mlsd_folds_part_size(job->folds, k, p);
            status = mlsd_folds_part(job->folds, k, p, row + at, total - at);
            for (int64_t i = 0; i < size; i++) {
                split[at + i] = k;
                part[at + i] = part_name(p, n_parts);
            }
            at += size;
        }
    }
    if (status == MLSD_OK && n_splits > 1)
        status = mlsd_table_set_i64(job->out, "split", split, total);
    if (status == MLSD_OK) status = mlsd_table_set_i64(job->out, "row", row, total);
    if (status == MLSD_OK) status = mlsd_table_set_str(job->out, "part", part, total);
    free(split);
    free(row);
    free(part);
    return status;
}

static mlsd_status fold_table(split_job *job, int64_t n, const int64_t *fold)
{
    int64_t *row = malloc((size_t)(n + 1) * sizeof *row);
    if (row == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) row[i] = i;
    mlsd_status status = mlsd_table_set_i64(job->out, "row", row, n);
    if (status == MLSD_OK) status = mlsd_table_set_i64(job->out, "fold", fold, n);
    free(row);
    return status;
}

static mlsd_status make_table(split_job *job)
{
    const int64_t n = mlsd_folds_n_rows(job->folds);
    int64_t *fold = malloc((size_t)(n + 1) * sizeof *fold);
    if (fold == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd_table_new(job->context, &job->out);
    if (status == MLSD_OK)
        status = is_partition(job, n, fold) ? fold_table(job, n, fold) : long_table(job);
    free(fold);
    return status;
}

static void print_sizes(const split_job *job)
{
    const int64_t n_splits = mlsd_folds_n_splits(job->folds),
                  n_parts = mlsd_folds_n_parts(job->folds);
    for (int64_t k = 0; k < n_splits; k++) {
        if (n_splits > 1) fprintf(stderr, "split %lld:", (long long)k);
        for (int64_t p = 0; p < n_parts; p++)
            fprintf(stderr, "%s%s %lld", p == 0 && n_splits == 1 ? "" : " ", part_name(p, n_parts),
                    (long long)mlsd_folds_part_size(job->folds, k, p));
        fputc('\n', stderr);
    }
}

static int split_file(const cli_args *args, split_job *job)
{
    const int code = make_spec(args, job);
    if (code != CLI_OK) return code;
    mlsd_status status = mlsd_table_read_csv(job->context, args->positional[0], NULL, &job->table);
    const char *target = cli_get(args, "target");
    const char *const role = "target";
    if (status == MLSD_OK)
        status = mlsd_dataset_from_table(
            job->context, job->table, &target, &role, target != NULL ? 1 : 0,
            target != NULL ? MLSD_TASK_AUTO : MLSD_TASK_NONE, &job->dataset);
    if (status == MLSD_OK)
        status = mlsd_folds_split_dataset(job->context, job->spec, job->dataset, &job->folds);
    if (status == MLSD_OK) status = make_table(job);
    const char *path = cli_get(args, "out");
    if (status == MLSD_OK) {
        cli_progress_clear();
        if (path != NULL) cli_hold_interrupts();
        status = mlsd_table_write_csv(job->out, path != NULL ? path : "/dev/stdout");
    }
    if (status != MLSD_OK) return cli_fail_status(status);
    print_sizes(job);
    return CLI_OK;
}

static int run_split(const cli_args *args)
{
    split_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const int code = split_file(args, &job);
    mlsd_table_free(job.out);
    mlsd_folds_free(job.folds);
    mlsd_dataset_free(job.dataset);
    mlsd_table_free(job.table);
    mlsd_spec_free(job.spec);
    cli_context_free(job.context);
    return code;
}

static const cli_option split_options[] = {
    {"by", "KIND", "splitter (default holdout); mlsd kinds --family splitter"},
    {"set", "NAME=VALUE", "a parameter of the splitter; may be repeated"},
    {"target", "COLUMN", "the target, for stratified splits"},
    {"seed", "N", "seed of the random generator (default 0)"},
    {"out", "FILE.csv", "where to write (default: standard output)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {NULL, NULL, NULL},
};

const cli_command cli_split_command = {
    .name = "split",
    .usage = "FILE.csv [--by KIND] [--set NAME=VALUE]... [--target COLUMN] [--out FILE.csv]",
    .summary = "split the rows of a CSV file into parts or folds",
    .options = split_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_split,
};
