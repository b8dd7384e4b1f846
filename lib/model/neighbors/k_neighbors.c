/* k_neighbors.c - the k nearest training rows vote, or their mean is taken.
 *
 * Names and defaults are scikit-learn's KNeighborsClassifier and KNeighborsRegressor. A row of
 * weight w counts as w neighbors at the same place, so whole weights equal repetition and weight 0
 * equals removal; rows come in ascending order of distance, equal ones by their number, until k are
 * counted, of the last one only what is left to k. */
#include <math.h>
#include <string.h>

#include "model/estimator.h"
#include "model/neighbors/points.h"
#include "model/path.h"
#include "numeric/rank.h"

extern const mlsd_kind mlsd__kind_k_neighbors_classifier;
extern const mlsd_kind mlsd__kind_k_neighbors_regressor;

enum { UNIFORM, DISTANCE };

typedef struct params {
    int64_t n_neighbors, weights, algorithm, leaf_size, metric;
    double p;
} params;

typedef struct state {
    int64_t n_classes, k; /* k: neighbors that count */
    int64_t n_nearest;    /* rows that have a weight of k together, whichever they are */
    bool by_distance;
    double n_samples_fit, uses_tree;
    mlsd__points *points;
    double *y, *weight; /* of the points by number; weight NULL: ones */
    double *row;        /* their numbers in the training set; NULL: the same */
} state;

static const char *const weight_names[] = {"uniform", "distance", NULL};
static const char *const search_names[] = {"auto", "brute", "kd_tree", NULL};
static const char *const metric_names[] = {"euclidean", "manhattan", "chebyshev",
                                           "minkowski", "cosine",    NULL};

static mlsd__measure measure_of(const params *p)
{
    mlsd__measure m = {.metric = (mlsd__metric)p->metric, .power = p->p};
    if (m.metric == MLSD__MINKOWSKI && m.power == 1) m.metric = MLSD__MANHATTAN;
    if (m.metric == MLSD__MINKOWSKI && m.power == 2) m.metric = MLSD__EUCLIDEAN;
    return m;
}

static void free_state(const mlsd__allocator *a, void *state_)
{
    state *const s = state_;
    if (s == NULL) return;
    mlsd__points_free(a, s->points);
    mlsd__free(a, s->y);
    mlsd__free(a, s->weight);
    mlsd__free(a, s->row);
    mlsd__free(a, s);
}

/* The fewest rows whose weights reach k, taken from the lightest on. */
static mlsd_status count_nearest(mlsd__scope *scope, const mlsd__allocator *a, int64_t n, state *s)
{
    /* Weights that are tenths should sum to whole numbers. */
    static const double SLACK = 1 - 1e-12;
    const double wanted = SLACK * (double)s->k;
    double total = (double)n;
    s->n_nearest = s->k;
    if (s->weight != NULL) {
        int64_t *const order = mlsd__alloc_raw(a, n, sizeof *order);
        if (order == NULL) return MLSD_E_NOMEM;
        const mlsd_status status = scope != NULL ? mlsd__argsort_rows(scope, s->weight, n, order)
                                                 : mlsd__argsort(a, s->weight, n, order);
        total = 0;
        s->n_nearest = 0;
        while (status == MLSD_OK && s->n_nearest < n && total < wanted)
            total += s->weight[order[s->n_nearest++]];
        mlsd__free(a, order);
        MLSD__TRY(status);
    }
    if (total >= wanted) return MLSD_OK;
    if (s->weight != NULL)
        return mlsd__fail(MLSD_E_DATA,
                          "'n_neighbors' is %lld, but the weights sum to %g (a weight counts how "
                          "often its row was seen); lower n_neighbors or scale the weights up",
                          (long long)s->k, total);
    return mlsd__fail(
        MLSD_E_DATA, "'n_neighbors' is %lld, but the training set has %lld rows; lower n_neighbors",
        (long long)s->k, (long long)n);
}

