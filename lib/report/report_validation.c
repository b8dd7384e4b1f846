/* report_validation.c - what a validation or a search found, for its report: models, candidates and
 * values as dots with intervals and the scores of their folds, learning curves as lines with bands,
 * and each table below its picture. */
#include "report/report_validation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/kindtable.h"
#include "report/html_table.h"
#include "report/svg.h"
#include "validate/words.h"

enum { NAME = 160, MOST_COLUMNS = 24, MOST_DRAWN = 40, MOST_CURVES = 8, MOST_KEYS = 2 };

typedef struct view {
    const char *table, *heading;
    const char *keys[MOST_KEYS]; /* the columns that tell a row, here and in "folds" */
    void (*draw)(mlsd__text *t, const mlsd_result *r, const struct view *view);
} view;

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static int64_t column_of(const mlsd_table *t, const char *name)
{
    for (int64_t c = 0; c < mlsd_table_n_columns(t); c++)
        if (strcmp(mlsd_table_name(t, c), name) == 0) return c;
    return -1;
}

/* The first metric that the table has the mean of, otherwise what the result calls its metric. */
static void metric_of(const mlsd_result *r, const mlsd_table *t, char out[NAME])
{
    (void)snprintf(out, NAME, "%s", mlsd__report_text(r, "metric"));
    for (int64_t c = 0; c < mlsd_table_n_columns(t); c++) {
        const char *const name = mlsd_table_name(t, c);
        if (!ends_with(name, ".mean")) continue;
        (void)snprintf(out, NAME, "%.*s", (int)(strlen(name) - strlen(".mean")), name);
        return;
    }
}

static double mean_cell(const mlsd_table *t, const char *metric, const char *what, int64_t row)
{
    char name[2 * NAME];
    (void)snprintf(name, sizeof name, "%s.%s", metric, what);
    if (column_of(t, name) >= 0) return mlsd__cell_number(t, name, row);
    return mlsd__cell_number(t, strcmp(what, "mean") == 0 ? "value" : what, row);
}

/* ---- dots with intervals ---- */

static bool same_cell(const mlsd_table *a, int64_t i, const mlsd_table *b, int64_t k,
                      const char *column)
{
    const char *const x = mlsd__cell_text(a, column, i), *const y = mlsd__cell_text(b, column, k);
    if (x != NULL || y != NULL) return x != NULL && y != NULL && strcmp(x, y) == 0;
    return mlsd__cell_number(a, column, i) == mlsd__cell_number(b, column, k);
}

/* The scores of a row's folds, next to each other in `out`; returns their number. */
static int64_t fold_scores(const view *v, const mlsd_table *t, int64_t row, const mlsd_table *folds,
                           const char *metric, double *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < mlsd_table_n_rows(folds); i++) {
        bool is_same = true;
        for (int k = 0; k < MOST_KEYS && v->keys[k] != NULL && is_same; k++)
            is_same = column_of(folds, v->keys[k]) >= 0 && same_cell(t, row, folds, i, v->keys[k]);
        if (is_same) out[n++] = mlsd__cell_number(folds, metric, i);
    }
    return n;
}

/* Is the column a parameter of candidates? They stand behind the number, before the scores. */
static bool is_parameter(const mlsd_table *t, int64_t column)
{
    return column < mlsd_table_n_columns(t) && mlsd_table_type(t, column) == MLSD_COLUMN_CATEGORY &&
           strcmp(mlsd_table_name(t, column), "message") != 0;
}

/* "alpha = 1" of a candidate, "1, uniform" where there are several parameters, whose names are in
 * the table below; the name of anything else. */
static void say_row(const view *v, const mlsd_table *t, int64_t row, mlsd__text *label)
{
    if (strcmp(v->table, "candidates") != 0) {
        const char *const name = mlsd__cell_text(t, v->keys[0], row);
        mlsd__text_append(label, name != NULL ? name : "");
        return;
    }
    const char *const name = mlsd_table_name(t, 1), *const dot = strrchr(name, '.');
    if (is_parameter(t, 1) && !is_parameter(t, 2))
        mlsd__text_format(label, "%s = ", dot != NULL ? dot + 1 : name);
    int64_t n_said = 0;
    for (int64_t c = 1; is_parameter(t, c); c++) {
        const char *const value = mlsd_table_get_str(t, c, row);
        if (value == NULL || *value == '\0') continue;
        if (n_said++ > 0) mlsd__text_append(label, ", ");
        mlsd__words_value(label, value);
    }
    if (n_said == 0) mlsd__text_format(label, "%lld", (long long)row);
}

