/* report.c - a result as one HTML page: the verdict first, then what it stands on, in the order in
 * which a person asks. No script, no font, no picture from elsewhere. */
#include "mlsd/report.h"
#include "mlsd/version.h"

#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/scope.h"
#include "report/folds_picture.h"
#include "report/html_table.h"
#include "report/report_chart.h"
#include "report/report_validation.h"
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
    "p{margin:.5rem 0}.soft{color:var(--soft)}h1,p,li,summary{overflow-wrap:anywhere}\n"
    ".notes{color:var(--soft);padding-left:1.25rem}td{max-width:22rem;overflow-wrap:break-word}\n"
    "td:not(.number):first-child{min-width:6rem}\n"
    ".verdict{background:var(--card);border-left:4px solid var(--blue);padding:1rem 1.25rem;"
    "font-size:1.08rem;white-space:pre-line}\n"
    ".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;margin:.75rem 0}\n"
    "th,td{padding:.3rem .7rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}\n"
    "th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    ".number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "tr.strong td{font-weight:700}\n"
    "svg{display:block;width:100%;min-width:34rem;max-width:46rem;height:auto;margin:.75rem 0;"
    "font-size:13px}\n"
    "svg text{fill:var(--ink)}svg .tick,svg .note{fill:var(--soft);font-size:12px}\n"
    ".middle{text-anchor:middle}.end-anchor,.name{text-anchor:end}\n"
    ".grid{stroke:var(--line)}.reference{stroke:var(--soft);stroke-dasharray:4 3}\n"
    ".row .whisker{stroke:var(--blue);stroke-width:2}.row circle{fill:var(--blue)}\n"
    ".row.strong .name{font-weight:700}.row.strong .whisker{stroke:var(--orange)}"
    ".row.strong circle{fill:var(--orange)}.row circle.fold{opacity:.3}\n"
    ".row.muted{opacity:.6}.row.muted .whisker{stroke:var(--soft)}.row.muted circle{fill:"
    "var(--soft)}.leader{stroke:var(--line)}\n"
    ".row circle.size{fill-opacity:.18;stroke:var(--blue)}.row.strong circle.size{stroke:"
    "var(--orange)}.row.strong .name-right{font-weight:700}\n"
    ".band{stroke:none;fill-opacity:.15}.band.train{fill:var(--blue)}.band.valid{fill:var(--orange)"
    "}\n"
    ".line{fill:none;stroke-width:2}.line.train{stroke:var(--blue)}.line.valid{stroke:var(--orange)"
    "}\n"
    "svg g.train text{fill:var(--blue)}svg g.valid text{fill:var(--orange)}\n"
    "pre{background:var(--card);padding:.75rem 1rem;overflow-x:auto;font-size:.8rem}\n";

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

/* The confidence level of the experiment's intervals: "95 %". */
static void write_level(mlsd__text *t, const mlsd_result *r)
{
    const double level = mlsd__report_number(r, "level");
    mlsd__html_number(t, isnan(level) ? 95 : nearbyint(1e8 * level) / 1e6);
    mlsd__text_append(t, " %");
}

/* What a person should know that no number tells. */
static void write_notes(mlsd__text *t, const mlsd_result *r)
{
    const mlsd_table *notes = mlsd__report_table(r, "notes");
    if (notes == NULL) return;
    mlsd__text_append(t, "<ul class=\"notes\">\n");
    for (int64_t i = 0; i < mlsd_table_n_rows(notes); i++) {
        const char *note = mlsd__cell_text(notes, "note", i);
        mlsd__text_append(t, "<li>");
        mlsd__html_text(t, note != NULL ? note : "");
        mlsd__text_append(t, "</li>\n");
    }
    mlsd__text_append(t, "</ul>\n");
}

static void write_classes(mlsd__text *t, const mlsd_result *r)
{
    const mlsd__html_column columns[] = {
        {"class", mlsd__report_text(r, "target"), NULL},
        {"training", "training", NULL},
        {"validation", "validation", NULL},
        {"test", "test", NULL},
    };
    const mlsd_table *classes = mlsd__report_table(r, "classes");
    if (classes == NULL) return;
    paragraph(t, "soft", "Rows of each class of the target:");
    mlsd__html_table(t, classes, columns, MLSD__COUNT(columns), NULL);
}

