/* interval_resample.c - the public call for intervals by resampling: reads and checks what is
 * given, and hands it to the kind. */
#include "metric/interval_resample.h"

#include <math.h>
#include <string.h>

#include "mlsd/interval.h"
#include "base/handle.h"
#include "base/text.h"
#include "data/matrix_view.h"
#include "metric/intake.h"

/* The values whose mean is asked for, and their weights. */
static mlsd_status read_values(mlsd__scope *scope, const mlsd_matrix *y, const mlsd_matrix *weight,
                               mlsd__scored_copy *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = y->rows;
    MLSD__TRY(mlsd__matrix_check(y, "y"));
    MLSD__TRY(mlsd__matrix_check_vector(y, "y", n));
    if (weight != NULL) {
        MLSD__TRY(mlsd__matrix_check(weight, "weight"));
        MLSD__TRY(mlsd__matrix_check_vector(weight, "weight", n));
    }
    out->y = mlsd__alloc_raw(a, n, sizeof *out->y);
    if (out->y == NULL) return MLSD_E_NOMEM;
    mlsd__matrix_read(y, NULL, 0, n, out->y);
    if (weight != NULL) {
        out->weight = mlsd__alloc_raw(a, n, sizeof *out->weight);
        if (out->weight == NULL) return MLSD_E_NOMEM;
        mlsd__matrix_read(weight, NULL, 0, n, out->weight);
    }
    for (int64_t i = 0; i < n; i++) {
        const bool is_bad_weight =
            weight != NULL && !(out->weight[i] >= 0 && isfinite(out->weight[i]));
        if (isfinite(out->y[i]) && !is_bad_weight) continue;
        char text[MLSD__NUMBER_CAPACITY];
        mlsd__format_double(is_bad_weight ? out->weight[i] : out->y[i], text);
        return mlsd__fail(MLSD_E_DATA, "%s[%lld] is %s, not a finite number%s",
                          is_bad_weight ? "weight" : "y", (long long)i, text,
                          is_bad_weight ? " of at least 0" : "");
    }
    out->view = (mlsd__scored){.n = n, .y = out->y, .weight = out->weight};
    return MLSD_OK;
}

/* What a metric reads, in any shape that mlsd_metric_evaluate takes. `in` holds the rows. */
static mlsd_status read_rows(mlsd__scope *scope, const mlsd__metric_ops *metric,
                             const mlsd_matrix *y, const mlsd_matrix *prediction,
                             const mlsd_matrix *weight, mlsd__intake *in, mlsd__scored *out)
{
    mlsd__batch b;
    const int64_t n = y->rows;
    MLSD__TRY(mlsd__intake_plan(scope, metric, 1, -1, 1, y, prediction, weight, in));
    MLSD__TRY(mlsd__intake_open(scope->allocator, n > 0 ? n : 1, in));
    MLSD__TRY(mlsd__intake_read(in, y, prediction, weight, 0, n, &b));
    const bool proba = metric->needs_proba;
    *out = (mlsd__scored){.n = n,
                          .n_classes = in->shape.n_classes,
                          .y = b.y,
                          .prediction = proba ? b.proba : b.prediction,
                          .weight = b.weight,
                          .params = metric->params,
                          .data = metric->data,
                          .y_cols = in->shape.y_cols,
                          .prediction_cols = proba && in->of_classes ? in->shape.n_classes
                                                                     : in->shape.prediction_cols};
    return mlsd__checkpoint(scope);
}

static mlsd_status check_spread(const mlsd__statistic *s, const mlsd_matrix *stratum)
{
    if (s->form != MLSD__OF_MEAN && s->form != MLSD__OF_RATIO) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "method 'studentized' is for means over rows, and this metric is none; "
                          "use 'bca'");
    }
    if (stratum != NULL) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "method 'studentized' has no strata; use 'bca', or no stratum");
    }
    return MLSD_OK;
}

