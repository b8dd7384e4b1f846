/* auc_count.c - counting who beats whom, by buckets instead of a sort.
 *
 * The area is a count: how many rows of class 0 each row of class 1 is scored above. Nothing has to
 * be in order for that but what lies close together:
 *   1. A sample of the scores gives a monotone map from scores to N_BUCKETS buckets of about equal
 *      size.
 *   2. Rows are dealt into the buckets, each class by itself, by chunks of rows in parallel; the
 *      places are counted first, so rows keep their order and threads do not meet.
 *   3. Within a bucket class 0 is dealt once more, into as many bins as it has rows; a row of class
 *      1 beats all bins below its own, and is compared with the few rows of its own. Where a bin is
 *      crowded (equal scores, or a few that lie close) the bucket is sorted and merged instead.
 * Buckets are added in order, so the result does not depend on the threads. Counts are halves of
 * whole numbers, exact below 2^53. For the interval the same is done with the classes exchanged;
 * placements enter by their distance from the bucket's middle, so that squares do not cancel. */
#include "metric/auc_count.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "data/matrix_view.h"
#include "numeric/rank.h"

enum {
    LEAST_ROWS = 1 << 14, /* below, a sort is as fast */
    N_BUCKETS = 1024,
    N_CELLS = 1 << 14, /* of the map from scores to buckets */
    SAMPLE = 1 << 13,
    CHUNK = 1 << 17, /* rows that are counted and dealt together */
    MOST_BINS = 1 << 14,
    CROWD = 8 /* comparisons a row, on average, above which a bucket is sorted */
};

