/* isotonic.c - see the header. Pool adjacent violators (Ayer, Brunk, Ewing, Reid & Silverman 1955;
 * Barlow, Bartholomew, Bremner & Brunk 1972, section 1.2) in one pass over sorted points. */
#include "model/calibration/isotonic.h"

#include <math.h>

#include "numeric/rank.h"

void mlsd__isotonic_free(mlsd__isotonic *curve, const mlsd__allocator *a)
{
    mlsd__free(a, curve->x);
    *curve = (mlsd__isotonic){0};
}

/* A run of points with one value. */
typedef struct pool {
    double y, weight;
    int64_t n; /* points */
} pool;

/* Points of distinct x in order: x, mean of y, weight. Returns how many. */
static int64_t gather(const double *x, const double *y, const double *weight, const int64_t *order,
                      int64_t n, double *out_x, double *out_y, double *out_weight)
{
    int64_t m = 0;
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = order[k];
        const double w = weight != NULL ? weight[i] : 1;
        if (!(w > 0)) continue;
        if (m > 0 && out_x[m - 1] == x[i]) {
            out_weight[m - 1] += w;
            out_y[m - 1] += w / out_weight[m - 1] * (y[i] - out_y[m - 1]);
            continue;
        }
        out_x[m] = x[i];
        out_y[m] = y[i];
        out_weight[m++] = w;
    }
    return m;
}

/* y of m points becomes the nearest that never falls, times sign. */
static void pool_violators(int64_t m, double *y, const double *weight, double sign, pool *pools)
{
    int64_t top = 0;
    for (int64_t i = 0; i < m; i++) {
        pool last = {.y = sign * y[i], .weight = weight[i], .n = 1};
        while (top > 0 && pools[top - 1].y >= last.y) {
            const pool before = pools[--top];
            const double total = before.weight + last.weight;
            last.y = before.y + last.weight / total * (last.y - before.y);
            last.weight = total;
            last.n += before.n;
        }
        pools[top++] = last;
    }
    for (int64_t k = 0, i = 0; k < top; k++)
        for (int64_t end = i + pools[k].n; i < end; i++) y[i] = sign * pools[k].y;
}

/* Keep the ends and the points where the curve bends: those whose neighbours have not both their
 * value. */
static int64_t keep_bends(int64_t m, double *x, double *y)
{
    int64_t kept = 0;
    double before = NAN;
    for (int64_t i = 0; i < m; i++) {
        const double here = y[i];
        const bool is_flat = i > 0 && i + 1 < m && here == before && here == y[i + 1];
        before = here;
        if (is_flat) continue;
        x[kept] = x[i];
        y[kept++] = here;
    }
    return kept;
}

mlsd_status mlsd__isotonic_fit(mlsd__scope *scope, const double *x, const double *y,
                               const double *weight, int64_t n, bool is_increasing, double lowest,
                               double highest, mlsd__isotonic *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__isotonic){0};
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const points = mlsd__alloc_raw(a, n, 2 * sizeof *points);
    double *const total = mlsd__alloc_raw(a, n, sizeof *total);
    pool *const pools = mlsd__alloc_raw(a, n, sizeof *pools);
    mlsd_status status = MLSD_E_NOMEM;
    if (order != NULL && points != NULL && total != NULL && pools != NULL)
        status = mlsd__argsort_rows(scope, x, n, order);
    if (status == MLSD_OK) {
        double *const values = points + n;
        const int64_t m = gather(x, y, weight, order, n, points, values, total);
        pool_violators(m, values, total, is_increasing ? 1 : -1, pools);
        for (int64_t i = 0; i < m; i++) values[i] = fmin(fmax(values[i], lowest), highest);
        out->n = keep_bends(m, points, values);
        out->x = mlsd__alloc_raw(a, out->n, 2 * sizeof *out->x);
        if (out->x == NULL) status = MLSD_E_NOMEM;
        for (int64_t i = 0; status == MLSD_OK && i < out->n; i++) {
            out->x[i] = points[i];
            out->x[out->n + i] = values[i];
        }
        if (status == MLSD_OK) out->y = out->x + out->n;
    }
    mlsd__free(a, order);
    mlsd__free(a, points);
    mlsd__free(a, total);
    mlsd__free(a, pools);
    return status;
}

double mlsd__isotonic_at(const mlsd__isotonic *curve, double x)
{
    int64_t low = 0, high = curve->n - 1;
    if (isnan(x)) return NAN;
    if (x <= curve->x[0]) return curve->y[0];
    if (x >= curve->x[high]) return curve->y[high];
    while (high - low > 1) {
        const int64_t middle = low + (high - low) / 2;
        if (curve->x[middle] <= x)
            low = middle;
        else
            high = middle;
    }
    const double share = (x - curve->x[low]) / (curve->x[high] - curve->x[low]);
    return curve->y[low] + share * (curve->y[high] - curve->y[low]);
}

/* Twice the midranks of weighted values, less their mean. */
static void centred_ranks(const double *x, const double *weight, const int64_t *order, int64_t n,
                          double total, double *out)
{
    double below = 0;
    for (int64_t k = 0; k < n;) {
        int64_t end = k;
        double tied = 0;
        for (; end < n && x[order[end]] == x[order[k]]; end++)
            tied += weight != NULL ? weight[order[end]] : 1;
        for (; k < end; k++) out[order[k]] = 2 * below + tied - total;
        below += tied;
    }
}

mlsd_status mlsd__isotonic_rises(mlsd__scope *scope, const double *x, const double *y,
                                 const double *weight, int64_t n, bool *out)
{
    const mlsd__allocator *const a = scope->allocator;
    double total = 0, product = 0;
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const ranks = mlsd__alloc_raw(a, n, 2 * sizeof *ranks);
    mlsd_status status = MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) total += weight != NULL ? weight[i] : 1;
    if (order != NULL && ranks != NULL) status = mlsd__argsort_rows(scope, x, n, order);
    if (status == MLSD_OK) {
        centred_ranks(x, weight, order, n, total, ranks);
        status = mlsd__argsort_rows(scope, y, n, order);
    }
    if (status == MLSD_OK) {
        centred_ranks(y, weight, order, n, total, ranks + n);
        for (int64_t i = 0; i < n; i++)
            product += (weight != NULL ? weight[i] : 1) * ranks[i] * ranks[n + i];
    }
    *out = product >= 0;
    mlsd__free(a, order);
    mlsd__free(a, ranks);
    return status;
}
