/* metric_thresholds.c - metrics read off the curve that a falling threshold draws:
 * average_precision (precision against recall), equal_error_rate (misses against false alarms), ks
 * and gini.
 *
 * average_precision has the logit interval of Boyd, Eng & Page (2013), ECML PKDD, with the
 * effective number of rows of class 1; gini that of the area, DeLong's, since it is 2 x area - 1.
 * Those of the other two stand at each. */
#include <math.h>

#include "metric/interval_rates.h"
#include "metric/score_sweep.h"
#include "metric/summary.h"
#include "numeric/distribution.h"
#include "numeric/mathfun.h"

enum { MACRO, MICRO, WEIGHTED, SAMPLES, NONE };
static const char *const averages[] = {"macro", "micro", "weighted", "samples", "none", NULL};
enum { NO_CURVE, CORNERS, ALL_POINTS };
static const char *const curves[] = {"none", "corners", "all", NULL};

typedef struct threshold_params {
    int64_t average, curve;
} threshold_params;

/* The metric of a curve. */
typedef void (*curve_fn)(const mlsd__sweep *s, double level, mlsd__estimate *out);

static void average_precision(const mlsd__sweep *s, double level, mlsd__estimate *out)
{
    out->value = mlsd__sweep_precision(s);
    out->n_rows = s->n_positive > 0 ? s->positives * s->positives / s->positive_squares : 0;
    if (isnan(level) || !(out->value > 0 && out->value < 1)) return;
    const double spread = 1 / sqrt(out->n_rows * out->value * (1 - out->value));
    const double z = mlsd__normal_quantile(0.5 + level / 2);
    const double odds = out->value / (1 - out->value);
    out->se = spread * out->value * (1 - out->value);
    out->df = INFINITY;
    out->low = 1 / (1 + mlsd__exp(z * spread) / odds);
    out->high = 1 / (1 + mlsd__exp(-z * spread) / odds);
}

/* Effective rows of a class. */
static double rows_of(double weight, double squares)
{
    return weight * weight / squares;
}

/* At the threshold c where F0, the share of alarms, falls to F1, that of misses, a change of both
 * moves the rate by s dF1 + (1 - s) dF0, s being the part of F0's slope in the sum of the slopes:
 * so its variance is e (1 - e) (s^2 / n1 + (1 - s)^2 / n0), and the interval Wilson's of as many
 * rows as give it. The slopes are those of the curve as far as c is uncertain: where the two shares
 * are within two standard errors of each other. */
static void equal_error_rate(const mlsd__sweep *s, double level, mlsd__estimate *out)
{
    const double e = mlsd__sweep_equal_error(s);
    out->value = e;
    if (isnan(e) || isnan(level)) return;
    const double n1 = rows_of(s->positives, s->positive_squares);
    const double n0 = rows_of(s->negatives, s->negative_squares);
    const double reach = 2 * sqrt(e * (1 - e) * (1 / n1 + 1 / n0));
    const double slope = mlsd__sweep_alarm_share(s, reach);
    out->n_rows = isnan(slope) ? fmin(n1, n0) /* nothing is wrong, so nothing tells the slopes */
                               : 1 / (slope * slope / n1 + (1 - slope) * (1 - slope) / n0);
    out->se = sqrt(e * (1 - e) / out->n_rows);
    out->df = INFINITY;
    mlsd__wilson(e, out->n_rows, mlsd__normal_quantile(0.5 + level / 2), &out->low, &out->high);
}

/* The distance found is the largest of many, hence too large rather than too small. Above: the
 * distance is at least that at the threshold found, a difference of two rates (Newcombe). Below: it
 * is at most the one found less the largest difference of the deviations of both curves, for which
 * Kolmogorov's limit stands (the first term of his series, next to which the others vanish). Both
 * ends hold for every pair of distributions; where these are equal the interval begins at 0. */
static void ks(const mlsd__sweep *s, double level, mlsd__estimate *out)
{
    mlsd__sweep_shares at;
    mlsd__two_rates difference;
    out->value = mlsd__sweep_distance(s, &at);
    if (isnan(out->value) || isnan(level)) return;
    const double n1 = rows_of(s->positives, s->positive_squares);
    const double n0 = rows_of(s->negatives, s->negative_squares);
    const mlsd__rate hits = {at.hits * n1, n1}, alarms = {at.alarms * n0, n0};
    const bool is_above = at.hits >= at.alarms;
    mlsd__rates_difference(MLSD__NEWCOMBE, is_above ? hits : alarms, is_above ? alarms : hits,
                           level, &difference);
    const double reach = sqrt(-mlsd__log((1 - level) / 4) / 2 * (1 / n1 + 1 / n0));
    out->low = fmax(0, out->value - reach);
    out->high = difference.high;
    out->se =
        sqrt(at.hits * (1 - at.hits) / n1 + at.alarms * (1 - at.alarms) / n0); /* at a threshold */
    out->n_rows = s->n_rows;
    out->df = INFINITY;
}

