/* auc_count.c - counting who beats whom, by buckets instead of a sort.
 *
 * The area is a count: how many rows of class 0 each row of class 1 is scored above. Nothing has to
 * be in order for that but what lies close together:
 *   1. A sample of the scores gives a monotone map from scores to N_BUCKETS buckets of about equal
 *      size: by cells of equal width, or where most scores are in few of them by a search.
 *   2. Chunks of rows, in parallel, are put in order of bucket and class, each by itself: its
 *      scores are read once from memory and dealt while they are in the cache.
 *   3. A bucket is gathered from all chunks, in their order. Class 0 is dealt once more, into as
 *      many bins as it has rows; a row of class 1 beats all bins below its own, and is compared
 *      with the few rows of its own. A crowded bin (equal scores, or a few that lie close) is
 *      sorted; with weights, where the rows beaten must be added up, the whole bucket is.
 * Buckets are added in order, so the result does not depend on the threads. Counts are halves of
 * whole numbers, exact below 2^53. For the interval the same is done with the classes exchanged;
 * placements enter by their distance from the bucket's middle, so that squares do not cancel. */
#include "metric/auc_count.h"

#include <math.h>
#include <string.h>

#include "base/large_pages.h"
#include "data/matrix_view.h"
#include "metric/auc_block.h"
#include "metric/binary_block.h"
#include "metric/intake_block.h"
#include "numeric/rank.h"

enum {
    LEAST_ROWS = 1 << 14, /* below, a sort is as fast */
    N_BUCKETS = 1024,
    N_PLACES = 2 * N_BUCKETS, /* 2 x bucket + class; behind them rows that weigh nothing */
    N_STARTS = N_PLACES + 1,
    N_CELLS = 1 << 14, /* of the map from scores to buckets */
    SAMPLE = 1 << 13,
    CHUNK = 1 << 16, /* rows that are dealt together: with what they become they fit a cache */
    MOST_BINS = 1 << 16,
    CROWD = 8, /* comparisons a row, on average, above which a bucket with weights is sorted */
    FEW = 32   /* numbers that are put in order one by one */
};

/* A thread's own. */
typedef struct room {
    uint16_t *place;         /* of the rows of a chunk */
    double *dealt, *dealt_w; /* a chunk in its order */
    int64_t capacity;
    double *x[2], *w[2]; /* a bucket's rows by class; w NULL: ones */
    int32_t *bin;
    int32_t *start;            /* of the bins, MOST_BINS + 2 */
    double *sorted, *sorted_w; /* by bin */
    double *below;             /* with weights: the weight of the bins before */
} room;

typedef struct deal {
    const mlsd_matrix *y, *prediction, *weight;
    int64_t n, n_chunks;
    double low, scale;       /* of cells */
    int16_t bucket[N_CELLS]; /* of a cell; where they are searched, the number itself */
    bool is_searched;
    double begin[N_BUCKETS - 1]; /* then: of the buckets but the first */
    int32_t *starts;             /* n_chunks x N_STARTS: where in its chunk a place begins */
    double *score, *w;           /* chunk by chunk, as they are dealt; w NULL: ones */
    int64_t size[N_PLACES];
    double weight_of[N_PLACES];
    bool wants_spread;
    struct tally *tallies;
    int32_t n_rooms;
    room *rooms;
} deal;

/* What the rows of one class in a bucket make of the other. d: what a row beats, less the bucket's
 * middle. */
typedef struct side {
    double w2, w2d, w2d2;
} side;
typedef struct tally {
    double wins; /* of class 1, within the bucket */
    side sides[2];
} tally;

typedef struct block {
    mlsd__binary_block rows;
    int32_t class_of[MLSD__BLOCK_ROWS], cell[MLSD__BLOCK_ROWS];
} block;

