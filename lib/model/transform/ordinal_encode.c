/* ordinal_encode.c - the number of its level for each category: 0, 1, ... in the order of their
 * texts; columns of numbers go through.
 *
 * scikit-learn's OrdinalEncoder, but a level that no training row has is by default no error: it
 * gets -1, because a fold may lack a rare level. Missing stays missing. */
#include <math.h>
#include <string.h>

#include "model/transform/level_rank.h"

extern const mlsd_kind mlsd__kind_ordinal_encode;

enum { USE_ENCODED_VALUE, ERROR };

typedef struct ordinal_params {
    int64_t handle_unknown;
    double unknown_value, encoded_missing_value;
    int64_t max_categories;
    double min_frequency;
} ordinal_params;

typedef struct ordinal_state {
    int64_t p, n_values;
    mlsd__feature *features_in, *features; /* owned: p of each */
    int64_t *first;                        /* p: of each column's values, by slot */
    double *values;                        /* INFINITY: no training row has it */
    double unknown;
    bool is_strict;
} ordinal_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    ordinal_state *const state = state_;
    mlsd__features_free(a, state->features_in, state->p);
    mlsd__features_free(a, state->features, state->p);
    mlsd__free(a, state->first);
    mlsd__free(a, state->values);
    mlsd__free(a, state);
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const ordinal_params *const params = mlsd__spec_params(spec);
    if (params->unknown_value >= 0 && params->handle_unknown == USE_ENCODED_VALUE)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'unknown_value' %g is the number of a level: take one below 0, or null",
                          params->unknown_value);
    return MLSD_OK;
}

/* A number of the same name for each category. */
static mlsd_status name_outputs(const mlsd__allocator *a, ordinal_state *state)
{
    state->features = mlsd__alloc(a, state->p, sizeof *state->features);
    if (state->features == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < state->p; j++)
        MLSD__TRY(mlsd__feature_name(a, state->features_in[j].name, "", &state->features[j]));
    return MLSD_OK;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, ordinal_state **out)
{
    const ordinal_params *const params = mlsd__spec_params(spec);
    *out = NULL;
    ordinal_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->unknown = params->unknown_value;
    state->is_strict = params->handle_unknown == ERROR;
    state->first = mlsd__alloc_raw(a, p, sizeof *state->first);
    mlsd_status status = state->first == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__features_copy(a, features, p, &state->features_in);
    if (status == MLSD_OK) {
        state->p = p;
        for (int64_t j = 0; j < p; j++) {
            state->first[j] = state->n_values;
            if (features[j].type == MLSD__CATEGORY) state->n_values += features[j].n_levels + 1;
        }
        state->values = mlsd__alloc_raw(a, state->n_values, sizeof *state->values);
        status = state->values == NULL ? MLSD_E_NOMEM : name_outputs(a, state);
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

static mlsd_status number_levels(const mlsd__allocator *a, const ordinal_params *params,
                                 const mlsd__feature *feature, const double *weights,
                                 double *values)
{
    mlsd__level *levels;
    int64_t n, number = 0;
    for (int64_t s = 0; s <= feature->n_levels; s++) values[s] = INFINITY;
    MLSD__TRY(mlsd__levels_rank(a, feature, weights, params->min_frequency, params->max_categories,
                                &levels, &n));
    for (int64_t i = 0; i < n; i++) {
        if (!levels[i].is_rare && levels[i].text != NULL) values[levels[i].slot] = (double)number++;
    }
    for (int64_t i = 0; i < n; i++) {
        if (levels[i].is_rare) values[levels[i].slot] = (double)number;
    }
    values[0] = params->encoded_missing_value;
    mlsd__free(a, levels);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = train->x->n_features;
    ordinal_state *state;
    double *weights = NULL;
    MLSD__TRY(state_new(a, spec, train->x->features, p, &state));
    mlsd_status status = mlsd__level_weights(scope, train, state->first, &weights);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        if (train->x->features[j].type == MLSD__CATEGORY)
            status = number_levels(a, mlsd__spec_params(spec), &train->x->features[j],
                                   weights + state->first[j], state->values + state->first[j]);
    }
    mlsd__free(a, weights);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* The number of a category's value; INFINITY for a level that is not known. */
static double number_of(const ordinal_state *state, int64_t j, double code)
{
    const int64_t slot = mlsd__level_slot(state->features_in[j].n_levels, code);
    return slot < 0 ? INFINITY : state->values[state->first[j] + slot];
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const ordinal_state *const state = state_;
    const int64_t p = state->p;
    for (int64_t j = 0; j < p; j++) {
        const bool is_category = state->features_in[j].type == MLSD__CATEGORY;
        for (int64_t i = 0; i < n; i++) {
            const double x = in[i * p + j];
            const double number = is_category ? number_of(state, j, x) : x;
            out[i * p + j] = number == INFINITY ? state->unknown : number;
        }
    }
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const ordinal_state *const state = state_;
    (void)has_nan, (void)scratch;
    for (int64_t i = 0; state->is_strict && i < n; i++) {
        for (int64_t j = 0; j < state->p; j++) {
            if (state->features_in[j].type == MLSD__CATEGORY &&
                number_of(state, j, x[i * ld + j]) == INFINITY)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' has a level that no training row has; "
                                  "set handle_unknown of ordinal_encode to use_encoded_value",
                                  (long long)(first_row + i), state->features_in[j].name);
        }
    }
    return MLSD_OK;
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const ordinal_state *const state = state_;
    *out_n = state->p;
    return state->features;
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const ordinal_state *const state = state_;
    mlsd__put_f64s(w, state->values, state->n_values);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    ordinal_state *state;
    int64_t n = 0;
    *out_state = NULL;
    MLSD__TRY(state_new(r->allocator, spec, features, n_features, &state));
    double *const values = mlsd__take_f64s(r, &n);
    mlsd_status status = r->status;
    if (status == MLSD_OK && n != state->n_values)
        status = mlsd__fail(MLSD_E_CORRUPT, "ordinal_encode has %lld numbers for %lld levels",
                            (long long)n, (long long)state->n_values);
    if (status == MLSD_OK && n > 0) memcpy(state->values, values, (size_t)n * sizeof *values);
    mlsd__free(r->allocator, values);
    if (status != MLSD_OK) {
        free_state(r->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .check_block = check_block,
    .features_out = features_out,
    .transform_block = transform_block,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const unknown_choices[] = {"use_encoded_value", "error", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(
        ordinal_params, handle_unknown, unknown_choices, "\"use_encoded_value\"",
        "A level that no training row has: `unknown_value`, or an error when predicting"),
    MLSD__P_F64_NULL(ordinal_params, unknown_value, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "-1",
                     "The number of such a level, below 0; null is NaN"),
    MLSD__P_F64_NULL(ordinal_params, encoded_missing_value, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "The number of a missing value; null is NaN"),
    MLSD__P_I64_NULL(ordinal_params, max_categories, 1, 9007199254740992.0, "null",
                     "Most numbers for one feature: the rarest levels share the last"),
    MLSD__P_F64_NULL(ordinal_params, min_frequency, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "Levels of fewer rows share the last number; below 1 it is a share of the "
                     "rows"),
};

const mlsd_kind mlsd__kind_ordinal_encode = {
    .name = "ordinal_encode",
    .family = "transform",
    .doc = "The number of its level for each category",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(ordinal_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"OrdinalEncoder\"}",
};
