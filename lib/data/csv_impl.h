/* csv_impl.h - the parts of the CSV reader and what they hand each other.
 *
 * The text is cut by bytes into chunks that are parsed at the same time, straight into the columns;
 * a chunk owns the rows that start in it. csv_scan.c finds fields, csv_number.c reads numbers,
 * csv_header.c makes names, csv_chunk.c parses the rows of one chunk, csv_cut.c cuts the text and
 * makes the chunks agree about where rows start, csv_columns.c makes columns of what they found,
 * and csv_read.c runs them. */
#ifndef MLSD_DATA_CSV_IMPL_H
#define MLSD_DATA_CSV_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/kindtable.h"
#include "base/scope.h"
#include "base/text.h"
#include "data/table_impl.h"

extern const mlsd_kind mlsd__kind_csv;

/* The parameters of kind "csv". */
typedef struct mlsd__csv_params {
    char *delimiter;
    int64_t header;
    mlsd__str_list missing;
    mlsd__str_list text_columns;
    int64_t max_rows;
} mlsd__csv_params;

/* Bytes in a chunk. Results do not depend on it. */
#define MLSD__CSV_CHUNK_BYTES (INT64_C(1) << 21)

/* --- fields ------------------------------------------------------------------------------------
 */

/* How a text is cut into fields, and which of them are missing. */
typedef struct mlsd__csv_format {
    const mlsd__allocator *allocator;
    const char *end; /* of the text */
    char delimiter;
    bool numeric_markers; /* some marker for missing reads as a number: look for markers first */
    const mlsd__str_list *missing;
    uint64_t marker_lengths; /* bit n: some marker has n bytes (63: or more) */
    bool marker_starts[256]; /* some marker starts with that byte */
} mlsd__csv_format;

typedef int32_t mlsd__csv_fault;
enum {
    MLSD__CSV_OK = 0,
    MLSD__CSV_RAGGED,
    MLSD__CSV_OPEN_QUOTE,
    MLSD__CSV_AFTER_QUOTE,
    MLSD__CSV_NOT_UTF8,
    MLSD__CSV_NUL,
};

/* What is wrong and where. Turned into a message once it is known to matter: rows of a chunk that
 * was taken to start in the wrong place mean nothing. */
typedef struct mlsd__csv_error {
    mlsd__csv_fault fault;
    const char *at;
    int64_t n_fields; /* of a ragged row */
} mlsd__csv_error;

typedef struct mlsd__csv_field {
    const char *text; /* in the file, or in the scratch where quotes were taken out */
    size_t length;
    const char *next; /* the delimiter, newline or end of the text behind it */
    bool is_quoted;
} mlsd__csv_field;

/* Room for a field without its doubled quotes. */
typedef struct mlsd__csv_scratch {
    void *bytes;
    int64_t capacity;
} mlsd__csv_scratch;

void mlsd__csv_format_init(mlsd__csv_format *f, const mlsd__allocator *a, char delimiter,
                           const mlsd__str_list *missing, const char *end);

/* The field that starts at p; on a fault error->fault is set and the status is MLSD_OK. */
mlsd_status mlsd__csv_field_at(const mlsd__csv_format *f, const char *p, mlsd__csv_scratch *scratch,
                               mlsd__csv_field *out, mlsd__csv_error *error);

/* Is the field one of the markers, blanks around it aside? */
bool mlsd__csv_is_missing(const mlsd__csv_format *f, const char *text, size_t length);

/* The start of the next row that is not blank, at or after the row start p. */
const char *mlsd__csv_skip_blank(const mlsd__csv_format *f, const char *p);

/* The start of the row after the one that starts at p. */
mlsd_status mlsd__csv_skip_row(const mlsd__csv_format *f, const char *p, mlsd__csv_scratch *scratch,
                               const char **out, mlsd__csv_error *error);

/* Set the error where the bytes, as they stand in the file, hold a NUL or are not UTF-8. A text is
 * looked at the first time that a chunk meets it. */
void mlsd__csv_check_bytes(const char *p, const char *end, mlsd__csv_error *error);

/* Bytes of [p, end) that are newlines and quotes. */
void mlsd__csv_count(const char *p, const char *end, int64_t *newlines, int64_t *quotes);

/* Write the message of an error: `name` is the file's, or NULL; `text` where it starts. */
mlsd_status mlsd__csv_fail(const char *name, const char *text, const mlsd__csv_error *error,
                           int64_t n_columns);

/* --- numbers -----------------------------------------------------------------------------------
 */

/* Kinds of values, and of columns, in the order in which one gives way to the next. */
typedef uint8_t mlsd__csv_kind;
enum { MLSD__CSV_SKIP = 0, MLSD__CSV_WHOLE = 1, MLSD__CSV_REAL = 2, MLSD__CSV_TEXT = 3 };

typedef struct mlsd__csv_number {
    double real;   /* always set */
    int64_t whole; /* of MLSD__CSV_WHOLE */
    bool overflow; /* finite in the text, too large for a double */
} mlsd__csv_number;

