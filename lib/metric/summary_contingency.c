/* summary_contingency.c - a table of pairs of labels for each slot, that holds the pairs that
 * occur: open addressing over cells that stand in the order they came. */
#include <math.h>
#include <string.h>

#include "metric/contingency.h"
#include "numeric/rank.h"

typedef struct pairs {
    int64_t n, capacity;
    mlsd__contingency_cell *cells;
    int64_t n_places; /* 0 or a power of two, more than twice n */
    int64_t *places;  /* cell + 1, 0: free */
} pairs;

typedef struct contingency {
    mlsd__allocator allocator;
    int64_t n_slots;
    pairs *slots;
} contingency;

static void contingency_close(void *state)
{
    contingency *const s = state;
    if (s == NULL) return;
    const mlsd__allocator a = s->allocator;
    for (int64_t i = 0; s->slots != NULL && i < s->n_slots; i++) {
        mlsd__free(&a, s->slots[i].cells);
        mlsd__free(&a, s->slots[i].places);
    }
    mlsd__free(&a, s->slots);
    mlsd__free(&a, s);
}

static mlsd_status contingency_open(const mlsd__allocator *a, const mlsd__shape *shape,
                                    const mlsd__metric_ops *metric, void **out)
{
    (void)metric;
    *out = NULL;
    contingency *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *s = (contingency){.allocator = *a, .n_slots = shape->n_slots};
    s->slots = mlsd__alloc(a, shape->n_slots, sizeof *s->slots);
    if (s->slots == NULL) {
        contingency_close(s);
        return MLSD_E_NOMEM;
    }
    *out = s;
    return MLSD_OK;
}

