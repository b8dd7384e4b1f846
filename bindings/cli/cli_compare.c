/* cli_compare.c - mlsd compare: a CSV file with a column of scores (or predictions) for each model,
 * a test, and what it says: the verdict, the pairs, and a picture. */
#include <langinfo.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_job.h"
#include "cli_print.h"

enum {
    MOST_BY = 64,
    MOST_MODELS = 256,
    NAME_CAPACITY = 256,
    WIDEST_PICTURE = 120,
    MOST_PAIRS = 40
};

typedef struct compare_job {
    cli_job all; /* its spec is the test */
    int64_t columns[MOST_MODELS], n_models;
    int64_t y;                 /* column, -1 for none */
    int64_t by[MOST_BY], n_by; /* columns that make groups; none: models are compared as a whole */
    double *scores, *truth;
    char *picture, *svg;
} compare_job;

/* ---- which columns ---- */

/* Do these tests compare predicted labels, which may be texts? */
static bool is_of_labels(const compare_job *job)
{
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(job->all.spec));
    return job->n_by > 0 || strcmp(kind, "mcnemar") == 0 || strcmp(kind, "cochran_q") == 0;
}

static bool is_by(const compare_job *job, int64_t column)
{
    for (int64_t k = 0; k < job->n_by; k++) {
        if (job->by[k] == column) return true;
    }
    return false;
}

static int add_column(compare_job *job, int64_t column)
{
    if (job->n_models == MOST_MODELS)
        return cli_fail(CLI_DATA, "more than %d models; choose some with '--columns'", MOST_MODELS);
    job->columns[job->n_models++] = column;
    return CLI_OK;
}

/* Where columns were not named, the first that was passed over is told as well. */
static int fail_few(const compare_job *job, bool are_all, bool texts)
{
    const char *const wanted = texts ? "labels" : "numbers";
    for (int64_t j = 0; are_all && j < mlsd_table_n_columns(job->all.table); j++) {
        const bool is_text = mlsd_table_type(job->all.table, j) == MLSD_COLUMN_CATEGORY;
        if (j == job->y || is_text == texts) continue;
        return cli_fail(
            CLI_DATA, "two columns of %s or more are needed, got %lld; '%s' holds %s%s%.40s%s",
            wanted, (long long)job->n_models, mlsd_table_name(job->all.table, j),
            is_text ? "texts" : "numbers", is_text ? " such as '" : "",
            is_text ? mlsd_table_level_at(job->all.table, j, 0) : "", is_text ? "'" : "");
    }
    return cli_fail(CLI_DATA, "two columns of %s or more are needed, got %lld", wanted,
                    (long long)job->n_models);
}

static int add_by(compare_job *job, int64_t column)
{
    if (job->n_by == MOST_BY) return cli_fail(CLI_DATA, "more than %d columns in '--by'", MOST_BY);
    job->by[job->n_by++] = column;
    return CLI_OK;
}

/* Add each column of a list of names. */
static int each_column(compare_job *job, const char *option, const char *list,
                       int (*add)(compare_job *, int64_t))
{
    for (const char *at = list; *at != '\0';) {
        char name[NAME_CAPACITY];
        const size_t length = strcspn(at, ",");
        if (length >= sizeof name) return cli_fail(CLI_USAGE, "'--%s' has a name too long", option);
        memcpy(name, at, length);
        name[length] = '\0';
        at += length + (at[length] == ',');
        int64_t column;
        if (mlsd_table_find(job->all.table, name, &column) != MLSD_OK)
            return cli_fail(CLI_DATA, "%s", mlsd_last_error());
        const int code = add(job, column);
        if (code != CLI_OK) return code;
    }
    return CLI_OK;
}

/* Those named, or all that could be scores: numbers, and beside a y of texts texts. */
static int choose_columns(const cli_args *args, compare_job *job)
{
    const char *list = cli_get(args, "columns");
    const bool texts = is_of_labels(job) && job->y >= 0 &&
                       mlsd_table_type(job->all.table, job->y) == MLSD_COLUMN_CATEGORY;
    for (int64_t j = 0; list == NULL && j < mlsd_table_n_columns(job->all.table); j++) {
        const bool is_text = mlsd_table_type(job->all.table, j) == MLSD_COLUMN_CATEGORY;
        if (j == job->y || is_by(job, j) || is_text != texts) continue;
        const int code = add_column(job, j);
        if (code != CLI_OK) return code;
    }
    const int code = list == NULL ? CLI_OK : each_column(job, "columns", list, add_column);
    if (code != CLI_OK) return code;
    return job->n_models >= 2 ? CLI_OK : fail_few(job, list == NULL, texts);
}

