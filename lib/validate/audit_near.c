/* audit_near.c - the check "near_duplicates": rows far nearer to each other than neighbours are.
 *
 * Distances are Euclidean over standardised numbers; a category that differs, or a value missing on
 * one side, counts 1. How near natural neighbours are is measured from some anchor rows to all
 * others. Pairs within a small part of that are then found exactly, whatever the number of rows:
 * they agree in all categories and lie within the same distance on any line, so rows sorted along
 * one random direction need to be compared to few followers each. How many pairs so near chance
 * makes depends on the dimension that the data really have, estimated by the ratio of the distances
 * to the second and the first neighbour (Facco, d'Errico, Rodriguez & Laio 2017, Scientific Reports
 * 7:12140); only more than that are reported. Equal rows are left to "duplicates". */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "model/row_pass.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "validate/audit_impl.h"

enum {
    MOST_ANCHORS = 200,
    FEWEST_ANCHORS = 30,
    N_DIRECTIONS = 3,
    FEWEST_ROWS = 50,
    CHECK_PAIRS = 1 << 14,
    MOST_PAIRS = 1 << 22 /* beyond, the data are coarse in a way that no threshold fits */
};

/* Distances that anchors may cost together: some seconds of one core. */
static const double MOST_WORK = 4e9;
/* Beyond this a category could differ between rows that are called near. */
static const double MOST_DISTANCE = 0.5;
/* Estimated dimensions err by some tens of percent; fewer dimensions make more natural pairs. */
static const double DIMENSION_SLACK = 0.8;
static const double CHANCE_SLACK = 2, CHANCE = 1e-3;
/* Fewer test rows move no score. */
static const double WARNING_SHARE = 0.005;

typedef struct pair {
    int64_t a, b;
} pair;

typedef struct near {
    double *mean, *scale; /* of numeric features: 1 / sd, 0 where constant */
    double *direction;    /* N_DIRECTIONS x n_features, unit vectors */
    double *place;        /* N_DIRECTIONS x n_rows: along each direction */
    uint64_t *key;        /* categories and missing values of each row */
    double limit, median, dimension;
    pair *pairs;
    int64_t n_pairs, capacity;
    bool is_coarse;
    double *x_a, *x_b;
    uint8_t *tested; /* rows that some split tests */
    mlsd__audit_hits hits;
} near;

static double square_distance(const mlsd__audit *a, const near *s, const double *u, const double *v,
                              double enough)
{
    double sum = 0;
    for (int64_t j = 0; j < a->n_features && sum < enough; j++) {
        if (isnan(u[j]) || isnan(v[j])) {
            sum += isnan(u[j]) != isnan(v[j]);
        } else if (a->frame.features[j].type == MLSD__CATEGORY) {
            sum += u[j] != v[j];
        } else {
            const double d = (u[j] - v[j]) * s->scale[j];
            sum += d * d;
        }
    }
    return sum;
}

/* ---- how near neighbours are ---- */

typedef struct anchor_job {
    const mlsd__audit *a;
    const near *s;
    int64_t n_anchors;
    const int64_t *anchor;
    const double *x; /* n_anchors x n_features */
    int64_t n_groups;
    double *nearest; /* for each group and anchor: first and second square distance */
} anchor_job;

static void keep_two(double two[2], double d)
{
    if (d < two[0]) {
        two[1] = two[0];
        two[0] = d;
    } else if (d < two[1]) {
        two[1] = d;
    }
}

