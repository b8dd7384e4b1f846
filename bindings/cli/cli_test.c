/* cli_test.c - mlsd test: a suite of test sets, run on a model or on predictions; a table for
 * people, JUnit XML and JSON for machines, and an exit code for the build. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

/* The codes of this command are its own: a build asks whether it may go on, and nothing that kept a
 * suite from being run may look like a suite that passed or failed. */
enum { TEST_PASSED = 0, TEST_FAILED = 1, TEST_CANNOT_TELL = 2 };
enum { MOST_FAILURES = 5, LINE_CAPACITY = 1024 };

typedef struct test_job {
    mlsd_context *context;
    mlsd_suite *suite;
    mlsd_model *model;
    mlsd_table *predictions;
    mlsd_result *result;
} test_job;

/* Whatever went wrong, the suite was not run; Ctrl-C stays Ctrl-C. */
static int not_run(int code)
{
    return code == CLI_CANCELLED ? code : TEST_CANNOT_TELL;
}

/* ---- what is printed ---- */

static void print_sets(const mlsd_table *tests)
{
    static const char *const heads[] = {"set",      "role",   "cases", "value",
                                        "interval", "wanted", "result"};
    const int64_t n = mlsd_table_n_rows(tests);
    cli_grid grid;
    if (!cli_grid_make(&grid, n + 1, "llrrrrl")) return;
    for (int c = 0; c < 7; c++) cli_grid_set(&grid, 0, c, heads[c]);
    for (int64_t i = 0; i < n; i++) {
        char text[CLI_INTERVAL_CAPACITY];
        const double high = cli_cell_number(tests, "high", i);
        double low = cli_cell_number(tests, "low", i);
        /* The bound of a rate is what is shown, so it is not rounded up to what is wanted. */
        if (isnan(high)) low = floor(low * 1000) / 1000;
        const char *const status = cli_cell_text(tests, "status", i);
        const bool is_passed = strcmp(status, "passed") == 0;
        cli_grid_set(&grid, i + 1, 0, cli_cell_text(tests, "set", i));
        cli_grid_set(&grid, i + 1, 1, cli_cell_text(tests, "role", i));
        snprintf(text, sizeof text, "%.0f", cli_cell_number(tests, "n", i));
        cli_grid_set(&grid, i + 1, 2, text);
        cli_grid_set(&grid, i + 1, 3, cli_show_number(cli_cell_number(tests, "value", i), 4, text));
        cli_grid_set(&grid, i + 1, 4,
                     cli_show_interval(low, isnan(high) && !isnan(low) ? 1 : high, 3, text));
        cli_grid_set(&grid, i + 1, 5,
                     cli_show_number(cli_cell_number(tests, "wanted", i), 4, text));
        cli_grid_set(&grid, i + 1, 6,
                     is_passed                       ? "passed"
                     : strcmp(status, "failed") == 0 ? "FAILED"
                                                     : status);
    }
    cli_grid_print(&grid, cli_width());
    cli_grid_free(&grid);
}

/* The failed cases of one set, the first of them. */
static void print_failures(const mlsd_table *failures, const char *set)
{
    int64_t n = 0;
    for (int64_t i = 0; failures != NULL && i < mlsd_table_n_rows(failures); i++) {
        if (strcmp(cli_cell_text(failures, "set", i), set) != 0 || n++ >= MOST_FAILURES) continue;
        const char *const change = cli_cell_text(failures, "change", i);
        char line[LINE_CAPACITY];
        snprintf(line, sizeof line, "  %.200s:%.0f: %.300s%sexpected %.200s, got %.200s",
                 cli_cell_text(failures, "file", i), cli_cell_number(failures, "line", i), change,
                 *change != '\0' ? ": " : "", cli_cell_text(failures, "expected", i),
                 cli_cell_text(failures, "got", i));
        cli_print_wrapped(line, 4);
    }
    if (n > MOST_FAILURES) printf("  ... %lld more\n", (long long)(n - MOST_FAILURES));
}

