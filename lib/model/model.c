/* model.c - the model as a person sees it: fit, predict, and what it tells about itself. How rows
 * become outputs is in model_predict.c, files are in model_file.c. A model never changes once it is
 * made. */
#include "mlsd/model.h"

#include <math.h>
#include <string.h>

#include "base/context_impl.h"
#include "base/handle.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "model/model_impl.h"
#include "model/model_sets.h"
#include "model/search_ops.h"
#include "model/series/series_clock.h"
#include "model/training_file.h"
#include "numeric/blas.h"

/* Copies of n texts; an array of NULLs is fine to free on failure. */
static mlsd_status copy_texts(const mlsd__allocator *a, char *const *texts, int64_t n, char ***out)
{
    *out = mlsd__alloc(a, n, sizeof **out);
    if (*out == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) {
        (*out)[i] = mlsd__strdup(a, texts[i]);
        if ((*out)[i] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* A model without state: what it will know about its training set. */
static mlsd_status describe(const mlsd__allocator *a, const mlsd_spec *spec,
                            const mlsd_dataset *train, mlsd_model *model)
{
    const mlsd__data_store *const store = train->store;
    model->task = store->task;
    model->has_names = store->has_names;
    model->n_fitted_rows = train->n_rows;
    model->n_features = store->n_features;
    model->ops = mlsd__spec_ops(spec);
    MLSD__TRY(mlsd_spec_clone(spec, &model->spec));
    MLSD__TRY(mlsd__features_copy(a, store->features, store->n_features, &model->features));
    if (mlsd__only_transforms(mlsd__estimator_final_ops(spec))) {
        model->task = MLSD_TASK_NONE;
        return MLSD_OK;
    }
    if (store->target_name != NULL) {
        model->target_name = mlsd__strdup(a, store->target_name);
        if (model->target_name == NULL) return MLSD_E_NOMEM;
    }
    if (store->n_classes == 0) return MLSD_OK;
    model->n_classes = store->n_classes;
    if (store->class_values != NULL) {
        model->class_values =
            mlsd__memdup(a, store->class_values, store->n_classes, sizeof *model->class_values);
        if (model->class_values == NULL) return MLSD_E_NOMEM;
    }
    return copy_texts(a, store->class_names, store->n_classes, &model->class_names);
}

mlsd_status mlsd__model_describe(const mlsd__allocator *a, const mlsd_spec *spec,
                                 const mlsd_dataset *train, mlsd_model **out)
{
    mlsd_model *const model = mlsd__alloc(a, 1, sizeof *model);
    *out = model;
    if (model == NULL) return MLSD_E_NOMEM;
    model->magic = MLSD__MAGIC_MODEL;
    model->allocator = *a;
    const mlsd_status status = describe(a, spec, train, model);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd_model_free(model);
    *out = NULL;
    return status;
}

/* The class numbers of another data set in the model's numbering. */
static mlsd_status recode_classes(const mlsd_model *model, const mlsd_dataset *data,
                                  const char *noun, double *y)
{
    const mlsd__data_store *const store = data->store;
    for (int64_t i = 0; i < data->n_rows; i++) {
        const char *const name = store->class_names[(int64_t)y[i]];
        int64_t k = (int64_t)y[i];
        if (k >= model->n_classes || strcmp(model->class_names[k], name) != 0) {
            for (k = 0; k < model->n_classes; k++) {
                if (strcmp(model->class_names[k], name) == 0) break;
            }
        }
        if (k == model->n_classes)
            return mlsd__fail(MLSD_E_DATA,
                              "the %s has class '%.100s', which the training set has not", noun,
                              name);
        y[i] = (double)k;
    }
    return MLSD_OK;
}

mlsd_status mlsd__model_gather_target(const mlsd_model *model, const mlsd_dataset *data,
                                      const char *noun, double **out)
{
    const mlsd__data_store *const store = data->store;
    *out = NULL;
    if (store->target == NULL) return mlsd__fail(MLSD_E_DATA, "the %s has no target", noun);
    if ((model->n_classes > 0) != (store->n_classes > 0))
        return mlsd__fail(MLSD_E_TYPE, "the target is %s in the training set, but %s in the %s",
                          model->n_classes > 0 ? "a class" : "a number",
                          store->n_classes > 0 ? "a class" : "a number", noun);
    MLSD__TRY(mlsd__dataset_gather_target(data, out));
    if (model->n_classes == 0) return MLSD_OK;
    const mlsd_status status = recode_classes(model, data, noun, *out);
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(&store->allocator, *out);
    *out = NULL;
    return status;
}

/* Search, and then fit what was chosen: the model knows nothing of the search. */
static mlsd_status fit_chosen(mlsd__scope *scope, const mlsd_spec *search,
                              const mlsd_dataset *train, const mlsd_dataset *valid,
                              mlsd_curve *curve, mlsd_model **out)
{
    const mlsd__search_ops *const ops = mlsd__spec_ops(search);
    mlsd_spec *chosen;
    MLSD__TRY(ops->choose(scope, search, train, &chosen));
    const mlsd_status status = mlsd__model_fit(scope, chosen, train, valid, curve, out);
    mlsd_spec_free(chosen);
    return status;
}

/* What a fit is given beside the spec and the training set; NULL for none. */
typedef struct fit_extras {
    const mlsd_dataset *valid;
    mlsd_curve *curve;
    void **progress;
    bool keeps_file; /* the context's checkpoint is this fit's */
} fit_extras;

static mlsd_status fit_model(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                             const fit_extras *extras, mlsd_model **out)
{
    const mlsd_dataset *const valid = extras->valid;
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(spec, "estimator,transform"));
    if (mlsd__estimator_final(spec) == NULL)
        return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    if (train->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the training set has no rows");

    const mlsd__allocator *const a = scope->allocator;
    double *y = NULL, *weight = NULL;
    mlsd__model_set given = {0};
    mlsd__model_sets more = {0};
    mlsd__training_file file = {0};
    mlsd__frame frame;
    mlsd_model *model;
    mlsd__clock clock;
    MLSD__TRY(mlsd__model_describe(a, spec, train, &model));
    mlsd_status status = MLSD_OK;
    const bool forecasts = model->ops->clock != NULL && train->store->target != NULL;
    const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(spec);
    const bool is_iterative = final->is_iterative;
    if (train->store->target != NULL) status = mlsd__dataset_gather_targets(train, &y);
    if (status == MLSD_OK) status = mlsd__dataset_gather_weight(train, &weight);
    if (status == MLSD_OK && forecasts)
        status = mlsd__series_order(scope, train, y, weight, &clock);
    if (status == MLSD_OK && valid != NULL)
        status = mlsd__model_set_open(&given, a, model, valid, "validation set");
    if (status == MLSD_OK && (is_iterative || final->fills_curve))
        status = mlsd__model_sets_open(&more, a, model, extras->curve);
    if (status == MLSD_OK && is_iterative && extras->keeps_file)
        status = mlsd__training_file_open(&file, scope, model->spec);
    if (status != MLSD_OK) goto out;

    mlsd__dataset_frame(train, &frame);
    const mlsd__train prepared = {.x = &frame,
                                  .y = y,
                                  .n_more_targets = y != NULL ? train->store->n_targets - 1 : 0,
                                  .weight = weight,
                                  .task = train->store->task,
                                  .n_classes = train->store->n_classes,
                                  .x_valid = valid != NULL ? &given.aligned.frame : NULL,
                                  .y_valid = given.y,
                                  .weight_valid = given.weight,
                                  .curve = extras->curve,
                                  .more_valid = more.more,
                                  .n_more_valid = more.n,
                                  .file = file.path != NULL ? &file : NULL,
                                  .progress = extras->progress,
                                  .clock = forecasts ? &clock : NULL};
    status = mlsd__estimator_fit(scope, model->spec, &prepared, &model->state);
out:
    mlsd__training_file_close(&file, a);
    mlsd__model_sets_close(&more, a);
    mlsd__model_set_close(&given, a);
    mlsd__free(&train->store->allocator, y);
    mlsd__free(&train->store->allocator, weight);
    if (status != MLSD_OK) {
        mlsd_model_free(model);
        return status;
    }
    *out = model;
    return MLSD_OK;
}

mlsd_status mlsd__model_fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                            const mlsd_dataset *valid, mlsd_curve *curve, mlsd_model **out)
{
    *out = NULL;
    MLSD__TRY(mlsd__spec_require(spec, "estimator,transform,search"));
    if (mlsd__is_search(spec)) return fit_chosen(scope, spec, train, valid, curve, out);
    const fit_extras extras = {.valid = valid, .curve = curve};
    return fit_model(scope, spec, train, &extras, out);
}

/* The same for the one fit that a call is for: it may be kept in a file. */
static mlsd_status fit_alone(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                             const mlsd_dataset *valid, mlsd_curve *curve, mlsd_model **out)
{
    MLSD__TRY(mlsd__spec_require(spec, "estimator,transform,search"));
    if (mlsd__is_search(spec)) return fit_chosen(scope, spec, train, valid, curve, out);
    const fit_extras extras = {.valid = valid, .curve = curve, .keeps_file = true};
    return fit_model(scope, spec, train, &extras, out);
}

mlsd_status mlsd__model_fit_on(mlsd__scope *scope, const mlsd_spec *spec, const mlsd_dataset *train,
                               void **progress, mlsd_model **out)
{
    const fit_extras extras = {.progress = progress};
    return fit_model(scope, spec, train, &extras, out);
}

mlsd_status mlsd_model_fit(const mlsd_context *context, const mlsd_spec *spec,
                           const mlsd_dataset *train, const mlsd_dataset *valid, mlsd_curve *curve,
                           mlsd_model **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(train, MLSD__MAGIC_DATASET, "dataset");
    if (valid != NULL) MLSD__REQUIRE_LIVE(valid, MLSD__MAGIC_DATASET, "dataset");
    if (curve != NULL) MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");

    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = fit_alone(&scope, spec, train, valid, curve, out);
    mlsd__scope_close(&scope);
    return status;
}

void mlsd_model_free(mlsd_model *model)
{
    if (!MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL)) return;
    const mlsd__allocator a = model->allocator;
    if (model->state != NULL) model->ops->free_state(&a, model->state);
    mlsd_spec_free(model->spec);
    mlsd__features_free(&a, model->features, model->n_features);
    for (int64_t i = 0; model->class_names != NULL && i < model->n_classes; i++)
        mlsd__free(&a, model->class_names[i]);
    mlsd__free(&a, model->class_names);
    mlsd__free(&a, model->class_values);
    mlsd__free(&a, model->target_name);
    model->magic = MLSD__DEAD_MAGIC;
    mlsd__free(&a, model);
}

static const char *const output_nouns[] = {[MLSD_OUTPUT_VALUE] = "values",
                                           [MLSD_OUTPUT_PROBA] = "probabilities",
                                           [MLSD_OUTPUT_DECISION] = "decision scores",
                                           [MLSD_OUTPUT_FEATURES] = "features",
                                           [MLSD_OUTPUT_TRAIN_FEATURES] = "features"};

/* Does a step make its training rows otherwise than others? */
static bool crosses(const mlsd_spec *spec)
{
    const mlsd_spec *step = mlsd__spec_slot_at(spec, "steps", 0);
    if (step == NULL)
        return ((const mlsd__estimator_ops *)mlsd__spec_ops(spec))->transform_train != NULL;
    for (int64_t i = 1; step != NULL; i++) {
        if (crosses(step)) return true;
        step = mlsd__spec_slot_at(spec, "steps", i);
    }
    return false;
}

static mlsd_status check_training_rows(const mlsd_model *model, int64_t n_rows)
{
    if (model->n_fitted_rows == 0)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "the model was loaded: its training rows are not known any more");
    if (model->n_fitted_rows != n_rows)
        return mlsd__fail(MLSD_E_SHAPE, "the model was fitted on %lld rows, the data has %lld",
                          (long long)model->n_fitted_rows, (long long)n_rows);
    if (mlsd__estimator_by_rows(model->ops, model->state) && crosses(model->spec))
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "the pipeline has a step of the user's own, so that it does not know its "
                          "training rows after the fit");
    return MLSD_OK;
}

