/* estimator.c - fitting a spec on a prepared training set, with the checks that every estimator may
 * rely on, so that none repeats them. Nothing here knows a data set or a model. */
#include "model/estimator.h"

#include <math.h>
#include <string.h>

#include "model/class_weight.h"
#include "model/search_ops.h"

static bool is_kind(const mlsd_spec *spec, const char *name)
{
    return strcmp(mlsd_kind_name(mlsd_spec_kind(spec)), name) == 0;
}

const mlsd_spec *mlsd__estimator_final(const mlsd_spec *spec)
{
    const mlsd_spec *final = spec;
    if (spec != NULL && mlsd__is_search(spec)) final = mlsd__spec_slot_child(spec, "estimator");
    while (final != NULL && (is_kind(final, "pipeline") || is_kind(final, "augmented"))) {
        if (is_kind(final, "augmented")) {
            const mlsd_spec *const estimator = mlsd__spec_slot_child(final, "estimator");
            if (estimator == NULL) return final; /* it says so itself */
            final = estimator;
            continue;
        }
        const mlsd_spec *last = NULL;
        for (int64_t i = 0;; i++) {
            const mlsd_spec *const step = mlsd__spec_slot_at(final, "steps", i);
            if (step == NULL) break;
            last = step;
        }
        final = last;
    }
    return final;
}

const mlsd__estimator_ops *mlsd__estimator_final_ops(const mlsd_spec *spec)
{
    const mlsd_spec *const final = mlsd__estimator_final(spec);
    return final != NULL ? mlsd__spec_ops(final) : NULL;
}

int64_t mlsd__scratch_width(const mlsd__estimator_ops *ops, const void *state)
{
    return ops->scratch_width != NULL ? ops->scratch_width(state) : 0;
}

bool mlsd__makes_nan(const mlsd__estimator_ops *ops, const void *state)
{
    return ops->makes_nan != NULL && ops->makes_nan(state);
}

void mlsd__transform_rows(const mlsd__estimator_ops *ops, const void *state, const double *in,
                          int64_t n, int64_t p, double *out, double *scratch)
{
    if (ops->transform_block != NULL)
        ops->transform_block(state, in, n, out);
    else
        (void)mlsd__estimator_predict(NULL, ops, state, in, n, p, MLSD_OUTPUT_FEATURES, out,
                                      scratch); /* a pipeline of transforms: cannot fail */
}

void mlsd__transform_training_rows(const mlsd__estimator_ops *ops, const void *state,
                                   const int64_t *rows, int64_t first, const double *in, int64_t n,
                                   int64_t p, double *out, double *scratch)
{
    if (ops->transform_train != NULL)
        ops->transform_train(state, rows, first, in, n, out, scratch);
    else
        mlsd__transform_rows(ops, state, in, n, p, out, scratch);
}

mlsd_status mlsd__frame_require_finite(mlsd__scope *scope, const mlsd__frame *f, bool nan_ok)
{
    int64_t row, feature;
    MLSD__TRY(mlsd__frame_find_bad(scope, f, nan_ok, &row, &feature));
    if (row < 0) return MLSD_OK;
    const char *const name = f->features[feature].name;
    /* The first bad value of a row may be infinite while a later one is missing, and the other way
     * round: say what this one is. */
    int64_t infinite_row = -1, infinite_feature = -1;
    if (!nan_ok) MLSD__TRY(mlsd__frame_find_bad(scope, f, true, &infinite_row, &infinite_feature));
    if (nan_ok || (infinite_row == row && infinite_feature == feature))
        return mlsd__fail(MLSD_E_DATA, "row %lld, column '%.100s' is infinite", (long long)row,
                          name);
    return mlsd__fail(MLSD_E_DATA, "row %lld, column '%.100s' is NaN; add an impute step",
                      (long long)row, name);
}

bool mlsd__frame_is_numeric(const mlsd__frame *f)
{
    for (int64_t i = 0; i < f->n_features; i++) {
        if (f->features[i].type != MLSD__NUMERIC) return false;
    }
    return true;
}

static mlsd_status check_weight(const double *weight, int64_t n, const char *of)
{
    if (weight == NULL) return MLSD_OK;
    double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        if (!(weight[i] >= 0) || !isfinite(weight[i]))
            return mlsd__fail(MLSD_E_DATA, "the weight of row %lld of %s is negative or not finite",
                              (long long)i, of);
        sum += weight[i];
    }
    if (!(sum > 0)) return mlsd__fail(MLSD_E_DATA, "the weights of %s are all 0", of);
    if (!isfinite(sum)) return mlsd__fail(MLSD_E_DATA, "the weights of %s overflow", of);
    return MLSD_OK;
}

static mlsd_status check_target(const double *y, int64_t n, int64_t n_targets, int64_t n_classes,
                                const char *of)
{
    for (int64_t i = 0; i < n * n_targets; i++) {
        if (!isfinite(y[i]))
            return mlsd__fail(MLSD_E_DATA, "the target of row %lld of %s is not finite",
                              (long long)(i / n_targets), of);
        if (n_classes > 0 && (y[i] < 0 || y[i] >= (double)n_classes || y[i] != floor(y[i])))
            return mlsd__fail(MLSD_E_DATA, "row %lld of %s is of no class", (long long)i, of);
    }
    return MLSD_OK;
}

bool mlsd__spec_transforms(const mlsd_spec *spec)
{
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    return ops->transforms && (ops->spec_transforms == NULL || ops->spec_transforms(spec));
}

bool mlsd__only_transforms(const mlsd__estimator_ops *ops)
{
    return ops->transforms && !ops->classifies && !ops->regresses;
}