/* Of every so-manieth row; those that are not finite are named where all are read. */
static int64_t take_sample(const deal *d, double *out)
{
    const int64_t step = d->n / SAMPLE > 0 ? d->n / SAMPLE : 1;
    int64_t n = 0;
    for (int64_t i = 0; i < d->n && n < SAMPLE; i += step) {
        mlsd__matrix_read(d->prediction, NULL, i, 1, &out[n]);
        n += isfinite(out[n]) ? 1 : 0;
    }
    return n;
}

/* Cells take their bucket from the ascending sample's rows below them. */
static void map_by_cells(deal *d, const double *sample, int64_t n, int32_t *cell)
{
    const double range = n > 0 ? sample[n - 1] - sample[0] : 0;
    d->low = n > 0 ? sample[0] : 0;
    d->scale = range > 0 && isfinite(N_CELLS / range) ? N_CELLS / range : 0;
    (void)mlsd__auc_cells(sample, n, d->low, d->scale, N_CELLS, cell);
    int64_t below = 0;
    for (int32_t c = 0; c < N_CELLS; c++) {
        d->bucket[c] = (int16_t)(n == 0 ? 0 : below * (N_BUCKETS - 1) / n);
        while (below < n && cell[below] == c) below++;
    }
}

/* Do buckets have about equal shares, but for equal scores? */
static bool is_even(const deal *d, const double *sample, int64_t n, const int32_t *cell)
{
    for (int64_t first = 0, end = 0; first < n; first = end) {
        while (end < n && d->bucket[cell[end]] == d->bucket[cell[first]]) end++;
        if (end - first > SAMPLE / 64 && sample[first] < sample[end - 1]) return false;
    }
    return true;
}

/* Where scores crowd in few cells: buckets begin at numbers of the sample, and a score's is
 * searched. */
static void map_by_search(deal *d, const double *sample, int64_t n)
{
    d->is_searched = true;
    for (int64_t k = 0; k < N_BUCKETS; k++) d->bucket[k] = (int16_t)k;
    for (int64_t k = 1; k < N_BUCKETS; k++) d->begin[k - 1] = sample[k * n / N_BUCKETS];
}

static mlsd_status map_scores(mlsd__scope *scope, deal *d)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const taken = mlsd__alloc_raw(a, SAMPLE, sizeof *taken);
    double *const sample = mlsd__alloc_raw(a, SAMPLE, sizeof *sample);
    int64_t *const order = mlsd__alloc_raw(a, SAMPLE, sizeof *order);
    int32_t *const cell = mlsd__alloc_raw(a, SAMPLE, sizeof *cell);
    const bool has_room = taken != NULL && sample != NULL && order != NULL && cell != NULL;
    mlsd_status status = has_room ? MLSD_OK : MLSD_E_NOMEM;
    const int64_t n = status == MLSD_OK ? take_sample(d, taken) : 0;
    if (status == MLSD_OK) status = mlsd__argsort(a, taken, n, order);
    if (status == MLSD_OK) {
        for (int64_t i = 0; i < n; i++) sample[i] = taken[order[i]];
        map_by_cells(d, sample, n, cell);
        if (!is_even(d, sample, n, cell)) map_by_search(d, sample, n);
    }
    mlsd__free(a, taken);
    mlsd__free(a, sample);
    mlsd__free(a, order);
    mlsd__free(a, cell);
    return status;
}

static mlsd_status read_block(const deal *d, int64_t first, int64_t n, block *b)
{
    mlsd__binary_block *const rows = &b->rows;
    mlsd__binary_read(d->prediction, d->weight, first, n, rows);
    bool is_good = rows->w == NULL || mlsd__block_weights(rows->w, n);
    is_good &= d->is_searched ? mlsd__auc_search(rows->score, n, d->begin, N_BUCKETS, b->cell)
                              : mlsd__auc_cells(rows->score, n, d->low, d->scale, N_CELLS, b->cell);
    if (d->y->dtype == MLSD_I64 && d->y->row_stride == 1) {
        const int64_t *const y = (const int64_t *)d->y->data + first;
        is_good &= mlsd__block_classes_i64(y, n, 2, b->class_of);
    } else {
        const double *const y = mlsd__doubles_at(d->y, first, n, rows->y_room);
        is_good &= mlsd__block_classes_f64(y, n, 2, b->class_of);
    }
    return is_good ? MLSD_OK : mlsd__binary_name_bad(d->y, false, rows);
}

