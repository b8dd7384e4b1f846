/* enet_problem.c - what lasso and elastic net solve: the moments X'X and X'y where there are more
 * rows than columns, otherwise the columns themselves, one after the other. Both are centred (with
 * an intercept) and divided so that the rows weigh 1 together. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/enet.h"
#include "model/linear/linear_moments.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

enum {
    MOST_MOMENT_COLUMNS = 4096, /* 128 MB of moments */
    WIDE = 200, /* columns from which moments of groups of rows are too many numbers */
    TILE = 32,  /* of a transpose: both sides stay in the nearest cache */
    BAND = 64   /* columns of a parallel task */
};

bool mlsd__enet_wants_moments(int64_t n_rows, int64_t p)
{
    return n_rows > p && p <= MOST_MOMENT_COLUMNS;
}

void mlsd__enet_close(mlsd__enet_problem *problem, const mlsd__allocator *a)
{
    if (!problem->borrows_gram) mlsd__free(a, problem->gram);
    mlsd__free(a, problem->x);
    mlsd__free(a, problem->y);
    mlsd__free(a, problem->right);
    mlsd__free(a, problem->mean);
    *problem = (mlsd__enet_problem){0};
}

static mlsd_status open_numbers(mlsd__enet_problem *problem, const mlsd__allocator *a, int64_t p)
{
    *problem = (mlsd__enet_problem){.p = p};
    problem->right = mlsd__alloc(a, p, 2 * sizeof *problem->right);
    if (problem->right == NULL) return MLSD_E_NOMEM;
    problem->diagonal = problem->right + p;
    return MLSD_OK;
}

static mlsd_status check(const mlsd__enet_problem *problem)
{
    bool is_finite = isfinite(problem->square);
    for (int64_t j = 0; j < 2 * problem->p; j++)
        is_finite = is_finite && isfinite(problem->right[j]);
    if (is_finite) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the sums of squares overflow; scale the columns or the target "
                      "down (a standardize step does)");
}

/* One tile of the symmetric matrix, and its mirror image. */
static void fill_tile(const mlsd__gram *moments, bool is_centred, int64_t i0, int64_t j0,
                      double *gram)
{
    const int64_t q = moments->q, p = q - 1;
    const double share = 1 / moments->weight;
    const int64_t i1 = i0 + TILE < p ? i0 + TILE : p, j1 = j0 + TILE < p ? j0 + TILE : p;
    for (int64_t i = i0; i < i1; i++) {
        const double mean = is_centred ? 0 : moments->mean[i];
        for (int64_t j = j0 > i ? j0 : i; j < j1; j++) {
            const double value = moments->scatter[i * q + j] * share + mean * moments->mean[j];
            gram[i * p + j] = value;
            gram[j * p + i] = value;
        }
    }
}

mlsd_status mlsd__enet_open_moments(mlsd__scope *scope, const mlsd__gram *moments,
                                    bool fit_intercept, double *gram, mlsd__enet_problem *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t q = moments->q, p = q - 1;
    const double share = 1 / moments->weight;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, p, &size));
    mlsd_status status = open_numbers(out, a, p);
    if (status == MLSD_OK) {
        out->borrows_gram = gram != NULL;
        out->gram = gram != NULL ? gram : mlsd__alloc_raw(a, size, sizeof *out->gram);
        out->mean = mlsd__alloc(a, q, sizeof *out->mean);
        if (out->gram == NULL || out->mean == NULL) status = MLSD_E_NOMEM;
    }
    for (int64_t i = 0; status == MLSD_OK && i < p; i += TILE) {
        for (int64_t j = i; j < p; j += TILE) fill_tile(moments, fit_intercept, i, j, out->gram);
        status = mlsd__checkpoint(scope);
    }
    if (status == MLSD_OK) {
        const double mean = fit_intercept ? 0 : moments->mean[p];
        for (int64_t i = 0; i < p; i++) {
            out->right[i] = moments->scatter[i * q + p] * share + moments->mean[i] * mean;
            out->diagonal[i] = out->gram[i * p + i];
        }
        out->square = moments->scatter[p * q + p] * share + mean * mean;
        if (fit_intercept) memcpy(out->mean, moments->mean, (size_t)q * sizeof *out->mean);
        status = check(out);
    }
    if (status != MLSD_OK) mlsd__enet_close(out, a);
    return status;
}

