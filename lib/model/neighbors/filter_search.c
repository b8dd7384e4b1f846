/* filter_search.c - all rows, but only those measured that numeric/near_filter.h cannot exclude.
 *
 * Panels of rows pass by a block of queries. Rows that may be among a query's k nearest wait until
 * some are together, then they are measured as the plain loop does, and the bound falls. A row is
 * left out only if its reduced distance, as the plain loop would compute it, is above that of k
 * others, so neither the processor nor the order of the filter's sums can change an answer. */
#include "model/neighbors/points.h"

#include <math.h>

enum {
    PANEL = MLSD__NEAR_PANEL,
    GROUP = MLSD__NEAR_GROUP,
    TOGETHER = 8, /* rows that are waited for before they are measured */
    ROOM = TOGETHER + PANEL - 1
};

/* Where the parts of the scratch lie; each query has its share. */
typedef struct block {
    const mlsd__points *points;
    const double *queries;
    int64_t n_queries, n_grouped; /* the first n_grouped lie in groups, the others one by one */
    const mlsd__nearest *near;
    mlsd__near_float *packed; /* n_queries x width floats */
    mlsd__near_float *bound;
    double *square, *n_waiting, *waiting; /* waiting: places of rows, ROOM for each query */
} block;

int64_t mlsd__filter_scratch(const mlsd__points *points)
{
    return (points->width + 1) / 2 + 3 + ROOM;
}

static void open_block(block *b, double *scratch)
{
    const int64_t width = b->points->width, n = b->n_queries;
    const mlsd__near_filter *const f = &b->points->filter;
    b->n_grouped = n / GROUP * GROUP;
    b->packed = (mlsd__near_float *)scratch;
    b->bound = (mlsd__near_float *)(scratch + n * ((width + 1) / 2));
    b->square = scratch + n * ((width + 1) / 2 + 1);
    b->n_waiting = b->square + n;
    b->waiting = b->n_waiting + n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t in_group = i < b->n_grouped ? i % GROUP : 0;
        b->square[i] = mlsd__near_query(f, b->queries + i * width,
                                        b->packed + (i - in_group) * width + in_group,
                                        i < b->n_grouped ? GROUP : 1);
        b->n_waiting[i] = 0;
        b->bound[i] = -INFINITY;
    }
}

static void measure_waiting(block *b, int64_t i)
{
    const mlsd__points *const points = b->points;
    const int64_t width = points->width, n = (int64_t)b->n_waiting[i];
    const double *const waiting = b->waiting + i * ROOM;
    mlsd__nearest near = mlsd__nearest_of(b->near, i);
    for (int64_t w = 0; w < n; w += 4) {
        const double *rows[4];
        double reduced[4];
        for (int64_t r = 0; r < 4; r++)
            rows[r] = points->x + (int64_t)waiting[w + r < n ? w + r : n - 1] * width;
        mlsd__measure_four(&points->measure, width, b->queries + i * width, rows, reduced);
        for (int64_t r = 0; r < 4 && w + r < n; r++)
            mlsd__nearest_add(&near, reduced[r], waiting[w + r]);
    }
    b->n_waiting[i] = 0;
    b->bound[i] = mlsd__near_bound(&points->filter, b->square[i], mlsd__nearest_worst(&near));
}

/* The rows of a panel that reach a query's bound. */
static void collect(block *b, int64_t i, int64_t panel, const float sums[PANEL])
{
    const float bound = b->bound[i];
    int any = 0;
    for (int c = 0; c < PANEL; c++) any |= sums[c] >= bound;
    if (!any) return;
    const int64_t first = panel * PANEL, left = b->points->n - first;
    double *const waiting = b->waiting + i * ROOM;
    int64_t n = (int64_t)b->n_waiting[i];
    for (int64_t c = 0; c < PANEL && c < left; c++) {
        waiting[n] = (double)(first + c);
        n += sums[c] >= bound;
    }
    b->n_waiting[i] = (double)n;
    if (n >= TOGETHER) measure_waiting(b, i);
}

static void pass_panel(block *b, int64_t panel)
{
    const mlsd__near_filter *const f = &b->points->filter;
    const int64_t width = f->p;
    const float *const rows = f->panels + panel * width * PANEL;
    const float *const offset = f->offsets + panel * PANEL;
    float sums[GROUP][PANEL];
    for (int64_t i = 0; i < b->n_grouped; i += GROUP) {
        if (!f->isa.group(width, rows, offset, b->packed + i * width, b->bound + i, sums)) continue;
        for (int64_t r = 0; r < GROUP; r++) collect(b, i + r, panel, sums[r]);
    }
    for (int64_t i = b->n_grouped; i < b->n_queries; i++) {
        if (f->isa.row(width, rows, offset, b->packed + i * width, b->bound[i], sums[0]))
            collect(b, i, panel, sums[0]);
    }
}

mlsd_status mlsd__filter_search(mlsd__scope *scope, const mlsd__points *points,
                                const double *queries, int64_t n_queries, const mlsd__nearest *near,
                                double *scratch)
{
    block b = {.points = points, .queries = queries, .n_queries = n_queries, .near = near};
    open_block(&b, scratch);
    for (int64_t panel = 0; panel < points->filter.n_panels; panel++) {
        if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
        pass_panel(&b, panel);
    }
    for (int64_t i = 0; i < n_queries; i++) measure_waiting(&b, i);
    return MLSD_OK;
}