/* The places of a block's rows, counted in count[place + 1]. */
static void find_places(const deal *d, const block *b, uint16_t *place, int32_t *count)
{
    for (int64_t i = 0; i < b->rows.n && b->rows.w == NULL; i++) {
        const int32_t at = 2 * d->bucket[b->cell[i]] + b->class_of[i];
        place[i] = (uint16_t)at;
        count[at + 1]++;
    }
    for (int64_t i = 0; i < b->rows.n && b->rows.w != NULL; i++) {
        const int32_t at = b->rows.w[i] > 0 ? 2 * d->bucket[b->cell[i]] + b->class_of[i] : N_PLACES;
        place[i] = (uint16_t)at;
        count[at + 1]++;
    }
}

/* Rows of a block to their places; `at` is where the next one of a place goes. */
static void deal_block(const mlsd__binary_block *b, const uint16_t *place, int32_t *at,
                       double *score, double *w)
{
    for (int64_t i = 0; i < b->n && w == NULL; i++) score[at[place[i]]++] = b->score[i];
    for (int64_t i = 0; i < b->n && w != NULL; i++) {
        const int32_t to = at[place[i]]++;
        score[to] = b->score[i];
        w[to] = b->w[i];
    }
}

static mlsd_status deal_chunk(void *arg, int64_t chunk, mlsd__scope *scope)
{
    deal *const d = arg;
    const int64_t from = chunk * CHUNK, n = d->n - from < CHUNK ? d->n - from : CHUNK;
    int32_t *const start = d->starts + chunk * N_STARTS;
    room *const r = &d->rooms[scope->worker];
    uint16_t *const place = r->place;
    int32_t at[N_STARTS + 1] = {0};
    block b;
    for (int64_t i = 0; i < n; i += MLSD__BLOCK_ROWS) {
        const int64_t left = n - i;
        MLSD__TRY(read_block(d, from + i, left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS, &b));
        find_places(d, &b, place + i, at);
    }
    for (int64_t k = 1; k < N_STARTS + 1; k++) at[k] += at[k - 1];
    memcpy(start, at, N_STARTS * sizeof *start);
    for (int64_t i = 0; i < n; i += MLSD__BLOCK_ROWS) {
        const int64_t left = n - i;
        mlsd__binary_read(d->prediction, d->weight, from + i,
                          left < MLSD__BLOCK_ROWS ? left : MLSD__BLOCK_ROWS, &b.rows);
        deal_block(&b.rows, place + i, at, r->dealt, r->dealt_w);
    }
    memcpy(d->score + from, r->dealt, (size_t)n * sizeof *r->dealt);
    if (d->w != NULL) memcpy(d->w + from, r->dealt_w, (size_t)n * sizeof *r->dealt_w);
    return mlsd__checkpoint(scope);
}

/* One class in a bucket. */
typedef struct group {
    const double *x, *w; /* w NULL: ones */
    int64_t n;
    double weight;
} group;

static void room_free(const mlsd__allocator *a, room *r)
{
    mlsd__free(a, r->x[0]);
    mlsd__free(a, r->x[1]);
    mlsd__free(a, r->w[0]);
    mlsd__free(a, r->w[1]);
    mlsd__free(a, r->bin);
    mlsd__free(a, r->start);
    mlsd__free(a, r->sorted);
    mlsd__free(a, r->sorted_w);
    mlsd__free(a, r->below);
    *r = (room){.place = r->place, .dealt = r->dealt, .dealt_w = r->dealt_w};
}