static void write_splits(mlsd__text *t, const mlsd_result *r)
{
    const mlsd_table *splits = mlsd__report_table(r, "split_picture");
    if (splits == NULL) return;
    paragraph(t, "soft",
              "How the rows were split, in their order: the three parts, and the folds of the "
              "training part. The height of a colour is its share of the rows there.");
    mlsd__chart_splits(t, r, splits);
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
    write_splits(t, r);
    write_classes(t, r);
    if (found == NULL) return;
    mlsd__text_format(t, "<details%s><summary>%lld columns</summary>\n",
                      mlsd_table_n_rows(found) <= 20 ? " open" : "",
                      (long long)mlsd_table_n_rows(found));
    mlsd__html_table(t, found, columns, MLSD__COUNT(columns), NULL);
    mlsd__text_append(t, "</details>\n");
}

/* What the audits found, of the parts and of the folds; where they found nothing, that. */
static void write_audit(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"severity", "severity", NULL}, {"message", "what and what to do", NULL},
        {"columns", "columns", NULL},   {"rows", "rows, for example", NULL},
        {"count", "count", NULL},
    };
    static const char *const audits[][2] = {
        {"audit.findings", "Between training, validation and test:"},
        {"folds_audit.findings", "Between the folds of the training part:"},
    };
    if (mlsd__report_table(r, "audit.checks") == NULL) return;
    heading(t, "Leaks between training and test");
    int64_t n = 0;
    for (int64_t i = 0; i < MLSD__COUNT(audits); i++) {
        const mlsd_table *found = mlsd__report_table(r, audits[i][0]);
        if (found == NULL || mlsd_table_n_rows(found) == 0) continue;
        n += mlsd_table_n_rows(found);
        paragraph(t, "soft", audits[i][1]);
        mlsd__html_table(t, found, columns, MLSD__COUNT(columns), NULL);
    }
    if (n == 0) {
        paragraph(t, "soft",
                  "None was found: no shared, equal or grouped rows, no column that tells the "
                  "target, no order of rows that does, and class shares that chance explains.");
    }
}

/* What a model costs beside how good it is. */
static void write_front(mlsd__text *t, const mlsd_result *r, const mlsd_table *board,
                        const mlsd_table *seconds)
{
    if (mlsd__report_table(r, "timings.leaderboard") == NULL) return;
    if (isnan(mlsd__cell_number(seconds, "on_front", 0))) return;
    mlsd__text_append(t, "<section class=\"time\"><p class=\"soft\">Score over the time of a "
                         "prediction; the area of a "
                         "circle is the size of the model. Faint ones are not on the front: some "
                         "other model is as good in score, time and size, and better in one.");
    const double direction = mlsd__report_number(r, "direction");
    mlsd__text_format(t, " The best place is the %s left corner.</p>\n",
                      direction > 0 ? "upper" : "lower");
    mlsd__chart_front(t, r, board, seconds);
    mlsd__text_append(t, "</section>\n");
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
        {"difference", "vs simplest", NULL},
        {"difference_low", "from", NULL},
        {"difference_high", "to", NULL},
        {"p_better", "P(better)", NULL},
        {"model_bytes", "bytes", NULL},
        {"fit_seconds", "fit s", seconds},
        {"predict_us_per_row", "\xc2\xb5s/row", seconds},
        {"on_front", "front", seconds},
    };
    const int64_t n_columns = MLSD__COUNT(columns);
    const char *because = mlsd__report_text(r, "chosen_because");
    heading(t, "Models, from simple to strong");
    mlsd__text_append(t, "<p class=\"soft\">");
    if (!isnan(mlsd__report_number(r, "n_splits"))) {
        mlsd__html_number(t, mlsd__report_number(r, "n_splits"));
        mlsd__text_append(t, "-fold cross-validation");
    } else {
        mlsd__text_append(t, "Cross-validation");
    }
    mlsd__text_append(t, " on the training part, preprocessing fitted inside each fold; ");
    write_level(t, r);
    mlsd__text_append(t, " corrected resampled t intervals; faint dots are single folds. The row "
                         "in bold is chosen: ");
    mlsd__html_text(t, *because != '\0' ? because
                                        : "the simplest within one standard error of the best");
    mlsd__text_append(t, ". P(better) is the chance to be better than the best of the models "
                         "above.</p>\n");
    mlsd__chart_leaderboard(t, r, board);
    mlsd__html_table(t, board, columns, seconds != NULL ? n_columns : n_columns - 3, "chosen");
    if (*mlsd__report_text(r, "plan") != '\0') {
        mlsd__text_append(t, "<p class=\"soft\">How the work was shared: ");
        mlsd__html_text(t, mlsd__report_text(r, "plan"));
        mlsd__text_append(t, ".</p>\n");
    }
    write_front(t, r, board, seconds);
    for (int64_t i = 0; i < mlsd_table_n_rows(board); i++) {
        const char *model = mlsd__cell_text(board, "model", i);
        const char *message = mlsd__cell_text(board, "message", i);
        if (model == NULL || message == NULL || *message == '\0') continue;
        mlsd__text_append(t, "<p>");
        mlsd__html_text(t, model);
        mlsd__text_append(t, " failed: ");
        mlsd__html_text(t, message);
        mlsd__text_append(t, "</p>\n");
    }
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
    mlsd__chart_curve(t, r, curve);
    const char *const verdict = mlsd__report_text(r, "curve.verdict");
    if (*verdict == '\0') return;
    mlsd__text_append(t, "<p><b>Diagnosis:</b> ");
    mlsd__html_text(t, verdict);
    mlsd__text_append(t, ".</p>\n");
}

