/* log_transform.c - the logarithm of each number plus an offset, or of its size with its sign.
 *
 * Nothing is learned but the columns. A number that has no logarithm is an error by row and column,
 * in training and in prediction. NaN stays NaN. (In scikit-learn: FunctionTransformer(log1p).) */
#include <math.h>

#include "model/transform/column_pass.h"
#include "model/transform/column_state.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_log_transform;

typedef struct log_params {
    double offset;
    int64_t signed_;
} log_params;

typedef struct log_state {
    mlsd__column_state base;
    double offset;
    bool is_signed;
} log_state;

static const char *const names[] = {NULL};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const log_params *const params = mlsd__spec_params(spec);
    if (params->signed_ != 0 && params->offset <= 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'signed' needs an 'offset' above 0, got %g: the logarithm of 0 plus it",
                          params->offset);
    return MLSD_OK;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, void **out)
{
    const log_params *const params = mlsd__spec_params(spec);
    MLSD__TRY(check(spec, MLSD_TASK_NONE));
    MLSD__TRY(mlsd__column_state_new(a, features, p, 0, names, sizeof(log_state), out));
    log_state *const state = *out;
    state->offset = params->offset;
    state->is_signed = params->signed_ != 0;
    return MLSD_OK;
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const log_state *const state = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; !state->is_signed && i < n; i++) {
        for (int64_t j = 0; j < state->base.p; j++) {
            if (mlsd__is_number(&state->base, j) && x[i * ld + j] + state->offset <= 0)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' is %g, which has no logarithm with "
                                  "offset %g; use a larger 'offset', or 'signed'",
                                  (long long)(first_row + i), state->base.features[j].name,
                                  x[i * ld + j], state->offset);
        }
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    MLSD__TRY(
        state_new(scope->allocator, spec, train->x->features, train->x->n_features, out_state));
    const mlsd_status status = mlsd__check_rows(scope, train->x, check_block, *out_state);
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

/* log(x + offset), and of the size of x less log(offset): 0 stays 0. */
static double log_of(const log_state *state, double x)
{
    if (state->is_signed) {
        const double size = mlsd__log1p(fabs(x) / state->offset);
        return x < 0 ? -size : size;
    }
    return state->offset == 1 ? mlsd__log1p(x) : mlsd__log(x + state->offset);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const log_state *const state = state_;
    const int64_t p = state->base.p;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < p; j++) {
            const double x = in[i * p + j];
            out[i * p + j] = mlsd__is_number(&state->base, j) && !isnan(x) ? log_of(state, x) : x;
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
    .check_block = check_block,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64(log_params, offset, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1",
                NULL, "Added to numbers before the logarithm is taken"),
    {.name = "signed",
     .type = MLSD_PARAM_BOOL,
     .offset = offsetof(log_params, signed_),
     .upper = 1,
     .fallback = "false",
     .doc = "Take sign(x) log(1 + |x| / offset), which any number has"},
};

const mlsd_kind mlsd__kind_log_transform = {
    .name = "log_transform",
    .family = "transform",
    .doc = "Logarithms of columns of numbers",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(log_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"LogTransformer\"}",
};
