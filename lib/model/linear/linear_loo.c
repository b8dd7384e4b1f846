/* linear_loo.c - each row left out in turn, for all penalties from one fit to all rows: what a
 * row's error becomes when it does not count is e / (1 - h), h its leverage (Allen 1974,
 * Technometrics 16; Cook & Weisberg 1982, section 2.2). With the eigenvectors of the moments a
 * penalty costs two products of the rows. A row that nearly decides its own fit, or whose error is
 * next to nothing, is left to the plain way: its digits are not here. */
#include "model/linear/linear_loo.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/fold_solution.h"
#include "model/linear/linear_moments.h"
#include "model/row_pass.h"
#include "numeric/blas.h"

enum { LOO_ROWS = 256 };

/* Least eigenvalue beside the largest, as in penalty_path.c; and of correlations, for the digits of
 * linear_regression. */
static const double SAFE_RATIO = 1e-10, LEAST_CORRELATION = 1e-6;
/* Least 1 - h: five digits are lost there. */
static const double LEAST_LEFT = 1e-5;
/* Least error of a row beside its target and prediction, for linear_regression. */
static const double LEAST_ERROR = 1e-4;

typedef struct loo_job {
    const mlsd__path_folds *folds;
    const mlsd__linear_problem *problem;
    const mlsd__moment_source *source;
    int64_t p, t, n_settings;
    double weight;
    double *origin;  /* p + t: means, 0 without an intercept */
    double *low;     /* p + t: what their rounding left */
    double *vectors; /* p x p: columns are divided by their divisors too */
    double *shrink;  /* p x n_settings: 1 / (eigenvalue + alpha) */
    double *slopes;  /* t x p x n_settings: in the eigenvectors' columns */
} loo_job;

bool mlsd__linear_is_loo(const mlsd__path_folds *folds, const mlsd__linear_problem *problem)
{
    const int64_t n = folds->all->x->n_rows;
    if (!folds->is_partition || folds->n_splits != n || n <= folds->all->x->n_features + 1)
        return false;
    for (int64_t k = 0; k < n; k++)
        if (folds->splits[k].n_test != 1) return false;
    return !problem->with_std && (problem->fit_intercept || !problem->with_mean);
}

/* Predictions of the row left out, or its squares, setting by setting. */
static mlsd_status take_row(const loo_job *job, mlsd__scope *scope, int64_t split, double weight,
                            const double *y, const double *fitted, const double *leverage,
                            bool *is_served)
{
    const mlsd__path_sink *const sink = job->folds->sink;
    const int64_t t = job->t, n = job->n_settings;
    const double share = job->problem->fit_intercept ? weight / job->weight : 0;
    double out[MLSD__LOO_TARGETS];
    for (int64_t l = 0; l < n; l++) {
        const double left = 1 - share - leverage[l];
        bool ok = left > LEAST_LEFT;
        for (int64_t k = 0; k < t; k++) {
            const double f = fitted[k * LOO_ROWS * n + l], e = (y[k] - f) / left;
            if (job->problem->is_least_squares && fabs(e) < LEAST_ERROR * (fabs(y[k]) + fabs(f)))
                ok = false;
            out[k] = job->folds->wants_squares_only
                         ? weight * e * e
                         : job->origin[job->p + k] + ((y[k] - e) + job->low[job->p + k]);
        }
        if (!ok) continue;
        *is_served = true;
        if (job->folds->wants_squares_only)
            MLSD__TRY(sink->take_squares(sink->user, split, l, 0, out));
        else
            MLSD__TRY(sink->take(sink->user, scope, split, l, 0, out));
    }
    return MLSD_OK;
}

typedef struct loo_room {
    double *z, *turned, *squares, *leverage, *fitted;
    int64_t rows[LOO_ROWS];
} loo_room;

static mlsd_status run_rows(const loo_job *job, mlsd__scope *scope, int64_t first, int64_t m,
                            loo_room *room, bool *is_served)
{
    const int64_t p = job->p, t = job->t, q = p + t, n = job->n_settings;
    const double *const weight = job->source->weight;
    for (int64_t i = 0; i < m; i++) room->rows[i] = job->folds->splits[first + i].test[0];
    MLSD__TRY(job->source->read(job->source->user, scope, room->rows, m, job->origin, room->z, q));
    for (int64_t i = 0; i < m * q; i++) room->z[i] -= job->low[i % q];
    mlsd__gemm(false, false, m, p, p, 1, room->z, q, job->vectors, p, 0, room->turned, p);
    for (int64_t i = 0; i < m; i++) {
        const double w = weight != NULL ? weight[room->rows[i]] : 1;
        for (int64_t j = 0; j < p; j++)
            room->squares[i * p + j] = w * room->turned[i * p + j] * room->turned[i * p + j];
    }
    mlsd__gemm(false, false, m, n, p, 1, room->squares, p, job->shrink, n, 0, room->leverage, n);
    for (int64_t k = 0; k < t; k++)
        mlsd__gemm(false, false, m, n, p, 1, room->turned, p, job->slopes + k * p * n, n, 0,
                   room->fitted + k * LOO_ROWS * n, n);
    for (int64_t i = 0; i < m; i++) {
        const double w = weight != NULL ? weight[room->rows[i]] : 1;
        MLSD__TRY(take_row(job, scope, first + i, w, room->z + i * q + p, room->fitted + i * n,
                           room->leverage + i * n, is_served + first + i));
    }
    return mlsd__checkpoint(scope);
}