/* Room for n rows of each class. */
static mlsd_status room_reserve(const mlsd__allocator *a, bool is_weighted, int64_t n, room *r)
{
    if (n <= r->capacity && r->start != NULL) return MLSD_OK;
    room_free(a, r);
    double **const numbers[] = {&r->x[0], &r->x[1], &r->sorted, &r->w[0], &r->w[1], &r->sorted_w};
    n += n / 4 + MLSD__AUC_WINDOW;
    for (int k = 0; k < (is_weighted ? 6 : 3); k++) {
        *numbers[k] = mlsd__alloc_raw(a, n + MLSD__AUC_WINDOW, sizeof **numbers[k]);
        if (*numbers[k] == NULL) return MLSD_E_NOMEM;
    }
    r->bin = mlsd__alloc_raw(a, n, sizeof *r->bin);
    if (r->bin == NULL) return MLSD_E_NOMEM;
    if (is_weighted) r->below = mlsd__alloc_raw(a, MOST_BINS, sizeof *r->below);
    if (is_weighted && r->below == NULL) return MLSD_E_NOMEM;
    r->start = mlsd__alloc_raw(a, MOST_BINS + 2, sizeof *r->start);
    if (r->start == NULL) return MLSD_E_NOMEM;
    r->capacity = n;
    return MLSD_OK;
}

/* The rows of a place, from all chunks. */
static group gather(deal *d, int64_t place, room *r)
{
    double *const x = r->x[place % 2], *const w = r->w[place % 2];
    double weight = 0;
    int64_t n = 0;
    for (int64_t c = 0; c < d->n_chunks; c++) {
        const int32_t *const start = d->starts + c * N_STARTS + place;
        const size_t bytes = (size_t)(start[1] - start[0]) * sizeof *x;
        memcpy(x + n, d->score + c * CHUNK + start[0], bytes);
        if (d->w != NULL) memcpy(w + n, d->w + c * CHUNK + start[0], bytes);
        n += start[1] - start[0];
    }
    for (int64_t i = 0; i < n && d->w != NULL; i++) weight += w[i];
    d->weight_of[place] = d->w != NULL ? weight : (double)n;
    return (group){.x = x, .w = d->w != NULL ? w : NULL, .n = n, .weight = d->weight_of[place]};
}

/* A row that weighs w beats `beaten` of the other class in this bucket. */
static void note(side *s, double *wins, double w, double beaten, double middle)
{
    const double distance = beaten - middle, w2 = w * w;
    *wins += w * beaten;
    s->w2 += w2;
    s->w2d += w2 * distance;
    s->w2d2 += w2 * distance * distance;
}

/* Both in order, then a merge. */
static mlsd_status beat_by_sort(const mlsd__allocator *a, const group *us, const group *them,
                                side *s, double *wins)
{
    int64_t *const ours = mlsd__alloc_raw(a, us->n, sizeof *ours);
    int64_t *const theirs = mlsd__alloc_raw(a, them->n, sizeof *theirs);
    mlsd_status status = ours != NULL && theirs != NULL ? MLSD_OK : MLSD_E_NOMEM;
    if (status == MLSD_OK) status = mlsd__argsort(a, us->x, us->n, ours);
    if (status == MLSD_OK) status = mlsd__argsort(a, them->x, them->n, theirs);
    double below = 0, tied = 0;
    for (int64_t i = 0, k = 0, next = 0; i < us->n && status == MLSD_OK; i++) {
        const double x = us->x[ours[i]];
        if (i == 0 || x != us->x[ours[i - 1]]) {
            below += tied;
            for (; k < them->n && them->x[theirs[k]] < x; k++) {
                if (k >= next) below += them->w == NULL ? 1 : them->w[theirs[k]];
            }
            tied = 0;
            for (next = k; next < them->n && them->x[theirs[next]] == x; next++) {
                tied += them->w == NULL ? 1 : them->w[theirs[next]];
            }
            k = next;
        }
        note(s, wins, us->w == NULL ? 1 : us->w[ours[i]], below + tied / 2, them->weight / 2);
    }
    mlsd__free(a, ours);
    mlsd__free(a, theirs);
    return status;
}

