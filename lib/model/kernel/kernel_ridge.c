/* kernel_ridge.c - ridge regression in the space of a kernel: minimise sum w (y - f)^2 +
 * alpha |f|^2, f = sum c_i k(., x_i), without an intercept (Saunders, Gammerman & Vovk 1998, ICML).
 * Names and defaults are scikit-learn's KernelRidge.
 *
 * (S K S + alpha) z = S y and c = S z with S the roots of the weights: by Cholesky, where that
 * fails (alpha is 0, or the kernel is not positive definite) the z of least norm. One matrix of
 * rows x rows is held; its rows are made in bands, side by side. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/estimator.h"
#include "model/kernel/kernel_function.h"
#include "model/linear/penalty_path.h"
#include "model/path_states.h"
#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/cholesky.h"
#include "numeric/sum.h"

extern const mlsd_kind mlsd__kind_kernel_ridge;

enum {
    BAND = 64,   /* rows of a task */
    CHUNK = 512, /* training rows at a time */
    PREDICTED = 128
};

/* Penalties from which on a tridiagonal form pays, and their least share of the kernel's trace. */
enum { FEWEST_ALPHAS = 6 };
static const double SAFE_SHARE = 1e-6;
/* Eigenvalues below this times eps n of the largest are rounding. */
static const double EIGENVALUE_SLACK = 8;

typedef struct params {
    double alpha;
    int64_t kernel;
    double gamma, degree, coef0;
} params;

typedef struct state {
    mlsd__kernel kernel;
    int64_t n, p;
    double *x;                       /* training rows, n x p */
    double *dual;                    /* n, and behind it origin (p) and squares (n) */
    double *used, *origin, *squares; /* rows as the kernel wants them; used may be x */
} state;

static const char *const kernel_names[] = {"linear",  "rbf",    "polynomial", "laplacian",
                                           "sigmoid", "cosine", NULL};

static void free_state(const mlsd__allocator *a, void *state_)
{
    state *const s = state_;
    if (s == NULL) return;
    if (s->used != s->x) mlsd__free(a, s->used);
    mlsd__free(a, s->x);
    mlsd__free(a, s->dual);
    mlsd__free(a, s);
}

/* Takes x over, also where it fails. */
static mlsd_status state_new(const mlsd__allocator *a, const params *p, double *x, int64_t n,
                             int64_t n_features, state **out)
{
    *out = NULL;
    int64_t n_cells = 0;
    mlsd_status status = mlsd__mul_size(n, n_features, &n_cells);
    state *const s = status == MLSD_OK ? mlsd__alloc(a, 1, sizeof *s) : NULL;
    if (s == NULL) {
        mlsd__free(a, x);
        return status == MLSD_OK ? MLSD_E_NOMEM : status;
    }
    s->n = n;
    s->p = n_features;
    s->x = x;
    s->kernel = (mlsd__kernel){.kind = (mlsd__kernel_kind)p->kernel,
                               .gamma = p->gamma,
                               .degree = p->degree,
                               .coef0 = p->coef0};
    if (isnan(p->gamma)) s->kernel.gamma = n_features > 0 ? 1 / (double)n_features : 1;
    const bool keeps = p->kernel == MLSD__KERNEL_RBF || p->kernel == MLSD__KERNEL_COSINE;
    s->used = keeps ? mlsd__alloc_raw(a, n_cells, sizeof(double)) : x;
    s->dual = mlsd__alloc(a, 2 * n + n_features, sizeof(double));
    if (s->used == NULL || s->dual == NULL) {
        free_state(a, s);
        return MLSD_E_NOMEM;
    }
    s->origin = s->dual + n;
    s->squares = s->origin + n_features;
    for (int64_t j = 0; j < n_features; j++) {
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += x[i * n_features + j] - x[j];
        s->origin[j] = x[j] + sum / (double)n;
    }
    for (int64_t i = 0; i < n; i++)
        s->squares[i] = mlsd__kernel_row(&s->kernel, n_features, s->origin, x + i * n_features,
                                         s->used + i * n_features);
    *out = s;
    return MLSD_OK;
}

