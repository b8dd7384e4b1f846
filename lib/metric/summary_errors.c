/* summary_errors.c - moments of y and of the errors e = y - prediction, for each slot: all that the
 * squared and absolute errors, r2 and the explained variance need, so that they share one pass.
 *
 * Values come from centred sums, updated row by row and merged by Chan, Golub & LeVeque (1983).
 * Standard errors need sums of squared weights times powers of y and e up to the fourth; those are
 * kept about the slot's first row and moved to the means when they are read. */
#include <math.h>
#include <string.h>

#include "metric/values.h"
#include "numeric/sum.h"

enum { DEGREE = 4, N_POWERS = DEGREE + 1 };

typedef struct cell {
    double count, w;
    double mean_y, m2_y, mean_e, m2_e; /* m2: sum of w (x - mean)^2 */
    double we2, wt, largest; /* sums of w e^2 and w t, t = |e| - pivot_a; the largest |e| */
    double pivot_y, pivot_e, pivot_a;
    double a1, a2;                    /* sums of w^2 t and w^2 t^2 */
    double power[N_POWERS][N_POWERS]; /* [i][j]: sum of w^2 (y - pivot)^i (e - pivot)^j, i + j <= 4
                                       */
} cell;
enum { CELL_NUMBERS = sizeof(cell) / sizeof(double) };

typedef struct errors {
    mlsd__allocator allocator;
    int64_t n_slots;
    cell *cells;
} errors;

static void errors_close(void *state)
{
    errors *const s = state;
    if (s == NULL) return;
    const mlsd__allocator a = s->allocator;
    mlsd__free(&a, s->cells);
    mlsd__free(&a, s);
}

static mlsd_status errors_open(const mlsd__allocator *a, const mlsd__shape *shape,
                               const mlsd__metric_ops *metric, void **out)
{
    (void)metric;
    *out = NULL;
    errors *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *s = (errors){.allocator = *a, .n_slots = shape->n_slots};
    s->cells = mlsd__alloc(a, shape->n_slots, sizeof *s->cells);
    if (s->cells == NULL) {
        errors_close(s);
        return MLSD_E_NOMEM;
    }
    *out = s;
    return MLSD_OK;
}

/* share: the row's weight over all weights until then. West (1979), Comm. ACM 22:532. */
static void update(double *mean, double *m2, double x, double w, double share)
{
    const double delta = x - *mean;
    *mean += delta * share;
    *m2 += w * delta * (x - *mean);
}

/* Rows first .. n - 1 of a batch into one cell; sums that depend on each other by a division in one
 * loop, the others in one that keeps them in registers. Each is added in the order of the rows. */
static void add_means(cell *into, const mlsd__batch *b, int64_t first, int64_t n)
{
    cell c = *into;
    for (int64_t i = first; i < n; i++) {
        const double w = b->weight == NULL ? 1 : b->weight[i];
        if (!(w > 0)) continue;
        const double y = b->y[i], e = y - b->prediction[i], absolute = fabs(e);
        c.count += 1;
        c.w += w;
        const double share = w / c.w;
        update(&c.mean_y, &c.m2_y, y, w, share);
        update(&c.mean_e, &c.m2_e, e, w, share);
        c.we2 += w * e * e;
        c.wt += w * (absolute - c.pivot_a);
        if (absolute > c.largest) c.largest = absolute;
    }
    *into = c;
}