/* The rows to draw: all, or the best of many, or the first where nothing ranks them. */
static int64_t choose_rows(const mlsd_table *t, int64_t out[MOST_DRAWN])
{
    const int64_t n = mlsd_table_n_rows(t);
    int64_t n_out = 0;
    for (int64_t i = 0; i < n && n_out < MOST_DRAWN; i++) {
        if (n > MOST_DRAWN && column_of(t, "rank") >= 0 &&
            !(mlsd__cell_number(t, "rank", i) <= MOST_DRAWN))
            continue;
        out[n_out++] = i;
    }
    return n_out;
}

static void draw_rows(mlsd__text *t, const view *v, const mlsd_table *table,
                      const mlsd_table *folds, const char *metric, double *scores)
{
    int64_t chosen[MOST_DRAWN];
    const int64_t n = choose_rows(table, chosen);
    mlsd__svg_row rows[MOST_DRAWN] = {0};
    mlsd__text labels[MOST_DRAWN];
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = chosen[i];
        mlsd__text_init(&labels[i], t->allocator);
        say_row(v, table, row, &labels[i]);
        if (labels[i].status != MLSD_OK) t->status = labels[i].status;
        rows[i] = (mlsd__svg_row){.label = labels[i].data != NULL ? labels[i].data : "",
                                  .value = mean_cell(table, metric, "mean", row),
                                  .low = mean_cell(table, metric, "low", row),
                                  .high = mean_cell(table, metric, "high", row),
                                  .points = scores};
        rows[i].strong = mlsd__cell_number(table, "chosen", row) == 1 ||
                         mlsd__cell_number(table, "best", row) == 1;
        rows[i].note = rows[i].strong ? column_of(table, "chosen") >= 0 ? "chosen" : "best" : NULL;
        if (isnan(rows[i].value)) rows[i].note = "failed";
        if (folds != NULL) {
            rows[i].n_points = fold_scores(v, table, row, folds, metric, scores);
            scores += rows[i].n_points;
        }
    }
    mlsd__svg_intervals(t, "Scores with their intervals and folds", metric, rows, n, NAN, "");
    for (int64_t i = 0; i < n; i++) mlsd__text_free(&labels[i]);
    if (n < mlsd_table_n_rows(table))
        mlsd__text_format(t, "<p class=\"soft\">%lld of %lld are drawn.</p>\n", (long long)n,
                          (long long)mlsd_table_n_rows(table));
}