/* What a finish works on. */
typedef struct job {
    mlsd__scope *scope;
    const mlsd__finish *f;
    const mlsd__scored *s;
    const threshold_params *p;
    curve_fn curve;
    int64_t n_columns;
    double *score, *is_positive, *weight; /* of one curve */
    mlsd__measured *out;
} job;

static bool has_labels(const job *j)
{
    return j->f->shape->y_cols > 1;
}

static double is_of(const job *j, int64_t row, int64_t c)
{
    return has_labels(j) ? j->s->y[row * j->n_columns + c] : j->s->y[row] == (double)c;
}

static mlsd_status estimate_rows(const job *j, int64_t n, double level, bool wants_table,
                                 mlsd__estimate *e)
{
    mlsd__sweep sweep;
    mlsd_table *table = NULL;
    mlsd__estimate_undefined(e);
    MLSD__TRY(mlsd__sweep_new(j->scope, j->score, j->is_positive, j->weight, n, &sweep));
    j->curve(&sweep, level, e);
    e->support = fmin(sweep.n_positive, sweep.n_negative);
    mlsd_status status = MLSD_OK;
    if (wants_table) {
        status = mlsd__sweep_table(&sweep, j->p->curve == CORNERS, &table);
        if (status == MLSD_OK) status = mlsd__measured_table(j->out, "curve", table);
    }
    mlsd__sweep_free(&sweep);
    return status;
}

static mlsd_status finish_column(const job *j, int64_t c, bool wants_table, mlsd__estimate *e,
                                 double *out_weight)
{
    *out_weight = 0;
    for (int64_t i = 0; i < j->s->n; i++) {
        j->score[i] = j->s->prediction[i * j->n_columns + c];
        j->is_positive[i] = is_of(j, i, c);
        if (j->s->weight != NULL) j->weight[i] = j->s->weight[i];
        if (j->is_positive[i] != 0) *out_weight += j->s->weight == NULL ? 1 : j->s->weight[i];
    }
    return estimate_rows(j, j->s->n, j->f->level, wants_table, e);
}

/* Columns that are undefined are left out of the mean. */
static mlsd_status finish_columns(const job *j)
{
    double sum = 0, total = 0;
    for (int64_t c = 0; c < j->n_columns; c++) {
        mlsd__estimate e;
        double weight = 0;
        MLSD__TRY(finish_column(j, c, false, &e, &weight));
        if (j->f->wants_parts) MLSD__TRY(mlsd__measured_part(j->out, c, &e));
        j->out->estimate.support = e.support;
        if (isnan(e.value)) continue;
        if (j->p->average != WEIGHTED) weight = 1;
        sum += weight * e.value;
        total += weight;
    }
    if (j->p->average != NONE && total > 0) j->out->estimate.value = sum / total;
    return MLSD_OK;
}

static double rows_that_weigh(const job *j)
{
    double n = 0;
    for (int64_t i = 0; i < j->s->n; i++) n += j->s->weight == NULL || j->s->weight[i] > 0;
    return n;
}

/* Every decision as a row of its own; they are not independent, hence no interval. */
static mlsd_status finish_micro(const job *j)
{
    const int64_t size = j->s->n * j->n_columns;
    for (int64_t e = 0; e < size; e++) {
        const int64_t row = e / j->n_columns;
        j->score[e] = j->s->prediction[e];
        j->is_positive[e] = is_of(j, row, e % j->n_columns);
        if (j->s->weight != NULL) j->weight[e] = j->s->weight[row];
    }
    MLSD__TRY(estimate_rows(j, size, NAN, false, &j->out->estimate));
    j->out->estimate.support = rows_that_weigh(j);
    return MLSD_OK;
}

/* The mean over rows; rows that are undefined are left out. */
static mlsd_status finish_samples(const job *j)
{
    double sum = 0, total = 0;
    job row = *j;
    row.weight = NULL;
    for (int64_t i = 0; i < j->s->n; i++) {
        mlsd__estimate e;
        for (int64_t c = 0; c < j->n_columns; c++) {
            j->score[c] = j->s->prediction[i * j->n_columns + c];
            j->is_positive[c] = is_of(j, i, c);
        }
        MLSD__TRY(estimate_rows(&row, j->n_columns, NAN, false, &e));
        const double w = j->s->weight == NULL ? 1 : j->s->weight[i];
        if (isnan(e.value) || !(w > 0)) continue;
        sum += w * e.value;
        total += w;
    }
    j->out->estimate.support = rows_that_weigh(j);
    if (total > 0) j->out->estimate.value = sum / total;
    return MLSD_OK;
}

