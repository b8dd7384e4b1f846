/* svg.c - drawing. A chart has a viewBox of 720 units and scales with the page; positions are
 * rounded to a tenth of a unit, so that the same numbers give the same bytes. */
#include "report/svg.h"

#include <math.h>
#include <string.h>

enum {
    WIDTH = 720,
    LABEL_WIDTH = 200, /* left of an interval chart */
    NOTE_WIDTH = 150,  /* right of it */
    ROW_HEIGHT = 26,
    AXIS_HEIGHT = 40,
    LINES_HEIGHT = 300,
    LINES_LEFT = 70,
    LINES_TOP = 16,
    LINES_RIGHT = 110,
    MAX_TICKS = 12
};

typedef struct scale {
    double low, high;   /* data */
    double first, last; /* drawing */
} scale;

void mlsd__html_text(mlsd__text *t, const char *text)
{
    static const char special[] = "&<>\"'";
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    while (*text != '\0') {
        const size_t plain = strcspn(text, special);
        mlsd__text_append_n(t, text, plain);
        text += plain;
        if (*text == '\0') break;
        mlsd__text_append(t, escapes[strchr(special, *text) - special]);
        text++;
    }
}

static void grouped(mlsd__text *t, double whole)
{
    char digits[32];
    const int32_t n = mlsd__format_double(fabs(whole), digits);
    if (whole < 0) mlsd__text_append(t, "\xe2\x88\x92");
    for (int32_t i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) mlsd__text_append(t, ",");
        mlsd__text_append_n(t, digits + i, 1);
    }
}

void mlsd__html_number(mlsd__text *t, double value)
{
    const double size = fabs(value);
    if (isnan(value)) {
        mlsd__text_append(t, "\xe2\x80\x93");
    } else if (isinf(value)) {
        mlsd__text_append(t, value > 0 ? "\xe2\x88\x9e" : "\xe2\x88\x92\xe2\x88\x9e");
    } else if (size >= 1000 && size < 1e15) {
        grouped(t, nearbyint(value));
    } else if (size != 0 && (size < 1e-4 || size >= 1e15)) {
        mlsd__text_double(t, value);
    } else {
        mlsd__text_fixed(t, value,
                         value == nearbyint(value) ? 0
                         : size >= 100             ? 1
                         : size >= 10              ? 2
                         : size >= 1               ? 3
                                                   : 4);
    }
}

static double place(const scale *s, double value)
{
    const double range = s->high - s->low;
    return range > 0 ? s->first + (value - s->low) / range * (s->last - s->first)
                     : 0.5 * (s->first + s->last);
}

/* Widen [low, high] by a twentieth on both sides; an empty or single-valued range becomes one to
 * look at. */
static void set_range(scale *s, double low, double high)
{
    if (!(low <= high)) low = 0, high = 1;
    const double range = high - low;
    const double pad = range > 0 ? 0.05 * range : low != 0 ? 0.1 * fabs(low) : 1;
    s->low = low - pad;
    s->high = high + pad;
}

/* 1, 2 or 5 times a power of ten such that about `wanted` steps fit. */
static double tick_step(double range, int wanted)
{
    double step = 1;
    while (step > range / wanted) step /= 10;
    while (step * 10 <= range / wanted) step *= 10;
    const double left = range / wanted / step;
    return step * (left > 5 ? 10 : left > 2 ? 5 : left > 1 ? 2 : 1);
}

static int ticks(const scale *s, int wanted, double out[MAX_TICKS])
{
    const double range = s->high - s->low;
    if (!(range > 0) || !isfinite(range)) return 0;
    const double step = tick_step(range, wanted);
    int n = 0;
    for (double k = ceil(s->low / step); k * step <= s->high && n < MAX_TICKS; k++)
        out[n++] = k * step;
    return n;
}

static void position(mlsd__text *t, const char *name, double value)
{
    mlsd__text_format(t, " %s=\"", name);
    mlsd__text_fixed(t, value, 1);
    mlsd__text_append(t, "\"");
}

static void line(mlsd__text *t, const char *style, double x1, double y1, double x2, double y2)
{
    mlsd__text_format(t, "<line class=\"%s\"", style);
    position(t, "x1", x1);
    position(t, "y1", y1);
    position(t, "x2", x2);
    position(t, "y2", y2);
    mlsd__text_append(t, "/>");
}

static void label(mlsd__text *t, const char *style, double x, double y, const char *text)
{
    mlsd__text_format(t, "<text class=\"%s\"", style);
    position(t, "x", x);
    position(t, "y", y);
    mlsd__text_append(t, ">");
    mlsd__html_text(t, text);
    mlsd__text_append(t, "</text>");
}

static void number_label(mlsd__text *t, const char *style, double x, double y, double value)
{
    mlsd__text_format(t, "<text class=\"%s\"", style);
    position(t, "x", x);
    position(t, "y", y);
    mlsd__text_append(t, ">");
    mlsd__html_number(t, fabs(value) < 1e-12 ? 0 : value);
    mlsd__text_append(t, "</text>");
}

