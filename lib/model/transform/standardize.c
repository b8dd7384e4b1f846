/* standardize.c - take the mean from each column of numbers and divide by its standard deviation.
 *
 * Names, divisor (ddof 0) and the rule for constant columns are scikit-learn's StandardScaler. NaN
 * is left out of the moments and stays NaN; categories go through as they are. */
#include <math.h>

#include "model/row_pass.h"
#include "model/transform/column_state.h"

extern const mlsd_kind mlsd__kind_standardize;

typedef struct standardize_params {
    int64_t with_mean, with_std;
} standardize_params;

/* What was found, for people; what is applied (0 and 1 where nothing is) follows. */
enum { MEAN, SCALE, VAR, SHIFT, DIVISOR, N_ARRAYS, N_SAVED = SHIFT };
static const char *const names[] = {"mean", "scale", "var", NULL};

static void choose_what_applies(const standardize_params *params, mlsd__column_state *state)
{
    const double *const mean = mlsd__column_state_array(state, MEAN);
    const double *const scale = mlsd__column_state_array(state, SCALE);
    double *const shift = mlsd__column_state_array(state, SHIFT);
    double *const divisor = mlsd__column_state_array(state, DIVISOR);
    for (int64_t j = 0; j < state->p; j++) {
        const bool is_number = mlsd__is_number(state, j);
        shift[j] = is_number && params->with_mean != 0 ? mean[j] : 0;
        divisor[j] = is_number && params->with_std != 0 ? scale[j] : 1;
    }
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd__feature *features, int64_t p,
                             mlsd__column_state **out)
{
    void *state;
    *out = NULL;
    MLSD__TRY(mlsd__column_state_new(a, features, p, N_ARRAYS, names, sizeof **out, &state));
    *out = state;
    (*out)->n_saved = N_SAVED;
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, const standardize_params *params,
                               const mlsd__train *train, mlsd__column_state *state)
{
    double *const mean = mlsd__column_state_array(state, MEAN);
    double *const scale = mlsd__column_state_array(state, SCALE);
    double *const var = mlsd__column_state_array(state, VAR);
    double *const weight = mlsd__column_state_array(state, SHIFT); /* until that is made */
    MLSD__TRY(mlsd__column_moments(scope, train->x, train->weight, weight, mean, var, NULL));
    for (int64_t j = 0; j < state->p; j++) {
        const bool is_number = mlsd__is_number(state, j);
        if (is_number && weight[j] > 0) {
            var[j] /= weight[j];
            scale[j] = mlsd__standard_scale(weight[j], mean[j], var[j]);
        } else {
            mean[j] = 0;
            var[j] = is_number ? 0 : 1;
            scale[j] = 1;
        }
        if (!isfinite(mean[j]) || !isfinite(scale[j]))
            return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                              train->x->features[j].name);
    }
    choose_what_applies(params, state);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    mlsd__column_state *state;
    MLSD__TRY(state_new(scope->allocator, train->x->features, train->x->n_features, &state));
    *out_state = state;
    const mlsd_status status = fit_columns(scope, mlsd__spec_params(spec), train, state);
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const mlsd__column_state *const state = state_;
    mlsd__shift_and_divide(in, n, state->p, mlsd__column_state_array(state, SHIFT),
                           mlsd__column_state_array(state, DIVISOR), out);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    mlsd__column_state *state;
    MLSD__TRY(state_new(r->allocator, features, n_features, &state));
    *out_state = state;
    const mlsd_status status = mlsd__column_state_load(r, state);
    choose_what_applies(mlsd__spec_params(spec), state);
    return mlsd__column_state_keep(r->allocator, status, out_state);
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .fits_moments = true,
    .fit = fit,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
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