typedef struct columns_job {
    mlsd__enet_problem *problem;
    const double *rows; /* n x p */
    double factor;
} columns_job;

static mlsd_status fill_band(void *arg, int64_t band, mlsd__scope *scope)
{
    const columns_job *const job = arg;
    const mlsd__enet_problem *const problem = job->problem;
    const int64_t n = problem->n, p = problem->p, first = band * BAND;
    const int64_t last = first + BAND < p ? first + BAND : p;
    for (int64_t i0 = 0; i0 < n; i0 += TILE) {
        const int64_t i1 = i0 + TILE < n ? i0 + TILE : n;
        for (int64_t j = first; j < last; j++)
            for (int64_t i = i0; i < i1; i++)
                problem->x[j * n + i] = job->factor * job->rows[i * p + j];
    }
    for (int64_t j = first; j < last; j++) {
        const double *const column = problem->x + j * n;
        problem->right[j] = mlsd__dot(column, problem->y, n);
        problem->diagonal[j] = mlsd__dot(column, column, n);
    }
    return mlsd__checkpoint(scope);
}

static mlsd_status open_rows(mlsd__scope *scope, const mlsd__train *train, bool fit_intercept,
                             mlsd__enet_problem *out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = train->x->n_features;
    int64_t size;
    double *rows = NULL;
    MLSD__TRY(mlsd__mul_size(n, p, &size));
    mlsd_status status = open_numbers(out, a, p);
    out->n = n;
    if (status == MLSD_OK)
        status = mlsd__linear_centred_rows(scope, train, fit_intercept, &rows, &out->y, &out->mean);
    if (status == MLSD_OK) {
        out->x = mlsd__alloc_raw(a, size, sizeof *out->x);
        if (out->x == NULL) status = MLSD_E_NOMEM;
    }
    if (status == MLSD_OK) {
        const double total = train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
        columns_job job = {.problem = out, .rows = rows, .factor = 1 / sqrt(total)};
        for (int64_t i = 0; i < n; i++) out->y[i] *= job.factor;
        out->square = mlsd__dot(out->y, out->y, n);
        status = mlsd__parallel_for(scope, (p + BAND - 1) / BAND, fill_band, &job);
    }
    mlsd__free(a, rows);
    if (status == MLSD_OK) status = check(out);
    if (status != MLSD_OK) mlsd__enet_close(out, a);
    return status;
}

mlsd_status mlsd__enet_moments(mlsd__scope *scope, const mlsd__train *train, mlsd__gram *out)
{
    return train->x->n_features < WIDE ? mlsd__linear_moments(scope, train, out)
                                       : mlsd__linear_wide_moments(scope, train, out);
}

mlsd_status mlsd__enet_open(mlsd__scope *scope, const mlsd__train *train, bool fit_intercept,
                            mlsd__enet_problem *out)
{
    *out = (mlsd__enet_problem){0};
    if (!mlsd__enet_wants_moments(train->x->n_rows, train->x->n_features))
        return open_rows(scope, train, fit_intercept, out);
    mlsd__gram moments;
    MLSD__TRY(mlsd__enet_moments(scope, train, &moments));
    const mlsd_status status = mlsd__enet_open_moments(scope, &moments, fit_intercept, NULL, out);
    mlsd__gram_free(&moments, scope->allocator);
    return status;
}

void mlsd__enet_grid(const mlsd__enet_problem *problem, double l1_ratio, double eps, int64_t n,
                     double *alphas)
{
    const double smallest = 1e-15; /* scikit-learn's, where no column tells anything of y */
    double most = 0;
    for (int64_t j = 0; j < problem->p; j++) most = fmax(most, fabs(problem->right[j]));
    most /= l1_ratio;
    for (int64_t k = 0; k < n; k++) {
        const double share = n > 1 ? (double)k / (double)(n - 1) : 0;
        alphas[k] = most > smallest ? most * mlsd__exp(share * mlsd__log(eps)) : smallest;
    }
}

double mlsd__enet_intercept(const mlsd__enet_problem *problem, const double *coef)
{
    return problem->mean[problem->p] - mlsd__dot(problem->mean, coef, problem->p);
}
