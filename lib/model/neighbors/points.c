/* points.c - rows to be searched: making them, and finding the nearest by the way that was chosen.
 * The answer is that of the plain loop over all rows, bit for bit: filter and tree only decide
 * which rows need not be measured. */
#include "model/neighbors/points.h"

#include <math.h>
#include <string.h>

/* Reduced distances outside of these may over- or underflow. */
static const double LEAST_SPREAD = 0x1p-900, MOST_SPREAD = 0x1p1000;

enum { CHUNK = 256 }; /* rows that are measured by all queries of a block while they are in cache */

mlsd__nearest mlsd__nearest_of(const mlsd__nearest *first, int64_t query)
{
    const int64_t k = first->k;
    return (mlsd__nearest){.k = k,
                           .n = first->n + query,
                           .distance = first->distance + query * k,
                           .number = first->number + query * k};
}

double mlsd__nearest_worst(const mlsd__nearest *near)
{
    return *near->n < (double)near->k ? INFINITY : near->distance[0];
}

static bool comes_after(double distance, double number, double other, double other_number)
{
    return distance > other || (distance == other && number > other_number);
}

static void put(mlsd__nearest *near, int64_t i, double distance, double number)
{
    near->distance[i] = distance;
    near->number[i] = number;
}

/* Put an entry at the top of the first n, or where it belongs below. */
static void sift_down(mlsd__nearest *near, int64_t n, double distance, double number)
{
    const double *const d = near->distance, *const m = near->number;
    int64_t i = 0;
    for (int64_t child = 1; child < n; child = 2 * i + 1) {
        if (child + 1 < n && comes_after(d[child + 1], m[child + 1], d[child], m[child])) child++;
        if (!comes_after(d[child], m[child], distance, number)) break;
        put(near, i, d[child], m[child]);
        i = child;
    }
    put(near, i, distance, number);
}

void mlsd__nearest_add(mlsd__nearest *near, double distance, double number)
{
    const double *const d = near->distance, *const m = near->number;
    int64_t i = (int64_t)*near->n;
    if (i == near->k) {
        if (comes_after(d[0], m[0], distance, number)) sift_down(near, i, distance, number);
        return;
    }
    *near->n += 1;
    while (i > 0) {
        const int64_t parent = (i - 1) / 2;
        if (!comes_after(distance, number, d[parent], m[parent])) break;
        put(near, i, d[parent], m[parent]);
        i = parent;
    }
    put(near, i, distance, number);
}

void mlsd__nearest_sort(mlsd__nearest *near)
{
    for (int64_t n = (int64_t)*near->n - 1; n > 0; n--) {
        const double distance = near->distance[n], number = near->number[n];
        put(near, n, near->distance[0], near->number[0]);
        sift_down(near, n, distance, number);
    }
}

void mlsd__points_scan(const mlsd__points *points, const double *query, int64_t first, int64_t last,
                       mlsd__nearest *near)
{
    const int64_t width = points->width;
    for (int64_t i = first; i < last; i += 4) {
        const double *rows[4];
        double reduced[4];
        for (int64_t r = 0; r < 4; r++)
            rows[r] = points->x + (i + r < last ? i + r : last - 1) * width;
        mlsd__measure_four(&points->measure, width, query, rows, reduced);
        for (int64_t r = 0; r < 4 && i + r < last; r++) {
            if (reduced[r] > mlsd__nearest_worst(near)) continue;
            mlsd__nearest_add(near, reduced[r],
                              points->number != NULL ? points->number[i + r] : (double)(i + r));
        }
    }
}

/* Filters know squared distances only. */
static bool can_filter(const mlsd__measure *m)
{
    return m->metric == MLSD__EUCLIDEAN || m->metric == MLSD__COSINE;
}

/* From how many rows on the tree is the faster way, measured on normal columns and 1,000 to 500,000
 * rows: from 2^(2.5 width + 2) on beside the filter, from 2^(1.5 width + 2) beside measuring all.
 */
static bool tree_pays(const mlsd__points *points)
{
    if (points->measure.metric == MLSD__COSINE) return false;
    const int halves = can_filter(&points->measure) ? 5 : 3;
    const int width = (int)fmin((double)points->width, 100);
    return (double)points->n * (double)points->n >= ldexp(1, halves * width + 4);
}

static mlsd_status find_box(mlsd__scope *scope, mlsd__points *points)
{
    const int64_t w = points->width;
    memcpy(points->low, points->x, (size_t)w * sizeof(double));
    memcpy(points->high, points->x, (size_t)w * sizeof(double));
    for (int64_t i = 1; i < points->n; i++) {
        const double *const row = points->x + i * w;
        if (scope != NULL && i % CHUNK == 0) MLSD__TRY(mlsd__checkpoint(scope));
        for (int64_t j = 0; j < w; j++) {
            points->low[j] = fmin(points->low[j], row[j]);
            points->high[j] = fmax(points->high[j], row[j]);
        }
    }
    const double spread =
        mlsd__measure_farthest(&points->measure, w, points->low, points->low, points->high);
    bool varies = false;
    for (int64_t j = 0; j < w; j++) varies |= points->low[j] < points->high[j];
    if (!varies || (spread >= LEAST_SPREAD && spread <= MOST_SPREAD)) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the rows are so far apart or so near that distances %s; scale the columns "
                      "(a standardize step does)",
                      spread < 1 ? "underflow" : "overflow");
}

