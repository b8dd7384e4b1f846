/* extrapolate.c - power laws of learning curves, e(n) = a + b n^-c: the law that fits best most
 * often (Viering & Loog 2022, "The shape of learning curves: a review", IEEE TPAMI 45; Mohr et al.
 * 2022, "LCDB 1.0").
 *
 * For a given c the law is linear in a and b, which are solved for with their bounds; c alone is
 * searched, on a grid of logarithms and then downhill (variable projection, Golub & Pereyra 1973).
 * Sizes weigh by the reciprocal variance of their mean error.
 *
 * The band is that of a bootstrap over splits, each draw moving all sizes together, since nested
 * prefixes share their rows. Means of drawn splits spread less than the mean of splits that share
 * training rows does, so their deviations are stretched to the corrected variance of corrected.c.
 */
#include "validate/extrapolate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "numeric/mathfun.h"
#include "numeric/minimize.h"
#include "numeric/rank.h"
#include "numeric/sum.h"
#include "validate/corrected.h"

/* Exponents that are thought of; published curves have 0.05 .. 3. */
static const double LEAST_C = 0.01, MOST_C = 10;
enum { GRID = 60, LEAST_SIZES = 4 };

/* A rise between two sizes counts when its one-sided interval at this level is above 0. */
static const double RISE_LEVEL = 0.98;
/* Of a single split: when it is more than this part of the curve's range. */
static const double RISE_PART = 0.1;

double mlsd__power_law_at(const mlsd__power_law *law, double n_rows)
{
    return law->a + law->b * mlsd__pow(n_rows / law->unit, -law->c);
}

double mlsd__power_law_rows(const mlsd__power_law *law, double error)
{
    if (!(error > law->a) || !(law->b > 0)) return error >= law->a ? 1 : INFINITY;
    return law->unit * mlsd__pow((error - law->a) / law->b, -1 / law->c);
}

typedef struct points {
    const double *sizes, *errors, *weights;
    int64_t n;
    double unit;
} points;

static double residual(const points *p, const mlsd__power_law *law)
{
    double sum = 0;
    for (int64_t i = 0; i < p->n; i++) {
        const double r = p->errors[i] - mlsd__power_law_at(law, p->sizes[i]);
        sum += p->weights[i] * r * r;
    }
    return sum;
}

/* The best a and b for a given c; returns the weighted sum of squares that is left. */
static double solve(const points *p, double c, mlsd__power_law *law)
{
    double w = 0, mean_x = 0, mean_e = 0, sxx = 0, sxe = 0, raw_xx = 0, raw_xe = 0;
    *law = (mlsd__power_law){.c = c, .unit = p->unit};
    for (int64_t i = 0; i < p->n; i++) {
        const double x = mlsd__pow(p->sizes[i] / p->unit, -c), weight = p->weights[i];
        const double dx = x - mean_x, de = p->errors[i] - mean_e;
        w += weight;
        mean_x += dx * weight / w;
        mean_e += de * weight / w;
        sxx += weight * dx * (x - mean_x);
        sxe += weight * dx * (p->errors[i] - mean_e);
        raw_xx += weight * x * x;
        raw_xe += weight * x * p->errors[i];
    }
    law->b = sxx > 0 ? sxe / sxx : 0;
    law->a = mean_e - law->b * mean_x;
    if (law->b >= 0 && law->a >= 0) return residual(p, law);
    /* At a bound: the better of no falling part and no floor. */
    mlsd__power_law flat = *law, floorless = *law;
    flat.a = fmax(0, mean_e);
    flat.b = 0;
    floorless.a = 0;
    floorless.b = fmax(0, raw_xe / raw_xx);
    *law = residual(p, &floorless) < residual(p, &flat) ? floorless : flat;
    return residual(p, law);
}

static double left_at(void *arg, double log_c)
{
    mlsd__power_law law;
    return solve(arg, mlsd__exp(log_c), &law);
}

void mlsd__power_law_fit(const double *sizes, const double *errors, const double *weights,
                         int64_t n, mlsd__power_law *out)
{
    points p = {.sizes = sizes, .errors = errors, .weights = weights, .n = n, .unit = sizes[n - 1]};
    const double low = mlsd__log(LEAST_C), high = mlsd__log(MOST_C), step = (high - low) / GRID;
    double best = low, least = INFINITY;
    for (int i = 0; i <= GRID; i++) {
        const double left = left_at(&p, low + i * step);
        if (!(left < least)) continue;
        least = left;
        best = low + i * step;
    }
    const double refined =
        mlsd__minimize(left_at, &p, fmax(low, best - step), fmin(high, best + step), low, high);
    if (left_at(&p, refined) < least) best = refined;
    (void)solve(&p, mlsd__exp(best), out);
}

