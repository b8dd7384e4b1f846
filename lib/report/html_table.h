/* html_table.h - reading a result's tables for the report, and writing tables as HTML. */
#ifndef MLSD_REPORT_HTML_TABLE_H
#define MLSD_REPORT_HTML_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "mlsd/result.h"

/* A table of the result, or NULL where there is none. */
const mlsd_table *mlsd__report_table(const mlsd_result *r, const char *name);
/* A number or text of the result; NaN and "" where there is none. */
double mlsd__report_number(const mlsd_result *r, const char *name);
const char *mlsd__report_text(const mlsd_result *r, const char *name);

/* A cell by the column's name: NaN and NULL where there is none. */
double mlsd__cell_number(const mlsd_table *t, const char *column, int64_t row);
const char *mlsd__cell_text(const mlsd_table *t, const char *column, int64_t row);

/* A column to show: its name in the table and the heading. Columns of another table are times, or
 * what times decide (1 is a tick), in cells of the class "time". */
typedef struct mlsd__html_column {
    const char *name, *heading;
    const mlsd_table *from; /* NULL: the table itself; else another of the same rows (timings) */
} mlsd__html_column;

/* Write a table's first rows, and how many more there are; columns that the table does not have are
 * left out. Rows whose `strong` column is 1 stand out (NULL for none). */
void mlsd__html_table(mlsd__text *out, const mlsd_table *t, const mlsd__html_column *columns,
                      int64_t n_columns, const char *strong);

#endif
