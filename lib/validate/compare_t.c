/* compare_t.c - comparisons that end in Student's t or Fisher's F: the corrected resampled t test
 * and its Bayesian twin, the two tests of five times two-fold cross-validation, and Diebold and
 * Mariano's test of forecasts. */
#include <float.h>
#include <math.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"
#include "validate/compare_impl.h"
#include "validate/corrected.h"
#include "validate/detectable.h"

static const char SAME_EVERYWHERE[] = "both have the same score on every row";
static const char NO_SPREAD[] = "the difference is the same on every row, so its spread is unknown";
static const char TOO_FEW[] = "fewer than two rows have both scores";

void mlsd__paired_clear(mlsd__paired *out)
{
    *out = (mlsd__paired){.difference = NAN,
                          .low = NAN,
                          .high = NAN,
                          .effect = NAN,
                          .min_detectable = NAN,
                          .statistic = NAN,
                          .df = NAN,
                          .df_2 = NAN,
                          .p_value = NAN,
                          .p_adjusted = NAN,
                          .p_below = NAN,
                          .p_within = NAN,
                          .p_above = NAN};
}

double mlsd__paired_p(const mlsd__pair_settings *settings, double below, double above)
{
    if (settings->alternative == MLSD__GREATER) return above;
    if (settings->alternative == MLSD__LESS) return below;
    return fmin(1, 2 * fmin(below, above));
}

void mlsd__paired_by_t(mlsd__paired *out, const mlsd__pair_settings *settings, double difference,
                       double se, double df)
{
    const double alpha = 1 - settings->level;
    out->difference = difference;
    out->df = df;
    if (!(se > 0)) return;
    out->statistic = difference / se;
    out->p_value =
        mlsd__paired_p(settings, mlsd__t_cdf(out->statistic, df), mlsd__t_cdf(-out->statistic, df));
    const double half = -mlsd__t_quantile(alpha / 2, df) * se;
    out->low = difference - half;
    out->high = difference + half;
    if (isnan(settings->power)) return;
    out->min_detectable = se * mlsd__detectable_t(df, alpha, settings->power,
                                                  settings->alternative != MLSD__TWO_SIDED);
}

/* ---- corrected resampled t, and the Bayesian correlated t ---- */

/* Differences that vary by no more than the rounding of the scores do not vary. */
static bool has_spread(const double *a, const double *b, int64_t n, double sd)
{
    static const double ROUNDINGS = 8;
    double largest = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(a[i]) || isnan(b[i])) continue;
        largest = fmax(largest, fmax(fabs(a[i]), fabs(b[i])));
    }
    return sd > ROUNDINGS * DBL_EPSILON * largest;
}

void mlsd__compare_corrected_t(const double *a, const double *b, int64_t n, double test_train,
                               const mlsd__pair_settings *settings, mlsd__paired *out)
{
    mlsd__paired_clear(out);
    for (int64_t i = 0; i < n; i++) out->n += !isnan(a[i]) && !isnan(b[i]);
    mlsd__estimate e;
    mlsd__corrected_t_paired(b, a, n, test_train, settings->level, &e);
    out->difference = e.value;
    if (out->n < 2) {
        out->reason = TOO_FEW;
        return;
    }
    const double J = (double)out->n, sd = e.se / sqrt(1 / J + test_train);
    if (!has_spread(a, b, n, sd)) {
        out->reason = e.value == 0 ? SAME_EVERYWHERE : NO_SPREAD;
        return;
    }
    mlsd__paired_by_t(out, settings, e.value, e.se, J - 1);
    out->effect = e.value / sd;
    /* Corani & Benavoli (2015), Machine Learning 100:285, eq. 14: Student(J - 1, mean, scale) with
     * rho / (1 - rho) = test_train, the standard error of above. */
    out->p_below = mlsd__t_cdf((-settings->rope - e.value) / e.se, J - 1);
    out->p_above = mlsd__t_cdf((e.value - settings->rope) / e.se, J - 1);
    out->p_within = fmax(0, 1 - out->p_below - out->p_above);
}

static mlsd_status check_test_train(mlsd__comparison *c)
{
    if (!isnan(c->params->test_train)) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_RANGE,
                      "'test_train' is needed: rows tested over rows trained on in a resample, 1 / "
                      "(k - 1) for k folds");
}

static mlsd_status pair_corrected_t(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    (void)scope;
    mlsd__compare_corrected_t(mlsd__comparison_scores(c, pair->a),
                              mlsd__comparison_scores(c, pair->b), c->n_rows, c->params->test_train,
                              &c->settings, &pair->is);
    return MLSD_OK;
}