/* *is_mean: there is none, and the mean of y is asked for. */
static mlsd_status find_metric(const mlsd_spec *how, mlsd__metric_ops *out, bool *is_mean)
{
    const mlsd_spec *const child = mlsd__spec_slot_child(how, "metric");
    const char *const name = ((const mlsd__interval_ops *)mlsd__spec_ops(how))->metric_name(how);
    const mlsd__metric_ops *found = NULL;
    *is_mean = child == NULL && name == NULL;
    if (*is_mean) return MLSD_OK;
    if (child != NULL && name != NULL) {
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "there are 'metric_name' and a child 'metric': give one");
    }
    if (child != NULL) return mlsd__metric_of_spec(child, out);
    MLSD__TRY(mlsd__metric_find(name, &found));
    *out = *found;
    return MLSD_OK;
}

static mlsd_status resample(mlsd__scope *scope, const mlsd_spec *how,
                            const mlsd__metric_ops *metric, const mlsd_matrix *y,
                            const mlsd_matrix *prediction, const mlsd_matrix *weight,
                            const mlsd_matrix *cluster, const mlsd_matrix *stratum,
                            double *replicates, mlsd__resampled *out)
{
    const mlsd__interval_ops *const ops = mlsd__spec_ops(how);
    mlsd__scored_copy values = {0};
    mlsd__intake rows = {0};
    mlsd__statistic s = {0};
    const bool with_spread = ops->needs_spread(how);
    mlsd_status status = metric == NULL
                             ? read_values(scope, y, weight, &values)
                             : read_rows(scope, metric, y, prediction, weight, &rows, &values.view);
    if (status == MLSD_OK) {
        status =
            mlsd__statistic_new(scope, metric, &values.view, cluster, stratum, with_spread, &s);
    }
    if (status == MLSD_OK && with_spread) status = check_spread(&s, stratum);
    if (status == MLSD_OK && s.n_units > 0) status = ops->run(scope, how, &s, replicates, out);
    for (int64_t b = 0; s.n_units == 0 && replicates != NULL && b < ops->n_replicates(how); b++) {
        replicates[b] = NAN;
    }
    mlsd__statistic_free(&s, scope->allocator);
    mlsd__scored_free(&values, scope->allocator);
    mlsd__intake_close(&rows);
    return status;
}

static void put(double value, double *out)
{
    if (out != NULL) *out = value;
}

mlsd_status mlsd_interval_resample(const mlsd_context *context, const mlsd_spec *how,
                                   const mlsd_matrix *y, const mlsd_matrix *prediction,
                                   const mlsd_matrix *weight, const mlsd_matrix *cluster,
                                   const mlsd_matrix *stratum, double *out_value, double *out_low,
                                   double *out_high, double *out_se, double *out_bias,
                                   double *replicates, int64_t capacity)
{
    MLSD__REQUIRE_LIVE(how, MLSD__MAGIC_SPEC, "spec");
    MLSD__TRY(mlsd__spec_require(how, "interval"));
    MLSD__REQUIRE(y != NULL, "y is NULL");
    mlsd__metric_ops metric;
    bool of_mean = false;
    MLSD__TRY(find_metric(how, &metric, &of_mean));
    MLSD__REQUIRE(of_mean || prediction != NULL, "prediction is NULL");
    MLSD__REQUIRE(!of_mean || prediction == NULL,
                  "there are predictions, but no metric to score them");
    const int64_t wanted = ((const mlsd__interval_ops *)mlsd__spec_ops(how))->n_replicates(how);
    if (replicates != NULL && capacity < wanted) {
        return mlsd__fail(MLSD_E_BUFFER, "there is room for %lld replicates of %lld",
                          (long long)capacity, (long long)wanted);
    }

    mlsd__scope scope;
    mlsd__resampled r = {NAN, NAN, NAN, NAN, NAN};
    MLSD__TRY(mlsd__scope_open(&scope, context));
    const mlsd_status status = resample(&scope, how, of_mean ? NULL : &metric, y, prediction,
                                        weight, cluster, stratum, replicates, &r);
    mlsd__scope_close(&scope);
    if (status != MLSD_OK) return status;
    put(r.value, out_value);
    put(r.low, out_low);
    put(r.high, out_high);
    put(r.se, out_se);
    put(r.bias, out_bias);
    return MLSD_OK;
}
