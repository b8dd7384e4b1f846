/* folds_lists.c - folds that come from elsewhere: fold numbers, or rows listed part by part. They
 * are checked, and kept in the smallest form that says the same: ranges where every part is one,
 * fold numbers where all others are trained on, marks where no part has an order of its own, and
 * only then lists. */
#include "split/folds_lists.h"

#include <math.h>
#include <string.h>

#include "base/handle.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"
#include "split/folds_walk.h"
#include "split/row_numbers.h"

mlsd_status mlsd__folds_new(const mlsd__allocator *a, int64_t n_rows, mlsd_folds **out)
{
    *out = mlsd__alloc(a, 1, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    (*out)->magic = MLSD__MAGIC_FOLDS;
    (*out)->allocator = *a;
    (*out)->n_rows = n_rows;
    return MLSD_OK;
}

/* ---- what the lists allow ---- */

typedef struct survey {
    bool are_ranges;    /* every part is one run of ascending rows */
    bool are_sets;      /* rows ascend in every part, and parts of a split do not overlap */
    bool train_on_rest; /* and part 0 is always all other rows */
    int64_t n_listed;   /* rows of all parts, the rest included */
    uint64_t *bits;     /* a bit a row */
} survey;

static int32_t rest_of(const mlsd__fold_lists *l, int64_t split)
{
    return l->rest != NULL ? l->rest[split] : -1;
}

static bool take_bit(uint64_t *bits, int64_t row)
{
    const uint64_t bit = UINT64_C(1) << (row & 63);
    const bool is_new = (bits[row >> 6] & bit) == 0;
    bits[row >> 6] |= bit;
    return is_new;
}

static void clear_bits(const mlsd__fold_lists *l, uint64_t *bits)
{
    memset(bits, 0, (size_t)mlsd__fold_bit_words(l->n_rows) * sizeof *bits);
}

static mlsd_status fail_row(const mlsd__fold_lists *l, int64_t split, int64_t part, int64_t row)
{
    char name[MLSD__PART_NAME_CAPACITY];
    return mlsd__fail(MLSD_E_DATA,
                      "split %lld lists row %lld in its part '%s'; there are %lld rows, counted "
                      "from 0",
                      (long long)split, (long long)row, mlsd__part_name(part, l->n_parts, name),
                      (long long)l->n_rows);
}

static mlsd_status survey_part(mlsd__scope *scope, const mlsd__fold_lists *l, int64_t split,
                               int64_t part, survey *s, int64_t *n_taken)
{
    enum { STEP = 1 << 20 };
    const int64_t *const rows = l->rows + l->starts[split * l->n_parts + part];
    const int64_t n = l->sizes[split * l->n_parts + part];
    for (int64_t i = 0; i < n; i++) {
        if (rows[i] < 0 || rows[i] >= l->n_rows) return fail_row(l, split, part, rows[i]);
        const bool is_new = take_bit(s->bits, rows[i]);
        *n_taken += is_new;
        if (!is_new || (i > 0 && rows[i] < rows[i - 1])) s->are_sets = false;
        if (i > 0 && rows[i] != rows[i - 1] + 1) s->are_ranges = false;
        if (i % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    s->n_listed += n;
    return MLSD_OK;
}

static mlsd_status check_filled(const mlsd__fold_lists *l, int64_t split, int64_t n_taken)
{
    if (l->allows_empty) return MLSD_OK;
    for (int64_t p = 0; p < l->n_parts; p++) {
        char name[MLSD__PART_NAME_CAPACITY];
        const int64_t n =
            rest_of(l, split) == p ? l->n_rows - n_taken : l->sizes[split * l->n_parts + p];
        if (n > 0) continue;
        return mlsd__fail(MLSD_E_DATA,
                          "split %lld has no row in its part '%s'; each part needs one",
                          (long long)split, mlsd__part_name(p, l->n_parts, name));
    }
    return MLSD_OK;
}

static mlsd_status look_at(mlsd__scope *scope, const mlsd__fold_lists *l, survey *s)
{
    s->are_ranges = s->are_sets = s->train_on_rest = true;
    for (int64_t k = 0; k < l->n_splits; k++) {
        int64_t n_taken = 0;
        clear_bits(l, s->bits);
        for (int64_t p = 0; p < l->n_parts; p++)
            MLSD__TRY(survey_part(scope, l, k, p, s, &n_taken));
        MLSD__TRY(check_filled(l, k, n_taken));
        const int32_t rest = rest_of(l, k);
        if (rest >= 0) {
            s->are_ranges = false;
            s->n_listed += l->n_rows - n_taken;
        }
        if (rest != 0 && !(rest < 0 && n_taken == l->n_rows)) s->train_on_rest = false;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* ---- the forms ---- */

static mlsd_status make_ranges(const mlsd__fold_lists *l, mlsd_folds *f)
{
    const int64_t n = l->n_splits * l->n_parts;
    f->form = MLSD__FOLDS_RANGES;
    f->n_splits = l->n_splits;
    f->n_parts = l->n_parts;
    f->ranges = mlsd__alloc(&f->allocator, n, 2 * sizeof *f->ranges);
    if (f->ranges == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < n; k++) {
        if (l->sizes[k] == 0) continue;
        f->ranges[2 * k] = l->rows[l->starts[k]];
        f->ranges[2 * k + 1] = f->ranges[2 * k] + l->sizes[k];
    }
    return MLSD_OK;
}

/* Does the test part of a split take rows that are still free? */
static bool takes_free_rows(const mlsd__fold_lists *l, int64_t split, uint64_t *bits)
{
    const int64_t at = 2 * split + 1;
    bool is_free = true;
    for (int64_t i = 0; i < l->sizes[at]; i++)
        is_free = take_bit(bits, l->rows[l->starts[at] + i]) && is_free;
    return is_free;
}

/* How many splits follow each other before a row is tested again, if that repeats to the end; 0
 * where it does not. */
static int64_t count_dealt(const mlsd__fold_lists *l, uint64_t *bits)
{
    int64_t n = 0;
    clear_bits(l, bits);
    while (n < l->n_splits && takes_free_rows(l, n, bits)) n++;
    if (l->n_splits % n != 0) return 0;
    for (int64_t k = n; k < l->n_splits; k++) {
        if (k % n == 0) clear_bits(l, bits);
        if (!takes_free_rows(l, k, bits)) return 0;
    }
    return n;
}

static mlsd_status make_ids(const mlsd__fold_lists *l, int64_t n_ids, mlsd_folds *f)
{
    const int64_t n_repeats = l->n_splits / n_ids;
    MLSD__TRY(mlsd__folds_make_ids(f, n_ids, n_repeats));
    memset(f->ids, -1, (size_t)(l->n_rows * n_repeats) * sizeof *f->ids);
    for (int64_t k = 0; k < l->n_splits; k++) {
        int32_t *const ids = f->ids + k / n_ids * l->n_rows;
        const int64_t *const rows = l->rows + l->starts[2 * k + 1];
        f->sizes[k] = l->sizes[2 * k + 1];
        for (int64_t i = 0; i < f->sizes[k]; i++) ids[rows[i]] = (int32_t)(k % n_ids);
    }
    return MLSD_OK;
}

static mlsd_status make_marks(const mlsd__fold_lists *l, mlsd_folds *f)
{
    MLSD__TRY(mlsd__folds_make_marks(f, NULL, l->n_rows, l->n_splits, l->n_parts));
    for (int64_t k = 0; k < l->n_splits; k++) {
        int8_t *const marks = f->marks + k * l->n_rows;
        if (rest_of(l, k) >= 0) memset(marks, rest_of(l, k), (size_t)l->n_rows);
        for (int64_t p = 0; p < l->n_parts; p++) {
            const int64_t at = k * l->n_parts + p;
            for (int64_t i = 0; i < l->sizes[at]; i++)
                marks[l->rows[l->starts[at] + i]] = (int8_t)p;
        }
    }
    mlsd__folds_count_marks(f);
    return MLSD_OK;
}

/* The rows that no part of the split lists; returns their number. */
static int64_t write_rest(const mlsd__fold_lists *l, int64_t split, uint64_t *bits,
                          const mlsd__row_numbers *out, int64_t first)
{
    int64_t n = 0;
    clear_bits(l, bits);
    for (int64_t p = 0; p < l->n_parts; p++) {
        const int64_t at = split * l->n_parts + p;
        for (int64_t i = 0; i < l->sizes[at]; i++) (void)take_bit(bits, l->rows[l->starts[at] + i]);
    }
    for (int64_t i = 0; i < l->n_rows; i++) {
        if (!(bits[i >> 6] >> (i & 63) & 1)) mlsd__row_number_set(out, first + n++, i);
    }
    return n;
}

static mlsd_status make_rows(const mlsd__fold_lists *l, int64_t n_listed, uint64_t *bits,
                             mlsd_folds *f)
{
    const int64_t n = l->n_splits * l->n_parts;
    mlsd__row_numbers rows = {0};
    f->form = MLSD__FOLDS_ROWS;
    f->n_splits = l->n_splits;
    f->n_parts = l->n_parts;
    f->offsets = mlsd__alloc(&f->allocator, n + 1, sizeof *f->offsets);
    if (f->offsets == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(mlsd__row_numbers_new(&f->allocator, l->n_rows, n_listed, &rows));
    f->rows = rows.wide;
    f->rows32 = rows.narrow;
    for (int64_t at = 0; at < n; at++) {
        const int64_t split = at / l->n_parts, first = f->offsets[at];
        int64_t size = l->sizes[at];
        for (int64_t i = 0; i < size; i++)
            mlsd__row_number_set(&rows, first + i, l->rows[l->starts[at] + i]);
        if (rest_of(l, split) == at % l->n_parts) size = write_rest(l, split, bits, &rows, first);
        f->offsets[at + 1] = first + size;
    }
    return MLSD_OK;
}

static mlsd_status make_smallest(const mlsd__fold_lists *l, const survey *s, mlsd_folds *f)
{
    if (s->are_ranges) return make_ranges(l, f);
    if (s->are_sets && s->train_on_rest && l->n_parts == 2) {
        const int64_t n_ids = count_dealt(l, s->bits);
        if (n_ids > 1) return make_ids(l, n_ids, f);
    }
    int64_t n_marks = 0;
    const bool fits = !__builtin_mul_overflow(l->n_rows, l->n_splits, &n_marks);
    if (s->are_sets && l->n_parts <= INT8_MAX && fits && n_marks / 8 <= s->n_listed)
        return make_marks(l, f);
    return make_rows(l, s->n_listed, s->bits, f);
}

mlsd_status mlsd__folds_from_lists(mlsd__scope *scope, const mlsd__fold_lists *l, mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_folds *f = NULL;
    survey s = {.bits = mlsd__alloc_raw(a, mlsd__fold_bit_words(l->n_rows), sizeof *s.bits)};
    mlsd_status status = s.bits == NULL ? MLSD_E_NOMEM : look_at(scope, l, &s);
    if (status == MLSD_OK) status = mlsd__folds_new(a, l->n_rows, &f);
    if (status == MLSD_OK) status = make_smallest(l, &s, f);
    if (status == MLSD_OK) {
        *out = f;
        f = NULL;
    }
    mlsd_folds_free(f);
    mlsd__free(a, s.bits);
    return status;
}

/* ---- fold numbers ---- */

static mlsd_status check_numbers(const mlsd_folds *f, int64_t n_folds)
{
    if (n_folds == 0)
        return mlsd__fail(MLSD_E_DATA,
                          "none of the %lld rows is in a fold: all are -1, never tested",
                          (long long)f->n_rows);
    if (n_folds == 1 && f->sizes[0] == f->n_rows)
        return mlsd__fail(MLSD_E_DATA,
                          "all %lld rows are in one fold, so that none is left to train on; two "
                          "folds are needed, or rows of -1",
                          (long long)f->n_rows);
    return MLSD_OK;
}

mlsd_status mlsd__folds_from_numbers(mlsd__scope *scope, const double *ids, int64_t n,
                                     mlsd_folds **out)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const known = mlsd__alloc_raw(a, n, sizeof *known);
    double *const values = mlsd__alloc_raw(a, n, sizeof *values);
    int32_t *const codes = mlsd__alloc_raw(a, n, sizeof *codes);
    mlsd_folds *f = NULL;
    int64_t n_folds = 0;
    mlsd_status status = known == NULL || values == NULL || codes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) known[i] = ids[i] == -1 ? NAN : ids[i];
    if (status == MLSD_OK) status = mlsd__factorize_rows(scope, known, n, values, &n_folds, codes);
    if (status == MLSD_OK) status = mlsd__folds_new(a, n, &f);
    if (status == MLSD_OK) status = mlsd__folds_make_ids(f, n_folds, 1);
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        f->ids[i] = codes[i];
        if (codes[i] >= 0) f->sizes[codes[i]]++;
    }
    if (status == MLSD_OK) status = check_numbers(f, n_folds);
    if (status == MLSD_OK) {
        *out = f;
        f = NULL;
    }
    mlsd_folds_free(f);
    mlsd__free(a, codes);
    mlsd__free(a, values);
    mlsd__free(a, known);
    return status;
}

/* ---- public ---- */

static mlsd_status read_ids(const mlsd__allocator *a, const int64_t *ids, int64_t n, double **out)
{
    *out = mlsd__alloc_raw(a, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        if (ids[i] < -1 || ids[i] >= (int64_t)MLSD__EXACT_I64)
            return mlsd__fail(MLSD_E_DATA,
                              "the fold of row %lld must be -1 (never tested) or from 0 to 2^53 - "
                              "1, got %lld",
                              (long long)i, (long long)ids[i]);
        (*out)[i] = (double)ids[i];
    }
    return MLSD_OK;
}

mlsd_status mlsd_folds_from_ids(const mlsd_context *context, const int64_t *ids, int64_t n,
                                mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE(ids != NULL, "the fold numbers are NULL");
    MLSD__REQUIRE(n >= 1, "there must be a row at least, got %lld", (long long)n);
    mlsd__scope scope;
    double *numbers = NULL;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    mlsd_status status = read_ids(scope.allocator, ids, n, &numbers);
    if (status == MLSD_OK) status = mlsd__folds_from_numbers(&scope, numbers, n, out);
    mlsd__free(scope.allocator, numbers);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status check_offsets(const int64_t *offsets, int64_t n)
{
    MLSD__REQUIRE(offsets[0] == 0, "the first offset must be 0, got %lld", (long long)offsets[0]);
    for (int64_t k = 0; k < n; k++) {
        MLSD__REQUIRE(offsets[k + 1] >= offsets[k],
                      "offsets must not descend, but offset %lld is %lld after %lld",
                      (long long)k + 1, (long long)offsets[k + 1], (long long)offsets[k]);
    }
    return MLSD_OK;
}

mlsd_status mlsd_folds_from_rows(const mlsd_context *context, int64_t n_rows, int64_t n_splits,
                                 int64_t n_parts, const int64_t *offsets, const int64_t *rows,
                                 mlsd_folds **out)
{
    MLSD__REQUIRE(out != NULL, "the place for the folds is NULL");
    *out = NULL;
    MLSD__REQUIRE(n_rows >= 1, "there must be a row at least, got %lld", (long long)n_rows);
    MLSD__REQUIRE(n_splits >= 1, "there must be a split at least, got %lld", (long long)n_splits);
    MLSD__REQUIRE(n_parts >= 2, "a split has two parts at least, got %lld", (long long)n_parts);
    MLSD__REQUIRE(offsets != NULL, "the offsets are NULL");
    MLSD__REQUIRE(rows != NULL, "the rows are NULL");
    int64_t n = 0;
    MLSD__TRY(mlsd__mul_size(n_splits, n_parts, &n));
    MLSD__TRY(check_offsets(offsets, n));
    mlsd__scope scope;
    MLSD__TRY(mlsd__scope_open(&scope, context));
    int64_t *const sizes = mlsd__alloc_raw(scope.allocator, n, sizeof *sizes);
    mlsd_status status = sizes == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < n; k++) sizes[k] = offsets[k + 1] - offsets[k];
    const mlsd__fold_lists lists = {.n_rows = n_rows,
                                    .n_splits = n_splits,
                                    .n_parts = n_parts,
                                    .starts = offsets,
                                    .sizes = sizes,
                                    .rows = rows};
    if (status == MLSD_OK) status = mlsd__folds_from_lists(&scope, &lists, out);
    mlsd__free(scope.allocator, sizes);
    mlsd__scope_close(&scope);
    return status;
}
