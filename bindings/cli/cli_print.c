/* cli_print.c - an experiment's result in a terminal of 80 columns: what was found, the
 * leaderboard, the loss curves as characters, the test part, the slices as dots with intervals, the
 * verdict. */
#include "cli_print.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "cli_chart.h"
#include "cli_grid.h"

/* Digits of the numbers in a table; fewer are tried where the lines get too long. */
enum { MOST_DIGITS = 4, FEWEST_DIGITS = 2, MOST_LINES = 20, MOST_SLICES = 40, TEXT = 256 };

/* A line of its own, with hanging indent. */
__attribute__((format(printf, 2, 3))) static void say(int indent, const char *format, ...)
{
    char line[4096];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    cli_print_wrapped(line, indent);
}

static const char *interval_heading(const mlsd_result *r, char out[TEXT])
{
    const double level = cli_result_number(r, "level");
    snprintf(out, TEXT, "%.6g %% interval", 100 * (isnan(level) ? 0.95 : level));
    return out;
}

static void print_parts(const mlsd_result *r)
{
    const mlsd_table *parts = cli_result_table(r, "parts");
    if (parts == NULL) return;
    printf("parts:");
    for (int64_t i = 0; i < mlsd_table_n_rows(parts); i++)
        printf("%s %s %.0f", i > 0 ? "," : "", cli_cell_text(parts, "part", i),
               cli_cell_number(parts, "rows", i));
    printf(" rows\n");
}

/* "classes of 'deny': no 2095 (88 %), yes 285 (12 %)" */
static void print_classes(const mlsd_result *r)
{
    static const char *const parts[] = {"training", "validation", "test"};
    const mlsd_table *classes = cli_result_table(r, "classes");
    if (classes == NULL) return;
    char line[4096];
    int n = snprintf(line, sizeof line, "classes of '%.60s':", cli_result_text(r, "target"));
    const int64_t n_classes = mlsd_table_n_rows(classes);
    double total = 0;
    for (int64_t i = 0; i < n_classes; i++)
        for (int k = 0; k < 3; k++) total += cli_cell_number(classes, parts[k], i);
    for (int64_t i = 0; i < n_classes && i < MOST_LINES; i++) {
        double rows = 0;
        for (int k = 0; k < 3; k++) rows += cli_cell_number(classes, parts[k], i);
        n +=
            snprintf(line + n, sizeof line - (size_t)n, "%s %.60s %.0f (%.3g %%)", i > 0 ? "," : "",
                     cli_cell_text(classes, "class", i), rows, 100 * rows / total);
    }
    if (n_classes > MOST_LINES)
        snprintf(line + n, sizeof line - (size_t)n, ", and %lld more",
                 (long long)(n_classes - MOST_LINES));
    cli_print_wrapped(line, 2);
}

static void print_columns(const mlsd_result *r)
{
    const mlsd_table *columns = cli_result_table(r, "columns");
    int64_t n = 0;
    for (int64_t i = 0; columns != NULL && i < mlsd_table_n_rows(columns); i++) {
        const char *reason = cli_cell_text(columns, "reason", i);
        if (*reason == '\0' || ++n > MOST_LINES) continue;
        say(4, "  %s: %s (%s)", cli_cell_text(columns, "column", i),
            cli_cell_text(columns, "action", i), reason);
    }
    if (n > MOST_LINES)
        printf("  and %lld more columns; the report lists them\n", (long long)(n - MOST_LINES));
}

static bool is_note(const mlsd_table *notes, const char *text)
{
    for (int64_t i = 0; notes != NULL && i < mlsd_table_n_rows(notes); i++) {
        if (strcmp(cli_cell_text(notes, "note", i), text) == 0) return true;
    }
    return false;
}

static void print_notes(const mlsd_result *r, char *const *remarks, int n_remarks)
{
    const mlsd_table *notes = cli_result_table(r, "notes");
    for (int i = 0; i < n_remarks; i++) {
        if (!is_note(notes, remarks[i])) say(6, "note: %s", remarks[i]);
    }
    for (int64_t i = 0; notes != NULL && i < mlsd_table_n_rows(notes); i++)
        say(6, "note: %s", cli_cell_text(notes, "note", i));
}

static void print_finding(const mlsd_table *t, int64_t i)
{
    const double effect = cli_cell_number(t, "effect", i);
    const char *rows = cli_cell_text(t, "rows", i);
    char number[CLI_NUMBER_CAPACITY], more[TEXT] = "";
    int n = 0;
    if (*rows != '\0') n = snprintf(more, sizeof more, " [rows %.150s]", rows);
    if (!isnan(effect))
        snprintf(more + n, sizeof more - (size_t)n, " [score without them %s%s]",
                 effect > 0 ? "+" : "", cli_show_number(effect, 4, number));
    say(4, "  %s: %s%s", cli_cell_text(t, "severity", i), cli_cell_text(t, "message", i), more);
}

