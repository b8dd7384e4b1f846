/* bootstrap_632.c - Efron & Tibshirani (1997), "Improvements on cross-validation: the .632+
 * bootstrap method", JASA 92:548. Letters as there: Q is the loss of a row by the model of a sample
 * that left it out (I = 1), N how often a sample drew it.
 *
 * The error of the leave-one-out bootstrap is the mean over rows of each row's mean loss (eq. 17).
 * The .632+ estimate (eq. 26-32) moves from .632 towards it as the overfitting rate grows. The
 * standard error is the delta method after bootstrap of section 5, for the leave-one-out bootstrap,
 * times the ratio of the two estimates. */
#include <math.h>
#include <string.h>

#include "numeric/distribution.h"
#include "numeric/mathfun.h"
#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/bootstrap_632.h"

mlsd_status mlsd__bootstrap_open(mlsd__bootstrap_sums *s, const mlsd__allocator *a,
                                 const double *weight, int64_t n_rows)
{
    *s = (mlsd__bootstrap_sums){.allocator = a, .n_rows = n_rows, .weight = weight, .scale = 1};
    if (weight != NULL) s->scale = (double)n_rows / mlsd__sum(weight, n_rows);
    double **const arrays[] = {&s->loss, &s->n_out, &s->n_drawn, &s->drawn_loss, &s->draws};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = mlsd__alloc(a, n_rows, sizeof **arrays[i]);
        if (*arrays[i] != NULL) continue;
        mlsd__bootstrap_close(s);
        return MLSD_E_NOMEM;
    }
    return MLSD_OK;
}

void mlsd__bootstrap_close(mlsd__bootstrap_sums *s)
{
    double *const arrays[] = {s->loss, s->n_out, s->n_drawn, s->drawn_loss, s->draws};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) mlsd__free(s->allocator, arrays[i]);
    s->loss = s->n_out = s->n_drawn = s->drawn_loss = s->draws = NULL;
}

static double weight_of(const mlsd__bootstrap_sums *s, int64_t row)
{
    return s->weight == NULL ? 1 : s->weight[row] * s->scale;
}

void mlsd__bootstrap_add(mlsd__bootstrap_sums *s, const int64_t *drawn, int64_t n_drawn,
                         const int64_t *left_out, const double *losses, int64_t n_left_out)
{
    double q = 0;
    for (int64_t i = 0; i < n_left_out; i++) {
        const int64_t row = left_out[i];
        q += weight_of(s, row) * losses[i];
        s->loss[row] += losses[i];
        s->n_out[row] += 1;
    }
    q /= (double)s->n_rows;
    memset(s->draws, 0, (size_t)s->n_rows * sizeof *s->draws);
    for (int64_t i = 0; i < n_drawn; i++) s->draws[drawn[i]] += 1;
    for (int64_t i = 0; i < s->n_rows; i++) {
        s->n_drawn[i] += s->draws[i];
        s->drawn_loss[i] += s->draws[i] * q;
    }
    const double mean = s->n_samples > 0 ? s->loss_sum / (double)s->n_samples : 0;
    s->loss_sum += q;
    s->n_samples++;
    s->loss_m2 += (q - mean) * (q - s->loss_sum / (double)s->n_samples);
}

/* Err(1): the mean of the rows' mean losses, over rows that were left out at all. */
static double leave_one_out_error(const mlsd__bootstrap_sums *s)
{
    double sum = 0, total = 0;
    for (int64_t i = 0; i < s->n_rows; i++) {
        if (!(s->n_out[i] > 0)) continue;
        sum += weight_of(s, i) * s->loss[i] / s->n_out[i];
        total += weight_of(s, i);
    }
    return total > 0 ? sum / total : NAN;
}

/* (1 - 1/n)^-n, which is e for many rows: one over the chance that a sample leaves a row out. */
static double chance_factor(double n)
{
    return n > 1 ? mlsd__exp(-n * mlsd__log1p(-1 / n)) : NAN;
}

/* Section 5: D is the influence of each row on Err(1), from its own mean loss and from the
 * covariance of its draws with the samples' losses.
 *
 * A finite number of samples adds chance to the n covariances, n / B times the squared error of
 * one; Wager, Hastie & Efron (2014), "Confidence intervals for random forests", JMLR 15, eq. 7,
 * take its expectation off. Here the covariances are first split into what goes with the row's own
 * loss, which many rows tell well, and the rest; from the rest's squares the expectation of chance
 * and half its standard deviation are taken, for what is left of pure chance must not count as
 * spread. The result is no less than the standard error of a mean of as many independent losses. */
static double standard_error(const mlsd__bootstrap_sums *s, double error)
{
    const double n = (double)s->n_rows, B = (double)s->n_samples, e_n = chance_factor(n);
    double least = 0, chance = 0, cross = 0, squares = 0;
    for (int64_t i = 0; i < s->n_rows; i++) {
        if (!(s->n_out[i] > 0)) continue;
        const double own = weight_of(s, i) * (s->loss[i] / s->n_out[i] - error) / n;
        const double covariance =
            e_n * (s->drawn_loss[i] - s->n_drawn[i] / B * s->loss_sum) / s->n_out[i];
        least += own * own;
        cross += own * covariance;
        squares += covariance * covariance;
        chance += e_n * e_n * B / (s->n_out[i] * s->n_out[i]);
    }
    if (!(least > 0)) return 0;
    const double slope = cross / least, own_part = 2 + 1 / (n - 1) + slope;
    const double rest = squares - slope * cross;
    const double noise = chance * s->loss_m2 / B * (1 + 0.5 * sqrt(2 / n));
    return sqrt(fmax(own_part * own_part * least + fmax(0, rest - noise), least));
}

