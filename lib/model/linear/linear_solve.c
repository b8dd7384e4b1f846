/* linear_solve.c - Cholesky where the matrix is safely positive definite, otherwise the
 * pseudo-inverse by eigenvalues. */
#include "model/linear/linear_solve.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "numeric/blas.h"
#include "numeric/sum.h"

/* A pivot of Cholesky that has lost this share of its diagonal element is rounding: column j is
 * then a combination of those before it. The factor over eps * p leaves room for the errors of the
 * sums. */
static const double PIVOT_SLACK = 8;

/* U'U = A in place; false where a pivot cannot be told from 0. `diagonal` is A's. */
static bool factorize(int64_t p, double *a, const double *diagonal)
{
    bool ok;
    mlsd__potrf(p, a, p, &ok);
    const double smallest = PIVOT_SLACK * DBL_EPSILON * (double)p;
    for (int64_t j = 0; ok && j < p; j++) ok = a[j * p + j] * a[j * p + j] > smallest * diagonal[j];
    return ok;
}

/* x = V diag(1 / l) V' b over the eigenvalues that are not rounding. */
static mlsd_status pseudo_inverse(mlsd__scope *scope, int64_t p, double *a, const double *b,
                                  double *x)
{
    const mlsd__allocator *const allocator = scope->allocator;
    double *const values = mlsd__alloc_raw(allocator, 2 * p, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    double *const turned = values + p;
    const mlsd_status status = mlsd__syev(scope, p, a, p, values);
    if (status == MLSD_OK) {
        const double smallest = PIVOT_SLACK * DBL_EPSILON * (double)p * fabs(values[p - 1]);
        mlsd__gemv(true, p, p, 1, a, p, b, 0, turned);
        for (int64_t j = 0; j < p; j++)
            turned[j] = values[j] > smallest ? turned[j] / values[j] : 0;
        mlsd__gemv(false, p, p, 1, a, p, turned, 0, x);
    }
    mlsd__free(allocator, values);
    return status;
}

mlsd_status mlsd__linear_solve(mlsd__scope *scope, int64_t p, double *a, const double *b,
                               double alpha, double *x)
{
    if (p == 0) return MLSD_OK;
    const mlsd__allocator *const allocator = scope->allocator;
    double *const diagonal = mlsd__alloc_raw(allocator, p, sizeof *diagonal);
    double *const kept = mlsd__alloc_raw(allocator, p * p, sizeof *kept);
    mlsd_status status = diagonal == NULL || kept == NULL ? MLSD_E_NOMEM : MLSD_OK;
    if (status != MLSD_OK) goto out;
    for (int64_t j = 0; j < p; j++) {
        a[j * p + j] += alpha;
        /* A constant column without penalty: no equation, slope 0. */
        if (a[j * p + j] == 0) a[j * p + j] = 1;
        diagonal[j] = a[j * p + j];
        if (!isfinite(diagonal[j])) {
            status =
                mlsd__fail(MLSD_E_NUMERIC, "the sums of squares overflow; scale the columns or "
                                           "the target down (a standardize step does)");
            goto out;
        }
    }
    memcpy(kept, a, (size_t)(p * p) * sizeof *kept);
    if (factorize(p, a, diagonal)) {
        memcpy(x, b, (size_t)p * sizeof *x);
        mlsd__potrs(p, 1, a, p, x, 1);
    } else {
        status = pseudo_inverse(scope, p, kept, b, x);
    }
out:
    mlsd__free(allocator, kept);
    mlsd__free(allocator, diagonal);
    return status;
}
