/* pipeline.c - transforms one after the other, then at most one estimator.
 *
 * Nested pipelines are flattened into their steps, so a fitted pipeline is a plain list. Each step
 * is fitted on the training frame chained through those before it: nothing is copied, and nothing
 * but training rows is seen. Only what a transform of the user's makes is kept for the time of the
 * fit, because nobody else may call it; see pipeline_rows.c. */
#include <string.h>

#include "model/augment/augment.h"
#include "model/pipeline/pipeline_impl.h"

extern const mlsd_kind mlsd__kind_pipeline;

/* A step as the spec has it. */
typedef struct leaf {
    char *name;
    const mlsd_spec *spec;
} leaf;

typedef struct leaf_list {
    const mlsd__allocator *allocator;
    int64_t n, capacity;
    leaf *leaves;
} leaf_list;

static void leaves_free(leaf_list *list)
{
    for (int64_t i = 0; i < list->n; i++) mlsd__free(list->allocator, list->leaves[i].name);
    mlsd__free(list->allocator, list->leaves);
}

/* "prefix.name", or the name alone. */
static char *join_names(const mlsd__allocator *a, const char *prefix, const char *name)
{
    if (prefix == NULL) return mlsd__strdup(a, name);
    const size_t n_prefix = strlen(prefix), n_name = strlen(name);
    char *const joined = mlsd__alloc_raw(a, (int64_t)(n_prefix + n_name + 2), 1);
    if (joined == NULL) return NULL;
    memcpy(joined, prefix, n_prefix);
    joined[n_prefix] = '.';
    memcpy(joined + n_prefix + 1, name, n_name + 1);
    return joined;
}

/* Spec trees are made by copying children, so they have no cycle, and are as deep as somebody
 * typed. */
static mlsd_status collect_leaves(const mlsd_spec *spec, const char *prefix, leaf_list *list)
{
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "steps", i);
        if (child == NULL) return MLSD_OK;
        char *const name =
            join_names(list->allocator, prefix, mlsd__spec_slot_name_at(spec, "steps", i));
        if (name == NULL) return MLSD_E_NOMEM;
        if (mlsd_spec_kind(child) == &mlsd__kind_pipeline) {
            const mlsd_status status = collect_leaves(child, name, list);
            mlsd__free(list->allocator, name);
            MLSD__TRY(status);
            continue;
        }
        void *leaves = list->leaves;
        const mlsd_status status = mlsd__reserve(list->allocator, &leaves, &list->capacity,
                                                 list->n + 1, sizeof *list->leaves);
        list->leaves = leaves;
        if (status != MLSD_OK) {
            mlsd__free(list->allocator, name);
            return status;
        }
        list->leaves[list->n++] = (leaf){.name = name, .spec = child};
    }
}

/* The steps in order; all but the last must be transforms. */
static mlsd_status list_leaves(const mlsd__allocator *a, const mlsd_spec *spec, leaf_list *list)
{
    *list = (leaf_list){.allocator = a};
    mlsd_status status = collect_leaves(spec, NULL, list);
    if (status == MLSD_OK && list->n == 0)
        status = mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    for (int64_t i = 0; status == MLSD_OK && i < list->n - 1; i++) {
        if (!mlsd__spec_transforms(list->leaves[i].spec))
            status =
                mlsd__fail(MLSD_E_CHILD,
                           "step '%.60s' of the pipeline is no transform; only the last may be "
                           "an estimator",
                           list->leaves[i].name);
    }
    if (status != MLSD_OK) leaves_free(list);
    return status;
}

static void free_state(const mlsd__allocator *a, void *state_)
{
    mlsd__pipeline_state *const state = state_;
    for (int64_t i = 0; state->steps != NULL && i < state->n_steps; i++) {
        mlsd__step *const s = &state->steps[i];
        if (s->state != NULL) s->ops->free_state(a, s->state);
        mlsd__features_free(a, s->features_in, s->p_in);
        mlsd__free(a, s->name);
    }
    for (int64_t i = 0; i < state->n_attributes; i++) mlsd__free(a, state->attributes[i].name);
    mlsd__free(a, state->attributes);
    mlsd__free(a, state->steps);
    mlsd__free(a, state);
}

