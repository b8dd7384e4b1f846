/* frontier_drawing.c - pictures of what equality costs: tolerance to the right, objective upwards.
 */
#include <math.h>
#include <string.h>

#include "slice/mitigation/frontier.h"

enum { DIGITS = 4 };

static double widest(const mlsd__frontier *f)
{
    return f->points[f->n - 1].tolerance;
}

/* Names are parameters' values; people read words. */
static void say_words(mlsd__text *t, const char *name)
{
    for (const char *c = name; *c != '\0'; c++) mlsd__text_format(t, "%c", *c == '_' ? ' ' : *c);
}

static void say_number(mlsd__text *t, double x)
{
    mlsd__text_double(t, mlsd__round_significant(x, DIGITS));
}

/* ---- text ---- */

static double height_of(const mlsd__frontier *f, double objective)
{
    return f->most > f->least ? (objective - f->least) / (f->most - f->least) : 0.5;
}

void mlsd__frontier_draw_text(const mlsd__frontier *f, mlsd__text *t)
{
    enum { ROWS = 12, COLUMNS = 60 };
    char grid[ROWS][COLUMNS + 1];
    for (int r = 0; r < ROWS; r++) {
        memset(grid[r], ' ', COLUMNS);
        grid[r][COLUMNS] = '\0';
    }
    for (int64_t i = 0; i < f->n; i++) {
        const double x = widest(f) > 0 ? f->points[i].tolerance / widest(f) : 0;
        const double y = height_of(f, f->points[i].objective);
        const int column = (int)floor(x * (COLUMNS - 1) + 0.5);
        grid[ROWS - 1 - (int)floor(y * (ROWS - 1) + 0.5)][column] = 'o';
    }
    say_words(t, f->objective);
    mlsd__text_append(t, ", from ");
    say_number(t, f->least);
    mlsd__text_append(t, " (bottom) to ");
    say_number(t, f->most);
    mlsd__text_append(t, " (top)\n");
    for (int r = 0; r < ROWS; r++) {
        int end = COLUMNS;
        while (end > 0 && grid[r][end - 1] == ' ') grid[r][--end] = '\0';
        mlsd__text_format(t, "|%s\n", grid[r]);
    }
    mlsd__text_append(t, "+");
    for (int c = 0; c < COLUMNS; c++) mlsd__text_append(t, "-");
    mlsd__text_append(t, "\n0   tolerance of ");
    say_words(t, f->constraint);
    mlsd__text_append(t, " up to ");
    say_number(t, widest(f));
    mlsd__text_append(t, ", where nothing is constrained\n");
}

/* ---- SVG ---- */

enum { LEFT = 80, TOP = 48, WIDTH = 500, HEIGHT = 260, BELOW = 62, RIGHT = 20 };

typedef struct axis {
    double from, to;   /* values at the ends */
    double start, end; /* where these are drawn */
} axis;

static double place(const axis *a, double x)
{
    return a->start + (x - a->from) / (a->to - a->from) * (a->end - a->start);
}

/* 1, 2 or 5 times a power of ten, four to ten of which make the width. */
static double step_of(double width)
{
    static const double steps[] = {1, 2, 5};
    double power = 1;
    while (power > width) power /= 10;
    while (power * 10 <= width) power *= 10;
    const double tenths = width / power;
    return tenths >= 4 ? power : steps[tenths >= 2 ? 2 : 1] * power / 10;
}

typedef struct ticks {
    double step;
    int64_t first, last; /* multiples of the step */
} ticks;

static ticks ticks_of(const axis *a)
{
    static const double rounding = 1e-9;
    ticks k = {.step = step_of(a->to - a->from)};
    k.first = (int64_t)ceil(a->from / k.step - rounding);
    k.last = (int64_t)floor(a->to / k.step + rounding);
    return k;
}

/* An axis that holds the values; of equal ones with some room to both sides. */
static axis axis_of(double low, double high, double start, double end, double margin)
{
    double width = high - low;
    if (!(width > 1e-9 * fmax(1, fabs(high)))) {
        width = fmax(0.1 * fabs(high), 0.01);
        margin = 0.5;
    }
    return (axis){low - margin * width, high + margin * width, start, end};
}

static void put_line(mlsd__text *t, double x1, double y1, double x2, double y2, const char *colour)
{
    mlsd__text_append(t, "<path d=\"M");
    mlsd__text_fixed(t, x1, 2);
    mlsd__text_append(t, " ");
    mlsd__text_fixed(t, y1, 2);
    mlsd__text_append(t, "L");
    mlsd__text_fixed(t, x2, 2);
    mlsd__text_append(t, " ");
    mlsd__text_fixed(t, y2, 2);
    mlsd__text_format(t, "\" stroke=\"%s\"/>\n", colour);
}