/* Rows of positive weight, as they are measured, with their targets. */
static mlsd_status take_rows(mlsd__scope *scope, const mlsd__train *train, const mlsd__measure *m,
                             const double *all, state *s, double **out_x, int64_t *out_n)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    const int64_t width = mlsd__measure_width(m, p);
    int64_t n_kept = 0, n_cells = 0, at = 0;
    bool is_weighted = false;
    for (int64_t i = 0; i < n; i++) {
        const double w = train->weight != NULL ? train->weight[i] : 1;
        n_kept += w > 0;
        is_weighted |= w > 0 && w != 1;
    }
    MLSD__TRY(mlsd__mul_size(n_kept, width, &n_cells));
    s->y = mlsd__alloc_raw(a, n_kept, sizeof *s->y);
    if (is_weighted) s->weight = mlsd__alloc_raw(a, n_kept, sizeof *s->weight);
    if (n_kept < n) s->row = mlsd__alloc_raw(a, n_kept, sizeof *s->row);
    double *const x = mlsd__alloc_raw(a, n_cells, sizeof *x);
    *out_x = x;
    if (s->y == NULL || (is_weighted && s->weight == NULL) || (n_kept < n && s->row == NULL) ||
        x == NULL)
        return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        const double w = train->weight != NULL ? train->weight[i] : 1;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        if (!(w > 0)) continue;
        mlsd__measure_row(m, p, all + i * p, x + at * width);
        s->y[at] = train->y[i];
        if (s->weight != NULL) s->weight[at] = w;
        if (s->row != NULL) s->row[at] = (double)i;
        at++;
    }
    *out_n = n_kept;
    return MLSD_OK;
}

