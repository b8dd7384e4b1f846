/* result_rows.h - growing a table of results row by row. */
#ifndef MLSD_VALIDATE_RESULT_ROWS_H
#define MLSD_VALIDATE_RESULT_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "mlsd/table.h"
#include "base/memory.h"

typedef struct mlsd__row_column {
    const char *name; /* static */
    mlsd_column_type type;
} mlsd__row_column;

/* A table whose columns are known and whose rows come one by one. The first failure sticks in
 * `status`; every cell of a row is put, in the order of the columns. */
typedef struct mlsd__rows {
    const mlsd__allocator *allocator;
    const mlsd__row_column *columns;
    int64_t n_columns, n_cells, capacity;
    struct mlsd__row_cell *cells;
    mlsd_status status;
} mlsd__rows;

void mlsd__rows_init(mlsd__rows *r, const mlsd__allocator *a, const mlsd__row_column *columns,
                     int64_t n_columns);
void mlsd__rows_free(mlsd__rows *r);
void mlsd__rows_f64(mlsd__rows *r, double value);
void mlsd__rows_i64(mlsd__rows *r, int64_t value);
void mlsd__rows_str(mlsd__rows *r, const char *text); /* copied; NULL is missing */

/* Make the table and free the rows, also on failure. */
mlsd_status mlsd__rows_to_table(mlsd__rows *r, mlsd_table **out);

#endif
