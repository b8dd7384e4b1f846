/* metric_deviance.c - relative, logarithmic and quantile errors, deviances, and the share of the
 * best constant's loss that is saved (d2). */
#include <float.h>
#include <math.h>

#include "metric/values.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "numeric/sum.h"

/* Of scikit-learn: what is nearly 0 counts as the spacing of doubles at 1. */
static void percentage_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                            double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = fabs(s->y[row] - s->prediction[row]) / fmax(fabs(s->y[row]), DBL_EPSILON);
    }
}

/* Makridakis (1993), Int. J. Forecasting 9:527, as a share: in [0, 2], and 0 for 0 against 0. */
static void symmetric_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                           double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double e = fabs(s->y[row] - s->prediction[row]);
        out[i] = e == 0 ? 0 : 2 * e / (fabs(s->y[row]) + fabs(s->prediction[row]));
    }
}

static void log_loss_of(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                        double *out)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        const double y = s->y[row], f = s->prediction[row];
        const double e = y < 0 || f < 0 ? NAN : mlsd__log1p(y) - mlsd__log1p(f);
        out[i] = e * e;
    }
}

static double pinball(double e, double alpha)
{
    return e >= 0 ? alpha * e : (alpha - 1) * e;
}

static void pinball_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                         double *out)
{
    const mlsd__value_params *const p = s->params;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = pinball(s->y[row] - s->prediction[row], p->alpha);
    }
}

static double xlogy(double x, double y)
{
    return x == 0 ? 0 : x * mlsd__log(y);
}

/* Jorgensen (1987), J. R. Stat. Soc. B 49:127. NaN outside the domain of the power. */
static double deviance(double y, double f, double power)
{
    if (power == 0) return (y - f) * (y - f);
    if (!(f > 0) || (power >= 1 && y < 0) || (power >= 2 && y <= 0)) return NAN;
    if (power == 1) return 2 * (xlogy(y, y / f) - y + f);
    if (power == 2) return 2 * (mlsd__log(f / y) + y / f - 1);
    const double a = 1 - power, b = 2 - power, top = power < 0 ? fmax(y, 0) : y;
    return 2 * (mlsd__pow(top, b) / (a * b) - y * mlsd__pow(f, a) / a + mlsd__pow(f, b) / b);
}

static void deviance_loss(const mlsd__scored *s, const int64_t *rows, int64_t first, int64_t n,
                          double *out)
{
    const mlsd__value_params *const p = s->params;
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = mlsd__scored_row(rows, first + i);
        out[i] = deviance(s->y[row], s->prediction[row], p->power);
    }
}

/* ---- the best constants ---- */

static bool is_constant(const mlsd__column *c)
{
    for (int64_t i = 1; i < c->n; i++) {
        if (c->y[i] != c->y[0]) return false;
    }
    return true;
}

/* The mean, whatever the power. */
static mlsd_status deviance_of_mean(mlsd__scope *scope, const mlsd__column *c, double *l0)
{
    (void)scope;
    double mean = 0, spread = 0;
    mlsd__mean_variance(c->y, c->weight, c->n, 0, &mean, &spread);
    const bool constant = is_constant(c);
    for (int64_t i = 0; i < c->n; i++) {
        l0[i] = constant ? 0 : deviance(c->y[i], mean, c->params.power);
    }
    return MLSD_OK;
}

static mlsd_status pinball_of_quantile(mlsd__scope *scope, const mlsd__column *c, double *l0)
{
    double q = 0;
    MLSD__TRY(mlsd__weighted_quantile(scope, c->y, c, &c->params.alpha, 1, &q));
    for (int64_t i = 0; i < c->n; i++) l0[i] = pinball(c->y[i] - q, c->params.alpha);
    return MLSD_OK;
}

/* ---- checks ---- */

static mlsd_status check_power(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    if (p->power > 0 && p->power < 1) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'power' must be at most 0 or at least 1: no Tweedie distribution lies "
                          "between, got %g",
                          p->power);
    }
    return mlsd__values_check_columns(shape, 1, "");
}

