/* csv_write.c - writing a table as CSV (RFC 4180) that reads back to the same values.
 *
 * Numbers are the shortest text that is the same double, missing is an empty field. A text is
 * quoted where it holds a delimiter, quote, newline or blank at an end, and where a reader would
 * take it for a missing marker. Not kept: an empty text, which reads back as missing, and which
 * texts look like numbers. Lines end with LF. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "base/kindtable.h"
#include "base/text.h"
#include "data/csv_impl.h"

static bool needs_quotes(const mlsd__csv_format *f, const char *text, size_t length)
{
    if (length == 0) return true;
    if (strpbrk(text, ",\"\r\n") != NULL) return true;
    if (strchr(" \t", text[0]) != NULL || strchr(" \t", text[length - 1]) != NULL) return true;
    return mlsd__csv_is_missing(f, text, length);
}

static void put_text(mlsd__text *t, const mlsd__csv_format *f, const char *text)
{
    const size_t length = strlen(text);
    if (!needs_quotes(f, text, length)) {
        mlsd__text_append_n(t, text, length);
        return;
    }
    mlsd__text_append_n(t, "\"", 1);
    for (const char *p = text; *p != '\0';) {
        const size_t n = strcspn(p, "\"");
        mlsd__text_append_n(t, p, n);
        p += n;
        if (*p != '"') continue;
        mlsd__text_append_n(t, "\"\"", 2);
        p++;
    }
    mlsd__text_append_n(t, "\"", 1);
}

static void put_whole(mlsd__text *t, int64_t value)
{
    char digits[24];
    char *p = digits + sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--p = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) *--p = '-';
    mlsd__text_append_n(t, p, (size_t)(digits + sizeof digits - p));
}

/* The field of one cell; nothing where it is missing. */
static void put_cell(mlsd__text *t, const mlsd__csv_format *f, const mlsd__column *c, int64_t row)
{
    if (c->type == MLSD_COLUMN_F64) {
        const double value = ((const double *)c->values)[row];
        if (!isnan(value)) mlsd__text_double(t, value);
    } else if (c->type == MLSD_COLUMN_I64) {
        put_whole(t, ((const int64_t *)c->values)[row]);
    } else {
        const int32_t code = ((const int32_t *)c->values)[row];
        if (code >= 0) put_text(t, f, c->levels[code]);
    }
}

static void put_table(mlsd__text *t, const mlsd__csv_format *f, const mlsd_table *table)
{
    for (int64_t j = 0; j < table->n_columns; j++) {
        if (j > 0) mlsd__text_append_n(t, ",", 1);
        put_text(t, f, table->names[j]);
    }
    mlsd__text_append_n(t, "\n", 1);
    for (int64_t i = 0; i < table->n_rows; i++) {
        const int64_t line_start = t->length;
        for (int64_t j = 0; j < table->n_columns; j++) {
            if (j > 0) mlsd__text_append_n(t, ",", 1);
            put_cell(t, f, table->columns[j], i);
        }
        /* A lone missing cell would make a blank line, which readers skip. */
        if (t->length == line_start) mlsd__text_append_n(t, "\"\"", 2);
        mlsd__text_append_n(t, "\n", 1);
        if (t->status != MLSD_OK) return;
    }
}

mlsd_status mlsd_table_write_csv(const mlsd_table *table, const char *path)
{
    MLSD__REQUIRE_LIVE(table, MLSD__MAGIC_TABLE, "table");
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    const mlsd__allocator *const a = &table->allocator;
    mlsd_spec *defaults;
    MLSD__TRY(mlsd__spec_new(a, "csv", &defaults));
    const mlsd__csv_params *const params = mlsd__spec_params(defaults);
    mlsd__csv_format format;
    mlsd__csv_format_init(&format, a, ',', &params->missing, NULL);

    mlsd__text text;
    mlsd__text_init(&text, a);
    put_table(&text, &format, table);
    mlsd_status status = text.status;
    if (status == MLSD_OK) status = mlsd__file_write(a, path, text.data, (size_t)text.length);
    mlsd__text_free(&text);
    mlsd_spec_free(defaults);
    return status;
}