static mlsd_status anchor_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const anchor_job *const job = arg;
    const int64_t p = job->a->n_features;
    double *const nearest = job->nearest + 2 * group * job->n_anchors;
    for (int64_t i = 0; i < 2 * job->n_anchors; i++) nearest[i] = INFINITY;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, &job->a->frame));
    int64_t block, last;
    mlsd__row_group(job->a->n_rows, job->n_groups, group, &block, &last);
    mlsd_status status = MLSD_OK;
    for (; block < last && status == MLSD_OK; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t k = 0; k < job->n_anchors && status == MLSD_OK; k++) {
            double *const two = nearest + 2 * k;
            for (int64_t i = 0; i < n; i++) {
                if (job->a->twin[first + i] != first + i) continue;
                if (first + i == job->anchor[k]) continue;
                const double d =
                    square_distance(job->a, job->s, job->x + k * p, x + i * ld, two[1]);
                keep_two(two, d);
            }
            status = mlsd__checkpoint(scope);
        }
    }
    mlsd__row_reader_close(&reader);
    return status;
}

/* Rows that are first of their kind, evenly spaced. */
static int64_t choose_anchors(const mlsd__audit *a, int64_t wanted, int64_t *out)
{
    int64_t n = 0;
    for (int64_t i = 0; i < wanted; i++) {
        const int64_t row = a->twin[(int64_t)((double)i * ((double)a->n_rows / (double)wanted))];
        if (n == 0 || out[n - 1] != row) out[n++] = row;
    }
    return n;
}

/* Median first distance, and the dimension: the ratio of the second to the first follows Pareto's
 * law with it as exponent, so it is one over the mean of the ratio's logarithm. */
static mlsd_status judge_distances(mlsd__audit *a, near *s, const double *nearest, int64_t n)
{
    const mlsd__allocator *const al = a->scope->allocator;
    double *const first = mlsd__alloc_raw(al, 2 * n, sizeof *first);
    int64_t *const order = mlsd__alloc_raw(al, n, sizeof *order);
    mlsd_status status = first == NULL || order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    int64_t m = 0, n_ratios = 0;
    double log_sum = 0;
    for (int64_t i = 0; i < n && status == MLSD_OK; i++) {
        const double d1 = sqrt(nearest[2 * i]), d2 = sqrt(nearest[2 * i + 1]);
        if (!(d1 > 0) || isinf(d1)) continue;
        first[m++] = d1;
        if (isinf(d2)) continue;
        log_sum += mlsd__log(d2 / d1);
        n_ratios++;
    }
    if (status == MLSD_OK) status = mlsd__argsort(al, first, m, order);
    if (status == MLSD_OK && m > 0) {
        for (int64_t i = 0; i < m; i++) first[n + i] = first[order[i]];
        s->median = mlsd__quantile_sorted(first + n, m, 0.5);
        s->dimension = log_sum > 0 ? (double)n_ratios / log_sum : (double)INFINITY;
        s->limit = fmin(s->median * a->params->near_duplicate_ratio, MOST_DISTANCE);
    }
    mlsd__free(al, order);
    mlsd__free(al, first);
    return status;
}

static mlsd_status measure_neighbours(mlsd__audit *a, near *s)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t p = a->n_features, n_groups = mlsd__row_groups(a->n_rows, 2 * MOST_ANCHORS);
    const double affordable = MOST_WORK / ((double)a->n_rows * (double)p);
    int64_t wanted = affordable > MOST_ANCHORS ? MOST_ANCHORS : (int64_t)affordable;
    if (wanted < FEWEST_ANCHORS) wanted = FEWEST_ANCHORS;
    int64_t anchor[MOST_ANCHORS], n_x;
    const int64_t n = choose_anchors(a, wanted, anchor);
    MLSD__TRY(mlsd__mul_size(n, p, &n_x));
    double *const x = mlsd__alloc_raw(al, n_x, sizeof *x);
    double *const nearest = mlsd__alloc_raw(al, 2 * n * n_groups, sizeof *nearest);
    mlsd_status status = x == NULL || nearest == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        for (int64_t k = 0; k < n; k++) mlsd__frame_read(&a->frame, anchor[k], 1, x + k * p, NULL);
        anchor_job job = {a, s, n, anchor, x, n_groups, nearest};
        status = mlsd__parallel_for(a->scope, n_groups, anchor_group, &job);
    }
    if (status == MLSD_OK) {
        for (int64_t g = 1; g < n_groups; g++) {
            for (int64_t k = 0; k < n; k++) {
                keep_two(nearest + 2 * k, nearest[2 * (g * n + k)]);
                keep_two(nearest + 2 * k, nearest[2 * (g * n + k) + 1]);
            }
        }
        status = judge_distances(a, s, nearest, n);
    }
    mlsd__free(al, nearest);
    mlsd__free(al, x);
    return status;
}

