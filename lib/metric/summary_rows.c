/* summary_rows.c - the rows themselves, by slot, in the order they came: for metrics that must sort
 * them. Memory grows with the rows. */
#include <string.h>

#include "metric/summary.h"

/* The rows of a slot: y, prediction, proba and weight stand side by side in arrays of their own. */
enum { Y, PREDICTION, PROBA, WEIGHT, N_PARTS };
typedef struct pile {
    int64_t n, capacity;
    double *part[N_PARTS];
} pile;

typedef struct kept_rows {
    mlsd__allocator allocator;
    mlsd__shape shape;
    int64_t width[N_PARTS]; /* 0: there is none */
    pile *piles;
} kept_rows;

static void rows_close(void *state)
{
    kept_rows *const s = state;
    if (s == NULL) return;
    const mlsd__allocator a = s->allocator;
    for (int64_t i = 0; s->piles != NULL && i < s->shape.n_slots; i++) {
        for (int k = 0; k < N_PARTS; k++) mlsd__free(&a, s->piles[i].part[k]);
    }
    mlsd__free(&a, s->piles);
    mlsd__free(&a, s);
}

static mlsd_status rows_open(const mlsd__allocator *a, const mlsd__shape *shape,
                             const mlsd__metric_ops *metric, void **out)
{
    (void)metric;
    *out = NULL;
    kept_rows *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->allocator = *a;
    s->shape = *shape;
    s->width[Y] = shape->y_cols;
    s->width[PREDICTION] = shape->prediction_cols;
    s->width[PROBA] = !shape->has_proba ? 0 : shape->y_cols > 1 ? shape->y_cols : shape->n_classes;
    s->width[WEIGHT] = shape->is_weighted ? 1 : 0;
    s->piles = mlsd__alloc(a, shape->n_slots, sizeof *s->piles);
    if (s->piles == NULL) {
        rows_close(s);
        return MLSD_E_NOMEM;
    }
    *out = s;
    return MLSD_OK;
}

static mlsd_status grow(kept_rows *s, pile *p, int64_t n)
{
    if (n <= p->capacity) return MLSD_OK;
    int64_t capacity = p->capacity;
    for (int k = 0; k < N_PARTS; k++) {
        if (s->width[k] == 0) continue;
        capacity = p->capacity;
        MLSD__TRY(mlsd__reserve(&s->allocator, (void **)&p->part[k], &capacity, n,
                                (size_t)s->width[k] * sizeof(double)));
    }
    p->capacity = capacity;
    return MLSD_OK;
}

static void put(const kept_rows *s, pile *p, const double *const from[N_PARTS], int64_t first,
                int64_t n)
{
    for (int k = 0; k < N_PARTS; k++) {
        const int64_t width = s->width[k];
        if (width == 0) continue;
        if (from[k] == NULL) { /* rows without weights beside rows with them */
            for (int64_t i = 0; i < n; i++) p->part[k][p->n + i] = 1;
            continue;
        }
        memcpy(p->part[k] + p->n * width, from[k] + first * width,
               (size_t)(n * width) * sizeof(double));
    }
    p->n += n;
}

static mlsd_status rows_add(mlsd__scope *scope, void *state, const mlsd__batch *b)
{
    (void)scope;
    kept_rows *const s = state;
    const double *const from[N_PARTS] = {b->y, b->prediction, b->proba, b->weight};
    for (int64_t i = 0; i < b->n;) {
        int64_t n = b->slot == NULL ? b->n : 1;
        const int64_t slot = b->slot == NULL ? 0 : b->slot[i];
        while (i + n < b->n && b->slot != NULL && b->slot[i + n] == slot) n++;
        MLSD__TRY(grow(s, &s->piles[slot], s->piles[slot].n + n));
        put(s, &s->piles[slot], from, i, n);
        i += n;
    }
    return MLSD_OK;
}

static mlsd_status rows_merge(void *into, const void *from, const int32_t *slot_of)
{
    kept_rows *const a = into;
    const kept_rows *const b = from;
    for (int64_t i = 0; i < b->shape.n_slots; i++) {
        const int64_t slot = slot_of == NULL ? i : slot_of[i];
        const pile *const p = &b->piles[i];
        if (slot < 0 || p->n == 0) continue;
        const double *parts[N_PARTS];
        for (int k = 0; k < N_PARTS; k++) parts[k] = p->part[k];
        MLSD__TRY(grow(a, &a->piles[slot], a->piles[slot].n + p->n));
        put(a, &a->piles[slot], parts, 0, p->n);
    }
    return MLSD_OK;
}

static void rows_save(const void *state, mlsd__writer *w)
{
    const kept_rows *const s = state;
    for (int64_t i = 0; i < s->shape.n_slots; i++) {
        for (int k = 0; k < N_PARTS; k++) {
            if (s->width[k] > 0)
                mlsd__put_f64s(w, s->piles[i].part[k], s->piles[i].n * s->width[k]);
        }
    }
}

static mlsd_status load_pile(kept_rows *s, mlsd__reader *r, pile *p)
{
    for (int k = 0; k < N_PARTS; k++) {
        if (s->width[k] == 0) continue;
        int64_t n = 0;
        p->part[k] = mlsd__take_f64s(r, &n);
        if (r->status != MLSD_OK) return r->status;
        if (n % s->width[k] != 0 || (k > 0 && n / s->width[k] != p->n)) {
            return mlsd__fail(MLSD_E_CORRUPT, "rows of a scorecard have %lld numbers for %lld rows",
                              (long long)n, (long long)p->n);
        }
        p->n = p->capacity = n / s->width[k];
    }
    return MLSD_OK;
}

static mlsd_status rows_load(void *state, mlsd__reader *r)
{
    kept_rows *const s = state;
    for (int64_t i = 0; i < s->shape.n_slots; i++) MLSD__TRY(load_pile(s, r, &s->piles[i]));
    return MLSD_OK;
}

void mlsd__rows_read(const void *state, int64_t slot, const mlsd__metric_ops *metric,
                     mlsd__scored *out)
{
    const kept_rows *const s = state;
    const pile *const p = &s->piles[slot];
    const bool proba = metric->needs_proba && s->width[PROBA] > 0;
    *out = (mlsd__scored){.n = p->n,
                          .n_classes = s->shape.n_classes,
                          .y = p->part[Y],
                          .prediction = p->part[proba ? PROBA : PREDICTION],
                          .weight = p->part[WEIGHT],
                          .params = metric->params,
                          .y_cols = s->shape.y_cols,
                          .prediction_cols = s->width[proba ? PROBA : PREDICTION]};
}

const mlsd__summary_ops mlsd__summary_rows = {
    .name = "rows",
    .open = rows_open,
    .add = rows_add,
    .merge = rows_merge,
    .save = rows_save,
    .load = rows_load,
    .close = rows_close,
};
