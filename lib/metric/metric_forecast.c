/* metric_forecast.c - forecasts that say how sure they are (intervals, quantiles, ensembles, normal
 * distributions), and errors of time series beside those of a naive forecast.
 *
 * Rows of a series stand in the order of time. Scores of distributions: Gneiting & Raftery (2007),
 * JASA 102:359. */
#include <math.h>
#include <string.h>

#include "metric/values.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

enum { MOST_MEMBERS = 4096 };
#define ONE_OVER_ROOT_PI 0.56418958354775628695
#define ONE_OVER_ROOT_2_PI 0.39894228040143267794

static int64_t columns_of(const mlsd__scored *s)
{
    return s->prediction_cols > 0 ? s->prediction_cols : 1;
}

/* ---- intervals: two columns, low and high ---- */

/* Winkler (1972), JASA 67:187. */
static void interval_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                          double *out)
{
    const mlsd__value_params *const p = s->params;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double y = s->y[row], low = s->prediction[2 * row], high = s->prediction[2 * row + 1];
        const double miss = fmax(0, low - y) + fmax(0, y - high);
        out[i] = low <= high ? high - low + 2 / p->alpha * miss : NAN;
    }
}

static void covered(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                    double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double y = s->y[row], low = s->prediction[2 * row], high = s->prediction[2 * row + 1];
        out[i] = low <= high ? (low <= y && y <= high) : NAN;
    }
}

static void width_of(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                     double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double low = s->prediction[2 * row], high = s->prediction[2 * row + 1];
        out[i] = low <= high ? high - low : NAN;
    }
}

/* ---- the continuous ranked probability score: the integral over x of (F(x) - [y <= x])^2 ---- */

/* Gneiting, Raftery, Westveld & Goldman (2005), Mon. Weather Rev. 133:1098, eq. 5. */
static double crps_of_normal(double y, double mean, double sd)
{
    if (!(sd >= 0)) return NAN;
    if (sd == 0) return fabs(y - mean);
    const double z = (y - mean) / sd, density = ONE_OVER_ROOT_2_PI * mlsd__exp(-z * z / 2);
    return sd * (z * mlsd__erf(z * 0.70710678118654752440) + 2 * density - ONE_OVER_ROOT_PI);
}

static void gaussian_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                          double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = crps_of_normal(s->y[row], s->prediction[2 * row], s->prediction[2 * row + 1]);
    }
}

/* Shell sort with Ciura's gaps: members are few, and a loss has no memory to ask for. */
static void sort_members(double *x, int64_t n)
{
    static const int64_t gaps[] = {1750, 701, 301, 132, 57, 23, 10, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        const int64_t gap = gaps[g];
        for (int64_t i = gap; i < n; i++) {
            const double value = x[i];
            int64_t k = i;
            for (; k >= gap && x[k - gap] > value; k -= gap) x[k] = x[k - gap];
            x[k] = value;
        }
    }
}

/* mean |x - y| - 1/2 mean |x - x'|, over all pairs, or (fair) over those of two members. Sorted,
 * the k-th member stands above k others and below the rest. */
static double crps_of_members(double *x, int64_t m, double y, bool fair)
{
    double miss = 0, spread = 0;
    for (int64_t k = 0; k < m; k++) {
        x[k] -= y;
        miss += fabs(x[k]);
    }
    sort_members(x, m);
    for (int64_t k = 0; k < m; k++) spread += (double)(2 * k - m + 1) * x[k];
    const double pairs = (double)m * (double)(fair ? m - 1 : m);
    return miss / (double)m - (m > 1 ? spread / pairs : 0);
}

static void ensemble_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                          double *out)
{
    const mlsd__value_params *const p = s->params;
    const int64_t m = columns_of(s);
    double members[MOST_MEMBERS];
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        memcpy(members, s->prediction + row * m, (size_t)m * sizeof *members);
        out[i] = crps_of_members(members, m, s->y[row], p->fair != 0);
    }
}

/* The share of [0, 1] that is nearer to quantile k than to its neighbours. */
static double cell_of(const mlsd__f64_list *q, int64_t k)
{
    const double low = k == 0 ? 0 : (q->values[k - 1] + q->values[k]) / 2;
    const double high = k == q->n - 1 ? 1 : (q->values[k] + q->values[k + 1]) / 2;
    return high - low;
}

/* Twice the integral of the pinball loss over the quantiles (Laio & Tamea 2007), a cell each. */
static void quantiles_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                           double *out)
{
    const mlsd__value_params *const p = s->params;
    const int64_t m = columns_of(s);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = 0;
        for (int64_t k = 0; k < m; k++) {
            const double e = s->y[row] - s->prediction[row * m + k], a = p->quantiles.values[k];
            out[i] += 2 * cell_of(&p->quantiles, k) * (e >= 0 ? a * e : (a - 1) * e);
        }
    }
}

/* ---- time series ---- */

