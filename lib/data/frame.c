/* frame.c - rows of features, read block by block as row-major doubles from a strided matrix or
 * from table columns, through a chain of fitted transforms. Nothing here owns memory except what
 * mlsd__frame_materialize hands out. A row's numbers never depend on which block it is read in. */
#include "data/frame.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "data/matrix_view.h"

/* Rows of table columns that are read at a time, see matrix_view.c. */
enum { TILE_ROWS = 128 };

/* Doubles that a worker's buffers should stay below where rows are wide: half of a usual
 * second-level cache. */
enum { CHUNK_DOUBLES = 1 << 16 };

static bool is_chained(const mlsd__frame *f)
{
    return f->parent != NULL;
}

int64_t mlsd__frame_scratch(const mlsd__frame *f, int64_t n)
{
    return is_chained(f) ? n * (2 * f->max_width + f->extra_width) : 0;
}

/* Category codes: missing is NaN, others go through the recoding where there is one. */
static void read_codes(const mlsd__frame_column *c, const int64_t *rows, int64_t first, int64_t n,
                       double *out, int64_t out_stride)
{
    const int32_t *const codes = c->column->values;
    for (int64_t i = 0; i < n; i++) {
        const int32_t code = codes[rows != NULL ? rows[first + i] : first + i];
        double value = NAN;
        if (code >= 0) value = c->recode != NULL ? c->recode[code] : (double)code;
        out[i * out_stride] = value;
    }
}

static void read_numbers(const mlsd__frame_column *c, const int64_t *rows, int64_t first, int64_t n,
                         double *out, int64_t out_stride)
{
    const mlsd_dtype dtype = c->column->type == MLSD_COLUMN_F64 ? MLSD_F64 : MLSD_I64;
    mlsd__strided_read(dtype, c->column->values, 1, rows, first, n, out, out_stride);
}

/* By mlsd_column_type. */
static void (*const column_readers[])(const mlsd__frame_column *c, const int64_t *rows,
                                      int64_t first, int64_t n, double *out, int64_t out_stride) = {
    [MLSD_COLUMN_F64] = read_numbers,
    [MLSD_COLUMN_I64] = read_numbers,
    [MLSD_COLUMN_CATEGORY] = read_codes,
};

static void read_columns(const mlsd__frame *f, int64_t width, int64_t first, int64_t n, double *out)
{
    for (int64_t i = 0; i < n; i += TILE_ROWS) {
        const int64_t n_tile = n - i < TILE_ROWS ? n - i : TILE_ROWS;
        for (int64_t j = 0; j < width; j++) {
            const mlsd__frame_column *const c = &f->columns[j];
            column_readers[c->column->type](c, f->rows, first + i, n_tile, out + i * width + j,
                                            width);
        }
    }
}

/* Rows of the source, before any transform. */
static void read_source(const mlsd__frame *f, int64_t width, int64_t first, int64_t n, double *out)
{
    if (f->columns != NULL)
        read_columns(f, width, first, n, out);
    else
        mlsd__matrix_read(&f->matrix, f->rows, first, n, out);
}

/* Where the source's rows already lie as doubles, one after the other. */
static const double *source_direct(const mlsd__frame *f, int64_t first, int64_t *ld)
{
    const mlsd_matrix *const m = &f->matrix;
    if (f->columns != NULL || f->rows != NULL || m->dtype != MLSD_F64 || m->data == NULL)
        return NULL;
    if (m->cols > 1 && m->col_stride != 1) return NULL;
    if (m->rows > 1 && m->row_stride < m->cols) return NULL;
    *ld = m->rows > 1 ? m->row_stride : m->cols;
    return (const double *)m->data + first * m->row_stride;
}

/* Where a chain takes its rows from: those of a frame, or some that were given. */
typedef struct chain_rows {
    const mlsd__frame *frame;
    const double *given; /* packed; NULL: read */
    const int64_t *rows; /* their numbers in the source; NULL: as they are */
    int64_t first, n;
} chain_rows;

/* What `stage` makes of the rows. `here` and `there` are scratch, and `extra` is for a stage's own
 * work; `out` may be none of them. */
static void read_stage(const chain_rows *r, const mlsd__frame *stage, double *out, double *here,
                       double *there, double *extra)
{
    if (!is_chained(stage)) {
        read_source(r->frame, stage->n_features, r->first, r->n, out);
        return;
    }
    const mlsd__frame *const before = stage->parent;
    int64_t ld = before->n_features;
    const double *in = NULL;
    if (!is_chained(before))
        in = r->given != NULL ? r->given : source_direct(r->frame, r->first, &ld);
    if (in == NULL || ld != before->n_features) {
        read_stage(r, before, here, there, here, extra);
        in = here;
    }
    if (stage->rows_fn != NULL)
        stage->rows_fn(stage->block_state, r->rows, r->first, in, r->n, out, extra);
    else
        stage->block(stage->block_state, in, r->n, out);
}

