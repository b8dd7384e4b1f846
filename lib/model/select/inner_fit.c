/* inner_fit.c - see the header. Nothing here decides what stays. */
#include "model/select/inner_fit.h"

#include <math.h>
#include <string.h>

#include "model/model_impl.h"
#include "split/splitter.h"

const mlsd__slot mlsd__inner_slots[] = {
    {.name = "estimator",
     .families = "estimator",
     .many = 0,
     .doc = "The estimator that is fitted, which may be a pipeline"},
    {.name = "cv",
     .families = "splitter",
     .many = 0,
     .doc = "The splitter of the training rows; without one n_splits folds"},
};

mlsd_status mlsd__inner_data_open(mlsd__scope *scope, const char *kind, const mlsd__train *train,
                                  bool takes_nan, mlsd__inner_data *out)
{
    *out = (mlsd__inner_data){.x = NULL};
    if (train->y == NULL) return mlsd__fail(MLSD_E_DATA, "%s needs a target, and one only", kind);
    MLSD__TRY(mlsd__train_part_of_weight(scope, train, takes_nan, &out->rows));
    MLSD__TRY(mlsd__frame_materialize(scope, &out->rows.frame, &out->x));
    const int64_t n = out->rows.n, p = train->x->n_features;
    out->frame = (mlsd__frame){.n_rows = n,
                               .n_features = p,
                               .features = train->x->features,
                               .matrix = {out->x, n, p, p, 1, MLSD_F64, 0},
                               .n_source = p,
                               .max_width = p};
    out->train = out->rows.train;
    out->train.x = &out->frame;
    out->train.x_valid = NULL;
    out->train.y_valid = out->train.weight_valid = NULL;
    out->train.progress = NULL;
    return MLSD_OK;
}

void mlsd__inner_data_close(mlsd__inner_data *data, const mlsd__allocator *a)
{
    mlsd__train_part_close(&data->rows, a);
    mlsd__free(a, data->x);
}

mlsd_status mlsd__inner_child(const mlsd_spec *spec, mlsd_task task, const mlsd_spec **out)
{
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(spec));
    const mlsd_spec *const child = mlsd__spec_slot_child(spec, "estimator");
    *out = child;
    if (child == NULL)
        return mlsd__fail(MLSD_E_CHILD, "%s has no estimator; put one into its slot 'estimator'",
                          kind);
    const mlsd__estimator_ops *const final = mlsd__estimator_final_ops(child);
    if (final == NULL) return mlsd__fail(MLSD_E_CHILD, "the pipeline has no steps");
    if (mlsd__only_transforms(final))
        return mlsd__fail(MLSD_E_CHILD, "%s: %s is no estimator", kind,
                          mlsd_kind_name(mlsd_spec_kind(mlsd__estimator_final(child))));
    const mlsd__estimator_ops *const own = mlsd__spec_ops(child);
    return own->check != NULL ? own->check(child, task) : MLSD_OK;
}

static mlsd_status default_child(const mlsd__allocator *a, const mlsd__inner_kind *kind,
                                 mlsd_task task, mlsd_spec **out)
{
    const char *const name = task == MLSD_TASK_REGRESSION ? kind->for_numbers : kind->for_classes;
    if (name == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__spec_new(a, name, out));
    if (!kind->with_l1 || task == MLSD_TASK_REGRESSION) return MLSD_OK;
    return mlsd_spec_set_str(*out, "penalty", "l1");
}

static bool takes_nan(const mlsd__inner_kind *kind, const mlsd_spec *child)
{
    if (kind->finite_only || child == NULL) return false;
    return ((const mlsd__estimator_ops *)mlsd__spec_ops(child))->takes_nan;
}

mlsd_status mlsd__inner_selection(mlsd__scope *scope, const mlsd_spec *spec,
                                  const mlsd__train *train, const mlsd__inner_kind *kind,
                                  void **out_state)
{
    const mlsd_spec *const given = mlsd__spec_slot_child(spec, "estimator");
    mlsd__inner_data data;
    mlsd__selection *s = NULL;
    mlsd_spec *own = NULL;
    mlsd_status status = mlsd__inner_data_open(scope, mlsd_kind_name(mlsd_spec_kind(spec)), train,
                                               takes_nan(kind, given), &data);
    if (status == MLSD_OK && given == NULL)
        status = default_child(scope->allocator, kind, train->task, &own);
    if (status == MLSD_OK)
        status = mlsd__selection_new(scope->allocator, train->x->features, train->x->n_features,
                                     kind->names, &s);
    if (status == MLSD_OK)
        status = kind->choose(scope, spec, given != NULL ? given : own, &data, s);
    mlsd_spec_free(own);
    mlsd__inner_data_close(&data, scope->allocator);
    return mlsd__selection_hand_over(scope, status, s, out_state);
}