typedef struct job {
    const state *s;
    const double *root; /* of the weights; NULL: ones */
    double alpha;
    double *matrix; /* upper triangle */
} job;

static mlsd_status fail_values(const mlsd__kernel *k, int64_t i, int64_t j)
{
    if (k->kind == MLSD__KERNEL_POLYNOMIAL && k->degree != floor(k->degree))
        return mlsd__fail(MLSD_E_NUMERIC,
                          "the polynomial kernel of rows %lld and %lld overflows, or is a broken "
                          "power of a negative number; use a whole 'degree', or a larger 'coef0'",
                          (long long)i, (long long)j);
    return mlsd__fail(
        MLSD_E_NUMERIC,
        "the kernel of rows %lld and %lld overflows; scale the columns (a standardize "
        "step does)",
        (long long)i, (long long)j);
}

static mlsd_status fill_band(void *arg, int64_t band, mlsd__scope *scope)
{
    const job *const b = arg;
    const state *const s = b->s;
    const int64_t n = s->n, p = s->p, first = band * BAND;
    const int64_t n_rows = n - first < BAND ? n - first : BAND;
    for (int64_t at = first; at < n; at += CHUNK) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n_here = n - at < CHUNK ? n - at : CHUNK;
        double *const out = b->matrix + first * n + at;
        mlsd__kernel_block(&s->kernel, p, s->used + first * p, s->squares + first, n_rows,
                           s->used + at * p, s->squares + at, n_here, out, n);
        for (int64_t i = 0; i < n_rows; i++) {
            double *const row = out + i * n;
            const double scale = b->root != NULL ? b->root[first + i] : 1;
            if (at == first) row[i] = mlsd__kernel_diagonal(&s->kernel, s->squares[first + i]);
            if (mlsd__any_nonfinite(row, n_here)) {
                int64_t j = 0;
                while (isfinite(row[j])) j++;
                return fail_values(&s->kernel, first + i, at + j);
            }
            if (b->root != NULL)
                for (int64_t j = 0; j < n_here; j++) row[j] *= scale * b->root[at + j];
            if (at == first) row[i] += b->alpha;
        }
    }
    return MLSD_OK;
}

static mlsd_status fill_matrix(mlsd__scope *scope, job *b)
{
    return mlsd__parallel_for(scope, (b->s->n + BAND - 1) / BAND, fill_band, b);
}

/* z = V diag(1 / l) V'z over the eigenvalues that are not rounding. */
static mlsd_status pseudo_inverse(mlsd__scope *scope, int64_t n, double *matrix, double *z)
{
    const mlsd__allocator *const a = scope->allocator;
    double *const values = mlsd__alloc_raw(a, 2 * n, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    double *const turned = values + n;
    const mlsd_status status = mlsd__syev(scope, n, matrix, n, values);
    if (status == MLSD_OK) {
        const double largest = fmax(fabs(values[0]), fabs(values[n - 1]));
        const double smallest = EIGENVALUE_SLACK * DBL_EPSILON * (double)n * largest;
        mlsd__gemv(true, n, n, 1, matrix, n, z, 0, turned);
        for (int64_t j = 0; j < n; j++)
            turned[j] = fabs(values[j]) > smallest ? turned[j] / values[j] : 0;
        mlsd__gemv(false, n, n, 1, matrix, n, turned, 0, z);
    }
    mlsd__free(a, values);
    return status;
}

static mlsd_status solve(mlsd__scope *scope, job *b, double *z)
{
    const int64_t n = b->s->n;
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(n, n, &n_cells));
    b->matrix = mlsd__alloc_raw(scope->allocator, n_cells, sizeof *b->matrix);
    if (b->matrix == NULL)
        return mlsd__fail(MLSD_E_NOMEM,
                          "out of memory: kernel_ridge of %lld rows holds a matrix of %.3g MB; fit "
                          "to fewer rows",
                          (long long)n, 8e-6 * (double)n * (double)n);
    bool ok = false;
    mlsd_status status = fill_matrix(scope, b);
    if (status == MLSD_OK) status = mlsd__cholesky(scope, n, b->matrix, &ok);
    if (status == MLSD_OK && ok) mlsd__potrs(n, 1, b->matrix, n, z, 1);
    if (status == MLSD_OK && !ok) status = fill_matrix(scope, b);
    if (status == MLSD_OK && !ok) status = pseudo_inverse(scope, n, b->matrix, z);
    mlsd__free(scope->allocator, b->matrix);
    return status;
}

