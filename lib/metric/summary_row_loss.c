/* summary_row_loss.c - the weighted mean of a number for each row, with what its standard error
 * needs, for each slot.
 *
 * A row whose loss is not defined (NaN) is left out. The sums are of losses less a number near
 * them, the slot's pivot: its first loss. So equal losses have no spread, exactly, and a mean far
 * from 0 does not cancel. Slots with different pivots are merged by moving the second one's sums to
 * the first one's pivot.
 *
 * Where no row has a weight, only count, wl and w2l2 are added up: w and w2 are the count, and w2l
 * is wl, in every bit. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "metric/summary.h"

/* Sums of a slot; l is the loss less the pivot. */
typedef struct cell {
    double pivot;
    double count;    /* rows that weigh more than 0; 0: the pivot is not set */
    double wl, w2l2; /* sums of weight x l, and of its square */
    double w, w2, w2l;
    double unused; /* a cell fills a line of the cache: its address is a shift of the slot */
} cell;
enum { CELL_NUMBERS = 7 };

typedef struct row_loss {
    mlsd__allocator allocator;
    mlsd__metric_ops metric; /* its row_loss and parameters, which are borrowed */
    mlsd__shape shape;
    cell *cells;
    double losses[MLSD__BLOCK_ROWS];
} row_loss;

static void row_loss_close(void *state)
{
    row_loss *const s = state;
    if (s == NULL) return;
    const mlsd__allocator a = s->allocator;
    mlsd__free(&a, s->cells);
    mlsd__free(&a, s);
}

static mlsd_status row_loss_open(const mlsd__allocator *a, const mlsd__shape *shape,
                                 const mlsd__metric_ops *metric, void **out)
{
    *out = NULL;
    row_loss *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *a;
    s->metric = *metric;
    s->shape = *shape;
    s->cells = mlsd__alloc(a, shape->n_slots, sizeof *s->cells);
    if (s->cells == NULL) {
        row_loss_close(s);
        return MLSD_E_NOMEM;
    }
    *out = s;
    return MLSD_OK;
}

static cell read_cell(const row_loss *s, int64_t slot)
{
    cell c = s->cells[slot];
    if (s->shape.is_weighted) return c;
    c.w = c.w2 = c.count;
    c.w2l = c.wl;
    return c;
}

/* A row that weighs 1 and whose cell has a pivot. wl and w2l2 are neighbours: one addition of both.
 */
typedef double two __attribute__((vector_size(16)));
static inline void add_plain_row(cell *c, double loss)
{
    const double l = loss - c->pivot;
    two sum, both = {l, l * l};
    c->count += 1;
    memcpy(&sum, (const char *)c + offsetof(cell, wl), sizeof sum);
    sum += both;
    memcpy((char *)c + offsetof(cell, wl), &sum, sizeof sum);
}

static void add_plain(row_loss *s, const int32_t *slot, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        cell *const c = &s->cells[slot[i]];
        if (c->count == 0) c->pivot = s->losses[i];
        add_plain_row(c, s->losses[i]);
    }
}

/* Sums of a slot in two states, which fill a line of the cache. */
typedef struct pair_cell {
    two pivot;
    double count, unused;
    two sums[2]; /* wl and w2l2 of each */
} pair_cell;

static void add_plain_twice(pair_cell *cells, const double *losses, const double *others,
                            const int32_t *slot, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        pair_cell *const c = &cells[slot[i]];
        const two loss = {losses[i], others[i]};
        if (c->count == 0) c->pivot = loss;
        const two l = loss - c->pivot, square = l * l;
        c->count += 1;
        c->sums[0] += (two){l[0], square[0]};
        c->sums[1] += (two){l[1], square[1]};
    }
}

/* The same of one slot, in LANES sums so that an addition need not wait for the one before. */
static void add_plain_alone(cell *c, const double *losses, int64_t n)
{
    enum { LANES = 4 };
    double sum[LANES] = {0}, squares[LANES] = {0};
    int64_t i = 0;
    if (n == 0) return;
    if (c->count == 0) c->pivot = losses[0];
    for (; i + LANES <= n; i += LANES) {
        for (int64_t j = 0; j < LANES; j++) {
            const double l = losses[i + j] - c->pivot;
            sum[j] += l;
            squares[j] += l * l;
        }
    }
    for (; i < n; i++) {
        const double l = losses[i] - c->pivot;
        sum[0] += l;
        squares[0] += l * l;
    }
    c->count += (double)n;
    c->wl += (sum[0] + sum[1]) + (sum[2] + sum[3]);
    c->w2l2 += (squares[0] + squares[1]) + (squares[2] + squares[3]);
}

