/* csv_scan.c - fields and rows of CSV text (RFC 4180), and what to say where it is not well formed.
 *
 * A field is quoted when its first byte is a quote; inside it "" is a quote, and delimiters and
 * newlines are ordinary. Quotes further on in an unquoted field are ordinary too. A row ends with
 * LF, CRLF or the end of the text; rows of nothing but blanks do not count. No numbers here. */
#include <string.h>

#include "data/csv_impl.h"
#include "data/csv_window.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char **text, size_t *length)
{
    while (*length > 0 && is_blank((*text)[*length - 1])) --*length;
    while (*length > 0 && is_blank(**text)) {
        ++*text;
        --*length;
    }
}

void mlsd__csv_format_init(mlsd__csv_format *f, const mlsd__allocator *a, char delimiter,
                           const mlsd__str_list *missing, const char *end)
{
    memset(f, 0, sizeof *f);
    f->allocator = a;
    f->end = end;
    f->delimiter = delimiter;
    f->missing = missing;
    for (int64_t i = 0; i < missing->n; i++) {
        const char *const marker = missing->values[i];
        const size_t length = strlen(marker);
        f->marker_lengths |= UINT64_C(1) << (length < 63 ? length : 63);
        f->marker_starts[(unsigned char)marker[0]] = true;
        f->numeric_markers |= strpbrk(marker, "0123456789") != NULL;
    }
}

bool mlsd__csv_is_missing(const mlsd__csv_format *f, const char *text, size_t length)
{
    trim(&text, &length);
    if ((f->marker_lengths >> (length < 63 ? length : 63) & 1) == 0) return false;
    if (!f->marker_starts[length == 0 ? 0 : (unsigned char)text[0]]) return false;
    for (int64_t i = 0; i < f->missing->n; i++) {
        const char *const marker = f->missing->values[i];
        if (strlen(marker) == length && (length == 0 || memcmp(marker, text, length) == 0))
            return true;
    }
    return false;
}

/* The delimiter or newline at or after p, or the end. */
static const char *find_end(const mlsd__csv_format *f, const char *p)
{
    while (f->end - p >= MLSD__CSV_WINDOW) {
        const uint32_t hits = mlsd__csv_look_for(p, f->delimiter, '\n');
        if (hits != 0) return p + __builtin_ctz(hits);
        p += MLSD__CSV_WINDOW;
    }
    while (p < f->end && *p != f->delimiter && *p != '\n') p++;
    return p;
}

static bool at_row_end(const mlsd__csv_format *f, const char *p)
{
    return p == f->end || *p == '\n';
}

/* Copy [from, to) with "" made ". */
static mlsd_status take_out_quotes(const mlsd__csv_format *f, const char *from, const char *to,
                                   mlsd__csv_scratch *scratch, mlsd__csv_field *out)
{
    MLSD__TRY(mlsd__reserve(f->allocator, &scratch->bytes, &scratch->capacity, to - from, 1));
    char *const bytes = scratch->bytes;
    size_t n = 0;
    for (const char *p = from; p < to; p++) {
        bytes[n++] = *p;
        if (*p == '"') p++;
    }
    out->text = bytes;
    out->length = n;
    return MLSD_OK;
}

static mlsd_status quoted_field(const mlsd__csv_format *f, const char *p,
                                mlsd__csv_scratch *scratch, mlsd__csv_field *out,
                                mlsd__csv_error *error)
{
    bool has_escapes = false;
    const char *close = p;
    for (;;) {
        close = memchr(close + 1, '"', (size_t)(f->end - close - 1));
        if (close == NULL) {
            *error = (mlsd__csv_error){.fault = MLSD__CSV_OPEN_QUOTE, .at = p};
            return MLSD_OK;
        }
        if (close + 1 == f->end || close[1] != '"') break;
        has_escapes = true;
        close++;
    }
    *out = (mlsd__csv_field){.text = p + 1, .length = (size_t)(close - p - 1), .is_quoted = true};
    const char *next = close + 1;
    if (next < f->end && *next == '\r' && at_row_end(f, next + 1)) next++;
    if (!at_row_end(f, next) && *next != f->delimiter)
        *error = (mlsd__csv_error){.fault = MLSD__CSV_AFTER_QUOTE, .at = next};
    out->next = next;
    return has_escapes ? take_out_quotes(f, p + 1, close, scratch, out) : MLSD_OK;
}