static mlsd_status state_new(const mlsd__allocator *a, const leaf_list *list,
                             mlsd__pipeline_state **out)
{
    *out = NULL;
    mlsd__pipeline_state *const state = mlsd__alloc(a, 1, sizeof *state);
    if (state == NULL) return MLSD_E_NOMEM;
    state->allocator = *a;
    state->steps = mlsd__alloc(a, list->n, sizeof *state->steps);
    mlsd_status status = state->steps == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < list->n; i++) {
        state->n_steps = i + 1;
        state->steps[i].ops = mlsd__spec_ops(list->leaves[i].spec);
        state->steps[i].name = mlsd__strdup(a, list->leaves[i].name);
        if (state->steps[i].name == NULL) status = MLSD_E_NOMEM;
    }
    if (status != MLSD_OK) {
        free_state(a, state);
        return status;
    }
    *out = state;
    return MLSD_OK;
}

static mlsd_status keep_inputs(const mlsd__allocator *a, mlsd__step *s,
                               const mlsd__feature *features, int64_t n)
{
    MLSD__TRY(mlsd__features_copy(a, features, n, &s->features_in));
    s->p_in = n;
    return MLSD_OK;
}

static mlsd_status add_attributes_of(mlsd__pipeline_state *state, int64_t i, bool with_step_name)
{
    const mlsd__step *const s = &state->steps[i];
    for (int64_t k = 0; s->ops->attribute != NULL; k++) {
        const double *data;
        int64_t rows, cols;
        const char *const name = s->ops->attribute(s->state, k, &data, &rows, &cols);
        if (name == NULL) break;
        void *entries = state->attributes;
        const mlsd_status status =
            mlsd__reserve(&state->allocator, &entries, &state->attribute_capacity,
                          state->n_attributes + 1, sizeof *state->attributes);
        state->attributes = entries;
        MLSD__TRY(status);
        char *const full = join_names(&state->allocator, with_step_name ? s->name : NULL, name);
        if (full == NULL) return MLSD_E_NOMEM;
        state->attributes[state->n_attributes++] =
            (mlsd__step_attribute){.name = full, .step = i, .index = k};
    }
    return MLSD_OK;
}

/* What predicting and telling need, once all steps are fitted or loaded: widths, and the names of
 * the numbers: the last step's own first, then every step's as "step.number". */
static mlsd_status finish(mlsd__pipeline_state *state)
{
    for (int64_t i = 0; i < state->n_steps; i++) {
        const mlsd__step *const s = &state->steps[i];
        int64_t width = s->p_in;
        const int64_t scratch = mlsd__scratch_width(s->ops, s->state);
        if (scratch > state->step_scratch) state->step_scratch = scratch;
        if (width > state->max_width) state->max_width = width;
        if (s->ops->transforms) (void)s->ops->features_out(s->state, &width);
        if (width > state->max_width) state->max_width = width;
    }
    for (int64_t i = 0; i < state->n_steps; i++)
        state->by_rows |= mlsd__estimator_by_rows(state->steps[i].ops, state->steps[i].state);
    MLSD__TRY(add_attributes_of(state, state->n_steps - 1, false));
    for (int64_t i = 0; i < state->n_steps; i++) MLSD__TRY(add_attributes_of(state, i, true));
    return MLSD_OK;
}

/* The frames of a fit: training and, where there is one, validation rows, chained step by step. */
typedef struct fit_frames {
    mlsd__frame *train, *valid; /* n_steps + 1 of each */
    mlsd__frame *more;          /* and of each further validation set, one after the other */
    mlsd__more_set *sets;       /* as a step sees these */
    int64_t n_steps, n_more;
    double **kept; /* 2 + n_more for each step: what a user's transform made of them */
} fit_frames;

static void frames_free(fit_frames *frames, const mlsd__allocator *a)
{
    const int64_t n_kept = frames->n_steps * (2 + frames->n_more);
    for (int64_t i = 0; frames->kept != NULL && i < n_kept; i++) mlsd__free(a, frames->kept[i]);
    mlsd__free(a, frames->kept);
    mlsd__free(a, frames->train);
    mlsd__free(a, frames->valid);
    mlsd__free(a, frames->more);
    mlsd__free(a, frames->sets);
}

