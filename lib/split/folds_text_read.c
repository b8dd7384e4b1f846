/* folds_text_read.c - the text format of folds_text.c, read. Every mistake is said with its line.
 * Invariant: no row is kept that is not among the rows, so a range cannot ask for more memory than
 * the number of rows that the file speaks of. */
#include <stdio.h>
#include <string.h>

#include "split/folds_format.h"
#include "split/folds_lists.h"
#include "split/folds_walk.h"

typedef struct word {
    const char *text;
    size_t length;
} word;

typedef struct reader {
    const mlsd__allocator *allocator;
    const char *position, *end; /* of what is not read yet */
    const char *line_end;       /* of the line in work; the position stands inside of it */
    int64_t line;
    int64_t n_rows, n_parts; /* 0: not read yet */
    int64_t n_splits;
    int64_t part;            /* the part in work, -1 for none */
    int64_t *starts, *sizes; /* one a part; -1: not read yet */
    int64_t starts_capacity, sizes_capacity;
    int32_t *rest;
    int64_t rest_capacity;
    int64_t *rows;
    int64_t n_listed, rows_capacity;
} reader;

/* Characters of a foreign word that a message shows. */
enum { LONGEST_SHOWN = 40 };

static int shown(word w)
{
    size_t n = w.length < LONGEST_SHOWN ? w.length : LONGEST_SHOWN;
    size_t bad;
    if (!mlsd__utf8_valid(w.text, n, &bad)) n = bad;
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)w.text[i] < 0x20 || w.text[i] == 0x7f) return (int)i;
    }
    return (int)n;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == ',' || c == ';' || c == '\r';
}

/* The next word of the line; false at its end. */
static bool next_word(reader *r, word *out)
{
    while (r->position < r->line_end && is_blank(*r->position)) r->position++;
    if (r->position == r->line_end || *r->position == '#') return false;
    out->text = r->position;
    while (r->position < r->line_end && !is_blank(*r->position) && *r->position != '#')
        r->position++;
    out->length = (size_t)(r->position - out->text);
    return true;
}

/* Go on to the next line that has a word; false at the end. */
static bool next_line(reader *r, word *out)
{
    while (r->line_end < r->end || r->line == 0) {
        if (r->line > 0) r->position = r->line_end + 1;
        if (r->position >= r->end) return false;
        const char *const newline = memchr(r->position, '\n', (size_t)(r->end - r->position));
        r->line_end = newline != NULL ? newline : r->end;
        r->line++;
        if (next_word(r, out)) return true;
    }
    return false;
}

static bool is(word w, const char *text)
{
    return w.length == strlen(text) && memcmp(w.text, text, w.length) == 0;
}

static mlsd_status end_line(reader *r)
{
    word w;
    if (!next_word(r, &w)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARSE, "line %lld has '%.*s' too many", (long long)r->line, shown(w),
                      w.text);
}

static mlsd_status read_count(reader *r, const char *what, int64_t low, int64_t high, int64_t *out)
{
    word w = {"", 0};
    int64_t value = 0;
    if (next_word(r, &w) && mlsd__parse_int64(w.text, w.length, &value) && value >= low &&
        value <= high) {
        *out = value;
        return end_line(r);
    }
    return mlsd__fail(MLSD_E_PARSE,
                      "line %lld: '%s' needs a whole number from %lld to %lld, got '%.*s'",
                      (long long)r->line, what, (long long)low, (long long)high, shown(w), w.text);
}

/* "mlsd folds 1"; a byte-order mark may stand before it. */
static mlsd_status read_first_line(reader *r)
{
    word w = {"", 0};
    int64_t version = 0;
    if (!next_line(r, &w) || !is(w, "mlsd") || !next_word(r, &w) || !is(w, "folds"))
        return mlsd__fail(MLSD_E_PARSE, "the first line is not '" MLSD__TEXT_FIRST_LINE " %d'",
                          MLSD__TEXT_VERSION);
    MLSD__TRY(read_count(r, MLSD__TEXT_FIRST_LINE, 1, INT64_MAX, &version));
    if (version > MLSD__TEXT_VERSION)
        return mlsd__fail(MLSD_E_VERSION,
                          "the folds are text of version %lld, this library reads versions up to "
                          "%d: use a newer mlsd",
                          (long long)version, MLSD__TEXT_VERSION);
    return MLSD_OK;
}

/* Rows are numbers that int64 can count in bytes. */
static const int64_t MOST_ROWS = INT64_C(1) << 53;