/* Can this kind be asked for this task? */
static mlsd_status check_task(const mlsd_spec *spec, const mlsd__estimator_ops *ops,
                              const mlsd__train *train)
{
    const char *const kind = mlsd_kind_name(mlsd_spec_kind(spec));
    if (mlsd__only_transforms(ops)) return MLSD_OK;
    if (train->y == NULL) return mlsd__fail(MLSD_E_DATA, "%s needs a target", kind);
    if (train->n_more_targets > 0 && !ops->takes_targets)
        return mlsd__fail(MLSD_E_DATA,
                          "%s predicts one number, but there are %lld targets; ridge and "
                          "linear_regression predict several",
                          kind, (long long)train->n_more_targets + 1);
    if (train->task == MLSD_TASK_REGRESSION && !ops->regresses)
        return mlsd__fail(MLSD_E_DATA, "%s tells classes, but the target is a number", kind);
    if (train->task != MLSD_TASK_REGRESSION && !ops->classifies)
        return mlsd__fail(MLSD_E_DATA, "%s predicts a number, but the target has %lld classes",
                          kind, (long long)train->n_classes);
    return MLSD_OK;
}

static mlsd_status check_features(const mlsd_spec *spec, const mlsd__estimator_ops *ops,
                                  const mlsd__frame *x)
{
    for (int64_t i = 0; !ops->takes_category && i < x->n_features; i++) {
        if (x->features[i].type == MLSD__CATEGORY)
            return mlsd__fail(MLSD_E_DATA,
                              "%s: column '%.100s' holds text; add a one_hot step to the pipeline",
                              mlsd_kind_name(mlsd_spec_kind(spec)), x->features[i].name);
    }
    return MLSD_OK;
}

static mlsd_status check_train(mlsd__scope *scope, const mlsd_spec *spec,
                               const mlsd__estimator_ops *ops, const mlsd__train *train)
{
    const mlsd__frame *const x = train->x;
    const int64_t n_classes = train->task == MLSD_TASK_REGRESSION ? 0 : train->n_classes;
    if (x->n_rows < 1) return mlsd__fail(MLSD_E_DATA, "the training set has no rows");
    MLSD__TRY(check_task(
        spec, mlsd__estimator_final_ops(spec) != NULL ? mlsd__estimator_final_ops(spec) : ops,
        train));
    if (ops->check != NULL) MLSD__TRY(ops->check(spec, train->task));
    MLSD__TRY(check_features(spec, ops, x));
    MLSD__TRY(check_weight(train->weight, x->n_rows, "the training set"));
    if (train->y != NULL)
        MLSD__TRY(check_target(train->y, x->n_rows, 1 + train->n_more_targets, n_classes,
                               "the training set"));
    const bool is_checked = train->x_is_finite || (train->x_lacks_infinity && ops->takes_nan);
    if (!is_checked && !ops->checks_x)
        MLSD__TRY(mlsd__frame_require_finite(scope, x, ops->takes_nan));

    const bool fills_curve = ops->is_iterative || (ops->fills_curve && train->curve != NULL);
    if (fills_curve && train->x_valid != NULL) {
        const int64_t n_valid = train->x_valid->n_rows;
        MLSD__TRY(check_weight(train->weight_valid, n_valid, "the validation set"));
        if (train->y_valid != NULL)
            MLSD__TRY(check_target(train->y_valid, n_valid, 1, n_classes, "the validation set"));
        MLSD__TRY(mlsd__frame_require_finite(scope, train->x_valid, ops->takes_nan));
    }
    for (int64_t i = 0; fills_curve && train->curve != NULL && i < train->n_more_valid; i++) {
        const mlsd__more_set *const more = &train->more_valid[i];
        MLSD__TRY(check_weight(more->weight, more->x->n_rows, "a validation set"));
        if (more->y != NULL)
            MLSD__TRY(check_target(more->y, more->x->n_rows, 1, n_classes, "a validation set"));
        MLSD__TRY(mlsd__frame_require_finite(scope, more->x, ops->takes_nan));
    }
    return MLSD_OK;
}

mlsd_status mlsd__estimator_prepare(mlsd__scope *scope, const mlsd_spec *spec,
                                    const mlsd__train *train, mlsd__train *out, double **out_weight)
{
    *out_weight = NULL;
    MLSD__TRY(mlsd__spec_require(spec, "estimator,transform"));
    const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
    *out = *train;
    /* A transform that learns from a target knows one: of several it is told nothing. */
    if (train->n_more_targets > 0 && mlsd__only_transforms(ops)) {
        out->y = NULL;
        out->n_more_targets = 0;
    }
    MLSD__TRY(check_train(scope, spec, ops, out));
    if (ops->class_weight == NULL) return MLSD_OK;
    const mlsd__train unweighted = *out;
    return mlsd__class_weight_apply(scope, ops->class_weight(spec), &unweighted, out, out_weight);
}

mlsd_status mlsd__estimator_fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                                void **out_state)
{
    mlsd__train prepared;
    double *weight;
    *out_state = NULL;
    mlsd_status status = mlsd__estimator_prepare(scope, spec, train, &prepared, &weight);
    if (status == MLSD_OK) {
        const mlsd__estimator_ops *const ops = mlsd__spec_ops(spec);
        status = ops->fit(scope, spec, &prepared, out_state);
    }
    mlsd__free(scope->allocator, weight);
    return status;
}

mlsd_status mlsd__estimator_predict(mlsd__scope *scope, const mlsd__estimator_ops *ops,
                                    const void *state, const double *x, int64_t n, int64_t ld,
                                    mlsd_output what, double *out, double *scratch)
{
    if (ops->predict_long != NULL)
        return ops->predict_long(scope, state, x, n, ld, what, out, scratch);
    ops->predict_block(state, x, n, ld, what, out, scratch);
    return MLSD_OK;
}
