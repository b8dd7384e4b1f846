/* metric_regression.c - squared and absolute errors, r2 and explained variance, the largest and the
 * median error.
 *
 * mse and mae are means over rows, with a t interval. rmse is the square root of one: its interval
 * is the mean's, square-rooted, and its standard error follows by the delta method. r2 is a ratio
 * of two means, whose standard error comes from its influence function. One output is finished from
 * the summary `errors`, which all of them but the median share; `score` is for rows at hand. */
#include <math.h>

#include "metric/values.h"
#include "numeric/distribution.h"
#include "numeric/sum.h"

void mlsd__absolute_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                         double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = fabs(s->y[row] - s->prediction[row]);
    }
}

void mlsd__squared_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                        double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double error = s->y[row] - s->prediction[row];
        out[i] = error * error;
    }
}

static mlsd_status score_mae(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                             int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, mlsd__absolute_loss, level, out));
    mlsd__estimate_interval(out, level, 0, INFINITY);
    return MLSD_OK;
}

static mlsd_status score_rmse(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                              int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, mlsd__squared_loss, level, out));
    mlsd__estimate_interval(out, level, 0, INFINITY);
    out->value = sqrt(out->value);
    out->low = sqrt(out->low);
    out->high = sqrt(out->high);
    /* d sqrt(m) / dm; without any error the mean has no spread either. */
    if (out->value > 0) out->se /= 2 * out->value;
    return MLSD_OK;
}

static double rmse_of_squares(double mean_square, double variance)
{
    (void)variance;
    return sqrt(mean_square);
}

static double r2_of_squares(double mean_square, double variance)
{
    return 1 - mean_square / variance;
}

/* r2 = 1 - A / B with A = mean (y - f)^2 and B = mean (y - mean y)^2. Row i moves it by
 * -((y_i - f_i)^2 - (A / B) (y_i - mean y)^2) / B; that the mean of y is estimated too does not
 * matter, because B is smallest there. */
static mlsd_status score_r2(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                            int64_t n_rows, double level, mlsd__estimate *out)
{
    const mlsd__allocator *const a = scope->allocator;
    double *weight = NULL, *y = NULL, *squares = NULL;
    mlsd__estimate_undefined(out);
    mlsd_status status = mlsd__scored_weights(scope, s, rows, n_rows, &weight);
    if (status != MLSD_OK) goto out;
    status = MLSD_E_NOMEM;
    y = mlsd__alloc_raw(a, n_rows, sizeof *y);
    if (y == NULL) goto out;
    squares = mlsd__alloc_raw(a, n_rows, sizeof *squares);
    if (squares == NULL) goto out;
    status = mlsd__checkpoint(scope);
    if (status != MLSD_OK) goto out;

    double low = INFINITY, high = -INFINITY;
    for (int64_t i = 0; i < n_rows; i++) {
        y[i] = s->y[mlsd__scored_row(rows, i)];
        if (weight != NULL && !(weight[i] > 0)) continue;
        low = fmin(low, y[i]);
        high = fmax(high, y[i]);
    }
    if (!(low < high)) goto out; /* nothing varies, so nothing can be explained */
    mlsd__squared_loss(s, rows, 0, n_rows, squares);
    double mean = 0, spread = 0;
    mlsd__mean_variance(y, weight, n_rows, 0, &mean, &spread);
    const double total = weight == NULL ? (double)n_rows : mlsd__sum(weight, n_rows);
    const double sum =
        weight == NULL ? mlsd__sum(squares, n_rows) : mlsd__dot(weight, squares, n_rows);
    const double ratio = sum / total / spread;
    out->value = 1 - ratio;
    if (isnan(level)) goto out;
    for (int64_t i = 0; i < n_rows; i++) {
        const double deviation = y[i] - mean;
        squares[i] = -(squares[i] - ratio * deviation * deviation) / spread;
    }
    mlsd__estimate_from_influence(squares, weight, n_rows, out);
    mlsd__estimate_interval(out, level, -INFINITY, 1);
out:
    mlsd__free(a, squares);
    mlsd__free(a, y);
    mlsd__free(a, weight);
    return status;
}

/* ---- finishing from the summary `errors` ---- */

static const mlsd__summary_ops *choose_errors(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return shape->y_cols == 1 ? &mlsd__summary_errors : &mlsd__summary_rows;
}

/* Sum of squared weight x influence to a standard error. */
static void set_spread(const mlsd__errors *s, double spread, mlsd__estimate *e)
{
    e->support = s->count;
    e->df = s->count - 1;
    e->n_rows = s->weight * s->weight / s->squares;
    if (s->count >= 2) e->se = sqrt(spread * (s->count / (s->count - 1))) / s->weight;
}

/* The summary of one output, or false where the rows have to do. */
static bool read_errors(const mlsd__finish *f, mlsd__errors *out)
{
    if (choose_errors(f->params, f->shape) != &mlsd__summary_errors) return false;
    mlsd__errors_read(f->state, f->slot, out);
    return true;
}