static mlsd_status check_pinball(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    if (p->quantiles.n == 0) return mlsd__values_check(params, shape);
    if (p->output_weights.n > 0 && p->output_weights.n != p->quantiles.n) {
        return mlsd__fail(MLSD_E_PARAM_RANGE,
                          "'output_weights' has %lld numbers for %lld quantiles",
                          (long long)p->output_weights.n, (long long)p->quantiles.n);
    }
    return mlsd__values_check_columns(shape, p->quantiles.n, ", a column a quantile");
}

/* One quantile in a list is one column, which row_loss would read at `alpha`. */
static const mlsd__summary_ops *choose_pinball(const void *params, const mlsd__shape *shape)
{
    const mlsd__value_params *const p = params;
    return p->quantiles.n > 0 ? &mlsd__summary_rows : mlsd__values_choose(params, shape);
}

static mlsd_status finish_pinball(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    return choose_pinball(f->params, f->shape) == &mlsd__summary_rows
               ? mlsd__values_finish_rows(scope, f, out)
               : mlsd__values_finish(scope, f, out);
}

#define DOMAIN_LOG "y and prediction of at least 0"
#define DOMAIN_POWER                                                                     \
    "prediction > 0, and y of at least 0 for a power in [1, 2) or y > 0 for a power of " \
    "at least 2"
static const mlsd__value_metric of_percentage = {.loss = percentage_loss};
static const mlsd__value_metric of_symmetric = {.loss = symmetric_loss};
static const mlsd__value_metric of_logs = {.loss = log_loss_of, .domain = DOMAIN_LOG};
static const mlsd__value_metric of_log_roots = {
    .loss = log_loss_of, .is_root = true, .domain = DOMAIN_LOG};
static const mlsd__value_metric of_pinball = {.loss = pinball_loss};
static const mlsd__value_metric of_deviance = {.loss = deviance_loss, .domain = DOMAIN_POWER};
static const mlsd__value_metric of_d2 = {
    .loss = deviance_loss, .reference = deviance_of_mean, .domain = DOMAIN_POWER};
static const mlsd__value_metric of_d2_pinball = {.loss = pinball_loss,
                                                 .reference = pinball_of_quantile};

static const mlsd__value_params poisson = {.power = 1};
static const mlsd__value_params gamma_power = {.power = 2};
static const mlsd__value_params plain = {.multioutput = MLSD__UNIFORM_AVERAGE};
static const mlsd__value_params with_alpha = {.multioutput = MLSD__UNIFORM_AVERAGE, .alpha = 0.5};
static const mlsd__value_params with_power = {.power = 0};

#define P_ALPHA                                                  \
    MLSD__P_F64(mlsd__value_params, alpha, 0, 1, 0, "0.5", NULL, \
                "the quantile that is predicted: 0.5 for the median")
#define P_POWER                                                                          \
    MLSD__P_F64(mlsd__value_params, power, -INFINITY, INFINITY,                          \
                MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "0.0", NULL,                        \
                "variance grows as mean^power: 0 normal, 1 Poisson, 2 gamma, 3 inverse " \
                "Gaussian; not between 0 and 1")
static const mlsd_param mean_table[] = {MLSD__P_OUTPUTS(mlsd__mean_choices)};
static const mlsd_param alpha_table[] = {MLSD__P_OUTPUTS(mlsd__mean_choices), P_ALPHA};
static const mlsd_param pinball_table[] = {
    MLSD__P_OUTPUTS(mlsd__mean_choices), P_ALPHA,
    MLSD__P_F64_LIST(mlsd__value_params, quantiles, 0, 1, 0, "null", NULL,
                     "many quantiles of one y, a column of prediction each; null: alpha")};
static const mlsd_param power_table[] = {P_POWER};

#define OPS_OF(data_, params_)                                                         \
    .params = &(params_), .params_size = sizeof(mlsd__value_params), .data = &(data_), \
    .for_regression = true
#define MEAN(data_, loss_, params_, check_)                                                   \
    {                                                                                         \
        OPS_OF(data_, params_), .for_outputs = true, .row_loss = loss_,                       \
                                .choose = mlsd__values_choose, .finish = mlsd__values_finish, \
                                .check = check_                                               \
    }

static const mlsd__metric_ops mape_ops =
    MEAN(of_percentage, percentage_loss, plain, mlsd__values_check);
MLSD__METRIC_KIND_WITH(
    mape, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "mean absolute error as a share of the target's size (at least 2.2e-16), not in percent; t "
    "interval");

