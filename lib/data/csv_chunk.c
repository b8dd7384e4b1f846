/* csv_chunk.c - the rows of one chunk, parsed straight into the columns: the inner loop of reading.
 *
 * A short plain number, which most cells are, is read from one look at sixteen bytes without a
 * branch that depends on its digits; every other cell takes the slow road through csv_scan.c and
 * csv_number.c. A column of whole numbers that meets another number turns into one of reals on the
 * spot; a column of numbers that meets a text is given up here and read again later. */
#include <math.h>
#include <string.h>

#include "data/csv_impl.h"
#include "data/csv_window.h"

enum { CHECK_BYTES = 1 << 16 };

typedef struct parser {
    const mlsd__csv_reader *reader;
    mlsd__csv_chunk *chunk;
    mlsd__csv_kind *kinds;
    const mlsd__csv_target *targets;
    mlsd__csv_scratch scratch;
    int64_t row; /* in the columns */
} parser;

void mlsd__csv_chunk_reset(const mlsd__csv_reader *r, mlsd__csv_chunk *chunk)
{
    for (int64_t j = 0; chunk->texts != NULL && j < r->n_columns; j++)
        mlsd__dictionary_free(chunk->texts[j]);
    mlsd__free(r->allocator, chunk->texts);
    mlsd__free(r->allocator, chunk->kinds);
    mlsd__free(r->allocator, chunk->events);
    chunk->texts = NULL;
    chunk->kinds = NULL;
    chunk->events = NULL;
    chunk->n_events = chunk->events_capacity = 0;
    chunk->n_rows = 0;
    chunk->is_parsed = false;
    chunk->error = (mlsd__csv_error){.fault = MLSD__CSV_OK};
}

static mlsd_status prepare(const mlsd__csv_reader *r, mlsd__csv_chunk *chunk)
{
    mlsd__csv_chunk_reset(r, chunk);
    chunk->kinds = mlsd__alloc_raw(r->allocator, r->n_columns, sizeof *chunk->kinds);
    if (chunk->kinds == NULL) return MLSD_E_NOMEM;
    bool has_texts = false;
    for (int64_t j = 0; j < r->n_columns; j++) {
        chunk->kinds[j] = r->targets[j].kind;
        has_texts |= chunk->kinds[j] == MLSD__CSV_TEXT;
    }
    if (!has_texts) return MLSD_OK;
    chunk->texts = mlsd__alloc(r->allocator, r->n_columns, sizeof(mlsd__dictionary *));
    if (chunk->texts == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < r->n_columns; j++) {
        if (chunk->kinds[j] != MLSD__CSV_TEXT) continue;
        MLSD__TRY(mlsd__dictionary_new(r->allocator, &chunk->texts[j]));
    }
    return MLSD_OK;
}

static mlsd_status note_event(parser *s, int64_t column, bool is_text, const char *p,
                              const mlsd__csv_field *field)
{
    mlsd__csv_chunk *const c = s->chunk;
    MLSD__TRY(mlsd__reserve(s->reader->allocator, &c->events, &c->events_capacity, c->n_events + 1,
                            sizeof(mlsd__csv_event)));
    ((mlsd__csv_event *)c->events)[c->n_events++] = (mlsd__csv_event){
        .column = column, .is_text = is_text, .at = p, .length = (size_t)(field->next - p)};
    return MLSD_OK;
}

/* What was whole so far becomes real: an integer's nearest double is its text's nearest double. */
static void widen(parser *s, int64_t column)
{
    void *const values = s->targets[column].values;
    const int64_t *const from = values;
    double *const to = values;
    for (int64_t i = s->chunk->first_row; i < s->row; i++) {
        const int64_t whole = from[i];
        to[i] = (double)whole;
    }
    s->kinds[column] = MLSD__CSV_REAL;
}

