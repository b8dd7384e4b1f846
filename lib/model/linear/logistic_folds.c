/* logistic_folds.c - the rows of all folds in the order of their folds, cut into slices that tasks
 * add up: see the header. */
#include "model/linear/logistic_folds.h"

#include <string.h>

#include "base/fail.h"

enum { MOST_SLICES = 32 };
/* Hessians, factors and summaries together, and a copy of the rows: doubles. */
static const double MOST_ROOM = 32.0 * 1024 * 1024, MOST_COPY = 8.0 * 1024 * 1024;

static int64_t n_scores_of(const mlsd__logistic_problem *p)
{
    return p->train->n_classes == 2 ? 1 : p->n_labels;
}

bool mlsd__logistic_folds_fit(const mlsd__logistic_problem *problem, int64_t n_parts)
{
    const double m = (double)problem->n_theta, parts = (double)n_parts;
    const double hessians = (parts + 1) + (parts + 1) + MOST_SLICES + parts;
    return mlsd__logistic_is_newton(problem, n_scores_of(problem)) && hessians * m * m <= MOST_ROOM;
}

/* order: rows of part 0 in their order, then those of part 1, ... */
static mlsd_status put_in_order(mlsd__logistic_folds *f, const mlsd__allocator *a,
                                const int32_t *part)
{
    const int64_t n_parts = f->n_parts > 0 ? f->n_parts : 1;
    int64_t *const next = mlsd__alloc(a, n_parts + 1, sizeof *next);
    if (next == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < f->n_rows; i++) next[(part != NULL ? part[i] : 0) + 1]++;
    for (int64_t k = 0; k < n_parts; k++) next[k + 1] += next[k];
    const int64_t per_part = MOST_SLICES / n_parts > 1 ? MOST_SLICES / n_parts : 1;
    for (int64_t k = 0; k < n_parts; k++) {
        const int64_t n = next[k + 1] - next[k], n_blocks = mlsd__n_blocks(n);
        const int64_t n_slices = n_blocks < per_part ? n_blocks : per_part;
        for (int64_t s = 0; s < n_slices; s++) {
            const int64_t from = s * n_blocks / n_slices * MLSD__BLOCK_ROWS;
            const int64_t to = (s + 1) * n_blocks / n_slices * MLSD__BLOCK_ROWS;
            f->slices[f->n_slices++] = (mlsd__logistic_slice){
                .part = k, .first = next[k] + from, .n = (to < n ? to : n) - from};
        }
    }
    for (int64_t i = 0; i < f->n_rows; i++) f->order[next[part != NULL ? part[i] : 0]++] = i;
    mlsd__free(a, next);
    return MLSD_OK;
}

static void gather(mlsd__logistic_folds *f)
{
    const mlsd__logistic_problem *const p = f->problem;
    for (int64_t i = 0; i < f->n_rows; i++) {
        f->label[i] = p->label[f->order[i]];
        if (f->weight != NULL) f->weight[i] = p->train->weight[f->order[i]];
    }
    mlsd__frame_select(p->design.rows.frame, f->order, f->n_rows, f->storage, &f->frame);
}

static mlsd_status open_rows(mlsd__logistic_folds *f, mlsd__scope *scope, const int32_t *part)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = f->n_rows, most = f->n_parts + MOST_SLICES;
    f->order = mlsd__alloc_raw(a, n, 2 * sizeof *f->order);
    f->label = mlsd__alloc_raw(a, n, sizeof *f->label);
    f->slices = mlsd__alloc(a, most, sizeof *f->slices);
    if (f->order == NULL || f->label == NULL || f->slices == NULL) return MLSD_E_NOMEM;
    f->storage = f->order + n;
    if (f->problem->train->weight != NULL) {
        f->weight = mlsd__alloc_raw(a, n, sizeof *f->weight);
        if (f->weight == NULL) return MLSD_E_NOMEM;
    }
    MLSD__TRY(put_in_order(f, a, part));
    gather(f);
    return MLSD_OK;
}

/* Rows, their weighted copy, scores and residuals of all problems, curvature; and what reading
 * takes. */