static void read_chain(const chain_rows *r, double *out, double *scratch)
{
    const mlsd__frame *const f = r->frame;
    double *const there = scratch + r->n * f->max_width;
    read_stage(r, f, out, scratch, there, there + r->n * f->max_width);
}

void mlsd__frame_read(const mlsd__frame *f, int64_t first, int64_t n, double *out, double *scratch)
{
    if (n <= 0) return;
    if (!is_chained(f)) {
        read_source(f, f->n_features, first, n, out);
        return;
    }
    const chain_rows r = {.frame = f, .rows = f->rows, .first = first, .n = n};
    read_chain(&r, out, scratch);
}

void mlsd__frame_push(const mlsd__frame *f, const int64_t *rows, const double *in, int64_t n,
                      double *out, double *scratch)
{
    if (n <= 0) return;
    if (!is_chained(f)) {
        memcpy(out, in, (size_t)(n * f->n_features) * sizeof *out);
        return;
    }
    const chain_rows r = {.frame = f, .given = in, .rows = rows, .n = n};
    read_chain(&r, out, scratch);
}

const double *mlsd__frame_direct(const mlsd__frame *f, int64_t first, int64_t *ld)
{
    return is_chained(f) ? NULL : source_direct(f, first, ld);
}

void mlsd__frame_select(const mlsd__frame *f, const int64_t *rows, int64_t n, int64_t *storage,
                        mlsd__frame *out)
{
    for (int64_t i = 0; i < n; i++) storage[i] = f->rows != NULL ? f->rows[rows[i]] : rows[i];
    *out = *f;
    out->n_rows = n;
    out->rows = storage;
}

void mlsd__frame_straighten(mlsd__frame *f)
{
    int64_t ld;
    mlsd__frame piece = *f;
    piece.rows = NULL;
    if (f->rows == NULL || f->n_rows == 0) return;
    const double *const from = mlsd__frame_direct(&piece, f->rows[0], &ld);
    for (int64_t i = 1; i < f->n_rows; i++)
        if (f->rows[i] != f->rows[0] + i) return;
    if (from == NULL) return;
    piece.matrix.data = from;
    piece.matrix.rows = f->n_rows;
    *f = piece;
}

/* A frame of f's rows with another stage, whose function is still to be set. */
static mlsd__frame chained(const mlsd__frame *f, const void *state, const mlsd__feature *features,
                           int64_t n_features)
{
    const int64_t width_below = is_chained(f) ? f->max_width : f->n_features;
    mlsd__frame out = *f;
    if (!is_chained(f)) {
        out.n_source = f->n_features;
        out.extra_width = 0;
    }
    out.n_features = n_features;
    out.features = features;
    out.parent = f;
    out.block = NULL;
    out.rows_fn = NULL;
    out.block_state = state;
    out.max_width = width_below > n_features ? width_below : n_features;
    return out;
}

void mlsd__frame_chain(const mlsd__frame *f, mlsd__block_fn block, const void *state,
                       const mlsd__feature *features, int64_t n_features, mlsd__frame *out)
{
    mlsd__frame next = chained(f, state, features, n_features);
    next.block = block;
    *out = next;
}

void mlsd__frame_chain_rows(const mlsd__frame *f, mlsd__rows_fn rows_fn, const void *state,
                            int64_t scratch_width, const mlsd__feature *features,
                            int64_t n_features, mlsd__frame *out)
{
    mlsd__frame next = chained(f, state, features, n_features);
    next.rows_fn = rows_fn;
    if (scratch_width > next.extra_width) next.extra_width = scratch_width;
    *out = next;
}

/* Rows that a worker reads at a time: a block, or less of it where rows are wide. */
static int64_t chunk_rows(const mlsd__frame *f)
{
    const int64_t width = is_chained(f) ? f->max_width : f->n_features;
    const int64_t n = width > 0 ? CHUNK_DOUBLES / width : MLSD__BLOCK_ROWS;
    return n < 1 ? 1 : n > MLSD__BLOCK_ROWS ? MLSD__BLOCK_ROWS : n;
}

typedef struct read_job {
    const mlsd__frame *frame;
    int64_t n_chunk; /* rows read at a time */
    double *buffers; /* n_buffer doubles for each worker */
    int64_t n_buffer;
    double *out;        /* materialize */
    bool nan_ok;        /* find_bad */
    atomic_llong found; /* find_bad: the first bad row so far, LLONG_MAX for none */
} read_job;

static mlsd_status materialize_block(void *arg, int64_t block, mlsd__scope *scope)
{
    const read_job *const job = arg;
    const mlsd__frame *const f = job->frame;
    double *const scratch = job->buffers + scope->worker * job->n_buffer;
    int64_t first, n;
    mlsd__block_range(f->n_rows, block, &first, &n);
    for (int64_t i = 0; i < n; i += job->n_chunk) {
        MLSD__TRY(mlsd__checkpoint(scope));
        const int64_t n_here = n - i < job->n_chunk ? n - i : job->n_chunk;
        mlsd__frame_read(f, first + i, n_here, job->out + (first + i) * f->n_features, scratch);
    }
    return MLSD_OK;
}