const char *mlsd__inner_metric(const char *scoring, mlsd_task task)
{
    if (scoring != NULL) return scoring;
    return task == MLSD_TASK_REGRESSION ? "r2" : "accuracy";
}

static mlsd_status make_parts(mlsd__scope *scope, const mlsd_folds *folds, const mlsd__train *train,
                              mlsd__inner_splits *out)
{
    const int64_t n = mlsd_folds_n_splits(folds);
    out->parts = mlsd__alloc(scope->allocator, n, 2 * sizeof *out->parts);
    if (out->parts == NULL) return MLSD_E_NOMEM;
    out->n = n;
    for (int64_t i = 0; i < 2 * n; i++) {
        MLSD__TRY(
            mlsd__train_part_of_fold(&out->parts[i], scope->allocator, train, folds, i / 2, i % 2));
        if (out->parts[i].n == 0)
            return mlsd__fail(MLSD_E_DATA, "inner split %lld has no row to %s", (long long)(i / 2),
                              i % 2 == 0 ? "train on" : "test on");
    }
    return MLSD_OK;
}

mlsd_status mlsd__inner_splits_open(mlsd__scope *scope, const mlsd_spec *spec, int64_t n_splits,
                                    const char *scoring, const mlsd__train *train,
                                    mlsd__inner_splits *out)
{
    const mlsd_spec *const splitter = mlsd__spec_slot_child(spec, "cv");
    const bool is_number = train->task == MLSD_TASK_REGRESSION;
    mlsd_folds *folds = NULL;
    *out = (mlsd__inner_splits){.metric_name = mlsd__inner_metric(scoring, train->task)};
    MLSD__TRY(mlsd__metric_check(out->metric_name, train->task));
    MLSD__TRY(mlsd__metric_find(out->metric_name, &out->metric));
    out->sign = out->metric->greater_is_better ? 1 : -1;
    mlsd_status status =
        splitter != NULL ? mlsd__folds_split(scope, splitter, train->x->n_rows, train->y, &folds)
                         : mlsd__inner_folds(scope, is_number ? "kfold" : "stratified_kfold",
                                             n_splits, train, &folds);
    if (status == MLSD_OK) status = make_parts(scope, folds, train, out);
    mlsd_folds_free(folds);
    return status;
}

void mlsd__inner_splits_close(mlsd__inner_splits *splits, const mlsd__allocator *a)
{
    for (int64_t i = 0; splits->parts != NULL && i < 2 * splits->n; i++)
        mlsd__train_part_close(&splits->parts[i], a);
    mlsd__free(a, splits->parts);
}

mlsd_status mlsd__inner_fit(mlsd__scope *scope, const mlsd_spec *child, const mlsd__train *train,
                            mlsd__some_columns *some, mlsd__frame *frame, void **out_state)
{
    mlsd__train inner = *train;
    mlsd__some_columns_frame(some, train->x, frame);
    inner.x = frame;
    return mlsd__estimator_fit(scope, child, &inner, out_state);
}

mlsd_status mlsd__inner_score(mlsd__scope *scope, const mlsd_spec *child, const void *state,
                              const mlsd__train *test, const mlsd__frame *frame,
                              const mlsd__inner_splits *splits, double *out)
{
    const mlsd_output what = splits->metric->needs_proba ? MLSD_OUTPUT_PROBA : MLSD_OUTPUT_VALUE;
    const mlsd_model model = mlsd__model_view(scope, child, test, frame, (void *)(uintptr_t)state);
    const int64_t width = mlsd__model_width(&model, what);
    int64_t size;
    if (width == 0)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "'%s' needs probabilities, which '%s' does not give",
                          splits->metric_name, mlsd_kind_name(mlsd_spec_kind(child)));
    MLSD__TRY(mlsd__mul_size(frame->n_rows, width, &size));
    double *const prediction = mlsd__alloc_raw(scope->allocator, size, sizeof *prediction);
    if (prediction == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__model_predict_frame(scope, &model, frame, what, prediction);
    if (status == MLSD_OK) {
        const mlsd__scored scored = {.n = frame->n_rows,
                                     .n_classes =
                                         test->task == MLSD_TASK_REGRESSION ? 0 : test->n_classes,
                                     .y = test->y,
                                     .prediction = prediction,
                                     .weight = test->weight};
        mlsd__estimate estimate;
        status = mlsd__metric_score(scope, splits->metric, &scored, NULL, scored.n, NAN, &estimate);
        *out = status == MLSD_OK ? estimate.value : NAN;
    }
    mlsd__free(scope->allocator, prediction);
    return status;
}

