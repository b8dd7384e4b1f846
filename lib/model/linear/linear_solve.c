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

/* Out = op(A) B, A p x p, B p x t. */
static void multiply(bool trans, int64_t p, int64_t t, const double *a, const double *b,
                     double *out)
{
    if (t == 1)
        mlsd__gemv(trans, p, p, 1, a, p, b, 0, out);
    else
        mlsd__gemm(trans, false, p, t, p, 1, a, p, b, t, 0, out, t);
}

/* X = V diag(1 / l) V' B over the eigenvalues that are not rounding. */
static mlsd_status pseudo_inverse(mlsd__scope *scope, int64_t p, int64_t t, double *a,
                                  const double *b, double *x)
{
    const mlsd__allocator *const allocator = scope->allocator;
    double *const values = mlsd__alloc_raw(allocator, p + p * t, sizeof *values);
    if (values == NULL) return MLSD_E_NOMEM;
    double *const turned = values + p;
    const mlsd_status status = mlsd__syev(scope, p, a, p, values);
    if (status == MLSD_OK) {
        const double smallest = PIVOT_SLACK * DBL_EPSILON * (double)p * fabs(values[p - 1]);
        multiply(true, p, t, a, b, turned);
        for (int64_t j = 0; j < p; j++)
            for (int64_t k = 0; k < t; k++)
                turned[j * t + k] = values[j] > smallest ? turned[j * t + k] / values[j] : 0;
        multiply(false, p, t, a, turned, x);
    }
    mlsd__free(allocator, values);
    return status;
}

mlsd_status mlsd__linear_solve(mlsd__scope *scope, int64_t p, int64_t t, double *a, const double *b,
                               double alpha, double *x)
{
    if (p == 0) return MLSD_OK;
    const mlsd__allocator *const allocator = scope->allocator;
    double *const diagonal = mlsd__alloc_raw(allocator, p + p * p, sizeof *diagonal);
    if (diagonal == NULL) return MLSD_E_NOMEM;
    double *const kept = diagonal + p;
    mlsd_status status = MLSD_OK;
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
        memcpy(x, b, (size_t)(p * t) * sizeof *x);
        mlsd__potrs(p, t, a, p, x, t);
    } else {
        status = pseudo_inverse(scope, p, t, kept, b, x);
    }
out:
    mlsd__free(allocator, diagonal);
    return status;
}