void mlsd__bootstrap_finish(const mlsd__bootstrap_sums *s, double apparent, double no_information,
                            bool plus, double level, mlsd__bootstrap_632 *out)
{
    mlsd__estimate *const e = &out->estimate;
    mlsd__estimate_undefined(e);
    const double error = leave_one_out_error(s);
    out->apparent = apparent;
    out->out_of_bag = error;
    out->no_information = no_information;
    out->overfitting = 0;
    out->weight = 0.632;
    double bounded = error;
    if (plus) {
        bounded = fmin(error, no_information);
        /* Where there is nothing to overfit, or less than nothing, the rate is 0. */
        if (bounded > apparent && no_information > apparent) {
            out->overfitting = (bounded - apparent) / (no_information - apparent);
        }
        out->weight = 0.632 / (1 - 0.368 * out->overfitting);
    }
    e->value = (1 - out->weight) * apparent + out->weight * bounded;
    e->n_rows = (double)s->n_rows;
    e->df = INFINITY;
    e->se = error > 0 ? standard_error(s, error) * e->value / error : 0;
    if (isnan(error) || s->n_rows < 2) e->se = NAN;
    const double half = mlsd__normal_quantile(0.5 + level / 2) * e->se;
    e->low = e->value - half;
    e->high = e->value + half;
}

/* Targets replaced by one class, so that the metric's own loss is asked about it. */
static mlsd_status pairs_of_classes(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                    const mlsd__scored *s, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    double total = 0;
    mlsd_status status = MLSD_E_NOMEM;
    double *const shares = mlsd__alloc(a, s->n_classes, sizeof *shares);
    double *const y = mlsd__alloc_raw(a, s->n, sizeof *y);
    double *const losses = mlsd__alloc_raw(a, s->n, sizeof *losses);
    if (shares == NULL || y == NULL || losses == NULL) goto out;
    for (int64_t i = 0; i < s->n; i++) {
        const double w = s->weight == NULL ? 1 : s->weight[i];
        shares[(int64_t)s->y[i]] += w;
        total += w;
    }
    mlsd__scored of_class = *s;
    of_class.y = y;
    *out = 0;
    status = MLSD_OK;
    for (int64_t c = 0; c < s->n_classes && status == MLSD_OK; c++) {
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < s->n; i++) y[i] = (double)c;
        metric->row_loss(&of_class, NULL, 0, s->n, losses);
        mlsd__mean_variance(losses, s->weight, s->n, 0, &mean, &variance);
        *out += shares[c] / total * mean;
        status = mlsd__checkpoint(scope);
    }
out:
    mlsd__free(a, losses);
    mlsd__free(a, y);
    mlsd__free(a, shares);
    return status;
}

/* The mean of (y_i - f_j)^2 over all pairs is the two variances and the squared difference of the
 * means. */
static double pairs_of_squares(const mlsd__scored *s)
{
    double mean_y = 0, variance_y = 0, mean_f = 0, variance_f = 0;
    mlsd__mean_variance(s->y, s->weight, s->n, 0, &mean_y, &variance_y);
    mlsd__mean_variance(s->prediction, s->weight, s->n, 0, &mean_f, &variance_f);
    return variance_y + variance_f + (mean_y - mean_f) * (mean_y - mean_f);
}

/* The mean of |y_i - f_j| over all pairs, in one walk through both in order: the predictions up to
 * a target are behind it by their sum, the others before it. */
static mlsd_status pairs_of_distances(mlsd__scope *scope, const mlsd__scored *s, double *out)
{
    const mlsd__allocator *const a = scope->allocator;
    mlsd_status status = MLSD_E_NOMEM;
    int64_t *const by_y = mlsd__alloc_raw(a, s->n, sizeof *by_y);
    int64_t *const by_f = mlsd__alloc_raw(a, s->n, sizeof *by_f);
    if (by_y == NULL || by_f == NULL) goto out;
    status = mlsd__argsort_rows(scope, s->y, s->n, by_y);
    if (status == MLSD_OK) status = mlsd__argsort_rows(scope, s->prediction, s->n, by_f);
    if (status != MLSD_OK) goto out;
    /* About the mean of the predictions, so that large numbers do not cancel. */
    double centre = 0, variance = 0, total = 0, sum = 0;
    mlsd__mean_variance(s->prediction, s->weight, s->n, 0, &centre, &variance);
    for (int64_t i = 0; i < s->n; i++) {
        const double w = s->weight == NULL ? 1 : s->weight[i];
        total += w;
        sum += w * (s->prediction[i] - centre);
    }
    double behind = 0, behind_sum = 0, distance = 0;
    int64_t j = 0;
    for (int64_t i = 0; i < s->n; i++) {
        const double y = s->y[by_y[i]] - centre;
        for (; j < s->n && s->prediction[by_f[j]] - centre <= y; j++) {
            const double w = s->weight == NULL ? 1 : s->weight[by_f[j]];
            behind += w;
            behind_sum += w * (s->prediction[by_f[j]] - centre);
        }
        const double w = s->weight == NULL ? 1 : s->weight[by_y[i]];
        distance += w * (y * behind - behind_sum + (sum - behind_sum) - y * (total - behind));
    }
    *out = distance / total / total;
out:
    mlsd__free(a, by_f);
    mlsd__free(a, by_y);
    return status;
}

mlsd_status mlsd__no_information(mlsd__scope *scope, const mlsd__metric_ops *metric,
                                 const mlsd__scored *s, double *out)
{
    *out = NAN;
    if (metric->for_classification) {
        MLSD__TRY(pairs_of_classes(scope, metric, s, out));
        if (metric->greater_is_better) *out = 1 - *out;
        return MLSD_OK;
    }
    if (!metric->is_root) return pairs_of_distances(scope, s, out);
    *out = pairs_of_squares(s);
    return MLSD_OK;
}
