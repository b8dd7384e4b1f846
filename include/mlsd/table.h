/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/table.h - named, typed columns: what is read from a file and what every analysis hands out.
 *
 * A column is numbers (MLSD_COLUMN_F64, missing is NaN), whole numbers (MLSD_COLUMN_I64, none
 * missing) or categories (MLSD_COLUMN_CATEGORY: int32 codes into a list of texts, missing is -1).
 * Every text column is stored as categories. A table is filled by the _set functions and never
 * changes once it has been handed to something else.
 */
#ifndef MLSD_TABLE_H
#define MLSD_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/matrix.h"
#include "mlsd/spec.h"
#include "mlsd/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlsd_table mlsd_table;

typedef int32_t mlsd_column_type;
enum { MLSD_COLUMN_F64 = 1, MLSD_COLUMN_I64 = 2, MLSD_COLUMN_CATEGORY = 3 };

/* Make a table without columns; the first column sets the number of rows. Since 0.1. */
MLSD_API mlsd_status mlsd_table_new(const mlsd_context *context, mlsd_table **out);

/* A table of MLSD_COLUMN_F64 (I64 for integer matrices) copied from a matrix; names NULL for
 * "x0", "x1", ... Errors: MLSD_E_SHAPE, MLSD_E_ARG. Since 0.1. */
MLSD_API mlsd_status mlsd_table_from_matrix(const mlsd_context *context, const mlsd_matrix *values,
                                            const char *const *names, mlsd_table **out);

/* End a table; NULL is fine. Data sets made from it keep what they need. Since 0.1. */
MLSD_API void mlsd_table_free(mlsd_table *table);

/* Add a column by copying n values, or replace the one of that name. In _str a NULL text is
 * missing. Errors: MLSD_E_SHAPE when n is not the number of rows; MLSD_E_ARG for an empty name or
 * text that is not UTF-8; MLSD_E_DATA past 2^31 - 2 different texts. Since 0.1. */
MLSD_API mlsd_status mlsd_table_set_f64(mlsd_table *table, const char *name, const double *values,
                                        int64_t n);
MLSD_API mlsd_status mlsd_table_set_i64(mlsd_table *table, const char *name, const int64_t *values,
                                        int64_t n);
MLSD_API mlsd_status mlsd_table_set_str(mlsd_table *table, const char *name,
                                        const char *const *values, int64_t n);

/* Rows and columns. Since 0.1. */
MLSD_API int64_t mlsd_table_n_rows(const mlsd_table *table);
MLSD_API int64_t mlsd_table_n_columns(const mlsd_table *table);

/* A column's name and type by position; NULL and 0 when out of range. Since 0.1. */
MLSD_API const char *mlsd_table_name(const mlsd_table *table, int64_t column);
MLSD_API mlsd_column_type mlsd_table_type(const mlsd_table *table, int64_t column);

/* The position of a column. Errors: MLSD_E_COLUMN, with the nearest name. Since 0.1. */
MLSD_API mlsd_status mlsd_table_find(const mlsd_table *table, const char *name, int64_t *out);

/* Copy n values of a column from row `first` on. Categories give their codes, missing -1 as
 * integers and NaN as numbers. Errors: MLSD_E_ARG for rows that are not there; MLSD_E_TYPE for
 * _i64 of an F64 column. Since 0.1. */
MLSD_API mlsd_status mlsd_table_get_f64(const mlsd_table *table, int64_t column, int64_t first,
                                        int64_t n, double *out);
MLSD_API mlsd_status mlsd_table_get_i64(const mlsd_table *table, int64_t column, int64_t first,
                                        int64_t n, int64_t *out);

/* The categories of a column in code order; 0 and NULL where it has none. Since 0.1. */
MLSD_API int64_t mlsd_table_level_count(const mlsd_table *table, int64_t column);
MLSD_API const char *mlsd_table_level_at(const mlsd_table *table, int64_t column, int64_t code);

/* The text of a category cell; NULL where it is missing or the column is not one. Since 0.1. */
MLSD_API const char *mlsd_table_get_str(const mlsd_table *table, int64_t column, int64_t row);

/* One row for each column: column, type, missing, unique (of at most 100,001), min, max, note
 * (what a person should know: "constant", "all missing", ...). Since 0.1. */
MLSD_API mlsd_status mlsd_table_describe(const mlsd_context *context, const mlsd_table *table,
                                         mlsd_table **out);

/* Read a CSV file (RFC 4180; quoted fields, LF or CRLF, byte-order mark). `options` is a spec of
 * kind "csv" or NULL: delimiter, missing markers, ... Types are inferred over the whole file: I64,
 * else F64, else categories ("007" is a number unless `text_columns` names its column). Fields are
 * parsed to the nearest double, 1e400 to infinity. Repeated or empty headers get distinct names.
 * Whatever was renamed or is out of the ordinary is said in the log. Memory: the file is mapped,
 * columns are copied.
 * Errors: MLSD_E_IO (missing, a directory, no permission), MLSD_E_PARSE (ragged row by line
 * number, open quote, bytes that are not UTF-8), MLSD_E_DATA (empty, header only),
 * MLSD_E_CANCELLED. Since 0.1. */
MLSD_API mlsd_status mlsd_table_read_csv(const mlsd_context *context, const char *path,
                                         const mlsd_spec *options, mlsd_table **out);

/* The same from memory; size in bytes. Since 0.1. */
MLSD_API mlsd_status mlsd_table_parse_csv(const mlsd_context *context, const char *text,
                                          size_t size, const mlsd_spec *options, mlsd_table **out);

/* Write a CSV file that reads back to the same values (shortest exact numbers, missing empty;
 * only an empty text reads back as missing, and a column of texts that all look like numbers as
 * numbers).
 * Written beside its place, flushed and renamed. Errors: MLSD_E_IO. Since 0.1. */
MLSD_API mlsd_status mlsd_table_write_csv(const mlsd_table *table, const char *path);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_TABLE_H */