static void add_one(cell *c, double loss, double w)
{
    if (!(w > 0)) return;
    if (c->count == 0) c->pivot = loss;
    const double l = loss - c->pivot, wl = w * l;
    c->count += 1;
    c->w += w;
    c->wl += wl;
    c->w2 += w * w;
    c->w2l += w * wl;
    c->w2l2 += wl * wl;
}

/* The losses of n rows of a batch. */
static void find_losses(row_loss *s, const mlsd__batch *b, int64_t first, int64_t n)
{
    const bool proba = s->metric.needs_proba, column = b->score != NULL && proba;
    const mlsd__loss_fn loss =
        s->metric.row_loss != NULL ? s->metric.row_loss : s->metric.summary_loss;
    const mlsd__scored all = {
        .n = b->n,
        .n_classes = s->shape.n_classes,
        .y = b->y,
        .prediction = column  ? b->score
                      : proba ? b->proba
                              : b->prediction,
        .weight = b->weight,
        .params = s->metric.params,
        .data = s->metric.data,
        .y_cols = s->shape.y_cols,
        .prediction_cols = column  ? 1
                           : proba ? 0
                                   : s->shape.prediction_cols,
    };
    loss(&all, NULL, first, n, s->losses);
}

static mlsd_status row_loss_add(mlsd__scope *scope, void *state, const mlsd__batch *b)
{
    (void)scope;
    row_loss *const s = state;
    for (int64_t first = 0; first < b->n; first += MLSD__BLOCK_ROWS) {
        const int64_t n = b->n - first < MLSD__BLOCK_ROWS ? b->n - first : MLSD__BLOCK_ROWS;
        find_losses(s, b, first, n);
        if (!s->shape.is_weighted && s->metric.row_loss != NULL) {
            if (b->slot == NULL)
                add_plain_alone(s->cells, s->losses, n);
            else
                add_plain(s, b->slot + first, n);
            continue;
        }
        for (int64_t i = 0; i < n; i++) {
            /* A rate of a row's own labels may be undefined; a loss that is NaN is a fault. */
            if (s->metric.row_loss == NULL && isnan(s->losses[i])) continue;
            add_one(&s->cells[b->slot == NULL ? 0 : b->slot[first + i]], s->losses[i],
                    b->weight == NULL ? 1 : b->weight[first + i]);
        }
    }
    return MLSD_OK;
}

bool mlsd__row_loss_is_plain(const mlsd__metric_ops *metric, const mlsd__shape *shape)
{
    return metric->row_loss != NULL && !shape->is_weighted && shape->n_slots > 1;
}

void *mlsd__row_loss_two_new(const mlsd__allocator *a, const mlsd__shape *shape)
{
    return mlsd__alloc(a, shape->n_slots, sizeof(pair_cell));
}

void mlsd__row_loss_two_add(void *cells, void *state, void *other, const mlsd__batch *b)
{
    row_loss *const s = state, *const t = other;
    for (int64_t first = 0; first < b->n; first += MLSD__BLOCK_ROWS) {
        const int64_t n = b->n - first < MLSD__BLOCK_ROWS ? b->n - first : MLSD__BLOCK_ROWS;
        find_losses(s, b, first, n);
        find_losses(t, b, first, n);
        add_plain_twice(cells, s->losses, t->losses, b->slot + first, n);
    }
}

void mlsd__row_loss_two_end(const void *cells, void *state, void *other)
{
    const pair_cell *const from = cells;
    row_loss *const states[] = {state, other};
    for (int64_t i = 0; i < states[0]->shape.n_slots; i++) {
        for (int k = 0; k < 2; k++) {
            cell *const c = &states[k]->cells[i];
            c->pivot = from[i].pivot[k];
            c->count = from[i].count;
            c->wl = from[i].sums[k][0];
            c->w2l2 = from[i].sums[k][1];
        }
    }
}

/* The sums about another pivot: l + d for every row. */
static void move(cell *c, double pivot)
{
    const double d = c->pivot - pivot;
    if (d == 0) return;
    c->w2l2 += d * (2 * c->w2l + d * c->w2);
    c->w2l += d * c->w2;
    c->wl += d * c->w;
    c->pivot = pivot;
}

