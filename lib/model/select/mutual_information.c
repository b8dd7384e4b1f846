/* mutual_information.c - mutual information of columns with the target from counts of neighbors.
 *
 * Two continuous numbers: psi(n) + psi(k) - mean(psi(nx + 1) + psi(ny + 1)), nx and ny counting the
 * rows nearer in one coordinate than the k-th neighbor is in the larger of both (Kraskov,
 * Stoegbauer & Grassberger 2004, eq. 8). One discrete: psi(n) + mean(psi(k) - psi(n of the class) -
 * psi(m)), m counting the rows of any class nearer than the k-th one of the same class (Ross 2014,
 * eq. 3). All arguments of psi are whole, so it is a harmonic number less Euler's constant, which
 * cancels.
 *
 * In one dimension the rows in order tell neighbors and counts. In two, a row's neighbors are
 * sought outwards in the order of that coordinate which has fewer ties, until no nearer one can
 * come. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/mt19937.h"
#include "model/select/univariate_scores.h"
#include "model/train_part.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

static const double NOISE = 1e-10;

typedef struct mutual_job {
    const mlsd__train *train; /* rows of weight only */
    const mlsd__mutual_options *options;
    int64_t n, p;
    double *x; /* n x p: scaled, with noise, where continuous */
    double *y;
    int64_t *y_order;
    double *harmonic; /* n + 2: harmonic[m] = 1 + 1/2 + ... + 1/(m - 1), which is psi(m) + gamma */
    bool y_is_discrete;
    double *score;
} mutual_job;

/* numpy's RandomState.standard_normal: the polar method, which makes two at a time. */
typedef struct normals {
    mlsd__mt19937 mt;
    bool has_next;
    double next;
} normals;

static double next_normal(normals *g)
{
    if (g->has_next) {
        g->has_next = false;
        return g->next;
    }
    double a, b, square;
    do {
        a = 2 * mlsd__mt_double(&g->mt) - 1;
        b = 2 * mlsd__mt_double(&g->mt) - 1;
        square = a * a + b * b;
    } while (square >= 1 || square == 0);
    const double f = sqrt(-2 * mlsd__log(square) / square);
    g->next = f * a;
    g->has_next = true;
    return f * b;
}

static bool is_discrete(const mutual_job *job, int64_t j)
{
    return job->options->is_discrete || job->train->x->features[j].type != MLSD__NUMERIC;
}

/* Divide n numbers, `step` apart, by their standard deviation; returns how large the noise is. */
static double scale(double *x, int64_t n, int64_t step)
{
    double mean = 0, square = 0, size = 0;
    for (int64_t i = 0; i < n; i++) mean += (x[i * step] - x[0]) / (double)n;
    mean += x[0];
    for (int64_t i = 0; i < n; i++)
        square += (x[i * step] - mean) * (x[i * step] - mean) / (double)n;
    double deviation = sqrt(square);
    if (deviation < 10 * DBL_EPSILON) deviation = 1;
    for (int64_t i = 0; i < n; i++) {
        x[i * step] /= deviation;
        size += fabs(x[i * step]) / (double)n;
    }
    return NOISE * (size > 1 ? size : 1);
}

/* Scale and part ties, columns first and then the target, in the order of scikit-learn's draws. */
static mlsd_status prepare(mlsd__scope *scope, mutual_job *job)
{
    const int64_t n = job->n, p = job->p;
    normals g = {.has_next = false};
    mlsd__mt_seed(&g.mt, (uint32_t)job->options->seed);
    double *const size = mlsd__alloc(scope->allocator, p, sizeof *size);
    if (size == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < p; j++)
        if (!is_discrete(job, j)) size[j] = scale(job->x + j, n, p);
    mlsd_status status = MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) {
        for (int64_t j = 0; j < p; j++)
            if (!is_discrete(job, j)) job->x[i * p + j] += size[j] * next_normal(&g);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(scope->allocator, size);
    for (int64_t i = 2; i < n + 2; i++)
        job->harmonic[i] = job->harmonic[i - 1] + 1 / (double)(i - 1);
    if (job->y_is_discrete || status != MLSD_OK) return status;
    const double noise = scale(job->y, n, 1);
    for (int64_t i = 0; i < n; i++) job->y[i] += noise * next_normal(&g);
    return mlsd__argsort_rows(scope, job->y, n, job->y_order);
}

