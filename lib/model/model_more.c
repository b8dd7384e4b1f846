/* model_more.c - a fitted model trained further: its numbers are where a new training begins, on
 * rows of its own columns and classes. What it was stays as it is. */
#include <string.h>

#include "base/handle.h"
#include "model/model_impl.h"
#include "numeric/blas.h"

/* A model without state that knows of columns and classes what `model` does. */
static mlsd_status describe_as(const mlsd__allocator *a, const mlsd_model *model,
                               const mlsd_spec *spec, int64_t n_rows, mlsd_model *out)
{
    out->magic = MLSD__MAGIC_MODEL;
    out->allocator = *a;
    out->ops = model->ops;
    out->task = model->task;
    out->has_names = model->has_names;
    out->n_fitted_rows = n_rows;
    MLSD__TRY(mlsd_spec_clone(spec, &out->spec));
    MLSD__TRY(mlsd__features_copy(a, model->features, model->n_features, &out->features));
    out->n_features = model->n_features;
    if (model->target_name != NULL) {
        out->target_name = mlsd__strdup(a, model->target_name);
        if (out->target_name == NULL) return MLSD_E_NOMEM;
    }
    out->n_classes = model->n_classes;
    if (model->class_values != NULL) {
        out->class_values =
            mlsd__memdup(a, model->class_values, model->n_classes, sizeof *model->class_values);
        if (out->class_values == NULL) return MLSD_E_NOMEM;
    }
    if (model->n_classes == 0) return MLSD_OK;
    out->class_names = mlsd__alloc(a, model->n_classes, sizeof *out->class_names);
    if (out->class_names == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < model->n_classes; i++) {
        out->class_names[i] = mlsd__strdup(a, model->class_names[i]);
        if (out->class_names[i] == NULL) return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

/* Rows as the model reads them. */
typedef struct more_rows {
    const mlsd_dataset *data;
    mlsd__aligned aligned;
    double *y, *weight;
} more_rows;

static mlsd_status take_rows(more_rows *rows, const mlsd__allocator *a, const mlsd_model *model,
                             const mlsd_dataset *data, const char *noun)
{
    const int64_t n_targets =
        model->ops->n_targets != NULL ? model->ops->n_targets(model->state) : 1;
    rows->data = data;
    MLSD__TRY(mlsd__model_align(a, model, data, &rows->aligned));
    if (data->n_rows == 0) return mlsd__fail(MLSD_E_DATA, "the %s has no rows", noun);
    if (data->store->target != NULL && data->store->n_targets != n_targets)
        return mlsd__fail(MLSD_E_SHAPE, "the %s has %lld targets, the model predicts %lld", noun,
                          (long long)data->store->n_targets, (long long)n_targets);
    if (n_targets > 1)
        MLSD__TRY(mlsd__dataset_gather_targets(data, &rows->y));
    else
        MLSD__TRY(mlsd__model_gather_target(model, data, noun, &rows->y));
    return mlsd__dataset_gather_weight(data, &rows->weight);
}

static void drop_rows(more_rows *rows, const mlsd__allocator *a)
{
    if (rows->data == NULL) return;
    mlsd__aligned_free(a, &rows->aligned);
    mlsd__free(&rows->data->store->allocator, rows->y);
    mlsd__free(&rows->data->store->allocator, rows->weight);
}

static mlsd_status fit_more(mlsd__scope *scope, const mlsd_model *model, const mlsd_spec *spec,
                            const mlsd_dataset *train, const mlsd_dataset *valid, mlsd_curve *curve,
                            mlsd_model *out)
{
    const mlsd__allocator *const a = scope->allocator;
    more_rows rows = {0}, watched = {0};
    mlsd_status status = describe_as(a, model, spec, train->n_rows, out);
    if (status == MLSD_OK) status = take_rows(&rows, a, model, train, "training set");
    if (status == MLSD_OK && valid != NULL)
        status = take_rows(&watched, a, model, valid, "validation set");
    if (status == MLSD_OK) {
        const mlsd__train prepared = {.x = &rows.aligned.frame,
                                      .y = rows.y,
                                      .n_more_targets = train->store->n_targets - 1,
                                      .weight = rows.weight,
                                      .task = model->task,
                                      .n_classes = model->n_classes,
                                      .x_valid = valid != NULL ? &watched.aligned.frame : NULL,
                                      .y_valid = watched.y,
                                      .weight_valid = watched.weight,
                                      .curve = curve,
                                      .start = model->state};
        status = mlsd__estimator_fit(scope, out->spec, &prepared, &out->state);
    }
    drop_rows(&watched, a);
    drop_rows(&rows, a);
    return status;
}

static mlsd_status check_more(const mlsd_model *model, const mlsd_spec *spec)
{
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(model->spec));
    if (!model->ops->takes_start)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "a model of kind '%s' cannot be trained further; those of mlp_*, sgd_* "
                          "and passive_aggressive_* can",
                          kind);
    if (mlsd_spec_kind(spec) != mlsd_spec_kind(model->spec))
        return mlsd__fail(MLSD_E_KIND, "the model is of kind '%s', the spec of kind '%s'", kind,
                          mlsd_kind_name(mlsd_spec_kind(spec)));
    return MLSD_OK;
}

mlsd_status mlsd_model_fit_more(const mlsd_context *context, const mlsd_model *model,
                                const mlsd_spec *spec, const mlsd_dataset *train,
                                const mlsd_dataset *valid, mlsd_curve *curve, mlsd_model **out)
{
    MLSD__REQUIRE(out != NULL, "'out' is NULL");
    *out = NULL;
    MLSD__REQUIRE_LIVE(model, MLSD__MAGIC_MODEL, "model");
    if (spec != NULL) MLSD__REQUIRE_LIVE(spec, MLSD__MAGIC_SPEC, "spec");
    MLSD__REQUIRE_LIVE(train, MLSD__MAGIC_DATASET, "dataset");
    if (valid != NULL) MLSD__REQUIRE_LIVE(valid, MLSD__MAGIC_DATASET, "dataset");
    if (curve != NULL) MLSD__REQUIRE_LIVE(curve, MLSD__MAGIC_CURVE, "curve");
    MLSD__TRY(check_more(model, spec != NULL ? spec : model->spec));
    mlsd__scope scope;
    MLSD__TRY(mlsd__numeric_open(&scope, context));
    mlsd_model *const made = mlsd__alloc(scope.allocator, 1, sizeof *made);
    mlsd_status status = MLSD_E_NOMEM;
    if (made != NULL)
        status =
            fit_more(&scope, model, spec != NULL ? spec : model->spec, train, valid, curve, made);
    mlsd__scope_close(&scope);
    if (status == MLSD_OK)
        *out = made;
    else
        mlsd_model_free(made);
    return status;
}
