/* metric_regression.c - rmse, mae and r2.
 *
 * mae is a mean over rows, with a t interval. rmse is the square root of one: its interval is the
 * mean's, square-rooted, and its standard error follows by the delta method. r2 is a ratio of two
 * means, whose standard error comes from its influence function. */
#include <math.h>

#include "metric/summary.h"
#include "numeric/sum.h"

static void absolute_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                          double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = fabs(s->y[row] - s->prediction[row]);
    }
}

static void squared_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
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
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, absolute_loss, level, out));
    mlsd__estimate_interval(out, level, 0, INFINITY);
    return MLSD_OK;
}

static mlsd_status score_rmse(mlsd__scope *scope, const mlsd__scored *s, const int64_t *rows,
                              int64_t n_rows, double level, mlsd__estimate *out)
{
    MLSD__TRY(mlsd__mean_loss(scope, s, rows, n_rows, squared_loss, level, out));
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
    squared_loss(s, rows, 0, n_rows, squares);
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

#define TRAITS "{\"tasks\":[\"regression\"],\"direction\":"

static const mlsd__metric_ops rmse_ops = {.is_usual = true,
                                          .for_regression = true,
                                          .row_loss = squared_loss,
                                          .is_root = true,
                                          .summary = &mlsd__summary_row_loss,
                                          .finish = mlsd__row_loss_finish,
                                          .of_squares = rmse_of_squares,
                                          .score = score_rmse};
const mlsd_kind mlsd__kind_rmse = {
    .name = "rmse",
    .family = "metric",
    .doc = "root mean squared error, in the target's unit; t interval of the mean square, "
           "square-rooted",
    .ops = &rmse_ops,
    .traits = TRAITS "-1}",
};

static const mlsd__metric_ops mae_ops = {.is_usual = true,
                                         .for_regression = true,
                                         .row_loss = absolute_loss,
                                         .summary = &mlsd__summary_row_loss,
                                         .finish = mlsd__row_loss_finish,
                                         .score = score_mae};
const mlsd_kind mlsd__kind_mae = {
    .name = "mae",
    .family = "metric",
    .doc = "mean absolute error, in the target's unit; t interval of the mean over rows",
    .ops = &mae_ops,
    .traits = TRAITS "-1}",
};

static const mlsd__metric_ops r2_ops = {.is_usual = true,
                                        .greater_is_better = true,
                                        .for_regression = true,
                                        .of_squares = r2_of_squares,
                                        .score = score_r2};
const mlsd_kind mlsd__kind_r2 = {
    .name = "r2",
    .family = "metric",
    .doc = "share of the target's variance that is explained, undefined for a constant target; t "
           "interval by the influence function",
    .ops = &r2_ops,
    .traits = TRAITS "1}",
};
