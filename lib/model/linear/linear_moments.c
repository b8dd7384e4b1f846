/* linear_moments.c - centred moments of [X y] by blocks, and centred rows. Blocks of rows go
 * through BLAS one by one and are merged in a fixed order, so that threads never change a bit. */
#include "model/linear/linear_moments.h"

#include <math.h>
#include <string.h>

#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

typedef struct gram_job {
    const mlsd__train *train;
    int64_t n_groups;
    mlsd__gram *grams;
} gram_job;

/* Rows [X y] of a block, one after the other. */
static void join_targets(const double *x, int64_t n, int64_t p, int64_t ld, const double *y,
                         int64_t t, double *z)
{
    const size_t bytes = (size_t)p * sizeof *z;
    for (int64_t i = 0; i < n; i++) {
        double *const row = z + i * (p + t);
        if (p > 0) memcpy(row, x + i * ld, bytes);
        for (int64_t k = 0; k < t; k++) row[p + k] = y[i * t + k];
    }
}

static mlsd_status gram_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const gram_job *const job = arg;
    const mlsd__train *const train = job->train;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = train->x->n_rows, p = train->x->n_features;
    const int64_t t = 1 + train->n_more_targets, q = p + t;
    const int64_t n_most = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    mlsd__row_reader reader = {0};
    MLSD__TRY(mlsd__gram_init(&job->grams[group], a, q));
    double *const z = mlsd__alloc_raw(a, n_most * q, sizeof *z);
    mlsd_status status = z == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, train->x);
    int64_t block, last;
    mlsd__row_group(n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        join_targets(x, n, p, ld, train->y + first * t, t, z);
        mlsd__gram_add(&job->grams[group], z, n, q,
                       train->weight != NULL ? train->weight + first : NULL);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, z);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

/* NaN and infinity show in the means, even of rows whose weight is 0: 0 times either is NaN. */
static mlsd_status require_finite_means(mlsd__scope *scope, const mlsd__train *train,
                                        const double *mean)
{
    if (train->x_is_finite || !mlsd__any_nonfinite(mean, train->x->n_features)) return MLSD_OK;
    return mlsd__frame_require_finite(scope, train->x, false);
}

mlsd_status mlsd__linear_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = train->x->n_features + 1 + train->n_more_targets;
    *out = (mlsd__gram){.q = 0};
    int64_t doubles;
    MLSD__TRY(mlsd__mul_size(q, q, &doubles));
    gram_job job = {.train = train, .n_groups = mlsd__row_groups(train->x->n_rows, doubles)};
    job.grams = mlsd__alloc(a, job.n_groups, sizeof *job.grams);
    if (job.grams == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__parallel_for(scope, job.n_groups, gram_group, &job);
    for (int64_t g = 1; status == MLSD_OK && g < job.n_groups; g++)
        mlsd__gram_merge(&job.grams[0], &job.grams[g]);
    if (status == MLSD_OK) status = require_finite_means(scope, train, job.grams[0].mean);
    if (status == MLSD_OK) {
        *out = job.grams[0];
        job.grams[0] = (mlsd__gram){.q = 0};
    }
    for (int64_t g = 0; g < job.n_groups; g++) mlsd__gram_free(&job.grams[g], a);
    mlsd__free(a, job.grams);
    return status;
}

void mlsd__linear_normal_equations(const mlsd__gram *moments, int64_t p, bool fit_intercept,
                                   double *a, double *b)
{
    const int64_t q = moments->q, t = q - p;
    const double *const mean = moments->mean;
    for (int64_t i = 0; i < p; i++) {
        const double *const from = moments->scatter + i * q;
        const double scale = fit_intercept ? 0 : moments->weight * mean[i];
        for (int64_t j = 0; j < i; j++) a[i * p + j] = 0;
        for (int64_t j = i; j < p; j++) a[i * p + j] = from[j] + scale * mean[j];
        for (int64_t k = 0; k < t; k++) b[i * t + k] = from[p + k] + scale * mean[p + k];
    }
}

