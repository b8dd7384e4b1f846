/* augmented.c - kind "augmented": an estimator that is fitted to augmented training rows. What is
 * predicted is never changed, nor are validation rows.
 *
 * First, where the estimator stops early by rows that it would hold out, these are held out here,
 * before anything else. Then resamplers change the training set, once. Then the others: estimators
 * trained by epochs have every batch changed anew (train->augment); all others are fitted to the
 * rows as they are together with n_copies changed copies of each. */
#include "model/augment/augmented.h"

#include <string.h>

#include "base/spec_impl.h"
#include "model/ensemble/snapshot.h"
#include "model/training_sets.h"

extern const mlsd_kind mlsd__kind_augmented;

typedef struct params {
    int64_t n_copies, seed;
} params;

static const mlsd_spec *estimator_of(const mlsd_spec *spec)
{
    return mlsd__spec_slot_child(spec, "estimator");
}

static const char *name_of(const mlsd_spec *spec)
{
    return mlsd_kind_name(mlsd_spec_kind(spec));
}

static const mlsd__augmentation_ops *augmentation_at(const mlsd_spec *spec, int64_t i)
{
    const mlsd_spec *const child = mlsd__spec_slot_at(spec, "augment", i);
    return child != NULL ? mlsd__spec_ops(child) : NULL;
}

/* Does any make new rows that resemble old ones and stay for the whole fit? */
static bool makes_rows(const mlsd_spec *spec, bool changes_batches)
{
    for (int64_t i = 0;; i++) {
        const mlsd__augmentation_ops *const ops = augmentation_at(spec, i);
        if (ops == NULL) return false;
        if (ops->resample != NULL || !changes_batches) return true;
    }
}

/* Nothing in the estimator may be augmented already, or, where there are rows that resemble each
 * other, test on some of its rows what it learned from others. */
static mlsd_status check_inside(const mlsd_spec *spec, bool has_copies)
{
    const bool is_augmentation =
        strcmp(mlsd_kind_family(mlsd_spec_kind(spec)), "augmentation") == 0;
    if (is_augmentation) return MLSD_OK;
    if (mlsd_spec_kind(spec) == &mlsd__kind_augmented)
        return mlsd__fail(MLSD_E_CHILD, "augmented: its estimator is augmented already; put all "
                                        "augmentations into one list");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    if (has_copies && ops != NULL && ops->splits_rows)
        return mlsd__fail(MLSD_E_CHILD,
                          "augmented: %s parts its training rows itself, and rows made of each "
                          "other would stand on both sides; augment its estimator or the steps "
                          "after it",
                          name_of(spec));
    for (int64_t i = 0; i < spec->n_children; i++)
        MLSD__TRY(check_inside(spec->children[i].spec, has_copies));
    return MLSD_OK;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const mlsd_spec *const child = estimator_of(spec);
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD,
                          "augmented has no estimator; put one into its slot 'estimator'");
    if (augmentation_at(spec, 0) == NULL)
        return mlsd__fail(MLSD_E_CHILD, "augmented has no augmentation; put one or more into its "
                                        "slot 'augment'");
    const mlsd_spec *const final = mlsd__estimator_final(child);
    if (final == NULL) return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final), *const own =
                                                                      mlsd__spec_ops(child);
    if (mlsd__only_transforms(ops) || ops->clock != NULL)
        return mlsd__fail(MLSD_E_CHILD, "augmented: %s learns from no rows of features",
                          name_of(final));
    MLSD__TRY(check_inside(child, makes_rows(spec, ops->augments)));
    return own->check != NULL ? own->check(child, task) : MLSD_OK;
}

/* Do the augmentations suit these columns and this task? */
static mlsd_status check_augmentations(const mlsd_spec *spec, const mlsd__train *train)
{
    for (int64_t i = 0;; i++) {
        const mlsd_spec *const child = mlsd__spec_slot_at(spec, "augment", i);
        if (child == NULL) return MLSD_OK;
        const mlsd__augmentation_ops *const ops = mlsd__spec_ops(child);
        for (int64_t j = 0; !ops->takes_category && j < train->x->n_features; j++)
            if (train->x->features[j].type == MLSD__CATEGORY)
                return mlsd__fail(MLSD_E_DATA,
                                  "%s: column '%.100s' holds text; make 'augmented' the last step "
                                  "of the pipeline, after a one_hot step",
                                  name_of(child), train->x->features[j].name);
        if (ops->check != NULL) MLSD__TRY(ops->check(child, train));
    }
}

/* ---- the fit ---- */

/* Training sets on the way, one made of the other; `train` is the last. */
typedef struct stages {
    mlsd__training_sets sets;
    mlsd__row_set *made; /* of each resampler, and of the copies */
    int64_t n_made;
    mlsd__augment *augment;
    mlsd__train train;
} stages;

static void stages_close(stages *s, const mlsd__allocator *a)
{
    mlsd__augment_close(a, s->augment);
    for (int64_t i = 0; i < s->n_made; i++) mlsd__row_set_close(&s->made[i], a);
    mlsd__free(a, s->made);
    mlsd__training_sets_close(&s->sets, a);
}

static bool stops_early(const mlsd_spec *final)
{
    int32_t asked = 0;
    const mlsd_kind *const kind = mlsd_spec_kind(final);
    for (int64_t i = 0; i < kind->n_params; i++)
        if (strcmp(kind->params[i].name, "early_stopping") == 0 &&
            kind->params[i].type == MLSD_PARAM_BOOL)
            return mlsd_spec_get_bool(final, "early_stopping", &asked) == MLSD_OK && asked != 0;
    return false;
}

