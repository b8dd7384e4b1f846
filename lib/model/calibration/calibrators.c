/* calibrators.c - see the header. Both losses are convex; Newton's method finds their minimum to
 * the last digits. */
#include "model/calibration/calibrators.h"

#include <float.h>
#include <math.h>

#include "numeric/mathfun.h"
#include "numeric/sum.h"

enum { MOST_ITERATIONS = 100, MOST_HALVINGS = 60 };

/* Slopes by weight, of scores of standard deviation 1, from which Newton's step leads to the
 * minimum up to rounding: it squares them. */
static const double SMALL_SLOPE = 1e-8;
/* Sufficient decrease (Nocedal & Wright 2006, equation 3.4). */
static const double DECREASE = 1e-4;

/* Platt (1999), section 2.2: targets (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in place of 1 and 0; the
 * minimum by Newton's method with halving, losses without overflow (Lin, Lin & Weng 2007, Machine
 * Learning 68, algorithm 1). Scores are brought to mean 0 and deviation 1. */
typedef struct platt {
    const double *scores, *y, *weight;
    double positive;
    int64_t n;
    double middle, spread; /* score = middle + spread z */
    double high, low;      /* targets */
    double total;
} platt;

typedef struct platt_sums {
    double loss, g[2], h[3]; /* h: slope slope, slope offset, offset offset */
} platt_sums;

static double weight_of(const platt *p, int64_t i)
{
    return p->weight != NULL ? p->weight[i] : 1;
}

