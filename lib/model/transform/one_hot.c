/* one_hot.c - a column of 0 and 1 for each level of each category; columns of numbers go through.
 *
 * Levels are those of the training rows (of positive weight), in the order of their texts; rare
 * ones can share one column. Missing is a level of its own where a training row lacks the value.
 * Names and rules are those of scikit-learn's OneHotEncoder, but an unknown level is by default no
 * error: it gets zeros. */
#include <math.h>
#include <string.h>

#include "model/transform/level_rank.h"

extern const mlsd_kind mlsd__kind_one_hot;

enum { IGNORE, ERROR, INFREQUENT_IF_EXIST };
enum { DROP_NONE, DROP_FIRST, DROP_IF_BINARY };

/* Where a level goes besides the columns >= 0. */
enum { NOWHERE = -1, UNKNOWN = -2 };

typedef struct one_hot_params {
    int64_t handle_unknown, drop, max_categories;
    double min_frequency;
} one_hot_params;

/* One feature in. slot[code + 1] is the column of a level, counted from `first`; slot[0] is
 * missing's. */
typedef struct encoded {
    bool is_category;
    int64_t first, width; /* columns out */
    int64_t n_slots;      /* n_levels + 1 */
    int64_t *slot;
    int64_t unknown; /* the column of levels that are not there, NOWHERE or UNKNOWN */
} encoded;

typedef struct one_hot_state {
    mlsd__allocator allocator;
    int64_t p, p_out;
    bool is_strict; /* handle_unknown error */
    encoded *columns;
    mlsd__feature *features_in; /* p, for messages */
    mlsd__feature *features;    /* p_out */
    int64_t n_named;            /* of them so far */
} one_hot_state;

static void free_state(const mlsd__allocator *a, void *state_)
{
    one_hot_state *const state = state_;
    for (int64_t j = 0; state->columns != NULL && j < state->p; j++)
        mlsd__free(a, state->columns[j].slot);
    mlsd__free(a, state->columns);
    mlsd__features_free(a, state->features_in, state->p);
    mlsd__features_free(a, state->features, state->n_named);
    mlsd__free(a, state);
}

/* An encoder whose slots are all UNKNOWN. */
static mlsd_status state_new(const mlsd__allocator *a, const mlsd_spec *spec,
                             const mlsd__feature *features, int64_t p, one_hot_state **out)
{
    const one_hot_params *const params = mlsd__spec_params(spec);
    *out = NULL;
    one_hot_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->allocator = *a;
    state->is_strict = params->handle_unknown == ERROR;
    state->columns = mlsd__alloc(a, p, sizeof *state->columns);
    mlsd_status status = state->columns == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) state->p = p;
    if (status == MLSD_OK) status = mlsd__features_copy(a, features, p, &state->features_in);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        encoded *const c = &state->columns[j];
        c->is_category = features[j].type == MLSD__CATEGORY;
        c->width = c->is_category ? 0 : 1;
        c->unknown = UNKNOWN;
        if (!c->is_category) continue;
        c->n_slots = features[j].n_levels + 1;
        c->slot = mlsd__alloc_raw(a, c->n_slots, sizeof *c->slot);
        if (c->slot == NULL) {
            status = MLSD_E_NOMEM;
            break;
        }
        for (int64_t s = 0; s < c->n_slots; s++) c->slot[s] = UNKNOWN;
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

/* Give the levels of one column their columns out. */
static mlsd_status place_levels(const mlsd__allocator *a, const one_hot_params *params,
                                const mlsd__feature *feature, const double *weights, encoded *c)
{
    mlsd__level *levels;
    int64_t n, width = 0, n_rare = 0;
    MLSD__TRY(mlsd__levels_rank(a, feature, weights, params->min_frequency, params->max_categories,
                                &levels, &n));
    for (int64_t i = 0; i < n; i++) {
        n_rare += levels[i].is_rare;
        if (!levels[i].is_rare) c->slot[levels[i].slot] = width++;
    }
    for (int64_t i = 0; i < n; i++) {
        if (levels[i].is_rare) c->slot[levels[i].slot] = width;
    }
    mlsd__free(a, levels);
    width += n_rare > 0;
    const bool drops_first =
        params->drop == DROP_FIRST || (params->drop == DROP_IF_BINARY && width == 2);
    if (drops_first && width > 0) {
        for (int64_t s = 0; s < c->n_slots; s++) c->slot[s] -= c->slot[s] >= 0;
        width--;
    }
    c->unknown = params->handle_unknown == ERROR ? UNKNOWN : NOWHERE;
    if (params->handle_unknown == INFREQUENT_IF_EXIST && n_rare > 0) c->unknown = width - 1;
    c->width = width;
    return MLSD_OK;
}

