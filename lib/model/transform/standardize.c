/* standardize.c - take the mean from each column of numbers and divide by its standard deviation.
 *
 * Names, divisor (ddof 0) and the rule for constant columns are scikit-learn's StandardScaler. NaN
 * is left out of the moments and stays NaN; categories go through as they are. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/estimator.h"
#include "model/row_pass.h"

extern const mlsd_kind mlsd__kind_standardize;

typedef struct standardize_params {
    int64_t with_mean, with_std;
} standardize_params;

typedef struct standardize_state {
    int64_t p;
    mlsd__feature *features;    /* owned copies */
    double *numbers;            /* 5 * p in one block: */
    double *mean, *scale, *var; /* what was found, for people */
    double *shift, *divisor;    /* what is applied: 0 and 1 where nothing is */
} standardize_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    standardize_state *const state = state_;
    mlsd__features_free(a, state->features, state->p);
    mlsd__free(a, state->numbers);
    mlsd__free(a, state);
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd__feature *features, int64_t p,
                             standardize_state **out)
{
    *out = NULL;
    standardize_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->numbers = mlsd__alloc(a, p, 5 * sizeof(double));
    mlsd_status status = MLSD_E_NOMEM;
    if (state->numbers != NULL) status = mlsd__features_copy(a, features, p, &state->features);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    state->p = p;
    state->mean = state->numbers;
    state->scale = state->mean + p;
    state->var = state->scale + p;
    state->shift = state->var + p;
    state->divisor = state->shift + p;
    *out = state;
    return MLSD_OK;
}

static void choose_what_applies(standardize_state *state, const standardize_params *params)
{
    for (int64_t j = 0; j < state->p; j++) {
        const bool is_number = state->features[j].type == MLSD__NUMERIC;
        state->shift[j] = is_number && params->with_mean != 0 ? state->mean[j] : 0;
        state->divisor[j] = is_number && params->with_std != 0 ? state->scale[j] : 1;
    }
}

/* Can the variance be told from the rounding of its own sum? scikit-learn's _is_constant_feature.
 */
static bool is_constant(double n, double mean, double variance)
{
    const double noise = n * mean * DBL_EPSILON;
    return variance <= n * DBL_EPSILON * variance + noise * noise;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    standardize_state *state;
    MLSD__TRY(state_new(a, train->x->features, p, &state));
    double *const weight = mlsd__alloc_raw(a, p, sizeof *weight);
    mlsd_status status = MLSD_E_NOMEM;
    if (weight != NULL)
        status = mlsd__column_moments(scope, train->x, train->weight, weight, state->mean,
                                      state->var, NULL);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        const bool is_number = train->x->features[j].type == MLSD__NUMERIC;
        if (!is_number || !(weight[j] > 0)) {
            state->mean[j] = 0;
            state->var[j] = is_number ? 0 : 1;
            state->scale[j] = 1;
            continue;
        }
        state->var[j] /= weight[j];
        state->scale[j] =
            is_constant(weight[j], state->mean[j], state->var[j]) ? 1 : sqrt(state->var[j]);
        if (!isfinite(state->mean[j]) || !isfinite(state->scale[j]))
            status = mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                                train->x->features[j].name);
    }
    mlsd__free(a, weight);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    choose_what_applies(state, mlsd__spec_params(spec));
    *out_state = state;
    return MLSD_OK;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const standardize_state *const state = state_;
    const int64_t p = state->p;
    const double *const shift = state->shift, *const divisor = state->divisor;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) out[i * p + j] = (in[i * p + j] - shift[j]) / divisor[j];
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const standardize_state *const state = state_;
    *out_n = state->p;
    return state->features;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const standardize_state *const state = state_;
    static const char *const names[] = {"mean", "scale", "var"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = state->numbers + i * state->p;
    *rows = 1;
    *cols = state->p;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const standardize_state *const state = state_;
    mlsd__put_f64s(w, state->numbers, 3 * state->p);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    *out_state = NULL;
    int64_t n = 0;
    double *const numbers = mlsd__take_f64s(r, &n);
    standardize_state *state = NULL;
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != 3 * n_features)
        status = mlsd__fail(MLSD_E_CORRUPT, "standardize has %lld numbers for %lld features",
                            (long long)n, (long long)n_features);
    if (status == MLSD_OK) status = state_new(r->allocator, features, n_features, &state);
    if (status == MLSD_OK) {
        memcpy(state->numbers, numbers, (size_t)n * sizeof *numbers);
        choose_what_applies(state, mlsd__spec_params(spec));
        *out_state = state;
    }
    mlsd__free(r->allocator, numbers);
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

static const mlsd_param table[] = {
    MLSD__P_BOOL(standardize_params, with_mean, "true", "Take the mean away"),
    MLSD__P_BOOL(standardize_params, with_std, "true", "Divide by the standard deviation"),
};

const mlsd_kind mlsd__kind_standardize = {
    .name = "standardize",
    .family = "transform",
    .doc = "Bring columns of numbers to mean 0 and standard deviation 1",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(standardize_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"StandardScaler\"}",
};