static mlsd_status frames_make(fit_frames *frames, const mlsd__allocator *a, int64_t n_steps,
                               const mlsd__train *train)
{
    const int64_t n_more = train->curve != NULL ? train->n_more_valid : 0;
    frames->n_steps = n_steps;
    frames->n_more = n_more;
    frames->train = mlsd__alloc(a, n_steps + 1, sizeof *frames->train);
    if (train->x_valid != NULL) frames->valid = mlsd__alloc(a, n_steps + 1, sizeof *frames->valid);
    frames->kept = mlsd__alloc(a, n_steps * (2 + n_more), sizeof *frames->kept);
    if (frames->train == NULL || frames->kept == NULL ||
        (train->x_valid != NULL && frames->valid == NULL))
        return MLSD_E_NOMEM;
    if (n_more == 0) return MLSD_OK;
    frames->more = mlsd__alloc(a, n_more * (n_steps + 1), sizeof *frames->more);
    frames->sets = mlsd__alloc(a, n_more, sizeof *frames->sets);
    return frames->more != NULL && frames->sets != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status check_chunk(const void *user, const double *x, int64_t n, int64_t ld,
                               int64_t first_row)
{
    const mlsd__step *const s = user;
    return s->ops->takes_nan ? MLSD_OK : mlsd__step_find_nan(s, x, n, ld, first_row);
}

/* A frame of f's rows sent through a fitted step: training rows cross-fitted where the step makes
 * such. */
static mlsd_status chain_step(mlsd__scope *scope, const mlsd__step *s, const mlsd__frame *f,
                              mlsd__rows_fn stage, double **kept, mlsd__frame *out)
{
    int64_t n_out, size;
    const mlsd__feature *const features = s->ops->features_out(s->state, &n_out);
    if (!mlsd__estimator_by_rows(s->ops, s->state)) {
        mlsd__frame_chain_rows(f, stage, s, mlsd__scratch_width(s->ops, s->state), features, n_out,
                               out);
        return MLSD_OK;
    }
    MLSD__TRY(mlsd__mul_size(f->n_rows, n_out, &size));
    *kept = mlsd__alloc_raw(scope->allocator, size, sizeof **kept);
    if (*kept == NULL) return MLSD_E_NOMEM;
    const mlsd__rows_job job = {.ops = s->ops,
                                .state = s->state,
                                .frame = f,
                                .what = MLSD_OUTPUT_FEATURES,
                                .width = n_out,
                                .check = check_chunk,
                                .check_user = s,
                                .out = *kept};
    MLSD__TRY(mlsd__estimator_predict_rows(scope, scope->allocator, &job));
    *out = (mlsd__frame){.n_rows = f->n_rows,
                         .n_features = n_out,
                         .features = features,
                         .matrix = {*kept, f->n_rows, n_out, n_out, 1, MLSD_F64, 0},
                         .n_source = n_out,
                         .max_width = n_out};
    return MLSD_OK;
}

/* What augments the last step's batches, where rows are changed before the first step: as they are
 * in the pipeline's frame, they go through the steps between. NULL where nothing does. */
static mlsd_status augment_last(mlsd__scope *scope, const mlsd__augment *whole,
                                const fit_frames *frames, int64_t i, mlsd__augment **out)
{
    *out = NULL;
    if (whole == NULL || i == 0) return MLSD_OK;
    for (int64_t k = 0; k < i; k++) {
        if (frames->kept[(2 + frames->n_more) * k] != NULL)
            return mlsd__fail(MLSD_E_CHILD, "the pipeline has a step of the user's own, whose rows "
                                            "cannot be augmented before it; make 'augmented' the "
                                            "last step");
    }
    return mlsd__augment_through(scope, whole, &frames->train[i], out);
}

/* What a fitted step makes of the training rows and of every validation set. */
static mlsd_status chain_sets(mlsd__scope *scope, const mlsd__step *s, const fit_frames *frames,
                              int64_t i)
{
    double **const kept = &frames->kept[(2 + frames->n_more) * i];
    MLSD__TRY(
        chain_step(scope, s, &frames->train[i], mlsd__step_train, &kept[0], &frames->train[i + 1]));
    if (frames->valid != NULL)
        MLSD__TRY(chain_step(scope, s, &frames->valid[i], mlsd__step_rows, &kept[1],
                             &frames->valid[i + 1]));
    for (int64_t k = 0; k < frames->n_more; k++) {
        mlsd__frame *const more = &frames->more[k * (frames->n_steps + 1) + i];
        MLSD__TRY(chain_step(scope, s, more, mlsd__step_rows, &kept[2 + k], more + 1));
    }
    return MLSD_OK;
}

static mlsd_status fit_step(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *outer,
                            const fit_frames *frames, int64_t i, bool is_last, bool x_is_finite,
                            mlsd__step *s)
{
    mlsd__train inner = *outer;
    inner.x = &frames->train[i];
    inner.x_valid = frames->valid != NULL ? &frames->valid[i] : NULL;
    inner.x_is_finite = x_is_finite;
    inner.x_lacks_infinity = true;
    inner.n_more_valid = frames->n_more;
    inner.more_valid = frames->sets;
    for (int64_t k = 0; k < frames->n_more; k++) {
        frames->sets[k] = outer->more_valid[k];
        frames->sets[k].x = &frames->more[k * (frames->n_steps + 1) + i];
    }
    if (!is_last) {
        inner.progress = NULL;
        inner.file = NULL;
    }
    mlsd__augment *through = NULL;
    if (is_last) MLSD__TRY(augment_last(scope, outer->augment, frames, i, &through));
    inner.augment = is_last && i == 0 ? outer->augment : through;
    mlsd_status status =
        keep_inputs(scope->allocator, s, frames->train[i].features, frames->train[i].n_features);
    if (status == MLSD_OK) status = mlsd__estimator_fit(scope, spec, &inner, &s->state);
    mlsd__augment_close(scope->allocator, through);
    if (status != MLSD_OK || is_last) return status;
    return chain_sets(scope, s, frames, i);
}

/* Look through the rows once; transforms of finite rows give finite rows (but see makes_nan), and
 * what a later step cannot take is found there. */
static mlsd_status look_through(mlsd__scope *scope, const mlsd__train *train, bool *out_is_finite)
{
    int64_t row, feature;
    *out_is_finite = train->x_is_finite;
    if (train->x_is_finite) return MLSD_OK;
    MLSD__TRY(mlsd__frame_find_bad(scope, train->x, false, &row, &feature));
    *out_is_finite = row < 0;
    return row < 0 ? MLSD_OK : mlsd__frame_require_finite(scope, train->x, true);
}

static mlsd_status fit_steps(mlsd__scope *scope, const leaf_list *list, const mlsd__train *train,
                             const fit_frames *frames, mlsd__pipeline_state *state)
{
    bool is_finite;
    MLSD__TRY(look_through(scope, train, &is_finite));
    frames->train[0] = *train->x;
    if (frames->valid != NULL) frames->valid[0] = *train->x_valid;
    for (int64_t k = 0; k < frames->n_more; k++)
        frames->more[k * (frames->n_steps + 1)] = *train->more_valid[k].x;
    for (int64_t i = 0; i < list->n; i++) {
        mlsd__step *const s = &state->steps[i];
        MLSD__TRY(fit_step(scope, list->leaves[i].spec, train, frames, i, i == list->n - 1,
                           is_finite, s));
        /* It passed the step's own check, so no NaN comes out either, unless the step makes some.
         */
        is_finite = (is_finite || !s->ops->takes_nan) && !mlsd__makes_nan(s->ops, s->state);
    }
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "steps", i);
        if (child == NULL) return MLSD_OK;
        const mlsd__estimator_ops *const ops = mlsd__spec_ops(child);
        if (ops->check != NULL) MLSD__TRY(ops->check(child, task));
    }
}

