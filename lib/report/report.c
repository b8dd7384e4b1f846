/* report.c - an experiment's result as one HTML page: the verdict first, then what it stands on, in
 * the order in which a person asks. No script, no font, no picture from elsewhere. */
#include "mlsd/report.h"
#include "mlsd/version.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/scope.h"
#include "report/html_table.h"
#include "report/svg.h"
#include "validate/result_impl.h"

static const char style_sheet[] =
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--paper:#fff;"
    "--card:#f6f8fa;--blue:#0969da;--orange:#bc4c00}\n"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#30363d;"
    "--paper:#0d1117;--card:#161b22;--blue:#4493f8;--orange:#f0883e}}\n"
    "body{margin:0 auto;max-width:60rem;padding:2rem 1.25rem 4rem;background:var(--paper);"
    "color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "h1{font-size:1.6rem;margin:0 0 1rem}h2{font-size:1.15rem;margin:2.5rem 0 .5rem}\n"
    "p{margin:.5rem 0}.soft{color:var(--soft)}\n"
    ".verdict{background:var(--card);border-left:4px solid var(--blue);padding:1rem 1.25rem;"
    "font-size:1.08rem}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;margin:.75rem 0}\n"
    "th,td{padding:.3rem .8rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    ".number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "tr.strong td{font-weight:700}\n"
    "svg{display:block;width:100%;max-width:46rem;height:auto;margin:.75rem 0;font-size:13px}\n"
    "svg text{fill:var(--ink)}svg .tick,svg .note{fill:var(--soft);font-size:12px}\n"
    ".middle{text-anchor:middle}.end-anchor,.name{text-anchor:end}\n"
    ".grid{stroke:var(--line)}.reference{stroke:var(--soft);stroke-dasharray:4 3}\n"
    ".row .whisker{stroke:var(--blue);stroke-width:2}.row circle{fill:var(--blue)}\n"
    ".row.strong .name{font-weight:700}.row.strong .whisker{stroke:var(--orange)}"
    ".row.strong circle{fill:var(--orange)}\n"
    ".row.muted{opacity:.45}\n"
    ".line{fill:none;stroke-width:2}.line.train{stroke:var(--blue)}.line.valid{stroke:var(--orange)"
    "}\n"
    "svg g.train text{fill:var(--blue)}svg g.valid text{fill:var(--orange)}\n"
    "pre{background:var(--card);padding:.75rem 1rem;overflow-x:auto;font-size:.8rem}\n";

enum { MAX_CHART_ROWS = 60 };

static void heading(mlsd__text *t, const char *text)
{
    mlsd__text_append(t, "<h2>");
    mlsd__html_text(t, text);
    mlsd__text_append(t, "</h2>\n");
}

static void paragraph(mlsd__text *t, const char *style, const char *text)
{
    if (*text == '\0') return;
    mlsd__text_format(t, "<p class=\"%s\">", style);
    mlsd__html_text(t, text);
    mlsd__text_append(t, "</p>\n");
}

static void write_data(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"column", "column", NULL},   {"type", "type", NULL},     {"role", "role", NULL},
        {"missing", "missing", NULL}, {"unique", "values", NULL}, {"action", "action", NULL},
        {"reason", "why", NULL},
    };
    static const mlsd__html_column parts[] = {
        {"part", "part", NULL},
        {"rows", "rows", NULL},
        {"share", "share", NULL},
        {"target_mean", "mean of target", NULL},
    };
    const mlsd_table *found = mlsd__report_table(r, "columns");
    const mlsd_table *split = mlsd__report_table(r, "parts");
    if (found == NULL && split == NULL) return;
    heading(t, "The data");
    if (split != NULL) mlsd__html_table(t, split, parts, MLSD__COUNT(parts), NULL);
    if (found == NULL) return;
    mlsd__text_format(t, "<details%s><summary>%lld columns</summary>\n",
                      mlsd_table_n_rows(found) <= 20 ? " open" : "",
                      (long long)mlsd_table_n_rows(found));
    mlsd__html_table(t, found, columns, MLSD__COUNT(columns), NULL);
    mlsd__text_append(t, "</details>\n");
}

