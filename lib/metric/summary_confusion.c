/* summary_confusion.c - how many rows, and with which weights, are of class t and predicted as p,
 * for each slot. Counts are exact whatever the order; weights are added in the order of the rows.
 */
#include <string.h>

#include "metric/intake_block.h"
#include "metric/summary.h"

/* Cells of all slots: 2 GiB of counts. */
#define MAX_CELLS ((int64_t)1 << 28)

typedef struct confusion {
    mlsd__allocator allocator;
    int64_t n_classes, n_labels, n_slots;
    int64_t n_cells;          /* of a slot */
    double *count;            /* n_slots x n_classes x n_classes */
    double *weight, *squares; /* the same as count where all weigh 1 */
    bool is_weighted;
} confusion;

static void confusion_close(void *state)
{
    confusion *const c = state;
    if (c == NULL) return;
    const mlsd__allocator a = c->allocator;
    if (c->is_weighted) {
        mlsd__free(&a, c->weight);
        mlsd__free(&a, c->squares);
    }
    mlsd__free(&a, c->count);
    mlsd__free(&a, c);
}

static int64_t cells_of(const mlsd__shape *shape)
{
    return (shape->y_cols > 1 ? shape->y_cols : 1) * shape->n_classes * shape->n_classes;
}

static mlsd_status confusion_open(const mlsd__allocator *a, const mlsd__shape *shape,
                                  const mlsd__metric_ops *metric, void **out)
{
    (void)metric;
    const int64_t k = shape->n_classes, n_labels = shape->y_cols > 1 ? shape->y_cols : 0;
    *out = NULL;
    if (k > 1 << 14 || cells_of(shape) > MAX_CELLS / shape->n_slots) {
        return mlsd__fail(
            MLSD_E_SHAPE,
            "%lld classes and %lld groups need a table of more than 2^28 cells; number "
            "the classes from 0 without gaps",
            (long long)k, (long long)shape->n_slots);
    }
    confusion *const c = mlsd__alloc(a, 1, sizeof *c);
    if (c == NULL) return MLSD_E_NOMEM;
    const int64_t n = shape->n_slots * cells_of(shape);
    *c = (confusion){.allocator = *a,
                     .n_classes = k,
                     .n_slots = shape->n_slots,
                     .n_cells = cells_of(shape),
                     .n_labels = n_labels,
                     .is_weighted = shape->is_weighted};
    c->count = mlsd__alloc(a, n, sizeof *c->count);
    c->weight = shape->is_weighted ? mlsd__alloc(a, n, sizeof *c->weight) : c->count;
    c->squares = shape->is_weighted ? mlsd__alloc(a, n, sizeof *c->squares) : c->count;
    if (c->count == NULL || c->weight == NULL || c->squares == NULL) {
        confusion_close(c);
        return MLSD_E_NOMEM;
    }
    *out = c;
    return MLSD_OK;
}

static void add_weight(confusion *c, int64_t cell, double w)
{
    c->count[cell] += w > 0 ? 1 : 0;
    if (!c->is_weighted) return;
    c->weight[cell] += w;
    c->squares[cell] += w * w;
}

/* Of many labels: one table of 2 x 2 a label. */
static void add_labels(confusion *c, const mlsd__batch *b)
{
    for (int64_t i = 0; i < b->n; i++) {
        const int64_t slot = b->slot == NULL ? 0 : b->slot[i];
        const double *const y = b->y + i * c->n_labels, *const p = b->prediction + i * c->n_labels;
        for (int64_t l = 0; l < c->n_labels; l++) {
            const int64_t cell = slot * c->n_cells + 4 * l + (y[l] > 0.5 ? 2 : 0) + (p[l] > 0.5);
            add_weight(c, cell, b->weight == NULL ? 1 : b->weight[i]);
        }
    }
}

/* Rows that all weigh 1. Few cells are counted in PARTS tables by turns, since counting twice in
 * one cell waits until the first count has been stored. */
enum { PARTS = 4, FEW_CELLS = 64 };
static void count_rows(confusion *c, const mlsd__batch *b, int64_t first, int64_t n)
{
    int32_t cell[MLSD__BLOCK_ROWS];
    mlsd__block_cells(b->slot == NULL ? NULL : b->slot + first, b->y_class + first,
                      b->prediction_class + first, n, (int32_t)c->n_classes, cell);
    if (c->n_slots * c->n_cells > FEW_CELLS) {
        for (int64_t i = 0; i < n; i++) c->count[cell[i]] += 1;
        return;
    }
    uint32_t part[PARTS][FEW_CELLS] = {{0}};
    int64_t i = 0;
    for (; i + PARTS <= n; i += PARTS) {
        for (int64_t j = 0; j < PARTS; j++) part[j][cell[i + j]]++;
    }
    for (; i < n; i++) part[0][cell[i]]++;
    for (int64_t j = 0; j < c->n_slots * c->n_cells; j++) {
        c->count[j] += (double)(part[0][j] + part[1][j] + part[2][j] + part[3][j]);
    }
}

