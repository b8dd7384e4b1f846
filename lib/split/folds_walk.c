/* folds_walk.c - the rows of folds of any form, piece by piece, so that whoever looks at all of
 * them needs no memory for them. Folds that deal each row to one test part are read in one pass
 * instead, by a counting sort. */
#include "split/folds_walk.h"

#include <stdio.h>
#include <string.h>

#include "base/handle.h"

mlsd_status mlsd__folds_fit_dataset(const mlsd_folds *folds, const mlsd_dataset *dataset)
{
    MLSD__REQUIRE_LIVE(dataset, MLSD__MAGIC_DATASET, "dataset");
    const int64_t n = mlsd_dataset_n_rows(dataset);
    if (n == folds->n_rows) return MLSD_OK;
    return mlsd__fail(MLSD_E_SHAPE, "the folds split %lld rows, the data set has %lld",
                      (long long)folds->n_rows, (long long)n);
}

mlsd_status mlsd__fold_cursor_open(mlsd__fold_cursor *c, const mlsd_folds *folds, int64_t split,
                                   int64_t part)
{
    c->folds = folds;
    c->split = split;
    c->part = part;
    c->position = 0;
    c->owned = NULL;
    c->left = mlsd_folds_part_size(folds, split, part);
    if (folds->form != MLSD__FOLDS_COMBINATIONS) return MLSD_OK;
    c->owned = mlsd__alloc_raw(&folds->allocator, c->left, sizeof *c->owned);
    if (c->owned == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd_folds_part(folds, split, part, c->owned, c->left);
    if (status != MLSD_OK) mlsd__fold_cursor_close(c);
    return status;
}

void mlsd__fold_cursor_close(mlsd__fold_cursor *c)
{
    if (c->owned != NULL) mlsd__free(&c->folds->allocator, c->owned);
    c->owned = NULL;
}

/* Every row is written and the end moves only past those that belong. */
static void read_ids(mlsd__fold_cursor *c, int64_t n_wanted)
{
    const mlsd_folds *const f = c->folds;
    const int32_t *const ids = f->ids + c->split / f->n_ids * f->n_rows;
    const int32_t id = (int32_t)(c->split % f->n_ids);
    const bool is_test = c->part == 1;
    int64_t i = c->position;
    for (int64_t n = 0; n < n_wanted; i++) {
        c->rows[n] = i;
        n += (ids[i] == id) == is_test;
    }
    c->position = i;
}

static void read_marks(mlsd__fold_cursor *c, int64_t n_wanted)
{
    const mlsd_folds *const f = c->folds;
    const int8_t *const marks = f->marks + c->split * f->n_units;
    int64_t i = c->position;
    for (int64_t n = 0; n < n_wanted; i++) {
        c->rows[n] = i;
        n += marks[f->units != NULL ? f->units[i] : i] == c->part;
    }
    c->position = i;
}

static void read_list(mlsd__fold_cursor *c, int64_t n_wanted)
{
    const mlsd_folds *const f = c->folds;
    const int64_t at = c->split * f->n_parts + c->part;
    if (f->form == MLSD__FOLDS_RANGES) {
        for (int64_t i = 0; i < n_wanted; i++) c->rows[i] = f->ranges[2 * at] + c->position + i;
    } else if (f->form == MLSD__FOLDS_ROWS && f->rows32 != NULL) {
        const int32_t *const rows = f->rows32 + f->offsets[at] + c->position;
        for (int64_t i = 0; i < n_wanted; i++) c->rows[i] = rows[i];
    } else {
        const int64_t *const rows =
            f->form == MLSD__FOLDS_ROWS ? f->rows + f->offsets[at] : c->owned;
        memcpy(c->rows, rows + c->position, (size_t)n_wanted * sizeof *rows);
    }
    c->position += n_wanted;
}

int64_t mlsd__fold_cursor_read(mlsd__fold_cursor *c)
{
    const int64_t n = c->left < MLSD__PIECE_ROWS ? c->left : MLSD__PIECE_ROWS;
    if (n == 0) return 0;
    switch (c->folds->form) {
    case MLSD__FOLDS_IDS:
        read_ids(c, n);
        break;
    case MLSD__FOLDS_MARKS:
        read_marks(c, n);
        break;
    default:
        read_list(c, n);
    }
    c->left -= n;
    return n;
}

bool mlsd__folds_are_dealt(const mlsd_folds *f)
{
    return f->form == MLSD__FOLDS_IDS || (f->form == MLSD__FOLDS_COMBINATIONS && f->p == 1);
}

int64_t mlsd__folds_n_dealt(const mlsd_folds *f)
{
    return f->form == MLSD__FOLDS_IDS ? f->n_ids : f->n_splits;
}

/* The place of each row's bucket in `starts`, one further on: counts become starts, and starts move
 * to the ends while rows are dealt. */
mlsd_status mlsd__fold_buckets_make(mlsd__scope *scope, const mlsd_folds *f, int64_t repeat,
                                    mlsd__fold_buckets *out)
{
    enum { STEP = 1 << 20 };
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = mlsd__folds_n_dealt(f);
    const int32_t *const ids =
        f->form == MLSD__FOLDS_IDS ? f->ids + repeat * f->n_rows : f->units; /* NULL: the row */
    *out = (mlsd__fold_buckets){.n = n};
    out->starts = mlsd__alloc(a, n + 3, sizeof *out->starts);
    out->rows = mlsd__alloc_raw(a, f->n_rows, sizeof *out->rows);
    mlsd_status status = out->starts == NULL || out->rows == NULL ? MLSD_E_NOMEM : MLSD_OK;
    int64_t *const ends = out->starts == NULL ? NULL : out->starts + 2;
    for (int64_t i = 0; status == MLSD_OK && i < f->n_rows; i++) {
        const int64_t id = ids != NULL ? ids[i] : i;
        ends[id >= 0 ? id : n]++;
        if (i % STEP == 0) status = mlsd__checkpoint(scope);
    }
    for (int64_t k = 0; status == MLSD_OK && k <= n; k++) ends[k] += ends[k - 1];
    for (int64_t i = 0; status == MLSD_OK && i < f->n_rows; i++) {
        const int64_t id = ids != NULL ? ids[i] : i;
        out->rows[ends[(id >= 0 ? id : n) - 1]++] = i;
        if (i % STEP == 0) status = mlsd__checkpoint(scope);
    }
    if (status != MLSD_OK) mlsd__fold_buckets_free(a, out);
    return status;
}

void mlsd__fold_buckets_free(const mlsd__allocator *a, mlsd__fold_buckets *b)
{
    mlsd__free(a, b->starts);
    mlsd__free(a, b->rows);
    *b = (mlsd__fold_buckets){0};
}

const char *mlsd__part_name(int64_t part, int64_t n_parts, char out[MLSD__PART_NAME_CAPACITY])
{
    if (part == 0) return "train";
    if (part == n_parts - 1) return "test";
    if (n_parts == 3) return "validation";
    (void)snprintf(out, MLSD__PART_NAME_CAPACITY, "part%lld", (long long)part);
    return out;
}

int64_t mlsd__fold_bit_words(int64_t n_rows)
{
    return n_rows / 64 + 1;
}

static bool set_bit(uint64_t *bits, int64_t row)
{
    const uint64_t bit = UINT64_C(1) << (row & 63);
    const bool was_set = (bits[row >> 6] & bit) != 0;
    bits[row >> 6] |= bit;
    return was_set;
}

/* Mark the rows of a part; false where one was marked already or, of part 0, rows do not ascend. */
static mlsd_status mark_part(mlsd__scope *scope, const mlsd_folds *f, int64_t split, int64_t part,
                             uint64_t *bits, bool *out)
{
    mlsd__fold_cursor cursor;
    MLSD__TRY(mlsd__fold_cursor_open(&cursor, f, split, part));
    mlsd_status status = MLSD_OK;
    int64_t last = -1;
    for (int64_t n; *out && status == MLSD_OK && (n = mlsd__fold_cursor_read(&cursor)) > 0;) {
        for (int64_t i = 0; *out && i < n; i++) {
            *out = !set_bit(bits, cursor.rows[i]) && (part > 0 || cursor.rows[i] > last);
            last = cursor.rows[i];
        }
        status = mlsd__checkpoint(scope);
    }
    mlsd__fold_cursor_close(&cursor);
    return status;
}

mlsd_status mlsd__fold_trains_on_rest(mlsd__scope *scope, const mlsd_folds *f, int64_t split,
                                      uint64_t *bits, bool *out)
{
    *out = f->form == MLSD__FOLDS_IDS || f->form == MLSD__FOLDS_COMBINATIONS;
    if (*out) return MLSD_OK;
    int64_t n = 0;
    for (int64_t p = 0; p < f->n_parts; p++) n += mlsd_folds_part_size(f, split, p);
    *out = n == f->n_rows;
    if (!*out || f->form == MLSD__FOLDS_MARKS) return MLSD_OK;
    memset(bits, 0, (size_t)mlsd__fold_bit_words(f->n_rows) * sizeof *bits);
    for (int64_t p = f->n_parts - 1; *out && p >= 0; p--)
        MLSD__TRY(mark_part(scope, f, split, p, bits, out));
    return MLSD_OK;
}
