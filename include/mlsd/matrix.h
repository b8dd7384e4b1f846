/* SPDX-License-Identifier: Apache-2.0
 *
 * mlsd/matrix.h - a borrowed, strided view of numbers, the one transparent struct of mlsd.
 *
 * Row-major, column-major, slices and reversed views all work without a copy. A vector is a matrix
 * with cols == 1. Zero rows is legal, and data may then be NULL. Missing is NaN. Numbers are
 * computed with in double; float, int32_t and int64_t are converted block by block.
 */
#ifndef MLSD_MATRIX_H
#define MLSD_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t mlsd_dtype;
enum { MLSD_F32 = 1, MLSD_F64 = 2, MLSD_I32 = 3, MLSD_I64 = 4 };

/* This layout is frozen: it will never gain a field. Element (i, j) stands at
 * data[i * row_stride + j * col_stride]; strides count elements and may be negative or 0. */
typedef struct mlsd_matrix {
    const void *data;
    int64_t rows, cols;
    int64_t row_stride, col_stride;
    mlsd_dtype dtype;
    uint32_t flags; /* must be 0 */
} mlsd_matrix;

/* Called exactly once when mlsd lets go of memory that it adopted. */
typedef void (*mlsd_release_fn)(void *user);

#ifdef __cplusplus
}
#endif
#endif /* MLSD_MATRIX_H */
