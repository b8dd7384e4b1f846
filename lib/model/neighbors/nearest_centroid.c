/* nearest_centroid.c - the class whose centre is nearest. Names and defaults are scikit-learn's
 * NearestCentroid.
 *
 * Centres are means, or medians for the manhattan distance. shrink_threshold draws means towards
 * the mean of all rows, column by column, so that columns that tell little tell nothing
 * (Tibshirani, Hastie, Narasimhan & Chu 2002, PNAS 99(10), equations 1 to 5). A row of weight w
 * counts as w rows.
 */
#include <math.h>
#include <string.h>

#include "model/bayes/class_sums.h"
#include "model/neighbors/measure.h"
#include "model/row_pass.h"
#include "numeric/rank.h"

extern const mlsd_kind mlsd__kind_nearest_centroid;

/* How far a class without rows is. */
static const double FARTHEST = 1e300;

typedef struct params {
    int64_t metric;
    double shrink_threshold;
} params;

/* One block: count (k), centroids (k x p). */
typedef struct state {
    mlsd__measure measure;
    int64_t k, p;
    double *count, *centroids;
    double numbers[];
} state;

static const char *const metric_names[] = {"euclidean", "manhattan", NULL};

static void free_state(const mlsd__allocator *a, void *state_)
{
    mlsd__free(a, state_);
}

static mlsd_status state_new(const mlsd__allocator *a, const params *p, int64_t k,
                             int64_t n_features, state **out)
{
    void *made = NULL;
    MLSD__TRY(mlsd__bayes_alloc(a, sizeof(state), k, n_features, &made));
    state *const s = made;
    s->measure.metric = p->metric == 0 ? MLSD__EUCLIDEAN : MLSD__MANHATTAN;
    s->k = k;
    s->p = n_features;
    s->count = s->numbers;
    s->centroids = s->numbers + k;
    *out = s;
    return MLSD_OK;
}

/* Means of the classes, put right by a second pass about them, and squares about them. */
static mlsd_status find_means(mlsd__scope *scope, const mlsd__train *train, state *s, double *rest,
                              double *square)
{
    mlsd__class_sums sums = {.weight = s->count, .sum = s->centroids};
    MLSD__TRY(mlsd__class_sums_add(scope, train, &sums));
    const int64_t n_cells = s->k * s->p;
    for (int64_t i = 0; i < n_cells; i++)
        s->centroids[i] = s->count[i / s->p] > 0 ? s->centroids[i] / s->count[i / s->p] : 0;
    sums = (mlsd__class_sums){
        .origin = s->centroids, .weight = s->count, .sum = rest, .square = square};
    MLSD__TRY(mlsd__class_sums_add(scope, train, &sums));
    for (int64_t i = 0; i < n_cells; i++) {
        const double w = s->count[i / s->p];
        if (!(w > 0)) continue;
        s->centroids[i] += rest[i] / w;
        square[i] = fmax(0, square[i] - rest[i] * rest[i] / w);
    }
    return MLSD_OK;
}

/* Values of one class in the order of one column, and their weights. */
typedef struct column {
    int64_t n;
    double *value, *weight;
    int64_t *order;
} column;

/* Half of the weight lies below, half above: between two values their middle. */
static double median_of(const column *c)
{
    double total = 0, below = 0;
    for (int64_t i = 0; i < c->n; i++) total += c->weight[i];
    for (int64_t i = 0; i < c->n; i++) {
        const int64_t at = c->order[i];
        below += c->weight[at];
        if (2 * below < total) continue;
        const bool is_between = 2 * below == total && i + 1 < c->n;
        return is_between ? 0.5 * (c->value[at] + c->value[c->order[i + 1]]) : c->value[at];
    }
    return c->n > 0 ? c->value[c->order[c->n - 1]] : 0;
}

