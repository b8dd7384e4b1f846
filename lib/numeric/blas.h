/* blas.h - the one door to BLAS and LAPACK. Row-major, double; sizes int64 (checked against int32
 * behind the door). Where the thread computes with numerics = exact (base/scope.h), the kernels of
 * numeric/exact.h do the work instead: a new function needs both. */
#ifndef MLSD_NUMERIC_BLAS_H
#define MLSD_NUMERIC_BLAS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* Open a top-level scope and hold OpenBLAS's own threading at one until it closes (counted over the
 * process, so that concurrent calls nest; the old number comes back with the last). Not where the
 * context wants exact numerics, which does without OpenBLAS. */
mlsd_status mlsd__numeric_open(mlsd__scope *scope, const mlsd_context *context);

/* C (m x n) = alpha op(A) op(B) + beta C; ld* are row strides. */
void mlsd__gemm(bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k, double alpha,
                const double *a, int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                int64_t ldc);
/* Upper triangle of C (p x p) = alpha A'A + beta C, A is n x p. */
void mlsd__syrk(int64_t n, int64_t p, double alpha, const double *a, int64_t lda, double beta,
                double *c, int64_t ldc);
/* y = alpha op(A) x + beta y, A is m x n. */
void mlsd__gemv(bool trans, int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                const double *x, double beta, double *y);
/* Symmetric positive definite solve in place, upper triangle of A (p x p) given: B (p x nrhs).
 * *out_ok false when A is not positive definite (A and B are then spoiled). */
void mlsd__posv(int64_t p, int64_t nrhs, double *a, int64_t lda, double *b, int64_t ldb,
                bool *out_ok);
/* Cholesky A = U'U in place (upper), and solves with it. */
void mlsd__potrf(int64_t p, double *a, int64_t lda, bool *out_ok);
void mlsd__potrs(int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b, int64_t ldb);
/* B (p x nrhs) = op(U)^-1 B in place, U upper triangular. */
void mlsd__trsm(bool trans, int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                int64_t ldb);
/* All eigenvalues ascending and eigenvectors (columns of A on return) of a symmetric A, upper
 * given. */
mlsd_status mlsd__syev(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *values);
/* A = Q T Q' of a symmetric A (p x p, upper given): T has the diagonal d (p) and e (p - 1) beside
 * it; Q stays in A (spoiled) and tau (p) as reflections. A third of the work of eigenvectors, and
 * all that solving (A + alpha I) x = b for many alpha needs. */
mlsd_status mlsd__tridiagonal(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *d,
                              double *e, double *tau);
/* Each of m rows of p numbers, one after the other, becomes Q x, or Q'x (trans). */
mlsd_status mlsd__tridiagonal_turn(mlsd__scope *scope, bool trans, int64_t p, const double *a,
                                   int64_t lda, const double *tau, int64_t m, double *rows);
/* R of A = QR (m x n, row-major, A is spoiled): r is n x n, upper, zero-filled below; m may be < n.
 */
mlsd_status mlsd__qr_r(mlsd__scope *scope, int64_t m, int64_t n, double *a, int64_t lda, double *r);
/* SVD of a small square A (p x p, spoiled): A = U diag(s) Vt; s alone where u and vt are NULL. */
mlsd_status mlsd__svd(mlsd__scope *scope, int64_t p, double *a, double *u, double *s, double *vt);

/* What BLAS this is: "OpenBLAS 0.3.21 ... SkylakeX MAX_THREADS=64", and its core. Static texts. */
const char *mlsd__blas_config(void);
const char *mlsd__blas_core(void);

#endif