struct block_job {
    const loo_job *job;
    bool *is_served;
};

static mlsd_status run_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const struct block_job *const all = arg;
    const loo_job *const job = all->job;
    const int64_t p = job->p, q = p + job->t, n = job->n_settings;
    const int64_t first = block * LOO_ROWS, left = job->folds->n_splits - first;
    const int64_t per_row = q + 2 * p + n + job->t * n;
    loo_room room;
    room.z = mlsd__alloc_raw(scope->allocator, LOO_ROWS * per_row, sizeof *room.z);
    if (room.z == NULL) return MLSD_E_NOMEM;
    room.turned = room.z + LOO_ROWS * q;
    room.squares = room.turned + LOO_ROWS * p;
    room.leverage = room.squares + LOO_ROWS * p;
    room.fitted = room.leverage + LOO_ROWS * n;
    const mlsd_status status =
        run_rows(job, scope, first, left < LOO_ROWS ? left : LOO_ROWS, &room, all->is_served);
    mlsd__free(scope->allocator, room.z);
    return status;
}

/* Eigenvectors of the moments, for least squares of columns brought to one length; false where the
 * smallest eigenvalue is too small for some penalty. */
static mlsd_status prepare(mlsd__scope *scope, const mlsd__gram *g, loo_job *job, double *room,
                           bool *out_ok)
{
    const int64_t p = job->p, t = job->t, n = job->n_settings;
    double *const b = room, *const values = b + p * t, *const divisor = values + p;
    double *const c = divisor + p;
    mlsd__linear_normal_equations(g, p, job->problem->fit_intercept, job->vectors, b);
    *out_ok = !mlsd__any_nonfinite(job->vectors, p * p) && !mlsd__any_nonfinite(g->mean, g->q);
    for (int64_t j = 0; *out_ok && j < p; j++) {
        divisor[j] = job->problem->is_least_squares ? sqrt(job->vectors[j * p + j]) : 1;
        *out_ok = divisor[j] > 0;
    }
    if (!*out_ok) return MLSD_OK;
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = i; j < p; j++) job->vectors[i * p + j] /= divisor[i] * divisor[j];
        for (int64_t k = 0; k < t; k++) b[i * t + k] /= divisor[i];
    }
    MLSD__TRY(mlsd__syev(scope, p, job->vectors, p, values));
    const double least = job->problem->is_least_squares ? LEAST_CORRELATION : 0;
    for (int64_t l = 0; l < n; l++) {
        const double alpha = job->problem->is_least_squares ? 0 : job->problem->alphas[l];
        const double floor = fmax(least, SAFE_RATIO * (values[p - 1] + alpha));
        *out_ok = *out_ok && values[0] + alpha > floor;
        for (int64_t j = 0; j < p; j++) job->shrink[j * n + l] = 1 / (values[j] + alpha);
    }
    mlsd__gemm(true, false, p, t, p, 1, job->vectors, p, b, t, 0, c, t);
    for (int64_t k = 0; k < t; k++)
        for (int64_t j = 0; j < p; j++)
            for (int64_t l = 0; l < n; l++)
                job->slopes[(k * p + j) * n + l] = c[j * t + k] * job->shrink[j * n + l];
    for (int64_t i = 0; i < p; i++)
        for (int64_t j = 0; j < p; j++) job->vectors[i * p + j] /= divisor[i];
    return MLSD_OK;
}

mlsd_status mlsd__linear_run_loo(mlsd__scope *scope, const mlsd__path_folds *folds,
                                 const mlsd__linear_problem *problem,
                                 const mlsd__moment_source *source, const mlsd__gram *all,
                                 bool *is_served)
{
    const int64_t p = folds->all->x->n_features, t = source->q - p, n = problem->n_settings;
    loo_job job = {.folds = folds,
                   .problem = problem,
                   .source = source,
                   .p = p,
                   .t = t,
                   .n_settings = n,
                   .weight = all->weight};
    double *const numbers =
        mlsd__alloc(scope->allocator, 2 * (p + t) + p * p + p * n * (1 + t) + 2 * p * t + 2 * p,
                    sizeof *numbers);
    if (numbers == NULL) return MLSD_E_NOMEM;
    job.origin = numbers;
    job.low = job.origin + p + t;
    job.vectors = job.low + p + t;
    job.shrink = job.vectors + p * p;
    job.slopes = job.shrink + p * n;
    if (problem->fit_intercept)
        memcpy(job.origin, all->mean, (size_t)(2 * (p + t)) * sizeof *numbers);
    bool ok;
    mlsd_status status = prepare(scope, all, &job, job.slopes + t * p * n, &ok);
    struct block_job blocks = {&job, is_served};
    if (status == MLSD_OK && ok)
        status = mlsd__parallel_for(scope, (folds->n_splits + LOO_ROWS - 1) / LOO_ROWS, run_block,
                                    &blocks);
    mlsd__free(scope->allocator, numbers);
    return status;
}