static void put_mean(const mlsd__finish *f, const mlsd__errors *s, double mean, double spread,
                     mlsd__estimate *e)
{
    if (s->count == 0) return;
    e->value = mean;
    set_spread(s, spread, e);
    mlsd__estimate_interval(e, f->level, 0, INFINITY);
}

static mlsd_status finish_mse(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__errors s;
    if (!read_errors(f, &s)) return mlsd__values_finish_rows(scope, f, out);
    put_mean(f, &s, s.mean_square, s.spread_square, &out->estimate);
    return MLSD_OK;
}

static mlsd_status finish_rmse(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__estimate *const e = &out->estimate;
    MLSD__TRY(finish_mse(scope, f, out));
    if (f->shape->y_cols > 1) return MLSD_OK; /* roots are taken already, by output */
    e->value = sqrt(e->value);
    e->low = sqrt(e->low);
    e->high = sqrt(e->high);
    if (e->value > 0) e->se /= 2 * e->value;
    return MLSD_OK;
}

static mlsd_status finish_mae(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__errors s;
    if (!read_errors(f, &s)) return mlsd__values_finish_rows(scope, f, out);
    put_mean(f, &s, s.mean_absolute, s.spread_absolute, &out->estimate);
    return MLSD_OK;
}

static mlsd_status finish_ratio(const mlsd__finish *f, const mlsd__errors *s, double part,
                                double spread, mlsd__estimate *out)
{
    out->support = s->count;
    if (s->count == 0) return MLSD_OK;
    out->numerator = part;
    out->denominator = s->variance_y;
    if (!(s->variance_y > 0)) return MLSD_OK;
    out->value = 1 - part / s->variance_y;
    set_spread(s, spread, out);
    mlsd__estimate_interval(out, f->level, -INFINITY, 1);
    return MLSD_OK;
}

static mlsd_status finish_r2(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__errors s;
    if (!read_errors(f, &s)) return mlsd__values_finish_rows(scope, f, out);
    return finish_ratio(f, &s, s.mean_square, s.spread_r2, &out->estimate);
}

static mlsd_status finish_explained(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    mlsd__errors s;
    if (!read_errors(f, &s)) return mlsd__values_finish_rows(scope, f, out);
    return finish_ratio(f, &s, s.variance_error, s.spread_explained, &out->estimate);
}

static mlsd_status finish_max(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    (void)scope;
    mlsd__errors s;
    mlsd__errors_read(f->state, f->slot, &s);
    out->estimate.support = s.count;
    if (s.count > 0) out->estimate.value = s.largest;
    return MLSD_OK;
}

static mlsd_status check_one(const void *params, const mlsd__shape *shape)
{
    (void)params;
    return mlsd__values_check_columns(shape, 1, "");
}

/* ---- from the rows ---- */

/* Weighted deviations from the mean; exactly 0 where nothing varies. */
static mlsd_status squares_about_mean(mlsd__scope *scope, const mlsd__column *c, double *l0)
{
    (void)scope;
    double mean = 0, spread = 0;
    mlsd__mean_variance(c->y, c->weight, c->n, 0, &mean, &spread);
    bool varies = false;
    for (int64_t i = 1; i < c->n; i++) varies |= c->y[i] != c->y[0];
    for (int64_t i = 0; i < c->n; i++) {
        l0[i] = varies ? (c->y[i] - mean) * (c->y[i] - mean) : 0;
    }
    return MLSD_OK;
}

/* The interval is Woodruff's (1952), JASA 47:635: the quantiles at the ends of Wilson's interval of
 * the share 1/2. */
static mlsd_status measure_median(mlsd__scope *scope, const mlsd__column *c, double level,
                                  mlsd__estimate *out, double *influence, bool *out_known)
{
    double *const errors = influence;
    (void)out_known;
    for (int64_t i = 0; i < c->n; i++) errors[i] = fabs(c->y[i] - c->prediction[i]);
    double q[3] = {0.5, NAN, NAN}, found[3];
    const double squares = c->weight == NULL ? (double)c->n : mlsd__dot(c->weight, c->weight, c->n);
    mlsd__estimate share;
    mlsd__estimate_share(c->total / 2, c->total, squares, (double)c->n, level, &share);
    q[1] = share.low;
    q[2] = share.high;
    out->n_rows = share.n_rows;
    const bool wants_interval = !isnan(level) && c->n > 1;
    MLSD__TRY(mlsd__weighted_quantile(scope, errors, c, q, wants_interval ? 3 : 1, found));
    out->value = found[0];
    if (!wants_interval) return MLSD_OK;
    out->low = found[1];
    out->high = found[2];
    out->df = INFINITY;
    out->se = (found[2] - found[1]) / (2 * mlsd__normal_quantile(0.5 + level / 2));
    return MLSD_OK;
}