static mlsd_status store_number(parser *s, int64_t column, const char *p,
                                const mlsd__csv_field *field)
{
    void *const values = s->targets[column].values;
    mlsd__csv_number number = {.real = (double)NAN};
    mlsd__csv_kind kind = MLSD__CSV_REAL;
    if (!mlsd__csv_is_missing(&s->reader->format, field->text, field->length))
        kind = mlsd__csv_read_number(field->text, field->length, &number);
    if (kind == MLSD__CSV_TEXT) {
        s->kinds[column] = MLSD__CSV_SKIP;
        return note_event(s, column, true, p, field);
    }
    if (number.overflow) MLSD__TRY(note_event(s, column, false, p, field));
    if (kind == MLSD__CSV_WHOLE && s->kinds[column] == MLSD__CSV_WHOLE) {
        ((int64_t *)values)[s->row] = number.whole;
        return MLSD_OK;
    }
    if (s->kinds[column] == MLSD__CSV_WHOLE) widen(s, column);
    ((double *)values)[s->row] = number.real;
    return MLSD_OK;
}

static mlsd_status store_text(parser *s, int64_t column, const char *p,
                              const mlsd__csv_field *field)
{
    int32_t *const code = (int32_t *)s->targets[column].values + s->row;
    /* A quoted marker is a text ("NA" for Namibia), but for the empty one. */
    const bool can_miss = !field->is_quoted || field->length == 0;
    *code = -1;
    if (can_miss && mlsd__csv_is_missing(&s->reader->format, field->text, field->length))
        return MLSD_OK;
    mlsd__dictionary *const texts = s->chunk->texts[column];
    const int64_t n_before = mlsd__dictionary_count(texts);
    MLSD__TRY(mlsd__dictionary_intern(texts, field->text, field->length, code));
    if (mlsd__dictionary_count(texts) > n_before)
        mlsd__csv_check_bytes(p, field->next, &s->chunk->error);
    return MLSD_OK;
}

static mlsd_status slow_cell(parser *s, int64_t column, const char *p, const char **next)
{
    mlsd__csv_field field;
    mlsd__csv_error *const error = &s->chunk->error;
    MLSD__TRY(mlsd__csv_field_at(&s->reader->format, p, &s->scratch, &field, error));
    if (error->fault != MLSD__CSV_OK) return MLSD_OK;
    *next = field.next;
    switch (s->kinds[column]) {
    case MLSD__CSV_WHOLE:
    case MLSD__CSV_REAL:
        return store_number(s, column, p, &field);
    case MLSD__CSV_TEXT:
        return store_text(s, column, p, &field);
    default:
        return MLSD_OK;
    }
}

/* Up to eight digits, a point, up to eight digits, a minus before them, no more than a window in
 * all. Returns what is behind it, NULL where it is something else. */
static inline const char *fast_cell(const parser *s, int64_t column, const char *p, char delimiter,
                                    bool is_last)
{
    static const uint64_t whole_powers[] = {1,      10,      100,      1000,     10000,
                                            100000, 1000000, 10000000, 100000000};
    static const double real_powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8};
    const mlsd__csv_window w = mlsd__csv_look(p, delimiter);
    if (w.ends == 0) return NULL;
    const uint32_t n = (uint32_t)__builtin_ctz(w.ends);
    const uint32_t has_return = is_last && n > 0 && p[n - 1] == '\r' && p[n] == '\n';
    const uint32_t n_bytes = n - has_return;
    const uint32_t body = (1U << n_bytes) - 1;
    const uint32_t minus = p[0] == '-';
    const uint32_t points = w.points & body;
    const uint32_t others = ~w.digits & body & ~minus;
    if (others != points || (points & (points - 1)) != 0 || (w.digits & body) == 0) return NULL;

    const uint32_t point = (uint32_t)__builtin_ctz(points | 1U << n_bytes);
    const uint32_t n_whole = point - minus;
    const uint32_t n_fraction = n_bytes - point - (points != 0);
    if (n_whole > 8 || n_fraction > 8) return NULL;
    const uint64_t mantissa = mlsd__csv_digits8(p + minus, n_whole) * whole_powers[n_fraction] +
                              mlsd__csv_digits8(p + point + 1, n_fraction);
    if (s->kinds[column] == MLSD__CSV_REAL) {
        if (mantissa > UINT64_C(1) << 53) return NULL;
        const double value = (double)mantissa / real_powers[n_fraction];
        ((double *)s->targets[column].values)[s->row] = minus ? -value : value;
        return p + n;
    }
    if (points != 0 || (minus && mantissa == 0)) return NULL;
    ((int64_t *)s->targets[column].values)[s->row] = minus ? -(int64_t)mantissa : (int64_t)mantissa;
    return p + n;
}

