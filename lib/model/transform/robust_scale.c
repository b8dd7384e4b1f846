/* robust_scale.c - take the median from each column of numbers and divide by the distance of two
 * quantiles, so that a few wild values change little.
 *
 * scikit-learn's RobustScaler; weights count as rows. A column whose two quantiles are equal is
 * only moved. NaN is left out and stays NaN. */
#include <math.h>

#include "model/transform/column_pass.h"
#include "model/transform/column_state.h"
#include "numeric/distribution.h"

extern const mlsd_kind mlsd__kind_robust_scale;

typedef struct robust_params {
    int64_t with_centering, with_scaling;
    mlsd__f64_list quantile_range;
    int64_t unit_variance;
} robust_params;

enum { CENTER, SCALE, N_ARRAYS };
static const char *const names[] = {"center", "scale", NULL};

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const robust_params *const params = mlsd__spec_params(spec);
    const mlsd__f64_list range = params->quantile_range;
    if (range.n != 2 || !(range.values[0] < range.values[1]))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'quantile_range' must be two percentages, the smaller one first");
    if (params->unit_variance != 0 && (range.values[0] <= 0 || range.values[1] >= 100))
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'unit_variance' needs a 'quantile_range' within 0 and 100, got %g to %g",
                          range.values[0], range.values[1]);
    return MLSD_OK;
}

typedef struct fit_job {
    const robust_params *params;
    mlsd__column_state *state;
    double unit; /* the distance of the quantiles in a normal distribution, or 1 */
} fit_job;

static mlsd_status fit_column(void *arg, const mlsd__sorted_column *c, mlsd__scope *scope)
{
    (void)scope;
    const fit_job *const job = arg;
    const double *const range = job->params->quantile_range.values;
    const double ends[] = {range[0] / 100, range[1] / 100}, half = 0.5;
    double median, found[2];
    if (c->n == 0) return MLSD_OK;
    mlsd__column_quantiles(c, &half, 1, &median);
    mlsd__column_quantiles(c, ends, 2, found);
    const double distance = (found[1] - found[0]) / job->unit;
    if (!isfinite(distance))
        return mlsd__fail(MLSD_E_NUMERIC,
                          "the quantiles of column '%.100s' lie too far apart: %g and %g",
                          job->state->features[c->column].name, found[0], found[1]);
    if (job->params->with_centering != 0)
        mlsd__column_state_array(job->state, CENTER)[c->column] = median;
    if (job->params->with_scaling != 0)
        mlsd__column_state_array(job->state, SCALE)[c->column] =
            distance > 0 ? distance : 1 / job->unit;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    MLSD__TRY(mlsd__column_state_new(scope->allocator, train->x->features, train->x->n_features,
                                     N_ARRAYS, names, sizeof(mlsd__column_state), out_state));
    fit_job job = {.params = mlsd__spec_params(spec), .state = *out_state, .unit = 1};
    const double *const range = job.params->quantile_range.values;
    if (job.params->unit_variance != 0)
        job.unit = mlsd__normal_quantile(range[1] / 100) - mlsd__normal_quantile(range[0] / 100);
    for (int64_t j = 0; j < job.state->p; j++) mlsd__column_state_array(job.state, SCALE)[j] = 1;
    const mlsd_status status = mlsd__each_sorted_number(scope, train, fit_column, &job);
    return mlsd__column_state_keep(scope->allocator, status, out_state);
}

static void transform_block(const void *state_, const double *in, int64_t n, double *out)
{
    const mlsd__column_state *const state = state_;
    mlsd__shift_and_divide(in, n, state->p, mlsd__column_state_array(state, CENTER),
                           mlsd__column_state_array(state, SCALE), out);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)n_classes;
    MLSD__TRY(mlsd__column_state_new(r->allocator, features, n_features, N_ARRAYS, names,
                                     sizeof(mlsd__column_state), out_state));
    return mlsd__column_state_keep(r->allocator, mlsd__column_state_load(r, *out_state), out_state);
}

static const mlsd__estimator_ops ops = {
    .transforms = true,
    .takes_nan = true,
    .takes_category = true,
    .check = check,
    .fit = fit,
    .features_out = mlsd__column_state_features,
    .transform_block = transform_block,
    .attribute = mlsd__column_state_attribute,
    .save = mlsd__column_state_save,
    .load = load,
    .free_state = mlsd__column_state_free,
};

static const mlsd_param table[] = {
    MLSD__P_BOOL(robust_params, with_centering, "true", "Take the median away"),
    MLSD__P_BOOL(robust_params, with_scaling, "true", "Divide by the distance of the quantiles"),
    MLSD__P_F64_LIST(robust_params, quantile_range, 0, 100, 0, "[25,75]", NULL,
                     "The two quantiles, in percent"),
    MLSD__P_BOOL(robust_params, unit_variance, "false",
                 "Scale so that normally distributed numbers get variance 1"),
};

const mlsd_kind mlsd__kind_robust_scale = {
    .name = "robust_scale",
    .family = "transform",
    .doc = "Bring columns of numbers to median 0 and one distance of quantiles",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(robust_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"RobustScaler\"}",
};