static void open_svg(mlsd__text *t, double height, const char *description)
{
    mlsd__text_format(t, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", WIDTH, (int)height);
    mlsd__html_text(t, description);
    mlsd__text_append(t, "</title>\n");
}

static void draw_row(mlsd__text *t, const scale *x, const mlsd__svg_row *row, double y)
{
    const char *style = row->strong ? "strong" : row->muted ? "muted" : "plain";
    mlsd__text_format(t, "<g class=\"row %s\">", style);
    label(t, "name", LABEL_WIDTH - 10, y + 4, row->label);
    if (isfinite(row->low) && isfinite(row->high))
        line(t, "whisker", place(x, row->low), y, place(x, row->high), y);
    if (isfinite(row->value)) {
        mlsd__text_append(t, "<circle r=\"5\"");
        position(t, "cx", place(x, row->value));
        position(t, "cy", y);
        mlsd__text_append(t, "/>");
    }
    if (row->note != NULL) label(t, "note", WIDTH - NOTE_WIDTH + 10, y + 4, row->note);
    mlsd__text_append(t, "</g>\n");
}

static void spread(double *low, double *high, double value)
{
    if (!isfinite(value)) return;
    if (!(value >= *low)) *low = value;
    if (!(value <= *high)) *high = value;
}

void mlsd__svg_intervals(mlsd__text *t, const char *description, const char *axis,
                         const mlsd__svg_row *rows, int64_t n, double reference,
                         const char *reference_label)
{
    double low = NAN, high = NAN;
    for (int64_t i = 0; i < n; i++) {
        spread(&low, &high, rows[i].value);
        spread(&low, &high, rows[i].low);
        spread(&low, &high, rows[i].high);
    }
    spread(&low, &high, reference);
    scale x = {0, 1, LABEL_WIDTH, WIDTH - NOTE_WIDTH};
    set_range(&x, low, high);
    const double top = isfinite(reference) ? 22 : 6;
    const double bottom = top + (double)n * ROW_HEIGHT;
    open_svg(t, bottom + AXIS_HEIGHT, description);
    double at[MAX_TICKS];
    const int n_ticks = ticks(&x, 5, at);
    for (int i = 0; i < n_ticks; i++) {
        line(t, "grid", place(&x, at[i]), top, place(&x, at[i]), bottom);
        number_label(t, "tick middle", place(&x, at[i]), bottom + 16, at[i]);
    }
    if (isfinite(reference)) {
        line(t, "reference", place(&x, reference), top, place(&x, reference), bottom);
        label(t, "tick middle", place(&x, reference), top - 8, reference_label);
    }
    for (int64_t i = 0; i < n; i++) draw_row(t, &x, &rows[i], top + ((double)i + 0.5) * ROW_HEIGHT);
    label(t, "tick middle", 0.5 * (x.first + x.last), bottom + 34, axis);
    mlsd__text_append(t, "</svg>\n");
}

static void draw_line(mlsd__text *t, const scale *sx, const scale *sy, const double *x, int64_t n,
                      const mlsd__svg_line *l)
{
    mlsd__text_format(t, "<path class=\"line %s\" d=\"", l->style);
    bool pen_down = false;
    double last_x = NAN, last_y = NAN;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(l->y[i])) {
            pen_down = false;
            continue;
        }
        last_x = place(sx, x[i]);
        last_y = place(sy, l->y[i]);
        mlsd__text_append(t, pen_down ? "L" : "M");
        mlsd__text_fixed(t, last_x, 1);
        mlsd__text_append(t, ",");
        mlsd__text_fixed(t, last_y, 1);
        pen_down = true;
    }
    mlsd__text_append(t, "\"/>");
    if (!isfinite(last_x)) return;
    mlsd__text_format(t, "<g class=\"%s\">", l->style);
    label(t, "end", last_x + 6, last_y + 4, l->label);
    mlsd__text_append(t, "</g>\n");
}

void mlsd__svg_lines(mlsd__text *t, const char *description, const char *x_axis, const char *y_axis,
                     const double *x, int64_t n, const mlsd__svg_line *lines, int64_t n_lines,
                     double mark_x, const char *mark_label)
{
    double low = NAN, high = NAN;
    for (int64_t k = 0; k < n_lines; k++)
        for (int64_t i = 0; i < n; i++) spread(&low, &high, lines[k].y[i]);
    scale sx = {x[0], x[n - 1], LINES_LEFT, WIDTH - LINES_RIGHT};
    scale sy = {0, 1, LINES_HEIGHT - AXIS_HEIGHT, LINES_TOP};
    set_range(&sy, low, high);
    open_svg(t, LINES_HEIGHT, description);
    double at[MAX_TICKS];
    int n_ticks = ticks(&sy, 5, at);
    for (int i = 0; i < n_ticks; i++) {
        line(t, "grid", LINES_LEFT, place(&sy, at[i]), WIDTH - LINES_RIGHT, place(&sy, at[i]));
        number_label(t, "tick end-anchor", LINES_LEFT - 8, place(&sy, at[i]) + 4, at[i]);
    }
    n_ticks = ticks(&sx, 6, at);
    for (int i = 0; i < n_ticks; i++)
        number_label(t, "tick middle", place(&sx, at[i]), LINES_HEIGHT - AXIS_HEIGHT + 16, at[i]);
    if (isfinite(mark_x)) {
        line(t, "reference", place(&sx, mark_x), LINES_TOP, place(&sx, mark_x),
             LINES_HEIGHT - AXIS_HEIGHT);
        label(t, "tick middle", place(&sx, mark_x), LINES_TOP - 4, mark_label);
    }
    for (int64_t k = 0; k < n_lines; k++) draw_line(t, &sx, &sy, x, n, &lines[k]);
    label(t, "tick middle", 0.5 * (sx.first + sx.last), LINES_HEIGHT - 6, x_axis);
    label(t, "tick", 4, LINES_TOP - 2, y_axis);
    mlsd__text_append(t, "</svg>\n");
}
