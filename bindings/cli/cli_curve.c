/* cli_curve.c - mlsd curve: what the loss curves in a CSV file mean, whatever program logged them.
 * A chart, the verdict with its confidence and reasons, what to do; or the same as JSON. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_chart.h"
#include "cli_grid.h"
#include "cli_log.h"
#include "cli_print.h"

enum { TEXT = 1024 };

typedef struct curve_job {
    mlsd_context *context;
    mlsd_spec *spec;
    mlsd_result *result;
    cli_log log;
} curve_job;

static int make_spec(const cli_args *args, curve_job *job)
{
    static const struct {
        const char *option, *parameter;
    } passed[] = {{"base", "base"},       {"target", "target"},   {"floor", "floor"},
                  {"n-train", "n_train"}, {"n-valid", "n_valid"}, {"seed", "seed"}};
    if (mlsd_spec_new(job->context, "diagnosis", &job->spec) != MLSD_OK)
        return cli_fail_status(MLSD_E_NOMEM);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++) {
        const char *const value = cli_get(args, passed[i].option);
        if (value != NULL && mlsd_spec_set_text(job->spec, passed[i].parameter, value) != MLSD_OK)
            return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    }
    return CLI_OK;
}

/* A step of the curve as the file has it. */
static double step_number(const curve_job *job, const char *name)
{
    return cli_result_number(job->result, name) / job->log.scale;
}

static void print_chart(const curve_job *job)
{
    const mlsd_table *const t = cli_result_table(job->result, "curve");
    if (t == NULL) return;
    const int64_t n = mlsd_table_n_rows(t);
    double *const x = malloc((size_t)(3 * n) * sizeof *x);
    if (x == NULL) return;
    for (int64_t i = 0; i < n; i++) {
        x[i] = cli_cell_number(t, "step", i) / job->log.scale;
        x[n + i] = cli_cell_number(t, "train", i);
        x[2 * n + i] = cli_cell_number(t, "valid", i);
    }
    cli_chart_print(x, x + n, x + 2 * n, n, step_number(job, "best_step"));
    free(x);
}

static void print_table(const mlsd_table *t, const char *column, const char *lead)
{
    char line[TEXT];
    for (int64_t i = 0; t != NULL && i < mlsd_table_n_rows(t); i++) {
        snprintf(line, sizeof line, "%s%.900s", lead, cli_cell_text(t, column, i));
        cli_print_wrapped(line, 4);
    }
}

static void print_flags(const curve_job *job)
{
    const mlsd_table *const t = cli_result_table(job->result, "flags");
    char line[TEXT], number[CLI_NUMBER_CAPACITY];
    for (int64_t i = 0; t != NULL && i < mlsd_table_n_rows(t); i++) {
        if (strcmp(cli_cell_text(t, "flag", i), "plateau") == 0)
            snprintf(line, sizeof line, "note: the validation loss has not changed since step %s",
                     cli_show_number(step_number(job, "plateau_step"), 6, number));
        else
            snprintf(line, sizeof line, "note: %.900s", cli_cell_text(t, "message", i));
        cli_print_wrapped(line, 4);
    }
}

static void print_story(const curve_job *job, const char *file)
{
    const mlsd_result *const r = job->result;
    char line[TEXT], diagnosis[CLI_DIAGNOSIS_CAPACITY];
    char a[CLI_NUMBER_CAPACITY], b[CLI_NUMBER_CAPACITY];
    int n =
        snprintf(line, sizeof line, "%.300s: %.0f steps", file, cli_result_number(r, "n_steps"));
    const double n_folds = cli_result_number(r, "n_folds");
    if (n_folds > 1)
        n += snprintf(line + n, sizeof line - (size_t)n, " of %.0f folds (means)", n_folds);
    if (*job->log.train != '\0')
        snprintf(line + n, sizeof line - (size_t)n, ", training '%s', validation '%s'",
                 job->log.train, job->log.valid);
    cli_make_printable(line);
    cli_print_wrapped(line, 2);
    printf("%s\n", cli_chart_legend());
    print_chart(job);
    printf("\n%s\n", cli_show_diagnosis(r, "", diagnosis));
    snprintf(line, sizeof line, "  why: %.900s", cli_result_text(r, "why"));
    cli_print_wrapped(line, 4);
    if (isfinite(cli_result_number(r, "best_step")))
        printf("  best step: %s, validation loss %s\n",
               cli_show_number(step_number(job, "best_step"), 6, a),
               cli_show_number(cli_result_number(r, "best_value"), 5, b));
    print_table(cli_result_table(r, "remedies"), "remedy", "  try: ");
    print_flags(job);
}

/* ---- JSON ---- */

static void put_text(const char *text)
{
    putchar('"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            printf("\\%c", *c);
        else if ((unsigned char)*c < 0x20)
            printf("\\u%04x", (unsigned)(unsigned char)*c);
        else
            putchar(*c);
    }
    putchar('"');
}

