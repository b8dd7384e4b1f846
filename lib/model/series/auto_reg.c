/* auto_reg.c - kind "auto_reg": a series' next value as a linear function of its last ones, of a
 * constant and of time; by least squares given the first rows (names as statsmodels' AutoReg), or
 * by Yule and Walker's equations (as R's ar). */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/series/auto_reg_fit.h"
#include "model/series/series_state.h"
#include "numeric/mathfun.h"

extern const mlsd_kind mlsd__kind_auto_reg;

typedef struct auto_reg_params {
    int64_t lags, max_lags, ic, trend, method;
} auto_reg_params;

enum { LEAST_SQUARES, YULE_WALKER };
enum { NOTHING, CONSTANT, TIME, CONSTANT_AND_TIME };

enum { COEF, INTERCEPT, SLOPE, LAGS, SSE, RESIDUAL_SD, AIC, BIC, N_OBS, LAST };
static const char *const names[] = {"coef", "intercept", "trend", "lags", "sse", "residual_sd",
                                    "aic",  "bic",       "n_obs", "last", NULL};

/* Forecasts of explosive models stop here: a sum of such numbers is still finite. */
static const double MOST = 1e290;

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    const auto_reg_params *const p = mlsd__spec_params(spec);
    (void)task;
    if (p->method == YULE_WALKER && p->trend != CONSTANT && p->trend != NOTHING)
        return mlsd__fail(MLSD_E_PARAM_CONFLICT,
                          "'method' yule_walker knows no trend in time; set 'trend' to c or n");
    return MLSD_OK;
}

/* The number of lags, or the most that may be chosen from. */
static mlsd_status read_lags(const auto_reg_params *p, int64_t n, mlsd__auto_reg *f)
{
    const bool is_given = p->lags != MLSD__NULL_I64;
    const int64_t n_trend = (f->has_constant ? 1 : 0) + (f->has_time ? 1 : 0);
    const int64_t possible =
        p->method == LEAST_SQUARES ? (n - n_trend - 1) / 2 : n - 1; /* rows beyond the numbers */
    const int64_t usual = (int64_t)(10.0 * mlsd__log((double)n) / mlsd__log(10.0));
    f->chooses = !is_given;
    f->by_bic = p->ic == 1;
    f->n_lags = is_given                        ? p->lags
                : p->max_lags != MLSD__NULL_I64 ? p->max_lags
                : usual < possible              ? usual
                                                : possible;
    if (n < n_trend + 1 || f->n_lags > possible)
        return mlsd__fail(
            MLSD_E_DATA, "auto_reg: %lld lags need at least %lld rows, got %lld; lower '%s'",
            (long long)f->n_lags,
            (long long)(p->method == LEAST_SQUARES ? 2 * f->n_lags + n_trend + 1 : f->n_lags + 1),
            (long long)n, is_given ? "lags" : "max_lags");
    return MLSD_OK;
}

