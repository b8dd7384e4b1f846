/* linear_root.c - a root of the inverse of Z'Z, from which all standard errors follow. Z are the
 * rows sqrt(w) [x - mean, 1].
 *
 * The inverse W of the triangle R is one up to condition x rounding. The rows Z W, formed in
 * double-double and rounded once, have columns that are nearly orthonormal, so that their products
 * U'U = (Z W)'(Z W) are right to the last digits in plain doubles, and so is W U^-1:
 * (Z'Z)^-1 = W (U'U)^-1 W'. It is the second pass of Cholesky QR (Yamamoto, Nakatsukasa, Yanagisawa
 * & Fukaya 2015, ETNA 44) with the condition taken out of the product by the longer sums. */
#include <math.h>
#include <string.h>

#include "model/linear/linear_fit.h"
#include "model/row_pass.h"
#include "numeric/blas.h"
#include "numeric/least_squares.h"

/* Products up to which the root is always corrected: some 20 ms. */
static const double FREE_WORK = 1e7;
/* Products of rows turned between looks whether to go on. */
enum { STRIP_WORK = 1 << 20 };
/* Condition from which it is corrected at any price: below, R alone leaves 9 digits or more. */
static const double POOR_CONDITION = 1e6;

typedef struct root_job {
    const mlsd__linear_fit *fit;
    const double *root;              /* rows of `width`: W, and the intercept's */
    const double *shift, *shift_low; /* p: mean'W */
    int64_t width, n_groups;
    double *products; /* n_groups x width x width: (Z W)'(Z W), upper */
} root_job;

/* Rows of Z W. */
static void turn_rows(const root_job *job, const double *x, int64_t first, int64_t n, int64_t ld,
                      double *out, double *low)
{
    const mlsd__linear_fit *const fit = job->fit;
    const double *const weight = fit->train->weight;
    const int64_t p = fit->p, width = job->width;
    mlsd__multiply_rows(p, x, n, ld, job->root, job->shift, job->shift_low, width, out, low);
    for (int64_t i = 0; i < n; i++) {
        double *const row = out + i * width;
        if (width > p) row[p] = job->root[p * width + p];
        if (weight == NULL) continue;
        const double size = sqrt(weight[first + i]);
        for (int64_t k = 0; k < width; k++) row[k] *= size;
    }
}

static mlsd_status root_group(void *arg, int64_t group, mlsd__scope *scope)
{
    const root_job *const job = arg;
    const mlsd__frame *const frame = job->fit->train->x;
    const mlsd__allocator *const a = scope->allocator;
    const int64_t width = job->width;
    const int64_t n_most = frame->n_rows < MLSD__BLOCK_ROWS ? frame->n_rows : MLSD__BLOCK_ROWS;
    const int64_t n_strip = 1 + STRIP_WORK / (width * width);
    mlsd__row_reader reader = {0};
    double *const rows = mlsd__alloc_raw(a, (n_most + 1) * width, sizeof *rows);
    mlsd_status status = rows == NULL ? MLSD_E_NOMEM : mlsd__row_reader_open(&reader, a, frame);
    int64_t block, last;
    mlsd__row_group(frame->n_rows, job->n_groups, group, &block, &last);
    for (; status == MLSD_OK && block < last; block++) {
        int64_t first, n, ld;
        const double *const x = mlsd__row_reader_block(&reader, block, &first, &n, &ld);
        for (int64_t i = 0, m; status == MLSD_OK && i < n; i += m) {
            m = n - i < n_strip ? n - i : n_strip;
            turn_rows(job, x + i * ld, first + i, m, ld, rows + i * width, rows + n_most * width);
            status = mlsd__checkpoint(scope);
        }
        mlsd__syrk(n, width, 1, rows, width, 1, job->products + group * width * width, width);
        status = mlsd__checkpoint(scope);
    }
    mlsd__free(a, rows);
    if (reader.frame != NULL) mlsd__row_reader_close(&reader);
    return status;
}

/* root U^-1 in place of root. */
static mlsd_status correct(mlsd__scope *scope, root_job *job, double *root)
{
    const int64_t width = job->width, size = width * width;
    bool is_definite;
    MLSD__TRY(mlsd__parallel_for(scope, job->n_groups, root_group, job));
    for (int64_t g = 1; g < job->n_groups; g++)
        for (int64_t i = 0; i < size; i++) job->products[i] += job->products[g * size + i];
    if (mlsd__any_nonfinite(job->products, size)) return MLSD_OK;
    mlsd__potrf(width, job->products, width, &is_definite);
    for (int64_t i = 0; is_definite && i < width; i++) {
        mlsd__solve_transposed_upper(width, job->products, width, root + i * width);
        MLSD__TRY(mlsd__checkpoint(scope));
    }
    return MLSD_OK;
}

static bool is_worthwhile(const mlsd__linear_fit *fit)
{
    const double work = (double)fit->train->x->n_rows * (double)fit->p * (double)(fit->p + 1) / 2;
    return fit->n_passes > 0 && (work <= FREE_WORK || fit->condition > POOR_CONDITION);
}

/* The inverse of R where the rank is full, V diag(1 / s) where not; in the columns' own units. */
static void invert(const mlsd__linear_fit *fit, int64_t width, double *root)
{
    const int64_t p = fit->p;
    if (fit->rank == p) mlsd__invert_upper(p, fit->r, fit->q, root, width);
    for (int64_t i = 0; i < p; i++)
        for (int64_t k = 0; k < fit->rank; k++) {
            if (fit->rank == p)
                root[i * width + k] *= fit->scale[i];
            else
                root[i * width + k] = fit->vt[k * p + i] / fit->s[k];
        }
}

/* shift + shift_low = mean'root. */
static void find_shift(const mlsd__linear_fit *fit, int64_t width, const double *root,
                       double *shift, double *shift_low)
{
    for (int64_t k = 0; k < fit->p; k++) {
        mlsd__dd sum = {0, 0};
        for (int64_t i = 0; i < fit->p; i++)
            sum = mlsd__dd_add(sum, mlsd__two_product(fit->mean[i], root[i * width + k]));
        shift[k] = sum.hi;
        shift_low[k] = sum.lo;
    }
}

mlsd_status mlsd__linear_root(mlsd__scope *scope, const mlsd__linear_fit *fit, double *root)
{
    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = fit->p, width = p + (fit->has_intercept ? 1 : 0);
    if (width == 0) return MLSD_OK;
    root_job job = {.fit = fit, .root = root, .width = width};
    int64_t size, products;
    MLSD__TRY(mlsd__mul_size(width, width, &size));
    job.n_groups = is_worthwhile(fit) ? mlsd__row_groups(fit->train->x->n_rows, size) : 0;
    MLSD__TRY(mlsd__mul_size(job.n_groups, size, &products));
    double *const room = mlsd__alloc(a, products + 2 * p, sizeof *room);
    if (room == NULL) return MLSD_E_NOMEM;
    double *const shift = room + products;
    job.products = room;
    job.shift = shift;
    job.shift_low = shift + p;
    invert(fit, width, root);
    find_shift(fit, width, root, shift, shift + p);
    if (fit->has_intercept) {
        for (int64_t k = 0; k < p; k++) root[p * width + k] = -shift[k];
        root[p * width + p] = 1 / sqrt(fit->weight);
    }
    const mlsd_status status = job.n_groups > 0 ? correct(scope, &job, root) : MLSD_OK;
    mlsd__free(a, room);
    return status;
}
