/* linear_regression.c - ordinary least squares, by orthogonal transformations of the rows.
 *
 * Blocks of centred rows [X y] are reduced to triangles, and triangles of groups to one triangle
 * (TSQR: Demmel, Grigori, Hoemmen & Langou 2012, SIAM J. Sci. Comput. 34(1)), whose singular values
 * tell the rank; the answer is the one of least norm. No normal equations: the condition is not
 * squared. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/linear_state.h"
#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_linear_regression;

/* Singular values below this many roundings of the largest are 0, for columns of like size. */
static const double RANK_SLACK = 8;

typedef struct regression_params {
    int64_t fit_intercept;
} regression_params;

enum { RANK, CONDITION, SINGULAR };
static const char *const extra_names[] = {"rank", "condition", "singular", NULL};

typedef struct triangle_job {
    const mlsd__train *train;
    const double *mean; /* p + 1 */
    int64_t n_groups, n_stack;
    double *triangles; /* n_groups x q x q */
} triangle_job;

/* Rows sqrt(w) ([x y] - mean). */
static void centre_rows(const triangle_job *job, const double *x, int64_t first, int64_t n,
                        int64_t ld, double *z)
{
    const int64_t p = job->train->x->n_features, q = p + 1;
    for (int64_t i = 0; i < n; i++) {
        const double root = job->train->weight != NULL ? sqrt(job->train->weight[first + i]) : 1;
        for (int64_t j = 0; j < p; j++) z[i * q + j] = root * (x[i * ld + j] - job->mean[j]);
        z[i * q + p] = root * (job->train->y[first + i] - job->mean[p]);
    }
}

/* Replace the rows stacked so far by their triangle, which goes on top of the stack. */
static mlsd_status reduce(mlsd__scope *scope, double *stack, int64_t *n_stacked, int64_t q,
                          double *r)
{
    MLSD__TRY(mlsd__qr_r(scope, *n_stacked, q, stack, q, r));
    memcpy(stack, r, (size_t)(q * q) * sizeof *r);
    *n_stacked = q;
    return MLSD_OK;
}

static mlsd_status triangle_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const triangle_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__frame *const frame = job->train->x;
    const int64_t q = frame->n_features + 1;
    double *const r = job->triangles + group * q * q;
    mlsd__row_reader reader = {0};
    double *const stack = mlsd__alloc_raw(a, job->n_stack * q, sizeof *stack);
    mlsd_status status = stack == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, frame);
    int64_t block, last, n_stacked = 0;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        if (n_stacked + n > job->n_stack) status = reduce(scope, stack, &n_stacked, q, r);
        if (status == MLSD_OK) {
            centre_rows(job, x, first, n, ld, stack + n_stacked * q);
            n_stacked += n;
            status = mlsd__checkpoint(scope);
        }
    }
    if (status == MLSD_OK) status = reduce(scope, stack, &n_stacked, q, r);
    mlsd__free(a, stack);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

/* R of all rows, q x q. *out is the caller's. */
static mlsd_status triangle_of_rows(mlsd__scope *scope, const mlsd__train *train,
                                    const double *mean, double **out)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = train->x->n_rows, q = train->x->n_features + 1;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(q, q, &size));
    triangle_job job = {.train = train, .mean = mean};
    job.n_groups = mlsd__row_groups(n_rows, 2 * size);
    /* A triangle and at least as many rows again, so that half of the work is on new rows. */
    const int64_t n_block = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    job.n_stack = q + n_block * ((q + n_block - 1) / n_block);
    job.triangles = mlsd__alloc(a, job.n_groups, (size_t)size * sizeof(double));
    double *const r = mlsd__alloc_raw(a, size, sizeof *r);
    mlsd_status status = job.triangles == NULL || r == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status == MLSD_OK) status = mlsd__parallel_for(scope, job.n_groups, triangle_group, &job);
    if (status == MLSD_OK) status = mlsd__qr_r(scope, job.n_groups * q, q, job.triangles, q, r);
    mlsd__free(a, job.triangles);
    if (status != MLSD_OK) {
        mlsd__free(a, r);
        return status;
    }
    *out = r;
    return MLSD_OK;
}

