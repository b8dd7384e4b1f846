/* csv_read.c - reading a CSV file: the options, what is checked before the first field, and the
 * order of the steps. The steps themselves are in the other csv_*.c; csv_impl.h says which.
 *
 * Rules beyond RFC 4180, pandas' where it has them: a column is whole numbers, else numbers, else
 * texts, over the whole file; "007" and "+1" are numbers (name the column in `text_columns` to keep
 * them texts); blanks around a number or a missing marker do not count, in texts they do; a quoted
 * marker is a text in a column of texts, but for the empty one; rows of nothing but blanks do not
 * count. */
#include <string.h>

#include "base/file.h"
#include "base/handle.h"
#include "data/csv_impl.h"

#define MISSING_MARKERS                                                                        \
    "[\"\", \"NA\", \"NaN\", \"nan\", \"N/A\", \"n/a\", \"null\", \"NULL\", \"None\", \"?\", " \
    "\".\"]"

static const mlsd_param csv_params[] = {
    MLSD__P_STR(mlsd__csv_params, delimiter, "\",\"",
                "what stands between fields: one character, or \\t for a tab"),
    MLSD__P_BOOL(mlsd__csv_params, header, "true", "whether the first row holds the names"),
    MLSD__P_STR_LIST(mlsd__csv_params, missing, MISSING_MARKERS,
                     "fields that mean that there is no value"),
    MLSD__P_STR_LIST(mlsd__csv_params, text_columns, "[]",
                     "columns to read as texts whatever they hold, such as codes like 007"),
    MLSD__P_I64_NULL(mlsd__csv_params, max_rows, 1, INFINITY, "null",
                     "read only so many rows from the start"),
};

const mlsd_kind mlsd__kind_csv = {
    .name = "csv",
    .family = "options",
    .doc = "how a CSV file is read",
    .params = csv_params,
    .n_params = MLSD__COUNT(csv_params),
    .params_size = sizeof(mlsd__csv_params),
};

/* Files that are often given in place of a CSV file, by their first bytes. */
static const struct {
    const char *magic;
    size_t length;
    const char *what;
} other_formats[] = {
    {"\xff\xfe", 2, "is UTF-16 text; save it as UTF-8"},
    {"\xfe\xff", 2, "is UTF-16 text; save it as UTF-8"},
    {"\x1f\x8b", 2, "is compressed with gzip; unpack it first"},
    {"PK\x03\x04", 4, "is a zip archive or a spreadsheet; export it as CSV"},
    {"PAR1", 4, "is a Parquet file; export it as CSV"},
};

static const char *source_name(const mlsd__csv_reader *r)
{
    return r->name == NULL ? "the text" : r->name;
}

static mlsd_status check_format(const mlsd__csv_reader *r, size_t size)
{
    for (int64_t i = 0; i < MLSD__COUNT(other_formats); i++) {
        if (size < other_formats[i].length) continue;
        if (memcmp(r->text, other_formats[i].magic, other_formats[i].length) != 0) continue;
        return mlsd__fail(MLSD_E_PARSE, "%s %s", source_name(r), other_formats[i].what);
    }
    return MLSD_OK;
}

static mlsd_status read_delimiter(const mlsd__csv_params *params, char *out)
{
    const char *const text = params->delimiter == NULL ? "," : params->delimiter;
    *out = strcmp(text, "\\t") == 0 ? '\t' : text[0];
    const bool is_one = strcmp(text, "\\t") == 0 || strlen(text) == 1;
    if (is_one && (*out & 0x80) == 0 && strpbrk(text, "\"\r\n.+-0123456789") == NULL)
        return MLSD_OK;
    return mlsd__fail(
        MLSD_E_PARAM_RANGE,
        "'delimiter' must be one ASCII character that is no digit, sign, point, quote "
        "or newline, got '%s'",
        text);
}

static const char *header_name_at(const void *user, int64_t i)
{
    const mlsd__csv_header *const header = user;
    return header->names[i];
}

