/* logistic_folds_pass.c - slopes of many logistic regressions in one pass over their rows.
 *
 * A block of rows is multiplied with the coefficients of all active problems at once, and its
 * residuals by the rows again; a problem has no residuals in the part that it leaves out. Slices of
 * the rows are added up by one thread each and merged in their order, so that the bits do not
 * depend on the threads. */
#include <math.h>
#include <string.h>

#include "model/linear/logistic_folds.h"
#include "numeric/blas.h"

typedef struct pass {
    mlsd__logistic_folds *folds;
    int64_t n_active, curved; /* curved: -1 for none */
    mlsd__loss_rows rows;
} pass;

/* Where a block's work stands. */
typedef struct block {
    int64_t part, first, n;
    const double *z;
    double *made, *weighted, *score, *residual, *curvature, *read;
} block;

static block block_of(const mlsd__logistic_folds *f, int32_t worker)
{
    const int64_t n = f->n_rows < MLSD__BLOCK_ROWS ? f->n_rows : MLSD__BLOCK_ROWS;
    const int64_t q = f->n_columns, wide = f->n_problems * f->n_scores;
    block b = {.made = f->scratch + worker * f->scratch_size};
    b.weighted = b.made + n * q;
    b.score = b.weighted + n * q;
    b.residual = b.score + n * wide;
    b.curvature = b.residual + n * wide;
    b.read = b.curvature + n * (f->n_scores + 1);
    return b;
}

static void read_block(const mlsd__logistic_folds *f, block *b)
{
    const int64_t p = f->frame.n_features;
    b->z = b->made;
    if (f->z != NULL) {
        b->z = f->z + b->first * f->n_columns;
        return;
    }
    mlsd__frame_read(&f->frame, b->first, b->n, b->read, b->read + b->n * p);
    mlsd__design_scale(&f->problem->design, b->read, b->n, p, b->made);
}

static bool leaves_out(const mlsd__logistic_folds *f, int64_t problem, int64_t part)
{
    return problem < f->n_parts && problem == part;
}

/* One score a row: all problems' scores are the rows of one product. */
static void add_two_classes(const pass *t, block *b, double *gradient, double *loss,
                            double *hessian)
{
    const mlsd__logistic_folds *const f = t->folds;
    const int64_t n = b->n, q = f->n_columns;
    mlsd__gemm(false, true, t->n_active, n, q, 1, f->packed, q, b->z, q, 0, b->score, n);
    for (int64_t a = 0; a < t->n_active; a++) {
        double *const residual = b->residual + a * n;
        mlsd__loss_sums sums = {.min_margin = INFINITY};
        if (leaves_out(f, f->active[a], b->part)) {
            memset(residual, 0, (size_t)n * sizeof *residual);
            continue;
        }
        mlsd__loss_of_scores(&t->rows, b->first, n, b->score + a * n, residual, b->curvature,
                             &sums);
        loss[a] += sums.loss;
        if (f->active[a] != t->curved) continue;
        for (int64_t i = 0; i < n; i++) {
            const double root = sqrt(b->curvature[i]);
            for (int64_t j = 0; j < q; j++) b->weighted[i * q + j] = b->z[i * q + j] * root;
        }
        mlsd__syrk(n, q, 1, b->weighted, q, 1, hessian, q);
    }
    mlsd__gemm(false, false, t->n_active, q, n, 1, b->residual, n, b->z, q, 1, gradient, q);
}

static void add_many_classes(const pass *t, block *b, double *gradient, double *loss,
                             double *hessian)
{
    const mlsd__logistic_folds *const f = t->folds;
    const int64_t n = b->n, q = f->n_columns, k = f->n_scores, m = f->n_theta;
    for (int64_t a = 0; a < t->n_active; a++) {
        if (leaves_out(f, f->active[a], b->part)) continue;
        mlsd__loss_sums sums = {.min_margin = INFINITY};
        mlsd__gemm(false, true, n, k, q, 1, b->z, q, f->packed + a * m, q, 0, b->score, k);
        mlsd__loss_of_classes(&t->rows, b->first, n, k, b->score, b->residual, &sums);
        loss[a] += sums.loss;
        mlsd__gemm(true, false, k, q, n, 1, b->residual, k, b->z, q, 1, gradient + a * m, q);
        if (f->active[a] != t->curved) continue;
        const mlsd__pair_curvature pairs = {.n = n,
                                            .q = q,
                                            .k = k,
                                            .z = b->z,
                                            .proba = b->score,
                                            .weight =
                                                f->weight != NULL ? f->weight + b->first : NULL,
                                            .curvature = b->curvature,
                                            .weighted = b->weighted};
        mlsd__logistic_add_pairs(&pairs, hessian);
    }
}