/* Work space of the solution, in one block. */
typedef struct solution {
    int64_t p;
    double *block;
    double *r, *u, *vt; /* p x p */
    double *s, *right, *scale;
} solution;

static mlsd_status solution_new(const mlsd__allocator *a, int64_t p, solution *s)
{
    *s = (solution){.p = p};
    int64_t size;
    MLSD__TRY(mlsd__mul_size(p, 3 * p + 3, &size));
    s->block = mlsd__alloc(a, size, sizeof *s->block);
    if (s->block == NULL) return MLSD_E_NOMEM;
    s->r = s->block;
    s->u = s->r + p * p;
    s->vt = s->u + p * p;
    s->s = s->vt + p * p;
    s->right = s->s + p;
    s->scale = s->right + p;
    return MLSD_OK;
}

/* The p x p part of R, each column divided by its scale (NULL for 1). */
static void copy_triangle(const double *r, solution *s, const double *scale)
{
    const int64_t p = s->p;
    for (int64_t i = 0; i < p; i++) {
        for (int64_t j = 0; j < p; j++)
            s->r[i * p + j] = j < i ? 0 : r[i * (p + 1) + j] / (scale != NULL ? scale[j] : 1);
    }
}

static int64_t numerical_rank(const double *s, int64_t p)
{
    int64_t rank = 0;
    while (rank < p && s[rank] > RANK_SLACK * DBL_EPSILON * (double)p * s[0]) rank++;
    return rank;
}

/* x = V diag(1 / s) U' b over the first `rank` singular values. */
static void solve_by_svd(const solution *s, int64_t rank, const double *b, double *x)
{
    const int64_t p = s->p;
    mlsd__gemv(true, p, p, 1, s->u, p, b, 0, s->right);
    for (int64_t j = 0; j < p; j++) s->right[j] = j < rank ? s->right[j] / s->s[j] : 0;
    mlsd__gemv(true, p, p, 1, s->vt, p, s->right, 0, x);
}

/* Solve R b = r from the joint triangle. Rank is judged with columns brought to one length, so that
 * units do not matter: where it is full, the answer is unique and comes from those. Where it is
 * not, the least norm is asked of the columns as they are. */
static mlsd_status solve(mlsd__scope *scope, const double *r, int64_t p, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    solution s;
    MLSD__TRY(solution_new(a, p, &s));
    double *const b = mlsd__alloc(a, p, sizeof *b);
    mlsd_status status = b == NULL ? MLSD_E_NOMEM : MLSD_OK;
    for (int64_t i = 0; status == MLSD_OK && i < p; i++) b[i] = r[i * (p + 1) + p];
    for (int64_t j = 0; j < p; j++) {
        double largest = 0, sum = 0;
        for (int64_t i = 0; i <= j; i++) largest = fmax(largest, fabs(r[i * (p + 1) + j]));
        for (int64_t i = 0; i <= j && largest > 0; i++) {
            const double part = r[i * (p + 1) + j] / largest;
            sum += part * part;
        }
        s.scale[j] = largest > 0 ? largest * sqrt(sum) : 1;
    }
    int64_t rank = 0;
    if (status == MLSD_OK) {
        copy_triangle(r, &s, s.scale);
        status = mlsd__svd(scope, p, s.r, s.u, s.s, s.vt);
    }
    if (status == MLSD_OK) {
        rank = numerical_rank(s.s, p);
        solve_by_svd(&s, rank, b, state->coef);
        for (int64_t j = 0; j < p; j++) state->coef[j] /= s.scale[j];
        copy_triangle(r, &s, NULL);
        status = mlsd__svd(scope, p, s.r, s.u, s.s, s.vt);
    }
    if (status == MLSD_OK) {
        if (rank < p) solve_by_svd(&s, rank, b, state->coef);
        state->extras[RANK].data[0] = (double)rank;
        state->extras[CONDITION].data[0] = rank < p ? INFINITY : s.s[0] / s.s[p - 1];
        memcpy(state->extras[SINGULAR].data, s.s, (size_t)p * sizeof *s.s);
    }
    mlsd__free(a, b);
    mlsd__free(a, s.block);
    return status;
}