static mlsd_status force_texts(mlsd__csv_reader *r, const mlsd__str_list *columns)
{
    for (int64_t i = 0; i < columns->n; i++) {
        bool is_found = false;
        for (int64_t j = 0; j < r->n_columns; j++) {
            if (strcmp(r->header.names[j], columns->values[i]) != 0) continue;
            r->targets[j].is_forced = true;
            is_found = true;
        }
        if (is_found) continue;
        const char *const nearest =
            mlsd__nearest_name(columns->values[i], header_name_at, &r->header, r->n_columns);
        return mlsd__fail(MLSD_E_COLUMN, "'text_columns': no column '%s' in %s%s%s%s",
                          columns->values[i], source_name(r),
                          nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest,
                          nearest == NULL ? "" : "'?");
    }
    return MLSD_OK;
}

/* Let the text end behind that many rows. A fault on the way is found again when it is parsed. */
static mlsd_status clip_rows(mlsd__scope *scope, mlsd__csv_reader *r, int64_t max_rows)
{
    enum { CHECK_ROWS = 1024 };
    if (max_rows == MLSD__NULL_I64) return MLSD_OK;
    mlsd__csv_scratch scratch = {NULL, 0};
    mlsd__csv_error error = {.fault = MLSD__CSV_OK};
    mlsd_status status = MLSD_OK;
    const char *p = mlsd__csv_skip_blank(&r->format, r->header.data);
    for (int64_t i = 0; i < max_rows && p < r->format.end; i++) {
        if (i % CHECK_ROWS == 0) status = mlsd__checkpoint(scope);
        if (status == MLSD_OK) status = mlsd__csv_skip_row(&r->format, p, &scratch, &p, &error);
        if (status != MLSD_OK || error.fault != MLSD__CSV_OK) break;
        p = mlsd__csv_skip_blank(&r->format, p);
    }
    mlsd__free(r->allocator, scratch.bytes);
    if (error.fault == MLSD__CSV_OK) r->format.end = p;
    return status;
}

static mlsd_status open_text(mlsd__scope *scope, mlsd__csv_reader *r, size_t size,
                             const mlsd__csv_params *params)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char delimiter;
    MLSD__TRY(read_delimiter(params, &delimiter));
    MLSD__TRY(check_format(r, size));
    mlsd__csv_format_init(&r->format, r->allocator, delimiter, &params->missing, r->text + size);
    r->header.data = r->text;
    if (size >= 3 && memcmp(r->text, byte_order_mark, 3) == 0) r->header.data += 3;
    if (mlsd__csv_skip_blank(&r->format, r->header.data) == r->format.end)
        return mlsd__fail(MLSD_E_DATA, "%s is empty", source_name(r));

    MLSD__TRY(mlsd__csv_read_header(&r->format, r->name, r->text, params->header != 0, &r->notes,
                                    &r->header));
    r->n_columns = r->header.n_columns;
    if (mlsd__csv_skip_blank(&r->format, r->header.data) < r->format.end)
        return clip_rows(scope, r, params->max_rows);
    if (memchr(r->text, '\n', size) == NULL && memchr(r->text, '\r', size) != NULL)
        return mlsd__fail(MLSD_E_DATA,
                          "%s ends its lines with bare carriage returns; convert them "
                          "to newlines",
                          source_name(r));
    return mlsd__fail(MLSD_E_DATA, "%s has a header and no rows", source_name(r));
}

static mlsd_status read_rows(mlsd__scope *scope, mlsd__csv_reader *r, int64_t chunk_bytes)
{
    MLSD__TRY(mlsd__csv_cut(scope, r, chunk_bytes));
    MLSD__TRY(mlsd__csv_guess(r));
    MLSD__TRY(mlsd__csv_make_room(r));
    MLSD__TRY(mlsd__csv_parse_chunks(scope, r));
    bool again;
    MLSD__TRY(mlsd__csv_settle(scope, r, &again));
    if (!again) return MLSD_OK;
    MLSD__TRY(mlsd__csv_make_room(r));
    MLSD__TRY(mlsd__csv_parse_again(scope, r));
    return mlsd__csv_settle(scope, r, &again);
}

static void log_notes(mlsd__scope *scope, const mlsd__csv_reader *r, const char *notes)
{
    for (const char *line = notes; line != NULL && *line != '\0';) {
        const char *const end = strchrnul(line, '\n');
        mlsd__log_line(scope, MLSD_LOG_WARNING, "%s: %.*s", source_name(r), (int)(end - line),
                       line);
        line = *end == '\0' ? end : end + 1;
    }
}

