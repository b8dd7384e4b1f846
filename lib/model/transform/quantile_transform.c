/* quantile_transform.c - replace each number by its place in the training distribution of its
 * column, from 0 to 1, or by the normal quantile of that place.
 *
 * scikit-learn's QuantileTransformer, but all rows count (there is no subsample) and weights count
 * as rows. The distribution is kept as n_quantiles equally spaced quantiles with straight lines
 * between them; a value that takes several of them gets the middle of their places, a value beyond
 * the training range its end. Normal places end at 5.2, those of 1e-7. NaN stays NaN. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/transform/column_pass.h"
#include "numeric/distribution.h"

extern const mlsd_kind mlsd__kind_quantile_transform;

enum { UNIFORM, NORMAL };
static const double NORMAL_EDGE = 1e-7; /* scikit-learn's BOUNDS_THRESHOLD */

typedef struct quantile_params {
    int64_t n_quantiles, output_distribution;
} quantile_params;

typedef struct quantile_state {
    int64_t p, n;
    mlsd__feature *features; /* owned copies */
    double *quantiles;       /* n x p */
    double *references;      /* n: i / (n - 1) */
    double n_quantiles;
    bool is_normal;
    double lowest, highest; /* normal places end there */
} quantile_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    quantile_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__free(a, state->quantiles);
    mlsd__free(a, state->references);
    mlsd__free(a, state);
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, int64_t n,
                             quantile_state **out)
{
    const quantile_params *const params = mlsd__spec_params(spec);
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(n, p, &size));
    quantile_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->n = n;
    state->n_quantiles = (double)n;
    state->quantiles = mlsd__alloc(a, size, sizeof *state->quantiles);
    state->references = mlsd__alloc(a, n, sizeof *state->references);
    mlsd_status status = MLSD_E_NOMEM;
    if (state->quantiles != NULL && state->references != NULL)
        status = mlsd__features_copy(a, features, p, &state->features);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    state->p = p;
    for (int64_t i = 0; i < n; i++) state->references[i] = n > 1 ? (double)i / (double)(n - 1) : 0;
    state->is_normal = params->output_distribution == NORMAL;
    state->lowest = mlsd__normal_quantile(NORMAL_EDGE - DBL_EPSILON);
    state->highest = mlsd__normal_quantile(1 - (NORMAL_EDGE - DBL_EPSILON));
    *out = state;
    return MLSD_OK;
}