static mlsd_status open_pass(mlsd__logistic_folds *f, const mlsd__scope *scope)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = f->n_columns, m = f->n_theta, j = f->n_problems;
    const int64_t most = f->n_rows < MLSD__BLOCK_ROWS ? f->n_rows : MLSD__BLOCK_ROWS;
    const int64_t per_row = 2 * q + 2 * j * f->n_scores + f->n_scores + 1 + f->frame.n_features;
    int64_t n_scratch, n_summaries;
    MLSD__TRY(mlsd__mul_size(most, per_row, &f->scratch_size));
    f->scratch_size += mlsd__frame_scratch(&f->frame, most);
    f->summary_size = j * (m + 1) + m * m;
    MLSD__TRY(mlsd__mul_size(scope->n_threads, f->scratch_size, &n_scratch));
    MLSD__TRY(mlsd__mul_size(f->n_slices, f->summary_size, &n_summaries));
    f->scratch = mlsd__alloc_raw(a, n_scratch, sizeof *f->scratch);
    f->summaries = mlsd__alloc_raw(a, n_summaries, sizeof *f->summaries);
    f->active = mlsd__alloc(a, j, sizeof *f->active);
    f->packed = mlsd__alloc(a, j * m, sizeof *f->packed);
    const bool is_full =
        f->scratch != NULL && f->summaries != NULL && f->active != NULL && f->packed != NULL;
    return is_full ? MLSD_OK : MLSD_E_NOMEM;
}

static mlsd_status copy_slice(void *arg, int64_t s, mlsd__scope *scope)
{
    mlsd__logistic_folds *const f = arg;
    const mlsd__logistic_slice slice = f->slices[s];
    const int64_t most = f->n_rows < MLSD__BLOCK_ROWS ? f->n_rows : MLSD__BLOCK_ROWS;
    const int64_t p = f->frame.n_features;
    double *const x = f->scratch + scope->worker * f->scratch_size, *const room = x + most * p;
    for (int64_t i = 0; i < slice.n; i += most) {
        const int64_t n = slice.n - i < most ? slice.n - i : most, first = slice.first + i;
        mlsd__frame_read(&f->frame, first, n, x, room);
        mlsd__design_scale(&f->problem->design, x, n, p, f->z + first * f->n_columns);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static mlsd_status open_problems(mlsd__logistic_folds *f, const mlsd__allocator *a)
{
    const int64_t m = f->n_theta, j = f->n_problems;
    f->theta = mlsd__alloc(a, 3 * j, (size_t)m * sizeof *f->theta);
    f->loss = mlsd__alloc(a, j + m, sizeof *f->loss);
    f->hessian = mlsd__alloc(a, f->n_parts + 1 + j, (size_t)(m * m) * sizeof *f->hessian);
    f->is_solved = mlsd__alloc(a, 2 * j, sizeof *f->is_solved);
    f->walks = mlsd__alloc(a, j, mlsd__logistic_walk_size());
    if (f->theta == NULL || f->loss == NULL || f->hessian == NULL || f->is_solved == NULL ||
        f->walks == NULL)
        return MLSD_E_NOMEM;
    f->step = f->theta + j * m;
    f->gradient = f->step + j * m;
    f->expanded_at = f->loss + j;
    f->is_left_out = f->is_solved + j;
    f->factor = f->hessian + (f->n_parts + 1) * m * m;
    return MLSD_OK;
}

mlsd_status mlsd__logistic_folds_open(mlsd__logistic_folds *f, mlsd__scope *scope,
                                      const mlsd__logistic_problem *problem, const int32_t *part,
                                      int64_t n_parts, const double *scale)
{
    const mlsd__allocator *const a = scope->allocator;
    *f = (mlsd__logistic_folds){.problem = problem,
                                .n_parts = n_parts,
                                .n_problems = n_parts + 1,
                                .n_scores = n_scores_of(problem),
                                .n_columns = problem->design.n_columns,
                                .n_theta = problem->n_theta,
                                .scale = scale,
                                .n_rows = problem->train->x->n_rows};
    mlsd_status status = open_rows(f, scope, part);
    if (status == MLSD_OK) status = open_pass(f, scope);
    if (status == MLSD_OK) status = open_problems(f, a);
    if (status == MLSD_OK && (double)f->n_rows * (double)f->n_columns <= MOST_COPY) {
        f->z = mlsd__alloc_raw(a, f->n_rows, (size_t)f->n_columns * sizeof *f->z);
        status =
            f->z == NULL ? MLSD_E_NOMEM : mlsd__parallel_for(scope, f->n_slices, copy_slice, f);
    }
    if (status != MLSD_OK) mlsd__logistic_folds_close(f, a);
    return status;
}

void mlsd__logistic_folds_close(mlsd__logistic_folds *f, const mlsd__allocator *a)
{
    void *const blocks[] = {f->order,   f->label,     f->weight,    f->z,      f->slices,
                            f->scratch, f->summaries, f->active,    f->packed, f->theta,
                            f->loss,    f->hessian,   f->is_solved, f->walks};
    for (int i = 0; i < MLSD__COUNT(blocks); i++) mlsd__free(a, blocks[i]);
    *f = (mlsd__logistic_folds){0};
}
