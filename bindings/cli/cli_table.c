/* cli_table.c - any table of a result in a terminal of 80 columns. What a table means is not known
 * here; its columns are named alike in all results, and that is gone by. */
#include "cli_table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

enum { MOST_ROWS = 30, NAME = 128, CELL = 128, DIGITS = 4, WIDEST_TEXT = 40 };

/* A column of the grid: one of the table's, or the two ends of an interval. */
typedef struct shown {
    int64_t column, high; /* high: -1, or the upper end beside the lower */
    char heading[NAME];
} shown;

static bool ends_with(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

/* The column of the name with another ending; -1 without. */
static int64_t partner(const mlsd_table *t, const char *name, const char *end, const char *other)
{
    char wanted[NAME];
    snprintf(wanted, sizeof wanted, "%.*s%s", (int)(strlen(name) - strlen(end)), name, other);
    for (int64_t c = 0; c < mlsd_table_n_columns(t); c++) {
        if (strcmp(mlsd_table_name(t, c), wanted) == 0) return c;
    }
    return -1;
}

static void format_value(const mlsd_table *t, int64_t column, int64_t row, char out[CELL])
{
    double value = NAN;
    char number[CLI_NUMBER_CAPACITY];
    if (mlsd_table_type(t, column) == MLSD_COLUMN_CATEGORY) {
        const char *text = mlsd_table_get_str(t, column, row);
        cli_show_text(text != NULL ? text : "", DIGITS, WIDEST_TEXT, out, CELL);
        return;
    }
    (void)mlsd_table_get_f64(t, column, row, 1, &value);
    snprintf(out, CELL, "%s", isnan(value) ? "" : cli_show_number(value, DIGITS, number));
}

/* Nothing, or "ok", in every row. */
static bool says_nothing(const mlsd_table *t, int64_t column)
{
    char cell[CELL];
    for (int64_t i = 0; i < mlsd_table_n_rows(t); i++) {
        format_value(t, column, i, cell);
        if (*cell != '\0' && strcmp(cell, "ok") != 0) return false;
    }
    return true;
}

/* What comes with other columns, or is shown by a mark. */
static bool is_extra(const mlsd_table *t, const char *name)
{
    static const char *const words[] = {"chosen", "within", "n_failed"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(name, words[i]) == 0) return true;
    if (ends_with(name, ".pooled")) return partner(t, name, "pooled", "mean") >= 0;
    if (ends_with(name, "high") && partner(t, name, "high", "low") >= 0) return true;
    return ends_with(name, "se") && partner(t, name, "se", "low") >= 0;
}

static int choose_columns(const mlsd_table *t, shown out[CLI_GRID_COLUMNS], int64_t *n_wanted)
{
    int n = 0;
    *n_wanted = 0;
    for (int64_t c = 0; c < mlsd_table_n_columns(t); c++) {
        const char *name = mlsd_table_name(t, c);
        if (is_extra(t, name) || says_nothing(t, c)) continue;
        if (++*n_wanted > CLI_GRID_COLUMNS) continue;
        shown *s = &out[n++];
        *s = (shown){.column = c, .high = -1};
        if (ends_with(name, "low")) s->high = partner(t, name, "low", "high");
        snprintf(s->heading, sizeof s->heading, "%.24s",
                 s->high >= 0 && (ends_with(name, ".low") || strcmp(name, "low") == 0) ? "interval"
                                                                                       : name);
    }
    return n;
}

static bool is_text(const mlsd_table *t, const shown *s)
{
    return mlsd_table_type(t, s->column) == MLSD_COLUMN_CATEGORY;
}

/* The rows that are shown, in their order: all, or of a long table with ranks the best. */
static int64_t choose_rows(const mlsd_table *t, int64_t rows[MOST_ROWS], bool *are_best)
{
    const int64_t n = mlsd_table_n_rows(t);
    int64_t n_shown = 0;
    *are_best = false;
    for (int64_t i = 0; n > MOST_ROWS && i < n && n_shown < MOST_ROWS; i++)
        if (cli_cell_number(t, "rank", i) <= MOST_ROWS) rows[n_shown++] = i;
    if (n_shown > 0) {
        *are_best = true;
        return n_shown;
    }
    while (n_shown < n && n_shown < MOST_ROWS) rows[n_shown] = n_shown, n_shown++;
    return n_shown;
}

static bool fill(cli_grid *g, const mlsd_table *t, const shown *columns, int n, const int64_t *rows,
                 int64_t n_rows)
{
    char alignment[CLI_GRID_COLUMNS + 1] = "", cell[CELL], text[CELL + 2];
    for (int c = 0; c < n; c++)
        alignment[c] = is_text(t, &columns[c]) || columns[c].high >= 0 ? 'l' : 'r';
    if (!cli_grid_make(g, n_rows + 1, alignment)) return false;
    for (int c = 0; c < n; c++) {
        snprintf(text, sizeof text, "%s%s", c == 0 ? "  " : "", columns[c].heading);
        cli_grid_set(g, 0, c, text);
        for (int64_t i = 0; i < n_rows; i++) {
            const int64_t row = rows[i];
            if (columns[c].high >= 0) {
                double low = NAN, high = NAN;
                (void)mlsd_table_get_f64(t, columns[c].column, row, 1, &low);
                (void)mlsd_table_get_f64(t, columns[c].high, row, 1, &high);
                cli_show_interval(low, high, DIGITS, cell);
            } else {
                format_value(t, columns[c].column, row, cell);
            }
            const char mark = cli_cell_number(t, "chosen", row) == 1 ? '>' : ' ';
            snprintf(text, sizeof text, "%.2s%s", c == 0 ? (char[]){mark, ' ', '\0'} : "", cell);
            cli_grid_set(g, i + 1, c, text);
        }
    }
    return true;
}

void cli_table_print(const char *heading, const mlsd_table *t)
{
    shown columns[CLI_GRID_COLUMNS];
    int64_t n_wanted;
    const int n_most = choose_columns(t, columns, &n_wanted);
    int64_t rows[MOST_ROWS];
    bool are_best;
    const int64_t n_more = mlsd_table_n_rows(t) - choose_rows(t, rows, &are_best);
    const int64_t n_rows = mlsd_table_n_rows(t) - n_more;
    printf("\n%s\n", heading);
    for (int n_columns = n_most; n_columns > 0; n_columns--) {
        cli_grid g;
        if (!fill(&g, t, columns, n_columns, rows, n_rows)) return;
        const bool fits = cli_grid_width(&g) <= cli_width() || n_columns == 1;
        if (fits) cli_grid_print(&g, cli_width());
        cli_grid_free(&g);
        if (!fits) continue;
        if (n_more > 0)
            printf("  and %lld more row%s%s\n", (long long)n_more, n_more > 1 ? "s" : "",
                   are_best ? ", which rank behind these" : "");
        const int64_t n_left = n_wanted - n_columns;
        if (n_left > 0)
            printf("  and %lld more column%s in the result\n", (long long)n_left,
                   n_left > 1 ? "s" : "");
        return;
    }
}
