/* near_duplicates.c - rows that are nearly the same, joined without missing a pair.
 *
 * What can be near at all has the same texts and the same missing and infinite values: a hash of
 * those is a row's key. The rest of a row, scaled, is a point, whose shadow on a line is never
 * farther from another's than the points are. So rows are sorted by key, then by strips as wide as
 * the radius along one random direction, then along a second; near rows stand in one strip or in
 * the next, close to each other, and only those that are close along three directions are read and
 * compared in full. That takes O(n (p + log n)) time where rows within the radius are rare, and the
 * square of what lies in one place in the worst case; about 80 bytes a row of memory, whatever p.
 *
 * The radius is known before: the distances of SAMPLE rows, or of all where there are fewer, to
 * their nearest other row are measured against all rows. Only one row of each set of equal ones
 * counts. Rows that nothing can be near to have no such distance and do not count either. */
#include "split/near_duplicates.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/random.h"
#include "numeric/rank.h"
#include "split/frame_pass.h"

enum { SAMPLE = 128, N_DIRECTIONS = 3 };

/* Strips are this much wider than the radius, and their numbers stay below 2^STRIP_BITS, so that
 * the rounding of a row's strip cannot put two near rows two strips apart. */
#define STRIP_MARGIN 1.01
#define STRIP_BITS 40

/* The nearest other row so far: its squared distance, and how far its shadow can be. */
typedef struct nearest {
    double squared, reach;
} nearest;

typedef struct points {
    const mlsd__frame *frame;
    int64_t p;
    mlsd__feature_scale scale;
    double *directions;           /* N_DIRECTIONS x p, of length 1 */
    int64_t n;                    /* rows that are the first of their equals */
    int64_t *rows;                /* which; ascending, later by key, strip, second shadow */
    int64_t *place;               /* of each row in `rows`, -1 */
    uint64_t *keys;               /* of each point */
    double *shadow[N_DIRECTIONS]; /* of each point */
    double *strips;               /* of each point */
    double *longest;              /* n_threads: squared length of the longest point */
    double length;                /* of the longest point of all */
    int64_t n_sample;
    double *sample;         /* n_sample x p: points */
    uint64_t *sample_keys;  /* their keys */
    int64_t *sample_places; /* and places */
    nearest *nearest;       /* n_threads x n_sample */
} points;

static void points_free(points *s, const mlsd__allocator *a)
{
    mlsd__feature_scale_free(&s->scale, a);
    mlsd__free(a, s->directions);
    mlsd__free(a, s->rows);
    mlsd__free(a, s->place);
    mlsd__free(a, s->keys);
    for (int k = 0; k < N_DIRECTIONS; k++) mlsd__free(a, s->shadow[k]);
    mlsd__free(a, s->strips);
    mlsd__free(a, s->longest);
    mlsd__free(a, s->sample);
    mlsd__free(a, s->sample_keys);
    mlsd__free(a, s->sample_places);
    mlsd__free(a, s->nearest);
}

static bool is_coordinate(const points *s, int64_t j, double x)
{
    return s->frame->features[j].type == MLSD__NUMERIC && mlsd__is_finite(x);
}

/* Turn a row into its point and its key. */
static uint64_t to_point(const points *s, double *x)
{
    uint64_t key = 0;
    for (int64_t j = 0; j < s->p; j++) {
        if (is_coordinate(s, j, x[j])) {
            x[j] = mlsd__feature_scaled(&s->scale, j, x[j]);
            continue;
        }
        const struct {
            int64_t feature;
            double value;
        } part = {j, isnan(x[j]) ? (double)NAN : x[j] + 0.0};
        key = mlsd__hash64(&part, sizeof part, key);
        x[j] = 0;
    }
    return key;
}

