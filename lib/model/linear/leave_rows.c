/* leave_rows.c - see the header. With H = sum w l'' z z' + penalties over all rows, z a row with
 * its 1 for the intercept, h = w l'' z'H^-1 z, the score without row i is score + (w l' z'H^-1 z +
 * w z'H^-1 s) / (1 - h), where s is the slope of what the row brings to the penalty, if anything.
 */
#include "model/linear/leave_rows.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "base/fail.h"
#include "numeric/blas.h"
#include "numeric/mathfun.h"
#include "numeric/sum.h"

enum { MOST_COLUMNS = 8192 }; /* a Hessian of 512 MB */
/* Below what Cholesky's rounding leaves of the pivots of collinear columns, so that they share. */
static const double DAMPING = 1e-13;
/* A row whose leverage is 1 but for rounding has no score without itself. */
static const double ALONE = 64 * DBL_EPSILON;

void mlsd__squares_rows(const void *family, mlsd__score_rows *rows)
{
    (void)family;
    rows->loss = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        const double w = rows->weight != NULL ? rows->weight[i] : 1;
        const double e = rows->score[i] - rows->y[i];
        rows->loss += 0.5 * w * e * e;
        rows->slope[i] = w * e;
        rows->curvature[i] = w;
    }
}

void mlsd__log_loss_rows(const void *family, mlsd__score_rows *rows)
{
    (void)family;
    rows->loss = 0;
    for (int64_t i = 0; i < rows->n; i++) {
        const double w = rows->weight != NULL ? rows->weight[i] : 1;
        const double p = mlsd__sigmoid(rows->score[i]), other = mlsd__sigmoid(-rows->score[i]);
        rows->loss -= w * mlsd__log(rows->y[i] > 0.5 ? p : other);
        rows->slope[i] = rows->y[i] > 0.5 ? -w * other : w * p;
        rows->curvature[i] = w * p * other;
    }
}

mlsd_status mlsd__linear_leave_out(const mlsd__train *train, const mlsd__linear_state *state,
                                   bool has_intercept, double alpha, mlsd__leave_out *out)
{
    if (train->n_more_targets > 0)
        return mlsd__fail(MLSD_E_UNSUPPORTED, "rows are left out with one target, there are %lld",
                          (long long)train->n_more_targets + 1);
    *out = (mlsd__leave_out){.coef = state->coef,
                             .intercept = state->intercept,
                             .has_intercept = has_intercept,
                             .l2 = alpha,
                             .rows = mlsd__squares_rows,
                             .link = MLSD__LINK_VALUE};
    return MLSD_OK;
}

typedef struct job {
    const mlsd__train *train;
    const mlsd__leave_out *model;
    const mlsd__frame *frame;
    mlsd__design all, design; /* design: of the columns that have coefficients */
    int64_t q, n_groups;
    double *slope, *curvature; /* n each */
    double *summaries;         /* n_groups x q x q */
    double *factor;            /* q x q: H = U'U */
    double *pull;              /* q: H^-1 s; all 0 where nothing pulls */
    double *score, *without, *leverage;
} job;

/* Slopes and curvatures of a group's rows, and their part of the Hessian. */
static mlsd_status look(const job *j, mlsd__row_reader *reader, int64_t block, double *z,
                        double *hessian)
{
    const mlsd__train *const t = j->train;
    const int64_t p = j->all.n_read;
    int64_t first, n, ld;
    const double *const x = mlsd__row_reader_block(reader, block, &first, &n, &ld);
    mlsd__gemv(false, n, p, 1, x, ld, j->model->coef, 0, j->score + first);
    for (int64_t i = first; i < first + n; i++) j->score[i] += j->model->intercept;
    mlsd__score_rows rows = {.n = n,
                             .score = j->score + first,
                             .y = t->y + first,
                             .weight = t->weight != NULL ? t->weight + first : NULL,
                             .slope = j->slope + first,
                             .curvature = j->curvature + first};
    j->model->rows(&j->model->tweedie, &rows);
    mlsd__design_scale(&j->design, x, n, ld, z);
    for (int64_t i = 0; i < n; i++) {
        const double root = sqrt(j->curvature[first + i]);
        for (int64_t k = 0; k < j->q; k++) z[i * j->q + k] *= root;
    }
    mlsd__syrk(n, j->q, 1, z, j->q, 1, hessian, j->q);
    return MLSD_OK;
}

