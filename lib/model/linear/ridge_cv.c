/* ridge_cv.c - ridge whose penalty is chosen inside the fit, by the exact error of leaving each row
 * out.
 *
 * With the eigenvalues l and eigenvectors of the centred moments, every penalty costs one pass over
 * the rows (Golub, Heath & Wahba 1979, Technometrics 21(2); the leave-one-out residual is e / (1 -
 * h), PRESS of Allen 1974). h counts the intercept's share of a row, w / sum w. With more columns
 * than rows the eigenvectors are those of XX'. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/linear/linear_moments.h"
#include "model/linear/linear_state.h"
#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_ridge_cv;

typedef struct ridge_cv_params {
    mlsd__f64_list alphas;
    int64_t fit_intercept;
} ridge_cv_params;

enum { ALPHA, LOSSES };
static const char *const extra_names[] = {"alpha", "losses", NULL};

/* Rows of a block that are rotated at a time. */
enum { ROTATE_ROWS = 256 };

/* What the loss of a penalty needs to know about the rows: Z = X~ V (n x m) with eigenvalues l, and
 * c = V'X~'y~, where ~ is centred and scaled by sqrt(w). */
typedef struct loss_job {
    const mlsd__train *train;
    const double *mean; /* p + 1 */
    double total;       /* of the weights */
    bool fit_intercept;
    int64_t m;             /* eigenvalues */
    const double *vectors; /* p x m; or n x m where the rows themselves are rotated already */
    bool is_dual;
    const double *y_centred; /* dual */
    double *shrink;          /* m x n_alphas: share of h for each squared element of Z */
    double *slopes;          /* m x n_alphas: coefficients in the rotated columns */
    int64_t n_alphas, n_groups;
    double *losses; /* n_groups x n_alphas */
} loss_job;

/* e~ / (1 - h) squared and added up, for rows whose rotated elements are z. */
static void add_losses(const loss_job *job, const double *z, const double *squares, int64_t first,
                       int64_t n, const double *y, double *work, double *losses)
{
    const int64_t k = job->n_alphas, m = job->m;
    double *const fitted = work, *const leverage = work + n * k;
    mlsd__gemm(false, false, n, k, m, 1, z, m, job->slopes, k, 0, fitted, k);
    mlsd__gemm(false, false, n, k, m, 1, squares, m, job->shrink, k, 0, leverage, k);
    for (int64_t i = 0; i < n; i++) {
        const double w = job->train->weight != NULL ? job->train->weight[first + i] : 1;
        if (w == 0) continue;
        const double share = job->fit_intercept ? w / job->total : 0;
        for (int64_t j = 0; j < k; j++) {
            const double left = 1 - share - leverage[i * k + j];
            const double e = (y[i] - fitted[i * k + j]) / left;
            /* A row that alone decides its own fit cannot be left out. */
            losses[j] += left > DBL_EPSILON ? e * e : INFINITY;
        }
    }
}

/* Room for n rows: rotated elements, their squares, fitted and leverage, and centred rows with y.
 */
static int64_t work_doubles(const loss_job *job, int64_t n)
{
    return n * (2 * job->m + 2 * job->n_alphas + job->train->x->n_features + 1);
}

static void losses_of_rows(const loss_job *job, const double *x, int64_t ld, int64_t first,
                           int64_t n, double *work, double *losses)
{
    const int64_t p = job->train->x->n_features, m = job->m;
    double *const squares = work, *const rotated = squares + n * m;
    double *const inner = rotated + n * m, *const y = inner + 2 * n * job->n_alphas;
    double *const centred = y + n;
    const double *z = rotated;
    if (job->is_dual) {
        z = job->vectors + first * m;
        memcpy(y, job->y_centred + first, (size_t)n * sizeof *y);
    } else {
        for (int64_t i = 0; i < n; i++) {
            const double root =
                job->train->weight != NULL ? sqrt(job->train->weight[first + i]) : 1;
            for (int64_t j = 0; j < p; j++)
                centred[i * p + j] = root * (x[i * ld + j] - job->mean[j]);
            y[i] = root * (job->train->y[first + i] - job->mean[p]);
        }
        mlsd__gemm(false, false, n, m, p, 1, centred, p, job->vectors, m, 0, rotated, m);
    }
    for (int64_t i = 0; i < n * m; i++) squares[i] = z[i] * z[i];
    add_losses(job, z, squares, first, n, y, inner, losses);
}

static mlsd_status loss_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const loss_job *const job = arg;
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__frame *const frame = job->train->x;
    double *const losses = job->losses + group * job->n_alphas;
    mlsd__row_reader reader = {0};
    double *const work = mlsd__alloc_raw(a, work_doubles(job, ROTATE_ROWS), sizeof *work);
    mlsd_status status = work == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, frame);
    int64_t block, last;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0; status == MLSD_OK && i < n; i += ROTATE_ROWS) {
            const int64_t n_here = n - i < ROTATE_ROWS ? n - i : ROTATE_ROWS;
            losses_of_rows(job, x + i * ld, ld, first + i, n_here, work, losses);
            status = mlsd__checkpoint(scope);
        }
    }
    mlsd__free(a, work);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

