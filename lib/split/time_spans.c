/* time_spans.c - from spans of time to folds.
 *
 * Where rows stand in time order and each part is one range of them, folds are RANGES. Otherwise
 * rows that no split tells apart - they lie between the same cuts, and their labels end between the
 * same limits - are one unit, and folds are MARKS of units, or ROWS where these take less memory.
 * Either way the rows of a part ascend. */
#include "split/time_spans.h"

#include "split/row_numbers.h"

enum { CHECK_ROWS = 1 << 16 };

static mlsd_status add(mlsd__scope *scope, mlsd__spans *s, mlsd__span span)
{
    void *items = s->items;
    const mlsd_status status =
        mlsd__reserve(scope->allocator, &items, &s->capacity, s->n + 1, sizeof *s->items);
    s->items = items;
    if (status != MLSD_OK) return status;
    if (span.split >= s->n_splits) s->n_splits = span.split + 1;
    s->items[s->n++] = span;
    return s->n % CHECK_ROWS == 0 ? mlsd__checkpoint(scope) : MLSD_OK;
}

/* The last moment of labels that end before the row at `place` begins, and before the embargo. */
static int64_t last_before(const mlsd__spans *s, int64_t place)
{
    if (s->labels->ends == NULL) return INT64_MAX;
    return mlsd__tick_sub(s->order->times[place], mlsd__tick_add(s->labels->embargo, 1));
}

mlsd_status mlsd__spans_add_window(mlsd__scope *scope, mlsd__spans *s, int64_t split,
                                   const mlsd__window *w)
{
    const bool validates = s->n_parts == 3;
    const int64_t next = validates ? w->validation_first : w->test_first;
    MLSD__TRY(
        add(scope, s, (mlsd__span){split, 0, w->train_first, w->train_end, last_before(s, next)}));
    if (validates)
        MLSD__TRY(add(scope, s,
                      (mlsd__span){split, 1, w->validation_first, w->validation_end,
                                   last_before(s, w->test_first)}));
    return add(scope, s,
               (mlsd__span){split, s->n_parts - 1, w->test_first, w->test_end, INT64_MAX});
}

static int64_t end_at(const mlsd__spans *s, int64_t place)
{
    return s->labels->ends[mlsd__row_at(s->order, place)];
}

/* Labels that end in the order of their times leave out the tail of a span and nothing else. */
static mlsd_status cut_tails(mlsd__scope *scope, mlsd__spans *s)
{
    if (s->labels->ends == NULL) return MLSD_OK;
    for (int64_t p = 1; p < s->order->n; p++) {
        if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        if (end_at(s, p) < end_at(s, p - 1)) return MLSD_OK;
    }
    for (int64_t k = 0; k < s->n; k++) {
        mlsd__span *const span = s->items + k;
        if (span->last == INT64_MAX) continue;
        int64_t low = span->first, high = span->end;
        while (low < high) {
            const int64_t middle = low + (high - low) / 2;
            if (end_at(s, middle) <= span->last)
                low = middle + 1;
            else
                high = middle;
        }
        span->end = low;
        span->last = INT64_MAX;
    }
    return MLSD_OK;
}

static bool are_ranges(const mlsd__spans *s)
{
    if (s->order->rows != NULL || s->n != s->n_splits * s->n_parts) return false;
    for (int64_t k = 0; k < s->n; k++)
        if (s->items[k].last != INT64_MAX) return false;
    return true;
}

static const char *part_noun(const mlsd__spans *s, int64_t part)
{
    if (part == 0) return "train on";
    return part == s->n_parts - 1 ? "test on" : "validate on";
}

/* Windows have rows to begin with: only labels empty them. */
static mlsd_status check_parts(const mlsd__spans *s, const mlsd_folds *f)
{
    for (int64_t k = 0; k < f->n_splits; k++) {
        for (int64_t part = 0; part < f->n_parts; part++) {
            if (mlsd_folds_part_size(f, k, part) > 0) continue;
            return mlsd__fail(
                MLSD_E_DATA,
                "split %lld of %lld has nothing left to %s: every label reaches into what follows "
                "it, or into the embargo; use longer windows, fewer splits or a shorter embargo",
                (long long)k, (long long)f->n_splits, part_noun(s, part));
        }
    }
    return MLSD_OK;
}