/* What follows from rows, targets and weights; takes x over. */
static mlsd_status finish(mlsd__scope *scope, const mlsd__allocator *a, const params *p, double *x,
                          int64_t n, int64_t n_features, state *s)
{
    const mlsd__measure m = measure_of(p);
    s->k = p->n_neighbors;
    s->by_distance = p->weights == DISTANCE;
    const mlsd_status status = count_nearest(scope, a, n, s);
    if (status != MLSD_OK) {
        mlsd__free(a, x);
        return status;
    }
    MLSD__TRY(mlsd__points_new(scope, a, &m, x, n, n_features, (mlsd__search)p->algorithm,
                               p->leaf_size, &s->points));
    s->n_samples_fit = (double)n;
    s->uses_tree = s->points->n_levels > 0;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__measure m = measure_of(p);
    double *all = NULL, *x = NULL;
    int64_t n = 0;
    state *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    s->n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    mlsd_status status = mlsd__frame_materialize(scope, train->x, &all);
    if (status == MLSD_OK) status = take_rows(scope, train, &m, all, s, &x, &n);
    mlsd__free(a, all);
    if (status != MLSD_OK)
        mlsd__free(a, x);
    else
        status = finish(scope, a, p, x, n, train->x->n_features, s);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static int64_t scratch_width(const void *state_)
{
    const state *const s = state_;
    return 2 * s->n_nearest + mlsd__points_scratch(s->points);
}

/* Blocks of some hundred rows keep the filter's queries in the cache; fewer where neighbors are
 * many, so that scratch stays small. Whole groups but where that is not to be had. */
static int64_t block_rows(const void *state_)
{
    enum { MOST_GROUPS = 21, MOST_DOUBLES = 1 << 19 };
    const int64_t fitting = MOST_DOUBLES / scratch_width(state_);
    if (fitting < MLSD__NEAR_GROUP) return fitting > 1 ? fitting : 1;
    const int64_t groups = fitting / MLSD__NEAR_GROUP;
    return MLSD__NEAR_GROUP * (groups < MOST_GROUPS ? groups : MOST_GROUPS);
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    (void)has_nan;
    const state *const s = state_;
    return mlsd__points_check(s->points, x, n, ld, first_row, scratch);
}

/* That brings the nearest distance to about 1, so that no share overflows; the bits of the shares
 * stay in proportion. */
static double power_of_two(double distance)
{
    int exponent = 0;
    (void)frexp(distance, &exponent);
    return ldexp(1, exponent < -1000 ? 1000 : -exponent);
}

/* How much each of the nearest rows counts, into its place of `distance` (reduced before). Rows at
 * no distance leave nothing to the others, as 1 / 0 would. */
static void find_shares(const state *s, double *distance, const double *number)
{
    const mlsd__measure *const m = &s->points->measure;
    double left = (double)s->k, unit = 0;
    bool any_at_query = false;
    for (int64_t i = 0; i < s->n_nearest; i++) {
        const double w = s->weight != NULL ? s->weight[(int64_t)number[i]] : 1;
        const double counted = fmin(w, left);
        left -= counted;
        if (!s->by_distance) {
            distance[i] = counted;
            continue;
        }
        const double here = mlsd__measure_distance(m, distance[i]);
        const bool is_at_query = isinf(1 / here) && counted > 0;
        if (unit == 0 && !isinf(1 / here)) unit = power_of_two(here);
        const double inverse = 1 / (here * unit);
        if (is_at_query && !any_at_query)
            for (int64_t j = 0; j < i; j++) distance[j] = 0;
        any_at_query |= is_at_query;
        distance[i] = is_at_query ? counted : any_at_query ? 0 : counted * inverse;
    }
}

/* The mean of targets whose sum overflows. */
static double careful_mean(const state *s, const double *share, const double *number, double total)
{
    double mean = 0;
    for (int64_t j = 0; j < s->n_nearest; j++) mean += share[j] / total * s->y[(int64_t)number[j]];
    return mean;
}

/* What the nearest rows of one query say; their distances become shares. */
static void answer(const state *s, double *distance, const double *number, double *to)
{
    const int64_t n_out = s->n_classes > 0 ? s->n_classes : 1;
    double *const share = distance;
    double total = 0;
    find_shares(s, distance, number);
    for (int64_t c = 0; c < n_out; c++) to[c] = 0;
    for (int64_t j = 0; j < s->n_nearest; j++) {
        const double y = s->y[(int64_t)number[j]];
        total += share[j];
        if (s->n_classes > 0)
            to[(int64_t)y] += share[j];
        else
            to[0] += share[j] * y;
    }
    for (int64_t c = 0; c < n_out; c++) to[c] /= total;
    if (s->n_classes == 0 && !isfinite(to[0])) to[0] = careful_mean(s, share, number, total);
}

static mlsd_status predict_long(mlsd__scope *scope, const void *state_, const double *x, int64_t n,
                                int64_t ld, mlsd_output what, double *out, double *scratch)
{
    (void)what; /* probabilities of a classifier, values of a regressor */
    const state *const s = state_;
    const int64_t k = s->n_nearest, n_out = s->n_classes > 0 ? s->n_classes : 1;
    double *const distance = scratch, *const number = scratch + n * k;
    MLSD__TRY(
        mlsd__points_find(scope, s->points, x, n, ld, k, distance, number, scratch + 2 * n * k));
    for (int64_t i = 0; i < n; i++) answer(s, distance + i * k, number + i * k, out + i * n_out);
    return MLSD_OK;
}

static mlsd_status neighbors(mlsd__scope *scope, const void *state_, const double *x, int64_t n,
                             int64_t ld, int64_t k, double *distance, double *number)
{
    const state *const s = state_;
    int64_t n_scratch = 0;
    MLSD__TRY(mlsd__mul_size(n, mlsd__points_scratch(s->points), &n_scratch));
    double *const scratch = mlsd__alloc_raw(scope->allocator, n_scratch, sizeof *scratch);
    if (scratch == NULL) return MLSD_E_NOMEM;
    const mlsd_status status =
        mlsd__points_find(scope, s->points, x, n, ld, k, distance, number, scratch);
    mlsd__free(scope->allocator, scratch);
    for (int64_t i = 0; status == MLSD_OK && i < n * k; i++) {
        distance[i] = mlsd__measure_distance(&s->points->measure, distance[i]);
        if (s->row != NULL) number[i] = s->row[(int64_t)number[i]];
    }
    return status;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"n_samples_fit", "uses_tree"};
    const double *const values[] = {&s->n_samples_fit, &s->uses_tree};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = values[i];
    *rows = *cols = 1;
    return names[i];
}