/* ---- pairs that are nearer ---- */

static void draw_directions(const mlsd__audit *a, near *s)
{
    for (int64_t d = 0; d < N_DIRECTIONS; d++) {
        mlsd__stream stream;
        mlsd__stream_init(&stream, (uint64_t)a->params->seed, (uint64_t)d, 0, 0,
                          MLSD__PURPOSE_INIT);
        double *const u = s->direction + d * a->n_features;
        double square = 0;
        for (int64_t j = 0; j < a->n_features; j++) {
            u[j] = s->scale[j] > 0 ? mlsd__stream_normal(&stream) : 0;
            square += u[j] * u[j];
        }
        for (int64_t j = 0; j < a->n_features && square > 0; j++) u[j] /= sqrt(square);
    }
}

typedef struct project_job {
    const mlsd__audit *a;
    const near *s;
} project_job;

static void project_row(const mlsd__audit *a, const near *s, const double *x, int64_t row)
{
    uint64_t key = 0;
    double along[N_DIRECTIONS] = {0};
    for (int64_t j = 0; j < a->n_features; j++) {
        const bool is_number = a->frame.features[j].type != MLSD__CATEGORY && !isnan(x[j]);
        if (!is_number) {
            uint64_t part[2];
            mlsd__audit_hash_value(j, x[j], part);
            key += part[0];
            continue;
        }
        const double z = (x[j] - s->mean[j]) * s->scale[j];
        for (int64_t d = 0; d < N_DIRECTIONS; d++)
            along[d] += s->direction[d * a->n_features + j] * z;
    }
    s->key[row] = key;
    for (int64_t d = 0; d < N_DIRECTIONS; d++) s->place[d * a->n_rows + row] = along[d];
}

static mlsd_status project_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const project_job *const job = arg;
    mlsd__row_reader reader;
    MLSD__TRY(mlsd__row_reader_open(&reader, scope->allocator, &job->a->frame));
    int64_t first, n, ld;
    const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
    for (int64_t i = 0; i < n; i++) project_row(job->a, job->s, x + i * ld, first + i);
    mlsd__row_reader_close(&reader);
    return mlsd__checkpoint(scope);
}

static mlsd_status keep_pair(mlsd__audit *a, near *s, int64_t left, int64_t right)
{
    for (int64_t d = 1; d < N_DIRECTIONS; d++) {
        const double *const place = s->place + d * a->n_rows;
        if (!(fabs(place[left] - place[right]) <= s->limit)) return MLSD_OK;
    }
    mlsd__frame_read(&a->frame, left, 1, s->x_a, NULL);
    mlsd__frame_read(&a->frame, right, 1, s->x_b, NULL);
    const double d = sqrt(square_distance(a, s, s->x_a, s->x_b, INFINITY));
    if (!(d < s->limit) || d == 0) return MLSD_OK;
    if (s->n_pairs == MOST_PAIRS) {
        s->is_coarse = true;
        return MLSD_OK;
    }
    void *pairs = s->pairs;
    const mlsd_status status =
        mlsd__reserve(a->scope->allocator, &pairs, &s->capacity, s->n_pairs + 1, sizeof *s->pairs);
    s->pairs = pairs;
    MLSD__TRY(status);
    s->pairs[s->n_pairs++] = (pair){left < right ? left : right, left < right ? right : left};
    return MLSD_OK;
}