static mlsd_status make_points(void *user, int64_t first, int64_t n, double *x, mlsd__scope *scope)
{
    points *const s = user;
    for (int64_t i = 0; i < n; i++, x += s->p) {
        const int64_t at = s->place[first + i];
        if (at < 0) continue;
        double squares = 0;
        s->keys[at] = to_point(s, x);
        for (int64_t j = 0; j < s->p; j++) squares += x[j] * x[j];
        if (squares > s->longest[scope->worker]) s->longest[scope->worker] = squares;
        for (int k = 0; k < N_DIRECTIONS; k++) {
            double sum = 0;
            for (int64_t j = 0; j < s->p; j++) sum += s->directions[k * s->p + j] * x[j];
            s->shadow[k][at] = sum;
        }
    }
    return MLSD_OK;
}

/* Squared distance, or anything above `limit` where it is above: four sums side by side, looked at
 * every eight coordinates. */
static double squared_distance(const double *x, const double *y, int64_t p, double limit)
{
    double sums[4] = {0, 0, 0, 0}, sum = 0;
    int64_t j = 0;
    for (; j + 8 <= p && sum <= limit; j += 8) {
        for (int k = 0; k < 4; k++) {
            const double here = x[j + k] - y[j + k], there = x[j + 4 + k] - y[j + 4 + k];
            sums[k] += here * here + there * there;
        }
        sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
    if (sum > limit) return sum;
    for (; j < p; j++) sum += (x[j] - y[j]) * (x[j] - y[j]);
    return sum;
}

/* How far the shadows of points can be that are `distance` apart. A shadow is a sum of p products,
 * and rounding may add so much to two of them: Higham (2002), eq. 3.5. */
static double reach_of(const points *s, double distance)
{
    return distance * (1 + 1e-9) + 4 * DBL_EPSILON * (double)(s->p + 4) * s->length;
}

static bool shadows_are_apart(const points *s, int64_t a, int64_t b, double reach)
{
    for (int k = 0; k < N_DIRECTIONS; k++)
        if (fabs(s->shadow[k][a] - s->shadow[k][b]) > reach) return true;
    return false;
}

static mlsd_status measure_sample(void *user, int64_t first, int64_t n, double *x,
                                  mlsd__scope *scope)
{
    const points *const s = user;
    nearest *const of_sample = s->nearest + scope->worker * s->n_sample;
    for (int64_t i = 0; i < n; i++, x += s->p) {
        const int64_t at = s->place[first + i];
        if (at < 0) continue;
        const uint64_t key = to_point(s, x);
        for (int64_t q = 0; q < s->n_sample; q++) {
            nearest *const near = of_sample + q;
            if (s->sample_keys[q] != key || s->sample_places[q] == at) continue;
            if (shadows_are_apart(s, at, s->sample_places[q], near->reach)) continue;
            const double d = squared_distance(x, s->sample + q * s->p, s->p, near->squared);
            if (d < near->squared) *near = (nearest){d, reach_of(s, sqrt(d))};
        }
    }
    return MLSD_OK;
}

/* Directions are a fixed choice: which rows are near does not depend on them. */
static mlsd_status draw_directions(const mlsd__allocator *a, points *s)
{
    mlsd__stream stream;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(N_DIRECTIONS, s->p, &size));
    s->directions = mlsd__alloc_raw(a, size, sizeof *s->directions);
    if (s->directions == NULL) return MLSD_E_NOMEM;
    mlsd__stream_init(&stream, 0, 0, 0, 0, MLSD__PURPOSE_INIT);
    for (int k = 0; k < N_DIRECTIONS; k++) {
        double *const direction = s->directions + k * s->p;
        double squares = 0;
        for (int64_t j = 0; j < s->p; j++) {
            direction[j] = mlsd__stream_normal(&stream);
            squares += direction[j] * direction[j];
        }
        for (int64_t j = 0; j < s->p; j++) direction[j] /= sqrt(squares);
    }
    return MLSD_OK;
}

