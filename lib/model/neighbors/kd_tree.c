/* kd_tree.c - rows halved again and again across their widest column (Friedman, Bentley & Finkel
 * 1977, ACM TOMS 3(3)); each node knows the box of its rows. The tree is balanced, so it is an
 * array without pointers: node i has the children 2 i + 1 and 2 i + 2, and rows lie in the order of
 * the leaves. Boxes that cannot hold a row as near as those found are passed by; the bound of a box
 * is made of the same sums as the distances, so rounding passes by nothing that counts, and rows at
 * equal distance go by their number as everywhere. */
#include <math.h>
#include <string.h>

#include "model/neighbors/points.h"
#include "numeric/rank.h"

enum { MOST_LEVELS = 48 };

typedef struct builder {
    mlsd__scope *scope;
    const mlsd__allocator *allocator;
    mlsd__points *points;
    const double *rows; /* in the order of their numbers */
    double *order;      /* numbers in the order of the tree so far */
    double *keys, *moved;
    int64_t *sorted;
} builder;

static void find_box(const builder *b, int64_t first, int64_t last, double *low, double *high)
{
    const int64_t w = b->points->width;
    for (int64_t i = first; i < last; i++) {
        const double *const row = b->rows + (int64_t)b->order[i] * w;
        for (int64_t j = 0; j < w; j++) {
            low[j] = i == first ? row[j] : fmin(low[j], row[j]);
            high[j] = i == first ? row[j] : fmax(high[j], row[j]);
        }
    }
}

/* Rows first .. last - 1 in the order of one column. */
static mlsd_status sort_by(builder *b, int64_t first, int64_t last, int64_t column)
{
    const int64_t n = last - first;
    double *const order = b->order + first;
    for (int64_t i = 0; i < n; i++)
        b->keys[i] = b->rows[(int64_t)order[i] * b->points->width + column];
    if (b->scope != NULL)
        MLSD__TRY(mlsd__argsort_rows(b->scope, b->keys, n, b->sorted));
    else
        MLSD__TRY(mlsd__argsort(b->allocator, b->keys, n, b->sorted));
    for (int64_t i = 0; i < n; i++) b->moved[i] = order[b->sorted[i]];
    memcpy(order, b->moved, (size_t)n * sizeof *order);
    return MLSD_OK;
}

/* Recursive: as deep as the tree has levels. */
static mlsd_status build_node(builder *b, int64_t node, int64_t first, int64_t last)
{
    if (b->scope != NULL) MLSD__TRY(mlsd__checkpoint(b->scope));
    const mlsd__points *const points = b->points;
    const int64_t w = points->width;
    double *const low = points->boxes + 2 * node * w, *const high = low + w;
    find_box(b, first, last, low, high);
    const int64_t first_leaf = ((int64_t)1 << (points->n_levels - 1)) - 1;
    if (node >= first_leaf) return MLSD_OK;
    int64_t widest = 0;
    for (int64_t j = 1; j < w; j++)
        if (high[j] - low[j] > high[widest] - low[widest]) widest = j;
    MLSD__TRY(sort_by(b, first, last, widest));
    const int64_t middle = first + (last - first) / 2;
    MLSD__TRY(build_node(b, 2 * node + 1, first, middle));
    return build_node(b, 2 * node + 2, middle, last);
}

/* Until leaves hold at most leaf_size rows, but none without a row. */
static int64_t count_levels(int64_t n, int64_t leaf_size)
{
    int64_t levels = 1;
    for (int64_t most = n, least = n; most > leaf_size && least >= 2 && levels < MOST_LEVELS;
         most = (most + 1) / 2, least /= 2)
        levels++;
    return levels;
}

mlsd_status mlsd__tree_build(mlsd__scope *scope, const mlsd__allocator *a, int64_t leaf_size,
                             mlsd__points *points)
{
    const int64_t n = points->n, w = points->width;
    points->n_levels = count_levels(n, leaf_size);
    const int64_t n_nodes = ((int64_t)1 << points->n_levels) - 1;
    builder b = {.scope = scope, .allocator = a, .points = points, .rows = points->x};
    int64_t n_boxes = 0, n_cells = 0;
    MLSD__TRY(mlsd__mul_size(n_nodes, 2 * w, &n_boxes));
    MLSD__TRY(mlsd__mul_size(n, w, &n_cells));
    points->boxes = mlsd__alloc_raw(a, n_boxes, sizeof(double));
    points->number = mlsd__alloc_raw(a, n, sizeof(double));
    double *const x = mlsd__alloc_raw(a, n_cells, sizeof *x);
    b.keys = mlsd__alloc_raw(a, n, sizeof *b.keys);
    b.moved = mlsd__alloc_raw(a, n, sizeof *b.moved);
    b.sorted = mlsd__alloc_raw(a, n, sizeof *b.sorted);
    mlsd_status status = MLSD_E_NOMEM;
    if (points->boxes == NULL || points->number == NULL || x == NULL || b.keys == NULL ||
        b.moved == NULL || b.sorted == NULL)
        goto out;
    b.order = points->number;
    for (int64_t i = 0; i < n; i++) b.order[i] = (double)i;
    status = build_node(&b, 0, 0, n);
    if (status != MLSD_OK) goto out;
    for (int64_t i = 0; i < n; i++)
        memcpy(x + i * w, points->x + (int64_t)b.order[i] * w, (size_t)w * sizeof *x);
out:
    mlsd__free(a, b.keys);
    mlsd__free(a, b.moved);
    mlsd__free(a, b.sorted);
    if (status != MLSD_OK) {
        mlsd__free(a, x);
        return status;
    }
    mlsd__free(a, points->x);
    points->x = x;
    return MLSD_OK;
}

/* A node that waits, and where its rows lie. */
typedef struct place {
    int64_t node, first, last;
    double bound;
} place;

static double bound_of(const mlsd__points *points, const double *query, int64_t node)
{
    const int64_t w = points->width;
    const double *const low = points->boxes + 2 * node * w;
    return mlsd__measure_nearest(&points->measure, w, query, low, low + w);
}

mlsd_status mlsd__tree_search(mlsd__scope *scope, const mlsd__points *points, const double *query,
                              mlsd__nearest *near)
{
    enum { BETWEEN_CHECKPOINTS = 64 };
    const int64_t first_leaf = ((int64_t)1 << (points->n_levels - 1)) - 1;
    place waiting[MOST_LEVELS + 1];
    int64_t n_waiting = 1, n_leaves = 0;
    waiting[0] = (place){.node = 0, .first = 0, .last = points->n, .bound = 0};
    while (n_waiting > 0) {
        const place at = waiting[--n_waiting];
        if (at.bound > mlsd__nearest_worst(near)) continue;
        if (at.node >= first_leaf) {
            mlsd__points_scan(points, query, at.first, at.last, near);
            if (scope != NULL && n_leaves++ % BETWEEN_CHECKPOINTS == 0)
                MLSD__TRY(mlsd__checkpoint(scope));
            continue;
        }
        const int64_t middle = at.first + (at.last - at.first) / 2;
        const place left = {.node = 2 * at.node + 1,
                            .first = at.first,
                            .last = middle,
                            .bound = bound_of(points, query, 2 * at.node + 1)};
        const place right = {.node = 2 * at.node + 2,
                             .first = middle,
                             .last = at.last,
                             .bound = bound_of(points, query, 2 * at.node + 2)};
        /* The nearer one first: what is found there passes by more of the other. */
        const bool left_first = left.bound <= right.bound;
        waiting[n_waiting++] = left_first ? right : left;
        waiting[n_waiting++] = left_first ? left : right;
    }
    return MLSD_OK;
}