/* How many of the ascending values are within r of x. */
static int64_t count_within(const double *sorted, int64_t n, double x, double r)
{
    int64_t low = 0, high = n;
    while (low < high) { /* the first that is not too far below */
        const int64_t mid = low + (high - low) / 2;
        if (x - sorted[mid] <= r) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    const int64_t first = low;
    high = n;
    while (low < high) { /* the first that is too far above */
        const int64_t mid = low + (high - low) / 2;
        if (sorted[mid] - x <= r) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low - first;
}

/* Keep the k smallest distances, ascending; `n` of them are there. */
static int64_t keep_smallest(double *best, int64_t n, int64_t k, double d)
{
    if (n == k && d >= best[k - 1]) return n;
    int64_t i = n < k ? n++ : k - 1;
    for (; i > 0 && best[i - 1] > d; i--) best[i] = best[i - 1];
    best[i] = d;
    return n;
}

/* Distance of the k-th neighbor of the row at place `at`, u ascending and v in its order: the
 * larger of both coordinates' distances. First one side as far as it goes, then the other. */
static double kth_distance(const double *u, const double *v, int64_t n, int64_t at, int64_t k,
                           double *best)
{
    int64_t found = 0;
    for (int64_t below = at - 1, above = at + 1;
         found < k;) { /* the nearest along u to begin with */
        const bool goes_below = above >= n || (below >= 0 && u[at] - u[below] < u[above] - u[at]);
        const int64_t other = goes_below ? below-- : above++;
        found = keep_smallest(best, found, k, fmax(fabs(u[at] - u[other]), fabs(v[at] - v[other])));
        if (found < k) continue;
        for (; below >= 0 && u[at] - u[below] < best[k - 1]; below--) {
            const double d = fabs(v[at] - v[below]);
            if (d < best[k - 1]) (void)keep_smallest(best, k, k, fmax(u[at] - u[below], d));
        }
        for (; above < n && u[above] - u[at] < best[k - 1]; above++) {
            const double d = fabs(v[at] - v[above]);
            if (d < best[k - 1]) (void)keep_smallest(best, k, k, fmax(u[above] - u[at], d));
        }
    }
    return best[k - 1];
}

/* Distances in order that are more than the noise that parts ties. */
static int64_t count_steps(const double *sorted, int64_t n)
{
    int64_t steps = 0;
    for (int64_t i = 1; i < n; i++) steps += sorted[i] - sorted[i - 1] > 100 * NOISE;
    return steps;
}

/* room: 4 n + k doubles. */
static mlsd_status both_continuous(mlsd__scope *scope, const mutual_job *job, const double *x,
                                   const int64_t *x_order, double *room, double *out)
{
    const int64_t n = job->n, k = job->options->n_neighbors;
    double *const xs = room, *const ys = room + n, *const part = room + 2 * n,
                  *const v = room + 3 * n, *const best = room + 4 * n;
    for (int64_t i = 0; i < n; i++) {
        xs[i] = x[x_order[i]];
        ys[i] = job->y[job->y_order[i]];
    }
    const bool along_x = count_steps(xs, n) >= count_steps(ys, n);
    const double *const u = along_x ? xs : ys, *const other = along_x ? job->y : x;
    const int64_t *const order = along_x ? x_order : job->y_order;
    for (int64_t at = 0; at < n; at++) v[at] = other[order[at]];
    for (int64_t at = 0; at < n; at++) {
        const int64_t i = order[at];
        const double r = nextafter(kth_distance(u, v, n, at, k, best), 0);
        part[i] = job->harmonic[count_within(xs, n, x[i], r)] +
                  job->harmonic[count_within(ys, n, job->y[i], r)];
        if (at % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    *out = job->harmonic[n] + job->harmonic[k] - mlsd__sum(part, n) / (double)n;
    return MLSD_OK;
}

/* The distance of the k-th neighbor in a run of ascending values: the best of the windows of k + 1
 * that hold it. */
static double kth_in_run(const double *sorted, int64_t n, int64_t at, int64_t k)
{
    int64_t below = at - 1, above = at + 1;
    double d = 0;
    for (int64_t i = 0; i < k; i++) {
        const double d_below = below >= 0 ? sorted[at] - sorted[below] : INFINITY;
        const double d_above = above < n ? sorted[above] - sorted[at] : INFINITY;
        if (d_below < d_above) {
            d = d_below;
            below--;
        } else {
            d = d_above;
            above++;
        }
    }
    return d;
}

/* c continuous with its order, d codes below n_codes. room: 3 n doubles; start: n_codes + 1. */
static mlsd_status one_discrete(mlsd__scope *scope, const mutual_job *job, const double *c,
                                const int64_t *order, const int32_t *d, int64_t n_codes,
                                double *room, int64_t *start, double *out)
{
    const int64_t n = job->n;
    double *const run = room, *const sorted = room + n, *const part = room + 2 * n;
    int64_t n_used = 0, n_done = 0;
    memset(start, 0, (size_t)(n_codes + 2) * sizeof *start);
    for (int64_t i = 0; i < n; i++) start[d[i] + 2]++;
    for (int64_t i = 0; i < n; i++) { /* rows of a code alone are left out */
        if (start[d[order[i]] + 2] > 1) sorted[n_used++] = c[order[i]];
    }
    for (int64_t code = 2; code < n_codes + 2; code++) start[code] += start[code - 1];
    for (int64_t i = 0; i < n; i++) run[start[d[order[i]] + 1]++] = c[order[i]];
    for (int64_t code = 0; code < n_codes; code++) {
        const int64_t first = start[code], size = start[code + 1] - first;
        const int64_t k = job->options->n_neighbors < size ? job->options->n_neighbors : size - 1;
        for (int64_t i = 0; size > 1 && i < size; i++) {
            const double r = nextafter(kth_in_run(run + first, size, i, k), 0);
            const int64_t m = count_within(sorted, n_used, run[first + i], r);
            part[n_done++] = job->harmonic[k] - job->harmonic[size] - job->harmonic[m];
            if (n_done % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
        }
    }
    *out = n_used == 0 ? 0 : job->harmonic[n_used] + mlsd__sum(part, n_used) / (double)n_used;
    return MLSD_OK;
}

/* From the table of counts, whose entries are a x b. */
static mlsd_status both_discrete(mlsd__scope *scope, const mutual_job *job, const int32_t *a,
                                 int64_t n_a, const int32_t *b, int64_t n_b, double *out)
{
    int64_t cells;
    MLSD__TRY(mlsd__mul_size(n_a, n_b, &cells));
    double *const count = mlsd__alloc(scope->allocator, cells + n_a + n_b, sizeof *count);
    if (count == NULL) return MLSD_E_NOMEM;
    double *const of_a = count + cells, *const of_b = of_a + n_a, n = (double)job->n;
    for (int64_t i = 0; i < job->n; i++) {
        count[a[i] * n_b + b[i]]++;
        of_a[a[i]]++;
        of_b[b[i]]++;
    }
    *out = 0;
    for (int64_t i = 0; i < cells; i++) {
        if (count[i] > 0)
            *out += count[i] / n * mlsd__log(count[i] * n / (of_a[i / n_b] * of_b[i % n_b]));
    }
    mlsd__free(scope->allocator, count);
    return MLSD_OK;
}

/* What one column takes to work in. */
typedef struct column_room {
    double *x, *work, *values; /* n, 4 n + k, n */
    int64_t *order, *start;    /* n, n + 3 */
    int32_t *code, *y_code;    /* n each */
} column_room;

static void room_close(column_room *room, const mlsd__allocator *a)
{
    mlsd__free(a, room->x);
    mlsd__free(a, room->order);
    mlsd__free(a, room->code);
}

static mlsd_status room_open(column_room *room, const mutual_job *job, const mlsd__allocator *a)
{
    const int64_t n = job->n, k = job->options->n_neighbors;
    *room = (column_room){.x = mlsd__alloc_raw(a, 6 * n + k, sizeof(double)),
                          .order = mlsd__alloc_raw(a, 2 * n + 3, sizeof(int64_t)),
                          .code = mlsd__alloc_raw(a, 2 * n, sizeof(int32_t))};
    if (room->x == NULL || room->order == NULL || room->code == NULL) return MLSD_E_NOMEM;
    room->values = room->x + n;
    room->work = room->x + 2 * n;
    room->start = room->order + n;
    room->y_code = room->code + n;
    return MLSD_OK;
}

static mlsd_status score_discrete(mlsd__scope *scope, const mutual_job *job, column_room *room,
                                  double *out)
{
    int64_t n_codes = 0, n_classes = 0;
    MLSD__TRY(mlsd__factorize_rows(scope, room->x, job->n, room->values, &n_codes, room->code));
    if (!job->y_is_discrete)
        return one_discrete(scope, job, job->y, job->y_order, room->code, n_codes, room->work,
                            room->start, out);
    MLSD__TRY(mlsd__factorize_rows(scope, job->y, job->n, room->values, &n_classes, room->y_code));
    return both_discrete(scope, job, room->code, n_codes, room->y_code, n_classes, out);
}

static mlsd_status score_continuous(mlsd__scope *scope, const mutual_job *job, column_room *room,
                                    double *out)
{
    int64_t n_classes = 0;
    MLSD__TRY(mlsd__argsort_rows(scope, room->x, job->n, room->order));
    if (!job->y_is_discrete)
        return both_continuous(scope, job, room->x, room->order, room->work, out);
    MLSD__TRY(mlsd__factorize_rows(scope, job->y, job->n, room->values, &n_classes, room->y_code));
    return one_discrete(scope, job, room->x, room->order, room->y_code, n_classes, room->work,
                        room->start, out);
}

static mlsd_status score_column(void *arg, int64_t j, mlsd__scope *scope)
{
    const mutual_job *const job = arg;
    column_room room;
    double value = 0;
    mlsd_status status = room_open(&room, job, scope->allocator);
    for (int64_t i = 0; status == MLSD_OK && i < job->n; i++) room.x[i] = job->x[i * job->p + j];
    if (status == MLSD_OK)
        status = is_discrete(job, j) ? score_discrete(scope, job, &room, &value)
                                     : score_continuous(scope, job, &room, &value);
    job->score[j] = value > 0 ? value : 0;
    room_close(&room, scope->allocator);
    return status;
}

static mlsd_status score_rows(mlsd__scope *scope, const mlsd__train_part *rows,
                              const mlsd__mutual_options *options, double *score)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = rows->n;
    mutual_job job = {.train = &rows->train,
                      .options = options,
                      .n = n,
                      .p = rows->frame.n_features,
                      .y = rows->y,
                      .y_is_discrete = rows->train.task != MLSD_TASK_REGRESSION,
                      .score = score};
    if (n <= options->n_neighbors)
        return mlsd__fail(MLSD_E_DATA,
                          "mutual_info looks for %lld neighbors, but there are %lld rows; lower "
                          "'n_neighbors' (n_samples=%lld)",
                          (long long)options->n_neighbors, (long long)n, (long long)n);
    job.y_order = mlsd__alloc_raw(a, n, sizeof *job.y_order);
    job.harmonic = mlsd__alloc(a, n + 2, sizeof *job.harmonic);
    mlsd_status status = job.y_order == NULL || job.harmonic == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__frame_materialize(scope, &rows->frame, &job.x);
    if (status == MLSD_OK) status = prepare(scope, &job);
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, job.p, score_column, &job);
    mlsd__free(a, job.x);
    mlsd__free(a, job.y_order);
    mlsd__free(a, job.harmonic);
    return status;
}

mlsd_status mlsd__score_mutual_information(mlsd__scope *scope, const mlsd__train *train,
                                           const mlsd__mutual_options *options, double *score)
{
    mlsd__train_part rows;
    mlsd_status status = mlsd__train_part_open(&rows, scope->allocator, train->x->n_rows);
    if (status == MLSD_OK) {
        double unit = 0;
        rows.n = 0;
        for (int64_t i = 0; i < train->x->n_rows; i++) {
            const double w = train->weight != NULL ? train->weight[i] : 1;
            if (!(w > 0)) continue;
            if (unit > 0 && w != unit)
                status = mlsd__fail(MLSD_E_UNSUPPORTED,
                                    "mutual_info counts neighbors, which weights cannot tell; use "
                                    "another 'score_func', or weights of 0 and 1");
            unit = w;
            rows.rows[rows.n++] = i;
        }
    }
    if (status == MLSD_OK) {
        mlsd__train_part_gather(&rows, train);
        status = score_rows(scope, &rows, options, score);
    }
    mlsd__train_part_close(&rows, scope->allocator);
    return status;
}