static void draw_intervals(mlsd__text *t, const mlsd_result *r, const view *v)
{
    const mlsd_table *const table = mlsd__report_table(r, v->table);
    const mlsd_table *folds = mlsd__report_table(r, "folds");
    char metric[NAME];
    metric_of(r, table, metric);
    if (folds != NULL && column_of(folds, metric) < 0) folds = NULL;
    const int64_t n_folds = folds != NULL ? mlsd_table_n_rows(folds) : 0;
    double *const scores = mlsd__alloc(t->allocator, n_folds + 1, sizeof *scores);
    if (scores == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    draw_rows(t, v, table, folds, metric, scores);
    mlsd__free(t->allocator, scores);
}

/* ---- learning curves ---- */

enum { X, TEST, LOW, HIGH, TRAIN, N_SERIES };

/* Draw the rows of one model, and return the row behind them. */
static int64_t draw_model(mlsd__text *t, const mlsd_table *table, const char *metric, int64_t first,
                          double *series[N_SERIES])
{
    const char *const model = mlsd__cell_text(table, "model", first);
    int64_t n = 0, row = first;
    for (; row < mlsd_table_n_rows(table) && same_cell(table, first, table, row, "model"); row++) {
        series[X][n] = mlsd__cell_number(table, "train_size", row);
        series[TEST][n] = mean_cell(table, metric, "mean", row);
        series[LOW][n] = mean_cell(table, metric, "low", row);
        series[HIGH][n] = mean_cell(table, metric, "high", row);
        series[TRAIN][n++] = mean_cell(table, metric, "train_mean", row);
    }
    if (n < 2) return row;
    const mlsd__svg_line lines[] = {
        {"test rows", "valid", series[TEST], series[LOW], series[HIGH]},
        {"training rows", "train", series[TRAIN], NULL, NULL},
    };
    mlsd__text_append(t, "<p>");
    mlsd__html_text(t, model != NULL ? model : "");
    mlsd__text_append(t, "</p>\n");
    mlsd__svg_lines(t, "Score by the number of training rows", "training rows", metric, series[X],
                    n, lines, 2, NAN, "");
    return row;
}

static void draw_learning_curves(mlsd__text *t, const mlsd_result *r, const view *v)
{
    const mlsd_table *const table = mlsd__report_table(r, v->table);
    const int64_t n = mlsd_table_n_rows(table);
    char metric[NAME];
    metric_of(r, table, metric);
    double *const values = mlsd__alloc(t->allocator, n * N_SERIES, sizeof *values);
    if (values == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    double *series[N_SERIES];
    for (int k = 0; k < N_SERIES; k++) series[k] = values + k * n;
    int64_t row = 0;
    for (int k = 0; k < MOST_CURVES && row < n; k++)
        row = draw_model(t, table, metric, row, series);
    mlsd__free(t->allocator, values);
}

/* ---- tables ---- */

/* Nothing in any row. */
static bool is_empty(const mlsd_table *t, int64_t column)
{
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        double value = NAN;
        const bool is_text = mlsd_table_type(t, column) == MLSD_COLUMN_CATEGORY;
        const char *const text = is_text ? mlsd_table_get_str(t, column, i) : NULL;
        if (text != NULL && *text != '\0') return false;
        if (is_text) continue;
        (void)mlsd_table_get_f64(t, column, i, 1, &value);
        if (!isnan(value)) return false;
    }
    return true;
}

static void write_table(mlsd__text *t, const mlsd_table *table)
{
    static const char *const hidden[] = {"chosen", "best", "within", "number", "candidate"};
    mlsd__html_column columns[MOST_COLUMNS];
    int64_t n = 0;
    for (int64_t c = 0; c < mlsd_table_n_columns(table) && n < MOST_COLUMNS; c++) {
        const char *const name = mlsd_table_name(table, c);
        bool is_hidden = ends_with(name, ".se") || ends_with(name, "_se") || is_empty(table, c);
        for (int64_t k = 0; k < MLSD__COUNT(hidden); k++)
            is_hidden = is_hidden || strcmp(name, hidden[k]) == 0;
        if (is_hidden) continue;
        const char *const heading = ends_with(name, ".low")    ? "from"
                                    : ends_with(name, ".high") ? "to"
                                                               : name;
        columns[n++] = (mlsd__html_column){name, heading, NULL};
    }
    mlsd__html_table(t, table, columns, n,
                     column_of(table, "chosen") >= 0 ? "chosen"
                     : column_of(table, "best") >= 0 ? "best"
                                                     : NULL);
}

static const view views[] = {
    {"models", "Models, from simple to strong", {"model", NULL}, draw_intervals},
    {"candidates", "Candidates", {"candidate", NULL}, draw_intervals},
    {"curve", "Value by value", {"value", NULL}, draw_intervals},
    {"intervals", "How sure the score is", {"model", NULL}, draw_intervals},
    {"learning_curve", "By the number of training rows", {NULL, NULL}, draw_learning_curves},
    {"extrapolation", "With more rows", {NULL, NULL}, NULL},
    {"limits", "What the curve goes to", {NULL, NULL}, NULL},
    {"inner", "What each fold's search said", {NULL, NULL}, NULL},
    {"choices", "What the folds chose", {NULL, NULL}, NULL},
};

bool mlsd__report_has_validation(const mlsd_result *r)
{
    for (int64_t i = 0; i < MLSD__COUNT(views); i++)
        if (mlsd__report_table(r, views[i].table) != NULL) return true;
    return false;
}

void mlsd__report_validation(mlsd__text *t, const mlsd_result *r)
{
    const char *const plan = mlsd__report_text(r, "plan");
    for (int64_t i = 0; i < MLSD__COUNT(views); i++) {
        const mlsd_table *const table = mlsd__report_table(r, views[i].table);
        if (table == NULL) continue;
        mlsd__text_format(t, "<h2>%s</h2>\n", views[i].heading);
        if (views[i].draw != NULL) {
            views[i].draw(t, r, &views[i]);
            mlsd__text_append(t, "<p class=\"soft\">Intervals are of 95 % where nothing else was "
                                 "asked for; faint dots are single folds.</p>\n");
        }
        write_table(t, table);
    }
    mlsd__report_fold_curves(t, r);
    if (*plan == '\0') return;
    mlsd__text_append(t, "<p class=\"soft\">How the work was shared: ");
    mlsd__html_text(t, plan);
    mlsd__text_append(t, ".</p>\n");
}