/* Scores without each row of a block. */
static mlsd_status leave_out(const job *j, mlsd__row_reader *reader, int64_t block, double *z,
                             double *solved)
{
    const int64_t q = j->q;
    int64_t first, n, ld;
    const double *const x = mlsd__row_reader_block(reader, block, &first, &n, &ld);
    mlsd__design_scale(&j->design, x, n, ld, z);
    for (int64_t i = 0; i < n; i++)
        for (int64_t k = 0; k < q; k++) solved[k * n + i] = z[i * q + k];
    mlsd__trsm(true, q, n, j->factor, q, solved, n);
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = first + i;
        const double w = j->train->weight != NULL ? j->train->weight[row] : 1;
        double reach = 0;
        for (int64_t k = 0; k < q; k++) reach += solved[k * n + i] * solved[k * n + i];
        const double h = j->curvature[row] * reach, left = 1 - h;
        const double step = j->slope[row] * reach + w * mlsd__dot(z + i * q, j->pull, q);
        j->leverage[row] = h;
        j->without[row] = left > ALONE ? j->score[row] + step / left : NAN;
    }
    return MLSD_OK;
}

static mlsd_status run_group(const job *j, int64_t group, mlsd__scope *scope, bool is_last)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n_rows = j->frame->n_rows;
    const int64_t most = n_rows < MLSD__BLOCK_ROWS ? n_rows : MLSD__BLOCK_ROWS;
    int64_t size, block, last;
    MLSD__TRY(mlsd__mul_size(2 * most, j->q, &size));
    double *const z = mlsd__alloc_raw(a, size, sizeof *z);
    if (z == NULL) return MLSD_E_NOMEM;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, a, j->frame);
    mlsd__row_group(n_rows, j->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        status = is_last ? leave_out(j, &reader, block, z, z + most * j->q)
                         : look(j, &reader, block, z, j->summaries + group * j->q * j->q);
        if (status == MLSD_OK) status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    mlsd__free(a, z);
    return status;
}

static mlsd_status look_group(void *arg, int64_t group, mlsd__scope *scope)
{
    return run_group(arg, group, scope, false);
}

static mlsd_status leave_group(void *arg, int64_t group, mlsd__scope *scope)
{
    return run_group(arg, group, scope, true);
}

/* H of all rows, factored; H^-1 s. */
static mlsd_status factor(job *j)
{
    const int64_t q = j->q, qq = q * q;
    const mlsd__leave_out *const m = j->model;
    const mlsd__design *const d = &j->design;
    double *const hessian = j->summaries;
    for (int64_t g = 1; g < j->n_groups; g++)
        for (int64_t i = 0; i < qq; i++) hessian[i] += hessian[g * qq + i];
    double top = 0;
    for (int64_t k = 0; k < q; k++) {
        if (k < d->n_features) hessian[k * q + k] += m->l2 * d->inverse[k] * d->inverse[k];
        top = fmax(top, hessian[k * q + k]);
    }
    bool ok = false;
    for (double damping = 0; !ok && damping <= 1; damping = damping > 0 ? 100 * damping : DAMPING) {
        memcpy(j->factor, hessian, (size_t)qq * sizeof *hessian);
        for (int64_t k = 0; k < q; k++) j->factor[k * q + k] += damping * (top > 0 ? top : 1);
        mlsd__potrf(q, j->factor, q, &ok);
    }
    if (!ok) return mlsd__fail(MLSD_E_NUMERIC, "the curvature of the loss is not finite");
    for (int64_t k = 0; k < d->n_features; k++) {
        const double coef = m->coef[d->columns != NULL ? d->columns[k] : k];
        const double sign = coef > 0 ? 1 : coef < 0 ? -1 : 0;
        j->pull[k] = (m->l2_share * coef + m->l1_share * sign) * d->inverse[k];
    }
    mlsd__potrs(q, 1, j->factor, q, j->pull, 1);
    return MLSD_OK;
}