/* How many fields a row has that does not have the right number. */
static mlsd_status count_fields(parser *s, const char *row)
{
    const mlsd__csv_format *const f = &s->reader->format;
    mlsd__csv_error *const error = &s->chunk->error;
    int64_t n_fields = 1;
    for (const char *p = row;; p++, n_fields++) {
        mlsd__csv_field field;
        MLSD__TRY(mlsd__csv_field_at(f, p, &s->scratch, &field, error));
        if (error->fault != MLSD__CSV_OK) return MLSD_OK;
        p = field.next;
        if (p == f->end || *p == '\n') break;
    }
    *error = (mlsd__csv_error){.fault = MLSD__CSV_RAGGED, .at = row, .n_fields = n_fields};
    return MLSD_OK;
}

/* One row from p; *next is the start of the one behind it. */
static mlsd_status parse_row(parser *s, const char *p, const char *fast_end, char delimiter,
                             const char **next)
{
    const char *const row = p;
    const char *const end = s->reader->format.end;
    const int64_t last = s->reader->n_columns - 1;
    for (int64_t j = 0;; j++) {
        const mlsd__csv_kind kind = s->kinds[j];
        const bool is_number = kind == MLSD__CSV_REAL || kind == MLSD__CSV_WHOLE;
        const char *after = NULL;
        if (is_number && p < fast_end) after = fast_cell(s, j, p, delimiter, j == last);
        if (after == NULL) {
            MLSD__TRY(slow_cell(s, j, p, &after));
            if (s->chunk->error.fault != MLSD__CSV_OK) return MLSD_OK;
        }
        const bool ends_row = after == end || *after == '\n';
        if (ends_row != (j == last)) return count_fields(s, row);
        if (ends_row) {
            *next = after == end ? end : after + 1;
            return MLSD_OK;
        }
        p = after + 1;
    }
}

static mlsd_status parse_all(mlsd__scope *scope, parser *s, const char *limit)
{
    const mlsd__csv_format *const f = &s->reader->format;
    mlsd__csv_chunk *const c = s->chunk;
    /* A look reads a window, and digits are loaded eight at a time from inside it. */
    const char *const safe =
        f->end - c->border > 2 * MLSD__CSV_WINDOW ? f->end - 2 * MLSD__CSV_WINDOW : c->border;
    const char *const fast_end = f->numeric_markers ? c->border : safe;
    const char *p = c->start, *check = p;
    for (s->row = c->first_row;; s->row++) {
        if (p < limit && (unsigned char)*p <= ' ') p = mlsd__csv_skip_blank(f, p);
        if (p >= limit) break;
        if (p >= check) {
            MLSD__TRY(mlsd__checkpoint(scope));
            check = p + CHECK_BYTES;
        }
        MLSD__TRY(parse_row(s, p, fast_end, f->delimiter, &p));
        if (c->error.fault != MLSD__CSV_OK) break;
    }
    c->stop = mlsd__csv_skip_blank(f, p);
    c->n_rows = s->row - c->first_row;
    return MLSD_OK;
}

mlsd_status mlsd__csv_parse_rows(mlsd__scope *scope, const mlsd__csv_reader *r,
                                 mlsd__csv_chunk *chunk, const char *limit)
{
    MLSD__TRY(prepare(r, chunk));
    parser s = {.reader = r, .chunk = chunk, .kinds = chunk->kinds, .targets = r->targets};
    const mlsd_status status = parse_all(scope, &s, limit);
    mlsd__free(r->allocator, s.scratch.bytes);
    if (status == MLSD_OK) chunk->is_parsed = true;
    return status;
}