static mlsd_status collect_points(mlsd__scope *scope, points *s, const mlsd__row_forest *forest)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = s->frame->n_rows;
    s->place = mlsd__alloc_raw(a, n_rows, sizeof *s->place);
    if (s->place == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++)
        s->place[i] = mlsd__row_forest_find(forest, i) == i ? s->n++ : -1;
    s->rows = mlsd__alloc_raw(a, s->n, sizeof *s->rows);
    if (s->rows == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n_rows; i++)
        if (s->place[i] >= 0) s->rows[s->place[i]] = i;
    s->keys = mlsd__alloc_raw(a, s->n, sizeof *s->keys);
    if (s->keys == NULL) return MLSD_E_NOMEM;
    for (int k = 0; k < N_DIRECTIONS; k++) {
        s->shadow[k] = mlsd__alloc_raw(a, s->n, sizeof *s->shadow[k]);
        if (s->shadow[k] == NULL) return MLSD_E_NOMEM;
    }
    s->longest = mlsd__alloc(a, scope->n_threads, sizeof *s->longest);
    if (s->longest == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(draw_directions(a, s));
    MLSD__TRY(mlsd__feature_scale_new(scope, s->frame, &s->scale));
    MLSD__TRY(mlsd__frame_pass(scope, s->frame, make_points, s));
    for (int32_t t = 0; t < scope->n_threads; t++) s->length = fmax(s->length, s->longest[t]);
    s->length = sqrt(s->length);
    return MLSD_OK;
}

/* All points, or SAMPLE draws among them. */
static mlsd_status draw_sample(mlsd__scope *scope, points *s, double *scratch)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t n_values = 0, n_nearest = 0;
    mlsd__stream stream;
    s->n_sample = s->n < SAMPLE ? s->n : SAMPLE;
    MLSD__TRY(mlsd__mul_size(s->n_sample, s->p, &n_values));
    MLSD__TRY(mlsd__mul_size(s->n_sample, scope->n_threads, &n_nearest));
    s->sample = mlsd__alloc_raw(a, n_values, sizeof *s->sample);
    if (s->sample == NULL) return MLSD_E_NOMEM;
    s->sample_keys = mlsd__alloc_raw(a, s->n_sample, sizeof *s->sample_keys);
    if (s->sample_keys == NULL) return MLSD_E_NOMEM;
    s->sample_places = mlsd__alloc_raw(a, s->n_sample, sizeof *s->sample_places);
    if (s->sample_places == NULL) return MLSD_E_NOMEM;
    s->nearest = mlsd__alloc_raw(a, n_nearest, sizeof *s->nearest);
    if (s->nearest == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < n_nearest; k++) s->nearest[k] = (nearest){INFINITY, INFINITY};
    mlsd__stream_init(&stream, 0, 0, 0, 0, MLSD__PURPOSE_SUBSAMPLE);
    for (int64_t q = 0; q < s->n_sample; q++) {
        const int64_t at =
            s->n_sample == s->n ? q : (int64_t)mlsd__stream_below(&stream, (uint64_t)s->n);
        mlsd__frame_read(s->frame, s->rows[at], 1, s->sample + q * s->p, scratch);
        s->sample_keys[q] = to_point(s, s->sample + q * s->p);
        s->sample_places[q] = at;
    }
    return MLSD_OK;
}

/* The radius, 0 where no two rows can be near. */
static mlsd_status find_radius(mlsd__scope *scope, points *s, double tolerance, double *scratch,
                               double *out)
{
    *out = 0;
    MLSD__TRY(draw_sample(scope, s, scratch));
    MLSD__TRY(mlsd__frame_pass(scope, s->frame, measure_sample, s));
    double found[SAMPLE];
    int64_t order[SAMPLE], n = 0;
    for (int64_t q = 0; q < s->n_sample; q++) {
        double squared = INFINITY;
        for (int32_t t = 0; t < scope->n_threads; t++)
            squared = fmin(squared, s->nearest[t * s->n_sample + q].squared);
        if (mlsd__is_finite(squared)) found[n++] = sqrt(squared);
    }
    if (n == 0) return MLSD_OK;
    MLSD__TRY(mlsd__argsort(scope->allocator, found, n, order));
    double sorted[SAMPLE];
    for (int64_t k = 0; k < n; k++) sorted[k] = found[order[k]];
    *out = tolerance * mlsd__quantile_sorted(sorted, n, 0.5);
    return MLSD_OK;
}

