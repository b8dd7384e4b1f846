/* cli_slices.c - the slices of the test part in a terminal: a dot in its interval for each, all on
 * one axis. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

enum { CELLS = 26, MOST_SLICES = 40, TEXT = 512 };

typedef struct axis {
    double low, high, overall;
} axis;

static void widen(axis *x, double value)
{
    if (!isfinite(value)) return;
    if (!(value >= x->low)) x->low = value;
    if (!(value <= x->high)) x->high = value;
}

static int cell_of(const axis *x, double value)
{
    const int cell = (int)((value - x->low) / (x->high - x->low) * (CELLS - 1) + 0.5);
    return cell < 0 ? 0 : cell >= CELLS ? CELLS - 1 : cell;
}

static void draw(const mlsd_table *t, int64_t row, const axis *x, char out[CELLS + 1])
{
    memset(out, ' ', CELLS);
    out[CELLS] = '\0';
    if (!(x->high > x->low)) return;
    const double value = cli_cell_number(t, "value", row);
    const double from = cli_cell_number(t, "low", row), to = cli_cell_number(t, "high", row);
    if (isfinite(x->overall)) out[cell_of(x, x->overall)] = '|';
    if (isfinite(from) && isfinite(to))
        for (int i = cell_of(x, from); i <= cell_of(x, to); i++) out[i] = '-';
    if (isfinite(value)) out[cell_of(x, value)] = 'o';
}

/* Both ends of the axis over the pictures. */
static void draw_axis(const axis *x, char out[CELLS + 1])
{
    char low[CLI_NUMBER_CAPACITY], high[CLI_NUMBER_CAPACITY];
    snprintf(out, CELLS + 1, "%-*s%*s", CELLS / 2, cli_show_number(x->low, 3, low), CELLS / 2,
             cli_show_number(x->high, 3, high));
}

static bool is_ok(const mlsd_table *t, int64_t row)
{
    return strcmp(cli_cell_text(t, "status", row), "ok") == 0;
}

typedef struct place {
    int64_t row;
    double badness;
} place;

/* Slices that cannot be judged come after the others, those with more rows first. */
static const double UNJUDGED = 1e15;

static int by_badness(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->badness != y->badness) return x->badness < y->badness ? 1 : -1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static int by_row(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->row < y->row ? -1 : x->row > y->row;
}

/* All rows, or where they are too many the worst ones that can be judged; in the table's order. */
static int64_t choose_rows(const mlsd_result *r, const mlsd_table *t, place *out)
{
    const int64_t n = mlsd_table_n_rows(t);
    const double sign = cli_result_number(r, "direction") > 0 ? -1 : 1;
    for (int64_t i = 0; i < n; i++) {
        const double value = cli_cell_number(t, "value", i);
        const bool is_judged = is_ok(t, i) && isfinite(value);
        out[i] = (place){i, is_judged ? sign * value : cli_cell_number(t, "n", i) - UNJUDGED};
    }
    if (n <= MOST_SLICES) return n;
    qsort(out, (size_t)n, sizeof *out, by_badness);
    qsort(out, MOST_SLICES, sizeof *out, by_row);
    return MOST_SLICES;
}

static void set_row(cli_grid *g, int64_t line, const mlsd_result *r, const mlsd_table *t,
                    int64_t row, const axis *x)
{
    char name[TEXT], text[CLI_NUMBER_CAPACITY], picture[CELLS + 1];
    const char *status = cli_cell_text(t, "status", row);
    snprintf(name, sizeof name, "%.200s = %.200s", cli_cell_text(t, "column", row),
             cli_cell_text(t, "level", row));
    const bool is_worst = strcmp(cli_result_text(r, "slices.worst"), name) == 0;
    snprintf(name, sizeof name, "%c %.200s = %.200s", is_worst ? '>' : ' ',
             cli_cell_text(t, "column", row), cli_cell_text(t, "level", row));
    cli_grid_set(g, line, 0, name);
    snprintf(text, sizeof text, "%.0f", cli_cell_number(t, "n", row));
    cli_grid_set(g, line, 1, text);
    cli_grid_set(g, line, 2, cli_show_number(cli_cell_number(t, "value", row), 4, text));
    draw(t, row, x, picture);
    cli_grid_set(g, line, 3, picture);
    cli_grid_set(g, line, 4,
                 is_ok(t, row) ? cli_show_number(cli_cell_number(t, "p_value", row), 3, text)
                               : status);
}

static void print_rows(const mlsd_result *r, const mlsd_table *t, const place *rows, int64_t n)
{
    axis x = {NAN, NAN, cli_result_number(r, "test.value")};
    for (int64_t i = 0; i < n; i++) {
        widen(&x, cli_cell_number(t, "value", rows[i].row));
        widen(&x, cli_cell_number(t, "low", rows[i].row));
        widen(&x, cli_cell_number(t, "high", rows[i].row));
    }
    widen(&x, x.overall);
    cli_grid g;
    if (!cli_grid_make(&g, n + 1, "lrrll")) return;
    char ends[CELLS + 1];
    draw_axis(&x, ends);
    const char *const headings[] = {"  slice", "rows", cli_result_text(r, "metric"), ends, "p"};
    for (int c = 0; c < g.n_columns; c++) cli_grid_set(&g, 0, c, headings[c]);
    for (int64_t i = 0; i < n; i++) set_row(&g, i + 1, r, t, rows[i].row, &x);
    cli_grid_print(&g, cli_width());
    cli_grid_free(&g);
}

void cli_print_slices(const mlsd_result *r)
{
    const mlsd_table *t = cli_result_table(r, "slices");
    if (t == NULL) return;
    const int64_t n = mlsd_table_n_rows(t);
    place *rows = malloc((size_t)n * sizeof *rows);
    if (rows == NULL) return;
    puts("\nslices of the test part; > is worst; o score, --- 95 % interval, | all rows");
    const int64_t n_shown = choose_rows(r, t, rows);
    print_rows(r, t, rows, n_shown);
    if (n_shown < n)
        printf("  the worst %lld of %lld slices; result.json has all\n", (long long)n_shown,
               (long long)n);
    free(rows);
}