/* Can the model give that, and is there room for it? */
static mlsd_status check_output(const mlsd_model *model, mlsd_output what, int64_t n_rows,
                                const double *out, int64_t capacity)
{
    MLSD__REQUIRE(what >= MLSD_OUTPUT_VALUE && what <= MLSD_OUTPUT_TRAIN_FEATURES,
                  "there is no output %d", (int)what);
    const int64_t width = mlsd__model_width(model, what);
    const mlsd_spec *const final = mlsd__estimator_final(model->spec);
    if (width == 0 && !(what >= MLSD_OUTPUT_FEATURES && mlsd__spec_transforms(final)))
        return mlsd__fail(MLSD_E_UNSUPPORTED, "a model of kind '%s' for this task gives no %s",
                          mlsd_kind_name(mlsd_spec_kind(model->spec)), output_nouns[what]);
    if (what == MLSD_OUTPUT_TRAIN_FEATURES) MLSD__TRY(check_training_rows(model, n_rows));
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_rows, width, &size));
    if (capacity < size)
        return mlsd__fail(MLSD_E_BUFFER,
                          "the output has %lld numbers, the buffer has room for %lld",
                          (long long)size, (long long)capacity);
    MLSD__REQUIRE(out != NULL || size == 0, "'out' is NULL");
    return MLSD_OK;
}

