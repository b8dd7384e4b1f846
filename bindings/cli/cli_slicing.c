/* cli_slicing.c - mlsd slices: for whom are the predictions in a CSV file good? Of any model: the
 * file has a column of what is true and one or more of what was predicted. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_job.h"
#include "cli_names.h"
#include "cli_print.h"
#include "cli_table.h"

enum { MOST_CLASSES = 1000 };

typedef struct slicing {
    cli_job all;
    cli_names by, control, metrics;
    const char *classes[MOST_CLASSES];          /* names of the classes, ascending; the table's */
    int64_t n_classes;                          /* 0: numbers */
    int64_t columns[CLI_MOST_NAMES], n_columns; /* of predictions */
    double *y, *prediction, *weight;
} slicing;

static int need_column(const slicing *s, const char *option, int64_t *out)
{
    const char *const name = cli_get(s->all.args, option);
    if (name == NULL) return cli_fail(CLI_USAGE, "which column? give it with --%s COLUMN", option);
    const mlsd_status status = mlsd_table_find(s->all.table, name, out);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static bool is_text(const slicing *s, int64_t column)
{
    return mlsd_table_type(s->all.table, column) == MLSD_COLUMN_CATEGORY;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int64_t class_of(const slicing *s, const char *text)
{
    for (int64_t k = 0; k < s->n_classes; k++)
        if (strcmp(s->classes[k], text) == 0) return k;
    return -1;
}

static int add_classes(slicing *s, int64_t column)
{
    for (int64_t k = 0; k < mlsd_table_level_count(s->all.table, column); k++) {
        const char *const level = mlsd_table_level_at(s->all.table, column, k);
        if (class_of(s, level) >= 0) continue;
        if (s->n_classes == MOST_CLASSES)
            return cli_fail(CLI_DATA, "column '%s' has more than %d classes",
                            mlsd_table_name(s->all.table, column), MOST_CLASSES);
        s->classes[s->n_classes++] = level;
    }
    return CLI_OK;
}

/* Texts are classes in ascending order; --positive is the last of two. */
static int find_classes(slicing *s, int64_t label)
{
    const char *const positive = cli_get(s->all.args, "positive");
    if (!is_text(s, label)) {
        if (positive != NULL)
            return cli_fail(CLI_USAGE,
                            "'--positive' is for labels that are texts; '%s' has numbers",
                            mlsd_table_name(s->all.table, label));
        return CLI_OK;
    }
    int code = add_classes(s, label);
    if (code == CLI_OK && s->n_columns == 1 && is_text(s, s->columns[0]))
        code = add_classes(s, s->columns[0]);
    if (code != CLI_OK) return code;
    qsort(s->classes, (size_t)s->n_classes, sizeof *s->classes, by_text);
    if (positive == NULL) return CLI_OK;
    const int64_t at = class_of(s, positive);
    if (s->n_classes != 2 || at < 0)
        return cli_fail(CLI_DATA, "'--positive %s' is none of two classes", positive);
    const char *const other = s->classes[1 - at];
    s->classes[0] = other;
    s->classes[1] = positive;
    return CLI_OK;
}

static int read_column(const slicing *s, int64_t column, int64_t stride, double *out)
{
    const mlsd_table *const t = s->all.table;
    const int64_t n = mlsd_table_n_rows(t);
    double *const x = malloc((size_t)(n + 1) * sizeof *x);
    if (x == NULL) return cli_fail_status(MLSD_E_NOMEM);
    int code = CLI_OK;
    const mlsd_status status = mlsd_table_get_f64(t, column, 0, n, x);
    if (status != MLSD_OK) code = cli_fail_status(status);
    for (int64_t i = 0; i < n && code == CLI_OK; i++) {
        if (isnan(x[i]))
            code = cli_fail(CLI_DATA,
                            "column '%s' has no value in row %lld; fill it in, or leave "
                            "the row out",
                            mlsd_table_name(t, column), (long long)i + 1);
        else if (is_text(s, column))
            out[i * stride] = (double)class_of(s, mlsd_table_get_str(t, column, i));
        else
            out[i * stride] = x[i];
    }
    free(x);
    return code;
}

/* A metric that takes numbers which cannot be classes. */
static bool is_of_numbers(const slicing *s, const char *metric)
{
    static const double some[] = {0.25, 0.75, 1.5};
    const mlsd_matrix x = {some, 3, 1, 1, 1, MLSD_F64, 0};
    double value;
    return mlsd_metric_score(s->all.context, metric, &x, &x, NULL, NAN, &value, NULL, NULL) ==
           MLSD_OK;
}

/* Two other numbers than 0 and 1 are classes too, where predictions are the same numbers, unless a
 * metric of numbers is asked for. */
static void number_two_classes(slicing *s)
{
    const int64_t n = mlsd_table_n_rows(s->all.table);
    double low = INFINITY, high = -INFINITY;
    if (s->n_classes > 0 || s->n_columns != 1) return;
    for (int64_t m = 0; m < s->metrics.n; m++)
        if (is_of_numbers(s, s->metrics.values[m])) return;
    for (int64_t i = 0; i < n; i++) {
        low = fmin(low, s->y[i]);
        high = fmax(high, s->y[i]);
    }
    if (!(low < high) || (low == 0 && high == 1)) return;
    for (int64_t i = 0; i < n; i++) {
        if (s->y[i] != low && s->y[i] != high) return;
        if (s->prediction[i] != low && s->prediction[i] != high) return;
    }
    for (int64_t i = 0; i < n; i++) {
        s->y[i] = s->y[i] == high;
        s->prediction[i] = s->prediction[i] == high;
    }
}

/* Probabilities of a file are rounded: a row sums to 1 but for the last digits, which are dealt
 * out. */
static const double ROUNDING = 0.01 + 1e-9;

static int scale_probabilities(slicing *s)
{
    const int64_t n = mlsd_table_n_rows(s->all.table), k = s->n_columns;
    for (int64_t i = 0; i < n && k > 1; i++) {
        double *const p = s->prediction + i * k;
        double sum = 0;
        for (int64_t c = 0; c < k; c++) {
            if (!(p[c] >= 0 && p[c] <= 1))
                return cli_fail(CLI_DATA, "row %lld of column '%s' is %g, no probability",
                                (long long)i + 1, mlsd_table_name(s->all.table, s->columns[c]),
                                p[c]);
            sum += p[c];
        }
        if (!(fabs(sum - 1) <= ROUNDING))
            return cli_fail(CLI_DATA,
                            "the probabilities in row %lld (columns '%s' to '%s') sum to %g, not "
                            "to 1",
                            (long long)i + 1, mlsd_table_name(s->all.table, s->columns[0]),
                            mlsd_table_name(s->all.table, s->columns[k - 1]), sum);
        for (int64_t c = 0; c < k; c++) p[c] /= sum;
    }
    return CLI_OK;
}

static int read_rows(slicing *s)
{
    const mlsd_table *const t = s->all.table;
    const int64_t n = mlsd_table_n_rows(t);
    int64_t label = 0, weight = 0;
    int code = need_column(s, "label", &label);
    for (int i = 0; i < s->all.args->n_given && code == CLI_OK; i++) {
        if (strcmp(s->all.args->given[i].name, "pred") != 0 || s->n_columns == CLI_MOST_NAMES)
            continue;
        const mlsd_status status =
            mlsd_table_find(t, s->all.args->given[i].value, &s->columns[s->n_columns++]);
        if (status != MLSD_OK) code = cli_fail_status(status);
    }
    if (code == CLI_OK && s->n_columns == 0) code = need_column(s, "pred", &label);
    if (code == CLI_OK) code = find_classes(s, label);
    if (code != CLI_OK) return code;
    if (!is_text(s, label) && is_text(s, s->columns[0]))
        return cli_fail(CLI_DATA, "column '%s' has texts and the label '%s' has numbers",
                        mlsd_table_name(t, s->columns[0]), mlsd_table_name(t, label));
    if (is_text(s, label) && s->n_columns == 1 && !is_text(s, s->columns[0]) && s->n_classes != 2)
        return cli_fail(CLI_DATA,
                        "the label '%s' has %lld class%s, and one column of numbers says nothing "
                        "about these; give a class, or with --pred repeated a probability of each",
                        mlsd_table_name(t, label), (long long)s->n_classes,
                        s->n_classes == 1 ? "" : "es");
    s->y = malloc((size_t)(n + 1) * sizeof *s->y);
    s->prediction = malloc((size_t)(n * s->n_columns + 1) * sizeof *s->prediction);
    s->weight = malloc((size_t)(n + 1) * sizeof *s->weight);
    if (s->y == NULL || s->prediction == NULL || s->weight == NULL)
        return cli_fail_status(MLSD_E_NOMEM);
    code = read_column(s, label, 1, s->y);
    for (int64_t k = 0; k < s->n_columns && code == CLI_OK; k++)
        code = read_column(s, s->columns[k], s->n_columns, s->prediction + k);
    if (code == CLI_OK && cli_get(s->all.args, "weight") != NULL) {
        code = need_column(s, "weight", &weight);
        if (code == CLI_OK) code = read_column(s, weight, 1, s->weight);
    }
    if (code == CLI_OK) number_two_classes(s);
    return code == CLI_OK ? scale_probabilities(s) : code;
}

static mlsd_status set_list(mlsd_spec *spec, const char *name, const cli_names *n)
{
    if (n->n == 0) return MLSD_OK;
    return mlsd_spec_set_str_list(spec, name, (const char *const *)n->values, n->n);
}

static int make_spec(slicing *s)
{
    static const struct {
        const char *option, *param;
    } passed[] = {{"reference", "reference"},     {"level", "level"},
                  {"min-support", "min_support"}, {"intersections", "intersections"},
                  {"correction", "correction"},   {"merge-rare", "merge_rare"}};
    const cli_args *const args = s->all.args;
    const bool is_search = cli_get(args, "search") != NULL;
    mlsd_status status =
        mlsd_spec_new(s->all.context, is_search ? "slice_search" : "slice_metrics", &s->all.spec);
    if (status == MLSD_OK) status = set_list(s->all.spec, "by", &s->by);
    if (status == MLSD_OK && !is_search) status = set_list(s->all.spec, "control", &s->control);
    if (status == MLSD_OK && !is_search) status = set_list(s->all.spec, "metrics", &s->metrics);
    for (size_t i = 0; i < sizeof passed / sizeof *passed && status == MLSD_OK; i++) {
        const char *const value = cli_get(args, passed[i].option);
        if (value != NULL) status = mlsd_spec_set_text(s->all.spec, passed[i].param, value);
    }
    if (status != MLSD_OK) return cli_fail(CLI_USAGE, "%s", mlsd_last_error());
    return cli_job_set_parameters(&s->all);
}

static mlsd_status to_json(const void *subject, char *buf, int64_t capacity, int64_t *out_length)
{
    return mlsd_result_to_json(subject, buf, capacity, out_length);
}

static int print_json(const mlsd_result *r)
{
    char *const text = cli_text(to_json, r);
    if (text == NULL) return CLI_SYSTEM;
    puts(text);
    free(text);
    return CLI_OK;
}

static bool ends_in(const char *path, const char *end)
{
    const size_t n = strlen(path), m = strlen(end);
    return n >= m && strcmp(path + n - m, end) == 0;
}

static int save_svg(const slicing *s, const char *path)
{
    int64_t length = 0;
    mlsd_status status = mlsd_slices_svg(s->all.context, s->all.result, NULL, 0, &length);
    if (status != MLSD_OK) return cli_fail_status(status);
    char *const text = malloc((size_t)length + 1);
    if (text == NULL) return cli_fail_status(MLSD_E_NOMEM);
    status = mlsd_slices_svg(s->all.context, s->all.result, text, length + 1, NULL);
    const int code = status == MLSD_OK ? cli_write_file(path, text) : cli_fail_status(status);
    free(text);
    return code;
}

/* FILE.html is a page, FILE.svg its pictures, any other name everything as JSON. */
static int save(const slicing *s, const char *out, const char *file)
{
    if (ends_in(out, ".svg")) return save_svg(s, out);
    const mlsd_status status = ends_in(out, ".html")
                                   ? mlsd_report_save(s->all.context, s->all.result, file, out)
                                   : mlsd_result_save(s->all.result, out);
    return status == MLSD_OK ? CLI_OK : cli_fail_file(status, out);
}

/* Classes in the place of probabilities: a metric of probabilities takes them as certain. */
static void note_classes(const slicing *s)
{
    static const char *const of_probabilities[] = {"log_loss", "brier", "roc_auc",
                                                   "average_precision"};
    if (s->n_columns != 1) return;
    for (int64_t i = 0; i < mlsd_table_n_rows(s->all.table); i++)
        if (s->prediction[i] != 0 && s->prediction[i] != 1) return;
    for (int64_t m = 0; m < s->metrics.n; m++) {
        for (size_t k = 0; k < sizeof of_probabilities / sizeof *of_probabilities; k++) {
            if (strcmp(s->metrics.values[m], of_probabilities[k]) != 0) continue;
            char line[600];
            snprintf(line, sizeof line,
                     "note: '%.300s' has classes only; %s takes them for probabilities of 0 and 1",
                     mlsd_table_name(s->all.table, s->columns[0]), of_probabilities[k]);
            cli_print_wrapped(line, 0);
        }
    }
}

static int show(const slicing *s, const char *file)
{
    const mlsd_result *const r = s->all.result;
    const char *const out = cli_get(s->all.args, "out");
    if (out != NULL) {
        const int code = save(s, out, file);
        if (code != CLI_OK) return code;
    }
    cli_progress_clear();
    if (cli_get(s->all.args, "json") != NULL) return print_json(r);
    char line[4096];
    const long long n = (long long)mlsd_table_n_rows(s->all.table);
    snprintf(line, sizeof line, "%.300s: %lld row%s", file, n, n == 1 ? "" : "s");
    cli_make_printable(line);
    puts(line);
    if (s->n_classes == 2) printf("class 1, which rates are of: '%s'\n", s->classes[1]);
    note_classes(s);
    const bool is_search = cli_get(s->all.args, "search") != NULL;
    if (!is_search)
        cli_print_slice_metrics(r);
    else if (mlsd_table_n_rows(cli_result_table(r, "slices")) > 0)
        cli_table_print("slices", cli_result_table(r, "slices"));
    putchar('\n');
    cli_print_lines(mlsd_result_verdict(r));
    return CLI_OK;
}

static int slice_file(slicing *s)
{
    const cli_args *const args = s->all.args;
    const bool is_piped = strcmp(args->positional[0], "-") == 0;
    const char *const file = is_piped ? "standard input" : args->positional[0];
    mlsd_status status =
        mlsd_table_read_csv(s->all.context, is_piped ? "/dev/stdin" : file, NULL, &s->all.table);
    if (status != MLSD_OK) return cli_fail_status(status);
    int code = cli_names_list(args, "by", s->all.table, &s->by);
    if (code == CLI_OK) code = cli_names_list(args, "control", s->all.table, &s->control);
    if (code == CLI_OK) code = cli_names_list(args, "metric", NULL, &s->metrics);
    if (code == CLI_OK && s->by.n == 0)
        code = cli_fail(CLI_USAGE, "which columns are the groups? give them with --by A,B");
    if (code == CLI_OK) code = read_rows(s);
    if (code == CLI_OK) code = make_spec(s);
    if (code != CLI_OK) return code;
    const int64_t n = mlsd_table_n_rows(s->all.table), k = s->n_columns;
    const mlsd_matrix y = {s->y, n, 1, 1, 1, MLSD_F64, 0};
    const mlsd_matrix p = {s->prediction, n, k, k, 1, MLSD_F64, 0};
    const mlsd_matrix w = {s->weight, n, 1, 1, 1, MLSD_F64, 0};
    const bool has_weight = cli_get(args, "weight") != NULL;
    status = mlsd_slice_run(s->all.context, s->all.spec, s->all.table, &y, &p,
                            has_weight ? &w : NULL, &s->all.result);
    if (status != MLSD_OK) return cli_fail_file(status, file);
    code = show(s, file);
    if (code != CLI_OK || cli_get(args, "check") == NULL) return code;
    return cli_result_number(s->all.result, "n_findings") > 0 ? CLI_FOUND : CLI_OK;
}

static int run_slicing(const cli_args *args)
{
    slicing s = {0};
    int code = cli_job_open(&s.all, args);
    if (code == CLI_OK) code = slice_file(&s);
    free(s.y);
    free(s.prediction);
    free(s.weight);
    cli_names_free(&s.by);
    cli_names_free(&s.control);
    cli_names_free(&s.metrics);
    cli_job_close(&s.all);
    return code;
}

static const cli_option slicing_options[] = {
    {"label", "COLUMN", "what is true: a class, 0 and 1, or a number"},
    {"pred", "COLUMN",
     "what was predicted: a class, a number, the probability of class 1;\n"
     "                      repeated: a probability for each class, in their order"},
    {"by", "A,B", "columns whose groups are compared; may be repeated"},
    {"metric", "M", "a metric (recall, fpr, mae, ...); may be repeated"},
    {"weight", "COLUMN", "what each row weighs"},
    {"control", "C", "compare only rows with the same value there; may be repeated"},
    {"intersections", "K", "cross up to K columns (default 1: each alone)"},
    {"reference", "GROUP", "complement (default), overall, largest, or \"sex = male\""},
    {"positive", "CLASS", "the class that rates are of (default: the last by name)"},
    {"min-support", "N", "rows that a group needs to be judged (default 20)"},
    {"merge-rare", "N", "values with fewer rows are one group, \"(other)\""},
    {"level", "SHARE", "level of the intervals (default 0.95)"},
    {"correction", "WORD", "for many groups: holm (default), benjamini_hochberg, ..."},
    {"search", NULL, "look for the worst slices of these columns instead"},
    {"set", "NAME=VALUE", "any parameter of slice_metrics; may be repeated"},
    {"json", NULL, "print everything as JSON"},
    {"out", "FILE", "write .json: everything, .html: a page, .svg: the pictures"},
    {"check", NULL, "exit with 5 when a group differs by more than chance"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {"numerics", "WORD", "fast (default), or exact: the same bytes on every machine"},
    {NULL, NULL, NULL},
};

const cli_command cli_slicing_command = {
    .name = "slices",
    .usage = "PREDICTIONS.csv --label Y --pred P --by A,B [--metric M] [--json]",
    .summary = "for whom are predictions good? metrics by group",
    .details =
        "For the predictions of any model. Each group is compared with the rows outside it;\n"
        "p-values are corrected for all groups and metrics. A group with too few rows is\n"
        "never called worse, and a value that is not defined is not 0. A column whose name\n"
        "has a comma stands alone in a --by, or in quotes: --by '\"a,b\",c'. The file '-' is\n"
        "what is piped in. Probabilities of many classes may be rounded: rows that sum to 1\n"
        "within 0.01 are scaled.\n",
    .options = slicing_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_slicing,
};