/* All scores of a bucket are equal. */
static void beat_alike(const group *us, const group *them, side *s, double *wins)
{
    for (int64_t i = 0; i < us->n && us->w != NULL; i++) {
        note(s, wins, us->w[i], them->weight / 2, them->weight / 2);
    }
    if (us->w != NULL) return;
    s->w2 += us->weight;
    *wins += us->weight * (them->weight / 2);
}

/* The bins of a group, and how scores find theirs. */
typedef struct bins {
    int32_t n;
    double low, scale;
    bool is_crowded; /* some bin has more rows than the window */
} bins;

static void find_range(const group *g, double *low, double *high)
{
    enum { LANES = 8 };
    double least[LANES], most[LANES];
    int64_t i = 0;
    for (int k = 0; k < LANES; k++) least[k] = *low;
    for (int k = 0; k < LANES; k++) most[k] = *high;
    for (; i + LANES <= g->n; i += LANES) {
        for (int k = 0; k < LANES; k++) {
            least[k] = g->x[i + k] < least[k] ? g->x[i + k] : least[k];
            most[k] = g->x[i + k] > most[k] ? g->x[i + k] : most[k];
        }
    }
    for (; i < g->n; i++) {
        least[0] = g->x[i] < least[0] ? g->x[i] : least[0];
        most[0] = g->x[i] > most[0] ? g->x[i] : most[0];
    }
    for (int k = 0; k < LANES; k++) *low = fmin(*low, least[k]);
    for (int k = 0; k < LANES; k++) *high = fmax(*high, most[k]);
}

/* Rows of a bin keep their order. */
static void fill_bins(const group *g, bins *b, room *r)
{
    int32_t *const start = r->start, largest = 0;
    memset(start, 0, (size_t)(b->n + 2) * sizeof *start);
    (void)mlsd__auc_cells(g->x, g->n, b->low, b->scale, b->n, r->bin);
    for (int64_t i = 0; i < g->n; i++) start[r->bin[i] + 2]++;
    for (int64_t k = 2; k < b->n + 2; k++) {
        largest = start[k] > largest ? start[k] : largest;
        start[k] += start[k - 1];
    }
    for (int64_t i = 0; i < g->n; i++) {
        const int32_t to = start[r->bin[i] + 1]++;
        r->sorted[to] = g->x[i];
        if (g->w != NULL) r->sorted_w[to] = g->w[i];
    }
    for (int k = 0; k < MLSD__AUC_WINDOW; k++) r->sorted[g->n + k] = INFINITY;
    b->is_crowded = largest > MLSD__AUC_WINDOW;
}

static void insert_in_order(double *x, int64_t n)
{
    for (int64_t i = 1; i < n; i++) {
        const double moved = x[i];
        int64_t k = i;
        for (; k > 0 && x[k - 1] > moved; k--) x[k] = x[k - 1];
        x[k] = moved;
    }
}

static mlsd_status put_in_order(const mlsd__allocator *a, double *x, int64_t n)
{
    int64_t sorted = 1;
    while (sorted < n && x[sorted - 1] <= x[sorted]) sorted++;
    if (sorted >= n) return MLSD_OK;
    if (n <= FEW) {
        insert_in_order(x, n);
        return MLSD_OK;
    }
    int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
    double *const copy = mlsd__memdup(a, x, n, sizeof *copy);
    mlsd_status status = order != NULL && copy != NULL ? MLSD_OK : MLSD_E_NOMEM;
    if (status == MLSD_OK) status = mlsd__argsort(a, copy, n, order);
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) x[i] = copy[order[i]];
    mlsd__free(a, order);
    mlsd__free(a, copy);
    return status;
}

