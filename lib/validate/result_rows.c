/* result_rows.c - small tables of results, filled row by row and turned into columns at the end.
 * Not for data: a cell costs more than a number. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "data/table_impl.h"
#include "validate/result_rows.h"

struct mlsd__row_cell {
    double number;
    int64_t whole;
    char *text;
};

void mlsd__rows_init(mlsd__rows *r, const mlsd__allocator *a, const mlsd__row_column *columns,
                     int64_t n_columns)
{
    *r = (mlsd__rows){.allocator = a, .columns = columns, .n_columns = n_columns};
}

void mlsd__rows_free(mlsd__rows *r)
{
    for (int64_t i = 0; i < r->n_cells; i++) mlsd__free(r->allocator, r->cells[i].text);
    if (r->cells != NULL) mlsd__free(r->allocator, r->cells);
    r->cells = NULL;
    r->n_cells = r->capacity = 0;
}

static void put(mlsd__rows *r, struct mlsd__row_cell cell, mlsd_column_type type)
{
    if (r->status == MLSD_OK && r->columns[r->n_cells % r->n_columns].type != type) {
        r->status =
            mlsd__fail(MLSD_E_INTERNAL, "column '%s' of a result got a cell of another type",
                       r->columns[r->n_cells % r->n_columns].name);
    }
    if (r->status == MLSD_OK) {
        void *cells = r->cells;
        r->status =
            mlsd__reserve(r->allocator, &cells, &r->capacity, r->n_cells + 1, sizeof *r->cells);
        r->cells = cells;
    }
    if (r->status != MLSD_OK) {
        mlsd__free(r->allocator, cell.text);
        return;
    }
    r->cells[r->n_cells++] = cell;
}

void mlsd__rows_f64(mlsd__rows *r, double value)
{
    put(r, (struct mlsd__row_cell){.number = value}, MLSD_COLUMN_F64);
}

void mlsd__rows_i64(mlsd__rows *r, int64_t value)
{
    put(r, (struct mlsd__row_cell){.whole = value}, MLSD_COLUMN_I64);
}

void mlsd__rows_str(mlsd__rows *r, const char *text)
{
    char *copy = text != NULL ? mlsd__strdup(r->allocator, text) : NULL;
    if (text != NULL && copy == NULL && r->status == MLSD_OK) r->status = MLSD_E_NOMEM;
    put(r, (struct mlsd__row_cell){.text = copy}, MLSD_COLUMN_CATEGORY);
}

static mlsd_status set_column(const mlsd__rows *r, int64_t j, int64_t n, void *scratch,
                              mlsd_table *table)
{
    const mlsd__row_column *column = &r->columns[j];
    const struct mlsd__row_cell *cell = n > 0 ? r->cells + j : NULL;
    const int64_t step = r->n_columns;
    if (column->type == MLSD_COLUMN_F64) {
        double *values = scratch;
        for (int64_t i = 0; i < n; i++) values[i] = cell[i * step].number;
        return mlsd_table_set_f64(table, column->name, values, n);
    }
    if (column->type == MLSD_COLUMN_I64) {
        int64_t *values = scratch;
        for (int64_t i = 0; i < n; i++) values[i] = cell[i * step].whole;
        return mlsd_table_set_i64(table, column->name, values, n);
    }
    const char **values = scratch;
    for (int64_t i = 0; i < n; i++) values[i] = cell[i * step].text;
    return mlsd_table_set_str(table, column->name, values, n);
}

mlsd_status mlsd__rows_to_table(mlsd__rows *r, mlsd_table **out)
{
    _Static_assert(sizeof(double) == sizeof(int64_t) && sizeof(char *) <= sizeof(int64_t),
                   "one scratch serves all types");
    *out = NULL;
    /* No column at all: the list of columns could not be made, as the status says. */
    const int64_t n = r->n_columns > 0 ? r->n_cells / r->n_columns : 0;
    void *scratch = NULL;
    mlsd_table *table = NULL;
    mlsd_status status = r->status;
    if (status == MLSD_OK) {
        scratch = mlsd__alloc(r->allocator, n, sizeof(int64_t));
        status = scratch == NULL ? MLSD_E_NOMEM : mlsd__table_new(r->allocator, &table);
    }
    for (int64_t j = 0; j < r->n_columns && status == MLSD_OK; j++) {
        status = set_column(r, j, n, scratch, table);
    }
    mlsd__free(r->allocator, scratch);
    mlsd__rows_free(r);
    if (status == MLSD_OK) {
        *out = table;
    } else {
        mlsd_table_free(table);
    }
    return status;
}