/* The values of the runs that were kept, and now. */
static void print_trend(const mlsd_table *trend, const char *set)
{
    enum { MOST_RUNS = 8 };
    const int64_t n_rows = trend != NULL ? mlsd_table_n_rows(trend) : 0;
    char line[LINE_CAPACITY] = "  trend:";
    int64_t n = 0, seen = 0;
    for (int64_t i = 0; i < n_rows; i++) n += strcmp(cli_cell_text(trend, "set", i), set) == 0;
    if (n < 2) return;
    for (int64_t i = 0; i < n_rows; i++) {
        if (strcmp(cli_cell_text(trend, "set", i), set) != 0 || seen++ < n - MOST_RUNS) continue;
        const size_t length = strlen(line);
        char number[CLI_NUMBER_CAPACITY];
        snprintf(line + length, sizeof line - length, " %.40s%s%s", cli_cell_text(trend, "name", i),
                 *cli_cell_text(trend, "name", i) != '\0' ? " " : "",
                 cli_show_number(cli_cell_number(trend, "value", i), 4, number));
        if (seen < n) strncat(line, ",", sizeof line - strlen(line) - 1);
    }
    cli_print_wrapped(line, 4);
}

static void print_details(const mlsd_result *r, const mlsd_table *tests)
{
    for (int64_t i = 0; i < mlsd_table_n_rows(tests); i++) {
        const char *const set = cli_cell_text(tests, "set", i);
        char line[LINE_CAPACITY];
        snprintf(line, sizeof line, "%.200s: %.700s", set, cli_cell_text(tests, "detail", i));
        cli_print_wrapped(line, 2);
        print_failures(cli_result_table(r, "failures"), set);
        print_trend(cli_result_table(r, "trend"), set);
    }
}

static void print_result(const cli_args *args, const mlsd_result *r)
{
    const mlsd_table *const tests = cli_result_table(r, "tests");
    const char *const model = cli_get(args, "model");
    char line[LINE_CAPACITY];
    snprintf(line, sizeof line, "%.400s on %.400s", args->positional[0],
             model != NULL ? model : cli_get(args, "predictions"));
    cli_print_wrapped(line, 2);
    putchar('\n');
    print_sets(tests);
    putchar('\n');
    print_details(r, tests);
    snprintf(line, sizeof line, "%s: %.800s", cli_result_text(r, "status"), mlsd_result_verdict(r));
    putchar('\n');
    cli_print_wrapped(line, 0);
}

/* ---- files ---- */

static mlsd_status result_json(const void *subject, char *buf, int64_t capacity,
                               int64_t *out_length)
{
    return mlsd_result_to_json(subject, buf, capacity, out_length);
}

static int print_json(const mlsd_result *result)
{
    char *const text = cli_text(result_json, result);
    if (text == NULL) return cli_fail_status(MLSD_E_NOMEM);
    const bool ok = fputs(text, stdout) >= 0;
    free(text);
    return ok ? CLI_OK : cli_fail(CLI_IO, "standard output cannot be written");
}

