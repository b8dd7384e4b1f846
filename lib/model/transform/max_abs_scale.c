/* max_abs_scale.c - divide each column of numbers by its largest absolute value.
 *
 * scikit-learn's MaxAbsScaler. 0 stays 0, NaN stays NaN, and a column of zeros stays as it is. */
#include <math.h>

#include "model/transform/column_pass.h"
#include "model/transform/column_state.h"

extern const mlsd_kind mlsd__kind_max_abs_scale;

enum { SCALE, MAX_ABS, N_ARRAYS };
static const char *const names[] = {"scale", "max_abs", NULL};

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    (void)spec;
    MLSD__TRY(mlsd__column_state_new(scope->allocator, train->x->features, train->x->n_features,
                                     N_ARRAYS, names, sizeof(mlsd__column_state), out_state));
    const mlsd__column_state *const state = *out_state;
    double *const scale = mlsd__column_state_array(state, SCALE);
    double *const max_abs = mlsd__column_state_array(state, MAX_ABS);
    const mlsd_status status = mlsd__column_ranges(scope, train, scale, max_abs);
    for (int64_t j = 0; status == MLSD_OK && j < state->p; j++) {
        const bool is_known = mlsd__is_number(state, j) && scale[j] <= max_abs[j];
        max_abs[j] = is_known ? fmax(fabs(scale[j]), fabs(max_abs[j])) : 0;
        scale[j] = max_abs[j] > 0 ? max_abs[j] : 1;
    }
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const mlsd__column_state *const state = state_;
    const double *const scale = mlsd__column_state_array(state, SCALE);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < state->p; j++)
            out[i * state->p + j] = in[i * state->p + j] / scale[j];
    }
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)n_classes;
    MLSD__TRY(mlsd__column_state_new(r->allocator, features, n_features, N_ARRAYS, names,
                                     sizeof(mlsd__column_state), out_state));
    return mlsd__column_state_keep(r->allocator, mlsd__column_state_load(r, *out_state), out_state);
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .fit = fit,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

const mlsd_kind mlsd__kind_max_abs_scale = {
    .name = "max_abs_scale",
    .family = "transform",
    .doc = "Divide columns of numbers by their largest absolute value",
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"MaxAbsScaler\"}",
};
