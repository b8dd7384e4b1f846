/* bin_edges.c - bins of one width, of one number of rows, or about the centres of k-means.
 *
 * k-means on a line: Lloyd's steps (1982) from evenly spaced centres, on sums of the sorted values
 * from the left, so that a step costs k binary searches; the last one changes nothing, unless there
 * are very many. */
#include "model/transform/bin_edges.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 1000 };

static void space_evenly(double low, double high, int64_t n_bins, double *out)
{
    for (int64_t k = 0; k <= n_bins; k++) {
        const double share = (double)k / (double)n_bins;
        out[k] = low * (1 - share) + high * share; /* high - low may overflow */
    }
}

/* Sums of weights and of weighted distances from the first value, before each value. */
typedef struct sums {
    double *weight, *distance; /* n + 1 */
} sums;

static void sum_up(const mlsd__sorted_column *c, sums *s)
{
    s->weight[0] = s->distance[0] = 0;
    for (int64_t i = 0; i < c->n; i++) {
        const double w = c->weight != NULL ? c->weight[i] : 1;
        s->weight[i + 1] = s->weight[i] + w;
        s->distance[i + 1] = s->distance[i] + w * (c->values[i] - c->values[0]);
    }
}

/* The first value that is greater than x. */
static int64_t first_above(const mlsd__sorted_column *c, double x)
{
    int64_t low = 0, high = c->n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (c->values[middle] > x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Keep the value that is farthest from its centre so far: it is an end of a cluster. */
static void look_for_farthest(double value, double center, double *best, double *distance)
{
    const double d = fabs(value / 2 - center / 2);
    if (d <= *distance) return;
    *distance = d;
    *best = value;
}

static void sort_centers(double *center, int64_t k)
{
    for (int64_t j = 1; j < k; j++) {
        const double moving = center[j];
        int64_t at = j;
        for (; at > 0 && center[at - 1] > moving; at--) center[at] = center[at - 1];
        center[at] = moving;
    }
}

/* Move centres to the means of what is nearest to them; false when nothing has changed. A value in
 * the middle belongs to the lower one. A centre without values goes to the value that is farthest
 * from its own, one a step. */
static bool step(const mlsd__sorted_column *c, const sums *s, int64_t k, double *center)
{
    bool has_changed = false;
    int64_t first = 0, empty = -1;
    double low = center[0]; /* before it is moved */
    double farthest = 0, distance = 0;
    for (int64_t j = 0; j < k; j++) {
        const double high = j + 1 < k ? center[j + 1] : 0;
        const int64_t end = j + 1 < k ? first_above(c, low / 2 + high / 2) : c->n;
        const double w = s->weight[end] - s->weight[first];
        if (end > first && w > 0) {
            const double moved = c->values[0] + (s->distance[end] - s->distance[first]) / w;
            has_changed |= moved != center[j];
            center[j] = moved;
            look_for_farthest(c->values[first], moved, &farthest, &distance);
            look_for_farthest(c->values[end - 1], moved, &farthest, &distance);
        } else {
            empty = j;
        }
        first = end;
        low = high;
    }
    if (empty < 0 || distance == 0) return has_changed;
    center[empty] = farthest;
    sort_centers(center, k);
    return true;
}

static mlsd_status by_kmeans(mlsd__scope *scope, const mlsd__sorted_column *c, int64_t k,
                             double *edges)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const center = mlsd__alloc_raw(a, k, sizeof *center);
    double *const room = mlsd__alloc_raw(a, c->n + 1, 2 * sizeof *room);
    mlsd_status status = center == NULL || room == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        sums s = {.weight = room, .distance = room + c->n + 1};
        sum_up(c, &s);
        for (int64_t j = 0; j < k; j++) center[j] = edges[j] / 2 + edges[j + 1] / 2;
        for (int i = 0; status == MLSD_OK && i < MOST_STEPS && step(c, &s, k, center); i++)
            status = mlsd__checkpoint(scope);
        for (int64_t j = 1; j < k; j++) edges[j] = center[j - 1] / 2 + center[j] / 2;
    }
    mlsd__free(a, center);
    mlsd__free(a, room);
    return status;
}

mlsd_status mlsd__bin_edges(mlsd__scope *scope, const mlsd__sorted_column *c, int64_t n_bins,
                            int64_t strategy, double *out, int64_t *out_n_bins)
{
    out[0] = out[1] = 0;
    *out_n_bins = 1;
    if (c->n == 0 || c->values[0] == c->values[c->n - 1]) return MLSD_OK;
    space_evenly(c->values[0], c->values[c->n - 1], n_bins, out);
    if (strategy == MLSD__BIN_QUANTILE) mlsd__column_quantile_grid(c, n_bins + 1, out);
    if (strategy == MLSD__BIN_KMEANS) MLSD__TRY(by_kmeans(scope, c, n_bins, out));
    int64_t n = 0;
    for (int64_t k = 1; k <= n_bins; k++) {
        if (out[k] > out[n]) out[++n] = out[k];
    }
    *out_n_bins = n;
    return MLSD_OK;
}
