/* variance_threshold.c - keep the columns of numbers that vary more than a threshold. Names are
 * those of scikit-learn's VarianceThreshold. A column without a range has variance 0, whatever its
 * rounding. NaN is left out; categories stay. */
#include <math.h>

#include "model/row_pass.h"
#include "model/select/selection.h"
#include "model/transform/column_pass.h"

extern const mlsd_kind mlsd__kind_variance_threshold;

typedef struct variance_params {
    double threshold;
} variance_params;

enum { VARIANCES };
static const char *const names[] = {"variances", NULL};

/* The weighted variance (divisor: the weight) of each column; of a column without any range 0, of
 * one without values NaN. `room` has 4 p. */
static mlsd_status find_variances(mlsd__scope *scope, const mlsd__train *train, double *room,
                                  double *variance)
{
    const int64_t p = train->x->n_features;
    double *const weight = room, *const mean = room + p, *const min = room + 2 * p,
                  *const max = room + 3 * p;
    MLSD__TRY(mlsd__column_moments(scope, train->x, train->weight, weight, mean, variance, NULL));
    MLSD__TRY(mlsd__column_ranges(scope, train, min, max));
    for (int64_t j = 0; j < p; j++) {
        if (train->x->features[j].type != MLSD__NUMERIC) {
            variance[j] = NAN;
            continue;
        }
        variance[j] = weight[j] > 0 ? variance[j] / weight[j] : NAN;
        if (max[j] == min[j]) variance[j] = 0; /* whatever the rounding of the mean */
        if (weight[j] > 0 && !isfinite(variance[j]))
            return mlsd__fail(MLSD_E_NUMERIC, "column '%.100s' is too large to be squared",
                              train->x->features[j].name);
    }
    return MLSD_OK;
}

static mlsd_status fit_columns(mlsd__scope *scope, double threshold, const mlsd__train *train,
                               mlsd__selection *s)
{
    double *variance;
    MLSD__TRY(mlsd__selection_array_new(scope->allocator, s, VARIANCES, 1, s->p, &variance));
    double *const room = mlsd__alloc_raw(scope->allocator, s->p, 4 * sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = find_variances(scope, train, room, variance);
    mlsd__free(scope->allocator, room);
    MLSD__TRY(status);
    int64_t n_kept = 0;
    for (int64_t j = 0; j < s->p; j++) {
        const bool is_category = s->features[j].type != MLSD__NUMERIC;
        s->support[j] = is_category || variance[j] > threshold;
        n_kept += s->support[j] != 0;
    }
    if (n_kept > 0 || s->p == 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_DATA, "no column has a variance above %g; lower 'threshold'%s",
                      threshold, train->x->n_rows == 1 ? " (one row has no variance)" : "");
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const variance_params *const params = mlsd__spec_params(spec);
    mlsd__selection *s;
    mlsd_status status =
        mlsd__selection_new(scope->allocator, train->x->features, train->x->n_features, names, &s);
    if (status == MLSD_OK) status = fit_columns(scope, params->threshold, train, s);
    return mlsd__selection_hand_over(scope, status, s, out_state);
}

static const mlsd__selection_ops ops =
    MLSD__SELECTION_OPS(names, .takes_nan = true, .takes_category = true, .fit = fit);

static const mlsd_param table[] = {
    MLSD__P_F64(variance_params, threshold, 0, INFINITY, MLSD__OPEN_UPPER, "0", NULL,
                "A column of numbers stays if its variance is above; 0 drops the constant ones"),
};

const mlsd_kind mlsd__kind_variance_threshold = {
    .name = "variance_threshold",
    .family = "transform",
    .doc = "Keep the columns of numbers that vary more than a threshold",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(variance_params),
    .ops = &ops,
    .traits = "{\"transform\":true,\"sklearn\":\"VarianceThreshold\"}",
};
