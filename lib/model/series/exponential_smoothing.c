/* exponential_smoothing.c - kind "exponential_smoothing": simple exponential smoothing, Holt's
 * trend, damped or not, and Holt and Winters' seasons, added or multiplied (Holt 1957; Winters
 * 1960; Gardner & McKenzie 1985). Names are those of statsmodels' ExponentialSmoothing; smoothing
 * parameters that are not given and the initial states minimise the squared one-step errors. */
#include <math.h>

#include "base/fail.h"
#include "model/series/series_state.h"
#include "model/series/smoothing_fit.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_exponential_smoothing;

typedef struct smoothing_params {
    int64_t trend, damped_trend, seasonal, seasonal_periods;
    double smoothing_level, smoothing_trend, smoothing_seasonal, damping_trend;
    int64_t max_iter;
} smoothing_params;

enum {
    SMOOTHING_LEVEL,
    SMOOTHING_TREND,
    SMOOTHING_SEASONAL,
    DAMPING_TREND,
    INITIAL_LEVEL,
    INITIAL_TREND,
    INITIAL_SEASONS,
    END_LEVEL,
    END_TREND,
    END_SEASONS,
    SSE,
    RESIDUAL_SD,
    AIC,
    BIC,
    N_OBS,
    N_ITER,
    CONVERGED
};
static const char *const names[] = {"smoothing_level",
                                    "smoothing_trend",
                                    "smoothing_seasonal",
                                    "damping_trend",
                                    "initial_level",
                                    "initial_trend",
                                    "initial_seasons",
                                    "level",
                                    "trend",
                                    "seasons",
                                    "sse",
                                    "residual_sd",
                                    "aic",
                                    "bic",
                                    "n_obs",
                                    "n_iter",
                                    "converged",
                                    NULL};

static int64_t period_of(const smoothing_params *p)
{
    return p->seasonal != MLSD__NO_SEASONS ? p->seasonal_periods : 1;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const smoothing_params *const p = mlsd__spec_params(spec);
    (void)task;
    if (p->seasonal != MLSD__NO_SEASONS && p->seasonal_periods < 2)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'seasonal' is set, but 'seasonal_periods' is %lld; set it to the rows "
                          "from one season to the same one again",
                          (long long)p->seasonal_periods);
    if (p->damped_trend != 0 && p->trend == 0)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'damped_trend' needs a trend; set 'trend' to add");
    return MLSD_OK;
}

static mlsd_status check_rows(const smoothing_params *p, const mlsd__train *train)
{
    const int64_t n = train->x->n_rows;
    const int64_t least = p->seasonal != MLSD__NO_SEASONS ? 2 * p->seasonal_periods
                          : p->trend != 0                 ? 3
                                                          : 2;
    if (n < least)
        return mlsd__fail(MLSD_E_DATA,
                          "exponential_smoothing: needs at least %lld rows for these parameters, "
                          "got %lld",
                          (long long)least, (long long)n);
    for (int64_t i = 0; p->seasonal == MLSD__MULTIPLIED_SEASONS && i < n; i++)
        if (!(train->y[i] > 0.0))
            return mlsd__fail(
                MLSD_E_DATA,
                "exponential_smoothing: the target of row %lld in time is %g; seasons "
                "that multiply need values above 0, set 'seasonal' to add",
                (long long)i, train->y[i]);
    return MLSD_OK;
}

static mlsd_status tell(const mlsd__allocator *a, const mlsd__smoothing *f, int64_t n,
                        mlsd__series_state *s)
{
    const double rows = (double)n, k = (double)f->n_estimated;
    const double fit = rows * mlsd__log(f->sse / rows);
    const struct {
        int64_t at;
        double value;
    } numbers[] = {
        {SMOOTHING_LEVEL, f->alpha},
        {SMOOTHING_TREND, f->beta},
        {SMOOTHING_SEASONAL, f->gamma},
        {DAMPING_TREND, f->phi},
        {INITIAL_LEVEL, f->level},
        {INITIAL_TREND, f->trend},
        {END_LEVEL, f->final_level},
        {END_TREND, f->final_trend},
        {SSE, f->sse},
        {RESIDUAL_SD, rows > k ? sqrt(f->sse / (rows - k)) : NAN},
        {AIC, fit + 2.0 * k},
        {BIC, fit + mlsd__log(rows) * k},
        {N_OBS, rows},
        {N_ITER, (double)f->n_iter},
        {CONVERGED, f->converged ? 1.0 : 0.0},
    };
    for (int i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__series_state_set_number(a, s, numbers[i].at, numbers[i].value));
    MLSD__TRY(mlsd__series_state_set(a, s, INITIAL_SEASONS, f->season, f->period));
    return mlsd__series_state_set(a, s, END_SEASONS, f->final_season, f->period);
}