typedef struct centre_job {
    const mlsd__train *train;
    const double *mean;
    double *x, *y;
} centre_job;

static mlsd_status centre_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const centre_job *const job = arg;
    const int64_t p = job->train->x->n_features, t = 1 + job->train->n_more_targets;
    int64_t first, n;
    (void)scope;
    mlsd__block_range(job->train->x->n_rows, block, &first, &n);
    for (int64_t i = first; i < first + n; i++) {
        const double root = job->train->weight != NULL ? sqrt(job->train->weight[i]) : 1;
        double *const row = job->x + i * p;
        for (int64_t j = 0; j < p; j++) row[j] = root * (row[j] - job->mean[j]);
        for (int64_t k = 0; k < t; k++)
            job->y[i * t + k] = root * (job->train->y[i * t + k] - job->mean[p + k]);
    }
    return MLSD_OK;
}

mlsd_status mlsd__linear_centred_rows(mlsd__scope *scope, const mlsd__train *train,
                                      bool fit_intercept, double **x, double **y, double **mean)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    const int64_t t = 1 + train->n_more_targets;
    double variance;
    *x = NULL;
    *y = mlsd__alloc_raw(a, n * t, sizeof **y);
    *mean = mlsd__alloc(a, 2 * (p + t), sizeof **mean);
    mlsd_status status = *y == NULL || *mean == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK && !train->x_is_finite)
        status = mlsd__frame_require_finite(scope, train->x, false);
    if (status == MLSD_OK && fit_intercept) {
        double *const weight = *mean + p + t;
        status = mlsd__column_moments(scope, train->x, train->weight, weight, *mean, NULL, NULL);
        for (int64_t k = 0; k < t; k++) {
            mlsd__linear_target(train, k, *y);
            mlsd__mean_variance(*y, train->weight, n, 0, &(*mean)[p + k], &variance);
        }
    }
    if (status == MLSD_OK) status = mlsd__frame_materialize(scope, train->x, x);
    if (status == MLSD_OK) {
        centre_job job = {.train = train, .mean = *mean, .x = *x, .y = *y};
        status = mlsd__parallel_for(scope, mlsd__n_blocks(n), centre_block, &job);
    }
    if (status == MLSD_OK) return MLSD_OK;
    mlsd__free(a, *x);
    mlsd__free(a, *y);
    mlsd__free(a, *mean);
    *x = *y = *mean = NULL;
    return status;
}

void mlsd__linear_target(const mlsd__train *train, int64_t k, double *out)
{
    const int64_t t = 1 + train->n_more_targets;
    for (int64_t i = 0; i < train->x->n_rows; i++) out[i] = train->y[i * t + k];
}

enum { KERNEL_BAND = 128 }; /* rows: some milliseconds of work, and a fixed part of the result */

typedef struct kernel_job {
    const double *x;
    int64_t n, p;
    double *kernel;
} kernel_job;

static mlsd_status kernel_band(void *arg, int64_t band, mlsd__scope *scope)
{
    const kernel_job *const job = arg;
    const int64_t n = job->n, p = job->p, first = band * KERNEL_BAND;
    const int64_t n_band = n - first < KERNEL_BAND ? n - first : KERNEL_BAND;
    const double *const rows = job->x + first * p;
    (void)scope;
    mlsd__gemm(false, true, n_band, n - first, p, 1, rows, p, rows, p, 0,
               job->kernel + first * n + first, n);
    return MLSD_OK;
}

mlsd_status mlsd__linear_kernel(mlsd__scope *scope, const double *x, int64_t n, int64_t p,
                                double *kernel)
{
    kernel_job job = {.x = x, .n = n, .p = p, .kernel = kernel};
    return mlsd__parallel_for(scope, (n + KERNEL_BAND - 1) / KERNEL_BAND, kernel_band, &job);
}