static mlsd_status sweep(mlsd__audit *a, near *s, const int64_t *order)
{
    int64_t n_compared = 0;
    for (int64_t i = 0; i < a->n_rows && !s->is_coarse; i++) {
        const int64_t left = order[i];
        if (i % CHECK_PAIRS == 0) MLSD__TRY(mlsd__checkpoint(a->scope));
        if (a->twin[left] != left) continue;
        for (int64_t k = i + 1; k < a->n_rows; k++) {
            const int64_t right = order[k];
            if (!(s->place[right] - s->place[left] <= s->limit)) break;
            if (++n_compared % CHECK_PAIRS == 0) MLSD__TRY(mlsd__checkpoint(a->scope));
            if (s->key[left] != s->key[right] || a->twin[right] != right) continue;
            MLSD__TRY(keep_pair(a, s, left, right));
        }
    }
    return MLSD_OK;
}

static mlsd_status find_pairs(mlsd__audit *a, near *s)
{
    const mlsd__allocator *const al = a->scope->allocator;
    draw_directions(a, s);
    project_job job = {a, s};
    MLSD__TRY(mlsd__parallel_for(a->scope, mlsd__n_blocks(a->n_rows), project_block, &job));
    int64_t *const order = mlsd__alloc_raw(al, a->n_rows, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__argsort_rows(a->scope, s->place, a->n_rows, order);
    if (status == MLSD_OK) status = sweep(a, s, order);
    mlsd__free(al, order);
    return status;
}

/* ---- the check ---- */

static mlsd_status make_room(mlsd__audit *a, near *s)
{
    const mlsd__allocator *const al = a->scope->allocator;
    const int64_t p = a->n_features;
    int64_t n_directions, n_places;
    MLSD__TRY(mlsd__mul_size(p, N_DIRECTIONS, &n_directions));
    MLSD__TRY(mlsd__mul_size(a->n_rows, N_DIRECTIONS, &n_places));
    s->mean = mlsd__alloc(al, p, sizeof *s->mean);
    s->scale = mlsd__alloc(al, p, sizeof *s->scale);
    s->x_a = mlsd__alloc(al, p, sizeof *s->x_a);
    s->x_b = mlsd__alloc(al, p, sizeof *s->x_b);
    s->direction = mlsd__alloc(al, n_directions, sizeof *s->direction);
    s->place = mlsd__alloc(al, n_places, sizeof *s->place);
    s->key = mlsd__alloc(al, a->n_rows, sizeof *s->key);
    s->tested = mlsd__alloc(al, a->n_rows, 1);
    return s->mean == NULL || s->scale == NULL || s->x_a == NULL || s->x_b == NULL ||
                   s->direction == NULL || s->place == NULL || s->key == NULL || s->tested == NULL
               ? MLSD_E_NOMEM
               : MLSD_OK;
}

static mlsd_status standardise(mlsd__audit *a, near *s)
{
    double *const weight = mlsd__alloc(a->scope->allocator, a->n_features, sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    const mlsd_status status =
        mlsd__column_moments(a->scope, &a->frame, NULL, weight, s->mean, s->scale, NULL);
    for (int64_t j = 0; j < a->n_features && status == MLSD_OK; j++) {
        const double variance = weight[j] > 0 ? s->scale[j] / weight[j] : 0;
        const bool is_number = a->frame.features[j].type != MLSD__CATEGORY;
        s->scale[j] = is_number && variance > 0 && isfinite(variance) ? 1 / sqrt(variance) : 0;
    }
    mlsd__free(a->scope->allocator, weight);
    return status;
}

static mlsd_status near_open(mlsd__audit *a, void **out_state)
{
    if (a->n_rows < FEWEST_ROWS) {
        mlsd__audit_skip(a, "fewer than 50 rows");
        return MLSD_OK;
    }
    MLSD__TRY(mlsd__audit_find_twins(a));
    near *const s = mlsd__alloc(a->scope->allocator, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    *out_state = s;
    MLSD__TRY(make_room(a, s));
    MLSD__TRY(standardise(a, s));
    MLSD__TRY(measure_neighbours(a, s));
    mlsd__audit_measure(a, "median distance to the nearest row", s->median);
    return s->limit > 0 ? find_pairs(a, s) : MLSD_OK;
}

static mlsd_status near_visit(mlsd__audit *a, void *state, const mlsd__audit_split *split)
{
    near *const s = state;
    for (int64_t i = 0; i < split->n_test; i++) s->tested[split->test[i]] = 1;
    for (int64_t i = 0; i < s->n_pairs && !s->is_coarse; i++) {
        const pair p = s->pairs[i];
        const uint8_t left = split->mark[p.a], right = split->mark[p.b];
        if (left == MLSD__IN_TEST && (right & MLSD__IN_TRAIN))
            MLSD__TRY(mlsd__audit_hit_add(a, &s->hits, split->number, p.a, p.b));
        if (right == MLSD__IN_TEST && (left & MLSD__IN_TRAIN))
            MLSD__TRY(mlsd__audit_hit_add(a, &s->hits, split->number, p.b, p.a));
    }
    return MLSD_OK;
}

/* Rows whose nearest neighbour would be within the limit by chance: half of them are within the
 * median, and the count falls with the power of the dimension. */
static double natural_rows(const mlsd__audit *a, const near *s)
{
    const double distinct = (double)(a->n_rows - a->n_with_twin);
    const double ratio = s->limit / s->median;
    return distinct * 0.5 * mlsd__pow(ratio, DIMENSION_SLACK * s->dimension);
}

static mlsd_status near_close(mlsd__audit *a, void *state)
{
    near *const s = state;
    if (s->is_coarse) {
        mlsd__audit_skip(a, "more than 4 million pairs are that near: the data are coarse");
        return MLSD_OK;
    }
    if (s->hits.n_rows == 0) return MLSD_OK;
    const double natural = natural_rows(a, s);
    if (mlsd__audit_poisson_tail(s->hits.n_rows, CHANCE_SLACK * natural) > CHANCE) return MLSD_OK;
    char rows[64], limit[MLSD__AUDIT_NUMBER], median[MLSD__AUDIT_NUMBER];
    double n_tested = 0;
    for (int64_t i = 0; i < a->n_rows; i++) n_tested += s->tested[i];
    const bool is_small = (double)s->hits.n_rows < WARNING_SHARE * n_tested;
    return mlsd__audit_report(
        a, "near_duplicates", is_small ? MLSD__INFO : MLSD__WARNING, -1, -1, NULL, &s->hits,
        "%s nearly equal to a training row (within %s, where neighbours are %s apart): drop the "
        "copies, or keep them together (near_duplicate_split)",
        mlsd__audit_counted(s->hits.n_rows, "test row", rows),
        mlsd__audit_decimal(s->limit, 6, limit), mlsd__audit_decimal(s->median, 3, median));
}

static void near_free(mlsd__audit *a, void *state)
{
    const mlsd__allocator *const al = a->scope->allocator;
    near *const s = state;
    if (s == NULL) return;
    mlsd__free(al, s->mean);
    mlsd__free(al, s->scale);
    mlsd__free(al, s->x_a);
    mlsd__free(al, s->x_b);
    mlsd__free(al, s->direction);
    mlsd__free(al, s->place);
    mlsd__free(al, s->key);
    mlsd__free(al, s->pairs);
    mlsd__free(al, s->tested);
    mlsd__audit_hits_free(a, &s->hits);
    mlsd__free(al, s);
}

const mlsd__audit_check mlsd__audit_near_duplicates = {.name = "near_duplicates",
                                                       .open = near_open,
                                                       .visit = near_visit,
                                                       .close = near_close,
                                                       .free_state = near_free};