/* Means of [X y], 0 without an intercept. NaN and infinity show in them. */
static mlsd_status find_means(mlsd__scope *scope, const mlsd__train *train, bool fit_intercept,
                              double *mean)
{
    const int64_t p = train->x->n_features;
    double variance;
    double *const weight = mlsd__alloc_raw(scope->allocator, p, 2 * sizeof *weight);
    if (weight == NULL) return MLSD_E_NOMEM;
    double *const missing = weight + p;
    mlsd_status status =
        mlsd__column_moments(scope, train->x, train->weight, weight, mean, NULL, missing);
    bool is_finite = true;
    for (int64_t j = 0; status == MLSD_OK && j < p; j++)
        is_finite = is_finite && missing[j] == 0 && isfinite(mean[j]);
    if (status == MLSD_OK && !is_finite && !train->x_is_finite)
        status = mlsd__frame_require_finite(scope, train->x, false);
    mlsd__mean_variance(train->y, train->weight, train->x->n_rows, 0, &mean[p], &variance);
    if (!fit_intercept) memset(mean, 0, (size_t)(p + 1) * sizeof *mean);
    mlsd__free(scope->allocator, weight);
    return status;
}

static mlsd_status fit_state(mlsd__scope *scope, const regression_params *params,
                             const mlsd__train *train, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = state->p;
    double *r = NULL;
    double *const mean = mlsd__alloc(a, p + 1, sizeof *mean);
    mlsd_status status = MLSD_E_NOMEM;
    if (mean != NULL && mlsd__linear_state_extra(a, state, RANK, 1, 1) != NULL &&
        mlsd__linear_state_extra(a, state, CONDITION, 1, 1) != NULL &&
        mlsd__linear_state_extra(a, state, SINGULAR, 1, p) != NULL)
        status = find_means(scope, train, params->fit_intercept != 0, mean);
    state->intercept = status == MLSD_OK ? mean[p] : 0;
    if (status == MLSD_OK && p > 0) {
        status = triangle_of_rows(scope, train, mean, &r);
        if (status == MLSD_OK && mlsd__any_nonfinite(r, (p + 1) * (p + 1)))
            status =
                mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or "
                                           "the target down (a standardize step does)");
        if (status == MLSD_OK) status = solve(scope, r, p, state);
        if (status == MLSD_OK && params->fit_intercept != 0)
            state->intercept = mean[p] - mlsd__dot(mean, state->coef, p);
    }
    mlsd__free(a, r);
    mlsd__free(a, mean);
    return status == MLSD_OK ? mlsd__linear_state_check(state) : status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__linear_state_new(scope->allocator, train->x->n_features, extra_names, &state));
    const mlsd_status status = fit_state(scope, mlsd__spec_params(spec), train, state);
    if (status != MLSD_OK) {
        mlsd__linear_free(scope->allocator, state);
        return status;
    }
    *out_state = state;
    return MLSD_OK;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)spec, (void)features, (void)n_classes;
    return mlsd__linear_load(r, n_features, extra_names, out_state);
}

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .checks_x = true,
    .fit = fit,
    .predict_block = mlsd__linear_predict_block,
    .attribute = mlsd__linear_attribute,
    .save = mlsd__linear_save,
    .load = load,
    .free_state = mlsd__linear_free,
};

static const mlsd_param table[] = {
    MLSD__P_BOOL(regression_params, fit_intercept, "true", "Whether there is an intercept"),
};

const mlsd_kind mlsd__kind_linear_regression = {
    .name = "linear_regression",
    .family = "estimator",
    .doc = "Ordinary least squares; of least norm where columns depend on each other",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(regression_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"LinearRegression\"}",
};