/* A forecaster's frame is one column, the steps after the end of its series: to the rows of a data
 * set, or to so many next ones. */
static mlsd_status predict_steps(mlsd__scope *scope, const mlsd_model *model,
                                 const mlsd_dataset *data, int64_t n_rows, mlsd_output what,
                                 double *out)
{
    const mlsd__clock *const clock = model->ops->clock(model->state);
    double *const steps = mlsd__alloc_raw(scope->allocator, n_rows, sizeof *steps);
    if (steps == NULL) return MLSD_E_NOMEM;
    const mlsd__frame frame = {.n_rows = n_rows,
                               .n_features = 1,
                               .matrix = {steps, n_rows, 1, 1, 1, MLSD_F64, 0},
                               .n_source = 1,
                               .max_width = 1};
    mlsd_status status = data != NULL ? mlsd__series_steps(scope, clock, data, steps)
                                      : mlsd__series_next_steps(n_rows, steps);
    if (status == MLSD_OK) status = mlsd__model_predict_frame(scope, model, &frame, what, out);
    mlsd__free(scope->allocator, steps);
    return status;
}

mlsd_status mlsd__model_predict(mlsd__scope *scope, const mlsd_model *model,
                                const mlsd_dataset *data, mlsd_output what, double *out,
                                int64_t capacity)
{
    MLSD__TRY(check_output(model, what, data->n_rows, out, capacity));
    if (model->ops->clock != NULL)
        return predict_steps(scope, model, data, data->n_rows, what, out);
    mlsd__aligned aligned;
    MLSD__TRY(mlsd__model_align(scope->allocator, model, data, &aligned));
    const mlsd_status status = mlsd__model_predict_frame(scope, model, &aligned.frame, what, out);
    mlsd__aligned_free(scope->allocator, &aligned);
    return status;
}