typedef struct deal {
    const mlsd_matrix *y, *prediction, *weight;
    int64_t n, n_chunks;
    double low, scale;       /* of cells */
    int16_t bucket[N_CELLS]; /* of a cell */
    int64_t *places;         /* n_chunks x N_BUCKETS x 2: rows, then where the first goes */
    int64_t start[2 * N_BUCKETS + 1];
    double *score, *w; /* as they are dealt; w NULL: ones */
    double weight_of[2 * N_BUCKETS];
    bool wants_spread;
    struct tally *tallies;
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

/* Scores in a chunk, a block at a time. */
typedef struct block {
    int64_t first, n;
    double y[MLSD__BLOCK_ROWS], score[MLSD__BLOCK_ROWS], w[MLSD__BLOCK_ROWS];
    int32_t place[MLSD__BLOCK_ROWS]; /* 2 x bucket + class */
} block;

static int64_t cell_of(const deal *d, double x)
{
    const double at = (x - d->low) * d->scale;
    return !(at > 0) ? 0 : at >= N_CELLS - 1 ? N_CELLS - 1 : (int64_t)at;
}

/* Equal shares of the sample: cells take their bucket from the sample's rows below them. */
static mlsd_status map_scores(mlsd__scope *scope, deal *d)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t step = d->n / SAMPLE > 0 ? d->n / SAMPLE : 1;
    int32_t *const counts = mlsd__alloc(a, N_CELLS, sizeof *counts);
    double *const sample = mlsd__alloc_raw(a, SAMPLE, sizeof *sample);
    int64_t n = 0;
    if (counts != NULL && sample != NULL) {
        double low = INFINITY, high = -INFINITY;
        for (int64_t i = 0; i < d->n && n < SAMPLE; i += step) {
            double x = 0;
            mlsd__matrix_read(d->prediction, NULL, i, 1, &x);
            if (!isfinite(x)) continue; /* named where all are read */
            low = fmin(low, x);
            high = fmax(high, x);
            sample[n++] = x;
        }
        d->low = n > 0 ? low : 0;
        d->scale = low < high ? N_CELLS / (high - low) : 0;
        if (!isfinite(d->scale)) d->scale = 0;
        for (int64_t i = 0; i < n; i++) counts[cell_of(d, sample[i])]++;
        int64_t below = 0;
        for (int64_t c = 0; c < N_CELLS; c++) {
            d->bucket[c] = (int16_t)(n == 0 ? 0 : below * (N_BUCKETS - 1) / n);
            below += counts[c];
        }
    }
    mlsd__free(a, counts);
    mlsd__free(a, sample);
    return counts != NULL && sample != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status bad(const char *name, int64_t row, double value, const char *what)
{
    char text[MLSD__NUMBER_CAPACITY];
    mlsd__format_double(value, text);
    return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, %s", name, (long long)row, text, what);
}

static void read_block(const deal *d, int64_t first, int64_t n, block *b)
{
    b->first = first;
    b->n = n;
    mlsd__matrix_read(d->y, NULL, first, n, b->y);
    mlsd__matrix_read(d->prediction, NULL, first, n, b->score);
    if (d->weight != NULL) mlsd__matrix_read(d->weight, NULL, first, n, b->w);
    for (int64_t i = 0; i < n; i++) {
        b->place[i] = 2 * d->bucket[cell_of(d, b->score[i])] + (b->y[i] != 0);
    }
}

static mlsd_status check_block(const deal *d, const block *b)
{
    bool is_good = true;
    for (int64_t i = 0; i < b->n; i++) {
        is_good &= (b->y[i] == 0) | (b->y[i] == 1);
        is_good &= b->score[i] - b->score[i] == 0;
    }
    for (int64_t i = 0; i < b->n && d->weight != NULL; i++) {
        is_good &= (b->w[i] >= 0) & (b->w[i] - b->w[i] == 0);
    }
    for (int64_t i = 0; i < b->n && !is_good; i++) {
        const int64_t row = b->first + i;
        if (b->y[i] != 0 && b->y[i] != 1) {
            return bad("y", row, b->y[i], "not a class number in 0 .. 1");
        }
        if (!isfinite(b->score[i])) {
            return bad("prediction", row, b->score[i], "not a finite number");
        }
        if (d->weight != NULL && !(b->w[i] >= 0 && isfinite(b->w[i]))) {
            return bad("weight", row, b->w[i], "not a finite number of at least 0");
        }
    }
    return MLSD_OK;
}

static int64_t chunk_end(const deal *d, int64_t chunk)
{
    return (chunk + 1) * CHUNK < d->n ? (chunk + 1) * CHUNK : d->n;
}

static mlsd_status count_chunk(void *arg, int64_t chunk, mlsd__scope *scope)
{
    deal *const d = arg;
    int64_t *const count = d->places + chunk * 2 * N_BUCKETS;
    const int64_t end = chunk_end(d, chunk);
    block b;
    for (int64_t i = chunk * CHUNK; i < end; i += MLSD__BLOCK_ROWS) {
        read_block(d, i, end - i < MLSD__BLOCK_ROWS ? end - i : MLSD__BLOCK_ROWS, &b);
        MLSD__TRY(check_block(d, &b));
        for (int64_t k = 0; k < b.n; k++) count[b.place[k]] += d->weight == NULL || b.w[k] > 0;
    }
    return mlsd__checkpoint(scope);
}

static mlsd_status deal_chunk(void *arg, int64_t chunk, mlsd__scope *scope)
{
    deal *const d = arg;
    int64_t *const place = d->places + chunk * 2 * N_BUCKETS;
    const int64_t end = chunk_end(d, chunk);
    block b;
    for (int64_t i = chunk * CHUNK; i < end; i += MLSD__BLOCK_ROWS) {
        read_block(d, i, end - i < MLSD__BLOCK_ROWS ? end - i : MLSD__BLOCK_ROWS, &b);
        for (int64_t k = 0; k < b.n && d->weight == NULL; k++) {
            d->score[place[b.place[k]]++] = b.score[k];
        }
        for (int64_t k = 0; k < b.n && d->weight != NULL; k++) {
            if (!(b.w[k] > 0)) continue;
            const int64_t to = place[b.place[k]]++;
            d->score[to] = b.score[k];
            d->w[to] = b.w[k];
        }
    }
    return mlsd__checkpoint(scope);
}

/* Counts become places: by bucket and class, then by chunk. */
static void find_places(deal *d)
{
    int64_t at = 0;
    for (int64_t k = 0; k < 2 * N_BUCKETS; k++) {
        d->start[k] = at;
        for (int64_t c = 0; c < d->n_chunks; c++) {
            int64_t *const p = &d->places[c * 2 * N_BUCKETS + k];
            const int64_t n = *p;
            *p = at;
            at += n;
        }
    }
    d->start[2 * N_BUCKETS] = at;
}

/* One class in a bucket. */
typedef struct group {
    const double *x, *w; /* w NULL: ones */
    int64_t n;
    double weight;
} group;

static group group_of(const deal *d, int64_t place)
{
    const int64_t first = d->start[place];
    return (group){.x = d->score + first,
                   .w = d->w == NULL ? NULL : d->w + first,
                   .n = d->start[place + 1] - first,
                   .weight = d->weight_of[place]};
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

/* Scratch of a thread: the other class by bins. */
typedef struct bins {
    int64_t n;
    double low, scale;
    int32_t start[MOST_BINS + 2];
    double below[MOST_BINS + 1]; /* weight of the bins before */
    double *x, *w;
    int64_t capacity;
} bins;

static int64_t bin_of(const bins *b, double x)
{
    const int64_t at = (int64_t)((x - b->low) * b->scale);
    return at < b->n ? at : b->n - 1;
}

static void find_range(const group *g, double *low, double *high)
{
    double least = *low, most = *high;
    for (int64_t i = 0; i < g->n; i++) {
        least = g->x[i] < least ? g->x[i] : least;
        most = g->x[i] > most ? g->x[i] : most;
    }
    *low = least;
    *high = most;
}

static mlsd_status fill_bins(const mlsd__allocator *a, const group *g, bins *b)
{
    if (g->n > b->capacity) {
        mlsd__free(a, b->x);
        mlsd__free(a, b->w);
        b->w = NULL;
        b->capacity = 0;
        b->x = mlsd__alloc_raw(a, g->n, sizeof *b->x);
        if (b->x == NULL) return MLSD_E_NOMEM;
        b->w = mlsd__alloc_raw(a, g->n, sizeof *b->w);
        if (b->w == NULL) return MLSD_E_NOMEM;
        b->capacity = g->n;
    }
    memset(b->start, 0, (size_t)(b->n + 2) * sizeof *b->start);
    for (int64_t i = 0; i < g->n; i++) b->start[bin_of(b, g->x[i]) + 2]++;
    for (int64_t k = 2; k < b->n + 2; k++) b->start[k] += b->start[k - 1];
    for (int64_t i = 0; i < g->n; i++) {
        const int32_t to = b->start[bin_of(b, g->x[i]) + 1]++;
        b->x[to] = g->x[i];
        if (g->w != NULL) b->w[to] = g->w[i];
    }
    double below = 0;
    for (int64_t k = 0; k < b->n; k++) {
        b->below[k] = below;
        if (g->w == NULL) {
            below = (double)b->start[k + 1];
        } else {
            for (int64_t i = b->start[k]; i < b->start[k + 1]; i++) below += b->w[i];
        }
    }
    return MLSD_OK;
}

/* Would comparing within bins take too long? */
static bool is_crowded(const bins *b, const group *us)
{
    int64_t compared = 0;
    for (int64_t i = 0; i < us->n; i++) {
        const int64_t k = bin_of(b, us->x[i]);
        compared += b->start[k + 1] - b->start[k];
    }
    return compared > CROWD * (us->n + 64);
}

static void beat_by_bins(const bins *b, const group *us, const group *them, bool wants_spread,
                         side *s, double *wins)
{
    double sum = 0;
    for (int64_t i = 0; i < us->n; i++) {
        const double x = us->x[i];
        const int64_t k = bin_of(b, x);
        double beaten = 0;
        if (them->w == NULL) {
            int64_t twice = 0;
            for (int64_t j = b->start[k]; j < b->start[k + 1]; j++) {
                twice += (b->x[j] < x) + (b->x[j] <= x);
            }
            beaten = b->below[k] + (double)twice / 2;
        } else {
            beaten = b->below[k];
            for (int64_t j = b->start[k]; j < b->start[k + 1]; j++) {
                beaten += b->w[j] * (((b->x[j] < x) + (b->x[j] <= x)) * 0.5);
            }
        }
        if (wants_spread || us->w != NULL) {
            note(s, wins, us->w == NULL ? 1 : us->w[i], beaten, them->weight / 2);
        } else {
            sum += beaten;
        }
    }
    *wins += sum;
}

static mlsd_status beat(const deal *d, const mlsd__allocator *a, bins *b, const group *us,
                        const group *them, side *s, double *wins)
{
    double low = INFINITY, high = -INFINITY;
    if (us->n == 0) return MLSD_OK;
    find_range(us, &low, &high);
    find_range(them, &low, &high);
    b->n = 64;
    while (b->n < them->n && b->n < MOST_BINS) b->n *= 2;
    b->low = low;
    b->scale = (double)b->n / (high - low);
    if (them->n > INT32_MAX / 2 || !(isfinite(b->scale) && isfinite(high - low))) {
        return beat_by_sort(a, us, them, s, wins); /* all equal, or wider than a double */
    }
    MLSD__TRY(fill_bins(a, them, b));
    if (is_crowded(b, us)) return beat_by_sort(a, us, them, s, wins);
    beat_by_bins(b, us, them, d->wants_spread, s, wins);
    return MLSD_OK;
}

/* Buckets together make a task, so that a thread's scratch serves many. */
enum { BUCKETS_A_TASK = 16 };

static mlsd_status tally_buckets(void *arg, int64_t task, mlsd__scope *scope)
{
    deal *const d = arg;
    const mlsd__allocator *const a = scope->allocator;
    bins *const b = mlsd__alloc(a, 1, sizeof *b);
    mlsd_status status = b == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t k = 0; k < BUCKETS_A_TASK && status == MLSD_OK; k++) {
        const int64_t bucket = task * BUCKETS_A_TASK + k;
        tally *const t = &d->tallies[bucket];
        double losses = 0;
        for (int c = 0; c < 2; c++) {
            group g = group_of(d, 2 * bucket + c);
            double sum = g.w == NULL ? (double)g.n : 0;
            for (int64_t i = 0; g.w != NULL && i < g.n; i++) sum += g.w[i];
            d->weight_of[2 * bucket + c] = sum;
        }
        const group lows = group_of(d, 2 * bucket), highs = group_of(d, 2 * bucket + 1);
        status = beat(d, a, b, &highs, &lows, &t->sides[1], &t->wins);
        if (status == MLSD_OK && d->wants_spread) {
            status = beat(d, a, b, &lows, &highs, &t->sides[0], &losses);
        }
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    if (b != NULL) {
        mlsd__free(a, b->x);
        mlsd__free(a, b->w);
    }
    mlsd__free(a, b);
    return status;
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
    double wins = 0, weight[2] = {0}, n[2] = {0};
    for (int64_t k = 0; k < N_BUCKETS; k++) {
        wins += d->tallies[k].wins + d->weight_of[2 * k + 1] * weight[0];
        for (int c = 0; c < 2; c++) {
            weight[c] += d->weight_of[2 * k + c];
            n[c] += (double)(d->start[2 * k + c + 1] - d->start[2 * k + c]);
        }
    }
    out->support = n[0] + n[1];
    if (!(weight[0] > 0 && weight[1] > 0)) return;
    out->value = fmin(1, wins / (weight[0] * weight[1]));
    out->df = INFINITY;
    out->n_rows = (double)d->n;
    if (isnan(level) || n[0] < 2 || n[1] < 2) return;
    const double hits = squares_about(d, 1, out->value * weight[0]);
    const double misses = squares_about(d, 0, (1 - out->value) * weight[1]);
    const double product = weight[0] * weight[1];
    out->se = sqrt(fmax(0, hits * (n[1] / (n[1] - 1)) + misses * (n[0] / (n[0] - 1)))) / product;
    mlsd__estimate_interval(out, level, 0, 1);
}

static mlsd_status allocate(const mlsd__allocator *a, deal *d)
{
    d->places = mlsd__alloc(a, d->n_chunks * 2 * N_BUCKETS, sizeof *d->places);
    if (d->places == NULL) return MLSD_E_NOMEM;
    d->tallies = mlsd__alloc(a, N_BUCKETS, sizeof *d->tallies);
    if (d->tallies == NULL) return MLSD_E_NOMEM;
    d->score = mlsd__alloc_raw(a, d->n, sizeof *d->score);
    if (d->score == NULL) return MLSD_E_NOMEM;
    if (d->weight == NULL) return MLSD_OK;
    d->w = mlsd__alloc_raw(a, d->n, sizeof *d->w);
    return d->w != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status count(mlsd__scope *scope, deal *d, double level, mlsd__estimate *out)
{
    MLSD__TRY(allocate(scope->allocator, d));
    MLSD__TRY(map_scores(scope, d));
    MLSD__TRY(mlsd__parallel_for(scope, d->n_chunks, count_chunk, d));
    find_places(d);
    MLSD__TRY(mlsd__parallel_for(scope, d->n_chunks, deal_chunk, d));
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
    mlsd__free(a, d->places);
    mlsd__free(a, d->tallies);
    mlsd__free(a, d->score);
    mlsd__free(a, d->w);
    mlsd__free(a, d);
    *out_done = status == MLSD_OK;
    return status;
}