/* Rows of an interval chart from a table's columns; *out is the caller's. */
static int64_t chart_rows(const mlsd__allocator *a, const mlsd_table *table, const char *label,
                          mlsd__svg_row **out)
{
    const int64_t n =
        mlsd_table_n_rows(table) < MAX_CHART_ROWS ? mlsd_table_n_rows(table) : MAX_CHART_ROWS;
    mlsd__svg_row *rows = mlsd__alloc(a, n, sizeof *rows);
    *out = rows;
    for (int64_t i = 0; rows != NULL && i < n; i++) {
        const char *text = mlsd__cell_text(table, label, i);
        rows[i].label = text != NULL ? text : "";
        rows[i].low = mlsd__cell_number(table, "low", i);
        rows[i].high = mlsd__cell_number(table, "high", i);
    }
    return rows != NULL ? n : -1;
}

static void write_leaderboard(mlsd__text *t, const mlsd_result *r)
{
    const mlsd_table *board = mlsd__report_table(r, "leaderboard");
    if (board == NULL) return;
    const mlsd_table *seconds = mlsd__report_table(r, "timings.leaderboard");
    const mlsd__html_column columns[] = {
        {"model", "model", NULL},
        {"score", mlsd__report_text(r, "metric"), NULL},
        {"low", "from", NULL},
        {"high", "to", NULL},
        {"difference", "difference to simplest", NULL},
        {"difference_low", "from", NULL},
        {"difference_high", "to", NULL},
        {"fit_seconds", "fit s", seconds},
        {"predict_us_per_row", "\xc2\xb5s a row", seconds},
        {"model_bytes", "bytes", NULL},
    };
    const int64_t n_columns = MLSD__COUNT(columns);
    heading(t, "Models, from simple to strong");
    paragraph(
        t, "soft",
        "Cross-validated on the training part, preprocessing fitted inside each fold; intervals "
        "are 95 % corrected resampled t intervals. The row in bold is chosen: the simplest "
        "within one standard error of the best.");
    mlsd__svg_row *rows = NULL;
    const int64_t n = chart_rows(t->allocator, board, "model", &rows);
    if (n < 0) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        rows[i].value = mlsd__cell_number(board, "score", i);
        rows[i].strong = mlsd__cell_number(board, "chosen", i) == 1;
        rows[i].note = rows[i].strong ? "chosen" : NULL;
    }
    mlsd__svg_intervals(t, "Score of each model with its interval", mlsd__report_text(r, "metric"),
                        rows, n, NAN, "");
    mlsd__free(t->allocator, rows);
    if (seconds == NULL) {
        mlsd__html_table(t, board, columns, 7, "chosen");
        return;
    }
    mlsd__html_table(t, board, columns, n_columns, "chosen");
}

static const char *const curve_lines[] = {"train", "valid"};
static const char *const curve_labels[] = {"training", "validation"};
enum { N_CURVES = 2 };

static bool read_column(const mlsd_table *table, const char *name, double *out, int64_t n)
{
    int64_t column = 0;
    for (; column < mlsd_table_n_columns(table); column++) {
        if (strcmp(mlsd_table_name(table, column), name) == 0)
            return mlsd_table_get_f64(table, column, 0, n, out) == MLSD_OK;
    }
    return false;
}

static void draw_curve(mlsd__text *t, const mlsd_result *r, const mlsd_table *curve, double *values)
{
    const int64_t n = mlsd_table_n_rows(curve);
    mlsd__svg_line lines[N_CURVES];
    int64_t n_lines = 0;
    double *x = values;
    if (!read_column(curve, "epoch", x, n) && !read_column(curve, "step", x, n)) return;
    for (int k = 0; k < N_CURVES; k++) {
        double *y = values + (k + 1) * n;
        if (!read_column(curve, curve_lines[k], y, n)) continue;
        lines[n_lines++] = (mlsd__svg_line){curve_labels[k], curve_lines[k], y};
    }
    if (n_lines > 0)
        mlsd__svg_lines(t, "Training and validation loss by epoch", "epoch", "loss", x, n, lines,
                        n_lines, mlsd__report_number(r, "curve.best_epoch"), "best");
}

