/* html_table.c - tables of a result as HTML. */
#include "report/html_table.h"

#include <math.h>
#include <string.h>

#include "report/svg.h"
#include "validate/result_impl.h"
#include "validate/words.h"

enum { MOST_ROWS = 1000 };

static const mlsd__entry *find_entry(const mlsd_result *r, const char *name, mlsd__entry_type type)
{
    for (int64_t i = 0; i < r->n_entries; i++) {
        const mlsd__entry *e = &r->entries[i];
        if (e->type == type && strcmp(e->name, name) == 0) return e;
    }
    return NULL;
}

const mlsd_table *mlsd__report_table(const mlsd_result *r, const char *name)
{
    const mlsd__entry *e = find_entry(r, name, MLSD__ENTRY_TABLE);
    return e != NULL && mlsd_table_n_rows(e->table) > 0 ? e->table : NULL;
}

double mlsd__report_number(const mlsd_result *r, const char *name)
{
    const mlsd__entry *e = find_entry(r, name, MLSD__ENTRY_NUMBER);
    return e != NULL ? e->number : NAN;
}

const char *mlsd__report_text(const mlsd_result *r, const char *name)
{
    const mlsd__entry *e = find_entry(r, name, MLSD__ENTRY_TEXT);
    return e != NULL ? e->text : "";
}

static int64_t find_column(const mlsd_table *t, const char *name)
{
    for (int64_t i = 0; t != NULL && i < mlsd_table_n_columns(t); i++) {
        if (strcmp(mlsd_table_name(t, i), name) == 0) return i;
    }
    return -1;
}

double mlsd__cell_number(const mlsd_table *t, const char *column, int64_t row)
{
    const int64_t c = find_column(t, column);
    double value = NAN;
    if (c >= 0) (void)mlsd_table_get_f64(t, c, row, 1, &value);
    return value;
}

const char *mlsd__cell_text(const mlsd_table *t, const char *column, int64_t row)
{
    const int64_t c = find_column(t, column);
    return c >= 0 ? mlsd_table_get_str(t, c, row) : NULL;
}

static bool is_text(const mlsd_table *t, const char *column)
{
    return mlsd_table_type(t, find_column(t, column)) == MLSD_COLUMN_CATEGORY;
}

/* A text, among which drawn values of parameters are. */
static void write_text(mlsd__text *out, const char *text)
{
    mlsd__text shown;
    mlsd__text_init(&shown, out->allocator);
    mlsd__words_value(&shown, text);
    if (shown.status != MLSD_OK)
        out->status = shown.status;
    else
        mlsd__html_text(out, *text != '\0' ? shown.data : "");
    mlsd__text_free(&shown);
}

static void write_cell(mlsd__text *out, const mlsd_table *t, const char *column, int64_t row,
                       bool is_time)
{
    if (is_time && mlsd_table_type(t, find_column(t, column)) == MLSD_COLUMN_I64) {
        mlsd__text_append(out, "<td class=\"number time\">");
        if (mlsd__cell_number(t, column, row) == 1) mlsd__text_append(out, "\xe2\x9c\x93");
    } else if (is_time) {
        mlsd__text_append(out, "<td class=\"number time\">");
        mlsd__html_time(out, mlsd__cell_number(t, column, row));
    } else if (!is_text(t, column)) {
        mlsd__text_append(out, "<td class=\"number\">");
        mlsd__html_number(out, mlsd__cell_number(t, column, row));
    } else {
        const char *text = mlsd__cell_text(t, column, row);
        mlsd__text_append(out, "<td>");
        write_text(out, text != NULL ? text : "");
    }
    mlsd__text_append(out, "</td>");
}

void mlsd__html_table(mlsd__text *out, const mlsd_table *t, const mlsd__html_column *columns,
                      int64_t n_columns, const char *strong)
{
    mlsd__text_append(out, "<div class=\"scroll\"><table>\n<tr>");
    for (int64_t c = 0; c < n_columns; c++) {
        const mlsd_table *from = columns[c].from != NULL ? columns[c].from : t;
        if (find_column(from, columns[c].name) < 0) continue;
        mlsd__text_append(out, is_text(from, columns[c].name) ? "<th>" : "<th class=\"number\">");
        mlsd__html_text(out, columns[c].heading);
        mlsd__text_append(out, "</th>");
    }
    mlsd__text_append(out, "</tr>\n");
    const int64_t n = mlsd_table_n_rows(t), n_shown = n < MOST_ROWS ? n : MOST_ROWS;
    for (int64_t i = 0; i < n_shown; i++) {
        const bool stands_out = strong != NULL && mlsd__cell_number(t, strong, i) == 1;
        mlsd__text_append(out, stands_out ? "<tr class=\"strong\">" : "<tr>");
        for (int64_t c = 0; c < n_columns; c++) {
            const mlsd_table *from = columns[c].from != NULL ? columns[c].from : t;
            if (find_column(from, columns[c].name) >= 0)
                write_cell(out, from, columns[c].name, i, from != t);
        }
        mlsd__text_append(out, "</tr>\n");
    }
    mlsd__text_append(out, "</table></div>\n");
    if (n > n_shown)
        mlsd__text_format(out, "<p class=\"soft\">and %lld more rows in the result</p>\n",
                          (long long)(n - n_shown));
}
