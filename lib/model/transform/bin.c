/* bin.c - cut each column of numbers into bins: a column of 0 and 1 for each bin, or its number.
 *
 * Names and rules are those of scikit-learn's KBinsDiscretizer, with its numbers of bins for all
 * columns; weights count as rows. NaN gives NaN; categories go through. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/transform/bin_edges.h"
#include "model/transform/level_rank.h"

extern const mlsd_kind mlsd__kind_bin;

enum { ONE_HOT, ONE_HOT_DENSE, ORDINAL };

typedef struct bin_params {
    int64_t n_bins, encode, strategy;
} bin_params;

typedef struct bin_state {
    int64_t p, p_out, n_named, n_edges; /* n_edges: room for each column's */
    bool is_ordinal;
    mlsd__feature *features, *out; /* owned: p and p_out */
    double *n_bins;                /* p; 0 for categories */
    double *edges;                 /* p x n_edges; NaN after the last */
} bin_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    bin_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__features_free(a, state->out, state->n_named);
    mlsd__free(a, state->n_bins);
    mlsd__free(a, state->edges);
    mlsd__free(a, state);
}

static bool is_number(const bin_state *state, int64_t j)
{
    return state->features[j].type == MLSD__NUMERIC;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, bin_state **out)
{
    const bin_params *const params = mlsd__spec_params(spec);
    int64_t size;
    *out = NULL;
    MLSD__TRY(mlsd__mul_size(p, params->n_bins + 1, &size));
    bin_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->n_edges = params->n_bins + 1;
    state->is_ordinal = params->encode == ORDINAL;
    state->n_bins = mlsd__alloc(a, p, sizeof *state->n_bins);
    state->edges = mlsd__alloc_raw(a, size, sizeof *state->edges);
    mlsd_status status = MLSD_E_NOMEM;
    if (state->n_bins != NULL && state->edges != NULL)
        status = mlsd__features_copy(a, features, p, &state->features);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    state->p = p;
    for (int64_t i = 0; i < size; i++) state->edges[i] = NAN;
    *out = state;
    return MLSD_OK;
}

/* Columns out of column j. */
static int64_t width_of(const bin_state *state, int64_t j)
{
    return is_number(state, j) && !state->is_ordinal ? (int64_t)state->n_bins[j] : 1;
}

/* "x_0.0", "x_1.0", ... for the bins, as scikit-learn; once n_bins is known. */
static mlsd_status name_outputs(const mlsd__allocator *a, bin_state *state)
{
    for (int64_t j = 0; j < state->p; j++) state->p_out += width_of(state, j);
    if (state->p_out > MLSD__MOST_COLUMNS)
        return mlsd__fail(MLSD_E_SHAPE,
                          "bin makes %lld columns, and %d is the most; lower 'n_bins', or set "
                          "'encode' to ordinal",
                          (long long)state->p_out, MLSD__MOST_COLUMNS);
    state->out = mlsd__alloc(a, state->p_out, sizeof *state->out);
    if (state->out == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < state->p; j++) {
        const bool is_named = is_number(state, j) && !state->is_ordinal;
        for (int64_t k = 0; k < width_of(state, j); k++) {
            mlsd__feature *const out = &state->out[state->n_named];
            char number[32];
            (void)snprintf(number, sizeof number, "_%lld.0", (long long)k);
            MLSD__TRY(is_named ? mlsd__feature_name(a, state->features[j].name, number, out)
                               : mlsd__feature_copy(a, &state->features[j], out));
            state->n_named++;
        }
    }
    return MLSD_OK;
}

typedef struct fit_job {
    const bin_params *params;
    bin_state *state;
} fit_job;

static mlsd_status fit_column(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    const fit_job *const job = arg;
    double *const edges = job->state->edges + c->column * job->state->n_edges;
    int64_t n;
    MLSD__TRY(mlsd__bin_edges(scope, c, job->params->n_bins, job->params->strategy, edges, &n));
    job->state->n_bins[c->column] = (double)n;
    for (int64_t k = n + 1; k < job->state->n_edges; k++) edges[k] = NAN;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    fit_job job = {.params = mlsd__spec_params(spec)};
    MLSD__TRY(
        state_new(scope->allocator, spec, train->x->features, train->x->n_features, &job.state));
    mlsd_status status = mlsd__each_sorted_number(scope, train, fit_column, &job);
    if (status == MLSD_OK) status = name_outputs(scope->allocator, job.state);
    if (status != MLSD_OK) {
        free_state(scope->allocator, job.state);
        return status;
    }
    *out_state = job.state;
    return MLSD_OK;
}

