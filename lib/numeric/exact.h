/* exact.h - linear algebra in a fixed order of summation: the same bytes on every processor, with
 * every compiler and every number of threads. Shapes and meanings are blas.h's. */
#ifndef MLSD_NUMERIC_EXACT_H
#define MLSD_NUMERIC_EXACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/scope.h"

/* Instruction sets the products are compiled for; their bits agree. */
typedef enum mlsd__exact_isa {
    MLSD__EXACT_BASE,
    MLSD__EXACT_AVX2,
    MLSD__EXACT_AVX512,
    MLSD__EXACT_N_ISAS
} mlsd__exact_isa;
bool mlsd__exact_has(mlsd__exact_isa isa);
/* The best one that this processor has. */
mlsd__exact_isa mlsd__exact_best(void);
const char *mlsd__exact_name(mlsd__exact_isa isa);

/* C = alpha op(A) op(B) + beta C; each sum runs over k in order, from 0, and is then scaled. C is
 * not read where beta is 0. `only_upper` leaves the part below C's diagonal as it is. */
void mlsd__exact_gemm_on(mlsd__exact_isa isa, bool only_upper, bool trans_a, bool trans_b,
                         int64_t m, int64_t n, int64_t k, double alpha, const double *a,
                         int64_t lda, const double *b, int64_t ldb, double beta, double *c,
                         int64_t ldc);
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
/* A = U diag(s) Vt, s descending; A (p x p, finite) is spoiled. */
mlsd_status mlsd__exact_svd(mlsd__scope *scope, int64_t p, double *a, double *u, double *s,
                            double *vt);

#endif
