/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/arrow.h - tables in and out through the Arrow C data and C stream interfaces, so that
 * pandas, Polars, DuckDB and R hand tables over without writing a file.
 *
 * The structs are those of the Arrow specification, "The Arrow C data interface" and "The Arrow C
 * stream interface", format 1.0; this header does not define them again.
 */
#ifndef MLSD_ARROW_H
#define MLSD_ARROW_H

#include <stddef.h>
#include <stdint.h>

#include "mlsd/context.h"
#include "mlsd/export.h"
#include "mlsd/status.h"
#include "mlsd/table.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ArrowSchema;
struct ArrowArray;
struct ArrowArrayStream;

/* Import a struct array (a record batch). float64 columns without nulls and int64 columns without
 * nulls are kept without a copy; other numbers, booleans, dates, times and strings (plain, large,
 * view, dictionary) are converted: whole numbers without nulls to I64, other numbers to F64 with
 * NaN for null, dates and times to numbers of their unit, strings to categories. Columns without a
 * name, or with one that is taken, get one ("column_3", "age_2"). On success array and schema
 * belong to mlsd, which releases them, and are marked released; on failure they are left to the
 * caller. Errors: MLSD_E_TYPE (names the column and its format), MLSD_E_DATA. Since 0.1. */
MLSD_API mlsd_status mlsd_table_import_arrow(const mlsd_context *context, struct ArrowArray *array,
                                             struct ArrowSchema *schema, mlsd_table **out);

/* Import every batch of a stream into one table and release the stream, also on failure.
 * Errors: as above, and MLSD_E_IO with the producer's message. Since 0.1. */
MLSD_API mlsd_status mlsd_table_import_arrow_stream(const mlsd_context *context,
                                                    struct ArrowArrayStream *stream,
                                                    mlsd_table **out);

/* Export as one record batch: F64 and I64 without a copy, categories as dictionary<int32, utf8>
 * with a validity bitmap. The exported structs keep the values alive after the table is freed, and
 * are ended by their release callbacks. Since 0.1. */
MLSD_API mlsd_status mlsd_table_export_arrow(const mlsd_table *table, struct ArrowArray *out_array,
                                             struct ArrowSchema *out_schema);

/* Export as a stream of one batch. Since 0.1. */
MLSD_API mlsd_status mlsd_table_export_arrow_stream(const mlsd_table *table,
                                                    struct ArrowArrayStream *out_stream);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_ARROW_H */
