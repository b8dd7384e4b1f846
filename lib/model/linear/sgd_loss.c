/* sgd_loss.c - the mean loss of linear scores over many rows, in fixed groups of blocks, and losses
 * and slopes of a few rows, which training and watching share. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "model/linear/sgd.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"
#include "numeric/mathfun_block.h"
#include "numeric/row_dots.h"
#include "numeric/sum.h"

/* As in scikit-learn: a slope beyond this is of a fit that runs away, and would end in NaN at once.
 */
static const double MAX_SLOPE = 1e12;

static double clip_slope(double slope)
{
    return slope > MAX_SLOPE ? MAX_SLOPE : slope < -MAX_SLOPE ? -MAX_SLOPE : slope;
}

double mlsd__sgd_target(const mlsd__sgd_loss *loss, double y, int64_t c, int64_t n_scores)
{
    if (loss->link == MLSD__LINK_VALUE) return y;
    return (int64_t)y == (n_scores == 1 ? 1 : c) ? 1.0 : -1.0;
}

/* So many numbers at a time go through the block functions. */
enum { TILE = 64 };

/* Is it the logistic loss of one score? */
static bool is_logistic(const mlsd__sgd_loss *loss, int64_t n_scores)
{
    return loss->is_softmax && n_scores == 1;
}

/* -1 or +1 of each row, minus its margin, and exp of minus the margin's size: what losses and
 * slopes are made of. */
typedef struct logistic_tile {
    double side[TILE], against[TILE], part[TILE];
} logistic_tile;

static void set_tile(logistic_tile *t, const double *y, int64_t n, const double *scores)
{
    for (int64_t i = 0; i < n; i++) {
        t->side[i] = y[i] == 1.0 ? 1.0 : -1.0;
        t->against[i] = -t->side[i] * scores[i];
        t->part[i] = -fabs(t->against[i]);
    }
    mlsd__exp_block(t->part, n);
}

static double logistic_sum(const double *y, const double *factor, int64_t n, const double *scores)
{
    logistic_tile t;
    double rest[TILE], sum = 0.0;
    for (int64_t first = 0; first < n; first += TILE) {
        const int64_t m = n - first < TILE ? n - first : TILE;
        set_tile(&t, y + first, m, scores + first);
        mlsd__log1p_block(t.part, m, rest);
        for (int64_t i = 0; i < m; i++) rest[i] += t.against[i] > 0 ? t.against[i] : 0;
        for (int64_t i = 0; factor != NULL && i < m; i++) rest[i] *= factor[first + i];
        for (int64_t i = 0; i < m; i++) sum += rest[i];
    }
    return sum;
}

static void logistic_slopes(const double *y, const double *factor, int64_t n, double *scores)
{
    logistic_tile t;
    for (int64_t first = 0; first < n; first += TILE) {
        const int64_t m = n - first < TILE ? n - first : TILE;
        double *const here = scores + first;
        set_tile(&t, y + first, m, here);
        for (int64_t i = 0; i < m; i++)
            here[i] = -t.side[i] * ((t.against[i] >= 0 ? 1 : t.part[i]) / (1 + t.part[i]));
        for (int64_t i = 0; factor != NULL && i < m; i++) here[i] *= factor[first + i];
    }
}

double mlsd__sgd_row_sum(const mlsd__sgd_loss *loss, double epsilon, const double *y,
                         const double *factor, int64_t n, int64_t n_scores, double *scores)
{
    if (is_logistic(loss, n_scores)) return logistic_sum(y, factor, n, scores);
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        const double weight = factor != NULL ? factor[i] : 1.0;
        double *const row = scores + i * n_scores;
        if (n_scores > 1 && loss->is_softmax) {
            const double right = row[(int64_t)y[i]];
            sum += weight * (mlsd__softmax(row, n_scores) - right);
            continue;
        }
        for (int64_t c = 0; c < n_scores; c++)
            sum += weight * loss->value(row[c], mlsd__sgd_target(loss, y[i], c, n_scores), epsilon);
    }
    return sum;
}

void mlsd__sgd_row_slopes(const mlsd__sgd_loss *loss, double epsilon, const double *y,
                          const double *factor, int64_t n, int64_t n_scores, double *scores)
{
    if (is_logistic(loss, n_scores)) {
        logistic_slopes(y, factor, n, scores);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const double weight = factor != NULL ? factor[i] : 1.0;
        double *const row = scores + i * n_scores;
        if (n_scores > 1 && loss->is_softmax) {
            const int64_t label = (int64_t)y[i];
            (void)mlsd__softmax(row, n_scores);
            for (int64_t c = 0; c < n_scores; c++)
                row[c] = weight * (row[c] - (c == label ? 1.0 : 0.0));
            continue;
        }
        for (int64_t c = 0; c < n_scores; c++)
            row[c] =
                weight *
                clip_slope(loss->slope(row[c], mlsd__sgd_target(loss, y[i], c, n_scores), epsilon));
    }
}