static mlsd_status finish_split(const reader *r)
{
    char name[MLSD__PART_NAME_CAPACITY];
    for (int64_t p = 0; r->n_splits > 0 && p < r->n_parts; p++) {
        if (r->starts[(r->n_splits - 1) * r->n_parts + p] >= 0) continue;
        return mlsd__fail(MLSD_E_PARSE, "the split that ends before line %lld has no part '%s'",
                          (long long)r->line + 1, mlsd__part_name(p, r->n_parts, name));
    }
    return MLSD_OK;
}

static mlsd_status begin_split(reader *r)
{
    word w;
    int64_t number = 0;
    if (r->n_rows == 0)
        return mlsd__fail(MLSD_E_PARSE,
                          "line %lld begins a split before a line 'rows' has said "
                          "how many there are",
                          (long long)r->line);
    MLSD__TRY(finish_split(r));
    if (next_word(r, &w)) {
        if (!mlsd__parse_int64(w.text, w.length, &number) || number != r->n_splits)
            return mlsd__fail(MLSD_E_PARSE,
                              "line %lld: '%.*s' is not the number of this split, %lld",
                              (long long)r->line, shown(w), w.text, (long long)r->n_splits);
        MLSD__TRY(end_line(r));
    }
    if (r->n_parts == 0) r->n_parts = 2;
    const int64_t n = (r->n_splits + 1) * r->n_parts;
    void *starts = r->starts, *sizes = r->sizes, *rest = r->rest;
    mlsd_status status =
        mlsd__reserve(r->allocator, &starts, &r->starts_capacity, n, sizeof *r->starts);
    r->starts = starts;
    if (status == MLSD_OK)
        status = mlsd__reserve(r->allocator, &sizes, &r->sizes_capacity, n, sizeof *r->sizes);
    r->sizes = sizes;
    if (status == MLSD_OK)
        status =
            mlsd__reserve(r->allocator, &rest, &r->rest_capacity, r->n_splits + 1, sizeof *r->rest);
    r->rest = rest;
    if (status != MLSD_OK) return status;
    for (int64_t k = n - r->n_parts; k < n; k++) {
        r->starts[k] = -1;
        r->sizes[k] = 0;
    }
    r->rest[r->n_splits++] = -1;
    r->part = -1;
    return MLSD_OK;
}

static mlsd_status find_part(const reader *r, word w, int64_t *out)
{
    char name[MLSD__PART_NAME_CAPACITY], last[MLSD__PART_NAME_CAPACITY];
    for (int64_t p = 0; p < r->n_parts; p++) {
        if (!is(w, mlsd__part_name(p, r->n_parts, name))) continue;
        *out = p;
        return MLSD_OK;
    }
    return mlsd__fail(MLSD_E_PARSE,
                      "line %lld begins with '%.*s'; after 'split' come %s%s and '%s'%s",
                      (long long)r->line, shown(w), w.text, "'train'",
                      r->n_parts == 2   ? ""
                      : r->n_parts == 3 ? ", 'validation'"
                                        : ", 'part1', ...",
                      mlsd__part_name(r->n_parts - 1, r->n_parts, last),
                      r->n_parts == 2 ? ", unless a line 'parts' says that there are more" : "");
}

static mlsd_status fail_rows(const reader *r, word w)
{
    return mlsd__fail(MLSD_E_PARSE,
                      "line %lld: '%.*s' is neither a row from 0 to %lld nor a range of them such "
                      "as 0-9, nor 'rest'",
                      (long long)r->line, shown(w), w.text, (long long)r->n_rows - 1);
}

static mlsd_status put_range(reader *r, int64_t first, int64_t last)
{
    void *rows = r->rows;
    const int64_t n = last - first + 1;
    const mlsd_status status =
        mlsd__reserve(r->allocator, &rows, &r->rows_capacity, r->n_listed + n, sizeof *r->rows);
    r->rows = rows;
    if (status != MLSD_OK) return status;
    for (int64_t i = 0; i < n; i++) r->rows[r->n_listed + i] = first + i;
    r->n_listed += n;
    return MLSD_OK;
}

static mlsd_status read_item(reader *r, word w)
{
    const char *const dash = memchr(w.text, '-', w.length);
    const size_t n_first = dash != NULL ? (size_t)(dash - w.text) : w.length;
    int64_t first = -1, last = -1;
    if (!mlsd__parse_int64(w.text, n_first, &first)) return fail_rows(r, w);
    last = first;
    if (dash != NULL && !mlsd__parse_int64(dash + 1, w.length - n_first - 1, &last))
        return fail_rows(r, w);
    if (first < 0 || last < first || last >= r->n_rows) return fail_rows(r, w);
    return put_range(r, first, last);
}

