/* csv_cut.c - cutting the text into chunks, and making the chunks agree about where rows start.
 *
 * Whether a newline ends a row depends on the quotes before it, all the way from the start. So a
 * chunk is first taken to start where the number of quotes before it says; all are parsed at the
 * same time; and then each must start where the one before it stopped, or is parsed again. What
 * counts is thus exactly what one pass from the start would read, whatever the number of threads.
 */
#include <string.h>

#include "data/csv_impl.h"

enum { SAMPLE_ROWS = 512 };

static const char *limit_of(const mlsd__csv_reader *r, int64_t k)
{
    return k + 1 < r->n_chunks ? r->chunks[k + 1].border : r->format.end;
}

/* The newlines from one byte before the border on are as many as rows can start in the chunk. */
static mlsd_status count_task(void *arg, int64_t k, mlsd__scope *scope)
{
    const mlsd__csv_reader *const r = arg;
    mlsd__csv_chunk *const c = &r->chunks[k];
    const char *const from = k == 0 ? c->border : c->border - 1;
    const char *const to = k + 1 < r->n_chunks ? limit_of(r, k) - 1 : r->format.end;
    c->max_rows = k == 0;
    mlsd__csv_count(from, to, &c->max_rows, &c->n_quotes);
    return mlsd__checkpoint(scope);
}

/* A row start in the chunk if every newline ends a row; the limit where there is none. */
static const char *after_newline(const mlsd__csv_reader *r, int64_t k)
{
    const char *const from = r->chunks[k].border - 1;
    const char *const limit = limit_of(r, k);
    const char *const newline = memchr(from, '\n', (size_t)(limit - 1 - from));
    return newline == NULL ? limit : newline + 1;
}

/* The same where each quote so far opened or closed a field. */
static const char *after_unquoted_newline(const mlsd__csv_reader *r, int64_t k, bool is_quoted)
{
    const char *const limit = limit_of(r, k);
    const char *p = r->chunks[k].border - 1;
    for (; p < limit - 1; p++) {
        if (is_quoted) {
            p = memchr(p, '"', (size_t)(limit - 1 - p));
            if (p == NULL) return after_newline(r, k);
            is_quoted = false;
        } else if (*p == '"') {
            is_quoted = true;
        } else if (*p == '\n') {
            return p + 1;
        }
    }
    return limit;
}

mlsd_status mlsd__csv_cut(mlsd__scope *scope, mlsd__csv_reader *r, int64_t chunk_bytes)
{
    const char *const data = r->header.data;
    const int64_t n_bytes = r->format.end - data;
    r->n_chunks = (n_bytes + chunk_bytes - 1) / chunk_bytes;
    r->chunks = mlsd__alloc(r->allocator, r->n_chunks, sizeof *r->chunks);
    if (r->chunks == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < r->n_chunks; k++) r->chunks[k].border = data + k * chunk_bytes;
    MLSD__TRY(mlsd__parallel_for(scope, r->n_chunks, count_task, r));

    int64_t n_quotes = 0;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        mlsd__csv_chunk *const c = &r->chunks[k];
        const char *const start = k == 0 ? data : after_unquoted_newline(r, k, (n_quotes & 1) != 0);
        c->start = mlsd__csv_skip_blank(&r->format, start);
        c->first_row = r->room;
        r->room += c->max_rows;
        n_quotes += c->n_quotes;
    }
    return MLSD_OK;
}

static mlsd__csv_kind field_kind(const mlsd__csv_format *f, const mlsd__csv_field *field)
{
    mlsd__csv_number number;
    if (mlsd__csv_is_missing(f, field->text, field->length)) return MLSD__CSV_REAL;
    return mlsd__csv_read_number(field->text, field->length, &number);
}

