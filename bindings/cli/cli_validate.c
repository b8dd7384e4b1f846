/* cli_validate.c - mlsd validate: a spec of family validation or search, on the rows of a CSV file,
 * and its tables and verdict. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_chart.h"
#include "cli_grid.h"
#include "cli_job.h"
#include "cli_print.h"
#include "cli_table.h"

static int make_spec(cli_job *job)
{
    const char *path = job->args->positional[0];
    const mlsd_status status = mlsd_spec_load(job->context, path, &job->spec);
    if (status != MLSD_OK) return cli_fail_file(status, path);
    const mlsd_kind *kind = mlsd_spec_kind(job->spec);
    const char *family = mlsd_kind_family(kind);
    if (strcmp(family, "validation") != 0 && strcmp(family, "search") != 0)
        return cli_fail(CLI_USAGE,
                        "'%s' holds a spec of kind '%s' (%s), not of a validation or a search; "
                        "'mlsd kinds --family validation' lists them",
                        path, mlsd_kind_name(kind), family);
    if (cli_get(job->args, "curves") != NULL) {
        if (strcmp(mlsd_kind_name(kind), "cross_validate") != 0)
            return cli_fail(CLI_USAGE,
                            "'--curves' is for a spec of kind 'cross_validate', got '%s'",
                            mlsd_kind_name(kind));
        if (mlsd_spec_set_bool(job->spec, "return_curves", 1) != MLSD_OK)
            return cli_fail_status(MLSD_E_NOMEM);
    }
    return cli_job_set_parameters(job);
}

static const cli_role roles[] = {
    {"target", "target", true}, {"group", "group", true}, {"time", "time", true},
    {"weight", "weight", true}, {"drop", "ignore", true},
};
enum { N_ROLES = sizeof roles / sizeof *roles };

/* Tables of single rows or fits, and of times, are for the file. */
static bool is_shown(const char *name)
{
    static const char *const hidden[] = {"timings.", "audit.",      "predictions", "folds",
                                         "plan",     "fold_scores", "repeats",     "rung_folds",
                                         "curves",   "curve_means"};
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (strncmp(name, hidden[i], strlen(hidden[i])) == 0) return false;
    return true;
}

enum { MOST_CURVES = 4 };

/* Means over folds of a model's loss on training and on test rows, which have the same steps. */
static void print_curve(const mlsd_table *means, const char *model, double best, double *values)
{
    const int64_t n_rows = mlsd_table_n_rows(means);
    double *const step = values, *const train = values + n_rows, *const test = train + n_rows;
    int64_t n = 0;
    for (int64_t i = 0; i < n_rows; i++) {
        const char *const set = cli_cell_text(means, "set", i);
        const bool is_train = strcmp(set, "train") == 0;
        if (strcmp(cli_cell_text(means, "model", i), model) != 0) continue;
        if (strcmp(cli_cell_text(means, "metric", i), "loss") != 0) continue;
        const double x = cli_cell_number(means, "step", i), y = cli_cell_number(means, "mean", i);
        if (is_train) {
            step[n] = x;
            test[n] = NAN;
            train[n++] = y;
        }
        for (int64_t k = 0; k < n && strcmp(set, "test") == 0; k++)
            if (step[k] == x) test[k] = y;
    }
    printf("\n'%s', loss by epoch, mean over the folds, validation is their test rows\n%s\n", model,
           cli_chart_legend());
    cli_chart_print(step, train, test, n, best - 1);
}

static void print_curves(const mlsd_result *r)
{
    char line[4096];
    const mlsd_table *const means = cli_result_table(r, "curve_means");
    const mlsd_table *const steps = cli_result_table(r, "refit_steps");
    const char *const missing = cli_result_text(r, "curves.missing");
    if (means == NULL || steps == NULL) return;
    double *const values = malloc((size_t)(3 * mlsd_table_n_rows(means) + 1) * sizeof *values);
    for (int64_t i = 0; values != NULL && i < mlsd_table_n_rows(steps) && i < MOST_CURVES; i++)
        print_curve(means, cli_cell_text(steps, "model", i), cli_cell_number(steps, "best", i),
                    values);
    free(values);
    if (*missing == '\0') return;
    snprintf(line, sizeof line, "note: %s", missing);
    cli_print_wrapped(line, 6);
}

static void print_result(const cli_job *job)
{
    char line[4096];
    const mlsd_result *r = job->result;
    cli_job_print_remarks(job);
    for (int64_t i = 0; i < mlsd_result_count(r); i++) {
        const char *name = mlsd_result_name(r, i);
        const mlsd_table *t = is_shown(name) ? cli_result_table(r, name) : NULL;
        if (t != NULL) cli_table_print(name, t);
    }
    print_curves(r);
    const char *plan = cli_result_text(r, "plan");
    putchar('\n');
    if (*plan != '\0') {
        snprintf(line, sizeof line, "plan: %s", plan);
        cli_print_wrapped(line, 6);
    }
    cli_print_wrapped(mlsd_result_verdict(r), 0);
}

/* Files first, so that what is printed is not said too early. */
static int save(const cli_job *job)
{
    const cli_args *const args = job->args;
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

static int validate_file(cli_job *job)
{
    const cli_args *const args = job->args;
    if (cli_get(args, "target") == NULL)
        return cli_fail(CLI_USAGE, "which column is to be predicted? give it with --target COLUMN");
    int code = make_spec(job);
    if (code != CLI_OK) return code;
    const char *file = args->positional[1], *journal = cli_get(args, "journal");
    cli_job_keep_remarks(job);
    mlsd_status status = MLSD_OK;
    if (journal != NULL) status = mlsd_context_set_str(job->context, "journal", journal);
    if (status == MLSD_OK) status = mlsd_table_read_csv(job->context, file, NULL, &job->table);
    if (status == MLSD_OK) status = cli_job_make_dataset(job, roles, N_ROLES, MLSD_TASK_AUTO);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (cli_get(args, "folds") != NULL) code = cli_job_load_folds(job, file);
    if (code != CLI_OK) return code;
    status = mlsd_validate(job->context, job->spec, job->dataset, job->folds, &job->result);
    if (status != MLSD_OK) return cli_fail_status(status);
    code = save(job);
    cli_progress_clear();
    printf("%s: %lld rows, %lld features\n", file, (long long)mlsd_dataset_n_rows(job->dataset),
           (long long)mlsd_dataset_n_features(job->dataset));
    print_result(job);
    return code;
}

static int run_validate(const cli_args *args)
{
    cli_job job;
    int code = cli_job_open(&job, args);
    if (code == CLI_OK) code = validate_file(&job);
    cli_job_close(&job);
    return code;
}

static const cli_option validate_options[] = {
    {"target", "COLUMN", "the column to predict"},
    {"set", "NAME=VALUE", "a parameter of the spec; may be repeated"},
    {"curves", NULL, "draw the loss of the folds' trainings by epoch (cross_validate)"},
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