static mlsd_status order_bins(const mlsd__allocator *a, const bins *b, room *r)
{
    for (int64_t k = 0; k < b->n; k++) {
        const int64_t first = r->start[k], n = r->start[k + 1] - first;
        if (n > MLSD__AUC_WINDOW) MLSD__TRY(put_in_order(a, r->sorted + first, n));
    }
    return MLSD_OK;
}

static mlsd_status beat_by_bins(const mlsd__allocator *a, const bins *b, room *r, const group *us,
                                const group *them, bool wants_spread, side *s, double *wins)
{
    const mlsd__auc_bins all = {.start = r->start, .sorted = r->sorted};
    if (b->is_crowded) MLSD__TRY(order_bins(a, b, r));
    (void)mlsd__auc_cells(us->x, us->n, b->low, b->scale, b->n, r->bin);
    if (!wants_spread) {
        *wins += (double)mlsd__auc_wins_twice(&all, us->x, r->bin, us->n) / 2;
        return MLSD_OK;
    }
    for (int64_t i = 0; i < us->n; i++) {
        const double beaten = (double)mlsd__auc_beaten_twice(&all, us->x[i], r->bin[i]) / 2;
        note(s, wins, 1, beaten, them->weight / 2);
    }
    return MLSD_OK;
}

/* Would comparing within bins take too long? */
static bool takes_long(const room *r, const group *us)
{
    int64_t compared = 0;
    for (int64_t i = 0; i < us->n; i++) {
        compared += r->start[r->bin[i] + 1] - r->start[r->bin[i]];
    }
    return compared > CROWD * (us->n + 64);
}

static mlsd_status beat_by_weights(const mlsd__allocator *a, const bins *b, room *r,
                                   const group *us, const group *them, side *s, double *wins)
{
    const int32_t *const start = r->start;
    double below = 0;
    (void)mlsd__auc_cells(us->x, us->n, b->low, b->scale, b->n, r->bin);
    if (takes_long(r, us)) return beat_by_sort(a, us, them, s, wins);
    for (int64_t k = 0; k < b->n; k++) {
        r->below[k] = below;
        for (int64_t i = start[k]; i < start[k + 1]; i++) below += r->sorted_w[i];
    }
    for (int64_t i = 0; i < us->n; i++) {
        const double x = us->x[i];
        const int32_t k = r->bin[i];
        double beaten = r->below[k];
        for (int64_t j = start[k]; j < start[k + 1]; j++) {
            beaten += r->sorted_w[j] * (((r->sorted[j] < x) + (r->sorted[j] <= x)) * 0.5);
        }
        note(s, wins, us->w[i], beaten, them->weight / 2);
    }
    return MLSD_OK;
}

static mlsd_status beat(const mlsd__allocator *a, room *r, const group *us, const group *them,
                        bool wants_spread, side *s, double *wins)
{
    double low = INFINITY, high = -INFINITY;
    if (us->n == 0) return MLSD_OK;
    find_range(us, &low, &high);
    find_range(them, &low, &high);
    if (low == high) {
        beat_alike(us, them, s, wins);
        return MLSD_OK;
    }
    bins b = {.n = 64, .low = low};
    while (b.n < them->n && b.n < MOST_BINS) b.n *= 2;
    b.scale = (double)b.n / (high - low);
    if (them->n > INT32_MAX / 2 || !(isfinite(b.scale) && isfinite(high - low))) {
        return beat_by_sort(a, us, them, s, wins); /* nearly equal, or wider than a double */
    }
    fill_bins(them, &b, r);
    if (us->w != NULL) return beat_by_weights(a, &b, r, us, them, s, wins);
    return beat_by_bins(a, &b, r, us, them, wants_spread, s, wins);
}