/* Error of the forecast "as one season ago" on the training series: mean absolute, or root mean
 * squared. */
static double naive_error(const mlsd__value_params *p, bool is_root)
{
    if (!isnan(p->scale)) return p->scale;
    double sum = 0;
    for (int64_t i = p->season; i < p->training.n; i++) {
        const double e = p->training.values[i] - p->training.values[i - p->season];
        sum += is_root ? e * e : fabs(e);
    }
    const double mean = sum / (double)(p->training.n - p->season);
    return is_root ? sqrt(mean) : mean;
}

/* Hyndman & Koehler (2006), Int. J. Forecasting 22:679; rmsse: Makridakis et al. (2022, M5). */
static mlsd_status finish_scaled(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__estimate *const e = &out->estimate;
    const double scale = naive_error(f->params, f->metric->is_root);
    MLSD__TRY(mlsd__row_loss_finish(scope, f, out));
    e->numerator = e->value;
    e->denominator = scale;
    if (!(scale > 0)) {
        e->value = e->se = e->low = e->high = NAN; /* a series that repeats itself has no scale */
        return MLSD_OK;
    }
    e->value /= scale;
    e->se /= scale;
    e->low /= scale;
    e->high /= scale;
    return MLSD_OK;
}

static mlsd_status finish_row_loss(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__value_metric *const m = f->metric->data;
    MLSD__TRY(mlsd__row_loss_finish(scope, f, out));
    if (out->estimate.support > 0 && isnan(out->estimate.value)) {
        return mlsd__fail(MLSD_E_DATA, "a row has no finite score; this metric takes %s",
                          m->domain);
    }
    return MLSD_OK;
}

/* A row counts from the second on: it went up, down or nowhere, and was forecast so, both from the
 * last true value. A slot's rows are taken for a series of their own. */
static mlsd_status finish_direction(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__scored s;
    double hit = 0, total = 0, squares = 0, support = 0;
    (void)scope;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    for (int64_t i = 1; i < s.n; i++) {
        const double w = s.weight == NULL ? 1 : s.weight[i], last = s.y[i - 1];
        if (!(w > 0)) continue;
        const int went = (s.y[i] > last) - (s.y[i] < last);
        const int said = (s.prediction[i] > last) - (s.prediction[i] < last);
        hit += went == said ? w : 0;
        total += w;
        squares += w * w;
        support += 1;
    }
    mlsd__estimate_share(hit, total, squares, support, f->level, &out->estimate);
    return MLSD_OK;
}

/* ---- checks ---- */

static mlsd_status check_bounds(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return mlsd__values_check_columns(shape, 2, ", low and high");
}

static mlsd_status check_gaussian(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return mlsd__values_check_columns(shape, 2, ", mean and standard deviation");
}

static mlsd_status check_members(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    const int64_t m = shape->prediction_cols;
    if (m > MOST_MEMBERS) {
        return mlsd__fail(MLSD_E_SHAPE, "an ensemble has at most %d members, got %lld; take a part",
                          MOST_MEMBERS, (long long)m);
    }
    if (p->fair != 0 && m < 2) {
        return mlsd__fail(MLSD_E_SHAPE, "the fair score needs 2 members, got 1; use fair = false");
    }
    return mlsd__values_check_columns(shape, m, "");
}

static mlsd_status check_quantiles(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    const mlsd__f64_list *const q = &p->quantiles;
    if (q->n == 0) {
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'quantiles' is null; say which the columns are, "
                                              "such as 0.1, 0.5, 0.9");
    }
    for (int64_t k = 1; k < q->n; k++) {
        if (q->values[k] > q->values[k - 1]) continue;
        return mlsd__fail(MLSD_E_PARAM_RANGE, "'quantiles' must increase, got %g after %g",
                          q->values[k], q->values[k - 1]);
    }
    return mlsd__values_check_columns(shape, q->n, ", a column a quantile");
}

static mlsd_status check_scaled(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    if (isnan(p->scale) && p->training.n <= p->season) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "the naive forecast of season %lld needs a 'training' series longer than "
                          "that, got %lld; or give its error as 'scale'",
                          (long long)p->season, (long long)p->training.n);
    }
    return mlsd__values_check_columns(shape, 1, "");
}

static mlsd_status check_one(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return mlsd__values_check_columns(shape, 1, "");
}

/* ---- kinds ---- */

static const mlsd__value_params of_alpha = {.alpha = 0.05};
static const mlsd__value_params of_season = {.season = 1, .scale = NAN};
static const mlsd__value_params plain = {.fair = 0};
static const mlsd_param alpha_table[] = {
    MLSD__P_F64(mlsd__value_params, alpha, 0, 1, MLSD__OPEN_LOWER, "0.05", NULL,
                "share of the values that the interval is meant to miss: 0.05 of a 95 % interval")};
static const mlsd_param ensemble_table[] = {
    MLSD__P_BOOL(mlsd__value_params, fair, "false",
                 "compare members with others alone (Ferro 2014): unbiased for the distribution "
                 "that few members are drawn from")};
