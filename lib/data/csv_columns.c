/* csv_columns.c - from what the chunks found to columns.
 *
 * Chunks leave gaps in the columns where there were fewer rows than newlines; texts have codes that
 * mean something in their chunk only. Here gaps are closed, whole numbers widened where another
 * chunk met reals, and texts numbered in the order of their code points. */
#include <string.h>
#include <sys/mman.h>

#include "data/csv_impl.h"

enum { LINE_BYTES = 64, STAGGER_LINES = 64, HUGE_PAGE = 1 << 21 };

/* Fewer page faults where the system has large pages; where not, nothing is lost. */
static void want_huge_pages(char *block, size_t size)
{
    char *const first = block + (HUGE_PAGE - (size_t)((uintptr_t)block % HUGE_PAGE)) % HUGE_PAGE;
    if (size < 2 * (size_t)HUGE_PAGE) return;
    const size_t usable = (size - (size_t)(first - block)) / HUGE_PAGE * HUGE_PAGE;
    (void)madvise(first, usable, MADV_HUGEPAGE);
}

/* Large blocks start at the same place in a page; without a different offset for each column, one
 * row's cells would fight for the same few cache lines. */
static mlsd_status make_room(mlsd__csv_reader *r, int64_t j)
{
    mlsd__csv_target *const t = &r->targets[j];
    const size_t size = t->kind == MLSD__CSV_TEXT ? sizeof(int32_t) : sizeof(double);
    const size_t offset = (size_t)(j % STAGGER_LINES) * LINE_BYTES;
    int64_t n_bytes;
    MLSD__TRY(mlsd__mul_size(r->room, (int64_t)size, &n_bytes));
    const bool is_large = n_bytes >= STAGGER_LINES * LINE_BYTES;
    n_bytes += is_large ? (int64_t)offset : 0;
    t->owned = mlsd__alloc_raw(r->allocator, n_bytes, 1);
    if (t->owned == NULL) return MLSD_E_NOMEM;
    t->values = (char *)t->owned + (is_large ? offset : 0);
    want_huge_pages(t->owned, (size_t)n_bytes);
    return MLSD_OK;
}

mlsd_status mlsd__csv_make_room(mlsd__csv_reader *r)
{
    for (int64_t j = 0; j < r->n_columns; j++) {
        if (r->targets[j].kind != MLSD__CSV_SKIP) MLSD__TRY(make_room(r, j));
    }
    return MLSD_OK;
}

static void drop_room(const mlsd__csv_reader *r, mlsd__csv_target *t)
{
    mlsd__free(r->allocator, t->owned);
    t->owned = NULL;
    t->values = NULL;
}

static mlsd__csv_kind common_kind(const mlsd__csv_reader *r, int64_t j)
{
    mlsd__csv_kind kind = r->targets[j].kind;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        const mlsd__csv_kind here = r->chunks[k].kinds[j];
        if (here == MLSD__CSV_SKIP) return MLSD__CSV_TEXT;
        if (here > kind) kind = here;
    }
    return kind;
}

static void widen_chunks(const mlsd__csv_reader *r, int64_t j)
{
    const int64_t *const from = r->targets[j].values;
    double *const to = r->targets[j].values;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        const mlsd__csv_chunk *const c = &r->chunks[k];
        if (c->kinds[j] != MLSD__CSV_WHOLE) continue;
        for (int64_t i = c->first_row; i < c->first_row + c->n_rows; i++) {
            const int64_t whole = from[i];
            to[i] = (double)whole;
        }
    }
}

/* Close the gaps; give memory back where much of the room was not needed. */
static mlsd_status close_gaps(const mlsd__csv_reader *r, mlsd__csv_target *t, size_t size)
{
    char *const values = t->values;
    int64_t n = 0;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        const mlsd__csv_chunk *const c = &r->chunks[k];
        if (n != c->first_row)
            memmove(values + (size_t)n * size, values + (size_t)c->first_row * size,
                    (size_t)c->n_rows * size);
        n += c->n_rows;
    }
    if (n >= r->room / 4 * 3) return MLSD_OK;
    void *const smaller = mlsd__memdup(r->allocator, values, n, size);
    if (smaller == NULL) return MLSD_E_NOMEM;
    drop_room(r, t);
    t->owned = t->values = smaller;
    return MLSD_OK;
}

static mlsd_status settle_numbers(const mlsd__csv_reader *r, int64_t j)
{
    mlsd__csv_target *const t = &r->targets[j];
    const mlsd__csv_kind kind = common_kind(r, j);
    if (kind == MLSD__CSV_TEXT) {
        drop_room(r, t);
        t->kind = MLSD__CSV_TEXT;
        return MLSD_OK;
    }
    if (kind == MLSD__CSV_REAL) widen_chunks(r, j);
    MLSD__TRY(close_gaps(r, t, sizeof(double)));
    const mlsd_column_type type = kind == MLSD__CSV_REAL ? MLSD_COLUMN_F64 : MLSD_COLUMN_I64;
    MLSD__TRY(mlsd__column_new(r->allocator, type, t->owned, r->n_rows, &t->column));
    t->column->values = t->values;
    t->owned = NULL;
    t->kind = MLSD__CSV_SKIP;
    return MLSD_OK;
}

