/* slices_drawing.c - for whom a model is good, as pictures: a dot in its interval for each slice, a
 * picture for each metric, all rows as a line through it. What cannot be judged is grey and says
 * so. Where there are more slices than a picture holds the worst are shown. */
#include <math.h>
#include <string.h>

#include "mlsd/report.h"
#include "base/handle.h"
#include "base/scope.h"
#include "metric/metric_impl.h"
#include "report/html_table.h"
#include "report/report_chart.h"
#include "report/svg.h"
#include "validate/result_impl.h"

enum { MOST_ROWS = 60 };

/* What a picture shows. */
typedef struct scene {
    const mlsd_table *slices;
    const char *metric; /* rows of another metric are not drawn */
    const char *worst, *worst_control, *reference_label;
    double sign; /* of better: 1 where greater is */
    double reference;
    bool has_metrics;
} scene;

static bool texts_equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* ---- which slices ---- */

/* Slices that cannot be judged come after the others, those with more rows first. */
static const double UNJUDGED = 1e15;

/* Larger is worse. */
static double badness(const scene *s, int64_t row)
{
    const double value = mlsd__cell_number(s->slices, "value", row);
    const bool is_ok = texts_equal(mlsd__cell_text(s->slices, "status", row), "ok");
    if (is_ok && isfinite(value)) return -s->sign * value;
    return mlsd__cell_number(s->slices, "n", row) - UNJUDGED;
}

static bool is_of_scene(const scene *s, int64_t row)
{
    return !s->has_metrics || texts_equal(mlsd__cell_text(s->slices, "metric", row), s->metric);
}

/* The rows to draw, in the table's order: all of the metric, or the worst ones. */
static int64_t choose(const scene *s, int64_t out[MOST_ROWS], int64_t *out_n_all)
{
    double bad[MOST_ROWS];
    int64_t n = 0;
    *out_n_all = 0;
    for (int64_t i = 0; i < mlsd_table_n_rows(s->slices); i++) {
        if (!is_of_scene(s, i)) continue;
        const double new_bad = badness(s, i);
        int64_t place = n;
        (*out_n_all)++;
        if (n == MOST_ROWS) {
            int64_t mildest = 0;
            for (int64_t k = 1; k < MOST_ROWS; k++) {
                if (bad[k] <= bad[mildest]) mildest = k;
            }
            if (!(new_bad > bad[mildest])) continue;
            place = MOST_ROWS - 1;
            memmove(out + mildest, out + mildest + 1, (size_t)(place - mildest) * sizeof *out);
            memmove(bad + mildest, bad + mildest + 1, (size_t)(place - mildest) * sizeof *bad);
        } else {
            n++;
        }
        out[place] = i;
        bad[place] = new_bad;
    }
    return n;
}

/* ---- a picture ---- */

typedef struct slice_texts {
    mlsd__text labels[MOST_ROWS]; /* "column = level" */
    mlsd__text notes[MOST_ROWS];  /* "n = 48" */
} slice_texts;

/* What a slice is among: of one column the value says enough. */
static const char *short_control(const char *control)
{
    const char *const equals = strstr(control, " = ");
    return equals == NULL || strstr(equals + 1, " = ") != NULL ? control : equals + 3;
}

static void fill_row(const scene *s, int64_t row, mlsd__text *label, mlsd__text *note,
                     mlsd__svg_row *out)
{
    const mlsd_table *const t = s->slices;
    const char *const slice = mlsd__cell_text(t, "slice", row);
    const char *const control = mlsd__cell_text(t, "control", row);
    const char *const status = mlsd__cell_text(t, "status", row);
    const bool is_ok = status == NULL || strcmp(status, "ok") == 0;
    mlsd__text_append(label, slice != NULL ? slice : "");
    out->strong = strcmp(s->worst, label->data != NULL ? label->data : "") == 0 &&
                  strcmp(s->worst_control, control != NULL ? control : "") == 0;
    if (control != NULL && *control != '\0')
        mlsd__text_format(label, " | %s", short_control(control));
    mlsd__text_append(note, "n = ");
    mlsd__html_number(note, mlsd__cell_number(t, "n", row));
    if (!is_ok) mlsd__text_format(note, ", %s", status);
    out->label = label->data != NULL ? label->data : "";
    out->note = note->data;
    out->value = mlsd__cell_number(t, "value", row);
    out->low = mlsd__cell_number(t, "low", row);
    out->high = mlsd__cell_number(t, "high", row);
    out->muted = !is_ok;
}

