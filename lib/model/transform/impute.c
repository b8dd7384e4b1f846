/* impute.c - fill missing values with what the training rows say: one number for each column of
 * numbers, one level for each category. How the fill values are found is in impute_fill.c.
 *
 * Strategies and names are scikit-learn's SimpleImputer; unlike there, a column without any value
 * is kept (and filled with 0), weights count, and ties of most_frequent go to the smallest value.
 */
#include "model/transform/impute_fill.h"

#include <math.h>
#include <string.h>

#include "model/estimator.h"

extern const mlsd_kind mlsd__kind_impute;

/* The text of the level that missing categories become. */
static const char *const OWN_LEVEL = "missing";

typedef struct impute_params {
    int64_t strategy;
    double fill_value;
    int64_t category_strategy, add_indicator;
} impute_params;

typedef struct impute_state {
    int64_t p, p_out;
    mlsd__feature *features; /* p_out owned */
    double *fill;            /* p: what missing becomes */
    double *had_missing;     /* p: 1 where a training row lacked it */
} impute_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    impute_state *const state = state_;
    mlsd__features_free(a, state->features, state->p_out);
    mlsd__free(a, state->fill);
    mlsd__free(a, state->had_missing);
    mlsd__free(a, state);
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const impute_params *const params = mlsd__spec_params(spec);
    if (params->strategy != MLSD__IMPUTE_CONSTANT && !isnan(params->fill_value))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'fill_value' is set, but 'strategy' is not constant");
    return MLSD_OK;
}

/* A copy of a category with one more level, unless it has that level. *code is the level's. */
static mlsd_status add_own_level(const mlsd__allocator *a, const mlsd__feature *in, double *code,
                                 mlsd__feature *out)
{
    for (int64_t i = 0; i < in->n_levels; i++) {
        if (strcmp(in->levels[i], OWN_LEVEL) != 0) continue;
        *code = (double)i;
        return mlsd__feature_copy(a, in, out);
    }
    char **const levels = mlsd__alloc_raw(a, in->n_levels + 1, sizeof *levels);
    if (levels == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < in->n_levels; i++) levels[i] = in->levels[i];
    levels[in->n_levels] = (char *)(uintptr_t)OWN_LEVEL;
    mlsd__feature more = *in;
    more.n_levels++;
    more.levels = levels;
    const mlsd_status status = mlsd__feature_copy(a, &more, out);
    *code = (double)in->n_levels;
    mlsd__free(a, levels);
    return status;
}

/* The features out, and the codes of own levels, once had_missing is known. */
static mlsd_status name_outputs(const mlsd__allocator *a, const impute_params *params,
                                const mlsd__feature *features, impute_state *state)
{
    int64_t n_indicators = 0;
    for (int64_t j = 0; params->add_indicator != 0 && j < state->p; j++)
        n_indicators += state->had_missing[j] != 0;
    state->features = mlsd__alloc(a, state->p + n_indicators, sizeof *state->features);
    if (state->features == NULL) return MLSD_E_NOMEM;
    state->p_out = state->p + n_indicators;
    for (int64_t j = 0; j < state->p; j++) {
        const bool is_wanted =
            params->category_strategy == MLSD__IMPUTE_OWN_LEVEL && state->had_missing[j] != 0;
        const bool own_level =
            features[j].type == MLSD__CATEGORY && (is_wanted || features[j].n_levels == 0);
        if (own_level)
            MLSD__TRY(add_own_level(a, &features[j], &state->fill[j], &state->features[j]));
        else
            MLSD__TRY(mlsd__feature_copy(a, &features[j], &state->features[j]));
    }
    int64_t at = state->p;
    for (int64_t j = 0; at < state->p_out; j++) {
        if (state->had_missing[j] == 0) continue;
        MLSD__TRY(
            mlsd__feature_name(a, "missingindicator_", features[j].name, &state->features[at++]));
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const impute_params *const params = mlsd__spec_params(spec);
    impute_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->p = train->x->n_features;
    state->fill = mlsd__alloc(a, state->p, sizeof *state->fill);
    state->had_missing = mlsd__alloc(a, state->p, sizeof *state->had_missing);
    mlsd_status status = MLSD_E_NOMEM;
    if (state->fill != NULL && state->had_missing != NULL)
        status = mlsd__impute_fill(scope, train, params->strategy,
                                   isnan(params->fill_value) ? 0 : params->fill_value, state->fill,
                                   state->had_missing);
    if (status == MLSD_OK) status = name_outputs(a, params, train->x->features, state);
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const impute_state *const state = state_;
    const int64_t p = state->p;
    for (int64_t i = 0; i < n; i++) {
        const double *const from = in + i * p;
        double *const to = out + i * state->p_out;
        for (int64_t j = 0; j < p; j++) to[j] = isnan(from[j]) ? state->fill[j] : from[j];
        int64_t at = p;
        for (int64_t j = 0; at < state->p_out; j++) {
            if (state->had_missing[j] != 0) to[at++] = isnan(from[j]) ? 1 : 0;
        }
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const impute_state *const state = state_;
    *out_n = state->p_out;
    return state->features;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const impute_state *const state = state_;
    if (i > 0) return NULL;
    *data = state->fill;
    *rows = 1;
    *cols = state->p;
    return "statistics";
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const impute_state *const state = state_;
    mlsd__put_f64s(w, state->fill, state->p);
    mlsd__put_f64s(w, state->had_missing, state->p);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    *out_state = NULL;
    impute_state *const state = mlsd__alloc(r->allocator, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    int64_t n_fill = 0, n_missing = 0;
    state->fill = mlsd__take_f64s(r, &n_fill);
    state->had_missing = mlsd__take_f64s(r, &n_missing);
    state->p = n_features;
    mlsd_status status = r->status;
    if (status == MLSD_OK && (n_fill != n_features || n_missing != n_features))
        status = mlsd__fail(MLSD_E_CORRUPT, "impute has %lld values for %lld features",
                            (long long)n_fill, (long long)n_features);
    if (status == MLSD_OK)
        status = name_outputs(r->allocator, mlsd__spec_params(spec), features, state);
    if (status != MLSD_OK) {
        free_state(r->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static bool does_nothing(const mlsd_spec *spec, const mlsd__frame *x)
{
    (void)spec;
    return mlsd__frame_is_numeric(x);
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .features_out = features_out,
    .does_nothing = does_nothing,
    .transform_block = transform_block,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

/* In the order of the MLSD__IMPUTE_ constants. */
static const char *const strategies[] = {"mean", "median", "most_frequent", "constant", NULL};
static const char *const category_strategies[] = {"most_frequent", "own_level", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(impute_params, strategy, strategies, "\"mean\"",
                   "What fills missing numbers: the column's mean, median or most frequent value, "
                   "or `fill_value`"),
    MLSD__P_F64_NULL(impute_params, fill_value, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "The number of strategy constant; null is 0"),
    MLSD__P_CHOICE(
        impute_params, category_strategy, category_strategies, "\"most_frequent\"",
        "What fills missing categories: the most frequent level, or a level of their own "
        "called missing"),
    MLSD__P_BOOL(impute_params, add_indicator, "false",
                 "Add a column missingindicator_<name> for each column that lacks values"),
};

const mlsd_kind mlsd__kind_impute = {
    .name = "impute",
    .family = "transform",
    .doc = "Fill missing values with what the training rows say",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(impute_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"SimpleImputer\"}",
};