static mlsd_status sum_platt(mlsd__scope *scope, const platt *p, double slope, double offset,
                             platt_sums *out)
{
    *out = (platt_sums){0};
    for (int64_t i = 0; i < p->n; i++) {
        const double w = weight_of(p, i);
        const double z = (p->scores[i] - p->middle) / p->spread, f = slope * z + offset;
        const double target = p->y[i] == p->positive ? p->high : p->low;
        /* P = sigmoid(-f): -t log P - (1 - t) log(1 - P) = log(1 + exp(f)) - (1 - t) f */
        const double q = mlsd__sigmoid(f), d = w * (q - (1 - target)), s = w * q * (1 - q);
        out->loss += w * (mlsd__log1pexp(f) - (1 - target) * f);
        out->g[0] += d * z;
        out->g[1] += d;
        out->h[0] += s * z * z;
        out->h[1] += s * z;
        out->h[2] += s;
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static void platt_step(const platt_sums *s, double step[2])
{
    const double least = DBL_EPSILON * (s->h[0] + s->h[2]) + DBL_MIN;
    const double a = s->h[0] + least, c = s->h[2] + least, b = s->h[1];
    const double det = a * c - b * b;
    step[0] = -(c * s->g[0] - b * s->g[1]) / det;
    step[1] = -(a * s->g[1] - b * s->g[0]) / det;
}

static mlsd_status minimise_platt(mlsd__scope *scope, const platt *p, mlsd__sigmoid_fit *out)
{
    double at[2] = {0, out->offset}, step[2];
    platt_sums here, there;
    MLSD__TRY(sum_platt(scope, p, at[0], at[1], &here));
    there = here;
    out->has_converged = false;
    for (int i = 0; i < MOST_ITERATIONS && !out->has_converged; i++) {
        const double top = fmax(fabs(here.g[0]), fabs(here.g[1]));
        out->has_converged = top <= SMALL_SLOPE * p->total;
        platt_step(&here, step);
        const double slope = here.g[0] * step[0] + here.g[1] * step[1];
        double length = 1;
        for (int k = 0; k < MOST_HALVINGS && !out->has_converged; k++, length /= 2) {
            MLSD__TRY(
                sum_platt(scope, p, at[0] + length * step[0], at[1] + length * step[1], &there));
            if (there.loss <= here.loss + DECREASE * length * slope) break;
        }
        for (int k = 0; k < 2; k++) at[k] += length * step[k];
        here = there;
    }
    out->slope = at[0] / p->spread;
    out->offset = at[1] - out->slope * p->middle;
    return MLSD_OK;
}

/* Mean and deviation of scores, by way of their largest, so that no square overflows. Scores that
 * are all one get the deviation 0. */
static void find_spread(platt *p)
{
    double largest = 0, sum = 0, square = 0;
    for (int64_t i = 0; i < p->n; i++) largest = fmax(largest, fabs(p->scores[i]));
    for (int64_t i = 0; i < p->n && largest > 0; i++)
        sum += weight_of(p, i) / p->total * (p->scores[i] / largest);
    for (int64_t i = 0; i < p->n && largest > 0; i++) {
        const double d = p->scores[i] / largest - sum;
        square += weight_of(p, i) / p->total * d * d;
    }
    p->middle = sum * largest;
    p->spread = sqrt(square) * largest;
}

mlsd_status mlsd__fit_sigmoid(mlsd__scope *scope, const double *scores, const double *y,
                              double positive, const double *weight, int64_t n,
                              mlsd__sigmoid_fit *out)
{
    platt p = {.scores = scores, .y = y, .weight = weight, .positive = positive, .n = n};
    double n_positive = 0;
    for (int64_t i = 0; i < n; i++) {
        p.total += weight_of(&p, i);
        n_positive += y[i] == positive ? weight_of(&p, i) : 0;
    }
    const double n_negative = p.total - n_positive;
    p.high = (n_positive + 1) / (n_positive + 2);
    p.low = 1 / (n_negative + 2);
    find_spread(&p);
    /* Platt's start: the offset of the smoothed shares, which without a slope is near the end. */
    *out = (mlsd__sigmoid_fit){.offset = mlsd__log((n_negative + 1) / (n_positive + 1)),
                               .has_converged = true};
    if (p.spread > 4 * DBL_EPSILON * fabs(p.middle)) return minimise_platt(scope, &p, out);
    const double mean = (n_positive * p.high + n_negative * p.low) / p.total;
    out->offset = mlsd__log((1 - mean) / mean);
    return MLSD_OK;
}

double mlsd__sigmoid_at(double slope, double offset, double score)
{
    return mlsd__sigmoid(-(slope * score + offset));
}

/* Temperature: Guo, Pleiss, Sun & Weinberger (2017), section 4.2, as the inverse b, in which the
 * loss sum w (log sum_c exp(b z_c) - b z_y) is convex. */
static const double LEAST_INVERSE = 4.5399929762484854e-05, MOST_INVERSE = 22026.465794806718;

typedef struct temperature {
    const double *logits, *y, *weight;
    int64_t n, k;
} temperature;

/* First and second derivative in b. */
static mlsd_status sum_temperature(mlsd__scope *scope, const temperature *t, double b,
                                   double *slope, double *curvature)
{
    *slope = 0;
    *curvature = 0;
    for (int64_t i = 0; i < t->n; i++) {
        const double *const z = t->logits + i * t->k;
        const double w = t->weight != NULL ? t->weight[i] : 1;
        double top = z[0], total = 0, mean = 0, square = 0;
        for (int64_t c = 1; c < t->k; c++) top = fmax(top, z[c]);
        for (int64_t c = 0; c < t->k; c++) {
            const double d = z[c] - top, e = mlsd__exp(b * d);
            total += e;
            mean += e * d;
            square += (e * d) * d;
        }
        mean /= total;
        *slope += w * (mean - (z[(int64_t)t->y[i]] - top));
        *curvature += w * fmax(0, square / total - mean * mean);
        if (i % MLSD__BLOCK_ROWS == 0) MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

mlsd_status mlsd__fit_temperature(mlsd__scope *scope, const double *logits, const double *y,
                                  const double *weight, int64_t n, int64_t k,
                                  mlsd__temperature_fit *out)
{
    const temperature t = {.logits = logits, .y = y, .weight = weight, .n = n, .k = k};
    double low = LEAST_INVERSE, high = MOST_INVERSE, slope, curvature, b = 1;
    *out = (mlsd__temperature_fit){.inverse_temperature = low};
    MLSD__TRY(sum_temperature(scope, &t, low, &slope, &curvature));
    if (!(slope < 0)) return MLSD_OK;
    out->inverse_temperature = high;
    MLSD__TRY(sum_temperature(scope, &t, high, &slope, &curvature));
    if (!(slope > 0)) return MLSD_OK;
    out->has_converged = true;
    for (int i = 0; i < MOST_ITERATIONS && high - low > 2 * DBL_EPSILON * high; i++) {
        MLSD__TRY(sum_temperature(scope, &t, b, &slope, &curvature));
        if (slope > 0)
            high = b;
        else
            low = b;
        const double next = b - slope / curvature;
        if (fabs(next - b) <= 2 * DBL_EPSILON * b) break;
        b = next > low && next < high ? next : sqrt(low * high); /* NaN goes to the middle */
    }
    out->inverse_temperature = b;
    return MLSD_OK;
}