/* Mean errors over the splits that have one, and how many have. */
static void mean_errors(const mlsd__curve_errors *in, const int64_t *drawn, double *out,
                        int64_t *out_n)
{
    for (int64_t s = 0; s < in->n_sizes; s++) {
        double sum = 0;
        int64_t n = 0;
        for (int64_t k = 0; k < in->n_splits; k++) {
            const double e = in->errors[(drawn != NULL ? drawn[k] : k) * in->n_sizes + s];
            if (isnan(e)) continue;
            sum += e;
            n++;
        }
        out[s] = n > 0 ? sum / (double)n : NAN;
        out_n[s] = n;
    }
}

/* Errors of one size, a split after the other. */
static void of_size(const mlsd__curve_errors *in, int64_t s, double *out)
{
    for (int64_t k = 0; k < in->n_splits; k++) out[k] = in->errors[k * in->n_sizes + s];
}

/* Does the error rise between two sizes by more than chance? */
static bool rises(const mlsd__curve_errors *in, const double *mean, int64_t i, int64_t j,
                  double *scratch)
{
    if (!(mean[j] > mean[i])) return false;
    mlsd__estimate rise;
    of_size(in, i, scratch);
    of_size(in, j, scratch + in->n_splits);
    mlsd__corrected_t_paired(scratch + in->n_splits, scratch, in->n_splits, in->test_train[j],
                             RISE_LEVEL, &rise);
    if (!isnan(rise.low)) return rise.low > 0;
    double least = INFINITY, most = -INFINITY;
    for (int64_t s = 0; s < in->n_sizes; s++) {
        least = fmin(least, mean[s]);
        most = fmax(most, mean[s]);
    }
    return mean[j] - mean[i] > RISE_PART * (most - least);
}

static void look_for_refusal(const mlsd__curve_errors *in, const double *mean, double *scratch,
                             char refusal[MLSD__REFUSAL_CAPACITY])
{
    if (in->n_sizes < LEAST_SIZES) {
        (void)snprintf(refusal, MLSD__REFUSAL_CAPACITY,
                       "%d sizes are needed to carry the curve on, and there are %lld",
                       (int)LEAST_SIZES, (long long)in->n_sizes);
        return;
    }
    for (int64_t s = 0; s < in->n_sizes; s++) {
        if (!isnan(mean[s])) continue;
        (void)snprintf(refusal, MLSD__REFUSAL_CAPACITY, "there is no score with %lld rows",
                       (long long)in->sizes[s]);
        return;
    }
    for (int64_t j = 1; j < in->n_sizes; j++) {
        for (int64_t i = 0; i < j; i++) {
            if (!rises(in, mean, i, j, scratch)) continue;
            (void)snprintf(refusal, MLSD__REFUSAL_CAPACITY,
                           "the curve gets worse from %lld to %lld rows by more than chance, so it "
                           "is not carried on",
                           (long long)in->sizes[i], (long long)in->sizes[j]);
            return;
        }
    }
}

/* One over the corrected variances, on a common scale; all alike where there are none. */
static void make_weights(const mlsd__curve_errors *in, double *scratch, double *weights)
{
    double most = 0;
    for (int64_t s = 0; s < in->n_sizes; s++) {
        mlsd__estimate e;
        of_size(in, s, scratch);
        mlsd__corrected_t(scratch, in->n_splits, in->test_train[s], in->level, &e);
        weights[s] = isnan(e.se) ? 0 : e.se;
        most = fmax(most, weights[s]);
    }
    /* A size whose splits agree by accident must not decide alone. */
    for (int64_t s = 0; s < in->n_sizes; s++) {
        const double se = fmax(weights[s], 0.05 * most);
        weights[s] = most > 0 ? (most / se) * (most / se) : 1;
    }
}

typedef struct draw_scratch {
    double *mean, *drawn_mean, *weights, *splits;
    int64_t *n, *drawn_n, *drawn;
} draw_scratch;