static mlsd_status read_part(reader *r, word name)
{
    int64_t part = 0;
    word w;
    if (r->n_splits == 0)
        return mlsd__fail(MLSD_E_PARSE,
                          "line %lld begins with '%.*s'; rows of parts come after a "
                          "line 'split'",
                          (long long)r->line, shown(name), name.text);
    MLSD__TRY(find_part(r, name, &part));
    const int64_t at = (r->n_splits - 1) * r->n_parts + part;
    int32_t *const rest = &r->rest[r->n_splits - 1];
    if (part != r->part && r->starts[at] >= 0)
        return mlsd__fail(MLSD_E_PARSE,
                          "line %lld goes on with part '%.*s', which other parts have ended",
                          (long long)r->line, shown(name), name.text);
    if (part != r->part) r->starts[at] = r->n_listed;
    r->part = part;
    while (next_word(r, &w)) {
        if (!is(w, "rest")) {
            MLSD__TRY(read_item(r, w));
            continue;
        }
        if (*rest >= 0)
            return mlsd__fail(MLSD_E_PARSE, "line %lld: only one part of a split can be the rest",
                              (long long)r->line);
        *rest = (int32_t)part;
    }
    r->sizes[at] = r->n_listed - r->starts[at];
    if (*rest == part && r->sizes[at] > 0)
        return mlsd__fail(MLSD_E_PARSE, "line %lld: a part is either the rest or lists rows",
                          (long long)r->line);
    return MLSD_OK;
}

static mlsd_status read_line(reader *r, word w)
{
    if (is(w, "split")) return begin_split(r);
    const bool is_rows = is(w, "rows"), is_parts = is(w, "parts");
    if (!is_rows && !is_parts) return read_part(r, w);
    int64_t *const count = is_rows ? &r->n_rows : &r->n_parts;
    if (*count != 0 || r->n_splits > 0)
        return mlsd__fail(MLSD_E_PARSE, "line %lld: '%s' stands once, and before the first split",
                          (long long)r->line, is_rows ? "rows" : "parts");
    return is_rows ? read_count(r, "rows", 1, MOST_ROWS, count)
                   : read_count(r, "parts", 2, MLSD__TEXT_MOST_PARTS, count);
}

static mlsd_status read_lines(mlsd__scope *scope, reader *r)
{
    word w = {"", 0};
    MLSD__TRY(read_first_line(r));
    while (next_line(r, &w)) {
        MLSD__TRY(read_line(r, w));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    MLSD__TRY(finish_split(r));
    if (r->n_splits == 0) return mlsd__fail(MLSD_E_PARSE, "the folds have no line 'split'");
    return MLSD_OK;
}

static size_t mark_length(const char *bytes, size_t size)
{
    return size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

bool mlsd__folds_is_text(const char *bytes, size_t size)
{
    const size_t mark = mark_length(bytes, size), n = sizeof MLSD__TEXT_FIRST_LINE - 1;
    return size - mark >= n && memcmp(bytes + mark, MLSD__TEXT_FIRST_LINE, n) == 0;
}

mlsd_status mlsd__folds_read_text(const mlsd_context *context, const char *bytes, size_t size,
                                  mlsd_folds **out)
{
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    reader r = {.allocator = scope.allocator,
                .position = bytes + mark_length(bytes, size),
                .end = bytes + size,
                .line_end = bytes,
                .part = -1};
    mlsd_status status = read_lines(&scope, &r);
    if (status == MLSD_OK) {
        const mlsd__fold_lists lists = {.n_rows = r.n_rows,
                                        .n_splits = r.n_splits,
                                        .n_parts = r.n_parts,
                                        .starts = r.starts,
                                        .sizes = r.sizes,
                                        .rows = r.rows != NULL ? r.rows : r.starts,
                                        .rest = r.rest,
                                        .allows_empty = true};
        status = mlsd__folds_from_lists(&scope, &lists, out);
    }
    mlsd__free(r.allocator, r.rows);
    mlsd__free(r.allocator, r.rest);
    mlsd__free(r.allocator, r.sizes);
    mlsd__free(r.allocator, r.starts);
    mlsd__scope_close(&scope);
    return status;
}
