/* cli_chart.c - two curves and a mark on a canvas of dots, 2 x 4 dots a character in braille and
 * one a character in plain letters. Validation is a line, training every second dot of one. */
#include "cli_chart.h"

#include <langinfo.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli_print.h"

enum { ROWS = 12, LEFT = 10, MOST_COLUMNS = 200, DIGITS = 4 };
enum { TRAIN = 1, VALID = 2, BEST = 4 };

/* Losses that span more are drawn by their logarithms. */
static const double WIDE = 30;

typedef struct canvas {
    int columns, wide, high; /* characters across; dots across and down */
    int per_x, per_y;        /* dots in a character */
    double low, high_value;  /* of the heights, as drawn */
    bool is_log;
    unsigned char dots[ROWS * 4][MOST_COLUMNS * 2];
} canvas;

static bool is_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const char *cli_chart_legend(void)
{
    return is_utf8() ? "dotted: training, line: validation, upright: best"
                     : ". training, o validation, | best";
}

static void widen(const double *y, int64_t n, double *low, double *high)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(y[i])) continue;
        if (!(y[i] >= *low)) *low = y[i];
        if (!(y[i] <= *high)) *high = y[i];
    }
}

static double height(const canvas *c, double value)
{
    return c->is_log ? log(value) : value;
}

static int dot_row(const canvas *c, double value)
{
    const double part = (c->high_value - height(c, value)) / (c->high_value - c->low);
    return (int)(part * (c->high - 1) + 0.5);
}

static void set(canvas *c, int x, int y, unsigned char what)
{
    /* Every second dot, where there are dots to spare. */
    if (what == TRAIN && c->per_x > 1 && (x + y) % 2 != 0) return;
    c->dots[y][x] |= what;
}

/* The line between points, column by column of dots; gaps where a point is not finite. */
static void draw(canvas *c, const double *x, const double *y, int64_t n, unsigned char what)
{
    int64_t i = 0;
    int before = -1;
    for (int column = 0; column < c->wide; column++) {
        const double at = x[0] + (x[n - 1] - x[0]) * column / (c->wide - 1);
        while (i + 2 < n && x[i + 1] < at) i++;
        const double a = y[i], b = y[i + 1], width = x[i + 1] - x[i];
        const double part = width > 0 ? (at - x[i]) / width : 0;
        const bool is_there = isfinite(a) && isfinite(b);
        const double alone = part < 0.5 ? a : b; /* beside a gap only the point itself */
        if (!is_there && !(isfinite(alone) && fabs(part - (part < 0.5 ? 0 : 1)) < 0.25)) {
            before = -1;
            continue;
        }
        const int row = dot_row(c, is_there ? a + fmin(fmax(part, 0), 1) * (b - a) : alone);
        const int step = before < row ? 1 : -1;
        for (int r = before < 0 ? row : before + (before == row ? 0 : step); r != row; r += step)
            set(c, column, r, what);
        set(c, column, row, what);
        before = row;
    }
}

/* UTF-8 of the braille character of a cell. */
static void put_braille(const canvas *c, int row, int column)
{
    static const unsigned char bits[4][2] = {{1, 8}, {2, 16}, {4, 32}, {64, 128}};
    unsigned mask = 0;
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 2; x++)
            if (c->dots[row * 4 + y][column * 2 + x] != 0) mask |= bits[y][x];
    if (mask == 0)
        putchar(' ');
    else
        printf("\xe2%c%c", (int)(0xa0 + (mask >> 6)), (int)(0x80 + (mask & 63)));
}

static void put_letter(const canvas *c, int row, int column)
{
    const unsigned char d = c->dots[row][column];
    putchar(d & VALID ? 'o' : d & TRAIN ? '.' : d & BEST ? '|' : ' ');
}

static void put_rows(const canvas *c, double low, double high)
{
    for (int row = 0; row < ROWS; row++) {
        char label[CLI_NUMBER_CAPACITY] = "";
        if (row == 0) cli_show_number(high, DIGITS, label);
        if (row == ROWS - 1) cli_show_number(low, DIGITS, label);
        printf("%*s |", LEFT - 2, label);
        int last = c->columns;
        for (; last > 0; last--) {
            bool any = false;
            for (int k = 0; k < c->per_x * c->per_y; k++)
                any |=
                    c->dots[row * c->per_y + k / c->per_x][(last - 1) * c->per_x + k % c->per_x] !=
                    0;
            if (any) break;
        }
        for (int column = 0; column < last; column++)
            (c->per_x > 1 ? put_braille : put_letter)(c, row, column);
        putchar('\n');
    }
}

/* The ends of x, and the best between them where there is room. */
static void put_axis(const canvas *c, const double *x, int64_t n, double best, int column)
{
    char first[CLI_NUMBER_CAPACITY], last[CLI_NUMBER_CAPACITY], middle[CLI_NUMBER_CAPACITY + 8];
    char number[CLI_NUMBER_CAPACITY], line[MOST_COLUMNS + 1];
    memset(line, ' ', sizeof line);
    cli_show_number(x[0], DIGITS, first);
    cli_show_number(x[n - 1], DIGITS, last);
    const int n_first = (int)strlen(first), n_last = (int)strlen(last);
    memcpy(line, first, (size_t)n_first);
    memcpy(line + c->columns - n_last, last, (size_t)n_last);
    if (isfinite(best)) {
        const int n_middle =
            snprintf(middle, sizeof middle, "^ best %s", cli_show_number(best, DIGITS, number));
        const int from = column + n_middle <= c->columns - n_last - 1 ? column : -1;
        if (from > n_first) memcpy(line + from, middle, (size_t)n_middle);
    }
    printf("%*s%.*s\n", LEFT, "", c->columns, line);
}

void cli_chart_print(const double *x, const double *train, const double *valid, int64_t n,
                     double best)
{
    static canvas c;
    double low = NAN, high = NAN;
    widen(train, n, &low, &high);
    widen(valid, n, &low, &high);
    if (n < 2 || !(high > low) || !(x[n - 1] > x[0])) return;
    memset(&c, 0, sizeof c);
    c.columns = cli_width() - LEFT - 1 < MOST_COLUMNS ? cli_width() - LEFT - 1 : MOST_COLUMNS;
    c.per_x = is_utf8() ? 2 : 1;
    c.per_y = is_utf8() ? 4 : 1;
    c.wide = c.columns * c.per_x;
    c.high = ROWS * c.per_y;
    c.is_log = low > 0 && high / low > WIDE;
    c.low = height(&c, low);
    c.high_value = height(&c, high);
    int column = 0;
    if (isfinite(best)) {
        const double part = (best - x[0]) / (x[n - 1] - x[0]);
        column = (int)(fmin(fmax(part, 0), 1) * (c.wide - 1) + 0.5);
        for (int y = 0; y < c.high; y++) set(&c, column, y, BEST);
    }
    draw(&c, x, train, n, TRAIN);
    draw(&c, x, valid, n, VALID);
    put_rows(&c, low, high);
    put_axis(&c, x, n, best, column / c.per_x);
}