/* Hold out what the estimator would: the same rows. */
static mlsd_status hold_rows_out(mlsd__scope *scope, const mlsd_spec *final, stages *s)
{
    if (s->train.x_valid != NULL || !stops_early(final)) return MLSD_OK;
    mlsd__hold_out hold_out = {.asked = true};
    MLSD__TRY(mlsd_spec_get_f64(final, "validation_fraction", &hold_out.fraction));
    MLSD__TRY(mlsd_spec_get_i64(final, "seed", &hold_out.seed));
    const mlsd__train whole = s->train;
    MLSD__TRY(mlsd__training_sets_open(&s->sets, scope, &whole, &hold_out));
    const mlsd__training_set *const sets = s->sets.sets;
    s->train.x = sets[0].frame;
    s->train.y = sets[0].y;
    s->train.weight = sets[0].weight;
    s->train.x_valid = sets[1].frame;
    s->train.y_valid = sets[1].y;
    s->train.weight_valid = sets[1].weight;
    return MLSD_OK;
}

static void resampled_free(const mlsd__allocator *a, mlsd__resampled *made)
{
    mlsd__free(a, made->rows);
    mlsd__free(a, made->x);
    mlsd__free(a, made->y);
    mlsd__free(a, made->weight);
}

static mlsd_status resample(mlsd__scope *scope, const mlsd_spec *spec, uint64_t seed, stages *s)
{
    for (int64_t i = 0;; i++) {
        const mlsd__augmentation_ops *const ops = augmentation_at(spec, i);
        if (ops == NULL) return MLSD_OK;
        if (ops->resample == NULL) continue;
        mlsd__resampled made = {0};
        mlsd_status status = ops->resample(scope, mlsd__spec_slot_at(spec, "augment", i),
                                           seed + (uint64_t)i, &s->train, &made);
        mlsd__row_set *const set = &s->made[s->n_made];
        if (status == MLSD_OK) {
            s->n_made++;
            status = mlsd__row_set_resampled(scope, &s->train, &made, set);
        }
        resampled_free(scope->allocator, &made);
        MLSD__TRY(status);
        s->train = set->train;
    }
}

/* All that comes before the estimator's own fit. */
static mlsd_status stages_open(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                               stages *s)
{
    const params *const p = mlsd__spec_params(spec);
    const mlsd_spec *const final =
        mlsd__snapshot_trained(mlsd__estimator_final(estimator_of(spec)));
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(final);
    int64_t n = 1;
    while (augmentation_at(spec, n) != NULL) n++;
    *s = (stages){.train = *train};
    s->made = mlsd__alloc(scope->allocator, n + 1, sizeof *s->made);
    if (s->made == NULL) return MLSD_E_NOMEM;
    MLSD__TRY(check_augmentations(spec, train));
    MLSD__TRY(hold_rows_out(scope, final, s));
    MLSD__TRY(resample(scope, spec, (uint64_t)p->seed, s));
    MLSD__TRY(mlsd__augment_open(scope, spec, (uint64_t)p->seed, &s->train, &s->augment));
    if (s->augment == NULL) return MLSD_OK;
    if (ops->augments) {
        s->train.augment = s->augment;
        return MLSD_OK;
    }
    mlsd__row_set *const set = &s->made[s->n_made++];
    MLSD__TRY(mlsd__row_set_copies(scope, &s->train, s->augment, p->n_copies, set));
    s->train = set->train;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd_spec *const child = estimator_of(spec);
    mlsd__augmented *state = NULL;
    stages s;
    *out_state = NULL;
    mlsd_status status = stages_open(scope, spec, train, &s);
    if (status == MLSD_OK)
        status = mlsd__augmented_new(a, child, train->x->features, train->x->n_features, &state);
    if (status == MLSD_OK) {
        state->n_rows_augmented = (double)s.train.x->n_rows;
        status = mlsd__estimator_fit(scope, child, &s.train, &state->state);
    }
    stages_close(&s, a);
    if (status != MLSD_OK) {
        if (state != NULL) mlsd__augmented_free(a, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

/* What the estimator cannot do or take, its own fit finds out. */
static const mlsd__estimator_ops ops = {
    .classifies = true,
    .regresses = true,
    .takes_targets = true,
    .takes_nan = true,
    .takes_category = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .check_block = mlsd__augmented_check_block,
    .predict_long = mlsd__augmented_predict,
    .scratch_width = mlsd__augmented_scratch,
    .n_targets = mlsd__augmented_n_targets,
    .block_rows = mlsd__augmented_block_rows,
    .predicts_rows = mlsd__augmented_by_rows,
    .predict_rows = mlsd__augmented_predict_rows,
    .features_seen = mlsd__augmented_features_seen,
    .tell_selections = mlsd__augmented_tell_selections,
    .attribute = mlsd__augmented_attribute,
    .save = mlsd__augmented_save,
    .load = mlsd__augmented_load,
    .free_state = mlsd__augmented_free,
};

static const mlsd__slot slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "What is fitted to augmented rows, which may be a pipeline"},
    {.name = "augment",
     .families = "augmentation",
     .many = 1,
     .doc = "Resamplers, which change the training set once, and changes of single rows, in order"},
};

static const mlsd_param table[] = {
    MLSD__P_I64(params, n_copies, 1, 100000, "1", "log",
                "changed copies of each row beside the row itself, for estimators that are not "
                "trained by epochs; those see every row changed anew each epoch"),
    MLSD__P_I64(params, seed, 0, INFINITY, "0", NULL, "of all that is drawn at random"),
};

const mlsd_kind mlsd__kind_augmented = {
    .name = "augmented",
    .family = "estimator",
    .doc = "An estimator fitted to augmented training rows; other rows are never changed",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .slots = slots,
    .n_slots = MLSD__COUNT(slots),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\",\"classification\"],\"iterative\":false,\"proba\":false}",
};