static mlsd_status run_slice(void *arg, int64_t s, mlsd__scope *scope)
{
    const pass *const t = arg;
    mlsd__logistic_folds *const f = t->folds;
    const mlsd__logistic_slice slice = f->slices[s];
    const int64_t m = f->n_theta, n_slopes = t->n_active * (m + 1);
    double *const loss = f->summaries + s * f->summary_size;
    double *const gradient = loss + t->n_active, *const hessian = loss + n_slopes;
    const int64_t used = n_slopes + (t->curved >= 0 ? m * m : 0);
    memset(loss, 0, (size_t)used * sizeof *loss);
    block b = block_of(f, scope->worker);
    b.part = slice.part;
    for (int64_t i = 0; i < slice.n; i += MLSD__BLOCK_ROWS) {
        MLSD__TRY(mlsd__checkpoint(scope));
        b.first = slice.first + i;
        b.n = slice.n - i < MLSD__BLOCK_ROWS ? slice.n - i : MLSD__BLOCK_ROWS;
        read_block(f, &b);
        (f->n_scores == 1 ? add_two_classes : add_many_classes)(t, &b, gradient, loss, hessian);
    }
    return MLSD_OK;
}

static void add(double *into, const double *from, int64_t n)
{
    for (int64_t i = 0; i < n; i++) into[i] += from[i];
}

/* Slices in their order: the centre's Hessian by parts and over all, another's into its factor. */
static void merge(const pass *t)
{
    mlsd__logistic_folds *const f = t->folds;
    const int64_t m = f->n_theta, n_active = t->n_active, mm = m * m;
    const bool is_centre = t->curved == f->n_problems - 1;
    double *const whole = is_centre        ? f->hessian + f->n_parts * mm
                          : t->curved >= 0 ? f->factor + t->curved * mm
                                           : NULL;
    if (whole != NULL) memset(whole, 0, (size_t)mm * sizeof *whole);
    if (is_centre) memset(f->hessian, 0, (size_t)(f->n_parts * mm) * sizeof *whole);
    for (int64_t a = 0; a < n_active; a++) {
        f->loss[f->active[a]] = 0;
        memset(f->gradient + f->active[a] * m, 0, (size_t)m * sizeof *f->gradient);
    }
    for (int64_t s = 0; s < f->n_slices; s++) {
        const double *const summary = f->summaries + s * f->summary_size;
        const double *const hessian = summary + n_active * (m + 1);
        for (int64_t a = 0; a < n_active; a++) {
            f->loss[f->active[a]] += summary[a];
            add(f->gradient + f->active[a] * m, summary + n_active + a * m, m);
        }
        if (whole != NULL) add(whole, hessian, mm);
        if (is_centre && f->n_parts > 0) add(f->hessian + f->slices[s].part * mm, hessian, mm);
    }
}

mlsd_status mlsd__logistic_folds_pass(mlsd__logistic_folds *f, mlsd__scope *scope, int64_t n_active,
                                      int64_t curved)
{
    const int64_t m = f->n_theta;
    pass t = {
        .folds = f,
        .n_active = n_active,
        .curved = curved,
        .rows = {.kind = MLSD__LOSS_LOG, .label = f->label, .positive = 1, .weight = f->weight}};
    for (int64_t a = 0; a < n_active; a++)
        memcpy(f->packed + a * m, f->theta + f->active[a] * m, (size_t)m * sizeof *f->packed);
    MLSD__TRY(mlsd__parallel_for(scope, f->n_slices, run_slice, &t));
    merge(&t);
    return MLSD_OK;
}