mlsd_status mlsd__points_new(mlsd__scope *scope, const mlsd__allocator *a, const mlsd__measure *m,
                             double *x, int64_t n, int64_t p, mlsd__search search,
                             int64_t leaf_size, mlsd__points **out)
{
    *out = NULL;
    mlsd__points *const points = mlsd__alloc(a, 1, sizeof *points);
    if (points == NULL) {
        mlsd__free(a, x);
        return MLSD_E_NOMEM;
    }
    points->measure = *m;
    points->n = n;
    points->p = p;
    points->width = mlsd__measure_width(m, p);
    points->x = x;
    points->low = mlsd__alloc_raw(a, 2 * points->width, sizeof(double));
    mlsd_status status = points->low == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        points->high = points->low + points->width;
        status = find_box(scope, points);
    }
    if (status != MLSD_OK || points->width == 0) {
        /* Without columns all rows are equally far. */
    } else if (search == MLSD__SEARCH_TREE || (search == MLSD__SEARCH_AUTO && tree_pays(points))) {
        status = mlsd__tree_build(scope, a, leaf_size, points);
    } else if (can_filter(m)) {
        status = mlsd__near_filter_init(scope, a, x, n, points->width, &points->filter);
        points->has_filter = status == MLSD_OK;
    }
    if (status != MLSD_OK) {
        mlsd__points_free(a, points);
        return status;
    }
    *out = points;
    return MLSD_OK;
}

void mlsd__points_free(const mlsd__allocator *a, mlsd__points *points)
{
    if (points == NULL) return;
    if (points->has_filter) mlsd__near_filter_free(&points->filter, a);
    mlsd__free(a, points->boxes);
    mlsd__free(a, points->number);
    mlsd__free(a, points->low);
    mlsd__free(a, points->x);
    mlsd__free(a, points);
}

/* The query as it is measured, how many rows it has, and what the filter wants. */
int64_t mlsd__points_scratch(const mlsd__points *points)
{
    return points->width + 1 + (points->has_filter ? mlsd__filter_scratch(points) : 0);
}

static mlsd_status search_all(mlsd__scope *scope, const mlsd__points *points, const double *queries,
                              int64_t n_queries, const mlsd__nearest *near, double *scratch)
{
    if (points->has_filter)
        return mlsd__filter_search(scope, points, queries, n_queries, near, scratch);
    if (points->n_levels > 0) {
        for (int64_t i = 0; i < n_queries; i++) {
            mlsd__nearest own = mlsd__nearest_of(near, i);
            MLSD__TRY(mlsd__tree_search(scope, points, queries + i * points->width, &own));
        }
        return MLSD_OK;
    }
    for (int64_t first = 0; first < points->n; first += CHUNK) {
        const int64_t last = first + CHUNK < points->n ? first + CHUNK : points->n;
        for (int64_t i = 0; i < n_queries; i++) {
            if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
            mlsd__nearest own = mlsd__nearest_of(near, i);
            mlsd__points_scan(points, queries + i * points->width, first, last, &own);
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__points_find(mlsd__scope *scope, const mlsd__points *points, const double *x,
                              int64_t n_queries, int64_t ld, int64_t k, double *distance,
                              double *number, double *scratch)
{
    double *const queries = scratch, *const n_found = queries + n_queries * points->width;
    const mlsd__nearest near = {.k = k, .n = n_found, .distance = distance, .number = number};
    for (int64_t i = 0; i < n_queries; i++) {
        n_found[i] = 0;
        mlsd__measure_row(&points->measure, points->p, x + i * ld, queries + i * points->width);
    }
    MLSD__TRY(search_all(scope, points, queries, n_queries, &near, n_found + n_queries));
    for (int64_t i = 0; i < n_queries; i++) {
        mlsd__nearest own = mlsd__nearest_of(&near, i);
        mlsd__nearest_sort(&own);
        if (mlsd__measure_is_aloof(&points->measure, points->p, x + i * ld))
            for (int64_t j = 0; j < k; j++) put(&own, j, MLSD__ALOOF_REDUCED, (double)j);
    }
    return MLSD_OK;
}

mlsd_status mlsd__points_check(const mlsd__points *points, const double *x, int64_t n_queries,
                               int64_t ld, int64_t first_row, double *scratch)
{
    for (int64_t i = 0; i < n_queries; i++) {
        mlsd__measure_row(&points->measure, points->p, x + i * ld, scratch);
        const double far = mlsd__measure_farthest(&points->measure, points->width, scratch,
                                                  points->low, points->high);
        if (far <= MOST_SPREAD) continue;
        return mlsd__fail(MLSD_E_NUMERIC,
                          "row %lld is so far from the training set that distances overflow; scale "
                          "the columns (a standardize step does)",
                          (long long)(first_row + i));
    }
    return MLSD_OK;
}
