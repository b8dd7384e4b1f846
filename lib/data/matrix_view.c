/* matrix_view.c - checks of the caller's mlsd_matrix, and reading it as row-major doubles. Which
 * rows and what they are for is frame.c's business. Once a matrix has passed the check, no product
 * of its sizes and strides overflows, so the readers do not look again. */
#include "data/matrix_view.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Rows that are transposed at a time: with 64-byte lines they and the eight columns that share them
 * stay in the first-level cache. */
enum { TILE_ROWS = 128 };

typedef void (*read_fn)(const void *data, int64_t stride, const int64_t *rows, int64_t first,
                        int64_t n, double *out, int64_t out_stride);
typedef void (*read_run_fn)(const void *data, int64_t start, int64_t n, double *out);

/* One element type: strided elements, and a run of neighbours. */
#define DEFINE_READERS(suffix, type)                                                               \
    static void read_##suffix(const void *data, int64_t stride, const int64_t *rows,               \
                              int64_t first, int64_t n, double *out, int64_t out_stride)           \
    {                                                                                              \
        const type *const x = data;                                                                \
        if (rows != NULL) {                                                                        \
            for (int64_t i = 0; i < n; i++)                                                        \
                out[i * out_stride] = (double)x[rows[first + i] * stride];                         \
        } else {                                                                                   \
            for (int64_t i = 0; i < n; i++) out[i * out_stride] = (double)x[(first + i) * stride]; \
        }                                                                                          \
    }                                                                                              \
    static void run_##suffix(const void *data, int64_t start, int64_t n, double *out)              \
    {                                                                                              \
        const type *const x = data;                                                                \
        for (int64_t i = 0; i < n; i++) out[i] = (double)x[start + i];                             \
    }

DEFINE_READERS(f32, float)
DEFINE_READERS(f64, double)
DEFINE_READERS(i32, int32_t)
DEFINE_READERS(i64, int64_t)

static const struct dtype_row {
    size_t size;
    read_fn read;
    read_run_fn run;
} dtypes[] = {
    [MLSD_F32] = {sizeof(float), read_f32, run_f32},
    [MLSD_F64] = {sizeof(double), read_f64, run_f64},
    [MLSD_I32] = {sizeof(int32_t), read_i32, run_i32},
    [MLSD_I64] = {sizeof(int64_t), read_i64, run_i64},
};

static bool dtype_known(mlsd_dtype dtype)
{
    return dtype >= MLSD_F32 && dtype <= MLSD_I64;
}

static int64_t magnitude(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

/* Does the farthest element's distance in bytes, and the count as doubles, fit into int64? */
static bool sizes_fit(const mlsd_matrix *m, int64_t element_size)
{
    int64_t count, bytes, down, across, span;
    if (__builtin_mul_overflow(m->rows, m->cols, &count)) return false;
    if (__builtin_mul_overflow(count, (int64_t)sizeof(double), &bytes)) return false;
    if (count == 0) return true;
    if (m->row_stride == INT64_MIN || m->col_stride == INT64_MIN) return false;
    return !__builtin_mul_overflow(m->rows - 1, magnitude(m->row_stride), &down) &&
           !__builtin_mul_overflow(m->cols - 1, magnitude(m->col_stride), &across) &&
           !__builtin_add_overflow(down, across, &span) &&
           !__builtin_mul_overflow(span, element_size, &bytes);
}

mlsd_status mlsd__matrix_check(const mlsd_matrix *m, const char *name)
{
    MLSD__REQUIRE(m != NULL, "the matrix %s is NULL", name);
    MLSD__REQUIRE(dtype_known(m->dtype),
                  "the matrix %s has the unknown dtype %d; it must be 1 (f32), 2 (f64), 3 (i32) or "
                  "4 (i64)",
                  name, (int)m->dtype);
    MLSD__REQUIRE(m->flags == 0, "the matrix %s has flags %u; they must be 0", name,
                  (unsigned)m->flags);
    if (m->rows < 0 || m->cols < 0)
        return mlsd__fail(MLSD_E_SHAPE, "the matrix %s has the negative size %lld x %lld", name,
                          (long long)m->rows, (long long)m->cols);
    const size_t size = dtypes[m->dtype].size;
    if (!sizes_fit(m, (int64_t)size))
        return mlsd__fail(MLSD_E_SHAPE,
                          "the matrix %s of %lld x %lld with strides %lld and %lld is too large",
                          name, (long long)m->rows, (long long)m->cols, (long long)m->row_stride,
                          (long long)m->col_stride);
    if (m->rows == 0 || m->cols == 0) return MLSD_OK;
    MLSD__REQUIRE(m->data != NULL, "the matrix %s of %lld x %lld has no data", name,
                  (long long)m->rows, (long long)m->cols);
    MLSD__REQUIRE((uintptr_t)m->data % size == 0,
                  "the data of the matrix %s is not aligned to %zu bytes; copy it first", name,
                  size);
    return MLSD_OK;
}

mlsd_status mlsd__matrix_check_vector(const mlsd_matrix *m, const char *name, int64_t n)
{
    MLSD__TRY(mlsd__matrix_check(m, name));
    if (m->cols != 1 || m->rows != n)
        return mlsd__fail(MLSD_E_SHAPE, "%s must be %lld x 1, got %lld x %lld", name, (long long)n,
                          (long long)m->rows, (long long)m->cols);
    return MLSD_OK;
}

void mlsd__strided_read(mlsd_dtype dtype, const void *data, int64_t stride, const int64_t *rows,
                        int64_t first, int64_t n, double *out, int64_t out_stride)
{
    dtypes[dtype].read(data, stride, rows, first, n, out, out_stride);
}

/* Rows whose elements are neighbours: row by row, or all at once where the rows are neighbours too.
 */
static void read_row_major(const mlsd_matrix *m, const int64_t *rows, int64_t first, int64_t n,
                           double *out)
{
    const int64_t p = m->cols;
    const read_run_fn run = dtypes[m->dtype].run;
    if (rows == NULL && m->row_stride == p) {
        run(m->data, first * p, n * p, out);
        return;
    }
    for (int64_t i = 0; i < n; i++) {
        const int64_t row = rows != NULL ? rows[first + i] : first + i;
        run(m->data, row * m->row_stride, p, out + i * p);
    }
}

/* Any other strides: column by column, in tiles of rows. */
static void read_by_columns(const mlsd_matrix *m, const int64_t *rows, int64_t first, int64_t n,
                            double *out)
{
    const int64_t p = m->cols;
    const read_fn read = dtypes[m->dtype].read;
    const ptrdiff_t column_bytes = m->col_stride * (ptrdiff_t)dtypes[m->dtype].size;
    for (int64_t i = 0; i < n; i += TILE_ROWS) {
        const int64_t n_tile = n - i < TILE_ROWS ? n - i : TILE_ROWS;
        for (int64_t j = 0; j < p; j++) {
            const char *const column = (const char *)m->data + j * column_bytes;
            read(column, m->row_stride, rows, first + i, n_tile, out + i * p + j, p);
        }
    }
}

void mlsd__matrix_read(const mlsd_matrix *m, const int64_t *rows, int64_t first, int64_t n,
                       double *out)
{
    if (n == 0 || m->cols == 0) return;
    if (m->cols == 1 && m->row_stride == 1 && rows == NULL)
        dtypes[m->dtype].run(m->data, first, n, out);
    else if (m->col_stride == 1 && m->cols > 1)
        read_row_major(m, rows, first, n, out);
    else
        read_by_columns(m, rows, first, n, out);
}