/* Fill the table of losses (alpha, mean squared error of rows left out) and tell the best row; the
 * first of equals. */
static mlsd_status score_alphas(mlsd__scope *scope, const mlsd__f64_list *alphas, loss_job *job,
                                double *table, int64_t *out_best)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t k = alphas->n;
    job->n_alphas = k;
    job->n_groups = mlsd__row_groups(job->train->x->n_rows, k);
    job->losses = mlsd__alloc(a, job->n_groups * k, sizeof *job->losses);
    if (job->losses == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__parallel_for(scope, job->n_groups, loss_group, job);
    *out_best = 0;
    for (int64_t j = 0; status == MLSD_OK && j < k; j++) {
        double sum = 0;
        for (int64_t g = 0; g < job->n_groups; g++) sum += job->losses[g * k + j];
        table[2 * j] = alphas->values[j];
        table[2 * j + 1] = sum / job->total;
        if (table[2 * j + 1] < table[2 * *out_best + 1]) *out_best = j;
    }
    mlsd__free(a, job->losses);
    return status;
}

/* Eigenvalues of moments are never negative, only their rounding is. */
static void clamp_eigenvalues(double *values, int64_t m)
{
    for (int64_t j = 0; j < m; j++) values[j] = values[j] > 0 ? values[j] : 0;
}

static double weight_of_rows(const mlsd__train *train)
{
    const int64_t n = train->x->n_rows;
    return train->weight != NULL ? mlsd__sum(train->weight, n) : (double)n;
}

/* The eigenvalues l, and for each alpha what add_losses multiplies with. In the primal Z = X~ V:
 * h = z^2 / (l + alpha), slope c / (l + alpha) with c = V'X~'y~. In the dual Z = U: h = z^2 l / (l
 * + alpha), and so is the slope, with c = U'y~. */
static void prepare_factors(const loss_job *job, const mlsd__f64_list *alphas, const double *l,
                            const double *c)
{
    for (int64_t i = 0; i < job->m; i++) {
        for (int64_t j = 0; j < alphas->n; j++) {
            const double factor = (job->is_dual ? l[i] : 1) / (l[i] + alphas->values[j]);
            job->shrink[i * alphas->n + j] = factor;
            job->slopes[i * alphas->n + j] = factor * c[i];
        }
    }
}

static mlsd_status fit_primal(mlsd__scope *scope, const ridge_cv_params *params,
                              const mlsd__train *train, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = state->p, k = params->alphas.n;
    mlsd__gram moments;
    MLSD__TRY(mlsd__linear_moments(scope, train, &moments));
    double *const vectors = mlsd__alloc_raw(a, p * p, sizeof *vectors);
    double *const numbers = mlsd__alloc(a, 3 * p + 2 * p * k + p + 1, sizeof *numbers);
    mlsd_status status = vectors == NULL || numbers == NULL ? MLSD_E_NOMEM : MLSD_OK;
    double *b = NULL, *l = NULL, *c = NULL, *shrink = NULL, *slopes = NULL, *mean = NULL;
    if (status == MLSD_OK) {
        b = numbers, l = b + p, c = l + p;
        shrink = c + p, slopes = shrink + p * k, mean = slopes + p * k;
        mlsd__linear_normal_equations(&moments, p, params->fit_intercept != 0, vectors, b);
        if (mlsd__any_nonfinite(vectors, p * p))
            status =
                mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or "
                                           "the target down (a standardize step does)");
    }
    if (status == MLSD_OK && p > 0) status = mlsd__syev(scope, p, vectors, p, l);
    int64_t best = 0;
    if (status == MLSD_OK) {
        clamp_eigenvalues(l, p);
        if (p > 0) mlsd__gemv(true, p, p, 1, vectors, p, b, 0, c);
        if (params->fit_intercept != 0) memcpy(mean, moments.mean, (size_t)(p + 1) * sizeof *mean);
        loss_job job = {.train = train,
                        .mean = mean,
                        .total = weight_of_rows(train),
                        .fit_intercept = params->fit_intercept != 0,
                        .m = p,
                        .vectors = vectors,
                        .shrink = shrink,
                        .slopes = slopes};
        job.n_alphas = k;
        prepare_factors(&job, &params->alphas, l, c);
        status = score_alphas(scope, &params->alphas, &job, state->extras[LOSSES].data, &best);
    }
    if (status == MLSD_OK) {
        state->extras[ALPHA].data[0] = params->alphas.values[best];
        for (int64_t j = 0; j < p; j++) l[j] = slopes[j * k + best];
        if (p > 0) mlsd__gemv(false, p, p, 1, vectors, p, l, 0, state->coef);
        if (params->fit_intercept != 0)
            state->intercept = mean[p] - mlsd__dot(mean, state->coef, p);
    }
    mlsd__free(a, numbers);
    mlsd__free(a, vectors);
    mlsd__gram_free(&moments, a);
    return status;
}

