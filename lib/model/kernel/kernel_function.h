/* kernel_function.h - similarities of rows. */
#ifndef MLSD_MODEL_KERNEL_KERNEL_FUNCTION_H
#define MLSD_MODEL_KERNEL_KERNEL_FUNCTION_H

#include <stdint.h>

typedef enum mlsd__kernel_kind {
    MLSD__KERNEL_LINEAR,
    MLSD__KERNEL_RBF,
    MLSD__KERNEL_POLYNOMIAL,
    MLSD__KERNEL_LAPLACIAN,
    MLSD__KERNEL_SIGMOID,
    MLSD__KERNEL_COSINE
} mlsd__kernel_kind;

typedef struct mlsd__kernel {
    mlsd__kernel_kind kind;
    double gamma, degree, coef0;
} mlsd__kernel;

/* A row (p numbers, out may be row) as mlsd__kernel_block wants it, from `origin` where the kernel
 * does not mind being moved, and its square length. */
double mlsd__kernel_row(const mlsd__kernel *k, int64_t p, const double *origin, const double *row,
                        double *out);

/* Kernel of m rows a with n rows b (both one after the other, p numbers each) into out, row stride
 * ld. squares: as mlsd__kernel_row gave them. Values are not checked. */
void mlsd__kernel_block(const mlsd__kernel *k, int64_t p, const double *a, const double *a_squares,
                        int64_t m, const double *b, const double *b_squares, int64_t n, double *out,
                        int64_t ld);

/* Of a row with itself. */
double mlsd__kernel_diagonal(const mlsd__kernel *k, double square);

#endif