mlsd_status mlsd_model_predict(const mlsd_context *context, const mlsd_model *model,
                               const mlsd_dataset *data, mlsd_output what, double *out,
                               int64_t capacity)
{
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE_LIVE(data, MLSD__MAGIC_DATASET, "dataset");
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = mlsd__model_predict(&scope, model, data, what, out, capacity);
    mlsd__scope_close(&scope);
    return status;
}

static mlsd_status find_neighbors(mlsd__scope *scope, const mlsd_model *model,
                                  const mlsd_dataset *data, int64_t k, int64_t *index,
                                  double *distance)
{
    double n_rows;
    MLSD__TRY(mlsd_model_get_f64(model, "n_samples_fit", &n_rows));
    MLSD__REQUIRE(k >= 1 && (double)k <= n_rows,
                  "'n_neighbors' must be in [1, %.0f], the number of training rows, got %lld",
                  n_rows, (long long)k);
    mlsd__aligned aligned;
    MLSD__TRY(mlsd__model_align(scope->allocator, model, data, &aligned));
    const mlsd_status status =
        mlsd__model_neighbors_frame(scope, model, &aligned.frame, k, index, distance);
    mlsd__aligned_free(scope->allocator, &aligned);
    return status;
}

mlsd_status mlsd_model_neighbors(const mlsd_context *context, const mlsd_model *model,
                                 const mlsd_dataset *data, int64_t n_neighbors, int64_t *index,
                                 double *distance, int64_t capacity)
{
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE_LIVE(data, MLSD__MAGIC_DATASET, "dataset");
    MLSD__REQUIRE(n_neighbors >= 1, "'n_neighbors' must be at least 1, got %lld",
                  (long long)n_neighbors);
    if (mlsd__estimator_final_ops(model->spec)->neighbors == NULL || model->ops->neighbors == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "a model of kind '%s' knows no neighbors",
                          mlsd_kind_name(mlsd_spec_kind(model->spec)));
    int64_t size;
    MLSD__TRY(mlsd__mul_size(data->n_rows, n_neighbors, &size));
    if (capacity < size)
        return mlsd__fail(MLSD_E_BUFFER, "there are %lld neighbors, the buffers have room for %lld",
                          (long long)size, (long long)capacity);
    MLSD__REQUIRE(index != NULL || size == 0, "'index' is NULL");
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = find_neighbors(&scope, model, data, n_neighbors, index, distance);
    mlsd__scope_close(&scope);
    return status;
}