static mlsd_status tally_bucket(deal *d, const mlsd__allocator *a, room *r, int64_t bucket)
{
    tally *const t = &d->tallies[bucket];
    const int64_t *const size = d->size + 2 * bucket;
    double losses = 0;
    MLSD__TRY(room_reserve(a, d->w != NULL, size[0] > size[1] ? size[0] : size[1], r));
    const group lows = gather(d, 2 * bucket, r), highs = gather(d, 2 * bucket + 1, r);
    MLSD__TRY(beat(a, r, &highs, &lows, d->wants_spread, &t->sides[1], &t->wins));
    if (!d->wants_spread) return MLSD_OK;
    return beat(a, r, &lows, &highs, true, &t->sides[0], &losses);
}

/* Buckets together make a task. */
enum { BUCKETS_A_TASK = 16 };

static mlsd_status tally_buckets(void *arg, int64_t task, mlsd__scope *scope)
{
    deal *const d = arg;
    for (int64_t k = 0; k < BUCKETS_A_TASK; k++) {
        MLSD__TRY(
            tally_bucket(d, scope->allocator, &d->rooms[scope->worker], task * BUCKETS_A_TASK + k));
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

/* Sum of w^2 (beaten - mean)^2 of a class; `below` is what its bucket's rows beat beside. */
static double squares_about(const deal *d, int c, double mean)
{
    double sum = 0, below = 0;
    for (int64_t k = 0; k < N_BUCKETS; k++) {
        const side *const s = &d->tallies[k].sides[c];
        const double shift = below + d->weight_of[2 * k + 1 - c] / 2 - mean;
        sum += s->w2d2 + shift * (2 * s->w2d + shift * s->w2);
        below += d->weight_of[2 * k + 1 - c];
    }
    return sum;
}

/* DeLong's interval: see metric_ranking.c. */
static void add_up(const deal *d, double level, mlsd__estimate *out)
{
    double wins = 0, weight[2] = {0}, n[2] = {0}, squares[2] = {0};
    for (int64_t k = 0; k < N_BUCKETS; k++) {
        wins += d->tallies[k].wins + d->weight_of[2 * k + 1] * weight[0];
        for (int c = 0; c < 2; c++) {
            weight[c] += d->weight_of[2 * k + c];
            n[c] += (double)d->size[2 * k + c];
            squares[c] += d->tallies[k].sides[c].w2;
        }
    }
    out->support = fmin(n[0], n[1]);
    if (!(weight[0] > 0 && weight[1] > 0)) return;
    const double value = wins / (weight[0] * weight[1]);
    out->value = value > 1 ? 1 : value; /* NaN stays */
    out->df = INFINITY;
    out->n_rows = (double)d->n;
    if (isnan(level)) return;
    double pairs = out->support;
    if (d->weight != NULL) {
        const double all = weight[0] + weight[1];
        out->n_rows = all * all / (squares[0] + squares[1]);
        pairs = fmin(weight[0] * weight[0] / squares[0], weight[1] * weight[1] / squares[1]);
    }
    if (n[0] < 2 || n[1] < 2) {
        mlsd__area_interval(out, pairs, level);
        return;
    }
    const double hits = squares_about(d, 1, out->value * weight[0]);
    const double misses = squares_about(d, 0, (1 - out->value) * weight[1]);
    const double product = weight[0] * weight[1];
    out->se = sqrt(fmax(0, hits * (n[1] / (n[1] - 1)) + misses * (n[0] / (n[0] - 1)))) / product;
    mlsd__area_interval(out, pairs, level);
}

static mlsd_status allocate(mlsd__scope *scope, deal *d)
{
    const mlsd__allocator *const a = scope->allocator;
    d->starts = mlsd__alloc_raw(a, d->n_chunks * N_STARTS, sizeof *d->starts);
    if (d->starts == NULL) return MLSD_E_NOMEM;
    d->tallies = mlsd__alloc(a, N_BUCKETS, sizeof *d->tallies);
    if (d->tallies == NULL) return MLSD_E_NOMEM;
    d->score = mlsd__alloc_raw(a, d->n, sizeof *d->score);
    if (d->score == NULL) return MLSD_E_NOMEM;
    mlsd__prefer_large_pages(a, d->score, d->n * (int64_t)sizeof *d->score);
    if (d->weight != NULL) {
        d->w = mlsd__alloc_raw(a, d->n, sizeof *d->w);
        if (d->w == NULL) return MLSD_E_NOMEM;
        mlsd__prefer_large_pages(a, d->w, d->n * (int64_t)sizeof *d->w);
    }
    d->rooms = mlsd__alloc(a, scope->n_threads, sizeof *d->rooms);
    if (d->rooms == NULL) return MLSD_E_NOMEM;
    d->n_rooms = scope->n_threads;
    for (int32_t i = 0; i < d->n_rooms; i++) {
        d->rooms[i].place = mlsd__alloc_raw(a, CHUNK, sizeof *d->rooms[i].place);
        if (d->rooms[i].place == NULL) return MLSD_E_NOMEM;
        d->rooms[i].dealt = mlsd__alloc_raw(a, CHUNK, sizeof(double));
        if (d->rooms[i].dealt == NULL) return MLSD_E_NOMEM;
        if (d->weight == NULL) continue;
        d->rooms[i].dealt_w = mlsd__alloc_raw(a, CHUNK, sizeof(double));
        if (d->rooms[i].dealt_w == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

static void deal_free(const mlsd__allocator *a, deal *d)
{
    for (int32_t i = 0; i < d->n_rooms; i++) {
        room_free(a, &d->rooms[i]);
        mlsd__free(a, d->rooms[i].place);
        mlsd__free(a, d->rooms[i].dealt);
        mlsd__free(a, d->rooms[i].dealt_w);
    }
    mlsd__free(a, d->rooms);
    mlsd__free(a, d->starts);
    mlsd__free(a, d->tallies);
    mlsd__free(a, d->score);
    mlsd__free(a, d->w);
    mlsd__free(a, d);
}

static void find_sizes(deal *d)
{
    for (int64_t c = 0; c < d->n_chunks; c++) {
        const int32_t *const start = d->starts + c * N_STARTS;
        for (int64_t k = 0; k < N_PLACES; k++) d->size[k] += start[k + 1] - start[k];
    }
}

static mlsd_status count(mlsd__scope *scope, deal *d, double level, mlsd__estimate *out)
{
    MLSD__TRY(allocate(scope, d));
    MLSD__TRY(map_scores(scope, d));
    MLSD__TRY(mlsd__parallel_for(scope, d->n_chunks, deal_chunk, d));
    find_sizes(d);
    MLSD__TRY(mlsd__parallel_for(scope, N_BUCKETS / BUCKETS_A_TASK, tally_buckets, d));
    add_up(d, level, out);
    return MLSD_OK;
}

mlsd_status mlsd__auc_direct(mlsd__scope *scope, const mlsd__metric_ops *metric,
                             const mlsd_matrix *y, const mlsd_matrix *prediction,
                             const mlsd_matrix *weight, double level, mlsd__estimate *out,
                             bool *out_done)
{
    const mlsd__allocator *const a = scope->allocator;
    *out_done = false;
    if (metric->params_size > 0 && !mlsd__auc_is_plain(metric->params)) return MLSD_OK;
    if (y->cols != 1 || prediction->cols != 1 || y->rows < LEAST_ROWS) return MLSD_OK;
    if (prediction->rows != y->rows) return MLSD_OK; /* said by those who check all */
    if (weight != NULL && (weight->rows != y->rows || weight->cols != 1)) return MLSD_OK;
    deal *const d = mlsd__alloc(a, 1, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    d->y = y;
    d->prediction = prediction;
    d->weight = weight;
    d->n = y->rows;
    d->n_chunks = (d->n + CHUNK - 1) / CHUNK;
    d->wants_spread = !isnan(level);
    const mlsd_status status = count(scope, d, level, out);
    deal_free(a, d);
    *out_done = status == MLSD_OK;
    return status;
}
