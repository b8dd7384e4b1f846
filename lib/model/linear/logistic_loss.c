/* logistic_loss.c - one pass over the rows gives value, gradient and Hessian of the objective.
 *
 * Groups of blocks are summed by one thread each and merged in the order of the groups, so the bits
 * do not depend on the threads. The Hessian is sum w (diag(p) - p p') (x) x x': one weighted Gram
 * matrix for each pair of scores, made by BLAS from a block that is in the cache. */
#include "model/linear/logistic_loss.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"

enum { HEAD = 3 }; /* loss, weight and least margin stand before gradient and Hessian */

typedef struct loss_job {
    const mlsd__logistic_loss *loss;
    const double *theta;
    int64_t stride, n_blocks, n_groups;
    bool wants_gradient, wants_hessian;
} loss_job;

/* Where a block's work stands in a thread's scratch. */
typedef struct loss_scratch {
    double *z, *weighted;     /* rows x n_columns */
    double *score, *residual; /* rows x n_scores */
    double *curvature;        /* rows */
} loss_scratch;

mlsd_status mlsd__logistic_loss_open(mlsd__logistic_loss *l, mlsd__scope *scope,
                                     const mlsd__design *design, const mlsd__loss_rows *rows,
                                     int64_t n_scores, mlsd__logistic_penalty penalty,
                                     bool has_hessian)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t k = n_scores;
    *l = (mlsd__logistic_loss){.design = design,
                               .rows = *rows,
                               .n_scores = k,
                               .penalty = penalty,
                               .n_threads = scope->n_threads};
    MLSD__TRY(mlsd__mul_size(k, design->n_columns, &l->n_theta));
    int64_t n_hessian = 0;
    if (has_hessian) MLSD__TRY(mlsd__mul_size(l->n_theta, l->n_theta, &n_hessian));
    l->summary_size = HEAD + l->n_theta + n_hessian;
    const int64_t n_rows = design->n_rows < MLSD__BLOCK_ROWS ? design->n_rows : MLSD__BLOCK_ROWS;
    const int64_t per_row = design->n_columns * (has_hessian && k > 1 ? 2 : 1) + 2 * k + 1;
    MLSD__TRY(mlsd__mul_size(n_rows, per_row, &l->scratch_size));
    l->n_groups_max = mlsd__row_groups(design->n_rows, l->summary_size);

    int64_t n_scratch = 0, n_summaries = 0;
    MLSD__TRY(mlsd__mul_size(l->n_threads, l->scratch_size, &n_scratch));
    MLSD__TRY(mlsd__mul_size(l->n_groups_max, l->summary_size, &n_summaries));
    l->readers = mlsd__alloc(a, l->n_threads, sizeof *l->readers);
    l->scratch = mlsd__alloc_raw(a, n_scratch, sizeof *l->scratch);
    l->summaries = mlsd__alloc(a, n_summaries, sizeof *l->summaries);
    mlsd_status status =
        l->readers == NULL || l->scratch == NULL || l->summaries == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t t = 0; status == MLSD_OK && t < l->n_threads; t++)
        status = mlsd__row_reader_open(&l->readers[t], a, design->rows.frame);
    if (status != MLSD_OK) mlsd__logistic_loss_close(l, a);
    return status;
}

void mlsd__logistic_loss_close(mlsd__logistic_loss *l, const mlsd__allocator *a)
{
    for (int64_t t = 0; l->readers != NULL && t < l->n_threads; t++)
        if (l->readers[t].allocator != NULL) mlsd__row_reader_close(&l->readers[t]);
    mlsd__free(a, l->readers);
    mlsd__free(a, l->scratch);
    mlsd__free(a, l->summaries);
    *l = (mlsd__logistic_loss){0};
}

static loss_scratch scratch_of(const mlsd__logistic_loss *l, int32_t worker)
{
    const int64_t n = l->design->n_rows < MLSD__BLOCK_ROWS ? l->design->n_rows : MLSD__BLOCK_ROWS;
    double *const base = l->scratch + worker * l->scratch_size;
    double *const score = base + n * l->design->n_columns;
    double *const residual = score + n * l->n_scores;
    double *const curvature = residual + n * l->n_scores;
    return (loss_scratch){.z = base,
                          .score = score,
                          .residual = residual,
                          .curvature = curvature,
                          .weighted = curvature + n};
}

static void scale_rows(const double *z, int64_t n, int64_t q, const double *factor, double *out)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < q; j++) out[i * q + j] = z[i * q + j] * factor[i];
}