/* ---- their values ---- */

/* The number of a text among all the columns that are compared: its first place, as column and
 * level, in order. */
static double shared_code(const compare_job *job, const char *text)
{
    for (int64_t k = -1; k < job->n_models; k++) {
        const int64_t j = k < 0 ? job->y : job->columns[k];
        if (j < 0) continue;
        for (int64_t c = 0; c < mlsd_table_level_count(job->all.table, j); c++) {
            if (strcmp(mlsd_table_level_at(job->all.table, j, c), text) == 0)
                return (double)(k + 1) * 1e6 + (double)c;
        }
    }
    return NAN;
}

static mlsd_status read_texts(const compare_job *job, int64_t column, double *out)
{
    const int64_t n = mlsd_table_n_rows(job->all.table);
    const int64_t n_levels = mlsd_table_level_count(job->all.table, column);
    double *codes = malloc((size_t)(n_levels + 1) * sizeof *codes);
    if (codes == NULL) return MLSD_E_NOMEM;
    for (int64_t c = 0; c < n_levels; c++)
        codes[c] = shared_code(job, mlsd_table_level_at(job->all.table, column, c));
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        int64_t code = -1;
        status = mlsd_table_get_i64(job->all.table, column, i, 1, &code);
        out[i] = code >= 0 && code < n_levels ? codes[code] : NAN;
    }
    free(codes);
    return status;
}

/* A column of the other type than the rest, with what stands in it and what to do. */
static int fail_type(const compare_job *job, int64_t column, bool texts)
{
    const char *const name = mlsd_table_name(job->all.table, column),
                      *const test = mlsd_kind_name(mlsd_spec_kind(job->all.spec)),
                      *const remedy =
                          column == job->y ? "give another '--y'" : "leave it out of '--columns'";
    if (texts)
        return cli_fail(CLI_DATA, "column '%s' holds numbers, the other columns texts; %s", name,
                        remedy);
    return cli_fail(CLI_DATA,
                    "column '%s' holds texts such as '%.40s', and %s compares numbers%s; %s", name,
                    mlsd_table_level_at(job->all.table, column, 0), test,
                    is_of_labels(job) ? " with numbers" : "", remedy);
}