static mlsd_status fit_column(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    quantile_state *const state = arg;
    if (c->n == 0) return MLSD_OK; /* zeros: all values are beyond the range */
    double *const found = mlsd__alloc_raw(scope->allocator, state->n, sizeof *found);
    if (found == NULL) return MLSD_E_NOMEM;
    mlsd__column_quantile_grid(c, state->n, found);
    for (int64_t i = 0; i < state->n; i++) {
        if (i > 0 && found[i] < found[i - 1]) found[i] = found[i - 1]; /* rounding */
        state->quantiles[i * state->p + c->column] = found[i];
    }
    mlsd__free(scope->allocator, found);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const quantile_params *const params = mlsd__spec_params(spec);
    double n_rows;
    (void)mlsd__weight_unit(train->weight, train->x->n_rows, &n_rows);
    const int64_t n = n_rows < (double)params->n_quantiles ? (int64_t)n_rows : params->n_quantiles;
    quantile_state *state;
    MLSD__TRY(
        state_new(scope->allocator, spec, train->x->features, train->x->n_features, n, &state));
    const mlsd_status status = mlsd__each_sorted_number(scope, train, fit_column, state);
    if (status != MLSD_OK) {
        free_state(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* The first quantile that is not less than x (or, `above`, greater), in a column of them. */
static int64_t find(const double *q, int64_t n, int64_t p, double x, bool above)
{
    int64_t low = 0, high = n;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        const double value = q[middle * p];
        if (above ? value > x : value >= x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static double place_of(const quantile_state *state, const double *q, double x)
{
    const int64_t n = state->n, p = state->p;
    if (x <= q[0]) return 0;
    if (x >= q[(n - 1) * p]) return 1;
    const int64_t first = find(q, n, p, x, false), next = find(q, n, p, x, true);
    const double *const place = state->references;
    if (next > first) return 0.5 * (place[first] + place[next - 1]);
    /* x is finite and its neighbours differ, but their distance may overflow. */
    const double low = q[(first - 1) * p] / 2, high = q[first * p] / 2;
    const double share = (x / 2 - low) / (high - low);
    return place[first - 1] + share * (place[first] - place[first - 1]);
}

static double normal_of(const quantile_state *state, double place)
{
    const double z = mlsd__normal_quantile(place);
    return z < state->lowest ? state->lowest : z > state->highest ? state->highest : z;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const quantile_state *const state = state_;
    const int64_t p = state->p;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            double x = in[i * p + j];
            if (state->features[j].type == MLSD__NUMERIC && !isnan(x)) {
                x = place_of(state, state->quantiles + j, x);
                if (state->is_normal) x = normal_of(state, x);
            }
            out[i * p + j] = x;
        }
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const quantile_state *const state = state_;
    *out_n = state->p;
    return state->features;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const quantile_state *const state = state_;
    static const char *const names[] = {"quantiles", "references", "n_quantiles"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = i == 0 ? state->quantiles : i == 1 ? state->references : &state->n_quantiles;
    *rows = i == 0 ? state->n : 1;
    *cols = i == 0 ? state->p : i == 1 ? state->n : 1;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const quantile_state *const state = state_;
    mlsd__put_i64(w, state->n);
    mlsd__put_f64s(w, state->quantiles, state->n * state->p);
    return w->status;
}

/* Quantiles that ascend in each column. */
static bool are_quantiles(const double *q, int64_t n, int64_t p)
{
    for (int64_t i = 0; i < n * p; i++) {
        if (!isfinite(q[i]) || (i >= p && q[i] < q[i - p])) return false;
    }
    return true;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    *out_state = NULL;
    int64_t n_found = 0, size = 0;
    const int64_t n = mlsd__take_count(r, (int64_t)1 << 53);
    double *const quantiles = mlsd__take_f64s(r, &n_found);
    mlsd_status status = r->status;
    if (status == MLSD_OK) status = mlsd__mul_size(n, n_features, &size);
    const int64_t most = ((const quantile_params *)mlsd__spec_params(spec))->n_quantiles;
    if (status == MLSD_OK &&
        (n < 1 || n > most || n_found != size || !are_quantiles(quantiles, n, n_features)))
        status = mlsd__fail(MLSD_E_CORRUPT, "quantile_transform: bad quantiles of %lld features",
                            (long long)n_features);
    quantile_state *state = NULL;
    if (status == MLSD_OK) status = state_new(r->allocator, spec, features, n_features, n, &state);
    if (status == MLSD_OK) {
        if (size > 0) memcpy(state->quantiles, quantiles, (size_t)size * sizeof *quantiles);
        *out_state = state;
    }
    mlsd__free(r->allocator, quantiles);
    return status;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .fit = fit,
    .features_out = features_out,
    .transform_block = transform_block,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const distributions[] = {"uniform", "normal", NULL};
static const mlsd_param table[] = {
    MLSD__P_I64(quantile_params, n_quantiles, 1, 10000000, "1000", NULL,
                "Quantiles that keep the distribution; at most as many as there are rows"),
    MLSD__P_CHOICE(quantile_params, output_distribution, distributions, "\"uniform\"",
                   "What numbers become: places from 0 to 1, or normal quantiles of them"),
};

const mlsd_kind mlsd__kind_quantile_transform = {
    .name = "quantile_transform",
    .family = "transform",
    .doc = "Bring columns of numbers to a uniform or a normal distribution by their ranks",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(quantile_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"QuantileTransformer\"}",
};