/* Where the pair stands, or the free place where it would. */
static int64_t place_of(const pairs *p, double y, double prediction)
{
    const double key[2] = {y + 0.0, prediction + 0.0}; /* -0 is 0 */
    uint64_t bits[2];
    memcpy(bits, key, sizeof bits);
    uint64_t h = (bits[0] * UINT64_C(0x9e3779b97f4a7c15)) ^ (bits[1] + (bits[1] >> 29));
    h = (h ^ (h >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    int64_t place = (int64_t)(h & (uint64_t)(p->n_places - 1));
    while (p->places[place] != 0) {
        const mlsd__contingency_cell *const c = &p->cells[p->places[place] - 1];
        if (c->y == y && c->prediction == prediction) break;
        place = (place + 1) & (p->n_places - 1);
    }
    return place;
}

static mlsd_status make_room(const mlsd__allocator *a, pairs *p)
{
    MLSD__TRY(mlsd__reserve(a, (void **)&p->cells, &p->capacity, p->n + 1, sizeof *p->cells));
    if (2 * (p->n + 1) < p->n_places) return MLSD_OK;
    const int64_t n_places = p->n_places == 0 ? 64 : 2 * p->n_places;
    int64_t *const places = mlsd__alloc(a, n_places, sizeof *places);
    if (places == NULL) return MLSD_E_NOMEM;
    mlsd__free(a, p->places);
    p->places = places;
    p->n_places = n_places;
    for (int64_t i = 0; i < p->n; i++) {
        p->places[place_of(p, p->cells[i].y, p->cells[i].prediction)] = i + 1;
    }
    return MLSD_OK;
}

static mlsd_status put(const mlsd__allocator *a, pairs *p, const mlsd__contingency_cell *cell)
{
    MLSD__TRY(make_room(a, p));
    const int64_t place = place_of(p, cell->y, cell->prediction);
    if (p->places[place] == 0) {
        p->cells[p->n++] = *cell;
        p->places[place] = p->n;
        return MLSD_OK;
    }
    mlsd__contingency_cell *const c = &p->cells[p->places[place] - 1];
    c->count += cell->count;
    c->weight += cell->weight;
    c->squares += cell->squares;
    return MLSD_OK;
}

static mlsd_status contingency_add(mlsd__scope *scope, void *state, const mlsd__batch *b)
{
    (void)scope;
    contingency *const s = state;
    for (int64_t i = 0; i < b->n; i++) {
        const double w = b->weight == NULL ? 1 : b->weight[i];
        if (!(w > 0)) continue;
        const mlsd__contingency_cell cell = {b->y[i], b->prediction[i], 1, w, w * w};
        MLSD__TRY(put(&s->allocator, &s->slots[b->slot == NULL ? 0 : b->slot[i]], &cell));
    }
    return MLSD_OK;
}

static mlsd_status contingency_merge(void *into, const void *from, const int32_t *slot_of)
{
    contingency *const a = into;
    const contingency *const b = from;
    for (int64_t i = 0; i < b->n_slots; i++) {
        const int64_t slot = slot_of == NULL ? i : slot_of[i];
        for (int64_t k = 0; slot >= 0 && k < b->slots[i].n; k++) {
            MLSD__TRY(put(&a->allocator, &a->slots[slot], &b->slots[i].cells[k]));
        }
    }
    return MLSD_OK;
}

enum { CELL_NUMBERS = sizeof(mlsd__contingency_cell) / sizeof(double) };

static void contingency_save(const void *state, mlsd__writer *w)
{
    const contingency *const s = state;
    for (int64_t i = 0; i < s->n_slots; i++) {
        const pairs *const p = &s->slots[i];
        mlsd__put_f64s(w, (const double *)(const void *)p->cells, p->n * CELL_NUMBERS);
    }
}

static mlsd_status load_pairs(const mlsd__allocator *a, pairs *p, const double *values, int64_t n)
{
    if (n % CELL_NUMBERS != 0) {
        return mlsd__fail(MLSD_E_CORRUPT,
                          "a table of clusters has %lld numbers, not a multiple of "
                          "%d",
                          (long long)n, (int)CELL_NUMBERS);
    }
    for (int64_t i = 0; i < n; i += CELL_NUMBERS) {
        mlsd__contingency_cell cell;
        memcpy(&cell, values + i, sizeof cell);
        if (!isfinite(cell.y) || !isfinite(cell.prediction) || !(cell.count >= 1) ||
            !(cell.weight > 0) || !(cell.squares > 0)) {
            return mlsd__fail(MLSD_E_CORRUPT, "cell %lld of a table of clusters is none",
                              (long long)(i / CELL_NUMBERS));
        }
        MLSD__TRY(put(a, p, &cell));
    }
    return MLSD_OK;
}

static mlsd_status contingency_load(void *state, mlsd__reader *r)
{
    contingency *const s = state;
    for (int64_t i = 0; i < s->n_slots; i++) {
        int64_t n = 0;
        double *const values = mlsd__take_f64s(r, &n);
        mlsd_status status = r->status;
        if (status == MLSD_OK) status = load_pairs(&s->allocator, &s->slots[i], values, n);
        mlsd__free(r->allocator, values);
        MLSD__TRY(status);
    }
    return MLSD_OK;
}

/* Stable sorts by prediction, then by y. */
static mlsd_status sort_cells(mlsd__scope *scope, const pairs *p, mlsd__contingency_cell *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_status status = MLSD_E_NOMEM;
    mlsd__contingency_cell *middle = NULL;
    int64_t *order = NULL;
    double *const key = mlsd__alloc_raw(a, p->n, sizeof *key);
    if (key == NULL) goto out;
    order = mlsd__alloc_raw(a, p->n, sizeof *order);
    if (order == NULL) goto out;
    middle = mlsd__alloc_raw(a, p->n, sizeof *middle);
    if (middle == NULL) goto out;
    for (int64_t i = 0; i < p->n; i++) key[i] = p->cells[i].prediction;
    status = mlsd__argsort_rows(scope, key, p->n, order);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < p->n; i++) {
        middle[i] = p->cells[order[i]];
        key[i] = middle[i].y;
    }
    status = mlsd__argsort_rows(scope, key, p->n, order);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < p->n; i++) out[i] = middle[order[i]];
out:
    mlsd__free(a, middle);
    mlsd__free(a, order);
    mlsd__free(a, key);
    return status;
}

mlsd_status mlsd__contingency_read(mlsd__scope *scope, const void *state, int64_t slot,
                                   mlsd__contingency_cell **out, int64_t *out_n)
{
    const pairs *const p = &((const contingency *)state)->slots[slot];
    *out = NULL;
    *out_n = p->n;
    if (p->n == 0) return MLSD_OK;
    *out = mlsd__alloc_raw(scope->allocator, p->n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = sort_cells(scope, p, *out);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(scope->allocator, *out);
    *out = NULL;
    return status;
}

const mlsd__summary_ops mlsd__summary_contingency = {
    .name = "contingency",
    .open = contingency_open,
    .add = contingency_add,
    .merge = contingency_merge,
    .save = contingency_save,
    .load = contingency_load,
    .close = contingency_close,
};