/* Read a whole field as a number, blanks around it aside: MLSD__CSV_WHOLE where it is an integer of
 * 64 bits written without point and exponent ("-0" is not: it would lose its sign), MLSD__CSV_REAL
 * for other numbers, the nearest double, and MLSD__CSV_TEXT for what is not one. */
mlsd__csv_kind mlsd__csv_read_number(const char *text, size_t length, mlsd__csv_number *out);

/* The double nearest to mantissa * 10^exponent10, for a mantissa that is exact; false where the
 * fast ways cannot tell. */
bool mlsd__csv_scale(uint64_t mantissa, int64_t exponent10, double *out);

/* --- header ------------------------------------------------------------------------------------
 */

typedef struct mlsd__csv_header {
    int64_t n_columns, capacity;
    char **names;     /* distinct */
    const char *data; /* where the rows start */
} mlsd__csv_header;

/* Read the first row as names (or count its fields) and make them distinct; what was renamed goes
 * to `notes`, a line each. `what` is the file's name or NULL. */
mlsd_status mlsd__csv_read_header(const mlsd__csv_format *f, const char *name, const char *text,
                                  bool has_header, mlsd__text *notes, mlsd__csv_header *out);
void mlsd__csv_header_free(const mlsd__allocator *a, mlsd__csv_header *header);

/* --- chunks ------------------------------------------------------------------------------------
 */

/* Something about a column that a person should know, at the place where it was first seen. */
typedef struct mlsd__csv_event {
    int64_t column;
    bool is_text; /* the first text in a column of numbers; else a number that overflowed */
    const char *at;
    size_t length;
} mlsd__csv_event;

typedef struct mlsd__csv_chunk {
    const char *border; /* the chunk owns the rows that start in [border, next chunk's border) */
    const char *start;  /* where its first row was taken to start */
    const char *stop;   /* the first row start that is not its own */
    int64_t first_row;  /* its place in the columns, with room for max_rows */
    int64_t max_rows, n_rows;
    int64_t n_quotes;
    bool is_parsed;
    mlsd__csv_kind *kinds;    /* n_columns: what the column turned out to hold here */
    mlsd__dictionary **texts; /* n_columns, NULL but for columns of texts */
    void *events;             /* mlsd__csv_event */
    int64_t n_events, events_capacity;
    mlsd__csv_error error;
} mlsd__csv_chunk;

typedef struct mlsd__csv_target {
    mlsd__csv_kind kind; /* what to read the column as; SKIP once it is done */
    bool is_forced;      /* a text whatever it holds */
    void *owned;         /* the block, and the values in it */
    void *values;
    mlsd__column *column; /* done */
} mlsd__csv_target;

typedef struct mlsd__csv_reader {
    const mlsd__allocator *allocator;
    const char *name; /* of the file, for messages; NULL for a text */
    const char *text; /* all of it */
    mlsd__csv_format format;
    mlsd__csv_header header;
    mlsd__text notes;
    int64_t n_columns, n_rows, n_chunks, room;
    mlsd__csv_chunk *chunks;
    mlsd__csv_target *targets; /* n_columns */
} mlsd__csv_reader;

/* Cut the rows into chunks, counting newlines for the room that each needs. */
mlsd_status mlsd__csv_cut(mlsd__scope *scope, mlsd__csv_reader *r, int64_t chunk_bytes);

/* Guess the kinds of the columns from the first rows. */
mlsd_status mlsd__csv_guess(mlsd__csv_reader *r);

/* Parse every chunk, so that each starts where the one before it stopped; once that is settled,
 * _parse_again reads the same rows for the targets that are left. */
mlsd_status mlsd__csv_parse_chunks(mlsd__scope *scope, mlsd__csv_reader *r);
mlsd_status mlsd__csv_parse_again(mlsd__scope *scope, mlsd__csv_reader *r);

/* Parse the rows of one chunk into the targets. */
mlsd_status mlsd__csv_parse_rows(mlsd__scope *scope, const mlsd__csv_reader *r,
                                 mlsd__csv_chunk *chunk, const char *limit);
void mlsd__csv_chunk_reset(const mlsd__csv_reader *r, mlsd__csv_chunk *chunk);

/* Room for the values of every target that is not done. */
mlsd_status mlsd__csv_make_room(mlsd__csv_reader *r);
/* After a pass: make columns of the targets; one of numbers that met a text is to be read again as
 * texts, and *out_again says that there is such a one. */
mlsd_status mlsd__csv_settle(mlsd__scope *scope, mlsd__csv_reader *r, bool *out_again);

/* The whole reader; `name` is for messages. */
mlsd_status mlsd__csv_read_text(mlsd__scope *scope, const char *name, const char *text, size_t size,
                                const mlsd__csv_params *params, int64_t chunk_bytes,
                                mlsd_table **out);

#endif