static mlsd_status find_dual(mlsd__scope *scope, const mlsd__train *train, double alpha, state *s)
{
    job b = {.s = s, .alpha = alpha};
    double *root = NULL;
    if (train->weight != NULL) {
        root = mlsd__alloc_raw(scope->allocator, s->n, sizeof *root);
        if (root == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < s->n; i++) root[i] = sqrt(train->weight[i]);
        b.root = root;
    }
    for (int64_t i = 0; i < s->n; i++) s->dual[i] = train->y[i] * (root != NULL ? root[i] : 1);
    mlsd_status status = solve(scope, &b, s->dual);
    for (int64_t i = 0; status == MLSD_OK && i < s->n; i++) {
        if (root != NULL) s->dual[i] *= root[i];
        if (!isfinite(s->dual[i]))
            status =
                mlsd__fail(MLSD_E_NUMERIC, "the coefficients overflow; raise 'alpha', or scale "
                                           "the target down");
    }
    mlsd__free(scope->allocator, root);
    return status;
}

static mlsd_status fit(mlsd__scope *scope, const mlsd_spec *spec, const mlsd__train *train,
                       void **out_state)
{
    const params *const p = mlsd__spec_params(spec);
    double *x = NULL;
    state *s = NULL;
    MLSD__TRY(mlsd__frame_materialize(scope, train->x, &x));
    MLSD__TRY(state_new(scope->allocator, p, x, train->x->n_rows, train->x->n_features, &s));
    const mlsd_status status = find_dual(scope, train, p->alpha, s);
    if (status != MLSD_OK) {
        free_state(scope->allocator, s);
        return status;
    }
    *out_state = s;
    return MLSD_OK;
}

static int64_t chunk_of(const state *s)
{
    return s->n < CHUNK ? s->n : CHUNK;
}

/* The row as the kernel wants it, its square, and its kernel with a chunk. */
static int64_t scratch_width(const void *state_)
{
    const state *const s = state_;
    return s->p + 1 + chunk_of(s);
}

static int64_t block_rows(const void *state_)
{
    (void)state_;
    return PREDICTED;
}

static mlsd_status predict_long(mlsd__scope *scope, const void *state_, const double *x, int64_t n,
                                int64_t ld, mlsd_output what, double *out, double *scratch)
{
    (void)what;
    const state *const s = state_;
    const int64_t p = s->p, chunk = chunk_of(s);
    double *const rows = scratch, *const squares = rows + n * p, *const values = squares + n;
    for (int64_t i = 0; i < n; i++) {
        squares[i] = mlsd__kernel_row(&s->kernel, p, s->origin, x + i * ld, rows + i * p);
        out[i] = 0;
    }
    for (int64_t at = 0; at < s->n; at += chunk) {
        if (scope != NULL) MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n_here = s->n - at < chunk ? s->n - at : chunk;
        mlsd__kernel_block(&s->kernel, p, rows, squares, n, s->used + at * p, s->squares + at,
                           n_here, values, n_here);
        for (int64_t i = 0; i < n; i++)
            out[i] += mlsd__dot(values + i * n_here, s->dual + at, n_here);
    }
    if (!mlsd__any_nonfinite(out, n)) return MLSD_OK;
    return mlsd__fail(MLSD_E_NUMERIC,
                      "the kernel of a row with those of the training set overflows; "
                      "scale the columns (a standardize step does)");
}

static const char *attribute(const void *state_, int64_t i, const double **data, int64_t *rows,
                             int64_t *cols)
{
    const state *const s = state_;
    static const char *const names[] = {"dual_coef", "X_fit"};
    if (i >= MLSD__COUNT(names)) return NULL;
    *data = i == 0 ? s->dual : s->x;
    *rows = i == 0 ? 1 : s->n;
    *cols = i == 0 ? s->n : s->p;
    return names[i];
}

