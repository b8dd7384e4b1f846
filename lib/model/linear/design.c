/* design.c - rows of a linear fit, kept at hand, and shifted and scaled block by block while they
 * are read: the data itself is never changed. */
#include "model/linear/design.h"

#include <math.h>
#include <string.h>

#include "base/fail.h"

enum {
    SMALL_DOUBLES =
        32 * 1024 * 1024, /* frames up to 256 MB are copied where reading them gathers */
    SAMPLE_ROWS = 4096    /* enough for a shift and a scale that only guide rounding */
};

mlsd_status mlsd__resident_open(mlsd__resident *r, mlsd__scope *scope, const mlsd__frame *frame)
{
    *r = (mlsd__resident){.frame = frame};
    int64_t ld = 0, size = 0;
    if (frame->n_rows == 0 || mlsd__frame_direct(frame, 0, &ld) != NULL) return MLSD_OK;
    MLSD__TRY(mlsd__mul_size(frame->n_rows, frame->n_features, &size));
    if (size > SMALL_DOUBLES && frame->parent == NULL) return MLSD_OK;
    MLSD__TRY(mlsd__frame_materialize(scope, frame, &r->owned));
    r->copy = (mlsd__frame){
        .n_rows = frame->n_rows,
        .n_features = frame->n_features,
        .features = frame->features,
        .n_source = frame->n_features,
        .matrix = {.data = r->owned,
                   .rows = frame->n_rows,
                   .cols = frame->n_features,
                   .row_stride = frame->n_features,
                   .col_stride = 1,
                   .dtype = MLSD_F64},
    };
    r->frame = &r->copy;
    return MLSD_OK;
}

void mlsd__resident_close(mlsd__resident *r, const mlsd__allocator *a)
{
    mlsd__free(a, r->owned);
    r->owned = NULL;
}

/* Add n rows' columns to running means and sums of squares about them (Welford 1962). */
static void add_sample(const double *x, int64_t n, int64_t p, int64_t ld, int64_t *count,
                       double *mean, double *m2)
{
    for (int64_t i = 0; i < n; i++) {
        const double weight = 1.0 / (double)++*count;
        const double *row = x + i * ld;
        for (int64_t j = 0; j < p; j++) {
            const double distance = row[j] - mean[j];
            mean[j] += weight * distance;
            m2[j] += distance * (row[j] - mean[j]);
        }
    }
}

/* Means into shift and sums of squares into inverse, over rows taken from up to 64 blocks. */
static mlsd_status sample_moments(mlsd__design *d, mlsd__scope *scope, int64_t *count)
{
    const int64_t n_blocks = mlsd__n_blocks(d->n_rows);
    const int64_t n_parts = n_blocks < 64 ? n_blocks : 64;
    mlsd__row_reader reader;
    mlsd_status status = mlsd__row_reader_open(&reader, scope->allocator, d->rows.frame);
    for (int64_t k = 0; status == MLSD_OK && k < n_parts; k++) {
        int64_t first = 0, n = 0, ld = 0;
        const double *x = mlsd__row_reader_block(&reader, k * n_blocks / n_parts, &first, &n, &ld);
        const int64_t n_taken = n < SAMPLE_ROWS / n_parts ? n : SAMPLE_ROWS / n_parts;
        add_sample(x, n_taken, d->n_read, ld, count, d->shift, d->inverse);
        status = mlsd__checkpoint(scope);
    }
    mlsd__row_reader_close(&reader);
    return status;
}