static mlsd_status estimate(mlsd__scope *scope, const smoothing_params *p, const mlsd__train *train,
                            mlsd__smoothing *f)
{
    const bool has_trend = p->trend != 0, is_damped = p->damped_trend != 0;
    const bool has_seasons = p->seasonal != MLSD__NO_SEASONS;
    f->has_trend = has_trend;
    f->is_damped = is_damped;
    f->seasons = p->seasonal;
    f->alpha = p->smoothing_level;
    f->beta = has_trend ? p->smoothing_trend : 0.0;
    f->gamma = has_seasons ? p->smoothing_seasonal : 0.0;
    f->phi = is_damped ? p->damping_trend : 1.0;
    MLSD__TRY(mlsd__smoothing_fit(scope, train->y, train->x->n_rows, p->max_iter, f));
    if (!isfinite(f->sse) || !isfinite(f->final_level) || !isfinite(f->final_trend))
        return mlsd__fail(MLSD_E_NUMERIC,
                          "exponential_smoothing: the squared errors overflow; scale the target "
                          "down, or set 'seasonal' to add");
    if (!f->converged)
        mlsd__log_line(
            scope, MLSD_LOG_WARNING,
            "exponential_smoothing: not converged after %lld iterations; raise max_iter, "
            "or leave the trend or the seasons out",
            (long long)f->n_iter);
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const smoothing_params *const p = mlsd__spec_params(spec);
    mlsd__series_state *s = NULL;
    MLSD__TRY(check_rows(p, train));
    MLSD__TRY(mlsd__series_state_new(scope, spec, train, names, &s));
    mlsd__smoothing f = {.period = period_of(p)};
    double *const seasons = mlsd__alloc(a, 2 * f.period, sizeof *seasons);
    mlsd_status status = seasons == NULL ? MLSD_E_NOMEM : MLSD_OK;
    f.season = seasons;
    f.final_season = seasons != NULL ? seasons + f.period : NULL;
    if (status == MLSD_OK) status = estimate(scope, p, train, &f);
    if (status == MLSD_OK) status = tell(a, &f, train->x->n_rows, s);
    mlsd__free(a, seasons);
    if (status != MLSD_OK) {
        mlsd__series_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

/* Whether there is a trend, and how seasons act, shows in the state: a trend of 0 adds nothing, and
 * the sum of the seasons is 0 or their number. */
static mlsd__smoothing forecaster_of(const mlsd__series_state *s)
{
    const double *const initial = s->arrays[INITIAL_SEASONS].data;
    const int64_t period = s->arrays[END_SEASONS].n;
    double sum = 0.0;
    for (int64_t i = 0; i < period; i++) sum += initial[i];
    return (mlsd__smoothing){.has_trend = true,
                             .is_damped = true,
                             .seasons = sum > 0.5 * (double)period ? MLSD__MULTIPLIED_SEASONS
                                                                   : MLSD__ADDED_SEASONS,
                             .period = period,
                             .phi = mlsd__series_number(s, DAMPING_TREND),
                             .final_level = mlsd__series_number(s, END_LEVEL),
                             .final_trend = mlsd__series_number(s, END_TREND),
                             .final_season = s->arrays[END_SEASONS].data};
}

static void predict_block(const void *state, const double *x, int64_t n, int64_t ld,
                          mlsd_output what, double *out, double *scratch)
{
    const mlsd__smoothing f = forecaster_of(state);
    (void)what, (void)scratch;
    for (int64_t i = 0; i < n; i++) out[i] = mlsd__smoothing_forecast(&f, (int64_t)x[i * ld]);
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    const int64_t period = period_of(mlsd__spec_params(spec));
    mlsd__series_state *s = NULL;
    (void)features, (void)n_features, (void)n_classes;
    *out_state = NULL;
    MLSD__TRY(mlsd__series_load(r, names, &s));
    for (int64_t i = 0; i < s->n_arrays; i++) {
        const int64_t n = i == INITIAL_SEASONS || i == END_SEASONS ? period : 1;
        if (s->arrays[i].n != n) return mlsd__series_reject(r, s);
    }
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

static const char *const trends[] = {"none", "add", NULL};
static const char *const seasonals[] = {"none", "add", "mul", NULL};

static const mlsd_param table[] = {
    MLSD__P_CHOICE(smoothing_params, trend, trends, "\"none\"", "add: there is a trend"),
    MLSD__P_BOOL(smoothing_params, damped_trend, "false", "whether the trend flattens"),
    MLSD__P_CHOICE(smoothing_params, seasonal, seasonals, "\"none\"",
                   "whether there are seasons, and whether they add to the level or multiply it"),
    MLSD__P_I64(smoothing_params, seasonal_periods, 1, 1000, "1", "log",
                "rows from one season to the same one again: 12 for months, 4 for quarters"),
    MLSD__P_F64_NULL(smoothing_params, smoothing_level, 0, 1, 0, "null",
                     "share of an error that corrects the level; null: estimated"),
    MLSD__P_F64_NULL(smoothing_params, smoothing_trend, 0, 1, 0, "null",
                     "share of the level's correction that corrects the trend; null: estimated"),
    MLSD__P_F64_NULL(smoothing_params, smoothing_seasonal, 0, 1, 0, "null",
                     "share of an error that corrects the season; null: estimated"),
    MLSD__P_F64_NULL(smoothing_params, damping_trend, 0, 1, MLSD__OPEN_LOWER, "null",
                     "factor of the trend from step to step; null: estimated"),
    MLSD__P_I64(smoothing_params, max_iter, 1, INFINITY, "200", "log", "most iterations"),
};

const mlsd_kind mlsd__kind_exponential_smoothing = {
    .name = "exponential_smoothing",
    .family = "estimator",
    .doc = "a series' next values by exponential smoothing, with trend and seasons (Holt-Winters)",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(smoothing_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"forecasts\":true,\"sklearn\":\"ExponentialSmoothing\"}",
};
