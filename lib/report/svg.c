/* svg.c - drawing. A chart has a viewBox of 720 units and scales with the page; positions are
 * rounded to a tenth of a unit, so that the same numbers give the same bytes. */
#include "report/svg.h"

#include <math.h>
#include <string.h>

#include "numeric/mathfun.h"

enum {
    WIDTH = MLSD__SVG_WIDTH,
    LABEL_WIDTH = 215,     /* left of an interval chart */
    LABEL_CHARACTERS = 24, /* what fits there */
    NOTE_WIDTH = 145,      /* right of it */
    ROW_HEIGHT = 26,
    AXIS_HEIGHT = 40,
    LINES_HEIGHT = 300,
    LINES_LEFT = 70,
    LINES_TOP = 34,
    LINES_RIGHT = 110,
    LABEL_HEIGHT = 15,
    MAX_LINES = 4,
    FRONT_RIGHT = 185, /* labels of a front */
    SMALLEST_RADIUS = 3,
    LARGEST_RADIUS = 20,
    MAX_TICKS = 12
};

#define REPLACEMENT "\xef\xbf\xbd"

typedef struct scale {
    double low, high;   /* data */
    double first, last; /* drawing */
} scale;

/* What stands for a byte that may not stand for itself; NULL where it may. */
static const char *escape_of(unsigned char byte)
{
    static const char special[] = "&<>\"'";
    static const char *const escapes[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const char *at = strchr(special, byte);
    if (at != NULL) return escapes[at - special];
    return byte < 0x20 && byte != '\t' && byte != '\n' ? REPLACEMENT : NULL;
}

/* Well-formed UTF-8. */
static void append_escaped(mlsd__text *t, const char *text, size_t length)
{
    size_t plain = 0;
    for (size_t i = 0; i < length; i++) {
        const char *escape = escape_of((unsigned char)text[i]);
        if (escape == NULL) continue;
        mlsd__text_append_n(t, text + plain, i - plain);
        mlsd__text_append(t, escape);
        plain = i + 1;
    }
    mlsd__text_append_n(t, text + plain, length - plain);
}

static void append_text(mlsd__text *t, const char *text, size_t length)
{
    size_t bad;
    while (!mlsd__utf8_valid(text, length, &bad)) {
        append_escaped(t, text, bad);
        mlsd__text_append(t, REPLACEMENT);
        text += bad + 1;
        length -= bad + 1;
    }
    append_escaped(t, text, length);
}

void mlsd__html_text(mlsd__text *t, const char *text)
{
    append_text(t, text, strlen(text));
}

/* Bytes of the first n characters. */
static size_t bytes_of(const char *text, int n)
{
    size_t at = 0;
    for (; text[at] != '\0'; at++) {
        if (((unsigned char)text[at] & 0xc0) != 0x80 && n-- == 0) break;
    }
    return at;
}

/* At most `most` characters: where there are more an ellipsis stands for the middle, since names of
 * many groups begin alike and end differently. */
static void append_shortened(mlsd__text *t, const char *text, int most)
{
    int characters = 0;
    for (const char *c = text; *c != '\0'; c++) characters += ((unsigned char)*c & 0xc0) != 0x80;
    if (characters <= most) {
        append_text(t, text, strlen(text));
        return;
    }
    const int tail = most / 2, head = most - 1 - tail;
    append_text(t, text, bytes_of(text, head));
    mlsd__text_append(t, "\xe2\x80\xa6");
    const size_t end = bytes_of(text, characters - tail);
    append_text(t, text + end, strlen(text + end));
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

/* "1.23e-7": for people, so the last digit may be off by one. */
static void scientific(mlsd__text *t, double value)
{
    int exponent = 0;
    double mantissa = fabs(value);
    for (; mantissa >= 9.995; mantissa /= 10) exponent++;
    for (; mantissa < 0.9995; mantissa *= 10) exponent--;
    if (value < 0) mlsd__text_append(t, "\xe2\x88\x92");
    mlsd__text_fixed(t, mantissa, 2);
    mlsd__text_format(t, "e%d", exponent);
}

void mlsd__html_time(mlsd__text *t, double value)
{
    if (value >= 0 && value < 0.001)
        mlsd__text_append(t, "&lt; 0.001");
    else if (value < 1)
        mlsd__text_fixed(t, value, 3);
    else
        mlsd__html_number(t, value);
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
        scientific(t, value);
    } else {
        if (value < 0) mlsd__text_append(t, "\xe2\x88\x92");
        mlsd__text_fixed(t, size,
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

/* `least` is the smallest step: 1 for counts, 0 for any. */
static int ticks(const scale *s, int wanted, double least, double out[MAX_TICKS])
{
    const double range = s->high - s->low;
    if (!(range > 0) || !isfinite(range)) return 0;
    const double wished = tick_step(range, wanted);
    const double step = wished > least ? wished : least;
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

/* Decimals that tell multiples of `step` apart. */
static int decimals_of(double step)
{
    enum { MOST = 9 };
    int decimals = 0;
    for (double x = step; decimals < MOST && fabs(x - nearbyint(x)) > 1e-6 * x; x *= 10) decimals++;
    return decimals;
}

/* A tick's number, with no more digits than its neighbours need. */
static void tick_label(mlsd__text *t, const char *style, double x, double y, double value,
                       double step)
{
    const double shown = fabs(value) < 1e-9 * step ? 0 : value;
    const int decimals = decimals_of(step);
    mlsd__text_format(t, "<text class=\"%s\"", style);
    position(t, "x", x);
    position(t, "y", y);
    mlsd__text_append(t, ">");
    if (fabs(shown) >= 1000 || step < 1e-6) {
        mlsd__html_number(t, shown);
    } else {
        if (shown < 0) mlsd__text_append(t, "\xe2\x88\x92");
        mlsd__text_fixed(t, fabs(shown), decimals);
    }
    mlsd__text_append(t, "</text>");
}

static void open_svg(mlsd__text *t, double height, const char *description)
{
    mlsd__text_format(t, "<div class=\"scroll\"><svg viewBox=\"0 0 %d %d\" role=\"img\"><title>",
                      WIDTH, (int)height);
    mlsd__html_text(t, description);
    mlsd__text_append(t, "</title>\n");
}

static void dot(mlsd__text *t, const char *style, int radius, double x, double y)
{
    mlsd__text_format(t, "<circle class=\"%s\" r=\"%d\"", style, radius);
    position(t, "cx", x);
    position(t, "cy", y);
    mlsd__text_append(t, "/>");
}

static void draw_row(mlsd__text *t, const scale *x, const mlsd__svg_row *row, double y)
{
    const char *style = row->strong ? "strong" : row->muted ? "muted" : "plain";
    mlsd__text_format(t, "<g class=\"row %s\">", style);
    mlsd__text_append(t, "<title>");
    mlsd__html_text(t, row->label);
    mlsd__text_append(t, "</title><text class=\"name\"");
    position(t, "x", LABEL_WIDTH - 10);
    position(t, "y", y + 4);
    mlsd__text_append(t, ">");
    append_shortened(t, row->label, LABEL_CHARACTERS);
    mlsd__text_append(t, "</text>");
    for (int64_t i = 0; i < row->n_points; i++)
        if (isfinite(row->points[i])) dot(t, "fold", 3, place(x, row->points[i]), y);
    if (isfinite(row->low) && isfinite(row->high))
        line(t, "whisker", place(x, row->low), y, place(x, row->high), y);
    if (isfinite(row->value)) dot(t, "value", 5, place(x, row->value), y);
    if (row->note != NULL) label(t, "note", WIDTH - NOTE_WIDTH + 10, y + 4, row->note);
    mlsd__text_append(t, "</g>\n");
}

static void spread(double *low, double *high, double value)
{
    if (!isfinite(value)) return;
    if (!(value >= *low)) *low = value;
    if (!(value <= *high)) *high = value;
}

static double intervals_top(double reference)
{
    return isfinite(reference) ? 22 : 6;
}

static double intervals_height(int64_t n, double reference)
{
    return intervals_top(reference) + (double)n * ROW_HEIGHT + AXIS_HEIGHT;
}

double mlsd__svg_intervals_at(mlsd__text *t, double y, const char *axis, const mlsd__svg_row *rows,
                              int64_t n, double reference, const char *reference_label)
{
    double low = NAN, high = NAN;
    for (int64_t i = 0; i < n; i++) {
        spread(&low, &high, rows[i].value);
        spread(&low, &high, rows[i].low);
        spread(&low, &high, rows[i].high);
        for (int64_t k = 0; k < rows[i].n_points; k++) spread(&low, &high, rows[i].points[k]);
    }
    spread(&low, &high, reference);
    scale x = {0, 1, LABEL_WIDTH, WIDTH - NOTE_WIDTH};
    set_range(&x, low, high);
    const double top = y + intervals_top(reference);
    const double bottom = top + (double)n * ROW_HEIGHT;
    double at[MAX_TICKS];
    const int n_ticks = ticks(&x, 5, 0, at);
    for (int i = 0; i < n_ticks; i++) {
        line(t, "grid", place(&x, at[i]), top, place(&x, at[i]), bottom);
        tick_label(t, "tick middle", place(&x, at[i]), bottom + 16, at[i],
                   n_ticks > 1 ? at[1] - at[0] : 1);
    }
    if (isfinite(reference)) {
        line(t, "reference", place(&x, reference), top, place(&x, reference), bottom);
        label(t, "tick middle", place(&x, reference), top - 8, reference_label);
    }
    for (int64_t i = 0; i < n; i++) draw_row(t, &x, &rows[i], top + ((double)i + 0.5) * ROW_HEIGHT);
    label(t, "tick middle", 0.5 * (x.first + x.last), bottom + 34, axis);
    return intervals_height(n, reference);
}

void mlsd__svg_intervals(mlsd__text *t, const char *description, const char *axis,
                         const mlsd__svg_row *rows, int64_t n, double reference,
                         const char *reference_label)
{
    open_svg(t, intervals_height(n, reference), description);
    mlsd__svg_intervals_at(t, 0, axis, rows, n, reference, reference_label);
    mlsd__text_append(t, "</svg></div>\n");
}

/* Where a line ends, for its label; NaN when it has no point. */
typedef struct line_end {
    double x, y;
} line_end;

static void point_to(mlsd__text *t, double x, double y, const char *command)
{
    mlsd__text_append(t, command);
    mlsd__text_fixed(t, x, 1);
    mlsd__text_append(t, ",");
    mlsd__text_fixed(t, y, 1);
}

static line_end draw_line(mlsd__text *t, const scale *sx, const scale *sy, const double *x,
                          int64_t n, const mlsd__svg_line *l)
{
    line_end end = {NAN, NAN};
    mlsd__text_format(t, "<path class=\"line %s\" d=\"", l->style);
    bool pen_down = false;
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(l->y[i])) {
            pen_down = false;
            continue;
        }
        end = (line_end){place(sx, x[i]), place(sy, l->y[i])};
        point_to(t, end.x, end.y, pen_down ? "L" : "M");
        pen_down = true;
    }
    mlsd__text_append(t, "\"/>");
    return end;
}

/* The band of a line, where both its ends are known: there along the upper, back along the lower.
 */
static void draw_band(mlsd__text *t, const scale *sx, const scale *sy, const double *x, int64_t n,
                      const mlsd__svg_line *l)
{
    if (l->low == NULL || l->high == NULL) return;
    const char *command = "M";
    mlsd__text_format(t, "<path class=\"band %s\" d=\"", l->style);
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(l->low[i]) || !isfinite(l->high[i])) continue;
        point_to(t, place(sx, x[i]), place(sy, l->high[i]), command);
        command = "L";
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        if (isfinite(l->low[i]) && isfinite(l->high[i]))
            point_to(t, place(sx, x[i]), place(sy, l->low[i]), command);
    }
    mlsd__text_append(t, "\"/>");
}

/* Push labels apart that would lie on each other: from the top down, each at least a line below the
 * one above it. */
static void part_labels(line_end *ends, int64_t n)
{
    int64_t order[MAX_LINES];
    for (int64_t i = 0; i < n; i++) {
        int64_t k = i;
        for (; k > 0 && ends[order[k - 1]].y > ends[i].y; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    for (int64_t i = 1; i < n; i++) {
        const double least = ends[order[i - 1]].y + LABEL_HEIGHT;
        if (ends[order[i]].y < least) ends[order[i]].y = least;
    }
}

static void draw_labels(mlsd__text *t, const mlsd__svg_line *lines, line_end *ends, int64_t n)
{
    part_labels(ends, n);
    for (int64_t k = 0; k < n; k++) {
        if (!isfinite(ends[k].x)) continue;
        mlsd__text_format(t, "<g class=\"%s\">", lines[k].style);
        label(t, "end", ends[k].x + 6, ends[k].y + 4, lines[k].label);
        mlsd__text_append(t, "</g>\n");
    }
}

void mlsd__svg_lines(mlsd__text *t, const char *description, const char *x_axis, const char *y_axis,
                     const double *x, int64_t n, const mlsd__svg_line *lines, int64_t n_lines,
                     double mark_x, const char *mark_label)
{
    double low = NAN, high = NAN;
    if (n_lines > MAX_LINES) n_lines = MAX_LINES;
    for (int64_t k = 0; k < n_lines; k++)
        for (int64_t i = 0; i < n; i++) {
            spread(&low, &high, lines[k].y[i]);
            if (lines[k].low != NULL) spread(&low, &high, lines[k].low[i]);
            if (lines[k].high != NULL) spread(&low, &high, lines[k].high[i]);
        }
    scale sx = {x[0], x[n - 1], LINES_LEFT, WIDTH - LINES_RIGHT};
    scale sy = {0, 1, LINES_HEIGHT - AXIS_HEIGHT, LINES_TOP};
    set_range(&sy, low, high);
    open_svg(t, LINES_HEIGHT, description);
    double at[MAX_TICKS];
    int n_ticks = ticks(&sy, 5, 0, at);
    for (int i = 0; i < n_ticks; i++) {
        line(t, "grid", LINES_LEFT, place(&sy, at[i]), WIDTH - LINES_RIGHT, place(&sy, at[i]));
        tick_label(t, "tick end-anchor", LINES_LEFT - 8, place(&sy, at[i]) + 4, at[i],
                   n_ticks > 1 ? at[1] - at[0] : 1);
    }
    n_ticks = ticks(&sx, 6, 1, at);
    for (int i = 0; i < n_ticks; i++)
        tick_label(t, "tick middle", place(&sx, at[i]), LINES_HEIGHT - AXIS_HEIGHT + 16, at[i],
                   n_ticks > 1 ? at[1] - at[0] : 1);
    if (isfinite(mark_x)) {
        line(t, "reference", place(&sx, mark_x), LINES_TOP, place(&sx, mark_x),
             LINES_HEIGHT - AXIS_HEIGHT);
        label(t, "tick middle", place(&sx, mark_x), LINES_TOP - 4, mark_label);
    }
    line_end ends[MAX_LINES];
    for (int64_t k = 0; k < n_lines; k++) draw_band(t, &sx, &sy, x, n, &lines[k]);
    for (int64_t k = 0; k < n_lines; k++) ends[k] = draw_line(t, &sx, &sy, x, n, &lines[k]);
    draw_labels(t, lines, ends, n_lines);
    label(t, "tick middle", 0.5 * (sx.first + sx.last), LINES_HEIGHT - 6, x_axis);
    label(t, "tick", 4, 12, y_axis);
    mlsd__text_append(t, "</svg></div>\n");
}

static double decades(double value)
{
    return mlsd__log(value) / mlsd__log(10);
}

static double power_of_ten(double exponent)
{
    double value = 1;
    for (double k = 0; k < fabs(exponent); k++) value *= 10;
    return exponent < 0 ? 1 / value : value;
}

/* The ends of a range, wide enough for a logarithmic axis to tell something. */
static void set_log_range(scale *s, double low, double high)
{
    set_range(s, decades(low), decades(high));
    const double lack = 0.4 - (s->high - s->low);
    if (lack <= 0) return;
    s->low -= 0.5 * lack;
    s->high += 0.5 * lack;
}

/* 1, 2 and 5 of each power of ten, or the powers alone where there are many. */
static void draw_log_ticks(mlsd__text *t, const scale *x, double top, double bottom)
{
    static const double steps[] = {1, 2, 5};
    const bool has_many = x->high - x->low > 2.5;
    for (double decade = floor(x->low); decade <= x->high; decade++) {
        for (int k = 0; k < (has_many ? 1 : 3); k++) {
            const double value = power_of_ten(decade) * steps[k], at = decades(value);
            if (at < x->low || at > x->high) continue;
            line(t, "grid", place(x, at), top, place(x, at), bottom);
            mlsd__text_append(t, "<text class=\"tick middle\"");
            position(t, "x", place(x, at));
            position(t, "y", bottom + 16);
            mlsd__text_append(t, ">");
            mlsd__text_double(t, value);
            mlsd__text_append(t, "</text>");
        }
    }
}

static bool is_drawn(const mlsd__svg_point *p)
{
    return p->x > 0 && isfinite(p->x) && isfinite(p->value);
}

/* Heights of the labels: beside their points where they do not lie on each other, from the top
 * down, and moved up together where they would end below the picture. */
static void place_labels(const double *wished, const int64_t *order, int64_t n, double bottom,
                         double *out)
{
    for (int64_t k = 0; k < n; k++) {
        const double least = k > 0 ? out[order[k - 1]] + LABEL_HEIGHT : LINES_TOP;
        out[order[k]] = wished[order[k]] > least ? wished[order[k]] : least;
    }
    for (int64_t k = n - 1; k >= 0; k--) {
        const double most = bottom - (double)(n - 1 - k) * LABEL_HEIGHT;
        if (out[order[k]] > most) out[order[k]] = most;
    }
}

static void draw_point(mlsd__text *t, const mlsd__svg_point *p, double x, double y, double low,
                       double high, double radius, double label_y)
{
    mlsd__text_format(t, "<g class=\"row %s\"><title>",
                      p->strong  ? "strong"
                      : p->muted ? "muted"
                                 : "plain");
    mlsd__html_text(t, p->label);
    mlsd__text_append(t, "</title>");
    line(t, "leader", x, y, WIDTH - FRONT_RIGHT + 6, label_y);
    if (isfinite(low) && isfinite(high)) line(t, "whisker", x, low, x, high);
    mlsd__text_append(t, "<circle class=\"size\"");
    position(t, "r", radius);
    position(t, "cx", x);
    position(t, "cy", y);
    mlsd__text_append(t, "/>");
    dot(t, "value", 3, x, y);
    mlsd__text_append(t, "<text class=\"name-right\"");
    position(t, "x", WIDTH - FRONT_RIGHT + 10);
    position(t, "y", label_y + 4);
    mlsd__text_append(t, ">");
    append_shortened(t, p->label, LABEL_CHARACTERS);
    mlsd__text_append(t, "</text></g>\n");
}

static void draw_points(mlsd__text *t, const scale *x, const scale *y,
                        const mlsd__svg_point *points, int64_t n, double largest)
{
    double at[MLSD__SVG_POINTS], label_at[MLSD__SVG_POINTS];
    int64_t order[MLSD__SVG_POINTS], n_drawn = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!is_drawn(&points[i])) continue;
        at[i] = place(y, points[i].value);
        int64_t k = n_drawn++;
        for (; k > 0 && at[order[k - 1]] > at[i]; k--) order[k] = order[k - 1];
        order[k] = i;
    }
    place_labels(at, order, n_drawn, y->first, label_at);
    for (int64_t i = 0; i < n; i++) {
        const mlsd__svg_point *p = &points[i];
        if (!is_drawn(p)) continue;
        const double share = p->size > 0 && largest > 0 ? sqrt(p->size / largest) : 0;
        draw_point(t, p, place(x, decades(p->x)), at[i], place(y, p->low), place(y, p->high),
                   SMALLEST_RADIUS + share * (LARGEST_RADIUS - SMALLEST_RADIUS), label_at[i]);
    }
}

void mlsd__svg_front(mlsd__text *t, const char *description, const char *x_axis, const char *y_axis,
                     const mlsd__svg_point *points, int64_t n)
{
    double low = NAN, high = NAN, x_low = NAN, x_high = NAN, largest = NAN, unused = NAN,
           at[MAX_TICKS];
    if (n > MLSD__SVG_POINTS) n = MLSD__SVG_POINTS;
    for (int64_t i = 0; i < n; i++) {
        if (!is_drawn(&points[i])) continue;
        spread(&low, &high, points[i].value);
        spread(&low, &high, points[i].low);
        spread(&low, &high, points[i].high);
        spread(&x_low, &x_high, points[i].x);
        spread(&unused, &largest, points[i].size);
    }
    if (isnan(x_low)) return;
    const double wanted = LINES_TOP + (double)n * LABEL_HEIGHT + AXIS_HEIGHT;
    const double height = wanted > LINES_HEIGHT ? wanted : LINES_HEIGHT;
    const double bottom = height - AXIS_HEIGHT;
    scale x = {0, 1, LINES_LEFT + LARGEST_RADIUS, WIDTH - FRONT_RIGHT - LARGEST_RADIUS};
    scale y = {0, 1, bottom, LINES_TOP};
    set_log_range(&x, x_low, x_high);
    set_range(&y, low, high);
    open_svg(t, height, description);
    const int n_ticks = ticks(&y, 5, 0, at);
    for (int i = 0; i < n_ticks; i++) {
        line(t, "grid", LINES_LEFT, place(&y, at[i]), WIDTH - FRONT_RIGHT, place(&y, at[i]));
        tick_label(t, "tick end-anchor", LINES_LEFT - 8, place(&y, at[i]) + 4, at[i],
                   n_ticks > 1 ? at[1] - at[0] : 1);
    }
    draw_log_ticks(t, &x, LINES_TOP, bottom);
    draw_points(t, &x, &y, points, n, largest);
    label(t, "tick middle", 0.5 * (x.first + x.last), height - 6, x_axis);
    label(t, "tick", 4, 12, y_axis);
    mlsd__text_append(t, "</svg></div>\n");
}