static mlsd_status find_medians(mlsd__scope *scope, const mlsd__train *train, state *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = s->p;
    double *x = NULL;
    MLSD__TRY(mlsd__frame_materialize(scope, train->x, &x));
    column c = {.value = mlsd__alloc_raw(a, n, sizeof *c.value),
                .weight = mlsd__alloc_raw(a, n, sizeof *c.weight),
                .order = mlsd__alloc_raw(a, n, sizeof *c.order)};
    mlsd_status status =
        c.value == NULL || c.weight == NULL || c.order == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t cell = 0; status == MLSD_OK && cell < s->k * p; cell++) {
        const int64_t k = cell / p, j = cell % p;
        c.n = 0;
        for (int64_t i = 0; i < n; i++) {
            const double w = train->weight != NULL ? train->weight[i] : 1;
            if ((int64_t)train->y[i] != k || !(w > 0)) continue;
            c.value[c.n] = x[i * p + j];
            c.weight[c.n++] = w;
        }
        status = mlsd__checkpoint(scope);
        if (status == MLSD_OK) status = mlsd__argsort_rows(scope, c.value, c.n, c.order);
        if (status == MLSD_OK) s->centroids[cell] = median_of(&c);
    }
    mlsd__free(a, c.value);
    mlsd__free(a, c.weight);
    mlsd__free(a, c.order);
    mlsd__free(a, x);
    return status;
}

