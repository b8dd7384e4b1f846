/* matrix_view.h - checks of the caller's mlsd_matrix, and reading it as row-major doubles. */
#ifndef MLSD_DATA_MATRIX_VIEW_H
#define MLSD_DATA_MATRIX_VIEW_H

#include <stdint.h>

#include "mlsd/matrix.h"
#include "base/fail.h"

/* Whole numbers below are told apart as doubles: 2^53. */
#define MLSD__EXACT_I64 9007199254740992.0

/* Is it a matrix that can be read? `name` is what the caller calls it ("X", "y"). Errors:
 * MLSD_E_ARG (NULL, no data, misaligned data, unknown dtype, flags), MLSD_E_SHAPE (negative or
 * overflowing sizes). */
mlsd_status mlsd__matrix_check(const mlsd_matrix *m, const char *name);

/* The same, and it is n x 1: MLSD_E_SHAPE. */
mlsd_status mlsd__matrix_check_vector(const mlsd_matrix *m, const char *name, int64_t n);

/* Read n rows into out (row stride m->cols): rows first .. first + n - 1, or those numbers'
 * entries of `rows`. */
void mlsd__matrix_read(const mlsd_matrix *m, const int64_t *rows, int64_t first, int64_t n,
                       double *out);

/* Read n elements out of an array of that dtype: element r stands at r * stride, r being first + i
 * or rows[first + i], and goes to out[i * out_stride]. */
void mlsd__strided_read(mlsd_dtype dtype, const void *data, int64_t stride, const int64_t *rows,
                        int64_t first, int64_t n, double *out, int64_t out_stride);

#endif