/* The frame of a bare matrix, and whether it suits the model. */
static mlsd_status frame_of_matrix(const mlsd_model *model, const mlsd_matrix *X,
                                   mlsd__frame *frame)
{
    MLSD__TRY(mlsd__matrix_check(X, "X"));
    if (X->cols != model->n_features) return mlsd__model_fail_n_columns(model, X->cols);
    for (int64_t i = 0; i < model->n_features; i++) {
        if (model->features[i].type == MLSD__CATEGORY)
            return mlsd__fail(MLSD_E_TYPE,
                              "column '%.100s' holds text: predict from a data set, not a matrix",
                              model->features[i].name);
    }
    *frame = (mlsd__frame){.n_rows = X->rows,
                           .n_features = X->cols,
                           .features = model->features,
                           .matrix = *X,
                           .n_source = X->cols,
                           .max_width = X->cols};
    return MLSD_OK;
}

mlsd_status mlsd_model_predict_matrix(const mlsd_context *context, const mlsd_model *model,
                                      const mlsd_matrix *X, mlsd_output what, double *out,
                                      int64_t capacity)
{
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    if (context != NULL) MLSD__REQUIRE_LIVE(context, MLSD__MAGIC_CONTEXT, "context");
    mlsd__frame frame;
    MLSD__TRY(frame_of_matrix(model, X, &frame));
    MLSD__TRY(check_output(model, what, frame.n_rows, out, capacity));

    /* One row needs no threads, no memory and no BLAS of its own: opening a scope would be most of
     * its cost. */
    const bool forecasts = model->ops->clock != NULL;
    if (frame.n_rows <= 1 && !forecasts) {
        if (context != NULL && atomic_load(&((mlsd_context *)(uintptr_t)context)->cancelled) != 0)
            return mlsd__fail(MLSD_E_CANCELLED, "cancelled");
        const mlsd__numerics outer = mlsd__numerics_enter(context);
        const mlsd_status status = mlsd__model_predict_frame(NULL, model, &frame, what, out);
        mlsd__numerics_leave(outer);
        return status;
    }
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    const mlsd_status status = forecasts
                                   ? predict_steps(&scope, model, NULL, frame.n_rows, what, out)
                                   : mlsd__model_predict_frame(&scope, model, &frame, what, out);
    mlsd__scope_close(&scope);
    return status;
}

