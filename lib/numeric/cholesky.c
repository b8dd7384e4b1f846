/* cholesky.c - by blocks of rows (Golub & Van Loan 2013, 4.2.9, the outer product form): factorise
 * the block on the diagonal, solve for the rest of its rows, take their products off what is below.
 * The last is nearly all of the work, and its blocks do not wait for each other. */
#include "numeric/cholesky.h"

#include <float.h>

#include "numeric/blas.h"

enum {
    BLOCK = 192,
    WIDE = 2048 /* columns that a block is multiplied with before it looks whether to go on */
};

/* As in linear_solve.c: a pivot that lost this share of its diagonal element, times eps n, is
 * rounding. */
static const double PIVOT_SLACK = 8;

typedef struct job {
    int64_t n, first, size; /* rows of the block */
    double *a;
} job;

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static mlsd_status solve_columns(void *arg, int64_t task, mlsd__scope *scope)
{
    (void)scope;
    const job *const j = arg;
    const int64_t column = j->first + j->size + task * BLOCK;
    const double *const diagonal = j->a + j->first * j->n + j->first;
    mlsd__trsm(true, j->size, least(BLOCK, j->n - column), diagonal, j->n,
               j->a + j->first * j->n + column, j->n);
    return MLSD_OK;
}

static mlsd_status take_off(void *arg, int64_t task, mlsd__scope *scope)
{
    const job *const j = arg;
    const int64_t n = j->n, row = j->first + j->size + task * BLOCK;
    const int64_t size = least(BLOCK, n - row);
    const double *const solved = j->a + j->first * n;
    mlsd__syrk(j->size, size, -1, solved + row, n, 1, j->a + row * n + row, n);
    for (int64_t column = row + size; column < n; column += WIDE) {
        MLSD__TRY(mlsd__checkpoint(scope));
        mlsd__gemm(true, false, size, least(WIDE, n - column), j->size, -1, solved + row, n,
                   solved + column, n, 1, j->a + row * n + column, n);
    }
    return MLSD_OK;
}

/* The block on the diagonal; `before` are the diagonal elements of A there. */
static bool factorise_block(const job *j, const double *before)
{
    double *const block = j->a + j->first * j->n + j->first;
    bool ok = false;
    mlsd__potrf(j->size, block, j->n, &ok);
    const double smallest = PIVOT_SLACK * DBL_EPSILON * (double)j->n;
    for (int64_t i = 0; ok && i < j->size; i++) {
        const double pivot = block[i * j->n + i];
        ok = pivot * pivot > smallest * before[j->first + i];
    }
    return ok;
}

mlsd_status mlsd__cholesky(mlsd__scope *scope, int64_t n, double *a, bool *out_ok)
{
    *out_ok = true;
    double *const before = mlsd__alloc_raw(scope->allocator, n, sizeof *before);
    if (before == NULL) return MLSD_E_NOMEM;
    for (int64_t i = 0; i < n; i++) before[i] = a[i * n + i];
    mlsd_status status = MLSD_OK;
    for (int64_t first = 0; status == MLSD_OK && *out_ok && first < n; first += BLOCK) {
        job j = {.n = n, .first = first, .size = least(BLOCK, n - first), .a = a};
        status = mlsd__checkpoint(scope);
        if (status != MLSD_OK) break;
        *out_ok = factorise_block(&j, before);
        const int64_t n_below = n - first - j.size, n_tasks = (n_below + BLOCK - 1) / BLOCK;
        if (!*out_ok || n_below <= 0) break;
        status = mlsd__parallel_for(scope, n_tasks, solve_columns, &j);
        if (status == MLSD_OK) status = mlsd__parallel_for(scope, n_tasks, take_off, &j);
    }
    mlsd__free(scope->allocator, before);
    return status;
}