/* Sums by name stay in registers; those of an array do not. [1][3] and [3][1] are never read. */
static void add_powers(cell *into, const mlsd__batch *b, int64_t first, int64_t n)
{
    const double pivot_y = into->pivot_y, pivot_e = into->pivot_e, pivot_a = into->pivot_a;
    double(*const p)[N_POWERS] = into->power;
    double s00 = p[0][0], s01 = p[0][1], s02 = p[0][2], s03 = p[0][3], s04 = p[0][4];
    double s10 = p[1][0], s11 = p[1][1], s12 = p[1][2], s20 = p[2][0], s21 = p[2][1];
    double s22 = p[2][2], s30 = p[3][0], s40 = p[4][0], a1 = into->a1, a2 = into->a2;
    for (int64_t i = first; i < n; i++) {
        const double w = b->weight == NULL ? 1 : b->weight[i], y = b->y[i];
        const double e = y - b->prediction[i], t = fabs(e) - pivot_a;
        const double dy = y - pivot_y, de = e - pivot_e, w0 = w * w, wt = w0 * t;
        const double w1 = w0 * dy, w2 = w1 * dy, e2 = de * de;
        const double v1 = w0 * de, v2 = w0 * e2;
        s00 += w0;
        s01 += v1;
        s02 += v2;
        s03 += v2 * de;
        s04 += v2 * e2;
        s10 += w1;
        s11 += w1 * de;
        s12 += w1 * e2;
        s20 += w2;
        s21 += w2 * de;
        s22 += w2 * e2;
        s30 += w2 * dy;
        s40 += w2 * dy * dy;
        a1 += wt;
        a2 += wt * t;
    }
    p[0][0] = s00, p[0][1] = s01, p[0][2] = s02, p[0][3] = s03, p[0][4] = s04;
    p[1][0] = s10, p[1][1] = s11, p[1][2] = s12, p[2][0] = s20, p[2][1] = s21;
    p[2][2] = s22, p[3][0] = s30, p[4][0] = s40;
    into->a1 = a1;
    into->a2 = a2;
}

static void add_rows(cell *c, const mlsd__batch *b, int64_t first, int64_t n)
{
    while (c->count == 0 && first < n && b->weight != NULL && !(b->weight[first] > 0)) first++;
    if (first == n) return;
    if (c->count == 0) {
        c->pivot_y = b->y[first];
        c->pivot_e = b->y[first] - b->prediction[first];
        c->pivot_a = fabs(c->pivot_e);
    }
    add_means(c, b, first, n);
    add_powers(c, b, first, n);
}

static mlsd_status errors_add(mlsd__scope *scope, void *state, const mlsd__batch *b)
{
    (void)scope;
    errors *const s = state;
    if (b->slot == NULL) {
        add_rows(&s->cells[0], b, 0, b->n);
        return MLSD_OK;
    }
    for (int64_t i = 0; i < b->n;) {
        int64_t end = i + 1;
        while (end < b->n && b->slot[end] == b->slot[i]) end++;
        add_rows(&s->cells[b->slot[i]], b, i, end);
        i = end;
    }
    return MLSD_OK;
}

/* Sums of powers of (y + by), (e + be) from those of y and e, by the binomial theorem. */
static void move_powers(const double from[N_POWERS][N_POWERS], double by, double be,
                        double out[N_POWERS][N_POWERS])
{
    static const double choose[N_POWERS][N_POWERS] = {
        {1}, {1, 1}, {1, 2, 1}, {1, 3, 3, 1}, {1, 4, 6, 4, 1}};
    double half[N_POWERS][N_POWERS] = {{0}};
    for (int i = 0; i <= DEGREE; i++) {
        for (int j = 0; i + j <= DEGREE; j++) {
            double term = 1;
            for (int a = i; a >= 0; a--, term *= by) half[i][j] += choose[i][a] * term * from[a][j];
        }
    }
    for (int i = 0; i <= DEGREE; i++) {
        for (int j = 0; i + j <= DEGREE; j++) {
            double term = 1;
            out[i][j] = 0;
            for (int b = j; b >= 0; b--, term *= be) out[i][j] += choose[j][b] * term * half[i][b];
        }
    }
}

static void merge_cell(cell *c, const cell *d)
{
    double moved[N_POWERS][N_POWERS];
    const double shift = d->pivot_a - c->pivot_a;
    double w = c->w;
    move_powers(d->power, d->pivot_y - c->pivot_y, d->pivot_e - c->pivot_e, moved);
    for (int i = 0; i <= DEGREE; i++) {
        for (int j = 0; i + j <= DEGREE; j++) c->power[i][j] += moved[i][j];
    }
    c->a2 += d->a2 + shift * (2 * d->a1 + shift * d->power[0][0]);
    c->a1 += d->a1 + shift * d->power[0][0];
    mlsd__merge_moments(&w, &c->mean_y, &c->m2_y, d->w, d->mean_y, d->m2_y);
    w = c->w;
    mlsd__merge_moments(&w, &c->mean_e, &c->m2_e, d->w, d->mean_e, d->m2_e);
    c->count += d->count;
    c->w += d->w;
    c->we2 += d->we2;
    c->wt += d->wt + shift * d->w;
    c->largest = fmax(c->largest, d->largest);
}