static const mlsd__value_metric of_squares = {.loss = mlsd__squared_loss};
static const mlsd__value_metric of_roots = {.loss = mlsd__squared_loss, .is_root = true};
static const mlsd__value_metric of_absolute = {.loss = mlsd__absolute_loss};
static const mlsd__value_metric of_r2 = {.loss = mlsd__squared_loss,
                                         .reference = squares_about_mean};
static const mlsd__value_metric of_explained = {
    .loss = mlsd__squared_loss, .reference = squares_about_mean, .centres = true};
static const mlsd__value_metric of_median = {.measure = measure_median};

static const mlsd__value_params defaults = {.multioutput = MLSD__UNIFORM_AVERAGE};
static const mlsd_param mean_table[] = {MLSD__P_OUTPUTS(mlsd__mean_choices)};
static const mlsd_param ratio_table[] = {MLSD__P_OUTPUTS(mlsd__multioutput_choices)};

#define OPS_OF(data_)                                                                 \
    .params = &defaults, .params_size = sizeof(mlsd__value_params), .data = &(data_), \
    .for_regression = true, .for_outputs = true, .check = mlsd__values_check

static const mlsd__metric_ops rmse_ops = {OPS_OF(of_roots),
                                          .is_usual = true,
                                          .row_loss = mlsd__squared_loss,
                                          .is_root = true,
                                          .choose = choose_errors,
                                          .finish = finish_rmse,
                                          .of_squares = rmse_of_squares,
                                          .score = score_rmse};
MLSD__METRIC_KIND_WITH(
    rmse, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "root mean squared error, in the target's unit; of many outputs the mean of their roots; t "
    "interval of the mean square, square-rooted");

static const mlsd__metric_ops mse_ops = {OPS_OF(of_squares), .row_loss = mlsd__squared_loss,
                                         .choose = choose_errors, .finish = finish_mse};
MLSD__METRIC_KIND_WITH(mse, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
                       "mean squared error; t interval of the mean over rows");

static const mlsd__metric_ops mae_ops = {
    OPS_OF(of_absolute),     .is_usual = true,     .row_loss = mlsd__absolute_loss,
    .choose = choose_errors, .finish = finish_mae, .score = score_mae};
MLSD__METRIC_KIND_WITH(
    mae, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "mean absolute error, in the target's unit; t interval of the mean over rows");

static const mlsd__metric_ops r2_ops = {
    OPS_OF(of_r2),           .is_usual = true,    .greater_is_better = true,
    .choose = choose_errors, .finish = finish_r2, .of_squares = r2_of_squares,
    .score = score_r2};
MLSD__METRIC_KIND_WITH(
    r2, ratio_table, mlsd__value_params, MLSD__OF_NUMBERS, "1",
    "share of the target's variance that is explained, undefined for a constant target; t "
    "interval by the influence function");

static const mlsd__metric_ops explained_variance_ops = {
    OPS_OF(of_explained), .greater_is_better = true, .choose = choose_errors,
    .finish = finish_explained};
MLSD__METRIC_KIND_WITH(
    explained_variance, ratio_table, mlsd__value_params, MLSD__OF_NUMBERS, "1",
    "1 less the variance of the errors over that of the target: r2 without the errors' mean; t "
    "interval by the influence function");

static const mlsd__metric_ops median_absolute_error_ops = {
    OPS_OF(of_median), .summary = &mlsd__summary_rows, .finish = mlsd__values_finish_rows};
MLSD__METRIC_KIND_WITH(
    median_absolute_error, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "median of the absolute errors, with weights that differ the smallest that half of the weight "
    "does not exceed; Woodruff interval, none of an average of outputs");

static const mlsd__metric_ops max_error_ops = {.for_regression = true,
                                               .summary = &mlsd__summary_errors,
                                               .check = check_one,
                                               .finish = finish_max};
MLSD__METRIC_KIND(max_error, MLSD__OF_NUMBERS, "-1", "the largest absolute error; no interval");

/* scikit-learn's names. */
#define ALIAS(name_, kind_, ...) \
    {                            \
        name_, kind_,            \
        {                        \
            __VA_ARGS__          \
        }                        \
    }
const mlsd__metric_alias mlsd__regression_aliases[] = {
    ALIAS("mean_squared_error", "mse", OPS_OF(of_squares), .row_loss = mlsd__squared_loss,
          .choose = choose_errors, .finish = finish_mse),
    ALIAS("root_mean_squared_error", "rmse", OPS_OF(of_roots), .row_loss = mlsd__squared_loss,
          .is_root = true, .choose = choose_errors, .finish = finish_rmse, .score = score_rmse),
    ALIAS("mean_absolute_error", "mae", OPS_OF(of_absolute), .row_loss = mlsd__absolute_loss,
          .choose = choose_errors, .finish = finish_mae, .score = score_mae),
    {0},
};