static void put_number(double value)
{
    if (isfinite(value))
        printf("%.17g", value);
    else
        fputs(isnan(value) ? "null" : value > 0 ? "\"inf\"" : "\"-inf\"", stdout);
}

static void put_list(const char *name, const mlsd_table *t, const char *column)
{
    printf(",\n  \"%s\": [", name);
    for (int64_t i = 0; t != NULL && i < mlsd_table_n_rows(t); i++) {
        if (i > 0) fputs(", ", stdout);
        put_text(cli_cell_text(t, column, i));
    }
    putchar(']');
}

static void print_json(const curve_job *job)
{
    static const char *const texts[] = {"kind", "why", "remedy"};
    static const char *const steps[] = {"best_step", "plateau_step", "first_broken_step"};
    static const char *const numbers[] = {"confidence",   "best_value", "last_value", "train_last",
                                          "base",         "rise",       "rise_se",    "gap",
                                          "jitter",       "fold_se",    "n_steps",    "n_folds",
                                          "expected_gain"};
    const mlsd_result *const r = job->result;
    fputs("{\n  \"verdict\": ", stdout);
    put_text(cli_result_text(r, "diagnosis"));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        printf(",\n  \"%s\": ", texts[i]);
        put_text(cli_result_text(r, texts[i]));
    }
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        printf(",\n  \"%s\": ", steps[i]);
        put_number(step_number(job, steps[i]));
    }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        printf(",\n  \"%s\": ", numbers[i]);
        put_number(cli_result_number(r, numbers[i]));
    }
    put_list("remedies", cli_result_table(r, "remedies"), "remedy");
    put_list("flags", cli_result_table(r, "flags"), "flag");
    const mlsd_table *const shares = cli_result_table(r, "shares");
    fputs(",\n  \"shares\": {", stdout);
    for (int64_t i = 0; shares != NULL && i < mlsd_table_n_rows(shares); i++) {
        if (i > 0) fputs(", ", stdout);
        put_text(cli_cell_text(shares, "diagnosis", i));
        fputs(": ", stdout);
        put_number(cli_cell_number(shares, "share", i));
    }
    fputs("}\n}\n", stdout);
}

static int diagnose_file(const cli_args *args, curve_job *job)
{
    const char *const file = args->positional[0], *const out = cli_get(args, "out");
    int code = make_spec(args, job);
    if (code == CLI_OK) code = cli_log_read(args, job->context, file, &job->log);
    if (code != CLI_OK) return code;
    mlsd_status status = mlsd_curve_diagnose(job->context, job->log.curve, job->spec, &job->result);
    if (status == MLSD_OK && out != NULL) status = mlsd_result_save(job->result, out);
    if (status != MLSD_OK) return cli_fail_status(status);
    cli_progress_clear();
    if (cli_get(args, "json") != NULL)
        print_json(job);
    else
        print_story(job, file);
    const char *const verdict = cli_result_text(job->result, "diagnosis");
    const bool is_good = strcmp(verdict, "optimal") == 0 || strcmp(verdict, "improving") == 0;
    return cli_get(args, "check") != NULL && !is_good ? CLI_FOUND : CLI_OK;
}

static int run_curve(const cli_args *args)
{
    curve_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    const int code = diagnose_file(args, &job);
    mlsd_result_free(job.result);
    mlsd_curve_free(job.log.curve);
    mlsd_spec_free(job.spec);
    cli_context_free(job.context);
    return code;
}

static const cli_option curve_options[] = {
    {"json", NULL, "print JSON: verdict, confidence, best_step, why, remedies, flags, ..."},
    {"check", NULL, "exit with 5 unless the fit is optimal or improving"},
    {"step", "COLUMN", "the column of steps (default: step, epoch, iteration, ..., else rows)"},
    {"train", "COLUMN", "a column of training losses; repeat it for folds"},
    {"valid", "COLUMN", "a column of validation losses; repeat it for folds"},
    {"base", "LOSS", "validation loss of a constant prediction (default: the first loss)"},
    {"target", "LOSS", "loss that is aimed at: what stays above it underfits"},
    {"floor", "LOSS", "the lowest loss that there can be (default 0)"},
    {"n-train", "N", "rows trained on"},
    {"n-valid", "N", "rows validated on"},
    {"delimiter", "C", "what stands between fields (default a comma)"},
    {"out", "FILE.json", "write everything that was found"},
    {"seed", "N", "seed of the resamples (default 0)"},
    {NULL, NULL, NULL},
};

const cli_command cli_curve_command = {
    .name = "curve",
    .usage = "FILE.csv [--json] [--check] [options]",
    .summary = "under- or overfit? read logged loss curves",
    .details =
        "Columns are found by their names, as Keras, Lightning, XGBoost, LightGBM and others\n"
        "write them (train, valid; loss, val_loss; train-rmse, eval-rmse; train.0, valid.0\n"
        "of folds), or a row a value with columns set, step, value and perhaps fold.\n"
        "An empty field was not logged; nan and inf are losses. Lower is better.\n",
    .options = curve_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_curve,
};