/* "region_north" with the level's text, or the word for what has none. */
static mlsd_status name_column(const mlsd__allocator *a, const char *feature, const char *level,
                               mlsd__feature *out)
{
    mlsd__feature stem;
    MLSD__TRY(mlsd__feature_name(a, feature, "_", &stem));
    const mlsd_status status = mlsd__feature_name(a, stem.name, level, out);
    mlsd__feature_free(a, &stem);
    return status;
}

/* Names of one category's columns, by walking its slots once. */
static mlsd_status name_category(one_hot_state *state, const mlsd__feature *in, const encoded *c)
{
    const mlsd__allocator *const a = &state->allocator;
    int64_t *const first_slot = mlsd__alloc_raw(a, c->width, 2 * sizeof *first_slot);
    if (first_slot == NULL) return MLSD_E_NOMEM;
    int64_t *const n_slots = first_slot + c->width;
    memset(n_slots, 0, (size_t)c->width * sizeof *n_slots);
    for (int64_t s = 0; s < c->n_slots; s++) {
        const int64_t column = c->slot[s];
        if (column < 0 || column >= c->width) continue;
        first_slot[column] = s;
        n_slots[column]++;
    }
    mlsd_status status = MLSD_OK;
    for (int64_t k = 0; status == MLSD_OK && k < c->width; k++) {
        const char *level = "infrequent";
        if (n_slots[k] == 1) level = first_slot[k] == 0 ? "nan" : in->levels[first_slot[k] - 1];
        status = name_column(a, in->name, level, &state->features[state->n_named]);
        state->n_named += status == MLSD_OK;
    }
    mlsd__free(a, first_slot);
    return status;
}