static int read_column(const compare_job *job, int64_t column, bool texts, double *out)
{
    if ((mlsd_table_type(job->all.table, column) == MLSD_COLUMN_CATEGORY) != texts)
        return fail_type(job, column, texts);
    const mlsd_status status = texts ? read_texts(job, column, out)
                                     : mlsd_table_get_f64(job->all.table, column, 0,
                                                          mlsd_table_n_rows(job->all.table), out);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static int read_values(compare_job *job)
{
    const size_t n = (size_t)mlsd_table_n_rows(job->all.table);
    const bool texts = is_of_labels(job) &&
                       mlsd_table_type(job->all.table, job->columns[0]) == MLSD_COLUMN_CATEGORY;
    job->scores = malloc((n * (size_t)job->n_models + 1) * sizeof *job->scores);
    job->truth = malloc((n + 1) * sizeof *job->truth);
    if (job->scores == NULL || job->truth == NULL) return cli_fail_status(MLSD_E_NOMEM);
    int code = CLI_OK;
    for (int64_t k = 0; k < job->n_models && code == CLI_OK; k++)
        code = read_column(job, job->columns[k], texts, job->scores + (size_t)k * n);
    if (code == CLI_OK && job->y >= 0) code = read_column(job, job->y, texts, job->truth);
    return code;
}

/* ---- the test ---- */

static int make_test(compare_job *job)
{
    const cli_args *const args = job->all.args;
    const char *kind = cli_get(args, "test");
    if (cli_get(args, "by") != NULL) {
        const char *const others[] = {"test", "control", "loss", "svg"};
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            if (cli_get(args, others[i]) != NULL)
                return cli_fail(CLI_USAGE, "'--%s' does not go with '--by'", others[i]);
        const int made = cli_job_make_spec(&job->all, "slice_comparison");
        return made == CLI_OK ? cli_job_set_parameters(&job->all) : made;
    }
    if (kind == NULL)
        return cli_fail(CLI_USAGE, "'--test' is needed: corrected_t for folds, mcnemar for a test "
                                   "set, friedman for data sets; 'mlsd kinds' lists all");
    const int code = cli_job_make_spec(&job->all, kind);
    if (code != CLI_OK) return code;
    if (strcmp(mlsd_kind_family(mlsd_spec_kind(job->all.spec)), "comparison") != 0)
        return cli_fail(CLI_USAGE, "'%s' is of family %s, not a comparison", kind,
                        mlsd_kind_family(mlsd_spec_kind(job->all.spec)));
    if (cli_get(args, "loss") != NULL &&
        mlsd_spec_set_bool(job->all.spec, "greater_is_better", 0) != MLSD_OK)
        return cli_fail(CLI_USAGE, "%s knows what is better; leave out '--loss'", kind);
    return cli_job_set_parameters(&job->all);
}

/* Two models by group: what they and the groups are called. */
static int name_groups(compare_job *job)
{
    const char *by[MOST_BY];
    const mlsd_table *const t = job->all.table;
    mlsd_spec *const spec = job->all.spec;
    if (job->n_models != 2)
        return cli_fail(CLI_DATA,
                        "two models are compared by group, got %lld; name two by "
                        "'--columns'",
                        (long long)job->n_models);
    for (int64_t k = 0; k < job->n_by; k++) by[k] = mlsd_table_name(t, job->by[k]);
    mlsd_status status = mlsd_spec_set_str_list(spec, "by", by, job->n_by);
    if (status == MLSD_OK)
        status = mlsd_spec_set_str(spec, "name_a", mlsd_table_name(t, job->columns[0]));
    if (status == MLSD_OK)
        status = mlsd_spec_set_str(spec, "name_b", mlsd_table_name(t, job->columns[1]));
    if (status == MLSD_OK && mlsd_table_type(t, job->columns[0]) == MLSD_COLUMN_CATEGORY)
        status = mlsd_spec_set_str(spec, "loss", "zero_one");
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

/* The names of the columns, and the control among them. */
static int name_models(const cli_args *args, compare_job *job)
{
    const char *names[MOST_MODELS], *control = cli_get(args, "control");
    int64_t at = -1;
    for (int64_t k = 0; k < job->n_models; k++) {
        names[k] = mlsd_table_name(job->all.table, job->columns[k]);
        if (control != NULL && strcmp(names[k], control) == 0) at = k;
    }
    if (control != NULL && at < 0)
        return cli_fail(CLI_DATA, "'--control' is no column that is compared: '%s'", control);
    mlsd_status status = mlsd_spec_set_str_list(job->all.spec, "names", names, job->n_models);
    if (status == MLSD_OK && control != NULL)
        status = mlsd_spec_set_i64(job->all.spec, "control", at);
    return status == MLSD_OK ? CLI_OK : cli_fail_status(status);
}

static mlsd_status draw(compare_job *job, bool wants_svg)
{
    int64_t length = 0;
    const int32_t width = cli_width() < WIDEST_PICTURE ? cli_width() : WIDEST_PICTURE;
    const int32_t ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    mlsd_status status = mlsd_comparison_draw_text(
        job->all.context, job->all.result, width < 40 ? 40 : width, ascii, NULL, 0, &length);
    if (status != MLSD_OK) return status;
    job->picture = malloc((size_t)length + 1);
    if (job->picture == NULL) return MLSD_E_NOMEM;
    status = mlsd_comparison_draw_text(job->all.context, job->all.result, width < 40 ? 40 : width,
                                       ascii, job->picture, length + 1, NULL);
    if (status != MLSD_OK || !wants_svg) return status;
    status = mlsd_comparison_svg(job->all.context, job->all.result, NULL, 0, &length);
    if (status != MLSD_OK) return status;
    job->svg = malloc((size_t)length + 1);
    if (job->svg == NULL) return MLSD_E_NOMEM;
    return mlsd_comparison_svg(job->all.context, job->all.result, job->svg, length + 1, NULL);
}

/* ---- what is printed ---- */

static void show_pair(cli_grid *g, int64_t row, const mlsd_table *pairs, int64_t i,
                      bool is_bayesian)
{
    char text[2 * NAME_CAPACITY], number[CLI_NUMBER_CAPACITY], interval[CLI_INTERVAL_CAPACITY];
    (void)snprintf(text, sizeof text, "%.200s - %.200s", cli_cell_text(pairs, "b", i),
                   cli_cell_text(pairs, "a", i));
    cli_grid_set(g, row, 0, text);
    cli_grid_set(g, row, 1, cli_show_number(cli_cell_number(pairs, "difference", i), 4, number));
    cli_grid_set(g, row, 2,
                 cli_show_interval(cli_cell_number(pairs, "low", i),
                                   cli_cell_number(pairs, "high", i), 4, interval));
    const char *const chance = is_bayesian ? "p_better" : "p_adjusted";
    cli_grid_set(g, row, 3, cli_show_number(cli_cell_number(pairs, chance, i), 3, number));
    cli_grid_set(g, row, 4, cli_cell_text(pairs, "better", i));
}

static void print_pairs(const mlsd_result *r)
{
    const mlsd_table *pairs = cli_result_table(r, "pairs");
    const bool is_bayesian =
        isnan(cli_result_number(r, "p_value")) && !isnan(cli_result_number(r, "p_better"));
    const int64_t n_all = pairs != NULL ? mlsd_table_n_rows(pairs) : 0;
    const int64_t n = n_all < MOST_PAIRS ? n_all : MOST_PAIRS;
    cli_grid grid;
    if (n == 0 || !cli_grid_make(&grid, n + 1, "lrrrl")) return;
    const char *const heads[] = {"pair", "difference", "interval",
                                 is_bayesian ? "chance"
                                 : n_all > 1 ? "corrected p"
                                             : "p",
                                 "better"};
    for (int c = 0; c < 5; c++) cli_grid_set(&grid, 0, c, heads[c]);
    for (int64_t i = 0; i < n; i++) show_pair(&grid, i + 1, pairs, i, is_bayesian);
    cli_grid_print(&grid, cli_width());
    cli_grid_free(&grid);
    if (n < n_all) printf("... %lld more\n", (long long)(n_all - n));
}

static void show_group(cli_grid *g, int64_t row, const mlsd_table *t, int64_t i)
{
    char number[CLI_NUMBER_CAPACITY], interval[CLI_INTERVAL_CAPACITY];
    const char *const columns[] = {"n", "a", "b", "difference"};
    const bool is_ok = strcmp(cli_cell_text(t, "status", i), "ok") == 0;
    cli_grid_set(g, row, 0, cli_cell_text(t, "slice", i));
    for (int c = 0; c < 4; c++)
        cli_grid_set(g, row, c + 1,
                     cli_show_number(cli_cell_number(t, columns[c], i), c == 0 ? 12 : 3, number));
    cli_grid_set(g, row, 5,
                 cli_show_interval(cli_cell_number(t, "difference_low", i),
                                   cli_cell_number(t, "difference_high", i), 3, interval));
    cli_grid_set(g, row, 6, cli_show_number(cli_cell_number(t, "q_value", i), 3, number));
    cli_grid_set(g, row, 7, cli_cell_text(t, is_ok ? "change" : "status", i));
}

/* Two models by group, those first where the second does worst. */
static void print_groups(const mlsd_result *r)
{
    const mlsd_table *const t = cli_result_table(r, "slices");
    const int64_t n_all = t != NULL ? mlsd_table_n_rows(t) : 0;
    const int64_t n = n_all < MOST_PAIRS ? n_all : MOST_PAIRS;
    cli_grid grid;
    if (n == 0 || !cli_grid_make(&grid, n + 1, "lrrrrrrl")) return;
    const char *const heads[] = {"group",
                                 "rows",
                                 cli_result_text(r, "name_a"),
                                 cli_result_text(r, "name_b"),
                                 "difference",
                                 "interval",
                                 "q",
                                 "change"};
    for (int c = 0; c < 8; c++) cli_grid_set(&grid, 0, c, heads[c]);
    for (int64_t i = 0; i < n; i++) show_group(&grid, i + 1, t, i);
    cli_grid_print(&grid, cli_width());
    cli_grid_free(&grid);
    if (n < n_all) printf("... %lld more; '--out' writes all\n", (long long)(n_all - n));
    putchar('\n');
    cli_print_wrapped(mlsd_result_verdict(r), 0);
}

static void print_result(const char *file, const compare_job *job)
{
    printf("%s: %lld rows, %lld models, %s\n\n", file, (long long)mlsd_table_n_rows(job->all.table),
           (long long)job->n_models, cli_result_text(job->all.result, "test"));
    print_pairs(job->all.result);
    putchar('\n');
    fputs(job->picture, stdout);
    putchar('\n');
    cli_print_wrapped(mlsd_result_verdict(job->all.result), 0);
}

static int write_svg(const compare_job *job, const char *path)
{
    return cli_write_file(path, job->svg);
}

/* Two models by group. */
static int compare_groups(const char *file, const char *out, compare_job *job)
{
    const int64_t n = mlsd_table_n_rows(job->all.table);
    const mlsd_matrix scores = {job->scores, n, job->n_models, 1, n, MLSD_F64, 0};
    const mlsd_matrix truth = {job->truth, n, 1, 1, 1, MLSD_F64, 0};
    mlsd_status status =
        mlsd_slice_run(job->all.context, job->all.spec, job->all.table, job->y >= 0 ? &truth : NULL,
                       &scores, NULL, &job->all.result);
    if (status == MLSD_OK && out != NULL) status = mlsd_result_save(job->all.result, out);
    if (status != MLSD_OK) return cli_fail_status(status);
    cli_progress_clear();
    printf("%s: %lld rows, two models, %s by group\n\n", file, (long long)n,
           cli_result_text(job->all.result, "loss"));
    print_groups(job->all.result);
    return CLI_OK;
}

static int compare_file(const cli_args *args, compare_job *job)
{
    const char *file = args->positional[0], *y = cli_get(args, "y"), *out = cli_get(args, "out"),
               *svg = cli_get(args, "svg"), *by = cli_get(args, "by");
    int code = make_test(job);
    if (code != CLI_OK) return code;
    mlsd_status status = mlsd_table_read_csv(job->all.context, file, NULL, &job->all.table);
    if (status == MLSD_OK && y != NULL) status = mlsd_table_find(job->all.table, y, &job->y);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (by != NULL) code = each_column(job, "by", by, add_by);
    if (code == CLI_OK) code = choose_columns(args, job);
    if (code == CLI_OK) code = job->n_by > 0 ? name_groups(job) : name_models(args, job);
    if (code == CLI_OK) code = read_values(job);
    if (code != CLI_OK) return code;
    if (job->n_by > 0) return compare_groups(file, out, job);
    const int64_t n = mlsd_table_n_rows(job->all.table);
    const mlsd_matrix scores = {job->scores, n, job->n_models, 1, n, MLSD_F64, 0};
    const mlsd_matrix truth = {job->truth, n, 1, 1, 1, MLSD_F64, 0};
    status = mlsd_compare(job->all.context, job->all.spec, &scores, job->y >= 0 ? &truth : NULL,
                          &job->all.result);
    if (status == MLSD_OK) status = draw(job, svg != NULL);
    if (status == MLSD_OK && out != NULL) status = mlsd_result_save(job->all.result, out);
    if (status != MLSD_OK) return cli_fail_status(status);
    if (svg != NULL) code = write_svg(job, svg);
    if (code != CLI_OK) return code;
    cli_progress_clear();
    print_result(file, job);
    return CLI_OK;
}

static int run_compare(const cli_args *args)
{
    compare_job job = {.y = -1};
    int code = cli_job_open(&job.all, args);
    if (code == CLI_OK) code = compare_file(args, &job);
    free(job.svg);
    free(job.picture);
    free(job.truth);
    free(job.scores);
    cli_job_close(&job.all);
    return code;
}

static const cli_option compare_options[] = {
    {"test", "KIND", "corrected_t, mcnemar, delong, friedman, wilcoxon, ..."},
    {"set", "NAME=VALUE", "a parameter of the test; may be repeated"},
    {"y", "COLUMN", "the truth, where the columns are predictions"},
    {"columns", "A,B", "the models (default: every other column of numbers)"},
    {"by", "A,B", "two models by the groups that these columns make: who got worse?"},
    {"control", "COLUMN", "compare all others with this one"},
    {"loss", NULL, "smaller is better"},
    {"out", "FILE.json", "write everything that was found"},
    {"svg", "FILE.svg", "write the picture"},
    {"threads", "N", "threads to use (default: one for each allowed CPU)"},
    {NULL, NULL, NULL},
};

const cli_command cli_compare_command = {
    .name = "compare",
    .usage = "FILE.csv --test KIND | --by A,B [--set NAME=VALUE] [--y COLUMN] [options]",
    .summary = "is one model better than another, or was it luck?",
    .details =
        "FILE.csv has a column for each model and a row for each fold, row of a test set or\n"
        "data set. 'mlsd kinds' lists the tests, 'mlsd kinds KIND' their\n"
        "parameters. '--by' compares the predictions of two models group by group: the\n"
        "parameters are those of slice_comparison.\n",
    .options = compare_options,
    .n_positional_min = 1,
    .n_positional_max = 1,
    .run = run_compare,
};