/* The same without what is not Bayesian. */
static mlsd_status pair_bayes_t(mlsd__scope *scope, const mlsd__comparison *c, mlsd__pair *pair)
{
    (void)scope;
    mlsd__pair_settings settings = c->settings;
    settings.power = NAN;
    mlsd__compare_corrected_t(mlsd__comparison_scores(c, pair->a),
                              mlsd__comparison_scores(c, pair->b), c->n_rows, c->params->test_train,
                              &settings, &pair->is);
    pair->is.statistic = pair->is.p_value = NAN;
    return MLSD_OK;
}

const mlsd__comparison_ops mlsd__compare_corrected_t_ops = {
    .test = "corrected resampled t",
    .effect_is = "mean difference over its standard deviation",
    .rows = "resamples",
    .prepare = check_test_train,
    .pair = pair_corrected_t,
};

const mlsd__comparison_ops mlsd__compare_bayes_t_ops = {
    .test = "Bayesian correlated t",
    .effect_is = "mean difference over its standard deviation",
    .rows = "resamples",
    .is_bayesian = true,
    .prepare = check_test_train,
    .pair = pair_bayes_t,
};

/* ---- five times two-fold cross-validation ---- */

enum { REPEATS = 5, HALVES = 2 };

/* Differences of repeat i on its halves, and S = sum of s_i^2 (Dietterich 1998, section 3.5). */
static bool read_five_by_two(const mlsd__comparison *c, mlsd__pair *pair, double d[REPEATS][HALVES],
                             double *S)
{
    mlsd__paired_clear(&pair->is);
    double all[REPEATS * HALVES];
    pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, all);
    if (pair->is.n < REPEATS * HALVES) {
        pair->is.reason = "all ten scores of both are needed";
        return false;
    }
    *S = 0;
    double sum = 0;
    for (int i = 0; i < REPEATS; i++) {
        d[i][0] = all[2 * i];
        d[i][1] = all[2 * i + 1];
        sum += d[i][0] + d[i][1];
        *S += 0.5 * (d[i][0] - d[i][1]) * (d[i][0] - d[i][1]);
    }
    pair->is.difference = sum / (REPEATS * HALVES);
    if (has_spread(mlsd__comparison_scores(c, pair->a), mlsd__comparison_scores(c, pair->b),
                   c->n_rows, sqrt(*S / REPEATS)))
        return true;
    pair->is.reason = pair->is.difference == 0 ? SAME_EVERYWHERE : NO_SPREAD;
    return false;
}

/* Dietterich (1998), Neural Computation 10:1895: t = d_11 / sqrt(S / 5), df 5. The test, its
 * interval and what is called the difference are about the first half of the first repeat. */
static mlsd_status pair_five_by_two_t(mlsd__scope *scope, const mlsd__comparison *c,
                                      mlsd__pair *pair)
{
    (void)scope;
    double d[REPEATS][HALVES], S;
    if (!read_five_by_two(c, pair, d, &S)) return MLSD_OK;
    const double sd = sqrt(S / REPEATS), mean = pair->is.difference;
    mlsd__paired_by_t(&pair->is, &c->settings, d[0][0], sd, REPEATS);
    pair->is.effect = mean / sd;
    return MLSD_OK;
}

/* Alpaydin (1999), Neural Computation 11:1885: F = sum d^2 / (2 S), df (10, 5). The interval holds
 * the shifts of all differences that the test does not reject. */
static mlsd_status pair_five_by_two_f(mlsd__scope *scope, const mlsd__comparison *c,
                                      mlsd__pair *pair)
{
    (void)scope;
    enum { N = REPEATS * HALVES };
    double d[REPEATS][HALVES], S, squares = 0;
    if (!read_five_by_two(c, pair, d, &S)) return MLSD_OK;
    mlsd__paired *const is = &pair->is;
    for (int i = 0; i < REPEATS; i++) squares += d[i][0] * d[i][0] + d[i][1] * d[i][1];
    const double alpha = 1 - c->settings.level;
    is->statistic = squares / (2 * S);
    is->df = N;
    is->df_2 = REPEATS;
    is->p_value = mlsd__f_sf(is->statistic, N, REPEATS);
    is->effect = is->difference / sqrt(S / REPEATS);
    const double limit = mlsd__f_upper_quantile(alpha, N, REPEATS);
    const double room = is->difference * is->difference - (squares - 2 * S * limit) / N;
    if (room >= 0) {
        is->low = is->difference - sqrt(room);
        is->high = is->difference + sqrt(room);
    }
    /* A shift adds N shift^2 / (S / 5) to the noncentrality of the numerator. */
    is->min_detectable =
        sqrt(mlsd__detectable_f(N, REPEATS, alpha, c->settings.power) * (S / REPEATS) / N);
    return MLSD_OK;
}