static mlsd_status open_with(mlsd__design *d, mlsd__scope *scope, const mlsd__frame *frame,
                             bool has_intercept, double constant)
{
    const mlsd__allocator *a = scope->allocator;
    const int64_t p = frame->n_features, n_features = p + (constant != 0.0 ? 1 : 0);
    *d = (mlsd__design){.n_rows = frame->n_rows,
                        .n_features = n_features,
                        .n_read = p,
                        .constant = constant,
                        .has_intercept = has_intercept,
                        .n_columns = n_features + (has_intercept ? 1 : 0)};
    mlsd_status status = mlsd__resident_open(&d->rows, scope, frame);
    if (status == MLSD_OK) {
        d->shift = mlsd__alloc(a, n_features, sizeof *d->shift);
        d->inverse = mlsd__alloc(a, n_features, sizeof *d->inverse);
        if (d->shift == NULL || d->inverse == NULL) status = MLSD_E_NOMEM;
    }
    int64_t count = 0;
    if (status == MLSD_OK) status = sample_moments(d, scope, &count);
    if (status != MLSD_OK) {
        mlsd__design_close(d, a);
        return status;
    }
    for (int64_t j = 0; j < p; j++) {
        const double mean = d->shift[j];
        const double m2 = d->inverse[j] + (has_intercept ? 0.0 : (double)count * mean * mean);
        const double inverse = 1.0 / sqrt(m2 / (double)count);
        const bool usable = isfinite(mean) && isfinite(inverse) && inverse > 0.0;
        /* A constant column becomes 0: with an intercept it tells nothing. */
        d->shift[j] = has_intercept && isfinite(mean) ? mean : 0.0;
        d->inverse[j] = usable ? inverse : 1.0;
    }
    if (constant != 0.0) d->inverse[p] = 1.0 / fabs(constant);
    return MLSD_OK;
}

mlsd_status mlsd__design_open(mlsd__design *d, mlsd__scope *scope, const mlsd__frame *frame,
                              bool has_intercept)
{
    return open_with(d, scope, frame, has_intercept, 0.0);
}

mlsd_status mlsd__design_open_constant(mlsd__design *d, mlsd__scope *scope,
                                       const mlsd__frame *frame, double constant)
{
    return open_with(d, scope, frame, false, constant);
}

void mlsd__design_close(mlsd__design *d, const mlsd__allocator *a)
{
    mlsd__resident_close(&d->rows, a);
    mlsd__free(a, d->shift);
    mlsd__free(a, d->inverse);
    d->shift = NULL;
    d->inverse = NULL;
}

void mlsd__design_select(const mlsd__design *d, const int64_t *columns, int64_t n, double *room,
                         mlsd__design *out)
{
    *out = *d;
    out->n_features = n;
    out->n_columns = n + (d->has_intercept ? 1 : 0);
    out->columns = columns;
    out->shift = room;
    out->inverse = room + n;
    for (int64_t j = 0; j < n; j++) {
        out->shift[j] = d->shift[columns[j]];
        out->inverse[j] = d->inverse[columns[j]];
    }
}

/* Columns by number: the constant stands behind those that are read. */
static void scale_some(const mlsd__design *d, const double *restrict row, double *restrict out)
{
    for (int64_t j = 0; j < d->n_features; j++) {
        const double value = d->columns[j] < d->n_read ? row[d->columns[j]] : d->constant;
        out[j] = (value - d->shift[j]) * d->inverse[j];
    }
}

void mlsd__design_scale(const mlsd__design *d, const double *restrict x, int64_t n, int64_t ld,
                        double *restrict z)
{
    const int64_t p = d->n_read, q = d->n_columns;
    const double *restrict shift = d->shift, *restrict inverse = d->inverse;
    for (int64_t i = 0; i < n; i++) {
        const double *restrict row = x + i * ld;
        double *restrict out = z + i * q;
        if (d->columns != NULL) {
            scale_some(d, row, out);
        } else {
            for (int64_t j = 0; j < p; j++) out[j] = (row[j] - shift[j]) * inverse[j];
            if (d->constant != 0.0) out[p] = d->constant * inverse[p];
        }
        if (d->has_intercept) out[q - 1] = 1.0;
    }
}

void mlsd__design_to_scaled(const mlsd__design *d, const double *coef, double intercept,
                            double *scaled)
{
    for (int64_t j = 0; j < d->n_features; j++) {
        scaled[j] = coef[j] / d->inverse[j];
        intercept += coef[j] * d->shift[j];
    }
    if (d->has_intercept) scaled[d->n_features] = intercept;
}

void mlsd__design_from_scaled(const mlsd__design *d, const double *scaled, double *coef,
                              double *intercept)
{
    double b = d->has_intercept ? scaled[d->n_features] : 0.0;
    for (int64_t j = 0; j < d->n_features; j++) {
        coef[j] = scaled[j] * d->inverse[j];
        b -= coef[j] * d->shift[j];
    }
    *intercept = d->has_intercept ? b : 0.0;
}