/* Positions and names of all columns out, once slots and widths are known. */
static mlsd_status lay_out(one_hot_state *state)
{
    const mlsd__allocator *const a = &state->allocator;
    state->p_out = 0;
    for (int64_t j = 0; j < state->p; j++) {
        state->columns[j].first = state->p_out;
        state->p_out += state->columns[j].width;
        if (state->p_out > MLSD__MOST_COLUMNS)
            return mlsd__fail(
                MLSD_E_SHAPE,
                "one_hot makes %lld columns of '%.100s', and %lld together: too many; "
                "set 'max_categories' or 'min_frequency', or take target_encode",
                (long long)state->columns[j].width, state->features_in[j].name,
                (long long)state->p_out);
    }
    state->features = mlsd__alloc(a, state->p_out, sizeof *state->features);
    if (state->features == NULL) return MLSD_E_NOMEM;
    for (int64_t j = 0; j < state->p; j++) {
        const mlsd__feature *const in = &state->features_in[j];
        if (state->columns[j].is_category) {
            MLSD__TRY(name_category(state, in, &state->columns[j]));
        } else {
            MLSD__TRY(mlsd__feature_copy(a, in, &state->features[state->n_named]));
            state->n_named++;
        }
    }
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const one_hot_params *const params = mlsd__spec_params(spec);
    const int64_t p = train->x->n_features;
    one_hot_state *state = NULL;
    double *weights = NULL;
    int64_t *const offset = mlsd__alloc(a, p, sizeof *offset);
    mlsd_status status = offset == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = state_new(a, spec, train->x->features, p, &state);
    if (status == MLSD_OK) status = mlsd__level_weights(scope, train, offset, &weights);
    for (int64_t j = 0; status == MLSD_OK && j < p; j++) {
        if (state->columns[j].is_category)
            status = place_levels(a, params, &train->x->features[j], weights + offset[j],
                                  &state->columns[j]);
    }
    if (status == MLSD_OK) status = lay_out(state);
    mlsd__free(a, weights);
    mlsd__free(a, offset);
    if (status != MLSD_OK) {
        if (state != NULL) free_state(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* The column of a value counted from c->first, NOWHERE or UNKNOWN. */
static int64_t column_of(const encoded *c, double code)
{
    int64_t column = UNKNOWN;
    if (isnan(code))
        column = c->slot[0];
    else if (code >= 0 && code < (double)(c->n_slots - 1))
        column = c->slot[(int64_t)code + 1];
    return column == UNKNOWN ? c->unknown : column;
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const one_hot_state *const state = state_;
    for (int64_t i = 0; i < n; i++) {
        const double *const from = in + i * state->p;
        double *const to = out + i * state->p_out;
        for (int64_t j = 0; j < state->p; j++) {
            const encoded *const c = &state->columns[j];
            if (!c->is_category) {
                to[c->first] = from[j];
                continue;
            }
            memset(to + c->first, 0, (size_t)c->width * sizeof *to);
            const int64_t column = column_of(c, from[j]);
            if (column >= 0) to[c->first + column] = 1;
        }
    }
}

static mlsd_status check_block(const void *state_, const double *x, int64_t n, int64_t ld,
                               int64_t first_row, bool has_nan, double *scratch)
{
    const one_hot_state *const state = state_;
    (void)has_nan, (void)scratch;
    if (!state->is_strict) return MLSD_OK;
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < state->p; j++) {
            const encoded *const c = &state->columns[j];
            if (c->is_category && column_of(c, x[i * ld + j]) == UNKNOWN)
                return mlsd__fail(MLSD_E_DATA,
                                  "row %lld, column '%.100s' has a level that no training row has; "
                                  "set handle_unknown of one_hot to ignore",
                                  (long long)(first_row + i), state->features_in[j].name);
        }
    }
    return MLSD_OK;
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const one_hot_state *const state = state_;
    *out_n = state->p_out;
    return state->features;
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const one_hot_state *const state = state_;
    for (int64_t j = 0; j < state->p; j++) {
        const encoded *const c = &state->columns[j];
        if (!c->is_category) continue;
        mlsd__put_i64(w, c->width);
        mlsd__put_i64(w, c->unknown);
        mlsd__put_i64s(w, c->slot, c->n_slots);
    }
    return w->status;
}

static mlsd_status load_column(mlsd__reader *r, encoded *c)
{
    int64_t n = 0;
    c->width = mlsd__take_count(r, c->n_slots);
    c->unknown = mlsd__take_i64(r);
    int64_t *const slot = mlsd__take_i64s(r, &n);
    mlsd_status status = r->status;
    bool fits = n == c->n_slots && c->unknown >= UNKNOWN && c->unknown < c->width;
    for (int64_t s = 0; status == MLSD_OK && fits && s < n; s++)
        fits = slot[s] >= UNKNOWN && slot[s] < c->width;
    if (status == MLSD_OK && !fits)
        status = mlsd__fail(MLSD_E_CORRUPT, "the levels of one_hot do not fit its columns");
    if (status == MLSD_OK) memcpy(c->slot, slot, (size_t)n * sizeof *slot);
    mlsd__free(r->allocator, slot);
    return status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)n_classes;
    *out_state = NULL;
    one_hot_state *state;
    MLSD__TRY(state_new(r->allocator, spec, features, n_features, &state));
    mlsd_status status = MLSD_OK;
    for (int64_t j = 0; status == MLSD_OK && j < n_features; j++) {
        if (state->columns[j].is_category) status = load_column(r, &state->columns[j]);
    }
    if (status == MLSD_OK) status = lay_out(state);
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
    .fit = fit,
    .check_block = check_block,
    .features_out = features_out,
    .does_nothing = does_nothing,
    .transform_block = transform_block,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const char *const unknown_choices[] = {"ignore", "error", "infrequent_if_exist", NULL};
static const char *const drop_choices[] = {"none", "first", "if_binary", NULL};
static const mlsd_param table[] = {
    MLSD__P_CHOICE(
        one_hot_params, handle_unknown, unknown_choices, "\"ignore\"",
        "A level that no training row has: zeros, an error when predicting, or the column "
        "of rare levels where there is one"),
    MLSD__P_CHOICE(one_hot_params, drop, drop_choices, "\"none\"",
                   "Leave out the first level of each column, or of those with two"),
    MLSD__P_I64_NULL(one_hot_params, max_categories, 1, 9007199254740992.0, "null",
                     "Most columns for one feature: the rarest levels share one"),
    MLSD__P_F64_NULL(one_hot_params, min_frequency, 0, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null",
                     "Levels of fewer rows share one column; below 1 it is a share of the rows"),
};

const mlsd_kind mlsd__kind_one_hot = {
    .name = "one_hot",
    .family = "transform",
    .doc = "A column of 0 and 1 for each level of each category",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(one_hot_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"OneHotEncoder\"}",
};
