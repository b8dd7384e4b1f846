/* cli_slices.c - slices in a terminal, of an experiment's test part and of mlsd slices: a dot in
 * its interval for each, all on one axis. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

enum { CELLS = 26, MOST_SLICES = 40, TEXT = 512 };

/* What is drawn: the rows of one metric. */
typedef struct scene {
    const mlsd_table *table;
    const char *metric, *worst, *worst_control, *p;
    double overall, direction;
} scene;

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

/* All rows of the metric, or where they are too many the worst ones that can be judged; in the
 * table's order. */
static int64_t choose_rows(const scene *s, int64_t *out_n, place *out)
{
    const mlsd_table *const t = s->table;
    const double sign = s->direction > 0 ? -1 : 1;
    int64_t n = 0, metric;
    const bool is_only = mlsd_table_find(t, "metric", &metric) != MLSD_OK;
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        if (!is_only && strcmp(cli_cell_text(t, "metric", i), s->metric) != 0) continue;
        const double value = cli_cell_number(t, "value", i);
        const bool is_judged = is_ok(t, i) && isfinite(value);
        out[n++] = (place){i, is_judged ? sign * value : cli_cell_number(t, "n", i) - UNJUDGED};
    }
    *out_n = n;
    if (n <= MOST_SLICES) return n;
    qsort(out, (size_t)n, sizeof *out, by_badness);
    qsort(out, MOST_SLICES, sizeof *out, by_row);
    return MOST_SLICES;
}

/* "sex = F and dept = A", of a few levels alone "F, A"; behind it what it is among. */
static void set_name(cli_grid *g, int64_t line, const scene *s, int64_t row, bool is_short)
{
    const mlsd_table *const t = s->table;
    char name[TEXT], marked[TEXT + 300];
    const char *control = cli_cell_text(t, "control", row);
    const char *const slice = cli_cell_text(t, "slice", row);
    const char *const level = cli_cell_text(t, "level", row);
    if (*slice != '\0')
        snprintf(name, sizeof name, "%.400s", slice);
    else
        snprintf(name, sizeof name, "%.200s = %.200s", cli_cell_text(t, "column", row), level);
    const bool is_worst = strcmp(s->worst, name) == 0 && strcmp(s->worst_control, control) == 0;
    const bool is_crossed = strchr(cli_cell_text(t, "column", row), ',') != NULL;
    const char *const equals = strstr(control, " = ");
    if (is_short && equals != NULL && strstr(equals + 1, " = ") == NULL) control = equals + 3;
    snprintf(marked, sizeof marked, "%c %s%s%.200s", is_worst ? '>' : ' ',
             is_short && is_crossed ? level : name, *control != '\0' ? " | " : "", control);
    cli_grid_set(g, line, 0, marked);
}

static void set_row(cli_grid *g, int64_t line, const scene *s, int64_t row, const axis *x)
{
    const mlsd_table *const t = s->table;
    char text[CLI_NUMBER_CAPACITY], picture[CELLS + 1];
    set_name(g, line, s, row, false);
    snprintf(text, sizeof text, "%.0f", cli_cell_number(t, "n", row));
    cli_grid_set(g, line, 1, text);
    cli_grid_set(g, line, 2, cli_show_number(cli_cell_number(t, "value", row), 4, text));
    draw(t, row, x, picture);
    cli_grid_set(g, line, 3, picture);
    cli_grid_set(g, line, 4,
                 is_ok(t, row) ? cli_show_number(cli_cell_number(t, s->p, row), 3, text)
                               : cli_cell_text(t, "status", row));
}

/* Names of which only the end differs must not lose it: crossed groups that do not fit are named by
 * their levels, and what still does not fit loses its middle. */
static void fit_names(cli_grid *g, const scene *s, const place *rows, int64_t n)
{
    int widest = 0;
    if (cli_grid_width(g) <= cli_width()) return;
    for (int64_t i = 0; i < n; i++) set_name(g, i + 1, s, rows[i].row, true);
    for (int64_t i = 0; i <= n; i++) {
        const int width = cli_characters(g->cells[i * g->n_columns]);
        if (width > widest) widest = width;
    }
    const int room = widest - (cli_grid_width(g) - cli_width());
    for (int64_t i = 1; i <= n; i++) cli_cut_middle(g->cells[i * g->n_columns], room);
}