static void write_curve(mlsd__text *t, const mlsd_result *r)
{
    const mlsd_table *curve = mlsd__report_table(r, "curve");
    if (curve == NULL) return;
    heading(t, "Training and validation loss");
    mlsd__text_append(t, "<p class=\"soft\">");
    mlsd__html_text(t, mlsd__report_text(r, "curve.model"));
    mlsd__text_append(t, ", trained with the validation part watched each epoch; ended by: ");
    mlsd__html_text(t, mlsd__report_text(r, "curve.stop_reason"));
    mlsd__text_append(t, ".</p>\n");
    double *values =
        mlsd__alloc(t->allocator, mlsd_table_n_rows(curve) * (N_CURVES + 1), sizeof *values);
    if (values == NULL) {
        t->status = MLSD_E_NOMEM;
        return;
    }
    draw_curve(t, r, curve, values);
    mlsd__free(t->allocator, values);
}

static void write_test(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"metric", "metric", NULL}, {"value", "value", NULL},       {"low", "from", NULL},
        {"high", "to", NULL},       {"baseline", "constant", NULL}, {"n", "rows", NULL},
    };
    const mlsd_table *test = mlsd__report_table(r, "test");
    if (test == NULL) return;
    heading(t, "On the test part");
    paragraph(t, "soft",
              "Rows that no model and no choice has seen, looked at once; 95 % intervals.");
    mlsd__html_table(t, test, columns, MLSD__COUNT(columns), NULL);
}

typedef struct slice_labels {
    char **texts; /* "column = level" */
    char **notes; /* "n = 48" */
    int64_t n;
} slice_labels;

static void free_labels(const mlsd__allocator *a, slice_labels *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        mlsd__free(a, l->texts != NULL ? l->texts[i] : NULL);
        mlsd__free(a, l->notes != NULL ? l->notes[i] : NULL);
    }
    mlsd__free(a, l->texts);
    mlsd__free(a, l->notes);
}

static char *take_text(mlsd__text *t)
{
    if (t->status == MLSD_OK) return t->data;
    mlsd__text_free(t);
    return NULL;
}

static bool make_labels(const mlsd__allocator *a, const mlsd_table *slices, int64_t n,
                        slice_labels *out)
{
    *out = (slice_labels){mlsd__alloc(a, n, sizeof(char *)), mlsd__alloc(a, n, sizeof(char *)), n};
    if (out->texts == NULL || out->notes == NULL) return false;
    for (int64_t i = 0; i < n; i++) {
        const char *column = mlsd__cell_text(slices, "column", i);
        const char *level = mlsd__cell_text(slices, "level", i);
        const char *status = mlsd__cell_text(slices, "status", i);
        mlsd__text text, note;
        mlsd__text_init(&text, a);
        mlsd__text_format(&text, "%.40s = %.40s", column != NULL ? column : "",
                          level != NULL ? level : "");
        out->texts[i] = take_text(&text);
        mlsd__text_init(&note, a);
        mlsd__text_format(&note, "n = %.0f", mlsd__cell_number(slices, "n", i));
        if (status != NULL && strcmp(status, "ok") != 0) mlsd__text_format(&note, ", %s", status);
        out->notes[i] = take_text(&note);
        if (out->texts[i] == NULL || out->notes[i] == NULL) return false;
    }
    return true;
}

static void draw_slices(mlsd__text *t, const mlsd_result *r, const mlsd_table *slices)
{
    const mlsd__allocator *a = t->allocator;
    mlsd__svg_row *rows = NULL;
    slice_labels labels = {NULL, NULL, 0};
    const int64_t n = chart_rows(a, slices, "level", &rows);
    if (n < 0 || !make_labels(a, slices, n, &labels)) {
        t->status = MLSD_E_NOMEM;
    } else {
        const char *worst = mlsd__report_text(r, "slices.worst");
        for (int64_t i = 0; i < n; i++) {
            const char *status = mlsd__cell_text(slices, "status", i);
            rows[i].label = labels.texts[i];
            rows[i].note = labels.notes[i];
            rows[i].value = mlsd__cell_number(slices, "value", i);
            rows[i].muted = status != NULL && strcmp(status, "ok") != 0;
            rows[i].strong = strcmp(worst, labels.texts[i]) == 0;
        }
        mlsd__svg_intervals(
            t, "Score of each slice with its interval", mlsd__report_text(r, "metric"), rows, n,
            mlsd__cell_number(mlsd__report_table(r, "test"), "value", 0), "overall");
    }
    free_labels(a, &labels);
    mlsd__free(a, rows);
}