/* The bin of x: how many of the inner edges are not above it. */
static int64_t bin_of(const double *edges, int64_t n_bins, double x)
{
    int64_t low = 1, high = n_bins; /* inner edges */
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (edges[middle] <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return low - 1;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const bin_state *const state = state_;
    for (int64_t i = 0; i < n; i++) {
        double *to = out + i * state->p_out;
        for (int64_t j = 0; j < state->p; j++) {
            const double x = in[i * state->p + j];
            const int64_t width = width_of(state, j);
            if (!is_number(state, j) || isnan(x)) {
                for (int64_t k = 0; k < width; k++) to[k] = x;
            } else {
                const double *const edges = state->edges + j * state->n_edges;
                const int64_t bin = bin_of(edges, (int64_t)state->n_bins[j], x);
                memset(to, 0, (size_t)width * sizeof *to);
                if (state->is_ordinal)
                    to[0] = (double)bin;
                else
                    to[bin] = 1;
            }
            to += width;
        }
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const bin_state *const state = state_;
    *out_n = state->p_out;
    return state->out;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const bin_state *const state = state_;
    static const char *const names[] = {"bin_edges", "n_bins"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = i == 0 ? state->edges : state->n_bins;
    *rows = i == 0 ? state->p : 1;
    *cols = i == 0 ? state->n_edges : state->p;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const bin_state *const state = state_;
    mlsd__put_f64s(w, state->n_bins, state->p);
    mlsd__put_f64s(w, state->edges, state->p * state->n_edges);
    return w->status;
}

/* So many bins as fit, with finite edges that do not fall. */
static bool are_bins(const bin_state *state)
{
    for (int64_t j = 0; j < state->p; j++) {
        const double n = state->n_bins[j], *const edges = state->edges + j * state->n_edges;
        if (!is_number(state, j)) continue;
        if (!(n >= 1) || n >= (double)state->n_edges || n != floor(n)) return false;
        for (int64_t k = 0; k <= (int64_t)n; k++) {
            if (!isfinite(edges[k]) || (k > 0 && edges[k] < edges[k - 1])) return false;
        }
    }
    return true;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    bin_state *state = NULL;
    int64_t n = 0, n_edges = 0;
    *out_state = NULL;
    double *const n_bins = mlsd__take_f64s(r, &n), *const edges = mlsd__take_f64s(r, &n_edges);
    mlsd_status status = r->status;
    /* Before memory is asked for. */
    const int64_t each = ((const bin_params *)mlsd__spec_params(spec))->n_bins + 1;
    bool fits = n == n_features && n_edges / each == n_features && n_edges % each == 0;
    if (status == MLSD_OK && fits)
        status = state_new(r->allocator, spec, features, n_features, &state);
    if (status == MLSD_OK && fits && n > 0) {
        memcpy(state->n_bins, n_bins, (size_t)n * sizeof *n_bins);
        memcpy(state->edges, edges, (size_t)n_edges * sizeof *edges);
        fits = are_bins(state);
    }
    if (status == MLSD_OK && !fits)
        status = mlsd__fail(MLSD_E_CORRUPT, "the edges of bin do not fit its columns");
    if (status == MLSD_OK) status = name_outputs(r->allocator, state);
    mlsd__free(r->allocator, n_bins);
    mlsd__free(r->allocator, edges);
    if (status != MLSD_OK) {
        if (state != NULL) free_state(r->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
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

static const char *const encodings[] = {"onehot", "onehot-dense", "ordinal", NULL};
static const char *const strategies[] = {"uniform", "quantile", "kmeans", NULL};
static const mlsd_param table[] = {
    MLSD__P_I64(bin_params, n_bins, 2, 65536, "5", NULL,
                "Most bins of a column; fewer where edges coincide"),
    MLSD__P_CHOICE(bin_params, encode, encodings, "\"onehot\"",
                   "A column of 0 and 1 for each bin (both onehot are one), or its number"),
    MLSD__P_CHOICE(bin_params, strategy, strategies, "\"quantile\"",
                   "Bins of one width, of one number of rows, or about the centers of k-means"),
};

const mlsd_kind mlsd__kind_bin = {
    .name = "bin",
    .family = "transform",
    .doc = "Cut columns of numbers into bins",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(bin_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"KBinsDiscretizer\"}",
};
