/* row_triangle.h - the triangle R of all rows of a frame, QR of tall and narrow data (TSQR), and
 * the singular values and vectors that follow from it. Moments square the condition; this does not.
 */
#ifndef MLSD_MODEL_ROW_TRIANGLE_H
#define MLSD_MODEL_ROW_TRIANGLE_H

#include "data/frame.h"

/* What is reduced: n rows of x (row stride ld), of which `first` is the number of the first one,
 * become n rows of `width` numbers one after the other in z. */
typedef void (*mlsd__fill_rows)(const void *arg, const double *x, int64_t first, int64_t n,
                                int64_t ld, double *z);

/* R (width x width, zero below its diagonal), the caller's by mlsd__free. The same bits for any
 * number of threads. Sums of squares that overflow show as numbers that are not finite. */
mlsd_status mlsd__row_triangle(mlsd__scope *scope, const mlsd__frame *x, int64_t width,
                               mlsd__fill_rows fill, const void *arg, double **out);

/* Rows sqrt(w) (x - origin) / divisor. */
typedef struct mlsd__centred_rows {
    const mlsd__frame *x;
    const double *weight;   /* NULL: ones */
    const double *origin;   /* p; with class_of n_classes x p */
    const double *class_of; /* the class number of each row, or NULL */
    const double *divisor;  /* p, or NULL */
} mlsd__centred_rows;
mlsd_status mlsd__centred_triangle(mlsd__scope *scope, const mlsd__centred_rows *rows,
                                   double **out);

/* Singular values of rows, descending, and what their right vectors are made of. With more columns
 * than rows the rows' transpose is reduced. */
typedef struct mlsd__row_svd {
    int64_t n, p; /* singular values: the smaller of rows and columns */
    double *s;
    double *vt;    /* p x p; or NULL, and */
    double *u, *z; /* n x n and n x p: vectors are u'z / s */
} mlsd__row_svd;

/* End it with _free, also after a failure. MLSD_E_NUMERIC where squares overflow. */
mlsd_status mlsd__row_svd_new(mlsd__scope *scope, const mlsd__centred_rows *rows,
                              mlsd__row_svd *out);
/* Of m rows that lie in memory (m x p, spoiled), m >= p. */
mlsd_status mlsd__row_svd_reduce(mlsd__scope *scope, int64_t m, int64_t p, double *rows,
                                 mlsd__row_svd *out);
void mlsd__row_svd_free(mlsd__row_svd *svd, const mlsd__allocator *a);

/* The first k right vectors as rows of out (k x p): orthonormal, and of each the number largest in
 * absolute value (the first of equals) is positive. */
mlsd_status mlsd__row_svd_vectors(mlsd__scope *scope, const mlsd__row_svd *svd, int64_t k,
                                  double *out);
/* The same sign for n rows of p numbers. */
void mlsd__flip_signs(int64_t n, int64_t p, double *rows);

#endif