static mlsd_status save(const void *state_, mlsd__writer *w)
{
    const state *const s = state_;
    mlsd__put_f64s(w, s->dual, s->n);
    mlsd__put_f64s(w, s->x, s->n * s->p);
    return w->status;
}

static mlsd_status load(mlsd__reader *r, const mlsd_spec *spec, const mlsd__feature *features,
                        int64_t n_features, int64_t n_classes, void **out_state)
{
    (void)features, (void)n_classes;
    int64_t n = 0, n_x = 0;
    state *s = NULL;
    *out_state = NULL;
    double *const dual = mlsd__take_f64s(r, &n), *const x = mlsd__take_f64s(r, &n_x);
    mlsd_status status = r->status;
    if (status == MLSD_OK && (n < 1 || n_x % n != 0 || n_x / n != n_features ||
                              mlsd__any_nonfinite(x, n_x) || mlsd__any_nonfinite(dual, n)))
        status = mlsd__fail(MLSD_E_CORRUPT, "the training rows in the file do not fit");
    if (status == MLSD_OK)
        status = state_new(r->allocator, mlsd__spec_params(spec), x, n, n_features, &s);
    else
        mlsd__free(r->allocator, x);
    if (status == MLSD_OK) memcpy(s->dual, dual, (size_t)n * sizeof *dual);
    mlsd__free(r->allocator, dual);
    *out_state = s;
    return status;
}

static const mlsd__path_ops path;

static const mlsd__estimator_ops ops = {
    .regresses = true,
    .path = &path,
    .fit = fit,
    .predict_long = predict_long,
    .scratch_width = scratch_width,
    .block_rows = block_rows,
    .attribute = attribute,
    .save = save,
    .load = load,
    .free_state = free_state,
};

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Settings that differ in alpha have the same kernel. */
static bool shares(const mlsd_spec *a, const mlsd_spec *b)
{
    const params *const p = mlsd__spec_params(a), *const q = mlsd__spec_params(b);
    return p->kernel == q->kernel && same_number(p->gamma, q->gamma) && p->degree == q->degree &&
           p->coef0 == q->coef0;
}

/* Coefficients of all settings, one row of n each. */
typedef struct ladder {
    int64_t n_settings;
    double *alphas;
    double *right; /* S y */
    double *dual;  /* n_settings x n */
    bool *is_solved;
} ladder;

static bool is_semidefinite(const params *p)
{
    return p->kernel == MLSD__KERNEL_LINEAR || p->kernel == MLSD__KERNEL_RBF ||
           p->kernel == MLSD__KERNEL_LAPLACIAN || p->kernel == MLSD__KERNEL_COSINE;
}

/* One tridiagonal form for all penalties that are above rounding beside the kernel: the others, and
 * few, are left as they are. */
static mlsd_status solve_ladder(mlsd__scope *scope, job *b, ladder *l)
{
    const int64_t n = b->s->n;
    int64_t n_cells = 0;
    MLSD__TRY(mlsd__mul_size(n, n, &n_cells));
    b->matrix = mlsd__alloc_raw(scope->allocator, n_cells, sizeof *b->matrix);
    if (b->matrix == NULL) return MLSD_E_NOMEM;
    b->alpha = 0;
    mlsd_status status = fill_matrix(scope, b);
    double trace = 0;
    for (int64_t i = 0; status == MLSD_OK && i < n; i++) trace += b->matrix[i * n + i];
    if (status == MLSD_OK)
        status =
            mlsd__penalty_path(scope, n, 1, b->matrix, l->right, l->alphas, l->n_settings, l->dual);
    for (int64_t k = 0; status == MLSD_OK && k < l->n_settings; k++)
        l->is_solved[k] =
            l->alphas[k] > SAFE_SHARE * trace && !mlsd__any_nonfinite(l->dual + k * n, n);
    mlsd__free(scope->allocator, b->matrix);
    return status;
}

