/* score_loss.c - one pass over the rows gives value, gradient and Hessian of an objective with one
 * score a row.
 *
 * Groups of blocks are summed by one thread each and merged in the order of the groups, so the bits
 * do not depend on the threads. The Hessian is a weighted Gram matrix, made by BLAS from a block
 * that is in the cache. */
#include "model/linear/score_loss.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/kindtable.h"
#include "numeric/blas.h"

enum { HEAD = 2 }; /* loss and weight stand before gradient and Hessian */

/* Newton's work on a block is the square of the columns; beyond, a block would take longer than a
 * cancel may, and L-BFGS is faster. */
enum { NEWTON_COLUMNS = 400 };

/* Penalties beyond are this one, whose coefficients are 0 too: nothing overflows. */
static const double MOST = 1e290;

/* Most of the way is gone on every 16th block of data of so many, and on every 4th: halving the
 * start's error twice saves a pass over all rows. More iterations there would polish what is only a
 * start. */
enum { START_BLOCKS = 64, START_ITERATIONS = 8 };
static const int64_t START_STRIDES[] = {16, 4};
static const double START_TOL = 1e-3;

typedef struct loss_job {
    const mlsd__score_loss *loss;
    const double *theta;
    int64_t n_blocks, n_groups;
    bool wants_gradient, wants_hessian;
} loss_job;

static int64_t block_rows(const mlsd__score_loss *l)
{
    return l->design->n_rows < MLSD__BLOCK_ROWS ? l->design->n_rows : MLSD__BLOCK_ROWS;
}

mlsd_status mlsd__score_loss_open(mlsd__score_loss *l, mlsd__scope *scope, bool has_hessian)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t m = l->design->n_columns + (l->has_nuisance ? 1 : 0);
    l->n_theta = m;
    l->stride = 1;
    l->n_threads = scope->n_threads;
    int64_t n_hessian = 0, n_scratch = 0, n_summaries = 0;
    if (has_hessian) MLSD__TRY(mlsd__mul_size(m, m, &n_hessian));
    l->summary_size = HEAD + m + n_hessian;
    l->n_groups = mlsd__row_groups(l->design->n_rows, l->summary_size);
    MLSD__TRY(mlsd__mul_size(block_rows(l), m + 3, &l->scratch_size));
    MLSD__TRY(mlsd__mul_size(l->n_threads, l->scratch_size, &n_scratch));
    MLSD__TRY(mlsd__mul_size(l->n_groups, l->summary_size, &n_summaries));
    l->readers = mlsd__alloc(a, l->n_threads, sizeof *l->readers);
    l->scratch = mlsd__alloc_raw(a, n_scratch, sizeof *l->scratch);
    l->summaries = mlsd__alloc(a, n_summaries, sizeof *l->summaries);
    mlsd_status status =
        l->readers == NULL || l->scratch == NULL || l->summaries == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t t = 0; status == MLSD_OK && t < l->n_threads; t++)
        status = mlsd__row_reader_open(&l->readers[t], a, l->design->rows.frame);
    if (status != MLSD_OK) mlsd__score_loss_close(l, a);
    return status;
}

void mlsd__score_loss_close(mlsd__score_loss *l, const mlsd__allocator *a)
{
    for (int64_t t = 0; l->readers != NULL && t < l->n_threads; t++)
        if (l->readers[t].allocator != NULL) mlsd__row_reader_close(&l->readers[t]);
    mlsd__free(a, l->readers);
    mlsd__free(a, l->scratch);
    mlsd__free(a, l->summaries);
    l->readers = NULL;
    l->scratch = NULL;
    l->summaries = NULL;
}

/* Shifted and scaled rows, with a place behind each for the nuisance's column. */
static void scale_rows(const mlsd__score_loss *l, const double *x, int64_t n, int64_t ld, double *z)
{
    if (!l->has_nuisance) {
        mlsd__design_scale(l->design, x, n, ld, z);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        mlsd__design_scale(l->design, x + i * ld, 1, ld, z + i * l->n_theta);
        z[i * l->n_theta + l->n_theta - 1] = 0;
    }
}

static void add_weight(const double *weight, int64_t n, double *sum)
{
    if (weight == NULL) *sum += (double)n;
    for (int64_t i = 0; weight != NULL && i < n; i++) *sum += weight[i];
}

static void add_block(const loss_job *job, mlsd__row_reader *reader, int64_t block, double *scratch,
                      double *summary)
{
    const mlsd__score_loss *const l = job->loss;
    const int64_t m = l->n_theta, last = m - 1;
    double *const gradient = summary + HEAD, *const z = scratch;
    int64_t first = 0, n = 0, ld = 0;
    const double *const x = mlsd__row_reader_block(reader, block, &first, &n, &ld);
    double *const score = z + block_rows(l) * m;
    double *const slope = score + block_rows(l), *const curvature = slope + block_rows(l);
    scale_rows(l, x, n, ld, z);
    mlsd__gemv(false, n, m, 1.0, z, m, job->theta, 0.0, score); /* the nuisance's column is 0 */
    mlsd__score_rows rows = {.n = n,
                             .score = score,
                             .y = l->y + first,
                             .weight = l->weight != NULL ? l->weight + first : NULL,
                             .nuisance = l->has_nuisance ? job->theta[last] : 0.0,
                             .slope = slope,
                             .curvature = curvature,
                             .column = l->has_nuisance ? z + last : NULL,
                             .stride = m};
    l->rows(l->family, &rows);
    summary[0] += rows.loss;
    add_weight(rows.weight, n, &summary[1]);
    if (job->wants_gradient) {
        const double before = gradient[last];
        mlsd__gemv(true, n, m, 1.0, z, m, slope, 1.0, gradient);
        if (l->has_nuisance) gradient[last] = before + rows.nuisance_slope;
    }
    if (!job->wants_hessian) return;
    for (int64_t i = 0; i < n; i++) {
        const double factor = sqrt(curvature[i]);
        for (int64_t j = 0; j < m; j++) z[i * m + j] *= factor;
    }
    mlsd__syrk(n, m, 1.0, z, m, 1.0, gradient + m, m);
}