mlsd_status mlsd__frame_materialize(mlsd__scope *scope, const mlsd__frame *f, double **out)
{
    *out = NULL;
    const mlsd__allocator *const a = scope->allocator;
    int64_t size;
    MLSD__TRY(mlsd__mul_size(f->n_rows, f->n_features, &size));
    read_job job = {.frame = f, .n_chunk = chunk_rows(f)};
    job.n_buffer = mlsd__frame_scratch(f, job.n_chunk);
    job.buffers = mlsd__alloc_raw(a, scope->n_threads * job.n_buffer, sizeof *job.buffers);
    job.out = mlsd__alloc_raw(a, size, sizeof *job.out);
    mlsd_status status = MLSD_E_NOMEM;
    if (job.buffers != NULL && job.out != NULL)
        status = mlsd__parallel_for(scope, mlsd__n_blocks(f->n_rows), materialize_block, &job);
    mlsd__free(a, job.buffers);
    if (status != MLSD_OK) {
        mlsd__free(a, job.out);
        return status;
    }
    *out = job.out;
    return MLSD_OK;
}

static bool is_bad(double x, bool nan_ok)
{
    return nan_ok ? fabs(x) > DBL_MAX : !(fabs(x) <= DBL_MAX);
}

/* Without branches, so that it is done several numbers at a time. */
static int64_t count_bad(const double *x, int64_t n, bool nan_ok)
{
    int64_t count = 0;
    if (nan_ok) {
        for (int64_t i = 0; i < n; i++) count += fabs(x[i]) > DBL_MAX;
    } else {
        for (int64_t i = 0; i < n; i++) count += !(fabs(x[i]) <= DBL_MAX);
    }
    return count;
}

/* The first row with a bad number among n rows of p, -1 without. */
static int64_t first_bad_row(const double *x, int64_t n, int64_t p, int64_t ld, bool nan_ok)
{
    if (ld == p && count_bad(x, n * p, nan_ok) == 0) return -1;
    for (int64_t i = 0; i < n; i++) {
        if (count_bad(x + i * ld, p, nan_ok) > 0) return i;
    }
    return -1;
}

static void lower_to(atomic_llong *found, long long row)
{
    long long seen = atomic_load(found);
    while (row < seen && !atomic_compare_exchange_weak(found, &seen, row)) {
    }
}

static mlsd_status find_bad_block(void *arg, int64_t block, mlsd__scope *scope)
{
    read_job *const job = arg;
    const mlsd__frame *const f = job->frame;
    const int64_t p = f->n_features;
    double *const buffer = job->buffers + scope->worker * job->n_buffer;
    int64_t first, n;
    mlsd__block_range(f->n_rows, block, &first, &n);
    for (int64_t i = 0; i < n; i += job->n_chunk) {
        MLSD__TRY(mlsd__checkpoint(scope));
        if (first + i >= atomic_load(&job->found)) return MLSD_OK;
        const int64_t n_here = n - i < job->n_chunk ? n - i : job->n_chunk;
        int64_t ld = p;
        const double *x = mlsd__frame_direct(f, first + i, &ld);
        if (x == NULL) {
            mlsd__frame_read(f, first + i, n_here, buffer, buffer + job->n_chunk * p);
            x = buffer;
            ld = p;
        }
        const int64_t bad = first_bad_row(x, n_here, p, ld, job->nan_ok);
        if (bad >= 0) {
            lower_to(&job->found, first + i + bad);
            return MLSD_OK;
        }
    }
    return MLSD_OK;
}

mlsd_status mlsd__frame_find_bad(mlsd__scope *scope, const mlsd__frame *f, bool nan_ok,
                                 int64_t *out_row, int64_t *out_feature)
{
    *out_row = -1;
    *out_feature = -1;
    const mlsd_dtype dtype = f->matrix.dtype;
    if (!is_chained(f) && f->columns == NULL && (dtype == MLSD_I32 || dtype == MLSD_I64))
        return MLSD_OK;

    const mlsd__allocator *const a = scope->allocator;
    const int64_t p = f->n_features;
    read_job job = {.frame = f, .n_chunk = chunk_rows(f), .nan_ok = nan_ok};
    atomic_init(&job.found, INT64_MAX);
    job.n_buffer = job.n_chunk * p + mlsd__frame_scratch(f, job.n_chunk);
    job.buffers = mlsd__alloc_raw(a, scope->n_threads * job.n_buffer, sizeof *job.buffers);
    if (job.buffers == NULL) return MLSD_E_NOMEM;
    mlsd_status status = mlsd__parallel_for(scope, mlsd__n_blocks(f->n_rows), find_bad_block, &job);
    const int64_t row = atomic_load(&job.found);
    if (status == MLSD_OK && row != INT64_MAX) {
        mlsd__frame_read(f, row, 1, job.buffers, job.buffers + p);
        int64_t j = 0;
        while (j < p - 1 && !is_bad(job.buffers[j], nan_ok)) j++;
        *out_row = row;
        *out_feature = j;
    }
    mlsd__free(a, job.buffers);
    return status;
}