static mlsd_status run_draws(mlsd__scope *scope, const mlsd__curve_errors *in,
                             const draw_scratch *d, mlsd__extrapolation *out)
{
    const double J = (double)in->n_splits;
    for (int64_t b = 0; b < in->n_draws; b++) {
        mlsd__stream stream;
        MLSD__TRY(mlsd__checkpoint(scope));
        mlsd__stream_init(&stream, (uint64_t)in->seed, (uint64_t)b, 0, 0, MLSD__PURPOSE_BOOTSTRAP);
        for (int64_t k = 0; k < in->n_splits; k++)
            d->drawn[k] = (int64_t)mlsd__stream_below(&stream, (uint64_t)in->n_splits);
        mean_errors(in, d->drawn, d->drawn_mean, d->drawn_n);
        for (int64_t s = 0; s < in->n_sizes; s++) {
            /* From variance (J - 1) / J^2 s^2 of a drawn mean to (1/J + n_test/n_train) s^2. */
            const double stretch = sqrt((1 / J + in->test_train[s]) * J * J / (J - 1));
            const double off = isnan(d->drawn_mean[s]) ? 0 : d->drawn_mean[s] - d->mean[s];
            d->drawn_mean[s] = fmax(0, d->mean[s] + stretch * off);
        }
        mlsd__power_law_fit(in->sizes, d->drawn_mean, d->weights, in->n_sizes, &out->draws[b]);
    }
    out->n_draws = in->n_draws;
    return MLSD_OK;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd__curve_errors *in, const draw_scratch *d,
                       mlsd__extrapolation *out)
{
    mean_errors(in, NULL, d->mean, d->n);
    look_for_refusal(in, d->mean, d->splits, out->refusal);
    if (out->refusal[0] != '\0') return MLSD_OK;
    make_weights(in, d->splits, d->weights);
    mlsd__power_law_fit(in->sizes, d->mean, d->weights, in->n_sizes, &out->law);
    if (in->n_splits < 2) return MLSD_OK;
    return run_draws(scope, in, d, out);
}

mlsd_status mlsd__extrapolate_open(mlsd__scope *scope, const mlsd__curve_errors *in,
                                   mlsd__extrapolation *out)
{
    const mlsd__allocator *const a = scope->allocator;
    *out = (mlsd__extrapolation){.allocator = a, .level = in->level};
    out->draws = mlsd__alloc(a, in->n_draws, sizeof *out->draws);
    out->scratch = mlsd__alloc(a, 2 * in->n_draws, sizeof *out->scratch);
    out->order = mlsd__alloc(a, in->n_draws, sizeof *out->order);
    double *const numbers = mlsd__alloc(a, 3 * in->n_sizes + 2 * in->n_splits, sizeof *numbers);
    int64_t *const counts = mlsd__alloc(a, 2 * in->n_sizes + in->n_splits, sizeof *counts);
    mlsd_status status = MLSD_E_NOMEM;
    if (out->draws != NULL && out->scratch != NULL && out->order != NULL && numbers != NULL &&
        counts != NULL) {
        const draw_scratch d = {.mean = numbers,
                                .drawn_mean = numbers + in->n_sizes,
                                .weights = numbers + 2 * in->n_sizes,
                                .splits = numbers + 3 * in->n_sizes,
                                .n = counts,
                                .drawn_n = counts + in->n_sizes,
                                .drawn = counts + 2 * in->n_sizes};
        status = fit(scope, in, &d, out);
    }
    mlsd__free(a, counts);
    mlsd__free(a, numbers);
    return status;
}

void mlsd__extrapolate_close(mlsd__extrapolation *x)
{
    if (x->allocator == NULL) return;
    mlsd__free(x->allocator, x->draws);
    mlsd__free(x->allocator, x->scratch);
    mlsd__free(x->allocator, x->order);
    *x = (mlsd__extrapolation){0};
}

/* Percentiles of the n_draws values in scratch. */
static mlsd_status percentiles(const mlsd__extrapolation *x, mlsd__estimate *out)
{
    double *const sorted = x->scratch + x->n_draws, tail = 0.5 - x->level / 2;
    if (x->n_draws == 0) return MLSD_OK;
    MLSD__TRY(mlsd__argsort(x->allocator, x->scratch, x->n_draws, x->order));
    for (int64_t b = 0; b < x->n_draws; b++) sorted[b] = x->scratch[x->order[b]];
    /* Of infinite rows there is nothing between two draws to interpolate. */
    const int64_t last = x->n_draws - 1;
    const int64_t low = (int64_t)floor(tail * (double)last);
    const int64_t high = (int64_t)ceil((1 - tail) * (double)last);
    out->low = isinf(sorted[low]) ? INFINITY : mlsd__quantile_sorted(sorted, x->n_draws, tail);
    out->high =
        isinf(sorted[high]) ? INFINITY : mlsd__quantile_sorted(sorted, x->n_draws, 1 - tail);
    return MLSD_OK;
}

mlsd_status mlsd__extrapolate_at(const mlsd__extrapolation *x, double n_rows, mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    out->value = mlsd__power_law_at(&x->law, n_rows);
    for (int64_t b = 0; b < x->n_draws; b++)
        x->scratch[b] = mlsd__power_law_at(&x->draws[b], n_rows);
    return percentiles(x, out);
}

mlsd_status mlsd__extrapolate_rows(const mlsd__extrapolation *x, double error, mlsd__estimate *out)
{
    mlsd__estimate_undefined(out);
    out->value = mlsd__power_law_rows(&x->law, error);
    for (int64_t b = 0; b < x->n_draws; b++)
        x->scratch[b] = mlsd__power_law_rows(&x->draws[b], error);
    return percentiles(x, out);
}
