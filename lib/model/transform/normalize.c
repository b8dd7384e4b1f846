/* normalize.c - scale the numbers of each row to norm 1.
 *
 * scikit-learn's Normalizer. A row of zeros stays as it is; categories do not count and go through.
 * A row that lacks a number has no norm: its numbers all become NaN. */
#include <math.h>

#include "model/transform/column_state.h"

extern const mlsd_kind mlsd__kind_normalize;

enum { L1, L2, MAX };

typedef struct normalize_params {
    int64_t norm;
} normalize_params;

typedef struct normalize_state {
    mlsd__column_state base;
    int64_t norm;
} normalize_state;

static const char *const names[] = {NULL};

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, void **out)
{
    MLSD__TRY(mlsd__column_state_new(a, features, p, 0, names, sizeof(normalize_state), out));
    ((normalize_state *)*out)->norm = ((const normalize_params *)mlsd__spec_params(spec))->norm;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    return state_new(scope->allocator, spec, train->x->features, train->x->n_features, out_state);
}

/* The norm over the largest size, which is 1 to the number of columns whatever the row's size. */
static double norm_of(const normalize_state *state, const double *row, double largest)
{
    double sum = 0;
    for (int64_t j = 0; state->norm != MAX && j < state->base.p; j++) {
        if (!mlsd__is_number(&state->base, j)) continue;
        const double x = fabs(row[j]) / largest;
        sum += state->norm == L1 ? x : x * x;
    }
    return state->norm == MAX ? 1 : state->norm == L1 ? sum : sqrt(sum);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const normalize_state *const state = state_;
    const int64_t p = state->base.p;
    for (int64_t i = 0; i < n; i++) {
        const double *const from = in + i * p;
        double *const to = out + i * p;
        double largest = 0;
        bool lacks = false;
        for (int64_t j = 0; j < p; j++) {
            if (!mlsd__is_number(&state->base, j)) continue;
            lacks |= isnan(from[j]);
            largest = fabs(from[j]) > largest ? fabs(from[j]) : largest;
        }
        const double norm = largest > 0 ? norm_of(state, from, largest) : 1;
        for (int64_t j = 0; j < p; j++) {
            if (!mlsd__is_number(&state->base, j) || largest == 0)
                to[j] = from[j];
            else
                to[j] = from[j] / largest / norm;
            if (lacks && mlsd__is_number(&state->base, j)) to[j] = NAN;
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

static const char *const norms[] = {"l1", "l2", "max", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(normalize_params, norm, norms, "\"l2\"",
                   "What becomes 1: the sum of sizes, the root of the sum of squares, or the "
                   "largest size"),
};

const mlsd_kind mlsd__kind_normalize = {
    .name = "normalize",
    .family = "transform",
    .doc = "Scale the numbers of each row to norm 1",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(normalize_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"Normalizer\"}",
};
