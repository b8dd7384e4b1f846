/* power_transform.c - make columns of numbers more normal by a power of each, its exponent found by
 * maximum likelihood (power_fit.c), and standardise them.
 *
 * Names are those of scikit-learn's PowerTransformer. Unlike there, an exponent of any size still
 * gives different numbers for different ones. NaN is left out and stays NaN. */
#include <math.h>

#include "model/transform/column_state.h"
#include "model/transform/power_fit.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_power_transform;

enum { YEO_JOHNSON, BOX_COX };

typedef struct power_params {
    int64_t method, standardize;
} power_params;

typedef struct power_state {
    mlsd__column_state base;
    bool box_cox, standardizes;
} power_state;

/* Mean and scale are those of the shifted values; 0 and 1 where nothing is standardised. */
enum { LAMBDAS, REFERENCE, SIDE, MEAN, SCALE, N_ARRAYS };
static const char *const names[] = {"lambdas", "reference", "side", "mean", "scale", NULL};

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, void **out)
{
    const power_params *const params = mlsd__spec_params(spec);
    MLSD__TRY(mlsd__column_state_new(a, features, p, N_ARRAYS, names, sizeof(power_state), out));
    power_state *const state = *out;
    state->box_cox = params->method == BOX_COX;
    state->standardizes = params->standardize != 0;
    return MLSD_OK;
}

static mlsd__power power_of(const power_state *state, int64_t j)
{
    return (mlsd__power){.lambda = mlsd__column_state_array(&state->base, LAMBDAS)[j],
                         .reference = mlsd__column_state_array(&state->base, REFERENCE)[j],
                         .side = mlsd__column_state_array(&state->base, SIDE)[j]};
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const power_state *const state = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; state->box_cox && i < n; i++) {
        for (int64_t j = 0; j < state->base.p; j++) {
            if (mlsd__is_number(&state->base, j) && x[i * ld + j] <= 0)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is %g, and box-cox takes numbers "
                                  "above 0; use yeo-johnson",
                                  (long long)(first_row + i), state->base.features[j].name,
                                  x[i * ld + j]);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit_column(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    power_state *const state = arg;
    const int64_t j = c->column;
    mlsd__power power;
    MLSD__TRY(mlsd__power_fit(scope, c, state->box_cox, state->base.features[j].name, &power));
    mlsd__column_state_array(&state->base, LAMBDAS)[j] = power.lambda;
    mlsd__column_state_array(&state->base, REFERENCE)[j] = power.reference;
    mlsd__column_state_array(&state->base, SIDE)[j] = power.side;
    if (!state->standardizes || c->n == 0) return MLSD_OK;
    double *const powered = mlsd__alloc_raw(scope->allocator, c->n, sizeof *powered);
    if (powered == NULL) return MLSD_E_NOMEM;
    double total = (double)c->n, mean, variance;
    for (int64_t i = 0; i < c->n; i++)
        powered[i] = mlsd__power_shifted(&power, state->box_cox, c->values[i]);
    if (c->weight != NULL) total = mlsd__sum(c->weight, c->n);
    mlsd__mean_variance(powered, c->weight, c->n, 0, &mean, &variance);
    mlsd__free(scope->allocator, powered);
    mlsd__column_state_array(&state->base, MEAN)[j] = mean;
    mlsd__column_state_array(&state->base, SCALE)[j] = mlsd__standard_scale(total, mean, variance);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    MLSD__TRY(
        state_new(scope->allocator, spec, train->x->features, train->x->n_features, out_state));
    power_state *const state = *out_state;
    for (int64_t j = 0; j < state->base.p; j++) {
        mlsd__column_state_array(&state->base, LAMBDAS)[j] = 1;
        mlsd__column_state_array(&state->base, SCALE)[j] = 1;
    }
    mlsd_status status = MLSD_OK;
    if (state->box_cox) status = mlsd__check_rows(scope, train->x, check_block, state);
    if (status == MLSD_OK) status = mlsd__each_sorted_number(scope, train, fit_column, state);
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const power_state *const state = state_;
    const int64_t p = state->base.p;
    for (int64_t j = 0; j < p; j++) {
        const mlsd__power power = power_of(state, j);
        const double mean = mlsd__column_state_array(&state->base, MEAN)[j];
        const double scale = mlsd__column_state_array(&state->base, SCALE)[j];
        const bool is_number = mlsd__is_number(&state->base, j);
        for (int64_t i = 0; i < n; i++) {
            double x = in[i * p + j];
            if (is_number && !isnan(x))
                x = state->standardizes
                        ? (mlsd__power_shifted(&power, state->box_cox, x) - mean) / scale
                        : mlsd__power_plain(power.lambda, state->box_cox, x);
            out[i * p + j] = x;
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
    .check_block = check_block,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

static const char *const methods[] = {"yeo-johnson", "box-cox", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(power_params, method, methods, "\"yeo-johnson\"",
                   "Powers of any numbers, or of numbers above 0 alone"),
    MLSD__P_BOOL(power_params, standardize, "true",
                 "Bring what comes out to mean 0 and standard deviation 1"),
};

const mlsd_kind mlsd__kind_power_transform = {
    .name = "power_transform",
    .family = "transform",
    .doc = "Make columns of numbers more normal by the most likely power of each",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(power_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"PowerTransformer\"}",
};