static mlsd_status fit_dual(mlsd__scope *scope, const ridge_cv_params *params,
                            const mlsd__train *train, mlsd__linear_state *state)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t n = train->x->n_rows, p = state->p, k = params->alphas.n;
    double *x, *y, *mean;
    MLSD__TRY(mlsd__linear_centred_rows(scope, train, params->fit_intercept != 0, &x, &y, &mean));
    double *const vectors = mlsd__alloc_raw(a, n * n, sizeof *vectors);
    double *const numbers = mlsd__alloc(a, 3 * n + 2 * n * k, sizeof *numbers);
    mlsd_status status = vectors == NULL || numbers == NULL ? MLSD_E_NOMEM : MLSD_OK;
    double *const l = numbers, *const c = l + n, *const dual = c + n;
    double *const shrink = dual + n, *const slopes = shrink + n * k;
    if (status == MLSD_OK) status = mlsd__linear_kernel(scope, x, n, p, vectors);
    if (status == MLSD_OK && mlsd__any_nonfinite(vectors, n))
        status =
            mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or the "
                                       "target down (a standardize step does)");
    if (status == MLSD_OK) status = mlsd__syev(scope, n, vectors, n, l);
    int64_t best = 0;
    if (status == MLSD_OK) {
        clamp_eigenvalues(l, n);
        mlsd__gemv(true, n, n, 1, vectors, n, y, 0, c);
        loss_job job = {.train = train,
                        .mean = mean,
                        .total = weight_of_rows(train),
                        .fit_intercept = params->fit_intercept != 0,
                        .m = n,
                        .vectors = vectors,
                        .is_dual = true,
                        .y_centred = y,
                        .shrink = shrink,
                        .slopes = slopes};
        job.n_alphas = k;
        prepare_factors(&job, &params->alphas, l, c);
        status = score_alphas(scope, &params->alphas, &job, state->extras[LOSSES].data, &best);
    }
    if (status == MLSD_OK) {
        const double alpha = params->alphas.values[best];
        state->extras[ALPHA].data[0] = alpha;
        for (int64_t j = 0; j < n; j++) c[j] /= l[j] + alpha;
        mlsd__gemv(false, n, n, 1, vectors, n, c, 0, dual);
        mlsd__gemv(true, n, p, 1, x, p, dual, 0, state->coef);
        if (params->fit_intercept != 0)
            state->intercept = mean[p] - mlsd__dot(mean, state->coef, p);
    }
    mlsd__free(a, numbers);
    mlsd__free(a, vectors);
    mlsd__free(a, x);
    mlsd__free(a, y);
    mlsd__free(a, mean);
    return status;
}

static mlsd_status check(const mlsd_spec *spec, mlsd_task task)
{
    (void)task;
    const ridge_cv_params *const params = mlsd__spec_params(spec);
    if (params->alphas.n > 0) return MLSD_OK;
    return mlsd__fail(MLSD_E_PARAM_CONFLICT, "'alphas' is empty: there is no penalty to choose");
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const mlsd__allocator *const a = scope->allocator;
    const ridge_cv_params *const params = mlsd__spec_params(spec);
    mlsd__linear_state *state;
    MLSD__TRY(mlsd__linear_state_new(a, train->x->n_features, extra_names, &state));
    mlsd_status status = MLSD_E_NOMEM;
    if (mlsd__linear_state_extra(a, state, ALPHA, 1, 1) != NULL &&
        mlsd__linear_state_extra(a, state, LOSSES, params->alphas.n, 2) != NULL)
        status = state->p > train->x->n_rows ? fit_dual(scope, params, train, state)
                                             : fit_primal(scope, params, train, state);
    if (status == MLSD_OK) status = mlsd__linear_state_check(state);
    if (status != MLSD_OK) {
        mlsd__linear_free(a, state);
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
    .splits_rows = true,
    .checks_x = true,
    .check = check,
    .fit = fit,
    .predict_block = mlsd__linear_predict_block,
    .attribute = mlsd__linear_attribute,
    .save = mlsd__linear_save,
    .load = load,
    .free_state = mlsd__linear_free,
};

static const mlsd_param table[] = {
    MLSD__P_F64_LIST(
        ridge_cv_params, alphas, 0, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER,
        "[0.001,0.003,0.01,0.03,0.1,0.3,1,3,10,30,100,300,1000,3000,10000,30000,100000]", "log",
        "Penalties to choose from"),
    MLSD__P_BOOL(ridge_cv_params, fit_intercept, "true", "Whether there is an intercept"),
};

const mlsd_kind mlsd__kind_ridge_cv = {
    .name = "ridge_cv",
    .family = "estimator",
    .doc = "Ridge with the penalty of least error when each row is left out in turn",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(ridge_cv_params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"RidgeCV\"}",
};