/* From the codes of one chunk to those of the whole column. */
static mlsd_status recode_chunk(const mlsd__csv_reader *r, const mlsd__csv_chunk *c, int64_t j,
                                mlsd__dictionary *all)
{
    const mlsd__dictionary *const here = c->texts[j];
    const int64_t n_texts = mlsd__dictionary_count(here);
    mlsd_status status = MLSD_OK;
    int32_t *const code_of = mlsd__alloc_raw(r->allocator, n_texts, sizeof *code_of);
    if (code_of == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_texts; i++) {
        size_t length;
        const char *const text = mlsd__dictionary_at(here, i, &length);
        status = mlsd__dictionary_intern(all, text, length, &code_of[i]);
        if (status != MLSD_OK) goto out;
    }
    int32_t *const codes = (int32_t *)r->targets[j].values + c->first_row;
    for (int64_t i = 0; i < c->n_rows; i++) {
        if (codes[i] >= 0) codes[i] = code_of[codes[i]];
    }
out:
    mlsd__free(r->allocator, code_of);
    return status;
}

static mlsd_status settle_texts(mlsd__scope *scope, const mlsd__csv_reader *r, int64_t j)
{
    mlsd__csv_target *const t = &r->targets[j];
    mlsd__dictionary *all;
    MLSD__TRY(mlsd__dictionary_new(r->allocator, &all));
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < r->n_chunks; k++) {
        status = mlsd__checkpoint(scope);
        if (status == MLSD_OK) status = recode_chunk(r, &r->chunks[k], j, all);
    }
    if (status == MLSD_OK) status = close_gaps(r, t, sizeof(int32_t));
    if (status == MLSD_OK) {
        /* Codes are rewritten in place, so they must start the block. */
        memmove(t->owned, t->values, (size_t)r->n_rows * sizeof(int32_t));
        status = mlsd__column_new_sorted(r->allocator, t->owned, r->n_rows, all, &t->column);
    }
    mlsd__dictionary_free(all);
    if (status != MLSD_OK) return status;
    t->owned = NULL;
    t->kind = MLSD__CSV_SKIP;
    return MLSD_OK;
}

static mlsd_status settle_task(void *arg, int64_t j, mlsd__scope *scope)
{
    const mlsd__csv_reader *const r = arg;
    MLSD__TRY(mlsd__checkpoint(scope));
    if (r->targets[j].kind == MLSD__CSV_SKIP) return MLSD_OK;
    if (r->targets[j].kind == MLSD__CSV_TEXT) return settle_texts(scope, r, j);
    return settle_numbers(r, j);
}

static int64_t line_of(const mlsd__csv_reader *r, const char *at)
{
    int64_t line = 1, quotes = 0;
    mlsd__csv_count(r->text, at, &line, &quotes);
    return line;
}

static void note_text(mlsd__csv_reader *r, const mlsd__csv_event *e)
{
    enum { SHOWN = 40 };
    size_t n = e->length < SHOWN ? e->length : SHOWN, bad = 0;
    if (!mlsd__utf8_valid(e->at, n, &bad)) n = bad;
    mlsd__text_format(&r->notes, "column '%s' holds texts because of '",
                      r->header.names[e->column]);
    for (size_t i = 0; i < n; i++)
        mlsd__text_append_n(&r->notes, (unsigned char)e->at[i] < ' ' ? " " : e->at + i, 1);
    mlsd__text_format(&r->notes, "%s' in line %lld: before it there are only numbers\n",
                      n < e->length ? "..." : "", (long long)line_of(r, e->at));
}

static void note_overflow(mlsd__csv_reader *r, const mlsd__csv_event *first, int64_t n)
{
    mlsd__text_format(&r->notes,
                      "column '%s' has %lld number%s beyond the largest double, read as infinite; "
                      "the first is in line %lld\n",
                      r->header.names[first->column], (long long)n, n == 1 ? "" : "s",
                      (long long)line_of(r, first->at));
}

/* What the chunks noticed, by column. Events are rare: a search for each costs little. */
static void note_column(mlsd__csv_reader *r, int64_t j)
{
    const mlsd__csv_event *text = NULL, *overflow = NULL;
    int64_t n_overflows = 0;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        const mlsd__csv_event *const events = r->chunks[k].events;
        for (int64_t i = 0; i < r->chunks[k].n_events; i++) {
            if (events[i].column != j) continue;
            if (events[i].is_text && text == NULL) text = &events[i];
            if (!events[i].is_text && n_overflows++ == 0) overflow = &events[i];
        }
    }
    if (text != NULL)
        note_text(r, text);
    else if (overflow != NULL)
        note_overflow(r, overflow, n_overflows);
}

static mlsd_status note_events(mlsd__csv_reader *r)
{
    bool *const has_event = mlsd__alloc(r->allocator, r->n_columns, sizeof *has_event);
    if (has_event == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < r->n_chunks; k++) {
        const mlsd__csv_event *const events = r->chunks[k].events;
        for (int64_t i = 0; i < r->chunks[k].n_events; i++) has_event[events[i].column] = true;
    }
    for (int64_t j = 0; j < r->n_columns; j++) {
        if (has_event[j]) note_column(r, j);
    }
    mlsd__free(r->allocator, has_event);
    return r->notes.status;
}

mlsd_status mlsd__csv_settle(mlsd__scope *scope, mlsd__csv_reader *r, bool *out_again)
{
    *out_again = false;
    MLSD__TRY(note_events(r));
    MLSD__TRY(mlsd__parallel_for(scope, r->n_columns, settle_task, r));
    for (int64_t j = 0; j < r->n_columns; j++) *out_again |= r->targets[j].column == NULL;
    return MLSD_OK;
}