static mlsd_status confusion_add(mlsd__scope *scope, void *state, const mlsd__batch *b)
{
    (void)scope;
    confusion *const c = state;
    const int64_t k = c->n_classes;
    if (c->n_labels > 0) {
        add_labels(c, b);
        return MLSD_OK;
    }
    for (int64_t first = 0; first < b->n && !c->is_weighted; first += MLSD__BLOCK_ROWS) {
        const int64_t left = b->n - first;
        count_rows(c, b, first, left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS);
    }
    for (int64_t i = 0; i < b->n && c->is_weighted; i++) {
        const int64_t slot = b->slot == NULL ? 0 : b->slot[i];
        const int64_t cell = slot * c->n_cells + b->y_class[i] * k + b->prediction_class[i];
        add_weight(c, cell, b->weight == NULL ? 1 : b->weight[i]);
    }
    return MLSD_OK;
}

static void add_cells(double *into, const double *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) into[i] += from[i];
}

static mlsd_status confusion_merge(void *into, const void *from, const int32_t *slot_of)
{
    confusion *const a = into;
    const confusion *const b = from;
    for (int64_t s = 0; s < b->n_slots; s++) {
        const int64_t slot = slot_of == NULL ? s : slot_of[s];
        if (slot < 0) continue;
        const int64_t to = slot * a->n_cells, at = s * b->n_cells;
        add_cells(a->count + to, b->count + at, a->n_cells);
        if (!a->is_weighted) continue;
        add_cells(a->weight + to, b->weight + at, a->n_cells);
        add_cells(a->squares + to, b->squares + at, a->n_cells);
    }
    return MLSD_OK;
}

static void confusion_save(const void *state, mlsd__writer *w)
{
    const confusion *const c = state;
    const int64_t n = c->n_slots * c->n_cells;
    mlsd__put_f64s(w, c->count, n);
    if (!c->is_weighted) return;
    mlsd__put_f64s(w, c->weight, n);
    mlsd__put_f64s(w, c->squares, n);
}

static mlsd_status take_cells(mlsd__reader *r, double *into, int64_t n)
{
    int64_t found = 0;
    double *const values = mlsd__take_f64s(r, &found);
    mlsd_status status = r->status;
    if (status == MLSD_OK && found != n) {
        status = mlsd__fail(MLSD_E_CORRUPT, "a confusion of %lld cells has %lld", (long long)n,
                            (long long)found);
    }
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        if (!(values[i] >= 0)) {
            status =
                mlsd__fail(MLSD_E_CORRUPT, "cell %lld of a confusion is negative", (long long)i);
        }
    }
    if (status == MLSD_OK) memcpy(into, values, (size_t)n * sizeof *into);
    mlsd__free(r->allocator, values);
    return status;
}

static mlsd_status confusion_load(void *state, mlsd__reader *r)
{
    confusion *const c = state;
    const int64_t n = c->n_slots * c->n_cells;
    MLSD__TRY(take_cells(r, c->count, n));
    if (!c->is_weighted) return MLSD_OK;
    MLSD__TRY(take_cells(r, c->weight, n));
    return take_cells(r, c->squares, n);
}

static int64_t confusion_cells(const mlsd__shape *shape)
{
    return (shape->is_weighted ? 3 : 1) * cells_of(shape);
}

void mlsd__confusion_read(const void *state, int64_t slot, mlsd__confusion *out)
{
    const confusion *const c = state;
    const int64_t at = slot * c->n_cells;
    *out = (mlsd__confusion){.n_classes = c->n_classes,
                             .n_labels = c->n_labels,
                             .count = c->count + at,
                             .weight = c->weight + at,
                             .squares = c->squares + at};
}

const mlsd__summary_ops mlsd__summary_confusion = {
    .name = "confusion",
    .open = confusion_open,
    .add = confusion_add,
    .merge = confusion_merge,
    .save = confusion_save,
    .load = confusion_load,
    .close = confusion_close,
    .cells = confusion_cells,
};
