/* folds_text.c - folds as text that a person can read and write. The first line says what it is,
 * then come the number of rows and, where there are more than two, of parts. Each split begins with
 * the line "split"; each line below it names a part and rows of it: numbers, ranges with both ends
 * ("10-19"), or "rest" for all rows that are in no other part, ascending. Lines of one part follow
 * each other and add up. '#' begins a comment.
 *
 *     mlsd folds 1
 *     rows 6
 *     split
 *     train rest
 *     test 0-2
 *     split
 *     train rest
 *     test 3-5
 */
#include "split/folds_format.h"
#include "split/folds_walk.h"

enum { LINE_WIDTH = 96, SHORTEST_RANGE = 3 };

void mlsd__text_whole(mlsd__text *t, int64_t value)
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

/* Lines of one part, with the run of rows that is not written yet. */
typedef struct part_writer {
    mlsd__text *text;
    const char *name;
    int64_t line_start;
    int64_t first, last; /* first > last: no run */
} part_writer;

static void begin_line(part_writer *w)
{
    w->line_start = w->text->length;
    mlsd__text_append(w->text, w->name);
}

static void put_item(part_writer *w, int64_t first, int64_t last)
{
    if (w->text->length - w->line_start > LINE_WIDTH) {
        mlsd__text_append_n(w->text, "\n", 1);
        begin_line(w);
    }
    mlsd__text_append_n(w->text, " ", 1);
    mlsd__text_whole(w->text, first);
    if (first == last) return;
    mlsd__text_append_n(w->text, "-", 1);
    mlsd__text_whole(w->text, last);
}

static void flush_run(part_writer *w)
{
    if (w->first > w->last) return;
    if (w->last - w->first + 1 >= SHORTEST_RANGE) {
        put_item(w, w->first, w->last);
    } else {
        for (int64_t i = w->first; i <= w->last; i++) put_item(w, i, i);
    }
}

static void put_rows(part_writer *w, const int64_t *rows, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        if (w->first <= w->last && rows[i] == w->last + 1) {
            w->last++;
            continue;
        }
        flush_run(w);
        w->first = w->last = rows[i];
    }
}

static part_writer begin_part(mlsd__text *t, const char *name)
{
    part_writer w = {.text = t, .name = name, .first = 0, .last = -1};
    begin_line(&w);
    return w;
}

static void end_part(part_writer *w)
{
    flush_run(w);
    mlsd__text_append_n(w->text, "\n", 1);
}

static mlsd_status put_part(mlsd__scope *scope, const mlsd_folds *f, int64_t split, int64_t part,
                            mlsd__text *t)
{
    char name[MLSD__PART_NAME_CAPACITY];
    mlsd__fold_cursor cursor;
    MLSD__TRY(mlsd__fold_cursor_open(&cursor, f, split, part));
    mlsd_status status = MLSD_OK;
    part_writer w = begin_part(t, mlsd__part_name(part, f->n_parts, name));
    for (int64_t n; status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
        put_rows(&w, cursor.rows, n);
        status = t->status != MLSD_OK ? t->status : mlsd__checkpoint(scope);
    }
    end_part(&w);
    mlsd__fold_cursor_close(&cursor);
    return status;
}

static mlsd_status put_dealt(mlsd__scope *scope, const mlsd_folds *f, mlsd__text *t)
{
    const int64_t n_dealt = mlsd__folds_n_dealt(f);
    for (int64_t repeat = 0; repeat < f->n_splits / n_dealt; repeat++) {
        mlsd__fold_buckets b;
        MLSD__TRY(mlsd__fold_buckets_make(scope, f, repeat, &b));
        mlsd_status status = MLSD_OK;
        for (int64_t k = 0; status == MLSD_OK && k < n_dealt; k++) {
            mlsd__text_append(t, "split\ntrain rest\n");
            part_writer w = begin_part(t, "test");
            for (int64_t i = b.starts[k]; i < b.starts[k + 1] && t->status == MLSD_OK;
                 i += MLSD__PIECE_ROWS) {
                const int64_t left = b.starts[k + 1] - i;
                put_rows(&w, b.rows + i, left < MLSD__PIECE_ROWS ? left : MLSD__PIECE_ROWS);
                status = mlsd__checkpoint(scope);
                if (status != MLSD_OK) break;
            }
            end_part(&w);
        }
        mlsd__fold_buckets_free(scope->allocator, &b);
        MLSD__TRY(status);
    }
    return t->status;
}

static mlsd_status put_split(mlsd__scope *scope, const mlsd_folds *f, int64_t split, uint64_t *bits,
                             mlsd__text *t)
{
    bool on_rest = false;
    if (f->form != MLSD__FOLDS_RANGES)
        MLSD__TRY(mlsd__fold_trains_on_rest(scope, f, split, bits, &on_rest));
    mlsd__text_append(t, on_rest ? "split\ntrain rest\n" : "split\n");
    for (int64_t p = on_rest ? 1 : 0; p < f->n_parts; p++)
        MLSD__TRY(put_part(scope, f, split, p, t));
    return t->status;
}

mlsd_status mlsd__folds_write_text(mlsd__scope *scope, const mlsd_folds *f, mlsd__text *t)
{
    if (f->n_parts > MLSD__TEXT_MOST_PARTS)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "the text format holds at most %d parts, the folds have %lld; save them "
                          "as binary",
                          MLSD__TEXT_MOST_PARTS, (long long)f->n_parts);
    mlsd__text_format(t, MLSD__TEXT_FIRST_LINE " %d\nrows %lld\n", MLSD__TEXT_VERSION,
                      (long long)f->n_rows);
    if (f->n_parts != 2) mlsd__text_format(t, "parts %lld\n", (long long)f->n_parts);
    if (mlsd__folds_are_dealt(f)) return put_dealt(scope, f, t);
    uint64_t *const bits =
        mlsd__alloc_raw(scope->allocator, mlsd__fold_bit_words(f->n_rows), sizeof *bits);
    mlsd_status status = bits == NULL ? MLSD_E_NOMEM : t->status;
    for (int64_t k = 0; status == MLSD_OK && k < f->n_splits; k++)
        status = put_split(scope, f, k, bits, t);
    mlsd__free(scope->allocator, bits);
    return status;
}