/* Rows in the order of their numbers; a tree is made again. */
static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    const mlsd__points *const points = s->points;
    const int64_t n = points->n;
    mlsd__put_f64s(w, s->y, n);
    mlsd__put_f64s(w, s->weight, s->weight != NULL ? n : 0);
    mlsd__put_f64s(w, s->row, s->row != NULL ? n : 0);
    if (points->number == NULL) {
        mlsd__put_f64s(w, points->x, n * points->width);
        return w->status;
    }
    double *const x = mlsd__alloc_raw(w->allocator, n * points->width, sizeof *x);
    if (x == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++)
        memcpy(x + (int64_t)points->number[i] * points->width, points->x + i * points->width,
               (size_t)points->width * sizeof *x);
    mlsd__put_f64s(w, x, n * points->width);
    mlsd__free(w->allocator, x);
    return w->status;
}

/* An array that may be left out. */
static void take_optional(mlsd__reader *r, int64_t n, double **out)
{
    int64_t n_taken = 0;
    *out = mlsd__take_f64s(r, &n_taken);
    if (r->status != MLSD_OK || n_taken == n) return;
    mlsd__free(r->allocator, *out);
    *out = NULL;
    if (n_taken != 0)
        r->status = mlsd__fail(MLSD_E_CORRUPT, "%lld numbers belong to %lld neighbors",
                               (long long)n_taken, (long long)n);
}

static mlsd_status check_loaded(const state *s, const double *x, int64_t n, int64_t n_x,
                                int64_t width)
{
    bool ok = n > 0 && n_x / n == width && n_x % n == 0;
    for (int64_t i = 0; ok && i < n_x; i++) ok = isfinite(x[i]);
    for (int64_t i = 0; ok && i < n; i++) {
        const double y = s->y[i];
        ok = isfinite(y);
        if (s->n_classes > 0) ok = y >= 0 && y < (double)s->n_classes && y == floor(y);
        if (s->weight != NULL) ok = ok && s->weight[i] > 0 && isfinite(s->weight[i]);
        if (s->row != NULL) ok = ok && s->row[i] >= (double)i && s->row[i] < 0x1p53;
    }
    return ok ? MLSD_OK : mlsd__fail(MLSD_E_CORRUPT, "the training rows in the file do not fit");
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)features;
    const params *const p = mlsd__spec_params(spec);
    const mlsd__allocator *const a = r->allocator;
    const mlsd__measure m = measure_of(p);
    *out_state = NULL;
    state *const s = mlsd__alloc(a, 1, sizeof *s);
    if (s == NULL) return MLSD_E_NOMEM;
    int64_t n = 0, n_x = 0;
    s->n_classes = n_classes;
    s->y = mlsd__take_f64s(r, &n);
    take_optional(r, n, &s->weight);
    take_optional(r, n, &s->row);
    double *const x = mlsd__take_f64s(r, &n_x);
    mlsd_status status = r->status;
    if (status == MLSD_OK) status = check_loaded(s, x, n, n_x, mlsd__measure_width(&m, n_features));
    if (status != MLSD_OK)
        mlsd__free(a, x);
    else
        status = finish(NULL, a, p, x, n, n_features, s);
    if (status != MLSD_OK) {
        free_state(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

/* Settings that find the same neighbors, but for their number. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const params *const x = mlsd__spec_params(a), *const y = mlsd__spec_params(b);
    return x->algorithm == y->algorithm && x->leaf_size == y->leaf_size && x->metric == y->metric &&
           x->p == y->p;
}

/* All settings on one fold: the points once, as many neighbors as any of them counts, and each
 * setting's state with its own k. */
typedef struct path_job {
    const mlsd__path_fold *fold;
    const state *points; /* whose points they are */
    int64_t k, n_block;
    int64_t width; /* scratch of a row */
    const mlsd__frame *part;
    double *distance, *number; /* k for each row of the part */
    double *buffers;
    int64_t n_buffer;
} path_job;

static mlsd_status find_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const path_job *const job = arg;
    const mlsd__frame *const f = job->part;
    const int64_t first = block * job->n_block, left = f->n_rows - first;
    const int64_t n = left < job->n_block ? left : job->n_block, p = f->n_features;
    double *buffer = job->buffers + scope->worker * job->n_buffer;
    int64_t ld = p;
    const double *x = mlsd__frame_direct(f, first, &ld);
    if (x == NULL) {
        mlsd__frame_read(f, first, n, buffer, buffer + n * p);
        x = buffer;
        ld = p;
    }
    double *const scratch = buffer + n * p;
    MLSD__TRY(mlsd__points_check(job->points->points, x, n, ld, first, scratch));
    return mlsd__points_find(scope, job->points->points, x, n, ld, job->k,
                             job->distance + first * job->k, job->number + first * job->k, scratch);
}

/* What one setting says of all rows of the part, from the neighbors found. */
static mlsd_status answer_setting(mlsd__scope *scope, const path_job *job, const state *s,
                                  int64_t setting, int64_t part, double *shares_, double *out)
{
    for (int64_t i = 0; i < job->part->n_rows; i++) {
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        memcpy(shares_, job->distance + i * job->k, (size_t)s->n_nearest * sizeof *shares_);
        answer(s, shares_, job->number + i * job->k, out + i * job->fold->width);
    }
    const mlsd__path_sink *const sink = job->fold->sink;
    return sink->take(sink->user, scope, job->fold->split, setting, part, out);
}

/* More neighbors than this at a time are left to the plain loop, which keeps a block of them. */
enum { MOST_FOUND = 1 << 26 };

static mlsd_status run_part(mlsd__scope *scope, path_job *job, const state *settings, int64_t part)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = job->part->n_rows;
    const int64_t n_blocks = (n + job->n_block - 1) / job->n_block;
    int64_t n_found, n_buffers;
    job->n_buffer = job->n_block * (job->part->n_features + job->width) +
                    mlsd__frame_scratch(job->part, job->n_block);
    MLSD__TRY(mlsd__mul_size(n, job->k, &n_found));
    MLSD__TRY(mlsd__mul_size(scope->n_threads, job->n_buffer, &n_buffers));
    job->distance = mlsd__alloc_raw(a, n_found, sizeof *job->distance);
    job->number = mlsd__alloc_raw(a, n_found, sizeof *job->number);
    job->buffers = mlsd__alloc_raw(a, n_buffers, sizeof *job->buffers);
    double *const out = mlsd__alloc_raw(a, n * job->fold->width + job->k, sizeof *out);
    mlsd_status status = MLSD_E_NOMEM;
    if (job->distance != NULL && job->number != NULL && job->buffers != NULL && out != NULL)
        status = mlsd__parallel_for(scope, n_blocks, find_block, job);
    for (int64_t i = 0; status == MLSD_OK && i < job->fold->n_settings; i++) {
        if (settings[i].n_nearest > 0)
            status =
                answer_setting(scope, job, &settings[i], i, part, out + n * job->fold->width, out);
    }
    mlsd__free(a, out);
    mlsd__free(a, job->buffers);
    mlsd__free(a, job->number);
    mlsd__free(a, job->distance);
    return status;
}

