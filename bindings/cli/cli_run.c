/* cli_run.c - mlsd run: from a CSV file to a verdict. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cli_print.h"

enum { PATH_CAPACITY = 4096 };

typedef struct run_job {
    mlsd_context *context;
    mlsd_table *table;
    mlsd_spec *spec, *complete;
    mlsd_result *result;
    char directory[PATH_CAPACITY];
    bool made_directory;
} run_job;

/* Options that set a parameter of kind "experiment"; a flag sets true. */
static const struct {
    const char *option, *param;
} parameters[] = {
    {"target", "target"}, {"slices", "slices"}, {"task", "task"}, {"seed", "seed"},
    {"quick", "quick"},   {"metric", "metric"}, {"drop", "drop"},
};

/* "60,20,20" or "0.6,0.2,0.2": the shares of training, validation and test. */
static int set_split(mlsd_spec *spec, const char *text)
{
    double shares[3], sum = 0;
    const char *at = text;
    for (int i = 0; i < 3; i++) {
        char *end = NULL;
        shares[i] = strtod(at, &end);
        if (end == at || *end != (i < 2 ? ',' : '\0') || !(shares[i] > 0))
            return cli_fail(CLI_USAGE, "'--split' needs three shares such as 70,15,15, got '%s'",
                            text);
        sum += shares[i];
        at = end + 1;
    }
    for (int i = 0; i < 3; i++) shares[i] /= sum;
    if (mlsd_spec_set_f64_list(spec, "split", shares, 3) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    return CLI_OK;
}

static int make_spec(const cli_args *args, run_job *job)
{
    const char *path = cli_get(args, "spec");
    const mlsd_status status = path != NULL ? mlsd_spec_load(job->context, path, &job->spec)
                                            : mlsd_spec_new(job->context, "experiment", &job->spec);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (strcmp(mlsd_kind_name(mlsd_spec_kind(job->spec)), "experiment") != 0)
        return cli_fail(CLI_USAGE, "'%s' holds a spec of kind '%s', not of an experiment", path,
                        mlsd_kind_name(mlsd_spec_kind(job->spec)));
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const char *value = cli_get(args, parameters[i].option);
        if (value == NULL) continue;
        if (*value == '\0') value = "true";
        if (mlsd_spec_set_text(job->spec, parameters[i].param, value) != MLSD_OK)
            return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    const char *split = cli_get(args, "split");
    if (split != NULL) {
        const int code = set_split(job->spec, split);
        if (code != CLI_OK) return code;
    }
    int32_t no_target = 0;
    if (mlsd_spec_is_null(job->spec, "target", &no_target) == MLSD_OK && no_target)
        return cli_fail(CLI_USAGE, "which column is to be predicted? give it with --target COLUMN");
    return CLI_OK;
}

/* hmda.csv -> hmda-report, and where that exists hmda-report-2, ... */
static void default_directory(const char *file, run_job *job)
{
    const char *slash = strrchr(file, '/');
    const char *base = slash != NULL ? slash + 1 : file;
    const char *dot = strrchr(base, '.');
    const int length = dot != NULL && dot != base ? (int)(dot - base) : (int)strlen(base);
    for (int i = 1; i < 10000; i++) {
        struct stat info;
        if (i == 1)
            snprintf(job->directory, PATH_CAPACITY, "%.*s-report", length, base);
        else
            snprintf(job->directory, PATH_CAPACITY, "%.*s-report-%d", length, base, i);
        if (stat(job->directory, &info) != 0) return;
    }
}

/* Before any work: a directory that cannot be had would waste all of it. */
static int make_directory(const cli_args *args, run_job *job)
{
    const char *out = cli_get(args, "out");
    if (out == NULL)
        default_directory(args->positional[0], job);
    else if (snprintf(job->directory, PATH_CAPACITY, "%s", out) >= PATH_CAPACITY - 32)
        return cli_fail(CLI_USAGE, "the path after --out is too long");
    if (mkdir(job->directory, 0777) == 0) {
        job->made_directory = true;
        return CLI_OK;
    }
    struct stat info;
    const int reason = errno;
    if (reason == EEXIST && stat(job->directory, &info) == 0 && S_ISDIR(info.st_mode)) {
        if (cli_get(args, "overwrite") != NULL) return CLI_OK;
        return cli_fail(CLI_IO,
                        "'%s' exists; name another directory with --out, or give --overwrite "
                        "to replace an earlier report",
                        job->directory);
    }
    return cli_fail(CLI_IO, "directory '%s' cannot be made: %s", job->directory, strerror(reason));
}

static mlsd_status save_all(run_job *job, const char *file)
{
    char path[PATH_CAPACITY + 32], title[512];
    const char *slash = strrchr(file, '/');
    const char *target = "";
    (void)mlsd_result_get_str(job->result, "target", &target);
    snprintf(title, sizeof title, "%s: predicting %s", slash != NULL ? slash + 1 : file, target);
    snprintf(path, sizeof path, "%s/experiment.json", job->directory);
    mlsd_status status = mlsd_spec_save(job->complete, path);
    snprintf(path, sizeof path, "%s/result.json", job->directory);
    if (status == MLSD_OK) status = mlsd_result_save(job->result, path);
    const mlsd_model *model = mlsd_result_get_model(job->result, "chosen");
    snprintf(path, sizeof path, "%s/model.mlsd", job->directory);
    if (status == MLSD_OK) status = mlsd_model_save(model, path);
    snprintf(path, sizeof path, "%s/report.html", job->directory);
    if (status == MLSD_OK) status = mlsd_report_save(job->context, job->result, title, path);
    return status;
}

static void print_found(const char *file, const mlsd_table *table)
{
    int64_t n_of[4] = {0};
    for (int64_t i = 0; i < mlsd_table_n_columns(table); i++) n_of[mlsd_table_type(table, i)]++;
    printf("%s: %lld rows, %lld columns (%lld numbers, %lld texts)\n", file,
           (long long)mlsd_table_n_rows(table), (long long)mlsd_table_n_columns(table),
           (long long)(n_of[MLSD_COLUMN_F64] + n_of[MLSD_COLUMN_I64]),
           (long long)n_of[MLSD_COLUMN_CATEGORY]);
}

static void on_log(mlsd_log_level level, const char *text, void *user)
{
    (void)user;
    cli_progress_clear();
    fprintf(stderr, "%s: %s\n", level <= MLSD_LOG_WARNING ? "warning" : "note", text);
}

static int run_file(const cli_args *args, run_job *job)
{
    int code = make_spec(args, job);
    if (code != CLI_OK) return code;
    const char *file = args->positional[0];
    (void)mlsd_context_set_log(job->context, MLSD_LOG_INFO, on_log, NULL, NULL);
    mlsd_status status = mlsd_table_read_csv(job->context, file, NULL, &job->table);
    if (status == MLSD_OK)
        status = mlsd_experiment_complete(job->context, job->spec, job->table, &job->complete);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = make_directory(args, job);
    if (code != CLI_OK) return code;
    status = mlsd_experiment_run(job->context, job->complete, job->table, &job->result);
    if (status != MLSD_OK) return cli_fail_status(status);
    cli_progress_clear();
    print_found(file, job->table);
    cli_print_experiment(job->result);
    fflush(stdout);
    status = save_all(job, file);
    if (status != MLSD_OK) return cli_fail_status(status);
    printf("\nreport: %s/report.html\nalso there: result.json, experiment.json, model.mlsd\n",
           job->directory);
    return CLI_OK;
}

static int run_run(const cli_args *args)
{
    run_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const int code = run_file(args, &job);
    /* rmdir spares a directory in which something was already written. */
    if (code != CLI_OK && job.made_directory) (void)rmdir(job.directory);
    mlsd_result_free(job.result);
    mlsd_spec_free(job.complete);
    mlsd_spec_free(job.spec);
    mlsd_table_free(job.table);
    cli_context_free(job.context);
    return code;
}

static const cli_option run_options[] = {
    {"target", "COLUMN", "the column to predict (needed unless the spec has it)"},
    {"slices", "A,B", "columns whose groups are scored one by one"},
    {"task", "TASK", "auto, regression, binary or multiclass (default auto)"},
    {"metric", "METRIC", "what decides (default: rmse or log_loss)"},
    {"split", "60,20,20", "shares of training, validation, test (default 70,15,15)"},
    {"drop", "A,B", "columns to leave out"},
    {"spec", "FILE.json", "an experiment to start from; other options override it"},
    {"seed", "N", "seed of everything random (default 0)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"quick", NULL, "fewer folds and models, for a first look"},
    {"out", "DIR", "where to write (default: FILE-report)"},
    {"overwrite", NULL, "write into a directory that exists"},
    {NULL, NULL, NULL},
};

const cli_command cli_run_command = {
    .name = "run",
    .usage = "FILE.csv --target COLUMN [--slices A,B] [--out DIR] [options]",
    .summary = "from a CSV file to a verdict, with a report",
    .options = run_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_run,
};