static void write_test(mlsd__text *t, const mlsd_result *r)
{
    const mlsd_table *board = mlsd__report_table(r, "leaderboard");
    const char *simplest = mlsd__cell_text(board, "model", 0);
    const mlsd__html_column columns[] = {
        {"metric", "metric", NULL},
        {"value", "value", NULL},
        {"low", "from", NULL},
        {"high", "to", NULL},
        {"baseline", simplest != NULL ? simplest : "simplest", NULL},
        {"n", "rows", NULL},
    };
    const mlsd_table *test = mlsd__report_table(r, "test");
    if (test == NULL) return;
    heading(t, "On the test part");
    const double looks = mlsd__report_number(r, "test.looks");
    if (looks > 1) {
        mlsd__text_append(t, "<p class=\"soft\">Rows that no model was fitted to, looked at ");
        mlsd__html_number(t, looks);
        mlsd__text_append(t, " times: the score is no longer that of unseen rows; ");
    } else {
        mlsd__text_append(t, "<p class=\"soft\">Rows that no model and no choice has seen, looked "
                             "at once; ");
    }
    write_level(t, r);
    mlsd__text_append(t, " intervals.</p>\n");
    mlsd__html_table(t, test, columns, MLSD__COUNT(columns), NULL);
}

static bool is_of_slices(const mlsd_result *r)
{
    return strcmp(mlsd__result_kind(r), "slice_metrics") == 0;
}

static void write_slices(mlsd__text *t, const mlsd_result *r)
{
    if (mlsd__report_table(r, "slices") == NULL) return;
    heading(t,
            is_of_slices(r) ? "For whom: metrics by group" : "For whom: slices of the test part");
    paragraph(t, "", mlsd__report_text(r, "slices.verdict"));
    mlsd__text_append(t, "<p class=\"soft\">");
    write_level(t, r);
    mlsd__text_append(t, " intervals; p is two-sided, against the rows outside of the slice unless "
                         "another comparison was asked for, and corrected for how many slices "
                         "there are. Grey: too few rows to judge, or nothing that the metric "
                         "counts.</p>\n");
    mlsd__chart_slices(t, r);
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

static bool is_experiment(const mlsd_result *r)
{
    return strcmp(mlsd__result_kind(r), "experiment") == 0;
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
    mlsd__text_append(t, mlsd__picture_style);
    mlsd__text_append(t, "</style>\n</head>\n<body>\n<h1>");
    mlsd__html_text(t, title);
    mlsd__text_append(t, "</h1>\n");
    paragraph(t, "verdict", mlsd_result_verdict(r));
    write_notes(t, r);
    if (is_experiment(r)) {
        write_audit(t, r);
        write_leaderboard(t, r);
        write_test(t, r);
        write_slices(t, r);
        write_curve(t, r);
        write_coefficients(t, r);
        write_data(t, r);
    } else if (is_of_slices(r)) {
        write_slices(t, r);
    } else {
        mlsd__report_validation(t, r);
    }
    write_footer(t, r);
    mlsd__text_append(t, "</body>\n</html>\n");
}

mlsd_status mlsd_report_save(const mlsd_context *context, const mlsd_result *result,
                             const char *title, const char *path)
{
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    MLSD__REQUIRE(path != NULL, "'path' is NULL");
    if (!is_experiment(result) && !is_of_slices(result) && !mlsd__report_has_validation(result))
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a report is made of an experiment's, a validation's, a search's or "
                          "slice_metrics' result, and this one of kind '%s' has no table to draw",
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
