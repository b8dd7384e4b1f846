/* naive_forecaster.c - kind "naive_forecaster": what a forecast must beat (Hyndman & Athanasopoulos
 * 2021, Forecasting: Principles and Practice, section 5.2). The last value, that of the same
 * season, the last value and the mean change, or the mean, of each season where there are seasons.
 */
#include <math.h>

#include "base/fail.h"
#include "model/series/series_state.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_naive_forecaster;

enum { LAST, DRIFT, MEAN };

typedef struct naive_params {
    int64_t strategy, sp;
} naive_params;

enum { LEVEL, SLOPE, RESIDUAL_SD, N_OBS };
static const char *const names[] = {"level", "slope", "residual_sd", "n_obs", NULL};

/* Larger values could overflow within the steps that a forecaster gives. */
static const double MOST = 1e300;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const naive_params *const p = mlsd__spec_params(spec);
    (void)task;
    if (p->strategy == DRIFT && p->sp > 1)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'sp' is %lld, but the strategy 'drift' knows no seasons; set 'sp' to 1",
                          (long long)p->sp);
    return MLSD_OK;
}

/* Level of the next sp steps, and the change from step to step. */
static void find_levels(const naive_params *p, const double *y, int64_t n, double *level,
                        double *slope)
{
    const int64_t sp = p->sp;
    *slope = p->strategy == DRIFT ? (y[n - 1] - y[0]) / (double)(n - 1) : 0.0;
    for (int64_t s = 0; s < sp; s++) {
        level[s] = y[n - sp + s];
        if (p->strategy != MEAN) continue;
        double sum = 0.0;
        int64_t count = 0;
        for (int64_t i = (n + s) % sp; i < n; i += sp, count++) sum += y[i];
        level[s] = sum / (double)count;
    }
}

static mlsd_status check_levels(const double *level, int64_t sp, double slope)
{
    bool is_usable = fabs(slope) <= MOST;
    for (int64_t s = 0; s < sp; s++) is_usable = is_usable && fabs(level[s]) <= MOST;
    if (is_usable) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC,
                      "naive_forecaster: values beyond %g overflow when they are "
                      "continued; scale the target down",
                      MOST);
}

/* Root of the squares of the one-step residuals over their number less the estimated numbers (the
 * book's section 5.5); NaN where nothing is left. */
static double residual_sd(const naive_params *p, const double *y, int64_t n, const double *level,
                          double slope)
{
    const int64_t sp = p->sp, first = p->strategy == MEAN ? 0 : sp;
    const int64_t n_estimated = p->strategy == MEAN ? sp : p->strategy == DRIFT ? 1 : 0;
    double squares = 0.0;
    for (int64_t i = first; i < n; i++) {
        const double fitted = p->strategy == MEAN ? level[(i + sp - n % sp) % sp] : y[i - sp];
        const double e = y[i] - fitted - slope;
        squares += e * e;
    }
    const int64_t df = n - first - n_estimated;
    return df > 0 ? sqrt(squares / (double)df) : NAN;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const naive_params *const p = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows, least = p->strategy == DRIFT ? 2 : p->sp;
    mlsd__series_state *s = NULL;
    if (n < least)
        return mlsd__fail(MLSD_E_DATA, "naive_forecaster: needs at least %lld rows, got %lld",
                          (long long)least, (long long)n);
    MLSD__TRY(mlsd__series_state_new(scope, spec, train, names, &s));
    double *const level = mlsd__alloc_raw(a, p->sp, sizeof *level);
    mlsd_status status = level == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) {
        double slope = 0.0;
        find_levels(p, train->y, n, level, &slope);
        const double sd = residual_sd(p, train->y, n, level, slope);
        status = check_levels(level, p->sp, slope);
        if (status == MLSD_OK) status = mlsd__series_state_set(a, s, LEVEL, level, p->sp);
        if (status == MLSD_OK) status = mlsd__series_state_set_number(a, s, SLOPE, slope);
        if (status == MLSD_OK) status = mlsd__series_state_set_number(a, s, RESIDUAL_SD, sd);
        if (status == MLSD_OK) status = mlsd__series_state_set_number(a, s, N_OBS, (double)n);
    }
    mlsd__free(a, level);
    if (status != MLSD_OK) {
        mlsd__series_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static void predict_block(const void *state, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const mlsd__series_state *const s = state;
    (void)what, (void)scratch;
    for (int64_t i = 0; i < n; i++) {
        const int64_t step = (int64_t)x[i * ld];
        out[i] = s->arrays[LEVEL].data[(step - 1) % s->arrays[LEVEL].n] +
                 (double)step * mlsd__series_number(s, SLOPE);
    }
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const naive_params *const p = mlsd__spec_params(spec);
    mlsd__series_state *s = NULL;
    (void)features, (void)n_features, (void)n_classes;
    *out_state = NULL;
    MLSD__TRY(mlsd__series_load(r, names, &s));
    if (s->arrays[LEVEL].n != p->sp || s->arrays[SLOPE].n != 1) return mlsd__series_reject(r, s);
    *out_state = s;
    return MLSD_OK;
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .takes_nan = true,
    .takes_category = true,
    .checks_x = true,
    .check = check,
    .clock = mlsd__series_clock,
    .fit = fit,
    .predict_block = predict_block,
    .attribute = mlsd__series_attribute,
    .save = mlsd__series_save,
    .load = load,
    .free_state = mlsd__series_free,
};

static const char *const strategies[] = {"last", "drift", "mean", NULL};

static const mlsd_param table[] = {
    MLSD__P_CHOICE(naive_params, strategy, strategies, "\"last\"",
                   "last: the last value, of the same season; drift: the last value and the mean "
                   "change; mean: the mean, of the same season"),
    MLSD__P_I64(naive_params, sp, 1, 1000000, "1", "log",
                "seasonal period: rows from one season to the same one again"),
};

const mlsd_kind mlsd__kind_naive_forecaster = {
    .name = "naive_forecaster",
    .family = "estimator",
    .doc = "a series' next values as its last ones, their trend or their mean: the baseline",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(naive_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"forecasts\":true,\"sklearn\":\"NaiveForecaster\"}",
};