static void print_rows(const scene *s, const place *rows, int64_t n)
{
    const mlsd_table *const t = s->table;
    axis x = {NAN, NAN, s->overall};
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
    const char *const headings[] = {"  slice", "rows", s->metric, ends, "p"};
    for (int c = 0; c < g.n_columns; c++) cli_grid_set(&g, 0, c, headings[c]);
    for (int64_t i = 0; i < n; i++) set_row(&g, i + 1, s, rows[i].row, &x);
    fit_names(&g, s, rows, n);
    cli_grid_print(&g, cli_width());
    cli_grid_free(&g);
}

static void print_scene(const scene *s, const char *file)
{
    int64_t n = 0;
    place *const rows = malloc((size_t)(mlsd_table_n_rows(s->table) + 1) * sizeof *rows);
    if (rows == NULL) return;
    const int64_t n_shown = choose_rows(s, &n, rows);
    print_rows(s, rows, n_shown);
    if (n_shown < n)
        printf("  the worst %lld of %lld slices; %s has all\n", (long long)n_shown, (long long)n,
               file);
    free(rows);
}

void cli_print_slices(const mlsd_result *r)
{
    const mlsd_table *const t = cli_result_table(r, "slices");
    if (t == NULL) return;
    int64_t adjusted;
    const bool has = mlsd_table_find(t, "p_adjusted", &adjusted) == MLSD_OK;
    const scene s = {t,
                     cli_result_text(r, "metric"),
                     cli_result_text(r, "slices.worst"),
                     "",
                     has ? "p_adjusted" : "p_value",
                     cli_result_number(r, "test.value"),
                     cli_result_number(r, "direction")};
    printf("\nslices of the test part; > is worst; o score, --- %g %% interval, | all rows\n",
           100 * cli_result_number(r, "level"));
    print_scene(&s, "result.json");
}

/* What a metric is in words, without how its interval is made. */
static void print_meaning(const char *metric)
{
    char line[TEXT];
    const mlsd_kind *const kind = mlsd_kind_find(metric);
    if (kind == NULL) return;
    const char *const doc = mlsd_kind_doc(kind);
    snprintf(line, sizeof line, "%s: %.*s", metric, (int)strcspn(doc, ";"), doc);
    cli_print_wrapped(line, 2);
}

static void print_legend(const mlsd_result *r, const char *against)
{
    char line[TEXT];
    const bool is_complement = strcmp(against, "complement") == 0;
    snprintf(line, sizeof line,
             "o value, --- %g %% interval, | all rows, > worst; p: how easily chance alone makes "
             "such a difference to %.100s, corrected for all groups",
             100 * cli_result_number(r, "level"),
             is_complement ? "the rows outside the group" : against);
    cli_print_wrapped(line, 0);
}

void cli_print_slice_metrics(const mlsd_result *r)
{
    const mlsd_table *const t = cli_result_table(r, "slices");
    const mlsd_table *const overall = cli_result_table(r, "overall");
    if (t == NULL || overall == NULL) return;
    print_legend(r, cli_cell_text(t, "against", 0));
    for (int64_t i = 0; i < mlsd_table_n_rows(overall); i++) {
        const char *const metric = cli_cell_text(overall, "metric", i);
        if (i > 0 &&
            strcmp(cli_cell_text(overall, "control", i), cli_cell_text(overall, "control", 0)) != 0)
            break; /* the metrics again, in the next control cell */
        const bool has_one = *cli_cell_text(overall, "control", i) == '\0';
        const scene s = {t,
                         metric,
                         i == 0 ? cli_result_text(r, "worst") : "",
                         i == 0 ? cli_result_text(r, "worst_control") : "",
                         "p_adjusted",
                         has_one ? cli_cell_number(overall, "value", i) : (double)NAN,
                         mlsd_metric_direction(metric)};
        putchar('\n');
        print_meaning(metric);
        print_scene(&s, "--json");
    }
}