static void write_slices(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"column", "column", NULL},
        {"level", "level", NULL},
        {"n", "rows", NULL},
        {"value", "value", NULL},
        {"low", "from", NULL},
        {"high", "to", NULL},
        {"difference", "difference to the others", NULL},
        {"difference_low", "from", NULL},
        {"difference_high", "to", NULL},
        {"p_value", "p (Holm)", NULL},
        {"status", "status", NULL},
    };
    const mlsd_table *slices = mlsd__report_table(r, "slices");
    if (slices == NULL) return;
    heading(t, "For whom: slices of the test part");
    paragraph(t, "", mlsd__report_text(r, "slices.verdict"));
    draw_slices(t, r, slices);
    mlsd__html_table(t, slices, columns, MLSD__COUNT(columns), NULL);
}

static void write_coefficients(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"feature", "feature", NULL},
        {"class", "class", NULL},
        {"coef", "coefficient", NULL},
        {"coefficient", "coefficient", NULL},
    };
    const mlsd_table *table = mlsd__report_table(r, "coefficients");
    if (table == NULL) return;
    heading(t, "What the chosen model uses");
    paragraph(t, "soft", "Coefficients of the standardised features.");
    mlsd__text_append(t, "<details><summary>coefficients</summary>\n");
    mlsd__html_table(t, table, columns, MLSD__COUNT(columns), NULL);
    mlsd__text_append(t, "</details>\n");
}

static void write_footer(mlsd__text *t, const mlsd_result *r)
{
    heading(t, "Made with");
    mlsd__text_append(t, "<pre>mlsd " MLSD_VERSION_STRING);
    for (int64_t i = 0; i < r->n_entries; i++) {
        const mlsd__entry *e = &r->entries[i];
        const bool shown =
            strncmp(e->name, "environment.", 12) == 0 || strcmp(e->name, "seed") == 0;
        if (!shown) continue;
        mlsd__text_append(t, "\n");
        mlsd__html_text(t, e->name);
        mlsd__text_append(t, ": ");
        if (e->type == MLSD__ENTRY_TEXT) mlsd__html_text(t, e->text);
        if (e->type == MLSD__ENTRY_NUMBER) mlsd__html_number(t, e->number);
    }
    mlsd__text_append(t, "</pre>\n");
}

static void write_page(mlsd__text *t, const mlsd_result *r, const char *title)
{
    mlsd__text_append(t,
                      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                      "<title>");
    mlsd__html_text(t, title);
    mlsd__text_append(t, "</title>\n<style>\n");
    mlsd__text_append(t, style_sheet);
    mlsd__text_append(t, "</style>\n</head>\n<body>\n<h1>");
    mlsd__html_text(t, title);
    mlsd__text_append(t, "</h1>\n");
    paragraph(t, "verdict", mlsd_result_verdict(r));
    write_leaderboard(t, r);
    write_test(t, r);
    write_slices(t, r);
    write_curve(t, r);
    write_coefficients(t, r);
    write_data(t, r);
    write_footer(t, r);
    mlsd__text_append(t, "</body>\n</html>\n");
}

mlsd_status mlsd_report_save(const mlsd_context *context, const mlsd_result *result,
                             const char *title, const char *path)
{
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    if (strcmp(mlsd__result_kind(result), "experiment") != 0)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a report is made of an experiment's result, not of a "
                          "%s",
                          mlsd__result_kind(result));
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__text t;
    mlsd__text_init(&t, scope.allocator);
    write_page(&t, result, title != NULL ? title : "mlsd report");
    mlsd_status status = t.status;
    if (status == MLSD_E_NOMEM) (void)mlsd__fail_nomem();
    if (status == MLSD_OK)
        status = mlsd__file_write(scope.allocator, path, t.data, (size_t)t.length);
    mlsd__text_free(&t);
    mlsd__scope_close(&scope);
    return status;
}