/* Put words into an order, by way of a copy. */
static mlsd_status reorder(mlsd__scope *scope, const int64_t *order, int64_t n, void *words)
{
    enum { LOOK_EVERY = 1 << 16 };
    int64_t *const copy = mlsd__memdup(scope->allocator, words, n, sizeof *copy);
    if (copy == NULL) return MLSD_E_NOMEM;
    int64_t *const to = words;
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < n; k++) {
        to[k] = copy[order[k]];
        if (k % LOOK_EVERY == 0) status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, copy);
    return status;
}

_Static_assert(sizeof(double) == sizeof(int64_t) && sizeof(uint64_t) == sizeof(int64_t),
               "reorder moves words of eight bytes");

/* One stable sort: by `by`, everything moves along. */
static mlsd_status sort_once(mlsd__scope *scope, points *s, const double *by, int64_t *order)
{
    MLSD__TRY(mlsd__argsort_rows(scope, by, s->n, order));
    MLSD__TRY(reorder(scope, order, s->n, s->rows));
    MLSD__TRY(reorder(scope, order, s->n, s->keys));
    MLSD__TRY(reorder(scope, order, s->n, s->strips));
    for (int k = 0; k < N_DIRECTIONS; k++) MLSD__TRY(reorder(scope, order, s->n, s->shadow[k]));
    return MLSD_OK;
}

/* By key, strip and second shadow: stable sorts from the last to the first. */
static mlsd_status sort_points(mlsd__scope *scope, points *s, double strip_width)
{
    const mlsd__allocator *const a = scope->allocator;
    bool one_key = true;
    s->strips = mlsd__alloc_raw(a, s->n, sizeof *s->strips);
    if (s->strips == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < s->n; i++) {
        s->strips[i] = floor(s->shadow[0][i] / strip_width);
        one_key = one_key && s->keys[i] == s->keys[0];
    }
    int64_t *const order = mlsd__alloc_raw(a, s->n, sizeof *order);
    double *const keys = mlsd__alloc_raw(a, s->n, sizeof *keys);
    mlsd_status status = order == NULL || keys == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = sort_once(scope, s, s->shadow[1], order);
    if (status == MLSD_OK) status = sort_once(scope, s, s->strips, order);
    if (status == MLSD_OK && !one_key) {
        /* 53 of the bits: keys that share them stand mixed and are told apart when compared. */
        for (int64_t i = 0; i < s->n; i++) keys[i] = (double)(s->keys[i] >> 11);
        status = sort_once(scope, s, keys, order);
    }
    mlsd__free(a, keys);
    mlsd__free(a, order);
    return status;
}

/* Goes over sorted points and joins what is near. */
typedef struct sweep {
    const points *points;
    const mlsd__row_forest *forest;
    double radius, reach; /* of points, and of shadows with what rounding may add */
    double *here, *there; /* two points that are compared */
    double *scratch;
    int64_t here_at; /* which point `here` holds, -1 */
    int64_t n_seen;  /* candidates since the last look at the cancel flag */
} sweep;