/* spread[j]: pooled standard deviation of each column within classes, and their median added. */
static mlsd_status find_spread(const mlsd__allocator *a, const state *s, const double *square,
                               double total, double *spread)
{
    const int64_t p = s->p;
    int64_t n_classes = 0;
    for (int64_t k = 0; k < s->k; k++) n_classes += s->count[k] > 0;
    if (!(total > (double)n_classes))
        return mlsd__fail(MLSD_E_DATA,
                          "'shrink_threshold' needs more rows than classes, got a weight of %g and "
                          "%lld classes; leave it out",
                          total, (long long)n_classes);
    for (int64_t j = 0; j < p; j++) {
        double sum = 0;
        for (int64_t k = 0; k < s->k; k++) sum += square[k * p + j];
        spread[j] = sqrt(sum / (total - (double)n_classes));
    }
    int64_t *const order = mlsd__alloc_raw(a, p, sizeof *order);
    if (order == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__argsort(a, spread, p, order);
    if (status == MLSD_OK) {
        const double median = 0.5 * (spread[order[(p - 1) / 2]] + spread[order[p / 2]]);
        for (int64_t j = 0; j < p; j++) spread[j] += median;
    }
    mlsd__free(a, order);
    return status;
}

/* Each centre's distance from the mean of all, in units of its own uncertainty, less the threshold.
 */
static mlsd_status shrink(const mlsd__allocator *a, double threshold, const double *square,
                          double *spread, state *s)
{
    const int64_t p = s->p;
    double total = 0;
    for (int64_t k = 0; k < s->k; k++) total += s->count[k];
    if (p == 0) return MLSD_OK;
    MLSD__TRY(find_spread(a, s, square, total, spread));
    for (int64_t j = 0; j < p; j++) {
        double mean = 0;
        for (int64_t k = 0; k < s->k; k++) mean += s->count[k] / total * s->centroids[k * p + j];
        for (int64_t k = 0; k < s->k; k++) {
            if (!(s->count[k] > 0)) continue;
            double *const centre = s->centroids + k * p + j;
            const double unit = spread[j] * sqrt(fmax(0, 1 / s->count[k] - 1 / total));
            const double left = fmax(0, fabs(*centre - mean) - threshold * unit);
            *centre = mean + (*centre > mean ? left : -left);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit_centroids(mlsd__scope *scope, const params *p, const mlsd__train *train,
                                 state *s)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_cells = s->k * s->p;
    double *const rest = mlsd__alloc_raw(a, n_cells, sizeof *rest);
    double *const square = mlsd__alloc_raw(a, n_cells, sizeof *square);
    mlsd_status status = rest == NULL || square == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = find_means(scope, train, s, rest, square);
    /* Each class has a row of p cells in `rest`, the first of which is room for the spread. */
    if (status == MLSD_OK && !isnan(p->shrink_threshold))
        status = shrink(a, p->shrink_threshold, square, rest, s);
    else if (status == MLSD_OK && p->metric != 0)
        status = find_medians(scope, train, s);
    mlsd__free(a, rest);
    mlsd__free(a, square);
    if (status == MLSD_OK && mlsd__any_nonfinite(s->centroids, n_cells))
        status =
            mlsd__fail(MLSD_E_NUMERIC, "the columns are too large to be squared; scale them (a "
                                       "standardize step does)");
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    state *s = NULL;
    MLSD__TRY(state_new(scope->allocator, p, train->n_classes, train->x->n_features, &s));
    const mlsd_status status = fit_centroids(scope, p, train, s);
    if (status != MLSD_OK) {
        free_state(scope->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const params *const p = mlsd__spec_params(spec);
    if (p->metric == 0 || isnan(p->shrink_threshold)) return MLSD_OK;
    return mlsd__fail(
        MLSD_E_PARAM_CONFLICT,
        "'shrink_threshold' draws means together, but metric 'manhattan' has medians");
}

static int64_t scratch_width(const void *state_)
{
    return ((const state *)state_)->k;
}

static void predict_block(const void *state_, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    (void)what; /* decisions: how near each centre is; of two, how much nearer the second one is */
    const state *const s = state_;
    for (int64_t i = 0; i < n; i++) {
        double *const far = scratch + i * s->k;
        for (int64_t k = 0; k < s->k; k += 4) {
            const double *rows[4];
            double reduced[4];
            for (int64_t r = 0; r < 4; r++)
                rows[r] = s->centroids + (k + r < s->k ? k + r : s->k - 1) * s->p;
            mlsd__measure_four(&s->measure, s->p, x + i * ld, rows, reduced);
            for (int64_t r = 0; r < 4 && k + r < s->k; r++)
                far[k + r] = s->count[k + r] > 0
                                 ? fmin(mlsd__measure_distance(&s->measure, reduced[r]), FARTHEST)
                                 : FARTHEST;
        }
        if (s->k == 2) {
            out[i] = far[0] - far[1];
            continue;
        }
        for (int64_t k = 0; k < s->k; k++) out[i * s->k + k] = -far[k];
    }
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"centroids", "class_count"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = i == 0 ? s->centroids : s->count;
    *rows = i == 0 ? s->k : 1;
    *cols = i == 0 ? s->p : s->k;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64s(w, s->numbers, s->k * (s->p + 1));
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)features;
    int64_t n = 0;
    state *s = NULL;
    *out_state = NULL;
    double *const numbers = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && (n_classes < 1 || n % n_classes != 0 ||
                              n / n_classes != n_features + 1 || mlsd__any_nonfinite(numbers, n)))
        status = mlsd__fail(MLSD_E_CORRUPT, "%lld numbers do not make centres of %lld features",
                            (long long)n, (long long)n_features);
    if (status == MLSD_OK)
        status = state_new(r->allocator, mlsd__spec_params(spec), n_classes, n_features, &s);
    if (status == MLSD_OK) memcpy(s->numbers, numbers, (size_t)n * sizeof *numbers);
    mlsd__free(r->allocator, numbers);
    *out_state = s;
    return status;
}

static const mlsd__estimator_ops ops = {
    .classifies = true,
    .check = check,
    .fit = fit,
    .predict_block = predict_block,
    .scratch_width = scratch_width,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd_param table[] = {
    MLSD__P_CHOICE(params, metric, metric_names, "\"euclidean\"",
                   "Distance to the centres, which are means, or medians for manhattan"),
    MLSD__P_F64_NULL(params, shrink_threshold, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
                     "null", "How far means are drawn to the mean of all, in standard errors"),
};

const mlsd_kind mlsd__kind_nearest_centroid = {
    .name = "nearest_centroid",
    .family = "estimator",
    .doc = "The class whose centre is nearest",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"classification\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"NearestCentroid\"}",
};