static void add_two_class_hessian(const mlsd__logistic_loss *l, int64_t n, const loss_scratch *s,
                                  double *hessian)
{
    const int64_t q = l->design->n_columns;
    for (int64_t i = 0; i < n; i++) s->curvature[i] = sqrt(s->curvature[i]);
    scale_rows(s->z, n, q, s->curvature, s->z);
    mlsd__syrk(n, q, 1.0, s->z, q, 1.0, hessian, q);
}

void mlsd__logistic_add_pairs(const mlsd__pair_curvature *c, double *hessian)
{
    const int64_t q = c->q, k = c->k, ld = k * q;
    for (int64_t a = 0; a < k; a++) {
        for (int64_t b = a; b < k; b++) {
            for (int64_t i = 0; i < c->n; i++) {
                const double w = c->weight != NULL ? c->weight[i] : 1.0;
                const double *p = c->proba + i * k;
                c->curvature[i] = w * p[a] * ((a == b ? 1.0 : 0.0) - p[b]);
            }
            scale_rows(c->z, c->n, q, c->curvature, c->weighted);
            mlsd__gemm(true, false, q, q, c->n, 1.0, c->z, q, c->weighted, q, 1.0,
                       hessian + a * q * ld + b * q, ld);
        }
    }
}

static void add_many_class_hessian(const mlsd__logistic_loss *l, int64_t first, int64_t n,
                                   const loss_scratch *s, double *hessian)
{
    const mlsd__pair_curvature pairs = {.n = n,
                                        .q = l->design->n_columns,
                                        .k = l->n_scores,
                                        .z = s->z,
                                        .proba = s->score,
                                        .weight =
                                            l->rows.weight != NULL ? l->rows.weight + first : NULL,
                                        .curvature = s->curvature,
                                        .weighted = s->weighted};
    mlsd__logistic_add_pairs(&pairs, hessian);
}

static void use_scores(const mlsd__logistic_loss *l, int64_t first, int64_t n, double *score)
{
    const int64_t k = l->n_scores;
    for (int64_t i = 0; l->offset != NULL && i < n * k; i++) score[i] += l->offset[first * k + i];
    if (l->kept_scores != NULL)
        memcpy(l->kept_scores + first * k, score, (size_t)(n * k) * sizeof *score);
}

static void add_block(const loss_job *job, mlsd__row_reader *reader, int64_t block,
                      const loss_scratch *s, double *summary)
{
    const mlsd__logistic_loss *l = job->loss;
    const int64_t q = l->design->n_columns, k = l->n_scores;
    double *const gradient = summary + HEAD;
    double *const hessian = gradient + l->n_theta;
    int64_t first = 0, n = 0, ld = 0;
    const double *x = mlsd__row_reader_block(reader, block, &first, &n, &ld);
    mlsd__loss_sums sums = {summary[0], summary[1], summary[2]};
    mlsd__design_scale(l->design, x, n, ld, s->z);
    if (k == 1) {
        mlsd__gemv(false, n, q, 1.0, s->z, q, job->theta, 0.0, s->score);
        use_scores(l, first, n, s->score);
        mlsd__loss_of_scores(&l->rows, first, n, s->score, s->residual, s->curvature, &sums);
        if (job->wants_gradient) mlsd__gemv(true, n, q, 1.0, s->z, q, s->residual, 1.0, gradient);
        if (job->wants_hessian) add_two_class_hessian(l, n, s, hessian);
    } else {
        mlsd__gemm(false, true, n, k, q, 1.0, s->z, q, job->theta, q, 0.0, s->score, k);
        use_scores(l, first, n, s->score);
        mlsd__loss_of_classes(&l->rows, first, n, k, s->score, s->residual, &sums);
        if (job->wants_gradient)
            mlsd__gemm(true, false, k, q, n, 1.0, s->residual, k, s->z, q, 1.0, gradient, q);
        if (job->wants_hessian) add_many_class_hessian(l, first, n, s, hessian);
    }
    summary[0] = sums.loss;
    summary[1] = sums.weight;
    summary[2] = sums.min_margin;
}

static mlsd_status run_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const loss_job *job = arg;
    const mlsd__logistic_loss *l = job->loss;
    const int64_t used = HEAD + (job->wants_gradient ? l->n_theta : 0) +
                         (job->wants_hessian ? l->n_theta * l->n_theta : 0);
    double *const summary = l->summaries + group * l->summary_size;
    memset(summary, 0, (size_t)used * sizeof *summary);
    summary[2] = INFINITY;
    const loss_scratch s = scratch_of(l, scope->worker);
    const int64_t last = (group + 1) * job->n_blocks / job->n_groups;
    for (int64_t b = group * job->n_blocks / job->n_groups; b < last; b++) {
        MLSD__TRY(mlsd__checkpoint(scope));
        add_block(job, &l->readers[scope->worker], b * job->stride, &s, summary);
    }
    return MLSD_OK;
}