bool cli_print_findings(const mlsd_result *r, const char *prefix, bool with_infos)
{
    char name[TEXT];
    snprintf(name, sizeof name, "%sfindings", prefix);
    const mlsd_table *findings = cli_result_table(r, name);
    bool any = false;
    for (int64_t i = 0; findings != NULL && i < mlsd_table_n_rows(findings); i++) {
        if (!with_infos && strcmp(cli_cell_text(findings, "severity", i), "info") == 0) continue;
        if (!any) puts(*prefix == 'f' ? "audit of the folds" : "audit of the split");
        any = true;
        print_finding(findings, i);
    }
    return any;
}

/* Silent where nothing is wrong. */
static void print_audit(const mlsd_result *r)
{
    (void)cli_print_findings(r, "audit.", false);
    (void)cli_print_findings(r, "folds_audit.", false);
}

static void set_number(cli_grid *g, int64_t row, int column, double value, int digits)
{
    char text[CLI_NUMBER_CAPACITY];
    cli_grid_set(g, row, column, cli_show_number(value, digits, text));
}

static void set_interval(cli_grid *g, int64_t row, int column, double low, double high, int digits)
{
    char text[CLI_INTERVAL_CAPACITY];
    cli_grid_set(g, row, column, cli_show_interval(low, high, digits, text));
}

static void set_headings(cli_grid *g, const char *const *texts)
{
    for (int c = 0; c < g->n_columns; c++) cli_grid_set(g, 0, c, texts[c]);
}

/* Fill a grid with ever fewer digits until its lines fit, and print it. */
static void print_grid(const mlsd_result *r, int64_t n_rows, const char *alignment,
                       void (*fill)(cli_grid *g, const mlsd_result *r, int digits))
{
    for (int digits = MOST_DIGITS; digits >= FEWEST_DIGITS; digits--) {
        cli_grid g;
        if (!cli_grid_make(&g, n_rows, alignment)) return;
        fill(&g, r, digits);
        const bool fits = cli_grid_width(&g) <= cli_width();
        if (fits || digits == FEWEST_DIGITS) {
            cli_grid_print(&g, cli_width());
            digits = 0;
        }
        cli_grid_free(&g);
    }
}

/* A chance with two decimals; what rounds to none or to all says on which side. */
static const char *show_chance(double p, char out[CLI_NUMBER_CAPACITY])
{
    if (p > 0.995)
        snprintf(out, CLI_NUMBER_CAPACITY, ">.99");
    else if (p < 0.005)
        snprintf(out, CLI_NUMBER_CAPACITY, "<.01");
    else if (isnan(p))
        out[0] = '\0';
    else
        snprintf(out, CLI_NUMBER_CAPACITY, "%.2f", p);
    return out;
}

static void fill_leaderboard(cli_grid *g, const mlsd_result *r, int digits)
{
    const mlsd_table *board = cli_result_table(r, "leaderboard");
    const mlsd_table *seconds = cli_result_table(r, "timings.leaderboard");
    char interval[TEXT], name[TEXT], text[CLI_NUMBER_CAPACITY];
    set_headings(g, (const char *const[]){"  model", "score", interval_heading(r, interval),
                                          "vs simplest", "P", "fit s", "us/row", "bytes"});
    for (int64_t i = 0; i < mlsd_table_n_rows(board); i++) {
        snprintf(name, sizeof name, "%c%c%.200s",
                 cli_cell_number(board, "chosen", i) == 1 ? '>' : ' ',
                 cli_cell_number(seconds, "on_front", i) == 1 ? '*' : ' ',
                 cli_cell_text(board, "model", i));
        cli_grid_set(g, i + 1, 0, name);
        set_number(g, i + 1, 1, cli_cell_number(board, "score", i), digits);
        set_interval(g, i + 1, 2, cli_cell_number(board, "low", i),
                     cli_cell_number(board, "high", i), digits);
        if (i > 0)
            set_interval(g, i + 1, 3, cli_cell_number(board, "difference_low", i),
                         cli_cell_number(board, "difference_high", i), digits);
        cli_grid_set(g, i + 1, 4, show_chance(cli_cell_number(board, "p_better", i), text));
        cli_grid_set(g, i + 1, 5, cli_show_time(cli_cell_number(seconds, "fit_seconds", i), text));
        cli_grid_set(g, i + 1, 6,
                     cli_show_time(cli_cell_number(seconds, "predict_us_per_row", i), text));
        cli_grid_set(g, i + 1, 7, cli_show_bytes(cli_cell_number(board, "model_bytes", i), text));
    }
}