static mlsd_status store_ranges(const mlsd__spans *s, mlsd_folds *out)
{
    out->form = MLSD__FOLDS_RANGES;
    out->n_splits = s->n_splits;
    out->n_parts = s->n_parts;
    out->ranges = mlsd__alloc_raw(&out->allocator, s->n, 2 * sizeof *out->ranges);
    if (out->ranges == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < s->n; k++) {
        const mlsd__span *const span = s->items + k;
        int64_t *const range = out->ranges + 2 * (span->split * s->n_parts + span->part);
        range[0] = span->first;
        range[1] = span->end;
    }
    return MLSD_OK;
}

/* Rows that no split tells apart. A unit stands by the place of its first row and by how many of
 * the limits its labels exceed. */
typedef struct units {
    int64_t *lasts; /* the limits, ascending */
    int64_t n_lasts;
    uint8_t *is_cut;  /* of each place: a span begins or ends here */
    int64_t *seen_in; /* by number of limits: the segment of `unit_of`, -1 before */
    int32_t *unit_of; /* by number of limits: the unit in that segment */
    int32_t *of_row;  /* the unit of each row */
    int64_t *place, *n_exceeded, *n_rows;
    int64_t n, place_capacity, exceeded_capacity, rows_capacity;
} units;

static void units_free(units *u, const mlsd__allocator *a)
{
    mlsd__free(a, u->lasts);
    mlsd__free(a, u->is_cut);
    mlsd__free(a, u->seen_in);
    mlsd__free(a, u->unit_of);
    mlsd__free(a, u->of_row);
    mlsd__free(a, u->place);
    mlsd__free(a, u->n_exceeded);
    mlsd__free(a, u->n_rows);
}

/* The distinct limits. */
static mlsd_status sort_lasts(mlsd__scope *scope, const mlsd__spans *s, units *u)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n = 0;
    int64_t *const unsorted = mlsd__alloc_raw(a, s->n, sizeof *unsorted);
    int64_t *const order = mlsd__alloc_raw(a, s->n, sizeof *order);
    u->lasts = mlsd__alloc_raw(a, s->n, sizeof *u->lasts);
    mlsd_status status = MLSD_E_NOMEM;
    if (unsorted == NULL || order == NULL || u->lasts == NULL) goto out;
    for (int64_t k = 0; k < s->n; k++)
        if (s->items[k].last != INT64_MAX) unsorted[n++] = s->items[k].last;
    status = mlsd__argsort_ticks(scope, unsorted, n, order);
    for (int64_t k = 0; status == MLSD_OK && k < n; k++) {
        const int64_t last = unsorted[order[k]];
        if (u->n_lasts == 0 || u->lasts[u->n_lasts - 1] != last) u->lasts[u->n_lasts++] = last;
    }
out:
    mlsd__free(a, order);
    mlsd__free(a, unsorted);
    return status;
}

static mlsd_status units_begin(mlsd__scope *scope, const mlsd__spans *s, units *u)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = s->order->n;
    MLSD__TRY(sort_lasts(scope, s, u));
    u->is_cut = mlsd__alloc(a, n + 1, sizeof *u->is_cut);
    u->seen_in = mlsd__alloc_raw(a, u->n_lasts + 1, sizeof *u->seen_in);
    u->unit_of = mlsd__alloc_raw(a, u->n_lasts + 1, sizeof *u->unit_of);
    u->of_row = mlsd__alloc_raw(a, n, sizeof *u->of_row);
    if (u->is_cut == NULL || u->seen_in == NULL || u->unit_of == NULL || u->of_row == NULL)
        return MLSD_E_NOMEM;
    for (int64_t k = 0; k <= u->n_lasts; k++) u->seen_in[k] = -1;
    for (int64_t k = 0; k < s->n; k++) {
        u->is_cut[s->items[k].first] = 1;
        u->is_cut[s->items[k].end] = 1;
    }
    return MLSD_OK;
}

static mlsd_status grow(const mlsd__allocator *a, int64_t **array, int64_t *capacity, int64_t n)
{
    void *pointer = *array;
    const mlsd_status status = mlsd__reserve(a, &pointer, capacity, n, sizeof **array);
    *array = pointer;
    return status;
}

