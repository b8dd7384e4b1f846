/* svm_dual.c - linear support vector machines by coordinate descent in the dual (Hsieh, Chang, Lin,
 * Keerthi & Sundararajan 2008, ICML, algorithm 1; for regression Ho & Lin 2012, JMLR 13, section
 * 3.2). With b_i the dual numbers and w = sum b_i x_i, both are
 *
 *   min |w|^2 / 2 + sum l_i b_i^2 / 2 - sum t_i b_i + epsilon sum |b_i|,  low_i <= b_i <= high_i:
 *
 * squared losses have l_i = 1 / (2 C c_i) and no far end, the others l_i = 0 and C c_i as the end;
 * for classes t_i = y_i, epsilon = 0 and y_i b_i >= 0. One number is solved for exactly at a time,
 * and w follows. Rows come in blocks, which are gone through in a random order, as are the rows of
 * a block. The end is a duality gap: any b is a bound of the minimum from below. */
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "base/random.h"
#include "model/linear/design.h"
#include "model/svm/svm_solve.h"
#include "numeric/sum.h"

/* After how many epochs more, as a share of those done, the gap is looked at again: a look costs
 * about half an epoch. */
static const int64_t LOOK_DIVISOR = 8;

typedef struct dual {
    const mlsd__svm_problem *problem;
    mlsd__resident rows;
    mlsd__row_reader reader;
    int64_t n, p;
    double *beta, *square;   /* n: dual numbers; squares of the rows, with the constant */
    double *coef;            /* p, and the constant's */
    int64_t *blocks, *order; /* numbers of the blocks, and of the rows of one */
    mlsd__stream stream;
} dual;

static double weight_of(const mlsd__svm_problem *t, int64_t i)
{
    return t->C * (t->weight != NULL ? t->weight[i] : 1.0);
}

