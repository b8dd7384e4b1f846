/* cli_folds.c - what mlsd split prints about folds. Columns of the table are chosen so that a line
 * fits into 80 characters; all of them are in mlsd_folds_describe. */
#include "cli_folds.h"

#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_grid.h"
#include "cli_print.h"

enum { MOST_LINES = 40, WIDEST_PICTURE = 160, CELL_CAPACITY = 64 };

static mlsd_status draw_picture(cli_folds_view *view)
{
    int64_t length = 0;
    const int32_t width = cli_width() < WIDEST_PICTURE ? cli_width() : WIDEST_PICTURE;
    const int32_t ascii = strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
    mlsd_status status = mlsd_folds_draw_text(view->context, view->folds, view->dataset, width,
                                              ascii, NULL, 0, &length);
    if (status != MLSD_OK) return status;
    view->picture = malloc((size_t)length + 1);
    if (view->picture == NULL) return MLSD_E_NOMEM;
    return mlsd_folds_draw_text(view->context, view->folds, view->dataset, width, ascii,
                                view->picture, length + 1, NULL);
}

mlsd_status cli_folds_prepare(cli_folds_view *view)
{
    mlsd_status status =
        mlsd_folds_describe(view->context, view->folds, view->dataset, &view->table);
    if (status == MLSD_OK)
        status = mlsd_folds_fingerprint(view->context, view->folds, &view->fingerprint);
    return status == MLSD_OK ? draw_picture(view) : status;
}

void cli_folds_release(cli_folds_view *view)
{
    mlsd_table_free(view->table);
    free(view->picture);
}

/* A column of the grid: which of the table, under which heading. */
typedef struct shown_column {
    int64_t column;
    char heading[CELL_CAPACITY];
    bool is_share;
} shown_column;

static bool is_class(const char *name)
{
    return strncmp(name, "class ", 6) == 0;
}

/* Which columns are shown, from the left. Of two classes the share of one says all; of many the
 * first are shown. */
static int choose_columns(const mlsd_table *t, shown_column out[CLI_GRID_COLUMNS])
{
    int n = 0;
    int64_t n_classes = 0, n_other = 0, n_seen = 0;
    const int64_t n_columns = mlsd_table_n_columns(t);
    for (int64_t c = 0; c < n_columns; c++) {
        const char *name = mlsd_table_name(t, c);
        n_classes += is_class(name);
        n_other +=
            !is_class(name) && strcmp(name, "target_min") != 0 && strcmp(name, "target_max") != 0;
    }
    const int64_t room = CLI_GRID_COLUMNS - n_other;
    for (int64_t c = 0; c < n_columns && n < CLI_GRID_COLUMNS; c++) {
        const char *name = mlsd_table_name(t, c);
        if (strcmp(name, "target_min") == 0 || strcmp(name, "target_max") == 0) continue;
        if (is_class(name)) {
            const int64_t place = n_seen++ - (n_classes == 2);
            if (place < 0 || place >= room) continue;
        }
        shown_column *s = &out[n++];
        s->column = c;
        s->is_share = is_class(name) || strcmp(name, "share") == 0;
        snprintf(s->heading, sizeof s->heading, "%.14s", is_class(name) ? name + 6 : name);
        for (char *h = s->heading; *h != '\0'; h++) *h = *h == '_' && !is_class(name) ? ' ' : *h;
    }
    return n;
}

static void format_cell(const mlsd_table *t, const shown_column *s, int64_t row,
                        char out[CELL_CAPACITY])
{
    double value = 0;
    int64_t whole = 0;
    const mlsd_column_type type = mlsd_table_type(t, s->column);
    if (type == MLSD_COLUMN_CATEGORY) {
        const char *text = mlsd_table_get_str(t, s->column, row);
        snprintf(out, CELL_CAPACITY, "%.20s", text != NULL ? text : "-");
    } else if (type == MLSD_COLUMN_I64 &&
               mlsd_table_get_i64(t, s->column, row, 1, &whole) == MLSD_OK) {
        snprintf(out, CELL_CAPACITY, "%lld", (long long)whole);
    } else if (mlsd_table_get_f64(t, s->column, row, 1, &value) == MLSD_OK) {
        char number[CLI_NUMBER_CAPACITY];
        if (s->is_share)
            snprintf(out, CELL_CAPACITY, "%.1f %%", 100 * value);
        else
            snprintf(out, CELL_CAPACITY, "%s", cli_show_number(value, 4, number));
    }
}

static void print_table(const mlsd_table *t)
{
    shown_column columns[CLI_GRID_COLUMNS];
    char alignment[CLI_GRID_COLUMNS + 1] = "", cell[CELL_CAPACITY];
    const int n_columns = choose_columns(t, columns);
    const int64_t n = mlsd_table_n_rows(t), n_shown = n < MOST_LINES ? n : MOST_LINES;
    for (int c = 0; c < n_columns; c++)
        alignment[c] = mlsd_table_type(t, columns[c].column) == MLSD_COLUMN_CATEGORY ? 'l' : 'r';
    alignment[n_columns] = '\0';
    cli_grid grid;
    if (!cli_grid_make(&grid, n_shown + 1, alignment)) return;
    for (int c = 0; c < n_columns; c++) {
        cli_grid_set(&grid, 0, c, columns[c].heading);
        for (int64_t i = 0; i < n_shown; i++) {
            format_cell(t, &columns[c], i, cell);
            cli_grid_set(&grid, i + 1, c, cell);
        }
    }
    cli_grid_print(&grid, cli_width());
    cli_grid_free(&grid);
    if (n_shown < n) printf("and %lld more\n", (long long)(n - n_shown));
}

void cli_folds_print(const cli_folds_view *view, const char *path)
{
    fputs(view->picture, stdout);
    putchar('\n');
    print_table(view->table);
    printf("\nfingerprint %016llx", (unsigned long long)view->fingerprint);
    if (path == NULL)
        puts("; --out FILE saves the folds");
    else
        printf("; saved in %s\n", path);
}

static const char *part_name(int64_t part, int64_t n_parts, char out[32])
{
    if (part == 0) return "train";
    if (part == n_parts - 1) return "test";
    if (n_parts == 3) return "validation";
    snprintf(out, 32, "part%lld", (long long)part);
    return out;
}

void cli_folds_print_sizes(const mlsd_folds *folds)
{
    char name[32];
    const int64_t n_splits = mlsd_folds_n_splits(folds), n_parts = mlsd_folds_n_parts(folds);
    const int64_t n_shown = n_splits < MOST_LINES ? n_splits : MOST_LINES;
    for (int64_t k = 0; k < n_shown; k++) {
        if (n_splits > 1) fprintf(stderr, "split %lld:", (long long)k);
        for (int64_t p = 0; p < n_parts; p++)
            fprintf(stderr, "%s%s %lld", p == 0 && n_splits == 1 ? "" : " ",
                    part_name(p, n_parts, name), (long long)mlsd_folds_part_size(folds, k, p));
        fputc('\n', stderr);
    }
    if (n_shown < n_splits)
        fprintf(stderr, "and %lld more splits\n", (long long)(n_splits - n_shown));
}
