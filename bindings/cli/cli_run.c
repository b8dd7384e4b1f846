/* cli_run.c - mlsd run: from a CSV file to a verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "cli_directory.h"
#include "cli_job.h"
#include "cli_names.h"
#include "cli_print.h"

typedef struct run_job {
    const char *file, *spec_file; /* of the data; of the experiment, NULL for none */
    cli_job all;                  /* its spec is the experiment as it was given */
    mlsd_spec *complete;
    cli_directory directory;
    char *asked;  /* what makes another run the same */
    bool goes_on; /* from what a run that was stopped had finished */
} run_job;

/* Options that set a parameter of kind "experiment"; a flag sets true. */
static const struct {
    const char *option, *param;
} parameters[] = {
    {"target", "target"},
    {"task", "task"},
    {"seed", "seed"},
    {"quick", "quick"},
    {"level", "level"},
    {"metric", "metric"},
    {"drop", "drop"},
    {"group", "group"},
    {"time", "time"},
    {"choose", "choose"},
    {"tolerance", "tolerance"},
    {"rope", "rope"},
    {"max-latency-us", "max_latency_us"},
    {"max-bytes", "max_bytes"},
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
            return cli_fail(
                CLI_USAGE, "'--split' needs three shares above 0 such as 70,15,15, got '%s'", text);
        sum += shares[i];
        at = end + 1;
    }
    for (int i = 0; i < 3; i++) shares[i] /= sum;
    if (mlsd_spec_set_f64_list(spec, "split", shares, 3) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    return CLI_OK;
}

/* mlsd run FILE.csv, or mlsd run EXPERIMENT.json FILE.csv for --spec EXPERIMENT.json. */
static int find_files(const cli_args *args, run_job *job)
{
    const char *first = args->positional[0];
    const size_t length = strlen(first);
    const bool is_spec = length > 5 && strcmp(first + length - 5, ".json") == 0;
    job->file = args->positional[args->n_positional - 1];
    job->spec_file = is_spec ? first : cli_get(args, "spec");
    if (is_spec && args->n_positional == 1)
        return cli_fail(CLI_USAGE, "'%s' says what to do; name the data too: mlsd run %s FILE.csv",
                        first, first);
    if (is_spec && cli_get(args, "spec") != NULL)
        return cli_fail(CLI_USAGE, "'%s' and '--spec' both are experiments; give one", first);
    if (!is_spec && args->n_positional == 2)
        return cli_fail(CLI_USAGE, "'%s' is one argument too many; usage: mlsd run %s", job->file,
                        args->command->usage);
    return CLI_OK;
}

/* What was written after --slices, word for word: it tells one run from another before there is a
 * table whose columns tell what it means. */
static int set_slices_as_written(const cli_args *args, mlsd_spec *spec)
{
    const char *values[CLI_MAX_OPTIONS];
    int64_t n = 0;
    for (int i = 0; i < args->n_given; i++)
        if (strcmp(args->given[i].name, "slices") == 0) values[n++] = args->given[i].value;
    if (n == 0) return CLI_OK;
    const mlsd_status status = mlsd_spec_set_str_list(spec, "slices", values, n);
    return status == MLSD_OK ? CLI_OK : cli_fail(CLI_USAGE, "%s", mlsd_last_error());
}

static int set_slices(const cli_args *args, const run_job *job)
{
    cli_names names = {0};
    int code = cli_names_list(args, "slices", job->all.table, &names);
    if (code == CLI_OK && names.n > 0 &&
        mlsd_spec_set_str_list(job->all.spec, "slices", (const char *const *)names.values,
                               names.n) != MLSD_OK)
        code = cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    cli_names_free(&names);
    return code;
}

static int make_spec(const cli_args *args, run_job *job)
{
    const char *path = job->spec_file;
    const mlsd_status status = path != NULL
                                   ? mlsd_spec_load(job->all.context, path, &job->all.spec)
                                   : mlsd_spec_new(job->all.context, "experiment", &job->all.spec);
    if (status != MLSD_OK) return cli_fail_file(status, path);
    if (strcmp(mlsd_kind_name(mlsd_spec_kind(job->all.spec)), "experiment") != 0)
        return cli_fail(CLI_USAGE, "'%s' holds a spec of kind '%s', not of an experiment", path,
                        mlsd_kind_name(mlsd_spec_kind(job->all.spec)));
    for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
        const char *value = cli_get(args, parameters[i].option);
        if (value == NULL) continue;
        if (*value == '\0') value = "true";
        if (mlsd_spec_set_text(job->all.spec, parameters[i].param, value) != MLSD_OK)
            return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    int code = set_slices_as_written(args, job->all.spec);
    if (code != CLI_OK) return code;
    const char *split = cli_get(args, "split");
    if (split != NULL) {
        code = set_split(job->all.spec, split);
        if (code != CLI_OK) return code;
    }
    int32_t no_target = 0;
    if (mlsd_spec_is_null(job->all.spec, "target", &no_target) == MLSD_OK && no_target)
        return cli_fail(CLI_USAGE, "which column is to be predicted? give it with --target COLUMN");
    return CLI_OK;
}