/* The name of this run in the history: what was said, or the model's file. */
static const char *run_name(const cli_args *args)
{
    const char *const model = cli_get(args, "model");
    if (cli_get(args, "as") != NULL) return cli_get(args, "as");
    const char *const path = model != NULL ? model : cli_get(args, "predictions");
    const char *const slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Keep the run as last time, and say so where people read. */
static int keep(const cli_args *args, const test_job *job)
{
    const mlsd_table *const outcomes = cli_result_table(job->result, "outcomes");
    const bool is_baseline = cli_get(args, "baseline") != NULL;
    const mlsd_status status = (is_baseline ? mlsd_suite_keep_baseline : mlsd_suite_keep)(
        job->context, job->suite, job->result, run_name(args));
    if (status != MLSD_OK) return cli_fail_status(status);
    if (cli_get(args, "json") != NULL) return CLI_OK;
    if (outcomes == NULL) {
        puts("nothing to keep: no goal or stretch set was evaluated");
    } else {
        printf("kept as last time%s, in .last.csv and .history.csv beside the suite\n",
               is_baseline ? " and as the baseline" : "");
    }
    return CLI_OK;
}

/* ---- the command ---- */

static int run_suite(const cli_args *args, test_job *job)
{
    const char *const model = cli_get(args, "model"), *const predictions =
                                                          cli_get(args, "predictions");
    mlsd_status status = mlsd_suite_load(job->context, args->positional[0], &job->suite);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (model != NULL) {
        status = mlsd_model_load(job->context, model, &job->model);
        if (status != MLSD_OK) return cli_fail_file(status, model);
        status = mlsd_suite_run(job->context, job->suite, job->model, &job->result);
    } else {
        status = mlsd_table_read_csv(job->context, predictions, NULL, &job->predictions);
        if (status != MLSD_OK) return cli_fail_file(status, predictions);
        status =
            mlsd_suite_run_predictions(job->context, job->suite, job->predictions, &job->result);
        if (status != MLSD_OK) return cli_fail_file(status, predictions);
    }
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static int hand_over(const cli_args *args, const test_job *job)
{
    const char *const junit = cli_get(args, "junit");
    cli_progress_clear();
    cli_hold_interrupts();
    if (junit != NULL) {
        const mlsd_status status = mlsd_suite_junit_save(job->result, junit);
        if (status != MLSD_OK) return not_run(cli_fail_status(status));
    }
    if (cli_get(args, "json") == NULL) {
        print_result(args, job->result);
    } else if (print_json(job->result) != CLI_OK) {
        return TEST_CANNOT_TELL;
    }
    if (fflush(stdout) != 0 || ferror(stdout) != 0)
        return not_run(cli_fail(CLI_IO, "standard output cannot be written"));
    if (cli_get(args, "update") != NULL || cli_get(args, "baseline") != NULL) {
        const int code = keep(args, job);
        if (code != CLI_OK) return not_run(code);
    }
    const char *const status = cli_result_text(job->result, "status");
    return strcmp(status, "passed") == 0   ? TEST_PASSED
           : strcmp(status, "failed") == 0 ? TEST_FAILED
                                           : TEST_CANNOT_TELL;
}

static int run_test(const cli_args *args)
{
    const bool has_model = cli_get(args, "model") != NULL,
               has_predictions = cli_get(args, "predictions") != NULL;
    if (has_model == has_predictions)
        return cli_fail(CLI_USAGE, "one of '--model' and '--predictions' is needed, got %s",
                        has_model ? "both" : "neither");
    test_job job = {.context = cli_context_new(args)};
    if (job.context == NULL) return CLI_USAGE;
    int code = run_suite(args, &job);
    code = code == CLI_OK ? hand_over(args, &job) : not_run(code);
    mlsd_result_free(job.result);
    mlsd_table_free(job.predictions);
    mlsd_model_free(job.model);
    mlsd_suite_free(job.suite);
    cli_context_free(job.context);
    return code;
}

static const cli_option test_options[] = {
    {"model", "MODEL.mlsd", "the model to test"},
    {"predictions", "FILE.csv", "or what any model predicted, as mlsd predict writes it"},
    {"junit", "FILE.xml", "write JUnit XML, which CI systems read"},
    {"json", NULL, "print everything as JSON instead of tables"},
    {"update", NULL, "keep this run as \"last time\" of goal and stretch sets"},
    {"baseline", NULL, "keep it so, and as the baseline: what later runs must not fall below"},
    {"as", "NAME", "what it is called in the history (default: the model's file)"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_test_command = {
    .name = "test",
    .usage = "SUITE.json --model MODEL.mlsd | --predictions FILE.csv [options]",
    .summary = "run a suite of test sets: what must never fail",
    .details = "docs/suites.md describes the file. The exit codes are this command's own.\n",
    .exit_codes = "  0    all sets passed\n"
                  "  1    a set failed\n"
                  "  2    a set cannot be judged yet, or the suite cannot be evaluated\n",
    .options = test_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_test,
};