static mlsd_status hand_over(mlsd__scope *scope, mlsd__csv_reader *r, mlsd_table **out)
{
    mlsd_table *table;
    MLSD__TRY(mlsd__table_new(r->allocator, &table));
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; status == MLSD_OK && j < r->n_columns; j++) {
        mlsd__column *const column = r->targets[j].column;
        r->targets[j].column = NULL;
        status = mlsd__table_append_column(table, r->header.names[j], column);
    }
    if (status == MLSD_OK && r->notes.length > 0) {
        table->notes = mlsd__strndup(r->allocator, r->notes.data, (size_t)r->notes.length);
        if (table->notes == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) {
        mlsd_table_free(table);
        return status;
    }
    log_notes(scope, r, table->notes);
    *out = table;
    return MLSD_OK;
}

static void reader_free(mlsd__csv_reader *r)
{
    for (int64_t k = 0; r->chunks != NULL && k < r->n_chunks; k++)
        mlsd__csv_chunk_reset(r, &r->chunks[k]);
    for (int64_t j = 0; r->targets != NULL && j < r->n_columns; j++) {
        mlsd__free(r->allocator, r->targets[j].owned);
        mlsd__column_release(r->targets[j].column);
    }
    mlsd__free(r->allocator, r->chunks);
    mlsd__free(r->allocator, r->targets);
    mlsd__text_free(&r->notes);
    mlsd__csv_header_free(r->allocator, &r->header);
}

mlsd_status mlsd__csv_read_text(mlsd__scope *scope, const char *name, const char *text, size_t size,
                                const mlsd__csv_params *params, int64_t chunk_bytes,
                                mlsd_table **out)
{
    mlsd__csv_reader r = {.allocator = scope->allocator, .name = name, .text = text};
    mlsd__text_init(&r.notes, r.allocator);
    mlsd__stage_begin(scope, "read csv", (int64_t)size);
    mlsd_status status = open_text(scope, &r, size, params);
    if (status != MLSD_OK) goto out;
    r.targets = mlsd__alloc(r.allocator, r.n_columns, sizeof *r.targets);
    if (r.targets == NULL) {
        status = MLSD_E_NOMEM;
        goto out;
    }
    if ((status = force_texts(&r, &params->text_columns)) != MLSD_OK) goto out;
    if ((status = read_rows(scope, &r, chunk_bytes)) != MLSD_OK) goto out;
    status = hand_over(scope, &r, out);
out:
    mlsd__stage_end(scope);
    reader_free(&r);
    return status;
}

static mlsd_status check_options(const mlsd_spec *options)
{
    if (options == NULL) return MLSD_OK;
    MLSD__REQUIRE_LIVE(options, MLSD__MAGIC_SPEC, "spec");
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(options));
    if (strcmp(kind, "csv") == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_KIND, "the options must be of kind 'csv', got '%s'", kind);
}

static mlsd_status parse_in_scope(const mlsd_context *context, const char *name, const char *text,
                                  size_t size, const mlsd_spec *options, mlsd_table **out)
{
    mlsd__scope scope;
    mlsd_spec *defaults = NULL;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = MLSD_OK;
    if (options == NULL) status = mlsd__spec_new(scope.allocator, "csv", &defaults);
    if (status == MLSD_OK) {
        const mlsd__csv_params *const params =
            mlsd__spec_params(options == NULL ? defaults : options);
        status = mlsd__csv_read_text(&scope, name, text, size, params, MLSD__CSV_CHUNK_BYTES, out);
    }
    mlsd_spec_free(defaults);
    mlsd__scope_close(&scope);
    return status;
}

mlsd_status mlsd_table_read_csv(const mlsd_context *context, const char *path,
                                const mlsd_spec *options, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE(path != NULL, "the path is NULL");
    MLSD__TRY(check_options(options));

    mlsd__map map;
    MLSD__TRY(mlsd__map_open(&map, path));
    const mlsd_status status =
        parse_in_scope(context, path, map.data == NULL ? "" : map.data, map.size, options, out);
    mlsd__map_close(&map);
    return status;
}

mlsd_status mlsd_table_parse_csv(const mlsd_context *context, const char *text, size_t size,
                                 const mlsd_spec *options, mlsd_table **out)
{
    MLSD__REQUIRE(out != NULL, "the output pointer is NULL");
    *out = NULL;
    MLSD__REQUIRE(text != NULL || size == 0, "the text is NULL");
    MLSD__TRY(check_options(options));
    return parse_in_scope(context, NULL, text == NULL ? "" : text, size, options, out);
}