static mlsd_status dual_open(dual *s, mlsd__scope *scope)
{
    const mlsd__allocator *a = scope->allocator;
    MLSD__TRY(mlsd__resident_open(&s->rows, scope, s->problem->frame));
    MLSD__TRY(mlsd__row_reader_open(&s->reader, a, s->rows.frame));
    const int64_t n_blocks = mlsd__n_blocks(s->n);
    s->beta = mlsd__alloc(a, s->n, 2 * sizeof *s->beta);
    s->blocks = mlsd__alloc_raw(a, n_blocks + MLSD__BLOCK_ROWS, sizeof *s->blocks);
    if (s->beta == NULL || s->blocks == NULL) return MLSD_E_NOMEM;
    s->square = s->beta + s->n;
    s->order = s->blocks + n_blocks;
    for (int64_t b = 0; b < n_blocks; b++) s->blocks[b] = b;
    mlsd__stream_init(&s->stream, (uint64_t)s->problem->seed, 0, 0, 0, MLSD__PURPOSE_SHUFFLE);
    const double constant = s->problem->constant;
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *x = mlsd__row_reader_block(&s->reader, b, &first, &n, &ld);
        for (int64_t i = 0; i < n; i++)
            s->square[first + i] = mlsd__dot(x + i * ld, x + i * ld, s->p) + constant * constant;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static void dual_close(dual *s, const mlsd__allocator *a)
{
    if (s->reader.allocator != NULL) mlsd__row_reader_close(&s->reader);
    mlsd__resident_close(&s->rows, a);
    mlsd__free(a, s->beta);
    mlsd__free(a, s->blocks);
}

/* The least and the largest value of a dual number. */
static void find_box(const mlsd__svm_problem *t, int64_t i, double *low, double *high)
{
    const double end = t->is_squared ? INFINITY : weight_of(t, i);
    *high = t->is_regression || t->target[i] > 0.0 ? end : 0.0;
    *low = t->is_regression || t->target[i] < 0.0 ? -end : 0.0;
}

/* The minimum along one dual number: that of a parabola and epsilon times the size, in its box. */
static double best_beta(const mlsd__svm_problem *t, int64_t i, double beta, double slope,
                        double curvature)
{
    double low, high;
    find_box(t, i, &low, &high);
    if (!(curvature > 0.0)) /* a row of zeros: a straight line */
        return slope > t->epsilon ? low : slope < -t->epsilon ? high : 0.0;
    const double z = curvature * beta - slope;
    const double free_beta = (z > t->epsilon    ? z - t->epsilon
                              : z < -t->epsilon ? z + t->epsilon
                                                : 0.0) /
                             curvature;
    return fmin(fmax(free_beta, low), high);
}

static void visit(dual *s, const double *x, int64_t i)
{
    const mlsd__svm_problem *t = s->problem;
    const double c = weight_of(t, i);
    if (!(c > 0.0)) return;
    const double ridge = t->is_squared ? 0.5 / c : 0.0, before = s->beta[i];
    double score = mlsd__dot(x, s->coef, s->p);
    if (t->constant != 0.0) score += t->constant * s->coef[s->p];
    const double slope = score + ridge * before - t->target[i];
    const double after = best_beta(t, i, before, slope, s->square[i] + ridge);
    const double by = after - before;
    if (by == 0.0) return;
    s->beta[i] = after;
    for (int64_t j = 0; j < s->p; j++) s->coef[j] += by * x[j];
    if (t->constant != 0.0) s->coef[s->p] += by * t->constant;
}

static mlsd_status epoch(dual *s, mlsd__scope *scope)
{
    const int64_t n_blocks = mlsd__n_blocks(s->n);
    mlsd__stream_shuffle(&s->stream, s->blocks, n_blocks);
    for (int64_t b = 0; b < n_blocks; b++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *x = mlsd__row_reader_block(&s->reader, s->blocks[b], &first, &n, &ld);
        for (int64_t i = 0; i < n; i++) s->order[i] = i;
        mlsd__stream_shuffle(&s->stream, s->order, n);
        for (int64_t k = 0; k < n; k++) visit(s, x + s->order[k] * ld, first + s->order[k]);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static double loss_of(const mlsd__svm_problem *t, double score, double target)
{
    const double beyond =
        t->is_regression ? fabs(score - target) - t->epsilon : 1.0 - score * target;
    const double loss = beyond > 0.0 || isnan(beyond) ? beyond : 0.0;
    return t->is_squared ? loss * loss : loss;
}

/* Primal and dual objective. w is kept by steps, so the dual is that of numbers a rounding away. */
static mlsd_status judge(dual *s, mlsd__scope *scope, mlsd__svm_outcome *out)
{
    const mlsd__svm_problem *t = s->problem;
    const int64_t m = s->p + (t->constant != 0.0 ? 1 : 0);
    const double square = mlsd__dot(s->coef, s->coef, m);
    double primal = 0.5 * square, gain = -0.5 * square;
    for (int64_t b = 0; b < mlsd__n_blocks(s->n); b++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *x = mlsd__row_reader_block(&s->reader, b, &first, &n, &ld);
        double block_loss = 0.0, block_gain = 0.0;
        for (int64_t k = 0; k < n; k++) {
            const int64_t i = first + k;
            const double c = weight_of(t, i), beta = s->beta[i];
            if (!(c > 0.0)) continue;
            double score = mlsd__dot(x + k * ld, s->coef, s->p);
            if (t->constant != 0.0) score += t->constant * s->coef[s->p];
            block_loss += c * loss_of(t, score, t->target[i]);
            block_gain += t->target[i] * beta - t->epsilon * fabs(beta);
            if (t->is_squared) block_gain -= 0.25 * beta * beta / c;
        }
        primal += block_loss;
        gain += block_gain;
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    out->objective = primal;
    out->dual_gap = fmax(0.0, primal - gain);
    out->converged = out->dual_gap <= t->tol * primal;
    if (isfinite(primal) && isfinite(gain)) return MLSD_OK;
    return mlsd__fail(
        MLSD_E_NUMERIC,
        "the losses overflow: C, the columns, the target or the weights are too large; "
        "add a standardize step");
}

mlsd_status mlsd__svm_dual(mlsd__scope *scope, const mlsd__svm_problem *problem, double *coef,
                           mlsd__svm_outcome *out)
{
    *out = (mlsd__svm_outcome){0};
    dual s = {.problem = problem,
              .n = problem->frame->n_rows,
              .p = problem->frame->n_features,
              .coef = coef};
    mlsd_status status = dual_open(&s, scope);
    int64_t next_look = 1;
    while (status == MLSD_OK && !out->converged && out->n_iter < problem->max_iter) {
        status = epoch(&s, scope);
        out->n_iter++;
        if (status != MLSD_OK || (out->n_iter < next_look && out->n_iter < problem->max_iter))
            continue;
        status = judge(&s, scope, out);
        next_look = out->n_iter + 1 + out->n_iter / LOOK_DIVISOR;
    }
    dual_close(&s, scope->allocator);
    return status;
}