static int64_t used_size(const loss_job *job)
{
    const int64_t m = job->loss->n_theta;
    return HEAD + (job->wants_gradient ? m : 0) + (job->wants_hessian ? m * m : 0);
}

static mlsd_status run_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const loss_job *const job = arg;
    const mlsd__score_loss *const l = job->loss;
    double *const summary = l->summaries + group * l->summary_size;
    memset(summary, 0, (size_t)used_size(job) * sizeof *summary);
    const int64_t last = (group + 1) * job->n_blocks / job->n_groups;
    for (int64_t block = group * job->n_blocks / job->n_groups; block < last; block++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        add_block(job, &l->readers[scope->worker], block * l->stride,
                  l->scratch + scope->worker * l->scratch_size, summary);
    }
    return MLSD_OK;
}

/* Divide by the weights, add the penalty, and measure in the unit. */
static void finish(const loss_job *job, double *value, double *gradient, double *hessian)
{
    const mlsd__score_loss *const l = job->loss;
    const mlsd__design *const d = l->design;
    const double *const sums = l->summaries;
    const int64_t m = l->n_theta;
    const double share = 1.0 / sums[1] / l->unit;
    for (int64_t i = 0; gradient != NULL && i < m; i++) gradient[i] = sums[HEAD + i] * share;
    for (int64_t i = 0; hessian != NULL && i < m; i++)
        for (int64_t j = i; j < m; j++) hessian[i * m + j] = sums[HEAD + m + i * m + j] * share;
    double squares = 0.0;
    for (int64_t j = 0; l->penalty > 0.0 && j < d->n_features; j++) {
        const double factor = fmin(l->penalty * d->inverse[j] * d->inverse[j] / l->unit, MOST);
        squares += factor * job->theta[j] * job->theta[j];
        if (gradient != NULL) gradient[j] += factor * job->theta[j];
        if (hessian != NULL) hessian[j * m + j] += factor;
    }
    *value = sums[0] * share + 0.5 * squares;
}

mlsd_status mlsd__score_loss_at(void *loss, mlsd__scope *scope, const double *theta, double *value,
                                double *gradient, double *hessian)
{
    const mlsd__score_loss *const l = loss;
    loss_job job = {.loss = l,
                    .theta = theta,
                    .n_blocks = (mlsd__n_blocks(l->design->n_rows) + l->stride - 1) / l->stride,
                    .wants_gradient = gradient != NULL,
                    .wants_hessian = hessian != NULL};
    job.n_groups = job.n_blocks < l->n_groups ? job.n_blocks : l->n_groups;
    MLSD__TRY(mlsd__parallel_for(scope, job.n_groups, run_group, &job));
    for (int64_t g = 1; g < job.n_groups; g++)
        for (int64_t i = 0; i < used_size(&job); i++)
            l->summaries[i] += l->summaries[g * l->summary_size + i];
    finish(&job, value, gradient, hessian);
    return MLSD_OK;
}

bool mlsd__score_loss_is_newton(const mlsd__design *design)
{
    return design->n_columns <= NEWTON_COLUMNS;
}

/* Put theta near the minimum, by parts of the rows; it stays where that does not help. */
static mlsd_status find_start(mlsd__score_loss *l, mlsd__scope *scope,
                              const mlsd__smooth_limits *limits, double *theta)
{
    const mlsd__smooth f = {.n = l->n_theta, .user = l, .at = mlsd__score_loss_at};
    const mlsd__smooth_limits rough = {.max_iter = START_ITERATIONS,
                                       .tol = fmax(limits->tol, START_TOL)};
    double before = NAN, after = NAN;
    double *const trial = mlsd__memdup(scope->allocator, theta, l->n_theta, sizeof *trial);
    mlsd_status status = trial == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__score_loss_at(l, scope, trial, &before, NULL, NULL);
    for (int i = 0; status == MLSD_OK && i < MLSD__COUNT(START_STRIDES); i++) {
        mlsd__smooth_outcome part = {0};
        l->stride = START_STRIDES[i];
        status = mlsd__smooth_newton(&f, scope, &rough, trial, &part);
    }
    l->stride = 1;
    if (status == MLSD_OK) status = mlsd__score_loss_at(l, scope, trial, &after, NULL, NULL);
    if (status == MLSD_OK && after < before)
        memcpy(theta, trial, (size_t)l->n_theta * sizeof *theta);
    mlsd__free(scope->allocator, trial);
    return status;
}

mlsd_status mlsd__score_loss_minimise(mlsd__score_loss *l, mlsd__scope *scope,
                                      const mlsd__smooth_limits *limits, double *theta,
                                      mlsd__smooth_outcome *out)
{
    const mlsd__smooth f = {.n = l->n_theta, .user = l, .at = mlsd__score_loss_at};
    if (!mlsd__score_loss_is_newton(l->design))
        return mlsd__smooth_lbfgs(&f, scope, limits, theta, out);
    if (mlsd__n_blocks(l->design->n_rows) >= START_BLOCKS)
        MLSD__TRY(find_start(l, scope, limits, theta));
    return mlsd__smooth_newton(&f, scope, limits, theta, out);
}