static mlsd_status compare(mlsd__scope *scope, sweep *w, int64_t i, int64_t k)
{
    enum { STEP = 1024 };
    const points *const s = w->points;
    if (++w->n_seen % STEP == 0) MLSD__TRY(mlsd__checkpoint(scope));
    if (!(fabs(s->shadow[0][i] - s->shadow[0][k]) <= w->reach)) return MLSD_OK;
    if (!(fabs(s->shadow[2][i] - s->shadow[2][k]) <= w->reach)) return MLSD_OK;
    if (s->keys[i] != s->keys[k]) return MLSD_OK;
    if (mlsd__row_forest_find(w->forest, s->rows[i]) ==
        mlsd__row_forest_find(w->forest, s->rows[k]))
        return MLSD_OK;
    if (w->here_at != i) {
        mlsd__frame_read(s->frame, s->rows[i], 1, w->here, w->scratch);
        (void)to_point(s, w->here);
        w->here_at = i;
    }
    mlsd__frame_read(s->frame, s->rows[k], 1, w->there, w->scratch);
    (void)to_point(s, w->there);
    const double limit = w->radius * w->radius;
    if (squared_distance(w->here, w->there, s->p, limit) <= limit)
        mlsd__row_forest_join(w->forest, s->rows[i], s->rows[k]);
    return MLSD_OK;
}

static uint64_t sorted_key(const points *s, int64_t i)
{
    return s->keys[i] >> 11;
}

static bool is_in_strip(const points *s, int64_t k, uint64_t key, double strip)
{
    return k < s->n && sorted_key(s, k) == key && s->strips[k] == strip;
}

/* Points of one strip, [first, end), with each other and with those of the next one, which starts
 * at `end` where there are any. */
static mlsd_status sweep_strip(mlsd__scope *scope, sweep *w, int64_t first, int64_t end)
{
    const points *const s = w->points;
    const double *const y = s->shadow[1];
    const uint64_t key = sorted_key(s, first);
    const double next = s->strips[first] + 1;
    int64_t low = end; /* of the next strip: the first that can still be near */
    for (int64_t i = first; i < end; i++) {
        for (int64_t k = i + 1; k < end && y[k] - y[i] <= w->reach; k++)
            MLSD__TRY(compare(scope, w, i, k));
        while (is_in_strip(s, low, key, next) && y[i] - y[low] > w->reach) low++;
        for (int64_t k = low; is_in_strip(s, k, key, next) && y[k] - y[i] <= w->reach; k++)
            MLSD__TRY(compare(scope, w, i, k));
    }
    return MLSD_OK;
}

static mlsd_status join_near(mlsd__scope *scope, points *s, double radius, double *buffer,
                             const mlsd__row_forest *forest)
{
    const double reach = reach_of(s, radius);
    const double width = fmax(reach * STRIP_MARGIN, ldexp(s->length, 1 - STRIP_BITS));
    MLSD__TRY(sort_points(scope, s, width));
    sweep w = {.points = s,
               .forest = forest,
               .radius = radius,
               .reach = reach,
               .here = buffer,
               .there = buffer + s->p,
               .scratch = buffer + 2 * s->p,
               .here_at = -1};
    for (int64_t first = 0, end; first < s->n; first = end) {
        end = first + 1;
        while (is_in_strip(s, end, sorted_key(s, first), s->strips[first])) end++;
        MLSD__TRY(sweep_strip(scope, &w, first, end));
    }
    return mlsd__checkpoint(scope);
}

static bool has_numbers(const mlsd__frame *f)
{
    for (int64_t j = 0; j < f->n_features; j++)
        if (f->features[j].type == MLSD__NUMERIC) return true;
    return false;
}

mlsd_status mlsd__join_near_rows(mlsd__scope *scope, const mlsd__frame *f, double tolerance,
                                 const mlsd__row_forest *forest)
{
    const mlsd__allocator *const a = scope->allocator;
    points s = {.frame = f, .p = f->n_features};
    double radius = 0;
    if (!has_numbers(f)) return MLSD_OK;
    double *const buffer = mlsd__alloc_raw(a, 2 * s.p + mlsd__frame_scratch(f, 1), sizeof *buffer);
    if (buffer == NULL) return MLSD_E_NOMEM;
    mlsd_status status = collect_points(scope, &s, forest);
    if (status == MLSD_OK) status = find_radius(scope, &s, tolerance, buffer + 2 * s.p, &radius);
    if (status == MLSD_OK && radius > 0) status = join_near(scope, &s, radius, buffer, forest);
    points_free(&s, a);
    mlsd__free(a, buffer);
    return status;
}