static mlsd_status new_unit(const mlsd__allocator *a, units *u, int64_t place, int64_t n_exceeded)
{
    if (u->n == INT32_MAX) return mlsd__fail_nomem();
    MLSD__TRY(grow(a, &u->place, &u->place_capacity, u->n + 1));
    MLSD__TRY(grow(a, &u->n_exceeded, &u->exceeded_capacity, u->n + 1));
    MLSD__TRY(grow(a, &u->n_rows, &u->rows_capacity, u->n + 1));
    u->place[u->n] = place;
    u->n_exceeded[u->n] = n_exceeded;
    u->n_rows[u->n] = 0;
    u->n++;
    return MLSD_OK;
}

static mlsd_status number_units(mlsd__scope *scope, const mlsd__spans *s, units *u)
{
    int64_t segment = 0;
    for (int64_t p = 0; p < s->order->n; p++) {
        if (p % CHECK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        segment += u->is_cut[p];
        const int64_t h =
            u->n_lasts > 0 ? mlsd__ticks_below(u->lasts, u->n_lasts, end_at(s, p)) : 0;
        if (u->seen_in[h] != segment) {
            MLSD__TRY(new_unit(scope->allocator, u, p, h));
            u->seen_in[h] = segment;
            u->unit_of[h] = (int32_t)(u->n - 1);
        }
        const int32_t unit = u->unit_of[h];
        u->of_row[mlsd__row_at(s->order, p)] = unit;
        u->n_rows[unit]++;
    }
    return MLSD_OK;
}

/* The units of a span: those of numbers [*first, *end) that exceed at most *most limits. */
static void span_units(const units *u, const mlsd__span *span, int64_t *first, int64_t *end,
                       int64_t *most)
{
    *first = mlsd__ticks_below(u->place, u->n, span->first);
    *end = mlsd__ticks_below(u->place, u->n, span->end);
    *most = mlsd__ticks_below(u->lasts, u->n_lasts, span->last);
}

static int64_t count_rows(const units *u, const mlsd__span *span)
{
    int64_t first, end, most, n = 0;
    if (span->last == INT64_MAX) return span->end - span->first;
    span_units(u, span, &first, &end, &most);
    for (int64_t k = first; k < end; k++) n += u->n_exceeded[k] <= most ? u->n_rows[k] : 0;
    return n;
}

static mlsd_status store_marks(mlsd__scope *scope, const mlsd__spans *s, const units *u,
                               mlsd_folds *out)
{
    MLSD__TRY(mlsd__folds_make_marks(out, u->of_row, u->n, s->n_splits, s->n_parts));
    for (int64_t j = 0; j < s->n; j++) {
        const mlsd__span *const span = s->items + j;
        int8_t *const marks = out->marks + span->split * u->n;
        int64_t first, end, most;
        span_units(u, span, &first, &end, &most);
        for (int64_t k = first; k < end; k++)
            if (u->n_exceeded[k] <= most) marks[k] = (int8_t)span->part;
        out->sizes[span->split * s->n_parts + span->part] += count_rows(u, span);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Parts that each unit is in: those of numbers offsets[unit] .. offsets[unit + 1] - 1 of `parts`.
 */
static mlsd_status list_parts(mlsd__scope *scope, const mlsd__spans *s, const units *u,
                              int64_t **offsets, int64_t **parts)
{
    const mlsd__allocator *const a = scope->allocator;
    *offsets = mlsd__alloc(a, u->n + 2, sizeof **offsets);
    if (*offsets == NULL) return MLSD_E_NOMEM;
    for (int pass = 0; pass < 2; pass++) {
        int64_t *const at = *offsets + (pass == 0 ? 2 : 1); /* counts, then where to write */
        for (int64_t j = 0; j < s->n; j++) {
            int64_t first, end, most;
            MLSD__TRY(mlsd__checkpoint(scope));
            span_units(u, s->items + j, &first, &end, &most);
            const int64_t part = s->items[j].split * s->n_parts + s->items[j].part;
            for (int64_t k = first; k < end; k++) {
                if (u->n_exceeded[k] > most) continue;
                if (pass == 1) (*parts)[at[k]] = part;
                at[k]++;
            }
        }
        if (pass == 1) break;
        for (int64_t k = 1; k <= u->n + 1; k++) (*offsets)[k] += (*offsets)[k - 1];
        *parts = mlsd__alloc_raw(a, (*offsets)[u->n + 1], sizeof **parts);
        if (*parts == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* Rows in their own order go to all parts that they are in, so that each part ascends. */
static mlsd_status fill_rows(mlsd__scope *scope, const units *u, const int64_t *offsets,
                             const int64_t *parts, int64_t *cursors, mlsd_folds *out)
{
    const mlsd__row_numbers rows = mlsd__folds_row_numbers(out);
    for (int64_t k = 0; k < out->n_splits * out->n_parts; k++) cursors[k] = out->offsets[k];
    for (int64_t i = 0; i < out->n_rows; i++) {
        const int32_t unit = u->of_row[i];
        if (i % 256 == 0) MLSD__TRY(mlsd__checkpoint(scope));
        for (int64_t k = offsets[unit]; k < offsets[unit + 1]; k++)
            mlsd__row_number_set(&rows, cursors[parts[k]]++, i);
    }
    return MLSD_OK;
}

/* Room for every part. */
static mlsd_status begin_rows(mlsd__scope *scope, const mlsd__spans *s, const units *u,
                              mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_parts = 0, capacity = 0;
    MLSD__TRY(mlsd__mul_size(s->n_splits, s->n_parts, &n_parts));
    int64_t *const sizes = mlsd__alloc(a, n_parts, sizeof *sizes);
    if (sizes == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__folds_begin_row_numbers(out, s->n_splits, s->n_parts);
    for (int64_t j = 0; status == MLSD_OK && j < s->n; j++) {
        sizes[s->items[j].split * s->n_parts + s->items[j].part] += count_rows(u, s->items + j);
        status = mlsd__checkpoint(scope);
    }
    for (int64_t k = 0; status == MLSD_OK && k < n_parts; k++) {
        int64_t first = 0;
        status = mlsd__folds_add_row_numbers(out, k, sizes[k], &capacity, &first);
    }
    if (status == MLSD_OK) status = mlsd__folds_end_row_numbers(out);
    mlsd__free(a, sizes);
    return status;
}

static mlsd_status store_rows(mlsd__scope *scope, const mlsd__spans *s, const units *u,
                              mlsd_folds *out)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *offsets = NULL, *parts = NULL, *cursors = NULL;
    mlsd_status status = begin_rows(scope, s, u, out);
    if (status == MLSD_OK) status = list_parts(scope, s, u, &offsets, &parts);
    if (status == MLSD_OK) {
        cursors = mlsd__alloc_raw(a, s->n_splits * s->n_parts, sizeof *cursors);
        status = cursors == NULL ? MLSD_E_NOMEM : fill_rows(scope, u, offsets, parts, cursors, out);
    }
    mlsd__free(a, cursors);
    mlsd__free(a, parts);
    mlsd__free(a, offsets);
    return status;
}

/* Memory in bytes, as numbers that do not overflow. */
static mlsd_status compare_forms(mlsd__scope *scope, const mlsd__spans *s, const units *u,
                                 bool *marks_are_smaller)
{
    const double width = s->order->n > INT32_MAX ? 8 : 4;
    double n_rows = 0;
    for (int64_t j = 0; j < s->n; j++) {
        n_rows += (double)count_rows(u, s->items + j);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    *marks_are_smaller =
        (double)u->n * (double)s->n_splits + 4 * (double)s->order->n <= width * n_rows;
    return MLSD_OK;
}

static mlsd_status store_units(mlsd__scope *scope, const mlsd__spans *s, mlsd_folds *out)
{
    units u = {0};
    bool marks_are_smaller = false;
    mlsd_status status = units_begin(scope, s, &u);
    if (status == MLSD_OK) status = number_units(scope, s, &u);
    if (status == MLSD_OK) status = compare_forms(scope, s, &u, &marks_are_smaller);
    if (status == MLSD_OK)
        status = marks_are_smaller ? store_marks(scope, s, &u, out) : store_rows(scope, s, &u, out);
    units_free(&u, scope->allocator);
    return status;
}

mlsd_status mlsd__spans_store(mlsd__scope *scope, mlsd__spans *s, mlsd_folds *out)
{
    MLSD__TRY(cut_tails(scope, s));
    MLSD__TRY(are_ranges(s) ? store_ranges(s, out) : store_units(scope, s, out));
    return check_parts(s, out);
}

void mlsd__spans_free(mlsd__spans *s, const mlsd__allocator *a)
{
    mlsd__free(a, s->items);
}