const mlsd__comparison_ops mlsd__compare_five_by_two_t_ops = {
    .test = "5x2cv paired t",
    .effect_is = "mean difference over its standard deviation within repeats",
    .rows = "scores",
    .n_rows = REPEATS * HALVES,
    .pair = pair_five_by_two_t,
};

const mlsd__comparison_ops mlsd__compare_five_by_two_f_ops = {
    .test = "5x2cv combined F",
    .effect_is = "mean difference over its standard deviation within repeats",
    .rows = "scores",
    .n_rows = REPEATS * HALVES,
    .pair = pair_five_by_two_f,
};

/* ---- Diebold & Mariano ---- */

/* Forecasts become losses. */
static mlsd_status prepare_losses(mlsd__comparison *c)
{
    if (c->y == NULL) return MLSD_OK;
    for (int64_t j = 0; j < c->n_models; j++) {
        double *const x = c->scores + j * c->n_rows;
        for (int64_t i = 0; i < c->n_rows; i++) {
            const double error = fabs(x[i] - c->y[i]);
            x[i] = c->params->loss_power == 2   ? error * error
                   : c->params->loss_power == 1 ? error
                                                : mlsd__pow(error, c->params->loss_power);
        }
    }
    return MLSD_OK;
}

static double autocovariance(const double *d, double mean, int64_t n, int64_t lag)
{
    double sum = 0;
    for (int64_t i = lag; i < n; i++) sum += (d[i] - mean) * (d[i - lag] - mean);
    return sum / (double)n;
}

/* Diebold & Mariano (1995), J. Business & Economic Statistics 13:253, with the correction for short
 * series of Harvey, Leybourne & Newbold (1997), Int. J. Forecasting 13:281, eq. 9. */
static void diebold_mariano(const double *d, int64_t n, const mlsd__comparison *c,
                            mlsd__paired *out)
{
    const int64_t h = c->params->horizon;
    const double T = (double)n, H = (double)h;
    double mean, variance;
    mlsd__mean_variance(d, NULL, n, 1, &mean, &variance);
    out->difference = mean;
    if (n < 2) {
        out->reason = TOO_FEW;
        return;
    }
    if (n <= h) {
        out->reason = "there are no more rows than the forecast horizon";
        return;
    }
    double long_run = autocovariance(d, mean, n, 0);
    for (int64_t lag = 1; lag < h; lag++) {
        const double weight = c->params->window == 1 ? 1 - (double)lag / H : 1;
        long_run += 2 * weight * autocovariance(d, mean, n, lag);
    }
    if (!(variance > 0)) {
        out->reason = mean == 0 ? SAME_EVERYWHERE : NO_SPREAD;
        return;
    }
    if (!(long_run > 0)) {
        out->reason = "the estimated variance is not positive; the window 'bartlett' always is";
        return;
    }
    const double correction = (T + 1 - 2 * H + H * (H - 1) / T) / T;
    if (!(correction > 0)) {
        out->reason = "there are too few rows for the forecast horizon";
        return;
    }
    mlsd__paired_by_t(out, &c->settings, mean, sqrt(long_run / T / correction), T - 1);
    out->effect = mean / sqrt(variance);
}

static mlsd_status pair_diebold_mariano(mlsd__scope *scope, const mlsd__comparison *c,
                                        mlsd__pair *pair)
{
    double *const d = mlsd__alloc_raw(scope->allocator, c->n_rows, sizeof *d);
    if (d == NULL) return MLSD_E_NOMEM;
    mlsd__paired_clear(&pair->is);
    pair->is.n = mlsd__comparison_differences(c, pair->a, pair->b, d);
    diebold_mariano(d, pair->is.n, c, &pair->is);
    mlsd__free(scope->allocator, d);
    return mlsd__checkpoint(scope);
}

const mlsd__comparison_ops mlsd__compare_diebold_mariano_ops = {
    .test = "Diebold-Mariano",
    .effect_is = "mean difference of the losses over its standard deviation",
    .rows = "forecasts",
    .takes_y = true,
    .direction = MLSD__LOWER_IS_BETTER,
    .prepare = prepare_losses,
    .pair = pair_diebold_mariano,
};