static void open_text(mlsd__text *t, double x, double y, const char *anchor)
{
    mlsd__text_append(t, "<text x=\"");
    mlsd__text_fixed(t, x, 2);
    mlsd__text_append(t, "\" y=\"");
    mlsd__text_fixed(t, y, 2);
    mlsd__text_format(t, "\" text-anchor=\"%s\">", anchor);
}

static void put_axes(mlsd__text *t, const axis *x, const axis *y)
{
    const ticks across = ticks_of(x), up = ticks_of(y);
    for (int64_t k = up.first; k <= up.last; k++) {
        const double at = place(y, (double)k * up.step);
        put_line(t, LEFT, at, LEFT + WIDTH, at, "#ddd");
        open_text(t, LEFT - 8, at + 4, "end");
        say_number(t, (double)k * up.step);
        mlsd__text_append(t, "</text>\n");
    }
    for (int64_t k = across.first; k <= across.last; k++) {
        const double at = place(x, (double)k * across.step);
        put_line(t, at, TOP + HEIGHT, at, TOP + HEIGHT + 5, "#888");
        open_text(t, at, TOP + HEIGHT + 20, "middle");
        say_number(t, (double)k * across.step);
        mlsd__text_append(t, "</text>\n");
    }
    put_line(t, LEFT, TOP + HEIGHT, LEFT + WIDTH, TOP + HEIGHT, "#888");
    put_line(t, LEFT, TOP, LEFT, TOP + HEIGHT, "#888");
}

static void put_curve(mlsd__text *t, const mlsd__frontier *f, const axis *x, const axis *y)
{
    mlsd__text_append(t, "<polyline fill=\"none\" stroke=\"#1f6fb2\" stroke-width=\"2\" points=\"");
    for (int64_t i = 0; i < f->n; i++) {
        mlsd__text_fixed(t, place(x, f->points[i].tolerance), 2);
        mlsd__text_append(t, ",");
        mlsd__text_fixed(t, place(y, f->points[i].objective), 2);
        mlsd__text_append(t, i + 1 < f->n ? " " : "\"/>\n");
    }
    for (int64_t i = 0; i < f->n; i++) {
        mlsd__text_append(t, "<circle r=\"3\" fill=\"#1f6fb2\" cx=\"");
        mlsd__text_fixed(t, place(x, f->points[i].tolerance), 2);
        mlsd__text_append(t, "\" cy=\"");
        mlsd__text_fixed(t, place(y, f->points[i].objective), 2);
        mlsd__text_append(t, "\"/>\n");
    }
}

/* What the ends are, on the sides where no curve is: it rises and flattens, or (of costs) falls. */
static void put_ends(mlsd__text *t, const mlsd__frontier *f, const axis *x, const axis *y)
{
    enum { ABOVE = -12, UNDER = 20, RIGHT_OF = 10, LEFT_OF = -2 };
    const mlsd__frontier_point *const equal = &f->points[0], *const free = &f->points[f->n - 1];
    const bool rises = free->objective >= equal->objective;
    open_text(t, place(x, equal->tolerance) + RIGHT_OF,
              place(y, equal->objective) + (rises ? UNDER : ABOVE), "start");
    mlsd__text_append(t, "equal: ");
    say_number(t, equal->objective);
    mlsd__text_append(t, "</text>\n");
    open_text(t, place(x, free->tolerance) + LEFT_OF,
              place(y, free->objective) + (rises ? ABOVE : UNDER), "end");
    mlsd__text_append(t, "no constraint: ");
    say_number(t, free->objective);
    mlsd__text_append(t, "</text>\n");
}

void mlsd__frontier_draw_svg(const mlsd__frontier *f, mlsd__text *t)
{
    const axis x = axis_of(0, fmax(widest(f), 1e-6), LEFT, LEFT + WIDTH, 0);
    const axis y = axis_of(f->least, f->most, TOP + HEIGHT, TOP, 0.12);
    const int width = LEFT + WIDTH + RIGHT, height = TOP + HEIGHT + BELOW;
    mlsd__text_format(t,
                      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                      "font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n<title>",
                      width, height);
    say_words(t, f->objective);
    mlsd__text_append(t, " by tolerance of ");
    say_words(t, f->constraint);
    mlsd__text_format(t, "</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", width,
                      height);
    open_text(t, LEFT, TOP - 22, "start");
    say_words(t, f->objective);
    mlsd__text_append(t, " of the best thresholds, on the rows that they were chosen on</text>\n");
    put_axes(t, &x, &y);
    put_curve(t, f, &x, &y);
    put_ends(t, f, &x, &y);
    open_text(t, LEFT + WIDTH / 2, TOP + HEIGHT + 46, "middle");
    mlsd__text_append(t, "tolerance of ");
    say_words(t, f->constraint);
    mlsd__text_append(t, ": how far apart the groups' rates may be</text>\n</svg>\n");
}