mlsd_status mlsd__inner_fit_score(mlsd__scope *scope, const mlsd_spec *child,
                                  const mlsd__inner_splits *splits, int64_t split,
                                  const int64_t *columns, int64_t n, double *out)
{
    const mlsd__train_part *const fit = &splits->parts[2 * split], *const test = fit + 1;
    mlsd__some_columns some = {.n = n, .columns = columns};
    mlsd__frame frame, test_frame;
    void *state = NULL;
    some.features = mlsd__alloc_raw(scope->allocator, n, sizeof *some.features);
    if (some.features == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__inner_fit(scope, child, &fit->train, &some, &frame, &state);
    if (status == MLSD_OK) {
        mlsd__some_columns_frame(&some, &test->frame, &test_frame);
        status = mlsd__inner_score(scope, child, state, &test->train, &test_frame, splits, out);
    }
    if (state != NULL)
        ((const mlsd__estimator_ops *)mlsd__spec_ops(child))->free_state(scope->allocator, state);
    mlsd__free(scope->allocator, some.features);
    return status;
}

/* Do coefficients belong to the columns that the estimator was given? A pipeline's last step may
 * have been given others. */
static bool sees_columns(const mlsd__estimator_ops *ops, const void *state,
                         const mlsd__feature *features, int64_t p)
{
    int64_t n = p;
    if (ops->features_seen == NULL) return true;
    const mlsd__feature *const seen = ops->features_seen(state, &n);
    if (n != p) return false;
    for (int64_t j = 0; j < p; j++) {
        if (strcmp(seen[j].name, features[j].name) != 0) return false;
    }
    return true;
}

mlsd_status mlsd__importance_of(const mlsd_spec *child, const void *state,
                                const mlsd__feature *features, int64_t p, bool square, double *out)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(child);
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(mlsd__estimator_final(child)));
    const char *name = NULL;
    const double *data = NULL;
    int64_t rows = 0, cols = 0;
    for (int64_t i = 0; ops->attribute != NULL; i++) {
        name = ops->attribute(state, i, &data, &rows, &cols);
        if (name == NULL) break;
        if (strcmp(name, "coef") == 0 || strcmp(name, "feature_importances") == 0) break;
    }
    if (name == NULL)
        return mlsd__fail(MLSD_E_UNSUPPORTED,
                          "%s has neither coef nor feature_importances; permutation_select and "
                          "sequential_select need none",
                          kind);
    if (cols != p || !sees_columns(ops, state, features, p))
        return mlsd__fail(
            MLSD_E_UNSUPPORTED,
            "the '%s' of %s are not those of the %lld columns that are selected from; "
            "put steps that make other columns before the selection",
            name, kind, (long long)p);
    for (int64_t j = 0; j < p; j++) {
        out[j] = 0;
        for (int64_t k = 0; k < rows; k++) {
            const double v = data[k * cols + j];
            out[j] += square ? v * v : strcmp(name, "coef") == 0 ? fabs(v) : v;
        }
        if (!isfinite(out[j]))
            return mlsd__fail(MLSD_E_NUMERIC, "the '%s' of column '%.100s' is not finite", name,
                              features[j].name);
    }
    return MLSD_OK;
}

void mlsd__mean_of_defined(const double *x, int64_t n, double *mean, double *deviation)
{
    double sum = 0, square = 0;
    int64_t n_defined = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) continue;
        sum += x[i];
        n_defined++;
    }
    *mean = n_defined > 0 ? sum / (double)n_defined : NAN;
    for (int64_t i = 0; i < n; i++) {
        if (!isnan(x[i])) square += (x[i] - *mean) * (x[i] - *mean);
    }
    *deviation = n_defined > 0 ? sqrt(square / (double)n_defined) : NAN;
}