/* A picture in a page, or at *y of one that stands alone. */
static void draw_scene(mlsd__text *t, const scene *s, double *y)
{
    int64_t chosen[MOST_ROWS], n_all = 0;
    const int64_t n = choose(s, chosen, &n_all);
    mlsd__svg_row rows[MOST_ROWS];
    slice_texts texts;
    memset(rows, 0, sizeof rows);
    for (int64_t i = 0; i < n; i++) {
        mlsd__text_init(&texts.labels[i], t->allocator);
        mlsd__text_init(&texts.notes[i], t->allocator);
        fill_row(s, chosen[i], &texts.labels[i], &texts.notes[i], &rows[i]);
        if (texts.labels[i].status != MLSD_OK || texts.notes[i].status != MLSD_OK)
            t->status = MLSD_E_NOMEM;
    }
    if (y != NULL)
        *y += mlsd__svg_intervals_at(t, *y, s->metric, rows, n, s->reference, s->reference_label);
    else
        mlsd__svg_intervals(t, "Score of each slice with its interval", s->metric, rows, n,
                            s->reference, s->reference_label);
    for (int64_t i = 0; i < n; i++) {
        mlsd__text_free(&texts.labels[i]);
        mlsd__text_free(&texts.notes[i]);
    }
    if (y == NULL && n < n_all)
        mlsd__text_format(t, "<p class=\"soft\">The worst %lld of %lld slices.</p>\n", (long long)n,
                          (long long)n_all);
}

/* ---- a result ---- */

static bool is_of_metrics(const mlsd_result *r)
{
    return strcmp(mlsd__result_kind(r), "slice_metrics") == 0;
}

/* The metrics of the first control cell are all metrics. */
static bool is_next_metric(const mlsd_table *overall, int64_t i)
{
    return i < mlsd_table_n_rows(overall) && texts_equal(mlsd__cell_text(overall, "control", i),
                                                         mlsd__cell_text(overall, "control", 0));
}

static void draw_metrics(mlsd__text *t, const mlsd_result *r, double *y)
{
    const mlsd_table *const overall = mlsd__report_table(r, "overall");
    const mlsd_table *const slices = mlsd__report_table(r, "slices");
    for (int64_t i = 0; is_next_metric(overall, i); i++) {
        const char *const metric = mlsd__cell_text(overall, "metric", i);
        const mlsd__metric_ops *ops = NULL;
        if (mlsd__metric_find(metric, &ops) != MLSD_OK) continue;
        const char *const control = mlsd__cell_text(overall, "control", i);
        const bool is_one = control == NULL || *control == '\0';
        const scene s = {
            .slices = slices,
            .metric = metric,
            .worst = i == 0 ? mlsd__report_text(r, "worst") : "",
            .worst_control = i == 0 ? mlsd__report_text(r, "worst_control") : "",
            .reference_label = "all rows",
            .sign = ops->greater_is_better ? 1 : -1,
            .reference = is_one ? mlsd__cell_number(overall, "value", i) : (double)NAN,
            .has_metrics = true,
        };
        draw_scene(t, &s, y);
    }
}

static void draw(mlsd__text *t, const mlsd_result *r, double *y)
{
    if (is_of_metrics(r)) {
        draw_metrics(t, r, y);
        return;
    }
    const scene s = {
        .slices = mlsd__report_table(r, "slices"),
        .metric = mlsd__report_text(r, "metric"),
        .worst = mlsd__report_text(r, "slices.worst"),
        .worst_control = "",
        .reference_label = "all test rows",
        .sign = mlsd__report_number(r, "direction") > 0 ? 1 : -1,
        .reference = mlsd__cell_number(mlsd__report_table(r, "test"), "value", 0),
    };
    draw_scene(t, &s, y);
}

/* Does a column say something? Of one metric its name does not, without control columns what is
 * among them does not, and numerators are of rates alone. */
static bool tells(const mlsd_table *slices, const char *column)
{
    const bool is_of_rates = strcmp(column, "numerator") == 0 ||
                             strcmp(column, "denominator") == 0 || strcmp(column, "support") == 0;
    const bool is_name = strcmp(column, "metric") == 0 || strcmp(column, "control") == 0;
    if (!is_of_rates && !is_name) return true;
    for (int64_t i = 0; i < mlsd_table_n_rows(slices); i++) {
        if (is_of_rates && isfinite(mlsd__cell_number(slices, "denominator", i))) return true;
        if (is_name &&
            !texts_equal(mlsd__cell_text(slices, column, i), mlsd__cell_text(slices, column, 0)))
            return true;
    }
    return false;
}