static mlsd_status allocate(job *j)
{
    const mlsd__allocator *const a = j->scope->allocator;
    int64_t size = 0;
    MLSD__TRY(mlsd__mul_size(j->s->n > 0 ? j->s->n : 1, j->n_columns, &size));
    j->score = mlsd__alloc_raw(a, size, sizeof *j->score);
    if (j->score == NULL) return MLSD_E_NOMEM;
    j->is_positive = mlsd__alloc_raw(a, size, sizeof *j->is_positive);
    if (j->is_positive == NULL) return MLSD_E_NOMEM;
    if (j->s->weight == NULL) return MLSD_OK;
    j->weight = mlsd__alloc_raw(a, size, sizeof *j->weight);
    return j->weight != NULL ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status finish_all(job *j)
{
    double weight = 0;
    MLSD__TRY(allocate(j));
    if (!has_labels(j) && j->n_columns == 2) {
        const bool wants_table = j->f->wants_parts && j->p->curve != NO_CURVE;
        return finish_column(j, 1, wants_table, &j->out->estimate, &weight);
    }
    if (j->p->average == MICRO) return finish_micro(j);
    if (j->p->average == SAMPLES) return finish_samples(j);
    return finish_columns(j);
}

static mlsd_status finish(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out,
                          curve_fn curve)
{
    mlsd__scored s;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    job j = {.scope = scope, .f = f, .s = &s, .p = f->params, .curve = curve, .out = out};
    j.n_columns = f->shape->y_cols > 1 ? f->shape->y_cols : s.n_classes;
    const mlsd_status status = finish_all(&j);
    mlsd__free(scope->allocator, j.score);
    mlsd__free(scope->allocator, j.is_positive);
    mlsd__free(scope->allocator, j.weight);
    return status;
}

static mlsd_status finish_precision(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    return finish(scope, f, out, average_precision);
}

static mlsd_status finish_equal_error(mlsd__scope *scope, const mlsd__finish *f,
                                      mlsd__measured *out)
{
    return finish(scope, f, out, equal_error_rate);
}

static mlsd_status finish_ks(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    return finish(scope, f, out, ks);
}

extern const mlsd_kind mlsd__kind_roc_auc;

/* Somers' D of the scores: the area stretched to [-1, 1]. */
static mlsd_status finish_gini(mlsd__scope *scope, const mlsd__finish *f, mlsd__measured *out)
{
    const mlsd__metric_ops *const area = mlsd__kind_roc_auc.ops;
    mlsd__scored s;
    mlsd__estimate *const e = &out->estimate;
    mlsd__rows_read(f->state, f->slot, f->metric, &s);
    MLSD__TRY(mlsd__metric_score(scope, area, &s, NULL, s.n, f->level, e));
    e->value = 2 * e->value - 1;
    e->se *= 2;
    e->low = 2 * e->low - 1;
    e->high = 2 * e->high - 1;
    return MLSD_OK;
}

#define CURVE                                                           \
    MLSD__P_CHOICE(threshold_params, curve, curves, "\"none\"",         \
                   "table \"curve\" of two classes: its corners, or a " \
                   "point for each score")
static const mlsd_param precision_table[] = {
    MLSD__P_CHOICE(threshold_params, average, averages, "\"macro\"",
                   "how classes or labels are put together: macro (mean), micro (all decisions in "
                   "one curve), weighted (by their rows), samples (mean of the rows), none (each "
                   "alone)"),
    CURVE,
};
static const mlsd_param curve_table[] = {CURVE};
static const threshold_params defaults = {0};

#define PARAMS .params = &defaults, .params_size = sizeof(threshold_params)
#define OF_SCORES .for_classification = true, .needs_proba = true, .any_score = true

static const mlsd__metric_ops average_precision_ops = {
    PARAMS, OF_SCORES, .greater_is_better = true, .for_labels = true, .finish = finish_precision};
MLSD__METRIC_KIND_WITH(
    average_precision, precision_table, threshold_params, MLSD__OF_CLASSES, "1",
    "precision at each score, averaged over the recall gained there, of more than two "
    "classes the mean of each against the rest; logit interval of two classes");

static const mlsd__metric_ops equal_error_rate_ops = {PARAMS, OF_SCORES, .for_binary_only = true,
                                                      .finish = finish_equal_error};
MLSD__METRIC_KIND_WITH(
    equal_error_rate, curve_table, threshold_params, MLSD__OF_TWO_CLASSES, "-1",
    "where the share of misses and that of false alarms are equal; Wilson interval by the "
    "delta method");

static const mlsd__metric_ops ks_ops = {PARAMS, OF_SCORES, .greater_is_better = true,
                                        .for_binary_only = true, .finish = finish_ks};
MLSD__METRIC_KIND_WITH(
    ks, curve_table, threshold_params, MLSD__OF_TWO_CLASSES, "1",
    "largest distance between the two classes' distributions of scores (Kolmogorov and "
    "Smirnov); interval by Kolmogorov's limit below and Newcombe's above");

static const mlsd__metric_ops gini_ops = {OF_SCORES, .greater_is_better = true,
                                          .for_binary_only = true, .is_area = true,
                                          .finish = finish_gini};
MLSD__METRIC_KIND(gini, MLSD__OF_TWO_CLASSES, "1",
                  "2 x area under the ROC curve - 1 (accuracy ratio); DeLong interval");