/* Two runs are the same when they are asked the same of a file that was not written in between. */
static int describe_run(const cli_args *args, run_job *job)
{
    enum { HEADING_CAPACITY = 256 };
    const char *const numerics = cli_get(args, "numerics");
    struct stat about = {0};
    int64_t length = 0;
    (void)stat(job->file, &about);
    mlsd_status status = mlsd_spec_to_json(job->all.spec, 0, NULL, 0, &length);
    if (status != MLSD_OK) return cli_fail_status(status);
    job->asked = malloc((size_t)length + HEADING_CAPACITY);
    if (job->asked == NULL) return cli_fail_status(MLSD_E_NOMEM);
    const int n =
        snprintf(job->asked, HEADING_CAPACITY, "%s %.40s %lld %lld.%09ld\n", mlsd_version_string(),
                 numerics != NULL ? numerics : "fast", (long long)about.st_size,
                 (long long)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
    status = mlsd_spec_to_json(job->all.spec, 0, job->asked + n, length + 1, NULL);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static mlsd_status save_into(const run_job *job, const char *file)
{
    char path[sizeof job->directory.stage + CLI_NAME_CAPACITY], title[512];
    const char *slash = strrchr(file, '/');
    const char *target = "";
    (void)mlsd_result_get_str(job->all.result, "target", &target);
    snprintf(title, sizeof title, "%.200s: predicting %.200s", slash != NULL ? slash + 1 : file,
             target);
    const cli_directory *d = &job->directory;
    const mlsd_model *model = mlsd_result_get_model(job->all.result, "chosen");
    mlsd_status status =
        mlsd_spec_save(job->complete, cli_directory_file(d, "experiment.json", path));
    if (status == MLSD_OK)
        status = mlsd_result_save(job->all.result, cli_directory_file(d, "result.json", path));
    if (status == MLSD_OK)
        status = mlsd_model_save(model, cli_directory_file(d, "model.mlsd", path));
    if (status == MLSD_OK)
        status = mlsd_report_save(NULL, job->all.result, title,
                                  cli_directory_file(d, "report.html", path));
    return status;
}

/* Copy which looks the directory knows of, for this run to add to. */
static int keep_looks(const cli_directory *d, const char *to)
{
    char from[sizeof d->path + CLI_NAME_CAPACITY];
    char buffer[1 << 14];
    snprintf(from, sizeof from, "%s/%s", d->path, CLI_LOOKS);
    (void)remove(to);
    FILE *in = d->exists ? fopen(from, "rb") : NULL;
    if (in == NULL) return CLI_OK;
    FILE *out = fopen(to, "wb");
    bool failed = out == NULL;
    for (size_t n = 1; !failed && n > 0;) {
        n = fread(buffer, 1, sizeof buffer, in);
        failed = fwrite(buffer, 1, n, out) != n;
    }
    failed = failed || ferror(in) != 0;
    (void)fclose(in);
    if (out != NULL) failed = fclose(out) != 0 || failed;
    return failed ? cli_fail(CLI_IO, "'%s' cannot be copied to '%s'", from, to) : CLI_OK;
}

/* Make the place for the files, with what a run that was stopped had finished. */
static int prepare_directory(run_job *job)
{
    cli_directory *d = &job->directory;
    char path[sizeof d->stage + CLI_NAME_CAPACITY];
    int code = cli_directory_open(d);
    if (code != CLI_OK) return code;
    cli_on_cancel(cli_directory_cancelled);
    job->goes_on = cli_directory_goes_on(d);
    mlsd_status status =
        mlsd_context_set_str(job->all.context, "journal", cli_directory_journal(d, path));
    code = keep_looks(d, cli_directory_file(d, CLI_LOOKS, path));
    if (status == MLSD_OK) status = mlsd_context_set_str(job->all.context, "looks", path);
    return status == MLSD_OK ? code : cli_fail_status(status);
}

/* All files or none; an interrupt waits for the moment that this takes. */
static int save_all(run_job *job, const char *file)
{
    cli_directory *const d = &job->directory;
    cli_hold_interrupts();
    const mlsd_status status = d->is_done ? MLSD_OK : save_into(job, file);
    if (status == MLSD_OK) return cli_directory_commit(d, job->asked);
    cli_directory_abandon(d);
    if (status != MLSD_E_IO) return cli_fail_status(status);
    return cli_fail(CLI_IO, "%s; nothing was written, so name another place with --out",
                    mlsd_last_error());
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

static int run_file(const cli_args *args, run_job *job)
{
    int code = find_files(args, job);
    if (code == CLI_OK) code = make_spec(args, job);
    if (code != CLI_OK) return code;
    const char *file = job->file;
    code = describe_run(args, job);
    if (code == CLI_OK)
        code = cli_directory_choose(&job->directory, cli_get(args, "out"),
                                    cli_get(args, "overwrite") != NULL, file, job->asked);
    if (code != CLI_OK) return code;
    /* Those that the result repeats among its notes are the library's to show. */
    cli_job_keep_remarks(&job->all);
    mlsd_status status = mlsd_table_read_csv(job->all.context, file, NULL, &job->all.table);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = set_slices(args, job);
    if (code != CLI_OK) return code;
    status =
        mlsd_experiment_complete(job->all.context, job->all.spec, job->all.table, &job->complete);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = prepare_directory(job);
    if (code != CLI_OK) return code;
    status = mlsd_experiment_run(job->all.context, job->complete, job->all.table, &job->all.result);
    if (status != MLSD_OK) {
        /* What needs more memory or time is worth going on with; any other error comes again. */
        code = cli_fail_status(status);
        if (status == MLSD_E_NOMEM)
            (void)cli_directory_cancelled();
        else if (status != MLSD_E_CANCELLED)
            cli_directory_abandon(&job->directory);
        return code;
    }
    code = save_all(job, file);
    cli_progress_clear();
    print_found(file, job->all.table);
    if (job->goes_on) puts("went on from what a run that was stopped had finished");
    cli_print_experiment(job->all.result, job->all.remarks, job->all.n_remarks);
    if (code != CLI_OK) return code;
    printf("\nreport: %s/report.html\nalso there: result.json, experiment.json, model.mlsd\n",
           job->directory.path);
    return CLI_OK;
}

static int run_run(const cli_args *args)
{
    run_job job = {0};
    int code = cli_job_open(&job.all, args);
    if (code == CLI_OK) code = run_file(args, &job);
    mlsd_spec_free(job.complete);
    free(job.asked);
    cli_job_close(&job.all);
    return code;
}

static const cli_option run_options[] = {
    {"target", "COLUMN", "the column to predict (needed unless the spec has it)"},
    {"slices", "A,B", "columns whose groups are scored; may be repeated"},
    {"task", "TASK", "auto, regression, binary or multiclass (default auto)"},
    {"metric", "METRIC", "what decides (default: rmse or log_loss)"},
    {"split", "60,20,20", "shares of training, validation, test (default 70,15,15)"},
    {"drop", "A,B", "columns to leave out"},
    {"level", "SHARE", "level of the intervals (default 0.95)"},
    {"group", "COLUMN", "rows with the same value stay in one part and one fold"},
    {"time", "COLUMN", "test on the latest rows; folds test on what follows"},
    {"choose", "RULE", "one_se (default), best, tolerance or rope"},
    {"tolerance", "SHARE", "for tolerance: the part of the best score given away"},
    {"rope", "SIZE", "for rope: differences of the metric that do not matter"},
    {"max-latency-us", "N", "microseconds that predicting a row may take"},
    {"max-bytes", "N", "bytes that the model may have"},
    {"spec", "FILE.json", "an experiment to start from; other options override it"},
    {"seed", "N", "seed of everything random (default 0)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {"quick", NULL, "fewer folds and models, for a first look"},
    {"out", "DIR", "where to write (default: FILE-report)"},
    {"overwrite", NULL, "replace an earlier report in DIR"},
    {NULL, NULL, NULL},
};

const cli_command cli_run_command = {
    .name = "run",
    .usage = "[EXPERIMENT.json] FILE.csv --target COLUMN [--slices A,B] [--out DIR] [options]",
    .summary = "from a CSV file to a verdict, with a report",
    .details = "Splits the rows into training, validation and test, cross-validates models from\n"
               "simple to strong on training, chooses the simplest one within one standard\n"
               "error of the best (or by --choose and the budgets), and scores it on the test\n"
               "part once, overall and by slice.\n"
               "\n"
               "writes:\n"
               "  DIR/report.html      the report, one file that opens without a network\n"
               "  DIR/result.json      every number of it\n"
               "  DIR/experiment.json  the whole experiment; --spec runs it again\n"
               "  DIR/model.mlsd       the chosen model, for mlsd predict\n"
               "  DIR/looks.csv        which experiments looked at which test part; kept by\n"
               "                       --overwrite, and the report says how often it was\n"
               "All or none. A run that was stopped, by Ctrl-C or kill -9, leaves what it had\n"
               "finished in DIR.partial (or DIR/.partial); the same command goes on from there\n"
               "and ends in the same bytes.\n",
    .options = run_options,
    .n_positional_min = 1,
    .n_positional_max = 2,
    .run = run_run,
};