static mlsd_status tell(const mlsd__allocator *a, const mlsd__auto_reg *f, const double *y,
                        int64_t n, mlsd__series_state *s)
{
    const double rows = (double)f->n_used, k = (double)f->n_numbers;
    const double likelihood = rows * (mlsd__log(2.0 * M_PI) + mlsd__log(f->sse / rows) + 1.0);
    const struct {
        int64_t at;
        double value;
    } numbers[] = {
        {INTERCEPT, f->constant},
        {SLOPE, f->slope},
        {LAGS, (double)f->n_lags},
        {SSE, f->sse},
        {RESIDUAL_SD, rows > k ? sqrt(f->sse / (rows - k)) : NAN},
        {AIC, likelihood + 2.0 * (k + 1.0)},
        {BIC, likelihood + mlsd__log(rows) * (k + 1.0)},
        {N_OBS, (double)n},
    };
    for (int i = 0; i < MLSD__COUNT(numbers); i++)
        MLSD__TRY(mlsd__series_state_set_number(a, s, numbers[i].at, numbers[i].value));
    MLSD__TRY(mlsd__series_state_set(a, s, COEF, f->coef, f->n_lags));
    return mlsd__series_state_set(a, s, LAST, y + n - f->n_lags, f->n_lags);
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const auto_reg_params *const p = mlsd__spec_params(spec);
    const int64_t n = train->x->n_rows;
    mlsd__series_state *s = NULL;
    mlsd__auto_reg f = {.has_constant = p->trend == CONSTANT || p->trend == CONSTANT_AND_TIME,
                        .has_time = p->trend == TIME || p->trend == CONSTANT_AND_TIME};
    MLSD__TRY(read_lags(p, n, &f));
    MLSD__TRY(mlsd__series_state_new(scope, spec, train, names, &s));
    f.coef = mlsd__alloc(a, f.n_lags, sizeof *f.coef);
    mlsd_status status = f.coef == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK)
        status = p->method == LEAST_SQUARES ? mlsd__auto_reg_least_squares(scope, train->y, n, &f)
                                            : mlsd__auto_reg_yule_walker(scope, train->y, n, &f);
    if (status == MLSD_OK && !isfinite(f.sse))
        status =
            mlsd__fail(MLSD_E_NUMERIC, "auto_reg: the squares overflow; scale the target down");
    if (status == MLSD_OK) status = tell(a, &f, train->y, n, s);
    mlsd__free(a, f.coef);
    if (status != MLSD_OK) {
        mlsd__series_free(a, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static int64_t scratch_width(const void *state)
{
    return ((const mlsd__series_state *)state)->arrays[LAST].n;
}

/* The series goes on step by step from its last values, `recent` (a ring; the oldest is at `at`).
 */
static double next_value(const mlsd__series_state *s, const double *recent, int64_t at,
                         int64_t step)
{
    const int64_t p = s->arrays[COEF].n;
    double value = mlsd__series_number(s, INTERCEPT) +
                   mlsd__series_number(s, SLOPE) * (mlsd__series_number(s, N_OBS) + (double)step);
    for (int64_t k = 0; k < p; k++) value += s->arrays[COEF].data[k] * recent[(at + p - 1 - k) % p];
    return fmin(fmax(value, -MOST), MOST);
}

/* Rows mostly follow each other; one that does not starts from the end of the series again. */
static mlsd_status predict_long(mlsd__scope *scope, const void *state, const double *x, int64_t n,
                                int64_t ld, mlsd_output what, double *out, double *scratch)
{
    enum { BETWEEN_CHECKPOINTS = 1 << 20 }; /* products */
    const mlsd__series_state *const s = state;
    const int64_t p = s->arrays[LAST].n;
    int64_t step = INT64_MAX, at = 0, n_products = 0;
    double value = 0.0;
    (void)what;
    for (int64_t i = 0; i < n; i++) {
        const int64_t wanted = (int64_t)x[i * ld];
        if (wanted < step) {
            if (p > 0) memcpy(scratch, s->arrays[LAST].data, (size_t)p * sizeof *scratch);
            step = 0;
            at = 0;
        }
        while (step < wanted) {
            value = next_value(s, scratch, at, ++step);
            n_products += p + 1;
            if (scope != NULL && n_products >= BETWEEN_CHECKPOINTS) {
                MLSD__TRY(mlsd__checkpoint(scope));
                n_products = 0;
            }
            if (p == 0) continue;
            scratch[at] = value;
            at = (at + 1) % p;
        }
        out[i] = value;
    }
    return MLSD_OK;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    mlsd__series_state *s = NULL;
    (void)spec, (void)features, (void)n_features, (void)n_classes;
    *out_state = NULL;
    MLSD__TRY(mlsd__series_load(r, names, &s));
    for (int64_t i = 0; i < s->n_arrays; i++)
        if (i != COEF && s->arrays[i].n != (i == LAST ? s->arrays[COEF].n : 1))
            return mlsd__series_reject(r, s);
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
    .predict_long = predict_long,
    .scratch_width = scratch_width,
    .attribute = mlsd__series_attribute,
    .save = mlsd__series_save,
    .load = load,
    .free_state = mlsd__series_free,
};

static const char *const criteria[] = {"aic", "bic", NULL};
static const char *const trends[] = {"n", "c", "t", "ct", NULL};
static const char *const methods[] = {"least_squares", "yule_walker", NULL};

static const mlsd_param table[] = {
    MLSD__P_I64_NULL(auto_reg_params, lags, 0, 10000, "null",
                     "number of last values that the next one depends on; null: chosen by 'ic'"),
    MLSD__P_I64_NULL(auto_reg_params, max_lags, 0, 10000, "null",
                     "most lags to choose from; null: 10 log10 of the rows"),
    MLSD__P_CHOICE(auto_reg_params, ic, criteria, "\"aic\"",
                   "criterion that chooses the number of lags"),
    MLSD__P_CHOICE(auto_reg_params, trend, trends, "\"c\"",
                   "n: none; c: a constant; t: a line through time 0; ct: constant and line"),
    MLSD__P_CHOICE(auto_reg_params, method, methods, "\"least_squares\"",
                   "least squares given the first rows, or the Yule-Walker equations"),
};

const mlsd_kind mlsd__kind_auto_reg = {
    .name = "auto_reg",
    .family = "estimator",
    .doc = "a series' next values from its last ones: an autoregression, AR(p)",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(auto_reg_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"forecasts\":true,\"sklearn\":\"AutoReg\"}",
};