static mlsd_status ladder_open(ladder *l, const mlsd__allocator *a, const mlsd__path_fold *fold,
                               int64_t n)
{
    int64_t size = 0;
    *l = (ladder){.n_settings = fold->n_settings};
    MLSD__TRY(mlsd__mul_size(l->n_settings, n, &size));
    l->alphas = mlsd__alloc(a, l->n_settings, sizeof *l->alphas);
    l->right = mlsd__alloc(a, n, sizeof *l->right);
    l->dual = mlsd__alloc(a, size, sizeof *l->dual);
    l->is_solved = mlsd__alloc(a, l->n_settings, sizeof *l->is_solved);
    if (l->alphas == NULL || l->right == NULL || l->dual == NULL || l->is_solved == NULL)
        return MLSD_E_NOMEM;
    for (int64_t k = 0; k < l->n_settings; k++)
        l->alphas[k] = ((const params *)mlsd__spec_params(fold->settings[k]))->alpha;
    return MLSD_OK;
}

static void ladder_close(ladder *l, const mlsd__allocator *a)
{
    mlsd__free(a, l->alphas);
    mlsd__free(a, l->right);
    mlsd__free(a, l->dual);
    mlsd__free(a, l->is_solved);
}

/* Coefficients by the ladder where that is sound, otherwise as alone. */
static mlsd_status find_duals(mlsd__scope *scope, const mlsd__path_fold *fold, state *s, ladder *l)
{
    const mlsd__train *const t = fold->train;
    const params *const p = mlsd__spec_params(fold->settings[0]);
    double *root = NULL;
    if (t->weight != NULL) {
        root = mlsd__alloc_raw(scope->allocator, s->n, sizeof *root);
        if (root == NULL) return MLSD_E_NOMEM;
        for (int64_t i = 0; i < s->n; i++) root[i] = sqrt(t->weight[i]);
    }
    for (int64_t i = 0; i < s->n; i++) l->right[i] = t->y[i] * (root != NULL ? root[i] : 1);
    job b = {.s = s, .root = root};
    mlsd_status status = MLSD_OK;
    if (is_semidefinite(p) && l->n_settings >= FEWEST_ALPHAS) status = solve_ladder(scope, &b, l);
    for (int64_t k = 0; status == MLSD_OK && k < l->n_settings; k++) {
        double *const dual = l->dual + k * s->n;
        if (l->is_solved[k]) {
            for (int64_t i = 0; root != NULL && i < s->n; i++) dual[i] *= root[i];
            continue;
        }
        status = find_dual(scope, t, l->alphas[k], s);
        memcpy(dual, s->dual, (size_t)s->n * sizeof *dual);
    }
    mlsd__free(scope->allocator, root);
    return status;
}

/* Predictions of all settings for n rows, from kernels that are made once: as predict_long. */
static mlsd_status predict_ladder(mlsd__scope *scope, const state *s, const ladder *l,
                                  const double *x, int64_t n, int64_t ld, double *scratch,
                                  double *out, int64_t stride)
{
    const int64_t p = s->p, chunk = chunk_of(s);
    double *const rows = scratch, *const squares = rows + n * p, *const values = squares + n;
    for (int64_t i = 0; i < n; i++)
        squares[i] = mlsd__kernel_row(&s->kernel, p, s->origin, x + i * ld, rows + i * p);
    for (int64_t k = 0; k < l->n_settings; k++)
        memset(out + k * stride, 0, (size_t)n * sizeof *out);
    for (int64_t at = 0; at < s->n; at += chunk) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n_here = s->n - at < chunk ? s->n - at : chunk;
        mlsd__kernel_block(&s->kernel, p, rows, squares, n, s->used + at * p, s->squares + at,
                           n_here, values, n_here);
        for (int64_t k = 0; k < l->n_settings; k++)
            for (int64_t i = 0; i < n; i++)
                out[k * stride + i] +=
                    mlsd__dot(values + i * n_here, l->dual + k * s->n + at, n_here);
    }
    for (int64_t k = 0; k < l->n_settings; k++)
        if (mlsd__any_nonfinite(out + k * stride, n))
            return mlsd__fail(MLSD_E_NUMERIC,
                              "the kernel of a row with those of the training set overflows; "
                              "scale the columns (a standardize step does)");
    return MLSD_OK;
}