mlsd_status mlsd__csv_guess(mlsd__csv_reader *r)
{
    const mlsd__csv_format *const f = &r->format;
    mlsd__csv_scratch scratch = {NULL, 0};
    mlsd__csv_error error = {.fault = MLSD__CSV_OK};
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; j < r->n_columns; j++)
        r->targets[j].kind = r->targets[j].is_forced ? MLSD__CSV_TEXT : MLSD__CSV_WHOLE;

    const char *p = mlsd__csv_skip_blank(f, r->header.data);
    int64_t column = 0, row = 0;
    while (p < f->end && row < SAMPLE_ROWS) {
        mlsd__csv_field field;
        status = mlsd__csv_field_at(f, p, &scratch, &field, &error);
        if (status != MLSD_OK || error.fault != MLSD__CSV_OK) break;
        if (column < r->n_columns) {
            mlsd__csv_kind *const kind = &r->targets[column].kind;
            if (*kind < MLSD__CSV_TEXT) {
                const mlsd__csv_kind found = field_kind(f, &field);
                if (found > *kind) *kind = found;
            }
        }
        column++;
        p = field.next;
        if (p == f->end) break;
        if (*p++ == '\n') {
            p = mlsd__csv_skip_blank(f, p);
            column = 0;
            row++;
        }
    }
    mlsd__free(r->allocator, scratch.bytes);
    return status;
}

static mlsd_status parse_task(void *arg, int64_t k, mlsd__scope *scope)
{
    mlsd__csv_reader *const r = arg;
    mlsd__csv_chunk *const c = &r->chunks[k];
    if (c->is_parsed) return MLSD_OK;
    MLSD__TRY(mlsd__csv_parse_rows(scope, r, c, limit_of(r, k)));
    mlsd__stage_advance(scope, limit_of(r, k) - c->border);
    return MLSD_OK;
}

static mlsd_status fail_chunk(const mlsd__csv_reader *r, const mlsd__csv_chunk *c)
{
    return mlsd__csv_fail(r->name, r->text, &c->error, r->n_columns);
}

/* Chunk k was taken to start in the wrong place. The first time, the quotes are not to be trusted
 * from there on, and every newline is taken to end a row instead. */
static mlsd_status parse_from(mlsd__scope *scope, mlsd__csv_reader *r, int64_t k, const char *start,
                              bool *distrust)
{
    mlsd__csv_chunk *const c = &r->chunks[k];
    c->start = start;
    if (*distrust) return mlsd__csv_parse_rows(scope, r, c, limit_of(r, k));
    *distrust = true;
    c->is_parsed = false;
    for (int64_t i = k + 1; i < r->n_chunks; i++) {
        mlsd__csv_chunk *const later = &r->chunks[i];
        const char *const guess = mlsd__csv_skip_blank(&r->format, after_newline(r, i));
        if (guess == later->start) continue;
        later->start = guess;
        later->is_parsed = false;
    }
    return mlsd__parallel_for(scope, r->n_chunks, parse_task, r);
}

mlsd_status mlsd__csv_parse_chunks(mlsd__scope *scope, mlsd__csv_reader *r)
{
    bool distrust = false;
    MLSD__TRY(mlsd__parallel_for(scope, r->n_chunks, parse_task, r));
    const char *expected = r->chunks[0].start;
    r->n_rows = 0;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        mlsd__csv_chunk *const c = &r->chunks[k];
        const char *const limit = limit_of(r, k);
        const bool has_no_row = expected >= limit && c->start >= limit;
        if (!has_no_row && c->start != expected)
            MLSD__TRY(parse_from(scope, r, k, expected, &distrust));
        if (c->error.fault != MLSD__CSV_OK) return fail_chunk(r, c);
        if (!has_no_row) expected = c->stop;
        c->start = has_no_row ? limit : c->start;
        r->n_rows += c->n_rows;
    }
    return MLSD_OK;
}

mlsd_status mlsd__csv_parse_again(mlsd__scope *scope, mlsd__csv_reader *r)
{
    for (int64_t k = 0; k < r->n_chunks; k++) r->chunks[k].is_parsed = false;
    MLSD__TRY(mlsd__parallel_for(scope, r->n_chunks, parse_task, r));
    for (int64_t k = 0; k < r->n_chunks; k++) {
        if (r->chunks[k].error.fault != MLSD__CSV_OK) return fail_chunk(r, &r->chunks[k]);
    }
    return MLSD_OK;
}
