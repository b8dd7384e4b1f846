/* target_encode.c - each level of a category becomes the mean target of its training rows, drawn to
 * the mean of all; with more than two classes one column for each class. Numbers go through.
 *
 * scikit-learn's TargetEncoder (1.3). What later steps are fitted on is cross-fitted: the training
 * rows of a fold are encoded by the other folds, because a level's mean that holds the row's own
 * target tells the answer, the more the rarer the level is. Other rows are encoded by all training
 * rows. A level that no training row has gets the mean of all; missing is a level. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/transform/level_rank.h"
#include "model/transform/target_sums.h"

extern const mlsd_kind mlsd__kind_target_encode;

typedef struct target_params {
    double smooth;
    int64_t cv, shuffle, seed;
} target_params;

typedef struct target_state {
    int64_t p, p_out, n_slots, n_out;
    mlsd__feature *features_in, *features; /* owned: p and p_out */
    int64_t *first;                        /* p: the first slot of each category */
    double *encodings;                     /* (n_slots + 1) x n_out; the last: of all rows */
    mlsd__training_folds folds;            /* only while the fit goes on */
    double *cross;                         /* n_splits x (n_slots + 1) x n_out, likewise */
} target_state;

static void end_training(const mlsd__allocator *a, void *state_)
{
    target_state *const state = state_;
    mlsd__training_folds_free(a, &state->folds);
    mlsd__free(a, state->cross);
    state->cross = NULL;
}

static void free_state(const mlsd__allocator *a, void *state_)
{
    target_state *const state = state_;
    end_training(a, state);
    mlsd__features_free(a, state->features_in, state->p);
    mlsd__features_free(a, state->features, state->p_out);
    mlsd__free(a, state->first);
    mlsd__free(a, state->encodings);
    mlsd__free(a, state);
}

static bool is_category(const target_state *state, int64_t j)
{
    return state->features_in[j].type == MLSD__CATEGORY;
}

/* The category's name, with more than two classes "name_0", "name_1", ... */
static mlsd_status name_outputs(const mlsd__allocator *a, target_state *state)
{
    int64_t n = 0, at = 0;
    for (int64_t j = 0; j < state->p; j++) n += is_category(state, j) ? state->n_out : 1;
    if (n > MLSD__MOST_COLUMNS)
        return mlsd__fail(MLSD_E_SHAPE, "target_encode makes %lld columns: too many", (long long)n);
    state->features = mlsd__alloc(a, n, sizeof *state->features);
    if (state->features == NULL) return MLSD_E_NOMEM;
    state->p_out = n;
    for (int64_t j = 0; j < state->p; j++) {
        const int64_t width = is_category(state, j) ? state->n_out : 1;
        for (int64_t c = 0; c < width; c++) {
            char number[24] = "";
            if (width > 1) (void)snprintf(number, sizeof number, "_%lld", (long long)c);
            MLSD__TRY(
                mlsd__feature_name(a, state->features_in[j].name, number, &state->features[at++]));
        }
    }
    return MLSD_OK;
}