typedef struct loss_job {
    const mlsd__sgd_loss *loss;
    double epsilon;
    const mlsd__sgd_rows *rows;
    const mlsd__sgd_scorer *scorer;
    int64_t n_groups;
    double *sums; /* n_groups */
} loss_job;

/* scores: n x n_scores, and then the scorer's scratch. */
static double block_loss(const loss_job *job, mlsd__row_reader *reader, int64_t block,
                         double *scores)
{
    const mlsd__sgd_scorer *const scorer = job->scorer;
    const int64_t k = scorer->n_scores;
    int64_t first = 0, n = 0, ld = 0;
    const double *x = mlsd__row_reader_block(reader, block, &first, &n, &ld);
    scorer->scores(scorer, x, n, ld, scores, scores + n * k);
    const double *weight = job->rows->weight != NULL ? job->rows->weight + first : NULL;
    return mlsd__sgd_row_sum(job->loss, job->epsilon, job->rows->y + first, weight, n, k, scores);
}

static mlsd_status run_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const loss_job *job = arg;
    const mlsd__frame *frame = job->rows->rows.frame;
    const int64_t n_rows = frame->n_rows < MLSD__BLOCK_ROWS ? frame->n_rows : MLSD__BLOCK_ROWS;
    int64_t size = 0, block = 0, last = 0;
    MLSD__TRY(mlsd__mul_size(n_rows, job->scorer->n_scores, &size));
    size += job->scorer->n_scratch;
    double *const scores = mlsd__alloc_raw(scope->allocator, size, sizeof *scores);
    if (scores == NULL) return MLSD_E_NOMEM;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, frame);
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    job->sums[group] = 0.0;
    for (; status == MLSD_OK && block < last; block++) {
        job->sums[group] += block_loss(job, &reader, block, scores);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    mlsd__free(scope->allocator, scores);
    return status;
}

mlsd_status mlsd__sgd_scorer_loss(mlsd__scope *scope, const mlsd__sgd_loss *loss, double epsilon,
                                  const mlsd__sgd_rows *rows, const mlsd__sgd_scorer *scorer,
                                  double *out)
{
    loss_job job = {.loss = loss,
                    .epsilon = epsilon,
                    .rows = rows,
                    .scorer = scorer,
                    .n_groups = mlsd__row_groups(rows->rows.frame->n_rows, 1)};
    job.sums = mlsd__alloc(scope->allocator, job.n_groups, sizeof *job.sums);
    if (job.sums == NULL) return MLSD_E_NOMEM;
    const mlsd_status status = mlsd__parallel_for(scope, job.n_groups, run_group, &job);
    *out = mlsd__sum(job.sums, job.n_groups) / rows->total_weight;
    mlsd__free(scope->allocator, job.sums);
    return status;
}

static void linear_scores(const mlsd__sgd_scorer *self, const double *x, int64_t n, int64_t ld,
                          double *out, double *scratch)
{
    (void)scratch;
    const int64_t k = self->n_scores, p = self->n_features;
    const double *intercept = self->theta + k * p;
    if (k == 1) {
        const mlsd__rows_at rows = {.x = x, .ld = ld, .p = p};
        mlsd__row_dots(mlsd__tile_best(false), &rows, n, self->theta, *intercept, out);
        return;
    }
    for (int64_t i = 0; i < n; i++) memcpy(out + i * k, intercept, (size_t)k * sizeof *out);
    mlsd__gemm(false, true, n, k, p, 1.0, x, ld, self->theta, p, 1.0, out, k);
}

mlsd_status mlsd__sgd_mean_loss(mlsd__scope *scope, const mlsd__sgd_loss *loss, double epsilon,
                                const mlsd__sgd_rows *rows, int64_t n_scores, const double *theta,
                                double *out)
{
    const mlsd__sgd_scorer scorer = {.scores = linear_scores,
                                     .theta = theta,
                                     .n_features = rows->rows.frame->n_features,
                                     .n_scores = n_scores};
    return mlsd__sgd_scorer_loss(scope, loss, epsilon, rows, &scorer, out);
}