static mlsd_status take_part(mlsd__scope *scope, const mlsd__path_fold *fold, const state *s,
                             const ladder *l, int64_t part, bool *out_taken)
{
    const mlsd__allocator *const a = scope->allocator;
    const mlsd__frame *const frame = &fold->parts[part];
    const int64_t n_rows = frame->n_rows, p = s->p;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(n_rows, l->n_settings, &size));
    double *const out = mlsd__alloc_raw(a, size, sizeof *out);
    double *const scratch = mlsd__alloc_raw(
        a, PREDICTED * (scratch_width(s) + p) + mlsd__frame_scratch(frame, PREDICTED), sizeof *out);
    mlsd_status status = out == NULL || scratch == NULL ? MLSD_E_NOMEM : MLSD_OK;
    double *const x = scratch == NULL ? NULL : scratch + PREDICTED * scratch_width(s);
    for (int64_t first = 0; status == MLSD_OK && first < n_rows; first += PREDICTED) {
        const int64_t n = n_rows - first < PREDICTED ? n_rows - first : PREDICTED;
        mlsd__frame_read(frame, first, n, x, x + PREDICTED * p);
        status = predict_ladder(scope, s, l, x, n, p, scratch, out + first, n_rows);
    }
    for (int64_t k = 0; status == MLSD_OK && k < l->n_settings; k++) {
        *out_taken = true;
        status = fold->sink->take(fold->sink->user, scope, fold->split, k, part, out + k * n_rows);
    }
    mlsd__free(a, out);
    mlsd__free(a, scratch);
    return status;
}

static mlsd_status run(mlsd__scope *scope, const mlsd__path_fold *fold)
{
    const mlsd__allocator *const a = scope->allocator;
    const params *const p = mlsd__spec_params(fold->settings[0]);
    const int64_t n = fold->train->x->n_rows;
    bool is_taken = false;
    double *x = NULL;
    state *s = NULL;
    ladder l = {0};
    mlsd_status status = mlsd__path_require_finite(scope, fold);
    if (status == MLSD_OK) status = ladder_open(&l, a, fold, n);
    if (status == MLSD_OK) status = mlsd__frame_materialize(scope, fold->train->x, &x);
    if (status == MLSD_OK) status = state_new(a, p, x, n, fold->train->x->n_features, &s);
    if (status == MLSD_OK) status = find_duals(scope, fold, s, &l);
    for (int64_t part = 0; status == MLSD_OK && part < fold->n_parts; part++)
        status = take_part(scope, fold, s, &l, part, &is_taken);
    if (mlsd__path_is_about_data(status) && !is_taken) status = mlsd__path_fail_all(fold, status);
    free_state(a, s);
    ladder_close(&l, a);
    return status;
}

static const mlsd__path_ops path = {
    .run_plan = "one kernel matrix, and one tridiagonal form of it, for all penalties",
    .shares = shares,
    .run = run,
};

static const mlsd_param table[] = {
    MLSD__P_F64(params, alpha, 0, INFINITY, MLSD__OPEN_UPPER, "1.0", "log",
                "Strength of the penalty"),
    MLSD__P_CHOICE(params, kernel, kernel_names, "\"linear\"", "How alike two rows are"),
    MLSD__P_F64_NULL(params, gamma, 0, INFINITY, MLSD__OPEN_UPPER, "null",
                     "How fast likeness falls, or the factor of the product; null: 1 / columns"),
    MLSD__P_F64(params, degree, 0, INFINITY, MLSD__OPEN_UPPER, "3.0", NULL,
                "Power of the polynomial kernel"),
    MLSD__P_F64(params, coef0, -INFINITY, INFINITY, MLSD__OPEN_LOWER | MLSD__OPEN_UPPER, "1.0",
                NULL, "What polynomial and sigmoid kernels add to the product"),
};

const mlsd_kind mlsd__kind_kernel_ridge = {
    .name = "kernel_ridge",
    .family = "estimator",
    .doc = "Ridge regression in the space of a kernel",
    .params = table,
    .n_params = MLSD__COUNT(table),
    .params_size = sizeof(params),
    .ops = &ops,
    .traits = "{\"tasks\":[\"regression\"],\"iterative\":false,\"proba\":false,"
              "\"sklearn\":\"KernelRidge\"}",
};