/* The settings' states, which borrow what s has; n_nearest 0 where one cannot be fitted, which the
 * sink is told. *out_k is the most neighbors that any asks for. */
static mlsd_status make_settings(mlsd__scope *scope, const mlsd__path_fold *fold, const state *s,
                                 int64_t n, state *settings, int64_t *out_k)
{
    *out_k = 0;
    for (int64_t i = 0; i < fold->n_settings; i++) {
        const params *const p = mlsd__spec_params(fold->settings[i]);
        settings[i] = *s;
        settings[i].k = p->n_neighbors;
        settings[i].by_distance = p->weights == DISTANCE;
        const mlsd_status status = count_nearest(scope, scope->allocator, n, &settings[i]);
        if (status == MLSD_E_DATA) {
            settings[i].n_nearest = 0;
            MLSD__TRY(fold->sink->fail(fold->sink->user, fold->split, i, status));
            continue;
        }
        MLSD__TRY(status);
        if (settings[i].n_nearest > *out_k) *out_k = settings[i].n_nearest;
    }
    return MLSD_OK;
}

/* Takes x over, n rows as they are measured. */
static mlsd_status run_settings(mlsd__scope *scope, const mlsd__path_fold *fold, state *s,
                                state *settings, double *x, int64_t n)
{
    const params *const p = mlsd__spec_params(fold->settings[0]);
    const mlsd__measure m = measure_of(p);
    path_job job = {.fold = fold, .points = s};
    mlsd_status status = make_settings(scope, fold, s, n, settings, &job.k);
    for (int64_t j = 0; j < fold->n_parts; j++) {
        if (job.k > MOST_FOUND / (fold->parts[j].n_rows + 1)) job.k = 0;
    }
    if (status != MLSD_OK || job.k == 0) {
        mlsd__free(scope->allocator, x);
        return status;
    }
    MLSD__TRY(mlsd__points_new(scope, scope->allocator, &m, x, n, fold->train->x->n_features,
                               (mlsd__search)p->algorithm, p->leaf_size, &s->points));
    for (int64_t i = 0; i < fold->n_settings; i++) settings[i].points = s->points;
    s->n_nearest = job.k;
    job.n_block = block_rows(s);
    job.width = scratch_width(s);
    for (int64_t j = 0; j < fold->n_parts; j++) {
        job.part = &fold->parts[j];
        MLSD__TRY(run_part(scope, &job, settings, j));
    }
    return MLSD_OK;
}