/* Add the other groups to the first, in order. */
static void merge_groups(const loss_job *job, int64_t used)
{
    double *const into = job->loss->summaries;
    for (int64_t g = 1; g < job->n_groups; g++) {
        const double *from = into + g * job->loss->summary_size;
        into[0] += from[0];
        into[1] += from[1];
        if (!(from[2] >= into[2])) into[2] = from[2];
        for (int64_t i = HEAD; i < used; i++) into[i] += from[i];
    }
}

/* Divide by the weights and add the penalty. */
static void finish(const loss_job *job, mlsd__logistic_value *out, double *gradient,
                   double *hessian)
{
    const mlsd__logistic_loss *l = job->loss;
    const mlsd__design *d = l->design;
    const double *sums = l->summaries;
    const int64_t q = d->n_columns, m = l->n_theta;
    *out = (mlsd__logistic_value){
        .mean_loss = sums[0] / sums[1], .weight = sums[1], .min_margin = sums[2]};
    for (int64_t i = 0; gradient != NULL && i < m; i++) gradient[i] = sums[HEAD + i] / sums[1];
    for (int64_t i = 0; hessian != NULL && i < m; i++)
        for (int64_t j = i; j < m; j++) hessian[i * m + j] = sums[HEAD + m + i * m + j] / sums[1];
    const mlsd__logistic_penalty penalty = l->penalty;
    double squares = 0.0, sizes = 0.0;
    for (int64_t c = 0; (penalty.l1 > 0.0 || penalty.l2 > 0.0) && c < l->n_scores; c++) {
        for (int64_t j = 0; j < d->n_features; j++) {
            const int64_t i = c * q + j;
            const double factor = penalty.l2 * d->inverse[j] * d->inverse[j];
            squares += factor * job->theta[i] * job->theta[i];
            sizes += d->inverse[j] * fabs(job->theta[i]);
            if (gradient != NULL) gradient[i] += factor * job->theta[i];
            if (hessian != NULL) hessian[i * m + i] += factor;
        }
    }
    out->objective = out->mean_loss + 0.5 * squares;
    if (penalty.l1 > 0.0) out->objective += penalty.l1 * sizes;
}

mlsd_status mlsd__logistic_loss_at(mlsd__logistic_loss *l, mlsd__scope *scope, const double *theta,
                                   int64_t stride, mlsd__logistic_value *out, double *gradient,
                                   double *hessian)
{
    const int64_t n_all = mlsd__n_blocks(l->design->n_rows);
    loss_job job = {.loss = l,
                    .theta = theta,
                    .stride = stride,
                    .n_blocks = (n_all + stride - 1) / stride,
                    .wants_gradient = gradient != NULL,
                    .wants_hessian = hessian != NULL};
    job.n_groups = job.n_blocks < l->n_groups_max ? job.n_blocks : l->n_groups_max;
    MLSD__TRY(mlsd__parallel_for(scope, job.n_groups, run_group, &job));
    merge_groups(&job, HEAD + (gradient != NULL ? l->n_theta : 0) +
                           (hessian != NULL ? l->n_theta * l->n_theta : 0));
    finish(&job, out, gradient, hessian);
    return MLSD_OK;
}

void mlsd__logistic_loss_block(mlsd__logistic_loss *l, const double *theta, int64_t block,
                               mlsd__loss_block *out)
{
    const int64_t q = l->design->n_columns, k = l->n_scores;
    const loss_scratch s = scratch_of(l, 0);
    mlsd__loss_sums sums = {0};
    int64_t first = 0, n = 0, ld = 0;
    const double *x = mlsd__row_reader_block(&l->readers[0], block, &first, &n, &ld);
    mlsd__design_scale(l->design, x, n, ld, s.z);
    mlsd__gemm(false, true, n, k, q, 1.0, s.z, q, theta, q, 0.0, s.score, k);
    if (k > 1) mlsd__loss_of_classes(&l->rows, first, n, k, s.score, s.residual, &sums);
    for (int64_t i = 0; k == 1 && i < n; i++) s.score[i] = mlsd__sigmoid(s.score[i]);
    *out = (mlsd__loss_block){.first = first, .n = n, .z = s.z, .proba = s.score};
}