static const mlsd__metric_ops smape_ops =
    MEAN(of_symmetric, symmetric_loss, plain, mlsd__values_check);
MLSD__METRIC_KIND_WITH(
    smape, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "mean of 2 |y - f| / (|y| + |f|), in [0, 2], 0 where both are 0 (Makridakis 1993, not in "
    "percent); t interval");

static const mlsd__metric_ops msle_ops = MEAN(of_logs, log_loss_of, plain, mlsd__values_check);
MLSD__METRIC_KIND_WITH(msle, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
                       "mean squared error of log(1 + y); t interval");

static const mlsd__metric_ops rmsle_ops = {
    OPS_OF(of_log_roots, plain),   .for_outputs = true,
    .row_loss = log_loss_of,       .is_root = true,
    .choose = mlsd__values_choose, .finish = mlsd__values_finish,
    .check = mlsd__values_check};
MLSD__METRIC_KIND_WITH(
    rmsle, mean_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "root mean squared error of log(1 + y), of many outputs the mean of their roots; interval of "
    "the mean square, square-rooted");

#define PINBALL_OPS(params_)                                                             \
    {                                                                                    \
        OPS_OF(of_pinball, params_), .for_outputs = true, .row_loss = pinball_loss,      \
                                     .choose = choose_pinball, .finish = finish_pinball, \
                                     .check = check_pinball                              \
    }
static const mlsd__metric_ops pinball_ops = PINBALL_OPS(with_alpha);
MLSD__METRIC_KIND_WITH(
    pinball, pinball_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
    "loss of a predicted quantile: alpha (y - f) above it, (1 - alpha) (f - y) below it; t "
    "interval");

static const mlsd__metric_ops tweedie_deviance_ops =
    MEAN(of_deviance, deviance_loss, with_power, check_power);
MLSD__METRIC_KIND_WITH(tweedie_deviance, power_table, mlsd__value_params, MLSD__OF_NUMBERS, "-1",
                       "mean deviance of a Tweedie distribution; t interval");

#define D2(data_, params_, outputs_, check_)                                        \
    {                                                                               \
        OPS_OF(data_, params_), .greater_is_better = true, .for_outputs = outputs_, \
                                .summary = &mlsd__summary_rows,                     \
                                .finish = mlsd__values_finish_rows, .check = check_ \
    }
static const mlsd__metric_ops d2_tweedie_ops = D2(of_d2, with_power, false, check_power);
MLSD__METRIC_KIND_WITH(
    d2_tweedie, power_table, mlsd__value_params, MLSD__OF_NUMBERS, "1",
    "share of the deviance of the mean that is saved; r2 with power 0; t interval by the "
    "influence function");

static const mlsd__metric_ops d2_pinball_ops =
    D2(of_d2_pinball, with_alpha, true, mlsd__values_check);
MLSD__METRIC_KIND_WITH(
    d2_pinball, alpha_table, mlsd__value_params, MLSD__OF_NUMBERS, "1",
    "share of the pinball loss of the target's own quantile that is saved; t interval by the "
    "influence function");

/* scikit-learn's names, and powers with names. */
const mlsd__metric_alias mlsd__deviance_aliases[] = {
    {"mean_absolute_percentage_error", "mape",
     MEAN(of_percentage, percentage_loss, plain, mlsd__values_check)},
    {"mean_squared_log_error", "msle", MEAN(of_logs, log_loss_of, plain, mlsd__values_check)},
    {"mean_pinball_loss", "pinball", PINBALL_OPS(with_alpha)},
    {"mean_tweedie_deviance", "tweedie_deviance",
     MEAN(of_deviance, deviance_loss, with_power, check_power)},
    {"poisson_deviance", "tweedie_deviance",
     MEAN(of_deviance, deviance_loss, poisson, check_power)},
    {"mean_poisson_deviance", "tweedie_deviance",
     MEAN(of_deviance, deviance_loss, poisson, check_power)},
    {"gamma_deviance", "tweedie_deviance",
     MEAN(of_deviance, deviance_loss, gamma_power, check_power)},
    {"mean_gamma_deviance", "tweedie_deviance",
     MEAN(of_deviance, deviance_loss, gamma_power, check_power)},
    {"d2_absolute_error", "d2_pinball", D2(of_d2_pinball, with_alpha, true, mlsd__values_check)},
    {0},
};