/* The columns whose coefficients take part. */
static mlsd_status select_columns(job *j, const mlsd__allocator *a, int64_t **columns,
                                  double **room)
{
    const int64_t p = j->all.n_features;
    int64_t n = 0;
    j->design = j->all;
    if (!j->model->is_sparse) return MLSD_OK;
    *columns = mlsd__alloc(a, p, sizeof **columns);
    *room = mlsd__alloc(a, 2 * p, sizeof **room);
    if (*columns == NULL || *room == NULL) return MLSD_E_NOMEM;
    for (int64_t k = 0; k < p; k++)
        if (j->model->coef[k] != 0) (*columns)[n++] = k;
    mlsd__design_select(&j->all, *columns, n, *room, &j->design);
    return MLSD_OK;
}

static mlsd_status open_job(job *j, const mlsd__allocator *a)
{
    const int64_t n = j->frame->n_rows;
    int64_t qq, size;
    j->q = j->design.n_columns;
    if (j->q > MOST_COLUMNS)
        return mlsd__fail(MLSD_E_SHAPE,
                          "%lld columns have coefficients; rows are left out with up to %d",
                          (long long)j->q, MOST_COLUMNS);
    MLSD__TRY(mlsd__mul_size(j->q, j->q, &qq));
    j->n_groups = mlsd__row_groups(n, qq);
    MLSD__TRY(mlsd__mul_size(j->n_groups, qq, &size));
    j->slope = mlsd__alloc(a, 2 * n, sizeof *j->slope);
    j->summaries = mlsd__alloc(a, size, sizeof *j->summaries);
    j->factor = mlsd__alloc(a, qq + j->q, sizeof *j->factor);
    if (j->slope == NULL || j->summaries == NULL || j->factor == NULL) return MLSD_E_NOMEM;
    j->curvature = j->slope + n;
    j->pull = j->factor + qq;
    return MLSD_OK;
}

/* No coefficient and no intercept: nothing depends on any row. */
static void leave_out_nothing(const job *j)
{
    for (int64_t i = 0; i < j->frame->n_rows; i++) j->score[i] = j->without[i] = j->leverage[i] = 0;
}

mlsd_status mlsd__leave_out_rows(mlsd__scope *scope, const mlsd__train *train,
                                 const mlsd__leave_out *model, double *score, double *without,
                                 double *leverage)
{
    const mlsd__allocator *const a = scope->allocator;
    int64_t *columns = NULL;
    double *room = NULL;
    job j = {
        .train = train, .model = model, .score = score, .without = without, .leverage = leverage};
    MLSD__TRY(mlsd__design_open(&j.all, scope, train->x, model->has_intercept));
    j.frame = j.all.rows.frame;
    mlsd_status status = select_columns(&j, a, &columns, &room);
    if (status == MLSD_OK && j.design.n_columns == 0) {
        leave_out_nothing(&j);
    } else if (status == MLSD_OK) {
        status = open_job(&j, a);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, j.n_groups, look_group, &j);
        if (status == MLSD_OK) status = factor(&j);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, j.n_groups, leave_group, &j);
    }
    mlsd__free(a, j.slope);
    mlsd__free(a, j.summaries);
    mlsd__free(a, j.factor);
    mlsd__free(a, columns);
    mlsd__free(a, room);
    mlsd__design_close(&j.all, a);
    return status;
}