mlsd_status mlsd__csv_field_at(const mlsd__csv_format *f, const char *p, mlsd__csv_scratch *scratch,
                               mlsd__csv_field *out, mlsd__csv_error *error)
{
    if (p < f->end && *p == '"') return quoted_field(f, p, scratch, out, error);
    const char *const next = find_end(f, p);
    const bool has_return = next > p && next[-1] == '\r' && at_row_end(f, next);
    *out = (mlsd__csv_field){
        .text = p, .length = (size_t)(next - p) - has_return, .next = next, .is_quoted = false};
    return MLSD_OK;
}

const char *mlsd__csv_skip_blank(const mlsd__csv_format *f, const char *p)
{
    const char *row = p;
    while (p < f->end && *p != f->delimiter) {
        if (*p == '\n')
            row = p + 1;
        else if (!is_blank(*p) && !(*p == '\r' && at_row_end(f, p + 1)))
            return row;
        p++;
    }
    return p == f->end ? p : row;
}

mlsd_status mlsd__csv_skip_row(const mlsd__csv_format *f, const char *p, mlsd__csv_scratch *scratch,
                               const char **out, mlsd__csv_error *error)
{
    for (;;) {
        mlsd__csv_field field;
        MLSD__TRY(mlsd__csv_field_at(f, p, scratch, &field, error));
        if (error->fault != MLSD__CSV_OK) return MLSD_OK;
        p = field.next;
        if (at_row_end(f, p)) break;
        p++;
    }
    *out = p == f->end ? p : p + 1;
    return MLSD_OK;
}

void mlsd__csv_check_bytes(const char *p, const char *end, mlsd__csv_error *error)
{
    size_t bad;
    const char *const nul = memchr(p, '\0', (size_t)(end - p));
    if (nul != NULL)
        *error = (mlsd__csv_error){.fault = MLSD__CSV_NUL, .at = nul};
    else if (!mlsd__utf8_valid(p, (size_t)(end - p), &bad))
        *error = (mlsd__csv_error){.fault = MLSD__CSV_NOT_UTF8, .at = p + bad};
}

void mlsd__csv_count(const char *p, const char *end, int64_t *newlines, int64_t *quotes)
{
    enum { BATCH = 255 };
    while (end - p >= 16) {
        const int64_t n = (end - p) / 16 < BATCH ? (end - p) / 16 : BATCH;
        mlsd__csv_tally(p, n, newlines, quotes);
        p += 16 * n;
    }
    for (; p < end; p++) {
        *newlines += *p == '\n';
        *quotes += *p == '"';
    }
}

mlsd_status mlsd__csv_fail(const char *name, const char *text, const mlsd__csv_error *error,
                           int64_t n_columns)
{
    int64_t line = 1, quotes = 0;
    mlsd__csv_count(text, error->at, &line, &quotes);
    const char *line_start = error->at;
    while (line_start > text && line_start[-1] != '\n') line_start--;
    const long long byte = error->at - line_start + 1;
    const char *const where = name == NULL ? "" : name;
    const char *const comma = name == NULL ? "" : ", ";
    switch (error->fault) {
    case MLSD__CSV_RAGGED:
        return mlsd__fail(MLSD_E_PARSE, "%s%sline %lld has %lld field%s, expected %lld", where,
                          comma, (long long)line, (long long)error->n_fields,
                          error->n_fields == 1 ? "" : "s", (long long)n_columns);
    case MLSD__CSV_OPEN_QUOTE:
        return mlsd__fail(MLSD_E_PARSE,
                          "%s%sline %lld: the quote that opens at byte %lld is never "
                          "closed",
                          where, comma, (long long)line, byte);
    case MLSD__CSV_AFTER_QUOTE:
        return mlsd__fail(MLSD_E_PARSE,
                          "%s%sline %lld, byte %lld: text after a closing quote; a quote inside a "
                          "quoted field is written twice",
                          where, comma, (long long)line, byte);
    case MLSD__CSV_NUL:
        return mlsd__fail(MLSD_E_PARSE, "%s%sline %lld, byte %lld is NUL: this is not text", where,
                          comma, (long long)line, byte);
    default:
        return mlsd__fail(MLSD_E_PARSE,
                          "%s%sline %lld, byte %lld (0x%02x) is not UTF-8; convert the file, for "
                          "example with iconv -f latin1 -t utf-8",
                          where, comma, (long long)line, byte, (unsigned)(unsigned char)*error->at);
    }
}
