/* linear_refine.c - least squares to the last digit: the sums X'W (y - intercept - X coef) are
 * taken in double-double over the data as it is, and the triangle R of the orthogonal reduction
 * turns them into a correction, until nothing is left to correct.
 *
 * It is the iterative refinement of Bjorck (1967), BIT 7, and Demmel, Hida, Riedy & Li (2009), ACM
 * TOMS 35(4), in the form that needs no Q: R'R d = X'r (corrected seminormal equations: Bjorck
 * 1987, Linear Algebra Appl. 88/89). Their condition is not squared here: R comes from the rows and
 * not from X'X, and X'r has twice the digits, so a step leaves condition x rounding of the error,
 * not its square. Rows are read once a step and no residual is kept. */
#include <float.h>
#include <math.h>

#include "model/linear/linear_fit.h"
#include "model/row_pass.h"
#include "numeric/least_squares.h"
#include "numeric/sum.h"

/* A change below this share of a number does not move its last bit. */
static const double DONE = 0x1p-55;

typedef struct refine_job {
    const mlsd__linear_fit *fit;
    const double *coef;
    mlsd__dd intercept;
    int64_t n_groups, most_passes;
    mlsd__residual_sums *sums; /* n_groups */
} refine_job;

static mlsd_status refine_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const refine_job *const job = arg;
    const mlsd__linear_fit *const fit = job->fit;
    const mlsd__train *const train = fit->train;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, train->x);
    int64_t block, last;
    mlsd__row_group(train->x->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        mlsd__residual_sums_add(&job->sums[group], fit->p, x, n, ld, train->y + first,
                                train->weight != NULL ? train->weight + first : NULL, job->coef,
                                fit->coef_low, job->intercept);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

/* Sums of all rows into job->sums[0]; `room` has n_groups x 2 p numbers. */
static mlsd_status sum_rows(mlsd__scope *scope, refine_job *job, double *room)
{
    const int64_t p = job->fit->p;
    for (int64_t i = 0; i < job->n_groups * 2 * p; i++) room[i] = 0;
    for (int64_t g = 0; g < job->n_groups; g++)
        job->sums[g] = (mlsd__residual_sums){.gradient = room + g * 2 * p,
                                             .gradient_low = room + (g * 2 + 1) * p};
    MLSD__TRY(mlsd__parallel_for(scope, job->n_groups, refine_group, job));
    for (int64_t g = 1; g < job->n_groups; g++)
        mlsd__residual_sums_merge(&job->sums[0], &job->sums[g], p);
    return MLSD_OK;
}

/* R d = z with R'z = (X - mean)' r, into d; z'z, by which the squares fall, into *gain. */
static void find_step(const mlsd__linear_fit *fit, const mlsd__residual_sums *sums, double *d,
                      double *gain)
{
    const int64_t p = fit->p;
    for (int64_t j = 0; j < p; j++) {
        const mlsd__dd about_0 = mlsd__two_sum(sums->gradient[j], sums->gradient_low[j]);
        const mlsd__dd part = mlsd__dd_multiply((mlsd__dd){fit->mean[j], 0}, sums->total);
        d[j] = mlsd__dd_subtract(about_0, part).hi * fit->scale[j];
    }
    mlsd__solve_transposed_upper(p, fit->r, fit->q, d);
    *gain = mlsd__dot(d, d, p);
    mlsd__solve_upper(p, fit->r, fit->q, d);
    for (int64_t j = 0; j < p; j++) d[j] *= fit->scale[j];
}

static double relative(double change, double value)
{
    return change == 0 ? 0 : fabs(change / value);
}

/* value + low += change, and the relative change. */
static double move(double *value, double *low, mlsd__dd change)
{
    const mlsd__dd sum = mlsd__dd_add(mlsd__two_sum(*value, *low), change);
    *value = sum.hi;
    *low = sum.lo;
    return relative(change.hi, sum.hi);
}

/* Apply a step; returns the largest relative change of a number. */
static double apply_step(mlsd__linear_fit *fit, mlsd__linear_state *state, const double *d,
                         mlsd__dd mean_rest)
{
    double largest = 0;
    mlsd__dd change = mean_rest;
    for (int64_t j = 0; j < fit->p; j++) {
        largest = fmax(largest, move(&state->coef[j], &fit->coef_low[j], (mlsd__dd){d[j], 0}));
        change = mlsd__dd_subtract(change, mlsd__two_product(fit->mean[j], d[j]));
    }
    if (!fit->has_intercept) return largest;
    return fmax(largest, move(&state->intercept, &fit->intercept_low, change));
}

/* Sum w (y - mean)^2 (about 0 without an intercept), and the exact mean into *mean. */
static mlsd__dd total_squares(const mlsd__linear_fit *fit)
{
    const double *const y = fit->train->y, *const weight = fit->train->weight;
    const int64_t n = fit->train->x->n_rows;
    const double mean = fit->mean[fit->p];
    mlsd__dd sum = {0, 0}, squares = {0, 0};
    for (int64_t i = 0; i < n; i++) {
        const mlsd__dd w = {weight != NULL ? weight[i] : 1, 0};
        const mlsd__dd d = mlsd__two_sum(y[i], -mean), wd = mlsd__dd_multiply(w, d);
        sum = mlsd__dd_add(sum, wd);
        squares = mlsd__dd_add(squares, mlsd__dd_multiply(wd, d));
    }
    if (!fit->has_intercept) return squares;
    const mlsd__dd rest = mlsd__dd_divide(mlsd__dd_multiply(sum, sum), (mlsd__dd){fit->weight, 0});
    return mlsd__dd_subtract(squares, rest);
}

static mlsd_status iterate(mlsd__scope *scope, mlsd__linear_fit *fit, mlsd__linear_state *state,
                           refine_job *job, double *room, double *d)
{
    /* What share of the error a step leaves, until two steps have shown it. */
    const double error = fit->condition * (fit->from_moments ? fit->condition : 1);
    double share = fmin(1, 8 * DBL_EPSILON * (double)(fit->p + 1) * error);
    double gain_before = INFINITY;
    for (fit->n_passes = 0; fit->n_passes < job->most_passes;) {
        job->intercept = mlsd__two_sum(state->intercept, fit->intercept_low);
        MLSD__TRY(sum_rows(scope, job, room));
        const mlsd__residual_sums *const sums = &job->sums[0];
        double gain;
        find_step(fit, sums, d, &gain);
        mlsd__dd mean_rest = {0, 0};
        if (fit->has_intercept)
            mean_rest = mlsd__dd_divide(sums->total, (mlsd__dd){fit->weight, 0});
        gain += mean_rest.hi * mean_rest.hi * fit->weight;
        if (!isfinite(gain) || !isfinite(sums->squares.hi)) break;
        fit->n_passes++;
        fit->squares = sums->squares;
        /* Gains are squares of lengths: a step that is not half as long as the one before is
         * rounding of the sums themselves. */
        if (gain > 0.25 * gain_before) break;
        const double change = apply_step(fit, state, d, mean_rest);
        fit->squares = mlsd__dd_subtract(sums->squares, (mlsd__dd){gain, 0});
        if (fit->squares.hi < 0) fit->squares = (mlsd__dd){0, 0};
        if (isfinite(gain_before) && gain_before > 0) share = fmin(share, sqrt(gain / gain_before));
        if (change <= DONE || change * share <= DONE) break;
        gain_before = gain;
    }
    return MLSD_OK;
}

mlsd_status mlsd__linear_refine(mlsd__scope *scope, mlsd__linear_fit *fit, int64_t most_passes,
                                mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->p;
    refine_job job = {.fit = fit, .coef = state->coef, .most_passes = most_passes};
    job.n_groups = mlsd__row_groups(fit->train->x->n_rows, 2 * p);
    job.sums = mlsd__alloc(a, job.n_groups, sizeof *job.sums);
    double *const room = mlsd__alloc_raw(a, (job.n_groups * 2 + 1) * p, sizeof *room);
    mlsd_status status = MLSD_E_NOMEM;
    if (job.sums != NULL && room != NULL)
        status = iterate(scope, fit, state, &job, room, room + job.n_groups * 2 * p);
    if (status == MLSD_OK && fit->n_passes > 0) fit->total = total_squares(fit);
    mlsd__free(a, room);
    mlsd__free(a, job.sums);
    return status;
}