static void end_training(const mlsd__allocator *a, void *state_)
{
    const mlsd__pipeline_state *const state = state_;
    for (int64_t i = 0; i < state->n_steps; i++) {
        const mlsd__step *const s = &state->steps[i];
        if (s->ops->end_training != NULL) s->ops->end_training(a, s->state);
    }
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    leaf_list list;
    MLSD__TRY(list_leaves(a, spec, &list));
    mlsd__pipeline_state *state = NULL;
    fit_frames frames = {0};
    mlsd_status status = state_new(a, &list, &state);
    if (status == MLSD_OK) {
        status = frames_make(&frames, a, list.n, train);
        state->n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    }
    if (status == MLSD_OK) status = fit_steps(scope, &list, train, &frames, state);
    if (status == MLSD_OK) status = finish(state);
    if (status == MLSD_OK && (state->by_rows || !state->steps[state->n_steps - 1].ops->transforms))
        end_training(a, state);
    frames_free(&frames, a);
    leaves_free(&list);
    if (status != MLSD_OK) {
        if (state != NULL) free_state(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* What a step makes, the steps after it have looked at. */
static bool makes_nan(const void *state_)
{
    const mlsd__pipeline_state *const state = state_;
    bool out = false;
    for (int64_t i = 0; i < state->n_steps; i++) {
        const mlsd__step *const s = &state->steps[i];
        out = (out && s->ops->takes_nan) || mlsd__makes_nan(s->ops, s->state);
    }
    return out;
}

static int64_t n_targets(const void *state_)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    return last->ops->n_targets != NULL ? last->ops->n_targets(last->state) : 1;
}

static bool predicts_rows(const void *state)
{
    return ((const mlsd__pipeline_state *)state)->by_rows;
}

static const mlsd__feature *features_out(const void *state_, int64_t *out_n)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    return last->ops->features_out(last->state, out_n);
}

static const mlsd__feature *features_seen(const void *state_, int64_t *out_n)
{
    const mlsd__pipeline_state *const state = state_;
    const mlsd__step *const last = &state->steps[state->n_steps - 1];
    *out_n = last->p_in;
    return last->features_in;
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const mlsd__pipeline_state *const state = state_;
    if (i >= state->n_attributes) return NULL;
    const mlsd__step_attribute *const entry = &state->attributes[i];
    const mlsd__step *const s = &state->steps[entry->step];
    (void)s->ops->attribute(s->state, entry->index, data, rows, cols);
    return entry->name;
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const mlsd__pipeline_state *const state = state_;
    for (int64_t i = 0; i < state->n_steps; i++)
        MLSD__TRY(state->steps[i].ops->save(state->steps[i].state, w));
    return w->status;
}

static mlsd_status load_steps(mlsd__reader *r, const leaf_list *list, const mlsd__feature *features,
                              int64_t n_features, int64_t n_classes, mlsd__pipeline_state *state)
{
    for (int64_t i = 0; i < list->n; i++) {
        mlsd__step *const s = &state->steps[i];
        const bool is_encoded = s->ops->takes_category;
        for (int64_t j = 0; !is_encoded && j < n_features; j++) {
            if (features[j].type == MLSD__CATEGORY)
                return mlsd__fail(MLSD_E_CORRUPT, "step '%.60s' cannot take column '%.100s'",
                                  s->name, features[j].name);
        }
        MLSD__TRY(keep_inputs(r->allocator, s, features, n_features));
        MLSD__TRY(s->ops->load(r, list->leaves[i].spec, features, n_features,
                               mlsd__only_transforms(s->ops) ? 0 : n_classes, &s->state));
        if (s->ops->transforms) features = s->ops->features_out(s->state, &n_features);
    }
    return MLSD_OK;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const mlsd__allocator *const a = r->allocator;
    *out_state = NULL;
    leaf_list list;
    MLSD__TRY(list_leaves(a, spec, &list));
    mlsd__pipeline_state *state = NULL;
    mlsd_status status = state_new(a, &list, &state);
    if (status == MLSD_OK) state->n_classes = n_classes;
    if (status == MLSD_OK) status = load_steps(r, &list, features, n_features, n_classes, state);
    if (status == MLSD_OK) status = finish(state);
    leaves_free(&list);
    if (status != MLSD_OK) {
        if (state != NULL) free_state(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* What the last step cannot do, mlsd__estimator_fit and the model find out from that step itself.
 */
static const mlsd__estimator_ops ops = {
    .classifies = true,
    .regresses = true,
    .takes_nan = true,
    .takes_category = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .check_block = mlsd__pipeline_check_block,
    .predict_long = mlsd__pipeline_predict_long,
    .scratch_width = mlsd__pipeline_scratch_width,
    .n_targets = n_targets,
    .block_rows = mlsd__pipeline_block_rows,
    .neighbors = mlsd__pipeline_neighbors,
    .predicts_rows = predicts_rows,
    .predict_rows = mlsd__pipeline_predict_rows,
    .transform_train = mlsd__pipeline_transform_train,
    .end_training = end_training,
    .features_out = features_out,
    .features_seen = features_seen,
    .tell_selections = mlsd__pipeline_tell_selections,
    .makes_nan = makes_nan,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static const mlsd__slot slots[] = {
    {.name = "steps",
     .families = "transform,estimator",
     .many = 1,
     .doc = "Transforms in order, then at most one estimator"},
};

const mlsd_kind mlsd__kind_pipeline = {
    .name = "pipeline",
    .family = "estimator",
    .doc = "Transforms one after the other, then an estimator, fitted together",
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\",\"classification\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"Pipeline\"}",
};