static mlsd_status run_path(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__measure m = measure_of(mlsd__spec_params(fold->settings[0]));
    double *all = NULL, *x = NULL;
    int64_t n = 0;
    state *const s = mlsd__alloc(a, 1, sizeof *s);
    state *const settings = mlsd__alloc(a, fold->n_settings, sizeof *settings);
    mlsd_status status = s == NULL || settings == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        s->n_classes = fold->train->task == MLSD_TASK_REGRESSION ? 0 : fold->train->n_classes;
        status = mlsd__frame_materialize(scope, fold->train->x, &all);
    }
    if (status == MLSD_OK) status = take_rows(scope, fold->train, &m, all, s, &x, &n);
    mlsd__free(a, all);
    if (status == MLSD_OK)
        status = run_settings(scope, fold, s, settings, x, n);
    else
        mlsd__free(a, x);
    mlsd__free(a, settings);
    free_state(a, s);
    return status;
}

static const mlsd__path_ops path = {
    .run_plan = "one search a fold for all numbers of neighbors and weightings",
    .shares = shares,
    .run = run_path,
};

#define SHARED_OPS                                                                    \
    .fit = fit, .check_block = check_block, .predict_long = predict_long,             \
    .scratch_width = scratch_width, .block_rows = block_rows, .neighbors = neighbors, \
    .attribute = attribute, .save = save, .load = load, .free_state = free_state, .path = &path

static const mlsd__estimator_ops classifier_ops = {
    .classifies = true, .has_proba = true, .lacks_decision = true, SHARED_OPS};
static const mlsd__estimator_ops regressor_ops = {.regresses = true, SHARED_OPS};

static const mlsd_param table[] = {
    MLSD__P_I64(params, n_neighbors, 1, 1e9, "5", "log", "How many neighbors count"),
    MLSD__P_CHOICE(params, weights, weight_names, "\"uniform\"",
                   "Whether neighbors count the same, or by 1 / distance"),
    MLSD__P_CHOICE(params, algorithm, search_names, "\"auto\"",
                   "How to search: all rows (brute) or by a tree; the neighbors are the same"),
    MLSD__P_I64(params, leaf_size, 1, 1e6, "30", "log", "Most rows in a leaf of the tree"),
    MLSD__P_CHOICE(params, metric, metric_names, "\"minkowski\"", "What distance is"),
    MLSD__P_F64(params, p, 1, INFINITY, MLSD__OPEN_UPPER, "2", NULL,
                "Power of the minkowski metric: 1 is manhattan, 2 is euclidean"),
};

const mlsd_kind mlsd__kind_k_neighbors_classifier = {
    .name = "k_neighbors_classifier",
    .family = "estimator",
    .doc = "The vote of the nearest training rows",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &classifier_ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":true,"
              "\"decision\":false,\"sklearn\":\"KNeighborsClassifier\"}",
};

const mlsd_kind mlsd__kind_k_neighbors_regressor = {
    .name = "k_neighbors_regressor",
    .family = "estimator",
    .doc = "The mean of the nearest training rows' targets",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &regressor_ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"KNeighborsRegressor\"}",
};