static void print_leaderboard(const mlsd_result *r)
{
    const mlsd_table *board = cli_result_table(r, "leaderboard");
    if (board == NULL) return;
    const double n_splits = cli_result_number(r, "n_splits");
    char count[TEXT] = "cross-validation";
    if (!isnan(n_splits)) snprintf(count, sizeof count, "%.0f-fold cross-validation", n_splits);
    putchar('\n');
    say(0,
        "%s on training, %s; > is chosen; * on the front: no other is better in score, time and "
        "size; P: chance to be better than the best of the simpler ones",
        count, cli_result_text(r, "metric"));
    print_grid(r, mlsd_table_n_rows(board) + 1, "lrllrrrr", fill_leaderboard);
    for (int64_t i = 0; i < mlsd_table_n_rows(board); i++) {
        const char *message = cli_cell_text(board, "message", i);
        if (*message != '\0') say(4, "  %s failed: %s", cli_cell_text(board, "model", i), message);
    }
}

/* What the curve means, and what helps. */
static void print_diagnosis(const mlsd_result *r)
{
    char shown[CLI_DIAGNOSIS_CAPACITY];
    if (*cli_show_diagnosis(r, "curve.", shown) == '\0') return;
    say(4, "  %s: %s", shown, cli_result_text(r, "curve.why"));
    say(4, "  try: %s", cli_result_text(r, "curve.remedy"));
}

static void print_curve(const mlsd_result *r)
{
    const mlsd_table *curve = cli_result_table(r, "curve");
    if (curve == NULL) return;
    const int64_t n = mlsd_table_n_rows(curve);
    double *values = malloc((size_t)n * 3 * sizeof *values);
    if (values == NULL) return;
    for (int64_t i = 0; i < n; i++) {
        values[i] = cli_cell_number(curve, "epoch", i);
        values[n + i] = cli_cell_number(curve, "train", i);
        values[2 * n + i] = cli_cell_number(curve, "valid", i);
    }
    printf("\nloss of '%s' over %lld epochs: %s\n", cli_result_text(r, "curve.model"), (long long)n,
           cli_chart_legend());
    cli_chart_print(values, values + n, values + 2 * n, n,
                    cli_result_number(r, "curve.best_epoch"));
    printf("  ended by: %s\n", cli_result_text(r, "curve.stop_reason"));
    print_diagnosis(r);
    free(values);
}

static void fill_test(cli_grid *g, const mlsd_result *r, int digits)
{
    const mlsd_table *test = cli_result_table(r, "test");
    const mlsd_table *board = cli_result_table(r, "leaderboard");
    char interval[TEXT], name[TEXT], simplest[TEXT];
    snprintf(simplest, sizeof simplest, "%.40s", cli_cell_text(board, "model", 0));
    set_headings(
        g, (const char *const[]){"  metric", "value", interval_heading(r, interval), simplest});
    for (int64_t i = 0; i < mlsd_table_n_rows(test); i++) {
        snprintf(name, sizeof name, "  %.200s", cli_cell_text(test, "metric", i));
        cli_grid_set(g, i + 1, 0, name);
        set_number(g, i + 1, 1, cli_cell_number(test, "value", i), digits);
        set_interval(g, i + 1, 2, cli_cell_number(test, "low", i), cli_cell_number(test, "high", i),
                     digits);
        set_number(g, i + 1, 3, cli_cell_number(test, "baseline", i), digits);
    }
}

static void print_test(const mlsd_result *r)
{
    const mlsd_table *test = cli_result_table(r, "test");
    if (test == NULL) return;
    const double looks = cli_result_number(r, "test.looks");
    if (looks > 1)
        printf("\ntest part, looked at %.0f times\n", looks);
    else
        puts("\ntest part, looked at once");
    print_grid(r, mlsd_table_n_rows(test) + 1, "lrlr", fill_test);
}

void cli_print_experiment(const mlsd_result *result, char *const *remarks, int n_remarks)
{
    print_parts(result);
    print_classes(result);
    print_columns(result);
    print_notes(result, remarks, n_remarks);
    print_audit(result);
    print_leaderboard(result);
    print_curve(result);
    print_test(result);
    cli_print_slices(result);
    putchar('\n');
    cli_print_wrapped(mlsd_result_verdict(result), 0);
}

/* A terminal or a pipe is written to as it is. */
static bool is_replaced(const char *path)
{
    struct stat is;
    return stat(path, &is) != 0 || S_ISREG(is.st_mode);
}

int cli_write_file(const char *path, const char *text)
{
    static const char ending[] = ".partial";
    char *const draft = malloc(strlen(path) + sizeof ending);
    if (draft == NULL) return cli_fail_status(MLSD_E_NOMEM);
    const bool is_draft = is_replaced(path);
    strcat(strcpy(draft, path), is_draft ? ending : "");
    FILE *const file = fopen(draft, "w");
    bool ok = file != NULL && fputs(text, file) >= 0;
    if (file != NULL) ok = fclose(file) == 0 && ok;
    if (is_draft) ok = ok && rename(draft, path) == 0;
    if (is_draft && !ok && file != NULL) remove(draft);
    free(draft);
    return ok ? CLI_OK : cli_fail(CLI_IO, "'%s' cannot be written", path);
}