void mlsd__chart_slices(mlsd__text *t, const mlsd_result *r)
{
    static const mlsd__html_column columns[] = {
        {"slice", "slice", NULL},
        {"control", "among", NULL},
        {"metric", "metric", NULL},
        {"n", "rows", NULL},
        {"support", "counted", NULL},
        {"value", "value", NULL},
        {"low", "from", NULL},
        {"high", "to", NULL},
        {"difference", "difference", NULL},
        {"difference_low", "from", NULL},
        {"difference_high", "to", NULL},
        {"p_adjusted", "p (corrected)", NULL},
        {"status", "status", NULL},
        {"numerator", "numerator", NULL},
        {"denominator", "denominator", NULL},
    };
    const mlsd_table *const slices = mlsd__report_table(r, "slices");
    mlsd__html_column shown[MLSD__COUNT(columns)];
    int64_t n = 0;
    for (int64_t k = 0; k < MLSD__COUNT(columns); k++) {
        if (tells(slices, columns[k].name)) shown[n++] = columns[k];
    }
    draw(t, r, NULL);
    mlsd__html_table(t, slices, shown, n, NULL);
}

/* ---- public ---- */

/* What a page brings otherwise. */
static const char alone_style[] =
    ".slices{--ink:#1b1f24;--soft:#57606a;--line:#d8dee4;--paper:#fff;--blue:#0969da;"
    "--orange:#bc4c00;font:13px system-ui,sans-serif}\n"
    "@media(prefers-color-scheme:dark){.slices{--ink:#e6edf3;--soft:#9198a1;--line:#30363d;"
    "--paper:#0d1117;--blue:#4493f8;--orange:#f0883e}}\n"
    ".slices .paper{fill:var(--paper)}.slices text{fill:var(--ink)}"
    ".slices .tick,.slices .note{fill:var(--soft);font-size:12px}\n"
    ".slices .name{text-anchor:end}.slices .middle{text-anchor:middle}"
    ".slices .grid{stroke:var(--line)}.slices .reference{stroke:var(--soft);"
    "stroke-dasharray:4 3}\n"
    ".slices .whisker{stroke:var(--blue);stroke-width:2}.slices .row circle{fill:var(--blue)}"
    ".slices .strong .name{font-weight:700}.slices .strong .whisker{stroke:var(--orange)}"
    ".slices .strong circle{fill:var(--orange)}.slices .muted .whisker{stroke:var(--soft)}"
    ".slices .muted circle{fill:var(--soft)}.slices .muted{opacity:.6}\n";

static void write_alone(mlsd__text *t, const mlsd_result *r)
{
    mlsd__text pictures;
    double height = 8;
    mlsd__text_init(&pictures, t->allocator);
    draw(&pictures, r, &height);
    if (pictures.status != MLSD_OK) t->status = pictures.status;
    mlsd__text_format(t,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"slices\" width=\"%d\" "
                      "height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>Score of each "
                      "slice with its interval</title>\n<style>\n",
                      MLSD__SVG_WIDTH, (int)height, MLSD__SVG_WIDTH, (int)height);
    mlsd__text_append(t, alone_style);
    mlsd__text_append(t, "</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
    if (pictures.data != NULL) mlsd__text_append(t, pictures.data);
    mlsd__text_append(t, "</svg>\n");
    mlsd__text_free(&pictures);
}

mlsd_status mlsd_slices_svg(const mlsd_context *context, const mlsd_result *result, char *buf,
                            int64_t capacity, int64_t *out_length)
{
    mlsd__scope scope;
    mlsd__text t;
    if (out_length != NULL) *out_length = 0;
    MLSD__REQUIRE_LIVE(result, MLSD__MAGIC_RESULT, "result");
    const bool is_experiment = strcmp(mlsd__result_kind(result), "experiment") == 0;
    if (!(is_of_metrics(result) || is_experiment) || mlsd__report_table(result, "slices") == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "the result of kind '%s' has no slices to draw; slice_metrics makes "
                          "such, and an experiment with 'slices'",
                          mlsd__result_kind(result));
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd__text_init(&t, scope.allocator);
    write_alone(&t, result);
    mlsd_status status = t.status;
    if (status == MLSD_E_NOMEM) (void)mlsd__fail_nomem();
    if (status == MLSD_OK) status = mlsd__text_to_buffer(&t, buf, capacity, out_length);
    mlsd__text_free(&t);
    mlsd__scope_close(&scope);
    return status;
}
