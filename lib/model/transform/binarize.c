/* binarize.c - 1 for numbers above a threshold, 0 for others.
 *
 * scikit-learn's Binarizer. NaN stays NaN; categories go through. */
#include <math.h>

#include "model/transform/column_state.h"

extern const mlsd_kind mlsd__kind_binarize;

typedef struct binarize_params {
    double threshold;
} binarize_params;

typedef struct binarize_state {
    mlsd__column_state base;
    double threshold;
} binarize_state;

static const char *const names[] = {NULL};

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, void **out)
{
    const binarize_params *const params = mlsd__spec_params(spec);
    MLSD__TRY(mlsd__column_state_new(a, features, p, 0, names, sizeof(binarize_state), out));
    ((binarize_state *)*out)->threshold = params->threshold;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    return state_new(scope->allocator, spec, train->x->features, train->x->n_features, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const binarize_state *const state = state_;
    const int64_t p = state->base.p;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            const double x = in[i * p + j];
            const bool is_known = mlsd__is_number(&state->base, j) && !isnan(x);
            out[i * p + j] = !is_known ? x : x > state->threshold ? 1 : 0;
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
    .fit = fit,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64(binarize_params, threshold, -INFINITY, INFINITY,
                MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0", NULL, "Numbers above become 1"),
};

const mlsd_kind mlsd__kind_binarize = {
    .name = "binarize",
    .family = "transform",
    .doc = "1 for numbers above a threshold, 0 for others",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(binarize_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"Binarizer\"}",
};