int64_t mlsd_model_n_outputs(const mlsd_model *model, mlsd_output what)
{
    return MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) ? mlsd__model_width(model, what) : 0;
}

const mlsd_spec *mlsd_model_spec(const mlsd_model *model)
{
    return MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) ? model->spec : NULL;
}

mlsd_task mlsd_model_task(const mlsd_model *model)
{
    return MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) ? model->task : 0;
}

int64_t mlsd_model_n_features(const mlsd_model *model)
{
    return MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) ? model->n_features : 0;
}

int64_t mlsd_model_n_classes(const mlsd_model *model)
{
    return MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) ? model->n_classes : 0;
}

const char *mlsd_model_feature_name(const mlsd_model *model, int64_t i)
{
    if (!MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) || i < 0 || i >= model->n_features) return NULL;
    return model->features[i].name;
}

const char *mlsd_model_class_name(const mlsd_model *model, int64_t i)
{
    if (!MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL) || i < 0 || i >= model->n_classes) return NULL;
    return model->class_names[i];
}

const char *mlsd_model_output_name(const mlsd_model *model, int64_t i)
{
    if (!MLSD__IS_LIVE(model, MLSD__MAGIC_MODEL)) return NULL;
    if (i < 0 || i >= mlsd__model_width(model, MLSD_OUTPUT_FEATURES)) return NULL;
    int64_t n;
    return model->ops->features_out(model->state, &n)[i].name;
}

/* A fitted array by name, and the list of names where there is none of that name. */
static mlsd_status find_attribute(const mlsd_model *model, const char *name, const double **data,
                                  int64_t *rows, int64_t *cols)
{
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    MLSD__REQUIRE(name != NULL, "the name is NULL");
    char names[256] = "";
    size_t length = 0;
    for (int64_t i = 0; model->ops->attribute != NULL; i++) {
        const char *const known = model->ops->attribute(model->state, i, data, rows, cols);
        if (known == NULL) break;
        if (strcmp(known, name) == 0) return MLSD_OK;
        const size_t n = strlen(known);
        if (length + n + 3 > sizeof names) continue;
        if (length > 0) memcpy(names + length, ", ", 3), length += 2;
        memcpy(names + length, known, n + 1);
        length += n;
    }
    return mlsd__fail(MLSD_E_PARAM_UNKNOWN, "the model has no '%.100s'; it has: %s", name,
                      length > 0 ? names : "nothing");
}

mlsd_status mlsd_model_get_f64(const mlsd_model *model, const char *name, double *out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    const double *data;
    int64_t rows, cols;
    MLSD__TRY(find_attribute(model, name, &data, &rows, &cols));
    if (rows != 1 || cols != 1)
        return mlsd__fail(MLSD_E_SHAPE, "'%s' is %lld x %lld, not a number; ask for the array",
                          name, (long long)rows, (long long)cols);
    *out = data[0];
    return MLSD_OK;
}

mlsd_status mlsd_model_get_array(const mlsd_model *model, const char *name, double *out,
                                 int64_t capacity, int64_t *out_rows, int64_t *out_cols)
{
    MLSD__REQUIRE(out_rows != NULL && out_cols != NULL, "'out_rows' or 'out_cols' is NULL");
    const double *data;
    int64_t rows, cols;
    *out_rows = 0;
    *out_cols = 0;
    MLSD__TRY(find_attribute(model, name, &data, &rows, &cols));
    *out_rows = rows;
    *out_cols = cols;
    if (out == NULL && capacity == 0) return MLSD_OK;
    if (capacity < rows * cols)
        return mlsd__fail(MLSD_E_BUFFER, "'%s' has %lld numbers, the buffer has room for %lld",
                          name, (long long)(rows * cols), (long long)capacity);
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    if (rows * cols > 0) memcpy(out, data, (size_t)(rows * cols) * sizeof *out);
    return MLSD_OK;
}