static mlsd_status row_loss_merge(void *into, const void *from, const int32_t *slot_of)
{
    row_loss *const a = into;
    const row_loss *const b = from;
    for (int64_t i = 0; i < b->shape.n_slots; i++) {
        const int64_t slot = slot_of == NULL ? i : slot_of[i];
        if (slot < 0 || b->cells[i].count == 0) continue;
        cell *const c = &a->cells[slot];
        cell other = read_cell(b, i);
        if (c->count == 0) {
            *c = other;
            continue;
        }
        *c = read_cell(a, slot);
        move(&other, c->pivot);
        c->count += other.count;
        c->w += other.w;
        c->wl += other.wl;
        c->w2 += other.w2;
        c->w2l += other.w2l;
        c->w2l2 += other.w2l2;
    }
    return MLSD_OK;
}

static void row_loss_save(const void *state, mlsd__writer *w)
{
    const row_loss *const s = state;
    mlsd__put_i64(w, s->shape.n_slots * CELL_NUMBERS);
    for (int64_t i = 0; i < s->shape.n_slots; i++) {
        const cell c = read_cell(s, i);
        const double *const numbers = (const double *)(const void *)&c;
        for (int64_t j = 0; j < CELL_NUMBERS; j++) mlsd__put_f64(w, numbers[j]);
    }
}

static mlsd_status row_loss_load(void *state, mlsd__reader *r)
{
    row_loss *const s = state;
    int64_t n = 0;
    double *const values = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != s->shape.n_slots * CELL_NUMBERS) {
        status = mlsd__fail(MLSD_E_CORRUPT, "a mean over rows has %lld numbers, not %lld",
                            (long long)n, (long long)s->shape.n_slots * CELL_NUMBERS);
    }
    for (int64_t i = 0; status == MLSD_OK && i < s->shape.n_slots; i++) {
        memcpy(&s->cells[i], values + i * CELL_NUMBERS, CELL_NUMBERS * sizeof *values);
    }
    mlsd__free(r->allocator, values);
    return status;
}

void mlsd__row_loss_estimate(const void *state, int64_t slot, mlsd__estimate *out)
{
    const row_loss *const s = state;
    const cell whole = read_cell(s, slot), *const c = &whole;
    mlsd__estimate_undefined(out);
    out->support = c->count;
    if (!(c->w > 0)) return;
    const double mean = c->wl / c->w;
    /* Rounded once; rows that are all alike keep their number. */
    out->value = c->wl == 0 ? c->pivot : (c->pivot * c->w + c->wl) / c->w;
    out->df = c->count - 1;
    out->n_rows = c->w * c->w / c->w2;
    if (c->count < 2) return;
    const double squares = fmax(0, c->w2l2 - mean * (2 * c->w2l - mean * c->w2));
    out->se = sqrt(squares * (c->count / (c->count - 1))) / c->w;
}

mlsd_status mlsd__row_loss_finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    (void)scope;
    const mlsd__metric_ops *const m = f->metric;
    mlsd__estimate *const e = &out->estimate;
    mlsd__row_loss_estimate(f->state, f->slot, e);
    if (isnan(e->value)) return MLSD_OK;
    if (m->is_share) {
        const cell c = read_cell(f->state, f->slot);
        mlsd__estimate_share(e->value * c.w, c.w, c.w2, c.count, f->level, e);
        return MLSD_OK;
    }
    const bool is_bounded = m->lower != 0 || m->upper != 0;
    mlsd__estimate_interval(e, f->level, is_bounded ? m->lower : 0,
                            is_bounded ? m->upper : INFINITY);
    if (!m->is_root) return MLSD_OK;
    e->value = sqrt(e->value);
    e->low = sqrt(e->low);
    e->high = sqrt(e->high);
    /* d sqrt(m) / dm; without any error the mean has no spread either. */
    if (e->value > 0) e->se /= 2 * e->value;
    return MLSD_OK;
}

const mlsd__summary_ops mlsd__summary_row_loss = {
    .name = "row_loss",
    .open = row_loss_open,
    .add = row_loss_add,
    .merge = row_loss_merge,
    .save = row_loss_save,
    .load = row_loss_load,
    .close = row_loss_close,
    .is_of_metric = true,
};