static mlsd_status errors_merge(void *into, const void *from, const int32_t *slot_of)
{
    errors *const a = into;
    const errors *const b = from;
    for (int64_t i = 0; i < b->n_slots; i++) {
        const int64_t slot = slot_of == NULL ? i : slot_of[i];
        if (slot < 0 || b->cells[i].count == 0) continue;
        if (a->cells[slot].count == 0) {
            a->cells[slot] = b->cells[i];
        } else {
            merge_cell(&a->cells[slot], &b->cells[i]);
        }
    }
    return MLSD_OK;
}

static void errors_save(const void *state, mlsd__writer *w)
{
    const errors *const s = state;
    mlsd__put_f64s(w, (const double *)(const void *)s->cells, s->n_slots * CELL_NUMBERS);
}

static mlsd_status errors_load(void *state, mlsd__reader *r)
{
    errors *const s = state;
    int64_t n = 0;
    double *const values = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != s->n_slots * CELL_NUMBERS) {
        status = mlsd__fail(MLSD_E_CORRUPT, "moments of errors have %lld numbers, not %lld",
                            (long long)n, (long long)s->n_slots * CELL_NUMBERS);
    }
    if (status == MLSD_OK) memcpy(s->cells, values, (size_t)n * sizeof *values);
    mlsd__free(r->allocator, values);
    return status;
}

static int64_t errors_cells(const mlsd__shape *shape)
{
    (void)shape;
    return CELL_NUMBERS;
}

/* Sum of w^2 (f^2 - ratio d^2)^2 / variance^2 for powers of (d, f). */
static double ratio_spread(const double p[N_POWERS][N_POWERS], double ratio, double variance)
{
    return fmax(0, p[0][4] - ratio * (2 * p[2][2] - ratio * p[4][0])) / (variance * variance);
}

void mlsd__errors_read(const void *state, int64_t slot, mlsd__errors *out)
{
    const cell *const c = &((const errors *)state)->cells[slot];
    double raw[N_POWERS][N_POWERS], p[N_POWERS][N_POWERS];
    *out = (mlsd__errors){.count = c->count, .weight = c->w, .squares = c->power[0][0]};
    if (c->count == 0) return;
    out->mean_square = c->we2 / c->w;
    out->mean_absolute = c->pivot_a + c->wt / c->w;
    out->largest = c->largest;
    out->variance_y = c->m2_y / c->w;
    out->variance_error = c->m2_e / c->w;

    /* About both means: with f = e - mean e, e^2 - mean e^2 = f^2 + 2 mean f - variance. */
    const double mean = c->mean_e, v = out->variance_error;
    move_powers(c->power, c->pivot_y - c->mean_y, c->pivot_e - c->mean_e, p);
    out->spread_square =
        fmax(0, p[0][4] + 4 * mean * p[0][3] + (4 * mean * mean - 2 * v) * p[0][2] -
                    4 * mean * v * p[0][1] + v * v * p[0][0]);
    const double t = out->mean_absolute - c->pivot_a;
    out->spread_absolute = fmax(0, c->a2 - t * (2 * c->a1 - t * c->power[0][0]));
    if (!(out->variance_y > 0)) return;
    out->spread_explained = ratio_spread(p, v / out->variance_y, out->variance_y);
    move_powers(c->power, c->pivot_y - c->mean_y, c->pivot_e, raw);
    out->spread_r2 = ratio_spread(raw, out->mean_square / out->variance_y, out->variance_y);
}

const mlsd__summary_ops mlsd__summary_errors = {
    .name = "errors",
    .open = errors_open,
    .add = errors_add,
    .merge = errors_merge,
    .save = errors_save,
    .load = errors_load,
    .close = errors_close,
    .cells = errors_cells,
};