static mlsd_status state_new(const mlsd__allocator *a, const mlsd__feature *features, int64_t p,
                             int64_t n_out, target_state **out)
{
    *out = NULL;
    target_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->n_out = n_out;
    state->first = mlsd__alloc_raw(a, p, sizeof *state->first);
    mlsd_status status = state->first == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__features_copy(a, features, p, &state->features_in);
    if (status == MLSD_OK) {
        int64_t size;
        state->p = p;
        for (int64_t j = 0; j < p; j++) {
            state->first[j] = state->n_slots;
            if (is_category(state, j)) state->n_slots += features[j].n_levels + 1;
        }
        status = mlsd__mul_size(state->n_slots + 1, n_out, &size);
        if (status == MLSD_OK) {
            state->encodings = mlsd__alloc(a, size, sizeof *state->encodings);
            status = state->encodings == NULL ? MLSD_E_NOMEM : name_outputs(a, state);
        }
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

static mlsd_status fit_encodings(mlsd__scope *scope, const target_params *params,
                                 const mlsd__train *train, target_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    MLSD__TRY(mlsd__training_folds_new(scope, train, params->cv, params->shuffle != 0, params->seed,
                                       &state->folds));
    mlsd__target_sums sums;
    MLSD__TRY(
        mlsd__target_sums_new(scope, train, &state->folds, state->first, state->n_slots, &sums));
    int64_t size;
    mlsd_status status = mlsd__mul_size(state->folds.n_splits, state->n_slots + 1, &size);
    if (status == MLSD_OK) status = mlsd__mul_size(size, state->n_out, &size);
    if (status == MLSD_OK && state->folds.n_splits > 0) {
        state->cross = mlsd__alloc_raw(a, size, sizeof *state->cross);
        if (state->cross == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK)
        status = mlsd__target_encodings(scope, &sums, params->smooth, state->n_out,
                                        state->encodings, state->cross);
    mlsd__target_sums_free(a, &sums);
    for (int64_t i = 0; status == MLSD_OK && i < (state->n_slots + 1) * state->n_out; i++) {
        if (!isfinite(state->encodings[i]))
            return mlsd__fail(MLSD_E_NUMERIC, "the target is too large for its mean and variance");
    }
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    if (train->y == NULL || train->task == MLSD_TASK_NONE)
        return mlsd__fail(MLSD_E_DATA, "target_encode needs a target, and only one");
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    const int64_t n_out = is_number || train->n_classes <= 2 ? 1 : train->n_classes;
    target_state *state;
    MLSD__TRY(state_new(scope->allocator, train->x->features, train->x->n_features, n_out, &state));
    const mlsd_status status = fit_encodings(scope, mlsd__spec_params(spec), train, state);
    if (status != MLSD_OK) {
        free_state(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static void encode_row(const target_state *state, const double *encodings, const double *from,
                       double *to)
{
    for (int64_t j = 0; j < state->p; j++) {
        if (!is_category(state, j)) {
            *to++ = from[j];
            continue;
        }
        const int64_t slot = mlsd__level_slot(state->features_in[j].n_levels, from[j]);
        const int64_t at = slot < 0 ? state->n_slots : state->first[j] + slot;
        memcpy(to, encodings + at * state->n_out, (size_t)state->n_out * sizeof *to);
        to += state->n_out;
    }
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const target_state *const state = state_;
    for (int64_t i = 0; i < n; i++)
        encode_row(state, state->encodings, in + i * state->p, out + i * state->p_out);
}

static void transform_train(const void *state_, const int64_t *rows, int64_t first,
                            const double *in, int64_t n, double *out, double *scratch)
{
    const target_state *const state = state_;
    const int64_t n_fold = (state->n_slots + 1) * state->n_out;
    (void)scratch;
    for (int64_t i = 0; i < n; i++) {
        const int64_t fold =
            state->cross == NULL ? -1 : mlsd__training_fold(&state->folds, rows, first + i);
        encode_row(state, fold < 0 ? state->encodings : state->cross + fold * n_fold,
                   in + i * state->p, out + i * state->p_out);
    }
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const target_state *const state = state_;
    *out_n = state->p_out;
    return state->features;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const target_state *const state = state_;
    static const char *const names[] = {"encodings", "target_mean"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = i == 0 ? state->encodings : state->encodings + state->n_slots * state->n_out;
    *rows = i == 0 ? state->n_slots : 1;
    *cols = state->n_out;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const target_state *const state = state_;
    mlsd__put_i64(w, state->n_out);
    mlsd__put_f64s(w, state->encodings, (state->n_slots + 1) * state->n_out);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)n_classes;
    int64_t n = 0;
    *out_state = NULL;
    const int64_t n_out = mlsd__take_count(r, MLSD__MOST_COLUMNS);
    double *const encodings = mlsd__take_f64s(r, &n);
    target_state *state = NULL;
    mlsd_status status = r->status;
    /* As many numbers as that are there, so that no more memory is asked for than was read. */
    if (status == MLSD_OK && (n_out < 1 || n < n_out))
        status = mlsd__fail(MLSD_E_CORRUPT, "target_encode has no encodings");
    if (status == MLSD_OK) status = state_new(r->allocator, features, n_features, n_out, &state);
    bool fits = status == MLSD_OK && n == (state->n_slots + 1) * n_out;
    for (int64_t i = 0; fits && i < n; i++) fits = isfinite(encodings[i]);
    if (status == MLSD_OK && !fits)
        status = mlsd__fail(MLSD_E_CORRUPT, "the encodings of target_encode do not fit its levels");
    if (status == MLSD_OK) {
        memcpy(state->encodings, encodings, (size_t)n * sizeof *encodings);
        *out_state = state;
    } else if (state != NULL) {
        free_state(r->allocator, state);
    }
    mlsd__free(r->allocator, encodings);
    return status;
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .splits_rows = true,
    .fit = fit,
    .features_out = features_out,
    .transform_block = transform_block,
    .transform_train = transform_train,
    .end_training = end_training,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd_param table[] = {
    MLSD__P_F64_NULL(target_params, smooth, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "How many rows the mean of all rows counts beside a level's own; null chooses "
                     "it by level from the variances"),
    MLSD__P_I64(target_params, cv, 2, MLSD__MOST_TRAINING_FOLDS, "5", NULL,
                "Folds of the cross-fitting, by class where there are classes"),
    MLSD__P_BOOL(target_params, shuffle, "true", "Shuffle the rows before they are cut into folds"),
    MLSD__P_I64(target_params, seed, 0, UINT32_MAX, "0", NULL,
                "Seed of the shuffle: scikit-learn's random_state"),
};

const mlsd_kind mlsd__kind_target_encode = {
    .name = "target_encode",
    .family = "transform",
    .doc = "The mean target of its level for each category, cross-fitted in training",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(target_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"target\":true,\"sklearn\":\"TargetEncoder\"}",
};
