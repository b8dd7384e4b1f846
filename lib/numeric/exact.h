/* exact.h - linear algebra in a fixed order of summation: the same bytes on every processor, with
 * every compiler and every number of threads. Shapes and meanings are blas.h's. */
#ifndef MLSD_NUMERIC_EXACT_H
#define MLSD_NUMERIC_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"
#include "numeric/tile_product.h"

/* The instruction set that products are computed with here: "sse2", "avx2", "avx512", "neon" or
 * "plain". Their bits agree. */
const char *mlsd__exact_name(void);

/* As in tile_product.h. */
void mlsd__exact_gemm(bool only_upper, bool trans_a, bool trans_b, int64_t m, int64_t n, int64_t k,
                      double alpha, const double *a, int64_t lda, const double *b, int64_t ldb,
                      double beta, double *c, int64_t ldc);
void mlsd__exact_gemv(bool trans, int64_t m, int64_t n, double alpha, const double *a, int64_t lda,
                      const double *x, double beta, double *y);

/* Cholesky A = U'U in place (upper), and solves with it. */
void mlsd__exact_potrf(int64_t p, double *a, int64_t lda, bool *out_ok);
void mlsd__exact_potrs(int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                       int64_t ldb);

/* B = op(U)^-1 B in place. */
void mlsd__exact_trsm(bool trans, int64_t p, int64_t nrhs, const double *u, int64_t ldu, double *b,
                      int64_t ldb);

/* R of A = QR, A spoiled, r zero-filled below its diagonal. */
mlsd_status mlsd__exact_qr_r(mlsd__scope *scope, int64_t m, int64_t n, double *a, int64_t lda,
                             double *r);
/* Eigenvalues ascending and eigenvectors (columns of A on return), upper triangle given, finite. */
mlsd_status mlsd__exact_syev(mlsd__scope *scope, int64_t p, double *a, int64_t lda, double *values);
/* A = Q T Q', and rows turned by Q or Q'. */
mlsd_status mlsd__exact_tridiagonal(mlsd__scope *scope, int64_t p, double *a, int64_t lda,
                                    double *d, double *e, double *tau);
void mlsd__exact_tridiagonal_turn(bool trans, int64_t p, const double *a, int64_t lda,
                                  const double *tau, int64_t m, double *rows);
/* A = U diag(s) Vt, s descending; A (p x p, finite) is spoiled. */
mlsd_status mlsd__exact_svd(mlsd__scope *scope, int64_t p, double *a, double *u, double *s,
                            double *vt);
/* The values alone, in a fraction of the time; errors are roundings of the largest. */
mlsd_status mlsd__exact_singular_values(mlsd__scope *scope, int64_t p, double *a, double *s);

#endif