static const mlsd_param quantile_table[] = {
    MLSD__P_F64_LIST(mlsd__value_params, quantiles, 0, 1, 0, "null", NULL,
                     "which quantiles the columns of prediction are, ascending")};
static const mlsd_param scale_table[] = {
    MLSD__P_I64(mlsd__value_params, season, 1, 1e9, "1", NULL,
                "rows in a season; the naive forecast is the value one season ago"),
    MLSD__P_F64_LIST(mlsd__value_params, training, -INFINITY, INFINITY,
                     MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "null", NULL,
                     "the series before the rows that are scored"),
    MLSD__P_F64_NULL(mlsd__value_params, scale, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "error of the naive forecast, instead of the training series"),
};

static const mlsd__value_metric of_bounds = {.domain = "low bounds that are at most the high ones"};
static const mlsd__value_metric of_normal = {.domain = "standard deviations of at least 0"};
static const mlsd__value_metric of_members = {.domain = "numbers of moderate size"};

#define OF_ROWS(loss_, data_, check_, finish_)                                                    \
    .for_regression = true, .data = data_, .row_loss = loss_, .summary = &mlsd__summary_row_loss, \
    .check = check_, .finish = finish_
#define PARAMS(params_) .params = params_, .params_size = sizeof(mlsd__value_params)

static const mlsd__metric_ops interval_score_ops = {
    OF_ROWS(interval_loss, &of_bounds, check_bounds, finish_row_loss), PARAMS(&of_alpha)};
MLSD__METRIC_KIND_WITH(
    interval_score, alpha_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "Winkler score of intervals (prediction: low, high): their width, and 2 / alpha times what "
    "they miss by; t interval");

static const mlsd__metric_ops interval_coverage_ops = {
    OF_ROWS(covered, &of_bounds, check_bounds, finish_row_loss), .greater_is_better = true,
    .is_share = true};
MLSD__METRIC_KIND(
    interval_coverage, MLSD__OF_NUMBERS, "1",
    "share of the values inside their intervals (prediction: low, high), to be held beside "
    "the promised one; Wilson interval");

static const mlsd__metric_ops interval_width_ops = {
    OF_ROWS(width_of, &of_bounds, check_bounds, finish_row_loss)};
MLSD__METRIC_KIND(
    interval_width, MLSD__OF_NUMBERS, "-1",
    "mean width of intervals (prediction: low, high), to be held beside their coverage; t "
    "interval");

static const mlsd__metric_ops crps_gaussian_ops = {
    OF_ROWS(gaussian_loss, &of_normal, check_gaussian, finish_row_loss)};
MLSD__METRIC_KIND(
    crps_gaussian, MLSD__OF_NUMBERS, "-1",
    "continuous ranked probability score of normal forecasts (prediction: mean, standard "
    "deviation), in the target's unit; t interval");

static const mlsd__metric_ops crps_ensemble_ops = {
    OF_ROWS(ensemble_loss, &of_members, check_members, finish_row_loss), PARAMS(&plain)};
MLSD__METRIC_KIND_WITH(
    crps_ensemble, ensemble_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "continuous ranked probability score of ensembles (prediction: a column a member); mae of one "
    "member; t interval");

static const mlsd__metric_ops crps_quantiles_ops = {
    OF_ROWS(quantiles_loss, &of_members, check_quantiles, finish_row_loss), PARAMS(&plain)};
MLSD__METRIC_KIND_WITH(
    crps_quantiles, quantile_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "continuous ranked probability score of forecast quantiles (a column each): twice their "
    "pinball losses, each times its share of [0, 1]; t interval");

static const mlsd__metric_ops mase_ops = {
    OF_ROWS(mlsd__absolute_loss, NULL, check_scaled, finish_scaled), PARAMS(&of_season),
    .is_scaled = true};
MLSD__METRIC_KIND_WITH(
    mase, scale_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "mean absolute error over that of the naive forecast on the training series (1: as good); t "
    "interval, the scale taken as known");

static const mlsd__metric_ops rmsse_ops = {
    OF_ROWS(mlsd__squared_loss, NULL, check_scaled, finish_scaled), PARAMS(&of_season),
    .is_root = true, .is_scaled = true};
MLSD__METRIC_KIND_WITH(
    rmsse, scale_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "root mean squared error over that of the naive forecast on the training series; interval as "
    "of rmse, the scale taken as known");

static const mlsd__metric_ops directional_accuracy_ops = {.for_regression = true,
                                                          .greater_is_better = true,
                                                          .summary = &mlsd__summary_rows,
                                                          .check = check_one,
                                                          .finish = finish_direction};
MLSD__METRIC_KIND(
    directional_accuracy, MLSD__OF_NUMBERS, "1",
    "share of rows, from the second on, forecast to move from the last true value the way "
    "they did (up, down, not); rows in the order of time; Wilson interval");
