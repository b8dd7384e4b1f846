/* min_max_scale.c - bring the training range of each column of numbers to a given one.
 *
 * Names and rules are those of scikit-learn's MinMaxScaler; but a column is only taken for constant
 * when it is, whatever its size. A constant goes to the lower end. NaN stays NaN. */
#include <float.h>
#include <math.h>

#include "model/transform/column_pass.h"
#include "model/transform/column_state.h"

extern const mlsd_kind mlsd__kind_min_max_scale;

typedef struct min_max_params {
    mlsd__f64_list feature_range;
    int64_t clip;
} min_max_params;

typedef struct min_max_state {
    mlsd__column_state base;
    double low, high;
    bool clips;
} min_max_state;

enum { MIN, SCALE, DATA_MIN, DATA_MAX, DATA_RANGE, N_ARRAYS };
static const char *const names[] = {"min", "scale", "data_min", "data_max", "data_range", NULL};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const mlsd__f64_list range = ((const min_max_params *)mlsd__spec_params(spec))->feature_range;
    if (range.n == 2 && range.values[0] < range.values[1] &&
        isfinite(range.values[1] - range.values[0]))
        return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                      "'feature_range' must be two numbers, the smaller one first");
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, void **out)
{
    const min_max_params *const params = mlsd__spec_params(spec);
    MLSD__TRY(check(spec, MLSD_TASK_NONE));
    MLSD__TRY(mlsd__column_state_new(a, features, p, N_ARRAYS, names, sizeof(min_max_state), out));
    min_max_state *const state = *out;
    state->low = params->feature_range.values[0];
    state->high = params->feature_range.values[1];
    state->clips = params->clip != 0;
    return MLSD_OK;
}

/* Turn ranges into factors and summands. */
static mlsd_status place_columns(min_max_state *state)
{
    double *const min = mlsd__column_state_array(&state->base, MIN);
    double *const scale = mlsd__column_state_array(&state->base, SCALE);
    double *const data_min = mlsd__column_state_array(&state->base, DATA_MIN);
    double *const data_max = mlsd__column_state_array(&state->base, DATA_MAX);
    double *const range = mlsd__column_state_array(&state->base, DATA_RANGE);
    for (int64_t j = 0; j < state->base.p; j++) {
        const bool is_number = mlsd__is_number(&state->base, j);
        if (!is_number || data_min[j] > data_max[j]) data_min[j] = data_max[j] = 0;
        range[j] = data_max[j] - data_min[j];
        if (!isfinite(range[j]))
            return mlsd__fail(MLSD_E_NUMERIC, "the range of column '%.100s' is too large: %g to %g",
                              state->base.features[j].name, data_min[j], data_max[j]);
        const double width = state->high - state->low;
        scale[j] = range[j] > 0 && width / range[j] <= DBL_MAX ? width / range[j] : width;
        min[j] = state->low - data_min[j] * scale[j];
        if (!is_number) scale[j] = 1, min[j] = 0;
        if (!isfinite(min[j]))
            return mlsd__fail(MLSD_E_NUMERIC,
                              "column '%.100s' lies too far from 0 for its range, %g to %g",
                              state->base.features[j].name, data_min[j], data_max[j]);
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    MLSD__TRY(
        state_new(scope->allocator, spec, train->x->features, train->x->n_features, out_state));
    min_max_state *const state = *out_state;
    mlsd_status status =
        mlsd__column_ranges(scope, train, mlsd__column_state_array(&state->base, DATA_MIN),
                            mlsd__column_state_array(&state->base, DATA_MAX));
    if (status == MLSD_OK) status = place_columns(state);
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const min_max_state *const state = state_;
    const int64_t p = state->base.p;
    const double *const min = mlsd__column_state_array(&state->base, MIN);
    const double *const scale = mlsd__column_state_array(&state->base, SCALE);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) out[i * p + j] = in[i * p + j] * scale[j] + min[j];
    }
    for (int64_t j = 0; state->clips && j < p; j++) {
        if (!mlsd__is_number(&state->base, j)) continue;
        for (int64_t i = 0; i < n; i++) {
            double *const x = &out[i * p + j];
            *x = *x < state->low ? state->low : *x > state->high ? state->high : *x;
        }
    }
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    MLSD__TRY(state_new(r->allocator, spec, features, n_features, out_state));
    return mlsd__column_state_keep(r->allocator, mlsd__column_state_load(r, *out_state), out_state);
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64_LIST(min_max_params, feature_range, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "[0,1]", NULL,
                     "The range wanted: its lower and its upper end"),
    MLSD__P_BOOL(min_max_params, clip, "false",
                 "Bring values beyond the training range to its ends"),
};

const mlsd_kind mlsd__kind_min_max_scale = {
    .name = "min_max_scale",
    .family = "transform",
    .doc = "Bring columns of numbers to a given range",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(min_max_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"MinMaxScaler\"}",
};
